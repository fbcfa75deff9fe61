"""Lives of clients whose process forks: children that go on with them, and such as are killed amid their calls."""

from __future__ import annotations

import asyncio
import contextvars
import faulthandler
import importlib
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import anyio

from tests.soaking.world import PACKAGE, Told, World, batches, in_tasks

_PATIENCE: Final = 45
"""Seconds after which a child is taken for hanging."""


def in_a_child(work: Callable[[], list[Told]], *, is_killed: bool = False) -> Callable[[], list[Told]]:
    """Fork a child that makes calls; what it was told, when asked for.

    Args:
        work: what it does.
        is_killed: whether it kills itself before it can tell; then nothing is told.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        # Where it hangs, it says where, and ends, since it keeps others from reading their pipes to the end.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        faulthandler.register(signal.SIGALRM, chain=True)
        signal.alarm(_PATIENCE)
        found: object = None
        try:
            found = [told.portable for told in work()]
        except BaseException as error:  # noqa: BLE001  # told to the parent
            found = repr(error)
        finally:
            with os.fdopen(write, "wb") as pipe:
                pickle.dump(found, pipe)
            os._exit(0)
    os.close(write)

    def join() -> list[Told]:
        with os.fdopen(read, "rb") as pipe:
            content = pipe.read()
        os.waitpid(child, 0)
        if not content:
            hung = f"a child hung for {_PATIENCE} seconds; its standard error says where"
            return [] if is_killed else [Told("a child", False, "", False, None, "", hung, raw=hung)]  # noqa: FBT003
        found = pickle.loads(content)  # noqa: S301  # it comes from our own child
        assert isinstance(found, list), found
        return found  # pyright: ignore[reportUnknownVariableType]

    return join


def forks_of_threads(world: World, numbers: range, *, secure: bool = False, **changes: Any) -> list[Told]:  # noqa: ANN401
    """Threads make calls, and meanwhile children and a grandchild are forked, which make calls as well."""
    found: list[Told] = []
    chance = world.chance(f"forks/{numbers}")
    with world.sync(secure=secure, **changes) as client:

        def calls(share: range, *, forks: bool = False) -> list[Told]:
            with ThreadPoolExecutor(3) as pool:
                grandchild = in_a_child(lambda: calls(share[: len(share) // 2])) if forks else None
                own = share[len(share) // 2 :] if forks else share
                return list(pool.map(partial(world.one, client), own)) + (grandchild() if grandchild else [])

        found.append(world.one(client, numbers[0]))
        for batch in batches(numbers[1:], 60):
            quarter = max(1, len(batch) // 4)
            with ThreadPoolExecutor(4) as pool:
                own = [pool.submit(world.one, client, number) for number in batch[2 * quarter :]]
                time.sleep(chance.random() * 0.01)
                children = [in_a_child(partial(calls, batch[:quarter], forks=chance.random() < 0.3))]
                time.sleep(chance.random() * 0.01)
                children.append(in_a_child(partial(calls, batch[quarter : 2 * quarter])))
                found += [call.result() for call in own]
                found += [told for child in children for told in child()]
    return found


def forks_of_a_loop(world: World, numbers: range, *, secure: bool = False, **changes: Any) -> list[Told]:  # noqa: ANN401
    """Tasks make calls, and their loop forks; so does another thread. Each child runs loops of its own."""
    found: list[Told] = []
    chance = world.chance(f"loop forks/{numbers}")
    client = world.asynchronous(secure=secure, **changes)

    def calls(share: range, backend: str) -> list[Told]:
        # A child that is forked inside a loop takes it for a running one, and so does anyio.
        asyncio._set_running_loop(None)
        return contextvars.Context().run(loops, share, backend)

    def loops(share: range, backend: str) -> list[Told]:
        own: list[Told] = []
        for part in batches(share, 8):
            loop = next(world.loops)
            anyio.run(partial(in_tasks, world.caller(client, own.append, loop), part, 4),
                      backend=backend)  # fmt: skip
        return own

    async def main(batch: range) -> None:
        loop, quarter = next(world.loops), max(1, len(batch) // 4)
        async with anyio.create_task_group() as tasks:
            own = batch[2 * quarter :]
            tasks.start_soon(in_tasks, world.caller(client, found.append, loop), own, 5)
            await anyio.sleep(chance.random() * 0.01)
            first = in_a_child(partial(calls, batch[:quarter], "asyncio"))
            await anyio.sleep(chance.random() * 0.01)
            backend = chance.choice(["asyncio", "trio"])
            second = await asyncio.to_thread(in_a_child, partial(calls, batch[quarter : 2 * quarter], backend))
            for child in (first, second):
                found.extend(await asyncio.to_thread(child))

    for batch in batches(numbers, 60):
        anyio.run(main, batch)
    return found


def _in_turn(world: World, client: Any, numbers: range) -> list[Told]:  # noqa: ANN401
    return [world.one(client, number) for number in numbers]


def forks_of_own_clients(world: World, numbers: range) -> list[Told]:
    """A client of the caller's own that was used: its children are told that nothing was sent."""
    import httpx  # noqa: PLC0415  # with httpx2 alone it may not be there

    found: list[Told] = []
    for batch in batches(numbers, 20):
        with httpx.Client() as http, world.sync(http_client=http) as client:
            # Used, so that there are connections.
            found.append(world.one(client, batch[0]))
            half = len(batch) // 2
            child = in_a_child(partial(_in_turn, world, client, batch[1:half]))
            found += [world.one(client, number) for number in batch[half:]]
            found += child()
    return found


def killed(world: World, numbers: range) -> list[Told]:
    """Children are killed amid calls that a journal knows; others resume what is left, and make the calls again."""
    found: list[Told] = []
    chance = world.chance(f"killed/{numbers}")
    journal = world.sdk.SQLiteJournal(world.folder / f"killed-{numbers.start}.db")
    with world.sync(journal=journal) as client:
        by_reference = partial(world.one, client, reference=True)

        def calls(batch: range, seconds: float) -> list[Told]:
            threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
            with ThreadPoolExecutor(3) as pool:
                list(pool.map(by_reference, batch))
            return []

        for batch in batches(numbers, 40):
            children = [
                in_a_child(partial(calls, share, chance.random() * 0.15), is_killed=True)
                for share in batches(batch, 20)
            ]
            for child in children:
                child()
            # Some work is left undone, which the next one finds, as after a restart.
            client.journal.resume(repeat=True)
            with ThreadPoolExecutor(4) as pool:
                found += pool.map(by_reference, batch)
            client.journal.resume(repeat=True)
        world.resume(client)
    journal.close()
    return found


def cold(world: World, numbers: range) -> list[Told]:
    """A process that has just begun forks amid its first calls, which import what they need for the first time."""
    found: list[Told] = []
    for batch in batches(numbers, 24):
        server = world.server
        given = [world.library, world.seed, world.folder, server.url, server.secure_url, server.authorities]
        command = [sys.executable, "-m", "tests.soaking.forks", *map(str, [*given, batch.start, batch.stop])]
        done = subprocess.run(command, check=True, capture_output=True)
        sys.stderr.write(done.stderr.decode()[:3000])
        found += pickle.loads(done.stdout)  # noqa: S301  # it comes from our own process
    return found


def _begin(library: str, seed: str, folder: str, url: str, secure_url: str, authorities: str, *batch: str) -> None:
    """Make the calls of a process that has just begun, and tell of them on the standard output."""
    server: Any = SimpleNamespace(url=url, secure_url=secure_url, authorities=authorities)
    sys.path.insert(0, f"{folder}/sdk")
    warnings.simplefilter("ignore", DeprecationWarning)
    logging.getLogger(PACKAGE).addHandler(logging.NullHandler())
    world = World(importlib.import_module(PACKAGE), server, library, int(seed), Path(folder))
    numbers = range(*map(int, batch))
    lives = (forks_of_threads, partial(forks_of_threads, secure=True), forks_of_a_loop)
    found = lives[numbers.start // 24 % len(lives)](world, numbers)
    sys.stdout.buffer.write(pickle.dumps([told.portable for told in found]))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    _begin(*sys.argv[1:])
