"""An answer that breaks off inside its headers: its status line decides, and nothing before it does."""

from __future__ import annotations

import socket
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import httpx
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

from .call_styles import CHARGE, HASTY, ONCE, Ask, CallStyle, in_this_thread, one
from .fault_server import Act, Fault, FaultServer

GET = Ask("charges.get", ("ch_1",))
CREATED = b"HTTP/1.1 201 Created\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
BROKEN = [Act.CUT_IN_HEAD, Act.STALL_IN_HEAD]
ERRORS: dict[Act, type[APIError]] = {Act.CUT_IN_HEAD: APIConnectionError, Act.STALL_IN_HEAD: APITimeoutError}


def breaking(act: Act, head: bytes, *, after: bool = True) -> Fault:
    """An answer of which no more comes than the start of its head."""
    return Fault(act, after, head=head)


@pytest.mark.parametrize("act", BROKEN)
@pytest.mark.parametrize(
    "head",
    [
        CREATED,
        b"HTTP/1.1 201\r\n",
        CREATED + b"Content-Type: appl",
        CREATED + b"Content-Type: application/json\r\nContent-Length: 12\r\n",
        CONTINUE + CREATED,
        HINTS + CONTINUE + CREATED + b"Date",
    ],
    ids=["line", "no phrase", "part of a header", "headers", "after 100", "after 103 and 100"],
)
def test_a_success_whose_headers_break_off_was_done(
    server: FaultServer, call_style: CallStyle, act: Act, head: bytes
) -> None:
    """Cut or stalled after a 2xx status line: APPLIED, and the key brings the answer."""
    server.plan(breaking(act, head))
    ended = one(call_style, server.url, retry=ONCE, timeout=HASTY)
    assert type(ended.error) is ERRORS[act]
    assert ended.record.certainty is Certainty.APPLIED
    assert "the answer with status 201 was cut" in str(ended.error)
    assert "without sending a response" not in str(ended.error)
    server.drain()
    assert server.effects_of(ended.key) == 1
    again = one(call_style, server.url, CHARGE.again(idempotency_key=ended.key))
    assert again.response is not None
    assert again.response.replayed


@pytest.mark.parametrize("act", BROKEN)
@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 201 Crea",
        b"HTTP/1.1 20",
        CONTINUE,
        CONTINUE.removesuffix(b"\r\n") + b"X: \rHTTP/1.1 201 Created\r\n",
        CONTINUE + b"HTTP/1.1 201",
        b"ICY 200 OK\r\n",
    ],
    ids=["in the phrase", "in the number", "an interim answer", "in its headers", "in the line after it", "no HTTP"],
)
def test_without_a_whole_status_line_nothing_is_known(
    server: FaultServer, call_style: CallStyle, act: Act, head: bytes
) -> None:
    """An interim answer promises nothing, and half a line may still change."""
    server.plan(breaking(act, head))
    ended = one(call_style, server.url, retry=ONCE, timeout=HASTY)
    assert isinstance(ended.error, APIConnectionError)
    assert ended.record.certainty is Certainty.UNKNOWN


@pytest.mark.parametrize("act", BROKEN)
def test_a_read_is_read_again_and_a_charge_replayed(server: FaultServer, call_style: CallStyle, act: Act) -> None:
    """Retried, as the retry rules say of an answer that was cut."""
    for ask in (GET, CHARGE):
        server.plan(breaking(act, CREATED))
        ended = one(call_style, server.url, ask, timeout=HASTY)
        assert ended.response is not None
        assert [attempt.certainty for attempt in ended.record.attempts] == [Certainty.APPLIED] * 2


@pytest.mark.parametrize("act", BROKEN)
@pytest.mark.parametrize(
    ("status", "error", "certainty", "attempts"),
    [
        (503, InternalServerError, Certainty.UNKNOWN, 3),
        (500, InternalServerError, Certainty.UNKNOWN, 3),
        (429, RateLimitError, Certainty.REJECTED, 3),
        (422, APIStatusError, Certainty.REJECTED, 1),
        (404, APIStatusError, Certainty.REJECTED, 1),
    ],
)
def test_a_refusal_whose_headers_break_off_is_read_by_its_status(  # a row of the table
    server: FaultServer,
    call_style: CallStyle,
    act: Act,
    status: int,
    error: type[APIError],
    certainty: Certainty,
    attempts: int,
) -> None:
    """The row of the status, without what its headers would have added."""
    server.plan(*[breaking(act, CONTINUE + b"HTTP/1.1 %d No\r\nRetry-Af" % status, after=False)] * 3)
    policy = RetryPolicy(max_retries=2, initial_delay=0.001, max_delay=0.002)
    ended = one(call_style, server.url, retry=policy, timeout=HASTY)
    assert isinstance(ended.error, error)
    assert isinstance(ended.error, APIStatusError)
    assert (ended.error.status, ended.error.content, dict(ended.error.headers)) == (status, b"", {})
    assert ended.record.certainty is certainty
    assert len(ended.record.attempts) == attempts


def test_a_redirect_whose_target_is_cut_off_is_asked_for_again(server: FaultServer, call_style: CallStyle) -> None:
    """307 would have been followed; where to is lost."""
    server.plan(breaking(Act.CUT_IN_HEAD, b"HTTP/1.1 307 Over There\r\nLoca", after=False))
    ended = one(call_style, server.url)
    assert ended.response is not None
    assert [attempt.certainty for attempt in ended.record.attempts] == [Certainty.UNKNOWN, Certainty.APPLIED]


def test_a_connection_that_has_served_before_is_read_the_same_way(server: FaultServer, call_style: CallStyle) -> None:
    """Each attempt has a head of its own, whatever came over the connection earlier."""
    server.plan(Fault(), breaking(Act.CUT_IN_HEAD, CREATED), Fault(), Fault(Act.CUT, after=True))
    first, second, third = call_style(server.url, CHARGE, CHARGE, CHARGE, retry=ONCE)[:3]
    assert first.error is None
    assert second.record.certainty is Certainty.APPLIED
    assert second.error is not None
    assert third.error is None
    assert server.connections == 2


def test_a_client_of_the_callers_own_is_not_touched(server: FaultServer) -> None:
    """What breaks off inside the headers is UNKNOWN there (docs/retrying.md)."""
    server.plan(breaking(Act.CUT_IN_HEAD, CREATED))
    with httpx.Client() as own:
        network = getattr(getattr(own, "_transport"), "_pool")._network_backend  # noqa: B009
        ended = one(in_this_thread, server.url, http_client=own, retry=ONCE)
        assert getattr(getattr(own, "_transport"), "_pool")._network_backend is network  # noqa: B009
    assert ended.record.certainty is Certainty.UNKNOWN


@contextmanager
def proxy(answer: bytes) -> Generator[str, None, None]:
    """The URL of a proxy that answers the request for a tunnel, and then leaves."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                assert connection.recv(65_536).startswith(b"CONNECT ")
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass

        served = pool.submit(serve)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        served.result()


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 Connection established\r\n", b"HTTP/1.1 200 Connection established\r\n\r\n"]
)
def test_what_a_proxy_says_is_not_taken_for_the_answer(
    monkeypatch: pytest.MonkeyPatch, call_style: CallStyle, answer: bytes
) -> None:
    """Its 200 opens the tunnel; nothing was sent through it."""
    with proxy(answer) as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        ended = one(call_style, "https://api.test/v1", retry=ONCE)
    assert ended.error is not None
    assert ended.record.certainty in (Certainty.NOT_SENT, Certainty.UNKNOWN)
