"""Answers to disk: written piece by piece to a file beside the target, which takes its place when it is complete."""

from __future__ import annotations

import errno
import os
from typing import IO, TYPE_CHECKING, Self
from uuid import uuid4

from ..retry.wire import AsyncOpenAnswer, OpenAnswer, RawAnswer, Result, StreamCutError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class Download:
    """A file that is being received; nothing of it stays behind unless it is committed.

    Args:
        target: where it goes.

    Raises:
        IsADirectoryError: a folder stands there.
    """

    def __init__(self, target: Path) -> None:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
        self._target = target
        self._partial = target.with_name(f".{uuid4().hex}.part")
        self._file: IO[bytes]

    def __enter__(self) -> Self:
        self._file = self._partial.open("xb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()
        self._partial.unlink(missing_ok=True)

    def receive(self, result: Result) -> Result:
        """Write an open response to the file, from its start; a response that is cut is an attempt that failed."""
        if not isinstance(result, OpenAnswer):
            return result
        self._restart()
        try:
            for chunk in result.chunks:
                self._file.write(chunk)
        except StreamCutError as error:
            return error.failed
        finally:
            result.close()
        return RawAnswer(result.status, result.headers, b"")

    async def areceive(self, result: Result) -> Result:
        """Write an open response to the file, as `receive` does, but in another thread."""
        import anyio.to_thread  # noqa: PLC0415  # comes with httpx

        if not isinstance(result, AsyncOpenAnswer):
            return result
        self._restart()
        try:
            while (chunk := await result.read()) is not None:
                await anyio.to_thread.run_sync(self._file.write, chunk)
        except StreamCutError as error:
            return error.failed
        finally:
            await result.close()
        return RawAnswer(result.status, result.headers, b"")

    def commit(self) -> None:
        """Put the received file in the place of the target."""
        self._file.close()
        self._partial.replace(self._target)

    def _restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()
