"""What it costs to decode an answer of about 50 KB, against `json.loads` of the same bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from bench import models
from bench._runtime.codec.json import decode

from benchmarks.documents import item
from benchmarks.measure import Row, compared, paired, tell

if TYPE_CHECKING:
    from collections.abc import Callable

ITEMS: Final = 105
LOADS: Final = "json.loads"


def rows() -> list[Row]:
    """Measure a list of objects with objects inside: as documented, with fields that no document lists, broken."""
    good = _page(lambda _: None)
    one, typed, nested = good.copy(), _page(_mistyped), _page(_lacking)
    one["data"] = [*good["data"][:-5], _page(_lacking)["data"][-5], *good["data"][-4:]]
    return [
        _row(f"decode {len(json.dumps(good)) // 1000} KB", 0.40, good, is_broken=False),
        _row("the same, two fields more in each object", 1.5, _page(_unlisted), is_broken=False),
        _row("the same, fields more in inner objects too", 1.5, _page(_unlisted_within), is_broken=False),
        _row("the same, a field missing", 2.5, one),
        _row("the same, a field of another type in each object", 2.5, typed),
        _row("the same, a field missing in each inner object", 0.0, nested),
    ]


def _page(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    page: dict[str, Any] = {"data": [item(number) for number in range(ITEMS)], "has_more": False}
    for entry in page["data"]:
        change(entry)
    return page


def _mistyped(entry: dict[str, Any]) -> None:
    entry["id"] = 5


def _unlisted(entry: dict[str, Any]) -> None:
    entry |= {"channel_id": "ch_1", "flags": {"beta": True}}


def _unlisted_within(entry: dict[str, Any]) -> None:
    _unlisted(entry)
    entry["origin"]["channel_id"] = "ch_2"


def _lacking(entry: dict[str, Any]) -> None:
    del entry["origin"]["amount"]


def _row(what: str, target: float, page: dict[str, Any], *, is_broken: bool = True) -> Row:
    content = json.dumps(page).encode()
    assert bool(decode(content, models.Item0Page).problem) == is_broken
    pairs = paired(lambda: decode(content, models.Item0Page), lambda: json.loads(content), number=20)
    return compared(what, LOADS, target, pairs)


if __name__ == "__main__":
    tell(rows())
