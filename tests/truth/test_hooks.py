"""What hooks are given, when, and that nothing they do changes a call."""

from __future__ import annotations

import inspect
import logging
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from tests.truth.call_styles import CALL_STYLES, ended, order, payment
from tests.truth.server import LOST, Request, Shop, answering

HOOKS = ("on_send", "on_attempt", "on_retry", "on_end")


def listening(call_style: str, heard: list[tuple[str, Any]], *, is_async: bool = True) -> dict[str, Any]:
    """Hooks that write down what they are given: async ones on the async client, unless told otherwise."""

    def plain(name: str) -> Any:  # noqa: ANN401
        def hook(event: Any) -> None:  # noqa: ANN401
            heard.append((name, event))

        return hook

    def awaited(name: str) -> Any:  # noqa: ANN401
        async def hook(event: Any) -> None:  # noqa: ANN401
            await anyio.lowlevel.checkpoint()
            heard.append((name, event))

        return hook

    make = awaited if is_async and call_style != "sync" else plain
    return {name: make(name) for name in HOOKS}


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "plain"])
@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_each_turn_of_a_call_is_told(sdk: Any, shop: Shop, call_style: str, is_async: bool) -> None:  # noqa: ANN401, FBT001
    """Before an attempt with the key, after it with the answer's headers, before a wait, and at the end."""
    heard: list[tuple[str, Any]] = []
    shop.plan += [answering(429, None, ("Retry-After", "0.01"), ("X-Left", "7"), ("Set-Cookie", "session=secret"))]
    hooks = listening(call_style, heard, is_async=is_async)
    (response,) = ended(sdk, call_style, shop.url, payment(), **hooks)
    assert [name for name, _ in heard] == ["on_send", "on_attempt", "on_retry", "on_send", "on_attempt", "on_end"]
    sent, tried, waited, again, done, end = (event for _, event in heard)
    assert (sent.number, again.number) == (1, 2)
    assert {event.call.idempotency_key for event in (sent, tried, waited, again, done)} == {response.idempotency_key}
    assert sent.call.evidence is sdk.Evidence.DECLARED
    assert (tried.headers["x-left"], tried.attempt.outcome.status) == ("7", 429)
    assert "secret" not in str(heard)
    assert waited.delay >= 0.01
    assert (end.certainty, len(end.attempts), end.may_be_repeated) == (sdk.Certainty.APPLIED, 2, False)


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_the_end_is_told_of_a_failure_too(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """With why no further attempt was made, once."""
    heard: list[tuple[str, Any]] = []
    shop.plan += [LOST, LOST]
    ended(sdk, call_style, shop.url, order(), retry=sdk.RetryPolicy(max_retries=1, initial_delay=0.001),
          **listening(call_style, heard))  # fmt: skip
    ends = [event for name, event in heard if name == "on_end"]
    assert [(end.certainty, end.may_be_repeated) for end in ends] == [(sdk.Certainty.UNKNOWN, True)]
    assert ends[0].stopped == "1 retry is spent"
    assert [event.headers for name, event in heard if name == "on_attempt"] == [{}, {}]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_what_a_hook_raises_changes_nothing(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    call_style: str,
    hook: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged; the answer and the next attempt are worth more."""

    def plain(_: Any) -> None:  # noqa: ANN401
        raise RuntimeError("metrics are down")

    async def awaited(_: Any) -> None:  # noqa: ANN401
        raise RuntimeError("metrics are down")

    shop.plan += [answering(503)]
    (response,) = ended(sdk, call_style, shop.url, payment(), **{hook: plain if call_style == "sync" else awaited})
    assert (response.status, len(shop.seen)) == (201, 2)
    assert "a hook failed" in caplog.text


@pytest.mark.parametrize("hook", HOOKS)
def test_a_sync_client_takes_no_async_hook(sdk: Any, hook: str) -> None:  # noqa: ANN401
    """Nobody would await it; it is said when the client is made."""

    async def awaited(_: Any) -> None:  # noqa: ANN401
        raise AssertionError

    assert inspect.iscoroutinefunction(awaited)
    with pytest.raises(TypeError, match=f"{hook} is an async function"):
        sdk.CornerShop(token="t", **{hook: awaited})  # noqa: S106


@pytest.mark.parametrize("call_style", ["asyncio", "trio"])
def test_a_cancelled_call_has_its_last_words(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """`on_attempt` and `on_end` are awaited though the task is cancelled, and say that it may have been done."""
    heard: list[tuple[str, Any]] = []

    def slowly(_: Request) -> Any:  # noqa: ANN401
        import time  # noqa: PLC0415

        time.sleep(0.4)
        return answering(201, {"id": "o1"}, after=True)

    shop.plan += [slowly]

    async def main() -> None:
        async with sdk.AsyncCornerShop(token="t", base_url=shop.url, **listening(call_style, heard)) as client:  # noqa: S106
            with anyio.move_on_after(0.1):
                await client.orders.create(item="tea")

    anyio.run(main, backend=call_style)
    assert [name for name, _ in heard] == ["on_send", "on_attempt", "on_end"]
    end = heard[-1][1]
    assert end.certainty is sdk.Certainty.UNKNOWN
    assert end.call.idempotency_key == shop.keys[0]


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_the_key_is_logged_before_the_first_byte(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    call_style: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A process that is killed while the request is on its way has left its key in the log."""
    logs: list[str] = []

    def look(_: Request) -> Any:  # noqa: ANN401
        logs.append(caplog.text)
        return answering(201, {"id": "o1"}, after=True)

    shop.plan += [look]
    with caplog.at_level(logging.DEBUG, "corner_shop"):
        ended(sdk, call_style, shop.url, payment())
    assert f" idempotency_key={shop.keys[0]}\n" in logs[0]


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_predicate_adds_attempts(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """`retry_if`: here a 404 that bears a header; it is asked about failures alone, and may fail itself."""
    asked: list[Any] = []

    def soon(event: Any) -> bool:  # noqa: ANN401
        asked.append(event)
        return bool(event.headers["x-soon"])

    shop.plan += [answering(404, None, ("X-Soon", "yes")), answering(404)]
    policy = sdk.RetryPolicy(initial_delay=0.001, retry_if=soon)
    (error,) = ended(sdk, call_style, shop.url, payment(), retry=policy)
    assert (error.status, len(error.attempts)) == (404, 2)
    assert [event.attempt.outcome.status for event in asked] == [404, 404]
    (done,) = ended(sdk, call_style, shop.url, payment(), retry=policy)
    assert (done.status, len(asked)) == (201, 2)


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_an_attempt_has_a_limit_of_its_own(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """`total`: an answer that trickles is given up, and the next attempt is answered at once."""
    import time  # noqa: PLC0415

    def trickling(_: Request) -> Any:  # noqa: ANN401
        time.sleep(0.5)
        return answering(201, {"id": "o1"}, after=True)

    shop.plan += [trickling]
    (response,) = ended(sdk, call_style, shop.url, payment(), timeout=sdk.Timeout(total=0.3))
    first, *_, last = response.attempts
    assert (first.certainty, last.certainty) == (sdk.Certainty.UNKNOWN, sdk.Certainty.APPLIED)
    assert first.outcome.timeout
    assert 0.2 < first.took < 0.45
    assert len(shop.effects) == 1


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_policies_of_client_and_call_refine_each_other(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """The client allows one request; a call that asks for a longer deadline does not allow more."""
    shop.plan += [answering(503), answering(503)]
    once = sdk.RetryPolicy(max_retries=0)
    longer = sdk.CallOptions(retry=sdk.RetryPolicy(deadline=20))
    (error,) = ended(sdk, call_style, shop.url, payment(options=longer), retry=once)
    assert (error.status, len(shop.seen)) == (503, 1)


def test_a_call_without_a_key_may_not_name_any_status(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Its own policy is refused with the reason; that of the client is for other calls."""
    from tests.truth.call_styles import to  # noqa: PLC0415

    wide = sdk.RetryPolicy(statuses=frozenset({500}), initial_delay=0.001)
    shop.plan += [answering(500)]
    refused, error = ended(
        sdk, "sync", shop.url, to("telegrams.send", item="tea", options=sdk.CallOptions(retry=wide)),
        to("telegrams.send", item="tea"), retry=wide,
    )  # fmt: skip
    assert isinstance(refused, ValueError)
    assert "telegrams.send carries no idempotency key" in str(refused)
    assert (error.status, len(shop.seen)) == (500, 1)


def test_clients_may_share_a_budget(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """What the one has spent in an outage the other does not have."""
    budget = sdk.RetryBudget(10)
    shop.plan += [answering(503)] * 6
    policy = sdk.RetryPolicy(max_retries=3, initial_delay=0.001)
    first, second = (ended(sdk, "sync", shop.url, payment(), retry=policy, retry_budget=budget)[0] for _ in range(2))
    assert (len(first.attempts), len(second.attempts)) == (3, 1)
    assert "budget is spent" in str(first)


@pytest.mark.parametrize("call_style", ["asyncio", "trio"])
def test_a_slow_hook_is_no_attempt(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """The limits of an attempt begin with it; a hook that outlasts the deadline ends the call with nothing sent."""

    async def slow(_: Any) -> None:  # noqa: ANN401
        await anyio.sleep(0.3)

    (done,) = ended(sdk, call_style, shop.url, order(), on_send=slow, timeout=sdk.Timeout(total=0.2))
    assert (len(done.attempts), done.may_be_repeated) == (1, False)
    late = sdk.RetryPolicy(deadline=0.1)
    (error,) = ended(sdk, call_style, shop.url, order(), on_send=slow, retry=late)
    assert (error.certainty, len(shop.seen)) == (sdk.Certainty.NOT_SENT, 1)


@pytest.mark.parametrize("call_style", ["asyncio", "trio"])
def test_the_end_is_told_once(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """Also where the task is cancelled while a last hook is awaited; the cancellation bears the truth."""
    ends: list[Any] = []
    caught: list[BaseException] = []

    async def lingering(_: Any) -> None:  # noqa: ANN401
        await anyio.sleep(1)

    async def main() -> None:
        hooks = {"on_attempt": lingering, "on_end": ends.append}
        async with sdk.AsyncCornerShop(token="t", base_url=shop.url, **hooks) as client:  # noqa: S106
            with anyio.move_on_after(0.2):
                try:
                    await client.orders.create(item="tea")
                except BaseException as error:
                    caught.append(error)
                    raise

    anyio.run(main, backend=call_style)
    (end,) = ends
    (error,) = caught
    assert end.certainty is sdk.Certainty.APPLIED
    assert getattr(error, "certainty", None) is sdk.Certainty.APPLIED
    assert getattr(error, "idempotency_key", None) == shop.keys[0]


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_a_function(sdk: Any, hook: str) -> None:  # noqa: ANN401
    """What cannot be called is refused when the client is made, and so is what only an event loop can call."""

    class Awaited:
        async def __call__(self, _: Any) -> None:  # noqa: ANN401
            raise AssertionError

    for client in (sdk.CornerShop, sdk.AsyncCornerShop):
        with pytest.raises(TypeError, match=hook):
            client(token="t", **{hook: "print"})  # noqa: S106
    with pytest.raises(TypeError, match=hook):
        sdk.CornerShop(token="t", **{hook: Awaited()})  # noqa: S106
    sdk.AsyncCornerShop(token="t", **{hook: Awaited()})  # noqa: S106


@pytest.mark.parametrize(
    "wrong",
    [
        {"initial_delay": "1"}, {"deadline": True}, {"statuses": 503}, {"statuses": [503]}, {"statuses": {"503"}},
        {"retry_if": True}, {"max_retries": 2.0},
    ],
    ids=str,
)  # fmt: skip
def test_a_policy_refuses_what_it_cannot_reckon_with(sdk: Any, wrong: dict[str, Any]) -> None:  # noqa: ANN401
    """When it is made, and not in the middle of a call."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        sdk.RetryPolicy(**wrong)


def test_a_predicate_is_a_plain_function(sdk: Any) -> None:  # noqa: ANN401
    """Nobody would await it."""

    async def awaited(_: Any) -> bool:  # noqa: ANN401
        return True

    with pytest.raises(ValueError, match="retry_if must be a plain function"):
        sdk.RetryPolicy(retry_if=awaited)


@pytest.mark.parametrize("wrong", ["x", 500])
def test_a_budget_is_a_budget(sdk: Any, wrong: object) -> None:  # noqa: ANN401
    """Told when the client is made."""
    with pytest.raises(TypeError, match="retry_budget must be a RetryBudget"):
        sdk.CornerShop(token="t", retry_budget=wrong)  # noqa: S106
