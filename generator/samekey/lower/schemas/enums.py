"""`enum` and `const`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey.document.values import spelling
from samekey.ir import AnyJson, Enum, Kind, LiteralOf, Named, Primitive
from samekey.lower.schemas.unions import or_null, union_of
from samekey.lower.sdk_words import member_words, type_called

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.document.node import Node
    from samekey.document.values import JsonValue
    from samekey.ir import Type
    from samekey.lower.schemas.merged import Merged
    from samekey.lower.schemas.scope import Scope
    from samekey.lower.schemas.steps import Hint

MAX_ENUM_VALUES = 2000


def enumerated(node: Node, merged: Merged, hint: Hint, scope: Scope) -> Type | None:
    """Return the type of `enum` or `const`; None where the list is not a list."""
    values = merged.enum_values()
    if merged.types == ["string"]:
        # Unquoted in YAML, `1` and `true` are not strings; the schema says that they are meant as such.
        values = [value if value is None else spelling(value) or value for value in values]
    concrete = [value for value in values if value is not None]
    if not concrete:
        return Primitive(Kind.NULL) if values else None
    kind = _kind_of(node, merged, concrete, hint, scope)
    return or_null(kind) if len(concrete) < len(values) and not merged.has("const") else kind


def _kind_of(node: Node, merged: Merged, values: Sequence[JsonValue], hint: Hint, scope: Scope) -> Type:
    strings = [value for value in values if isinstance(value, str)]
    if len(strings) == len(values):
        return _enum(node, merged, tuple(dict.fromkeys(strings)), hint, scope)
    integers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    if len(integers) == len(values):
        return _enum(node, merged, tuple(dict.fromkeys(integers)), hint, scope)
    kinds = tuple(dict.fromkeys(_scalar(value) for value in values))
    return union_of(node, kinds, hint, scope)


def _enum(node: Node, merged: Merged, values: tuple[str, ...] | tuple[int, ...], hint: Hint, scope: Scope) -> Type:
    if len(values) == 1:
        return LiteralOf(values)
    if len(values) > MAX_ENUM_VALUES:
        return Primitive(Kind.STRING if isinstance(values[0], str) else Kind.INTEGER)
    identity = node.identity
    named = member_words(node, values)
    made = Enum(identity, hint, values, merged.doc, called=type_called(node), members=named)
    scope.definitions.setdefault(identity, made)
    return Named(identity)


def _scalar(value: JsonValue) -> Type:
    match value:
        case bool():
            return Primitive(Kind.BOOLEAN)
        case str():
            return Primitive(Kind.STRING)
        case int() | float():
            return Primitive(Kind.NUMBER)
        case _:
            return AnyJson("the enum lists values that are not scalars")
