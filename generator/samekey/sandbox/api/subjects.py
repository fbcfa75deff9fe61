"""An operation with what is known of the resources that it works on, read from the document once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from samekey.lower.schemas.merged import Merged
from samekey.sandbox.api.bodies import core_of, id_name, times
from samekey.sandbox.api.pagination import path_to_items

if TYPE_CHECKING:
    from samekey.sandbox.api.bodies import Core
    from samekey.sandbox.api.operations import Site
    from samekey.sandbox.api.shapes import Shape


@dataclass(frozen=True, slots=True)
class ResourceInfo:
    """An operation and its resource.

    Args:
        site: the operation.
        shape: what it does.
        own: the resource in its answer.
        reader: the resource in the answer of the operation that reads it.
        id_name: the property that holds its id, or empty.
        numbered: whether ids are numbers.
        settable: properties that a client may send.
        unsaid: those that are not there where it does not.
        moments: properties that are moments.
        changes: those that tell of the last change.
        filters: query parameters that are properties of the resource as well.
        items: the path to the list in the answer; None where there is none.
        echoes: whether the answer is the resource itself.
    """

    site: Site
    shape: Shape
    own: Core | None
    reader: Core | None
    id_name: str
    numbered: bool
    settable: frozenset[str]
    unsaid: frozenset[str]
    moments: frozenset[str]
    changes: frozenset[str]
    filters: frozenset[str]
    items: tuple[str, ...] | None
    echoes: bool

    @property
    def core(self) -> Core | None:
        """The resource, wherever it can be seen."""
        return self.own or self.reader


def subject_of(site: Site, shape: Shape) -> ResourceInfo:
    """Read what a document says of an operation's resource."""
    own = core_of(site.reply)
    reader = core_of(shape.reader.reply) if shape.reader is not None else None
    core = own or reader
    name = id_name(core, _parameter(shape))
    settable = frozenset(_settable(site))
    schema = site.reply.content.schema if site.reply.content is not None else None
    return ResourceInfo(
        site=site,
        shape=shape,
        own=own,
        reader=reader,
        id_name=name,
        numbered=core is not None and bool(name) and core.properties[name].implied_type in {"integer", "number"},
        settable=settable,
        unsaid=settable - (Merged.of((core.schema,)).required if core is not None else frozenset()),
        moments=frozenset(times(core, changed=False)),
        changes=frozenset(times(core, changed=True)),
        filters=frozenset(declared.param.name for declared in site.parameters)
        & (reader.properties if reader else {}).keys(),
        items=path_to_items(site, schema) if schema is not None else None,
        echoes=own is not None and reader is not None and own.identity == reader.identity,
    )


def _parameter(shape: Shape) -> str:
    """Return the path parameter that names a resource, as operations below its collection call it; empty for none."""
    if shape.place is not None and shape.place.name:
        return shape.place.name
    return shape.reader.path.rpartition("/")[2].strip("{}") if shape.reader is not None else ""


def _settable(site: Site) -> set[str]:
    """Return the properties that a client may send."""
    found: set[str] = set()
    for content in site.bodies:
        if content.schema is not None:
            merged = Merged.of((content.schema,))
            variants = [Merged.of((node,)) for word in ("oneOf", "anyOf") for node in merged.elements(word)]
            found.update(name for each in (merged, *variants) for name in each.properties())
    return found
