"""What an operation does to the resources of an API, told by the shape of its path: `/charges`, `/charges/{id}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from samekey.sandbox.api.operations import Match, Site

_LAST = re.compile(r"(?P<collection>.*)/\{(?P<name>[^{}/]+)\}")


class Verb(Enum):
    """What is done."""

    CREATE = auto()
    LIST = auto()
    READ = auto()
    REPLACE = auto()
    CHANGE = auto()
    REMOVE = auto()
    ACT = auto()
    """Something happens to a resource: `POST /charges/{id}/capture`."""
    OTHER = auto()
    """Nothing that can be told from the path."""


@dataclass(frozen=True, slots=True)
class PathShape:
    """A resource or a collection, by templates.

    Args:
        collection: the path template of the collection.
        name: the parameter that names a resource in it, or empty.
    """

    collection: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """What an operation does, and to what.

    Args:
        verb: what is done.
        place: to what; None where that cannot be told.
        parents: resources that must exist for it, the outermost first.
        reader: the operation that reads a resource of this collection, if there is one.
        creatable: whether resources of this collection can be created, so that one that was not does not exist.
        minted: whether they are created at the collection, where the server names them.
    """

    verb: Verb
    place: PathShape | None = None
    parents: tuple[PathShape, ...] = ()
    reader: Site | None = None
    creatable: bool = False
    minted: bool = False


_ITEM_VERBS = {
    "GET": Verb.READ, "HEAD": Verb.READ, "PUT": Verb.REPLACE, "PATCH": Verb.CHANGE, "POST": Verb.CHANGE,
    "DELETE": Verb.REMOVE,
}  # fmt: skip
_COLLECTION_VERBS = {"GET": Verb.LIST, "HEAD": Verb.LIST, "POST": Verb.CREATE, "PUT": Verb.REPLACE}
"""What is done at a collection; PUT names the resource in its body."""


def shapes_of(sites: Sequence[Site]) -> dict[str, Shape]:
    """Return the shape of each operation, by the operation's name."""
    methods = {(site.method, site.path): site for site in sites}
    paths = {site.path for site in sites}
    kept = {path for path in paths if _has_items(path, paths) or ("GET", path) in methods}
    creators = {
        site.path for site in sites if site.method == "POST" and site.path in kept and not _LAST.fullmatch(site.path)
    }
    putters = {found["collection"] for site in sites if site.method == "PUT" and (found := _LAST.fullmatch(site.path))}
    creatable = creators | (putters - creators)
    return {site.name: _shape(site, methods, kept, creators, frozenset(creatable)) for site in sites}


def fill_path(template: str, values: dict[str, str]) -> str:
    """Return a path template with the values of a path filled in."""
    return re.sub(r"\{([^{}/]+)\}", lambda found: values.get(found[1], found[0]), template)


def identity(place: PathShape, match: Match) -> tuple[str, str]:
    """Return the collection and the id that a request names."""
    return fill_path(place.collection, match.values), match.values.get(place.name, "")


def _shape(
    site: Site, methods: dict[tuple[str, str], Site], kept: set[str], creators: set[str], creatable: frozenset[str]
) -> Shape:
    item = _LAST.fullmatch(site.path)
    parents = tuple(_parents(site.path, creators))
    if item is not None and site.method in _ITEM_VERBS:
        place = PathShape(item["collection"], item["name"])
        reader = methods.get(("GET", site.path))
        above = parents[:-1] if parents and parents[-1] == place else parents
        verb, collection = _ITEM_VERBS[site.method], place.collection
        return Shape(verb, place, above, reader, collection in creatable, collection in creators)
    if site.method in _COLLECTION_VERBS and site.path in kept:
        reader = next((methods[key] for key in methods if key[0] == "GET" and _collection(key[1]) == site.path), None)
        verb = _COLLECTION_VERBS[site.method]
        return Shape(verb, PathShape(site.path), parents, reader, site.path in creatable, site.path in creators)
    if parents and site.changes:
        reader = methods.get(("GET", f"{parents[-1].collection}/{{{parents[-1].name}}}"))
        return Shape(Verb.ACT, parents[-1], parents[:-1], reader, creatable=True)
    return Shape(Verb.OTHER, None, parents)


def _collection(path: str) -> str:
    found = _LAST.fullmatch(path)
    return found["collection"] if found else ""


def _has_items(path: str, paths: Iterable[str]) -> bool:
    return any(_collection(other) == path for other in paths)


def _parents(path: str, creators: set[str]) -> Iterable[PathShape]:
    """Yield the resources along a path that clients create, and that must therefore have been created."""
    segments = path.split("/")
    for at in range(2, len(segments) + 1):
        found = _LAST.fullmatch("/".join(segments[:at]))
        if found is not None and found["collection"] in creators:
            yield PathShape(found["collection"], found["name"])
