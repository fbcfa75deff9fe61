"""Values that the sandbox makes of schemas, and how it judges texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import Node, load
from samekey.sandbox.api.samples import Samples
from samekey.sandbox.api.schemas import Direction, SchemaJudge
from samekey.sandbox.storage import resource_store
from samekey.sandbox.storage.database import Postgres, Sqlite
from sqlalchemy import Connection

TWO = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "minProperties": 2}


def schema_of(folder: Path, schema: dict[str, Any]) -> Node:
    """A schema as a document has it."""
    path = folder / "openapi.json"
    document = {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}}
    path.write_text(json.dumps({**document, "components": {"schemas": {"S": schema}}}))
    loaded = load(str(path), Diagnostics())
    assert loaded is not None
    found = loaded.node.lookup("#/components/schemas/S")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        # Only what has the condition says more.
        (
            {
                "type": "object",
                "required": ["inner"],
                "properties": {"inner": TWO, "outer": {"type": "string"}},
            },
            {"inner": {"a": "text", "b": "text"}},
        ),
        ({"type": "array", "items": TWO}, [{"a": "text", "b": "text"}]),
        (
            {"type": "object", "properties": {"n": {"type": "integer"}}, "minProperties": 1},
            {"n": 1},
        ),
        (
            {
                "type": "object",
                "required": ["kind"],
                "properties": {"kind": {"const": "card"}, "number": {"type": "string"}},
                "if": {"properties": {"kind": {"const": "card"}}},
                "then": {"required": ["number"]},
            },
            {"kind": "card", "number": "text"},
        ),
        # What no value can be is said as shortly as before.
        ({"type": "object", "properties": {"a": {"type": "string"}}, "not": {}}, {}),
    ],
)
def test_conditions_hold_where_they_can(tmp_path: Path, schema: dict[str, Any], made: object) -> None:
    """What need not be said is said where a condition asks for it, and nowhere else."""
    node = schema_of(tmp_path, schema)
    assert Samples(SchemaJudge(node.document.node)).fit(node) == made


@given(
    st.lists(st.text("ab1_", max_size=6), min_size=1, max_size=8),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer"])},
        optional={
            "minLength": st.integers(0, 4),
            "maxLength": st.integers(2, 6),
            "pattern": st.just("^a"),
            "enum": st.just(["a", "b"]),
            "description": st.just("a text"),
        },
    ),
)
def test_texts_are_judged_by_their_letters_where_a_schema_speaks_of_them(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], schema: dict[str, Any]
) -> None:
    """What is remembered of one text is said of another only where nothing can tell them apart."""
    node = schema_of(tmp_path_factory.mktemp("s"), schema)
    judge = SchemaJudge(node.document.node)
    for text in texts:
        afresh = SchemaJudge(node.document.node)
        assert judge.accepts(node, text, Direction.REQUEST) == afresh.accepts(node, text, Direction.REQUEST)
        said = judge.complaints(node, text, Direction.REQUEST)
        assert said == afresh.complaints(node, text, Direction.REQUEST)
        assert (said == []) == judge.accepts(node, text, Direction.REQUEST)


def test_a_resource_is_written_once(database: Sqlite | Postgres) -> None:
    """The second one of a name is refused, and changes nothing."""

    def create(connection: Connection, state: dict[str, Any]) -> bool:
        return resource_store.create(connection, "/things", "a", state)

    with database.writing() as connection:
        assert create(connection, {"n": 1})
        assert not create(connection, {"n": 2})
        assert resource_store.read(connection, "/things", "a") == {"n": 1}
