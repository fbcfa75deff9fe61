"""The dialect of idempotency of an API, as data: docs/retry-rules.md, section 2, with the named presets.

An SDK speaks it; which methods it holds for is decided when the SDK is made.
"""

from __future__ import annotations

from typing import Final, assert_never

from samekey_templates.runtime.retry.dialect import Carrier, KeyFormat, KeyKind, Profile, Signal

__all__ = [
    "DEFAULT", "PRESETS", "USUAL_IN_FLIGHT", "USUAL_MISMATCH", "Carrier", "Dialect", "KeyFormat", "KeyKind", "Profile",
    "Signal", "carrier_words",
]  # fmt: skip


class Dialect(Profile, frozen=True):
    """A profile as an SDK has it, and the methods on which the API honours keys.

    Args:
        methods: the methods.
        methods_stated: whether somebody chose them, which then weighs more than what an operation declares.
    """

    methods: tuple[str, ...] = ("POST", "PATCH")
    methods_stated: bool = False


def carrier_words(carrier: Carrier) -> str:
    """Return the words for the place where an idempotency key travels, such as `body field`."""
    match carrier:
        case Carrier.HEADER:
            return "header"
        case Carrier.BODY:
            return "body field"
        case Carrier.QUERY:
            return "query parameter"
        case _:
            assert_never(carrier)


DEFAULT: Final[Dialect] = Dialect()
"""What holds where neither the document nor the config says otherwise."""
USUAL_IN_FLIGHT: Final = Signal(409)
"""How servers say that the first request is still running, as a rule (the draft's section 2.7)."""
USUAL_MISMATCH: Final = Signal(422)
"""How servers say that a key came back with another payload, as a rule (likewise)."""


PRESETS: Final[dict[str, Dialect]] = {
    "stripe": Dialect(
        methods=("POST",),
        mismatch=(Signal(400, "idempotency_error"),),
        should_retry=("Stripe-Should-Retry",),
    ),
    "paypal": Dialect(name="PayPal-Request-Id"),
    "square": Dialect(carrier=Carrier.BODY, name="idempotency_key", format=KeyFormat(max_length=45)),
    "adyen": Dialect(
        format=KeyFormat(max_length=64),
        ttl=7 * 86_400.0,
        in_flight=(Signal(409, "704"), Signal(422, "704")),
    ),
    "mollie": Dialect(methods=("POST",), ttl=3600.0, mismatch=(Signal(400),)),
    "modern-treasury": Dialect(methods=("POST",)),
    "resend": Dialect(
        in_flight=(Signal(409, "concurrent_idempotent_requests"),),
        mismatch=(Signal(409, "invalid_idempotent_request"),),
    ),
    "google-aip-155": Dialect(carrier=Carrier.BODY, name="request_id"),
    "aws-client-token": Dialect(carrier=Carrier.BODY, name="ClientToken"),
    "azure-repeatability": Dialect(name="Repeatability-Request-ID", first_sent="Repeatability-First-Sent"),
    "ietf-draft": Dialect(quoted=True),
}
"""Dialects by name (docs/retry-rules.md, section 2); what is not said there holds by default."""
