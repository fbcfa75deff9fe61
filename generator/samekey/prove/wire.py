"""What leaves the client: seen, and sent to one server or another, on its way out of httpx."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, assert_never
from urllib.parse import parse_qs

import httpx

from samekey.config.dialect import Carrier
from samekey.document.values import value_inside
from samekey.prove.history import Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator

    from samekey.config.dialect import Profile
    from samekey.document.values import JsonValue

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_CURRENT: ContextVar[Watch | None] = ContextVar("watch", default=None)
"""The call that this thread or task is making."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Sees what a call sends.

    Args:
        profile: how its operation carries keys.
        changes_payload: whether what it sends is to be another payload than it was.
        seen: what it has sent so far.
    """

    profile: Profile
    changes_payload: bool = False
    seen: list[Request] = field(default_factory=list[Request])


@contextmanager
def watched(watch: Watch) -> Generator[None]:
    """Record what this thread or task sends while a block runs."""
    token = _CURRENT.set(watch)
    try:
        yield
    finally:
        _CURRENT.reset(token)


@dataclass(slots=True)
class Gate:
    """What every request of the clients goes through.

    Args:
        ports: of the servers that there are now; the attempts of a call go to one after the other, as through a load
            balancer.
        new_keys: whether each attempt gets a key of its own, which the proof must find out.
    """

    ports: tuple[int, ...]
    new_keys: bool = False

    def passed(self, request: httpx.Request) -> None:
        """Record a request that a thread sends, and choose its server."""
        request.read()
        self._see(request)

    async def apassed(self, request: httpx.Request) -> None:
        """Record a request that a task of an event loop sends, and choose its server."""
        stream = request.stream
        await request.aread()
        # Reading puts a generator in its place, which trio finds unfinished where the write fails.
        request.stream = stream
        self._see(request)

    def _see(self, request: httpx.Request) -> None:
        watch = _CURRENT.get()
        if watch is None:
            return
        key = sent_key(watch.profile, request)
        if self.new_keys and key is not None:
            give_key(watch.profile, request, key, str(uuid.uuid4())[: len(key)])
            key = sent_key(watch.profile, request)
        if watch.changes_payload:
            change_payload(request)
        parts = (request.method.encode(), request.url.raw_path, request.content)
        digest = sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()
        index = len(watch.seen) + (sum(key.encode()) if key is not None else 0)
        request.url = request.url.copy_with(port=self.ports[index % len(self.ports)])
        watch.seen.append(Request(time.time(), key, digest, time.monotonic()))


def sent_key(profile: Profile, request: httpx.Request) -> str | None:
    """Return the key that a request bears; None where it bears none."""
    match profile.carrier:
        case Carrier.HEADER:
            key: str | None = request.headers.get(profile.name)
            return key.strip('"') if key is not None and profile.quoted else key
        case Carrier.QUERY:
            value: str | None = request.url.params.get(profile.name)
            return value
        case Carrier.BODY:
            return _in_body(profile.field, request)
        case _:
            assert_never(profile.carrier)


def give_key(profile: Profile, request: httpx.Request, old: str, new: str) -> None:
    """Replace the key of a request by another one of the same length."""
    match profile.carrier:
        case Carrier.HEADER:
            request.headers[profile.name] = request.headers[profile.name].replace(old, new)
        case Carrier.QUERY:
            request.url = request.url.copy_set_param(profile.name, new)
        case Carrier.BODY:
            content = request.content.replace(old.encode(), new.encode())
            request.stream = Whole(content)
            # What has been read is remembered apart from what is sent.
            setattr(request, "_content", content)  # noqa: B010  # no attribute that types know
        case _:
            assert_never(profile.carrier)


def change_payload(request: httpx.Request) -> None:
    """Make a request another one that means the same: a space after its JSON, else a parameter that nobody knows."""
    if not request.headers.get("content-type", "").startswith(_JSON) or not request.content:
        request.url = request.url.copy_add_param("samekey", "changed")
        return
    content = request.content + b" "
    request.stream = Whole(content)
    setattr(request, "_content", content)  # noqa: B010  # no attribute that types know
    request.headers["content-length"] = str(len(content))


def _in_body(path: tuple[str, ...], request: httpx.Request) -> str | None:
    if request.headers.get("content-type", "").startswith(_FORM):
        values = parse_qs(request.content.decode("utf-8", "replace")).get(path[-1], [])
        return values[0] if values else None
    try:
        body: JsonValue = json.loads(request.content)
    except ValueError:
        return None
    value = value_inside(body, path)
    return None if value is None else str(value)


class Whole(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in one piece, without the generator of `httpx.ByteStream`, which trio would find unfinished.

    Args:
        content: the body.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._content,))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Pieces(iter(self))


class _Pieces:
    """An iterator as an event loop reads it."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __aiter__(self) -> _Pieces:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration
