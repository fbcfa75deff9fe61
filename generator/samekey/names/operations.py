"""Names of resources and of their methods."""

from __future__ import annotations

import builtins
import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from samekey.identifiers import NO_FILES_ON_WINDOWS, singular, split
from samekey.names.groups import groups_of, members_of, noun_forms
from samekey.names.lockfile import RESOURCES, Entry
from samekey.names.phrases import READING, VERBS, cut, http_verb, simplified, spells_path
from samekey.names.reserved import (
    ANNOTATION_BUILTINS,
    CLIENT_CLASSES,
    CLIENT_WORDS,
    HIDING_METHODS,
    RESOURCE_METHODS,
    RESOURCE_WORDS,
    TYPE_WORDS,
)
from samekey.names.resolve import fold, resolve
from samekey.names.rest import Habits, collections_of, is_noise, rest_method
from samekey.names.words import capitalized, pascal, snake, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from samekey.config.file import Config
    from samekey.ir import Api, Operation
    from samekey.names.groups import Group
    from samekey.names.lockfile import Lockfile

_NUMBERED = re.compile(r"_?[0-9]+\Z")
_FEW: Final = 5
"""One of so many POSTs that is called `post` tells how ids are made."""
_WRITTEN: Final = {"post": "create", "put": "replace", "patch": "update"}
"""Verbs in the place of HTTP methods."""


class MethodName(Struct, frozen=True):
    """Where an operation is found.

    Args:
        resource: the attributes that lead from the client to its resource, with dots between them.
        method: its method there.
        group: what it is remembered under; empty where only the config has its resource.
    """

    resource: str
    method: str
    group: str = ""

    @property
    def call(self) -> str:
        """The way from the client to the method."""
        return f"{self.resource}.{self.method}"


class ResourceName(Struct, frozen=True):
    """A group of operations.

    Args:
        path: the attributes that lead to it from the client, with dots between them.
        module: the name of its module.
        class_name: its class; the async one has `Async` before it.
        groups: what it came from in the document, such as tags; none where it only holds other resources.
    """

    path: str
    module: str
    class_name: str
    groups: tuple[str, ...] = ()

    @property
    def attribute(self) -> str:
        """Its name on the client, or on the resource that holds it."""
        return self.path.rpartition(".")[2]

    @property
    def labels(self) -> tuple[str, ...]:
        """What the config's `order` may call it: its path, its attribute, or what it came from."""
        return (self.path, self.attribute, *(label for group in self.groups for label in group_labels(group)))

    @property
    def parent(self) -> str:
        """The path of the resource that holds it; empty where the client does."""
        return self.path.rpartition(".")[0]


def method_names(
    api: Api, config: Config, lockfile: Lockfile, client: str
) -> tuple[dict[str, MethodName], tuple[ResourceName, ...]]:
    """Return where each operation is found, by its key, and the resources, each after the one that holds it.

    Args:
        api: the API.
        config: what the user decided.
        lockfile: the names that were given before.
        client: the client's class.
    """
    pins = {operation.key: pin for operation in api.operations if (pin := pinned(operation, config))}
    groups = groups_of(api, lockfile)
    parts = members_of(groups)
    paths = _paths(parts, config, lockfile)
    places = {key: _place_of(group, pins.get(key), paths) for key, group in groups.items()}
    used = list(dict.fromkeys(path for place in places.values() for path in _ancestry(place)))
    own = {path: tuple(key for key, known in paths.items() if known == path) for path in used}
    reserved = [*TYPE_WORDS, *CLIENT_CLASSES, client, f"Async{client}"]
    kept = lockfile.kept(
        (path, Entry(RESOURCES, key, "class")) for path in used for key in own[path] if not wanted_path(key, config)
    )
    classes = _classes(used, reserved, kept)
    ordered = sorted(used, key=lambda path: (path.count("."), path))
    # Each resource has a file of its own.
    modules = resolve({path: (_module(path),) for path in ordered}, NO_FILES_ON_WINDOWS)
    habits = Habits(_speaks_http(api.operations), collections_of(api.operations))
    candidates = {
        operation.key: _candidates(operation, parts[groups[operation.key].key], habits) for operation in api.operations
    }
    methods: dict[str, str] = {}
    for path in used:
        members = {operation.key: operation for operation in api.operations if places[operation.key] == path}
        below = {entry.rpartition(".")[2] for entry in used if entry.rpartition(".")[0] == path}
        methods.update(_methods_of(members, candidates, groups, pins, lockfile, below))
    found = {
        key: MethodName(place, methods[key], groups[key].key if paths[groups[key].key] == place else "")
        for key, place in places.items()
    }
    return found, tuple(ResourceName(path, modules[path], classes[path], own[path]) for path in used)


def _paths(parts: Mapping[str, Sequence[str]], config: Config, lockfile: Lockfile) -> dict[str, str]:
    """Return the path of each group's resource by its key; groups of one path are one resource."""
    kept = lockfile.kept((key, Entry(RESOURCES, key, "attribute")) for key in parts)
    found: dict[str, str] = {}
    for key, levels in parts.items():
        found[key] = _free(wanted_path(key, config) or kept.get(key) or _plain_path(levels))
    return found


def wanted_path(group: str, config: Config) -> str:
    """Return the path that the config wants for the resource of a group; empty where it does not say."""
    return next((config.rename_resources[word] for word in group_labels(group) if word in config.rename_resources), "")


def group_labels(group: str) -> tuple[str, ...]:
    """Return what the config may call a group: its key, and the word of a path also without the slash before it."""
    return (group, group[1:]) if group.startswith("/") else (group,)


def _free(path: str) -> str:
    """Return a path of which no name is one that every client, or every resource, has."""
    first, *below = path.split(".")
    return ".".join([_beside(first, CLIENT_WORDS | RESOURCE_WORDS), *(_beside(word, RESOURCE_WORDS) for word in below)])


def _plain_path(levels: Sequence[str]) -> str:
    return ".".join(snake(level, "resource") for level in levels)


def _beside(word: str, reserved: Iterable[str]) -> str:
    return f"{word}_" if word in reserved else word


def _ancestry(path: str) -> Iterator[str]:
    """Yield the paths of a resource and of those that hold it, the outermost first."""
    levels = path.split(".")
    yield from (".".join(levels[: end + 1]) for end in range(len(levels)))


def _place_of(group: Group, pin: MethodName | None, paths: Mapping[str, str]) -> str:
    return _free(pin.resource) if pin is not None and pin.resource else paths[group.key]


def _module(path: str) -> str:
    return path if "." not in path else snake(path.replace(".", "_"), "resource")


def _classes(paths: Sequence[str], reserved: Iterable[str], kept: Mapping[str, str]) -> dict[str, str]:
    """Return a class name for each resource; neither it nor its async twin has the name of another."""
    used = {fold(entry) for entry in reserved}
    holders = {path.rpartition(".")[0] for path in paths}
    found: dict[str, str] = {}
    wishes = [(path, iter((name,))) for path, name in kept.items()]
    ordered = sorted(paths, key=lambda path: (path.count("."), path))
    wishes += [(path, _class_proposals(path)) for path in ordered]
    for path, candidates in wishes:
        if path not in found:
            for candidate in candidates:
                twins = {fold(candidate), fold(f"Async{candidate}")}
                if not twins & used:
                    # The operations of a resource are a class in its module, beside those that it holds.
                    used |= {*twins, fold(f"{candidate}Operations")} if path in holders else twins
                    found[path] = candidate
                    break
    return found


def _class_proposals(path: str) -> Iterator[str]:
    plain = pascal(path.replace(".", "_"), "Resource")
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


def _methods_of(
    members: Mapping[str, Operation],
    candidates: Mapping[str, tuple[str, str, str]],
    groups: Mapping[str, Group],
    pins: Mapping[str, MethodName],
    lockfile: Lockfile,
    below: Iterable[str],
) -> dict[str, str]:
    """Return one resource's method names: pinned or kept ones, then short where that stays unique, whole where not.

    Args:
        members: its operations by key.
        candidates: what each operation may be called, from the shortest on.
        groups: the group of each operation.
        pins: what the config wants.
        lockfile: the names that were given before.
        below: the attributes of the resources that it holds.
    """
    pinned_here = {key: pins[key].method for key in members if key in pins}
    kept = lockfile.kept(
        (key, Entry(RESOURCES, groups[key].key, "methods", key)) for key in members if key not in pins
    )  # fmt: skip
    free = sorted((key for key in members if key not in pins), key=lambda key: _order(members[key]))
    counts = Counter(candidates[key][0] for key in free)
    proposals: dict[str, tuple[str, ...]] = {key: (pin,) for key, pin in pinned_here.items()}
    for unique in (True, False):
        for key in free:
            short, *longer = candidates[key]
            if (counts[short] == 1) is unique:
                proposals[key] = (short, *longer) if unique else tuple(longer)
    for key in free:
        if members[key].called:
            proposals[key] = (_method(_varied(snake(members[key].called, "call"), members[key])), *proposals[key])
    ordered = dict(sorted(proposals.items(), key=lambda entry: entry[0] not in pins and not members[entry[0]].called))
    return resolve(ordered, [*RESOURCE_METHODS, *below], {**pinned_here, **kept})


def _speaks_http(operations: Iterable[Operation]) -> bool:
    """Whether ids begin or end with the HTTP method where others have a verb: `PostCustomers`, `get_files_id`."""
    posts = [http_verb(words(entry.id), entry) for entry in operations if entry.id and entry.method == "POST"]
    return any(posts) and sum(found is not None for found in posts) * _FEW >= len(posts)


def _candidates(operation: Operation, parts: Sequence[str], habits: Habits) -> tuple[str, str, str]:
    """Return what an operation may be called in the resource of a group, from the shortest on."""
    nouns = noun_forms(parts)
    wishes = (_short_method(operation, nouns, habits), _whole_method(operation), _by_path(operation))
    short, whole, by_path = (_method(_varied(wish, operation)) for wish in wishes)
    return short, whole, by_path


def is_spoken(operation: Operation, group: str, method: str) -> bool:
    """Whether a method's name is made of the operation's own words, as they are now."""
    unnumbered = {method.rstrip("_"), _NUMBERED.sub("", method)}
    wishes = [name for habits in (Habits(), Habits(is_http=True)) for name in _candidates(operation, (group,), habits)]
    own = {*words(operation.id), *split(operation.path), *split(operation.variant), operation.method.lower(), "by"}
    return any(candidate.rstrip("_") in unnumbered for candidate in wishes) or own.issuperset(split(method))


def _order(operation: Operation) -> tuple[str, str, str]:
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
    """Return the words of the operationId, without the path and method that some frameworks put around them.

    FastAPI appends path and method, Litestar and drf-spectacular begin with the path, NestJS with the controller.
    """
    spoken = words(operation.id)
    found = [word for at, word in enumerate(spoken) if word != "controller" or not at]
    path, method = list(split(operation.path)), operation.method.lower()
    if len(found) > len(path) + 1 and found[-len(path) - 1 :] == [*path, method]:
        return found[: -len(path) - 1]
    static = [word for segment in operation.path.split("/") if "{" not in segment for word in split(segment)]
    for leading in (path, static, [word for word in static if not is_noise(word)]):
        rest = found[len(leading) :]
        if len(leading) > 1 and found[: len(leading)] == leading and not VERBS.isdisjoint(rest[:2]):
            return rest
    return found


def _short_method(operation: Operation, nouns: Sequence[Sequence[str]], habits: Habits) -> str:
    """Return a method's name from the operationId without the resource's own noun."""
    if not operation.id:
        return rest_method(operation, nouns, habits)
    whole = _operation_words(operation)
    found = http_verb(whole, operation)
    if found is not None and (habits.is_http or found[0] in _WRITTEN):
        if spells_path(found[1], operation.path, is_noise):
            return rest_method(operation, nouns, habits, one="retrieve")
        whole = _said(operation, found[1]) if habits.is_http else whole
    if operation.method == "GET" and whole[:1] == ["all"]:
        whole = ["list", *whole[1:]]
    spoken = simplified(whole)
    for noun in nouns:
        rest = cut(operation, spoken, noun)
        if rest is not None:
            said = _without_repeats(_told_apart(rest, spoken, noun, operation), nouns)
            return snake(" ".join(said), "call")
    return snake(" ".join(whole), "call")


def _without_repeats(rest: list[str], nouns: Sequence[Sequence[str]]) -> list[str]:
    """Return the verb alone where all else is in the resource's name: `emails/list-receiving` in `receiving_emails`."""
    longest = max(nouns, key=len)
    is_repeated = rest[0] in VERBS and all(singular(word) in longest for word in rest[1:])
    return rest[:1] if is_repeated else rest


def _said(operation: Operation, rest: list[str]) -> list[str]:
    """Return the words of an id that begins with the HTTP method: with the verb that stands for it, or with its own."""
    if rest and rest[0] in VERBS:
        return rest
    method = operation.method.lower()
    return [_WRITTEN.get(method, method), *rest]


def _told_apart(rest: list[str], spoken: Sequence[str], noun: Sequence[str], operation: Operation) -> list[str]:
    """Return words with `list` for a verb that reads many: `getTasks` beside `getTask`, `findAll`."""
    if operation.method != "GET" or rest[0] not in READING or "{" in operation.path.rpartition("/")[2]:
        return rest
    if rest[1:2] in (["all"], ["many"], ["multiple"]):
        return ["list", *rest[2:]]
    # Of the resource's noun in the plural, where it is what is read and not the name of a group.
    is_group = [singular(word) for word in spoken[: len(noun)]] == list(noun)
    is_many = noun[-1] not in spoken and not is_group
    return ["list", *rest[1:]] if is_many else rest


def _by_path(operation: Operation) -> str:
    words = [word for segment in operation.path.split("/") for word in split(segment.replace("{", "by ", 1))]
    return snake(" ".join([operation.method.lower(), *words]), "call")


def hides_builtin(method: str) -> bool:
    """Whether a method of this name hides a builtin from the annotations of its class."""
    return method in ANNOTATION_BUILTINS and hasattr(builtins, method)
