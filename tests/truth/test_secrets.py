"""Credentials appear nowhere, and a server's text drives no terminal."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.truth.call_styles import CALL_STYLES, ended, order, to
from tests.truth.server import Shop, answering

SECRET = "sk_SECRET"  # noqa: S105


def shown(sdk: Any, call_style: str, url: str, *asks: Any, **settings: Any) -> tuple[list[Any], str]:  # noqa: ANN401
    """How calls end, and everything that may be written of them: messages, events, pickles, notes."""
    events: list[str] = []

    def hear(event: object) -> None:
        events.append(repr(event))

    found = ended(sdk, call_style, url, *asks, on_attempt=hear, on_retry=hear, **settings)
    texts = [str(events)]
    for each in found:
        if isinstance(each, Exception):
            texts += [str(each), repr(each), repr(getattr(each, "record", "")), *getattr(each, "__notes__", [])]
            texts.append(repr(pickle.dumps(each)))
    return found, "\n".join(texts)


@pytest.mark.parametrize("call_style", CALL_STYLES)
@pytest.mark.parametrize("token", [f"{SECRET} ", f"{SECRET}\t", f" {SECRET}", f"\t {SECRET} \t"])
def test_blanks_around_a_token_are_no_part_of_it(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    call_style: str,
    token: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is sent without them (RFC 9110 section 5.5), and refused by nobody who would show it."""
    caplog.set_level(logging.DEBUG)
    (response,), text = shown(sdk, call_style, shop.url, order(), token=token)
    assert response.data.item == "tea"
    assert shop.seen[0].headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in text


def test_from_the_environment_as_well(sdk: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    """Where a blank is easily added."""
    monkeypatch.setenv("CORNER_SHOP_TOKEN", f"{SECRET} ")
    (response,), _ = shown(sdk, "sync", shop.url, order(), token=None)
    assert response.data.item == "tea"
    assert shop.seen[0].headers["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("token", ["", " ", "\t"])
def test_an_empty_token_is_told_at_once(sdk: Any, shop: Shop, token: str) -> None:  # noqa: ANN401
    """Nothing is sent, and the words say what is wrong."""
    (error,), _ = shown(sdk, "sync", shop.url, order(), token=token)
    assert isinstance(error, ValueError)
    assert str(error) == "the token is empty"
    assert shop.seen == []


@pytest.mark.parametrize("call_style", CALL_STYLES)
@pytest.mark.parametrize("where", ["client", "call"])
def test_headers_of_the_callers_own_as_well(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    call_style: str,
    where: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They hold credentials as often as not."""
    caplog.set_level(logging.DEBUG, sdk.__name__)
    headers = {"X-Api-Token": f" {SECRET} "}
    ask = order(options=sdk.CallOptions(headers=headers if where == "call" else None))
    (response,), text = shown(sdk, call_style, shop.url, ask, **({"headers": headers} if where == "client" else {}))
    assert response.data.item == "tea"
    assert shop.seen[0].headers["x-api-token"] == SECRET
    assert SECRET not in text + caplog.text


@pytest.mark.parametrize("call_style", CALL_STYLES)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_that_repeats_the_query_shows_nothing_of_it(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    call_style: str,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The most ordinary redirect there is, to https, with the key in its query."""
    caplog.set_level(logging.DEBUG, sdk.__name__)
    caplog.set_level(logging.INFO, "httpx")
    location = f"https://user:{SECRET}@127.0.0.1:9/orders/o1?api_key={SECRET}#{SECRET}"
    shop.plan.append(answering(status, None, ("Location", location)))
    (error,), text = shown(sdk, call_style, shop.url, to("orders.get", "o1"), api_key=SECRET)
    assert f"api_key={SECRET}" in shop.seen[0].target
    assert "https://127.0.0.1:9/orders/o1?…" in str(error)
    assert SECRET not in text + caplog.text


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_the_log_of_httpx_shows_no_query(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    call_style: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """`logging.basicConfig(level=INFO)` is all that it takes to write it."""
    caplog.set_level(logging.INFO)
    ended(sdk, call_style, shop.url, to("orders.get", "o1"), api_key=SECRET)
    lines = [entry.getMessage() for entry in caplog.records if entry.name in {"httpx", "httpx2"}]
    assert len(lines) == 1
    assert f"{shop.url}/orders/o1?… " in lines[0]
    assert SECRET not in lines[0]


def test_what_cannot_be_sent_is_not_quoted(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """The words of the HTTP library hold what it refuses."""

    class Refusing(httpx.HTTPTransport):
        """Says what h11 says of a header."""

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.LocalProtocolError(f"Illegal header value b'Bearer {SECRET}'", request=request)

    with httpx.Client(mounts={"http://": Refusing()}) as http:
        (error,), text = shown(sdk, "sync", shop.url, order(), http_client=http)
    assert "the transport failed with LocalProtocolError: Illegal header value …" in str(error)
    assert SECRET not in text


def _draft(sdk: Any) -> object:  # noqa: ANN401
    module = __import__(f"{sdk.__name__}._runtime.request.build", fromlist=["UnsignedRequest"])
    return module.UnsignedRequest("GET", f"/orders?api_key={SECRET}", (("A", SECRET),), SECRET.encode(), ())


def _request(sdk: Any) -> object:  # noqa: ANN401
    module = __import__(f"{sdk.__name__}._runtime.retry.wire", fromlist=["WireRequest"])
    return module.WireRequest("GET", f"http://u:{SECRET}@shop/orders?api_key={SECRET}", (("A", SECRET),), None)


@pytest.mark.parametrize("make", [_draft, _request])
def test_a_traceback_with_local_variables_shows_nothing(sdk: Any, make: Callable[[Any], object]) -> None:  # noqa: ANN401
    """Sentry and rich write the repr of everything in a frame."""
    assert SECRET not in repr(make(sdk))


HOSTILE = "\x1b[31mPWN\x1b]0;title\x07\u202e\x9b2J\x00\u2066\r\nSet"


@pytest.mark.parametrize("call_style", CALL_STYLES)
@pytest.mark.parametrize("body", [{"message": HOSTILE}, {"error": {"message": HOSTILE}}, HOSTILE, [HOSTILE]])
def test_a_servers_text_drives_no_terminal(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    call_style: str,
    body: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither colours nor titles, and no mark that turns the text around; in messages and in logs."""
    caplog.set_level(logging.DEBUG, sdk.__name__)
    shop.plan.append(answering(400, body))
    (error,), _ = shown(sdk, call_style, shop.url, order())
    assert str(error).isprintable()
    assert all(entry.getMessage().isprintable() for entry in caplog.records)
