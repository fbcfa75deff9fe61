"""The HTTP libraries that an SDK sends through: httpx, and httpx2, which goes on from it under the same names.

Rule of this file: nothing is imported before it is needed. Importing either library costs more than the rest of an SDK.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, TypeVar, cast

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    import httpx

    class Library(Protocol):
        """What this room uses of an HTTP library; the types are httpx's, and httpx2's are of the same names."""

        Client: type[httpx.Client]
        AsyncClient: type[httpx.AsyncClient]
        HTTPTransport: type[httpx.HTTPTransport]
        AsyncHTTPTransport: type[httpx.AsyncHTTPTransport]
        BaseTransport: type[httpx.BaseTransport]
        AsyncBaseTransport: type[httpx.AsyncBaseTransport]
        SyncByteStream: type[httpx.SyncByteStream]
        AsyncByteStream: type[httpx.AsyncByteStream]
        ByteStream: type[httpx.ByteStream]
        Auth: type[httpx.Auth]
        Cookies: type[httpx.Cookies]
        Limits: type[httpx.Limits]
        Request: type[httpx.Request]
        URL: type[httpx.URL]
        create_ssl_context: Callable[..., ssl.SSLContext]

        def __hash__(self) -> int: ...

        ConnectError: type[httpx.ConnectError]
        ConnectTimeout: type[httpx.ConnectTimeout]
        DecodingError: type[httpx.DecodingError]
        HTTPError: type[httpx.HTTPError]
        HTTPStatusError: type[httpx.HTTPStatusError]
        InvalidURL: type[httpx.InvalidURL]
        LocalProtocolError: type[httpx.LocalProtocolError]
        PoolTimeout: type[httpx.PoolTimeout]
        ProxyError: type[httpx.ProxyError]
        ReadError: type[httpx.ReadError]
        ReadTimeout: type[httpx.ReadTimeout]
        RemoteProtocolError: type[httpx.RemoteProtocolError]
        RequestError: type[httpx.RequestError]
        StreamError: type[httpx.StreamError]
        TimeoutException: type[httpx.TimeoutException]
        TransportError: type[httpx.TransportError]
        UnsupportedProtocol: type[httpx.UnsupportedProtocol]
        WriteError: type[httpx.WriteError]
        WriteTimeout: type[httpx.WriteTimeout]


T = TypeVar("T")
LibraryName: TypeAlias = Literal["httpx", "httpx2"]
LIBRARIES: Final[tuple[LibraryName, ...]] = ("httpx", "httpx2")


@cache
def http_library(name: LibraryName) -> Library:
    """Import an HTTP library.

    Raises:
        ImportError: it is not installed.
    """
    from importlib import import_module  # noqa: PLC0415  # as above

    return cast("Library", import_module(name))


def import_anyio() -> None:
    """Import what anyio, which the libraries stand on, imports bit by bit when it is first used in an event loop.

    To be called where no fork can come between (`importing`), in the loop itself.
    """
    from importlib import import_module  # noqa: PLC0415  # as above

    anyio: Any = import_module("anyio")
    for module in ("anyio.streams.tls", "anyio.to_thread"):
        import_module(module)
    # Its names are resolved when they are asked for: those that connect bring their streams along.
    for name in ("connect_tcp", "Event", "fail_after"):
        getattr(anyio, name)
    # And a scope asks which event loop runs.
    anyio.CancelScope()


def as_subclass(ours: type[T], base: type[Any]) -> type[T]:
    """Return a class of ours as a subclass of a library's own class, which the library asks for with `isinstance`.

    Args:
        ours: has all the methods.
        base: the library's class.
    """
    classes: tuple[Any, Any] = (ours, base)
    found: type[T] = _subclass(*classes)
    return found


@cache
def _subclass(ours: Any, base: Any) -> Any:  # noqa: ANN401  # classes, whose metaclasses no cache knows
    return type(ours.__name__, (ours, base), {"__module__": ours.__module__, "__slots__": ()})


def library_of(client: object) -> LibraryName:
    """Return the name of the library that a caller's own client is of.

    Raises:
        TypeError: it is of none.
    """
    for name in LIBRARIES:
        module: Any = sys.modules.get(name)
        if module is not None and isinstance(client, (module.Client, module.AsyncClient)):
            return name
    raise TypeError(_no_client(client, "Client"))


def check_client(client: object, *, is_async: bool) -> None:
    """Check that a caller's own client is of the kind that the SDK's client can use.

    Raises:
        TypeError: it is of another library, or async where the SDK's client is not, or the other way round.
    """
    wanted, other = ("AsyncClient", "Client") if is_async else ("Client", "AsyncClient")
    for name in LIBRARIES:
        module: Any = sys.modules.get(name)
        if module is not None and isinstance(client, getattr(module, wanted)):
            return
        if module is not None and isinstance(client, getattr(module, other)):
            kind = "async" if is_async else "sync"
            raise TypeError(f"http_client is an {name}.{other}: this {kind} client needs an {name}.{wanted}")
    raise TypeError(_no_client(client, wanted))


def _no_client(client: object, wanted: str) -> str:
    kind = client if isinstance(client, type) else type(client)
    shown = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    found = f"the class {shown} itself" if isinstance(client, type) else f"of the type {shown}"
    return f"http_client is {found}: it must be an httpx.{wanted} or an httpx2.{wanted}, or an instance of a subclass"
