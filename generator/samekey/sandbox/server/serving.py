"""Running a sandbox: until it is interrupted, or as long as a block lasts."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from samekey.sandbox.errors import SandboxError
from samekey.sandbox.server.app import Sandbox, Settings, open_sandbox
from samekey.sandbox.server.dashboard import PREFIX
from samekey.sandbox.server.faults import Plan, Rule
from samekey.sandbox.server.wire import WiredProtocol, WiredServer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from samekey.sandbox.server.ledger import Event, Totals

_GRACE = 3
_PATIENCE = 30.0
_STEP = 0.01


class Running:
    """A sandbox that serves.

    Args:
        sandbox: the sandbox.
        server: the server in front of it.
    """

    def __init__(self, sandbox: Sandbox, server: WiredServer) -> None:
        self._sandbox = sandbox
        self._server = server
        self._host = server.config.host

    @property
    def origin(self) -> str:
        """The address of the server."""
        return f"http://{self._host}:{self._server.port}"

    @property
    def url(self) -> str:
        """The base URL for clients of the API."""
        return f"{self.origin}{self._sandbox.served.base}"

    @property
    def page(self) -> str:
        """The address of the live page."""
        return f"{self.origin}{PREFIX}/"

    def fail(self, *rules: Rule, seed: int = 1) -> None:
        """Set what goes wrong from now on; nothing without rules."""
        self._sandbox.faults.plan = Plan(rules, seed)

    def stop(self) -> None:
        """Stop serving, soon."""
        self._server.should_exit = True

    def events(self) -> list[Event]:
        """Return everything that has happened, in the order of time."""
        self._sandbox.ledger.flush()
        return sorted(self._sandbox.ledger.events(limit=1_000_000), key=lambda event: event.at)

    def totals(self) -> Totals:
        """Return what has happened, in numbers."""
        self._sandbox.ledger.flush()
        return self._sandbox.ledger.totals()


@contextlib.contextmanager
def running(spec: str | Path, settings: Settings | None = None) -> Generator[Running]:
    """Serve a sandbox on a free port of this machine, in a thread, while a block runs.

    Args:
        spec: a path or URL of the document.
        settings: how it is to be; by default it has a new store of its own.
    """
    with tempfile.TemporaryDirectory(prefix="samekey-") as folder:
        settings = settings or Settings(store=str(Path(folder) / "sandbox.db"))
        with in_thread(open_sandbox(str(spec), settings)) as server:
            yield server


@contextlib.contextmanager
def in_thread(sandbox: Sandbox) -> Generator[Running]:
    """Serve a sandbox from a thread while a block runs.

    Raises:
        SandboxError: it does not start.
    """
    server = WiredServer(_config(sandbox, "127.0.0.1", 0), sandbox.door)
    ready = threading.Event()
    # Not uvicorn's `started`, which is true a moment before the port is known.
    server.when_started = ready.set
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + _PATIENCE
    while not ready.wait(_STEP) and thread.is_alive() and time.monotonic() < deadline:
        pass
    running_ = Running(sandbox, server)
    try:
        if not ready.is_set():
            raise SandboxError("the sandbox does not start")
        yield running_
    finally:
        running_.stop()
        thread.join(_PATIENCE)
        sandbox.database.engine.dispose()


def serve(sandbox: Sandbox, host: str, port: int, started: Callable[[Running], None]) -> None:
    """Serve a sandbox until it is interrupted.

    Args:
        sandbox: the sandbox.
        host: the address to listen at.
        port: the port, or 0 for a free one.
        started: told when it serves.

    Raises:
        SandboxError: nobody can listen there.
    """
    _look(host, port)
    server = WiredServer(_config(sandbox, host, port), sandbox.door)
    server.when_started = lambda: started(Running(sandbox, server))
    with contextlib.suppress(KeyboardInterrupt):
        server.run()


def _look(host: str, port: int) -> None:
    """Check by a moment of listening that a server can listen: the HTTP server would end the process otherwise."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise SandboxError(f"cannot listen at {host}:{port}: {str(error.strerror).partition(' (')[0]}") from error


def _config(sandbox: Sandbox, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        sandbox.app, host=host, port=port, http=WiredProtocol, ws="none", lifespan="on", access_log=False,
        proxy_headers=False,
        log_level="warning", timeout_graceful_shutdown=_GRACE, server_header=False,
        # A proxy passes on the date of the API behind it.
        date_header=sandbox.served.inside,
    )  # fmt: skip
