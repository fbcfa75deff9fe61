"""The clients of a proof: threads, and tasks of asyncio and trio, all at the same time."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import anyio

from samekey.prove.child import HOST
from samekey.prove.history import Attempt, CallReport, Certainty, Limits, Settled
from samekey.prove.wire import Gate, Watch, watched

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Sequence

    from samekey.prove.calls import PlannedCall
    from samekey.prove.sdk import Sdk

RETRIES: Final = 6
DEADLINE: Final = 8.0
_AT_ONCE: Final = 8
"""calls under way on each backend."""
_STORED_FAILURE: Final = 500


@dataclass(frozen=True, slots=True)
class Clients:
    """Makes clients of an SDK, and calls through them.

    Args:
        sdk: the SDK.
        base: what comes before every path.
        gate: what every request goes through.
        window: seconds in which a key must be remembered.
    """

    sdk: Sdk
    base: str
    gate: Gate
    window: float

    def __post_init__(self) -> None:
        """Let every connection of the SDK's own go through the gate."""
        self.sdk.see_requests(self.gate.passed, self.gate.apassed)

    @property
    def limits(self) -> Limits:
        """What the policy allows a call."""
        return Limits(RETRIES, DEADLINE, self.window)

    @contextmanager
    def sync(self, *, calm: bool = False) -> Generator[Any]:
        """Open a client for threads while a block runs; a calm one is patient, and retries nothing that failed."""
        with self.sdk.client(**self._options(calm=calm)) as client:
            yield client

    @asynccontextmanager
    async def asynchronous(self) -> AsyncGenerator[Any]:
        """Open a client for an event loop while a block runs."""
        async with self.sdk.async_client(**self._options(calm=False)) as client:
            yield client

    def _options(self, *, calm: bool) -> dict[str, Any]:
        package = self.sdk.package
        # No budget: it keeps an outage from being multiplied, and an outage for ever is what this is about.
        impatient = package.RetryPolicy(
            max_retries=RETRIES, initial_delay=0.02, max_delay=0.4, deadline=DEADLINE, budget=False
        )
        patient = package.RetryPolicy(max_retries=0, deadline=60.0, budget=False)
        return {
            **self.sdk.credentials,
            "base_url": f"http://{HOST}:{self.gate.ports[0]}{self.base}",
            "retry": patient if calm else impatient,
            "timeout": package.Timeout(connect=1.0, read=30.0 if calm else 0.3, write=1.0, pool=5.0),
        }


def backends() -> tuple[str, ...]:
    """Return the backends that can be used here: threads, asyncio, and trio where it is installed."""
    return ("threads", "asyncio", *(("trio",) if importlib.util.find_spec("trio") else ()))


def through(
    backend: str, clients: Clients, planned: Sequence[tuple[int, PlannedCall]], done: Callable[[], None]
) -> list[CallReport]:
    """Make calls on a backend: threads, or tasks of an event loop.

    Args:
        backend: threads, or the name of an event loop.
        clients: makes the client.
        planned: the calls with their numbers.
        done: told whenever one has ended.
    """
    if backend == "threads":
        return _threads(clients, planned, done)
    return anyio.run(_tasks, clients, planned, done, backend=backend)


def _threads(
    clients: Clients, planned: Sequence[tuple[int, PlannedCall]], done: Callable[[], None]
) -> list[CallReport]:
    history: list[CallReport] = []
    # Threads may share an iterator over a list: each entry is given to one of them.
    waiting = iter(planned)
    with clients.sync() as client, ThreadPoolExecutor(_AT_ONCE) as pool:

        def work() -> None:
            for number, call in waiting:
                watch = Watch(call.profile)
                with watched(watch):
                    try:
                        record = call.on(client).record
                    except clients.sdk.package.APIError as error:
                        record = error.record
                done()
                history.append(_report(number, call, record, watch))

        for worker in [pool.submit(work) for _ in range(_AT_ONCE)]:
            worker.result()
    return history


async def _tasks(
    clients: Clients, planned: Sequence[tuple[int, PlannedCall]], done: Callable[[], None]
) -> list[CallReport]:
    history: list[CallReport] = []
    waiting = iter(planned)
    async with clients.asynchronous() as client, anyio.create_task_group() as group:

        async def work() -> None:
            for number, call in waiting:
                watch = Watch(call.profile)
                with watched(watch):
                    try:
                        record = (await call.on(client)).record
                    except clients.sdk.package.APIError as error:
                        record = error.record
                done()
                history.append(_report(number, call, record, watch))

        for _ in range(_AT_ONCE):
            group.start_soon(work)
    return history


def settle(clients: Clients, history: Sequence[tuple[CallReport, PlannedCall]]) -> list[CallReport]:
    """Make every unknown call again with its key, now that nothing goes wrong.

    Args:
        clients: makes the client.
        history: what was told of each call, and the call.
    """
    with clients.sync(calm=True) as client, ThreadPoolExecutor(_AT_ONCE) as pool:

        def again(entry: tuple[CallReport, PlannedCall]) -> CallReport:
            report, call = entry
            if report.certainty is not Certainty.UNKNOWN or report.key is None:
                return report
            watch = Watch(call.profile)
            with watched(watch):
                try:
                    call.on(client, idempotency_key=report.key)
                    settled = Settled.APPLIED
                except clients.sdk.package.APIError as error:
                    settled = _settled(error)
            return replace(report, settled=settled, settling=tuple(watch.seen))

        return list(pool.map(again, history))


def _settled(error: Any) -> Settled:  # noqa: ANN401  # an APIError of the SDK
    if getattr(error, "status", None) == _STORED_FAILURE:
        return Settled.FAILURE_KEPT
    return Settled(error.record.certainty.value) if error.record.certainty.value in set(Settled) else Settled.UNKNOWN


def attempts_of(record: Any) -> tuple[Attempt, ...]:  # noqa: ANN401  # a CallRecord of an SDK
    """Return the attempts of a call, as its SDK tells them."""
    return tuple(
        Attempt(
            attempt.sent_at,
            attempt.took,
            str(attempt.outcome),
            Certainty(attempt.certainty.value),
            getattr(attempt.outcome, "retry_after", None) or 0.0,
            bool(getattr(attempt.outcome, "in_flight", False)),
        )
        for attempt in record.attempts
    )


def _report(number: int, call: PlannedCall, record: Any, watch: Watch) -> CallReport:  # noqa: ANN401
    attempts = attempts_of(record)
    certainty = Certainty(record.certainty.value)
    key = record.call.idempotency_key
    return CallReport(number, call.operation, call.keyed, key, certainty, attempts, tuple(watch.seen), record.elapsed)
