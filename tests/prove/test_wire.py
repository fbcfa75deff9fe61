"""What leaves the client is seen, wherever the key travels."""

from __future__ import annotations

import gc
import json

import anyio
import httpx
import pytest
from samekey.config.dialect import Carrier, Profile
from samekey.prove.wire import Gate, Watch, Whole, give_key, sent_key, watched

URL = "http://127.0.0.1:1/charges"
HEADER, QUOTED = Profile(), Profile(quoted=True)
QUERY, BODY = Profile(carrier=Carrier.QUERY, name="key"), Profile(carrier=Carrier.BODY, name="key")
REQUESTS: list[tuple[Profile, httpx.Request]] = [
    (HEADER, httpx.Request("POST", URL, headers={"Idempotency-Key": "abc"})),
    (QUOTED, httpx.Request("POST", URL, headers={"Idempotency-Key": '"abc"'})),
    (QUERY, httpx.Request("POST", URL, params={"key": "abc"})),
    (BODY, httpx.Request("POST", URL, json={"key": "abc", "amount": 1})),
    (BODY, httpx.Request("POST", URL, data={"key": "abc", "amount": "1"})),
]


@pytest.mark.parametrize(("profile", "request_"), REQUESTS)
def test_a_key_is_found_and_exchanged(profile: Profile, request_: httpx.Request) -> None:
    """In a header, quoted or bare, in the query, and in a body of JSON or of a form."""
    assert sent_key(profile, request_) == "abc"
    give_key(profile, request_, "abc", "xyz")
    assert sent_key(profile, request_) == "xyz"


@pytest.mark.parametrize("profile", [HEADER, QUERY, BODY])
def test_a_request_may_bear_no_key(profile: Profile) -> None:
    """Nor need its body be JSON, or an object."""
    for content in (b"", b"<xml/>", b"[]"):
        assert sent_key(profile, httpx.Request("POST", URL, content=content)) is None


def test_what_is_sent_is_what_is_seen() -> None:
    """With a new key for each attempt the bytes on the wire hold the new one."""
    request = httpx.Request("POST", URL, json={"key": "abc"})
    watch = Watch(BODY)
    with watched(watch):
        Gate((8001,), new_keys=True).passed(request)
    assert isinstance(request.stream, httpx.SyncByteStream)
    sent = json.loads(b"".join(request.stream))["key"]
    assert [seen.key for seen in watch.seen] == [sent]
    assert len(sent) == 3
    assert sent != "abc"


def test_a_body_whose_write_fails_leaves_nothing_unfinished() -> None:
    """With a new key in it as well: trio warns of a generator that nobody reads to its end, and warnings are errors."""

    async def write(request: httpx.Request) -> bytes:
        with watched(Watch(BODY)):
            await Gate((8001,), new_keys=True).apassed(request)
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for piece in request.stream:
            assert b"".join([piece async for piece in request.stream]) == piece
            return piece
        return b""

    for content in ({"key": "abc"}, {"other": "abc"}):
        sent = httpx.Request("POST", URL, json=content).read()
        assert len(anyio.run(write, httpx.Request("POST", URL, stream=Whole(sent)), backend="trio")) == len(sent)
        gc.collect()


def test_attempts_go_to_one_server_after_the_other() -> None:
    """As through a load balancer; what nobody watches goes where it was sent."""
    gate, watch = Gate((8001, 8002)), Watch(HEADER)
    ports: list[int | None] = []
    for _ in range(3):
        request = httpx.Request("POST", URL, headers={"Idempotency-Key": "abc"})
        with watched(watch):
            gate.passed(request)
        ports.append(request.url.port)
    assert ports in ([8001, 8002, 8001], [8002, 8001, 8002])
    assert len({seen.digest for seen in watch.seen}) == 1
    request = httpx.Request("GET", URL)
    gate.passed(request)
    assert request.url.port == 1
