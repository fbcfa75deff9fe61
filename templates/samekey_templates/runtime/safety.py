"""What sending a request twice may do, by its method and by what the server promises."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct

from .declare import public

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})
"""Methods that only read (RFC 9110 section 9.2.1)."""
IDEMPOTENT_METHODS: Final = frozenset({"PUT", "DELETE"})
"""Methods whose effect is the same however often they come (RFC 9110 section 9.2.2)."""
METHODS: Final = SAFE_METHODS | IDEMPOTENT_METHODS | {"POST", "PATCH"}


@public
class Safety(StrEnum):
    """What sending an operation twice may do, decided when the SDK was generated."""

    SAFE = "safe"
    """Reads only (RFC 9110 section 9.2.1)."""
    IDEMPOTENT = "idempotent"
    """Twice is the same as once (RFC 9110 section 9.2.2): PUT and DELETE."""
    KEYED = "keyed"
    """A POST or PATCH that carries an idempotency key, so the server can tell a retry from a new request."""
    UNSAFE = "unsafe"
    """A POST or PATCH whose server honours no key."""


@public
class Evidence(StrEnum):
    """Who says that the API honours the idempotency key of an operation."""

    DECLARED = "declared"
    """The API's document, at this operation."""
    CONFIGURED = "configured"
    """Whoever made the SDK, in its config or in an overlay."""
    PRESET = "preset"
    """The dialect that the SDK's config names, for all operations or for this one."""
    VERIFIED = "verified"
    """A running server, as `samekey verify` saw it."""
    ASSUMED = "assumed"
    """Nobody: the key is sent, and the API may ignore it."""


class UnlistedRule(Struct, frozen=True):
    """What sending a POST or PATCH twice may do that the document does not list.

    Args:
        safety: keyed, or unsafe where keys are not honoured.
        evidence: who says that keys are honoured.
        key_only: whether such calls are retried as if they had no key.
    """

    safety: Safety = Safety.KEYED
    evidence: Evidence = Evidence.ASSUMED
    key_only: bool = False
