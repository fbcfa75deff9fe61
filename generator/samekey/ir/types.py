"""Types: what a schema is, once it is understood."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(StrEnum):
    """A value without inner structure."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NULL = "null"
    DATETIME = "date-time"
    DATE = "date"
    UUID = "uuid"
    DECIMAL = "decimal"
    """Digits in a string of JSON."""
    DECIMAL_NUMBER = "decimal number"
    """A number of JSON, of which no digit may be lost."""
    BYTES = "byte"
    """Base64 in JSON."""
    BINARY = "binary"
    """Raw bytes: a file."""


class Primitive(Struct, frozen=True):
    """A scalar."""

    kind: Kind


class ListOf(Struct, frozen=True):
    """An array."""

    item: Type


class MapOf(Struct, frozen=True):
    """An object with free keys."""

    value: Type


class Union(Struct, frozen=True):
    """One of several types, in the document's order."""

    variants: tuple[Type, ...]


class Nullable(Struct, frozen=True):
    """A type, or null."""

    inner: Type


class Named(Struct, frozen=True):
    """A reference to a `TypeDef` by its id."""

    id: str


class LiteralOf(Struct, frozen=True):
    """One of the listed strings or integers, without a name of its own."""

    values: tuple[str | int, ...]


class AnyJson(Struct, frozen=True):
    """Any JSON; `reason` says why there is no better type."""

    reason: str = ""


Type: TypeAlias = Primitive | ListOf | MapOf | Union | Nullable | Named | LiteralOf | AnyJson


def types_within(kind: Type) -> Iterator[Type]:
    """Yield a type and those inside it, in order, but not what the definitions hold that it names."""
    yield kind
    match kind:
        case ListOf(item=inner) | MapOf(value=inner) | Nullable(inner=inner):
            yield from types_within(inner)
        case Union(variants=variants):
            for variant in variants:
                yield from types_within(variant)
        case _:
            pass


def references(kind: Type) -> Iterator[str]:
    """Yield the ids of the definitions that a type names, in order."""
    return (found.id for found in types_within(kind) if isinstance(found, Named))


class Limits(Struct, frozen=True):
    """What a value must keep to, and what stands for it where it is left out.

    Args:
        max_length: characters of a string; None for no limit.
        pattern: a regular expression, or empty.
        format: the document's own word, whether samekey knows it or not.
        bounds: all constraints, by the document's words for them, such as `minimum`.
        default: what the API takes where the value is left out, as JSON; empty where that is long, or not said.
    """

    max_length: int | None = None
    pattern: str = ""
    format: str = ""
    bounds: tuple[tuple[str, str | int | float], ...] = ()
    default: str = ""


NO_LIMITS = Limits()


class Field(Struct, frozen=True):
    """A property of a model.

    Args:
        name: its name on the wire.
        type: its type.
        required: whether the document requires it.
        doc: description and constraints.
        read_only: comes back, is never sent.
        write_only: is sent, never comes back.
        deprecated: the document discourages it.
        limits: what it must keep to.
        decodable: whether a decoder can have a field of this name; one that is not is sent, and does not come back.
        constant: the value that it always has, which is filled in; None where there is no such value.
        example: the document's own example, as JSON; empty for none.
        called: what it is to be called, in a word for another generator, or empty.
    """

    name: str
    type: Type
    required: bool = False
    doc: str = ""
    read_only: bool = False
    write_only: bool = False
    deprecated: bool = False
    limits: Limits = NO_LIMITS
    decodable: bool = True
    constant: str | int | None = None
    example: str = ""
    called: str = ""


class Model(Struct, frozen=True):
    """An object with known properties.

    Args:
        id: where it stands in the document.
        name: words for its name: a component's name, or the way to an inline schema.
        fields: its properties in the document's order.
        extra: the type of extra properties, where the document allows them explicitly.
        doc: its description.
        deprecated: the document discourages it.
        called: what its class is to be called, in a word for another generator, or empty.
    """

    id: str
    name: tuple[str, ...]
    fields: tuple[Field, ...]
    extra: Type | None = None
    doc: str = ""
    deprecated: bool = False
    called: str = ""


class Enum(Struct, frozen=True):
    """A closed list in the document, open in the SDK: of strings or of integers.

    Args:
        id: where it stands in the document.
        name: words for its name.
        values: what it lists.
        doc: its description.
        called: what its class is to be called, in a word for another generator, or empty.
        members: the name and the description of each value in words for other generators, either of which may be
            empty; none where the document has no such words.
    """

    id: str
    name: tuple[str, ...]
    values: tuple[str, ...] | tuple[int, ...]
    doc: str = ""
    called: str = ""
    members: tuple[tuple[str, str], ...] = ()


class Discriminator(Struct, frozen=True):
    """The property that tells the variants of a union apart.

    Args:
        property: its name.
        mapping: the variant for each of its values.
        otherwise: the variant for all other values; None where the one that fits best is taken.
    """

    property: str
    mapping: tuple[tuple[str, Type], ...] = ()
    otherwise: Type | None = None


class Alias(Struct, frozen=True):
    """A named type that is not a model: a union, or a type that contains itself."""

    id: str
    name: tuple[str, ...]
    target: Type
    discriminator: Discriminator | None = None
    doc: str = ""
    called: str = ""


TypeDef: TypeAlias = Model | Enum | Alias
