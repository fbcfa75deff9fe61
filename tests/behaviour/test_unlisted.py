"""What the document does not list: requests, query parameters and fields, under the rules that hold for all calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from acme_payments import (
    OMIT,
    AcmePayments,
    APIStatusError,
    AsyncAcmePayments,
    CallOptions,
    Certainty,
    RetryPolicy,
    models,
)

from .call_styles import CHARGE, FAST, PATIENT, CallStyle, one
from .fault_server import TOKEN, Act, Fault, FaultServer, answering

Send = Callable[..., Any]


def sync_request(url: str, *args: str, **named: Any) -> Any:  # noqa: ANN401
    """Send a request with the sync client."""
    with AcmePayments(base_url=url, token=TOKEN, retry=FAST, timeout=PATIENT) as client:
        return client.request(*args, **named)


def async_request(url: str, *args: str, **named: Any) -> Any:  # noqa: ANN401
    """Send a request with the async client."""

    async def main() -> object:
        async with AsyncAcmePayments(base_url=url, token=TOKEN, retry=FAST, timeout=PATIENT) as client:
            return await client.request(*args, **named)

    return anyio.run(main)


@pytest.fixture(params=[sync_request, async_request], ids=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Send:
    """Each client's way to send a request."""
    found: Send = request.param
    return found


def test_a_request_gives_plain_json_or_the_type_that_is_asked_for(server: FaultServer, send: Send) -> None:
    """Query and headers go along; `returns` may be a model, text, bytes or nothing."""
    plain = send(server.url, "get", "/charges/ch_1", params={"expand": ["a", "b"], "none": None}, headers={"X-A": "1"})
    assert plain["id"] == "ch_1"
    seen = server.seen[-1]
    assert seen.target == "/v1/charges/ch_1?expand=a&expand=b"
    assert (seen.every("x-a"), seen.key) == (["1"], None)
    assert send(server.url, "GET", "/charges/ch_1", returns=models.Charge).currency == models.Currency.USD
    assert json.loads(send(server.url, "GET", "/charges/ch_1", returns=bytes))["id"] == "ch_1"
    assert send(server.url, "GET", "/charges/ch_1", returns=None) is None


def test_a_post_that_is_not_listed_is_retried_under_one_key(server: FaultServer, send: Send) -> None:
    """With the same bytes, so that it is done once."""
    server.plan(Fault(Act.CUT, after=True), answering(503))
    made = send(server.url, "POST", "/charges", json={"amount": 5, "currency": "usd"}, returns=models.Charge)
    assert isinstance(made, models.Charge)
    assert len(server.effects) == 1
    assert len(server.seen) == 3
    assert len({(request.key, request.body) for request in server.seen}) == 1
    assert server.seen[0].key


def test_a_key_among_the_headers_is_the_key_of_the_call(server: FaultServer, send: Send) -> None:
    """As among those of `CallOptions`: a second call with it must not be done twice. So are media types."""
    server.plan(answering(503))
    merge = {"idempotency-key": "invoice-17", "Content-Type": "application/merge-patch+json"}
    send(server.url, "POST", "/charges", json={"amount": 5, "currency": "usd"}, headers=merge)
    assert [request.key for request in server.seen] == ["invoice-17", "invoice-17"]
    assert server.seen[0].every("content-type") == ["application/merge-patch+json"]
    options = CallOptions(headers={"X-A": "of the options", "X-B": "b"})
    send(server.url, "GET", "/charges/ch_1", headers={"x-a": "1", "X-C": "c"}, options=options)
    seen = server.seen[-1]
    assert [seen.every(name) for name in ("x-a", "x-b", "x-c")] == [["of the options"], ["b"], ["c"]]
    with pytest.raises(ValueError, match="several keys"):
        send(server.url, "POST", "/charges", json={}, headers=merge, idempotency_key="another")


class Foreign:
    """A class of another library."""


@pytest.mark.parametrize("returns", [Foreign, "Charge", 5, object])
def test_what_no_answer_can_become_is_refused_before_anything_is_sent(
    server: FaultServer, send: Send, returns: object
) -> None:
    """Afterwards it would be done, and its caller would not know."""
    with pytest.raises(TypeError, match="returns="):
        send(server.url, "POST", "/charges", json={"amount": 5, "currency": "usd"}, returns=returns)
    assert not server.seen


def test_a_key_of_ones_own_is_sent(server: FaultServer, send: Send) -> None:
    """And a model is a body like any other."""
    body = models.Address(line1="Rue 1", city="Bern", postal_code="3000", country="CH")
    send(server.url, "POST", "/charges", json=body, idempotency_key="order-17")
    assert server.seen[-1].key == "order-17"
    assert json.loads(server.seen[-1].body)["city"] == "Bern"


def test_a_refusal_is_an_error_with_method_and_path(server: FaultServer, send: Send) -> None:
    """Like those of operations that are listed."""
    with pytest.raises(APIStatusError) as caught:
        send(server.url, "GET", "/charges/ch_0")
    assert caught.value.status == 404
    assert str(caught.value).startswith(f"GET {server.url}/charges/ch_0: ")
    assert caught.value.certainty is Certainty.REJECTED


@pytest.mark.parametrize(
    "path",
    [
        "charges",
        "//evil.example/x",
        "/../x",
        "/a/../../x",
        "https://evil.example/",
        "/%2e%2e/x",
        "/x#y",
        "/x\r\nA: b",
        "",
    ],
)
def test_a_path_leads_nowhere_but_below_the_base_url(server: FaultServer, send: Send, path: str) -> None:
    """Credentials go to the API alone."""
    with pytest.raises(ValueError, match="must begin with one slash"):
        send(server.url, "GET", path)
    assert not server.seen


@pytest.mark.parametrize("method", ["", "GET\r\nX", "GET /x", "GÉT"])
def test_what_is_no_method_is_refused(server: FaultServer, send: Send, method: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match="is not a method of HTTP"):
        send(server.url, method, "/charges")
    assert not server.seen


def test_query_and_body_take_what_the_document_does_not_list(server: FaultServer, call_style: CallStyle) -> None:
    """Beside what the call says; all attempts have the same bytes."""
    server.plan(answering(503))
    options = CallOptions(query={"trace": 1, "left_out": None, "also": OMIT}, body={"new_field": {"x": [1]}})
    ended = one(call_style, server.url, CHARGE.again(options=options))
    assert ended.error is None
    assert len({(request.target, request.body) for request in server.seen}) == 1
    assert server.seen[0].target == "/v1/charges?trace=1"
    sent = json.loads(server.seen[0].body)
    assert sent["new_field"] == {"x": [1]}
    assert sent["amount"] == CHARGE.named["amount"]


@pytest.mark.parametrize("wrong", [{"query": "a=1"}, {"body": [1]}], ids=str)
def test_what_is_no_dict_is_named(wrong: dict[str, Any]) -> None:
    """Where it is given, and not in the middle of a call."""
    with pytest.raises(TypeError, match="must be a dict"):
        CallOptions(**wrong)


def test_fields_that_no_document_lists_come_back_and_go_back(server: FaultServer) -> None:
    """Get, change, put keeps what the server has; a client that does not want them drops them."""
    fresh = {"line1": "Rue 1", "city": "Bern", "postal_code": "3000", "country": "CH", "floor": 3}
    retry = RetryPolicy(max_retries=0)
    for keep, expected in ((True, {"floor": 3}), (False, {})):
        with AcmePayments(base_url=server.url, token=TOKEN, retry=retry, keep_extra_fields=keep) as client:
            server.plan(answering(200, fresh))
            address = client.request("GET", "/address", returns=models.Address)
            assert address.extra_fields == expected
            client.request("PUT", "/customers/cus_1", json={"address": address.replace(city="Basel")})
            known = {name: value for name, value in fresh.items() if name != "floor"}
            assert json.loads(server.seen[-1].body)["address"] == {**known, **expected, "city": "Basel"}
