"""The dialect of idempotency of an API, as data: docs/retry-rules.md, section 2, with the named presets.

An SDK speaks it; which methods it holds for is decided when the SDK is made.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, assert_never

from samekey_templates.runtime.retry.dialect import AnswerSign, Carrier, KeyFormat, KeyKind, Profile, Signal
from samekey_templates.runtime.safety import Evidence

__all__ = [
    "DEFAULT",
    "PRESETS",
    "USUAL_IN_FLIGHT",
    "USUAL_MISMATCH",
    "AnswerSign",
    "Assume",
    "Carrier",
    "Dialect",
    "KeyFormat",
    "KeyKind",
    "Profile",
    "Signal",
    "carrier_words",
]  # fmt: skip


class Assume(StrEnum):
    """What is done with a key of which nobody says that the API honours it."""

    RETRY = "retry"
    """It is sent, and the call is retried as if the API honoured it."""
    KEY_ONLY = "key-only"
    """It is sent, and the call is not retried once it may have been done."""
    NONE = "none"
    """None is sent, and the call is not retried once it may have been done."""


class Dialect(Profile, frozen=True):
    """A profile as an SDK has it, and the methods on which the API honours keys.

    Args:
        methods: the methods.
        methods_stated: whether somebody chose them, which then weighs more than what an operation declares.
        honoured: who says that the API honours keys on all operations for which this holds; None where nobody does.
        honoured_on: methods and paths on which the dialect's vendor says that keys are honoured.
        assume: what is done with a key of which nobody says that the API honours it.
    """

    methods: tuple[str, ...] = ("POST", "PATCH")
    methods_stated: bool = False
    honoured: Evidence | None = None
    honoured_on: tuple[str, ...] = ()
    assume: Assume = Assume.RETRY

    def speaks_like(self, other: Profile) -> bool:
        """Whether an SDK speaks this dialect as it speaks another: all that differs is for whom they hold."""
        return all(getattr(self, name) == getattr(other, name) for name in Profile.__struct_fields__)


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
        honoured=Evidence.PRESET,
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
    "mollie": Dialect(methods=("POST",), honoured=Evidence.PRESET, ttl=3600.0, mismatch=(Signal(400),)),
    "modern-treasury": Dialect(methods=("POST",), honoured=Evidence.PRESET),
    "increase": Dialect(methods=("POST",)),
    "plaid": Dialect(carrier=Carrier.BODY, name="idempotency_key", format=KeyFormat(max_length=50)),
    "resend": Dialect(
        honoured_on=("POST /emails", "POST /emails/batch"),
        in_flight=(Signal(409, "concurrent_idempotent_requests"),),
        mismatch=(Signal(409, "invalid_idempotent_request"),),
    ),
    "google-aip-155": Dialect(carrier=Carrier.BODY, name="request_id"),
    "aws-client-token": Dialect(carrier=Carrier.BODY, name="ClientToken"),
    "azure-repeatability": Dialect(name="Repeatability-Request-ID", first_sent="Repeatability-First-Sent"),
    "ietf-draft": Dialect(quoted=True),
}
"""Dialects by name (docs/retry-rules.md, section 2); what is not said there holds by default.

`honoured` stands where the vendor's own page says that all POST requests take a key: Stripe ("Idempotent requests"),
Mollie ("API idempotency"), Modern Treasury ("Idempotent requests"). `honoured_on` names the operations where a page
lists them: Resend ("Idempotency keys"). The others honour keys on some operations, which the document declares.
"""
