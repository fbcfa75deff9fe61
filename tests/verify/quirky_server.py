"""A server of notes that does each key once, but for one quirk."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TAKES = 0.02
"""Seconds that a note takes."""

_NONE = 0
"""The status of no answer at all."""


class Quirk(Enum):
    """What is odd about a server."""

    NONE = auto()
    UNMARKED = auto()
    """Stored answers bear no mark."""
    REWRITTEN = auto()
    """The answer is written anew each time."""
    REORDERED = auto()
    """A stored answer has its fields in another order."""
    OTHER_STATUS = auto()
    """200 where the first was 201."""
    DUPLICATE = auto()
    """A used key is refused, whatever comes with it."""
    SILENT = auto()
    """Another payload is given the stored answer."""
    SLOPPY = auto()
    """Another payload is carried out."""
    FAILING = auto()
    """Another payload is answered 500."""
    LIMITED = auto()
    """Another payload meets a limiter."""
    CRASHING = auto()
    """Whoever comes while the first is running is answered 500."""
    PATIENT = auto()
    """Whoever comes while the first is running waits for it."""
    SHORTENING = auto()
    """Keys are cut to 255 characters."""
    TAKING_EMPTY = auto()
    """An empty key is a key."""
    IGNORING_EMPTY = auto()
    """An empty key is none."""
    NEEDING_KEYS = auto()
    """Without a key nothing is done."""
    SOMEBODY_ELSES = auto()
    """A stored answer is the first that was ever stored."""
    EMPTY = auto()
    """A stored answer is an empty object."""
    HASTY = auto()
    """Whoever comes while the first is running is told 202 at once."""
    RELEASING = auto()
    """A key whose request failed is free again, though what it did is done."""
    TRACING = auto()
    """The trace belongs to the key."""
    TRACING_AND_BREAKING = auto()
    """Another trace under a used key is answered 500."""
    CUTTING = auto()
    """Keys are cut to 35 characters."""
    FOLDING = auto()
    """Keys are kept in lower case."""
    SHORT_LIST = auto()
    """The list ends at twenty, and has no pages."""
    SILENT_AFTER = auto()
    """A key whose request failed gets no answer."""
    HESITATING = auto()
    """Between looking a key up and writing it down is a while, in which only this process waits."""
    BLOCKED = auto()
    """Once a stored answer was given, a new key is answered 500."""
    ENDING = auto()
    """After two notes, all that it says is 500."""
    STUCK = auto()
    """A key whose request failed says for ever that it runs."""
    LOSING = auto()
    """The first with a key is answered as if it were done, and is not."""


@dataclass
class _Stored:
    body: bytes
    note: dict[str, object] | None = None


@dataclass(frozen=True)
class _Reply:
    status: int
    value: object
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class Notes:
    """The notes and the keys of a server."""

    quirk: Quirk
    notes: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    stored: dict[str, _Stored] = field(default_factory=dict[str, _Stored])
    _replayed: bool = False
    _lock: threading.Condition = field(default_factory=threading.Condition)

    def create(self, key: str | None, body: bytes, *, trace: str = "", fails: bool = False) -> _Reply:
        """Answer a POST; one that fails has made its note all the same."""
        quirk = self.quirk
        key = self._kept(key, trace) if key else key
        if self._breaks(key, trace):
            return _Reply(500, {})
        if key is None:
            return self._refused("key_missing") if quirk is Quirk.NEEDING_KEYS else _Reply(201, self._make(body))
        if not key and quirk is not Quirk.TAKING_EMPTY:
            return _Reply(201, self._make(body)) if quirk is Quirk.IGNORING_EMPTY else self._refused("key_empty")
        stored = self._claimed(key, body)
        if stored is not None:
            return self._again(stored, body)
        reply = self._first(key, body)
        if not fails:
            return reply
        if quirk is Quirk.RELEASING:
            del self.stored[key]
        if quirk in {Quirk.STUCK, Quirk.SILENT_AFTER}:
            self.stored[key].note = None
        return _Reply(500, {})

    def _claimed(self, key: str, body: bytes) -> _Stored | None:
        """Write a key down; return what is stored of it where it was used."""
        with self._lock:
            stored = self.stored.get(key)
            if self.quirk is Quirk.HESITATING:
                time.sleep(TAKES)
            if stored is None:
                self.stored[key] = _Stored(body)
            elif stored.note is None and self.quirk is Quirk.PATIENT:
                self._lock.wait_for(lambda: stored.note is not None, 10)
        return stored

    def _breaks(self, key: str | None, trace: str) -> bool:
        """Whether it answers 500 before it does anything."""
        if self.quirk is Quirk.BLOCKED:
            return self._replayed and key not in self.stored
        if self.quirk is Quirk.ENDING:
            return len(self.notes) > 1
        return self.quirk is Quirk.TRACING_AND_BREAKING and key in self.stored and trace.endswith("2-01")

    def _kept(self, key: str, trace: str) -> str:
        """Return what is kept of a key."""
        kept = {
            Quirk.TRACING: key + trace,
            Quirk.CUTTING: key[:35],
            Quirk.FOLDING: key.lower(),
            Quirk.SHORTENING: key[:255],
        }
        return kept.get(self.quirk, key)

    def forget(self) -> None:
        """Forget all keys, as a restart does that keeps them in memory."""
        self.stored.clear()

    def _first(self, key: str, body: bytes) -> _Reply:
        time.sleep(TAKES)
        with self._lock:
            lost = self.quirk is Quirk.LOSING and len(self.stored) > 2  # the first two look honest
            note: dict[str, object] = {"id": key, "text": ""} if lost else self._make(body)
            self.stored[key].note = note
            self._lock.notify_all()
        return _Reply(201, note)

    def _again(self, stored: _Stored, body: bytes) -> _Reply:
        if stored.body != body and self.quirk is not Quirk.SILENT:
            return self._other(body)
        if stored.note is None:
            if self.quirk is Quirk.HASTY:
                return _Reply(202, {})
            if self.quirk is Quirk.SILENT_AFTER:
                return _Reply(_NONE, {})
            return _Reply(500, {}) if self.quirk is Quirk.CRASHING else _Reply(409, {"code": 409, "name": "running"})
        self._replayed = True
        mark = () if self.quirk is Quirk.UNMARKED else (("X-Original-Answer", "1"),)
        replies = {
            Quirk.DUPLICATE: _Reply(409, {"code": "used"}),
            Quirk.REWRITTEN: _Reply(201, {**stored.note, "read_at": time.monotonic()}, mark),
            Quirk.REORDERED: _Reply(201, dict(reversed(stored.note.items())), mark),
            Quirk.SOMEBODY_ELSES: _Reply(201, next(iter(self.stored.values())).note, mark),
            Quirk.EMPTY: _Reply(200, {}, mark),
            Quirk.OTHER_STATUS: _Reply(200, stored.note, mark),
        }
        return replies.get(self.quirk, _Reply(201, stored.note, mark))

    def _other(self, body: bytes) -> _Reply:
        match self.quirk:
            case Quirk.SLOPPY:
                return _Reply(201, self._make(body))
            case Quirk.FAILING:
                return _Reply(500, {})
            case Quirk.LIMITED:
                return _Reply(429, {})
            case _:
                return _Reply(422, {"error": {"type": "key_reused", "message": "this is not the same"}})

    def _make(self, body: bytes) -> dict[str, object]:
        note: dict[str, object] = {**json.loads(body), "id": f"note_{len(self.notes)}"}
        self.notes.append(note)
        return note

    def _refused(self, code: str) -> _Reply:
        return _Reply(400, {"code": code})


@contextlib.contextmanager
def quirky(quirk: Quirk, beside: list[dict[str, object]] | None = None, keys_of: Notes | None = None) -> Generator[str]:
    """A server with a quirk, and its address.

    Args:
        quirk: what is odd about it.
        beside: the notes that it shares with a server beside it.
        keys_of: whose keys it shares; each has a lock of its own all the same.
    """
    notes = Notes(quirk, [] if beside is None else beside, {} if keys_of is None else keys_of.stored)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body go out one by one; the second must not wait for the first to be acknowledged.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            shown = notes.notes[:20] if quirk is Quirk.SHORT_LIST else notes.notes
            self._send(_Reply(200, {"data": shown}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            trace, fails = self.headers.get("traceparent", ""), "x-fail" in self.headers
            self._send(notes.create(self.headers.get("idempotency-key"), body, trace=trace, fails=fails))

        def do_DELETE(self) -> None:
            notes.forget()
            self._send(_Reply(204, ""))

        def _send(self, reply: _Reply) -> None:
            if reply.status == _NONE:
                self.close_connection = True
                return
            content = json.dumps(reply.value).encode()
            with contextlib.suppress(OSError):
                self.send_response(reply.status)
                for name, value in (*reply.headers, ("Content-Length", str(len(content)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(5)
