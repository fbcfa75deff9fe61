"""The retry budget: the only mutable state of retrying, with a lock of its own."""

from __future__ import annotations

import threading

from ..concurrency.fork import begin_anew_after_fork


class Budget:
    """A token bucket that keeps an outage from being multiplied by retries.

    Args:
        tokens: the size of the bucket, full at first.
    """

    __slots__ = ("__weakref__", "_lock", "_size", "_tokens")

    def __init__(self, tokens: int = 500) -> None:
        self._size = tokens
        self._tokens = tokens
        self._lock = threading.Lock()
        begin_anew_after_fork(self)

    def after_fork(self) -> None:
        """Replace the lock in a forked child, since a thread of the parent process may hold it."""
        self._lock = threading.Lock()

    @property
    def tokens(self) -> int:
        """What is left."""
        return self._tokens

    def spend(self, cost: int) -> bool:
        """Take the cost of a retry from the budget; return False where the budget does not hold that much."""
        with self._lock:
            if cost > self._tokens:
                return False
            self._tokens -= cost
            return True

    def refund(self, tokens: int) -> None:
        """Give tokens back after a success: 1 after a first attempt, else what the last retry cost."""
        if self._tokens == self._size:
            return
        with self._lock:
            self._tokens = min(self._size, self._tokens + tokens)
