"""What a proof holds servers and clients to, and what is wrong where a promise is broken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Promise(IntEnum):
    """A promise, the gravest first."""

    ONCE = 1
    """At most one effect per key and per call."""
    CERTAINTY = 2
    """What a caller is told is so, and is all that can be known."""
    ANSWERS = 3
    """An answer is the answer to its own request, and what was answered is there."""
    SAMENESS = 4
    """Attempts of a call share key and bytes, calls share no key, and reads carry none."""
    LIMITS = 5
    """No more attempts than allowed, none past the deadline, none sooner than asked, none after the last word."""
    LIVENESS = 6
    """What may be sent again is sent again, as far as the limits allow."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise.

    Args:
        promise: which one.
        call: the call that shows it; None where no call is to blame.
        text: what is wrong, in words.
    """

    promise: Promise
    call: int | None
    text: str
