"""A journal in PostgreSQL, for workers on several machines; needs the SDK's extra `[postgres]` (psycopg)."""

from __future__ import annotations

import contextlib
import importlib
import secrets
import threading
from typing import TYPE_CHECKING, Any, Final, LiteralString, TypeVar

from ..concurrency.fork import begin_anew_after_fork
from .journal import JournalEntry, check_same, describe, restore

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

R = TypeVar("R")
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS samekey_journal (
    api TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    entry TEXT NOT NULL,
    body BYTEA,
    sha256 TEXT NOT NULL,
    first_sent DOUBLE PRECISION NOT NULL,
    owner BIGINT NOT NULL,
    PRIMARY KEY (api, idempotency_key)
)
"""
_LOCK_SPACE: Final = 0x53414D45 << 32
_NOBODY: Final = 0


class PostgresJournal:
    """A journal that workers on several machines share.

    Whoever holds an entry keeps an advisory lock in its session; the server lets go of it when the connection ends.

    Args:
        conninfo: a connection string of libpq, such as `postgresql://user@host/database`.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._held: set[tuple[str, str]] = set()
        # By name, so that an SDK without the extra passes type checkers that cannot find psycopg.
        self._psycopg: Any = importlib.import_module("psycopg")
        self._parents: list[object] = []
        self._lock = threading.RLock()
        self._connection: Any = None
        self._owner = _NOBODY
        self._is_closed = False
        self._connect()
        begin_anew_after_fork(self)

    def _connect(self) -> None:
        """Open a connection under a new name, and take along the entries that were held under the old one."""
        former, self._owner = self._owner, secrets.randbits(31) | 1
        self._connection = self._psycopg.connect(self._conninfo, autocommit=True)
        with self._connection.transaction(), self._connection.cursor() as cursor:
            # Two workers may create the table at once, which PostgreSQL answers with an error to one of them.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK_SPACE,))
            cursor.execute(_SCHEMA)
        self._connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_SPACE + self._owner,))
        for api, key in self._held:
            self._connection.execute(
                "UPDATE samekey_journal SET owner = %s WHERE api = %s AND idempotency_key = %s AND owner = %s",
                (self._owner, api, key, former),
            )

    def after_fork(self) -> None:
        """Leave the parent process its connection and what it holds; the child opens its own when it needs one."""
        self._parents.append(self._connection)
        self._connection = None
        self._held = set()
        self._lock = threading.RLock()

    def _again(self, work: Callable[[], R]) -> R:
        """Do something in the database, and repeat it once where the connection was lost: all of it can be repeated."""
        with self._lock:
            if self._connection is None and not self._is_closed:
                self._connect()
            try:
                return work()
            except self._psycopg.OperationalError:
                connection: Any = self._connection
                if self._is_closed or not connection.broken:
                    raise
                self._connect()
                return work()

    def begin(self, entry: JournalEntry) -> float:
        """Write an entry down, durably, before its first byte is sent, and hold it."""
        return self._again(lambda: self._begin(entry))

    def _begin(self, entry: JournalEntry) -> float:
        with self._writing() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = on")
            cursor.execute(
                "INSERT INTO samekey_journal VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (entry.api, entry.key, describe(entry), entry.body, entry.sha256, entry.first_sent, self._owner),
            )
            row = self._row(cursor, "sha256, first_sent", entry.api, entry.key)
            check_same(entry, row[0])
            self._take(cursor, entry.api, entry.key)
        self._held.add((entry.api, entry.key))
        return float(row[1])

    def settle(self, api: str, key: str) -> None:
        """Forget an entry whose outcome is certain."""
        self._again(lambda: self._settle(api, key))

    def _settle(self, api: str, key: str) -> None:
        with self._writing() as cursor:
            cursor.execute("DELETE FROM samekey_journal WHERE api = %s AND idempotency_key = %s", (api, key))
        self._held.discard((api, key))

    def release(self, api: str, key: str) -> None:
        """Let go of an entry whose outcome is not certain, so that it can be resumed."""
        self._again(lambda: self._release(api, key))

    def _release(self, api: str, key: str) -> None:
        with self._writing() as cursor:
            cursor.execute(
                "UPDATE samekey_journal SET owner = %s WHERE api = %s AND idempotency_key = %s AND owner = %s",
                (_NOBODY, api, key, self._owner),
            )
        self._held.discard((api, key))

    def pending(self, api: str) -> list[JournalEntry]:
        """Return the entries that are not settled, the oldest first."""
        return self._again(lambda: self._pending(api))

    def _pending(self, api: str) -> list[JournalEntry]:
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT idempotency_key, entry, body, first_sent FROM samekey_journal"
                " WHERE api = %s ORDER BY first_sent",
                (api,),
            )
            return [restore(api, *row) for row in cursor.fetchall()]

    def claim(self, api: str, key: str) -> bool:
        """Hold an entry for resuming; return False where somebody alive holds it, or it is settled."""
        return self._again(lambda: self._claim(api, key))

    def _claim(self, api: str, key: str) -> bool:
        with self._writing() as cursor:
            row = self._row(cursor, "owner", api, key)
            if row is None or (api, key) in self._held or self._is_alive(cursor, row[0]):
                return False
            self._take(cursor, api, key)
        self._held.add((api, key))
        return True

    def close(self) -> None:
        """Close the journal, and let go of everything that is open."""
        with self._lock:
            self._is_closed = True
            if self._connection is not None:
                self._connection.close()

    def _take(self, cursor: Any, api: str, key: str) -> None:  # noqa: ANN401
        cursor.execute(
            "UPDATE samekey_journal SET owner = %s WHERE api = %s AND idempotency_key = %s", (self._owner, api, key)
        )

    def _is_alive(self, cursor: Any, owner: int) -> bool:  # noqa: ANN401
        if owner in {_NOBODY, self._owner}:
            return False
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK_SPACE + owner,))
        row = cursor.fetchone()
        return row is None or not row[0]

    def _row(self, cursor: Any, columns: LiteralString, api: str, key: str) -> Any:  # noqa: ANN401
        cursor.execute(
            f"SELECT {columns} FROM samekey_journal WHERE api = %s AND idempotency_key = %s FOR UPDATE",  # noqa: S608
            (api, key),
        )
        return cursor.fetchone()

    @contextlib.contextmanager
    def _writing(self) -> Generator[Any]:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            yield cursor
