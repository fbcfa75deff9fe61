"""Words of a mapping that people write: those that are known, and those that are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey.identifiers import closest

if TYPE_CHECKING:
    from samekey.document.node import Node


def refuse_unknown(node: Node, known: tuple[str, ...]) -> None:
    """Report the keys of a mapping that are not among the known ones."""
    for key, value in node.items():
        if key not in known:
            value.error("unknown-key", f"there is no key {key!r} here", closest(key, known))
