"""Overlays: changes to a document that its user does not own (OpenAPI Overlay Specification 1.0 and 1.1).

Containers on the way to a change are copied, so what YAML's aliases share and the document itself stay as they are.
Beside each copy stands where its entries were written, so that a finding about a patched document points to the line,
of the document or of an overlay, that somebody can edit.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Struct

from samekey.document.diagnostics import Place
from samekey.document.node import Document, Node, kind_in_yaml, load
from samekey.document.pointers import extended, tokens
from samekey.document.source import STDIN, SourceText, join_uri

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samekey.document.diagnostics import Diagnostics
    from samekey.document.source import Fetch
    from samekey.document.values import JsonValue

_MOST_COPIED: Final = 500_000
_VERSION: Final = re.compile(r"1\.[0-9]+(\.[0-9]+)?")
_SAYS_REPLACE: Final = re.compile(r"1\.0(\..*)?")
_STARTS: Final = "an overlay starts with `overlay: 1.0.0` and has a list of `actions`"

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and indexes on the way from the root to a value."""


class Overlay(Struct, frozen=True):
    """A file of changes.

    Args:
        actions: what to do, in order.
        extends: the document that it was written for, where it says so.
        replaces: whether a property may take the place of one of another kind, as in version 1.0.
    """

    actions: tuple[Node, ...]
    extends: Node | None
    replaces: bool


def load_overlay(location: str, diagnostics: Diagnostics, fetch: Fetch | None = None) -> Overlay | None:
    """Read an overlay.

    Args:
        location: a path or an http(s) URL.
        diagnostics: the sink for findings.
        fetch: reads bytes by path or URL; for tests, and for callers with their own network rules.

    Returns:
        The overlay, or None where the file is none (reported as an error).
    """
    document = load(location, diagnostics, fetch, what="overlay")
    return None if document is None else read_overlay(document.node)


def read_overlay(root: Node) -> Overlay | None:
    """Read an overlay; None where its version or actions are missing or wrong (section Overlay Object; reported)."""
    version = root.text("overlay") if isinstance(root.value, dict) else ""
    actions = root.get("actions")
    if not version:
        root.error("overlay-invalid", "this is not an overlay: it does not say its version", _STARTS)
    elif not _VERSION.fullmatch(version):
        (root.get("overlay") or root).error("overlay-invalid", f"Overlay {version} is not supported", _STARTS)
    elif actions is None or not isinstance(actions.value, list):
        (actions or root).error("overlay-invalid", "this overlay has no list of actions", _STARTS)
    else:
        return Overlay(tuple(actions.elements()), root.get("extends"), bool(_SAYS_REPLACE.fullmatch(version)))
    return None


def apply_overlays(document: Document, overlays: Iterable[Overlay]) -> Document:
    """Return a document with the changes of all overlays made, each on top of those before it.

    What cannot be done is left out, and reported at the line of the overlay that asks for it.
    """
    tree = _Tree(document.root)
    for overlay in overlays:
        _tell_other_document(overlay, document)
        for action in overlay.actions:
            try:
                _act(tree, action, replaces=overlay.replaces)
            except RecursionError:
                action.error("overlay-failed", "the document is nested too deeply for this action")
    root = document.root
    return replace(document, root=SourceText(root.uri, root.text, tree.value, tree.place))


class _Given(Struct, frozen=True):
    """A value that an action brings, and where it was written."""

    value: JsonValue
    place: Place


class _MismatchError(Exception):
    """Two values of different kinds cannot be merged; the text says which."""


class _Copy(Struct, frozen=True):
    """A container of our own, and where each of its entries was written.

    Args:
        entries: a dict or a list; both are read, set and deleted by key.
        places: the same kind of container, with the same keys.
    """

    entries: Any
    places: Any


class _Tree:
    """A value that can be changed.

    Args:
        source: where the value was written.
    """

    def __init__(self, source: SourceText) -> None:
        self.value = source.value
        self._source = source
        # By identity of the entries, which live as long as this tree does.
        self._copies: dict[int, _Copy] = {}

    @property
    def uri(self) -> str:
        """The path or URL of the document."""
        return self._source.uri

    def at(self, parts: KeyPath) -> JsonValue:
        """Return the value at a path of keys and indexes; None where there is none."""
        value: Any = self.value
        for key in parts:
            if not _has(value, key):
                return None
            value = value[key]
        found: JsonValue = value
        return found

    def place(self, pointer: str) -> Place:
        """Return the place where the value at a pointer, or its nearest existing parent, was written."""
        value: Any = self.value
        place = Place(self._source)
        for token in tokens(pointer):
            key = _key(value, token)
            if not _has(value, key):
                break
            copy = self._copies.get(id(value))
            place = _below(place, key) if copy is None else copy.places[key]
            value = value[key]
        return place

    def remove(self, parts: KeyPath) -> None:
        """Remove the value at a path of keys and indexes from its container."""
        copy = self._open(parts[:-1])
        if copy is not None and _has(copy.entries, parts[-1]):
            del copy.entries[parts[-1]]
            del copy.places[parts[-1]]

    def merge(self, parts: KeyPath, update: JsonValue, place: Place, *, replaces: bool) -> None:
        """Merge a value into the one at a path (section Action Object); null leaves mappings and sequences as they are.

        Raises:
            _MismatchError: the two are of kinds that cannot be merged.
        """
        target = self.at(parts)
        match target, update:
            case dict() | list(), None:
                pass
            case dict(), dict():
                for key, value in update.items():
                    if target.get(key) is not None:
                        self.merge((*parts, key), value, _below(place, key), replaces=replaces)
                    else:
                        self._put((*parts, key), value, _below(place, key))
            case list(), list():
                for index, value in enumerate(update):
                    self.append(parts, value, _below(place, index))
            case _ if replaces or target is None or (_is_scalar(target) and _is_scalar(update)):
                self._put(parts, update, place)
            case _:
                raise _MismatchError(f"{kind_in_yaml(update)} cannot take the place of {kind_in_yaml(target)}")

    def append(self, parts: KeyPath, value: JsonValue, place: Place) -> None:
        """Add a value to the list at a path of keys and indexes."""
        copy = self._open(parts)
        if copy is not None:
            copy.entries.append(value)
            copy.places.append(place)

    def _put(self, parts: KeyPath, value: JsonValue, place: Place) -> None:
        copy = self._open(parts[:-1])
        if copy is not None:
            copy.entries[parts[-1]] = value
            copy.places[parts[-1]] = place

    def _open(self, parts: KeyPath) -> _Copy | None:
        """Return the container at a path, copied like all containers above it; None where there is none."""
        copy = self._copied(self.value, Place(self._source))
        if copy is not None:
            self.value = copy.entries
        for key in parts:
            if copy is None or not _has(copy.entries, key):
                return None
            inner = self._copied(copy.entries[key], copy.places[key])
            if inner is not None:
                copy.entries[key] = inner.entries
            copy = inner
        return copy

    def _copied(self, value: JsonValue, place: Place) -> _Copy | None:
        known = self._copies.get(id(value))
        if known is not None:
            return known
        if isinstance(value, dict):
            copy = _Copy(dict(value), {key: _below(place, key) for key in value})
        elif isinstance(value, list):
            copy = _Copy(list(value), [_below(place, index) for index in range(len(value))])
        else:
            return None
        self._copies[id(copy.entries)] = copy
        return copy


def _act(tree: _Tree, action: Node, *, replaces: bool) -> None:
    """Carry out one action of an overlay (section Action Object)."""
    if not isinstance(action.value, dict):
        action.error("overlay-invalid", f"an action is a mapping with a target, not {kind_in_yaml(action.value)}")
        return
    found = _matches(tree, action, "target")
    if found is None:
        return
    if not found:
        _at(action, "target").warn(
            "overlay-unmatched",
            f"nothing in {tree.uri} matches the target {action.text('target')!r}",
            "correct the path, or take the action out",
        )
    if action.flag("remove"):
        _remove(tree, action, found)
        return
    given = _given(tree, action)
    if given is not None:
        _update(tree, action, found, given, replaces=replaces)


def _given(tree: _Tree, action: Node) -> _Given | None:
    """Return the value that an action brings into the document; None where it brings nothing (reported)."""
    if action.has("update") and isinstance(action.value, dict):
        update = action.child("update", action.value["update"])
        return _Given(update.value, update.place)
    if action.has("copy"):
        found = _matches(tree, action, "copy")
        if found is not None and len(found) == 1:
            if _is_larger(tree.at(found[0]), _MOST_COPIED):
                _at(action, "copy").error("overlay-failed", f"this copies more than {_MOST_COPIED} values")
                return None
            # A copy of its own: what is copied may hold its target, or be changed by the next action.
            place = tree.place("".join(extended("", key) for key in found[0]))
            return _Given(deepcopy(tree.at(found[0])), place)
        if found is not None:
            _at(action, "copy").error("overlay-invalid", f"`copy` names one value; this path matches {len(found)}")
    elif action.has("$ref"):
        action.error("overlay-invalid", "reusable actions are not supported", "write the action out here")
    else:
        action.error("overlay-invalid", "this action changes nothing: it has no `update`, `remove` or `copy`")
    return None


def _remove(tree: _Tree, action: Node, found: list[KeyPath]) -> None:
    if () in found:
        _at(action, "target").error("overlay-invalid", "the whole document cannot be removed")
        return
    # From the end, so that an index still means what it meant, and what is inside goes before what it is in.
    for parts in sorted(set(found), reverse=True):
        tree.remove(parts)


def _update(tree: _Tree, action: Node, found: list[KeyPath], given: _Given, *, replaces: bool) -> None:
    for parts in found:
        try:
            match tree.at(parts), given.value:
                case list(), dict() | str() | int() | float():
                    tree.append(parts, given.value, given.place)
                case dict(), list() | str() | int() | float():
                    raise _MismatchError(f"{kind_in_yaml(given.value)} cannot be merged into a mapping")
                case _:
                    tree.merge(parts, given.value, given.place, replaces=replaces)
        except _MismatchError as error:
            action.error("overlay-mismatch", str(error), "remove the old value in an action before this one")


def _matches(tree: _Tree, action: Node, key: str) -> list[KeyPath] | None:
    """Return the paths of the values that an action's JSONPath selects; None where it is no JSONPath (reported)."""
    from samekey.document.json_paths import LookupFailedError, PathError, values_at  # noqa: PLC0415  # for overlays alone

    path = action.text(key)
    if not path:
        action.error(
            "overlay-invalid", f"this action has no {key}", "give a JSONPath such as `$.paths['/charges'].post`"
        )
        return None
    try:
        return values_at(path, tree.value)
    except PathError as error:
        _at(action, key).error("overlay-invalid", f"{path!r} is not a JSONPath: {error}", "see RFC 9535")
    except LookupFailedError as error:
        _at(action, key).error("overlay-failed", f"{path!r} cannot be looked up in {tree.uri}: {error}")
    return None


def _tell_other_document(overlay: Overlay, document: Document) -> None:
    """Report an overlay whose `extends` names another document; what the user gave is patched all the same."""
    extends = overlay.extends
    if extends is None or not isinstance(extends.value, str) or STDIN in {document.root.uri, extends.source.uri}:
        return
    if join_uri(extends.source.uri, extends.value) != document.root.uri:
        document.diagnostics.note(
            "overlay-extends",
            f"this overlay was written for {extends.value}; it is applied to {document.root.uri}",
            extends.place,
        )


def _at(node: Node, key: str) -> Node:
    return node.get(key) or node


def _below(place: Place, key: str | int) -> Place:
    return Place(place.source, extended(place.pointer, key))


def _key(value: object, token: str) -> str | int:
    """Return the key that a pointer's token means for a value: an index of a list, a key of anything else."""
    return int(token) if isinstance(value, list) and token.isdecimal() else token


def _has(value: Any, key: str | int) -> bool:  # noqa: ANN401  # a dict or a list, or neither
    if isinstance(value, dict):
        return key in value
    return isinstance(value, list) and isinstance(key, int) and key < len(value)  # pyright: ignore[reportUnknownArgumentType]


def _is_larger(value: JsonValue, limit: int) -> bool:
    """Whether a value has more values in it than a limit: who copies a list into itself doubles it each time."""
    pending, count = [value], 0
    while pending and count <= limit:
        current = pending.pop()
        count += 1
        if isinstance(current, (dict, list)):
            pending.extend(current.values() if isinstance(current, dict) else current)
    return count > limit


def _is_scalar(value: JsonValue) -> bool:
    return not isinstance(value, (dict, list))
