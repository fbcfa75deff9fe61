"""What is sent, as the document has it: without fields that only come back, and with decimals that are numbers.

Dicts may be given in the place of models, and may have been made of answers.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, Union, cast, get_args, get_origin

import msgspec

from ..types import is_fields, is_items
from .models import NUMBERS, OpenModel, extra_of, has_extra_numbers, is_model, numbers_of, read_only_of, struct_of
from .unions import choose, has_strange_tag, is_union, members

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

FromModels: TypeAlias = "Mapping[int, tuple[object, type[Any]]]"
"""Plain objects that were made of models, by their identities, with the classes of these."""
_NONE: Final[FromModels] = {}


def as_documented(value: Any, kind: Any, made: FromModels = _NONE) -> Any:  # noqa: ANN401  # plain JSON, and any annotation
    """Return plain JSON as the document has it; objects and lists are changed in place.

    Args:
        value: plain JSON, and decimals.
        kind: what the document says that it is: an annotation; `NUMBERS` where its decimals are numbers; several of
            these in a list; for a dict of fields, those of some of them.
        made: which objects were made of models: these say by themselves what they are.
    """
    if id(value) in made:
        if kind is NUMBERS:
            return value
        kind = made[id(value)][1]
    if kind is NUMBERS:
        return exact(value, made)
    origin, inner = get_origin(kind), get_args(kind)
    if is_items(kind) or origin in (Union, UnionType):
        for part in kind if is_items(kind) else inner:
            value = as_documented(value, part, made)
    elif isinstance(value, (list, tuple)):
        # Of a model that was made with a tuple, msgspec makes one again.
        items = cast("list[Any]", value)
        item = _item_of(kind)
        return items if item is None else [as_documented(entry, item, made) for entry in items]
    elif is_fields(value):
        for name, own in _types_within(value, kind).items():
            if name in value:
                value[name] = as_documented(value[name], own, made)
    return value


def _item_of(kind: Any) -> Any:  # noqa: ANN401  # any annotation
    """Return the type of what is in lists of a type; None where it has none, or several."""
    lists = [part for part in (members(kind) if is_union(kind) else (kind,)) if get_origin(part) is list]
    return get_args(lists[0])[0] if len(lists) == 1 else None


def names_that_only_come_back(kind: object) -> frozenset[str]:
    """Return the names on the wire that `as_documented` may take out of what is given for a type, at any depth."""
    return frozenset(name for model in _within(kind) if is_model(model) for name in read_only_of(model))


def makes_decimals_of_plain(kind: object) -> bool:
    """Whether a type leads to decimals, and to open models or unions, which are made of plain values.

    Not where a value may be anything: what is no decimal there would become one, and go back as a string.
    """
    parts = list(_within(kind))
    is_made = any(is_union(part) or (is_model(part) and issubclass(part, OpenModel)) for part in parts)
    return (
        is_made and any(part is NUMBERS for part in parts) and not any(part is Any or part is object for part in parts)
    )


def numbers_within(kind: object) -> bool:
    """Whether `as_documented` may spell decimals as numbers in what is given for a type."""
    return any(part is NUMBERS for part in _within(kind))


def _within(kind: object) -> Iterator[object]:
    """Yield a type and all that it leads to, models and unions once each."""
    seen: set[object] = set()
    left = [kind]
    while left:
        part = left.pop()
        if is_model(part) or is_union(part):
            if part in seen:
                continue
            seen.add(part)
        yield part
        left += _parts_of(part)


def _parts_of(kind: Any) -> Iterable[Any]:  # noqa: ANN401  # any annotation
    """Return the types that a type is made of."""
    if is_fields(kind):
        return kind.values()
    if is_items(kind):
        return kind
    if is_union(kind):
        facts = kind.facts
        others = () if facts.otherwise is None else (facts.otherwise(),)
        return [*members(kind), *facts.tagged().values(), *others]
    if not is_model(kind):
        return get_args(kind)
    others = (_other_fields(kind),) if issubclass(kind, OpenModel) else ()
    return [*_types_of_fields(cast("Any", kind)).values(), *others]


def exact(value: Any, of_models: Container[int] = ()) -> Any:  # noqa: ANN401  # plain JSON
    """Return plain JSON whose decimals are spelled as numbers, with all of their digits.

    Args:
        value: plain JSON, and decimals.
        of_models: identities of objects that were made of models: these say by themselves what they are.

    Raises:
        ValueError: one of them is no number.
    """
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} cannot be sent as JSON")
        return msgspec.Raw(str(value).encode())
    if is_fields(value):
        return value if id(value) in of_models else {name: exact(entry, of_models) for name, entry in value.items()}
    if not isinstance(value, (list, tuple)):
        return value
    return [exact(entry, of_models) for entry in cast("list[Any]", value)]


def _writable(variants: Iterable[Any], fields: dict[str, Any]) -> frozenset[str]:
    """Return the fields of an object that may be sent by some variant that knows all of them, and misses none."""
    models: list[Any] = [cast("Any", variant) for variant in variants if is_model(variant)]
    fitting = [model for model in models if _needs(model) <= fields.keys() <= _types_of_fields(model).keys()]
    return frozenset(name for model in fitting for name in fields.keys() - read_only_of(model))


@cache
def _needs(kind: Any) -> frozenset[str]:  # noqa: ANN401  # a class with `__eq__` is not hashable to mypy
    return frozenset(info.encode_name for info in msgspec.structs.fields(struct_of(kind)) if info.required)


def _types_within(
    fields: dict[str, Any],
    kind: Any,  # noqa: ANN401  # any annotation
    writable: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Return the types of the fields of an object, of which those that only come back are gone by then.

    Args:
        fields: the object.
        kind: its type.
        writable: fields that may be sent whatever the type says.
    """
    if is_fields(kind):
        return kind
    if get_origin(kind) is dict:
        return dict.fromkeys(fields, get_args(kind)[1])
    if is_union(kind):
        # What is of no variant that the document names goes back as it came.
        variants = () if has_strange_tag(kind, fields) else choose(kind, fields).kinds
        return _types_within(fields, variants[0], _writable(variants[1:], fields)) if variants else {}
    if not is_model(kind):
        return {}
    model: Any = kind
    for name in read_only_of(model) - writable:
        fields.pop(name, None)
    known = _types_of_fields(model)
    if not issubclass(model, OpenModel):
        return known
    return {**dict.fromkeys(fields, _other_fields(model)), **known}


def _other_fields(kind: type[OpenModel]) -> Any:  # noqa: ANN401  # any annotation
    """Return the type of the fields that an open model does not name."""
    others = get_args(extra_of(kind)[1])[-1]
    return [others, NUMBERS] if has_extra_numbers(kind) else others


@cache
def _types_of_fields(kind: Any) -> dict[str, Any]:  # noqa: ANN401  # a class with `__eq__` is not hashable to mypy
    numbers = numbers_of(kind)
    return {
        info.encode_name: [info.type, NUMBERS] if info.encode_name in numbers else info.type
        for info in msgspec.structs.fields(struct_of(kind))
    }
