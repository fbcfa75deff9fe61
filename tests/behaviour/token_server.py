"""An API on loopback that wants bearer tokens, and the endpoint that gives them out; both fail as they are told."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

ENDPOINT = "/oauth/token"


@dataclass(frozen=True)
class TokenReply:
    """How the token endpoint answers once.

    Args:
        status: the HTTP status; 0 closes the connection without an answer.
        body: the JSON of the answer.
        delay: seconds before it.
        location: where it points to.
    """

    status: int = 200
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    delay: float = 0.0
    location: str = ""


@dataclass(frozen=True)
class Request:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, list[str]]:
        """The fields of a form."""
        return parse_qs(self.body.decode(), keep_blank_values=True)


class TokenServer:
    """Gives out the tokens t1, t2, … and takes those that it has not revoked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.called: list[Request] = []
        self.planned: list[TokenReply] = []
        self.lifetime: object = 3600
        self.revoked: set[str] = set()
        self.losing = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The API's base URL."""
        return f"{self.origin}/v1"

    @property
    def bearers(self) -> list[str]:
        """The tokens that API requests bore, in order."""
        return [request.headers.get("authorization", "").removeprefix("Bearer ") for request in self.called]

    def revoke(self) -> None:
        """Take none of the tokens that were given out so far."""
        with self._lock:
            self.revoked |= {f"t{number + 1}" for number in range(len(self.asked))}

    def answer(self, request: Request) -> TokenReply:
        """What a request is answered."""
        with self._lock:
            if request.path == ENDPOINT:
                self.asked.append(request)
                usual = {"access_token": f"t{len(self.asked)}", "token_type": "Bearer", "expires_in": self.lifetime}
                reply = self.planned.pop(0) if self.planned else TokenReply(body=usual)
                return reply if reply.body or reply.status != 200 else TokenReply(body=usual, delay=reply.delay)
            self.called.append(request)
            if self.losing:
                self.losing -= 1
                return TokenReply(0)
            token = request.headers.get("authorization", "").rpartition(" ")[2]
            if not token.startswith("t") or token in self.revoked:
                return TokenReply(401, {"error": {"message": "the token is not known"}})
        return TokenReply(body={"id": "ch_1", "amount": 1, "currency": "usd"})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's word
                """Say nothing."""

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = outer.answer(Request(self.command, self.path, headers, self.rfile.read(length)))
                time.sleep(reply.delay)
                with contextlib.suppress(OSError):
                    self._reply(reply)

            do_GET = do_POST  # noqa: N815  # the base class's word

            def _reply(self, reply: TokenReply) -> None:
                if not reply.status:
                    self.close_connection = True
                    return
                content = json.dumps(reply.body).encode()
                self.send_response(reply.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                if reply.location:
                    self.send_header("Location", reply.location)
                self.end_headers()
                self.wfile.write(content)

        return Handler
