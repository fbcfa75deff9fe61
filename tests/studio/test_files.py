"""Files against a server: downloads to disk and in pieces, uploads, and what comes or goes in other media types."""

from __future__ import annotations

import os
import stat
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from .call_styles import Api, Ask, CallStyle
from .server import CUT, LOST, STALL, Answer, Play, Request, Server, pieces

CONTENT = bytes(range(256)) * 512
HALF = len(CONTENT) // 2


def whole(_: Request) -> Answer:
    """The content, at once."""
    return Answer(200, CONTENT, "application/octet-stream")


def in_turn(*answers: Answer) -> Play:
    """A server that gives one answer after the other."""
    following = iter(answers)
    return lambda _: next(following)


def cut(ending: object = CUT) -> Answer:
    """Half of the content, then nothing."""
    return pieces(CONTENT[:HALF], 0.02, ending, media_type="application/octet-stream", length=len(CONTENT))


def held(target: Path) -> bytes | None:
    """What stands in a file; None where there is none."""
    return target.read_bytes() if target.exists() else None


def quick(studio: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Settings without waits."""
    return {
        "retry": studio.RetryPolicy(**{"initial_delay": 0.001, "max_delay": 0.002, **more}),
        "timeout": studio.Timeout(connect=2.0, read=0.25, write=2.0, pool=2.0),
    }


def saving(target: Path) -> Ask:
    """A download to disk."""
    return lambda client: client.assets.get_content.save(target, "a1")


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """Where a file goes; whatever happens, no other file is left beside it."""
    found = tmp_path / "clip.bin"
    yield found
    assert {path.name for path in tmp_path.iterdir()} <= {"clip.bin"}


# To disk


def test_a_download_stands_at_its_target(studio: Any, call_style: CallStyle, target: Path) -> None:  # noqa: ANN401
    """The whole content, in place of what was there before; the response tells where."""
    target.write_bytes(b"old")

    async def scenario(api: Api) -> None:
        response = await api.call(saving(target))
        assert response.data == target
        assert response.status == 200
        assert held(target) == CONTENT
        assert await api.call(lambda client: client.assets.get_content("a1")) == CONTENT

    with Server(whole) as server:
        call_style.run(studio, server.url, scenario)
    assert server.connections == 1
    assert server.seen[0].headers["accept"] == "application/octet-stream"


def test_a_download_in_pieces_without_a_length(studio: Any, call_style: CallStyle, target: Path) -> None:  # noqa: ANN401
    """Chunks of any size, and none of them missing."""

    async def scenario(api: Api) -> None:
        await api.call(lambda client: client.assets.get_content.save(str(target), "a1"))
        assert held(target) == CONTENT

    with Server(lambda _: pieces(CONTENT[:1], CONTENT[1:HALF], CONTENT[HALF:], media_type="image/png")) as server:
        call_style.run(studio, server.url, scenario)


@pytest.mark.parametrize("ending", [CUT, STALL], ids=["cut", "stalled"])
def test_a_download_that_is_cut_is_tried_again(
    studio: Any,  # noqa: ANN401
    call_style: CallStyle,
    target: Path,
    ending: object,
) -> None:
    """From its start: nothing of the first half stands before the second try's content."""

    async def scenario(api: Api) -> None:
        response = await api.call(saving(target))
        assert held(target) == CONTENT[:HALF]
        assert [attempt.outcome.status for attempt in response.attempts] == [200, 200, None, 200]

    short = Answer(200, CONTENT[:HALF], "application/octet-stream")
    with Server(in_turn(cut(ending), cut(ending), LOST, short)) as server:
        call_style.run(studio, server.url, scenario, **quick(studio))


def test_a_download_that_stays_cut_leaves_the_target_alone(studio: Any, call_style: CallStyle, target: Path) -> None:  # noqa: ANN401
    """What was there before is still there, and nothing else."""
    target.write_bytes(b"old")

    async def scenario(api: Api) -> None:
        with pytest.raises(studio.APIConnectionError, match="the answer with status 200 was cut") as caught:
            await api.call(saving(target))
        assert len(caught.value.attempts) == 3
        assert held(target) == b"old"

    with Server(lambda _: cut()) as server:
        call_style.run(studio, server.url, scenario, **quick(studio, max_retries=2))


def test_a_refused_download_is_an_error(studio: Any, call_style: CallStyle, target: Path) -> None:  # noqa: ANN401
    """The refusal is read as JSON, and nothing is written."""

    async def scenario(api: Api) -> None:
        with pytest.raises(studio.NotFoundError) as caught:
            await api.call(saving(target))
        assert caught.value.body == studio.models.Problem(message="gone")
        assert held(target) is None

    with Server(lambda _: Answer(404, {"message": "gone"})) as server:
        call_style.run(studio, server.url, scenario)


def test_a_keyed_download_keeps_its_key(studio: Any, call_style: CallStyle, target: Path) -> None:  # noqa: ANN401
    """A POST that gives a file is retried as well, under one key."""

    async def scenario(api: Api) -> None:
        response = await api.call(lambda client: client.assistant.create_speech.save(target, text="x"))
        assert held(target) == CONTENT
        assert {request.headers["idempotency-key"] for request in server.seen} == {response.idempotency_key}

    with Server(in_turn(cut(), Answer(200, CONTENT, "audio/wav"))) as server:
        call_style.run(studio, server.url, scenario, **quick(studio))
    assert len(server.seen) == 2


@pytest.mark.parametrize("place", ["missing/clip.bin", "."])
def test_a_target_that_cannot_be_is_refused_before_anything_is_sent(
    studio: Any,  # noqa: ANN401
    call_style: CallStyle,
    tmp_path: Path,
    place: str,
) -> None:
    """A folder that is not there, or a folder in the file's place."""

    async def scenario(api: Api) -> None:
        with pytest.raises((FileNotFoundError, IsADirectoryError)):
            await api.call(saving(tmp_path / place))
        assert not server.seen

    with Server(whole) as server:
        call_style.run(studio, server.url, scenario)
    assert not list(tmp_path.iterdir())


def test_a_long_name_is_no_obstacle(studio: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """A name as long as the disk allows, in letters that take several bytes."""
    target = tmp_path / ("ü" * 127)

    async def scenario(api: Api) -> None:
        await api.call(saving(target))

    with Server(whole) as server:
        CallStyle("").run(studio, server.url, scenario)
    assert target.stat().st_size == len(CONTENT)


def test_a_full_disk_is_the_disks_error(
    studio: Any,  # noqa: ANN401
    call_style: CallStyle,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The download is given up, and its connection with it."""

    async def scenario(api: Api) -> None:
        with pytest.raises(OSError, match="full"):
            await api.call(saving(target))
        assert server.settled(0)

    class Full:
        """A file that takes nothing."""

        def __init__(self, path: Path) -> None:
            self.path = path
            path.touch()

        def write(self, _: bytes) -> int:
            raise OSError(28, "the disk is full")

        def seek(self, _: int) -> None: ...
        def truncate(self) -> None: ...
        def close(self) -> None: ...

    def opened(path: Path, _: str) -> Full:
        return Full(path)

    monkeypatch.setattr(Path, "open", opened)
    with Server(lambda _: pieces(CONTENT, STALL, media_type="application/octet-stream")) as server:
        call_style.run(studio, server.url, scenario)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_download_leaves_nothing(studio: Any, target: Path, backend: str) -> None:  # noqa: ANN401
    """No file, no part of one, and no connection."""

    async def scenario(api: Api) -> None:
        with anyio.move_on_after(0.1) as scope:
            await api.call(saving(target))
        assert scope.cancelled_caught
        assert not list(target.parent.iterdir())
        assert server.settled(0)

    with Server(lambda _: pieces(CONTENT, STALL, media_type="application/octet-stream")) as server:
        CallStyle(backend).run(studio, server.url, scenario)


def test_a_big_file_needs_little_memory(studio: Any, call_style: CallStyle, target: Path) -> None:  # noqa: ANN401
    """64 MB go to disk, and no more than a few of them are held at any moment."""
    size = 64 * 2**20
    block = b"x" * 2**20

    async def scenario(api: Api) -> None:
        await api.call(lambda client: client.assets.get_content("warm"))
        tracemalloc.start()
        try:
            await api.call(saving(target))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 8 * 2**20

    def play(request: Request) -> Answer:
        if "warm" in request.path:
            return Answer(200, b"", "application/octet-stream")
        return pieces(*[block] * 64, media_type="application/octet-stream", length=size)

    with Server(play) as server:
        call_style.run(studio, server.url, scenario)
    assert target.stat().st_size == size


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_a_replaced_file_keeps_its_permissions(studio: Any, call_style: CallStyle, target: Path, mode: int) -> None:  # noqa: ANN401
    """A private statement stays private, while it comes as well."""
    target.write_bytes(b"old")
    target.chmod(mode)
    seen: list[int] = []

    def watched(_: Request) -> Answer:
        seen.extend(stat.S_IMODE(path.stat().st_mode) & ~mode for path in target.parent.iterdir())
        return Answer(200, CONTENT, "application/octet-stream")

    async def scenario(api: Api) -> None:
        await api.call(saving(target))

    with Server(watched) as server:
        call_style.run(studio, server.url, scenario)
    assert held(target) == CONTENT
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert seen == [0, 0]


@pytest.mark.parametrize("is_there", [True, False], ids=["a file", "nothing yet"])
def test_a_link_is_followed(studio: Any, call_style: CallStyle, tmp_path: Path, is_there: bool) -> None:  # noqa: ANN401, FBT001
    """What it leads to is written, and the link stays."""
    real = tmp_path / "disk" / "clip.bin"
    real.parent.mkdir()
    if is_there:
        real.write_bytes(b"old")
    link = tmp_path / "clip"
    link.symlink_to(real)

    async def scenario(api: Api) -> None:
        response = await api.call(saving(link))
        assert response.data == link

    with Server(whole) as server:
        call_style.run(studio, server.url, scenario)
    assert link.is_symlink()
    assert real.read_bytes() == CONTENT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip", "disk"]


def test_a_pipe_and_a_device_are_written_to(studio: Any, call_style: CallStyle, tmp_path: Path) -> None:  # noqa: ANN401
    """Once, when all has come: a reader of the pipe never sees half of a first try."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))

    async def scenario(api: Api) -> None:
        reader.start()
        await api.call(saving(pipe))
        await api.call(saving(Path(os.devnull)))

    with Server(in_turn(cut(), *[Answer(200, CONTENT, "application/octet-stream")] * 2)) as server:
        call_style.run(studio, server.url, scenario, **quick(studio))
    reader.join(10)
    assert read == [CONTENT]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


# In pieces


def test_bytes_as_they_come(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """What gives bytes gives them in pieces too; a cut tells so."""

    async def scenario(api: Api) -> None:
        stream = await api.open(lambda client: client.assets.get_content.stream("a1"))
        assert b"".join(await stream.rest()) == CONTENT
        stream = await api.open(lambda client: client.assets.get_content.stream("a1"))
        with pytest.raises(studio.APIConnectionError, match="was cut"):
            await stream.rest()

    with Server(in_turn(whole(Request("", "", "", {}, b"")), cut())) as server:
        call_style.run(studio, server.url, scenario, **quick(studio))


# Other media types


def test_an_export_in_two_media_types(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """The usual method gives what JSON says, its sister the text; XML is another spelling of the same and has none."""

    async def scenario(api: Api) -> None:
        usage = await api.call(lambda client: client.reports.export_usage(month="2026-01"))
        assert usage == studio.models.Usage(month="2026-01", minutes=3)
        text = await api.call(lambda client: client.reports.export_usage_as_csv(month="2026-01"))
        assert text == "month,minutes\n2026-01,3\n"

    def play(request: Request) -> Answer:
        if request.headers["accept"] == "text/csv":
            return Answer(200, b"month,minutes\n2026-01,3\n", "text/csv")
        return Answer(200, {"month": request.query["month"], "minutes": 3})

    with Server(play) as server:
        call_style.run(studio, server.url, scenario)
    assert [request.headers["accept"] for request in server.seen] == ["application/json", "text/csv"]
    assert not hasattr(studio.LoomStudio(token="t").reports, "export_usage_as_xml")  # noqa: S106


def test_an_upload_in_two_media_types(studio: Any, call_style: CallStyle, tmp_path: Path) -> None:  # noqa: ANN401
    """By JSON, or with the file itself, which is sent again from its start where the answer is lost."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(CONTENT)

    async def scenario(api: Api) -> None:
        await api.call(lambda client: client.assets.add(name="a", source="https://x.example/a"))
        with path.open("rb") as file:
            await api.call(lambda client: client.assets.add_with_multipart(name="a", file=("a.mp4", file, "video/mp4")))

    created = Answer(201, {"id": "a1", "name": "a"})
    with Server(in_turn(created, LOST, created)) as server:
        call_style.run(studio, server.url, scenario, **quick(studio))
    plain, first, second = server.seen
    assert plain.json == {"name": "a", "source": "https://x.example/a"}
    assert first.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert (first.headers["content-type"], first.body) == (second.headers["content-type"], second.body)
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] != plain.headers["idempotency-key"]
    assert CONTENT in first.body


def test_a_raw_upload(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Bytes as the body, by a method that is idempotent by itself."""

    async def scenario(api: Api) -> None:
        assert await api.call(lambda client: client.assets.put_content("a1", body=CONTENT)) is None

    with Server(in_turn(LOST, Answer(204))) as server:
        call_style.run(studio, server.url, scenario, **quick(studio))
    assert [request.body for request in server.seen] == [CONTENT, CONTENT]
    assert not any("idempotency-key" in request.headers for request in server.seen)
