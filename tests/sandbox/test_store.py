"""The key store: what it promises of one key, on SQLite and on PostgreSQL, in one process and in several."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from samekey.sandbox.api.answer import Answer
from samekey.sandbox.errors import StoreError
from samekey.sandbox.keys.store import (
    DAY,
    Claim,
    Done,
    InFlight,
    Keys,
    Mismatch,
    NotKeptError,
    Replayed,
    Settled,
    Stage,
    fingerprint,
    nothing,
)  # fmt: skip
from samekey.sandbox.storage.database import Postgres, Sqlite, open_database
from samekey.sandbox.storage.tables import COUNTERS, KEYS
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import OperationalError

MADE = Answer(201, (("Content-Type", "application/json"), ("X-Odd", "ä")), b'{"id":1}\x00\xff')
CLAIM = Claim("scope", "key", fingerprint("POST", "/charges", b"{}"), "attempt-1")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        """What it shows."""
        return self.now


def effect(connection: Connection) -> Answer:
    """Something that can be counted."""
    connection.execute(
        text("INSERT INTO samekey_resources (collection, id, body) VALUES ('c', :id, '')"),
        {"id": str(connection.execute(select(func.count()).select_from(text("samekey_resources"))).scalar_one())},
    )
    return MADE


def effects(database: Sqlite | Postgres) -> int:
    """How often the effect was had."""
    with database.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM samekey_resources")).scalar_one())


def test_the_first_answer_is_replayed_byte_for_byte(database: Sqlite | Postgres) -> None:
    """The second request under a key gets the first one's status, headers and bytes, and has no effect."""
    keys = Keys(database)
    assert keys.once(CLAIM, effect) == Done(MADE)
    assert keys.once(replace(CLAIM, attempt="attempt-2"), effect) == Replayed(MADE)
    assert effects(database) == 1


def test_another_payload_is_a_mismatch(database: Sqlite | Postgres) -> None:
    """A key that comes back for something else has no effect and no answer."""
    keys = Keys(database)
    keys.once(CLAIM, effect)
    for other in (("PUT", "/charges", b"{}"), ("POST", "/charges?x=1", b"{}"), ("POST", "/charges", b"{ }")):
        assert keys.once(replace(CLAIM, fingerprint=fingerprint(*other)), effect) == Mismatch()
    assert effects(database) == 1


def test_parts_of_a_fingerprint_do_not_run_together() -> None:
    """What ends one part cannot begin the next."""
    assert fingerprint("POST", "/a", b"b") != fingerprint("POST", "/ab", b"")


def test_scopes_do_not_share_keys(database: Sqlite | Postgres) -> None:
    """The same key of another credential is another key."""
    keys = Keys(database)
    assert keys.once(CLAIM, effect) == Done(MADE)
    assert keys.once(replace(CLAIM, scope="other"), effect) == Done(MADE)
    assert effects(database) == 2


@pytest.mark.parametrize("stage", list(Stage))
def test_a_crash_in_the_transaction_leaves_nothing(database: Sqlite | Postgres, stage: Stage) -> None:
    """Claim and effect vanish together, so the next request is the first."""

    def crash(reached: Stage) -> None:
        if reached is stage:
            raise ConnectionAbortedError

    keys = Keys(database)
    with pytest.raises(ConnectionAbortedError):
        keys.once(CLAIM, effect, crash)
    assert effects(database) == 0
    assert keys.once(CLAIM, effect) == Done(MADE)
    assert effects(database) == 1


def test_a_key_is_forgotten_when_it_expires(database: Sqlite | Postgres) -> None:
    """Expiry is checked when a key is read: a day later it is a new key, a moment before it is not."""
    clock = Clock()
    keys = Keys(database, clock=clock)
    keys.once(CLAIM, effect)
    clock.now += DAY - 0.001
    assert keys.once(CLAIM, effect) == Replayed(MADE)
    clock.now += 0.001
    assert keys.once(CLAIM, effect) == Done(MADE)
    assert effects(database) == 2


def test_expired_keys_are_purged_in_batches(database: Sqlite | Postgres) -> None:
    """A purge removes so many of what has expired, and nothing else."""
    clock = Clock()
    keys = Keys(database, ttl=10.0, clock=clock)
    for number in range(5):
        keys.once(replace(CLAIM, key=f"old {number}"), effect)
    clock.now += 10.0
    keys.once(replace(CLAIM, key="young"), effect)
    assert [keys.purge(2) for _ in range(4)] == [2, 2, 1, 0]
    with database.engine.connect() as connection:
        assert list(connection.execute(select(KEYS.c.key)).scalars()) == ["young"]


@pytest.mark.parametrize("ttl", [0.0, -1.0, 3 * DAY + 1])
def test_no_key_is_remembered_for_longer_than_three_days(database: Sqlite | Postgres, ttl: float) -> None:
    """A time to live that is none is refused."""
    with pytest.raises(ValueError, match="259200"):
        Keys(database, ttl)


def test_threads_at_once_have_one_effect(database: Sqlite | Postgres) -> None:
    """Of many requests at once one is the first; the others are told that it runs, or get its answer."""
    keys = Keys(database)
    barrier = threading.Barrier(16)

    def request(number: int) -> Settled:
        barrier.wait()
        return keys.once(replace(CLAIM, attempt=str(number)), effect)

    with ThreadPoolExecutor(16) as pool:
        settled = list(pool.map(request, range(16)))
    counts = Counter(type(outcome) for outcome in settled)
    assert counts[Done] == 1
    assert counts[Replayed] + counts[InFlight] == 15
    assert effects(database) == 1


def test_while_the_first_runs_its_key_is_in_flight(database: Sqlite | Postgres) -> None:
    """A second request is told so at once, from the same store and, on PostgreSQL, from another process's."""
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> Answer:
        inside.set()
        assert go_on.wait(10)
        return effect(connection)

    keys, others = Keys(database), Keys(database)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(keys.once, CLAIM, slow, nothing)
        assert inside.wait(10)
        assert keys.once(CLAIM, effect) == InFlight()
        if isinstance(database, Postgres):
            assert others.once(CLAIM, effect) == InFlight()
        go_on.set()
        assert first.result(10) == Done(MADE)
    assert others.once(CLAIM, effect) == Replayed(MADE)


def test_different_keys_run_side_by_side_on_postgresql(database: Sqlite | Postgres) -> None:
    """One slow effect does not hold up another key."""
    if isinstance(database, Sqlite):
        pytest.skip("SQLite has one writer")
    both = threading.Barrier(2)

    def meet(connection: Connection) -> Answer:
        both.wait(10)
        return Answer(connection.execute(text("SELECT 200")).scalar_one())

    keys = Keys(database)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(keys.once, [CLAIM, replace(CLAIM, key="other")], [meet, meet]))
    assert outcomes == [Done(Answer(200))] * 2


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "dropped"])
def test_an_ambiguous_commit_is_settled_by_reading_again(
    database: Sqlite | Postgres, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    """When the answer of COMMIT is lost, the row under the key says whether this request had its effect."""
    dialect = database.engine.dialect
    commit = dialect.do_commit

    def lost(connection: object) -> None:
        monkeypatch.undo()
        if kept:
            commit(connection)  # type: ignore[arg-type]
        assert dialect.dbapi is not None
        raise dialect.dbapi.OperationalError("the connection went")

    keys = Keys(database)
    monkeypatch.setattr(dialect, "do_commit", lost)
    if kept:
        assert keys.once(CLAIM, effect) == Done(MADE)
    else:
        with pytest.raises(NotKeptError):
            keys.once(CLAIM, effect)
    assert effects(database) == int(kept)
    assert keys.once(CLAIM, effect) == (Replayed(MADE) if kept else Done(MADE))
    assert effects(database) == 1


def test_a_connection_that_is_ended_by_the_server_has_no_effect(database: Sqlite | Postgres) -> None:
    """A PostgreSQL that closes the connection before COMMIT arrives has kept nothing, and the store says so."""
    if isinstance(database, Sqlite):
        pytest.skip("a file closes no connections")

    def doomed(connection: Connection) -> Answer:
        answer = effect(connection)
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with database.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        return answer

    keys = Keys(database)
    with pytest.raises((NotKeptError, OperationalError)):
        keys.once(CLAIM, doomed)
    assert effects(database) == 0
    assert keys.once(CLAIM, effect) == Done(MADE)


WORKER = """
import sys
from samekey.sandbox.api.answer import Answer
from samekey.sandbox.storage.database import open_database
from samekey.sandbox.keys.store import Claim, Done, InFlight, Keys
from sqlalchemy import text

def effect(connection):
    connection.execute(text("UPDATE samekey_counters SET value = value + 1 WHERE name = 'effects'"))
    return Answer(200)

keys = Keys(open_database(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
done = 0
for number in range(60):
    claim = Claim("scope", str(number), "f", sys.argv[2])
    while isinstance(settled := keys.once(claim, effect), InFlight):
        pass
    done += isinstance(settled, Done)
print(done)
"""


def test_processes_at_once_do_each_key_once(database: Sqlite | Postgres, location: str) -> None:
    """Four processes that want the same sixty things do sixty things."""
    with database.engine.begin() as connection:
        connection.execute(COUNTERS.insert().values(name="effects", value=0))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, location, str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for number in range(4)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    results = [process.communicate(b"go\n", timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, [error.decode() for _, error in results]
    with database.engine.connect() as connection:
        assert connection.execute(select(COUNTERS.c.value)).scalar_one() == 60
    assert sum(int(out) for out, _ in results) == 60


def test_a_killed_process_leaves_no_claim(database: Sqlite | Postgres, location: str) -> None:
    """SIGKILL within the transaction rolls it back: the next process is the first."""
    program = WORKER.replace("return Answer(200)", "print('inside', flush=True); sys.stdin.readline()")
    with database.engine.begin() as connection:
        connection.execute(COUNTERS.insert().values(name="effects", value=0))
    process = subprocess.Popen(
        [sys.executable, "-c", program, location, "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    process.stdin.write(b"go\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"inside\n"
    process.kill()
    process.communicate(timeout=10)
    keys = Keys(database)
    claim = Claim("scope", "0", "f", "survivor")
    while isinstance(settled := keys.once(claim, effect), InFlight):
        # PostgreSQL needs a moment to see that its client is gone.
        threading.Event().wait(0.05)
    assert settled == Done(MADE)
    with database.engine.connect() as connection:
        assert connection.execute(select(COUNTERS.c.value)).scalar_one() == 0


def test_sqlite_writes_ahead_and_to_the_disk(database: Sqlite | Postgres) -> None:
    """A commit that was answered outlives a loss of power."""
    if isinstance(database, Postgres):
        pytest.skip("of SQLite")
    with database.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2


@pytest.mark.parametrize(
    ("location", "complaint"),
    [
        ("mysql://host/db", "mysql is not a store"),
        ("sqlite://", "memory"),
        ("sqlite:////nowhere/at/all.db", "cannot open sqlite"),
        ("postgresql://tester@127.0.0.1:1/none", "cannot open postgresql"),
        ("postgresql://host:port/db", "not the URL"),
    ],
)
def test_a_store_that_cannot_be_opened_says_why(location: str, complaint: str) -> None:
    """The message is for people, without a traceback."""
    with pytest.raises(StoreError, match=complaint):
        open_database(location)


@pytest.mark.parametrize("place", ["127.0.0.1:1/none", "127.0.0.1:port/none"], ids=["nobody there", "no URL"])
def test_a_password_is_not_shown(place: str) -> None:
    """A message about a store does not tell its password."""
    with pytest.raises(StoreError) as caught:
        open_database(f"postgresql://tester:hunter2@{place}")
    assert "hunter2" not in str(caught.value)
