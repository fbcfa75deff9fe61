"""Broken servers and clients against the proof: python -m tests.proof_mutants [--only WORDS] [--calls N] [--jobs N].

Each is a copy of the program with one mistake. `samekey prove` on it must end with exit 1, and find a promise broken
that the mistake breaks. What lives is named. Less than 95 per cent of the harmful ones is a failure.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.proof_mutants.clients import CLIENTS
from tests.proof_mutants.mutant import Mutant, Promise
from tests.proof_mutants.servers import SERVERS

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).parent.parent.parent
SPEC: Final = ROOT / "specs" / "payments" / "openapi.yaml"
GOAL: Final = 0.95
_SECONDS: Final = 600
_NAMES: Final = {
    "duplicates": Promise.ONCE, "lies": Promise.CERTAINTY, "answers": Promise.ANSWERS, "sameness": Promise.SAMENESS,
    "limits": Promise.LIMITS, "given up": Promise.LIVENESS,
}  # fmt: skip
_FOUND: Final = re.compile(rf"^  ({'|'.join(_NAMES)}) +([0-9]+) calls", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant.

    Args:
        mutant: the mutant.
        verdict: what the proof found, in a line.
        is_caught: whether it found what the mistake breaks.
    """

    mutant: Mutant
    verdict: str
    is_caught: bool


def broken_copy(mutant: Mutant, folder: Path) -> Path:
    """Copy the program to a folder, with a mistake in it.

    Raises:
        ValueError: what is to be replaced is not there once.
    """
    for part in ("generator", "templates"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    place = folder / mutant.path
    text = place.read_text("utf-8")
    for old, new in mutant.changes:
        if text.count(old) != 1:
            raise ValueError(f"{mutant.label}: {mutant.path} holds {text.count(old)} times {old!r}")
        text = text.replace(old, new)
    place.write_text(text, "utf-8")
    return folder


def tried(mutant: Mutant, calls: int) -> Outcome:
    """Prove a mutant, and return what was found."""
    with tempfile.TemporaryDirectory(prefix="samekey-mutant-") as folder:
        home = broken_copy(mutant, Path(folder))
        path = os.pathsep.join(str(home / part) for part in ("generator", "templates"))
        command = [sys.executable, "-m", "samekey", "prove", str(SPEC), "--calls", str(calls), "--seed", "1"]
        try:
            done = subprocess.run(
                command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
                timeout=_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Outcome(mutant, "it took too long", is_caught=False)
    found = {_NAMES[name]: int(count) for name, count in _FOUND.findall(done.stdout) if int(count)}
    words = ", ".join(f"{promise.name.lower()} {count}" for promise, count in found.items()) or "nothing"
    is_caught = done.returncode == 1 and bool(found.keys() & mutant.breaks) and mutant.reason in done.stdout
    if not done.stdout.strip():
        words = f"no proof: {done.stderr.strip().splitlines()[-1:]}"
    return Outcome(mutant, f"exit {done.returncode}, {words}", is_caught)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try every mutant, name those that live, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof_mutants", description=__doc__)
    parser.add_argument("--only", default="", help="those whose label or module holds these words")
    parser.add_argument("--calls", type=int, default=600)
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args(arguments)
    mutants = [one for one in (*SERVERS, *CLIENTS) if asked.only in one.label or asked.only in one.path]
    with ThreadPoolExecutor(asked.jobs) as pool:
        outcomes: list[Outcome] = []
        for outcome in pool.map(partial(tried, calls=asked.calls), mutants):
            outcomes.append(outcome)
            word = "caught" if outcome.is_caught else "LIVES "
            sys.stdout.write(f"{word}  {outcome.mutant.label}: {outcome.verdict}\n")
            sys.stdout.flush()
    harmful = [outcome for outcome in outcomes if outcome.mutant.is_harmful]
    caught = sum(outcome.is_caught for outcome in harmful)
    others = len(outcomes) - len(harmful)
    sys.stdout.write(f"{caught} of {len(harmful)} harmful ones were caught, {others} others were tried\n")
    return 0 if harmful and caught >= GOAL * len(harmful) else 1


if __name__ == "__main__":
    sys.exit(main())
