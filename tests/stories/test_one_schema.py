"""A migration is run three times and from several processes, and the schema is the same.

The processes are servers that start at the same moment on one store, as a deployment starts them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from samekey.sandbox.storage.database import open_database
from samekey.sandbox.storage.migrations import HISTORY, upgrade
from sqlalchemy import inspect

from tests import postgres
from tests.sandbox.conftest import fresh_database

ROOT = Path(__file__).parent.parent.parent
SERVE = [sys.executable, "-m", "samekey", "serve", str(ROOT / "specs" / "payments" / "openapi.yaml")]


def schema(store: str) -> dict[str, list[Any]]:
    """Tables with their columns and indexes."""
    database = open_database(store)
    found = inspect(database.engine)
    shape = {
        table: sorted(
            [
                *(f"{column['name']} {column['type']}" for column in found.get_columns(table)),
                *(str(index["name"]) for index in found.get_indexes(table)),
            ]
        )
        for table in sorted(found.get_table_names())
    }
    database.engine.dispose()
    return shape


def deploy(store: str, count: int) -> None:
    """Start servers at the same moment on one store, use each of them once, and stop them."""
    servers = [
        subprocess.Popen(
            [*SERVE, "--listen", "127.0.0.1:0", "--store", store], stdout=subprocess.PIPE, text=True,
        )
        for _ in range(count)
    ]  # fmt: skip
    try:
        for server in servers:
            assert server.stdout is not None
            url = re.findall(r"http://\S+", server.stdout.readline())[-1]
            answer = httpx.post(
                f"{url}/customers", json={"email": "a@mail.example"}, headers={"Authorization": "Bearer x"}
            )
            assert answer.status_code == 201
    finally:
        for server in servers:
            server.kill()
            server.communicate(timeout=10)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
@pytest.mark.parametrize("version", [0, 1], ids=["empty", "oldest"])
def test_three_deployments_of_three_servers_leave_one_schema(tmp_path: Path, engine: str, version: int) -> None:
    """On an empty store, on the oldest and on the present one, every server starts, and all see the same tables."""
    if engine == "sqlite":
        tell(str(tmp_path / "store.db"), version)
        return
    with postgres.running() as server:
        tell(fresh_database(server), version)


def tell(store: str, version: int) -> None:
    """The story, on one store."""
    database = open_database(store)
    upgrade(database, HISTORY[:version])
    database.engine.dispose()
    deploy(store, 3)
    first = schema(store)
    assert len(first) == 5
    for _ in range(2):
        deploy(store, 3)
        assert schema(store) == first
