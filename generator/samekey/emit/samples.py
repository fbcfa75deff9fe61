"""Values of types: made up, or taken from the document's examples as far as they fit; as JSON, and as source."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Final, cast

from msgspec import Struct
from samekey_templates.runtime.declare import table

from samekey.emit import code
from samekey.ir import (
    NO_LIMITS,
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
    Union,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey.document.values import JsonValue
    from samekey.emit.code import Code
    from samekey.ir import Field, Limits, Type, TypeDef

_MAX_DEPTH: Final = 6
_MAX_EXAMPLE_DEPTH: Final = 24
_MAX_ITEMS: Final = 3
"""How many elements of an example's lists count: more of them show nothing new."""
_PRIMITIVES: Final = table(
    Kind,
    {
        Kind.STRING: "text",
        Kind.INTEGER: 1,
        Kind.NUMBER: 1.5,
        Kind.BOOLEAN: True,
        Kind.NULL: None,
        Kind.DATETIME: "2026-01-02T03:04:05Z",
        Kind.DATE: "2026-01-02",
        Kind.UUID: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
        Kind.DECIMAL: "12.50",
        Kind.DECIMAL_NUMBER: 12.5,
        Kind.BYTES: "Ynl0ZXM=",
        Kind.BINARY: "bytes",
    },
)
_DAY: Final = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
_TIME: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-][01][0-9]:[0-5][0-9])"
_TEXTS: Final = {
    Kind.DATETIME: re.compile(f"{_DAY}T{_TIME}"),
    Kind.DATE: re.compile(_DAY),
    Kind.UUID: re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
    Kind.DECIMAL: re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?"),
}
"""What texts of these kinds surely are; days that not every month has are left to others."""
_BIGGEST: Final = 2**53
_BY_FORMAT: Final = {
    "email": "ada@example.com", "uri": "https://example.com/", "url": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "time": "03:04:05Z", "duration": "PT1H",
}  # fmt: skip
"""Texts of formats that have no kind of their own."""
_CANDIDATES: Final = (
    "text", "TEXT", "Text", "A", "a", "1", "42", "1234", "abc123", "AB", "ab", "ABC", "eur", "EUR", "en", "en-US", "US",
    "+14155550100", "1.0", "1.0.0", "v1", "#a1b2c3", "a1b2c3d4", "a_1", "2026-01", "12:30", "/a", "0x1f", "A-1",
)  # fmt: skip
"""Short texts to try where a pattern is to be kept; short, so that no pattern of a document takes long to say no."""


class UnfitError(Exception):
    """A value does not fit a type, or a type has no finite value that could be found."""


class Sampler(Struct, frozen=True):
    """Makes values.

    Args:
        definitions: type definitions by id.
        is_sent: whether the values go to the server; what only one side has is left out on the other.
        uses_examples: whether the document's own examples count.
    """

    definitions: Mapping[str, TypeDef]
    is_sent: bool = True
    uses_examples: bool = False

    def value(self, kind: Type) -> Code | None:
        """Return source of a value that a type accepts; None where the type has no finite one that could be found."""
        try:
            return self.spelled(kind, self.sample(kind))
        except UnfitError:
            return None

    def sample(self, kind: Type, depth: int = 0) -> JsonValue:  # noqa: C901, PLR0911  # one line for each kind of type
        """Return a value of a type.

        Raises:
            UnfitError: the type has no finite one that could be found.
        """
        if depth > _MAX_DEPTH:
            raise UnfitError
        match kind:
            case Primitive(kind=primitive):
                return _PRIMITIVES[primitive]
            case ListOf():
                return []
            case MapOf():
                return {}
            case Union(variants=variants):
                return self._first(variants, depth)
            case Nullable(inner=inner):
                try:
                    return self.sample(inner, depth)
                except UnfitError:
                    return None
            case LiteralOf(values=values):
                return values[0]
            case AnyJson():
                return "anything"
            case Named(id=identity):
                return self._named(identity, depth)

    def _named(self, identity: str, depth: int) -> JsonValue:
        match self.definitions[identity]:
            case Enum(values=values):
                return values[0]
            case Alias(target=target):
                return self._first(target.variants if isinstance(target, Union) else (target,), depth)
            case Model() as model:
                return {field.name: self.field(field, depth) for field in self._fields(model) if self._is_shown(field)}

    def _is_shown(self, field: Field) -> bool:
        """Whether a value that is made up has a field: what must be there, and what comes back in an example."""
        return field.required or (self.uses_examples and not self.is_sent and bool(field.example))

    def _first(self, variants: Iterable[Type], depth: int) -> JsonValue:
        for variant in variants:
            try:
                return self.sample(variant, depth + 1)
            except UnfitError:
                continue
        raise UnfitError

    def field(self, field: Field, depth: int = 0) -> JsonValue:
        """Return a value of a field: its constant, the document's example where it fits, else one that is made up.

        Raises:
            UnfitError: there is no finite one that could be found.
        """
        if field.constant is not None:
            return field.constant
        return self.exemplified(field.type, field.example, field.limits, depth + 1)

    def exemplified(self, kind: Type, example: str, limits: Limits = NO_LIMITS, depth: int = 0) -> JsonValue:
        """Return what of an example fits a type, or a value that is made up where nothing does.

        Args:
            kind: the type.
            example: JSON; empty for none.
            limits: what a text must keep to.
            depth: how deep the value stands in others.

        Raises:
            UnfitError: the type has no finite value that could be found.
        """
        if self.uses_examples and example:
            try:
                return self.fitted(kind, cast("JsonValue", json.loads(example)), depth)
            except UnfitError:
                pass
        if self.uses_examples and kind == Primitive(Kind.STRING):
            return _text_within(limits)
        return self.sample(kind, depth)

    def _fields(self, model: Model) -> Iterable[Field]:
        return (field for field in model.fields if not (field.read_only if self.is_sent else field.write_only))

    def fitted(self, kind: Type, value: JsonValue, depth: int = 0) -> JsonValue:  # noqa: C901, PLR0911, PLR0912  # one case for each kind of type
        """Return a value as far as it fits a type: fields that are unknown, or that do not fit, are left out.

        Raises:
            UnfitError: it does not fit.
        """
        if depth > _MAX_EXAMPLE_DEPTH:
            raise UnfitError
        match kind:
            case Primitive(kind=primitive):
                if not _is_a(primitive, value):
                    raise UnfitError
                return value
            case ListOf(item=item):
                if not isinstance(value, list):
                    raise UnfitError
                return [self.fitted(item, entry, depth + 1) for entry in value[:_MAX_ITEMS]]
            case MapOf(value=inner):
                if not isinstance(value, dict):
                    raise UnfitError
                return {name: self.fitted(inner, value[name], depth + 1) for name in list(value)[:_MAX_ITEMS]}
            case Union(variants=variants):
                return self._fitting(variants, value, depth)
            case Nullable(inner=inner):
                return None if value is None else self.fitted(inner, value, depth)
            case LiteralOf(values=values):
                if not any(type(value) is type(known) and value == known for known in values):
                    raise UnfitError
                return value
            case AnyJson():
                return value
            case Named(id=identity):
                return self._fitted_to(self.definitions[identity], value, depth)

    def _fitted_to(self, definition: TypeDef, value: JsonValue, depth: int) -> JsonValue:
        match definition:
            case Enum(values=values):
                if not any(type(value) is type(known) and value == known for known in values):
                    raise UnfitError
                return value
            case Alias(target=target, discriminator=discriminator):
                if discriminator is None or not isinstance(value, dict):
                    return self.fitted(target, value, depth + 1)
                tag = value.get(discriminator.property)
                kind = next((kind for known, kind in discriminator.mapping if known == tag), discriminator.otherwise)
                if kind is None:
                    raise UnfitError
                return self.fitted(kind, value, depth + 1)
            case Model() as model:
                if not isinstance(value, dict):
                    raise UnfitError
                return self._object(model, value, depth)

    def _object(self, model: Model, value: Mapping[str, JsonValue], depth: int) -> JsonValue:
        found: dict[str, JsonValue] = {}
        for field in self._fields(model):
            if field.constant is not None:
                if value.get(field.name, field.constant) != field.constant:
                    raise UnfitError
                found[field.name] = field.constant
            elif field.name in value:
                try:
                    found[field.name] = self.fitted(field.type, value[field.name], depth + 1)
                except UnfitError:
                    if field.required:
                        raise
            elif field.required:
                found[field.name] = self.field(field, min(depth, _MAX_DEPTH))
        return found

    def _fitting(self, variants: Iterable[Type], value: JsonValue, depth: int) -> JsonValue:
        """Return a value as the variant has it that keeps the most of it."""
        best: list[tuple[int, JsonValue]] = []
        for variant in variants:
            try:
                found = self.fitted(variant, value, depth + 1)
            except UnfitError:
                continue
            best.append((len(found) if isinstance(found, dict) else 0, found))
        if not best:
            raise UnfitError
        return max(best, key=lambda entry: entry[0])[1]

    def spelled(self, kind: Type, value: JsonValue) -> Code:  # noqa: PLR0911  # one line for each kind of type
        """Return source of a value that fits a type: as JSON would have it, but bytes are bytes."""
        match kind, value:
            case Primitive(kind=Kind.BYTES), str():
                return code.byte_string(base64.b64decode(value))
            case Primitive(kind=Kind.BINARY), str():
                return code.byte_string(value.encode())
            case ListOf(item=item), list():
                return code.display([self.spelled(item, entry) for entry in value])
            case MapOf(value=inner), dict():
                return code.mapping((code.literal(name), self.spelled(inner, entry)) for name, entry in value.items())
            case Nullable(inner=inner), _ if value is not None:
                return self.spelled(inner, value)
            case Union(variants=variants), _:
                return self._spelled_variant(variants, value)
            case Named(id=identity), _:
                return self._spelled_as(self.definitions[identity], value)
            case _:
                return code.literal(value)

    def _spelled_as(self, definition: TypeDef, value: JsonValue) -> Code:
        match definition:
            case Alias(target=target):
                return self.spelled(target, value)
            case Model() as model if isinstance(value, dict):
                kinds = {field.name: field.type for field in model.fields}
                return code.mapping(
                    (code.literal(name), self.spelled(kinds.get(name, AnyJson()), entry))
                    for name, entry in value.items()
                )
            case _:
                return code.literal(value)

    def _spelled_variant(self, variants: Iterable[Type], value: JsonValue) -> Code:
        for variant in variants:
            try:
                if self.fitted(variant, value) == value:
                    return self.spelled(variant, value)
            except UnfitError:
                continue
        return code.literal(value)


def _text_within(limits: Limits) -> str:
    """Return a text that keeps to its limits, as far as a short one does; the usual one where none of those does."""
    usual = _BY_FORMAT.get(limits.format, str(_PRIMITIVES[Kind.STRING]))
    try:
        pattern = re.compile(limits.pattern)
    except re.error:
        return usual
    fitting = (text for text in (usual, *_CANDIDATES) if pattern.search(text) and len(text) <= _most(limits))
    return next(fitting, usual)


def _most(limits: Limits) -> int:
    return _BIGGEST if limits.max_length is None else limits.max_length


def _is_a(kind: Kind, value: JsonValue) -> bool:  # noqa: PLR0911  # one line for each kind
    match kind:
        case Kind.STRING | Kind.BINARY:
            return isinstance(value, str)
        case Kind.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _BIGGEST
        case Kind.NUMBER | Kind.DECIMAL_NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _BIGGEST
        case Kind.BOOLEAN:
            return isinstance(value, bool)
        case Kind.NULL:
            return value is None
        case Kind.BYTES:
            return isinstance(value, str) and _is_base64(value)
        case Kind.DATETIME | Kind.DATE | Kind.UUID | Kind.DECIMAL:
            return isinstance(value, str) and _TEXTS[kind].fullmatch(value) is not None


def _is_base64(text: str) -> bool:
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
    except (binascii.Error, ValueError):
        return False
