"""SQLite and PostgreSQL, and all that differs between them: how a write begins, and who may work on a name."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import URL, Boolean, bindparam, create_engine, event, func, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError

from samekey.sandbox.errors import StoreError
from samekey.sandbox.storage.statements import Statement

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Generator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

_BUSY_SECONDS = 30.0
_TO_FILE = 40
_TO_SERVER = 24
"""Connections of one process: four of them share a PostgreSQL server as it comes, which takes a hundred."""
_PAUSE = 0.02
_IDLE_SECONDS = 1.0
"""A connection that was idle for longer is pinged before it is used."""
_IDLE_SINCE = "samekey idle since"
LOCK_ID = "lock_id"
"""The parameter of statements that take an advisory lock."""
TAKES_LOCK = func.pg_try_advisory_xact_lock(bindparam(LOCK_ID), type_=Boolean)
"""On PostgreSQL: whether a transaction has the advisory lock of a name, which it takes if it is free."""
_TRY_LOCK = Statement(select(TAKES_LOCK))
_LOCK = text("SELECT pg_advisory_xact_lock(:name)")


class CommitLostError(Exception):
    """The database went while it was told to commit: the transaction may have been kept or not."""


class Database(Protocol):
    """What the sandbox needs of a database."""

    @property
    def engine(self) -> Engine:
        """The pool of connections."""
        ...

    @property
    def has_one_writer(self) -> bool:
        """Whether a transaction that writes holds up all others."""
        ...

    @property
    def connections(self) -> int:
        """How many connections, and so transactions at once, this process has at most."""
        ...

    @property
    def writers(self) -> int:
        """How many requests that may write are carried out at once."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """Hold a connection in a writing transaction while a block runs; drop what is not committed by its end."""
        ...

    def try_take(self, connection: Connection, name: str) -> bool:
        """Take a name for this transaction; False where another process's transaction has it."""
        ...

    def wait_for(self, connection: Connection, name: str) -> None:
        """Take a name for this transaction as soon as the one that has it is over."""
        ...


class Sqlite:
    """A file. SQLite has one writer at a time, so a transaction that may write is alone from its first statement."""

    has_one_writer = True
    connections = _TO_FILE
    # They wait for each other.
    writers = 8

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # A queue within the process: SQLite itself makes writers poll, and starves some of them.
        self._writer = threading.Lock()
        # The only writer keeps its connection, which a file does not take away.
        self._kept: Connection | None = None
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "engine_disposed", self._close)

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """Hold a connection in a transaction while a block runs; no other writer runs beside it."""
        with self._writer:
            if self._kept is None:
                self._kept = self.engine.connect()
            connection = self._kept
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
            finally:
                connection.rollback()

    def _close(self, _: Engine) -> None:
        """Close the writer's connection with all others."""
        with self._writer:
            kept, self._kept = self._kept, None
            if kept is not None:
                if not kept.invalidated:
                    kept.detach()
                kept.close()

    def try_take(self, connection: Connection, name: str) -> bool:  # noqa: ARG002  # the only writer has every name
        """Return True: the only writer has every name."""
        return True

    def wait_for(self, connection: Connection, name: str) -> None:
        """Do nothing: the only writer has every name."""


class Postgres:
    """A server that several processes on several machines may share."""

    has_one_writer = False
    connections = _TO_SERVER
    # More threads would contend for the GIL at each of their round trips.
    writers = 3

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        event.listen(engine, "checkin", _note_checkin)
        event.listen(engine, "checkout", partial(_ping_if_idle, engine))

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """Hold a connection in a transaction while a block runs; other transactions run beside it."""
        with self.engine.connect() as connection:
            yield connection

    def try_take(self, connection: Connection, name: str) -> bool:
        """Take a name by an advisory lock, which ends with its transaction, and with its process."""
        return bool(_TRY_LOCK.run(connection, {LOCK_ID: number_of(name)}).scalar_one())

    def wait_for(self, connection: Connection, name: str) -> None:
        """Wait for a name, and take it by an advisory lock."""
        connection.execute(text(f"SET LOCAL lock_timeout = {round(_BUSY_SECONDS * 1000)}"))
        connection.execute(_LOCK, {"name": number_of(name)})


def open_database(location: str) -> Sqlite | Postgres:
    """Connect to a store.

    Args:
        location: a file, `sqlite:///file`, or `postgresql://user@host/database`.

    Raises:
        StoreError: it is no such thing, cannot be reached, or its driver is not installed.
    """
    url = _url(location)
    try:
        is_file = url.get_backend_name() == "sqlite"
        kind = Sqlite if is_file else Postgres
        # A connection that is closed drops what it has not committed; the pool need not do so once more.
        engine = create_engine(
            url, pool_size=kind.connections, max_overflow=0, pool_timeout=_BUSY_SECONDS, pool_reset_on_return=None
        )
        database = kind(engine)
        engine.connect().close()
    except ImportError as error:
        raise StoreError(f"{_shown(location)} needs a driver: pip install 'samekey[sandbox]' ({error})") from error
    except DBAPIError as error:
        raise StoreError(f"cannot open {url.set(query={}).render_as_string()}: {str(error.orig).strip()}") from error
    return database


def commit(connection: Connection) -> None:
    """Commit the transaction of a connection.

    Raises:
        CommitLostError: the database did not say that it has, so it may have or not.
    """
    try:
        connection.commit()
    except DBAPIError as error:
        # The transaction may still be open on this connection, and nobody else must get it so.
        connection.invalidate(error)
        raise CommitLostError(str(error.orig)) from error


def number_of(name: str) -> int:
    """Return a name as the number that an advisory lock of PostgreSQL takes: 64 bits with a sign."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)


def _url(location: str) -> URL:
    scheme, separator, rest = location.partition("://")
    if not separator:
        return URL.create("sqlite", database=str(Path(location)))
    if scheme in {"postgres", "postgresql"}:
        location = f"postgresql+psycopg://{rest}"
    try:
        url = make_url(location)
    except (ArgumentError, ValueError) as error:
        raise StoreError(f"{_shown(location)} is not the URL of a database") from error
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StoreError(f"{scheme} is not a store; give a file, or postgresql://…")
    if url.get_backend_name() == "sqlite" and not url.database:
        raise StoreError("a store in memory cannot be shared by threads; give a file")
    return url


def _shown(location: str) -> str:
    """Return a location without its password, whatever else is wrong with it."""
    return re.sub(r"(?<=://)([^/@]*?):.*@", r"\1:***@", location)


def _note_checkin(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    """Note when a connection went back into the pool."""
    record.info[_IDLE_SINCE] = time.monotonic()


def _ping_if_idle(
    engine: Engine, connection: DBAPIConnection, record: ConnectionPoolEntry, _: PoolProxiedConnection
) -> None:
    """Ping a connection that was idle for a while: to ping it at every checkout would be a round trip for each request.

    Raises:
        DisconnectionError: it is closed, and the pool opens another one.
    """
    idle_since = record.info.get(_IDLE_SINCE)
    if idle_since is None or time.monotonic() - idle_since < _IDLE_SECONDS:
        return
    try:
        alive = engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        alive = False
    if not alive:
        raise DisconnectionError


def _prepare(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    """Set up a new connection to write ahead, and to be on the disk before a commit is answered."""
    # Transactions begin where `writing` says; the driver must not begin its own.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {round(_BUSY_SECONDS * 1000)}")
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to its write-ahead log, which SQLite does not wait for when another process does the same."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except Exception as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return
