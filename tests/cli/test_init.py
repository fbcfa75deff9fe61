"""`samekey init`: from nothing but a document to a config that says what was found, and an SDK."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest
from samekey.cli import app
from samekey.config.file import Config, load_config
from samekey.document.diagnostics import Diagnostics, in_full
from typer.testing import CliRunner

from tests.cli.test_cli import PAYMENTS, SMALL, Outcome, contents, run

HOSTILE = dedent("""
    openapi: 3.1.0
    info:
      title: "Shop\\nclient: Evil #\\e[31m"
      version: "1.0\\nclient: Evil"
      license: {name: "MIT\\nclient: Evil"}
    servers: [{url: "https://a.example/\\nclient: Evil"}]
    paths:
      "/a\\nclient: {x}":
        get:
          tags: ["t\\nclient: Evil"]
          x-internal: true
          responses: {200: {description: ''}}
        post: {tags: ["{a: b}"], responses: {200: {description: ''}}}
    components:
      securitySchemes: {"k\\nclient: Evil": {type: apiKey, in: header, name: X}}
""")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own with a small document."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL, "utf-8")
    return tmp_path


def answering(answers: str, *arguments: str) -> Outcome:
    """Run the command with answers to its questions."""
    result = CliRunner().invoke(app, ["init", *arguments], input=answers)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


def uncommented(text: str) -> str:
    """A config in which every word that stands in a comment is taken."""
    lines = text.splitlines()
    words = re.compile(r"# ( *)([a-z_]+: .*|[a-z_]+:)$")
    return "\n".join(words.sub(r"\1\2", line) if words.match(line) else line for line in lines)


def loaded_config(path: Path) -> Config:
    """A config that has nothing wrong with it."""
    diagnostics = Diagnostics()
    config = load_config(str(path), diagnostics)
    assert [in_full(entry) for entry in diagnostics] == []
    assert config is not None
    return config


@pytest.mark.parametrize("spec", [PAYMENTS, "small.yaml"])
def test_nothing_is_asked_with_yes(here: Path, spec: str) -> None:
    """A config and an SDK are there, and the next run has nothing to change."""
    outcome = run("init", spec, "--yes")
    assert outcome.status == 0, outcome.stderr
    command = next(line for line in outcome.stdout.splitlines() if line.startswith("  samekey generate "))
    again = run(*command.partition("    #")[0].split()[1:], "--check")
    assert again.status == 0, again.stdout
    assert "next:" in outcome.stdout
    assert loaded_config(here / "samekey.yaml").package in outcome.stdout


@pytest.mark.parametrize("spec", [PAYMENTS, "small.yaml"])
def test_what_stands_in_comments_can_be_taken(here: Path, spec: str) -> None:
    """Each word that a comment shows is one that the config has."""
    assert run("init", spec, "-y").status == 0
    text = (here / "samekey.yaml").read_text("utf-8")
    taken = uncommented(text)
    assert taken.count("\n# ") < text.count("\n# ") - 4
    (here / "taken.yaml").write_text(taken, "utf-8")
    config = loaded_config(here / "taken.yaml")
    assert config.project.authors
    assert config.retry.api.max_retries == 5


def test_answers_are_taken(here: Path) -> None:
    """Three questions at most, each asked again until its answer makes sense."""
    outcome = answering("My-Shop\njson\nmy_shop\nout\nproprietary\nMIT\n", "small.yaml")
    assert outcome.status == 0, outcome.stderr
    assert "'My-Shop' is not a name in lower case that Python can import" in outcome.stderr
    assert "would hide the module of that name" in outcome.stderr
    assert "not an SPDX identifier" in outcome.stderr
    config = loaded_config(here / "samekey.yaml")
    assert (config.package, config.distribution, config.project.license) == ("my_shop", "my-shop", "MIT")
    assert (here / "out" / "my_shop" / "__init__.py").exists()
    assert (here / "out" / "LICENSE").read_text("utf-8").startswith("MIT License")


def test_no_answer_is_an_error(here: Path) -> None:
    """A run without anybody to ask says so, and leaves nothing behind."""
    outcome = answering("", "small.yaml")
    assert outcome.status == 2
    assert "--yes" in outcome.stderr
    assert [path.name for path in here.iterdir()] == ["small.yaml"]


def test_what_was_found_is_told(here: Path) -> None:
    """Assumed keys, marks, licence and servers."""
    (here / "marked.yaml").write_text(
        SMALL.replace("operationId: createPet", "operationId: createPet, x-internal: true") + "  /x: {post: {}}\n",
        "utf-8",
    )
    assert run("init", "marked.yaml", "--yes").status == 0
    text = (here / "samekey.yaml").read_text("utf-8")
    assert "# 3 operations in pets; 0 deprecated, 1 marked x-internal." in text
    assert "exclude: {internal: true}  " in text
    assert "# Idempotency keys: 2 assumed." in text
    assert '#   operations: {"POST /pets": false}' in text
    assert "# Servers: https://small.example" in text
    assert loaded_config(here / "samekey.yaml").selection.hides_internal
    assert "create_pet" not in "".join(str(text) for text in contents(here / "small-python").values())


def test_a_config_that_is_there_stays(here: Path) -> None:
    """Whatever is in it."""
    (here / "samekey.yaml").write_text("mine", "utf-8")
    outcome = run("init", "small.yaml", "--yes")
    assert outcome.status == 2
    assert "samekey.yaml is there already" in outcome.stderr
    assert (here / "samekey.yaml").read_text("utf-8") == "mine"
    assert not (here / "small-python").exists()
    assert run("init", "small.yaml", "--yes", "--config", "other.yaml").status == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.yaml"], "cannot read nowhere.yaml"),
        (["-"], "is gone after this run"),
        (["mine.txt"], "not"),
        (["small.yaml", "-o", "small.yaml"], "small.yaml is a file"),
        (["small.yaml", "-o", "theirs"], "none of them was written by samekey"),
        (["small.yaml", "--config", "no/such/folder.yaml"], "cannot write no/such/folder.yaml"),
    ],
)
def test_what_cannot_be_done_leaves_nothing_behind(here: Path, arguments: list[str], words: str) -> None:
    """No half of it: neither a config nor an SDK."""
    (here / "mine.txt").write_text("<html>", "utf-8")
    (here / "theirs").mkdir()
    (here / "theirs" / "notes.txt").write_text("mine", "utf-8")
    before = contents(here)
    outcome = run("init", *arguments, "--yes")
    assert outcome.status == 2
    assert words in outcome.stderr
    assert contents(here) == before


def test_an_interrupted_run_leaves_no_config(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one begins anew."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("samekey.output.write.apply", interrupted)
        CliRunner().invoke(app, ["init", "small.yaml", "--yes"])
    assert not (here / "samekey.yaml").exists()
    assert run("init", "small.yaml", "--yes").status == 0


def test_hostile_words_stay_in_comments(here: Path) -> None:
    """Nothing of a document becomes a word of the config, or drives a terminal."""
    (here / "hostile.yaml").write_text(HOSTILE, "utf-8")
    outcome = run("init", "hostile.yaml", "--yes", "-o", "out")
    assert outcome.status == 0, outcome.stderr
    config = loaded_config(here / "samekey.yaml")
    assert config.client == "ShopClientEvil31m"
    assert "\x1b" not in (here / "samekey.yaml").read_text("utf-8")
    assert "\x1b" not in outcome.stdout
    (here / "taken.yaml").write_text(uncommented((here / "samekey.yaml").read_text("utf-8")), "utf-8")
    assert loaded_config(here / "taken.yaml").client == "ShopClientEvil31m"
