"""`samekey audit` as a command: what it prints, writes, refuses, and exits with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from samekey.cli import app
from typer.testing import CliRunner

from tests.audit.documents import KEYED, of, operation
from tests.cli.test_cli import BAD, PAYMENTS, Outcome

PAY = operation("operationId: createPayment\nresponses: {}", "/payments")
MAKE = operation("operationId: createThing\nresponses: {}")
GOOD = operation(KEYED, top="x-idempotency: {ttl: 24h}")
HEAD = "mend.yaml is there already"


def run(*arguments: str, stdin: bytes = b"") -> Outcome:
    """Run the command in this process; an exception that it lets out fails the test."""
    result = CliRunner().invoke(app, ["audit", *arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, with three documents in it."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("pay.yaml", PAY), ("make.yaml", MAKE), ("good.yaml", GOOD)):
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("document", "level", "status"),
    [
        ("pay.yaml", "error", 1), ("pay.yaml", "warning", 1), ("pay.yaml", "never", 0),
        ("make.yaml", "error", 0), ("make.yaml", "warning", 1), ("make.yaml", "never", 0),
        ("good.yaml", "warning", 0),
    ],
)  # fmt: skip
def test_the_exit_code_is_what_is_asked_for(document: str, level: str, status: int) -> None:
    """1 for a finding that weighs as much; 0 else."""
    assert run(document, "--fail-on", level).status == status


def test_errors_fail_unless_told_otherwise() -> None:
    """A payment without a key is an error, anything else without one is a warning."""
    assert (run("pay.yaml").status, run("make.yaml").status) == (1, 0)


def test_it_says_what_was_found_where_and_what_to_do() -> None:
    """In a few lines, with places that an editor can open."""
    told = run("pay.yaml").stdout
    assert "The only operation may be done twice" in told
    assert "error: a POST that moves money or reaches people has no key [costly-without-key]" in told
    assert "pay.yaml:6:5 POST /payments" in told
    assert "docs/audit-rules.md#costly-without-key" in told


def test_every_kind_of_report_is_written(scratch: Path) -> None:
    """By its suffix, several at once."""
    names = ["r.json", "r.sarif", "r.md", "r.html", "r.svg"]
    reports = [part for name in names for part in ("--report", name)]
    assert run(PAYMENTS, *reports).status == 0
    assert json.loads((scratch / "r.json").read_text("utf-8"))["title"] == "Acme Payments"
    assert json.loads((scratch / "r.sarif").read_text("utf-8"))["version"] == "2.1.0"
    assert (scratch / "r.md").read_text("utf-8").startswith("# Acme Payments: safe to retry?")
    assert (scratch / "r.html").read_text("utf-8").startswith("<!doctype html>")
    assert (scratch / "r.svg").read_text("utf-8").startswith("<svg")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["make.yaml", "--report", "r.pdf"], "ends in none of .json, .sarif, .md, .html, .svg"),
        (["make.yaml", "--fail-on", "note"], "'note' is not one of"),
        (["make.yaml", "--report", "no/folder/r.json"], "cannot write"),
        (["make.yaml", "--overlay", "no/folder/o.yaml"], "cannot write"),
        (["make.yaml", "--overlay", "good.yaml"], "samekey audit did not write it"),
        (["make.yaml", "--compare", "gone.yaml"], "gone.yaml"),
        (["make.yaml", "--compare", "damaged.json"], "version 9"),
        (["gone.yaml"], "cannot read gone.yaml"),
        (["make.yaml", "--config", "gone.yaml"], "cannot read gone.yaml"),
    ],
)
def test_what_cannot_be_used_is_said_and_exits_2(scratch: Path, arguments: list[str], words: str) -> None:
    """Nothing is written then, and no traceback is shown."""
    (scratch / "damaged.json").write_text('{"schema_version": 9, "tool": "samekey 9"}', "utf-8")
    done = run(*arguments)
    assert done.status == 2
    assert words in " ".join((done.stdout + done.stderr).replace("│", " ").split())


@pytest.mark.parametrize("folder", BAD, ids=lambda folder: folder.name)
def test_bad_documents_end_as_with_generate(folder: Path, tmp_path: Path) -> None:
    """The same errors, the same exit code, and never a traceback."""
    document = next(path for path in sorted(folder.iterdir()) if path.stem.startswith("openapi") or path.stem == "spec")
    config = [part for path in folder.glob("samekey.y*ml") for part in ("--config", str(path))]
    mine = run(str(document), *config)
    theirs = CliRunner().invoke(app, ["generate", str(document), "-o", str(tmp_path / "sdk"), *config])
    assert (mine.status, theirs.exit_code) == (2, 2)
    assert mine.stderr == theirs.stderr


def test_a_document_comes_from_standard_input_too() -> None:
    """`-`, as everywhere."""
    done = run("-", stdin=PAY.encode())
    assert done.status == 1
    assert "<stdin>:6:5 POST /payments" in done.stdout


def test_the_overlay_is_written_and_written_over_and_read_by_the_config(scratch: Path) -> None:
    """Proposed keys are unconfirmed until the config says more."""
    for _ in range(2):
        assert run("make.yaml", "--overlay", "mend.yaml").status == 0
    (scratch / "samekey.yaml").write_text("overlays: [mend.yaml]\n", "utf-8")
    proposed = run("make.yaml", "--config", "samekey.yaml").stdout
    assert "key-unconfirmed" in proposed
    (scratch / "samekey.yaml").write_text(
        "overlays: [mend.yaml]\nidempotency: {operations: {createThing: true}}\n", "utf-8"
    )
    confirmed = run("make.yaml", "--config", "samekey.yaml").stdout
    assert "1 of 1 with their key" in confirmed


def test_an_sdk_is_made_of_what_was_proposed_and_of_what_was_confirmed(scratch: Path) -> None:
    """The whole way: audit, overlay, generate; then confirmed, and generated again."""

    def evidence() -> object:
        told = CliRunner().invoke(app, ["inspect", "make.yaml", "--config", "samekey.yaml", "--json"])
        return [row["evidence"] for row in json.loads(told.stdout)]

    def made() -> str:
        told = CliRunner().invoke(app, ["generate", "make.yaml", "-o", "sdk", "--config", "samekey.yaml"])
        assert told.exit_code == 0, told.output
        return told.stdout

    (scratch / "samekey.yaml").write_text("overlays: [mend.yaml]\n", "utf-8")
    run("make.yaml", "--overlay", "mend.yaml")
    assert "keys: 1 assumed" in made()
    assert evidence() == ["assumed"]
    mend = scratch / "mend.yaml"
    mend.write_text(mend.read_text("utf-8").replace("# x-idempotency: {honoured", "x-idempotency: {honoured"), "utf-8")
    assert "keys: 1 configured" in made()
    assert evidence() == ["configured"]
    assert run("make.yaml", "--config", "samekey.yaml", "--fail-on", "warning").status == 0


@pytest.mark.parametrize("old", ["pay.yaml", "old.json"])
def test_a_comparison_fails_only_for_what_is_new(scratch: Path, old: str) -> None:
    """An old document or an old report; what was there before does not fail the run."""
    run("pay.yaml", "--report", "old.json")
    assert run("pay.yaml", "--compare", old, "--fail-on", "warning").status == 0
    (scratch / "new.yaml").write_text(PAY + "  /things: {post: {responses: {}}}\n", "utf-8")
    done = run("new.yaml", "--compare", old, "--fail-on", "warning")
    assert done.status == 1
    assert "new: no-key: POST /things" in done.stdout
    assert "1 new operation, 0 removed" in done.stdout


def test_the_config_may_speak_of_operations_that_an_old_document_lacks(scratch: Path) -> None:
    """It is today's."""
    (scratch / "c.yaml").write_text(
        "idempotency: {operations: {POST /things: true}}\n"
        "audit: {ignore: [{rule: no-ttl, operation: createThing, reason: r}]}\n", "utf-8"
    )  # fmt: skip
    done = run("make.yaml", "--config", "c.yaml", "--compare", "pay.yaml", "--fail-on", "warning")
    assert (done.status, done.stderr) == (0, "")


def test_output_is_the_same_whatever_the_hash_seed(scratch: Path) -> None:
    """As files, and in a pipe."""
    seen: set[tuple[bytes, ...]] = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "samekey", "audit", PAYMENTS, "--report", "r.json", "--report", "r.html"],
            cwd=scratch, capture_output=True, check=True, timeout=60, env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        seen.add((done.stdout, *((scratch / name).read_bytes() for name in ("r.json", "r.html"))))
    assert len(seen) == 1


def test_it_needs_no_extra() -> None:
    """Not the sandbox, and not what makes SDKs."""
    code = "import sys; from samekey.cli import app; app(['audit', sys.argv[1]], standalone_mode=False); "
    code += "assert not {'starlette', 'sqlalchemy', 'samekey.emit', 'samekey.names', 'httpx'} & set(sys.modules), sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", code, PAYMENTS], check=True, timeout=60, stdout=subprocess.DEVNULL)


def test_help_lists_it_behind_inspect() -> None:
    """Where people look for what to do with a document."""
    told = CliRunner().invoke(app, ["--help"]).stdout
    assert told.index("generate") < told.index("inspect") < told.index("audit") < told.index("serve")


def test_empty_documents_have_nothing_to_lose(scratch: Path) -> None:
    """And that is no failure."""
    (scratch / "empty.yaml").write_text(of("{}"), "utf-8")
    assert run("empty.yaml", "--report", "r.html", "--overlay", "o.yaml").status == 0
