"""Cancels whatever waits, many times, and looks for what is left behind."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, Final

import anyio

from tests.soak import Honours
from tests.soaking.cuts import Way, by_anyio, by_task, by_timeout, by_trio
from tests.soaking.figures import Figures, asked, figures, taken
from tests.soaking.works import CLIENTS, KINDS, ROUND, SMALL, Clients, Kind, together
from tests.soaking.world import World, in_tasks, is_cancellation

_AT_ONCE: Final = 1024
"""Connections of a client that says nothing of them (`runtime/http/pools.py`)."""
_STREAMS: Final = 60
"""Calls at once over HTTP/2, which one connection carries."""
_WORKERS: Final = 12
_FROM: Final = 10_000_000
"""The number of the first call: none of them is one of the lives'."""


@dataclass(frozen=True)
class Loop:
    """An event loop, and how it is cancelled in.

    Args:
        name: what it is called.
        backend: anyio's name for it.
        ways: how.
        share: of all cancellations, in tenths.
    """

    name: str
    backend: str
    ways: tuple[Way, ...]
    share: int


LOOPS: Final = (
    Loop("asyncio", "asyncio", (by_task, by_task, by_timeout), 5),
    Loop("anyio", "asyncio", (by_anyio,), 2),
    Loop("trio", "trio", (by_trio,), 3),
)


@dataclass
class Cut:
    """What came of the cancellations in a loop.

    Args:
        loop: the loop.
        made: how often something was begun that was to be cancelled, by kind.
        cancelled: how often it was, by kind.
        seen: of these, keyed calls that the server had seen.
        wrong: what is not as it must be.
        raw: what was raised and is neither the SDK's nor a cancellation.
        before: what was held before, all clients in use.
        after: what was held after.
        closed_before: what was held before the clients were made.
        closed_after: what was held after they were closed, and the loop was over.
        unclosed: sockets that were left to the garbage collector; anyio drops one where a cancellation comes between
            its connecting and its return. They are told and not judged.
    """

    loop: Loop
    made: Counter[str] = field(default_factory=Counter[str])
    cancelled: Counter[str] = field(default_factory=Counter[str])
    seen: int = 0
    wrong: list[str] = field(default_factory=list[str])
    raw: list[str] = field(default_factory=list[str])
    before: Figures | None = None
    after: Figures | None = None
    closed_before: Figures | None = None
    closed_after: Figures | None = None
    unclosed: int = 0


class _Run:
    """Cancellations in one loop."""

    def __init__(self, world: World, loop: Loop, first: int, at_once: int) -> None:
        self.world, self.loop, self.first, self.at_once = world, loop, first, at_once
        self.found = Cut(loop)
        self._known: Counter[str] = Counter()
        self._ended: dict[int, tuple[str, str]] = {}

    async def main(self, count: int) -> None:
        """Make the clients, cancel so often, and look."""
        name = f"{self.loop.name}-{self.first}"
        async with AsyncExitStack() as stack:
            clients = Clients(self.world, name, stack)
            await clients.open()
            warming = max(len(ROUND), count // 10)
            await in_tasks(partial(self._one, clients), range(self.first, self.first + warming), _WORKERS)
            await self._settled(clients)
            await self._all_at_once(clients, "before")
            self.found.before = await self._figures(clients)
            numbers = range(self.first + warming, self.first + warming + count)
            await in_tasks(partial(self._one, clients), numbers, _WORKERS)
            await self._settled(clients)
            self.found.after = await self._figures(clients)
            await self._all_at_once(clients, "after")
            await self._judge(clients)
        clients.journal.close()

    async def _one(self, clients: Clients, number: int) -> None:
        kind = ROUND[number % len(ROUND)]
        chance = self.world.chance(f"{self.loop.name}/{number}")
        way = chance.choice(self.loop.ways)
        try:
            waited = await way(self._told(kind, clients, number), self._known[kind.name], chance)
        except self.world.sdk.APIError:
            waited = 0
        except asyncio.CancelledError:
            # Of a second cancellation, which came when the first one had ended the work.
            waited = 0
        self._known[kind.name] = max(self._known[kind.name], min(waited, 200))

    async def _told(self, kind: Kind, clients: Clients, number: int) -> object:
        self.found.made[kind.name] += 1
        try:
            return await kind.work(clients, number)
        except self.world.sdk.APIError:
            raise
        except BaseException as error:
            if not is_cancellation(error):
                self.found.raw.append(f"{kind.name} {number}: {type(error).__name__}: {error}")
                return None
            self.found.cancelled[kind.name] += 1
            if kind.is_keyed:
                certainty: Any = getattr(error, "certainty", None)
                key: Any = getattr(error, "idempotency_key", None)
                self._ended[number] = (certainty.value if certainty else "", key or "")
            raise

    async def _settled(self, clients: Clients) -> None:
        """Wait until what runs in the background has ended, or will not."""
        ends = time.monotonic() + 10
        while time.monotonic() < ends and any(asked(client) + taken(client) for client in clients.all):  # noqa: ASYNC110  # pools tell nobody
            await anyio.sleep(0.05)
        await anyio.sleep(0.2)
        for client, name in zip(clients.all, CLIENTS, strict=True):
            requests, connections = asked(client), taken(client)
            if requests or connections:
                held = f"{requests} requests and {connections} connections"
                self.found.wrong.append(f"the client of {name} still holds {held} after ten seconds")

    async def _figures(self, clients: Clients) -> Figures:
        tasks = len(asyncio.all_tasks()) - 1 if self.loop.backend == "asyncio" else 0
        return figures(clients.all, clients.journal, clients.folder, tasks=tasks)

    async def _all_at_once(self, clients: Clients, when: str) -> None:
        """As many calls at once as a client has connections: no place of its pools is lost."""
        name = f"{self.loop.name}-{self.first}-{when}"
        for client, count in (
            (clients.usual, self.at_once), (clients.small, SMALL), (clients.secure, SMALL), (clients.http2, _STREAMS),
            (clients.tokens, SMALL), (clients.journaled, SMALL),
        ):  # fmt: skip
            wrong = await together(client, f"{name}-{clients.all.index(client)}", count)
            self.found.wrong += [f"{len(wrong)} of {count} calls at once {when}: {text}" for text in wrong[:1]]

    async def _judge(self, clients: Clients) -> None:
        """Hold each cancellation against what the server did, and the journal against what was told."""
        seen = await anyio.to_thread.run_sync(self.world.server.drained)
        for number, (certainty, key) in self._ended.items():
            came = {key: count for key, count in seen["seen"].get(f"{number}", {}).items() if count}
            effects = seen["done"].get(f"{number}", 0)
            kind = ROUND[number % len(ROUND)].name
            told = f"{kind} {number}: told {certainty or 'nothing'}, key {key or 'none'}; {effects} effects"
            self.found.seen += bool(came)
            if came and not (certainty and key in came):
                self.found.wrong.append(f"{told}, and the server has seen {', '.join(came)}")
            if came and certainty == "not sent":
                self.found.wrong.append(f"{told}, and the server has seen it")
            if (effects and certainty == "rejected") or (not effects and certainty == "applied") or effects > 1:
                self.found.wrong.append(told)
        pending = {entry.key for entry in await clients.journaled.journal.pending()}
        not_sent = {key for certainty, key in self._ended.values() if certainty == "not sent" and key}
        self.found.wrong += [f"{key} was not sent, and its entry is there" for key in sorted(pending & not_sent)]
        await anyio.to_thread.run_sync(self.world.server.calm)
        await clients.journaled.journal.resume(repeat=True)
        left = await clients.journaled.journal.pending()
        self.found.wrong += [f"the journal does not resume {entry}" for entry in left[:3]]
        parts = list(clients.bodies.iterdir()) if clients.bodies.exists() else []
        self.found.wrong += [f"{len(parts)} bodies are left beside the journal"] if parts else []


def _quiet(threads: int) -> None:
    """Wait until threads that have nothing to do have ended: trio's and anyio's wait for ten seconds."""
    ends = time.monotonic() + 15
    while threading.active_count() > threads and time.monotonic() < ends:
        time.sleep(0.1)


def cancelled(world: World, loop: Loop, count: int, first: int, at_once: int = _AT_ONCE) -> Cut:
    """Cancel so often in a loop, between two looks at what the process holds.

    Args:
        world: where.
        loop: in which loop.
        count: how often.
        first: the number of the first call.
        at_once: how many calls are made at once in the end, by the client with the most connections.
    """
    world.server.begin(Honours.ALL, world.seed)
    run = _Run(world, loop, first + 100_000, at_once)

    def unclosed(_: object, kind: type[Warning], *__: object, **___: object) -> None:
        run.found.unclosed += kind is ResourceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("always", ResourceWarning)
        warnings.showwarning = unclosed  # type: ignore[assignment]
        # Once with few, so that what is made once and kept is there already.
        threads = threading.active_count()
        anyio.run(_Run(world, loop, first, at_once).main, len(ROUND), backend=loop.backend)
        _quiet(threads)
        world.server.begin(Honours.ALL, world.seed)
        before = run.found.closed_before = figures([], None, None)
        anyio.run(run.main, count, backend=loop.backend)
        _quiet(before.threads)
        run.found.closed_after = figures([], None, None)
    return run.found


def all_loops(world: World, count: int) -> list[Cut]:
    """Cancel so often in all loops together, and print what came of it; a fifth ends before it is cancelled."""
    found: list[Cut] = []
    for at, loop in enumerate(LOOPS):
        found.append(cancelled(world, loop, max(len(ROUND), count * loop.share // 8), _FROM * (at + 1)))
    print(f"\n{'cancelled':<28}" + "".join(f"{cut.loop.name:>20}" for cut in found))  # noqa: T201
    for kind in KINDS:
        cells = [f"{cut.cancelled[kind.name]:,} of {cut.made[kind.name]:,}" for cut in found]
        print(f"{kind.name:<28}" + "".join(f"{cell:>20}" for cell in cells))  # noqa: T201
    for name, cells in (
        ("all", [f"{cut.cancelled.total():,} of {cut.made.total():,}" for cut in found]),
        ("keyed and seen", [f"{cut.seen:,}" for cut in found]),
        ("raw exceptions", [f"{len(cut.raw):,}" for cut in found]),
        ("wrong", [f"{len(cut.wrong):,}" for cut in found]),
        ("sockets left to collect", [f"{cut.unclosed:,}" for cut in found]),
    ):
        print(f"{name:<28}" + "".join(f"{cell:>20}" for cell in cells))  # noqa: T201
    for cut in found:
        _tell(cut)
    return found


def _tell(cut: Cut) -> None:
    """Print the figures of a loop, and what is wrong."""
    columns = [cut.before, cut.after, cut.closed_before, cut.closed_after]
    print(f"\n{f'held, {cut.loop.name}':<28}" + "".join(  # noqa: T201
        f"{head:>20}" for head in ("before", "after", "before the clients", "after the clients")
    ))  # fmt: skip
    rows = [column.rows() for column in columns if column is not None]
    for at, one in enumerate(fields(Figures)):
        print(f"{one.name:<28}" + "".join(f"{row[at]:>20}" for row in rows))  # noqa: T201
    kinds = Counter(raw.partition(": ")[2] for raw in cut.raw)
    for kind, times in kinds.most_common(5):
        print(f"    {times} times {kind}, first in {next(raw for raw in cut.raw if kind in raw)}")  # noqa: T201
    for wrong in [*cut.wrong[:8], *left_behind(cut)]:
        print(f"    {wrong}")  # noqa: T201


def left_behind(cut: Cut) -> list[str]:
    """What a loop has left behind, in words."""
    before, after, first, last = cut.before, cut.after, cut.closed_before, cut.closed_after
    if before is None or after is None or first is None or last is None:
        return ["the run did not come to its end"]
    found = [
        f"{getattr(after, name)} {name} are left in use"
        for name in ("requests", "connections", "running", "tasks", "entries", "parts")
        if getattr(after, name)
    ]
    found += [
        f"{name}: {getattr(first, name)} before the clients, {getattr(last, name)} after them"
        for name in ("threads", "files")
        if getattr(last, name) > getattr(first, name)
    ]
    # What is kept for each call would be at least one object for each cancellation.
    grown = last.objects - first.objects
    if grown > max(2_000, cut.cancelled.total() // 2):
        found.append(f"{grown} objects more than before")
    return found


def is_right(cut: Cut) -> bool:
    """Whether nothing is left behind, and each cancellation said what is certain."""
    return not (cut.wrong or cut.raw or left_behind(cut)) and cut.cancelled.total() > cut.made.total() // 4
