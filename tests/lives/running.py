"""Programs that are started for a test, asked by many threads at once, and ended with all that they have started."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 90.0
"""Seconds that a program may take to be ready, or to end, on a machine with much else to do."""
TRACEBACK = "Traceback (most recent call last)"
COMPLAINTS = (
    "ResourceWarning: unclosed", "Event loop is closed", "was never awaited", "was never retrieved",
    "Exception ignored", TRACEBACK, "different event loop", "different loop", "Task was destroyed", "Non-thread-safe",
)  # fmt: skip
"""What stands in the words of a program that something is wrong with."""


def needs(*packages: str) -> pytest.MarkDecorator:
    """Skip a test where the packages that its program needs are not installed."""
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)} (make lives installs them)")


def complaints(words: str, bank: str) -> list[str]:
    """The lines of a program's words that complain.

    Servers leave sockets of their own to the end of the process; only connections to the bank count.
    """
    to_bank = f"raddr=('127.0.0.1', {bank.rpartition(':')[2]})"
    lines = [line for line in words.splitlines() if any(complaint in line for complaint in COMPLAINTS)]
    return [line for line in lines if "unclosed <socket.socket" not in line or to_bank in line]


class Program:
    """A program in a process group of its own; its words are kept in a file.

    Args:
        arguments: what stands behind the interpreter.
        environment: variables of its own, beside those of the tests.
        folder: where it runs, and keeps its words.
        logs_failures: whether it may log tracebacks, since what it runs is killed, or fails on purpose.
    """

    def __init__(
        self, arguments: Iterable[str], environment: dict[str, str], folder: Path, *, logs_failures: bool = False
    ) -> None:
        self._arguments = [sys.executable, *arguments]
        self._environment = {
            **os.environ,
            **environment,
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "always::ResourceWarning",
        }
        self._folder = folder
        self._may = (TRACEBACK,) if logs_failures else ()
        self._path = folder / f"words-{time.monotonic_ns()}.txt"

    def __enter__(self) -> Self:
        with self._path.open("wb") as words:
            self.process = subprocess.Popen(
                self._arguments, cwd=self._folder, env=self._environment,
                stdin=subprocess.DEVNULL, stdout=words, stderr=words, start_new_session=True,
            )  # fmt: skip
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE / 3)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        if kind is not None:
            sys.stdout.write(self.words)
        else:
            found = complaints(self.words, self._environment["BANK"])
            assert [line for line in found if not line.startswith(self._may)] == [], self.words

    @property
    def words(self) -> str:
        """All that it has written."""
        return self._path.read_text("utf-8", "replace")

    def says(self, pattern: str) -> str:
        """Wait until it has written something; the first group of the pattern."""
        until = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.words)) is None:
            assert self.process.poll() is None, f"the program ended with {self.process.returncode}:\n{self.words}"
            assert time.monotonic() < until, f"no {pattern!r} in {PATIENCE} seconds:\n{self.words}"
            time.sleep(0.05)
        return found[1]


def outcome(script: str, arguments: Iterable[str], environment: dict[str, str], folder: Path) -> list[dict[str, Any]]:
    """Run a program to its end; what its calls were told, which it writes as JSON into a file that is its argument."""
    result = folder / "result.json"
    with Program([str(PROGRAMS / script), str(result), *arguments], environment, folder) as program:
        try:
            program.process.wait(2 * PATIENCE)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the program hangs:\n{program.words}")
        assert program.process.returncode == 0, program.words
    told: list[dict[str, Any]] = json.loads(result.read_text("utf-8"))
    return told


def ask(url: str, item: str, client: httpx.Client, key: str | None = None) -> dict[str, Any]:
    """Ask a server to pay for something."""
    answer = client.get(url, params={"item": item} if key is None else {"item": item, "key": key})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def front_end() -> httpx.Client:
    """A client with a connection for each call, so that any worker may be asked."""
    return httpx.Client(timeout=PATIENCE, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))


def ask_all(urls: Iterable[str], calls: int, threads: int = 8) -> list[dict[str, Any]]:
    """Ask for many payments at once; each URL in its turn."""
    places = list(urls)
    with front_end() as client, ThreadPoolExecutor(threads) as pool:

        def once(number: int) -> dict[str, Any]:
            return ask(places[number % len(places)], f"item {number}", client)

        return list(pool.map(once, range(calls)))


def ask_again(
    urls: Iterable[str],
    calls: int,
    at: Mapping[int, Callable[[dict[str, Any]], object]],
    threads: int = 8,
    first: int = 0,
) -> list[dict[str, Any]]:
    """Ask for many payments, each under a key of its own, and again where the server went away meanwhile.

    Args:
        urls: of the server, each in its turn.
        calls: how many.
        at: what happens to the server after so many calls, given what the last of them was told.
        threads: how many ask at once.
        first: the number of the first; what was asked for before had smaller ones.
    """
    places = list(urls)

    def once(number: int) -> dict[str, Any]:
        item = f"item {number}"
        until = time.monotonic() + PATIENCE
        while True:
            try:
                told = ask(places[number % len(places)], item, client, f"key {number}")
            except httpx.TransportError:
                assert time.monotonic() < until, f"no answer for {item} in {PATIENCE} seconds"
                time.sleep(0.1)
            else:
                break
        if number in at:
            at[number](told)
        return told

    with front_end() as client, ThreadPoolExecutor(threads) as pool:
        return list(pool.map(once, range(first, first + calls)))
