"""Answers to disk: written piece by piece to a file beside the target, which takes its place when it is complete.

What is no regular file, such as a pipe or `/dev/null`, keeps its place, and is written to when all has come.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self
from uuid import uuid4

from ..retry.wire import AsyncOpenAnswer, OpenAnswer, RawAnswer, Result, StreamCutError

if TYPE_CHECKING:
    from types import TracebackType

_PRIVATE: Final = 0o600


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
        # A link stays, and the file that it leads to is written.
        self._target = Path(os.path.realpath(target))
        is_there = self._target.exists()
        self._is_replaced = self._target.is_file() or not is_there
        self._mode = None
        if is_there:
            self._mode = stat.S_IMODE(self._target.stat().st_mode) if self._is_replaced else _PRIVATE
        folder = self._target.parent if self._is_replaced else Path(tempfile.gettempdir())
        self._partial = folder / f".{uuid4().hex}.part"
        self._file: IO[bytes]

    def __enter__(self) -> Self:
        self._file = self._partial.open("xb")
        if self._mode is not None:
            # While it is empty: nobody can read what comes who cannot read what it replaces.
            self._partial.chmod(self._mode)
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
        """Put the received file in the place of the target, with the permissions that stood there."""
        self._file.close()
        if not self._is_replaced:
            with self._partial.open("rb") as source, self._target.open("wb") as target:
                shutil.copyfileobj(source, target)
            return
        self._partial.replace(self._target)

    async def acommit(self) -> None:
        """Put the received file in the place of the target, as `commit` does; a pipe may make its writer wait."""
        import anyio.to_thread  # noqa: PLC0415  # comes with httpx

        if self._is_replaced:
            self.commit()
        else:
            await anyio.to_thread.run_sync(self.commit)

    def _restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()
