"""A good history in small, to be spoiled by one lie at a time."""

from __future__ import annotations

from dataclasses import replace

from samekey.prove.history import Attempt, CallReport, Certainty, History, Limits, Request, Settled
from samekey.sandbox.server.ledger import Event, Kind

KEY = "k1"
LIMITS = Limits(retries=4, deadline=5.0, window=3600.0)
FIRST = Attempt(100.0, 0.1, "the connection was cut", Certainty.UNKNOWN)
LAST = Attempt(100.2, 0.1, "status 201", Certainty.APPLIED)
GOOD = CallReport(
    call=1,
    operation="createCharge",
    keyed=True,
    key=KEY,
    certainty=Certainty.APPLIED,
    attempts=(FIRST, LAST),
    requests=(Request(100.0, KEY, "aa"), Request(100.2, KEY, "aa")),
    elapsed=0.3,
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
)


def event(kind: Kind, attempt: str, at: float, **more: object) -> Event:
    """Something that a server wrote down of the key."""
    plain = Event(kind, attempt, "createCharge", "me", KEY, at=at, process="here/1")
    return replace(plain, **more)  # type: ignore[arg-type]  # fields by name


EFFECT = event(Kind.EFFECT, "a", 100.05)
EVENTS = (
    event(Kind.ARRIVED, "a", 100.01),
    EFFECT,
    event(Kind.LOST, "a", 100.06),
    event(Kind.ARRIVED, "b", 100.21),
    event(Kind.ANSWERED, "b", 100.22, status=201, detail="replayed"),
)


def history(*calls: CallReport, events: tuple[Event, ...] = EVENTS, limits: Limits = LIMITS) -> History:
    """A history of some calls."""
    return History(calls, events, limits)


def unknown(settled: Settled | None) -> CallReport:
    """The good call, told as unknown, and what settling it said."""
    return replace(GOOD, certainty=Certainty.UNKNOWN, settled=settled)
