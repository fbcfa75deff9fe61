"""The tables of the sandbox as they are now; `migrations` makes them of every earlier version."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)  # fmt: skip

METADATA = MetaData()
_NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up by itself in a column that is called INTEGER, and in no other."""

KEYS = Table(
    "samekey_keys",
    METADATA,
    Column("scope", String(64), nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("status", Integer),
    Column("headers", Text),
    Column("body", LargeBinary),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("attempt", String(36), nullable=False, server_default=""),
    PrimaryKeyConstraint("scope", "key", name="samekey_keys_once"),
    Index("samekey_keys_expiry", "expires_at"),
)
"""A key with its first answer; `attempt` tells whose answer that is."""

RESOURCES = Table(
    "samekey_resources",
    METADATA,
    Column("seq", _NUMBER, primary_key=True, autoincrement=True),
    Column("collection", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("collection", "id", name="samekey_resources_once"),
)
"""What was created, as JSON, by the path of its collection."""

COUNTERS = Table(
    "samekey_counters",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""The last number given to a resource of a collection that numbers its resources."""

LEDGER = Table(
    "samekey_ledger",
    METADATA,
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
    Column("process", Text, nullable=False, server_default=""),
    Column("answer", String(64), nullable=False, server_default=""),
)
"""Every attempt, and every effect in the transaction that made it; `answer` is a digest of what was answered to it."""

STEPS = Table(
    "samekey_schema",
    METADATA,
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", Double, nullable=False),
)
"""The steps of the schema that were taken, for people who look; the steps themselves look at the tables."""
