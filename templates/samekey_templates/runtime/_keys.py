"""Idempotency keys: minted once per call, checked where a caller brings one."""

from __future__ import annotations

import os
import re
import time
import uuid
from dataclasses import dataclass
from typing import Literal

_VISIBLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
DEFAULT_ALPHABET = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class KeyFormat:
    """What a key must look like.

    Args:
        kind: a random UUID, a time-ordered UUID (RFC 9562 section 5.7), or letters of an alphabet.
        length: characters, for `alphabet`.
        alphabet: the characters to draw from, for `alphabet`.
        max_length: the longest key that the API takes.
    """

    kind: Literal["uuid4", "uuid7", "alphabet"] = "uuid4"
    length: int = 32
    alphabet: str = DEFAULT_ALPHABET
    max_length: int = 255


def mint(form: KeyFormat) -> str:
    """A fresh key that no other call has."""
    if form.kind == "uuid4":
        return str(uuid.uuid4())
    if form.kind == "uuid7":
        return str(_uuid7())
    size = len(form.alphabet)
    number = int.from_bytes(os.urandom(form.length * 2), "big")
    letters: list[str] = []
    for _ in range(form.length):
        number, index = divmod(number, size)
        letters.append(form.alphabet[index])
    return "".join(letters)


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


def _uuid7() -> uuid.UUID:
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)
