"""What is refused is refused as the document says: its statuses, its schemas, its examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from samekey.document.pointers import tokens
from samekey.sandbox.server.faults import Fault, Rule
from samekey.sandbox.server.serving import Running, running
from samekey.verify.oracle import value_under

AUTH = {"Authorization": "Bearer x"}
CHARGE = {"amount": 1999, "currency": "eur"}

VALIDATION = {
    "type": "object",
    "properties": {"detail": {"type": "array", "items": {
        "type": "object", "required": ["loc", "msg", "type"],
        "properties": {"loc": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
                       "msg": {"type": "string"}, "type": {"type": "string"}},
    }}},
}  # fmt: skip
NESTED = {
    "type": "object", "required": ["errors"],
    "properties": {"errors": {"type": "array", "minItems": 1, "items": {
        "type": "object", "required": ["message"], "properties": {"message": {"type": "string"}},
    }}, "statusCode": {"type": "integer"}},
}  # fmt: skip
ENUM = {
    "type": "object", "required": ["code"],
    "properties": {"code": {"type": "string", "enum": ["declined", "fraud"]}},
}  # fmt: skip


def document(folder: Path, **responses: Any) -> Path:  # noqa: ANN401  # schemas
    """A document of one operation, with its errors."""
    thing = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 2}}}
    content = {"application/json": {"schema": thing}}
    errors = {
        code.lstrip("_"): {"description": "x", "content": {"application/json": {"schema": schema}}}
        for code, schema in responses.items()
    }
    post = {
        "operationId": "createThing",
        "requestBody": {"required": True, "content": content},
        "responses": {"201": {"description": "x", "content": content}, **errors},
    }
    root = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/things": {"post": post}}}
    path = folder / "openapi.yaml"
    path.write_text(yaml.safe_dump(root), "utf-8")
    return path


@pytest.mark.parametrize(
    ("errors", "status", "told"),
    [
        ({"_422": VALIDATION}, 422, "/detail/0/msg"),
        ({"_400": NESTED}, 400, "/errors/0/message"),
        ({"_4XX": NESTED}, 400, "/errors/0/message"),
        ({"default": NESTED}, 400, "/errors/0/message"),
        ({"_400": {"type": "object", "properties": {"fault_message": {"type": "string"}}}}, 400, "/fault_message"),
        ({"_400": {"type": "string"}}, 400, ""),
        ({"_400": ENUM}, 400, "/detail"),
        ({}, 400, "/detail"),
    ],
)
def test_a_body_that_is_wrong_is_refused_as_the_document_says(
    tmp_path: Path,
    errors: dict[str, Any],
    status: int,
    told: str,
) -> None:
    """400 or 422 as declared, what is wrong in its schema; problem details where nothing has room for it."""
    with running(document(tmp_path, **errors)) as server:
        answer = httpx.post(f"{server.url}/things", json={"name": "x"})
    assert answer.status_code == status
    assert "is too short" in str(value_under(answer.json(), tokens(told)))
    fits = errors and errors.get("_400") is not ENUM
    assert answer.headers["content-type"] == ("application/json" if fits else "application/problem+json")


def test_a_path_that_cannot_be_is_not_there(tmp_path: Path) -> None:
    """404 where the document knows neither 400 nor 422."""
    path = document(tmp_path)
    root = yaml.safe_load(path.read_text("utf-8"))
    answers = {"200": {"description": "x"}, "404": {"description": "x"}}
    number = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    query = {"name": "size", "in": "query", "schema": {"type": "integer"}}
    root["paths"]["/things/{id}"] = {"get": {"parameters": [number, query], "responses": answers}}
    path.write_text(yaml.safe_dump(root), "utf-8")
    with running(path) as server:
        assert httpx.get(f"{server.url}/things/abc").status_code == 404
        assert httpx.get(f"{server.url}/things/abc?size=x").status_code == 400


def test_words_that_the_document_lists_are_used(tmp_path: Path) -> None:
    """Where it lists what is said, it is said so, and a header tells what it was; no code that means something else."""
    listed = {
        "type": "object", "required": ["name", "message"],
        "properties": {"name": {"enum": ["DECLINED", "INVALID_REQUEST"]}, "message": {"enum": ["It is not whole."]}},
    }  # fmt: skip
    with running(document(tmp_path, _400=listed)) as server:
        answer = httpx.post(f"{server.url}/things", json={"name": "é"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert answer.json() == {"name": "INVALID_REQUEST", "message": "It is not whole."}
    assert answer.headers["samekey-detail"] == "/name: '\\xe9' is too short"


def test_what_is_said_is_as_short_as_the_document_has_it(tmp_path: Path) -> None:
    """A message that repeats what was sent is cut, and its reason stays as far as there is room."""
    short = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string", "maxLength": 20}}}
    with running(document(tmp_path, _400=short)) as server:
        answer = httpx.post(f"{server.url}/things", json={"name": ["x" * 100_000]})
    assert answer.json() == {"message": "/name: ['xxxxxxxxxxx"}
    with running(document(tmp_path, _400=NESTED)) as server:
        message = httpx.post(f"{server.url}/things", json={"name": ["x" * 100_000]}).json()["errors"][0]["message"]
    assert len(message) < 500
    assert message.endswith("is not of type 'string'")


def test_a_fault_is_told_in_the_words_of_the_document(tmp_path: Path) -> None:
    """Refusals before, and answers in the place of lost ones."""
    with running(document(tmp_path, default=NESTED)) as server:
        for fault, status in ((Fault.UNAVAILABLE, 503), (Fault.TOO_MANY, 429), (Fault.BAD_GATEWAY, 502)):
            server.fail(Rule(fault, times=1))
            answer = httpx.post(f"{server.url}/things", json={"name": "xx"})
            assert answer.status_code == status
            assert answer.json()["errors"][0]["message"]
            assert answer.json().get("statusCode", status) == status


def test_a_client_may_ask_for_what_comes_rarely(payments: Running) -> None:
    """`Prefer: code=402` shows the document's own decline; nothing is done, and its key stays free."""
    key = {"Idempotency-Key": "2f1c7a54-90b3-4e0e-8d25-6a1f0c9be731"}
    declined = httpx.post(f"{payments.url}/charges", json=CHARGE, headers={**AUTH, **key, "Prefer": "code=402"})
    assert (declined.status_code, declined.json()["error"]["type"]) == (402, "card_declined")
    assert payments.totals().effects == 0
    done = httpx.post(f"{payments.url}/charges", json=CHARGE, headers={**AUTH, **key})
    assert (done.status_code, payments.totals().effects) == (201, 1)
    by_default = httpx.post(f"{payments.url}/charges", json=CHARGE, headers={**AUTH, "Prefer": "code=418"})
    assert (by_default.status_code, "error" in by_default.json()) == (418, True)
    other = httpx.post(f"{payments.url}/charges", json=CHARGE, headers={**AUTH, "Prefer": "respond-async"})
    assert other.status_code == 201


def test_an_example_may_be_asked_for_by_its_name(tmp_path: Path) -> None:
    """`Prefer: example=…`, of a success or of an error."""
    path = document(tmp_path, _402=NESTED)
    root = yaml.safe_load(path.read_text("utf-8"))
    media = root["paths"]["/things"]["post"]["responses"]["402"]["content"]["application/json"]
    media["examples"] = {"poor": {"value": {"errors": [{"message": "too little money"}]}},
                         "stolen": {"value": {"errors": [{"message": "a stolen card"}]}}}  # fmt: skip
    path.write_text(yaml.safe_dump(root), "utf-8")
    with running(path) as server:
        for wish in ("example=stolen", 'code=402, example="stolen"'):
            answer = httpx.post(f"{server.url}/things", json={"name": "xx"}, headers={"Prefer": wish})
            assert (answer.status_code, answer.json()) == (402, {"errors": [{"message": "a stolen card"}]})
