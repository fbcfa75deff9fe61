"""The rules of retrying: the table of docs/retry-rules.md, cell by cell, against `decide` and `conclude`."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from samekey_templates.runtime.retry.rules import (
    Answered,
    Attempt,
    CallFacts,
    Certainty,
    Failed,
    Failure,
    Outcome,
    Retry,
    RetryPolicy,
    Stop,
    at,
    certainty_of,
    conclude,
    decide,
    is_success,
    is_too_old,
    latest,
    ttl_margin,
)
from samekey_templates.runtime.safety import Safety

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

S, I, K, N = Safety.SAFE, Safety.IDEMPOTENT, Safety.KEYED, Safety.UNSAFE  # noqa: E741  # the rules' own letters
NOT_SENT, REJECTED, UNKNOWN, APPLIED = Certainty.NOT_SENT, Certainty.REJECTED, Certainty.UNKNOWN, Certainty.APPLIED

PAGE = Path(__file__).parents[3] / "docs" / "retry-rules.md"

REFUSALS = (*range(400, 408), *range(409, 418), 421, 422, 424, 426, 428, 431, 451, 501, 505, 507, 511)
OUTCOMES: dict[str, tuple[Outcome, ...]] = {
    "unreachable": (Failed(Failure.UNREACHABLE), Failed(Failure.UNREACHABLE, timeout=True)),
    "unsendable": (Failed(Failure.UNSENDABLE), Failed(Failure.UNSENDABLE, timeout=True)),
    "stream refused": (Failed(Failure.STREAM_REFUSED),),
    "answer lost": (Failed(Failure.ANSWER_LOST), Failed(Failure.ANSWER_LOST, timeout=True)),
    "answer cut": (Failed(Failure.ANSWER_CUT, status=200), Failed(Failure.ANSWER_CUT, timeout=True, status=201)),
    "undecodable": (Failed(Failure.UNDECODABLE, status=200),),
    "deadline": (Failed(Failure.DEADLINE), Failed(Failure.DEADLINE, timeout=True)),
    "cancelled": (Failed(Failure.CANCELLED),),
    "redirect": tuple(Failed(Failure.REDIRECTED, status=status) for status in (301, 302, 307, 308)),
    "redirect 303": (Failed(Failure.REDIRECTED, status=303),),
    "done": (Answered(200), Answered(201), Answered(202), Answered(204), Answered(200, replayed=True)),
    "408": (Answered(408),),
    "client gone": (Answered(460), Answered(499)),
    "in flight": (
        Answered(409, in_flight=True),
        Answered(409, in_flight=True, in_flight_named=True),
        Answered(422, in_flight=True, in_flight_named=True),
    ),
    "refusal": tuple(Answered(status) for status in REFUSALS),
    "mismatch": (Answered(422, mismatch=True), Answered(400, mismatch=True), Answered(409, mismatch=True)),
    "too many": (Answered(425), Answered(429)),
    "500": (Answered(500),),
    "replayed refusal": (Answered(400, replayed=True), Answered(402, replayed=True), Answered(422, replayed=True)),
    "replayed 500": (Answered(500, replayed=True), Answered(502, replayed=True)),
    "gateway": tuple(Answered(status) for status in (502, 504, 506, 508, 510, 520, 522, 524, 530, 598, 599)),
    "unavailable": (Answered(503), Answered(529)),
}

EVERY_RETRIED_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
FINAL = ("mismatch", "replayed refusal", "replayed 500")
"""Rows in which the same request can have no other answer."""


@dataclass(frozen=True)
class Row:
    """A row of the retry rules."""

    name: str
    cells: dict[Safety, str]
    wait: str
    certainty: str


def read_rules() -> dict[str, Row]:
    """The table of section 3 of the page as rows by the word that each begins with."""
    section = PAGE.read_text("utf-8").partition("\n## 3. ")[2].partition("\n### 3.1")[0]
    rows: dict[str, Row] = {}
    for line in section.splitlines():
        if line.startswith("| `"):
            what, safe, idempotent, keyed, unsafe, wait, certainty = (cell.strip() for cell in line.split("|")[1:-1])
            name = what.split("`")[1]
            rows[name] = Row(name, {S: safe, I: idempotent, K: keyed, N: unsafe}, wait, certainty)
    assert rows.keys() == OUTCOMES.keys()
    return rows


ROWS = read_rules()


def row_for(name: str, safety: Safety, outcome: Outcome) -> Row:
    """The row that holds for a column: its own, or that of the bare status where the column has no such row."""
    row = ROWS[name]
    if row.cells[safety] != "plain":
        return row
    assert isinstance(outcome, Answered)
    return ROWS["500"] if outcome.status in (500, 502) else ROWS["refusal"]


def certainty_by_rules(row: Row, *, first: bool) -> Certainty:
    """The last column."""
    if row.name == "mismatch":
        return REJECTED if first else UNKNOWN
    return Certainty(row.certainty)


def retried_by_rules(  # noqa: PLR0911  # one line for each sentence of the retry rules
    row: Row, safety: Safety, outcome: Outcome, certainty: Certainty, statuses: frozenset[int] | None, facts: CallFacts
) -> bool | None:
    """Whether the rules have an attempt follow; None where they do not say."""
    status = outcome.status if isinstance(outcome, Answered) else None
    word = outcome.should_retry if isinstance(outcome, Answered) else None
    if status is not None and status < 300:
        return False
    if word is False:
        return False
    if not facts.replayable and certainty is not NOT_SENT:
        return False
    named = statuses is not None and status in statuses
    left_out = statuses is not None and status is not None and not named
    if row.name == "in flight" and left_out:
        return None
    if row.name in FINAL:
        return False if row.cells[safety] == "-" else None
    if word is True and left_out:
        return None  # the rules do not say which of two words weighs more
    if (word is True or named) and (safety is not N or certainty is REJECTED):
        return True
    if left_out:
        return False
    return row.cells[safety] == "Y" or (row.cells[safety] == "?" and named)


def past(safety: Safety) -> list[Attempt]:
    """One attempt that may be followed by another, whatever the safety."""
    lost = Failed(Failure.UNREACHABLE if safety is N else Failure.ANSWER_LOST)
    return attempts_of(CallFacts(safety), [lost])


def attempts_of(facts: CallFacts, outcomes: Sequence[Outcome]) -> list[Attempt]:
    """Attempts with these outcomes, each with its own certainty."""
    attempts: list[Attempt] = []
    for number, outcome in enumerate(outcomes, 1):
        attempts.append(Attempt(number, 0.0, 0.1, outcome, certainty_of(facts, attempts, outcome), wait=0.0))
    return attempts


def variants(outcome: Outcome) -> Iterator[Outcome]:
    """An outcome with every word that the server may add."""
    if isinstance(outcome, Failed):
        yield outcome
        return
    for should_retry, retry_after in itertools.product((None, True, False), (None, 2.5)):
        yield replace(outcome, should_retry=should_retry, retry_after=retry_after)


@pytest.mark.parametrize("safety", list(Safety))
@pytest.mark.parametrize("name", list(ROWS))
def test_the_last_column(name: str, safety: Safety) -> None:
    """What one attempt makes certain is what the table says, whatever else the answer bears."""
    wrong: list[str] = []
    for bare, resumed, first in itertools.product(OUTCOMES[name], (False, True), (True, False)):
        facts = CallFacts(safety, resumed=resumed)
        expected = certainty_by_rules(row_for(name, safety, bare), first=first and not resumed)
        for outcome in variants(bare):
            found = certainty_of(facts, [] if first else past(safety), outcome)
            if found is not expected:
                wrong.append(f"{outcome!r} {first=} {resumed=}: {found}, not {expected}")
    assert not wrong


@pytest.mark.parametrize("safety", list(Safety))
@pytest.mark.parametrize("name", list(ROWS))
def test_who_is_retried(name: str, safety: Safety) -> None:
    """Every cell of the table, for each way to choose statuses, each word of the server, and each kind of body."""
    wrong: list[str] = []
    judged = 0
    for bare, resumed, replayable, first in itertools.product(
        OUTCOMES[name], (False, True), (False, True), (True, False)
    ):
        facts = CallFacts(safety, resumed=resumed, replayable=replayable)
        row = row_for(name, safety, bare)
        certainty = certainty_by_rules(row, first=first and not resumed)
        status = bare.status if isinstance(bare, Answered) else None
        own = frozenset({status} if status is not None and status >= 400 else ())
        for statuses in (None, own, frozenset[int](), EVERY_RETRIED_STATUS, EVERY_RETRIED_STATUS - own):
            policy = RetryPolicy(max_retries=50, deadline=1000.0, statuses=statuses)
            for outcome in variants(bare):
                expected = retried_by_rules(row, safety, outcome, certainty, statuses, facts)
                if expected is None:
                    continue
                judged += 1
                decision = decide(policy, facts, [] if first else past(safety), outcome, 0.5)
                if isinstance(decision, Retry) is not expected:
                    wrong.append(
                        f"{outcome!r} statuses={statuses} {replayable=} {first=}: {decision}, not retried={expected}"
                    )
    assert judged
    assert not wrong, f"{len(wrong)} of {judged}:\n" + "\n".join(wrong[:10])


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.wait])
def test_the_wait_of_each_row(name: str, jitter: float) -> None:
    """W is full jitter, RA takes Retry-After as a floor, and what the server asks is never undercut in any row."""
    policy = RetryPolicy(max_retries=50, initial_delay=0.5, max_delay=8.0)
    for bare, attempt in itertools.product(OUTCOMES[name], range(12)):
        history = attempts_of(CallFacts(K), [Failed(Failure.ANSWER_LOST)] * attempt)
        ceiling = min(8.0, 0.5 * 2**attempt)
        for outcome in variants(bare):
            decision = decide(policy, CallFacts(K), history, outcome, jitter)
            if not isinstance(decision, Retry):
                continue
            asked = outcome.retry_after if isinstance(outcome, Answered) else None
            if ROWS[name].wait == "once":
                assert decision.delay == 0
            elif ROWS[name].wait == "poll":
                assert decision.delay >= 0.05
                assert decision.delay == pytest.approx((asked or 0) + ceiling * (jitter if asked else (1 + jitter) / 2))
            elif asked is None:
                assert decision.delay == pytest.approx(jitter * ceiling)
            else:
                assert asked <= decision.delay <= asked + ceiling


def test_a_refused_stream_is_sent_again_at_once_only_the_first_time() -> None:
    """HTTP/2 refusals: at once, once; then with jitter, also where other failures came between them."""
    refused, facts, policy = Failed(Failure.STREAM_REFUSED), CallFacts(N), RetryPolicy(max_retries=9)
    first = decide(policy, facts, [], refused, 0.5)
    second = decide(policy, facts, attempts_of(facts, [refused]), refused, 0.5)
    third = decide(policy, facts, attempts_of(facts, [refused, Failed(Failure.UNREACHABLE)]), refused, 0.5)
    late = decide(policy, facts, attempts_of(facts, [Failed(Failure.UNREACHABLE)]), refused, 0.5)
    delays = [decision.delay if isinstance(decision, Retry) else None for decision in (first, second, third, late)]
    assert delays == [0.0, 0.5, 1.0, 0.0]


@pytest.mark.parametrize("status", [418, 419, 420, 423, 440, 444, 495, 498])
@pytest.mark.parametrize("safety", list(Safety))
def test_a_4xx_that_the_law_does_not_list_is_a_refusal(status: int, safety: Safety) -> None:
    """What is not in the table is not retried; a 4xx says that the request was refused."""
    assert isinstance(decide(RetryPolicy(), CallFacts(safety), [], Answered(status), 0.5), Stop)
    assert certainty_of(CallFacts(safety), [], Answered(status)) is REJECTED


@pytest.mark.parametrize("status", [509, 512, 519, 561])
@pytest.mark.parametrize("safety", list(Safety))
def test_a_5xx_that_the_law_does_not_list_proves_nothing(status: int, safety: Safety) -> None:
    """A server error that nobody has thought of is retried as others are, and not taken for a refusal."""
    decision = decide(RetryPolicy(), CallFacts(safety), [], Answered(status), 0.5)
    assert isinstance(decision, Stop if safety is N else Retry)
    assert certainty_of(CallFacts(safety), [], Answered(status)) is UNKNOWN


LOST, CUT = Failed(Failure.ANSWER_LOST), Failed(Failure.ANSWER_CUT, status=200)
UNREACHABLE, UNSENDABLE, REFUSED = (
    Failed(Failure.UNREACHABLE),
    Failed(Failure.UNSENDABLE),
    Failed(Failure.STREAM_REFUSED),
)
CANCELLED, DEADLINE = Failed(Failure.CANCELLED), Failed(Failure.DEADLINE)
IN_FLIGHT = Answered(409, in_flight=True)
NAMED_IN_FLIGHT = replace(IN_FLIGHT, in_flight_named=True)
MISMATCH = Answered(422, mismatch=True)
SETTLING_4XX = (400, 402, 409, 422)
NOT_SETTLING = (401, 403, 404, 405, 407, 408, 410, 412, 413, 415, 421, 425, 426, 429, 431, 451, 499, 501, 503)


def history_id(case: object) -> str:
    """A readable name for a case."""
    if isinstance(case, tuple):
        outcomes: tuple[Outcome, ...] = case  # pyright: ignore[reportUnknownVariableType]
        return "-".join(str(outcome).replace(" ", "_") for outcome in outcomes) or "nothing"
    return str(case)


@pytest.mark.parametrize(
    ("safety", "outcomes", "expected"),
    [
        # One attempt: its own certainty.
        *((safety, (), NOT_SENT) for safety in Safety),
        *((safety, (UNREACHABLE,), NOT_SENT) for safety in Safety),
        *((safety, (UNSENDABLE,), NOT_SENT) for safety in Safety),
        *((safety, (LOST,), UNKNOWN) for safety in Safety),
        *((safety, (CUT,), APPLIED) for safety in Safety),
        *((safety, (CANCELLED,), UNKNOWN) for safety in Safety),
        *((safety, (Answered(400),), REJECTED) for safety in Safety),
        *((safety, (Answered(201),), APPLIED) for safety in Safety),
        # A DELETE whose answer was lost is answered 404 on the retry: that was our own delete.
        *((I, (LOST, Answered(status)), UNKNOWN) for status in (*SETTLING_4XX, *NOT_SETTLING)),
        (I, (LOST, UNREACHABLE), UNKNOWN),
        (I, (LOST, Answered(204)), APPLIED),
        (I, (Answered(503), Answered(404)), UNKNOWN),
        # N: a 503 that was opted in, then a refusal.
        *((N, (Answered(503), Answered(status)), UNKNOWN) for status in (*SETTLING_4XX, *NOT_SETTLING)),
        (N, (Answered(503), UNREACHABLE), UNKNOWN),
        (N, (Answered(503), REFUSED), UNKNOWN),
        (N, (Answered(503), Answered(201)), APPLIED),
        # K: settled by a 4xx of the operation itself, or by a 2xx.
        *((K, (LOST, Answered(status)), REJECTED) for status in SETTLING_4XX),
        (K, (LOST, Answered(201)), APPLIED),
        (K, (LOST, Answered(200, replayed=True)), APPLIED),
        # K: not by limiters, auth, or a failure to connect: they run before the key is looked at.
        *((K, (LOST, Answered(status)), UNKNOWN) for status in NOT_SETTLING),
        *((K, (LOST, failure), UNKNOWN) for failure in (UNREACHABLE, UNSENDABLE, REFUSED, CANCELLED, DEADLINE)),
        (K, (LOST, Answered(507)), UNKNOWN),
        (K, (LOST, MISMATCH), UNKNOWN),
        (K, (LOST, IN_FLIGHT), UNKNOWN),
        (K, (LOST, IN_FLIGHT, Answered(429)), UNKNOWN),
        (K, (LOST, IN_FLIGHT, Answered(400)), REJECTED),
        (K, (Answered(500), Answered(429), Answered(404)), UNKNOWN),
        (K, (Answered(500), Answered(429), Answered(404, replayed=True)), REJECTED),
        (K, (LOST, UNREACHABLE, UNREACHABLE), UNKNOWN),
        # APPLIED sticks, whatever follows.
        *(
            (safety, (CUT, last), APPLIED)
            for safety in Safety
            for last in (UNREACHABLE, LOST, CANCELLED, Answered(400), Answered(404), Answered(429), Answered(500))
        ),
        (K, (CUT, IN_FLIGHT), APPLIED),
        (K, (CUT, MISMATCH), APPLIED),
        # Nothing was ever done: the last word is a refusal where the server has seen any of it.
        *((safety, (UNREACHABLE, REFUSED), NOT_SENT) for safety in Safety),
        *((safety, (UNREACHABLE, Answered(429)), REJECTED) for safety in Safety),
        *((safety, (Answered(429), Answered(429)), REJECTED) for safety in Safety),
        # A failure after a refusal is unknown all the same.
        *((safety, (Answered(429), LOST), UNKNOWN) for safety in Safety),
    ],
    ids=history_id,
)
def test_what_a_history_makes_certain(safety: Safety, outcomes: tuple[Outcome, ...], expected: Certainty) -> None:
    """The taint rule and its exceptions, case by case, where the document declares the key and its refusals."""
    facts = CallFacts(safety, settled_by=SETTLING_4XX)
    assert conclude(facts, attempts_of(facts, outcomes)) is expected


@pytest.mark.parametrize("last", [UNREACHABLE, UNSENDABLE, REFUSED])
@pytest.mark.parametrize("safety", list(Safety))
def test_not_sent_is_not_told_once_the_server_has_seen_the_call(safety: Safety, last: Outcome) -> None:
    """NOT_SENT means that the server cannot have seen it (section 1); it has seen what it answered with 429."""
    facts = CallFacts(safety)
    assert conclude(facts, attempts_of(facts, [Answered(429), last])) is REJECTED


@pytest.mark.parametrize("last", [UNREACHABLE, UNSENDABLE, REFUSED])
def test_not_sent_is_not_told_of_a_read_whose_first_attempt_may_have_arrived(last: Outcome) -> None:
    """NOT_SENT means that the server cannot have seen it (section 1), for reads as well."""
    facts = CallFacts(S)
    assert conclude(facts, attempts_of(facts, [LOST, last])) is not NOT_SENT


@pytest.mark.parametrize("only", [UNREACHABLE, REFUSED, *(Answered(status) for status in NOT_SETTLING)])
def test_a_resumed_key_starts_out_unknown(only: Outcome) -> None:
    """NOT_SENT and REJECTED mean that nothing was done under the key (section 6.2); an earlier call may have."""
    facts = CallFacts(K, resumed=True)
    assert conclude(facts, attempts_of(facts, [only])) is UNKNOWN


@pytest.mark.parametrize("status", range(400, 500))
def test_an_assumed_key_is_settled_by_a_stored_refusal_alone(status: int) -> None:
    """Nobody has said that the server looks at the key, so a refusal says nothing of the attempt before it."""
    for outcomes, resumed in (([LOST], False), ([], True)):
        facts = CallFacts(K, resumed=resumed)
        assert conclude(facts, attempts_of(facts, [*outcomes, Answered(status)])) is UNKNOWN
        stored = Answered(status, replayed=True)
        assert conclude(facts, attempts_of(facts, [*outcomes, stored])) is REJECTED


@pytest.mark.parametrize("status", range(400, 500))
def test_a_resumed_key_is_settled_by_what_the_operation_says_of_it(status: int) -> None:
    """An earlier call may have sent other bytes under the key, so only what is named settles it."""
    facts = CallFacts(K, resumed=True, settled_by=(402,))
    told = conclude(facts, attempts_of(facts, [Answered(status)]))
    assert told is (REJECTED if status == 402 else UNKNOWN)


def test_a_mismatch_of_a_key_that_the_caller_brought_is_no_refusal() -> None:
    """That a key was used for another payload proves that it was used."""
    facts = CallFacts(K, resumed=True, settled_by=SETTLING_4XX)
    assert conclude(facts, attempts_of(facts, [MISMATCH])) is UNKNOWN
    assert conclude(CallFacts(K), attempts_of(CallFacts(K), [MISMATCH])) is REJECTED


def any_outcome() -> st.SearchStrategy[Outcome]:
    """Anything that can happen to an attempt."""
    answered = st.builds(
        Answered,
        st.sampled_from(
            [200, 201, 204, 400, 401, 403, 404, 408, 409, 410, 422, 425, 429, 500, 501, 502, 503, 504, 529]
        ),
        retry_after=st.none() | st.floats(0, 200),
        in_flight=st.booleans(),
        in_flight_named=st.booleans(),
        mismatch=st.booleans(),
        replayed=st.booleans(),
        should_retry=st.none() | st.booleans(),
    )
    sane = answered.filter(lambda a: a.status in (400, 409, 422) or not (a.in_flight or a.mismatch))
    failed = st.builds(
        Failed,
        st.sampled_from(list(Failure)),
        timeout=st.booleans(),
        status=st.sampled_from([None, 200, 301, 302, 303, 307]),
    )
    return sane | failed


HISTORIES = st.lists(any_outcome(), min_size=1, max_size=8)


@given(st.sampled_from(list(Safety)), HISTORIES)
def test_applied_sticks(safety: Safety, outcomes: list[Outcome]) -> None:
    """A call is APPLIED if and only if one of its attempts is."""
    facts = CallFacts(safety)
    attempts = attempts_of(facts, outcomes)
    applied = any(attempt.certainty is APPLIED for attempt in attempts)
    assert (conclude(facts, attempts) is APPLIED) is applied


@given(st.sampled_from([I, N]), HISTORIES)
def test_a_taint_stays_where_there_is_no_key(safety: Safety, outcomes: list[Outcome]) -> None:
    """After an UNKNOWN attempt, an idempotent or unsafe call is UNKNOWN unless it was applied."""
    facts = CallFacts(safety)
    attempts = attempts_of(facts, outcomes)
    told = conclude(facts, attempts)
    if any(attempt.certainty is UNKNOWN for attempt in attempts):
        assert told in (UNKNOWN, APPLIED)
    else:
        assert told is not UNKNOWN


@given(HISTORIES)
def test_a_keyed_call_is_settled_only_by_the_operation_itself(outcomes: list[Outcome]) -> None:
    """Once tainted, REJECTED only where a 4xx of the operation came after the last UNKNOWN, and never NOT_SENT."""
    facts = CallFacts(K, settled_by=SETTLING_4XX)
    attempts = attempts_of(facts, outcomes)
    certainties = [attempt.certainty for attempt in attempts]
    if UNKNOWN not in certainties or APPLIED in certainties:
        return
    last_unknown = len(certainties) - 1 - certainties[::-1].index(UNKNOWN)
    since = [attempt.outcome for attempt in attempts[last_unknown + 1 :]]
    settled = any(isinstance(o, Answered) and (o.status in SETTLING_4XX or o.replayed) for o in since)
    told = conclude(facts, attempts)
    assert told is UNKNOWN or (settled and told is REJECTED)
    last = since[-1] if since else None
    if isinstance(last, Answered) and last.status in SETTLING_4XX and not (last.in_flight or last.mismatch):
        assert told is REJECTED


@given(st.sampled_from(list(Safety)), HISTORIES)
def test_an_untainted_call_is_what_its_attempts_are(safety: Safety, outcomes: list[Outcome]) -> None:
    """Without UNKNOWN and APPLIED: REJECTED if the server has seen any attempt, else NOT_SENT."""
    facts = CallFacts(safety)
    attempts = attempts_of(facts, outcomes)
    certainties = {attempt.certainty for attempt in attempts}
    if not certainties & {UNKNOWN, APPLIED}:
        assert conclude(facts, attempts) is (REJECTED if REJECTED in certainties else NOT_SENT)


POLICIES = st.builds(
    RetryPolicy,
    max_retries=st.integers(0, 6),
    initial_delay=st.floats(0, 10),
    max_delay=st.floats(10, 100),
    deadline=st.floats(0.01, 200),
    max_retry_after=st.floats(0, 100),
    budget=st.booleans(),
)
CALLS = st.builds(
    CallFacts,
    st.sampled_from(list(Safety)),
    replayable=st.booleans(),
    resumed=st.booleans(),
    key_ttl=st.floats(1, 200),
)
JITTERS = st.floats(0, 1, exclude_max=True)


@given(POLICIES, CALLS, st.lists(any_outcome(), max_size=8), any_outcome(), st.floats(0, 250), JITTERS)
def test_no_decision_passes_a_limit(  # the arguments of `decide`
    policy: RetryPolicy, facts: CallFacts, before: list[Outcome], outcome: Outcome, elapsed: float, jitter: float
) -> None:
    """Never more retries than allowed, never past the deadline or the key's life, never sooner than Retry-After."""
    history = attempts_of(facts, before)
    outcome = at(outcome, elapsed)
    decision = decide(policy, facts, history, outcome, jitter)
    if isinstance(decision, Stop):
        assert decision.reason
        return
    asked = outcome.retry_after if isinstance(outcome, Answered) else None
    assert decision.delay >= 0
    assert decision.delay <= max(0.05, (asked or 0) + policy.max_delay)
    assert decision.delay >= (asked or 0)
    assert asked is None or asked <= policy.max_retry_after
    assert elapsed + decision.delay < policy.deadline
    if facts.safety is K:
        assert elapsed + decision.delay < facts.key_ttl
    polled = sum(1 for o in before if isinstance(o, Answered) and o.in_flight and o.in_flight_named)
    polling = isinstance(outcome, Answered) and outcome.in_flight and outcome.in_flight_named
    assert policy.max_retries > 0
    assert polling or len(before) - polled < policy.max_retries


@given(POLICIES, CALLS, any_outcome(), st.floats(0, 250), JITTERS)
def test_the_same_question_has_the_same_answer(
    policy: RetryPolicy, facts: CallFacts, outcome: Outcome, elapsed: float, jitter: float
) -> None:
    """`decide` is a pure function: chance comes in as an argument, and a longer draw never shortens the wait."""
    placed = at(outcome, elapsed)
    decision = decide(policy, facts, [], placed, jitter)
    assert decision == decide(policy, facts, [], placed, jitter)
    shortest = decide(policy, facts, [], placed, 0.0)
    if isinstance(decision, Retry):
        assert isinstance(shortest, Retry)
        assert shortest.delay <= decision.delay


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_max_retries(retries: int) -> None:
    """`max_retries` counts the retries, not the first attempt."""
    policy, facts = RetryPolicy(max_retries=retries), CallFacts(K)
    for done in range(retries):
        assert isinstance(decide(policy, facts, attempts_of(facts, [LOST] * done), LOST, 0.5), Retry)
    assert isinstance(decide(policy, facts, attempts_of(facts, [LOST] * retries), LOST, 0.5), Stop)


def test_waiting_for_the_first_run_counts_no_retry() -> None:
    """A first run that the dialect can name is waited for to the deadline; what follows still has all its retries."""
    policy, facts = RetryPolicy(max_retries=1), CallFacts(K, resumed=True)
    polled = attempts_of(facts, [NAMED_IN_FLIGHT] * 20)
    assert isinstance(decide(policy, facts, polled, at(NAMED_IN_FLIGHT, 115.0), 0.0), Retry)
    assert isinstance(decide(policy, facts, polled, at(NAMED_IN_FLIGHT, 120.0), 0.0), Stop)
    assert isinstance(decide(policy, facts, polled, Answered(503), 0.5), Retry)
    once_more = attempts_of(facts, [*[NAMED_IN_FLIGHT] * 20, Answered(503)])
    assert isinstance(decide(policy, facts, once_more, Answered(503), 0.5), Stop)


def test_what_only_looks_like_a_first_run_counts_as_a_retry() -> None:
    """A conflict that is none of a key must not be asked for until the deadline."""
    policy, facts = RetryPolicy(max_retries=2), CallFacts(K)
    assert isinstance(decide(policy, facts, attempts_of(facts, [IN_FLIGHT]), IN_FLIGHT, 0.5), Retry)
    assert isinstance(decide(policy, facts, attempts_of(facts, [IN_FLIGHT] * 2), IN_FLIGHT, 0.5), Stop)


@pytest.mark.parametrize("outcome", [IN_FLIGHT, NAMED_IN_FLIGHT])
def test_a_call_without_retries_is_one_request(outcome: Outcome) -> None:
    """`max_retries=0` is one request, always."""
    assert isinstance(decide(RetryPolicy(max_retries=0), CallFacts(K, resumed=True), [], outcome, 0.5), Stop)


@pytest.mark.parametrize(("asked", "retried"), [(0.0, True), (60.0, True), (60.001, False), (3600.0, False)])
@pytest.mark.parametrize("status", [429, 503, 500])
def test_a_server_that_asks_for_too_much_is_not_waited_for(status: int, asked: float, retried: bool) -> None:  # noqa: FBT001
    """Beyond `max_retry_after`: stop and surface it."""
    decision = decide(RetryPolicy(), CallFacts(K), [], Answered(status, retry_after=asked), 0.5)
    assert isinstance(decision, Retry) is retried


@pytest.mark.parametrize(
    ("elapsed", "asked", "retried"), [(0.0, 9.9, True), (0.0, 10.0, False), (5.0, 4.9, True), (5.0, 5.5, False)]
)
def test_a_wait_that_would_pass_the_deadline_is_not_begun(elapsed: float, asked: float, retried: bool) -> None:  # noqa: FBT001
    """The error surfaces at once instead."""
    policy = RetryPolicy(deadline=10.0)
    decision = decide(policy, CallFacts(K), [], Answered(429, at=elapsed, retry_after=asked), 0.0)
    assert isinstance(decision, Retry) is retried


@pytest.mark.parametrize("ttl", [1.0, 30.0, 3600.0, 86_400.0])
def test_no_attempt_starts_when_the_key_may_be_forgotten(ttl: float) -> None:
    """First attempt + ttl - a margin: a purged key is a new request. Calls without a key have no such limit."""
    policy = RetryPolicy(deadline=1_000_000.0, max_retry_after=1_000_000.0)
    young, old = Answered(503, at=ttl * 0.5), Answered(503, at=ttl * 0.99999)
    assert isinstance(decide(policy, CallFacts(K, key_ttl=ttl), [], young, 0.0), Retry)
    assert isinstance(decide(policy, CallFacts(K, key_ttl=ttl), [], old, 0.0), Stop)
    assert isinstance(decide(policy, CallFacts(K, key_ttl=ttl), [], replace(young, retry_after=ttl), 0.0), Stop)
    assert isinstance(decide(policy, CallFacts(I, key_ttl=ttl), [], old, 0.0), Retry)


@pytest.mark.parametrize(
    ("outcome", "cost"),
    [
        (Failed(Failure.ANSWER_LOST, timeout=True), 10),
        (Failed(Failure.UNREACHABLE, timeout=True), 10),
        (Failed(Failure.ANSWER_LOST), 5),
        (Failed(Failure.UNREACHABLE), 5),
        (Failed(Failure.ANSWER_CUT, status=200), 5),
        (Answered(429), 5),
        (Answered(503), 5),
        (IN_FLIGHT, 0),
        (NAMED_IN_FLIGHT, 0),
        (Failed(Failure.STREAM_REFUSED), 0),
    ],
)
@pytest.mark.parametrize("later", [False, True])
def test_what_a_retry_costs(outcome: Outcome, cost: int, later: bool) -> None:  # noqa: FBT001
    """5 tokens, 10 after a timeout; what was never sent is charged too, HTTP/2 refusals are not."""
    facts = CallFacts(K)
    decision = decide(RetryPolicy(), facts, attempts_of(facts, [outcome] if later else []), outcome, 0.5)
    assert isinstance(decision, Retry)
    assert decision.cost == cost


def test_a_key_is_as_old_as_its_first_use() -> None:
    """A key that an earlier process sent first has that much less time left."""
    policy = RetryPolicy(deadline=1_000_000.0)
    young, old = CallFacts(K, key_ttl=3600.0, key_age=1800.0), CallFacts(K, key_ttl=3600.0, key_age=3599.0)
    assert isinstance(decide(policy, young, [], Answered(503), 0.0), Retry)
    assert isinstance(decide(policy, young, [], Answered(503, at=1799.0), 0.0), Stop)
    assert isinstance(decide(policy, old, [], Answered(503), 0.0), Stop)


NOT_NUMBERS = [math.nan, math.inf, -math.inf, -1.0, -0.001]


@pytest.mark.parametrize("name", ["initial_delay", "max_delay", "deadline", "max_retry_after"])
@pytest.mark.parametrize("value", NOT_NUMBERS)
def test_a_policy_refuses_seconds_that_make_no_sense(name: str, value: float) -> None:
    """Invalid values are refused when the policy is built, and the message names the field."""
    arguments: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=name):
        RetryPolicy(**arguments)


@pytest.mark.parametrize("value", [-1, *NOT_NUMBERS])
def test_a_policy_refuses_a_number_of_retries_that_makes_no_sense(value: Any) -> None:  # noqa: ANN401
    """`max_retries` is a whole number, 0 or more: with NaN or infinity no call would ever stop."""
    with pytest.raises(ValueError, match="max_retries"):
        RetryPolicy(max_retries=value)


def test_a_policy_refuses_no_time_at_all() -> None:
    """A deadline of 0 leaves no room for an attempt."""
    with pytest.raises(ValueError, match="deadline"):
        RetryPolicy(deadline=0)


def test_a_policy_refuses_a_range_that_is_upside_down() -> None:
    """`max_delay` bounds `initial_delay`."""
    with pytest.raises(ValueError, match="max_delay"):
        RetryPolicy(initial_delay=2.0, max_delay=1.0)


@pytest.mark.parametrize("status", [0, 200, 204, 301, 307, 399, 600])
def test_a_policy_refuses_statuses_that_are_no_errors(status: int) -> None:
    """Naming a success as retryable is a mistake, and is told when the policy is built."""
    with pytest.raises(ValueError, match=str(status)):
        RetryPolicy(statuses=frozenset({503, status}))


@pytest.mark.parametrize("statuses", [None, frozenset[int](), frozenset({503}), EVERY_RETRIED_STATUS])
def test_a_policy_takes_the_statuses_of_the_table(statuses: frozenset[int] | None) -> None:
    """Every status that the table retries may be named, and none of them need be."""
    assert RetryPolicy(statuses=statuses).statuses == statuses


@pytest.mark.parametrize("status", [404, 423, 506, 522])
def test_a_policy_may_name_any_error(status: int) -> None:
    """Some APIs answer 404 for what they have just made; without a key the safety rule still holds."""
    policy = RetryPolicy(statuses=frozenset({status}))
    for safety in (S, I, K):
        assert isinstance(decide(policy, CallFacts(safety), [], Answered(status), 0.5), Retry)
    is_harmless = certainty_of(CallFacts(N), [], Answered(status)) is REJECTED
    assert isinstance(decide(policy, CallFacts(N), [], Answered(status), 0.5), Retry) is is_harmless


def test_the_defaults_are_those_of_the_law() -> None:
    """Section 4 and section 5 name them."""
    policy = RetryPolicy()
    assert (policy.max_retries, policy.initial_delay, policy.max_delay) == (3, 0.5, 8.0)
    assert (policy.deadline, policy.max_retry_after, policy.statuses, policy.budget) == (120.0, 60.0, None, True)
    assert CallFacts(K).key_ttl == 24 * 3600


def test_a_huge_history_does_not_overflow() -> None:
    """Backoff is bounded also after thousands of polls."""
    facts = CallFacts(K)
    attempt = Attempt(1, 0.0, 0.0, NAMED_IN_FLIGHT, UNKNOWN, 0.0)
    decision = decide(RetryPolicy(), facts, [attempt] * 5000, NAMED_IN_FLIGHT, 0.5)
    assert isinstance(decision, Retry)
    assert decision.delay == 6.0


@pytest.mark.parametrize(
    ("ttl", "margin"), [(10.0, 1.0), (100.0, 10.0), (600.0, 60.0), (601.0, 60.0), (86_400.0, 60.0)]
)
def test_a_key_is_too_old_a_little_before_its_end(ttl: float, margin: float) -> None:
    """A tenth of its life, a minute at most; the boundary itself is too old, and age and time add up."""
    assert ttl_margin(ttl) == margin
    facts = CallFacts(K, key_ttl=ttl, key_age=0.0)
    last = ttl - margin
    assert is_too_old(facts, last)
    assert not is_too_old(facts, last - 0.001)
    aged = replace(facts, key_age=last / 2)
    assert is_too_old(aged, last / 2)
    assert not is_too_old(aged, last / 2 - 0.001)


def test_no_attempt_goes_on_beyond_the_life_of_its_key() -> None:
    """The earlier of the deadline and the key's end, less its age; without a key the deadline alone."""
    policy = RetryPolicy(deadline=50.0)
    facts = CallFacts(K, key_ttl=100.0, key_age=0.0)
    assert latest(policy, facts) == 50.0
    assert latest(policy, replace(facts, key_age=60.0)) == 30.0
    assert latest(policy, replace(facts, key_ttl=20.0)) == 18.0
    for safety in (S, I, N):
        assert latest(policy, CallFacts(safety, key_ttl=20.0, key_age=0.0)) == 50.0


@pytest.mark.parametrize(("status", "is_done"), [(199, False), (200, True), (299, True), (300, False)])
def test_what_is_a_success(status: int, is_done: bool) -> None:  # noqa: FBT001
    """Exactly the 2xx."""
    assert is_success(status) is is_done


def test_waits_do_not_grow_without_end() -> None:
    """However many attempts there were, the wait is the longest at most; numbers stay finite."""
    history = [Attempt(number, 0.0, 0.0, Failed(Failure.ANSWER_LOST), UNKNOWN) for number in range(1, 80)]
    policy = RetryPolicy(max_retries=100, initial_delay=1e-20, max_delay=5.0, deadline=1e6)
    decided = decide(policy, CallFacts(S), history, Failed(Failure.ANSWER_LOST), 0.5)
    assert isinstance(decided, Retry)
    assert decided.delay == 0.5 * 1e-20 * 2.0**60
