"""The command line: the only room that prints."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from samekey.cli.adopt import adopt
from samekey.cli.audit import audit
from samekey.cli.diff import diff
from samekey.cli.generate import generate, inspect
from samekey.cli.init import init
from samekey.cli.outdated import outdated
from samekey.cli.prove import prove
from samekey.cli.serve import chaos, serve
from samekey.cli.snippets import snippets
from samekey.cli.verify import verify

app = typer.Typer(
    name="samekey",
    help="Read an OpenAPI document and write a Python client library that is safe to retry.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001  # what typer calls with an option's value
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415  # few runs ask for it

        typer.echo(f"samekey {version('samekey')}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Read an OpenAPI document and write a Python client library that is safe to retry."""


for command in (init, generate, inspect, adopt, diff, outdated, snippets, audit, serve, chaos, prove, verify):
    app.command()(command)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Pipes may have an encoding that cannot spell a document's text, such as Windows' old code pages.
            stream.reconfigure(errors="backslashreplace")
    app()
