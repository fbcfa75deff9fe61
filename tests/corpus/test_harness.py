"""The harness itself: what it makes up, what it reads, and that it can fail."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.corpus import worker
from tests.corpus.catalog import Entry
from tests.corpus.examine import Row, Wanted, examine
from tests.corpus.outcome import FAILED_ITSELF, OVERDUE, Outcome
from tests.corpus.patterns import matching, python_pattern
from tests.corpus.raw import Files, Json, View, load, open_document, operations
from tests.corpus.report import is_bad, main, summary
from tests.corpus.sameness import difference, spells
from tests.corpus.sampler import Sampler, UnsatisfiableError, Wish
from tests.corpus.steps import run
from tests.corpus.validity import Validity
from tests.corpus.wire import Parameter, Received, problem_in_path, query_pairs

DOCUMENT: Json = {
    "openapi": "3.0.3",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://shop.example"}],
    "security": [{"key": []}],
    "paths": {
        "/orders/{id}": {
            "get": {
                "operationId": "getOrder",
                "tags": ["orders"],
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "expand", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                ],
                "responses": {
                    "200": {
                        "description": "It.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                    }
                },
            }
        },
        "/orders": {
            "post": {
                "operationId": "createOrder",
                "tags": ["orders"],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                },
                "responses": {"204": {"description": "Done."}},
            }
        },
    },
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        "schemas": {
            "Order": {
                "type": "object",
                "required": ["id", "amount"],
                "properties": {
                    "id": {"type": "string", "readOnly": True},
                    "amount": {"type": "integer", "minimum": 1},
                    "placed": {"type": "string", "format": "date-time"},
                },
            }
        },
    },
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document that samekey and the harness agree on."""
    path = tmp_path_factory.mktemp("shop") / "shop.json"
    path.write_text(json.dumps(DOCUMENT), "utf-8")
    return path


@pytest.fixture(scope="module")
def sdk(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its SDK, to be copied and broken."""
    folder = tmp_path_factory.mktemp("sdk") / "project"
    done = run([sys.executable, "-m", "samekey", "generate", shop, "-o", folder, "--package", "sdk"], 60)
    assert done.status == 0, done.err
    return folder


def tried(document: Path, project: Path) -> dict[str, dict[str, object]]:
    """What the worker says of each operation."""
    done = run([sys.executable, "-m", "tests.corpus.worker", document, "--sdk", project, "--round-trip"], 60)
    assert done.status == 0, done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    return {str(line["operation"]): line for line in lines if line["kind"] == "operation"}


def changed(project: Path, target: Path, file: str, old: str, new: str) -> Path:
    """A copy of a project in which one file says something else."""
    shutil.copytree(project, target)
    path = target / "sdk" / file
    text = path.read_text("utf-8")
    assert old in text, text
    path.write_text(text.replace(old, new), "utf-8")
    return target


def test_a_right_sdk_passes(shop: Path, sdk: Path) -> None:
    """Where nothing is wrong, every operation passes, and nothing needs to be let go."""
    found = tried(shop, sdk)
    assert {line["status"] for line in found.values()} == {"passed"}, found
    assert len(found) == 2


@pytest.mark.parametrize(
    ("operation", "file", "old", "new", "cause"),
    [
        ("GET /orders/{id}", "resources/orders.py", '"expand": expand', '"more": expand', "a query parameter (form)"),
        ("GET /orders/{id}", "resources/orders.py", '{"id": id}', '{"id": id + "x"}', "the path"),
        ("GET /orders/{id}", "resources/orders.py", '"GET"', '"DELETE"', "another method"),
        ("POST /orders", "resources/orders.py", '"amount": amount', '"amount": str(amount)', "a JSON body"),
        ("POST /orders", "resources/orders.py", "safety=Safety.KEYED", "safety=Safety.UNSAFE", "no key"),
        ("GET /orders/{id}", "_client.py", "X-Key", "Y-Key", "a header that was not asked for"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_reported(  # a row of the table
    shop: Path, sdk: Path, tmp_path: Path, operation: str, file: str, old: str, new: str, cause: str
) -> None:
    """An SDK that sends another name, path, method, value, or no key or credential, fails with that cause."""
    found = tried(shop, changed(sdk, tmp_path / "wrong", file, old, new))
    assert found[operation]["status"] == "failed"
    assert found[operation]["cause"] == cause, found[operation]


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("amount: int", "money: int", "the answer raised APIDecodeError"),
        ("placed: dt.datetime | None = None", "put: dt.datetime | None = None", "a value that came back"),
    ],
)
def test_a_wrong_model_is_reported(shop: Path, sdk: Path, tmp_path: Path, old: str, new: str, cause: str) -> None:
    """An SDK that decodes a wrong field fails: where it is required at once, and else by what it loses."""
    wrong = changed(sdk, tmp_path / "wrong", "models/_part_01.py", old, new)
    found = tried(shop, wrong)
    assert found["GET /orders/{id}"]["status"] == "failed"
    assert found["GET /orders/{id}"]["cause"] == cause, found
    assert found["POST /orders"]["status"] == "passed"


def test_a_lost_operation_is_reported(shop: Path, sdk: Path, tmp_path: Path) -> None:
    """An operation of the document that the SDK does not have is named."""
    wrong = changed(sdk, tmp_path / "wrong", "resources/orders.py", '"/orders",', '"/order",')
    done = run([sys.executable, "-m", "tests.corpus.worker", shop, "--sdk", wrong], 60)
    message = next(line for line in map(json.loads, done.out.splitlines()) if line["kind"] == "package")
    assert message["lost"] == ["POST /orders"]


def test_a_package_that_cannot_be_imported_is_reported(shop: Path, sdk: Path, tmp_path: Path) -> None:
    """The error is told, and no round trip is claimed."""
    wrong = changed(sdk, tmp_path / "wrong", "resources/orders.py", "class OrdersOperations", "class Orders Operations")
    done = run([sys.executable, "-m", "tests.corpus.worker", shop, "--sdk", wrong, "--round-trip"], 60)
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert next(line for line in lines if line["kind"] == "package")["problem"].startswith("SyntaxError")
    assert not [line for line in lines if line["kind"] == "operation"]


def test_a_refused_document_has_its_reason(tmp_path: Path) -> None:
    """A document that samekey refuses is a row with the exit status and the first error, and no defect."""
    path = tmp_path / "bad.yaml"
    path.write_text("openapi: 4.0.0\ninfo: {title: x, version: '1'}\npaths: {}\n", "utf-8")
    row = examine(Entry("cases/bad.yaml", "4.0.0", "cases"), path, tmp_path / "scratch", Wanted(round_trip=True))
    assert row.status == 2
    assert "version-unsupported" in row.refusal
    assert not row.crashed
    assert row.defects == []


def test_a_program_is_stopped_at_its_limit() -> None:
    """With whatever it started, and its time and memory are told."""
    done = run([sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(60)"], 2)
    assert done.overdue
    assert done.status < 0
    assert done.out == "begun\n"
    assert 2 <= done.seconds < 30
    assert done.peak > 1


def test_a_report_is_bad_where_something_is() -> None:
    """A lost operation, a crash, a failing import or too few round trips make the report fail; a refusal does not."""
    assert not is_bad([Row("cases/x", "3.0.0", status=1, refusal="error: no [not-openapi]")])
    assert is_bad([Row("cases/x", "3.0.0", lost=["GET /x"])])
    assert is_bad([Row("cases/x", "3.0.0", crashed=True)])
    assert is_bad([Row("cases/x", "3.0.0", broken="ImportError: x")])
    assert is_bad([Row("cases/x", "3.0.0", mypy="1 error")])


def test_the_report_without_a_corpus_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with status 2 and a sentence."""
    monkeypatch.delenv("SAMEKEY_CORPUS", raising=False)
    assert main(["--real"]) == 2
    assert "SAMEKEY_CORPUS" in capsys.readouterr().out


def test_the_summary_groups_refusals_by_their_code() -> None:
    """Each kind of refusal is a line with its number."""
    rows = [Row(f"cases/{n}", "3.0.0", status=1, refusal=f"error: {n} [not-openapi]") for n in range(3)]
    assert any("refused    3: not-openapi" in line for line in summary("cases", rows))


# Reading


def test_yaml_is_read_with_jsons_scalars(tmp_path: Path) -> None:
    """`NO` is text, a date is text, `010` is ten, keys are strings."""
    path = tmp_path / "x.yaml"
    path.write_text("a: NO\nb: 2026-01-02\nc: 010\nd: 1e3\n200: true\ne: ~\nf: 1.50\n", "utf-8")
    assert load(path) == {"a": "NO", "b": "2026-01-02", "c": 10, "d": 1000.0, "200": True, "e": None, "f": 1.5}


def test_operations_are_counted_through_references(tmp_path: Path) -> None:
    """A path item in another file counts; extensions and other words do not."""
    (tmp_path / "items.yaml").write_text("x: {get: {}, summary: s, post: {}}\n", "utf-8")
    path = tmp_path / "root.yaml"
    path.write_text("openapi: 3.0.0\npaths:\n  /x: {$ref: 'items.yaml#/x'}\n  x-y: {get: {}}\n", "utf-8")
    assert [operation.key for operation in operations(open_document(path))] == ["GET /x", "POST /x"]


# Making up


def sampled(schema: Json, salt: str, wish: Wish = Wish("response", "all"), version: str = "3.0") -> Json:  # noqa: B008
    """A value for a schema that stands alone."""
    root = View(Files(), "file:///none", "", {"openapi": version})
    return Sampler(version, Validity(version, root)).sample(root.made(schema), wish, salt).value


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 3, "exclusiveMinimum": True, "maximum": 5},
        {"type": "number", "multipleOf": 0.5, "minimum": 1, "maximum": 2},
        {"type": "string", "pattern": "^[A-Z]{3}-\\d{2,}$", "minLength": 8, "maxLength": 9},
        {"type": "string", "format": "date-time", "pattern": "Z$"},
        {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
        {"type": "object", "minProperties": 2, "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}},
        {"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "string", "maxLength": 2}}}], "type": "object"},
        {"oneOf": [{"type": "string", "maxLength": 3}, {"type": "integer", "minimum": 10}]},
        {"type": "object", "additionalProperties": {"type": "boolean"}, "maxProperties": 1},
    ],
)
def test_made_up_values_are_valid_and_the_same_each_time(schema: Json) -> None:
    """The validator agrees, and the seed decides."""
    root = View(Files(), "file:///none", "", {})
    for salt in "abcdefgh":
        value = sampled(schema, salt)
        assert Validity("3.0", root).problem(root.made(schema), value) == ""
        assert value == sampled(schema, salt)


def test_the_validator_refuses_what_is_not_valid() -> None:
    """And lets go, when asked to, only what documents often ask in vain."""
    root = View(Files(), "file:///none", "", {})
    validity = Validity("3.0", root)
    either = root.made({"oneOf": [{"type": "string"}, {"type": "string", "maxLength": 9}]})
    assert validity.problem(either, "text")
    assert not validity.problem(either, "text", relaxed=True)
    assert validity.problem(either, 1, relaxed=True)
    whole = root.made({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}})
    assert validity.problem(whole, {})
    assert not validity.problem(whole, {}, hidden={"a"})
    assert validity.problem(whole, {"a": "1"}, relaxed=True)


@pytest.mark.parametrize("schema", [False, {"enum": []}, {"allOf": [{"type": "string"}, {"type": "integer"}]}])
def test_a_contradiction_has_no_value(schema: Json) -> None:
    """It is told, and no value is invented."""
    with pytest.raises(UnsatisfiableError):
        sampled(schema, "x")


def test_what_is_for_the_other_direction_is_left_out() -> None:
    """Read-only properties are not sent, write-only ones do not come back."""
    schema: Json = {
        "type": "object",
        "required": ["r", "w"],
        "properties": {"r": {"type": "string", "readOnly": True}, "w": {"type": "string", "writeOnly": True}},
    }
    sent, come = sampled(schema, "x", Wish("request")), sampled(schema, "x", Wish("response"))
    assert isinstance(sent, dict)
    assert isinstance(come, dict)
    assert (list(sent), list(come)) == (["w"], ["r"])


@pytest.mark.parametrize("pattern", [r"^\d{3}$", r"^(GET|PUT)-[^a-z]+$", r"\p{Lu}{2}", r"^a{2,4}?b*$"])
def test_strings_match_their_pattern(pattern: str) -> None:
    """ECMA's own signs included."""
    compiled = python_pattern(pattern)
    assert compiled is not None
    made = [matching(pattern, Random(seed)) for seed in range(5)]  # noqa: S311
    assert any(compiled.search(text or "") for text in made)


# Judging

SAME: list[tuple[Json, Json]] = [
    (1, 1.0),
    ("2026-03-04T05:06:07Z", "2026-03-04T05:06:07+00:00"),
    ("2026-03-04T07:06:07+02:00", "2026-03-04T05:06:07Z"),
    ({"a": None, "b": 1}, {"b": 1}),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ("3F2504E0-4F89-41D3-9A0C-0305E82C3301", "3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
]
OTHER: list[tuple[Json, Json]] = [
    (1, "1"),
    (True, 1),
    ("2026-03-04T05:06:07Z", "2026-03-04T05:06:08Z"),
    ({"a": 1}, {}),
    ({"a": 0}, {"a": None}),
    ({}, {"a": 1}),
    ([1], [1, 2]),
    ([1, 2], [2, 1]),
    ("text", "Text"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equivalences(one: Json, other: Json) -> None:
    """Each equivalence that the harness grants, both ways."""
    assert difference(one, other, absent_is_null=True) == ""
    assert difference(other, one, absent_is_null=True) == ""


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_differences(one: Json, other: Json) -> None:
    """And what it does not grant."""
    assert difference(one, other, absent_is_null=True)
    assert difference(other, one, absent_is_null=True)


def test_null_is_not_absent_in_a_request() -> None:
    """Sending null says something."""
    assert difference({"a": None}, {}, absent_is_null=False)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("1.0", 1), ("x", "x"), ("null", None), ('{"a":1}', {"a": 1})]
)
def test_spellings(text: str, value: Json) -> None:
    """What a text of the wire says."""
    assert spells(text, value)
    assert not spells(f"{text}2", value)


def parameter(location: str, style: str, *, explode: bool = False) -> Parameter:
    """A parameter `p`."""
    return Parameter("p", location, required=True, schema=None, style=style, explode=explode)


def with_query(text: str) -> Received:
    """A request with a query."""
    return Received("GET", "/", query_pairs(text), {}, b"")


QUERIES: list[tuple[str, Parameter, Json, str]] = [
    ("p=a%20b", parameter("query", "form"), "a b", "p=a"),
    ("p=a,b%2Cc", parameter("query", "form"), ["a", "b,c"], "p=a,b,c"),
    ("p=a&p=b", parameter("query", "form", explode=True), ["a", "b"], "p=a,b"),
    ("p=a%20b", parameter("query", "spaceDelimited"), ["a", "b"], "p=a,b"),
    ("p=a%7Cb", parameter("query", "pipeDelimited"), ["a", "b"], "p=a%20b"),
    ("x=1&y=2", parameter("query", "form", explode=True), {"x": 1, "y": 2}, "p=x,1,y,2"),
    ("p=x,1,y,2", parameter("query", "form"), {"x": 1, "y": 2}, "x=1&y=2"),
    ("p[x]=1&p%5By%5D%5Bz%5D=2", parameter("query", "deepObject"), {"x": 1, "y": {"z": 2}}, "p[x]=1&p[y]=2"),
    ("p[0]=a&p[1][x]=1", parameter("query", "deepObject"), ["a", {"x": 1}], "p=a&p[x]=1"),
    ("p=%7B%22x%22%3A1%7D", parameter("query", "json"), {"x": 1}, "p=%7B%22x%22%3A2%7D"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "asked", "value", "wrong"), QUERIES)
def test_queries_are_read_by_their_style(text: str, asked: Parameter, value: Json, wrong: str) -> None:
    """Each style is read as the specification spells it, and nothing else is taken for it."""
    assert with_query(text).problem_of(asked, value) == ""
    assert with_query(wrong).problem_of(asked, value)
    assert with_query("q=1").problem_of(asked, value)


PATHS: list[tuple[str, Parameter, Json, str]] = [
    ("/x/a%2Fb", parameter("path", "simple"), "a/b", "/x/a/b"),
    ("/x/a,b", parameter("path", "simple"), ["a", "b"], "/x/a.b"),
    ("/x/.a.b", parameter("path", "label", explode=True), ["a", "b"], "/x/a.b.c"),
    ("/x/;p=a;p=b", parameter("path", "matrix", explode=True), ["a", "b"], "/x/;p=a,b"),
    ("/x/r=1,g=2", parameter("path", "simple", explode=True), {"r": 1, "g": 2}, "/x/r,1,g,2"),
]


@pytest.mark.parametrize(("path", "asked", "value", "wrong"), PATHS)
def test_paths_are_read_by_their_style(path: str, asked: Parameter, value: Json, wrong: str) -> None:
    """Likewise in a path."""
    read: Callable[[str], str] = lambda text: problem_in_path("/x/{p}", text, {"p": (asked, value)})  # noqa: E731
    assert read(path) == ""
    assert read(wrong)


@pytest.mark.parametrize(
    ("cause", "detail", "whose"),
    [
        ("no value for the answer: '#/components/x' leads nowhere", "", "document"),
        ("openapi-core: InvalidParameter", "'(?i)^(a)$' is not a valid regular expression", "document"),
        (f"{FAILED_ITSELF}: KeyError", "x", "harness"),
        (OVERDUE, "stopped after 60 s", "harness"),
        ("a value that came back", "name is listed, and kept as if not", "ours"),
        ("the answer raised APIDecodeError", "the answer cannot be read: it leads nowhere", "ours"),
    ],
)
def test_whose_fault_it_is_is_told_apart(cause: str, detail: str, whose: str) -> None:
    """What a document or the harness makes impossible is named, and nothing else is excused."""
    assert Outcome("GET /", "failed", cause, detail).fault[0] == whose


def test_an_operation_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that finds no end hides no other operation."""
    monkeypatch.setattr(worker, "LIMIT", 0.05)

    def endless() -> Outcome:
        while True:
            pass

    found = worker.limited(endless, "GET /")
    assert (found.status, found.fault[0]) == ("untried", "harness")
    assert worker.limited(lambda: Outcome("GET /", "passed"), "GET /").status == "passed"


def test_only_what_is_ours_counts() -> None:
    """Of two that passed and one that the document makes impossible, all of ours passed."""
    outcomes = [
        Outcome("GET /a", "passed"), Outcome("GET /b", "passed"), Outcome("GET /c", "untried", "it leads nowhere"),
    ]  # fmt: skip
    row = Row("real/a.json", "3.0.3", declared=3, written=3, outcomes=outcomes)
    assert any("66.67% of all, 100.00% of what is ours to do" in line for line in summary("real", [row]))
    assert not is_bad([row])
