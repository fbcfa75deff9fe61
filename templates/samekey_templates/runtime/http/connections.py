"""The httpx clients that an SDK makes for itself: one TLS context for all, watched sockets, no needless work."""

from __future__ import annotations

import ssl
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import httpx

from ..concurrency.cancellation import in_background, undisturbed
from .decoding import ACCEPTED
from .sockets import AsyncBackend, SocketBackend

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from .sockets import Secured

_HEADERS: Final = {"Accept-Encoding": ACCEPTED}


def own_client() -> httpx.Client:
    """Make the httpx client for threads that an SDK uses where the caller gives none."""
    client = httpx.Client(verify=_STAND_IN, limits=_LIMITS, headers=_HEADERS)
    _watch(client, SocketBackend)
    return client if is_watched(client) else httpx.Client(verify=_tls_context(), limits=_LIMITS, headers=_HEADERS)


def own_async_client() -> httpx.AsyncClient:
    """Make the httpx client for event loops that an SDK uses where the caller gives none."""
    client = httpx.AsyncClient(verify=_STAND_IN, limits=_LIMITS, headers=_HEADERS)
    if isinstance(getattr(client, "_transport", None), httpx.AsyncHTTPTransport):
        # Not as `transport=`: a client that is given one does not look for proxies in the environment.
        pools = [httpx.AsyncHTTPTransport(verify=_STAND_IN, limits=_POOL_LIMITS) for _ in range(_POOLS)]
        setattr(client, "_transport", _Pools(pools))  # noqa: B010  # no attribute that types know
        proxies: dict[object, httpx.AsyncBaseTransport | None] = getattr(client, "_mounts", {})
        proxies.update({pattern: _Pools([proxy]) for pattern, proxy in proxies.items() if proxy is not None})
    _watch(client, AsyncBackend)
    if is_watched(client):
        return client
    return httpx.AsyncClient(verify=_tls_context(), limits=_LIMITS, headers=_HEADERS)


def _watch(client: httpx.Client | httpx.AsyncClient, backend: Callable[[Any, Secured], object]) -> None:
    """Make the connections of a client keep the deadline and see the head of a response.

    Neither httpx nor httpcore lets the network of an `httpx.Client` be given from outside, so it is exchanged in their
    attributes. Where a version has others, the client is no use. What is lost without it: the status of a response that
    breaks off inside its headers, and in a sync client any check of the deadline within a step or a piece of the body.
    """
    for transport in _transports(client):
        pool = getattr(transport, "_pool", None)
        network = getattr(pool, "_network_backend", None)
        if network is not None:
            setattr(pool, "_network_backend", backend(network, _secured))  # noqa: B010  # likewise
        closing = getattr(pool, "_close_connections", None)
        if closing is not None and isinstance(client, httpx.AsyncClient):
            setattr(pool, "_close_connections", _unless_none(closing))  # noqa: B010  # likewise
    if hasattr(client, "_cookies"):
        setattr(client, "_cookies", _QuietCookies())  # noqa: B010  # its setter would make plain ones of them


def _unless_none(
    close: Callable[[Sequence[object]], Awaitable[None]],
) -> Callable[[Sequence[object]], Awaitable[None]]:
    """Wrap the closing of connections so that it does nothing where there are none.

    httpcore asks twice in each request which event loop it runs in, to be sure that nothing interrupts it there.
    """

    async def closing(connections: Sequence[object]) -> None:
        if connections:
            await undisturbed(close(connections))

    return closing


def _transports(client: httpx.Client | httpx.AsyncClient) -> list[object]:
    """Return the transports of a client, those of proxies included."""
    found = [getattr(client, "_transport", None), *getattr(client, "_mounts", {}).values()]
    return [one for transport in found if transport is not None for one in getattr(transport, "pools", (transport,))]


def is_watched(client: httpx.Client | httpx.AsyncClient) -> bool:
    """Whether all connections of a client keep the deadline and see the head of a response."""
    return all(
        isinstance(getattr(getattr(transport, "_pool", None), "_network_backend", None), SocketBackend | AsyncBackend)
        for transport in _transports(client)
    )


def holds_connections(client: httpx.Client | httpx.AsyncClient, *, is_used: bool) -> bool:
    """Whether a client holds connections, which belong to the process and the event loop that made them.

    Args:
        client: the client.
        is_used: whether it was used through this SDK; only then may one of aiohttp's hold some.
    """
    return any(_holds(transport, is_used=is_used) for transport in _transports(client))


def _holds(transport: object, *, is_used: bool, depth: int = 3) -> bool:
    if _name(transport) == _AIOHTTP:
        return is_used
    connections = getattr(getattr(transport, "_pool", None), "connections", None)
    if connections is not None:
        return bool(connections)
    # One of the caller's own sends through others, as a rule, which it keeps in an attribute.
    others = [other for other in getattr(transport, "__dict__", {}).values() if isinstance(other, _TRANSPORTS)]
    return depth > 0 and any(_holds(other, is_used=is_used, depth=depth - 1) for other in others)


def knows_failures(client: httpx.Client | httpx.AsyncClient) -> bool:
    """Whether all transports of a client are httpx's or aiohttp's own, whose errors say what was sent.

    Another one may retry by itself, or call another service and pass on its errors.
    """
    return all(_name(transport) in _KNOWN for transport in _transports(client))


def _name(transport: object) -> str:
    kind = type(transport)
    return f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"


_TRANSPORTS: Final = (httpx.BaseTransport, httpx.AsyncBaseTransport)
_AIOHTTP: Final = "httpx_aiohttp.AiohttpTransport"
_KNOWN: Final = frozenset({"httpx.HTTPTransport", "httpx.AsyncHTTPTransport", "httpx.MockTransport", _AIOHTTP})


def abandon(client: httpx.Client | httpx.AsyncClient) -> None:
    """Let go of a parent process's connections in its forked child, and send nothing on them."""
    for transport in _transports(client):
        network = getattr(getattr(transport, "_pool", None), "_network_backend", None)
        if isinstance(network, (SocketBackend, AsyncBackend)):
            network.abandon()


def retire_if_more_came(response: httpx.Response) -> None:
    """Keep a connection from being used again where it holds bytes beyond its response.

    httpcore would read them as the answer to the next request. It hides what h11 has left over behind several streams.
    """
    stream: Any = response.stream
    try:
        stream = stream._stream  # noqa: SLF001
        stream = getattr(stream, "inner", stream)._httpcore_stream  # noqa: SLF001
        connection = stream._stream._connection  # noqa: SLF001
        left, _ = connection._h11_state.trailing_data  # noqa: SLF001
        network = connection._network_stream  # noqa: SLF001
        if left or network.holds_more():
            network.retire()
    except AttributeError:
        # Another version of httpx or httpcore, or a connection of HTTP/2.
        return


_POOLS: Final = 16
_LIMITS: Final = httpx.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=15.0)
_POOL_LIMITS: Final = httpx.Limits(max_connections=64, max_keepalive_connections=8, keepalive_expiry=15.0)


_STAND_IN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Stands for the TLS context until then; it knows no authority, so it would trust nobody. There is one, whichever
thread comes first: by it a connection is told from one that a proxy secures."""


@cache
def _tls_context() -> ssl.SSLContext:
    """Return the one TLS context of all clients, which costs 28 ms and 0.8 MB; made for the first TLS connection."""
    return httpx.create_ssl_context()


def _secured(context: ssl.SSLContext) -> ssl.SSLContext:
    """Return the TLS context for a connection: the one of all clients, or the one that a proxy has of its own."""
    if context is not _STAND_IN:
        return context
    # What httpcore has told the other one, which cannot be asked for it.
    _tls_context().set_alpn_protocols(["http/1.1"])
    return _tls_context()


class _QuietCookies(httpx.Cookies):
    """Cookies that look at an answer only where it sets some; httpx's own cost an eighth of a call."""

    def extract_cookies(self, response: httpx.Response) -> None:
        if "set-cookie" in response.headers:
            super().extract_cookies(response)


class _Pools(httpx.AsyncBaseTransport):
    """Several pools behind one client: what httpcore's pool does for a request grows with its open connections.

    Args:
        pools: each takes a request when it has the fewest to do; the first of these, so that calls one after the other
            share a connection.
    """

    def __init__(self, pools: Sequence[httpx.AsyncBaseTransport]) -> None:
        self.pools = pools
        self._busy = [0] * len(pools)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        index = self._busy.index(min(self._busy))
        self._busy[index] += 1
        try:
            response = await self.pools[index].handle_async_request(request)
        except BaseException:
            self.ended(index)
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101  # what the base class promises
        response.stream = _Counted(response.stream, self, index)
        return response

    def ended(self, index: int) -> None:
        """Count a request of a pool as done; after an exception, clear away what it has left behind there."""
        self._busy[index] -= 1
        if sys.exception() is not None:
            _mend(self.pools[index])

    async def aclose(self) -> None:
        for pool in self.pools:
            await pool.aclose()


class _Counted(httpx.AsyncByteStream):
    """The body of an answer; its pool has one less to do when it is closed."""

    def __init__(self, inner: httpx.AsyncByteStream, pools: _Pools, index: int) -> None:
        self.inner = inner
        self._pools: _Pools | None = pools
        self._index = index

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self.inner)

    async def aclose(self) -> None:
        pools, self._pools = self._pools, None
        try:
            # httpcore is shielded from anyio's cancellation here, and not from asyncio's own.
            await undisturbed(self.inner.aclose())
        finally:
            if pools is not None:
                pools.ended(self._index)


def _mend(transport: httpx.AsyncBaseTransport) -> None:
    """Take connections out of a pool that no request uses and no request can get.

    A request that is cancelled at an unlucky moment leaves its connection behind as new or active for ever, and each
    such one takes a place of the pool.
    """
    pool: Any = getattr(transport, "_pool", None)
    try:
        held = {id(request.connection) for request in pool._requests}  # noqa: SLF001
        connections: list[Any] = pool._connections  # noqa: SLF001
        lost = [
            connection
            for connection in connections
            if id(connection) not in held and not connection.is_idle() and not connection.is_closed()
        ]
        if lost:
            connections[:] = [connection for connection in connections if connection not in lost]
            # Others may have waited for their places.
            lost += pool._assign_requests_to_connections()  # noqa: SLF001
    except AttributeError:
        return
    for connection in lost:
        in_background(connection.aclose())
