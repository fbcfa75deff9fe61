"""`samekey snippets`: a program for each operation, for documentation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samekey.cli.options import ConfigFile, NamesFolder, Overlays, Spec
from samekey.cli.output import ExitCode, fail, show
from samekey.cli.reading import read_config, read_document, read_names, read_parts
from samekey.document.diagnostics import Diagnostics, escaped
from samekey.header import LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.document.node import Document
    from samekey.emit.snippets import Snippet

_FOLDER = Path("snippets")
_MARK = "# Written by samekey snippets"


def snippets(
    spec: Spec,
    output: NamesFolder = None,
    config: ConfigFile = None,
    overlay: Overlays = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="DIR",
            help="The folder to write; `snippets` without an overlay.",
            show_default=False,
        ),
    ] = None,
    as_overlay: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write an overlay that adds them as x-codeSamples.", show_default=False),
    ] = None,
) -> None:
    """Write a program for each operation, with the document's own examples: as files, or as an overlay."""
    from samekey.emit.format import FormatError, report_defect  # noqa: PLC0415
    from samekey.emit.snippets import snippets_of  # noqa: PLC0415
    from samekey.pipeline import stages  # noqa: PLC0415

    diagnostics = Diagnostics()
    settings = read_config(config, "", diagnostics)
    lockfile = read_names(output, diagnostics)
    if settings is None or lockfile is None:
        fail(diagnostics)
    document = read_document(spec, settings, diagnostics, overlay or ())
    parts = read_parts(settings, diagnostics)
    made = stages(document, settings, lockfile, parts) if document is not None and parts is not None else None
    if document is None or made is None or diagnostics.failed:
        fail(diagnostics)
    api, names, _ = made
    try:
        found, missing = snippets_of(api, names)
    except FormatError as error:
        report_defect(error, diagnostics)
        fail(diagnostics)
    for call in missing:
        diagnostics.warning("snippet-missing", f"no snippet for {call}: it needs a value that has no end")
    if to is not None or as_overlay is None:
        _write_files(found, to or _FOLDER, diagnostics)
    if as_overlay is not None:
        _write_overlay(found, document, names.distribution, as_overlay, diagnostics)
    show(diagnostics)
    raise typer.Exit(ExitCode.UNUSABLE if diagnostics.failed else ExitCode.GOOD)


def _write_files(found: Sequence[Snippet], target: Path, diagnostics: Diagnostics) -> None:
    from samekey.output.write import apply, compare  # noqa: PLC0415

    files = {snippet.file: f"# {LINE}\n{snippet.text}" for snippet in found}
    changes = compare(target, files, diagnostics)
    if changes is None or not apply(target, files, changes, diagnostics):
        fail(diagnostics)
    for path in changes.kept:
        diagnostics.note("file-kept", f"{target / path} was taken over by hand and stays as it is")
    typer.echo(f"wrote {escaped(str(target))}: {len(files)} snippets ({len(changes.write)} changed)")


def _write_overlay(
    found: Sequence[Snippet], document: Document, label: str, file: Path, diagnostics: Diagnostics
) -> None:
    from samekey.document.notation import json_path, yaml_scalar  # noqa: PLC0415
    from samekey.output.write import write_file  # noqa: PLC0415

    try:
        if file.exists() and not file.read_text("utf-8", errors="replace").startswith(_MARK):
            diagnostics.error("file-not-ours", f"{file} was not written by samekey", hint="choose another file")
            fail(diagnostics)
        here = [snippet for snippet in found if snippet.source == document.root.uri]
        lines = [
            f"{_MARK}. Apply it to the document of your documentation, not to the one that samekey reads.",
            "overlay: 1.0.0",
            f"info: {{title: {yaml_scalar(f'Calls of {label}')}, version: 1.0.0}}",
            "actions:" if here else "actions: []",
        ]
        for snippet in here:
            lines += [
                f"  - target: {yaml_scalar(json_path(snippet.pointer, document.root.value))}",
                "    update:",
                "      x-codeSamples:",
                f"        - {{lang: Python, label: {yaml_scalar(label)}, source: {yaml_scalar(snippet.text)}}}",
            ]
        write_file(file, "\n".join(lines) + "\n")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        diagnostics.error("target-unwritable", f"cannot write {file}: {reason}", hint="choose another file")
        fail(diagnostics)
    if len(here) < len(found):
        diagnostics.note(
            "snippet-elsewhere",
            f"{len(found) - len(here)} operations do not stand in {document.root.uri}; the overlay has none of them",
        )
    typer.echo(f"wrote {escaped(str(file))}: {len(here)} snippets as x-codeSamples")
