"""An HTTP/2 server on loopback (prior knowledge, RFC 9113 section 3.3) that answers each request as a script says."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

import h2.config
import h2.connection
import h2.errors
import h2.events

ANSWER = json.dumps({"id": "ch_1", "amount": 1, "currency": "eur"}).encode()


class Act(StrEnum):
    """What the server does with a request that has come whole."""

    ANSWER = "answer"
    REFUSE_STREAM = "reset the stream as refused"
    RESET_STREAM = "do it, then reset the stream as an internal error"
    GOAWAY_ZERO = "go away, with nothing processed"
    GOAWAY_BELOW = "go away, with only earlier streams processed"
    GOAWAY_AFTER = "do it, then go away with this stream as the last, and close"
    CUT_BODY = "do it, send the status, then reset the stream"
    STALL = "do it, and say nothing"
    BREAK_PROTOCOL = "do it, then send a body without a head"


DONE = frozenset({Act.ANSWER, Act.RESET_STREAM, Act.GOAWAY_AFTER, Act.CUT_BODY, Act.STALL, Act.BREAK_PROTOCOL})


@dataclass
class Http2Server:
    """The server; `effects` counts what was done, by key."""

    script: list[Act]
    keys: list[str] = field(default_factory=list[str])
    effects: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._served, args=(connection,), daemon=True).start()

    def _served(self, connection: socket.socket) -> None:
        # Clients may leave at any time.
        with connection, suppress(OSError):
            self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        state.initiate_connection()
        connection.sendall(state.data_to_send())
        keys: dict[int, str] = {}
        while data := connection.recv(65_536):
            for event in state.receive_data(data):
                if isinstance(event, h2.events.RequestReceived) and event.stream_id and event.headers:
                    headers = {_text(name): _text(value) for name, value in event.headers}
                    keys[event.stream_id] = headers.get("idempotency-key", "")
                ended = event.stream_id if isinstance(event, h2.events.StreamEnded) else None
                if ended and not self._act(connection, state, ended, keys):
                    return
            connection.sendall(state.data_to_send())

    def _act(
        self, connection: socket.socket, state: h2.connection.H2Connection, stream: int, keys: dict[int, str]
    ) -> bool:
        """Deal with a request; whether the connection goes on."""
        key = keys[stream]
        with self._lock:
            act = self.script.pop(0) if self.script else Act.ANSWER
            self.keys.append(key)
            if act in DONE:
                self.effects[key] = self.effects.setdefault(key, 0) or 1
        match act:
            case Act.REFUSE_STREAM:
                state.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
            case Act.RESET_STREAM:
                state.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
            case Act.GOAWAY_ZERO | Act.GOAWAY_BELOW | Act.GOAWAY_AFTER:
                last = {Act.GOAWAY_ZERO: 0, Act.GOAWAY_BELOW: stream - 2, Act.GOAWAY_AFTER: stream}[act]
                state.close_connection(last_stream_id=last)
                connection.sendall(state.data_to_send())
                return False
            case Act.CUT_BODY:
                state.send_headers(stream, _headers())
                state.send_data(stream, ANSWER[:5])
                connection.sendall(state.data_to_send())
                state.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
            case Act.STALL:
                pass
            case Act.BREAK_PROTOCOL:
                # A DATA frame of two bytes (RFC 9113 section 6.1), before any HEADERS.
                connection.sendall(b"\x00\x00\x02\x00\x01" + stream.to_bytes(4) + b"{}")
            case Act.ANSWER:
                state.send_headers(stream, _headers())
                state.send_data(stream, ANSWER, end_stream=True)
        connection.sendall(state.data_to_send())
        return True


def _headers() -> list[tuple[str, str]]:
    return [(":status", "200"), ("content-type", "application/json"), ("content-length", str(len(ANSWER)))]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
