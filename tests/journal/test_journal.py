"""The journal's promise: after a crash at any step, what was done once is never done twice, and the truth is known."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest

from tests.journal.server import KeyedServer

CHILD = Path(__file__).parent / "child.py"


class Sdk:
    """The payments SDK, with clients that are closed when the tests are over."""

    def __init__(self, package: ModuleType) -> None:
        self._package = package
        self.clients: list[Any] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._package, name)

    def AcmePayments(self, **options: Any) -> Any:  # noqa: ANN401, N802  # stands for the class
        """A client."""
        client = self._package.AcmePayments(**options)
        self.clients.append(client)
        return client


@pytest.fixture(scope="module")
def acme(root: Path) -> Iterator[Sdk]:
    """The payments SDK, imported."""
    sys.path.insert(0, str(root / "generated" / "payments"))
    import acme_payments  # noqa: PLC0415

    sdk = Sdk(acme_payments)
    yield sdk
    for client in sdk.clients:
        client.close()
    sys.path.remove(str(root / "generated" / "payments"))


@pytest.fixture
def server() -> Iterator[KeyedServer]:
    """A fresh API."""
    found = KeyedServer()
    yield found
    found.shutdown()
    found.server_close()


def start(root: Path, path: Path, server: KeyedServer, step: str, call_style: str) -> subprocess.Popen[str]:
    """A child that is about to charge."""
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(path), server.url, step, call_style],
        env={**os.environ, "PYTHONPATH": str(root / "generated" / "payments")},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    pid = int(child.stdout.readline())
    if step == "in flight":
        server.ledger.kill_after_effect = pid
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()
    return child


def finished(child: subprocess.Popen[str]) -> int:
    """The child's exit status; minus the signal that ended it."""
    child.communicate(timeout=30)
    return child.returncode


STEPS = [
    # step, pending after the crash, effects before the resume
    ("before begin", 0, 0),
    ("after begin", 1, 0),
    ("in flight", 1, 1),
    ("before settle", 1, 1),
    ("after settle", 0, 1),
]


@pytest.mark.parametrize("call_style", ["sync", "asyncio", "trio"])
@pytest.mark.parametrize(("step", "pending", "effects"), STEPS, ids=[step for step, _, _ in STEPS])
def test_a_crash_at_any_step_is_settled(  # the fixtures of one story
    acme: Sdk, root: Path, tmp_path: Path, server: KeyedServer, call_style: str, step: str, pending: int, effects: int
) -> None:
    """SIGKILL at every step: the journal lists what is unsettled, and resuming makes it exactly one effect."""
    path = tmp_path / "journal.db"
    assert finished(start(root, path, server, step, call_style)) == -signal.SIGKILL
    assert len(server.ledger.effects) == effects
    client = acme.AcmePayments(base_url=server.url, token="other-token", journal=acme.SQLiteJournal(path))  # noqa: S106
    entries = client.journal.pending()
    assert len(entries) == pending
    settled = client.journal.resume()
    assert [entry.certainty.value for entry in settled] == ["applied"] * pending
    assert client.journal.pending() == []
    assert len(server.ledger.effects) == (1 if pending or effects else 0)
    assert len({(key, body) for key, body, _ in server.ledger.requests}) <= 1
    assert client.journal.resume() == []


def test_credentials_are_not_written(root: Path, tmp_path: Path, server: KeyedServer) -> None:
    """What lies on the disk holds no token; the process that resumes brings its own."""
    path = tmp_path / "journal.db"
    finished(start(root, path, server, "after begin", "sync"))
    for file in tmp_path.iterdir():
        assert b"secret-token" not in file.read_bytes()


def test_a_resumed_call_is_signed_again(acme: Sdk, root: Path, tmp_path: Path, server: KeyedServer) -> None:
    """The resuming client's own credentials go with it, and the bytes are those of the crashed process."""
    path = tmp_path / "journal.db"
    finished(start(root, path, server, "in flight", "sync"))
    client = acme.AcmePayments(base_url=server.url, token="other-token", journal=acme.SQLiteJournal(path))  # noqa: S106
    client.journal.resume()
    (_, body, first), (_, again, second) = server.ledger.requests
    assert (first, second) == ("Bearer secret-token", "Bearer other-token")
    assert body == again


def test_a_living_process_keeps_its_call(acme: Sdk, tmp_path: Path, server: KeyedServer) -> None:
    """What another live process has in flight is not resumed by this one."""
    path = tmp_path / "journal.db"
    living, other = acme.SQLiteJournal(path), acme.SQLiteJournal(path)
    living.begin(entry(acme, server))
    client = acme.AcmePayments(base_url=server.url, journal=other)
    assert len(client.journal.pending()) == 1
    assert client.journal.resume() == []
    living.release(server.url, "the-key")
    assert [found.certainty.value for found in client.journal.resume()] == ["applied"]


def entry(acme: Sdk, server: KeyedServer, **changes: Any) -> Any:  # noqa: ANN401
    """An entry as a charge makes it."""
    facts: dict[str, Any] = {
        "api": server.url, "key": "the-key", "operation": "charges.create", "method": "POST", "path": "/charges",
        "target": "/charges", "headers": (("Content-Type", "application/json"), ("Idempotency-Key", "the-key")),
        "body": b"{}", "security": (("bearerAuth",),), "first_sent": time.time(), "key_ttl": 86_400.0, **changes,
    }  # fmt: skip
    return acme.JournalEntry(**facts)


def test_two_processes_do_not_resume_the_same_call(acme: Sdk, tmp_path: Path, server: KeyedServer) -> None:
    """Eight at once, one of them sends."""
    path = tmp_path / "journal.db"
    first = acme.SQLiteJournal(path)
    first.begin(entry(acme, server))
    first.close()
    settled: list[Any] = []

    def resume() -> None:
        client = acme.AcmePayments(base_url=server.url, journal=acme.SQLiteJournal(path))
        settled.extend(client.journal.resume())

    threads = [threading.Thread(target=resume) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(settled) == 1
    assert len(server.ledger.requests) == 1


def test_a_key_that_is_too_old_is_never_sent(acme: Sdk, tmp_path: Path, server: KeyedServer) -> None:
    """A purged key is a new request: it is reported as unknown, and stays in the journal for people to look at."""
    journal = acme.SQLiteJournal(tmp_path / "journal.db")
    journal.begin(entry(acme, server, first_sent=time.time() - 86_350))
    journal.release(server.url, "the-key")
    client = acme.AcmePayments(base_url=server.url, journal=journal)
    body = b'{"amount":1,"currency":"eur"}'
    journal.begin(entry(acme, server, key="old", body=body, first_sent=time.time() - 86_350))
    journal.release(server.url, "old")
    settled, _ = client.journal.resume()
    assert settled.certainty.value == "unknown"
    assert "too old" in settled.reason
    assert len(client.journal.pending()) == 2
    with pytest.raises(acme.APIError, match="may have forgotten") as caught:
        client.charges.create(amount=1, currency="eur", idempotency_key="old")
    assert caught.value.certainty.value == "unknown"
    assert server.ledger.requests == []


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_refusal_that_looked_at_no_key_settles_nothing(
    acme: Sdk, tmp_path: Path, server: KeyedServer, status: int
) -> None:
    """The crashed process may have had its effect; a limiter's answer does not deny it."""
    journal = acme.SQLiteJournal(tmp_path / "journal.db")
    journal.begin(entry(acme, server))
    journal.release(server.url, "the-key")
    server.ledger.status = status
    policy = acme.RetryPolicy(max_retries=1, initial_delay=0, max_delay=0)
    client = acme.AcmePayments(base_url=server.url, journal=journal, retry=policy)
    (settled,) = client.journal.resume()
    assert settled.certainty.value == "unknown"
    assert len(client.journal.pending()) == 1


def test_the_operations_own_refusal_settles(acme: Sdk, tmp_path: Path, server: KeyedServer) -> None:
    """A 400 under the same key is the operation's word, where the document declares both: nothing was done."""
    journal = acme.SQLiteJournal(tmp_path / "journal.db")
    server.ledger.status = 500
    client = acme.AcmePayments(base_url=server.url, journal=journal, retry=acme.RetryPolicy(max_retries=0))
    with pytest.raises(acme.InternalServerError):
        client.charges.create(amount=1, currency="eur")
    server.ledger.status = 400
    client = acme.AcmePayments(base_url=server.url, journal=journal)
    (settled,) = client.journal.resume()
    assert (settled.certainty.value, settled.status) == ("rejected", 400)
    assert client.journal.pending() == []


def test_a_key_with_other_bytes_is_refused_before_it_is_sent(acme: Sdk, tmp_path: Path, server: KeyedServer) -> None:
    """A key that stands in the journal belongs to its payload."""
    journal = acme.SQLiteJournal(tmp_path / "journal.db")
    journal.begin(entry(acme, server))
    journal.release(server.url, "the-key")
    client = acme.AcmePayments(base_url=server.url, journal=journal)
    with pytest.raises(acme.JournalConflictError, match="another payload"):
        client.charges.create(amount=2, currency="eur", idempotency_key="the-key")
    assert server.ledger.requests == []


def test_an_unknown_outcome_stays_and_a_certain_one_goes(acme: Sdk, tmp_path: Path, server: KeyedServer) -> None:
    """What a live call could not settle waits for a resume; what it could is forgotten."""
    client = acme.AcmePayments(
        base_url=server.url, journal=acme.SQLiteJournal(tmp_path / "journal.db"), retry=acme.RetryPolicy(max_retries=0)
    )
    client.charges.create(amount=1, currency="eur")
    assert client.journal.pending() == []
    server.ledger.status = 500
    with pytest.raises(acme.InternalServerError) as caught:
        client.charges.create(amount=1, currency="eur")
    (pending,) = client.journal.pending()
    assert pending.key == caught.value.idempotency_key
    server.ledger.status = 200
    assert [found.certainty.value for found in client.journal.resume()] == ["applied"]


def count(path: Path) -> int:
    """How many entries another connection sees."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("SELECT count(*) FROM samekey_journal").fetchone()[0]
        return found


def test_it_is_on_the_disk_before_the_first_byte(acme: Sdk, tmp_path: Path, server: KeyedServer) -> None:
    """When the server sees the request, another process can read the entry."""
    path = tmp_path / "journal.db"
    seen: list[int] = []
    journal = acme.SQLiteJournal(path)

    def heard(_: object) -> None:
        seen.append(count(path))

    client = acme.AcmePayments(
        base_url=server.url, journal=journal,
        on_attempt=heard,
    )  # fmt: skip
    client.charges.create(amount=1, currency="eur")
    assert seen == [1]
    assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_reads_are_not_written_down(acme: Sdk, tmp_path: Path, server: KeyedServer) -> None:
    """Only keyed calls are worth a disk's time."""
    journal = acme.SQLiteJournal(tmp_path / "journal.db")
    client = acme.AcmePayments(base_url=server.url, journal=journal, retry=acme.RetryPolicy(max_retries=0))
    with pytest.raises(acme.APIError):
        client.charges.get("ch_1")
    assert client.journal.pending() == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_async_client_resumes_too(acme: Sdk, tmp_path: Path, server: KeyedServer, backend: str) -> None:
    """The same journal, awaited."""

    async def main() -> list[Any]:
        journal = acme.SQLiteJournal(tmp_path / "journal.db")
        journal.begin(entry(acme, server))
        journal.release(server.url, "the-key")
        async with acme.AsyncAcmePayments(base_url=server.url, journal=journal) as client:
            assert len(await client.journal.pending()) == 1
            settled: list[Any] = await client.journal.resume()
            return settled

    (settled,) = anyio.run(main, backend=backend)
    assert settled.certainty.value == "applied"


def test_a_client_without_a_journal_says_so(acme: Sdk) -> None:
    """A clear error in place of an empty list."""
    with pytest.raises(ValueError, match="no journal"):
        _ = acme.AcmePayments(base_url="http://127.0.0.1:1").journal
