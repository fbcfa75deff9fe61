"""Names of resources and of their methods."""

from __future__ import annotations

import builtins
import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from samekey.identifiers import NO_FILES_ON_WINDOWS, in_ascii, singular, split
from samekey.names.lockfile import RESOURCES, Entry
from samekey.names.reserved import (
    ANNOTATION_BUILTINS,
    CLIENT_CLASSES,
    CLIENT_WORDS,
    HIDING_METHODS,
    MODULE_WORDS,
    RESOURCE_METHODS,
    TYPE_WORDS,
)
from samekey.names.resolve import fold, resolve
from samekey.names.words import capitalized, pascal, snake, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from samekey.config.file import Config
    from samekey.ir import Api, Operation
    from samekey.names.lockfile import Lockfile

_VERSION = re.compile(r"v?[0-9]+([._][0-9]+)*|latest|beta|alpha|api|rest")
_NUMBERED = re.compile(r"_?[0-9]+\Z")
TITLE_NOISE: Final = frozenset(
    {"api", "apis", "openapi", "swagger", "rest", "restful", "http", "specification", "spec", "the"}
)
"""Words of titles and tags that say nothing."""
_SMALL_WORDS = frozenset({"by", "of", "the", "id", "for", "to", "with"})
_VERBS = {"POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}
"""What methods do, in the words of REST."""


class MethodName(Struct, frozen=True):
    """Where an operation is found: the resource's attribute on the client, and the method."""

    resource: str
    method: str


class ResourceName(Struct, frozen=True):
    """A group of operations: attribute and module, class, and the tag that it came from."""

    attribute: str
    class_name: str
    tag: str


def method_names(
    api: Api, config: Config, lockfile: Lockfile, client: str
) -> tuple[dict[str, MethodName], tuple[ResourceName, ...]]:
    """Return where each operation is found, by its key, and the resources in the document's order.

    Args:
        api: the API.
        config: what the user decided.
        lockfile: the names that were given before.
        client: the client's class.
    """
    pins = {operation.key: pin for operation in api.operations if (pin := pinned(operation, config))}
    tags = list(dict.fromkeys(_tag(operation) for operation in api.operations))
    kept = lockfile.kept(
        (tag, Entry(RESOURCES, tag, "attribute")) for tag in tags if tag not in config.rename_resources
    )
    wanted = {tag: kept.get(tag) or _attribute(config.rename_resources.get(tag, tag)) for tag in tags}
    groups = {operation.key: _group(operation, pins.get(operation.key), wanted) for operation in api.operations}
    filled = set(groups.values())
    used = [group for group in dict.fromkeys([*tags, *groups.values()]) if group in filled]
    renamed = {tag: wanted[tag] for tag in config.rename_resources if tag in wanted}
    attributes = _attributes(used, wanted, {**renamed, **kept})
    reserved = [*TYPE_WORDS, *CLIENT_CLASSES, client, f"Async{client}"]
    kept_classes = lockfile.kept(
        (group, Entry(RESOURCES, group, "class")) for group in attributes if group not in renamed
    )
    classes = _classes(attributes, reserved, kept_classes)
    methods: dict[str, str] = {}
    for group in used:
        members = {operation.key: operation for operation in api.operations if groups[operation.key] == group}
        methods.update(_methods_of(group, members, pins, lockfile))
    found = {key: MethodName(attributes[group], methods[key]) for key, group in groups.items()}
    resources = (ResourceName(attributes[group], classes[group], group if group in wanted else "") for group in used)
    return found, tuple(resources)


def _attributes(groups: Sequence[str], wanted: Mapping[str, str], fixed: Mapping[str, str]) -> dict[str, str]:
    """Return the attribute of each resource, those with their own name first, whatever order the document has."""
    ordered = sorted(groups, key=lambda group: (wanted.get(group) != group, group))
    proposals = {group: (wanted.get(group) or _attribute(group),) for group in ordered}
    # Each resource has a file of its own.
    found = resolve(proposals, CLIENT_WORDS | NO_FILES_ON_WINDOWS, fixed)
    return {group: found[group] for group in ordered}


def _classes(attributes: Mapping[str, str], reserved: Iterable[str], kept: Mapping[str, str]) -> dict[str, str]:
    """Return a class name for each resource; neither it nor its async twin has the name of another."""
    used = {fold(entry) for entry in reserved}
    found: dict[str, str] = {}
    wishes = [(group, iter((name,))) for group, name in kept.items()]
    wishes += [(group, _class_proposals(attribute)) for group, attribute in attributes.items()]
    for group, candidates in wishes:
        if group not in found:
            for candidate in candidates:
                twins = {fold(candidate), fold(f"Async{candidate}")}
                if not twins & used:
                    used |= twins
                    found[group] = candidate
                    break
    return found


def _class_proposals(attribute: str) -> Iterator[str]:
    plain = pascal(attribute, "Resource")
    yield from capitalized(plain, "Resource")
    yield from (f"{plain}Resource{number}" for number in itertools.count(2))


def pinned(operation: Operation, config: Config) -> MethodName | None:
    """Return where the config wants an operation, None where it does not say; an empty resource stands for the tag's.

    An operation in another media type goes where the usual one goes, unless the config speaks of itself.
    """
    renames = config.rename_operations
    own = next((renames[label] for label in labels(operation) if label in renames), "")
    if own:
        resource, _, method = own.rpartition(".")
        return MethodName(resource, method)
    usual = pinned(replace(operation, variant=""), config) if operation.variant else None
    return usual and MethodName(usual.resource, snake(f"{usual.method} {operation.variant}", "call"))


def labels(operation: Operation) -> tuple[str, str]:
    """Return what the config may call an operation: id, or method and path, with the words that set it apart."""
    return (
        f"{operation.id} {operation.variant}".strip(),
        f"{operation.method} {operation.path} {operation.variant}".strip(),
    )


def _group(operation: Operation, pin: MethodName | None, wanted: Mapping[str, str]) -> str:
    """Return the tag whose resource an operation belongs to, or the name of a resource that only the config has."""
    if pin is None or not pin.resource:
        return _tag(operation)
    return next((tag for tag, attribute_name in wanted.items() if attribute_name == pin.resource), pin.resource)


def _tag(operation: Operation) -> str:
    """Return an operation's first tag, else the first word of its path that says something, else `root`."""
    if operation.tags and operation.tags[0].strip():
        return operation.tags[0]
    for segment in operation.path.split("/"):
        if segment and "{" not in segment and not _VERSION.fullmatch(segment.lower()):
            return segment
    return "root"


def _attribute(tag: str) -> str:
    found = snake(tag, "resource")
    return f"{found}_" if found in MODULE_WORDS else found


def _methods_of(
    tag: str, members: Mapping[str, Operation], pins: Mapping[str, MethodName], lockfile: Lockfile
) -> dict[str, str]:
    """Return one resource's method names: pinned or kept ones, then short where that stays unique, whole where not."""
    pinned_here = {key: pins[key].method for key in members if key in pins}
    kept = lockfile.kept((key, Entry(RESOURCES, tag, "methods", key)) for key in members if key not in pins)
    free = sorted((key for key in members if key not in pins), key=lambda key: _place(members[key]))
    candidates = {key: _candidates(members[key], tag) for key in free}
    counts = Counter(short for short, *_ in candidates.values())
    proposals: dict[str, tuple[str, ...]] = {key: (pin,) for key, pin in pinned_here.items()}
    for unique in (True, False):
        for key in free:
            short, *longer = candidates[key]
            if (counts[short] == 1) is unique:
                proposals[key] = (short, *longer) if unique else tuple(longer)
    return resolve(proposals, RESOURCE_METHODS, {**pinned_here, **kept})


def _candidates(operation: Operation, tag: str) -> tuple[str, str, str]:
    """Return what an operation may be called in the resource of a tag, from the shortest on."""
    wishes = (_short_method(operation, tag), _whole_method(operation), _by_path(operation))
    short, whole, by_path = (_method(_varied(wish, operation)) for wish in wishes)
    return short, whole, by_path


def is_spoken(operation: Operation, tag: str, method: str) -> bool:
    """Whether a method's name is made of the operation's own words, as they are now."""
    unnumbered = {method.rstrip("_"), _NUMBERED.sub("", method)}
    return any(candidate.rstrip("_") in unnumbered for candidate in _candidates(operation, tag))


def _place(operation: Operation) -> tuple[str, str, str]:
    """Return a key that orders the operations of a resource, whatever order the document has."""
    return operation.path, operation.method, operation.variant


def _varied(method: str, operation: Operation) -> str:
    """Return a method's name with the words that set the operation apart from the same one in other media types."""
    return snake(f"{method} {operation.variant}", "call") if operation.variant else method


def _method(candidate: str) -> str:
    return f"{candidate}_" if candidate in HIDING_METHODS else candidate


def _whole_method(operation: Operation) -> str:
    return snake(" ".join(_operation_words(operation)), "call") if operation.id else _by_path(operation)


def _operation_words(operation: Operation) -> list[str]:
    """Return the words of the operationId, without the path and method that some frameworks append."""
    found = list(words(operation.id))
    appended = [*split(operation.path), operation.method.lower()]
    if len(found) > len(appended) and found[-len(appended) :] == appended:
        return found[: -len(appended)]
    return found


def _short_method(operation: Operation, tag: str) -> str:
    """Return a method's name from the operationId without the resource's own noun."""
    if not operation.id:
        return _rest_method(operation, tag)
    spoken = _operation_words(operation)
    singulars = [singular(word) for word in spoken]
    for noun in _nouns(tag):
        size = len(noun)
        for start in range(len(spoken) - size + 1):
            rest = spoken[:start] + spoken[start + size :]
            if singulars[start : start + size] == noun and _useful(rest):
                return snake(" ".join(rest), "call")
    return snake(" ".join(spoken), "call")


def _nouns(tag: str) -> list[list[str]]:
    """Return a resource's noun in the singular, whole and without the words before its last: `stock item`, `item`."""
    spoken = [singular(word) for word in split(in_ascii(tag)) if word not in TITLE_NOISE]
    return [spoken[start:] for start in range(len(spoken))]


def _useful(spoken: list[str]) -> bool:
    return bool(spoken) and not all(word.isdigit() or word in _SMALL_WORDS for word in spoken)


def _rest_method(operation: Operation, tag: str) -> str:
    """Return a method's name from method and path, as REST means them (RFC 9110 section 9.3)."""
    path = _rest_path(operation.path, tag)
    is_post = operation.method == "POST"
    if is_post and path.ends_in_singular and path.is_nested and not path.on_item:
        # An action, such as `POST /charges/{id}/capture`.
        return snake(" ".join(path.words), "call")
    verb = _read_verb(path, tag) if operation.method == "GET" else _VERBS.get(operation.method)
    nouns = path.words
    if nouns and (path.on_item or is_post):
        nouns = (*nouns[:-1], singular(nouns[-1]))
    return snake(" ".join([verb or operation.method.lower(), *nouns]), "call")


class _RestPath(Struct, frozen=True):
    """A path as REST reads it.

    Args:
        words: of its nouns, without the resource's own.
        on_item: whether it ends in a parameter.
        is_nested: whether it has more than one segment.
    """

    words: tuple[str, ...]
    on_item: bool
    is_nested: bool

    @property
    def ends_in_singular(self) -> bool:
        """Whether its last noun is one thing."""
        return bool(self.words) and singular(self.words[-1]) == self.words[-1]


def _rest_path(path: str, tag: str) -> _RestPath:
    segments = [segment for segment in path.split("/") if segment]
    nouns = [segment for segment in segments if "{" not in segment and not _VERSION.fullmatch(segment.lower())]
    if nouns and [singular(word) for word in split(nouns[0])] in _nouns(tag):
        nouns = nouns[1:]
    spoken = tuple(word for noun in nouns for word in split(noun))
    return _RestPath(spoken, bool(segments) and "{" in segments[-1], len(segments) > 1)


def _read_verb(path: _RestPath, tag: str) -> str:
    """Return the verb for reading a path: `get` for one thing, `list` for many."""
    if path.on_item or path.ends_in_singular:
        return "get"
    last = (split(tag) or [""])[-1]
    return "get" if not path.words and singular(last) == last else "list"


def _by_path(operation: Operation) -> str:
    words = [word for segment in operation.path.split("/") for word in split(segment.replace("{", "by ", 1))]
    return snake(" ".join([operation.method.lower(), *words]), "call")


def hides_builtin(method: str) -> bool:
    """Whether a method of this name hides a builtin from the annotations of its class."""
    return method in ANNOTATION_BUILTINS and hasattr(builtins, method)
