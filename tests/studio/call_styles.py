"""The studio's SDK, called in every way that it can be: in this thread, on asyncio, on trio.

A test is one coroutine. With the sync client nothing in it ever waits, so it is run by hand; what the two clients do
differently is behind `Api` and `Open`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import anyio
import anyio.lowlevel

Ask: TypeAlias = Callable[[Any], Any]
"""A call through a client of the generated package; there are no types before it is generated."""


class Open(Protocol):
    """A stream that is open."""

    async def next(self) -> Any:  # noqa: ANN401
        """The next item."""
        ...

    async def rest(self) -> list[Any]:
        """All items that are left."""
        ...

    async def events(self) -> list[Any]:
        """All events that are left."""
        ...

    async def close(self) -> None:
        """Leave it."""
        ...

    @property
    def response(self) -> Any:  # noqa: ANN401
        """The response behind it."""
        ...


class Api(Protocol):
    """A client of the studio."""

    async def call(self, ask: Ask) -> Any:  # noqa: ANN401
        """Make a call; the first page of a list."""
        ...

    async def items(self, ask: Ask) -> list[Any]:
        """All items of a list, through all of its pages."""
        ...

    async def pages(self, ask: Ask) -> list[Any]:
        """All pages of a list."""
        ...

    async def open(self, ask: Ask) -> Open:
        """Open a stream."""
        ...

    async def following(self, page: Any) -> Any:  # noqa: ANN401
        """The page after a page."""
        ...


@dataclass
class _SyncOpen:
    stream: Any

    async def next(self) -> Any:  # noqa: ANN401
        return next(self.stream)

    async def rest(self) -> list[Any]:
        return list(self.stream)

    async def events(self) -> list[Any]:
        return list(self.stream.events())

    async def close(self) -> None:
        self.stream.close()

    @property
    def response(self) -> Any:  # noqa: ANN401
        return self.stream.response


@dataclass
class _SyncApi:
    client: Any

    async def call(self, ask: Ask) -> Any:  # noqa: ANN401
        return ask(self.client)

    async def items(self, ask: Ask) -> list[Any]:
        return list(ask(self.client))

    async def pages(self, ask: Ask) -> list[Any]:
        return list(ask(self.client).pages())

    async def open(self, ask: Ask) -> Open:
        return _SyncOpen(ask(self.client))

    async def following(self, page: Any) -> Any:  # noqa: ANN401
        return page.next_page()


@dataclass
class _AsyncOpen:
    stream: Any

    async def next(self) -> Any:  # noqa: ANN401
        return await anext(self.stream)

    async def rest(self) -> list[Any]:
        return [item async for item in self.stream]

    async def events(self) -> list[Any]:
        return [event async for event in self.stream.events()]

    async def close(self) -> None:
        await self.stream.close()

    @property
    def response(self) -> Any:  # noqa: ANN401
        return self.stream.response


@dataclass
class _AsyncApi:
    client: Any

    async def call(self, ask: Ask) -> Any:  # noqa: ANN401
        return await ask(self.client)

    async def items(self, ask: Ask) -> list[Any]:
        return [item async for item in ask(self.client)]

    async def pages(self, ask: Ask) -> list[Any]:
        return [page async for page in ask(self.client).pages()]

    async def open(self, ask: Ask) -> Open:
        return _AsyncOpen(await ask(self.client))

    async def following(self, page: Any) -> Any:  # noqa: ANN401
        return await page.next_page()


Scenario: TypeAlias = Callable[[Api], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class CallStyle:
    """A way to call the SDK.

    Args:
        backend: the event loop; empty for the sync client.
    """

    backend: str

    def run(self, package: Any, url: str, scenario: Scenario, **settings: object) -> None:  # noqa: ANN401
        """Play a scenario with a client of its own; nothing may be left open after it."""
        settings = {"base_url": url, "token": "sk_studio", **settings}
        if self.backend:
            anyio.run(_in_loop, package, scenario, settings, backend=self.backend)
        else:
            with package.LoomStudio(**settings) as client:
                _at_once(scenario(_SyncApi(client)))
        gc.collect()


async def _in_loop(package: Any, scenario: Scenario, settings: dict[str, Any]) -> None:  # noqa: ANN401
    async with package.AsyncLoomStudio(**settings) as client:
        await scenario(_AsyncApi(client))
    gc.collect()
    await anyio.lowlevel.checkpoint()


def _at_once(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in which nothing waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise AssertionError("the sync client has waited")


CALL_STYLES = {"sync": CallStyle(""), "asyncio": CallStyle("asyncio"), "trio": CallStyle("trio")}
