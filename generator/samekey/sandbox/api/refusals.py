"""Refusals and failures in the words of the document: its statuses, its error schemas, its examples.

An SDK's typed errors are tried against the sandbox, so what it refuses must look like what the API refuses. Problem
details (RFC 9457) are given only where the document has nothing that fits.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, cast

from samekey.lower.media import is_json
from samekey.lower.schemas.merged import Merged
from samekey.sandbox.api.answer import Answer
from samekey.sandbox.api.samples import MISSING
from samekey.sandbox.api.schemas import Direction

if TYPE_CHECKING:
    from samekey.document.node import Node
    from samekey.document.values import JsonValue
    from samekey.lower.schemas.merged import Parts
    from samekey.sandbox.api.bodies import Bodies
    from samekey.sandbox.api.operations import DeclaredContent, Reply, Site
    from samekey.sandbox.api.request import ReceivedRequest
    from samekey.sandbox.api.samples import Samples
    from samekey.sandbox.api.schemas import SchemaJudge

PROBLEM: Final = "application/problem+json"
_TEXTS: Final = frozenset({"message", "detail", "details", "msg", "description", "errordescription", "reason", "title"})
_CODES: Final = frozenset({"code", "type", "errorcode", "errortype", "error", "name", "key", "slug"})
_STATUSES: Final = frozenset({"status", "statuscode", "httpstatus", "httpcode"})
_DEEPEST: Final = 5
_INVALID: Final = 400
_UNPROCESSABLE: Final = 422
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
        status = answer.status
        if status == _INVALID and str(_INVALID) not in site.refusals and str(_UNPROCESSABLE) in site.refusals:
            # What a framework refuses as unprocessable is the same mistake.
            status = _UNPROCESSABLE
        reply = site.refusal(status)
        content = reply.content if reply is not None else None
        if content is None or not is_json(content.media_type):
            return answer
        media = "application/json" if "*" in content.media_type else content.media_type
        if content.schema is None:
            others = tuple(pair for pair in answer.headers if pair[0] != "Content-Type")
            return Answer(status, (("Content-Type", media), *others), answer.body)
        profile = site.operation.profile
        signals = (*(profile.in_flight or ()), *(profile.mismatch or ()))
        body = self._body(content, said, status, {signal.code for signal in signals if signal.code})
        if body is None:
            return answer
        others = tuple(pair for pair in answer.headers if pair[0] != "Content-Type")
        return Answer(status, (("Content-Type", media), *others), json.dumps(body).encode())

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

    def _body(self, content: DeclaredContent, said: dict[str, JsonValue], status: int, needed: set[str]) -> JsonValue:
        """Return an error in the document's schema with what happened in it; None where it has no room for that.

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
            filled = self._filled((schema,), make(schema, example), words, 0)
            is_told = words.code_told if said.get("code") in needed else words.told
            if is_told and self._schemas.accepts(schema, filled, Direction.RESPONSE):
                return filled
        return None

    def _filled(self, parts: Parts, value: JsonValue, words: _Words, level: int) -> JsonValue:
        """Return a value with what happened in the properties that tell it."""
        merged = Merged.of(parts)
        if level > _DEEPEST:
            return value
        if isinstance(value, list):
            items = merged.first("items")
            return [self._filled((items,), entry, words, level + 1) for entry in value] if items is not None else value
        if not isinstance(value, dict):
            return value
        properties = merged.properties()
        filled = dict(value)
        for name in {*properties, *value}:
            inner = properties.get(name)
            if inner is not None and isinstance(filled.get(name), (dict, list)):
                filled[name] = self._filled(inner, filled[name], words, level + 1)
            elif (word := words.for_name(name)) is not None and self._takes(inner, word):
                filled[name] = words.tell(name, word)
        return filled

    def _takes(self, parts: Parts | None, word: JsonValue) -> bool:
        return parts is not None and all(self._schemas.accepts(part, word, Direction.RESPONSE) for part in parts)


def _examples(reply: Reply) -> dict[str, JsonValue]:
    content = reply.content
    return {} if content is None else dict(zip(content.names, content.examples, strict=False))


class _Words:
    """What happened, for the properties of an error.

    Args:
        text: for people.
        code: for programs.
        status: the HTTP status.
    """

    def __init__(self, text: str, code: str, status: int) -> None:
        self._text = text
        self._code = code
        self._status = status
        self.told = False
        self.code_told = False

    def for_name(self, name: str) -> JsonValue:
        """Return what a property of a name should say; None where it says something else."""
        plain = _plain(name)
        if plain in _TEXTS:
            return self._text
        if plain in _CODES:
            return self._code
        return self._status if plain in _STATUSES else None

    def tell(self, name: str, word: JsonValue) -> JsonValue:
        """Note that a property tells what happened, and return its value."""
        plain = _plain(name)
        self.told = self.told or plain in _TEXTS | _CODES
        self.code_told = self.code_told or plain in _CODES
        return word


def _plain(name: str) -> str:
    """Return the letters of a name: `error_code` and `errorCode` say the same."""
    return re.sub(r"[^a-z]", "", name.lower())
