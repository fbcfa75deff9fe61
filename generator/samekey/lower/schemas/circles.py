"""Unions that list each other: together they are one union, and each of them is all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from samekey.graph import CircleSearch
from samekey.lower.schemas.merged import REFERENCES, Merged, only_constrains, says_null
from samekey.lower.schemas.words import option

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from samekey.document.node import Node
    from samekey.lower.schemas.merged import Parts
    from samekey.lower.schemas.steps import Hint

_WORDS = ("oneOf", "anyOf")
_OPENED = (*_WORDS, "allOf", *REFERENCES)


def listed_variants(merged: Merged) -> list[Node]:
    """Return the variants of a oneOf, else of an anyOf, that say something of the shape of a value."""
    for word in _WORDS:
        variants = [variant for variant in merged.elements(word) if not only_constrains(variant)]
        if variants:
            return variants
    return []


class Variant(Struct, frozen=True):
    """A variant of a union.

    Args:
        node: its schema.
        hint: words for its name.
        beside: what stands beside the union that lists it, where that is not the union itself.
    """

    node: Node
    hint: Hint
    beside: Parts = ()


class Opened(Struct, frozen=True):
    """The variants of a union.

    Args:
        variants: each once.
        nullable: whether a union that gave its own variants allows null.
    """

    variants: tuple[Variant, ...]
    nullable: bool


class Circles:
    """Which unions list each other, found as they are met and remembered."""

    def __init__(self) -> None:
        self._variants: dict[str, Sequence[Node]] = {}
        self._search = CircleSearch(self._successors)

    def opened(self, union: Node, variants: Sequence[Node], hint: Hint) -> Opened:
        """Return the variants of a union.

        A union that lists this one as well gives its own variants in its place; each of them once, since a union
        that is met again adds nothing.

        Args:
            union: the union.
            variants: the variants that it lists.
            hint: words for its own name.
        """
        met = {union.identity}
        nullable = False
        found: list[Variant] = []
        pending = [Variant(variant, words) for variant, words in _worded(variants, hint)][::-1]
        while pending:
            variant = pending.pop()
            other = variant.node.follow()
            if other is None or not self._list_each_other(union, other):
                found.append(variant)
            elif other.identity not in met:
                met.add(other.identity)
                nullable = nullable or says_null((other,))
                beside = (*variant.beside, *(Merged.of((other,)).without_unions() or ()))
                words = variant.hint if variant.node.reference is None else (other.name,)
                inner = _worded(self._variants_of(other), words)
                pending += [Variant(node, own, beside) for node, own in inner][::-1]
        return Opened(tuple(found), nullable)

    def _list_each_other(self, union: Node, other: Node) -> bool:
        if union.identity == other.identity:
            return True
        if not self._variants_of(other) or not self._variants_of(union):
            return False
        self._search.visit(union.identity)
        return self._search.number[union.identity] == self._search.number.get(other.identity)

    def _variants_of(self, node: Node) -> Sequence[Node]:
        known = self._variants.get(node.identity)
        if known is None:
            known = self._variants[node.identity] = listed_variants(Merged.of((node,))) if _may_list(node) else ()
        return known

    def _successors(self, identity: str) -> Sequence[str]:
        targets = (variant.follow() for variant in self._variants[identity])
        return [target.identity for target in targets if target is not None and self._variants_of(target)]


def _may_list(node: Node) -> bool:
    is_union = any(node.has(word) for word in _OPENED)
    return is_union and not node.has("enum") and not node.has("const")


def _worded(variants: Iterable[Node], hint: Hint) -> Iterator[tuple[Node, Hint]]:
    for index, variant in enumerate(variants):
        yield variant, (*hint, *_variant_words(variant, index))


def _variant_words(variant: Node, index: int) -> Hint:
    """Return words for the name of a variant: its component's, its title, or its number."""
    if variant.reference is not None:
        target = variant.follow()
        if target is not None:
            return (target.name,)
    title = variant.text("title") if isinstance(variant.value, dict) else ""
    return (title,) if title else option(index)
