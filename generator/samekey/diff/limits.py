"""What an API demands of a value, before and now."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOWER: Final = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems"})
_UPPER: Final = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems"})


class LimitShift(Enum):
    """What has become of a limit."""

    NARROWED = 1
    WIDENED = 2


def shift_of(word: str, old: str | float | None, new: str | float | None) -> LimitShift | None:
    """Return what has become of a limit; None where it is as it was.

    Whether another pattern takes all that the old one took cannot be known, so it counts as narrower.

    Args:
        word: the document's word for it.
        old: the limit that there was; None where there was none.
        new: the limit that there is.
    """
    if old == new:
        return None
    if new is None:
        return LimitShift.WIDENED
    if isinstance(old, (int, float)) and isinstance(new, (int, float)):
        if word in _LOWER:
            return LimitShift.NARROWED if new > old else LimitShift.WIDENED
        if word in _UPPER:
            return LimitShift.NARROWED if new < old else LimitShift.WIDENED
        if word == "multipleOf" and new and old % new == 0:
            return LimitShift.WIDENED
    return LimitShift.NARROWED


def shifts(old: Mapping[str, str | int | float], new: Mapping[str, str | int | float]) -> dict[str, LimitShift]:
    """Return what has become of limits, by the document's words for them."""
    words = dict.fromkeys((*old, *new))
    found = {word: shift_of(word, old.get(word), new.get(word)) for word in words}
    return {word: shift for word, shift in found.items() if shift is not None}
