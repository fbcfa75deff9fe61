"""A few frames of HTTP/2 (RFC 9113) on loopback: enough to refuse a stream, to say good-bye, and to answer."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _GOAWAY = 0, 1, 3, 4, 7
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_STATUS_200 = b"\x88"
"""`:status 200`, from HPACK's static table."""


class Move(Enum):
    """What the server does with a stream."""

    ANSWER = auto()
    REFUSE = auto()
    """RST_STREAM with REFUSED_STREAM: the stream was not processed (section 8.7)."""
    CANCEL = auto()
    """RST_STREAM with CANCEL: it may have been."""
    GOAWAY_BELOW = auto()
    """GOAWAY whose last stream is below this one: it was not processed (section 6.8)."""
    GOAWAY_NONE = auto()
    """GOAWAY whose last stream is 0: none was."""
    GOAWAY_AT = auto()
    """GOAWAY whose last stream is this one: it may have been processed."""


class Http2Server:
    """Serves HTTP/2 with prior knowledge, one move for each stream; then answers."""

    def __init__(self, *moves: Move) -> None:
        self.streams = 0
        self._moves = deque(moves)
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, EOFError):
            connection.settimeout(0.05)
            self._read(connection, len(_PREFACE))
            _send(connection, _SETTINGS, 0, 0)
            while True:
                kind, flags, stream = self._frame(connection)
                if kind == _SETTINGS and not flags & _ACK:
                    _send(connection, _SETTINGS, _ACK, 0)
                elif kind in (_DATA, _HEADERS) and flags & _END_STREAM:
                    self._move(connection, stream)

    def _move(self, connection: socket.socket, stream: int) -> None:
        self.streams += 1
        match self._moves.popleft() if self._moves else Move.ANSWER:
            case Move.ANSWER:
                _send(connection, _HEADERS, _END_HEADERS, stream, _STATUS_200)
                _send(connection, _DATA, _END_STREAM, stream, b'{"id": "ch_1"}')
            case Move.REFUSE:
                _send(connection, _RST_STREAM, 0, stream, struct.pack(">I", 7))
            case Move.CANCEL:
                _send(connection, _RST_STREAM, 0, stream, struct.pack(">I", 8))
            case Move.GOAWAY_BELOW:
                self._good_bye(connection, stream - 2)
            case Move.GOAWAY_NONE:
                self._good_bye(connection, 0)
            case Move.GOAWAY_AT:
                self._good_bye(connection, stream)

    def _good_bye(self, connection: socket.socket, last: int) -> None:
        _send(connection, _GOAWAY, 0, 0, struct.pack(">II", last, 0))
        connection.shutdown(socket.SHUT_WR)

    def _frame(self, connection: socket.socket) -> tuple[int, int, int]:
        head = self._read(connection, 9)
        length = int.from_bytes(head[:3], "big")
        self._read(connection, length)
        return head[3], head[4], int.from_bytes(head[5:], "big") & 0x7FFF_FFFF

    def _read(self, connection: socket.socket, size: int) -> bytes:
        received = b""
        while len(received) < size:
            if self._closing.is_set():
                raise EOFError
            try:
                piece = connection.recv(size - len(received))
            except TimeoutError:
                continue
            if not piece:
                raise EOFError
            received += piece
        return received


def _send(connection: socket.socket, kind: int, flags: int, stream: int, payload: bytes = b"") -> None:
    connection.sendall(len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload)
