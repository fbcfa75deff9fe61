"""Pools of processes: `pool_shop.py RESULT CALLS WAY`, where the client was used before the pool was made."""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from paying import client as make
from paying import pay

client = make()
PATIENCE = 30.0
FORK = multiprocessing.get_context("fork")


def once(item: str) -> dict[str, Any]:
    """Pay in a process of the pool, or in the main one."""
    return pay(client, item)


def batch(items: list[str]) -> list[dict[str, Any]]:
    """Pay for several things at once, in threads of a process of the pool."""
    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(once, items))


def in_a_pool(items: list[str]) -> list[dict[str, Any]]:
    """`multiprocessing.Pool`, while the main process pays as well; each process ends after some calls."""
    with FORK.Pool(3, maxtasksperchild=20) as pool:
        waiting = pool.map_async(once, items[::2], chunksize=1)
        own = batch(items[1::2])
        return own + waiting.get(120)


def in_an_executor(items: list[str]) -> list[dict[str, Any]]:
    """`ProcessPoolExecutor`, with threads in each of its processes."""
    batches = [items[start : start + 20] for start in range(0, len(items), 20)]
    with ProcessPoolExecutor(3, mp_context=FORK) as pool:
        return [told for each in pool.map(batch, batches) for told in each]


def in_processes_of_processes(items: list[str]) -> list[dict[str, Any]]:
    """A child pays, and forks a child of its own, which pays as well; so does each of four generations."""
    results: Any = FORK.SimpleQueue()
    quarter = len(items) // 4

    def generation(left: list[str]) -> None:
        child = FORK.Process(target=generation, args=(left[quarter:],)) if len(left) > quarter else None
        first, *others = left[:quarter]
        results.put([once(first)])
        if child is not None:
            child.start()
        results.put(batch(others))
        if child is not None:
            child.join()

    generation(items)
    told: list[dict[str, Any]] = []
    while len(told) < len(items):
        told += results.get()
    return told


@contextmanager
def paying_meanwhile() -> Generator[list[dict[str, Any]]]:
    """Let four threads of the main process pay while a block runs; what they were told."""
    ended = threading.Event()
    own: list[dict[str, Any]] = []

    def keep_paying(name: int) -> None:
        number = 0
        while not ended.is_set():
            own.append(once(f"thread {name} {number}"))
            number += 1

    with ThreadPoolExecutor(4) as threads:
        paying = [threads.submit(keep_paying, name) for name in range(4)]
        try:
            yield own
        finally:
            ended.set()
    for thread in paying:
        thread.result()


def amid_calls(items: list[str]) -> list[dict[str, Any]]:
    """Fork again and again while threads of the main process are in the middle of calls."""
    told: list[dict[str, Any]] = []
    with paying_meanwhile() as own:
        for start in range(0, len(items), 10):
            few = items[start : start + 10]
            told += forked(lambda few=few: [once(item) for item in few])
            if "raw" in told[-1]:
                break
    return own + told


def forked(work: Callable[[], list[dict[str, Any]]], fork: Callable[[], int] = os.fork) -> list[dict[str, Any]]:
    """Do something in a child; what it was told, or that it hangs."""
    with tempfile.NamedTemporaryFile() as file:
        child = fork()
        if child == 0:
            try:
                Path(file.name).write_text(json.dumps(work()), "utf-8")
            finally:
                os._exit(0)
        until = time.monotonic() + PATIENCE
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > until:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return [{"asked": "child", "raw": f"a child hangs for {PATIENCE} seconds"}]
            time.sleep(0.02)
        told: list[dict[str, Any]] = json.loads(file.read())
        return told


def amid_imports(items: list[str]) -> list[dict[str, Any]]:
    """Fork while a thread makes the first call of all, for which the SDK imports what it needs, from a slow disk."""
    begun, go_on = threading.Event(), threading.Event()

    loaded = SourceFileLoader.exec_module

    def load_slowly(loader: SourceFileLoader, module: ModuleType) -> None:
        if module.__name__ == os.environ["MODULE"] and not begun.is_set():
            begun.set()
            go_on.wait(2 * PATIENCE)
        loaded(loader, module)

    setattr(SourceFileLoader, "exec_module", load_slowly)  # noqa: B010
    own: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: own.append(once("thread")))
    thread.start()
    begun.wait()
    # The fork waits for the end of the import.
    threading.Timer(1.0, go_on.set).start()
    told = forked(lambda: [once(item) for item in items])
    thread.join()
    return own + told


def unknown_to_python(items: list[str]) -> list[dict[str, Any]]:
    """What programs in C do that have an interpreter within: they fork, and Python does not hear of it."""
    half = len(items) // 2
    return forked(lambda: batch(items[:half]), ctypes.PyDLL(None).fork) + batch(items[half:])


def daemon(items: list[str]) -> list[dict[str, Any]]:
    """A daemon: who has started it ends at once, and it goes on paying until it is killed."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        once("early daemon")
        os.close(write)
        os.read(read, 1)
        once(items[0])
        os._exit(0)
    os.close(read)
    time.sleep(0.5)
    client.close()
    # The journal is the program's own, and ends with it; so does its side of the pipe.
    return []


WAYS: dict[str, Callable[[list[str]], list[dict[str, Any]]]] = {
    "pool": in_a_pool,
    "executor": in_an_executor,
    "generations": in_processes_of_processes,
    "amid calls": amid_calls,
    "amid imports": amid_imports,
    "unknown to Python": unknown_to_python,
    "daemon": daemon,
}

if __name__ == "__main__":
    result, calls, way = sys.argv[1:]
    if way != "amid imports":
        once("early main")
    told = WAYS[way]([f"item {number}" for number in range(int(calls))])
    client.close()
    Path(result).write_text(json.dumps(told), "utf-8")
