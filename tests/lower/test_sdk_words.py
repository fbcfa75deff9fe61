"""Words of other generators: where operations are found, what things are called, and what is in no SDK."""

from __future__ import annotations

import pytest
from samekey.ir import Enum, Model

from tests.lower.documents import Lowered, lowered

HEAD = "openapi: 3.1.0\ninfo: {title: Words, version: '1'}\n"


def operation(words: str, root: str = "") -> Lowered:
    """A document of one operation with these words."""
    return lowered(f"""{HEAD}{root}
paths:
  /things:
    get:
      operationId: listThings
      tags: [Things]
      {words}
      responses: {{"200": {{description: ok}}}}
""")


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("x-speakeasy-group: store.things", "store.things.list"),
        ("x-speakeasy-group: Store.bigThings", "store.big_things.list"),
        ("x-speakeasy-group: [store.things, other]", "store.things.list"),
        ("x-speakeasy-name-override: all", "things.all"),
        ("x-fern-sdk-group-name: store", "store.list_things"),
        ("x-fern-sdk-group-name: [store, things]", "store.things.list"),
        ("x-fern-sdk-method-name: getEverything", "things.get_everything"),
        ("x-stainless-naming: {method_name: everything}", "things.everything"),
        ("x-stainless-naming: {python: {method_name: everything}, method_name: no}", "things.everything"),
        ("x-speakeasy-group: ''", "things.list"),
        ("x-speakeasy-group: {a: b}", "things.list"),
        ("x-fern-sdk-group-name: [[a]]", "things.list"),
        ("x-fern-sdk-method-name: class", "things.class_"),
        ("x-speakeasy-group: '__import__(\"os\")'", "import_os.list_things"),
    ],
)
def test_where_an_operation_is_found(words: str, call: str) -> None:
    """The words of whoever made the document's SDKs before: at any depth, whatever is written there."""
    (place,) = operation(words).names().methods.values()
    assert place.call == call


def test_levels_without_end_are_few() -> None:
    """A text of a document makes no thousands of modules, and no name of a file that is too long."""
    names = operation(f"x-speakeasy-group: {'.'.join(['level'] * 5000)}").names()
    assert len(names.resources) == 8
    assert max(len(entry.module) for entry in names.resources) < 100


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        ("^list.*", "all"), ("listThings", "all"), (".*Things$", "all"), ("^Things", "list"), ("(a+)+$", "list"),
        ("^get.*", "list"), ("", "list"),
    ],
)  # fmt: skip
def test_rules_of_the_root_name_many(pattern: str, method: str) -> None:
    """Anchors and `.*` are understood; no pattern of a document is run."""
    root = f"x-speakeasy-name-override: [{{operationId: '{pattern}', methodNameOverride: all}}]\n"
    (place,) = operation("summary: s", root).names().methods.values()
    assert place.method == method


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("x-speakeasy-ignore: true", "x-speakeasy-ignore"),
        ("x-fern-ignore: true", "x-fern-ignore"),
        ("x-stainless-skip: [java, python]", "x-stainless-skip"),
        ("x-stainless-skip: [java]", ""),
        ("x-fern-ignore: false", ""),
        ("x-fern-ignore: 'true'", ""),
    ],
)
def test_what_is_in_no_sdk(words: str, expected: str) -> None:
    """An operation that another generator leaves out is known, and the word that says so."""
    (found,) = operation(words).api.operations
    assert found.left_out == expected


def test_how_far_something_is_on_its_way() -> None:
    """Fern's availability is told, and `deprecated` is deprecated."""
    (found,) = operation("x-fern-availability: beta").api.operations
    assert (found.deprecated, found.description) == (False, "Availability: beta.")
    (found,) = operation("x-fern-availability: deprecated").api.operations
    assert (found.deprecated, found.description) == (True, "")
    (found,) = operation("x-fern-availability: generally-available").api.operations
    assert (found.deprecated, found.description) == (False, "")


def members(words: str, values: str = "[a, b, '1']", kind: str = "string") -> tuple[dict[str, str], Enum]:
    """The names of an enum's members by value, and the enum."""
    found = lowered(f"""{HEAD}
paths:
  /things:
    get:
      parameters: [{{name: kind, in: query, schema: {{type: {kind}, enum: {values}, {words}}}}}]
      responses: {{"200": {{description: ok}}}}
""")
    (definition,) = found.api.types
    assert isinstance(definition, Enum)
    names = found.names()
    return {str(value): names.members[definition.id, value] for value in definition.values}, definition


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("x-enum-varnames: [First, second, ONE]", ["FIRST", "SECOND", "ONE"]),
        ("x-speakeasy-enums: {a: First, '1': one}", ["FIRST", "B", "ONE"]),
        ("x-speakeasy-enums: [First, Second, Third]", ["FIRST", "SECOND", "THIRD"]),
        ("x-fern-enum: {a: {name: First}, '1': {name: One, description: The first.}}", ["FIRST", "B", "ONE"]),
        ("x-enum-varnames: [same, same]", ["SAME", "B", "VALUE_1"]),
        ("x-enum-varnames: [First]", ["FIRST", "B", "VALUE_1"]),
        ("x-enum-varnames: 5", ["A", "B", "VALUE_1"]),
        ("x-enum-varnames: [5, {a: b}, null]", ["A", "B", "VALUE_1"]),
    ],
)
def test_members_have_the_names_that_are_written(words: str, expected: list[str]) -> None:
    """In a list by the order of values, or in a mapping; who has none is called by its value."""
    assert list(members(words)[0].values()) == expected


def test_members_of_numbers_have_names_and_descriptions() -> None:
    """Where the value says least."""
    names, definition = members(
        "x-enum-varnames: [OPEN, DONE], x-enum-descriptions: [Still open., Over.]", "[0, 1]", "integer"
    )
    assert names == {"0": "OPEN", "1": "DONE"}
    assert definition.members == (("OPEN", "Still open."), ("DONE", "Over."))


NAMED = f"""{HEAD}
paths:
  /things/{{thing_id}}:
    post:
      operationId: change
      tags: [things]
      parameters:
        - {{name: thing_id, in: path, required: true, schema: {{type: string}}, x-fern-parameter-name: id}}
        - {{name: pg, in: query, schema: {{type: integer}}, x-speakeasy-name-override: page}}
        - {{name: lim, in: query, schema: {{type: integer}}, x-stainless-param: limit}}
      requestBody:
        content: {{application/json: {{schema: {{$ref: "#/components/schemas/v1.thing"}}}}}}
      responses:
        "200": {{description: ok, content: {{application/json: {{schema: {{$ref: "#/components/schemas/v1.thing"}}}}}}}}
components:
  schemas:
    v1.thing:
      x-speakeasy-name-override: Thing
      type: object
      properties:
        nm: {{type: string, x-fern-property-name: name}}
        inner: {{type: object, x-fern-type-name: Inside, properties: {{a: {{type: string}}}}}}
"""


def test_parameters_properties_and_types_have_the_names_that_are_written() -> None:
    """In the arguments of calls, in models, and in the names of classes; inline schemas too."""
    found = lowered(NAMED)
    names = found.names()
    assert sorted(names.arguments.values()) == ["id", "inner", "limit", "name", "page"]
    assert sorted(names.types.values()) == ["Inside", "Thing"]
    (thing,) = (entry for entry in found.api.types if isinstance(entry, Model) and len(entry.fields) == 2)
    assert names.fields[thing.id, "nm"] == "name"
