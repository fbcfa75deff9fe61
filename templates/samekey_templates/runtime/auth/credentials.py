"""Credentials: kept apart from everything that is logged, and applied as the operation's security asks."""

from __future__ import annotations

import base64
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar
from urllib.parse import quote

from msgspec import Struct, field

from ..declare import public
from ..retry.rules import Failed
from ..text import shown_url

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class ApiKey(Struct, frozen=True):
    """An API key in a header, the query or a cookie."""

    name: str
    location: Literal["header", "query", "cookie"]
    value: str

    def __repr__(self) -> str:
        return f"ApiKey({self.name!r}, {self.location!r}, '…')"


class Basic(Struct, frozen=True):
    """A user name and a password (RFC 7617)."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Basic('…', '…')"


class HttpCredential(Struct, frozen=True):
    """A credential for any other scheme of HTTP (RFC 9110 section 11.6.2)."""

    scheme: str
    value: str

    def __repr__(self) -> str:
        return f"HttpCredential({self.scheme!r}, '…')"


@public
class ClientCredentials(Struct, frozen=True):
    """What a client fetches its own tokens with: OAuth 2.0's client credentials (RFC 6749 section 4.4).

    A token is fetched when it is first needed, shared by all calls of a client, and renewed shortly before it expires
    or when the API refuses it.

    Args:
        client_id: the client's name at the token endpoint.
        client_secret: its password there.
        token_url: the token endpoint; relative to the client's base URL where it is not a whole URL.
        scope: scopes to ask for, separated by spaces; none is asked for where it is empty.
        parameters: extra form fields of the token request, such as `audience`.
        secret_in_body: send id and secret as form fields instead of HTTP Basic, for servers that want it so.
    """

    client_id: str
    client_secret: str
    token_url: str
    scope: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    secret_in_body: bool = False

    def __hash__(self) -> int:
        # A mapping has none; equal ones are equal in all else.
        return hash((self.client_id, self.client_secret, self.token_url, self.scope, self.secret_in_body))

    def __repr__(self) -> str:
        return f"ClientCredentials({self.client_id!r}, '…', {shown_url(self.token_url)!r})"


TokenSource: TypeAlias = str | Callable[[], str] | ClientCredentials
"""A token, a function that returns one whenever it is asked, or credentials to fetch one with."""
AsyncTokenSource: TypeAlias = str | Callable[[], str | Awaitable[str]] | ClientCredentials
"""The same; the async client may also be given a coroutine function."""
MovingToken: TypeAlias = Callable[[], str | Awaitable[str]] | ClientCredentials
"""Where a token comes from that is not known beforehand."""


class Bearer(Struct, frozen=True):
    """A bearer token (RFC 6750), or where it comes from."""

    token: AsyncTokenSource

    def __repr__(self) -> str:
        return "Bearer('…')"


class NoToken(Failed, frozen=True):
    """An attempt for which no token could be had, so that nothing was sent to the API."""

    def __reduce__(self) -> tuple[type[Failed], tuple[object, ...]]:
        # Outside of this process it is a failure like others.
        return Failed, (self.failure, self.detail, self.at, self.timeout, self.status)


Credential: TypeAlias = ApiKey | Basic | Bearer | HttpCredential
Requirement: TypeAlias = tuple[tuple[str, ...], ...]
"""Alternatives; each names the schemes that it needs together. An empty one says that the others are optional."""


class Signature(Struct, frozen=True):
    """What a credential adds to a request."""

    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return "Signature('…')"


def from_environment(value: T | None, variable: str) -> T | str | None:
    """Return the credential given in code, else the value of its environment variable, else None.

    Raises:
        TypeError: it is of a kind that is no credential.
    """
    if value is None:
        return os.environ.get(variable) or None
    if not isinstance(value, (str, ClientCredentials)) and not callable(value):
        wanted = "a text, a function that returns one, or ClientCredentials"
        raise TypeError(f"the credential of {variable} must be {wanted}, and not a {type(value).__name__}")
    return value


def chosen(credentials: Mapping[str, Credential], requirement: Requirement) -> tuple[Credential, ...]:
    """Return the credentials of the first alternative that is complete, or none where no alternative is complete.

    A request without credentials is sent all the same: the server has the last word.
    """
    for names in requirement:
        if names and all(name in credentials for name in names):
            return tuple(credentials[name] for name in names)
    return ()


def moving_token(credentials: Mapping[str, Credential], requirement: Requirement) -> MovingToken | None:
    """Return the source of a call's token where the token is not known beforehand; else None."""
    for credential in reversed(chosen(credentials, requirement)):
        if isinstance(credential, Bearer) and not isinstance(credential.token, str):
            return credential.token
    return None


def sign(credentials: Mapping[str, Credential], requirement: Requirement, token: str | None = None) -> Signature:
    """Return the headers, query parameters and cookies that an operation's security adds to a request.

    Args:
        credentials: by security scheme.
        requirement: the alternatives of the operation.
        token: the token of the moment, where its credential says only where it comes from.
    """
    return _signature(chosen(credentials, requirement), token)


def _signature(credentials: Sequence[Credential], token: str | None) -> Signature:
    headers: list[tuple[str, str]] = []
    query: list[tuple[str, str]] = []
    cookies: list[tuple[str, str]] = []
    for credential in credentials:
        match credential:
            case Bearer(known):
                current = known if isinstance(known, str) else token
                if current is not None:
                    # Blanks around it come from files and environments, and a header cannot carry them.
                    current = current.strip(" \t")
                    if not current:
                        raise ValueError("the token is empty")
                    headers.append(("Authorization", f"Bearer {current}"))
            case Basic(username, password):
                headers.append(("Authorization", basic(username, password)))
            case HttpCredential(scheme, value):
                headers.append(("Authorization", f"{scheme} {value}"))
            case ApiKey(name, "query", value):
                query.append((quote(name, safe=""), quote(value, safe="")))
            case ApiKey(name, "cookie", value):
                cookies.append((name, value))
            case ApiKey(name, _, value):
                headers.append((name, value))
    return Signature(tuple(headers), tuple(query), tuple(cookies))


def basic(username: str, password: str) -> str:
    """Return the value of an Authorization header for a user name and a password (RFC 7617 section 2)."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"
