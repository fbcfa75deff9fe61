"""Bodies of forms: fields as the values that their schemas ask for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from samekey.lower.schemas.merged import Merged
from samekey.sandbox.api.complaints import Complaint
from samekey.sandbox.api.schemas import Direction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samekey.document.node import Node
    from samekey.document.values import JsonValue
    from samekey.sandbox.api.schemas import SchemaJudge

    Fields = dict[str, JsonValue]

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_KEY = re.compile(r"\[([^\[\]]*)\]")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_DEEPEST = 20
_SCALARS: Final = frozenset({"string", "integer", "number", "boolean"})


def read_form(body: bytes, schema: Node | None) -> Fields:
    """Read the fields of a form; brackets in names are levels, and what comes several times is a list.

    Args:
        body: the body.
        schema: what the document says of it, which tells numbers from texts.
    """
    fields: Fields = {}
    for name, text in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
        found = _NAME.fullmatch(name)
        path = [found[1], *_KEY.findall(found[2])] if found else [name]
        _put(fields, path if len(path) <= _DEEPEST else [name], text)
    value = _typed((schema,) if schema is not None else (), fields)
    return value if isinstance(value, dict) else {}


def complaints_of(fields: Fields, schema: Node, schemas: SchemaJudge) -> Iterator[Complaint]:
    """Yield what is wrong with a form by its schema: what is missing, and plain fields that are wrong.

    Args:
        fields: what was sent.
        schema: what the document says of it.
        schemas: judges values.
    """
    whole = Merged.of((schema,))
    for name, parts in whole.properties().items():
        merged = Merged.of(parts)
        # Lists and objects are spelled in more ways than are known here, and an empty list in none.
        if len(merged.types) != 1 or merged.types[0] not in _SCALARS:
            continue
        if name not in fields and name in whole.required and not merged.flag("readOnly"):
            yield Complaint("", f"{name!r} is a required property")
        for part in parts if name in fields else ():
            for complaint in schemas.complaints(part, fields[name], Direction.REQUEST):
                yield Complaint(f"/{name}{complaint.where}", complaint.message)


def _put(level: Fields, path: Sequence[str], text: str) -> None:
    """Write a field of a form where its name leads; `a[]` is the next element of `a`."""
    name = path[0] or str(len(level))
    if len(path) == 1:
        before = level.get(name)
        level[name] = text if before is None else [*(before if isinstance(before, list) else [before]), text]
        return
    inner = level.setdefault(name, {})
    if isinstance(inner, dict):
        _put(inner, path[1:], text)


def _typed(parts: Sequence[Node], value: JsonValue) -> JsonValue:
    """Return a value of a form with numbers, flags and lists where its schema has them."""
    merged = Merged.of(parts)
    kind = merged.implied_type
    items = merged.first("items")
    inner = (items,) if items is not None else ()
    if isinstance(value, dict):
        if kind == "array" or (not kind and value and all(name.isdecimal() for name in value)):
            return [_typed(inner, entry) for entry in value.values()]
        properties = merged.properties()
        return {name: _typed(properties.get(name, ()), entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_typed(inner, entry) for entry in value]
    if kind == "array":
        return [_typed(inner, value)]
    return _scalar(kind, value) if isinstance(value, str) else value


def _scalar(kind: str, text: str) -> JsonValue:
    """Return the value that a text spells; where it spells none, the text, for the schema to refuse."""
    if kind in {"integer", "number"} and _NUMBER.fullmatch(text):
        number: int | float = json.loads(text)
        return number
    return {"true": True, "false": False}.get(text, text) if kind == "boolean" else text
