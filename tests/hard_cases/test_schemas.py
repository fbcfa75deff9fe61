"""Schemas: what is read has the type that the document says, and the same value is sent as the same JSON."""

from __future__ import annotations

import datetime as dt
import inspect
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import pytest

from .sdk import BASE_URL, STRICT, Answer, Sdk, make

TOPIC = "schemas"
UTC = dt.UTC

Values: TypeAlias = Callable[[Any], Mapping[str, object]]
"""Arguments by name, given the models; the same attributes come back."""

COMPOSED: list[tuple[str, str, Values]] = [
    (
        "required in a sibling of allOf",
        '{"sibling":{"id":"1","note":"n","extra":2}}',
        lambda m: {"sibling": m.RequiredInSibling(id="1", note="n", extra=2)},
    ),
    ("allOf of itself", '{"itself":{"a":"x"}}', lambda m: {"itself": m.AllOfItself(a="x")}),
    ("allOf of one reference", '{"sole":{"id":"1"}}', lambda m: {"sole": m.Base(id="1")}),
    (
        "allOf that refines a property",
        '{"refined":{"id":"1","note":"short"}}',
        lambda m: {"refined": m.Refined(id="1", note=m.RefinedNote.SHORT)},
    ),
    (
        "deep inline objects",
        '{"deep":{"inner":{"innermost":[{"a":1}]}}}',
        lambda m: {"deep": m.ComposedDeep(inner=m.ComposedDeepInner(innermost=[m.ComposedDeepInnermostItem(a=1)]))},
    ),
    ("an inline schema with a title", '{"titled":{"a":"x"}}', lambda m: {"titled": m.ComposedTitled(a="x")}),
]
ANIMAL: list[tuple[str, str, Values]] = [
    (
        "discriminator: full mapping, by reference",
        '{"full":{"kind":"feline","lives":9}}',
        lambda m: {"full": m.Cat(kind="feline", lives=9)},
    ),
    ("discriminator: full mapping, by name", '{"full":{"kind":"canine"}}', lambda m: {"full": m.Dog(kind="canine")}),
    (
        "discriminator: partial mapping, mapped",
        '{"partial":{"kind":"feline"}}',
        lambda m: {"partial": m.Cat(kind="feline")},
    ),
    (
        "discriminator: partial mapping, not mapped",
        '{"partial":{"kind":"Dog"}}',
        lambda m: {"partial": m.Dog(kind="Dog")},
    ),
    ("discriminator: no mapping", '{"missing":{"kind":"Dog"}}', lambda m: {"missing": m.Dog(kind="Dog")}),
    (
        "discriminator: two values for one schema",
        '{"duplicate":{"kind":"tomcat"}}',
        lambda m: {"duplicate": m.Cat(kind="tomcat")},
    ),
    (
        "allOf with a discriminator parent",
        '{"child":{"kind":"kitten","name":"n","age":1}}',
        lambda m: {"child": m.Kitten(kind="kitten", name="n", age=1)},
    ),
]
UNIONS: list[tuple[str, str, Values]] = [
    ("oneOf of primitives: a string", '{"primitives":"1"}', lambda _: {"primitives": "1"}),
    ("oneOf of primitives: an integer", '{"primitives":1}', lambda _: {"primitives": 1}),
    ("oneOf of primitives: a boolean", '{"primitives":true}', lambda _: {"primitives": True}),
    ("oneOf of consts: a string", '{"consts":"high"}', lambda _: {"consts": "high"}),
    ("oneOf of consts: a number", '{"consts":3}', lambda _: {"consts": 3}),
    ("oneOf of arrays: of strings", '{"arrays":["a"]}', lambda _: {"arrays": ["a"]}),
    ("oneOf of arrays: of integers", '{"arrays":[1]}', lambda _: {"arrays": [1]}),
    ("overlapping variants: the short one", '{"overlapping":{"a":"x"}}', lambda m: {"overlapping": m.Short(a="x")}),
    (
        "overlapping variants: the long one",
        '{"overlapping":{"a":"x","b":"y"}}',
        lambda m: {"overlapping": m.Long(a="x", b="y")},
    ),
    ("oneOf of an object, a string and an array", '{"mixed":[{"a":"x"}]}', lambda m: {"mixed": [m.Short(a="x")]}),
    (
        "a time or a text: a time",
        '{"moment":"2024-01-31T12:30:00Z"}',
        lambda _: {"moment": dt.datetime(2024, 1, 31, 12, 30, tzinfo=UTC)},
    ),
    ("a time or a text: a text", '{"moment":"soon"}', lambda _: {"moment": "soon"}),
    ("a string or a map: a string", '{"stringOrMap":"a"}', lambda _: {"string_or_map": "a"}),
    ("a string or a map: a map", '{"stringOrMap":{"a":"b"}}', lambda _: {"string_or_map": {"a": "b"}}),
    (
        "properties beside oneOf: the first",
        '{"beside":{"a":"x","shared":"s"}}',
        lambda m: {"beside": m.UnionsBesideShort(a="x", shared="s")},
    ),
    (
        "properties beside oneOf: the second",
        '{"beside":{"kind":"k","lives":9,"shared":"s"}}',
        lambda m: {"beside": m.UnionsBesideCat(kind="k", lives=9, shared="s")},
    ),
]
NULLS: list[tuple[str, str, Values]] = [
    ("type: [string, null], null", '{"required":null}', lambda _: {"required": None}),
    ("type: [string, null], a string", '{"required":"a"}', lambda _: {"required": "a"}),
    (
        "anyOf [T, null], T",
        '{"required":null,"either":{"id":"1"}}',
        lambda m: {"required": None, "either": m.Base(id="1")},
    ),
    ("anyOf [T, null], null", '{"required":null,"either":null}', lambda _: {"required": None, "either": None}),
    ("several types and null", '{"required":null,"several":1}', lambda _: {"required": None, "several": 1}),
    ("type: null", '{"required":null,"nothing":null}', lambda _: {"required": None, "nothing": None}),
    ("an enum of null alone", '{"required":null,"nullEnum":null}', lambda _: {"required": None, "null_enum": None}),
    (
        "an enum that lists null",
        '{"required":null,"listed":"a"}',
        lambda m: {"required": None, "listed": m.NullsListed.A},
    ),
    ("items that may be null", '{"required":null,"items":[1,null]}', lambda _: {"required": None, "items": [1, None]}),
]
ENUMS: list[tuple[str, str, Values]] = [
    ("an enum of strings", '{"strings":"open"}', lambda m: {"strings": m.EnumsStrings.OPEN}),
    ("a value that the document does not list", '{"strings":"later"}', lambda m: {"strings": m.EnumsStrings("later")}),
    ("an enum of integers", '{"integers":2}', lambda m: {"integers": m.EnumsIntegers(2)}),
    ("an enum of floats", '{"floats":1.5}', lambda _: {"floats": 1.5}),
    ("a mixed enum: a string", '{"mixed":"auto"}', lambda _: {"mixed": "auto"}),
    ("a mixed enum: a number", '{"mixed":1}', lambda _: {"mixed": 1}),
    ("a mixed enum: a boolean", '{"mixed":true}', lambda _: {"mixed": True}),
    ("an enum of one value", '{"sole":"only"}', lambda _: {"sole": "only"}),
    ("const of a string", '{"const":"fixed"}', lambda _: {"const": "fixed"}),
    ("const of a number", '{"number":7}', lambda _: {"number": 7}),
    ("const of a boolean", '{"flag":true}', lambda _: {"flag": True}),
    ("an empty string in an enum", '{"empty":""}', lambda m: {"empty": m.EnumsEmpty("")}),
    ("[a, A]: the small one", '{"cases":"a"}', lambda m: {"cases": m.EnumsCases("a")}),
    ("[a, A]: the capital", '{"cases":"A"}', lambda m: {"cases": m.EnumsCases("A")}),
    ("values that are not identifiers", '{"signs":">="}', lambda m: {"signs": m.EnumsSigns(">=")}),
]
RECURSIVE: list[tuple[str, str, Values]] = [
    (
        "recursion through an array",
        '{"list":{"name":"a","children":[{"name":"b","children":[]}]}}',
        lambda m: {"list_": m.Tree(name="a", children=[m.Tree(name="b", children=[])])},
    ),
    ("recursion through a map", '{"map":{"a":{"b":{}}}}', lambda _: {"map": {"a": {"b": {}}}}),
    (
        "recursion through allOf",
        '{"all":{"id":"1","next":{"id":"2"}}}',
        lambda m: {"all": m.Chain(id="1", next=m.Chain(id="2"))},
    ),
    ("any JSON as a schema", '{"json":{"a":[1,"b",{"c":2.5}]}}', lambda _: {"json": {"a": [1, "b", {"c": 2.5}]}}),
]
MAPS: list[tuple[str, str, Values]] = [
    ("additionalProperties: a schema", '{"numbers":{"a":1}}', lambda _: {"numbers": {"a": 1}}),
    ("an object without words", '{"free":{"a":[1]}}', lambda _: {"free": {"a": [1]}}),
    ("additionalProperties: true", '{"open":{"a":null}}', lambda _: {"open": {"a": None}}),
    ("additionalProperties: false", '{"closed":{"a":"x"}}', lambda m: {"closed": m.MapsClosed(a="x")}),
    ("patternProperties", '{"patterns":{"x-a":"b"}}', lambda _: {"patterns": {"x-a": "b"}}),
    ("a map of models", '{"things":{"a b":{"id":"1"}}}', lambda m: {"things": {"a b": m.Base(id="1")}}),
    ("an empty schema", '{"anything":[1,"a"]}', lambda _: {"anything": [1, "a"]}),
    ("the schema true", '{"yes":{"a":1}}', lambda _: {"yes": {"a": 1}}),
    ("the schema false", '{"no":1}', lambda _: {"no": 1}),
]
FORMATS: list[tuple[str, str, Values]] = [
    ("int64", '{"int64":9223372036854775807}', lambda _: {"int64": 2**63 - 1}),
    ("decimal as a string", '{"decimal":"1.10"}', lambda _: {"decimal": Decimal("1.10")}),
    ("byte", '{"byte":"AP8="}', lambda _: {"byte": b"\x00\xff"}),
    ("date", '{"date":"2024-01-31"}', lambda _: {"date": dt.date(2024, 1, 31)}),
    (
        "date-time with a zone",
        '{"zoned":"2024-01-31T12:30:00.500000Z"}',
        lambda _: {"zoned": dt.datetime(2024, 1, 31, 12, 30, 0, 500_000, tzinfo=UTC)},
    ),
    ("time", '{"time":"12:30:00"}', lambda _: {"time": "12:30:00"}),
    ("duration", '{"duration":"P1DT2H"}', lambda _: {"duration": "P1DT2H"}),
    (
        "uuid",
        '{"uuid":"3f2504e0-4f89-41d3-9a0c-0305e82c3301"}',
        lambda _: {"uuid": UUID("3f2504e0-4f89-41d3-9a0c-0305e82c3301")},
    ),
    ("uri", '{"uri":"https://a.example/b?c"}', lambda _: {"uri": "https://a.example/b?c"}),
    ("binary in JSON", '{"binary":"abc"}', lambda _: {"binary": "abc"}),
    ("a number that is whole", '{"number":1}', lambda _: {"number": 1}),
    ("a number that is not", '{"number":1.5}', lambda _: {"number": 1.5}),
]
LISTS: list[tuple[str, str, Values]] = [
    ("prefixItems, and no more", '{"pair":["a",1]}', lambda _: {"pair": ["a", 1]}),
    ("prefixItems, and more", '{"open":["a",1,2]}', lambda _: {"open": ["a", 1, 2]}),
    ("an array without words", '{"free":[1,"a",null]}', lambda _: {"free": [1, "a", None]}),
    ("an array of arrays", '{"nested":[[1],[]]}', lambda _: {"nested": [[1], []]}),
    ("an array of inline objects", '{"inline":[{"a":"x"}]}', lambda m: {"inline": [m.ListsInlineItem(a="x")]}),
]
CONDITIONS: list[tuple[str, str, Values]] = [
    ("not, if/then/else, dependentRequired", '{"a":"x","any":1}', lambda _: {"a": "x", "any": 1}),
]
TABLES = {
    "composed": COMPOSED,
    "animal": ANIMAL,
    "unions": UNIONS,
    "nulls": NULLS,
    "enums": ENUMS,
    "recursive": RECURSIVE,
    "maps": MAPS,
    "formats": FORMATS,
    "lists": LISTS,
    "conditions": CONDITIONS,
}


@pytest.mark.parametrize(
    ("operation", "text", "values"),
    [pytest.param(name, *row[1:], id=row[0]) for name, table in TABLES.items() for row in table],
)
def test_a_value_is_read_and_sent_as_its_schema_says(sdk: Sdk, operation: str, text: str, values: Values) -> None:
    """The call sends exactly this JSON, and the same JSON comes back as exactly these values, types included."""
    given = values(sdk.models)
    sent, found = sdk.exchange(lambda api: getattr(api.things, operation)(**given), Answer(200, text.encode()), STRICT)
    assert sent.body.decode() == text
    # `True` equals 1, and a member of an enum its value; what they are called is not the same.
    assert repr({name: getattr(found, name) for name in given}) == repr(given)


def test_a_time_without_a_zone_is_read_and_not_sent(sdk: Sdk) -> None:
    """A server's word is kept as it came, in its model; a caller has to say which time is meant."""
    answer = Answer(200, b'{"local":"2024-01-31T12:30:00"}')
    found = sdk.read(lambda api: api.things.formats(), answer, STRICT)
    assert found.local == dt.datetime(2024, 1, 31, 12, 30)  # noqa: DTZ001  # that is the point
    with pytest.raises(ValueError, match="no time zone"):
        sdk.send(lambda api: api.things.formats(local=found.local))


PLAIN = [
    pytest.param(
        "composed",
        {"deep": {"inner": {"innermost": [{"a": 1}]}}},
        '{"deep":{"inner":{"innermost":[{"a":1}]}}}',
        id="objects",
    ),
    pytest.param("animal", {"full": {"kind": "feline"}}, '{"full":{"kind":"feline"}}', id="a variant"),
    pytest.param("enums", {"strings": "open", "integers": 2}, '{"strings":"open","integers":2}', id="values of enums"),
    pytest.param("formats", {"date": "2024-01-31", "uuid": "x"}, '{"date":"2024-01-31","uuid":"x"}', id="formats"),
    pytest.param("maps", {"things": {"a": {"id": "1"}}}, '{"things":{"a":{"id":"1"}}}', id="maps"),
    pytest.param("lists", {"nested": ((1,), [2])}, '{"nested":[[1],[2]]}', id="any sequence"),
]


@pytest.mark.parametrize(("operation", "given", "text"), PLAIN)
def test_plain_values_are_sent_as_well(sdk: Sdk, operation: str, given: dict[str, object], text: str) -> None:
    """Dicts, strings and numbers stand for models, enums and dates, without importing anything."""
    sent = sdk.send(lambda api: getattr(api.things, operation)(**given), Answer(200, b"{}"))
    assert sent.body.decode() == text


def test_a_discriminator_parent_is_read_as_its_child(sdk: Sdk) -> None:
    """A parent whose discriminator maps to schemas that include it stands for them; else it is itself."""
    found = sdk.read(lambda api: api.things.animal(), Answer(200, b'{"parent": {"kind": "kitten", "age": 1}}'))
    assert found.parent == sdk.models.Kitten(kind="kitten", age=1)
    found = sdk.read(lambda api: api.things.animal(), Answer(200, b'{"parent": {"kind": "hen", "age": 1}}'))
    assert found.parent == sdk.models.Parent(kind="hen")


def test_nullable_means_null_in_openapi_3_0(tmp_path: Path) -> None:
    """The word of OpenAPI 3.0, beside a type and beside a reference."""
    thing = {
        "type": "object",
        "properties": {
            "text": {"type": "string", "nullable": True},
            "state": {"type": "string", "nullable": True, "enum": ["a", "b", None]},
            "other": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Other"}]},
        },
        "required": ["text", "state", "other"],
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    operation = {
        "operationId": "set",
        "requestBody": {"content": content, "required": True},
        "responses": {"200": {"description": "the same", "content": content}},
    }
    other = {"type": "object", "properties": {"a": {"type": "string"}}}
    document = {"openapi": "3.0.3", "info": {"title": "Nullable Things"}, "paths": {"/things": {"put": operation}}}
    home = tmp_path / "openapi.json"
    home.write_text(json.dumps({**document, "components": {"schemas": {"Thing": thing, "Other": other}}}), "utf-8")
    sdk = make(home, tmp_path / "sdk")
    for body, given in (
        ('{"text":null,"state":null,"other":null}', {"text": None, "state": None, "other": None}),
        ('{"text":"x","state":"a","other":{"a":"y"}}', {"text": "x", "state": "a", "other": {"a": "y"}}),
    ):
        call = sdk.by_wire("PUT /things", {("body", name): value for name, value in given.items()})
        sent, found = sdk.exchange(call, Answer(200, body.encode()), STRICT)
        assert sent.body.decode() == body
        assert (found.text, found.state, found.other is None) == (given["text"], given["state"], given["other"] is None)


def test_what_is_read_only_is_never_sent(sdk: Sdk) -> None:
    """`readOnly` with `required` is not an argument and comes back; `writeOnly` is one and need not come back."""
    with pytest.raises(TypeError, match="id"):
        sdk.send(lambda api: api.things.directions(id="1", name="ab", secret="s"))  # noqa: S106
    answer = Answer(200, b'{"id": "1", "name": "ab", "level": 4}')
    sent, found = sdk.exchange(lambda api: api.things.directions(name="ab", secret="s"), answer, STRICT)  # noqa: S106
    assert sent.body == b'{"name":"ab","secret":"s"}'
    assert (found.id, found.name, found.level) == ("1", "ab", 4)


def test_what_is_not_checked_is_kept_in_the_documentation(sdk: Sdk) -> None:
    """Bounds, patterns, defaults (of the wrong type too) and deprecation are words for the reader."""
    doc = inspect.getdoc(sdk.client(base_url=BASE_URL).things.directions) or ""
    for words in (
        "at least 2 characters",
        "matches ^[a-z]+$",
        "at least 1, at most 5, default 3",
        'default "many"',
        "old: Deprecated.",
    ):
        assert words in doc
