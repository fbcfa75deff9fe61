"""How a call is made: as often as it takes, once, in a hurry, under a key that is nearly another's, or given up."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from samekey.config.dialect import KeyKind
from samekey.prove.history import Limits

if TYPE_CHECKING:
    from samekey.prove.calls import PlannedCall

PATIENT: Final = Limits(retries=6, deadline=8.0)
ONCE: Final = Limits(retries=0, deadline=8.0)
HURRIED: Final = Limits(retries=6, deadline=2.0)
BRIEF: Final = Limits(retries=6, deadline=0.25)
"""Shorter than any timeout, so that the deadline passes while a request is on its way."""
KINDS: Final = (PATIENT, ONCE, HURRIED, BRIEF)
_ONCE_SHARE: Final = 1 / 3
"""What a single attempt is told of shows each rule of certainty bare; retries would settle nearly all of it."""
_HURRIED_SHARE: Final = 0.1
_BRIEF_SHARE: Final = 0.1
_CANCELLED_SHARE: Final = 0.05
_TWIN_SHARE: Final = 0.1
_LONGEST_LIFE: Final = 0.5
"""Seconds after which a call that is given up is given up at the latest."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A call of a run, and how it is made.

    Args:
        number: its number.
        call: the call.
        limits: what its policy allows.
        key: the key that its caller brings; None where the client mints it.
        cancelled_after: seconds after which its caller gives up; None where nobody does.
    """

    number: int
    call: PlannedCall
    limits: Limits
    key: str | None = None
    cancelled_after: float | None = None


def planned(number: int, call: PlannedCall, seed: int) -> Planned:
    """Plan how a call is made; it is made the same way whenever seed and number are the same.

    Args:
        number: its number.
        call: the call.
        seed: of the run.
    """
    random = Random(f"{seed}/{number}/manner")  # noqa: S311  # chance that can be repeated
    others = (_ONCE_SHARE, _HURRIED_SHARE, _BRIEF_SHARE)
    (limits,) = random.choices((ONCE, HURRIED, BRIEF, PATIENT), weights=(*others, 1 - sum(others)))
    is_twin = call.keyed and random.random() < _TWIN_SHARE and call.profile.format.kind is not KeyKind.ALPHABET
    gives_up = random.random() < _CANCELLED_SHARE
    after = random.random() * _LONGEST_LIFE if gives_up and limits is not ONCE else None
    return Planned(number, call, limits, _twin_key(number, seed) if is_twin else None, after)


def _twin_key(number: int, seed: int) -> str:
    """Return a key that differs from those of its neighbours in its last letters only."""
    shared = uuid.UUID(int=Random(f"{seed}/twins").getrandbits(128), version=4)  # noqa: S311
    return f"{str(shared)[:-5]}{number % 0x100000:05x}"
