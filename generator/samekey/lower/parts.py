"""Several documents as one API: each further one is a part with a name, and what clashes is kept apart and told.

Schemas that are the same in two documents become one class. Operations, schemes and tags of the same name that are not
the same stay apart, those of the part under its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import urljoin

from msgspec import Struct
from msgspec.structs import replace

from samekey.identifiers import split
from samekey.ir import Named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from samekey.config.selection import Selectable, Selection
    from samekey.document.diagnostics import Diagnostics
    from samekey.document.node import Document, Node
    from samekey.ir import Api, Operation, SecurityScheme, TypeDef

Value = TypeVar("Value")


class Part(Struct, frozen=True):
    """A further document of an SDK.

    Args:
        name: the part's name.
        document: the document, with its overlays applied.
        selection: which of its operations count.
        node: where the part stands in the config.
        candidates: all of its operations.
    """

    name: str
    document: Document
    selection: Selection
    node: Node
    candidates: tuple[Selectable, ...]


def with_parts(main: Api, parts: Sequence[tuple[Part, Api]], diagnostics: Diagnostics) -> Api:
    """Return one API of several.

    Args:
        main: the API of the first document, whose title, version and servers are those of the whole.
        parts: the others, in order.
        diagnostics: the sink for what clashes.
    """
    known = main
    for part, api in parts:
        known = _Joint(known, part, api, diagnostics).api()
    return known


class _Joint(Struct, frozen=True):
    """An API, and another one that is to be a part of it."""

    known: Api
    part: Part
    api_of_part: Api
    diagnostics: Diagnostics

    def api(self) -> Api:
        known, new = self.known, self.api_of_part
        same = _same_types(known.types, new.types)
        schemes = self._schemes()
        operations = [
            _with_ids(self._operation(entry, schemes), same) for entry in new.operations if not self._is_there(entry)
        ]
        webhooks = [_with_ids(entry, same) for entry in new.webhooks if not self._is_known_webhook(entry.name)]
        types = [_with_ids(entry, same) for entry in new.types if entry.id not in same]
        renamed = {scheme.id: schemes[scheme.id] for scheme in new.schemes}
        taken = {scheme.id for scheme in known.schemes}
        used = [*operations, *webhooks]
        return replace(
            known,
            schemes=(
                *known.schemes,
                *(replace(one, id=renamed[one.id]) for one in new.schemes if renamed[one.id] not in taken),
            ),
            tags=(*known.tags, *(replace(tag, name=self._tag(tag.name)) for tag in new.tags)),
            operations=(*known.operations, *operations),
            webhooks=(*known.webhooks, *webhooks),
            types=(*known.types, *_reached(used, types)),
            parts=(*known.parts, (new.home, self.part.name)),
        )

    def _operation(self, operation: Operation, schemes: Mapping[str, str]) -> Operation:
        """Return an operation of the part with all that it takes from its own document written down in itself."""
        known, new = self.known, self.api_of_part
        keys = {entry.key for entry in known.operations}
        security = new.security if operation.security is None else operation.security
        renamed = tuple(tuple(schemes.get(name, name) for name in choice) for choice in security)
        if operation.key in keys:
            self._note(
                f"{operation.method} {operation.path} stands in {self.part.name} as well as before it, on another "
                "server; both are in the SDK"
            )
        return replace(
            operation,
            key=f"{self.part.name} {operation.key}" if operation.key in keys else operation.key,
            tags=(self._tag(operation.tags[0]), *operation.tags[1:]) if operation.tags else (self.part.name,),
            security=None if renamed == known.security and operation.security is None else renamed,
            retry=operation.retry or (new.retry if new.retry != known.retry else None),
            server=self._server(operation),
        )

    def _server(self, operation: Operation) -> str:
        home = self.api_of_part.servers[0].url if self.api_of_part.servers else ""
        usual = self.known.servers[0].url if self.known.servers else ""
        if not home or (home == usual and not operation.server):
            return operation.server
        return urljoin(f"{home}/", operation.server) if operation.server else home

    def _is_there(self, operation: Operation) -> bool:
        """Whether an operation is the same request as one that is there already (reported)."""
        base = self.known.servers[0].url if self.known.servers else ""
        own = self._server(operation) or base
        found = [entry for entry in self.known.operations if entry.key == operation.key]
        if not any((entry.server or base) == own for entry in found):
            return False
        self._warn(
            f"{operation.method} {operation.path} of {self.part.name} is there already, on the same server; "
            "it is left out"
        )
        return True

    def _is_known_webhook(self, name: str) -> bool:
        if all(webhook.name != name for webhook in self.known.webhooks):
            return False
        self._warn(f"the webhook {name!r} of {self.part.name} is there already; it is left out")
        return True

    def _warn(self, message: str) -> None:
        self.part.node.warn("part-clash", message, "leave one of them out: `exclude` in the config, or below the part")

    def _note(self, message: str) -> None:
        self.diagnostics.note("part-renamed", message, self.part.node.place)

    def _tag(self, tag: str) -> str:
        """Return a tag of the part; under the part's name where one before it has operations of the same name."""
        theirs = {split(found) for entry in self.known.operations for found in entry.tags[:1]}
        if split(tag) not in theirs:
            return tag
        apart = f"{self.part.name} {tag}"
        self._note(f"the tag {tag!r} stands in {self.part.name} as well as before it; it is {apart!r} here")
        return apart

    def _schemes(self) -> dict[str, str]:
        """Return the ids of the part's security schemes in the whole; one that differs gets the part's name."""
        known = {scheme.id: scheme for scheme in self.known.schemes}
        found: dict[str, str] = {}
        for scheme in self.api_of_part.schemes:
            before = known.get(scheme.id)
            is_other = before is not None and _essence(before) != _essence(scheme)
            found[scheme.id] = f"{self.part.name}_{scheme.id}" if is_other else scheme.id
            if is_other:
                message = f"the security scheme {scheme.id!r} of {self.part.name} is another one than that before it"
                self._note(f"{message}; it is {found[scheme.id]!r} here")
        return found


def _essence(scheme: SecurityScheme) -> SecurityScheme:
    """Return a scheme without what makes no other credential of it."""
    return replace(scheme, doc="", scopes=())


def _same_types(known: Iterable[TypeDef], new: Iterable[TypeDef]) -> dict[str, str]:
    """Return the ids of definitions that are the same as known ones, each with the known one's.

    Two of one name are taken for the same until something in them differs, so definitions may refer to each other.
    """
    by_name = {entry.name: entry for entry in known}
    listed = list(new)
    pairs = {entry.id: by_name[entry.name] for entry in listed if entry.name in by_name}
    while True:
        ids = {identity: entry.id for identity, entry in pairs.items()}
        differing = [
            entry.id
            for entry in listed
            if entry.id in pairs and _bare(_with_ids(entry, ids)) != _bare(pairs[entry.id], entry.id)
        ]
        if not differing:
            return ids
        for identity in differing:
            del pairs[identity]


def _bare(definition: TypeDef, identity: str = "") -> object:
    """Return a definition without words for readers, and under another id."""
    bare = replace(definition, id=identity or definition.id, doc="")
    return _without_docs(bare)


def _without_docs(value: object) -> object:
    if isinstance(value, Struct):
        changes = {
            name: "" if name == "doc" else _without_docs(getattr(value, name)) for name in value.__struct_fields__
        }
        return replace(value, **changes)
    return tuple(map(_without_docs, value)) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _with_ids(value: Value, ids: Mapping[str, str]) -> Value:
    """Return a piece of the IR whose references to definitions lead to those that took their place."""
    return cast("Value", _redirected(value, ids))


def _redirected(value: object, ids: Mapping[str, str]) -> object:
    if isinstance(value, Named):
        return Named(ids.get(value.id, value.id))
    if isinstance(value, Struct):
        changes = {name: _redirected(getattr(value, name), ids) for name in value.__struct_fields__}
        return replace(value, **changes)
    return tuple(_redirected(entry, ids) for entry in value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _reached(holders: Iterable[object], types: Iterable[TypeDef]) -> Iterator[TypeDef]:
    """Yield the definitions to which operations and webhooks lead, in their order."""
    by_id = {entry.id: entry for entry in types}
    pending = [identity for holder in holders for identity in _named_in(holder)]
    found: set[str] = set()
    while pending:
        identity = pending.pop()
        if identity in by_id and identity not in found:
            found.add(identity)
            pending += _named_in(by_id[identity])
    return (entry for entry in by_id.values() if entry.id in found)


def _named_in(value: object) -> Iterator[str]:
    if isinstance(value, Named):
        yield value.id
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _named_in(getattr(value, name))
    elif isinstance(value, tuple):
        for entry in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _named_in(entry)  # pyright: ignore[reportUnknownArgumentType]
