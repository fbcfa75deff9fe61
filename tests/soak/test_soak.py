"""The soak in small, on every run of the tests: all promises hold, and a checker that cannot fail is caught.

The whole of it is `make soak`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.soak.check import Ledger, Told, violations
from tests.soak.run import FACES, soak

CALLS = 500


@pytest.mark.parametrize("face", FACES)
def test_every_promise_holds_through_every_fault(face: str) -> None:
    """At most one effect per key, no certainty that lies, no limit overrun: RETRIES.md section 6."""
    verdict = soak(face, "honest", CALLS, "7")
    assert verdict.violations == []
    assert len(verdict.faults) >= 17
    assert verdict.attempts > verdict.calls * 1.3
    assert verdict.certainties["applied"] > verdict.calls * 0.8


BROKEN = ["no-keys", "check-then-set", "forget-on-disconnect", "short-ttl"]


@pytest.mark.parametrize("mode", BROKEN)
def test_a_server_that_breaks_its_promise_is_caught(mode: str) -> None:
    """Each broken server makes duplicates, and the checker names them."""
    verdict = soak("threads", mode, CALLS, "7")
    assert any("effects" in violation for violation in verdict.violations)


GOOD = Told("1", "k1", "applied", ((0.0, 0.1, 0.0, False), (0.2, 0.1, 0.0, False)), 4, 0.3, 5.0)
LEDGER = Ledger((("k1", "1"),), (("1", "k1", "aa"), ("1", "k1", "aa")))


def test_a_good_history_breaks_no_promise() -> None:
    """The histories below differ from this one by one lie each."""
    assert violations([GOOD], LEDGER) == []


LIES = {
    "two effects under one key": (GOOD, replace(LEDGER, effects=(("k1", "1"), ("k1", "1")))),
    "two effects under two keys": (GOOD, replace(LEDGER, effects=(("k1", "1"), ("k2", "1")))),
    "applied, and nothing done": (GOOD, replace(LEDGER, effects=())),
    "rejected, and done": (replace(GOOD, certainty="rejected"), LEDGER),
    "not sent, and done": (replace(GOOD, certainty="not sent"), LEDGER),
    "unknown for ever": (replace(GOOD, certainty="unknown", settled="unknown"), LEDGER),
    "settled as rejected, and done": (replace(GOOD, certainty="unknown", settled="rejected"), LEDGER),
    "a second key": (GOOD, replace(LEDGER, seen=(("1", "k1", "aa"), ("1", "k2", "aa")))),
    "other bytes": (GOOD, replace(LEDGER, seen=(("1", "k1", "aa"), ("1", "k1", "bb")))),
    "a shared key": (GOOD, replace(LEDGER, seen=(("1", "k1", "aa"), ("2", "k1", "aa")))),
    "another key than told": (GOOD, replace(LEDGER, seen=(("1", "k9", "aa"),))),
    "too many retries": (replace(GOOD, retries=0), LEDGER),
    "past the deadline": (replace(GOOD, elapsed=9.0), LEDGER),
    "sooner than asked": (replace(GOOD, attempts=((0.0, 0.1, 2.0, False), (0.2, 0.1, 0.0, False))), LEDGER),
}


@pytest.mark.parametrize("lie", LIES)
def test_each_lie_is_found(lie: str) -> None:
    """A checker that cannot fail proves nothing."""
    told, ledger = LIES[lie]
    other = replace(GOOD, call="2", key="k1", certainty="unknown", settled="rejected")
    assert violations([told, other] if lie == "a shared key" else [told], ledger)
