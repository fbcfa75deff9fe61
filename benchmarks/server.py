"""A loopback server that answers every request with the same bytes, in a process of its own on the other core."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

CHARGE: Final = (
    b'{"id":"ch_1Q2w3e4r5t6y","object":"charge","amount":4999,"currency":"usd","status":"succeeded",'
    b'"customer":"cus_9s6XKzkNRiz8i3","description":"Order 66 of 2026, two boxes","captured":true,'
    b'"created_at":"2026-11-24T10:00:00Z","updated_at":"2026-11-24T10:00:00Z","metadata":{"order":"66","channel":"web","cart":"c_81f2"},'
    b'"amount_refunded":0,"receipt_email":"jenny@example.com","payment_method":{"type":"card","brand":"visa","last4":"4242","exp_month":4,"exp_year":2030}}'
)
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class _Answering(asyncio.Protocol):
    """Reads whole requests, answers each at once."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._pending = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while (end := self._pending.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._pending, 0, end)
            size = end + 4 + (int(found[1]) if found else 0)
            if len(self._pending) < size:
                return
            self._pending = self._pending[size:]
            self._transport.write(self._answer)


async def _serve(body: bytes, status: str) -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = head.encode() + body
    server = await asyncio.get_running_loop().create_server(lambda: _Answering(answer), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def serving(body: bytes = CHARGE, status: str = "201 Created") -> Iterator[str]:
    """Run a server on the last core while a block runs, which is kept to the first core; yield the server's URL."""
    cores = sorted(os.sched_getaffinity(0))
    program = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", status], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(body)
    program.stdin.close()
    os.sched_setaffinity(program.pid, {cores[-1]})
    os.sched_setaffinity(0, {cores[0]})
    try:
        yield f"http://127.0.0.1:{int(program.stdout.readline())}"
    finally:
        program.kill()
        program.wait()
        os.sched_setaffinity(0, set(cores))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(sys.stdin.buffer.read(), sys.argv[1]))
