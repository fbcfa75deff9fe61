"""An operation's facts, one call of it, and the way from arguments to a request and from an answer to a value."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, cast

from ._auth import Requirement, sign
from ._codec import DecodeFailureError, decode, present
from ._drive import Clock, Flight, Hooks, log
from ._errors import APIDecodeError, connection_error, explain, request_id, status_error_class
from ._keys import mint, validate
from ._policy import Answered, Attempt, CallFacts, Certainty, RetryPolicy, Safety, is_success
from ._record import CallInfo, CallRecord
from ._request import (
    FORM,
    Body,
    Style,
    expand_path,
    form_body,
    header_value,
    json_body,
    multipart_body,
    query_string,
    raw_body,
    style_pairs,
)
from ._types import OMIT, CallOptions, Omit, Timeout, is_fields
from ._wire import RawAnswer, WireRequest

if TYPE_CHECKING:
    from ._auth import Credential, Signature
    from ._budget import Budget
    from ._profile import Profile

T = TypeVar("T")
Types: TypeAlias = Mapping[int | str, object]
"""Types by status, by range such as `4XX`, or under `default`."""
BodyKind: TypeAlias = Literal["json", "form", "multipart", "raw"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is the same in every call of an operation.

    Args:
        method: the HTTP method.
        path: the path template.
        safety: what sending it twice may do.
        returns: makes the type of a success, or the types by status; None where no body comes back.
        errors: makes the types of error bodies by status.
        body: how the body is written.
        media_type: the media type of the request body.
        body_required: whether an empty body is sent as well.
        accept: the value of the Accept header.
        security: the alternatives of credentials; None for the client's default.
        styles: spellings of parameters that are not the default of their location, by `location:name`.
        part_types: media types of the parts of a multipart body.
        retry: how the API's document wants the operation to be retried, if it says so.
        profile: the dialect of idempotency where it differs from the client's.
    """

    method: str
    path: str
    safety: Safety
    returns: Callable[[], object] | None = None
    errors: Callable[[], Types] | None = None
    body: BodyKind = "json"
    media_type: str = "application/json"
    body_required: bool = True
    accept: str = "application/json"
    security: Requirement | None = None
    path_styles: Mapping[str, Style] = field(default_factory=dict[str, Style])
    query_styles: Mapping[str, Style] = field(default_factory=dict[str, Style])
    header_styles: Mapping[str, Style] = field(default_factory=dict[str, Style])
    form_styles: Mapping[str, Style] = field(default_factory=dict[str, Style])
    part_types: Mapping[str, str] = field(default_factory=dict[str, str])
    retry: RetryPolicy | None = None
    profile: Profile | None = None


class Call(Generic[T]):
    """One call of an operation: its arguments under their names on the wire.

    Args:
        path: path parameters.
        query: query parameters.
        headers: header parameters.
        cookies: cookie parameters.
        body: the body: a mapping of fields, or any value that the endpoint's kind of body can hold.
        idempotency_key: the caller's own key; None to mint one where the operation is keyed.
        options: settings of this call alone.
    """

    __slots__ = ("body", "cookies", "headers", "idempotency_key", "options", "path", "query")

    def __init__(  # the parts of a request
        self,
        *,
        path: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, object] | None = None,
        cookies: Mapping[str, object] | None = None,
        body: object = OMIT,
        idempotency_key: str | None = None,
        options: CallOptions | None = None,
    ) -> None:
        self.path = path
        self.query = query
        self.headers = headers
        self.cookies = cookies
        self.body = body
        self.idempotency_key = idempotency_key
        self.options = options


@dataclass(frozen=True, slots=True)
class Response(Generic[T]):
    """A result with the answer behind it.

    Args:
        data: the decoded result.
        status: the HTTP status.
        headers: the answer's headers, looked up without regard to case.
        content: the answer's body as it came, decompressed.
        replayed: whether the server gave the stored answer of an earlier request with this key.
        record: the call with its attempts.
    """

    data: T
    status: int
    headers: Mapping[str, str]
    content: bytes
    replayed: bool
    record: CallRecord

    @property
    def request_id(self) -> str | None:
        """The server's own id of this answer, if it gave one."""
        return request_id(self.headers)

    @property
    def idempotency_key(self) -> str | None:
        """The key that all attempts carried."""
        return self.record.call.idempotency_key

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every attempt, in order."""
        return self.record.attempts

    @property
    def certainty(self) -> Certainty:
        """What is known of the effect of the call."""
        return self.record.certainty


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client keeps for all of its calls.

    Args:
        base_url: the URL that paths are appended to.
        user_agent: the value of the User-Agent header.
        credentials: by security scheme.
        security: the document's default alternatives.
        profile: the API's dialect of idempotency.
        retry: the retry policy that the caller chose, if any.
        usual_retry: the retry policy otherwise, where an operation has none of its own.
        timeout: the limits on each attempt.
        headers: further headers of every request.
        strict: raise where an answer does not match its schema.
        hooks: what to tell the caller.
        budget: the retry budget.
        clock: time and chance.
    """

    base_url: str
    user_agent: str
    credentials: Mapping[str, Credential]
    security: Requirement
    profile: Profile
    retry: RetryPolicy | None
    usual_retry: RetryPolicy
    timeout: Timeout
    headers: Mapping[str, str]
    strict: bool
    hooks: Hooks
    budget: Budget
    clock: Clock


def prepare(settings: Settings, name: str, endpoint: Endpoint, call: Call[Any]) -> tuple[WireRequest, Flight]:
    """Everything that is done once per call, before its first attempt: the key, the URL and the bytes.

    Raises:
        ValueError: an argument cannot be sent.
    """
    options = call.options or _NO_OPTIONS
    profile = endpoint.profile or settings.profile
    key = _key(endpoint, profile, call)
    info = CallInfo(name, endpoint.method, endpoint.path, endpoint.safety, key)
    facts = CallFacts(endpoint.safety, resumed=call.idempotency_key is not None, key_ttl=profile.ttl)
    flight = Flight(
        info,
        facts,
        options.retry or settings.retry or endpoint.retry or settings.usual_retry,
        profile,
        options.timeout or settings.timeout,
        settings.budget,
        settings.hooks,
        settings.clock,
    )
    return _wire(settings, endpoint, call, key), flight


def finish(
    settings: Settings, endpoint: Endpoint, call: Call[T], flight: Flight, answer: RawAnswer | None
) -> Response[T]:
    """The value of a settled flight.

    Raises:
        APIStatusError: the server refused.
        APIConnectionError: no complete answer came back.
        APIDecodeError: it was done, but the answer cannot be read.
    """
    record = flight.record
    outcome = flight.outcome
    if answer is None or not isinstance(outcome, Answered):
        raise connection_error(record)
    if not is_success(answer.status):
        _raise_status(endpoint, record, outcome, answer)
    options = call.options
    strict = settings.strict if options is None or options.strict is None else options.strict
    value = _success(endpoint, record, answer, strict=strict)
    return Response(cast("T", value), answer.status, answer.headers, answer.content, outcome.replayed, record)


_NO_OPTIONS = CallOptions()


def _key(endpoint: Endpoint, profile: Profile, call: Call[Any]) -> str | None:
    if endpoint.safety is not Safety.KEYED:
        return None
    if call.idempotency_key is None:
        return mint(profile.format)
    return validate(call.idempotency_key, profile.format)


def _wire(settings: Settings, endpoint: Endpoint, call: Call[Any], key: str | None) -> WireRequest:
    profile = endpoint.profile or settings.profile
    carrier = profile.carrier if key is not None else ""
    signature = sign(settings.credentials, settings.security if endpoint.security is None else endpoint.security)
    body = _body(endpoint, call, {profile.name: key} if carrier == "body" else None)
    headers = _Headers()
    headers.put("User-Agent", settings.user_agent)
    headers.put("Accept", endpoint.accept)
    headers.put_given(call.headers or {}, endpoint.header_styles)
    if body is not None:
        headers.put("Content-Type", body.media_type)
    for name, value in (
        *signature.headers,
        *settings.headers.items(),
        *((call.options or _NO_OPTIONS).headers or {}).items(),
    ):
        headers.put(name, value)
    if key is not None and carrier == "header":
        # Last, so that nothing can send another key than the one that errors and journals name.
        headers.put(profile.name, f'"{key}"' if profile.quoted else key)
    if key is not None and profile.first_sent:
        headers.put(profile.first_sent, formatdate(settings.clock.wall(), usegmt=True))
    cookies = _cookies(call.cookies or {}) + list(signature.cookies)
    if cookies:
        headers.put("Cookie", "; ".join(f"{name}={value}" for name, value in cookies))
    url = _url(settings, endpoint, call, {profile.name: key} if carrier == "query" else {}, signature)
    return WireRequest(endpoint.method, url, headers.listed(), None if body is None else body.content)


def _url(
    settings: Settings, endpoint: Endpoint, call: Call[Any], key_parameter: Mapping[str, object], signature: Signature
) -> str:
    url = settings.base_url + expand_path(endpoint.path, call.path or {}, endpoint.path_styles)
    parts = [query_string({**(call.query or {}), **key_parameter}, endpoint.query_styles)]
    parts += [f"{name}={value}" for name, value in signature.query]
    text = "&".join(part for part in parts if part)
    if not text:
        return url
    return f"{url}{'&' if '?' in url else '?'}{text}"


class _Headers:
    """Headers of a request; a later one takes the place of an earlier one of the same name."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, str]] = {}

    def put(self, name: str, value: str) -> None:
        self._found[name.lower()] = (name, header_value(name, value))

    def put_given(self, values: Mapping[str, object], styles: Mapping[str, Style]) -> None:
        for name, value in values.items():
            if value is not None and value is not Omit.OMIT:
                self._found[name.lower()] = (name, header_value(name, value, styles.get(name, _HEADER_STYLE)))

    def listed(self) -> tuple[tuple[str, str], ...]:
        return tuple(self._found.values())


_HEADER_STYLE = Style("simple")


def _cookies(values: Mapping[str, object]) -> list[tuple[str, str]]:
    given = {name: value for name, value in values.items() if value is not None and value is not Omit.OMIT}
    return [pair for name, value in given.items() for pair in style_pairs(name, value, FORM)]


def _body(endpoint: Endpoint, call: Call[Any], key_field: Mapping[str, object] | None) -> Body | None:
    value = call.body
    if key_field is not None and (value is OMIT or is_fields(value)):
        fields = value if is_fields(value) else {}
        value = {**fields, **key_field}
    if value is OMIT or (not endpoint.body_required and is_fields(value) and not present(value)):
        return None
    match endpoint.body:
        case "json":
            return json_body(value, endpoint.media_type)
        case "form":
            return form_body(cast("Mapping[str, object]", value), endpoint.form_styles)
        case "multipart":
            return multipart_body(cast("Mapping[str, object]", value), endpoint.part_types)
        case "raw":
            return raw_body(value, endpoint.media_type)


def _raise_status(endpoint: Endpoint, record: CallRecord, outcome: Answered, answer: RawAnswer) -> None:
    kind = _type_for(endpoint.errors() if endpoint.errors is not None else {}, answer.status)
    body = _error_body(answer, Any if kind is None else kind)
    said = _server_words(body, answer.content)
    raise status_error_class(outcome, answer.content)(
        explain(record, f"the server answered {answer.status}", said),
        record,
        status=answer.status,
        headers=answer.headers,
        body=body,
        content=answer.content,
        retry_after=outcome.retry_after,
    )


def _error_body(answer: RawAnswer, kind: object) -> object:
    if not answer.content:
        return None
    try:
        return decode(answer.content, kind).value
    except DecodeFailureError:
        return answer.content.decode("utf-8", "replace")


def _server_words(body: object, content: bytes) -> str:
    """What an error body says, in one line, for the message."""
    try:
        document = decode(content, Any).value if content else None
    except DecodeFailureError:
        document = None
    for candidate in _levels(document):
        for name in ("message", "detail", "title", "error_description", "msg", "description"):
            text = candidate.get(name)
            if isinstance(text, str) and text:
                return f"it said: {_one_line(text)}"
    return f"it said: {_one_line(body)}" if isinstance(body, str) and body else ""


def _levels(document: object) -> list[dict[str, Any]]:
    if not is_fields(document):
        return []
    levels: list[object] = [document.get("error"), document]
    return [level for level in levels if is_fields(level)]


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def _success(endpoint: Endpoint, record: CallRecord, answer: RawAnswer, *, strict: bool) -> object:
    kinds = endpoint.returns() if endpoint.returns is not None else None
    kind = _type_for(cast("Types", kinds), answer.status) if isinstance(kinds, Mapping) else kinds
    if kind is None:
        return None
    if kind is bytes:
        return answer.content
    if kind is str and "json" not in answer.headers.get("content-type", ""):
        return answer.content.decode(_charset(answer.headers), "replace")
    if not answer.content:
        log.warning("%s: status %d came without a body", record.call.operation, answer.status)
        return None
    try:
        decoded = decode(answer.content, kind, strict=strict)
    except DecodeFailureError as error:
        message = explain(record, f"the answer with status {answer.status} cannot be read ({error})")
        raise APIDecodeError(
            message, record, status=answer.status, headers=answer.headers, content=answer.content
        ) from error
    if decoded.problem:
        log.warning("%s: the answer does not match its schema: %s", record.call.operation, decoded.problem)
    return decoded.value


def _type_for(types: Types, status: int) -> object:
    """The type for a status: its own, else its range's, else the default's (OpenAPI 3.1 section 4.8.16)."""
    for name in (status, f"{status // 100}XX", "default"):
        if name in types:
            return types[name]
    return None


def _charset(headers: Mapping[str, str]) -> str:
    _, _, charset = headers.get("content-type", "").lower().partition("charset=")
    name = charset.split(";")[0].strip().strip('"') or "utf-8"
    try:
        codecs.lookup(name)
    except LookupError:
        return "utf-8"
    return name
