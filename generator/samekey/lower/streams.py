"""Bodies that come item by item: server-sent events, JSON lines and sequences, `itemSchema` of OpenAPI 3.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from samekey.ir import (
    Alias,
    AnyJson,
    BodyKind,
    Kind,
    Model,
    Named,
    Nullable,
    Primitive,
    StreamFormat,
    StreamOf,
    Union,
)
from samekey.lower.media import stream_format
from samekey.lower.schemas.merged import Merged, is_empty, target_of
from samekey.lower.statuses import successes

if TYPE_CHECKING:
    from samekey.document.node import Node
    from samekey.ir import Body, Response, Type
    from samekey.lower.schemas import Schemas

_FERN: Final = "x-fern-streaming"
_SENTINEL: Final = "x-speakeasy-sse-sentinel"
_FRAME: Final = frozenset({"data", "event", "id", "retry", "comment"})
_TEXTS: Final = frozenset({Primitive(Kind.STRING), Primitive(Kind.BINARY)})
_DEEPEST: Final = 4


class _Frame(Struct, frozen=True):
    """What a schema says of whole events: their type, empty for any, and the schema of their data."""

    event: str
    data: Node


def read_stream(media_type: str, media: Node, schemas: Schemas, hint: tuple[str, ...]) -> StreamOf | None:
    """Return the stream that a media type describes; None where it is not a stream.

    Args:
        media_type: its name.
        media: what the document says of it.
        schemas: lowers the types of items.
        hint: words for names of inline types.
    """
    form = stream_format(media_type)
    item = media.get("itemSchema")
    if form is None and (item is None or media_type.startswith("multipart/")):
        return None
    form = form or StreamFormat.LINES
    sentinel = media.text(_SENTINEL) if media.has(_SENTINEL) else None
    found = StreamOf(form, AnyJson("the stream has no schema"), media_type, sentinel=sentinel)
    schema = item or _one_of_many(media.get("schema"))
    if form is StreamFormat.EVENTS:
        return _events(found, schema, schemas, hint, is_item=item is not None)
    if schema is None:
        return found
    kind = schemas.lower(schema, hint)
    if item is None and kind in _TEXTS:
        # The schema is of the stream as a whole: text, as it comes.
        return found
    return replace(found, item=kind)


def with_flag(
    responses: tuple[Response, ...], operation: Node, body: Body | None, schemas: Schemas
) -> tuple[Response, ...]:
    """Return the responses, each stream with the name of the request body's field that asks for it."""
    flag = _flag(operation, body, schemas)
    return tuple(
        replace(response, stream=replace(response.stream, flag=flag)) if response.stream is not None else response
        for response in responses
    )


def with_stream_extension(
    responses: tuple[Response, ...], operation: Node, schemas: Schemas, hint: str
) -> tuple[Response, ...]:
    """Return the responses with the stream that `x-fern-streaming` adds to the successful one."""
    extension = operation.get(_FERN)
    chosen = next((response for response in successes(responses) if response.type is not None), None)
    if (
        extension is None
        or extension.value is False
        or chosen is None
        or any(response.stream for response in responses)
    ):
        return responses
    added = _with_stream(chosen, extension, schemas, hint)
    return tuple(added if response is chosen else response for response in responses)


def _with_stream(response: Response, extension: Node, schemas: Schemas, hint: str) -> Response:
    words = extension if isinstance(extension.value, dict) else None
    is_events = words is not None and words.text("format") == "sse"
    item = words.get("response-stream") if words is not None else None
    value = words.get("response") if words is not None else None
    stream = StreamOf(
        StreamFormat.EVENTS if is_events else StreamFormat.LINES,
        schemas.lower(item, (hint, "stream")) if item is not None else response.type or AnyJson("no schema"),
        "text/event-stream" if is_events else "application/x-ndjson",
    )
    if words is None or not words.has("stream-condition"):
        # Without a flag to ask for it, the stream is all that the operation gives.
        return replace(response, stream=stream, type=None)
    return replace(
        response, stream=stream, type=response.type if value is None else schemas.lower(value, (hint, "response"))
    )


def _flag(operation: Node, body: Body | None, schemas: Schemas) -> str:
    extension = operation.get(_FERN)
    wanted = "stream"
    if extension is not None and isinstance(extension.value, dict) and extension.has("stream-condition"):
        wanted = extension.text("stream-condition").rpartition(".")[2]
    if body is None or body.kind is not BodyKind.JSON or not isinstance(body.type, Named):
        return ""
    model = schemas.definitions.get(body.type.id)
    fields = model.fields if isinstance(model, Model) else ()
    found = [field for field in fields if field.name == wanted and _is_flag(field.type)]
    return wanted if found else ""


def _is_flag(kind: Type) -> bool:
    inner = kind.inner if isinstance(kind, Nullable) else kind
    return inner == Primitive(Kind.BOOLEAN)


def _one_of_many(schema: Node | None) -> Node | None:
    """Return the items' schema if the given one is of the whole stream, as an array (OpenAPI 3.2 section 4.14.3)."""
    merged = Merged.of((schema,)) if schema is not None else None
    if merged is None or merged.implied_type != "array":
        return schema
    return merged.first("items")


def _events(
    found: StreamOf, schema: Node | None, schemas: Schemas, hint: tuple[str, ...], *, is_item: bool
) -> StreamOf:
    """Return a stream of events, typed by their data; text where no schema says anything."""
    if schema is None:
        return replace(found, item=Primitive(Kind.STRING))
    frames = _frames((schema,), _DEEPEST, set(), is_item=is_item)
    if not frames:
        kind = schemas.lower(schema, hint)
        return replace(found, item=Primitive(Kind.STRING) if kind in _TEXTS else kind)
    typed = [(frame.event, _data_type(frame, schemas, hint)) for frame in frames]
    kinds = tuple(dict.fromkeys(kind for _, kind in typed))
    if len(kinds) == 1:
        return replace(found, item=kinds[0])
    identity = f"{schema.identity}+data"
    schemas.definitions.setdefault(identity, Alias(identity, (*hint, "data"), Union(kinds)))
    return replace(found, item=Named(identity), events=tuple((event, kind) for event, kind in typed if event))


def _data_type(frame: _Frame, schemas: Schemas, hint: tuple[str, ...]) -> Type:
    """Return the type of event data, or of what its string holds (JSON Schema 2020-12 validation, section 8)."""
    content = frame.data.get("contentSchema")
    words = (*hint, *([frame.event] if frame.event else []), "data")
    if content is not None:
        return schemas.lower(content, words)
    if "json" in frame.data.text("contentMediaType"):
        return AnyJson("the data is JSON without a schema")
    kind = schemas.lower(frame.data, words)
    return Primitive(Kind.STRING) if kind in _TEXTS else kind


def _frames(schemas: tuple[Node, ...], depth: int, met: set[str], *, is_item: bool) -> list[_Frame] | None:
    """Return what schemas, taken together, say of whole events; None where they describe the data instead.

    Args:
        schemas: they hold together.
        depth: how many unions are opened, one inside the other.
        met: identities of the variants that were looked at; one that is met again adds nothing.
        is_item: whether the schemas are of an item, rather than of its data.
    """
    merged = Merged.of(schemas)
    variants = merged.elements("oneOf") or merged.elements("anyOf")
    if variants and depth:
        base = merged.without_unions() or ()
        unmet = [variant for variant in variants if target_of(variant) not in met]
        met.update(map(target_of, unmet))
        found = [_frames((variant, *base), depth - 1, met, is_item=is_item) for variant in unmet]
        return [frame for entry in found if entry for frame in entry] if all(found) else None
    properties = merged.properties()
    data = properties.get("data")
    # An item of OpenAPI 3.2 is an event; elsewhere, data alone may as well be a property of the data.
    if data is None or not properties.keys() <= _FRAME or (len(properties) == 1 and not is_item):
        return None
    telling = next((node for node in data if not is_empty(node) or node.has("contentSchema")), data[0])
    events = Merged.of(properties.get("event", ())).enum_values()
    return [_Frame(event, telling) for event in events if isinstance(event, str)] or [_Frame("", telling)]
