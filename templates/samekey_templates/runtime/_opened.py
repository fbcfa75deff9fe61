"""Answers that are left open: the body is read piece by piece, and given up at any moment without a trace."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from ._connections import retire_if_more_came
from ._decoding import Decoder, is_known
from ._failures import EXPECTED, stream_cut
from ._undisturbed import given_up
from ._wire import AsyncOpenAnswer, OpenAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx


_NO_LIMIT: Final = float("inf")
"""Whoever reads an open answer decides how much of it to keep."""


def opened(response: httpx.Response) -> OpenAnswer:
    """An answer whose body is still to be read; it is closed where its pieces are dropped."""
    chunks = _pieces(response)
    # Begun here: a generator that has not begun is dropped without a word.
    next(chunks)
    return OpenAnswer(response.status_code, response.headers, b"", chunks, response.close)


def _codings(response: httpx.Response) -> str | None:
    """The codings of a body that is still encoded; None for some that only httpx may know."""
    codings = response.headers.get("content-encoding", "")
    return codings if is_known(codings) else None


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    codings = _codings(response)
    decoder = Decoder(codings or "", _NO_LIMIT)
    try:
        yield b""
        for encoded in response.iter_bytes() if codings is None else response.iter_raw():
            yield from decoder.feed(encoded)
        decoder.end()
        retire_if_more_came(response)
    except EXPECTED as error:
        raise stream_cut(error, response) from error
    finally:
        response.close()


def aopened(response: httpx.Response) -> AsyncOpenAnswer:
    """Like `opened`, for an event loop, in which nothing is closed by being dropped."""
    pieces = _AsyncPieces(response)
    return AsyncOpenAnswer(response.status_code, response.headers, b"", pieces.read, pieces.close)


class _AsyncPieces:
    def __init__(self, response: httpx.Response) -> None:
        codings = _codings(response)
        self._response = response
        self._decoder = Decoder(codings or "", _NO_LIMIT)
        self._encoded = response.aiter_bytes() if codings is None else response.aiter_raw()
        self._decoded: Iterator[bytes] = iter(())

    async def read(self) -> bytes | None:
        try:
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
        """Give up the rest."""
        with contextlib.suppress(*EXPECTED, RuntimeError):
            await given_up(self._encoded)
        retire_if_more_came(self._response)
        await self._response.aclose()
