"""Which operations a word of a config means: an operationId, a method and path, or a pattern of either."""

from __future__ import annotations

import re
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
        form = ".*".join(re.escape(part) for part in self.pattern.split("*"))
        return any(re.fullmatch(form, text) is not None for text in (operation_id, f"{method} {path}") if text)


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
