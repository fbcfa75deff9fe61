"""The store's schema, made and upgraded by steps that may run any number of times, from several processes at once.

A step looks at the tables themselves and does what is missing, so it is right on a database of any earlier version, on
one that was upgraded by half, and on one that needs nothing. One lock keeps processes from doing so side by side.
Steps are history: each states the shape of its time, and is never edited.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    inspect,
    select,
    text,
)  # fmt: skip

from samekey.sandbox.storage.tables import STEPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from samekey.sandbox.storage.database import Database

Migration: TypeAlias = "Callable[[Connection], None]"

_LOCK = "samekey schema"


def upgrade(database: Database, steps: tuple[Migration, ...] | None = None) -> int:
    """Bring a store to the present schema.

    Args:
        database: the store.
        steps: the first steps of the history, for a store as it once was; all of them by default.

    Returns:
        How many steps were written down for the first time.
    """
    with database.writing() as connection:
        database.wait_for(connection, _LOCK)
        STEPS.create(connection, checkfirst=True)
        known = set(connection.execute(select(STEPS.c.step)).scalars())
        for number, step in enumerate(HISTORY if steps is None else steps, 1):
            step(connection)
            if number not in known:
                connection.execute(STEPS.insert().values(step=number, applied_at=time.time()))
        connection.commit()
        return len(HISTORY if steps is None else steps) - len(known)


def _create(table: Table) -> Migration:
    """Return a step that creates a table."""

    def step(connection: Connection) -> None:
        table.create(connection, checkfirst=True)

    return step


def _add_column(table: str, column: str, declaration: str) -> Migration:
    """Return a step that adds a column if the table lacks it: SQLite has no `ADD COLUMN IF NOT EXISTS`."""

    def step(connection: Connection) -> None:
        if column not in {found["name"] for found in inspect(connection).get_columns(table)}:
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column} {declaration}"))

    return step


def _add_index(index: str, table: str, column: str) -> Migration:
    """Return a step that adds an index."""

    def step(connection: Connection) -> None:
        connection.execute(text(f"CREATE INDEX IF NOT EXISTS {index} ON {table} ({column})"))

    return step


_PAST = MetaData()
_NUMBER = BigInteger().with_variant(Integer, "sqlite")
_KEYS = Table(
    "samekey_keys",
    _PAST,
    Column("scope", String(64), nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer),
    Column("headers", Text),
    Column("body", LargeBinary),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    PrimaryKeyConstraint("scope", "key", name="samekey_keys_once"),
)
_RESOURCES = Table(
    "samekey_resources",
    _PAST,
    Column("seq", _NUMBER, primary_key=True, autoincrement=True),
    Column("collection", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("collection", "id", name="samekey_resources_once"),
)
_COUNTERS = Table(
    "samekey_counters",
    _PAST,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
_LEDGER = Table(
    "samekey_ledger",
    _PAST,
    Column("seq", _NUMBER, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("attempt", String(36), nullable=False),
    Column("scope", String(64), nullable=False),
    Column("key", Text),
    Column("operation", Text, nullable=False),
    Column("status", Integer),
    Column("fault", Text),
    Column("detail", Text, nullable=False),
)

HISTORY: tuple[Migration, ...] = (
    _create(_KEYS),
    _create(_RESOURCES),
    _create(_COUNTERS),
    _create(_LEDGER),
    _add_index("samekey_keys_expiry", "samekey_keys", "expires_at"),
    _add_column("samekey_keys", "attempt", "VARCHAR(36) NOT NULL DEFAULT ''"),
    _add_column("samekey_ledger", "process", "TEXT NOT NULL DEFAULT ''"),
    _add_column("samekey_ledger", "answer", "VARCHAR(64) NOT NULL DEFAULT ''"),
)
"""The steps from nothing to now."""
