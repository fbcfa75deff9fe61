"""One attempt on the wire, through httpx.

Only this room imports httpx: a change of HTTP library is a change of these files.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from urllib.parse import urljoin, urlsplit

import httpx

from ..concurrency.cancellation import given_up
from ..concurrency.loops import current_loop
from ..request.body import BodyChangedError, SpentBodyError, Upload, is_replayable
from ..retry.loop import monotonic
from ..retry.rules import Failed, Failure, is_success
from ..retry.wire import CutAnswer, Limits, RawAnswer, Result, WireRequest
from ..safety import SAFE_METHODS
from ..text import shown_url
from .connections import (
    abandon,
    holds_connections,
    is_watched,
    knows_failures,
    own_async_client,
    own_client,
    retire_if_more_came,
)
from .decoding import ACCEPTED, Decoder, TooLargeError, UndecodableError
from .failures import EXPECTED, Sender, failure
from .sockets import SHORTEST, DeadlinePassedError, Step

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping

    from ..request.body import Content

MAX_REDIRECTS: Final = 5
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_KEEP_METHOD: Final = frozenset({307, 308})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HANDLERS: Final = frozenset({"handle_request", "handle_async_request"})
_NO_SCOPE: Final = cast("AbstractContextManager[object, bool]", nullcontext())


class _NoAuth(httpx.Auth):
    """No authentication, without the generators that httpx makes to find that out."""

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        return _Unchanged(request)

    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        return _AsyncUnchanged(request)


class _Unchanged(Generator[httpx.Request, httpx.Response, None]):
    """Gives a request once, and wants no other after its answer."""

    __slots__ = ("_pending",)

    def __init__(self, request: httpx.Request) -> None:
        self._pending = [request]

    def send(self, _: httpx.Response | None) -> httpx.Request:
        if not self._pending:
            raise StopIteration
        return self._pending.pop()

    def throw(self, *error: Any) -> httpx.Request:  # noqa: ANN401  # three forms, none of which httpx uses
        raise error[0]

    def close(self) -> None:
        pass


class _AsyncUnchanged(AsyncGenerator[httpx.Request, httpx.Response]):
    """Like `_Unchanged`, in an event loop."""

    __slots__ = ("_pending",)

    def __init__(self, request: httpx.Request) -> None:
        self._pending = [request]

    async def asend(self, _: httpx.Response | None) -> httpx.Request:
        if not self._pending:
            raise StopAsyncIteration
        return self._pending.pop()

    async def athrow(self, *error: Any) -> httpx.Request:  # noqa: ANN401  # as above
        raise error[0]

    async def aclose(self) -> None:
        pass


_NO_AUTH: Final = _NoAuth()


class Whereabouts:
    """The process and the event loop to which the connections of a caller's own client belong.

    Args:
        client: the caller's own client.
        process: the id of the process.
    """

    def __init__(self, client: httpx.Client | httpx.AsyncClient, process: int) -> None:
        self._client = client
        self._process = process
        self._loop: object = None
        self._is_used = False

    def refusal(self, loop: object = None) -> str | None:
        """Return why the client cannot be used in this process and loop; None where it can, and belongs there."""
        process = os.getpid()
        is_forked = process != self._process
        has_moved = is_forked or (self._is_used and loop is not self._loop)
        if has_moved and holds_connections(self._client, is_used=self._is_used):
            where = "process, before it was forked" if is_forked else "event loop"
            return f"the http_client holds connections of another {where}: give each its own"
        self._process, self._loop, self._is_used = process, loop, True
        return None


class SyncTransport:
    """Sends attempts through an `httpx.Client`, the caller's own or one made when first needed.

    Args:
        http_client: the caller's own client.
        home: the id of the process to which the connections of the caller's own client belong.
    """

    def __init__(self, http_client: httpx.Client | None = None, home: int = 0) -> None:
        self._owned = http_client is None
        self._client = http_client or own_client()
        self._is_watched = is_watched(self._client)
        self._usual = _usual_headers(self._client) if self._owned else None
        self._where = Whereabouts(self._client, home or os.getpid())
        self._known = Sender.KNOWN if self._owned or knows_failures(self._client) else Sender.UNKNOWN

    def abandon(self) -> None:
        """Let go of a parent process's connections in its forked child, and send nothing on them."""
        if self._owned:
            abandon(self._client)

    def attempt(self, request: WireRequest, limits: Limits) -> Result:
        """Send once and read the whole response, following redirects of the same origin that keep method and body."""
        return self._follow(request, limits, keep_open=False)

    def open(self, request: WireRequest, limits: Limits) -> Result:
        """Send once, as `attempt` does, but leave the body of a success to be read, in an `OpenAnswer`."""
        return self._follow(request, limits, keep_open=True)

    def _follow(self, request: WireRequest, limits: Limits, *, keep_open: bool) -> Result:
        for hop in range(MAX_REDIRECTS):
            result = self._send(request, limits, keep_open=keep_open)
            following = _redirected(request, result, is_first=hop == 0)
            if isinstance(following, (RawAnswer, Failed)):
                return following
            request = following
        return Failed(Failure.REDIRECTED, "too many redirects")

    def _send(self, request: WireRequest, limits: Limits, *, keep_open: bool) -> Result:
        refusal = _refusal(request.content) or (None if self._owned else self._where.refusal())
        if refusal is not None:
            return Failed(Failure.UNSENDABLE, refusal)
        response: httpx.Response | None = None
        built: httpx.Request | None = None
        stays_open = False
        timeouts = _timeouts(request, limits, is_watched=self._is_watched)
        handled = sys.exception()
        try:
            built = _build(request, timeouts, self._client, self._usual)
            response = self._client.send(
                built, stream=True, follow_redirects=False, **_own_auth(built, is_owned=self._owned)
            )
            if keep_open and is_success(response.status_code):
                stays_open = True
                timeouts.lift()
                from .open import opened  # noqa: PLC0415  # imported with the first stream

                return opened(response)
            return RawAnswer(response.status_code, response.headers, _read(response, limits))
        except EXPECTED as error:
            _raise_own(error, built, response)
            return failure(error, response or timeouts.begun(), handled, limits.ends, _sender(built, self._known))
        finally:
            if response is not None and not stays_open:
                retire_if_more_came(response)
                response.close()

    def close(self) -> None:
        """Close the connections, unless the client is the caller's own."""
        if self._owned:
            self._client.close()


class AsyncTransport:
    """Sends attempts through an `httpx.AsyncClient`, the caller's own or one made when first needed.

    Args:
        http_client: the caller's own client.
        where: the process and event loop to which the connections of the caller's own client belong.
    """

    def __init__(self, http_client: httpx.AsyncClient | None = None, where: Whereabouts | None = None) -> None:
        self._owned = http_client is None
        self._client = http_client or own_async_client()
        self._is_watched = is_watched(self._client)
        self._usual = _usual_headers(self._client) if self._owned else None
        self._where = where or Whereabouts(self._client, os.getpid())
        self._known = Sender.KNOWN if self._owned or knows_failures(self._client) else Sender.UNKNOWN

    def abandon(self) -> None:
        """Let go of a parent process's connections in its forked child, and send nothing on them."""
        if self._owned:
            abandon(self._client)

    def attempt(self, request: WireRequest, limits: Limits) -> Awaitable[Result]:
        """Send once and read the whole response, following redirects of the same origin that keep method and body."""
        return self._follow(request, limits, keep_open=False)

    def open(self, request: WireRequest, limits: Limits) -> Awaitable[Result]:
        """Send once, as `attempt` does, but leave the body of a success to be read, in an `AsyncOpenAnswer`."""
        return self._follow(request, limits, keep_open=True)

    async def _follow(self, request: WireRequest, limits: Limits, *, keep_open: bool) -> Result:
        for hop in range(MAX_REDIRECTS):
            result = await self._send(request, limits, keep_open=keep_open)
            following = _redirected(request, result, is_first=hop == 0)
            if isinstance(following, (RawAnswer, Failed)):
                return following
            request = following
        return Failed(Failure.REDIRECTED, "too many redirects")

    async def _send(self, request: WireRequest, limits: Limits, *, keep_open: bool) -> Result:
        refusal = _refusal(request.content) or (None if self._owned else self._where.refusal(current_loop()))
        if refusal is not None:
            return Failed(Failure.UNSENDABLE, refusal)
        response: httpx.Response | None = None
        built: httpx.Request | None = None
        stays_open = False
        timeouts = _timeouts(request, limits, is_watched=self._is_watched)
        handled = sys.exception()
        with self._scope(request, limits):
            try:
                built = _build(request, timeouts, self._client, self._usual)
                response = await self._client.send(
                    built, stream=True, follow_redirects=False, **_own_auth(built, is_owned=self._owned)
                )
                if keep_open and is_success(response.status_code):
                    stays_open = True
                    timeouts.lift()
                    from .open import aopened  # noqa: PLC0415  # imported with the first stream

                    return aopened(response)
                return RawAnswer(response.status_code, response.headers, await _aread(response, limits))
            except EXPECTED as error:
                _raise_own(error, built, response)
                return failure(error, response or timeouts.begun(), handled, limits.ends, _sender(built, self._known))
            finally:
                if response is not None and not stays_open:
                    retire_if_more_came(response)
                    await response.aclose()
        late = DeadlinePassedError("the deadline passed")
        return failure(late, response or timeouts.begun(), handled, limits.ends, _sender(built, self._known))

    def _scope(self, request: WireRequest, limits: Limits) -> AbstractContextManager[object, bool]:
        """Return what ends an attempt at the deadline where its connection does not: the caller may make the body."""
        if self._is_watched and not isinstance(request.content, Upload):
            return _NO_SCOPE
        import anyio  # noqa: PLC0415  # comes with httpx; needed only here

        return anyio.move_on_after(max(0.0, limits.until - monotonic()))

    async def aclose(self) -> None:
        """Close the connections, unless the client is the caller's own."""
        if self._owned:
            await self._client.aclose()


class _Timeouts(dict[str, float]):
    """The limits of each step for a client of the caller's own, cut to what is left of the deadline when it begins.

    httpcore asks for a limit as each step starts, so a slow first step leaves less to the next.
    """

    __slots__ = ("_until",)

    def __init__(self, limits: Limits) -> None:
        timeout = limits.timeout
        super().__init__(connect=timeout.connect, read=timeout.read, write=timeout.write, pool=timeout.pool)
        self._until = limits.until

    def lift(self) -> None:
        """Lift the call's deadline, which ends with the head of a stream; each read keeps its own limit."""
        self._until = float("inf")

    def get(self, key: str, default: object = None) -> float:  # noqa: ARG002
        return min(self[key], max(SHORTEST, self._until - monotonic()))

    def begun(self) -> httpx.Response | None:
        """Return None: nobody sees what a client of the caller's own has read of a response."""
        return None


class _Steps(dict[str, float]):
    """The limits of each step for a client that the SDK made, whose connections keep the deadline by themselves.

    Args:
        limits: of the attempt.
        holds: whether a body that is at hand follows the head, so that both may leave together.
    """

    __slots__ = ("_read",)

    def __init__(self, limits: Limits, *, holds: bool) -> None:
        timeout, until = limits.timeout, limits.until
        self._read = Step.of(timeout.read, until)
        super().__init__(
            pool=min(timeout.pool, max(SHORTEST, until - monotonic())),
            connect=Step.of(timeout.connect, until),
            write=Step.of(timeout.write, until, holds=holds),
            read=self._read,
        )

    def lift(self) -> None:
        """Lift the call's deadline, which ends with the head of a stream; each read keeps its own limit."""
        self._read.until = float("inf")

    def begun(self) -> httpx.Response | None:
        """Return the response whose status line has come, though not all of its headers; None where none came."""
        status = self._read.status
        return None if status is None else httpx.Response(status)


def _timeouts(request: WireRequest, limits: Limits, *, is_watched: bool) -> _Steps | _Timeouts:
    if not is_watched:
        return _Timeouts(limits)
    return _Steps(limits, holds=isinstance(request.content, bytes) and request.content != b"")


_Usual: TypeAlias = Sequence[tuple[str, bytes, bytes]]
"""Headers that a client sends with all requests: names in lower case, names, values."""


def _usual_headers(client: httpx.Client | httpx.AsyncClient) -> _Usual:
    found = [(name.lower().decode("latin-1"), name, value) for name, value in client.headers.raw]
    # That a connection is kept needs no word in HTTP/1.1 (RFC 9112 section 9.3).
    kept = [entry for entry in found if entry[::2] != ("connection", b"keep-alive") and entry[0] != "accept-encoding"]
    return [*kept, ("accept-encoding", b"Accept-Encoding", ACCEPTED.encode())]


def _build(
    request: WireRequest, timeouts: Mapping[str, float], client: httpx.Client | httpx.AsyncClient, usual: _Usual | None
) -> httpx.Request:
    """Build the request as httpx sends it, by hand: httpx would parse the URL and spell the headers each time.

    Args:
        request: what is sent.
        timeouts: the limits of each step.
        client: who sends it.
        usual: the headers of a client that the SDK made; None for the caller's, which may change at any time.
    """
    url, host, discreet = _url(request.url)
    own = {name.lower() for name, _ in request.headers}
    headers = [(b"Host", host)]
    headers += [(name, value) for lower, name, value in usual or _usual_headers(client) if lower not in own]
    headers += [(name.encode("ascii"), value.encode("latin-1")) for name, value in request.headers]
    headers += _length(request.content, request.method)
    if client.cookies.jar:
        headers = _with_cookies(headers, client, url)
    built = httpx.Request(
        request.method,
        url,
        headers=headers,
        stream=_body(request.content, client),
        extensions={"timeout": timeouts},
    )
    # httpx writes it in capitals, but the letters of a method count (RFC 9110 section 9.1).
    built.method = request.method
    if usual is not None:
        # Where the client is the caller's, their own code may read the URL as well.
        built.url = discreet
    return built


class _DiscreetURL(httpx.URL):
    """A URL as httpx's own log shows it: without its query, which may hold a credential."""

    def __str__(self) -> str:
        return shown_url(super().__str__())


@lru_cache(maxsize=512)
def _url(text: str) -> tuple[httpx.URL, bytes, httpx.URL]:
    """Parse a URL; return it, the host to name in the request, and the URL as it may be logged."""
    url = httpx.URL(text)
    if not _is_host(url.host):
        raise httpx.InvalidURL(f"{url.host!r} is not the name of a host")
    return url, url.netloc, _DiscreetURL(url)


@lru_cache(maxsize=64)
def _is_host(name: str) -> bool:
    """Whether a name can be looked up (RFC 1035 section 2.3.4); a socket would raise no error of the network."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def _own_auth(request: httpx.Request, *, is_owned: bool) -> dict[str, httpx.Auth]:
    """Turn authentication off where there can be none; httpx would search the URL for a password each time."""
    return {"auth": _NO_AUTH} if is_owned and not request.url.userinfo else {}


def _sender(built: httpx.Request | None, transport: Sender) -> Sender:
    return Sender.NOBODY if built is None else transport


def was_read(response: httpx.Response) -> bool:
    """Whether a mock or a hook of the caller's has read the body, so that httpx has decoded it."""
    return response.is_stream_consumed or response.is_closed


def codings(response: httpx.Response) -> str:
    """Return the codings of a body that are still to be undone; empty where there are none."""
    return "" if was_read(response) else response.headers.get("content-encoding", "")


def _read(response: httpx.Response, limits: Limits) -> bytes:
    """Read and decode the whole body of a response."""
    decoder = Decoder(codings(response), limits.max_bytes)
    pieces: list[bytes] = []
    stream = cast("httpx.SyncByteStream", response.stream)
    for encoded in response.iter_bytes() if was_read(response) else stream:
        pieces += decoder.feed(encoded)
        _check(limits)
    decoder.end()
    return b"".join(pieces)


async def _aread(response: httpx.Response, limits: Limits) -> bytes:
    """Read and decode the whole body of a response, in an event loop."""
    decoder = Decoder(codings(response), limits.max_bytes)
    pieces: list[bytes] = []
    stream = cast("httpx.AsyncByteStream", response.stream)
    arriving = aiter(response.aiter_bytes() if was_read(response) else stream)
    try:
        async for encoded in arriving:
            pieces += decoder.feed(encoded)
            _check(limits)
    except (TooLargeError, UndecodableError, DeadlinePassedError):
        await given_up(arriving)
        raise
    decoder.end()
    return b"".join(pieces)


def _length(content: Content | None, method: str) -> tuple[tuple[bytes, bytes], ...]:
    """Return the header for a body's length (RFC 9112 section 6), also for no body where the method means one."""
    if content is None:
        return ((b"Content-Length", b"0"),) if method in _WITH_BODY else ()
    size = len(content) if isinstance(content, bytes) else content.length
    return ((b"Transfer-Encoding", b"chunked") if size is None else (b"Content-Length", b"%d" % size),)


def _with_cookies(
    headers: list[tuple[bytes, bytes]], client: httpx.Client | httpx.AsyncClient, url: httpx.URL
) -> list[tuple[bytes, bytes]]:
    """Add the cookies in the client's jar to the call's own, in one header field (RFC 6265 section 5.4)."""
    request = httpx.Request("GET", url)
    # What servers set need be no ASCII, and goes back as it came.
    request.headers.encoding = "utf-8"
    client.cookies.set_cookie_header(request)
    fields = [*headers, *request.headers.raw]
    cookies = [value for name, value in fields if name.lower() == b"cookie"]
    others = [entry for entry in headers if entry[0].lower() != b"cookie"]
    return [*others, (b"Cookie", b"; ".join(cookies))] if cookies else others


def _body(
    content: Content | None, client: httpx.Client | httpx.AsyncClient
) -> httpx.SyncByteStream | httpx.AsyncByteStream:
    # That something is no Struct takes `isinstance` three times as long to say as that it is bytes.
    if content is None or isinstance(content, bytes):
        return httpx.ByteStream(content or b"") if isinstance(client, httpx.Client) else _Whole(content or b"")
    return _Chunks(content) if isinstance(client, httpx.Client) else _AsyncChunks(content)


class _Whole(httpx.AsyncByteStream):
    """Bytes in one piece, without a generator, which trio would find unfinished where the write fails."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Once(self._content)


class _Once:
    """An iterator over a single piece."""

    __slots__ = ("_pending",)

    def __init__(self, piece: bytes) -> None:
        self._pending = [piece] if piece else []

    def __aiter__(self) -> _Once:
        return self

    async def __anext__(self) -> bytes:
        if not self._pending:
            raise StopAsyncIteration
        return self._pending.pop()


class _Chunks(httpx.SyncByteStream):
    """An upload as an `httpx.Client` reads it; what the caller's own iterator or file raises is kept."""

    failed: Exception | None = None

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._upload
        except (SpentBodyError, BodyChangedError):
            raise
        except Exception as error:
            self.failed = error
            raise


class _AsyncChunks(httpx.AsyncByteStream):
    """An upload as an `httpx.AsyncClient` reads it, likewise."""

    failed: Exception | None = None

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._pieces = aiter(upload)

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._pieces = aiter(self._upload)
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._pieces)
        except (SpentBodyError, BodyChangedError, StopAsyncIteration):
            raise
        except Exception as error:
            self.failed = error
            raise


def _refusal(content: Content | None) -> str | None:
    """Return why a body cannot be sent as it was when the call began; None where it can."""
    # Asked for in this order, as in `_body`.
    return None if content is None or isinstance(content, bytes) else content.refusal()


def _raise_own(error: Exception, built: httpx.Request | None, response: httpx.Response | None) -> None:
    """Raise what is none of the API's doing: an error of the caller's body, hooks or flow of authentication."""
    stream = built.stream if built is not None else None
    if isinstance(stream, (_Chunks, _AsyncChunks)) and stream.failed is not None:
        raise stream.failed
    if built is None or response is not None:
        return
    is_own = isinstance(error, (httpx.RequestError, httpx.HTTPStatusError)) and not _is_about(error, built)
    if is_own or (isinstance(error, OSError) and not _is_of_transport(error)):
        raise error


def _is_about(error: httpx.RequestError | httpx.HTTPStatusError, built: httpx.Request) -> bool:
    """Whether an error tells of the request at hand; not of one to another service, and not of none."""
    try:
        return error.request is built
    except RuntimeError:
        return False


def _is_of_transport(error: Exception) -> bool:
    """Whether an exception came out of a transport of httpx."""
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_name in _HANDLERS:
            return True
        step = step.tb_next
    return False


def _redirected(request: WireRequest, result: Result, *, is_first: bool) -> WireRequest | Result:
    """Return the request to send after a redirect, or the result to report where none follows."""
    if isinstance(result, Failed):
        return result if is_first else _after_a_redirect(result)
    if result.status not in _REDIRECTS:
        return result
    location = result.headers.get("location", "")
    target = _joined(request.url, location)
    keeps = result.status in _KEEP_METHOD or request.method in SAFE_METHODS
    if keeps and not location and isinstance(result, CutAnswer):
        return Failed(Failure.ANSWER_LOST, f"where status {result.status} points to was cut off", status=result.status)
    again = is_replayable(request.content)
    if not location or not keeps or not again or _origin(target) != _origin(request.url):
        why = "" if again else ", since the body cannot be sent again"
        where = shown_url(target) if location else "nowhere"
        detail = f"status {result.status} points to {where} and is not followed{why}"
        return Failed(Failure.REDIRECTED, detail, status=result.status)
    return WireRequest(request.method, target, request.headers, request.content)


_AFTER_A_REDIRECT: Final = {
    Failure.UNREACHABLE: Failure.ANSWER_LOST,
    Failure.STREAM_REFUSED: Failure.ANSWER_LOST,
    Failure.UNSENDABLE: Failure.REDIRECTED,
}


def _after_a_redirect(failed: Failed) -> Failed:
    """Adapt the failure of a request after a redirect: that it was not sent says nothing of the first request."""
    kind = _AFTER_A_REDIRECT.get(failed.failure, failed.failure)
    return failed if kind is failed.failure else Failed(kind, failed.detail, timeout=failed.timeout)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        # No URL, so of no origin; it is told as it came.
        return location


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        # No URL, so no origin that anything could share.
        return url, None, None


def _check(limits: Limits) -> None:
    if monotonic() > limits.until:
        raise DeadlinePassedError("the deadline passed while the answer was read")
