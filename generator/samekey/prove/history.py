"""What a client did and was told, and what the servers wrote down: all that the checker looks at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf
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
    STUCK = "still in use"
    """Its key is said to be in use, and no request with it is under way."""
    TOO_OLD = "its key was too old to ask"
    """The servers have forgotten it, so the client does not send it again: nobody is told any more."""
    UNANSWERED = "not answered in time"
    """The server was slow: no verdict."""


class TrialKind(StrEnum):
    """What was tried with a key that had done something."""

    OTHER_PAYLOAD = "its key with another payload"
    OTHER_ACCOUNT = "its key under another account"


@dataclass(frozen=True, slots=True)
class Trial:
    """A key that had done something, used once more while nothing went wrong.

    Args:
        kind: what was tried.
        call: the call whose key it is.
        told: what was told of it; None where no answer came, so that it shows nothing.
        polling: whether it was told that the first request with the key still runs.
        given: a digest of the answer that it was given; empty for none.
    """

    kind: TrialKind
    call: int
    told: Certainty | None
    polling: bool = False
    given: str = ""


@dataclass(frozen=True, slots=True)
class StoredThings:
    """What the servers' store held when all was over, but not when the run began.

    Args:
        places: paths of resources.
        collections: paths of the collections in which only effects of this run could have made some.
    """

    places: frozenset[str] = frozenset()
    collections: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Request:
    """A request that left the client.

    Args:
        at: Unix time in seconds.
        key: the key that it bore.
        digest: of method, target and body.
        clock: seconds on a clock that nobody sets.
    """

    at: float
    key: str | None
    digest: str
    clock: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What the policy allows a call.

    Args:
        retries: after the first attempt, those that only ask whether the first still runs not counted.
        deadline: seconds for the whole call.
        initial_delay: seconds; the widest range from which the wait before the first retry is drawn.
        max_delay: seconds; the widest range from which any wait is drawn.
        key_life: seconds after which the servers forget its key; endless where that is long after the run.
    """

    retries: int
    deadline: float
    initial_delay: float = 0.02
    max_delay: float = 0.4
    key_life: float = inf

    def backoff(self, attempts: int) -> float:
        """Return the range from which the wait after some attempts is drawn (docs/retry-rules.md, section 4)."""
        return min(self.max_delay, self.initial_delay * 2.0 ** min(attempts - 1, 60))


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
        free: whether it was told so in the API's own words, so that asking again is no retry.
        status: what was answered; None where no whole answer came.
        failure: why no whole answer came; empty where one did.
        wait: seconds that were to be waited before the next one; None after the last.
        replayed: whether the answer said of itself that it is a stored one.
        mismatch: whether it was told that the key has been used for another payload.
    """

    sent_at: float
    took: float
    outcome: str
    certainty: Certainty
    asked: float = 0.0
    polling: bool = False
    free: bool = False
    status: int | None = None
    failure: str = ""
    wait: float | None = None
    replayed: bool = False
    mismatch: bool = False


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
        limits: what its policy allowed.
        given: a digest of the answer that its caller was given; empty where it was given none.
        cancelled: whether its caller gave up.
        assumed: whether the document does not say that its key is honoured.
        settled: what calling again said; None where it was certain at once, or has no key to settle it with.
        settling: what left the client when it was called again.
        settled_given: a digest of the answer that calling again gave; empty where it gave none.
    """

    call: int
    operation: str
    keyed: bool
    key: str | None
    certainty: Certainty
    attempts: tuple[Attempt, ...]
    requests: tuple[Request, ...]
    elapsed: float
    limits: Limits
    given: str = ""
    cancelled: bool = False
    assumed: bool = False
    settled: Settled | None = None
    settling: tuple[Request, ...] = ()
    settled_given: str = ""

    @property
    def is_short_lived(self) -> bool:
        """Whether the life of its key ends within the run."""
        return self.limits.key_life < inf


@dataclass(frozen=True, slots=True)
class History:
    """A whole run, after late arrivals have drained.

    Args:
        calls: every call.
        events: everything that the servers wrote down.
        window: seconds in which a key must be remembered.
        trials: what was tried with keys that had done something.
        things: what the store holds.
    """

    calls: tuple[CallReport, ...]
    events: tuple[Event, ...]
    window: float
    trials: tuple[Trial, ...] = ()
    things: StoredThings = StoredThings()

    def owners(self) -> dict[str, int]:
        """Return the call that each key belongs to: the first that sent it."""
        return {
            request.key: report.call
            for report in reversed(self.calls)
            for request in (*report.requests, *report.settling)
            if request.key is not None
        }
