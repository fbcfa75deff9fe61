"""`samekey snippets`: a program for each operation, which type checkers and a server take as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.document.overlay import apply_overlays, load_overlay
from samekey.header import MARKER
from samekey.lower.paths import listed_operations
from samekey.sandbox.serving import running

from tests.cli.test_cli import PAYMENTS, SMALL, WAREHOUSE, contents, run
from tests.tools import checked, mypy_strict, pyright_strict

ROOT = Path(__file__).parents[2]
STUDIO = str(ROOT / "specs" / "studio" / "openapi.yaml")
APIS = {"payments": PAYMENTS, "warehouse": WAREHOUSE, "studio": STUDIO}
REFUSED = "NotFoundError"
"""What a server that has just begun may say of an example's id."""


@pytest.fixture(scope="module", params=APIS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A document, and a folder with an SDK and snippets of it."""
    spec = APIS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    assert run("generate", spec, "-o", str(folder / "sdk")).status == 0
    outcome = run("snippets", spec, "-o", str(folder / "sdk"), "--to", str(folder / "snippets"))
    assert outcome.status == 0, outcome.stderr
    return spec, folder


def test_each_snippet_is_checked(made: tuple[str, Path], tmp_path: Path) -> None:
    """Both type checkers, strict, on every one."""
    _, folder = made
    environment = {"MYPYPATH": str(folder / "sdk")}
    scripts = sorted(map(str, (folder / "snippets").glob("*.py")))
    command = [*mypy_strict(), "--scripts-are-modules"]
    checked([*command, *scripts], cwd=folder, env=environment)
    for path, data in contents(folder / "snippets").items():
        (folder / "sdk" / f"snippet_{path}").write_bytes(data)
    try:
        pyright_strict(folder / "sdk", tmp_path / "pyright")
    finally:
        for copy in (folder / "sdk").glob("snippet_*.py"):
            copy.unlink()


@pytest.mark.parametrize("made", ["payments", "warehouse"], indirect=True)
def test_each_snippet_runs(made: tuple[str, Path], tmp_path: Path) -> None:
    """Against a server that judges requests by the document: it does as it says, or the example's id is not there."""
    spec, folder = made
    package = next(path.name for path in (folder / "sdk").iterdir() if (path / "_client.py").exists())
    with running(spec) as sandbox:
        environment = {
            **os.environ,
            "PYTHONPATH": str(folder / "sdk"),
            f"{package.upper()}_BASE_URL": sandbox.url,
            **{f"{package.upper()}_{word}": "x" for word in ("TOKEN", "API_KEY", "USERNAME", "PASSWORD")},
        }

        def outcome(path: Path) -> str:
            done = subprocess.run(
                [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", str(path)],
                cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            return "" if done.returncode == 0 else done.stderr

        paths = sorted((folder / "snippets").glob("*.py"))
        with ThreadPoolExecutor(4) as pool:
            outcomes = dict(zip((path.name for path in paths), pool.map(outcome, paths), strict=True))
    failed = {name: text for name, text in outcomes.items() if text and REFUSED not in text}
    assert failed == {}
    assert sum(not text for text in outcomes.values()) > len(outcomes) / 4


def test_api_md_shows_the_same_calls(made: tuple[str, Path]) -> None:
    """Each call with its snippet's own lines: what is checked and run above is what people copy."""
    _, folder = made
    snippets = {path: data.decode() for path, data in contents(folder / "snippets").items()}
    calls = {path: textwrap.dedent(text.partition(" as client:\n")[2]) for path, text in snippets.items()}
    page = (folder / "sdk" / "api.md").read_text("utf-8")
    shown = re.findall(r"^### `(.*?)`$.*?^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert {f"{call.replace('.', '_')}.py": text for call, text in shown} == calls


@pytest.mark.parametrize("spec", APIS.values(), ids=APIS)
def test_an_overlay_adds_them_to_the_document(spec: str, tmp_path: Path) -> None:
    """As x-codeSamples of each operation, and nothing else changes."""
    file = tmp_path / "samples.yaml"
    outcome = run("snippets", spec, "--as-overlay", str(file))
    assert outcome.status == 0, outcome.stderr
    assert not (Path.cwd() / "snippets").exists()
    diagnostics = Diagnostics()
    document, overlay = load(spec, diagnostics), load_overlay(str(file), diagnostics)
    assert document is not None
    assert overlay is not None
    patched = apply_overlays(document, [overlay])
    assert [entry.message for entry in diagnostics] == []
    operations = [entry.node for entry in listed_operations(patched.node)]
    samples = [list(node.elements("x-codeSamples")) for node in operations]
    assert all(samples)
    found = [(sample.text("lang"), sample.text("source")) for listed in samples for sample in listed]
    assert found
    assert {language for language, _ in found} == {"Python"}
    assert all(" as client:" in text and MARKER not in text for _, text in found)
    assert run("generate", spec, "-o", str(tmp_path / "sdk"), "--overlay", str(file)).status == 0


def test_the_documents_own_examples_are_used(made: tuple[str, Path]) -> None:
    """Not made-up words, where the document has better ones."""
    spec, folder = made
    if spec == PAYMENTS:
        text = (folder / "snippets" / "charges_create.py").read_text("utf-8")
        assert 'description="Two tickets, row F"' in text
        assert '"number": "4242424242424242"' in text
        assert text.splitlines()[1] == "# Create a charge"


def test_a_folder_is_kept_up_to_date(tmp_path: Path) -> None:
    """What is gone from the document goes, what was taken over stays, and other files are nobody's business."""
    spec = tmp_path / "small.yaml"
    spec.write_text(SMALL, "utf-8")
    folder = tmp_path / "out"
    assert run("snippets", str(spec), "--to", str(folder)).status == 0
    assert sorted(contents(folder)) == ["pets_create.py", "pets_list.py"]
    (folder / "notes.txt").write_text("mine", "utf-8")
    (folder / "own.py").write_text("mine = 1\n", "utf-8")
    spec.write_text(SMALL.replace("    post: {operationId: createPet", "    put: {operationId: replacePet"), "utf-8")
    outcome = run("snippets", str(spec), "--to", str(folder))
    assert outcome.status == 0
    assert sorted(contents(folder)) == ["notes.txt", "own.py", "pets_list.py", "pets_replace.py"]
    assert "(1 changed)" in outcome.stdout


def test_the_names_are_those_of_the_sdk(tmp_path: Path) -> None:
    """As its names.json and its config have them."""
    spec, config = tmp_path / "small.yaml", tmp_path / "samekey.yaml"
    spec.write_text(SMALL, "utf-8")
    config.write_text("rename: {operations: {listPets: pets.all_of_them}}\nclient: Zoo\n", "utf-8")
    outcome = run("snippets", str(spec), "--config", str(config), "--to", str(tmp_path / "out"))
    assert outcome.status == 0, outcome.stderr
    assert "Zoo() as client:" in (tmp_path / "out" / "pets_all_of_them.py").read_text("utf-8")


def test_each_snippet_has_a_file(tmp_path: Path) -> None:
    """Calls whose names would be one file's are in two."""
    spec, config = tmp_path / "small.yaml", tmp_path / "samekey.yaml"
    spec.write_text(SMALL, "utf-8")
    config.write_text("rename: {operations: {listPets: pets.all_cats, createPet: pets_all.cats}}\n", "utf-8")
    assert run("snippets", str(spec), "--config", str(config), "--to", str(tmp_path / "out")).status == 0
    assert sorted(contents(tmp_path / "out")) == ["pets_all_cats.py", "pets_all_cats_2.py"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.yaml"], "cannot read nowhere.yaml"),
        (["small.yaml", "--to", "small.yaml"], "is a file"),
        (["small.yaml", "--to", "theirs"], "none of them was written by samekey"),
        (["small.yaml", "--as-overlay", "small.yaml"], "was not written by samekey"),
        (["small.yaml", "--as-overlay", "no/such/file.yaml"], "cannot write"),
        (["small.yaml", "--config", "nowhere.yaml"], "cannot read nowhere.yaml"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is said."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL, "utf-8")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "a.txt").write_text("mine", "utf-8")
    before = contents(tmp_path)
    outcome = run("snippets", *arguments)
    assert outcome.status == 2
    assert words in outcome.stderr
    assert contents(tmp_path) == before


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    """No example, summary or path becomes a program, in snippets and in the overlay."""
    evil = '"""\n__import__("os").abort()\n# {{ x }} \x1b[31m \u202e \' \\'
    operation = {
        "summary": evil,
        "parameters": [
            {"name": "a'b", "in": "path", "required": True, "example": evil, "schema": {"type": "string"}},
            {"name": evil, "in": "query", "required": True, "schema": {"type": "string", "example": evil}},
        ],
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}, "example": {evil: [evil]}}}},
        "responses": {"200": {"description": ""}},
    }
    spec = tmp_path / "evil.yaml"
    value = {
        "openapi": "3.1.0",
        "info": {"title": evil, "version": "1"},
        "paths": {"/x/{a'b}": {"post": operation}},
    }
    spec.write_text(yaml.safe_dump(value), "utf-8")
    file = tmp_path / "samples.yaml"
    outcome = run("snippets", str(spec), "--to", str(tmp_path / "out"), "--as-overlay", str(file))
    assert outcome.status == 0, outcome.stderr
    (text,) = contents(tmp_path / "out").values()
    code = text.decode()
    compile(code, "snippet", "exec")
    assert all(line.replace("\t", " ").isprintable() for line in code.splitlines())
    assert "abort()" not in [line.strip() for line in code.splitlines()]
    diagnostics = Diagnostics()
    document, overlay = load(str(spec), diagnostics), load_overlay(str(file), diagnostics)
    assert document is not None
    assert overlay is not None
    apply_overlays(document, [overlay])
    assert list(diagnostics) == []
