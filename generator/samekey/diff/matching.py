"""Which name of an SDK is which of an earlier one: the same name first, then what stands behind another one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from samekey.diff.surface import SeenKind
from samekey.identifiers import split

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from samekey.diff.annotations import Annotations
    from samekey.diff.surface import SeenCall, SeenField, SeenType, Taken

Thing = TypeVar("Thing")
_BRACES = re.compile(r"\{[^}]*\}")


def renamed(
    old: Mapping[str, Thing], new: Mapping[str, Thing], signs: Iterable[Callable[[Thing], Hashable | None]]
) -> dict[str, str]:
    """Return new names by old ones, of those whose old name is gone.

    Args:
        old: what there was, by name.
        new: what there is, by name.
        signs: by what a thing is known again, the surest first; each returns None for a thing that it cannot tell.
    """
    gone = {name: thing for name, thing in old.items() if name not in new}
    come = {name: thing for name, thing in new.items() if name not in old}
    found: dict[str, str] = {}
    for sign in signs:
        left = {name: thing for name, thing in gone.items() if name not in found}
        free = {name: thing for name, thing in come.items() if name not in found.values()}
        before, after = _by_sign(left, sign), _by_sign(free, sign)
        found |= {before[key]: after[key] for key in before if key in after}
    return found


def _by_sign(things: Mapping[str, Thing], sign: Callable[[Thing], Hashable | None]) -> dict[Hashable, str]:
    """Return names by the sign of what they name, where nothing else has the same."""
    listed: dict[Hashable, list[str]] = {}
    for name, thing in things.items():
        key = sign(thing)
        if key is not None:
            listed.setdefault(key, []).append(name)
    return {key: names[0] for key, names in listed.items() if len(names) == 1}


def renamed_calls(old: Mapping[str, SeenCall], new: Mapping[str, SeenCall]) -> dict[str, str]:
    """Return the new names of calls whose old name is gone: of the same operation, path or operationId."""
    return renamed(
        old, new, (lambda call: call.operation, lambda call: route(call.operation), lambda call: call.id or None)
    )


def route(operation: str) -> str:
    """Return what an operation is known by, without the names of its path's parameters."""
    return _BRACES.sub("{}", operation)


def renamed_types(old: Mapping[str, SeenType], new: Mapping[str, SeenType]) -> dict[str, str]:
    """Return the new names of types whose old name is gone: of the same schema, or of the same content."""
    return renamed(old, new, (lambda known: (known.key, known.kind is SeenKind.INPUT, _is_alias(known)), _content))


def _is_alias(known: SeenType) -> bool:
    """Whether it is what may be sent for an enum or a union, which has a name beside that of what comes back."""
    return known.kind is SeenKind.UNION and known.sent and not known.received


def _content(known: SeenType) -> Hashable | None:
    """Return what is in a type, by which it is known again under another name; None where that is too little."""
    fields = frozenset((name, field.required) for name, field in known.fields.items())
    members = frozenset(known.members.items())
    return (known.kind, fields, members) if len(fields) + len(members) > 1 else None


def renamed_arguments(old: Mapping[str, Taken], new: Mapping[str, Taken]) -> dict[str, str]:
    """Return the new names of arguments whose old name is gone: in the same place, or like the one that is gone."""
    before, after = _by_position(old), _by_position(new)
    found = renamed(before, after, (lambda taken: taken.place,))
    return found | _alike(before, after, found, lambda taken: (taken.type, taken.required, taken.place.split(" ")[0]))


def _by_position(arguments: Mapping[str, Taken]) -> dict[str, Taken]:
    """Return arguments with those of the path known by their position there, whatever the document calls them."""
    positions = {name: position for position, name in enumerate(arguments)}
    return {
        name: replace(taken, place=f"path {positions[name]}") if taken.positional else taken
        for name, taken in arguments.items()
    }


def renamed_fields(
    old: Mapping[str, SeenField], new: Mapping[str, SeenField], before: Annotations, after: Annotations
) -> dict[str, str]:
    """Return the new names of fields whose old name is gone: of the same name on the wire, or like the one gone."""
    found = renamed(old, new, (lambda field: field.wire or None,))
    # A type that has its name from the field has another one, too; these annotations know it again.
    gone = {name: (before.terms(field.type), field.required) for name, field in old.items() if name not in new}
    come = {name: (after.terms(field.type), field.required) for name, field in new.items() if name not in old}
    return found | _alike(gone, come, found, lambda sign: sign)


def _alike(
    old: Mapping[str, Thing], new: Mapping[str, Thing], known: Mapping[str, str], sign: Callable[[Thing], Hashable]
) -> dict[str, str]:
    """Return new names by old ones where the two share a word, and nothing else that is gone or new has their type."""
    left = {name: thing for name, thing in old.items() if name not in known}
    free = {name: thing for name, thing in new.items() if name not in known.values()}
    guessed = renamed(left, free, (sign,))
    return {name: other for name, other in guessed.items() if set(split(name)) & set(split(other))}


def renamed_members(old: Mapping[str, str | int], new: Mapping[str, str | int]) -> dict[str, str]:
    """Return the new names of members of an enum whose old name is gone, by their values."""
    return renamed(old, new, (lambda value: value,))
