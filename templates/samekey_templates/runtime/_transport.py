"""The only module that imports httpx: one attempt on the wire, its exceptions mapped to outcomes.

A change of HTTP library is a change of this file.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

import anyio
import httpx

from ._body import SpentBodyError, Upload
from ._policy import Failed, Failure, is_success
from ._wire import Limits, RawAnswer, Result, WireRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

MAX_REDIRECTS: Final = 5
_REFUSED_STREAM: Final = 7
_SHORTEST: Final = 0.001
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})
_KEEP_METHOD: Final = frozenset({307, 308})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class SyncTransport:
    """Sends attempts through an `httpx.Client`, the caller's own or one made when first needed."""

    def __init__(self, http_client: httpx.Client | None = None) -> None:
        self._owned = http_client is None
        self._client = http_client or httpx.Client(verify=_tls_context(), limits=_LIMITS)

    def attempt(self, request: WireRequest, limits: Limits) -> Result:
        """Send once, following redirects of the same origin that keep method and body."""
        for _ in range(MAX_REDIRECTS):
            result = self._send(request, limits)
            following = _redirected(request, result)
            if not isinstance(following, WireRequest):
                return following
            request = following
        return Failed(Failure.REDIRECTED, "too many redirects")

    def _send(self, request: WireRequest, limits: Limits) -> Result:
        response: httpx.Response | None = None
        try:
            response = self._client.send(_build(request, limits, self._client), stream=True, follow_redirects=False)
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                _check(limits)
            return RawAnswer(response.status_code, response.headers, bytes(content))
        except _EXPECTED as error:
            return failure(error, response, limits.until)
        finally:
            if response is not None:
                response.close()

    def close(self) -> None:
        """Close the connections, unless the client is the caller's own."""
        if self._owned:
            self._client.close()


class AsyncTransport:
    """Sends attempts through an `httpx.AsyncClient`, the caller's own or one made when first needed."""

    def __init__(self, http_client: httpx.AsyncClient | None = None) -> None:
        self._owned = http_client is None
        self._client = http_client or httpx.AsyncClient(verify=_tls_context(), limits=_LIMITS)

    async def attempt(self, request: WireRequest, limits: Limits) -> Result:
        """Send once, following redirects of the same origin that keep method and body."""
        for _ in range(MAX_REDIRECTS):
            result = await self._send(request, limits)
            following = _redirected(request, result)
            if not isinstance(following, WireRequest):
                return following
            request = following
        return Failed(Failure.REDIRECTED, "too many redirects")

    async def _send(self, request: WireRequest, limits: Limits) -> Result:
        response: httpx.Response | None = None
        with anyio.move_on_after(max(0.0, limits.until - time.monotonic())):
            try:
                wire = _build(request, limits, self._client)
                response = await self._client.send(wire, stream=True, follow_redirects=False)
                content = bytearray()
                async for chunk in response.aiter_bytes():
                    content += chunk
                return RawAnswer(response.status_code, response.headers, bytes(content))
            except _EXPECTED as error:
                return failure(error, response, limits.until)
            finally:
                if response is not None:
                    await response.aclose()
        return failure(_DeadlinePassed("the deadline passed"), response, limits.until)

    async def aclose(self) -> None:
        """Close the connections, unless the client is the caller's own."""
        if self._owned:
            await self._client.aclose()


class _DeadlinePassed(Exception):  # noqa: N818  # never leaves this file
    pass


_LIMITS: Final = httpx.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=15.0)


@cache
def _tls_context() -> ssl.SSLContext:
    # A TLS context costs 28 ms and 0.8 MB; all clients with these settings share it.
    return httpx.create_ssl_context()


_EXPECTED: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, SpentBodyError, _DeadlinePassed)


def failure(error: Exception, response: httpx.Response | None, until: float = float("inf")) -> Result:
    """The outcome that an exception of httpx means.

    Args:
        error: the exception.
        response: the answer, if its status line had come.
        until: the value of `time.monotonic()` at which the whole call ends.
    """
    if isinstance(error, httpx.HTTPStatusError):
        # A hook of the caller's own client raises for statuses; the answer is here all the same.
        return RawAnswer(error.response.status_code, error.response.headers, b"")
    detail = _words(error)
    timeout = isinstance(error, (httpx.TimeoutException, _DeadlinePassed))
    if response is not None:
        return _failure_in_body(error, response, detail, timeout=timeout)
    match error:
        case httpx.ConnectError() if _certificate_refused(error) or _has_no_host(error):
            kind = Failure.UNSENDABLE
        case httpx.ConnectTimeout() | httpx.ConnectError() | httpx.ProxyError():
            kind = Failure.UNREACHABLE
        case httpx.LocalProtocolError() if "Content-Length" in detail:
            # The body was shorter or longer than it said: part of it has left.
            kind = Failure.ANSWER_LOST
        case httpx.PoolTimeout() | httpx.LocalProtocolError() | httpx.UnsupportedProtocol() | httpx.InvalidURL():
            kind = Failure.UNSENDABLE
        case SpentBodyError():
            kind = Failure.UNSENDABLE
        case httpx.RemoteProtocolError() if _not_processed(error):
            kind = Failure.STREAM_REFUSED
        case _:
            kind = Failure.DEADLINE if timeout and time.monotonic() >= until else Failure.ANSWER_LOST
    return Failed(kind, detail, timeout=timeout)


def _failure_in_body(error: Exception, response: httpx.Response, detail: str, *, timeout: bool) -> Result:
    status = response.status_code
    if not is_success(status):
        # The status line decides; what the body would have said is lost.
        return RawAnswer(status, response.headers, b"")
    if isinstance(error, httpx.DecodingError):
        return Failed(Failure.UNDECODABLE, detail, status=status)
    return Failed(
        Failure.ANSWER_CUT, f"the answer with status {status} was cut: {detail}", timeout=timeout, status=status
    )


class _Timeouts(dict[str, float]):
    """The limits of each step, cut to what is left of the deadline when the step begins.

    httpcore asks for a limit as each step starts, so a slow first step leaves less to the next.
    """

    __slots__ = ("_until",)

    def __init__(self, limits: Limits) -> None:
        timeout = limits.timeout
        super().__init__(connect=timeout.connect, read=timeout.read, write=timeout.write, pool=timeout.pool)
        self._until = limits.until

    def get(self, key: str, default: object = None) -> float:  # noqa: ARG002
        return max(_SHORTEST, min(self[key], self._until - time.monotonic()))


def _build(request: WireRequest, limits: Limits, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
    names = {name.lower() for name, _ in request.headers}
    headers = [
        *((name, value) for name, value in client.headers.multi_items() if name.lower() not in names),
        *request.headers,
    ]
    if len(client.cookies.jar):
        cookie = httpx.Request("GET", request.url)
        client.cookies.set_cookie_header(cookie)
        headers += [("Cookie", value) for value in cookie.headers.get_list("cookie")]
    content = request.content
    if isinstance(content, Upload) and content.length is not None:
        headers.append(("Content-Length", str(content.length)))
    built = httpx.Request(
        request.method,
        request.url,
        headers=headers,
        content=_chunks(content, client) if isinstance(content, Upload) else content,
        extensions={"timeout": _Timeouts(limits)},
    )
    if isinstance(content, bytes) and isinstance(client, httpx.AsyncClient):
        built.stream = _Whole(content)
    return built


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


def _chunks(upload: Upload, client: httpx.Client | httpx.AsyncClient) -> _Chunks | _AsyncChunks:
    return _Chunks(upload) if isinstance(client, httpx.Client) else _AsyncChunks(upload)


@dataclass(frozen=True, slots=True)
class _Chunks:
    """An upload as an `httpx.Client` reads it."""

    upload: Upload

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.upload)


@dataclass(frozen=True, slots=True)
class _AsyncChunks:
    """An upload as an `httpx.AsyncClient` reads it."""

    upload: Upload

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self.upload)


def _redirected(request: WireRequest, result: Result) -> WireRequest | Result:
    """The request to follow, or the result to report (RETRIES.md section 3, the redirect rows)."""
    if isinstance(result, Failed) or result.status not in _REDIRECTS:
        return result
    location = result.headers.get("location", "")
    target = urljoin(request.url, location)
    keeps = result.status in _KEEP_METHOD or request.method in _SAFE_METHODS
    if not location or not keeps or _origin(target) != _origin(request.url):
        detail = f"status {result.status} points to {target if location else 'nowhere'} and is not followed"
        return Failed(Failure.REDIRECTED, detail, status=result.status)
    return WireRequest(request.method, target, request.headers, request.content)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        # No URL, so no origin that anything could share.
        return url, None, None


def _check(limits: Limits) -> None:
    if time.monotonic() > limits.until:
        raise _DeadlinePassed("the deadline passed while the answer was read")


def _words(error: Exception) -> str:
    match error:
        case httpx.ConnectTimeout():
            words = "connecting timed out"
        case httpx.ReadTimeout():
            words = "read timed out"
        case httpx.WriteTimeout():
            words = "write timed out"
        case httpx.PoolTimeout():
            words = "no connection of the pool became free in time"
        case httpx.ConnectError() if refusal := _certificate_refused(error):
            words = _sentence("the server's certificate was refused", refusal)
        case httpx.ConnectError():
            words = _sentence("cannot connect", error)
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError():
            words = _sentence("the connection was cut", error)
        case _:
            words = str(error) or type(error).__name__
    return words


def _sentence(what: str, error: BaseException) -> str:
    why = str(error).rstrip(".: ")
    return f"{what}: {why}" if why else what


def _has_no_host(error: httpx.ConnectError) -> bool:
    try:
        return not error.request.url.host
    except RuntimeError:
        return False


def _certificate_refused(error: Exception) -> BaseException | None:
    """What refused the certificate, if that is what went wrong."""
    found = (cause for cause in _causes(error) if isinstance(cause, ssl.SSLCertVerificationError))
    return next(found, error if "CERTIFICATE_VERIFY_FAILED" in str(error) else None)


def _not_processed(error: Exception) -> bool:
    """Whether HTTP/2 said that the server did nothing with the stream; httpx hides the frame in a cause's arguments.

    REFUSED_STREAM means that (RFC 9113 section 8.7), and so does a GOAWAY whose last stream is 0 (section 6.8).
    """
    for cause in _causes(error):
        for frame in cause.args:
            last = getattr(frame, "last_stream_id", None)
            if last == 0 or (last is None and getattr(frame, "error_code", None) == _REFUSED_STREAM):
                return True
    return False


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and what is behind it, each once: a chain of exceptions may lead back to itself."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__
