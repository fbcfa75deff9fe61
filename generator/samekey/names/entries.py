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
from samekey.names.operations import pinned, wanted_path
from samekey.names.pins import argument_pin, credential_pin, field_pin, member_pin
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
            _of_credentials(api, config, names),
        )
    )


def _of_operations(api: Api, config: Config, names: Names) -> Iterator[tuple[Entry, str]]:
    for resource in names.resources:
        for group in resource.groups:
            if not wanted_path(group, config):
                yield Entry(RESOURCES, group, "attribute"), resource.path
                yield Entry(RESOURCES, group, "class"), resource.class_name
    for operation in api.operations:
        place = names.methods[operation.key]
        if place.group and pinned(operation, config) is None:
            yield Entry(RESOURCES, place.group, "methods", operation.key), place.method
    operations = {operation.key: operation for operation in api.operations}
    for (key, location, wire), chosen in names.arguments.items():
        if not argument_pin(operations[key], location, wire, config):
            yield Entry(ARGUMENTS, key, f"{location} {wire}"), chosen


def _of_types(api: Api, config: Config, names: Names, exports: Collection[str]) -> Iterator[tuple[Entry, str]]:
    all_keys = type_keys(api)
    pins = pinned_types(api, config, all_keys)
    definitions = {definition.id: definition for definition in api.types}
    keys = {identity: key for identity, key in all_keys.items() if names.types[identity] in exports}
    for identity, key in keys.items():
        if identity not in pins:
            yield Entry(TYPES, key, "class"), names.types[identity]
            if names.inputs[identity] in exports:
                yield Entry(TYPES, key, "input"), names.inputs[identity]
    for (identity, wire), chosen in names.fields.items():
        if identity in keys and not field_pin(definitions[identity], keys[identity], wire, config):
            yield Entry(TYPES, keys[identity], "fields", wire), chosen
    for (identity, value), chosen in names.members.items():
        if identity in keys and not member_pin(definitions[identity], keys[identity], str(value), config):
            yield Entry(TYPES, keys[identity], "members", str(value)), chosen


def _of_credentials(api: Api, config: Config, names: Names) -> Iterator[tuple[Entry, str]]:
    for scheme in api.schemes:
        for word, chosen in zip(CREDENTIAL_WORDS[scheme.kind], names.credentials[scheme.id], strict=True):
            if not credential_pin(scheme, word, config):
                yield Entry(CREDENTIALS, scheme.id, word), chosen
    for wire, chosen in names.variables.items():
        yield Entry(VARIABLES, wire, ARGUMENT), chosen
    for (location, wire), chosen in names.client_parameters.items():
        yield Entry(CLIENT_PARAMETERS, f"{location} {wire}", ARGUMENT), chosen
