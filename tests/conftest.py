"""What all tests share: where things are, and documents made of a few lines."""

from __future__ import annotations

import getpass
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

ROOT = Path(__file__).parent.parent

# The same examples in every run of the same tests, and no files left in the checkout. Hypothesis also draws constants
# from the modules that are loaded, so a run of other tests may try other examples.
set_hypothesis_home_dir(Path(tempfile.gettempdir()) / f"samekey-hypothesis-{getpass.getuser()}")
settings.register_profile("samekey", database=None, deadline=None, derandomize=True)
settings.load_profile("samekey")


FAST = (
    "audit", "cli", "config", "document", "emit", "lower", "names", "output", "runtime", "test_architecture.py",
    "test_diagnostic_codes.py", "test_docs.py", "test_habits.py", "test_words.py",
)  # fmt: skip
"""Folders and files whose tests need no browser, database, Node or server that fails."""
TYPE_CHECKED = ("emit/test_injection.py", "emit/test_open_models.py", "emit/test_webhooks.py", "lower/references")
"""Of those, tests that run a type checker, or make very large SDKs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what `make check` leaves to `make test`."""
    for item in items:
        path = item.path.relative_to(ROOT / "tests").as_posix()
        is_fast = path.startswith(tuple(f"{name}/" if "." not in name else name for name in FAST))
        if not is_fast or path.startswith(TYPE_CHECKED):
            item.add_marker(pytest.mark.slow)


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
        pytest.skip(f"SAMEKEY_CORPUS={folder} is not a folder")
    return path
