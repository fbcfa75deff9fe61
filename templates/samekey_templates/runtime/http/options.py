"""How a client connects: certificates, proxy, limits, protocol and library, checked when the client is made.

Rule of this file: neither HTTP library is imported. That costs more than the rest of an SDK.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from msgspec import Struct

from ..types import checked
from .library import LIBRARIES, LibraryName, check_client, http_library

if TYPE_CHECKING:
    import ssl

    class ConnectionLimits(Protocol):
        """How many connections a client may hold; `httpx.Limits` and `httpx2.Limits` are such."""

        max_connections: int | None
        max_keepalive_connections: int | None
        keepalive_expiry: float | None

    class HTTPClient(Protocol):
        """A sync client of an HTTP library: an `httpx.Client` or an `httpx2.Client`."""

        @property
        def is_closed(self) -> bool: ...
        @property
        def trust_env(self) -> bool: ...
        def close(self) -> None: ...

    class AsyncHTTPClient(Protocol):
        """An async client of an HTTP library: an `httpx.AsyncClient` or an `httpx2.AsyncClient`."""

        @property
        def is_closed(self) -> bool: ...
        @property
        def trust_env(self) -> bool: ...
        async def aclose(self) -> None: ...


_BEGINNING: Final = b"-----BEGIN "
_PROXIES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy"})
Verify: TypeAlias = "bool | str | ssl.SSLContext"
Cert: TypeAlias = "str | tuple[str, str] | tuple[str, str, str]"


class ConnectionOptions(Struct, frozen=True):
    """How a client connects.

    Args:
        verify: whether servers' certificates are checked; or a file or folder of authorities, or a TLS context.
        cert: the client's own certificate: a path, or the paths of certificate and key, and the key's password.
        proxy: the URL of a proxy for all requests; in place of those that the environment names.
        limits: how many connections may be open; None for the SDK's own choice.
        http2: whether HTTP/2 is spoken with servers that know it.
        library: the HTTP library that sends.
    """

    verify: Verify = True
    cert: Cert | None = None
    proxy: str | None = None
    limits: ConnectionLimits | None = None
    http2: bool = False
    library: LibraryName = "httpx"

    def __repr__(self) -> str:
        # A proxy's URL may hold a password, and so may `cert`.
        return f"ConnectionOptions(http2={self.http2!r}, library={self.library!r})"


USUAL: Final = ConnectionOptions()
"""How a client connects where the caller does not say it."""


def connection_options(
    *,
    http_client: object,
    is_async: bool,
    verify: Verify = True,
    cert: Cert | None = None,
    proxy: str | None = None,
    limits: ConnectionLimits | None = None,
    http2: bool = False,
    http_library: LibraryName = "httpx",
) -> ConnectionOptions:
    """Check how a client is to connect.

    Raises:
        TypeError: `http_client` is of a wrong kind.
        ValueError: an argument, or a variable of the environment, cannot be used; the message names it.
    """
    options = ConnectionOptions(verify, cert, proxy, limits, http2, http_library)
    if http_client is not None:
        check_client(http_client, is_async=is_async)
        given = [name for name in ("verify", "cert", "proxy", "limits", "http2") if _is_given(options, name)]
        if given:
            raise ValueError(f"{given[0]}= is for the SDK's own connections: give it to the http_client instead")
        return options
    if options != USUAL:
        _check(options)
    _check_environment(options)
    return options


def _is_given(options: ConnectionOptions, name: str) -> bool:
    return getattr(options, name) is not getattr(USUAL, name)


def _check(options: ConnectionOptions) -> None:
    if options.library not in LIBRARIES:
        raise ValueError(f"http_library must be 'httpx' or 'httpx2', not {options.library!r}")
    if options.library == "httpx2":
        _check_installed("http_library='httpx2'", "httpx2", "httpx2")
    if options.http2:
        _check_installed("http2=True", "h2", "http2")
    if options.verify is not True or options.cert is not None:
        tls_context(options)
    if options.proxy is not None:
        from .environment import check_proxy  # noqa: PLC0415  # few programs have a proxy

        checked("proxy", options.proxy, str, "'http://proxy.example:3128'")
        check_proxy("proxy", options.proxy)
    if options.limits is not None:
        _check_limits(options.limits)


def _check_limits(limits: ConnectionLimits) -> None:
    for name in ("max_connections", "max_keepalive_connections", "keepalive_expiry"):
        if not hasattr(limits, name):
            raise ValueError(f"limits must be such as httpx.Limits(max_connections=10), not {limits!r}")
    if limits.max_connections is not None and limits.max_connections < 1:
        raise ValueError(f"limits: max_connections must be at least 1, not {limits.max_connections}")


def _check_installed(argument: str, package: str, extra: str) -> None:
    from importlib.util import find_spec  # noqa: PLC0415  # few clients need it

    if find_spec(package) is None:
        raise ValueError(f"{argument} needs the package {package}: install this SDK with its extra [{extra}]")


def tls_context(options: ConnectionOptions) -> ssl.SSLContext:
    """Make the TLS context for certificates of the caller's own.

    Raises:
        ValueError: a file cannot be read, or holds no certificate.
    """
    context = _trusting(options.verify, options.library)
    if options.cert is not None:
        paths = (options.cert,) if isinstance(options.cert, str) else options.cert
        try:
            context.load_cert_chain(*paths)
        except (OSError, TypeError, ValueError) as error:
            # Not its words: they may quote a password.
            raise ValueError(f"cert: the client's certificate cannot be read: {type(error).__name__}") from None
    return context


def _trusting(verify: Verify, name: LibraryName) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415  # comes with the HTTP library, and costs a tenth of it

    match verify:
        case ssl.SSLContext():
            return verify
        case True:
            return http_library(name).create_ssl_context()
        case False:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        case str():
            return _authorities("verify", verify)
        case _:
            raise ValueError(f"verify must be True, False, a path or an ssl.SSLContext, not {verify!r}")


def _check_bundle(name: str, path: str) -> None:
    """Check that a file can be one of authorities' certificates, without the work of reading them."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # an SDK does not import pathlib
            is_bundle = _BEGINNING in file.read()
    except OSError as error:
        raise ValueError(f"{name}: {path!r} is not a file of certificates: {error.strerror}") from error
    if not is_bundle:
        raise ValueError(f"{name}: {path!r} is not a file of certificates: it holds none")


def _authorities(name: str, path: str) -> ssl.SSLContext:
    """Make a TLS context that trusts the authorities of a file or a folder.

    Raises:
        ValueError: there are none; the message begins with the name of the argument or variable.
    """
    import ssl  # noqa: PLC0415  # as above

    is_folder = os.path.isdir(path)  # noqa: PTH112  # an SDK does not import pathlib
    try:
        context = ssl.create_default_context(capath=path if is_folder else None, cafile=None if is_folder else path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ValueError(f"{name}: {path!r} is not a file of certificates: {why}") from error
    return context


def _check_environment(options: ConnectionOptions) -> None:
    """Check the variables that would fail a call, so that they fail the client."""
    if options.verify is True:
        _check_authorities()
    if options.proxy is None and any(name.lower() in _PROXIES for name in os.environ):
        from .environment import proxies  # noqa: PLC0415  # as above

        proxies()


def _check_authorities() -> None:
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file:
        _check_bundle("SSL_CERT_FILE", file)
    elif folder and not os.path.isdir(folder):  # noqa: PTH112  # as above
        raise ValueError(f"SSL_CERT_DIR: there is no folder {folder!r}")
