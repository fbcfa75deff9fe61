"""Whether a request is what the document says and what was asked for, and a value what was answered."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import unquote_plus

import msgspec

from tests.corpus.answering import Server
from tests.corpus.asking import Asked
from tests.corpus.bench import Case
from tests.corpus.core import LimitError, core_problem
from tests.corpus.described import (
    FORM,
    alternatives_of,
    documented,
    is_json,
    is_proven,
    prefix_of,
    properties_named,
    resolved,
    schemes_of,
)
from tests.corpus.opening import values_of
from tests.corpus.outcome import UNDESCRIBED, FailureError, expect
from tests.corpus.raw import Json, View
from tests.corpus.sameness import difference, shown, spells
from tests.corpus.wire import (
    OWN_HEADERS,
    Received,
    multipart_parts,
    parameters,
    problem_in_pairs,
    problem_in_path,
    query_pairs,
)

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class RequestCheck:
    """Checks one request.

    Args:
        case: the operation.
        asked: what was to be sent.
        received: what came.
    """

    case: Case
    asked: Asked
    received: Received

    def check(self) -> None:
        """Check all of it.

        Raises:
            FailureError: something is not as the document says, or not as it was asked for.
        """
        if self.received.method != self.case.operation.method:
            raise FailureError("another method", self.received.method)
        self._check_key()
        self._check_path()
        for parameter, value in self.asked.parameters:
            if parameter.location != "path":
                cause = f"a {parameter.location} parameter ({parameter.style})"
                expect(self.received.problem_of(parameter, value), cause)
        self._check_nothing_else()
        self._check_body()
        self._check_security()
        self._ask_core()

    def _check_path(self) -> None:
        template, _, constants = self.case.operation.path.partition("?")
        values = {entry.name: (entry, value) for entry, value in self.asked.parameters if entry.location == "path"}
        prefix = prefix_of(self.case.operation)
        path = template if template.startswith("/") else f"/{template}"
        expect(problem_in_path(prefix + path, self.received.path, values), "the path")
        self.received.path = self.received.path.removeprefix(prefix)
        fixed = query_pairs(constants)
        self.received.read.update(unquote_plus(key) for key, _ in fixed)
        if set(fixed) - set(self.received.query):
            raise FailureError("the path", f"its constants {constants!r} are not in the query")

    def _check_nothing_else(self) -> None:
        """What was not asked for is not sent."""
        schemes = [(scheme.text("in"), scheme.text("name")) for scheme in schemes_of(self.case.bench.root).values()]
        key = {self.case.row.key[1].lower()} if self.case.row.key is not None else set[str]()
        known = self.received.read | {name for place, name in schemes if place == "query"}
        extra = [name for name in self.received.query_names if name not in known and name.lower() not in key]
        if extra:
            raise FailureError("a query parameter that was not asked for", f"{extra}")
        given = {entry.name.lower() for entry, _ in self.asked.parameters if entry.location == "header"}
        allowed = OWN_HEADERS | {name.lower() for _, name in schemes} | key | given
        others = [name for name in self.received.headers if name not in allowed and not name.endswith("-first-sent")]
        if others:
            raise FailureError("a header that was not asked for", f"{others}")

    # The key

    def _check_key(self) -> None:
        if self.case.row.key is None:
            return
        place, name = self.case.row.key
        key = self._key(place, name).removeprefix('"').removesuffix('"')
        if not key:
            raise FailureError("no key", f"{place} {name!r} is not sent")
        declared = self._declared_key(place, name)
        validity = self.case.bench.validity
        expect(validity.problem(declared, key) if declared is not None else "", "a key that is not allowed")
        no_uuid = declared is not None and validity.problem(declared, str(uuid.uuid4()))
        if not _UUID.fullmatch(key) and not no_uuid:
            raise FailureError("a key that is no UUID", key)

    def _key(self, place: str, name: str) -> str:
        if place == "header":
            return self.received.headers.get(name.lower(), "")
        if place == "query":
            self.received.read.add(name)
            return _value_of(self.received.query, name)
        if is_json(self.received.content_type):
            body: Json = json.loads(self.received.content or b"{}")
            return str(body.get(name, "")) if isinstance(body, dict) else ""
        return _value_of(query_pairs(self.received.content.decode("latin-1")), name)

    def _declared_key(self, place: str, name: str) -> View | None:
        """The schema of the key where it is a parameter; a field is checked with its body."""
        found = (entry for entry in parameters(self.case.operation) if entry.location == place)
        return next((entry.schema for entry in found if entry.name.lower() == name.lower()), None)

    # The body

    def _check_body(self) -> None:
        asked, received = self.asked, self.received
        optional = asked.described is None or not asked.described.required
        if not asked.has_body or (asked.body == {} and not received.content and optional):
            # An optional body without fields may be no body, and constants are given by nobody.
            if received.content and self.case.row.key is None and not self._holds_constants_alone():
                raise FailureError("a body that was not asked for", f"{received.content[:_SHOWN]!r}")
            return
        if documented(received.content_type, [asked.media_type]) is None:
            raise FailureError("another media type", f"{received.content_type!r} instead of {asked.media_type}")
        if is_json(received.content_type):
            self._check_json()
        elif received.content_type == FORM:
            self._check_form()
        elif received.content_type.startswith("multipart/"):
            self._check_multipart()
        elif received.content.decode() != asked.body:
            raise FailureError("a raw body", f"{asked.body!r} was sent as {received.content[:_SHOWN]!r}")

    def _holds_constants_alone(self) -> bool:
        """Whether a form holds nothing but fields that can have one value only."""
        described = self.asked.described
        schema = described.schemas.get(FORM) if described is not None else None
        if schema is None or self.received.content_type != FORM:
            return False
        pairs = [(unquote_plus(key), unquote_plus(text)) for key, text in query_pairs(self.received.content.decode())]
        return all([text] in _listed(schema, key) for key, text in pairs)

    def _check_json(self) -> None:
        try:
            body: Json = json.loads(self.received.content)
        except ValueError as error:
            raise FailureError("a body that is not JSON", f"{self.received.content[:_SHOWN]!r}") from error
        if isinstance(body, dict):
            body = {name: entry for name, entry in body.items() if not self.case.is_own("body", name)}
        expect(difference(self.asked.body, body, absent_is_null=False), "a JSON body")

    def _check_form(self) -> None:
        pairs = query_pairs(self.received.content.decode("ascii"))
        described = self.asked.described
        read: set[str] = set()
        for name, value in self._fields().items():
            usual = ("json" if isinstance(value, dict) else "form", True)
            unusual = described.styles.get((self.asked.media_type, name)) if described is not None else None
            style, explode = unusual or usual
            problem = problem_in_pairs(pairs, name, value, style, explode=explode)
            expect(problem, f"a form field ({style})", name)
            read.update([name, *value] if isinstance(value, dict) and style == "form" else [name])
        keys = {unquote_plus(key).partition("[")[0] for key, _ in pairs}
        self._expect_no_other("a form field that was not asked for", keys - read)

    def _check_multipart(self) -> None:
        fields = self._fields()
        parts = multipart_parts(self.received) if fields else []
        for name, value in fields.items():
            values = value if isinstance(value, list) else [value]
            found = [part for part in parts if part.name == name]
            if len(found) != len(values):
                raise FailureError("a part of multipart", f"{name!r}: {shown(value)} became {len(found)} parts")
            for part, entry in zip(found, values, strict=True):
                text = part.content.decode()
                if not spells(text, entry):
                    raise FailureError("a part of multipart", f"{name!r}: {shown(entry)} was sent as {text[:_SHOWN]!r}")
        self._expect_no_other("a part that was not asked for", {part.name for part in parts} - fields.keys())

    def _fields(self) -> dict[str, Json]:
        return self.asked.body if isinstance(self.asked.body, dict) else {}

    def _expect_no_other(self, cause: str, names: set[str]) -> None:
        others = sorted(name for name in names if not self.case.is_key("body", name))
        if others:
            raise FailureError(cause, f"{others}")

    # Credentials, and the second opinion

    def _check_security(self) -> None:
        schemes = schemes_of(self.case.bench.root)
        alternatives = alternatives_of(self.case.operation)
        known = [names for names in alternatives if all(name in schemes for name in names)]
        if known and not any(all(is_proven(schemes[name], self.received) for name in names) for names in known):
            raise FailureError("no credentials", f"none of {known} in {sorted(self.received.headers)}")

    def _ask_core(self) -> None:
        core = self.case.bench.core
        if core is None or self.asked.relaxed:
            return
        try:
            problem = core_problem(core, self.received)
        except LimitError as error:
            self.case.note(f"openapi-core: {error}")
            return
        expect(problem, f"openapi-core: {problem.partition(':')[0]}")


def check_value(case: Case, server: Server, value: object) -> None:
    """Check what came back.

    Raises:
        FailureError: it is not what was answered.
    """
    sent = server.sent
    if sent is None:
        # Nothing is no bytes, where the document speaks of a body that cannot be.
        if value not in (None, "", b""):
            raise FailureError("a value out of nothing", f"{value!r}")
        return
    if not sent.is_json:
        if value != sent.value:
            raise FailureError("text or bytes that came back", f"{sent.value!r} became {value!r}")
        return
    if sent.is_stream:
        value = list(cast("Iterable[object]", value))
    back: Json = json.loads(case.bench.sdk.encode(value))
    expected = sent.value if not isinstance(sent.value, bytes) else None
    problem = difference(expected, back, absent_is_null=True)
    if problem:
        lost = problem.partition(":")[0].rpartition("/")[2]
        cause = UNDESCRIBED if lost in sent.undescribed else "a value that came back"
        raise FailureError(cause, problem, server.said)
    unlisted = sorted(set(_unlisted(value)) - set(sent.undescribed))
    if unlisted:
        raise FailureError("a value that came back", f"{unlisted[0]} is listed, and kept as if not", server.said)


def _unlisted(value: object) -> Iterator[str]:
    """Yield the fields that models keep as none of their own."""
    if isinstance(value, dict):
        for entry in cast("dict[str, object]", value).values():
            yield from _unlisted(entry)
    elif isinstance(value, list):
        for entry in cast("list[object]", value):
            yield from _unlisted(entry)
    elif isinstance(value, msgspec.Struct):
        kept: dict[str, object] = getattr(value, "__dict__", {}).get("_extra_fields", {})
        yield from kept
        for name in value.__struct_fields__:
            yield from _unlisted(getattr(value, name))


def _value_of(pairs: list[tuple[str, str]], name: str) -> str:
    return next((unquote_plus(text) for key, text in pairs if unquote_plus(key) == name), "")


def _listed(schema: View, name: str) -> list[list[Json] | None]:
    """The values that each schema of a property lists."""
    parts = [resolved(part) for part in properties_named(schema, name)]
    return [values_of(part) for part in parts if part is not None]
