"""A payments server on loopback that keys effects as a good API does, and fails on command.

The first answer under a key is stored and replayed byte for byte, with `Idempotent-Replayed: true`; while the first
request runs, its key is answered 409; a key that comes back with another payload, 422. What fails, and whether before
or after the effect, is told beforehand with `plan`, one fault for each request that arrives.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

TOKEN = "sk_test_51H8xQ"  # noqa: S105  # no secret: the token that this server takes
_RESET = struct.pack("ii", 1, 0)
_PATIENCE = 10.0
_HOLD = 0.7
_TRICKLE = 2.0
_PIECE = 65_536


class Act(Enum):
    """How a request goes wrong."""

    NOTHING = auto()
    RESET_UNREAD = auto()
    """The connection is reset before a byte is read."""
    RESET_MID_UPLOAD = auto()
    """Reset when the head and the first bytes of the body have been read."""
    STALL_UPLOAD = auto()
    """The head is read, the body is not, for longer than a hasty client waits."""
    CUT = auto()
    """Closed without an answer."""
    RESET = auto()
    """Reset without an answer."""
    CUT_IN_STATUS_LINE = auto()
    CUT_IN_HEAD = auto()
    """Closed between the status line and the end of the headers, or after the fault's own `head`."""
    STALL_IN_HEAD = auto()
    """No more than that until the client gives up."""
    CUT_AFTER_HEAD = auto()
    CUT_MID_BODY = auto()
    CUT_MID_CHUNK = auto()
    """Like `CUT_MID_BODY`, of a body in chunks."""
    STALL = auto()
    """No answer until the client gives up."""
    STALL_MID_BODY = auto()
    TRICKLE_HEAD = auto()
    """The head comes byte by byte, for far longer than a test's deadline."""
    TRICKLE_BODY = auto()
    """The body comes byte by byte, as long."""
    ANSWER = auto()
    """Another answer than the operation's own."""


@dataclass(frozen=True)
class Answer:
    """An answer, before it is bytes."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def content(self) -> bytes:
        """The body's bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()

    def head(self, *, chunked: bool = False) -> bytes:
        """The status line and the headers."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Odd"
        headers = {"Content-Type": "application/json", **self.headers}
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers.setdefault("Content-Length", str(len(self.content())))
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    Args:
        act: how.
        after: whether the effect is made first.
        answer: the answer, for `ANSWER` and for what cuts an answer; the operation's own where it is None.
        stored: whether that answer is what the key will be answered from now on.
        slow: seconds that the effect takes; it is made even where the client has left.
        pause: seconds between two bytes, for the trickles.
        head: the bytes that come of the head, for `CUT_IN_HEAD` and `STALL_IN_HEAD`.
    """

    act: Act = Act.NOTHING
    after: bool = False
    answer: Answer | None = None
    stored: bool = False
    slow: float = 0.0
    pause: float = 0.02
    head: bytes = b""

    def __str__(self) -> str:
        name = str(self.answer.status) if self.answer is not None else self.act.name.lower()
        return f"{name}-{'after' if self.after else 'before'}"


def answering(status: int, body: Any = None, *, after: bool = False, stored: bool = False, **headers: str) -> Fault:  # noqa: ANN401
    """A fault that is an answer; underscores in names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(Act.ANSWER, after, Answer(status, body, named), stored)


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    complete: bool
    at: float

    def every(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for found, value in self.headers if found.lower() == name.lower()]

    @property
    def key(self) -> str | None:
        """The idempotency key, if it bears one."""
        return next(iter(self.every("idempotency-key")), None)


@dataclass(frozen=True)
class Effect:
    """Something that was done."""

    key: str | None
    method: str
    path: str
    body: bytes


@dataclass
class _Entry:
    fingerprint: tuple[str, str, bytes]
    answer: Answer | None = None


class _Left(Exception):  # noqa: N818  # ends the serving of a connection, nothing more
    pass


def error_body(kind: str, message: str, **more: object) -> dict[str, Any]:
    """An error as the payments API writes it."""
    return {"error": {"type": kind, "message": message, "request_id": "req_0", **more}}


def charge(number: int = 1, **fields: object) -> dict[str, Any]:
    """A charge as the payments API writes it."""
    return {
        "id": f"ch_{number}", "object": "charge", "amount": 1999, "amount_refunded": 0, "currency": "usd",
        "status": "succeeded", "payment_method": {"type": "card", "exp_month": 8, "exp_year": 2029, "last4": "4242"},
        "metadata": {}, "created_at": "2026-11-03T09:14:22Z", "updated_at": "2026-11-03T09:14:22Z", **fields,
    }  # fmt: skip


def customer(identifier: str, **fields: object) -> dict[str, Any]:
    """A customer as the payments API writes it."""
    return {
        "id": identifier, "object": "customer", "email": "ines@mail.example", "metadata": {},
        "created_at": "2026-11-02T11:00:00Z", "updated_at": "2026-11-02T11:00:00Z", **fields,
    }  # fmt: skip


class FaultServer:
    """Serves connections in threads until it is closed."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.effects: list[Effect] = []
        self.broken: list[BaseException] = []
        self.connections = 0
        self._plan: deque[Fault] = deque()
        self._stored: dict[str, _Entry] = {}
        self._customers: set[str] = {"cus_1"}
        self._lock = threading.Lock()
        self._busy = 0
        self._idle = threading.Condition(self._lock)
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._kept: socket.socket | None = None
        self._acceptor = threading.current_thread()
        self.port = 0
        self.listen()

    # --- what a test says and asks ---

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"http://127.0.0.1:{self.port}/v1"

    def plan(self, *faults: Fault) -> None:
        """What will happen to the next requests; those after them go well."""
        self._plan.extend(faults)

    def effects_of(self, key: str | None) -> int:
        """How often something was done under a key."""
        with self._lock:
            return sum(effect.key == key for effect in self.effects)

    def drain(self) -> None:
        """Wait until no request is being worked on."""
        with self._idle:
            assert self._idle.wait_for(lambda: self._busy == 0, _PATIENCE), "the server is still at work"

    def listen(self) -> None:
        """Take connections, on the same port as before."""
        self._free()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        listener.settimeout(0.05)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._acceptor = self._start(lambda: self._accept(listener))

    def refuse(self) -> None:
        """Refuse connections until `listen` is called."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            self._acceptor.join(_PATIENCE)
            listener.close()
            self._keep()

    def _keep(self) -> None:
        """Keep the port: a server of another test would take it, and be called in place of this one."""
        kept = socket.socket()
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            kept.bind(("127.0.0.1", self.port))
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        self._kept = kept

    def _free(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def close(self) -> None:
        """Stop, and wait for every thread."""
        self._closing.set()
        self.refuse()
        self._free()
        with self._lock:
            open_sockets = list(self._sockets)
        for connection in open_sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # --- connections ---

    def _start(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self, listener: socket.socket) -> None:
        while not self._closing.is_set() and self._listener is listener:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            connection.settimeout(_PATIENCE)
            with self._lock:
                self.connections += 1
                self._sockets.add(connection)
            self._start(lambda connection=connection: self._serve(connection))  # type: ignore[misc]

    def _serve(self, connection: socket.socket) -> None:
        try:
            while not self._closing.is_set() and connection.recv(1, socket.MSG_PEEK):
                self._exchange(connection)
        except (_Left, OSError):
            pass
        except BaseException as error:  # noqa: BLE001  # a test asks for it
            self.broken.append(error)
        finally:
            with self._lock:
                self._sockets.discard(connection)
            connection.close()

    def _exchange(self, connection: socket.socket) -> None:
        with self._lock:
            fault = self._plan.popleft() if self._plan else Fault()
            self._busy += 1
        try:
            if fault.act is Act.RESET_UNREAD:
                _reset(connection)
            request = self._read(connection, fault)
            answer = self._work(request, fault)
            self._reply(connection, answer, fault)
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def _read(self, connection: socket.socket, fault: Fault) -> Seen:
        at = time.monotonic()
        buffer = bytearray()
        while b"\r\n\r\n" not in buffer:
            buffer += _receive(connection)
        head, _, rest = bytes(buffer).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = tuple((name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines))
        named = {name.lower(): value for name, value in headers}
        seen = Seen(method, target, headers, b"", complete=False, at=at)
        if fault.act in (Act.RESET_MID_UPLOAD, Act.STALL_UPLOAD):
            self.seen.append(seen)
            if fault.act is Act.STALL_UPLOAD:
                # With a full window the client's good-bye cannot be seen, so there is a limit to the wait.
                self._closing.wait(_HOLD)
            _reset(connection)
        if "chunked" in named.get("transfer-encoding", ""):
            body = _dechunked(connection, rest)
        else:
            body = rest
            while len(body) < int(named.get("content-length", "0")):
                body += _receive(connection)
        seen = replace(seen, body=body, complete=True)
        self.seen.append(seen)
        return seen

    # --- the API ---

    def _work(self, request: Seen, fault: Fault) -> Answer:  # noqa: PLR0911  # an answer for each state of a key
        if request.every("authorization") != [f"Bearer {TOKEN}"]:
            return Answer(401, error_body("unauthorized", "No such API key."))
        if request.method not in ("POST", "PATCH"):
            return self._plain(request, fault)
        if request.key is None:
            return Answer(400, error_body("invalid_request", "The header Idempotency-Key is required."))
        fingerprint = (request.method, request.target, request.body)
        with self._lock:
            entry = self._stored.get(request.key)
            if entry is None:
                entry = self._stored[request.key] = _Entry(fingerprint)
            elif entry.fingerprint != fingerprint:
                return Answer(422, error_body("key_reused", "This key came with another payload."))
            elif entry.answer is None:
                return Answer(409, error_body("request_in_flight", "The first request is still running."))
            else:
                return replace(entry.answer, headers={**entry.answer.headers, "Idempotent-Replayed": "true"})
        if fault.act is not Act.NOTHING and not fault.after:
            with self._lock:
                self._stored.pop(request.key, None)
            return Answer(500)
        time.sleep(fault.slow)
        with self._lock:
            self.effects.append(Effect(request.key, request.method, request.target, request.body))
            answer = self._created(request, len(self.effects))
            entry.answer = fault.answer if fault.stored and fault.answer is not None else answer
            self._stored[request.key] = entry
        return answer

    def _created(self, request: Seen, number: int) -> Answer:
        identity = {"Request-Id": f"req_{number}"}
        if request.target.startswith("/v1/customers"):
            return Answer(201, customer(f"cus_{number}"), identity)
        return Answer(201, charge(number), identity)

    def _plain(self, request: Seen, fault: Fault) -> Answer:
        if fault.act is not Act.NOTHING and not fault.after:
            return Answer(500)
        path = request.target.partition("?")[0]
        identifier = path.split("/")[3] if path.count("/") >= 3 else ""
        if request.method == "GET":
            if identifier == "ch_0":
                return Answer(404, error_body("not_found", "There is no charge ch_0."))
            return Answer(200, charge() if identifier else {"data": [charge()], "has_more": False, "next_cursor": None})
        with self._lock:
            self.effects.append(Effect(request.key, request.method, request.target, request.body))
            if request.method == "PUT":
                self._customers.add(identifier)
                return Answer(200, customer(identifier))
            if identifier not in self._customers:
                return Answer(404, error_body("not_found", f"There is no customer {identifier}."))
            self._customers.discard(identifier)
            return Answer(204, headers={"Content-Length": "0"})

    # --- answers ---

    def _reply(self, connection: socket.socket, answer: Answer, fault: Fault) -> None:  # noqa: C901, PLR0912  # one line for each act
        answer = fault.answer or answer
        head, body = answer.head(), answer.content()
        match fault.act:
            case Act.NOTHING | Act.ANSWER:
                connection.sendall(head + body)
                return
            case Act.RESET:
                _reset(connection)
            case Act.CUT_IN_STATUS_LINE:
                connection.sendall(head[:11])
            case Act.CUT_IN_HEAD | Act.STALL_IN_HEAD:
                connection.sendall(fault.head or head[: head.index(b"\r\n") + 20])
                if fault.act is Act.STALL_IN_HEAD:
                    self._until_the_client_leaves(connection)
            case Act.CUT_AFTER_HEAD:
                connection.sendall(head)
            case Act.CUT_MID_BODY:
                connection.sendall(head + body[: len(body) // 2])
            case Act.CUT_MID_CHUNK:
                connection.sendall(answer.head(chunked=True) + b"%x\r\n" % len(body) + body[: len(body) // 2])
            case Act.STALL_MID_BODY:
                connection.sendall(head + body[: len(body) // 2])
                self._until_the_client_leaves(connection)
            case Act.STALL:
                self._until_the_client_leaves(connection)
            case Act.TRICKLE_HEAD:
                self._trickle(connection, head[:-2] + b"X-Long: ", fault.pause)
            case Act.TRICKLE_BODY:
                connection.sendall(replace(answer, headers={"Content-Length": "1000000"}).head())
                self._trickle(connection, b"", fault.pause)
            case _:
                pass
        raise _Left

    def _trickle(self, connection: socket.socket, start: bytes, pause: float) -> None:
        connection.sendall(start)
        end = time.monotonic() + _TRICKLE
        while time.monotonic() < end and not self._closing.is_set():
            connection.sendall(b" ")
            time.sleep(pause)

    def _until_the_client_leaves(self, connection: socket.socket) -> None:
        end = time.monotonic() + _PATIENCE
        connection.settimeout(0.02)
        while time.monotonic() < end and not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                if not connection.recv(_PIECE):
                    return


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(_PIECE)
    if not received:
        raise _Left
    return received


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    raise _Left


def _dechunked(connection: socket.socket, buffer: bytes) -> bytes:
    body = b""
    while True:
        while b"\r\n" not in buffer:
            buffer += _receive(connection)
        size_line, _, buffer = buffer.partition(b"\r\n")
        size = int(size_line.partition(b";")[0], 16)
        while len(buffer) < size + 2:
            buffer += _receive(connection)
        if size == 0:
            return body
        body, buffer = body + buffer[:size], buffer[size + 2 :]
