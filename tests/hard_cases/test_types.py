"""Both type checkers agree with every generated SDK, and the tests that come with it pass."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools import WITHOUT_RUNTIME, checked, modules_checked, mypy_strict

from .sdk import TOPICS, Sdk


@pytest.fixture(scope="module")
def projects(sdk_of: Callable[[str], Sdk], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All SDKs side by side: one run of a checker reads the standard library once."""
    folder = tmp_path_factory.mktemp("projects")
    for topic in TOPICS:
        shutil.copytree(sdk_of(topic).folder, folder / topic, ignore=shutil.ignore_patterns("__pycache__"))
        # Side by side, modules need names of their own.
        operations = folder / topic / "tests" / "test_operations.py"
        if operations.exists():
            operations.rename(operations.with_name(f"test_operations_of_{topic}.py"))
    return folder


def test_mypy_is_content(projects: Path) -> None:
    """Packages and the tests that come with them pass mypy in strict mode."""
    checked([*mypy_strict(), *TOPICS], cwd=projects)


def test_pyright_is_content(projects: Path) -> None:
    """Packages and the tests that come with them pass pyright in strict mode."""
    config = {"typeCheckingMode": "strict", "extraPaths": list(TOPICS), "exclude": WITHOUT_RUNTIME}
    (projects / "pyrightconfig.json").write_text(json.dumps(config), "utf-8")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", "-p", "."]
    report = json.loads(checked(command, cwd=projects))
    assert report["summary"]["filesAnalyzed"] >= modules_checked(projects)


def test_the_sdks_own_tests_pass(projects: Path) -> None:
    """The small suites that come with the SDKs pass, with warnings as errors."""
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    checked([*command, *(f"{topic}/tests" for topic in TOPICS)], projects, {"PYTHONPATH": os.pathsep.join(TOPICS)})
