"""The dialect of idempotency of an API, as data: RETRIES.md section 2, with the named presets."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct, field


class Carrier(StrEnum):
    """Where an idempotency key travels."""

    HEADER = "header"
    BODY = "body"
    QUERY = "query"

    @property
    def words(self) -> str:
        """What a reader calls it."""
        match self:
            case Carrier.HEADER:
                return "header"
            case Carrier.BODY:
                return "body field"
            case Carrier.QUERY:
                return "query parameter"
            case _:
                assert_never(self)


class KeyKind(StrEnum):
    """What a minted key is."""

    UUID4 = "uuid4"
    UUID7 = "uuid7"
    ALPHABET = "alphabet"


class KeyFormat(Struct, frozen=True):
    """What a key must look like.

    Args:
        kind: a random UUID, a time-ordered one, or letters of an alphabet.
        length: characters, for an alphabet.
        alphabet: the characters to draw from.
        max_length: the longest key that the API takes.
    """

    kind: KeyKind = KeyKind.UUID4
    length: int = 32
    alphabet: str = "0123456789abcdef"
    max_length: int = 255


class Signal(Struct, frozen=True):
    """How the server says something: a status, and a code in the body where the status is ambiguous."""

    status: int
    code: str = ""


class Profile(Struct, frozen=True):
    """How an API takes idempotency keys and what it says about them.

    Args:
        carrier: where the key travels.
        name: the header, body field or query parameter.
        methods: the methods on which the API honours keys.
        methods_stated: whether somebody chose the methods, which then weighs more than what an operation declares.
        format: what a key looks like.
        quoted: send a header key as a string of RFC 8941.
        ttl: seconds for which the server remembers a key.
        in_flight: how it says that the first request is still running; None where nobody has said how.
        mismatch: how it says that the key came back with another payload; None where nobody has said how.
        replayed: headers that mark a stored answer.
        should_retry: headers with the server's own word on retrying.
        first_sent: the header that carries the date of the call's first attempt, or empty.
    """

    carrier: Carrier = Carrier.HEADER
    name: str = "Idempotency-Key"
    methods: tuple[str, ...] = ("POST", "PATCH")
    methods_stated: bool = False
    format: KeyFormat = field(default_factory=KeyFormat)
    quoted: bool = False
    ttl: float = 86_400.0
    in_flight: tuple[Signal, ...] | None = None
    mismatch: tuple[Signal, ...] | None = None
    replayed: tuple[str, ...] = ("Idempotent-Replayed", "Idempotency-Replayed")
    should_retry: tuple[str, ...] = ("X-Should-Retry",)
    first_sent: str = ""


DEFAULT: Final = Profile()
"""What holds where neither the document nor the config says otherwise."""
USUAL_IN_FLIGHT: Final = Signal(409)
"""How servers say that the first request is still running, as a rule (the draft's section 2.7)."""
USUAL_MISMATCH: Final = Signal(422)
"""How servers say that a key came back with another payload, as a rule (likewise)."""


PRESETS: Final[dict[str, Profile]] = {
    "stripe": Profile(
        methods=("POST",),
        mismatch=(Signal(400, "idempotency_error"),),
        should_retry=("Stripe-Should-Retry",),
    ),
    "paypal": Profile(name="PayPal-Request-Id"),
    "square": Profile(carrier=Carrier.BODY, name="idempotency_key", format=KeyFormat(max_length=45)),
    "adyen": Profile(
        format=KeyFormat(max_length=64),
        ttl=7 * 86_400.0,
        in_flight=(Signal(409, "704"), Signal(422, "704")),
    ),
    "mollie": Profile(methods=("POST",), ttl=3600.0, mismatch=(Signal(400),)),
    "modern-treasury": Profile(methods=("POST",)),
    "resend": Profile(
        in_flight=(Signal(409, "concurrent_idempotent_requests"),),
        mismatch=(Signal(409, "invalid_idempotent_request"),),
    ),
    "google-aip-155": Profile(carrier=Carrier.BODY, name="request_id"),
    "aws-client-token": Profile(carrier=Carrier.BODY, name="ClientToken"),
    "azure-repeatability": Profile(name="Repeatability-Request-ID", first_sent="Repeatability-First-Sent"),
    "ietf-draft": Profile(quoted=True),
}
"""Dialects by name (RETRIES.md section 2); what is not said there holds by default."""
