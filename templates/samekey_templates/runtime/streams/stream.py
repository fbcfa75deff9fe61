"""Streams of typed items as they come: server-sent events, JSON lines, JSON sequences, and plain bytes."""

from __future__ import annotations

from collections import deque
from copy import copy
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from msgspec import Struct, structs

from ..codec.json import Decoded, DecodeFailureError, decode, encode
from ..errors import APIConnectionError, APIDecodeError, APITimeoutError, explain
from ..request.encode import simplify
from ..response import media_type
from ..retry.loop import log
from ..retry.wire import StreamCutError
from ..types import OMIT, is_fields
from .parse import ServerSentEvent, StreamFormat, TooLargeItemError, answered_format, parser_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
    from types import TracebackType

    from ..call import Call, Endpoint, Response
    from ..retry.wire import AsyncOpenAnswer, OpenAnswer

T = TypeVar("T")
E_co = TypeVar("E_co", covariant=True)
DONE: Final = "[DONE]"
"""The word that ends many streams of events."""


class StreamFacts(Struct, frozen=True):
    """What the document says of a stream.

    Args:
        format: how items follow each other.
        item: makes the type of an item; None for plain bytes.
        accept: the media type to ask for.
        flag: a field of the body that asks for the stream, if there is one.
        sentinel: the data that ends a stream of events; empty for none.
        events: makes the types of data by the types of events, where these tell them apart.
    """

    format: StreamFormat
    item: Callable[[], object] | None = None
    accept: str = "text/event-stream"
    flag: str = ""
    sentinel: str = DONE
    events: Callable[[], Mapping[str, object]] | None = None


BYTES: Final = StreamFacts("bytes")
"""A stream of bytes as they come."""


def ask_for(facts: StreamFacts, endpoint: Endpoint, call: Call[T]) -> tuple[Endpoint, Call[T]]:
    """Return the same call, asking for a stream: in its Accept header, and by its flag where the body has one."""
    if facts.flag:
        fields = None if call.body is OMIT else simplify(call.body)
        call = copy(call)
        call.body = {**(fields if is_fields(fields) else {}), facts.flag: True}
    return structs.replace(endpoint, accept=facts.accept), call


class _Reader(Generic[E_co]):
    """What a stream and its async twin share: from bytes to typed items, and from a cut to an error."""

    def __init__(self, facts: StreamFacts, response: Response[None], *, strict: bool, limit: float) -> None:
        self.response = response
        self.ended = False
        self._facts = facts
        self._strict = strict
        self._format = self._answered()
        self._parser = parser_for(self._format, limit)
        self._kind = facts.item() if facts.item is not None else bytes
        self._kinds: Mapping[str, object] = facts.events() if facts.events is not None else {}
        self._pending: deque[ServerSentEvent[bytes]] = deque()
        self._count = 0

    def feed(self, chunk: bytes | None) -> None:
        """Take bytes of the stream as they come; None at their end.

        Raises:
            APIDecodeError: an item is too large to be kept.
        """
        try:
            self._pending.extend(self._parser.end() if chunk is None else self._parser.feed(chunk))
        except TooLargeItemError as error:
            raise self._unreadable(str(error), b"") from error
        self.ended = chunk is None

    def take(self) -> ServerSentEvent[E_co] | None:
        """Return the next item that is whole; None where none is yet, or the stream has ended.

        Raises:
            APIDecodeError: it cannot be read.
        """
        if not self._pending:
            return None
        piece = self._pending.popleft()
        if self._format == "sse" and self._facts.sentinel and piece.data == self._facts.sentinel.encode():
            self.give_up()
            return None
        self._count += 1
        return ServerSentEvent(self._typed(piece), piece.event, piece.id, piece.retry)

    def give_up(self) -> None:
        """Drop what is left: nothing more comes."""
        self._pending.clear()
        self.ended = True

    def cut(self, error: StreamCutError) -> APIConnectionError:
        """Build the error for a stream that broke off; the call itself has succeeded."""
        kind = APITimeoutError if error.failed.timeout else APIConnectionError
        items = "1 item" if self._count == 1 else f"{self._count} items"
        return kind(explain(self.response.record, f"{error.failed} ({items} had come)"), self.response.record)

    def _typed(self, piece: ServerSentEvent[bytes]) -> Any:  # noqa: ANN401  # what the document promises
        kind = self._kinds.get(piece.event, self._kind)
        if kind is bytes:
            return piece.data
        if kind is str and self._format == "sse":
            return piece.data.decode("utf-8", "replace")
        decoded = self._decoded(piece.data, kind)
        if decoded.problem:
            name = self.response.record.call.operation
            log.warning("%s: an item does not match its schema: %s", name, decoded.problem)
        return decoded.value

    def _decoded(self, data: bytes, kind: object) -> Decoded:
        try:
            return decode(data, kind, strict=self._strict)
        except DecodeFailureError as error:
            try:
                if self._format == "sse":
                    # Data need not be JSON: text may stand there as it is.
                    return decode(encode(data.decode("utf-8", "replace")), kind, strict=self._strict)
            except DecodeFailureError:
                pass
            happened = f"item {self._count} of the stream cannot be read ({error})"
            raise self._unreadable(happened, data) from error

    def _answered(self) -> StreamFormat:
        """Return how the answer's items follow each other; a page or a single value would be taken for silence.

        Raises:
            APIDecodeError: the answer is no stream.
        """
        named = media_type(self.response.headers)
        found = answered_format(self._facts.format, self._facts.accept, named)
        if found is None:
            wanted = self._facts.accept.partition(",")[0]
            came = f"the server answered in {named or 'no media type'} instead of a stream, such as {wanted}"
            raise self._unreadable(came, b"")
        return found

    def _unreadable(self, happened: str, content: bytes) -> APIDecodeError:
        response = self.response
        message = explain(response.record, happened)
        return APIDecodeError(
            message, response.record, status=response.status, headers=response.headers, content=content
        )


class Stream(Generic[E_co]):
    """A stream that is open: iterate over it once, and it closes at its end; or leave it with `with`.

    Args:
        facts: what the document says of it.
        response: status, headers and the call behind it.
        answer: the open answer.
        strict: raise where an item does not match its schema.
        limit: the size of an item in bytes above which it is not kept.
    """

    def __init__(
        self, facts: StreamFacts, response: Response[None], answer: OpenAnswer, *, strict: bool, limit: float
    ) -> None:
        self._reader: _Reader[E_co] = _Reader(facts, response, strict=strict, limit=limit)
        self._answer = answer

    @property
    def response(self) -> Response[None]:
        """Status, headers, key and attempts of the call that opened the stream."""
        return self._reader.response

    def events(self) -> Iterator[ServerSentEvent[E_co]]:
        """Return an iterator over the items with what server-sent events say beside the data: type, id and retry."""
        return iter(self._next, None)

    def __iter__(self) -> Iterator[E_co]:
        return self

    def __next__(self) -> E_co:
        event = self._next()
        if event is None:
            raise StopIteration
        return event.data

    def _next(self) -> ServerSentEvent[E_co] | None:
        try:
            while (event := self._reader.take()) is None:
                if self._reader.ended:
                    self.close()
                    return None
                self._reader.feed(next(self._answer.chunks, None))
        except BaseException as error:
            self.close()
            if isinstance(error, StreamCutError):
                raise self._reader.cut(error) from error
            raise
        return event

    def close(self) -> None:
        """Give up the rest of the stream."""
        self._reader.give_up()
        self._answer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncStream(Generic[E_co]):
    """A stream that is open, for an event loop: one that is left before its end must be left with `async with`.

    Args:
        facts: what the document says of it.
        response: status, headers and the call behind it.
        answer: the open answer.
        strict: raise where an item does not match its schema.
        limit: the size of an item in bytes above which it is not kept.
    """

    def __init__(
        self, facts: StreamFacts, response: Response[None], answer: AsyncOpenAnswer, *, strict: bool, limit: float
    ) -> None:
        self._reader: _Reader[E_co] = _Reader(facts, response, strict=strict, limit=limit)
        self._answer = answer

    @property
    def response(self) -> Response[None]:
        """Status, headers, key and attempts of the call that opened the stream."""
        return self._reader.response

    def events(self) -> AsyncIterator[ServerSentEvent[E_co]]:
        """Return an iterator over the items with what server-sent events say beside the data: type, id and retry."""
        return _AsyncEvents(self._next)

    def __aiter__(self) -> AsyncIterator[E_co]:
        return self

    async def __anext__(self) -> E_co:
        event = await self._next()
        if event is None:
            raise StopAsyncIteration
        return event.data

    async def _next(self) -> ServerSentEvent[E_co] | None:
        # A plain method: a generator that is left open cannot be closed from outside its loop.
        try:
            while (event := self._reader.take()) is None:
                if self._reader.ended:
                    await self.close()
                    return None
                self._reader.feed(await self._answer.read())
        except BaseException as error:
            await self.close()
            if isinstance(error, StreamCutError):
                raise self._reader.cut(error) from error
            raise
        return event

    async def close(self) -> None:
        """Give up the rest of the stream."""
        self._reader.give_up()
        await self._answer.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class _AsyncEvents(Generic[E_co]):
    def __init__(self, following: Callable[[], Awaitable[ServerSentEvent[E_co] | None]]) -> None:
        self._following = following

    def __aiter__(self) -> AsyncIterator[ServerSentEvent[E_co]]:
        return self

    async def __anext__(self) -> ServerSentEvent[E_co]:
        event = await self._following()
        if event is None:
            raise StopAsyncIteration
        return event
