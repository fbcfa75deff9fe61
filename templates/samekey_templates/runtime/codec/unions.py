"""Unions that msgspec cannot decode by itself, and which of their variants a value is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, ClassVar, Final, Literal, NoReturn, TypeAlias, TypeGuard, Union, cast, get_args, get_origin

import msgspec
from msgspec import Struct

from ..types import is_fields, is_items
from .models import AnyModel, is_model, struct_of

Variants: TypeAlias = Callable[[], tuple[object, ...]]
Tagged: TypeAlias = Callable[[], Mapping[str, object]]
Rank: TypeAlias = tuple[int, ...]


class _Facts(Struct, frozen=True):
    """What `one_of` was given."""

    variants: Variants
    tag: str
    tagged: Tagged
    otherwise: Callable[[], object] | None


class _AcceptsAnything(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return True


class _Anything(metaclass=_AcceptsAnything):
    """What msgspec checks decoded values of a union against: whatever `dec_hook` gives is right."""


class _Alternatives(type):
    """The class of unions: to `isinstance`, a union is what type checkers see: its variants."""

    facts: _Facts

    def __instancecheck__(cls, instance: object) -> bool:
        return any(_is_of(instance, variant) for variant in members(cls))

    def __subclasscheck__(cls, subclass: type) -> bool:
        kinds = tuple(kind for kind in members(cls) if isinstance(kind, type))
        return type.__subclasscheck__(cls, subclass) or issubclass(subclass, kinds)

    def __call__(cls, *_args: object, **_fields: object) -> NoReturn:
        variants = " | ".join(getattr(kind, "__name__", str(kind)) for kind in members(cls))
        raise TypeError(f"{cls.__name__} is a union and has no values of its own: make one of {variants}")


class OneOf(metaclass=_Alternatives):
    """A union that msgspec cannot decode by itself; see `one_of`."""

    __slots__ = ()
    facts: ClassVar[_Facts]
    # For msgspec, a generic type: the hook decodes it, and what comes of that must be an instance of the origin.
    __origin__ = _Anything
    __args__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:  # noqa: ANN401
        from .pydantic import union_schema_of  # noqa: PLC0415  # few programs use both

        return union_schema_of(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, Any]:
        from .pydantic import json_schema_of  # noqa: PLC0415  # few programs use both

        return json_schema_of(cls)


def one_of(
    name: str,
    variants: Variants,
    *,
    tag: str = "",
    tagged: Tagged = dict,
    otherwise: Callable[[], object] | None = None,
) -> type:
    """Make a union type for decoding.

    Args:
        name: its name.
        variants: makes the variants when first needed; they may refer to the union itself.
        tag: the property that tells the variants apart, if one does.
        tagged: makes the map from values of that property to variants.
        otherwise: makes the variant for all other values, and for objects without that property.
    """
    models = f"{__name__.partition('._runtime')[0]}.models"
    facts = _Facts(variants, tag, tagged, otherwise)
    return _Alternatives(name, (OneOf,), {"facts": facts, "__module__": models, "__slots__": ()})


class Choice(Struct, frozen=True):
    """The variants that a value may be, the best first; `certain` where a tag names the only one."""

    kinds: Sequence[Any]
    certain: bool = False


def choose(kind: type[OneOf], value: Any) -> Choice:  # noqa: ANN401  # any JSON
    """Choose the variants that a value may be: by a tag, else by literal, required and known properties.

    Args:
        kind: the union.
        value: plain JSON.
    """
    variants = _variants(kind)
    if not is_fields(value):
        return Choice(variants.others)
    for tag in variants.tags:
        found = tag.choice(value)
        if found is not None:
            return found
    return Choice([*_best_first(variants.objects, value), *variants.others])


def has_strange_tag(kind: type[OneOf], fields: dict[str, Any]) -> bool:
    """Whether an object says that it is of a variant that its union does not name.

    Args:
        kind: the union.
        fields: the object.
    """
    return any(tag.is_strange(fields) for tag in _variants(kind).tags)


def _best_first(variants: Iterable[_Object | _Map], fields: dict[str, Any]) -> list[Any]:
    """Return the variants that an object may be, the one that knows most of it first."""
    ranked = sorted(
        ((variant.rank(fields), variant) for variant in variants if variant.may_be(fields)), key=lambda entry: entry[0]
    )
    equal = [entry for entry in ranked if entry[0][:-1] == ranked[0][0][:-1]]
    if len(equal) > 1:
        # What they say of the object itself is the same; what they know of what is in it may not be.
        equal.sort(key=lambda entry: (_strangers(fields, entry[1].kind, _DEEPEST), entry[0][-1]))
    return [variant.kind for _, variant in (*equal, *ranked[len(equal) :])]


_DEEPEST: Final = 6
_LOOKED_AT: Final = 20
_ANOTHER_KIND: Final = 1000
"""Counts for an object or a list where a type has none."""


def _strangers(value: object, kind: Any, levels: int) -> int:  # noqa: ANN401, PLR0911  # any annotation; a line for each kind
    """Count what a type does not know of a value: fields and literals, at any depth.

    Args:
        value: plain JSON.
        kind: the type.
        levels: how deep to look.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if levels == 0 or kind is Any or is_union(kind):
        return 0
    if origin in (Union, UnionType):
        return min(_strangers(value, part, levels) for part in inner)
    if is_items(value):
        looked_at = value[:_LOOKED_AT] if origin is list else []
        return sum(_strangers(item, inner[0], levels - 1) for item in looked_at) if origin is list else _ANOTHER_KIND
    if is_fields(value):
        if origin is dict:
            return sum(_strangers(entry, inner[1], levels - 1) for entry in value.values())
        model: Any = kind
        if not is_model(model):
            return _ANOTHER_KIND
        known = _types_of_fields(cast("Any", model))
        return sum(_strangers(entry, known[name], levels - 1) if name in known else 1 for name, entry in value.items())
    listed = _listed(kind)
    return int(bool(listed) and value not in listed)


@cache
def _types_of_fields(kind: Any) -> dict[str, Any]:  # noqa: ANN401  # a class with `__eq__` is not hashable to mypy
    return {info.encode_name: info.type for info in msgspec.structs.fields(struct_of(kind))}


class _Tag(Struct, frozen=True):
    name: str
    choices: Mapping[str, Choice | tuple[_Object | _Map, ...]]
    otherwise: Choice | None

    def is_strange(self, fields: dict[str, Any]) -> bool:
        """Whether an object has a tag that means nothing."""
        value = _spelled(fields.get(self.name))
        return self.otherwise is None and value is not None and value not in self.choices

    def choice(self, fields: dict[str, Any]) -> Choice | None:
        value = _spelled(fields.get(self.name))
        if value is None or value not in self.choices:
            return self.otherwise
        found = self.choices[value]
        return found if isinstance(found, Choice) else Choice(_best_first(found, fields))


def _spelled(value: object) -> str | None:
    """Return a tag's value as the document spells it, which knows strings only; None where it cannot be a tag."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case _:
            return None


class _Object(Struct, frozen=True):
    kind: AnyModel
    known: frozenset[str]
    required: frozenset[str]
    constant: frozenset[str]
    values: tuple[tuple[str, tuple[object, ...]], ...]

    def may_be(self, fields: dict[str, Any]) -> bool:
        """Whether an object says what only this variant says: constants are filled in, and not taken for granted."""
        return self.constant <= fields.keys()

    def rank(self, fields: dict[str, Any]) -> Rank:
        """Rank a variant for an object, lower is better: wrong literals and missing fields first, then common ones."""
        matches = [fields[name] in values for name, values in self.values if name in fields]
        return (
            matches.count(False),
            len(self.required - fields.keys()),
            int(bool(fields) and self.known.isdisjoint(fields)),
            -matches.count(True),
            len(fields.keys() - self.known),
            -len(self.required),
        )


class _Map(Struct, frozen=True):
    kind: Any

    def may_be(self, fields: dict[str, Any]) -> bool:  # noqa: ARG002  # it takes any
        """Return True: a map says nothing of what must be there."""
        return True

    def rank(self, fields: dict[str, Any]) -> Rank:  # noqa: ARG002  # it takes any
        """Rank a map behind models that know something of an object, before those that do not."""
        return (0, 0, 0, 1)


class _Variants(Struct, frozen=True):
    objects: tuple[_Object | _Map, ...]
    others: tuple[Any, ...]
    tags: tuple[_Tag, ...]


@cache
def _variants(kind: type[OneOf]) -> _Variants:
    unions = list(_unions(kind, set()))
    flat = dict.fromkeys(variant for union in unions for variant in union.facts.variants() if not is_union(variant))
    models = [_object(variant) for variant in flat if is_model(variant)]
    maps = [_Map(variant) for variant in flat if get_origin(variant) is dict]
    others = [variant for variant in flat if not is_model(variant) and get_origin(variant) is not dict]
    # Any string is a string: whatever asks for more of one comes first.
    others.sort(key=lambda variant: variant is str)
    return _Variants((*models, *maps), tuple(others), tuple(_tag(union.facts) for union in unions if union.facts.tag))


def is_union(kind: object) -> TypeGuard[type[OneOf]]:
    """Whether a type was made by `one_of`."""
    return isinstance(kind, _Alternatives)


@cache
def members(kind: _Alternatives) -> tuple[Any, ...]:
    """Return what a union's values can be, without unions: those of unions inside it in their places."""
    found: dict[Any, None] = {}
    seen: set[Any] = set()
    pending: list[Any] = [kind]
    while pending:
        member = pending.pop()
        if member in seen:
            continue
        seen.add(member)
        if is_union(member):
            pending += reversed(member.facts.variants())
        elif get_origin(member) in (Union, UnionType):
            pending += reversed(get_args(member))
        else:
            found[member] = None
    return tuple(found)


def _is_of(value: object, kind: Any) -> bool:  # noqa: ANN401  # any annotation
    """Whether a value is of a type, and what it holds as well."""
    inner = get_args(kind)
    match get_origin(kind):
        case None if kind is Any:
            return True
        case None:
            return value is None if kind is None else isinstance(value, kind)
        case origin if origin is Literal:
            return any(type(value) is type(listed) and value == listed for listed in inner)
        case origin if origin is list:
            return is_items(value) and all(_is_of(item, inner[0]) for item in value)
        case origin if origin is dict:
            return is_fields(value) and all(_is_of(entry, inner[1]) for entry in value.values())
        case _:
            return any(_is_of(value, part) for part in inner)


def _unions(kind: type[OneOf], seen: set[type[OneOf]]) -> Iterator[type[OneOf]]:
    """Yield a union and the unions among its variants, each once."""
    if kind in seen:
        return
    seen.add(kind)
    yield kind
    for variant in kind.facts.variants():
        if is_union(variant):
            yield from _unions(variant, seen)


def _tag(facts: _Facts) -> _Tag:
    choices = {value: _meant(variant) for value, variant in facts.tagged().items()}
    otherwise = Choice([facts.otherwise()], certain=True) if facts.otherwise is not None else None
    return _Tag(facts.tag, choices, otherwise)


def _meant(kind: Any) -> Choice | tuple[_Object | _Map, ...]:  # noqa: ANN401  # any annotation
    """Return what a value of a tag names: the one variant, or those that share it."""
    if get_origin(kind) not in (Union, UnionType):
        return Choice([kind], certain=True)
    parts = (members(part) if is_union(part) else (part,) for part in get_args(kind))
    variants = dict.fromkeys(member for part in parts for member in part)
    return tuple(_object(variant) if is_model(variant) else _Map(variant) for variant in variants)


def _object(kind: AnyModel) -> _Object:
    fields = msgspec.structs.fields(struct_of(kind))
    values = [(info.encode_name, _listed(info.type)) for info in fields]
    return _Object(
        kind,
        frozenset(info.encode_name for info in fields),
        frozenset(info.encode_name for info in fields if info.required or _is_constant(info)),
        frozenset(info.encode_name for info in fields if _is_constant(info)),
        tuple((name, listed) for name, listed in values if listed),
    )


def _is_constant(info: msgspec.structs.FieldInfo) -> bool:
    """Whether a field always has the same value, which is filled in where it is missing."""
    return info.default_factory is not msgspec.NODEFAULT


def _listed(kind: Any) -> tuple[object, ...]:  # noqa: ANN401  # any annotation
    """Return the values that a literal or enum type lists; none where a type lists none."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(member.value for member in kind)
    inner = [member for member in get_args(kind) if member is not type(None)]
    optional = type(None) in get_args(kind)
    return (*_listed(inner[0]), None) if optional and len(inner) == 1 and _listed(inner[0]) else ()
