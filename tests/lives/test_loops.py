"""One async client in the loops of frameworks, notebooks and threads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lives.bank import Bank, judge
from tests.lives.running import needs, outcome


@pytest.mark.parametrize("way", ["in turn", "in threads", "nested", "through portals"])
def test_loops(bank: Bank, environment: dict[str, str], tmp_path: Path, way: str) -> None:
    """Whoever runs the loop, and for how long: each payment is booked once, and nothing is left open."""
    told = outcome("loops_shop.py", ["240", way], environment, tmp_path)
    assert judge(bank, told, before=0).effects >= 240


@needs("django")
def test_django(bank: Bank, environment: dict[str, str], tmp_path: Path) -> None:
    """Sync and async views, under WSGI in threads and under ASGI in one loop."""
    told = outcome("django_shop.py", ["160"], environment, tmp_path)
    assert judge(bank, told, before=0).effects == 320


@needs("fastapi")
def test_tests_of_fastapi(bank: Bank, environment: dict[str, str], tmp_path: Path) -> None:
    """A loop for each request, a loop for each block, and many at once."""
    told = outcome("testclient_shop.py", ["260"], environment, tmp_path)
    assert judge(bank, told, before=2).effects == 260
