"""References to the values that they point to, across files and URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag

from samekey.document.pointers import index_of, tokens
from samekey.document.schema_names import DYNAMIC, SchemaNames, instance, schema_names
from samekey.document.source import join_uri

if TYPE_CHECKING:
    from samekey.document.node import Node


class References:
    """Where references lead, remembered: a chain is walked once, however many of its links are asked for."""

    __slots__ = ("_circular", "_ends", "_names", "_templates")

    def __init__(self) -> None:
        self._ends: dict[str, Node | None] = {}
        self._circular: set[str] = set()
        self._names: dict[str, SchemaNames] = {}
        self._templates: dict[str, bool] = {}

    def follow(self, start: Node) -> Node | None:
        """Return the end of a chain of references; None where it leads nowhere (reported)."""
        return self._follow(start, set())

    def lookup(self, node: Node, target: str) -> Node | None:
        """Return the value that a reference written at a place points to; None where there is none (reported)."""
        return self._lookup(node, target, set())

    def _follow(self, start: Node, passed: set[str]) -> Node | None:
        """Return the end of a chain of references; None where it leads nowhere (reported).

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
            node = self._lookup(node, target, passed)
        passed.difference_update(walked)
        self._ends.update(dict.fromkeys(walked, node))
        return node

    def _lookup(self, node: Node, target: str, passed: set[str]) -> Node | None:
        try:
            address, fragment = urldefrag(target)
            uri = join_uri(node.source.uri, address) if address else ""
        except ValueError as error:
            node.warn("reference-unreadable", f"the reference {target!r} is not a valid URL: {error}")
            return None
        home = self._identified(node, address, uri) if uri else node.document.whole(node.source)
        if home is None:
            source = node.document.source(uri, node)
            home = None if source is None else node.document.whole(source)
        if home is None:
            return None
        found = self._descend(home, unquote(fragment), passed)
        if found is None:
            node.warn(
                "reference-missing",
                f"the reference {target!r} points to nothing",
                hint="add the missing part or correct the reference",
            )
        elif self._has_templates(found):
            return instance(node, found, node.document.whole(node.source))
        return found

    def at(self, root: Node, pointer: str) -> Node | None:
        """Return the value at a pointer of a file; None where there is none."""
        return self._descend(root, pointer, set())

    def _has_templates(self, node: Node) -> bool:
        """Whether a file has a schema that whoever refers to it may complete; searched once, as it is rare."""
        uri = node.source.uri
        if uri not in self._templates:
            self._templates[uri] = DYNAMIC in node.source.text
        return self._templates[uri]

    def _descend(self, root: Node, fragment: str, passed: set[str]) -> Node | None:
        """Return the value at a pointer or anchor, through references on the path to it; None where there is none."""
        if fragment and not fragment.startswith("/"):
            return self._anchor(root, fragment)
        current = root
        for token in tokens(fragment):
            below = _step(current, token)
            if below is None and current.reference is not None:
                target = self._follow(current, passed)
                below = _step(target, token) if target is not None else None
            if below is None:
                return None
            current = below
        return current

    def _anchor(self, root: Node, name: str) -> Node | None:
        """Return the schema with this anchor (JSON Schema 2020-12 section 8.2.2); None where there is none."""
        return self._names_in(root).anchors.get(name)

    def _identified(self, node: Node, address: str, uri: str) -> Node | None:
        """Return the schema of the same file whose `$id` a reference names (section 8.2.1); None where none does."""
        if "$id" not in node.source.text:
            return None
        ids = self._names_in(node.document.whole(node.source)).ids
        return ids.get(uri) or ids.get(address)

    def _names_in(self, root: Node) -> SchemaNames:
        uri = root.source.uri
        if uri not in self._names:
            self._names[uri] = schema_names(root)
        return self._names[uri]


def _step(node: Node, token: str) -> Node | None:
    """Return the value directly below another, by key or index; None where there is none."""
    value = node.value
    if isinstance(value, dict) and token in value:
        return node.child(token, value[token])
    if isinstance(value, list) and (index := index_of(token, len(value))) is not None:
        return node.child(index, value[index])
    return None
