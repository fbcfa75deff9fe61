"""Answers that break their schema: what fits is typed, what does not is kept as plain JSON.

Each part is tried whole before it is taken apart, so that a broken field costs its object and not its list.
"""

from __future__ import annotations

import base64
import binascii
import re
import types
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from ..types import is_fields, is_items
from .hooks import dec_hook, first_that_fits
from .models import AnyModel, Model, OpenModel, extra_of, is_model, note_missing, struct_of
from .unions import OneOf, choose, is_union

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIELD: Final = re.compile(r" - at `\$\.([^.\[`]+)")
"""The field of an object in which msgspec found an error."""
_TRIES: Final = 3
"""How many fields of an object are set apart from the others before each is taken by itself."""


def decode_leniently(value: Any, kind: Any, problem: str) -> Any:  # noqa: ANN401
    """Build a type from plain JSON that does not fit as a whole.

    Args:
        value: plain JSON.
        kind: what the document says it is.
        problem: msgspec's word for what does not fit.
    """
    return _LenientDecoder().decode(value, kind, problem)


class _LenientDecoder:
    """Takes an answer apart, and remembers which fields did not fit: a server sends each object of a list alike."""

    __slots__ = ("_unfit",)

    def __init__(self) -> None:
        self._unfit: dict[AnyModel, set[str]] = {}

    def decode(self, value: Any, kind: Any, problem: str) -> Any:  # noqa: ANN401
        origin = get_origin(kind)
        if origin in (Union, types.UnionType):
            return self._decode_union(value, get_args(kind))
        if is_union(kind):
            # A variant may have been made when its fields were told from those that no document lists.
            return value if isinstance(value, (Model, OpenModel)) else self._decode_one_of(value, kind)
        if is_fields(value):
            if is_model(kind):
                return self._decode_model(value, kind, problem)
            if origin is dict:
                return dict(zip(value, self._each(value.values(), get_args(kind)[1]), strict=True))
        if is_items(value) and origin is list:
            return self._each(value, get_args(kind)[0])
        return _loosely(value, kind)

    def _each(self, values: Iterable[Any], kind: Any) -> list[Any]:  # noqa: ANN401
        model = _model_in(kind)
        return [self._tolerate(value, kind, model) for value in values]

    def _tolerate(self, value: Any, kind: Any, model: AnyModel | None) -> Any:  # noqa: ANN401
        if model in self._unfit and is_fields(value):
            return self._decode_model(value, model, "")
        try:
            return msgspec.convert(value, kind, dec_hook=dec_hook)
        except (msgspec.ValidationError, TypeError) as error:
            return self.decode(value, kind, str(error))

    def _decode_model(self, fields: dict[str, Any], kind: Any, problem: str) -> object:  # noqa: ANN401  # see `_shape`
        shape = _shape(kind)
        arguments, others = self._fitting(fields, kind, shape.lenient, problem)
        for wire in others:
            field = shape.fields.get(wire)
            if field is not None:
                entry = fields[wire]
                if type(entry) is not field.plain:
                    loosely = field.plain is not None
                    entry = _loosely(entry, field.kind) if loosely else self._tolerate(entry, field.kind, field.model)
                arguments[field.name] = entry
        if shape.extra:
            arguments = {name: value for name, value in arguments.items() if value is not msgspec.UNSET}
            unknown = {wire: value for wire, value in fields.items() if wire not in shape.fields}
            arguments[shape.extra] = self._tolerate(unknown, shape.extra_kind, None)
        made = kind(**arguments)
        note_missing(made, shape.required - fields.keys())
        return made

    def _fitting(
        self, fields: dict[str, Any], kind: AnyModel, lenient: type[Struct], problem: str
    ) -> tuple[dict[str, Any], Iterable[str]]:
        """Return the values of fields that fit, by name, decoded together by msgspec; and the others' wire names."""
        unfit = self._unfit.setdefault(kind, set())
        if problem:
            unfit |= _fields_in(problem) & fields.keys()
        for _ in range(_TRIES):
            fitting = dict(fields)
            others = [wire for wire in unfit if wire in fields]
            for wire in others:
                del fitting[wire]
            try:
                return msgspec.structs.asdict(msgspec.convert(fitting, lenient, dec_hook=dec_hook)), others
            except (msgspec.ValidationError, TypeError) as error:
                found = _fields_in(str(error)) & fitting.keys()
            if not found:
                break
            unfit |= found
        return msgspec.structs.asdict(lenient()), fields

    def _decode_union(self, value: Any, variants: tuple[Any, ...]) -> Any:  # noqa: ANN401
        if value is None:
            return None
        for variant in variants:
            shape = get_origin(variant) or variant
            fits_object = is_fields(value) and (shape is dict or is_model(shape))
            if fits_object or (is_items(value) and shape is list) or is_union(variant):
                return self._tolerate(value, variant, _model_in(variant))
        return _loosely(value, Union[variants])  # noqa: UP007  # built from a tuple at run time

    def _decode_one_of(self, value: Any, kind: type[OneOf]) -> Any:  # noqa: ANN401
        choice = choose(kind, value)
        if not choice.certain:
            return first_that_fits(value, choice.kinds)
        return self._tolerate(value, choice.kinds[0], _model_in(choice.kinds[0]))


class _Field(Struct, frozen=True):
    """A field of a model.

    Args:
        name: its name.
        kind: its type.
        plain: the class of values that need no decoding, if its type has one.
        model: the class of models that its type is, if it is one.
    """

    name: str
    kind: Any
    plain: type | None
    model: AnyModel | None


class _Shape(Struct, frozen=True):
    """What is known of a class of models.

    Args:
        fields: its fields by their names on the wire.
        required: the names of those that must be there and are not null, on the wire.
        lenient: a class with the same fields, none of which must be there: what is missing reads as None.
        extra: the attribute that holds extra properties, if it takes any.
        further_kind: their type.
    """

    fields: dict[str, _Field]
    required: frozenset[str]
    lenient: type[Struct]
    extra: str
    extra_kind: Any


@cache
def _shape(kind: Any) -> _Shape:  # noqa: ANN401  # a class with `__eq__` is not hashable to mypy
    known = msgspec.structs.fields(struct_of(kind))
    extra = extra_of(kind) if issubclass(kind, OpenModel) else ("", None)
    return _Shape(
        {info.encode_name: _Field(info.name, info.type, _plain(info.type), _model_in(info.type)) for info in known},
        frozenset(info.encode_name for info in known if info.required and not _takes_null(info.type)),
        msgspec.defstruct(
            kind.__name__,
            [(info.name, info.type, None if info.required else _default(info)) for info in known],
            kw_only=True,
            rename={info.name: info.encode_name for info in known},
        ),
        *extra,
    )


def _takes_null(kind: Any) -> bool:  # noqa: ANN401
    try:
        msgspec.convert(None, kind, dec_hook=dec_hook)
    except (msgspec.ValidationError, TypeError):
        return False
    return True


def _default(info: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401
    made = info.default_factory is not msgspec.NODEFAULT
    return msgspec.field(default_factory=info.default_factory) if made else info.default


def _fields_in(problem: str) -> set[str]:
    """Return the field of an object in which msgspec found an error; an empty set where it names none."""
    return set(_FIELD.findall(problem))


@cache
def _model_in(kind: Any) -> AnyModel | None:  # noqa: ANN401
    """Return the class of models that a type is, whether or not it may be null; None where it is none."""
    sole = _sole(kind)
    return sole if is_model(sole) else None


def _plain(kind: Any) -> type | None:  # noqa: ANN401
    sole = _sole(kind)
    return sole if sole in (str, int, bool) else None


def _sole(kind: Any) -> Any:  # noqa: ANN401
    """Return what a type is where it is not null; None where it may be several things."""
    is_union_type = get_origin(kind) in (Union, types.UnionType)
    kinds = [part for part in (get_args(kind) if is_union_type else (kind,)) if part is not types.NoneType]
    return kinds[0] if len(kinds) == 1 else None


def _loosely(value: Any, kind: Any) -> Any:  # noqa: ANN401
    try:
        return msgspec.convert(value, kind, dec_hook=dec_hook, strict=False)
    except (msgspec.ValidationError, TypeError):
        is_base64 = isinstance(value, str) and (kind is bytes or bytes in get_args(kind))
        return _from_base64(value) if is_base64 else value


def _from_base64(text: str) -> bytes | str:
    """Decode base64 in the alphabet of URLs, or without padding (RFC 4648 section 5); return any other text as is."""
    try:
        return base64.b64decode(text.translate(_URL_SAFE) + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return text


_URL_SAFE = str.maketrans("-_", "+/")
