"""`samekey prove`."""

from __future__ import annotations

from typing import Annotated

import typer

from samekey.cli.extras import sandbox_extra
from samekey.cli.options import Seed
from samekey.cli.output import ExitCode, progress, show
from samekey.document.diagnostics import Diagnostics, escaped
from samekey.prove.terms import MOST_CALLS, MOST_PROCESSES, Sabotage, Terms


def prove(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="A path or a URL.")],
    calls: Annotated[int, typer.Option(metavar="N", help="How many calls.", min=1, max=MOST_CALLS)] = 2000,
    seed: Seed = 1,
    store: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Where all is kept: a file, or postgresql://…; a new file by default.",
            show_default=False,
        ),
    ] = "",
    sabotage: Annotated[
        Sabotage | None, typer.Option("--break", help="Break a promise, which must be found out.", show_default=False)
    ] = None,
    processes: Annotated[
        int, typer.Option(metavar="N", help="Servers on the one store.", min=1, max=MOST_PROCESSES)
    ] = 1,
) -> None:
    """Prove that nothing happens twice: many calls through every fault, told against done; exit 1 where it does."""
    diagnostics = Diagnostics()
    with sandbox_extra():
        from samekey.prove.errors import ProveError  # noqa: PLC0415  # an extra
        from samekey.prove.proof import prove as make  # noqa: PLC0415
        from samekey.prove.report import report  # noqa: PLC0415

        try:
            with progress() as step:
                proof = make(spec, Terms(calls, seed, store, sabotage, processes), diagnostics, step)
        except ProveError:
            show(diagnostics)
            raise
        for line in report(proof):
            typer.echo(escaped(line))
    if proof.verdict.violations:
        raise typer.Exit(ExitCode.BROKEN)
    raise typer.Exit(ExitCode.GOOD if proof.verdict.holds else ExitCode.UNUSABLE)
