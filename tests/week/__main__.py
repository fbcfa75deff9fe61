"""A week with the payments API and with documents of others, told step by step: `python -m tests.week [DOCUMENT…]`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.week.documents import documents
from tests.week.index import local_index
from tests.week.judging import problems
from tests.week.session import Session, week


def main() -> int:
    """Tell weeks, then what each step took; 1 where something was not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.week", description=__doc__)
    parser.add_argument("documents", nargs="*", type=Path, metavar="DOCUMENT", help="others than the usual ones")
    chosen = parser.parse_args().documents or list(documents().values())
    seconds: dict[str, dict[str, float]] = {}
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="samekey-week-") as scratch, local_index(Path(scratch) / "index") as index:
        for number, spec in enumerate(chosen):
            print(f"\n# A week with {spec.name}")
            folder = Path(scratch) / f"week{number}"
            folder.mkdir()
            session = Session(folder, index, shares=False, say=print)
            wrong += [f"{spec.name}: {problem}" for problem in problems(week(spec, session))]
            seconds[spec.name] = session.seconds
    _tell_times(seconds)
    print(*(wrong or ["each program broke where the report says, and nowhere else"]), sep="\n")
    return 1 if wrong else 0


def _tell_times(seconds: dict[str, dict[str, float]]) -> None:
    print("\n# Seconds")
    steps = dict.fromkeys(step for taken in seconds.values() for step in taken)
    for step in steps:
        print(f"{step:<70}", *(f"{taken[step]:8.2f}" if step in taken else " " * 8 for taken in seconds.values()))
    print(f"{'in all':<70}", *(f"{sum(taken.values()):8.2f}" for taken in seconds.values()), "\n")


if __name__ == "__main__":
    raise SystemExit(main())
