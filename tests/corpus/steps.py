"""Other programs, run with a limit: how long they took, how much memory they had, and what they said."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_KILOBYTES: Final = 1024.0


@dataclass(frozen=True, slots=True)
class Done:
    """A program that has ended.

    Args:
        status: its exit status; negative for a signal.
        seconds: how long it took.
        peak: the most memory that it had, in megabytes.
        out: its standard output.
        err: its standard error.
        overdue: whether it was stopped at its limit.
    """

    status: int
    seconds: float
    peak: float
    out: str
    err: str
    overdue: bool = False


def run(
    command: Sequence[str | Path], limit: float, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Done:
    """Run a program; with all that it started, it is stopped at its limit.

    Args:
        command: the program and its arguments.
        limit: seconds.
        cwd: the folder to run in.
        env: extra environment variables.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        process = subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd,
            env={**os.environ, **(env or {})}, start_new_session=True,
        )  # fmt: skip
        overdue = threading.Event()

        def stop() -> None:
            overdue.set()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit, stop)
        timer.start()
        try:
            # `wait4` tells the memory of this child alone; `communicate` would have reaped it without telling.
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        peak = usage.ru_maxrss / _KILOBYTES
        return Done(
            process.returncode, round(seconds, 2), round(peak, 1), _text(out), _text(err), overdue=overdue.is_set()
        )


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
