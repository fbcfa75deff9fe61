"""What it costs to decode an answer of about 50 KB, against `json.loads` of the same bytes."""

from __future__ import annotations

import json
from typing import Any, Final

from bench import models
from bench._runtime._codec import decode

from benchmarks.documents import item
from benchmarks.measure import Row, compared, paired, tell

ITEMS: Final = 105
LOADS: Final = "json.loads"


def rows() -> list[Row]:
    """A list of objects with objects inside, as it should be, and with one field missing near its end."""
    page: dict[str, Any] = {"data": [item(number) for number in range(ITEMS)], "has_more": False}
    good = json.dumps(page).encode()
    del page["data"][-5]["origin"]["amount"]
    broken = json.dumps(page).encode()
    assert not decode(good, models.Item0Page).problem
    assert decode(broken, models.Item0Page).problem
    return [
        _row(f"decode {len(good) // 1000} KB", 0.40, good),
        _row("decode the same, a field missing", 2.5, broken),
    ]


def _row(what: str, target: float, content: bytes) -> Row:
    pairs = paired(lambda: decode(content, models.Item0Page), lambda: json.loads(content), number=20)
    return compared(what, LOADS, target, pairs)


if __name__ == "__main__":
    tell(rows())
