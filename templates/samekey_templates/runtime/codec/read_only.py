"""Fields that only come back, taken out of what is sent: a dict may have them as well, if it was made of an answer."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from ..types import is_fields, is_items
from .models import OpenModel, extra_of, is_model, read_only_of, struct_of
from .unions import choose, is_union


def leave_out(value: Any, kind: Any) -> None:  # noqa: ANN401  # plain JSON, and any annotation
    """Take the fields that only come back out of plain JSON, in place.

    Args:
        value: plain JSON.
        kind: what the document says that it is; for a dict of fields, the types of those that may hold such fields.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        for part in inner:
            leave_out(value, part)
    elif is_items(value):
        for entry in value if origin is list else ():
            leave_out(entry, inner[0])
    elif is_fields(value):
        for name, own in _types_within(value, kind).items():
            if name in value:
                leave_out(value[name], own)


def _types_within(fields: dict[str, Any], kind: Any) -> dict[str, Any]:  # noqa: ANN401  # any annotation
    """Return the types of the fields of an object, of which those that only come back are gone by then."""
    if is_fields(kind):
        return kind
    if get_origin(kind) is dict:
        return dict.fromkeys(fields, get_args(kind)[1])
    if is_union(kind):
        variants = choose(kind, fields).kinds
        return _types_within(fields, variants[0]) if variants else {}
    if not is_model(kind):
        return {}
    model: Any = kind
    for name in read_only_of(model):
        fields.pop(name, None)
    known = _types_of_fields(model)
    if not issubclass(model, OpenModel):
        return known
    others = get_args(extra_of(model)[1])[-1]
    return {**dict.fromkeys(fields, others), **known}


@cache
def _types_of_fields(kind: Any) -> dict[str, Any]:  # noqa: ANN401  # a class with `__eq__` is not hashable to mypy
    return {info.encode_name: info.type for info in msgspec.structs.fields(struct_of(kind))}
