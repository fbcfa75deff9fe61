"""Unions: their variants flattened, and the property that tells them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from samekey.ir import AnyJson, Kind, LiteralOf, Nullable, Primitive, Type, Union
from samekey.lower.merged import Merged, target_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samekey.document.document import Node

Hint: TypeAlias = tuple[str, ...]


def flatten(variants: Iterable[Type]) -> tuple[tuple[Type, ...], bool]:
    """Variants in one row, each once, and whether null was among them."""
    flat: list[Type] = []
    nullable = False
    for variant in variants:
        if isinstance(variant, Nullable):
            nullable = True
            inner, _ = flatten((variant.inner,))
            flat.extend(inner)
        elif isinstance(variant, Union):
            inner, inner_null = flatten(variant.variants)
            nullable = nullable or inner_null
            flat.extend(inner)
        elif variant == Primitive(Kind.NULL):
            nullable = True
        else:
            flat.append(variant)
    unique: list[Type] = list(dict.fromkeys(flat))
    if Primitive(Kind.NUMBER) in unique and Primitive(Kind.INTEGER) in unique:
        unique.remove(Primitive(Kind.INTEGER))
    literals = [variant for variant in unique if isinstance(variant, LiteralOf)]
    if len(literals) > 1:
        values = tuple(dict.fromkeys(value for literal in literals for value in literal.values))
        position = unique.index(literals[0])
        others: list[Type] = [variant for variant in unique if not isinstance(variant, LiteralOf)]
        unique = [*others[:position], LiteralOf(values), *others[position:]]
    return tuple(unique), nullable


def or_null(kind: Type) -> Type:
    """A type, or null; any JSON holds null already."""
    return kind if isinstance(kind, (Nullable, AnyJson)) or kind == Primitive(Kind.NULL) else Nullable(kind)


def mapped_target(target: Node, variants: list[Node]) -> str:
    """The identity of the schema that a mapping names: by reference, or by a component's bare name."""
    name = target.value
    if not isinstance(name, str):
        return ""
    for variant in variants:
        if variant.reference == name or (variant.reference or "").rpartition("/")[2] == name:
            return target_of(variant)
    if "/" in name or "#" in name or "." in name:
        found = target.lookup(name)
        return target_of(found) if found is not None else ""
    return ""


def tag_values(variant: Node, name: str) -> list[str]:
    """The values that a variant's own schema allows for the discriminating property."""
    target = variant.follow()
    if target is None:
        return []
    parts = Merged.of((target,)).properties().get(name, ())
    return [value for part in parts for value in Merged.of((part,)).enum_values() if isinstance(value, str)]


def implicit_tag(variant: Node) -> list[str]:
    """Without a mapping the component's name is the value (OpenAPI 3.1 section 4.8.25)."""
    return [variant.reference.rpartition("/")[2]] if variant.reference else []


def variant_words(variant: Node, index: int) -> Hint:
    """Words for the name of an inline variant: its component's, its title, or its number."""
    if variant.reference is not None:
        target = variant.follow()
        if target is not None:
            return (target.name,)
    title = variant.text("title") if isinstance(variant.value, dict) else ""
    return (title,) if title else ("option", str(index + 1))
