"""The server of a round trip: it takes one request, and answers as the document says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import httpx

from tests.corpus.bench import Case
from tests.corpus.described import EVENTS, Answer, documented, essence, is_json, is_stream, is_textual
from tests.corpus.raw import Json, View
from tests.corpus.sampler import Fill, UnsatisfiableError, Wish
from tests.corpus.wire import Received, query_pairs

_TEXT: Final = "text, ü, 日本"
_BYTES: Final = b"\x00\xff bytes"
_BODILESS: Final = frozenset({204, 205})


@dataclass(frozen=True, slots=True)
class Sent:
    """The body of an answer.

    Args:
        value: JSON, or text, or bytes.
        is_json: whether it is JSON.
        is_stream: whether it is a list of items that were sent one by one.
        undescribed: properties in it that are required and described nowhere.
    """

    value: Json | bytes
    is_json: bool = True
    is_stream: bool = False
    undescribed: frozenset[str] = frozenset()


@dataclass(slots=True)
class Server:
    """Takes one request and gives an answer to it.

    Args:
        case: the operation.
        answer: the answer to give.
        fill: how much of what is optional it holds.
        index: the number of the call.
        streams: whether the call asks for a stream.
        received: the request, once it has come.
        sent: the body that was sent, if one was.
        said: the status and the body, for messages.
        refused: why the request asks for no answer that the document describes.
        untried: why no answer could be made up.
        undescribed: properties in the answer that are required and described nowhere.
    """

    case: Case
    answer: Answer
    fill: Fill
    index: int
    streams: bool
    received: Received | None = None
    sent: Sent | None = None
    said: str = ""
    refused: str = ""
    untried: str = ""
    undescribed: frozenset[str] = frozenset()

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Note a request and answer it."""
        request.read()
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received = Received(request.method, path, query_pairs(query), headers, request.content)
        return self._answered(headers.get("accept", "*/*"))

    def _answered(self, accept: str) -> httpx.Response:
        status = self.answer.status
        self.said = str(status)
        if not self.answer.schemas or status in _BODILESS or self.case.operation.method == "HEAD":
            return httpx.Response(status)
        found = [name for part in accept.split(",") if (name := documented(part, self.answer.schemas)) is not None]
        if not found and "*/*" not in accept:
            self.refused = f"{', '.join(self.answer.schemas)} under {status}, and {accept!r} is asked for"
            return httpx.Response(406)
        media_type = found[0] if found else next(iter(self.answer.schemas))
        concrete = essence(media_type)
        if self.streams and is_stream(concrete):
            return self._stream(status, concrete, self.answer.schemas[media_type])
        if is_json(concrete):
            concrete = concrete if "/" in concrete and "*" not in concrete else "application/json"
            return self._json(status, concrete, self.answer.schemas[media_type])
        return self._other(status, concrete.replace("*", "x-any"))

    def _other(self, status: int, media_type: str) -> httpx.Response:
        if is_textual(media_type):
            self.sent = Sent(_TEXT, is_json=False)
            headers = {"content-type": f"{media_type}; charset=utf-8"}
            return httpx.Response(status, content=_TEXT.encode(), headers=headers)
        self.sent = Sent(_BYTES, is_json=False)
        return httpx.Response(status, content=_BYTES, headers={"content-type": media_type})

    def _stream(self, status: int, media_type: str, schema: View | None) -> httpx.Response:
        if schema is None or "data" in schema.child("properties").fields:
            self.untried = "what the items of this stream are is not known to the harness"
            return httpx.Response(status, headers={"content-type": media_type})
        item = schema.child("items") if schema.fields.get("type") == "array" else schema
        items = [self._made_up(item, f"item {number}", "word") for number in range(2)]
        self.sent = Sent(items, is_stream=True)
        texts = [item if isinstance(item, str) and media_type == EVENTS else json.dumps(item) for item in items]
        content = "".join(f"data: {text}\n\n" if media_type == EVENTS else f"{text}\n" for text in texts)
        self.said = f"{status} {content}"
        return httpx.Response(status, content=content.encode(), headers={"content-type": media_type})

    def _json(self, status: int, media_type: str, schema: View | None) -> httpx.Response:
        wanted = schema if schema is not None else self.case.bench.root.made({"type": "object"})
        value = self._made_up(wanted, str(status))
        self.sent = None if self.untried else Sent(value, undescribed=self.undescribed)
        content = json.dumps(value).encode()
        self.said = f"{status} {content.decode()}"
        return httpx.Response(status, content=content, headers={"content-type": media_type})

    def _made_up(self, schema: View, salt: str, place: str = "json") -> Json:
        """A value for a schema; null, with a reason why nothing is tried, where there is none."""
        wish = Wish("response", self.fill, place)
        try:
            sample = self.case.bench.sampler.sample(schema, wish, f"{self.case.operation.key} {salt} {self.index}")
        except UnsatisfiableError as error:
            self.untried = f"no value for the answer: {error}"
            return None
        if sample.relaxed:
            self.case.note(f"relaxed: {sample.relaxed}")
        self.undescribed |= sample.undescribed
        return sample.value
