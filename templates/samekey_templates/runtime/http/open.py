"""Answers that are left open: the body is read piece by piece, and given up at any moment without a trace."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from ..concurrency.cancellation import given_up
from ..retry.wire import AsyncOpenAnswer, OpenAnswer
from .connections import retire_if_more_came
from .decoding import Decoder
from .failures import EXPECTED, stream_cut
from .transport import codings, was_read

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx


_NO_LIMIT: Final = float("inf")
"""Whoever reads an open answer decides how much of it to keep."""


def opened(response: httpx.Response) -> OpenAnswer:
    """Return a response whose body is still to be read; it is closed where its pieces are dropped."""
    chunks = _pieces(response)
    # Begun here: a generator that has not begun is dropped without a word.
    next(chunks)
    return OpenAnswer(response.status_code, response.headers, b"", chunks, response.close)


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield b""
        decoder = Decoder(codings(response), _NO_LIMIT)
        for encoded in response.iter_bytes() if was_read(response) else response.iter_raw():
            yield from decoder.feed(encoded)
        decoder.end()
        retire_if_more_came(response)
    except EXPECTED as error:
        raise stream_cut(error, response) from error
    finally:
        response.close()


def aopened(response: httpx.Response) -> AsyncOpenAnswer:
    """Return a response whose body an event loop is still to read, in which nothing is closed by being dropped."""
    pieces = _AsyncPieces(response)
    return AsyncOpenAnswer(response.status_code, response.headers, b"", pieces.read, pieces.close)


class _AsyncPieces:
    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._decoder: Decoder | None = None
        self._encoded = response.aiter_bytes() if was_read(response) else response.aiter_raw()
        self._decoded: Iterator[bytes] = iter(())

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
        except EXPECTED as error:
            raise stream_cut(error, self._response) from error
        return piece

    async def close(self) -> None:
        """Give up the rest of the body, and close the response."""
        try:
            with contextlib.suppress(*EXPECTED, RuntimeError):
                await given_up(self._encoded)
        finally:
            retire_if_more_came(self._response)
            await self._response.aclose()
