"""A shop on loopback that does each key once, and answers as a test wants it to, byte by byte where it must be."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO, Self


@dataclass(frozen=True)
class Request:
    """A request as it came.

    Args:
        method: the HTTP method.
        target: path and query.
        headers: by their names in lower case.
        body: the body.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        """Its idempotency key, or nothing."""
        return self.headers.get("idempotency-key", "")


def _chunk(stream: BinaryIO) -> bytes:
    """The next piece of a body of unknown length; nothing at its end."""
    content = stream.read(int(stream.readline(), 16))
    stream.readline()
    return content


@dataclass(frozen=True)
class Answer:
    """An answer.

    Args:
        status: the HTTP status.
        body: the body.
        headers: names and values, beside the length.
        after: whether the effect is done first.
        lost: whether the connection is cut in its place.
        trailing: bytes that are sent behind it.
        length: the Content-Length; None for the true one.
        more: bytes that are sent behind it in a piece of their own.
    """

    status: int = 201
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    after: bool = True
    lost: bool = False
    trailing: bytes = b""
    length: int | None = None
    more: bytes = b""

    @property
    def raw(self) -> bytes:
        """Its bytes."""
        length = len(self.body) if self.length is None else self.length
        fields = [*self.headers, ("Content-Length", str(length))]
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        return f"HTTP/1.1 {self.status} Whatever\r\n{head}\r\n".encode() + self.body + self.trailing


LOST = Answer(lost=True)
"""The effect is done, and nobody hears of it."""


def answering(status: int, body: object = None, *headers: tuple[str, str], after: bool = False) -> Answer:
    """An answer in JSON; without an effect unless one is wanted."""
    content = b"" if body is None else json.dumps(body).encode()
    return Answer(status, content, (("Content-Type", "application/json"), *headers), after=after)


@dataclass
class Shop:
    """The server.

    Args:
        plan: answers to the next requests, in order; what follows is done and answered as it should be.
        seen: every request.
        effects: stored answers by key, or by a number where there is no key.
        context: what its connections are secured with, if they are.
    """

    plan: list[Answer | Callable[[Request], Answer]] = field(default_factory=list[Answer | Callable[[Request], Answer]])
    seen: list[Request] = field(default_factory=list[Request])
    effects: dict[str, bytes] = field(default_factory=dict[str, bytes])
    context: ssl.SSLContext | None = None

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def url(self) -> str:
        """The base URL."""
        scheme = "http" if self.context is None else "https"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def keys(self) -> list[str]:
        """The key of each request."""
        return [request.key for request in self.seen]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), self._secured(connection) as secured, secured.makefile("rb") as stream:
            while line := stream.readline():
                method, _, rest = line.decode("latin-1").partition(" ")
                target = rest.rpartition(" ")[0]
                headers: dict[str, str] = {}
                while (field_line := stream.readline().decode("latin-1").strip()) != "":
                    name, _, value = field_line.partition(":")
                    headers[name.lower()] = value.strip()
                if headers.get("transfer-encoding") == "chunked":
                    body = b"".join(iter(lambda: _chunk(stream), b""))
                else:
                    body = stream.read(int(headers.get("content-length", "0")))
                answer = self._answer(Request(method, target, headers, body))
                if answer.lost:
                    # A reset, so that nothing of it can be taken for an answer.
                    secured.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                secured.sendall(answer.raw)
                if answer.more:
                    # In a record of its own where the connection is secured, and in the same segment as a rule.
                    secured.sendall(answer.more)
                if answer.length is not None and answer.length > len(answer.body):
                    return

    def _secured(self, connection: socket.socket) -> socket.socket:
        return connection if self.context is None else self.context.wrap_socket(connection, server_side=True)

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            self.seen.append(request)
            planned = self.plan.pop(0) if self.plan else None
            if callable(planned):
                planned = planned(request)
            if planned is not None and not planned.after:
                return planned
            stored = self._do(request)
        if planned is not None:
            return planned
        return Answer(200 if request.method == "GET" else 201, stored, (("Content-Type", "application/json"),))

    def _do(self, request: Request) -> bytes:
        if request.method == "GET":
            return json.dumps({"id": request.target.partition("?")[0].rpartition("/")[2]}).encode()
        key = request.key or f"nobody's {len(self.effects)}"
        item = json.loads(request.body).get("item") if request.body[:1] == b"{" else "bytes"
        return self.effects.setdefault(key, json.dumps({"id": f"o{len(self.effects)}", "item": item}).encode())
