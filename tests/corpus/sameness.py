"""When two JSON values say the same: each equivalence stands here, and nowhere else.

1. An object's keys have no order.
2. A property that is absent and one that is null say the same in an answer (`absent_is_null`); not so in a request.
3. Numbers are compared by value: `1` and `1.0` are the same. `true` is not a number.
4. Two spellings of one moment are the same: `2026-03-04T05:06:07Z` and `2026-03-04T05:06:07+00:00`.
5. A UUID may come in capitals; base64 may come without its padding.

A text of the wire (in a path, a query, a header, a form) is the same as a value where it spells it.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable

from tests.corpus.raw import Json

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+=*")
_SHOWN = 60


def difference(expected: Json, found: Json, *, absent_is_null: bool, place: str = "") -> str:
    """Where two values differ, in words; empty where they are the same."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return _difference_of_objects(expected, found, absent_is_null=absent_is_null, place=place)
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return f"{place or 'the value'}: {len(expected)} elements became {len(found)}"
        pairs = enumerate(zip(expected, found, strict=True))
        return _first(difference(a, b, absent_is_null=absent_is_null, place=f"{place}/{i}") for i, (a, b) in pairs)
    if _same_scalar(expected, found):
        return ""
    return f"{place or 'the value'}: {shown(expected)} became {shown(found)}"


def _difference_of_objects(
    expected: dict[str, Json], found: dict[str, Json], *, absent_is_null: bool, place: str
) -> str:
    for name in {**expected, **found}:
        here = f"{place}/{name}"
        one, other = expected.get(name), found.get(name)
        if name not in found and not (absent_is_null and one is None):
            return f"{here}: {shown(one)} is lost"
        if name not in expected and not (absent_is_null and other is None):
            return f"{here}: {shown(other)} was added"
        if difference_inside := difference(one, other, absent_is_null=absent_is_null, place=here):
            return difference_inside
    return ""


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")


def _same_scalar(one: Json, other: Json) -> bool:
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other
    if isinstance(one, str) and isinstance(other, str):
        return one == other or same_moment(one, other) or _same_bytes(one, other)
    return False


def same_moment(one: str, other: str) -> bool:
    """Whether two texts spell the same moment or the same UUID."""
    if _MOMENT.fullmatch(one) and _MOMENT.fullmatch(other):
        return dt.datetime.fromisoformat(one.upper()) == dt.datetime.fromisoformat(other.upper())
    return _UUID.fullmatch(one) is not None and one.lower() == other.lower()


def _same_bytes(one: str, other: str) -> bool:
    return bool(_BASE64.fullmatch(one) and _BASE64.fullmatch(other)) and _unpadded(one) == _unpadded(other)


def _unpadded(text: str) -> str:
    return text.rstrip("=").replace("-", "+").replace("_", "/")


def spells(text: str, value: Json) -> bool:
    """Whether a text of the wire is a spelling of a value."""
    if isinstance(value, str):
        return text == value or same_moment(text, value)
    if value is None:
        return text in {"null", ""}
    try:
        return not difference(value, json.loads(text), absent_is_null=False)
    except ValueError:
        return False


def shown(value: Json) -> str:
    """A value for a message, cut short."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
