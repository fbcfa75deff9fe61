"""Pools of connections: several behind one async client, and what is left in them when a request ends badly."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ..concurrency.cancellation import in_background, undisturbed
from .library import as_subclass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence, Sized

    import httpx

    from .library import Library
    from .options import ConnectionOptions

_MOST_POOLS: Final = 16
_POOL_SIZE: Final = 64
_IDLE: Final = 8
_MAX_CONNECTIONS: Final = 1000
_MAX_IDLE: Final = 100
_EXPIRY: Final = 15.0


def limits_of(library: Library, options: ConnectionOptions) -> httpx.Limits:
    """Return how many connections a client may hold: the caller's choice, or the SDK's own."""
    if options.limits is None:
        return library.Limits(
            max_connections=_MAX_CONNECTIONS, max_keepalive_connections=_MAX_IDLE, keepalive_expiry=_EXPIRY
        )
    return library.Limits(
        max_connections=options.limits.max_connections,
        max_keepalive_connections=options.limits.max_keepalive_connections,
        keepalive_expiry=options.limits.keepalive_expiry,
    )


def limits_of_pools(library: Library, options: ConnectionOptions, *, is_direct: bool) -> list[httpx.Limits]:
    """Return the limits of each pool behind an async client, which together are the client's.

    Args:
        library: the client's HTTP library.
        options: how the client connects.
        is_direct: whether the connections lead to the servers themselves, and not to a proxy.
    """
    if not is_direct or options.http2:
        # Over HTTP/2 one connection carries many requests, which it could not if they were spread.
        return [limits_of(library, options)]
    if options.limits is None:
        usual = library.Limits(max_connections=_POOL_SIZE, max_keepalive_connections=_IDLE, keepalive_expiry=_EXPIRY)
        return [usual] * _MOST_POOLS
    most = options.limits.max_connections
    count = _MOST_POOLS if most is None else max(1, min(_MOST_POOLS, most // _POOL_SIZE))
    idle = options.limits.max_keepalive_connections
    return [
        library.Limits(
            max_connections=_share(most, count, index),
            max_keepalive_connections=_share(idle, count, index),
            keepalive_expiry=options.limits.keepalive_expiry,
        )
        for index in range(count)
    ]


def _share(whole: int | None, count: int, index: int) -> int | None:
    """Return one of the parts into which a number is divided as evenly as it can be."""
    return None if whole is None else whole // count + (index < whole % count)


class _Member:
    """One of several pools.

    Args:
        transport: the pool.
        limits: how many connections it may hold.
    """

    __slots__ = ("most", "requests", "running", "transport")

    def __init__(self, transport: httpx.AsyncBaseTransport, limits: httpx.Limits) -> None:
        self.transport = transport
        self.most = limits.max_connections
        self.requests = requests_of(transport)
        self.running = 0

    @property
    def should_have_room(self) -> bool:
        """Whether it has fewer requests to carry than connections, whatever it says itself."""
        return self.most is None or self.running < self.most


class Pools:
    """Several pools behind one client: what a library's pool does for a request grows with its open connections.

    A request goes to the pool that holds the fewest; to the first of these, so that calls one after the other share a
    connection. A pool that gives no connection though it should have one to give is replaced.

    Args:
        library: the client's HTTP library.
        make: makes a pool within limits.
        limits: of each pool.
    """

    def __init__(
        self,
        library: Library,
        make: Callable[[httpx.Limits], httpx.AsyncBaseTransport],
        limits: Sequence[httpx.Limits],
    ) -> None:
        self._pool_timeout = library.PoolTimeout
        self._counted = as_subclass(_Counted, library.AsyncByteStream)
        self._make = make
        self._limits = limits
        self._members = [_Member(make(limit), limit) for limit in limits]

    @property
    def pools(self) -> list[httpx.AsyncBaseTransport]:
        """The pools themselves."""
        return [member.transport for member in self._members]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # What a pool holds is more than what it carries, where requests have left something behind.
        counts = [len(member.requests) for member in self._members]
        index = counts.index(min(counts))
        member = self._members[index]
        member.running += 1
        try:
            response = await member.transport.handle_async_request(request)
        except BaseException as error:
            member.running -= 1
            mend(member.transport)
            if isinstance(error, self._pool_timeout):
                self._replace(index, member)
            raise
        stream: Any = self._counted(response.stream, member)
        response.stream = stream
        return response

    def _replace(self, index: int, member: _Member) -> None:
        """Replace a pool that gave no connection; the requests that it carries keep the former one alive."""
        if member.should_have_room and self._members[index] is member:
            self._members[index] = _Member(self._make(self._limits[index]), self._limits[index])
            in_background(close_idle(member.transport))

    async def aclose(self) -> None:
        for pool in self.pools:
            await pool.aclose()


class _Counted:
    """The body of a response; its pool has one less to carry when it is closed."""

    def __init__(self, inner: Any, member: _Member) -> None:  # noqa: ANN401  # a library's stream
        self.inner = inner
        self._member = member
        self._is_closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self.inner)

    async def aclose(self) -> None:
        try:
            # The library is shielded from anyio's cancellation here, and not from asyncio's own.
            await undisturbed(self.inner.aclose())
        except Exception:  # noqa: BLE001  # the response has come, and is worth more than its connection
            self.dropped()
        finally:
            self.ended()

    def ended(self) -> None:
        """Count the request as done; after an exception, clear away what it has left behind in its pool."""
        if self._is_closed:
            return
        self._is_closed = True
        self._member.running -= 1
        if sys.exception() is not None:
            mend(self._member.transport)

    def dropped(self) -> None:
        """Take the request out of its pool, since nobody will close its response."""
        forget(self.inner)
        mend(self._member.transport)
        self.ended()


def forget(stream: Any) -> None:  # noqa: ANN401  # the body of a response, as a transport of the library gives it
    """Take the request of a response out of its pool, where the library has not done so."""
    with suppress(AttributeError):
        held = stream._httpcore_stream  # noqa: SLF001
        pool, request = held._pool, held._pool_request  # noqa: SLF001
        if request in pool._requests:  # noqa: SLF001
            pool._requests.remove(request)  # noqa: SLF001


def requests_of(pool: object) -> Sized:
    """Return the requests that a pool holds, as it counts them itself."""
    found: Sized = getattr(getattr(pool, "_pool", None), "_requests", ())
    return found


def mend(transport: object) -> None:
    """Take connections out of a pool that no request uses and no request can get.

    A request that is cancelled at an unlucky moment leaves its connection behind as new or active for ever, and each
    such one takes a place of the pool. A KeyboardInterrupt does the same in a thread.
    """
    pool: Any = getattr(transport, "_pool", None)
    try:
        with pool._optional_thread_lock:  # noqa: SLF001
            held = {id(request.connection) for request in pool._requests}  # noqa: SLF001
            lost = [
                connection
                for connection in pool._connections  # noqa: SLF001
                if id(connection) not in held and not connection.is_idle() and not connection.is_closed()
            ]
            if lost:
                pool._connections[:] = [one for one in pool._connections if one not in lost]  # noqa: SLF001
                # Others may have waited for their places.
                lost += pool._assign_requests_to_connections()  # noqa: SLF001
    except AttributeError:
        return
    for connection in lost:
        _close(connection)


def _close(connection: Any) -> None:  # noqa: ANN401  # a library's own
    close = getattr(connection, "close", None)
    if close is None:
        in_background(connection.aclose())
    else:
        close()


def keep_none(transport: object) -> list[Any] | None:
    """Keep a pool from holding connections that no request uses, from now on.

    Returns:
        Those that it held, which are to be closed; None where the pool is not of a kind that is known.
    """
    pool: Any = getattr(transport, "_pool", None)
    try:
        with pool._optional_thread_lock:  # noqa: SLF001
            pool._max_keepalive_connections = 0  # noqa: SLF001
            idle: list[Any] = pool._assign_requests_to_connections()  # noqa: SLF001
    except AttributeError:
        return None
    return idle


async def close_idle(transport: httpx.AsyncBaseTransport) -> None:
    """Close the connections of a pool that no request uses; the others end with their requests."""
    idle = keep_none(transport)
    if idle is None:
        await transport.aclose()
        return
    for connection in idle:
        await connection.aclose()


def drop(response: httpx.Response, loop: Any) -> None:  # noqa: ANN401  # asyncio's loop, or trio's token
    """Give up the connection of a response that nobody will read or close any more; from any thread.

    Args:
        response: the response.
        loop: the event loop in which it came.
    """
    schedule: Callable[..., object] | None = getattr(loop, "call_soon_threadsafe", None) or getattr(
        loop, "run_sync_soon", None
    )
    if schedule is not None:
        with suppress(RuntimeError):
            # The loop may have ended, and its connections with it.
            schedule(_drop, response)


def _drop(response: httpx.Response) -> None:
    stream: Any = response.stream
    with suppress(AttributeError):
        # There is nothing to be done in a transport of the caller's own.
        stream._stream.dropped()  # noqa: SLF001
