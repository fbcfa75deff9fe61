"""Descriptions and constraints, as text for docstrings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from samekey.identifiers import split
from samekey.ir import NO_LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.document.node import Node
    from samekey.document.values import JsonValue

_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matches {}",
}
MAX_DEFAULT = 80


def described(node: Node, named: str = "") -> str:
    """Return the description of a value, else its summary or title; empty where it has none.

    A title that only repeats the name, as pydantic writes it, says nothing.

    Args:
        node: the value.
        named: its name, where that is not the last word of its place.
    """
    if not isinstance(node.value, dict):
        return ""
    for word in ("description", "summary", "title"):
        value = node.value.get(word)
        if isinstance(value, str) and value.strip():
            repeats = word == "title" and split(value) == split(named or node.name)
            return "" if repeats else value.strip()
    return ""


def limits(node: Node) -> Limits:
    """Return the constraints of a value, and its default, for programs."""
    if not isinstance(node.value, dict):
        return NO_LIMITS
    longest = node.value.get("maxLength")
    if isinstance(longest, bool) or not isinstance(longest, int):
        longest = None
    default = node.value.get("default")
    spelled = "" if default is None else _brief(default)
    return Limits(longest, node.text("pattern"), node.text("format"), tuple(_bounds(node.value)), spelled)


def _bounds(schema: Mapping[str, JsonValue]) -> Iterator[tuple[str, str | int | float]]:
    for word in _BOUNDS:
        value = schema.get(word)
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            # Without the document's own spelling, which only its reader knows.
            yield word, float(value) if isinstance(value, float) else value


def constraints(node: Node) -> str:
    """Return the constraints of a value in words; the SDK checks none of them."""
    if not isinstance(node.value, dict):
        return ""
    said = [_BOUNDS[word].format(value) for word, value in _bounds(node.value)]
    for unit in ("characters", "items"):
        for number in {entry.split()[2] for entry in said if entry.startswith("at least ") and entry.endswith(unit)}:
            if f"at most {number} {unit}" in said:
                said = [entry for entry in said if not entry.endswith(unit)]
                said.append(f"exactly {number} {unit}")
    default = node.value.get("default")
    if default is not None:
        text = _brief(default)
        if text:
            said.append(f"default {text}")
    return f"({', '.join(said)})" if said else ""


def _brief(value: JsonValue) -> str:
    """Return a value as JSON; empty where that is long, and not written to its end, which aliases can put far away."""
    text = ""
    for piece in json.JSONEncoder(ensure_ascii=False).iterencode(value):
        text += piece
        if len(text) > MAX_DEFAULT:
            return ""
    return text
