"""The type of a schema by its words, once references and allOf are followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey.ir import AnyJson, Kind, ListOf, Primitive
from samekey.lower.schemas.circles import listed_variants
from samekey.lower.schemas.enums import enumerated
from samekey.lower.schemas.merged import FORMATS, TYPES, Merged
from samekey.lower.schemas.objects import lower_object
from samekey.lower.schemas.steps import Ask, ask_all
from samekey.lower.schemas.unions import lower_union, or_null, union_of
from samekey.lower.schemas.words import ITEM, element

if TYPE_CHECKING:
    from samekey.document.node import Node
    from samekey.ir import Type
    from samekey.lower.schemas.merged import Parts
    from samekey.lower.schemas.scope import Scope
    from samekey.lower.schemas.steps import Hint, Lowering


def lower_parts(node: Node, parts: Parts, hint: Hint, scope: Scope) -> Lowering:
    """Lower schemas that hold together.

    Args:
        node: the schema that they stand for, by which a definition is known.
        parts: the schemas.
        hint: words for a name.
        scope: what the lowerings of a document share.
    """
    merged = Merged.of(parts)
    inner = yield from _shape(node, merged, hint, scope)
    return or_null(inner) if merged.nullable else inner


def _shape(node: Node, merged: Merged, hint: Hint, scope: Scope) -> Lowering:
    types = merged.types
    # Beside `type: array` an enum is meant for the items, and nothing that could be checked here.
    if (merged.has("const") or merged.has("enum")) and types not in (["array"], ["object"]):
        kind = enumerated(node, merged, hint, scope)
        if kind is not None:
            return kind
    variants = listed_variants(merged)
    if variants:
        return (yield from lower_union(node, merged, variants, hint, scope))
    if len(types) < 2:  # noqa: PLR2004  # several types are a union
        return (yield from _typed(node, merged, types[0] if types else merged.implied_type, hint, scope))
    kinds: list[Type] = []
    for name in types:
        kind = yield from _typed(node, merged, name, hint, scope)
        kinds.append(kind)
    return union_of(node, tuple(kinds), hint, scope)


def _typed(node: Node, merged: Merged, name: str, hint: Hint, scope: Scope) -> Lowering:
    if name == "object":
        return (yield from lower_object(node, merged, hint, scope))
    if name == "array":
        return ListOf((yield from _items(node, merged, (*hint, *ITEM), scope)))
    if name == "string" and merged.holds_file:
        return Primitive(Kind.BINARY)
    if name in TYPES:
        return Primitive(FORMATS.get((name, merged.text("format")), TYPES[name]))
    if name:
        node.warn("unknown-type", f"there is no type {name!r}; read as any JSON")
        return AnyJson(f"there is no type {name!r}")
    return AnyJson("the schema says nothing of the type")


def _items(node: Node, merged: Merged, hint: Hint, scope: Scope) -> Lowering:
    prefix = merged.elements("prefixItems")
    listed = merged.all_of("items")
    items = listed[0] if listed else None
    if prefix:
        asked = [Ask(item, (*hint[: -len(ITEM)], *element(index))) for index, item in enumerate(prefix)]
        if items is not None and items.value is not False:
            asked.append(Ask(items, hint))
        return (yield from _any_of(prefix[0], asked, hint, scope))
    if items is None:
        return AnyJson("the array says nothing of its items")
    if not isinstance(items.value, list):
        return (yield scope.combined(node, ("items",), listed, hint))
    asked = [Ask(item, hint) for item in items.elements()]
    return (yield from _any_of(items, asked, hint, scope)) if asked else AnyJson("no items")


def _any_of(node: Node, asked: list[Ask], hint: Hint, scope: Scope) -> Lowering:
    kinds = yield from ask_all(asked)
    return union_of(node, kinds, hint, scope)
