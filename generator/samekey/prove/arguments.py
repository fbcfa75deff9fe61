"""Arguments made up for an operation: parameters and a body that its document allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samekey.ir import BodyKind
from samekey.lower.media import body_kind
from samekey.sandbox.api.samples import MISSING, Samples
from samekey.sandbox.api.schemas import Direction, SchemaJudge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.document.node import Node
    from samekey.document.values import JsonValue
    from samekey.emit.views import ArgumentView, OperationSummary
    from samekey.ir import Operation
    from samekey.sandbox.api.operations import DeclaredContent, Site

_TEXT = "text"
_BYTES = b"bytes"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An operation that may be called.

    Args:
        operation: what the IR says of it.
        site: what the document says of it.
        row: how it is called.
        tells_accounts: whether its credentials say for which account it is.
    """

    operation: Operation
    site: Site
    row: OperationSummary
    tells_accounts: bool = False


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a method.

    Args:
        path: those of the path, by their names on the wire, in order.
        named: all others, by their names in Python.
    """

    path: Mapping[str, object]
    named: Mapping[str, object] = field(default_factory=dict[str, object])


class Maker:
    """Makes up arguments.

    Args:
        root: the document.
    """

    def __init__(self, root: Node) -> None:
        self._samples = Samples(SchemaJudge(root), direction=Direction.REQUEST)

    def alternatives(self, candidate: Candidate, known: Mapping[str, str]) -> Iterator[Arguments]:
        """Yield arguments to try, the likeliest first.

        Args:
            candidate: the operation.
            known: values of its path that name something that is there.
        """
        path = {
            argument.wire: known.get(argument.wire, self._parameter(candidate, argument))
            for argument in candidate.row.parameters
            if argument.location == "path"
        }
        parameters = {
            str(argument.name): self._parameter(candidate, argument)
            for argument in candidate.row.parameters
            if argument.required and argument.location in {"query", "header", "cookie"}
        }
        for body in self._bodies(candidate):
            yield Arguments(path, {**parameters, **body})

    def _parameter(self, candidate: Candidate, argument: ArgumentView) -> object:
        nodes = [
            declared.node
            for declared in candidate.site.parameters
            if (declared.param.location, declared.param.name) == (argument.location, argument.wire)
        ]
        schema = nodes[0].get("schema") if nodes else None
        return self._samples.fit(schema) if schema is not None else _TEXT

    def _bodies(self, candidate: Candidate) -> Iterator[dict[str, object]]:
        """Yield bodies as arguments: the document's examples, then one from the schema; an empty one for no body."""
        entries = [argument for argument in candidate.row.parameters if argument.location in {"body", "extra"}]
        content = _content(candidate)
        if not entries:
            yield {}
        elif content is None or content.schema is None or body_kind(content.media_type) is BodyKind.RAW:
            yield {str(entry.name): _scalar(entry) for entry in entries if entry.required or len(entries) == 1}
        else:
            for known in (*content.examples, MISSING):
                yield _spread(self._samples.fit(content.schema, known), entries)


def _content(candidate: Candidate) -> DeclaredContent | None:
    """Return the body in the media type that the SDK sends; None where the document has none."""
    body = candidate.operation.body
    return next((c for c in candidate.site.bodies if body is not None and c.media_type == body.media_type), None)


def _spread(value: JsonValue, entries: list[ArgumentView]) -> dict[str, object]:
    """Turn a body into arguments: whole, or field by field."""
    if len(entries) == 1 and entries[0].wire == "body":
        return {str(entries[0].name): value}
    fields = value if isinstance(value, dict) else {}
    holder = next((entry for entry in entries if entry.location == "extra"), None)
    by_wire = {entry.wire: entry for entry in entries if entry is not holder}
    given = {
        str(entry.name): _scalar(entry) if "bytes" in str(entry.annotation) else fields[wire]
        for wire, entry in by_wire.items()
        if wire in fields
    }
    extra = {name: field for name, field in fields.items() if name not in by_wire}
    return {**given, str(holder.name): extra} if holder is not None and extra else given


def _scalar(entry: ArgumentView) -> object:
    return _BYTES if "bytes" in str(entry.annotation) else _TEXT
