"""Bodies as a journal keeps them: bytes in the table, or a file of their own where they are large."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from msgspec.structs import replace

from ..concurrency.cancellation import run_in_thread
from ..errors import APIConnectionError, explain
from ..request.body import CHUNK, BodyChangedError, IteratorSegment, SpentBodyError, Upload
from .journal import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..request.build import Prepared
    from .journal import Journal, JournalEntry

_LARGE: Final = 1024 * 1024
"""Bytes above which a body is not kept in memory."""
_PRIVATE: Final = 0o600
_GONE: Final = "the file in which the journal kept its body is gone, as it is when a call is settled"


class _Pieces:
    """The bytes of a file, from its beginning each time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece


class StoredBody(IteratorSegment):
    """A body in a file of the journal's, which nobody changes.

    Args:
        path: the file.
        digest: the hash of what the server may compare.
    """

    path: Path = Path()
    digest: str = ""

    @property
    def replayable(self) -> bool:
        """Whether it can be read again."""
        return True

    def refusal(self) -> str | None:
        """Return why the body cannot be sent any more; None where it can."""
        return None if self.path.exists() else _GONE

    def begin(self) -> None:
        """Mark the body as read, which says nothing here."""


def stored_body(path: Path, digest: str) -> Upload:
    """Return a body that is read from a journal's file."""
    length = path.stat().st_size if path.exists() else None
    return Upload((StoredBody(_Pieces(path), length=length, path=path, digest=digest),))


def body_of(entry: JournalEntry) -> bytes | Upload | None:
    """Return the body of an entry, as it is sent again."""
    return stored_body(Path(entry.body_file), entry.digest) if entry.body_file else entry.body


def stored_in(content: object) -> StoredBody | None:
    """Return the file in which a body stands already, if it does."""
    if isinstance(content, Upload) and len(content.segments) == 1 and isinstance(content.segments[0], StoredBody):
        return content.segments[0]
    return None


def journaled(journal: Journal, prepared: Prepared, target: str) -> Prepared:
    """Return a call with a body that a journal can keep.

    Args:
        journal: where it is kept.
        prepared: the call.
        target: its path and query without credentials, as it is written down.

    Raises:
        APIConnectionError: the body cannot be read as it was when the call began, or not be written; nothing was sent.
    """
    content = prepared.unsigned.content
    if _is_small(content):
        return prepared
    with _Writer(journal, prepared, target) as writer:
        for piece in (content,) if isinstance(content, bytes) else content or ():
            writer.add(piece)
            if writer.is_full:
                writer.write()
        return writer.finished()


async def ajournaled(journal: Journal, prepared: Prepared, target: str) -> Prepared:
    """Return a call with a body that a journal can keep, in an event loop."""
    content = prepared.unsigned.content
    if _is_small(content):
        return prepared
    with _Writer(journal, prepared, target) as writer:
        if isinstance(content, Upload):
            async for piece in content:
                writer.add(piece)
                if writer.is_full:
                    await run_in_thread(writer.write)
        else:
            writer.add(content or b"")
        return await run_in_thread(writer.finished)


def _is_small(content: object) -> bool:
    return content is None or (isinstance(content, bytes) and len(content) <= _LARGE) or stored_in(content) is not None


class _Writer:
    """Takes the pieces of a body, and puts them into a file where they are many.

    Args:
        journal: where it is kept.
        prepared: the call.
        target: its path and query without credentials.
    """

    def __init__(self, journal: Journal, prepared: Prepared, target: str) -> None:
        self._journal = journal
        self._prepared = prepared
        self._pieces: list[bytes] = []
        self._held = 0
        self._digest = hashlib.sha256(first_line(prepared.unsigned.method, target))
        self._path: Path | None = None
        self._is_kept = False
        self._has_files = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if self._path is not None and (error is not None or not self._is_kept):
            self._path.unlink(missing_ok=True)
        if isinstance(error, (BodyChangedError, SpentBodyError)):
            raise unwritten(self._prepared, str(error)) from error

    @property
    def is_full(self) -> bool:
        """Whether there is more in memory than there should be."""
        return self._held > _LARGE and self._has_files

    def add(self, piece: bytes) -> None:
        """Take a piece."""
        self._pieces.append(piece)
        self._held += len(piece)

    def write(self, *, is_last: bool = False) -> None:
        """Move what is in memory to the file.

        Raises:
            APIConnectionError: it cannot be written.
        """
        try:
            self._write(is_last=is_last)
        except OSError as error:
            raise unwritten(self._prepared, f"the journal cannot keep its body ({error})") from error

    def _write(self, *, is_last: bool) -> None:
        path = self._path or self._journal.body_path()
        if path is None:
            self._has_files = False
            return
        flags = os.O_WRONLY | os.O_APPEND | (0 if self._path else os.O_CREAT | os.O_EXCL) | getattr(os, "O_BINARY", 0)
        with open(path, "ab", opener=lambda name, _: os.open(name, flags, _PRIVATE)) as file:
            self._path = path
            for piece in self._pieces:
                self._digest.update(piece)
                file.write(piece)
            self._pieces, self._held = [], 0
            if is_last:
                file.flush()
                os.fsync(file.fileno())
        if is_last:
            _sync_folder(path.parent)

    def finished(self) -> Prepared:
        """Return the call with its body as the journal keeps it.

        Raises:
            APIConnectionError: it cannot be written.
        """
        if self.is_full or self._path is not None:
            self.write(is_last=True)
        if self._path is None:
            return _with(self._prepared, b"".join(self._pieces))
        self._is_kept = True
        return _with(self._prepared, stored_body(self._path, self._digest.hexdigest()))


def _sync_folder(folder: Path) -> None:
    """Make sure that a new file has its name after a power cut; Windows has no such way."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unwritten(prepared: Prepared, reason: str) -> APIConnectionError:
    """Return the error of a call that was not written down, so that nothing of it was sent."""
    record = prepared.state.record
    return APIConnectionError(explain(record, reason), record)


def _with(prepared: Prepared, content: bytes | Upload) -> Prepared:
    state = prepared.state
    state.facts = replace(state.facts, replayable=True)
    unsigned, request = replace(prepared.unsigned, content=content), replace(prepared.request, content=content)
    return replace(prepared, unsigned=unsigned, request=request)
