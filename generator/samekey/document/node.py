"""Values with their places: a document, and accessors that repair what is plain and report the rest.

A `Node` is a value with its place, so later stages can follow references and report findings
without knowing where the text came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.document.diagnostics import shown_uri
from samekey.document.pointers import extended, unescape
from samekey.document.references import References
from samekey.document.source import (
    FetchError,
    fetch_bytes,
    is_inside,
    is_readable_file,
    is_remote,
    parse_source,
    root_uri,
)
from samekey.document.values import JsonValue, spelling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samekey.document.diagnostics import Diagnostics, Place
    from samekey.document.source import Fetch, SourceText


_REFUSED: Final = -1
_OUTSIDE: Final = "move the file below the document's folder if it belongs to it; nothing of it is shown here"


@dataclass(frozen=True)
class Document:
    """The root source with every source that references reached, and the sink for findings.

    Args:
        root: the first source.
        diagnostics: the sink for findings.
        fetch: reads bytes by path or URL.
        allow_remote: whether a remote document may refer to other origins than its own.
    """

    root: SourceText
    diagnostics: Diagnostics
    fetch: Fetch
    allow_remote: bool = False
    _sources: dict[str, SourceText | None] = field(default_factory=dict[str, "SourceText | None"])
    references: References = field(default_factory=References, compare=False)

    @property
    def node(self) -> Node:
        """The root value with its place."""
        return self.whole(self.root)

    def whole(self, source: SourceText) -> Node:
        """Return the value of a whole source, with its place."""
        return Node(self, source, "", source.value)

    @property
    def _own_name(self) -> JsonValue:
        """The URI that the document gives itself (OpenAPI 3.2 section 4.1.2.2.1); references by it are not fetched."""
        return self.root.value.get("$self") if isinstance(self.root.value, dict) else None

    @property
    def size(self) -> int:
        """Characters of all sources read so far."""
        return len(self.root.text) + sum(len(source.text) for source in self._sources.values() if source is not None)

    def source(self, uri: str, referrer: Node) -> SourceText | None:
        """Return the source at a URI, read once; None where it cannot be read (reported at the referrer)."""
        if uri in (self.root.uri, self._own_name):
            return self.root
        if uri not in self._sources:
            self._sources[uri] = self._read(uri, referrer)
        return self._sources[uri]

    def _read(self, uri: str, referrer: Node) -> SourceText | None:
        context = self._shown_of(uri, referrer)
        if context == _REFUSED:
            return None
        try:
            data = self.fetch(uri)
        except FetchError as error:
            referrer.warn("reference-unreadable", f"cannot read {shown_uri(uri)}: {error}")
            return None
        # A file that is no document may be anything, such as one with passwords.
        broken = None if context is None else 0
        return parse_source(uri, data, self.diagnostics, context=context, broken_context=broken)

    def _shown_of(self, uri: str, referrer: Node) -> int | None:
        """Return how many lines around a place of a referenced text may be shown; `_REFUSED` where it is not read."""
        home = referrer.source.uri
        if is_remote(uri):
            return self._shown_of_remote(uri, referrer)
        if is_remote(home):
            referrer.warn("reference-refused", f"a remote document may not refer to the local file {uri}")
            return _REFUSED
        if not is_readable_file(uri):
            referrer.warn("reference-refused", f"{uri} is not a file that can be read to its end")
            return _REFUSED
        if not is_remote(self.root.uri) and is_inside(uri, self.root.uri):
            return 1
        referrer.warn("reference-outside", f"this reference leads to {uri}, outside of the document's folder", _OUTSIDE)
        return None

    def _shown_of_remote(self, uri: str, referrer: Node) -> int | None:
        from samekey.document.download import is_private, origin_of  # noqa: PLC0415  # httpx costs 60 ms

        home, shown = referrer.source.uri, shown_uri(uri)
        if not is_remote(home):
            if is_private(uri):
                referrer.warn("reference-outside", f"this reference leads to {shown}, in this machine's network")
            return 1
        if origin_of(uri) == origin_of(home):
            return 1
        if not self.allow_remote:
            message = f"a remote document may refer to its own origin only, and not to {shown}"
            referrer.warn("reference-refused", message, "give --allow-remote if you trust the document")
            return _REFUSED
        if is_private(uri) and not is_private(home):
            referrer.warn("reference-refused", f"a remote document may not refer to {shown}, in this machine's network")
            return _REFUSED
        return 1


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
    def is_overlaid(self) -> bool:
        """Whether an overlay put this value here, so that the document itself does not say it."""
        return self.source.origin is not None and self.place.source.uri != self.source.uri

    @property
    def identity(self) -> str:
        """The URI and pointer that name this value across files."""
        return f"{self.source.uri}#{self.pointer}"

    @property
    def name(self) -> str:
        """The last token of the pointer."""
        return unescape(self.pointer.rpartition("/")[2])

    def error(self, code: str, message: str, hint: str = "") -> None:
        """Report an error at this place."""
        self.document.diagnostics.error(code, message, self.place, hint)

    def warn(self, code: str, message: str, hint: str = "") -> None:
        """Report a warning at this place."""
        self.document.diagnostics.warning(code, message, self.place, hint)

    def child(self, key: str | int, value: JsonValue) -> Node:
        """Return a value below this one, with its place."""
        return Node(self.document, self.source, extended(self.pointer, key), value)

    def get(self, key: str) -> Node | None:
        """Return the value under a key; None where it is missing or null."""
        value = self._under(key)
        return None if value is None else self.child(key, value)

    def _under(self, key: str) -> JsonValue:
        return self.value.get(key) if isinstance(self.value, dict) else None

    def has(self, key: str) -> bool:
        """Whether this is a mapping with that key, null included."""
        return isinstance(self.value, dict) and key in self.value

    def items(self, key: str | None = None) -> Iterator[tuple[str, Node]]:
        """Yield the keys and values of this mapping, or of the mapping under a key; anything else is reported."""
        node = self if key is None else self._container(key)
        if node is None:
            return
        if not isinstance(node.value, dict):
            node.warn("wrong-type", f"expected a mapping, found {kind_in_yaml(node.value)}; it is ignored")
            return
        for name, value in node.value.items():
            yield name, node.child(name, value)

    def elements(self, key: str | None = None) -> Iterator[Node]:
        """Yield the elements of this sequence, or of the sequence under a key; anything else is reported."""
        node = self if key is None else self._container(key)
        if node is None:
            return
        if not isinstance(node.value, list):
            node.warn("wrong-type", f"expected a sequence, found {kind_in_yaml(node.value)}; it is ignored")
            return
        for index, value in enumerate(node.value):
            yield node.child(index, value)

    def _container(self, key: str) -> Node | None:
        """Return the mapping or sequence under a key; documents of several files put a reference in its place."""
        node = self.get(key)
        return None if node is None else node.resolved()

    def text(self, key: str) -> str:
        """Return the string under a key; a number or boolean is taken by its spelling, anything else is reported."""
        value = self._under(key)
        if value is None:
            return ""
        spelled = spelling(value)
        if spelled is not None:
            return spelled
        message = f"expected a string for {key!r}, found {kind_in_yaml(value)}; it is ignored"
        self.child(key, value).warn("wrong-type", message)
        return ""

    def flag(self, key: str) -> bool:
        """Return the boolean under a key; its spelling as a string is repaired (reported)."""
        value = self._under(key)
        if isinstance(value, str) and (spelled := value.lower()) in {"true", "false"}:
            message = f"expected a boolean for {key!r}, found a string; read as {spelled}"
            self.child(key, value).warn("wrong-type", message)
            return spelled == "true"
        return value is True

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the strings of the sequence under a key; a single string counts as a sequence of one."""
        found = self._under(key)
        if isinstance(found, str):
            return (found,)
        return tuple(value for value in found if isinstance(value, str)) if isinstance(found, list) else ()

    @property
    def reference(self) -> str | None:
        """The target of `$ref`, or of `$dynamicRef`, where this is a reference."""
        if isinstance(self.value, dict):
            target = self.value.get("$ref")
            if target is None:
                target = self.value.get("$dynamicRef")
            return target if isinstance(target, str) else None
        return None

    def follow(self) -> Node | None:
        """Return the value at the end of a chain of references; None where it leads nowhere (reported).

        A value that is not a reference is its own target (RFC 3986 for URIs, RFC 6901 for pointers).
        """
        return self if self.reference is None else self.document.references.follow(self)

    def resolved(self) -> Node | None:
        """Return what a reference leads to, with the words beside it; None where it leads nowhere (reported).

        It is for what OpenAPI knows no references to, such as operations and lists of parameters, and others do.
        """
        target = self.follow()
        if target is None or self.reference is None or not isinstance(self.value, dict) or len(self.value) == 1:
            return target
        if not isinstance(target.value, dict):
            return target
        own = {name: value for name, value in self.value.items() if name != "$ref"}
        return Node(target.document, target.source, target.pointer, {**target.value, **own})

    def lookup(self, target: str) -> Node | None:
        """Return the value that a reference written at this place points to; None where there is none (reported)."""
        return self.document.references.lookup(self, target)


def kind_in_yaml(value: JsonValue) -> str:
    """Return the kind of a value in the words of YAML, for messages."""
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


def load(
    location: str,
    diagnostics: Diagnostics,
    fetch: Fetch | None = None,
    stdin: bytes = b"",
    *,
    allow_remote: bool = False,
    what: str = "document",
    named_at: Place | None = None,
) -> Document | None:
    """Read a document from a path, a URL or standard input (`-`).

    Args:
        location: a path, an http(s) URL, or `-`.
        diagnostics: the sink for findings.
        fetch: reads bytes by path or URL; for tests, and for callers with their own network rules.
        stdin: the bytes of standard input, used for `-`.
        allow_remote: whether a remote document may refer to other origins than its own.
        what: what it is, for whoever has to find it.
        named_at: the place in another file that names it.

    Returns:
        The document, or None where there is nothing to work on (reported as an error).
    """
    fetch = fetch or fetch_bytes
    try:
        data = stdin if location == "-" else fetch(location)
    except FetchError as error:
        message = f"cannot read {shown_uri(location)}: {error}"
        diagnostics.error("unreadable", message, named_at, hint=f"check the path or URL of the {what}")
        return None
    source = parse_source(root_uri(location), data, diagnostics)
    return None if source is None else Document(source, diagnostics, fetch, allow_remote)
