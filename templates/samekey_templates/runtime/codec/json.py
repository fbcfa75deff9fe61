"""JSON in and out: strict first, tolerant where an answer does not keep to its schema.

A 2xx never becomes an exception because a field is missing or has another type: what cannot be typed
is kept as plain JSON, and one warning is logged.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import UserString
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from uuid import UUID

import msgspec
from msgspec import Struct

from ..concurrency.fork import importing
from ..types import Omit, is_fields, is_items
from .hooks import dec_hook, exact_dec_hook
from .models import (
    Model,
    OpenModel,
    are_decimals_numbers,
    are_extra_fields_kept,
    are_fields_missing,
    every_model,
    has_extra_numbers,
    is_model,
    kept_by,
    missing_in,
    numbers_of,
    read_only_of,
    sent,
    struct_of,
)
from .unions import is_union

if TYPE_CHECKING:
    from .extra_fields import Search

T = TypeVar("T")
_SCALARS: Final = frozenset({str, int, float, bool, type(None), bytes, Omit})
_TEXTS: Final = (str, UserString, bytes, bytearray, memoryview, Enum, UUID, dt.date, dt.time, dt.timedelta)
_WITHOUT_PARTS: Final = (*_TEXTS, int, float, type(None), Decimal, msgspec.Raw)
"""What is neither an object nor a list in JSON, though some of it is a sequence in Python."""

_MANY: Final = 100_000
"""So many parts of a body, and it is time to ask whether they have an end."""


class DecodeFailureError(ValueError):
    """The body is not what the document says, and strictness was asked for or it is not JSON at all."""


class Decoded(Struct, frozen=True):
    """A decoded body, and what was wrong with it; empty where it kept to its schema."""

    value: Any
    problem: str = ""


def encode(value: object) -> bytes:
    """Encode models, dicts and plain values as JSON, without the arguments that were left out."""
    content = _encoded(value)
    if are_decimals_numbers() and any(_has_numbers(type(model)) for model in _models_in(value)):
        content = _encoder().encode(_simple(_present_throughout(value)))
    elif (are_extra_fields_kept() or are_fields_missing()) and any(map(_has_other_fields, _models_in(value))):
        content = _encoder().encode(plain(_present_throughout(value)))
    return content


def _encoded(value: object) -> bytes:
    """Encode a value whose models, if it holds any, have nothing beside the fields that msgspec knows."""
    if is_fields(value):
        value = present(value)
    try:
        content = _encoder().encode(value)
    except TypeError:
        # What was left out below the top level cannot be encoded; looking for it first would cost every call.
        content = _encoder().encode(_present_throughout(value))
    if b"null" in content:
        _refuse_no_numbers(_simple(_present_throughout(value)))
    return content


class Changing(Struct, frozen=True):
    """What a body's dicts may hold that is sent otherwise than it was given."""

    names: frozenset[str] = frozenset()
    """Of fields that only come back, at whatever depth."""
    numbers: bool = False
    """Whether decimals may be numbers of JSON."""


_NOTHING: Final = Changing()


def encode_sent(value: object, sends: Callable[[], object] | None = None) -> bytes:
    """Encode a body like `encode`, as the document has it.

    Args:
        value: the body.
        sends: makes what `as_documented` takes for its type; None where nothing in it can be given otherwise. It is
            the same function at every call of an operation.
    """
    if _is_sent_as_given(value, _NOTHING if sends is None else _changing(sends)):
        return _encoded(value)
    made = as_sent(value, None if sends is None else sends())
    content = _encoder().encode(made)
    if b"null" in content:
        _refuse_no_numbers(made)
    return content


def as_sent(value: object, kinds: object = None) -> Any:  # noqa: ANN401  # plain JSON, and numbers that are spelled
    """Return a value as plain JSON, as the document has it.

    Args:
        value: models, dicts and plain values.
        kinds: what `as_documented` takes for its type; None where nothing in it can be given otherwise.
    """
    given = _present_throughout(value)
    made = _simple(given)
    models: dict[int, tuple[object, type[Any]]] = {}
    for model, fields in _beside(given, made):
        models[id(fields)] = fields, type(model)
        for name in read_only_of(type(model)):
            fields.pop(name, None)
    if kinds is None:
        return made
    with importing():
        from .sending import as_documented  # noqa: PLC0415  # few operations need it

    return as_documented(made, kinds, models)


@cache
def _changing(sends: Callable[[], object]) -> Changing:
    with importing():
        from .sending import names_that_only_come_back, numbers_within  # noqa: PLC0415  # few operations need it

    kinds = sends()
    return Changing(names_that_only_come_back(kinds), numbers_within(kinds))


def _models_in(value: object) -> Iterator[Model | OpenModel]:
    """Yield the models that a value is or holds, each before those within it."""
    if isinstance(value, (Model, OpenModel)):
        yield value
        for _, entry in _entries(value):
            yield from _models_in(entry)
    elif not isinstance(value, _WITHOUT_PARTS):
        for entry in _parts(value) or ():
            yield from _models_in(entry)


def _is_sent_as_given(value: object, changing: Changing) -> bool:
    """Whether a body is sent as it was given. It is looked through once, and by a loop, since every call pays for it.

    Raises:
        ValueError: a time in it has no zone: it is another one to each reader, and none of RFC 3339 section 5.6; or it
            contains itself.
    """
    as_given = True
    left = [value]
    looked_at = 0
    while left:
        entry = left.pop()
        looked_at += 1
        if looked_at == _MANY:
            _refuse_endless(value)
        if is_fields(entry):
            as_given = as_given and changing.names.isdisjoint(entry)
            left += [each for each in entry.values() if type(each) not in _SCALARS]
        elif is_items(entry):
            left += [each for each in entry if type(each) not in _SCALARS]
        elif isinstance(entry, dt.datetime):
            with_zone(entry)
        elif isinstance(entry, Decimal):
            as_given = as_given and not changing.numbers
        elif isinstance(entry, (Model, OpenModel)):
            # What a server sent without a zone may go back as it came.
            as_given = False
        elif not isinstance(entry, _WITHOUT_PARTS):
            parts = _parts(entry)
            as_given = as_given and parts is None and changing is _NOTHING
            # Not `+=`, for which a sequence may have a meaning of its own.
            left.extend(parts or ())
    return as_given


def _refuse_endless(value: object) -> None:
    """Refuse what contains itself: it would be looked through without end.

    Raises:
        ValueError: it does.
    """
    try:
        _present_throughout(value)
    except RecursionError as error:
        raise ValueError("a body that contains itself cannot be sent as JSON") from error


def _parts(value: object) -> Iterable[object] | None:
    """Return what is in a mapping or a sequence; None for what is neither."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, object]", value).values()
    return cast("Sequence[object]", value) if isinstance(value, Sequence) else None


def with_zone(time: dt.datetime) -> dt.datetime:
    """Return a time that has a zone.

    Raises:
        ValueError: it has none.
    """
    if time.tzinfo is None:
        raise ValueError(f"{time!r} has no time zone: give it one, such as tzinfo=datetime.UTC, or give a text")
    return time


def _beside(value: object, made: Any) -> Iterator[tuple[Model | OpenModel, dict[str, Any]]]:  # noqa: ANN401  # plain JSON
    """Yield the models that a value is or holds, each with what it is as plain JSON, behind those within it."""
    if isinstance(value, Mapping) and is_fields(made):
        for name, entry in cast("Mapping[str, object]", value).items():
            yield from _beside(entry, made.get(name))
    elif isinstance(value, Sequence) and isinstance(made, (list, tuple)):
        for entry, inner in zip(cast("Sequence[object]", value), cast("Sequence[object]", made), strict=False):
            yield from _beside(entry, inner)
    elif isinstance(value, (Model, OpenModel)) and is_fields(made):
        for wire, entry in _entries(value):
            yield from _beside(entry, made.get(wire))
        yield value, made


def _entries(model: Model | OpenModel) -> Iterator[tuple[str, object]]:
    """Yield the fields of a model by their names on the wire, and the further ones of an open model."""
    struct = struct_of(type(model))
    for name, wire in zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True):
        yield wire, getattr(model, name, None)
    if isinstance(model, OpenModel):
        yield from kept_by(model).items()


def _refuse_no_numbers(value: object) -> None:
    """Refuse NaN and infinity: JSON has no word for them (RFC 8259 section 6), and null would be a lie.

    Raises:
        ValueError: one of them is there.
    """
    left = [value]
    while left:
        entry = left.pop()
        if isinstance(entry, float) and not math.isfinite(entry):
            raise ValueError(f"{entry} cannot be sent as JSON")
        left += entry.values() if is_fields(entry) else entry if isinstance(entry, (list, tuple)) else ()


def present(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields that were given, without those that were left out."""
    return {name: value for name, value in fields.items() if value is not Omit.OMIT}


def _present_throughout(value: Any) -> Any:  # noqa: ANN401  # any value, and its parts are
    """Return a value without what was left out at any depth, its mappings as dicts and its sequences as lists."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value)
        return {name: _present_throughout(entry) for name, entry in fields.items() if entry is not Omit.OMIT}
    if isinstance(value, _WITHOUT_PARTS) or not isinstance(value, Sequence):
        return cast("object", value)
    return [_present_throughout(entry) for entry in cast("Sequence[object]", value) if entry is not Omit.OMIT]


def plain(value: object) -> Any:  # noqa: ANN401  # plain JSON is what it says
    """Convert a model or dict to plain dicts, lists, strings and numbers, with the names used on the wire."""
    if are_decimals_numbers():
        return msgspec.json.decode(_encoder().encode(_simple(value)))
    return _with_extra(value, msgspec.to_builtins(value, enc_hook=_enc_hook))


def _simple(value: object) -> Any:  # noqa: ANN401  # plain JSON, and decimals
    """Convert a value like `plain`, but for decimals: those that are numbers are spelled, and all others stay."""
    made = _with_extra(value, msgspec.to_builtins(value, enc_hook=_enc_hook, builtin_types=(Decimal,)))
    if are_decimals_numbers():
        with importing():
            from .sending import exact  # noqa: PLC0415  # few APIs need it

        models = list(_beside(value, made))
        of_models = {id(fields) for _, fields in models}
        for model, fields in models:
            names = _numbers_among(fields, type(model))
            fields.update({name: exact(fields[name], of_models) for name in names})
    return made


def _has_numbers(kind: type[Model | OpenModel]) -> bool:
    return bool(numbers_of(kind)) or has_extra_numbers(kind)


def _numbers_among(fields: Mapping[str, object], kind: type[Model | OpenModel]) -> AbstractSet[str]:
    """Return the fields of an object whose decimals are numbers."""
    named = numbers_of(kind) & fields.keys()
    return named | (fields.keys() - struct_of(kind).__struct_encode_fields__) if has_extra_numbers(kind) else named


def _with_extra(value: object, made: Any) -> Any:  # noqa: ANN401  # plain JSON
    """Put the fields that no document lists into what models have become, and take out those that never came."""
    if are_extra_fields_kept() or are_fields_missing():
        for model, fields in _beside(value, made):
            fields.update({name: entry for name, entry in kept_by(model).items() if name not in fields})
            for name in missing_in(model):
                if fields.get(name) is None:
                    fields.pop(name, None)
    return made


def _has_other_fields(model: Model | OpenModel) -> bool:
    """Whether a model is sent with other fields than msgspec would send."""
    return isinstance(model, Model) and bool(kept_by(model) or missing_in(model))


def by_name(value: object) -> Any:  # noqa: ANN401  # as the models hold it
    """Convert models to dicts by the names of their attributes, all other values as they are."""
    if isinstance(value, (Model, OpenModel)):
        kind = type(value)
        names = struct_of(kind).__struct_fields__
        fields = {name: by_name(getattr(value, name)) for name in names}
        given = {name: entry for name, entry in fields.items() if entry is not None}
        return {**{name: by_name(entry) for name, entry in kept_by(value).items()}, **given}
    if is_fields(value):
        return {name: by_name(entry) for name, entry in value.items()}
    return [by_name(entry) for entry in value] if is_items(value) else value


def read_dict(data: object, kind: type[T]) -> T:
    """Make a model of a dict of plain fields, whatever the caller gives for one.

    Raises:
        TypeError: there is no dict of them.
        ValueError: they do not fit.
    """
    if not isinstance(data, Mapping):
        raise TypeError(f"{kind.__name__}.from_dict takes a dict, and not a {type(data).__name__}")
    return read_json(encode(dict(cast("Mapping[str, Any]", data))), kind)


def read_json(text: str | bytes, kind: type[T]) -> T:
    """Make a model of a text of JSON.

    Raises:
        ValueError: it is not JSON, or does not fit.
    """
    try:
        return cast("T", decode(text.encode() if isinstance(text, str) else text, kind, strict=True).value)
    except DecodeFailureError as error:
        raise ValueError(f"{kind.__name__}: {error}") from error


def decode(content: bytes, kind: object, *, strict: bool = False, keep: bool = True) -> Decoded:
    """Decode JSON into a type.

    Args:
        content: the JSON text.
        kind: the type that the document gives.
        strict: raise where the answer does not match, rather than keep what came.
        keep: keep the fields that the document does not list.

    Raises:
        DecodeFailureError: it is not JSON, or it does not match and `strict` is set.
    """
    try:
        return Decoded(_decoder(kind).decode(content))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # It does not fit, or is JSON of a looser kind, or its type leads through itself for too long.
        return _decode_by_parts(content, kind, strict=strict, keep=keep)


def plain_json(content: bytes) -> Any:  # noqa: ANN401  # any JSON
    """Read JSON as plain values: strict JSON, else what Python's own reader takes, such as UTF-16 or NaN.

    Raises:
        DecodeFailureError: it is none.
    """
    read = _exact_float if are_decimals_numbers() else float
    try:
        return _reader(read).decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        try:
            return json.loads(content, parse_float=read)
        except (ValueError, RecursionError):
            raise DecodeFailureError(str(error)) from error


def _decode_by_parts(content: bytes, kind: object, *, strict: bool, keep: bool) -> Decoded:
    """Decode JSON that has fields which no document lists, or does not fit its type."""
    value = plain_json(content)
    search = _search()(kind) if keep else _search()(kind, 0)
    try:
        value = search.take_out(value)
        return Decoded(search.put_beside(value, msgspec.convert(value, kind, dec_hook=dec_hook)))
    except (msgspec.ValidationError, RecursionError, TypeError) as error:
        if strict:
            raise DecodeFailureError(str(error)) from error
        problem = str(error)
    with importing():
        from .lenient import decode_leniently  # noqa: PLC0415  # a server that keeps to its document needs it not

    try:
        return Decoded(search.put_beside(value, decode_leniently(value, kind, problem)), problem)
    except RecursionError:
        return Decoded(search.put_beside(value, value), problem)


@cache
def _search() -> type[Search]:
    with importing():
        from .extra_fields import Search  # noqa: PLC0415  # a server whose fields are all in the document needs it not

    return Search


def _exact_float(text: str) -> float | Decimal:
    """Return a number, as a decimal where a float has not all of its digits."""
    number = float(text)
    try:
        return number if Decimal(repr(number)) == Decimal(text) else Decimal(text)
    except ArithmeticError:
        # Its exponent is more than a decimal can have.
        return number


@cache
def _reader(read: Callable[[str], Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder() if read is float else msgspec.json.Decoder(float_hook=read)


@cache
def _encoder() -> msgspec.json.Encoder:
    return msgspec.json.Encoder(enc_hook=_enc_hook)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401
    read = _exact_float if _makes_decimals_of_plain(kind) else None
    try:
        return msgspec.json.Decoder(kind, dec_hook=exact_dec_hook, float_hook=read)
    except RecursionError:
        # msgspec looks at a class and at all that it leads to, one inside the other, and remembers what it has seen.
        # Classes are made in the order in which they need each other, so in that order each is a short look.
        with suppress(RecursionError):
            for model in every_model():
                msgspec.json.Decoder(model, dec_hook=exact_dec_hook)
        return msgspec.json.Decoder(kind, dec_hook=exact_dec_hook, float_hook=read)


def _makes_decimals_of_plain(kind: object) -> bool:
    """Whether decimals are made of plain numbers, by what msgspec does not make itself."""
    if not are_decimals_numbers():
        return False
    with importing():
        from .sending import makes_decimals_of_plain  # noqa: PLC0415  # few APIs need it

    return makes_decimals_of_plain(kind)


def refuse_unreadable(kind: object) -> None:
    """Refuse a type that no answer can become, before a request is sent for one.

    Raises:
        TypeError: it is none, or the class of another library.
    """
    try:
        _decoder(kind)
    except Exception as error:
        raise TypeError(f"returns={kind!r} is no type that JSON can be read as: {error}") from error
    if isinstance(kind, type) and not (is_model(kind) or is_union(kind)) and _is_foreign(kind):
        raise TypeError(f"returns={kind.__name__}: JSON is read as models, dicts, lists and plain types, or as Any")


def _is_foreign(kind: type) -> bool:
    from msgspec import inspect  # noqa: PLC0415  # only requests that the document does not list need it

    return isinstance(inspect.type_info(kind), inspect.CustomType)


def _enc_hook(value: object) -> object:
    if isinstance(value, OpenModel):
        return sent(value)
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Sequence):
        return list(cast("Sequence[object]", value))
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def member(value: object, name: str) -> object:
    """Return what a decoded object holds under a name on the wire; None where it holds nothing.

    Args:
        value: a model, or plain JSON.
        name: the name on the wire.
    """
    kind = type(value)
    if is_model(kind):
        struct = struct_of(kind)
        names = dict(zip(struct.__struct_encode_fields__, struct.__struct_fields__, strict=True))
        if name in names:
            return getattr(value, names[name], None)
    if isinstance(value, OpenModel):
        return sent(value).get(name)
    return value.get(name) if is_fields(value) else None
