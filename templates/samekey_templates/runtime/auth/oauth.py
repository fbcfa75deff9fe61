"""Tokens that come from somewhere: fetched with client credentials and shared, or returned by the caller's function.

A token is had before an attempt sends its first byte. Where none can be had, the attempt ends as one that was never
sent, and the retry rules say what comes next. Where the API refuses a token that is older than the call with 401,
nothing was done, and the attempt goes on with a new one: the same request, once in a call, as after a redirect.
"""

from __future__ import annotations

import base64
import inspect
import json
import re
import threading
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar, cast
from urllib.parse import parse_qsl, quote_plus, unquote_plus, urlencode, urljoin

import anyio
from msgspec import Struct

from ..concurrency.loops import current_loop
from ..retry.loop import log
from ..retry.rules import Failed, Failure, is_success
from ..retry.wire import Limits, RawAnswer, Result, WireRequest
from ..text import discreet, one_line, shown_url, without_secrets
from ..types import is_fields
from .credentials import ClientCredentials, NoToken, basic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..retry.loop import CallState, Clock

Event = TypeVar("Event", threading.Event, anyio.Event)
_UNAUTHORIZED: Final = 401
_MARGIN: Final = 60.0
_SHARE: Final = 0.1
_SENDABLE: Final = re.compile(r"[\x21-\x7e]+")
_LATER: Final = frozenset({408, 425, 429})
_FINAL: Final = frozenset({Failure.UNSENDABLE, Failure.REDIRECTED, Failure.UNDECODABLE})
"""Failures of a token request that the next one would meet again."""
_FOREVER: Final = float("inf")


class Token(Struct, frozen=True):
    """A token.

    Args:
        value: what is sent.
        since: the value of the monotonic clock before it was asked for.
        until: the value of the monotonic clock at which it counts as expired.
    """

    value: str
    since: float
    until: float

    def __repr__(self) -> str:
        return "Token('…')"


Get: TypeAlias = "Callable[[Token | None, Limits], Token | NoToken]"
"""Gives a token other than the refused one, if there can be another."""
AsyncGet: TypeAlias = "Callable[[Token | None, Limits], Awaitable[Token | NoToken]]"
Sign: TypeAlias = "Callable[[str], WireRequest]"
"""Makes the request of a call with a token."""
Send: TypeAlias = "Callable[[WireRequest, Limits], Result]"
AsyncSend: TypeAlias = "Callable[[WireRequest, Limits], Awaitable[Result]]"


# --- the token endpoint ---


def token_request(source: ClientCredentials, base_url: str, user_agent: str) -> WireRequest:
    """Build the request that fetches a token with client credentials (RFC 6749 sections 2.3.1 and 4.4.2)."""
    fields = {"grant_type": "client_credentials"}
    if source.scope:
        fields["scope"] = source.scope
    headers = {
        "User-Agent": user_agent,
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    if source.secret_in_body:
        fields |= {"client_id": source.client_id, "client_secret": source.client_secret}
    else:
        headers["Authorization"] = basic(quote_plus(source.client_id), quote_plus(source.client_secret))
    content = urlencode({**fields, **source.parameters}).encode()
    return WireRequest("POST", _joined(base_url, source.token_url), tuple(headers.items()), content)


def _joined(base_url: str, url: str) -> str:
    try:
        return urljoin(f"{base_url}/", url)
    except ValueError:
        # The transport says what is wrong with it.
        return url


def read_token(request: WireRequest, result: Result, since: float) -> Token | NoToken:
    """Read the token, or the reason why there is none, from the token endpoint's response (RFC 6749 section 5).

    Args:
        request: the request for the token.
        result: what came back.
        since: the value of the monotonic clock before it was sent.
    """
    where = f"no access token from {shown_url(request.url)}"
    if isinstance(result, Failed):
        kind = Failure.UNSENDABLE if result.failure in _FINAL else Failure.UNREACHABLE
        return NoToken(kind, f"{where}: {result}", timeout=result.timeout)
    body = _fields(result.content)
    if not is_success(result.status):
        later = result.status >= 500 or result.status in _LATER  # noqa: PLR2004
        kind = Failure.UNREACHABLE if later else Failure.UNSENDABLE
        return NoToken(kind, f"{where}: status {result.status}{_said(request, body)}")
    value, kind_of_token = body.get("access_token"), body.get("token_type", "bearer")
    if not isinstance(value, str) or not _SENDABLE.fullmatch(value):
        return NoToken(Failure.UNSENDABLE, f"{where}: the answer holds none that can be sent")
    if not isinstance(kind_of_token, str) or kind_of_token.lower() != "bearer":
        return NoToken(Failure.UNSENDABLE, f"{where}: the answer holds one that is not a bearer token")
    lifetime = _seconds(body.get("expires_in"))
    return Token(value, since, since + lifetime - min(_MARGIN, lifetime * _SHARE) if lifetime < _FOREVER else _FOREVER)


def _fields(content: bytes) -> dict[str, Any]:
    try:
        found: object = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if is_fields(found) else {}


def _secrets(request: WireRequest) -> list[str]:
    """Return what proves who asks, in each of its spellings: an endpoint may repeat it."""
    basic = next((value.partition(" ")[2] for name, value in request.headers if name == "Authorization"), "")
    form = dict(parse_qsl(request.content.decode())) if isinstance(request.content, bytes) else {}
    pair = base64.b64decode(basic).decode().partition(":")[2] if basic else ""
    return [basic, pair, unquote_plus(pair), form.get("client_secret", "")]


def _said(request: WireRequest, body: dict[str, Any]) -> str:
    """Return the token endpoint's own error text in one line (RFC 6749 section 5.2); empty where it gave none."""
    words = [body[name] for name in ("error", "error_description") if isinstance(body.get(name), str)]
    line = one_line(without_secrets(": ".join(words), _secrets(request)))
    return f" ({line})" if line else ""


def _seconds(value: object) -> float:
    """Return how many seconds a token lives, also where they are written as text; infinity where none are given."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return _FOREVER
    try:
        number = float(value)
    except ValueError:
        return _FOREVER
    return max(0.0, number) if number == number else _FOREVER  # noqa: PLR0124  # not a number equals nothing


# --- one token for all calls of a client ---


class _Fetch(Generic[Event]):
    """A token request on its way; `result` stays None where whoever sent it was cancelled."""

    __slots__ = ("done", "result")

    def __init__(self, done: Event) -> None:
        self.done: Event = done
        self.result: Token | NoToken | None = None


class _Shared:
    """The token of the moment.

    Args:
        request: the request for a token.
        clock: time.
    """

    def __init__(self, request: WireRequest, clock: Clock) -> None:
        self._request = request
        self._clock = clock
        self._token: Token | None = None

    def _usable(self, refused: Token | None) -> Token | None:
        token = self._token
        if token is None or token is refused or token.until <= self._clock.monotonic():
            # Nobody is given a refused token again, though the next one may be long in coming.
            self._token = None
        return self._token

    def _keep(self, result: Token | NoToken | None) -> None:
        if isinstance(result, Token):
            self._token = result

    def _left(self, limits: Limits) -> float:
        return max(0.0, limits.until - self._clock.monotonic())

    def _late(self) -> NoToken:
        where = shown_url(self._request.url)
        return NoToken(Failure.UNREACHABLE, f"no access token from {where} before the deadline", timeout=True)


class SharedTokens(_Shared):
    """Tokens for threads: one of them sends the request, the others wait for what comes of it."""

    def __init__(self, request: WireRequest, clock: Clock) -> None:
        super().__init__(request, clock)
        self._fetch: _Fetch[threading.Event] | None = None
        self._lock = threading.Lock()

    def get(self, refused: Token | None, limits: Limits, send: Send) -> Token | NoToken:
        """Return the shared token, and fetch it where there is none to use; `NoToken` says why none could be had."""
        while True:
            with self._lock:
                token, fetch = self._usable(refused), self._fetch
                if token is not None:
                    return token
                own = _Fetch(threading.Event())
                self._fetch = fetch or own
            if fetch is None:
                return self._ask(own, limits, send)
            if not fetch.done.wait(self._left(limits)):
                return self._late()
            if fetch.result is not None:
                return fetch.result

    def _ask(self, fetch: _Fetch[threading.Event], limits: Limits, send: Send) -> Token | NoToken:
        try:
            since = self._clock.monotonic()
            fetch.result = read_token(self._request, send(self._request, limits), since)
            return fetch.result
        finally:
            with self._lock:
                self._fetch = None
                self._keep(fetch.result)
            fetch.done.set()


class AsyncSharedTokens(_Shared):
    """Tokens for tasks: one of them sends the request, the others of its event loop wait for what comes of it."""

    def __init__(self, request: WireRequest, clock: Clock) -> None:
        super().__init__(request, clock)
        # An event belongs to a loop; a token does not.
        self._fetches: dict[object, _Fetch[anyio.Event]] = {}

    async def get(self, refused: Token | None, limits: Limits, send: AsyncSend) -> Token | NoToken:
        """Return the shared token, and fetch it where there is none to use; `NoToken` says why none could be had."""
        loop = current_loop()
        with anyio.move_on_after(self._left(limits)):
            while True:
                token, fetch = self._usable(refused), self._fetches.get(loop)
                if token is not None:
                    return token
                if fetch is None:
                    return await self._ask(loop, limits, send)
                await fetch.done.wait()
                if fetch.result is not None:
                    return fetch.result
        return self._late()

    async def _ask(self, loop: object, limits: Limits, send: AsyncSend) -> Token | NoToken:
        fetch = self._fetches[loop] = _Fetch(anyio.Event())
        try:
            since = self._clock.monotonic()
            fetch.result = read_token(self._request, await send(self._request, limits), since)
            return fetch.result
        finally:
            self._fetches.pop(loop, None)
            self._keep(fetch.result)
            fetch.done.set()


# --- the caller's own function ---


def called(function: Callable[[], object]) -> Token | NoToken:
    """Return the token that the caller's function gives now; the function keeps and renews its tokens itself."""
    try:
        value = function()
    except Exception as error:  # noqa: BLE001  # it is the caller's, and may raise anything
        return _function_failed(error)
    if inspect.iscoroutine(value):
        value.close()
        return NoToken(Failure.UNSENDABLE, "no access token: a coroutine function needs the async client")
    return _returned(value)


async def acalled(function: Callable[[], object], limits: Limits, clock: Clock) -> Token | NoToken:
    """Return the token that the caller's function gives now, in an event loop, where it may return an awaitable."""
    with anyio.move_on_after(max(0.0, limits.until - clock.monotonic())):
        try:
            value = function()
            return _returned(await value if inspect.isawaitable(value) else value)
        except Exception as error:  # noqa: BLE001  # it is the caller's, and may raise anything
            return _function_failed(error)
    return NoToken(
        Failure.UNREACHABLE, "no access token: the function did not return before the deadline", timeout=True
    )


def _returned(value: object) -> Token | NoToken:
    if isinstance(value, str) and _SENDABLE.fullmatch(value):
        return Token(value, -_FOREVER, _FOREVER)
    return NoToken(Failure.UNSENDABLE, "no access token: the function returned nothing that can be sent")


def _function_failed(error: Exception) -> NoToken:
    # Its words without what may be secret in them, and not its traceback, which holds them whole.
    words = f"{type(error).__name__}: {one_line(discreet(str(error)))}".removesuffix(": ")
    log.warning("the function that gives tokens raised %s", words)
    return NoToken(Failure.UNSENDABLE, f"no access token: the function raised {words}")


# --- attempts with a token ---


class _Bearing:
    """What the twins below share: the request with a token, and whether a refused one is to be renewed."""

    def __init__(self, clock: Clock, state: CallState, sign: Sign) -> None:
        self._state = state
        self._sign = sign
        self._began = clock.monotonic()
        self._renewed = False

    def request(self, token: Token) -> WireRequest:
        return self._sign(token.value)

    def is_refused(self, token: Token, result: Result) -> bool:
        """Whether the API refused a token that is older than the call; True at most once in a call."""
        refused = isinstance(result, RawAnswer) and result.status == _UNAUTHORIZED
        replayable = self._state.facts.replayable
        if not refused or self._renewed or not replayable or token.since >= self._began:
            return False
        self._renewed = True
        return True

    def instead(self, result: Result, old: Token, new: Token | NoToken) -> Result | None:
        """Return the result that ends the attempt; None where the request goes out again with the new token."""
        operation = self._state.info.operation
        if isinstance(new, Token) and new.value != old.value:
            log.info("%s: the API refused its token; the same request goes out once more with a new one", operation)
            return None
        if isinstance(new, Token):
            return result
        log.warning("%s: the API refused its token, and there is %s", operation, new)
        # Where no other token can be had, the API's refusal is the answer; where one may be had later, it is tried.
        return result if new.failure is Failure.UNSENDABLE else new


def bearing(clock: Clock, state: CallState, sign: Sign, get: Get, send: Send) -> Callable[[Limits], Result]:
    """Return a function that makes one attempt of a call, with a token that is fetched or comes from the caller.

    Args:
        clock: time.
        state: the state of the call.
        sign: the call's request with a token.
        get: gives a token.
        send: sends a request once.
    """
    call = _Bearing(clock, state, sign)

    def attempt(limits: Limits) -> Result:
        token = get(None, limits)
        if isinstance(token, NoToken):
            return token
        result = send(call.request(token), limits)
        if not call.is_refused(token, result):
            return result
        new = get(token, limits)
        ended = call.instead(result, token, new)
        return send(call.request(cast("Token", new)), limits) if ended is None else ended

    return attempt


def abearing(
    clock: Clock, state: CallState, sign: Sign, get: AsyncGet, send: AsyncSend
) -> Callable[[Limits], Awaitable[Result]]:
    """Return an async function that makes one attempt, with a token that is fetched or comes from the caller."""
    call = _Bearing(clock, state, sign)

    async def attempt(limits: Limits) -> Result:
        token = await get(None, limits)
        if isinstance(token, NoToken):
            return token
        result = await send(call.request(token), limits)
        if not call.is_refused(token, result):
            return result
        new = await get(token, limits)
        ended = call.instead(result, token, new)
        return await send(call.request(cast("Token", new)), limits) if ended is None else ended

    return attempt
