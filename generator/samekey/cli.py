"""The command line: the only module that prints."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from samekey.diagnostics import Diagnostics, Severity, explain

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from samekey.config import Config
    from samekey.document import Document
    from samekey.generate import Result
    from samekey.names import Ledger
    from samekey.plan.views import OperationSummary
    from samekey.sandbox.app import Sandbox
    from samekey.sandbox.faults import Plan

app = typer.Typer(
    name="samekey",
    help="Read an OpenAPI document and write a Python client library that is safe to retry.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Spec = Annotated[str, typer.Argument(metavar="SPEC", help="A path, a URL, or - for standard input.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The config file; see docs/config.md.", show_default=False),
]
Overlays = Annotated[
    list[str] | None,
    typer.Option("--overlay", metavar="FILE", help="Changes to the document; may be repeated.", show_default=False),
]
CheckOnly = Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 with a diff if DIR is not up to date.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON list for other programs.")]
Listen = Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0 is any free one.")]
Store = Annotated[str, typer.Option(metavar="URL", help="Where all is kept: a file, or postgresql://….")]
FaultRules = Annotated[
    list[str] | None,
    typer.Option(
        "--fault", metavar="FAULT", help="What goes wrong: cut, 503, any,probability=0.3; may be repeated.",
        show_default=False,
    ),
]  # fmt: skip
FaultFile = Annotated[
    Path | None,
    typer.Option("--faults", metavar="FILE", help="Rules of faults; see docs/sandbox.md.", show_default=False),
]
Seed = Annotated[int, typer.Option(metavar="N", help="Seeds the chance of faults.")]
_MAX_NOTES = 10
_WIDE = 1000


@app.callback()
def root() -> None:
    """Read an OpenAPI document and write a Python client library that is safe to retry."""


@app.command()
def generate(
    spec: Spec,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="The folder of the SDK.")],
    config: ConfigFile = None,
    overlay: Overlays = None,
    package: Annotated[str, typer.Option(metavar="NAME", help="The import name of the SDK.", show_default=False)] = "",
    *,
    check: CheckOnly = False,
) -> None:
    """Write an installable SDK; exit 0 when every operation of the document is in it."""
    from samekey.generate import generate as make  # noqa: PLC0415  # `--help` need not wait for the generator

    began = time.monotonic()
    diagnostics = Diagnostics()
    with _progress() as step:
        step("loading")
        settings = _config(config, package, diagnostics)
        ledger = _ledger(output, diagnostics)
        document = _load(spec, settings, overlay, diagnostics) if settings is not None else None
        if settings is None or ledger is None or document is None or diagnostics.failed:
            _fail(diagnostics)
        result = make(document, settings, step, ledger)
        # An SDK that lacks something must not take the place of a whole one.
        if result is None or diagnostics.failed:
            _fail(diagnostics)
        step("comparing" if check else "writing files")
        summary = _write(result, output, diagnostics, check=check)
    _show(diagnostics)
    typer.echo(f"{summary}: {result.operations} operations, {result.types} models in {time.monotonic() - began:.2f} s")
    _show_fallbacks(result)
    raise typer.Exit(1 if diagnostics.failed else 0)


@app.command()
def inspect(
    spec: Spec,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="The folder of the SDK, for its names.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    overlay: Overlays = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show each operation: how it is called, whether it is keyed, and why."""
    from samekey.generate import inspect as make  # noqa: PLC0415

    diagnostics = Diagnostics()
    settings = _config(config, "", diagnostics)
    ledger = _ledger(output, diagnostics)
    if settings is None or ledger is None:
        _fail(diagnostics)
    document = _load(spec, settings, overlay, diagnostics)
    rows = make(document, settings, ledger) if document is not None else None
    if rows is None:
        _fail(diagnostics)
    _show(diagnostics)
    if as_json:
        typer.echo(json.dumps([_row(row) for row in rows], indent=2))
    else:
        _table(rows)
    raise typer.Exit(1 if diagnostics.failed else 0)


@app.command()
def serve(
    spec: Spec,
    listen: Listen = "127.0.0.1:8787",
    store: Store = "samekey-sandbox.db",
    token: Annotated[str, typer.Option(metavar="TOKEN", help="The one credential to take; any by default.")] = "",
    ttl: Annotated[
        float | None, typer.Option(metavar="HOURS", help="How long keys are remembered.", min=0.001, max=72)
    ] = None,
    fault: FaultRules = None,
    faults: FaultFile = None,
    seed: Seed = 1,
) -> None:
    """Serve a real API made of the document: it keeps its promise of idempotency, and fails on command."""
    address = _address(listen)
    with _sandbox():
        from samekey.sandbox.app import Settings, open_sandbox  # noqa: PLC0415  # an extra

        plan = _plan(fault, faults, seed, inside=True)
        settings = Settings(store, token, None if ttl is None else ttl * 3600, plan)
        sandbox = open_sandbox(spec, settings, sys.stdin.buffer.read() if spec == "-" else b"")
        _serve(sandbox, address)


@app.command()
def chaos(
    upstream: Annotated[str, typer.Option(metavar="URL", help="The API to stand in front of.")],
    listen: Listen = "127.0.0.1:8788",
    store: Store = "samekey-chaos.db",
    key: Annotated[str, typer.Option(metavar="HEADER", help="The header that carries keys.")] = "Idempotency-Key",
    fault: FaultRules = None,
    faults: FaultFile = None,
    seed: Seed = 1,
) -> None:
    """Stand in front of an API and lose its answers, so that its clients can be watched."""
    address = _address(listen)
    with _sandbox():
        from samekey.sandbox.chaos import Upstream, open_chaos  # noqa: PLC0415  # an extra

        plan = _plan(fault, faults, seed, inside=False)
        _serve(open_chaos(Upstream(upstream, store, key, plan)), address)


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):  # noqa: PLR2004  # the last port and one
        raise typer.BadParameter(f"{listen!r} is no HOST:PORT", param_hint="--listen")
    return host.strip("[]") or "127.0.0.1", int(port)


@contextmanager
def _sandbox() -> Generator[None]:
    """Say in a line what the sandbox cannot do, or that it is not installed."""
    try:
        from samekey.sandbox.errors import SandboxError  # noqa: PLC0415

        try:
            yield
        except SandboxError as error:
            _print_finding(f"error: {error}", Severity.ERROR)
            raise typer.Exit(1) from error
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("samekey"):
            raise
        message = f"error: the sandbox is an extra, and {error.name} is missing: pip install 'samekey[sandbox]'"
        _print_finding(message, Severity.ERROR)
        raise typer.Exit(1) from error


def _plan(flags: list[str] | None, file: Path | None, seed: int, *, inside: bool) -> Plan:
    """What is to go wrong: the rules of the flags, then those of the file."""
    from samekey.sandbox.faults import Plan, parse_flag, read_plan  # noqa: PLC0415

    flagged = [rule for text in flags or () for rule in parse_flag(text, inside=inside)]
    filed = read_plan(file, inside=inside) if file is not None else Plan(seed=seed)
    return Plan((*flagged, *filed.rules), filed.seed)


def _serve(sandbox: Sandbox, address: tuple[str, int]) -> None:
    from samekey.sandbox.serving import Running, serve  # noqa: PLC0415

    def started(running: Running) -> None:
        count = f", {sandbox.operations} operations" if sandbox.operations else ""
        typer.echo(f"{_printable(sandbox.title)}{count}: {typer.style(running.url, bold=True)}")
        typer.echo(f"  watch and fail it: {running.page}")
        typer.echo(f"  kept in:           {sandbox.database.engine.url}")
        rules = [f"{rule.fault} ({rule.probability:.0%} of {rule.operation})" for rule in sandbox.faults.plan.rules]
        typer.echo(f"  goes wrong:        {', '.join(rules) or 'nothing'}")

    serve(sandbox, *address, started)


def _config(path: Path | None, package: str, diagnostics: Diagnostics) -> Config | None:
    from dataclasses import replace  # noqa: PLC0415

    from samekey.config import Config, hides_module, is_package_name, load_config  # noqa: PLC0415

    if package and not is_package_name(package):
        message = f"{package!r} is no name that Python can import in lower case"
        raise typer.BadParameter(message, param_hint="--package")
    if hides_module(package):
        message = f"a package {package!r} would hide the module of that name"
        raise typer.BadParameter(message, param_hint="--package")
    found = Config() if path is None else load_config(str(path), diagnostics)
    return replace(found, package=package) if found is not None and package else found


def _ledger(target: Path | None, diagnostics: Diagnostics) -> Ledger | None:
    """The names that an SDK has given before; None where they cannot be read."""
    from samekey.names import EMPTY, LEDGER, load_ledger  # noqa: PLC0415

    return EMPTY if target is None else load_ledger(target / LEDGER, diagnostics)


def _load(spec: str, config: Config, overlays: list[str] | None, diagnostics: Diagnostics) -> Document | None:
    """The document with the overlays of the config, then those of the command line."""
    from samekey.document import load  # noqa: PLC0415

    document = load(spec, diagnostics, stdin=sys.stdin.buffer.read() if spec == "-" else b"")
    locations = [*config.overlays, *(overlays or ())]
    if document is None or not locations:
        return document
    from samekey.overlay import apply_overlays, load_overlay  # noqa: PLC0415

    found = [load_overlay(location, diagnostics) for location in locations]
    usable = [overlay for overlay in found if overlay is not None]
    return apply_overlays(document, usable) if len(usable) == len(found) else None


def _write(result: Result, target: Path, diagnostics: Diagnostics, *, check: bool) -> str:
    from samekey.write import apply, compare, diff  # noqa: PLC0415

    changes = compare(target, result.files, diagnostics)
    if changes is None:
        _fail(diagnostics)
    for path in changes.kept:
        diagnostics.note("file-kept", f"{target / path} was taken over by hand and stays as it is")
    if check:
        for line in diff(target, result.files, changes):
            typer.echo(line)
        if changes.any:
            diagnostics.error(
                "out-of-date",
                f"{target} is out of date: {len(changes.write)} files to write, {len(changes.remove)} to remove",
                hint="run the same command without --check",
            )
        return f"checked {target}"
    if not apply(target, result.files, changes, diagnostics):
        _fail(diagnostics)
    return f"wrote {target} ({len(changes.write)} files changed, {len(changes.remove)} removed)"


@contextmanager
def _progress() -> Generator[Callable[[str], None]]:
    """A spinner with the current step on a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415

    with Console(stderr=True).status("starting") as status:
        yield status.update


def _fail(diagnostics: Diagnostics) -> NoReturn:
    _show(diagnostics)
    raise typer.Exit(1)


def _show(diagnostics: Diagnostics) -> None:
    """Errors whole, the first warnings and notes whole, the rest as a count."""
    others = [entry for entry in diagnostics if entry.severity is not Severity.ERROR]
    errors = [entry for entry in diagnostics if entry.severity is Severity.ERROR]
    for entry in [*others[:_MAX_NOTES], *errors]:
        _print_finding(explain(entry), entry.severity)
    if len(others) > _MAX_NOTES:
        _print_finding(f"note: {len(others) - _MAX_NOTES} more warnings and notes of the same kinds", Severity.NOTE)


def _print_finding(text: str, severity: Severity) -> None:
    colour = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}[severity]
    first, separator, rest = text.partition("\n")
    typer.echo(typer.style(first, fg=colour, bold=True) + separator + rest, err=True)


def _show_fallbacks(result: Result) -> None:
    if not result.fallbacks:
        return
    reasons: dict[str, list[str]] = {}
    for place, reason in result.fallbacks:
        reasons.setdefault(reason, []).append(place)
    typer.echo(f"{len(result.fallbacks)} types are Any:")
    for reason, places in sorted(reasons.items(), key=lambda entry: -len(entry[1])):
        typer.echo(f"  {len(places):4d}  {_printable(reason)}, first at {_printable(places[0])}")


def _printable(text: str) -> str:
    from samekey.diagnostics import printable  # noqa: PLC0415

    return printable(text)


def _row(row: OperationSummary) -> dict[str, object]:
    return {
        "operation_id": row.operation_id,
        "method": row.method,
        "path": row.path,
        "safety": row.safety,
        "key": {"in": row.key[0], "name": row.key[1]} if row.key else None,
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
    for heading in ("call", "method", "path", "safety", "key", "why"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"call", "method", "safety"})
    for row in rows:
        key = f"{row.key[0]} {row.key[1]}" if row.key else ""
        table.add_row(*(Text(_printable(cell)) for cell in (row.call, row.method, row.path, row.safety, key, row.why)))
    console = Console()
    # In a pipe every row stays on its line, for grep and its like.
    (console if console.is_terminal else Console(width=_WIDE)).print(table)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Pipes may have an encoding that cannot spell a document's text, such as Windows' old code pages.
            stream.reconfigure(errors="backslashreplace")
    app()
