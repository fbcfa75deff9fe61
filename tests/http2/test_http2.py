"""What HTTP/2 says and httpcore hides: each frame is provoked by a real server and mapped by the retry rules."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from tests.http2.server import Act, Http2Server


@pytest.fixture(scope="module")
def acme(root: Path) -> Iterator[Any]:
    """The payments SDK, imported."""
    sys.path.insert(0, str(root / "generated" / "payments"))
    import acme_payments  # noqa: PLC0415

    yield acme_payments
    sys.path.remove(str(root / "generated" / "payments"))


CASES = [
    (Act.REFUSE_STREAM, "stream refused", "not sent"),
    (Act.GOAWAY_ZERO, "stream refused", "not sent"),
    (Act.RESET_STREAM, "answer lost", "unknown"),
    (Act.GOAWAY_AFTER, "answer lost", "unknown"),
    (Act.CUT_BODY, "answer cut", "applied"),
    (Act.STALL, "answer lost", "unknown"),
    (Act.BREAK_PROTOCOL, "answer lost", "unknown"),
]


def charge(acme: Any, server: Http2Server, call_style: str) -> Any:  # noqa: ANN401
    """Charge once over HTTP/2, through one of the call styles; the whole response."""
    options: dict[str, Any] = {
        "base_url": server.url,
        "retry": acme.RetryPolicy(initial_delay=0.01, max_delay=0.01),
        "timeout": acme.Timeout(read=0.3),
    }
    if call_style == "sync":
        with httpx.Client(http1=False, http2=True) as http_client:
            client = acme.AcmePayments(http_client=http_client, **options)
            return client.charges.create.detailed(amount=1, currency="eur")

    async def main() -> Any:  # noqa: ANN401
        async with httpx.AsyncClient(http1=False, http2=True) as http_client:
            client = acme.AsyncAcmePayments(http_client=http_client, **options)
            return await client.charges.create.detailed(amount=1, currency="eur")

    return anyio.run(main, backend=call_style)


@pytest.mark.parametrize("call_style", ["sync", "asyncio", "trio"])
@pytest.mark.parametrize(("act", "failure", "certainty"), CASES, ids=[act.name for act, _, _ in CASES])
def test_each_frame_means_what_the_rfc_says(acme: Any, call_style: str, act: Act, failure: str, certainty: str) -> None:  # noqa: ANN401
    """Whether a stream was processed is told from the frame; the retry carries the same key and settles it."""
    server = Http2Server([act])
    response = charge(acme, server, call_style)
    server.close()
    first = response.attempts[0]
    assert (first.outcome.failure.value, first.certainty.value) == (failure, certainty)
    assert len(response.attempts) == 2
    assert server.keys == [response.idempotency_key] * 2
    assert server.effects == {response.idempotency_key: 1}


def test_a_refused_stream_is_retried_at_once_and_free_of_charge(acme: Any) -> None:  # noqa: ANN401
    """Nothing was done and nothing is overloaded: no wait the first time, and no tokens of the budget."""
    server = Http2Server([Act.REFUSE_STREAM, Act.ANSWER])
    with httpx.Client(http1=False, http2=True) as http_client:
        client = acme.AcmePayments(http_client=http_client, base_url=server.url)
        response = client.charges.create.detailed(amount=1, currency="eur")
        assert client._core.settings.budget.tokens == 500
    server.close()
    assert response.attempts[0].wait == 0.0


def test_a_goaway_below_the_stream_is_no_lost_answer(acme: Any) -> None:  # noqa: ANN401
    """A stream above the last one that was processed is sent again on another connection, once."""
    server = Http2Server([Act.ANSWER, Act.GOAWAY_BELOW, Act.ANSWER])
    with httpx.Client(http1=False, http2=True) as http_client:
        client = acme.AcmePayments(http_client=http_client, base_url=server.url)
        client.charges.create(amount=1, currency="eur")
        response = client.charges.create.detailed(amount=1, currency="eur")
    server.close()
    assert response.certainty.value == "applied"
    assert all(attempt.certainty.value in {"not sent", "applied"} for attempt in response.attempts)
    assert server.effects[response.idempotency_key] == 1


# --- connections of the SDK's own ---


def over_http2(transport: Any) -> None:  # noqa: ANN401  # a transport of the runtime's
    """Speak HTTP/2 without TLS, for which no argument asks: servers are known by what they say in TLS."""
    inner = transport._client._transport
    for pool in getattr(inner, "pools", (inner,)):
        pool._pool._http1 = False


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_calls_at_once_share_a_connection(acme: Any, backend: str, library: str) -> None:  # noqa: ANN401
    """Each with its own head and body, whatever others write meanwhile."""
    server = Http2Server([])

    async def main() -> None:
        options = {"base_url": server.url, "http2": True, "http_library": library, "token": "t"}
        async with acme.AsyncAcmePayments(**options) as client, anyio.create_task_group() as tasks:
            over_http2(client._core.connection.transport())
            for amount in range(1, 13):
                tasks.start_soon(lambda amount: client.charges.create(amount=amount, currency="eur"), amount)

    anyio.run(main, backend=backend)
    server.close()
    assert len(server.keys) == len(set(server.keys)) == 12


def outcomes(ended: list[Any]) -> list[list[str]]:
    """What became of each attempt of each call."""
    return [
        [repr(one)] if isinstance(one, BaseException) else [str(attempt.outcome) for attempt in one.attempts]
        for one in ended
    ]


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets that anyio forgets
@pytest.mark.parametrize("is_warm", [False, True], ids=["new", "warm"])
@pytest.mark.parametrize("turns", [*range(20), *range(20, 125, 5)])
def test_a_cancelled_call_disturbs_no_other(
    acme: Any,  # noqa: ANN401
    library: str,
    turns: int,
    is_warm: bool,  # noqa: FBT001
) -> None:
    """They share its connection, which may be being set up, or in the middle of a frame: each is answered at once."""
    server = Http2Server([])

    async def main() -> None:
        options = {"base_url": server.url, "http2": True, "http_library": library, "token": "t"}
        async with acme.AsyncAcmePayments(**options) as client:
            over_http2(client._core.connection.transport())
            if is_warm:
                await client.charges.create(amount=1, currency="eur")
            create = client.charges.create.detailed
            calls = [asyncio.ensure_future(create(amount=1, currency="eur")) for _ in range(4)]
            for _ in range(turns):
                await asyncio.sleep(0)
            calls[0].cancel()
            _, *others = await asyncio.gather(*calls, return_exceptions=True)
            others.append(await create(amount=1, currency="eur"))
            assert outcomes(others) == [["status 200"]] * 4

    asyncio.run(main())
    server.close()
    assert set(server.effects.values()) == {1}


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("turns", range(0, 60, 4))
def test_a_call_that_is_left_disturbs_no_other(acme: Any, backend: str, library: str, turns: int) -> None:  # noqa: ANN401
    """The same with the scopes of anyio and trio, which cancel again at each step."""
    server = Http2Server([])

    async def main() -> None:
        options = {"base_url": server.url, "http2": True, "http_library": library, "token": "t"}
        async with acme.AsyncAcmePayments(**options) as client:
            over_http2(client._core.connection.transport())
            others: list[Any] = []

            async def charge() -> None:
                others.append(await client.charges.create.detailed(amount=1, currency="eur"))

            async def leave(scope: anyio.CancelScope) -> None:
                with scope:
                    await client.charges.create(amount=1, currency="eur")

            async with anyio.create_task_group() as tasks:
                scope = anyio.CancelScope()
                tasks.start_soon(leave, scope)
                for _ in range(3):
                    tasks.start_soon(charge)
                for _ in range(turns):
                    await anyio.lowlevel.checkpoint()
                scope.cancel()
            await charge()
            assert outcomes(others) == [["status 200"]] * 4

    anyio.run(main, backend=backend)
    server.close()
    assert set(server.effects.values()) == {1}


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets that anyio forgets
def test_calls_that_were_left_do_not_use_a_connection_up(acme: Any, backend: str, library: str) -> None:  # noqa: ANN401
    """No library resets their streams, and a server takes a hundred: the next call has a connection of its own."""
    server = Http2Server([Act.ANSWER, *[Act.STALL] * 100])

    async def main() -> None:
        options = {"base_url": server.url, "http2": True, "http_library": library, "token": "t"}
        async with acme.AsyncAcmePayments(**options) as client:
            over_http2(client._core.connection.transport())
            await client.charges.create(amount=1, currency="eur")
            async with anyio.create_task_group() as tasks:
                for _ in range(100):
                    tasks.start_soon(lambda: client.charges.create(amount=1, currency="eur"))
                with anyio.fail_after(10):
                    while len(server.keys) < 101:  # noqa: ASYNC110  # another thread adds to them
                        await anyio.sleep(0.01)
                tasks.cancel_scope.cancel()
            ended = [await client.charges.create.detailed(amount=1, currency="eur") for _ in range(3)]
            assert outcomes(ended) == [["status 200"]] * 3

    anyio.run(main, backend=backend)
    server.close()


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_threads_share_no_connection(acme: Any, library: str) -> None:  # noqa: ANN401
    """The libraries' state of one has no lock for all of it; so each request has a connection to itself."""
    server = Http2Server([])
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.00001)
    try:
        options = {"base_url": server.url, "http2": True, "http_library": library, "token": "t"}
        with acme.AcmePayments(**options) as client, ThreadPoolExecutor(16) as threads:
            over_http2(client._core.connection.transport())
            create = client.charges.create.detailed
            sent = [threads.submit(create, amount=amount, currency="eur") for amount in range(1, 301)]
            ended: list[Any] = [one.result() for one in sent]
    finally:
        sys.setswitchinterval(interval)
    server.close()
    assert outcomes(ended) == [["status 200"]] * 300
    assert len(server.keys) == 300
