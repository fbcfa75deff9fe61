"""Environments of their own for the packages, made under `build/middlewares` and made again when a version changes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.middlewares.setups import Framework, Setup

ROOT: Final = Path(__file__).parent.parent.parent
PLACE: Final = ROOT / "build" / "middlewares"
APPS: Final = Path(__file__).parent / "apps"
_SECONDS: Final = 300.0


class InstallError(Exception):
    """A package cannot be installed; the text is the installer's."""


def environment(setup: Setup) -> Path:
    """Return the folder in which a set-up's packages are installed.

    Raises:
        InstallError: one of them cannot be.
    """
    wanted = _wanted(setup)
    for made in sorted((PLACE / "environments").glob("*/wanted.json")):
        if json.loads(made.read_text("utf-8")) == wanted:
            return made.parent
    folder = PLACE / "environments" / setup.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(f"installing {' '.join(wanted)} …", file=sys.stderr)
    (_npm if setup.framework is Framework.EXPRESS else _pip)(folder, wanted)
    (folder / "wanted.json").write_text(json.dumps(wanted), "utf-8")
    return folder


def _wanted(setup: Setup) -> list[str]:
    sign = "@" if setup.framework is Framework.EXPRESS else "=="
    return [*([f"{setup.package}{sign}{setup.version}"] if setup.package else []), *setup.beside]


def _pip(folder: Path, wanted: list[str]) -> None:
    _run(folder, sys.executable, "-m", "venv", str(folder))
    _run(
        folder,
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        *wanted,
    )


def _npm(folder: Path, wanted: list[str]) -> None:
    (folder / "package.json").write_text("{}", "utf-8")
    _run(folder, "npm", "install", "--no-audit", "--no-fund", "--silent", *wanted)


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, timeout=_SECONDS)
    if done.returncode:
        raise InstallError(" / ".join((done.stderr or done.stdout).strip().splitlines()[-2:]))
