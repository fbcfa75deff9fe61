"""What every command says in the same way: findings, progress, and text that a terminal may see."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer
from samekey_templates.runtime.declare import table

from samekey.document.diagnostics import Diagnostics, Severity, in_full

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

_MAX_NOTES = 10
COLOURS = table(Severity, {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"})


class ExitCode(IntEnum):
    """What a command ends with, whichever it is."""

    GOOD = 0
    BROKEN = 1
    """What was to be checked is not so: a promise is broken, or an SDK is out of date."""
    UNUSABLE = 2
    """Something cannot be used, so nothing was made and nothing was found out."""


@contextmanager
def progress() -> Generator[Callable[[str], None]]:
    """Show a spinner with the current step on a terminal while a block runs; show nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415

    with Console(stderr=True).status("starting") as status:
        yield status.update


def fail(diagnostics: Diagnostics) -> NoReturn:
    """Show what was found, and exit 2."""
    show(diagnostics)
    raise typer.Exit(ExitCode.UNUSABLE)


def show(diagnostics: Diagnostics) -> None:
    """Print what was found to standard error."""
    for severity, text in worded(diagnostics):
        print_finding(text, severity)


def worded(diagnostics: Diagnostics) -> list[tuple[Severity, str]]:
    """Return the findings in words: errors whole, the first warnings and notes whole, the rest as a count."""
    others = [entry for entry in diagnostics if entry.severity is not Severity.ERROR]
    errors = [entry for entry in diagnostics if entry.severity is Severity.ERROR]
    found = [(entry.severity, in_full(entry)) for entry in [*others[:_MAX_NOTES], *errors]]
    if len(others) > _MAX_NOTES:
        found.append((Severity.NOTE, f"note: {len(others) - _MAX_NOTES} more warnings and notes of the same kinds"))
    return found


def refuse_inputs(files: Iterable[Path], inputs: Iterable[str | Path | None], hint: str) -> None:
    """Refuse to write a file that the same command reads: it would be lost; exit 2.

    Args:
        files: what would be written.
        inputs: paths, URLs and revisions that are read; None and what is no file count for nothing.
        hint: the option that names the files.
    """
    read = {Path(entry).resolve() for entry in inputs if entry is not None and _is_file(entry)}
    for file in files:
        if file.resolve() in read:
            raise typer.BadParameter(f"{file} is read by this command, and would be lost", param_hint=hint)


def is_there(path: Path) -> bool:
    """Whether something is at a path; at one that cannot be nothing is, and whoever writes there is told why."""
    try:
        return path.exists()
    except OSError:
        return False


def _is_file(path: str | Path) -> bool:
    """Whether a path is one of a file; what cannot be a path is none."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def write_whole(file: Path, text: str) -> None:
    """Write a file that a user has named, in one step: it is the old one or the new one; exit 2 where that fails."""
    from samekey.output.write import write_file  # noqa: PLC0415  # few runs write one

    try:
        write_file(file, text)
    except OSError as error:
        unwritable(file, error)


def unwritable(file: Path, error: OSError) -> NoReturn:
    """Say that a file cannot be written, and why; exit 2."""
    print_finding(f"error: cannot write {file}: {(error.strerror or str(error)).lower()}", Severity.ERROR)
    raise typer.Exit(ExitCode.UNUSABLE) from error


def print_finding(text: str, severity: Severity) -> None:
    """Print a finding to standard error, its first line in the colour of its severity."""
    first, separator, rest = text.partition("\n")
    typer.echo(typer.style(first, fg=COLOURS[severity], bold=True) + separator + rest, err=True)
