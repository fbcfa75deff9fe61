"""`samekey outdated`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samekey.cli.options import AsJson
from samekey.cli.output import COLOURS, ExitCode
from samekey.document.diagnostics import Severity, escaped

if TYPE_CHECKING:
    from samekey.output.provenance import Provenance


def outdated(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIR...", help="The folder of an SDK, its package, or one in which SDKs are installed."),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell which samekey made an SDK; exit 1 if its runtime has a known defect."""
    import msgspec  # noqa: PLC0415  # `--help` need not wait for it

    found = [each for folder in folders for each in _found(folder)]
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        for each in found:
            _tell(each)
    raise typer.Exit(ExitCode.BROKEN if any(each.defects for each in found) else ExitCode.GOOD)


def _found(folder: Path) -> list[Provenance]:
    from samekey.output.provenance import provenances  # noqa: PLC0415

    try:
        found = list(provenances(folder))
    except OSError as error:
        raise typer.BadParameter(f"{folder}: {(error.strerror or str(error)).lower()}", param_hint="DIR") from error
    if not found:
        raise typer.BadParameter(f"{folder} holds no SDK that samekey wrote", param_hint="DIR")
    return found


def _tell(each: Provenance) -> None:
    made_by = f"samekey {each.made_by}" if each.made_by else "a samekey that does not say its version"
    state = (
        "its runtime is the one of this samekey" if each.is_current else "its runtime is another than this samekey's"
    )
    typer.echo(escaped(f"{each.folder}: made by {made_by}; {state}"))
    for defect in each.defects:
        line = f"  {defect.id}: {defect.about} (until {defect.fixed_in})"
        typer.echo(typer.style(escaped(line), fg=COLOURS[Severity.ERROR]))
    if each.defects:
        typer.echo("  generate it again with this samekey, and release it")
