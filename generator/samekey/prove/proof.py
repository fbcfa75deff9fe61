"""A proof from its document to its verdict: generate, serve, call while faults strike, settle, and check."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
import uuid
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from samekey_templates.runtime.safety import Evidence

from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.lower import lower
from samekey.pipeline import inspect
from samekey.prove.arguments import Maker
from samekey.prove.backends import backends, through
from samekey.prove.call_plan import planned
from samekey.prove.calls import candidates, explore
from samekey.prove.clients import Clients, read_timeout_for, settle
from samekey.prove.errors import ProveError
from samekey.prove.history import History
from samekey.prove.sdk import generated
from samekey.prove.servers import serving
from samekey.prove.short_lives import short_lives
from samekey.prove.terms import Sabotage
from samekey.prove.trials import trials
from samekey.prove.verdict import judge_run
from samekey.prove.wire import Gate, Watch, watched
from samekey.sandbox.api.operations import base_path
from samekey.sandbox.keys.broken import Broken
from samekey.sandbox.keys.store import LONGEST_TTL
from samekey.sandbox.storage.database import open_database
from samekey.sandbox.storage.migrations import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from samekey.document.node import Document
    from samekey.emit.views import OperationSummary
    from samekey.ir import Api
    from samekey.prove.call_plan import Planned
    from samekey.prove.calls import PlannedCall, Repertoire
    from samekey.prove.history import CallReport
    from samekey.prove.sdk import Sdk
    from samekey.prove.servers import ServerProcess, Servers
    from samekey.prove.terms import Terms
    from samekey.prove.verdict import ProofResult
    from samekey.sandbox.storage.database import Postgres, Sqlite

_KILL_EVERY: Final = 1000
"""Calls between two kills, where there are many."""
_FEWEST_KILLS: Final = 2
_STEP: Final = 0.05
_TIMED: Final = 12
"""Calls by which it is told how fast the machine is."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it.

    Args:
        title: the title of the API.
        processes: servers on the one store.
        kills: how often one of them was killed.
        repertoire: what was called.
        verdict: what was found.
        seconds: how long all of it took.
        assumed: the keyed methods that were called and of which the document does not say that keys are honoured.
    """

    title: str
    processes: int
    kills: int
    repertoire: Repertoire
    verdict: ProofResult
    seconds: float
    assumed: tuple[str, ...] = ()


def prove(spec: str, terms: Terms, diagnostics: Diagnostics, step: Callable[[str], None] = lambda _: None) -> Proof:
    """Make calls through every fault, and check what must always hold (docs/retry-rules.md, section 8).

    Args:
        spec: a path or URL of the document.
        terms: what is to be proven, and how.
        diagnostics: the sink for what is wrong with the document.
        step: told what is being done, for progress.

    Raises:
        ProveError: the proof cannot be made; where that is for the document, the sink says more.
        SandboxError: the store cannot be used.
    """
    began = time.monotonic()
    step("reading the document")
    # A name of its own, so that it meets neither another proof nor an SDK that is installed.
    config = Config(package=f"proved_{uuid.uuid4().hex[:12]}", client="Proved")
    document, api, rows = _read(spec, config, diagnostics)
    new_keys = terms.sabotage is Sabotage.NEW_KEY_PER_ATTEMPT
    broken = Broken(terms.sabotage) if terms.sabotage is not None and not new_keys else None
    with (
        generated(document, config, step) as sdk,
        _store(terms.store) as (store, database),
        serving(spec, store, database, processes=terms.processes, seed=terms.seed, broken=broken) as servers,
    ):
        gate = Gate(servers.ports, new_keys=new_keys)
        clients = Clients(sdk, base_path(api), gate, min(api.profile.ttl, LONGEST_TTL))
        step("finding out what can be called")
        with clients.calm() as client:
            found = candidates(document, api, rows)
            repertoire = explore(client, Maker(document.node), found, sdk.package.APIError)
            clients.read_timeout = read_timeout_for(
                [_timed(sdk, client, calls[0]) for calls in repertoire.keyed[:_TIMED]]
            )
        entries = [planned(number, repertoire.choose(number, terms.seed), terms.seed) for number in range(terms.calls)]
        servers.start_faults()
        kills, reports = _weather(clients, servers, entries, terms.seed, step)
        step("waiting for late arrivals")
        servers.clear_faults()
        step("settling what is unknown")
        calls = [entry.call for entry in entries]
        settled = settle(clients, list(zip(reports, calls, strict=True)))
        step("trying keys that have done something")
        tried = trials(clients, list(zip(settled, calls, strict=True)))
        step("outliving some keys")
        outlived = short_lives(clients, servers, repertoire, len(entries))
        reported = (*settled, *outlived)
        history = History(reported, servers.events(), clients.window, tried, servers.things())
    step("checking")
    verdict = judge_run(history)
    called = {calls[0].method for calls in repertoire.keyed}
    assumed = tuple(row.call for row in rows if row.evidence == Evidence.ASSUMED.value and row.call in called)
    return Proof(api.title, terms.processes, kills, repertoire, verdict, time.monotonic() - began, assumed)


def _read(spec: str, config: Config, diagnostics: Diagnostics) -> tuple[Document, Api, Sequence[OperationSummary]]:
    """Read a document; return it as it was loaded, as the servers read it, and the methods of its SDK."""
    document = load(spec, diagnostics)
    # Read a second time, so that nothing is reported twice.
    again = load(spec, Diagnostics()) if document is not None else None
    api = lower(again) if again is not None else None
    rows = inspect(again, config) if again is not None else None
    if document is None or api is None or rows is None:
        if document is not None and not diagnostics.failed:
            lower(document)
        raise ProveError("this document cannot be read")
    return document, api, rows


@contextlib.contextmanager
def _store(location: str) -> Generator[tuple[str, Sqlite | Postgres]]:
    """Open the servers' store while a block runs: the one that was asked for, or a file that is dropped at the end."""
    with tempfile.TemporaryDirectory(prefix="samekey-prove-") as folder:
        location = location or str(Path(folder) / "prove.db")
        database = open_database(location)
        try:
            upgrade(database)
            yield location, database
        finally:
            database.engine.dispose()


def _timed(sdk: Sdk, client: Any, call: PlannedCall) -> float:  # noqa: ANN401  # of the SDK
    """Make a call, and return how many seconds it took."""
    began = time.monotonic()
    # How it ends is another matter, and told by the run itself.
    with watched(Watch(call.profile)), contextlib.suppress(sdk.package.APIError):
        call.on(client)
    return time.monotonic() - began


class _Reaper:
    """Kills a server now and then, as the calls go by.

    Args:
        servers: whom to choose from.
        calls: how many calls there will be.
        seed: decides who is killed.
    """

    def __init__(self, servers: Servers, calls: int, seed: int) -> None:
        kills = max(_FEWEST_KILLS, calls // _KILL_EVERY)
        self._turns = [calls * turn // (kills + 1) for turn in range(kills, 0, -1)]
        self._servers = servers
        self._random = Random(seed)  # noqa: S311  # chance that can be repeated
        self.kills = 0
        self._victims: deque[ServerProcess] = deque()
        # The second one is due before another process could be ready, where calls are quick.
        for _ in self._turns[:2]:
            self._choose()

    def see(self, count: int) -> None:
        """Kill a server, if it is time.

        Args:
            count: calls that have ended.
        """
        if self._turns and count >= self._turns[-1] and all(victim.is_prepared for victim in self._victims):
            self._turns.pop()
            self._servers.restart_database()
            self._victims.popleft().replace()
            self.kills += 1
            if len(self._turns) > len(self._victims):
                self._choose()

    def _choose(self) -> None:
        self._victims.append(self._random.choice(self._servers.servers))
        self._victims[-1].prepare()


class _Progress:
    """Counts calls that have ended, and stops the clients when there is no use in going on."""

    def __init__(self) -> None:
        self.count = 0
        self.is_over = False
        self._lock = threading.Lock()

    def up(self) -> None:
        """Count a call that has ended, and raise where the proof was given up."""
        with self._lock:
            self.count += 1
        if self.is_over:
            raise ProveError("the proof was given up")


def _weather(
    clients: Clients,
    servers: Servers,
    entries: Sequence[Planned],
    seed: int,
    step: Callable[[str], None],
) -> tuple[int, list[CallReport]]:
    """Make the calls through every backend while servers are killed; return how often, and what was told."""
    progress = _Progress()
    kinds = backends()
    with ThreadPoolExecutor(len(kinds)) as pool:
        runs = [
            pool.submit(through, backend, clients, entries[at :: len(kinds)], progress.up)
            for at, backend in enumerate(kinds)
        ]
        reaper = _Reaper(servers, len(entries), seed)
        try:
            while not all(run.done() for run in runs):
                time.sleep(_STEP)
                step(f"{progress.count} of {len(entries)} calls")
                servers.check()
                reaper.see(progress.count)
                for run in runs:
                    if run.done():
                        run.result()
        finally:
            progress.is_over = True
        reports = [entry for run in runs for entry in run.result()]
    return reaper.kills, sorted(reports, key=lambda entry: entry.call)
