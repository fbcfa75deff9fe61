"""Resources as rows: JSON under a collection and an id."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from samekey.sandbox.storage.tables import COUNTERS, RESOURCES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from samekey.document.values import JsonValue

_MOST = 10_000
"""Resources of a collection that a list looks at."""


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """A resource with its number in the order of creation."""

    seq: int
    id: str
    state: dict[str, JsonValue]


def read(connection: Connection, collection: str, identifier: str) -> dict[str, JsonValue] | None:
    """Return the state of a resource; None where there is none."""
    place = (RESOURCES.c.collection == collection, RESOURCES.c.id == identifier)
    body = connection.execute(select(RESOURCES.c.body).where(*place)).scalar_one_or_none()
    return None if body is None else _state(body)


def listed(connection: Connection, collection: str) -> list[ResourceRow]:
    """Return the resources of a collection, newest first."""
    query = select(RESOURCES).where(RESOURCES.c.collection == collection).order_by(RESOURCES.c.seq.desc()).limit(_MOST)
    return [ResourceRow(row.seq, row.id, _state(row.body)) for row in connection.execute(query)]


def places(connection: Connection) -> frozenset[str]:
    """Return the paths of all resources."""
    rows = connection.execute(select(RESOURCES.c.collection, RESOURCES.c.id))
    return frozenset(f"{row.collection}/{row.id}" for row in rows)


def write(connection: Connection, collection: str, identifier: str, state: dict[str, JsonValue]) -> None:
    """Write the state of a resource, in place of the one that is there, if there is one."""
    place = (RESOURCES.c.collection == collection, RESOURCES.c.id == identifier)
    body = json.dumps(state)
    if read(connection, collection, identifier) is None:
        connection.execute(insert(RESOURCES).values(collection=collection, id=identifier, body=body))
    else:
        connection.execute(update(RESOURCES).where(*place).values(body=body))


def remove(connection: Connection, collection: str, identifier: str) -> None:
    """Remove a resource."""
    connection.execute(delete(RESOURCES).where(RESOURCES.c.collection == collection, RESOURCES.c.id == identifier))


def next_number(connection: Connection, collection: str) -> int:
    """Take the next number of a collection that numbers its resources."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    counted = dialect.insert(COUNTERS).values(name=collection, value=1)
    counted = counted.on_conflict_do_update(index_elements=["name"], set_={"value": COUNTERS.c.value + 1})
    return int(connection.execute(counted.returning(COUNTERS.c.value)).scalar_one())


def _state(body: str) -> dict[str, JsonValue]:
    return cast("dict[str, JsonValue]", json.loads(body))
