"""One set-up measured: `samekey verify` is run on it as a command, and what its report says is kept."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.middlewares.environments import PLACE, ROOT, InstallError
from tests.middlewares.servers import DOCUMENT, TOKENS, StartError, serving
from tests.middlewares.setups import Setup

RESULTS: Final = PLACE / "results"
_SECONDS: Final = 420.0


@dataclass(frozen=True, slots=True)
class Cell:
    """What `verify` said of a check.

    Args:
        check: the check's name.
        verdict: its verdict, as it is printed.
        why: the sentence beside it.
    """

    check: str
    verdict: str
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """What came out of a set-up.

    Args:
        exit_code: that of `verify`; None where the application did not start.
        cells: what was said of each check; empty where nothing could be tried.
        error: why nothing could be tried; empty where it could.
    """

    exit_code: int | None
    cells: tuple[Cell, ...] = ()
    error: str = ""


def measured(setup: Setup) -> Row:
    """Measure a set-up, and keep what came out."""
    folder = PLACE / "runs" / setup.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with serving(setup, folder) as (first, second):
            done = subprocess.run(
                verify(first.url, second.url, first.kill, folder / "report.json"), cwd=ROOT, capture_output=True,
                text=True, timeout=_SECONDS, check=False, env={**os.environ, "COLUMNS": "120"},
            )  # fmt: skip
        (folder / "verify.txt").write_text(done.stdout + done.stderr, "utf-8")
        row = _row(done, folder / "report.json")
    except (InstallError, StartError, subprocess.SubprocessError) as error:
        row = Row(None, error=str(error))
    _keep(setup, row)
    return row


def verify(url: str, other: str, kill: str, report: Path) -> list[str]:
    """Return the command that verifies an application.

    Args:
        url: where it is.
        other: where its other instance is.
        kill: the command that kills the first.
        report: where the report goes.
    """
    return [
        sys.executable, "-m", "samekey", "verify", str(DOCUMENT), "--base-url", url, "--operation", "createCharge",
        "--token", TOKENS[0], "--other-token", TOKENS[1], "--failing-header", "X-Fail=after-effect",
        "--restart", kill, "--also", other, "--wait", "2", "--wait-for", "30", "--report", str(report),
    ]  # fmt: skip


def kept(setup: Setup) -> Row | None:
    """Return what came out of a set-up before; None where it was not measured."""
    path = RESULTS / f"{setup.name}.json"
    if not path.exists():
        return None
    value = json.loads(path.read_text("utf-8"))
    return Row(value["exit_code"], tuple(Cell(*cell) for cell in value["cells"]), value["error"])


def _row(done: subprocess.CompletedProcess[str], report: Path) -> Row:
    if not report.exists():
        return Row(done.returncode, error=done.stderr.strip().replace("\n", " "))
    checks = json.loads(report.read_text("utf-8"))["checks"]
    return Row(done.returncode, tuple(Cell(check["check"], check["verdict"], check["why"]) for check in checks))


def _keep(setup: Setup, row: Row) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    cells = [[cell.check, cell.verdict, cell.why] for cell in row.cells]
    text = json.dumps({"exit_code": row.exit_code, "error": row.error, "cells": cells}, indent=1)
    (RESULTS / f"{setup.name}.json").write_text(text, "utf-8")
