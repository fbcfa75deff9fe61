"""The retry budget: what it holds, what it refuses, and that threads cannot cheat it."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samekey_templates.runtime.retry.budget import RetryBudget

if TYPE_CHECKING:
    from collections.abc import Iterator

THREADS = 8


class Slow(int):
    """A number whose arithmetic lets other threads go first, so that a missing lock shows."""

    def __gt__(self, other: int) -> bool:
        larger = int(self) > other
        time.sleep(0.0001)
        return larger

    def __rsub__(self, other: int) -> int:
        rest = other - int(self)
        time.sleep(0.0001)
        return rest

    def __radd__(self, other: int) -> int:
        total = other + int(self)
        time.sleep(0.0001)
        return total


@pytest.fixture
def _eager_switching() -> Iterator[None]:
    """Threads take turns as often as they can, so that a missing lock shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_a_budget_holds_500_tokens() -> None:
    """Section 4: 500 tokens, full at first; a hundred retries of 5, then none."""
    budget = RetryBudget()
    assert budget.tokens == 500
    assert sum(budget.spend(5, 0.0) for _ in range(150)) == 100
    assert budget.tokens == 0


@pytest.mark.parametrize(("tokens", "cost", "granted"), [(10, 10, True), (10, 11, False), (0, 5, False), (0, 0, True)])
def test_a_retry_is_granted_only_where_all_of_its_cost_is_there(tokens: int, cost: int, granted: bool) -> None:  # noqa: FBT001
    """A refused retry takes nothing."""
    budget = RetryBudget(tokens)
    assert budget.spend(cost, 0.0) is granted
    assert budget.tokens == (tokens - cost if granted else tokens)


def test_a_refund_never_overfills_the_bucket() -> None:
    """Years of successes do not pay for an outage."""
    budget = RetryBudget(20)
    budget.refund(1, 0.0)
    assert budget.tokens == 20
    budget.spend(5, 0.0)
    budget.refund(1, 0.0)
    assert budget.tokens == 16
    budget.refund(100, 0.0)
    assert budget.tokens == 20


@given(st.integers(0, 50), st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=60))
def test_the_bucket_stays_between_empty_and_full(size: int, steps: list[tuple[bool, int]]) -> None:
    """Whatever is spent and given back, the bucket agrees with plain arithmetic."""
    budget, held = RetryBudget(size), size
    for spending, tokens in steps:
        if spending:
            granted = budget.spend(tokens, 0.0)
            assert granted is (tokens <= held)
            held -= tokens if granted else 0
        else:
            budget.refund(tokens, 0.0)
            held = min(size, held + tokens)
        assert budget.tokens == held
        assert 0 <= budget.tokens <= size


@pytest.mark.usefixtures("_eager_switching")
def test_threads_together_cannot_spend_more_than_there_is() -> None:
    """The bucket is shared by all calls of a client, whichever thread they run in."""
    budget = RetryBudget(5 * 100)
    start = threading.Barrier(THREADS)

    def spend_all() -> int:
        start.wait(5)
        return sum(budget.spend(Slow(5), 0.0) for _ in range(100))

    with ThreadPoolExecutor(THREADS) as pool:
        granted = sum(future.result() for future in [pool.submit(spend_all) for _ in range(THREADS)])
    assert granted == 100
    assert budget.tokens == 0


@pytest.mark.usefixtures("_eager_switching")
def test_threads_lose_no_refund() -> None:
    """What is given back at the same time arrives in full."""
    budget = RetryBudget(THREADS * 100 * 3)
    assert budget.spend(THREADS * 100 * 3, 0.0)
    start = threading.Barrier(THREADS)

    def refund_all() -> None:
        start.wait(5)
        for _ in range(100):
            budget.refund(Slow(2), 0.0)

    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(refund_all) for _ in range(THREADS)]:
            future.result()
    assert budget.tokens == THREADS * 100 * 2


@pytest.mark.usefixtures("_eager_switching")
def test_threads_that_spend_and_refund_leave_the_sum_right() -> None:
    """Each thread gives back all that it took, and in the end nothing is missing."""
    budget = RetryBudget(100)
    start = threading.Barrier(THREADS)

    def take_and_give() -> None:
        start.wait(5)
        for _ in range(100):
            if budget.spend(Slow(7), 0.0):
                budget.refund(Slow(7), 0.0)

    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(take_and_give) for _ in range(THREADS)]:
            future.result()
    assert budget.tokens == 100


def test_tokens_come_back_by_themselves() -> None:
    """A client of few calls recovers from an outage without hundreds of successes; never beyond its size."""
    budget = RetryBudget(20, refill_per_second=2.0)
    assert budget.spend(20, 100.0)
    assert not budget.spend(5, 102.0)
    assert budget.tokens == 4
    assert budget.spend(5, 102.5)
    assert budget.tokens == 0
    assert budget.spend(20, 1000.0)
    budget.refund(3, 1001.0)
    assert budget.tokens == 5
    assert not budget.spend(6, 1000.0), "a clock that runs backwards takes nothing away"
    assert budget.tokens == 5


def test_without_a_refill_time_does_nothing() -> None:
    """Tokens come back by successes alone."""
    budget = RetryBudget(10)
    assert budget.spend(10, 0.0)
    assert not budget.spend(1, 1e9)


@pytest.mark.parametrize("size", [-1, float("inf"), float("nan")])
def test_a_size_that_makes_no_sense_is_refused(size: Any) -> None:  # noqa: ANN401
    """When the budget is made."""
    with pytest.raises(ValueError, match="size must be"):
        RetryBudget(size)


@pytest.mark.parametrize("refill", [-0.1, float("inf"), float("nan")])
def test_a_refill_that_makes_no_sense_is_refused(refill: float) -> None:
    """Likewise."""
    with pytest.raises(ValueError, match="refill_per_second must be"):
        RetryBudget(5, refill_per_second=refill)


def test_an_empty_budget_allows_nothing() -> None:
    """A size of 0 switches retries off for all who share it."""
    assert not RetryBudget(0).spend(1, 0.0)
