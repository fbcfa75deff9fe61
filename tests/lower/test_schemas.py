"""Schemas: what each word of JSON Schema becomes, alone and beside others."""

from __future__ import annotations

import json

import pytest
from samekey.ir import Field, Model

from tests.lower.documents import Lowered, lowered, schema, schemas, swagger, thing

PET = "{$ref: '#/components/schemas/Pet'}"
DOG = "{$ref: '#/components/schemas/Dog'}"
SELF = "{$ref: '#/components/schemas/Thing'}"
MISSING = "{$ref: '#/components/schemas/Missing'}"


def field_of(found: Lowered, words: str, wire: str) -> Field:
    """A field of a model by its wire name."""
    definition = found.types[words]
    assert isinstance(definition, Model)
    return next(entry for entry in definition.fields if entry.name == wire)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type: string", "string"),
        ("type: integer", "integer"),
        ("type: number", "number"),
        ("type: boolean", "boolean"),
        ("type: array\nitems: {type: integer}", "list[integer]"),
        ("type: array\nitems: {type: array, items: {type: string}}", "list[list[string]]"),
        ("type: object", "map[any]"),
        ("type: object\nadditionalProperties: {type: integer}", "map[integer]"),
        ("type: object\nadditionalProperties: true", "map[any]"),
        ("type: object\nadditionalProperties: false", "map[any]"),
        ("type: object\nproperties: {}", "map[any]"),
        ("type: string\nformat: date-time", "date-time"),
        ("type: string\nformat: date", "date"),
        ("type: string\nformat: uuid", "uuid"),
        ("type: string\nformat: decimal", "decimal"),
        ("type: string\nformat: byte", "byte"),
        ("type: string\nformat: binary", "binary"),
        ("type: string\nformat: duration", "string"),
        ("type: string\nformat: uri", "string"),
        ("type: string\nformat: no-such-format", "string"),
        ("type: integer\nformat: int64", "integer"),
        ("type: integer\nformat: date-time", "integer"),
        ("type: number\nformat: double", "number"),
        ("type: number\nformat: decimal", "decimal number"),
        ("type: string\nformat: 7", "string"),
        ("type: string\ncontentMediaType: application/octet-stream", "binary"),
        ("contentMediaType: image/png", "binary"),
        ("type: string\ncontentMediaType: image/png\ncontentEncoding: base64", "string"),
        ("type: string\ncontentMediaType: application/json", "string"),
    ],
)
def test_types_and_formats(text: str, expected: str) -> None:
    """Each type has its own meaning; a format that nobody knows changes nothing."""
    assert thing(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("properties: {a: {type: string}}", "Thing"),
        ("additionalProperties: {type: string}", "map[string]"),
        ("required: [a]", "map[any]"),
        ("items: {type: string}", "list[string]"),
        ("minItems: 1", "list[any]"),
        ("uniqueItems: true", "list[any]"),
        ("maxLength: 3", "string"),
        ("pattern: '^a'", "string"),
        ("format: date-time", "date-time"),
        ("format: uuid", "uuid"),
        ("minimum: 0", "number"),
        ("enum: [a, b]", "Thing"),
        ("{}", "any"),
        ("description: anything at all", "any"),
        ("format: int64", "any"),
        ("not: {type: string}", "any"),
        ("if: {required: [a]}\nthen: {required: [b]}", "any"),
    ],
)
def test_a_missing_type_follows_from_the_other_words(text: str, expected: str) -> None:
    """Documents of the wild leave `type` out; the rest says enough. Where it does not, any JSON fits."""
    found = schema(text)
    assert found.responses()["200"] == expected
    assert not found.codes


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("int", "integer"),
        ("long", "integer"),
        ("float", "number"),
        ("bool", "boolean"),
        ("str", "string"),
        ("dict", "map[any]"),
        ("list", "list[any]"),
        ("datetime", "string"),
        ("frobnicator", "any"),
    ],
)
def test_a_type_that_does_not_exist_costs_a_warning(written: str, expected: str) -> None:
    """`type: int` is meant as `integer`; what cannot be meant is any JSON. The operation stays either way."""
    found = schema(f"type: {written}\ndescription: x")
    assert found.responses()["200"] == expected
    assert found.codes == ["unknown-type"]
    assert not found.failed


def test_the_case_of_a_type_does_not_matter() -> None:
    """`type: String` is a string."""
    assert thing("type: String") == "string"


@pytest.mark.parametrize("written", ["3", "[1, 2]", "a text"])
def test_what_is_no_schema_costs_a_type_and_a_warning(written: str) -> None:
    """A number where a schema belongs is any JSON."""
    found = schemas(f"Thing: {written}")
    assert found.responses()["200"] == "any"
    assert found.codes == ["not-a-schema"]
    assert found.found("not-a-schema") == ["/components/schemas/Thing"]


@pytest.mark.parametrize("written", ["null", "3", "[1]", "text"])
def test_a_property_without_a_schema_is_kept_as_any_json(written: str) -> None:
    """A property whose schema is wrong loses its type, not its place in the model, nor does it go in silence."""
    found = schema(f"type: object\nproperties: {{good: {{type: string}}, bad: {written}}}")
    assert found.model("Thing") == {"good": "string", "bad": "any"}


@pytest.mark.parametrize("written", ["true", "false", "{}"])
def test_boolean_and_empty_schemas_allow_anything(written: str) -> None:
    """`true` is the empty schema; `false` gives no better type than that."""
    found = schema(f"type: object\nproperties: {{a: {written}, b: {{type: array, items: {written}}}}}", "3.1.0")
    assert found.model("Thing") == {"a": "any", "b": "list[any]"}
    assert not found.codes


# Null


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        ("type: string\nnullable: true", "3.0.3", "string?"),
        ("type: string\nnullable: false", "3.0.3", "string"),
        ("type: string\nx-nullable: true", "3.0.3", "string?"),
        ("type: string\nnullable: 'true'", "3.0.3", "string?"),
        ("type: object\nnullable: true\nproperties: {a: {type: string}}", "3.0.3", "Thing?"),
        ("type: array\nnullable: true\nitems: {type: string, nullable: true}", "3.0.3", "list[string?]?"),
        ("nullable: true", "3.0.3", "any"),
        ("type: [string, 'null']", "3.1.0", "string?"),
        ("type: [string]", "3.1.0", "string"),
        ("type: ['null', string]", "3.1.0", "string?"),
        ("type: [string, null]", "3.1.0", "string?"),
        ("type: ['null']", "3.1.0", "null"),
        ("type: 'null'", "3.1.0", "null"),
        ("type: []", "3.1.0", "any"),
        ("type: [string, integer]", "3.1.0", "string | integer"),
        ("type: [string, integer, 'null']", "3.1.0", "(string | integer)?"),
        ("type: [integer, number]", "3.1.0", "number"),
        ("type: [object, 'null']\nproperties: {a: {type: string}}", "3.1.0", "Thing?"),
        ("type: [object, string]\nproperties: {a: {type: string}}", "3.1.0", "Thing | string"),
        ("type: [array, string]\nitems: {type: integer}", "3.1.0", "list[integer] | string"),
        ("type: [string, string]", "3.1.0", "string"),
    ],
)
def test_null_and_lists_of_types(text: str, version: str, expected: str) -> None:
    """Null is a property of a type, whichever version's word says so."""
    assert thing(text, version) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"oneOf: [{PET}, {{type: 'null'}}]", "Pet?"),
        (f"anyOf: [{PET}, {{type: 'null'}}]", "Pet?"),
        (f"anyOf: [{{type: 'null'}}, {PET}]", "Pet?"),
        ("anyOf: [{type: string}, {type: 'null'}]", "string?"),
        ("anyOf: [{type: string, nullable: true}, {type: integer}]", "(string | integer)?"),
        ("anyOf: [{type: string}, {enum: [null]}]", "string?"),
        ("anyOf: [{type: string}, {const: null}]", "string?"),
        ("anyOf: [{type: 'null'}]", "null"),
        (f"allOf: [{PET}]\nnullable: true", "Pet?"),
        (f"oneOf: [{PET}]\nnullable: true", "Pet?"),
        (f"oneOf: [{PET}, {DOG}]\nnullable: true", "Thing?"),
        (f"oneOf: [{PET}, {DOG}, {{type: 'null'}}]", "Thing?"),
    ],
)
def test_null_beside_other_variants(text: str, expected: str) -> None:
    """A variant `null` is not a variant of a union: it makes the rest nullable, and a component keeps its name."""
    assert thing(text, "3.1.0") == expected


def test_a_nullable_component_is_nullable_wherever_it_is_used() -> None:
    """Null belongs to the component, so references to it carry it."""
    found = schemas(
        """
        Thing:
          type: object
          properties:
            a: {$ref: '#/components/schemas/Maybe'}
            b: {allOf: [{$ref: '#/components/schemas/Maybe'}]}
        Maybe: {type: object, nullable: true, properties: {x: {type: string}}}
        """,
        roots=["Thing"],
    )
    assert found.model("Thing") == {"a": "Maybe?", "b": "Maybe?"}


# Enums and constants


@pytest.mark.parametrize(
    ("text", "expected", "values"),
    [
        ("type: string\nenum: [a, b]", "Thing", ("a", "b")),
        ("enum: [a, b]", "Thing", ("a", "b")),
        ("type: integer\nenum: [2, 1, -1]", "Thing", (2, 1, -1)),
        ("type: number\nenum: [1, 2]", "Thing", (1, 2)),
        ("type: string\nenum: ['', a]", "Thing", ("", "a")),
        ("type: string\nenum: [a, A]", "Thing", ("a", "A")),
        ("type: string\nenum: [a, b, a]", "Thing", ("a", "b")),
        ("type: string\nenum: [yes, NO, on, 2026-01-02]", "Thing", ("yes", "NO", "on", "2026-01-02")),
        ("type: string\nenum: [a, b, null]", "Thing?", ("a", "b")),
        ("type: string\nnullable: true\nenum: [a, b]", "Thing?", ("a", "b")),
        ("type: string\nnullable: true\nenum: [a, b, null]", "Thing?", ("a", "b")),
        ("type: string\nformat: date\nenum: ['2026-01-01', '2026-01-02']", "Thing", ("2026-01-01", "2026-01-02")),
        ("allOf: [{type: string}, {enum: [a, b]}]", "Thing", ("a", "b")),
    ],
)
def test_enums_keep_their_values_in_order(text: str, expected: str, values: tuple[str | int, ...]) -> None:
    """Strings and integers are enums: each value once, in the document's order, null beside them."""
    found = schema(text)
    assert found.responses()["200"] == expected
    assert found.enum("Thing") == values
    assert not found.codes


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("type: string\nenum: [1, 2]", ("1", "2")),
        ("type: string\nenum: [1, a]", ("1", "a")),
        ("type: string\nenum: [true, false, unknown]", ("true", "false", "unknown")),
    ],
)
def test_unquoted_values_of_a_string_enum_are_strings(text: str, values: tuple[str, ...]) -> None:
    """`type: string` with `enum: [1, 2]` forgets the quotes: the wire has strings."""
    found = schema(text)
    assert found.responses()["200"] == "Thing"
    assert found.enum("Thing") == values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type: string\nenum: [a]", "'a'"),
        ("type: string\nenum: [a, a]", "'a'"),
        ("type: integer\nenum: [7]", "7"),
        ("type: string\nenum: ['']", "''"),
        ("type: string\nenum: [a, null]", "'a'?"),
        ("enum: [null]", "null"),
        ("enum: [1, 2.5]", "number"),
        ("enum: [1, a]", "number | string"),
        ("enum: [1, a, null]", "(number | string)?"),
        ("enum: [true, false]", "boolean"),
        ("enum: [true]", "boolean"),
        ("enum: [{a: 1}, {a: 2}]", "any"),
        ("type: string\nenum: []", "string"),
        ("type: string\nenum: {a: 1}", "string"),
        ("type: string\nenum: null", "string"),
        ("const: a", "'a'"),
        ("const: 3", "3"),
        ("const: ''", "''"),
        ("const: null", "null"),
        ("const: true", "boolean"),
        ("const: false", "boolean"),
        ("const: 0", "0"),
        ("const: 1.5", "number"),
        ("type: string\nconst: x", "'x'"),
        ("enum: [a, b]\nconst: a", "'a'"),
        ("type: [string, 'null']\nconst: x", "'x'?"),
    ],
)
def test_values_that_make_no_enum(text: str, expected: str) -> None:
    """One value is a literal, values of several kinds are the union of their types, wrong lists are ignored."""
    found = schema(text, "3.1.0")
    assert found.responses()["200"] == expected
    assert not found.types


def test_an_enum_of_an_arrays_items_written_beside_them_stays_an_array() -> None:
    """`enum` beside `type: array` is meant for the items (Swagger 2.0 in the wild): it is never a single string."""
    assert thing("type: array\nitems: {type: string}\nenum: [a, b]").startswith("list[")


def test_an_inline_enum_is_named_after_its_place() -> None:
    """Properties, items and values of maps give inline types the words for their names."""
    found = schema(
        """
        type: object
        properties:
          state: {type: string, enum: [on, off]}
          parts: {type: array, items: {type: object, properties: {x: {type: string}}}}
          by_key: {type: object, additionalProperties: {type: object, properties: {y: {type: string}}}}
        """
    )
    assert found.model("Thing") == {
        "state": "Thing.state",
        "parts": "list[Thing.parts.item]",
        "by_key": "map[Thing.by_key.value]",
    }


# Objects


@pytest.mark.parametrize(
    ("word", "extra"),
    [
        ("", "nothing"),
        ("additionalProperties: true", "any"),
        ("additionalProperties: {}", "any"),
        ("additionalProperties: false", "nothing"),
        ("additionalProperties: {type: integer}", "integer"),
        (f"additionalProperties: {SELF}", "Thing"),
        ("patternProperties: {'^x-': {type: integer}}", "integer"),
        ("patternProperties: {'^x-': {type: integer}, '^y-': {type: string}}", "integer | string"),
        ("patternProperties: {'^x-': {type: integer}}\nadditionalProperties: false", "integer"),
    ],
)
def test_extra_properties_beside_fields(word: str, extra: str) -> None:
    """Fields stay fields; what else may come has a type of its own where the document gives one."""
    found = schema(f"type: object\nproperties: {{a: {{type: string}}}}\n{word}", "3.1.0")
    assert found.model("Thing") == {"a": "string"}
    assert found.extra_type("Thing") == extra


def test_pattern_properties_alone_are_a_map() -> None:
    """An object without named properties is a map, whatever names the values' type."""
    assert thing("type: object\npatternProperties: {'^x-': {type: integer}}", "3.1.0") == "map[integer]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prefixItems: [{type: string}, {type: integer}]", "list[string | integer]"),
        ("prefixItems: [{type: string}, {type: integer}]\nitems: false", "list[string | integer]"),
        ("prefixItems: [{type: string}]\nitems: {type: boolean}", "list[string | boolean]"),
        ("prefixItems: [{type: string}, {type: string}]", "list[string]"),
        ("prefixItems: [{type: string}, {type: string, nullable: true}]", "list[string?]"),
        ("prefixItems: [{type: string}, {}]", "list[any]"),
        ("items: [{type: string}, {type: boolean}]", "list[string | boolean]"),
        ("items: []", "list[any]"),
        ("items: true", "list[any]"),
        ("items: null", "list[any]"),
    ],
)
def test_tuples_are_lists_of_what_may_stand_in_them(text: str, expected: str) -> None:
    """`prefixItems`, and the list under `items` of earlier drafts, are lists of the union."""
    assert thing(f"type: array\n{text}", "3.1.0") == expected


def test_words_about_a_field_reach_the_model() -> None:
    """Required, readOnly, writeOnly, deprecated, description and constraints, of the property or its target."""
    found = schemas(
        """
        Thing:
          type: object
          required: [id, secret, ghost]
          properties:
            id: {type: string, readOnly: true, description: the id, maxLength: 9}
            secret: {type: string, writeOnly: true}
            plain: {type: integer, default: 3, deprecated: true}
            shared: {$ref: '#/components/schemas/Shared'}
            wrapped: {allOf: [{$ref: '#/components/schemas/Shared'}], description: mine, readOnly: true}
            own: {$ref: '#/components/schemas/Shared', description: said here}
        Shared: {type: string, readOnly: true, description: shared words, minLength: 2}
        """,
        roots=["Thing"],
    )
    # A name that is required and described nowhere can be sent, and is not asked for.
    assert set(found.model("Thing")) == {"id!", "secret!", "plain", "shared", "wrapped", "own", "ghost"}
    assert field_of(found, "Thing", "id").read_only
    assert field_of(found, "Thing", "id").doc == "the id\n(at most 9 characters)"
    assert field_of(found, "Thing", "secret").write_only
    assert not field_of(found, "Thing", "secret").read_only
    assert field_of(found, "Thing", "plain").deprecated
    assert "default 3" in field_of(found, "Thing", "plain").doc
    assert field_of(found, "Thing", "shared").read_only
    assert field_of(found, "Thing", "shared").doc == "shared words\n(at least 2 characters)"
    assert field_of(found, "Thing", "wrapped").read_only
    assert field_of(found, "Thing", "wrapped").doc.startswith("mine")
    assert field_of(found, "Thing", "own").doc.startswith("said here")


@pytest.mark.parametrize("written", ["true", "'yes'", "{a: 1}", "3", "[1, null, {}]"])
def test_a_wrong_required_costs_nothing(written: str) -> None:
    """Draft 3's `required: true` beside properties, and other wrong values, leave the fields optional."""
    assert schema(f"type: object\nrequired: {written}\nproperties: {{a: {{type: string}}}}").model("Thing") == {
        "a": "string"
    }


# allOf


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"allOf: [{PET}]", "Pet"),
        (f"allOf: [{PET}]\ndescription: x\ntitle: y\nreadOnly: true", "Pet"),
        (f"allOf: [{PET}]\ntype: object", "Pet"),
        (f"allOf: [{{}}, {PET}]", "Pet"),
        (f"allOf: [{{description: x}}, {PET}]", "Pet"),
        (f"oneOf: [{PET}]", "Pet"),
        (f"anyOf: [{PET}]\ndefault: {{}}", "Pet"),
        ("allOf: []", "any"),
        ("allOf: [{type: string, minLength: 1}]", "string"),
        ("allOf: [{type: string}, {format: uuid}]", "uuid"),
        ("allOf: [{type: array, items: {type: string}}, {minItems: 1}]", "list[string]"),
        (f"allOf: [{MISSING}]", "any"),
    ],
)
def test_all_of_around_one_schema_is_that_schema(text: str, expected: str) -> None:
    """The usual wrapper of 3.0, `allOf: [$ref]` with a description beside it, keeps the component's name."""
    assert thing(text) == expected


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (
            f"allOf: [{PET}, {{type: object, properties: {{age: {{type: integer}}}}, required: [age]}}]",
            {"name!": "string", "age!": "integer"},
        ),
        (f"allOf: [{PET}]\nproperties: {{age: {{type: integer}}}}", {"name!": "string", "age": "integer"}),
        (f"allOf: [{PET}, {DOG}]", {"name!": "string", "bark!": "string"}),
        (
            f"allOf: [{{allOf: [{PET}, {{properties: {{a: {{type: string}}}}}}]}}, {DOG}]",
            {"name!": "string", "a": "string", "bark!": "string"},
        ),
        (f"allOf: [{MISSING}, {{properties: {{a: {{type: string}}}}}}]", {"a": "string"}),
        ("allOf: [{properties: {a: {type: string}}}, {required: [a]}]", {"a!": "string"}),
        ("allOf: [{properties: {a: {type: string}}}]\nrequired: [a]", {"a!": "string"}),
        ("allOf: [{required: [a]}]\nproperties: {a: {type: string}}", {"a!": "string"}),
    ],
)
def test_all_of_merges_its_parts(text: str, fields: dict[str, str]) -> None:
    """Properties and required names of all parts, and of what stands beside them, make one model."""
    assert schema(text).model("Thing") == fields


@pytest.mark.parametrize(
    "text",
    [
        "allOf: [{$ref: '#/components/schemas/Base'}, {required: [name]}]",
        "allOf: [{$ref: '#/components/schemas/Base'}]\n  required: [name]",
        "allOf: [{$ref: '#/components/schemas/Base'}, {type: object, required: [name]}]",
    ],
)
def test_a_property_of_a_component_can_be_required_by_a_sibling(text: str) -> None:
    """`allOf: [$ref]` with `required` beside it is another type than the component: there, the property is required."""
    found = schemas(
        f"""
Thing:
  {text}
Base: {{type: object, properties: {{name: {{type: string}}, id: {{type: string}}}}}}
""",
        roots=["Thing"],
    )
    assert found.model("Thing") == {"name!": "string", "id": "string"}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("{type: string}", "{enum: [a, b]}", "Thing.p"),
        ("{type: string}", "{maxLength: 3}", "string"),
        ("{type: string}", "{description: later}", "string"),
        ("{description: only words}", "{type: integer}", "integer"),
        ("{}", "{type: integer}", "integer"),
        ("true", "{type: integer}", "integer"),
        ("{type: string}", "{format: date}", "date"),
        ("{type: array, items: {type: string}}", "{minItems: 1}", "list[string]"),
        (PET, "{description: our pet}", "Pet"),
        (PET, PET, "Pet"),
        (PET, DOG, "Dog"),
    ],
)
def test_a_property_refined_in_a_later_part(first: str, second: str, expected: str) -> None:
    """What the parts say of one property holds together; the later word is the nearer one."""
    found = schema(f"allOf: [{{properties: {{p: {first}}}}}, {{properties: {{p: {second}}}}}]")
    assert found.model("Thing") == {"p": expected}


def test_objects_of_one_property_are_merged() -> None:
    """An object that a later part extends has the properties of both."""
    found = schema(
        f"allOf: [{{properties: {{p: {PET}}}}}, {{properties: {{p: {{properties: {{age: {{type: integer}}}}}}}}}}]"
    )
    assert found.model("Thing") == {"p": "Thing.p"}
    assert found.model("Thing.p") == {"name!": "string", "age": "integer"}


EXTENDED = """
Rules:
  type: object
  properties:
    path:
      type: object
      properties:
        actions: {type: object, properties: {drop: {type: boolean}}}
        sets: {type: array, items: {type: object, properties: {id: {type: string}}}}
        more: {type: object, additionalProperties: {type: object, properties: {id: {type: string}}}}
"""


def extending(name: str) -> str:
    """A schema that adds a field of its own to each object deep inside the rules."""
    own = f"{{properties: {{{name.lower()}: {{type: string}}}}}}"
    added = f"{{actions: {own}, sets: {{items: {own}}}, more: {{additionalProperties: {own}}}}}"
    return (
        f"{name}: {{allOf: [{{$ref: '#/components/schemas/Rules'}}, "
        f"{{type: object, properties: {{path: {{properties: {added}}}}}}}]}}\n"
    )


@pytest.mark.parametrize("roots", [["Global", "Router", "Rules"], ["Rules", "Router", "Global"], ["Router", "Global"]])
def test_whoever_extends_a_shared_base_deep_inside_has_fields_of_their_own(roots: list[str]) -> None:
    """Neither gets the other's, nor does the base, whichever is met first: in objects, items and free keys."""
    found = schemas(EXTENDED + extending("Global") + extending("Router"), roots=roots)
    for name in ("Global", "Router"):
        assert found.model(f"{name}.path") == {
            "actions": f"{name}.path.actions",
            "sets": f"list[{name}.path.sets.item]",
            "more": f"map[{name}.path.more.value]",
        }
        assert found.model(f"{name}.path.actions") == {name.lower(): "string", "drop": "boolean"}
        assert found.model(f"{name}.path.sets.item") == {name.lower(): "string", "id": "string"}
        assert found.model(f"{name}.path.more.value") == {name.lower(): "string", "id": "string"}
    if "Rules" in roots:
        assert found.model("Rules.path.actions") == {"drop": "boolean"}


def test_an_extension_that_holds_itself_ends() -> None:
    """What is combined again is the type that it was."""
    found = schemas(
        """
        Base: {type: object, properties: {child: {type: object, properties: {name: {type: string}}}}}
        Node:
          allOf:
            - $ref: '#/components/schemas/Base'
            - properties: {child: {allOf: [{$ref: '#/components/schemas/Node'}], properties: {own: {type: string}}}}
        """,
        roots=["Node"],
    )
    inner = found.model("Node.child")
    assert {"own": "string", "name": "string"}.items() <= inner.items()
    assert inner["child"].startswith("Node.child")


def test_the_outer_words_win_over_those_of_the_parts() -> None:
    """Description and extra properties of a merged model: its own first, then what a part gives."""
    found = schemas(
        """
        Thing:
          description: the child
          allOf:
            - $ref: '#/components/schemas/Base'
            - properties: {name: {description: said later}}
        Base:
          description: the base
          type: object
          properties: {name: {type: string, description: said first}}
          additionalProperties: {type: integer}
        """,
        roots=["Thing"],
    )
    assert found.types["Thing"].doc == "the child"
    assert found.extra_type("Thing") == "integer"
    assert field_of(found, "Thing", "name").doc.startswith("said later")


# Recursion and circles


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (f"properties: {{next: {SELF}}}", {"next": "Thing"}),
        (f"properties: {{next: {{allOf: [{SELF}], nullable: true}}}}", {"next": "Thing?"}),
        (f"properties: {{next: {{anyOf: [{SELF}, {{type: 'null'}}]}}}}", {"next": "Thing?"}),
        (f"properties: {{all: {{type: array, items: {SELF}}}}}", {"all": "list[Thing]"}),
        (f"properties: {{all: {{type: object, additionalProperties: {SELF}}}}}", {"all": "map[Thing]"}),
        (f"properties: {{one: {{oneOf: [{SELF}, {{type: string}}]}}}}", {"one": "Thing | string"}),
        (f"properties: {{in: {{type: object, properties: {{out: {SELF}}}}}}}", {"in": "Thing.in"}),
        (f"allOf: [{SELF}, {{properties: {{a: {{type: string}}}}}}]", {"a": "string"}),
        (f"allOf: [{SELF}]\nproperties: {{a: {{type: string}}}}", {"a": "string"}),
        ("properties: {self: {$ref: '#/components/schemas/Thing/properties/self'}}", {"self": "any"}),
        (
            f"properties: {{a: {{allOf: [{SELF}, {{properties: {{b: {{type: string}}}}}}]}}}}",
            {"a": "Thing.a"},
        ),
    ],
)
def test_models_that_contain_themselves(text: str, fields: dict[str, str]) -> None:
    """Recursion through properties, arrays, maps, unions and allOf ends in a name."""
    assert schema(text).model("Thing") == fields


@pytest.mark.parametrize(
    ("text", "expected", "target"),
    [
        (f"type: array\nitems: {SELF}", "Thing", "list[Thing]"),
        (f"type: array\nitems: {{type: array, items: {SELF}}}", "Thing", "list[list[Thing]]"),
        (f"type: object\nadditionalProperties: {SELF}", "Thing", "map[Thing]"),
        (f"type: array\nnullable: true\nitems: {SELF}", "Thing?", "list[Thing]"),
        (
            f"oneOf: [{{type: string}}, {{type: array, items: {SELF}}}, {{additionalProperties: {SELF}}}]",
            "Thing",
            "string | list[Thing] | map[Thing]",
        ),
    ],
)
def test_types_without_fields_that_contain_themselves(text: str, expected: str, target: str) -> None:
    """A list of itself gets a name of its own, since no class stands in between."""
    found = schema(text)
    assert found.responses()["200"] == expected
    assert found.union("Thing") == target


def test_a_circle_of_components_names_only_what_it_must() -> None:
    """Two components that hold each other, one a list and one a map, come back to a name."""
    found = schemas(
        """
        A: {type: array, items: {$ref: '#/components/schemas/B'}}
        B: {type: object, additionalProperties: {$ref: '#/components/schemas/A'}}
        """
    )
    assert found.responses("GET /A")["200"] == "A"
    assert found.union("A") in {"list[map[A]]", "list[B]"}


def test_parts_that_include_each_other_are_merged_once() -> None:
    """`A` is all of `B`, and `B` all of `A`: both have the properties of both."""
    found = schemas(
        """
        A: {allOf: [{$ref: '#/components/schemas/B'}, {properties: {a: {type: string}}}]}
        B: {allOf: [{$ref: '#/components/schemas/A'}, {properties: {b: {type: string}}}]}
        """
    )
    assert found.model("A") == {"a": "string", "b": "string"}
    assert found.model("B") == {"a": "string", "b": "string"}


@pytest.mark.parametrize(
    "components",
    [
        "A: {$ref: '#/components/schemas/A'}",
        "A: {$ref: '#/components/schemas/B'}\nB: {$ref: '#/components/schemas/A'}",
        "A: {$ref: '#/components/schemas/B'}\nB: {$ref: '#/components/schemas/C'}\nC: {$ref: '#/components/schemas/B'}",
        "A: {allOf: [{$ref: '#/components/schemas/A'}]}",
        "A: {oneOf: [{$ref: '#/components/schemas/A'}]}",
        "A: {anyOf: [{$ref: '#/components/schemas/A'}], nullable: true}",
        "A: {allOf: [{$ref: '#/components/schemas/B'}]}\nB: {anyOf: [{$ref: '#/components/schemas/A'}]}",
        "A: {allOf: [{$ref: '#/components/schemas/B'}]}\nB: {$ref: '#/components/schemas/A'}",
    ],
)
@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_a_circle_of_nothing_but_references_is_any_json(components: str, version: str) -> None:
    """What is nothing but itself costs a type and a warning, never the run."""
    found = schemas(components, version)
    assert {found.responses(f"GET {path}")["200"] for path in (entry.path for entry in found.api.operations)} == {"any"}
    assert set(found.codes) <= {"reference-cycle", "schema-cycle"}
    assert found.codes
    assert not found.failed


@pytest.mark.parametrize(
    ("components", "expected"),
    [
        ("A: {oneOf: [{$ref: '#/components/schemas/A'}, {type: string}]}", {"string"}),
        ("A: {anyOf: [{$ref: '#/components/schemas/A'}, {type: 'null'}, {type: string}]}", {"string"}),
        (
            (
                "A: {oneOf: [{$ref: '#/components/schemas/B'}, {type: string}]}\n"
                "B: {oneOf: [{$ref: '#/components/schemas/A'}, {type: integer}]}"
            ),
            {"string", "integer"},
        ),
    ],
)
def test_a_union_that_lists_itself_adds_nothing_to_itself(components: str, expected: set[str]) -> None:
    """An alias that names itself with no list, map or model between cannot be spelled in Python."""
    found = schemas(components, "3.1.0", roots=["A"])

    def opened(spelled: str, inside: tuple[str, ...] = ()) -> set[str]:
        members = spelled.removesuffix("?").strip("()").split(" | ")
        assert not set(members) & set(inside), f"{inside} name themselves"
        named = [member for member in members if member in found.types]
        others = set(members) - set(named)
        return others.union(*(opened(found.union(member), (*inside, member)) for member in named))

    assert opened(found.responses()["200"]) == expected


# oneOf and anyOf


@pytest.mark.parametrize("word", ["oneOf", "anyOf"])
@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        ("{type: string}, {type: integer}", "string | integer"),
        ("{type: integer}, {type: number}", "number"),
        ("{type: string}, {type: string, maxLength: 3}", "string"),
        ("{type: string}, {type: array, items: {type: string}}", "string | list[string]"),
        (f"{{type: string}}, {PET}", "string | Pet"),
        ("{type: string}, {type: object}", "string | map[any]"),
        ("{oneOf: [{type: string}, {type: integer}]}, {type: boolean}", "string | integer | boolean"),
        ("{const: a}, {const: b}", "'a' | 'b'"),
        ("{const: a, title: First}, {const: b, title: Second}, {type: 'null'}", "('a' | 'b')?"),
        ("{const: 1}, {const: 2}", "1 | 2"),
        ("{enum: [a]}, {enum: [b]}", "'a' | 'b'"),
        (f"{PET}, {PET}", "Pet"),
        ("{}, {type: string}", "any"),
        ("true, {type: string}", "any"),
        (f"{PET}, {MISSING}", "any"),
    ],
)
def test_unions_that_json_tells_apart_need_no_name(word: str, variants: str, expected: str) -> None:
    """Variants of different JSON kinds stay an inline union; the same one twice is one; any JSON takes all."""
    assert thing(f"{word}: [{variants}]", "3.1.0") == expected


@pytest.mark.parametrize(
    ("variants", "target"),
    [
        (f"{PET}, {DOG}", "Pet | Dog"),
        (f"{PET}, {{type: object, additionalProperties: {{type: string}}}}", "Pet | map[string]"),
        ("{type: array, items: {type: string}}, {type: array, items: {type: integer}}", "list[string] | list[integer]"),
        ("{type: string, format: date-time}, {type: string}", "date-time | string"),
        ("{type: string, format: uuid}, {type: integer}", "uuid | integer"),
        (
            "{title: Cat, type: object, properties: {a: {type: string}}}, {type: object, properties: {b: {}}}",
            "Thing.Cat | Thing.option.2",
        ),
        ("{type: string, enum: [a, b]}, {type: integer}", "Thing.option.1 | integer"),
        ("{type: string, enum: [a, b]}, {type: string}", "Thing.option.1 | string"),
    ],
)
def test_unions_that_need_a_look_inside_get_a_name(variants: str, target: str) -> None:
    """Two objects, two lists or two kinds of string are told apart by samekey's decoder, which needs a type."""
    found = schema(f"oneOf: [{variants}]", "3.1.0")
    assert found.responses()["200"] == "Thing"
    assert found.union("Thing") == target


@pytest.mark.parametrize("word", ["oneOf", "anyOf"])
def test_properties_beside_a_union_belong_to_each_variant(word: str) -> None:
    """What stands beside a union holds at once with every variant."""
    found = schema(f"{word}: [{PET}, {DOG}]\nproperties: {{id: {{type: string}}}}\nrequired: [id]")
    assert found.union("Thing") == "Thing.Pet | Thing.Dog"
    assert found.model("Thing.Pet") == {"id!": "string", "name!": "string"}
    assert found.model("Thing.Dog") == {"id!": "string", "bark!": "string"}


def test_a_union_inside_all_of_belongs_to_the_whole() -> None:
    """`allOf: [{oneOf: …}, {properties: …}]` is the union with the properties in each variant."""
    found = schema(f"allOf: [{{oneOf: [{PET}, {DOG}]}}, {{properties: {{id: {{type: string}}}}}}]")
    assert found.union("Thing") == "Thing.Pet | Thing.Dog"
    assert found.model("Thing.Pet") == {"id": "string", "name!": "string"}


@pytest.mark.parametrize("word", ["oneOf", "anyOf"])
def test_variants_that_only_require_are_no_union(word: str) -> None:
    """`anyOf: [{required: [a]}, {required: [b]}]` beside properties restricts them; it gives no types."""
    found = schema(f"properties: {{a: {{}}, b: {{}}}}\n{word}: [{{required: [a]}}, {{required: [b]}}]")
    assert found.model("Thing") == {"a": "any", "b": "any"}


def test_a_type_beside_a_union_of_constants_changes_nothing() -> None:
    """`type: string` beside `oneOf` of enums says what the variants say already."""
    assert thing("type: string\noneOf: [{enum: [a]}, {enum: [b]}]") == "'a' | 'b'"


@pytest.mark.parametrize("word", ["oneOf", "anyOf"])
def test_an_empty_union_says_nothing(word: str) -> None:
    """No variants are no types: the rest of the schema counts."""
    assert thing(f"{word}: []") == "any"
    assert thing(f"type: string\n{word}: []") == "string"


# Discriminators

CATS = """
Cat: {type: object, properties: {kind: {type: string}, lives: {type: integer}}}
Dog: {type: object, properties: {kind: {type: string}, bark: {type: string}}}
Fox: {type: object, properties: {kind: {type: string}}}
"""
CAT, HOUND = "{$ref: '#/components/schemas/Cat'}", "{$ref: '#/components/schemas/Dog'}"


@pytest.mark.parametrize(
    ("discriminator", "expected"),
    [
        ("{propertyName: kind}", {"Cat": "Cat", "Dog": "Dog"}),
        ("{propertyName: kind, mapping: null}", {"Cat": "Cat", "Dog": "Dog"}),
        ("{propertyName: kind, mapping: {}}", {"Cat": "Cat", "Dog": "Dog"}),
        (
            "{propertyName: kind, mapping: {c: '#/components/schemas/Cat', d: '#/components/schemas/Dog'}}",
            {"c": "Cat", "d": "Dog"},
        ),
        ("{propertyName: kind, mapping: {c: Cat, d: Dog}}", {"c": "Cat", "d": "Dog"}),
        ("{propertyName: kind, mapping: {c: Cat}}", {"c": "Cat", "Dog": "Dog"}),
        ("{propertyName: kind, mapping: {c: Cat, k: Cat, d: Dog}}", {"c": "Cat", "k": "Cat", "d": "Dog"}),
        ("{propertyName: kind, mapping: {x: Nothing, y: 3, z: [a]}}", {"Cat": "Cat", "Dog": "Dog"}),
        ("{propertyName: kind, mapping: {f: Fox, c: Cat}}", {"c": "Cat", "Dog": "Dog"}),
        ("{propertyName: kind, mapping: {c: './openapi.yaml#/components/schemas/Cat'}}", {"c": "Cat", "Dog": "Dog"}),
        ("{propertyName: kind, mapping: {1: Cat, true: Dog}}", {"1": "Cat", "true": "Dog"}),
        ("kind", {"Cat": "Cat", "Dog": "Dog"}),
    ],
)
def test_a_discriminator_gives_each_value_its_variant(discriminator: str, expected: dict[str, str]) -> None:
    """Full, partial, repeated, bare, wrong or missing mappings: what is not mapped goes by its component's name."""
    found = schemas(
        f"Thing: {{oneOf: [{CAT}, {HOUND}], discriminator: {discriminator}}}\n{CATS}", "3.1.0", roots=["Thing"]
    )
    assert found.union("Thing") == "Cat | Dog"
    assert found.mapping("Thing") == expected
    discriminator_found = found.alias("Thing").discriminator
    assert discriminator_found is not None
    assert discriminator_found.property == "kind"


def test_a_mapping_that_points_to_nothing_costs_a_warning() -> None:
    """The union stays, with the variants that are there."""
    mapping = "{c: '#/components/schemas/Cat', x: '#/components/schemas/Nope'}"
    found = schemas(
        f"Thing: {{oneOf: [{CAT}, {HOUND}], discriminator: {{propertyName: kind, mapping: {mapping}}}}}\n{CATS}",
        roots=["Thing"],
    )
    assert found.mapping("Thing") == {"c": "Cat", "Dog": "Dog"}
    assert found.codes == ["reference-missing"]


def test_without_a_mapping_the_variants_own_constants_are_the_values() -> None:
    """A variant whose property allows `dog` and `puppy` answers to both, rather than to its component's name."""
    found = schemas(
        f"""
Thing: {{oneOf: [{CAT}, {HOUND}], discriminator: {{propertyName: kind}}}}
Cat: {{type: object, properties: {{kind: {{type: string, enum: [cat]}}}}}}
Dog: {{type: object, properties: {{kind: {{type: string, enum: [dog, puppy]}}}}}}
""",
        roots=["Thing"],
    )
    assert found.mapping("Thing") == {"cat": "Cat", "dog": "Dog", "puppy": "Dog"}


def test_a_discriminator_without_a_property_is_none() -> None:
    """The union is read by shape, as if the word were not there."""
    found = schemas(
        f"Thing: {{oneOf: [{CAT}, {HOUND}], discriminator: {{mapping: {{c: Cat}}}}}}\n{CATS}", roots=["Thing"]
    )
    assert found.alias("Thing").discriminator is None


def test_a_mapping_reaches_a_variant_behind_a_second_reference() -> None:
    """A component that is only another name counts as what it names."""
    found = schemas(
        f"""
Thing:
  oneOf: [{CAT}, {{$ref: '#/components/schemas/Hound'}}]
  discriminator: {{propertyName: kind, mapping: {{h: Hound}}}}
Hound: {HOUND}
{CATS}
""",
        roots=["Thing"],
    )
    assert found.mapping("Thing") == {"h": "Dog", "Cat": "Cat"}


def test_a_mapping_holds_for_variants_that_are_merged_with_what_stands_beside_them() -> None:
    """The mapping points to the components; the values lead to the merged variants."""
    mapping = "{c: '#/components/schemas/Cat', d: Dog}"
    found = schemas(
        f"""
Thing:
  oneOf: [{CAT}, {HOUND}]
  properties: {{id: {{type: string}}}}
  discriminator: {{propertyName: kind, mapping: {mapping}}}
{CATS}
""",
        roots=["Thing"],
    )
    assert found.mapping("Thing") == {"c": "Thing.Cat", "d": "Thing.Dog"}
    assert found.model("Thing.Cat") == {"id": "string", "kind!": "string", "lives": "integer"}


PARENT = """
Animal:
  type: object
  required: [kind]
  properties: {kind: {type: string}, age: {type: integer}}
  discriminator: {propertyName: kind, mapping: {cat: '#/components/schemas/Cat', dog: '#/components/schemas/Dog'}}
"""
CHILDREN = """
Cat: {allOf: [{$ref: '#/components/schemas/Animal'}, {type: object, properties: {lives: {type: integer}}}]}
Dog: {allOf: [{$ref: '#/components/schemas/Animal'}, {type: object, properties: {bark: {type: string}}}]}
"""
LISTED = f"{PARENT}  oneOf: [{CAT}, {HOUND}]\n"


@pytest.mark.parametrize("roots", [["Animal"], ["Cat", "Animal", "Dog"], ["Animal", "Cat", "Dog"], ["Dog", "Cat"]])
@pytest.mark.parametrize("parent", [PARENT, LISTED], ids=["plain parent", "parent lists its children"])
def test_children_inherit_from_a_parent_whatever_comes_first(parent: str, roots: list[str]) -> None:
    """A child has the parent's fields and its own, and no union, even where the parent lists its children."""
    found = schemas(parent + CHILDREN, roots=roots)
    assert not found.codes
    if "Cat" in roots:
        assert found.responses("GET /Cat")["200"] == "Cat"
        assert found.model("Cat") == {"kind!": "string", "age": "integer", "lives": "integer"}
    if "Dog" in roots:
        assert found.model("Dog") == {"kind!": "string", "age": "integer", "bark": "string"}


@pytest.mark.parametrize("roots", [["Animal"], ["Cat", "Animal", "Dog"], ["Animal", "Cat", "Dog"]])
def test_a_parent_that_lists_its_children_is_their_union(roots: list[str]) -> None:
    """Reading the parent gives a child, told apart by the discriminator."""
    found = schemas(LISTED + CHILDREN, roots=roots)
    assert found.responses("GET /Animal")["200"] == "Animal"
    mapping = found.mapping("Animal")
    assert sorted(mapping) == ["cat", "dog"]
    assert found.model(mapping["cat"]) == {"kind!": "string", "age": "integer", "lives": "integer"}
    assert found.model(mapping["dog"]) == {"kind!": "string", "age": "integer", "bark": "string"}


# References


def test_words_beside_a_reference_count_from_3_1_on() -> None:
    """In 3.0 a reference stands alone; in 3.1 properties beside it are merged (3.1 section 4.8.23)."""
    text = f"""
type: object
properties:
  plain: {PET}
  described: {{$ref: '#/components/schemas/Pet', description: ours}}
  extended: {{$ref: '#/components/schemas/Pet', properties: {{age: {{type: integer}}}}}}
"""
    old, new = schema(text, "3.0.3"), schema(text, "3.1.0")
    assert old.model("Thing") == {"plain": "Pet", "described": "Pet", "extended": "Pet"}
    assert new.model("Thing") == {"plain": "Pet", "described": "Pet", "extended": "Thing.extended"}
    assert new.model("Thing.extended") == {"name!": "string", "age": "integer"}
    assert field_of(new, "Thing", "described").doc == "ours"


def test_nullable_beside_a_reference_is_taken_for_what_it_means() -> None:
    """3.0 says that it is ignored, and every author means it."""
    assert schema("type: object\nproperties: {a: {$ref: '#/components/schemas/Pet', nullable: true}}").model(
        "Thing"
    ) == {"a": "Pet?"}


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ("{$ref: '#/components/schemas/Base', enum: [a]}", "'a'"),
        ("{$ref: '#/components/schemas/Base', type: [string, 'null']}", "Base?"),
    ],
)
def test_words_beside_a_reference_count_in_a_component_too(component: str, expected: str) -> None:
    """A component that is a reference with siblings is not the same as its target in 3.1."""
    found = schemas(f"Thing: {component}\nBase: {{type: string, enum: [a, b]}}", "3.1.0", roots=["Thing"])
    assert found.responses()["200"] in {expected, expected.replace("Base", "Thing")}


def test_properties_beside_a_reference_count_in_a_component_too() -> None:
    """Whoever refers to such a component gets its own properties beside those of its target."""
    found = schemas(
        """
        Thing: {$ref: '#/components/schemas/Base', properties: {extra: {type: string}}}
        Base: {type: object, properties: {id: {type: string}}}
        """,
        "3.1.0",
        roots=["Thing"],
    )
    assert found.model("Thing") == {"id": "string", "extra": "string"}


@pytest.mark.parametrize(
    "reference",
    [
        "'#/components/schemas/Missing'",
        "'#/components/nowhere/Pet'",
        "'#Pet'",
        "'other.yaml#/Pet'",
        "'https://example.com/schemas.yaml#/Pet'",
        "'#/components/schemas/Pet/properties/name/9'",
    ],
)
def test_a_reference_that_leads_nowhere_costs_a_type_and_a_warning(reference: str) -> None:
    """The field, its model and the operation stay; the field is any JSON."""
    found = schema(f"type: object\nproperties: {{a: {{$ref: {reference}}}, b: {{type: string}}}}\nrequired: [a]")
    assert found.model("Thing") == {"a!": "any", "b": "string"}
    assert found.codes in (["reference-missing"], ["reference-unreadable"])
    assert not found.failed
    assert found.operations == ["GET /Thing"]


@pytest.mark.parametrize("written", ["3", "null", "[a]", "{a: b}"])
def test_a_reference_that_is_no_text_costs_no_more_than_its_type(written: str) -> None:
    """`$ref` with a value that cannot be one."""
    found = schema(f"type: object\nproperties: {{a: {{$ref: {written}}}, b: {{type: string}}}}")
    assert found.model("Thing") == {"a": "any", "b": "string"}


def test_a_reference_into_the_middle_of_a_component_is_named_by_its_words() -> None:
    """An inline schema that others refer to is one type, not one for each reference."""
    found = schemas(
        """
        Thing: {type: object, properties: {home: {$ref: '#/components/schemas/Person/properties/address'}}}
        Person: {type: object, properties: {address: {type: object, properties: {street: {type: string}}}}}
        """
    )
    home = found.model("Thing")["home"]
    assert home == found.model("Person")["address"]
    assert found.model(home) == {"street": "string"}


def test_one_component_has_one_type_however_often_it_is_used() -> None:
    """Arrays, maps, unions and wrappers share the component's definition."""
    found = schema(
        f"""
        type: object
        properties:
          a: {PET}
          b: {{type: array, items: {PET}}}
          c: {{type: object, additionalProperties: {PET}}}
          d: {{allOf: [{PET}], description: x}}
          e: {{oneOf: [{PET}, {{type: string}}]}}
        """
    )
    assert found.model("Thing") == {"a": "Pet", "b": "list[Pet]", "c": "map[Pet]", "d": "Pet", "e": "Pet | string"}
    assert sorted(found.types) == ["Pet", "Thing"]


def test_components_that_are_not_used_have_no_types() -> None:
    """Only what an operation needs is lowered."""
    assert list(schema("type: string").types) == []


def test_definitions_stand_in_the_order_of_first_use() -> None:
    """The order follows the document's operations and fields, so a small change makes a small diff."""
    found = schemas(
        """
        A: {type: object, properties: {c: {$ref: '#/components/schemas/C'}, b: {$ref: '#/components/schemas/B'}}}
        B: {type: object, properties: {x: {type: string}}}
        C: {type: object, properties: {b: {$ref: '#/components/schemas/B'}}}
        """
    )
    assert list(found.types) == ["A", "C", "B"]


def test_components_of_several_files_are_found() -> None:
    """A file beside the document gives its schemas, circular ones too."""
    files = {
        "/docs/models/pet.yaml": """
Pet: {type: object, properties: {owner: {$ref: '../people.yaml#/Person'}}}
""",
        "/docs/people.yaml": """
Person: {type: object, properties: {pets: {type: array, items: {$ref: 'models/pet.yaml#/Pet'}}}}
""",
    }
    text = (
        "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {/p: {get: {responses: {200: {description: '', "
        "content: {application/json: {schema: {$ref: 'models/pet.yaml#/Pet'}}}}}}}}\n"
    )
    found = lowered(text, files)
    assert found.responses()["200"] == "Pet"
    assert found.model("Pet") == {"owner": "Person"}
    assert found.model("Person") == {"pets": "list[Pet]"}


def test_swagger_definitions_are_components() -> None:
    """`#/definitions/…` gives its name as `#/components/schemas/…` does, and `x-nullable` is read."""
    found = swagger(
        "responses: {200: {description: '', schema: {$ref: '#/definitions/Pet'}}}",
        top="definitions: {Pet: {type: object, properties: {name: {type: string, x-nullable: true}}}}",
    )
    assert found.responses() == {"200": "Pet"}
    assert found.model("Pet") == {"name": "string?"}


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "\x00"])
def test_a_property_that_no_class_can_have_is_said_to_be_missing(name: str) -> None:
    """It costs a warning at its place; it stays in what can be sent."""
    found = schema(f"properties: {json.dumps({name: {'type': 'string'}, 'plain': {'type': 'string'}})}")
    assert not field_of(found, "Thing", name).decodable
    assert field_of(found, "Thing", "plain").decodable
    (warning,) = found.diagnostics
    assert (warning.code, warning.severity) == ("field-name-unsupported", "warning")
    assert warning.place is not None
    assert warning.place.pointer.endswith(name)


def test_a_default_is_not_unfolded() -> None:
    """Aliases put a value of billions of parts into ten lines; documentation has no room for it."""
    laughs = "".join(f"  - &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
    found = schema(f"x-laughs:\n  - &l0 [1]\n{laughs}properties: {{a: {{default: *l9}}}}")
    assert field_of(found, "Thing", "a").doc == ""


def test_parts_that_are_one_value_are_merged_once() -> None:
    """A schema that its document repeats by aliases holds once, so repetition costs nothing."""
    laughs = "".join(f"  - &l{n} {{allOf: [{', '.join([f'*l{n - 1}'] * 9)}]}}\n" for n in range(1, 10))
    found = schema(f"x-laughs:\n  - &l0 {{properties: {{a: {{type: string}}}}}}\n{laughs}allOf: [*l9]")
    assert field_of(found, "Thing", "a").name == "a"


# Variants that share a value, mappings that are wrong, and variants that say nothing


def test_variants_that_share_a_value_are_both_meant_by_it() -> None:
    """What else they say tells them apart when an answer is read."""
    found = schemas(
        """
        Message:
          oneOf: [{$ref: '#/components/schemas/Asked'}, {$ref: '#/components/schemas/Told'}]
          discriminator: {propertyName: type}
        Asked: {type: object, properties: {type: {enum: [message]}, role: {enum: [user, system]}}}
        Told: {type: object, properties: {type: {enum: [message]}, role: {enum: [assistant]}}}
        """,
        roots=["Message"],
    )
    assert found.mapping("Message") == {"message": "Asked | Told"}


def test_a_value_that_the_mapping_gives_is_not_shared() -> None:
    """Another variant that allows it as well changes nothing."""
    found = schemas(
        """
        Thing:
          oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}]
          discriminator: {propertyName: kind, mapping: {pet: '#/components/schemas/Cat'}}
        Cat: {type: object, properties: {kind: {type: string}}}
        Dog: {type: object, properties: {kind: {enum: [pet, dog]}}}
        """,
        roots=["Thing"],
    )
    assert found.mapping("Thing") == {"pet": "Cat", "dog": "Dog"}


def test_a_mapping_against_the_schemas_own_values_is_noticed() -> None:
    """The values that the schema allows are the ones that name it."""
    found = schemas(
        """
        Thing:
          oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}]
          discriminator:
            propertyName: kind
            mapping: {kitty: '#/components/schemas/Cat', dog: '#/components/schemas/Dog'}
        Cat: {type: object, properties: {kind: {enum: [cat]}}}
        Dog: {type: object, properties: {kind: {enum: [dog]}}}
        """,
        roots=["Thing"],
    )
    assert found.mapping("Thing") == {"dog": "Dog", "cat": "Cat"}
    assert found.found("discriminator-mistaken") == ["/components/schemas/Thing/discriminator/mapping/kitty"]


def test_a_parents_mapping_against_its_own_values_is_noticed() -> None:
    """The subtypes are then told apart by what fits, and nothing is taken for the parent alone."""
    found = schemas(
        """
        Key:
          type: object
          properties: {kty: {type: string, enum: [EC, RSA]}}
          discriminator: {propertyName: kty, mapping: {sig: '#/components/schemas/Ec', enc: '#/components/schemas/Rsa'}}
        Ec: {type: object, properties: {kty: {type: string}, x: {type: string}}}
        Rsa: {type: object, properties: {kty: {type: string}, n: {type: string}}}
        """,
        roots=["Key"],
    )
    discriminator = found.alias("any.Key").discriminator
    assert discriminator is not None
    assert discriminator.otherwise is None
    assert found.codes == ["discriminator-mistaken", "discriminator-mistaken"]


def test_subtypes_that_only_inherit_the_list_of_values_go_by_their_names() -> None:
    """The parent lists the values of all; a subtype's own name says which is its."""
    found = schemas(
        """
        Pet: {type: object, properties: {kind: {type: string, enum: [cat, dog]}}, discriminator: {propertyName: kind}}
        Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {lives: {type: integer}}}]}
        Dog: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {bark: {type: string}}}]}
        """,
        roots=["Pet"],
    )
    assert found.mapping("any.Pet") == {"cat": "Cat", "dog": "Dog"}


@pytest.mark.parametrize("word", ["oneOf", "anyOf"])
def test_what_one_of_the_variants_requires_is_not_required_of_all(word: str) -> None:
    """Beside a variant that asks for nothing, no field of the others has to be given."""
    found = schema(
        f"""
        type: object
        properties: {{archived: {{type: boolean}}}}
        required: [archived]
        {word}:
          - {{title: a list, required: [choices, archived], properties: {{choices: {{type: array, items: {{}}}}}}}}
          - {{title: anything else}}
        """
    )
    assert found.model("Thing.a list") == {"choices": "list[any]", "archived!": "boolean"}


def test_what_stands_beside_a_union_is_enough_for_a_variant_that_asks_for_nothing() -> None:
    """It is one of the variants, with no fields of its own."""
    found = schema(f"properties: {{id: {{type: string}}}}\noneOf: [{PET}, {DOG}, {{title: none of them}}]")
    assert found.union("Thing") == "Thing.Pet | Thing.Dog | Thing.other"
    assert found.model("Thing.other") == {"id": "string"}


def test_a_shared_union_has_variants_of_its_own_beside_other_properties() -> None:
    """Whoever extends it has its variants with what they add; by itself it has none of that."""
    found = schemas(
        """
        Action: {oneOf: [{title: A, properties: {a: {type: string}}}, {title: B, properties: {b: {type: string}}}]}
        Explained: {allOf: [{$ref: '#/components/schemas/Action'}, {properties: {why: {type: string}}}]}
        Timed: {allOf: [{$ref: '#/components/schemas/Action'}, {properties: {when: {type: string}}}]}
        """
    )
    fields = {
        name: [set(found.model(kind)) for kind in found.union(name).split(" | ")]
        for name in ("Action", "Explained", "Timed")
    }
    assert fields == {
        "Action": [{"a"}, {"b"}],
        "Explained": [{"a", "why"}, {"b", "why"}],
        "Timed": [{"a", "when"}, {"b", "when"}],
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"type: object\nadditionalProperties: {SELF[:-1]}, type: object}}", "map[Thing.value]"),
        (f"type: object\nadditionalProperties: {SELF[:-1]}, items: x}}", "map[Thing.value]"),
        (f"type: array\nitems: {SELF[:-1]}, type: array}}", "list[Thing.item]"),
    ],
)
def test_words_beside_a_reference_to_what_they_stand_in(text: str, expected: str) -> None:
    """A map of such maps has no end, and a name by which it contains itself."""
    assert thing(text, "3.1.0") == expected


@pytest.mark.parametrize(
    ("kind", "inside"), [("object", "additionalProperties"), ("array", "items")], ids=["maps", "lists"]
)
def test_what_holds_together_may_lead_back_to_itself(kind: str, inside: str) -> None:
    """Its values are described twice, and one of the two is the thing itself."""
    text = f"""
Thing:
  allOf:
    - {{type: {kind}, {inside}: {{type: {kind}}}}}
    - {{$ref: '#/components/schemas/Base'}}
Base: {{type: {kind}, {inside}: {SELF}}}
"""
    found = schemas(text, "3.1.0")
    assert "Thing" in found.types
