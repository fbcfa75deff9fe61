"""JSON pointers (RFC 6901): the way from the root of a text to a value in it."""

from __future__ import annotations

import re

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def extended(pointer: str, key: str | int) -> str:
    """Return the pointer of what stands under a key or an index of the value at a pointer."""
    if isinstance(key, str) and ("~" in key or "/" in key):
        key = key.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{key}"


def tokens(pointer: str) -> list[str]:
    """Return the keys and indexes that a JSON pointer is made of (RFC 6901 section 3)."""
    return [unescape(token) for token in pointer.split("/")[1:]]


def unescape(token: str) -> str:
    """Return the key that a token of a JSON pointer names."""
    return token.replace("~1", "/").replace("~0", "~")


def index_of(token: str, size: int) -> int | None:
    """Return the index that a token names in a sequence of this size; None where it names none (RFC 6901 section 4)."""
    index = int(token) if _INDEX.fullmatch(token) else size
    return index if index < size else None
