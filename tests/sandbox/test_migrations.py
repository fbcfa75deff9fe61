"""The schema can be upgraded from everywhere, at any time, by everybody at once."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from samekey.sandbox.storage.database import Postgres, Sqlite, open_database
from samekey.sandbox.storage.migrations import HISTORY, upgrade
from samekey.sandbox.storage.tables import KEYS, METADATA
from sqlalchemy import inspect, text

UPGRADE = """
import sys
from samekey.sandbox.storage.database import open_database
from samekey.sandbox.storage.migrations import upgrade
database = open_database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(3):
    upgrade(database)
"""


def shape(database: Sqlite | Postgres) -> dict[str, Any]:
    """Tables with their columns, keys and indexes."""
    found = inspect(database.engine)
    return {
        table: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"]) for c in found.get_columns(table)},
            "primary": found.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(tuple(c["column_names"]) for c in found.get_unique_constraints(table)),
            "indexes": sorted(str(i["name"]) for i in found.get_indexes(table) if not i["unique"]),
        }
        for table in sorted(found.get_table_names())
    }


def test_the_steps_lead_to_the_tables_of_today(empty: Sqlite | Postgres) -> None:
    """What the steps make is what the sandbox reads and writes."""
    upgrade(empty)
    stepped = shape(empty)
    METADATA.drop_all(empty.engine)
    METADATA.create_all(empty.engine)
    assert stepped == shape(empty)


@pytest.mark.parametrize("taken", range(len(HISTORY) + 1))
def test_every_earlier_version_is_upgraded_with_what_it_holds(empty: Sqlite | Postgres, taken: int) -> None:
    """A store of any earlier version becomes one of today, and keeps its rows."""
    upgrade(empty, HISTORY[:taken])
    if taken:
        with empty.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO samekey_keys (scope, key, fingerprint, created_at, expires_at)"
                    " VALUES ('s', 'k', 'f', 0, 1)"
                )
            )
    assert upgrade(empty) == len(HISTORY) - taken
    with empty.engine.connect() as connection:
        kept = [(row.scope, row.key, row.attempt) for row in connection.execute(KEYS.select())]
    assert kept == ([("s", "k", "")] if taken else [])
    before = shape(empty)
    assert [upgrade(empty) for _ in range(3)] == [0, 0, 0]
    assert shape(empty) == before


def test_a_half_made_store_is_finished(empty: Sqlite | Postgres) -> None:
    """What is missing is made, whatever the list of steps says was made."""
    upgrade(empty)
    whole = shape(empty)
    with empty.engine.begin() as connection:
        connection.execute(text("DROP INDEX samekey_keys_expiry"))
        connection.execute(text("ALTER TABLE samekey_ledger DROP COLUMN process"))
        connection.execute(text("DROP TABLE samekey_counters"))
    upgrade(empty)
    assert shape(empty) == whole


def test_a_step_that_fails_leaves_nothing(empty: Sqlite | Postgres) -> None:
    """The steps are one transaction, on SQLite as well."""

    def broken(_: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        upgrade(empty, (*HISTORY, broken))
    assert shape(empty) == {}


@pytest.mark.parametrize("taken", [0, 5])
def test_eight_processes_may_upgrade_at_once(location: str, taken: int) -> None:
    """Eight processes that upgrade three times each, all at the same moment, succeed and leave one schema."""
    if taken:
        first = open_database(location)
        upgrade(first, HISTORY[:taken])
        first.engine.dispose()
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", UPGRADE, location],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(8)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    results = [process.communicate(b"go\n", timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, [error.decode() for _, error in results]
    database = open_database(location)
    upgraded = shape(database)
    METADATA.drop_all(database.engine)
    METADATA.create_all(database.engine)
    assert upgraded == shape(database)
    database.engine.dispose()
