"""The weather of a proof: every fault there is, short enough for many calls to pass through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from samekey.sandbox.server.faults import Fault, Plan, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

PROBABILITY: Final = 0.4
"""How likely it is for a request that something goes wrong."""
HELD: Final = 0.06
"""How likely it is for a key that the same thing goes wrong whenever it comes."""
_WEIGHTS: Final = {Fault.SLOW: 0.5, Fault.REFUSE: 0.5, Fault.FORBIDDEN: 3.0, Fault.CONFLICT: 3.0}
"""A refusal after a lost answer, or of a key in use, is where clients are tempted to say that nothing was done."""
_SECONDS: Final = {Fault.STALL: 0.5, Fault.STALL_AFTER: 2.0, Fault.SLOW_BYTES: 0.2, Fault.SLOW: 0.4}
_BRIEFLY: Final = 0.05


def fault_plan(seed: int) -> Plan:
    """Return a plan of every fault, most of them equally likely; for some keys one is held to its end.

    Args:
        seed: seeds their chance.
    """
    return Plan((*_rules(HELD, held=True), *_rules(PROBABILITY, held=False)), seed)


def _rules(probability: float, *, held: bool) -> Iterator[Rule]:
    # A door that is shut whenever one key comes is shut for all others as well.
    faults = [fault for fault in Fault if not (held and fault is Fault.REFUSE)]
    whole = sum(_WEIGHTS.get(fault, 1.0) for fault in faults)
    left = 1.0
    for fault in faults:
        share = probability * _WEIGHTS.get(fault, 1.0) / whole
        # Rules are drawn one after the other, each where none before it has struck.
        yield Rule(fault, probability=share / left, seconds=_SECONDS.get(fault, _BRIEFLY), held=held)
        left -= share
