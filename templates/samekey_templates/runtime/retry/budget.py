"""The retry budget: the only mutable state of retrying, with a lock of its own."""

from __future__ import annotations

import threading
import time

from ..concurrency.fork import begin_anew_after_fork
from ..declare import public


@public
class RetryBudget:
    """A token bucket that keeps an outage from being multiplied by retries; clients may share one.

    A retry takes 5 tokens, after a timeout 10. A success gives 1 back, or what its last retry took.

    Args:
        size: the most tokens that it holds; it is full at first.
        refill_per_second: tokens that come back by themselves, so that a client of few calls recovers from an outage.

    Raises:
        ValueError: a number makes no sense.
    """

    __slots__ = ("__weakref__", "_at", "_lock", "_refill", "_size", "_tokens")

    def __init__(self, size: int = 500, *, refill_per_second: float = 0.0) -> None:
        if not 0 <= size < float("inf"):
            raise ValueError(f"size must be a finite number of tokens, 0 or more, not {size}")
        if not 0 <= refill_per_second < float("inf"):
            raise ValueError(f"refill_per_second must be a finite number, 0 or more, not {refill_per_second}")
        self._size = size
        self._refill = refill_per_second
        self._tokens: float = size
        self._at = time.monotonic()
        self._lock = threading.Lock()
        begin_anew_after_fork(self)

    def after_fork(self) -> None:
        """Replace the lock in a forked child, since a thread of the parent process may hold it."""
        self._lock = threading.Lock()

    @property
    def tokens(self) -> int:
        """What is left."""
        with self._lock:
            return int(self._now())

    def spend(self, cost: int) -> bool:
        """Take the cost of a retry from the budget; return False where the budget does not hold that much."""
        with self._lock:
            if cost > self._now():
                return False
            self._tokens -= cost
            return True

    def refund(self, tokens: int) -> None:
        """Give tokens back after a success: 1 after a first attempt, else what the last retry cost."""
        if self._tokens == self._size:
            return
        with self._lock:
            self._tokens = min(self._size, self._now() + tokens)

    def _now(self) -> float:
        """Return the tokens with those that have come back since they were last looked at."""
        if self._refill:
            now = time.monotonic()
            self._tokens = min(self._size, self._tokens + (now - self._at) * self._refill)
            self._at = now
        return self._tokens
