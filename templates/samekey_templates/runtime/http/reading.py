"""Bodies of responses, read whole within the limits of an attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..concurrency.cancellation import given_up
from .decoding import Decoder, TooLargeError, UndecodableError
from .limits import check_deadline
from .sockets import DeadlinePassedError

if TYPE_CHECKING:
    import httpx

    from ..retry.wire import Limits


def was_read(response: httpx.Response) -> bool:
    """Whether a mock or a hook of the caller's has read the body, so that httpx has decoded it."""
    return response.is_stream_consumed or response.is_closed


def codings(response: httpx.Response) -> str:
    """Return the codings of a body that are still to be undone; empty where there are none."""
    return "" if was_read(response) else response.headers.get("content-encoding", "")


def read_body(response: httpx.Response, limits: Limits) -> bytes:
    """Read and decode the whole body of a response."""
    decoder = Decoder(codings(response), limits.max_bytes)
    pieces: list[bytes] = []
    stream = cast("httpx.SyncByteStream", response.stream)
    for encoded in response.iter_bytes() if was_read(response) else stream:
        pieces += decoder.feed(encoded)
        check_deadline(limits)
    decoder.end()
    return b"".join(pieces)


async def aread_body(response: httpx.Response, limits: Limits) -> bytes:
    """Read and decode the whole body of a response, in an event loop."""
    decoder = Decoder(codings(response), limits.max_bytes)
    pieces: list[bytes] = []
    stream = cast("httpx.AsyncByteStream", response.stream)
    arriving = aiter(response.aiter_bytes() if was_read(response) else stream)
    try:
        async for encoded in arriving:
            pieces += decoder.feed(encoded)
            check_deadline(limits)
    except (TooLargeError, UndecodableError, DeadlinePassedError):
        await given_up(arriving)
        raise
    decoder.end()
    return b"".join(pieces)
