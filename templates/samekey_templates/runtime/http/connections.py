"""The clients that an SDK makes for itself: one TLS context for all, watched sockets, no needless work."""

from __future__ import annotations

import ssl
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..concurrency.cancellation import undisturbed
from ..concurrency.fork import importing
from .decoding import ACCEPTED
from .environment import proxies
from .http2 import begin_undisturbed, share_no_connection
from .library import as_subclass, http_library, library_of
from .options import tls_context
from .pools import Pools, close_idle, keep_none, limits_of, limits_of_pools, mend, requests_of
from .sockets import AsyncBackend, SocketBackend

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import httpx

    from .library import Library
    from .options import ConnectionOptions
    from .sockets import Secured

T = TypeVar("T", "httpx.Client", "httpx.AsyncClient")
_HEADERS: Final = {"Accept-Encoding": ACCEPTED}


def own_client(library: Library, options: ConnectionOptions) -> httpx.Client:
    """Make the client for threads that an SDK uses where the caller gives none."""
    limits = limits_of(library, options)

    def transport(tls: _Tls, proxy: str | None = None) -> httpx.HTTPTransport:
        made = library.HTTPTransport(verify=tls.asked, http2=options.http2, limits=limits, proxy=proxy)
        _watch(made, SocketBackend, tls.used)
        if options.http2:
            share_no_connection(made)
        return made

    def client(tls: _Tls) -> httpx.Client:
        make = partial(transport, tls)
        return library.Client(transport=make(), mounts=_mounts(options, make), headers=_HEADERS)

    return _made(library, options, client)


def own_async_client(library: Library, options: ConnectionOptions) -> httpx.AsyncClient:
    """Make the client for event loops that an SDK uses where the caller gives none."""
    kind = as_subclass(Pools, library.AsyncBaseTransport)

    def pool(tls: _Tls, proxy: str | None, limits: httpx.Limits) -> httpx.AsyncBaseTransport:
        made = library.AsyncHTTPTransport(verify=tls.asked, http2=options.http2, limits=limits, proxy=proxy)
        _watch(made, AsyncBackend, tls.used)
        if options.http2:
            begin_undisturbed(made)
        return made

    def transport(tls: _Tls, proxy: str | None = None) -> Any:  # noqa: ANN401  # `as_subclass` has seen to its base
        limits = limits_of_pools(library, options, is_direct=proxy is None)
        return kind(library, partial(pool, tls, proxy), limits)

    def client(tls: _Tls) -> httpx.AsyncClient:
        make = partial(transport, tls)
        return library.AsyncClient(transport=make(), mounts=_mounts(options, make), headers=_HEADERS)

    return _made(library, options, client)


def _made(library: Library, options: ConnectionOptions, make: Callable[[_Tls], T]) -> T:
    """Make a client, and set right what the library has no argument for."""
    client = make(_Tls.of(library, options))
    if not is_watched(client):
        # Nobody exchanges the TLS context of its connections.
        client = make(_Tls(_usual_tls(library, is_http2=options.http2), _unchanged))
    if hasattr(client, "_mounts") and options.proxy is None:
        mounts: dict[object, object] = {}
        mounts.update(dict.fromkeys(proxies().networks))
        mounts.update(getattr(client, "_mounts"))  # noqa: B009  # no attribute that types know
        setattr(client, "_mounts", mounts)  # noqa: B010  # likewise
    if hasattr(client, "_cookies"):
        # Cookies belong to a client and not to its copies, which share the connections.
        setattr(client, "_cookies", as_subclass(_NoCookies, library.Cookies)())  # noqa: B010  # likewise
    return client


def _mounts(options: ConnectionOptions, make: Callable[[str], Any]) -> dict[str, Any]:
    """Return what sends to which URLs, beside the usual transport: proxies, and None where there is to be none."""
    if options.proxy is not None:
        return {"all://": make(options.proxy)}
    found = proxies()
    return {pattern: make(url) for pattern, url in found.urls.items()} | dict.fromkeys(found.direct)


class _Tls:
    """The TLS contexts of a client.

    Args:
        asked: what the library is told to use.
        used: returns what is used in its place.
    """

    def __init__(self, asked: ssl.SSLContext, used: Secured) -> None:
        self.asked = asked
        self.used = used

    @classmethod
    def of(cls, library: Library, options: ConnectionOptions) -> _Tls:
        """Return the TLS contexts for what the caller asks for; the usual one is made with the first TLS connection."""
        if options.verify is not True or options.cert is not None:
            return cls(tls_context(options), _unchanged)
        return cls(_STAND_IN, partial(_secured, library, options.http2))


def _unchanged(context: ssl.SSLContext) -> ssl.SSLContext:
    return context


_STAND_IN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Stands for the usual TLS context until it is made; it knows no authority, so it would trust nobody. There is one,
whichever thread comes first: by it a connection is told from one that a proxy secures."""


@cache
def _usual_tls(library: Library, *, is_http2: bool) -> ssl.SSLContext:
    """Return the one TLS context of all clients, which costs 28 ms and 0.8 MB; made for the first TLS connection."""
    with importing():
        # It looks for the certificates that came with it.
        context = library.create_ssl_context()
    # What the library tells the other one, which cannot be asked for it.
    context.set_alpn_protocols(["http/1.1", "h2"] if is_http2 else ["http/1.1"])
    return context


def _secured(library: Library, is_http2: bool, context: ssl.SSLContext) -> ssl.SSLContext:  # noqa: FBT001
    """Return the TLS context for a connection: the one of all clients, or the one that a proxy has of its own."""
    return _usual_tls(library, is_http2=is_http2) if context is _STAND_IN else context


def _watch(transport: object, backend: Callable[[Any, Secured], object], used: Secured) -> None:
    """Make the connections of a transport keep the deadline and see the head of a response.

    No library lets the network of a client be given from outside, so it is exchanged in an attribute. Where a version
    has others, the transport is no use. What is lost without it: the status of a response that breaks off inside its
    headers, and in a sync client any check of the deadline within a step or a piece of the body.
    """
    pool: Any = getattr(transport, "_pool", None)
    network = getattr(pool, "_network_backend", None)
    if network is None:
        return
    setattr(pool, "_network_backend", backend(network, used))  # noqa: B010  # no attribute that types know
    closing = getattr(pool, "_close_connections", None)
    if closing is not None and backend is AsyncBackend:
        setattr(pool, "_close_connections", _unless_none(closing))  # noqa: B010  # likewise


def _unless_none(
    close: Callable[[Sequence[object]], Awaitable[None]],
) -> Callable[[Sequence[object]], Awaitable[None]]:
    """Wrap the closing of connections so that it does nothing where there are none.

    The library asks twice in each request which event loop it runs in, to be sure that nothing interrupts it there.
    """

    async def closing(connections: Sequence[object]) -> None:
        if connections:
            await undisturbed(close(connections))

    return closing


class _NoCookies:
    """Cookies that keep nothing of a response."""

    def extract_cookies(self, response: httpx.Response) -> None:
        pass


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
    kinds = _kinds(client)
    return any(_holds(transport, kinds, is_used=is_used) for transport in _transports(client))


def holds_no_requests(client: httpx.AsyncClient) -> bool:
    """Whether no request is on its way through a client."""
    return not any(requests_of(transport) for transport in _transports(client))


def _kinds(client: httpx.Client | httpx.AsyncClient) -> tuple[type, ...]:
    library = http_library(library_of(client))
    return library.BaseTransport, library.AsyncBaseTransport


def _holds(transport: object, kinds: tuple[type, ...], *, is_used: bool, depth: int = 3) -> bool:
    if _name(transport) == _AIOHTTP:
        return is_used
    connections = getattr(getattr(transport, "_pool", None), "connections", None)
    if connections is not None:
        return bool(connections)
    # One of the caller's own sends through others, as a rule, which it keeps in an attribute.
    others = [other for other in getattr(transport, "__dict__", {}).values() if isinstance(other, kinds)]
    return depth > 0 and any(_holds(other, kinds, is_used=is_used, depth=depth - 1) for other in others)


def knows_failures(client: httpx.Client | httpx.AsyncClient) -> bool:
    """Whether all transports of a client are httpx's, httpx2's or aiohttp's own, whose errors say what was sent.

    Another one may retry by itself, or call another service and pass on its errors.
    """
    return all(_name(transport) in _KNOWN for transport in _transports(client))


def _name(transport: object) -> str:
    kind = type(transport)
    return f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"


_AIOHTTP: Final = "httpx_aiohttp.AiohttpTransport"
_KNOWN: Final = frozenset(
    f"{library}.{name}"
    for library in ("httpx", "httpx2")
    for name in ("HTTPTransport", "AsyncHTTPTransport", "MockTransport")
) | {_AIOHTTP}


def abandon(client: httpx.Client | httpx.AsyncClient) -> None:
    """Let go of a parent process's connections in its forked child, and send nothing on them."""
    for transport in _transports(client):
        network = getattr(getattr(transport, "_pool", None), "_network_backend", None)
        if isinstance(network, (SocketBackend, AsyncBackend)):
            network.abandon()


def mend_all(client: httpx.Client) -> None:
    """Clear away what requests have left behind in the pools of a client."""
    for transport in _transports(client):
        mend(transport)


def wind_down(client: httpx.Client) -> None:
    """Close the connections of a client that no request uses; the others are closed as their requests end."""
    for transport in _transports(client):
        idle = keep_none(transport)
        if idle is None:
            client.close()
            return
        for connection in idle:
            with suppress(OSError):
                connection.close()


async def awind_down(client: httpx.AsyncClient) -> None:
    """Close the connections of a client that no request uses, in its event loop."""
    for transport in _transports(client):
        await undisturbed(close_idle(transport))  # type: ignore[arg-type]  # what an async client has


def retire_if_more_came(response: httpx.Response) -> None:
    """Keep a connection from being used again where it holds bytes beyond its response.

    The library would read them as the answer to the next request. It hides what h11 has left over behind several
    streams.
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
        # Another version of the library, or a connection of HTTP/2.
        return
