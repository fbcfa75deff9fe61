"""oneOf and anyOf: their variants, and the property that tells them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey.document.values import spelling
from samekey.ir import (
    Alias,
    AnyJson,
    Discriminator,
    Kind,
    ListOf,
    LiteralOf,
    MapOf,
    Model,
    Named,
    Nullable,
    Primitive,
    Union,
)
from samekey.lower.schemas.circles import Variant
from samekey.lower.schemas.merged import (
    Merged,
    is_objectlike,
    only_constraining,
    relaxed,
    required_of,
    target_of,
)
from samekey.lower.schemas.steps import Ask
from samekey.lower.sdk_words import type_called

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from samekey.document.node import Node
    from samekey.ir import Type, TypeDef
    from samekey.lower.schemas.merged import Parts
    from samekey.lower.schemas.scope import Scope
    from samekey.lower.schemas.steps import Hint, Lowering

_NUMBERS = (
    (Kind.NUMBER, Kind.INTEGER), (Kind.DECIMAL_NUMBER, Kind.INTEGER), (Kind.DECIMAL_NUMBER, Kind.NUMBER),
)  # fmt: skip
"""Kinds of numbers, each with one whose values are values of it too."""


def lower_union(node: Node, merged: Merged, listed: list[Node], hint: Hint, scope: Scope) -> Lowering:
    """Lower a oneOf or anyOf; what stands beside it holds for each variant.

    Args:
        node: the union.
        merged: its words.
        listed: the variants that it lists.
        hint: words for its name.
        scope: what the lowerings of a document share.
    """
    base = merged.without_unions()
    opened = scope.circles.opened(node, listed, hint)
    lowered: list[tuple[Node, Type]] = []
    bare = only_constraining(merged) if base else []
    alone = len(opened.variants) == 1
    for index, variant in enumerate(opened.variants):
        shown = Variant(relaxed(variant.node, bare), variant.hint, variant.beside) if bare and alone else variant
        kind = yield from _variant(node, index, shown, base, scope)
        lowered.append((variant.node, kind))
    if bare and base and not alone:
        # What stands beside the union is enough for whoever chooses such a variant.
        least = min(bare, key=lambda node: len(required_of(node)))
        kind = yield Ask(least, (*hint, "other"), (least, *base))
        lowered.append((least, kind))
    discriminator = _discriminator(merged, lowered)
    union = union_of(node, tuple(kind for _, kind in lowered), hint, scope, discriminator, merged.doc)
    return or_null(union) if opened.nullable else union


def _variant(union: Node, index: int, variant: Variant, base: Parts | None, scope: Scope) -> Lowering:
    node = variant.node
    beside = (*(base or ()), *variant.beside)
    if not beside or node.identity in scope.merging or not is_objectlike(node):
        return (yield Ask(node, variant.hint))
    scope.merging.add(node.identity)
    kind = yield Ask(_place_of(union, index, node), variant.hint, (node, *beside))
    scope.merging.discard(node.identity)
    return kind


def _place_of(union: Node, index: int, variant: Node) -> Node:
    """Return where a variant stands with what stands beside its union: one of another union is another thing there."""
    if variant.identity.startswith(f"{union.identity}/"):
        return variant
    return type(union)(union.document, union.source, f"{union.pointer}/oneOf/{index}", variant.value)


def _discriminator(merged: Merged, variants: list[tuple[Node, Type]]) -> Discriminator | None:
    node = merged.first("discriminator")
    if node is None:
        return None
    described = isinstance(node.value, dict)
    name = node.text("propertyName") if described else spelling(node.value) or ""
    nodes = [variant for variant, _ in variants]
    by_target = {identity: kind for variant, kind in variants if (identity := target_of(variant))}
    allowed = {target_of(variant): tag_values(variant, name) for variant in nodes}
    mapping: dict[str, list[Type]] = {}
    for value, target in node.items("mapping") if described else ():
        identity = _mapped_target(target, nodes)
        found = by_target.get(identity)
        if found is not None and not is_mistaken(target, value, name, allowed.get(identity, [])):
            mapping[value] = [found]
    mapped = {kind for kinds in mapping.values() for kind in kinds}
    for variant, kind in variants:
        if kind not in mapped:
            for value in tag_values(variant, name) or _implicit_tag(variant):
                shared = mapping.setdefault(value, [])
                # A value that the mapping gives to one is that one's alone; else all that allow it may be meant.
                if not any(known in mapped for known in shared):
                    shared.append(kind)
    default = node.get("defaultMapping") if described else None
    otherwise = by_target.get(_mapped_target(default, nodes)) if default else None
    meant = ((value, one_of_several(kinds)) for value, kinds in mapping.items())
    return Discriminator(name, tuple(meant), otherwise) if name else None


def one_of_several(kinds: Iterable[Type]) -> Type:
    """Return the type of what is one of some types: that type itself where it is the only one."""
    unique = tuple(dict.fromkeys(kinds))
    return unique[0] if len(unique) == 1 else Union(unique)


def is_mistaken(target: Node, value: str, name: str, allowed: Sequence[str]) -> bool:
    """Whether a mapping gives a value to a schema that does not allow it there (reported); it is then no word on it.

    Args:
        target: the entry of the mapping.
        value: the value of the discriminator.
        name: the discriminating property.
        allowed: the values that the schema lists for the property; empty where it lists none.
    """
    if not allowed or value in allowed:
        return False
    listed = " or ".join(repr(entry) for entry in allowed[:3])
    target.warn(
        "discriminator-mistaken",
        f"the mapping gives {name!r} the value {value!r}, and the schema allows {listed} there; the schema counts",
    )
    return True


def union_of(
    node: Node,
    variants: tuple[Type, ...],
    hint: Hint,
    scope: Scope,
    discriminator: Discriminator | None = None,
    doc: str = "",
) -> Type:
    """Return a union of types: flattened, and named where its variants cannot be told apart by their JSON kind."""
    flat, nullable = flatten(variants)
    unknown = next((variant for variant in flat if isinstance(variant, AnyJson)), None)
    if unknown is not None:
        return unknown
    if not flat:
        return Primitive(Kind.NULL)
    if len(flat) == 1:
        return or_null(flat[0]) if nullable else flat[0]
    union: Type = Union(flat)
    definitions = scope.definitions
    if not _are_plain(flat, definitions):
        identity = f"{node.identity}+union" if node.identity in definitions else node.identity
        definitions.setdefault(identity, Alias(identity, hint, union, discriminator, doc, type_called(node)))
        union = Named(identity)
    return or_null(union) if nullable else union


def flatten(variants: Iterable[Type]) -> tuple[tuple[Type, ...], bool]:
    """Return variants in one row, each once, and whether null was among them."""
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
    for wide, narrow in _NUMBERS:
        if Primitive(wide) in unique and Primitive(narrow) in unique:
            unique.remove(Primitive(narrow))
    return tuple(_with_one_literal(unique)), nullable


def _with_one_literal(variants: list[Type]) -> list[Type]:
    """Return variants with all literals in the place of the first."""
    literals = [variant for variant in variants if isinstance(variant, LiteralOf)]
    if len(literals) < 2:  # noqa: PLR2004  # one is one already
        return variants
    values = tuple(dict.fromkeys(value for literal in literals for value in literal.values))
    position = variants.index(literals[0])
    others: list[Type] = [variant for variant in variants if not isinstance(variant, LiteralOf)]
    return [*others[:position], LiteralOf(values), *others[position:]]


def or_null(kind: Type) -> Type:
    """Return a type that allows null as well; any JSON allows null already."""
    return kind if isinstance(kind, (Nullable, AnyJson)) or kind == Primitive(Kind.NULL) else Nullable(kind)


def tag_values(variant: Node, name: str) -> list[str]:
    """Return the values that a variant's own schema allows for the discriminating property."""
    target = variant.follow()
    if target is None:
        return []
    parts = Merged.of((target,)).properties().get(name, ())
    for part in parts:
        values = [value for value in Merged.of((part,)).enum_values() if isinstance(value, str)]
        if values:
            # The outermost part's are the nearest: a parent lists the values of all that inherit from it.
            return values
    return []


def _implicit_tag(variant: Node) -> list[str]:
    """Return the component's name, which is the value without a mapping (OpenAPI 3.1 section 4.8.25)."""
    return [variant.reference.rpartition("/")[2]] if variant.reference else []


def _mapped_target(target: Node, variants: list[Node]) -> str:
    """Return the identity of the schema that a mapping names: by reference, or by a component's bare name."""
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


def _are_plain(variants: tuple[Type, ...], definitions: Mapping[str, TypeDef]) -> bool:
    """Whether each variant has a JSON kind of its own, so any decoder can tell them apart."""
    kinds = [_json_kind(variant, definitions) for variant in variants]
    return None not in kinds and len(set(kinds)) == len(kinds)


def _json_kind(kind: Type, definitions: Mapping[str, TypeDef]) -> str | None:  # noqa: PLR0911  # a line for each
    match kind:
        case Primitive(kind=Kind.STRING):
            return "string"
        case Primitive(kind=Kind.INTEGER | Kind.NUMBER):
            return "number"
        case Primitive(kind=Kind.BOOLEAN):
            return "boolean"
        case ListOf():
            return "array"
        case MapOf():
            return "object"
        case Named(id=identity):
            # A model with extra properties is not a class that msgspec tells from others by itself.
            model = definitions.get(identity)
            return "object" if isinstance(model, Model) and model.extra is None else None
        case _:
            # A decimal that is a number in JSON is a string to msgspec.
            return None
