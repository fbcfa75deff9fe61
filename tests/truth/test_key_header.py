"""A key that is given as a header, and keys of methods that are idempotent by themselves."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.truth.call_styles import CALL_STYLES, Ask, ended, order, to
from tests.truth.server import LOST, Shop


def with_header(sdk: Any, **headers: str) -> Ask:  # noqa: ANN401
    """An order with headers of its own."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return order(options=sdk.CallOptions(headers=named))


@pytest.mark.parametrize("call_style", CALL_STYLES)
@pytest.mark.parametrize("name", ["Idempotency_Key", "idempotency_key"])
def test_a_key_in_a_header_is_the_key(sdk: Any, shop: Shop, call_style: str, name: str) -> None:  # noqa: ANN401
    """Every other SDK takes it so: pressed twice, the order is made once."""
    first, second = ended(sdk, call_style, shop.url, *[with_header(sdk, **{name: "order-77"})] * 2)
    assert shop.keys == ["order-77", "order-77"]
    assert len(shop.effects) == 1
    assert first.idempotency_key == second.idempotency_key == "order-77"


def test_two_keys_for_one_call_are_refused(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Nobody can say which one was meant."""
    options = sdk.CallOptions(headers={"Idempotency-Key": "a"})
    (error,) = ended(sdk, "sync", shop.url, order(idempotency_key="b", options=options))
    assert isinstance(error, ValueError)
    assert shop.seen == []


def test_two_headers_of_one_name_are_two_keys(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Names of headers have no case."""
    options = sdk.CallOptions(headers={"Idempotency-Key": "a", "idempotency-key": "b"})
    (error,) = ended(sdk, "sync", shop.url, order(options=options))
    assert isinstance(error, ValueError)


def test_a_key_may_be_a_uuid(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """As it came out of `uuid4()`."""
    key = uuid.UUID(int=7)
    (response,) = ended(sdk, "sync", shop.url, order(idempotency_key=key))
    assert response.idempotency_key == shop.keys[0] == str(key)


def test_a_key_for_all_calls_is_refused_when_the_client_is_made(sdk: Any) -> None:  # noqa: ANN401
    """All calls would share it, so all but the first would do nothing."""
    for make in (sdk.CornerShop, sdk.AsyncCornerShop):
        with pytest.raises(ValueError, match="pass idempotency_key= to the call"):
            make(base_url="http://127.0.0.1:9", headers={"idempotency-key": "x"})
    with pytest.raises(ValueError, match="pass idempotency_key= to the call"):
        sdk.CornerShop(base_url="http://127.0.0.1:9").with_options(headers={"Idempotency-Key": "x"})


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_put_that_declares_a_key_carries_one(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """Some APIs create with PUT: its retry has the key of its first attempt. One that declares none carries none."""
    shop.plan.append(LOST)
    booked, replaced = ended(
        sdk, call_style, shop.url, to("slots.book", "s1", item="tea"),
        to("orders.replace", "o1", item="tea"),
    )  # fmt: skip
    assert len(booked.attempts) == 2
    assert shop.keys == [booked.idempotency_key, booked.idempotency_key, ""]
    assert booked.idempotency_key
    assert replaced.idempotency_key is None
