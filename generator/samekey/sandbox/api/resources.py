"""What an API does: resources are created, read, listed, replaced, changed and removed, by the shape of its paths."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from samekey.lower.media import is_json
from samekey.sandbox.api.bodies import mint_id
from samekey.sandbox.api.negotiation import as_asked
from samekey.sandbox.api.operations import Match
from samekey.sandbox.api.pagination import ListPage, page_of
from samekey.sandbox.api.problems import problem
from samekey.sandbox.api.queries import asked_for
from samekey.sandbox.api.samples import MISSING, Missing
from samekey.sandbox.api.shapes import Verb, fill_path, identity, shapes_of
from samekey.sandbox.api.subjects import subject_of
from samekey.sandbox.storage import resource_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from samekey.document.node import Node
    from samekey.document.values import JsonValue
    from samekey.sandbox.api.answer import Answer
    from samekey.sandbox.api.bodies import Bodies
    from samekey.sandbox.api.checks import Read
    from samekey.sandbox.api.operations import Reply, Site
    from samekey.sandbox.api.request import ReceivedRequest
    from samekey.sandbox.api.schemas import SchemaJudge
    from samekey.sandbox.api.subjects import ResourceInfo

    State = dict[str, JsonValue]

_NO_CONTENT = 204
_WHOLE: Final = re.compile(r"-?[0-9]{1,40}")


class Resources:
    """Carries out operations within a transaction.

    Args:
        sites: all operations of the API.
        bodies: writes answers.
        schemas: judges values.
    """

    def __init__(self, sites: Sequence[Site], bodies: Bodies, schemas: SchemaJudge) -> None:
        shapes = shapes_of(sites)
        self._subjects = {site.name: subject_of(site, shapes[site.name]) for site in sites}
        self._bodies = bodies
        self._schemas = schemas

    def subject(self, site: Site) -> ResourceInfo:
        """Return what an operation works on."""
        return self._subjects[site.name]

    def perform(self, connection: Connection, match: Match, request: ReceivedRequest, body: Read) -> Answer:
        """Do what a request asks for, and return the response.

        Args:
            connection: a transaction.
            match: the operation, and the values of its path.
            request: the request.
            body: its body as a value.
        """
        return self._as_asked(match.site, request, self._performed(connection, match, request, body))

    def _as_asked(self, site: Site, request: ReceivedRequest, answer: Answer) -> Answer:
        """Return a response in the media type that its client likes best; as it is, where it likes none of them."""
        declared = next((reply for reply in site.replies if reply.others and reply.status == answer.status), None)
        asked = as_asked(declared, request.header("accept")) if declared is not None else None
        if asked is None or declared is None or asked.content is None or asked.content is declared.content:
            return answer
        known = json.loads(answer.body) if is_json(asked.content.media_type) and answer.body else MISSING
        others = tuple((name, value) for name, value in answer.headers if name != "Content-Type")
        return self._bodies.answer(asked, known, others)

    def _performed(self, connection: Connection, match: Match, request: ReceivedRequest, body: Read) -> Answer:
        subject = self._subjects[match.site.name]
        for parent in subject.shape.parents:
            collection, number = identity(parent, match)
            if resource_store.read(connection, collection, number) is None:
                return _missing(number)
        sent = dict(body) if isinstance(body, dict) else {}
        if subject.shape.verb is Verb.REPLACE and subject.shape.place is not None and not subject.shape.place.name:
            named = sent.get(subject.id_name)
            if not isinstance(named, str | int) or not subject.id_name:
                return self._other(subject, sent)
            match = Match(match.site, {**match.values, "": str(named)})
        match subject.shape.verb:
            case Verb.CREATE:
                return self._create(connection, subject, match, sent)
            case Verb.LIST:
                return self._list(connection, subject, match, request)
            case Verb.OTHER:
                return self._other(subject, sent)
            case _:
                return self._with_resource(connection, subject, match, sent)

    def _create(self, connection: Connection, subject: ResourceInfo, match: Match, sent: State) -> Answer:
        collection = fill_path(subject.site.path, match.values)
        number = self._number(connection, subject, collection, sent)
        state = self._new(subject, sent, {subject.id_name: number} if subject.id_name else {})
        if not resource_store.create(connection, collection, str(number), self._kept_as(subject, state)):
            return problem(409, "exists", f"{number!r} is there already")
        return self._resource(subject, state, subject.site.reply, (("Location", _location(collection, number)),))

    def _number(self, connection: Connection, subject: ResourceInfo, collection: str, sent: State) -> JsonValue:
        """Return the id of a new resource: the client's, if it may choose, else one that looks like the document's."""
        chosen = sent.get(subject.id_name) if subject.id_name in subject.settable else None
        if isinstance(chosen, str | int) and chosen:
            return chosen
        if subject.numbered:
            return resource_store.next_number(connection, collection)
        return mint_id(subject.core, subject.id_name, collection, self._schemas, _asked_by(subject))

    def _new(self, subject: ResourceInfo, sent: State, fixed: State) -> State:
        """Return the state of a new resource: what was sent, and the document's example of what a server makes up.

        What the client could have said and did not is there only if it must be, and moments are now.
        """
        example = self._bodies.resource_example(subject.own, subject.site.reply)
        made = {n: v for n, v in example.items() if n not in subject.unsaid and n not in subject.moments}
        told = {**made, **subject.defaults, **sent, **fixed}
        if subject.echoes:
            return {**self._bodies.fitted(subject.own, told), **fixed}
        return {**told, **self._bodies.fitted(subject.own, told), **fixed}

    def _kept_as(self, subject: ResourceInfo, state: State) -> State:
        """Return a resource's state as the operation that reads it will return it."""
        return state if subject.echoes or subject.reader is None else self._bodies.fitted(subject.reader, state)

    def _list(self, connection: Connection, subject: ResourceInfo, match: Match, request: ReceivedRequest) -> Answer:
        reply = subject.site.reply
        if subject.items is None or not subject.shape.creatable:
            return self._bodies.answer(reply)
        found = resource_store.listed(connection, fill_path(subject.site.path, match.values))
        page = page_of(subject.site, request, asked_for(found, subject.listed, subject.query, request))
        if not isinstance(page, ListPage):
            return page
        items: JsonValue = [row.state for row in page.rows]
        headers = (("Link", f'<{page.link}>; rel="next"'),) if page.link else ()
        if not subject.items:
            return self._bodies.answer(reply, items, headers)
        return self._bodies.answer(reply, _nested([*page.known.items(), (subject.items, items)]), headers)

    def _other(self, subject: ResourceInfo, sent: State) -> Answer:
        example = self._bodies.example(subject.site.reply)
        return self._bodies.answer(subject.site.reply, {**example, **sent} if isinstance(example, dict) else example)

    def _with_resource(self, connection: Connection, subject: ResourceInfo, match: Match, sent: State) -> Answer:
        shape = subject.shape
        if shape.place is None:
            return self._other(subject, sent)
        collection, number = identity(shape.place, match)
        state = resource_store.read(connection, collection, number)
        reply = subject.site.reply
        if shape.verb is Verb.REPLACE and state is None and shape.minted and subject.site.refuses_unknown:
            return _missing(number)
        headers: tuple[tuple[str, str], ...] = ()
        if shape.verb is Verb.REPLACE:
            reply = subject.site.reply_where(made=state is None)
            headers = () if state is not None else (("Location", _location(collection, number)),)
            state = self._new(subject, sent, _kept(subject, state, number))
        elif state is None and shape.creatable:
            return _missing(number)
        elif state is None:
            # What clients cannot create is there under whatever name they ask for.
            return self._bodies.answer(subject.site.reply, self._imagined(subject, number, sent))
        if shape.verb is Verb.REMOVE:
            resource_store.remove(connection, collection, number)
        elif shape.verb is Verb.CHANGE or (shape.verb is Verb.ACT and subject.echoes):
            state = self._changed(subject, state, sent)
        elif shape.verb is Verb.ACT:
            return self._other(subject, sent)
        if shape.verb not in {Verb.READ, Verb.REMOVE}:
            resource_store.write(connection, collection, number, self._kept_as(subject, state))
        return self._resource(subject, state, reply, headers)

    def _changed(self, subject: ResourceInfo, state: State, sent: State) -> State:
        """Return a state after a change: RFC 7396, within what the schema has room for; times of change are now."""
        merged = {name: value for name, value in _patched(state, sent).items() if name not in subject.changes}
        merged |= subject.outcome
        return self._bodies.fitted(subject.reader or subject.own, merged)

    def _imagined(self, subject: ResourceInfo, number: str, sent: State) -> JsonValue | Missing:
        """Return a resource that nobody has created: the document's example, under the id that was asked for."""
        if subject.own is None:
            return MISSING
        example = self._bodies.resource_example(subject.own, subject.site.reply)
        value = _id_of(subject, number)
        return subject.own.wrapped({**example, **sent, **({subject.id_name: value} if subject.id_name else {})})

    def _resource(
        self, subject: ResourceInfo, state: State, reply: Reply, headers: tuple[tuple[str, str], ...] = ()
    ) -> Answer:
        if subject.own is None or reply.status == _NO_CONTENT:
            return self._bodies.answer(reply, headers=headers)
        ready = subject.echoes and reply is subject.site.reply
        return self._bodies.answer(reply, subject.own.wrapped(state), headers, ready=ready)


def _location(collection: str, number: JsonValue) -> str:
    """Return the path of a resource as a header may hold it, whatever script its id is written in (RFC 9110 10.2.2)."""
    return f"{quote(collection)}/{quote(str(number), safe='')}"


def _id_of(subject: ResourceInfo, number: str) -> JsonValue:
    """Return an id as its resource holds it."""
    return int(number) if subject.numbered and _WHOLE.fullmatch(number) else number


def _asked_by(subject: ResourceInfo) -> Node | None:
    """Return the schema of the parameter by which a resource is asked for; None where there is none."""
    reader = subject.shape.reader
    last = reader.path.rpartition("/")[2].strip("{}") if reader is not None else ""
    nodes = [declared.node for declared in reader.parameters if declared.param.name == last] if reader else []
    return nodes[0].get("schema") if nodes else None


def _missing(number: str) -> Answer:
    return problem(404, "not_found", f"there is no {number!r} here")


def _nested(entries: Iterable[tuple[tuple[str, ...], JsonValue]]) -> State:
    """Return an object that holds values at the ends of paths."""
    made: State = {}
    for path, value in entries:
        level = made
        for name in path[:-1]:
            inner = level.setdefault(name, {})
            if not isinstance(inner, dict):
                break
            level = inner
        else:
            level[path[-1]] = value
    return made


def _kept(subject: ResourceInfo, old: State | None, number: str) -> State:
    """Return what replacing a resource does not change: its id, and what its client cannot set."""
    kept = {n: v for n, v in (old or {}).items() if n not in subject.settable and n not in subject.changes}
    if not subject.id_name:
        return kept
    return {**kept, subject.id_name: _id_of(subject, number)}


def _patched(state: Mapping[str, JsonValue], sent: Mapping[str, JsonValue]) -> State:
    """Merge by RFC 7396, but null stays null: the schema says whether a property may be null, or is dropped."""
    made = dict(state)
    for name, value in sent.items():
        old = made.get(name)
        made[name] = dict(_patched(old, value)) if isinstance(old, dict) and isinstance(value, dict) else value
    return made
