"""Connections that can be cut in the middle of an answer, and a door that can be shut for a while."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_HEAD_END = b"\r\n\r\n"
_LINE_END = b"\r\n"
_A_FEW = 8
_RESET = struct.pack("ii", 1, 0)
_MOST_CONNECTIONS = 500
"""Connections at once: half of the files that a process may have open as systems come."""
_FIRST_BYTES_WITHIN = 30.0
"""Seconds for a new connection to send something."""
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Wire(asyncio.Transport):
    """A connection to a client, as the HTTP server sees it.

    Args:
        inner: the connection itself.
    """

    def __init__(self, inner: asyncio.Transport) -> None:
        super().__init__()
        self._inner = inner
        self._in_head = False
        self._left: int | None = None
        self._over = False
        self._held = b""

    def cut_in_head(self) -> None:
        """Close after the status line and a few bytes of the headers that come next."""
        self._in_head = True

    def cut_in_body(self, length: int) -> None:
        """Close after the headers that come next and so many bytes of their body."""
        self._left = length

    def reset(self) -> None:
        """Close so that the client sees an error, whatever was sent before."""
        self._held = b""
        self._over = True
        connection = self._inner.get_extra_info("socket")
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._inner.abort()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes to the client, as far as the connection is to live."""
        if self._over:
            return
        if self._in_head:
            start = bytes(data).find(_LINE_END) + len(_LINE_END) + _A_FEW
            self._last(bytes(data)[:start])
        elif self._left is not None:
            head, end, body = bytes(data).partition(_HEAD_END)
            if end:
                self._send(head + end)
                data = body
            self._left -= len(data)
            if self._left <= 0:
                self._last(bytes(data)[: len(data) + self._left])
            elif data:
                self._send(data)
        elif bytes(data[-len(_HEAD_END) :]) == _HEAD_END and not self._held:
            # Its body comes in the same breath, as a rule: one packet has both.
            self._held = bytes(data)
            asyncio.get_running_loop().call_soon(self._flush)
        else:
            self._send(data)

    def _send(self, data: bytes | bytearray | memoryview) -> None:
        held, self._held = self._held, b""
        self._inner.write(held + bytes(data) if held else data)

    def _flush(self) -> None:
        """Send the head that waits for its body, if it still does."""
        if self._held:
            self._send(b"")

    def _last(self, data: bytes) -> None:
        self._send(data)
        self._over = True
        self._inner.close()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send several pieces of bytes to the client."""
        for data in list_of_data:
            self.write(data)

    # The rest is the connection's own.

    def close(self) -> None:
        """Close the connection, after what was written."""
        self._flush()
        self._over = True
        self._inner.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self._held = b""
        self._over = True
        self._inner.abort()

    def is_closing(self) -> bool:
        """Whether it is being closed."""
        return self._inner.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401  # as asyncio has it
        """Return what is known of the connection."""
        return self._inner.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Read no more from the connection for now."""
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        """Read from the connection again."""
        self._inner.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand the connection to another protocol."""
        self._flush()
        self._inner.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol that has the connection."""
        return self._inner.get_protocol()


class WiredProtocol(HttpToolsProtocol):
    """HTTP/1.1 on a wire that the application finds as `wire` in the state of its requests."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take a new connection, and wrap it in a wire that can be cut; turn it away where there are too many."""
        if len(self.connections) >= _MOST_CONNECTIONS:
            transport.write(_FULL)
            transport.close()
            return
        wire = Wire(transport)
        self.app_state = {**self.app_state, "wire": wire}
        super().connection_made(wire)
        # As between two requests: the first byte ends it, and nobody holds a place without one.
        self.timeout_keep_alive_task = self.loop.call_later(_FIRST_BYTES_WITHIN, self.timeout_keep_alive_handler)


def _nothing() -> None:
    """Do nothing, since nobody asked to be told."""


class Door:
    """Where connections come in; it can be shut, and opens again by itself."""

    def __init__(self) -> None:
        self._server: WiredServer | None = None
        self._opening: asyncio.Task[None] | None = None

    def belongs_to(self, server: WiredServer) -> None:
        """Set the server to which the door belongs."""
        self._server = server

    @property
    def is_closing(self) -> bool:
        """Whether the server is about to stop."""
        return self._server is not None and self._server.should_exit

    def shut_for(self, seconds: float) -> None:
        """Refuse new connections for a while; those that are open stay."""
        if self._server is not None and (self._opening is None or self._opening.done()):
            self._opening = asyncio.get_running_loop().create_task(self._server.refuse(seconds))


class WiredServer(uvicorn.Server):
    """A server whose connections are wires; its `port` is known once it has started.

    Args:
        config: uvicorn's; its `http` must be `WiredProtocol`.
        door: its door.
    """

    def __init__(self, config: uvicorn.Config, door: Door) -> None:
        super().__init__(config)
        self.when_started: Callable[[], None] = _nothing
        door.belongs_to(self)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and tell that the server has started."""
        await super().startup(sockets)
        if self.started:
            self.port: int = self.servers[0].sockets[0].getsockname()[1]
            self.when_started()

    async def refuse(self, seconds: float) -> None:
        """Take no connections for a while."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(seconds)
        if not self.should_exit:
            loop = asyncio.get_running_loop()
            self.servers = [
                await loop.create_server(self._protocol, self.config.host, self.port, backlog=self.config.backlog)
            ]

    def _protocol(self) -> asyncio.Protocol:
        return WiredProtocol(self.config, self.server_state, self.lifespan.state)
