"""Open answers that may be refusals: a body in JSON is read before it is taken for the stream, or the file, asked for.

An API that says in a 2xx that it refused says so in JSON, whatever it gives otherwise.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Final

from msgspec import structs

from ..response import media_type
from ..retry.wire import AsyncOpenAnswer, OpenAnswer, RawAnswer, Result, StreamCutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ..retry.dialect import Profile

_LARGEST_REFUSAL: Final = 1 << 20
"""Bytes: what is larger is what was asked for, and is not held in memory."""


def _may_refuse(profile: Profile, status: int, headers: Mapping[str, str]) -> bool:
    kind = media_type(headers)
    is_json = kind == "application/json" or kind.endswith("+json")
    return is_json and any(sign.status == status for sign in profile.refused)


def judged(profile: Profile, result: Result, is_refused: Callable[[RawAnswer], bool]) -> Result:
    """Return an open answer as it is, or as a whole one where its body says that it is a refusal.

    Args:
        profile: the API's dialect.
        result: what an attempt brought.
        is_refused: whether a whole answer is a refusal.
    """
    if not isinstance(result, OpenAnswer) or not _may_refuse(profile, result.status, result.headers):
        return result
    content = bytearray()
    with ExitStack() as opened:
        opened.callback(result.close)
        try:
            for piece in result.chunks:
                content += piece
                if len(content) > _LARGEST_REFUSAL:
                    opened.pop_all()
                    return structs.replace(result, chunks=chain((bytes(content),), result.chunks))
        except StreamCutError as error:
            return error.failed
    whole = RawAnswer(result.status, result.headers, bytes(content))
    return whole if is_refused(whole) else structs.replace(result, chunks=iter((whole.content,)))


async def ajudged(profile: Profile, result: Result, is_refused: Callable[[RawAnswer], bool]) -> Result:
    """Return an open answer as it is, or as a whole one where its body says that it is a refusal, in an event loop."""
    if not isinstance(result, AsyncOpenAnswer) or not _may_refuse(profile, result.status, result.headers):
        return result
    content = bytearray()
    async with AsyncExitStack() as opened:
        opened.push_async_callback(result.close)
        try:
            while (piece := await result.read()) is not None:
                content += piece
                if len(content) > _LARGEST_REFUSAL:
                    opened.pop_all()
                    return structs.replace(result, read=_reader(bytes(content), result.read))
        except StreamCutError as error:
            return error.failed
    whole = RawAnswer(result.status, result.headers, bytes(content))
    return whole if is_refused(whole) else structs.replace(result, read=_reader(bytes(content), _nothing))


def _reader(first: bytes, rest: Callable[[], Awaitable[bytes | None]]) -> Callable[[], Awaitable[bytes | None]]:
    """Return a function that reads what was read already, and then the rest."""
    left = [first]

    async def read() -> bytes | None:
        return left.pop() if left else await rest()

    return read


async def _nothing() -> bytes | None:
    return None
