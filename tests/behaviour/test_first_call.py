"""The first call of a process imports what it needs while no fork can come between: a child would wait for ever."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.http2.server import Http2Server

from .fault_server import TOKEN, Act, Fault, FaultServer

STYLES = ("sync", "asyncio", "trio")
LIBRARIES = ("httpx", "httpx2")
Told = tuple[str, list[str]]


@pytest.fixture
def first(request: pytest.FixtureRequest) -> Callable[..., Told]:
    """Makes the first call of a process; what it ended in, and what was imported without a guard."""
    style, library = request.param

    def call(url: str, *, is_http2: bool = False, **client: Any) -> Told:  # noqa: ANN401
        given = {"url": url, "style": style, "client": {"http_library": library, **client}, "http2": is_http2}
        program = [sys.executable, str(Path(__file__).with_name("first_call.py")), json.dumps(given)]
        ended = subprocess.run(program, check=True, capture_output=True, text=True, timeout=60)
        found = json.loads(ended.stdout)
        return found["told"], found["unguarded"]

    return call


EVERYWHERE = pytest.mark.parametrize(
    "first", [(style, library) for style in STYLES for library in LIBRARIES], indirect=True, ids="-".join
)


@EVERYWHERE
def test_a_call_that_is_retried(first: Callable[..., Told], server: FaultServer) -> None:
    """By the name of a host, with a wait before the second attempt."""
    server.plan(Fault(Act.CUT))
    told, unguarded = first(server.url.replace("127.0.0.1", "localhost"), token=TOKEN)
    assert told.startswith("ch_")
    assert unguarded == []


@EVERYWHERE
def test_a_call_over_tls(first: Callable[..., Told], server: FaultServer) -> None:
    """With the certificates that the library brings along."""
    server.plan(*[Fault(Act.RESET_UNREAD)] * 9)
    told, unguarded = first(server.url.replace("http://", "https://"))
    assert "nothing was sent" in told
    assert unguarded == []


@EVERYWHERE
def test_a_call_over_http2(first: Callable[..., Told]) -> None:
    """For which a library imports more."""
    with closing(Http2Server([])) as server:
        told, unguarded = first(server.url, is_http2=True, http2=True)
    assert told == "ch_1"
    assert unguarded == []


@EVERYWHERE
@pytest.mark.parametrize("proxy", ["http", "socks5"])
def test_a_call_through_a_proxy(first: Callable[..., Told], server: FaultServer, proxy: str) -> None:
    """Which cuts the connection: what it takes to ask it is there by then."""
    server.plan(*[Fault(Act.RESET_UNREAD)] * 9)
    told, unguarded = first("https://api.example", proxy=server.url.removesuffix("/v1").replace("http", proxy, 1))
    assert "after 2 attempts" in told
    assert unguarded == []
