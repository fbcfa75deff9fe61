"""A small payments API on loopback that keeps idempotency keys, and loses answers on purpose."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CREATED_AT = "2026-11-01T12:00:00Z"


@dataclass(frozen=True)
class Seen:
    """One request that reached the server, and what became of it."""

    method: str
    path: str
    key: str | None
    body: bytes
    fate: str


@dataclass
class Bank:
    """The server's memory: charges, answers by key, and everything that came over the wire."""

    losses: list[str] = field(default_factory=list[str])
    charges: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    answers: dict[str, bytes] = field(default_factory=dict[str, bytes])
    seen: list[Seen] = field(default_factory=list[Seen])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def charge(self, order: dict[str, Any]) -> dict[str, Any]:
        """Take the money: the effect that must happen once."""
        number = f"ch_{len(self.charges) + 1:04}"
        charge = {
            "id": number, "object": "charge", "status": "succeeded", "amount_refunded": 0, "metadata": {},
            "created_at": CREATED_AT, "updated_at": CREATED_AT,
            "payment_method": {"type": "card", "exp_month": 1, "exp_year": 2030},
            **order,
        }  # fmt: skip
        self.charges[number] = charge
        return charge


class Handler(BaseHTTPRequestHandler):
    """Answers POST /charges once per key, and GET /charges/{id}."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Charge once per key: the answer to a key that was seen before is the stored one."""
        bank = self.server.bank
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        key = self.headers.get("Idempotency-Key")
        with bank.lock:
            replayed = key is not None and key in bank.answers
            answer = (
                bank.answers[key]
                if key is not None and replayed
                else json.dumps(bank.charge(json.loads(body))).encode()
            )
            if key is not None:
                bank.answers[key] = answer
            loss = bank.losses.pop(0) if bank.losses else ""
            fate = "answered from memory" if replayed else "charged, answered"
            if loss:
                fate = ("replayed" if replayed else "charged") + f", then {loss}"
            bank.seen.append(Seen("POST", self.path, key, body, fate))
        self._answer(answer, loss, replayed=replayed)

    def do_GET(self) -> None:
        """Read a charge."""
        bank = self.server.bank
        charge = bank.charges.get(self.path.rpartition("/")[2], {})
        with bank.lock:
            loss = bank.losses.pop(0) if bank.losses else ""
            fate = f"read, then {loss}" if loss else "read, answered"
            bank.seen.append(Seen("GET", self.path, self.headers.get("Idempotency-Key"), b"", fate))
        self._answer(json.dumps(charge).encode(), loss, replayed=False)

    def _answer(self, body: bytes, loss: str, *, replayed: bool) -> None:
        if loss == "the connection is cut":
            self.close_connection = True
            return
        status = 503 if loss else 200
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if replayed:
            self.send_header("Idempotent-Replayed", "true")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Keep quiet; the demo prints its own story."""


class Server(ThreadingHTTPServer):
    """The API on a free port of loopback, in a thread of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bank = Bank()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.server_port}"
