"""The proxies that the environment names, and the hosts that are reached without one.

An HTTP library reads them by itself, but only when a client is made, and raises for entries of `NO_PROXY` that others
understand.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

from msgspec import Struct

from ..text import shown_url

if TYPE_CHECKING:
    import httpx

_SCHEMES: Final = ("http", "https", "all")
_SPOKEN: Final = frozenset({"http", "https", "socks5", "socks5h"})


class Network(Struct, frozen=True):
    """Hosts that are reached without a proxy, as a library asks whether a URL is of them.

    Args:
        network: their addresses.
    """

    network: IPv4Network | IPv6Network

    def matches(self, url: httpx.URL) -> bool:
        """Whether a URL leads to one of them."""
        try:
            return ip_address(url.host) in self.network
        except ValueError:
            return False


class Proxies(Struct, frozen=True):
    """What the environment says of proxies.

    Args:
        urls: a proxy for each kind of URL, such as `https://`.
        direct: hosts that are reached without one, as patterns of the HTTP library.
        networks: likewise, by their addresses.
    """

    urls: dict[str, str]
    direct: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()


def proxies() -> Proxies:
    """Read what the environment says of proxies, or the system's own settings.

    Raises:
        ValueError: a proxy cannot be used; the message names the variable.
    """
    found = getproxies()
    urls: dict[str, str] = {}
    for scheme in _SCHEMES:
        value = found.get(scheme)
        if value:
            url = value if "://" in value else f"http://{value}"
            check_proxy(_variable(f"{scheme}_proxy"), url)
            urls[f"{scheme}://"] = url
    entries = [entry.strip() for entry in found.get("no", "").split(",")]
    if "*" in entries or not urls:
        return Proxies({})
    networks = [Network(network) for entry in entries if (network := _network(entry)) is not None]
    names = [pattern for entry in entries if _network(entry) is None and (pattern := _pattern(entry))]
    return Proxies(urls, tuple(names), tuple(networks))


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    """Return the addresses that an entry names: one, or those of a network; None where it is a name."""
    try:
        return ip_network(entry.removeprefix("[").removesuffix("]"), strict=False)
    except ValueError:
        return None


def _pattern(entry: str) -> str:
    """Return an entry that is a name as a pattern of the library; empty where nobody understands it."""
    if "://" in entry:
        return entry
    name, colon, port = entry.removeprefix("*").partition(":")
    is_name = all(sign.isalnum() or sign in "-._" for sign in name) and name.strip(".") != ""
    if not is_name or (colon and not port.isdigit()):
        return ""
    where = f":{port}" if colon else ""
    return f"all://{name}{where}" if name == "localhost" else f"all://*{name}{where}"


def check_proxy(name: str, url: str) -> None:
    """Check that a proxy can be used.

    Args:
        name: where its URL stands: an argument, or a variable.
        url: its URL.

    Raises:
        ValueError: it cannot.
    """
    parts = _parts(url)
    if parts is None:
        raise ValueError(f"{name} is not a valid URL")
    if parts.scheme not in _SPOKEN:
        raise ValueError(
            f"{name}: {shown_url(url)} is not the URL of a proxy that can be used: "
            "it must begin with http://, https://, socks5:// or socks5h://"
        )
    if not parts.hostname:
        raise ValueError(f"{name}: {shown_url(url)} names no host")
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ValueError(f"{name}: {shown_url(url)} needs the package socksio: install this SDK with its extra [socks]")


def _parts(url: str) -> SplitResult | None:
    """Return the parts of a URL; None where it is none, since Python's own words quote it, with a password in it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _variable(name: str) -> str:
    """Return a variable's name as it stands in the environment; that of the system's settings otherwise."""
    return name if name in os.environ else name.upper()
