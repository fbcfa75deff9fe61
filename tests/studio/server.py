"""A server on loopback that plays what a test tells it: whole answers, and bodies that come slowly, or are cut."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeAlias
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from types import TracebackType

_RESET = struct.pack("ii", 1, 0)
_PATIENCE = 10.0
CUT = object()
"""The connection is cut here."""
STALL = object()
"""Nothing more comes until the client leaves."""


@dataclass(frozen=True)
class Request:
    """A request as it arrived.

    Args:
        method: the HTTP method.
        path: the path, without the query.
        text: the query as it came.
        headers: by names in lower case.
        body: its bytes.
    """

    method: str
    path: str
    text: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """The last value of each parameter."""
        return {name: values[-1] for name, values in parse_qs(self.text, keep_blank_values=True).items()}

    @property
    def json(self) -> Any:  # noqa: ANN401  # JSON is what it is
        """The body as plain JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """An answer.

    Args:
        status: the status; None cuts the connection before anything is said.
        body: bytes, a JSON value, or pieces of a body in chunks: bytes, seconds to wait, `CUT` and `STALL`.
        media_type: of the body.
        headers: extra headers.
        length: a Content-Length that says what the body does not keep.
    """

    status: int | None = 200
    body: object = None
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    length: int | None = None


Play: TypeAlias = Callable[[Request], Answer]
LOST = Answer(None)
"""The request is read, and nothing comes back."""


def pieces(*parts: object, media_type: str = "text/event-stream", **more: Any) -> Answer:  # noqa: ANN401
    """An answer whose body comes in pieces."""
    return Answer(200, parts, media_type, **more)


class Server:
    """Answers requests, one connection a thread, until it is closed.

    Args:
        play: gives the answer to a request.
    """

    def __init__(self, play: Play) -> None:
        self._play = play
        self.seen: list[Request] = []
        self.connections = 0
        self.broken: list[BaseException] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def settled(self, connections: int) -> bool:
        """Whether, within a moment, so many connections are open."""
        until = time.monotonic() + 2.0
        while time.monotonic() < until:
            with self._lock:
                if len(self._open) == connections:
                    return True
            time.sleep(0.005)
        return False

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.set()
        self._listener.close()
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_PATIENCE)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            connection.settimeout(_PATIENCE)
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            thread = threading.Thread(target=self._serve, args=[connection], daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        try:
            while (request := _read(stream)) is not None:
                self.seen.append(request)
                if not self._answer(connection, self._play(request)):
                    break
        except OSError:
            pass
        except BaseException as error:  # noqa: BLE001  # the test asks for it
            self.broken.append(error)
        finally:
            with self._lock:
                self._open.discard(connection)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            stream.close()
            connection.close()

    def _answer(self, connection: socket.socket, answer: Answer) -> bool:
        """Send an answer; whether the connection may be used again."""
        if answer.status is None:
            return False
        pieces: Any = answer.body
        is_chunked = isinstance(pieces, tuple) and answer.length is None
        body: list[object] = list(pieces) if isinstance(pieces, tuple) else [_content(answer.body)]  # pyright: ignore[reportUnknownArgumentType]
        headers = {"Content-Type": answer.media_type, **answer.headers}
        if is_chunked:
            headers["Transfer-Encoding"] = "chunked"
        else:
            whole = sum(len(part) for part in body if isinstance(part, bytes))
            headers["Content-Length"] = str(whole if answer.length is None else answer.length)
        lines = [f"HTTP/1.1 {answer.status} Said", *(f"{name}: {value}" for name, value in headers.items())]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        return self._send(connection, body, is_chunked=is_chunked)

    def _send(self, connection: socket.socket, body: Iterable[object], *, is_chunked: bool) -> bool:
        for part in body:
            if part is CUT:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                return False
            if part is STALL:
                _wait_for_the_end(connection)
                return False
            if isinstance(part, (int, float)):
                self._closing.wait(part)
            elif isinstance(part, bytes) and part:
                connection.sendall(b"%x\r\n%s\r\n" % (len(part), part) if is_chunked else part)
        if is_chunked:
            connection.sendall(b"0\r\n\r\n")
        return True


def _content(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    return b"" if body is None else json.dumps(body).encode()


def _read(stream: Any) -> Request | None:  # noqa: ANN401  # the file of a socket
    first: list[str] = stream.readline().decode("latin-1").split(" ")
    if len(first) != len(("method", "target", "version")):
        return None
    headers: dict[str, str] = {}
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers["content-length"])) if "content-length" in headers else _dechunked(stream, headers)
    parts = urlsplit(first[1])
    return Request(first[0], parts.path, parts.query, headers, body)


def _dechunked(stream: Any, headers: Mapping[str, str]) -> bytes:  # noqa: ANN401
    found = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(stream.readline(), 16):
            found += stream.read(size)
            stream.readline()
        stream.readline()
    return found


def _wait_for_the_end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while connection.recv(1024):
            pass
