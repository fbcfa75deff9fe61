"""What the lowerings of one document share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey.lower.schemas.circles import Circles

if TYPE_CHECKING:
    from samekey.ir import TypeDef


class Scope:
    """What the lowerings of one document share.

    Attributes:
        definitions: type definitions by id, in the order of first use.
        circles: unions that list each other.
        merging: identities of the variants that are being merged with what stands beside their union.
        hides_internal: whether properties that are marked `x-internal` are left out.
    """

    __slots__ = ("circles", "definitions", "hides_internal", "merging")

    def __init__(self, *, hides_internal: bool = False) -> None:
        self.hides_internal = hides_internal
        self.definitions: dict[str, TypeDef] = {}
        self.circles = Circles()
        self.merging: set[str] = set()
