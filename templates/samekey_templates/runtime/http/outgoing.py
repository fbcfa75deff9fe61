"""Requests as an HTTP library sends them, built by hand: it would parse the URL and spell the headers each time."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from ..request.body import BodyChangedError, SpentBodyError
from ..request.cookies import cookie_fields, with_cookies
from ..text import shown_url
from .decoding import ACCEPTED
from .library import as_subclass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    import httpx

    from ..request.body import Content, Upload
    from ..retry.wire import WireRequest
    from .library import Library

_IDNA: Final = codecs.lookup("idna")
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
UsualHeaders: TypeAlias = Sequence[tuple[str, bytes, bytes]]
"""Headers that a client sends with all requests: names in lower case, names, values."""


def usual_headers(client: httpx.Client | httpx.AsyncClient) -> UsualHeaders:
    """Return what a client sends with all requests."""
    found = [(name.lower().decode("latin-1"), name, value) for name, value in client.headers.raw]
    # That a connection is kept needs no word in HTTP/1.1 (RFC 9112 section 9.3).
    kept = [entry for entry in found if entry[::2] != ("connection", b"keep-alive") and entry[0] != "accept-encoding"]
    return [*kept, ("accept-encoding", b"Accept-Encoding", ACCEPTED.encode())]


class Outgoing:
    """Builds the requests of one client.

    Args:
        library: the client's.
        client: sends them.
        is_async: whether it does so in an event loop.
        is_owned: whether the SDK made the client; the caller's own may change at any time.
    """

    __slots__ = ("_chunks", "_client", "_library", "_usual", "_whole")

    def __init__(
        self, library: Library, client: httpx.Client | httpx.AsyncClient, *, is_async: bool, is_owned: bool
    ) -> None:
        self._library = library
        self._client = client
        self._usual = usual_headers(client) if is_owned else None
        self._whole: type[httpx.ByteStream | _Whole]
        self._chunks: type[Chunks | AsyncChunks]
        if is_async:
            self._whole = as_subclass(_Whole, library.AsyncByteStream)
            self._chunks = as_subclass(AsyncChunks, library.AsyncByteStream)
        else:
            self._whole = library.ByteStream
            self._chunks = as_subclass(Chunks, library.SyncByteStream)

    def build(self, request: WireRequest, timeouts: Mapping[str, float]) -> httpx.Request:
        """Build a request.

        Args:
            request: what is sent.
            timeouts: the limits of each step.
        """
        library = self._library
        url, host, discreet = _url(library, request.url)
        own = {name.lower() for name, _ in request.headers}
        headers = [(b"Host", host)]
        usual = self._usual or usual_headers(self._client)
        headers += [(name, value) for lower, name, value in usual if lower not in own]
        headers += [(name.encode("ascii"), value.encode("latin-1")) for name, value in request.headers]
        headers += _length(request.content, request.method)
        cookies = self._cookies(request, url)
        if cookies:
            headers = with_cookies(headers, cookies)
        built = library.Request(
            request.method,
            url,
            headers=headers,
            stream=self._body(request.content),  # type: ignore[arg-type]  # `as_subclass` has given it the right base
            extensions={"timeout": timeouts},
        )
        # The library writes it in capitals, but the letters of a method count (RFC 9110 section 9.1).
        built.method = request.method
        if self._usual is not None:
            # Where the client is the caller's, their own code may read the URL as well.
            built.url = discreet
        return built

    def _cookies(self, request: WireRequest, url: httpx.URL) -> list[bytes]:
        if self._usual is not None:
            return [] if request.cookies is None else request.cookies.fields(self._library, url)
        jar = self._client.cookies.jar
        return cookie_fields(self._library, jar, url) if jar else []

    def _body(self, content: Content | None) -> object:
        # That something is no Struct takes `isinstance` three times as long to say as that it is bytes.
        if content is None or isinstance(content, bytes):
            return self._whole(content or b"")
        return self._chunks(content)


@lru_cache(maxsize=4)
def _discreet_url(library: Library) -> type[httpx.URL]:
    """Return the class of a URL as the library's own log shows it: without its query, which may hold a credential."""

    def shown(url: httpx.URL) -> str:
        return shown_url(library.URL.__str__(url))

    return type("DiscreetURL", (library.URL,), {"__str__": shown})


@lru_cache(maxsize=512)
def _url(library: Library, text: str) -> tuple[httpx.URL, bytes, httpx.URL]:
    """Parse a URL; return it, the host to name in the request, and the URL as it may be logged."""
    url = library.URL(text)
    if not _is_host(url.host):
        raise library.InvalidURL(f"{url.host!r} is not the name of a host")
    return url, url.netloc, _discreet_url(library)(url)


@lru_cache(maxsize=64)
def _is_host(name: str) -> bool:
    """Whether a name can be looked up (RFC 1035 section 2.3.4); a socket would raise no error of the network."""
    try:
        _IDNA.encode(name)
    except UnicodeError:
        return False
    return True


def _length(content: Content | None, method: str) -> tuple[tuple[bytes, bytes], ...]:
    """Return the header for a body's length (RFC 9112 section 6), also for no body where the method means one."""
    if content is None:
        return ((b"Content-Length", b"0"),) if method in _WITH_BODY else ()
    size = len(content) if isinstance(content, bytes) else content.length
    return ((b"Transfer-Encoding", b"chunked") if size is None else (b"Content-Length", b"%d" % size),)


class _Whole:
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


class Chunks:
    """An upload as a sync client reads it; what the caller's own iterator or file raises is kept."""

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


class AsyncChunks:
    """An upload as an async client reads it, likewise."""

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
