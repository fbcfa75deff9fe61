"""Everything that is done once per call, before its first attempt: the key, the URL, the bytes, the credentials."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from email.utils import formatdate
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, assert_never, cast
from urllib.parse import unquote, urlsplit
from uuid import UUID

from msgspec import Struct

from ..auth.credentials import MovingToken, Requirement, Signature, moving_token, sign
from ..codec.json import as_sent, present
from ..concurrency.fork import importing
from ..retry.dialect import Carrier, refuse_standing_key
from ..retry.keys import mint, validate
from ..retry.loop import CallState
from ..retry.record import CallInfo
from ..retry.rules import CallFacts, refuse_unsafe_statuses, with_max_retries
from ..retry.wire import WireRequest
from ..safety import Evidence, Safety
from ..telemetry import open_trace
from ..text import may_hold_secret, shown_url
from ..types import OMIT, CallOptions, Omit, is_fields, timeout_of
from .body import is_replayable
from .encode import (
    SIMPLE,
    Body,
    Style,
    cookie_pairs,
    expand_path,
    form_body,
    header_value,
    json_body,
    query_string,
    raw_body,
    simplify,
)
from .parameters import with_parameters
from .servers import own_base, without_userinfo

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ..call import Call, Endpoint, Settings
    from ..retry.dialect import Profile
    from .body import Content


class UnsignedRequest(Struct, frozen=True):
    """A request without its credentials: what a journal may keep.

    Args:
        method: the HTTP method.
        target: path and query below the base URL; a whole URL where the operation has a server of its own.
        headers: names and values in order; the key is among them where it travels in a header.
        content: the body.
        security: the alternatives of credentials that the operation asks for.
        is_whole: whether its headers are all that is sent but credentials, so that nothing of the client is added.
        leads_away: the redirects to another origin that the document gives to a read.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    content: Content | None
    security: Requirement
    is_whole: bool = False
    leads_away: tuple[int, ...] = ()

    def __repr__(self) -> str:
        # A server's link to the next page may hold credentials, and a repr ends up in logs.
        return f"UnsignedRequest({self.method!r}, {shown_url(self.target)!r})"


class SharedHeaders(Struct, frozen=True):
    """What all requests of a client have in common that ask for the same credentials.

    Args:
        headers: names and values by the names in lower case.
        query: credentials in the query, encoded.
        secret_names: their names.
        cookies: credentials in cookies, encoded.
        token: where a token comes from that is not known yet, and so is not among all these.
    """

    headers: Mapping[str, tuple[str, str]]
    query: str
    secret_names: frozenset[str]
    cookies: str
    token: MovingToken | None

    def __repr__(self) -> str:
        return "SharedHeaders('…')"


class KeyOrigin(Enum):
    """Where the key of a call comes from."""

    MINTED = "minted"
    """It was made for this call."""
    OWN = "own"
    """The caller brought it."""
    REFERENCE_NEW = "new reference"
    """It was made for the caller's reference, with this call."""
    REFERENCE_KNOWN = "known reference"
    """It stands in a journal for the caller's reference."""


class Prepared(Struct, frozen=True):
    """A call that is ready to be sent.

    Args:
        unsigned: the request without its credentials.
        request: the request as it goes over the wire, without a token that is still to be fetched.
        state: the state of the call.
        extra: the headers of this call alone.
        token: where its token comes from, if it is not known yet.
        origin: where its key comes from, if it has one.
        reference: the caller's own name for what is to be done once; empty where they gave none.
    """

    unsigned: UnsignedRequest
    request: WireRequest
    state: CallState
    extra: Mapping[str, str]
    token: MovingToken | None
    origin: KeyOrigin = KeyOrigin.MINTED
    reference: str = ""

    def __repr__(self) -> str:
        return f"Prepared({self.unsigned!r})"


def prepare(settings: Settings, name: str, endpoint: Endpoint, call: Call[Any]) -> Prepared:
    """Turn the arguments of a call into a request, and begin the record of the call.

    Raises:
        ValueError: an argument cannot be sent.
    """
    if settings.parameters:
        call = with_parameters(call, settings.parameters)
    options = call.options or _NO_OPTIONS
    profile = endpoint.profile or settings.profile
    given = given_key(settings, endpoint, profile, call)
    # Of a reference the journal knows whether it was used, and with which bytes.
    resumed = given is not None and not call.first_use and options.reference is None
    key = _key(endpoint, profile, given)
    evidence = None if key is None else endpoint.evidence
    unsigned = _unsigned(settings, endpoint, call, profile, key)
    url = _shown(settings, unsigned.target)
    info = CallInfo(name, endpoint.method, endpoint.path, endpoint.safety, key, evidence, url)
    if options.retry is not None and options.retry.statuses is not None and endpoint.safety is Safety.UNSAFE:
        refuse_unsafe_statuses(options.retry, name)
    policy, retry_if = settings.policy(endpoint.retry, with_max_retries(options.retry, options.max_retries))
    facts = CallFacts(
        endpoint.safety,
        replayable=is_replayable(unsigned.content),
        resumed=resumed,
        evidence=evidence,
        key_only=endpoint.key_only,
        expects_html=_expects_html(endpoint),
        documents=endpoint.documents,
        settled_by=_settled_by(endpoint, profile, resumed=resumed) if key is not None else (),
        key_ttl=profile.ttl,
    )
    state = CallState(
        info,
        facts,
        policy,
        retry_if,
        profile,
        settings.timeout if options.timeout is None else timeout_of(options.timeout),
        settings.budget,
        settings.hooks,
        settings.clock,
        open_trace(info, whole_url(settings, unsigned.target)),
        settings.max_response_bytes,
    )
    reference = options.reference or ""
    origin = KeyOrigin.MINTED if given is None else _origin(reference, first_use=call.first_use)
    return ready(settings, unsigned, state, options.headers or _NOTHING, origin, reference)


def _origin(reference: str, *, first_use: bool) -> KeyOrigin:
    if not reference:
        return KeyOrigin.OWN
    return KeyOrigin.REFERENCE_NEW if first_use else KeyOrigin.REFERENCE_KNOWN


def ready(  # the parts of a prepared call
    settings: Settings,
    unsigned: UnsignedRequest,
    state: CallState,
    extra: Mapping[str, str],
    origin: KeyOrigin = KeyOrigin.MINTED,
    reference: str = "",
) -> Prepared:
    """Return a call that is ready to be sent, from its unsigned request and its state."""
    request = signed(settings, unsigned, extra)
    return Prepared(unsigned, request, state, extra, _shared(settings, unsigned.security).token, origin, reference)


def signed(
    settings: Settings, unsigned: UnsignedRequest, extra: Mapping[str, str], token: str | None = None
) -> WireRequest:
    """Add credentials and the caller's own headers, which cannot change the key, to an unsigned request.

    Args:
        settings: the client's.
        unsigned: the request without credentials.
        extra: the headers of this call alone.
        token: the token of the moment, where a credential says only where it comes from.
    """
    shared = _shared(settings, unsigned.security)
    if token is not None:
        shared = _share(settings, sign(settings.credentials, unsigned.security, token), shared.token)
    if unsigned.is_whole:
        headers = _Headers(_NOTHING)
        headers.put_all(sign(settings.credentials, unsigned.security, token).headers)
    else:
        headers = _Headers(shared.headers)
    headers.put_all(extra.items())
    for name, value in unsigned.headers:
        headers.found[name.lower()] = name, value
    if shared.cookies:
        headers.append("Cookie", "; ", shared.cookies)
    target = unsigned.target
    if shared.query:
        target = without_parameters(target, shared.secret_names)
        target += f"{'&' if '?' in target else '?'}{shared.query}"
    url = whole_url(settings, target)
    return WireRequest(unsigned.method, url, headers.listed(), unsigned.content, settings.cookies, unsigned.leads_away)


def _shared(settings: Settings, requirement: Requirement) -> SharedHeaders:
    """Return what all requests with a security requirement share, worked out once for each client."""
    found = settings.shared.get(requirement)
    if found is None:
        token = moving_token(settings.credentials, requirement)
        found = _share(settings, sign(settings.credentials, requirement), token)
        settings.shared[requirement] = found
    return found


def _share(settings: Settings, signature: Signature, token: MovingToken | None) -> SharedHeaders:
    headers = _Headers({})
    usual = (("User-Agent", settings.user_agent), ("Accept", "application/json"))
    headers.put_all((*usual, *signature.headers, *settings.headers.items()))
    return SharedHeaders(
        headers.found,
        "&".join(f"{name}={value}" for name, value in signature.query),
        frozenset(name for name, _ in signature.query),
        "; ".join(f"{name}={value}" for name, value in cookie_pairs(dict(signature.cookies))),
        token,
    )


def secret_headers(settings: Settings, unsigned: UnsignedRequest, carrier: str, names: Iterable[str]) -> frozenset[str]:
    """Return which headers may hold credentials, by their names in lower case; that of the key holds none.

    Args:
        settings: the client's.
        unsigned: the request.
        carrier: the name of the header that carries the key.
        names: the names of the headers, in any case.
    """
    of_schemes = {name.lower() for name, _ in sign(settings.credentials, unsigned.security).headers}
    known = {"authorization", "proxy-authorization", "cookie", *of_schemes}
    lowered = {name.lower() for name in names} - {carrier.lower()}
    return frozenset(name for name in lowered if name in known or may_hold_secret(name))


_HARMLESS: Final = frozenset({
    "accept", "content-type", "traceparent", "tracestate", "user-agent",
})  # fmt: skip


def secrets_of(request: WireRequest, carrier: str) -> list[str]:
    """Return all that may be a credential in a request, to be taken out of what a server says of it.

    Args:
        request: as it was sent.
        carrier: the name of the header that carries the key, which is no credential.
    """
    found: list[str] = []
    for name, value in request.headers:
        if name.lower() not in _HARMLESS and name.lower() != carrier.lower():
            pieces = [value, value.partition(" ")[2], *(pair.partition("=")[2] for pair in value.split("; "))]
            if value[:6].lower() == "basic ":
                with suppress(ValueError):
                    pieces += base64.b64decode(value[6:]).decode("utf-8", "replace").split(":", 1)
            found += pieces
    parts = urlsplit(request.url)
    if parts.password:
        found += [
            unquote(parts.password),
            base64.b64encode(f"{unquote(parts.username or '')}:{unquote(parts.password)}".encode()).decode(),
        ]
    return [*found, *(unquote(pair.partition("=")[2]) for pair in parts.query.split("&"))]


def secret_parameters(target: str, carrier: str) -> tuple[str, ...]:
    """Return the names of query parameters that may hold credentials; that of the key holds none.

    Args:
        target: path and query.
        carrier: the name of the parameter that carries the key.
    """
    names = (pair.partition("=")[0] for pair in target.partition("?")[2].split("&"))
    return tuple(name for name in names if name != carrier and may_hold_secret(name))


def without_credentials(settings: Settings, unsigned: UnsignedRequest) -> str:
    """Return the target of an unsigned request without the parameters in which credentials are sent."""
    return without_parameters(unsigned.target, _shared(settings, unsigned.security).secret_names)


def without_parameters(target: str, names: Collection[str]) -> str:
    """Remove parameters from a target: a server's link to the next page may hold the credentials that it was sent."""
    path, _, query = target.partition("?")
    kept = [pair for pair in query.split("&") if pair and pair.partition("=")[0] not in names]
    return f"{path}?{'&'.join(kept)}" if kept else path


def _shown(settings: Settings, target: str) -> str:
    """Return where a request goes, for people: without query, user and password."""
    path = target.partition("?")[0]
    return shown_url(path) if path.startswith(("http://", "https://")) else settings.shown_base + path


def whole_url(settings: Settings, target: str) -> str:
    """Return the whole URL of the target of an unsigned request."""
    if not target.startswith(("http://", "https://")):
        return settings.base_url + target
    base, own = urlsplit(settings.base_url), urlsplit(target)
    if "@" in base.netloc and base.scheme == own.scheme and base.netloc.rpartition("@")[2] == own.netloc:
        # Kept without them, and sent with the user and password of the client that sends it.
        return own._replace(netloc=base.netloc).geturl()
    return target


_PAYMENT_REQUIRED: Final = (402,)
_OWN_REFUSALS: Final = (400, 409, 422)
_NO_OPTIONS: Final = CallOptions()
_NOTHING: Final[Mapping[str, Any]] = {}


def given_key(settings: Settings, endpoint: Endpoint, profile: Profile, call: Call[Any]) -> str | None:
    """Return the key that the caller brings, as an argument or as the header that carries it; None where there is none.

    Raises:
        ValueError: they bring two, or one for all calls of the client.
    """
    given = None if call.idempotency_key is None else _text("idempotency_key", call.idempotency_key)
    if endpoint.safety is not Safety.KEYED or profile.carrier is Carrier.QUERY:
        return given
    if profile.carrier is Carrier.BODY:
        held = _key_in(call.body, profile.field)
        if given is not None and held is not None and held != given:
            raise ValueError(f"two keys were given for one call: as idempotency_key, and as {'.'.join(profile.field)}")
        return held if given is None else given
    if endpoint.profile is not None and settings.headers:
        refuse_standing_key(profile, settings.headers)
    headers = call.options.headers if call.options is not None else None
    found = [] if given is None else [given]
    for name, value in (headers or _NOTHING).items():
        if name.lower() == profile.name.lower():
            text = _text(name, value)
            found.append(_unquoted(text) if profile.quoted else text)
    if len(set(found)) > 1:
        raise ValueError(f"several keys were given for one call: as idempotency_key, or as the header {profile.name}")
    return found[0] if found else None


def _key_in(body: object, path: tuple[str, ...]) -> str | None:
    """Return the key that a body already holds; None where it holds none.

    Raises:
        ValueError: what stands there cannot be a key.
    """
    found: object = body
    for name in path:
        found = simplify(found) if found is not OMIT else None
        found = found.get(name) if is_fields(found) else None
    return None if found is None or found is OMIT else _text(".".join(path), found)


def _text(name: str, value: object) -> str:
    """Return a key that the caller brings as a text.

    Raises:
        ValueError: it is neither a text nor a UUID.
    """
    if not isinstance(value, (str, UUID)) or not value:
        raise ValueError(f"{name} must be a text or a UUID that no other call has, and not {value!r}")
    return str(value)


def _key(endpoint: Endpoint, profile: Profile, given: str | None) -> str | None:
    if endpoint.safety is not Safety.KEYED:
        return None
    return mint(profile.format) if given is None else validate(given, profile.format)


class _PlacedKey(NamedTuple):
    """The parts of a request that the key is added to; at most one holds it."""

    headers: Mapping[str, str] = _NOTHING
    query: Mapping[str, object] = _NOTHING
    field: tuple[str, ...] = ()


_NO_KEY: Final = _PlacedKey()


def _placed(profile: Profile, key: str | None) -> _PlacedKey:
    if key is None:
        return _NO_KEY
    match profile.carrier:
        case Carrier.HEADER:
            return _PlacedKey(headers={profile.name: _quoted(key) if profile.quoted else key})
        case Carrier.QUERY:
            return _PlacedKey(query={profile.name: key})
        case Carrier.BODY:
            return _PlacedKey(field=profile.field)
        case _:
            assert_never(profile.carrier)


def _settled_by(endpoint: Endpoint, profile: Profile, *, resumed: bool) -> tuple[int, ...]:
    """Return the statuses by which the operation itself refuses a request under its key.

    A key of which nobody says that the API honours it may mean nothing to the server. Of a key that the caller brings,
    nobody knows with which bytes it was sent before.
    """
    if endpoint.evidence is Evidence.ASSUMED:
        return ()
    if resumed:
        return _PAYMENT_REQUIRED
    if profile.in_flight is not None:
        return _PAYMENT_REQUIRED + _OWN_REFUSALS
    return _PAYMENT_REQUIRED + tuple([status for status in endpoint.documents if status in _OWN_REFUSALS])


def _expects_html(endpoint: Endpoint) -> bool:
    """Whether a page of HTML may be the operation's own answer: nothing else is promised, or HTML is."""
    return endpoint.returns is None or "html" in endpoint.accept or "*" in endpoint.accept


def _unsigned(
    settings: Settings, endpoint: Endpoint, call: Call[Any], profile: Profile, key: str | None
) -> UnsignedRequest:
    placed = _placed(profile, key)
    body = _body(endpoint, call, placed.field, key)
    headers = _Headers(_NOTHING)
    own = call.options.headers if call.options is not None and call.options.headers else _NOTHING
    wanted = _named(own, "accept")
    if wanted is not None:
        headers.put("Accept", wanted)
    elif endpoint.accept != "application/json":
        headers.put("Accept", endpoint.accept if endpoint.accept_only else _with_last_resort(endpoint.accept))
    if call.headers:
        headers.put_given(call.headers, endpoint.header_styles)
    if body is not None:
        headers.put("Content-Type", _content_type(endpoint, body, _named(own, "content-type")))
    for name, value in placed.headers.items():
        headers.put(name, value)
    if key is not None and profile.first_sent:
        headers.put(profile.first_sent, formatdate(settings.clock.wall(), usegmt=True))
    cookies = cookie_pairs(call.cookies, endpoint.cookie_styles) if call.cookies else ()
    if cookies:
        headers.put("Cookie", "; ".join(f"{name}={value}" for name, value in cookies))
    return UnsignedRequest(
        endpoint.method,
        _base(settings, endpoint) + _target(endpoint, call, placed.query),
        headers.listed(),
        None if body is None else body.content,
        settings.security if endpoint.security is None else endpoint.security,
        leads_away=endpoint.documents if endpoint.safety is Safety.SAFE else (),
    )


def _named(headers: Mapping[str, str], name: str) -> str | None:
    """Return the value of a header by its name in lower case; None where there is none."""
    return next((value for known, value in headers.items() if known.lower() == name), None)


def _with_last_resort(accept: str) -> str:
    """Return what to ask for, with anything else in the end where that is no JSON: refusals are seldom of that kind."""
    return accept if "*/*" in accept or "json" in accept.lower() else f"{accept}, */*;q=0.1"


def _content_type(endpoint: Endpoint, body: Body, wanted: str | None) -> str:
    """Return the media type of a body: the caller's own, where the same bytes can be of it.

    Raises:
        ValueError: they cannot: forms are written in the type that the document says.
    """
    if wanted is None or wanted == body.media_type:
        return body.media_type
    if endpoint.body in {"form", "multipart"}:
        raise ValueError(f"this body is sent as {endpoint.media_type}, and cannot be sent as {wanted!r}")
    if endpoint.body == "json" and "json" not in wanted.lower():
        raise ValueError(f"this body is JSON, and cannot be sent as {wanted!r}")
    return wanted


def _base(settings: Settings, endpoint: Endpoint) -> str:
    """Return what stands before the path in its unsigned request: nothing, unless it has a server of its own."""
    if not endpoint.server:
        return ""
    return without_userinfo(
        own_base(endpoint.server, settings.base_url, settings.variables, is_moved=settings.is_moved)
    )


def _target(endpoint: Endpoint, call: Call[Any], key_parameter: Mapping[str, object]) -> str:
    path = expand_path(endpoint.path, call.path or _NOTHING, endpoint.path_styles)
    given = (call.query or _NOTHING) if call.query_text is None else _NOTHING
    unlisted = _unlisted_query(call)
    if not given and not key_parameter and not call.query_text and not unlisted:
        return path
    own = query_string({**given, **unlisted, **key_parameter}, endpoint.query_styles)
    text = "&".join(part for part in (call.query_text, own) if part)
    if not text:
        return path
    return f"{path}{'&' if '?' in path else '?'}{text}"


def _unlisted_query(call: Call[Any]) -> Mapping[str, object]:
    """Return the query parameters of a call that the document does not list; a server's own query has them already."""
    if call.options is None or not call.options.query or call.query_text is not None:
        return _NOTHING
    return call.options.query


class _Headers:
    """Headers of a request; a later one takes the place of an earlier one of the same name."""

    __slots__ = ("found",)

    def __init__(self, known: Mapping[str, tuple[str, str]]) -> None:
        self.found = dict(known)

    def put(self, name: str, value: str) -> None:
        self.found[name.lower()] = (name, header_value(name, value))

    def put_all(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Put headers that may be credentials.

        Raises:
            ValueError: a value cannot be sent. No frame of its traceback holds one: reports show what frames hold.
            TypeError: it is none; likewise.
        """
        refused: ValueError | TypeError | None = None
        name = value = ""
        for name, value in pairs:
            try:
                self.put(name, value)
            except (ValueError, TypeError) as error:
                refused = error.with_traceback(None)
                break
        if refused is not None:
            del pairs, name, value
            raise refused

    def put_given(self, values: Mapping[str, object], styles: Mapping[str, Style]) -> None:
        for name, value in values.items():
            if value is not None and value is not Omit.OMIT:
                self.found[name.lower()] = (name, header_value(name, value, styles.get(name, SIMPLE)))

    def listed(self) -> tuple[tuple[str, str], ...]:
        return tuple(self.found.values())

    def append(self, name: str, joint: str, value: str) -> None:
        known = self.found.get(name.lower())
        self.put(name, f"{known[1]}{joint}{value}" if known else value)


def _quoted(key: str) -> str:
    """Spell a key as a string of RFC 8941 section 3.3.3."""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unquoted(text: str) -> str:
    """Return the content of a string of RFC 8941 section 3.3.3; a text that is none stays as it is."""
    if len(text) < 2 or not (text.startswith('"') and text.endswith('"')):  # noqa: PLR2004
        return text
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _fields_of(endpoint: Endpoint, body: object) -> Mapping[str, object]:
    """Return the fields of a body that must carry the key beside them.

    Raises:
        ValueError: it has no fields, so it cannot carry one.
    """
    if body is OMIT:
        return {}
    # Files among the fields of a form stay what they are.
    simple = dict(cast("Mapping[str, object]", body)) if endpoint.body == "multipart" else simplify(body)
    if not is_fields(simple):
        raise ValueError("the idempotency key travels in a field of the body, and this body is not an object")
    return simple


def _with_field(fields: Mapping[str, object], path: tuple[str, ...], value: str) -> dict[str, object]:
    """Return the fields of a body with one more, in objects that are made where they are not there.

    Raises:
        ValueError: something else stands where an object should be.
    """
    name, *rest = path
    if not rest:
        return {**fields, name: value}
    inner: object = fields.get(name)
    inner = dict[str, object]() if inner is None or inner is OMIT else simplify(inner)
    if not is_fields(inner):
        raise ValueError(f"the idempotency key travels in {name!r} of the body, and that is not an object")
    return {**fields, name: _with_field(inner, tuple(rest), value)}


def _with_unlisted(endpoint: Endpoint, call: Call[Any]) -> object:
    """Return the body of a call, with the fields beside it that the document does not list.

    Raises:
        ValueError: the body has no fields.
    """
    unlisted = call.options.body if call.options is not None else None
    if not unlisted:
        return call.body
    if endpoint.body == "raw":
        raise ValueError("options.body adds fields to a body, and this body is sent as it is")
    try:
        return {**_fields_of(endpoint, call.body), **unlisted}
    except ValueError:
        raise ValueError("options.body adds fields to a body, and this body is not an object") from None


def _as_documented(fields: object, endpoint: Endpoint) -> Any:  # noqa: ANN401  # fields, or what is none
    """Return the fields of a form, of which the objects are without what only comes back."""
    kinds = endpoint.sends() if endpoint.sends is not None else None
    if not (is_fields(fields) and is_fields(kinds)):
        return fields
    given = present(fields)
    held = [name for name in kinds if given.get(name) is not None]
    return {**fields, **{name: as_sent(given[name], kinds[name]) for name in held}}


def _body(endpoint: Endpoint, call: Call[Any], key_field: tuple[str, ...], key: str | None) -> Body | None:
    value = _with_unlisted(endpoint, call)
    if key_field and key is not None:
        value = _with_field(_fields_of(endpoint, value), key_field, key)
    if value is OMIT or (not endpoint.body_required and is_fields(value) and not present(value)):
        return None
    match endpoint.body:
        case "json":
            return json_body(value, endpoint.media_type, endpoint.sends)
        case "form":
            return form_body(_as_documented(value, endpoint), endpoint.form_styles)
        case "multipart":
            with importing():
                from .multipart import multipart_body  # noqa: PLC0415  # most programs send none

            fields = _as_documented(value, endpoint)
            return multipart_body(
                fields, endpoint.part_types, endpoint.media_type, key, endpoint.files, endpoint.form_styles
            )
        case "raw":
            return raw_body(value, endpoint.media_type)
