"""What an API does beside keys, done as its document lets one expect."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from samekey.sandbox.api.answer import Answer
from samekey.sandbox.server.app import Settings
from samekey.sandbox.server.serving import running

SHOP = """
openapi: 3.1.0
info: {title: Shop, version: '1'}
paths:
  /orders:
    get:
      operationId: listOrders
      parameters:
        - {name: status, in: query, schema: {type: string}}
        - {name: total_min, in: query, schema: {type: integer}}
        - {name: created_before, in: query, schema: {type: string}}
        - {name: sort, in: query, schema: {type: string}}
        - {name: order, in: query, schema: {type: string}}
        - {name: cursor, in: query, schema: {type: string}}
        - {name: limit, in: query, schema: {type: integer}}
      responses:
        '200':
          description: ''
          content:
            application/json:
              schema:
                type: object
                required: [data]
                properties:
                  data: {type: array, items: {$ref: '#/components/schemas/Order'}}
                  next_cursor: {type: [string, 'null']}
        '400': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}}
    post: {operationId: createOrder, requestBody: {$ref: '#/components/requestBodies/Order'}, responses: &one
      {'201': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}}}
    put: {operationId: putOrder, requestBody: {$ref: '#/components/requestBodies/Order'}, responses: &ok
      {'200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}}}
  /orders/{orderId}:
    get: {operationId: getOrder, parameters: &id [{name: orderId, in: path, required: true, schema: {type: string}}],
      responses: *ok}
  /orders/{orderId}/cancel: {post: {operationId: cancelOrder, parameters: *id, responses: *ok}}
  /orders/{orderId}/activate: {post: {operationId: activateOrder, parameters: *id, responses: *ok}}
  /orders/{orderId}/remind: {post: {operationId: remind, parameters: *id, responses: *ok}}
  /orders/{orderId}/archive:
    post:
      operationId: archiveOrder
      parameters: *id
      responses: {'204': {description: '', content: {application/json: {schema: {type: object}}}}}
  /payments:
    post:
      operationId: pay
      requestBody:
        content:
          application/json:
            schema:
              oneOf: [{$ref: '#/components/schemas/Card'}, {$ref: '#/components/schemas/Bank'}]
              discriminator: {propertyName: type, mapping: {card: '#/components/schemas/Card'}}
      responses: {'200': {description: ''}}
  /untagged:
    post:
      operationId: untagged
      requestBody: {content: {application/json: {schema: {anyOf: [
        {$ref: '#/components/schemas/Card'}, {$ref: '#/components/schemas/Cash'}]}}}}
      responses: {'200': {description: ''}}
components:
  requestBodies: {Order: {content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}}
  schemas:
    Error: {type: object, properties: {message: {type: string}}}
    Order:
      type: object
      properties:
        id: {type: string, example: ord_1}
        status: {type: string, enum: [open, active, canceled], default: open}
        total: {type: integer}
        note: {type: string, nullable: true}
        kind: {$ref: '#/components/schemas/Kind', nullable: true}
        created: {type: string}
    Kind: {type: string, enum: [gift, plain]}
    Card:
      type: object
      required: [type, number]
      properties: {type: {const: card}, number: {type: string}, month: {type: integer}}
    Bank: {type: object, required: [type, iban], properties: {type: {type: string}, iban: {type: string}}}
    Cash: {type: object, required: [type, till], properties: {type: {const: cash}, till: {type: integer}}}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Generator[httpx.Client]:
    """A client of a shop."""
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP, "utf-8")
    with running(path) as server, httpx.Client(base_url=server.url) as client:
        yield client


def made(shop: httpx.Client, **order: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    """An order that was created."""
    answer = shop.post("/orders", json=order)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def totals(shop: httpx.Client, **query: str | int) -> list[int]:
    """The totals of the orders that a query asks for, in its order."""
    answer = shop.get("/orders", params=query)
    assert answer.status_code == 200, answer.text
    return [order["total"] for order in answer.json()["data"]]


def test_what_is_not_said_is_what_the_document_says_by_default(shop: httpx.Client) -> None:
    """A property with a default is there, and is that; what was said stays."""
    assert made(shop, total=3)["status"] == "open"
    assert made(shop, total=3, status="active")["status"] == "active"


def test_null_passes_where_nullable_allows_it_in_every_version(shop: httpx.Client) -> None:
    """An SDK of such a document has `str | None`; nobody else's null passes."""
    order = made(shop, note=None, kind=None, total=1)
    assert (order["note"], order["kind"]) == (None, None)
    assert shop.post("/orders", json={"total": None}).status_code == 400


def test_lists_are_filtered_and_sorted_by_parameters_that_name_properties(shop: httpx.Client) -> None:
    """By a value, by bounds, and by sort words of several habits."""
    for total, status, created in ((2, "open", "2026-01-02"), (9, "active", "2026-01-01"), (5, "open", "2026-02-01")):
        made(shop, total=total, status=status, created=created)
    assert totals(shop) == [5, 9, 2]
    assert totals(shop, status="open") == [5, 2]
    assert totals(shop, total_min=5) == [5, 9]
    assert totals(shop, created_before="2026-01-15") == [9, 2]
    assert totals(shop, sort="total") == [2, 5, 9]
    assert totals(shop, sort="-total") == [9, 5, 2]
    assert totals(shop, sort="total:desc") == [9, 5, 2]
    assert totals(shop, sort="total", order="desc") == [9, 5, 2]
    assert totals(shop, sort="status,-total") == [9, 5, 2]
    assert totals(shop, sort="colour") == [5, 9, 2], "what names no property sorts nothing"
    assert totals(shop, total="9") == [5, 9, 2], "what the operation does not declare filters nothing"


def test_a_cursor_that_was_never_given_out_is_refused(shop: httpx.Client) -> None:
    """An empty page would look like the end of the list."""
    for total in range(3):
        made(shop, total=total)
    first = shop.get("/orders", params={"limit": 2}).json()
    assert [order["total"] for order in first["data"]] == [2, 1]
    assert totals(shop, cursor=first["next_cursor"], limit=2) == [0]
    refused = shop.get("/orders", params={"cursor": "garbage"})
    assert refused.status_code == 400
    assert "begin without one" in refused.json()["message"]


@pytest.mark.parametrize(("action", "status"), [("cancel", "canceled"), ("activate", "active"), ("remind", "open")])
def test_an_action_leaves_its_state_behind(shop: httpx.Client, action: str, status: str) -> None:
    """`cancel` makes it `canceled` where the document has such a state; other actions leave it as it is."""
    order = made(shop, total=1)
    assert shop.post(f"/orders/{order['id']}/{action}").json()["status"] == status
    assert shop.get(f"/orders/{order['id']}").json()["status"] == status


def test_a_put_that_names_its_resource_in_the_body_replaces_it(shop: httpx.Client) -> None:
    """What comes back is what was sent, and is there afterwards."""
    order = made(shop, total=1)
    answer = shop.put("/orders", json={"id": order["id"], "total": 7})
    assert answer.json()["total"] == 7
    assert shop.get(f"/orders/{order['id']}").json()["total"] == 7
    assert totals(shop) == [7]


@pytest.mark.parametrize(
    ("path", "payment", "complaint"),
    [
        ("/payments", {"type": "card"}, "body: 'number' is a required property"),
        ("/payments", {"type": "card", "number": "4", "month": "x"}, "/month: 'x' is not of type 'integer'"),
        ("/payments", {"type": "Bank"}, "body: 'iban' is a required property"),
        ("/payments", {"type": "wallet"}, "/type: tells which of 'card', 'Bank' this is, and 'wallet' names none"),
        ("/payments", {"number": "4"}, "/type: tells which of 'card', 'Bank' this is, and is missing"),
        ("/untagged", {"type": "cash", "till": "one"}, "/till: 'one' is not of type 'integer'"),
        ("/untagged", {"type": "card"}, "body: 'number' is a required property"),
    ],
)
def test_a_complaint_is_of_the_variant_that_was_meant(
    shop: httpx.Client, path: str, payment: dict[str, object], complaint: str
) -> None:
    """The discriminator tells which, or a constant of its own; who wants no variant is told which there are."""
    refused = shop.post(path, json=payment)
    assert refused.status_code == 400
    assert complaint in refused.json()["detail"]


def test_a_status_without_a_body_has_none_whatever_the_document_says(shop: httpx.Client) -> None:
    """What the ledger holds of the answer is what its client gets."""
    order = made(shop, total=1)
    answer = shop.post(f"/orders/{order['id']}/archive")
    assert (answer.status_code, answer.content, "content-type" in answer.headers) == (204, b"", False)
    events = shop.get(str(shop.base_url.join("/_samekey/ledger.json"))).json()["events"]
    digests = [event["answer"] for event in events if event["kind"] == "effect"]
    assert digests[-1] == Answer(204).digest


FEED = """
openapi: 3.2.0
info: {title: Feed, version: '1'}
paths:
  /answers:
    post:
      operationId: ask
      requestBody: {content: {application/json: {schema: {type: object, properties: {text: {type: string}}}}}}
      responses:
        '201':
          description: ''
          content:
            application/json: {schema: {$ref: '#/components/schemas/Answer'}}
            application/vnd.answer+json: {schema: {$ref: '#/components/schemas/Answer'}}
            text/event-stream:
              itemSchema:
                type: object
                required: [event, data]
                properties:
                  event: {const: delta}
                  data: {type: string, contentMediaType: application/json, contentSchema: {type: object}}
              x-speakeasy-sse-sentinel: '[DONE]'
            text/csv: {schema: {type: string}, example: "id,text\\n1,yes\\n"}
        '406': {description: ''}
  /lines:
    get:
      operationId: lines
      responses:
        '200':
          description: ''
          content:
            application/jsonl: {schema: {type: array, minItems: 2, items: {$ref: '#/components/schemas/Answer'}}}
  /sequence:
    get:
      operationId: sequence
      responses: {'200': {description: '', content: {application/json-seq: {itemSchema: {type: integer, minimum: 4}}}}}
components:
  schemas:
    Answer: {type: object, required: [id, text], properties: {id: {type: string}, text: {type: string}}}
"""


@pytest.fixture
def feed(tmp_path: Path) -> Generator[httpx.Client]:
    """A client of an API that answers in several media types."""
    document = tmp_path / "feed.yaml"
    document.write_text(FEED, "utf-8")
    with (
        running(str(document), Settings(str(tmp_path / "feed.db"))) as server,
        httpx.Client(base_url=server.url, timeout=10) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/event-stream"),
        ("text/csv;q=0.4, text/event-stream;q=0.3", "text/csv"),
        ("text/*;q=0.4, text/event-stream;q=0.3, application/*;q=0", "text/csv"),
        ("text/csv;q=0.5, */*;q=0.1", "text/csv"),
        ("APPLICATION/VND.ANSWER+JSON ; q=1", "application/vnd.answer+json"),
        ("image/png, */*;q=nonsense", "application/json"),
    ],
)
def test_an_answer_is_in_the_media_type_that_is_asked_for(feed: httpx.Client, accept: str, given: str) -> None:
    """The range that names it most exactly counts; of equals, the one that the document has as its usual one."""
    answer = feed.post("/answers", json={"text": "yes"}, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (201, given)
    if "json" in given:
        assert set(answer.json()) == {"id", "text"}
    if given == "text/csv":
        assert answer.text == "id,text\n1,yes\n"


def test_what_nobody_takes_is_refused_where_the_document_says_so(feed: httpx.Client) -> None:
    """And nothing is done; where it does not, the answer comes as it is (RFC 9110 section 12.5.1)."""
    refused = feed.post("/answers", json={}, headers={"Accept": "image/png", "Idempotency-Key": "a" * 32})
    assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable")
    assert feed.get("/lines", headers={"Accept": "image/png"}).headers["content-type"] == "application/jsonl"
    done = feed.post("/answers", json={}, headers={"Accept": "*/*", "Idempotency-Key": "a" * 32})
    assert (done.status_code, done.headers.get("idempotent-replayed")) == (201, None)


def test_events_come_one_by_one(feed: httpx.Client) -> None:
    """As their schema has them, with the document's own end; a retry gets the same ones."""
    headers = {"Accept": "text/event-stream", "Idempotency-Key": "b" * 32}
    with feed.stream("POST", "/answers", json={}, headers=headers) as response:
        pieces = list(response.iter_raw())
        assert "content-length" not in response.headers
    assert len(pieces) == 4
    assert all(piece.startswith(b"event: delta\ndata: ") and piece.endswith(b"\n\n") for piece in pieces[:3])
    assert pieces[-1] == b"data: [DONE]\n\n"
    again = feed.post("/answers", json={}, headers=headers)
    assert (again.content, again.headers["idempotent-replayed"]) == (b"".join(pieces), "true")


def test_lines_and_sequences_fit_their_schemas(feed: httpx.Client) -> None:
    """A schema of the whole is an array of its items (OpenAPI 3.2 section 4.14.3)."""
    lines = [json.loads(line) for line in feed.get("/lines").text.splitlines()]
    assert len(lines) >= 2
    assert all(set(line) >= {"id", "text"} for line in lines)
    records = feed.get("/sequence").text.split("\x1e")
    assert records[0] == ""
    assert all(json.loads(record) >= 4 for record in records[1:])


ZOO = """
swagger: '2.0'
info: {title: Zoo, version: '1'}
produces: [text/csv, application/json]
paths:
  /animals:
    get: {operationId: listAnimals, responses: {200: {description: '', schema: {$ref: '#/definitions/Animal'}}}}
    post:
      operationId: addAnimal
      parameters: [{name: body, in: body, required: true, schema: {type: object, required: [name]}}]
      responses: {201: {description: ''}, 400: {description: 'no schema at all'}, 404: {description: ''}}
  /animals/{id}:
    get:
      operationId: getAnimal
      parameters: [{name: id, in: path, required: true, type: integer}]
      responses: {200: {description: ''}, 404: {description: ''}}
    delete:
      operationId: removeAnimal
      parameters: [{name: id, in: path, required: true, type: integer}]
      responses: {204: {description: ''}}
  /animals/search:
    get: {operationId: search, responses: {200: {description: ''}}}
definitions:
  Animal: {type: object, properties: {name: {type: string}}}
"""


@pytest.fixture
def zoo(tmp_path: Path) -> Generator[httpx.Client]:
    """A client of an API of Swagger."""
    document = tmp_path / "zoo.yaml"
    document.write_text(ZOO, "utf-8")
    with (
        running(str(document), Settings(str(tmp_path / "zoo.db"))) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        yield client


def test_a_path_without_parameters_is_no_resource(zoo: httpx.Client) -> None:
    """OpenAPI matches concrete paths first: what can be done with an animal cannot be done with the search."""
    refused = zoo.delete("/animals/search")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
    assert zoo.delete("/animals/7").status_code == 404
    assert zoo.request("OPTIONS", "/animals/7").headers["allow"] == "GET, DELETE"


def test_a_refusal_of_swagger_is_in_one_of_its_media_types(zoo: httpx.Client) -> None:
    """Though nothing is said of what stands in it."""
    refused = zoo.post("/animals", json={})
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/json")
    assert refused.json()["code"] == "invalid_request"


TAGGED = """
openapi: 3.1.0
info: {title: Tagged, version: '1'}
paths:
  /events:
    get:
      operationId: latest
      responses: {'200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Event'}}}}}
components:
  schemas:
    Event:
      oneOf: [{$ref: '#/components/schemas/CardEvent'}, {$ref: '#/components/schemas/OtherEvent'}]
      discriminator:
        propertyName: type
        mapping: {CARD EVENT: '#/components/schemas/CardEvent', OTHER: '#/components/schemas/OtherEvent'}
    CardEvent: {type: object, required: [type], properties: {type: {const: CARD}}}
    OtherEvent: {type: object, required: [type], properties: {type: {type: string}}}
"""


def test_a_tag_is_one_that_its_variant_allows(tmp_path: Path) -> None:
    """Some documents map a variant to another word than its constant."""
    document = tmp_path / "tagged.yaml"
    document.write_text(TAGGED, "utf-8")
    with running(str(document), Settings(str(tmp_path / "tagged.db"))) as server:
        assert httpx.get(f"{server.url}/events").json() == {"type": "CARD"}


PARENT = """
openapi: 3.1.0
info: {title: Parents, version: '1'}
paths:
  /columns:
    get:
      operationId: latest
      responses: {'200': {$ref: '#/components/responses/Column'}}
    post:
      operationId: make
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Column'}}}}
      responses: {'201': {$ref: '#/components/responses/Column'}}
components:
  responses:
    Column: {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Column'}}}}
  schemas:
    Column: {type: object, required: [kind], properties: {kind: {$ref: '#/components/schemas/Kind'}}}
    Kind:
      type: object
      required: [type]
      properties: {type: {type: string}}
      discriminator:
        propertyName: type
        mapping:
          list: '#/components/schemas/ListKind'
          text: '#/components/schemas/TextKind'
    ListKind:
      allOf:
        - {$ref: '#/components/schemas/Kind'}
        - {type: object, required: [of], properties: {of: {$ref: '#/components/schemas/Kind'}}}
    TextKind:
      allOf: [{$ref: '#/components/schemas/Kind'}, {type: object, properties: {length: {type: integer}}}]
"""


def test_what_extends_a_parent_stands_in_its_place(tmp_path: Path) -> None:
    """The parent names its children by a mapping, and is none of them: no API answers with its bare self."""
    document = tmp_path / "parents.yaml"
    document.write_text(PARENT, "utf-8")
    with running(str(document), Settings(str(tmp_path / "parents.db"))) as server:
        kind = httpx.get(f"{server.url}/columns").json()["kind"]
        assert (kind["type"], kind["of"]["type"]) == ("list", "list")
        sent = {"kind": {"type": "text", "length": 3}}
        assert httpx.post(f"{server.url}/columns", json=sent).json() == sent
