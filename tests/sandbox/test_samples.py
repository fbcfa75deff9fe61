"""Values that the sandbox makes of schemas, and how it judges texts."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
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
from samekey.sandbox.storage.database import Postgres, Sqlite, open_database
from samekey.sandbox.storage.migrations import upgrade
from sqlalchemy import Connection

OPEN = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
TWO = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "minProperties": 2}


def schema_of(folder: Path, schema: dict[str, Any]) -> Node:
    """A schema as a document has it."""
    path = folder / "openapi.json"
    document = {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}}
    path.write_text(json.dumps({**document, "components": {"schemas": {"S": schema, "Open": OPEN}}}))
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
        # Words beside a reference are conditions too, though no property comes of them.
        ({"$ref": "#/components/schemas/Open", "required": ["a"]}, {"a": "text", "b": "text"}),
        ({"allOf": [{"$ref": "#/components/schemas/Open", "minProperties": 2}]}, {"a": "text", "b": "text"}),
        ({"type": "array", "items": OPEN, "contains": {"required": ["a"]}}, [{"a": "text", "b": "text"}]),
        ({"type": "object", "properties": {"a": {"const": "x"}}, "enum": [{"a": "x"}]}, {"a": "x"}),
        (
            {
                "type": "object",
                "required": ["p1"],
                "properties": {"p1": OPEN},
                "patternProperties": {"^p": {"required": ["a"]}},
            },
            {"p1": {"a": "text", "b": "text"}},
        ),
        # What no value can be is said as shortly as before.
        ({"type": "object", "properties": {"a": {"type": "string"}}, "not": {}}, {}),
    ],
)
def test_conditions_hold_where_they_can(tmp_path: Path, schema: dict[str, Any], made: object) -> None:
    """What need not be said is said where a condition asks for it, and nowhere else."""
    node = schema_of(tmp_path, schema)
    assert Samples(SchemaJudge(node.document.node)).fit(node) == made


def test_a_second_attempt_may_be_as_large_as_the_first(tmp_path: Path) -> None:
    """What the first one has spent is given back."""
    least = {"type": "array", "minItems": 60, "items": {"type": "array", "minItems": 60, "items": OPEN}}
    node = schema_of(tmp_path, {**least, "not": {"contains": {"contains": {"maxProperties": 0}}}})
    made = Samples(SchemaJudge(node.document.node)).fit(node)
    assert isinstance(made, list)
    assert made[-1] == [{"a": "text", "b": "text"}] * 60


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


def test_a_resource_is_replaced_by_whoever_writes_last(database: Sqlite | Postgres) -> None:
    """Whether it was there or not, nobody is told that it is written where it is not."""
    with database.writing() as connection:
        states: list[dict[str, Any]] = [{"n": 1}, {"n": 2}]
        for state in states:
            resource_store.write(connection, "/things", "a", state)
            assert resource_store.read(connection, "/things", "a") == state
        assert [row.state for row in resource_store.listed(connection, "/things")] == [{"n": 2}]


def test_two_who_write_a_new_resource_at_once_both_write(database: Sqlite | Postgres) -> None:
    """The second waits for the first, and is not thrown away."""
    first_wrote, second_begins = threading.Event(), threading.Event()

    def first() -> None:
        with database.writing() as connection:
            resource_store.write(connection, "/things", "a", {"by": "first"})
            first_wrote.set()
            second_begins.wait(5)
            time.sleep(0.1)
            connection.commit()

    def second() -> None:
        first_wrote.wait(5)
        second_begins.set()
        with database.writing() as connection:
            resource_store.write(connection, "/things", "a", {"by": "second"})
            connection.commit()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(first), pool.submit(second)]:
            done.result(20)
    with database.engine.connect() as connection:
        assert resource_store.read(connection, "/things", "a") == {"by": "second"}


def test_a_store_closes_whatever_became_of_its_writer(tmp_path: Path) -> None:
    """After a COMMIT that was lost, and while another thread writes, which it waits for."""
    database = open_database(str(tmp_path / "s.db"))
    upgrade(database)
    with database.writing() as connection:
        connection.invalidate()
    database.engine.dispose()
    begun = threading.Event()

    def write() -> None:
        with database.writing() as connection:
            resource_store.write(connection, "/things", "a", {})
            begun.set()
            time.sleep(0.2)
            resource_store.write(connection, "/things", "b", {})
            connection.commit()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(write)
        assert begun.wait(5)
        database.engine.dispose()
        done.result(5)
    with database.engine.connect() as connection:
        assert resource_store.places(connection) == {"/things/a", "/things/b"}
    database.engine.dispose()
