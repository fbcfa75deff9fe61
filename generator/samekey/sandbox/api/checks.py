"""Requests against the document: parameters and bodies are read as values, and judged by their schemas."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, cast
from urllib.parse import unquote

from samekey.ir import BodyKind, Enum, Kind, ListOf, Location, Model, Named, Nullable, Primitive, Style, Union
from samekey.lower.media import body_kind, content_of, essence, is_json
from samekey.sandbox.api.complaints import Complaint
from samekey.sandbox.api.forms import complaints_of, read_form
from samekey.sandbox.api.problems import problem
from samekey.sandbox.api.schemas import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from samekey.document.node import Node
    from samekey.document.values import JsonValue
    from samekey.ir import Type, TypeDef
    from samekey.sandbox.api.answer import Answer
    from samekey.sandbox.api.operations import DeclaredContent, DeclaredParameter, Match, Site
    from samekey.sandbox.api.request import ReceivedRequest
    from samekey.sandbox.api.schemas import SchemaJudge

_BETWEEN: Final = {Style.FORM: ",", Style.SIMPLE: ",", Style.SPACE: " ", Style.PIPE: "|", Style.TAB: "\t"}


class _Unread:
    """What cannot be read as a value, and so is not judged."""


UNREAD: Final = _Unread()
Read: TypeAlias = "JsonValue | _Unread"


@dataclass(frozen=True, slots=True)
class Checked:
    """The body of a request that the document allows, as far as it could be read."""

    body: Read


class Checks:
    """Judges requests.

    Args:
        schemas: judges values.
        types: the IR's definitions by id.
    """

    def __init__(self, schemas: SchemaJudge, types: Mapping[str, TypeDef]) -> None:
        self._schemas = schemas
        self._types = types

    def check(self, match: Match, request: ReceivedRequest) -> Checked | Answer:
        """Check a request, and return its body, or the response that refuses the request."""
        complaints = [
            complaint
            for declared in match.site.parameters
            for complaint in self._parameter(declared, _spelled(declared, match, request))
        ]
        body = self._body(match.site, request)
        if not isinstance(body, Checked):
            return body if not isinstance(body, list) else _refusal([*complaints, *body])
        return _refusal(complaints) if complaints else body

    def glance(self, request: ReceivedRequest) -> Read:
        """Return the body of a request, allowed or not, as a value; UNREAD where it is neither JSON nor a form."""
        if is_json(request.media_type):
            return _json(request.body)
        is_form = body_kind(request.media_type) is BodyKind.FORM
        return cast("Read", read_form(request.body, None)) if is_form else UNREAD

    def _parameter(
        self, declared: DeclaredParameter, spelled: list[str] | dict[str, str] | None
    ) -> Iterable[Complaint]:
        param = declared.param
        where = f"{param.location} {param.name}"
        if spelled is None:
            return
        if not spelled:
            if param.required:
                yield Complaint(where, "this parameter is required")
            return
        value = self._value(declared, spelled)
        schema = _schema(declared.node)
        if schema is None or isinstance(value, _Unread):
            return
        for complaint in self._schemas.complaints(schema, value, Direction.REQUEST):
            yield Complaint(where + complaint.where, complaint.message)

    def _value(self, declared: DeclaredParameter, spelled: list[str] | dict[str, str]) -> Read:
        param = declared.param
        if isinstance(spelled, dict):
            return {name: self._scalar(self._field(param.type, name), text) for name, text in spelled.items()}
        if param.spelling.style is Style.JSON:
            return _json(spelled[0])
        kind = self._plain(param.type)
        if isinstance(kind, ListOf):
            between = _BETWEEN.get(param.spelling.style)
            if between is None:
                return UNREAD
            texts = spelled if param.spelling.explode and len(spelled) > 1 else _split(spelled, between, param.location)
            if param.spelling.explode and param.location is Location.QUERY:
                texts = spelled
            return [self._scalar(kind.item, text) for text in texts]
        if param.spelling.style not in {Style.FORM, Style.SIMPLE} or isinstance(kind, Named):
            return UNREAD
        return self._scalar(param.type, spelled[0])

    def _scalar(self, kind: Type, text: str) -> JsonValue:
        """Return the value that a text spells; where it spells none, the text, for the schema to refuse."""
        kind = self._plain(kind)
        match kind:
            case Primitive(Kind.INTEGER | Kind.NUMBER | Kind.BOOLEAN):
                value = _json(text)
                return text if isinstance(value, (_Unread, str, list, dict)) else value
            case Union(variants):
                values = [self._scalar(variant, text) for variant in variants]
                return next((value for value in values if not isinstance(value, str)), text)
            case _:
                return text

    def _plain(self, kind: Type) -> Type:
        """Return a type without what says nothing of its spelling: null, and the names of enums."""
        if isinstance(kind, Nullable):
            return self._plain(kind.inner)
        if isinstance(kind, Named):
            definition = self._types.get(kind.id)
            if isinstance(definition, Enum):
                numbers = bool(definition.values) and isinstance(definition.values[0], int)
                return Primitive(Kind.INTEGER if numbers else Kind.STRING)
        return kind

    def _field(self, kind: Type, name: str) -> Type:
        """Return the type of a property of a parameter that is an object; a string where it is not known."""
        kind = self._plain(kind)
        definition = self._types.get(kind.id) if isinstance(kind, Named) else None
        fields = definition.fields if isinstance(definition, Model) else ()
        return next((field.type for field in fields if field.name == name), Primitive(Kind.STRING))

    def _body(self, site: Site, request: ReceivedRequest) -> Checked | Answer | list[Complaint]:
        if not request.body and site.body_required:
            return [Complaint("", "a body is required")]
        if not request.body or not site.bodies:
            return Checked(UNREAD)
        content = _content(site.bodies, request.media_type)
        if content is None:
            taken = ", ".join(content.media_type for content in site.bodies)
            detail = f"{request.media_type or 'no media type'} is not taken here; send {taken}"
            return problem(415, "unsupported_media_type", detail)
        if not is_json(content.media_type):
            return self._form(content, request)
        value = _json(request.body)
        if isinstance(value, _Unread):
            return problem(400, "invalid_json", "the body is not JSON")
        found = self._schemas.complaints(content.schema, value, Direction.REQUEST) if content.schema else []
        return found or Checked(value)

    def _form(self, content: DeclaredContent, request: ReceivedRequest) -> Checked | list[Complaint]:
        """Check the body of a form; a body that is neither a form nor JSON is taken as it is."""
        if body_kind(content.media_type) is not BodyKind.FORM:
            return Checked(UNREAD)
        fields = read_form(request.body, content.schema)
        found = list(complaints_of(fields, content.schema, self._schemas)) if content.schema is not None else []
        return found or Checked(fields)


def _refusal(complaints: Sequence[Complaint]) -> Answer:
    first = complaints[0]
    more = f", and {len(complaints) - 1} more" if len(complaints) > 1 else ""
    return problem(400, "invalid_request", f"{first.where or 'body'}: {first.message}{more}", complaints)


def _schema(parameter: Node) -> Node | None:
    """Return the schema of a parameter, which Swagger 2.0 keeps in the parameter itself; None where there is none."""
    media = next(iter(content_of(parameter).values()), None)
    if media is not None:
        return media.get("schema") if isinstance(media.value, dict) else None
    return parameter.get("schema") or (parameter if parameter.has("type") else None)


def _spelled(declared: DeclaredParameter, match: Match, request: ReceivedRequest) -> list[str] | dict[str, str] | None:
    """Return a parameter as it was sent; None where it cannot be told whether it was sent."""
    param = declared.param
    match param.location:
        case Location.PATH:
            return [match.values[param.name]] if param.name in match.values else None
        case Location.HEADER:
            return request.every(param.name)
        case Location.COOKIE:
            return [request.cookies[param.name]] if param.name in request.cookies else []
        case Location.QUERY:
            return _in_query(param.name, param.spelling.style, request)


def _in_query(name: str, style: Style, request: ReceivedRequest) -> list[str] | dict[str, str]:
    if style is Style.DEEP:
        return {
            key[len(name) + 1 : -1]: value
            for key, value in request.fields
            if key.startswith(f"{name}[") and key.endswith("]")
        }
    if style in {Style.WHOLE_FORM, Style.WHOLE_JSON, Style.WHOLE_TEXT}:
        return [unquote(request.query)] if request.query else []
    return [value for key, value in request.fields if key in {name, f"{name}[]"}]


def _split(spelled: list[str], between: str, location: Location) -> list[str]:
    texts = [text for whole in spelled for text in whole.split(between)]
    return [text.strip() for text in texts] if location is Location.HEADER else texts


def _content(bodies: Sequence[DeclaredContent], sent: str) -> DeclaredContent | None:
    """Return the body in the media type that was sent, or in a range of it (RFC 9110 section 12.5.1); None for none."""
    family = sent.partition("/")[0]
    for wanted in (sent, f"{family}/*", "*/*"):
        for content in bodies:
            if essence(content.media_type) == wanted:
                return content
    return next((content for content in bodies if is_json(content.media_type) and is_json(sent) and sent), None)


def _json(text: str | bytes) -> Read:
    try:
        return cast("JsonValue", json.loads(text))
    except (ValueError, RecursionError):
        return UNREAD
