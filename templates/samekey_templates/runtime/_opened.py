"""Answers that are left open: the body is read piece by piece, and given up at any moment without a trace."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ._failures import EXPECTED, stream_cut
from ._wire import AsyncOpenAnswer, OpenAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx


def opened(response: httpx.Response) -> OpenAnswer:
    """An answer whose body is still to be read; it is closed where its pieces are dropped."""
    chunks = _pieces(response)
    # Begun here: a generator that has not begun is dropped without a word.
    next(chunks)
    return OpenAnswer(response.status_code, response.headers, b"", chunks, response.close)


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield b""
        yield from response.iter_bytes()
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
        self._response = response
        self._pieces = response.aiter_bytes()

    async def read(self) -> bytes | None:
        try:
            return await anext(self._pieces, None)
        except EXPECTED as error:
            raise stream_cut(error, self._response) from error

    async def close(self) -> None:
        """Give up the rest.

        Below these pieces are generators of httpx and httpcore that nobody can close from here, and that an event loop
        would complain of when it finds them open. A read that is cancelled ends each of them from within: it gives
        what has come already, and goes no more to the network.
        """
        import anyio  # noqa: PLC0415  # comes with httpx, and only an event loop needs it

        with anyio.CancelScope(shield=True) as scope, contextlib.suppress(*EXPECTED, RuntimeError):
            scope.cancel()
            while await anext(self._pieces, None) is not None:
                pass
        await self._response.aclose()
