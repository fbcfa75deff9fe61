"""Requests as exact bytes, and what becomes of them; nothing is retried and no redirect is followed here."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, TypeAlias, cast
from urllib.parse import urlsplit

import httpx

from samekey.verify.findings import VerifyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.document.values import JsonValue

_TIMEOUT = 30.0
_MOST_CONNECTIONS = 64
_TURNS = 20
_PATIENCE = 60.0
_LONGEST_WAIT = 10.0
_SHORTEST_WAIT = 0.1
_PAUSE = 0.1
COME_AGAIN: Final = frozenset({409, 423, 425, 429, 503})
"""Statuses that may only mean "not now"."""
_CODES = ("code", "errorCode", "error_code", "type", "name", "error")
_WRAPPERS = ("error", "errors")
"""Where generated clients look for codes."""
_NO_CODES = frozenset({"about:blank", "error", ""})


@dataclass(frozen=True, slots=True)
class Sending:
    """A request.

    Args:
        method: in capitals.
        target: path and query, to be put behind the base URL.
        headers: names and values.
        body: the whole body.
    """

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """An answer that came whole.

    Args:
        status: the HTTP status.
        headers: names in lower case, and values.
        body: the whole body.
        took: seconds from the request to the end of the answer.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    took: float = 0.0

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004

    @property
    def refused(self) -> bool:
        """Whether the status is 4xx."""
        return 400 <= self.status < 500  # noqa: PLR2004

    def header(self, name: str) -> str:
        """Return the first value of a header, or an empty text where it is missing."""
        return next((value for found, value in self.headers if found == name.lower()), "")

    @property
    def value(self) -> JsonValue:
        """The body as JSON, or None where it is none."""
        try:
            return cast("JsonValue", json.loads(self.body))
        except (ValueError, RecursionError):
            return None

    @property
    def code(self) -> str:
        """The error code in the body, where it has one that a generated client would find."""
        whole = self.value
        levels = [whole, *(whole.get(name) for name in _WRAPPERS)] if isinstance(whole, dict) else [whole]
        entries = [entry for level in levels for entry in (level if isinstance(level, list) else [level])]
        values = [entry.get(name) for entry in entries if isinstance(entry, dict) for name in _CODES]
        words = [str(value) for value in values if isinstance(value, str | int) and not isinstance(value, bool)]
        return next((word for word in words if _is_code(word) and word != str(self.status)), "")

    @property
    def retry_after(self) -> float | None:
        """The seconds to wait, where the answer asks for that in seconds."""
        try:
            seconds = float(self.header("retry-after"))
        except ValueError:
            return None
        return seconds if 0 <= seconds < float("inf") else None


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer came.

    Args:
        why: what happened, for people.
    """

    why: str


ProbeOutcome: TypeAlias = ProbeAnswer | Lost


class Caller:
    """Sends requests to an API, as long as it is entered.

    Args:
        base: its address, without a slash at its end.
        client: the connections; None for new ones.
    """

    def __init__(self, base: str, client: httpx.Client | None = None) -> None:
        # A connection for each request: servers that close one after a failure would make the next request fail.
        limits = httpx.Limits(max_connections=_MOST_CONNECTIONS, max_keepalive_connections=0)
        # Neither proxies nor credentials of the environment: what is sent is what was said.
        self._client = client or httpx.Client(timeout=_TIMEOUT, limits=limits, trust_env=False)
        self.base = base

    def at(self, base: str) -> Caller:
        """Return a caller with the same connections and another address."""
        return Caller(base, self._client)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, sending: Sending, *, leave_after: float = _TIMEOUT) -> ProbeOutcome:
        """Send a request once.

        Args:
            sending: the request.
            leave_after: seconds without an answer after which the connection is closed.
        """
        timeout = httpx.Timeout(_TIMEOUT, read=leave_after).as_dict()
        url = f"{self.base}{sending.target}"
        request = httpx.Request(
            sending.method, url, headers=list(sending.headers), content=sending.body, extensions={"timeout": timeout}
        )
        began = time.monotonic()
        try:
            response = self._client.send(request)
        except httpx.HTTPError as error:
            return Lost(str(error) or type(error).__name__)
        headers = tuple((name.lower(), value) for name, value in response.headers.multi_items())
        return ProbeAnswer(response.status_code, headers, response.content, time.monotonic() - began)

    def settle(self, sending: Sending) -> ProbeOutcome:
        """Send a request until it is answered with something else than "not now", twenty times or a minute at most."""
        deadline = time.monotonic() + _PATIENCE
        outcome = self.send(sending)
        for _ in range(_TURNS):
            if not isinstance(outcome, ProbeAnswer) or outcome.status not in COME_AGAIN:
                break
            if time.monotonic() >= deadline:
                break
            time.sleep(min(max(outcome.retry_after or 0.0, _SHORTEST_WAIT), _LONGEST_WAIT))
            outcome = self.send(sending)
        return outcome


def at_once(callers: Sequence[Caller], sending: Sending) -> list[ProbeOutcome]:
    """Send the same request from several threads at the same moment.

    Args:
        callers: who send it, each of them once.
        sending: the request.
    """
    barrier = threading.Barrier(len(callers))

    def send(caller: Caller) -> ProbeOutcome:
        barrier.wait()
        return caller.send(sending)

    with ThreadPoolExecutor(len(callers)) as pool:
        return list(pool.map(send, callers))


def wait_for(base: str, seconds: float) -> None:
    """Wait until a server takes connections.

    Args:
        base: its address.
        seconds: how long at most.

    Raises:
        VerifyError: it does not within that time.
    """
    parts = urlsplit(base)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((parts.hostname or "", port), timeout=1.0).close()
        except OSError as error:
            if time.monotonic() >= deadline:
                raise VerifyError(f"{base} takes no connections within {seconds:g} s: {error}") from error
            time.sleep(_PAUSE)
        else:
            return


def _is_code(word: str) -> bool:
    return word not in _NO_CODES and not any(letter.isspace() for letter in word)
