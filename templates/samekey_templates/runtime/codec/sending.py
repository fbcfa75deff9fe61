"""What is sent, as the document has it: without fields that only come back, and with decimals that are numbers.

Dicts may be given in the place of models, and may have been made of answers.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from ..types import is_fields, is_items
from .models import NUMBERS, OpenModel, extra_of, is_model, numbers_of, read_only_of, struct_of
from .unions import choose, is_union


def as_documented(value: Any, kind: Any) -> Any:  # noqa: ANN401  # plain JSON, and any annotation
    """Return plain JSON as the document has it; objects and lists are changed in place.

    Args:
        value: plain JSON, and decimals.
        kind: what the document says that it is: an annotation; `NUMBERS` where its decimals are numbers; several of
            these in a list; for a dict of fields, those of some of them.
    """
    if kind is NUMBERS:
        return exact(value)
    origin, inner = get_origin(kind), get_args(kind)
    if is_items(kind) or origin in (Union, UnionType):
        for part in kind if is_items(kind) else inner:
            value = as_documented(value, part)
    elif is_items(value):
        return [as_documented(entry, inner[0]) for entry in value] if origin is list else value
    elif is_fields(value):
        for name, own in _types_within(value, kind).items():
            if name in value:
                value[name] = as_documented(value[name], own)
    return value


def exact(value: Any) -> Any:  # noqa: ANN401  # plain JSON
    """Return plain JSON whose decimals are spelled as numbers, with all of their digits.

    Raises:
        ValueError: one of them is no number.
    """
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} cannot be sent as JSON")
        return msgspec.Raw(str(value).encode())
    if is_fields(value):
        return {name: exact(entry) for name, entry in value.items()}
    return [exact(entry) for entry in value] if is_items(value) else value


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
    numbers = numbers_of(kind)
    return {
        info.encode_name: [info.type, NUMBERS] if info.encode_name in numbers else info.type
        for info in msgspec.structs.fields(struct_of(kind))
    }
