"""Which resource an operation belongs to: by another generator's word, by its tag, or by its path."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.identifiers import in_ascii, singular, split
from samekey.names.lockfile import RESOURCES, Entry
from samekey.names.rest import is_noise, nouns_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from samekey.ir import Api, Operation
    from samekey.names.lockfile import Lockfile

TITLE_NOISE: Final = frozenset(
    {"api", "apis", "openapi", "swagger", "rest", "restful", "http", "specification", "spec", "the"}
)
"""Words of titles and tags that say nothing."""
_SILENT: Final = frozenset({"default", "untagged", "none", "general", "root", "main", "controller", "endpoints"})
"""Tags that say nothing, beside those of titles and versions."""
_MANY: Final = 10
_SEVERAL: Final = 3
"""How many operations a tag must hold, and of how many nouns, to part nothing from anything if it holds all of them."""


class Group(Struct, frozen=True):
    """What some operations belong to in the document.

    Args:
        key: what it is remembered by: the tag; the word of a path, with a slash before it where that stands in the
            place of a tag; or the words of an extension with dots between them.
        parts: the words for each level of the resource.
    """

    key: str
    parts: tuple[str, ...]


def groups_of(api: Api, lockfile: Lockfile) -> dict[str, Group]:
    """Return the group of each operation, by the operation's key; one that was in a group of the lockfile stays there.

    Args:
        api: the API.
        lockfile: the names that were given before.
    """
    silent = {tag for tag in _silent_tags(api) if Entry(RESOURCES, tag, "attribute") not in lockfile.names}
    return {operation.key: _group(operation, silent, lockfile) for operation in api.operations}


def _group(operation: Operation, silent: set[str], lockfile: Lockfile) -> Group:
    wishes = list(_wishes(operation, silent))
    known = (wish for wish in wishes if Entry(RESOURCES, wish.key, "methods", operation.key) in lockfile.names)
    return next(known, wishes[0])


def _wishes(operation: Operation, silent: set[str]) -> Iterator[Group]:
    """Yield the groups that an operation may belong to, the best first."""
    if operation.group:
        yield Group(".".join(operation.group), operation.group)
    tag = _tag(operation)
    if tag and tag not in silent:
        yield Group(tag, (_without_habits(tag, operation.path),))
    first = next(iter(nouns_of(operation.path)), "")
    if tag and first:
        yield Group(f"/{first}", (first,))
    elif first:
        yield Group(first, (first,))
    if tag in silent:
        yield Group(tag, (tag,))
    yield Group("root", ("root",))


def _tag(operation: Operation) -> str:
    return operation.tags[0] if operation.tags and operation.tags[0].strip() else ""


def _silent_tags(api: Api) -> set[str]:
    """Return the tags that say nothing: `api`, `default`, a version, and one that holds everything."""
    tags = Counter(_tag(operation) for operation in api.operations if _tag(operation))
    found = {tag for tag in tags if _says_nothing(tag)}
    if len(tags) == 1 and tags.total() == len(api.operations):
        ((only, count),) = tags.items()
        nouns = {nouns[0].lower() for operation in api.operations if (nouns := nouns_of(operation.path))}
        if len(nouns) >= _SEVERAL and (count >= _MANY or _is_title(only, api.title)):
            found.add(only)
    # Without a path that names something, a tag is all there is.
    return {
        tag for tag in found if all(nouns_of(entry.path) for entry in api.operations if _tag(entry) == tag)
    }  # fmt: skip


def _says_nothing(tag: str) -> bool:
    spoken = split(tag)
    return bool(spoken) and all(word in _SILENT or word in TITLE_NOISE or is_noise(word) for word in spoken)


def _is_title(tag: str, title: str) -> bool:
    return set(split(tag)) <= set(split(title))


def _without_habits(tag: str, path: str) -> str:
    """Return a tag as a person would write it: `users` for springdoc's `user-controller` of `/users`."""
    spoken = split(tag)
    if len(spoken) < 2 or spoken[-1] != "controller":  # noqa: PLR2004  # a word beside it
        return tag
    noun = "_".join(spoken[:-1])
    first = next(iter(nouns_of(path)), "")
    return first if [singular(word) for word in split(first)] == [singular(word) for word in split(noun)] else noun


def noun_forms(parts: Sequence[str]) -> list[list[str]]:
    """Return a resource's noun in the singular, whole and without the words before its last: `stock item`, `item`."""
    whole = [singular(word) for word in split(in_ascii(parts[-1]))]
    spoken = [word for word in whole if word not in TITLE_NOISE]
    forms = [whole, *(spoken[start:] for start in range(len(spoken)))]
    return [form for at, form in enumerate(forms) if form and form not in forms[:at]]


def members_of(groups: Mapping[str, Group]) -> dict[str, tuple[str, ...]]:
    """Return the parts of each group by its key; a group that an extension parts comes before a tag of that name."""
    ordered = sorted(set(groups.values()), key=lambda group: (len(group.parts), group.parts))
    return {group.key: group.parts for group in ordered}
