"""The names that an SDK has given, by what they name: read before names are given, and written with the SDK.

A name belongs to its owner: a method to method and path, a class to the schema's pointer. Whoever is new takes none of
them. An owner who is gone keeps the name until somebody else takes it, and has it again on coming back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from samekey.document.diagnostics import Place
from samekey.document.document import load
from samekey.header import MARKED_BYTES, MARKER, is_marked
from samekey.names.resolve import fold
from samekey.names.words import is_attribute, is_constant, is_pascal, is_snake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from samekey.document.diagnostics import Diagnostics, Source
    from samekey.document.document import Node

Entry: TypeAlias = tuple[str, ...]
"""What a name belongs to: a section, an owner in it, a word, and for what the owner has many of, its wire name."""
Key = TypeVar("Key")

LEDGER: Final = "names.json"
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
ARGUMENT: Final = "argument"

_Check: TypeAlias = "Callable[[str], bool]"
_LEAVES: Final[Mapping[tuple[str, str], _Check]] = {
    (RESOURCES, "attribute"): is_snake, (RESOURCES, "class"): is_pascal,
    (TYPES, "class"): is_pascal, (TYPES, "input"): is_pascal,
    (VARIABLES, ARGUMENT): is_attribute,
}  # fmt: skip
"""Words of which an owner has one, and what a name of each looks like."""
_GROUPS: Final[Mapping[tuple[str, str], _Check]] = {
    (RESOURCES, "methods"): is_snake, (TYPES, "fields"): is_attribute, (TYPES, "members"): is_constant,
}  # fmt: skip
"""Words of which an owner has many."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Names by what they belong to.

    Args:
        names: a name for each entry.
        source: where they were read, for findings.
    """

    names: Mapping[Entry, str] = field(default_factory=dict[Entry, str])
    source: Source | None = field(default=None, compare=False)

    def kept(self, entries: Iterable[tuple[Key, Entry]]) -> dict[Key, str]:
        """The names of those that have one."""
        return {key: self.names[entry] for key, entry in entries if entry in self.names}

    def place(self, entry: Entry) -> Place | None:
        """Where an entry stands in the file."""
        return None if self.source is None else Place(self.source, _pointer(entry))


EMPTY: Final = Ledger()


def load_ledger(path: Path, diagnostics: Diagnostics) -> Ledger | None:
    """Read the names that an SDK has given before.

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
    return read_ledger(document.node)


def read_ledger(root: Node) -> Ledger:
    """Read names; what is none is reported as a warning and left out."""
    found: dict[Entry, str] = {}
    for section, holder in root.items():
        if section == ARGUMENTS:
            for owner, names in holder.items():
                found.update(_read_group((section, owner), names, is_attribute))
        elif section != _ABOUT:
            for owner, words in holder.items():
                for word, value in words.items():
                    entry = (section, owner, word)
                    if (check := _GROUPS.get((section, word))) is not None:
                        found.update(_read_group(entry, value, check))
                    else:
                        found.update(_read_name(entry, value, _leaf_check(section, word)))
    return Ledger(found, root.source)


def _leaf_check(section: str, word: str) -> _Check:
    if section == CREDENTIALS:
        return lambda name: name.isascii() and is_attribute(name)
    return _LEAVES.get((section, word), lambda _: False)


def _read_group(above: Entry, holder: Node, check: _Check) -> Iterator[tuple[Entry, str]]:
    for wire, value in holder.items():
        yield from _read_name((*above, wire), value, check)


def _read_name(entry: Entry, node: Node, check: _Check) -> Iterator[tuple[Entry, str]]:
    if isinstance(node.value, str) and check(node.value):
        yield entry, node.value
    else:
        message = f"this is no name for {' / '.join(entry)}; it is ignored, and a name is given anew"
        node.warn("names-invalid", message)


def remember(ledger: Ledger, given: Mapping[Entry, str]) -> Ledger:
    """The names that were given, and those of the absent that nobody has taken."""
    taken = {(_scope(entry), fold(name)) for entry, name in given.items()}
    absent = {entry: name for entry, name in ledger.names.items() if (_scope(entry), fold(name)) not in taken}
    merged = {**absent, **given}
    known = {_owner(entry) for entry in given} | {_owner(entry) for entry in merged if _is_first(entry)}
    kept = {entry: name for entry, name in merged.items() if _owner(entry) in known and not _is_evident(entry, name)}
    return Ledger(kept)


def is_method(entry: Entry) -> bool:
    """Whether an entry is an operation's method: the tag stands second, the operation last."""
    return entry[2:3] == ("methods",)


def _is_first(entry: Entry) -> bool:
    """Whether an entry is the one by which its owner is known; the others fall with it."""
    return entry[2:] == ("class",) or is_method(entry) or entry[0] in {CREDENTIALS, VARIABLES}


def _owner(entry: Entry) -> tuple[str, str]:
    """Whom an entry belongs to: a method and its arguments to the operation."""
    return (ARGUMENTS, entry[3]) if is_method(entry) else (entry[0], entry[1])


def _scope(entry: Entry) -> Entry:
    """Among whom a name may be given once."""
    match entry:
        case (section, _, _) if section == TYPES:
            return (section,)
        case (section, _, _) if section in {CREDENTIALS, VARIABLES}:
            return ("client",)
        case (section, _, word) if section == RESOURCES:
            return (section, word)
        case _:
            return entry[:-1]


def _is_evident(entry: Entry, name: str) -> bool:
    """Whether a name is the field's own, which it has before all others without being remembered."""
    return entry[2:3] == ("fields",) and entry[3] == name


def spell(ledger: Ledger) -> str:
    """The text of the file: sorted, a name a line, with nothing in it that does not print."""
    tree = {_ABOUT: _TEXT, **_tree(ledger.names)}
    text = json.dumps(tree, ensure_ascii=False, indent=1, sort_keys=True)
    return "".join(f"{line if line.isprintable() else _escaped(line)}\n" for line in text.split("\n"))


def _escaped(line: str) -> str:
    return "".join(character if character.isprintable() else json.dumps(character)[1:-1] for character in line)


def _tree(names: Mapping[Entry, str]) -> dict[str, object]:
    """Names as mappings in mappings, a level for each part of an entry."""
    below: dict[str, dict[Entry, str]] = {}
    for (first, *rest), name in names.items():
        below.setdefault(first, {})[tuple(rest)] = name
    return {first: entries[()] if () in entries else _tree(entries) for first, entries in below.items()}


def _pointer(entry: Entry) -> str:
    return "".join(f"/{token.replace('~', '~0').replace('/', '~1')}" for token in entry)
