"""Which operations a word of a config means: an operationId, a method and path, or a pattern of either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from samekey.identifiers import meant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samekey.document.node import Node

T = TypeVar("T")


class ForOperations(Struct, Generic[T], frozen=True):
    """What a config says of some operations.

    Args:
        pattern: an operationId, a method and path such as `POST /charges`, or either with `*` for any characters.
        says: what it says of them.
        node: where it stands.
    """

    pattern: str
    says: T
    node: Node

    def means(self, operation_id: str, method: str, path: str) -> bool:
        """Whether an operation is one of those that are meant."""
        return any(fits(self.pattern, text) for text in (operation_id, f"{method} {path}") if text)


def fits(pattern: str, text: str) -> bool:
    """Whether a text has the parts of a pattern in their order; in one pass, whatever the pattern is."""
    first, *parts = pattern.split("*")
    if not parts:
        return text == first
    *inner, last = parts
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in inner:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def report_unmeant(
    entries: Iterable[ForOperations[T]], operations: Iterable[tuple[str, str, str]]
) -> Iterator[ForOperations[T]]:
    """Report entries of a config that mean no operation of the document, and yield the others.

    Args:
        entries: the entries.
        operations: the id, the method and the path of each operation.
    """
    known = list(operations)
    for entry in entries:
        if any(entry.means(*operation) for operation in known):
            yield entry
            continue
        names = [name for identity, method, path in known for name in (identity, f"{method} {path}") if name]
        entry.node.error(
            "operation-unknown",
            f"no operation has the id {entry.pattern!r}, or this method and path",
            meant(entry.pattern, names)
            or "write an operationId, a method and path such as `POST /charges`, or a pattern such as `POST /charges*`",
        )
