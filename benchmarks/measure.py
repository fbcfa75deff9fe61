"""Measuring two things against each other: in turns, in one process, ratios of CPU and wall time with their spread."""

from __future__ import annotations

import gc
import json
import statistics
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

Times = tuple[float, float]
"""CPU and wall time, in seconds."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some ratios, with their first and third quartile."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the report.

    Args:
        what: what is measured.
        against: what it is measured against.
        target: the ratio to stay below; 0 where there is none.
        ratio: what was measured; of CPU time, unless `note` says otherwise.
        wall: the same of wall time, if it was taken.
        note: the absolute figures.
    """

    what: str
    against: str
    target: float
    ratio: Spread
    wall: Spread | None = None
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the target is reached; two decimals, as in the table."""
        return not self.target or round(self.ratio.median, 2) <= self.target


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the quartiles of some values."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


def compared(what: str, against: str, target: float, pairs: Sequence[tuple[Times, Times]], unit: str = "us") -> Row:
    """Make a row from pairs of times in seconds: what is measured, and what it is measured against."""
    scale = {"us": 1e6, "ms": 1e3, "s": 1.0}[unit]
    ours, theirs = (statistics.median(pair[side][0] for pair in pairs) * scale for side in (0, 1))
    return Row(
        what,
        against,
        target,
        spread([mine[0] / other[0] for mine, other in pairs]),
        spread([mine[1] / other[1] for mine, other in pairs]),
        f"{ours:,.{2 if ours < 10 else 0}f} {unit} of {theirs:,.{2 if theirs < 10 else 0}f} {unit}",  # noqa: PLR2004
    )


def paired(
    ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int = 100, number: int = 50
) -> list[tuple[Times, Times]]:
    """Measure the times of two calls, taken in turns.

    Args:
        ours: what is measured.
        theirs: what it is measured against.
        rounds: how many pairs.
        number: calls in each half of a pair.
    """
    for _ in range(number):
        ours()
        theirs()
    return [(_times(ours, number), _times(theirs, number)) for _ in range(rounds)]


async def paired_async(
    ours: Callable[[], Awaitable[object]],
    theirs: Callable[[], Awaitable[object]],
    *,
    rounds: int = 100,
    number: int = 50,
) -> list[tuple[Times, Times]]:
    """Measure the times of two calls, taken in turns, in an event loop."""
    for _ in range(number):
        await ours()
        await theirs()
    return [(await _atimes(ours, number), await _atimes(theirs, number)) for _ in range(rounds)]


def tell(rows: Sequence[Row]) -> None:
    """Print rows for the process that asked for them."""
    print(json.dumps([asdict(row) for row in rows]))


def read_rows(text: str) -> list[Row]:
    """Read the rows that another process printed."""
    return [
        Row(**{**row, "ratio": Spread(**row["ratio"]), "wall": Spread(**row["wall"]) if row["wall"] else None})
        for row in json.loads(text)
    ]


def _times(call: Callable[[], object], number: int) -> Times:
    gc.collect()
    began, wall = time.process_time(), time.perf_counter()
    for _ in range(number):
        call()
    return (time.process_time() - began) / number, (time.perf_counter() - wall) / number


async def _atimes(call: Callable[[], Awaitable[object]], number: int) -> Times:
    gc.collect()
    began, wall = time.process_time(), time.perf_counter()
    for _ in range(number):
        await call()
    return (time.process_time() - began) / number, (time.perf_counter() - wall) / number
