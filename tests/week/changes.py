"""What an owner changes in a document within a week, and what users of the SDK are to be told of it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from samekey.diff import ChangeKind, Surface
from samekey.diff.surface import SeenCall, SeenKind

Document: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """A field of what a call returns.

    Args:
        call: the call.
        type: the model.
        name: the attribute.
        wire: its name in the document.
    """

    call: str
    type: str
    name: str
    wire: str


@dataclass(frozen=True)
class Change:
    """A change of a document.

    Args:
        about: what the owner does, in words.
        kind: what users are told that it is.
        subject: what users are told that it is about; empty where that has no name yet.
    """

    about: str
    kind: ChangeKind
    subject: str = ""


@dataclass(frozen=True)
class Picked:
    """What of an SDK is to change.

    Args:
        field: is renamed.
        enum: gets another value.
        widened: the call that takes another argument.
        removed: the call that goes.
        deprecated: the call that is discouraged.
    """

    field: Field
    enum: str
    widened: str
    removed: str
    deprecated: str


def picked(document: Document, surface: Surface, done: AbstractSet[str]) -> Picked:
    """What can change in this document, so that no change hides another.

    Args:
        document: the document.
        surface: what users see of its SDK.
        done: calls that a server of theirs answers well.
    """
    field = next(field for field in _fields(document, surface) if field.call in done)
    enum = next(
        name for name, seen in surface.types.items() if seen.kind is SeenKind.ENUM and _has_values(document, seen.key)
    )
    others = [name for name in surface.calls if name != field.call and not surface.calls[name].deprecated]
    widened, deprecated, *_, removed = others
    return Picked(field, enum, widened, removed, deprecated)


def changed(document: Document, surface: Surface, what: Picked) -> tuple[Document, tuple[Change, ...]]:
    """Another document, and what has changed in it."""
    new = copy.deepcopy(document)
    steps: tuple[Callable[[Document, Surface, Picked], Change], ...] = (
        _add_call, _add_argument, _add_value, _rename_field, _remove_call, _deprecate_call,
    )  # fmt: skip
    return new, tuple(step(new, surface, what) for step in steps)


def _add_call(document: Document, _surface: Surface, _what: Picked) -> Change:
    nothing = {"responses": {"204": {"description": "Nothing."}}}
    document["paths"]["/week-in-review"] = {"get": {"operationId": "readTheWeek", "tags": ["week"], **nothing}}
    return Change("GET /week-in-review is new", ChangeKind.CALL_ADDED)


def _add_argument(document: Document, surface: Surface, what: Picked) -> Change:
    kind = {"type": "string"} if "swagger" in document else {"schema": {"type": "string"}}
    parameters = _operation(document, surface.calls[what.widened]).setdefault("parameters", [])
    parameters.append({"name": "asked_by", "in": "query", **kind})
    about = f"{surface.calls[what.widened].operation} takes asked_by, which may be left out"
    return Change(about, ChangeKind.ARGUMENT_ADDED, what.widened)


def _add_value(document: Document, surface: Surface, what: Picked) -> Change:
    _at(document, surface.types[what.enum].key)["enum"].append("on_sundays")
    return Change(f"{what.enum} has another value, on_sundays", ChangeKind.MEMBER_ADDED, what.enum)


def _rename_field(document: Document, surface: Surface, what: Picked) -> Change:
    schema, field = _at(document, surface.types[what.field.type].key), what.field
    new = f"{field.wire}_now"
    schema["properties"] = {new if key == field.wire else key: value for key, value in schema["properties"].items()}
    schema["required"] = [new if name == field.wire else name for name in schema.get("required", [])]
    about = f"{field.wire} of {field.type} is {new} now"
    return Change(about, ChangeKind.FIELD_RENAMED, f"{field.type}.{field.name}")


def _remove_call(document: Document, surface: Surface, what: Picked) -> Change:
    method, path = surface.calls[what.removed].operation.split(" ")[:2]
    del document["paths"][path][method.lower()]
    return Change(f"{method} {path} is gone", ChangeKind.CALL_REMOVED, what.removed)


def _deprecate_call(document: Document, surface: Surface, what: Picked) -> Change:
    call = surface.calls[what.deprecated]
    _operation(document, call)["deprecated"] = True
    return Change(f"{call.operation} is deprecated", ChangeKind.CALL_DEPRECATED, what.deprecated)


def _operation(document: Document, call: SeenCall) -> Document:
    method, path = call.operation.split(" ")[:2]
    found: Document = document["paths"][path][method.lower()]
    return found


def _fields(document: Document, surface: Surface) -> Iterator[Field]:
    """Fields that can be renamed: of models that only come back, from calls that make something before all others."""
    calls = sorted(surface.calls.items(), key=lambda entry: not entry[1].operation.startswith("POST "))
    given = {taken.place.rpartition(" ")[2] for _, call in calls for taken in call.arguments.values()}
    for name, call in calls:
        seen = surface.types.get(call.gives)
        if seen is None or seen.kind is not SeenKind.MODEL or seen.sent:
            continue
        properties = _at(document, seen.key).get("properties", {})
        for attribute, field in seen.fields.items():
            wire = field.wire or attribute
            # What names a thing, tells variants apart, or is given in calls is more than a field.
            if wire not in given | {"id"} and wire in properties and not field.type.startswith("Literal["):
                yield Field(name, call.gives, attribute, wire)


def _has_values(document: Document, pointer: str) -> bool:
    values = _at(document, pointer).get("enum", [])
    return bool(values) and all(isinstance(value, str) for value in values)


def _at(document: Document, pointer: str) -> Document:
    """The object at a JSON pointer; empty where there is none."""
    found = document
    for part in pointer.removeprefix("#/").split("/"):
        inner: Any = found.get(part.replace("~1", "/").replace("~0", "~"))
        found = cast("Document", inner) if isinstance(inner, dict) else {}
    return found
