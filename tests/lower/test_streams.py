"""Bodies that come item by item: how their items are typed, and how they are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from samekey.ir import AnyJson, Operation, StreamFormat, StreamOf
from samekey.lower.statuses import successes

from .documents import Lowered, lowered

STRING = {"type": "string"}
COMPONENTS = {
    "Thing": {"type": "object", "properties": {"id": STRING}, "required": ["id"]},
    "Other": {"type": "object", "properties": {"name": STRING}, "required": ["name"]},
    "Event": {
        "type": "object",
        "required": ["data"],
        "properties": {"data": STRING, "event": STRING, "id": STRING, "retry": {"type": "integer"}},
    },
}


def ref(name: str) -> dict[str, Any]:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def words_of(words: Mapping[str, Any]) -> dict[str, Any]:
    """Words of an operation that are not names of Python's."""
    return dict(words)


def answering(
    content: Mapping[str, Any],
    body: Mapping[str, Any] | None = None,
    responses: Mapping[str, Any] | None = None,
    **words: Any,  # noqa: ANN401
) -> Lowered:
    """A document of one operation with an answer in these media types."""
    operation: dict[str, Any] = {
        "operationId": "watch",
        "responses": responses or {"200": {"description": "", "content": content}},
        **words,
    }
    if body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return lowered(
        json.dumps(
            {
                "openapi": "3.2.0",
                "info": {"title": "Test", "version": "1"},
                "paths": {"/things": {"post": operation}},
                "components": {"schemas": COMPONENTS},
            }
        )
    )


def stream_of(operation: Operation) -> StreamOf | None:
    """The stream of an operation's success."""
    return next((response.stream for response in successes(operation.responses) if response.stream), None)


def stream(found: Lowered) -> StreamOf:
    """The stream of the one operation."""
    given = stream_of(found.operation())
    assert given is not None
    return given


def value(found: Lowered) -> str:
    """What a plain call gives."""
    return found.responses()["200"]


def items(found: Lowered) -> str:
    """The type of the items; of a named union its variants."""
    spelled = found.spell(stream(found).item)
    return found.union(spelled) if spelled in found.types and "data" in spelled else spelled


# Formats


@pytest.mark.parametrize(
    ("media_type", "form"),
    [
        ("text/event-stream", StreamFormat.EVENTS),
        ("text/event-stream; charset=utf-8", StreamFormat.EVENTS),
        ("Application/JSONL", StreamFormat.LINES),
        ("application/x-ndjson", StreamFormat.LINES),
        ("application/json-lines", StreamFormat.LINES),
        ("application/json-seq", StreamFormat.SEQUENCE),
        ("application/geo+json-seq", StreamFormat.SEQUENCE),
    ],
)
@pytest.mark.parametrize("word", ["schema", "itemSchema"])
def test_sequential_media_types(media_type: str, form: StreamFormat, word: str) -> None:
    """Their items are typed, by `itemSchema` of OpenAPI 3.2 or by `schema` of what came before; there is no value."""
    found = answering({media_type: {word: ref("Thing")}})
    assert (stream(found).format, items(found), value(found)) == (form, "Thing", "nothing")
    assert stream(found).media_type == media_type


@pytest.mark.parametrize("media_type", ["text/event-stream", "application/jsonl", "application/json-seq"])
def test_a_schema_of_the_whole_stream(media_type: str) -> None:
    """OpenAPI 3.2 section 4.14.3: where it is an array, its elements are the items."""
    found = answering({media_type: {"schema": {"type": "array", "items": ref("Thing")}}})
    assert items(found) == "Thing"


def test_an_item_may_be_an_array() -> None:
    """`itemSchema` is of one item, whatever it is."""
    assert items(answering({"application/jsonl": {"itemSchema": {"type": "array", "items": STRING}}})) == "list[string]"


def test_item_schemas_of_other_media_types() -> None:
    """Another media type with `itemSchema` is read line by line; parts of a multipart body are not."""
    found = answering({"application/x-log": {"itemSchema": ref("Thing")}})
    assert (stream(found).format, items(found)) == (StreamFormat.LINES, "Thing")
    assert stream_of(answering({"multipart/mixed": {"itemSchema": ref("Thing")}}).operation()) is None


@pytest.mark.parametrize("media", [{}, {"schema": STRING}, {"schema": {"type": "string", "format": "binary"}}])
def test_streams_without_a_schema_of_items(media: Mapping[str, Any]) -> None:
    """Events are text then, and lines any JSON."""
    assert items(answering({"text/event-stream": media})) == "string"
    assert isinstance(stream(answering({"application/jsonl": media})).item, AnyJson)


# Events


def test_a_schema_of_whole_events() -> None:
    """An object of `data` and what else events have describes the event; its data is the item."""
    frame = {"type": "object", "properties": {"event": STRING, "data": ref("Thing")}}
    assert items(answering({"text/event-stream": {"schema": frame}})) == "Thing"
    assert items(answering({"text/event-stream": {"itemSchema": frame}})) == "Thing"
    assert items(answering({"text/event-stream": {"schema": {"type": "array", "items": frame}}})) == "Thing"


def test_a_schema_of_data() -> None:
    """An object with other properties is the data; with `data` alone it may be either, but an item is an event."""
    other = {"type": "object", "properties": {"data": STRING, "cost": {"type": "integer"}}}
    assert items(answering({"text/event-stream": {"schema": other}})) == "watch.response"
    alone = {"type": "object", "properties": {"data": ref("Thing")}}
    assert items(answering({"text/event-stream": {"schema": alone}})) == "watch.response"
    assert items(answering({"text/event-stream": {"itemSchema": alone}})) == "Thing"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (STRING, "string"),
        ({"type": "string", "contentMediaType": "application/json", "contentSchema": ref("Thing")}, "Thing"),
        ({"contentSchema": ref("Thing")}, "Thing"),
        ({"type": "string", "contentMediaType": "application/json"}, "any"),
        ({"type": "integer"}, "integer"),
    ],
)
def test_what_data_holds(data: Mapping[str, Any], expected: str) -> None:
    """Text, or what the text is said to hold."""
    frame = {"type": "object", "properties": {"event": STRING, "data": data}}
    assert items(answering({"text/event-stream": {"itemSchema": frame}})) == expected


def test_events_by_their_kind() -> None:
    """OpenAPI 3.2: a base of all events, refined for each kind; kinds tell the types of data apart."""
    item = ref("Event") | {
        "required": ["event"],
        "oneOf": [
            {"properties": {"event": {"const": "text"}}},
            {"properties": {"event": {"const": "thing"}, "data": {"contentSchema": ref("Thing")}}},
            {"properties": {"event": {"enum": ["other", "else"]}, "data": {"contentSchema": ref("Other")}}},
        ],
    }
    found = answering({"text/event-stream": {"itemSchema": item}})
    assert items(found) == "string | Thing | Other"
    assert {event: found.spell(kind) for event, kind in stream(found).events} == {
        "text": "string", "thing": "Thing", "other": "Other", "else": "Other",
    }  # fmt: skip


def test_events_of_several_schemas() -> None:
    """A `oneOf` of whole events, each a component of its own."""
    kinds = [
        {"type": "object", "properties": {"event": {"const": name.lower()}, "data": ref(name)}}
        for name in ("Thing", "Other")
    ]
    found = answering({"text/event-stream": {"schema": {"oneOf": kinds}}})
    assert items(found) == "Thing | Other"
    assert [event for event, _ in stream(found).events] == ["thing", "other"]


def test_a_union_of_data_is_a_union_of_data() -> None:
    """Where one variant is no event, none is."""
    found = answering({"text/event-stream": {"schema": {"oneOf": [ref("Event"), ref("Thing")]}}})
    assert stream(found).events == ()
    assert "Thing" in found.union(found.spell(stream(found).item))


def test_one_type_of_data_needs_no_kinds() -> None:
    """All kinds of events with the same data are one type."""
    item = ref("Event") | {"oneOf": [{"properties": {"event": {"const": name}}} for name in ("a", "b")]}
    found = answering({"text/event-stream": {"itemSchema": item}})
    assert (items(found), stream(found).events) == ("string", ())


def test_a_sentinel() -> None:
    """`x-speakeasy-sse-sentinel` says what ends the stream; an empty one that nothing does."""
    media = {"schema": STRING}
    assert stream(answering({"text/event-stream": media})).sentinel is None
    assert stream(answering({"text/event-stream": media | {"x-speakeasy-sse-sentinel": "[END]"}})).sentinel == "[END]"
    assert stream(answering({"text/event-stream": media | {"x-speakeasy-sse-sentinel": ""}})).sentinel == ""


# A value or a stream

EITHER = {"application/json": {"schema": ref("Other")}, "text/event-stream": {"schema": ref("Thing")}}


def asking(**properties: object) -> dict[str, Any]:
    """A body."""
    return {"type": "object", "properties": {"text": STRING, **properties}}


def test_a_value_or_a_stream() -> None:
    """Both in one answer: a plain call gives the value, and a flag of the body asks for the stream."""
    found = answering(EITHER, asking(stream={"type": "boolean"}))
    assert (value(found), items(found), stream(found).flag) == ("Other", "Thing", "stream")
    assert [operation.variant for operation in found.api.operations] == [""]


@pytest.mark.parametrize(
    "body",
    [None, asking(), asking(stream=STRING), asking(streams={"type": "boolean"}), {"type": "array", "items": STRING}],
)
def test_a_stream_without_a_flag(body: Mapping[str, Any] | None) -> None:
    """The Accept header alone asks for it then."""
    assert stream(answering(EITHER, body)).flag == ""


def test_a_flag_may_be_null() -> None:
    """A flag that may also be null is a flag."""
    assert stream(answering(EITHER, asking(stream={"type": ["boolean", "null"]}))).flag == "stream"


# The extension of Fern


def test_fern_streams() -> None:
    """`x-fern-streaming: true`: what the answer describes comes line by line, and not at once."""
    found = answering({"application/json": {"schema": ref("Thing")}}, **words_of({"x-fern-streaming": True}))
    assert (value(found), items(found), stream(found).format) == ("nothing", "Thing", StreamFormat.LINES)


def test_fern_events() -> None:
    """`format: sse`: events."""
    found = answering(
        {"application/json": {"schema": ref("Thing")}}, **words_of({"x-fern-streaming": {"format": "sse"}})
    )
    assert (items(found), stream(found).format, stream(found).sentinel) == ("Thing", StreamFormat.EVENTS, None)


def test_fern_on_condition() -> None:
    """A condition names the flag; the value and the items have types of their own."""
    words = {
        "format": "sse", "stream-condition": "$request.live", "response": ref("Other"), "response-stream": ref("Thing"),
    }  # fmt: skip
    found = answering(
        {"application/json": {}}, asking(live={"type": "boolean"}), **words_of({"x-fern-streaming": words})
    )
    assert (value(found), items(found), stream(found).flag) == ("Other", "Thing", "live")


def test_fern_means_the_success() -> None:
    """An error that is listed first is not what streams."""
    responses = {
        "400": {"description": "", "content": {"application/json": {"schema": ref("Other")}}},
        "200": {"description": "", "content": {"application/json": {"schema": ref("Thing")}}},
    }
    found = answering({}, responses=responses, **words_of({"x-fern-streaming": True}))
    assert items(found) == "Thing"
    assert found.responses()["400"] == "Other"


@pytest.mark.parametrize("word", [False, None])
def test_fern_says_no(word: object) -> None:
    """`false` is not a stream."""
    found = answering({"application/json": {"schema": ref("Thing")}}, **words_of({"x-fern-streaming": word}))
    assert stream_of(found.operation()) is None
    assert value(found) == "Thing"
