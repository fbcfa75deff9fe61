"""What a call costs, and what a client holds: the SDK of the payments document against httpx by hand.

Run by `benchmarks.report` in an environment that has the SDK and nothing else.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import time
import uuid
from typing import TYPE_CHECKING, Final

import httpx
from acme_payments import AcmePayments, AsyncAcmePayments, RetryPolicy
from acme_payments._runtime.request import build
from acme_payments._runtime.retry import loop, wire
from acme_payments._runtime.retry.rules import EffectivePolicy

from benchmarks.documents import BODY
from benchmarks.measure import Row, compared, paired, paired_async, spread, tell
from benchmarks.server import CHARGE, serving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

AT_ONCE: Final = 50
BARE: Final = "httpx by hand"
LISTED: Final = json.dumps(
    {name: value for name, value in json.loads(CHARGE).items() if name not in {"captured", "receipt_email"}}
).encode()
"""An answer that has no fields but those which the payments document lists."""


def by_hand(client: httpx.Client) -> object:
    """Send a keyed POST as one writes it with httpx."""
    return client.post("/charges", json=BODY, headers={"Idempotency-Key": str(uuid.uuid4())}).json()


async def aby_hand(client: httpx.AsyncClient) -> object:
    """Send a keyed POST as one writes it with httpx, in an event loop."""
    answer = await client.post("/charges", json=BODY, headers={"Idempotency-Key": str(uuid.uuid4())})
    return answer.json()


def sync_rows(url: str) -> list[Row]:
    """Measure calls of the sync client."""
    with serving(LISTED) as url_of_listed:
        listed = _call("a keyed POST, sync", 0.80, url_of_listed)
    unlisted = _call("the same, answered with fields that no document lists", 0.90, url)
    with AcmePayments(base_url=url, token="t") as client:  # noqa: S106
        return [listed, unlisted, _retry(client), *_clients(url), _memory(client)]


def _call(what: str, target: float, url: str) -> Row:
    seen = [0]

    def count(_: object) -> None:
        seen[0] += 1

    usual = httpx.Client(base_url=url, headers={"Authorization": "Bearer t"})
    with AcmePayments(base_url=url, token="t", retry=RetryPolicy(), on_attempt=count) as client, usual as bare:  # noqa: S106
        return compared(what, BARE, target, paired(lambda: client.charges.create(**BODY), lambda: by_hand(bare)))


def _retry(client: AcmePayments) -> Row:
    """Measure what another attempt costs beside sending: the outcome is placed, judged and written down."""
    core = client._core  # noqa: SLF001
    operation = type(client.charges).create
    prepared = build.prepare(core.settings, operation.name, operation.endpoint, operation.build(client.charges, **BODY))
    transport = core.connection.transport()
    limits = wire.Limits(core.settings.timeout, time.monotonic() + 1e6)
    failed = wire.RawAnswer(503, httpx.Headers({"Content-Length": "2"}), b"{}")
    rounds, number = 40, 50
    started = [_started(client, prepared.state) for _ in range((rounds + 1) * number)]

    def again() -> None:
        state = started.pop()
        assert state.settle(failed) is not None
        state.start()

    pairs = paired(again, lambda: transport.attempt(prepared.request, limits), rounds=rounds, number=number)
    return compared("a retry's own work", "one attempt", 0.03, pairs)


def _started(client: AcmePayments, like: loop.CallState) -> loop.CallState:
    """Return the state of a call whose first attempt is on the wire."""
    settings = client._core.settings  # noqa: SLF001
    state = loop.CallState(
        like.info, like.facts, EffectivePolicy(budget=False), None, like.profile, settings.timeout, settings.budget,
        settings.hooks, settings.clock,
    )  # fmt: skip
    state.start()
    return state


def _clients(url: str) -> list[Row]:
    def ours() -> None:
        AcmePayments(base_url=url, token="t").charges  # noqa: B018, S106

    return [compared("one more client", "httpx.Client()", 0.05, paired(ours, httpx.Client, rounds=10, number=5))]


def _memory(client: AcmePayments) -> Row:
    def calls(number: int) -> int:
        for _ in range(number):
            client.charges.create(**BODY)
        gc.collect()
        with open("/proc/self/statm", encoding="ascii") as sizes:  # noqa: PTH123
            return int(sizes.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    early = calls(1_000)
    late = calls(99_000)
    note = f"resident: {late / 2**20:.1f} MB after 100,000 calls, {early / 2**20:.1f} MB after 1,000"
    return Row("memory, 100,000 calls", "1,000 calls", 1.01, spread([late / early]), note=note)


async def async_rows(url: str) -> list[Row]:
    """Measure calls of the async client."""
    usual = httpx.AsyncClient(base_url=url, headers={"Authorization": "Bearer t"})
    async with AsyncAcmePayments(base_url=url, token="t", retry=RetryPolicy()) as client, usual as bare:  # noqa: S106
        one = await paired_async(lambda: client.charges.create(**BODY), lambda: aby_hand(bare))
        many = await _at_once(lambda: client.charges.create(**BODY), lambda: aby_hand(bare))
        rows = [
            compared("a keyed POST, async", BARE, 0.85, one),
            compared(f"the same, {AT_ONCE} at once", BARE, 0.50, many),
        ]
        return [*rows, await _over_aiohttp(url, bare)]


async def _over_aiohttp(url: str, bare: httpx.AsyncClient) -> Row:
    from httpx_aiohttp import HttpxAiohttpClient  # noqa: PLC0415  # after what is measured without it

    async with (
        HttpxAiohttpClient() as http_client,
        AsyncAcmePayments(base_url=url, token="t", http_client=http_client) as client,  # noqa: S106
    ):
        many = await _at_once(lambda: client.charges.create(**BODY), lambda: aby_hand(bare))
    return compared(f"the same, {AT_ONCE} at once, [aiohttp]", BARE, 0.20, many)


async def _at_once(
    ours: Callable[[], Awaitable[object]], theirs: Callable[[], Awaitable[object]]
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    async def many(call: Callable[[], Awaitable[object]]) -> None:
        async def some() -> None:
            for _ in range(4):
                await call()

        await asyncio.gather(*(some() for _ in range(AT_ONCE)))

    return await paired_async(lambda: many(ours), lambda: many(theirs), rounds=15, number=1)


if __name__ == "__main__":
    with serving() as address:
        tell([*sync_rows(address), *asyncio.run(async_rows(address))])
