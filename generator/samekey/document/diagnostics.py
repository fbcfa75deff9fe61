"""What is wrong, where, and what to do: diagnostics are collected by every stage and printed by the CLI.

A diagnostic keeps a JSON pointer only; lines and columns are computed when it is printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

from msgspec import Struct
from samekey_templates.runtime.text import shown_url

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEFORE_CARET = 60
_EXCERPT_WIDTH = 110


class Severity(StrEnum):
    """How much of the output a diagnostic costs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Source(Protocol):
    """What a place needs to know of its document to be shown."""

    @property
    def uri(self) -> str:
        """The path or URL that the text came from."""
        ...

    @property
    def lines(self) -> tuple[str, ...]:
        """The text, line by line."""
        ...

    @property
    def context(self) -> int | None:
        """How many lines around a place may be shown; None where not even that one may."""
        ...

    def position(self, pointer: str) -> Position:
        """Return the line and column of a JSON pointer, or of its nearest existing parent."""
        ...


class Position(Struct, frozen=True):
    """A line and a column, both counted from 1."""

    line: int
    column: int


class Place(Struct, frozen=True):
    """A spot in a document: by pointer, or by position where the text could not be parsed."""

    source: Source
    pointer: str = ""
    position: Position | None = None

    def resolve(self) -> Position:
        """Return the line and column of this place, computed now."""
        return self.position or self.source.position(self.pointer)


class Diagnostic(Struct, frozen=True):
    """One finding: a stable code, a sentence, a place and a way out."""

    severity: Severity
    code: str
    message: str
    place: Place | None = None
    hint: str = ""
    related: tuple[tuple[str, Place], ...] = ()


FindingKey: TypeAlias = tuple[str, str, str, str, Position | None]
"""Code, message, and the place by URI, pointer and position."""


@dataclass(slots=True)
class Diagnostics:
    """The sink that stages append to; the same finding at the same place counts once."""

    _entries: dict[FindingKey, Diagnostic] = field(default_factory=dict[FindingKey, Diagnostic])

    def add(self, diagnostic: Diagnostic) -> None:
        """Append a finding unless it is there already."""
        place = diagnostic.place
        uri, pointer, position = (place.source.uri, place.pointer, place.position) if place else ("", "", None)
        self._entries.setdefault((diagnostic.code, diagnostic.message, uri, pointer, position), diagnostic)

    def error(self, code: str, message: str, place: Place | None = None, hint: str = "") -> None:
        """Append an error."""
        self.add(Diagnostic(Severity.ERROR, code, message, place, hint))

    def warning(self, code: str, message: str, place: Place | None = None, hint: str = "") -> None:
        """Append a warning."""
        self.add(Diagnostic(Severity.WARNING, code, message, place, hint))

    def note(self, code: str, message: str, place: Place | None = None, hint: str = "") -> None:
        """Append a note."""
        self.add(Diagnostic(Severity.NOTE, code, message, place, hint))

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def failed(self) -> bool:
        """Whether an error was reported."""
        return any(entry.severity is Severity.ERROR for entry in self)


def escaped(text: str) -> str:
    """Return text from a document made safe for a terminal: control characters are shown as escapes."""
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode("ascii") for c in text)


def shown_uri(uri: str) -> str:
    """Return a path or a URL as it may be shown: without user, password and query, which may be credentials."""
    return shown_url(uri) if "://" in uri else uri


def location(place: Place) -> str:
    """Return a place as `file:line:column`."""
    position = place.resolve()
    return escaped(f"{shown_uri(place.source.uri)}:{position.line}:{position.column}")


def excerpt(place: Place) -> str:
    """Return the lines around a place, numbered, with a caret under its column; empty where none may be shown."""
    context = place.source.context
    if context is None:
        return ""
    position = place.resolve()
    lines = place.source.lines
    first = max(1, position.line - context)
    # Text that breaks off is wrong at its end, which is a line behind the last one where that has an end.
    last = max(position.line, min(len(lines), position.line + context))
    width = len(str(last))
    start = max(0, position.column - _BEFORE_CARET)
    shown: list[str] = []
    for number in range(first, last + 1):
        line = lines[number - 1] if number <= len(lines) else ""
        shown.append(f"  {number:>{width}} | {_one_row(line[start : start + _EXCERPT_WIDTH])}".rstrip())
        if number == position.line:
            before = _one_row(line[start : position.column - 1])
            shown.append(f"  {' ' * width} | {' ' * len(before)}^")
    return "\n".join(shown)


def _one_row(text: str) -> str:
    """Return text as an excerpt shows it: one character for each column, or its escape."""
    return escaped(text.replace("\t", " "))


def in_full(diagnostic: Diagnostic) -> str:
    """Return a finding as text for people: severity, code, message, place with excerpt, and hint."""
    parts = [f"{diagnostic.severity}: {escaped(diagnostic.message)} [{diagnostic.code}]"]
    if diagnostic.place is not None:
        parts += [f"  --> {location(diagnostic.place)}", excerpt(diagnostic.place)]
    for label, place in diagnostic.related:
        parts += [f"  {label}: {location(place)}", excerpt(place)]
    if diagnostic.hint:
        parts.append(f"  help: {escaped(diagnostic.hint)}")
    return "\n".join(part for part in parts if part)
