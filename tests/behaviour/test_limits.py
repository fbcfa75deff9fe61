"""Deadlines and waits, measured: never past the deadline, never sooner than Retry-After."""

from __future__ import annotations

import socket
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from email.utils import formatdate

import httpx
import pytest
from acme_payments import Certainty, RetryPolicy, Timeout

from .call_styles import CHARGE, PATIENT, Ask, CallStyle, in_this_thread, one
from .fault_server import Act, Fault, FaultServer, answering

GET = Ask("charges.get", ("ch_1",))
SECONDS = 0.25
DEADLINE = RetryPolicy(max_retries=9, initial_delay=0.001, max_delay=0.002, deadline=SECONDS)
GRACE = 0.75
"""Seconds that a busy machine may add."""


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Act.STALL),
        Fault(Act.STALL, after=True),
        Fault(Act.STALL_MID_BODY, after=True),
        Fault(Act.TRICKLE_BODY, after=True),
    ],
    ids=str,
)
def test_no_call_outlasts_its_deadline(server: FaultServer, call_style: CallStyle, fault: Fault) -> None:
    """With its attempts, waits and body read, however slowly the server sends and however patient the timeouts are."""
    server.plan(*[fault] * 9)
    began = time.monotonic()
    ended = one(call_style, server.url, retry=DEADLINE, timeout=PATIENT)
    assert time.monotonic() - began < SECONDS + GRACE
    assert ended.error is not None
    assert type(ended.error).__name__ == "APITimeoutError"
    done = fault.act in (Act.STALL_MID_BODY, Act.TRICKLE_BODY)
    assert ended.record.certainty is (Certainty.APPLIED if done else Certainty.UNKNOWN)


def test_a_trickling_head_does_not_outlast_the_deadline(server: FaultServer, call_style: CallStyle) -> None:
    """Each byte comes sooner than the read timeout, so only the deadline ends the call; the status line has come."""
    server.plan(Fault(Act.TRICKLE_HEAD, after=True))
    began = time.monotonic()
    ended = one(call_style, server.url, retry=DEADLINE, timeout=PATIENT)
    assert time.monotonic() - began < SECONDS + GRACE
    assert type(ended.error).__name__ == "APITimeoutError"
    assert ended.record.certainty is Certainty.APPLIED


def test_a_trickling_upload_does_not_outlast_the_deadline(call_style: CallStyle) -> None:
    """A server that takes a body a little at a time makes every write shorter than the write timeout."""
    with slow_reader() as url:
        began = time.monotonic()
        ended = one(
            call_style, url, CHARGE.again(metadata={"padding": "x" * 16_000_000}), retry=DEADLINE, timeout=PATIENT
        )
        assert time.monotonic() - began < SECONDS + GRACE
    assert type(ended.error).__name__ == "APITimeoutError"
    assert ended.record.certainty is Certainty.UNKNOWN


@contextmanager
def slow_reader() -> Generator[str, None, None]:
    """The URL of a server that takes some 8 MB a second, for longer than a test may last."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:

        def serve() -> None:
            connection, _ = listener.accept()
            end = time.monotonic() + 2
            with connection, suppress(OSError):
                while time.monotonic() < end and connection.recv(65_536):
                    time.sleep(0.008)

        done = pool.submit(serve)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        done.result()


def test_no_chain_of_redirects_outlasts_the_deadline(server: FaultServer, call_style: CallStyle) -> None:
    """Each hop gets what is left, not what there was."""
    hop = answering(307, Location="/v1/charges", after=True)
    slow = [Fault(hop.act, hop.after, hop.answer, slow=0.2), *[Fault(Act.STALL)] * 3]
    server.plan(*slow)
    began = time.monotonic()
    ended = one(call_style, server.url, retry=DEADLINE)
    assert time.monotonic() - began < SECONDS + GRACE
    assert ended.error is not None


def test_a_slow_first_step_leaves_less_to_the_next(server: FaultServer, call_style: CallStyle) -> None:
    """An upload that takes most of the time leaves the answer the rest."""
    server.plan(Fault(Act.STALL_UPLOAD))
    began = time.monotonic()
    ended = one(call_style, server.url, CHARGE.again(metadata={"padding": "x" * 12_000_000}), retry=DEADLINE)
    assert time.monotonic() - began < SECONDS + GRACE
    assert type(ended.error).__name__ == "APITimeoutError"


def test_a_retry_is_not_begun_where_its_wait_would_pass_the_deadline(
    server: FaultServer, call_style: CallStyle
) -> None:
    """The error surfaces at once, with `retry_after`."""
    server.plan(answering(503, Retry_After="5"))
    began = time.monotonic()
    ended = one(call_style, server.url, retry=RetryPolicy(deadline=5.0))
    assert time.monotonic() - began < 1.0
    assert ended.error is not None
    assert ended.error.retry_after == 5.0
    assert len(server.seen) == 1


@pytest.mark.parametrize(("ask", "status"), [(CHARGE, 429), (CHARGE, 503), (CHARGE, 500), (GET, 429)], ids=str)
def test_retry_after_is_never_undercut(server: FaultServer, call_style: CallStyle, ask: Ask, status: int) -> None:
    """Measured at the server, in milliseconds and in seconds, whatever the backoff would have been."""
    server.plan(answering(status, Retry_After_Ms="60"), answering(status, Retry_After="0.08"))
    ended = one(call_style, server.url, ask)
    assert ended.error is None
    first, second, third = (seen.at for seen in server.seen)
    assert second - first >= 0.06
    assert third - second >= 0.08


def test_a_date_is_waited_for(server: FaultServer) -> None:
    """An HTTP date is read against the server's own `Date`, here a year behind ours."""
    then = time.time() - 31_536_000
    server.plan(answering(429, Date=formatdate(then, usegmt=True), Retry_After=formatdate(then + 1, usegmt=True)))
    ended = one(in_this_thread, server.url)
    assert ended.error is None
    first, second = (seen.at for seen in server.seen)
    assert 0.95 <= second - first < 3


def test_backoff_is_jittered_and_bounded(server: FaultServer, call_style: CallStyle) -> None:
    """Waits are drawn from [0, min(max_delay, initial * 2^n)], and differ."""
    server.plan(*[answering(503)] * 8)
    policy = RetryPolicy(max_retries=8, initial_delay=0.004, max_delay=0.03)
    ended = one(call_style, server.url, retry=policy)
    waits = [attempt.wait for attempt in ended.record.attempts[:-1]]
    assert len(waits) == 8
    for number, wait in enumerate(waits):
        assert wait is not None
        assert 0 <= wait <= min(0.03, 0.004 * 2**number)
    assert len(set(waits)) > 1


def test_attempts_are_timed(server: FaultServer, call_style: CallStyle) -> None:
    """`took`, `wait`, `sent_at` and `elapsed` fit together and with the clock on the wall."""
    server.plan(answering(503, Retry_After_Ms="30"))
    before = time.time()
    record = one(call_style, server.url).record
    after = time.time()
    first, second = record.attempts
    assert before - 0.01 <= first.sent_at <= second.sent_at <= after + 0.01
    assert second.sent_at - first.sent_at >= 0.03
    assert first.wait is not None
    assert record.elapsed >= first.took + first.wait + second.took - 0.005
    assert second.wait is None


def test_a_connection_pool_that_is_full_sends_nothing(server: FaultServer) -> None:
    """A pool timeout is NOT_SENT and not retried: more attempts would make the queue longer."""
    server.plan(Fault(Act.STALL))
    with httpx.Client(limits=httpx.Limits(max_connections=1)) as own, ThreadPoolExecutor(1) as pool:
        busy = pool.submit(one, in_this_thread, server.url, GET, http_client=own, retry=RetryPolicy(deadline=0.5))
        while not server.seen:
            time.sleep(0.005)
        ended = one(in_this_thread, server.url, http_client=own, timeout=Timeout(pool=0.1))
        busy.result()
    assert ended.error is not None
    assert len(ended.record.attempts) == 1
    assert ended.record.certainty is Certainty.NOT_SENT
