"""Open answers that may be refusals: what is read of them before they are given out, and what is not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest
from samekey_templates.runtime.retry.answers import is_refusal
from samekey_templates.runtime.retry.dialect import AnswerSign, Profile
from samekey_templates.runtime.retry.wire import AsyncOpenAnswer, OpenAnswer, RawAnswer, Result
from samekey_templates.runtime.streams.judged import ajudged, judged

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = {"content-type": "application/json"}
REFUSING = Profile(refused=(AnswerSign(200, field=("ok",), equals=False),))
PIECE = b" " * 65_536


class Source:
    """A body that counts how much of it was read, and notes that it was closed."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.left = list(pieces)
        self.is_closed = False

    def chunks(self) -> Iterator[bytes]:
        """Yield what is left."""
        while self.left:
            yield self.left.pop(0)

    async def read(self) -> bytes | None:
        """Return the next piece."""
        return self.left.pop(0) if self.left else None

    def close(self) -> None:
        """Note that the rest is given up."""
        self.is_closed = True

    async def aclose(self) -> None:
        """Note that the rest is given up."""
        self.is_closed = True


def in_this_thread(source: Source) -> tuple[Result, int, bytes]:
    """What is given out, how many pieces were left then, and its body."""
    answer = OpenAnswer(200, JSON, b"", source.chunks(), source.close)
    result = judged(REFUSING, answer, partial(is_refusal, REFUSING))
    left = len(source.left)
    return result, left, b"".join(result.chunks) if isinstance(result, OpenAnswer) else b""


async def in_a_loop(source: Source) -> tuple[Result, int, bytes]:
    """The same in an event loop."""
    answer = AsyncOpenAnswer(200, JSON, b"", source.read, source.aclose)
    result = await ajudged(REFUSING, answer, partial(is_refusal, REFUSING))
    left, body = len(source.left), b""
    if isinstance(result, AsyncOpenAnswer):
        while (piece := await result.read()) is not None:
            body += piece
    return result, left, body


def given_out(source: Source, style: str) -> tuple[Result, int, bytes]:
    """What is given out in one of the two ways."""
    return in_this_thread(source) if style == "sync" else anyio.run(in_a_loop, source)


@pytest.mark.parametrize("style", ["sync", "async"])
def test_what_is_large_is_not_held_in_memory(style: str) -> None:
    """No refusal has a megabyte: the rest is read by whoever asked for it, in order, and nothing is closed before."""
    pieces = [b'{"ok": false, "pad": "', *[PIECE] * 40, b'"}']
    source = Source(pieces)
    result, left, body = given_out(source, style)
    assert isinstance(result, (OpenAnswer, AsyncOpenAnswer))
    assert left >= 20
    assert body == b"".join(pieces)
    assert not source.is_closed


@pytest.mark.parametrize("style", ["sync", "async"])
@pytest.mark.parametrize(("says", "is_open"), [(b"false", False), (b"true", True)])
def test_what_is_small_is_read_before_it_is_given_out(style: str, says: bytes, is_open: bool) -> None:  # noqa: FBT001
    """A refusal is a whole answer; anything else can be read as what was asked for."""
    source = Source([b'{"ok": ', says, b"}"])
    result, left, body = given_out(source, style)
    assert (left, source.is_closed) == (0, True)
    assert isinstance(result, (OpenAnswer, AsyncOpenAnswer)) is is_open
    whole = body if is_open else (result.content if isinstance(result, RawAnswer) else b"")
    assert whole == b'{"ok": ' + says + b"}"
