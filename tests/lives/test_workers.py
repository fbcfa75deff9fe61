"""Workers of a queue, pools of processes and daemons, which are forked from a process that has used its client."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.lives.bank import Bank, judge
from tests.lives.running import Program, needs, outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@needs("celery")
def test_celery_forks_its_workers(bank: Bank, environment: dict[str, str], tmp_path: Path) -> None:
    """Tasks that Celery runs again pay once, in workers that are killed, or replaced after a few tasks."""
    environment["QUEUE"] = str(tmp_path / "queue")
    arguments = ["-m", "celery", "-A", "celery_shop", "worker", "--pool", "prefork", "--concurrency", "3"]
    options = ["--max-tasks-per-child", "20", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    with Program([*arguments, *options], environment, tmp_path, logs_failures=True) as worker:
        # Before that, both write who listens to what into one file.
        worker.says(r"(celery@\S+ ready)")
        *told, failure = outcome("celery_shop.py", ["40"], environment, tmp_path)
    assert failure["error"] == "APIConnectionError", failure
    assert failure["why"].startswith("payments.create (POST http://127.0.0.1:1/payments): ")
    assert "nothing was sent, so nothing was done" in failure["why"]
    assert failure["certainty"] == "not sent"
    assert uuid.UUID(failure["idempotency_key"])
    assert failure["url"] == "http://127.0.0.1:1/payments"
    count = judge(bank, told)
    assert count.processes > 3


WAYS = ["pool", "executor", "generations", "amid calls"]


@pytest.mark.parametrize(
    ("way", "journal"), [*((way, False) for way in WAYS), ("executor", True), ("generations", True)]
)
def test_pools_of_processes(bank: Bank, environment: dict[str, str], tmp_path: Path, way: str, journal: bool) -> None:  # noqa: FBT001
    """Each answer belongs to its own call, whoever else in the family is paying."""
    if journal:
        environment["JOURNAL"] = str(tmp_path / "journal.db")
    told = outcome("pool_shop.py", ["200", way], environment, tmp_path)
    count = judge(bank, told)
    assert count.processes >= 3


def test_a_fork_amid_entries_of_a_journal(bank: Bank, environment: dict[str, str], tmp_path: Path) -> None:
    """A child does not inherit that somebody is writing, and writes its own entries."""
    environment |= {"JOURNAL": str(tmp_path / "journal.db"), "BUSY": "2"}
    told = outcome("pool_shop.py", ["100", "amid calls"], environment, tmp_path)
    assert judge(bank, told).processes == 11


@pytest.mark.parametrize("module", ["corner_shop.resources.payments", "httpx"])
def test_a_fork_amid_the_first_call(bank: Bank, environment: dict[str, str], tmp_path: Path, module: str) -> None:
    """A child does not wait for what a thread of its parent was importing."""
    told = outcome("pool_shop.py", ["3", "amid imports"], {**environment, "MODULE": module}, tmp_path)
    assert judge(bank, told, before=0).calls == 4


def test_a_fork_that_python_does_not_know_of(bank: Bank, environment: dict[str, str], tmp_path: Path) -> None:
    """Programs in C with an interpreter within run none of its hooks when they fork."""
    told = outcome("pool_shop.py", ["40", "unknown to Python"], environment, tmp_path)
    assert judge(bank, told).processes == 2


def test_a_daemon_keeps_its_journal(bank: Bank, environment: dict[str, str], tmp_path: Path, sdk: Any) -> None:  # noqa: ANN401
    """Who has started it has ended; what it has in flight when it is killed stands in the journal."""
    journal = tmp_path / "journal.db"
    bank.gates["item 0"] = threading.Event()
    outcome("pool_shop.py", ["1", "daemon"], {**environment, "JOURNAL": str(journal)}, tmp_path)
    request = bank.reached("item 0")
    os.kill(int(request.headers["x-process"]), signal.SIGKILL)
    bank.gates["item 0"].set()
    found = sdk.SQLiteJournal(journal)
    with sdk.CornerShop(base_url=bank.url, token="t", journal=found) as client:  # noqa: S106
        pending = [entry.key for entry in client.journal.pending()]
    found.close()
    assert pending == [request.key]


def test_a_child_ends_quietly(bank: Bank, environment: dict[str, str], tmp_path: Path) -> None:
    """One that ends as programs do, and has closed its client, leaves no socket of its parent's to be found open."""
    script = "import os, sys, wsgi_shop as w; child = os.fork(); w.pay(w.client, str(child)); child and os.wait()"
    with Program(["-c", script], environment, tmp_path) as program:
        program.process.wait(60)
    assert len(bank.booked) == 3
    assert "unclosed" not in program.words
