"""Canaries: a distinct secret for each place that can hold one, and every form in which it may be found again."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

PLACES = (
    "header-key", "query-key", "cookie-key", "username", "password", "token", "token-function", "hawk",
    "client-secret", "body-secret", "access-token", "refresh-token", "userinfo", "proxy", "set-cookie",
    "of-client-authorization", "of-client-cookie", "of-client-api-key", "of-client-proxy-authorization",
    "of-client-secret", "of-client-subscription-key", "of-call-authorization", "of-call-cookie", "of-call-api-key",
    "of-call-proxy-authorization", "of-call-secret", "of-call-subscription-key", "env-header-key", "env-query-key",
    "env-cookie-key", "env-username", "env-password", "env-userinfo", "raised",
)  # fmt: skip
"""Every place in which these tests put a secret."""


@dataclass(frozen=True)
class Canary:
    """A secret.

    Args:
        place: where it was put.
    """

    place: str

    @cached_property
    def halves(self) -> tuple[str, str]:
        """Its two parts, around a sign that is spelled otherwise in URLs, so that half a secret is found as well."""
        digest = hashlib.sha256(f"canary {self.place}".encode()).hexdigest()
        return digest[:10], digest[10:20]

    @cached_property
    def word(self) -> str:
        """The secret as it is given to the SDK."""
        first, second = self.halves
        return f"CANARY-{first}/{second}"

    @cached_property
    def forms(self) -> tuple[bytes, ...]:
        """What is looked for: parts that stay the same when URLs and JSON spell it, and what other spellings do to it.

        Base64 depends on what stands before, so there is one for each remainder of three.
        """
        found: list[bytes] = []
        for half in self.halves:
            found += [half.encode(), half[::-1].encode(), half.encode().hex().encode()]
            found.append("".join(f"\\u{ord(sign):04x}" for sign in half).encode())
        for word in (self.word, quote(self.word, safe="")):
            for before in range(3):
                encoded = base64.b64encode(b"\0" * before + word.encode())
                found.append(encoded[4 if before else 0 : -4])
        return tuple(found)

    def is_in(self, text: bytes) -> bool:
        """Whether a text holds it in any form."""
        return any(form in text for form in self.forms)


CANARIES = {place: Canary(place) for place in PLACES}


def word(place: str) -> str:
    """Return the secret of a place."""
    return CANARIES[place].word


def found_in(text: bytes, places: Iterable[str] = PLACES) -> list[str]:
    """Return the places whose secret a text holds."""
    return [place for place in places if CANARIES[place].is_in(text)]
