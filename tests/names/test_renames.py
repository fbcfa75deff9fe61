"""Renames of the config: kept to the letter, or reported at their line."""

from __future__ import annotations

import json

import pytest
from samekey.config.file import read_config
from samekey.document.diagnostics import Diagnostics, Severity
from samekey.document.node import Document, load
from samekey.pipeline import inspect

OPERATIONS: dict[str, dict[str, object]] = {
    verb: {
        "operationId": name,
        "tags": ["pets"],
        "responses": {"200": {"description": "ok", "content": {"application/json": {
            "schema": {"$ref": f"#/components/schemas/{schema}"},
        }}}},
    }
    for verb, name, schema in (("get", "listPets", "Pet"), ("post", "createPet", "Owner"))
}  # fmt: skip
OPERATIONS["get"]["parameters"] = [
    {"name": "pageSize", "in": "query", "schema": {"type": "integer"}},
    {"name": "kind", "in": "query", "schema": {"$ref": "#/components/schemas/Kind"}},
]
API = {
    "openapi": "3.1.0",
    "info": {"title": "Zoo", "version": "1"},
    "paths": {"/pets": OPERATIONS},
    "components": {
        "schemas": {
            **{name: {"properties": {"a": {"type": "string"}, "b": {}}} for name in ("Pet", "Owner", "Unused")},
            "Kind": {"enum": ["1", "two"]},
        },
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "x-key"},
            "login": {"type": "http", "scheme": "basic"},
        },
    },
}


def opened(name: str, text: str, diagnostics: Diagnostics) -> Document:
    """A document that exists only in memory."""
    document = load(name, diagnostics, lambda _: text.encode())
    assert document is not None
    return document


def findings(renames: str) -> list[tuple[Severity, str, str, int]]:
    """Severity, code, hint and line of what is said of renames."""
    diagnostics = Diagnostics()
    config = read_config(opened("samekey.yaml", f"rename:\n  {renames}\n", diagnostics).node)
    assert len(diagnostics) == 0
    assert inspect(opened("api.json", json.dumps(API), diagnostics), config) is not None
    places = [(entry, entry.place) for entry in diagnostics]
    return [
        (entry.severity, entry.code, entry.hint, place.resolve().line if place is not None else 0)
        for entry, place in places
    ]


@pytest.mark.parametrize(
    "renames",
    [
        "types: {Pet: Animal}",
        "types: {Pet: Owner}",
        "operations: {listPets: all}",
        "operations: {listPets: animals.all, createPet: pets.all}",
        "operations: {POST /pets: pets.list}",
        "resources: {pets: animals}",
        "resources: {pets: zoo.animals}",
        "operations: {listPets: zoo.animals.all, createPet: zoo.animals.cages.add}",
        "parameters: {listPets: {pageSize: size}}",
        "parameters: {GET /pets: {query pageSize: size, kind: sort}}",
        "fields: {Pet: {a: name}, Owner: {a: name}}",
        "members: {Kind: {'1': FIRST, two: SECOND}}",
        "credentials: {key: token}",
        "credentials: {login: {username: user, password: secret}}",
    ],
)
def test_a_rename_that_can_be_had_is_had(renames: str) -> None:
    """Nothing is said of it, even where something else has to give way."""
    assert findings(renames) == []


@pytest.mark.parametrize(
    ("renames", "free"),
    [
        ("types:\n    Pet: Same\n    Owner: Same", "SameModel"),
        ("types:\n    Owner: Animal\n    Pet: Model", "ModelModel"),
        ("operations:\n    listPets: pets.go\n    createPet: pets.go", "pets.go_2"),
        ("parameters:\n    listPets:\n      kind: options", "kind"),
        ("fields:\n    Pet: {a: same,\n      b: same}", "b"),
        ("resources:\n    # reserved\n    pets: close", "close_"),
    ],
)
def test_a_name_that_is_taken_is_an_error(renames: str, free: str) -> None:
    """At the line of the rename, with a name that can be had."""
    assert findings(renames) == [
        (Severity.ERROR, "rename-collision", f"choose another name; {free!r} is free", 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "renames",
    [
        "types: {Unused: Used}",
        "operations: {gone: here}",
        "resources: {Pets: animals}",
        "parameters: {listPets: {gone: here}}",
        "fields: {Pet: {gone: here}}",
        "members: {Kind: {gone: HERE}}",
        "credentials: {gone: here}",
    ],
)
def test_a_rename_of_nothing_is_a_warning(renames: str) -> None:
    """A misspelt name of the document does not pass in silence."""
    assert findings(renames) == [(Severity.WARNING, "rename-unused", "", 2)]
