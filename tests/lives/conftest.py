"""A bank, and what a program needs to pay there through the corner shop's SDK."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lives.bank import Bank
from tests.lives.running import PROGRAMS
from tests.truth.conftest import project, sdk

__all__ = ["project", "sdk"]


@pytest.fixture
def bank() -> Iterator[Bank]:
    """A fresh server."""
    with Bank() as running:
        yield running


@pytest.fixture
def environment(bank: Bank, project: Path) -> dict[str, str]:
    """Variables by which a program finds the SDK and the bank, and no proxy between them."""
    path = os.pathsep.join(map(str, (project, PROGRAMS)))
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy")
    return {"PYTHONPATH": path, "BANK": bank.url, **dict.fromkeys(names, "")}
