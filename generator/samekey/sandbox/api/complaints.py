"""What schemas say against a value, in sentences for people: of a union, what the branch says that was meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jsonschema.exceptions import ValidationError

    from samekey.document.values import JsonValue

_TAGS = ("const", "enum")
"""Keywords by which a branch says that a value is none of its own."""
_LONGEST: Final = 400
"""Letters of a message: values may have millions, and errors of an API are short."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong, and where.

    Args:
        where: a parameter with its place, or a JSON pointer into the body.
        message: a sentence for people.
    """

    where: str
    message: str


def complaint_of(error: ValidationError) -> Complaint:
    """Return what an error says, or what the branch of a union says that comes nearest to what was meant."""
    while error.context:
        tag = _unknown_tag(error)
        if tag is not None:
            return Complaint(_pointer([*error.absolute_path, tag[0]]), tag[1])
        error = max(_meant(error), key=lambda inner: len(inner.absolute_path))
    return Complaint(_pointer(error.absolute_path), _shortened(error.message))


def _shortened(message: str) -> str:
    """Return a message without the middle of the value that it begins with; what is wrong stands at its end."""
    half = _LONGEST // 2
    return message if len(message) <= _LONGEST else f"{message[:half]}…{message[-half:]}"


def _pointer(path: Sequence[str | int] | object) -> str:
    tokens = cast("Sequence[str | int]", path)
    return "".join(f"/{str(token).replace('~', '~0').replace('/', '~1')}" for token in tokens)


def _meant(error: ValidationError) -> Sequence[ValidationError]:
    """Return the errors of the branches that were meant: by the discriminator, else those whose tags fit."""
    errors = list(error.context or ())
    chosen = _branch(error)
    if chosen is not None:
        return [inner for inner in errors if next(iter(inner.schema_path), None) == chosen] or errors
    others = {_index(inner) for inner in errors if inner.validator in _TAGS and len(inner.relative_path) == 1}
    return [inner for inner in errors if _index(inner) not in others] or errors


def _index(inner: ValidationError) -> object:
    return next(iter(inner.schema_path), None)


def _tag_of(error: ValidationError) -> tuple[str, object, list[object]]:
    """Return the property that tells branches apart, its value, and where each branch leads; an empty name for none."""
    schema = cast("dict[str, JsonValue]", error.schema) if isinstance(error.schema, dict) else {}
    discriminator = schema.get("discriminator")
    name = discriminator.get("propertyName") if isinstance(discriminator, dict) else None
    value = cast("object", error.instance)
    listed = cast("JsonValue", error.validator_value)
    if not isinstance(name, str) or not isinstance(value, dict) or not isinstance(listed, list):
        return "", None, []
    branches: list[object] = [branch.get("$ref") if isinstance(branch, dict) else None for branch in listed]
    return name, cast("dict[str, object]", value).get(name), branches


def _branch(error: ValidationError) -> int | None:
    """Return the number of the branch that the discriminator names (OpenAPI 3.1 section 4.8.25); None where none is."""
    name, value, branches = _tag_of(error)
    if not name or not isinstance(value, str):
        return None
    named = {value, _mapping(error).get(value, value)}
    return next((at for at, ref in enumerate(branches) if ref in named or str(ref).rpartition("/")[2] in named), None)


def _unknown_tag(error: ValidationError) -> tuple[str, str] | None:
    """Return the discriminator's property, and what it may be, where its value is missing or names no branch."""
    name, value, branches = _tag_of(error)
    if not name or _branch(error) is not None or not all(branches):
        return None
    mapped = {target: tag for tag, target in _mapping(error).items()}
    known = [mapped.get(ref, str(ref).rpartition("/")[2]) for ref in branches]
    said = "is missing" if value is None else f"{value!r} names none of them"
    return name, f"tells which of {', '.join(map(repr, known))} this is, and {said}"


def _mapping(error: ValidationError) -> dict[str, object]:
    discriminator = cast("dict[str, object]", error.schema).get("discriminator")
    found = cast("dict[str, object]", discriminator).get("mapping") if isinstance(discriminator, dict) else None
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}
