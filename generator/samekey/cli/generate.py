"""`samekey generate` and `samekey inspect`."""

from __future__ import annotations

import json
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from msgspec import Struct

from samekey.cli.diff import check_reports, told, write_reports
from samekey.cli.options import (
    AllowRemote,
    AsJson,
    CheckOnly,
    ConfigFile,
    Dump,
    DumpStage,
    NamesFolder,
    Overlays,
    ReportFiles,
    Spec,
)
from samekey.cli.output import ExitCode, fail, print_finding, progress, show, worded
from samekey.cli.reading import own_modules, read_config, read_document, read_names, read_own, read_parts
from samekey.cli.watching import keep_up
from samekey.document.diagnostics import Diagnostics, escaped
from samekey.gc_pause import paused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from samekey.diff import Surface
    from samekey.emit.views import OperationSummary, Plan
    from samekey.ir import Api
    from samekey.names import Lockfile, Names
    from samekey.output.check_cache import Inputs, Said
    from samekey.output.write import Changes
    from samekey.pipeline import Generated

_WIDE = 1000
_DUMP_WIDTH = 120
_SHOWN_CHANGES = 20
_PROJECT = "pyproject.toml"


class _Command(Struct, frozen=True):
    """The arguments of `samekey generate` that its output depends on."""

    spec: str
    output: Path
    config: Path | None
    overlays: tuple[str, ...]
    package: str
    allow_remote: bool
    rename_all: bool = False
    reports: tuple[Path, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What tells this command from others."""
        own = [str(path) for path in own_modules(self.output)]
        remote = ("--allow-remote",) if self.allow_remote else ()
        return (self.spec, str(self.output), str(self.config or ""), self.package, *self.overlays, *remote, *own)

    @property
    def files(self) -> tuple[str, ...]:
        """The files that were named."""
        named = () if self.config is None else (str(self.config),)
        return (self.spec, *named, *self.overlays)


def generate(  # noqa: PLR0913  # the options of the command
    spec: Spec,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="The folder of the SDK.")],
    config: ConfigFile = None,
    overlay: Overlays = None,
    package: Annotated[str, typer.Option(metavar="NAME", help="The import name of the SDK.", show_default=False)] = "",
    *,
    rename_all: Annotated[
        bool, typer.Option("--rename-all", help="Give every name anew, whatever names.json has, and say what moved.")
    ] = False,
    check: CheckOnly = False,
    report: ReportFiles = None,
    allow_remote: AllowRemote = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Write it again whenever a file changes that it is made of.")
    ] = False,
) -> None:
    """Write an installable SDK; exit 0 when every operation of the document is in it."""
    from samekey.output.check_cache import Inputs  # noqa: PLC0415  # `--help` need not wait for it

    check_reports(report or (), (spec, config, *(overlay or ())))
    command = _Command(
        spec, output, config, tuple(overlay or ()), package, allow_remote, rename_all, tuple(report or ())
    )
    if watch:
        if check or spec == "-":
            message = "with --check nothing is written" if check else "standard input does not change"
            raise typer.BadParameter(message, param_hint="--watch")
        keep_up(lambda inputs: _generate(command, inputs, is_last=False), command.files)
    _generate(command, Inputs(), check=check)


def _generate(command: _Command, inputs: Inputs, *, check: bool = False, is_last: bool = True) -> None:
    """Write or check an SDK.

    Args:
        command: the arguments.
        inputs: keeps what is read.
        check: whether nothing is written.
        is_last: whether the process ends with it.
    """
    from samekey.names import LOCKFILE  # noqa: PLC0415
    from samekey.output.check_cache import load_run, place_of_run, store_run  # noqa: PLC0415

    began = time.monotonic()
    spec, output = command.spec, command.output
    place = place_of_run(command.words) if spec != "-" and not command.rename_all else None
    # What is remembered of a run says nothing for a report.
    said = load_run(place, output) if check and place is not None and not command.reports else None
    if said is not None:
        _tell(f"checked {output}, where nothing has changed", said, began)
        return
    diagnostics = Diagnostics()
    with paused(to_the_end=is_last), progress() as step:
        lockfile, result = _made(command, diagnostics, inputs, step)
        step("comparing" if check else "writing files")
        changes = _compared(result, output, diagnostics)
        before = _before(output, changes, diagnostics)
        act = _checked if check else _written
        summary = act(result, output, changes, diagnostics)
        said = _said(result, diagnostics)
        # A run that finds other names than it leaves may have more to say the next time.
        is_steady = lockfile.source is None or LOCKFILE not in changes.write
        if place is not None and is_steady and not diagnostics.failed:
            store_run(place, output, inputs, result.files, changes.kept, said)
    what_changes = _reported(before, result.surface, command.reports)
    _tell(summary, said, began)
    for entry in result.moved:
        typer.echo(escaped(f"  {entry.what} {entry.before} is {entry.now} now"))
    for line in what_changes:
        typer.echo(line)
    if diagnostics.failed:
        raise typer.Exit(ExitCode.BROKEN if check and changes.any else ExitCode.UNUSABLE)


def inspect(
    spec: Spec,
    output: NamesFolder = None,
    config: ConfigFile = None,
    overlay: Overlays = None,
    *,
    as_json: AsJson = False,
    dump: Dump = None,
    allow_remote: AllowRemote = False,
) -> None:
    """Show each operation: how it is called, whether it is keyed, who says that its key is honoured, and why."""
    from samekey.pipeline import inspect as make  # noqa: PLC0415
    from samekey.pipeline import stages  # noqa: PLC0415

    diagnostics = Diagnostics()
    settings = read_config(config, "", diagnostics)
    lockfile = read_names(output, diagnostics)
    if settings is None or lockfile is None:
        fail(diagnostics)
    document = read_document(spec, settings, diagnostics, overlay or (), allow_remote=allow_remote)
    parts = read_parts(settings, diagnostics, allow_remote=allow_remote)
    if document is None or parts is None:
        fail(diagnostics)
    if dump is not None:
        _dump(dump, stages(document, settings, lockfile, parts), diagnostics)
    rows = make(document, settings, lockfile, parts)
    if rows is None:
        fail(diagnostics)
    show(diagnostics)
    if as_json:
        typer.echo(json.dumps([_row(row) for row in rows], indent=2))
    else:
        _table(rows)
    raise typer.Exit(ExitCode.UNUSABLE if diagnostics.failed else ExitCode.GOOD)


def _dump(stage: DumpStage, made: tuple[Api, Names, Plan] | None, diagnostics: Diagnostics) -> NoReturn:
    from rich.pretty import pretty_repr  # noqa: PLC0415

    if made is None:
        fail(diagnostics)
    show(diagnostics)
    for line in pretty_repr(dict(zip(DumpStage, made, strict=True))[stage], max_width=_DUMP_WIDTH).splitlines():
        typer.echo(escaped(line))
    raise typer.Exit(ExitCode.UNUSABLE if diagnostics.failed else ExitCode.GOOD)


def _made(
    command: _Command, diagnostics: Diagnostics, inputs: Inputs, step: Callable[[str], None]
) -> tuple[Lockfile, Generated]:
    """Make an SDK, and return the lockfile that was there with what is made now; exit 1 where that fails."""
    from samekey.names import LOCKFILE, load_lockfile  # noqa: PLC0415
    from samekey.pipeline import generate as make  # noqa: PLC0415

    step("loading")
    settings = read_config(command.config, command.package, diagnostics, inputs.fetch)
    lockfile = load_lockfile(command.output / LOCKFILE, diagnostics)
    document = (
        read_document(
            command.spec,
            settings,
            diagnostics,
            command.overlays,
            inputs.fetch,
            allow_remote=command.allow_remote,
        )
        if settings is not None
        else None
    )
    parts = (
        read_parts(settings, diagnostics, inputs.fetch, allow_remote=command.allow_remote)
        if settings is not None
        else None
    )
    own = read_own(command.output, settings, diagnostics, inputs.fetch) if settings is not None else None
    if settings is None or lockfile is None or document is None or parts is None or own is None or diagnostics.failed:
        fail(diagnostics)
    result = make(document, settings, step, lockfile, parts, own, rename_all=command.rename_all)
    # An SDK that lacks something must not take the place of a whole one.
    if result is None or diagnostics.failed:
        fail(diagnostics)
    return lockfile, result


def _compared(result: Generated, target: Path, diagnostics: Diagnostics) -> Changes:
    from samekey.output.write import compare  # noqa: PLC0415

    changes = compare(target, result.files, diagnostics)
    if changes is None:
        fail(diagnostics)
    for path in changes.kept:
        # Nothing in a licence says who wrote it, so one that is there is its owner's.
        why = "is not the text of the licence that would be written" if path == "LICENSE" else "was taken over by hand"
        diagnostics.note("file-kept", f"{target / path} {why} and stays as it is")
    if _PROJECT in changes.kept:
        _warn_of_version(target / _PROJECT, result.surface.version, diagnostics)
    return changes


def _warn_of_version(project: Path, version: str, diagnostics: Diagnostics) -> None:
    """Warn where a project file of the user's has another version than the package, which tells it to servers."""
    try:
        stated = tomllib.loads(project.read_text("utf-8"))["project"]["version"]
    except (OSError, ValueError, LookupError, TypeError):
        return
    if stated != version:
        diagnostics.warning(
            "version-differs",
            f"{project} says version {str(stated)!r}, and the package in it says {version}",
            hint="write the same there, or have a template in place of a file of your own: see docs/own-code.md",
        )


def _before(target: Path, changes: Changes, diagnostics: Diagnostics) -> Surface | None:
    """Return what users saw of the SDK that is there, if they will see something else; None where that is not known."""
    from samekey.diff import SURFACE, SurfaceError, read_surface  # noqa: PLC0415

    if SURFACE not in changes.write or not (target / SURFACE).exists():
        return None
    try:
        return read_surface((target / SURFACE).read_bytes())
    except (OSError, SurfaceError) as error:
        message = f"{target / SURFACE} cannot be read, so that nothing is said of what changes for users: {error}"
        diagnostics.note("surface-unreadable", message)
        return None


def _reported(before: Surface | None, after: Surface, files: Sequence[Path]) -> list[str]:
    """Write the reports that are asked for of what changes for users, and return its lines for a terminal."""
    if before is None and not files:
        return []
    from samekey.diff import report_changes  # noqa: PLC0415

    found = report_changes(before or after, after)
    write_reports(found, files)
    return [] if before is None else list(told(found, _SHOWN_CHANGES))


def _checked(result: Generated, target: Path, changes: Changes, diagnostics: Diagnostics) -> str:
    from samekey.output.write import unified_diff  # noqa: PLC0415

    for line in unified_diff(target, result.files, changes):
        typer.echo(line)
    if changes.any:
        diagnostics.error(
            "out-of-date",
            f"{target} is out of date: {len(changes.write)} files to write, {len(changes.remove)} to remove",
            hint="run the same command without --check",
        )
    return f"checked {target}"


def _written(result: Generated, target: Path, changes: Changes, diagnostics: Diagnostics) -> str:
    from samekey.emit.format import FormatError, compile_files, report_defect  # noqa: PLC0415
    from samekey.emit.render import runtime_paths  # noqa: PLC0415
    from samekey.output.write import apply  # noqa: PLC0415

    try:
        # What lies there already was compiled when it was written, and the runtime is the same in every SDK.
        compile_files({path: result.files[path] for path in changes.write}, keep=runtime_paths(result.package))
    except FormatError as error:
        report_defect(error, diagnostics)
        fail(diagnostics)
    if not apply(target, result.files, changes, diagnostics):
        fail(diagnostics)
    return f"wrote {target} ({len(changes.write)} files changed, {len(changes.remove)} removed)"


def _said(result: Generated, diagnostics: Diagnostics) -> Said:
    from samekey.output.check_cache import Said  # noqa: PLC0415

    made = f"{_counted(result.operations, 'operation')}, {_counted(result.types, 'model')}"
    return Said(made, tuple(worded(diagnostics)), tuple(_fallbacks(result)), result.keys)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _fallbacks(result: Generated) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for place, reason in result.fallbacks:
        reasons.setdefault(reason, []).append(place)
    if reasons:
        yield f"{len(result.fallbacks)} types are Any:"
    for reason, places in sorted(reasons.items(), key=lambda entry: -len(entry[1])):
        yield f"  {len(places):4d}  {escaped(reason)}, first at {escaped(places[0])}"


def _tell(summary: str, said: Said, began: float) -> None:
    for severity, text in said.findings:
        print_finding(text, severity)
    typer.echo(f"{summary}: {said.made} in {time.monotonic() - began:.2f} s")
    for line in said.fallbacks:
        typer.echo(line)
    if said.keys:
        typer.echo(escaped(said.keys))


def _row(row: OperationSummary) -> dict[str, object]:
    return {
        "operation_id": row.operation_id,
        "method": row.method,
        "path": row.path,
        "safety": row.safety,
        "key": {"in": row.key[0], "name": row.key[1]} if row.key else None,
        "evidence": row.evidence,
        "why": row.why,
        "call": row.call,
        "parameters": [
            {
                "name": argument.name,
                "wire": argument.wire,
                "in": argument.location,
                "required": argument.required,
                "type": argument.annotation,
            }
            for argument in row.parameters
        ],
        "returns": row.returns,
    }


def _table(rows: list[OperationSummary]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for heading in ("call", "method", "path", "safety", "evidence", "key", "why"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"call", "method", "safety", "evidence"})
    for row in rows:
        key = f"{row.key[0]} {row.key[1]}" if row.key else ""
        cells = (row.call, row.method, row.path, row.safety, row.evidence or "", key, row.why)
        table.add_row(*(Text(escaped(cell)) for cell in cells))
    console = Console()
    # In a pipe every row stays on its line, for grep and its like.
    (console if console.is_terminal else Console(width=_WIDE)).print(table)
