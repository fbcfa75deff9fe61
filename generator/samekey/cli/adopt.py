"""`samekey adopt`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from samekey.cli.options import ConfigFile, Overlays, Spec
from samekey.cli.output import ExitCode, fail, show
from samekey.cli.reading import read_config, read_document, read_parts
from samekey.document.diagnostics import Diagnostics, escaped
from samekey.gc_pause import paused

SdkSource = Annotated[
    str, typer.Argument(metavar="SDK", help="Its folder, its name where it is installed, or its generator's config.")
]
NewConfig = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="The config to write; printed without it.", show_default=False),
]
Program = Annotated[
    Path | None,
    typer.Option(metavar="PATH", help="A program that uses the SDK: which of its calls stay.", show_default=False),
]


def adopt(
    source: SdkSource,
    spec: Spec,
    output: NewConfig = None,
    config: ConfigFile = None,
    overlay: Overlays = None,
    program: Program = None,
) -> None:
    """Write the config that keeps the names of another generator's SDK, and say what of it stays."""
    from samekey.adopt.known import AdoptError  # noqa: PLC0415  # `--help` need not wait for it
    from samekey.adopt.match import keep_names  # noqa: PLC0415
    from samekey.adopt.program import call_sites  # noqa: PLC0415
    from samekey.adopt.read import read_sdk  # noqa: PLC0415
    from samekey.adopt.text import adopted_config, adopted_lines, program_lines  # noqa: PLC0415
    from samekey.pipeline import lower_for_sdk  # noqa: PLC0415

    diagnostics = Diagnostics()
    try:
        with paused(to_the_end=True):
            settings = read_config(config, "", diagnostics)
            document = read_document(spec, settings, diagnostics, overlay or ()) if settings is not None else None
            parts = read_parts(settings, diagnostics) if settings is not None else None
            if settings is None or document is None or parts is None or diagnostics.failed:
                fail(diagnostics)
            sdk = read_sdk(source, diagnostics)
            api = lower_for_sdk(document, settings, parts)
            if api is None or diagnostics.failed:
                fail(diagnostics)
            adopted = keep_names(sdk, api)
            sites = list(call_sites(program, adopted)) if program is not None else []
        text = adopted_config(adopted)
        if output is not None:
            _write_new(output, text)
    except AdoptError as error:
        diagnostics.error("adopt-impossible", str(error))
        fail(diagnostics)
    show(diagnostics)
    if output is None:
        typer.echo(text)
    for line in adopted_lines(adopted):
        # Beside a config that goes to standard output, the report goes to the other stream.
        typer.echo(escaped(line), err=output is None)
    for line in program_lines(sites) if program is not None else ():
        typer.echo(escaped(line), err=output is None)
    if output is not None:
        more = f"; its lines belong into {config}" if config is not None else ""
        typer.echo(escaped(f"wrote {output}{more}; generate with `samekey generate {spec} -o DIR --config …`"))
    raise typer.Exit(ExitCode.GOOD)


def _write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet.

    Raises:
        AdoptError: it is there, or cannot be written.
    """
    from samekey.adopt.known import AdoptError  # noqa: PLC0415

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise AdoptError(f"{path} is there already: give another name, or move it away") from error
    except OSError as error:
        raise AdoptError(f"{path} cannot be written: {error.strerror or error}") from error
