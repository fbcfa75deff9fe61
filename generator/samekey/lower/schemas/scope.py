"""What the lowerings of one document share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey.document.pointers import extended
from samekey.lower.schemas.circles import Circles
from samekey.lower.schemas.merged import is_empty
from samekey.lower.schemas.steps import Ask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samekey.document.node import Node
    from samekey.ir import TypeDef
    from samekey.lower.schemas.merged import Parts
    from samekey.lower.schemas.steps import Hint


class Scope:
    """What the lowerings of one document share.

    Attributes:
        definitions: type definitions by id, in the order of first use.
        circles: unions that list each other.
        merging: identities of the variants that are being merged with what stands beside their union.
        hides_internal: whether properties that are marked `x-internal` are left out.
    """

    __slots__ = ("_combined", "circles", "definitions", "hides_internal", "merging")

    def __init__(self, *, hides_internal: bool = False) -> None:
        self.hides_internal = hides_internal
        self.definitions: dict[str, TypeDef] = {}
        self.circles = Circles()
        self.merging: set[str] = set()
        self._combined: dict[frozenset[str], Node] = {}

    def combined(self, owner: Node, path: Iterable[str], schemas: Parts, hint: Hint) -> Ask:
        """Return what asks for the type of what several schemas say of one thing together.

        The same schemas are one type wherever they meet, and never the type of one of them alone: others may extend
        that one as well, each with fields of their own.

        Args:
            owner: what has the thing.
            path: the way from the owner to it.
            schemas: what says something of it, the outermost first.
            hint: words for its name.
        """
        together = tuple(schema for schema in schemas if not is_empty(schema))
        first = together[0] if together else schemas[0]
        if len(together) < 2 or first.reference is not None:  # noqa: PLR2004  # one alone is itself
            return Ask(first, hint)
        key = frozenset(schema.identity for schema in together)
        if key not in self._combined:
            self._combined[key] = _place(owner, path, together)
        return Ask(self._combined[key], hint, together)


def _place(owner: Node, path: Iterable[str], together: Parts) -> Node:
    """Return where several schemas stand as one: at that of the owner's own, or where the owner would have it."""
    own = next((part for part in together if part.identity.startswith(f"{owner.identity}/")), None)
    if own is not None and own.reference is None:
        return own
    pointer = owner.pointer
    for step in path:
        pointer = extended(pointer, step)
    return type(owner)(owner.document, owner.source, pointer, together[0].value)
