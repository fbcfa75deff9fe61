"""What HTTP/2 says and httpcore hides: each frame is provoked by a real server and mapped by the retry rules."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
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


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sockets that anyio forgets
@pytest.mark.parametrize("turns", range(0, 60, 3))
def test_a_cancelled_call_raises_nothing_raw_in_others(acme: Any, library: str, turns: int) -> None:  # noqa: ANN401
    """They share its connection, in which the library may be left in disorder: they end in a result or the truth."""
    server = Http2Server([])

    async def main() -> None:
        options = {"base_url": server.url, "http2": True, "http_library": library, "token": "t"}
        retry = acme.RetryPolicy(initial_delay=0.01, max_delay=0.02)
        # Of httpx, a cancellation while a connection is set up leaves its other requests waiting for this long.
        timeout = acme.Timeout(read=0.5)
        async with acme.AsyncAcmePayments(**options, retry=retry, timeout=timeout) as client:
            over_http2(client._core.connection.transport())
            calls = [asyncio.ensure_future(client.charges.create(amount=1, currency="eur")) for _ in range(4)]
            for _ in range(turns):
                await asyncio.sleep(0)
            calls[0].cancel()
            _, *others = await asyncio.gather(*calls, return_exceptions=True)
            assert [
                error for error in others if isinstance(error, Exception) and not isinstance(error, acme.APIError)
            ] == []
            assert (await client.charges.create(amount=1, currency="eur")).id == "ch_1"

    asyncio.run(main())
    server.close()
    assert set(server.effects.values()) == {1}
