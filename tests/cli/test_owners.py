"""The page for owners of APIs: each answer that it gives is run, on the API of payments."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from tests.cli.test_cli import PAYMENTS, contents, run
from tests.cli.test_diff import BILLING, MARKING, git

PAGE = Path(__file__).parents[2] / "docs" / "owners.md"
ROWS = re.findall(r"^\| (.*?) \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
SPANS = [span for _, answer in ROWS for span in re.findall(r"`([^`]+)`", answer)]
COMMANDS = [span for span in SPANS if span.startswith("samekey ") and " " in span.removeprefix("samekey ")]
RUN_ELSEWHERE = ("serve", "--watch")
"""Words of commands that go on until somebody ends them."""


def configs() -> list[str]:
    """The answers that are lines of the config."""
    found: list[str] = []
    for span in SPANS:
        value = yaml.safe_load(span) if ": " in span else None
        # What stands in a document is no line of the config.
        if isinstance(value, dict) and "deprecated" not in value:
            found.append(span)
    return found


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository of an owner, with a release behind it; the documents of today are those of then."""
    folder = tmp_path_factory.mktemp("owner") / "repository"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copy(PAYMENTS, "openapi.yaml")
        Path("billing.yaml").write_text(BILLING, "utf-8")
        Path("fixes.yaml").write_text(MARKING.replace("/invoices", "/charges"), "utf-8")
        Path("README.md.jinja").write_text("{{ usual }}\nMade with love.\n", "utf-8")
        assert run("init", "openapi.yaml", "--yes", "-o", "acme-python").status == 0
        git("init", "-q", "-b", "main")
        git("add", ".")
        git("commit", "-q", "-m", "a release")
        git("tag", "v1.4.0")
    return folder


@pytest.fixture(scope="module")
def plain(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The SDK without any config."""
    folder = tmp_path_factory.mktemp("plain")
    assert run("generate", str(repository / "openapi.yaml"), "-o", str(folder)).status == 0
    return contents(folder)


@pytest.fixture
def here(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the repository, to work in."""
    folder = shutil.copytree(repository, tmp_path / "here")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", [text for text in COMMANDS if not set(RUN_ELSEWHERE) & set(text.split())])
def test_each_command_runs(command: str, here: Path) -> None:
    """As it stands there; nothing has changed, so no gate closes."""
    words = shlex.split(command)[1:]
    if words[0] == "init":
        (here / "samekey.yaml").unlink()
    done = run(*words)
    assert done.status == 0, done.stderr
    named = [
        word for word in words if word.endswith((".md", ".json", ".html")) or word in {"mends.yaml", "samples.yaml"}
    ]
    assert [name for name in named if not (here / name).exists() and not name.endswith("CHANGELOG.md")] == []


@pytest.mark.slow
@pytest.mark.parametrize("text", configs())
def test_each_config_is_taken(text: str, here: Path, plain: dict[str, bytes]) -> None:
    """As it stands there, without a finding that says that it does nothing; and it does something."""
    (here / "samekey.yaml").write_text(text if text.startswith("{") else f"{text}\n", "utf-8")
    done = run("generate", "openapi.yaml", "-o", "other", "--config", "samekey.yaml")
    assert done.status == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith(("error", "warning"))] == []
    assert contents(here / "other") != plain


def test_there_is_something_to_run() -> None:
    """Most rows say a command or lines of the config, and each row says something."""
    assert len(COMMANDS) > 15
    assert len(configs()) > 20
    assert [question for question, answer in ROWS if "`" not in answer and "](" not in answer and answer != "so"] == []
