"""Request bodies: bytes, and uploads that are read while they are sent.

An upload of files is rewound before every attempt; one that can be read only once allows a single attempt.
"""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeAlias, TypeGuard, cast

from msgspec import Struct, field

CHUNK: Final = 65_536
BYTES_KINDS: Final = (bytes, bytearray, memoryview)
FileCount: TypeAlias = Literal["one", "many"]
"""Whether a part of a form is a file or an array of files."""
SPENT: Final = "the body can be read once, and was read before"


CHANGED: Final = "the file that is uploaded has changed since the call began, and one key stands for one content"
CLOSED: Final = "the file that is uploaded was closed before it could be sent"


class SpentBodyError(Exception):
    """A body that can be read only once was asked for a second time."""


class BodyChangedError(Exception):
    """A file holds other bytes than when the call began."""


class PathFile:
    """A file by its path: opened when it is read, and closed when that is over.

    Args:
        path: where it is.

    Raises:
        OSError: it cannot be opened.
    """

    __slots__ = ("_file", "name")

    closed = False

    def __init__(self, path: os.PathLike[str]) -> None:
        self.name = os.fspath(path)
        self._file: IO[bytes] | None = None
        self._opened()

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._file = Path(self.name).open("rb")  # noqa: SIM115  # it is closed when it was read
        return self._file

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        return self._opened().read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, and return it."""
        return self._opened().seek(offset, whence)

    def seekable(self) -> bool:
        """Whether it can be read again."""
        return self._opened().seekable()

    def tell(self) -> int:
        """Return the place."""
        return self._opened().tell()

    def fileno(self) -> int:
        """Return the number of the open file."""
        return self._opened().fileno()

    def close(self) -> None:
        """Close the file until it is read again."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def __del__(self) -> None:
        self.close()


class FileSegment(Struct):
    """A file from where it stood when the call was made.

    Args:
        file: the open file.
        start: the position to begin at; None where it cannot be rewound.
        length: bytes from there to its end; None where it is not known.
        state: what tells that it was changed: its size in bytes and the time of its last change in nanoseconds; None
            where the file has neither.
        spent: whether it was read, where it cannot be rewound.
    """

    file: IO[Any]
    start: int | None
    length: int | None
    state: tuple[int, int] | None = None
    spent: bool = False

    @property
    def replayable(self) -> bool:
        """Whether it can be read again."""
        return self.start is not None

    def refusal(self) -> str | None:
        """Return why the file cannot be sent as it was when the call began; None where it can."""
        if not self.replayable:
            return SPENT if self.spent else None
        if getattr(self.file, "closed", False):
            return CLOSED
        is_same = state_of(self.file) == self.state and (self.length is None or self._length_now() == self.length)
        return None if is_same else CHANGED

    def chunks(self) -> Iterator[bytes]:
        """Yield the file's contents from the start, as many bytes as there were when the call began.

        Raises:
            BodyChangedError: there are fewer now.
            SpentBodyError: they were read before and cannot be read again.
        """
        if self.start is None:
            if self.spent:
                raise SpentBodyError(SPENT)
            self.spent = True
        else:
            self.file.seek(self.start)
        left = self.length
        try:
            while left != 0:
                chunk = self.file.read(CHUNK if left is None else min(CHUNK, left))
                if not chunk:
                    break
                left = None if left is None else left - len(chunk)
                yield chunk.encode() if isinstance(chunk, str) else chunk
        finally:
            if isinstance(self.file, PathFile):
                self.file.close()
        if left:
            raise BodyChangedError(CHANGED)

    def _length_now(self) -> int:
        self.file.seek(0, os.SEEK_END)
        return self.file.tell() - (self.start or 0)


class IteratorSegment(Struct):
    """An iterable of bytes; a sequence can be read again, others may have nothing left, or something else."""

    source: Iterable[bytes] | AsyncIterable[bytes]
    spent: bool = False
    length: int | None = None

    @property
    def replayable(self) -> bool:
        """Whether it can be read again."""
        return isinstance(self.source, Sequence)

    def refusal(self) -> str | None:
        """Return why the iterable cannot be sent any more; None where it can."""
        return SPENT if self.spent and not self.replayable else None

    def begin(self) -> None:
        """Mark the iterable as read.

        Raises:
            SpentBodyError: it was read before and cannot be read again.
        """
        if self.refusal() is not None:
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

    def refusal(self) -> str | None:
        """Return why the upload cannot be sent as it was when the call began; None where it can."""
        reasons = (segment.refusal() for segment in self.segments if not isinstance(segment, bytes))
        return next((reason for reason in reasons if reason is not None), None)

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
    """Join segments into one body: bytes where all of them are, else an upload."""
    if all(isinstance(segment, bytes) for segment in segments):
        return b"".join(cast("Sequence[bytes]", segments))
    return Upload(tuple(segments))


def is_named_file(value: object) -> TypeGuard[tuple[str | None, object] | tuple[str | None, object, str]]:
    """Whether a value is (name, content) or (name, content, media type); other tuples are pieces of a file."""
    if not isinstance(value, tuple):
        return False
    entries = cast("tuple[object, ...]", value)
    return len(entries) in {2, 3} and (entries[0] is None or isinstance(entries[0], str))


def segment_of(value: object) -> Segment | None:
    """Convert a file, text, bytes or an iterable of bytes into a segment; None for anything else."""
    if isinstance(value, (str, *BYTES_KINDS)):
        return value.encode() if isinstance(value, str) else bytes(cast("bytes", value))
    if isinstance(value, os.PathLike):
        value = PathFile(cast("os.PathLike[str]", value))
    if hasattr(value, "read"):
        return _file(cast("IO[Any]", value))
    if isinstance(value, Sequence):
        # What the caller does to their list from now on changes no attempt.
        pieces = cast("Sequence[object]", value)
        if not all(isinstance(piece, BYTES_KINDS) for piece in pieces):
            return None
        return IteratorSegment(tuple(bytes(cast("bytes", piece)) for piece in pieces))
    if isinstance(value, (AsyncIterable, Iterable)) and not isinstance(value, (dict, set, frozenset)):
        return IteratorSegment(cast("Iterable[bytes] | AsyncIterable[bytes]", value))
    return None


def _file(file: IO[Any]) -> Segment:
    try:
        start = file.tell() if _is_seekable(file) else None
    except (OSError, ValueError, AttributeError):
        start = None
    if type(file) is io.BytesIO:
        # It is in memory already, where nothing says when it is changed.
        return file.getvalue()[start:]
    if start is None:
        return FileSegment(file, None, None)
    return FileSegment(file, start, _length(file, start), state_of(file))


def _is_seekable(file: IO[Any]) -> bool:
    """Whether a file can be rewound; one that is mapped into memory says so from Python 3.13 on only."""
    return file.seekable() if hasattr(file, "seekable") else hasattr(file, "seek")


def state_of(file: IO[Any]) -> tuple[int, int] | None:
    """Return the size and the time of the last change of an open file; None where it is none of the system's."""
    try:
        state = os.fstat(file.fileno())
    except (OSError, ValueError, AttributeError):
        return None
    return state.st_size, state.st_mtime_ns


def _length(file: IO[Any], start: int) -> int | None:
    """Count the bytes from a position to the end; None for a text file, of which they are not known yet."""
    if isinstance(file.read(0), str):
        return None
    file.seek(0, os.SEEK_END)
    end = file.tell()
    file.seek(start)
    return end - start
