"""The journal that workers on several machines share keeps the promises of the one in a file."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journal.server import KeyedServer
from tests.postgres import binaries, running


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A PostgreSQL server of our own."""
    with running() as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def acme(root: Path) -> Iterator[Any]:
    """The payments SDK, imported."""
    sys.path.insert(0, str(root / "generated" / "payments"))
    import acme_payments  # noqa: PLC0415

    yield acme_payments
    sys.path.remove(str(root / "generated" / "payments"))


def entry(acme: Any, api: str, **changes: Any) -> Any:  # noqa: ANN401
    """An entry as a charge makes it."""
    facts: dict[str, Any] = {
        "api": api, "key": "the-key", "operation": "charges.create", "method": "POST", "path": "/charges",
        "target": "/charges", "headers": (("Content-Type", "application/json"), ("Idempotency-Key", "the-key")),
        "body": b'{"a":1}', "security": (("bearerAuth",),), "first_sent": time.time(), "key_ttl": 86_400.0, **changes,
    }  # fmt: skip
    return acme.JournalEntry(**facts)


def test_what_is_written_comes_back(acme: Any, database: str) -> None:  # noqa: ANN401
    """Every fact of an entry, byte for byte, and the first time that the key was seen."""
    journal = acme.PostgresJournal(database)
    written = entry(acme, "http://one", first_sent=1000.0)
    assert journal.begin(written) == acme.JournalHold(1000.0, is_new=True)
    assert journal.begin(entry(acme, "http://one", first_sent=2000.0)) == acme.JournalHold(1000.0, is_new=False)
    assert journal.pending("http://one") == [written]
    with pytest.raises(acme.JournalConflictError):
        journal.begin(entry(acme, "http://one", body=b"other"))
    journal.settle("http://one", "the-key")
    assert journal.pending("http://one") == []
    journal.close()


def test_a_living_worker_keeps_its_call(acme: Any, database: str) -> None:  # noqa: ANN401
    """Another worker cannot claim it before it is released, or before its holder's connection ends."""
    holder, other = acme.PostgresJournal(database), acme.PostgresJournal(database)
    holder.begin(entry(acme, "http://two"))
    assert not other.claim("http://two", "the-key")
    holder.release("http://two", "the-key")
    assert other.claim("http://two", "the-key")
    assert not holder.claim("http://two", "the-key")
    other.close()
    deadline = time.monotonic() + 5
    while not holder.claim("http://two", "the-key"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    holder.close()


def hold(database: str, ready: Any) -> None:  # noqa: ANN401
    """Hold an entry until killed."""
    import acme_payments  # noqa: PLC0415

    journal = acme_payments.PostgresJournal(database)
    journal.begin(entry(acme_payments, "http://three"))
    ready.set()
    time.sleep(60)


def test_a_killed_workers_call_is_resumed_by_one_other(acme: Any, database: str) -> None:  # noqa: ANN401
    """SIGKILL ends the connection, and of eight that try to resume exactly one sends."""
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    worker = context.Process(target=hold, args=(database, ready))
    worker.start()
    assert ready.wait(20)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    time.sleep(0.5)
    journals = [acme.PostgresJournal(database) for _ in range(8)]
    claimed: list[bool] = []

    def claim(journal: Any) -> None:  # noqa: ANN401
        claimed.append(journal.claim("http://three", "the-key"))

    threads = [threading.Thread(target=claim, args=(journal,)) for journal in journals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == [False] * 7 + [True]
    for journal in journals:
        journal.close()


def test_a_client_resumes_from_it(acme: Any, database: str) -> None:  # noqa: ANN401
    """The client does not care where its journal lies."""
    server = KeyedServer()
    journal = acme.PostgresJournal(database)
    journal.begin(entry(acme, server.url, body=b"{}"))
    journal.release(server.url, "the-key")
    with acme.AcmePayments(base_url=server.url, journal=journal) as client:
        (settled,) = client.journal.resume()
        assert settled.certainty.value == "applied"
        client.charges.create(amount=1, currency="eur")
        assert client.journal.pending() == []
    journal.close()
    server.shutdown()
    server.server_close()
    assert len(server.ledger.effects) == 2


def test_eight_workers_may_start_at_once(acme: Any, database: str) -> None:  # noqa: ANN401
    """Creating the table is safe to race."""
    import psycopg  # noqa: PLC0415

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS samekey_journal")
    failures: list[BaseException] = []

    def open_one() -> None:
        try:
            acme.PostgresJournal(database).close()
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is a failure
            failures.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


class Restarting:
    """A PostgreSQL that can be restarted.

    Args:
        url: its connection string.
    """

    def __init__(self, url: str) -> None:
        import psycopg  # noqa: PLC0415

        self.url = url
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        self._data = str(row[0])

    def control(self, *order: str) -> None:
        """Tell the server what to do, and wait for it."""
        folder = binaries()
        assert folder is not None
        user = "nobody" if os.geteuid() == 0 else None
        subprocess.run(
            [str(folder / "pg_ctl"), "-D", self._data, "-w", "-m", "immediate", *order], check=True, user=user,
            cwd=Path(self._data).parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )  # fmt: skip


@pytest.fixture
def restarting() -> Iterator[Restarting]:
    """A server of the test's own."""
    with running() as url:
        found = Restarting(url)
        try:
            yield found
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):
                found.control("stop")


def test_a_restart_of_the_database_is_waited_for(acme: Any, restarting: Restarting) -> None:  # noqa: ANN401
    """Between the calls, in flight, and while it is away: each call is made once, and nothing is left pending."""
    server = KeyedServer()
    journal = acme.PostgresJournal(restarting.url, patience=60.0)
    restarts: list[threading.Thread] = []

    def restart_in_flight() -> bool:
        server.ledger.after = None
        restarting.control("restart")
        return False

    with acme.AcmePayments(base_url=server.url, journal=journal) as client:
        for number in range(6):
            options = acme.CallOptions(reference=f"inv-{number}")
            if number == 1:
                server.ledger.after = restart_in_flight
            if number in {2, 4}:
                restarts.append(threading.Thread(target=restarting.control, args=("restart",)))
                restarts[-1].start()
            if number == 3:
                restarts[0].join()
                restarting.control("restart")
            client.charges.create(amount=number, currency="eur", options=options)
        for thread in restarts:
            thread.join()
        assert client.journal.pending() == []
        references = [found.entry.reference for found in client.journal.outcomes()]
        assert references == [f"inv-{number}" for number in range(6)]
    journal.close()
    server.shutdown()
    server.server_close()
    assert len(server.ledger.effects) == len({key for key, _, _ in server.ledger.requests}) == 6


def test_a_database_that_stays_away_ends_the_call(acme: Any, restarting: Restarting) -> None:  # noqa: ANN401
    """Its patience over, the call says that nothing was sent; psycopg's exception is the cause."""
    import psycopg  # noqa: PLC0415

    server = KeyedServer()
    journal = acme.PostgresJournal(restarting.url, patience=0.5)
    restarting.control("stop")
    called = acme.AcmePayments(base_url=server.url, journal=journal)
    with called as client, pytest.raises(acme.APIConnectionError, match="the journal cannot write it down") as caught:
        client.charges.create(amount=1, currency="eur")
    assert caught.value.certainty is acme.Certainty.NOT_SENT
    assert isinstance(caught.value.__cause__, psycopg.Error)
    assert server.ledger.requests == []
    journal.close()
    server.shutdown()
    server.server_close()
