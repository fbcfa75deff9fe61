"""Redirects: 307 and 308 of the same origin are followed with the same method, bytes and key; others are not."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest
from acme_payments import APIConnectionError, Certainty

from .call_styles import CHARGE, ONCE, Ask, CallStyle, one
from .fault_server import TOKEN, FaultServer, answering

GET = Ask("charges.get", ("ch_1",))
WRITES = [CHARGE, Ask("customers.replace", ("cus_1",), {"email": "a@b.example"}), Ask("customers.delete", ("cus_1",))]


@pytest.fixture
def elsewhere() -> Iterator[FaultServer]:
    """Another origin."""
    with FaultServer() as other:
        yield other


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("location", ["/v1/charges?moved=1", "charges?moved=1", "{origin}/v1/charges?moved=1"])
def test_a_redirect_that_keeps_everything_is_followed(
    server: FaultServer, call_style: CallStyle, status: int, location: str
) -> None:
    """Same method, bytes, key and credentials, within one attempt."""
    origin = server.url.removesuffix("/v1")
    server.plan(answering(status, Location=location.format(origin=origin)))
    ended = one(call_style, server.url)
    assert ended.error is None
    assert len(ended.record.attempts) == 1
    first, second = server.seen
    assert second.target == "/v1/charges?moved=1"
    assert (first.method, first.body, first.headers) == (second.method, second.body, second.headers)
    assert second.key == ended.key
    assert server.effects_of(ended.key) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_read_is_followed(server: FaultServer, call_style: CallStyle, status: int) -> None:
    """A GET may be asked again at another address of the same origin."""
    server.plan(answering(status, Location="/v1/charges/ch_2"))
    ended = one(call_style, server.url, GET)
    assert ended.error is None
    assert [seen.method for seen in server.seen] == ["GET", "GET"]


@pytest.mark.parametrize("ask", WRITES, ids=str)
@pytest.mark.parametrize(("status", "certainty"), [(301, "unknown"), (302, "unknown"), (303, "unknown")])
def test_a_write_is_not_turned_into_a_read(
    server: FaultServer, call_style: CallStyle, ask: Ask, status: int, certainty: str
) -> None:
    """Not followed and not retried; a 303 says that it was done only where the document gives it."""
    server.plan(answering(status, Location="/v1/charges/ch_1"))
    ended = one(call_style, server.url, ask)
    assert isinstance(ended.error, APIConnectionError)
    assert len(server.seen) == 1
    assert ended.record.certainty is Certainty(certainty)
    assert str(status) in str(ended.error)


@pytest.mark.parametrize("location", ["/v1/charges/ch_1?sig=s3cret", "charges/ch_1?sig=s3cret"])
def test_where_a_redirect_points_stands_on_its_error(server: FaultServer, call_style: CallStyle, location: str) -> None:
    """As a whole URL that the caller may ask for; a signature in it is in no message, record, log or pickle."""
    server.plan(answering(303, Location=location))
    error = one(call_style, server.url).error
    assert isinstance(error, APIConnectionError)
    assert error.location == f"{server.url}/charges/ch_1?sig=s3cret"
    assert "s3cret" not in f"{error} {error!r} {error.record!r}"
    assert b"s3cret" not in pickle.dumps(error)
    assert pickle.loads(pickle.dumps(error)).location is None  # noqa: S301  # our own


def test_an_error_without_a_redirect_points_nowhere(server: FaultServer, call_style: CallStyle) -> None:
    """Neither one without an answer, nor a redirect that says no place."""
    server.plan(answering(303))
    error = one(call_style, server.url).error
    assert isinstance(error, APIConnectionError)
    assert error.location is None


@pytest.mark.parametrize("ask", [GET, *WRITES], ids=str)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_another_origin_is_never_followed(
    server: FaultServer, elsewhere: FaultServer, call_style: CallStyle, ask: Ask, status: int
) -> None:
    """Neither key nor credentials go to a server that was not asked for."""
    server.plan(answering(status, Location=f"{elsewhere.url}/charges"))
    ended = one(call_style, server.url, ask)
    assert isinstance(ended.error, APIConnectionError)
    assert len(server.seen) == 1
    assert not elsewhere.seen
    assert ended.record.certainty is Certainty.UNKNOWN
    assert TOKEN not in str(ended.error)


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:99999/x",
        "http://127.0.0.1:port/x",
        "http://[::1",
        "http://[bad/",
        "//evil.example/x",
        "https://127.0.0.1/x",
        "",
        "ftp://x/",
    ],
)
@pytest.mark.parametrize("ask", [GET, CHARGE], ids=str)
def test_a_location_that_leads_nowhere_is_an_error_of_ours(
    server: FaultServer, call_style: CallStyle, ask: Ask, location: str
) -> None:
    """Whatever a server writes there, the caller gets a typed error that says UNKNOWN."""
    server.plan(answering(307, Location=location))
    ended = one(call_style, server.url, ask, retry=ONCE)
    assert isinstance(ended.error, APIConnectionError)
    assert ended.record.certainty is Certainty.UNKNOWN
    assert len(server.seen) == 1


def test_a_redirect_without_a_location_is_an_error_of_ours(server: FaultServer, call_style: CallStyle) -> None:
    """There is nowhere to go."""
    server.plan(answering(308))
    ended = one(call_style, server.url)
    assert isinstance(ended.error, APIConnectionError)
    assert len(server.seen) == 1


def test_a_loop_of_redirects_ends(server: FaultServer, call_style: CallStyle) -> None:
    """A server that sends us round in circles is left."""
    server.plan(*[answering(307, Location="/v1/charges")] * 50)
    ended = one(call_style, server.url)
    assert isinstance(ended.error, APIConnectionError)
    assert len(server.seen) <= 20
    assert ended.record.certainty is Certainty.UNKNOWN


def test_a_refusal_behind_a_redirect_is_a_refusal(server: FaultServer, call_style: CallStyle) -> None:
    """What counts is the answer at the end."""
    server.plan(answering(307, Location="/v1/charges"), answering(429), answering(307, Location="/v1/charges"))
    ended = one(call_style, server.url)
    assert ended.error is None
    assert [str(attempt.outcome) for attempt in ended.record.attempts] == ["status 429", "status 201"]
    assert {seen.key for seen in server.seen} == {ended.key}


@pytest.mark.parametrize("status", [300, 304])
def test_other_3xx_are_typed_errors(server: FaultServer, call_style: CallStyle, status: int) -> None:
    """Not successes, not retried."""
    server.plan(answering(status))
    ended = one(call_style, server.url)
    assert ended.error is not None
    assert len(server.seen) == 1
