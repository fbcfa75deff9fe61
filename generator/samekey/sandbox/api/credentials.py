"""Who a request comes from: any credential that the document asks for, or the one that the sandbox was given."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from samekey.ir import Location, SchemeKind

if TYPE_CHECKING:
    from samekey.ir import Api, Operation, SecurityScheme
    from samekey.sandbox.api.request import ReceivedRequest

ANYBODY = "anybody"
"""The scope of a request that bears no credential."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Looks at credentials.

    Args:
        api: its schemes, and what it asks for by default.
        token: the one credential that is taken; empty for any.
    """

    api: Api
    token: str = ""

    def scope(self, operation: Operation | None, request: ReceivedRequest) -> str | None:
        """Return a name for whoever bears the credentials of a request; None where they do not suffice.

        Args:
            operation: the operation; None for one that the document does not know.
            request: the request.
        """
        for alternative in self._asked(operation):
            found = [_credential(scheme, request) for scheme in alternative]
            if all(credential and self._takes(credential) for credential in found):
                return scope_of([credential for credential in found if credential] or _any(self.api, request))
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

    def _asked(self, operation: Operation | None) -> list[list[SecurityScheme]]:
        """Return the schemes that let a request in, without those that SDKs cannot send, such as certificates."""
        asked = self.api.security if operation is None or operation.security is None else operation.security
        schemes = {scheme.id: scheme for scheme in self.api.schemes}
        return [[schemes[name] for name in alternative if name in schemes] for alternative in asked or ((),)]

    def _takes(self, credential: str) -> bool:
        return not self.token or hmac.compare_digest(credential.encode(), self.token.encode())


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


def scope_of(credentials: list[str]) -> str:
    """Return a name for the bearer of credentials that tells nobody the credentials, which are not kept."""
    return sha256("\0".join(credentials).encode()).hexdigest()[:16] if credentials else ANYBODY
