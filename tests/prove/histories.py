"""A good history in small, to be spoiled by one lie at a time."""

from __future__ import annotations

from dataclasses import replace

from samekey.prove.history import (
    Attempt,
    CallReport,
    Certainty,
    History,
    Limits,
    Request,
    Settled,
    StoredThings,
    Trial,
)
from samekey.sandbox.server.ledger import Event, Kind

KEY = "k1"
LIMITS = Limits(retries=4, deadline=5.0, initial_delay=0.5)
OWN = "its own answer"
FIRST = Attempt(100.0, 0.1, "the connection was cut", Certainty.UNKNOWN, failure="answer lost", wait=0.1)
LAST = Attempt(100.2, 0.1, "status 201", Certainty.APPLIED, status=201)
GOOD = CallReport(
    call=1,
    operation="createCharge",
    keyed=True,
    key=KEY,
    certainty=Certainty.APPLIED,
    attempts=(FIRST, LAST),
    requests=(Request(100.0, KEY, "aa", 0.0), Request(100.2, KEY, "aa", 0.2)),
    elapsed=0.3,
    limits=LIMITS,
    given=OWN,
)
READ = replace(
    GOOD,
    call=2,
    operation="getCharge",
    keyed=False,
    key=None,
    attempts=(LAST,),
    requests=(Request(100.2, None, "bb"),),
    elapsed=0.1,
    given="what was read",
)


def event(kind: Kind, attempt: str, at: float, **more: object) -> Event:
    """Something that a server wrote down of the key."""
    plain = Event(kind, attempt, "createCharge", "me", KEY, at=at, process="here/1")
    return replace(plain, **more)  # type: ignore[arg-type]  # fields by name


EFFECT = event(Kind.EFFECT, "a", 100.05, answer=OWN)
EVENTS = (
    event(Kind.ARRIVED, "a", 100.01),
    EFFECT,
    event(Kind.LOST, "a", 100.06),
    event(Kind.ARRIVED, "b", 100.21),
    event(Kind.ANSWERED, "b", 100.22, status=201, detail="replayed"),
)


def history(
    *calls: CallReport,
    events: tuple[Event, ...] = EVENTS,
    window: float = 3600.0,
    trials: tuple[Trial, ...] = (),
    things: StoredThings = StoredThings(),  # noqa: B008  # it is frozen
) -> History:
    """A history of some calls."""
    return History(calls, events, window, trials, things)


def unknown(settled: Settled | None) -> CallReport:
    """A call whose answers were lost, told as unknown, and what settling it said."""
    once = replace(LIMITS, retries=0)
    return replace(
        GOOD, certainty=Certainty.UNKNOWN, attempts=(replace(FIRST, wait=None),), requests=GOOD.requests[:1],
        settled=settled, given="", limits=once,
    )  # fmt: skip
