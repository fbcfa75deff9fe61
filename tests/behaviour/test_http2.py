"""HTTP/2: a stream that the server says it has not processed was not sent, and costs nothing to send again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
from acme_payments import (
    AcmePayments,
    APIError,
    AsyncAcmePayments,
    CallRecord,
    Certainty,
    RetryEvent,
    RetryPolicy,
)

from .call_styles import PATIENT
from .fault_server import TOKEN
from .http2_server import Http2Server, Move

POLICY = RetryPolicy(initial_delay=0.02, max_delay=0.04)
NEVER = RetryPolicy(max_retries=0)
UNPROCESSED = [Move.REFUSE, Move.GOAWAY_NONE]


def sync_call(url: str, warm: int, **settings: Any) -> tuple[CallRecord, int]:  # noqa: ANN401
    """A charge over HTTP/2 with the sync client, after so many reads; its record and the budget that is left."""
    with (
        httpx.Client(http1=False, http2=True) as own,
        AcmePayments(base_url=url, token=TOKEN, timeout=PATIENT, http_client=own, **settings) as client,
    ):
        for _ in range(warm):
            client.charges.get("ch_1")
        try:
            record = client.charges.create.detailed(amount=1, currency="usd").record
        except APIError as error:
            record = error.record
        return record, client._core.settings.budget.tokens  # pyright: ignore[reportPrivateUsage]


def async_call(backend: str) -> Callable[..., tuple[CallRecord, int]]:
    """The same with the async client."""

    def call(url: str, warm: int, **settings: Any) -> tuple[CallRecord, int]:  # noqa: ANN401
        async def main() -> tuple[CallRecord, int]:
            async with (
                httpx.AsyncClient(http1=False, http2=True) as own,
                AsyncAcmePayments(base_url=url, token=TOKEN, timeout=PATIENT, http_client=own, **settings) as client,
            ):
                for _ in range(warm):
                    await client.charges.get("ch_1")
                try:
                    record = (await client.charges.create.detailed(amount=1, currency="usd")).record
                except APIError as error:
                    record = error.record
                return record, client._core.settings.budget.tokens  # pyright: ignore[reportPrivateUsage]

        return anyio.run(main, backend=backend)

    return call


CALLS = {"sync": sync_call, "asyncio": async_call("asyncio"), "trio": async_call("trio")}


@pytest.fixture(params=list(CALLS))
def call(request: pytest.FixtureRequest) -> Callable[..., tuple[CallRecord, int]]:
    """Every way to call."""
    return CALLS[request.param]


@pytest.mark.parametrize("move", UNPROCESSED)
def test_a_stream_that_was_not_processed_was_not_sent(call: Callable[..., tuple[CallRecord, int]], move: Move) -> None:
    """REFUSED_STREAM, and GOAWAY below the stream: NOT_SENT."""
    with Http2Server(move) as server:
        record, _ = call(server.url, 0, retry=NEVER)
    assert [attempt.certainty for attempt in record.attempts] == [Certainty.NOT_SENT]
    assert record.certainty is Certainty.NOT_SENT


@pytest.mark.parametrize("move", UNPROCESSED)
def test_it_is_sent_again_at_once_and_for_free(call: Callable[..., tuple[CallRecord, int]], move: Move) -> None:
    """At once, once; then with jitter; and the budget is not charged."""
    waits: list[RetryEvent] = []
    with Http2Server(move, move) as server:
        record, tokens = call(server.url, 0, retry=POLICY, on_retry=waits.append)
    assert record.certainty is Certainty.APPLIED
    assert len(record.attempts) == 3
    assert waits[0].delay == 0
    assert waits[1].delay > 0
    assert tokens == 500


def test_a_good_bye_below_the_stream_is_found_a_new_connection(call: Callable[..., tuple[CallRecord, int]]) -> None:
    """On a connection that has served before: the later stream was not processed, and the call succeeds."""
    with Http2Server(Move.ANSWER, Move.GOAWAY_BELOW) as server:
        record, tokens = call(server.url, 1, retry=POLICY)
    assert record.certainty is Certainty.APPLIED
    assert all(attempt.certainty is not Certainty.UNKNOWN for attempt in record.attempts)
    assert tokens == 500


@pytest.mark.parametrize("move", [Move.CANCEL, Move.GOAWAY_AT])
def test_a_stream_that_may_have_been_processed_is_unknown(
    call: Callable[..., tuple[CallRecord, int]], move: Move
) -> None:
    """Other resets, and a good-bye that counts the stream in, prove nothing."""
    with Http2Server(move) as server:
        record, _ = call(server.url, 0, retry=NEVER)
    assert record.certainty is Certainty.UNKNOWN
