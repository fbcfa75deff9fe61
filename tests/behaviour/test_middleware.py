"""Middleware: once per call, before its request is frozen, and behind its end."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import pytest
from acme_payments import (
    AcmePayments,
    APIConnectionError,
    APIStatusError,
    AsyncAcmePayments,
    CallRecord,
    CallRequest,
    Certainty,
    JournalConflictError,
    Response,
    RetryPolicy,
    SQLiteJournal,
)

from .fault_server import TOKEN, Act, Fault, answering, error_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from .fault_server import FaultServer

ONCE = RetryPolicy(max_retries=0)
QUICK = RetryPolicy(initial_delay=0.001, max_delay=0.002, max_retries=3)


def make(server: FaultServer, *middleware: Any, **more: Any) -> AcmePayments:  # noqa: ANN401
    """A client with middleware."""
    return AcmePayments(token=TOKEN, base_url=server.url, retry=QUICK, middleware=middleware, **more)


def charge(server: FaultServer, *middleware: Any, times: int = 1, **more: Any) -> list[Any]:  # noqa: ANN401
    """What charges give with middleware."""
    with make(server, *middleware, **more) as client:
        return [client.charges.create(amount=1999, currency="usd", description="x") for _ in range(times)]


class Seen:
    """A middleware that writes down what it sees, and puts a header on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: list[str] = []

    def __call__(self, request: CallRequest, send: Callable[[CallRequest], Response[Any]]) -> Response[Any]:
        """Write down the call and its end."""
        self.lines.append(f"{request.call.operation} {request.call.method}")
        request.headers["X-Seen"] = f"{request.headers.get('X-Seen', '')}{self.name}"
        try:
            response = send(request)
        except APIStatusError as error:
            self.lines.append(f"refused {error.status}")
            raise
        self.lines.append(f"{response.status} in {len(response.attempts)}")
        return response


def test_it_is_asked_once_whatever_the_attempts(server: FaultServer) -> None:
    """The first one is outermost; all attempts have the same bytes, headers and key; the answer is seen at the end."""
    server.plan(Fault(Act.CUT, after=True), answering(503))
    outer, inner = Seen("a"), Seen("b")
    (made,) = charge(server, outer, inner)
    assert made.amount == 1999
    assert outer.lines == inner.lines == ["charges.create POST", "201 in 3"]
    assert [request.every("X-Seen") for request in server.seen] == [["ab"]] * 3
    assert len({request.body for request in server.seen}) == 1
    assert len({tuple(request.every("Idempotency-Key")) for request in server.seen}) == 1
    assert {tuple(request.every("Authorization")) for request in server.seen} == {(f"Bearer {TOKEN}",)}


def test_it_sees_refusals(server: FaultServer) -> None:
    """As the caller does, and they go on to the caller."""
    server.plan(answering(402, error_body("card_declined", "No.")))
    seen = Seen("a")
    with pytest.raises(APIStatusError):
        charge(server, seen)
    assert seen.lines == ["charges.create POST", "refused 402"]


def test_it_changes_the_body_and_signs_it(server: FaultServer) -> None:
    """Before the bytes are frozen: what is sent again is the same."""

    def sign(request: CallRequest, send: Callable[[CallRequest], Response[Any]]) -> Response[Any]:
        assert request.content is not None
        fields = json.loads(request.content)
        request.content = json.dumps({**fields, "description": "changed"}).encode()
        request.headers["X-Signature"] = str(len(request.content))
        return send(request)

    server.plan(Fault(Act.CUT))
    charge(server, sign)
    for request in server.seen:
        assert json.loads(request.body)["description"] == "changed"
        assert request.every("X-Signature") == request.every("Content-Length") == [str(len(request.body))]


def test_key_and_credentials_are_not_its_own(server: FaultServer) -> None:
    """It can read the key and not change it, and sees no credential."""

    def greedy(request: CallRequest, send: Callable[[CallRequest], Response[Any]]) -> Response[Any]:
        assert not {"authorization", "idempotency-key"} & {name.lower() for name in request.headers}
        assert request.call.idempotency_key is not None
        assert TOKEN not in repr(request)
        request.headers["idempotency-key"] = "another"
        return send(request)

    with pytest.raises(ValueError, match="cannot change idempotency-key: one call has one key"):
        charge(server, greedy)
    assert not server.seen


def test_what_it_raises_says_that_nothing_was_sent(server: FaultServer) -> None:
    """With key and certainty on the exception, as for all that pass through."""

    def broken(_: CallRequest, __: Callable[[CallRequest], Response[Any]]) -> Response[Any]:
        raise KeyError("tenant")

    with pytest.raises(KeyError) as caught:
        charge(server, broken)
    assert vars(caught.value)["certainty"] is Certainty.NOT_SENT
    assert not server.seen


def test_it_sends_once(server: FaultServer) -> None:
    """Whether a request is sent again is not for it to decide."""

    def twice(request: CallRequest, send: Callable[[CallRequest], Response[Any]]) -> Response[Any]:
        send(request)
        return send(request)

    with pytest.raises(RuntimeError, match="sends its request once"):
        charge(server, twice)
    assert len(server.seen) == 1


def test_it_may_answer_by_itself(server: FaultServer) -> None:
    """A cache, say: nothing is sent, and the call ends."""
    kept: list[Response[Any]] = []
    ended: list[object] = []

    def cache(request: CallRequest, send: Callable[[CallRequest], Response[Any]]) -> Response[Any]:
        if not kept:
            kept.append(send(request))
        return kept[0]

    first, second = charge(server, cache, times=2, on_end=ended.append)
    assert first is second
    assert len(server.seen) == 1
    assert len(ended) == 2


def test_a_journal_keeps_what_is_sent(server: FaultServer, tmp_path: Path) -> None:
    """A process that is killed resumes the changed bytes."""

    def change(request: CallRequest, send: Callable[[CallRequest], Response[Any]]) -> Response[Any]:
        assert request.content is not None
        request.content = request.content.replace(b"1999", b"2001")
        return send(request)

    server.plan(*[Fault(Act.CUT)] * 4)
    journal = SQLiteJournal(tmp_path / "j.db")
    with make(server, change, journal=journal) as client:
        with pytest.raises(APIConnectionError):
            client.charges.create(amount=1999, currency="usd", description="x")
        assert len(list(client.journal.resume())) == 1
    journal.close()
    assert {json.loads(request.body)["amount"] for request in server.seen} == {2001}
    assert len({request.body for request in server.seen}) == 1


def test_the_async_client_awaits_it(server: FaultServer) -> None:
    """Async functions, and plain ones that hand on what is awaited."""
    lines: list[str] = []

    async def outer(request: CallRequest, send: Callable[[CallRequest], Awaitable[Response[Any]]]) -> Response[Any]:
        await asyncio.sleep(0)
        response = await send(request)
        lines.append(f"{response.status}")
        return response

    def inner(
        request: CallRequest, send: Callable[[CallRequest], Awaitable[Response[Any]]]
    ) -> Awaitable[Response[Any]]:
        request.headers["X-Seen"] = "inner"
        return send(request)

    async def scenario() -> None:
        async with AsyncAcmePayments(
            token=TOKEN, base_url=server.url, retry=QUICK, middleware=[outer, inner]
        ) as client:
            await client.charges.create(amount=1999, currency="usd")

    server.plan(Fault(Act.CUT))
    asyncio.run(scenario())
    assert lines == ["201"]
    assert [request.every("X-Seen") for request in server.seen] == [["inner"]] * 2


def test_wrong_kinds_are_refused_when_the_client_is_made(server: FaultServer) -> None:
    """No function, and an async one on a client that awaits nothing."""

    async def later(request: CallRequest, send: Callable[[CallRequest], Awaitable[Response[Any]]]) -> Response[Any]:
        return await send(request)

    with pytest.raises(TypeError, match="middleware is a list of functions, and str is none"):
        make(server, "x")
    with pytest.raises(TypeError, match="async function, and this client is not"):
        make(server, later)


NO_RESPONSE = "a middleware must return the response of send, and not a NoneType"


def test_what_a_middleware_forgets_to_return_is_said(server: FaultServer) -> None:
    """Its caller learns that the call was carried out, and so does not repeat it; or that nothing was sent."""

    def forgets(request: CallRequest, send: Callable[[CallRequest], Response[Any]]) -> None:
        if request.call.method == "POST":
            send(request)

    with make(server, forgets) as client:
        with pytest.raises(TypeError, match=NO_RESPONSE) as caught:
            client.charges.create(amount=1999, currency="usd")
        assert caught.value.certainty == "applied"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        assert "it was done, but the answer was lost" in caught.value.__notes__[0]
        with pytest.raises(TypeError, match=NO_RESPONSE) as unsent:
            client.charges.get("ch_1")
        assert unsent.value.certainty == "not sent"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    assert [request.method for request in server.seen] == ["POST"]


def test_a_middleware_that_fails_with_the_answer_says_that_the_call_was_done(server: FaultServer) -> None:
    """A mistake of its own with the answer does not look like a call that was not made; a read has no effect."""

    def fails(request: CallRequest, send: Callable[[CallRequest], Response[Any]]) -> Response[Any]:
        response = send(request)
        return cast("Response[Any]", response.data.nothing_of_the_kind)

    with make(server, fails) as client:
        with pytest.raises(AttributeError) as caught:
            client.charges.create(amount=1999, currency="usd")
        assert "it was done, but the answer was lost" in caught.value.__notes__[0]
        assert server.seen[0].every("Idempotency-Key")[0] in caught.value.__notes__[0]
        with pytest.raises(AttributeError) as read:
            client.charges.get("ch_1")
        assert not hasattr(read.value, "__notes__")


def test_an_error_that_a_middleware_hides_is_no_success(server: FaultServer) -> None:
    """What is said of the call is what became of it, and not that it was passed on."""

    def hides(request: CallRequest, send: Callable[[CallRequest], Response[Any]]) -> Response[Any] | None:
        try:
            return send(request)
        except APIConnectionError:
            return None

    server.plan(*[Fault(Act.CUT)] * 4)
    with make(server, hides) as client, pytest.raises(TypeError, match=NO_RESPONSE) as caught:
        client.charges.create(amount=1999, currency="usd")
    assert caught.value.certainty == "unknown"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def test_what_an_async_middleware_forgets_to_return_is_said(server: FaultServer) -> None:
    """Likewise."""

    async def forgets(request: CallRequest, send: Callable[[CallRequest], Awaitable[Response[Any]]]) -> None:
        await send(request)

    async def scenario() -> None:
        async with AsyncAcmePayments(token=TOKEN, base_url=server.url, retry=QUICK, middleware=[forgets]) as client:  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
            with pytest.raises(TypeError, match=NO_RESPONSE) as caught:
                await client.charges.create(amount=1999, currency="usd")
            assert caught.value.certainty == "applied"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]

    asyncio.run(scenario())
    assert len(server.seen) == 1


class FailsAsWell:
    """A middleware that makes another call, which fails, before or after its own."""

    def __init__(self, *, first: bool) -> None:
        self._first = first

    def __call__(self, request: CallRequest, send: Callable[[CallRequest], Response[Any]]) -> Response[Any]:
        """Write an audit entry somewhere where nobody is."""
        if self._first:
            self._audit()
        response = send(request)
        self._audit()
        return response

    def _audit(self) -> None:
        with AcmePayments(token=TOKEN, base_url="http://127.0.0.1:9", retry=ONCE) as audit:
            audit.charges.get("ch_1")


@pytest.mark.parametrize(
    ("first", "said"),
    [(True, "nothing was sent, so nothing was done"), (False, "it was done, but the answer was lost")],
)
def test_the_failure_of_another_call_is_not_taken_for_its_own(server: FaultServer, said: str, *, first: bool) -> None:
    """A middleware may call other APIs; their error says what has become of the charge, which has an end for hooks."""
    ended: list[CallRecord] = []
    with (
        make(server, FailsAsWell(first=first), on_end=ended.append) as client,
        pytest.raises(APIConnectionError) as caught,
    ):
        client.charges.create(amount=1999, currency="usd")
    assert [note for note in caught.value.__notes__ if note.startswith("charges.create: ")] == caught.value.__notes__
    assert said in caught.value.__notes__[0]
    assert len(ended) == 1
    assert len(server.seen) == (0 if first else 1)


def test_what_the_call_itself_raises_bears_no_further_note(server: FaultServer, tmp_path: Path) -> None:
    """Such as that a journal has the key for another payload: to call again would not settle it."""
    journal = SQLiteJournal(tmp_path / "j.db")
    with closing(journal), make(server, Seen("outer"), journal=journal) as client:
        key = "2f1c7a54-90b3-4e0e-8d25-6a1f0c9be731"
        client.charges.create(amount=1999, currency="usd", idempotency_key=key)
        with pytest.raises(JournalConflictError) as caught:
            client.charges.create(amount=2000, currency="usd", idempotency_key=key)
    assert not hasattr(caught.value, "__notes__")


def test_async_hooks_are_awaited_where_a_middleware_fails(server: FaultServer) -> None:
    """Also where nothing is sent."""
    ended: list[CallRecord] = []

    async def on_end(record: CallRecord) -> None:
        await asyncio.sleep(0)
        ended.append(record)

    async def fails(request: CallRequest, _: Callable[[CallRequest], Awaitable[Response[Any]]]) -> Response[Any]:
        raise ValueError(request.call.method)

    async def scenario() -> None:
        async with AsyncAcmePayments(token=TOKEN, base_url=server.url, middleware=[fails], on_end=on_end) as client:
            with pytest.raises(ValueError, match="POST") as caught:
                await client.charges.create(amount=1999, currency="usd")
            assert caught.value.__notes__ == ["charges.create: interrupted; nothing was sent, so nothing was done"]

    asyncio.run(scenario())
    assert [record.certainty for record in ended] == [Certainty.NOT_SENT]


def test_a_header_without_a_value_is_refused(server: FaultServer) -> None:
    """Nobody is sent the word null."""

    def empties(request: CallRequest, send: Callable[[CallRequest], Response[Any]]) -> Response[Any]:
        request.headers[name] = cast("str", None)
        return send(request)

    for name in ("X-Tenant", "Content-Type"):
        with make(server, empties) as client, pytest.raises(TypeError, match=f"the header {name} has None") as caught:
            client.charges.create(amount=1999, currency="usd")
        assert caught.value.certainty == "not sent"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    assert server.seen == []


def test_a_request_that_is_not_awaited_in_time_is_not_sent(server: FaultServer) -> None:
    """No call of which its caller was told that nothing was sent is sent afterwards."""
    left: list[asyncio.Task[Any]] = []

    async def leaves(request: CallRequest, send: Callable[[CallRequest], Awaitable[Response[Any]]]) -> Response[Any]:
        left.append(asyncio.ensure_future(send(request)))
        raise ValueError("no time")

    async def scenario() -> None:
        async with AsyncAcmePayments(token=TOKEN, base_url=server.url, middleware=[leaves]) as client:
            with pytest.raises(ValueError, match="no time") as caught:
                await client.charges.create(amount=1999, currency="usd")
            assert caught.value.__notes__ == ["charges.create: interrupted; nothing was sent, so nothing was done"]
            with pytest.raises(RuntimeError, match="must await its request before it ends"):
                await left[0]

    asyncio.run(scenario())
    assert server.seen == []


def test_who_ends_the_program_amid_a_call_is_told_what_became_of_it(server: FaultServer) -> None:
    """Also where the answer has come, and only its reading was cut short."""

    def passes(request: CallRequest, send: Callable[[CallRequest], Response[Any]]) -> Response[Any]:
        return send(request)

    def ends(*_: object, **__: object) -> Any:  # noqa: ANN401
        raise KeyboardInterrupt

    with make(server, passes) as client, pytest.MonkeyPatch.context() as patch:
        patch.setattr("acme_payments._runtime.core.finish", ends)
        with pytest.raises(KeyboardInterrupt) as caught:
            client.charges.create(amount=1999, currency="usd")
    assert "it was done, but the answer was lost" in caught.value.__notes__[0]
