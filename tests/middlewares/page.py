"""The page of what came out, which says what `verify` said and nothing else."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Final

from samekey.verify.findings import Check, Verdict

from tests.middlewares.measure import Row
from tests.middlewares.setups import LEFT, SETUPS, Setup

COLUMNS: Final = (
    (Check.REPLAY, "replay"),
    (Check.OTHER_PAYLOAD, "other payload"),
    (Check.PARALLEL, "parallel"),
    (Check.LOST_ANSWER, "lost answer"),
    (Check.CLIENT_LEFT, "client left"),
    (Check.LATE_RETRY, "2 s later"),
    (Check.AFTER_FAILURE, "after a 500"),
    (Check.RESTART, "restart"),
    (Check.OTHER_INSTANCE, "second instance"),
    (Check.OTHER_HEADERS, "other traceparent"),
    (Check.OTHER_CREDENTIAL, "another account"),
)
"""The checks that have a column, and its heading."""
BLANK: Final = "-"
"""A cell that has nothing to say."""
DID_NOT_RUN: Final = "did not run"
NOT_MEASURED: Final = "not measured"
_BESIDE: Final = (Check.SIMILAR_KEYS, Check.EMPTY_KEY, Check.MALFORMED_KEY, Check.LONG_KEY)
"""Checks that are told below the table alone."""
_TEMPLATE: Final = Path(__file__).with_suffix(".md")


def page(rows: Mapping[str, Row]) -> str:
    """Return the whole page.

    Args:
        rows: what came out, by the name of the set-up; those that are missing are told as not measured.
    """
    ours = [setup for setup in SETUPS if setup.package]
    tried = [setup for setup in ours if rows.get(setup.name, Row(None)).cells]
    return Template(_TEMPLATE.read_text("utf-8")).substitute(
        packages=len({setup.package for setup in ours}),
        tried=len({setup.package for setup in tried}),
        setups=len(tried),
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        table="\n".join(_table(rows)),
        rows="\n".join(_section(setup, rows.get(setup.name)) for setup in SETUPS),
        left="\n".join(f"| {left.package} | {left.version or BLANK} | {left.why} |" for left in LEFT),
    )


def _table(rows: Mapping[str, Row]) -> Iterator[str]:
    headings = ["set-up", "package", "version", "store", "scope", *(heading for _, heading in COLUMNS), "exit"]
    yield "| " + " | ".join(headings) + " |"
    yield "|" + "---|" * len(headings)
    for setup in SETUPS:
        row = rows.get(setup.name)
        about = [setup.name, setup.package or BLANK, setup.version or BLANK, setup.store.value, setup.scope]
        yield "| " + " | ".join([*about, *_cells(row), _exit(row)]) + " |"


def _cells(row: Row | None) -> list[str]:
    if row is None or not row.cells:
        return [NOT_MEASURED if row is None else DID_NOT_RUN] * len(COLUMNS)
    verdicts = {cell.check: cell.verdict for cell in row.cells}
    return [_shown(verdicts.get(check, BLANK)) for check, _ in COLUMNS]


def _shown(verdict: str) -> str:
    return f"**{verdict}**" if verdict == Verdict.BROKEN else verdict


def _exit(row: Row | None) -> str:
    return BLANK if row is None or row.exit_code is None else str(row.exit_code)


def _section(setup: Setup, row: Row | None) -> str:
    """Return what is told of a set-up below the table."""
    return "\n".join([f"### {setup.name}", "", _about(setup), "", *_told(row), ""])


def _about(setup: Setup) -> str:
    where = f"{setup.framework.value}, {setup.store.value}"
    parts = [f"{setup.package} {setup.version}, {where}." if setup.package else f"{where}."]
    parts += [f"Configured: {setup.configured}."] if setup.configured else []
    parts += [setup.notes] if setup.notes else []
    parts += [f"Beside it: {', '.join(setup.beside)}."] if setup.beside else []
    return " ".join(parts)


def _told(row: Row | None) -> list[str]:
    if row is None:
        return ["Not measured."]
    if not row.cells:
        return [f"It could not be tried: {_escaped(row.error)}."]
    told = {check for check, _ in COLUMNS} | set(_BESIDE)
    cells = [cell for cell in row.cells if cell.check in told and cell.verdict != Verdict.OK]
    return [f"- `{cell.check}` {cell.verdict}: {_escaped(cell.why)}." for cell in cells] or ["All of these are ok."]


def _escaped(text: str) -> str:
    """Return a sentence as Markdown that shows it as it is."""
    return re.sub(r"([<>*|`])", r"\\\1", " ".join(text.split())).removesuffix(".")
