"""A short soak: servers of three kinds behind proxies that lose and misreport answers; `make soak` makes many calls."""

from __future__ import annotations

from typing import Any

import pytest

from tests.soak import JUDGED, Honours, run


@pytest.mark.slow
@pytest.mark.parametrize("honours", list(Honours))
def test_nothing_is_done_twice_unless_it_is_told(sdk: Any, honours: Honours) -> None:  # noqa: ANN401
    """No lie, no duplicate where keys are honoured, and a server that breaks its document's word is found out."""
    found = run(sdk, honours, 600, seed=7)
    assert JUDGED[honours](found), found.lies[:3] or found
