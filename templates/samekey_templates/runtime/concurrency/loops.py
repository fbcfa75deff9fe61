"""Connections of an async client: they belong to the event loop that made them, so each loop has its own."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from .fork import importing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from ..http.transport import AsyncTransport


@cache
def _running_loop() -> Callable[[], object]:
    """Return asyncio's own function, which raises where no loop runs; only async programs need asyncio."""
    with importing():
        from asyncio import get_running_loop  # noqa: PLC0415

    return get_running_loop


def current_loop() -> object:
    """Return what stands for the event loop that runs in this thread: asyncio's loop, or trio's token."""
    try:
        return _running_loop()()
    except RuntimeError:
        trio: Any = sys.modules.get("trio")
        return None if trio is None else trio.lowlevel.current_trio_token()


class _Kept(Struct, frozen=True):
    """A transport, and the generator that closes it when its loop ends."""

    transport: AsyncTransport
    keeper: AsyncGenerator[None]


class LoopTransports:
    """The transports of an async client, one for each event loop in which it is used.

    Args:
        make: makes one.
    """

    def __init__(self, make: Callable[[], AsyncTransport]) -> None:
        self._make = make
        self._kept: dict[object, _Kept] = {}
        self._parents: list[dict[object, _Kept]] = []
        self._is_closed = False

    def current(self) -> AsyncTransport:
        """Return the transport of the running loop; one is made where there is none."""
        loop = current_loop()
        kept = self._kept.get(loop)
        return self._open(loop) if kept is None else kept.transport

    async def aclose(self) -> None:
        """Send nothing more, and close the connections of the running loop; those of another one end with it."""
        self._is_closed = True
        for kept in list(self._kept.values()):
            kept.transport.refuse()
        own = self._kept.get(current_loop())
        if own is None:
            return
        if own.transport.is_idle:
            await own.keeper.aclose()
        else:
            await own.transport.wind_down()

    def after_fork(self) -> None:
        """Leave the parent process its connections, and keep a reference, since dropping them would close them."""
        parents, self._kept = self._kept, {}
        self._parents.append(parents)
        for kept in parents.values():
            kept.transport.abandon()

    def _open(self, loop: object) -> AsyncTransport:
        for other in list(self._kept):
            is_closed: Any = getattr(other, "is_closed", None)
            if is_closed is not None and is_closed():
                # It was closed without an end of its generators; nothing can be closed in it any more.
                self._kept.pop(other, None)
        transport = self._make()
        if self._is_closed:
            transport.refuse()
        keeper = self._keep(loop, transport)
        # Begun here, so that the loop knows of it; it does not wait for anything before it is closed.
        asend: Any = keeper.asend(None)
        with suppress(StopIteration):
            asend.send(None)
        self._kept[loop] = _Kept(transport, keeper)
        return transport

    async def _keep(self, loop: object, transport: AsyncTransport) -> AsyncGenerator[None]:
        """Close a transport when its loop ends: loops close the generators that were begun in them."""
        try:
            yield
        finally:
            self._kept.pop(loop, None)
            await transport.aclose()
