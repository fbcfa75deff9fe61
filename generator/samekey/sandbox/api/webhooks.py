"""Which webhooks of a document speak of what an operation has done, and their payloads."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from samekey.lower.media import content_of, is_json
from samekey.lower.paths import METHOD_WORDS
from samekey.lower.schemas.merged import Merged
from samekey.sandbox.api.schemas import Direction
from samekey.sandbox.api.shapes import Verb
from samekey.sandbox.api.subjects import leads_to, states_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from samekey.document.node import Node
    from samekey.document.values import JsonValue
    from samekey.sandbox.api.answer import Answer
    from samekey.sandbox.api.bodies import Core
    from samekey.sandbox.api.samples import Samples
    from samekey.sandbox.api.schemas import SchemaJudge
    from samekey.sandbox.api.subjects import ResourceInfo

_HOLDERS: Final = ("webhooks", "x-webhooks")
_DEEPEST: Final = 3
"""Properties within properties in which a payload holds the resource that it speaks of."""
_NAMES: Final = re.compile(r"(event_?)?(type|name)|event|topic|kind", re.IGNORECASE)
"""Properties of a payload that may hold the name of the webhook."""
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_WORDS: Final = {
    Verb.CREATE: frozenset({"create", "created", "new", "added", "opened", "received"}),
    Verb.CHANGE: frozenset({"update", "updated", "change", "changed", "modified"}),
    Verb.REPLACE: frozenset({"update", "updated", "change", "changed", "modified", "replaced"}),
    Verb.REMOVE: frozenset({"delete", "deleted", "removed"}),
    Verb.ACT: frozenset({"update", "updated", "change", "changed", "modified"}),
}
"""Last words of names by what was done."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A webhook that is to be sent.

    Args:
        name: its name in the document.
        payload: its body.
    """

    name: str
    payload: bytes


class Webhooks:
    """The webhooks of a document.

    Args:
        root: the document.
        samples: makes payloads.
        schemas: judges them.
    """

    def __init__(self, root: Node, samples: Samples, schemas: SchemaJudge) -> None:
        self._payloads = dict(_declared(root))
        self._samples = samples
        self._schemas = schemas

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, in the document's order."""
        return tuple(self._payloads)

    def made_up(self, name: str) -> Announcement | None:
        """Return a webhook with a payload that is made up; None where the document has none of that name."""
        return self._announced(name, (), {}) if name in self._payloads else None

    def about(self, subject: ResourceInfo, answer: Answer) -> list[Announcement]:
        """Return the webhooks that tell of what was done.

        They are those whose payload holds the resource, and whose name ends in what was done (`order.created`), in the
        action (`order.cancelled`), or in a state that it is in now (`charge.succeeded`); one that is alone is always
        meant.

        Args:
            subject: the operation, and what it works on.
            answer: what it says of it.
        """
        core = subject.core
        if core is None:
            return []
        state = _state(core, answer)
        about = {name: place for name, schema in self._payloads.items() if (place := _place(schema, core)) is not None}
        meant = [name for name in about if _is_meant(name, subject, state)]
        if not meant and len(about) == 1 and not any(_last_word(name) in _EVERY_WORD for name in about):
            meant = list(about)
        return [self._announced(name, about[name], state) for name in meant]

    def _announced(self, name: str, place: Sequence[str], state: dict[str, JsonValue]) -> Announcement:
        schema = self._payloads[name]
        known: dict[str, JsonValue] = _held(place, state)
        if place or not state:
            known |= self._named(schema, name)
        return Announcement(name, json.dumps(self._samples.fit(schema, known)).encode())

    def _named(self, schema: Node, name: str) -> dict[str, JsonValue]:
        """Return the properties of a payload that hold the name of its webhook."""
        titles = {title: parts for title, parts in Merged.of((schema,)).properties().items() if _NAMES.fullmatch(title)}
        return {
            title: name
            for title, parts in titles.items()
            if all(self._schemas.accepts(part, name, Direction.RESPONSE) for part in parts)
        }


def _declared(root: Node) -> Iterator[tuple[str, Node]]:
    """Yield the names of webhooks and the schemas of their JSON payloads."""
    for holder in _HOLDERS:
        for name, element in root.items(holder) if root.get(holder) else ():
            item = element.follow()
            for method, operation in item.items() if item is not None and isinstance(item.value, dict) else ():
                holds = operation.get("requestBody") if method in METHOD_WORDS else None
                body = holds.follow() if holds is not None else None
                contents = content_of(body) if body is not None else {}
                schema = next((media.get("schema") for kind, media in contents.items() if is_json(kind)), None)
                if schema is not None:
                    yield name, schema


def _place(schema: Node, core: Core, level: int = 0) -> tuple[str, ...] | None:
    """Return the properties through which a payload holds a resource; None where it does not."""
    target = schema.follow()
    if (target or schema).identity == core.identity:
        return ()
    if level < _DEEPEST:
        for name, parts in Merged.of((schema,)).properties().items():
            for part in parts:
                inner = _place(part, core, level + 1)
                if inner is not None:
                    return (name, *inner)
    return None


def _held(place: Sequence[str], state: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a payload that holds a resource at the end of a path of properties."""
    return {place[0]: _held(place[1:], state)} if place else dict(state)


def _state(core: Core, answer: Answer) -> dict[str, JsonValue]:
    """Return the resource as an answer has it; empty where it has none."""
    try:
        value: JsonValue = json.loads(answer.body) if answer.body else None
    except ValueError:
        return {}
    inner = value.get(core.wrapper) if core.wrapper and isinstance(value, dict) else value
    return inner if isinstance(inner, dict) else {}


def _is_meant(name: str, subject: ResourceInfo, state: Mapping[str, JsonValue]) -> bool:
    word, verb = _last_word(name), subject.shape.verb
    states = {value.lower() for title, value in state.items() if states_of(title) and isinstance(value, str)}
    action = subject.site.path.rpartition("/")[2].rpartition(":")[2].lower()
    return word in _WORDS.get(verb, ()) or word in states or (verb is Verb.ACT and leads_to(action, word))


def _last_word(name: str) -> str:
    words = _WORD.findall(name)
    return words[-1].lower() if words else ""


_EVERY_WORD: Final = frozenset[str]().union(*_WORDS.values())
