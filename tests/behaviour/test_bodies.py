"""Operations that the payments API has not: uploads, one-shot streams, and calls whose server honours no key."""

from __future__ import annotations

import io
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from samekey_templates.runtime.auth.credentials import Bearer
from samekey_templates.runtime.call import Call, Response
from samekey_templates.runtime.client import ApiFacts, AsyncClient, SyncClient, make_settings
from samekey_templates.runtime.errors import APIError
from samekey_templates.runtime.operation import AsyncResource, Resource, operation
from samekey_templates.runtime.retry.record import CallRecord
from samekey_templates.runtime.retry.rules import Certainty, RetryPolicy
from samekey_templates.runtime.safety import Safety

from .fault_server import TOKEN, Act, Fault, FaultServer, answering

FAST = RetryPolicy(initial_delay=0.001, max_delay=0.002, deadline=8.0)
SOURCE = httpx.Request("GET", "http://source.test/")
PAYLOAD = bytes(range(256)) * 2000


class FilesOperations:
    """Operations as a generator would write them."""

    __slots__ = ()

    @operation("POST", "/files", safety=Safety.KEYED, body="raw", media_type="application/octet-stream")
    def upload(self, *, body: object) -> Call[None]:
        """Send bytes, keyed."""
        return Call(body=body)

    @operation("POST", "/files", safety=Safety.KEYED, body="multipart")
    def attach(self, *, file: object, note: str) -> Call[None]:
        """Send a file and a field, keyed."""
        return Call(body={"file": file, "note": note})

    @operation("PUT", "/files/{name}", safety=Safety.IDEMPOTENT, body="raw", media_type="application/octet-stream")
    def replace(self, name: str, *, body: object) -> Call[None]:
        """Send bytes, idempotent."""
        return Call(path={"name": name}, body=body)

    @operation("DELETE", "/files/{name}", safety=Safety.UNSAFE)
    def forget(self, name: str) -> Call[None]:
        """Something that must not be sent twice."""
        return Call(path={"name": name})


class Files(FilesOperations, Resource):
    """The sync client."""

    __slots__ = ()


class AsyncFiles(FilesOperations, AsyncResource):
    """The async client."""

    __slots__ = ()


Caller = Callable[..., CallRecord]


def settings(server: FaultServer, retry: RetryPolicy) -> Any:  # noqa: ANN401
    """A client's settings."""
    api = ApiFacts(base_url=server.url, base_url_variable="FILES_URL", user_agent="files/1", security=(("bearer",),))
    return make_settings(api, credentials={"bearer": Bearer(TOKEN)}, retry=retry)


def sync_caller(server: FaultServer, name: str, *args: Any, retry: RetryPolicy = FAST, **named: Any) -> CallRecord:  # noqa: ANN401
    """Call in this thread."""
    with SyncClient(settings(server, retry), None) as client:
        try:
            response: Response[Any] = getattr(Files(client._core), name).detailed(*args, **named)  # pyright: ignore[reportPrivateUsage]
        except APIError as error:
            return error.record
        return response.record


def async_caller(backend: str) -> Caller:
    """Call on an event loop."""

    def call(server: FaultServer, name: str, *args: Any, retry: RetryPolicy = FAST, **named: Any) -> CallRecord:  # noqa: ANN401
        async def main() -> CallRecord:
            async with AsyncClient(settings(server, retry), None) as client:
                try:
                    response: Response[Any] = await getattr(AsyncFiles(client._core), name).detailed(*args, **named)  # pyright: ignore[reportPrivateUsage]
                except APIError as error:
                    return error.record
                return response.record

        return anyio.run(main, backend=backend)

    return call


CALLERS: dict[str, Caller] = {"sync": sync_caller, "asyncio": async_caller("asyncio"), "trio": async_caller("trio")}


@pytest.fixture(params=list(CALLERS))
def caller(request: pytest.FixtureRequest) -> Caller:
    """Every way to call."""
    return CALLERS[request.param]


def rewindable(kind: str, folder: Path) -> Any:  # noqa: ANN401
    """A body that can be sent again."""
    path = folder / "data.bin"
    path.write_bytes(b"skipped" + PAYLOAD)
    if kind == "bytes":
        return PAYLOAD
    if kind == "memory":
        stream = io.BytesIO(b"skipped" + PAYLOAD)
        stream.seek(7)
        return stream
    file = path.open("rb")
    file.seek(7)
    return file


@pytest.mark.parametrize("kind", ["bytes", "memory", "file"])
@pytest.mark.parametrize(
    "fault", [Fault(Act.CUT), Fault(Act.RESET_MID_UPLOAD), answering(503), Fault(Act.CUT, after=True)], ids=str
)
@pytest.mark.parametrize("name", ["upload", "attach", "replace"])
def test_a_body_that_can_be_rewound_is_sent_again(
    server: FaultServer, caller: Caller, tmp_path: Path, name: str, fault: Fault, kind: str
) -> None:
    """From where it stood when the call was made, with the same boundary: identical bytes on every attempt."""
    server.plan(fault)
    body = rewindable(kind, tmp_path)
    arguments = {"file": body, "note": "é"} if name == "attach" else {"body": body}
    record = caller(server, name, *(["data"] if name == "replace" else []), **arguments)
    if hasattr(body, "close"):
        body.close()
    assert record.certainty is Certainty.APPLIED
    assert len(record.attempts) == 2
    assert len({request.headers for request in server.seen}) == 1
    whole = {request.body for request in server.seen if request.complete}
    assert len(whole) == 1
    assert PAYLOAD in whole.pop()
    assert b"skipped" not in server.seen[-1].body
    if name != "replace":
        assert server.effects_of(record.call.idempotency_key) == 1


def one_shot(kind: str) -> Any:  # noqa: ANN401
    """A body that can be read only once."""
    if kind == "generator":

        def chunks() -> Iterator[bytes]:
            yield PAYLOAD[:1000]
            yield PAYLOAD[1000:]

        return chunks()

    class Pipe(io.RawIOBase):
        """A stream that cannot seek."""

        def __init__(self) -> None:
            self._rest = PAYLOAD

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            size = len(self._rest) if size < 0 else size
            piece, self._rest = self._rest[:size], self._rest[size:]
            return piece

    return Pipe()


@pytest.mark.parametrize("kind", ["generator", "pipe"])
@pytest.mark.parametrize("name", ["upload", "attach"])
def test_a_body_that_can_be_read_once_is_sent_whole(server: FaultServer, caller: Caller, kind: str, name: str) -> None:
    """All of it arrives."""
    arguments = {"file": ("data.bin", one_shot(kind)), "note": "n"} if name == "attach" else {"body": one_shot(kind)}
    record = caller(server, name, **arguments)
    assert record.certainty is Certainty.APPLIED
    assert PAYLOAD in server.seen[0].body


@pytest.mark.parametrize("kind", ["generator", "pipe"])
@pytest.mark.parametrize("fault", [Fault(Act.CUT), answering(503), answering(429), Fault(Act.CUT, after=True)], ids=str)
def test_a_body_that_can_be_read_once_makes_one_attempt(
    server: FaultServer, caller: Caller, fault: Fault, kind: str
) -> None:
    """A one-shot stream makes the call a single attempt; half a body is never sent under the key."""
    server.plan(fault)
    record = caller(server, "upload", body=one_shot(kind))
    if len(record.attempts) > 1:  # a reader that keeps the bytes may well send them again, if they are the same
        assert len({request.body for request in server.seen}) == 1
        return
    assert len(server.seen) == 1
    assert record.certainty is (Certainty.REJECTED if str(fault).startswith("429") else Certainty.UNKNOWN)


@pytest.mark.parametrize("kind", ["generator", "pipe"])
def test_a_body_that_can_be_read_once_is_sent_again_where_nothing_was_sent(
    server: FaultServer, caller: Caller, kind: str
) -> None:
    """Except where nothing was sent: a refused connection has read none of it."""
    server.refuse()
    policy = RetryPolicy(max_retries=2, initial_delay=0.001, max_delay=0.002)
    record = caller(server, "upload", body=one_shot(kind), retry=policy)
    assert len(record.attempts) == 3
    assert record.certainty is Certainty.NOT_SENT


def test_an_async_stream_is_sent_by_the_async_client(server: FaultServer) -> None:
    """And read as it is sent."""

    async def chunks() -> AsyncIterator[bytes]:
        yield PAYLOAD[:10]
        await anyio.lowlevel.checkpoint()
        yield PAYLOAD[10:]

    for backend in ("asyncio", "trio"):
        record = async_caller(backend)(server, "upload", body=chunks())
        assert record.certainty is Certainty.APPLIED
    assert [request.body for request in server.seen] == [PAYLOAD, PAYLOAD]


def test_a_stream_that_fails_is_the_callers_own_error(server: FaultServer, caller: Caller) -> None:
    """Its exception surfaces, and is not retried."""

    def chunks() -> Iterator[bytes]:
        yield b"x" * 10
        raise LookupError("my stream")

    with pytest.raises(LookupError, match="my stream"):
        caller(server, "upload", body=chunks())
    assert not server.effects


def broken_source(error: Exception) -> Iterator[bytes]:
    """A body whose source fails as httpx fails."""
    yield b"x" * 10
    raise error


@pytest.mark.parametrize(
    "error",
    [
        httpx.HTTPStatusError("404", request=SOURCE, response=httpx.Response(404, request=SOURCE)),
        httpx.ConnectError("refused", request=SOURCE),
        httpx.ReadTimeout("slow", request=SOURCE),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_source_that_fails_as_httpx_does_is_not_taken_for_the_api(
    server: FaultServer, caller: Caller, error: Exception
) -> None:
    """It is the caller's own error, with a word on what is certain; nothing of it is read as an answer."""
    with pytest.raises(type(error)) as caught:
        caller(server, "upload", body=broken_source(error))
    assert caught.value is error
    assert any("it may or may not have been done" in note for note in error.__notes__)
    assert not server.effects


class Rows:
    """No iterator, but it hands out the same one each time."""

    def __init__(self) -> None:
        self.rows = iter([b"row 1", b"row 2"])

    def __iter__(self) -> Iterator[bytes]:
        return self.rows


def test_only_a_sequence_is_trusted_to_say_the_same_twice(server: FaultServer, caller: Caller) -> None:
    """Anything else is sent once: what it yields the second time may be nothing."""
    server.plan(answering(503))
    record = caller(server, "upload", body=Rows())
    assert [len(record.attempts), record.certainty] == [1, Certainty.UNKNOWN]
    server.plan(answering(503))
    record = caller(server, "upload", body=[b"row 1", b"row 2"])
    assert [len(record.attempts), record.certainty] == [2, Certainty.APPLIED]
    assert {request.body for request in server.seen} == {b"row 1row 2"}


def test_a_body_that_can_be_read_once_does_not_follow_a_redirect(server: FaultServer, caller: Caller) -> None:
    """The server has had the whole of it, and it cannot be sent again."""
    server.plan(answering(307, Location="/v1/files"))
    record = caller(server, "upload", body=one_shot("generator"))
    assert [len(server.seen), record.certainty] == [1, Certainty.UNKNOWN]
    assert "cannot be sent again" in str(record.attempts[0].outcome)


@pytest.mark.parametrize(
    ("fault", "attempts", "certainty"),
    [
        (Fault(Act.CUT), 1, Certainty.UNKNOWN),
        (Fault(Act.CUT, after=True), 1, Certainty.UNKNOWN),
        (Fault(Act.RESET_UNREAD), 1, Certainty.UNKNOWN),
        (answering(500), 1, Certainty.UNKNOWN),
        (answering(503), 1, Certainty.UNKNOWN),
        (answering(408), 1, Certainty.UNKNOWN),
        (answering(429), 2, Certainty.APPLIED),
        (answering(425), 2, Certainty.APPLIED),
    ],
    ids=str,
)
def test_what_honours_no_key_is_not_sent_twice(
    server: FaultServer, caller: Caller, fault: Fault, attempts: int, certainty: Certainty
) -> None:
    """UNSAFE: retried only where nothing was done."""
    server.plan(fault)
    record = caller(server, "forget", "cus_1")
    assert (len(record.attempts), record.certainty) == (attempts, certainty)
    assert record.call.idempotency_key is None
    assert len(server.seen) <= attempts


def test_what_honours_no_key_is_sent_again_where_nothing_was_sent(server: FaultServer, caller: Caller) -> None:
    """A refused connection is retried for every kind of call."""
    server.refuse()
    record = caller(server, "forget", "cus_1")
    assert (len(record.attempts), record.certainty) == (4, Certainty.NOT_SENT)


def test_what_honours_no_key_may_be_opted_in(server: FaultServer, caller: Caller) -> None:
    """503, 529 and 408 are retried where the policy names them."""
    server.plan(answering(503), answering(408))
    policy = RetryPolicy(initial_delay=0.001, max_delay=0.002, statuses=frozenset({503, 408}))
    record = caller(server, "forget", "cus_1", retry=policy)
    assert (len(record.attempts), record.certainty) == (3, Certainty.APPLIED)


def test_a_spooled_file_is_rewound(server: FaultServer) -> None:
    """What web frameworks hand over."""
    server.plan(Fault(Act.CUT))
    with tempfile.SpooledTemporaryFile(max_size=10) as spooled:
        spooled.write(PAYLOAD)
        spooled.seek(0)
        record = sync_caller(server, "attach", file=("data.bin", spooled), note="n")
    assert len(record.attempts) == 2
    assert len({request.body for request in server.seen}) == 1
    assert PAYLOAD in server.seen[0].body
