"""One document from end to end, each step in a process of its own: generated, imported, type-checked, and called."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.corpus.catalog import Entry
from tests.corpus.outcome import Outcome
from tests.corpus.package import PACKAGE
from tests.corpus.steps import Done, run

ROOT: Final = Path(__file__).parent.parent.parent
_TOLD: Final = re.compile(r": (\d+) operations, (\d+) models in ")
_FALLBACKS: Final = re.compile(r"^(\d+) types are Any", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is to find out beyond the usual.

    Args:
        types: whether mypy and pyright are run.
        round_trip: whether every operation is called.
        limit: seconds for each step; type checkers have three times as many.
    """

    types: bool = False
    round_trip: bool = False
    limit: float = 300.0


@dataclass(slots=True)
class Row:
    """What was found of a document.

    Args:
        name: the document.
        version: its version, as the corpus's index has it.
        status: the exit status of `samekey generate`.
        refusal: why nothing was generated.
        crashed: whether it ended in a traceback or was stopped.
        declared: operations in the document, counted without samekey; None where nobody can read it.
        written: operations in the SDK.
        lost: operations that are missing from it.
        models: classes that samekey says it wrote.
        fallbacks: types that fell back to Any.
        modules: modules that were imported.
        decoders: decoders that were built.
        broken: why the package cannot be imported; empty where it can.
        mypy: what mypy finds in strict mode; None where it was not asked.
        pyright: what pyright finds.
        seconds: how long it took to generate.
        peak: megabytes that it took.
        outcomes: the round trips.
        unfinished: why some round trips are missing.
    """

    name: str
    version: str
    status: int = 0
    refusal: str = ""
    crashed: bool = False
    declared: int | None = None
    written: int = 0
    lost: list[str] = field(default_factory=list[str])
    models: int = 0
    fallbacks: int = 0
    modules: int = 0
    decoders: int = 0
    broken: str = ""
    mypy: str | None = None
    pyright: str | None = None
    seconds: float = 0.0
    peak: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    unfinished: str = ""

    @property
    def is_generated(self) -> bool:
        """Whether there is an SDK."""
        return self.status == 0

    def count(self, status: str) -> int:
        """How many round trips ended in one way."""
        return sum(outcome.status == status for outcome in self.outcomes)

    @property
    def defects(self) -> list[str]:
        """What no document excuses."""
        found = [f"operations are lost: {', '.join(self.lost[:3])}"] if self.lost else []
        found += ["samekey crashed"] if self.crashed else []
        message = {"import": self.broken, "mypy": self.mypy, "pyright": self.pyright, "round trip": self.unfinished}
        return found + [f"{step}: {text}" for step, text in message.items() if text]


def examine(entry: Entry, document: Path, scratch: Path, wanted: Wanted) -> Row:
    """Take a document through all steps.

    Args:
        entry: the document.
        document: its file.
        scratch: an empty folder to work in.
        wanted: what is to be found out.
    """
    row = Row(entry.name, entry.version)
    folder = scratch / "sdk-project"
    _generate(row, document, folder, wanted.limit)
    _look(row, document, folder if row.is_generated else None, wanted)
    if row.is_generated and wanted.types:
        row.mypy = _mypy(folder, wanted.limit * 3)
        row.pyright = _pyright(folder, scratch, wanted.limit * 3)
    return row


def _generate(row: Row, document: Path, folder: Path, limit: float) -> None:
    done = _python(["-m", "samekey", "generate", document, "-o", folder, "--package", PACKAGE], limit)
    row.status, row.seconds, row.peak = done.status, done.seconds, done.peak
    row.crashed = "Traceback" in done.err or done.overdue or done.status < 0
    if done.status != 0:
        row.refusal = f"stopped after {limit:.0f} s" if done.overdue else _reason(done.err)
    message = _TOLD.search(done.out)
    if message is not None:
        row.models = int(message[2])
    fallbacks = _FALLBACKS.search(done.out)
    row.fallbacks = int(fallbacks[1]) if fallbacks is not None else 0


def _reason(said: str) -> str:
    """The first error; of a traceback its last line."""
    errors = [line for line in said.splitlines() if line.startswith("error")]
    lines = [line for line in said.splitlines() if line.strip()]
    return errors[0] if errors else lines[-1] if lines else "it said nothing"


def _look(row: Row, document: Path, folder: Path | None, wanted: Wanted) -> None:
    command: list[str | Path] = ["-m", "tests.corpus.worker", document]
    if folder is not None:
        command += ["--sdk", folder, *(["--round-trip"] if wanted.round_trip else [])]
    done = _python(command, wanted.limit)
    for line in done.out.splitlines():
        _note(row, json.loads(line))
    if done.overdue:
        row.unfinished = f"stopped after {wanted.limit:.0f} s"
    elif done.status != 0:
        row.unfinished = _reason(done.err)


def _note(row: Row, message: dict[str, Any]) -> None:
    match message.pop("kind"):
        case "document":
            row.declared = message["operations"]
        case "package":
            row.broken = message["problem"]
            row.modules, row.decoders = message.get("modules", 0), message.get("decoders", 0)
            row.written, row.lost = message.get("operations", 0), message.get("lost", [])
        case "operation":
            notes: tuple[str, ...] = tuple(message["notes"])
            texts = (message["operation"], message["status"], message["cause"], message["detail"], message["example"])
            row.outcomes.append(Outcome(*texts, notes))
        case _:
            pass


def _mypy(folder: Path, limit: float) -> str:
    """What mypy finds; its cache would be written beside what it checks."""
    command = [
        "-m",
        "mypy",
        "--strict",
        "--no-incremental",
        "--cache-dir=/dev/null",
        "--python-executable",
        sys.executable,
    ]
    return _findings(_python([*command, "."], limit, folder))


def _pyright(folder: Path, scratch: Path, limit: float) -> str:
    """What pyright finds in a folder below its config: it ignores absolute paths."""
    place = scratch / "pyright"
    shutil.copytree(folder, place / "project", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (place / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "extraPaths": ["project"]}', "utf-8")
    return _findings(_python(["-m", "pyright", "--pythonpath", sys.executable, "-p", place], limit))


def _findings(done: Done) -> str:
    if done.overdue:
        return f"stopped after {done.seconds:.0f} s"
    if done.status == 0:
        return ""
    lines = [line.strip() for line in (done.out or done.err).splitlines() if "error" in line]
    return f"{lines[-1]}; first: {lines[0]}" if lines else f"exit {done.status}"


def _python(command: Sequence[str | Path], limit: float, cwd: Path | None = None) -> Done:
    # What the harness imports is found from anywhere; warnings are not what a report is about.
    return run([sys.executable, "-W", "ignore", *command], limit, cwd or ROOT)
