"""What settles a call whose answer was lost: the operation's own word, and nobody else's."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.truth.call_styles import CALL_STYLES, ended, order, payment, to
from tests.truth.server import LOST, Answer, Request, Shop, answering

OTHERS = [401, 403, 404, 405, 407, 410, 412, 413, 421, 426, 428, 431, 451]
"""What proxies, routers, limiters and preconditions answer before or beside the key."""


@pytest.mark.parametrize("call_style", CALL_STYLES)
@pytest.mark.parametrize("status", [*OTHERS, 499, 460])
def test_a_refusal_of_others_settles_no_lost_answer(sdk: Any, shop: Shop, call_style: str, status: int) -> None:  # noqa: ANN401
    """The payment was made; whoever then refuses the retry has not looked at its key."""
    shop.plan += [LOST, *[answering(status)] * 4]
    (error,) = ended(sdk, call_style, shop.url, payment())
    assert len(shop.effects) == 1
    assert error.certainty is sdk.Certainty.UNKNOWN
    assert "nothing was done" not in str(error)


@pytest.mark.parametrize("status", [400, 402, 409, 422])
def test_a_declared_key_is_settled_by_the_operation(sdk: Any, shop: Shop, status: int) -> None:  # noqa: ANN401
    """Where the document declares the key and the refusal, the operation itself says that nothing was done."""
    shop.plan += [answering(503), answering(status, {"detail": "the card was declined"})]
    (error,) = ended(sdk, "sync", shop.url, payment())
    assert shop.effects == {}
    assert (error.certainty, error.status) == (sdk.Certainty.REJECTED, status)


@pytest.mark.parametrize("status", [400, 402, 404, 409, 422])
def test_an_assumed_key_is_settled_by_a_stored_refusal_alone(sdk: Any, shop: Shop, status: int) -> None:  # noqa: ANN401
    """Nobody has said that this server looks at the key."""
    shop.plan += [LOST, answering(status, {"detail": "no"})]
    shop.plan += [answering(503), answering(status, {"detail": "no"}, ("Idempotent-Replayed", "true"))]
    lost, stored = ended(sdk, "sync", shop.url, order(), order())
    assert lost.certainty is sdk.Certainty.UNKNOWN
    assert stored.certainty is sdk.Certainty.REJECTED


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_another_payload_under_a_resumed_key_is_no_refusal(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """That the key is known proves that something was done under it: the first press."""
    shop.plan += [LOST, answering(422, {"detail": "this Idempotency-Key was used with another payload"})]
    once = sdk.RetryPolicy(max_retries=0)
    first, second = ended(
        sdk, call_style, shop.url, payment(idempotency_key="order-7"), payment(item="cake", idempotency_key="order-7"),
        retry=once,
    )  # fmt: skip
    assert first.certainty is sdk.Certainty.UNKNOWN
    assert type(second) is sdk.IdempotencyKeyReused
    assert second.certainty is sdk.Certainty.UNKNOWN
    assert "nothing was done" not in str(second)


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_first_409_of_a_running_request_is_no_refusal(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """A proxy delivered twice and passed on the answer to the loser: the winner is at work."""
    shop.plan.append(answering(409, {"detail": "a request with this key is still running"}, after=True))
    (response,) = ended(sdk, call_style, shop.url, order())
    assert response.attempts[0].certainty is sdk.Certainty.UNKNOWN
    assert len(set(shop.keys)) == len(shop.effects) == 1
    shop.plan.append(answering(409, {"detail": "a request with this key is still running"}, after=True))
    (error,) = ended(sdk, call_style, shop.url, order(), retry=sdk.RetryPolicy(max_retries=0))
    assert type(error) is sdk.IdempotencyInFlight
    assert error.certainty is sdk.Certainty.UNKNOWN


@pytest.mark.parametrize("call_style", CALL_STYLES)
@pytest.mark.parametrize("key", [None, "order-7"])
def test_a_business_conflict_is_not_asked_for_again(sdk: Any, shop: Shop, call_style: str, key: str | None) -> None:  # noqa: ANN401
    """An e-mail that is taken is taken: one request, whoever's key it is."""
    shop.plan += [answering(409, {"detail": "this e-mail is taken"})] * 50
    (error,) = ended(sdk, call_style, shop.url, order(idempotency_key=key))
    assert type(error) is sdk.ConflictError
    assert len(shop.seen) == 1


@pytest.mark.parametrize("body", [{"detail": "in progress"}, None])
def test_without_retries_a_call_is_one_request(sdk: Any, shop: Shop, body: object) -> None:  # noqa: ANN401
    """`max_retries=0` holds while the first request runs as well, also where the dialect names how it is told."""
    shop.plan += [answering(409, body, ("Retry-After", "0")), answering(423, body)]
    once = sdk.RetryPolicy(max_retries=0)
    errors = ended(
        sdk, "sync", shop.url, order(idempotency_key="a"),
        to("sealed.create", item="tea", idempotency_key="b"), retry=once,
    )  # fmt: skip
    assert [error.certainty for error in errors] == [sdk.Certainty.UNKNOWN] * 2
    assert len(shop.seen) == 2


def test_polling_without_waits_still_takes_its_time(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """A run that the dialect can name is asked for to the deadline, twenty times a second at most."""
    shop.plan += [answering(423)] * 1000
    policy = sdk.RetryPolicy(initial_delay=0, max_delay=0, deadline=0.6)
    ask = to("sealed.create", item="tea")
    (error,) = ended(sdk, "sync", shop.url, ask, retry=policy)
    assert type(error) is sdk.IdempotencyInFlight
    assert 3 < len(shop.seen) <= 13


@pytest.mark.parametrize("status", [506, 508, 510, 520, 522, 524, 530, 599])
def test_a_server_error_of_any_number_is_retried(sdk: Any, shop: Shop, status: int) -> None:  # noqa: ANN401
    """Gateways have numbers of their own for an origin that gave up."""
    named = sdk.RetryPolicy(initial_delay=0, statuses=frozenset({status}))
    for settings in ({}, {"retry": named}):
        for ask in (order(), to("orders.get", "o1")):
            shop.plan.append(answering(status, after=True))
            (response,) = ended(sdk, "sync", shop.url, ask, **settings)
            assert len(response.attempts) == 2
    assert len(shop.effects) == 2


def test_of_two_retry_after_fields_the_largest_is_waited_for(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """A proxy that adds its own is not a reason to come back at once."""
    shop.plan.append(answering(429, None, ("Retry-After", "0.1"), ("Retry-After", "0.3")))
    (response,) = ended(sdk, "sync", shop.url, order())
    assert response.attempts[0].wait >= 0.3


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_no_attempt_goes_on_behind_the_life_of_its_key(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """What a slow network delivers after the server has forgotten the key would be a new request."""

    def slowly(_: Request) -> Answer:
        time.sleep(1.5)
        return answering(503)

    shop.plan.append(slowly)
    began = time.monotonic()
    (error,) = ended(sdk, call_style, shop.url, to("hasty.create", item="tea"))
    assert time.monotonic() - began < 1.2
    assert isinstance(error, sdk.APITimeoutError)
    assert (error.certainty, len(error.attempts)) == (sdk.Certainty.UNKNOWN, 1)


RUNNING: list[object] = [
    {"errors": [{"code": "idempotency_in_progress", "detail": "A request with this Idempotency-Key is still running"}]},
    [{"message": "a request with this key is in progress"}],
    {"errors": ["request in progress"]},
    {"error": {"code": 409, "errors": [{"message": "the operation is being processed"}]}},
    {"Message": "this request is still processing"},
    {"reason": "concurrent requests with one key"},
    {"code": "request_in_progress"},
    {"code": "IN_PROGRESS"},
]
CONFLICTS: list[object] = [
    {"detail": "This e-mail is still in use"},
    {"detail": "Order is still in draft"},
    {"detail": "The campaign is already in progress and cannot be edited"},
    {"detail": "Concurrent users limit of your plan reached"},
    {"detail": [{"loc": ["header", "Idempotency-Key"], "msg": "a request is in progress"}]},
]


@pytest.mark.parametrize("body", RUNNING)
def test_however_it_is_spelled_a_running_request_is_no_refusal(sdk: Any, shop: Shop, body: object) -> None:  # noqa: ANN401
    """In a list of errors, under any name, as a code or in words."""
    shop.plan.append(answering(409, body, after=True))
    (error,) = ended(sdk, "sync", shop.url, order(), retry=sdk.RetryPolicy(max_retries=0))
    assert error.certainty is sdk.Certainty.UNKNOWN


@pytest.mark.parametrize("body", CONFLICTS)
def test_whatever_else_is_in_progress_is_a_conflict(sdk: Any, shop: Shop, body: object) -> None:  # noqa: ANN401
    """An order that is being packed is no request that runs."""
    shop.plan += [answering(409, body)] * 9
    (error,) = ended(sdk, "sync", shop.url, order())
    assert (error.certainty, len(shop.seen)) == (sdk.Certainty.REJECTED, 1)
