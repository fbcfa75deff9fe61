"""`samekey diff`, and what `samekey generate` says of changes: what they print, write, refuse, and exit with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from samekey.cli import app
from typer.testing import CliRunner

from tests.cli.test_cli import BAD, Outcome, run

OLD = """\
openapi: 3.1.0
info: {title: Shop, version: 1.2.0}
servers: [{url: "https://api.shop.example"}]
paths:
  /orders:
    get:
      operationId: listOrders
      tags: [orders]
      parameters: [{name: limit, in: query, schema: {type: integer, default: 20}}]
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "models.yaml#/Orders"}}}}}
"""
MODELS = "Orders: {type: object, properties: {total: {type: integer}, old: {type: string}}}\n"
BREAKING = "for users of the SDK: 1 breaking\n"


def git(*words: str) -> None:
    """Run git, as somebody."""
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    program = shutil.which("git")
    assert program is not None
    subprocess.run([program, *words], check=True, capture_output=True, env={**os.environ, **who})


def diff(*arguments: str) -> Outcome:
    """Run the command."""
    return run("diff", *arguments)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a document in two files, of which one has changed since its last commit."""
    monkeypatch.chdir(tmp_path)
    Path("api").mkdir()
    Path("api/openapi.yaml").write_text(OLD, "utf-8")
    Path("api/models.yaml").write_text(MODELS, "utf-8")
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    Path("api/models.yaml").write_text(MODELS.replace(", old: {type: string}", ""), "utf-8")
    return tmp_path


def test_a_revision_is_read_with_all_its_files() -> None:
    """References lead to files as they were then."""
    found = diff("main:api/openapi.yaml", "api/openapi.yaml")
    assert found.status == 0
    assert (
        found.stdout
        == f"{BREAKING}  breaking   `Orders.old` is gone\nafter 1.2.0 comes at least 2.0.0; set the next one\n"
    )


def test_a_revision_may_be_named_from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path below the root of the repository, or below the working folder with a dot before it, as git has it."""
    monkeypatch.chdir("api")
    for old in ("main:api/openapi.yaml", "main:./openapi.yaml", "HEAD:./openapi.yaml", "HEAD~0:api/openapi.yaml"):
        assert diff(old, "openapi.yaml").stdout.startswith(BREAKING), old


def test_sdks_and_their_revisions_are_compared() -> None:
    """Each of document and SDK, as it is or as it was, can stand on either side."""
    git("checkout", "-q", "--", "api")
    assert run("generate", "api/openapi.yaml", "-o", "sdk").status == 0
    git("add", ".")
    git("commit", "-q", "-m", "sdk")
    Path("api/models.yaml").write_text(MODELS.replace(", old: {type: string}", ""), "utf-8")
    for old in ("sdk", "main:sdk", "main:api/openapi.yaml"):
        new = "api/openapi.yaml"
        assert diff(old, new).stdout.startswith(BREAKING), (old, new)
    assert run("generate", "api/openapi.yaml", "-o", "sdk").stdout.count("`Orders.old` is gone") == 1
    for old, new in (("main:sdk", "sdk"), ("main:sdk/", "sdk"), ("main:api/openapi.yaml", "sdk")):
        assert diff(old, new).stdout.startswith(BREAKING), (old, new)
    assert diff("sdk", "api/openapi.yaml").stdout == "nothing has changed for users of the SDK\n"


def test_generate_and_check_say_what_changes() -> None:
    """Before it is written and when it is; not where nothing is written, and not of an SDK that tells nothing."""
    git("stash", "-q")
    run("generate", "api/openapi.yaml", "-o", "sdk")
    git("stash", "pop", "-q")
    checked = run("generate", "api/openapi.yaml", "-o", "sdk", "--check")
    assert (checked.status, "`Orders.old` is gone" in checked.stdout) == (1, True)
    surface = Path("sdk/surface.json")
    kept = surface.read_text("utf-8")
    surface.write_text(kept[:200], "utf-8")
    broken = run("generate", "api/openapi.yaml", "-o", "sdk", "--check")
    assert "[surface-unreadable]" in broken.stderr
    assert "`Orders.old` is gone" not in broken.stdout
    surface.unlink()
    assert "Orders.old" not in run("generate", "api/openapi.yaml", "-o", "sdk").stdout
    assert "Orders.old" not in run("generate", "api/openapi.yaml", "-o", "sdk").stdout


def test_generate_and_check_write_the_same_report() -> None:
    """As `samekey diff` writes it, in Markdown and JSON; nothing has changed where nothing is written."""
    git("stash", "-q")
    assert run("generate", "api/openapi.yaml", "-o", "sdk", "--report", "first.md").status == 0
    git("stash", "pop", "-q")
    assert "Nothing has changed for users of the SDK." in Path("first.md").read_text("utf-8")
    assert diff("sdk", "api/openapi.yaml", "--report", "diff.md", "--report", "diff.json").status == 0
    expected = [Path(f"diff{suffix}").read_text("utf-8") for suffix in (".md", ".json")]
    assert "`Orders.old` is gone" in expected[0]
    for how, status in (("--check",), 1), ((), 0):
        files = ("--report", "made.md", "--report", "made.json")
        assert run("generate", "api/openapi.yaml", "-o", "sdk", *how, *files).status == status
        assert [Path(f"made{suffix}").read_text("utf-8") for suffix in (".md", ".json")] == expected
    for _ in range(2):
        Path("made.md").unlink()
        assert run("generate", "api/openapi.yaml", "-o", "sdk", "--check", "--report", "made.md").status == 0
        assert "Nothing has changed for users of the SDK." in Path("made.md").read_text("utf-8")
    refused = run("generate", "api/openapi.yaml", "-o", "other", "--report", "made.txt")
    assert (refused.status, Path("other").exists()) == (2, False)


def test_gates() -> None:
    """A gate closes on what breaks, or on a version that does not say so."""
    pair = ("main:api/openapi.yaml", "api/openapi.yaml")
    assert [diff(*pair, "--fail-on", gate).status for gate in ("breaking", "version", "never")] == [1, 1, 0]
    Path("api/openapi.yaml").write_text(OLD.replace("1.2.0", "2.0.0"), "utf-8")
    assert [diff(*pair, "--fail-on", gate).status for gate in ("breaking", "version", "never")] == [1, 0, 0]
    assert "2.0.0 is enough" in diff(*pair).stdout
    assert diff("main:api/openapi.yaml", "main:api/openapi.yaml", "--fail-on", "version").status == 0


def test_reports_and_a_changelog_are_written() -> None:
    """Markdown, JSON, and the entry of a changelog; a second run changes none of them."""
    arguments = (
        "main:api/openapi.yaml",
        "api/openapi.yaml",
        "--report",
        "r.md",
        "--report",
        "r.json",
        "--changelog",
        "C.md",
    )
    texts: list[list[str]] = []
    for _ in range(2):
        assert diff(*arguments).status == 0
        texts.append([Path(name).read_text("utf-8") for name in ("r.md", "r.json", "C.md")])
    assert texts[0] == texts[1]
    markdown, report, changelog = texts[0]
    assert "## Breaking\n\n- `Orders.old` is gone\n" in markdown
    assert json.loads(report)["changes"][0]["kind"] == "field-removed"
    assert "## Unreleased\n\n### Breaking\n\n- `Orders.old` is gone <!-- samekey" in changelog
    assert not list(Path().glob(".samekey-*"))


def test_the_config_is_the_one_of_the_revision() -> None:
    """What an SDK was called then is what it was called; a config that was not there is taken as it is now."""
    config = Path("samekey.yaml")
    config.write_text("package: shop\nversion: '1.2.0'\n", "utf-8")
    pair = ("main:api/openapi.yaml", "api/openapi.yaml", "--config", "samekey.yaml")
    assert "package-renamed" not in diff(*pair).stdout
    git("add", "samekey.yaml")
    git("commit", "-q", "-m", "config")
    config.write_text("package: store\nversion: '2.0.0'\n", "utf-8")
    found = diff(*pair).stdout
    assert "`shop` is imported as `store`" in found
    assert "after 1.2.0 comes at least 2.0.0; 2.0.0 is enough" in found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nope:api/openapi.yaml", "api/openapi.yaml"), "there is no revision 'nope' here"),
        (("main:nope.yaml", "api/openapi.yaml"), "path 'nope.yaml' does not exist in 'main'"),
        (("main:../x.yaml", "api/openapi.yaml"), "main:../x.yaml"),
        (("--output=x:y", "api/openapi.yaml"), "No such option"),
        (("nope.yaml", "api/openapi.yaml"), "cannot read nope.yaml"),
        (("api/openapi.yaml", "nope.yaml"), "cannot read nope.yaml"),
        (("api", "api/openapi.yaml"), "api holds no surface.json"),
        (("main:api", "api/openapi.yaml"), "main:api holds no surface.json"),
        (("api/openapi.yaml", "api/openapi.yaml", "--report", "r.txt"), "r.txt ends in none of .json, .md"),
        (("api/openapi.yaml", "api/openapi.yaml", "--report", "no/r.md"), "cannot write no/r.md"),
        (("api/openapi.yaml", "api/openapi.yaml", "--changelog", "api"), "api: is a directory"),
        (("api/openapi.yaml", "api/openapi.yaml", "--changelog", "bytes.md"), "bytes.md is not UTF-8 text"),
        (("api/openapi.yaml", "api/openapi.yaml", "--config", "no.yaml"), "cannot read no.yaml"),
        (("api/openapi.yaml",), "Missing argument"),
    ],
)
def test_what_cannot_be_used_is_said(arguments: tuple[str, ...], message: str) -> None:
    """Exit 2, a message in words, and nothing is written."""
    Path("bytes.md").write_bytes(b"\xff\xfe\xfa")
    before = sorted(Path().rglob("*"))
    found = diff(*arguments)
    assert found.status == 2
    assert message in " ".join(found.stderr.replace("│", " ").split())
    assert sorted(Path().rglob("*")) == before
    assert Path("bytes.md").read_bytes() == b"\xff\xfe\xfa"


@pytest.mark.parametrize("folder", BAD, ids=lambda path: path.name)
def test_a_bad_document_is_told_as_elsewhere(folder: Path) -> None:
    """No traceback, whichever side it is on."""
    spec = next(path for path in sorted(folder.iterdir()) if path.suffix in {".yaml", ".json"})
    for pair in ((str(spec), "api/openapi.yaml"), ("api/openapi.yaml", str(spec))):
        assert diff(*pair).status in {0, 2}


def test_a_name_is_no_option_of_git(tmp_path: Path) -> None:
    """A revision that looks like an option is none, and runs nothing."""
    result = CliRunner().invoke(app, ["diff", "--", f"--output={tmp_path}/made:x", "api/openapi.yaml"])
    assert result.exit_code == 2
    assert not (tmp_path / "made").exists()


def test_outside_of_a_repository(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """That there is no repository is what is said."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(elsewhere.parent))
    found = diff("main:openapi.yaml", "x.yaml")
    assert found.status == 2
    assert "no git repository" in " ".join(found.stderr.replace("│", " ").split())


def test_without_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents and folders need no git; revisions say that they do."""
    monkeypatch.setenv("PATH", "")
    assert diff("api/openapi.yaml", "api/openapi.yaml").status == 0
    found = diff("main:api/openapi.yaml", "api/openapi.yaml")
    assert (found.status, "no git is installed" in " ".join(found.stderr.replace("│", " ").split())) == (2, True)


BILLING = """\
openapi: 3.1.0
info: {title: Billing, version: 1.0.0}
servers: [{url: "https://billing.shop.example"}]
paths:
  /invoices:
    get:
      operationId: listInvoices
      tags: [invoices]
      responses:
        "200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Invoices"}}}}
components: {schemas: {Invoices: {type: object, properties: {total: {type: integer}, due: {type: string}}}}}
"""
MARKING = """\
overlay: 1.0.0
info: {title: Marks, version: 1.0.0}
actions: [{target: "$.paths['/invoices'].get", update: {deprecated: true}}]
"""
DUE = "  breaking   `Invoices.due` is gone"


def several_documents(*, spec: str = "billing.yaml") -> None:
    """A second document beside the first one, with an overlay, and a config that names both."""
    Path("api/billing.yaml").write_text(BILLING, "utf-8")
    Path("api/marks.yaml").write_text(MARKING, "utf-8")
    text = f"version: '1.2.0'\ndocuments: {{billing: {{spec: {spec}, overlays: [marks.yaml]}}}}\n"
    Path("api/samekey.yaml").write_text(text, "utf-8")


def committed(*paths: str) -> None:
    """Put files into the history, and take a field away from the second document after it."""
    git("checkout", "-q", "--", "api")
    git("add", *paths)
    git("commit", "-q", "-m", "more")
    Path("api/billing.yaml").write_text(BILLING.replace(", due: {type: string}", ""), "utf-8")


@pytest.mark.parametrize("folder", [".", "api"])
@pytest.mark.parametrize("then", [[], ["api/samekey.yaml", "api/marks.yaml"]], ids=["config-of-today", "of-then"])
def test_all_documents_of_a_config_are_read_at_a_revision(
    then: list[str], folder: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each document as it was then, with its overlays; from the root of the repository, and from a folder in it."""
    several_documents()
    committed("api/billing.yaml", *then)
    monkeypatch.chdir(folder)
    here = Path("openapi.yaml") if folder == "api" else Path("api/openapi.yaml")
    for config in (here.with_name("samekey.yaml"), repository / "api" / "samekey.yaml"):
        found = diff(f"main:./{here}", str(here), "--config", str(config))
        assert found.stdout.splitlines()[:-1] == ["for users of the SDK: 1 breaking", DUE], found.stderr


def test_a_document_that_was_not_there_is_new() -> None:
    """Whoever adds a document to the config is told of its calls, though neither of both was there before."""
    several_documents()
    git("checkout", "-q", "--", "api")
    found = diff("main:api/openapi.yaml", "api/openapi.yaml", "--config", "api/samekey.yaml")
    assert "  added      `invoices.list` is new (`GET /invoices`)" in found.stdout.splitlines(), found.stderr
    assert "breaking" not in found.stdout


def test_a_document_of_the_config_that_is_not_there_is_told_at_its_line() -> None:
    """With the line of the config that names it, also where an SDK is compared."""
    several_documents(spec="nowhere.yaml")
    for command in (("generate", "api/openapi.yaml", "-o", "sdk"), ("diff", "api/openapi.yaml", "api/openapi.yaml")):
        found = run(*command, "--config", "api/samekey.yaml")
        assert found.status == 2
        assert "cannot read api/nowhere.yaml: no such file or directory" in found.stderr
        assert "--> api/samekey.yaml:2:" in found.stderr


def test_standard_input_is_one_of_both() -> None:
    """It cannot be read twice."""
    found = diff("-", "-")
    assert (found.status, "cannot" in found.stderr or "not the other" in found.stderr) == (2, True)
