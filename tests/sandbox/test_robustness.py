"""Nothing stops a sandbox, and nobody reaches it by a trick."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from samekey.sandbox.api.patterns import matches, matching
from samekey.sandbox.errors import FaultError
from samekey.sandbox.server.app import Settings
from samekey.sandbox.server.faults import Fault, Faults, Plan, Rule, parse_plan, plan_from_json
from samekey.sandbox.server.hosts import is_near
from samekey.sandbox.server.serving import Running, running

KEY = "2f1c7a54-90b3-4e0e-8d25-6a1f0c9be731"
AUTH = {"Authorization": "Bearer x"}
CHARGE = {"amount": 1999, "currency": "eur"}

THINGS = """
openapi: 3.1.0
info: {title: Things, version: '1'}
paths:
  /things:
    get:
      operationId: listThings
      responses: {200: {description: x, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Thing'}}}}}}
    post:
      operationId: createThing
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
      responses: {201: {description: x, content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}}
  /things/{id}:
    get:
      operationId: getThing
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {200: {description: x, content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}}
  /report:
    get:
      operationId: getReport
      responses: {200: {description: x, content: {application/json: {schema: {$ref: '#/components/schemas/Many'}}}}}
components:
  schemas:
    Thing: {type: object, required: [id], properties: {id: {type: string}, name: {type: string, pattern: '^(a+)+$'}}}
    Many: {type: array, minItems: 100, items: {type: array, minItems: 100, items: {type: array, minItems: 100, items: {type: string}}}}
"""  # noqa: E501  # a document


@pytest.fixture
def things(tmp_path: Path) -> Path:
    """A document that asks for too much."""
    path = tmp_path / "things.yaml"
    path.write_text(THINGS, "utf-8")
    return path


def test_connections_are_bounded(things: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is told to come again; who leaves makes room."""
    monkeypatch.setattr("samekey.sandbox.server.wire._MOST_CONNECTIONS", 3)
    with running(things) as server:
        url = httpx.URL(server.url)
        held = [socket.create_connection((url.host, url.port or 80)) for _ in range(3)]
        assert eventually(lambda: httpx.get(f"{server.url}/things").status_code == 503)
        assert httpx.get(f"{server.url}/things").headers["Retry-After"] == "1"
        for connection in held:
            connection.close()
        assert eventually(lambda: httpx.get(f"{server.url}/things").status_code == 200)


def test_a_connection_that_says_nothing_is_closed(things: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that has begun is not."""
    monkeypatch.setattr("samekey.sandbox.server.wire._FIRST_BYTES_WITHIN", 0.3)
    with running(things) as server:
        url = httpx.URL(server.url)
        place = (url.host, url.port or 80)
        with socket.create_connection(place, 10) as silent, socket.create_connection(place, 10) as slow:
            slow.sendall(b"GET /things HTTP/1.1\r\n")
            assert silent.recv(1) == b""
            time.sleep(0.5)
            slow.sendall(b"Host: localhost\r\n\r\n")
            assert slow.recv(12) == b"HTTP/1.1 200"


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something comes true within seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if holds():
                return True
        time.sleep(0.02)
    return False


def test_a_pattern_that_never_ends_is_left(things: Path) -> None:
    """`^(a+)+$` looks at forty letters for years; here it has a moment, and others are served meanwhile."""
    with running(things) as server:
        began = time.monotonic()
        answer = httpx.post(f"{server.url}/things", json={"id": "1", "name": f"{'a' * 40}!"}, timeout=10)
        assert time.monotonic() - began < 3
        assert answer.status_code in {201, 400}


def test_a_value_has_an_end(things: Path) -> None:
    """Lists of lists of lists, each of a hundred, are cut where there are twenty thousand values."""
    with running(things) as server:
        began = time.monotonic()
        answer = httpx.get(f"{server.url}/report", timeout=30)
        assert time.monotonic() - began < 10
        assert answer.status_code == 200
        assert len(answer.content) < 1_000_000


@pytest.mark.parametrize("name", ["жанна", "日本", "a b/c", "x\r\nSet-Cookie: a=b", "\x00"])
def test_an_id_of_any_script_is_answered(things: Path, name: str) -> None:
    """Its Location is escaped, leads to it, and comes again with the stored answer."""
    with running(things) as server:
        sent = {"json": {"id": name}, "headers": {"Idempotency-Key": KEY}}
        first, again = [httpx.post(f"{server.url}/things", **sent) for _ in range(2)]  # type: ignore[arg-type]
        assert (first.status_code, first.json()["id"]) == (201, name)
        assert (again.status_code, again.headers["location"]) == (201, first.headers["location"])
        assert again.headers["idempotent-replayed"] == "true"
        found = httpx.get(f"{server.url}{first.headers['location']}")
        assert (found.status_code, found.json()["id"]) == (200, name)
        assert "set-cookie" not in first.headers


def test_patterns_are_matched_and_made() -> None:
    """What takes too long, or is no pattern, refuses nothing; a text that would be endless is not made."""
    assert matches("^a+$", "aaa")
    assert not matches("^a+$", "b")
    assert matches("(", "anything")
    assert matches(r"^(a|a)*(b|b)*(a+)+$", f"{'a' * 34}!") in {True, False}
    assert matches(r"^[a-z]{3}-\d+$", matching(r"^[a-z]{3}-\d+$", None))
    for endless in ("((((a*)*)*)*)*", "(a{1000}){1000}", "(a{9}){9999999}"):
        began = time.monotonic()
        matching(endless, None)
        assert time.monotonic() - began < 2


def test_a_plan_of_faults_is_bounded(payments: Running) -> None:
    """Aliases of aliases spell a plan without end; over HTTP a plan is JSON."""
    laughs = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9))
    with pytest.raises(FaultError, match="values at most"):
        parse_plan(f"a0: &a0 [1]\n{laughs}\nrules: []\n")
    with pytest.raises(FaultError, match="not JSON"):
        plan_from_json(b"rules: []")
    refused = httpx.put(f"{payments.page}faults", content=b"[" * 100_000, headers={"Content-Type": "application/json"})
    assert refused.status_code == 400
    assert httpx.get(f"{payments.page}ledger.json", params={"after": "9" * 5000}).status_code == 400


def test_a_rule_that_could_never_strike_is_refused(payments: Running) -> None:
    """Whoever sets it would believe that a fault was survived; the name that was meant is suggested."""
    refused = httpx.put(f"{payments.page}faults", json={"rules": [{"fault": "cut", "operation": "createCharges"}]})
    assert refused.status_code == 400
    assert "createCharge" in refused.json()["error"]
    for operation in ("createCharge", "POST /charges", "POST *", "*"):
        plan = {"rules": [{"fault": "cut", "operation": operation}]}
        assert httpx.put(f"{payments.page}faults", json=plan).status_code == 200
    with pytest.raises(FaultError, match="write a method and a path"):
        Faults(Plan((Rule(Fault.CUT, "createCharge"),)), inside=False)


@pytest.mark.parametrize("where", ["_samekey/ledger.json", "v1/charges"])
def test_a_name_of_another_site_does_not_lead_here(payments: Running, where: str) -> None:
    """A page that makes its own name mean this machine (DNS rebinding) reads nothing."""
    answers = {
        host: httpx.get(f"{payments.origin}/{where}", headers={**AUTH, "Host": host}).status_code
        for host in ("evil.example", "evil.example:80", "127.0.0.1", "localhost:8787", "[::1]:80", "sandbox:8787")
    }
    assert list(answers.values()) == [421, 421, 200, 200, 200, 200]
    assert not is_near("evil.example.")
    assert is_near("api.default.svc.cluster.local")


@pytest.mark.parametrize("claims", [b"[" * 40_000, b"\xff\xfe", b"[1]", b"1"])
def test_a_token_of_any_form_is_a_credential(payments: Running, claims: bytes) -> None:
    """What it says of its bearer is looked at, and whatever cannot be read says nothing."""
    token = f"a.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c"
    answer = httpx.post(f"{payments.url}/charges", json=CHARGE, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 201


@pytest.mark.parametrize("wish", ["code=99999999999999999999", "code=100", "code=", "example=\t[31m", "code", ","])
def test_a_wish_that_cannot_be_met_is_no_wish(payments: Running, wish: str) -> None:
    """`Prefer` is a preference (RFC 7240 section 2): what nobody can give is passed over."""
    headers = {**AUTH, "Prefer": wish}
    assert httpx.post(f"{payments.url}/charges", json=CHARGE, headers=headers).status_code == 201


def test_a_page_of_another_origin_sets_no_faults(payments: Running) -> None:
    """Though a browser would have asked first, for JSON."""
    refused = httpx.put(f"{payments.page}faults", json={}, headers={"Origin": "http://evil.example"})
    assert refused.status_code == 403
    assert httpx.put(f"{payments.page}faults", json={}, headers={"Origin": payments.origin}).status_code == 200


def test_a_browsers_app_may_use_it(payments: Running) -> None:
    """CORS lets any page call the API, with keys and credentials in headers, and read the answer's headers."""
    asked = {"Origin": "http://app.example", "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "idempotency-key,authorization"}  # fmt: skip
    allowed = httpx.options(f"{payments.url}/charges", headers=asked)
    assert allowed.status_code == 200
    assert "idempotency-key" in allowed.headers["access-control-allow-headers"]
    answer = httpx.post(f"{payments.url}/charges", json=CHARGE, headers={**AUTH, "Origin": "http://app.example"})
    assert answer.headers["access-control-allow-origin"] == "*"


def test_head_is_get_without_a_body(payments: Running) -> None:
    """RFC 9110 section 9.3.2: the same headers, and nothing after them."""
    got, head = [httpx.request(method, f"{payments.url}/charges", headers=AUTH) for method in ("GET", "HEAD")]
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


def test_a_body_has_an_end(payments: Running) -> None:
    """What is larger than 64 MB is refused before it is whole."""

    def endless() -> object:
        for _ in range(70):
            yield b" " * 1024 * 1024

    try:
        answer = httpx.post(f"{payments.url}/charges", content=endless(), headers=AUTH)  # type: ignore[arg-type]
        assert answer.status_code == 413
    except httpx.WriteError:
        pass  # it was refused while it was still being sent
    assert httpx.get(f"{payments.url}/charges", headers=AUTH).status_code == 200


def test_a_slow_effect_holds_up_no_other_key(payments: Running) -> None:
    """Its own key is in use meanwhile, and others are served."""
    import threading  # noqa: PLC0415

    payments.fail(Rule(Fault.SLOW, times=1, seconds=2.0))
    slow = threading.Thread(
        target=httpx.post, args=(f"{payments.url}/charges",),
        kwargs={"json": CHARGE, "headers": {**AUTH, "Idempotency-Key": KEY}, "timeout": 10},
    )  # fmt: skip
    slow.start()
    time.sleep(0.3)
    began = time.monotonic()
    other = {**AUTH, "Idempotency-Key": KEY.replace("2", "3")}
    assert httpx.post(f"{payments.url}/charges", json=CHARGE, headers=other).status_code == 201
    assert time.monotonic() - began < 1
    assert (
        httpx.post(f"{payments.url}/charges", json=CHARGE, headers={**other, "Idempotency-Key": KEY}).status_code == 409
    )
    slow.join()


def test_plans_are_spelled_with_what_is_held() -> None:
    """A rule says whether a request that it strikes is struck whenever it comes."""
    plan = plan_from_json(json.dumps({"rules": [{"fault": "cut", "probability": 0.5, "held": True}]}).encode())
    faults = Faults(plan)
    fates = {key: {faults.strike(("x",), key) is not None for _ in range(5)} for key in map(str, range(40))}
    assert {len(fate) for fate in fates.values()} == {1}
    assert {next(iter(fate)) for fate in fates.values()} == {True, False}


def test_writers_that_wait_for_the_store_hold_up_no_reader(root: Path, tmp_path: Path) -> None:
    """While another process writes, lists are read, and what is refused is refused at once."""
    store = tmp_path / "store.db"
    with (
        running(root / "specs" / "payments" / "openapi.yaml", Settings(store=str(store))) as server,
        httpx.Client(base_url=server.url, headers=AUTH, timeout=20) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        assert client.get("/charges").status_code == 200
        other = sqlite3.connect(store, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            waiting = [
                pool.submit(client.post, "/charges", json=CHARGE, headers={"Idempotency-Key": f"{KEY[:-1]}{number}"})
                for number in range(8)
            ]
            for path, status in (("/charges", 200), ("/nowhere", 404)):
                assert client.get(path, timeout=5).status_code == status
            assert not any(post.done() for post in waiting)
            other.execute("ROLLBACK")
        finally:
            other.close()
        assert [post.result().status_code for post in waiting] == [201] * 8
