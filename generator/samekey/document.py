"""Bytes to plain values: every quirk of YAML, JSON, files, URLs and references lives here.

A `Node` is a value with its place, so later stages can follow references and report findings
without knowing where the text came from.
"""

from __future__ import annotations

import gc
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import yaml

from samekey.diagnostics import Diagnostics, Place, Position

if TYPE_CHECKING:
    from collections.abc import Mapping

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
Fetch: TypeAlias = Callable[[str], bytes]

STDIN = "<stdin>"
_REMOTE = ("http://", "https://")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_TAG = "tag:yaml.org,2002:"


class FetchError(Exception):
    """A document could not be read; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class _Duplicate:
    key: str
    position: Position | None


@dataclass(frozen=True, slots=True)
class _SyntaxProblem:
    message: str
    position: Position


@dataclass(frozen=True)
class SourceText:
    """One file or URL: its text, and the plain value that it holds."""

    uri: str
    text: str
    value: JsonValue = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The text, line by line."""
        return self._lines

    @cached_property
    def _lines(self) -> tuple[str, ...]:
        return tuple(self.text.splitlines()) or ("",)

    @cached_property
    def _tree(self) -> yaml.Node | None:
        # JSON may indent with tabs, which YAML forbids; positions stay the same.
        try:
            return yaml.compose(self.text.replace("\t", " "), Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            return None

    def position(self, pointer: str) -> Position:
        """The position of a JSON pointer, or of its nearest existing parent."""
        node = self._tree
        mark = node.start_mark if node is not None else None
        for token in _tokens(pointer):
            if isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == token), None)
                if found is None:
                    break
                mark, node = found[0].start_mark, found[1]
            elif isinstance(node, yaml.SequenceNode) and token.isdigit() and int(token) < len(node.value):
                node = node.value[int(token)]
                mark = node.start_mark
            else:
                break
        return Position(mark.line + 1, mark.column + 1) if mark is not None else Position(1, 1)


@dataclass(frozen=True)
class Document:
    """The root source with every source that references reached, and the sink for findings."""

    root: SourceText
    diagnostics: Diagnostics
    fetch: Fetch
    _sources: dict[str, SourceText | None] = field(default_factory=dict[str, "SourceText | None"])

    @property
    def node(self) -> Node:
        """The root value with its place."""
        return Node(self, self.root, "", self.root.value)

    def source(self, uri: str, referrer: Node) -> SourceText | None:
        """The source at a URI, read once; None where it cannot be read (reported at the referrer)."""
        if uri == self.root.uri:
            return self.root
        if uri not in self._sources:
            self._sources[uri] = self._read(uri, referrer)
        return self._sources[uri]

    def _read(self, uri: str, referrer: Node) -> SourceText | None:
        if not uri.startswith(_REMOTE) and referrer.source.uri.startswith(_REMOTE):
            referrer.warn("reference-refused", f"a remote document may not refer to the local file {uri}")
            return None
        try:
            data = self.fetch(uri)
        except FetchError as error:
            referrer.warn("reference-unreadable", f"cannot read {uri}: {error}")
            return None
        return _parse(uri, data, self.diagnostics)


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a document with its place; accessors repair what is plain and report the rest."""

    document: Document
    source: SourceText
    pointer: str
    value: JsonValue

    @property
    def place(self) -> Place:
        """Where this value stands."""
        return Place(self.source, self.pointer)

    @property
    def identity(self) -> str:
        """The URI and pointer that name this value across files."""
        return f"{self.source.uri}#{self.pointer}"

    @property
    def name(self) -> str:
        """The last token of the pointer."""
        return _unescape(self.pointer.rpartition("/")[2])

    def error(self, code: str, message: str, hint: str = "") -> None:
        """Report an error at this place."""
        self.document.diagnostics.error(code, message, self.place, hint)

    def warn(self, code: str, message: str, hint: str = "") -> None:
        """Report a warning at this place."""
        self.document.diagnostics.warning(code, message, self.place, hint)

    def child(self, key: str | int, value: JsonValue) -> Node:
        """A value below this one."""
        token = key.replace("~", "~0").replace("/", "~1") if isinstance(key, str) else str(key)
        return Node(self.document, self.source, f"{self.pointer}/{token}", value)

    def get(self, key: str) -> Node | None:
        """The value under a key; None where it is missing or null."""
        if not isinstance(self.value, dict):
            return None
        value = self.value.get(key)
        return None if value is None else self.child(key, value)

    def has(self, key: str) -> bool:
        """Whether this is a mapping with that key, null included."""
        return isinstance(self.value, dict) and key in self.value

    def items(self, key: str | None = None) -> Iterator[tuple[str, Node]]:
        """Keys and values of this mapping, or of the mapping under a key."""
        node = self if key is None else self.get(key)
        if node is None:
            return
        if not isinstance(node.value, dict):
            node.warn("wrong-type", f"expected a mapping, found {describe(node.value)}; it is ignored")
            return
        for name, value in node.value.items():
            yield name, node.child(name, value)

    def elements(self, key: str | None = None) -> Iterator[Node]:
        """The elements of this sequence, or of the sequence under a key."""
        node = self if key is None else self.get(key)
        if node is None:
            return
        if not isinstance(node.value, list):
            node.warn("wrong-type", f"expected a sequence, found {describe(node.value)}; it is ignored")
            return
        for index, value in enumerate(node.value):
            yield node.child(index, value)

    def text(self, key: str) -> str:
        """The string under a key; a number or boolean is taken by its spelling, anything else reported."""
        node = self.get(key)
        if node is None:
            return ""
        if isinstance(node.value, str):
            return node.value
        if isinstance(node.value, (int, float)):
            return json.dumps(node.value)
        node.warn("wrong-type", f"expected a string for {key!r}, found {describe(node.value)}; it is ignored")
        return ""

    def flag(self, key: str) -> bool:
        """The boolean under a key; its spelling as a string is repaired."""
        node = self.get(key)
        if node is None:
            return False
        if isinstance(node.value, bool):
            return node.value
        if isinstance(node.value, str) and node.value.lower() in {"true", "false"}:
            node.warn("wrong-type", f"expected a boolean for {key!r}, found a string; read as {node.value.lower()}")
            return node.value.lower() == "true"
        return False

    def texts(self, key: str) -> tuple[str, ...]:
        """The strings of the sequence under a key; a single string counts as a sequence of one."""
        node = self.get(key)
        if node is None:
            return ()
        if isinstance(node.value, str):
            return (node.value,)
        if not isinstance(node.value, list):
            return ()
        return tuple(value for value in node.value if isinstance(value, str))

    @property
    def reference(self) -> str | None:
        """The target of `$ref` where this is a reference."""
        if isinstance(self.value, dict):
            target = self.value.get("$ref")
            return target if isinstance(target, str) else None
        return None

    def follow(self) -> Node | None:
        """The value behind a chain of references; None where it leads nowhere (reported).

        A value that is no reference is its own target (RFC 3986 for URIs, RFC 6901 for pointers).
        """
        node, seen = self, set[str]()
        while (target := node.reference) is not None:
            if node.identity in seen:
                self.warn("reference-cycle", f"the reference {target!r} leads back to itself")
                return None
            seen.add(node.identity)
            found = node.lookup(target)
            if found is None:
                return None
            node = found
        return node

    def lookup(self, target: str) -> Node | None:
        """The value that a reference written at this place points to; None where there is none (reported)."""
        uri, fragment = urldefrag(target)
        source: SourceText | None = self.source
        if uri:
            source = self.document.source(join_uri(self.source.uri, uri), self)
        if source is None:
            return None
        found = _descend(Node(self.document, source, "", source.value), unquote(fragment))
        if found is None:
            self.warn(
                "reference-missing",
                f"the reference {target!r} points to nothing",
                hint="add the missing part or correct the reference; it is read as any JSON for now",
            )
        return found


def describe(value: JsonValue) -> str:
    """The kind of a value, in the words of YAML, for messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a sequence"
        case dict():
            return "a mapping"


def load(location: str, diagnostics: Diagnostics, fetch: Fetch | None = None, stdin: bytes = b"") -> Document | None:
    """Read a document from a path, a URL or standard input (`-`).

    Args:
        location: a path, an http(s) URL, or `-`.
        diagnostics: the sink for findings.
        fetch: reads bytes by path or URL; for tests, and for callers with their own network rules.
        stdin: the bytes of standard input, used for `-`.

    Returns:
        The document, or None where there is nothing to work on (reported as an error).
    """
    fetch = fetch or fetch_bytes
    uri = STDIN if location == "-" else location
    try:
        data = stdin if location == "-" else fetch(uri)
    except FetchError as error:
        diagnostics.error("unreadable", f"cannot read {uri}: {error}", hint="check the path or URL of the document")
        return None
    source = _parse(uri, data, diagnostics)
    return None if source is None else Document(source, diagnostics, fetch)


def fetch_bytes(uri: str) -> bytes:
    """Read a local file or an http(s) URL whole.

    Raises:
        FetchError: it cannot be read; the text says why.
    """
    if not uri.startswith(_REMOTE):
        try:
            return Path(uri).read_bytes()
        except OSError as error:
            raise FetchError((error.strerror or str(error)).lower()) from error
        except ValueError as error:
            raise FetchError(str(error)) from error
    import httpx  # noqa: PLC0415  # costs 60 ms, and most documents are local files

    try:
        response = httpx.get(uri, follow_redirects=True, timeout=30.0)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchError(str(error) or type(error).__name__) from error
    if not response.is_success:
        raise FetchError(f"the server answered {response.status_code} {response.reason_phrase}")
    return response.content


def join_uri(base: str, reference: str) -> str:
    """Resolve a reference against the URI of the document that holds it (RFC 3986 section 5)."""
    if reference.startswith(_REMOTE):
        return reference
    if base.startswith(_REMOTE):
        return urljoin(base, reference)
    relative = unquote(reference.removeprefix("file://"))
    folder = Path() if base == STDIN else Path(base).parent
    return _normal(folder / relative)


def _normal(path: Path) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] not in {"..", path.anchor}:
            parts.pop()
        else:
            parts.append(part)
    return str(Path(*parts))


def _tokens(pointer: str) -> list[str]:
    return [_unescape(token) for token in pointer.split("/")[1:]]


def _unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")


def _descend(node: Node, fragment: str) -> Node | None:
    if fragment and not fragment.startswith("/"):
        return _anchored(node, fragment)
    current: Node = node
    for token in _tokens(fragment):
        value = current.value
        if isinstance(value, dict) and token in value:
            current = current.child(token, value[token])
        elif isinstance(value, list) and token.isdigit() and int(token) < len(value):
            current = current.child(int(token), value[int(token)])
        elif isinstance(value, dict) and "$ref" in value:
            target = current.follow()
            if target is None:
                return None
            found = _descend(target, f"/{token.replace('~', '~0').replace('/', '~1')}")
            if found is None:
                return None
            current = found
        else:
            return None
    return current


def _anchored(node: Node, name: str) -> Node | None:
    """The schema with that `$anchor` (JSON Schema 2020-12 section 8.2.2)."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current.value, dict):
            if current.value.get("$anchor") == name:
                return current
            pending.extend(current.child(key, value) for key, value in current.value.items())
        elif isinstance(current.value, list):
            pending.extend(current.child(index, value) for index, value in enumerate(current.value))
    return None


def _parse(uri: str, data: bytes, diagnostics: Diagnostics) -> SourceText | None:
    text = _decode(uri, data, diagnostics)
    if text is None:
        return None
    if not text.strip():
        diagnostics.error("empty", f"{uri} is empty", hint="give an OpenAPI document in YAML or JSON")
        return None
    duplicates: list[_Duplicate] = []
    looks_like_json = text.lstrip().startswith(("{", "[")) or urlsplit(uri).path.endswith(".json")
    value: JsonValue | _SyntaxProblem = _parse_json(text, duplicates) if looks_like_json else None
    if not looks_like_json:
        value = _parse_yaml(text, duplicates)
    elif isinstance(value, _SyntaxProblem):
        duplicates.clear()
        other = _parse_yaml(text, duplicates)
        value = value if isinstance(other, _SyntaxProblem) else other
    if isinstance(value, _SyntaxProblem):
        place = Place(SourceText(uri, text), position=value.position)
        kind = "JSON" if looks_like_json else "YAML"
        diagnostics.error("syntax", f"this is not valid {kind}: {value.message}", place)
        return None
    source = SourceText(uri, text, value)
    for duplicate in duplicates:
        place = Place(source, position=duplicate.position) if duplicate.position else Place(source)
        diagnostics.warning("duplicate-key", f"the key {duplicate.key!r} stands twice here; the last one counts", place)
    return source


def _decode(uri: str, data: bytes, diagnostics: Diagnostics) -> str | None:
    encoding = "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        lines = before.split("\n")
        position = Position(len(lines), len(lines[-1]) + 1)
        place = Place(SourceText(uri, data.decode("utf-8", "replace")), position=position)
        diagnostics.error("encoding", f"{uri} is not UTF-8 text: {error.reason}", place, hint="save it as UTF-8")
        return None


def _parse_json(text: str, duplicates: list[_Duplicate]) -> JsonValue | _SyntaxProblem:
    def build(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        result = dict(pairs)
        if len(result) != len(pairs):
            counts = Counter(key for key, _ in pairs)
            duplicates.extend(_Duplicate(key, None) for key, count in counts.items() if count > 1)
        return result

    try:
        return cast("JsonValue", json.loads(text, object_pairs_hook=build))
    except json.JSONDecodeError as error:
        return _SyntaxProblem(error.msg.lower(), Position(error.lineno, error.colno))
    except RecursionError:
        return _SyntaxProblem("it is nested too deeply", Position(1, 1))


def _parse_yaml(text: str, duplicates: list[_Duplicate]) -> JsonValue | _SyntaxProblem:
    # The collector would walk the growing tree again and again; nothing here makes cycles.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _YamlBuilder(text, duplicates).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = Position(mark.line + 1, mark.column + 1) if mark is not None else Position(1, 1)
        return _SyntaxProblem(str(error.problem or error.context or error), position)
    except yaml.reader.ReaderError as error:
        before = text[: error.position].split("\n")
        return _SyntaxProblem(str(error.reason), Position(len(before), len(before[-1]) + 1))
    except RecursionError:
        return _SyntaxProblem("it is nested too deeply", Position(1, 1))
    finally:
        if was_enabled:
            gc.enable()


class _YamlBuilder:
    """Builds plain values from parser events with JSON's scalars and string keys only (YAML 1.2 section 10.2)."""

    def __init__(self, text: str, duplicates: list[_Duplicate]) -> None:
        # A text may hold characters that only JSON escapes can spell in YAML; the parser reports them.
        parser = yaml.CBaseLoader(text)
        self._next: Callable[[], Any] = parser.get_event
        self._anchors: dict[str, JsonValue] = {}
        self._duplicates = duplicates

    def document(self) -> JsonValue:
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return None
        value = self._value(self._next())
        self._next()
        following = self._next()
        if not isinstance(following, yaml.StreamEndEvent):
            raise yaml.MarkedYAMLError(
                problem="a second document starts here; give one document a file", problem_mark=following.start_mark
            )
        return value

    def _value(self, event: Any) -> JsonValue:  # noqa: ANN401  # PyYAML's events are untyped
        kind = cast("object", type(event))
        if kind is yaml.ScalarEvent:
            value = _scalar(event)
            if event.anchor:
                self._anchors[event.anchor] = value
            return value
        if kind is yaml.MappingStartEvent:
            return self._mapping(event)
        if kind is yaml.SequenceStartEvent:
            return self._sequence(event)
        return self._alias(event)

    def _alias(self, event: Any) -> JsonValue:  # noqa: ANN401
        if event.anchor not in self._anchors:
            raise yaml.MarkedYAMLError(
                problem=f"the alias *{event.anchor} has no anchor before it, or stands inside it",
                problem_mark=event.start_mark,
            )
        return self._anchors[event.anchor]

    def _sequence(self, start: Any) -> JsonValue:  # noqa: ANN401
        result: list[JsonValue] = []
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            result.append(self._value(event))
        if start.anchor:
            self._anchors[start.anchor] = result
        return result

    def _mapping(self, start: Any) -> JsonValue:  # noqa: ANN401
        result: dict[str, JsonValue] = {}
        merges: list[JsonValue] = []
        while type(event := self._next()) is not yaml.MappingEndEvent:
            key = event.value if type(event) is yaml.ScalarEvent else json.dumps(self._value(event))
            value = self._value(self._next())
            if key == "<<" and getattr(event, "style", "'") is None:
                merges.extend(value if isinstance(value, list) else [value])
                continue
            if key in result:
                mark: Any = event.start_mark
                self._duplicates.append(_Duplicate(key, Position(mark.line + 1, mark.column + 1)))
            result[key] = value
        for merge in merges:
            if isinstance(merge, dict):
                result = {**merge, **result}
        if start.anchor:
            self._anchors[start.anchor] = result
        return result


def _scalar(event: Any) -> JsonValue:  # noqa: ANN401
    text: str = event.value
    if event.tag is not None and event.tag != "!":
        return _tagged(text, event.tag)
    if not event.implicit[0]:
        return text
    return _plain(text)


def _tagged(text: str, tag: str) -> JsonValue:
    if tag.startswith(_TAG) and tag.removeprefix(_TAG) in {"int", "float", "bool", "null"}:
        return _plain(text)
    return text


def _plain(text: str) -> JsonValue:
    first = text[:1]
    if first.isdigit() or first in "-+.":
        if _INTEGER.fullmatch(text):
            return int(text) if len(text) < 4000 else text  # noqa: PLR2004  # Python's own limit on digits
        if first and _FLOAT.fullmatch(text):
            return float(text)
    if text in _NULLS:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    return text


def plain(value: JsonValue) -> Mapping[str, JsonValue]:
    """The mapping that a value is, or an empty one."""
    return value if isinstance(value, dict) else {}
