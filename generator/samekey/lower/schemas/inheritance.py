"""Schemas that others inherit by `allOf`, told apart by the parent's discriminator (OpenAPI 3.1 section 4.8.25.4)."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from msgspec import Struct

from samekey.ir import Alias, AnyJson, Discriminator, Named, Union
from samekey.lower.docs import described
from samekey.lower.schemas.merged import sole_reference
from samekey.lower.schemas.steps import Ask
from samekey.lower.schemas.unions import is_mistaken, one_of_several, tag_values

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from samekey.document.node import Node
    from samekey.ir import Type
    from samekey.lower.schemas.scope import Scope

_PLACES = ("/components/schemas/", "/definitions/")


class _Family(Struct, frozen=True):
    """A parent's subtypes, and the subtype that each value of its discriminator names.

    Args:
        property: the discriminating property.
        subtypes: the schemas that inherit from it, or that its mapping names.
        mapping: names of subtypes by value; the parent's own among them. Several may share a value.
        is_trusted: whether the mapping gives no value that its schema does not allow.
    """

    property: str
    subtypes: tuple[Node, ...]
    mapping: tuple[tuple[str, tuple[str, ...]], ...]
    is_trusted: bool


class _Inheritance(Struct, frozen=True):
    """Which component inherits from which.

    Args:
        components: all schemas by name.
        children: names of children by the parent's name.
    """

    components: Mapping[str, Node]
    children: Mapping[str, Sequence[str]]


class Families:
    """The components of a document that others inherit, looked through when the first discriminator is met."""

    __slots__ = ("_inheritance",)

    def __init__(self) -> None:
        self._inheritance: _Inheritance | None = None

    def lower(self, parent: Node, scope: Scope) -> Generator[Ask, Type, Type | None]:
        """Lower the union of a schema's subtypes, where its discriminator tells them apart; None where it has none."""
        if not isinstance(parent.value, dict) or not parent.has("discriminator"):
            return None
        identity = f"{parent.identity}+family"
        if identity in scope.definitions:
            return Named(identity)
        if self._inheritance is None:
            self._inheritance = _inheritance_of(parent.document.node)
        family = _family_of(parent, self._inheritance)
        if family is None:
            return None
        hint = ("any", parent.name)
        # Registered before its subtypes are lowered, which may refer to it.
        scope.definitions[identity] = Alias(identity, hint, AnyJson())
        own = yield Ask(parent, (parent.name,))
        kinds: dict[str, Type] = {}
        for subtype in family.subtypes:
            # Even one that adds nothing to its parent has a type of its own.
            alone = (subtype,) if sole_reference(subtype) is not None else None
            kinds[subtype.name] = yield Ask(subtype, (subtype.name,), alone)
        kinds[parent.name] = own
        mapping = tuple((value, one_of_several(kinds[name] for name in names)) for value, names in family.mapping)
        # Where the mapping is wrong, the values say nothing of who else is meant: what fits best is taken.
        discriminator = Discriminator(family.property, mapping, own if family.is_trusted else None)
        union = Union(tuple(dict.fromkeys(kinds.values())))
        scope.definitions[identity] = Alias(identity, hint, union, discriminator, described(parent))
        return Named(identity)


def _inheritance_of(root: Node) -> _Inheritance:
    """Return which component of a document inherits from which, for all of its components."""
    written = root.get("components")
    holder = written.resolved() if written is not None else None
    is_openapi3 = holder is not None and isinstance(holder.value, dict)
    components = dict(holder.items("schemas") if holder is not None and is_openapi3 else root.items("definitions"))
    children: defaultdict[str, list[str]] = defaultdict(list)
    for name, schema in components.items():
        for parent in _parents(schema):
            children[parent].append(name)
    return _Inheritance(components, children)


def _family_of(parent: Node, known: _Inheritance) -> _Family | None:
    """Return the family of a schema with a discriminator and without `oneOf` or `anyOf`; None where it has none."""
    if parent.has("oneOf") or parent.has("anyOf"):
        return None
    discriminator = parent.get("discriminator")
    component = known.components.get(parent.name)
    if discriminator is None or component is None or component.identity != parent.identity:
        return None
    is_mapping = isinstance(discriminator.value, dict)
    name = discriminator.text("propertyName") if is_mapping else parent.text("discriminator")
    written = list(_mapped(discriminator, known)) if is_mapping else []
    allowed = tag_values(parent, name)
    mapping: dict[str, tuple[str, ...]] = {
        value: (target.name,)
        for value, target, place in written
        if not is_mistaken(place, value, name, tag_values(target, name) or allowed)
    }
    names = dict.fromkeys([*_descendants(parent.name, known), *(target.name for _, target, _ in written)])
    names.pop(parent.name, None)
    if not name or not names:
        return None
    is_trusted = len(mapping) == len(written)
    mapped = {subtype for targets in mapping.values() for subtype in targets}
    for subtype in names:
        if subtype not in mapped:
            for value in _own_values(known.components[subtype], name, allowed):
                sharing = mapping.get(value, ())
                if mapped.isdisjoint(sharing):
                    mapping[value] = (*sharing, subtype)
    subtypes = tuple(known.components[subtype] for subtype in names)
    return _Family(name, subtypes, tuple(mapping.items()), is_trusted)


def _own_values(subtype: Node, name: str, inherited: Sequence[str]) -> Sequence[str]:
    """Return the values of the discriminator that name a subtype: those that it lists, else its component's name."""
    values = tag_values(subtype, name)
    if values != inherited:
        return values or [subtype.name]
    # What it only inherits is the list of all of them.
    return [value for value in values if value.lower() == subtype.name.lower()] or values or [subtype.name]


def _parents(schema: Node) -> Iterator[str]:
    for element in schema.elements("allOf") if isinstance(schema.value, dict) and schema.get("allOf") else ():
        reference = element.reference or ""
        if any(place in reference for place in _PLACES):
            yield reference.rpartition("/")[2]


def _descendants(name: str, known: _Inheritance) -> list[str]:
    found: dict[str, None] = {}
    pending = deque([name])
    while pending:
        for child in known.children.get(pending.popleft(), ()):
            if child not in found:
                found[child] = None
                pending.append(child)
    return list(found)


def _mapped(discriminator: Node, known: _Inheritance) -> Iterator[tuple[str, Node, Node]]:
    """Yield the values of a mapping, each with the component that it names, and where it stands."""
    for value, target in discriminator.items("mapping"):
        subtype = target.value.rpartition("/")[2] if isinstance(target.value, str) else ""
        if subtype in known.components:
            yield value, known.components[subtype], target
