"""A table that is keyed by an enum has a row for every member."""

from __future__ import annotations

from enum import Enum

import pytest
from samekey_templates.runtime.declare import table


class Side(Enum):
    """Two of them."""

    LEFT = 1
    RIGHT = 2


def test_a_whole_table_is_returned_as_it_is() -> None:
    """Nothing is copied."""
    rows = {Side.LEFT: "l", Side.RIGHT: "r"}
    assert table(Side, rows) is rows


def test_a_member_without_a_row_is_found_when_the_table_is_made() -> None:
    """Not when somebody looks it up; the error names the member."""
    with pytest.raises(LookupError, match=r"Side\.RIGHT"):
        table(Side, {Side.LEFT: "l"})
