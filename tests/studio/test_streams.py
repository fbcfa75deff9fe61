"""Streams against a server: typed items, cut ones, slow ones, and ones that are left early."""

from __future__ import annotations

import gc
import logging
import pickle
import time
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from .call_styles import Api, Ask, CallStyle
from .server import CUT, LOST, STALL, Answer, Request, Server, pieces

RENDERS = [b'data: {"id": "r%d", "state": "running"}\n\n' % number for number in range(3)]
WATCH: Ask = lambda client: client.renders.watch()  # noqa: E731
FOLLOW: Ask = lambda client: client.renders.follow("r1")  # noqa: E731
REPLY: Ask = lambda client: client.assistant.create_reply.stream(question="why?")  # noqa: E731


def playing(*parts: object, **more: Any) -> Server:  # noqa: ANN401
    """A server whose every answer is this stream."""
    return Server(lambda _: pieces(*parts, **more))


def quick(studio: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Settings without waits."""
    return {
        "retry": studio.RetryPolicy(**{"initial_delay": 0.001, "max_delay": 0.002, **more}),
        "timeout": studio.Timeout(connect=2.0, read=0.25, write=2.0, pool=2.0),
    }


# What comes


def test_events_come_as_they_are_sent(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Each item is there when its event is complete, long before the stream ends."""

    async def scenario(api: Api) -> None:
        stream = await api.open(WATCH)
        began = time.monotonic()
        assert (await stream.next()) == studio.models.Render(id="r0", state="running")
        assert (await stream.next()).id == "r1"
        assert time.monotonic() - began < 3.0
        await stream.close()

    with playing(RENDERS[0][:7], 0.05, RENDERS[0][7:], RENDERS[1][:-1], b"\n", 5.0, RENDERS[2]) as server:
        call_style.run(studio, server.url, scenario)
    assert server.seen[0].headers["accept"] == "text/event-stream"
    assert server.seen[0].headers["authorization"] == "Bearer sk_studio"


def test_a_stream_tells_the_response_behind_it(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Status, headers and attempts are there before the first item."""

    async def scenario(api: Api) -> None:
        stream = await api.open(WATCH)
        assert stream.response.status == 200
        assert stream.response.request_id == "req_1"
        assert len(stream.response.attempts) == 1
        assert [item.id for item in await stream.rest()] == ["r0"]
        assert await stream.rest() == []

    with playing(RENDERS[0], headers={"X-Request-Id": "req_1"}) as server:
        call_style.run(studio, server.url, scenario)


def test_the_kind_of_an_event_gives_the_type_of_its_data(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Two models of one shape are told apart by the event alone; text is text; an unknown kind is what fits."""

    async def scenario(api: Api) -> None:
        found = await (await api.open(FOLLOW)).events()
        assert [(event.event, type(event.data).__name__, event.id, event.retry) for event in found] == [
            ("started", "Started", "1", None),
            ("finished", "Finished", "1", 10),
            ("remark", "str", "2", None),
            ("novelty", "dict", "2", None),
        ]
        assert found[2].data == "two\nlines"

    moment = b'data: {"render": "r1", "at": "2026-01-02T03:04:05Z"}'
    with playing(
        b"\xef\xbb\xbf: welcome\r\n\r\nid: 1\r\nevent: started\r\n" + moment + b"\r\n\r\n",
        b"event: finished\nretry: 10\n" + moment + b"\n\n",
        b"event: remark\rdata: two\rdata: lines\rid: 2\r\r",
        b'event: novelty\ndata: {"a": 1}\n\n',
        b"event: started\ndata: incomplete, and so no event",
    ) as server:
        call_style.run(studio, server.url, scenario)


def test_the_sentinel_ends_a_stream(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """What comes after `[DONE]` is nobody's business, though the server goes on; the connection is not left open."""

    async def scenario(api: Api) -> None:
        stream = await api.open(WATCH)
        assert [item.id for item in await stream.rest()] == ["r0"]
        assert server.settled(0)

    with playing(RENDERS[0] + b"data: [DONE]\n\n" + RENDERS[1], STALL) as server:
        call_style.run(studio, server.url, scenario)


def test_json_lines_and_sequences(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Items in other formats are typed as well, and each format is asked for by its name."""

    async def scenario(api: Api) -> None:
        lines = await (await api.open(lambda client: client.renders.read_log("r1"))).rest()
        assert lines == [
            studio.models.LogEntry(level="info", text="ü"),
            studio.models.LogEntry(level="error", text="b"),
        ]
        samples = await (await api.open(lambda client: client.renders.read_samples("r1"))).rest()
        assert samples == [studio.models.Sample(frame=1, seconds=0.5), studio.models.Sample(frame=2)]

    def play(request: Request) -> Answer:
        if request.path.endswith("/log"):
            text = '{"level": "info", "text": "ü"}\n\n{"level": "error", "text": "b"}'.encode()
            return pieces(text[:26], text[26:], media_type="application/jsonl")
        return pieces(b'\x1e{"frame": 1,\n "seconds": 0.5}\n', b'\x1e{"frame": 2}\n', media_type="application/json-seq")

    with Server(play) as server:
        call_style.run(studio, server.url, scenario)
    assert [request.headers["accept"] for request in server.seen] == ["application/jsonl", "application/json-seq"]


def test_a_value_or_a_stream(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """A plain call says that it wants no stream, `.stream` that it does; both are keyed."""

    async def scenario(api: Api) -> None:
        reply = await api.call(lambda client: client.assistant.create_reply(question="why?"))
        assert reply == studio.models.Reply(text="because", tokens=1)
        stream = await api.open(REPLY)
        assert [piece.text for piece in await stream.rest()] == ["be", "cause"]
        assert stream.response.idempotency_key == server.seen[1].headers["idempotency-key"]

    def play(request: Request) -> Answer:
        if not request.json["stream"]:
            return Answer(200, {"text": "because", "tokens": 1})
        return pieces(b'data: {"text": "be"}\n\n', b'data: {"text": "cause"}\n\ndata: [DONE]\n\n')

    with Server(play) as server:
        call_style.run(studio, server.url, scenario)
    assert [request.json for request in server.seen] == [
        {"question": "why?", "stream": False},
        {"question": "why?", "stream": True},
    ]
    assert [request.headers["accept"] for request in server.seen] == ["application/json", "text/event-stream"]


def test_text_is_text(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Where the document says that data is a string, it is not JSON."""

    async def scenario(api: Api) -> None:
        stream = await api.open(lambda client: client.assistant.create_narration(text="x"))
        assert await stream.rest() == ["Hello", '"you"', "1"]

    with playing(b'data: Hello\n\ndata: "you"\n\ndata: 1\n\n') as server:
        call_style.run(studio, server.url, scenario)


# What does not fit


def test_an_item_that_does_not_fit_is_kept(
    studio: Any,  # noqa: ANN401
    call_style: CallStyle,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Data of another shape, or that is not JSON, is given as it came, with a warning; the stream goes on."""

    async def scenario(api: Api) -> None:
        first, second, third = await (await api.open(WATCH)).rest()
        assert (first.id, first.state) == (["odd"], "running")
        assert second == "ping"
        assert third.id == "r0"

    with playing(b'data: {"id": ["odd"], "state": "running"}\n\n', b"data: ping\n\n", RENDERS[0]) as server:
        call_style.run(studio, server.url, scenario)
    assert [entry.levelno for entry in caplog.records if "does not match its schema" in entry.message] == [30, 30]


def test_strictness_is_for_streams_too(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Who asked for it gets an error at that item, after all items before it, and the stream is closed."""

    async def scenario(api: Api) -> None:
        stream = await api.open(WATCH)
        assert (await stream.next()).id == "r0"
        with pytest.raises(studio.APIDecodeError, match="item 2 of the stream cannot be read") as caught:
            await stream.next()
        assert caught.value.content == b'{"id": 1}'
        assert await stream.rest() == []
        assert server.settled(0)

    with playing(RENDERS[0] + b'data: {"id": 1}\n\n' + RENDERS[1], STALL) as server:
        call_style.run(studio, server.url, scenario, strict=True)


def test_a_line_that_is_no_json_is_an_error(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """In a format that is made of JSON nothing else can be meant."""

    async def scenario(api: Api) -> None:
        stream = await api.open(lambda client: client.renders.read_log("r1"))
        assert (await stream.next()).text == "a"
        with pytest.raises(studio.APIDecodeError, match="item 2"):
            await stream.next()

    with playing(b'{"level": "info", "text": "a"}\n<html>\n', media_type="application/jsonl") as server:
        call_style.run(studio, server.url, scenario)


def test_a_single_value_in_place_of_events_is_an_error(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """A server that does not stream would be taken for one that has nothing to say."""

    async def scenario(api: Api) -> None:
        with pytest.raises(
            studio.APIDecodeError, match="application/json instead of a stream, such as text/event-stream"
        ) as caught:
            await api.open(REPLY)
        assert caught.value.certainty is studio.Certainty.APPLIED
        assert server.settled(0)

    with playing(b'{"text": "bec', STALL, media_type="application/json; charset=utf-8") as server:
        call_style.run(studio, server.url, scenario)


@pytest.mark.parametrize("media_type", ["text/html", "application/xml", "application/problem+xml", "image/png"])
@pytest.mark.parametrize("ask", [REPLY, lambda client: client.renders.read_log("r1")], ids=["events", "lines"])
def test_an_answer_that_is_no_stream_is_an_error(
    studio: Any,  # noqa: ANN401
    call_style: CallStyle,
    media_type: str,
    ask: Ask,
) -> None:
    """A page of a proxy would be taken for a stream without items."""

    async def scenario(api: Api) -> None:
        with pytest.raises(studio.APIDecodeError, match=r"instead of a stream|came with a page of HTML"):
            await api.open(ask)
        assert server.settled(0)

    with playing(b"<html>", STALL, media_type=media_type) as server:
        call_style.run(studio, server.url, scenario)


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "application/octet-stream", "text/event-stream; charset=utf-8"]
)
def test_a_media_type_that_says_nothing_is_no_other_one(studio: Any, call_style: CallStyle, media_type: str) -> None:  # noqa: ANN401
    """Many servers do not name what they stream."""

    async def scenario(api: Api) -> None:
        stream = await api.open(REPLY)
        assert (await stream.next()).text == "a"
        await stream.close()

    with playing(b'data: {"text": "a"}\n\n', media_type=media_type) as server:
        call_style.run(studio, server.url, scenario)


def test_a_refusal_is_an_error_before_any_item(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """The body of a refusal is read whole, and typed."""

    async def scenario(api: Api) -> None:
        with pytest.raises(studio.NotFoundError, match="no such render") as caught:
            await api.open(FOLLOW)
        assert caught.value.body == studio.models.Problem(message="no such render")

    with Server(lambda _: Answer(404, {"message": "no such render"})) as server:
        call_style.run(studio, server.url, scenario)


# Retries and cuts


def test_the_head_is_retried_under_one_key(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Lost answers and refusals before the head of a success: the same request again, then the stream."""

    async def scenario(api: Api) -> None:
        stream = await api.open(REPLY)
        assert [piece.text for piece in await stream.rest()] == ["because"]
        assert len(stream.response.attempts) == 3
        assert {request.headers["idempotency-key"] for request in server.seen} == {stream.response.idempotency_key}
        assert len({request.body for request in server.seen}) == 1

    answers = iter([LOST, Answer(503, {"message": "later"}), pieces(b'data: {"text": "because"}\n\n')])
    with Server(lambda _: next(answers)) as server:
        call_style.run(studio, server.url, scenario, **quick(studio))


@pytest.mark.parametrize("ending", [CUT, STALL], ids=["cut", "stalled"])
def test_a_cut_after_the_head_says_what_is_certain(studio: Any, call_style: CallStyle, ending: object) -> None:  # noqa: ANN401
    """Items have been given out, so it is not tried again; the key reads the answer once more."""

    async def scenario(api: Api) -> None:
        stream = await api.open(REPLY)
        assert (await stream.next()).text == "be"
        with pytest.raises(studio.APIConnectionError, match="1 item had come") as caught:
            await stream.next()
        error = caught.value
        assert isinstance(error, studio.APITimeoutError) is (ending is STALL)
        assert error.certainty is studio.Certainty.APPLIED
        assert f"call again with idempotency_key={stream.response.idempotency_key!r} to read the answer" in str(error)
        assert pickle.loads(pickle.dumps(error)).idempotency_key == error.idempotency_key  # noqa: S301  # our own
        assert await stream.rest() == []
        assert server.settled(0)

    with playing(b'data: {"text": "be"}\n\ndata: {"te', 0.05, ending) as server:
        call_style.run(studio, server.url, scenario, **quick(studio))
    assert len(server.seen) == 1


def test_a_body_shorter_than_it_says_is_a_cut(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Also of a stream that came with its length."""

    async def scenario(api: Api) -> None:
        stream = await api.open(WATCH)
        with pytest.raises(studio.APIConnectionError, match="1 item had come"):
            await stream.rest()

    with playing(RENDERS[0], CUT, length=1000) as server:
        call_style.run(studio, server.url, scenario, **quick(studio))


def test_a_stream_outlasts_the_deadline(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """The deadline ends with the head: what is watched for hours is no call that takes too long."""

    async def scenario(api: Api) -> None:
        assert [item.id for item in await (await api.open(WATCH)).rest()] == ["r0", "r1", "r2"]

    with playing(RENDERS[0], 0.2, RENDERS[1], 0.2, RENDERS[2]) as server:
        call_style.run(studio, server.url, scenario, **quick(studio, deadline=0.15))


def test_a_head_that_does_not_come_is_bound_by_the_deadline(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Until then it is a call like all others."""

    async def scenario(api: Api) -> None:
        began = time.monotonic()
        with pytest.raises(studio.APITimeoutError):
            await api.open(WATCH)
        assert time.monotonic() - began < 3.0

    def play(_: Request) -> Answer:
        time.sleep(1.0)
        return pieces(RENDERS[0])

    patient = studio.Timeout(connect=2.0, read=5.0, write=2.0, pool=2.0)
    with Server(play) as server:
        call_style.run(studio, server.url, scenario, **{**quick(studio, deadline=0.2), "timeout": patient})


# Connections


def test_a_stream_that_ended_gives_its_connection_back(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Read to its end, it needs no closing: the next call takes the same connection."""

    async def scenario(api: Api) -> None:
        for _ in range(3):
            assert len(await (await api.open(WATCH)).rest()) == 1

    with playing(RENDERS[0]) as server:
        call_style.run(studio, server.url, scenario)
    assert server.connections == 1


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_stream_that_is_left_closes_its_connection(studio: Any, call_style: CallStyle, taken: int) -> None:  # noqa: ANN401
    """Before its first item, between two, or in the midst of one: nothing is left open, and nothing complains."""

    async def scenario(api: Api) -> None:
        stream = await api.open(WATCH)
        for _ in range(taken):
            await stream.next()
        await stream.close()
        await stream.close()
        assert await stream.rest() == []
        assert server.settled(0)
        del stream
        gc.collect()

    with playing(RENDERS[0], RENDERS[1] + b"data: {", STALL) as server:
        call_style.run(studio, server.url, scenario)


@pytest.fixture
def no_garbage() -> Iterator[None]:
    """What is closed here is closed by nobody holding it any more, not by a collector that comes some time."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize("taken", [0, 1])
def test_a_sync_stream_may_just_be_dropped(studio: Any, taken: int) -> None:  # noqa: ANN401
    """Without `with`, and before or after its first item: it closes when nobody holds it any more, at once."""
    with playing(RENDERS[0], STALL) as server, studio.LoomStudio(base_url=server.url, token="t") as client:  # noqa: S106
        stream = client.renders.watch()
        for _ in range(taken):
            next(stream)
        del stream
        assert server.settled(0)


@pytest.mark.usefixtures("no_garbage")
def test_a_loop_over_a_sync_stream_may_be_left(studio: Any) -> None:  # noqa: ANN401
    """A stream that only the loop has seen is closed when the loop is over."""
    with playing(RENDERS[0], STALL) as server, studio.LoomStudio(base_url=server.url, token="t") as client:  # noqa: S106
        for item in client.renders.watch():
            assert item.id == "r0"
            break
        assert server.settled(0)


def test_with_closes_a_sync_stream(studio: Any) -> None:  # noqa: ANN401
    """Left by an exception, it is closed as well."""

    def fail() -> None:
        with client.renders.watch() as stream:
            for item in stream:
                raise ZeroDivisionError(item.id)

    with playing(RENDERS[0], STALL) as server, studio.LoomStudio(base_url=server.url, token="t") as client:  # noqa: S106
        with pytest.raises(ZeroDivisionError, match="r0") as caught:
            fail()
        # The exception still holds the stream, so nothing else has closed it.
        assert server.settled(0)
        assert caught.value.__traceback__


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_with_closes_an_async_stream(studio: Any, backend: str) -> None:  # noqa: ANN401
    """Left by an exception, it is closed as well."""

    async def fail(client: Any) -> None:  # noqa: ANN401
        async with await client.renders.watch() as stream:
            async for item in stream:
                raise ZeroDivisionError(item.id)

    async def scenario(api: Any) -> None:  # noqa: ANN401
        with pytest.raises(ZeroDivisionError, match="r0"):
            await fail(api.client)
        assert server.settled(0)

    with playing(RENDERS[0], STALL) as server:
        CallStyle(backend).run(studio, server.url, scenario)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_stream_is_closed(studio: Any, backend: str) -> None:  # noqa: ANN401
    """Who stops waiting for an item gets the cancellation, and the connection is gone."""

    async def scenario(api: Api) -> None:
        stream = await api.open(WATCH)
        await stream.next()
        with anyio.move_on_after(0.05) as scope:
            await stream.next()
        assert scope.cancelled_caught
        assert await stream.rest() == []
        assert server.settled(0)

    with playing(RENDERS[0], STALL) as server:
        CallStyle(backend).run(studio, server.url, scenario)


def test_a_hook_that_fails_takes_no_stream_away(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Whoever only looks on cannot keep the items from who asked for them."""

    def broken(_: object) -> None:
        raise ZeroDivisionError

    async def scenario(api: Api) -> None:
        stream = await api.open(WATCH)
        assert len(await stream.rest()) == 1

    with playing(RENDERS[0]) as server:
        call_style.run(studio, server.url, scenario, on_attempt=broken)


def test_secrets_are_not_logged(studio: Any, caplog: pytest.LogCaptureFixture) -> None:  # noqa: ANN401
    """A stream is logged as any call is: its operation and attempts, no credentials."""
    caplog.set_level(logging.DEBUG, "loom_studio")

    async def scenario(api: Api) -> None:
        await (await api.open(WATCH)).rest()

    with playing(RENDERS[0]) as server:
        CallStyle("").run(studio, server.url, scenario)
    assert any("renders.watch" in entry.message for entry in caplog.records)
    assert "sk_studio" not in caplog.text
