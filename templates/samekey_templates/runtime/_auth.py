"""Credentials: kept apart from everything that is logged, and applied as the operation's security asks."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key in a header, the query or a cookie."""

    name: str
    location: Literal["header", "query", "cookie"]
    value: str

    def __repr__(self) -> str:
        return f"ApiKey({self.name!r}, {self.location!r}, '…')"


@dataclass(frozen=True, slots=True)
class Basic:
    """A user name and a password (RFC 7617)."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Basic('…', '…')"


@dataclass(frozen=True, slots=True)
class Bearer:
    """A bearer token (RFC 6750)."""

    token: str

    def __repr__(self) -> str:
        return "Bearer('…')"


Credential: TypeAlias = ApiKey | Basic | Bearer
Requirement: TypeAlias = tuple[tuple[str, ...], ...]
"""Alternatives; each names the schemes that it needs together. An empty alternative needs none."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a credential adds to a request."""

    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()


def from_environment(value: str | None, variable: str) -> str | None:
    """A credential given in code, else the environment variable's value, else None."""
    return value if value is not None else os.environ.get(variable) or None


def sign(credentials: Mapping[str, Credential], requirement: Requirement) -> Signature:
    """What to add for the first alternative whose credentials are all there; nothing where none is.

    A request without credentials is sent all the same: the server has the last word.
    """
    for names in requirement:
        if all(name in credentials for name in names):
            return _signature([credentials[name] for name in names])
    return Signature()


def _signature(credentials: Sequence[Credential]) -> Signature:
    headers: list[tuple[str, str]] = []
    query: list[tuple[str, str]] = []
    cookies: list[tuple[str, str]] = []
    for credential in credentials:
        match credential:
            case Bearer(token):
                headers.append(("Authorization", f"Bearer {token}"))
            case Basic(username, password):
                pair = base64.b64encode(f"{username}:{password}".encode()).decode()
                headers.append(("Authorization", f"Basic {pair}"))
            case ApiKey(name, "query", value):
                query.append((quote(name, safe=""), quote(value, safe="")))
            case ApiKey(name, "cookie", value):
                cookies.append((name, value))
            case ApiKey(name, _, value):
                headers.append((name, value))
    return Signature(tuple(headers), tuple(query), tuple(cookies))
