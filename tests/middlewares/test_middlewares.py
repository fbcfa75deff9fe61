"""The list of set-ups and the page that is made of it, without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from samekey.verify.findings import Check, Verdict

from tests.middlewares.environments import APPS, ROOT
from tests.middlewares.measure import Cell, Row
from tests.middlewares.page import BLANK, COLUMNS, DID_NOT_RUN, page
from tests.middlewares.setups import LEFT, SETUPS, Framework, Setup

PAGE = ROOT / "docs" / "middlewares.md"
PINNED = re.compile(r"@?[^=@]+(==|@)\d+(\.\d+)+")
LEAST_PACKAGES = 16


def table_rows() -> Iterator[list[str]]:
    """The cells of the page's table, row by row."""
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == len(COLUMNS) + 6:
            yield cells


def test_names_are_unique() -> None:
    """`--only` names one set-up, and no two rows have one name."""
    assert len({setup.name for setup in SETUPS}) == len(SETUPS)


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)
def test_versions_are_pinned(setup: Setup) -> None:
    """What is installed has a version, and the application is there."""
    assert all(PINNED.fullmatch(beside) for beside in setup.beside)
    assert bool(setup.package) == bool(re.fullmatch(r"\d+(\.\d+)+", setup.version))
    suffix = ".js" if setup.framework is Framework.EXPRESS else ".py"
    assert setup.framework is Framework.SAMEKEY or (APPS / f"{setup.app}{suffix}").is_file()


def test_the_page_has_a_row_for_each_set_up() -> None:
    """With its package, its version, its store and its scope; what it lacks is said."""
    rows = {cells[0]: cells for cells in table_rows()}
    for setup in SETUPS:
        about = [setup.package or BLANK, setup.version or BLANK, setup.store.value, setup.scope]
        assert rows[setup.name][1:5] == about, "run make middlewares"
    text = PAGE.read_text("utf-8")
    assert all(f"### {setup.name}\n" in text for setup in SETUPS)
    assert all(f"| {left.package} |" in text for left in LEFT)


def test_the_page_tells_of_enough_packages() -> None:
    """At least sixteen packages were tried, each cell is a word of `verify`, and the controls came out as they must."""
    rows = list(table_rows())[2:]
    words = {str(verdict) for verdict in Verdict} | {f"**{Verdict.BROKEN}**", BLANK, DID_NOT_RUN}
    assert {cell for cells in rows for cell in cells[5:-1]} <= words
    tried = {cells[1] for cells in rows if cells[1] != BLANK and DID_NOT_RUN not in cells}
    assert len(tried) >= LEAST_PACKAGES
    exits = {cells[0]: cells[-1] for cells in rows}
    assert (exits["nothing"], exits["samekey-serve"]) == ("1", "0")


def test_what_was_said_stands_on_the_page() -> None:
    """Each check that is not ok, in the words of `verify`; what was not measured or did not run is told as such."""
    first, second, third = SETUPS[:3]
    cells = (Cell(Check.REPLAY, Verdict.BROKEN, "it was done <again>"), Cell(Check.PARALLEL, Verdict.OK, "fine"))
    text = page({first.name: Row(1, cells), second.name: Row(None, error="no such | thing")})
    assert "- `replay` broken: it was done \\<again\\>.\n" in text
    assert "fine" not in text
    assert f"| {first.name} | {BLANK} | {BLANK} | none | default | **broken** | {BLANK} | ok |" in text
    assert "It could not be tried: no such \\| thing.\n" in text
    assert f"### {third.name}\n" in text
    assert "Not measured.\n" in text
