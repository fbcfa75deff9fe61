"""For which account a client acts, as far as its credentials say it without a secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any, assert_never

from .credentials import ApiKey, Basic, Bearer, ClientCredentials, HttpCredential, chosen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .credentials import Credential, Requirement

_SHOWN_DIGITS = 16
_PARTS_OF_JWT = 3


def account_of(given: str | None, credentials: Mapping[str, Credential], requirement: Requirement) -> str | None:
    """Return the account for which a call is made; None where nothing says it.

    Args:
        given: the name that the caller gave their client, if any.
        credentials: the client's, by security scheme.
        requirement: the alternatives of the call's operation.
    """
    if given is not None:
        return given
    names = [name for name in map(_account, chosen(credentials, requirement)) if name is not None]
    return ", ".join(names) or None


def _account(credential: Credential) -> str | None:
    match credential:
        case Basic(username):
            # Some APIs take a secret key as the user name, so it is told apart and not told.
            digest = hashlib.sha256(f"samekey account\n{username}".encode()).hexdigest()
            return f"user #{digest[:_SHOWN_DIGITS]}"
        case Bearer(ClientCredentials(client_id)):
            return f"client {client_id}"
        case Bearer(str(token)):
            return _subject(token)
        case Bearer() | ApiKey() | HttpCredential():
            return None
        case _:
            assert_never(credential)


def _subject(token: str) -> str | None:
    """Return issuer and subject of a token that is a JWT (RFC 7519 section 4.1); None of any other."""
    parts = token.strip().split(".")
    if len(parts) != _PARTS_OF_JWT:
        return None
    try:
        payload = parts[1]
        claims: Any = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        issuer, subject = claims.get("iss"), claims.get("sub")
    except (ValueError, AttributeError, binascii.Error, RecursionError):
        return None
    return f"{subject} of {issuer}" if isinstance(issuer, str) and isinstance(subject, str) else None


def other_account(sent_for: str | None, own: str | None) -> str:
    """Return why a client must not send again what was sent for an account; empty where it may.

    Args:
        sent_for: the account; None where nobody knows.
        own: the account for which the client acts; None where it does not know.
    """
    if sent_for is None or sent_for == own:
        return ""
    acts = "this client does not know for which account it acts" if own is None else f"this client acts for {own!r}"
    return (
        f"it was sent for the account {sent_for!r}, and {acts}; if that is the same account, give both clients "
        "the same account=…"
    )
