"""The names that an SDK has given, by what they name: read before names are given, and written with the SDK.

A name belongs to its owner: a method to method and path, a class to the schema's pointer. Whoever is new takes none of
them. An owner who is gone keeps the name until somebody else takes it, and has it again on coming back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from msgspec import Struct

from samekey.document.diagnostics import Place
from samekey.document.node import load
from samekey.document.pointers import extended
from samekey.header import MARKED_BYTES, MARKER, is_marked
from samekey.names.resolve import fold
from samekey.names.words import is_attribute, is_constant, is_pascal, is_snake, is_snake_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from samekey.document.diagnostics import Diagnostics, Source
    from samekey.document.node import Node


class Entry(Struct, frozen=True):
    """What a name belongs to.

    Args:
        section: the kind of thing that owns it.
        owner: the thing.
        word: what of the owner is named.
        wire: for what an owner has many of, which one; None for what it has one of.
    """

    section: str
    owner: str
    word: str
    wire: str | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """The keys that lead to it in the file."""
        above = (self.section, self.owner, self.word)
        return above if self.wire is None else (*above, self.wire)


Key = TypeVar("Key")

LOCKFILE: Final = "names.json"
_ABOUT: Final = "about"
_TEXT: Final = (
    f"{MARKER}. The names that this SDK has given. Keep this file with it, and what comes to the document or goes will "
    "rename nothing. Remove a line to have a name given anew."
)
_HINT: Final = "restore the file as it was committed last, or remove it to have every name given anew"

RESOURCES: Final = "resources"
ARGUMENTS: Final = "arguments"
TYPES: Final = "types"
CREDENTIALS: Final = "credentials"
VARIABLES: Final = "variables"
CLIENT_PARAMETERS: Final = "client_parameters"
ARGUMENT: Final = "argument"
_CLASS: Final = "class"
_FIELDS: Final = "fields"
_METHODS: Final = "methods"

_Check: TypeAlias = "Callable[[str], bool]"
_LEAVES: Final[Mapping[tuple[str, str], _Check]] = {
    (RESOURCES, "attribute"): is_snake_path, (RESOURCES, "class"): is_pascal,
    (TYPES, "class"): is_pascal, (TYPES, "input"): is_pascal,
    (VARIABLES, ARGUMENT): is_attribute, (CLIENT_PARAMETERS, ARGUMENT): is_attribute,
}  # fmt: skip
"""Words of which an owner has one, and what a name of each looks like."""
_GROUPS: Final[Mapping[tuple[str, str], _Check]] = {
    (RESOURCES, "methods"): is_snake, (TYPES, "fields"): is_attribute, (TYPES, "members"): is_constant,
}  # fmt: skip
"""Words of which an owner has many."""


@dataclass(frozen=True, slots=True)
class Lockfile:
    """Names by what they belong to.

    Args:
        names: a name for each entry.
        source: where they were read, for findings.
    """

    names: Mapping[Entry, str] = field(default_factory=dict[Entry, str])
    source: Source | None = field(default=None, compare=False)

    def kept(self, entries: Iterable[tuple[Key, Entry]]) -> dict[Key, str]:
        """Return the names that the lockfile has for these entries, by key; entries without one are left out."""
        return {key: self.names[entry] for key, entry in entries if entry in self.names}

    def place(self, entry: Entry) -> Place | None:
        """Return the place of an entry in the lockfile; None where no lockfile was read."""
        return None if self.source is None else Place(self.source, reduce(extended, entry.path, ""))


EMPTY: Final = Lockfile()


def load_lockfile(path: Path, diagnostics: Diagnostics) -> Lockfile | None:
    """Read the names that an SDK has given before, from its lockfile.

    Args:
        path: the file; where there is none, or one that is not ours, nothing was given.
        diagnostics: the sink for what is wrong in it.

    Returns:
        The names, or None where the file cannot be understood (reported as an error).
    """
    try:
        with path.open("rb") as file:
            start = file.read(MARKED_BYTES)
    except OSError:
        # What stands in the way of reading stands in the way of writing, and is reported there.
        return EMPTY
    if not is_marked(start):
        return EMPTY
    document = load(str(path), diagnostics)
    if document is None or not isinstance(document.node.value, dict):
        diagnostics.error("names-unreadable", f"the names in {path} cannot be read", hint=_HINT)
        return None
    return read_lockfile(document.node)


def read_lockfile(root: Node) -> Lockfile:
    """Read the names in a lockfile; what is not a name is reported as a warning and left out."""
    found: dict[Entry, str] = {}
    for section, holder in root.items():
        for owner, words in holder.items() if section != _ABOUT else ():
            for word, value in words.items():
                entry = Entry(section, owner, word)
                if section == ARGUMENTS:
                    found.update(_read_name(entry, value, is_attribute))
                elif (check := _GROUPS.get((section, word))) is not None:
                    for wire, one in value.items():
                        found.update(_read_name(Entry(section, owner, word, wire), one, check))
                else:
                    found.update(_read_name(entry, value, _leaf_check(section, word)))
    return Lockfile(found, root.source)


def _leaf_check(section: str, word: str) -> _Check:
    if section == CREDENTIALS:
        return lambda name: name.isascii() and is_attribute(name)
    return _LEAVES.get((section, word), lambda _: False)


def _read_name(entry: Entry, node: Node, check: _Check) -> Iterator[tuple[Entry, str]]:
    if isinstance(node.value, str) and check(node.value):
        yield entry, node.value
    else:
        message = f"this is not a valid name for {' / '.join(entry.path)}; it is ignored, and a name is given anew"
        node.warn("names-invalid", message)


def remember(lockfile: Lockfile, given: Mapping[Entry, str]) -> Lockfile:
    """Return the names to write to the lockfile: those given now, and those of absent owners that nobody has taken."""
    taken = {(_scope(entry), fold(name)) for entry, name in given.items()}
    absent = {entry: name for entry, name in lockfile.names.items() if (_scope(entry), fold(name)) not in taken}
    merged = {**absent, **given}
    known = {_owner(entry) for entry in given} | {_owner(entry) for entry in merged if _is_first(entry)}
    kept = {entry: name for entry, name in merged.items() if _owner(entry) in known and not _is_evident(entry, name)}
    return Lockfile(kept)


def is_method(entry: Entry) -> bool:
    """Whether an entry is the name of an operation's method."""
    return entry.word == _METHODS and entry.section == RESOURCES


def _is_first(entry: Entry) -> bool:
    """Whether an entry is its owner's primary name (a class, or a method); the others are dropped with it."""
    return entry.word == _CLASS or is_method(entry) or entry.section in {CREDENTIALS, VARIABLES}


def _owner(entry: Entry) -> tuple[str, str | None]:
    """Return the owner of an entry; a method and its arguments belong to the operation."""
    return (ARGUMENTS, entry.wire) if is_method(entry) else (entry.section, entry.owner)


def _scope(entry: Entry) -> tuple[str, ...]:
    """Return the scope of an entry, in which a name may be given only once."""
    if entry.wire is not None or entry.section == ARGUMENTS:
        return entry.path[:-1]
    if entry.section in {CREDENTIALS, VARIABLES}:
        return ("client",)
    return (entry.section, entry.word) if entry.section == RESOURCES else (entry.section,)


def _is_evident(entry: Entry, name: str) -> bool:
    """Whether a name is the field's own, which it has before all others without being remembered."""
    return entry.word == _FIELDS and entry.section == TYPES and entry.wire == name


def spell(lockfile: Lockfile) -> str:
    """Return the text of the lockfile: sorted, one name a line, with nothing in it that does not print."""
    tree = {_ABOUT: _TEXT, **_tree({entry.path: name for entry, name in lockfile.names.items()})}
    text = json.dumps(tree, ensure_ascii=False, indent=1, sort_keys=True)
    return "".join(f"{line if line.isprintable() else _escaped(line)}\n" for line in text.split("\n"))


def _escaped(line: str) -> str:
    return "".join(character if character.isprintable() else json.dumps(character)[1:-1] for character in line)


def _tree(names: Mapping[tuple[str, ...], str]) -> dict[str, object]:
    """Return names as mappings in mappings, one level for each part of an entry."""
    below: dict[str, dict[tuple[str, ...], str]] = {}
    for (first, *rest), name in names.items():
        below.setdefault(first, {})[tuple(rest)] = name
    return {first: entries[()] if () in entries else _tree(entries) for first, entries in below.items()}
