"""What was given, as it is remembered: every name of the output that the config does not pin."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from samekey.names.arguments import CREDENTIAL_WORDS
from samekey.names.identity import type_keys
from samekey.names.lockfile import (
    ARGUMENT,
    ARGUMENTS,
    CLIENT_PARAMETERS,
    CREDENTIALS,
    RESOURCES,
    TYPES,
    VARIABLES,
    Entry,
)
from samekey.names.operations import pinned
from samekey.names.types import pinned_types

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from samekey.config.file import Config
    from samekey.ir import Api
    from samekey.names.assign import Names


def entries_of(api: Api, config: Config, names: Names, exports: Collection[str]) -> dict[Entry, str]:
    """Return the names of an output, by what they belong to, as the lockfile remembers them.

    Args:
        api: the API.
        config: what the user decided; what it pins, it remembers itself.
        names: the names that were given.
        exports: names of types that are in the output; the others were given to nobody.
    """
    return dict(
        itertools.chain(
            _of_operations(api, config, names),
            _of_types(api, config, names, exports),
            _of_credentials(api, names),
        )
    )


def _of_operations(api: Api, config: Config, names: Names) -> Iterator[tuple[Entry, str]]:
    tags = {resource.attribute: resource.tag for resource in names.resources}
    for resource in names.resources:
        if resource.tag and resource.tag not in config.rename_resources:
            yield Entry(RESOURCES, resource.tag, "attribute"), resource.attribute
            yield Entry(RESOURCES, resource.tag, "class"), resource.class_name
    for operation in api.operations:
        place = names.methods[operation.key]
        if tags[place.resource] and pinned(operation, config) is None:
            yield Entry(RESOURCES, tags[place.resource], "methods", operation.key), place.method
    for (key, location, wire), chosen in names.arguments.items():
        yield Entry(ARGUMENTS, key, f"{location} {wire}"), chosen


def _of_types(api: Api, config: Config, names: Names, exports: Collection[str]) -> Iterator[tuple[Entry, str]]:
    pins = pinned_types(api, config)
    keys = {identity: key for identity, key in type_keys(api).items() if names.types[identity] in exports}
    for identity, key in keys.items():
        if identity not in pins:
            yield Entry(TYPES, key, "class"), names.types[identity]
            if names.inputs[identity] in exports:
                yield Entry(TYPES, key, "input"), names.inputs[identity]
    for (identity, wire), chosen in names.fields.items():
        if identity in keys:
            yield Entry(TYPES, keys[identity], "fields", wire), chosen
    for (identity, value), chosen in names.members.items():
        if identity in keys:
            yield Entry(TYPES, keys[identity], "members", str(value)), chosen


def _of_credentials(api: Api, names: Names) -> Iterator[tuple[Entry, str]]:
    for scheme in api.schemes:
        for word, chosen in zip(CREDENTIAL_WORDS[scheme.kind], names.credentials[scheme.id], strict=True):
            yield Entry(CREDENTIALS, scheme.id, word), chosen
    for wire, chosen in names.variables.items():
        yield Entry(VARIABLES, wire, ARGUMENT), chosen
    for (location, wire), chosen in names.client_parameters.items():
        yield Entry(CLIENT_PARAMETERS, f"{location} {wire}", ARGUMENT), chosen
