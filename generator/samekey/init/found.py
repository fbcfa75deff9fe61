"""What a document has that an owner of an SDK decides about."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from samekey.emit.metadata import version_of_sdk
from samekey.ir import Evidence
from samekey.licences import licence_id
from samekey.lower.client_params import shared_params

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from samekey.config.file import Config
    from samekey.ir import Api, Operation
    from samekey.lower.paths import ListedOperation
    from samekey.names import Names


class SharedParameter(Struct, frozen=True):
    """A parameter that many operations have.

    Args:
        name: its name on the wire.
        location: where it travels.
        count: how many operations have it.
    """

    name: str
    location: str
    count: int


class Found(Struct, frozen=True):
    """What a document has that an owner of an SDK decides about.

    Args:
        title: its title.
        package: the import name that an SDK of it gets.
        distribution: the name to install that by.
        client: the class of the client.
        version: the version.
        licence: the SPDX identifier of its licence; empty where none is known.
        operations: how many there are.
        tags: those of operations.
        internal: how many operations are marked `x-internal`.
        deprecated: how many operations it discourages.
        servers: their URLs.
        credentials: the client's arguments for them, each with its environment variable.
        keys: how many operations have a key, by who promises that it is honoured.
        assumed: the calls whose key nobody promises, each with the method and path of its operation.
        pages: the calls that give lists in pages, likewise.
        shared: parameters of many operations.
    """

    title: str
    package: str
    distribution: str
    client: str
    version: str
    licence: str
    operations: int
    tags: tuple[str, ...]
    internal: int
    deprecated: int
    servers: tuple[str, ...]
    credentials: tuple[tuple[str, str], ...]
    keys: tuple[tuple[Evidence, int], ...]
    assumed: tuple[tuple[str, str], ...]
    pages: tuple[tuple[str, str], ...]
    shared: tuple[SharedParameter, ...]


def found_in(api: Api, names: Names, listed: Sequence[ListedOperation], config: Config) -> Found:
    """Return what a document has.

    Args:
        api: the API.
        names: the names that an SDK of it gets.
        listed: its operations where they stand.
        config: what is decided already.
    """
    evidence = Counter(entry.evidence for entry in api.operations if entry.evidence is not None)
    selectable = [entry.selectable for entry in listed]
    return Found(
        title=api.title,
        package=names.package,
        distribution=names.distribution,
        client=names.client,
        version=version_of_sdk(api, config),
        licence=licence_id(api.about.licence),
        operations=len(listed),
        tags=tuple(dict.fromkeys(tag for entry in selectable for tag in entry.tags[:1])),
        internal=sum(entry.internal for entry in selectable),
        deprecated=sum(entry.deprecated for entry in selectable),
        servers=tuple(server.template for server in api.servers if server.template),
        credentials=tuple(
            (argument, f"{names.prefix}_{argument.upper()}")
            for given in names.credentials.values()
            for argument in given
        ),
        keys=tuple((who, evidence[who]) for who in Evidence if evidence[who]),
        assumed=tuple(_calls(names, (entry for entry in api.operations if entry.evidence is Evidence.ASSUMED))),
        pages=tuple(_calls(names, (entry for entry in api.operations if entry.paging is not None))),
        shared=tuple(_shared(api)),
    )


def _calls(names: Names, operations: Iterable[Operation]) -> Iterator[tuple[str, str]]:
    for operation in operations:
        place = names.methods[operation.key]
        yield place.call, f"{operation.method} {operation.path}"


def _shared(api: Api) -> Iterator[SharedParameter]:
    """Yield the parameters that could be said once."""
    for param, count in shared_params(api):
        yield SharedParameter(param.name, param.location.value, count)
