"""The retry budget: the only mutable state of retrying, with a lock of its own."""

from __future__ import annotations

import threading

from ..concurrency.fork import begin_anew_after_fork
from ..declare import public
from .rules import is_seconds


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
        if not is_seconds(size):
            raise ValueError(f"size must be a finite number of tokens, 0 or more, not {size!r}")
        if not is_seconds(refill_per_second):
            raise ValueError(f"refill_per_second must be a finite number, 0 or more, not {refill_per_second!r}")
        self._size = size
        self._refill = refill_per_second
        self._tokens: float = size
        self._at: float | None = None
        self._lock = threading.Lock()
        begin_anew_after_fork(self)

    def after_fork(self) -> None:
        """Replace the lock in a forked child, since a thread of the parent process may hold it."""
        self._lock = threading.Lock()

    @property
    def tokens(self) -> int:
        """What was left when it was last used."""
        return int(self._tokens)

    def spend(self, cost: int, now: float) -> bool:
        """Take the cost of a retry from the budget; return False where the budget does not hold that much.

        Args:
            cost: in tokens.
            now: seconds of a clock that never runs backwards.
        """
        with self._lock:
            self._fill(now)
            if cost > self._tokens:
                return False
            self._tokens -= cost
            return True

    def refund(self, tokens: int, now: float) -> None:
        """Give tokens back after a success: 1 after a first attempt, else what the last retry cost.

        Args:
            tokens: how many.
            now: seconds of the same clock.
        """
        if self._tokens == self._size:
            return
        with self._lock:
            self._fill(now)
            self._tokens = min(self._size, self._tokens + tokens)

    def _fill(self, now: float) -> None:
        """Add the tokens that have come back by themselves since the budget was last used."""
        if not self._refill:
            return
        if self._at is not None:
            self._tokens = min(self._size, self._tokens + max(0.0, now - self._at) * self._refill)
        self._at = now
