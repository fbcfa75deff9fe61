"""What an operation does by method and path, as REST means them (RFC 9110 section 9.3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.identifiers import singular, split
from samekey.names.phrases import VERBS
from samekey.names.words import snake

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from samekey.ir import Operation

NOISE: Final = frozenset({"api", "apis", "rest", "latest", "beta", "alpha"})
"""Segments of paths that name nothing."""
_VERSION = re.compile(r"v?[0-9]+([._][0-9]+)*")
_WRITING: Final = {"POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}


def is_noise(segment: str) -> bool:
    """Whether a segment of a path names nothing: a version, or `api`."""
    return segment.lower() in NOISE or _VERSION.fullmatch(segment.lower()) is not None


def nouns_of(path: str) -> list[str]:
    """Return the segments of a path that name something."""
    return [segment for segment in path.split("/") if segment and "{" not in segment and not is_noise(segment)]


class Habits(Struct, frozen=True):
    """How a document spells its ids and paths.

    Args:
        is_http: whether ids begin or end with the HTTP method where others have a verb.
        collections: paths of which another one, with a parameter behind it, gives a single thing.
    """

    is_http: bool = False
    collections: frozenset[str] = frozenset()


def collections_of(operations: Iterable[Operation]) -> frozenset[str]:
    """Return the paths that stand before a parameter that ends a path."""
    split_paths = (operation.path.rstrip("/").rpartition("/") for operation in operations)
    return frozenset(above for above, _, last in split_paths if "{" in last)


class _RestPath(Struct, frozen=True):
    """A path as REST reads it.

    Args:
        words: of its nouns, without the resource's own.
        of: the noun of what the resource belongs to here, or empty.
        is_many: whether its last noun is in the plural, or single things stand below it.
        on_item: whether it ends in a parameter.
        last: the words of its last segment.
        below_item: whether its last segment stands behind a parameter.
    """

    words: tuple[str, ...]
    of: tuple[str, ...]
    is_many: bool
    on_item: bool
    last: tuple[str, ...]
    below_item: bool

    @property
    def is_action(self) -> bool:
        """Whether it ends in what is done, such as `/charges/{id}/capture`."""
        if not self.words or self.on_item:
            return False
        return self.last[0] in VERBS or (self.below_item and not self.is_many)


def rest_method(operation: Operation, nouns: Sequence[Sequence[str]], habits: Habits, one: str = "get") -> str:
    """Return a method's name from method and path.

    Args:
        operation: the operation.
        nouns: the resource's noun in the singular, whole and without the words before its last.
        habits: how the document spells its paths.
        one: the verb for reading one thing.
    """
    path = _rest_path(operation.path, nouns, habits)
    of = ["for", *path.of] if path.of else []
    is_post = operation.method == "POST"
    if is_post and path.is_action:
        return snake(" ".join([*path.words, *of]), "call")
    if operation.method == "GET":
        verb = "list" if path.is_many and not path.on_item else one
    elif is_post and path.on_item and not path.words:
        verb = "update"
    else:
        verb = _WRITING.get(operation.method, operation.method.lower())
    spoken = path.words
    if spoken and (path.on_item or is_post):
        spoken = (*spoken[:-1], singular(spoken[-1]))
    return snake(" ".join([verb, *spoken, *of]), "call")


def _rest_path(path: str, nouns: Sequence[Sequence[str]], habits: Habits) -> _RestPath:
    segments = [segment for segment in path.split("/") if segment]
    named = [list(split(noun)) for noun in nouns_of(path)]
    singulars = [[singular(word) for word in noun] for noun in named]
    of: list[str] = []
    words = named
    if nouns and [word for noun in singulars for word in noun] == list(nouns[0]):
        # `/users/{id}/avatar` of `user avatars`.
        words = []
    elif singulars and singulars[0] in nouns:
        words = named[1:]
    elif len(singulars) > 1 and singulars[-1] in nouns:
        # `/customers/{id}/cards` of `cards`.
        of, words = singulars[-2], []
    last = tuple(named[-1]) if named else ()
    return _RestPath(
        words=tuple(word for noun in words for word in noun),
        of=tuple(of),
        is_many=bool(last) and (singular(last[-1]) != last[-1] or path.rstrip("/") in habits.collections),
        on_item=bool(segments) and "{" in segments[-1],
        last=last,
        below_item=len(segments) > 1 and "{" in segments[-2],
    )
