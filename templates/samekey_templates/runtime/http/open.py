"""Answers that are left open: the body is read piece by piece, and given up at any moment without a trace."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from ..concurrency.cancellation import given_up
from ..concurrency.loops import current_loop
from ..retry.wire import AsyncOpenAnswer, OpenAnswer
from .connections import retire_if_more_came
from .decoding import Decoder
from .failures import expected, stream_cut
from .pools import drop
from .reading import codings, was_read

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from .library import Library


_NO_LIMIT: Final = float("inf")
"""Whoever reads an open answer decides how much of it to keep."""


def opened(library: Library, response: httpx.Response) -> OpenAnswer:
    """Return a response whose body is still to be read; it is closed where its pieces are dropped."""
    chunks = _pieces(library, response)
    # Begun here: a generator that has not begun is dropped without a word.
    next(chunks)
    return OpenAnswer(response.status_code, response.headers, b"", chunks, response.close)


def _pieces(library: Library, response: httpx.Response) -> Iterator[bytes]:
    try:
        yield b""
        decoder = Decoder(codings(response), _NO_LIMIT)
        for encoded in response.iter_bytes() if was_read(response) else response.iter_raw():
            yield from decoder.feed(encoded)
        decoder.end()
        retire_if_more_came(response)
    except expected(library) as error:
        raise stream_cut(library, error, response) from error
    finally:
        response.close()


def aopened(library: Library, response: httpx.Response) -> AsyncOpenAnswer:
    """Return a response whose body an event loop is still to read, in which nothing is closed by being dropped."""
    pieces = _AsyncPieces(library, response)
    return AsyncOpenAnswer(response.status_code, response.headers, b"", pieces.read, pieces.close)


class _AsyncPieces:
    """The pieces of an open answer.

    Args:
        library: the HTTP library that sent the request.
        response: the answer.
    """

    def __init__(self, library: Library, response: httpx.Response) -> None:
        self._library = library
        self._response = response
        self._decoder: Decoder | None = None
        self._encoded = response.aiter_bytes() if was_read(response) else response.aiter_raw()
        self._decoded: Iterator[bytes] = iter(())
        self._loop = current_loop()
        self._is_closed = False

    async def read(self) -> bytes | None:
        try:
            if self._decoder is None:
                self._decoder = Decoder(codings(self._response), _NO_LIMIT)
            while (piece := next(self._decoded, None)) is None:
                encoded = await anext(self._encoded, None)
                if encoded is None:
                    self._decoder.end()
                    return None
                self._decoded = self._decoder.feed(encoded)
        except expected(self._library) as error:
            raise stream_cut(self._library, error, self._response) from error
        return piece

    async def close(self) -> None:
        """Give up the rest of the body, and close the response."""
        self._is_closed = True
        try:
            with contextlib.suppress(*expected(self._library), RuntimeError):
                await given_up(self._encoded)
        finally:
            retire_if_more_came(self._response)
            await self._response.aclose()

    def __del__(self) -> None:
        """Give back the connection of an answer that somebody has dropped without closing it."""
        if not self._is_closed:
            drop(self._response, self._loop)
