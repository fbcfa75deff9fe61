"""Parsers of streams: bytes go in as they come, whole pieces come out, wherever the bytes are cut. No I/O here."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final, Generic, Literal, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from ..declare import public

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

E_co = TypeVar("E_co", covariant=True)
StreamFormat: TypeAlias = Literal["sse", "jsonl", "json-seq", "bytes", "any"]
"""How items follow each other; `any` where only the answer says it."""
_LINES: Final = frozenset({
    "application/jsonl", "application/x-jsonl", "application/ndjson", "application/x-ndjson", "text/x-ndjson",
    "application/jsonlines", "application/x-jsonlines", "application/json-lines", "application/stream+json",
    "application/x-json-stream",
})  # fmt: skip
_SAYS_NOTHING: Final = frozenset({"", "text/plain", "application/octet-stream", "binary/octet-stream"})
_NO_LIMIT: Final = float("inf")
_LONGEST_NUMBER: Final = 15
"""Digits of a time to wait: more of them are no time, and Python refuses to read thousands."""


class TooLargeItemError(Exception):
    """An item of a stream holds more bytes than there is room for."""


@public
class ServerSentEvent(Struct, Generic[E_co], frozen=True):
    """An event of a stream (WHATWG HTML, section 9.2).

    Args:
        data: the decoded data.
        event: its type.
        id: the id of the last event that had one.
        retry: milliseconds that the server asks to wait before reconnecting, if it does.
    """

    data: E_co
    event: str = "message"
    id: str = ""
    retry: int | None = None


class Parser(Protocol):
    """Makes pieces of a stream out of bytes."""

    def feed(self, chunk: bytes) -> Sequence[ServerSentEvent[bytes]]:
        """Return the pieces of the stream that these bytes complete."""
        ...

    def end(self) -> Sequence[ServerSentEvent[bytes]]:
        """Return the piece that the end of the stream completes; none where it completes none."""
        ...


def _check(size: int, limit: float) -> None:
    """Refuse to keep an item of a stream that is not whole yet and already too large.

    Raises:
        TooLargeItemError: it is larger than the limit.
    """
    if size > limit:
        raise TooLargeItemError(f"an item of the stream is larger than max_response_bytes={limit:.0f}")


class EventParser:
    """Server-sent events (WHATWG HTML, section 9.2.6): lines end with CR, LF or both.

    Args:
        limit: the number of characters above which an event is not kept.
    """

    def __init__(self, limit: float = _NO_LIMIT) -> None:
        self._limit = limit
        self._text = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._rest: list[str] = []
        self._rest_size = 0
        self._data_size = 0
        self._after_cr = False
        self._data: list[str] = []
        self._event = ""
        self._id = ""
        self._retry: int | None = None

    def feed(self, chunk: bytes) -> list[ServerSentEvent[bytes]]:
        """Return the events that these bytes complete."""
        found = (self._line(line) for line in self._lines(self._text.decode(chunk)))
        return [event for event in found if event is not None]

    def end(self) -> list[ServerSentEvent[bytes]]:
        """Return nothing: an event without the empty line after it is incomplete and dropped, as the standard says."""
        return []

    def _lines(self, text: str) -> Iterator[str]:
        if self._after_cr and text:
            # The LF of a CRLF that was cut in two ends no line of its own.
            text = text.removeprefix("\n")
            self._after_cr = False
        if text.endswith("\r"):
            self._after_cr = True
        first, *others = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest.append(first)
        self._rest_size += len(first)
        _check(self._rest_size + self._data_size, self._limit)
        if others:
            yield "".join(self._rest)
            yield from others[:-1]
            self._rest = [others[-1]]
            self._rest_size = len(others[-1])

    def _line(self, line: str) -> ServerSentEvent[bytes] | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        # A line that begins with a colon is a comment; its name is empty, and no field's.
        self._field(name, value.removeprefix(" "))
        return None

    def _field(self, name: str, value: str) -> None:
        match name:
            case "data":
                self._data.append(value)
                self._data_size += len(value) + 1
                _check(self._data_size, self._limit)
            case "event":
                self._event = value
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER:
                self._retry = int(value)
            case _:
                pass

    def _dispatch(self) -> ServerSentEvent[bytes] | None:
        data, event, retry = self._data, self._event, self._retry
        self._data, self._event, self._retry = [], "", None
        self._data_size = 0
        if not data:
            return None
        return ServerSentEvent("\n".join(data).encode(), event or "message", self._id, retry)


class SplitParser:
    """Pieces between separators: JSON lines, or JSON text sequences (RFC 7464).

    Args:
        separator: what stands between two pieces; white space around them is nothing.
        limit: the number of bytes above which a piece is not kept.
    """

    def __init__(self, separator: bytes, limit: float = _NO_LIMIT) -> None:
        self._limit = limit
        self._separator = separator
        self._rest: list[bytes] = []
        self._rest_size = 0

    def feed(self, chunk: bytes) -> list[ServerSentEvent[bytes]]:
        """Return the pieces of the stream that these bytes complete."""
        first, *others = chunk.split(self._separator)
        self._rest.append(first)
        self._rest_size += len(first)
        _check(self._rest_size, self._limit)
        if not others:
            return []
        whole = [b"".join(self._rest), *others[:-1]]
        self._rest = [others[-1]]
        self._rest_size = len(others[-1])
        return _pieces(whole)

    def end(self) -> list[ServerSentEvent[bytes]]:
        """Return the last piece, which needs no separator after it."""
        return _pieces([b"".join(self._rest)])


class _Bytes:
    def feed(self, chunk: bytes) -> list[ServerSentEvent[bytes]]:
        return [ServerSentEvent(chunk)] if chunk else []

    def end(self) -> list[ServerSentEvent[bytes]]:
        return []


def _pieces(found: list[bytes]) -> list[ServerSentEvent[bytes]]:
    return [ServerSentEvent(piece) for piece in (entry.strip() for entry in found) if piece]


def named_format(media_type: str) -> Literal["sse", "jsonl", "json-seq"] | None:
    """Return how the items of a body of this media type follow each other; None where it is not a stream.

    Args:
        media_type: its name in lower case, without parameters.
    """
    if media_type == "text/event-stream":
        return "sse"
    if media_type in _LINES:
        return "jsonl"
    return "json-seq" if media_type.endswith(("/json-seq", "+json-seq")) else None


def answered_format(asked: StreamFormat, accept: str, media_type: str) -> StreamFormat | None:
    """Return how the items of an answer follow each other; None where it is not the stream that was asked for.

    Args:
        asked: how the document says that they do.
        accept: the media type that was asked for.
        media_type: that of the answer, in lower case and without parameters.
    """
    if asked == "bytes":
        return asked
    named = named_format(media_type)
    if named is not None:
        return named
    is_lines = asked in {"jsonl", "json-seq"} and "json" in media_type
    is_asked = media_type in _SAYS_NOTHING or media_type == accept.partition(";")[0].strip().lower()
    return asked if asked != "any" and (is_lines or is_asked) else None


def parser_for(form: StreamFormat, limit: float = _NO_LIMIT) -> Parser:
    """Return the parser of a stream format.

    Args:
        form: the format.
        limit: the size of an item, in bytes or characters, above which it is not kept.
    """
    match form:
        case "sse":
            return EventParser(limit)
        case "jsonl":
            return SplitParser(b"\n", limit)
        case "json-seq":
            return SplitParser(b"\x1e", limit)
        case "bytes" | "any":
            return _Bytes()
