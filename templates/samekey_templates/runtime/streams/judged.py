"""Open answers that may be refusals: a body in JSON is read before it is taken for the stream, or the file, asked for.

An API that says in a 2xx that it refused says so in JSON, whatever it gives otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..retry.wire import AsyncOpenAnswer, OpenAnswer, RawAnswer, Result, StreamCutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..retry.dialect import Profile


def _may_refuse(profile: Profile, status: int, headers: Mapping[str, str]) -> bool:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
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
    try:
        content = b"".join(result.chunks)
    except StreamCutError as error:
        return error.failed
    finally:
        result.close()
    whole = RawAnswer(result.status, result.headers, content)

    def again() -> Iterator[bytes]:
        yield content

    return whole if is_refused(whole) else OpenAnswer(result.status, result.headers, b"", again(), result.close)


async def ajudged(profile: Profile, result: Result, is_refused: Callable[[RawAnswer], bool]) -> Result:
    """Return an open answer as it is, or as a whole one where its body says that it is a refusal, in an event loop."""
    if not isinstance(result, AsyncOpenAnswer) or not _may_refuse(profile, result.status, result.headers):
        return result
    pieces: list[bytes] = []
    try:
        while (piece := await result.read()) is not None:
            pieces.append(piece)
    except StreamCutError as error:
        return error.failed
    finally:
        await result.close()
    whole = RawAnswer(result.status, result.headers, b"".join(pieces))
    left = [whole.content]

    async def read() -> bytes | None:
        return left.pop() if left else None

    return whole if is_refused(whole) else AsyncOpenAnswer(result.status, result.headers, b"", read, result.close)
