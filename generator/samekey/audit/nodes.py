"""Where things stand: values of a document by their place in it, for reports and for overlays that change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, assert_never

from msgspec import Struct

from samekey.audit.model import Spot
from samekey.document.diagnostics import shown_uri
from samekey.document.pointers import index_of, tokens
from samekey.ir import Operation, Status, Webhook
from samekey.lower.statuses import status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samekey.document.diagnostics import Place, Position
    from samekey.document.node import Document, Node


class AtSubject(Struct, frozen=True):
    """The operation, the webhook or the document itself."""


class AtParameter(Struct, frozen=True):
    """A parameter of the operation or of its path."""

    name: str


class AtAnswer(Struct, frozen=True):
    """An answer of the operation."""

    status: Status


class AtBody(Struct, frozen=True):
    """The request body of the operation."""


Aim: TypeAlias = AtSubject | AtParameter | AtAnswer | AtBody
"""What a finding is about, within its subject."""
AuditSubject: TypeAlias = Operation | Webhook | None
"""An operation, a webhook, or, where it is None, the whole API."""
HERE = AtSubject()


def node_at(document: Document, source: str, pointer: str) -> Node | None:
    """Return the value at a pointer of one of a document's files; None where there is none."""
    text = document.source(source, document.node)
    if text is None:
        return None
    node = document.whole(text)
    for token in tokens(pointer):
        value = node.value
        if isinstance(value, dict) and token in value:
            node = node.child(token, value[token])
        elif isinstance(value, list) and (index := index_of(token, len(value))) is not None:
            node = node.child(index, value[index])
        else:
            return None
    return node


def home_of(document: Document, subject: AuditSubject) -> Node | None:
    """Return the operation or webhook where it stands, or the root of the document."""
    return document.node if subject is None else node_at(document, subject.source, subject.pointer)


def holders_of(document: Document, operation: Operation) -> tuple[Node, ...]:
    """Return the operation and the path item that holds it, from the nearest."""
    own = node_at(document, operation.source, operation.pointer)
    above = operation.pointer.rpartition("/")[0]
    if above.endswith("/additionalOperations"):
        above = above.rpartition("/")[0]
    item = node_at(document, operation.source, above)
    return tuple(node for node in (own, item) if node is not None)


def nodes_at(document: Document, subject: AuditSubject, aim: Aim) -> Node | None:
    """Return the value that a finding is about, as it is written at its subject; a reference is not followed."""
    home = home_of(document, subject)
    if home is None or not isinstance(subject, Operation):
        return home
    match aim:
        case AtSubject():
            return home
        case AtParameter(name=name):
            return next(_parameters(document, subject, name), home)
        case AtAnswer(status=status):
            responses = home.get("responses")
            found = responses.items() if responses is not None and isinstance(responses.value, dict) else ()
            return next((node for key, node in found if status_of(key) == status), home)
        case AtBody():
            return home.get("requestBody") or home
        case _:
            assert_never(aim)


def _parameters(document: Document, operation: Operation, name: str) -> Iterator[Node]:
    """Yield the parameters of a name, as they are written, the operation's own before the path's."""
    for holder in holders_of(document, operation):
        listed = holder.get("parameters")
        for element in listed.elements() if listed is not None and isinstance(listed.value, list) else ():
            target = element.follow()
            if target is not None and isinstance(target.value, dict) and target.value.get("name") == name:
                yield element


class Spots:
    """Turns places into lines and columns, each once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Position] = {}

    def of(self, node: Node) -> Spot:
        """Return where a value stands, for people."""
        place = node.place
        position = self._position(place)
        return Spot(shown_uri(place.source.uri), position.line, position.column)

    def _position(self, place: Place) -> Position:
        if place.position is not None:
            return place.position
        key = (place.source.uri, place.pointer)
        if key not in self._known:
            self._known[key] = place.resolve()
        return self._known[key]
