"""Resources as rows: JSON under a collection and an id."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sqlalchemy import and_, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from samekey.sandbox.storage.statements import Statement
from samekey.sandbox.storage.tables import COUNTERS, RESOURCES

if TYPE_CHECKING:
    from sqlalchemy import BindParameter, Connection

    from samekey.document.values import JsonValue

_MOST = 10_000
"""Resources of a collection that a list looks at."""
_PLACE = and_(RESOURCES.c.collection == bindparam("collection"), RESOURCES.c.id == bindparam("id"))
_READ = Statement(select(RESOURCES.c.body).where(_PLACE))
_REMOVE = Statement(delete(RESOURCES).where(_PLACE))
_ROW: dict[str, BindParameter[str]] = {name: bindparam(name) for name in ("collection", "id", "body")}
# None of them asks for the number that its row gets.
_INSERTED = [insert(RESOURCES).values(_ROW).inline() for insert in (sqlite.insert, postgresql.insert)]
_CREATE = Statement(*(inserted.on_conflict_do_nothing() for inserted in _INSERTED))
_WRITE = Statement(
    *(
        inserted.on_conflict_do_update(index_elements=["collection", "id"], set_={"body": inserted.excluded.body})
        for inserted in _INSERTED
    )
)


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """A resource with its number in the order of creation."""

    seq: int
    id: str
    state: dict[str, JsonValue]


def read(connection: Connection, collection: str, identifier: str) -> dict[str, JsonValue] | None:
    """Return the state of a resource; None where there is none."""
    body = _READ.run(connection, {"collection": collection, "id": identifier}).scalar_one_or_none()
    return None if body is None else _state(body)


def listed(connection: Connection, collection: str) -> list[ResourceRow]:
    """Return the resources of a collection, newest first."""
    query = select(RESOURCES).where(RESOURCES.c.collection == collection).order_by(RESOURCES.c.seq.desc()).limit(_MOST)
    return [ResourceRow(row.seq, row.id, _state(row.body)) for row in connection.execute(query)]


def places(connection: Connection) -> frozenset[str]:
    """Return the paths of all resources."""
    rows = connection.execute(select(RESOURCES.c.collection, RESOURCES.c.id))
    return frozenset(f"{row.collection}/{row.id}" for row in rows)


def create(connection: Connection, collection: str, identifier: str, state: dict[str, JsonValue]) -> bool:
    """Write the state of a resource, unless there is one in its place; return whether there was none."""
    row = {"collection": collection, "id": identifier, "body": json.dumps(state)}
    return _CREATE.run(connection, row).rowcount > 0


def write(connection: Connection, collection: str, identifier: str, state: dict[str, JsonValue]) -> None:
    """Write the state of a resource, in place of the one that is there, if there is one."""
    row = {"collection": collection, "id": identifier, "body": json.dumps(state)}
    _WRITE.run(connection, row)


def remove(connection: Connection, collection: str, identifier: str) -> None:
    """Remove a resource."""
    _REMOVE.run(connection, {"collection": collection, "id": identifier})


def next_number(connection: Connection, collection: str) -> int:
    """Take the next number of a collection that numbers its resources."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    counted = dialect.insert(COUNTERS).values(name=collection, value=1)
    counted = counted.on_conflict_do_update(index_elements=["name"], set_={"value": COUNTERS.c.value + 1})
    return int(connection.execute(counted.returning(COUNTERS.c.value)).scalar_one())


def _state(body: str) -> dict[str, JsonValue]:
    return cast("dict[str, JsonValue]", json.loads(body))
