"""The corner shop's SDK called in this thread, on asyncio and on trio, with one client for several calls."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeAlias

import anyio

Ask: TypeAlias = Callable[[Callable[[str], Any]], Any]
"""Makes a call of a method that it looks up by its path."""
CALL_STYLES = ("sync", "asyncio", "trio")


def to(path: str, *positional: Any, **named: Any) -> Ask:  # noqa: ANN401
    """A call of the method at a path, such as `orders.get`."""
    return lambda method: method(path)(*positional, **named)


def order(**named: Any) -> Ask:  # noqa: ANN401
    """An order under a key that nobody has declared."""
    return to("orders.create", **{"item": "tea", **named})


def payment(**named: Any) -> Ask:  # noqa: ANN401
    """A payment under a key that the document declares."""
    return to("payments.create", **{"item": "tea", **named})


def ended(sdk: Any, call_style: str, url: str, *asks: Ask, **settings: Any) -> list[Any]:  # noqa: ANN401
    """How calls end that are made one after the other: a response, or the exception that was raised."""
    retry = sdk.RetryPolicy(initial_delay=0.001, max_delay=0.002, deadline=8.0)
    settings = {"token": "sk_shop", "base_url": url, "retry": retry, **settings}
    if call_style == "sync":
        with sdk.CornerShop(**settings) as client:
            return [_one(ask, lambda path: attrgetter(path)(client).detailed) for ask in asks]

    async def main() -> list[Any]:
        async with sdk.AsyncCornerShop(**settings) as client:
            found: list[Any] = []
            for ask in asks:
                try:
                    found.append(await ask(lambda path: attrgetter(path)(client).detailed))
                except Exception as error:  # noqa: BLE001
                    found.append(error)
            return found

    return anyio.run(main, backend=call_style)


def _one(ask: Ask, method: Callable[[str], Any]) -> Any:  # noqa: ANN401
    try:
        return ask(method)
    except Exception as error:  # noqa: BLE001
        return error
