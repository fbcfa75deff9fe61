"""Refusals and failures in the words of the document: its statuses, its error schemas, its examples.

An SDK's typed errors are tried against the sandbox, so what it refuses must look like what the API refuses. Problem
details (RFC 9457) are given only where the document has nothing that fits.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, cast

from samekey.lower.media import is_json
from samekey.lower.schemas.merged import Merged
from samekey.sandbox.api.answer import Answer
from samekey.sandbox.api.samples import MISSING
from samekey.sandbox.api.schemas import Direction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samekey.document.node import Node
    from samekey.document.values import JsonValue
    from samekey.lower.schemas.merged import Parts
    from samekey.sandbox.api.bodies import Bodies
    from samekey.sandbox.api.operations import DeclaredContent, Reply, Site
    from samekey.sandbox.api.request import ReceivedRequest
    from samekey.sandbox.api.samples import Samples
    from samekey.sandbox.api.schemas import SchemaJudge

PROBLEM: Final = "application/problem+json"
_TEXTS: Final = ("message", "detail", "details", "msg", "description", "reason", "title")
"""How the names of properties end that say what happened."""
_CODES: Final = frozenset({"code", "type", "errorcode", "errortype", "error", "name", "key", "slug"})
_STATUSES: Final = frozenset({"status", "statuscode", "httpstatus", "httpcode"})
_DEEPEST: Final = 5
_EXISTS: Final = "exists"
_DETAIL: Final = "Samekey-Detail"
"""Tells what happened where the document's own words for it are listed, and say less."""
_MEANING: Final = {
    400: ("invalid", "badrequest", "validation", "malformed"), 401: ("unauth", "authentication", "credential"),
    402: ("declined", "payment"), 403: ("forbidden", "permission", "denied", "authorized"),
    404: ("notfound", "nosuch", "missing"), 409: ("exists", "conflict", "duplicate"), 412: ("precondition", "expired"),
    413: ("toolarge",), 415: ("unsupported", "mediatype"), 422: ("unprocessable", "invalid", "validation"),
    429: ("ratelimit", "toomany", "throttl"), 500: ("internal", "server", "unexpected"), 502: ("gateway", "upstream"),
    503: ("unavailable", "overload"), 504: ("timeout", "gateway"),
}  # fmt: skip
"""What is in the words by which documents that list their codes speak of a status."""
_STATUS: Final = re.compile(r"[2-5][0-9][0-9]")
_PREFERRED: Final = re.compile(r"\s*(code|example)\s*=\s*\"?([\w.-]+)\"?\s*")


class Refusals:
    """Puts refusals into the document's words.

    Args:
        bodies: writes answers.
        samples: makes values.
        schemas: judges them.
    """

    def __init__(self, bodies: Bodies, samples: Samples, schemas: SchemaJudge) -> None:
        self._bodies = bodies
        self._samples = samples
        self._schemas = schemas

    def worded(self, site: Site, answer: Answer) -> Answer:
        """Return a refusal or failure as the operation's document has it; unchanged where it has nothing that fits.

        Args:
            site: the operation.
            answer: the response; one that is no problem details is somebody's own words, and stays.
        """
        if dict(answer.headers).get("Content-Type") != PROBLEM:
            return answer
        said = cast("dict[str, JsonValue]", json.loads(answer.body))
        status = _status_of(site, answer.status, said)
        if status != answer.status:
            said |= {"status": status, "title": HTTPStatus(status).phrase}
            answer = replace(answer, status=status, body=json.dumps(said).encode())
        reply = site.refusal(status)
        content = reply.content if reply is not None else None
        if content is None or not is_json(content.media_type):
            return answer
        media = "application/json" if "*" in content.media_type else content.media_type
        others = [pair for pair in answer.headers if pair[0] != "Content-Type"]
        if content.schema is None:
            return Answer(status, (("Content-Type", media), *others), answer.body)
        profile = site.operation.profile
        signals = (*(profile.in_flight or ()), *(profile.mismatch or ()))
        words = self._body(content, said, status, {signal.code for signal in signals if signal.code})
        if words is None:
            return answer
        if not words.text_told:
            others.append((_DETAIL, ascii(said.get("detail", ""))[1:-1]))
        return Answer(status, (("Content-Type", media), *others), json.dumps(words.body).encode())

    def preferred(self, site: Site, request: ReceivedRequest) -> Answer | None:
        """Return the response that a client wants to see (`Prefer: code=402`, `Prefer: example=declined`); else None.

        Nothing is done for it, and nothing is remembered: it is for tests of what comes rarely.
        """
        found = [_PREFERRED.fullmatch(part) for part in request.header("prefer").split(",")]
        wishes: dict[str, str] = {wish[1]: wish[2] for wish in found if wish is not None}
        if not wishes:
            return None
        replies = [*site.replies, *site.refusals.values()]
        if _STATUS.fullmatch(wishes.get("code", "")):
            status = int(wishes["code"])
            declared = next((reply for reply in site.replies if reply.status == status), None) or site.refusal(status)
            replies = [declared] if declared is not None else []
        for reply in replies:
            named = _examples(reply)
            if wishes.get("example") in named:
                return self._bodies.answer(reply, named[wishes["example"]])
        return self._bodies.answer(replies[0]) if replies and "example" not in wishes else None

    def _body(
        self, content: DeclaredContent, said: dict[str, JsonValue], status: int, needed: set[str]
    ) -> _Words | None:
        """Return words with an error in the document's schema as their body; None where it has no room for them.

        Args:
            content: what the document says of the response.
            said: what happened, as problem details.
            status: the HTTP status.
            needed: codes by which clients know what happened, and which must be told.
        """
        schema = cast("Node", content.schema)
        example = next((value for value in content.examples if isinstance(value, dict)), MISSING)
        # What tells it may be a property that need not be there.
        for make in (self._samples.fit, self._samples.whole):
            words = _Words(str(said.get("detail", "")), str(said.get("code", "")), status)
            words.body = self._filled((schema,), make(schema, example), words, 0)
            is_told = words.code_told if said.get("code") in needed else words.told
            if is_told and self._schemas.accepts(schema, words.body, Direction.RESPONSE):
                return words
        return None

    def _filled(self, parts: Parts, value: JsonValue, words: _Words, level: int) -> JsonValue:
        """Return a value with what happened in the properties that tell it."""
        merged = Merged.of(parts)
        if level > _DEEPEST:
            return value
        if isinstance(value, list):
            items = merged.first("items")
            return [self._filled((items,), entry, words, level + 1) for entry in value] if items is not None else value
        if isinstance(value, str) and not level and self._takes(parts, words.text):
            return words.tell(_TEXTS[0], words.text)
        if not isinstance(value, dict):
            return value
        properties = merged.properties()
        filled = dict(value)
        for name in {*properties, *value}:
            inner = properties.get(name)
            if inner is not None and isinstance(filled.get(name), (dict, list)):
                filled[name] = self._filled(inner, filled[name], words, level + 1)
            elif inner is not None:
                fitting = (word for word in words.for_name(name, Merged.of(inner)) if self._takes(inner, word))
                word = next(fitting, None)
                filled |= {} if word is None else {name: words.tell(name, word)}
        return filled

    def _takes(self, parts: Parts, word: JsonValue) -> bool:
        return all(self._schemas.accepts(part, word, Direction.RESPONSE) for part in parts)


def _status_of(site: Site, status: int, said: dict[str, JsonValue]) -> int:
    """Return the status by which an operation refuses what is refused: its own, or that of the same mistake.

    Those by which clients know that a key is in use, or was used for something else, stay.
    """
    if str(status) in site.refusals:
        return status
    others: tuple[str, ...] = ()
    is_undocumented = site.refusal(status) is None
    if status == HTTPStatus.BAD_REQUEST:
        # What a framework refuses as unprocessable is the same mistake.
        others = ("422", "404") if is_undocumented and _is_about_path(said) else ("422",)
    elif is_undocumented and status == HTTPStatus.CONFLICT and said.get("code") == _EXISTS:
        others = ("422", "400")
    return int(next((other for other in others if other in site.refusals), status))


def _is_about_path(said: dict[str, JsonValue]) -> bool:
    """Whether nothing but the path of a request is wrong, under which there can be nothing then."""
    errors = cast("list[dict[str, str]]", said.get("errors", []))
    return bool(errors) and all(error["where"].startswith("path ") for error in errors)


def _examples(reply: Reply) -> dict[str, JsonValue]:
    content = reply.content
    return {} if content is None else dict(zip(content.names, content.examples, strict=False))


class _Words:
    """What happened, for the properties of an error; and the error, once it is made.

    Args:
        text: for people.
        code: for programs.
        status: the HTTP status.
    """

    def __init__(self, text: str, code: str, status: int) -> None:
        self.text = text
        self._code = code
        self._status = status
        self.body: JsonValue = None
        self.text_told = False
        self.told = False
        self.code_told = False

    def for_name(self, name: str, schema: Merged) -> Iterator[JsonValue]:
        """Yield what a property of a name should say, what says most first."""
        plain = _plain(name)
        if plain.endswith(_TEXTS):
            yield self.text
            longest = schema.first("maxLength")
            if longest is not None and isinstance(longest.value, int):
                yield self.text[: longest.value]
        elif plain in _CODES:
            yield self._code
            listed = [value for value in schema.enum_values() if isinstance(value, str)]
            meaning = _MEANING.get(self._status, ())
            yield from (value for value in listed if any(word in _plain(value) for word in meaning))
        elif plain in _STATUSES:
            yield self._status

    def tell(self, name: str, word: JsonValue) -> JsonValue:
        """Note that a property tells what happened, and return its value."""
        plain = _plain(name)
        is_text = plain.endswith(_TEXTS)
        self.told = self.told or is_text or plain in _CODES
        self.text_told = self.text_told or is_text
        self.code_told = self.code_told or (plain in _CODES and word == self._code)
        return word


def _plain(name: str) -> str:
    """Return the letters of a name: `error_code` and `errorCode` say the same."""
    return re.sub(r"[^a-z]", "", name.lower())
