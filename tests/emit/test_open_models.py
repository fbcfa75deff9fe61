# ruff: noqa: E501  # the document and the program keep lines that belong together
"""Objects with extra properties, and parents that stand for their subtypes: typed, read, and sent again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

from tests.tools import checked, mypy_strict, pyright_strict, write_files

DOCUMENT = """\
openapi: 3.0.3
info: {title: Things, version: "1"}
servers: [{url: "https://things.test"}]
paths:
  /things:
    get:
      operationId: listThings
      responses:
        "200": {description: ok, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Either"}}}}}
    post:
      operationId: createThing
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
      responses:
        "200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
  /shapes:
    get:
      operationId: listShapes
      responses:
        "200": {description: ok, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Shape"}}}}}
components:
  schemas:
    Either:
      oneOf: [{$ref: "#/components/schemas/Thing"}, {$ref: "#/components/schemas/Other"}]
    Other: {type: object, required: [kind], properties: {kind: {type: string, enum: [other]}}, additionalProperties: false}
    Thing:
      type: object
      required: [id, class]
      properties:
        id: {type: integer}
        class: {type: string}
        extra: {type: boolean}
        inner: {$ref: "#/components/schemas/Thing"}
      additionalProperties: {type: string, format: date}
    Shape:
      type: object
      required: [kind]
      properties: {kind: {type: string}, name: {type: string}}
      discriminator: {propertyName: kind, mapping: {round: "#/components/schemas/Circle"}}
    Circle:
      allOf: [{$ref: "#/components/schemas/Shape"}, {type: object, properties: {radius: {type: number}}}]
    Box:
      allOf: [{$ref: "#/components/schemas/Shape"}, {type: object, properties: {holds: {$ref: "#/components/schemas/Shape"}}}]
    Cube:
      allOf: [{$ref: "#/components/schemas/Box"}]
"""
USE = """\
import copy
import datetime as dt
import json
import pickle
from typing import assert_type

import httpx

from things import Things, models

DAY = dt.date(2026, 1, 2)
sent: list[object] = []
THING = {"id": 1, "class": "a", "inner": {"id": 2, "class": "b", "in": "2026-01-02"}, "due": "2026-01-02"}
SHAPES = [
    {"kind": "round", "radius": 2}, {"kind": "Cube", "holds": {"kind": "Box"}}, {"kind": "flat", "name": "x"}, {"name": "y"},
]


def answer(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/shapes":
        return httpx.Response(200, json=SHAPES)
    if request.method == "GET":
        return httpx.Response(200, json=[THING, {"kind": "other"}, {"id": 3, "class": "c", "bad": 7}])
    sent.append(json.loads(request.content))
    return httpx.Response(200, json=THING)


client = Things(http_client=httpx.Client(transport=httpx.MockTransport(answer)))
thing = client.things.create(id=1, class_="a", extra=True, extra_fields={"due": DAY})
assert_type(thing, models.Thing)
assert_type(thing.extra_fields, dict[str, dt.date])
assert sent == [{"id": 1, "class": "a", "extra": True, "due": "2026-01-02"}], sent
inner = models.Thing(id=2, class_="b", extra_fields={"in": DAY})
assert thing == models.Thing(id=1, class_="a", inner=inner, extra_fields={"due": DAY}), thing
assert pickle.loads(pickle.dumps(thing)) == copy.deepcopy(thing) == thing
client.things.create(id=3, class_="b", inner=thing)
assert sent[-1] == {"id": 3, "class": "b", "inner": THING}, "what came back is sent again, extra fields too"
first, second, third = client.things.list()
assert (first, second) == (thing, models.Other(kind="other")), (first, second)
assert third == {"id": 3, "class": "c", "bad": 7}, "what is none of the variants is kept as it came"
try:
    models.Thing(id=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
except TypeError:
    pass
else:
    raise AssertionError("a required field may be left out")

shapes = client.shapes.list()
assert_type(shapes, list[models.ShapeFamily])
assert shapes == [
    models.Circle(kind="round", radius=2), models.Cube(kind="Cube", holds=models.Box(kind="Box")),
    models.Shape(kind="flat", name="x"), models.Shape(kind=None, name="y"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
], shapes
"""


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK of the document above, and a program that uses it."""
    folder = tmp_path_factory.mktemp("things")
    source = folder / "openapi.yaml"
    source.write_text(DOCUMENT, "utf-8")
    diagnostics = Diagnostics()
    document = load(str(source), diagnostics)
    assert document is not None
    result = generate(document, Config())
    assert result is not None
    assert list(diagnostics) == []
    write_files(result.files, folder / "sdk")
    (folder / "sdk" / "use.py").write_text(USE, "utf-8")
    return folder / "sdk"


def test_extra_fields_and_subtypes_come_and_go(sdk: Path) -> None:
    """Typed in a dict of their own, in unions and inside themselves; subtypes by their tag, others as the parent."""
    checked([sys.executable, "-W", "error", "use.py"], cwd=sdk)


def test_mypy_knows_them(sdk: Path) -> None:
    """`assert_type` in the program above holds for mypy."""
    checked([*mypy_strict(), "things", "use.py"], cwd=sdk)


def test_pyright_knows_them(sdk: Path, tmp_path: Path) -> None:
    """`assert_type` in the program above holds for pyright."""
    pyright_strict(sdk, tmp_path)
