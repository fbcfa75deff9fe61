"""Bytes to values with places: files, URLs, encodings and references.

A `Node` is a value with its place, so later stages can follow references and report findings
without knowing where the text came from.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, urldefrag, urljoin

import yaml
from msgspec import Struct

from samekey.document.diagnostics import Diagnostics, Place, Position
from samekey.document.values import JsonValue, Parsed, SyntaxProblem, compose, parse_json, parse_yaml, spelling

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Document", "Fetch", "FetchError", "JsonValue", "Node", "SourceText", "describe", "extended",
    "fetch_bytes", "join_uri", "load", "plain", "tokens",
]  # fmt: skip

Fetch: TypeAlias = Callable[[str], bytes]

STDIN = "<stdin>"
_REMOTE = ("http://", "https://")
_ENCODINGS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
"""Encodings by the byte order marks that tell them."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


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
    """

    uri: str
    text: str
    value: JsonValue = None
    origin: Callable[[str], Place] | None = field(default=None, compare=False)

    def place(self, pointer: str) -> Place:
        """Where the value at a JSON pointer was written."""
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
        return compose(self.text)

    def at(self, index: int) -> Position:
        """The position of a character of the text."""
        line = bisect_right(self._starts, index)
        return Position(line, index - self._starts[line - 1] + 1)

    def position(self, pointer: str) -> Position:
        """The position of a JSON pointer, or of its nearest existing parent."""
        node = self._tree
        mark = node.start_mark if node is not None else None
        for token in tokens(pointer):
            if isinstance(node, yaml.MappingNode):
                # The last of several equal keys is the one that counts.
                found = next(((k, v) for k, v in reversed(node.value) if k.value == token), None)
                if found is None:
                    break
                mark, node = found[0].start_mark, found[1]
            elif isinstance(node, yaml.SequenceNode) and (index := _index(token, len(node.value))) is not None:
                node = node.value[index]
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
    _ends: dict[str, Node | None] = field(default_factory=dict[str, "Node | None"], compare=False)
    _circular: set[str] = field(default_factory=set[str], compare=False)
    _anchors: dict[str, dict[str, Node]] = field(default_factory=dict[str, "dict[str, Node]"], compare=False)

    @property
    def node(self) -> Node:
        """The root value with its place."""
        return Node(self, self.root, "", self.root.value)

    @property
    def _own_name(self) -> JsonValue:
        """The URI that the document gives itself (OpenAPI 3.2 section 4.1.2.2.1); references by it are not fetched."""
        return self.root.value.get("$self") if isinstance(self.root.value, dict) else None

    @property
    def size(self) -> int:
        """Characters of all sources read so far."""
        return len(self.root.text) + sum(len(source.text) for source in self._sources.values() if source is not None)

    def source(self, uri: str, referrer: Node) -> SourceText | None:
        """The source at a URI, read once; None where it cannot be read (reported at the referrer)."""
        if uri in (self.root.uri, self._own_name):
            return self.root
        if uri not in self._sources:
            self._sources[uri] = self._read(uri, referrer)
        return self._sources[uri]

    def follow(self, start: Node, passed: set[str]) -> Node | None:
        """The end of a chain of references, walked once however many links are asked for.

        Args:
            start: where the chain begins.
            passed: identities of the references that are being followed; one that is met again leads nowhere.
        """
        node: Node | None = start
        walked: list[str] = []
        while node is not None and (target := node.reference) is not None:
            identity = node.identity
            if identity in self._ends:
                node = self._ends[identity]
                break
            if identity in passed or identity in self._circular:
                self._circular.update(walked)
                passed.difference_update(walked)
                start.warn("reference-cycle", f"the reference {start.reference!r} leads back to itself")
                return None
            walked.append(identity)
            passed.add(identity)
            node = _lookup(node, target, passed)
        passed.difference_update(walked)
        self._ends.update(dict.fromkeys(walked, node))
        return node

    def anchor(self, source: SourceText, name: str) -> Node | None:
        """The schema of a source with that `$anchor` (JSON Schema 2020-12 section 8.2.2); None where it has none."""
        known = self._anchors.get(source.uri)
        if known is None:
            known = self._anchors[source.uri] = _anchors(Node(self, source, "", source.value))
        return known.get(name)

    def _read(self, uri: str, referrer: Node) -> SourceText | None:
        if not is_remote(uri) and is_remote(referrer.source.uri):
            referrer.warn("reference-refused", f"a remote document may not refer to the local file {uri}")
            return None
        try:
            data = self.fetch(uri)
        except FetchError as error:
            referrer.warn("reference-unreadable", f"cannot read {uri}: {error}")
            return None
        return _parse(uri, data, self.diagnostics)


class Node(Struct, frozen=True):
    """A value of a document with its place; accessors repair what is plain and report the rest."""

    document: Document
    source: SourceText
    pointer: str
    value: JsonValue

    @property
    def place(self) -> Place:
        """Where this value stands."""
        return self.source.place(self.pointer)

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
        return Node(self.document, self.source, extended(self.pointer, key), value)

    def get(self, key: str) -> Node | None:
        """The value under a key; None where it is missing or null."""
        value = self._under(key)
        return None if value is None else self.child(key, value)

    def _under(self, key: str) -> JsonValue:
        return self.value.get(key) if isinstance(self.value, dict) else None

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
        value = self._under(key)
        if value is None:
            return ""
        spelled = spelling(value)
        if spelled is not None:
            return spelled
        message = f"expected a string for {key!r}, found {describe(value)}; it is ignored"
        self.child(key, value).warn("wrong-type", message)
        return ""

    def flag(self, key: str) -> bool:
        """The boolean under a key; its spelling as a string is repaired."""
        value = self._under(key)
        if isinstance(value, str) and (spelled := value.lower()) in {"true", "false"}:
            message = f"expected a boolean for {key!r}, found a string; read as {spelled}"
            self.child(key, value).warn("wrong-type", message)
            return spelled == "true"
        return value is True

    def texts(self, key: str) -> tuple[str, ...]:
        """The strings of the sequence under a key; a single string counts as a sequence of one."""
        found = self._under(key)
        if isinstance(found, str):
            return (found,)
        return tuple(value for value in found if isinstance(value, str)) if isinstance(found, list) else ()

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
        return self.document.follow(self, set())

    def lookup(self, target: str) -> Node | None:
        """The value that a reference written at this place points to; None where there is none (reported)."""
        return _lookup(self, target, set())


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
    try:
        data = stdin if location == "-" else fetch(location)
    except FetchError as error:
        diagnostics.error(
            "unreadable", f"cannot read {location}: {error}", hint="check the path or URL of the document"
        )
        return None
    source = _parse(_root_uri(location), data, diagnostics)
    return None if source is None else Document(source, diagnostics, fetch)


def fetch_bytes(uri: str) -> bytes:
    """Read a local file or an http(s) URL whole.

    Raises:
        FetchError: it cannot be read; the text says why.
    """
    if not is_remote(uri):
        try:
            return Path(uri).read_bytes()
        except OSError as error:
            raise FetchError((error.strerror or str(error)).lower()) from error
        except ValueError as error:
            raise FetchError(str(error)) from error
    import httpx  # noqa: PLC0415  # costs 60 ms, and most documents are local files

    try:
        response = httpx.get(uri, follow_redirects=True, timeout=30.0)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise FetchError(str(error) or type(error).__name__) from error
    if not response.is_success:
        raise FetchError(f"the server answered {response.status_code} {response.reason_phrase}")
    return response.content


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


def _root_uri(location: str) -> str:
    """The name of the first document, spelled as references from other files to it are."""
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


def extended(pointer: str, key: str | int) -> str:
    """The pointer of what stands under a key or an index of the value at a pointer."""
    if isinstance(key, str) and ("~" in key or "/" in key):
        key = key.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{key}"


def tokens(pointer: str) -> list[str]:
    """The keys and indexes on the way to a pointer (RFC 6901 section 3)."""
    return [_unescape(token) for token in pointer.split("/")[1:]]


def _unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")


def _index(token: str, size: int) -> int | None:
    """The index that a token names in a sequence of this size (RFC 6901 section 4)."""
    index = int(token) if _INDEX.fullmatch(token) else size
    return index if index < size else None


def _lookup(node: Node, target: str, passed: set[str]) -> Node | None:
    try:
        address, fragment = urldefrag(target)
        uri = join_uri(node.source.uri, address) if address else ""
    except ValueError as error:
        node.warn("reference-unreadable", f"the reference {target!r} is no URL: {error}")
        return None
    source = node.document.source(uri, node) if uri else node.source
    if source is None:
        return None
    found = _descend(Node(node.document, source, "", source.value), unquote(fragment), passed)
    if found is None:
        node.warn(
            "reference-missing",
            f"the reference {target!r} points to nothing",
            hint="add the missing part or correct the reference",
        )
    return found


def _descend(root: Node, fragment: str, passed: set[str]) -> Node | None:
    """The value at a pointer or anchor; the way may lead through references."""
    if fragment and not fragment.startswith("/"):
        return root.document.anchor(root.source, fragment)
    current = root
    for token in tokens(fragment):
        below = _step(current, token)
        if below is None and current.reference is not None:
            target = current.document.follow(current, passed)
            below = _step(target, token) if target is not None else None
        if below is None:
            return None
        current = below
    return current


def _step(node: Node, token: str) -> Node | None:
    """The value directly below another."""
    value = node.value
    if isinstance(value, dict) and token in value:
        return node.child(token, value[token])
    if isinstance(value, list) and (index := _index(token, len(value))) is not None:
        return node.child(index, value[index])
    return None


def _anchors(root: Node) -> dict[str, Node]:
    """The schemas of a source by their `$anchor`."""
    pending = [root]
    found: dict[str, Node] = {}
    # YAML's aliases share values; each is searched once, however many ways lead to it.
    searched: set[int] = set()
    while pending:
        current = pending.pop()
        if id(current.value) in searched:
            continue
        searched.add(id(current.value))
        if isinstance(current.value, dict):
            name = current.value.get("$anchor")
            if isinstance(name, str):
                found.setdefault(name, current)
            pending.extend(current.child(key, value) for key, value in current.value.items())
        elif isinstance(current.value, list):
            pending.extend(current.child(index, value) for index, value in enumerate(current.value))
    return found


def _parse(uri: str, data: bytes, diagnostics: Diagnostics) -> SourceText | None:
    text = _decode(uri, data, diagnostics)
    if text is None:
        return None
    if not text.strip():
        diagnostics.error("empty", f"{uri} is empty", hint="give an OpenAPI document in YAML or JSON")
        return None
    looks_like_json = text.lstrip().startswith(("{", "[")) or uri.partition("?")[0].endswith(".json")
    parsed = _parse_either(text) if looks_like_json else parse_yaml(text)
    if isinstance(parsed, SyntaxProblem):
        broken = SourceText(uri, text)
        place = Place(broken, position=broken.at(parsed.index))
        kind = "JSON" if looks_like_json else "YAML"
        diagnostics.error("syntax", f"this is not valid {kind}: {parsed.message}", place)
        return None
    source = SourceText(uri, text, parsed.value)
    for duplicate in parsed.duplicates:
        position = source.at(duplicate.index) if duplicate.index is not None else None
        message = f"the key {duplicate.key!r} stands twice here; the last one counts"
        diagnostics.warning("duplicate-key", message, Place(source, position=position))
    return source


def _parse_either(text: str) -> Parsed | SyntaxProblem:
    """What looks like JSON may be YAML in flow style; where it is neither, JSON's complaint is the clearer one."""
    parsed = parse_json(text)
    if not isinstance(parsed, SyntaxProblem):
        return parsed
    other = parse_yaml(text)
    return parsed if isinstance(other, SyntaxProblem) else other


def _decode(uri: str, data: bytes, diagnostics: Diagnostics) -> str | None:
    mark, encoding = next(((mark, name) for mark, name in _ENCODINGS.items() if data.startswith(mark)), (b"", "utf-8"))
    data = data.removeprefix(mark)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        source = SourceText(uri, data.decode(encoding, "replace"))
        place = Place(source, position=source.at(len(data[: error.start].decode(encoding, "replace"))))
        diagnostics.error("encoding", f"{uri} is not UTF-8 text: {error.reason}", place, hint="save it as UTF-8")
        return None


def plain(value: JsonValue) -> Mapping[str, JsonValue]:
    """The mapping that a value is, or an empty one."""
    return value if isinstance(value, dict) else {}
