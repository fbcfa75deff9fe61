"""A payments API in a process of its own that loses answers at random under a seed, honestly or brokenly.

Started by the soak as `python -m tests.soak.server MODE SEED`; it prints its port. `GET /ledger` tells what was done.

Modes other than `honest` break one promise each: `no-keys` does every request it gets; `check-then-set` looks for the
key and writes it down later, without a constraint; `forget-on-disconnect` drops a key when its client goes away;
`short-ttl` forgets keys sooner than clients retry.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MODES = ("honest", "no-keys", "check-then-set", "forget-on-disconnect", "short-ttl")
STALL = 0.25
SHORT_TTL = 0.015
RETRY_AFTER = 0.02


class Fault(StrEnum):
    """What goes wrong with a request."""

    NONE = "none"
    RESET_UNREAD = "reset before reading"
    CUT_BEFORE = "cut before the effect"
    CUT_AFTER = "cut after the effect, before the status line"
    CUT_HEAD = "cut in the headers"
    CUT_BODY = "cut in the body"
    STALL_BEFORE = "stall, then the effect"
    STALL_AFTER = "the effect, then stall"
    SLOW = "a slow effect"
    LIMITED = "429 with Retry-After"
    UNAVAILABLE = "503 with Retry-After"
    FAILED_BEFORE = "500 before the effect"
    FAILED_AFTER = "500 after the effect"
    STORED_FAILURE = "500 stored with the effect"
    BAD_GATEWAY = "502 after the effect"
    TIMEOUT_408 = "408"
    UNAUTHORIZED = "401"
    DECLINED = "402, stored without an effect"
    CLOSED_PORT = "the port is closed for a moment"


WEIGHTS = {
    Fault.NONE: 58, Fault.RESET_UNREAD: 3, Fault.CUT_BEFORE: 4, Fault.CUT_AFTER: 6, Fault.CUT_HEAD: 3,
    Fault.CUT_BODY: 3,
    Fault.STALL_BEFORE: 2, Fault.STALL_AFTER: 2, Fault.SLOW: 2, Fault.LIMITED: 3, Fault.UNAVAILABLE: 3,
    Fault.FAILED_BEFORE: 3, Fault.FAILED_AFTER: 3, Fault.STORED_FAILURE: 1, Fault.BAD_GATEWAY: 2, Fault.TIMEOUT_408: 1,
    Fault.UNAUTHORIZED: 1, Fault.DECLINED: 1, Fault.CLOSED_PORT: 1,
}  # fmt: skip


@dataclass
class Stored:
    """What is kept under a key; `answer` is None while the first request runs."""

    body: bytes
    at: float
    answer: tuple[int, bytes] | None = None


@dataclass
class Bank:
    """The server's memory."""

    mode: str
    seed: str
    keys: dict[str, Stored] = field(default_factory=dict[str, Stored])
    effects: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    seen: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    arrivals: dict[str, int] = field(default_factory=dict[str, int])
    faults: dict[str, int] = field(default_factory=dict[str, int])
    calm: bool = False
    running: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, call: str) -> Fault:
        """What goes wrong with the next request of a call: decided by the seed, not by the order of arrival."""
        with self.lock:
            number = self.arrivals[call] = self.arrivals.get(call, 0) + 1
            if self.calm:
                return Fault.NONE
            draw = random.Random(f"{self.seed}/{call}/{number}")  # noqa: S311  # reproducible chance
            chosen = draw.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            self.faults[chosen.value] = self.faults.get(chosen.value, 0) + 1
            return chosen

    def is_invalid(self, call: str) -> bool:
        """Whether a call's own bytes are refused: a hundredth of them are, by the seed."""
        return random.Random(f"{self.seed}/{call}").random() < 0.01  # noqa: S311


class GoneError(Exception):
    """The connection is over."""


class Server:
    """Accepts connections until the process ends."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._reopening = threading.Lock()

    def serve(self) -> None:
        """Accept for ever."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                time.sleep(0.002)
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._connection, args=(connection,), daemon=True).start()

    def _connection(self, connection: socket.socket) -> None:
        with connection:
            try:
                file = connection.makefile("rb")
                while self._request(connection, file):
                    pass
            except (GoneError, OSError):
                pass

    def _request(self, connection: socket.socket, file: Any) -> bool:  # noqa: ANN401
        line = file.readline()
        if not line:
            return False
        method, target, _ = line.decode().split(" ")
        headers: dict[str, str] = {}
        while text := file.readline().decode().strip():
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        body = file.read(int(headers.get("content-length", "0")))
        if method == "GET":
            self._tell(connection, target)
            return True
        key = headers.get("idempotency-key", "")
        call = json.loads(body)["metadata"]["call"]
        fault = self.bank.fault(call)
        with self.bank.lock:
            self.bank.seen.append((call, key, body.hex()))
            self.bank.running += 1
        try:
            self._charge(connection, fault, key, body, call)
        finally:
            with self.bank.lock:
                self.bank.running -= 1
        return True

    def _tell(self, connection: socket.socket, target: str) -> None:
        with self.bank.lock:
            if target == "/calm":
                self.bank.calm = True
            told: dict[str, Any] = {"running": self.bank.running}
            if target == "/ledger":
                told |= {"effects": self.bank.effects, "seen": self.bank.seen, "faults": self.bank.faults}
            body = json.dumps(told).encode()
        send(connection, 200, body)

    def _charge(  # noqa: C901, PLR0911  # a branch for each fault
        self, connection: socket.socket, fault: Fault, key: str, body: bytes, call: str
    ) -> None:
        match fault:
            case Fault.CLOSED_PORT:
                self._close_for_a_moment()
            case Fault.RESET_UNREAD | Fault.CUT_BEFORE:
                if fault is Fault.RESET_UNREAD:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise GoneError
            case Fault.LIMITED:
                return send(connection, 429, problem("slow down"), f"Retry-After: {RETRY_AFTER}")
            case Fault.UNAVAILABLE:
                return send(connection, 503, problem("later"), f"Retry-After: {RETRY_AFTER}")
            case Fault.FAILED_BEFORE:
                return send(connection, 500, problem("failed"))
            case Fault.TIMEOUT_408:
                return send(connection, 408, problem("too slow"))
            case Fault.UNAUTHORIZED:
                return send(connection, 401, problem("who are you"))
            case Fault.STALL_BEFORE if self.bank.mode != "check-then-set":
                time.sleep(STALL)
            case _:
                pass
        if self.bank.is_invalid(call):
            # Validation runs before the key is looked at, and says the same of the same bytes each time.
            return send(connection, 400, problem("invalid"))
        status, answer, replayed = self._apply(fault, key, body, call)
        self._answer(connection, fault, key, status, answer, replayed=replayed)
        return None

    def _answer(  # everything that an answer is made of
        self, connection: socket.socket, fault: Fault, key: str, status: int, answer: bytes, *, replayed: bool
    ) -> None:
        extra = "Idempotent-Replayed: true" if replayed else ""
        match fault:
            case Fault.STALL_AFTER:
                time.sleep(STALL)
            case Fault.FAILED_AFTER:
                return send(connection, 500, problem("failed"))
            case Fault.BAD_GATEWAY:
                return send(connection, 502, problem("gateway"))
            case Fault.CUT_AFTER | Fault.CUT_HEAD | Fault.CUT_BODY:
                whole = head(status, len(answer), extra) + answer
                keep = {Fault.CUT_AFTER: 0, Fault.CUT_HEAD: 30, Fault.CUT_BODY: len(whole) - len(answer) // 2}[fault]
                connection.sendall(whole[:keep])
                self._disconnected(key)
                raise GoneError
            case _:
                pass
        try:
            send(connection, status, answer, extra)
        except OSError:
            self._disconnected(key)
            raise
        return None

    def _apply(self, fault: Fault, key: str, body: bytes, call: str) -> tuple[int, bytes, bool]:
        """Claim the key, do the effect, store the answer; what the mode breaks, it breaks here."""
        bank = self.bank
        slow = 0.03 if fault is Fault.SLOW else 0.0
        if bank.mode == "no-keys":
            return 200, self._effect(key, call, slow), False
        with bank.lock:
            stored = bank.keys.get(key)
            if stored is not None and bank.mode == "short-ttl" and time.monotonic() - stored.at > SHORT_TTL:
                stored = None
            if stored is None and bank.mode != "check-then-set":
                bank.keys[key] = Stored(body, time.monotonic())
        if stored is not None:
            if stored.body != body:
                return 422, problem("another payload"), False
            if stored.answer is None:
                return 409, problem("still running"), False
            return stored.answer[0], stored.answer[1], True
        if bank.mode == "check-then-set":
            time.sleep(STALL if fault is Fault.STALL_BEFORE else 0.005)
        if fault is Fault.DECLINED:
            status, answer = 402, problem("declined")
        else:
            status, answer = 200, self._effect(key, call, slow)
        if fault is Fault.STORED_FAILURE:
            status, answer = 500, problem("failed and remembered")
        with bank.lock:
            bank.keys[key] = Stored(body, time.monotonic(), (status, answer))
        return status, answer, False

    def _effect(self, key: str, call: str, slow: float) -> bytes:
        if slow:
            time.sleep(slow)
        with self.bank.lock:
            self.bank.effects.append((key, call))
            number = len(self.bank.effects)
        return json.dumps({
            "id": f"ch_{number}", "object": "charge", "amount": 1, "amount_refunded": 0, "currency": "eur",
            "status": "succeeded", "payment_method": {"type": "card", "exp_month": 1, "exp_year": 2030}, "metadata": {},
            "created_at": "2026-11-01T12:00:00Z", "updated_at": "2026-11-01T12:00:00Z",
        }).encode()  # fmt: skip

    def _disconnected(self, key: str) -> None:
        if self.bank.mode == "forget-on-disconnect":
            with self.bank.lock:
                self.bank.keys.pop(key, None)

    def _close_for_a_moment(self) -> None:
        if not self._reopening.acquire(blocking=False):
            return
        try:
            # Shut down first: a thread that waits in accept would keep the port.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            time.sleep(0.02)
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        finally:
            self._reopening.release()


def problem(message: str) -> bytes:
    """An error body."""
    return json.dumps({"error": {"type": "api_error", "message": message, "request_id": "req_1"}}).encode()


def head(status: int, length: int, extra: str = "") -> bytes:
    """A status line with headers."""
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {length}"]
    lines += [extra] if extra else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def send(connection: socket.socket, status: int, body: bytes, extra: str = "") -> None:
    """Send a whole answer."""
    connection.sendall(head(status, len(body), extra) + body)


if __name__ == "__main__":
    bank = Bank(mode=sys.argv[1], seed=sys.argv[2])
    server = Server(bank)
    print(server.port, flush=True)
    server.serve()
