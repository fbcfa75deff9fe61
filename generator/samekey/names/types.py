"""Names of classes, of what may be sent, of fields and of members."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from samekey.identifiers import split
from samekey.ir import Alias, Enum, Model
from samekey.lower.schemas.words import ITEM
from samekey.names.identity import definition_words
from samekey.names.lockfile import TYPES, Entry
from samekey.names.pins import field_pin, member_pin, schema_labels
from samekey.names.reserved import TYPE_WORDS
from samekey.names.resolve import fold, resolve
from samekey.names.words import attribute, capitalized, constant, pascal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from samekey.config.file import Config
    from samekey.ir import Api, TypeDef
    from samekey.names.lockfile import Lockfile

_KINDS = {Model: "Model", Enum: "Enum", Alias: "Union"}


def pinned_types(api: Api, config: Config, keys: Mapping[str, str]) -> dict[str, str]:
    """Return the class names that the config wants, by id and in the config's order.

    Args:
        api: the API.
        config: what the user decided.
        keys: keys of the lockfile by id.
    """
    return {
        definition.id: pin
        for wire, pin in config.rename_types.items()
        for definition in api.types
        if wire in schema_labels(definition, keys[definition.id])
    }


def type_names(
    api: Api, config: Config, keys: Mapping[str, str], lockfile: Lockfile
) -> tuple[dict[str, str], dict[str, str]]:
    """Return class names by id, and names of what may be sent by id; all of them share one namespace.

    Args:
        api: the API.
        config: what the user decided.
        keys: keys of the lockfile by id.
        lockfile: the names that were given before.
    """
    words = {definition.id: definition_words(definition, api.home) for definition in api.types}
    ordered = sorted(api.types, key=lambda definition: _rank(definition, words[definition.id], keys[definition.id]))
    pins = pinned_types(api, config, keys)
    parts = dict(api.parts)
    free = [definition.id for definition in ordered if definition.id not in pins]
    kept = lockfile.kept((identity, Entry(TYPES, keys[identity], "class")) for identity in free)
    kept_inputs = lockfile.kept((identity, Entry(TYPES, keys[identity], "input")) for identity in free)
    wanted = {fold(pin) for pin in pins.values()}
    types = resolve(
        {definition.id: _proposals(definition, words[definition.id], pins, parts) for definition in ordered},
        taken=[*TYPE_WORDS, *(name for name in kept_inputs.values() if fold(name) not in wanted)],
        kept={**pins, **kept},
    )
    inputs = resolve(
        {identity: (f"{types[identity]}Input", f"{types[identity]}InputDict") for identity in types},
        taken=[*types.values(), *TYPE_WORDS],
        kept=kept_inputs,
    )
    return types, inputs


def _rank(definition: TypeDef, words: Sequence[str], key: str) -> tuple[object, ...]:
    """Return a sort key: components before inline schemas, and what is spelled like a class before what is not."""
    return not definition.called, len(definition.name) > 1, pascal(words[0], "Type") != words[0], len(words), words, key


def _proposals(
    definition: TypeDef, words: Iterable[str], pins: Mapping[str, str], parts: Mapping[str, str]
) -> tuple[str, ...]:
    kind = _KINDS[type(definition)]
    if definition.id in pins:
        return pins[definition.id], f"{pins[definition.id]}{kind}"
    stated = capitalized(pascal(definition.called, "Type"), kind) if definition.called else ()
    plain = "".join(_without_repeats([pascal(word, "Type") for word in words]))
    part = parts.get(definition.id.partition("#")[0], "")
    apart = (f"{pascal(part, 'Part')}{plain}",) if part else ()
    return (*stated, *capitalized(plain, kind)[:1], *apart, *capitalized(plain, kind)[1:])


def _without_repeats(parts: list[str]) -> list[str]:
    """Return parts without those that the next one repeats: `ChargeStatus` alone for `Charge`, `ChargeStatus`."""
    kept: list[str] = []
    for part in parts:
        if kept and part.startswith(kept[-1]) and part != kept[-1]:
            kept.pop()
        kept.append(part)
    return kept


def field_names(api: Api, config: Config, keys: Mapping[str, str], lockfile: Lockfile) -> dict[tuple[str, str], str]:
    """Return attributes by type id and wire name; what is spelled like Python keeps its name."""
    found: dict[tuple[str, str], str] = {}
    for definition in api.types:
        if isinstance(definition, Model):
            key = keys[definition.id]
            proposals = {entry.name: attribute(entry.called or entry.name, "field") for entry in definition.fields}
            pins = {wire: pin for wire in proposals if (pin := field_pin(definition, key, wire, config))}
            ordered = sorted(proposals, key=lambda wire: (wire not in pins, proposals[wire] != wire, wire))
            kept = lockfile.kept((wire, Entry(TYPES, key, "fields", wire)) for wire in ordered)
            wishes = {wire: (pins.get(wire, proposals[wire]), attribute(wire, "field")) for wire in ordered}
            names = resolve(wishes, kept={**pins, **kept, **pins})
            found.update({(definition.id, wire): chosen for wire, chosen in names.items()})
    return found


def member_names(
    api: Api, config: Config, keys: Mapping[str, str], lockfile: Lockfile
) -> dict[tuple[str, str | int], str]:
    """Return enum members by type id and value; what is spelled like a constant keeps its name."""
    found: dict[tuple[str, str | int], str] = {}
    for definition in api.types:
        if isinstance(definition, Enum):
            values = {str(value): value for value in definition.values}
            key = keys[definition.id]
            plain = {wire: constant(value) for wire, value in values.items()}
            stated = _stated_members(definition)
            proposals = {**plain, **stated}
            pins = {wire: pin for wire in values if (pin := member_pin(definition, key, wire, config))}
            ordered = sorted(values, key=lambda wire: (proposals[wire] != wire, proposals[wire] != wire.upper(), wire))
            ordered.sort(key=lambda wire: (wire not in pins, wire not in stated))
            kept = lockfile.kept((wire, Entry(TYPES, key, "members", wire)) for wire in ordered)
            wishes = {wire: (pins.get(wire, proposals[wire]), plain[wire]) for wire in ordered}
            names = resolve(wishes, kept={**pins, **kept, **pins})
            found.update({(definition.id, values[wire]): chosen for wire, chosen in names.items()})
    return found


def shared_enums(api: Api, types: Mapping[str, str], members: Mapping[tuple[str, str | int], str]) -> dict[str, str]:
    """Return the enums that are the class of another, by id, with that one's id: what came can be sent again.

    Those are inline schemas of one property, wherever it stands, with the same values under the same names. A component
    of the property's name comes before them.

    Args:
        api: the API.
        types: class names by id.
        members: names of members by type id and value.
    """
    groups: defaultdict[object, list[Enum]] = defaultdict(list)
    for definition in api.types:
        if isinstance(definition, Enum):
            named = frozenset((value, members[definition.id, value]) for value in definition.values)
            groups[_property(definition), named].append(definition)
    found: dict[str, str] = {}
    for group in groups.values():
        head = min(group, key=lambda one: (len(one.name) > 1, len(types[one.id]), types[one.id]))
        found.update({one.id: head.id for one in group if one is not head and len(one.name) > 1})
    return found


def _property(definition: Enum) -> tuple[str, ...]:
    """Return the words of the property whose values an enum lists; of the array, for what is in one."""
    words = list(definition.name)
    inner = definition.id
    while inner.endswith("/items") and tuple(words[-1:]) == ITEM and len(words) > 1:
        inner = inner.removesuffix("/items")
        words.pop()
    return tuple(split(words[-1]))


def _stated_members(definition: Enum) -> dict[str, str]:
    """Return the names of members that another generator's words give, by value."""
    named = zip(definition.values, definition.members, strict=False)
    return {str(value): constant(name) for value, (name, _) in named if name}
