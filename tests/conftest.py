"""What all tests share: where things are, and documents made of a few lines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The documents of others; tests that need them are skipped where they are not there."""
    folder = os.environ.get("SAMEKEY_CORPUS")
    if not folder:
        pytest.skip("SAMEKEY_CORPUS is not set: the documents of others are not here")
    path = (ROOT / folder).resolve()
    if not path.is_dir():
        pytest.skip(f"SAMEKEY_CORPUS={folder} is no folder")
    return path
