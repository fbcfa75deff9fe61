"""Whom a request means: pages of other sites must not reach a server on this machine by a name of theirs.

A name that its owner points at this machine after a page was loaded (DNS rebinding) gives the page's scripts the origin
of whatever listens here. Such a name has a dot in it; addresses, and names of this machine and of its network, do not
lead here by chance.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_NEAR = (".localhost", ".local", ".internal", ".test", ".lan", ".home.arpa")


@lru_cache
def is_near(host: str) -> bool:
    """Whether a Host means an address, this machine, or one of its own network."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if "." not in name or name.endswith(_NEAR):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class NearHosts:
    """An ASGI application that refuses requests which mean another host, where it is reached from this machine alone.

    Whoever listens on another address has decided that others reach it, by whatever name.

    Args:
        app: the application behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with 421 (RFC 9110 section 15.5.20)."""
        server = scope.get("server")
        if scope["type"] == "http" and _is_loopback(server[0] if server else ""):
            host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
            if not is_near(host):
                refusal = {"error": f"{host} is not what is served here; ask for the address that was listened on"}
                await JSONResponse(refusal, 421)(scope, receive, send)
                return
        await self._app(scope, receive, send)


@lru_cache
def _is_loopback(address: str) -> bool:
    """Whether a server's address is one of this machine alone; a socket of a file system is."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return True
