"""The server of the soak, in a process of its own: HTTP/1.1, and both HTTP/1.1 and HTTP/2 over TLS.

It is told what to do in lines of its standard input, and answers in lines of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from tests.soak import Honours
from tests.soaking.ledger import REFUSED, Ledger
from tests.truth.server import Answer, Request

_PIECE: Final = 16_384


async def served(ledger: Ledger, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    """Serve a connection to its end, in the protocol that was agreed on."""
    secured: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    with suppress(OSError, EOFError, ValueError, h2.exceptions.ProtocolError):
        if secured is not None and secured.selected_alpn_protocol() == "h2":
            await _Http2(ledger, reader, writer, number).serve()
        else:
            while await _one(ledger, reader, writer, number):
                pass
    writer.close()


async def _one(ledger: Ledger, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
    """Serve a request of HTTP/1.1; return whether the connection goes on."""
    line = (await reader.readline()).decode("latin-1")
    if not line:
        return False
    method, _, rest = line.partition(" ")
    headers: dict[str, str] = {}
    while (text := (await reader.readline()).decode("latin-1").strip()) != "":
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    ledger.begun(headers, number)
    body = await _body(reader, headers)
    ledger.busy += 1
    try:
        answer = await ledger.answer(Request(method, rest.rpartition(" ")[0], headers, body))
    finally:
        ledger.busy -= 1
    if answer.lost:
        _reset(writer)
        return False
    for at in range(0, len(answer.raw), _PIECE):
        writer.write(answer.raw[at : at + _PIECE])
        await writer.drain()
    return answer.length is None


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    pieces: list[bytes] = []
    while size := int(await reader.readline(), 16):
        pieces.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(pieces)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection by a reset, so that nothing of it can be taken for an answer."""
    connection: socket.socket | None = writer.get_extra_info("socket")
    if connection is None:
        # The client was quicker.
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class _Http2:
    """A connection of HTTP/2, whose streams are answered as they are done.

    Args:
        ledger: what answers.
        reader: what comes.
        writer: what goes.
        number: the connection's.
    """

    def __init__(self, ledger: Ledger, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self._ledger, self._reader, self._writer, self._number = ledger, reader, writer, number
        self._state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._heads: dict[int, dict[str, str]] = {}
        self._bodies: dict[int, bytes] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()

    async def serve(self) -> None:
        """Read frames until the client goes."""
        self._state.initiate_connection()
        self._flush()
        while data := await self._reader.read(65_536):
            for event in self._state.receive_data(data):
                self._take(event)
            self._flush()

    def _take(self, event: h2.events.Event) -> None:
        stream: int = getattr(event, "stream_id", 0) or 0
        match event:
            case h2.events.RequestReceived():
                headers = {_text(name): _text(value) for name, value in event.headers or []}
                self._heads[stream], self._bodies[stream] = headers, b""
                self._ledger.begun(headers, self._number)
            case h2.events.DataReceived():
                self._bodies[stream] += event.data or b""
                self._state.acknowledge_received_data(event.flow_controlled_length or 0, stream)
            case h2.events.StreamEnded():
                task = asyncio.get_running_loop().create_task(self._answer(stream))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case h2.events.WindowUpdated():
                self._room.set()
            case _:
                pass

    async def _answer(self, stream: int) -> None:
        headers = self._heads.pop(stream)
        request = Request(headers[":method"], headers[":path"], headers, self._bodies.pop(stream))
        self._ledger.busy += 1
        try:
            answer = await self._ledger.answer(request)
        finally:
            self._ledger.busy -= 1
        with suppress(OSError, h2.exceptions.ProtocolError):
            await self._say(stream, answer)
            self._flush()

    async def _say(self, stream: int, answer: Answer) -> None:
        if answer.lost:
            refused, failed = h2.errors.ErrorCodes.REFUSED_STREAM, h2.errors.ErrorCodes.INTERNAL_ERROR
            self._state.reset_stream(stream, refused if answer is REFUSED else failed)
            return
        length = len(answer.body) if answer.length is None else answer.length
        named = [(name.lower(), value) for name, value in answer.headers]
        self._state.send_headers(stream, [(":status", str(answer.status)), *named, ("content-length", str(length))])
        body = answer.body
        while body:
            room = min(self._state.local_flow_control_window(stream), self._state.max_outbound_frame_size)
            if room <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            self._state.send_data(stream, body[:room])
            self._flush()
            body = body[room:]
        if answer.length is None:
            self._state.end_stream(stream)
        else:
            self._state.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)

    def _flush(self) -> None:
        if not self._writer.is_closing():
            self._writer.write(self._state.data_to_send())


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


async def _serve(certificate: str, key: str) -> None:
    ledger = Ledger()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    count = 0

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        await served(ledger, reader, writer, count)

    plain = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=2048)
    secured = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=2048, ssl=context)
    told: Any = [server.sockets[0].getsockname()[1] for server in (plain, secured)]
    ended = asyncio.Event()

    def order() -> None:
        for line in os.read(sys.stdin.fileno(), 65_536).decode().splitlines() or ["end"]:
            if line == "end":
                ended.set()
                return
            print(json.dumps(_ordered(ledger, line)), flush=True)  # noqa: T201  # what it is asked for

    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), order)
    print(json.dumps(told), flush=True)  # noqa: T201  # likewise
    await ended.wait()
    os._exit(0)


def _ordered(ledger: Ledger, line: str) -> Any:  # noqa: ANN401  # whatever JSON can hold
    word, _, rest = line.partition(" ")
    match word:
        case "anew":
            honours, seed = json.loads(rest)
            ledger.__init__(Honours(honours) if honours else None, seed)  # type: ignore[misc]  # all that it holds
        case "calm":
            ledger.is_calm = rest == "true"
        case "busy":
            return [ledger.busy, ledger.requests]
        case "ledger":
            return ledger.told()
        case _:
            raise ValueError(line)
    return None


class Server:
    """The server, as the process that started it sees it.

    Args:
        folder: where its certificate is put.
    """

    def __init__(self, folder: Path) -> None:
        self.authorities = folder / "certificate.pem"
        key = folder / "key.pem"
        _make_certificate(self.authorities, key)
        command = [sys.executable, "-m", "tests.soaking.server", str(self.authorities), str(key)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        plain, secured = self._said()
        self.url, self.secure_url = f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{secured}"

    def _said(self) -> Any:  # noqa: ANN401  # what it tells in JSON
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def ask(self, line: str) -> Any:  # noqa: ANN401  # as above
        """Tell it something; return what it says."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._said()

    def begin(self, honours: Honours | None, seed: int) -> None:
        """Forget everything, and begin anew with faults."""
        self.ask(f"anew {json.dumps([honours, seed])}")

    def drained(self) -> dict[str, Any]:
        """Wait until nothing is in work any more; return what it has written down."""
        before: Any = None
        ends = time.monotonic() + 60
        while (now := self.ask("busy")) != before or now[0]:
            assert time.monotonic() < ends, "the server is still at work after a minute"
            before = now
            time.sleep(0.06)
        found: dict[str, Any] = self.ask("ledger")
        return found

    def calm(self) -> None:
        """Lose nothing any more."""
        self.ask("calm true")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def _make_certificate(certificate: Path, key: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        raise FileNotFoundError("there is no openssl to make a certificate with")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
