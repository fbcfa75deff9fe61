"""Objects: a model where properties are listed, else an object with free keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from samekey.ir import AnyJson, Field, MapOf, Model, Named
from samekey.lower.docs import constraints, described, limits
from samekey.lower.examples import example_of
from samekey.lower.extensions import INTERNAL
from samekey.lower.schemas.steps import Ask, ask_all
from samekey.lower.schemas.unions import union_of
from samekey.lower.schemas.words import VALUE
from samekey.lower.sdk_words import availability, property_called, type_called

if TYPE_CHECKING:
    from collections.abc import Generator

    from samekey.document.node import Node
    from samekey.ir import Type
    from samekey.lower.schemas.merged import Merged, Parts
    from samekey.lower.schemas.scope import Scope
    from samekey.lower.schemas.steps import Hint, Lowering

UNDECODABLE = re.compile(r'["\\\x00-\x1f\ud800-\udfff]')
"""What msgspec refuses in the name of a field, and halves of surrogate pairs, which UTF-8 cannot spell."""


def lower_object(node: Node, merged: Merged, hint: Hint, scope: Scope) -> Lowering:
    """Lower an object: to a model where properties are listed, else to a map with free keys."""
    extra = yield from _extra(node, merged, hint, scope)
    properties = merged.properties()
    if not properties:
        return MapOf(extra or AnyJson("the object says nothing of its properties"))
    identity = node.identity
    if identity in scope.definitions:
        return Named(identity)
    allowed = extra if merged.allows_extra else None
    # Registered before its fields are lowered, so that definitions keep the order of first use.
    scope.definitions[identity] = Model(identity, hint, (), allowed)
    fields: list[Field] = []
    for name, parts in properties.items():
        if not (scope.hides_internal and _is_internal(parts)):
            fields.append((yield from _field(node, name, parts, merged.required, hint, scope)))
    if allowed is None:
        fields += _undescribed(merged)
    scope.definitions[identity] = Model(
        identity,
        hint,
        tuple(fields),
        allowed,
        merged.doc,
        deprecated=merged.flag("deprecated"),
        called=type_called(node),
    )
    return Named(identity)


def _is_internal(parts: Parts) -> bool:
    return any(part.flag(INTERNAL) or (part.follow() or part).flag(INTERNAL) for part in parts)


def _undescribed(merged: Merged) -> list[Field]:
    """Return fields that are required and described nowhere: often a slip, so not asked for; they can be sent."""
    kind = AnyJson("the property is required, and described nowhere")
    known = merged.properties()
    names = (name for name in merged.required_names if name not in known and not UNDECODABLE.search(name))
    return [Field(name, kind) for name in names]


def _field(  # the parts of a field
    owner: Node, name: str, parts: Parts, required: frozenset[str], hint: Hint, scope: Scope
) -> Generator[Ask, Type, Field]:
    node = parts[0]
    kind = yield scope.combined(owner, ("properties", name), parts, (*hint, name))
    target = node.follow() or node
    decodable = UNDECODABLE.search(name) is None
    if not decodable:
        message = f"no class can have a field named {name!r}; it can be sent, and is left out of what comes back"
        node.warn("field-name-unsupported", message)
    return Field(
        name,
        kind,
        required=name in required,
        doc="\n".join(text for text in (described(node) or described(target, name), constraints(target)) if text),
        read_only=any(part.flag("readOnly") for part in parts) or target.flag("readOnly"),
        write_only=any(part.flag("writeOnly") for part in parts) or target.flag("writeOnly"),
        deprecated=any(part.flag("deprecated") or availability(part) == "deprecated" for part in parts),
        limits=limits(target),
        decodable=decodable,
        example=example_of(node, target),
        called=next((word for part in parts if (word := property_called(part))), ""),
    )


def _extra(owner: Node, merged: Merged, hint: Hint, scope: Scope) -> Generator[Ask, Type, Type | None]:
    """Lower what extra properties hold; None where the schema says nothing of them."""
    words = (*hint, *VALUE)
    listed = merged.all_of("additionalProperties")
    if listed and listed[0].value is not False:
        if listed[0].value is True:
            return AnyJson("extra properties may be anything")
        return (yield scope.combined(owner, ("additionalProperties",), listed, words))
    patterns = [schema for part in merged.parts for _, schema in part.items("patternProperties")]
    kinds = yield from ask_all(Ask(schema, words) for schema in patterns)
    return union_of(patterns[0], kinds, words, scope) if patterns else None
