"""Types to annotations: what comes back, what may be sent, and what msgspec decodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samekey_templates.runtime.closed import table

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
    TypeDef,
    Union,
    references,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.names import Names

_OUTPUT = table(
    Kind,
    {
        Kind.STRING: "str",
        Kind.INTEGER: "int",
        Kind.NUMBER: "int | float",
        Kind.BOOLEAN: "bool",
        Kind.NULL: "None",
        Kind.DATETIME: "dt.datetime",
        Kind.DATE: "dt.date",
        Kind.UUID: "UUID",
        Kind.DECIMAL: "Decimal",
        Kind.BYTES: "bytes",
        Kind.BINARY: "str",
    },
)
_INPUT = {
    **_OUTPUT,
    Kind.NUMBER: "float",
    Kind.DATETIME: "dt.datetime | str",
    Kind.DATE: "dt.date | str",
    Kind.UUID: "UUID | str",
    Kind.DECIMAL: "Decimal | str",
    Kind.BINARY: "File",
}
_NEEDS = {"dt": "dt.", "UUID": "UUID", "Decimal": "Decimal", "File": "File"}
_MAX_LITERALS = 60


@dataclass(slots=True)
class Annotator:
    """Spells types for one module, and remembers what the module must import.

    Args:
        names: the Python names.
        definitions: type definitions by id.
        prefix: what stands before a model's name: empty inside the models package.
        list_name: how the builtin is spelled where a method hides it.
        needs: names that the spelled annotations need.
        used: ids of definitions whose class is spelled.
        used_inputs: ids of definitions whose input type is spelled.
    """

    names: Names
    definitions: Mapping[str, TypeDef]
    prefix: Code = field(default_factory=lambda: source(""))
    list_name: Code = field(default_factory=lambda: source("list"))
    needs: set[str] = field(default_factory=set[str])
    used: set[str] = field(default_factory=set[str])
    used_inputs: set[str] = field(default_factory=set[str])

    def output(self, kind: Type) -> Code:  # noqa: PLR0911  # one line for each kind of type
        """What comes back."""
        match kind:
            case Primitive(kind=primitive):
                return self._primitive(_OUTPUT[primitive])
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
                self.needs.add("Literal")
                return code.subscript(source("Literal"), *(code.literal(value) for value in values))
            case AnyJson():
                self.needs.add("Any")
                return source("Any")

    def input(self, kind: Type) -> Code:  # noqa: PLR0911  # one line for each kind of type
        """What may be sent: models and dicts, enums and their values, any sequence or mapping."""
        match kind:
            case Primitive(kind=primitive):
                return self._primitive(_INPUT[primitive])
            case ListOf(item=item):
                self.needs.add("Sequence")
                return code.subscript(source("Sequence"), self.input(item))
            case MapOf(value=value):
                self.needs.add("Mapping")
                return code.subscript(source("Mapping"), source("str"), self.input(value))
            case Union(variants=variants):
                return code.alternatives(self.input(variant) for variant in variants)
            case Nullable(inner=inner):
                return code.alternatives([self.input(inner), source("None")])
            case Named(id=identity):
                return self._named_input(identity)
            case LiteralOf() | AnyJson():
                return self.output(kind)

    def named(self, identity: str) -> Code:
        """The class of a definition."""
        self.used.add(identity)
        return self._prefixed(self.names.types[identity])

    def _named_input(self, identity: str) -> Code:
        self.used_inputs.add(identity)
        spelled = self._prefixed(self.names.inputs[identity])
        if isinstance(self.definitions[identity], Alias):
            return spelled
        return code.alternatives([self.named(identity), spelled])

    def _prefixed(self, name: str) -> Code:
        checked = code.identifier(name)
        return code.dotted(self.prefix, checked) if self.prefix else checked

    def _primitive(self, spelled: str) -> Code:
        self.needs.update(name for name, mark in _NEEDS.items() if mark in spelled)
        return _SPELLED[spelled]


_SPELLED: dict[str, Code] = {
    "str": source("str"),
    "int": source("int"),
    "float": source("float"),
    "int | float": source("int | float"),
    "bool": source("bool"),
    "None": source("None"),
    "bytes": source("bytes"),
    "dt.datetime": source("dt.datetime"),
    "dt.date": source("dt.date"),
    "UUID": source("UUID"),
    "Decimal": source("Decimal"),
    "dt.datetime | str": source("dt.datetime | str"),
    "dt.date | str": source("dt.date | str"),
    "UUID | str": source("UUID | str"),
    "Decimal | str": source("Decimal | str"),
    "File": source("File"),
}


def dependencies(definition: TypeDef) -> list[str]:
    """Ids of the definitions that a definition names, in order."""
    match definition:
        case Model(fields=fields, extra=extra):
            kinds: list[Type] = [entry.type for entry in fields]
            kinds += [extra] if extra is not None else []
            return [identity for kind in kinds for identity in references(kind)]
        case Alias(target=target, discriminator=discriminator):
            tagged = [kind for _, kind in discriminator.mapping] if discriminator else []
            return [identity for kind in (target, *tagged) for identity in references(kind)]
        case Enum():
            return []


def fallbacks(kind: Type) -> Iterator[str]:
    """Why parts of a type are any JSON."""
    match kind:
        case AnyJson(reason=reason):
            yield reason
        case ListOf(item=inner) | MapOf(value=inner) | Nullable(inner=inner):
            yield from fallbacks(inner)
        case Union(variants=variants):
            for variant in variants:
                yield from fallbacks(variant)
        case _:
            pass
