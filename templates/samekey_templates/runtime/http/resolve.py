"""Names of hosts looked up within a limit of time: a look-up that hangs is left behind in a thread.

The system's own look-up knows no limit. A server of names that does not answer holds it for many seconds, which a
deadline of the call must not wait for, nor the end of an event loop, which waits for the threads that it began.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar

from ..concurrency.loops import current_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence


class Closable(Protocol):
    """A connection in an event loop."""

    async def aclose(self) -> None: ...


S = TypeVar("S", bound=Closable)
Addresses: TypeAlias = "Sequence[str]"
_STAGGER: Final = 0.25
"""Seconds after which the next address is tried beside those that have not answered (RFC 8305 section 5)."""
_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)


class UnresolvedError(OSError):
    """The name of a host could not be looked up; nothing was sent."""


def is_address(host: str) -> bool:
    """Whether a host is an address, which need not be looked up; or none at all, which cannot be."""
    for family in _FAMILIES:
        with suppress(OSError, ValueError):
            socket.inet_pton(family, host.partition("%")[0])
            return True
    return not host


class _LookUp:
    """A look-up in a thread of its own, which does not keep the process alive.

    Args:
        host: the name.
        port: the port, since some systems know hosts by it.
        ended: called in that thread when it has ended.
    """

    def __init__(self, host: str, port: int, ended: Callable[[], object]) -> None:
        self._where = (host, port)
        self._ended = ended
        self._addresses: Addresses = ()
        self._error: Exception | None = None
        threading.Thread(target=self._run, name="samekey-look-up", daemon=True).start()

    def _run(self) -> None:
        try:
            found = socket.getaddrinfo(*self._where, type=socket.SOCK_STREAM)
            self._addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
        except (OSError, UnicodeError) as error:
            self._error = error
        with suppress(RuntimeError):
            # The event loop that waited for it may have ended.
            self._ended()

    def result(self) -> Addresses:
        """Return the addresses.

        Raises:
            UnresolvedError: there are none.
        """
        if self._error is not None:
            raise UnresolvedError(str(self._error)) from self._error
        return self._addresses


def resolved(host: str, port: int, seconds: float) -> Addresses:
    """Return the addresses of a host, in the order in which the system wants them tried.

    Raises:
        UnresolvedError: there are none, or they did not come in time.
    """
    ended = threading.Event()
    found = _LookUp(host, port, ended.set)
    if not ended.wait(seconds):
        raise UnresolvedError(_late(host))
    return found.result()


async def aresolved(host: str, port: int, seconds: float) -> Addresses:
    """Return the addresses of a host, likewise, while an event loop runs on.

    Raises:
        UnresolvedError: there are none, or they did not come in time.
    """
    import anyio  # noqa: PLC0415  # comes with the HTTP library

    ended = anyio.Event()
    found = _LookUp(host, port, partial(_caller_in(current_loop()), ended.set))
    with anyio.move_on_after(seconds):
        await ended.wait()
    if not ended.is_set():
        raise UnresolvedError(_late(host))
    return found.result()


def _caller_in(loop: Any) -> Callable[[Callable[[], object]], object]:  # noqa: ANN401  # asyncio's loop, or trio's token
    """Return what calls a function in an event loop, from another thread, without waiting for it."""
    call: Callable[[Callable[[], object]], object] = getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon
    return call


def _late(host: str) -> str:
    return f"the name {host} was not looked up in time"


async def first_connected(connect: Callable[[str], Awaitable[S]], addresses: Addresses) -> S:
    """Connect to the first of several addresses that answers (RFC 8305 section 5).

    Args:
        connect: connects to one.
        addresses: in the order in which they are tried: each when the one before has failed, or after a moment.

    Raises:
        Exception: what connecting to the first of them raised.
    """
    if len(addresses) == 1:
        return await connect(addresses[0])
    import anyio  # noqa: PLC0415  # comes with the HTTP library

    connected: list[S] = []
    errors: list[Exception] = []

    async def attempt(address: str, ended: anyio.Event) -> None:
        try:
            connected.append(await connect(address))
            group.cancel_scope.cancel()
        except Exception as error:  # noqa: BLE001  # any of the HTTP library's
            errors.append(error)
        finally:
            ended.set()

    try:
        async with anyio.create_task_group() as group:
            for address in addresses:
                ended = anyio.Event()
                group.start_soon(attempt, address, ended)
                with anyio.move_on_after(_STAGGER):
                    await ended.wait()
    except BaseException:
        await _closed(connected)
        raise
    if not connected:
        raise errors[0]
    await _closed(connected[1:])
    return connected[0]


async def _closed(streams: Sequence[Closable]) -> None:
    import anyio  # noqa: PLC0415  # as above

    with anyio.CancelScope(shield=True):
        for stream in streams:
            await stream.aclose()
