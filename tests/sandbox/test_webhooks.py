"""Webhooks of a document: sent when something has happened, signed, and again until they are taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from samekey.sandbox.errors import SandboxError
from samekey.sandbox.server.app import Settings, open_sandbox
from samekey.sandbox.server.faults import Fault, Rule
from samekey.sandbox.server.serving import Running, running

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # the one of the specification's own examples
SHOP = """
openapi: 3.1.0
info: {title: Shop, version: '1'}
paths:
  /orders:
    post:
      operationId: createOrder
      requestBody: &order {content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
      responses: {'201': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}}
  /orders/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getOrder
      responses: &ok
        '200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
    patch: {operationId: patchOrder, requestBody: *order, responses: *ok}
    delete: {operationId: deleteOrder, responses: {'204': {description: ''}}}
  /orders/{id}/cancel:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    post: {operationId: cancelOrder, responses: *ok}
  /notes:
    post: {operationId: createNote, requestBody: {content: {application/json: {schema: {type: object}}}},
      responses: {'201': {description: '', content: {application/json: {schema: {type: object}}}}}}
webhooks:
  order.created: &event
    post:
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [type, data]
              properties:
                type: {type: string}
                data: {type: object, required: [object], properties: {object: {$ref: '#/components/schemas/Order'}}}
      responses: {'200': {description: ''}}
  order.updated: *event
  order.cancelled: *event
  order.deleted: *event
  orderPaid: {post: {requestBody: *order, responses: {}}}
  balance.available: {post: {requestBody: {content: {application/json: {schema: {type: object, required: [amount],
    properties: {amount: {type: integer, minimum: 7}, event_type: {enum: [balance.available]}}}}}}, responses: {}}}
components:
  schemas:
    Order:
      type: object
      required: [id, total]
      properties:
        id: {type: string, readOnly: true}
        total: {type: integer}
        status: {type: string, enum: [open, paid, cancelled], default: open}
"""
KEY = {"Idempotency-Key": "2f1c7a54-90b3-4e0e-8d25-6a1f0c9be731"}


@dataclass
class Receiver:
    """A receiver of webhooks, which gives the statuses that it is told, then 200."""

    statuses: list[int] = field(default_factory=list[int])
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list[tuple[dict[str, str], bytes]])
    url: str = ""

    def got(self, count: int) -> list[dict[str, Any]]:
        """Wait for some webhooks, and for any that should not come; their payloads."""
        ends = time.monotonic() + 10
        while len(self.seen) < count and time.monotonic() < ends:
            time.sleep(0.01)
        time.sleep(0.2)
        assert len(self.seen) == count
        return [json.loads(body) for _, body in self.seen]


@pytest.fixture
def receiver() -> Generator[Receiver]:
    """A receiver that listens."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.statuses.pop(0) if found.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_port}/hooks"
        yield found
        server.shutdown()


def written(folder: Path, text: str = SHOP) -> str:
    """The path of a document."""
    document = folder / "shop.yaml"
    document.write_text(text, "utf-8")
    return str(document)


@pytest.fixture
def shop(receiver: Receiver, tmp_path: Path) -> Generator[Running]:
    """A sandbox that sends webhooks there."""
    settings = Settings(str(tmp_path / "shop.db"), webhooks=receiver.url, webhook_secret=SECRET)
    with running(written(tmp_path), settings) as server:
        yield server


def test_what_has_happened_is_told_once(shop: Running, receiver: Receiver) -> None:
    """With the resource as it was answered; a replay, a refusal and a read tell nothing."""
    made = httpx.post(f"{shop.url}/orders", json={"total": 5}, headers=KEY).json()
    again = httpx.post(f"{shop.url}/orders", json={"total": 5}, headers=KEY)
    assert again.headers["idempotent-replayed"] == "true"
    assert httpx.post(f"{shop.url}/orders", json={"total": "five"}).status_code == 400
    httpx.get(f"{shop.url}/orders/{made['id']}")
    assert receiver.got(1) == [{"type": "order.created", "data": {"object": made}}]


def test_each_webhook_tells_of_what_its_name_says(shop: Running, receiver: Receiver) -> None:
    """By what was done, by the action, or by the state that came of it."""
    made = httpx.post(f"{shop.url}/orders", json={"total": 5}).json()
    httpx.patch(f"{shop.url}/orders/{made['id']}", json={"total": 6, "status": "paid"})
    httpx.post(f"{shop.url}/orders/{made['id']}/cancel")
    httpx.delete(f"{shop.url}/orders/{made['id']}")
    httpx.post(f"{shop.url}/notes", json={})
    told = receiver.got(6)
    assert [payload.get("type", "orderPaid") for payload in told] == [
        "order.created", "order.updated", "orderPaid", "order.updated", "order.cancelled", "order.deleted",
    ]  # fmt: skip
    assert told[2] == {"id": made["id"], "total": 6, "status": "paid"}
    assert told[4]["data"]["object"]["status"] == "cancelled"


def test_a_webhook_is_signed_as_standard_webhooks_has_it(shop: Running, receiver: Receiver) -> None:
    """HMAC-SHA256 over id, time and the bytes of the body, in Base64, behind the version."""
    httpx.post(f"{shop.url}/orders", json={"total": 5})
    receiver.got(1)
    headers, body = receiver.seen[0]
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    expected = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert headers["content-type"] == "application/json"


def test_what_is_not_taken_is_sent_again_under_the_same_id(shop: Running, receiver: Receiver) -> None:
    """So that a receiver can tell it from another one; what is gone is left alone."""
    receiver.statuses += [500, 200, 410]
    httpx.post(f"{shop.url}/orders", json={"total": 5})
    first, second = receiver.got(2)
    assert first == second
    assert len({headers["webhook-id"] for headers, _ in receiver.seen}) == 1
    httpx.post(f"{shop.url}/orders", json={"total": 5})
    time.sleep(0.8)
    receiver.got(3)
    assert len({headers["webhook-id"] for headers, _ in receiver.seen}) == 2


def test_a_lost_answer_is_told_all_the_same(shop: Running, receiver: Receiver) -> None:
    """It was done; and what was rolled back was not."""
    shop.fail(Rule(Fault.CUT, times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(f"{shop.url}/orders", json={"total": 5}, headers=KEY)
    shop.fail(Rule(Fault.CRASH_BEFORE_COMMIT, times=1))
    with pytest.raises(httpx.TransportError):
        httpx.post(f"{shop.url}/orders", json={"total": 5})
    assert [payload["type"] for payload in receiver.got(1)] == ["order.created"]


def test_any_webhook_can_be_asked_for(shop: Running, receiver: Receiver) -> None:
    """With a payload that is made up: for those that no operation leads to."""
    place = f"{shop.origin}/_samekey/webhooks"
    names = httpx.get(place).json()["webhooks"]
    assert names[-2:] == ["orderPaid", "balance.available"]
    assert httpx.post(place, json={"name": "balance.available"}).status_code == 202
    assert receiver.got(1) == [{"amount": 7, "event_type": "balance.available"}]
    assert httpx.post(place, json={"name": "nothing"}).status_code == 404
    assert httpx.post(place, json={}).status_code == 400
    assert httpx.post(place, content=b'{"name": "orderPaid"}').status_code == 415
    assert httpx.post(place, json={"name": "orderPaid"}, headers={"Origin": "http://evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"webhooks": "ftp://x"}, "--webhooks is not the address"),
        ({"webhooks": "http://127.0.0.1:1", "webhook_secret": "short"}, "--webhook-secret is whsec_"),
        ({"webhooks": "http://127.0.0.1:1", "webhook_secret": "whsec_c2hvcnQ="}, "24 to 64 bytes"),
        ({"webhook_secret": SECRET}, "give both"),
    ],
)
def test_what_cannot_be_sent_so_is_refused(tmp_path: Path, given: dict[str, Any], words: str) -> None:
    """In a line that names the option."""
    with pytest.raises(SandboxError, match=words):
        open_sandbox(written(tmp_path), Settings(str(tmp_path / "shop.db"), **given))


def test_a_document_without_webhooks_sends_none(tmp_path: Path) -> None:
    """Whoever asks for them is told so."""
    bare = "openapi: 3.1.0\ninfo: {title: Bare, version: '1'}\npaths: {}\n"
    with pytest.raises(SandboxError, match="the document has no webhooks"):
        open_sandbox(written(tmp_path, bare), Settings(str(tmp_path / "shop.db"), webhooks="http://127.0.0.1:1"))
