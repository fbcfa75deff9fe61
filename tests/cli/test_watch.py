"""`samekey generate --watch`: an SDK is written again whenever a file changes that it is made of."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.test_cli import SMALL, run

PATIENCE = 60.0


def until(file: Path, text: str, *, times: int = 1) -> None:
    """Wait until a text stands in a file so many times."""
    end = time.monotonic() + PATIENCE
    while file.read_text("utf-8").count(text) < times:
        assert time.monotonic() < end, file.read_text("utf-8")
        time.sleep(0.05)


def test_it_goes_on_through_mistakes_until_it_is_ended(tmp_path: Path) -> None:
    """A change is written, also of a file that was missing; a mistake is told, and the next change mends it."""
    document, said, api = tmp_path / "api.yaml", tmp_path / "said", tmp_path / "sdk" / "api.md"
    document.write_text(SMALL, "utf-8")
    command = [sys.executable, "-m", "samekey", "generate", str(document), "-o", str(tmp_path / "sdk"), "--watch"]
    with said.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            until(said, "watching for changes")
            document.write_text(SMALL.replace("listPets", "findPets").replace("/pets", "/animals"), "utf-8")
            until(said, "watching for changes", times=2)
            assert "/animals" in api.read_text("utf-8")
            document.write_text("openapi: [", "utf-8")
            until(said, "[syntax]")
            until(said, "watching for changes", times=3)
            assert "/animals" in api.read_text("utf-8")
            other = SMALL.replace('{"200": {description: ok}}', '{"200": {$ref: "more.yaml#/Ok"}}')
            document.write_text(other, "utf-8")
            until(said, "cannot read")
            until(said, "watching for changes", times=4)
            (tmp_path / "more.yaml").write_text("Ok: {description: fine}", "utf-8")
            until(said, "watching for changes", times=5)
        finally:
            process.terminate()
            process.wait(PATIENCE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("api.yaml", "--check"), "with --check nothing is written"), (("-",), "standard input does not change")],
)
def test_what_cannot_be_watched_is_said(arguments: tuple[str, ...], message: str) -> None:
    """Exit 2, before anything is read."""
    found = run("generate", *arguments, "-o", "sdk", "--watch", stdin=SMALL.encode())
    assert (found.status, message in " ".join(found.stderr.replace("│", " ").split())) == (2, True)
