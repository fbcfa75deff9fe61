"""Answers that break their schema: what fits is typed, what does not is kept as plain JSON.

Each part is tried whole before it is taken apart, so that a broken field costs its object and not its list.
"""

from __future__ import annotations

import base64
import binascii
import types
from functools import cache
from typing import Any, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from ._hooks import dec_hook, first_that_fits
from ._model import AnyModel, OpenModel, further_of, is_model, struct_of
from ._types import is_fields, is_items
from ._unions import OneOf, choose, is_union


def apart(value: Any, kind: Any) -> Any:  # noqa: ANN401
    """Build a type from plain JSON that does not fit as a whole.

    Args:
        value: plain JSON.
        kind: what the document says it is.
    """
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union_apart(value, get_args(kind))
    if is_union(kind):
        return _one_of_apart(value, kind)
    if is_fields(value):
        if is_model(kind):
            return _model_apart(value, kind)
        if origin is dict:
            item = get_args(kind)[1]
            return {name: _tolerate(entry, item) for name, entry in value.items()}
    if is_items(value) and origin is list:
        item = get_args(kind)[0]
        return [_tolerate(entry, item) for entry in value]
    return _loosely(value, kind)


def _tolerate(value: Any, kind: Any) -> Any:  # noqa: ANN401
    try:
        return msgspec.convert(value, kind, dec_hook=dec_hook)
    except (msgspec.ValidationError, TypeError):
        return apart(value, kind)


class _Field(Struct, frozen=True):
    """A field of a model.

    Args:
        wire: its name on the wire.
        name: its name.
        kind: its type.
        plain: the class of values that need no decoding, if its type has one.
        required: whether it must be there.
    """

    wire: str
    name: str
    kind: Any
    plain: type | None
    required: bool


@cache
def _fields(kind: type[Struct]) -> tuple[_Field, ...]:
    return tuple(
        _Field(info.encode_name, info.name, info.type, _plain(info.type), info.required)
        for info in msgspec.structs.fields(kind)
    )


def _plain(kind: Any) -> type | None:  # noqa: ANN401
    is_optional = get_origin(kind) in (Union, types.UnionType)
    kinds = [part for part in (get_args(kind) if is_optional else (kind,)) if part is not types.NoneType]
    return kinds[0] if len(kinds) == 1 and kinds[0] in (str, int, bool) else None


def _model_apart(fields: dict[str, Any], kind: AnyModel) -> object:
    arguments: dict[str, Any] = {}
    known = _fields(struct_of(kind))
    for field in known:
        if field.wire in fields:
            entry = fields[field.wire]
            arguments[field.name] = entry if type(entry) is field.plain else _tolerate(entry, field.kind)
        elif field.required:
            arguments[field.name] = None
    if issubclass(kind, OpenModel):
        name, further = further_of(kind)
        wires = {field.wire for field in known}
        arguments[name] = _tolerate({name: value for name, value in fields.items() if name not in wires}, further)
    return kind(**arguments)


def _union_apart(value: Any, variants: tuple[Any, ...]) -> Any:  # noqa: ANN401
    if value is None:
        return None
    for variant in variants:
        shape = get_origin(variant) or variant
        fits_object = is_fields(value) and (shape is dict or is_model(shape))
        if fits_object or (is_items(value) and shape is list) or is_union(variant):
            return _tolerate(value, variant)
    return _loosely(value, Union[variants])  # noqa: UP007  # built from a tuple at run time


def _one_of_apart(value: Any, kind: type[OneOf]) -> Any:  # noqa: ANN401
    choice = choose(kind, value)
    return _tolerate(value, choice.kinds[0]) if choice.certain else first_that_fits(value, choice.kinds)


def _loosely(value: Any, kind: Any) -> Any:  # noqa: ANN401
    try:
        return msgspec.convert(value, kind, dec_hook=dec_hook, strict=False)
    except (msgspec.ValidationError, TypeError):
        is_base64 = isinstance(value, str) and (kind is bytes or bytes in get_args(kind))
        return _from_base64(value) if is_base64 else value


def _from_base64(text: str) -> bytes | str:
    """Bytes in the alphabet of URLs, or without padding (RFC 4648 section 5); the text where it is neither."""
    try:
        return base64.b64decode(text.translate(_URL_SAFE) + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return text


_URL_SAFE = str.maketrans("-_", "+/")
