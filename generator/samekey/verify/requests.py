"""Requests of an operation: what the user gives, the document's examples, and what is made up from schemas."""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, TypeAlias, assert_never
from urllib.parse import parse_qsl, quote, urlencode

from samekey.config.dialect import Carrier, KeyKind
from samekey.document.values import with_value, without_value
from samekey.ir import BodyKind, Location, SchemeKind
from samekey.lower.media import body_kind, content_of, essence, is_json, preferred_for_request
from samekey.lower.schemas.merged import Merged
from samekey.sandbox.api.credentials import in_headers
from samekey.sandbox.api.schemas import Direction
from samekey.sandbox.api.shapes import fill_path
from samekey.verify.calls import Sending
from samekey.verify.findings import VerifyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from samekey.config.dialect import KeyFormat, Profile
    from samekey.document.node import Node
    from samekey.document.values import JsonValue
    from samekey.ir import Api, Operation
    from samekey.sandbox.api.operations import DeclaredContent, DeclaredParameter, Site
    from samekey.verify.described import ApiModel

_USUAL = (
    ("User-Agent", "samekey-verify"),
    ("Accept", "application/json, */*;q=0.5"),
    ("Accept-Encoding", "identity"),
)
"""Headers that are sent unless the operation has its own."""
_UNRESERVED = "-._~"


@dataclass(frozen=True, slots=True)
class Fields:
    """A body that is read as a value: JSON, or a form.

    Args:
        media_type: its name.
        value: what it holds.
    """

    media_type: str
    value: JsonValue

    def spelled(self, field: tuple[str, ...], key: str) -> bytes:
        """Encode the body with a key in a field; without one where the path is empty."""
        value = with_value(self.value, field, key) if field and isinstance(self.value, dict) else self.value
        if is_json(self.media_type):
            return json.dumps(value).encode()
        return urlencode(list(_pairs("", value))).encode()


@dataclass(frozen=True, slots=True)
class Raw:
    """A body that is sent as it is."""

    media_type: str
    data: bytes

    def spelled(self, field: tuple[str, ...], key: str) -> bytes:  # noqa: ARG002  # there is no room for it
        """Return the bytes of the body, which has no room for a key."""
        return self.data


Payload: TypeAlias = Fields | Raw


@dataclass(frozen=True, slots=True)
class ProbeCredential:
    """What a request bears to be let in; the secrets that must not be shown."""

    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()


NOBODY = ProbeCredential()


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """A request of an operation, but for its key.

    Args:
        site: the operation.
        path: its path with values.
        query: names and values.
        headers: names and values.
        payload: the body, if there is one.
        credential: whose it is.
        profile: where keys go.
        moment: when it was first sent, for APIs that ask for it.
    """

    site: Site
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    payload: Payload | None
    credential: ProbeCredential
    profile: Profile
    moment: str

    def with_headers(self, *headers: tuple[str, str]) -> ProbeRequest:
        """Return the same request with other values of some headers."""
        names = {name.lower() for name, _ in headers}
        kept = [pair for pair in self.headers if pair[0].lower() not in names]
        return replace(self, headers=(*kept, *headers))

    def bearing(self, *keys: str) -> Sending:
        """Return the request as it is sent with a key, with several at once, or with none."""
        profile = self.profile
        spelled = [f'"{key}"' if profile.quoted else key for key in keys]
        query = [*self.query, *self.credential.query]
        headers = [*self.headers, *self.credential.headers]
        field: tuple[str, ...] = ()
        match profile.carrier:
            case Carrier.HEADER:
                headers += [(profile.name, key) for key in spelled]
            case Carrier.QUERY:
                query += [(profile.name, key) for key in keys]
            case Carrier.BODY:
                field = profile.field if keys else ()
            case _:
                assert_never(profile.carrier)
        if profile.first_sent and keys:
            headers.append((profile.first_sent, self.moment))
        if self.payload is not None:
            headers.append(("Content-Type", self.payload.media_type))
        said = {name.lower() for name, _ in headers}
        headers += [(name, value) for name, value in _USUAL if name.lower() not in said]
        encoded = tuple((name.encode("latin-1"), value.encode()) for name, value in headers)
        target = f"{self.path}?{urlencode(query)}" if query else self.path
        body = self.payload.spelled(field, keys[-1] if keys else "") if self.payload is not None else b""
        return Sending(self.site.method, target, encoded, body)

    def of(self, credential: ProbeCredential) -> ProbeRequest:
        """Return the same request with the credential of somebody else."""
        return replace(self, credential=credential)

    def saying(self, payload: Payload) -> ProbeRequest:
        """Return the same request with another body."""
        return replace(self, payload=payload)


def fresh_key(form: KeyFormat) -> str:
    """Make a new key in the format that the API asks for."""
    if form.kind is KeyKind.ALPHABET:
        return "".join(secrets.choice(form.alphabet) for _ in range(form.length))
    return str(uuid.uuid4())[: form.max_length]


def credential_of(api: Api, operation: Operation, token: str) -> ProbeCredential:
    """Put a token where the document wants it: the first of the operation's alternatives that a token can fill.

    Args:
        api: its schemes, and what it asks for by default.
        operation: the operation.
        token: the token, the key, or `user:password`; empty for none.
    """
    if not token:
        return NOBODY
    schemes = {scheme.id: scheme for scheme in api.schemes}
    asked = api.security if operation.security is None else operation.security
    alternatives = [[schemes[name] for name in names if name in schemes] for names in asked]
    chosen = next((found for found in alternatives if found), None)
    if chosen is None:
        return ProbeCredential((("Authorization", f"Bearer {token}"),), (), (token, quote(token, safe="")))
    headers = tuple(pair for scheme in chosen for pair in in_headers(scheme, token))
    query = tuple((s.name, token) for s in chosen if s.kind is SchemeKind.API_KEY and s.location is Location.QUERY)
    shown = (token, quote(token, safe=""), *(value.rpartition(" ")[2] for _, value in headers))
    return ProbeCredential(headers, query, tuple(dict.fromkeys(shown)))


def request_of(
    described: ApiModel, site: Site, credential: ProbeCredential, given: Mapping[str, str], body: Payload | None = None
) -> ProbeRequest:
    """Build a request of an operation from what the user gives, and make up what else it requires.

    Args:
        described: the API.
        site: the operation.
        credential: whose it is.
        given: values of parameters that the user gives, by name.
        body: the body that the user gives; None for one that is made up.

    Raises:
        VerifyError: something cannot be made up.
    """
    values = {(d.param.location, d.param.name): text for d in site.parameters for text in _value(described, d, given)}
    missing = [name for location, name in _needed(site) if (location, name) not in values]
    if missing:
        raise VerifyError(f"{site.name} needs {', '.join(missing)}: give each with --set NAME=VALUE")
    path = {name: quote(text, safe=_UNRESERVED) for (place, name), text in values.items() if place is Location.PATH}
    headers = [(name, text) for (place, name), text in values.items() if place is Location.HEADER]
    cookies = [f"{name}={text}" for (place, name), text in values.items() if place is Location.COOKIE]
    return ProbeRequest(
        site=site,
        path=fill_path(site.path, path),
        query=tuple((name, text) for (place, name), text in values.items() if place is Location.QUERY),
        headers=(*headers, *([("Cookie", "; ".join(cookies))] if cookies else [])),
        payload=body or made_up(described, site),
        credential=credential,
        profile=site.operation.profile,
        moment=format_datetime(datetime.now(UTC), usegmt=True),
    )


def payload_of(site: Site, data: bytes) -> Payload:
    """Read a body that the user gives, in the media type that the operation takes.

    Raises:
        VerifyError: it is not what it should be.
    """
    media_type = _media_type(site) or "application/json"
    match body_kind(media_type):
        case BodyKind.JSON:
            try:
                return Fields(media_type, _without_key(json.loads(data), site.operation.profile))
            except ValueError as error:
                raise VerifyError(f"the body is not valid JSON: {error}") from error
        case BodyKind.FORM:
            fields: dict[str, JsonValue] = {}
            fields.update(parse_qsl(data.decode("utf-8", "replace").strip(), keep_blank_values=True))
            return Fields(media_type, _without_key(fields, site.operation.profile))
        case _:
            return Raw(media_type, data)


def made_up(described: ApiModel, site: Site) -> Payload | None:
    """Make up a body from the document's examples or its schema; None where the operation takes none, or needs none.

    Raises:
        VerifyError: the operation takes neither JSON nor a form.
    """
    content = _content(site)
    if content is None:
        return None
    if body_kind(content.media_type) not in {BodyKind.JSON, BodyKind.FORM} or content.schema is None:
        if not site.body_required:
            return None
        raise VerifyError(f"{site.name} takes {content.media_type}, which cannot be made up: give it with --body FILE")
    media_type = "application/json" if "*" in content.media_type else content.media_type
    fits = (value for value in content.examples if _accepts(described, content.schema, value))
    value = next(fits, None) or described.samples.fit(content.schema)
    return Fields(media_type, _without_key(value, site.operation.profile))


def varied(described: ApiModel, site: Site, payload: Payload | None) -> Payload | None:
    """Make another body that the operation takes as well; None where none can be made."""
    content = _content(site)
    if not isinstance(payload, Fields) or content is None or content.schema is None:
        return None
    for value in _variants(payload.value):
        if _accepts(described, content.schema, _with_key(value, site.operation.profile)):
            return replace(payload, value=value)
    grown = _grown(described, content.schema, payload.value)
    return None if grown is None else replace(payload, value=grown)


def _needed(site: Site) -> Iterable[tuple[Location, str]]:
    return ((d.param.location, d.param.name) for d in site.parameters if d.param.required)


def _value(described: ApiModel, declared: DeclaredParameter, given: Mapping[str, str]) -> Sequence[str]:
    """Return a parameter's text: what is given, else, where required, an example or one made up; else an empty list."""
    param = declared.param
    if param.name in given:
        return [given[param.name]]
    if not param.required:
        return []
    media = next(iter(content_of(declared.node).values()), None)
    schema = (media if media is not None else declared.node).get("schema") or declared.node
    listed = [holder.get(word) for holder in (declared.node, schema) for word in ("example", "default")]
    value = next((node.value for node in listed if node is not None), None)
    # An id that is made up names nothing, one of a few words does.
    if value is None and (param.location is not Location.PATH or Merged.of((schema,)).enum_values()):
        value = described.samples.fit(schema)
    return [] if value is None else [_text(value)]


def _text(value: JsonValue) -> str:
    if isinstance(value, list):
        return ",".join(_text(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)


def _content(site: Site) -> DeclaredContent | None:
    by_name = {content.media_type: content for content in site.bodies}
    return by_name[preferred_for_request(list(by_name))] if by_name else None


def _media_type(site: Site) -> str:
    content = _content(site)
    return essence(content.media_type).replace("*/*", "application/json") if content is not None else ""


def _accepts(described: ApiModel, schema: Node, value: JsonValue) -> bool:
    return described.schemas.accepts(schema, value, Direction.REQUEST)


def _without_key(value: JsonValue, profile: Profile) -> JsonValue:
    if profile.carrier is not Carrier.BODY or not isinstance(value, dict):
        return value
    return without_value(value, profile.field)


def _with_key(value: JsonValue, profile: Profile) -> JsonValue:
    carried = profile.carrier is Carrier.BODY and isinstance(value, dict)
    return with_value(value, profile.field, fresh_key(profile.format)) if carried and isinstance(value, dict) else value


def _variants(value: JsonValue) -> Iterable[JsonValue]:
    """Yield a value with one scalar changed a little: numbers first, since more texts than numbers mean something."""
    yield from _changed(value, _next_number)
    yield from _changed(value, _next_text)


def _next_number(value: JsonValue) -> JsonValue:
    return value + 1 if isinstance(value, int | float) and not isinstance(value, bool) else None


def _next_text(value: JsonValue) -> JsonValue:
    return f"{value}2" if isinstance(value, str) else None


def _changed(value: JsonValue, change: Callable[[JsonValue], JsonValue]) -> Iterable[JsonValue]:
    if isinstance(value, dict):
        for name, inner in value.items():
            for other in _changed(inner, change):
                yield {**value, name: other}
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            for other in _changed(inner, change):
                yield [*value[:at], other, *value[at + 1 :]]
    elif (other := change(value)) is not None:
        yield other


def _grown(described: ApiModel, schema: Node, value: JsonValue) -> JsonValue:
    """Return an object with one more property that the schema has; None where there is none."""
    if not isinstance(value, dict):
        return None
    for name, parts in Merged.of((schema,)).properties().items():
        if name not in value:
            grown = {**value, name: described.samples.fit(parts[0])}
            if _accepts(described, schema, grown):
                return grown
    return None


def _pairs(name: str, value: JsonValue) -> Iterable[tuple[str, str]]:
    """Yield a value as the fields of a form: `a[b]` for what is nested, and a field for each item of a list."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _pairs(f"{name}[{key}]" if name else key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _pairs(name, inner)
    elif value is not None:
        yield name, _text(value)
