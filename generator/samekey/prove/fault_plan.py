"""The weather of a proof: every fault there is, short enough for many calls to pass through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from samekey.sandbox.server.faults import Fault, Plan, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

PROBABILITY: Final = 0.4
"""How likely it is for a request that something goes wrong."""
_WEIGHTS: Final = {Fault.SLOW: 0.5, Fault.REFUSE: 0.5}
_SECONDS: Final = {Fault.STALL: 0.5, Fault.STALL_AFTER: 2.0, Fault.SLOW_BYTES: 0.2}
_BRIEFLY: Final = 0.05


def fault_plan(seed: int, *, one_writer: bool) -> Plan:
    """Return a plan of every fault, most of them equally likely.

    Args:
        seed: seeds their chance.
        one_writer: whether a slow effect holds up all others, as in SQLite.
    """
    seconds = {**_SECONDS, Fault.SLOW: 0.1 if one_writer else 0.4}
    return Plan(tuple(_rules(seconds)), seed)


def _rules(seconds: dict[Fault, float]) -> Iterator[Rule]:
    whole = sum(_WEIGHTS.get(fault, 1.0) for fault in Fault)
    left = 1.0
    for fault in Fault:
        share = PROBABILITY * _WEIGHTS.get(fault, 1.0) / whole
        # Rules are drawn one after the other, each where none before it has struck.
        yield Rule(fault, probability=share / left, seconds=seconds.get(fault, _BRIEFLY))
        left -= share
