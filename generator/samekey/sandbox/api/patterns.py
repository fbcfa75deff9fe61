"""Patterns of a document: matched, and texts made for them, in bounded time whatever they are."""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Final

import regex
import rstr

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS: Final = 0.1
"""How long a pattern may look at one text. `(a+)+$` takes years for forty letters."""
_MANY: Final = 100
"""How often what has no upper limit is repeated in a text that is made."""
_MOST_LETTERS: Final = 20_000
_LONGEST_PATTERN: Final = 400
_TRIES: Final = 8


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text; True where the pattern is none, or takes too long to say."""
    compiled = _compiled(pattern)
    if compiled is None:
        return True
    try:
        return compiled.search(text, timeout=_SECONDS) is not None
    except TimeoutError:
        return True


@lru_cache(maxsize=4096)
def matching(pattern: str, longest: int | None) -> str:
    """Return a text that a pattern matches, always the same one; the pattern itself where none can be made.

    Args:
        pattern: the pattern.
        longest: the most characters; None for any number.
    """
    if _most_letters(pattern) > _MOST_LETTERS:
        return pattern[:_LONGEST_PATTERN]
    try:
        tries = [rstr.Rstr(Random(seed)).xeger(pattern) for seed in range(_TRIES)]  # noqa: S311  # no secret
    except Exception:  # noqa: BLE001  # rstr knows some of the syntax only, and says so in many ways
        return pattern[:_LONGEST_PATTERN]
    return min(tries, key=len)[:longest]


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> regex.Pattern[str] | None:
    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError):
        return None


def _most_letters(pattern: str) -> int:
    """Return about how many letters a text for a pattern has at most: groups within groups multiply."""
    levels = [0]
    pieces = list(_pieces(pattern))
    for piece, times in pieces:
        if piece == "(":
            levels.append(0)
        elif piece == ")" and len(levels) > 1:
            inner = levels.pop()
            levels[-1] += inner * times
        else:
            levels[-1] += times
    return sum(levels)


def _pieces(pattern: str) -> Iterator[tuple[str, int]]:
    """Yield the brackets and the other pieces of a pattern, and how often each is repeated at most."""
    for found in regex.finditer(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[(]|[)]|.)([*+?]|\{(\d*)(,?)(\d*)\})?", pattern):
        piece, quantifier, least, comma, most = found.groups()
        if not quantifier or quantifier == "?":
            yield piece, 1
        elif quantifier in "*+":
            yield piece, _MANY
        else:
            upper = most or ("" if comma else least)
            yield piece, int(upper) if upper else int(least or 0) + _MANY
