"""Graphs of things that refer to each other: what belongs to one circle, and what stands behind what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


def components(keys: Iterable[str], successors: Callable[[str], Sequence[str]]) -> list[tuple[str, ...]]:
    """Return the strongly connected components, dependencies before dependents (Tarjan 1972, without recursion).

    Args:
        keys: the nodes, in the order that decides ties.
        successors: what a node depends on.
    """
    search = CircleSearch(successors)
    for key in keys:
        search.visit(key)
    return search.found


class CircleSearch:
    """Tarjan's search, with a stack of its own: documents nest deeper than Python's.

    Args:
        successors: what a node depends on.

    Attributes:
        found: the components, dependencies before dependents.
        number: the place of a node's component among them.
    """

    def __init__(self, successors: Callable[[str], Sequence[str]]) -> None:
        self.found: list[tuple[str, ...]] = []
        self.number: dict[str, int] = {}
        self._successors = successors
        self._index: dict[str, int] = {}
        self._low: dict[str, int] = {}
        self._open: list[str] = []
        self._is_open: set[str] = set()

    def visit(self, root: str) -> None:
        """Find the components of a node and of all that it leads to, unless they are known."""
        if root in self._index:
            return
        work = [(root, iter(self._enter(root)))]
        while work:
            node, targets = work[-1]
            following = next((target for target in targets if self._is_new(node, target)), None)
            if following is not None:
                work.append((following, iter(self._enter(following))))
                continue
            work.pop()
            if work:
                parent = work[-1][0]
                self._low[parent] = min(self._low[parent], self._low[node])
            if self._low[node] == self._index[node]:
                self._close(node)

    def _enter(self, node: str) -> Sequence[str]:
        self._index[node] = self._low[node] = len(self._index)
        self._open.append(node)
        self._is_open.add(node)
        return self._successors(node)

    def _is_new(self, node: str, target: str) -> bool:
        if target not in self._index:
            return True
        if target in self._is_open:
            self._low[node] = min(self._low[node], self._index[target])
        return False

    def _close(self, node: str) -> None:
        members = [self._open.pop()]
        while members[-1] != node:
            members.append(self._open.pop())
        self._is_open.difference_update(members)
        self.number.update(dict.fromkeys(members, len(self.found)))
        self.found.append(tuple(reversed(members)))


def chunk(groups: Iterable[Sequence[str]], size: int) -> list[list[str]]:
    """Pack groups into chunks of about `size` members; a group is never split."""
    chunks: list[list[str]] = []
    for group in groups:
        if not chunks or len(chunks[-1]) + len(group) > size:
            chunks.append([])
        chunks[-1].extend(group)
    return chunks
