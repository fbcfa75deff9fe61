"""`samekey verify`."""

from __future__ import annotations

import shutil
import sys
import textwrap
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samekey.cli.extras import sandbox_extra
from samekey.cli.options import ConfigFile, Spec
from samekey.cli.output import ExitCode, fail, print_finding, progress, refuse_inputs, write_whole
from samekey.cli.reading import read_config, read_document
from samekey.document.diagnostics import Diagnostics, Severity, escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samekey.verify.described import ApiModel
    from samekey.verify.findings import Report
    from samekey.verify.run import Wishes

_COLOURS = {"ok": "green", "broken": "red", "told otherwise": "yellow", "not judged": "cyan"}
_WIDE = 10_000


def verify(  # noqa: PLR0913, PLR0917  # an option each
    spec: Spec,
    base_url: Annotated[str, typer.Option(metavar="URL", help="Where the API is.")],
    operation: Annotated[
        list[str],
        typer.Option(metavar="ID", help="A POST or PATCH to try, by any of its names; may be repeated, and hold `*`."),
    ],
    oracle: Annotated[
        str,
        typer.Option(
            metavar="ORACLE",
            show_default=False,
            help="Tells effects apart: id, id:/pointer, list:OPERATION or count:OPERATION#/pointer.",
        ),
    ] = "",
    token: Annotated[
        str, typer.Option(metavar="TOKEN", envvar="SAMEKEY_TOKEN", help="The credential.", show_default=False)
    ] = "",
    other_token: Annotated[
        str,
        typer.Option(
            metavar="TOKEN", envvar="SAMEKEY_OTHER_TOKEN", help="That of another account.", show_default=False
        ),
    ] = "",
    body: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="The body to send; a second one differs from it.", show_default=False),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter; may be repeated.", show_default=False),
    ] = None,
    wait: Annotated[float, typer.Option(metavar="SECONDS", help="How long before a late retry.", min=0)] = 5.0,
    failing_body: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A body with which it fails after its effect.", show_default=False),
    ] = None,
    failing_header: Annotated[
        str,
        typer.Option(metavar="NAME=VALUE", help="A header with which it fails after its effect.", show_default=False),
    ] = "",
    restart: Annotated[str, typer.Option(metavar="COMMAND", help="What restarts the server.", show_default=False)] = "",
    also: Annotated[
        str, typer.Option(metavar="URL", help="Where another instance of the API is.", show_default=False)
    ] = "",
    wait_for: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long to wait until the server takes connections.", min=0)
    ] = 0.0,
    report: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A report: .json, or JUnit's .xml; may be repeated.", show_default=False),
    ] = None,
    write_profile: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write what was seen into a config for `generate`.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    *,
    i_own_this_api: Annotated[
        bool, typer.Option("--i-own-this-api", help="Say that an API on another machine is yours to test.")
    ] = False,
) -> None:
    """Check whether a running API does each key once; exit 1 where a promise is broken."""
    refuse_inputs(report or (), (spec, config), "--report")
    for file in report or ():
        if file.suffix not in {".json", ".xml"}:
            raise typer.BadParameter(f"{file} ends in neither .json nor .xml", param_hint="--report")
    with sandbox_extra():
        from samekey.verify.run import Wishes  # noqa: PLC0415  # an extra

        existing = _existing(write_profile)
        described = _described(spec, config)
        wishes = Wishes(
            base_url, "", oracle, token, other_token, _bodies(body), _given(given), wait, own=i_own_this_api,
            failing_body=_bodies([failing_body])[0] if failing_body is not None else None,
            failing_header=_header(failing_header), restart=restart, also=also, wait_for=wait_for,
        )  # fmt: skip
        found = list(_reports(described, wishes, described.matching(operation), operation))
        _write(found, report or [], write_profile, existing)
    raise typer.Exit(ExitCode.BROKEN if any(one.broken for one in found) else ExitCode.GOOD)


def _reports(described: ApiModel, wishes: Wishes, names: tuple[str, ...], asked: Sequence[str]) -> Iterator[Report]:
    """Check one operation after the other, and tell of each; one that only a pattern has named may be impossible."""
    from samekey.verify.findings import VerifyError  # noqa: PLC0415
    from samekey.verify.run import check_api  # noqa: PLC0415

    tried = 0
    for at, name in enumerate(names):
        try:
            with progress() as step:
                report = check_api(described, replace(wishes, operation=name), step)
        except VerifyError as error:
            is_last = at == len(names) - 1
            if described.is_named(name, asked) or (is_last and not tried):
                raise
            print_finding(f"warning: {name} was not tried: {error}", Severity.WARNING)
            continue
        tried += 1
        _tell(report)
        yield report


def _described(spec: str, config: Path | None) -> ApiModel:
    from samekey.verify.described import read_model  # noqa: PLC0415  # an extra

    diagnostics = Diagnostics()
    settings = read_config(config, "", diagnostics)
    document = read_document(spec, settings, diagnostics) if settings is not None else None
    described = read_model(document, settings) if document is not None and settings is not None else None
    if described is None or diagnostics.failed:
        fail(diagnostics)
    return described


def _bodies(files: list[Path] | None) -> tuple[bytes, ...]:
    try:
        return tuple(file.read_bytes() for file in files or ())
    except OSError as error:
        raise typer.BadParameter(f"{error.filename}: {error.strerror}", param_hint="--body") from error


def _given(settings: list[str] | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in settings or ()]
    for name, separator, _ in pairs:
        if not separator:
            raise typer.BadParameter(f"{name!r} is not of the form NAME=VALUE", param_hint="--set")
    return {name: value for name, _, value in pairs}


def _header(text: str) -> tuple[str, str] | None:
    name, separator, value = text.partition("=")
    if text and not (name and separator):
        raise typer.BadParameter(f"{text!r} is not of the form NAME=VALUE", param_hint="--failing-header")
    return (name, value) if text else None


def _tell(report: Report) -> None:
    from samekey.verify.report import headline, verdict_of  # noqa: PLC0415

    typer.echo(headline(report))
    wide = max(len(finding.check) for finding in report.findings)
    indent = max(map(len, _COLOURS)) + wide + 4
    # A pipe gets a line for each check.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDE
    for finding in report.findings:
        verdict = typer.style(finding.verdict.ljust(indent - wide - 2), fg=_COLOURS[finding.verdict])
        why = textwrap.fill(
            escaped(finding.why), max(width, 2 * indent), initial_indent=" " * indent, subsequent_indent=" " * indent
        )
        typer.echo(verdict + finding.check.ljust(wide + 2) + why[indent:])
    typer.echo(typer.style(verdict_of(report), fg="red" if report.broken else "green", bold=True))


def _existing(profile: Path | None) -> str:
    """Read the config that is written into, and refuse before the run what could not be written after it."""
    from samekey.verify.config_text import refuse_unfit  # noqa: PLC0415

    if profile is None:
        return ""
    try:
        text = profile.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise typer.BadParameter(f"{profile}: {why}", param_hint="--write-profile") from error
    refuse_unfit(text)
    return text


def _write(reports: list[Report], files: list[Path], profile: Path | None, existing: str) -> None:
    from samekey.verify.profile import as_config  # noqa: PLC0415
    from samekey.verify.report import as_json, as_junit  # noqa: PLC0415

    texts = [(file, as_json(reports) if file.suffix == ".json" else as_junit(reports)) for file in files]
    if profile is not None:
        texts.append((profile, as_config(reports, existing, datetime.now(UTC).date())))
    for file, text in texts:
        write_whole(file, text)
