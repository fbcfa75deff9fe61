"""Answers of OpenAPI 3 and of Swagger 2.0, by status, in each media type that is worth a method of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace
from samekey_templates.runtime.http.redirects import REDIRECTS

from samekey.ir import AnyJson, Kind, Primitive, Range, Response, Status, StatusCode, Type
from samekey.lower.docs import described
from samekey.lower.examples import example_in, example_of
from samekey.lower.media import (
    content_of,
    is_json,
    is_text,
    is_wild,
    others_for_response,
    preferred_for_response,
    stream_format,
    words_of,
)
from samekey.lower.schemas.merged import is_file
from samekey.lower.statuses import status_of, succeeds
from samekey.lower.streams import read_stream

if TYPE_CHECKING:
    from samekey.document.node import Node
    from samekey.lower.schemas import Schemas


_READS: Final = frozenset({"get"})


class Answers(Struct, frozen=True):
    """The answers of an operation.

    Args:
        usual: those in the media types that are preferred.
        others: those in other media types, each with words for it.
    """

    usual: tuple[Response, ...]
    others: tuple[tuple[str, tuple[Response, ...]], ...] = ()


def responses_of_openapi3(operation: Node, schemas: Schemas, hint: str) -> Answers:
    """Return the responses under `responses` of an OpenAPI 3 operation."""
    usual: list[Response] = []
    others: dict[str, dict[int, Response]] = {}
    for status, node in _statuses(operation):
        content = content_of(node)
        headers = _headers(node)
        if not content or operation.name == "head":
            usual.append(Response(status, None, "", described(node), headers=headers))
            continue
        for name in _alternatives(content) if succeeds(status) else ():
            kind = _response_type(content[name].get("schema"), name, schemas, (*_hint(hint, status), words_of(name)))
            example = _example(content[name])
            other = Response(status, kind, name, described(node), headers=headers, example=example)
            others.setdefault(words_of(name), {})[len(usual)] = other
        usual.append(replace(_response(status, node, content, schemas, _hint(hint, status)), headers=headers))
    alternatives = (
        (words, tuple(changed.get(index, response) for index, response in enumerate(usual)))
        for words, changed in others.items()
    )
    return Answers(_with_redirected(tuple(usual), operation), tuple(alternatives))


def _response(
    status: Status, node: Node, content: dict[str, Node], schemas: Schemas, hint: tuple[str, ...]
) -> Response:
    streams = {name: media for name, media in content.items() if _is_stream(name, media)}
    values = [name for name in content if name not in streams]
    stream = None
    if streams:
        name = next(iter(streams))
        stream = read_stream(name, streams[name], schemas, (*hint, "stream") if values else hint)
    if not values:
        return Response(status, None, stream.media_type if stream else "", described(node), stream)
    name = preferred_for_response(values)
    kind = _response_type(content[name].get("schema"), name, schemas, hint)
    return Response(status, kind, name, described(node), stream, example=_example(content[name]))


def _example(media: Node) -> str:
    schema = media.get("schema")
    return example_of(media, schema.follow() if schema is not None else None)


def _alternatives(content: dict[str, Node]) -> list[str]:
    values = {name: media.get("schema") for name, media in content.items() if not _is_stream(name, media)}
    return others_for_response({name: None if schema is None else schema.value for name, schema in values.items()})


def _is_stream(name: str, media: Node) -> bool:
    has_items = media.get("itemSchema") is not None and not name.startswith("multipart/")
    return stream_format(name) is not None or has_items


def _headers(node: Node) -> tuple[str, ...]:
    return tuple(name for name, _ in node.items("headers"))


def responses_of_swagger2(operation: Node, produces: tuple[str, ...], schemas: Schemas, hint: str) -> Answers:
    """Return the responses under `responses` of a Swagger 2.0 operation; their media types stand under `produces`."""
    values = [name for name in produces if stream_format(name) is None]
    streams = [name for name in produces if name not in values]
    name = preferred_for_response(values) if values else "application/json"
    found: list[Response] = []
    for status, node in _statuses(operation):
        schema = node.get("schema")
        headers = _headers(node)
        if schema is None or operation.name == "head":
            found.append(Response(status, None, "", described(node), headers=headers))
            continue
        stream = read_stream(streams[0], node, schemas, (hint, "stream")) if streams and succeeds(status) else None
        if stream is not None and not values:
            found.append(Response(status, None, stream.media_type, described(node), stream, headers))
            continue
        is_file = schema.text("type") == "file"
        media_type = "application/octet-stream" if is_file and is_json(name) else name
        kind = _response_type(schema, media_type, schemas, _hint(hint, status))
        example = example_in(node.get("examples"), name) or example_of(schema.follow())
        found.append(Response(status, kind, media_type, described(node), stream, headers, example))
    return Answers(_with_redirected(tuple(found), operation))


def _with_redirected(responses: tuple[Response, ...], operation: Node) -> tuple[Response, ...]:
    """Return responses with the one behind a redirect, where a read has no other success: what comes is a file."""
    leads = any(isinstance(entry.status, StatusCode) and entry.status.value in REDIRECTS for entry in responses)
    if operation.name not in _READS or not leads or any(succeeds(entry.status) for entry in responses):
        return responses
    behind = Response(StatusCode(200), Primitive(Kind.BINARY), "*/*", "What the redirect leads to.")
    return (behind, *responses)


def _statuses(operation: Node) -> list[tuple[Status, Node]]:
    found: list[tuple[Status, Node]] = []
    for key, element in operation.items("responses") if operation.get("responses") else ():
        if key.startswith("x-"):
            continue
        status = status_of(key)
        node = element.follow()
        if status is None:
            element.warn("unknown-status", f"{key!r} is not a status; the response is ignored")
        elif node is not None and isinstance(node.value, dict):
            found.append((status, node))
    return found


def _hint(hint: str, status: Status) -> tuple[str, ...]:
    match status:
        case StatusCode(value=value) if value < 300:  # noqa: PLR2004
            return (hint, "response") if value in {200, 201} else (hint, "response", str(value))
        case StatusCode(value=value):
            return (hint, "error", str(value))
        case Range(first=2):
            return (hint, "response")
        case _:
            return (hint, "error")


def _response_type(schema: Node | None, media_type: str, schemas: Schemas, hint: tuple[str, ...]) -> Type:
    if is_wild(media_type) and schema is not None and is_file(schema):
        return Primitive(Kind.BINARY)
    if is_json(media_type):
        return schemas.lower(schema, hint) if schema is not None else AnyJson("the response has no schema")
    return Primitive(Kind.STRING if is_text(media_type) else Kind.BINARY)
