"""Whether a value is what a schema allows: told by an independent validator, never by samekey."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast
from urllib.parse import quote

import jsonschema.validators
import referencing
import referencing.exceptions
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import UnknownType, ValidationError
from openapi_schema_validator import OAS30Validator, OAS31Validator, OAS32Validator

from tests.corpus.patterns import python_pattern
from tests.corpus.raw import Json, UnresolvableError, View

Direction: TypeAlias = Literal["request", "response"]

_VALIDATORS: dict[str, Any] = {"2": OAS30Validator, "3.0": OAS30Validator, "3.1": OAS31Validator, "3.2": OAS32Validator}
_PLAIN = cast("dict[str, Any]", Draft202012Validator.VALIDATORS)
_FORMATS = FormatChecker(["date-time", "date", "uuid", "email", "ipv4", "ipv6"])


@dataclass(frozen=True, slots=True)
class Validity:
    """Checks values against the schemas of a document.

    Args:
        version: the document's version, as `raw.version_of` gives it.
        root: the document.
    """

    version: str
    root: View
    _classes: dict[tuple[bool, frozenset[str]], Any] = field(default_factory=dict[tuple[bool, frozenset[str]], Any])
    _registry: list[Any] = field(default_factory=list[Any])

    def problem(
        self, schema: View, value: Json, *, hidden: AbstractSet[str] = frozenset(), relaxed: bool = False
    ) -> str:
        """What is wrong with a value; empty where nothing is.

        Args:
            schema: the schema.
            value: the value.
            hidden: properties that are required and yet cannot stand here, being for the other direction.
            relaxed: let go what documents often ask in vain: that only one variant of a `oneOf` matches, that an
                `allOf` with `additionalProperties: false` knows its neighbours' properties, patterns without a match.
        """
        if schema.pointer is None:
            spelled: Json = schema.value
        else:
            spelled = {"$ref": f"{schema.uri}#{quote(schema.pointer, safe='/~')}"}
        checker = self._class(hidden=frozenset(hidden), relaxed=relaxed)(
            spelled, registry=self._resources(), format_checker=_FORMATS
        )
        try:
            found = next(iter(checker.iter_errors(value)), None)
        except referencing.exceptions.Unresolvable as error:
            return f"a reference cannot be resolved: {error.ref}"
        except RecursionError:
            return "the schema has no end"
        except (UnknownType, TypeError, ValueError, AttributeError):
            # What is not a JSON schema, nobody can judge.
            return ""
        return "" if found is None else _explained(found)

    def _resources(self) -> Any:  # noqa: ANN401  # the registry's types are generic over schemas
        if not self._registry:
            make: Any = (
                referencing.Registry
            )  # its arguments are attrs', which type checkers see only with attrs at hand
            self._registry.append(make(retrieve=self._retrieve))
        return self._registry[0]

    def _retrieve(self, uri: str) -> Any:  # noqa: ANN401
        try:
            value = self.root.files.value(uri)
        except UnresolvableError as error:
            raise LookupError(uri) from error
        make: Any = referencing.Resource
        return make(contents=value, specification=referencing.Specification.OPAQUE)

    def _class(self, *, hidden: frozenset[str], relaxed: bool) -> Any:  # noqa: ANN401
        key = (relaxed, hidden)
        if key not in self._classes:
            words = {
                "required": _required(hidden),
                "pattern": _no_pattern if relaxed else _pattern,
                "oneOf": _PLAIN["anyOf" if relaxed else "oneOf"],
                "additionalProperties": _extra if relaxed else _PLAIN["additionalProperties"],
                # The library's own follow discriminators, for a parent of an allOf without end.
                "anyOf": _PLAIN["anyOf"],
                "allOf": _PLAIN["allOf"],
            }
            make: Any = cast("Any", jsonschema.validators).extend
            self._classes[key] = make(_VALIDATORS[self.version], words)
        return self._classes[key]


def _required(hidden: frozenset[str]) -> Any:  # noqa: ANN401  # a keyword of jsonschema
    def check(validator: Any, names: Any, instance: Any, _: Any) -> Iterator[ValidationError]:  # noqa: ANN401
        if validator.is_type(instance, "object") and isinstance(names, list):
            for name in cast("list[str]", names):
                if name not in instance and name not in hidden:
                    yield ValidationError(f"{name!r} is a required property")

    return check


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:  # noqa: ANN401
    if isinstance(instance, str):
        compiled = python_pattern(pattern)
        if compiled is not None and compiled.search(instance) is None:
            yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _no_pattern(*_: Any) -> Iterator[ValidationError]:  # noqa: ANN401
    yield from ()


def _extra(validator: Any, extra: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:  # noqa: ANN401
    if extra is not False:
        yield from _PLAIN["additionalProperties"](validator, extra, instance, schema)


def _explained(error: ValidationError) -> str:
    # Of a union, the branch that came nearest tells the most.
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    place = "/".join(str(token) for token in error.absolute_path)
    return f"{place}: {error.message}" if place else error.message
