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
    EffectivePolicy,
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
    may_be_repeated,
    refuse_unsafe_statuses,
    ttl_margin,
    with_max_retries,
)
from samekey_templates.runtime.safety import Evidence, Safety

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

S, I, K, N = Safety.SAFE, Safety.IDEMPOTENT, Safety.KEYED, Safety.UNSAFE  # noqa: E741  # the rules' own letters
NOT_SENT, REJECTED, UNKNOWN, APPLIED = Certainty.NOT_SENT, Certainty.REJECTED, Certainty.UNKNOWN, Certainty.APPLIED

PAGE = Path(__file__).parents[3] / "docs" / "retry-rules.md"

REFUSALS = (*range(400, 408), *range(409, 418), 421, 422, 424, 426, 428, 431, 451, 501, 505, 507, 511)
DOCUMENTED_REDIRECTS, DOCUMENTED_REFUSALS = (302, 303), (423, 449)
DOCUMENTS = (*DOCUMENTED_REDIRECTS, 409, *DOCUMENTED_REFUSALS)
OUTCOMES: dict[str, tuple[Outcome, ...]] = {
    "unreachable": (Failed(Failure.UNREACHABLE), Failed(Failure.UNREACHABLE, timeout=True)),
    "unsendable": (Failed(Failure.UNSENDABLE), Failed(Failure.UNSENDABLE, timeout=True)),
    "stream refused": (Failed(Failure.STREAM_REFUSED),),
    "answer lost": (Failed(Failure.ANSWER_LOST), Failed(Failure.ANSWER_LOST, timeout=True)),
    "answer cut": (Failed(Failure.ANSWER_CUT, status=200), Failed(Failure.ANSWER_CUT, timeout=True, status=201)),
    "undecodable": (Failed(Failure.UNDECODABLE, status=200),),
    "deadline": (Failed(Failure.DEADLINE), Failed(Failure.DEADLINE, timeout=True)),
    "cancelled": (Failed(Failure.CANCELLED),),
    "redirect": tuple(Failed(Failure.REDIRECTED, status=status) for status in (301, 307, 308)),
    "documented redirect": tuple(Failed(Failure.REDIRECTED, status=status) for status in DOCUMENTED_REDIRECTS),
    "html page": (Failed(Failure.FOREIGN_PAGE, status=200),),
    "done": (Answered(200), Answered(201), Answered(202), Answered(204), Answered(200, replayed=True)),
    "408": (Answered(408),),
    "client gone": (Answered(460), Answered(499)),
    "in flight": (
        Answered(409, in_flight=True),
        Answered(409, in_flight=True, in_flight_named=True),
        Answered(422, in_flight=True, in_flight_named=True),
    ),
    "refusal": tuple(Answered(status) for status in REFUSALS),
    "documented refusal": tuple(Answered(status) for status in DOCUMENTED_REFUSALS),
    "stray": tuple(Answered(status) for status in (418, 419, 420, 430, 440, 444, 450, 495, 498)),
    "refused": (Answered(200, refused=True), Answered(202, refused=True)),
    "mismatch": (Answered(422, mismatch=True), Answered(400, mismatch=True), Answered(409, mismatch=True)),
    "too many": (Answered(425), Answered(429)),
    "throttled": tuple(Answered(status, throttled=True) for status in (400, 403, 409, 418, 503)),
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
    cells: dict[str, str]
    wait: str
    certainty: str


PROMISED = tuple(evidence for evidence in Evidence if evidence is not Evidence.ASSUMED)
ORIGINS: dict[str, dict[str, Any]] = {
    "minted": {"resumed": False, "settled_by": (402, 400, 409, 422)},
    "first use": {"resumed": False, "settled_by": (402, 400, 409, 422)},
    "resumed": {"resumed": True, "settled_by": (402,)},
    "settled": {"resumed": True, "settled_by": (402, 400, 409, 422)},
    "settled, done": {"resumed": True, "settled_by": (402, 400, 409, 422), "is_done": True},
}
"""Where a key comes from, as the facts of a call say it."""


def kinds() -> Iterator[tuple[str, CallFacts]]:
    """Every kind of call, with its column of the table: each safety, evidence and origin of the key."""
    for column, safety in (("S", S), ("I", I), ("N", N)):
        yield column, CallFacts(safety, documents=DOCUMENTS)
    for evidence, origin in itertools.product(Evidence, ORIGINS.values()):
        facts = CallFacts(K, evidence=evidence, documents=DOCUMENTS, **origin)
        assumed = evidence is Evidence.ASSUMED
        yield "A" if assumed else "K", replace(facts, settled_by=()) if assumed else facts
        if assumed:
            # With `key-only` it is retried as a call without a key.
            yield "N", replace(facts, settled_by=(), key_only=True)


KINDS = list(kinds())


def read_rules() -> dict[str, Row]:
    """The table of section 3 of the page as rows by the word that each begins with."""
    section = PAGE.read_text("utf-8").partition("\n## 3. ")[2].partition("\n### 3.1")[0]
    rows: dict[str, Row] = {}
    for line in section.splitlines():
        if line.startswith("| `"):
            what, *cells, wait, certainty = (cell.strip() for cell in line.split("|")[1:-1])
            name = what.split("`")[1]
            rows[name] = Row(name, dict(zip("SIKAN", cells, strict=True)), wait, certainty)
    assert rows.keys() == OUTCOMES.keys()
    return rows


ROWS = read_rules()


def row_for(name: str, column: str, facts: CallFacts, outcome: Outcome) -> Row:
    """The row that holds for a column: its own, or that of the bare status where the column has no such row."""
    row = ROWS[name]
    if facts.key_only and row.cells["N"] == "plain":
        # The key is sent, so the answer may speak of it; only the retries are those of a call without one.
        return Row(name, {"N": "-"}, row.wait, row.certainty)
    if row.cells[column] != "plain":
        return row
    assert isinstance(outcome, Answered)
    return ROWS["500"] if outcome.status in (500, 502) else ROWS["refusal"]


def certainty_by_rules(row: Row, *, first: bool) -> Certainty:
    """The last column."""
    if row.name == "mismatch":
        return REJECTED if first else UNKNOWN
    return Certainty(row.certainty)


def retried_by_rules(  # noqa: C901, PLR0911  # one line for each sentence of the retry rules
    row: Row,
    column: str,
    outcome: Outcome,
    certainty: Certainty,
    statuses: frozenset[int] | None,
    facts: CallFacts,
    *,
    wanted: bool,
) -> bool | None:
    """Whether the rules have an attempt follow; None where they do not say."""
    status = outcome.status if isinstance(outcome, Answered) else None
    word = outcome.should_retry if isinstance(outcome, Answered) else None
    if isinstance(outcome, Answered) and outcome.is_done:
        return False
    if word is False:
        return False
    if not facts.replayable and certainty is not NOT_SENT:
        return False
    if status is None:
        return row.cells[column] == "Y" or (wanted and certainty is NOT_SENT)
    named = statuses is not None and status in statuses
    left_out = statuses is not None and not named
    if row.name in FINAL:
        return False if row.cells[column] == "-" else None
    if row.name == "in flight" and left_out and not (word or wanted):
        return None
    is_harmless = column != "N" or certainty is REJECTED
    if wanted and (is_harmless or row.cells[column] == "?"):
        return True
    if word is True and left_out:
        return None  # the rules do not say which of two words weighs more
    if (word is True or named) and is_harmless:
        return True
    if left_out:
        return False
    return row.cells[column] == "Y" or (row.cells[column] == "?" and named)


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


@pytest.mark.parametrize("name", list(ROWS))
def test_the_last_column(name: str) -> None:
    """What one attempt makes certain is what the table says, for every kind of call, whatever else the answer bears."""
    wrong: list[str] = []
    for bare, (column, facts), first in itertools.product(OUTCOMES[name], KINDS, (True, False)):
        row = row_for(name, column, facts, bare)
        expected = certainty_by_rules(row, first=first and not facts.resumed)
        for outcome in variants(bare):
            found = certainty_of(facts, [] if first else past(facts.safety), outcome)
            if found is not expected:
                wrong.append(f"{outcome!r} {first=} {facts}: {found}, not {expected}")
    assert not wrong


PRODUCT = 500_000
"""How many cells are judged at least, with every way to choose statuses and every word of the server."""


def test_who_is_retried() -> None:
    """Every cell of the table: all kinds of calls, statuses of the policy, words of server and caller, and bodies."""
    wrong: list[str] = []
    judged = 0
    cases = ((name, bare) for name in ROWS for bare in OUTCOMES[name])
    for (name, bare), (column, bare_facts), replayable, first, wanted in itertools.product(
        cases, KINDS, (False, True), (True, False), (False, True)
    ):
        facts = replace(bare_facts, replayable=replayable)
        row = row_for(name, column, facts, bare)
        certainty = certainty_by_rules(row, first=first and not facts.resumed)
        history = [] if first else past(facts.safety)
        status = bare.status if isinstance(bare, Answered) else None
        own = frozenset({status} if status is not None and status >= 400 else ())
        for statuses in (None, own, frozenset[int](), EVERY_RETRIED_STATUS - own):
            policy = EffectivePolicy(max_retries=50, deadline=1000.0, statuses=statuses)
            for outcome in variants(bare):
                expected = retried_by_rules(row, column, outcome, certainty, statuses, facts, wanted=wanted)
                if expected is None:
                    continue
                judged += 1
                decision = decide(policy, facts, history, outcome, 0.5, wanted)
                if isinstance(decision, Retry) is not expected:
                    wrong.append(f"{name} {column} {outcome!r} {statuses=} {wanted=} {facts}: {decision}, {expected=}")
    assert not wrong, f"{len(wrong)} of {judged}:\n" + "\n".join(wrong[:10])
    assert judged > PRODUCT


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.wait])
def test_the_wait_of_each_row(name: str, jitter: float) -> None:
    """W is full jitter, RA takes Retry-After as a floor, and what the server asks is never undercut in any row."""
    policy = EffectivePolicy(max_retries=50, initial_delay=0.5, max_delay=8.0)
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
    refused, facts, policy = Failed(Failure.STREAM_REFUSED), CallFacts(N), EffectivePolicy(max_retries=9)
    first = decide(policy, facts, [], refused, 0.5)
    second = decide(policy, facts, attempts_of(facts, [refused]), refused, 0.5)
    third = decide(policy, facts, attempts_of(facts, [refused, Failed(Failure.UNREACHABLE)]), refused, 0.5)
    late = decide(policy, facts, attempts_of(facts, [Failed(Failure.UNREACHABLE)]), refused, 0.5)
    delays = [decision.delay if isinstance(decision, Retry) else None for decision in (first, second, third, late)]
    assert delays == [0.0, 0.5, 1.0, 0.0]


@pytest.mark.parametrize("status", [509, 512, 519, 561])
@pytest.mark.parametrize("safety", list(Safety))
def test_a_5xx_that_the_rules_do_not_list_proves_nothing(status: int, safety: Safety) -> None:
    """A server error that nobody has thought of is retried as others are, and not taken for a refusal."""
    decision = decide(EffectivePolicy(), CallFacts(safety), [], Answered(status), 0.5)
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
    found = conclude(facts, attempts_of(facts, [Answered(status)]))
    assert found is (REJECTED if status == 402 else UNKNOWN)


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
    found = conclude(facts, attempts)
    if any(attempt.certainty is UNKNOWN for attempt in attempts):
        assert found in (UNKNOWN, APPLIED)
    else:
        assert found is not UNKNOWN


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
    found = conclude(facts, attempts)
    assert found is UNKNOWN or (settled and found is REJECTED)
    last = since[-1] if since else None
    if isinstance(last, Answered) and last.status in SETTLING_4XX and not (last.in_flight or last.mismatch):
        assert found is REJECTED


@given(st.sampled_from(list(Safety)), HISTORIES)
def test_an_untainted_call_is_what_its_attempts_are(safety: Safety, outcomes: list[Outcome]) -> None:
    """Without UNKNOWN and APPLIED: REJECTED if the server has seen any attempt, else NOT_SENT."""
    facts = CallFacts(safety)
    attempts = attempts_of(facts, outcomes)
    certainties = {attempt.certainty for attempt in attempts}
    if not certainties & {UNKNOWN, APPLIED}:
        assert conclude(facts, attempts) is (REJECTED if REJECTED in certainties else NOT_SENT)


POLICIES = st.builds(
    EffectivePolicy,
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
    policy: EffectivePolicy, facts: CallFacts, before: list[Outcome], outcome: Outcome, elapsed: float, jitter: float
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
    policy: EffectivePolicy, facts: CallFacts, outcome: Outcome, elapsed: float, jitter: float
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
    policy, facts = EffectivePolicy(max_retries=retries), CallFacts(K)
    for done in range(retries):
        assert isinstance(decide(policy, facts, attempts_of(facts, [LOST] * done), LOST, 0.5), Retry)
    assert isinstance(decide(policy, facts, attempts_of(facts, [LOST] * retries), LOST, 0.5), Stop)


def test_waiting_for_the_first_run_counts_no_retry() -> None:
    """A first run that the dialect can name is waited for to the deadline; what follows still has all its retries."""
    policy, facts = EffectivePolicy(max_retries=1), CallFacts(K, resumed=True)
    polled = attempts_of(facts, [NAMED_IN_FLIGHT] * 20)
    assert isinstance(decide(policy, facts, polled, at(NAMED_IN_FLIGHT, 115.0), 0.0), Retry)
    assert isinstance(decide(policy, facts, polled, at(NAMED_IN_FLIGHT, 120.0), 0.0), Stop)
    assert isinstance(decide(policy, facts, polled, Answered(503), 0.5), Retry)
    once_more = attempts_of(facts, [*[NAMED_IN_FLIGHT] * 20, Answered(503)])
    assert isinstance(decide(policy, facts, once_more, Answered(503), 0.5), Stop)


def test_what_only_looks_like_a_first_run_counts_as_a_retry() -> None:
    """A conflict that is none of a key must not be asked for until the deadline."""
    policy, facts = EffectivePolicy(max_retries=2), CallFacts(K)
    assert isinstance(decide(policy, facts, attempts_of(facts, [IN_FLIGHT]), IN_FLIGHT, 0.5), Retry)
    assert isinstance(decide(policy, facts, attempts_of(facts, [IN_FLIGHT] * 2), IN_FLIGHT, 0.5), Stop)


@pytest.mark.parametrize("outcome", [IN_FLIGHT, NAMED_IN_FLIGHT])
def test_a_call_without_retries_is_one_request(outcome: Outcome) -> None:
    """`max_retries=0` is one request, always."""
    assert isinstance(decide(EffectivePolicy(max_retries=0), CallFacts(K, resumed=True), [], outcome, 0.5), Stop)


@pytest.mark.parametrize(("asked", "retried"), [(0.0, True), (60.0, True), (60.001, False), (3600.0, False)])
@pytest.mark.parametrize("status", [429, 503, 500])
def test_a_server_that_asks_for_too_much_is_not_waited_for(status: int, asked: float, retried: bool) -> None:  # noqa: FBT001
    """Beyond `max_retry_after`: stop and surface it."""
    decision = decide(EffectivePolicy(), CallFacts(K), [], Answered(status, retry_after=asked), 0.5)
    assert isinstance(decision, Retry) is retried


@pytest.mark.parametrize(
    ("elapsed", "asked", "retried"), [(0.0, 9.9, True), (0.0, 10.0, False), (5.0, 4.9, True), (5.0, 5.5, False)]
)
def test_a_wait_that_would_pass_the_deadline_is_not_begun(elapsed: float, asked: float, retried: bool) -> None:  # noqa: FBT001
    """The error surfaces at once instead."""
    policy = EffectivePolicy(deadline=10.0)
    decision = decide(policy, CallFacts(K), [], Answered(429, at=elapsed, retry_after=asked), 0.0)
    assert isinstance(decision, Retry) is retried


@pytest.mark.parametrize("ttl", [1.0, 30.0, 3600.0, 86_400.0])
def test_no_attempt_starts_when_the_key_may_be_forgotten(ttl: float) -> None:
    """First attempt + ttl - a margin: a purged key is a new request. Calls without a key have no such limit."""
    policy = EffectivePolicy(deadline=1_000_000.0, max_retry_after=1_000_000.0)
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
    decision = decide(EffectivePolicy(), facts, attempts_of(facts, [outcome] if later else []), outcome, 0.5)
    assert isinstance(decision, Retry)
    assert decision.cost == cost


def test_a_key_is_as_old_as_its_first_use() -> None:
    """A key that an earlier process sent first has that much less time left."""
    policy = EffectivePolicy(deadline=1_000_000.0)
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
    policy = EffectivePolicy(statuses=frozenset({status}))
    for safety in (S, I, K):
        assert isinstance(decide(policy, CallFacts(safety), [], Answered(status), 0.5), Retry)
    is_harmless = certainty_of(CallFacts(N), [], Answered(status)) is REJECTED
    assert isinstance(decide(policy, CallFacts(N), [], Answered(status), 0.5), Retry) is is_harmless


def test_the_defaults_are_those_of_the_rules() -> None:
    """Section 4 and section 5 name them."""
    policy = EffectivePolicy()
    assert (policy.max_retries, policy.initial_delay, policy.max_delay) == (3, 0.5, 8.0)
    assert (policy.deadline, policy.max_retry_after, policy.statuses, policy.budget) == (120.0, 60.0, None, True)
    assert CallFacts(K).key_ttl == 24 * 3600


def test_a_huge_history_does_not_overflow() -> None:
    """Backoff is bounded also after thousands of polls."""
    facts = CallFacts(K)
    attempt = Attempt(1, 0.0, 0.0, NAMED_IN_FLIGHT, UNKNOWN, 0.0)
    decision = decide(EffectivePolicy(), facts, [attempt] * 5000, NAMED_IN_FLIGHT, 0.5)
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
    policy = EffectivePolicy(deadline=50.0)
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
    policy = EffectivePolicy(max_retries=100, initial_delay=1e-20, max_delay=5.0, deadline=1e6)
    decided = decide(policy, CallFacts(S), history, Failed(Failure.ANSWER_LOST), 0.5)
    assert isinstance(decided, Retry)
    assert decided.delay == 0.5 * 1e-20 * 2.0**60


@pytest.mark.parametrize("origin", list(ORIGINS))
@pytest.mark.parametrize("evidence", list(Evidence))
def test_who_settles_what_was_lost(evidence: Evidence, origin: str) -> None:
    """Section 3.1 for each evidence and origin of the key and each 4xx, stored or not, after a lost attempt."""
    facts = CallFacts(K, evidence=evidence, documents=DOCUMENTS, **ORIGINS[origin])
    facts = replace(facts, settled_by=()) if evidence is Evidence.ASSUMED else facts
    for status, replayed in itertools.product(range(400, 500), (False, True)):
        found = conclude(facts, attempts_of(facts, [LOST, Answered(status, replayed=replayed)]))
        if facts.is_done:
            assert found is APPLIED
        elif replayed or status in facts.settled_by:
            assert found is REJECTED, status
        else:
            assert found is UNKNOWN, status


def test_an_answer_that_was_cut_is_not_bought_with_a_second_effect() -> None:
    """It is done; a server that does not honour the key would do it again for the sake of its answer."""
    for evidence in Evidence:
        facts = CallFacts(K, evidence=evidence)
        decision = decide(EffectivePolicy(), facts, [], CUT, 0.5)
        assert isinstance(decision, Stop if evidence is Evidence.ASSUMED else Retry)
        assert certainty_of(facts, [], CUT) is APPLIED


REPEATED = [
    ("one attempt", False, (LOST,), False),
    ("one that was done", False, (Answered(201),), False),
    ("refused twice", False, (Answered(429), Answered(429)), False),
    ("unreachable, then done", False, (UNREACHABLE, Answered(201)), False),
    ("lost, then done", False, (LOST, Answered(201)), True),
    ("lost twice", False, (LOST, LOST), True),
    ("a 503, then done", False, (Answered(503), Answered(201)), True),
    ("lost, then the stored answer", False, (LOST, Answered(201, replayed=True)), False),
    ("the stored answer, then another one", False, (Answered(500, replayed=True), Answered(201)), False),
    ("resumed, unreachable", True, (UNREACHABLE,), True),
    ("resumed, done", True, (Answered(201),), True),
    ("resumed, the stored answer", True, (Answered(201, replayed=True),), False),
    ("nothing", False, (), False),
]


@pytest.mark.parametrize(("case", "resumed", "outcomes", "expected"), REPEATED, ids=[row[0] for row in REPEATED])
def test_what_may_be_repeated(case: str, resumed: bool, outcomes: tuple[Outcome, ...], expected: bool) -> None:  # noqa: ARG001, FBT001
    """Assumed keys and calls without one; never where somebody promises, or where there is nothing to repeat."""
    assumed = CallFacts(K, evidence=Evidence.ASSUMED, resumed=resumed)
    unsafe = CallFacts(N, resumed=resumed)
    assert may_be_repeated(assumed, attempts_of(assumed, outcomes)) is expected
    assert may_be_repeated(unsafe, attempts_of(unsafe, outcomes)) is expected
    for facts in (*(replace(assumed, evidence=evidence) for evidence in PROMISED), CallFacts(S), CallFacts(I)):
        assert not may_be_repeated(facts, attempts_of(facts, outcomes))


ANY_KIND = st.sampled_from([facts for _, facts in KINDS])


class HonestServer:
    """What a server does with the attempts of a call: once where it honours keys, else each time that one arrives."""

    def __init__(self, *, honours: bool) -> None:
        self.honours = honours
        self.effects = 0

    def arrive(self) -> None:
        """Do what is asked, unless it was done under this key."""
        if not self.honours or self.effects == 0:
            self.effects += 1


STORIES = st.lists(st.tuples(any_outcome(), st.booleans()), min_size=1, max_size=6)


def effects_of(facts: CallFacts, story: list[tuple[Outcome, bool]], *, honours: bool) -> tuple[list[Attempt], int]:
    """The attempts of a call as far as it goes, and how often a server did what was asked.

    A server that shows the marker of a stored answer it does not have is no honest one: its story ends before that.
    """
    effects, outcomes = 0, list[Outcome]()
    for outcome, did_arrive in story:
        is_stored = isinstance(outcome, Answered) and outcome.replayed
        if is_stored and effects != 1:
            break
        outcomes.append(outcome)
        certainty = attempts_of(facts, outcomes)[-1].certainty
        reached = certainty is APPLIED or (certainty is UNKNOWN and did_arrive)
        if reached and not is_stored and not (honours and effects):
            effects += 1
        if isinstance(outcome, Answered) and outcome.is_done:
            break
    return attempts_of(facts, outcomes), effects


@given(st.sampled_from([facts for _, facts in KINDS if facts.safety in (K, N) and not facts.resumed]), st.data())
def test_no_history_is_told_as_less_than_it_may_be(facts: CallFacts, data: st.DataObject) -> None:
    """Section 8.2: what is UNKNOWN arrived or not, and APPLIED without `may_be_repeated` is exactly one effect."""
    promised = facts.safety is K and facts.evidence is not Evidence.ASSUMED
    attempts, effects = effects_of(facts, data.draw(STORIES), honours=promised or data.draw(st.booleans()))
    if may_be_repeated(facts, attempts):
        assert not promised
        return
    match conclude(facts, attempts):
        case Certainty.APPLIED:
            assert effects == 1
        case Certainty.NOT_SENT:
            assert effects == 0
        case Certainty.UNKNOWN:
            assert effects <= 1
        case Certainty.REJECTED:
            # The server's own word that nothing was done is taken for what it is.
            assert effects <= 1


def test_a_call_that_was_done_stays_done() -> None:
    """`settle` sends a call again whose answer was lost; a limiter's 429 does not undo it."""
    facts = CallFacts(K, evidence=Evidence.DECLARED, resumed=True, is_done=True)
    for outcome in (Answered(429), LOST, UNREACHABLE, MISMATCH, Answered(402)):
        assert conclude(facts, attempts_of(facts, [outcome])) is APPLIED


def test_the_predicate_of_a_caller_adds_within_the_bounds() -> None:
    """`retry_if`: a 404 after a create, but nothing that was done or that the server forbids."""
    policy = EffectivePolicy()
    cases: list[tuple[Safety, Outcome, type]] = [
        (K, Answered(404), Retry), (S, Answered(404), Retry), (N, Answered(404), Retry),
        (K, Answered(200), Stop), (K, Answered(404, should_retry=False), Stop), (N, Answered(500), Stop),
        (K, UNSENDABLE, Retry), (N, UNSENDABLE, Retry), (N, LOST, Stop), (K, MISMATCH, Stop), (K, CANCELLED, Stop),
    ]  # fmt: skip
    for safety, outcome, expected in cases:
        assert isinstance(decide(policy, CallFacts(safety), [], outcome, 0.5, wanted=True), expected), outcome
    lost = attempts_of(CallFacts(K), [Answered(404)] * 3)
    assert isinstance(decide(policy, CallFacts(K), lost, Answered(404), 0.5, wanted=True), Stop)


def test_policies_refine_each_other() -> None:
    """What a policy does not say falls through to the one behind it, field by field."""
    base = RetryPolicy(max_retries=0, deadline=60.0, statuses=frozenset({503}))
    refined = RetryPolicy(deadline=20.0).over(base)
    assert refined == RetryPolicy(max_retries=0, deadline=20.0, statuses=frozenset({503}))
    assert RetryPolicy().over(base) == base
    assert RetryPolicy(budget=False).over(RetryPolicy(budget=True)).budget is False
    assert EffectivePolicy.of(RetryPolicy()) == EffectivePolicy()
    assert EffectivePolicy.of(refined).initial_delay == 0.5


def test_a_number_of_retries_may_stand_beside_a_policy() -> None:
    """It is the policy's number, where that has none or the same; two numbers are refused."""
    policy = RetryPolicy(deadline=5)
    assert with_max_retries(policy, None) is policy
    assert with_max_retries(None, 0) == RetryPolicy(max_retries=0)
    assert with_max_retries(policy, 4) == RetryPolicy(max_retries=4, deadline=5)
    assert with_max_retries(RetryPolicy(max_retries=4), 4) == RetryPolicy(max_retries=4)
    with pytest.raises(ValueError, match="max_retries=4 and a retry policy with max_retries=5 differ"):
        with_max_retries(RetryPolicy(max_retries=5), 4)


def test_a_policy_that_says_nothing_is_the_one_behind_it() -> None:
    """It is that very policy: clients compare them to share what was made for one."""
    behind = RetryPolicy(deadline=5)
    assert RetryPolicy().over(behind) is behind


def test_the_default_backoff_yields_to_the_end_that_is_said() -> None:
    """Half a second to eight, unless the policy's own end lies beyond."""
    ends = {longest: EffectivePolicy.of(RetryPolicy(max_delay=longest)).initial_delay for longest in (0.0, 0.25, 1.0)}
    assert ends == {0.0: 0.0, 0.25: 0.25, 1.0: 0.5}
    starts = {first: EffectivePolicy.of(RetryPolicy(initial_delay=first)).max_delay for first in (0.0, 2.0, 8.5)}
    assert starts == {0.0: 8.0, 2.0: 8.0, 8.5: 8.5}


def test_a_failure_reads_as_the_transport_said_it() -> None:
    """In its own words, else as its kind."""
    assert str(Failed(Failure.UNREACHABLE, "no route to host")) == "no route to host"
    assert str(Failed(Failure.UNREACHABLE)) == Failure.UNREACHABLE.value


def test_a_plain_set_of_statuses_is_one() -> None:
    """People write `{503}`."""
    given: Any = {503}
    assert RetryPolicy(statuses=given).statuses == frozenset(given)


def test_who_may_retry_once_may_wait_for_a_first_run() -> None:
    """Even when that retry is spent: waiting counts as none."""
    facts = CallFacts(K)
    spent = attempts_of(facts, [Answered(503), NAMED_IN_FLIGHT])
    assert isinstance(decide(EffectivePolicy(max_retries=1), facts, spent, NAMED_IN_FLIGHT, 0.5), Retry)
    assert isinstance(decide(EffectivePolicy(max_retries=1), facts, spent, Answered(503), 0.5), Stop)


def test_nobody_wants_a_retry_who_was_not_asked() -> None:
    """Without the word of a caller's predicate, the rules alone decide."""
    assert isinstance(decide(EffectivePolicy(), CallFacts(K), (), Answered(400), 0.5), Stop)
    assert isinstance(decide(EffectivePolicy(), CallFacts(K), (), Answered(400), 0.5, True), Retry)  # noqa: FBT003


def test_a_page_is_an_answer_where_nothing_is_known_of_the_operation() -> None:
    """To take HTML for a login page is right only where the document says what else comes."""
    assert CallFacts(K).expects_html is True


def test_one_end_of_the_backoff_moves_the_other() -> None:
    """`max_delay=0.1` alone is no mistake: nobody has said that the first wait is longer."""
    short = EffectivePolicy.of(RetryPolicy(max_delay=0.1))
    assert (short.initial_delay, short.max_delay) == (0.1, 0.1)
    long = EffectivePolicy.of(RetryPolicy(initial_delay=20.0))
    assert (long.initial_delay, long.max_delay) == (20.0, 20.0)
    refined = RetryPolicy(max_delay=1.0).over(RetryPolicy(initial_delay=5.0, max_delay=9.0))
    assert (refined.initial_delay, refined.max_delay) == (1.0, 1.0)
    refined = RetryPolicy(initial_delay=12.0).over(RetryPolicy(initial_delay=5.0, max_delay=9.0))
    assert (refined.initial_delay, refined.max_delay) == (12.0, 12.0)


@pytest.mark.parametrize("status", [400, 404, 408, 423, 429, 460, 499, 500, 501, 502, 503, 504, 529])
def test_a_call_without_a_key_cannot_name_what_may_have_been_done(status: int) -> None:
    """A ValueError that says why, for all but 408, 503, 529 and refusals."""
    policy = RetryPolicy(statuses=frozenset({429, status}))
    if status in {400, 404, 408, 429, 501, 503, 529}:
        refuse_unsafe_statuses(policy, "orders.create")
    else:
        with pytest.raises(ValueError, match=rf"orders\.create carries no idempotency key, and after .*{status}"):
            refuse_unsafe_statuses(policy, "orders.create")
    refuse_unsafe_statuses(RetryPolicy(), "orders.create")


@pytest.mark.parametrize("statuses", [[503], {"503"}, frozenset({True}), 503])
def test_a_policy_refuses_statuses_that_are_no_set_of_numbers(statuses: Any) -> None:  # noqa: ANN401
    """What a config file or a caller got wrong is told when the policy is built."""
    with pytest.raises(ValueError, match="statuses must be a set of numbers"):
        RetryPolicy(statuses=statuses)


async def _asks_somebody(_: object) -> bool:
    return True


@pytest.mark.parametrize("predicate", [True, "always", _asks_somebody])
def test_a_policy_refuses_a_predicate_that_cannot_be_asked(predicate: Any) -> None:  # noqa: ANN401
    """A coroutine would always be true, and so retry everything."""
    with pytest.raises(ValueError, match="retry_if must be a plain function"):
        RetryPolicy(retry_if=predicate)


@pytest.mark.parametrize(("retries", "words"), [(1, "1 retry is spent"), (2, "2 retries are spent")])
def test_the_reason_says_how_many_retries_were_allowed(retries: int, words: str) -> None:
    """In a sentence that a person would write."""
    history = attempts_of(CallFacts(K), [Answered(503)] * retries)
    decision = decide(EffectivePolicy(max_retries=retries), CallFacts(K), history, Answered(503), 0.5)
    assert decision == Stop(words)


@pytest.mark.parametrize(("status", "documented"), [(302, True), (302, False), (303, True), (399, False)])
def test_a_redirect_is_an_answer_only_where_it_is_documented(status: int, documented: bool) -> None:  # noqa: FBT001
    """Another redirect may come from anything between."""
    facts = CallFacts(K, documents=(status,) if documented else (200,))
    assert certainty_of(facts, [], Answered(status)) is (APPLIED if documented else UNKNOWN)
    assert isinstance(decide(EffectivePolicy(), facts, [], Answered(status), 0.5), Stop)


@pytest.mark.parametrize(("safety", "retried"), [(S, True), (I, True), (K, False)])
def test_a_cut_answer_is_fetched_again_where_that_changes_nothing(safety: Safety, retried: bool) -> None:  # noqa: FBT001
    """A server that does not honour an assumed key would do it again."""
    facts = CallFacts(safety, evidence=Evidence.ASSUMED)
    decision = decide(EffectivePolicy(), facts, [], Failed(Failure.ANSWER_CUT, status=200), 0.5)
    assert isinstance(decision, Retry) is retried


def test_an_attempt_begins_at_the_call_unless_it_says_otherwise() -> None:
    """Moments are seconds since the call began."""
    assert (Failed(Failure.ANSWER_LOST).at, Answered(200).at) == (0.0, 0.0)


def test_seconds_may_be_whole_numbers() -> None:
    """Nobody has to write 2.0."""
    assert RetryPolicy(initial_delay=1, max_delay=2, deadline=3).deadline == 3
