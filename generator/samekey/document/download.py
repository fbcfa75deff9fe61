"""Texts behind URLs: within bounds of size and time, and with an eye on where redirects lead."""

from __future__ import annotations

import ipaddress
import socket
import time
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx
from samekey_templates.runtime.text import without_quotes

from samekey.document.source import MAX_BYTES, TOO_LARGE, FetchError

MAX_SECONDS: Final = 120.0
"""How long a whole text may take to come."""
_STEP_SECONDS: Final = 30.0
_MAX_REDIRECTS: Final = 5


def fetch_url(url: str) -> bytes:
    """Read a text whole, decompressed, following redirects; none leads from a public host into this network.

    Raises:
        FetchError: it cannot be read; the text says why.
    """
    until = time.monotonic() + MAX_SECONDS
    try:
        with httpx.Client(timeout=_STEP_SECONDS) as client:
            for _ in range(_MAX_REDIRECTS + 1):
                with client.stream("GET", url) as response:
                    if not response.has_redirect_location:
                        return _read(response, until)
                    url = _next(url, response.headers["location"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise FetchError(without_quotes(str(error)) or type(error).__name__) from error
    raise FetchError("it is redirected too often")


def _read(response: httpx.Response, until: float) -> bytes:
    if not response.is_success:
        raise FetchError(f"the server answered {response.status_code} {response.reason_phrase}")
    found = bytearray()
    for chunk in response.iter_bytes():
        found += chunk
        if len(found) > MAX_BYTES:
            raise FetchError(TOO_LARGE)
        if time.monotonic() > until:
            raise FetchError(f"it did not come whole within {MAX_SECONDS:.0f} s")
    return bytes(found)


def _next(url: str, location: str) -> str:
    target = urljoin(url, location)
    if urlsplit(target).scheme not in {"http", "https"}:
        raise FetchError("it is redirected to what is no URL of http or https")
    if is_private(target) and not is_private(url):
        raise FetchError("it is redirected to a private address")
    return target


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL; a URL that is none has an origin of its own."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or url, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", url, None


def is_private(url: str) -> bool:
    """Whether a URL leads to this machine or its network: by the addresses that its host has here."""
    host = origin_of(url)[1]
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        found = {host}
    return any(map(_is_inside, found))


def _is_inside(address: str) -> bool:
    try:
        return not ipaddress.ip_address(address.partition("%")[0]).is_global
    except ValueError:
        return address == "localhost" or address.endswith((".localhost", ".internal", ".local"))
