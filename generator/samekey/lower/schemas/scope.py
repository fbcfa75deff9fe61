"""What the lowerings of one document share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samekey.lower.schemas.circles import Circles

if TYPE_CHECKING:
    from samekey.ir import TypeDef


@dataclass(frozen=True, slots=True)
class Scope:
    """What the lowerings of one document share.

    Args:
        definitions: type definitions by id, in the order of first use.
        circles: unions that list each other.
        merging: identities of the variants that are being merged with what stands beside their union.
    """

    definitions: dict[str, TypeDef] = field(default_factory=dict[str, "TypeDef"])
    circles: Circles = field(default_factory=Circles)
    merging: set[str] = field(default_factory=set[str])
