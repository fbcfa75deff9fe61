"""A bank on loopback that answers byte by byte as a test wants, as an API, a token endpoint or a proxy."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self, TypeAlias

from tests.canary.words import word

WORD = re.compile(rb"CANARY-\w+(?:/|%2F)\w+|(?<=[Bb]asic )[\w+/=]+")


@dataclass(frozen=True)
class Request:
    """A request as it came, byte by byte."""

    raw: bytes

    @property
    def line(self) -> str:
        """The request line."""
        return self.raw.partition(b"\r\n")[0].decode("latin-1")

    @property
    def target(self) -> str:
        """Path and query, or a whole URL where it was sent to a proxy."""
        return self.line.split(" ")[1]

    @property
    def echo(self) -> list[str]:
        """Every secret in it, as it was spelled; but for the server's own, which comes back as a cookie."""
        found = dict.fromkeys(text.decode("latin-1") for text in WORD.findall(self.raw))
        return [text for text in found if text != word("set-cookie")]


@dataclass(frozen=True)
class Reply:
    """Bytes to send, and what becomes of the connection then.

    Args:
        raw: the bytes.
        then: `keep`, `close`, `reset` or `hang`.
    """

    raw: bytes = b""
    then: str = "keep"


Act: TypeAlias = Callable[[Request], Reply]


def answer(status: int, body: bytes = b"", *headers: tuple[str, str], cut: int = 0) -> Reply:
    """Return an answer with a cookie, which is a secret as well; or one of which some bytes at its end are lost."""
    fields = [*headers, ("Set-Cookie", f"sid={word('set-cookie')}; HttpOnly"), ("Content-Length", str(len(body)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    raw = f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body
    return Reply(raw[: len(raw) - cut], "close" if cut else "keep")


def in_json(status: int, body: object, *headers: tuple[str, str]) -> Reply:
    """Return a whole answer in JSON."""
    return answer(status, json.dumps(body).encode(), ("Content-Type", "application/json"), *headers)


def done(_: Request) -> Reply:
    """Do what was asked for."""
    return in_json(201, {"id": "t1", "amount": 1})


def token(_: Request) -> Reply:
    """Give a token."""
    return in_json(
        200, {"access_token": word("access-token"), "refresh_token": word("refresh-token"), "token_type": "bearer"}
    )


@dataclass
class Bank:
    """The server.

    Args:
        act: what it does with each request.
        token_act: what it does with each request for a token.
        context: what its connections are secured with, if they are.
        seen: every request.
    """

    act: Act = done
    token_act: Act = token
    context: ssl.SSLContext | None = None
    seen: list[Request] = field(default_factory=list[Request])

    def __enter__(self) -> Self:
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def wire(self) -> bytes:
        """All that came."""
        return b"\n".join(request.raw for request in self.seen)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            secured = connection
            if self.context is not None:
                secured = self.context.wrap_socket(connection, server_side=True)
            with secured, secured.makefile("rb") as stream:
                while True:
                    head = b""
                    while (line := stream.readline()) not in {b"\r\n", b""}:
                        head += line
                    if not head:
                        return
                    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                    body = stream.read(int(length[1])) if length and int(length[1]) < 1_000_000 else b""
                    request = Request(head + b"\r\n" + body)
                    self.seen.append(request)
                    is_for_token = "/token" in request.target.partition("?")[0]
                    reply = (self.token_act if is_for_token else self.act)(request)
                    secured.sendall(reply.raw)
                    if reply.then == "hang":
                        time.sleep(30)
                    if reply.then == "reset":
                        secured.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    if reply.then != "keep":
                        return
