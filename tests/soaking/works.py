"""What is cancelled: calls, uploads, downloads, streams, lists in pages, token fetches, writes of a journal."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import httpx2

from tests.soaking.world import World

SMALL: Final = 8
"""Connections of the small client, for which more calls wait than it has."""
CLIENTS: Final = ("calls", "few connections", "TLS", "HTTP/2", "tokens", "the journal")
"""What the clients of a loop are for, in the order in which they are made."""
_LARGE: Final = 1_200_000
"""Bytes of a body that a journal keeps in a file of its own."""


@dataclass
class Clients:
    """The clients of a loop, and their files.

    Args:
        world: where they live.
        name: of the loop.
        stack: closes them.
    """

    world: World
    name: str
    stack: AsyncExitStack
    all: list[Any] = field(default_factory=list[Any])

    async def open(self) -> None:
        """Make the clients."""
        world = self.world
        library: Any = httpx2 if world.library == "httpx2" else httpx
        token = world.sdk.ClientCredentials("id", "secret", f"{world.server.url}/token")
        self.folder = world.folder / f"files-{self.name}"
        self.folder.mkdir(exist_ok=True)
        self.source = self.folder / "upload"
        self.source.write_bytes(b"y" * 40_000)
        self.journal = world.sdk.SQLiteJournal(world.folder / f"{self.name}.db")
        self.bodies = world.folder / f"{self.name}.db.bodies"
        self.usual = await self._client()
        self.small = await self._client(limits=library.Limits(max_connections=SMALL))
        self.secure = await self._client(secure=True)
        self.http2 = await self._client(secure=True, http2=True)
        self.tokens = await self._client(token=token)
        self.journaled = await self._client(journal=self.journal)

    async def _client(self, **changes: Any) -> Any:  # noqa: ANN401
        settings = {**self.world.settings(secure=changes.pop("secure", False)), **changes}
        client = await self.stack.enter_async_context(self.world.sdk.AsyncCornerShop(**settings))
        self.all.append(client)
        return client


Work = Callable[[Clients, int], Coroutine[Any, Any, object]]


def _options(clients: Clients, number: int, reference: str | None = None) -> Any:  # noqa: ANN401
    return clients.world.sdk.CallOptions(headers={"X-Item": f"{number}"}, reference=reference)


def _order(name: str) -> Work:
    async def work(clients: Clients, number: int) -> object:
        resource = getattr(clients, name).payments if number % 2 else getattr(clients, name).orders
        return await resource.create(item=f"{number}", options=_options(clients, number))

    return work


async def _iterator(clients: Clients, number: int) -> object:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(6):
            yield b"z" * 9_000

    return await clients.usual.files.upload(body=pieces(), options=_options(clients, number))


async def _file(clients: Clients, number: int) -> object:
    with clients.source.open("rb") as file:
        return await clients.usual.files.upload(body=file, options=_options(clients, number))


async def _download(clients: Clients, number: int) -> object:
    target = clients.folder / f"download-{number % 4}"
    return await clients.usual.files.fetch.save(target)


async def _bytes(clients: Clients, number: int) -> object:
    del number
    return await clients.small.files.fetch()


async def _stream(clients: Clients, number: int) -> object:
    async with await clients.usual.events.watch() as stream:
        count = 0
        async for _ in stream:
            count += 1
            if count > number % 9:
                break
        return count


async def _pages(clients: Clients, number: int) -> object:
    del number
    return [order async for order in clients.usual.orders.list()]


async def _journal(clients: Clients, number: int) -> object:
    reference = f"r{number}" if number % 2 else None
    resource = clients.journaled.payments if number % 4 < 2 else clients.journaled.orders
    return await resource.create(item=f"{number}", options=_options(clients, number, reference))


async def _large(clients: Clients, number: int) -> object:
    """A body that the journal keeps in a file of its own."""
    return await clients.journaled.files.upload(body=io.BytesIO(b"v" * _LARGE), options=_options(clients, number))


@dataclass(frozen=True)
class Kind:
    """A kind of work.

    Args:
        name: what it is called in the table.
        work: does it.
        is_keyed: whether it is a call that carries a key.
        share: how many of a round are such.
    """

    name: str
    work: Work
    is_keyed: bool
    share: int = 2


KINDS: Final = (
    Kind("call", _order("usual"), is_keyed=True, share=4),
    Kind("call, few connections", _order("small"), is_keyed=True, share=4),
    Kind("call, TLS", _order("secure"), is_keyed=True),
    Kind("call, HTTP/2", _order("http2"), is_keyed=True),
    Kind("call, token fetch", _order("tokens"), is_keyed=True, share=3),
    Kind("call, journal", _journal, is_keyed=True, share=4),
    Kind("large body, journal", _large, is_keyed=True, share=1),
    Kind("upload, iterator", _iterator, is_keyed=True),
    Kind("upload, file", _file, is_keyed=True),
    Kind("download, saved", _download, is_keyed=False),
    Kind("download, read", _bytes, is_keyed=False),
    Kind("stream, half read", _stream, is_keyed=False),
    Kind("pages", _pages, is_keyed=False),
)
ROUND: Final = tuple(kind for kind in KINDS for _ in range(kind.share))
"""One after the other, they come as often as their shares say."""


async def together(client: Any, name: str, count: int) -> list[str]:  # noqa: ANN401
    """So many calls at once, of which the server answers none before all have come; what went wrong."""
    import anyio  # noqa: PLC0415  # beside trio and asyncio

    wrong: list[str] = []

    async def one(number: int) -> None:
        item = f"together {name} {count} {number}"
        try:
            answer = await client.orders.create(item=item)
        except Exception as error:  # noqa: BLE001  # it is what is looked for
            wrong.append(f"{item}: {type(error).__name__}: {error}")
        else:
            if answer.item != item:
                wrong.append(f"{item}: answered with {answer.item}")

    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(one, number)
    return wrong
