"""Cancellation, and many calls at once."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
import warnings
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from acme_payments import (
    AcmePayments,
    APIError,
    AsyncAcmePayments,
    AttemptEvent,
    Certainty,
    Failed,
    Failure,
    Response,
    RetryPolicy,
    models,
)

from .call_styles import CHARGE, FAST, PATIENT, in_this_thread, one
from .fault_server import TOKEN, Act, Fault, FaultServer, answering

BACKENDS = ["asyncio", "trio"]


def notes(error: BaseException) -> str:
    """Everything that was noted on an exception."""
    return "\n".join(getattr(error, "__notes__", []))


def make(server: FaultServer, **settings: Any) -> AsyncAcmePayments:  # noqa: ANN401
    """An async client of the server."""
    usual: dict[str, Any] = {"base_url": server.url, "token": TOKEN, "retry": FAST, "timeout": PATIENT}
    return AsyncAcmePayments(**{**usual, **settings})


async def seen(server: FaultServer, count: int = 1) -> None:
    """Wait until so many requests have arrived."""
    while len(server.seen) < count:  # noqa: ASYNC110  # the server lives in threads
        await anyio.sleep(0.005)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "fault", [Fault(Act.STALL), Fault(Act.STALL, after=True), Fault(Act.STALL_MID_BODY, after=True)], ids=str
)
def test_a_call_that_is_cancelled_can_be_settled(
    server: FaultServer, backend: str, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """The attempt is UNKNOWN, the exception bears the key, the log names it, and the same key gives one effect."""
    caplog.set_level(logging.WARNING)
    server.plan(fault)
    attempts: list[AttemptEvent] = []
    passed: list[BaseException] = []

    async def call() -> None:
        async with make(server, on_attempt=attempts.append) as client:
            try:
                await client.charges.create(**CHARGE.named)
            except BaseException as error:
                passed.append(error)
                raise

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(call)
            await seen(server)
            group.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    (event,) = attempts
    key = event.call.idempotency_key
    assert isinstance(event.attempt.outcome, Failed)
    assert event.attempt.outcome.failure is Failure.CANCELLED
    assert event.attempt.certainty is Certainty.UNKNOWN
    assert f"idempotency_key='{key}'" in notes(passed[0])
    assert key is not None
    assert key in caplog.text
    server.drain()
    settled = one(in_this_thread, server.url, CHARGE.again(idempotency_key=key))
    assert settled.error is None
    assert server.effects_of(key) == 1


def test_asyncios_own_timeout_and_cancel(server: FaultServer) -> None:
    """`asyncio.timeout` and `task.cancel()` work as they do for any coroutine."""
    server.plan(Fault(Act.STALL, after=True), Fault(Act.STALL, after=True))

    async def main() -> None:
        async with make(server) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await client.charges.create(**CHARGE.named)
            task = asyncio.create_task(client.charges.create(**CHARGE.named))
            await seen(server, 2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert server.seen[1].key is not None
            assert server.seen[1].key in notes(caught.value)
            assert (await client.charges.get("ch_1")).id == "ch_1"

    asyncio.run(main())


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_wait_can_be_cancelled(server: FaultServer, backend: str) -> None:
    """The sleep between attempts ends at once."""
    server.plan(answering(503, Retry_After="5", after=True))

    async def main() -> None:
        async with make(server) as client:
            with anyio.move_on_after(0.1) as scope:
                await client.charges.create(**CHARGE.named)
            assert scope.cancelled_caught

    anyio.run(main, backend=backend)
    assert len(server.seen) == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_cancelled_call_leaves_the_client_usable(server: FaultServer, backend: str) -> None:
    """Cancelling many calls leaks no connection of the pool."""
    server.plan(*[Fault(Act.STALL)] * 12)

    async def main() -> None:
        async with make(server) as client:
            for turn in range(1, 4):
                async with anyio.create_task_group() as group:
                    for _ in range(4):
                        group.start_soon(client.charges.get, "ch_1")
                    # Each must have met its fault, or the last call below would meet one that is left.
                    await seen(server, 4 * turn)
                    group.cancel_scope.cancel()
            with anyio.fail_after(3):
                assert (await client.charges.get("ch_1")).id == "ch_1"

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_many_calls_at_once_on_a_loop(server: FaultServer, backend: str) -> None:
    """Every call has its own key, and one effect, through faults."""
    server.plan(*[Fault(Act.CUT, after=True), answering(503), Fault(Act.CUT), answering(429)] * 8)
    responses: list[Response[models.Charge]] = []

    async def call(client: AsyncAcmePayments, amount: int) -> None:
        responses.append(await client.charges.create.detailed(amount=amount, currency="usd"))

    async def main() -> None:
        policy = RetryPolicy(max_retries=20, initial_delay=0.001, max_delay=0.01)
        async with make(server, retry=policy) as client, anyio.create_task_group() as group:
            for amount in range(1, 33):
                group.start_soon(call, client, amount)

    anyio.run(main, backend=backend)
    keys = {response.idempotency_key for response in responses}
    assert len(keys) == len(responses) == 32
    assert sorted(response.data.amount for response in responses) == [1999] * 32
    assert all(server.effects_of(key) == 1 for key in keys)


def test_many_calls_at_once_in_threads(server: FaultServer) -> None:
    """One client serves many threads, from its very first call on."""
    server.plan(*[Fault(Act.CUT, after=True), answering(503), Fault(Act.CUT), answering(429)] * 8)
    start = threading.Barrier(8)
    policy = RetryPolicy(max_retries=20, initial_delay=0.001, max_delay=0.01)
    with AcmePayments(base_url=server.url, token=TOKEN, retry=policy, timeout=PATIENT) as client:

        def work(worker: int) -> list[str | None]:
            start.wait(5)
            amounts = range(worker * 4 + 1, worker * 4 + 5)
            return [client.charges.create.detailed(amount=n, currency="usd").idempotency_key for n in amounts]

        with ThreadPoolExecutor(8) as pool:
            keys = [key for future in [pool.submit(work, n) for n in range(8)] for key in future.result()]
    assert len(set(keys)) == 32
    assert all(server.effects_of(key) == 1 for key in keys)


def test_threads_share_one_transport(server: FaultServer) -> None:
    """The connection is made once, however many threads make the first call."""
    transports: set[int] = set()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with AcmePayments(base_url=server.url, token=TOKEN) as client:
            start = threading.Barrier(8)

            def first() -> None:
                start.wait(5)
                transports.add(id(client._core.connection.transport()))  # pyright: ignore[reportPrivateUsage]

            with ThreadPoolExecutor(8) as pool:
                for future in [pool.submit(first) for _ in range(8)]:
                    future.result()
    finally:
        sys.setswitchinterval(before)
    assert len(transports) == 1


def test_a_sync_client_works_beside_an_event_loop(server: FaultServer) -> None:
    """In a worker thread of a loop, as web frameworks run it."""

    async def main() -> object:
        with AcmePayments(base_url=server.url, token=TOKEN) as client:
            return await anyio.to_thread.run_sync(lambda: client.charges.get("ch_1").id)

    assert anyio.run(main) == "ch_1"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_method_can_be_passed_around(server: FaultServer, backend: str) -> None:
    """A bound method is a value: kept, wrapped, called later, and several times."""

    async def twice(method: Callable[..., Awaitable[models.Charge]]) -> list[str]:
        return [(await method("ch_1")).id, (await method("ch_1")).id]

    async def main() -> list[str]:
        async with make(server) as client:
            return await twice(client.charges.get)

    assert anyio.run(main, backend=backend) == ["ch_1", "ch_1"]


def test_no_body_is_left_to_the_garbage_collector(server: FaultServer) -> None:
    """A request that could not be written is cleaned up at once; trio warns of what is not."""
    server.plan(*[Fault(Act.RESET_MID_UPLOAD)] * 2)
    found: list[str] = []

    async def main() -> None:
        async with make(server, retry=RetryPolicy(max_retries=1, initial_delay=0, max_delay=0)) as client:
            with pytest.raises(APIError):
                await client.charges.create(amount=1, currency="usd", metadata={"padding": "x" * 12_000_000})
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            gc.collect()
            await anyio.lowlevel.checkpoint()
            gc.collect()
        found.extend(str(warning.message) for warning in caught)

    with warnings.catch_warnings(record=True) as earlier:
        warnings.simplefilter("always")
        anyio.run(main, backend="trio")
        gc.collect()
    found.extend(str(warning.message) for warning in earlier)
    assert not [message for message in found if "Async generator" in message]
