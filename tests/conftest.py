"""What all tests share: where things are, and documents made of a few lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent

# The same examples in every run, and no files left behind.
settings.register_profile("samekey", database=None, deadline=None, derandomize=True)
settings.load_profile("samekey")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this run's own: nothing that was found before counts, and the user's is left alone."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAMEKEY_CACHE", str(folder))
        yield folder


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
