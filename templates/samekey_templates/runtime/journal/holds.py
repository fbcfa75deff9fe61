"""Which entries of a journal the calls of this process hold, and who else may hold them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

EntryName: TypeAlias = tuple[str, str]
"""The API and the key of an entry."""


class Holds:
    """The entries that living calls of this process hold.

    Where several calls hold one entry, a refusal of one says nothing of the others: only an effect ends it.
    """

    def __init__(self) -> None:
        self._calls: dict[EntryName, int] = {}
        self._shared: set[EntryName] = set()
        self._lock = threading.Lock()

    def __contains__(self, name: EntryName) -> bool:
        return name in self._calls

    def __iter__(self) -> Iterator[EntryName]:
        return iter(list(self._calls))

    def add(self, name: EntryName, *, is_shared: bool = False) -> None:
        """Hold an entry in one more call.

        Args:
            name: the entry.
            is_shared: whether a living call of another process holds it too.
        """
        with self._lock:
            if is_shared or name in self._calls:
                self._shared.add(name)
            self._calls[name] = self._calls.get(name, 0) + 1

    def remove(self, name: EntryName) -> None:
        """Let go of an entry in one call."""
        with self._lock:
            left = self._calls.pop(name, 0) - 1
            if left > 0:
                self._calls[name] = left
            else:
                self._shared.discard(name)

    def is_shared(self, name: EntryName) -> bool:
        """Whether another call holds the entry, or has held it, while one of this process did."""
        return name in self._shared

    def is_last(self, name: EntryName) -> bool:
        """Whether no other call of this process holds the entry."""
        return self._calls.get(name, 0) <= 1
