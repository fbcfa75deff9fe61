"""What an overlay would mend of what was found (OpenAPI Overlay Specification 1.0).

A key that it adds is a proposal: lowered with the overlay, the operation's evidence stays `assumed` until its owner
confirms it. What only the owner can know, such as how long a key is remembered, is written down as a comment.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.audit.nodes import home_of, nodes_at
from samekey.config.audit import RuleId
from samekey.config.dialect import Carrier
from samekey.document.notation import json_path
from samekey.ir import Operation, StatusCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.audit.checks import Spotted
    from samekey.audit.view import ApiView
    from samekey.document.node import Document, Node
    from samekey.document.values import JsonValue

_WITHOUT_KEY: Final = frozenset({RuleId.COSTLY_WITHOUT_KEY, RuleId.NO_KEY, RuleId.PATCH_THAT_ADDS})
_FACTS: Final = frozenset(
    {
        RuleId.NO_TTL,
        RuleId.IN_FLIGHT_UNSAID,
        RuleId.MISMATCH_UNSAID,
        RuleId.NO_REPLAY_MARKER,
        RuleId.SUCCESS_THAT_REFUSES,
    }
)
_UNNAMEABLE: Final = re.compile(r"[\x00-\x1f]")
"""What JSONPath libraries refuse in a name, though RFC 9535 lets it be escaped."""
_LONGEST: Final = 255
"""Characters that a proposed key may have."""
_KEY_DOC: Final = "A new key for each thing that is to be done, and the same key when its answer was lost."
_IN_FLIGHT_DOC: Final = "The first request with this idempotency key is still in progress."
_MISMATCH_DOC: Final = "This idempotency key was used with another payload."


class Mend(Struct, frozen=True):
    """An action of the overlay.

    Args:
        target: the JSONPath of what it changes.
        update: what is merged into it.
        is_key: whether it proposes a key, which its owner has to confirm.
    """

    target: str
    update: dict[str, JsonValue]
    is_key: bool = False


class Mends(Struct, frozen=True):
    """What an overlay would do.

    Args:
        actions: its actions, in the document's order.
        shared: what these refer to, for the root of the document.
        mended: the findings that it mends, by rule and subject.
        facts: rules whose mend only the owner knows.
        by_hand: findings that an overlay cannot mend, with the reason, for people.
    """

    actions: tuple[Mend, ...] = ()
    shared: dict[str, JsonValue] = {}
    mended: frozenset[tuple[RuleId, str]] = frozenset()
    facts: tuple[RuleId, ...] = ()
    by_hand: tuple[str, ...] = ()


def mends_of(document: Document, view: ApiView, found: Sequence[Spotted]) -> Mends:
    """Return what an overlay can do about findings.

    Args:
        document: the document.
        view: what the rules have looked at.
        found: the findings.
    """
    planner = _Planner(document, view)
    for entry in found:
        planner.plan(entry)
    return planner.mends()


def name_of_subject(entry: Spotted) -> str:
    """Return the name of what a finding is about: method and path, `webhook NAME`, or empty for the whole API."""
    subject = entry.subject
    if subject is None:
        return ""
    return subject.key if isinstance(subject, Operation) else f"webhook {subject.name}"


class _Planner:
    """Collects actions, each target once."""

    def __init__(self, document: Document, view: ApiView) -> None:
        self._document = document
        self._root = document.node.value if isinstance(document.node.value, dict) else {}
        self._is_swagger2 = "swagger" in self._root
        self._profile = view.api.profile
        self._field = _field_of_bodies(view)
        self._in_bodies = bool(self._field) or self._profile.carrier is Carrier.BODY
        self._names = _Names.free(self._root, is_swagger2=self._is_swagger2)
        self._actions: dict[str, Mend] = {}
        self._mended: set[tuple[RuleId, str]] = set()
        self._facts: dict[RuleId, None] = {}
        self._elsewhere = 0
        self._left = 0
        self._denied = 0

    def plan(self, entry: Spotted) -> None:
        """Add what mends a finding, where an overlay can."""
        if entry.rule in _WITHOUT_KEY and isinstance(entry.subject, Operation):
            self._propose_key(entry, entry.subject)
        elif entry.rule is RuleId.NO_RETRY_AFTER:
            node = nodes_at(self._document, entry.subject, entry.aim)
            self._add(entry, node.follow() if node is not None else None, {"headers": {"Retry-After": self._seconds()}})
        elif entry.rule in _FACTS:
            self._facts[entry.rule] = None

    def mends(self) -> Mends:
        """Return everything that was planned."""
        has_keys = any(action.is_key for action in self._actions.values())
        by_hand: list[str] = []
        if self._left:
            by_hand.append(
                f"{_counted(self._left)} of keys that are missing: this API's travel in bodies, so add fields there"
            )
        if self._denied:
            by_hand.append(
                f"{_counted(self._denied)} of keys that are missing: it is said that none are honoured there"
            )
        if self._elsewhere:
            by_hand.append(f"{_counted(self._elsewhere)} stand in other files, or under names that no JSONPath has")
        return Mends(
            tuple(self._actions.values()),
            self._shared() if has_keys else {},
            frozenset(self._mended),
            tuple(rule for rule in RuleId if rule in self._facts),
            tuple(by_hand),
        )

    def _propose_key(self, entry: Spotted, operation: Operation) -> None:
        if operation.method not in operation.profile.methods:
            self._denied += 1
            return
        if self._in_bodies:
            self._propose_field(entry, operation)
            return
        place = "#/parameters" if self._is_swagger2 else "#/components/parameters"
        update: dict[str, JsonValue] = {"parameters": [{"$ref": f"{place}/{self._names.key}"}]}
        home = home_of(self._document, operation)
        self._add(entry, home, {**update, **self._answers(operation)}, is_key=True)

    def _propose_field(self, entry: Spotted, operation: Operation) -> None:
        """Add a key to the schema of a body, where that is an object of this operation alone."""
        schema, home = _own_schema(self._document, operation), home_of(self._document, operation)
        if schema is None or not self._field or self._is_swagger2:
            self._left += 1
            return
        field: dict[str, JsonValue] = {"type": "string", "maxLength": _LONGEST, "description": _KEY_DOC}
        self._add(entry, schema, {"properties": {self._field: field}})
        self._add(entry, home, self._answers(operation), is_key=True)

    def _answers(self, operation: Operation) -> dict[str, JsonValue]:
        """Return the answers that a key brings with it, as far as the operation has none of these statuses."""
        base = "#/responses" if self._is_swagger2 else "#/components/responses"
        documented = {
            response.status.value for response in operation.responses if isinstance(response.status, StatusCode)
        }
        wanted = ((409, self._names.in_flight), (422, self._names.mismatch))
        answers: dict[str, JsonValue] = {
            str(status): {"$ref": f"{base}/{name}"} for status, name in wanted if status not in documented
        }
        return {"responses": answers} if answers else {}

    def _add(self, entry: Spotted, node: Node | None, update: dict[str, JsonValue], *, is_key: bool = False) -> None:
        is_here = node is not None and node.source.uri == self._document.root.uri
        if node is None or not is_here or not isinstance(node.value, dict) or _UNNAMEABLE.search(node.pointer):
            self._elsewhere += 1
            return
        target = json_path(node.pointer, self._root)
        self._actions.setdefault(target, Mend(target, update, is_key))
        self._mended.add((entry.rule, name_of_subject(entry)))

    def _shared(self) -> dict[str, JsonValue]:
        """Return the parameter and the answers that proposals refer to."""
        parameter: dict[str, JsonValue] = {
            "name": self._profile.name,
            "in": self._profile.carrier.value,
            "required": False,
            "description": _KEY_DOC,
        }
        parameters: dict[str, JsonValue] = {} if self._in_bodies else {"parameters": {self._names.key: parameter}}
        problem: dict[str, JsonValue] = {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("type", "title", "detail", "code")},
        }
        running: dict[str, JsonValue] = {"description": _IN_FLIGHT_DOC, "headers": {"Retry-After": self._seconds()}}
        reused: dict[str, JsonValue] = {"description": _MISMATCH_DOC}
        names = self._names
        if self._is_swagger2:
            parameter |= {"type": "string", "maxLength": _LONGEST}
            answers: dict[str, JsonValue] = {
                names.in_flight: {**running, "schema": problem},
                names.mismatch: {**reused, "schema": problem},
            }
            return {**parameters, "responses": answers}
        parameter["schema"] = {"type": "string", "maxLength": _LONGEST}
        content: dict[str, JsonValue] = {"content": {"application/problem+json": {"schema": problem}}}
        answers = {names.in_flight: {**running, **content}, names.mismatch: {**reused, **content}}
        return {"components": {**parameters, "responses": answers}}

    def _seconds(self) -> dict[str, JsonValue]:
        description = "Seconds to wait before the next request."
        if self._is_swagger2:
            return {"description": description, "type": "integer"}
        return {"description": description, "schema": {"type": "integer"}}


class _Names(Struct, frozen=True):
    """Names of shared parts that the document does not have yet."""

    key: str
    in_flight: str
    mismatch: str

    @classmethod
    def free(cls, root: dict[str, JsonValue], *, is_swagger2: bool) -> _Names:
        """Return names that are free."""
        components = root if is_swagger2 else root.get("components")
        holder = components if isinstance(components, dict) else {}
        taken = {
            name for word in ("parameters", "responses") if isinstance(part := holder.get(word), dict) for name in part
        }
        wanted = ("ProposedIdempotencyKey", "IdempotencyInFlight", "IdempotencyKeyReused")
        return cls(*(_free(name, taken) for name in wanted))


def _free(name: str, taken: set[str]) -> str:
    numbered = (f"{name}{number}" for number in range(2, len(taken) + 3))
    return next(candidate for candidate in (name, *numbered) if candidate not in taken)


def _field_of_bodies(view: ApiView) -> str:
    """Return the field in which the keys of an API travel, where they all travel in bodies; empty where they do not."""
    declared = [key for operation in view.operations for key in operation.declared if not key.is_proposed]
    if {key.carrier for key in declared} != {Carrier.BODY}:
        return ""
    names = Counter(key.name for key in declared if not key.within)
    return names.most_common(1)[0][0] if names else ""


def _own_schema(document: Document, operation: Operation) -> Node | None:
    """Return the schema of a body in JSON, where it is an object that nothing else refers to."""
    home = home_of(document, operation)
    holder = home.get("requestBody") if home is not None else None
    body = holder.follow() if holder is not None else None
    content = body.get("content") if body is not None and body.source.uri == document.root.uri else None
    media = next((node for name, node in content.items() if "json" in name), None) if content is not None else None
    written = media.get("schema") if media is not None else None
    schema = written.follow() if written is not None else None
    if schema is None or written is None or holder is None or not _is_plain_object(schema):
        return None
    name = written.reference
    uses = len(re.findall(re.escape(name) + r"(?![\w.-])", document.root.text)) if name else 0
    return None if uses > 1 or holder.reference is not None else schema


def _is_plain_object(schema: Node) -> bool:
    """Whether a schema is an object with fields of its own, and no union or sum of others."""
    value = schema.value
    if not isinstance(value, dict) or not isinstance(value.get("properties"), dict):
        return False
    return not any(word in value for word in ("allOf", "oneOf", "anyOf", "discriminator"))


def _counted(number: int) -> str:
    return f"{number} finding" if number == 1 else f"{number} findings"
