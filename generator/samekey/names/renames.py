"""What became of the names that were asked for: renames of the config and names given before, kept or reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from samekey.identifiers import meant
from samekey.names import is_method, is_spoken, labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey.config.file import Config
    from samekey.document.diagnostics import Diagnostics
    from samekey.ir import Api
    from samekey.names import Entry, Lockfile, Names


class RenameOutcome(Struct, frozen=True):
    """A rename, and the names that things of the old name were given.

    Args:
        kind: the word of the config: `types`, `operations` or `resources`.
        wire: the old name.
        wanted: the new name.
        given: the names in the output; none where nothing bears the old name.
    """

    kind: str
    wire: str
    wanted: str
    given: tuple[str, ...]


def check_renames(api: Api, names: Names, config: Config, diagnostics: Diagnostics) -> None:
    """Report renames of the config that name nothing, and those whose new name is taken."""
    for outcome in outcomes(api, names, config):
        place = config.places.get((outcome.kind, outcome.wire))
        if not outcome.given:
            message = f"nothing of {outcome.kind} in the SDK comes from {outcome.wire!r}; the rename has no effect"
            diagnostics.warning("rename-unused", message, place)
        for given in outcome.given:
            if given != outcome.wanted:
                message = f"{outcome.wire!r} cannot be renamed to {outcome.wanted!r}: that name is taken"
                diagnostics.error("rename-collision", message, place, f"choose another name; {given!r} is free")


def check_order(names: Names, config: Config, diagnostics: Diagnostics) -> None:
    """Report entries of the config's `order` that mean no resource."""
    known = {name for resource in names.resources for name in (resource.attribute, resource.tag) if name}
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


def outcomes(api: Api, names: Names, config: Config) -> Iterable[RenameOutcome]:
    """Yield every rename of the config with what came of it."""
    for wire, wanted in config.rename_types.items():
        types = (names.types[definition.id] for definition in api.types if definition.name == (wire,))
        yield RenameOutcome("types", wire, wanted, tuple(types))
    for wire, wanted in config.rename_operations.items():
        places = [names.methods[operation.key] for operation in api.operations if wire in labels(operation)]
        whole = "." in wanted
        given = (f"{place.resource}.{place.method}" if whole else place.method for place in places)
        yield RenameOutcome("operations", wire, wanted, tuple(given))
    for wire, wanted in config.rename_resources.items():
        attributes = (resource.attribute for resource in names.resources if resource.tag == wire)
        yield RenameOutcome("resources", wire, wanted, tuple(attributes))
