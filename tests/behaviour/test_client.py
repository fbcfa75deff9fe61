"""The client around the calls: options, hooks, logging, connections, and where it goes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
from acme_payments import (
    SERVERS,
    AcmePayments,
    APIConnectionError,
    APIError,
    AsyncAcmePayments,
    AttemptEvent,
    AuthenticationError,
    CallOptions,
    Certainty,
    RetryEvent,
    RetryPolicy,
    Timeout,
)
from acme_payments._runtime.types import timeout_of

from .call_styles import CHARGE, FAST, LOGGER, ONCE, PATIENT, Ask, CallStyle, in_this_thread, one
from .fault_server import TOKEN, Act, Fault, FaultServer, answering

GET = Ask("charges.get", ("ch_1",))


def make(server: FaultServer, **settings: Any) -> AcmePayments:  # noqa: ANN401
    """A sync client of the server."""
    usual: dict[str, Any] = {"base_url": server.url, "token": TOKEN, "retry": FAST, "timeout": PATIENT}
    return AcmePayments(**{**usual, **settings})


# --- options of a call, options of a copy ---


def test_a_calls_own_retry_policy_wins(server: FaultServer, call_style: CallStyle) -> None:
    """`CallOptions(retry=...)` holds for one call; the next has the client's again."""
    server.plan(*[answering(503)] * 4)
    once = CHARGE.again(options=CallOptions(retry=ONCE))
    first, second = call_style(server.url, once, CHARGE, retry=RetryPolicy(max_retries=2, initial_delay=0, max_delay=0))
    assert [len(first.record.attempts), len(second.record.attempts)] == [1, 3]


@pytest.mark.parametrize("wrong", [{"timeout": "30"}, {"timeout": True}, {"retry": 3}], ids=str)
def test_what_is_no_timeout_and_no_policy_is_named(server: FaultServer, wrong: dict[str, Any]) -> None:
    """It is refused where it is given, in words that say what is wanted, and not in the middle of a call."""
    (name,) = wrong
    message = f"{name} must be a (Timeout|RetryPolicy), such as "
    with pytest.raises(TypeError, match=message):
        make(server, **wrong)
    with pytest.raises(TypeError, match=message):
        make(server).with_options(**wrong)
    with pytest.raises(TypeError, match="timeout must be a Timeout"):
        CallOptions(timeout="30")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"base_url": 5}, "base_url must be a str, such as"),
        ({"token": 5}, "the credential of ACME_PAYMENTS_TOKEN must be a text, a function that returns one, or"),
        ({"headers": [("a", "b")]}, "headers must be a Mapping, such as"),
        ({"headers": {"a": 5}}, "headers must have texts as names and values: 'a' has one of the type int"),
        (
            {"middleware": print},
            r"middleware must be a list of functions, such as .*, and not a builtin",
        ),
        ({"proxy": 5}, "proxy must be a str, such as"),
        ({"account": 5}, "account must be a str, such as"),
        ({"journal": "calls.db"}, r"journal must be a journal, such as SQLiteJournal\('calls.db'\), and not a str"),
    ],
    ids=str,
)
def test_an_argument_of_a_wrong_kind_is_named_when_the_client_is_made(
    server: FaultServer, wrong: dict[str, Any], message: str
) -> None:
    """With what is right; what a header holds, or a credential, is not shown."""
    with pytest.raises(TypeError, match=message):
        make(server, **wrong)


def test_options_of_a_wrong_kind_are_named(server: FaultServer, call_style: CallStyle) -> None:
    """A dict is none, and headers are a dict."""
    with pytest.raises(TypeError, match=r"options must be a CallOptions, such as .*, and not a dict"):
        call_style(server.url, CHARGE.again(options={"timeout": 5}))
    with pytest.raises(TypeError, match="headers must be a Mapping, such as"):
        CallOptions(headers=["X-Tenant"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    empty: Any = {"X-Tenant": None}
    with AcmePayments(token=TOKEN, base_url="http://127.0.0.1:9") as client:
        with pytest.raises(TypeError, match="the header X-Tenant has None as its value: leave it out"):
            client.charges.get("ch_1", options=CallOptions(headers=empty))
        with pytest.raises(TypeError, match="'X-Tenant' has one of the type NoneType"):
            client.with_options(headers=empty)
    assert not server.seen


@pytest.mark.parametrize("given", [0.1, httpx.Timeout(5, read=0.1), Timeout(read=0.1)], ids=repr)
def test_a_timeout_may_be_given_as_seconds_or_as_httpx_has_it(
    server: FaultServer,
    call_style: CallStyle,
    given: Any,  # noqa: ANN401
) -> None:
    """On a call and on a client; seconds are for the whole attempt."""
    for options, client in ((CallOptions(max_retries=0, timeout=given), {}), (None, {"timeout": given, "retry": ONCE})):
        server.plan(Fault(Act.STALL, after=True))
        charge = CHARGE if options is None else CHARGE.again(options=options)
        ended = one(call_style, server.url, charge, **client)
        assert ended.error is not None
        assert "timed out" in str(ended.error)
        assert len(ended.record.attempts) == 1


def test_a_timeout_of_httpx_without_a_limit_has_none() -> None:
    """None is no limit there; an attempt that takes a day has no answer to give."""
    timeout = timeout_of(httpx.Timeout(None, connect=2))
    assert (timeout.connect, timeout.read, timeout.total) == (2, 86_400, None)


def test_how_often_is_retried_may_be_given_alone(server: FaultServer, call_style: CallStyle) -> None:
    """On the client, a copy or a call; two numbers that differ are refused."""
    server.plan(*[answering(503)] * 3)
    quick = RetryPolicy(initial_delay=0, max_delay=0)
    ended = one(call_style, server.url, CHARGE.again(options=CallOptions(max_retries=1)), retry=quick)
    assert len(ended.record.attempts) == 2
    server.plan(*[answering(503)] * 3)
    ended = one(call_style, server.url, CHARGE, retry=quick, max_retries=0)
    assert len(ended.record.attempts) == 1
    with pytest.raises(ValueError, match="differ"):
        make(server, retry=RetryPolicy(max_retries=5), max_retries=1)


def test_a_server_of_the_document_may_be_given_by_its_name() -> None:
    """`SERVERS` has the names."""
    name, url = next(iter(SERVERS.items()))
    assert url in repr(AcmePayments(token="t", base_url=name))  # noqa: S106


def test_a_calls_own_timeout_wins(server: FaultServer, call_style: CallStyle) -> None:
    """`CallOptions(timeout=...)` cuts one call short."""
    server.plan(Fault(Act.STALL, after=True))
    ended = one(call_style, server.url, CHARGE.again(options=CallOptions(retry=ONCE, timeout=Timeout(read=0.1))))
    assert ended.error is not None
    assert ended.record.elapsed < 2.0
    assert "read timed out" in str(ended.error)


def test_a_calls_own_headers_are_added(server: FaultServer, call_style: CallStyle) -> None:
    """They win over the client's; the key is never overridden, and the next call is without them."""
    options = CallOptions(headers={"X-Trace": "call", "idempotency-key": "other"})
    first, second = call_style(
        server.url, CHARGE.again(options=options), CHARGE, headers={"x-trace": "client", "X-Team": "a"}
    )
    assert [seen.every("x-trace") for seen in server.seen] == [["call"], ["client"]]
    assert [seen.every("x-team") for seen in server.seen] == [["a"], ["a"]]
    assert [seen.every("idempotency-key") for seen in server.seen] == [[first.key], [second.key]]


def test_a_calls_own_strictness_wins(server: FaultServer, call_style: CallStyle) -> None:
    """`strict=True` raises where an answer does not match; the effect is not denied."""
    server.plan(*[answering(201, {"id": "ch_1"}, after=True)] * 2)
    strict = CHARGE.again(options=CallOptions(strict=True))
    loose, raised = call_style(server.url, CHARGE, strict)
    assert loose.response is not None
    assert (loose.response.data.id, loose.response.data.amount) == ("ch_1", None)
    assert type(raised.error).__name__ == "APIDecodeError"
    assert raised.record.certainty is Certainty.APPLIED


def test_a_strict_client_can_be_told_not_to_be(server: FaultServer, call_style: CallStyle) -> None:
    """`strict=False` of a call wins over the client's True."""
    server.plan(answering(201, {"id": "ch_1"}, after=True))
    ended = one(call_style, server.url, CHARGE.again(options=CallOptions(strict=False)), strict=True)
    assert ended.error is None


def test_with_options_makes_a_copy(server: FaultServer) -> None:
    """It has its own policy, extra headers and its own strictness; the original keeps what it has."""
    with make(server, headers={"X-Own": "1"}) as client:
        copy = client.with_options(retry=ONCE, headers={"X-Team": "b"}, strict=True)
        assert type(copy) is AcmePayments
        server.plan(answering(503), answering(503))
        with pytest.raises(APIError) as caught:
            copy.charges.get("ch_1")
        assert len(caught.value.attempts) == 1
        assert len(client.charges.get.detailed("ch_1").attempts) == 2
        server.plan(answering(200, {"id": "ch_1"}))
        with pytest.raises(APIError):
            copy.charges.get("ch_1")
    assert [seen.every("x-team") for seen in server.seen] == [["b"], [], [], ["b"]]
    assert all(seen.every("x-own") == ["1"] for seen in server.seen)


def test_with_options_shares_the_connection(server: FaultServer) -> None:
    """A copy opens no connection of its own."""
    with make(server) as client:
        client.charges.get("ch_1")
        client.with_options(headers={"X-Team": "b"}).charges.get("ch_1")
        client.with_options(retry=ONCE).with_options(timeout=PATIENT).charges.get("ch_1")
    assert server.connections == 1


def test_with_options_shares_the_budget(server: FaultServer) -> None:
    """An outage is not multiplied by making copies."""
    server.plan(*[answering(503)] * 400)
    policy = RetryPolicy(max_retries=100, initial_delay=0, max_delay=0)
    with make(server, retry=policy) as client:
        counts: list[int] = []
        for caller in (client, client.with_options(headers={"X-Team": "b"})):
            with pytest.raises(APIError) as caught:
                caller.charges.get("ch_1")
            counts.append(len(caught.value.attempts))
        assert "budget" in caught.value.record.stopped
    assert counts == [101, 1]


def test_async_with_options(server: FaultServer) -> None:
    """The async client's copy, on both event loops, shares the connection as well."""

    async def main() -> None:
        async with AsyncAcmePayments(base_url=server.url, token=TOKEN) as client:
            await client.charges.get("ch_1")
            copy = client.with_options(headers={"X-Team": "b"})
            assert type(copy) is AsyncAcmePayments
            await copy.charges.get("ch_1")

    for backend in ("asyncio", "trio"):
        anyio.run(main, backend=backend)
    assert server.connections == 2
    assert [seen.every("x-team") for seen in server.seen] == [[], ["b"], [], ["b"]]


# --- connections ---


def test_connections_are_kept(server: FaultServer, call_style: CallStyle) -> None:
    """Calls and retries go over one connection while it lasts."""
    server.plan(answering(503))
    call_style(server.url, GET, GET, CHARGE)
    assert server.connections == 1


def test_a_stale_connection_costs_a_retry_and_nothing_else(server: FaultServer, call_style: CallStyle) -> None:
    """A server that closes an idle connection makes no second effect."""
    server.plan(Fault(), Fault(Act.RESET_UNREAD))
    _, ended = call_style(server.url, CHARGE, CHARGE)
    assert ended.error is None
    assert server.effects_of(ended.key) == 1


def test_the_callers_own_client_is_used_and_not_closed(server: FaultServer) -> None:
    """Its headers, cookies and hooks are used, and it is open after `close` and after `with`."""
    hooked: list[httpx.Request] = []
    own = httpx.Client(
        headers={"X-Own": "yes"},
        cookies={"lb": "7"},
        event_hooks={"request": [hooked.append]},
    )
    with own:
        client = make(server, http_client=own)
        client.charges.get("ch_1")
        client.close()
        assert not own.is_closed
        with make(server, http_client=own) as again:
            again.charges.create(amount=1, currency="usd")
        assert not own.is_closed
    assert server.connections == 1
    assert [request.method for request in hooked] == ["GET", "POST"]
    assert all(seen.every("x-own") == ["yes"] and seen.every("cookie") == ["lb=7"] for seen in server.seen)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_callers_own_async_client_is_used_and_not_closed(server: FaultServer, backend: str) -> None:
    """The same for the async client."""

    async def main() -> None:
        async with httpx.AsyncClient(headers={"X-Own": "yes"}) as own:
            async with AsyncAcmePayments(base_url=server.url, token=TOKEN, http_client=own) as client:
                await client.charges.get("ch_1")
            assert not own.is_closed
            await client.close()
            assert not own.is_closed

    anyio.run(main, backend=backend)
    assert all(seen.every("x-own") == ["yes"] for seen in server.seen)


def test_the_callers_own_client_may_raise_for_statuses(server: FaultServer) -> None:
    """A hook that raises, as httpx's documentation has it, does not turn a refusal into a lost answer."""

    def raise_for_status(response: httpx.Response) -> None:
        response.raise_for_status()

    server.plan(*[answering(400, {"error": {"message": "no"}})] * 4)
    with httpx.Client(event_hooks={"response": [raise_for_status]}) as own, make(server, http_client=own) as client:
        with pytest.raises(APIError) as caught:
            client.charges.create(amount=1, currency="usd")
        assert len(caught.value.attempts) == 1
        assert caught.value.certainty is Certainty.REJECTED


def test_a_context_manager_closes_and_lets_exceptions_pass(server: FaultServer) -> None:
    """Leaving `with` by an exception closes the connection and hides nothing."""
    with pytest.raises(LookupError), make(server) as client:  # noqa: PT012  # leaving the block is what is tested
        client.charges.get("ch_1")
        raise LookupError
    server.drain()
    with pytest.raises(LookupError):
        anyio.run(failing_in_context, server.url)


async def failing_in_context(url: str) -> None:
    """An exception inside `async with`."""
    async with AsyncAcmePayments(base_url=url, token=TOKEN) as client:
        await client.charges.get("ch_1")
        raise LookupError


def test_an_unused_client_opens_nothing(server: FaultServer) -> None:
    """Making a client connects to nothing."""
    make(server).close()
    assert server.connections == 0


# --- where it goes, and who it is ---


@pytest.mark.parametrize(
    "url", ["", "api.acme.example", "ftp://api.acme.example", "/v1", "localhost:8080", "//host", "file:///etc/passwd"]
)
def test_a_base_url_that_is_none_is_refused_at_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the client is made, with the name of the environment variable in the message."""
    monkeypatch.setenv("ACME_PAYMENTS_BASE_URL", url)
    if url:
        with pytest.raises(ValueError, match="ACME_PAYMENTS_BASE_URL"):
            AcmePayments(base_url=url)
        with pytest.raises(ValueError, match="ACME_PAYMENTS_BASE_URL"):
            AsyncAcmePayments()
    else:
        AcmePayments(base_url=url).close()


@pytest.mark.parametrize("url", ["http://", "https://", "http:///v1", "http://host:port/v1", "http://[::1/v1"])
def test_a_base_url_without_a_host_is_an_error_that_says_so(url: str) -> None:
    """Either the client refuses it or the call says that nothing was sent; never an exception of another library."""
    try:
        client = AcmePayments(base_url=url, token=TOKEN, retry=FAST)
    except ValueError as error:
        assert "base_url" in str(error)  # noqa: PT017  # either way is good
        return
    with client, pytest.raises(APIConnectionError) as caught:
        client.charges.create(amount=1, currency="usd")
    assert caught.value.certainty is Certainty.NOT_SENT
    assert len(caught.value.attempts) == 1


def test_the_environment_gives_url_and_token(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they are not given in code."""
    monkeypatch.setenv("ACME_PAYMENTS_BASE_URL", server.url + "/")
    monkeypatch.setenv("ACME_PAYMENTS_TOKEN", TOKEN)
    with AcmePayments() as client:
        assert client.charges.get("ch_1").id == "ch_1"
    monkeypatch.setenv("ACME_PAYMENTS_TOKEN", "wrong")
    with AcmePayments(token=TOKEN) as client:
        assert client.charges.get("ch_1").id == "ch_1"
    assert server.seen[0].target == "/v1/charges/ch_1"


def test_without_a_token_the_server_has_the_last_word(server: FaultServer, call_style: CallStyle) -> None:
    """The call is sent without credentials, and the 401 is a typed error."""
    ended = one(call_style, server.url, token=None)
    assert isinstance(ended.error, AuthenticationError)
    assert server.seen[0].every("authorization") == []


def test_what_every_request_says(server: FaultServer, call_style: CallStyle) -> None:
    """Accept, user agent, media type, and the body as UTF-8 JSON of known length."""
    one(call_style, server.url)
    (seen,) = server.seen
    assert (seen.method, seen.target) == ("POST", "/v1/charges")
    assert seen.every("content-type") == ["application/json"]
    assert seen.every("accept") == ["application/json"]
    assert seen.every("user-agent")[0].startswith("acme-payments-python/")
    assert seen.every("content-length") == [str(len(seen.body))]
    assert seen.body == '{"amount":1999,"currency":"usd","description":"Zwei Karten, Reihe Ü"}'.encode()


@pytest.mark.parametrize("headers", [{"X-A\r\nX-Evil": "1"}, {"X-A": "1\r\nX-Evil: 1"}, {"X-A": "1\nX-Evil: 1"}])
def test_no_header_is_injected(server: FaultServer, call_style: CallStyle, headers: dict[str, str]) -> None:
    """Nothing leaves for a header that cannot be sent."""
    try:
        ended = one(call_style, server.url, CHARGE.again(options=CallOptions(headers=headers)))
    except ValueError:
        pass
    else:
        assert ended.record.certainty is Certainty.NOT_SENT
    assert not server.seen


@pytest.mark.parametrize("charge_id", ["..", ".", ""])
def test_no_path_parameter_climbs(server: FaultServer, call_style: CallStyle, charge_id: str) -> None:
    """A dot segment or nothing is refused before anything is sent."""
    with pytest.raises(ValueError, match="path"):
        one(call_style, server.url, Ask("charges.get", (charge_id,)))
    assert not server.seen


@pytest.mark.parametrize("charge_id", ["a/b", "a?b=c", "a#b", "a b", "ä", "a%2Fb", "a;b", "a&b"])
def test_a_path_parameter_stays_in_its_place(server: FaultServer, call_style: CallStyle, charge_id: str) -> None:
    """Whatever its characters, it is one segment on the wire."""
    one(call_style, server.url, Ask("charges.get", (charge_id,)))
    (seen,) = server.seen
    assert seen.target.count("/") == 3
    assert "?" not in seen.target
    assert httpx.URL(server.url).join(seen.target).path == f"/v1/charges/{charge_id}"


# --- hooks and logs ---


def test_hooks_hear_of_attempts_and_retries(server: FaultServer, call_style: CallStyle) -> None:
    """Frozen data: the call, each attempt with its certainty, and the wait."""
    attempts: list[AttemptEvent] = []
    retries: list[RetryEvent] = []
    server.plan(Fault(Act.CUT, after=True), answering(429, Retry_After_Ms="20"))
    ended = one(call_style, server.url, on_attempt=attempts.append, on_retry=retries.append)
    assert tuple(event.attempt for event in attempts) == ended.record.attempts
    assert [event.attempt.certainty for event in attempts] == [Certainty.UNKNOWN, Certainty.REJECTED, Certainty.APPLIED]
    assert [event.attempt.number for event in retries] == [1, 2]
    assert retries[1].delay >= 0.02
    assert {event.call for event in attempts} == {event.call for event in retries} == {ended.record.call}
    assert ended.record.call.operation == "charges.create"
    assert ended.record.call.idempotency_key == ended.key
    frozen: Any = attempts[0]
    with pytest.raises(AttributeError):
        frozen.call = None


def test_logs_name_the_key_and_never_the_credentials(
    server: FaultServer, call_style: CallStyle, caplog: pytest.LogCaptureFixture
) -> None:
    """Under the package's logger, retries at INFO and attempts at DEBUG; no token at any level of any logger."""
    caplog.set_level(logging.DEBUG)
    server.plan(Fault(Act.CUT), answering(503), *[answering(401)] * 2)
    ended = one(call_style, server.url)
    ours = [entry for entry in caplog.records if entry.name == LOGGER]
    assert {entry.levelno for entry in ours} == {logging.DEBUG, logging.INFO}
    assert all(ended.key and ended.key in entry.getMessage() for entry in ours)
    assert sum(entry.levelno == logging.INFO for entry in ours) == 2
    assert TOKEN not in caplog.text
    assert TOKEN not in f"{ended.error}{ended.error!r}{ended.record!r}"


def test_nothing_is_logged_above_debug_when_all_goes_well(
    server: FaultServer, call_style: CallStyle, caplog: pytest.LogCaptureFixture
) -> None:
    """A library is quiet."""
    caplog.set_level(logging.INFO)
    one(call_style, server.url)
    assert not [entry for entry in caplog.records if entry.name.startswith(LOGGER)]


def test_an_answer_that_does_not_match_is_logged_once(
    server: FaultServer, call_style: CallStyle, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning says where."""
    server.plan(answering(201, {"id": 7}, after=True))
    one(call_style, server.url)
    (warning,) = [entry for entry in caplog.records if entry.levelno == logging.WARNING]
    assert "schema" in warning.getMessage()
    assert "charges.create" in warning.getMessage()


def test_the_plain_call_gives_the_typed_result(server: FaultServer) -> None:
    """`create(...)` is `create.detailed(...).data`."""
    call: Callable[[], object]
    with make(server) as client:
        charge = client.charges.create(amount=1999, currency="usd")
        assert (charge.id, charge.amount, type(charge).__name__) == ("ch_1", 1999, "Charge")
        assert type(charge.payment_method).__name__ == "CardPaymentMethod"
        detailed = client.charges.create.detailed(amount=1, currency="usd")
        assert (detailed.status, detailed.request_id, detailed.replayed) == (201, "req_2", False)
        assert detailed.headers["CONTENT-TYPE"] == "application/json"
        assert detailed.certainty is Certainty.APPLIED
        call = lambda: client.customers.delete("cus_1")  # noqa: E731
        assert call() is None


def test_two_calls_never_share_a_key(server: FaultServer, call_style: CallStyle) -> None:
    """Identical arguments are still two charges."""
    ended = call_style(server.url, *[CHARGE] * 5)
    assert len({each.key for each in ended}) == 5
    assert len(server.effects) == 5


def test_a_caller_may_bring_the_key(server: FaultServer, call_style: CallStyle) -> None:
    """The same key twice is one charge, and the second answer is marked as replayed."""
    first, second = call_style(server.url, *[CHARGE.again(idempotency_key="order-1007")] * 2)
    assert first.response is not None
    assert second.response is not None
    assert (first.response.replayed, second.response.replayed) == (False, True)
    assert first.response.content == second.response.content
    assert server.effects_of("order-1007") == 1


@pytest.mark.parametrize("key", ["", " k", "k\r\nX-Evil: 1", "é", "x" * 256])
def test_a_key_that_cannot_be_sent_is_refused(server: FaultServer, call_style: CallStyle, key: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match="idempotency_key"):
        one(call_style, server.url, CHARGE.again(idempotency_key=key))
    assert not server.seen


def test_operations_without_a_key_have_no_such_parameter(server: FaultServer) -> None:
    """The signature shows which calls are keyed."""
    for ask in (GET, Ask("customers.delete", ("cus_1",)), Ask("customers.replace", ("cus_1",), {"email": "a@b.c"})):
        with pytest.raises(TypeError, match="idempotency_key"):
            one(in_this_thread, server.url, ask.again(idempotency_key="k"))
    assert not server.seen
