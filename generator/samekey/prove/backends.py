"""What the clients of a proof run on, all at the same time: threads, tasks of event loops, and forked processes."""

from __future__ import annotations

import importlib.util
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anyio

from samekey.prove.clients import AT_ONCE, ClientCopies, in_turn, report_of, report_of_cancelled
from samekey.prove.forks import through_forks
from samekey.prove.wire import Watch, watched
from samekey.sandbox.api.answer import answer_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from samekey.prove.call_plan import Planned
    from samekey.prove.clients import Clients
    from samekey.prove.history import CallReport


def backends() -> tuple[str, ...]:
    """Return what clients can run on here: threads, asyncio, trio where it is installed, and forked processes."""
    trio = ("trio",) if importlib.util.find_spec("trio") else ()
    return ("threads", "asyncio", *trio, *(("forks",) if hasattr(os, "fork") else ()))


def through(backend: str, clients: Clients, entries: Sequence[Planned], done: Callable[[], None]) -> list[CallReport]:
    """Make calls on a backend: threads, tasks of an event loop, or forked processes.

    Args:
        backend: threads, forks, or the name of an event loop.
        clients: makes the client.
        entries: the calls.
        done: told whenever one has ended.
    """
    match backend:
        case "threads":
            return _threads(clients, entries, done)
        case "forks":
            return through_forks(clients, entries, done)
        case _:
            return anyio.run(_tasks, clients, entries, done, backend=backend)


def _threads(clients: Clients, entries: Sequence[Planned], done: Callable[[], None]) -> list[CallReport]:
    history: list[CallReport] = []
    # Threads may share an iterator over a list: each entry is given to one of them.
    waiting = iter(entries)
    with clients.sync() as client, ThreadPoolExecutor(AT_ONCE) as pool:
        copies = ClientCopies(clients, client)

        def work() -> None:
            for report in in_turn(clients, copies, waiting):
                done()
                history.append(report)

        for worker in [pool.submit(work) for _ in range(AT_ONCE)]:
            worker.result()
    return history


async def _tasks(clients: Clients, entries: Sequence[Planned], done: Callable[[], None]) -> list[CallReport]:
    history: list[CallReport] = []
    waiting = iter(entries)
    async with clients.asynchronous() as client, anyio.create_task_group() as group:
        copies = ClientCopies(clients, client)

        async def work() -> None:
            for entry in waiting:
                history.append(await _task(clients, copies, entry))
                done()

        for _ in range(AT_ONCE):
            group.start_soon(work)
    return history


async def _task(clients: Clients, copies: ClientCopies, entry: Planned) -> CallReport:
    """Make a call in an event loop; its caller may give it up."""
    watch = Watch(entry.call.profile)
    given = ""
    record: Any = None
    cancellation: BaseException | None = None
    with watched(watch), anyio.move_on_after(entry.cancelled_after):
        try:
            response = await copies.call(entry)
            record, given = response.record, answer_digest(response.status, response.content)
        except clients.sdk.package.APIError as error:
            record = error.record
        except BaseException as error:
            # A cancellation, or a group of them where connections were tried side by side.
            cancellation = error
            raise
    return (
        report_of(entry, record, watch, given)
        if cancellation is None
        else report_of_cancelled(entry, cancellation, watch)
    )
