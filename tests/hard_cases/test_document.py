"""The document itself: files, references, spellings, what is missing from it, and what is wrong with it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import yaml
from samekey.document.diagnostics import Diagnostics, Severity
from samekey.document.node import load
from samekey.ir import Api
from samekey.lower import lower

from tests.cli.test_cli import run
from tests.lower.documents import loaded

from .cases import Case, rows
from .sdk import SPECS, STRICT, Answer, Sdk, make

TOPIC = "document"
THING = b'{"name": "a", "owner": {"name": "o", "things": [{"name": "b"}]}}'

REFERENCES = rows(
    Case("a path item in another file", lambda api: api.things.list(), "GET /things", answer=Answer(200, b"[]")),
    Case(
        "a path item by a pointer into another file",
        lambda api: api.things.get("1", language="en"),
        "GET /things/1?language=en",
        answer=Answer(200, THING),
    ),
    Case("a path item of the components", lambda api: api.refs.replace_component(), "PUT /component"),
    Case("a path item of another path", lambda api: api.refs.get_component_again(), "GET /component/again"),
    Case("an operation beside the reference", lambda api: api.refs.delete_component_again(), "DELETE /component/again"),
    Case(
        "parameters by references to references, into other files, by percent-encoded pointers",
        lambda api: api.refs.parts(page=1, language="en", with_space="x y", name="a"),
        "PUT /parts?page=1&language=en&with%20space=x%20y",
        body=b'{"name":"a"}',
        answer=Answer(200, THING),
    ),
    Case("a merge key", lambda api: api.refs.part("a"), "GET /parts/a", answer=Answer(200, THING)),
    Case("NO, on, yes: words", lambda api: api.refs.scalars(country="NO"), "GET /scalars?country=NO"),
    Case("a key named on", lambda api: api.refs.scalars(on=1), "GET /scalars?on=1"),
)


@pytest.mark.parametrize("case", REFERENCES)
def test_a_call_reaches_what_a_reference_leads_to(sdk: Sdk, case: Case) -> None:
    """Whatever the way to an operation, a parameter, a body or a response is, the call sends it."""
    case.check(sdk)


def test_models_are_read_across_files_and_in_circles(sdk: Sdk) -> None:
    """One schema has one model, however many references lead to it, and in however many files it stands."""
    m = sdk.models
    thing = m.Thing(name="a", owner=m.Owner(name="o", things=[m.Thing(name="b")]))
    assert sdk.read(lambda api: api.things.get("1"), Answer(200, THING), STRICT) == thing
    assert sdk.read(lambda api: api.things.list(), Answer(200, b"[" + THING + b"]"), STRICT) == [thing]
    assert sdk.read(lambda api: api.refs.parts(name="a"), Answer(200, THING), STRICT) == thing


def test_siblings_of_a_reference_count(sdk: Sdk) -> None:
    """From OpenAPI 3.1 on: words beside `$ref`, anchors, `$defs`, and names with slashes and tildes."""
    body = {
        "described": {"name": "a"},
        "wider": {"name": "a", "further": 1},
        "anchored": {"number": 1},
        "defined": {"a": "x"},
        "encoded": {"a": "x"},
    }
    found = sdk.read(lambda api: api.refs.siblings(), Answer(200, json.dumps(body).encode()), STRICT)
    m = sdk.models
    assert (found.described, found.anchored) == (m.Thing(name="a"), m.Ticket(number=1))
    assert (found.wider.name, found.wider.further, found.defined.a, found.encoded.a) == ("a", 1, "x", "x")


def test_scalars_are_what_they_are_written_as(sdk: Sdk) -> None:
    """What YAML 1.1 takes for booleans, octal numbers, dates and times of day are the words that stand there."""
    (country,) = (kind for kind in (getattr(sdk.models, name) for name in sdk.models.__all__) if hasattr(kind, "NO"))
    assert [member.value for member in country] == [
        "NO", "on", "yes", "n", "010", "1e3", "2024-01-31", "12:30:00", "1_000", "~x", ".5",
    ]  # fmt: skip


def test_nothing_was_found_and_nothing_is_lost(sdk: Sdk) -> None:
    """Every operation is there, and no reference led nowhere."""
    assert sdk.codes == []
    assert list(sdk.operations) == [
        "GET /things", "GET /things/{id}", "GET /component", "PUT /component", "GET /component/again",
        "PUT /component/again", "DELETE /component/again", "PUT /parts", "GET /parts/{name}", "GET /siblings",
        "GET /scalars",
    ]  # fmt: skip


def test_a_server_that_cannot_stand_alone_is_asked_for(sdk: Sdk) -> None:
    """A variable without default and a relative URL make no base URL: the error says what to pass."""
    with pytest.raises(ValueError, match="pass base_url= or set HARD_DOCUMENT_BASE_URL"):
        sdk.client()


# One document, spelled in many ways.

PLAIN = """\
openapi: 3.1.0
info: {title: Spellings é 😀, version: '1'}
paths:
  /things:
    post:
      operationId: add
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
      responses:
        200: {description: ok}
        404: {description: missing}
    get:
      operationId: find
      parameters: [{name: max, in: query, schema: {type: integer, default: 1e3}}]
      responses: {200: {description: ok}, 404: {description: missing}}
components:
  schemas:
    Thing:
      type: object
      properties:
        name: {type: string, enum: ['NO', 'yes']}
        day: {type: string, default: '2024-01-31'}
"""
MERGED = """\
openapi: 3.1.0
info: {title: Spellings é 😀, version: '1'}
paths:
  /things:
    post:
      operationId: add
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
      responses: &both {200: &ok {description: ok}, 404: {description: missing}}
    get:
      <<: {operationId: find}
      parameters: [{name: max, in: query, schema: {type: integer, default: 1e3}}]
      responses: {200: *ok, <<: *both}
components:
  schemas:
    Thing:
      type: object
      properties:
        name: {type: string, enum: [NO, yes]}
        day: {type: string, default: 2024-01-31}
"""


def as_json(indent: int | str | None) -> bytes:
    """The document in JSON."""
    parsed: object = yaml.load(PLAIN, Loader=yaml.BaseLoader)  # noqa: S506  # strings only
    text = json.dumps(parsed, indent=indent, ensure_ascii=False)
    return text.replace('"1e3"', "1e3").encode()


SPELLINGS = [
    pytest.param(as_json(None), id="JSON"),
    pytest.param(as_json("\t"), id="JSON with tabs"),
    pytest.param(as_json(2).replace(b"\n", b"\r\n"), id="JSON with Windows newlines"),
    pytest.param(PLAIN.replace("\n", "\r\n").encode(), id="Windows newlines"),
    pytest.param(PLAIN.replace("\n", "\r").encode(), id="newlines of old"),
    pytest.param(PLAIN.encode("utf-8-sig"), id="a BOM"),
    pytest.param(b"\xff\xfe" + PLAIN.encode("utf-16-le"), id="UTF-16, little end first"),
    pytest.param(b"\xfe\xff" + PLAIN.encode("utf-16-be"), id="UTF-16, big end first"),
    pytest.param(b"\xef\xbb\xbf" + as_json(2), id="JSON with a BOM"),
    pytest.param(PLAIN.replace("openapi: 3", "openapi:\t3").encode(), id="a tab between key and value"),
    pytest.param(f"# words\n%YAML 1.2\n---\n{PLAIN}...\n".encode(), id="the marks of a YAML document"),
    pytest.param(PLAIN.replace("200:", "'200':").replace("404:", '"404":').encode(), id="quoted statuses"),
    pytest.param(MERGED.encode(), id="anchors, merge keys, and words without quotes"),
    pytest.param(PLAIN.replace("Spellings é 😀", '"Spellings \\xE9 \\U0001F600"').encode(), id="Unicode by escapes"),
]


def understood(text: str | bytes) -> tuple[Api, list[str]]:
    """The API of a document, and what was found."""
    document, diagnostics = loaded(text)
    api = lower(document)
    assert api is not None
    return api, [entry.code for entry in diagnostics]


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_every_spelling_of_a_document_is_the_same_api(spelled: bytes) -> None:
    """YAML and JSON, encodings, line ends, quotes, anchors: none of it changes what the document says."""
    assert understood(spelled) == understood(PLAIN)
    assert understood(PLAIN)[1] == []


def test_a_key_that_stands_twice_is_said(tmp_path: Path) -> None:
    """The last one counts, with a warning at its line."""
    twice = PLAIN.replace("operationId: add", "operationId: first\n      operationId: add")
    api, codes = understood(twice)
    assert api.operations[0].id == "add"
    assert codes == ["duplicate-key"]
    home = tmp_path / "twice.yaml"
    home.write_text(twice, "utf-8")
    assert "twice.yaml:7:7" in run("inspect", str(home)).stderr


# Where the document comes from.


@contextmanager
def serving(folder: Path) -> Generator[str]:
    """A server of the files of a folder, on loopback."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def listed(output: str) -> list[str]:
    """The calls that `samekey inspect` lists."""
    return [line.split()[0] for line in output.splitlines()[1:] if line.strip()]


def test_a_path_a_url_and_standard_input_are_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """References to other files are followed from each of them."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    home = SPECS / TOPIC / "openapi.yaml"
    by_path = listed(run("inspect", str(home)).stdout)
    with serving(home.parent) as url:
        by_url = listed(run("inspect", f"{url}/openapi.yaml").stdout)
    monkeypatch.chdir(home.parent)
    by_stdin = listed(run("inspect", "-", stdin=home.read_bytes()).stdout)
    assert len(by_path) == 11
    assert by_path == by_url == by_stdin


def test_a_relative_server_is_the_documents_own_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that came from a URL says `/v2` of its own host (OpenAPI 3.1 section 4.8.5)."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving(SPECS / TOPIC) as url:
        diagnostics = Diagnostics()
        document = load(f"{url}/openapi.yaml", diagnostics)
        assert document is not None
        api = lower(document)
    assert api is not None
    assert api.servers[0].url == f"{url}/v2"


# What a document may lack, and what it may hold that nobody knows.

DONE = {"responses": {"204": {"description": "done"}}}
INFO = {"title": "Small Api", "version": "1"}
V30, V31, V32 = ({"openapi": version, "info": INFO} for version in ("3.0.4", "3.1.0", "3.2.0"))


def taking(schema: object) -> object:
    """An operation with a query parameter of a schema."""
    return {"parameters": [{"name": "a", "in": "query", "schema": schema}], **DONE}


def sending(*, schema: object, returned: object) -> object:
    """An operation that sends one schema and returns another."""
    answer = {"description": "done", "content": {"application/json": {"schema": returned}}}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {"200": answer}}


UNUSUAL: list[tuple[str, object, list[str]]] = [
    ("empty paths", {**V31, "paths": {}}, []),
    ("null paths", {**V31, "paths": None}, []),
    (
        "webhooks only",
        {**V31, "webhooks": {"made": {"post": sending(schema={"type": "string"}, returned={"type": "string"})}}},
        [],
    ),
    ("components only", {**V31, "components": {"schemas": {"A": {"type": "string"}}}}, []),
    ("an empty path item", {**V31, "paths": {"/a": {}, "/b": {"get": DONE}}}, ["GET /b"]),
    ("no info", {"openapi": "3.1.0", "paths": {"/a": {"get": DONE}}}, ["GET /a"]),
    ("an operation without words", {**V31, "paths": {"/a": {"get": None}}}, ["GET /a"]),
    (
        "extensions everywhere",
        {"x-a": 1, **V31, "paths": {"x-b": 2, "/a": {"x-c": 3, "get": {"x-d": [4], "responses": {"x-e": {}}}}}},
        ["GET /a"],
    ),
    (
        "words that nobody knows",
        {**V31, "unknown": 1, "paths": {"/a": {"parent": {}, "get": {**DONE, "whatever": 1}}}},
        ["GET /a"],
    ),
    ("boolean schemas", {**V31, "paths": {"/a": {"put": sending(schema=True, returned=False)}}}, ["PUT /a"]),
    (
        "methods in the document's order",
        {**V31, "paths": {"/b": {"trace": DONE, "post": DONE, "get": DONE}, "/a": {"get": DONE}}},
        ["TRACE /b", "POST /b", "GET /b", "GET /a"],
    ),
    ("Swagger 2.0 without host", {"swagger": "2.0", "info": INFO, "paths": {"/a": {"get": DONE}}}, ["GET /a"]),
    ("OpenAPI 3.0", {**V30, "paths": {"/a": {"get": taking({"type": "string", "nullable": True})}}}, ["GET /a"]),
    ("OpenAPI 3.2", {**V32, "paths": {"/a": {"query": DONE}}}, ["QUERY /a"]),
    (
        "a default of the wrong type, and a format that nobody knows",
        {**V31, "paths": {"/a": {"get": taking({"type": "integer", "format": "huge", "default": ["x"]})}}},
        ["GET /a"],
    ),
]


@pytest.mark.parametrize(("document", "operations"), [pytest.param(*row[1:], id=row[0]) for row in UNUSUAL])
def test_an_unusual_document_is_generated_whole(document: object, operations: list[str], tmp_path: Path) -> None:
    """Nothing is lost, nothing is complained of but what is not there, and the client asks for the missing base URL."""
    home = tmp_path / "openapi.yaml"
    home.write_text(json.dumps(document), "utf-8")
    made = make(home, tmp_path / "sdk")
    assert list(made.operations) == operations
    assert set(made.codes) <= {"no-servers", "no-operations", "version-unusable"}
    for path, source in made.result.files.items():
        if path.endswith(".py"):
            compile(source, path, "exec")


@pytest.fixture(scope="module")
def serverless(tmp_path_factory: pytest.TempPathFactory) -> Sdk:
    """The SDK of a document without servers."""
    folder = tmp_path_factory.mktemp("serverless")
    document = {"openapi": "3.1.0", "info": {"title": "No Servers"}, "paths": {"/a": {"get": DONE}}}
    (folder / "openapi.yaml").write_text(json.dumps(document), "utf-8")
    return make(folder / "openapi.yaml", folder / "sdk")


def test_without_servers_the_base_url_is_asked_for(serverless: Sdk) -> None:
    """By argument or environment variable; a call then works."""
    with pytest.raises(ValueError, match="names no server: pass base_url= or set NO_SERVERS_BASE_URL"):
        serverless.client()
    assert serverless.send(lambda api: api.a.get()).line == "GET /a"


# What is wrong.

HEAD = "openapi: 3.1.0\ninfo: {title: Small Api, version: '1'}\npaths:\n  /a:\n"
WRONG: list[tuple[str, str, str, str]] = [
    ("a tab in the indentation", "openapi: 3.1.0\ninfo:\n\ttitle: a\n", "3:1", "not valid YAML"),
    ("a bracket that does not close", "openapi: 3.1.0\npaths: {/a: [\n", "3:1", "not valid YAML"),
    ("a comma that is missing in JSON", '{"openapi": "3.1.0"\n "paths": {}}\n', "2:2", "not valid JSON"),
    ("a version of the future", "openapi: 4.0.0\npaths: {}\n", "1:1", "OpenAPI 4.0.0 is not supported"),
    ("no OpenAPI at all", "name: a\n", "1:1", "this is not an OpenAPI document"),
    ("a list", "- a\n", "1:1", "this is not an OpenAPI document"),
    ("an operation that is a list", f"{HEAD}    get: [a]\n", "5:5", "expected an operation"),
    ("a path that leads nowhere", f"{HEAD}    $ref: '#/nowhere'\n", "4:3", "cannot be resolved"),
    ("a method that cannot be sent", f"{HEAD}    additionalOperations: {{A B: {{}}}}\n", "5:28", "cannot be a method"),
    (
        "a method that stands twice",
        f"{HEAD}    get: {{}}\n    additionalOperations: {{GET: {{}}}}\n",
        "6:28",
        "GET stands twice",
    ),
]


@pytest.mark.parametrize(("text", "where", "said"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
def test_an_invalid_document_is_explained(text: str, where: str, said: str, tmp_path: Path) -> None:
    """Exit 1, the file with line and column, and words instead of a traceback."""
    home = tmp_path / "openapi.yaml"
    home.write_text(text, "utf-8")
    outcome = run("generate", str(home), "-o", str(tmp_path / "sdk"))
    assert outcome.status == 2
    assert said in outcome.stderr
    assert f"openapi.yaml:{where}" in outcome.stderr
    assert "Traceback" not in outcome.stderr


DIALS: list[tuple[str, Callable[[str], str]]] = [
    ("twice the document", lambda text: text * 2),
    ("half of it", lambda text: text[: len(text) // 2]),
    ("without its first line", lambda text: text.partition("\n")[2]),
    ("every colon gone", lambda text: text.replace(":", "")),
    ("every bracket turned", lambda text: text.translate(str.maketrans("{}[]", "[]{}"))),
    ("every line indented", lambda text: text.replace("\n", "\n ")),
    ("quotes that do not close", lambda text: text.replace("'", '"', 3)),
]


@pytest.mark.parametrize("damage", [pytest.param(row[1], id=row[0]) for row in DIALS])
def test_a_damaged_document_is_no_traceback(damage: Callable[[str], str]) -> None:
    """Whatever happened to the text, there is a finding or an API."""
    diagnostics = Diagnostics()
    document = load("damaged.yaml", diagnostics, fetch=lambda _: damage(PLAIN).encode())
    api = lower(document) if document is not None else None
    assert api is not None or any(entry.severity is Severity.ERROR for entry in diagnostics)
