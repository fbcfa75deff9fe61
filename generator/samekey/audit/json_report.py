"""An audit as JSON, for programs, and the schema of that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from samekey.audit.model import SCHEMA_VERSION, Audit

if TYPE_CHECKING:
    from samekey.document.values import JsonValue

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def report_as_json(audit: Audit) -> str:
    """Write an audit as JSON: the fields of `Audit`, word for word."""
    return msgspec.json.format(msgspec.json.encode(audit), indent=2).decode() + "\n"


def json_schema() -> dict[str, JsonValue]:
    """Return the JSON schema of a report, made from the classes that it is written from."""
    schema: dict[str, Any] = msgspec.json.schema(Audit)
    for definition in schema["$defs"].values():
        _describe(definition)
    title = f"A report of samekey audit, version {SCHEMA_VERSION}"
    return {"$schema": _DIALECT, "title": title, **schema}


def _describe(definition: dict[str, Any]) -> None:
    """Move what a docstring says of each field to that field."""
    about, _, fields = definition.get("description", "").partition("\n\nArgs:\n")
    definition["description"] = about
    for line in fields.splitlines():
        name, _, meaning = line.strip().partition(": ")
        place = definition["properties"][name]
        # Beside a reference other words count since draft 2019-09.
        place["description"] = meaning
