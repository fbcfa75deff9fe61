"""The operations of a document where they stand, before anything of them is understood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace
from samekey_templates.runtime.safety import METHODS
from samekey_templates.runtime.text import is_token

from samekey.config.selection import Selectable
from samekey.lower.extensions import INTERNAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samekey.document.node import Node

METHOD_WORDS: Final = frozenset(method.lower() for method in METHODS)
"""The words of a path item under which its operations stand."""


class ListedOperation(Struct, frozen=True):
    """An operation where it stands.

    Args:
        method: the HTTP method.
        path: the path template.
        node: the operation.
        items: the path items that hold it, one behind the other.
        is_alone: whether its path has no other.
    """

    method: str
    path: str
    node: Node
    items: tuple[Node, ...]
    is_alone: bool

    @property
    def names(self) -> tuple[str, str, str]:
        """The operationId, the method and the path, by which a config may mean it."""
        return self.node.text("operationId"), self.method, self.path

    @property
    def selectable(self) -> Selectable:
        """What decides whether it is in an SDK."""
        return Selectable(
            *self.names,
            tags=self.node.texts("tags"),
            internal=any(holder.flag(INTERNAL) for holder in (*self.items, self.node)),
            deprecated=self.node.flag("deprecated"),
        )


def listed_operations(root: Node) -> Iterable[ListedOperation]:
    """Yield the operations of a document in its order; what is none is reported."""
    for path, element in root.items("paths") if root.get("paths") else ():
        if path.startswith("x-"):
            continue
        item = element.follow()
        if item is None:
            element.error("path-lost", f"the path {path!r} cannot be resolved; its operations are missing")
            continue
        if not isinstance(item.value, dict):
            element.error("path-lost", f"the path {path!r} is not a mapping; its operations are missing")
            continue
        # Words beside a reference count as well (OpenAPI 3.1 section 4.8.9.1).
        items = (item,) if item.identity == element.identity else (item, element)
        operations = _operations(items)
        for method, node in operations.items():
            if not isinstance(node.value, dict):
                node.error(
                    "not-an-operation", f"expected an operation under {node.name!r}; it is missing from the output"
                )
                continue
            yield ListedOperation(method, path, node, items, len(operations) == 1)


def _operations(items: Iterable[Node]) -> dict[str, Node]:
    """Return operations by the HTTP method sent, in document order; the last of two for a method counts (reported)."""
    found: dict[str, Node] = {}
    for method, node in (entry for item in items for entry in _methods(item)):
        if method in found:
            node.error("operation-twice", f"{method} stands twice for one path; the operation here takes its place")
        # An operation of nothing is an operation without words.
        found[method] = node if node.value is not None else replace(node, value={})
    return found


def _methods(item: Node) -> Iterable[tuple[str, Node]]:
    for word, node in item.items():
        if word in METHOD_WORDS:
            yield word.upper(), node
        elif word == "additionalOperations" and node.value is not None:
            # OpenAPI 3.2: methods of any name, in the letters that are sent.
            for method, operation in node.items():
                if not is_token(method):
                    operation.error("not-an-operation", f"{method!r} cannot be a method; it is missing from the output")
                else:
                    yield method, operation
