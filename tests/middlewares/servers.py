"""Two instances of an application over one store, each of which is started again whenever it is killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests import postgres
from tests.middlewares.environments import APPS, environment
from tests.middlewares.setups import Framework, Setup, Store

HERE: Final = Path(__file__).parent
DOCUMENT: Final = HERE / "payments.yaml"
TOKENS: Final = ("sk_alice", "sk_bob")
_START_SECONDS: Final = 60.0
_THREADS: Final = "32"


class StartError(Exception):
    """A server takes no connections; the text says what it said."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A running instance.

    Args:
        url: its address.
        pid_file: the file that has the number of its process, which leads a group of its own.
    """

    url: str
    pid_file: Path

    @property
    def kill(self) -> str:
        """The command that kills it by SIGKILL, and returns once all of its processes are gone."""
        return f"pid=$(cat {self.pid_file}); kill -9 -$pid; while kill -0 -$pid 2>/dev/null; do sleep 0.02; done"


class _Kept:
    """Runs a command, and runs it again whenever it ends, until it is closed."""

    def __init__(self, command: list[str], variables: dict[str, str], pid_file: Path, log: Path) -> None:
        self._command, self._variables, self._pid_file, self._log = command, variables, pid_file, log
        self._closed = False
        self._process = self._start()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                self._command, env={**os.environ, **self._variables}, cwd=APPS, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self._pid_file.write_text(str(process.pid), "utf-8")
        return process

    def _keep(self) -> None:
        while True:
            self._process.wait()
            if self._closed:
                return
            time.sleep(0.1)
            self._process = self._start()

    def close(self) -> None:
        """Kill it for good."""
        self._closed = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._thread.join(timeout=10)


@contextlib.contextmanager
def serving(setup: Setup, folder: Path) -> Generator[tuple[Instance, Instance]]:
    """Run two instances of a set-up's application, with their store.

    Args:
        setup: the set-up.
        folder: an empty folder for what they write.

    Raises:
        StartError: one of them does not start.
    """
    with contextlib.ExitStack() as stack:
        variables = {"CHARGES": str(folder / "charges.jsonl"), "STORE_FOLDER": str(folder), "STORE": setup.store.value}
        variables |= {"SCOPE": setup.scope, "APP": setup.app, "PYTHONDONTWRITEBYTECODE": "1"}
        variables |= stack.enter_context(_store(setup.store, folder))
        instances: list[Instance] = []
        for number in range(2):
            port = free_port()
            instance = Instance(f"http://127.0.0.1:{port}", folder / f"{number}.pid")
            log = folder / f"{number}.log"
            command, more = _command(setup, port, folder)
            stack.callback(_Kept(command, {**variables, **more}, instance.pid_file, log).close)
            _wait(port, log)
            instances.append(instance)
        yield instances[0], instances[1]


def _command(setup: Setup, port: int, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return the command that starts an instance, and its variables."""
    if setup.framework is Framework.SAMEKEY:
        arguments = ["serve", str(DOCUMENT), "--listen", f"127.0.0.1:{port}", "--store", str(folder / "sandbox.db")]
        tokens = [word for token in TOKENS for word in ("--token", token)]
        return [sys.executable, "-m", "samekey", *arguments, *tokens, "--quiet"], {}
    place = environment(setup)
    if setup.framework is Framework.EXPRESS:
        variables = {"PORT": str(port), "NODE_PATH": str(place / "node_modules")}
        return ["node", str(APPS / f"{setup.app}.js")], variables
    if setup.framework is Framework.FASTAPI:
        python = str(place / "bin" / "python")
        return [python, "-m", "uvicorn", f"{setup.app}:app", "--port", str(port), "--log-level", "warning"], {}
    gunicorn = str(place / "bin" / "gunicorn")
    bound = ["--bind", f"127.0.0.1:{port}", "--threads", _THREADS, "--log-level", "warning", "--no-control-socket"]
    return [gunicorn, *bound, f"{setup.app}:application"], {}


@contextlib.contextmanager
def _store(store: Store, folder: Path) -> Generator[dict[str, str]]:
    """Run what a store needs, and say where it is, in variables."""
    match store:
        case Store.REDIS:
            with _redis(folder) as url:
                yield {"REDIS_URL": url}
        case Store.POSTGRES:
            with postgres.running() as url:
                yield {"POSTGRES_URL": url}
        case _:
            yield {}


@contextlib.contextmanager
def _redis(folder: Path) -> Generator[str]:
    program, port = shutil.which("redis-server"), free_port()
    if program is None:
        raise StartError("no redis-server: install Debian's package of that name")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port, folder / "redis.log")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=10)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    said = log.read_text("utf-8", "replace").strip().splitlines()[-3:] if log.exists() else []
    raise StartError(" / ".join(said) or "it says nothing")
