"""Plain values, as every text is read: JSON's alone, with string keys, and numbers that remember their spelling."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

if TYPE_CHECKING:
    from typing import Self

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

_MAX_DIGITS = 4000
"""Python reads no whole number of more than 4300 digits."""


class SpelledFloat(float):
    """A number that remembers how it is spelled: `version: 1.10` means version 1.10, not 1.1."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """Return the number that a text spells, with the text kept beside it."""
        number = super().__new__(cls, text)
        number.text = text
        return number


class Duplicate(Struct, frozen=True):
    """A key that stands twice in one mapping; `index` is where it stands again, None where nobody can tell."""

    key: str
    index: int | None


class Parsed(Struct, frozen=True):
    """What a text means."""

    value: JsonValue
    duplicates: tuple[Duplicate, ...] = ()


class SyntaxProblem(Struct, frozen=True):
    """Why a text means nothing, and at which of its characters."""

    message: str
    index: int


TOO_DEEP: Final = SyntaxProblem("it is nested too deeply", 0)


def spelling(value: JsonValue) -> str | None:
    """Return a scalar as the document spells it; None for a mapping or a sequence."""
    match value:
        case str():
            return value
        case SpelledFloat():
            return value.text
        case dict() | list():
            return None
        case _:
            return json.dumps(value)


def integer(text: str) -> int | str:
    """Return the whole number that a text spells; the text itself where it is too long for Python to read."""
    return int(text) if len(text) < _MAX_DIGITS else text


def real(text: str) -> float | str:
    """Return the number that a text spells; the text itself where the number is too large for a float."""
    value = SpelledFloat(text)
    return value if math.isfinite(value) else text


def value_inside(value: JsonValue, path: Sequence[str]) -> JsonValue:
    """Return what stands at a path of names in objects; None where nothing does."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def with_value(value: dict[str, JsonValue], path: Sequence[str], inner: JsonValue) -> dict[str, JsonValue]:
    """Return an object with something at a path of names, in objects that are made where there are none."""
    name, *rest = path
    if not rest:
        return {**value, name: inner}
    below = value.get(name)
    return {**value, name: with_value(below if isinstance(below, dict) else {}, rest, inner)}


def without_value(value: dict[str, JsonValue], path: Sequence[str]) -> dict[str, JsonValue]:
    """Return an object without what stands at a path of names."""
    name, *rest = path
    below = value.get(name)
    if not rest:
        return {known: entry for known, entry in value.items() if known != name}
    return {**value, name: without_value(below, rest)} if isinstance(below, dict) else value
