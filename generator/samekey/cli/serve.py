"""`samekey serve` and `samekey chaos`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samekey.cli.extras import sandbox_extra
from samekey.cli.options import FaultFile, FaultRules, FaultSeed, Listen, Quiet, Spec, Store
from samekey.document.diagnostics import escaped

if TYPE_CHECKING:
    from samekey.sandbox.server.app import Sandbox
    from samekey.sandbox.server.faults import Plan


def serve(  # noqa: PLR0913  # an option each
    spec: Spec,
    listen: Listen = "127.0.0.1:8787",
    store: Store = "samekey-sandbox.db",
    token: Annotated[
        list[str] | None,
        typer.Option(metavar="TOKEN", help="A credential to take, each an account of its own; any by default."),
    ] = None,
    ttl: Annotated[
        float | None, typer.Option(metavar="HOURS", help="How long keys are remembered.", min=0.001, max=72)
    ] = None,
    fault: FaultRules = None,
    faults: FaultFile = None,
    seed: FaultSeed = None,
    *,
    webhooks: Annotated[
        str, typer.Option(metavar="URL", help="Where the document's webhooks are sent.", show_default=False)
    ] = "",
    webhook_secret: Annotated[
        str,
        typer.Option(metavar="SECRET", help="What signs them, whsec_…; else a fresh one.", show_default=False),
    ] = "",
    quiet: Quiet = False,
) -> None:
    """Serve a real API made of the document: it keeps its promise of idempotency, and fails on command."""
    address = _address(listen)
    with sandbox_extra():
        from samekey.sandbox.server.app import Settings, open_sandbox  # noqa: PLC0415  # an extra

        plan = _plan(fault, faults, seed, inside=True)
        settings = Settings(
            store, tuple(token or ()), None if ttl is None else ttl * 3600, plan,
            webhooks=webhooks, webhook_secret=webhook_secret,
        )  # fmt: skip
        stdin = sys.stdin.buffer.read() if spec == "-" else b""
        sandbox = open_sandbox(spec, settings, stdin, None if quiet else _tell)
        _serve(sandbox, address)


def chaos(
    upstream: Annotated[str, typer.Option(metavar="URL", help="The API to stand in front of.")],
    listen: Listen = "127.0.0.1:8788",
    store: Store = "samekey-chaos.db",
    key: Annotated[str, typer.Option(metavar="HEADER", help="The header that carries keys.")] = "Idempotency-Key",
    fault: FaultRules = None,
    faults: FaultFile = None,
    seed: FaultSeed = None,
    *,
    quiet: Quiet = False,
) -> None:
    """Stand in front of an API and lose its answers, so that its clients can be watched."""
    address = _address(listen)
    with sandbox_extra():
        from samekey.sandbox.server.chaos import Upstream, open_chaos  # noqa: PLC0415  # an extra

        plan = _plan(fault, faults, seed, inside=False)
        _serve(open_chaos(Upstream(upstream, store, key, plan), None if quiet else _tell), address)


def _tell(line: str) -> None:
    """Print what became of a request, with the time of day."""
    typer.echo(f"{datetime.now().astimezone():%H:%M:%S}  {escaped(line)}")


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):  # noqa: PLR2004  # the last port and one
        raise typer.BadParameter(f"{listen!r} is not of the form HOST:PORT", param_hint="--listen")
    return host.strip("[]") or "127.0.0.1", int(port)


def _plan(flags: list[str] | None, file: Path | None, seed: int | None, *, inside: bool) -> Plan:
    """Plan what goes wrong: the rules of the flags, then those of the file; a given seed wins over the file's."""
    from samekey.sandbox.server.faults import Plan, parse_flag, read_plan  # noqa: PLC0415

    flagged = [rule for text in flags or () for rule in parse_flag(text, inside=inside)]
    filed = read_plan(file, inside=inside) if file is not None else Plan()
    return Plan((*flagged, *filed.rules), filed.seed if seed is None else seed)


def _serve(sandbox: Sandbox, address: tuple[str, int]) -> None:
    from samekey.sandbox.server.serving import Running, serve  # noqa: PLC0415

    def started(running: Running) -> None:
        count = f", {sandbox.served.operations} operations" if sandbox.served.operations else ""
        typer.echo(f"{escaped(sandbox.served.title)}{count}: {typer.style(running.url, bold=True)}")
        typer.echo(f"  watch and fail it: {running.page}")
        typer.echo(f"  kept in:           {sandbox.database.engine.url}")
        rules = [f"{rule.fault} ({rule.probability:.0%} of {rule.operation})" for rule in sandbox.faults.plan.rules]
        typer.echo(f"  goes wrong:        {', '.join(rules) or 'nothing'}")
        announcer = sandbox.served.announcer
        if announcer is not None:
            typer.echo(f"  sends webhooks to: {announcer.url}, signed with {announcer.secret}")

    serve(sandbox, *address, started)
