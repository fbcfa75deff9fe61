"""The httpx clients that an SDK makes for itself: one TLS context for all, watched sockets, no needless work."""

from __future__ import annotations

import ssl
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import httpx

from ._sockets import AsyncBackend, Backend

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from ._sockets import Secured


def own_client() -> httpx.Client:
    """A client for threads."""
    client = httpx.Client(verify=_STAND_IN, limits=_LIMITS)
    _watch(client, Backend)
    return client if is_watched(client) else httpx.Client(verify=_tls_context(), limits=_LIMITS)


def own_async_client() -> httpx.AsyncClient:
    """A client for an event loop."""
    client = httpx.AsyncClient(verify=_STAND_IN, limits=_POOL_LIMITS)
    first = getattr(client, "_transport", None)
    if isinstance(first, httpx.AsyncHTTPTransport):
        # Not as `transport=`: a client that is given one does not look for proxies in the environment.
        others = [httpx.AsyncHTTPTransport(verify=_STAND_IN, limits=_POOL_LIMITS) for _ in range(_POOLS - 1)]
        setattr(client, "_transport", _Pools([first, *others]))  # noqa: B010  # no attribute that types know
    _watch(client, AsyncBackend)
    return client if is_watched(client) else httpx.AsyncClient(verify=_tls_context(), limits=_LIMITS)


def _watch(client: httpx.Client | httpx.AsyncClient, backend: Callable[[Any, Secured], object]) -> None:
    """Make the connections of a client keep the deadline and see the head of an answer.

    Neither httpx nor httpcore lets the network of an `httpx.Client` be given from outside, so it is exchanged in their
    attributes; where a version has others, the client is no use, and only what docs/retrying.md says is lost.
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
    """Closing of connections that does nothing where there are none.

    httpcore asks twice in each request which event loop it runs in, to be sure that nothing interrupts it there.
    """

    async def closing(connections: Sequence[object]) -> None:
        if connections:
            await close(connections)

    return closing


def _transports(client: httpx.Client | httpx.AsyncClient) -> list[object]:
    """The transports of a client, those of proxies included."""
    first = getattr(client, "_transport", None)
    found = [*getattr(first, "pools", (first,)), *getattr(client, "_mounts", {}).values()]
    return [transport for transport in found if transport is not None]


def is_watched(client: httpx.Client | httpx.AsyncClient) -> bool:
    """Whether all connections of a client keep the deadline and see the head of an answer."""
    return all(
        isinstance(getattr(getattr(transport, "_pool", None), "_network_backend", None), Backend | AsyncBackend)
        for transport in _transports(client)
    )


_POOLS: Final = 16
_LIMITS: Final = httpx.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=15.0)
_POOL_LIMITS: Final = httpx.Limits(max_connections=64, max_keepalive_connections=8, keepalive_expiry=15.0)


_STAND_IN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Stands for the TLS context until then; it knows no authority, so it would trust nobody. There is one, whichever
thread comes first: by it a connection is told from one that a proxy secures."""


@cache
def _tls_context() -> ssl.SSLContext:
    """The one TLS context of all clients: it costs 28 ms and 0.8 MB, and is made for the first TLS connection."""
    return httpx.create_ssl_context()


def _secured(context: ssl.SSLContext) -> ssl.SSLContext:
    """The context for a connection; a proxy has its own."""
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
            self._busy[index] -= 1
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101  # what the base class promises
        response.stream = _Counted(response.stream, self._busy, index)
        return response

    async def aclose(self) -> None:
        for pool in self.pools:
            await pool.aclose()


class _Counted(httpx.AsyncByteStream):
    """The body of an answer; its pool has one less to do when it is closed."""

    def __init__(self, stream: httpx.AsyncByteStream, busy: list[int], index: int) -> None:
        self._stream = stream
        self._busy = busy
        self._index: int | None = index

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._stream)

    async def aclose(self) -> None:
        index, self._index = self._index, None
        if index is not None:
            self._busy[index] -= 1
        await self._stream.aclose()
