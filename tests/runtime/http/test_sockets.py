"""The streams below the HTTP library: what they note of an answer, and how long they let it take."""

# ruff: noqa: ASYNC109  # `timeout` is httpcore's name

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Self

import anyio
import httpx
import pytest
from samekey_templates.runtime.http import connections
from samekey_templates.runtime.http.library import http_library
from samekey_templates.runtime.http.sockets import (
    AsyncSocketStream,
    DeadlinePassedError,
    SocketBackend,
    SocketStream,
    Step,
)
from samekey_templates.runtime.http.transport import AsyncTransport, SyncTransport

HEADS = [
    (b"HTTP/1.1 201 Created\r\n", 201),
    (b"HTTP/1.0 503\n", 503),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n", 204),
    (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 \r\n\r\nHTTP/1.1 429 Slow\r\n", 429),
    (b"HTTP/1.1 100 Continue\nX: 1\n\nHTTP/1.1 200 OK\n", 200),
]


@dataclass
class Wire:
    """A connection in memory, which writes down what it is asked."""

    pieces: list[bytes] = field(default_factory=list[bytes])
    limits: list[float | None] = field(default_factory=list[float | None])
    written: list[bytes] = field(default_factory=list[bytes])

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next piece."""
        assert max_bytes
        self.limits.append(timeout)
        return self.pieces.pop(0) if self.pieces else b""

    def write(self, buffer: bytes | memoryview, timeout: float | None = None) -> None:
        """Keep the bytes."""
        self.limits.append(timeout)
        self.written.append(bytes(buffer))

    def close(self) -> None:
        """Lose what is left."""
        self.pieces.clear()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None, timeout: float | None) -> Wire:
        """The same connection, as if secured."""
        assert ssl_context
        assert server_hostname
        self.limits.append(timeout)
        return self

    def get_extra_info(self, info: str) -> object:
        """What was asked for."""
        return info

    def connect_tcp(self, *args: object, **named: object) -> Wire:
        """This connection."""
        assert args or named
        return self

    connect_unix_socket = connect_tcp

    def sleep(self, seconds: float) -> None:
        """Wait not at all."""
        self.limits.append(seconds)


def step(seconds: float = 5.0, left: float = 60.0) -> Step:
    """A step of an attempt, with so much left of the deadline."""
    return Step.of(seconds, time.monotonic() + left)


def same(context: ssl.SSLContext) -> ssl.SSLContext:
    """The context that was asked for."""
    return context


@pytest.mark.parametrize(("head", "status"), HEADS)
def test_the_status_is_known_with_the_end_of_its_line_and_not_before(head: bytes, status: int) -> None:
    """However the bytes are cut; nothing is kept once it is known."""
    for size in (1, 2, 3, 7, len(head)):
        reading = step()
        stream = SocketStream(Wire([head[start : start + size] for start in range(0, len(head), size)]), same)
        for start in range(0, len(head), size):
            assert reading.status is None
            stream.read(65_536, reading)
            assert reading.status == (status if start + size >= len(head) else None)
        assert reading.noted is None


@pytest.mark.parametrize(
    "received",
    [
        b"PRI * HTTP/2.0\r\n",
        b"HTTP/2.0 200 OK\r\n",
        b"HTTP/1.1 OK\r\n" * 1000,
        b"\x00\x00\x12\x04\x00",
        b"\r\nHTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\nX: " + b"x" * 10_000,
        b"HTTP/1.1 200 " + b"x" * 10_000,
    ],
    ids=lambda received: repr(received[:16]),
)
def test_what_is_no_head_is_not_kept(received: bytes) -> None:
    """Other protocols, garbage, and lines without end: no status, and no memory."""
    reading = step()
    SocketStream(Wire([received]), same).read(65_536, reading)
    assert (reading.status, reading.noted) == (None, None)


def test_memory_is_bounded() -> None:
    """A status line that never ends is given up."""
    reading = step()
    stream = SocketStream(Wire([b"HTTP/1.1 200 "] + [b"x"] * 20_000), same)
    longest = 0
    for _ in range(20_000):
        stream.read(65_536, reading)
        longest = max(longest, len(reading.noted or b""))
    assert reading.noted is None
    assert 0 < longest < 10_000


def test_each_read_and_write_gets_what_is_left() -> None:
    """Of the step's limit or of the deadline, whichever is less; where nothing is left, nothing is done."""
    wire = Wire([b"a", b"b"])
    stream = SocketStream(wire, same)
    stream.read(1, step(5.0, left=60.0))
    stream.read(1, step(5.0, left=2.0))
    stream.write(b"x", step(5.0, left=2.0))
    assert wire.limits[0] == 5.0
    assert all(limit is not None and 1.5 < limit <= 2.0 for limit in wire.limits[1:])
    with pytest.raises(DeadlinePassedError):
        stream.read(1, step(5.0, left=-1.0))
    with pytest.raises(DeadlinePassedError):
        stream.write(b"x", step(5.0, left=-1.0))
    assert len(wire.limits) == 3


def test_a_handshake_gets_what_is_left_and_never_nothing() -> None:
    """It was not sent whatever happens, so the HTTP library's own error comes, not the deadline's."""
    wire = Wire()
    stream = SocketStream(wire, same)
    for left in (60.0, 2.0, -1.0):
        assert isinstance(stream.start_tls(ssl.create_default_context(), "api.test", step(5.0, left)), SocketStream)
    assert wire.limits[0] == 5.0
    assert wire.limits[1] is not None
    assert 1.5 < wire.limits[1] <= 2.0
    assert wire.limits[2] == 0.001


def test_a_long_buffer_is_written_in_pieces_and_whole() -> None:
    """Byte for byte, however long it is."""
    for size in (0, 1, 65_536, 65_537, 200_000):
        wire = Wire()
        content = bytes(range(251)) * (size // 251 + 1)
        SocketStream(wire, same).write(content[:size], step())
        assert b"".join(wire.written) == content[:size]
        assert all(len(piece) <= 65_536 for piece in wire.written)


@dataclass
class AsyncWire:
    """Likewise, in an event loop."""

    wire: Wire = field(default_factory=Wire)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next piece."""
        return self.wire.read(max_bytes, timeout)

    async def write(self, buffer: bytes | memoryview, timeout: float | None = None) -> None:
        """Keep the bytes."""
        self.wire.write(buffer, timeout)

    async def aclose(self) -> None:
        """Lose what is left."""
        self.wire.close()

    async def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None, timeout: float | None) -> Self:
        """The same connection, as if secured."""
        self.wire.start_tls(ssl_context, server_hostname, timeout)
        return self

    def get_extra_info(self, info: str) -> object:
        """What was asked for."""
        return info


def test_each_piece_has_the_time_that_the_timeout_gives_it() -> None:
    """An upload to a slow reader goes on as long as something moves, in an event loop as well."""
    connection = AsyncWire()
    anyio.run(AsyncSocketStream(connection, same).write, b"x" * 200_000, step())
    assert [len(piece) for piece in connection.wire.written] == [65_536, 65_536, 65_536, 3_392]
    assert [limit for limit in connection.wire.limits if limit is not None] == [5.0] * 4


def test_a_body_is_not_taken_for_the_request_for_a_tunnel() -> None:
    """What stands at its start is the caller's."""
    wire = Wire([b"HTTP/1.1 200 OK\r\n"])
    stream, reading = SocketStream(wire, same), step()
    stream.write(b"POST / HTTP/1.1\r\n\r\n", step())
    stream.write(b"CONNECT api.test:443 HTTP/1.1\r\n", step())
    stream.read(65_536, reading)
    assert reading.status == 200


def test_a_head_leaves_with_the_start_of_its_body() -> None:
    """One write, so one packet; what comes after it leaves at once."""
    wire = Wire()
    stream, writing = SocketStream(wire, same), Step.of(5.0, time.monotonic() + 60.0, holds=True)
    stream.write(b"POST / HTTP/1.1\r\n\r\n", writing)
    assert wire.written == []
    stream.write(b"{}", writing)
    stream.write(b"", writing)
    stream.write(b"more", writing)
    assert wire.written == [b"POST / HTTP/1.1\r\n\r\n{}", b"more"]


def test_a_head_that_waits_in_vain_leaves_before_its_answer_is_read() -> None:
    """Such as the request to a proxy for a tunnel, which has no body."""
    wire = Wire([b"HTTP/1.1 200 OK\r\n"])
    stream = SocketStream(wire, same)
    stream.write(b"CONNECT a:443 HTTP/1.1\r\n\r\n", Step.of(5.0, time.monotonic() + 60.0, holds=True))
    assert wire.written == []
    stream.read(65_536, step())
    assert wire.written == [b"CONNECT a:443 HTTP/1.1\r\n\r\n"]


def test_the_answer_to_a_proxy_is_not_noted() -> None:
    """What opens a tunnel says nothing of the request that goes through it; what comes through it does."""
    wire = Wire([b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n"])
    stream = SocketStream(wire, same)
    stream.write(b"CONNECT api.test:443 HTTP/1.1\r\n\r\n", step())
    stream.write(b"", step())
    before, through = step(), step()
    stream.read(65_536, before)
    assert before.status is None
    stream.start_tls(ssl.create_default_context(), "api.test", step()).read(65_536, through)
    assert through.status == 200


def test_limits_of_others_are_passed_on() -> None:
    """Only a `Step` means more than its seconds."""
    wire = Wire([b"HTTP/1.1 200 OK\r\n"])
    stream = SocketBackend(wire, same).connect_tcp("api.test", 443)
    assert stream.read(65_536, None) == b"HTTP/1.1 200 OK\r\n"
    stream.write(b"x" * 100_000, 3.0)
    stream.start_tls(ssl.create_default_context(), "api.test", None)
    assert wire.limits == [None, 3.0, None]
    assert stream.get_extra_info("socket") == "socket"


def test_what_stands_in_for_the_tls_context_is_exchanged_and_trusts_nobody() -> None:
    """All clients get the one context that knows the authorities; a proxy's own context stays as it is."""
    own: ssl.SSLContext = vars(connections)["_STAND_IN"]
    secure = partial(vars(connections)["_secured"], http_library("httpx"), False)  # noqa: FBT003  # no HTTP/2
    assert own.verify_mode is ssl.CERT_REQUIRED
    assert own.check_hostname
    assert own.get_ca_certs() == []
    secured = secure(own)
    assert secured is secure(own)
    assert secured is not own
    assert secured.get_ca_certs()
    other = ssl.create_default_context()
    assert secure(other) is other


def test_a_client_without_the_attributes_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of the HTTP library may name them differently; then the client works without."""

    def bare(*_: object, **settings: object) -> None:
        assert settings

    monkeypatch.setattr(httpx.HTTPTransport, "__init__", bare)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "__init__", bare)
    assert isinstance(SyncTransport(), SyncTransport)
    assert isinstance(AsyncTransport(), AsyncTransport)
