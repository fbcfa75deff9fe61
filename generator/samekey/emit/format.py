"""What is emitted, formatted by ruff in one process for all files, and compiled."""

from __future__ import annotations

import subprocess
import tempfile
import warnings
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ruff import find_ruff_bin  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from samekey.document.diagnostics import Diagnostics

LINE_LENGTH = 100


class FormatError(RuntimeError):
    """ruff or Python refused what was emitted: a defect of samekey."""


def format_files(files: Mapping[str, str], keep: Collection[str] = ()) -> dict[str, str]:
    """Return the files with their Python formatted and its imports sorted.

    Args:
        files: texts by path.
        keep: paths that are formatted already.

    Raises:
        FormatError: a file is not valid Python.
    """
    chosen = [path for path in files if path.endswith(".py") and path not in keep]
    with tempfile.TemporaryDirectory(prefix="samekey-") as folder:
        root = Path(folder)
        for above in dict.fromkeys(PurePosixPath(path).parent for path in chosen):
            (root / above).mkdir(parents=True, exist_ok=True)
        for path in chosen:
            (root / path).write_text(files[path], "utf-8", newline="\n")
        _ruff(root, "check", "--select", "I001", "--fix", "--exit-zero", "--isolated", "--no-cache", "--quiet")
        _ruff(root, "format", "--line-length", str(LINE_LENGTH), "--isolated", "--no-cache")
        formatted = {path: (root / path).read_text("utf-8") for path in chosen}
    return {path: formatted.get(path, text) for path, text in files.items()}


def report_defect(error: FormatError, diagnostics: Diagnostics) -> None:
    """Report as an error that an SDK would not be valid Python."""
    message = f"what samekey made of this document is not valid Python: {error}"
    diagnostics.error("defect", message, hint="this is a defect of samekey; please report it with the document")


def compile_files(files: Mapping[str, str], keep: Collection[str] = ()) -> None:
    """Compile every Python file, so that nothing is written which cannot be imported.

    Args:
        files: texts by path.
        keep: paths that are known to compile.

    Raises:
        FormatError: Python refuses a file, or warns of what it says.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path, text in files.items():
            if path.endswith(".py") and path not in keep:
                _compile(path, text)


def _compile(path: str, text: str) -> None:
    try:
        compile(text, path, "exec", dont_inherit=True)
    except (SyntaxError, SyntaxWarning, ValueError, RecursionError, MemoryError) as error:
        raise FormatError(f"{path}: {error}") from error


def _ruff(folder: Path, *arguments: str) -> None:
    try:
        program = find_ruff_bin()
    except FileNotFoundError as error:
        raise FormatError("ruff is not installed beside samekey; install samekey again") from error
    command = [program, *arguments, "--target-version", "py311", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FormatError((done.stderr or done.stdout).strip().replace(f"{folder}/", ""))
