"""Idempotency keys: minted once per call, checked where a caller brings one."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import os
import re
import time
import uuid
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias, assert_never

from .dialect import KeyKind

if TYPE_CHECKING:
    from .dialect import KeyFormat

_VISIBLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_NAMESPACE = uuid.UUID("6b1d7a52-3c0e-4f7b-9a55-0c5f2a9d1e77")


def mint(form: KeyFormat) -> str:
    """Make a fresh key that no other call has."""
    match form.kind:
        case KeyKind.UUID4:
            return _spelled(_versioned(int.from_bytes(os.urandom(16), "big"), 4))
        case KeyKind.UUID7:
            return _spelled(_uuid7())
        case KeyKind.ALPHABET:
            return _drawn(form)
        case _:
            assert_never(form.kind)


def _drawn(form: KeyFormat) -> str:
    """Draw a key from the letters of an alphabet, each as likely as the others."""
    size = len(form.alphabet)
    number = int.from_bytes(os.urandom(form.length * 2), "big")
    letters: list[str] = []
    for _ in range(form.length):
        number, index = divmod(number, size)
        letters.append(form.alphabet[index])
    return "".join(letters)


Identity: TypeAlias = str | int | uuid.UUID | dt.date | Decimal | bytes | Enum
"""What a key can be derived from: values that are spelled alike in every process, dates with a time among them."""


def derive_key(namespace: str | uuid.UUID, *parts: Identity, secret: bytes | None = None) -> str:
    """Derive the key of a business identity: the same arguments give the same UUID, today and after a restart.

    A redelivered message or a restarted job then sends the key that it sent before.

    Args:
        namespace: what the parts identify, such as `"invoice-payment"`.
        parts: the identity, such as an invoice's number and the attempt that the business knows of.
        secret: makes the key unguessable by those who know the parts: a UUIDv8 of their HMAC-SHA-256
            (RFC 9562 section 5.8) in place of a UUIDv5 (section 5.5).

    Raises:
        TypeError: a part has no spelling that is the same in every process.
        ValueError: there is nothing to derive a key from.
    """
    if not parts:
        raise ValueError("derive_key needs at least one part: the identity of what is done once")
    for part in (namespace, *parts):
        _refuse_unstable(part)
    # Parts are told apart by their JSON, so ("a", "b") and ("ab",) never meet.
    spelled = [part if isinstance(part, int) else _text(part) for part in parts]
    name = json.dumps([str(namespace), *spelled], ensure_ascii=False, separators=(",", ":"))
    if secret is None:
        base = namespace if isinstance(namespace, uuid.UUID) else uuid.uuid5(_NAMESPACE, namespace)
        return str(uuid.uuid5(base, name))
    digest = hmac.new(secret, name.encode(), hashlib.sha256).digest()
    return _spelled(_versioned(int.from_bytes(digest[:16], "big"), 8))


def validate(key: str, form: KeyFormat) -> str:
    """Check a key that the caller brings.

    Raises:
        ValueError: it is empty, too long for this API, or cannot stand in a header (RFC 9110 section 5.5).
    """
    if not key:
        raise ValueError("idempotency_key must not be empty")
    if len(key) > form.max_length:
        raise ValueError(f"idempotency_key has {len(key)} characters; this API takes at most {form.max_length}")
    if _VISIBLE.fullmatch(key) is None:
        raise ValueError("idempotency_key must be printable ASCII without spaces at its ends")
    return key


def _uuid7() -> int:
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    return _versioned((milliseconds & 0xFFFF_FFFF_FFFF) << 80 | random, 7)


def _versioned(value: int, version: int) -> int:
    """Turn 128 bits into a UUID of a version (RFC 9562 section 4)."""
    value = value & ~(0xF << 76) | version << 76
    return value & ~(0x3 << 62) | 0x2 << 62


def _spelled(value: int) -> str:
    """Spell 128 bits as the text of a UUID; an object of one would cost more than the rest of the key."""
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _text(part: Identity) -> str:
    return part.isoformat() if isinstance(part, dt.date) else str(part)


def _refuse_unstable(part: object) -> None:
    """Refuse what is spelled in another way in each process, or in each release: its key would not be the same twice.

    Raises:
        TypeError: it is of such a type.
    """
    if not isinstance(part, (str, int, uuid.UUID, dt.date, Decimal, bytes, Enum)):
        raise TypeError(
            f"derive_key cannot spell a {type(part).__name__} alike in every process; "
            "give str, int, UUID, date, datetime, Decimal, bytes or Enum"
        )
