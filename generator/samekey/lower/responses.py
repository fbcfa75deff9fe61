"""Responses of OpenAPI 3 and of Swagger 2.0."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from samekey.ir import AnyJson, Code, Default, Kind, Primitive, Range, Response
from samekey.lower.docs import described
from samekey.lower.media import is_json, is_text, preferred_for_response

if TYPE_CHECKING:
    from samekey.document import Node
    from samekey.ir import Status, Type
    from samekey.lower.schemas import Schemas

_CODE = re.compile(r"[1-5][0-9][0-9]")
_RANGE = re.compile(r"([1-5])[xX][xX]")


def responses_of_openapi3(operation: Node, schemas: Schemas, hint: str) -> tuple[Response, ...]:
    """The answers under `responses`, each in the media type that is preferred."""
    found: list[Response] = []
    for status, node in _statuses(operation):
        content = dict(node.items("content")) if node.get("content") else {}
        if not content or operation.name == "head":
            found.append(Response(status, None, "", described(node)))
            continue
        name = preferred_for_response(list(content))
        kind = _response_type(content[name].get("schema"), name, schemas, _hint(hint, status))
        found.append(Response(status, kind, name, described(node)))
    return tuple(found)


def responses_of_swagger2(
    operation: Node, produces: tuple[str, ...], schemas: Schemas, hint: str
) -> tuple[Response, ...]:
    """The answers under `responses`, whose media types stand under `produces`."""
    name = preferred_for_response(list(produces)) if produces else "application/json"
    found: list[Response] = []
    for status, node in _statuses(operation):
        schema = node.get("schema")
        if schema is None or operation.name == "head":
            found.append(Response(status, None, "", described(node)))
            continue
        is_file = schema.text("type") == "file"
        media_type = "application/octet-stream" if is_file and is_json(name) else name
        kind = _response_type(schema, media_type, schemas, _hint(hint, status))
        found.append(Response(status, kind, media_type, described(node)))
    return tuple(found)


def _statuses(operation: Node) -> list[tuple[Status, Node]]:
    found: list[tuple[Status, Node]] = []
    for key, element in operation.items("responses") if operation.get("responses") else ():
        if key.startswith("x-"):
            continue
        status = _status(key)
        node = element.follow()
        if status is None:
            element.warn("unknown-status", f"{key!r} is no status; the response is ignored")
        elif node is not None and isinstance(node.value, dict):
            found.append((status, node))
    return found


def _status(key: str) -> Status | None:
    if _CODE.fullmatch(key):
        return Code(int(key))
    if match := _RANGE.fullmatch(key):
        return Range(int(match[1]))
    return Default() if key.lower() == "default" else None


def _hint(hint: str, status: Status) -> tuple[str, ...]:
    match status:
        case Code(value=value) if value < 300:  # noqa: PLR2004
            return (hint, "response") if value in {200, 201} else (hint, "response", str(value))
        case Code(value=value):
            return (hint, "error", str(value))
        case Range(first=2):
            return (hint, "response")
        case _:
            return (hint, "error")


def _response_type(schema: Node | None, media_type: str, schemas: Schemas, hint: tuple[str, ...]) -> Type:
    if is_json(media_type):
        return schemas.lower(schema, hint) if schema is not None else AnyJson("the response has no schema")
    return Primitive(Kind.STRING if is_text(media_type) else Kind.BINARY)
