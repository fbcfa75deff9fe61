"""What a client did and was told, and what the servers wrote down: all that the checker looks at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samekey.sandbox.server.ledger import Event


class Certainty(StrEnum):
    """What a client was told of the effect of a call (docs/retry-rules.md, section 1)."""

    NOT_SENT = "not sent"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    APPLIED = "applied"


class Settled(StrEnum):
    """What came out when an unknown call was made again with its key, and nothing went wrong any more."""

    APPLIED = "applied"
    REJECTED = "rejected"
    FAILURE_KEPT = "the stored failure"
    """The server has kept a failure as its answer: what it did is done, and it will say no more than that."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that left the client.

    Args:
        at: Unix time in seconds.
        key: the key that it bore.
        digest: of method, target and body.
    """

    at: float
    key: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt as the client tells it.

    Args:
        sent_at: Unix time in seconds.
        took: seconds until something became of it.
        outcome: what became of it, in words.
        certainty: what it made certain, taken alone.
        asked: seconds that the server asked to wait.
        polling: whether it was told that the first request still runs.
    """

    sent_at: float
    took: float
    outcome: str
    certainty: Certainty
    asked: float = 0.0
    polling: bool = False


@dataclass(frozen=True, slots=True)
class CallReport:
    """A call: what it sent, and what its caller was told.

    Args:
        call: its number.
        operation: what it calls.
        keyed: whether its operation carries keys.
        key: the key that its caller was told.
        certainty: what its caller was told.
        attempts: its attempts, in order.
        requests: what left the client.
        elapsed: seconds from first to last.
        settled: what calling again said; None where it was certain at once, or has no key to settle it with.
        settling: what left the client when it was called again.
    """

    call: int
    operation: str
    keyed: bool
    key: str | None
    certainty: Certainty
    attempts: tuple[Attempt, ...]
    requests: tuple[Request, ...]
    elapsed: float
    settled: Settled | None = None
    settling: tuple[Request, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What the policy allows a call.

    Args:
        retries: after the first attempt, those that only ask whether the first still runs not counted.
        deadline: seconds for the whole call.
        window: seconds in which a key must be remembered.
    """

    retries: int
    deadline: float
    window: float


@dataclass(frozen=True, slots=True)
class History:
    """A whole run, after late arrivals have drained.

    Args:
        calls: every call.
        events: everything that the servers wrote down.
        limits: what the policy allowed.
    """

    calls: tuple[CallReport, ...]
    events: tuple[Event, ...]
    limits: Limits

    def owners(self) -> dict[str, int]:
        """Return the call that each key belongs to: the first that sent it."""
        return {
            request.key: report.call
            for report in reversed(self.calls)
            for request in (*report.requests, *report.settling)
            if request.key is not None
        }
