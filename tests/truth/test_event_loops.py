"""One async client in several event loops, one after the other and at once: each has connections of its own."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import anyio
import httpx
import pytest

from tests.truth.server import Shop, answering


@pytest.mark.parametrize("backends", [("asyncio",) * 5, ("trio",) * 5, ("asyncio", "trio", "asyncio", "trio")])
def test_a_client_outlives_its_loops(sdk: Any, shop: Shop, backends: tuple[str, ...]) -> None:  # noqa: ANN401
    """Django, Celery, notebooks and tests run a loop for each task; none of them makes a client for each."""
    client = sdk.AsyncCornerShop(base_url=shop.url, token="t")  # noqa: S106

    async def order(number: int) -> Any:  # noqa: ANN401
        await client.orders.create.detailed(item=f"{number} a")
        return await client.orders.create.detailed(item=f"{number} b")

    for number, backend in enumerate(backends):
        response = anyio.run(order, number, backend=backend)
        assert (response.data.item, len(response.attempts)) == (f"{number} b", 1)
    assert len(shop.effects) == 2 * len(backends)


def test_a_loop_that_ends_closes_its_connections(sdk: Any, shop: Shop, recwarn: pytest.WarningsRecorder) -> None:  # noqa: ANN401
    """Nobody has closed the client, and yet no socket is left to the garbage collector."""
    client = sdk.AsyncCornerShop(base_url=shop.url, token="t")  # noqa: S106

    async def order(used: Any) -> None:  # noqa: ANN401
        await used.orders.create(item="tea")

    for backend in ("asyncio", "trio"):
        anyio.run(order, client, backend=backend)
    assert client._core.connection._transports._kept == {}
    del client
    gc.collect()
    assert not [warning for warning in recwarn if issubclass(warning.category, ResourceWarning)]


def test_two_open_loops_take_turns(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """`run_until_complete` by hand, now in one loop and now in the other."""
    client = sdk.AsyncCornerShop(base_url=shop.url, token="t")  # noqa: S106
    loops = [asyncio.new_event_loop() for _ in range(2)]
    for number in range(6):
        loop = loops[number % 2]
        assert loop.run_until_complete(client.orders.create(item=f"{number}")).item == f"{number}"
    for loop in loops:
        loop.run_until_complete(client.close())
        loop.close()


def test_loops_in_threads_at_once(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Four threads, each with a loop, and one client for all of them."""
    client = sdk.AsyncCornerShop(base_url=shop.url, token="t")  # noqa: S106
    wrong: list[object] = []

    async def orders(name: str) -> None:
        for round_ in range(10):
            items = [f"{name} {round_} {number}" for number in range(5)]
            answers = await asyncio.gather(*[client.orders.create(item=item) for item in items])
            wrong.extend(answer for answer, item in zip(answers, items, strict=True) if answer.item != item)

    def run(name: str) -> None:
        try:
            asyncio.run(orders(name))
        except BaseException as error:  # noqa: BLE001
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(f"thread {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(shop.effects) == 200


def test_a_token_outlives_the_loop_that_fetched_it(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """A loop for each request must not mean a token for each request."""
    shop.plan.append(answering(200, {"access_token": "t1", "expires_in": 3600}))
    client = sdk.AsyncCornerShop(base_url=shop.url, token=sdk.ClientCredentials("id", "secret", f"{shop.url}/token"))

    async def order() -> None:
        await client.orders.create(item="tea")

    for _ in range(3):
        asyncio.run(order())
    assert [request.target for request in shop.seen] == ["/token", "/orders", "/orders", "/orders"]


def test_a_clients_own_http_client_is_refused_in_another_loop(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Its connections belong to the loop that made them, so nothing is sent, and the error says why."""
    loops = [asyncio.new_event_loop() for _ in range(2)]
    http = httpx.AsyncClient()
    client = sdk.AsyncCornerShop(base_url=shop.url, token="t", http_client=http)  # noqa: S106
    loops[0].run_until_complete(client.orders.create(item="tea"))
    with pytest.raises(sdk.APIConnectionError, match="another event loop") as caught:
        loops[1].run_until_complete(client.orders.create(item="tea"))
    assert caught.value.certainty is sdk.Certainty.NOT_SENT
    assert loops[0].run_until_complete(client.orders.create(item="cake")).item == "cake"
    loops[0].run_until_complete(http.aclose())
    for loop in loops:
        loop.close()
    assert len(shop.effects) == 2


def test_an_http_client_without_connections_works_in_any_loop(sdk: Any) -> None:  # noqa: ANN401
    """A mock has nothing that belongs to a loop."""
    mock = httpx.MockTransport(lambda _: httpx.Response(201, json={"id": "o1"}))
    client = sdk.AsyncCornerShop(
        base_url="http://shop", token="t", http_client=httpx.AsyncClient(transport=mock)  # noqa: S106
    )  # fmt: skip
    for _ in range(3):
        assert asyncio.run(client.orders.create(item="tea")).id == "o1"
