"""What all tests share: where things are, and documents made of a few lines."""

from __future__ import annotations

import getpass
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir
from xdist.scheduler import (  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
    LoadScopeScheduling,
)

from tests.tools import MYPY_CACHE

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
LARGE = (
    "cli/test_snippets.py", "emit/test_injection.py", "emit/test_open_models.py", "emit/test_operation_tests.py",
    "emit/test_own.py", "emit/test_plan.py", "emit/test_readme.py", "emit/test_webhooks.py", "lower/references",
    "names/lockfile/test_scripts.py", "names/lockfile/test_stability.py", "output/test_check_cache.py",
)  # fmt: skip
"""Of those, tests that make very large SDKs, or many, or run what was made in processes of their own."""
OF_CHECKERS = ("mypy", "pyright", "checker", "is_checked", "with_the_rest", "is_typed")
"""Words in the names of tests that run a type checker, one of which needs Node."""
TOGETHER = ("tests/canary/", "tests/diff/test_programs.py")
"""Tests that share what takes long to make, which one worker makes."""
REAL = "tests/corpus/test_real.py"
"""Tests of a real document share its SDK."""


class Shared(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a test to whichever worker is free, and tests that share something to one of them.

    The marks of pytest-xdist 3.8 mean nothing to pytest 9.2, whose ids they were written into.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(REAL):
            return nodeid.partition("[")[2] or nodeid
        return next((place for place in TOGETHER if nodeid.startswith(place)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Shared:  # noqa: ANN401  # as pytest-xdist gives it
    """Return what tells workers which tests to run."""
    return Shared(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what `make check` leaves to `make test`."""
    for item in items:
        path = item.path.relative_to(ROOT / "tests").as_posix()
        is_fast = path.startswith(tuple(f"{name}/" if "." not in name else name for name in FAST))
        if not is_fast or path.startswith(LARGE) or any(word in item.name for word in OF_CHECKERS):
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
        patch.setenv(MYPY_CACHE, str(tmp_path_factory.mktemp("mypy")))
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
