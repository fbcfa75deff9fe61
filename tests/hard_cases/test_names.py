"""Names: whatever the document calls its things, each has a Python name of its own and keeps its name on the wire."""

from __future__ import annotations

import inspect
import json
import keyword
from collections.abc import Mapping
from typing import TypeAlias

import msgspec
import pytest

from .sdk import BASE_URL, STRICT, Answer, Sdk

TOPIC = "names"
NOTHING: Mapping[tuple[str, str], object] = {}
A_LIST = [
    ("query", name)
    for name in ("timeout", "headers", "body", "options", "self", "cls", "models", "from", "+1", "$filter")
]

METHODS = [
    ("an operationId that is a builtin", "GET /match", "match.list"),
    ("an operationId that is a keyword", "POST /match", "match.import_"),
    ("an operationId that is its tag", "PUT /match", "match.match"),
    ("an operationId that is None", "DELETE /match", "match.none"),
    ("no tag, no operationId", "GET /untagged", "untagged.list"),
    ("no tag, no operationId, of an item", "DELETE /untagged/{id}", "untagged.delete"),
    ("no tag, and a path without words", "GET /", "root.get"),
    ("a tag that is a module's name", "GET /schemas", "types.list_of_them"),
    ("an operationId with slashes", "GET /ids", "ids.list"),
    ("an operationId with dots", "PUT /ids", "ids.put_one"),
    ("an operationId with spaces", "DELETE /ids", "ids.delete"),
    ("an operationId of capitals and digits", "POST /ids", "ids.get_http_response_v2"),
]

Values: TypeAlias = Mapping[tuple[str, str], object]
"""Arguments by place and name on the wire."""
CALLS: list[tuple[str, str, Values, str, Mapping[str, str], bytes]] = [
    (
        "names of the client's own words",
        "POST /arguments",
        {
            **{key: f"{key[1]}!" for key in A_LIST},
            ("query", "list"): ["l"],
            ("query", "idempotency_key"): 7,
            ("body", "body"): ["b"],
        },
        (
            "POST /arguments?timeout=timeout%21&headers=headers%21&body=body%21&options=options%21&idempotency_key=7"
            "&self=self%21&cls=cls%21&models=models%21&list=l&from=from%21&%2B1=%2B1%21&%24filter=%24filter%21"
        ),
        {},
        b'["b"]',
    ),
    (
        "one name in every place",
        "PUT /places/{id}",
        {("path", "id"): "p", ("query", "id"): "q", ("header", "id"): "h", ("cookie", "id"): "c", ("body", "id"): "b"},
        "PUT /places/p?id=q",
        {"id": "h", "cookie": "id=c"},
        b'{"id":"b"}',
    ),
    ("{id}.json", "GET /files/{id}.json", {("path", "id"): "a.b"}, "GET /files/a.b.json", {}, b""),
    ("{v1.id}", "GET /versions/{v1.id}", {("path", "v1.id"): "1"}, "GET /versions/1", {}, b""),
    (
        "several in one segment",
        "GET /ranges/{from}-{to}:{verb}",
        {("path", "from"): "a-b", ("path", "to"): 2, ("path", "verb"): "c:d"},
        "GET /ranges/a-b-2:c%3Ad",
        {},
        b"",
    ),
    (
        "declared by the path, overridden by the operation",
        "GET /overridden/{id}",
        {("path", "id"): [1, 2], ("query", "page"): [3]},
        "GET /overridden/1,2?page=3",
        {},
        b"",
    ),
    (
        "declared by the path alone",
        "DELETE /overridden/{id}",
        {("path", "id"): "a", ("query", "page"): "b"},
        "DELETE /overridden/a?page=b",
        {},
        b"",
    ),
    ("the first of two operationIds", "GET /twice", NOTHING, "GET /twice", {}, b""),
    ("the second of two operationIds", "PUT /twice", NOTHING, "PUT /twice", {}, b""),
    ("an operationId that differs by case", "DELETE /twice", NOTHING, "DELETE /twice", {}, b""),
    ("an operationId of digits", "HEAD /ids", NOTHING, "HEAD /ids", {}, b""),
    ("an operationId in another script", "OPTIONS /ids", NOTHING, "OPTIONS /ids", {}, b""),
    ("an operationId of signs", "TRACE /ids", NOTHING, "TRACE /ids", {}, b""),
    ("an operationId of underscores", "PATCH /ids", NOTHING, "PATCH /ids", {}, b""),
]


@pytest.mark.parametrize(("operation", "call"), [pytest.param(*row[1:], id=row[0]) for row in METHODS])
def test_an_operation_has_a_name_that_reads_well(sdk: Sdk, operation: str, call: str) -> None:
    """Where the document gives words, they are the name."""
    assert sdk.operations[operation].call == call


@pytest.mark.parametrize(
    ("operation", "values", "line", "headers", "body"), [pytest.param(*row[1:], id=row[0]) for row in CALLS]
)
def test_every_argument_keeps_its_name_on_the_wire(
    sdk: Sdk,
    operation: str,
    values: Values,
    line: str,
    headers: Mapping[str, str],
    body: bytes,
) -> None:
    """Arguments whose names clash, with each other or with Python, are all sent."""
    sent = sdk.send(sdk.by_wire(operation, values))
    assert (sent.line, sent.body) == (line, body)
    assert {name: sent.headers.get(name) for name in headers} == headers


def test_no_operation_is_lost(sdk: Sdk) -> None:
    """Each has a resource and a method of its own, both plain identifiers."""
    calls = [summary.call for summary in sdk.operations.values()]
    assert len({call.lower() for call in calls}) == len(calls) == 28
    assert all(part.isidentifier() and not keyword.iskeyword(part) for call in calls for part in call.split("."))
    client = sdk.client(base_url=BASE_URL)
    for call in calls:
        resource, _, method = call.partition(".")
        assert callable(getattr(getattr(client, resource), method))


def test_properties_keep_their_names_on_the_wire(sdk: Sdk) -> None:
    """Keywords, twins, signs, digits, other scripts and the empty name: all are sent, and all come back."""
    kind = sdk.models.Properties
    names = {field.encode_name: field.name for field in msgspec.structs.fields(kind)}
    values: dict[str, object] = {wire: f"<{wire}>" for wire in names}
    values |= {"list": ["l"], "dict": {"a": "b"}}
    everything = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    arguments = {("body", wire): value for wire, value in values.items()}
    sent, found = sdk.exchange(sdk.by_wire("PUT /properties", arguments), Answer(200, everything), STRICT)
    assert json.loads(sent.body) == values
    assert {wire: getattr(found, name) for wire, name in names.items()} == values
    assert len(names) == 32
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in names.values())


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("class", "class_"), ("self", "self_"), ("None", "none"), ("copy", "copy"), ("schema", "schema"),
        ("json", "json"), ("model_config", "model_config"), ("list", "list_"), ("foo_bar", "foo_bar"),
        ("user_id", "user_id"), ("+1", "plus_1"), ("with space", "with_space"), ("naïve", "naive"),
    ],
)  # fmt: skip
def test_a_property_has_a_name_that_reads_well(sdk: Sdk, wire: str, name: str) -> None:
    """A name that is one already stays; another changes as little as it must."""
    fields = msgspec.structs.fields(sdk.models.Properties)
    assert {field.encode_name: field.name for field in fields}[wire] == name


def test_every_schema_has_a_class_of_its_own(sdk: Sdk) -> None:
    """Schemas named like builtins, like each other, or like the SDK's own words stay apart, also by case."""
    fields = msgspec.structs.fields(sdk.models.Everything)
    everything = json.dumps(
        {field.encode_name: {"a": ["x"] if field.encode_name == "list" else "x"} for field in fields}
    )
    found = sdk.read(lambda api: api.types.list_of_them(), Answer(200, everything.encode()), STRICT)
    classes = {field.encode_name: type(getattr(found, field.name)).__name__ for field in fields}
    assert len({name.lower() for name in classes.values()}) == len(classes) == 17
    plain = {name: classes[name] for name in ("client", "list", "error", "connection", "foo")}
    assert plain == {
        "client": "Client", "list": "List", "error": "Error", "connection": "ConnectionError", "foo": "Foo",
    }  # fmt: skip
    assert all(hasattr(sdk.models, name) for name in classes.values())


def test_values_of_an_enum_are_members_of_their_own(sdk: Sdk) -> None:
    """`a` beside `A`, the empty string, keywords and signs: each value has one member and is read and sent as it is."""
    for kind, count in ((sdk.models.Cases, 3), (sdk.models.Words, 17), (sdk.models.Numbers, 4)):
        members = list(kind)
        assert len({member.name for member in members}) == len(members) == count
        for member in members:
            assert kind(member.value) is member
    body = b'{"cases":"A","words":"__class__","numbers":-1}'
    sent, found = sdk.exchange(
        sdk.by_wire("PUT /enums", {("body", "cases"): "A", ("body", "words"): "__class__", ("body", "numbers"): -1}),
        Answer(200, body),
        STRICT,
    )
    assert sent.body == body
    assert (found.cases.value, found.words.value, found.numbers.value) == ("A", "__class__", -1)


def test_files_differ_by_more_than_their_case(sdk: Sdk) -> None:
    """A file system that ignores case holds the SDK as well as any other."""
    paths = list(sdk.result.files)
    assert len({path.lower() for path in paths}) == len(paths)


def test_the_tags_words_are_in_the_documentation(sdk: Sdk) -> None:
    """A tag's description is what `help` shows for its operations, whatever its name became."""
    resource = sdk.operations["PUT /properties"].call.partition(".")[0]
    assert inspect.getdoc(getattr(sdk.client(base_url=BASE_URL), resource)) == "A tag with the name of a module."
