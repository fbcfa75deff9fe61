"""Running other programs on what was generated, with their words in the failure message."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path


def checked(command: list[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a program that must succeed; its standard output."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stdout


MYPY_CACHE = "SAMEKEY_TESTS_MYPY"
"""Names a folder of this process's own, of which what mypy has found is kept from one test to the next."""


def mypy_strict() -> list[str]:
    """A command that checks whole SDKs: what it has found of libraries is not found anew for each of them.

    Where two SDKs of the same name and size are made in the same second, `without_cache` tells them apart.
    """
    return [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={os.environ.get(MYPY_CACHE, os.devnull)}"]


def without_cache() -> list[str]:
    """Arguments that keep mypy from writing beside what it checks."""
    return ["--no-incremental", f"--cache-dir={os.devnull}"]


WITHOUT_RUNTIME = ["**/_runtime", "**/__pycache__", "**/.*"]
"""What pyright need not look at: the runtime is the same in every SDK, and most of it; `tests/golden` checks it."""


def modules_checked(project: Path) -> int:
    """How many modules of an SDK stand outside of its runtime."""
    return sum("_runtime" not in path.parts for path in project.rglob("*.py"))


def pyright_strict(project: Path, scratch: Path, *, with_runtime: bool = False) -> None:
    """Run pyright in strict mode on a copy of a folder: it ignores absolute paths, and would then check nothing."""
    shutil.copytree(project, scratch / "project", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    # What a document discourages may be called all the same, by a snippet that shows it.
    settings: dict[str, object] = {"typeCheckingMode": "strict", "extraPaths": ["project"], "reportDeprecated": "none"}
    settings |= {} if with_runtime else {"exclude": WITHOUT_RUNTIME}
    (scratch / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", "-p", str(scratch)]
    report = json.loads(checked(command))
    expected = len(list(project.rglob("*.py"))) if with_runtime else modules_checked(project)
    assert report["summary"]["filesAnalyzed"] >= expected


def write_files(files: Mapping[str, str], folder: Path) -> None:
    """Write files below a folder, by their paths from it; their line ends stay as they are."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())


class TooMuchWorkError(AssertionError):
    """More functions were called than a piece of work may need."""


@contextmanager
def at_most(calls: int) -> Generator[None]:
    """End a block that calls more functions than it may: a bound that no slow machine moves.

    Args:
        calls: of Python and C functions together.
    """
    left = calls

    def called(_frame: object, event: str, _argument: object) -> None:
        nonlocal left
        left -= event in {"call", "c_call"}
        if left < 0:
            sys.setprofile(None)
            raise TooMuchWorkError(f"more than {calls} calls")

    sys.setprofile(called)
    try:
        yield
    finally:
        sys.setprofile(None)
