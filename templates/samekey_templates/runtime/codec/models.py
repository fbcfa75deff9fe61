"""What comes back as an object: models, models with extra properties, and open enums.

A field that was left out reads as None, as one that came as null does. Where a model can be sent, null goes back as
null, and what was left out stays out.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from functools import cache
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Self,
    TypeAlias,
    TypeGuard,
    TypeVar,
    cast,
    dataclass_transform,
    get_type_hints,
)

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ABSENT: Final[Any] = msgspec.UNSET
"""The default of a field in which null and absent are told apart: it reads as None, and is not sent."""
EXTRA_PROPERTIES: Final[Any] = object()
"""The default of the attribute that holds extra properties: an empty dict of its own for each object."""
_REQUIRED: Final = msgspec.NODEFAULT
T = TypeVar("T")


class ModelMethods:
    """What every model can do; a field of the document that has one of these names takes its place."""

    __slots__ = ()

    @property
    def extra_fields(self) -> dict[str, Any]:
        """The fields that the server sent and its document does not list, by their names on the wire."""
        return kept_by(cast("Model", self))

    def to_dict(self, *, wire: bool = True) -> dict[str, Any]:
        """Return the model as a dict, without the fields that are not there.

        Args:
            wire: with the names and values of JSON, as `json.dumps` takes them; else with the names and values of
                Python, such as datetimes.
        """
        from .json import by_name, plain  # noqa: PLC0415  # it needs the models

        return cast("dict[str, Any]", plain(self) if wire else by_name(self))

    def to_json(self) -> str:
        """Return the model as a text of JSON, as it is sent."""
        from .json import encode  # noqa: PLC0415  # it needs the models

        return encode(self).decode()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make a model of a dict as JSON has it, such as `to_dict` gives; fields that it does not know are kept.

        Args:
            data: the fields by their names on the wire.

        Raises:
            ValueError: a field is missing, or is of another type.
        """
        from .json import read_dict  # noqa: PLC0415  # it needs the models

        return read_dict(data, cls)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Make a model of a text of JSON, such as `to_json` gives; fields that it does not know are kept.

        Args:
            text: the JSON.

        Raises:
            ValueError: it is not JSON, or a field is missing or of another type.
        """
        from .json import read_json  # noqa: PLC0415  # it needs the models

        return read_json(text, cls)

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401  # as the fields are
        """Return a copy with other values in some fields.

        Args:
            changes: the new values, by the names of the fields.

        Raises:
            TypeError: the model has no such field.
        """
        if isinstance(self, OpenModel):
            return cast("Self", changed(self, changes))
        model = cast("Model", self)
        return cast("Self", _carried(model, msgspec.structs.replace(model, **changes)))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:  # noqa: ANN401
        from .pydantic import core_schema_of  # noqa: PLC0415  # few programs use both

        return core_schema_of(cast("AnyModel", cls))

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> dict[str, Any]:
        from .pydantic import json_schema_of  # noqa: PLC0415  # few programs use both

        return json_schema_of(cls)


class Model(
    ModelMethods,
    Struct,
    kw_only=True,
    omit_defaults=True,
    repr_omit_defaults=True,
    forbid_unknown_fields=True,
    dict=True,
):
    """A JSON object with known fields; what a server sends beside them is kept, see `extra_fields`.

    Two are equal where the document's fields are: a server that begins to send another field changes nothing.
    """

    def __copy__(self) -> Self:
        return _carried(self, msgspec.structs.replace(self))

    def __reduce__(self) -> Any:  # noqa: ANN401  # as pickle has it
        plain: Any = super().__reduce__()
        extra, missing = kept_by(self), missing_in(self)
        return (_restored, (plain, extra, missing)) if extra or missing else plain

    def __repr__(self) -> str:
        shown = super().__repr__()
        extra = kept_by(self)
        comma = "" if shown.endswith("()") else ", "
        return f"{shown[:-1]}{comma}extra_fields={extra!r})" if extra else shown


_EXTRA: Final = "_extra_fields"
_MISSING: Final = "_missing_fields"


class _Seen:
    """What this process has ever seen; what it has not, nobody looks for.

    Attributes:
        any: a field that no document lists.
        missing: an object without a field that must be there.
        numbers: a model with decimals that are numbers.
    """

    __slots__ = ("any", "missing", "numbers")

    def __init__(self) -> None:
        self.any = False
        self.missing = False
        self.numbers = False


_SEEN: Final = _Seen()


def keep_extra(models: Iterable[Model], extras: Iterable[Mapping[str, Any]]) -> None:
    """Put fields beside those of models.

    Args:
        models: the models.
        extras: what to put beside each of them, by names on the wire.
    """
    _SEEN.any = True
    for model, extra in zip(models, extras, strict=True):
        vars(model)[_EXTRA] = extra


def are_extra_fields_kept() -> bool:
    """Whether any model of this process may keep fields beside its own."""
    return _SEEN.any


def kept_by(model: Model | OpenModel) -> dict[str, Any]:
    """Return the fields that a model keeps beside its own, by their names on the wire."""
    if isinstance(model, OpenModel):
        return dict(model.__dict__[model._extra])  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    kept: dict[str, Any] = model.__dict__.get(_EXTRA, {})
    return dict(kept)


def note_missing(model: Model | OpenModel, names: Iterable[str]) -> None:
    """Note fields that must be there, and which a server left out: they read as None, and are not sent as null.

    Args:
        model: the model.
        names: their names on the wire.
    """
    missing = frozenset(names)
    if missing:
        _SEEN.missing = True
        vars(model)[_MISSING] = missing


def are_fields_missing() -> bool:
    """Whether any model of this process may lack fields that must be there."""
    return _SEEN.missing


def missing_in(model: Model | OpenModel) -> frozenset[str]:
    """Return the fields that must be there, and which a server left out, by their names on the wire."""
    missing: frozenset[str] = model.__dict__.get(_MISSING, frozenset())
    return missing


Other = TypeVar("Other", bound="Model")


def _carried(model: Model, other: Other) -> Other:
    extra = kept_by(model)
    if extra:
        keep_extra([other], [extra])
    note_missing(other, missing_in(model))
    return other


def _restored(
    plain: tuple[Any, tuple[Any, ...]], extra: Mapping[str, Any], missing: frozenset[str] = frozenset()
) -> Model:
    make, arguments, *_ = plain
    model: Model = make(*arguments)
    if extra:
        keep_extra([model], [extra])
    note_missing(model, missing)
    return model


def fixed(value: T, name: str | None = None) -> T:
    """Return the right side of a field that always has the same value, which is sent whether it was said or not.

    Args:
        value: the value.
        name: the field's name on the wire, where it is another.
    """
    # A default that is made anew is not left out of what is sent.
    return msgspec.field(default_factory=lambda: value, name=name)


def every_model() -> list[type[Model]]:
    """Return the models that have been imported, each behind those that it needs."""
    return Model.__subclasses__()


M = TypeVar("M", bound="type[Model]")


def keeps_null(model: M) -> M:
    """Make fields whose default is `ABSENT` read as None where they are absent; msgspec itself tells them apart."""
    for attribute in model.__struct_fields__:
        member = model.__dict__.get(attribute)
        if member is not None and ABSENT in _default_of(model, attribute):
            setattr(model, attribute, _shown_as_none(member))
    return model


AnyKind = TypeVar("AnyKind", bound="type[ModelMethods]")
_READ_ONLY: Final = "_read_only"
_NUMBERS: Final = "_decimal_numbers"
_EXTRA_NUMBERS: Final = "_extra_decimal_numbers"


def _noted(word: str, names: tuple[str, ...]) -> Callable[[AnyKind], AnyKind]:
    """Return a decorator that keeps the names of some fields with a model, under a word of its own."""

    def noted(model: AnyKind) -> AnyKind:
        setattr(model, word, frozenset(names))
        return model

    return noted


def _noted_of(word: str, kind: type[ModelMethods]) -> frozenset[str]:
    found: frozenset[str] = getattr(kind, word, frozenset())
    return found


def read_only(*names: str) -> Callable[[AnyKind], AnyKind]:
    """Name the fields of a model that come back and are never sent.

    Args:
        names: their names on the wire.
    """
    return _noted(_READ_ONLY, names)


def read_only_of(kind: type[ModelMethods]) -> frozenset[str]:
    """Return the fields of a model that are never sent, by their names on the wire."""
    return _noted_of(_READ_ONLY, kind)


NUMBERS: Final[Any] = object()
"""In the place of a type: the decimals in such a value are numbers of JSON."""


def decimal_numbers(*names: str, extra: bool = False) -> Callable[[AnyKind], AnyKind]:
    """Name the fields of a model whose decimals are numbers of JSON; all other decimals are strings there.

    Args:
        names: their names on the wire.
        extra: whether its extra properties are such ones as well.
    """
    _SEEN.numbers = True

    def noted(model: AnyKind) -> AnyKind:
        setattr(model, _EXTRA_NUMBERS, extra)
        return _noted(_NUMBERS, names)(model)

    return noted


def numbers_of(kind: type[ModelMethods]) -> frozenset[str]:
    """Return the fields of a model whose decimals are numbers of JSON, by their names on the wire."""
    return _noted_of(_NUMBERS, kind)


def has_extra_numbers(kind: type[ModelMethods]) -> bool:
    """Whether decimals are numbers of JSON in the extra properties of a model."""
    return bool(getattr(kind, _EXTRA_NUMBERS, False))


def are_decimals_numbers() -> bool:
    """Whether any model of this process may have decimals that are numbers of JSON."""
    return _SEEN.numbers


def _default_of(model: type[Model], attribute: str) -> tuple[object, ...]:
    """Return the default of a field, empty where it has none; msgspec lists those of the last fields only."""
    place = model.__struct_fields__.index(attribute) - len(model.__struct_fields__)
    defaults = model.__struct_defaults__
    return (defaults[place],) if -place <= len(defaults) else ()


def _shown_as_none(member: Any) -> property:  # noqa: ANN401  # Python has no public type of a slot
    read = member.__get__

    def get(model: Model) -> object:
        value = read(model)
        return None if value is ABSENT else value

    return property(get, member.__set__)


class _Known(Struct, frozen=True):
    """A known field of an open model.

    Args:
        wire: its name on the wire.
        required: whether it must be there.
        keeps_null: whether null is sent, rather than taken for absent.
        constant: the value that it always has; None where there is no such value.
    """

    wire: str
    required: bool
    keeps_null: bool
    constant: Any = None


@dataclass_transform(kw_only_default=True, field_specifiers=(msgspec.field,))
class OpenModel(ModelMethods):  # noqa: PLW1641  # it can be changed, as every model can, so it has no hash
    """A JSON object with known fields, and further ones in a dict of their own, whose default is `EXTRA_PROPERTIES`.

    msgspec drops what a Struct does not know, so this is none; the codec decodes and encodes it.
    """

    _known: ClassVar[dict[str, _Known]] = {}
    _extra: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        known: dict[str, _Known] = {}
        for name in cls.__annotations__:
            given: Any = cls.__dict__.get(name, _REQUIRED)
            renamed = isinstance(given, _FIELD)
            default: Any = given.default if renamed else given
            if default is EXTRA_PROPERTIES:
                cls._extra = name
            else:
                wire: str = (given.name if renamed else None) or name
                constant = _constant_of(given) if renamed else None
                known[name] = _Known(wire, default is _REQUIRED and constant is None, default is ABSENT, constant)
            if default is not _REQUIRED and default is not EXTRA_PROPERTIES:
                setattr(cls, name, None)
            elif name in vars(ModelMethods):
                # What stands in the object is looked up behind a property of its class.
                setattr(cls, name, None)
            elif name in cls.__dict__:
                delattr(cls, name)
        cls._known = known

    def __init__(self, **given: Any) -> None:  # noqa: ANN401  # type checkers see the fields
        extra = given.pop(self._extra, None)
        unknown = sorted(given.keys() - self._known.keys())
        missing = [name for name, known in self._known.items() if known.required and name not in given]
        if unknown or missing:
            problem = f"missing {', '.join(missing)}" if missing else f"unexpected {', '.join(unknown)}"
            raise TypeError(f"{type(self).__name__}: {problem}")
        constants = {name: known.constant for name, known in self._known.items() if known.constant is not None}
        values = {**constants, **given}
        self.__dict__.update({name: values[name] for name in self._known if name in values})
        self.__dict__[self._extra] = dict(extra or {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OpenModel) and type(self) is type(other) and _given(self) == _given(other)

    def __repr__(self) -> str:
        return _shown(self, (*self._known, self._extra))


_FIELD: Final[Any] = type(msgspec.field(default=None))


def _constant_of(field: Any) -> Any:  # noqa: ANN401  # msgspec has no public type of a field
    """Return the value that a field always has; None where there is no such value."""
    return None if field.default_factory is msgspec.NODEFAULT else field.default_factory()


AnyModel: TypeAlias = type[Model] | type[OpenModel]


def _shown(model: object, names: tuple[str, ...]) -> str:
    return f"{type(model).__name__}({', '.join(f'{name}={getattr(model, name)!r}' for name in names)})"


def sent(model: OpenModel) -> dict[str, object]:
    """Return an open model's fields by their names on the wire, the known ones first, without those left out."""
    missing = missing_in(model)
    return {name: value for name, value in _given(model).items() if value is not None or name not in missing}


def _given(model: OpenModel) -> dict[str, object]:
    """Return the fields like `sent`, with those that must be there."""
    given = model.__dict__
    fields = {
        known.wire: given[name]
        for name, known in model._known.items()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        if name in given and (given[name] is not None or known.required or known.keeps_null)
    }
    extra: dict[str, object] = given[model._extra]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return {**fields, **{name: value for name, value in extra.items() if name not in fields}}


def changed(model: OpenModel, changes: Mapping[str, object]) -> OpenModel:
    """Return a copy of an open model with other values in some fields."""
    fields = {name: value for name, value in model.__dict__.items() if name != _MISSING}
    extra = fields[model._extra]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    merged = {**fields, model._extra: dict(extra), **changes}  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    other = type(model)(**merged)
    note_missing(other, missing_in(model))
    return other


def is_model(kind: object) -> TypeGuard[AnyModel]:
    """Whether a type is a class of models."""
    return isinstance(kind, type) and issubclass(kind, (Model, OpenModel))


def struct_of(kind: AnyModel) -> type[msgspec.Struct]:
    """Return the class that msgspec decodes known fields into: the model itself, or one made for an open model."""
    return kind if issubclass(kind, Model) else _parts_of(kind).struct


def extra_of(kind: type[OpenModel]) -> tuple[str, Any]:
    """Return the attribute that holds an open model's extra properties, and the type of the dict in it."""
    parts = _parts_of(kind)
    return parts.attribute, parts.extra


class _Parts(Struct, frozen=True):
    """An open model for the decoder: its known fields, and the attribute and type of the others."""

    struct: type[msgspec.Struct]
    attribute: str
    extra: Any


def _parts_of(kind: Any) -> _Parts:  # noqa: ANN401  # a class with `__eq__` is not hashable to mypy
    return _parts(kind)


@cache
def _parts(kind: type[OpenModel]) -> _Parts:
    hints = get_type_hints(kind)
    known = kind._known  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    attribute = kind._extra  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    fields = [
        (name, hints[name]) if field.required else (name, hints[name], _parts_default(field))
        for name, field in known.items()
    ]
    rename = {name: field.wire for name, field in known.items()}
    return _Parts(msgspec.defstruct(kind.__name__, fields, kw_only=True, rename=rename), attribute, hints[attribute])


def _parts_default(known: _Known) -> Any:  # noqa: ANN401  # a default, or msgspec's word for one
    return msgspec.UNSET if known.constant is None else fixed(known.constant)


class OpenStrEnum(StrEnum):
    """An enum that accepts values which the document does not list: servers learn new ones before clients do."""

    @classmethod
    def _missing_(cls, value: object) -> OpenStrEnum | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member


class OpenIntEnum(IntEnum):
    """Like `OpenStrEnum`, of integers."""

    @classmethod
    def _missing_(cls, value: object) -> OpenIntEnum | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        member = int.__new__(cls, value)
        member._name_ = str(value)
        member._value_ = value
        return member
