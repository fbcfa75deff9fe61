"""A schema opened into the mappings that hold at once.

References are followed, an `allOf` is laid flat, and of a `oneOf` or `anyOf` one variant is chosen. Where a
discriminator tells variants apart, the property that it names is given the value that it asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.corpus.raw import Json, UnresolvableError, View

_COMPONENT: Final = re.compile(r"(/components/schemas|/definitions)/[^/]+")
_MANY_PARTS: Final = 40
RARELY: Final = 0.2
"""How often null is chosen, where it may be."""


class UnsatisfiableError(Exception):
    """No value was found; the text says why."""


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens schemas.

    Args:
        version: the document's version, as `raw.version_of` gives it.
        random: the source of chance.
        null: whether null may be chosen now and then.
    """

    version: str
    random: Random
    null: bool

    def opened(self, schemas: Iterable[View]) -> list[View]:
        """The mappings that hold where all of these schemas do.

        Raises:
            UnsatisfiableError: they allow nothing, or a reference leads nowhere.
        """
        parts: list[View] = []
        for schema in schemas:
            self._open(schema, parts, set(), None)
        return parts

    def _open(self, schema: View, parts: list[View], seen: set[str], subtype: View | None) -> None:
        """Open a schema on behalf of the one that inherits it, if one does."""
        if schema.value is False:
            raise UnsatisfiableError("the schema allows nothing")
        if not isinstance(schema.value, dict) or schema.identity in seen:
            return
        seen.add(schema.identity)
        if isinstance(schema.fields.get("$ref"), str):
            self._follow(schema, parts, seen, subtype)
            return
        child = self._child(schema) if subtype is None else None
        if child is not None and child.identity not in seen:
            seen.discard(schema.identity)
            self._open(child, parts, seen, child)
            return
        self._lay(schema, parts, seen, subtype)

    def _follow(self, schema: View, parts: list[View], seen: set[str], subtype: View | None) -> None:
        try:
            target = schema.lookup(schema.text("$ref"))
        except UnresolvableError as error:
            raise UnsatisfiableError(str(error)) from error
        if self.version in {"3.1", "3.2"}:
            beside: Json = {key: entry for key, entry in schema.fields.items() if key != "$ref"}
            self._lay(schema.made(beside), parts, seen, subtype)
        self._open(target, parts, seen, subtype)

    def _lay(self, schema: View, parts: list[View], seen: set[str], subtype: View | None) -> None:
        parts.append(schema)
        owner = subtype or schema
        # A schema without a name is no subtype: what it wraps stands for any of its own subtypes.
        inherits = _COMPONENT.fullmatch(owner.pointer or "") is not None
        for element in schema.child("allOf").elements():
            parent = resolved(element)
            if parent is not None and _is_parent(parent) and inherits:
                self._tag(parent, owner, parts)
            self._open(element, parts, seen, owner if inherits else None)
        for word in ("oneOf", "anyOf"):
            variants = list(schema.child(word).elements())
            # What a parent offers, its subtypes do not inherit.
            if variants and not (subtype is not None and _offers(schema, seen)):
                self._choose(schema, variants, parts, seen)

    def _choose(self, schema: View, variants: list[View], parts: list[View], seen: set[str]) -> None:
        others = [variant for variant in variants if variant.fields.get("type") != "null"]
        chosen = self.random.choice(others or variants)
        if self.null and 0 < len(others) < len(variants) and self.random.random() < RARELY:
            chosen = next(variant for variant in variants if variant.fields.get("type") == "null")
        if discriminating(schema):
            self._tag(schema, chosen, parts)
        self._open(chosen, parts, seen, None)

    def _tag(self, parent: View, variant: View, parts: list[View]) -> None:
        """What a discriminator asks of a variant: its property with a value that names it."""
        name, target = discriminating(parent), resolved(variant)
        if target is None:
            return
        mapped = [
            tag
            for tag, entry in parent.child("discriminator").child("mapping").items()
            if isinstance(entry.value, str) and _names(parent, entry.value, target)
        ]
        listed = _listed(target, name)
        own = [target.name] if _COMPONENT.fullmatch(target.pointer or "") else []
        tags = [tag for tag in mapped if tag in listed] or mapped or listed or own
        if tags:
            rule: Json = {"properties": {name: {"enum": [self.random.choice(tags)]}}, "required": [name]}
            parts.append(parent.made(rule))

    def _child(self, schema: View) -> View | None:
        """A child of a parent that is told apart by a discriminator and lists no variants itself."""
        if not _is_parent(schema) or not schema.pointer:
            return None
        mapping = schema.child("discriminator").child("mapping")
        found = [_by_name(schema, entry.value) for _, entry in mapping.items() if isinstance(entry.value, str)]
        children = [child for child in found if child is not None] or _children(schema)
        return self.random.choice(children) if children else None


def laid_flat(schema: View) -> list[View]:
    """A schema and what its `allOf` inherits, without choices."""
    found: dict[str, View] = {}
    waiting = [schema]
    while waiting and len(found) < _MANY_PARTS:
        target = resolved(waiting.pop(0))
        if target is not None and target.identity not in found:
            found[target.identity] = target
            waiting += target.child("allOf").elements()
    return list(found.values())


def resolved(view: View) -> View | None:
    """Where a reference ends; None where it leads nowhere."""
    try:
        return view.resolved()
    except UnresolvableError:
        return None


def discriminating(schema: View) -> str:
    """The name of the property that tells variants apart; in Swagger 2.0 the word itself is the name."""
    stated = schema.fields.get("discriminator")
    return stated if isinstance(stated, str) else schema.child("discriminator").text("propertyName")


def values_of(schema: View) -> list[Json] | None:
    """The values that `enum` or `const` lists; None where neither is there."""
    listed = schema.fields.get("enum")
    if isinstance(listed, list):
        return listed
    return [schema.fields["const"]] if "const" in schema.fields else None


def _listed(schema: View, name: str) -> list[str]:
    """The strings that a schema itself lists for a property."""
    properties = [part.child("properties").child(name) for part in laid_flat(schema)]
    targets = [target for target in map(resolved, properties) if target is not None]
    return [value for target in targets for value in values_of(target) or [] if isinstance(value, str)]


def _is_parent(schema: View) -> bool:
    return bool(discriminating(schema)) and "oneOf" not in schema.fields and "anyOf" not in schema.fields


def _offers(schema: View, seen: set[str]) -> bool:
    """Whether a parent lists, as variants, a schema that is being opened."""
    variants = [element for word in ("oneOf", "anyOf") for element in schema.child(word).elements()]
    return any(target is not None and target.identity in seen for target in map(resolved, variants))


def _children(schema: View) -> list[View]:
    """The named schemas that inherit from this one."""
    root = View(schema.files, schema.uri, "", schema.files.value(schema.uri))
    named = [*root.child("definitions").items(), *root.child("components").child("schemas").items()]
    return [
        child
        for _, child in named
        for parent in map(resolved, child.child("allOf").elements())
        if parent is not None and parent.identity == schema.identity
    ]


def _by_name(schema: View, name: str) -> View | None:
    """The schema that a mapping names: by reference, or by a component's bare name."""
    for reference in (name, f"#/components/schemas/{name}", f"#/definitions/{name}"):
        try:
            return schema.lookup(reference).resolved()
        except UnresolvableError:
            continue
    return None


def _names(parent: View, name: str, target: View) -> bool:
    found = _by_name(parent, name)
    return found is not None and found.identity == target.identity
