"""What commands need that is an extra of samekey."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from samekey.cli.output import ExitCode, print_finding
from samekey.document.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def sandbox_extra() -> Generator[None]:
    """Run a block, and say in a line what the sandbox cannot do, or that it is not installed; exit 2 then."""
    try:
        from samekey.sandbox.errors import SandboxError  # noqa: PLC0415

        try:
            yield
        except SandboxError as error:
            print_finding(f"error: {error}", Severity.ERROR)
            raise typer.Exit(ExitCode.UNUSABLE) from error
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("samekey"):
            raise
        message = f"error: the sandbox is an extra, and {error.name} is missing: pip install 'samekey[sandbox]'"
        print_finding(message, Severity.ERROR)
        raise typer.Exit(ExitCode.UNUSABLE) from error
