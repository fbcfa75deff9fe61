"""Every document of the corpus, judged by `samekey audit`: verdicts, rules by frequency, and time.

SAMEKEY_CORPUS=/path/to/corpus python -m tests.corpus.audit --real --time
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text
from samekey.audit import Audit
from samekey.audit.model import AuditFinding, RepeatVerdict
from samekey.audit.rules import RULES
from samekey.config.audit import RuleId

from tests.corpus.catalog import PARTS, Part, chosen, corpus_folder, entries
from tests.corpus.steps import Done, run

HALF: Final = 0.5
"""The share of `generate`'s time that an audit may take, over all documents."""
BAD: Final = Path(__file__).parents[2] / "specs" / "bad"
SUFFIXES: Final = (".json", ".sarif", ".html", ".md", ".svg")
_TRACEBACK: Final = "Traceback (most recent call last)"
_LIMIT: Final = 120.0


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    parts: tuple[Part, ...]
    only: str
    timed: bool
    rule: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found of a document.

    Args:
        name: the document.
        status: the exit code of `samekey audit`.
        seconds: how long that took as a program; with every report and the overlay, where it is not compared.
        generating: how long `samekey generate` took; 0 where nobody asked.
        audit: its JSON report; None where there is none.
        trouble: what no document excuses; empty where all is well.
    """

    name: str
    status: int
    seconds: float
    generating: float
    audit: Audit | None
    trouble: str


def parsed(arguments: Sequence[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.audit", description="An audit of the corpus.")
    parser.add_argument("--real", action="store_true", help="the documents of real APIs alone")
    parser.add_argument("--cases", action="store_true", help="the cases of other projects alone")
    parser.add_argument("--only", default="", metavar="GLOB", help="documents whose names match")
    parser.add_argument("--time", action="store_true", help="run `samekey generate` beside it, and compare")
    parser.add_argument("--rule", default="", metavar="RULE", help="print every finding of a rule")
    given = parser.parse_args(arguments)
    asked: dict[Part, bool] = {"real": given.real, "cases": given.cases}
    parts: tuple[Part, ...] = tuple(part for part in PARTS if asked[part]) or PARTS
    return Options(parts, given.only, given.time, given.rule)


def samekey(*arguments: str) -> Done:
    """A command of samekey, as a program."""
    return run([sys.executable, "-m", "samekey", *arguments], _LIMIT)


def judgement(name: str, path: Path, scratch: Path, *, timed: bool, config: tuple[str, ...] = ()) -> Judgement:
    """A document, judged; its overlay is applied again, and must give what it promises."""
    files = [scratch / f"audit{suffix}" for suffix in SUFFIXES]
    reports = [part for file in files for part in ("--report", str(file))]
    mend = scratch / "mend.yaml"
    done = samekey("audit", str(path), *config, "--fail-on", "never", *reports, "--overlay", str(mend))
    audit = msgspec.json.decode(files[0].read_bytes(), type=Audit) if files[0].exists() else None
    trouble = unexpected(done)
    if audit is not None and not trouble:
        trouble = broken_promise(audit, path, mend, scratch)
    if not timed:
        return Judgement(name, done.status, done.seconds, 0.0, audit, trouble)
    # The two as people run them, one behind the other.
    plain = samekey("audit", str(path), *config, "--fail-on", "never").seconds
    generating = samekey("generate", str(path), *config, "-o", str(scratch / "sdk")).seconds
    return Judgement(name, done.status, plain, generating, audit, trouble)


def unexpected(done: Done) -> str:
    """What a run must never end in: a traceback, another status than 0 and 2, or a limit of time."""
    if done.overdue:
        return "it did not end"
    if _TRACEBACK in done.err or done.status not in {0, 2}:
        return f"exit {done.status}: {done.err.strip().splitlines()[-1:]}"
    return ""


def broken_promise(before: Audit, path: Path, mend: Path, scratch: Path) -> str:
    """What the overlay of an audit promises to mend and does not, or makes of a proposal; empty where all holds."""
    config, report = scratch / "mended.yaml", scratch / "mended.json"
    config.write_text(f"overlays: [{mend.name}]\n", "utf-8")
    done = samekey("audit", str(path), "--config", str(config), "--fail-on", "never", "--report", str(report))
    if done.status != 0:
        return f"its overlay cannot be applied: {done.err.strip().splitlines()[:2]}"
    after = msgspec.json.decode(report.read_bytes(), type=Audit)
    promised = {named(finding) for finding in before.findings if finding.mended}
    left = promised & {named(finding) for finding in after.findings}
    if left:
        return f"{len(left)} findings are not mended, such as {min(left)}"
    proposed = {subject for rule, subject in promised if rule != RuleId.NO_RETRY_AFTER.value}
    laundered = [
        row.key for row in after.operations if row.key in proposed and row.verdict is not RepeatVerdict.IF_HONOURED
    ]
    return f"the proposal counts as a promise at {laundered[0]}" if laundered else ""


def named(finding: AuditFinding) -> tuple[str, str]:
    """A finding by its rule and its subject."""
    return finding.rule.value, finding.subject


def refusals() -> Iterator[str]:
    """The bad documents of which `audit` says something else than `generate` does."""
    for folder in sorted(path for path in BAD.iterdir() if path.is_dir()):
        document = next(path for path in sorted(folder.iterdir()) if path.stem == "openapi")
        config = tuple(part for path in sorted(folder.glob("samekey.*")) for part in ("--config", str(path)))
        with tempfile.TemporaryDirectory() as scratch:
            mine = samekey("audit", str(document), *config)
            theirs = samekey("generate", str(document), *config, "-o", f"{scratch}/sdk")
        if (mine.status, mine.err) != (theirs.status, theirs.err) or mine.status != 2:
            yield f"{folder.name}: exit {mine.status}, where generate has {theirs.status}"


def main(arguments: Sequence[str]) -> int:
    """Run the audit; 0 where nothing was found that no document excuses."""
    options, folder = parsed(arguments), corpus_folder()
    console = Console(width=None if sys.stdout.isatty() else 200)
    if folder is None:
        console.print("SAMEKEY_CORPUS names no folder: the documents of others are not here")
        return 2
    documents = chosen(entries(folder), options.parts, options.only, 0)
    rows: list[Judgement] = []
    with console.status("starting") as status:
        for index, entry in enumerate(documents, 1):
            status.update(f"{index} of {len(documents)}: {entry.name}")
            with tempfile.TemporaryDirectory(prefix="samekey-audit-") as scratch:
                rows.append(judgement(entry.name, folder / entry.name, Path(scratch), timed=options.timed))
    console.print(table(rows, timed=options.timed))
    console.print(frequencies(rows))
    if options.rule:
        for line in listed(rows, options.rule):
            console.print(Text(line))
    troubles = [f"{row.name}: {row.trouble}" for row in rows if row.trouble]
    troubles += list(refusals()) if not options.only else []
    for line in (*summary(rows, timed=options.timed), *troubles):
        console.print(Text(line))
    return 1 if troubles or (options.timed and share(rows) > HALF) else 0


def share(rows: Sequence[Judgement]) -> float:
    """The time of all audits, as a share of that of `generate`."""
    return sum(row.seconds for row in rows) / max(sum(row.generating for row in rows), 0.001)


def table(rows: Sequence[Judgement], *, timed: bool) -> Table:
    """A line for each document: its operations by verdict, its findings by severity, and time."""
    made = Table(box=None, pad_edge=False)
    headings = ("document", "not safe", "unknown", "if honoured", "with a key", "safe", "error", "warning", "note", "s")
    for heading in (*headings, *(("generate",) if timed else ())):
        made.add_column(heading, overflow="fold", justify="left" if heading == "document" else "right")
    for row in rows:
        made.add_row(*(Text(cell) for cell in _cells(row, timed=timed)))
    return made


def _cells(row: Judgement, *, timed: bool) -> Iterator[str]:
    yield row.name
    if row.audit is None:
        yield from (f"exit {row.status}", *[""] * 7)
    else:
        yield from (str(entry.operations) for entry in reversed(row.audit.counts))
        weights = Counter(finding.severity.value for finding in row.audit.findings)
        yield from (str(weights[word]) for word in ("error", "warning", "note"))
    yield f"{row.seconds:.2f}"
    if timed:
        yield f"{row.generating:.2f}"


def frequencies(rows: Sequence[Judgement]) -> Table:
    """A line for each rule, the most frequent first."""
    audits = [row.audit for row in rows if row.audit is not None]
    findings = Counter(finding.rule for audit in audits for finding in audit.findings)
    documents = Counter(rule for audit in audits for rule in {finding.rule for finding in audit.findings})
    made = Table(box=None, pad_edge=False)
    for heading in ("rule", "severity", "findings", "documents"):
        made.add_column(heading, justify="right" if heading in {"findings", "documents"} else "left")
    for rule in sorted(RuleId, key=lambda rule: (-findings[rule], rule.value)):
        made.add_row(rule.value, RULES[rule].severity.value, str(findings[rule]), str(documents[rule]))
    return made


def listed(rows: Sequence[Judgement], rule: str) -> Iterator[str]:
    """Yield every finding of a rule, for those who judge the rule."""
    for row in rows:
        for finding in row.audit.findings if row.audit is not None else ():
            if finding.rule == rule:
                yield f"{row.name}:{finding.spot.line} {finding.subject}: {finding.message}"


def summary(rows: Sequence[Judgement], *, timed: bool) -> Iterator[str]:
    """Yield what there is to say of all documents."""
    audits = [row.audit for row in rows if row.audit is not None]
    counts = Counter(row.verdict for audit in audits for row in audit.operations)
    yield f"{len(rows)} documents, {len(audits)} judged: " + ", ".join(
        f"{counts[verdict]} {verdict}" for verdict in RepeatVerdict
    )
    worst = Counter(audit.verdict for audit in audits)
    yield "the worst of each: " + ", ".join(f"{worst[verdict]} {verdict}" for verdict in RepeatVerdict)
    if timed:
        slow = sum(row.seconds > HALF * row.generating for row in rows)
        yield f"{share(rows):.2f} of the time of generate; {slow} documents took more than half"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
