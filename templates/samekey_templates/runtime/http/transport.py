"""One attempt on the wire, through httpx or httpx2."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final, cast

from ..concurrency.fork import importing
from ..concurrency.loops import current_loop
from ..request.body import Upload
from ..retry.loop import monotonic
from ..retry.rules import Failed, Failure, is_success
from ..retry.wire import Limits, RawAnswer, Result, WireRequest
from .connections import (
    abandon,
    awind_down,
    holds_connections,
    holds_no_requests,
    is_watched,
    knows_failures,
    mend_all,
    own_async_client,
    own_client,
    retire_if_more_came,
    wind_down,
)
from .failures import Sender, expected, failure
from .library import as_subclass, http_library, library_of
from .limits import timeouts_for
from .options import USUAL
from .outgoing import AsyncChunks, Chunks, Outgoing
from .pools import forget
from .reading import aread_body, read_body
from .redirects import MAX_REDIRECTS, redirected
from .sockets import DeadlinePassedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator
    from types import FrameType

    import httpx

    from ..request.body import Content
    from .library import Library
    from .options import AsyncHTTPClient, ConnectionOptions, HTTPClient

_HANDLERS: Final = frozenset({"handle_request", "handle_async_request"})
_NETWORKS: Final = frozenset({"httpcore", "httpcore2"})
_NO_SCOPE: Final = cast("AbstractContextManager[object, bool]", nullcontext())
_CLOSED: Final = "the client is closed: make a new one"


class _NoAuth:
    """No authentication, without the generators that a library makes to find that out."""

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        return _Unchanged(request)

    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        return _AsyncUnchanged(request)


class _Unchanged(Generator["httpx.Request", "httpx.Response", None]):
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


class _AsyncUnchanged(AsyncGenerator["httpx.Request", "httpx.Response"]):
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


class Whereabouts:
    """The process and the event loop to which the connections of a caller's own client belong.

    Args:
        client: the caller's own client.
        process: the id of the process.
    """

    def __init__(self, client: HTTPClient | AsyncHTTPClient, process: int) -> None:
        self._client = cast("httpx.Client | httpx.AsyncClient", client)
        self._process = process
        self._loop: object = None
        self._is_used = False

    def refusal(self, loop: object = None) -> str | None:
        """Return why the client cannot be used in this process and loop; None where it can, and belongs there."""
        if self._client.is_closed:
            return "the http_client is closed"
        process = os.getpid()
        is_forked = process != self._process
        has_moved = is_forked or (self._is_used and loop is not self._loop)
        if has_moved and holds_connections(self._client, is_used=self._is_used):
            where = "process, before it was forked" if is_forked else "event loop"
            return f"the http_client holds connections of another {where}: give each its own"
        self._process, self._loop, self._is_used = process, loop, True
        return None


class _Transport:
    """What transports share, whether they wait in a thread or in an event loop.

    Args:
        library: the HTTP library of the client.
        client: sends the requests.
        outgoing: builds them.
        is_owned: whether the SDK made the client.
    """

    def __init__(
        self, library: Library, client: httpx.Client | httpx.AsyncClient, outgoing: Outgoing, *, is_owned: bool
    ) -> None:
        self._library = library
        self._expected = expected(library)
        self._outgoing = outgoing
        self._owned = is_owned
        self._closed = False
        self._is_watched = is_watched(client)
        self._known = Sender.KNOWN if is_owned or knows_failures(client) else Sender.UNKNOWN
        self._no_auth: Any = as_subclass(_NoAuth, library.Auth)()

    def _auth(self, request: httpx.Request) -> dict[str, httpx.Auth]:
        """Turn authentication off where there can be none; a library would search the URL for a password each time."""
        return {"auth": self._no_auth} if self._owned and not request.url.userinfo else {}

    def _is_of_library(self, error: Exception, *, is_closed: bool) -> bool:
        """Whether an exception that no library should raise came out of one: nobody says how far the request had come.

        So it is where somebody closes the caller's client meanwhile, and where a connection of HTTP/2 is shared with a
        request that was cancelled.

        Args:
            error: the exception.
            is_closed: whether the client is closed.
        """
        return (is_closed and isinstance(error, RuntimeError)) or (self._owned and _is_of_network(error))

    def _sender(self, built: httpx.Request | None) -> Sender:
        return Sender.NOBODY if built is None else self._known

    def _keep_cookies(self, request: WireRequest, response: httpx.Response) -> None:
        if self._owned and request.cookies is not None:
            request.cookies.keep(self._library, response)


class SyncTransport(_Transport):
    """Sends attempts through a sync client of httpx or httpx2, the caller's own or one made when first needed.

    Args:
        http_client: the caller's own client.
        home: the id of the process to which the connections of the caller's own client belong.
        options: how a client of the SDK's own connects.
    """

    def __init__(
        self, http_client: HTTPClient | None = None, home: int = 0, options: ConnectionOptions = USUAL
    ) -> None:
        library = http_library(options.library if http_client is None else library_of(http_client))
        self._client = own_client(library, options) if http_client is None else cast("httpx.Client", http_client)
        self._where = Whereabouts(self._client, home or os.getpid())
        is_owned = http_client is None
        outgoing = Outgoing(library, self._client, is_async=False, is_owned=is_owned)
        super().__init__(library, self._client, outgoing, is_owned=is_owned)
        self._is_http2 = options.http2

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
            following = redirected(request, result, is_first=hop == 0, may_leave=self._owned)
            if isinstance(following, (RawAnswer, Failed)):
                return following
            request = following
        return Failed(Failure.REDIRECTED, "too many redirects")

    def _refusal(self, content: Content | None) -> str | None:
        if self._closed:
            return _CLOSED
        return _changed(content) or (None if self._owned else self._where.refusal())

    def _send(self, request: WireRequest, limits: Limits, *, keep_open: bool) -> Result:
        refusal = self._refusal(request.content)
        if refusal is not None:
            return Failed(Failure.UNSENDABLE, refusal)
        response: httpx.Response | None = None
        built: httpx.Request | None = None
        stays_open = False
        timeouts = timeouts_for(request, limits, is_watched=self._is_watched, is_http2=self._is_http2)
        handled = sys.exception()
        try:
            built = self._outgoing.build(request, timeouts)
            response = self._client.send(built, stream=True, follow_redirects=False, **self._auth(built))
            self._keep_cookies(request, response)
            if keep_open and is_success(response.status_code):
                stays_open = True
                timeouts.lift()
                with importing():
                    from .open import opened  # noqa: PLC0415  # imported with the first stream

                return opened(self._library, response)
            return RawAnswer(response.status_code, response.headers, read_body(response, limits))
        except self._expected as error:
            _raise_own(self._library, error, built, response)
            if isinstance(error, self._library.PoolTimeout):
                mend_all(self._client)
            head = response or timeouts.begun()
            return failure(self._library, error, head, handled, limits.ends, self._sender(built))
        except Exception as error:
            _raise_own(self._library, error, built, response)
            if not self._is_of_library(error, is_closed=self._client.is_closed):
                raise
            return failure(self._library, error, response, handled, limits.ends, Sender.UNKNOWN)
        except BaseException:
            mend_all(self._client)
            raise
        finally:
            if response is not None and not stays_open:
                retire_if_more_came(response)
                self._close(response)

    def _close(self, response: httpx.Response) -> None:
        try:
            response.close()
        except Exception:
            if not self._owned:
                raise
            # The response has come, and is worth more than its connection.
            forget(getattr(response.stream, "_stream", None))
            mend_all(self._client)

    def close(self) -> None:
        """Send nothing more, and close the connections, unless the client is the caller's own.

        An attempt that is on its way ends as ever, and its connection with it.
        """
        self._closed = True
        if self._owned:
            wind_down(self._client)


class AsyncTransport(_Transport):
    """Sends attempts through an async client of httpx or httpx2, the caller's own or one made when first needed.

    Args:
        http_client: the caller's own client.
        where: the process and event loop to which the connections of the caller's own client belong.
        options: how a client of the SDK's own connects.
    """

    def __init__(
        self,
        http_client: AsyncHTTPClient | None = None,
        where: Whereabouts | None = None,
        options: ConnectionOptions = USUAL,
    ) -> None:
        library = http_library(options.library if http_client is None else library_of(http_client))
        is_owned = http_client is None
        self._client = own_async_client(library, options) if is_owned else cast("httpx.AsyncClient", http_client)
        self._where = where or Whereabouts(self._client, os.getpid())
        outgoing = Outgoing(library, self._client, is_async=True, is_owned=is_owned)
        super().__init__(library, self._client, outgoing, is_owned=is_owned)
        self._is_http2 = options.http2

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
            following = redirected(request, result, is_first=hop == 0, may_leave=self._owned)
            if isinstance(following, (RawAnswer, Failed)):
                return following
            request = following
        return Failed(Failure.REDIRECTED, "too many redirects")

    def _refusal(self, content: Content | None) -> str | None:
        if self._closed:
            return _CLOSED
        return _changed(content) or (None if self._owned else self._where.refusal(current_loop()))

    async def _send(self, request: WireRequest, limits: Limits, *, keep_open: bool) -> Result:
        refusal = self._refusal(request.content)
        if refusal is not None:
            return Failed(Failure.UNSENDABLE, refusal)
        response: httpx.Response | None = None
        built: httpx.Request | None = None
        stays_open = False
        timeouts = timeouts_for(request, limits, is_watched=self._is_watched, is_http2=self._is_http2)
        handled = sys.exception()
        with self._scope(request, limits):
            try:
                built = self._outgoing.build(request, timeouts)
                response = await self._client.send(built, stream=True, follow_redirects=False, **self._auth(built))
                self._keep_cookies(request, response)
                if keep_open and is_success(response.status_code):
                    stays_open = True
                    timeouts.lift()
                    with importing():
                        from .open import aopened  # noqa: PLC0415  # imported with the first stream

                    return aopened(self._library, response)
                return RawAnswer(response.status_code, response.headers, await aread_body(response, limits))
            except self._expected as error:
                _raise_own(self._library, error, built, response)
                head = response or timeouts.begun()
                return failure(self._library, error, head, handled, limits.ends, self._sender(built))
            except Exception as error:
                _raise_own(self._library, error, built, response)
                if not self._is_of_library(error, is_closed=self._client.is_closed):
                    raise
                return failure(self._library, error, response, handled, limits.ends, Sender.UNKNOWN)
            finally:
                if response is not None and not stays_open:
                    retire_if_more_came(response)
                    await response.aclose()
        late = DeadlinePassedError("the deadline passed")
        head = response or timeouts.begun()
        return failure(self._library, late, head, handled, limits.ends, self._sender(built))

    def _scope(self, request: WireRequest, limits: Limits) -> AbstractContextManager[object, bool]:
        """Return what ends an attempt at the deadline where its connection does not: the caller may make the body."""
        if self._is_watched and not isinstance(request.content, Upload):
            return _NO_SCOPE
        import anyio  # noqa: PLC0415  # comes with httpx; needed only here

        return anyio.move_on_after(max(0.0, limits.until - monotonic()))

    def refuse(self) -> None:
        """Send nothing more."""
        self._closed = True

    @property
    def is_idle(self) -> bool:
        """Whether no request is on its way, as far as the SDK's own connections know."""
        return not self._owned or holds_no_requests(self._client)

    async def wind_down(self) -> None:
        """Close the connections that no request uses, unless the client is the caller's own; the others as they end."""
        if self._owned:
            await awind_down(self._client)

    async def aclose(self) -> None:
        """Close all connections, unless the client is the caller's own."""
        if self._owned:
            await self._client.aclose()


def _changed(content: Content | None) -> str | None:
    """Return why a body cannot be sent as it was when the call began; None where it can."""
    # Asked for in this order: that something is no Struct takes `isinstance` longer to say.
    return None if content is None or isinstance(content, bytes) else content.refusal()


def _raise_own(
    library: Library, error: Exception, built: httpx.Request | None, response: httpx.Response | None
) -> None:
    """Raise what is none of the API's doing: an error of the caller's body, hooks or flow of authentication."""
    stream: object = built.stream if built is not None else None
    if isinstance(stream, (Chunks, AsyncChunks)) and stream.failed is not None:
        raise stream.failed
    if built is None or response is not None:
        return
    is_own = isinstance(error, (library.RequestError, library.HTTPStatusError)) and not _is_about(error, built)
    if is_own or (isinstance(error, OSError) and not _is_of_transport(error)):
        raise error


def _is_about(error: httpx.RequestError | httpx.HTTPStatusError, built: httpx.Request) -> bool:
    """Whether an error tells of the request at hand; not of one to another service, and not of none."""
    try:
        return error.request is built
    except RuntimeError:
        return False


def _is_of_transport(error: Exception) -> bool:
    """Whether an exception came out of a transport of the library."""
    return any(frame.f_code.co_name in _HANDLERS for frame in _frames(error))


def _is_of_network(error: Exception) -> bool:
    """Whether an exception came through the library's own work with connections."""
    return any(frame.f_globals.get("__name__", "").partition(".")[0] in _NETWORKS for frame in _frames(error))


def _frames(error: Exception) -> Iterator[FrameType]:
    step = error.__traceback__
    while step is not None:
        yield step.tb_frame
        step = step.tb_next
