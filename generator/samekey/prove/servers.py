"""The servers of a proof: processes that are killed and started again, and the ledger that they share."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import deque
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote

import msgspec
from sqlalchemy import text

from samekey.prove.child import GO, HOST, LOADED, READY, Orders
from samekey.prove.errors import ProveError
from samekey.prove.fault_plan import fault_plan
from samekey.prove.history import StoredThings
from samekey.sandbox.server.dashboard import PREFIX
from samekey.sandbox.server.faults import Plan, spelled
from samekey.sandbox.server.ledger import Kind, Ledger
from samekey.sandbox.storage import resource_store

if TYPE_CHECKING:
    from collections.abc import Generator

    from samekey.sandbox.keys.broken import Broken
    from samekey.sandbox.server.ledger import Event
    from samekey.sandbox.storage.database import Postgres, Sqlite

_PAUSE = 0.15
_QUIET_TURNS = 3
_PATIENCE = 60.0
_MANY = 10_000_000
_TAIL = 5000
"""Events, counted from the last, among which every request is that may still be under way."""
_CLOCK_AHEAD = 20.0
"""Seconds by which the clock of a server is ahead, and that of its successor behind."""
_SEEDS = 1000
"""Room between the seeds of two servers, for those that take the place of killed ones."""


_CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user
"""


class _Process:
    """A server in a process of its own."""

    def __init__(self, orders: Orders) -> None:
        self._loaded = False
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed in `stop`
        self._process = subprocess.Popen(  # our own program
            [sys.executable, "-m", "samekey.prove.child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip
        # Not as an argument: the address of a store may hold a password, and arguments are for all to see.
        self._tell(msgspec.json.encode(orders) + b"\n")

    @property
    def name(self) -> str:
        """What it calls itself in the ledger."""
        return f"{socket.gethostname()}/{self._process.pid}"

    def go(self) -> None:
        """Tell the process to serve, and wait until it does."""
        if not self._loaded:
            self._expect(LOADED)
        self._tell(GO)
        self._expect(READY)

    @property
    def is_loaded(self) -> bool:
        """Whether it could serve at once."""
        if (
            not self._loaded
            and self._process.stdout is not None
            and select.select([self._process.stdout], [], [], 0)[0]
        ):
            self._expect(LOADED)
            self._loaded = True
        return self._loaded

    def _expect(self, line: bytes) -> None:
        if self._process.stdout is None or self._process.stdout.readline() != line:
            raise ProveError(f"a server does not start: {self._complaint()}")

    def check(self) -> None:
        """Raise where the process has ended by itself."""
        if self._process.poll() is not None:
            raise ProveError(f"a server has ended by itself: {self._complaint()}")

    def kill(self) -> None:
        """Kill the process with SIGKILL, and wait for its end."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def _tell(self, line: bytes) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line)
                self._process.stdin.flush()

    def _complaint(self) -> str:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 2000))
        return self._errors.read().decode("utf-8", "replace").strip() or "it says nothing"


class ServerProcess:
    """An address at which a process serves; when that one is killed, another takes its place.

    Args:
        spec: the document.
        store: where all is kept.
        plan: what goes wrong, once faults strike.
        broken: the promise that is broken.
    """

    def __init__(self, spec: str, store: str, plan: Plan, broken: Broken | None) -> None:
        with socket.create_server((HOST, 0)) as trial:
            self.port: int = trial.getsockname()[1]
        self._orders = Orders(spec, store, self.port, plan, broken, _CLOCK_AHEAD)
        self._started = 0
        self._prepared: deque[_Process] = deque()
        # No faults yet: what can be called is found out first.
        self._process = _Process(msgspec.structs.replace(self._orders, plan=Plan()))

    @property
    def name(self) -> str:
        """What the process that serves now calls itself in the ledger."""
        return self._process.name

    def go(self) -> None:
        """Tell the process to serve, and wait until it does."""
        self._process.go()

    def prepare(self) -> None:
        """Have one more process ready, so that a killed one is missed for a moment only."""
        self._started += 1
        plan = msgspec.structs.replace(self._orders.plan, seed=self._orders.plan.seed + self._started)
        # Clocks of machines that follow each other, or stand side by side, are never quite the same.
        ahead = -self._orders.clock_ahead
        self._orders = msgspec.structs.replace(self._orders, clock_ahead=ahead)
        self._prepared.append(_Process(msgspec.structs.replace(self._orders, plan=plan)))

    @property
    def is_prepared(self) -> bool:
        """Whether another process could take over at once, and none is at its start, which must not be disturbed."""
        return bool(self._prepared) and all(process.is_loaded for process in self._prepared)

    def replace(self) -> None:
        """Kill the process that serves with SIGKILL; the one that was prepared takes its place."""
        if self._prepared:
            self._process.kill()
            self._process = self._prepared.popleft()
            self._process.go()

    def start_faults(self) -> None:
        """Turn the faults of this server on."""
        self._set(self._orders.plan)

    def clear_faults(self) -> None:
        """Turn the faults of this server off."""
        self._set(Plan())

    def check(self) -> None:
        """Raise where the process that serves has ended by itself."""
        self._process.check()

    def begin_anew(self, plan: Plan, ttl: float) -> None:
        """Kill the process that serves, and have another one in its place that forgets keys soon.

        Args:
            plan: what goes wrong.
            ttl: seconds for which it remembers keys.
        """
        self.stop()
        self._prepared.clear()
        # Its clock is right, whatever others thought of the time before.
        self._process = _Process(msgspec.structs.replace(self._orders, plan=plan, ttl=ttl, clock_ahead=0.0))
        self._process.go()

    def stop(self) -> None:
        """End the process that serves, and those that are prepared."""
        for process in (self._process, *self._prepared):
            process.kill()

    def _set(self, plan: Plan) -> None:
        request = urllib.request.Request(
            f"http://{HOST}:{self.port}{PREFIX}/faults",
            json.dumps(spelled(plan)).encode(), {"Content-Type": "application/json"}, method="PUT",
        )  # fmt: skip
        # A door that was shut by a fault opens again in a moment.
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
                    answer.read()
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ProveError(f"a server cannot be reached: {error}") from error
                time.sleep(_PAUSE)
            else:
                return


class Servers:
    """Some servers on one store.

    Args:
        servers: the servers.
        database: their store; its schema must be there.
    """

    def __init__(self, servers: tuple[ServerProcess, ...], database: Sqlite | Postgres) -> None:
        self.servers = servers
        self._database = database
        self._ledger = Ledger(database)
        self._start = self._ledger.last()
        self._there = frozenset[str]()

    @property
    def ports(self) -> tuple[int, ...]:
        """Where they listen."""
        return tuple(server.port for server in self.servers)

    def start_faults(self) -> None:
        """Forget the events so far, and turn the faults of all servers on."""
        self._drained()
        self._start = self._ledger.last()
        with self._database.engine.connect() as connection:
            self._there = resource_store.places(connection)
        for server in self.servers:
            server.start_faults()

    def clear_faults(self) -> None:
        """Turn the faults of all servers off, and wait for late arrivals."""
        for server in self.servers:
            server.clear_faults()
        self._drained()

    def forget_soon(self, ttl: float, plan: Plan) -> None:
        """Have one server alone, at the first address, that forgets keys soon; the others are gone for good.

        Args:
            ttl: seconds for which it remembers keys.
            plan: what goes wrong.
        """
        self._drained()
        first, *others = self.servers
        # One whose clock is ahead would remove what is not old yet.
        for server in others:
            server.stop()
        self.servers = (first,)
        first.begin_anew(plan, ttl)

    def check(self) -> None:
        """Raise where a server has ended by itself."""
        for server in self.servers:
            server.check()

    def events(self) -> tuple[Event, ...]:
        """Return all events since the faults were turned on, once no request is under way."""
        self._drained()
        return tuple(self._ledger.events(self._start, _MANY))

    def things(self) -> StoredThings:
        """Return what the store holds, and did not when the faults were turned on."""
        made = {unquote(event.detail).rpartition("/")[0] for event in self.events() if event.detail.startswith("/")}
        with self._database.engine.connect() as connection:
            return StoredThings(resource_store.places(connection) - self._there, frozenset(made))

    def restart_database(self) -> None:
        """Cut the servers' connections to PostgreSQL, amid whatever they are doing, as its restart does."""
        if not self._database.has_one_writer:
            with self._database.engine.connect() as connection:
                connection.execute(text(_CUT_OFF))
                connection.commit()

    def _drained(self) -> None:
        """Wait until no request is under way; what was under way in a killed process has ended with it."""
        deadline = time.monotonic() + _PATIENCE
        alive = {server.name for server in self.servers}
        quiet = 0
        while quiet < _QUIET_TURNS:
            # A turn is longer than servers take to write down what has happened.
            time.sleep(_PAUSE)
            self.check()
            recent = self._ledger.events(max(self._start, self._ledger.last() - _TAIL), _MANY)
            quiet = quiet + 1 if not _under_way(recent, alive) else 0
            if time.monotonic() > deadline:
                raise ProveError(f"requests are still under way after {_PATIENCE:g} s")


@contextlib.contextmanager
def serving(
    spec: str, store: str, database: Sqlite | Postgres, *, processes: int, seed: int, broken: Broken | None
) -> Generator[Servers]:
    """Run servers on one store while a block runs.

    Args:
        spec: the document.
        store: where all is kept.
        database: the same, opened.
        processes: how many servers.
        seed: seeds the chance of faults.
        broken: the promise that is broken.
    """
    with contextlib.ExitStack() as stack:
        servers: list[ServerProcess] = []
        for number in range(processes):
            plan = fault_plan(seed + number * _SEEDS)
            servers.append(ServerProcess(spec, store, plan, broken))
            stack.callback(servers[-1].stop)
        for server in servers:
            server.go()
        yield Servers(tuple(servers), database)


def _under_way(events: list[Event], alive: set[str]) -> set[str]:
    """Return the requests that have arrived at a living process, and of which nothing has become yet."""
    arrived = {event.attempt for event in events if event.kind is Kind.ARRIVED and event.process in alive}
    return arrived - {event.attempt for event in events if event.kind in {Kind.ANSWERED, Kind.LOST}}
