"""`rename` of the config file: what the user calls types, operations, resources and parts of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.config.words import mapping_of, refuse_unknown, text_under
from samekey.identifiers import is_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from samekey.document.diagnostics import Place
    from samekey.document.node import Node

_KEYS: Final = ("types", "operations", "resources")
"""What is renamed by one word."""
_PARTS: Final = ("parameters", "fields", "members", "credentials")
"""What is renamed by two: whose part it is, and which."""


class RenamedPart(Struct, frozen=True):
    """A part of something that the config renames.

    Args:
        kind: the word of the config: `parameters`, `fields`, `members` or `credentials`.
        owner: an operation, a schema or a security scheme.
        wire: the name of the part in the document, the value of a member, or the usual name of a credential.
    """

    kind: str
    owner: str
    wire: str


class Renames(Struct, frozen=True):
    """What is renamed, by what it is called in the document, and where that stands in the config file."""

    types: Mapping[str, str]
    operations: Mapping[str, str]
    resources: Mapping[str, str]
    parts: Mapping[RenamedPart, str]
    places: Mapping[tuple[str, ...], Place]


def read_renames(rename: Node | None) -> Renames:
    """Read and check `rename`; what is wrong is reported as an error and left out."""
    if rename is not None:
        refuse_unknown(rename, (*_KEYS, *_PARTS))
    return Renames(
        types=_names(rename, "types", is_class_name, "a class name such as Charge"),
        operations=_names(rename, "operations", is_path, "a path such as charges.create or accounts.charges.create"),
        resources=_names(rename, "resources", is_path, "names in lower case, such as charges or accounts.charges"),
        parts=dict(_parts(rename)),
        places={**dict(_places(rename)), **dict(_part_places(rename))},
    )


def is_plain_name(text: str) -> bool:
    """Whether a text can name a resource or a method of an SDK: an identifier of any script, in lower case."""
    return is_identifier(text) and text == text.lower()


def is_class_name(text: str) -> bool:
    """Whether a text can name a class of an SDK: an identifier with a capital, which tells classes from attributes."""
    return is_identifier(text) and text != text.lower() and not text[0].islower() and not text.startswith("_")


def is_path(text: str) -> bool:
    """Whether a text is a name in lower case, or several with dots between them: each holds the one behind it."""
    return all(is_plain_name(part) and not part.startswith("_") for part in text.split("."))


def is_argument_name(text: str) -> bool:
    """Whether a text can name an argument or an attribute: in lower case, and with no underscore first."""
    return is_plain_name(text) and not text.startswith("_")


def is_member_name(text: str) -> bool:
    """Whether a text can name a member of an enum: in capitals, as PEP 8 has constants."""
    return is_identifier(text) and text == text.upper() and not text.startswith("_")


_PART_NAMES: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "parameters": (is_argument_name, "a name in lower case, such as customer_id"),
    "fields": (is_argument_name, "a name in lower case, such as created_at"),
    "members": (is_member_name, "a name in capitals, such as IN_PROGRESS"),
    "credentials": (
        lambda text: text.isascii() and is_argument_name(text),
        "an ASCII name in lower case, such as api_key",
    ),
}


def _names(rename: Node | None, key: str, is_valid: Callable[[str], object], wanted: str) -> dict[str, str]:
    holder = mapping_of(rename, key) if rename is not None else None
    if holder is None:
        return {}
    found = {
        wire: text_under(holder, wire, is_valid, wanted, f"the new name of {wire!r}") for wire, _ in holder.items()
    }
    return {wire: chosen for wire, chosen in found.items() if chosen}


def _parts(rename: Node | None) -> Iterable[tuple[RenamedPart, str]]:
    for kind, (is_valid, wanted) in _PART_NAMES.items():
        holder = mapping_of(rename, kind) if rename is not None else None
        if holder is None:
            continue
        for owner, entry in holder.items():
            if kind == "credentials" and isinstance(entry.value, str):
                # A scheme of which only one thing is given.
                found = [("", text_under(holder, owner, is_valid, wanted, f"the new name of {owner!r}"))]
            elif isinstance(entry.value, dict):
                words = [(wire, f"the new name of {wire!r}") for wire, _ in entry.items()]
                found = [(wire, text_under(entry, wire, is_valid, wanted, called)) for wire, called in words]
            else:
                entry.error("config-invalid", f"the new names of {owner!r} are a mapping, such as {{old: new}}")
                continue
            yield from ((RenamedPart(kind, owner, wire), chosen) for wire, chosen in found if chosen)


def _part_places(rename: Node | None) -> Iterable[tuple[tuple[str, ...], Place]]:
    for kind in _PARTS if rename is not None else ():
        holder = rename.get(kind) if rename is not None else None
        for owner, entry in holder.items() if holder is not None and isinstance(holder.value, dict) else ():
            yield (kind, owner, ""), entry.place
            for wire, part in entry.items() if isinstance(entry.value, dict) else ():
                yield (kind, owner, wire), part.place


def _places(rename: Node | None) -> Iterable[tuple[tuple[str, ...], Place]]:
    for kind in _KEYS if rename is not None else ():
        holder = rename.get(kind) if rename is not None else None
        if holder is not None and isinstance(holder.value, dict):
            yield from (((kind, wire), entry.place) for wire, entry in holder.items())
