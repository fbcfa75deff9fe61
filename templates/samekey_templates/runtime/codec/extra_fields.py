"""Fields that the document does not list: kept with the object that a server put them into, and sent back with it.

msgspec says at no cost that there are none: models forbid them. Where there are some, an answer is looked through once
more: what its models do not know is taken out before msgspec builds them, and put beside them afterwards.
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
from .models import Model, OpenModel, is_model, keep_extra, kept_by, struct_of
from .unions import choose, is_union

MOST_KEPT: Final = 10_000
"""How many fields of one answer are kept: a server that sends more of them has gone wrong."""


class Search:
    """A search of one answer for fields that its models do not know.

    Args:
        kind: what the document says that the answer is.
        keep: whether the fields are kept.
    """

    __slots__ = ("_plan", "kept", "left")

    def __init__(self, kind: Any, *, keep: bool) -> None:  # noqa: ANN401  # any annotation
        self._plan = _plan(kind)
        self.left = MOST_KEPT if keep else 0
        self.kept: dict[int, dict[str, Any]] = {}

    def trial(self) -> Search:
        """Return a search of a copy: what it finds is forgotten with the copy."""
        twin = object.__new__(Search)
        twin._plan, twin.left, twin.kept = None, self.left, {}
        return twin

    def take_out(self, value: Any) -> Any:  # noqa: ANN401  # plain JSON
        """Take the fields out of plain JSON, in place, and return it; variants of unions are models by then."""
        return value if self._plan is None else self._plan.take_out([value], self)[0]

    def put_beside(self, plain: Any, value: Any) -> Any:  # noqa: ANN401  # plain JSON, and what became of it
        """Put the fields beside the models that were made of plain JSON, and return what holds them."""
        if self._plan is not None and self.kept:
            self._plan.put_beside([(plain, value)], self)
        return value


class _Listed(Struct, frozen=True):
    """A list, or a dict, whose entries may hold models."""

    entry: _Plan

    def take_out(self, values: list[Any], search: Search) -> list[Any]:
        """Look through the entries of some lists or dicts, all at once."""
        holders: list[tuple[Any, list[Any]]] = [
            (value, list(range(len(value)) if is_items(value) else value))
            for value in values
            if is_items(value) or is_fields(value)
        ]
        entries = [holder[place] for holder, places in holders for place in places]
        looked = iter(self.entry.take_out(entries, search))
        for holder, places in holders:
            for place in places:
                holder[place] = next(looked)
        return values

    def put_beside(self, pairs: list[tuple[Any, Any]], search: Search) -> None:
        """Go on with the entries."""
        inner: list[tuple[Any, Any]] = []
        for plain, value in pairs:
            if is_items(plain) and is_items(value):
                inner += zip(plain, value, strict=False)
            elif is_fields(plain) and is_fields(value):
                inner += [(entry, value[name]) for name, entry in plain.items() if name in value]
        self.entry.put_beside(inner, search)


class _Object(Struct):
    """A model.

    Args:
        kind: its class.
        known: the names of its fields on the wire.
        keeps: whether it has room for other fields; those of an open model are its own business.
        nested: its fields that may hold models, with their names on the wire and their own; None before it is used.
        unknown: the other fields that the last object had: a server sends each object of a list alike.
    """

    kind: Any
    known: frozenset[str]
    keeps: bool
    nested: tuple[tuple[str, str, _Plan], ...] | None = None
    unknown: tuple[str, ...] = ()

    def take_out(self, values: list[Any], search: Search) -> list[Any]:
        """Look through the fields of some objects, and take out those that the model does not know."""
        if self.nested is None:
            self.nested = _nested(self.kind)
        objects: list[dict[str, Any]] = [value for value in values if type(value) is dict]
        for name, _, inner in self.nested:
            holders = [fields for fields in objects if fields.get(name)]
            if holders:
                looked = inner.take_out([each[name] for each in holders], search)
                for fields, entry in zip(holders, looked, strict=True):
                    fields[name] = entry
        if self.keeps:
            is_all_of = self.known.issuperset
            for fields in objects:
                if not is_all_of(fields):
                    self._take_from(fields, search)
        return values

    def _take_from(self, fields: dict[str, Any], search: Search) -> None:
        extra = {name: fields.pop(name) for name in self.unknown if name in fields}
        if not self.known.issuperset(fields):
            extra |= {name: fields.pop(name) for name in [name for name in fields if name not in self.known]}
            self.unknown = tuple(extra)
        search.left -= len(extra)
        if search.left >= 0:
            search.kept[id(fields)] = extra

    def put_beside(self, pairs: list[tuple[Any, Any]], search: Search) -> None:
        """Put what was taken out beside the models, and go on with their fields."""
        kept = search.kept
        for plain, value in pairs:
            extra = kept.get(id(plain))
            if extra is not None:
                _put(value, extra)
        for name, attribute, inner in self.nested or ():
            holders = [(plain, value) for plain, value in pairs if is_fields(plain) and plain.get(name)]
            inside = [(plain[name], _entry(value, name, attribute)) for plain, value in holders]
            if inside:
                inner.put_beside(inside, search)


def _put(value: Any, extra: dict[str, Any]) -> None:  # noqa: ANN401  # what was made of an object
    if isinstance(value, Model):
        keep_extra(value, extra)
    elif is_fields(value):
        # It did not fit, and stayed what it was.
        value.update(extra)


def _entry(value: Any, name: str, attribute: str) -> Any:  # noqa: ANN401  # what was made of an object
    return value.get(name) if is_fields(value) else getattr(value, attribute, None)


class _Choice(Struct, frozen=True):
    """A union, whose variant the value tells."""

    kind: Any

    def take_out(self, values: list[Any], search: Search) -> list[Any]:
        """Return objects as the variants that they are, or unchanged where they are none of them."""
        return [self._chosen(value, search) if is_fields(value) else value for value in values]

    def _chosen(self, value: dict[str, Any], search: Search) -> Any:  # noqa: ANN401  # a variant
        choice = choose(self.kind, value)
        if choice.certain:
            return _made(value, choice.kinds[0], search)
        for variant in choice.kinds:
            trial = search.trial()
            made = _made(deepcopy(value), variant, trial)
            if not is_fields(made):
                search.left = trial.left
                return made
        return value

    def put_beside(self, pairs: list[tuple[Any, Any]], search: Search) -> None:
        """Put what was taken out of an object that is no variant back; those of variants have theirs."""
        for plain, value in pairs:
            extra = search.kept.get(id(plain))
            if extra is not None:
                _put(value, extra)


def _made(fields: dict[str, Any], variant: Any, search: Search) -> Any:  # noqa: ANN401  # a variant
    """Return an object as a variant, with the fields that it does not know; unchanged where it does not fit."""
    plan = _plan(variant)
    if plan is not None:
        fields = plan.take_out([fields], search)[0]
    try:
        made = msgspec.convert(fields, variant, dec_hook=dec_hook)
    except (msgspec.ValidationError, TypeError):
        return fields
    if plan is not None:
        plan.put_beside([(fields, made)], search)
    return made


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


def _nested(kind: Any) -> tuple[tuple[str, str, _Plan], ...]:  # noqa: ANN401  # a class with `__eq__` is not hashable to mypy
    """Return the fields of a model that may hold models, by their names on the wire and their own."""
    fields = [(info.encode_name, info.name, _plan(info.type)) for info in msgspec.structs.fields(struct_of(kind))]
    return tuple((wire, name, plan) for wire, name, plan in fields if plan is not None)


def holds_extra_fields(value: object) -> bool:
    """Whether a value is or holds a model that keeps fields beside its own."""
    if is_fields(value):
        return any(map(holds_extra_fields, value.values()))
    if is_items(value):
        return any(map(holds_extra_fields, value))
    if not isinstance(value, (Model, OpenModel)):
        return False
    if isinstance(value, Model) and kept_by(value):
        return True
    return any(holds_extra_fields(getattr(value, name)) for name in struct_of(type(value)).__struct_fields__)


def overlay(value: object, plain: Any) -> None:  # noqa: ANN401  # plain JSON
    """Put the fields that models keep beside the others, in what the models are as plain JSON."""
    if is_fields(value) and is_fields(plain):
        for name, entry in value.items():
            overlay(entry, plain.get(name))
    elif is_items(value) and is_items(plain):
        for entry, inner in zip(value, plain, strict=False):
            overlay(entry, inner)
    elif isinstance(value, (Model, OpenModel)) and is_fields(plain):
        struct = struct_of(type(value))
        for name, wire in zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True):
            overlay(getattr(value, name), plain.get(wire))
        if isinstance(value, Model):
            plain.update({name: entry for name, entry in kept_by(value).items() if name not in plain})
