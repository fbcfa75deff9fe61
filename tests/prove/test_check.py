"""The checker: a good history breaks no promise, and each lie is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samekey.prove.check import Promise, violations
from samekey.prove.history import Certainty, History, Request, Settled
from samekey.sandbox.server.ledger import Kind

from tests.prove.histories import EFFECT, EVENTS, FIRST, GOOD, KEY, LAST, LIMITS, READ, event, history, unknown

NOTHING_DONE = tuple(entry for entry in EVENTS if entry is not EFFECT)
AGAIN = (*EVENTS, event(Kind.EFFECT, "b", 100.3))
OTHER_KEY = replace(GOOD, requests=(*GOOD.requests, Request(100.3, "k2", "aa")))
POLLS = tuple(replace(FIRST, sent_at=100.0 + turn / 50, took=0.01, polling=True) for turn in range(9))
OTHER_CALL = replace(GOOD, call=3)


@pytest.mark.parametrize(
    "good",
    [
        history(GOOD, READ),
        history(unknown(Settled.APPLIED)),
        history(unknown(Settled.FAILURE_KEPT)),
        history(unknown(Settled.REJECTED), events=NOTHING_DONE),
        history(replace(GOOD, certainty=Certainty.REJECTED), events=NOTHING_DONE),
        history(replace(GOOD, certainty=Certainty.NOT_SENT), events=()),
        history(replace(GOOD, attempts=(replace(FIRST, asked=0.1), LAST))),
        history(replace(GOOD, attempts=(*POLLS, LAST))),
        history(GOOD, replace(READ, certainty=Certainty.UNKNOWN)),
    ],
)
def test_a_good_history_breaks_no_promise(good: History) -> None:
    """The histories below differ from these by one lie each."""
    assert violations(good) == []


LIES = {
    "two effects under one key": (Promise.ONCE, history(GOOD, events=AGAIN)),
    "two effects under two keys of one call": (
        Promise.ONCE,
        history(OTHER_KEY, events=(*EVENTS, replace(EFFECT, key="k2"))),
    ),
    "an effect under a key that nobody sent": (Promise.ONCE, history(GOOD, events=(*EVENTS, replace(EFFECT, key="x")))),
    "told applied, and nothing done": (Promise.CERTAINTY, history(GOOD, events=NOTHING_DONE)),
    "told rejected, and done": (Promise.CERTAINTY, history(replace(GOOD, certainty=Certainty.REJECTED))),
    "told not sent, and done": (Promise.CERTAINTY, history(replace(GOOD, certainty=Certainty.NOT_SENT))),
    "unknown and never settled": (Promise.CERTAINTY, history(unknown(None))),
    "unknown for ever": (Promise.CERTAINTY, history(unknown(Settled.UNKNOWN))),
    "settled as applied, and nothing done": (Promise.CERTAINTY, history(unknown(Settled.APPLIED), events=NOTHING_DONE)),
    "settled as a failure, and nothing done": (
        Promise.CERTAINTY,
        history(unknown(Settled.FAILURE_KEPT), events=NOTHING_DONE),
    ),
    "settled as rejected, and done": (Promise.CERTAINTY, history(unknown(Settled.REJECTED))),
    "a second key": (Promise.SAMENESS, history(OTHER_KEY)),
    "an attempt without the key": (
        Promise.SAMENESS,
        history(replace(GOOD, requests=(*GOOD.requests, Request(100.3, None, "aa")))),
    ),
    "other bytes": (Promise.SAMENESS, history(replace(GOOD, requests=(*GOOD.requests, Request(100.3, KEY, "bb"))))),
    "settled with another key": (
        Promise.SAMENESS,
        history(replace(unknown(Settled.APPLIED), settling=(Request(100.4, "k2", "aa"),))),
    ),
    "a shared key": (Promise.SAMENESS, history(GOOD, OTHER_CALL)),
    "another key than told": (Promise.SAMENESS, history(replace(GOOD, key="k9"))),
    "no key where there must be one": (Promise.SAMENESS, history(replace(GOOD, key=None))),
    "a read with a key": (Promise.SAMENESS, history(replace(READ, requests=(Request(100.2, "k7", "bb"),)))),
    "a read whose caller is told a key": (Promise.SAMENESS, history(replace(READ, key="k7"))),
    "too many retries": (Promise.LIMITS, history(GOOD, limits=replace(LIMITS, retries=0))),
    "past the deadline": (Promise.LIMITS, history(replace(GOOD, elapsed=9.0))),
    "sooner than asked": (Promise.LIMITS, history(replace(GOOD, attempts=(replace(FIRST, asked=2.0), LAST)))),
    "with a key that is too old": (Promise.LIMITS, history(GOOD, limits=replace(LIMITS, window=0.1))),
}


@pytest.mark.parametrize("lie", LIES)
def test_each_lie_is_found(lie: str) -> None:
    """A checker that cannot fail proves nothing."""
    promise, spoiled = LIES[lie]
    assert promise in {violation.promise for violation in violations(spoiled)}


def test_the_gravest_comes_first() -> None:
    """A duplicate is told before a limit that was passed."""
    found = violations(history(replace(GOOD, elapsed=9.0), events=AGAIN))
    assert [violation.promise for violation in found] == [Promise.ONCE, Promise.LIMITS]
