"""The arguments of a call, made up from the document's schemas, and what they are to become on the wire."""

from __future__ import annotations

import base64
import datetime as dt
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from samekey.emit.views import ArgumentView

from tests.corpus.bench import Case
from tests.corpus.described import (
    FORM,
    MULTIPART,
    RequestBody,
    body_of,
    could_be_nested,
    documented,
    files_in,
    is_file,
    is_json,
    is_textual,
    properties_named,
    property_names,
)
from tests.corpus.outcome import UNDESCRIBED, FailureError, UntriedError
from tests.corpus.raw import Json, View
from tests.corpus.sameness import shown
from tests.corpus.sampler import Fill, UnsatisfiableError, Wish
from tests.corpus.wire import Parameter, parameters

_RAW: Final = "<text>ü</text>"


@dataclass(slots=True)
class Asked:
    """What a call is to send, and the arguments that ask for it.

    Args:
        parameters: the values of parameters.
        described: the body that the document describes, if there is one.
        media_type: the documented media type of the body.
        body: the body as JSON; text where it is raw.
        has_body: whether one is to be sent.
        relaxed: whether the body meets all but one demand of its schema.
        positional: arguments of the path.
        named: all other arguments.
    """

    parameters: list[tuple[Parameter, Json]] = field(default_factory=list[tuple[Parameter, Json]])
    described: RequestBody | None = None
    media_type: str = ""
    body: Json = None
    has_body: bool = False
    relaxed: bool = False
    positional: list[object] = field(default_factory=list[object])
    named: dict[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Asker:
    """Makes up one call.

    Args:
        case: the operation.
        fill: how much of what is optional is given.
        index: the number of the call.
    """

    case: Case
    fill: Fill
    index: int

    def asked(self) -> Asked:
        """A call.

        Raises:
            FailureError: something that the document describes cannot be given.
            UntriedError: no value can be found for what must be given.
        """
        made = Asked()
        self._ask_parameters(made)
        self._ask_body(made)
        return made

    # Parameters

    def _ask_parameters(self, made: Asked) -> None:
        known = {(entry.location, entry.wire): entry for entry in self.case.row.parameters}
        for parameter in parameters(self.case.operation):
            if self.case.is_key(parameter.location, parameter.name):
                continue
            entry = known.get((parameter.location, parameter.name))
            if entry is None:
                self._excuse(parameter)
            elif self._is_wanted(parameter, len(made.parameters)):
                value = self._parameter_value(parameter)
                if value is not None:
                    made.parameters.append((parameter, value[0]))
                    if parameter.location != "path":
                        made.named[str(entry.name)] = self._typed(value[0], entry)
        in_path = {parameter.name: value for parameter, value in made.parameters if parameter.location == "path"}
        for entry in self.case.row.parameters:
            if entry.location == "path":
                if entry.wire not in in_path:
                    raise FailureError("an argument that the document does not know", f"path {entry.wire!r}")
                made.positional.append(self._typed(in_path[entry.wire], entry))

    def _is_wanted(self, parameter: Parameter, given: int) -> bool:
        return parameter.required or self.fill == "all" or (self.fill == "some" and given % 2 == 0)

    def _excuse(self, parameter: Parameter) -> None:
        """A parameter without an argument: only the place of a credential and an optional key may lack one."""
        if (parameter.location, parameter.name) in self.case.bench.credentials:
            return
        if parameter.required or "idempot" not in parameter.name.lower():
            raise FailureError("no argument for a parameter", f"{parameter.location} {parameter.name!r}")
        self.case.note(f"no argument for the optional {parameter.name}")

    def _parameter_value(self, parameter: Parameter) -> tuple[Json] | None:
        """A value; None where an optional parameter can have none that is readable on the wire."""
        schema = parameter.schema if parameter.schema is not None else self._anything("string")
        flat, nested = parameter.style != "json", parameter.style == "deepObject"
        wish = Wish("request", self.fill, self._place(parameter, schema), flat=flat, nested=nested)
        salt = f"{self.case.operation.key} {parameter.location} {parameter.name} {self.index}"
        try:
            sample = self.case.bench.sampler.sample(schema, wish, salt)
        except UnsatisfiableError as error:
            if parameter.required:
                raise UntriedError(f"no value for a {parameter.location} parameter: {error}") from error
            self.case.note(f"no value for the optional {parameter.name}: {error}")
            return None
        if sample.relaxed:
            self.case.note(f"relaxed: {sample.relaxed}")
        if not flat or sample.value not in (None, [], {}, ""):
            return (sample.value,)
        if parameter.required:
            raise UntriedError(f"no value for a {parameter.location} parameter: nothing has no spelling")
        return None

    def _place(self, parameter: Parameter, schema: View) -> str:
        """Which strings a parameter can carry: signs that delimit would make its spelling ambiguous."""
        if parameter.style == "json":
            return "query" if parameter.location == "query" else "word"
        whole = f"{{{parameter.name}}}"
        shares = parameter.location == "path" and whole not in self.case.operation.path.split("/")
        delimited = parameter.style in {"label", "matrix", "spaceDelimited", "pipeDelimited", "tabDelimited"}
        listed = could_be_nested(schema) and parameter.location in {"header", "path", "cookie"}
        return "letters" if shares else "word" if delimited or listed else parameter.location

    # The body

    def _ask_body(self, made: Asked) -> None:
        entries = [entry for entry in self.case.row.parameters if entry.location == "body"]
        body = made.described = body_of(self.case.operation)
        if body is None:
            if entries:
                raise FailureError("an argument that the document does not know", f"body {entries[0].wire!r}")
            return
        own = [name for schema in body.schemas.values() if schema is not None for name in property_names(schema)]
        if not entries and not any(self.case.is_own("body", name) for name in own):
            raise FailureError("no argument for the body", ", ".join(body.schemas))
        made.media_type = self._media_type(body)
        needed = body.required or any(entry.required for entry in entries)
        if needed or self.fill != "required":
            made.has_body = True
            self._fill_body(made, body.schemas[made.media_type], entries)

    def _media_type(self, body: RequestBody) -> str:
        """The documented media type that the SDK says it will send."""
        endpoint = self.case.declared.endpoint
        kinds = {"form": FORM, "multipart": MULTIPART}
        stated = str(kinds.get(endpoint.body, endpoint.media_type))
        found = documented(stated, body.schemas)
        if found is None:
            known = ", ".join(body.schemas)
            raise FailureError("a media type that the document does not know", f"{stated} among {known}")
        return found

    def _fill_body(self, made: Asked, schema: View | None, entries: list[ArgumentView]) -> None:
        readable = made.media_type.startswith("multipart/") or made.media_type == FORM
        if not is_json(made.media_type) and not readable:
            made.body = self._raw(schema)
            text = is_textual(made.media_type)
            made.named[str(entries[0].name)] = made.body if text else made.body.encode()
            return
        schema = schema if schema is not None and schema.fields else self._anything("object")
        wish = Wish("request", self.fill, solid=True, fields=readable)
        try:
            sample = self.case.bench.sampler.sample(schema, wish, f"{self.case.operation.key} body {self.index}")
        except UnsatisfiableError as error:
            raise UntriedError(f"no value for the body: {error}") from error
        if sample.relaxed:
            made.relaxed = True
            self.case.note(f"relaxed: {sample.relaxed}")
        value = sample.value
        if isinstance(value, dict):
            value = {key: entry for key, entry in value.items() if not self.case.is_own("body", key)}
        if isinstance(value, dict) and readable:
            value = {key: entry for key, entry in value.items() if entry not in (None, [], {})}
        made.body = value
        self._give_body(made, schema, entries, sample.undescribed)

    def _raw(self, schema: View | None) -> str:
        """A body of a media type that samekey knows nothing of: a text that the schema allows, if it speaks of one."""
        if schema is None or property_names(schema):
            return _RAW
        try:
            wish = Wish("request", "all", solid=True)
            sample = self.case.bench.sampler.sample(schema, wish, f"{self.case.operation.key} raw {self.index}")
        except UnsatisfiableError:
            return _RAW
        return sample.value if isinstance(sample.value, str) and sample.value else _RAW

    def _give_body(self, made: Asked, schema: View, entries: list[ArgumentView], undescribed: frozenset[str]) -> None:
        value = made.body
        given = self._with_files(value, schema) if made.media_type.startswith("multipart/") else value
        if len(entries) == 1 and entries[0].wire == "body" and "body" not in property_names(schema):
            made.named[str(entries[0].name)] = given
            return
        if not isinstance(value, dict) or not isinstance(given, Mapping):
            raise FailureError("no argument for a whole body", f"{shown(value)} cannot be given field by field")
        by_wire = {entry.wire: entry for entry in entries}
        holder = next((entry for entry in self.case.row.parameters if entry.location == "extra"), None)
        extra: dict[str, object] = {}
        if holder is not None:
            made.named[str(holder.name)] = extra
        for name, entry in value.items():
            if name not in by_wire and holder is not None:
                extra[name] = entry
                continue
            if name not in by_wire:
                cause = UNDESCRIBED if name in undescribed else "no argument for a field of the body"
                raise FailureError(cause, f"{name!r} with {shown(entry)} has no argument")
            argument = by_wire[name]
            made.named[str(argument.name)] = self._typed(given[name], argument)

    def _with_files(self, value: Json, schema: View) -> Mapping[str, object] | Json:
        """Fields of a multipart body, with bytes where the document speaks of a file."""
        if not isinstance(value, dict):
            return value
        made: dict[str, object] = {}
        for name, entry in value.items():
            schemas = properties_named(schema, name)
            if isinstance(entry, str) and any(map(is_file, schemas)):
                made[name] = entry.encode() if self.index % 2 else ("file.bin", entry.encode())
            elif isinstance(entry, list) and any(map(files_in, schemas)):
                made[name] = [element.encode() if isinstance(element, str) else element for element in entry]
            else:
                made[name] = entry
        return made

    # Values

    def _anything(self, kind: str) -> View:
        return self.case.bench.root.made({"type": kind})

    def _typed(self, value: object, entry: ArgumentView) -> object:
        """In every other call a text as the Python value that its annotation names."""
        if not isinstance(value, str) or self.index % 2 == 0:
            return value
        words = re.findall(r"[\w.]+", str(entry.annotation))
        if words[:1] == ["bytes"] and entry.location == "body":
            return base64.b64decode(value)
        return next((_converted(word, value) for word in words if word in _CONVERTERS), value)


def _converted(kind: str, value: str) -> object:
    try:
        return _CONVERTERS[kind](value)
    except ValueError:
        return value


_CONVERTERS: Final[Mapping[str, Callable[[str], object]]] = {
    "dt.datetime": dt.datetime.fromisoformat,
    "dt.date": dt.date.fromisoformat,
    "UUID": uuid.UUID,
}
