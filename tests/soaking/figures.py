"""What a process and its clients hold: places of pools, threads, files, memory, entries of journals, parts of files."""

from __future__ import annotations

import gc
import os
import resource
import threading
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


def pools_of(client: Any) -> list[Any]:  # noqa: ANN401
    """The pools of connections of an async client in the running loop."""
    transport = client._core.connection.transport()._client._transport
    return [pool._pool for pool in getattr(transport, "pools", [transport])]


def taken(client: Any) -> int:  # noqa: ANN401
    """How many connections of a client no other call can use."""
    return sum(not one.is_idle() and not one.is_closed() for pool in pools_of(client) for one in pool.connections)


def asked(client: Any) -> int:  # noqa: ANN401
    """How many requests the pools of a client hold."""
    return sum(len(pool._requests) for pool in pools_of(client))


@dataclass(frozen=True)
class Figures:
    """What is held at a moment.

    Args:
        requests: in the pools.
        connections: that no other call can use.
        running: requests that the client counts as running in its pools.
        tasks: of asyncio's, beside the one that looks.
        entries: of the journal, held by a call of this process.
        parts: files of downloads that are not complete.
        threads: of the process.
        files: open descriptors.
        objects: that the garbage collector knows.
        memory: resident, in MiB.
    """

    requests: int
    connections: int
    running: int
    tasks: int
    entries: int
    parts: int
    threads: int
    files: int
    objects: int
    memory: float

    def rows(self) -> list[str]:
        """Each figure as text."""
        return [f"{getattr(self, one.name):,.1f}" if one.name == "memory" else f"{getattr(self, one.name):,}"
                for one in fields(self)]  # fmt: skip


def figures(clients: list[Any], journal: Any, folder: Path | None, *, tasks: int = 0) -> Figures:  # noqa: ANN401
    """Return what is held now; nothing of clients where there is none.

    Args:
        clients: async clients of the running loop.
        journal: the journal, if there is one.
        folder: where downloads go.
        tasks: asyncio's tasks beside the one that looks.
    """
    for _ in range(3):
        gc.collect()
    return Figures(
        requests=sum(map(asked, clients)),
        connections=sum(map(taken, clients)),
        running=sum(_running(client) for client in clients),
        tasks=tasks,
        entries=0 if journal is None else len(list(journal._holds)),
        parts=0 if folder is None else len(list(folder.glob(".*.part"))),
        threads=threading.active_count(),
        files=len(os.listdir("/proc/self/fd")),  # noqa: PTH208
        objects=len(gc.get_objects()),
        memory=_memory(),
    )


def _running(client: Any) -> int:  # noqa: ANN401
    transport = client._core.connection.transport()._client._transport
    return sum(member.running for member in getattr(transport, "_members", []))


def _memory() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1024 / 1024
