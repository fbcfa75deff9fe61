"""Measuring two things against each other: in turns, in one process, the ratio of their CPU times with its spread."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass(frozen=True, slots=True)
class Ratio:
    """What one thing costs of another.

    Args:
        median: of the ratios of all rounds.
        low: the first quartile.
        high: the third quartile.
        ours: the median CPU time of ours, in microseconds.
        theirs: of the other.
    """

    median: float
    low: float
    high: float
    ours: float
    theirs: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f}), {self.ours:,.0f} us of {self.theirs:,.0f} us"


def paired(ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int = 40, number: int = 50) -> Ratio:
    """The ratio of two calls, measured in turns.

    Args:
        ours: what is measured.
        theirs: what it is measured against.
        rounds: how many pairs.
        number: calls in each half of a pair.
    """
    for _ in range(number):
        ours()
        theirs()
    pairs = [(_cpu(ours, number), _cpu(theirs, number)) for _ in range(rounds)]
    return ratio_of(pairs)


async def paired_async(
    ours: Callable[[], Awaitable[object]],
    theirs: Callable[[], Awaitable[object]],
    *,
    rounds: int = 40,
    number: int = 50,
) -> Ratio:
    """Like `paired`, in an event loop."""
    for _ in range(number):
        await ours()
        await theirs()
    pairs = [(await _acpu(ours, number), await _acpu(theirs, number)) for _ in range(rounds)]
    return ratio_of(pairs)


def ratio_of(pairs: list[tuple[float, float]]) -> Ratio:
    """The ratio that pairs of CPU times, in microseconds, amount to."""
    ratios = [mine / other for mine, other in pairs]
    low, median, high = statistics.quantiles(ratios, n=4)
    return Ratio(
        median, low, high, statistics.median(mine for mine, _ in pairs), statistics.median(other for _, other in pairs)
    )


def _cpu(call: Callable[[], object], number: int) -> float:
    gc.collect()
    began = time.process_time()
    for _ in range(number):
        call()
    return (time.process_time() - began) / number * 1e6


async def _acpu(call: Callable[[], Awaitable[object]], number: int) -> float:
    gc.collect()
    began = time.process_time()
    for _ in range(number):
        await call()
    return (time.process_time() - began) / number * 1e6
