"""What only comes back is never sent: what was read can be changed and sent again, as a model or as a dict."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.hard_cases.sdk import Answer, Sdk, make

DOCUMENT = """
openapi: 3.1.0
info: {title: Sea, version: "1"}
servers: [{url: "https://sea.test"}]
paths:
  /shells:
    post:
      operationId: createShell
      tags: [shells]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Shell'}}}}
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Shell'}}}}}
    put:
      operationId: replaceShells
      tags: [shells]
      requestBody:
        required: true
        content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Thing'}}}}
      responses: {"200": {description: ok}}
  /pearls:
    post:
      operationId: createPearl
      tags: [pearls]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Pearl'}}}}
      responses: {"200": {description: ok}}
components:
  schemas:
    Thing:
      oneOf: [{$ref: '#/components/schemas/Shell'}, {$ref: '#/components/schemas/Pearl'}]
      discriminator: {propertyName: kind}
    Shell:
      type: object
      required: [kind, id, inner]
      properties:
        kind: {const: Shell}
        id: {type: string, readOnly: true}
        made: {type: string, format: date-time, readOnly: true}
        pearl: {$ref: '#/components/schemas/Pearl'}
        inner: {type: array, items: {$ref: '#/components/schemas/Shell'}}
    Pearl:
      type: object
      required: [kind]
      properties: {kind: {const: Pearl}, colour: {type: string}}
"""
SHELL: dict[str, Any] = {"kind": "Shell", "id": "s_1", "made": "2026-01-02T03:04:05Z", "inner": []}
ANSWER: dict[str, Any] = {**SHELL, "pearl": {"kind": "Pearl", "colour": "white"}, "inner": [SHELL]}
ANSWERED = json.dumps(ANSWER).encode()
SENT: dict[str, Any] = {
    "kind": "Shell",
    "pearl": {"kind": "Pearl", "colour": "white"},
    "inner": [{"kind": "Shell", "inner": []}],
}


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Sdk:
    """An SDK."""
    folder = tmp_path_factory.mktemp("sea")
    (folder / "openapi.yaml").write_text(DOCUMENT, "utf-8")
    return make(folder / "openapi.yaml", folder / "sdk")


def test_what_was_read_can_be_sent(sdk: Sdk) -> None:
    """As a model, as a dict of it, and as a dict among the arguments."""
    read = sdk.models.Shell.from_dict(ANSWER)
    changed = {**read.to_dict(), "new": 1}
    assert json.loads(sdk.send(lambda api: api.shells.replace(body=[read])).body) == [SENT]
    assert json.loads(sdk.send(lambda api: api.shells.replace(body=[read.to_dict()])).body) == [SENT]
    assert json.loads(sdk.send(lambda api: api.shells.replace(body=[changed])).body) == [{**SENT, "new": 1}]
    given = {"pearl": read.pearl, "inner": [read.inner[0].to_dict()]}
    assert json.loads(sdk.send(lambda api: api.shells.create(**given), Answer(200, ANSWERED)).body) == SENT


def test_only_bodies_that_can_hold_such_fields_are_looked_at(sdk: Sdk) -> None:
    """A call of any other operation costs nothing more."""
    text = {path: text for path, text in sdk.result.files.items() if "/resources/" in path}
    facts = {path: re.findall(r"sends=lambda: (.*),\n", source) for path, source in text.items()}
    assert {path.rpartition("/")[2]: found for path, found in facts.items() if found} == {
        "shells.py": ['{"inner": list[models.Shell]}', "list[models.Thing]"],
    }
