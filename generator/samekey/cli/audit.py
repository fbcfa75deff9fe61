"""`samekey audit`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace
from samekey_templates.runtime.declare import table

from samekey.cli.options import ConfigFile, Spec
from samekey.cli.output import COLOURS, ExitCode, fail, progress, refuse_inputs, show, write_whole
from samekey.cli.reading import read_config, read_document
from samekey.document.diagnostics import Diagnostics, Severity
from samekey.gc_pause import paused

if TYPE_CHECKING:
    from collections.abc import Callable

    from samekey.audit import Audit, Audited
    from samekey.config.file import Config

_SUFFIXES: tuple[str, ...] = (".json", ".sarif", ".md", ".html", ".svg")


class FailOn(StrEnum):
    """Which findings make the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


_FAILING = table(
    FailOn,
    {
        FailOn.ERROR: frozenset({Severity.ERROR}),
        FailOn.WARNING: frozenset({Severity.ERROR, Severity.WARNING}),
        FailOn.NEVER: frozenset[Severity](),
    },
)


def audit(
    spec: Spec,
    config: ConfigFile = None,
    report: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A report: .html, .md, .json, .sarif, or .svg for a badge; may be repeated.",
            show_default=False,
        ),
    ] = None,
    overlay: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the overlay that would mend what can be mended.", show_default=False),
    ] = None,
    compare: Annotated[
        str,
        typer.Option(
            metavar="OLD", help="Show what is other than in an earlier document, or .json report.", show_default=False
        ),
    ] = "",
    fail_on: Annotated[
        FailOn, typer.Option(help="Which findings make the exit code 1; with --compare, those that are new.")
    ] = FailOn.ERROR,
) -> None:
    """Judge by its document how safe an API is to retry: what happens if an answer is lost, and what is missing."""
    for file in report or ():
        if file.suffix not in _SUFFIXES:
            raise typer.BadParameter(f"{file} ends in none of {', '.join(_SUFFIXES)}", param_hint="--report")
    refuse_inputs(report or (), (spec, config), "--report")
    if overlay is not None:
        _refuse_foreign(overlay)
    diagnostics = Diagnostics()
    with paused(to_the_end=True), progress() as step:
        step("reading the API")
        settings = read_config(config, "", diagnostics)
        found = None if settings is None else _audited(spec, settings, diagnostics)
        if settings is None or found is None or diagnostics.failed:
            fail(diagnostics)
        result = found.audit
        if compare:
            step("reading what it is with_comparison with")
            result = _compared(compare, result, config)
    # Before anything is told: whoever reads that may stop in the middle, such as `head`.
    _write(result, found, report or [], overlay)
    show(diagnostics)
    _tell(result)
    fresh = result.findings if result.comparison is None else result.comparison.worse
    failed = any(finding.severity in _FAILING[fail_on] for finding in fresh)
    raise typer.Exit(ExitCode.BROKEN if failed else ExitCode.GOOD)


def _audited(spec: str, settings: Config, diagnostics: Diagnostics) -> Audited | None:
    from samekey.audit import audit as judge  # noqa: PLC0415  # `--help` need not wait for it

    document = read_document(spec, settings, diagnostics)
    return None if document is None else judge(document, settings)


def _compared(location: str, new: Audit, config: Path | None) -> Audit:
    """Return an audit with what is other than in an earlier report, or in an earlier document."""
    from samekey.audit.compare import ReportError, read_report, with_comparison  # noqa: PLC0415
    from samekey.config.audit import SILENT_AUDIT  # noqa: PLC0415
    from samekey.document.source import FetchError, fetch_bytes  # noqa: PLC0415

    try:
        old = read_report(fetch_bytes(location))
    except (FetchError, ReportError) as error:
        raise typer.BadParameter(f"{location}: {error}", param_hint="--compare") from error
    if old is None:
        # The config is today's: that it speaks of operations which came later is no fault of the old document.
        diagnostics = Diagnostics()
        settings = read_config(config, "", diagnostics)
        found = None if settings is None else _audited(location, replace(settings, audit=SILENT_AUDIT), diagnostics)
        if found is None:
            fail(diagnostics)
        old = found.audit
    return with_comparison(old, new)


def _tell(result: Audit) -> None:
    from samekey.audit.text import text_lines  # noqa: PLC0415

    for line in text_lines(result):
        colour = None if line.severity is None else COLOURS[line.severity]
        typer.echo(typer.style(line.text, fg=colour, bold=line.is_headline) if line.text else "")


def _refuse_foreign(file: Path) -> None:
    """Refuse to write over a file that is not an overlay of ours: elsewhere `--overlay` names one that is read."""
    from samekey.audit.overlay import MARK  # noqa: PLC0415

    try:
        text = file.read_text("utf-8", errors="replace") if file.exists() else MARK
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="--overlay") from error
    if not text.startswith(MARK):
        message = f"{file} is there already, and samekey audit did not write it; overlays to read stand in the config"
        raise typer.BadParameter(message, param_hint="--overlay")


def _write(result: Audit, found: Audited, reports: list[Path], overlay: Path | None) -> None:
    from samekey.audit.overlay import overlay_text  # noqa: PLC0415

    for file in reports:
        write_whole(file, _writer(file.suffix)(result))
    if overlay is not None:
        write_whole(overlay, overlay_text(found.mends, result.title))


def _writer(suffix: str) -> Callable[[Audit], str]:
    from samekey.audit.json_report import report_as_json  # noqa: PLC0415
    from samekey.audit.pages import as_badge, as_html, as_markdown  # noqa: PLC0415
    from samekey.audit.sarif import as_sarif  # noqa: PLC0415

    writers = (report_as_json, as_sarif, as_markdown, as_html, as_badge)
    return dict(zip(_SUFFIXES, writers, strict=True))[suffix]
