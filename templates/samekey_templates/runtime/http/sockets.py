"""The streams below the HTTP library: they keep the deadline, and see how far an answer has come.

httpcore applies the read timeout to each piece that arrives, so a server that sends its headers byte by byte outlasts
any deadline; and what was read of an answer that breaks off inside its headers is lost with it, the status too. A
connection's stream can see to both, since it is given the limit of each step, which is a `Step`.

Rule of this file: it imports neither httpx nor httpcore; the protocols say what it takes from httpcore's network.
"""

# ruff: noqa: ASYNC109  # `timeout` is httpcore's name

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeAlias
from weakref import WeakSet

from ..concurrency.cancellation import undisturbed
from ..retry.loop import monotonic
from .resolve import Addresses, aresolved, first_connected, is_address, resolved

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Iterator

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[0-9] ([1-9][0-9][0-9])(?: [^\r\n]*)?\r?\n")
_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
_PREFIX: Final = b"HTTP/1."
_FINAL: Final = 200
_LONGEST: Final = 8192
SHORTEST: Final = 0.001
"""Seconds: the shortest limit that is passed on, since none at all means something else to a socket."""
_PIECE: Final = 65_536
_LONGEST_REFUSAL: Final = 1_048_576
_PREFACE: Final = b"PRI * HTTP/2.0"
"""What a connection of HTTP/2 begins with (RFC 9113 section 3.4); there, others read while one writes."""


class DeadlinePassedError(Exception):
    """The call's deadline passed while an attempt was on the wire."""


class Step(float):
    """The seconds that one step of an attempt may take, and what its stream has read of the answer."""

    until: float
    """The value of `monotonic()` at which the whole call ends."""
    holds: bool = False
    """Whether what is written next may wait for what is written after it."""
    noted: bytes | None = b""
    """The start of the answer as far as it must be kept: None where its status is known, or nothing like one came."""
    status: int | None = None
    """The status of the answer, from the moment on at which its status line is complete."""
    written: int = 0
    """How many bytes of the request were written."""

    @classmethod
    def of(cls, seconds: float, until: float, *, holds: bool = False) -> Self:
        """Make the limits of one step of an attempt.

        Args:
            seconds: for each read or write of the step.
            until: the value of `monotonic()` at which the whole call ends.
            holds: whether what is written first may wait for what is written second.
        """
        step = cls(seconds)
        step.until = until
        if holds:
            step.holds = True
        return step

    def left(self) -> float:
        """Return the seconds for the next read or write.

        Raises:
            DeadlinePassedError: there are none.
        """
        left = self.until - monotonic()
        if left <= 0:
            raise DeadlinePassedError("the deadline passed")
        return min(self, left)

    def left_to_connect(self) -> float:
        """Return the seconds to reach the server; never 0, since a failure here must say that nothing was sent."""
        return min(self, max(SHORTEST, self.until - monotonic()))

    def note(self, noted: bytes) -> None:
        """Look for the status line, behind the heads of interim responses (RFC 9112 section 4, RFC 9110 section 15.2).

        Args:
            noted: what has come so far.
        """
        while line := _STATUS_LINE.match(noted):
            status = int(line[1])
            if status >= _FINAL:
                self.status, self.noted = status, None
                return
            end = _END_OF_HEAD.search(noted, line.end() - 1)
            if end is None:
                break
            noted = noted[end.end() :]
        is_head = noted[: len(_PREFIX)] == _PREFIX[: len(noted)]
        self.noted = noted if is_head and len(noted) <= _LONGEST else None


Secured: TypeAlias = "Callable[[ssl.SSLContext], ssl.SSLContext]"
"""The TLS context to use for the one that a connection was asked for."""


class NetworkStream(Protocol):
    """A connection, as httpcore uses it."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes: ...
    def write(self, buffer: bytes | memoryview, timeout: float | None = None) -> None: ...
    def close(self) -> None: ...
    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
    ) -> NetworkStream: ...
    def get_extra_info(self, info: str) -> object: ...


class NetworkBackend(Protocol):
    """What makes connections, as httpcore uses it."""

    def connect_tcp(self, host: str, port: int, **named: object) -> NetworkStream: ...
    def connect_unix_socket(self, *args: object, **named: object) -> NetworkStream: ...
    def sleep(self, seconds: float) -> None: ...


class AsyncNetworkStream(Protocol):
    """A connection, as httpcore uses it in an event loop."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes: ...
    async def write(self, buffer: bytes | memoryview, timeout: float | None = None) -> None: ...
    async def aclose(self) -> None: ...
    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
    ) -> AsyncNetworkStream: ...
    def get_extra_info(self, info: str) -> object: ...


class AsyncNetworkBackend(Protocol):
    """What makes connections, as httpcore uses it in an event loop."""

    async def connect_tcp(self, host: str, port: int, **named: object) -> AsyncNetworkStream: ...
    async def connect_unix_socket(self, *args: object, **named: object) -> AsyncNetworkStream: ...
    def sleep(self, seconds: float) -> Awaitable[None]: ...


class _Backend:
    """The sockets that a backend has opened, as long as somebody holds them."""

    def __init__(self) -> None:
        self._streams: WeakSet[_Connected] = WeakSet()

    def abandon(self) -> None:
        """Close the sockets inherited from a parent process, in this process alone."""
        for stream in list(self._streams):
            with suppress(Exception):
                # What cannot be closed is never used again all the same.
                stream.abandon()


class _Connected:
    """What streams share, whether they wait in a thread or in an event loop."""

    __slots__ = ("__weakref__", "get_extra_info")
    get_extra_info: Callable[[str], object]

    def holds_more(self) -> bool:
        """Whether bytes have come that nobody has read; those in the socket itself are seen by httpcore."""
        return False

    def retire(self) -> None:
        """Make httpcore close this connection in place of using it again: it does so where bytes can be read."""
        self.get_extra_info = {"is_readable": True}.get

    def abandon(self) -> None:
        """Replace the socket by a dead pipe in this process alone; nothing is sent, and objects stay usable."""
        fileno: Any = getattr(self.get_extra_info("socket"), "fileno", None)
        number = -1 if fileno is None else fileno()
        if number >= 0:
            nothing, other = os.pipe()
            os.dup2(nothing, number)
            os.close(nothing)
            os.close(other)


class SocketBackend(_Backend):
    """Makes connections whose streams know what a `Step` is.

    Args:
        inner: makes the connections.
        secured: the TLS context to use for the one that httpcore was given.
    """

    def __init__(self, inner: NetworkBackend, secured: Secured) -> None:
        super().__init__()
        self._inner = inner
        self._secured = secured
        self.sleep = inner.sleep

    def connect_tcp(self, host: str, port: int, **named: object) -> SocketStream:
        step = named.get("timeout")
        if not isinstance(step, Step) or is_address(host):
            return self._connected(host, port, named)
        *others, last = resolved(host, port, step.left_to_connect())
        for address in others:
            with suppress(Exception):
                # Any of the HTTP library's; what the last one raises is told.
                return self._connected(address, port, named)
        return self._connected(last, port, named)

    def _connected(self, host: str, port: int, named: dict[str, object]) -> SocketStream:
        return SocketStream(self._inner.connect_tcp(host, port, **_cut(named)), self._secured, self._streams)

    def connect_unix_socket(self, *args: object, **named: object) -> SocketStream:
        return SocketStream(self._inner.connect_unix_socket(*args, **_cut(named)), self._secured, self._streams)


class SocketStream(_Connected):
    """A connection that reads and writes until the deadline and no longer, and notes the head of an answer.

    The head of a request waits for the start of its body, so that both leave in one write and in one packet.
    """

    __slots__ = ("_held", "_inner", "_is_tunnel", "_opened", "_secured", "close")

    def __init__(self, inner: NetworkStream, secured: Secured, opened: WeakSet[_Connected] | None = None) -> None:
        self._secured = secured
        self._opened = opened
        if opened is not None:
            opened.add(self)
        self._inner = inner
        self._held = b""
        self._is_tunnel: bool | None = None
        self.close = inner.close
        self.get_extra_info = inner.get_extra_info

    def abandon(self) -> None:
        """Replace the socket likewise, and close it, so that the child's end does not find it open."""
        super().abandon()
        sock: Any = self.get_extra_info("socket")
        sock.close()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not isinstance(timeout, Step):
            return self._inner.read(max_bytes, timeout)
        if self._held:
            # A proxy is asked for a tunnel in a request of its own, which has no body.
            self._write(b"", timeout)
        received = self._inner.read(max_bytes, timeout.left())
        if timeout.noted is not None and not self._is_tunnel:
            timeout.note(timeout.noted + received)
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._is_tunnel is None:
            self._is_tunnel = _asks_for_a_tunnel(buffer)
        if not isinstance(timeout, Step):
            self._inner.write(buffer, timeout)
        elif timeout.holds:
            timeout.holds = False
            self._held = buffer
        elif buffer:
            self._write(buffer, timeout)

    def _write(self, buffer: bytes, timeout: Step) -> None:
        buffer, self._held = self._held + buffer, b""
        if len(buffer) <= _PIECE:
            self._inner.write(buffer, timeout.left())
        else:
            for piece in _pieces(buffer):
                self._inner.write(piece, timeout.left())

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> SocketStream:
        # A proxy may have taken its time since the step began.
        timeout = timeout.left_to_connect() if isinstance(timeout, Step) else timeout
        secured = self._inner.start_tls(self._secured(ssl_context), server_hostname, timeout)
        return SocketStream(secured, self._secured, self._opened)


class AsyncBackend(_Backend):
    """Like `SocketBackend`, for an event loop."""

    def __init__(self, inner: AsyncNetworkBackend, secured: Secured) -> None:
        super().__init__()
        self._inner = inner
        self._secured = secured
        self.sleep = inner.sleep

    async def connect_tcp(self, host: str, port: int, **named: object) -> AsyncSocketStream:
        async def connected(address: str) -> AsyncNetworkStream:
            return await self._inner.connect_tcp(address, port, **_cut(named))

        step = named.get("timeout")
        addresses: Addresses = (host,)
        if isinstance(step, Step) and not is_address(host):
            addresses = await aresolved(host, port, step.left_to_connect())
        return AsyncSocketStream(await first_connected(connected, addresses), self._secured, self._streams)

    async def connect_unix_socket(self, *args: object, **named: object) -> AsyncSocketStream:
        return AsyncSocketStream(
            await self._inner.connect_unix_socket(*args, **_cut(named)), self._secured, self._streams
        )


class AsyncSocketStream(_Connected):
    """Like `SocketStream`, for an event loop."""

    __slots__ = ("_early", "_held", "_inner", "_is_http2", "_is_tunnel", "_opened", "_secured", "aclose")

    def __init__(self, inner: AsyncNetworkStream, secured: Secured, opened: WeakSet[_Connected] | None = None) -> None:
        self._early: list[bytes] = []
        self._is_http2 = False
        self._secured = secured
        self._opened = opened
        if opened is not None:
            opened.add(self)
        self._inner = inner
        self._held = b""
        self._is_tunnel: bool | None = None
        self.aclose = inner.aclose
        self.get_extra_info = inner.get_extra_info

    def holds_more(self) -> bool:
        """Whether bytes wait in the buffers of anyio, trio or TLS, which keep what came in one piece."""
        if self._early:
            return True
        stream: Any = getattr(self._inner, "_stream", None)
        while stream is not None:
            if getattr(getattr(stream, "_protocol", None), "read_queue", None):
                return True
            secured = getattr(stream, "_ssl_object", None)
            if secured is not None:
                incoming = getattr(stream, "_read_bio", None) or getattr(stream, "_incoming", None)
                if secured.pending() or (incoming is not None and incoming.pending):
                    return True
            stream = getattr(stream, "transport_stream", None)
        return False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not isinstance(timeout, Step):
            return await self._inner.read(max_bytes, timeout)
        if self._held:
            await self._write(b"", timeout)
        received = self._early.pop(0) if self._early else await self._inner.read(max_bytes, timeout.left())
        if timeout.noted is not None and not self._is_tunnel:
            timeout.note(timeout.noted + received)
        return received

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._is_tunnel is None:
            self._is_tunnel = _asks_for_a_tunnel(buffer)
            self._is_http2 = buffer.startswith(_PREFACE)
        if not isinstance(timeout, Step):
            await self._inner.write(buffer, timeout)
        elif timeout.holds:
            timeout.holds = False
            self._held = buffer
        elif buffer:
            await self._write(buffer, timeout)

    async def _write(self, buffer: bytes, timeout: Step) -> None:
        buffer, self._held = self._held + buffer, b""
        timeout.written += len(buffer)
        if self._is_http2:
            await self._write_whole(buffer, timeout)
        elif timeout.written <= _PIECE:
            await self._inner.write(buffer, timeout.left())
        else:
            await self._write_and_listen(buffer, timeout)

    async def _write_whole(self, buffer: bytes, timeout: Step) -> None:
        """Write, and let a cancellation wait: half of a frame, or a head that is left out, breaks all other streams."""
        import anyio  # noqa: PLC0415  # comes with the HTTP library

        with anyio.CancelScope(shield=True):
            # Nor may the deadline leave them out, which the next read keeps.
            await undisturbed(self._inner.write(buffer, timeout.left_to_connect()))

    async def _write_and_listen(self, buffer: bytes, timeout: Step) -> None:
        """Write, and keep what comes meanwhile: a server that refuses an upload answers before it has read it.

        It then closes the connection. An event loop that finds out when it writes drops what it has not read.
        """
        import anyio  # noqa: PLC0415  # comes with the HTTP library

        failed: list[Exception] = []
        async with anyio.create_task_group() as group:
            group.start_soon(self._listen)
            try:
                for piece in _pieces(buffer):
                    await self._inner.write(piece, timeout.left())
            except Exception as error:  # noqa: BLE001  # raised below, outside of the group, which would wrap it
                failed.append(error)
            group.cancel_scope.cancel()
        if failed:
            raise failed[0]

    async def _listen(self) -> None:
        """Keep what comes while something is written, as far as a refusal can be long."""
        with suppress(Exception):
            # Whoever reads next is told what is wrong.
            while sum(map(len, self._early)) < _LONGEST_REFUSAL:
                received = await self._inner.read(_PIECE)
                if not received:
                    return
                self._early.append(received)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> AsyncSocketStream:
        timeout = timeout.left_to_connect() if isinstance(timeout, Step) else timeout
        secured = await self._inner.start_tls(self._secured(ssl_context), server_hostname, timeout)
        return AsyncSocketStream(secured, self._secured, self._opened)


def _cut(named: dict[str, object]) -> dict[str, object]:
    """Return the arguments of a connection with its timeout cut to what is left of the deadline."""
    timeout = named.get("timeout")
    return {**named, "timeout": timeout.left_to_connect()} if isinstance(timeout, Step) else named


def _asks_for_a_tunnel(buffer: bytes) -> bool:
    """Whether what is sent first asks a proxy, whose 2xx says nothing of the attempt (RFC 9110 section 9.3.6)."""
    return buffer.startswith(b"CONNECT ")


def _pieces(buffer: bytes) -> Iterator[memoryview]:
    """Yield a long buffer in pieces, since a slow server takes even one call to write beyond any timeout."""
    view = memoryview(buffer)
    return (view[start : start + _PIECE] for start in range(0, len(view), _PIECE))
