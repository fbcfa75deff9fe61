"""An API as the rules look at it: each operation with what is said of its key, wherever that is said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from samekey.audit.nodes import holders_of
from samekey.config.dialect import DEFAULT
from samekey.config.idempotency import stated_by
from samekey.ir import Alias, Location, Model, Named, Nullable, Range, Safety, StatusCode, Union

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from samekey.config.idempotency import StatedDialect
    from samekey.document.node import Document
    from samekey.ir import Api, Field, Operation, Response, Type, TypeDef

_DURATION: Final = re.compile(
    r"(?:\d+|one|two|three|seven|thirty|a)[\s-]*(?:hours?|days?|minutes?|weeks?|months?|h|d)\b", re.IGNORECASE
)
_LIFETIME: Final = re.compile(r"key[- ]lifetime|expiration|expir(es|y)|retention", re.IGNORECASE)
_ABOUT_KEYS: Final = re.compile(r"idempoten|repeat|retr(?:y|ied)|same key", re.IGNORECASE)
_PARAGRAPH: Final = re.compile(r"\n\s*\n")
_DEEPEST: Final = 6
_MANY: Final = 10


class SaidOfKeys(Struct, frozen=True):
    """What is said of the key of an operation beside its carrier, by the document, an overlay or the config.

    Args:
        carrier: whether somebody names the carrier in so many words: a preset, a name or a place.
        ttl: whether somebody says how long the server remembers a key.
        denied: whether the config, or an overlay, says that the API honours no keys here.
    """

    carrier: bool = False
    ttl: bool = False
    denied: bool = False


class ApiView(Struct, frozen=True):
    """An API, and what rules need to know of all of it.

    Args:
        api: the API; each operation once, without its sisters in other media types.
        operations: those operations.
        types: its type definitions by id.
        said: what is said of the key of each operation, by the operation's key.
        prose: the paragraphs of its description that speak of repeating requests.
        boilerplate: descriptions of answers that operations which only read have as well.
    """

    api: Api
    operations: tuple[Operation, ...]
    types: Mapping[str, TypeDef]
    said: Mapping[str, SaidOfKeys]
    prose: str
    boilerplate: frozenset[str] = frozenset()

    @property
    def only_posts(self) -> bool:
        """Whether the API is calls by name, for which HTTP is but the wire: many operations, and all of them POST."""
        return len(self.operations) >= _MANY and all(operation.method == "POST" for operation in self.operations)

    def fields(self, kind: Type | None, depth: int = _DEEPEST) -> tuple[Field, ...]:
        """Return the fields of an object, or of all variants of a union; none for what is no object."""
        match kind:
            case Nullable(inner=inner):
                return self.fields(inner, depth)
            case Named(id=identity) if depth:
                definition = self.types.get(identity)
                if isinstance(definition, Model):
                    return definition.fields
                return self.fields(definition.target, depth - 1) if isinstance(definition, Alias) else ()
            case Union(variants=variants):
                return tuple(field for variant in variants for field in self.fields(variant, depth))
            case _:
                return ()


def view_of(api: Api, document: Document, stated: StatedDialect) -> ApiView:
    """Return what the rules look at.

    Args:
        api: the API.
        document: the document that it was read from, with its overlays.
        stated: what the config says of idempotency.
    """
    operations = tuple(operation for operation in api.operations if not operation.variant)
    of_root = stated_by(document.node, of_root=True)
    said = {
        operation.key: _said(operation, _statements(operation, document, of_root, stated)) for operation in operations
    }
    paragraphs = _PARAGRAPH.split(api.description)
    prose = "\n\n".join(paragraph for paragraph in paragraphs if _ABOUT_KEYS.search(paragraph))
    readers = (operation for operation in operations if operation.safety is Safety.SAFE)
    boilerplate = frozenset(response.doc for operation in readers for response in operation.responses)
    return ApiView(api, operations, {kind.id: kind for kind in api.types}, said, prose, boilerplate)


def names_duration(text: str) -> bool:
    """Whether a text names a time, such as `24 hours`, or says where the lifetime of a key is told."""
    return _LIFETIME.search(text) is not None or _DURATION.search(text) is not None


def answers(operation: Operation, *statuses: int) -> Iterator[Response]:
    """Yield the documented answers of some statuses."""
    for response in operation.responses:
        if isinstance(response.status, StatusCode) and response.status.value in statuses:
            yield response


def covers(responses: Sequence[Response], status: int) -> bool:
    """Whether an answer is documented for a status, be it for its class or for everything else."""
    return any(
        response.status.value == status
        if isinstance(response.status, StatusCode)
        else response.status.first == status // 100
        if isinstance(response.status, Range)
        else True
        for response in responses
    )


def requires_header(operation: Operation, name: str) -> bool:
    """Whether a request without a header is refused."""
    return any(
        param.required and param.location is Location.HEADER and param.name.lower() == name
        for param in operation.params
    )


def _statements(
    operation: Operation, document: Document, of_root: StatedDialect, stated: StatedDialect
) -> Iterator[tuple[StatedDialect, bool]]:
    """Yield what is stated of an operation, from the farthest to the nearest, and whether the document says it."""
    for whole, is_document in ((of_root, True), (stated, False)):
        if is_document:
            yield whole, not document.node.is_overlaid
            for node in holders_of(document, operation):
                entry = node.get("x-idempotency")
                if entry is not None:
                    yield stated_by(node), not entry.is_overlaid
        else:
            yield whole, False
        for entries in whole.operations:
            if entries.means(operation.id, operation.method, operation.path):
                yield entries.says, is_document


def _said(operation: Operation, statements: Iterator[tuple[StatedDialect, bool]]) -> SaidOfKeys:
    found = SaidOfKeys()
    for says, is_document in statements:
        preset = says.preset
        names = any(value is not None for value in (preset, says.carrier, says.name))
        ttl = says.ttl is not None or (preset is not None and preset.ttl != DEFAULT.ttl)
        denied = (
            found.denied if says.methods is None and says.honoured is None else says.methods == () and not is_document
        )
        found = replace(found, carrier=found.carrier or names, ttl=found.ttl or ttl, denied=denied)
    told = any(names_duration(key.doc) for key in operation.declared)
    return replace(found, ttl=found.ttl or told)
