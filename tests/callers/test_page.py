"""The page about tests: its blocks are files, which pass as they stand there and are typed."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.tools import checked, mypy_strict

ROOT = Path(__file__).parents[2]
IDIOMS = Path(__file__).parent / "idioms.py"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The blocks of docs/testing.md, each a file named in its first line, beside the document that they speak of."""
    folder = tmp_path_factory.mktemp("page")
    text = (ROOT / "docs" / "testing.md").read_text("utf-8")
    blocks = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == text.count("```") // 2
    for name, source in blocks:
        (folder / name).write_text(source, "utf-8")
    shutil.copy(ROOT / "specs" / "payments" / "openapi.yaml", folder)
    return folder


def paths() -> str:
    """Where the SDKs and samekey are."""
    own = [ROOT / "generated" / "payments", ROOT / "generated" / "warehouse", ROOT / "generator", ROOT / "templates"]
    return os.pathsep.join(map(str, own))


def test_the_examples_pass(files: Path) -> None:
    """Every block runs, with warnings as errors, from a folder that knows nothing of this repository."""
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "--rootdir", str(files)]
    done = checked([*command, str(files)], cwd=files, env={"PYTHONPATH": paths()})
    assert re.search(r"^\d\d passed", done, re.MULTILINE), done


def test_the_examples_are_typed(files: Path, tmp_path: Path) -> None:
    """By mypy and pyright: the blocks of the page, and in strict mode a program that does what applications do."""
    names = [*sorted(path.name for path in files.glob("*.py")), IDIOMS.name]
    shutil.copytree(files, tmp_path / "checked")
    shutil.copy(IDIOMS, tmp_path / "checked")
    command = [*mypy_strict(), *names]
    checked(command, cwd=tmp_path / "checked", env={"MYPYPATH": paths()})
    # Mocks and the calls of respx are of no type: what is strict is the program.
    settings = {
        "typeCheckingMode": "standard",
        "strict": [IDIOMS.name],
        "extraPaths": paths().split(os.pathsep),
    }
    (tmp_path / "checked" / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", "-p", "."]
    report = json.loads(checked(command, cwd=tmp_path / "checked"))
    assert report["summary"]["filesAnalyzed"] == len(names)
