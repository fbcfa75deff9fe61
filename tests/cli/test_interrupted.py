"""Commands that somebody ends: no traceback, and each file is the old one or the new one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_cli import SMALL, contents, run

OLD = "# mine\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two documents."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL, "utf-8")
    (tmp_path / "other.yaml").write_text(SMALL.replace("    post:", "    put:"), "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "program", [[sys.executable, "-m", "samekey"], [str(Path(sys.executable).with_name("samekey"))]]
)
def test_ctrl_c_at_the_very_beginning(program: list[str], here: Path) -> None:
    """While Python still imports, it ends without a word, as a shell expects of it."""
    (here / "typer.py").write_text("raise KeyboardInterrupt\n", "utf-8")
    done = subprocess.run(
        [*program, "--version"],
        env={**os.environ, "PYTHONPATH": str(here)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


LONG = "a" * 300
"""A name that no file can have."""


PLACES = (
    "generate {0} -o sdk",
    "generate small.yaml -o {0}",
    "generate small.yaml -o sdk --config {0}",
    "generate small.yaml -o sdk --overlay {0}",
    "init small.yaml -y -o {0}",
    "init small.yaml -y --config {0}",
    "inspect small.yaml -o {0}",
    "snippets small.yaml -o {0}",
    "snippets small.yaml --to {0}",
    "snippets small.yaml --as-overlay {0}",
    "diff small.yaml {0}",
    "diff {0} small.yaml",
    "diff small.yaml other.yaml --report {0}.md",
    "diff small.yaml other.yaml --changelog {0}",
    "outdated {0}",
    "audit small.yaml --overlay {0}",
    "audit small.yaml --report {0}.md",
    "audit small.yaml --compare {0}",
    "adopt {0} small.yaml",
    "verify small.yaml --base-url http://127.0.0.1:9 --operation createPet --write-profile {0}",
)
"""Commands with a place in which something is read or written."""


@pytest.mark.parametrize(
    ("command", "name"),
    # A report beside a folder of that name is no mistake.
    [
        (one, name)
        for one in PLACES
        for name in (LONG, "small.yaml/x", "there")
        if (name, "{0}.md" in one) != ("there", True)
    ],
)
def test_a_place_that_cannot_be_is_no_traceback(command: str, name: str, here: Path) -> None:
    """Too long, below a file, or a folder where a file belongs: it is told, and nothing is written."""
    (here / "there").mkdir()
    (here / "there" / "mine.txt").write_text(OLD, "utf-8")
    before = contents(here)
    done = run(*command.format(name).split())
    assert (done.status, contents(here)) == (2, before), done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("diff", "small.json", "other.yaml", "--report", "small.json"),
        ("diff", "other.yaml", "small.json", "--report", "./small.json"),
        ("diff", "other.yaml", "other.yaml", "--config", "small.json", "--report", "small.json"),
        ("diff", "other.yaml", "small.json", "--changelog", "small.json"),
        ("diff", "other.yaml", "other.yaml", "--changelog", "small.json", "--report", "small.json"),
        ("generate", "small.json", "-o", "sdk", "--report", "small.json"),
        ("audit", "small.json", "--report", "small.json"),
        ("verify", "small.json", "--base-url", "http://127.0.0.1:9", "--operation", "x", "--report", "small.json"),
    ],
)
def test_what_is_read_is_not_written(words: tuple[str, ...], here: Path) -> None:
    """A report in the place of a document, a config or a changelog would be the end of it."""
    (here / "small.json").write_text(SMALL, "utf-8")
    before = contents(here)
    done = run(*words)
    assert (done.status, contents(here)) == (2, before)
    assert "would be lost" in " ".join(done.stderr.replace("│", " ").split())


WRITING = {
    "report": ("diff", "small.yaml", "other.yaml", "--report", "file.md"),
    "changelog": ("diff", "small.yaml", "other.yaml", "--changelog", "file.md"),
    "generate": ("generate", "small.yaml", "-o", "sdk", "--check", "--report", "file.md"),
    "audit": ("audit", "small.yaml", "--report", "file.md"),
    "mends": ("audit", "small.yaml", "--overlay", "file.md"),
    "samples": ("snippets", "small.yaml", "--as-overlay", "file.md"),
    "init": ("init", "small.yaml", "--yes", "--config", "file.md"),
}


@pytest.mark.parametrize("name", WRITING)
def test_a_file_is_the_old_one_or_the_new_one(name: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C before the last step leaves what was there, and nothing beside it."""
    file = here / "file.md"
    if name != "init":
        assert run(*WRITING[name]).status < 2
    had = file.read_bytes() if file.exists() else None
    if name in {"report", "changelog", "generate", "audit"}:
        file.write_text(OLD, "utf-8")
        had = OLD.encode()
    before = contents(here)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    assert run(*WRITING[name]).status == 130
    assert contents(here) == before
    assert (file.read_bytes() if file.exists() else None) == had
    assert list(here.rglob(".samekey-*")) == []
