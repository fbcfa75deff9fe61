"""Event loops, one after the other and at once, with one client: `loops_shop.py RESULT CALLS WAY`."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import trio
from paying import apay, async_client

Told = list[dict[str, Any]]
client = async_client()


async def together(items: list[str]) -> Told:
    """Pay for several things at once."""
    told: Told = []

    async def once(item: str) -> None:
        told.append(await apay(client, item))

    async with anyio.create_task_group() as group:
        for item in items:
            group.start_soon(once, item)
    return told


def cells(items: list[str], size: int = 5) -> list[list[str]]:
    """Divide what is to be paid."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def in_turn(items: list[str]) -> Told:
    """A notebook or a script: a loop for each cell, of asyncio, trio and anyio in turn."""
    run: list[Callable[[list[str]], Told]] = [
        lambda cell: asyncio.run(together(cell)),
        lambda cell: trio.run(together, cell),
        lambda cell: anyio.run(together, cell),
        lambda cell: anyio.run(together, cell, backend="trio"),
        in_a_runner,
        in_a_loop_that_nobody_closes,
    ]
    return [told for number, cell in enumerate(cells(items)) for told in run[number % len(run)](cell)]


def in_a_runner(items: list[str]) -> Told:
    """Half of it in one run, half of it in the next, of the same loop."""
    with asyncio.Runner() as runner:
        return [told for cell in cells(items, 3) for told in runner.run(together(cell))]


FORGOTTEN: list[asyncio.AbstractEventLoop] = []


def in_a_loop_that_nobody_closes(items: list[str]) -> Told:
    """What old recipes do: a new loop each time, which is never closed, and lies about."""
    loop = asyncio.new_event_loop()
    FORGOTTEN.append(loop)
    return loop.run_until_complete(together(items))


def in_threads(items: list[str]) -> Told:
    """Eight threads, each with a loop of its own that lasts, and now and then with a new one."""
    told: Told = []

    def work(own: list[str]) -> None:
        half = len(own) // 2
        with asyncio.Runner() as runner:
            for cell in cells(own[:half]):
                told.extend(runner.run(together(cell)))
        for number, cell in enumerate(cells(own[half:])):
            told.extend(trio.run(together, cell) if number % 2 else asyncio.run(together(cell)))

    threads = [threading.Thread(target=work, args=(items[number::8],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def nested(items: list[str]) -> Told:
    """Sync code that is called in a loop runs a loop of its own in a thread, and there the same again."""

    async def outer(left: list[list[str]]) -> Told:
        told = await together(left[0])
        if len(left) > 1:
            inner = partial(asyncio.run, outer(left[1:])) if len(left) % 2 else partial(trio.run, outer, left[1:])
            told += await anyio.to_thread.run_sync(inner)
        return told + await together([f"{item} again" for item in left[0]])

    return asyncio.run(outer(cells(items, 20)))


def through_portals(items: list[str]) -> Told:
    """Threads that call into a loop of another one, as frameworks with a loop in the background do."""
    told: Told = []
    for backend in ("asyncio", "trio"):
        with anyio.from_thread.start_blocking_portal(backend) as portal, ThreadPoolExecutor(8) as threads:
            own = [f"{item} {backend}" for item in items]
            told += threads.map(lambda item, portal=portal: portal.call(apay, client, item), own)
    return told


WAYS: dict[str, Callable[[list[str]], Told]] = {
    "in turn": in_turn,
    "in threads": in_threads,
    "nested": nested,
    "through portals": through_portals,
}

if __name__ == "__main__":
    result, calls, way = sys.argv[1:]
    told = WAYS[way]([f"item {number}" for number in range(int(calls))])
    for loop in FORGOTTEN:
        loop.run_until_complete(client.close())
        loop.close()
    Path(result).write_text(json.dumps(told), "utf-8")
