"""Requests are made of what the document says, and bear keys and credentials where they belong."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from samekey.config.dialect import Dialect, Signal
from samekey.verify.calls import ProbeAnswer
from samekey.verify.described import ApiModel
from samekey.verify.findings import Check, Finding, Report, SaysMismatch, Verdict
from samekey.verify.probes import spoken
from samekey.verify.profile import as_config
from samekey.verify.report import as_json, as_junit, headline
from samekey.verify.requests import NOBODY, Fields, credential_of, made_up, payload_of, request_of, varied

from tests.verify.conftest import PAYMENTS, described

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "api_key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
}


@pytest.mark.parametrize(
    ("scheme", "token", "header", "target"),
    [
        ("bearer", "sk_1", (b"Authorization", b"Bearer sk_1"), "/notes"),
        ("basic", "me:pw", (b"Authorization", b"Basic bWU6cHc="), "/notes"),
        ("basic", "sk_1", (b"Authorization", b"Basic c2tfMTo="), "/notes"),
        ("header", "sk_1", (b"X-Api-Key", b"sk_1"), "/notes"),
        ("query", "s/1", None, "/notes?api_key=s%2F1"),
        ("cookie", "sk_1", (b"Cookie", b"session=sk_1"), "/notes"),
    ],
)
def test_a_token_goes_where_the_document_wants_it(
    notes: Callable[..., Path], scheme: str, token: str, header: tuple[bytes, bytes] | None, target: str
) -> None:
    """By the operation's own security, else the API's; every spelling of it is known as a secret."""
    api = described(notes(root={"components": {"securitySchemes": SCHEMES}, "security": [{scheme: []}]}))
    site = api.site("createNote")
    credential = credential_of(api.api, site.operation, token)
    sent = request_of(api, site, credential, {}).bearing("k")
    assert header is None or header in sent.headers
    assert sent.target == target
    shown = (*(value.decode().rpartition(" ")[2].removeprefix("session=") for _, value in [header or (b"", b"s/1")]),)
    assert set(shown) <= set(credential.secrets)


def test_one_request_differs_from_another_by_its_key_alone(notes: Callable[..., Path]) -> None:
    """The same bytes but for the key, whatever it is; none where none is given."""
    api = described(notes())
    request = request_of(api, api.site("createNote"), NOBODY, {})
    one, two, none, empty = (request.bearing(*keys) for keys in (["a"], ["b"], [], [""]))
    assert set(one.headers) - set(two.headers) == {(b"Idempotency-Key", b"a")}
    assert set(one.headers) - set(none.headers) == {(b"Idempotency-Key", b"a")}
    assert (b"Idempotency-Key", b"") in empty.headers
    assert one.body == two.body == none.body


def test_a_form_is_spelled_as_one() -> None:
    """What is nested has brackets, lists repeat their field, and a key in the body is a field like others."""
    body = Fields("application/x-www-form-urlencoded", {"a": 1, "b": {"c": "x y"}, "d": ["1", "2"], "e": None})
    assert body.spelled(("key",), "k") == b"a=1&b%5Bc%5D=x+y&d=1&d=2&key=k"


def test_the_documents_example_is_sent_and_varied() -> None:
    """The first example that fits; the other payload fits as well and differs."""
    api = described(PAYMENTS)
    site = api.site("createCharge")
    payload = made_up(api, site)
    assert isinstance(payload, Fields)
    assert payload.value == next(iter(site.bodies[0].examples))
    other = varied(api, site, payload)
    assert isinstance(other, Fields)
    assert other.value != payload.value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"text": {"type": "string", "maxLength": 4}, "n": {"type": "integer"}}, {"text": "text", "n": 1}),
        ({"text": {"enum": ["a", "b"]}, "more": {"type": "boolean"}}, {"text": "a", "more": True}),
        ({"text": {"const": "a"}}, None),
    ],
)
def test_another_payload_is_one_that_the_schema_allows(
    notes: Callable[..., Path], schema: dict[str, object], value: object
) -> None:
    """A scalar is changed where that is allowed, else a property is added; else there is none."""
    api = described(notes(create_body=schema))
    site = api.site("createNote")
    other = varied(api, site, made_up(api, site))
    assert (other.value if isinstance(other, Fields) else None) == value


def test_a_key_in_the_body_that_is_given_gives_way(notes: Callable[..., Path]) -> None:
    """Otherwise a request without a key would have one."""
    spec = notes(root={"x-idempotency": {"preset": "square"}}, create_body={"idempotency_key": {"type": "string"}})
    api: ApiModel = described(spec)
    site = api.site("createNote")
    payload = payload_of(site, b'{"text": "x", "idempotency_key": "mine"}')
    request = request_of(api, site, NOBODY, {}, payload)
    assert json.loads(request.bearing().body) == {"text": "x"}
    assert json.loads(request.bearing("k").body) == {"text": "x", "idempotency_key": "k"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"code": "a"}', "409 (a)"),
        (b'{"type": "about:blank", "name": "a"}', "409 (a)"),
        (b'{"error": {"type": "a", "message": "b"}}', "409 (a)"),
        (b'{"errors": [{"code": 704}]}', "409 (704)"),
        (b'{"code": 409, "error": "it is not possible"}', "409"),
        (b"busy", "409"),
    ],
)
def test_codes_are_found_where_clients_look(body: bytes, words: str) -> None:
    """Sentences and the status itself are no codes."""
    assert spoken(ProbeAnswer(409, (), body)) == words


def test_hostile_text_stays_text() -> None:
    """What an API or a document says breaks neither a terminal nor JSON, XML or YAML."""
    evil = "\x1b[31m]]><x>\n: - \x00'\"{}"
    fact = SaysMismatch(Signal(422, evil))
    found = (Finding(Check.OTHER_PAYLOAD, Verdict.OTHERWISE, evil, (fact,)), Finding(Check.REPLAY, Verdict.OK, "x"))
    today = date(2026, 11, 30)
    report = Report(evil, evil, "http://127.0.0.1", "the id", found, Dialect(), "POST /x")
    assert "\x1b" not in headline(report)
    assert json.loads(as_json([report]))["checks"][0]["why"] == evil
    assert len(ET.fromstring(as_junit([report])).findall(".//testcase")) == 2  # noqa: S314  # our own
    text = as_config([report], "", today)
    assert "\x1b" not in text
    seen = yaml.safe_load(text)["idempotency"]["operations"]["POST /x"]
    assert seen["mismatch"] == [{"status": 422, "code": evil}]
    broken = Report(evil, evil, "x", "x", (Finding(Check.REPLAY, Verdict.BROKEN, evil),), Dialect(), "POST /x")
    assert yaml.safe_load(as_config([broken], "", today)) == {"idempotency": {"operations": {"POST /x": False}}}
