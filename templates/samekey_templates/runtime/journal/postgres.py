"""A journal in PostgreSQL, for workers on several machines; needs the SDK's extra `[postgres]` (psycopg)."""

from __future__ import annotations

import contextlib
import importlib
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..concurrency.fork import begin_anew_after_fork
from ..declare import public
from .holds import Holds
from .tables import JournalTables, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .tables import Execute

R = TypeVar("R")
_SCHEMA: Final = schema(blob="BYTEA", real="DOUBLE PRECISION", owner="BIGINT")
_LOCK_SPACE: Final = 0x53414D45 << 32
_NAME_SPACE: Final = 0x53414D45
_NOBODY: Final = 0
_FIRST_WAIT: Final = 0.05
_LONGEST_WAIT: Final = 1.0
_AWAY: Final = ("57P01", "57P02", "57P03", "25006")
"""States of a server that shuts down, starts up, or is no longer the one that takes writes."""


@public
class PostgresJournal(JournalTables):
    """A journal that workers on several machines share.

    Whoever holds an entry keeps an advisory lock in its session; the server lets go of it when the connection ends.

    Args:
        conninfo: a connection string of libpq, such as `postgresql://user@host/database`.
        patience: seconds for which a lost connection is made anew, such as while another server takes over.
    """

    def __init__(self, conninfo: str, *, patience: float = 10.0) -> None:
        super().__init__(nobody=_NOBODY, row_lock=" FOR UPDATE")
        if not 0 <= patience < float("inf"):
            raise ValueError(f"patience must be a finite number of seconds from 0 on, not {patience!r}")
        self._conninfo = conninfo
        self._patience = patience
        # By name, so that an SDK without the extra passes type checkers that cannot find psycopg.
        self._psycopg: Any = importlib.import_module("psycopg")
        self._parents: list[object] = []
        self._lock = threading.RLock()
        self._connection: Any = None
        self._is_closed = False
        self._connect()
        self._purge(time.time())
        begin_anew_after_fork(self)

    def _connect(self) -> None:
        """Open a connection under a new name, and take along the entries that were held under the old one."""
        former = self._owner
        given = self._psycopg.conninfo.conninfo_to_dict(self._conninfo)
        # Without a limit, a server that is gone is waited for as long as the system likes.
        limit = {} if "connect_timeout" in given else {"connect_timeout": max(2, round(self._patience))}
        connection = self._psycopg.connect(self._conninfo, autocommit=True, **limit)
        try:
            owner = secrets.randbits(31) | 1
            with connection.transaction(), connection.cursor() as cursor:
                # Two workers may create the tables at once, which PostgreSQL answers with an error to one of them.
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK_SPACE,))
                for statement in _SCHEMA:
                    cursor.execute(statement)
            connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_SPACE + owner,))
            for api, key in self._holds:
                connection.execute(
                    "UPDATE samekey_journal SET owner = %s WHERE api = %s AND idempotency_key = %s AND owner = %s",
                    (owner, api, key, former),
                )
        except BaseException:
            connection.close()
            raise
        self._connection, self._owner = connection, owner

    def after_fork(self) -> None:
        """Leave the parent process its connection and what it holds; the child opens its own when it needs one."""
        self._parents.append(self._connection)
        self._connection = None
        self._holds = Holds()
        self._owner = _NOBODY
        self._lock = threading.RLock()

    def _again(self, work: Callable[[], R]) -> R:
        """Do something in the database, and repeat it where the connection was lost: all of it can be repeated."""
        with self._lock:
            ends = time.monotonic() + self._patience
            wait = _FIRST_WAIT
            while True:
                try:
                    if (self._connection is None or self._connection.closed) and not self._is_closed:
                        self._connect()
                    return work()
                except self._psycopg.Error as error:
                    if not self._is_lost(error) or time.monotonic() + wait >= ends:
                        raise
                time.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)

    def _is_lost(self, error: Any) -> bool:  # noqa: ANN401  # psycopg is known by name only
        """Whether an error says that the server is away, and may come back."""
        if self._is_closed:
            return False
        connection = self._connection
        is_away = error.sqlstate in _AWAY
        if is_away and connection is not None:
            connection.close()
        # Before a session there is no state: the connection was refused, or ended.
        is_open = connection is not None and not connection.closed
        return is_away or (isinstance(error, self._psycopg.OperationalError) and not is_open)

    def close(self) -> None:
        """Close the journal, and let go of everything that is open."""
        with self._lock:
            self._is_closed = True
            if self._connection is not None:
                self._connection.close()

    @contextlib.contextmanager
    def _writing(self) -> Generator[Execute]:
        with self._connection.transaction(), self._reading() as execute:
            execute("SET LOCAL synchronous_commit = on")
            yield execute

    @contextlib.contextmanager
    def _reading(self) -> Generator[Execute]:
        with self._connection.cursor() as cursor:

            def execute(statement: str, values: tuple[object, ...] = ()) -> Any:  # noqa: ANN401  # a cursor
                return cursor.execute(statement.replace("?", "%s"), values)

            yield execute

    def _wait_for(self, execute: Execute, *names: str) -> None:
        execute("SELECT pg_advisory_xact_lock(?, hashtext(?))", (_NAME_SPACE, "\n".join(names)))

    def _is_alive(self, execute: Execute, owner: Any) -> bool:  # noqa: ANN401  # of the database's own type
        if owner in {_NOBODY, self._owner}:
            return False
        row = execute("SELECT pg_try_advisory_xact_lock(?)", (_LOCK_SPACE + owner,)).fetchone()
        return row is None or not row[0]
