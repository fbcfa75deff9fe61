"""Names that schemas have beside their place: `$id`, `$anchor`, and `$dynamicAnchor`, which whoever extends rebinds.

A schema with a `$dynamicRef` is a template (JSON Schema 2020-12 section 8.2.3.2): whoever refers to it may have a
schema of their own under the anchor's name. The template is then read with that one in its place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.document.node import Node
    from samekey.document.values import JsonValue

DYNAMIC: Final = "$dynamicRef"
INSTANCE: Final = "/$ref"
"""Ends the pointer of a template as one reference to it reads it."""
_WITHIN_ALL_OF: Final = re.compile(r"/allOf/[0-9]+\Z")


class SchemaNames(Struct, frozen=True):
    """The names that schemas of one file give themselves.

    Args:
        anchors: schemas by `$anchor`, or `$dynamicAnchor`.
        ids: schemas by `$id`, as it is written.
    """

    anchors: Mapping[str, Node]
    ids: Mapping[str, Node]


def schema_names(root: Node) -> SchemaNames:
    """Return the names that the schemas of a file give themselves; where two give themselves one, the first counts."""
    anchors: dict[str, Node] = {}
    ids: dict[str, Node] = {}
    pending = [root]
    # YAML's aliases share values; each is searched once, however many ways lead to it.
    searched: set[int] = set()
    while pending:
        current = pending.pop()
        if id(current.value) in searched:
            continue
        searched.add(id(current.value))
        if isinstance(current.value, dict):
            for word, known in (("$anchor", anchors), ("$dynamicAnchor", anchors), ("$id", ids)):
                name = current.value.get(word)
                if isinstance(name, str):
                    known.setdefault(name.removesuffix("#"), current)
            below = [current.child(key, value) for key, value in current.value.items()]
            pending.extend(reversed(below))
        elif isinstance(current.value, list):
            pending.extend(current.child(index, value) for index, value in enumerate(current.value))
    return SchemaNames(anchors, ids)


def instance(reference: Node, template: Node, root: Node) -> Node:
    """Return a template as a reference to it reads it: with the schemas that the place of the reference binds.

    Args:
        reference: the reference.
        template: what it leads to.
        root: the whole file of the reference.
    """
    if template.source.uri != reference.source.uri:
        return template
    bound = {
        name: node.pointer
        for holder in _holders(reference, root)
        for name, node in _bound(holder)
        if node.pointer != template.pointer
    }
    value = _rebound(template.value, bound) if bound else template.value
    if value is template.value:
        return template
    return type(template)(template.document, template.source, reference.pointer + INSTANCE, value)


def _holders(reference: Node, root: Node) -> Iterator[Node]:
    """Yield the schemas whose reference this is: the one around an `allOf`, and the reference itself."""
    yield reference
    around = _WITHIN_ALL_OF.sub("", reference.pointer)
    if around != reference.pointer:
        found = reference.document.references.at(root, around)
        if found is not None:
            yield found


def _bound(holder: Node) -> Iterator[tuple[str, Node]]:
    """Yield the schemas that a schema binds to dynamic anchors: its definitions, and itself."""
    for word in ("$defs", "definitions"):
        inner = holder.get(word)
        for _, node in inner.items() if inner is not None and isinstance(inner.value, dict) else ():
            if isinstance(node.value, dict) and node.text("$dynamicAnchor"):
                yield node.text("$dynamicAnchor"), node
    if holder.text("$dynamicAnchor"):
        yield holder.text("$dynamicAnchor"), holder


def _rebound(value: JsonValue, bound: Mapping[str, str]) -> JsonValue:
    """Return a value in which dynamic references to bound names are plain ones; the same value where there are none."""
    if isinstance(value, dict):
        target = value.get(DYNAMIC)
        if isinstance(target, str) and target.startswith("#") and target[1:] in bound:
            others = {key: entry for key, entry in value.items() if key != DYNAMIC}
            return {**others, "$ref": f"#{quote(bound[target[1:]], safe='/~')}"}
        inner = {key: _rebound(entry, bound) for key, entry in value.items()}
        return value if all(inner[key] is entry for key, entry in value.items()) else inner
    if isinstance(value, list):
        items = [_rebound(entry, bound) for entry in value]
        return value if all(made is entry for made, entry in zip(items, value, strict=True)) else items
    return value
