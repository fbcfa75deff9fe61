"""What of a document is in an SDK: operations that are included, and those that are excluded again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.config.patterns import ForOperations, fits
from samekey.config.words import refuse_unknown
from samekey.identifiers import meant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from samekey.document.node import Node

_INVALID: Final = "config-invalid"
_WORDS: Final = ("tags", "paths", "operations", "internal", "deprecated")


class Selectable(Struct, frozen=True):
    """An operation of a document, as far as it matters for whether it is in an SDK.

    Args:
        id: its operationId, or empty.
        method: the HTTP method as it is sent.
        path: the path template.
        tags: its tags.
        internal: whether it, or its path, is marked `x-internal`.
        deprecated: whether the document discourages it.
    """

    id: str
    method: str
    path: str
    tags: tuple[str, ...] = ()
    internal: bool = False
    deprecated: bool = False


class Pattern(Struct, frozen=True):
    """A tag or a path, or a pattern of either with `*` for any characters, and where it stands."""

    text: str
    node: Node

    def means(self, *texts: str) -> bool:
        """Whether one of some texts is meant."""
        return any(fits(self.text, text) for text in texts)


class Filter(Struct, frozen=True):
    """Some operations of a document: those to which one of these words applies.

    Args:
        tags: patterns of their tags.
        paths: patterns of their paths.
        operations: operationIds, methods with paths, or patterns of either.
        internal: those that are marked `x-internal`.
        deprecated: those that the document discourages.
    """

    tags: tuple[Pattern, ...] = ()
    paths: tuple[Pattern, ...] = ()
    operations: tuple[ForOperations[None], ...] = ()
    internal: bool = False
    deprecated: bool = False

    def takes(self, candidate: Selectable) -> bool:
        """Whether an operation is one of these."""
        return (
            (self.internal and candidate.internal)
            or (self.deprecated and candidate.deprecated)
            or any(pattern.means(*candidate.tags) for pattern in self.tags)
            or any(pattern.means(candidate.path) for pattern in self.paths)
            or any(entry.means(candidate.id, candidate.method, candidate.path) for entry in self.operations)
        )

    def __or__(self, other: Filter) -> Filter:
        """Return what one of two filters takes."""
        return Filter(
            (*self.tags, *other.tags),
            (*self.paths, *other.paths),
            (*self.operations, *other.operations),
            internal=self.internal or other.internal,
            deprecated=self.deprecated or other.deprecated,
        )


class Selection(Struct, frozen=True):
    """What of a document is in an SDK.

    Args:
        include: the operations that are; None for all.
        exclude: those that are not, included or not.
    """

    include: Filter | None = None
    exclude: Filter = Filter()

    def takes(self, candidate: Selectable) -> bool:
        """Whether an operation is in the SDK."""
        return (self.include is None or self.include.takes(candidate)) and not self.exclude.takes(candidate)

    @property
    def hides_internal(self) -> bool:
        """Whether parameters, fields and webhooks that are marked `x-internal` are left out as well."""
        return self.exclude.internal


EVERYTHING: Final = Selection()
"""All of a document."""


def read_selection(root: Node) -> Selection:
    """Return what `include` and `exclude` say; what is wrong is reported as an error and left out."""
    return Selection(_filter(root, "include"), _filter(root, "exclude") or Filter())


def report_unmatched(selection: Selection, candidates: Sequence[Selectable]) -> None:
    """Report what `include` and `exclude` say of tags, paths and operations that are not in the document."""
    tags = sorted({tag for candidate in candidates for tag in candidate.tags})
    paths = sorted({candidate.path for candidate in candidates})
    names = sorted(
        {name for entry in candidates for name in (entry.id, f"{entry.method} {entry.path}") if name.strip()}
    )
    for found in (selection.include, selection.exclude):
        if found is not None:
            for noun, patterns, known in (("tag", found.tags, tags), ("path", found.paths, paths)):
                _report(noun, patterns, known)
            for entry in found.operations:
                if not any(entry.means(one.id, one.method, one.path) for one in candidates):
                    _unmatched(entry.node, "operation", entry.pattern, names)


def _report(noun: str, patterns: Iterable[Pattern], known: Sequence[str]) -> None:
    for pattern in patterns:
        if not pattern.means(*known):
            _unmatched(pattern.node, noun, pattern.text, known)


def _unmatched(node: Node, noun: str, pattern: str, known: Sequence[str]) -> None:
    message = f"no {noun} of the document is {pattern!r}"
    node.error("selection-unmatched", message, meant(pattern, known) or "correct this line, or take it out")


def _filter(root: Node, key: str) -> Filter | None:
    node = root.get(key)
    if node is None:
        return None
    if not isinstance(node.value, dict):
        node.error(_INVALID, f"{key} is a mapping", f"write lines such as `tags: [Charges]` below {key}")
        return None
    refuse_unknown(node, _WORDS)
    return Filter(
        tags=read_patterns(node, "tags"),
        paths=read_patterns(node, "paths"),
        operations=tuple(ForOperations(entry.text, None, entry.node) for entry in read_patterns(node, "operations")),
        internal=_flag(node, "internal"),
        deprecated=_flag(node, "deprecated"),
    )


def read_patterns(node: Node, key: str) -> tuple[Pattern, ...]:
    """Return the names, or patterns of names, of a list; what is wrong is reported as an error and left out."""
    listed = node.get(key)
    if listed is None:
        return ()
    entries = list(listed.elements()) if isinstance(listed.value, list) else [listed]
    wrong = [entry for entry in entries if not isinstance(entry.value, str) or not entry.value]
    for entry in wrong:
        entry.error(_INVALID, f"{key} is a list of names, or of patterns with *")
    return tuple(Pattern(entry.value, entry) for entry in entries if isinstance(entry.value, str) and entry.value)


def _flag(node: Node, key: str) -> bool:
    entry = node.get(key)
    if entry is not None and not isinstance(entry.value, bool):
        entry.error(_INVALID, f"{key} is true or false")
    return entry is not None and entry.value is True
