"""What goes over the wire where documents are vague: brackets, base64, patches, media types and headers of HTTP."""

from __future__ import annotations

import json
import re
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import inspect

from .sdk import Answer, Sdk, Sent, make

SHOP = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
servers: [{url: https://server.example}]
paths:
  /sessions:
    get:
      operationId: listSessions
      tags: [shop]
      parameters:
        - {name: expand, in: query, style: deepObject, explode: true, schema: {type: array, items: {type: string}}}
        - {name: Content-Length, in: header, required: true, schema: {type: integer}}
        - {name: transfer-encoding, in: header, schema: {type: string}}
        - {name: Host, in: header, schema: {type: string}}
        - {name: digest, in: query, schema: {type: string, format: byte}}
      responses: {"200": {description: ok, content: {text/csv: {schema: {type: string}}}}}
    post:
      operationId: createSession
      tags: [shop]
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded:
            encoding: {kinds: &deep {style: deepObject, explode: true}, lines: *deep, buyer: *deep}
            schema:
              type: object
              properties:
                kinds: {type: array, items: {type: string}}
                lines:
                  type: array
                  items:
                    type: object
                    properties: {price: {type: string}, taxes: {type: array, items: {type: string}}}
                buyer: {type: object, properties: {tags: {type: array, items: {type: string}}, city: {type: string}}}
                proof: {type: string, format: byte}
                scan: {type: string, format: binary}
      responses: {"204": {description: ok}}
  /files:
    post:
      operationId: createFile
      tags: [shop]
      requestBody:
        required: true
        content:
          multipart/form-data:
            encoding: {link: {style: deepObject, explode: true}, ids: {style: form, explode: false}}
            schema:
              type: object
              properties:
                file: {type: string, format: binary}
                proof: {type: string, format: byte}
                link: {type: object, properties: {create: {type: boolean}, tags: {type: array, items: {type: string}}}}
                ids: {type: array, items: {type: string}}
                plain: {type: object, properties: {a: {type: integer}}}
      responses: {"204": {description: ok}}
  /blob:
    put:
      operationId: putBlob
      tags: [shop]
      requestBody: {required: true, content: {"*/*": {schema: {type: string, format: binary}}}}
      responses: {"200": {description: ok, content: {"*/*": {schema: {type: string, format: binary}}}}}
  /text:
    get:
      operationId: getText
      tags: [shop]
      parameters: [{name: accept, in: header, schema: {type: string, enum: [application/json, text/plain]}}]
      responses: {"200": {description: ok, content: {text/plain: {schema: {type: string}}}}}
  /json:
    put:
      operationId: putJson
      tags: [shop]
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, properties: {a: {type: integer}}}}}
      responses:
        "200": {description: ok, content: {image/png: {schema: {type: string, format: binary}}}}
        "202":
          description: later
          content: {application/json: {schema: {type: object, properties: {id: {type: string}}}}}
"""
CLUSTER = """
swagger: "2.0"
info: {title: Cluster, version: "1"}
host: server.example
schemes: [https]
paths:
  /jobs/{name}:
    patch:
      operationId: patchJob
      tags: [jobs]
      consumes: [application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json]
      parameters:
        - {name: name, in: path, required: true, type: string}
        - {name: body, in: body, required: true, schema: {type: object, description: a patch}}
      responses: {"204": {description: ok}}
  /charges:
    post:
      operationId: createCharge
      tags: [jobs]
      consumes: [application/x-www-form-urlencoded]
      parameters:
        - name: payload
          in: body
          required: true
          schema:
            type: object
            properties:
              amount: {type: integer}
              metadata: {type: object, additionalProperties: {type: string}}
              lines: {type: array, items: {type: object, properties: {price: {type: string}}}}
      responses: {"204": {description: ok}}
  /events:
    get:
      operationId: watchEvents
      tags: [jobs]
      produces: [application/jsonl, application/x-ndjson]
      responses: {"200": {description: ok, schema: {type: object, properties: {kind: {type: string}}}}}
"""


def made(text: str, tmp_path_factory: pytest.TempPathFactory) -> Sdk:
    """The SDK of a document."""
    home = tmp_path_factory.mktemp("document") / "openapi.yaml"
    home.write_text(text, "utf-8")
    return make(home, tmp_path_factory.mktemp("sdk"))


def method(api: Any, sdk: Sdk, operation: str) -> Any:  # noqa: ANN401  # of a generated class
    """The method of an operation, whatever it is called."""
    return attrgetter(sdk.operations[operation].call)(api)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Sdk:
    """A shop that speaks in brackets."""
    return made(SHOP, tmp_path_factory)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Sdk:
    """A cluster in Swagger 2.0."""
    return made(CLUSTER, tmp_path_factory)


def form(sent: Sent) -> list[tuple[str, str]]:
    """The fields of a form."""
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    return parse_qsl(sent.body.decode("ascii"))


def parts(sent: Sent) -> list[tuple[str, bytes]]:
    """The parts of a multipart body: head and content."""
    boundary = sent.headers["content-type"].partition("boundary=")[2].encode()
    pieces = sent.body.split(b"--" + boundary)[1:-1]
    split = (piece.strip(b"\r\n").partition(b"\r\n\r\n") for piece in pieces)
    return [(head.decode().removeprefix("Content-Disposition: form-data; "), content) for head, _, content in split]


def test_arrays_in_brackets_have_indexes_wherever_they_stand(shop: Sdk) -> None:
    """One convention for a whole document: fields, elements, and fields of elements."""
    sent = shop.send(
        lambda api: method(api, shop, "POST /sessions")(
            kinds=["a", "b"],
            lines=[{"price": "p", "taxes": ["t", "u"]}, {"price": "q"}],
            buyer={"tags": ["x"], "city": "c"},
        )
    )
    assert form(sent) == [
        ("kinds[0]", "a"), ("kinds[1]", "b"),
        ("lines[0][price]", "p"), ("lines[0][taxes][0]", "t"), ("lines[0][taxes][1]", "u"), ("lines[1][price]", "q"),
        ("buyer[tags][0]", "x"), ("buyer[city]", "c"),
    ]  # fmt: skip
    listed = shop.send(lambda api: method(api, shop, "GET /sessions")(expand=["a", "b"]), Answer(200, b"a", "text/csv"))
    assert unquote_plus(listed.line) == "GET /sessions?expand[0]=a&expand[1]=b"


def test_bytes_in_text_are_base64_and_files_are_what_they_are(shop: Sdk) -> None:
    """`format: byte` is base64 in forms, parts and queries, as it is in JSON; `binary` is raw."""
    sent = shop.send(lambda api: method(api, shop, "POST /sessions")(proof=b"\xff\x00", scan=b"\xff a"))
    assert sent.body == b"proof=%2FwA%3D&scan=%FF+a"
    sent = shop.send(lambda api: method(api, shop, "POST /files")(proof=b"\xff\x00", file=b"\xff\x00"))
    assert parts(sent) == [
        ('name="file"; filename="file"\r\nContent-Type: application/octet-stream', b"\xff\x00"),
        ('name="proof"', b"/wA="),
    ]
    listed = shop.send(
        lambda api: method(api, shop, "GET /sessions")(digest=b"\xff\x00"), Answer(200, b"a", "text/csv")
    )
    assert listed.line == "GET /sessions?digest=%2FwA%3D"


def test_parts_are_spelled_as_their_encoding_says(shop: Sdk) -> None:
    """A style makes texts of a part, as in a form; without one an object is JSON."""
    sent = shop.send(
        lambda api: method(api, shop, "POST /files")(
            link={"create": True, "tags": ["a"]}, ids=["1", "2"], plain={"a": 1}
        )
    )
    assert parts(sent) == [
        ('name="link[create]"', b"true"),
        ('name="link[tags][0]"', b"a"),
        ('name="ids"', b"1,2"),
        ('name="plain"\r\nContent-Type: application/json', b'{"a":1}'),
    ]


def test_headers_that_http_owns_are_no_arguments(shop: Sdk) -> None:
    """They are those of the message as it is sent, whatever the document lists."""
    summary = shop.operations["GET /sessions"]
    assert [entry.wire for entry in summary.parameters] == ["expand", "digest"]


def test_a_file_under_any_media_type_is_sent_and_read_as_it_is(shop: Sdk) -> None:
    """`*/*` with a binary schema is no JSON, in either direction."""
    answer = Answer(200, b"\x89PNG", "image/png")
    sent, value = shop.exchange(lambda api: method(api, shop, "PUT /blob")(body=b"\xff\x00"), answer)
    assert (sent.headers["content-type"], sent.body) == ("application/octet-stream", b"\xff\x00")
    assert sent.headers["accept"] == "*/*"
    assert value == b"\x89PNG"


def test_whatever_else_there_is_comes_last_in_accept(shop: Sdk) -> None:
    """All successes are asked for, and without JSON among them anything: a refusal comes in words of its own."""
    listed = shop.send(lambda api: method(api, shop, "GET /sessions")(), Answer(200, b"a", "text/csv"))
    assert listed.headers["accept"] == "text/csv, */*;q=0.1"
    sent = shop.send(lambda api: method(api, shop, "PUT /json")(a=1), Answer(202, b'{"id": "1"}'))
    assert sent.headers["accept"] == "image/png, application/json"
    text = shop.send(shop.by_wire("GET /text", {}), Answer(200, b"a", "text/plain"))
    assert text.headers["accept"] == "text/plain"


def test_a_callers_content_type_is_obeyed_where_the_bytes_can_be_of_it(shop: Sdk) -> None:
    """Another kind of JSON is JSON; a file may be anything."""
    options = shop.module.CallOptions(headers={"Content-Type": "application/vnd.shop+json", "Accept": "image/webp"})
    sent = shop.send(lambda api: method(api, shop, "PUT /json")(a=1, options=options), Answer(202, b'{"id": "1"}'))
    assert sent.headers["content-type"] == "application/vnd.shop+json"
    assert sent.headers["accept"] == "image/webp"
    options = shop.module.CallOptions(headers={"content-type": "image/png"})
    sent = shop.send(
        lambda api: method(api, shop, "PUT /blob")(body=b"x", options=options), Answer(200, b"x", "image/png")
    )
    assert sent.headers["content-type"] == "image/png"


def test_a_callers_content_type_that_cannot_be_is_refused(shop: Sdk) -> None:
    """It is neither sent nor overruled without a word."""
    xml = shop.module.CallOptions(headers={"Content-Type": "application/xml"})
    with pytest.raises(ValueError, match=re.escape("this body is JSON, and cannot be sent as 'application/xml'")):
        shop.send(lambda api: method(api, shop, "PUT /json")(a=1, options=xml))
    with pytest.raises(ValueError, match="cannot be sent as 'application/xml'"):
        shop.send(lambda api: method(api, shop, "POST /files")(file=b"x", options=xml))


def test_each_way_to_patch_is_a_method(cluster: Sdk) -> None:
    """Their bytes mean different things; a JSON Patch is a list of changes, and the plain method is none."""
    document = load(str(cluster.document), Diagnostics())
    assert document is not None
    calls = [row.call for row in inspect(document, Config()) or [] if row.method == "PATCH"]
    change = {"op": "remove", "path": "/spec"}

    def patched(call: str, body: object) -> Sent:
        return cluster.send(lambda api: attrgetter(call)(api)("a", body=body))

    bodies: list[object] = [{"spec": {}}, [change], {"spec": {}}]
    sent = {call: patched(call, body) for call, body in zip(calls, bodies, strict=True)}
    types = [entry.headers["content-type"].partition("/")[2] for entry in sent.values()]
    assert types == ["merge-patch+json", "json-patch+json", "strategic-merge-patch+json"]
    assert json.loads(sent[calls[1]].body) == [change]
    assert [call.partition("_with_")[2] for call in calls] == ["", "json_patch", "strategic_merge_patch"]


def test_a_swagger_body_in_a_form_is_a_form(cluster: Sdk) -> None:
    """What lies in it is spelled in brackets, since nothing else could be meant."""
    sent = cluster.send(
        lambda api: method(api, cluster, "POST /charges")(
            amount=1, metadata={"a b": "c"}, lines=[{"price": "p"}, {"price": "q"}]
        )
    )
    assert form(sent) == [
        ("amount", "1"), ("metadata[a b]", "c"), ("lines[0][price]", "p"), ("lines[1][price]", "q"),
    ]  # fmt: skip


def test_swagger_streams_what_it_produces_in_lines(cluster: Sdk) -> None:
    """The items come one by one, typed."""
    answer = Answer(200, b'{"kind": "a"}\n{"kind": "b"}\n', "application/jsonl")
    kinds = cluster.read(lambda api: [event.kind for event in method(api, cluster, "GET /events")()], answer)
    assert kinds == ["a", "b"]


def test_a_variable_of_a_server_may_be_empty(tmp_path: Path) -> None:
    """An empty default is a default, and not the first of the choices."""
    text = """
    openapi: 3.0.3
    info: {title: Regions, version: "1"}
    servers: [{url: "https://{region}server.example", variables: {region: {default: "", enum: ["", "eu."]}}}]
    paths: {/a: {get: {operationId: getA, tags: [a], responses: {"204": {description: ok}}}}}
    """
    home = tmp_path / "openapi.yaml"
    home.write_text(text, "utf-8")
    sdk = make(home, tmp_path / "sdk")
    assert sdk.send(lambda api: method(api, sdk, "GET /a")(), settings={}).headers["host"] == "server.example"
    assert (
        sdk.send(lambda api: method(api, sdk, "GET /a")(), settings={"region": "eu."}).headers["host"]
        == "eu.server.example"
    )
