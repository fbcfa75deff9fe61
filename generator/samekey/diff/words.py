"""How a change is told: text of a document stands in code spans, short and on one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from samekey.emit.code import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST: Final = 120


def coded(text: str) -> str:
    """Return text as a code span that it cannot end, on one line, cut where it is long."""
    line = single_line(text).replace("`", "'")
    return f"`{line if len(line) <= _LONGEST else f'{line[:_LONGEST]}…'}`"


def from_to(old: str, new: str) -> str:
    """Return the words for a type, or a value, that has become another; where both are cut, what differs is shown."""
    start = 0
    if max(len(old), len(new)) > _LONGEST:
        shared = next((place for place, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), 0)
        start = max(0, min(shared, len(old), len(new)) - _LONGEST // 2)
    mark = "…" if start else ""
    return f"{coded(mark + new[start:])} (was {coded(mark + old[start:])})"


def bounds_in_words(bounds: Mapping[str, str | int | float], word: str) -> str:
    """Return a limit as the document has it, such as `maximum 100`; `no maximum` where it has none."""
    return f"{word} {coded(str(bounds[word]))}" if word in bounds else f"no {word}"
