"""Fields that the document does not list: kept with the object that a server put them into, and sent back with it.

msgspec says at no cost that there are none: models forbid them. Where there are some, an answer is looked through once
more: an object that holds fields which its model does not know becomes that model with them beside it, before msgspec
builds the others. Where it does not fit its model, what was taken out is put back when it has become what it can.
"""

from __future__ import annotations

import types
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from ..types import is_fields
from .hooks import dec_hook
from .models import Model, extra_of, is_model, keep_extra, struct_of
from .unions import choose, is_union

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_KEPT: Final = 10_000
"""How many fields of one answer are kept: a server that sends more of them has gone wrong."""


class Search:
    """A search of one answer for fields that its models do not know.

    Args:
        kind: what the document says that the answer is.
        most: how many fields are kept.
    """

    __slots__ = ("_plan", "kept", "left")

    def __init__(self, kind: Any, most: int = MOST_KEPT) -> None:  # noqa: ANN401  # any annotation
        self._plan = _plan(kind)
        self.left = most
        self.kept: dict[int, dict[str, Any]] = {}

    def take_out(self, value: Any) -> Any:  # noqa: ANN401  # plain JSON
        """Take the fields out of plain JSON, in place, and return it; what had some is a model by then, if it fits."""
        return value if self._plan is None else self._plan.take_out([value], self)[0]

    def put_beside(self, plain: Any, value: Any) -> Any:  # noqa: ANN401  # plain JSON, and what became of it
        """Put the fields of what did not fit beside what was made of it, and return what holds them."""
        if self._plan is not None and self.kept:
            self._plan.put_beside([(plain, value)], self)
        return value


class _Listed(Struct, frozen=True):
    """A list, or a dict, whose entries may hold models.

    Args:
        holder: which of the two.
        entry: what each entry may hold.
    """

    holder: type
    entry: _Plan

    def take_out(self, values: list[Any], search: Search) -> list[Any]:
        """Look through the entries of some lists or dicts, all at once."""
        holders: list[Any] = [value for value in values if type(value) is self.holder]
        is_dict = self.holder is dict
        entries = [entry for holder in holders for entry in (holder.values() if is_dict else holder)]
        looked = self.entry.take_out(entries, search)
        if looked is not entries:
            in_turn = iter(looked)
            for holder in holders:
                for place in _places(holder):
                    holder[place] = next(in_turn)
        return values

    def put_beside(self, pairs: list[tuple[Any, Any]], search: Search) -> None:
        """Go on with the entries."""
        both = [pair for pair in pairs if isinstance(pair[0], self.holder) and isinstance(pair[1], self.holder)]
        inside = [(plain[place], value[place]) for plain, value in both for place in _places(plain)]
        self.entry.put_beside(inside, search)


def _places(holder: Any) -> Iterable[Any]:  # noqa: ANN401  # a list or a dict
    return holder if is_fields(holder) else range(len(holder))


class _Either(Struct, frozen=True):
    """Several types, of which a value tells by being an object or a list."""

    plans: tuple[_Plan, ...]

    def take_out(self, values: list[Any], search: Search) -> list[Any]:
        """Look through the values as each of the types; what is of another is passed over."""
        for plan in self.plans:
            values = plan.take_out(values, search)
        return values

    def put_beside(self, pairs: list[tuple[Any, Any]], search: Search) -> None:
        """Go on with each of the types."""
        for plan in self.plans:
            plan.put_beside(pairs, search)


class _Object(Struct):
    """A model.

    Args:
        kind: its class.
        known: the names of its fields on the wire.
        nested: its fields that may hold models, with their names on the wire and their own; None before it is used,
            since a model may lead to itself.
        others: what the other fields of an open model may hold, which has an attribute for them; None for a model that
            keeps them beside its own, and before it is used.
        unknown: the other fields that the last object had: a server sends each object of a list alike.
    """

    kind: Any
    known: frozenset[str]
    nested: tuple[tuple[str, str, _Plan], ...] | None = None
    others: _Others | None = None
    unknown: tuple[str, ...] = ()

    def take_out(self, values: list[Any], search: Search) -> list[Any]:
        """Look through the fields of some objects, and take out those that the model does not know."""
        if self.nested is None:
            self.nested, self.others = _nested(self.kind), _others(self.kind)
        objects: list[dict[str, Any]] = [value for value in values if type(value) is dict]
        for name, _, inner in self.nested:
            holders = [fields for fields in objects if fields.get(name)]
            entries = [fields[name] for fields in holders]
            looked = inner.take_out(entries, search) if entries else entries
            if looked is not entries:
                for fields, entry in zip(holders, looked, strict=True):
                    fields[name] = entry
        if self.others is not None:
            self.others.take_out(objects, self.known, search)
            return values
        holders, extras = self._taken(objects, search)
        if not holders:
            return values
        made = self._made(holders, extras, search)
        return [made.get(id(value), value) for value in values]

    def _taken(
        self, objects: list[dict[str, Any]], search: Search
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Take out of objects what the model does not know; return those that had some, and what it was."""
        knows_all_of, unknown = self.known.issuperset, self.unknown
        holders: list[dict[str, Any]] = []
        extras: list[dict[str, Any]] = []
        for fields in objects:
            extra: dict[str, Any] = {}
            for name in unknown:
                if name in fields:
                    extra[name] = fields.pop(name)
            if not knows_all_of(fields):
                extra |= {name: fields.pop(name) for name in [name for name in fields if name not in self.known]}
                self.unknown = unknown = tuple(extra)
            if extra:
                search.left -= len(extra)
                if search.left >= 0:
                    holders.append(fields)
                    extras.append(extra)
        return holders, extras

    def _made(
        self, objects: list[dict[str, Any]], extras: list[dict[str, Any]], search: Search
    ) -> dict[int, dict[str, Any] | Model]:
        """Make models of objects at once, with what was taken out beside them; return each by its object's identity."""
        identities = map(id, objects)
        try:
            models = self._converted(objects)
        except (msgspec.ValidationError, TypeError):
            # What does not fit is told with its place, when the whole answer is built.
            search.kept.update(zip(identities, extras, strict=True))
            return {}
        keep_extra(models, extras)
        return dict(zip(identities, models, strict=True))

    def _converted(self, objects: list[dict[str, Any]]) -> list[Model]:
        if len(objects) == 1:
            # msgspec remembers what a class is made of, and looks at a list's type each time.
            return [msgspec.convert(objects[0], self.kind, dec_hook=dec_hook)]
        models: list[Model] = msgspec.convert(objects, types.GenericAlias(list, (self.kind,)), dec_hook=dec_hook)
        return models

    def put_beside(self, pairs: list[tuple[Any, Any]], search: Search) -> None:
        """Put what was taken out beside the models, and go on with their fields."""
        kept = search.kept
        for plain, value in pairs:
            extra = kept.get(id(plain))
            if extra is not None:
                _put(value, extra)
        for name, attribute, inner in self.nested or ():
            # By now it may be empty: all that it had was taken out.
            holders = [(plain, value) for plain, value in pairs if is_fields(plain) and plain.get(name) is not None]
            inside = [(plain[name], _entry(value, name, attribute)) for plain, value in holders]
            if inside:
                inner.put_beside(inside, search)
        if self.others is not None:
            self.others.put_beside(pairs, self.known, search)


class _Others(Struct, frozen=True):
    """The further fields of an open model.

    Args:
        attribute: where the model holds them.
        plan: what each may hold; None where no model is in them.
    """

    attribute: str
    plan: _Plan | None

    def take_out(self, objects: list[dict[str, Any]], known: frozenset[str], search: Search) -> None:
        """Look through the further fields of some objects."""
        if self.plan is None:
            return
        for fields in objects:
            for name in fields.keys() - known:
                fields[name] = self.plan.take_out([fields[name]], search)[0]

    def put_beside(self, pairs: list[tuple[Any, Any]], known: frozenset[str], search: Search) -> None:
        """Go on with the further fields."""
        if self.plan is None:
            return
        for plain, value in pairs:
            held = value if is_fields(value) else getattr(value, self.attribute, None)
            if is_fields(plain) and is_fields(held):
                names = [name for name in plain if name not in known and name in held]
                self.plan.put_beside([(plain[name], held[name]) for name in names], search)


def _put(value: Any, extra: dict[str, Any]) -> None:  # noqa: ANN401  # what was made of an object
    if isinstance(value, Model):
        keep_extra([value], [extra])
    elif is_fields(value):
        # It did not fit, and stayed what it was.
        value.update(extra)


def _entry(value: Any, name: str, attribute: str) -> Any:  # noqa: ANN401  # what was made of an object
    return value.get(name) if is_fields(value) else getattr(value, attribute, None)


class _Choice(Struct, frozen=True):
    """A union, whose variant the value tells."""

    kind: Any

    def take_out(self, values: list[Any], search: Search) -> list[Any]:
        """Return objects and lists as the variants that they are, or unchanged where they are none of them."""
        return [self._chosen(value, search) if isinstance(value, (dict, list)) else value for value in values]

    def _chosen(self, value: Any, search: Search) -> Any:  # noqa: ANN401  # a variant
        choice = choose(self.kind, value)
        for variant in choice.kinds:
            # What another variant does not know is no matter of the next one, which looks at a copy of its own.
            own = Search(variant, search.left)
            tried = own.take_out(value if choice.certain else deepcopy(value))
            try:
                made = own.put_beside(tried, msgspec.convert(tried, variant, dec_hook=dec_hook))
            except (msgspec.ValidationError, TypeError):
                if choice.certain:
                    search.kept.update(own.kept)
            else:
                search.left = own.left
                return made
        return value

    def put_beside(self, pairs: list[tuple[Any, Any]], search: Search) -> None:
        """Put what was taken out of an object that is no variant back; those of variants have theirs."""
        for plain, value in pairs:
            extra = search.kept.get(id(plain))
            if extra is not None:
                _put(value, extra)


_Plan: TypeAlias = "_Listed | _Object | _Choice | _Either"


@cache
def _plan(kind: Any) -> _Plan | None:  # noqa: ANN401  # any annotation
    """Return how to look through values of a type; None where no model is in them."""
    origin, inner = get_origin(kind), get_args(kind)
    if is_union(kind):
        return _Choice(kind)
    if is_model(kind):
        return _Object(kind, frozenset(struct_of(kind).__struct_encode_fields__))
    if origin in (Union, types.UnionType):
        plans = tuple(plan for plan in map(_plan, inner) if plan is not None)
        return (plans[0] if len(plans) == 1 else _Either(plans)) if plans else None
    if origin in (list, dict):
        plan = _plan(inner[-1])
        return None if plan is None else _Listed(origin, plan)
    return None


def _nested(kind: Any) -> tuple[tuple[str, str, _Plan], ...]:  # noqa: ANN401  # a class with `__eq__` is not hashable to mypy
    """Return the fields of a model that may hold models, by their names on the wire and their own."""
    fields = [(info.encode_name, info.name, _plan(info.type)) for info in msgspec.structs.fields(struct_of(kind))]
    return tuple((wire, name, plan) for wire, name, plan in fields if plan is not None)


def _others(kind: Any) -> _Others | None:  # noqa: ANN401  # a class with `__eq__` is not hashable to mypy
    if issubclass(kind, Model):
        return None
    attribute, fields = extra_of(kind)
    return _Others(attribute, _plan(get_args(fields)[-1]))
