"""Texts of servers and URLs as they may be shown in messages and logs, and what can be the name of a header."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LONGEST = 300
_TOKEN_SIGNS = frozenset("!#$%&'*+-.^_`|~")


@lru_cache(maxsize=1024)
def is_token(text: str) -> bool:
    """Whether a text can be the name of a header or of a method: a token (RFC 9110 section 5.6.2)."""
    return text.isascii() and text != "" and all(sign.isalnum() or sign in _TOKEN_SIGNS for sign in text)


_SECRET_NAMES = re.compile(
    r"auth(?:$|[-_ez]|ori[sz])|token|secret|passw|pwd|credential|session|signature|cookie|jwt|assertion"
    r"|(?:api|access|account|app|application|client|functions?|license|master|private|subscription)[-_]?key"
    r"|^(?:x-)?key$|^sig$|^sid$",
    re.IGNORECASE,
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
        # A slash in a password ends what can be its host, and the rest would pass for a path.
        _ = parts.port
    except ValueError:
        return "an invalid URL"
    host = f"//{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    path = parts.path if host or not parts.scheme else "…" if parts.path else ""
    return printable(f"{scheme}{host}{path}{'?…' if parts.query else ''}")


def without_quotes(text: str) -> str:
    """Return a text without what it quotes, bytes or text, which may be a credential."""
    return re.sub(r"""(?:\bb(?:ytearray\(b)?)?(['"]).*\1\)?""", "…", text)


_URL_HEADERS = frozenset({"content-location", "link", "location", "refresh"})
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>\"]*|(?<=<)[^<>\s]*|^/[^\s]*|[^\s<>;=]*\?[^\s<>;]*", re.IGNORECASE)


def shown_header(name: str, value: str) -> str:
    """Return the value of a header of an answer without what may be secret: a credential, or the query of a URL."""
    if may_hold_secret(name):
        return "…"
    return _URL.sub(lambda found: shown_url(found[0]), value) if name.lower() in _URL_HEADERS else value


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of an answer as they may be shown, by their names in lower case."""
    return {name.lower(): shown_header(name, value) for name, value in headers.items()}


class DiscreetHeaders(dict[str, str]):
    """Headers of the caller's own, whose `repr` shows their names alone: it ends up in logs and tracebacks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{name!r}: …' for name in self)}}}"


_ANY_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>\"']+", re.IGNORECASE)
_SHORTEST_SECRET = 6


_SCHEMES = re.compile(r"\b(basic|bearer|digest|token)\s+[A-Za-z0-9+/=._~-]{8,}", re.IGNORECASE)


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Return a text without credentials, as they are and as a URL spells them, and without what looks like some."""
    long = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
    spellings = {form for secret in long for form in (secret, quote(secret, safe=""))}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, "…")
    return _SCHEMES.sub(lambda found: f"{found[1]} …", text)


def discreet(text: str) -> str:
    """Return a text without what may be secret in its URLs, and without what looks like a credential."""
    shown = _ANY_URL.sub(lambda found: shown_url(found[0]), text)
    return without_secrets(shown, ())
