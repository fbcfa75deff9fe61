"""The checker: a good history breaks no promise, and each lie is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from samekey.prove.check import violations
from samekey.prove.history import (
    Attempt,
    CallReport,
    Certainty,
    History,
    Request,
    Settled,
    StoredThings,
    Trial,
    TrialKind,
)
from samekey.prove.promises import Promise
from samekey.sandbox.server.ledger import Kind

from tests.prove.histories import EFFECT, EVENTS, FIRST, GOOD, KEY, LAST, LIMITS, OWN, READ, event, history, unknown

ONCE = replace(LIMITS, retries=0)
NOTHING_DONE = tuple(entry for entry in EVENTS if entry is not EFFECT)
AGAIN = (*EVENTS, event(Kind.EFFECT, "b", 100.3))
OTHER_KEY = replace(GOOD, requests=(*GOOD.requests, Request(100.3, "k2", "aa")))
POLL = replace(FIRST, took=0.01, outcome="status 409", status=409, failure="", polling=True, free=True)
POLLS = tuple(replace(POLL, sent_at=100.0 + turn / 50, wait=0.3) for turn in range(9))
OTHER_CALL = replace(GOOD, call=3)
REFUSED = replace(LAST, outcome="status 422", certainty=Certainty.REJECTED, status=422)
NOWHERE = replace(FIRST, outcome="cannot connect", failure="unreachable", certainty=Certainty.NOT_SENT, wait=None)
LEFT = replace(GOOD, certainty=Certainty.UNKNOWN, attempts=(), cancelled=True, settled=Settled.APPLIED)
ELSEWHERE = replace(EFFECT, attempt="c", at=100.5, scope="another", seq=9)
PLACE = "/charges/ch_1"
MADE = replace(EFFECT, detail=PLACE)


def told(certainty: Certainty, *attempts: Attempt, **more: Any) -> CallReport:  # noqa: ANN401  # fields by name
    """The good call, told as something else."""
    return replace(GOOD, certainty=certainty, attempts=attempts or GOOD.attempts, given="", **more)


def tried(kind: TrialKind, certainty: Certainty | None, given: str = "", *, polling: bool = False) -> Trial:
    """The key of the good call, tried once more."""
    return Trial(kind, GOOD.call, certainty, polling, given)


def stored(*places: str) -> StoredThings:
    """What the store holds of charges."""
    return StoredThings(frozenset(places), frozenset({"/charges"}))


@pytest.mark.parametrize(
    "good",
    [
        history(GOOD, READ),
        history(unknown(Settled.APPLIED)),
        history(unknown(Settled.FAILURE_KEPT)),
        history(unknown(Settled.UNANSWERED)),
        history(unknown(Settled.REJECTED), events=NOTHING_DONE),
        history(told(Certainty.REJECTED, REFUSED, requests=GOOD.requests[:1]), events=NOTHING_DONE),
        history(told(Certainty.NOT_SENT, NOWHERE, requests=(), limits=ONCE), events=()),
        history(replace(GOOD, attempts=(replace(FIRST, asked=0.1, wait=0.2), LAST))),
        history(replace(GOOD, attempts=(*POLLS, LAST))),
        history(GOOD, replace(READ, certainty=Certainty.UNKNOWN, attempts=(NOWHERE,), limits=ONCE)),
        history(LEFT),
        history(GOOD, trials=(tried(TrialKind.OTHER_PAYLOAD, Certainty.UNKNOWN),)),
        history(GOOD, trials=(tried(TrialKind.OTHER_PAYLOAD, None),)),
        history(GOOD, events=(*EVENTS, ELSEWHERE), trials=(tried(TrialKind.OTHER_ACCOUNT, Certainty.APPLIED, OWN),)),
        history(GOOD, events=(MADE,), things=stored(PLACE)),
        history(
            replace(GOOD, requests=(*GOOD.requests, Request(100.3, KEY, "aa"))),
            events=(*EVENTS, event(Kind.ARRIVED, "c", 100.2), event(Kind.ANSWERED, "c", 100.2, status=401)),
        ),
    ],
)
def test_a_good_history_breaks_no_promise(good: History) -> None:
    """The histories below differ from these by one lie each."""
    assert violations(good) == []


BRIEF = replace(LIMITS, deadline=2.7, key_life=3.0)
OUTLIVED = replace(unknown(Settled.TOO_OLD), limits=BRIEF, elapsed=2.7)


def test_a_key_may_be_too_old_to_ask() -> None:
    """Of a call whose key was forgotten within the run nothing more is to be known."""
    assert violations(history(OUTLIVED)) == []


LIES = {
    "sent when its key was forgotten": (
        Promise.LIMITS,
        history(replace(OUTLIVED, attempts=(FIRST, replace(FIRST, sent_at=103.1, wait=None)))),
    ),
    "settled when its key was forgotten": (
        Promise.LIMITS,
        history(replace(OUTLIVED, settling=(Request(105.0, KEY, "aa"),))),
    ),
    "done again when its key was forgotten": (
        Promise.ONCE,
        history(OUTLIVED, events=(*EVENTS, event(Kind.EFFECT, "b", 103.3))),
    ),
    "two effects under one key": (Promise.ONCE, history(GOOD, events=AGAIN)),
    "two effects under two keys of one call": (
        Promise.ONCE,
        history(OTHER_KEY, events=(*EVENTS, replace(EFFECT, key="k2"))),
    ),
    "an effect under a key that nobody sent": (Promise.ONCE, history(GOOD, events=(*EVENTS, replace(EFFECT, key="x")))),
    "two effects for two accounts": (Promise.ONCE, history(GOOD, events=(*EVENTS, ELSEWHERE))),
    "three effects, one of them tried": (
        Promise.ONCE,
        history(
            GOOD,
            events=(*AGAIN, ELSEWHERE),
            trials=(tried(TrialKind.OTHER_ACCOUNT, Certainty.APPLIED, OWN),),
        ),
    ),
    "something that nobody answered for": (
        Promise.ONCE,
        history(GOOD, events=(MADE,), things=stored(PLACE, "/charges/2")),
    ),
    "told applied, and nothing done": (Promise.CERTAINTY, history(GOOD, events=NOTHING_DONE)),
    "told rejected, and done": (Promise.CERTAINTY, history(told(Certainty.REJECTED, REFUSED))),
    "told not sent, and done": (Promise.CERTAINTY, history(told(Certainty.NOT_SENT, NOWHERE))),
    "told unknown, and it was answered": (Promise.CERTAINTY, history(told(Certainty.UNKNOWN, settled=Settled.APPLIED))),
    "told unknown, and it was cut": (
        Promise.CERTAINTY,
        history(told(Certainty.UNKNOWN, replace(FIRST, failure="answer cut"), settled=Settled.APPLIED)),
    ),
    "told unknown, and nothing was lost": (
        Promise.CERTAINTY,
        history(told(Certainty.UNKNOWN, REFUSED, settled=Settled.REJECTED), events=NOTHING_DONE),
    ),
    "told as refused while a request with its key may run, and nothing done": (
        Promise.CERTAINTY,
        history(told(Certainty.REJECTED, replace(POLL, wait=None)), events=NOTHING_DONE),
    ),
    "unknown and never settled": (Promise.CERTAINTY, history(unknown(None))),
    "unknown for ever": (Promise.CERTAINTY, history(unknown(Settled.UNKNOWN))),
    "a key that is in use for ever": (Promise.CERTAINTY, history(unknown(Settled.STUCK))),
    "settled as applied, and nothing done": (Promise.CERTAINTY, history(unknown(Settled.APPLIED), events=NOTHING_DONE)),
    "settled as a failure, and nothing done": (
        Promise.CERTAINTY,
        history(unknown(Settled.FAILURE_KEPT), events=NOTHING_DONE),
    ),
    "settled as rejected, and done": (Promise.CERTAINTY, history(unknown(Settled.REJECTED))),
    "given up, told as not sent, and done": (
        Promise.CERTAINTY,
        history(replace(LEFT, certainty=Certainty.NOT_SENT, settled=None)),
    ),
    "another payload told as nothing done": (
        Promise.CERTAINTY,
        history(GOOD, trials=(tried(TrialKind.OTHER_PAYLOAD, Certainty.REJECTED),)),
    ),
    "the answer of another call": (Promise.ANSWERS, history(replace(GOOD, given="another's"))),
    "settled with the answer of another call": (
        Promise.ANSWERS,
        history(replace(unknown(Settled.APPLIED), settled_given="another's")),
    ),
    "an answer that nobody can read": (Promise.ANSWERS, history(replace(GOOD, given=""))),
    "a first answer that says it is a stored one": (
        Promise.ANSWERS,
        history(
            replace(GOOD, attempts=(replace(LAST, replayed=True),), requests=GOOD.requests[:1]),
            events=(EFFECT, event(Kind.ANSWERED, "a", 100.1, status=201)),
        ),
    ),
    "refused as another payload": (
        Promise.ANSWERS,
        history(GOOD, events=(*EVENTS, event(Kind.ANSWERED, "c", 100.4, status=422, detail="mismatch"))),
    ),
    "another payload was taken for the first": (
        Promise.ANSWERS,
        history(GOOD, trials=(tried(TrialKind.OTHER_PAYLOAD, Certainty.APPLIED),)),
    ),
    "another payload was told to wait": (
        Promise.ANSWERS,
        history(GOOD, trials=(tried(TrialKind.OTHER_PAYLOAD, Certainty.UNKNOWN, polling=True),)),
    ),
    "another account was given the answer": (
        Promise.ANSWERS,
        history(GOOD, trials=(tried(TrialKind.OTHER_ACCOUNT, Certainty.APPLIED, OWN),)),
    ),
    "what was made is not there": (Promise.ANSWERS, history(GOOD, events=(MADE,), things=stored())),
    "a second key": (Promise.SAMENESS, history(OTHER_KEY)),
    "an attempt without the key": (
        Promise.SAMENESS,
        history(replace(GOOD, requests=(*GOOD.requests, Request(100.3, None, "aa")))),
    ),
    "other bytes": (Promise.SAMENESS, history(replace(GOOD, requests=(*GOOD.requests, Request(100.3, KEY, "bb"))))),
    "a request that nobody is told of": (
        Promise.SAMENESS,
        history(
            replace(GOOD, requests=(*GOOD.requests, Request(100.3, KEY, "aa"))),
            events=(*EVENTS, event(Kind.ARRIVED, "c", 100.3)),
        ),
    ),
    "settled with another key": (
        Promise.SAMENESS,
        history(replace(unknown(Settled.APPLIED), settling=(Request(100.4, "k2", "aa"),))),
    ),
    "a shared key": (Promise.SAMENESS, history(GOOD, OTHER_CALL)),
    "another key than told": (Promise.SAMENESS, history(replace(GOOD, key="k9"))),
    "no key where there must be one": (Promise.SAMENESS, history(replace(GOOD, key=None))),
    "a read with a key": (Promise.SAMENESS, history(replace(READ, requests=(Request(100.2, "k7", "bb"),)))),
    "a read whose caller is told a key": (Promise.SAMENESS, history(replace(READ, key="k7"))),
    "too many retries": (Promise.LIMITS, history(replace(GOOD, limits=ONCE))),
    "past the deadline": (
        Promise.LIMITS,
        history(*[replace(READ, call=number, elapsed=9.0) for number in range(3)]),
    ),
    "sooner than asked": (Promise.LIMITS, history(replace(GOOD, attempts=(replace(FIRST, asked=2.0), LAST)))),
    "sooner than it was to be": (Promise.LIMITS, history(replace(GOOD, attempts=(replace(FIRST, wait=0.4), LAST)))),
    "later than the backoff": (Promise.LIMITS, history(replace(GOOD, attempts=(replace(FIRST, wait=3.0), LAST)))),
    "again after the last word": (Promise.LIMITS, history(replace(GOOD, attempts=(replace(REFUSED, wait=0.1), LAST)))),
    "again after it was done": (Promise.LIMITS, history(replace(GOOD, attempts=(replace(LAST, wait=0.1), LAST)))),
    "with a key that is too old": (Promise.LIMITS, history(GOOD, window=0.1)),
    "waits that are always the longest": (
        Promise.LIMITS,
        history(*[replace(READ, call=number, attempts=(replace(FIRST, wait=0.5), LAST)) for number in range(50)]),
    ),
    "waits that nobody waits": (
        Promise.LIMITS,
        history(*[
            replace(READ, call=number, attempts=(replace(FIRST, took=0.1, wait=0.25 - number % 2 * 0.1), LAST),
                    requests=(Request(100.0, None, "bb", 0.0), Request(100.1, None, "bb", 0.11)))
            for number in range(50)
        ]),
    ),
    "given up after a lost answer": (Promise.LIVENESS, history(replace(unknown(Settled.APPLIED), limits=LIMITS))),
    "given up while the first still ran": (
        Promise.LIVENESS,
        history(told(Certainty.UNKNOWN, *POLLS, settled=Settled.APPLIED)),
    ),
    "a read that was given up": (Promise.LIVENESS, history(replace(READ, attempts=(replace(FIRST, wait=None),)))),
}  # fmt: skip


def test_a_machine_may_do_something_else_for_a_while() -> None:
    """One or two calls of a run that end late say nothing of the client."""
    late = [replace(READ, call=number, elapsed=9.0) for number in range(2)]
    assert violations(history(*late, events=())) == []


@pytest.mark.parametrize("lie", LIES)
def test_each_lie_is_found(lie: str) -> None:
    """A checker that cannot fail proves nothing."""
    promise, spoiled = LIES[lie]
    assert promise in {violation.promise for violation in violations(spoiled)}


def test_the_gravest_comes_first() -> None:
    """A duplicate is told before a limit that was passed."""
    found = violations(history(replace(GOOD, limits=ONCE), events=AGAIN))
    assert [violation.promise for violation in found] == [Promise.ONCE, Promise.LIMITS]
