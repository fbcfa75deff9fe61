"""Bytes to texts with values: files, URLs, encodings, and where each value was written."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote, urljoin

from samekey.document.diagnostics import Diagnostics, Place, Position
from samekey.document.json_text import parse_json
from samekey.document.values import JsonValue, Parsed, SyntaxProblem

if TYPE_CHECKING:
    import yaml

Fetch: TypeAlias = Callable[[str], bytes]

STDIN = "<stdin>"
MAX_BYTES: Final = 128 * 1024 * 1024
"""The largest text that is read; the largest documents of APIs have a third of it."""
TOO_LARGE: Final = f"it is larger than {MAX_BYTES // 1024 // 1024} MiB"
_REMOTE = ("http://", "https://")
_ENCODINGS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
"""Encodings by the byte order marks that tell them."""
_LINE_END = re.compile(r"\r\n|\r|\n")


class FetchError(Exception):
    """A document could not be read; the text says why, for people."""


@dataclass(frozen=True)
class SourceText:
    """One file or URL: its text, and the plain value that it holds.

    Args:
        uri: the path or URL.
        text: what stands there.
        value: what the text means, or what overlays made of it.
        origin: where a value of a patched text came from, by its pointer; None where the text speaks for itself.
        context: how many lines around a place may be shown; None where not even that one may.
    """

    uri: str
    text: str
    value: JsonValue = None
    origin: Callable[[str], Place] | None = field(default=None, compare=False)
    context: int | None = 1

    def place(self, pointer: str) -> Place:
        """Return the place where the value at a JSON pointer was written."""
        return Place(self, pointer) if self.origin is None else self.origin(pointer)

    @property
    def lines(self) -> tuple[str, ...]:
        """The text, line by line."""
        return self._lines

    @cached_property
    def _lines(self) -> tuple[str, ...]:
        *lines, last = _LINE_END.split(self.text)
        return (*lines, last) if last or not lines else tuple(lines)

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        return (0, *(found.end() for found in _LINE_END.finditer(self.text)))

    @cached_property
    def _tree(self) -> yaml.Node | None:
        from samekey.document.yaml_text import compose  # noqa: PLC0415  # costs a tenth of a run

        return compose(self.text)

    def at(self, index: int) -> Position:
        """Return the line and column of a character of the text."""
        line = bisect_right(self._starts, index)
        return Position(line, index - self._starts[line - 1] + 1)

    def position(self, pointer: str) -> Position:
        """Return the line and column of a JSON pointer, or of its nearest existing parent."""
        from samekey.document.yaml_text import position  # noqa: PLC0415  # costs a tenth of a run

        return Position(*position(self._tree, pointer))


def fetch_bytes(uri: str) -> bytes:
    """Read a local file or an http(s) URL whole, up to `MAX_BYTES`.

    Raises:
        FetchError: it cannot be read; the text says why.
    """
    if is_remote(uri):
        from samekey.document.download import fetch_url  # noqa: PLC0415  # httpx costs 60 ms, and most are local files

        return fetch_url(uri)
    try:
        with Path(uri).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FetchError((error.strerror or str(error)).lower()) from error
    except (ValueError, MemoryError) as error:
        raise FetchError(str(error) or "there is no memory for it") from error
    if len(data) > MAX_BYTES:
        raise FetchError(TOO_LARGE)
    return data


def is_readable_file(uri: str) -> bool:
    """Whether a path is none of a folder, a pipe or a device, which may have no end; what is not there may be one."""
    try:
        return Path(uri).is_file() or not Path(uri).exists()
    except (OSError, ValueError):
        return True


def is_inside(uri: str, home: str) -> bool:
    """Whether a local file lies in the folder of another, or below it, once links are followed."""
    folder = Path() if home == STDIN else Path(home).parent
    try:
        return Path(uri).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def is_remote(uri: str) -> bool:
    """Whether a URI is a URL, and no path of a file."""
    return uri.startswith(_REMOTE)


def join_uri(base: str, reference: str) -> str:
    """Resolve a reference against the URI of the document that holds it (RFC 3986 section 5)."""
    if is_remote(reference):
        return reference
    if is_remote(base):
        return urljoin(base, reference)
    relative = unquote(reference.removeprefix("file://"))
    folder = Path() if base == STDIN else Path(base).parent
    return _normal(folder / relative)


def root_uri(location: str) -> str:
    """Return the name of the first document, spelled as references from other files to it are."""
    if location == "-":
        return STDIN
    return location if is_remote(location) else _normal(Path(location))


def _normal(path: Path) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] not in {"..", path.anchor}:
            parts.pop()
        else:
            parts.append(part)
    return str(Path(*parts))


def parse_source(
    uri: str, data: bytes, diagnostics: Diagnostics, *, context: int | None = 1, broken_context: int | None = 1
) -> SourceText | None:
    """Return a text with its value; None where it has none (reported as an error).

    Args:
        uri: where it came from.
        data: its bytes.
        diagnostics: the sink for findings.
        context: how many lines around a place in it may be shown; None for none at all.
        broken_context: the same for a text that has no value, and so may be anything.
    """
    text = _decode(uri, data, diagnostics, broken_context)
    if text is None:
        return None
    if not text.strip():
        diagnostics.error("empty", f"{uri} is empty", hint="give an OpenAPI document in YAML or JSON")
        return None
    looks_like_json = text.lstrip().startswith(("{", "[")) or uri.partition("?")[0].endswith(".json")
    parsed = _parse_either(text) if looks_like_json else _parse_yaml(text)
    if isinstance(parsed, SyntaxProblem):
        broken = SourceText(uri, text, context=broken_context)
        place = Place(broken, position=broken.at(parsed.index))
        kind = "JSON" if looks_like_json else "YAML"
        diagnostics.error("syntax", f"this is not valid {kind}: {parsed.message}", place)
        return None
    source = SourceText(uri, text, parsed.value, context=context)
    for duplicate in parsed.duplicates:
        position = source.at(duplicate.index) if duplicate.index is not None else None
        message = f"the key {duplicate.key!r} stands twice here; the last one counts"
        diagnostics.warning("duplicate-key", message, Place(source, position=position))
    return source


def _parse_either(text: str) -> Parsed | SyntaxProblem:
    """Parse a text as JSON, else as YAML in flow style; where it is neither, JSON's complaint is the clearer one."""
    parsed = parse_json(text)
    if not isinstance(parsed, SyntaxProblem):
        return parsed
    other = _parse_yaml(text)
    return parsed if isinstance(other, SyntaxProblem) else other


def _parse_yaml(text: str) -> Parsed | SyntaxProblem:
    from samekey.document.yaml_text import parse_yaml  # noqa: PLC0415  # costs a tenth of a run, and JSON needs it not

    return parse_yaml(text)


def _decode(uri: str, data: bytes, diagnostics: Diagnostics, context: int | None) -> str | None:
    mark, encoding = next(((mark, name) for mark, name in _ENCODINGS.items() if data.startswith(mark)), (b"", "utf-8"))
    data = data.removeprefix(mark)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        source = SourceText(uri, data.decode(encoding, "replace"), context=context)
        place = Place(source, position=source.at(len(data[: error.start].decode(encoding, "replace"))))
        diagnostics.error("encoding", f"{uri} is not UTF-8 text: {error.reason}", place, hint="save it as UTF-8")
        return None
