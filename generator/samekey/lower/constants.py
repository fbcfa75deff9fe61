"""Fields that always have the same value: constants, and the tags by which the variants of unions are told apart.

An SDK fills them itself: whoever makes a card need not say that it is one, and a server that is not told refuses it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from samekey.ir import Alias, Kind, LiteralOf, Model, Named, Primitive

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samekey.ir import Field, TypeDef


def with_constants(types: Iterable[TypeDef]) -> tuple[TypeDef, ...]:
    """Return type definitions in which the fields that have only one value know it; tags must be there."""
    listed = tuple(types)
    tags = _tags(listed)
    return tuple(_known(entry, tags.get(entry.id, {})) if isinstance(entry, Model) else entry for entry in listed)


def _tags(types: Iterable[TypeDef]) -> dict[str, dict[str, str]]:
    """Return the tags of variants, by model and property; one that has several values has none of its own."""
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in types:
        if isinstance(entry, Alias) and entry.discriminator is not None:
            for value, kind in entry.discriminator.mapping:
                if isinstance(kind, Named):
                    found[kind.id, entry.discriminator.property].add(value)
    tags: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for (identity, name), values in found.items():
        if len(values) == 1:
            tags[identity][name] = next(iter(values))
    return dict(tags)


def _known(model: Model, tags: Mapping[str, str]) -> Model:
    fields = tuple(_field(entry, tags.get(entry.name)) for entry in model.fields)
    return model if fields == model.fields else replace(model, fields=fields)


def _field(entry: Field, tag: str | None) -> Field:
    if entry.write_only:
        # It never comes back, and must not be made up where it is missing.
        return entry
    match entry.type:
        case LiteralOf(values=(value,)) if entry.required or tag is not None:
            return replace(entry, required=True, constant=value)
        case Primitive(Kind.STRING) if tag is not None:
            return replace(entry, required=True, constant=tag)
        case _:
            return entry


__all__ = ["with_constants"]
