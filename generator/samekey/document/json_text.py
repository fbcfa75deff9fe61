"""Texts in JSON."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from samekey.document.values import TOO_DEEP, Duplicate, Parsed, SyntaxProblem, integer, real

if TYPE_CHECKING:
    from samekey.document.values import JsonValue


def parse_json(text: str) -> Parsed | SyntaxProblem:
    """Return the value of a JSON text, or the syntax problem in it; what JSON cannot spell (NaN, 1e999) stays text."""
    duplicates: list[Duplicate] = []

    def build(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        result = dict(pairs)
        if len(result) != len(pairs):
            counts = Counter(key for key, _ in pairs)
            duplicates.extend(Duplicate(key, None) for key, count in counts.items() if count > 1)
        return result

    try:
        value: JsonValue = json.loads(
            text, object_pairs_hook=build, parse_int=integer, parse_float=real, parse_constant=str
        )
    except json.JSONDecodeError as error:
        return SyntaxProblem(error.msg.lower(), error.pos)
    except RecursionError:
        return TOO_DEEP
    return Parsed(value, _located(duplicates, text))


def _located(duplicates: list[Duplicate], text: str) -> tuple[Duplicate, ...]:
    """Return duplicate keys with their indexes in the text, from the YAML parser: Python's JSON parser gives none."""
    if not duplicates:
        return ()
    from samekey.document.yaml_text import json_as_yaml, parse_yaml  # noqa: PLC0415  # costs a tenth of a run

    again = parse_yaml(json_as_yaml(text))
    return tuple(duplicates) if isinstance(again, SyntaxProblem) else again.duplicates
