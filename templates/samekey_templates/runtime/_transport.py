"""One attempt on the wire, through httpx.

Only `_transport`, `_failures` and `_connections` import httpx; a change of HTTP library is a change of these files.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from urllib.parse import urljoin, urlsplit

import httpx

from ._body import SPENT, SpentBodyError, Upload, is_replayable
from ._connections import is_watched, own_async_client, own_client
from ._failures import EXPECTED, failure
from ._policy import Failed, Failure, is_success
from ._sockets import SHORTEST, DeadlinePassedError, Step
from ._wire import CutAnswer, Limits, RawAnswer, Result, WireRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Mapping

    from ._body import Content

MAX_REDIRECTS: Final = 5
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_KEEP_METHOD: Final = frozenset({307, 308})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
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


class SyncTransport:
    """Sends attempts through an `httpx.Client`, the caller's own or one made when first needed."""

    def __init__(self, http_client: httpx.Client | None = None) -> None:
        self._owned = http_client is None
        self._client = http_client or own_client()
        self._is_watched = is_watched(self._client)
        self._usual = _usual_headers(self._client) if self._owned else None

    def attempt(self, request: WireRequest, limits: Limits) -> Result:
        """Send once and read the whole answer, following redirects of the same origin that keep method and body."""
        return self._follow(request, limits, keep_open=False)

    def open(self, request: WireRequest, limits: Limits) -> Result:
        """Like `attempt`, but the body of a success is left to be read: the answer is an `OpenAnswer`."""
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
        if _is_spent(request.content):
            return Failed(Failure.UNSENDABLE, SPENT)
        response: httpx.Response | None = None
        built: httpx.Request | None = None
        stays_open = False
        timeouts = _timeouts(request, limits, is_watched=self._is_watched)
        handled = sys.exception()
        try:
            built = _build(request, timeouts, self._client, self._usual or _usual_headers(self._client))
            response = self._client.send(
                built, stream=True, follow_redirects=False, **_own_auth(built, is_owned=self._owned)
            )
            if keep_open and is_success(response.status_code):
                stays_open = True
                timeouts.lift()
                from ._opened import opened  # noqa: PLC0415  # imported with the first stream

                return opened(response)
            pieces: list[bytes] = []
            for piece in _decoded(response):
                pieces.append(piece)
                _check(limits)
            return RawAnswer(response.status_code, response.headers, b"".join(pieces))
        except EXPECTED as error:
            _raise_own(error, built)
            return failure(error, response or timeouts.begun(), handled, limits.until)
        finally:
            if response is not None and not stays_open:
                response.close()

    def close(self) -> None:
        """Close the connections, unless the client is the caller's own."""
        if self._owned:
            self._client.close()


class AsyncTransport:
    """Sends attempts through an `httpx.AsyncClient`, the caller's own or one made when first needed."""

    def __init__(self, http_client: httpx.AsyncClient | None = None) -> None:
        self._owned = http_client is None
        self._client = http_client or own_async_client()
        self._is_watched = is_watched(self._client)
        self._usual = _usual_headers(self._client) if self._owned else None

    def attempt(self, request: WireRequest, limits: Limits) -> Awaitable[Result]:
        """Send once and read the whole answer, following redirects of the same origin that keep method and body."""
        return self._follow(request, limits, keep_open=False)

    def open(self, request: WireRequest, limits: Limits) -> Awaitable[Result]:
        """Like `attempt`, but the body of a success is left to be read: the answer is an `AsyncOpenAnswer`."""
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
        if _is_spent(request.content):
            return Failed(Failure.UNSENDABLE, SPENT)
        response: httpx.Response | None = None
        built: httpx.Request | None = None
        stays_open = False
        timeouts = _timeouts(request, limits, is_watched=self._is_watched)
        handled = sys.exception()
        with self._scope(request, limits):
            try:
                built = _build(request, timeouts, self._client, self._usual or _usual_headers(self._client))
                response = await self._client.send(
                    built, stream=True, follow_redirects=False, **_own_auth(built, is_owned=self._owned)
                )
                if keep_open and is_success(response.status_code):
                    stays_open = True
                    timeouts.lift()
                    from ._opened import aopened  # noqa: PLC0415  # imported with the first stream

                    return aopened(response)
                return RawAnswer(response.status_code, response.headers, await _read(response))
            except EXPECTED as error:
                _raise_own(error, built)
                return failure(error, response or timeouts.begun(), handled, limits.until)
            finally:
                if response is not None and not stays_open:
                    await response.aclose()
        late = DeadlinePassedError("the deadline passed")
        return failure(late, response or timeouts.begun(), handled, limits.until)

    def _scope(self, request: WireRequest, limits: Limits) -> AbstractContextManager[object, bool]:
        """What ends an attempt at the deadline, where its connection does not: the body may be the caller's to make."""
        if self._is_watched and not isinstance(request.content, Upload):
            return _NO_SCOPE
        import anyio  # noqa: PLC0415  # comes with httpx; needed only here

        return anyio.move_on_after(max(0.0, limits.until - time.monotonic()))

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
        """A stream may outlast the call's deadline, which ends with its head; each of its reads keeps its own limit."""
        self._until = float("inf")

    def get(self, key: str, default: object = None) -> float:  # noqa: ARG002
        return min(self[key], max(SHORTEST, self._until - time.monotonic()))

    def begun(self) -> httpx.Response | None:
        """Nobody sees what such a client has read of an answer."""
        return None


class _Steps(dict[str, float]):
    """The limits of each step for a client of our own, whose connections keep the deadline by themselves.

    Args:
        limits: of the attempt.
        holds: whether a body that is at hand follows the head, so that both may leave together.
    """

    __slots__ = ("_read",)

    def __init__(self, limits: Limits, *, holds: bool) -> None:
        timeout, until = limits.timeout, limits.until
        self._read = Step.of(timeout.read, until)
        super().__init__(
            pool=min(timeout.pool, max(SHORTEST, until - time.monotonic())),
            connect=Step.of(timeout.connect, until),
            write=Step.of(timeout.write, until, holds=holds),
            read=self._read,
        )

    def lift(self) -> None:
        """As above."""
        self._read.until = float("inf")

    def begun(self) -> httpx.Response | None:
        """The answer whose status line has come, though its headers did not all come."""
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
    return [entry for entry in found if entry[::2] != ("connection", b"keep-alive")]


def _build(
    request: WireRequest, timeouts: Mapping[str, float], client: httpx.Client | httpx.AsyncClient, usual: _Usual
) -> httpx.Request:
    """The request as httpx sends it; made by hand, since httpx would parse the URL and spell the headers each time."""
    url, host = _url(request.url)
    own = {name.lower() for name, _ in request.headers}
    headers = [(b"Host", host)]
    headers += [(name, value) for lower, name, value in usual if lower not in own]
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
    return built


@lru_cache(maxsize=512)
def _url(text: str) -> tuple[httpx.URL, bytes]:
    """A URL, and the host to name in the request."""
    url = httpx.URL(text)
    if not _is_host(url.host):
        raise httpx.InvalidURL(f"{url.host!r} is no name of a host")
    return url, url.netloc


@lru_cache(maxsize=64)
def _is_host(name: str) -> bool:
    """Whether a name can be looked up (RFC 1035 section 2.3.4); a socket would raise no error of the network."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def _own_auth(request: httpx.Request, *, is_owned: bool) -> dict[str, httpx.Auth]:
    """No authentication where there can be none; httpx would look for a name and a password in the URL each time."""
    return {"auth": _NO_AUTH} if is_owned and not request.url.userinfo else {}


def _decoded(response: httpx.Response) -> Iterable[bytes]:
    """The pieces of a body; straight from its stream where nothing has to be done to them."""
    stream = response.stream
    is_plain = _is_open(response) and "content-encoding" not in response.headers
    return stream if isinstance(stream, httpx.SyncByteStream) and is_plain else response.iter_bytes()


async def _read(response: httpx.Response) -> bytes:
    """The whole body of an answer."""
    if not _is_open(response) or not isinstance(response.stream, httpx.AsyncByteStream):
        return await response.aread()
    content = b"".join([piece async for piece in response.stream])
    coding = response.headers.get("content-encoding")
    if coding is None:
        return content
    # Decoded at the end: httpx would leave a generator unfinished where a piece cannot be decoded, of which trio warns.
    return httpx.Response(200, headers={"content-encoding": coding}, content=content).content


def _is_open(response: httpx.Response) -> bool:
    """Whether a body is still on the wire."""
    return not response.is_stream_consumed and not response.is_closed


def _length(content: Content | None, method: str) -> tuple[tuple[bytes, bytes], ...]:
    """How long the body is (RFC 9112 section 6); a method that means a body says also that there is none."""
    if content is None:
        return ((b"Content-Length", b"0"),) if method in _WITH_BODY else ()
    size = len(content) if isinstance(content, bytes) else content.length
    return ((b"Transfer-Encoding", b"chunked") if size is None else (b"Content-Length", b"%d" % size),)


def _with_cookies(
    headers: list[tuple[bytes, bytes]], client: httpx.Client | httpx.AsyncClient, url: httpx.URL
) -> list[tuple[bytes, bytes]]:
    """Headers with what the client's jar holds, in one field with the call's own cookies (RFC 6265 section 5.4)."""
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
        except SpentBodyError:
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
        except (SpentBodyError, StopAsyncIteration):
            raise
        except Exception as error:
            self.failed = error
            raise


def _is_spent(content: Content | None) -> bool:
    # Asked for in this order, as in `_body`.
    return content is not None and not isinstance(content, bytes) and content.is_spent


def _raise_own(error: Exception, built: httpx.Request | None) -> None:
    """Raise what is none of the API's doing: an error of the caller's body, or of another request in their client."""
    stream = built.stream if built is not None else None
    if isinstance(stream, (_Chunks, _AsyncChunks)) and stream.failed is not None:
        raise stream.failed
    # A hook for statuses raises as well, but for the request at hand.
    if isinstance(error, httpx.HTTPStatusError) and built is not None and error.request.url != built.url:
        raise error


def _redirected(request: WireRequest, result: Result, *, is_first: bool) -> WireRequest | Result:
    """The request to follow, or the result to report (RETRIES.md section 3, the redirect rows)."""
    if isinstance(result, Failed):
        return result if is_first else _after_a_redirect(result)
    if result.status not in _REDIRECTS:
        return result
    location = result.headers.get("location", "")
    target = _joined(request.url, location)
    keeps = result.status in _KEEP_METHOD or request.method in _SAFE_METHODS
    if keeps and not location and isinstance(result, CutAnswer):
        return Failed(Failure.ANSWER_LOST, f"where status {result.status} points to was cut off", status=result.status)
    again = is_replayable(request.content)
    if not location or not keeps or not again or _origin(target) != _origin(request.url):
        why = "" if again else ", since the body cannot be sent again"
        detail = f"status {result.status} points to {target if location else 'nowhere'} and is not followed{why}"
        return Failed(Failure.REDIRECTED, detail, status=result.status)
    return WireRequest(request.method, target, request.headers, request.content)


_AFTER_A_REDIRECT: Final = {
    Failure.UNREACHABLE: Failure.ANSWER_LOST,
    Failure.STREAM_REFUSED: Failure.ANSWER_LOST,
    Failure.UNSENDABLE: Failure.REDIRECTED,
}


def _after_a_redirect(failed: Failed) -> Failed:
    """A failure of a later request of an attempt: that this one was not sent says nothing of the first."""
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
    if time.monotonic() > limits.until:
        raise DeadlinePassedError("the deadline passed while the answer was read")
