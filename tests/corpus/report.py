"""The corpus report: every document of others, generated, imported, and, if asked, type-checked and called.

SAMEKEY_CORPUS=/path/to/corpus python -m tests.corpus.report --real --round-trip
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.corpus.catalog import PARTS, Entry, Part, chosen, corpus_folder, entries
from tests.corpus.examine import Row, Wanted, examine
from tests.corpus.outcome import Outcome

TARGET: Final = 0.995
"""The least share that must make the round trip, of the real documents' operations whose fate is ours."""
_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    parts: tuple[Part, ...]
    only: str
    sample: int
    jobs: int
    json: Path | None
    wanted: Wanted


def parsed(arguments: Sequence[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.report", description="A report on the corpus.")
    parser.add_argument("--real", action="store_true", help="the documents of real APIs alone")
    parser.add_argument("--cases", action="store_true", help="the cases of other projects alone")
    parser.add_argument("--only", default="", metavar="GLOB", help="documents whose names match")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="a fixed sample of so many")
    parser.add_argument("--types", action="store_true", help="run mypy and pyright, both strict; slow")
    parser.add_argument("--round-trip", action="store_true", help="call every operation, and check what goes and comes")
    parser.add_argument("--jobs", type=int, default=2, choices=(1, 2), help="documents at a time")
    parser.add_argument("--limit", type=float, default=300.0, metavar="S", help="seconds for each step of a document")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found")
    given = parser.parse_args(arguments)
    asked: dict[Part, bool] = {"real": given.real, "cases": given.cases}
    parts: tuple[Part, ...] = tuple(part for part in PARTS if asked[part]) or PARTS
    wanted = Wanted(types=given.types, round_trip=given.round_trip, limit=given.limit)
    return Options(parts, given.only, given.sample, given.jobs, given.json, wanted)


def examined(folder: Path, documents: Sequence[Entry], wanted: Wanted, jobs: int) -> Iterable[Row]:
    """What is found of each document, in their order; some are under way at a time."""

    def one(entry: Entry) -> Row:
        with tempfile.TemporaryDirectory(prefix="samekey-corpus-") as scratch:
            return examine(entry, folder / entry.name, Path(scratch), wanted)

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(one, documents)


def main(arguments: Sequence[str]) -> int:
    """Run the report; 0 where nothing was found that no document excuses."""
    options = parsed(arguments)
    folder = corpus_folder()
    console = Console(width=None if sys.stdout.isatty() else 200)
    if folder is None:
        console.print("SAMEKEY_CORPUS names no folder: the documents of others are not here")
        return 2
    documents = chosen(entries(folder), options.parts, options.only, options.sample)
    rows: list[Row] = []
    with console.status("starting") as status:
        for index, row in enumerate(examined(folder, documents, options.wanted, options.jobs), 1):
            rows.append(row)
            status.update(f"{index} of {len(documents)}: {row.name}")
    console.print(table(rows, options.wanted))
    for part in options.parts:
        own = [row for row in rows if row.name.startswith(f"{part}/")]
        for line in summary(part, own):
            console.print(Text(line))
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False), "utf-8")
    return 1 if is_bad(rows) else 0


def is_bad(rows: Sequence[Row]) -> bool:
    """Whether something was found that no document excuses."""
    real = [outcome for row in rows if row.name.startswith("real/") for outcome in row.outcomes]
    missed = bool(real) and _share(real) < TARGET
    return missed or any(row.defects for row in rows)


def _share(outcomes: Sequence[Outcome]) -> float:
    """The share of operations that passed, of those that no document and no judge keeps from passing."""
    passed = sum(outcome.status == "passed" for outcome in outcomes)
    failed = sum(outcome.status != "passed" and outcome.fault[0] == "ours" for outcome in outcomes)
    return passed / max(passed + failed, 1)


def table(rows: Sequence[Row], wanted: Wanted) -> Table:
    """A line for each document."""
    made = Table(box=None, pad_edge=False)
    for heading in ("document", "version", "exit", "declared", "written", "models", "Any", "imports"):
        made.add_column(heading, overflow="fold", justify="left" if heading in {"document", "imports"} else "right")
    for heading in (*(("mypy", "pyright") if wanted.types else ()), "s", "MB"):
        made.add_column(heading, justify="right")
    for heading in ("passed", "failed", "untried") if wanted.round_trip else ():
        made.add_column(heading, justify="right")
    for row in rows:
        made.add_row(*(Text(cell) for cell in _cells(row, wanted)))
    return made


def _cells(row: Row, wanted: Wanted) -> Iterable[str]:
    yield from (
        row.name.partition("/")[2],
        row.version,
        str(row.status),
        "?" if row.declared is None else str(row.declared),
    )
    if not row.is_generated:
        yield from ("", "", "", row.refusal, *(("", "") if wanted.types else ()))
    else:
        yield from (str(row.written), str(row.models), str(row.fallbacks))
        yield row.broken or f"{row.modules} modules, {row.decoders} decoders"
        if wanted.types:
            yield from (row.mypy or "ok", row.pyright or "ok")
    yield from (f"{row.seconds:.1f}", f"{row.peak:.0f}")
    if wanted.round_trip:
        yield from (str(row.count(status)) for status in ("passed", "failed", "untried"))


def summary(part: str, rows: Sequence[Row]) -> Iterable[str]:
    """The figures of a part of the corpus, and what is wrong, by cause."""
    if not rows:
        return
    made = [row for row in rows if row.is_generated]
    yield ""
    yield f"{part}: {len(rows)} documents, {len(made)} generated, {len(rows) - len(made)} refused"
    declared = sum(row.declared or 0 for row in made)
    written, models = sum(row.written for row in made), sum(row.models for row in made)
    yield f"  {declared} operations declared, {written} written; {models} models"
    yield f"  {sum(row.fallbacks for row in made)} types are Any"
    yield f"  {sum(row.seconds for row in rows):.0f} s, at most {max(row.peak for row in rows):.0f} MB"
    refused = Counter(_without_names(row.refusal) for row in rows if not row.is_generated)
    yield from (f"  refused {count:4d}: {reason}" for reason, count in refused.most_common())
    yield from (f"  DEFECT {row.name}: {defect}" for row in rows for defect in row.defects)
    yield from _trips(rows)


def _trips(rows: Sequence[Row]) -> Iterable[str]:
    outcomes = [(row.name, outcome) for row in rows for outcome in row.outcomes]
    if not outcomes:
        return
    all_of_them = [outcome for _, outcome in outcomes]
    counts = Counter(outcome.status for outcome in all_of_them)
    share = f"{counts['passed'] / len(outcomes):.2%} of all, {_share(all_of_them):.2%} of what is ours to do"
    yield f"  round trip: {len(outcomes)} operations, {counts['passed']} passed: {share}"
    yield f"  round trip: {counts['failed']} failed, {counts['untried']} untried"
    groups: dict[tuple[str, str], list[tuple[str, Outcome]]] = {}
    for name, outcome in outcomes:
        if outcome.status != "passed":
            whose, cause = outcome.fault
            if whose == "ours" and outcome.status == "untried":
                cause = cause.partition(":")[0]
            groups.setdefault((f"{outcome.status}, {whose}", cause), []).append((name, outcome))
    for (status, cause), members in sorted(groups.items(), key=lambda entry: -len(entry[1])):
        yield f"  {status} {len(members):4d}: {cause}"
        for name, outcome in members[:_EXAMPLES]:
            yield f"      {name} {outcome.operation}: {(outcome.detail or outcome.cause)[:160]}"
    notes = Counter(
        note.partition(": ")[0] if note.startswith("relaxed") else note for _, o in outcomes for note in o.notes
    )
    yield from (f"  note {count:4d}: {note[:160]}" for note, count in notes.most_common(8))


def _without_names(reason: str) -> str:
    """A reason for a table: the finding's code where it has one."""
    code = reason.rpartition("[")[2].rstrip("]") if reason.endswith("]") else ""
    return code or reason[:120]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
