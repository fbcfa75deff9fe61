"""Fields that the document does not list: kept with the object that a server put them into, and sent back with it.

msgspec says at no cost that there are none: models forbid them. Where there are some, an answer is looked through once
more, and what its models do not know is put under a mark that they do know, before msgspec builds them.
"""

from __future__ import annotations

import types
from copy import deepcopy
from functools import cache
from typing import Any, Final, TypeAlias, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from ..types import is_fields, is_items
from .hooks import dec_hook
from .models import EXTRA_MARK, Model, OpenModel, extra_of, is_model, struct_of
from .unions import choose, is_union

MOST_KEPT: Final = 10_000
"""How many fields of one answer are kept: a server that sends more of them has gone wrong."""
_MARKED: Final = EXTRA_MARK.encode()


class _Search:
    """A search of one answer: how many fields may still be kept."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


def set_apart(value: Any, kind: Any, *, keep: bool) -> Any:  # noqa: ANN401  # plain JSON, any type
    """Put what the models of a type do not know under their mark, in place, or drop it; return the value.

    Args:
        value: plain JSON, which is changed.
        kind: what the document says that it is.
        keep: whether to keep the fields.
    """
    plan = _plan(kind)
    return value if plan is None else plan.apply([value], _Search(MOST_KEPT if keep else 0))[0]


def holds_extra_fields(content: bytes) -> bool:
    """Whether encoded JSON holds fields under a mark."""
    # One byte is found twenty times as fast as three, and hardly any text has it.
    return _MARKED[0] in content and _MARKED in content


def spread(value: Any) -> Any:  # noqa: ANN401  # plain JSON
    """Return plain JSON in which fields under a mark stand beside the others."""
    if is_fields(value):
        extra = value.get(EXTRA_MARK)
        fields = {name: spread(entry) for name, entry in value.items() if name != EXTRA_MARK}
        return {**fields, **{name: entry for name, entry in (extra or {}).items() if name not in fields}}
    return [spread(entry) for entry in value] if is_items(value) else value


class _Listed(Struct, frozen=True):
    """A list, or a dict, whose entries may hold models."""

    entry: _Plan

    def apply(self, values: list[Any], search: _Search) -> list[Any]:
        """Look through the entries of some lists or dicts, all at once."""
        holders: list[tuple[Any, list[Any]]] = [
            (value, list(range(len(value)) if is_items(value) else value))
            for value in values
            if is_items(value) or is_fields(value)
        ]
        entries = [holder[place] for holder, places in holders for place in places]
        looked = iter(self.entry.apply(entries, search))
        for holder, places in holders:
            for place in places:
                holder[place] = next(looked)
        return values


class _Object(Struct):
    """A model.

    Args:
        kind: its class.
        known: the names of its fields on the wire.
        keeps: whether it has room for other fields; those of an open model are its own business.
        nested: its fields that may hold models, by their names on the wire; None before they are asked for.
        unknown: the other fields that the last object had: a server sends each object of a list alike.
    """

    kind: Any
    known: frozenset[str]
    keeps: bool
    nested: tuple[tuple[str, _Plan], ...] | None = None
    unknown: tuple[str, ...] = ()

    def apply(self, values: list[Any], search: _Search) -> list[Any]:
        """Look through the fields of some objects, and put those that the model does not know under its mark."""
        if self.nested is None:
            self.nested = _nested(self.kind)
        objects: list[dict[str, Any]] = [value for value in values if type(value) is dict]
        for name, inner in self.nested:
            holders = [fields for fields in objects if fields.get(name)]
            if holders:
                for fields, entry in zip(holders, inner.apply([each[name] for each in holders], search), strict=True):
                    fields[name] = entry
        if self.keeps:
            is_all_of = self.known.issuperset
            for fields in objects:
                if not is_all_of(fields):
                    self._put_apart(fields, search)
        return values

    def _put_apart(self, fields: dict[str, Any], search: _Search) -> None:
        extra = {name: fields.pop(name) for name in self.unknown if name in fields}
        if not self.known.issuperset(fields):
            extra |= {name: fields.pop(name) for name in [name for name in fields if name not in self.known]}
            self.unknown = tuple(extra)
        search.left -= len(extra)
        if search.left >= 0:
            fields[EXTRA_MARK] = extra


class _Choice(Struct, frozen=True):
    """A union, whose variant the value tells."""

    kind: Any

    def apply(self, values: list[Any], search: _Search) -> list[Any]:
        """Return objects as the variants that they are, or unchanged where they are none of them."""
        return [self._chosen(value, search) if is_fields(value) else value for value in values]

    def _chosen(self, value: dict[str, Any], search: _Search) -> Any:  # noqa: ANN401  # a variant
        choice = choose(self.kind, value)
        for variant in choice.kinds:
            plan = _plan(variant)
            tried: Any = value if choice.certain else deepcopy(value)
            tried = tried if plan is None else plan.apply([tried], search)[0]
            try:
                return msgspec.convert(tried, variant, dec_hook=dec_hook)
            except (msgspec.ValidationError, TypeError):
                value = tried if choice.certain else value
        return value


_Plan: TypeAlias = "_Listed | _Object | _Choice"


@cache
def _plan(kind: Any) -> _Plan | None:  # noqa: ANN401  # any annotation
    """Return how to look through values of a type; None where no model is in them."""
    origin, inner = get_origin(kind), get_args(kind)
    if is_union(kind):
        return _Choice(kind)
    if is_model(kind):
        return _Object(kind, frozenset(struct_of(kind).__struct_encode_fields__), issubclass(kind, Model))
    if origin in (Union, types.UnionType):
        plans = [plan for plan in map(_plan, inner) if plan is not None]
        return plans[0] if plans else None
    if origin in (list, dict):
        plan = _plan(inner[-1])
        return None if plan is None else _Listed(plan)
    return None


def _nested(kind: Any) -> tuple[tuple[str, _Plan], ...]:  # noqa: ANN401  # a class with `__eq__` is not hashable to mypy
    """Return the fields of a model that may hold models, by their names on the wire."""
    fields = [(info.encode_name, _plan(info.type)) for info in msgspec.structs.fields(struct_of(kind))]
    return tuple((name, plan) for name, plan in fields if plan is not None)


def kept_by(model: Model | OpenModel) -> dict[str, Any]:
    """Return the fields that a model keeps beside its own, by their names on the wire."""
    if isinstance(model, OpenModel):
        return dict(getattr(model, extra_of(type(model))[0]))
    extra: object = getattr(model, "_extra_fields", None)
    return dict(extra) if is_fields(extra) else {}
