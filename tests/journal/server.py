"""A small API on loopback that does each key once, and can kill its client at the worst moment."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Ledger:
    """What the server did and saw.

    Args:
        effects: stored answers by key; their number is the number of effects.
        requests: key, body and Authorization header of each request.
        kill_after_effect: a process to kill with SIGKILL when the next effect is done and not yet answered.
        status: the status of the next answers; effects are done at 200 only.
        before: called with the body of each request before anything is done; gives what is to go wrong, if anything:
            `lost` before the effect, `cut` behind it, or a status in place of it.
        after: called when an effect is done and not yet answered; True cuts the connection.
    """

    effects: dict[str, bytes] = field(default_factory=dict[str, bytes])
    requests: list[tuple[str, bytes, str]] = field(default_factory=list[tuple[str, bytes, str]])
    kill_after_effect: int = 0
    status: int = 200
    before: Callable[[bytes], str] | None = None
    after: Callable[[], bool] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Handler(BaseHTTPRequestHandler):
    server: KeyedServer  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        key = self.headers.get("Idempotency-Key", "")
        ledger = self.server.ledger
        with ledger.lock:
            ledger.requests.append((key, body, self.headers.get("Authorization", "")))
            fault = ledger.before(body) if ledger.before is not None else ""
            if fault == "lost":
                self.close_connection = True
                return
            status = int(fault) if fault.isdigit() else ledger.status
            new = json.dumps({"object": "charge", "id": f"ch_{len(ledger.effects) + 1}", "amount": 1}).encode()
            answer = ledger.effects.get(key) or new
            if status == 200:
                ledger.effects[key] = answer
                victim, ledger.kill_after_effect = ledger.kill_after_effect, 0
                if victim:
                    os.kill(victim, signal.SIGKILL)
                if victim or fault == "cut" or (ledger.after is not None and ledger.after()):
                    self.close_connection = True
                    return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        pass


class KeyedServer(ThreadingHTTPServer):
    """The server, in a thread of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ledger = Ledger()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.server_port}"
