"""Tokens without a network: what an answer means, how long it holds, and when a refused one is renewed."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from msgspec import structs
from samekey_templates.runtime.auth.credentials import Bearer, ClientCredentials, NoToken
from samekey_templates.runtime.auth.oauth import Get, Send, SharedTokens, Token, bearing, read_token, token_request
from samekey_templates.runtime.call import Call, Settings
from samekey_templates.runtime.request.build import Prepared, prepare, signed
from samekey_templates.runtime.retry.rules import Failed, Failure
from samekey_templates.runtime.retry.wire import Limits, RawAnswer, Result, WireRequest
from samekey_templates.runtime.safety import Safety
from samekey_templates.runtime.types import Timeout

from tests.runtime.making import Time, header, make_endpoint, make_settings

SOURCE = ClientCredentials("id", "secret", "/token")
REQUEST = token_request(SOURCE, "https://api.test/v1", "test/1")
GIVEN = {"access_token": "t1"}
PRIVATE = "/token?key=private"
LIMITS = Limits(Timeout(), 2000.0)


def answer(status: int = 200, /, **fields: object) -> RawAnswer:
    """An answer of the token endpoint."""
    return RawAnswer(status, {}, json.dumps(fields).encode())


def test_the_token_url_against_the_base_url() -> None:
    """A path begins at the host, a name below the base URL, a whole URL is its own."""
    for url, expected in {
        "/token": "https://api.test/token",
        "token": "https://api.test/v1/token",
        "https://login.test/t?a=1": "https://login.test/t?a=1",
        "https://[::1": "https://[::1",
    }.items():
        assert token_request(structs.replace(SOURCE, token_url=url), "https://api.test/v1", "t").url == expected


@pytest.mark.parametrize(
    ("lifetime", "until"),
    [(3600, 3540), (600, 540), (100, 90), (0, 0), ("300", 270), (None, None), (float("nan"), None), ([], None)],
)
def test_a_token_counts_as_expired_a_little_early(lifetime: object, until: int | None) -> None:
    """A minute, or a tenth of a short life; counted from before it was asked for."""
    found = read_token(REQUEST, answer(**GIVEN, expires_in=lifetime), since=50.0)
    assert isinstance(found, Token)
    assert found.until == (float("inf") if until is None else 50.0 + until)


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (Failed(Failure.UNREACHABLE, "cannot connect"), Failure.UNREACHABLE),
        (Failed(Failure.ANSWER_LOST, "read timed out", timeout=True), Failure.UNREACHABLE),
        (Failed(Failure.ANSWER_CUT, "cut", status=200), Failure.UNREACHABLE),
        (Failed(Failure.UNSENDABLE, "certificate refused"), Failure.UNSENDABLE),
        (Failed(Failure.REDIRECTED, "not followed", status=302), Failure.UNSENDABLE),
        (answer(500), Failure.UNREACHABLE),
        (answer(429), Failure.UNREACHABLE),
        (answer(400), Failure.UNSENDABLE),
        (answer(403), Failure.UNSENDABLE),
        (RawAnswer(200, {}, b"<html>"), Failure.UNSENDABLE),
        (RawAnswer(200, {}, b"[1]"), Failure.UNSENDABLE),
        (RawAnswer(200, {}, b"[" * 100_000), Failure.UNSENDABLE),
    ],
)
def test_what_is_worth_another_try(result: Result, kind: Failure) -> None:
    """What may pass counts like a connection that failed, what will not like a request that cannot be sent."""
    found = read_token(REQUEST, result, since=0.0)
    assert isinstance(found, NoToken)
    assert found.failure is kind
    assert found.timeout is (isinstance(result, Failed) and result.timeout)


def test_the_endpoints_words_are_one_printable_line() -> None:
    """Whatever it says."""
    found = read_token(REQUEST, answer(400, error="a\u202e", error_description="b\n\x1b[31m" + "c" * 900), since=0.0)
    assert str(found).isprintable()
    assert len(str(found)) < 400


def test_a_query_of_the_token_url_is_not_told() -> None:
    """It may hold a key."""
    request = token_request(structs.replace(SOURCE, token_url=PRIVATE), "https://api.test", "t")
    assert request.url.endswith("?key=private")
    assert "private" not in str(read_token(request, answer(500), since=0.0))


def test_a_token_is_renewed_before_it_expires() -> None:
    """By the clock, not by the number of calls."""
    time = Time()
    asked: list[WireRequest] = []

    def send(request: WireRequest, _: Limits) -> Result:
        asked.append(request)
        return answer(access_token=f"t{len(asked)}", expires_in=100)

    tokens = SharedTokens(REQUEST, time.clock())
    seen: list[object] = []
    for _ in range(6):
        found = tokens.get(None, LIMITS, send)
        assert isinstance(found, Token)
        seen.append((time.now, found.value))
        time.now += 40
    assert seen == [(1000, "t1"), (1040, "t1"), (1080, "t1"), (1120, "t2"), (1160, "t2"), (1200, "t2")]
    assert asked == [REQUEST, REQUEST]


def test_a_refused_token_is_given_to_nobody_again() -> None:
    """Not even where the next one cannot be had."""
    answers: list[Result] = [answer(**GIVEN), answer(503), answer(**{**GIVEN, "access_token": "t2"})]
    tokens = SharedTokens(REQUEST, Time().clock())

    def send(_: WireRequest, __: Limits) -> Result:
        return answers.pop(0)

    first = tokens.get(None, LIMITS, send)
    assert isinstance(first, Token)
    assert isinstance(tokens.get(first, LIMITS, send), NoToken)
    second = tokens.get(None, LIMITS, send)
    assert isinstance(second, Token)
    assert second.value == "t2"
    assert tokens.get(first, LIMITS, send) is second, "somebody else's old token renews nothing"


def a_call(safety: Safety = Safety.KEYED, **changes: Any) -> tuple[Any, Prepared]:  # noqa: ANN401
    """A call that needs a token, and its settings."""
    settings = make_settings(credentials={"a": Bearer(SOURCE)}, **changes)
    endpoint = make_endpoint(safety, security=(("a",),))
    return settings, prepare(settings, "things.make", endpoint, Call(body={"a": 1}))


def attempts(settings: Settings, prepared: Prepared, get: Get, send: Send) -> Callable[[Limits], Result]:
    """Attempts of a call with tokens."""
    sign = partial(signed, settings, prepared.unsigned, prepared.extra)
    return bearing(settings.clock, prepared.state, sign, get, send)


@pytest.mark.parametrize(
    ("since", "replayable", "sent"), [(0.0, True, 2), (1000.0, True, 1), (0.0, False, 1), (999.9, True, 2)]
)
def test_when_a_refused_token_is_renewed(since: float, sent: int, *, replayable: bool) -> None:
    """Where it is older than the call, and the body can be sent again."""
    settings, prepared = a_call()
    prepared.state.facts = structs.replace(prepared.state.facts, replayable=replayable)
    requests: list[WireRequest] = []

    def send(request: WireRequest, _: Limits) -> Result:
        requests.append(request)
        return RawAnswer(401, {}, b"")

    tokens = iter([Token("t1", since, 9e9), Token("t2", 1001.0, 9e9)])
    attempt = attempts(settings, prepared, lambda _, __: next(tokens), send)
    assert attempt(LIMITS) == RawAnswer(401, {}, b"")
    assert len(requests) == sent
    assert [header(request, "authorization") for request in requests] == [["Bearer t1"], ["Bearer t2"]][:sent]
    assert len({(request.url, request.content, *header(request, "idempotency-key")) for request in requests}) == 1


@pytest.mark.parametrize("status", [200, 400, 403, 407, 409, 500])
def test_no_other_answer_renews_a_token(status: int) -> None:
    """403 says that the token is good and not enough."""
    settings, prepared = a_call()
    got: list[object] = []

    def get(refused: Token | None, _: Limits) -> Token:
        got.append(refused)
        return Token("t1", 0.0, 9e9)

    attempt = attempts(settings, prepared, get, lambda _, __: RawAnswer(status, {}, b""))
    attempt(LIMITS)
    assert got == [None]


def test_the_callers_own_header_comes_before_the_token() -> None:
    """As it does before every other credential."""
    settings, prepared = a_call(headers={"authorization": "Own"})
    requests: list[WireRequest] = []

    def send(request: WireRequest, _: Limits) -> Result:
        requests.append(request)
        return RawAnswer(200, {}, b"{}")

    attempts(settings, prepared, lambda _, __: Token("t1", 0.0, 9e9), send)(LIMITS)
    assert header(requests[0], "authorization") == ["Own"]


def test_no_repr_shows_a_secret() -> None:
    """Reprs end up in logs."""
    settings, prepared = a_call()
    shown = [repr(Token("private", 0.0, 0.0)), repr(SOURCE), repr(Bearer(SOURCE)), repr(settings), repr(prepared)]
    shown += [repr(REQUEST), repr(structs.replace(SOURCE, parameters={"assertion": "private"}))]
    assert not [text for text in shown if "private" in text or "secret'" in text.replace("client_secret'", "")]
