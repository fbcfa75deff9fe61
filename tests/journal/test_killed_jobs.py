"""The recipe for a job that may be killed, as it stands in the documentation: killed anywhere, it charges once."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journal.server import KeyedServer
from tests.postgres import running

JOB = Path(__file__).parent / "job.py"
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


class Runner:
    """A process that runs jobs in children of its own, so that none of them has to import anything.

    Args:
        root: the repository.
    """

    def __init__(self, root: Path) -> None:
        self._server = KeyedServer()
        self._process = subprocess.Popen(
            [sys.executable, str(JOB), self._server.url],
            env={**os.environ, "PYTHONPATH": str(root / "generated" / "payments")},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __call__(self, folder: Path, server: KeyedServer, style: str, **order: Any) -> list[int]:  # noqa: ANN401
        """Run a job; the exit codes of its workers, minus the signal that ended them."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"folder": str(folder), "url": server.url, "style": style, "invoices": 1, **order}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        codes: list[int] = json.loads(self._process.stdout.readline())
        return codes

    def close(self) -> None:
        """End it."""
        self._process.communicate()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def run(root: Path) -> Iterator[Runner]:
    """Runs jobs."""
    runner = Runner(root)
    yield runner
    runner.close()


@pytest.fixture
def server() -> Iterator[KeyedServer]:
    """A fresh API."""
    found = KeyedServer()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A PostgreSQL of the tests' own."""
    with running() as url:
        yield url


def begin_anew(folder: Path, server: KeyedServer, database: str) -> None:
    """Forget what there was."""
    server.ledger.effects.clear()
    server.ledger.requests.clear()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if database:
        import psycopg  # noqa: PLC0415

        with psycopg.connect(database, autocommit=True) as connection:
            for table in ("samekey_journal", "samekey_outcome", "samekey_reference"):
                connection.execute(f"DROP TABLE IF EXISTS {table}".encode())


def paid(folder: Path) -> list[tuple[str, str]]:
    """The numbers of invoices that the job knows to be paid, with their charges."""
    file = folder / "paid"
    lines = file.read_text().splitlines() if file.exists() else []
    return [(line.split()[0], line.split()[1]) for line in lines]


def is_right(folder: Path, server: KeyedServer, invoices: int = 1) -> bool:
    """Whether each invoice was charged once, and each charge is that of its invoice."""
    charges = {
        json.loads(body)["amount"]: json.loads(server.ledger.effects[key])["id"]
        for key, body, _ in server.ledger.requests
        if key in server.ledger.effects
    }
    wanted = {f"inv-{number}": charges.get(number) for number in range(1, invoices + 1)}
    return len(server.ledger.effects) == invoices and dict(paid(folder)) == wanted


@pytest.mark.parametrize("kept_in", ["SQLite", "PostgreSQL"])
@pytest.mark.parametrize("style", ["sync", "asyncio", "trio"])
def test_killed_at_every_step_it_charges_once(
    run: Runner, tmp_path: Path, server: KeyedServer, style: str, kept_in: str, request: pytest.FixtureRequest
) -> None:
    """Before and behind each statement, commit, request and the job's own commit: killed there, and started again."""
    database = request.getfixturevalue("database") if kept_in == "PostgreSQL" else ""
    folder = tmp_path / "job"
    at = 0
    while True:
        at += 1
        begin_anew(folder, server, database)
        (code,) = run(folder, server, style, kill_at=at, database=database)
        if code == 0:
            break
        assert code == -signal.SIGKILL, at
        assert run(folder, server, style, database=database) == [0], at
        assert is_right(folder, server), at
        assert len({key for key, _, _ in server.ledger.requests}) == 1, at
    # Reserve, begin, send, settle, commit, acknowledge: each has steps of its own.
    assert at > 20


@pytest.mark.parametrize("style", ["sync", "asyncio", "trio"])
def test_killed_when_the_effect_is_done_it_charges_once(
    run: Runner, tmp_path: Path, server: KeyedServer, style: str
) -> None:
    """The answer is on its way to a process that is no more."""

    def kill() -> bool:
        server.ledger.after = None
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
        return True

    server.ledger.after = kill
    assert run(tmp_path, server, style) == [-signal.SIGKILL]
    assert (len(server.ledger.effects), paid(tmp_path)) == (1, [])
    assert run(tmp_path, server, style) == [0]
    assert is_right(tmp_path, server)
    assert len(server.ledger.requests) == 2


def test_it_does_charge_twice_without_a_reference(run: Runner, tmp_path: Path, server: KeyedServer) -> None:
    """What these tests would see: the same job under another name each time."""
    del run
    server.ledger.effects.update({"one": b'{"id": "ch_1"}', "two": b'{"id": "ch_2"}'})
    server.ledger.requests += [("one", b'{"amount": 1}', ""), ("two", b'{"amount": 1}', "")]
    (tmp_path / "paid").write_text("inv-1 ch_1\n")
    assert not is_right(tmp_path, server)


class Faults:
    """What goes wrong on the way, by chance.

    Args:
        seed: of the chance.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # no secret
        self.counted: Counter[str] = Counter()

    def __call__(self, body: bytes) -> str:
        """What happens to a request."""
        del body
        fault = self._random.choices(["", "lost", "cut", "503", "500"], [70, 8, 12, 6, 4])[0]
        self.counted[fault or "answered"] += 1
        time.sleep(self._random.random() * 0.01)
        return fault


@pytest.mark.slow
@pytest.mark.parametrize(("kept_in", "kills"), [("SQLite", 100), ("PostgreSQL", 50)])
def test_killed_at_random_each_invoice_is_charged_once(
    run: Runner, tmp_path: Path, server: KeyedServer, kept_in: str, kills: int, request: pytest.FixtureRequest
) -> None:
    """Two workers at once on the same invoices, answers lost, SIGKILL at any moment, and again until all is done."""
    database = request.getfixturevalue("database") if kept_in == "PostgreSQL" else ""
    seed = int(os.environ.get("SAMEKEY_SEED", "1"))
    chance, faults = random.Random(seed), Faults(seed)  # noqa: S311  # no secret
    server.ledger.before = faults
    folder = tmp_path / "job"
    killed = rounds = keys = effects = 0
    wrong: list[tuple[int, Any]] = []
    while killed < kills:
        rounds += 1
        begin_anew(folder, server, database)
        style = chance.choice(["sync", "asyncio", "trio"])
        codes = [1]
        while any(codes):
            end: dict[str, Any] = {}
            if killed < kills:
                # At a step, or at any moment between the steps.
                by_step = chance.random() < 0.5
                end = {"kill_at": chance.randint(1, 80)} if by_step else {"kill_after": chance.uniform(0.1, 1.5)}
            codes = run(folder, server, style, invoices=8, workers=2, database=database, **end)
            killed += sum(code == -signal.SIGKILL for code in codes)
        keys += len({key for key, _, _ in server.ledger.requests})
        effects += len(server.ledger.effects)
        if not is_right(folder, server, 8):
            wrong.append((rounds, (paid(folder), server.ledger.requests, server.ledger.effects)))
    print(  # noqa: T201  # figures for who runs it
        f"\n{kept_in}: {killed} kills in {rounds} rounds of 8 invoices, {keys} keys, {effects} effects, "
        f"{len(wrong)} rounds wrong; on the wire {dict(faults.counted)}"
    )
    assert wrong == []
    assert effects == rounds * 8
