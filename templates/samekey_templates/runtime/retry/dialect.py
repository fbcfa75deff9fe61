"""The API's dialect of idempotency, as data."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec import field as _field

if TYPE_CHECKING:
    from collections.abc import Mapping


class Carrier(StrEnum):
    """Where an idempotency key travels."""

    HEADER = "header"
    BODY = "body"
    QUERY = "query"


class KeyKind(StrEnum):
    """What a minted key is."""

    UUID4 = "uuid4"
    UUID7 = "uuid7"
    ALPHABET = "alphabet"


class KeyFormat(Struct, frozen=True):
    """What a key must look like.

    Args:
        kind: a random UUID, a time-ordered UUID (RFC 9562 section 5.7), or letters of an alphabet.
        length: characters, for `alphabet`.
        alphabet: the characters to draw from, for `alphabet`.
        max_length: the longest key that the API takes.
    """

    kind: KeyKind = KeyKind.UUID4
    length: int = 32
    alphabet: str = "0123456789abcdef"
    max_length: int = 255


class Signal(Struct, frozen=True):
    """How the server says something: a status, and where the status is ambiguous a code in the body.

    Args:
        status: the HTTP status.
        code: the value of the body's `code`, `type` or `name`, at the top or under `error`; empty for any.
    """

    status: int
    code: str = ""


class AnswerSign(Struct, frozen=True):
    """An answer that means something else than its status says; whatever is named here must hold.

    Args:
        status: the HTTP status.
        code: the value of the body's `code`, `type` or `name`, at the top or under `error`; empty for any.
        header: a header of the answer; empty for none.
        field: the path of a field in the body; empty for none.
        equals: what the header or the field must be, a header as text; None where it must only be there.
    """

    status: int
    code: str = ""
    header: str = ""
    field: tuple[str, ...] = ()
    equals: str | bool | int | float | None = None


class Profile(Struct, frozen=True):
    """How an API takes idempotency keys and what it says about them.

    Args:
        carrier: where the key travels.
        name: the name of the header, body field or query parameter.
        within: the fields of the body, from the outermost, in which a body field lies; none where it is at the top.
        format: what a key looks like.
        quoted: send a header key as a string of RFC 8941 section 3.3.3.
        ttl: seconds for which the server remembers a key.
        in_flight: how it says that the first request is still running; None where nobody has said how, so that a 409
            has to look like it.
        mismatch: how it says that the key came back with another payload; None where nobody has said how, so that a
            422 has to look like it.
        replayed: headers that mark a stored answer.
        should_retry: headers with the server's own word on retrying.
        first_sent: the header that carries the date of the call's first attempt; empty where there is none.
        throttled: how it says that it was asked too often, beside 425 and 429.
        refused: how it says in a 2xx that it refused.
    """

    carrier: Carrier = Carrier.HEADER
    name: str = "Idempotency-Key"
    within: tuple[str, ...] = ()
    format: KeyFormat = _field(default_factory=KeyFormat)
    quoted: bool = False
    ttl: float = 86_400.0
    in_flight: tuple[Signal, ...] | None = None
    mismatch: tuple[Signal, ...] | None = None
    replayed: tuple[str, ...] = ("Idempotent-Replayed", "Idempotency-Replayed")
    should_retry: tuple[str, ...] = ("X-Should-Retry",)
    first_sent: str = ""
    throttled: tuple[AnswerSign, ...] = ()
    refused: tuple[AnswerSign, ...] = ()

    @property
    def field(self) -> tuple[str, ...]:
        """The path of the key in a body, where it travels in one."""
        return (*self.within, self.name)


def refuse_standing_key(profile: Profile, headers: Mapping[str, str]) -> None:
    """Refuse an idempotency key among the headers of all requests: each call needs one of its own.

    Raises:
        ValueError: the header that carries keys is among them.
    """
    if profile.carrier is Carrier.HEADER and profile.name.lower() in {name.lower() for name in headers}:
        raise ValueError(
            f"headers of a client cannot hold {profile.name}, since all calls would share one key; "
            "pass idempotency_key= to the call"
        )
