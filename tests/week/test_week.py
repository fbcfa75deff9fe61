"""A week of an API's owner, from a document to the second release, with a user's program before and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.week.documents import documents
from tests.week.index import local_index
from tests.week.judging import problems
from tests.week.session import Session, week


@pytest.mark.slow
def test_a_program_breaks_where_the_report_says(tmp_path: Path) -> None:
    """Published, installed, changed and published again: users meet what they were told, and nothing else."""
    folder = tmp_path / "repository"
    folder.mkdir()
    with local_index(tmp_path / "index") as index:
        told = week(documents()["payments"], Session(folder, index))
    assert list(problems(told)) == []
