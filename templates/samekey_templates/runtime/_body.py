"""Request bodies: bytes, and uploads that are read while they are sent.

An upload of files is rewound before every attempt; one that can be read only once allows a single attempt.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import IO, Any, Final, TypeAlias, cast

from msgspec import Struct, field

CHUNK: Final = 65_536
SPENT: Final = "the body can be read once, and was read before"


class SpentBodyError(Exception):
    """A body that can be read only once was asked for a second time."""


class FileSegment(Struct):
    """A file from where it stood when the call was made.

    Args:
        file: the open file.
        start: the position to begin at; None where it cannot be rewound.
        length: bytes from there to its end; None where it is not known.
        spent: whether it was read, where it cannot be rewound.
    """

    file: IO[Any]
    start: int | None
    length: int | None
    spent: bool = False

    @property
    def replayable(self) -> bool:
        """Whether it can be read again."""
        return self.start is not None

    @property
    def is_spent(self) -> bool:
        """Whether nothing can be read from it any more."""
        return self.spent and not self.replayable

    def chunks(self) -> Iterator[bytes]:
        """The contents, from the start."""
        if self.start is None:
            if self.spent:
                raise SpentBodyError(SPENT)
            self.spent = True
        else:
            self.file.seek(self.start)
        while chunk := self.file.read(CHUNK):
            yield chunk.encode() if isinstance(chunk, str) else chunk


class IteratorSegment(Struct):
    """An iterable of bytes; a sequence can be read again, others may have nothing left, or something else."""

    source: Iterable[bytes] | AsyncIterable[bytes]
    spent: bool = False
    length: int | None = None

    @property
    def replayable(self) -> bool:
        """Whether it can be read again."""
        return isinstance(self.source, Sequence)

    @property
    def is_spent(self) -> bool:
        """Whether nothing can be read from it any more."""
        return self.spent and not self.replayable

    def begin(self) -> None:
        """Mark it as read.

        Raises:
            SpentBodyError: it was read before and cannot be read again.
        """
        if self.is_spent:
            raise SpentBodyError(SPENT)
        self.spent = True


Segment: TypeAlias = bytes | FileSegment | IteratorSegment


class Upload(Struct, frozen=True):
    """A body made of segments, read while it is sent."""

    segments: tuple[Segment, ...] = field(default_factory=tuple[Segment, ...])

    @property
    def replayable(self) -> bool:
        """Whether every segment can be read again."""
        return all(isinstance(segment, bytes) or segment.replayable for segment in self.segments)

    @property
    def is_spent(self) -> bool:
        """Whether it cannot be sent any more."""
        return any(not isinstance(segment, bytes) and segment.is_spent for segment in self.segments)

    @property
    def length(self) -> int | None:
        """Bytes in all; None where a segment does not know its own."""
        total = 0
        for segment in self.segments:
            length = len(segment) if isinstance(segment, bytes) else segment.length
            if length is None:
                return None
            total += length
        return total

    def __iter__(self) -> Iterator[bytes]:
        for segment in self.segments:
            yield from _pieces_of(segment)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _AsyncPieces(self.segments)


class _AsyncPieces:
    """What is left of an upload; no generator, which trio would find unfinished where a write fails.

    Args:
        segments: of the upload.
    """

    __slots__ = ("_pieces", "_segments")

    def __init__(self, segments: tuple[Segment, ...]) -> None:
        self._segments = iter(segments)
        self._pieces: Iterator[bytes] | AsyncIterator[bytes] = iter(())

    def __aiter__(self) -> _AsyncPieces:
        return self

    async def __anext__(self) -> bytes:
        while True:
            with suppress(StopIteration, StopAsyncIteration):
                return await anext(self._pieces) if isinstance(self._pieces, AsyncIterator) else next(self._pieces)
            segment = next(self._segments, None)
            if segment is None:
                raise StopAsyncIteration
            self._pieces = _async_pieces_of(segment)


def _pieces_of(segment: Segment) -> Iterator[bytes]:
    if isinstance(segment, bytes):
        return iter((segment,))
    if isinstance(segment, FileSegment):
        return segment.chunks()
    if isinstance(segment.source, AsyncIterable):
        raise TypeError("an async iterator can be sent by the async client only")
    segment.begin()
    return iter(segment.source)


def _async_pieces_of(segment: Segment) -> Iterator[bytes] | AsyncIterator[bytes]:
    if isinstance(segment, IteratorSegment) and isinstance(segment.source, AsyncIterable):
        segment.begin()
        return aiter(segment.source)
    return _pieces_of(segment)


Content: TypeAlias = bytes | Upload


def is_replayable(content: Content | None) -> bool:
    """Whether a body can be sent again."""
    return content is None or isinstance(content, bytes) or content.replayable


def joined(segments: Sequence[Segment]) -> Content:
    """Segments as one body: bytes where all of them are."""
    if all(isinstance(segment, bytes) for segment in segments):
        return b"".join(cast("Sequence[bytes]", segments))
    return Upload(tuple(segments))


def segment_of(value: object) -> Segment | None:
    """A file, text, bytes or an iterable of bytes as a segment; None for anything else."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, str):
        return value.encode()
    if hasattr(value, "read"):
        return _file(cast("IO[Any]", value))
    if isinstance(value, (AsyncIterable, Iterable)) and not isinstance(value, dict):
        return IteratorSegment(cast("Iterable[bytes] | AsyncIterable[bytes]", value))
    return None


def _file(file: IO[Any]) -> FileSegment:
    try:
        start = file.tell() if file.seekable() else None
    except (OSError, ValueError, AttributeError):
        start = None
    return FileSegment(file, start, None if start is None else _length(file, start))


def _length(file: IO[Any], start: int) -> int | None:
    """Bytes from a position to the end; a text file's are not known before it is encoded."""
    if isinstance(file.read(0), str):
        return None
    end = file.seek(0, os.SEEK_END)
    file.seek(start)
    return end - start
