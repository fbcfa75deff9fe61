"""Where a call goes: the client's base URL, or the server that an operation has of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from ..text import shown_url

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")


def filled(template: str, values: Mapping[str, str]) -> str:
    """Put values in the place of a URL's variables (OpenAPI 3.1 section 4.8.6); one without a value stays."""
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), template)


def is_absolute(url: str) -> bool:
    """Whether a URL says of itself where it leads; one with a variable left in it does not."""
    try:
        parts = urlsplit(url)
        return "{" not in url and parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def own_base(server: str, base_url: str, variables: Mapping[str, str], *, is_moved: bool) -> str:
    """Return the URL that an operation's path is appended to, where the operation has a server of its own.

    Args:
        server: that server; relative to the base URL where it is not a whole URL.
        base_url: the client's base URL.
        variables: values for what stands in braces.
        is_moved: the user said where the API is; every server is then found there, each under its own path.

    Raises:
        ValueError: that is not a usable URL.
    """
    url = urljoin(f"{base_url}/", filled(server, variables))
    if is_moved:
        origin = urlsplit(base_url)
        url = f"{origin.scheme}://{origin.netloc}{urlsplit(url).path}"
    if not is_absolute(url):
        raise ValueError(f"{shown_url(url)!r}, the operation's own server, is not an absolute URL")
    return url.rstrip("/")


def without_userinfo(url: str) -> str:
    """Return a URL without a user and a password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else url
