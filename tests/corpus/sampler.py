"""Values made up from raw schemas: seeded, deterministic, and checked by an independent validator."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal, TypeAlias

from tests.corpus.opening import RARELY, Opener, UnsatisfiableError, laid_flat, values_of
from tests.corpus.patterns import matching
from tests.corpus.raw import Json, View
from tests.corpus.strings import at_least_of, at_most_of, make_string, matches, number_of
from tests.corpus.validity import Direction, Validity

__all__ = ["Fill", "Sample", "Sampler", "UnsatisfiableError", "Wish"]

Fill: TypeAlias = Literal["all", "required", "some"]
"""Every property, the required ones alone, or some of them."""

DEEP: Final = 6
"""From this depth on, only what is required."""
TOO_DEEP: Final = 24
MANY_NODES: Final = 250
"""From this size on, only what is required."""
TOO_MANY_NODES: Final = 4000
TRIES: Final = 10

_WORDS_OF_KINDS: Final = {
    "object": ("properties", "additionalProperties", "required", "patternProperties", "minProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
    "string": ("pattern", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"),
}
_REPAIRS: Final = {"int": "integer", "float": "number", "bool": "boolean", "str": "string", "file": "string"}


class _TooBigError(UnsatisfiableError):
    """The value grew beyond all bounds: no other choice nearby will help."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a value is to be.

    Args:
        direction: whether it is sent or comes back: one lacks what is read-only, the other what is write-only.
        fill: how many of its properties.
        place: where its strings travel; a key of `strings.TEXTS`.
        flat: whether it must be readable from a parameter: no null, nothing empty, nothing nested.
        nested: whether objects inside a flat value may hold others, as in `deepObject`.
        fields: whether it is a form, each of whose fields must be readable as it is.
        solid: whether it must not be null itself.
    """

    direction: Direction
    fill: Fill = "all"
    place: str = "json"
    flat: bool = False
    nested: bool = False
    fields: bool = False
    solid: bool = False

    def shows(self, depth: int, value: Json) -> bool:
        """Whether a value at a depth can be told from nothing: what is empty cannot in parameters and forms."""
        if depth == 0:
            return value is not None or not (self.solid or self.flat)
        return value not in (None, [], "", {}) or not (self.flat or (self.fields and depth == 1))

    def is_readable(self, depth: int) -> bool:
        """Whether a list or an object has a spelling at a depth."""
        return not self.flat or depth == 0 or self.nested

    def wants_something(self, depth: int) -> bool:
        """Whether a list or an object at a depth must not be empty."""
        return (self.flat and depth < 2) or (self.fields and depth == 1)


@dataclass(frozen=True, slots=True)
class Sample:
    """A value, and what was let go to find it.

    Args:
        value: the value.
        relaxed: the demand that no value could meet; empty where every demand is met.
        undescribed: properties in it that are required and described nowhere.
    """

    value: Json
    relaxed: str = ""
    undescribed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sampler:
    """Makes up valid values.

    Args:
        version: the document's version.
        validity: checks them.
        seed: what all chance comes from.
    """

    version: str
    validity: Validity
    seed: str = "samekey"

    def sample(self, schema: View, wish: Wish, salt: str) -> Sample:
        """A value that a schema allows.

        Args:
            schema: the schema.
            wish: how the value is to be.
            salt: what tells this value from others of the same schema.

        Raises:
            UnsatisfiableError: none was found.
        """
        problem, second = "", None
        for attempt in range(TRIES):
            fill = wish.fill if attempt < TRIES // 2 else _OTHER_FILLS[attempt % len(_OTHER_FILLS)]
            random = Random(f"{self.seed} {salt} {attempt}")  # noqa: S311  # no secret
            making = _Making(Opener(self.version, random, null=fill == "some" and not wish.flat), wish, fill)
            try:
                value = making.value((schema,), 0)
            except (UnsatisfiableError, RecursionError) as error:
                problem = problem or str(error)
                continue
            undescribed = frozenset(making.undescribed)
            problem = self.validity.problem(schema, value, hidden=making.hidden)
            if not problem:
                return Sample(value, "", undescribed)
            if second is None and not self.validity.problem(schema, value, hidden=making.hidden, relaxed=True):
                second = Sample(value, problem, undescribed)
        if second is not None:
            return second
        raise UnsatisfiableError(problem)


_OTHER_FILLS: Final[tuple[Fill, ...]] = ("required", "some", "all")


@dataclass(slots=True)
class _Making:
    """One value in the making.

    Args:
        opener: opens its schemas.
        wish: how it is to be.
        fill: how many properties it gets.
        nodes: how many values it holds so far.
        hidden: properties that were left out, being for the other direction.
        undescribed: properties that are required and described nowhere.
    """

    opener: Opener
    wish: Wish
    fill: Fill
    nodes: int = 0
    hidden: set[str] = field(default_factory=set[str])
    undescribed: set[str] = field(default_factory=set[str])

    @property
    def random(self) -> Random:
        return self.opener.random

    def value(self, schemas: Iterable[View], depth: int) -> Json:
        """A value that all of these schemas are likely to allow."""
        self.nodes += 1
        if self.nodes > TOO_MANY_NODES:
            raise _TooBigError("the value grows without end")
        if depth > TOO_DEEP:
            raise UnsatisfiableError("the schema has no end")
        given = list(schemas)
        problem: UnsatisfiableError | None = None
        for _ in range(3 if depth <= DEEP else 1):
            try:
                value = self._of(self.opener.opened(given), depth)
            except _TooBigError:
                raise
            except UnsatisfiableError as error:
                problem = error
                continue
            if self.wish.shows(depth, value):
                return value
        raise problem or UnsatisfiableError("nothing has no spelling here")

    def _of(self, parts: list[View], depth: int) -> Json:
        listed = self._allowed_values(parts)
        if listed is not None:
            return self.random.choice(listed)
        kind = self.random.choice(self._kinds(parts))
        makers: dict[str, Callable[[], Json]] = {
            "null": lambda: None,
            "boolean": lambda: self.random.choice([True, False]),
            "object": lambda: self._object(parts, depth),
            "array": lambda: self._array(parts, depth),
            "integer": lambda: _whole_number(parts, self.random),
            "number": lambda: _number(parts, self.random),
        }
        make = makers.get(kind)
        if make is None:
            return make_string(parts, self.wish.place, self.random, int(self.wish.flat))
        return make()

    def _allowed_values(self, parts: list[View]) -> list[Json] | None:
        allowed: list[Json] | None = None
        for part in parts:
            values = values_of(part)
            # Beside `type: array` an enum is meant for the items.
            if values is not None and part.fields.get("type") != "array":
                kinds = self._own_kinds(part)
                fitting = [value for value in values if not kinds or _kinds_of(value) & kinds]
                allowed = fitting if allowed is None else [value for value in allowed if value in fitting]
        if allowed is None:
            return None
        if self.fill != "some" or self.wish.flat:
            allowed = [value for value in allowed if value is not None] or allowed
        if not allowed:
            raise UnsatisfiableError("no value is left of an enum")
        return allowed

    def _own_kinds(self, part: View) -> set[str]:
        stated = part.fields.get("type")
        names = stated if isinstance(stated, list) else [stated]
        kinds = {_REPAIRS.get(name, name) for name in names if isinstance(name, str)}
        if kinds and self.opener.version == "3.0" and part.flag("nullable"):
            kinds.add("null")
        return kinds | ({"integer"} if "number" in kinds else set[str]())

    def _kinds(self, parts: list[View]) -> list[str]:
        stated = [kinds for part in parts if (kinds := self._own_kinds(part))]
        if not stated:
            words = {word for part in parts for word in part.fields}
            implied = [kind for kind, signs in _WORDS_OF_KINDS.items() if words.intersection(signs)]
            return implied[:1] or ["string"]
        allowed = set[str].intersection(*stated)
        if not allowed:
            raise UnsatisfiableError("types that exclude each other hold at once")
        concrete = sorted(allowed - {"null"} - ({"integer"} if "number" in allowed else set[str]()))
        if concrete and "null" in allowed and self.opener.null and self.random.random() < RARELY:
            return ["null"]
        return concrete or ["null"]

    # Objects

    def _object(self, parts: list[View], depth: int) -> Json:
        if not self.wish.is_readable(depth):
            raise UnsatisfiableError("an object inside a parameter has no spelling")
        properties: dict[str, list[View]] = {}
        for part in parts:
            for name, schema in part.child("properties").items():
                properties.setdefault(name, []).append(schema)
        required = [name for part in parts for name in _strings(part.fields.get("required"))]
        most = at_least_of(parts, "maxProperties")
        made: dict[str, Json] = {}
        for name in dict.fromkeys([*required, *properties]):
            schemas = properties.get(name) or self._extra(parts, name)
            if not schemas:
                self.undescribed.add(name)
            if self._is_for_the_other(schemas):
                self.hidden.add(name)
            elif name in required:
                made[name] = self.value(schemas, depth + 1)
            elif len(made) < most and self._is_wanted(depth):
                self._add(made, name, schemas, depth)
        self._add_extra(made, parts, properties, depth)
        # As the document has it, for those who read what was made up.
        return {name: made[name] for name in [*properties, *made] if name in made}

    def _add(self, made: dict[str, Json], name: str, schemas: list[View], depth: int) -> None:
        """Add a property that may as well be left out."""
        try:
            made[name] = self.value(schemas, depth + 1)
        except _TooBigError:
            raise
        except UnsatisfiableError:
            pass

    def _add_extra(
        self, made: dict[str, Json], parts: list[View], properties: dict[str, list[View]], depth: int
    ) -> None:
        """Properties beyond the listed ones, and as many as there must be."""
        least, most = at_most_of(parts, "minProperties"), at_least_of(parts, "maxProperties")
        least = max(least, 1) if self.wish.wants_something(depth) else least
        for name, schemas in properties.items():
            if len(made) < least and name not in made and name not in self.hidden:
                self._add(made, name, schemas, depth)
        for name in self._extra_names(parts, least - len(made), empty=not properties, depth=depth):
            if name not in made and len(made) < most:
                made[name] = self.value(self._extra(parts, name), depth + 1)

    def _is_wanted(self, depth: int) -> bool:
        if depth >= DEEP or self.nodes > MANY_NODES or self.fill == "required":
            return False
        return self.fill == "all" or self.random.random() < 0.5

    def _is_for_the_other(self, schemas: list[View]) -> bool:
        word = "readOnly" if self.wish.direction == "request" else "writeOnly"
        return any(part.flag(word) for schema in schemas for part in (schema, *laid_flat(schema)))

    def _extra(self, parts: list[View], name: str) -> list[View]:
        """The schemas of a property that is not listed."""
        found: list[View] = []
        for part in parts:
            patterns = part.child("patternProperties").items()
            fitting = [schema for pattern, schema in patterns if matches(pattern, name)]
            found += fitting
            extra = part.fields.get("additionalProperties")
            if not fitting and isinstance(extra, dict) and name not in part.child("properties").fields:
                found.append(part.child("additionalProperties"))
        return found

    def _extra_names(self, parts: list[View], missing: int, *, empty: bool, depth: int) -> Iterator[str]:
        """Names beyond the listed ones, where the document speaks of such."""
        extras = [part.fields["additionalProperties"] for part in parts if "additionalProperties" in part.fields]
        patterns = [pattern for part in parts for pattern, _ in part.child("patternProperties").items()]
        is_open = bool(extras) and False not in extras
        if not (is_open or patterns or empty) or (False in extras and not patterns):
            return
        usual = 0 if self.fill == "required" or depth >= DEEP or self.nodes > MANY_NODES else 1 + empty
        shape = next((part.child("propertyNames") for part in parts if "propertyNames" in part.fields), None)
        for index in range(max(missing, usual)):
            if patterns and not is_open:
                yield matching(self.random.choice(patterns), self.random, index) or f"key{index}"
            elif shape is not None:
                yield str(self.value((shape.made({"type": "string"}), shape), depth + 1))
            else:
                yield f"key{index}" if index else "extra-key"

    # Arrays

    def _array(self, parts: list[View], depth: int) -> Json:
        if not self.wish.is_readable(depth):
            raise UnsatisfiableError("an array inside a parameter has no spelling")
        words = [part.child("prefixItems") for part in parts if "prefixItems" in part.fields]
        prefix = list(words[0].elements()) if words else []
        items = [part.child("items") for part in parts if "items" in part.fields]
        least = max(at_most_of(parts, "minItems"), len(prefix), int(self.wish.wants_something(depth)))
        count = max(least, min(at_least_of(parts, "maxItems"), self._usual_length(depth) if items else 0))
        unique = any(part.flag("uniqueItems") for part in parts)
        made: list[Json] = []
        for _ in range(count * (8 if unique else 1)):
            if len(made) == count:
                break
            schemas = [prefix[len(made)]] if len(made) < len(prefix) else items
            try:
                value = self.value(schemas, depth + 1)
            except _TooBigError:
                raise
            except UnsatisfiableError:
                if len(made) < least:
                    raise
                break
            if not unique or _spelled(value) not in map(_spelled, made):
                made.append(value)
        return made

    def _usual_length(self, depth: int) -> int:
        if self.fill == "required" or depth >= DEEP or self.nodes > MANY_NODES:
            return 0
        return self.random.randint(1, 2)


def _whole_number(parts: list[View], random: Random) -> Json:
    low, high, step = _range(parts, 1)
    if "int64" in {part.text("format") for part in parts} and math.isinf(_range_end(parts)):
        high = low + 2**40
    if step and step == int(step):
        return int(step) * _between(math.ceil(low / step), math.floor(high / step), random)
    return _between(math.ceil(low), math.floor(high), random)


def _number(parts: list[View], random: Random) -> Json:
    low, high, step = _range(parts, 0.25)
    if step:
        return round(step * _between(math.ceil(low / step), math.floor(high / step), random), 9)
    value = random.choice([low, high, (low + high) / 2, math.floor((low + high) / 2) + 0.25])
    value = min(max(value, low), high)
    return int(value) if value == int(value) and random.random() < 0.5 else float(value)


def _between(first: int, last: int, random: Random) -> int:
    if first > last:
        raise UnsatisfiableError(f"no number is at least {first} and at most {last}")
    return random.randint(first, last)


def _range(parts: list[View], margin: float) -> tuple[float, float, float]:
    """The least and the greatest number that schemas allow, and the step between; a margin keeps off excluded ends."""
    low = max((_bound(part, "minimum", "exclusiveMinimum", margin) for part in parts), default=-math.inf)
    high = _range_end(parts, margin)
    steps = [number_of(part.fields.get("multipleOf")) or 0.0 for part in parts]
    if math.isinf(low):
        low = 0 if high >= 0 else high - 100
    if math.isinf(high):
        high = low + 10_000
    if low > high:
        raise UnsatisfiableError(f"no number is at least {low} and at most {high}")
    return low, high, max(steps, default=0.0)


def _range_end(parts: list[View], margin: float = 0) -> float:
    return min((-_bound(part, "maximum", "exclusiveMaximum", margin, -1) for part in parts), default=math.inf)


def _bound(part: View, word: str, exclusive: str, margin: float, sign: int = 1) -> float:
    """The lower bound that a part sets; with a negative sign, the negative of its upper bound."""
    inclusive, strict = number_of(part.fields.get(word)), part.fields.get(exclusive)
    bounds = [-math.inf]
    if inclusive is not None:
        # In OpenAPI 3.0 the exclusive word is a flag, from 3.1 on a number.
        bounds.append(sign * inclusive + (margin if strict is True else 0))
    number = number_of(strict)
    if number is not None:
        bounds.append(sign * number + margin)
    return max(bounds)


def _kinds_of(value: Json) -> set[str]:
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, int):
        return {"integer", "number"}
    found = next((word for kind, word in _KINDS if isinstance(value, kind)), "null")
    return {found}


_KINDS: Final = ((float, "number"), (str, "string"), (list, "array"), (dict, "object"))


def _strings(value: Json) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _spelled(value: Json) -> str:
    return json.dumps(value, sort_keys=True)
