"""Parts of types, operations and schemes that the config renames: which of them a word of the config means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samekey.config.renames import RenamedPart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey.config.file import Config
    from samekey.ir import Operation, SecurityScheme, TypeDef


def argument_pin(operation: Operation, location: str, wire: str, config: Config) -> str:
    """Return what the config calls an argument of an operation; empty where it does not say.

    The config may put the location before the name on the wire, for two of the same name.
    """
    owners = (operation.id, f"{operation.method} {operation.path}")
    return _first("parameters", owners, (f"{location} {wire}", wire), config.rename_parts)


def field_pin(definition: TypeDef, key: str, wire: str, config: Config) -> str:
    """Return what the config calls a field of a type; empty where it does not say."""
    return _first("fields", schema_labels(definition, key), (wire,), config.rename_parts)


def member_pin(definition: TypeDef, key: str, value: str, config: Config) -> str:
    """Return what the config calls the member of an enum for a value; empty where it does not say."""
    return _first("members", schema_labels(definition, key), (value,), config.rename_parts)


def credential_pin(scheme: SecurityScheme, word: str, config: Config) -> str:
    """Return what the config calls an argument for a security scheme; empty where it does not say.

    Args:
        scheme: the scheme.
        word: the usual name of the argument.
        config: what the user decided.
    """
    return _first("credentials", (scheme.id,), (word, ""), config.rename_parts)


def schema_labels(definition: TypeDef, key: str) -> tuple[str, ...]:
    """Return what the config may call a schema: a component's name, or the place where any schema stands.

    Args:
        definition: the type that it became.
        key: its key in the lockfile, such as `#/paths/~1pets/get/responses/200/content/application~1json/schema`.
    """
    return (definition.name[0], key) if len(definition.name) == 1 else (key,)


def _first(kind: str, owners: Iterable[str], wires: Iterable[str], parts: Mapping[RenamedPart, str]) -> str:
    if not parts:
        return ""
    listed = list(wires)
    wanted = (RenamedPart(kind, owner, wire) for owner in owners if owner for wire in listed)
    return next((parts[part] for part in wanted if part in parts), "")
