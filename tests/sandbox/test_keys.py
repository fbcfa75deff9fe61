"""Idempotency keys over HTTP: what a good API promises, to any client."""

from __future__ import annotations

import base64
import contextlib
import json
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from samekey.sandbox.server.app import Settings
from samekey.sandbox.server.faults import Fault, Rule
from samekey.sandbox.server.ledger import Kind
from samekey.sandbox.server.serving import Running, running

CHARGE = {"amount": 1999, "currency": "eur"}
KEY = "2f1c7a54-90b3-4e0e-8d25-6a1f0c9be731"
OTHER = "5b0c9d3e-1f4a-4d7b-9b51-0d6f3c2a8e10"

DIALECT = """
openapi: 3.1.0
info: {title: Dialect, version: "1"}
paths:
  /jobs:
    post:
      operationId: createJob
      x-idempotency: %s
      parameters: [%s]
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {"201": {description: made, content: {application/json: {schema: {type: object, required: [id], properties: {id: {type: string}}}}}}}
    get: {operationId: listJobs, responses: {"200": {description: ok}}}
"""  # noqa: E501  # a document


def keyed(key: str = KEY) -> dict[str, str]:
    """The header that carries a key."""
    return {"Idempotency-Key": key}


def test_the_first_answer_is_replayed(client: httpx.Client, payments: Running) -> None:
    """Status, headers and bytes are the same, with a marker; there is one charge."""
    first = client.post("/charges", json=CHARGE, headers=keyed())
    second = client.post("/charges", json=CHARGE, headers=keyed())
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.headers["location"] == second.headers["location"]
    assert len(client.get("/charges").json()["data"]) == 1
    assert (payments.totals().effects, payments.totals().prevented) == (1, 1)


def test_without_a_key_everything_is_done_again(client: httpx.Client, payments: Running) -> None:
    """The document does not require keys, and nobody can tell two requests without one apart."""
    assert {client.post("/charges", json=CHARGE).json()["id"] for _ in range(2)}.__len__() == 2
    assert payments.totals().effects == 2


def test_another_payload_is_refused(client: httpx.Client, payments: Running) -> None:
    """The key of one charge is not the key of another: 422, and nothing is done."""
    client.post("/charges", json=CHARGE, headers=keyed())
    answer = client.post("/charges", json={**CHARGE, "amount": 5}, headers=keyed())
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "key_reused")
    assert client.post("/customers", json={"email": "a@mail.example"}, headers=keyed()).status_code == 422
    assert payments.totals().effects == 1


@pytest.mark.parametrize("key", ["", "k" * 300, "not-a-uuid", "schlüssel"])
def test_a_malformed_key_is_refused(client: httpx.Client, payments: Running, key: str) -> None:
    """Empty, too long, of other characters or of another form than the document asks for."""
    answer = client.post("/charges", json=CHARGE, headers=[("Idempotency-Key", key.encode())])  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("header Idempotency-Key: ")
    assert payments.totals().effects == 0


def test_two_keys_are_none(client: httpx.Client) -> None:
    """A request with two different keys cannot be meant."""
    answer = client.post("/charges", json=CHARGE, headers=[("Idempotency-Key", KEY), ("Idempotency-Key", OTHER)])
    assert answer.json()["error"]["message"] == "header Idempotency-Key: a request bears one key"


def jwt(**claims: str) -> str:
    """A token that nobody has signed."""
    parts = (b'{"alg":"none"}', json.dumps(claims).encode(), b"x")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def charged(server: Running, *credentials: str, **headers: str) -> list[str]:
    """The ids of charges that were made with one key and several credentials."""
    return [
        httpx.post(
            f"{server.url}/charges",
            json=CHARGE,
            headers={**keyed(), "Authorization": f"Bearer {credential}", **headers},
        ).json()["id"]
        for credential in credentials
    ]


@pytest.mark.parametrize(
    "renewed",
    [
        ("sk_old", "sk_new"),
        (jwt(sub="shop", jti="1"), jwt(sub="shop", jti="2")),
        (jwt(client_id="shop", exp="1"), jwt(client_id="shop", exp="2")),
    ],
)
def test_a_renewed_credential_is_the_same_account(payments: Running, renewed: tuple[str, str]) -> None:
    """A token that is fetched anew between two attempts, and a secret that is rotated, charge once."""
    first, second = charged(payments, *renewed)
    assert first == second
    assert payments.totals().effects == 1


def test_keys_belong_to_an_account(payments: Running) -> None:
    """Two callers with the same key do two things, and neither sees the other's answer."""
    first, second = charged(payments, jwt(sub="shop"), jwt(sub="another"))
    assert first != second
    assert payments.totals().effects == 2


def test_several_tokens_are_several_accounts(tmp_path: Path) -> None:
    """Where the sandbox is told of them, whatever they say of themselves."""
    from tests.sandbox.conftest import PAYMENTS  # noqa: PLC0415

    with running(PAYMENTS, Settings(store=str(tmp_path / "s.db"), tokens=("one", "two"))) as server:
        first, second = charged(server, "one", "two")
        assert first != second
        answer = httpx.get(f"{server.url}/charges", headers={"Authorization": "Bearer three"})
        assert answer.status_code == 401


def test_a_header_of_the_operation_says_for_whom_it_is(payments: Running) -> None:
    """`Acme-Account: acct_2` is another customer, who is not given the first one's charge; a trace is nobody."""
    ids = [*charged(payments, "t", **{"Acme-Account": "acct_1"}), *charged(payments, "t", **{"Acme-Account": "acct_2"})]
    assert len(set(ids)) == 2
    again = charged(payments, "t", **{"Acme-Account": "acct_1", "traceparent": "00-1-2-01"})
    assert again == ids[:1]


def test_while_the_first_runs_the_second_waits(client: httpx.Client, payments: Running) -> None:
    """409 with Retry-After, at once; the answer is there afterwards."""
    payments.fail(Rule(Fault.SLOW, times=1, seconds=0.6))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/charges", json=CHARGE, headers=keyed())
        time.sleep(0.2)
        began = time.monotonic()
        second = client.post("/charges", json=CHARGE, headers=keyed())
        assert time.monotonic() - began < 0.3
        assert (second.status_code, second.json()["error"]["type"]) == (409, "request_in_flight")
        assert float(second.headers["retry-after"]) > 0
        assert first.result(10).status_code == 201
    third = client.post("/charges", json=CHARGE, headers=keyed())
    assert third.headers["idempotent-replayed"] == "true"
    assert payments.totals().effects == 1


def test_refusals_are_not_remembered(client: httpx.Client, payments: Running) -> None:
    """After 401, 403, 429, 503 and a body that was wrong the same key is still free."""
    for fault in (Fault.UNAUTHORIZED, Fault.FORBIDDEN, Fault.TOO_MANY, Fault.UNAVAILABLE):
        payments.fail(Rule(fault, times=1))
        assert client.post("/charges", json=CHARGE, headers=keyed()).status_code == int(fault.value)
    assert httpx.post(f"{payments.url}/charges", json=CHARGE, headers=keyed()).status_code == 401
    assert client.post("/charges", json={**CHARGE, "amount": -1}, headers=keyed()).status_code == 400
    done = client.post("/charges", json=CHARGE, headers=keyed())
    assert (done.status_code, "idempotent-replayed" in done.headers) == (201, False)


def test_the_operations_own_refusal_is_remembered(client: httpx.Client) -> None:
    """A 404 given under a key is the answer to it, even when the charge turns up later."""
    first = client.post("/charges/ch_none/cancel", headers=keyed())
    second = client.post("/charges/ch_none/cancel", headers=keyed())
    assert (first.status_code, second.status_code) == (404, 404)
    assert second.headers["idempotent-replayed"] == "true"


def test_a_client_that_leaves_releases_nothing(client: httpx.Client, payments: Running) -> None:
    """The effect is had although nobody waits for it, and the retry gets its answer."""
    payments.fail(Rule(Fault.SLOW, times=1, seconds=0.4))
    with pytest.raises(httpx.ReadTimeout):
        client.post("/charges", json=CHARGE, headers=keyed(), timeout=0.1)
    answer = client.post("/charges", json=CHARGE, headers=keyed())
    while answer.status_code == 409:
        time.sleep(0.05)
        answer = client.post("/charges", json=CHARGE, headers=keyed())
    assert answer.headers["idempotent-replayed"] == "true"
    assert payments.totals().effects == 1


def test_many_at_once_do_one_thing(client: httpx.Client, payments: Running) -> None:
    """Sixteen requests with one key at the same moment have one effect."""
    barrier = threading.Barrier(16)

    def request(_: int) -> int:
        barrier.wait()
        return client.post("/charges", json=CHARGE, headers=keyed()).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(request, range(16)))
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert payments.totals().effects == 1


def test_a_key_is_forgotten_in_time(tmp_path: Path) -> None:
    """After its time to live a key is a new one."""
    from tests.sandbox.conftest import PAYMENTS  # noqa: PLC0415

    with running(PAYMENTS, Settings(store=str(tmp_path / "s.db"), ttl=2.0)) as server:
        headers = {**keyed(), "Authorization": "Bearer x"}
        first, again = (httpx.post(f"{server.url}/charges", json=CHARGE, headers=headers) for _ in range(2))
        time.sleep(2.1)
        later = httpx.post(f"{server.url}/charges", json=CHARGE, headers=headers)
        assert first.json()["id"] == again.json()["id"] != later.json()["id"]


def test_old_keys_are_purged_while_it_serves(tmp_path: Path) -> None:
    """What nobody asks for any more is gone after a while, without a request."""
    from tests.sandbox.conftest import PAYMENTS  # noqa: PLC0415

    with (
        running(PAYMENTS, Settings(store=str(tmp_path / "s.db"), ttl=0.5, purge_every=0.2)) as server,
        contextlib.closing(sqlite3.connect(tmp_path / "s.db")) as store,
    ):
        httpx.post(f"{server.url}/charges", json=CHARGE, headers={**keyed(), "Authorization": "Bearer x"})
        counts = [store.execute("SELECT count(*) FROM samekey_keys").fetchone()[0]]
        deadline = time.monotonic() + 10
        while counts[-1] and time.monotonic() < deadline:
            time.sleep(0.05)
            counts.append(store.execute("SELECT count(*) FROM samekey_keys").fetchone()[0])
        assert (counts[0], counts[-1]) == (1, 0)


def dialect(folder: Path, idempotency: dict[str, Any], parameter: str = "") -> Path:
    """A document that speaks a dialect."""
    path = folder / "dialect.yaml"
    path.write_text(DIALECT % (json.dumps(idempotency), parameter), "utf-8")
    return path


def test_a_required_key_must_be_there(tmp_path: Path) -> None:
    """400 for a request without the key that the document requires."""
    parameter = "{name: Idempotency-Key, in: header, required: true, schema: {type: string}}"
    with running(dialect(tmp_path, {}, parameter)) as server:
        answer = httpx.post(f"{server.url}/jobs", json={})
        assert (answer.status_code, answer.json()["code"]) == (400, "key_missing")
        assert httpx.post(f"{server.url}/jobs", json={}, headers=keyed()).status_code == 201


@pytest.mark.parametrize(
    ("idempotency", "request_"),
    [
        ({"name": "X-Request-Key"}, {"json": {}, "headers": {"X-Request-Key": "k1"}}),
        ({"in": "body", "name": "request_id"}, {"json": {"request_id": "k1"}}),
        ({"in": "query", "name": "key"}, {"json": {}, "params": {"key": "k1"}}),
        ({"quoted": True}, {"json": {}, "headers": {"Idempotency-Key": '"k1"'}}),
        ({"replayed": ["X-Again"]}, {"json": {}, "headers": {"Idempotency-Key": "k1"}}),
    ],
    ids=["header", "body", "query", "quoted", "marker"],
)
def test_keys_travel_as_the_document_says(
    tmp_path: Path, idempotency: dict[str, Any], request_: dict[str, Any]
) -> None:
    """Another header, a field of the body, the query, quotes, another marker."""
    with running(dialect(tmp_path, idempotency)) as server:
        first, second = (httpx.post(f"{server.url}/jobs", **request_) for _ in range(2))
        assert first.json() == second.json()
        marker = idempotency.get("replayed", ["Idempotent-Replayed"])[0]
        assert second.headers[marker] == "true"
        assert server.totals().effects == 1


def test_a_bare_key_is_malformed_where_quotes_are_asked_for(tmp_path: Path) -> None:
    """RFC 8941: a string has quotes."""
    with running(dialect(tmp_path, {"quoted": True})) as server:
        assert httpx.post(f"{server.url}/jobs", json={}, headers=keyed()).json()["code"] == "key_malformed"


def test_signals_are_the_documents(tmp_path: Path) -> None:
    """An API that says 409 with a name for both is imitated."""
    dialect_words = {
        "in_flight": [{"status": 409, "code": "busy"}],
        "mismatch": [{"status": 409, "code": "other_payload"}],
    }
    with running(dialect(tmp_path, dialect_words)) as server:
        httpx.post(f"{server.url}/jobs", json={}, headers=keyed())
        answer = httpx.post(f"{server.url}/jobs", json={"a": 1}, headers=keyed())
        assert (answer.status_code, answer.json()["code"]) == (409, "other_payload")


def test_a_fault_speaks_the_documents_dialect(tmp_path: Path) -> None:
    """Said in another dialect, "the first still runs" would be taken for the operation's own refusal."""
    dialect_words = {"in_flight": [{"status": 422, "code": "busy"}]}
    with running(dialect(tmp_path, dialect_words)) as server:
        server.fail(Rule(Fault.CONFLICT, times=1))
        answer = httpx.post(f"{server.url}/jobs", json={}, headers=keyed())
        assert (answer.status_code, answer.json()["code"]) == (422, "busy")
        assert float(answer.headers["retry-after"]) > 0


def test_the_date_of_the_first_attempt_is_looked_at(tmp_path: Path) -> None:
    """Where the API asks when a call was first sent, one that is older than keys are remembered is refused."""
    with running(dialect(tmp_path, {"first_sent": "First-Sent"})) as server:
        now = datetime.now(UTC)
        for sent, status in (
            (format_datetime(now, usegmt=True), 201),
            (format_datetime(now - timedelta(hours=25), usegmt=True), 412),
            ("yesterday", 400),
        ):
            headers = {"Idempotency-Key": sent.replace(" ", "").replace(",", "")[:20] + str(status), "First-Sent": sent}
            assert httpx.post(f"{server.url}/jobs", json={}, headers=headers).status_code == status


def test_keys_and_resources_outlive_the_server(tmp_path: Path) -> None:
    """A restart forgets nothing."""
    from tests.sandbox.conftest import PAYMENTS  # noqa: PLC0415

    settings = Settings(store=str(tmp_path / "s.db"))
    headers = {**keyed(), "Authorization": "Bearer x"}
    with running(PAYMENTS, settings) as server:
        first = httpx.post(f"{server.url}/charges", json=CHARGE, headers=headers)
    with running(PAYMENTS, settings) as server:
        second = httpx.post(f"{server.url}/charges", json=CHARGE, headers=headers)
        assert second.content == first.content
        assert [event.kind for event in server.events()].count(Kind.EFFECT) == 1


def test_a_key_in_a_form_is_the_key_of_the_request(tmp_path: Path) -> None:
    """Of all that is written down of it, and of the faults that are to strike it whenever it comes again."""
    path = tmp_path / "forms.yaml"
    path.write_text(
        """
openapi: 3.0.3
info: {title: T, version: '1'}
paths:
  /calls:
    post:
      operationId: makeCall
      requestBody: {content: {application/x-www-form-urlencoded: {schema: {
        type: object, properties: {to: {type: string}, IdempotencyKey: {type: string}}}}}}
      responses: {201: {description: '', content: {application/json: {schema: {
        type: object, properties: {id: {type: string}}}}}}}
""",
        "utf-8",
    )
    with running(path) as server:
        for _ in range(2):
            httpx.post(f"{server.url}/calls", data={"to": "x", "IdempotencyKey": "k-17"})
        events = server.events()
    assert {event.key for event in events} == {"k-17"}
    assert [event.detail for event in events if event.kind is Kind.ANSWERED] == ["", "replayed"]
