"""Every name of an SDK, from the API, the config and the names that were given before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from samekey.config.file import hides_module
from samekey.identifiers import in_ascii, without_possessives
from samekey.names.arguments import argument_names, client_names
from samekey.names.exports import PUBLIC
from samekey.names.groups import TITLE_NOISE
from samekey.names.identity import type_keys
from samekey.names.lockfile import EMPTY
from samekey.names.operations import method_names
from samekey.names.reserved import CLIENT_CLASSES
from samekey.names.types import field_names, member_names, shared_enums, type_names
from samekey.names.words import ascii_snake, pascal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samekey.config.file import Config
    from samekey.config.selection import Pattern
    from samekey.ir import Api
    from samekey.names.lockfile import Lockfile
    from samekey.names.operations import MethodName, ResourceName

_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")
_NUMBER = re.compile(r"v?[0-9.]+")
_TITLE_WORDS = 4


class Names(Struct, frozen=True):
    """Every Python name of an SDK beside what it names.

    Args:
        package: the import name.
        distribution: the name to install it by.
        client: the client's class; the async one has `Async` before it.
        prefix: of environment variables.
        types: class names by type id.
        inputs: names of what may be sent, by type id.
        fields: attributes by type id and wire name.
        members: enum members by type id and value.
        resources: in the document's order.
        methods: by the operation's key, in the document's order.
        arguments: by the operation's key, location (or `body`) and wire name.
        credentials: arguments of the client by scheme id.
        variables: arguments of the client by variable of the server.
        client_parameters: arguments of the client by location and wire name of a parameter of operations.
    """

    package: str
    distribution: str
    client: str
    prefix: str
    types: Mapping[str, str]
    inputs: Mapping[str, str]
    fields: Mapping[tuple[str, str], str]
    members: Mapping[tuple[str, str | int], str]
    resources: tuple[ResourceName, ...]
    methods: Mapping[str, MethodName]
    arguments: Mapping[tuple[str, str, str], str]
    credentials: Mapping[str, tuple[str, ...]]
    variables: Mapping[str, str]
    client_parameters: Mapping[tuple[str, str], str]
    shared: Mapping[str, str] = {}
    """Ids of enums that are the class of another one, whose id it is; their own names stand for that class too."""


def assign(api: Api, config: Config, lockfile: Lockfile = EMPTY) -> Names:
    """Give everything in an API its Python name.

    Args:
        api: the API.
        config: what the user decided; a name pinned there comes before all others.
        lockfile: the names that were given before; they come next.
    """
    package = config.package or _package(" ".join(_title_words(api.title)))
    client = config.client or pascal(" ".join(_title_words(api.title)) or package, "Client")
    if {client, f"Async{client}"} & (PUBLIC | CLIENT_CLASSES):
        client = f"{client}Client"
    keys = type_keys(api)
    types, inputs = type_names(api, config, keys, lockfile)
    members = member_names(api, config, keys, lockfile)
    methods, resources = method_names(api, config, lockfile, client)
    variables = api.servers[0].variables if api.servers else ()
    of_client = client_names(api, variables, config, lockfile)
    return Names(
        package=package,
        distribution=config.distribution or package.replace("_", "-"),
        client=client,
        prefix=config.prefix or package.upper(),
        types=types,
        inputs=inputs,
        fields=field_names(api, config, keys, lockfile),
        members=members,
        resources=_in_order(resources, config.order),
        methods=methods,
        arguments=argument_names(api, config, lockfile),
        credentials=of_client.credentials,
        variables=of_client.variables,
        client_parameters=of_client.parameters,
        shared=shared_enums(api, types, members),
    )


def _in_order(resources: tuple[ResourceName, ...], order: tuple[Pattern, ...]) -> tuple[ResourceName, ...]:
    """Return resources in the order that the config wants, by path, attribute or tag; the others follow as they are."""

    def rank(resource: ResourceName) -> int:
        places = (index for index, entry in enumerate(order) if entry.means(*resource.labels))
        return next(places, len(order))

    return tuple(sorted(resources, key=rank))


def _package(title: str) -> str:
    """Return an import name that hides neither the standard library nor what the SDK depends on."""
    found = ascii_snake(title, "client")
    return f"{found}_client" if hides_module(found) else found


def _title_words(title: str) -> list[str]:
    """Return a title's words for the package, which is installed by an ASCII name (PyPA's specification of names)."""
    found = _ASCII_WORD.findall(in_ascii(without_possessives(_ASIDE.sub(" ", title))))
    useful = [word for word in found if word.lower() not in TITLE_NOISE and not _NUMBER.fullmatch(word.lower())]
    return (useful or found)[:_TITLE_WORDS]
