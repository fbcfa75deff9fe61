"""Whether a value is what a schema of the document allows: told by jsonschema, with OpenAPI's dialects."""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, cast

import jsonschema.exceptions
import jsonschema.validators
import openapi_schema_validator
from jsonschema.exceptions import UnknownType, relevance
from referencing.exceptions import Unresolvable

from samekey.sandbox.api.complaints import complaint_of
from samekey.sandbox.api.patterns import matches
from samekey.sandbox.api.resolver import Resolver, resolver_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from samekey.document.node import Node
    from samekey.document.values import JsonValue
    from samekey.sandbox.api.complaints import Complaint

# Validators are classes made at run time, which cannot be typed.
_DIALECTS = cast("Any", openapi_schema_validator)
_VALIDATORS = cast("Any", jsonschema.validators)
_ERRORS = cast("Any", jsonschema.exceptions)
_JUDGED: ContextVar[dict[tuple[int, int], list[tuple[str, tuple[str | int, ...]]] | None]] = ContextVar("judged")
"""What has been said against parts of the value that is judged, by reference and part; None while it is being said."""
_REFUSES_NULL = ("type", "enum", "const", "$ref", "allOf", "anyOf", "oneOf")
_ALLOW_NULL = ("nullable", "x-nullable")
ANNOTATIONS: Final = frozenset(
    {
        *("title", "description", "summary", "example", "examples", "default", "$comment", "externalDocs", "xml"),
        *("deprecated", "readOnly", "writeOnly"),
    }
)
"""Words of a schema that say nothing of the values that it allows."""
_OF_LENGTH: Final = ANNOTATIONS | {"type", "minLength", "maxLength", "nullable"}
_MOST = 5
_REMEMBERED = 20_000
_UNJUDGED = (Unresolvable, RecursionError, UnknownType, TypeError, ValueError, AttributeError, KeyError, re.error)
"""What jsonschema raises over a schema that is none."""


class Direction(StrEnum):
    """Which way a value goes: what is read-only need not come in, what is write-only need not go out."""

    REQUEST = "request"
    RESPONSE = "response"


class SchemaJudge:
    """Judges values by the schemas of a document.

    Args:
        root: the document.
    """

    def __init__(self, root: Node) -> None:
        version = root.text("openapi") or root.text("swagger")
        self._classes = {direction: _validator(version, direction) for direction in Direction}
        self._validators: dict[tuple[str, Direction], Any] = {}
        self._files: dict[str, Resolver] = {}
        self._by_length: dict[tuple[str, Direction, int], bool] = {}

    def complaints(self, schema: Node, value: JsonValue, direction: Direction) -> list[Complaint]:
        """Return what a schema has to say against a value; empty where the schema itself cannot be read."""
        if isinstance(value, str) and _says_nothing_of_letters(schema) and self.accepts(schema, value, direction):
            return []
        try:
            with _remembering():
                found = cast("Iterable[Any]", self._validator(schema, direction).iter_errors(value))
                errors = sorted(found, key=relevance)
        except _UNJUDGED:
            return []
        return [complaint_of(error) for error in reversed(errors[-_MOST:])]

    def accepts(self, schema: Node, value: JsonValue, direction: Direction) -> bool:
        """Whether a schema allows a value."""
        if not (isinstance(value, str) and _says_nothing_of_letters(schema)):
            return self._accepts(schema, value, direction)
        # Ids are new each time, and to such a schema each is as good as the one before.
        place = (schema.identity, direction, len(value))
        if place not in self._by_length:
            if len(self._by_length) >= _REMEMBERED:
                self._by_length.clear()
            self._by_length[place] = self._accepts(schema, value, direction)
        return self._by_length[place]

    def _accepts(self, schema: Node, value: JsonValue, direction: Direction) -> bool:
        try:
            with _remembering():
                return bool(self._validator(schema, direction).is_valid(value))
        except _UNJUDGED:
            return True

    def _validator(self, schema: Node, direction: Direction) -> Any:  # noqa: ANN401
        place = (schema.identity, direction)
        if place not in self._validators:
            kind = self._classes[direction]
            # What is nothing but a reference need not be followed anew for each value.
            meant = (schema.follow() if _is_a_reference_alone(schema) else None) or schema
            resolver = resolver_of(meant, self._files)
            self._validators[place] = kind(meant.value, format_checker=kind.FORMAT_CHECKER, _resolver=resolver)
        return self._validators[place]


def _validator(version: str, direction: Direction) -> Any:  # noqa: ANN401
    old = _DIALECTS.OAS30WriteValidator if direction is Direction.REQUEST else _DIALECTS.OAS30ReadValidator
    plain = _VALIDATORS.Draft202012Validator.VALIDATORS
    # The dialects' own unions follow discriminators, for a parent that lists its children without end.
    words = {word: plain[word] for word in ("allOf", "anyOf", "oneOf")}
    words |= {"required": old.VALIDATORS["required"], "$ref": _reference}
    words |= {"pattern": _pattern, "patternProperties": _pattern_properties}
    if version.startswith(("3.1", "3.2")):
        dialect = _DIALECTS.OAS31Validator if version.startswith("3.1") else _DIALECTS.OAS32Validator
    else:
        # What comes back is echoed and what is sent is ignored, so neither word refuses anything.
        dialect = old
        words |= {"readOnly": _anything, "writeOnly": _anything}
    known = {**dialect.VALIDATORS, **words}
    return _VALIDATORS.extend(
        dialect, {**words, **{word: _or_null(known[word]) for word in _REFUSES_NULL if word in known}}
    )


def _is_a_reference_alone(schema: Node) -> bool:
    return isinstance(schema.value, dict) and schema.value.keys() == {"$ref"}


def _says_nothing_of_letters(schema: Node) -> bool:
    """Whether all texts of the same length are the same to a schema."""
    return isinstance(schema.value, dict) and schema.value.keys() <= _OF_LENGTH


def _or_null(check: Any) -> Any:  # noqa: ANN401
    """Return a keyword that lets null pass where `nullable` allows it, in every version of OpenAPI, as SDKs do."""

    def checked(validator: Any, value: JsonValue, instance: JsonValue, schema: JsonValue) -> Iterator[Any]:  # noqa: ANN401
        if instance is not None or not isinstance(schema, dict) or True not in map(schema.get, _ALLOW_NULL):
            yield from check(validator, value, instance, schema) or ()

    return checked


@contextmanager
def _remembering() -> Generator[None]:
    """Judge one value while a block runs, each part of it once by each reference."""
    token = _JUDGED.set({})
    try:
        yield
    finally:
        _JUDGED.reset(token)


def _reference(validator: Any, reference: str, instance: JsonValue, schema: JsonValue) -> Iterator[Any]:  # noqa: ANN401
    """Yield what is wrong with a value by the schema that a reference leads to.

    Where many unions refer to each other, the same part of a value meets the same reference over and over again.

    Raises:
        RecursionError: the reference leads back to itself.
    """
    follow = _VALIDATORS.Draft202012Validator.VALIDATORS["$ref"]
    if not isinstance(instance, (dict, list)):
        yield from follow(validator, reference, instance, schema)
        return
    judged, place = _JUDGED.get(), (id(schema), id(instance))
    if place in judged:
        known = judged[place]
        if known is None:
            raise RecursionError(reference)
        yield from (_ERRORS.ValidationError(message, path=path) for message, path in known)
        return
    judged[place] = None
    errors = list(follow(validator, reference, instance, schema))
    judged[place] = [(error.message, tuple(error.relative_path)) for error in errors]
    yield from errors


def _pattern(validator: Any, pattern: JsonValue, instance: JsonValue, _: JsonValue) -> Iterator[Any]:  # noqa: ANN401
    """Yield what is wrong with a text by a pattern, which is asked for a moment only."""
    if validator.is_type(instance, "string") and not matches(str(pattern), str(instance)):
        yield _ERRORS.ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any,  # noqa: ANN401
    patterns: dict[str, JsonValue],
    instance: JsonValue,
    _: JsonValue,
) -> Iterator[Any]:
    """Yield what is wrong with properties by the schemas of the patterns that their names match."""
    for pattern, schema in patterns.items():
        for name, value in instance.items() if isinstance(instance, dict) else ():
            if matches(pattern, name):
                yield from validator.descend(value, schema, path=name, schema_path=pattern)


def _anything(*_: object) -> tuple[()]:
    return ()
