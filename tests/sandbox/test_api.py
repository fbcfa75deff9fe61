"""An API from a document: answers by schema, resources that stay, requests that are looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from samekey.sandbox.server.app import Settings
from samekey.sandbox.server.serving import Running, running

from tests.sandbox.conftest import ROOT

CHARGE = {"amount": 1999, "currency": "eur", "metadata": {"order": "A-1"}}

SHOP = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
paths:
  /shelves:
    get:
      parameters:
        - {name: page, in: query, schema: {type: integer, minimum: 1, default: 1}}
        - {name: per_page, in: query, schema: {type: integer, maximum: 50}}
      responses: {"200": {description: ok, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Shelf"}}}}}}
    post:
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Shelf"}}}}
      responses: {"201": {description: made, content: {application/json: {schema: {$ref: "#/components/schemas/Shelf"}}}}}
  /shelves/{shelf_id}:
    parameters: [{name: shelf_id, in: path, required: true, schema: {type: integer}}]
    get: {responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Shelf"}}}}}}
    delete: {responses: {"204": {description: gone}}}
  /shelves/{shelf_id}/books:
    parameters: [{name: shelf_id, in: path, required: true, schema: {type: integer}}]
    post:
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Book"}}}}
      responses: {"201": {description: made, content: {application/json: {schema: {type: object, properties: {book: {$ref: "#/components/schemas/Book"}}}}}}}
  /shelves/{shelf_id}/books/{isbn}:
    parameters: [{name: shelf_id, in: path, required: true, schema: {type: integer}}, {name: isbn, in: path, required: true, schema: {type: string}}]
    get: {responses: {"200": {description: ok, content: {application/json: {schema: {type: object, properties: {book: {$ref: "#/components/schemas/Book"}}}}}}}}
  /scrolls:
    post:
      requestBody: {required: true, content: {application/x-www-form-urlencoded: {schema: {$ref: "#/components/schemas/Scroll"}}}}
      responses: {"201": {description: made, content: {application/json: {schema: {$ref: "#/components/schemas/Scroll"}}}}}
    get: {responses: {"200": {description: ok, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Scroll"}}}}}}}
  /settings/{name}:
    parameters: [{name: name, in: path, required: true, schema: {type: string}}]
    put:
      requestBody: {content: {application/json: {schema: {type: object, properties: {name: {type: string}, value: {type: string}}}}}}
      responses:
        "200": &setting {description: ok, content: {application/json: {schema: {type: object, properties: {name: {type: string}, value: {type: string}}}}}}
        "201": *setting
        "404": {description: never}
    get: {responses: {"200": *setting}}
  /search:
    get:
      parameters:
        - {name: tags, in: query, explode: false, schema: {type: array, maxItems: 2, items: {type: string}}}
        - {name: where, in: query, style: deepObject, schema: {type: object, properties: {year: {type: integer}}}}
        - {name: X-Depth, in: header, schema: {type: integer}}
      responses: {"200": {description: ok, content: {text/plain: {schema: {type: string, pattern: "^[a-f]{4}$"}}}}}
  /nightly-report.csv:
    get: {responses: {"200": {description: ok, content: {text/csv: {example: "a,b"}}}}}
components:
  schemas:
    Shelf:
      type: object
      required: [id, theme]
      properties:
        id: {type: integer, readOnly: true}
        theme: {type: string, maxLength: 10}
        secret: {type: string, writeOnly: true}
    Scroll:
      type: object
      required: [id, pages]
      properties:
        id: {type: string, readOnly: true}
        pages: {type: integer, minimum: 1}
        open: {type: boolean}
        tags: {type: array, items: {type: string}}
        flags: {type: array, items: {type: string}}
        notes: {type: object, properties: {by: {type: string}, year: {type: integer}}}
    Book: {type: object, required: [isbn], properties: {id: {type: string, format: uuid, readOnly: true}, isbn: {type: string}, title: {type: string}}}
"""  # noqa: E501  # a document


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401
    """A small API of many shapes."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.yaml").write_text(SHOP, "utf-8")
    settings = Settings(store=str(folder / "shop.db"))
    with running(folder / "shop.yaml", settings) as server, httpx.Client(base_url=server.url) as client:
        yield client


def test_a_resource_is_created_read_changed_listed_and_kept(client: httpx.Client) -> None:
    """What was sent comes back, what the server makes up fits the document, and a change stays."""
    made = client.post("/charges", json=CHARGE)
    assert made.status_code == 201
    charge = made.json()
    assert charge.items() >= CHARGE.items()
    assert charge["id"].startswith("ch_")
    assert made.headers["location"] == f"/charges/{charge['id']}"
    assert client.get(f"/charges/{charge['id']}").json() == charge
    changed = client.patch(f"/charges/{charge['id']}", json={"description": "row G"}).json()
    assert {**changed, "updated_at": ""} == {**charge, "description": "row G", "updated_at": ""}
    assert client.get(f"/charges/{charge['id']}").json() == changed
    assert [entry["id"] for entry in client.get("/charges").json()["data"]] == [charge["id"]]


def test_a_customer_is_replaced_and_deleted(client: httpx.Client) -> None:
    """PUT keeps the id and drops what is not said again; after DELETE there is nothing."""
    customer = client.post("/customers", json={"email": "a@mail.example", "phone": "1"}).json()
    path = f"/customers/{customer['id']}"
    replaced = client.put(path, json={"email": "b@mail.example"}).json()
    assert (replaced["id"], replaced["email"]) == (customer["id"], "b@mail.example")
    assert replaced.get("phone") is None
    assert replaced["created_at"] == customer["created_at"]
    assert client.delete(path).is_success
    for method in ("GET", "DELETE"):
        assert client.request(method, path).status_code == 404


def test_an_action_answers_with_the_resource(client: httpx.Client) -> None:
    """`POST /charges/{id}/cancel` is about that charge; there is none of a charge that is not there."""
    charge = client.post("/charges", json=CHARGE).json()
    assert client.post(f"/charges/{charge['id']}/cancel").json()["id"] == charge["id"]
    assert client.post("/charges/ch_none/cancel").status_code == 404


def test_a_list_comes_in_pages(client: httpx.Client) -> None:
    """Cursors lead through the whole list, newest first, each resource once; filters choose."""
    for amount in range(1, 8):
        client.post("/charges", json={"amount": amount, "currency": "usd" if amount % 2 else "jpy"})
    amounts: list[int] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = client.get("/charges", params=query).json()
        amounts += [entry["amount"] for entry in page["data"]]
        assert page["has_more"] is (page["next_cursor"] is not None)
        if not page["has_more"]:
            break
        query["cursor"] = page["next_cursor"]
    assert amounts == [7, 6, 5, 4, 3, 2, 1]
    customer = client.post("/customers", json={"email": "a@mail.example"}).json()["id"]
    client.post("/charges", json={**CHARGE, "customer": customer})
    assert len(client.get("/charges", params={"customer": customer}).json()["data"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "sent", "where"),
    [
        ("POST", "/charges", {"json": {"amount": 0, "currency": "eur"}}, "/amount"),
        ("POST", "/charges", {"json": {"currency": "eur"}}, ""),
        ("POST", "/charges", {"json": {**CHARGE, "currency": "xxx"}}, "/currency"),
        ("POST", "/charges", {"json": {**CHARGE, "metadata": {"a": 1}}}, "/metadata/a"),
        ("POST", "/charges", {}, ""),
        ("GET", "/charges", {"params": {"limit": "1000"}}, "query limit"),
        ("GET", "/charges", {"params": {"limit": "many"}}, "query limit"),
        ("GET", "/charges", {"params": {"created_after": "yesterday"}}, "query created_after"),
        ("GET", "/charges", {"params": {"status": ["failed", "odd"]}}, "query status/1"),
        ("GET", "/charges", {"headers": {"Acme-Account": "me"}}, "header Acme-Account"),
        ("GET", "/charges/12", {}, "path charge_id"),
    ],
)
def test_what_the_document_forbids_is_refused_with_the_place(
    client: httpx.Client, payments: Running, method: str, path: str, sent: dict[str, Any], where: str
) -> None:
    """In the document's own words it is said which parameter or part of the body is wrong, and nothing is done."""
    answer = client.request(method, path, **sent)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert error["type"] == "invalid_request"
    assert error["message"].startswith(f"{where or 'body'}: ")
    assert payments.totals().effects == 0


def test_other_ways_to_be_refused(client: httpx.Client) -> None:
    """Text that is not JSON, a media type that is not taken, a path and a method that are not there."""
    headers = {"Content-Type": "application/json"}
    assert client.post("/charges", content=b"{", headers=headers).json()["error"]["message"] == "the body is not JSON"
    answer = client.post("/charges", content=b"a", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["error"]["message"][:24]) == (415, "text/plain is not taken ")
    assert client.get("/nowhere").status_code == 404
    answer = client.delete("/charges")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST"}


def test_any_credential_opens_and_none_does_not(payments: Running) -> None:
    """The document asks for a bearer token, so a request without one is refused."""
    assert httpx.get(f"{payments.url}/charges").status_code == 401
    assert httpx.get(f"{payments.url}/charges", headers={"Authorization": "Basic eDp5"}).status_code == 401
    assert httpx.get(f"{payments.url}/charges", headers={"Authorization": "Bearer anything"}).status_code == 200


def test_a_configured_credential_is_the_only_one(tmp_path: Path) -> None:
    """With a token of its own the sandbox takes no other."""
    settings = Settings(store=str(tmp_path / "s.db"), tokens=("right",))
    with running(ROOT / "specs" / "payments" / "openapi.yaml", settings) as server:
        for token, status in (("right", 200), ("wrong", 401), ("", 401)):
            answer = httpx.get(f"{server.url}/charges", headers={"Authorization": f"Bearer {token}".strip()})
            assert answer.status_code == status


GUARDED = """
openapi: 3.1.0
info: {title: Guarded, version: "1"}
security: [{own: []}]
paths:
  /orders:
    post: {responses: {"201": {description: made, content: {application/json: {schema: {type: object, properties: {id: {type: string}}}}}}}}
  /orders/{id}:
    parameters: [{name: id, in: path, required: true, schema: %s}]
    get: {responses: {"200": {description: ok, content: {application/json: {schema: {type: object, properties: {id: {type: string}}}}}}}}
components: {securitySchemes: {own: %s}}
"""  # noqa: E501  # a document


def guarded(folder: Path, identifier: str, scheme: str) -> Path:
    """A document with one kind of id and one kind of credential."""
    path = folder / "guarded.yaml"
    path.write_text(GUARDED % (identifier, scheme), "utf-8")
    return path


@pytest.mark.parametrize(
    ("scheme", "header"),
    [
        ("{type: oauth2, flows: {clientCredentials: {tokenUrl: /token, scopes: {}}}}", "Bearer x"),
        ("{type: http, scheme: bearer}", "Bearer x"),
        ("{type: http, scheme: basic}", "Basic eDp5"),
        ("{type: http, scheme: hoba}", "HOBA x"),
    ],
)
def test_credentials_go_by_their_own_word(tmp_path: Path, scheme: str, header: str) -> None:
    """A token that was fetched is borne like any other."""
    with running(guarded(tmp_path, "{type: string}", scheme)) as server:
        asked = [httpx.post(f"{server.url}/orders", headers={"Authorization": word}) for word in (header, "Other x")]
        assert [answer.status_code for answer in asked] == [201, 401]


@pytest.mark.parametrize(
    ("scheme", "place", "challenge"),
    [
        ("{type: http, scheme: basic}", "Authorization: Basic …", "Basic"),
        ("{type: http, scheme: hoba}", "Authorization: hoba …", "hoba"),
        ("{type: apiKey, in: query, name: api_key}", "query api_key", "Bearer"),
    ],
)
def test_who_is_not_let_in_is_told_what_to_show(tmp_path: Path, scheme: str, place: str, challenge: str) -> None:
    """The 401 says where the credential goes, and names a scheme of HTTP (RFC 9110 section 15.5.2)."""
    with running(guarded(tmp_path, "{type: string}", scheme)) as server:
        refused = httpx.post(f"{server.url}/orders")
        assert refused.status_code == 401
        assert refused.json()["detail"].endswith(f": {place}")
        assert refused.headers["www-authenticate"] == challenge


@pytest.mark.parametrize(
    "identifier",
    [
        "{type: string}",
        "{type: string, format: uuid}",
        '{type: string, pattern: "^[A-Z0-9]+$"}',
        '{type: string, pattern: "^[0-9]+$"}',
    ],
)
def test_what_was_made_is_found_by_its_id(tmp_path: Path, identifier: str) -> None:
    """An id is what the parameter allows by which it is asked for, though the resource itself says nothing of it."""
    headers = {"Authorization": "Bearer x"}
    with running(guarded(tmp_path, identifier, "{type: http, scheme: bearer}")) as server:
        made = httpx.post(f"{server.url}/orders", headers=headers).json()["id"]
        assert httpx.get(f"{server.url}/orders/{made}", headers=headers).json()["id"] == made


def test_paths_may_leave_out_what_the_address_of_the_api_says(payments: Running) -> None:
    """The document's server ends in /v1; both ways lead to the API."""
    for base in (payments.origin, payments.url):
        assert httpx.get(f"{base}/charges", headers={"Authorization": "Bearer x"}).status_code == 200


def test_numbers_as_ids_are_counted(shop: httpx.Client) -> None:
    """An API that numbers its resources gets numbers, and a list that is an array comes in pages."""
    first = shop.post("/shelves", json={"theme": "a", "secret": "s"})
    numbers = [first.json()["id"], *(shop.post("/shelves", json={"theme": str(n)}).json()["id"] for n in range(4))]
    assert numbers == list(range(numbers[0], numbers[0] + 5))
    assert "secret" not in first.text
    pages = [
        [entry["id"] for entry in shop.get("/shelves", params={"page": n, "per_page": 2}).json()] for n in (1, 2, 3)
    ]
    assert pages == [numbers[:2:-1], numbers[2:0:-1], numbers[:1]]


def test_what_belongs_to_a_resource_goes_with_it(shop: httpx.Client) -> None:
    """A nested resource is found in its own parent only, wrapped as the document wraps it."""
    one, other = (shop.post("/shelves", json={"theme": name}).json()["id"] for name in "ab")
    book = shop.post(f"/shelves/{one}/books", json={"isbn": "978", "title": "T"}).json()["book"]
    assert shop.get(f"/shelves/{one}/books/978").json()["book"] == book
    assert shop.get(f"/shelves/{other}/books/978").status_code == 404
    assert shop.post(f"/shelves/{one}/books", json={"isbn": "978"}).status_code == 409
    shop.delete(f"/shelves/{one}")
    assert shop.get(f"/shelves/{one}/books/978").status_code == 404


def test_put_makes_what_is_named_by_its_client(shop: httpx.Client) -> None:
    """Where clients choose names, PUT creates and replaces."""
    assert shop.get("/settings/colour").status_code == 404
    made = shop.put("/settings/colour", json={"value": "red"})
    assert (made.status_code, made.json()) == (201, {"name": "colour", "value": "red"})
    replaced = shop.put("/settings/colour", json={"value": "blue"})
    assert (replaced.status_code, replaced.json()) == (200, {"name": "colour", "value": "blue"})
    assert shop.get("/settings/colour").json() == {"name": "colour", "value": "blue"}


def test_put_does_not_make_what_the_server_names(client: httpx.Client, payments: Running) -> None:
    """Where POST gives the ids and the document has a 404 for PUT, one that was never given is not there."""
    assert client.put("/customers/cus_unknown", json={"email": "a@mail.example"}).status_code == 404
    assert client.get("/customers/cus_unknown").status_code == 404
    assert payments.totals().effects == 0


def test_a_form_is_read_as_values(shop: httpx.Client) -> None:
    """Numbers, lists and levels come back as what they are, though a form has only texts."""
    sent = "pages=3&open=true&tags[]=a&tags[]=b&notes[by]=me&notes[year]=1999&flags=x&id=9"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    made = shop.post("/scrolls", content=sent, headers=form)
    assert made.status_code == 201
    expected = {
        "pages": 3, "open": True, "tags": ["a", "b"], "notes": {"by": "me", "year": 1999}, "flags": ["x"]
    }  # fmt: skip
    assert made.json().items() >= expected.items()
    assert shop.post("/scrolls", content=f"pages=1&a{'[b]' * 9999}=1", headers=form).status_code == 201


@pytest.mark.parametrize(
    ("sent", "where", "words"),
    [
        ("open=true", "", "'pages' is a required property"),
        ("pages=many", "/pages", "is not of type 'integer'"),
        ("pages=0", "/pages", "minimum"),
        ("pages=1&open=perhaps", "/open", "boolean"),
        ("pages=1&pages=2", "/pages", "integer"),
    ],
)
def test_a_form_is_judged(shop: httpx.Client, sent: str, where: str, words: str) -> None:
    """What is missing or wrong in a plain field is refused with its place."""
    refused = shop.post("/scrolls", content=sent, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert refused.status_code == 400
    assert [error["where"] for error in refused.json()["errors"]] == [where]
    assert words in refused.json()["detail"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"params": {"tags": "a,b"}}, 200),
        ({"params": {"tags": "a,b,c"}}, 400),
        ({"params": {"where[year]": "1999"}}, 200),
        ({"params": {"where[year]": "late"}}, 400),
        ({"headers": {"X-Depth": "3"}}, 200),
        ({"headers": {"X-Depth": "deep"}}, 400),
    ],
)
def test_parameters_are_read_in_their_styles(shop: httpx.Client, sent: dict[str, Any], status: int) -> None:
    """Lists with commas, objects in brackets and numbers in headers are values before they are judged."""
    assert shop.get("/search", **sent).status_code == status


def test_answers_come_in_the_media_type_of_the_document(shop: httpx.Client) -> None:
    """Text that a pattern matches, and the document's own example."""
    text = shop.get("/search")
    assert text.headers["content-type"] == "text/plain"
    assert len(text.text) == 4
    assert shop.get("/nightly-report.csv").text == "a,b"
