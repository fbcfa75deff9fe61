"""An operation with what is known of the resources that it works on, read from the document once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from samekey.ir import Location
from samekey.lower.schemas.merged import Merged
from samekey.sandbox.api.bodies import core_of, id_name, times
from samekey.sandbox.api.pagination import path_to_items
from samekey.sandbox.api.shapes import Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samekey.document.values import JsonValue
    from samekey.sandbox.api.bodies import Core
    from samekey.sandbox.api.operations import Site
    from samekey.sandbox.api.shapes import Shape


_STATE: Final = re.compile(r"(.*_)?(status|state)|.*S(tatus|tate)")
_IRREGULAR: Final = {"pay": "paid", "send": "sent", "hold": "held", "withdraw": "withdrawn"}
_ALIKE: Final = 4
"""Letters that an action and its state have in common at least: `void`, `voided`."""
_ENDING: Final = 3
"""Letters by which one of them may be longer: `activate`, `active`; `cancel`, `cancelled`."""


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
        defaults: properties that a client need not send, with what they then are.
        outcome: properties that an action changes, with what they are afterwards.
        listed: properties by which a list can be filtered and sorted.
        query: the query parameters of the operation.
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
    defaults: Mapping[str, JsonValue]
    outcome: Mapping[str, JsonValue]
    listed: frozenset[str]
    query: frozenset[str]
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
        defaults=_defaults(site),
        outcome=_outcome(site, core) if shape.verb is Verb.ACT else {},
        listed=frozenset(reader.properties if reader else ()),
        query=frozenset(
            declared.param.name for declared in site.parameters if declared.param.location is Location.QUERY
        ),
        items=path_to_items(site, schema) if schema is not None else None,
        echoes=own is not None and reader is not None and own.identity == reader.identity,
    )


def _defaults(site: Site) -> dict[str, JsonValue]:
    """Return what the document says of properties that a client does not send."""
    found: dict[str, JsonValue] = {}
    for content in site.bodies:
        for name, parts in (Merged.of((content.schema,)).properties() if content.schema is not None else {}).items():
            node = Merged.of(parts).first("default")
            if node is not None:
                found.setdefault(name, node.value)
    return found


def _outcome(site: Site, core: Core | None) -> dict[str, JsonValue]:
    """Return the state in which an action leaves its resource: `cancel` makes a status `canceled`, if there is one."""
    action = re.sub(r"[^a-z]", "", site.path.rpartition("/")[2].rpartition(":")[2].lower())
    found: dict[str, JsonValue] = {}
    for name, merged in (core.properties if core is not None else {}).items():
        if states_of(name):
            states = [value for value in merged.enum_values() if isinstance(value, str)]
            after = next((state for state in states if leads_to(action, state.lower())), None)
            if after is not None:
                found[name] = after
    return found


def states_of(name: str) -> bool:
    """Whether a property says in which state its resource is, by its name."""
    return _STATE.fullmatch(name) is not None


def leads_to(action: str, state: str) -> bool:
    """Whether a state is what an action leads to, by their words: what they have in common is nearly all of both."""
    if _IRREGULAR.get(action) == state:
        return True
    common = next((at for at, pair in enumerate(zip_longest(action, state)) if pair[0] != pair[1]), len(state))
    return common >= _ALIKE and common >= max(len(action), len(state)) - _ENDING


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
