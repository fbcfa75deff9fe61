"""Every fault, before and after the effect, in every call style: attempts, key, bytes, effects, certainty."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from acme_payments import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    Certainty,
    InternalServerError,
    RateLimitError,
    RetryPolicy,
)
from msgspec import structs

from .call_styles import CHARGE, FAST, HASTY, ONCE, PATIENT, Ask, CallStyle, Ended, one
from .fault_server import Act, Fault, FaultServer, answering

NOT_SENT, REJECTED, UNKNOWN, APPLIED = Certainty.NOT_SENT, Certainty.REJECTED, Certainty.UNKNOWN, Certainty.APPLIED
SERVER_ERRORS = (500, 502, 503, 504, 529)
BIG = CHARGE.again(metadata={"padding": "x" * 12_000_000})


@dataclass(frozen=True)
class Case:
    """A fault, and what the retry rules make of it."""

    name: str
    fault: Fault
    certainty: Certainty
    effects: int
    error: type[APIError]
    ask: Ask = CHARGE
    hasty: bool = False

    def __str__(self) -> str:
        return self.name.replace(" ", "-")

    @property
    def settings(self) -> dict[str, Any]:
        """Timeouts short enough for the fault."""
        if not self.hasty:
            return {"timeout": PATIENT}
        # What is sent again must get through on a busy machine: a server takes its time to read megabytes.
        return {"timeout": structs.replace(HASTY, read=4.0) if self.ask is BIG else HASTY}


CASES = [
    Case("reset unread", Fault(Act.RESET_UNREAD), UNKNOWN, 0, APIConnectionError),
    Case("reset mid upload", Fault(Act.RESET_MID_UPLOAD), UNKNOWN, 0, APIConnectionError, ask=BIG),
    Case("stalled upload", Fault(Act.STALL_UPLOAD), UNKNOWN, 0, APITimeoutError, ask=BIG, hasty=True),
    Case("cut before the effect", Fault(Act.CUT), UNKNOWN, 0, APIConnectionError),
    Case("cut after the effect", Fault(Act.CUT, after=True), UNKNOWN, 1, APIConnectionError),
    Case("reset before the effect", Fault(Act.RESET), UNKNOWN, 0, APIConnectionError),
    Case("reset after the effect", Fault(Act.RESET, after=True), UNKNOWN, 1, APIConnectionError),
    Case("cut in the status line", Fault(Act.CUT_IN_STATUS_LINE, after=True), UNKNOWN, 1, APIConnectionError),
    Case("cut in the head", Fault(Act.CUT_IN_HEAD, after=True), APPLIED, 1, APIConnectionError),
    Case("cut after the head", Fault(Act.CUT_AFTER_HEAD, after=True), APPLIED, 1, APIConnectionError),
    Case("cut mid body", Fault(Act.CUT_MID_BODY, after=True), APPLIED, 1, APIConnectionError),
    Case("cut mid chunk", Fault(Act.CUT_MID_CHUNK, after=True), APPLIED, 1, APIConnectionError),
    Case("stalled before the effect", Fault(Act.STALL), UNKNOWN, 0, APITimeoutError, hasty=True),
    Case("stalled after the effect", Fault(Act.STALL, after=True), UNKNOWN, 1, APITimeoutError, hasty=True),
    Case("stalled mid body", Fault(Act.STALL_MID_BODY, after=True), APPLIED, 1, APITimeoutError, hasty=True),
    Case("408", answering(408), UNKNOWN, 0, APIStatusError),
    Case("499", answering(499), UNKNOWN, 0, APIStatusError),
    Case("520", answering(520), UNKNOWN, 0, InternalServerError),
    Case("425", answering(425), REJECTED, 0, APIStatusError),
    Case("429", answering(429), REJECTED, 0, RateLimitError),
    *(Case(f"{s} before the effect", answering(s), UNKNOWN, 0, InternalServerError) for s in SERVER_ERRORS),
    *(Case(f"{s} after the effect", answering(s, after=True), UNKNOWN, 1, InternalServerError) for s in SERVER_ERRORS),
]


def told_the_truth(server: FaultServer, ended: Ended) -> None:
    """Section 6.2: what a call is told agrees with what was done under its key, once late arrivals have drained."""
    server.drain()
    effects = server.effects_of(ended.key)
    assert effects <= 1
    expected = {NOT_SENT: {0}, REJECTED: {0}, APPLIED: {1}, UNKNOWN: {0, 1}}[ended.record.certainty]
    assert effects in expected, f"told {ended.record.certainty}, but {effects} effects: {ended.error}"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_single_attempt_tells_the_truth_and_its_key_settles_it(
    server: FaultServer, call_style: CallStyle, case: Case
) -> None:
    """The error says what is certain, and calling again with the same key gives exactly one effect."""
    server.plan(case.fault)
    ended = one(call_style, server.url, case.ask, retry=ONCE, **case.settings)
    assert type(ended.error) is case.error
    assert len(ended.record.attempts) == 1
    told_the_truth(server, ended)
    assert ended.record.certainty is case.certainty
    assert server.effects_of(ended.key) == case.effects
    again = one(call_style, server.url, case.ask.again(idempotency_key=ended.key))
    assert again.error is None
    assert again.key == ended.key
    assert again.record.certainty is APPLIED
    assert again.response is not None
    assert again.response.replayed is (case.effects == 1)
    assert server.effects_of(ended.key) == 1


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_retry_gets_through_with_the_same_key_and_bytes(
    server: FaultServer, call_style: CallStyle, case: Case
) -> None:
    """Two attempts, one key, identical bytes, one effect, and the answer of the first where it was made by then."""
    server.plan(case.fault)
    ended = one(call_style, server.url, case.ask, **case.settings)
    assert ended.error is None
    assert ended.response is not None
    assert len(ended.record.attempts) == 2
    assert ended.record.attempts[0].certainty is case.certainty
    assert ended.response.replayed is (case.effects == 1)
    assert ended.response.data.id == "ch_1"
    assert {request.key for request in server.seen} == {ended.key}
    assert all(len(request.every("idempotency-key")) == 1 for request in server.seen)
    whole = [request for request in server.seen if request.complete]
    assert len({(request.method, request.target, request.body) for request in whole}) == 1
    assert len({request.headers for request in server.seen}) == 1
    told_the_truth(server, ended)
    assert server.effects_of(ended.key) == 1


@pytest.mark.parametrize("case", [case for case in CASES if not case.hasty], ids=str)
def test_a_fault_that_lasts_uses_every_retry_and_no_more(
    server: FaultServer, call_style: CallStyle, case: Case
) -> None:
    """`max_retries` more attempts, all with one key, and the truth at the end."""
    server.plan(*[case.fault] * 10)
    ended = one(
        call_style, server.url, case.ask, retry=RetryPolicy(max_retries=2, initial_delay=0.001, max_delay=0.002)
    )
    assert type(ended.error) is case.error
    assert len(ended.record.attempts) == 3
    assert {request.key for request in server.seen} <= {ended.key}
    assert ended.record.certainty is case.certainty
    told_the_truth(server, ended)


@pytest.mark.parametrize("ask", [CHARGE, Ask("charges.get", ("ch_1",)), Ask("customers.delete", ("cus_1",))], ids=str)
def test_a_closed_port_means_that_nothing_was_sent(server: FaultServer, call_style: CallStyle, ask: Ask) -> None:
    """Connection refused: retried for every kind of call, NOT_SENT to the end."""
    server.refuse()
    ended = one(call_style, server.url, ask)
    assert type(ended.error) is APIConnectionError
    assert len(ended.record.attempts) == 4
    assert ended.record.certainty is NOT_SENT
    assert "nothing was sent" in str(ended.error)
    assert not server.seen


def test_a_port_that_opens_again_is_found(server: FaultServer, call_style: CallStyle) -> None:
    """The server comes back between two attempts."""
    server.refuse()
    listen: Callable[[object], None] = lambda _: server.listen() if server.connections == 0 else None  # noqa: E731
    ended = one(call_style, server.url, on_retry=listen)
    assert ended.error is None
    assert [attempt.certainty for attempt in ended.record.attempts] == [NOT_SENT, APPLIED]
    assert server.effects_of(ended.key) == 1


READS_AND_WRITES = [
    Ask("charges.get", ("ch_1",)),
    Ask("charges.list", named={"limit": 3, "status": ["pending", "failed"]}),
    Ask("customers.replace", ("cus_2",), {"email": "ines@mail.example"}),
    Ask("customers.delete", ("cus_1",)),
]


@pytest.mark.parametrize("ask", READS_AND_WRITES, ids=str)
@pytest.mark.parametrize(
    "fault", [Fault(Act.CUT), Fault(Act.RESET, after=False), answering(503), answering(500), answering(429)], ids=str
)
def test_reads_puts_and_deletes_are_retried_without_a_key(
    server: FaultServer, call_style: CallStyle, ask: Ask, fault: Fault
) -> None:
    """GET, PUT and DELETE: retried, identical, and no header or parameter speaks of a key."""
    server.plan(fault)
    ended = one(call_style, server.url, ask)
    assert ended.error is None
    assert ended.key is None
    assert len(server.seen) == 2
    assert len({(seen.method, seen.target, seen.headers, seen.body) for seen in server.seen}) == 1
    text = "".join(f"{seen.target}{seen.headers}{seen.body!r}" for seen in server.seen).lower()
    assert "idempoten" not in text
    assert ended.record.certainty is APPLIED


def test_a_delete_whose_answer_was_lost_stays_unknown(server: FaultServer, call_style: CallStyle) -> None:
    """The retry is answered 404: that was our own delete, and the error does not deny it."""
    server.plan(Fault(Act.CUT, after=True))
    ended = one(call_style, server.url, Ask("customers.delete", ("cus_1",)))
    assert isinstance(ended.error, APIStatusError)
    assert ended.error.status == 404
    assert ended.record.certainty is UNKNOWN
    assert "nothing was done" not in str(ended.error)


def test_a_read_that_was_cut_is_read_again(server: FaultServer, call_style: CallStyle) -> None:
    """Half an answer is no answer."""
    server.plan(Fault(Act.CUT_MID_BODY, after=True), Fault(Act.CUT_AFTER_HEAD, after=True))
    ended = one(call_style, server.url, Ask("charges.get", ("ch_1",)))
    assert ended.response is not None
    assert ended.response.data.id == "ch_1"
    assert len(server.seen) == 3


# --- in flight, mismatch, stored failures ---


def test_a_retry_waits_for_the_first_run(server: FaultServer, call_style: CallStyle) -> None:
    """409 while the first request runs: polled without using up retries, then its answer is replayed."""
    server.plan(Fault(Act.STALL, after=True, slow=0.7))
    policy = RetryPolicy(max_retries=1, initial_delay=0.05, max_delay=0.1, deadline=8.0)
    ended = one(call_style, server.url, retry=policy, timeout=HASTY)
    assert ended.response is not None
    assert ended.response.replayed
    assert len(ended.record.attempts) > 2
    assert {str(attempt.outcome) for attempt in ended.record.attempts[1:-1]} == {"status 409"}
    assert all(attempt.certainty is UNKNOWN for attempt in ended.record.attempts[:-1])
    told_the_truth(server, ended)
    assert server.effects_of(ended.key) == 1


def test_a_first_run_that_outlasts_the_deadline_is_told_as_unknown(server: FaultServer, call_style: CallStyle) -> None:
    """Polling ends with the deadline, as the draft's own error; the effect comes later, and the key settles it."""
    server.plan(Fault(Act.STALL, after=True, slow=0.9))
    policy = RetryPolicy(initial_delay=0.05, max_delay=0.1, deadline=0.45)
    ended = one(call_style, server.url, retry=policy, timeout=HASTY)
    assert type(ended.error).__name__ in ("IdempotencyInFlight", "APITimeoutError")
    assert ended.record.certainty is UNKNOWN
    assert ended.record.elapsed < 0.8
    told_the_truth(server, ended)
    again = one(call_style, server.url, CHARGE.again(idempotency_key=ended.key))
    assert again.response is not None
    assert again.response.replayed
    assert server.effects_of(ended.key) == 1


def test_a_key_that_came_with_another_payload(server: FaultServer, call_style: CallStyle) -> None:
    """422 is the draft's own error and is not retried; the key was used, so something was done under it."""
    first = one(call_style, server.url, CHARGE.again(idempotency_key="order-7"))
    assert first.error is None
    ended = one(call_style, server.url, CHARGE.again(idempotency_key="order-7", amount=2))
    assert type(ended.error).__name__ == "IdempotencyKeyReused"
    assert len(ended.record.attempts) == 1
    assert ended.record.certainty is UNKNOWN
    assert server.effects_of("order-7") == 1


def test_a_stored_failure_ends_the_retries(server: FaultServer, call_style: CallStyle) -> None:
    """A 500 that comes back with the replay marker would come back for ever."""
    server.plan(answering(500, {"error": {"type": "api_error"}}, after=True, stored=True))
    ended = one(call_style, server.url)
    assert isinstance(ended.error, InternalServerError)
    assert len(server.seen) == 2
    assert ended.record.certainty is UNKNOWN
    told_the_truth(server, ended)


@pytest.mark.parametrize("fault", [answering(429), answering(401), answering(403), answering(503)], ids=str)
def test_a_settling_call_that_is_turned_away_denies_nothing(
    server: FaultServer, call_style: CallStyle, fault: Fault
) -> None:
    """Section 6.2: the charge was made by the earlier call; limiters and auth run before the key is looked at."""
    server.plan(Fault(Act.CUT, after=True))
    lost = one(call_style, server.url, retry=ONCE)
    assert lost.record.certainty is UNKNOWN
    server.plan(fault)
    ended = one(call_style, server.url, CHARGE.again(idempotency_key=lost.key), retry=ONCE)
    assert ended.error is not None
    assert "nothing was done" not in str(ended.error)
    told_the_truth(server, ended)


def test_a_settling_call_that_cannot_connect_denies_nothing(server: FaultServer, call_style: CallStyle) -> None:
    """Section 6.2, for a failure to connect."""
    server.plan(Fault(Act.CUT, after=True))
    lost = one(call_style, server.url, retry=ONCE)
    server.refuse()
    ended = one(call_style, server.url, CHARGE.again(idempotency_key=lost.key), retry=ONCE)
    assert ended.error is not None
    assert "nothing was done" not in str(ended.error)
    told_the_truth(server, ended)


def test_a_refusal_after_a_lost_answer_is_not_believed(server: FaultServer, call_style: CallStyle) -> None:
    """The taint rule on the wire: lost after the effect, then limited to the end."""
    server.plan(Fault(Act.CUT, after=True), *[answering(429)] * 5)
    ended = one(call_style, server.url)
    assert isinstance(ended.error, RateLimitError)
    assert ended.record.certainty is UNKNOWN
    assert f"idempotency_key='{ended.key}'" in str(ended.error)
    told_the_truth(server, ended)


def test_what_was_seen_is_not_told_as_never_sent(server: FaultServer, call_style: CallStyle) -> None:
    """NOT_SENT means that the server cannot have seen it: not after it has answered 429."""
    server.plan(answering(429))

    def gone(_: object) -> None:
        server.refuse()

    ended = one(call_style, server.url, on_retry=gone, headers={"Connection": "close"})
    assert ended.error is not None
    assert server.seen
    assert ended.record.certainty is REJECTED


# --- a checker that cannot fail proves nothing ---


def test_the_check_that_these_tests_rely_on_finds_a_second_effect(server: FaultServer, call_style: CallStyle) -> None:
    """Section 6.5; servers that really do things twice are found out in tests/prove and tests/verify."""
    server.plan(Fault(Act.CUT, after=True))
    ended = one(call_style, server.url)
    told_the_truth(server, ended)
    server.effects.append(server.effects[0])
    with pytest.raises(AssertionError):
        told_the_truth(server, ended)


# --- whole histories ---


def random_fault(chance: random.Random) -> Fault:
    """Anything that does not need a timeout."""
    quick = [case.fault for case in CASES if not case.hasty and case.ask is CHARGE]
    kind = chance.random()
    if kind < 0.4:
        return Fault()
    if kind < 0.5:
        return Fault(Act.CUT, after=True, slow=0.02)
    return chance.choice(quick)


@pytest.mark.parametrize("seed", range(8))
def test_histories(server: FaultServer, call_style: CallStyle, seed: int) -> None:
    """Section 6, on random histories: one effect per key at most, the truth told, limits kept, keys never shared."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    asks = [CHARGE.again(amount=number) for number in range(1, 7)]
    server.plan(*[random_fault(chance) for _ in range(18)])
    history = call_style(server.url, *asks, retry=RetryPolicy(max_retries=2, initial_delay=0.001, max_delay=0.004))
    assert len({ended.key for ended in history}) == len(asks)
    for ask, ended in zip(asks, history, strict=True):
        told_the_truth(server, ended)
        mine = [seen for seen in server.seen if seen.key == ended.key]
        assert len(mine) <= len(ended.record.attempts)
        assert len({seen.body for seen in mine}) <= 1
        polls = sum(str(attempt.outcome) == "status 409" for attempt in ended.record.attempts)
        assert len(ended.record.attempts) - polls <= 3
        settled = one(call_style, server.url, ask.again(idempotency_key=ended.key), retry=FAST)
        if settled.error is None:
            assert server.effects_of(ended.key) == 1
        else:
            told_the_truth(server, settled)
