"""Texts of servers and URLs as they may be shown in messages and logs, and what can be the name of a header."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

_LONGEST = 300
_TOKEN_SIGNS = frozenset("!#$%&'*+-.^_`|~")


@lru_cache(maxsize=1024)
def is_token(text: str) -> bool:
    """Whether a text can be the name of a header or of a method: a token (RFC 9110 section 5.6.2)."""
    return text.isascii() and text != "" and all(sign.isalnum() or sign in _TOKEN_SIGNS for sign in text)


_SECRET_NAMES = re.compile(
    r"auth(?:$|[-_ez]|ori[sz])|token|secret|passw|credential|session|signature|cookie|api[-_]?key", re.IGNORECASE
)


@lru_cache(maxsize=1024)
def may_hold_secret(name: str) -> bool:
    """Whether the value of a header of this name may be a credential."""
    return _SECRET_NAMES.search(name) is not None


def printable(text: str) -> str:
    """Return a text on one line without what drives a terminal: control characters and marks of direction."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)


def one_line(text: str) -> str:
    """Return the words of a text on one line, cut to 300 characters."""
    return " ".join(printable(text).split())[:_LONGEST]


def shown_url(url: str) -> str:
    """Return a URL without what may be secret in it: user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an invalid URL"
    host = f"//{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    path = parts.path if host or not parts.scheme else "…" if parts.path else ""
    return printable(f"{scheme}{host}{path}{'?…' if parts.query else ''}")


def without_quotes(text: str) -> str:
    """Return a text without the bytes that it quotes, which may be a credential."""
    return re.sub(r"""b(?:ytearray\(b)?(['"]).*\1\)?""", "…", text)
