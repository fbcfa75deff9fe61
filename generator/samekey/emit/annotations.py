"""Types to annotations: what comes back, what may be sent, and what msgspec decodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey_templates.runtime.declare import table

from samekey.emit import code, symbols
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
    TypeDef,
    Union,
    references,
    types_within,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from samekey.names import Names

_OUTPUT = table(
    Kind,
    {
        Kind.STRING: source("str"),
        Kind.INTEGER: source("int"),
        Kind.NUMBER: source("int | float"),
        Kind.BOOLEAN: source("bool"),
        Kind.NULL: source("None"),
        Kind.DATETIME: symbols.DATETIME,
        Kind.DATE: symbols.DATE,
        Kind.UUID: symbols.UUID,
        Kind.DECIMAL: symbols.DECIMAL,
        Kind.DECIMAL_NUMBER: symbols.DECIMAL,
        Kind.BYTES: source("bytes"),
        Kind.BINARY: source("str"),
    },
)
_INPUT = {
    **_OUTPUT,
    Kind.NUMBER: source("float"),
    Kind.DECIMAL_NUMBER: code.alternatives([symbols.DECIMAL, source("float")]),
    Kind.BINARY: symbols.FILE,
    **{
        kind: code.alternatives([_OUTPUT[kind], source("str")])
        for kind in (Kind.DATETIME, Kind.DATE, Kind.UUID, Kind.DECIMAL)
    },
}
_NOTHING = source("")
_LIST = source("list")
_MANY_VARIANTS = 8


class Annotator:
    """Spells types for one module, and remembers which definitions it spelled.

    Args:
        names: the Python names.
        definitions: type definitions by id.
        prefix: what stands before a model's name: empty inside the models package.
        list_name: how the builtin is spelled where a method hides it.
        beside: ids of the definitions whose input types stand beside those that are spelled here.

    Attributes:
        used: ids of definitions whose class is spelled.
        used_inputs: ids of definitions whose input type is spelled.
    """

    __slots__ = ("_beside", "_unions", "definitions", "list_name", "names", "prefix", "used", "used_inputs")

    def __init__(
        self,
        names: Names,
        definitions: Mapping[str, TypeDef],
        prefix: Code = _NOTHING,
        list_name: Code = _LIST,
        beside: Collection[str] = (),
    ) -> None:
        self._beside = beside
        self.names = names
        self.definitions = definitions
        self.prefix = prefix
        self.list_name = list_name
        self.used: set[str] = set()
        self.used_inputs: set[str] = set()
        self._unions: dict[Type, str] = {}

    def with_plain_list(self) -> Annotator:
        """Return an annotator for expressions: a lambda does not see its class, so no method hides a builtin there."""
        plain = Annotator(self.names, self.definitions, self.prefix)
        plain.used, plain.used_inputs = self.used, self.used_inputs
        return plain

    def output(self, kind: Type) -> Code:  # noqa: PLR0911  # one line for each kind of type
        """Annotate what comes back in a response."""
        match kind:
            case Primitive(kind=primitive):
                return _OUTPUT[primitive]
            case ListOf(item=item):
                return code.subscript(self.list_name, self.output(item))
            case MapOf(value=value):
                return code.subscript(source("dict"), source("str"), self.output(value))
            case Union(variants=variants):
                return code.alternatives(self.output(variant) for variant in variants)
            case Nullable(inner=inner):
                return code.alternatives([self.output(inner), source("None")])
            case Named(id=identity):
                return self.named(identity)
            case LiteralOf(values=values):
                return code.subscript(symbols.LITERAL, *(code.literal(value) for value in values))
            case AnyJson():
                return symbols.ANY

    def input(self, kind: Type) -> Code:  # noqa: PLR0911  # one line for each kind of type
        """Annotate what may be sent: models and dicts, enums and their values, any sequence or mapping."""
        match kind:
            case Primitive(kind=primitive):
                return _INPUT[primitive]
            case ListOf(item=item):
                # Files are taken from any iterable: they are read once, when the call begins.
                many = symbols.ITERABLE if item == Primitive(Kind.BINARY) else symbols.SEQUENCE
                return code.subscript(many, self.input(item))
            case MapOf(value=value):
                return code.subscript(symbols.MAPPING, source("str"), self.input(value))
            case Union(variants=variants):
                return code.alternatives(self.input(variant) for variant in variants)
            case Nullable(inner=inner):
                return code.alternatives([self.input(inner), source("None")])
            case Named(id=identity):
                return self._named_input(identity)
            case LiteralOf() | AnyJson():
                return self.output(kind)

    def named(self, identity: str) -> Code:
        """Return the class name of a type definition, and remember that it is used."""
        identity = self.names.shared.get(identity, identity)
        self.used.add(identity)
        return self._prefixed(self.names.types[identity])

    def _named_input(self, identity: str) -> Code:
        identity = self._first_of_equal(self.names.shared.get(identity, identity))
        self.used_inputs.add(identity)
        spelled = self._prefixed(self.names.inputs[identity])
        if isinstance(self.definitions[identity], Alias):
            return spelled
        return code.alternatives([self.named(identity), spelled])

    def _first_of_equal(self, identity: str) -> str:
        """Return the first of large unions with the same variants, in the place of any of them.

        Type checkers compare such unions variant by variant, and what their variants hold as well: where these hold
        the unions again, the time grows without bounds.
        """
        definition = self.definitions[identity]
        if not isinstance(definition, Alias) or not _is_large(definition.target):
            return identity
        if not self._unions:
            for known in map(self.definitions.__getitem__, self._beside):
                if isinstance(known, Alias) and _is_large(known.target):
                    self._unions.setdefault(known.target, known.id)
        return self._unions.get(definition.target, identity)

    def _prefixed(self, name: str) -> Code:
        checked = code.identifier(name)
        return code.dotted(self.prefix, checked) if self.prefix else checked


def _is_large(kind: Type) -> bool:
    return isinstance(kind, Union) and len(kind.variants) >= _MANY_VARIANTS


def own_types(definition: TypeDef) -> list[Type]:
    """Return the types that a definition is made of, in order."""
    match definition:
        case Model(fields=fields, extra=extra):
            return [*(entry.type for entry in fields), *([extra] if extra is not None else [])]
        case Alias(target=target, discriminator=discriminator):
            return [target, *(kind for _, kind in (discriminator.mapping if discriminator else ()))]
        case Enum():
            return []


def dependencies(definition: TypeDef) -> list[str]:
    """Return the ids of the type definitions that a definition names, in order."""
    return [identity for kind in own_types(definition) for identity in references(kind)]


def holds_decimal_numbers(kind: Type, definitions: Mapping[str, TypeDef]) -> bool:
    """Whether there may be decimals in a value that are numbers of JSON, other than in the fields of models."""
    if isinstance(kind, Primitive):
        return kind.kind is Kind.DECIMAL_NUMBER
    if isinstance(kind, Named) and not isinstance(definitions[kind.id], Alias):
        return False
    pending: list[Type] = [kind]
    seen: set[str] = set()
    while pending:
        for found in types_within(pending.pop()):
            if found == Primitive(Kind.DECIMAL_NUMBER):
                return True
            definition = definitions[found.id] if isinstance(found, Named) else None
            if isinstance(definition, Alias) and definition.id not in seen:
                seen.add(definition.id)
                pending.append(definition.target)
    return False


def fallbacks(kind: Type) -> Iterator[str]:
    """Yield the reasons why parts of a type are any JSON."""
    return (found.reason for found in types_within(kind) if isinstance(found, AnyJson))
