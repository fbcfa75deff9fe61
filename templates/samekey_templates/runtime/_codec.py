"""JSON in and out: strict first, tolerant where an answer does not keep to its schema.

A 2xx never becomes an exception because a field is missing or has another type: what cannot be typed
is kept as plain JSON, and one warning is logged.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from functools import cache
from typing import Any, ClassVar, Literal, TypeAlias, TypeGuard, Union, cast, get_args, get_origin

import msgspec

from ._types import Omit, is_fields, is_items

Variants: TypeAlias = Callable[[], tuple[object, ...]]


class Model(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A JSON object with known fields; unknown ones are ignored when it is read."""


class OpenStrEnum(StrEnum):
    """An enum that accepts values which the document does not list: servers learn new ones before clients do."""

    @classmethod
    def _missing_(cls, value: object) -> OpenStrEnum | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member


class OpenIntEnum(IntEnum):
    """Like `OpenStrEnum`, of integers."""

    @classmethod
    def _missing_(cls, value: object) -> OpenIntEnum | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        member = int.__new__(cls, value)
        member._name_ = str(value)
        member._value_ = value
        return member


@dataclass(frozen=True, slots=True)
class _UnionFacts:
    """What `one_of` was given."""

    variants: Variants
    tag: str
    tagged: Callable[[], Mapping[str, object]]


def _no_tags() -> Mapping[str, object]:
    return {}


class _AcceptsAnything(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return True


class OneOf(metaclass=_AcceptsAnything):
    """A union that msgspec cannot decode by itself; see `one_of`."""

    __slots__ = ()
    facts: ClassVar[_UnionFacts]


def one_of(
    name: str, variants: Variants, tag: str = "", tagged: Callable[[], Mapping[str, object]] | None = None
) -> type:
    """Make a union type for decoding.

    Args:
        name: its name.
        variants: makes the variants when first needed; they may refer to the union itself.
        tag: the property that tells the variants apart, if one does.
        tagged: makes the map from values of that property to variants.
    """
    facts = _UnionFacts(variants, tag, tagged or _no_tags)
    return _AcceptsAnything(name, (OneOf,), {"facts": facts, "__slots__": ()})


class DecodeFailureError(ValueError):
    """The body is not what the document says, and strictness was asked for or it is no JSON at all."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded body, and what was wrong with it; empty where it kept to its schema."""

    value: Any
    problem: str = ""


def encode(value: object) -> bytes:
    """JSON of models, dicts and plain values; arguments left out at the top level are dropped."""
    if is_fields(value):
        value = present(value)
    try:
        return _encoder().encode(value)
    except TypeError:
        # What was left out below the top level cannot be encoded; looking for it first would cost every call.
        return _encoder().encode(_present_throughout(value))


def present(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not Omit.OMIT}


def _present_throughout(value: object) -> object:
    if is_fields(value):
        return {name: _present_throughout(entry) for name, entry in value.items() if entry is not Omit.OMIT}
    if is_items(value):
        return [_present_throughout(entry) for entry in value if entry is not Omit.OMIT]
    return value


def plain(value: object) -> Any:  # noqa: ANN401  # plain JSON is what it says
    """A model or dict as plain dicts, lists, strings and numbers, with the wire's names."""
    return msgspec.to_builtins(value, enc_hook=_enc_hook)


def decode(content: bytes, kind: object, *, strict: bool = False) -> Decoded:
    """Decode JSON into a type.

    Args:
        content: the JSON text.
        kind: the type that the document gives.
        strict: raise where the answer does not match, rather than keep what came.

    Raises:
        DecodeFailureError: it is no JSON, or it does not match and `strict` is set.
    """
    try:
        return Decoded(_decoder(kind).decode(content))
    except msgspec.ValidationError as error:
        if strict:
            raise DecodeFailureError(str(error)) from error
        problem = str(error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeFailureError(str(error)) from error
    try:
        # The first decoder stops where the schema is broken, and may not have seen that the rest is no JSON.
        return Decoded(tolerate(msgspec.json.decode(content), kind), problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeFailureError(str(error)) from error


def tolerate(value: Any, kind: Any) -> Any:  # noqa: ANN401
    """Build a type from plain JSON field by field, keeping as it came whatever does not fit."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _tolerate_union(value, get_args(kind))
    if is_fields(value):
        if _is_struct(kind):
            return _tolerate_struct(value, kind)
        if origin is dict:
            item = get_args(kind)[1]
            return {name: tolerate(entry, item) for name, entry in value.items()}
    if is_items(value) and origin is list:
        item = get_args(kind)[0]
        return [tolerate(entry, item) for entry in value]
    return _convert(value, kind)


def _is_struct(kind: object) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _tolerate_struct(fields: dict[str, Any], kind: type[msgspec.Struct]) -> msgspec.Struct:
    arguments: dict[str, Any] = {}
    for info in msgspec.structs.fields(kind):
        if info.encode_name in fields:
            arguments[info.name] = tolerate(fields[info.encode_name], info.type)
        elif info.required:
            arguments[info.name] = None
    return kind(**arguments)


def _tolerate_union(value: Any, variants: tuple[Any, ...]) -> Any:  # noqa: ANN401
    if value is None:
        return None
    for variant in variants:
        shape = get_origin(variant) or variant
        fits_object = is_fields(value) and (shape is dict or _is_struct(shape))
        if fits_object or (is_items(value) and shape is list):
            return tolerate(value, variant)
    return _convert(value, Union[variants])  # noqa: UP007  # built from a tuple at run time


def _convert(value: Any, kind: Any) -> Any:  # noqa: ANN401
    for strict in (True, False):
        try:
            return msgspec.convert(value, kind, dec_hook=_dec_hook, strict=strict)
        except (msgspec.ValidationError, TypeError):
            continue
    return value


@cache
def _encoder() -> msgspec.json.Encoder:
    return msgspec.json.Encoder(enc_hook=_enc_hook)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401
    return msgspec.json.Decoder(kind, dec_hook=_dec_hook)


def _enc_hook(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Sequence):
        return list(cast("Sequence[object]", value))
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def _dec_hook(kind: type, value: Any) -> Any:  # noqa: ANN401
    if issubclass(kind, OneOf):
        return _choose(kind, value)
    raise NotImplementedError


def _choose(kind: type[OneOf], value: Any) -> Any:  # noqa: ANN401
    """The variant that a value fits best: by its tag, else by required and literal properties."""
    variants = _variants(kind)
    if is_fields(value):
        tagged = variants.by_tag.get(value.get(kind.facts.tag, "")) if kind.facts.tag else None
        if tagged is not None:
            return tolerate(value, tagged)
        ranked = sorted(variants.objects, key=lambda variant: variant.rank(value))
        candidates: list[Any] = [variant.kind for variant in ranked] + [*variants.others]
    else:
        candidates = [*variants.others]
    for candidate in candidates:
        try:
            return msgspec.convert(value, candidate, dec_hook=_dec_hook)
        except (msgspec.ValidationError, TypeError):
            continue
    return value


@dataclass(frozen=True, slots=True)
class _ObjectVariant:
    kind: Any
    known: frozenset[str]
    required: frozenset[str]
    literals: tuple[tuple[str, tuple[object, ...]], ...]

    def rank(self, fields: dict[str, Any]) -> tuple[int, int, int]:
        """Lower is better: wrong literals, missing required fields, then fields that it does not know."""
        wrong = sum(1 for name, values in self.literals if fields.get(name) not in values)
        missing = sum(1 for name in self.required if name not in fields)
        unknown = sum(1 for name in fields if name not in self.known)
        return wrong, missing, unknown


@dataclass(frozen=True, slots=True)
class _Variants:
    objects: tuple[_ObjectVariant, ...]
    others: tuple[Any, ...]
    by_tag: Mapping[Any, Any]


@cache
def _variants(kind: type[OneOf]) -> _Variants:
    objects: list[_ObjectVariant] = []
    others: list[Any] = []
    for variant in kind.facts.variants():
        if _is_struct(variant):
            objects.append(_object_variant(variant))
        else:
            others.append(variant)
    return _Variants(tuple(objects), tuple(others), dict(kind.facts.tagged()))


def _object_variant(kind: type[msgspec.Struct]) -> _ObjectVariant:
    fields = msgspec.structs.fields(kind)
    literals = [(info.encode_name, get_args(info.type)) for info in fields if get_origin(info.type) is Literal]
    return _ObjectVariant(
        kind,
        frozenset(info.encode_name for info in fields),
        frozenset(info.encode_name for info in fields if info.required),
        tuple(literals),
    )
