"""The verdict on the whole API, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from samekey.audit.model import RepeatVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.audit.model import VerdictCount

_NOTHING = "This document has no operations, so there is nothing to lose an answer of."


def sentence_of(counts: Sequence[VerdictCount], costly: int) -> str:
    """Return the verdict on an API in a sentence.

    Args:
        counts: the number of its operations with each verdict.
        costly: how many of those that are not safe move money or reach people.
    """
    number = {entry.verdict: entry.operations for entry in counts}
    total = sum(number.values())
    if not total:
        return _NOTHING
    worst = max((verdict for verdict in RepeatVerdict if number[verdict]), key=list(RepeatVerdict).index)
    some = _upper(_some(number[worst], total))
    match worst:
        case RepeatVerdict.SAFE:
            return "Every operation can be sent again when its answer is lost."
        case RepeatVerdict.WITH_KEY:
            return (
                f"Every operation can be sent again when its answer is lost; {number[worst]} of {total} with their key."
            )
        case RepeatVerdict.IF_HONOURED:
            return f"{some} can be sent again only if the API honours the key, which nobody has confirmed."
        case RepeatVerdict.UNKNOWN:
            return f"{some} may or may not be safe to send again: the document does not say."
        case RepeatVerdict.NOT_SAFE:
            sentence = f"{some} may be done twice if an answer is lost and the request is sent again"
            return f"{sentence}; {costly} of them would move money or reach people." if costly else f"{sentence}."
        case _:
            assert_never(worst)


def badge_of(counts: Sequence[VerdictCount]) -> str:
    """Return the verdict on an API in the few words of a badge."""
    number = {entry.verdict: entry.operations for entry in counts}
    total = sum(number.values())
    if number[RepeatVerdict.NOT_SAFE]:
        return f"{number[RepeatVerdict.NOT_SAFE]} of {total} not safe"
    if number[RepeatVerdict.UNKNOWN]:
        return f"{number[RepeatVerdict.UNKNOWN]} of {total} unknown"
    if number[RepeatVerdict.IF_HONOURED]:
        return "keys unconfirmed"
    return "safe with keys" if number[RepeatVerdict.WITH_KEY] else "safe"


def _some(number: int, total: int) -> str:
    if number == total:
        return "the only operation" if total == 1 else f"all {total} operations"
    return f"{number} of {total} operations"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
