"""What sending a request twice may do, by its method and by what the server promises."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

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
