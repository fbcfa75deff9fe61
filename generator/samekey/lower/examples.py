"""Examples of a document: of parameters, properties, bodies and answers, as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from samekey.document.node import Node
    from samekey.document.values import JsonValue

_MAX_LENGTH: Final = 20_000
"""Characters of an example; a longer one is no example but a record of something."""


def example_of(*holders: Node | None) -> str:
    """Return the first example of a value that somebody gives, as JSON; empty for none.

    Args:
        holders: who may give one, the nearest first: a parameter or a media type, then its schema.
    """
    for holder in holders:
        if holder is not None and isinstance(holder.value, dict):
            for value in _given(holder):
                text = _as_json(value)
                if text:
                    return text
    return ""


def example_in(media_types: Node | None, name: str) -> str:
    """Return the example of an answer in Swagger 2.0, which stands under its media type, as JSON; empty for none."""
    found = media_types.get(name) if media_types is not None and isinstance(media_types.value, dict) else None
    return _as_json(found.value) if found is not None else ""


def _given(holder: Node) -> list[JsonValue]:
    found = [
        holder.value[word]
        for word in ("example", "x-example")
        if isinstance(holder.value, dict) and word in holder.value
    ]
    listed = holder.get("examples")
    if listed is not None and isinstance(listed.value, list):
        found += listed.value[:1]
    elif listed is not None and isinstance(listed.value, dict):
        entries = [entry.follow() for _, entry in listed.items()]
        # OpenAPI 3.2 has `dataValue` for what `value` was before.
        found += [
            entry.value[word]
            for entry in entries
            if entry is not None and isinstance(entry.value, dict)
            for word in ("dataValue", "value")
            if word in entry.value
        ][:1]
    return found


def _as_json(value: JsonValue) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        return ""
    return text if len(text) <= _MAX_LENGTH else ""
