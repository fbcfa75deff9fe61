"""The command line: what it writes, what it says, and what it exits with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from samekey.cli import app
from samekey.emit.render import render
from samekey.emit.views import Plan
from typer.testing import CliRunner

from tests.tools import at_most

ROOT = Path(__file__).parents[2]
PAYMENTS = str(ROOT / "specs" / "payments" / "openapi.yaml")
WAREHOUSE = str(ROOT / "specs" / "warehouse" / "openapi.json")
BAD = sorted(path for path in (ROOT / "specs" / "bad").iterdir() if path.is_dir())
SMALL = """
openapi: 3.1.0
info: {title: Small, version: "1.2"}
servers: [{url: https://small.example}]
paths:
  /pets:
    get: {operationId: listPets, tags: [pets], responses: {"200": {description: ok}}}
    post: {operationId: createPet, tags: [pets], responses: {"201": {description: made}}}
"""


@dataclass(frozen=True)
class Outcome:
    """What a run of the command line left behind."""

    status: int
    stdout: str
    stderr: str


def run(*arguments: str, stdin: bytes = b"") -> Outcome:
    """Run the command line in this process; an exception that it lets out fails the test."""
    result = CliRunner().invoke(app, list(arguments), input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


def run_alone(*arguments: str, stdin: bytes = b"", **environment: str) -> Outcome:
    """Run the command line as its own program in the checkout, with its output in pipes."""
    quiet = {name: value for name, value in os.environ.items() if name not in {"FORCE_COLOR", "NO_COLOR", "COLUMNS"}}
    done = subprocess.run(
        [sys.executable, "-m", "samekey", *arguments],
        cwd=ROOT,
        env={**quiet, "PYTHONIOENCODING": "utf-8", **environment},
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
    )
    return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


@pytest.fixture
def small(tmp_path: Path) -> str:
    """A document of two operations."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, "utf-8")
    return str(path)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("folder", BAD, ids=lambda path: path.name)
def test_a_bad_document_is_explained(folder: Path, tmp_path: Path) -> None:
    """Exit 1, exactly the expected words about file, line and column, no traceback, and nothing written."""
    (spec,) = folder.glob("openapi.*")
    config = folder / "samekey.yaml"
    options = ["--config", str(config.relative_to(ROOT))] if config.exists() else []
    done = run_alone("generate", str(spec.relative_to(ROOT)), "-o", str(tmp_path / "sdk"), *options)
    assert done.stderr == (folder / "expected.txt").read_text("utf-8")
    assert done.status == 2
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_bad_documents_are_there() -> None:
    """The folder of bad documents is found, so the test above is not empty."""
    assert len(BAD) > 15


@pytest.mark.parametrize(
    ("spec", "package", "operations"), [(PAYMENTS, "acme_payments", 18), (WAREHOUSE, "depot_warehouse", 18)]
)
def test_generate_writes_an_sdk(spec: str, package: str, operations: int, tmp_path: Path) -> None:
    """Exit 0, one line that says what was made, and a package to import."""
    done = run("generate", spec, "-o", str(tmp_path))
    assert done.status == 0
    # What half of the operations share is proposed for the client.
    assert [line for line in done.stderr.splitlines() if line.startswith(("error", "warning"))] == []
    made = contents(tmp_path)
    assert {"pyproject.toml", "README.md", "api.md", f"{package}/__init__.py", f"{package}/py.typed"} <= set(made)
    said = rf"wrote {re.escape(str(tmp_path))} \({len(made)} files changed, 0 removed\): {operations} operations, "
    assert re.match(said + r"\d+ models in \d+\.\d\d s\n", done.stdout)


def test_a_second_run_writes_nothing(small: str, tmp_path: Path) -> None:
    """The same document gives the same files."""
    target = tmp_path / "sdk"
    run("generate", small, "-o", str(target))
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    done = run("generate", small, "-o", str(target))
    assert "(0 files changed, 0 removed)" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before


def test_check_of_an_sdk_that_is_up_to_date(small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 0 and no diff, where every file is made and compared."""
    monkeypatch.setenv("SAMEKEY_CACHE", "")
    target = tmp_path / "sdk"
    run("generate", small, "-o", str(target))
    before = contents(target)
    done = run("generate", small, "-o", str(target), "--check")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.startswith(f"checked {target}: 2 operations")
    assert contents(target) == before


@pytest.mark.parametrize("change", ["edited", "missing", "stale", "document"])
def test_check_of_an_sdk_that_is_not(change: str, small: str, tmp_path: Path) -> None:
    """Exit 1 with a diff of what would change, the way out, and nothing written."""
    target = tmp_path / "sdk"
    run("generate", small, "-o", str(target))
    client = target / "small" / "_client.py"
    match change:
        case "edited":
            client.write_text(client.read_text("utf-8") + "edited = 1\n", "utf-8")
            expected = ["--- a/small/_client.py", "+++ b/small/_client.py", "-edited = 1"]
        case "missing":
            client.unlink()
            expected = ["--- /dev/null", "+++ b/small/_client.py", "+class Small(SyncClient):"]
        case "stale":
            text = client.read_text("utf-8")
            (target / "small" / "resources" / "dogs.py").write_text(text, "utf-8")
            expected = ["--- a/small/resources/dogs.py", "+++ /dev/null", "-class Small(SyncClient):"]
        case _:
            Path(small).write_text(SMALL.replace("/pets:", "/animals:"), "utf-8")
            expected = ["--- a/small/resources/pets.py", '-        """POST /pets.', '+        """POST /animals.']
    before = contents(target)
    done = run("generate", small, "-o", str(target), "--check")
    assert done.status == 1
    lines = done.stdout.split("\n")
    assert [line for line in expected if line not in lines] == []
    assert f"error: {target} is out of date" in done.stderr
    assert "help: run the same command without --check" in done.stderr
    assert contents(target) == before


def test_check_of_a_folder_that_is_not_there(small: str, tmp_path: Path) -> None:
    """Exit 1, and the folder is not made."""
    done = run("generate", small, "-o", str(tmp_path / "sdk"), "--check")
    assert done.status == 1
    assert "--- /dev/null" in done.stdout
    assert not (tmp_path / "sdk").exists()


@pytest.mark.parametrize("options", [[], ["--check"]], ids=["write", "check"])
def test_a_foreign_folder_is_refused(options: list[str], small: str, tmp_path: Path) -> None:
    """Exit 1 and the folder stays as it was."""
    target = tmp_path / "theirs"
    target.mkdir()
    (target / "main.py").write_text("theirs\n", "utf-8")
    done = run("generate", small, "-o", str(target), *options)
    assert (done.status, done.stdout) == (2, "")
    assert "[target-not-ours]" in done.stderr
    assert contents(target) == {"main.py": b"theirs\n"}


def test_a_file_taken_over_is_kept_and_named(small: str, tmp_path: Path) -> None:
    """A README without our header is its owner's; a note says so, and the exit status is 0."""
    target = tmp_path / "sdk"
    run("generate", small, "-o", str(target))
    (target / "README.md").write_text("# Mine\n", "utf-8")
    for options in ([], ["--check"]):
        done = run("generate", small, "-o", str(target), *options)
        assert done.status == 0
        assert f"note: {target / 'README.md'} was taken over by hand and stays as it is [file-kept]\n" == done.stderr
    assert (target / "README.md").read_text("utf-8") == "# Mine\n"


@pytest.mark.parametrize(
    ("project", "warnings"),
    [
        ('[project]\nversion = "1.2.0"', 0),
        ('[project]\nversion = "9.0"', 1),
        ("[project]\nversion = 1", 1),
        ("[project]\ndynamic = []", 0),
        ("project = 1", 0),
        ("[project", 0),
    ],
)
def test_a_project_file_of_ones_own_has_the_version_of_the_package(
    project: str, warnings: int, small: str, tmp_path: Path
) -> None:
    """Whoever took it over is told when it falls behind; whatever stands in it is no reason to stop."""
    target = tmp_path / "sdk"
    run("generate", small, "-o", str(target))
    (target / "pyproject.toml").write_text(project, "utf-8")
    done = run("generate", small, "-o", str(target))
    assert (done.status, done.stderr.count("[version-differs]")) == (0, warnings)


@pytest.mark.parametrize("command", ["generate", "inspect"])
def test_a_missing_document_is_an_error(command: str, tmp_path: Path) -> None:
    """Exit 1 with the path and the reason."""
    path = str(tmp_path / "none.yaml")
    done = run(command, path, *(["-o", str(tmp_path / "sdk")] if command == "generate" else []))
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: cannot read {path}: no such file or directory [unreadable]\n"
        "  help: check the path or URL of the document\n"
    )
    assert not (tmp_path / "sdk").exists()


@pytest.mark.parametrize("what", ["config", "overlay"])
def test_a_missing_file_is_called_what_it_is(what: str, small: str, tmp_path: Path) -> None:
    """Whoever misspells the path of a config need not look at the document."""
    done = run("generate", small, "-o", str(tmp_path / "sdk"), f"--{what}", "nowhere.yaml")
    assert done.status == 2
    assert done.stderr == (
        "error: cannot read nowhere.yaml: no such file or directory [unreadable]\n"
        f"  help: check the path or URL of the {what}\n"
    )


@pytest.mark.parametrize("command", ["inspect", "snippets"])
def test_names_are_taken_from_an_sdk_and_nothing_else(command: str, small: str, tmp_path: Path) -> None:
    """A misspelt folder is not taken for an SDK without names."""
    done = run(command, small, "-o", str(tmp_path / "nowhere"))
    assert (done.status, done.stdout) == (2, "")
    assert "nowhere holds no names.json" in done.stderr


def test_standard_input_is_a_document(small: str, tmp_path: Path) -> None:
    """`-` reads the document from a pipe, in every command; findings call it <stdin>."""
    run("generate", small, "-o", str(tmp_path / "one"))
    done = run("generate", "-", "-o", str(tmp_path / "two"), stdin=SMALL.encode())
    assert (done.status, done.stderr) == (0, "")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert run("inspect", "-", "--json", stdin=SMALL.encode()) == run("inspect", small, "--json")
    broken = run("inspect", "-", stdin=b"a: b: c")
    assert broken.status == 2
    assert "  --> <stdin>:1:5\n" in broken.stderr


def test_a_pipe_is_read_by_the_program_itself(small: str) -> None:
    """The same holds outside of this process, with Windows newlines and a byte order mark."""
    done = run_alone("inspect", "-", "--json", stdin=b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert done == run("inspect", small, "--json")


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate"], ["generate", "x.yaml"], ["generate", "-o", "sdk"], ["generate", "x.yaml", "-o"], ["inspect"],
        ["inspect", "x.yaml", "y.yaml"], ["inspect", "x.yaml", "--check"], ["generate", "x", "-o", "y", "--nope"],
        ["nope"], ["--nope"], ["generate", "x", "-o", "y", "--config"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_exits_2(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, unknown and surplus arguments are told apart from failures of the document by the exit status."""
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.status == 2
    assert done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["Acme", "1a", "class", "a-b", "a.b", "é", "../x", "a b", "a\n", "_é", "httpx", "json"]
)
def test_a_package_name_that_cannot_be_imported_exits_2(name: str, small: str, tmp_path: Path) -> None:
    """Neither what Python cannot import, nor what would hide the modules that an SDK itself imports."""
    done = run("generate", small, "-o", str(tmp_path / "sdk"), "--package", name)
    assert done.status == 2
    assert "--package" in done.stderr
    assert not (tmp_path / "sdk").exists()


def test_the_package_may_be_named(small: str, tmp_path: Path) -> None:
    """`--package` wins over the config file, and the config file over the title."""
    config = tmp_path / "samekey.yaml"
    config.write_text("package: from_config\nclient: Mine\n", "utf-8")
    for target, options, package in (
        ("a", [], "small"),
        ("b", ["--config", str(config)], "from_config"),
        ("c", ["--config", str(config), "--package", "from_option"], "from_option"),
    ):
        assert run("generate", small, "-o", str(tmp_path / target), *options).status == 0
        assert (tmp_path / target / package / "__init__.py").is_file()
    assert "class Mine(" in (tmp_path / "c" / "from_option" / "_client.py").read_text("utf-8")


def test_a_missing_config_is_an_error(small: str, tmp_path: Path) -> None:
    """A config that was asked for and is not there does not pass as an empty one."""
    done = run("generate", small, "-o", str(tmp_path / "sdk"), "--config", str(tmp_path / "none.yaml"))
    assert done.status in {1, 2}
    assert "none.yaml" in done.stderr
    assert not (tmp_path / "sdk").exists()


@pytest.mark.parametrize(
    "rename",
    [
        "operations: {listPets: pets.go, createPet: pets.go}",
        "operations: {listPets: pets.create}",
        "operations: {listPets: close.it}",
        "operations: {listPets: with_options.it}",
        "resources: {pets: close}",
        "types: {Pet: Same, Owner: Same}",
        "types: {Pet: Owner}",
        "types: {Pet: Any}",
        "types: {Pet: Literal}",
    ],
)
def test_a_rename_never_costs_anything(rename: str, tmp_path: Path) -> None:
    """Two things of one name, or the name of something that the SDK needs, are refused or resolved, never lost."""
    made = json.loads(json.dumps(document()))
    schemas = {name: {"properties": {name.lower(): {"type": "string"}, "any": {}}} for name in ("Pet", "Owner")}
    made["components"] = {"schemas": schemas}
    made["paths"] = {"/pets": {
        verb: {
            "operationId": name, "tags": ["pets"],
            "responses": {"200": {"description": "ok", "content": {"application/json": {
                "schema": {"$ref": f"#/components/schemas/{schema}"},
            }}}},
        }
        for verb, name, schema in (("get", "listPets", "Pet"), ("post", "createPet", "Owner"))
    }}  # fmt: skip
    (tmp_path / "api.json").write_text(json.dumps(made), "utf-8")
    (tmp_path / "samekey.yaml").write_text(f"rename:\n  {rename}\n", "utf-8")
    config = ["--config", str(tmp_path / "samekey.yaml")]
    done = run("generate", str(tmp_path / "api.json"), "-o", str(tmp_path / "sdk"), "--package", "sdk", *config)
    if done.status == 2:
        assert "samekey.yaml:2:" in done.stderr
        return
    script = (
        "import sdk\nclient = sdk.T(base_url='https://a.test')\nclient.close()\n"
        "kinds = [getattr(sdk.models, name) for name in sdk.models.__all__]\n"
        "assert sum('pet' in k.__struct_fields__ for k in kinds) == 1\n"
        "assert sum('owner' in k.__struct_fields__ for k in kinds) == 1\n"
    )
    used = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path / "sdk", capture_output=True, text=True, check=False, timeout=20
    )
    assert used.returncode == 0, used.stderr
    calls = {row["call"] for row in json.loads(run("inspect", str(tmp_path / "api.json"), "--json", *config).stdout)}
    assert len(calls) == 2


def rows_of(spec: str) -> list[dict[str, Any]]:
    """The rows of `inspect --json`."""
    done = run("inspect", spec, "--json")
    assert (done.status, done.stderr) == (0, "")
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


@pytest.mark.parametrize("spec", [PAYMENTS, WAREHOUSE], ids=["payments", "warehouse"])
def test_inspect_gives_json_for_other_programs(spec: str) -> None:
    """Every operation in the document's order, each with the same fields, and calls that are unique."""
    rows = rows_of(spec)
    fields = ["operation_id", "method", "path", "safety", "key", "evidence", "why", "call", "parameters", "returns"]
    assert {tuple(row) for row in rows} == {tuple(fields)}
    parameters = [parameter for row in rows for parameter in row["parameters"]]
    assert {tuple(parameter) for parameter in parameters} == {("name", "wire", "in", "required", "type")}
    assert {parameter["in"] for parameter in parameters} <= {"path", "query", "header", "cookie", "body"}
    assert {row["safety"] for row in rows} <= {"safe", "idempotent", "keyed", "unsafe"}
    for row in rows:
        assert (row["key"] is not None) == (row["safety"] == "keyed")
        assert row["why"]
        assert {p["wire"] for p in row["parameters"] if p["in"] == "path"} == set(re.findall(r"\{(.*?)\}", row["path"]))
    assert len({row["call"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("stage", "holds"),
    [("ir", "Operation("), ("names", "'AcmePayments'"), ("plan", "async_name='AsyncAcmePayments'")],
)
def test_inspect_shows_what_the_rooms_hand_on(stage: str, holds: str) -> None:
    """Those who change the generator see each form of a document, the same in every process."""
    first = run_alone("inspect", PAYMENTS, "--dump", stage, PYTHONHASHSEED="1")
    assert first.status == 0
    assert holds in first.stdout
    assert first == run_alone("inspect", PAYMENTS, "--dump", stage, PYTHONHASHSEED="2")


def test_inspect_tells_how_payments_are_keyed() -> None:
    """POST and PATCH carry the declared header, which is not an argument; the rest needs no key."""
    rows = {row["operation_id"]: row for row in rows_of(PAYMENTS)}
    assert len(rows) == 18
    for row in rows.values():
        keyed = row["method"] in {"POST", "PATCH"}
        assert row["key"] == ({"in": "header", "name": "Idempotency-Key"} if keyed else None)
        assert "idempotency_key" not in {parameter["name"] for parameter in row["parameters"]}
    create = rows["createCharge"]
    assert (create["call"], create["returns"], create["path"]) == ("charges.create", "Charge", "/charges")
    assert create["why"] == "the API's document declares the header parameter 'Idempotency-Key'"
    account, amount = create["parameters"][:2]
    assert account == {
        "name": "acme_account", "wire": "Acme-Account", "in": "header", "required": False, "type": "str | Omit",
    }  # fmt: skip
    assert amount == {"name": "amount", "wire": "amount", "in": "body", "required": True, "type": "int"}
    assert (rows["deleteCustomer"]["safety"], rows["deleteCustomer"]["returns"]) == ("idempotent", "None")
    assert (rows["listCharges"]["safety"], rows["listCharges"]["call"]) == ("safe", "charges.list")


def test_inspect_tells_how_the_warehouse_is_keyed() -> None:
    """The token in the body is the key, and not an argument; operations without an id are there by method and path."""
    rows = {(row["method"], row["path"]): row for row in rows_of(WAREHOUSE)}
    assert len(rows) == 18
    ship = rows["POST", "/shipments"]
    assert (ship["safety"], ship["key"]) == ("keyed", {"in": "body", "name": "clientToken"})
    assert "clientToken" not in {parameter["wire"] for parameter in ship["parameters"]}
    assert {"name": "from_", "wire": "from", "in": "body", "required": True, "type": "str"} in ship["parameters"]
    assert rows["GET", "/health"]["operation_id"] == ""
    assert rows["PUT", "/items/{sku}"]["safety"] == "idempotent"


@pytest.mark.parametrize("spec", [PAYMENTS, WAREHOUSE], ids=["payments", "warehouse"])
def test_inspect_gives_a_table_for_people(spec: str) -> None:
    """In a pipe every operation has one line of its own, whole, so that it can be searched."""
    done = run_alone("inspect", spec)
    assert (done.status, done.stderr) == (0, "")
    heading, *lines = done.stdout.rstrip("\n").split("\n")
    assert heading.split() == ["call", "method", "path", "safety", "evidence", "key", "why"]
    rows = rows_of(spec)
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        key = f"{row['key']['in']} {row['key']['name']}" if row["key"] else ""
        cells = [row["call"], row["method"], row["path"], row["safety"], row["evidence"] or "", key, row["why"]]
        assert " ".join(line.split()) == " ".join(" ".join(cells).split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", PAYMENTS],
        ["inspect", PAYMENTS, "--json"],
        ["inspect", "nothing.yaml"],
        ["generate", "specs/bad/path-lost/openapi.yaml", "-o", "nowhere", "--check"],
        ["generate", PAYMENTS, "-o", "generated/nowhere", "--check"],
        ["generate", "--nope"],
        ["--help"],
    ],
    ids=lambda arguments: " ".join(arguments[:2])[-40:],
)
def test_pipes_carry_no_colours(arguments: list[str]) -> None:
    """No escape code reaches a pipe, even where the environment speaks of a colourful terminal."""
    done = run_alone(*arguments, TERM="xterm-256color", COLORTERM="truecolor")
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stdout + done.stderr


def document(**changes: object) -> dict[str, Any]:
    """A document with one operation, and changes at its top level."""
    operation = {"operationId": "getA", "tags": ["things"], "responses": {"200": {"description": "ok"}}}
    return {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": operation}}, **changes}


def nested(levels: int, word: str) -> dict[str, Any]:
    """A schema many levels deep."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"items": schema} if word == "items" else {"properties": {"a": schema}} if word == "properties" else {
            word: [schema, {"type": "integer"}]
        }  # fmt: skip
    return schema


def returning(schema: object, **changes: object) -> dict[str, Any]:
    """A document whose one operation returns a schema."""
    made = document(**changes)
    made["paths"]["/a"]["get"]["responses"]["200"]["content"] = {"application/json": {"schema": schema}}
    return made


def operation(**changes: object) -> dict[str, Any]:
    """A document whose one operation has changes."""
    made = document()
    made["paths"]["/a"]["get"].update(changes)
    return made


TROUBLE: dict[str, dict[str, Any]] = {
    "a title of one long word": document(info={"title": "a" * 300, "version": "1"}),
    "a tag of one long word": operation(tags=["b" * 300]),
    "a tag of many foreign letters": operation(tags=["価格" * 60]),
    "an operationId of one long word": operation(operationId="c" * 5000),
    "a lone surrogate": operation(operationId="\ud800", tags=["\udfff"], summary="\ud834"),
    "deep arrays": returning(nested(250, "items")),
    "deep objects": returning(nested(250, "properties")),
    "deep unions": returning(nested(250, "anyOf")),
    "deep compositions": returning(nested(250, "allOf")),
    "components inside themselves": returning(
        {"$ref": "#/components/schemas/A"}, components={"$ref": "#/components/schemas/A"}
    ),
    "a reference below itself": returning(
        {"$ref": "#/components/schemas/A"}, components={"schemas": {"A": {"$ref": "#/components/schemas/A/items"}}}
    ),
    "an index that is not a number": returning({"$ref": "#/servers/²"}, servers=[{"url": "https://a.test"}]),
    "an impossible URL": returning({"$ref": "http://[bad#/x"}),
    "huge numbers": returning({"type": "integer", "maximum": 10**4000, "enum": [10**400, -(10**400)]}),
    "a version of thousands of digits": document(info={"title": "T", "version": "9" * 5000}),
    "nothing but nulls": {"openapi": "3.1.0", "info": None, "paths": None, "servers": None, "tags": None},
    "paths that are a list": document(paths=[1, 2]),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_trouble_is_no_traceback(name: str, tmp_path: Path) -> None:
    """Whatever a document holds, the answer is an SDK or a finding."""
    path = tmp_path / "api.json"
    path.write_text(json.dumps(TROUBLE[name]), "utf-8")
    for arguments in (
        ["inspect", str(path)],
        ["audit", str(path)],
        ["generate", str(path), "-o", str(tmp_path / "sdk")],
    ):
        done = run(*arguments)
        assert done.status in {0, 1}
        assert done.stdout or done.stderr
        assert (done.status == 2) == ("error: " in done.stderr)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
@pytest.mark.parametrize("arguments", [["inspect"], ["inspect", "--json"], ["generate", "-o", "nowhere", "--check"]])
def test_every_encoding_of_a_pipe_will_do(encoding: str, arguments: list[str], tmp_path: Path) -> None:
    """Windows gives pipes an old code page; names that it cannot spell are no reason to fail."""
    made = operation(operationId="日本", tags=["価格"], summary="Größe … 日本")
    made["paths"]["/日本/\ud800"] = made["paths"].pop("/a")
    made["paths"]["/ñ"] = {"$ref": "#/日本"} if arguments[0] == "inspect" else {}
    path = tmp_path / "api.json"
    path.write_text(json.dumps(made), "utf-8")
    done = run_alone(arguments[0], str(path), *arguments[1:], PYTHONIOENCODING=encoding)
    assert "Traceback" not in done.stderr
    assert done.status == (1 if "--check" in arguments else 2)
    assert done.stdout
    if "--json" in arguments:
        assert json.loads(done.stdout)[0]["operation_id"] == "日本"


def test_a_bomb_of_schemas_ends() -> None:
    """Aliases that spell a billion schemas in ten lines do not keep the generator busy for ever."""
    parts = "".join(
        f"    L{n}: &l{n} {{properties: {{{', '.join(f'p{m}: *l{n - 1}' for m in range(9))}}}}}\n" for n in range(1, 10)
    )
    text = (
        'openapi: 3.1.0\ninfo: {title: T, version: "1"}\ncomponents:\n  schemas:\n    L0: &l0 {type: string}\n'
        f"{parts}paths:\n  /a:\n    get:\n      responses:\n        '200':\n          description: ok\n"
        "          content: {application/json: {schema: {$ref: '#/components/schemas/L9'}}}\n"
    )
    with at_most(8_000_000):
        done = run("inspect", "-", stdin=text.encode())
    assert done.status == 2
    assert done.stderr.startswith("error: the aliases of this document spell more than ")
    assert "[too-many-schemas]" in done.stderr


def test_nesting_without_end_is_a_finding(tmp_path: Path) -> None:
    """Aliases nest schemas deeper than any text could; the error says what to do about it."""
    path = tmp_path / "api.yaml"
    parts = "".join(f"    L{n}: &l{n} {{properties: {{p: *l{n - 1}}}}}\n" for n in range(1, 2000))
    path.write_text(
        'openapi: 3.1.0\ninfo: {title: T, version: "1"}\ncomponents:\n  schemas:\n    L0: &l0 {type: string}\n'
        f"{parts}paths:\n  /a:\n    get:\n      responses:\n        '200':\n          description: ok\n"
        "          content: {application/json: {schema: {$ref: '#/components/schemas/L1999'}}}\n",
        "utf-8",
    )
    for arguments in (
        ["inspect", str(path)],
        ["audit", str(path)],
        ["generate", str(path), "-o", str(tmp_path / "sdk")],
    ):
        done = run(*arguments)
        assert (done.status, done.stdout) == (2, "")
        assert "[nested-too-deeply]" in done.stderr
        assert "  help: give inner schemas a place of their own" in done.stderr
    assert not (tmp_path / "sdk").exists()


@pytest.mark.parametrize(
    ("line", "why"),
    [("x = (", "Failed to parse"), ("return 1", "outside function"), ("x = 1 is 1", '"is" with')],
    ids=["parse", "compile", "warn"],
)
def test_what_is_no_python_is_not_written(
    line: str, why: str, small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 0 with a package that cannot be imported is impossible: every file is compiled before it is written."""

    def broken(plan: Plan) -> dict[str, str]:
        files = render(plan)
        path = next(path for path in files if "/resources/" in path)
        return {**files, path: f"{files[path]}{line}\n"}

    monkeypatch.setattr("samekey.pipeline.render", broken)
    target = tmp_path / "sdk"
    done = run("generate", small, "-o", str(target))
    assert (done.status, done.stdout) == (2, "")
    assert "error: what samekey made of this document is not valid Python: " in done.stderr
    assert why in done.stderr
    assert not target.exists()


def test_an_sdk_that_would_lack_an_operation_is_not_written(small: str, tmp_path: Path) -> None:
    """What was there stays; the errors say what is missing."""
    target = tmp_path / "sdk"
    run("generate", small, "-o", str(target))
    before = contents(target)
    Path(small).write_text(SMALL + "  /gone: {$ref: '#/nowhere'}\n", "utf-8")
    for options in ([], ["--check"]):
        done = run("generate", small, "-o", str(target), *options)
        assert (done.status, done.stdout) == (2, "")
        assert "[path-lost]" in done.stderr
    assert contents(target) == before


def test_the_version_is_said() -> None:
    """It is the one that pip installed, and nothing else is done."""
    done = run("--version")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout == f"samekey {version('samekey')}\n"
