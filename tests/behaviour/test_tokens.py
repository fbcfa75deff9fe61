"""Tokens: fetched once for all calls, renewed when they are refused, and never a reason to send anything twice."""

from __future__ import annotations

import base64
import logging
import pickle
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from acme_payments import (
    AcmePayments,
    APIConnectionError,
    AsyncAcmePayments,
    AttemptEvent,
    AuthenticationError,
    Certainty,
    ClientCredentials,
    RetryPolicy,
    SQLiteJournal,
    TokenError,
)

from .call_styles import CHARGE, FAST, LOGGER, ONCE, PATIENT, Ask, CallStyle, one
from .token_server import ENDPOINT, TokenReply, TokenServer

SECRET = "s3cr3t-%/ü"  # noqa: S105  # no secret: what the server of these tests would take
GET = Ask("charges.get", ("ch_1",))
MANY = 24


def credentials(server: TokenServer, **changes: Any) -> ClientCredentials:  # noqa: ANN401
    """What a client of the server fetches tokens with."""
    return ClientCredentials("the id", SECRET, server.origin + ENDPOINT, **changes)


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    """An API and its token endpoint."""
    with TokenServer() as running:
        yield running


class Revoking:
    """A hook that revokes all tokens when so many attempts have ended."""

    def __init__(self, server: TokenServer, after: int) -> None:
        self._server = server
        self._left = after

    def __call__(self, _: AttemptEvent) -> None:
        """An attempt has ended."""
        self._left -= 1
        if self._left == 0:
            self._server.revoke()


# --- fetching ---


def test_a_token_is_fetched_when_it_is_needed_and_kept(tokens: TokenServer, call_style: CallStyle) -> None:
    """One request for it, whatever the number of calls; each call bears it and is a single attempt."""
    ended = call_style(tokens.url, GET, CHARGE, GET, token=credentials(tokens))
    assert [(entry.error, len(entry.record.attempts)) for entry in ended] == [(None, 1)] * 3
    assert len(tokens.asked) == 1
    assert tokens.bearers == ["t1"] * 3


def test_the_request_for_a_token(tokens: TokenServer, call_style: CallStyle) -> None:
    """A form, with id and secret form-encoded in HTTP Basic (RFC 6749 section 2.3.1), and nothing of the API's."""
    one(call_style, tokens.url, GET, token=credentials(tokens), headers={"X-Api": "1", "Authorization": "of the API"})
    (asked,) = tokens.asked
    pair = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
    assert (asked.method, pair) == ("POST", "the+id:s3cr3t-%25%2F%C3%BC")
    assert asked.form == {"grant_type": ["client_credentials"]}
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.headers["accept"] == "application/json"
    assert "x-api" not in asked.headers


def test_scope_parameters_and_a_secret_in_the_body(tokens: TokenServer, call_style: CallStyle) -> None:
    """For servers that want more, or want it elsewhere."""
    wanted = credentials(tokens, scope="read write", parameters={"audience": "a&b"}, secret_in_body=True)
    one(call_style, tokens.url, GET, token=wanted)
    (asked,) = tokens.asked
    assert "authorization" not in asked.headers
    assert asked.form == {
        "grant_type": ["client_credentials"],
        "scope": ["read write"],
        "client_id": ["the id"],
        "client_secret": [SECRET],
        "audience": ["a&b"],
    }


@pytest.mark.parametrize(("url", "path"), [("/oauth/token", ENDPOINT), ("../oauth/token", ENDPOINT)])
def test_a_token_url_may_be_relative_to_the_base_url(
    tokens: TokenServer, call_style: CallStyle, url: str, path: str
) -> None:
    """Whatever the base URL is, as for a test server."""
    ended = one(call_style, tokens.url, GET, token=ClientCredentials("a", "b", url))
    assert ended.error is None
    assert tokens.asked[0].path == path


def test_the_endpoint_may_be_on_another_host(tokens: TokenServer, call_style: CallStyle) -> None:
    """Each gets its own credentials and not the other's."""
    with TokenServer() as login:
        ended = one(call_style, tokens.url, GET, token=credentials(login))
    assert ended.error is None
    assert (len(login.asked), len(tokens.asked)) == (1, 0)
    assert not login.called
    assert tokens.bearers == ["t1"]


def test_secrets_follow_no_redirect_to_another_origin(tokens: TokenServer, call_style: CallStyle) -> None:
    """Nor does the call go on without a token."""
    with TokenServer() as elsewhere:
        tokens.planned = [TokenReply(307, location=elsewhere.origin + ENDPOINT)]
        ended = one(call_style, tokens.url, CHARGE, token=credentials(tokens))
        assert not elsewhere.asked
    assert isinstance(ended.error, TokenError)
    assert not tokens.called


@pytest.mark.parametrize(
    ("lifetime", "fetches"), [(3600, 1), ("3600", 1), (None, 1), ("soon", 1), (0, 2), (-5, 2), (True, 1)]
)
def test_how_long_a_token_is_kept(tokens: TokenServer, call_style: CallStyle, lifetime: object, fetches: int) -> None:
    """Until shortly before `expires_in` is over; without it, until the API refuses it."""
    tokens.lifetime = lifetime
    call_style(tokens.url, GET, GET, token=credentials(tokens))
    assert len(tokens.asked) == fetches


# --- one token for all ---


def in_threads(client: AcmePayments) -> None:
    """Many calls at once, each in a thread."""
    start = threading.Barrier(MANY)

    def call() -> None:
        start.wait()
        client.charges.get("ch_1")

    threads = [threading.Thread(target=call) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def in_tasks(client: AsyncAcmePayments) -> None:
    """Many calls at once, each in a task."""
    async with anyio.create_task_group() as group:
        for _ in range(MANY):
            group.start_soon(client.charges.get, "ch_1")


def test_threads_share_one_request_for_a_token(tokens: TokenServer) -> None:
    """No thundering herd, neither at the start nor when the token is refused."""
    tokens.planned = [TokenReply(delay=0.2), TokenReply(delay=0.2)]
    with AcmePayments(token=credentials(tokens), base_url=tokens.url, timeout=PATIENT) as client:
        in_threads(client)
        assert len(tokens.asked) == 1
        assert tokens.bearers == ["t1"] * MANY
        tokens.revoke()
        in_threads(client)
    assert len(tokens.asked) == 2
    # A thread that the machine lets begin late finds the new token there.
    assert MANY < tokens.bearers.count("t1") <= 2 * MANY
    assert tokens.bearers.count("t2") == MANY


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_share_one_request_for_a_token(tokens: TokenServer, backend: str) -> None:
    """The same in an event loop."""

    async def main() -> None:
        async with AsyncAcmePayments(token=credentials(tokens), base_url=tokens.url, timeout=PATIENT) as client:
            await in_tasks(client)
            assert len(tokens.asked) == 1
            tokens.revoke()
            await in_tasks(client)

    tokens.planned = [TokenReply(delay=0.2), TokenReply(delay=0.2)]
    anyio.run(main, backend=backend)
    assert len(tokens.asked) == 2
    assert sorted(tokens.bearers) == ["t1"] * (2 * MANY) + ["t2"] * MANY


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_whoever_waits_goes_on_where_the_one_who_asks_is_cancelled(tokens: TokenServer, backend: str) -> None:
    """The request for a token belongs to nobody."""

    async def main() -> None:
        async with (
            AsyncAcmePayments(token=credentials(tokens), base_url=tokens.url, timeout=PATIENT) as client,
            anyio.create_task_group() as group,
        ):
            leader = anyio.CancelScope()

            async def lead() -> None:
                with leader:
                    await client.charges.get("ch_lead")

            group.start_soon(lead)
            await anyio.sleep(0.1)
            group.start_soon(client.charges.get, "ch_wait")
            await anyio.sleep(0.1)
            leader.cancel()

    tokens.planned = [TokenReply(delay=1.0)]
    anyio.run(main, backend=backend)
    assert len(tokens.asked) == 2
    assert [request.path for request in tokens.called] == ["/v1/charges/ch_wait"]


def test_copies_share_the_token(tokens: TokenServer) -> None:
    """`with_options` makes no other client of it."""
    with AcmePayments(token=credentials(tokens), base_url=tokens.url) as client:
        client.charges.get("ch_1")
        client.with_options(headers={"X-Team": "b"}).charges.get("ch_1")
    assert len(tokens.asked) == 1


# --- a refused token ---


def test_a_refused_token_is_renewed_and_the_same_request_sent_again(tokens: TokenServer, call_style: CallStyle) -> None:
    """Once, within the attempt: 401 says that nothing was done. Key and bytes stay."""
    revoking = Revoking(tokens, after=1)
    first, second = call_style(tokens.url, CHARGE, CHARGE, token=credentials(tokens), on_attempt=revoking)
    assert (first.error, second.error) == (None, None)
    assert tokens.bearers == ["t1", "t1", "t2"]
    _, refused, again = tokens.called
    assert (refused.body, refused.headers["idempotency-key"]) == (again.body, again.headers["idempotency-key"])
    assert again.headers["idempotency-key"] == second.key
    assert len(second.record.attempts) == 1
    assert second.record.certainty is Certainty.APPLIED


def test_a_refused_token_is_renewed_without_retries_too(tokens: TokenServer, call_style: CallStyle) -> None:
    """Like a redirect, it is not a retry: `max_retries=0` forbids it as little."""
    revoking = Revoking(tokens, after=1)
    _, second = call_style(tokens.url, CHARGE, CHARGE, token=credentials(tokens), on_attempt=revoking, retry=ONCE)
    assert second.error is None


def test_a_new_token_that_is_refused_as_well_is_the_end(tokens: TokenServer, call_style: CallStyle) -> None:
    """At most one renewal in a call; the error is the API's."""
    tokens.revoked = {f"t{number}" for number in range(2, 9)}
    revoking = Revoking(tokens, after=1)
    _, second = call_style(tokens.url, CHARGE, CHARGE, token=credentials(tokens), on_attempt=revoking)
    assert isinstance(second.error, AuthenticationError)
    assert second.error.certainty is Certainty.REJECTED
    assert tokens.bearers == ["t1", "t1", "t2"]
    assert len(tokens.asked) == 2


def test_a_token_fetched_for_this_call_is_not_renewed(tokens: TokenServer, call_style: CallStyle) -> None:
    """It is as new as it can be, so a refusal is the API's last word."""
    tokens.revoked = {"t1", "t2"}
    ended = one(call_style, tokens.url, CHARGE, token=credentials(tokens))
    assert isinstance(ended.error, AuthenticationError)
    assert (len(tokens.asked), len(tokens.called)) == (1, 1)


def test_where_no_new_token_can_be_had_the_refusal_stands(
    tokens: TokenServer, call_style: CallStyle, caplog: pytest.LogCaptureFixture
) -> None:
    """The API's 401 is told, and why there is no other token is logged."""
    revoking = Revoking(tokens, after=1)
    tokens.planned = [TokenReply(), TokenReply(401, {"error": "invalid_client"})]
    with caplog.at_level(logging.WARNING, LOGGER):
        _, second = call_style(tokens.url, CHARGE, CHARGE, token=credentials(tokens), on_attempt=revoking)
    assert isinstance(second.error, AuthenticationError)
    assert second.error.certainty is Certainty.REJECTED
    assert "invalid_client" in caplog.text


def test_where_a_new_token_may_be_had_later_the_call_is_retried(tokens: TokenServer, call_style: CallStyle) -> None:
    """The token endpoint's outage is not the call's end."""
    revoking = Revoking(tokens, after=1)
    tokens.planned = [TokenReply(), TokenReply(503)]
    _, second = call_style(tokens.url, CHARGE, CHARGE, token=credentials(tokens), on_attempt=revoking)
    assert second.error is None
    assert [attempt.certainty for attempt in second.record.attempts] == [Certainty.NOT_SENT, Certainty.APPLIED]
    assert tokens.bearers == ["t1", "t1", "t3"]


def test_a_plain_token_is_never_renewed(tokens: TokenServer, call_style: CallStyle) -> None:
    """There is nothing to renew it with."""
    ended = one(call_style, tokens.url, CHARGE, token="wrong")  # noqa: S106  # no secret
    assert isinstance(ended.error, AuthenticationError)
    assert len(tokens.called) == 1


# --- no token ---


@pytest.mark.parametrize(
    "reply",
    [TokenReply(503), TokenReply(500), TokenReply(429), TokenReply(408), TokenReply(0)],
    ids=lambda reply: reply.status,
)
def test_an_endpoint_in_trouble_is_asked_again(tokens: TokenServer, call_style: CallStyle, reply: TokenReply) -> None:
    """Getting a token twice harms nothing; to the call it is an attempt that was never sent."""
    tokens.planned = [reply, reply]
    ended = one(call_style, tokens.url, CHARGE, token=credentials(tokens))
    assert ended.error is None
    assert [attempt.certainty for attempt in ended.record.attempts] == [
        Certainty.NOT_SENT,
        Certainty.NOT_SENT,
        Certainty.APPLIED,
    ]
    assert len(tokens.called) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (TokenReply(401, {"error": "invalid_client", "error_description": "no\n  such"}), "invalid_client: no such"),
        (TokenReply(400, {"error": "invalid_scope"}), "status 400 (invalid_scope)"),
        (TokenReply(404, {"error": {"code": 5}}), "status 404"),
        (TokenReply(200, {"token": "t1"}), "holds none that can be sent"),
        (TokenReply(200, {"access_token": "t1\r\nX-Evil: 1"}), "holds none that can be sent"),
        (TokenReply(200, {"access_token": "t1", "token_type": "mac"}), "not a bearer token"),
    ],
)  # fmt: skip
def test_an_endpoint_that_refuses_ends_the_call(
    tokens: TokenServer, call_style: CallStyle, reply: TokenReply, words: str
) -> None:
    """With its own words, and certain: nothing was sent to the API."""
    tokens.planned = [reply] * 4
    ended = one(call_style, tokens.url, CHARGE, token=credentials(tokens))
    assert isinstance(ended.error, TokenError)
    assert isinstance(ended.error, APIConnectionError)
    assert ended.error.certainty is Certainty.NOT_SENT
    assert words in str(ended.error)
    assert "nothing was sent, so nothing was done" in str(ended.error)
    assert (len(tokens.asked), len(tokens.called)) == (1, 0)
    assert str(pickle.loads(pickle.dumps(ended.error))) == str(ended.error)  # noqa: S301  # our own bytes


def test_the_deadline_holds_for_the_token_too(tokens: TokenServer, call_style: CallStyle) -> None:
    """A call does not wait longer for its token than for anything else."""
    tokens.planned = [TokenReply(delay=1.5)]
    began = time.monotonic()
    ended = one(call_style, tokens.url, CHARGE, token=credentials(tokens), retry=RetryPolicy(deadline=0.3))
    assert isinstance(ended.error, TokenError)
    assert ended.error.certainty is Certainty.NOT_SENT
    assert time.monotonic() - began < 1.4
    assert not tokens.called


def test_who_waits_for_another_ones_request_keeps_its_own_deadline(tokens: TokenServer) -> None:
    """The slower policy of whoever asks is not that of whoever waits."""
    tokens.planned = [TokenReply(delay=1.0)]
    with AcmePayments(token=credentials(tokens), base_url=tokens.url, timeout=PATIENT) as client:
        leader = threading.Thread(target=client.charges.get, args=("ch_1",))
        leader.start()
        time.sleep(0.2)
        hasty = client.with_options(retry=RetryPolicy(deadline=0.2))
        with pytest.raises(TokenError, match="before the deadline"):
            hasty.charges.get("ch_1")
        leader.join()
    assert len(tokens.asked) == 1


def test_a_token_that_was_lost_after_a_lost_answer_leaves_the_call_unknown(
    tokens: TokenServer, call_style: CallStyle
) -> None:
    """That an attempt was never sent says nothing of the one before it."""
    tokens.lifetime = 0
    tokens.planned = [TokenReply(), TokenReply(400, {"error": "invalid_client"})]
    tokens.losing = 1
    ended = one(call_style, tokens.url, CHARGE, token=credentials(tokens), retry=FAST)
    assert isinstance(ended.error, TokenError)
    assert ended.error.certainty is Certainty.UNKNOWN
    assert f"idempotency_key={ended.key!r}" in str(ended.error)


# --- the caller's own function ---


def test_a_function_is_asked_for_each_attempt(tokens: TokenServer, call_style: CallStyle) -> None:
    """It keeps and renews its tokens itself."""
    given: list[str] = []

    def token() -> str:
        given.append(f"t{len(given) + 1}")
        return given[-1]

    call_style(tokens.url, GET, CHARGE, token=token)
    assert tokens.bearers == ["t1", "t2"] == given


def test_a_function_is_asked_again_where_its_token_is_refused(tokens: TokenServer, call_style: CallStyle) -> None:
    """Once; the same token again is no reason to send the same request again."""
    tokens.revoked = {"t1"}
    given = iter(["t1", "t2"])
    assert one(call_style, tokens.url, CHARGE, token=lambda: next(given)).error is None
    assert tokens.bearers == ["t1", "t2"]
    ended = one(call_style, tokens.url, CHARGE, token=lambda: "t1")
    assert isinstance(ended.error, AuthenticationError)
    assert tokens.bearers == ["t1", "t2", "t1"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_async_client_takes_a_coroutine_function(tokens: TokenServer, backend: str) -> None:
    """It is awaited, until the deadline."""

    async def token() -> str:
        await anyio.lowlevel.checkpoint()
        return "t7"

    async def never() -> str:
        await anyio.sleep_forever()
        return ""

    async def main() -> None:
        async with AsyncAcmePayments(token=token, base_url=tokens.url) as client:
            await client.charges.get("ch_1")
        async with AsyncAcmePayments(token=never, base_url=tokens.url, retry=RetryPolicy(deadline=0.1)) as client:
            with pytest.raises(TokenError, match="before the deadline"):
                await client.charges.get("ch_1")

    anyio.run(main, backend=backend)
    assert tokens.bearers == ["t7"]


def test_the_sync_client_says_that_it_cannot_await(tokens: TokenServer) -> None:
    """Type checkers say so, too."""

    async def token() -> str:
        await anyio.lowlevel.checkpoint()
        return "t1"

    wrong: Any = token
    with (
        AcmePayments(token=wrong, base_url=tokens.url) as client,
        pytest.raises(TokenError, match="needs the async client"),
    ):
        client.charges.get("ch_1")


@pytest.mark.parametrize("wrong", [None, 3, "", "a b", "t1\r\nX-Evil: 1", "ü"])
def test_what_is_no_token_is_not_sent(tokens: TokenServer, call_style: CallStyle, wrong: object) -> None:
    """No header is made of it."""
    ended = one(call_style, tokens.url, CHARGE, token=lambda: wrong)
    assert isinstance(ended.error, TokenError)
    assert ended.error.certainty is Certainty.NOT_SENT
    assert not tokens.called


def test_a_function_that_fails_ends_the_call(tokens: TokenServer, call_style: CallStyle) -> None:
    """Its words are in the error, and nothing was sent."""

    def token() -> str:
        raise LookupError("the vault is sealed")

    ended = one(call_style, tokens.url, CHARGE, token=token)
    assert isinstance(ended.error, TokenError)
    assert "LookupError: the vault is sealed" in str(ended.error)
    assert not tokens.called


# --- what is written down ---


def test_neither_token_nor_secret_is_told(
    tokens: TokenServer, call_style: CallStyle, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Not in logs, errors, hooks or the journal, nor where somebody prints what they hold."""
    events: list[AttemptEvent] = []
    path = tmp_path / "journal.db"
    tokens.planned = [
        TokenReply(body={"access_token": "t1-very-private"}),
        TokenReply(503),
        TokenReply(body={"access_token": "t2-private"}),
    ]
    tokens.revoked = {"t1-very-private"}
    wanted = credentials(tokens)
    tokens.lifetime = 0
    with caplog.at_level(logging.DEBUG):
        ended = call_style(
            tokens.url, CHARGE, CHARGE, token=wanted, on_attempt=events.append, journal=SQLiteJournal(str(path))
        )
    said = [caplog.text, repr(wanted), *(repr(entry) for entry in ended), *(str(entry.error) for entry in ended)]
    said += [repr(event) for event in events]
    stored = b"".join(entry.read_bytes() for entry in tmp_path.iterdir())
    for secret in ("private", SECRET, "s3cr3t"):
        assert not [text for text in said if secret in text]
        assert secret.encode() not in stored
    assert events


def test_a_journal_is_resumed_with_a_token(tokens: TokenServer, tmp_path: Path) -> None:
    """The entry is signed anew by whoever resumes it."""

    class DyingJournal(SQLiteJournal):
        """What is settled is not forgotten: the process ends before that."""

        def settle(self, api: str, key: str, outcome: object = None, *, done: bool = True, reference: str = "") -> None:
            del outcome, done, reference
            self.release(api, key)

    key = "0b3c8f4e-5d5a-4a8e-9d63-0f1c2b3a4d5e"
    path = str(tmp_path / "journal.db")
    for journal in (DyingJournal(path), SQLiteJournal(path)):
        with AcmePayments(token=credentials(tokens), base_url=tokens.url, journal=journal) as client:
            if type(journal) is DyingJournal:
                client.charges.create(amount=1, currency="usd", idempotency_key=key)
            else:
                (settled,) = client.journal.resume()
                assert settled.certainty is Certainty.APPLIED
        journal.close()
    assert tokens.bearers == ["t1", "t2"]


def test_a_call_for_which_no_token_could_be_had_leaves_nothing_in_the_journal(
    tokens: TokenServer, tmp_path: Path
) -> None:
    """Nothing was sent, so nobody may send it later behind the back of whoever was told so."""
    tokens.planned = [TokenReply(400, {"error": "invalid_client"})]
    journal = SQLiteJournal(str(tmp_path / "journal.db"))
    with AcmePayments(token=credentials(tokens), base_url=tokens.url, journal=journal) as client:
        with pytest.raises(TokenError):
            client.charges.create(amount=1, currency="usd", idempotency_key="0b3c8f4e-5d5a-4a8e-9d63-0f1c2b3a4d5e")
        assert client.journal.pending() == []
