"""What became of the names that were asked for: renames of the config and names given before, kept or reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.config.renames import RenamedPart
from samekey.identifiers import meant
from samekey.names import Entry, group_labels, is_method, is_spoken, labels
from samekey.names.arguments import CREDENTIAL_WORDS
from samekey.names.identity import type_keys
from samekey.names.lockfile import ARGUMENTS, RESOURCES
from samekey.names.pins import schema_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey.config.file import Config
    from samekey.document.diagnostics import Diagnostics
    from samekey.ir import Api
    from samekey.names import Lockfile, Names


_WHAT: Final = {"class": "class", "input": "input", "fields": "field", "members": "member"}


class RenameOutcome(Struct, frozen=True):
    """A rename, and the names that things of the old name were given.

    Args:
        kind: the word of the config, such as `types` or `operations`.
        wire: the old name; for a part of something, whose it is and which, as the config has them.
        wanted: the new name.
        given: the names in the output; none where nothing bears the old name.
    """

    kind: str
    wire: tuple[str, ...]
    wanted: str
    given: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The old name, for people."""
        return " of ".join(word for word in reversed(self.wire) if word)


def check_renames(api: Api, names: Names, config: Config, diagnostics: Diagnostics) -> None:
    """Report renames of the config that name nothing, and those whose new name is taken."""
    for outcome in outcomes(api, names, config):
        place = config.places.get((outcome.kind, *outcome.wire))
        if not outcome.given:
            message = f"nothing of {outcome.kind} in the SDK comes from {outcome.shown!r}; the rename has no effect"
            diagnostics.warning("rename-unused", message, place)
        for given in outcome.given:
            if given != outcome.wanted:
                message = f"{outcome.shown!r} cannot be renamed to {outcome.wanted!r}: that name is taken"
                diagnostics.error("rename-collision", message, place, f"choose another name; {given!r} is free")


def check_order(names: Names, config: Config, diagnostics: Diagnostics) -> None:
    """Report entries of the config's `order` that mean no resource."""
    known = {name for resource in names.resources for name in resource.labels}
    for entry in config.order:
        if not entry.means(*known):
            message = f"no resource of the SDK is {entry.text!r}"
            diagnostics.warning("order-unused", message, entry.node.place, meant(entry.text, sorted(known)))


def check_kept(api: Api, lockfile: Lockfile, given: Mapping[Entry, str], diagnostics: Diagnostics) -> None:
    """Report names that were given before and cannot be had any more, and methods whose operation has another name.

    Args:
        api: the API.
        lockfile: the names that were given before.
        given: the names that were given now.
        diagnostics: the sink.
    """
    operations = {operation.key: operation for operation in api.operations}
    for entry, name in given.items():
        before = lockfile.names.get(entry)
        if before is None:
            continue
        if before != name:
            message = f"{before!r} is taken or reserved: {' / '.join(entry.path[1:])} is called {name!r} now"
            diagnostics.warning("name-changed", message, lockfile.place(entry))
        elif is_method(entry) and not is_spoken(operations[entry.wire or ""], entry.owner, name):
            message = f"{entry.wire} is called {name!r} as before, though the document calls it otherwise now"
            diagnostics.note("name-kept", message, lockfile.place(entry), "remove this line to have it named anew")


class Moved(Struct, frozen=True):
    """A name that was given before, and what stands in its place now.

    Args:
        what: what is named: `call`, `argument`, `class`, `input`, `field`, `member` or `client argument`.
        before: the name that was given before, with the name of what it belongs to.
        now: the name that is given now, likewise.
    """

    what: str
    before: str
    now: str


def moved(lockfile: Lockfile, given: Mapping[Entry, str]) -> Iterable[Moved]:
    """Yield the names that are given anew, calls first: what an SDK's users have to change.

    Args:
        lockfile: the names that were given before.
        given: the names that are given now.
    """
    calls, calls_now = _calls(lockfile.names), _calls(given)
    for key, before in calls.items():
        if key in calls_now and calls_now[key] != before:
            yield Moved("call", f"client.{before}", f"client.{calls_now[key]}")
    for entry, now in given.items():
        old = lockfile.names.get(entry)
        if old is None or old == now or entry.section == RESOURCES:
            continue
        owner = calls_now.get(entry.owner) if entry.section == ARGUMENTS else None
        holder = owner or given.get(Entry(entry.section, entry.owner, "class"), "")
        prefix = f"{holder}." if holder and entry.word not in {"class", "input"} else ""
        yield Moved(
            _WHAT.get(entry.word, "client argument" if not owner else "argument"), f"{prefix}{old}", f"{prefix}{now}"
        )


def _calls(names: Mapping[Entry, str]) -> dict[str, str]:
    """Return the calls of operations by their keys."""
    paths = {
        entry.owner: name for entry, name in names.items() if entry.section == RESOURCES and entry.word == "attribute"
    }
    return {
        entry.wire or "": f"{paths.get(entry.owner, entry.owner)}.{name}"
        for entry, name in names.items()
        if is_method(entry)
    }


def outcomes(api: Api, names: Names, config: Config) -> Iterable[RenameOutcome]:
    """Yield every rename of the config with what came of it."""
    keys = type_keys(api)
    for wire, wanted in config.rename_types.items():
        types = (names.types[entry.id] for entry in api.types if wire in schema_labels(entry, keys[entry.id]))
        yield RenameOutcome("types", (wire,), wanted, tuple(types))
    for wire, wanted in config.rename_operations.items():
        places = [names.methods[operation.key] for operation in api.operations if wire in labels(operation)]
        whole = "." in wanted
        given = (place.call if whole else place.method for place in places)
        yield RenameOutcome("operations", (wire,), wanted, tuple(given))
    for wire, wanted in config.rename_resources.items():
        paths = (entry.path for entry in names.resources if any(wire in group_labels(group) for group in entry.groups))
        yield RenameOutcome("resources", (wire,), wanted, tuple(paths))
    found: dict[RenamedPart, list[str]] = {part: [] for part in config.rename_parts}
    for part, chosen in _given_parts(api, names, keys):
        if part in found:
            found[part].append(chosen)
    for part, wanted in config.rename_parts.items():
        yield RenameOutcome(part.kind, (part.owner, part.wire), wanted, tuple(dict.fromkeys(found[part])))


def _given_parts(api: Api, names: Names, keys: Mapping[str, str]) -> Iterable[tuple[RenamedPart, str]]:
    """Yield every part of an SDK by each word that the config may have for it, with its name."""
    operations = {operation.key: operation for operation in api.operations}
    for (key, location, wire), given in names.arguments.items():
        operation = operations[key]
        for owner in (operation.id, f"{operation.method} {operation.path}"):
            yield from ((RenamedPart("parameters", owner, word), given) for word in (wire, f"{location} {wire}"))
    types = {definition.id: definition for definition in api.types}
    parts = [("fields", *entry) for entry in names.fields.items()]
    parts += [("members", (identity, str(value)), given) for (identity, value), given in names.members.items()]
    for kind, (identity, wire), given in parts:
        for owner in schema_labels(types[identity], keys[identity]):
            yield RenamedPart(kind, owner, wire), given
    for scheme in api.schemes:
        for word, given in zip(CREDENTIAL_WORDS[scheme.kind], names.credentials[scheme.id], strict=True):
            yield from ((RenamedPart("credentials", scheme.id, called), given) for called in (word, ""))
