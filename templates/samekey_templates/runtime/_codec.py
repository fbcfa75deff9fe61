"""JSON in and out: strict first, tolerant where an answer does not keep to its schema.

A 2xx never becomes an exception because a field is missing or has another type: what cannot be typed
is kept as plain JSON, and one warning is logged.
"""

from __future__ import annotations

import base64
import binascii
import types
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, Union, cast, get_args, get_origin

import msgspec
from msgspec import Struct

from ._model import AnyModel, OpenModel, further_of, is_model, sent, struct_of
from ._types import Omit, is_fields, is_items
from ._unions import OneOf, choose, is_union


class DecodeFailureError(ValueError):
    """The body is not what the document says, and strictness was asked for or it is no JSON at all."""


class Decoded(Struct, frozen=True):
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
    if is_union(kind):
        return _tolerate_one_of(value, kind)
    if is_fields(value):
        if is_model(kind):
            return _tolerate_model(value, kind)
        if origin is dict:
            item = get_args(kind)[1]
            return {name: tolerate(entry, item) for name, entry in value.items()}
    if is_items(value) and origin is list:
        item = get_args(kind)[0]
        return [tolerate(entry, item) for entry in value]
    return _convert(value, kind)


def _tolerate_model(fields: dict[str, Any], kind: AnyModel) -> object:
    arguments: dict[str, Any] = {}
    known: set[str] = set()
    for info in msgspec.structs.fields(struct_of(kind)):
        known.add(info.encode_name)
        if info.encode_name in fields:
            arguments[info.name] = tolerate(fields[info.encode_name], info.type)
        elif info.required:
            arguments[info.name] = None
    if issubclass(kind, OpenModel):
        name, further = further_of(kind)
        arguments[name] = tolerate({name: value for name, value in fields.items() if name not in known}, further)
    return kind(**arguments)


def _tolerate_union(value: Any, variants: tuple[Any, ...]) -> Any:  # noqa: ANN401
    if value is None:
        return None
    for variant in variants:
        shape = get_origin(variant) or variant
        fits_object = is_fields(value) and (shape is dict or is_model(shape))
        if fits_object or (is_items(value) and shape is list) or is_union(variant):
            return tolerate(value, variant)
    return _convert(value, Union[variants])  # noqa: UP007  # built from a tuple at run time


def _tolerate_one_of(value: Any, kind: type[OneOf]) -> Any:  # noqa: ANN401
    choice = choose(kind, value)
    return tolerate(value, choice.kinds[0]) if choice.certain else _first_that_fits(value, choice.kinds)


def _convert(value: Any, kind: Any) -> Any:  # noqa: ANN401
    for strict in (True, False):
        try:
            return msgspec.convert(value, kind, dec_hook=_dec_hook, strict=strict)
        except (msgspec.ValidationError, TypeError):
            continue
    is_base64 = isinstance(value, str) and (kind is bytes or bytes in get_args(kind))
    return _from_base64(value) if is_base64 else value


def _from_base64(text: str) -> bytes | str:
    """Bytes in the alphabet of URLs, or without padding (RFC 4648 section 5); the text where it is neither."""
    try:
        return base64.b64decode(text.translate(_URL_SAFE) + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return text


_URL_SAFE = str.maketrans("-_", "+/")


def _first_that_fits(value: Any, kinds: Iterable[Any]) -> Any:  # noqa: ANN401
    for kind in kinds:
        try:
            return msgspec.convert(value, kind, dec_hook=_dec_hook)
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
    if isinstance(value, OpenModel):
        return sent(value)
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Sequence):
        return list(cast("Sequence[object]", value))
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def _dec_hook(kind: type, value: Any) -> Any:  # noqa: ANN401
    if is_union(kind):
        choice = choose(kind, value)
        if choice.certain:
            return msgspec.convert(value, choice.kinds[0], dec_hook=_dec_hook)
        return _first_that_fits(value, choice.kinds)
    if issubclass(kind, OpenModel):
        return _opened(value, kind)
    raise NotImplementedError


def _opened(value: Any, kind: type[OpenModel]) -> OpenModel:  # noqa: ANN401
    """An open model: the known fields as msgspec decodes them, the others in their dict."""
    if not is_fields(value):
        raise msgspec.ValidationError(f"Expected `object`, got `{type(value).__name__}`")
    struct = struct_of(kind)
    known = msgspec.structs.asdict(msgspec.convert(value, struct, dec_hook=_dec_hook))
    attribute, type_ = further_of(kind)
    wires = frozenset(struct.__struct_encode_fields__)
    further = {name: entry for name, entry in value.items() if name not in wires}
    given = {name: entry for name, entry in known.items() if entry is not msgspec.UNSET}
    return kind(**given, **{attribute: msgspec.convert(further, type_, dec_hook=_dec_hook)})


def member(value: object, name: str) -> object:
    """What a decoded object holds under a name on the wire; None where it holds nothing.

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
