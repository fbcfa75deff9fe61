"""Webhooks: every named payload has its type, and `decode` gives it."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

from tests.tools import checked, mypy_strict, pyright_strict, write_files

DOCUMENT = """\
openapi: 3.1.0
info: {title: Hooks, version: "1"}
webhooks:
  order.created:
    post:
      summary: An order was created.
      requestBody:
        content:
          application/json: {schema: {$ref: "#/components/schemas/Order"}}
      responses: {"200": {description: noted}}
  days "closed":
    $ref: "#/components/pathItems/Days"
  picture:
    post:
      requestBody:
        content:
          image/png: {}
      responses: {"200": {description: noted}}
components:
  pathItems:
    Days:
      put:
        requestBody: {$ref: "#/components/requestBodies/Days"}
        responses: {"200": {description: noted}}
  requestBodies:
    Days:
      content:
        application/json: {schema: {type: array, items: {type: string, format: date}}}
  schemas:
    Order:
      type: object
      required: [id, at]
      properties:
        id: {type: string}
        at: {type: string, format: date-time}
"""
USE = """\
import datetime as dt
from typing import assert_type

from hooks import models, webhooks

order = webhooks.decode("order.created", b'{"id": "o_1", "at": "2026-01-02T03:04:05Z"}')
assert_type(order, models.Order)
assert order == models.Order(id="o_1", at=dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)), order
days = webhooks.decode('days "closed"', '["2026-12-24"]')
assert_type(days, list[dt.date])
assert days == [dt.date(2026, 12, 24)], days
late = webhooks.decode("order.created", b'{"id": "o_1", "at": "soon"}')
assert late.id == "o_1", "what does not match keeps the rest"
for name, payload, strict, expected in (
    ("order.created", b"no JSON", False, webhooks.WebhookDecodeError),
    ("order.created", b'{"id": 1}', True, webhooks.WebhookDecodeError),
    ("order.lost", b"{}", False, KeyError),
):
    try:
        webhooks.decode(name, payload, strict=strict)
    except expected:
        continue
    raise AssertionError(f"{payload!r} was decoded")
assert set(webhooks.PAYLOADS) == {"order.created", 'days "closed"'}
"""


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK of a document that has webhooks and nothing else."""
    folder = tmp_path_factory.mktemp("hooks")
    source = folder / "openapi.yaml"
    source.write_text(DOCUMENT, "utf-8")
    diagnostics = Diagnostics()
    document = load(str(source), diagnostics)
    assert document is not None
    result = generate(document, Config())
    assert result is not None
    assert [entry.code for entry in diagnostics] == ["webhook-lost"]
    write_files(result.files, folder / "sdk")
    (folder / "sdk" / "use.py").write_text(dedent(USE), "utf-8")
    return folder / "sdk"


def test_payloads_decode_to_their_types(sdk: Path) -> None:
    """A payload becomes its model; one that breaks its schema keeps what it can; an unknown name is a KeyError."""
    checked([sys.executable, "-W", "error", "use.py"], cwd=sdk)


def test_mypy_infers_the_payload_from_the_name(sdk: Path) -> None:
    """`assert_type` in the program above holds for mypy."""
    checked([*mypy_strict(), "hooks", "use.py"], cwd=sdk)


def test_pyright_infers_the_payload_from_the_name(sdk: Path, tmp_path: Path) -> None:
    """`assert_type` in the program above holds for pyright."""
    pyright_strict(sdk, tmp_path)
