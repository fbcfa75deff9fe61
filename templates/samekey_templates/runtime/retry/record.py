"""What is kept of a call: who it was, every attempt, and what is certain in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from ..declare import public
from .rules import Certainty

if TYPE_CHECKING:
    from ..safety import Safety
    from .rules import Attempt


@public
class CallInfo(Struct, frozen=True):
    """Which call this is; given to hooks and kept in every error and response.

    Args:
        operation: the Python path of the method, such as `charges.create`.
        method: the HTTP method.
        path: the path template of the document.
        safety: what sending it twice may do.
        idempotency_key: the key that all attempts carry; None where calls of this kind carry none.
    """

    operation: str
    method: str
    path: str
    safety: Safety
    idempotency_key: str | None = None


@public
class CallRecord(Struct, frozen=True):
    """A call with its attempts.

    Args:
        call: which call it is.
        attempts: every attempt, in order.
        certainty: what is known of the effect of the call.
        elapsed: seconds from the call's start to its end.
        stopped: why no further attempt was made; empty after a success.
    """

    call: CallInfo
    attempts: tuple[Attempt, ...] = ()
    certainty: Certainty = Certainty.NOT_SENT
    elapsed: float = 0.0
    stopped: str = ""


@public
class AttemptEvent(Struct, frozen=True):
    """Given to `on_attempt` when an attempt has ended."""

    call: CallInfo
    attempt: Attempt


@public
class RetryEvent(Struct, frozen=True):
    """Given to `on_retry` before the wait for the next attempt.

    Args:
        call: which call it is.
        attempt: the attempt that failed.
        delay: seconds until the next one starts.
        reason: why it is sent again.
    """

    call: CallInfo
    attempt: Attempt
    delay: float
    reason: str
