"""Who a request comes from: any credential that the document asks for, or those that the sandbox was given.

APIs remember keys by account. A token that is renewed, or a secret that is rotated, is the same account; so an account
is told by what a credential says of its bearer, and by the credential itself only where the sandbox was given several.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from samekey.ir import Location, SchemeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samekey.ir import Api, Operation, SecurityScheme
    from samekey.sandbox.api.request import ReceivedRequest

_BEARERS = ("sub", "client_id", "azp")
ANYBODY = "anybody"
"""The scope of a request that bears no credential."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Looks at credentials.

    Args:
        api: its schemes, and what it asks for by default.
        tokens: the credentials that are taken, each of which is an account; none for any.
    """

    api: Api
    tokens: tuple[str, ...] = ()

    def scope(self, operation: Operation | None, request: ReceivedRequest) -> str | None:
        """Return a name for the account of a request, which tells no secret; None where its credentials do not suffice.

        Args:
            operation: the operation; None for one that the document does not know.
            request: the request.
        """
        for alternative in self._asked(operation):
            found = [_credential(scheme, request) for scheme in alternative]
            if all(credential and self._takes(credential) for credential in found):
                shown = [credential for credential in found if credential] or _any(self.api, request)
                return scope_of([self._account(credential) for credential in shown])
        return None

    def wanted(self, operation: Operation) -> tuple[str, str]:
        """Return which credentials a request must show, in words, and as a challenge (RFC 9110 section 11.6.1).

        Args:
            operation: the operation.
        """
        alternatives = self._asked(operation)
        ways = [" and ".join(_place(scheme) for scheme in alternative) for alternative in alternatives]
        schemes = [scheme for alternative in alternatives for scheme in alternative]
        words = [_word(scheme) for scheme in schemes if scheme.kind is not SchemeKind.API_KEY]
        # Keys of an API's own have no scheme of HTTP, and an answer must name one.
        return ", or ".join(ways), next(iter(words), _word(None))

    def shown(self, operation: Operation, token: str) -> tuple[tuple[str, str], ...] | None:
        """Return the headers that let a request in with a credential; None where it does not go into headers."""
        for alternative in self._asked(operation):
            headers = tuple(pair for scheme in alternative for pair in in_headers(scheme, token))
            if len(headers) == len(alternative):
                return headers
        return None

    def _asked(self, operation: Operation | None) -> list[list[SecurityScheme]]:
        """Return the schemes that let a request in, without those that SDKs cannot send, such as certificates."""
        asked = self.api.security if operation is None or operation.security is None else operation.security
        schemes = {scheme.id: scheme for scheme in self.api.schemes}
        return [[schemes[name] for name in alternative if name in schemes] for alternative in asked or ((),)]

    def _takes(self, credential: str) -> bool:
        return not self.tokens or any(hmac.compare_digest(credential.encode(), one.encode()) for one in self.tokens)

    def _account(self, credential: str) -> str:
        return credential if self.tokens else bearer_of(credential)


def in_headers(scheme: SecurityScheme, token: str) -> Iterator[tuple[str, str]]:
    """Yield the header that shows a credential for a security scheme; nothing where it does not go into headers.

    Args:
        scheme: where it goes.
        token: the token, the key, or `user:password`.
    """
    match scheme.kind:
        case SchemeKind.API_KEY if scheme.location is Location.HEADER:
            yield scheme.name, token
        case SchemeKind.API_KEY if scheme.location is Location.COOKIE:
            yield "Cookie", f"{scheme.name}={token}"
        case SchemeKind.API_KEY:
            return
        case SchemeKind.BASIC:
            pair = token if ":" in token else f"{token}:"
            yield "Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"
        case SchemeKind.HTTP:
            yield "Authorization", f"{scheme.name} {token}"
        case SchemeKind.BEARER | SchemeKind.OAUTH2:
            yield "Authorization", f"Bearer {token}"


def _credential(scheme: SecurityScheme, request: ReceivedRequest) -> str:
    """Return the credential that a request shows for a security scheme; empty where it shows none."""
    if scheme.kind is SchemeKind.API_KEY:
        match scheme.location:
            case Location.QUERY:
                return request.field(scheme.name)
            case Location.COOKIE:
                return request.cookies.get(scheme.name, "")
            case _:
                return request.header(scheme.name)
    word, _, rest = request.header("authorization").partition(" ")
    if word.lower() != _word(scheme).lower():
        return ""
    return _basic(rest.strip()) if scheme.kind is SchemeKind.BASIC else rest.strip()


def _place(scheme: SecurityScheme) -> str:
    """Return where the credential of a security scheme goes in a request, in words."""
    if scheme.kind is SchemeKind.API_KEY:
        return f"{scheme.location} {scheme.name}"
    return f"Authorization: {_word(scheme)} …"


def _word(scheme: SecurityScheme | None) -> str:
    """Return the HTTP scheme by which a credential is sent; a token that is fetched is sent like any other."""
    if scheme is not None and scheme.kind is SchemeKind.HTTP:
        return scheme.name
    return "Basic" if scheme is not None and scheme.kind is SchemeKind.BASIC else "Bearer"


def _basic(encoded: str) -> str:
    """Return the user and the password of Basic (RFC 7617); empty where they cannot be read."""
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8").removesuffix(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _any(api: Api, request: ReceivedRequest) -> list[str]:
    """Return credentials that nobody asked for, which still tell one caller from another."""
    found = [_credential(scheme, request) for scheme in api.schemes]
    return [credential for credential in found if credential] or request.every("authorization")


def bearer_of(credential: str) -> str:
    """Return what a credential says of its bearer, and will still say when it is renewed; empty where it says nothing.

    That is the subject or client of a JWT (RFC 7519 section 4.1.2, RFC 9068 section 2.2), and the user of Basic
    (RFC 7617). Whoever signed a token is not asked: all of them are taken.
    """
    user, separator, _ = credential.partition(":")
    if separator:
        return user
    try:
        padded = credential.split(".")[1] + "=="
        claims = cast("object", json.loads(base64.urlsafe_b64decode(padded)))
    except (IndexError, ValueError, RecursionError):
        return ""
    named = cast("dict[str, object]", claims) if isinstance(claims, dict) else {}
    return next((str(named[name]) for name in _BEARERS if name in named), "")


def scope_of(accounts: list[str]) -> str:
    """Return a name for an account that tells nobody who it is."""
    return sha256("\0".join(accounts).encode()).hexdigest()[:16] if accounts else ANYBODY
