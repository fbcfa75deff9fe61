"""A command that is run again whenever a file changes that it has read."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import typer

from samekey.cli.output import ExitCode
from samekey.document.source import is_remote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from samekey.output.check_cache import Inputs

_PAUSE: Final = 0.3
"""Seconds between two looks: few enough for whoever waits, and enough for an editor to write a file to its end."""


def keep_up(run: Callable[[Inputs], None], files: Iterable[str]) -> NoReturn:
    """Run a command, and again whenever a file changes that it has read, until the user ends it.

    Args:
        run: the command; it is given what keeps its reads, and its exit code does not count.
        files: paths that are looked at even if the command does not come to read them.

    Raises:
        typer.Exit: the user has ended it.
    """
    from samekey.output.check_cache import Inputs  # noqa: PLC0415  # `--help` need not wait for it

    try:
        while True:
            # What changes while the command runs has changed, too.
            inputs, before = Inputs(), _stamps(files)
            with suppress(typer.Exit):
                run(inputs)
            watched = sorted({*files, *inputs.digests, *inputs.missing})
            typer.echo("watching for changes; Ctrl-C ends it", err=True)
            _wait({**_stamps(watched), **before})
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.GOOD) from None


def _wait(known: dict[str, tuple[int, int] | None]) -> None:
    """Return when a file is another than it was, and has come to rest."""
    while _stamps(known) == known:
        time.sleep(_PAUSE)
    changed = _stamps(known)
    time.sleep(_PAUSE)
    while changed != (changed := _stamps(known)):
        time.sleep(_PAUSE)


def _stamps(files: Iterable[str]) -> dict[str, tuple[int, int] | None]:
    """Return when files were written last, and their sizes; None for one that is not there."""
    return {file: _stamp(file) for file in files if not is_remote(file)}


def _stamp(file: str) -> tuple[int, int] | None:
    try:
        found = Path(file).stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size
