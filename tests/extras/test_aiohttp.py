"""The extra `[aiohttp]`: another transport below the async client, which may say less but never what is not so."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import anyio
import httpx_aiohttp
import pytest
from acme_payments import APIError, AsyncAcmePayments, Certainty

from tests.behaviour.call_styles import CHARGE, FAST, ONCE, PATIENT, Ask, Ended
from tests.behaviour.conftest import server as server  # noqa: PLC0414  # the fixture
from tests.behaviour.fault_server import TOKEN, FaultServer
from tests.behaviour.test_faults import CASES, Case, told_the_truth


def over_aiohttp(url: str, ask: Ask = CHARGE, **settings: Any) -> Ended:  # noqa: ANN401
    """Make a call over aiohttp."""

    async def main() -> Ended:
        given: dict[str, Any] = {"token": TOKEN, "retry": FAST, "timeout": PATIENT, **settings}
        async with (
            httpx_aiohttp.HttpxAiohttpClient() as http_client,
            AsyncAcmePayments(base_url=url, http_client=http_client, **given) as client,
        ):
            try:
                return Ended(await attrgetter(ask.operation)(client).detailed(*ask.positional, **ask.named), None)
            except APIError as error:
                return Ended(None, error)

    return anyio.run(main)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_single_attempt_does_not_lie(server: FaultServer, case: Case) -> None:
    """What is certain is so; what this transport hides is unknown, and the key settles it."""
    server.plan(case.fault)
    ended = over_aiohttp(server.url, case.ask, retry=ONCE, **case.settings)
    assert ended.error is not None
    assert ended.record.certainty in {case.certainty, Certainty.UNKNOWN}
    told_the_truth(server, ended)
    again = over_aiohttp(server.url, case.ask.again(idempotency_key=ended.key))
    assert again.error is None
    assert server.effects_of(ended.key) == 1


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_retry_gets_through_with_the_same_key_and_bytes(server: FaultServer, case: Case) -> None:
    """Two attempts, one key, identical bytes, one effect."""
    server.plan(case.fault)
    ended = over_aiohttp(server.url, case.ask, **case.settings)
    assert ended.error is None
    assert len(ended.record.attempts) == 2
    assert {request.key for request in server.seen} == {ended.key}
    assert len({(seen.method, seen.target, seen.body) for seen in server.seen if seen.complete}) == 1
    assert server.effects_of(ended.key) == 1


def test_a_closed_port_means_that_nothing_was_sent(server: FaultServer) -> None:
    """No connection came about, and aiohttp says so."""
    url = server.url
    server.close()
    ended = over_aiohttp(url)
    assert ended.record.certainty is Certainty.NOT_SENT
