"""Schemas that others inherit by `allOf`, told apart by the parent's discriminator (OpenAPI 3.1 section 4.8.25.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from samekey.lower.unions import tag_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.document.document import Node

_PLACES = ("/components/schemas/", "/definitions/")


class Family(Struct, frozen=True):
    """A parent's heirs, and the heir that each value of its discriminator names.

    Args:
        property: the discriminating property.
        heirs: the schemas that inherit from it, or that its mapping names.
        mapping: names of heirs by value; the parent's own among them.
    """

    property: str
    heirs: tuple[Node, ...]
    mapping: tuple[tuple[str, str], ...]


class Heirs(Struct, frozen=True):
    """Which component inherits from which.

    Args:
        components: all schemas by name.
        children: names of children by the parent's name.
    """

    components: Mapping[str, Node]
    children: Mapping[str, tuple[str, ...]]


def gather_heirs(root: Node) -> Heirs:
    """Look through all components for what they inherit."""
    holder = root.get("components")
    schemas = (
        holder.get("schemas") if holder is not None and isinstance(holder.value, dict) else root.get("definitions")
    )
    components = dict(schemas.items()) if schemas is not None else {}
    children: dict[str, tuple[str, ...]] = {}
    for name, schema in components.items():
        for parent in _parents(schema):
            children[parent] = (*children.get(parent, ()), name)
    return Heirs(components, children)


def family_of(parent: Node, heirs: Heirs) -> Family | None:
    """The family of a schema with a discriminator of its own and without `oneOf` or `anyOf`; None where it has none."""
    if not isinstance(parent.value, dict) or parent.has("oneOf") or parent.has("anyOf"):
        return None
    discriminator = parent.get("discriminator")
    known = heirs.components.get(parent.name)
    if discriminator is None or known is None or known.identity != parent.identity:
        return None
    told = isinstance(discriminator.value, dict)
    name = discriminator.text("propertyName") if told else parent.text("discriminator")
    mapping = dict(_mapped(discriminator, heirs)) if told else {}
    names = dict.fromkeys([*_descendants(parent.name, heirs), *mapping.values()])
    names.pop(parent.name, None)
    if not name or not names:
        return None
    mapped = set(mapping.values())
    for heir in names:
        if heir not in mapped:
            for value in tag_values(heirs.components[heir], name) or [heir]:
                mapping.setdefault(value, heir)
    return Family(name, tuple(heirs.components[heir] for heir in names), tuple(mapping.items()))


def _parents(schema: Node) -> Iterator[str]:
    for element in schema.elements("allOf") if isinstance(schema.value, dict) and schema.get("allOf") else ():
        reference = element.reference or ""
        if any(place in reference for place in _PLACES):
            yield reference.rpartition("/")[2]


def _descendants(name: str, heirs: Heirs) -> list[str]:
    found: dict[str, None] = {}
    pending = [name]
    while pending:
        for child in heirs.children.get(pending.pop(0), ()):
            if child not in found:
                found[child] = None
                pending.append(child)
    return list(found)


def _mapped(discriminator: Node, heirs: Heirs) -> Iterator[tuple[str, str]]:
    for value, target in discriminator.items("mapping") if discriminator.get("mapping") else ():
        heir = target.value.rpartition("/")[2] if isinstance(target.value, str) else ""
        if heir in heirs.components:
            yield value, heir
