"""Where references lead for jsonschema: to what the document itself finds there, looked up once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from referencing.exceptions import Unresolvable

if TYPE_CHECKING:
    from samekey.document.node import Node
    from samekey.document.values import JsonValue


class Resolved(NamedTuple):
    """What a reference leads to.

    Args:
        contents: the schema there.
        resolver: resolves the references within it.
    """

    contents: JsonValue
    resolver: Resolver


class Resolver:
    """Resolves the references of one file, in place of the resolver of `referencing`, which looks each up anew.

    Args:
        place: a value of the file.
        files: the resolvers of all files of the document, by their addresses.
    """

    def __init__(self, place: Node, files: dict[str, Resolver]) -> None:
        self._place = place
        self._files = files
        self._known: dict[str, Resolved | None] = {}

    def lookup(self, ref: str) -> Resolved:
        """Return what a reference leads to.

        Raises:
            referencing.exceptions.Unresolvable: it leads nowhere.
        """
        if ref not in self._known:
            found = self._place.lookup(ref)
            self._known[ref] = None if found is None else Resolved(found.value, resolver_of(found, self._files))
        known = self._known[ref]
        if known is None:
            raise Unresolvable(ref)
        return known

    def in_subresource(self, _: object) -> Resolver:
        """Return itself: in OpenAPI, references are relative to the file, whatever the schemas within it say."""
        return self

    def dynamic_scope(self) -> tuple[()]:
        """Return no other files, since references are followed from where they stand."""
        return ()


def resolver_of(node: Node, files: dict[str, Resolver]) -> Resolver:
    """Return the one resolver of a value's file."""
    return files.setdefault(node.source.uri, Resolver(node, files))
