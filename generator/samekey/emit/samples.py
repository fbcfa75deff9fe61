"""Values made up from types, as source that type-checks: for the emitted tests and README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from samekey_templates.runtime.declare import table

from samekey.emit import code
from samekey.emit.code import Code, source
from samekey.ir import (
    Alias,
    AnyJson,
    Enum,
    Kind,
    ListOf,
    LiteralOf,
    MapOf,
    Model,
    Named,
    Nullable,
    Primitive,
    Type,
    Union,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samekey.ir import TypeDef

_MAX_DEPTH = 6
_PRIMITIVES = table(
    Kind,
    {
        Kind.STRING: source('"text"'),
        Kind.INTEGER: source("1"),
        Kind.NUMBER: source("1.5"),
        Kind.BOOLEAN: source("True"),
        Kind.NULL: source("None"),
        Kind.DATETIME: source('"2026-01-02T03:04:05Z"'),
        Kind.DATE: source('"2026-01-02"'),
        Kind.UUID: source('"3f2504e0-4f89-41d3-9a0c-0305e82c3301"'),
        Kind.DECIMAL: source('"12.50"'),
        Kind.BYTES: source('b"bytes"'),
        Kind.BINARY: source('b"bytes"'),
    },
)


class Sampler(Struct, frozen=True):
    """Makes up values.

    Args:
        definitions: type definitions by id.
    """

    definitions: Mapping[str, TypeDef]

    def value(self, kind: Type, depth: int = 0) -> Code | None:  # noqa: PLR0911  # one line for each kind of type
        """Return a value that a type accepts; None where the type has no finite one that could be found."""
        if depth > _MAX_DEPTH:
            return None
        match kind:
            case Primitive(kind=primitive):
                return _PRIMITIVES[primitive]
            case ListOf():
                return source("[]")
            case MapOf():
                return source("{}")
            case Union(variants=variants):
                return self._first(variants, depth)
            case Nullable(inner=inner):
                return self.value(inner, depth) or source("None")
            case LiteralOf(values=values):
                return code.literal(values[0])
            case AnyJson():
                return source('"anything"')
            case Named(id=identity):
                return self._named(identity, depth)

    def _named(self, identity: str, depth: int) -> Code | None:
        match self.definitions[identity]:
            case Enum(values=values):
                return code.literal(values[0])
            case Alias(target=target):
                variants = target.variants if isinstance(target, Union) else (target,)
                return self._first(variants, depth)
            case Model(fields=fields):
                entries: list[tuple[Code, Code]] = []
                for field in fields:
                    if field.required and not field.read_only:
                        value = self.value(field.type, depth + 1)
                        if value is None:
                            return None
                        entries.append((code.literal(field.name), value))
                return code.mapping(entries)

    def _first(self, variants: tuple[Type, ...], depth: int) -> Code | None:
        found = (self.value(variant, depth + 1) for variant in variants)
        return next((value for value in found if value is not None), None)
