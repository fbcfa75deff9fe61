"""A store on each engine, fresh for every test."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from samekey.sandbox.server.serving import Running, running
from samekey.sandbox.storage.database import Postgres, Sqlite, open_database
from samekey.sandbox.storage.migrations import upgrade

from tests import postgres

ROOT = Path(__file__).parent.parent.parent
PAYMENTS = ROOT / "specs" / "payments" / "openapi.yaml"


@pytest.fixture(scope="session")
def postgres_server() -> Generator[str]:
    """A PostgreSQL server for all tests of a process."""
    with postgres.running() as url:
        yield url


def fresh_database(server: str) -> str:
    """The URL of a new, empty database on a server."""
    import psycopg  # noqa: PLC0415  # only here

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return server.rpartition("/")[0] + f"/{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store is, on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    server: str = request.getfixturevalue("postgres_server")
    return fresh_database(server)


@pytest.fixture
def empty(location: str) -> Generator[Sqlite | Postgres]:
    """A store without a schema."""
    database = open_database(location)
    yield database
    database.engine.dispose()


@pytest.fixture
def database(empty: Sqlite | Postgres) -> Sqlite | Postgres:
    """A store with its schema."""
    upgrade(empty)
    return empty


@pytest.fixture
def payments() -> Generator[Running]:
    """A sandbox of the payments API with a store of its own."""
    with running(PAYMENTS) as server:
        yield server


@pytest.fixture
def client(payments: Running) -> Generator[httpx.Client]:
    """A client of it that retries nothing."""
    with httpx.Client(base_url=payments.url, headers={"Authorization": "Bearer sk_test"}, timeout=10) as client:
        yield client
