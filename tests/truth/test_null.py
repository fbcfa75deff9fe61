"""Null and absent are told apart, both ways, in models that can be sent."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import msgspec
import pytest

from tests.truth.server import Answer, Shop

ORDER = b'{"id": "o1", "to": {"city": null, "door-code": "7"}}'


def got(sdk: Any, shop: Shop) -> tuple[Any, Any]:  # noqa: ANN401
    """A client, and an address that came from the server."""
    shop.plan.append(Answer(200, ORDER, after=False))
    client = sdk.CornerShop(base_url=shop.url, token="t")  # noqa: S106
    return client, client.orders.get("o1").to


def sent(client: Any, shop: Shop, address: Any) -> Any:  # noqa: ANN401
    """What goes out for an address in a merge patch."""
    client.orders.update("o1", to=address)
    client.close()
    return json.loads(shop.seen[-1].body)["to"]


def test_what_came_goes_back_as_it_came(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Null as null; what was left out stays out."""
    client, address = got(sdk, shop)
    assert (address.street, address.city, address.door_code) == (None, None, "7")
    assert sent(client, shop, address) == {"city": None, "door-code": "7"}


@pytest.mark.parametrize("way", ["assigned", "replaced", "constructed", "a dict"])
def test_a_field_that_is_set_to_none_is_cleared(sdk: Any, shop: Shop, way: str) -> None:  # noqa: ANN401
    """Whoever writes None means null, in whichever way they write it."""
    client, address = got(sdk, shop)
    match way:
        case "assigned":
            address.door_code = None
        case "replaced":
            address = msgspec.structs.replace(address, door_code=None)
        case "constructed":
            address = sdk.models.Address(city=None, door_code=None)
        case _:
            address = {"city": None, "door-code": None}
    assert sent(client, shop, address) == {"city": None, "door-code": None}


def test_copies_keep_what_is_absent(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Copied and pickled, changed and changed back."""
    client, address = got(sdk, shop)
    for twin in (copy.copy(address), copy.deepcopy(address), pickle.loads(pickle.dumps(address))):  # noqa: S301
        assert twin == address
        assert msgspec.to_builtins(twin) == {"city": None, "door-code": "7"}
    address.street = "Bahnhofstraße"
    assert address.street == "Bahnhofstraße"
    assert sent(client, shop, address) == {"street": "Bahnhofstraße", "city": None, "door-code": "7"}


def test_models_are_shown_and_matched_as_before(sdk: Any) -> None:  # noqa: ANN401
    """Nothing of the marker is seen."""
    address = sdk.models.Address(city="Bonn")
    assert address.street is None
    assert "UNSET" not in repr(address)
    match address:
        case sdk.models.Address(street=None, city="Bonn"):
            pass
        case _:
            pytest.fail("it does not match")
