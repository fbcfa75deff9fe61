"""Lives of clients: on threads, in loops, cancelled, closed, with other people's clients, over TLS, with a journal."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import anyio
import httpx
import httpx2
import httpx_aiohttp
import trio

from tests.soaking.forks import cold, forks_of_a_loop, forks_of_own_clients, forks_of_threads, killed
from tests.soaking.world import Told, World, batches, in_tasks

_WORKERS: Final = 12
Run = Callable[[World, range], list[Told]]


def _threads(world: World, numbers: range, **changes: Any) -> list[Told]:  # noqa: ANN401
    with world.sync(**changes) as client, ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(partial(world.one, client), numbers))


def _tasks(world: World, numbers: range, *, backend: str = "asyncio", **changes: Any) -> list[Told]:  # noqa: ANN401
    found: list[Told] = []

    async def main() -> None:
        loop = next(world.loops)
        async with world.asynchronous(**changes) as client:
            await in_tasks(world.caller(client, found.append, loop), numbers, _WORKERS)

    anyio.run(main, backend=backend)
    return found


def _loops_in_turn(world: World, numbers: range) -> list[Told]:
    """One client, and a loop for each few calls, now asyncio's and now trio's; nobody closes the client."""
    found: list[Told] = []
    client = world.asynchronous()
    chance = world.chance("loops in turn")
    for batch in batches(numbers, 12):
        loop = next(world.loops)
        work = partial(in_tasks, world.caller(client, found.append, loop), batch, 4)
        anyio.run(work, backend=chance.choice(["asyncio", "asyncio", "trio"]))
    return found


def _loops_at_once(world: World, numbers: range) -> list[Told]:
    """One client, and four threads with a loop each, which ends and begins anew."""
    found: list[Told] = []
    client = world.asynchronous()

    def run(share: range, backend: str) -> None:
        for batch in batches(share, 40):
            loop = next(world.loops)
            work = partial(
                in_tasks, world.caller(client, found.append, loop), batch, 5
            )  # fmt: skip
            anyio.run(work, backend=backend)

    backends = ["asyncio", "trio", "asyncio", "asyncio"]
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(run, numbers[at::4], backend) for at, backend in enumerate(backends)]
        for ended in runs:
            ended.result()
    return found


# --- cancelled ---


async def _by_cancel(call: Awaitable[object], chance: Any) -> None:  # noqa: ANN401  # Random
    task = asyncio.ensure_future(call)
    if chance.random() < 0.5:
        for _ in range(chance.randrange(120)):
            await asyncio.sleep(0)
    else:
        await asyncio.sleep(chance.random() * 0.012)
    for _ in range(chance.choice([1, 1, 2])):
        task.cancel()
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def _by_timeout(call: Awaitable[object], chance: Any) -> None:  # noqa: ANN401
    with suppress(TimeoutError):
        async with asyncio.timeout(chance.random() * 0.012):
            await call


async def _by_scope(call: Awaitable[object], chance: Any) -> None:  # noqa: ANN401
    with anyio.move_on_after(chance.random() * 0.012):
        await call


async def _by_trio(call: Awaitable[object], chance: Any) -> None:  # noqa: ANN401
    with trio.move_on_after(chance.random() * 0.012):
        await call


def _cancelled(
    world: World,
    numbers: range,
    cut: Callable[[Awaitable[object], Any], Awaitable[None]],
    backend: str = "asyncio",
    **changes: Any,  # noqa: ANN401
) -> list[Told]:
    """Two of three calls are cut after a moment."""
    found: list[Told] = []

    async def main() -> None:
        loop = next(world.loops)
        async with world.asynchronous(**changes) as client:

            async def one(number: int) -> None:
                chance = world.chance(f"cut/{number}")
                call = world.aone(client, number, found.append, loop=loop)
                await (cut(call, chance) if chance.random() < 0.67 else call)

            await in_tasks(one, numbers, _WORKERS)

    anyio.run(main, backend=backend)
    return found


# --- closed ---


def _closed_amid_threads(world: World, numbers: range) -> list[Told]:
    """A client lives for a moment, and is closed by one thread while others call."""
    found: list[Told] = []
    chance = world.chance(f"closed/{numbers}")
    for batch in batches(numbers, 30):
        client = world.sync(secure=chance.random() < 0.3)
        timer = threading.Timer(chance.random() * 0.06, client.close)
        timer.start()
        with ThreadPoolExecutor(8) as pool:
            found += pool.map(partial(world.one, client), batch)
        timer.join()
    return found


def _closed_amid_tasks(world: World, numbers: range) -> list[Told]:
    """The same in event loops: another task closes, or the block is left while other tasks call."""
    found: list[Told] = []
    chance = world.chance(f"closed in loops/{numbers}")

    async def main(batch: range) -> None:
        loop = next(world.loops)
        client = world.asynchronous(secure=chance.random() < 0.3)
        async with anyio.create_task_group() as tasks:
            calls = partial(in_tasks, world.caller(client, found.append, loop), batch, 8)
            tasks.start_soon(calls)
            await anyio.sleep(chance.random() * 0.06)
            await client.close()

    for batch in batches(numbers, 30):
        anyio.run(main, batch, backend=chance.choice(["asyncio", "trio"]))
    return found


# --- other people's clients ---


def _own(world: World, numbers: range, library: Any, *, closes: bool = False) -> list[Told]:  # noqa: ANN401  # httpx or httpx2
    """Clients of the caller's own for threads; some are closed by the caller amid the calls."""
    found: list[Told] = []
    chance = world.chance(f"own/{numbers}")
    for batch in batches(numbers, 30 if closes else len(numbers)):
        with library.Client(timeout=30) as http, world.sync(http_client=http) as client:
            timer = threading.Timer(chance.random() * 0.06, _closed, (http,))
            if closes:
                timer.start()
            with ThreadPoolExecutor(8) as pool:
                found += pool.map(partial(world.one, client), batch)
            if closes:
                timer.join()
    return found


def _closed(http: Any) -> None:  # noqa: ANN401
    """Close somebody's client amid its requests, of which it may complain."""
    with suppress(RuntimeError, OSError):
        http.close()


def _aown(
    world: World,
    numbers: range,
    make: Callable[[], Any],
    *,
    closes: bool = False,
    backends: tuple[str, ...] = ("asyncio", "trio"),
) -> list[Told]:
    """The same in event loops."""
    found: list[Told] = []
    chance = world.chance(f"own in loops/{numbers}")

    async def main(batch: range) -> None:
        loop = next(world.loops)
        async with make() as http, world.asynchronous(http_client=http) as client, anyio.create_task_group() as tasks:
            calls = partial(in_tasks, world.caller(client, found.append, loop), batch, 8)
            tasks.start_soon(calls)
            if closes:
                await anyio.sleep(chance.random() * 0.06)
                with suppress(RuntimeError, OSError):
                    await http.aclose()

    for at, batch in enumerate(batches(numbers, 30 if closes else max(1, len(numbers) // 4))):
        anyio.run(main, batch, backend=backends[at % len(backends)])
    return found


def _aiohttp() -> Any:  # noqa: ANN401
    return httpx_aiohttp.HttpxAiohttpClient(timeout=30)


# --- a journal ---


def _journal_of_threads(world: World, numbers: range) -> list[Told]:
    """Each call has a reference, and every third is made twice, at once or later."""
    found: list[Told] = []
    journal = world.sdk.SQLiteJournal(world.folder / f"threads-{numbers.start}.db")
    with world.sync(journal=journal) as client, ThreadPoolExecutor(8) as pool:
        by_reference = partial(world.one, client, reference=True)
        for batch in batches(numbers, 60):
            again = [number for number in batch if number % 3 == 0]
            found += pool.map(by_reference, [*batch, *again])
            found += pool.map(by_reference, again[::2])
        world.resume(client)
    journal.close()
    return found


def _journal_of_tasks(world: World, numbers: range, backend: str = "asyncio") -> list[Told]:
    """The same in event loops, and some of the calls are cut off, and made again."""
    found: list[Told] = []
    journal = world.sdk.SQLiteJournal(world.folder / f"tasks-{numbers.start}.db")

    async def main() -> None:
        loop = next(world.loops)
        async with world.asynchronous(journal=journal) as client:

            async def one(number: int) -> None:
                chance = world.chance(f"journal/{number}")
                with anyio.move_on_after(chance.random() * 0.03 if number % 3 == 0 else 60):
                    await world.aone(client, number, found.append, loop=loop, reference=True)
                if number % 3 == 0:
                    await world.aone(client, number, found.append, loop=loop, reference=True)

            await in_tasks(one, numbers, 8)
            await client.journal.resume(repeat=True)

    anyio.run(main, backend=backend)
    with world.sync(journal=journal) as client:
        world.resume(client)
    journal.close()
    return found


@dataclass(frozen=True)
class Life:
    """A kind of life.

    Args:
        name: what it is called in the table.
        run: lives it, for the calls of these numbers.
        share: its share of all calls, in thousandths.
        secure: whether its calls are settled over TLS.
        is_keyed_by_reference: whether a call may have several keys: a refusal makes room for a fresh one.
        is_closed: whether its clients are closed amid their calls, of which some must tell.
        must_cancel: whether some of its calls must have been cancelled.
    """

    name: str
    run: Run
    share: int
    secure: bool = False
    is_keyed_by_reference: bool = False
    is_closed: bool = False
    must_cancel: bool = False


_H2: Final[dict[str, Any]] = {"secure": True, "http2": True}
LIVES: Final = (
    Life("threads", _threads, 50),
    Life("asyncio", _tasks, 50),
    Life("trio", partial(_tasks, backend="trio"), 50),
    Life("forks, threads", forks_of_threads, 60),
    Life("forks, threads, TLS", partial(forks_of_threads, secure=True), 40, secure=True),
    Life("forks, threads, HTTP/2", partial(forks_of_threads, **_H2), 40, secure=True),
    Life("forks, first calls", cold, 12),
    Life("forks, event loops", forks_of_a_loop, 50),
    Life("forks, event loops, TLS", partial(forks_of_a_loop, secure=True), 30, secure=True),
    Life("forks, http_client", forks_of_own_clients, 20),
    Life("loops in turn", _loops_in_turn, 40),
    Life("loops at once", _loops_at_once, 40),
    Life("task.cancel", partial(_cancelled, cut=_by_cancel), 50, must_cancel=True),
    Life("asyncio.timeout", partial(_cancelled, cut=_by_timeout), 40, must_cancel=True),
    Life("anyio scopes", partial(_cancelled, cut=_by_scope), 40, must_cancel=True),
    Life("trio scopes", partial(_cancelled, cut=_by_trio, backend="trio"), 40, must_cancel=True),
    Life("task.cancel, HTTP/2", partial(_cancelled, cut=_by_cancel, **_H2), 30, secure=True, must_cancel=True),
    Life("closed, threads", _closed_amid_threads, 40, is_closed=True),
    Life("closed, event loops", _closed_amid_tasks, 40, is_closed=True),
    Life("httpx.Client", partial(_own, library=httpx), 20),
    Life("httpx2.Client", partial(_own, library=httpx2), 20),
    Life("httpx.AsyncClient", partial(_aown, make=partial(httpx.AsyncClient, timeout=30)), 20),
    Life("httpx2.AsyncClient", partial(_aown, make=partial(httpx2.AsyncClient, timeout=30)), 20),
    Life("httpx-aiohttp", partial(_aown, make=_aiohttp, backends=("asyncio",)), 20),
    Life("httpx.Client, closed", partial(_own, library=httpx, closes=True), 15, is_closed=True),
    Life("httpx2.Client, closed", partial(_own, library=httpx2, closes=True), 15, is_closed=True),
    Life("httpx.AsyncClient, closed", partial(_aown, make=partial(httpx.AsyncClient, timeout=30), closes=True), 15,
         is_closed=True),
    Life("httpx2.AsyncClient, closed", partial(_aown, make=partial(httpx2.AsyncClient, timeout=30), closes=True), 15,
         is_closed=True),
    Life("httpx-aiohttp, closed", partial(_aown, make=_aiohttp, closes=True, backends=("asyncio",)), 15,
         is_closed=True),
    Life("TLS, threads", partial(_threads, secure=True), 20, secure=True),
    Life("TLS, asyncio", partial(_tasks, secure=True), 20, secure=True),
    Life("HTTP/2, threads", partial(_threads, **_H2), 25, secure=True),
    Life("HTTP/2, asyncio", partial(_tasks, **_H2), 25, secure=True),
    Life("HTTP/2, trio", partial(_tasks, backend="trio", **_H2), 25, secure=True),
    Life("references, threads", _journal_of_threads, 25, is_keyed_by_reference=True),
    Life("references, asyncio", _journal_of_tasks, 25, is_keyed_by_reference=True),
    Life("references, trio", partial(_journal_of_tasks, backend="trio"), 25, is_keyed_by_reference=True),
    Life("references, killed", killed, 25, is_keyed_by_reference=True),
)  # fmt: skip
