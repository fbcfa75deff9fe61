"""Bytes: an answer belongs to its request, a body stays what it was, and what ends early is not whole."""

from __future__ import annotations

import gzip
import importlib
import io
import resource
import ssl
import time
import zlib
from functools import cache, partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.truth.call_styles import CALL_STYLES, Ask, ended, order, payment, to
from tests.truth.server import LOST, Answer, Request, Shop


def always(value: ssl.SSLContext, *_: object, **__: object) -> ssl.SSLContext:
    """Return a value, whatever is asked."""
    return value


JSON = ("Content-Type", "application/json")


def fetch(method: Any) -> Any:  # noqa: ANN401
    """The bytes of a file."""
    return method("files.fetch")()


def watch(sdk: Any, shop: Shop, **settings: Any) -> list[Any]:  # noqa: ANN401
    """All items of a stream of events."""
    with sdk.CornerShop(base_url=shop.url, token="t", **settings) as client, client.events.watch() as stream:  # noqa: S106
        return list(stream)


# --- somebody else's answer ---


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_bytes_behind_an_answer_are_not_the_next_one(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """A proxy that passes on two answers to one request must not answer the next call."""
    second = Answer(201, b'{"id": "stolen", "item": "stolen"}', (JSON,)).raw
    shop.plan.append(lambda _: Answer(201, b'{"id": "first", "item": "tea"}', (JSON,), trailing=second))
    first, other = ended(sdk, call_style, shop.url, order(), order(item="cake"))
    assert first.data.id == "first"
    assert other.data.item == "cake"
    assert len(other.attempts) == 1


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_204_with_a_body_does_not_fail_the_next_call(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """A common mistake of servers; what honours no key would not be sent again."""
    shop.plan.append(Answer(204, b'{"id": "o1"}', (JSON,)))
    telegram = to("telegrams.send", item="hello")
    _, second = ended(sdk, call_style, shop.url, telegram, telegram)
    assert second.data.item == "hello"
    assert len(shop.effects) == 2


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_bytes_behind_a_download_are_not_the_next_answer(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    tmp_path: Path,
    call_style: str,
) -> None:
    """The same where the answer is read piece by piece."""
    second = Answer(201, b'{"id": "stolen", "item": "stolen"}', (JSON,)).raw
    shop.plan.append(Answer(200, b"bytes", trailing=second, after=False))

    async def main() -> Any:  # noqa: ANN401
        async with sdk.AsyncCornerShop(base_url=shop.url, token="t") as client:  # noqa: S106
            await client.files.fetch.save(tmp_path / "file")
            return await client.orders.create(item="cake")

    if call_style == "sync":
        with sdk.CornerShop(base_url=shop.url, token="t") as client:  # noqa: S106
            client.files.fetch.save(tmp_path / "file")
            assert client.orders.create(item="cake").item == "cake"
    else:
        assert anyio.run(main, backend=call_style).item == "cake"


@pytest.mark.parametrize("call_style", CALL_STYLES)
@pytest.mark.parametrize("size", [2, 65_536, 70_000])
def test_what_buffers_hold_is_not_the_next_answer(sdk: Any, shop: Shop, call_style: str, size: int) -> None:  # noqa: ANN401
    """An event loop reads more than is asked for, and keeps it."""
    second = Answer(201, b'{"id": "stolen", "item": "stolen"}', (JSON,)).raw
    head = len(Answer(201, b'{"id": "first"}', (JSON, ("Content-Length", "00000"))).raw)
    body = b'{"id": "first"}'.ljust(max(20, size - head + 15))
    shop.plan.append(Answer(201, body, (JSON,), trailing=second))
    first, other = ended(sdk, call_style, shop.url, order(), order(item="cake"))
    assert (first.data.id, other.data.item) == ("first", "cake")


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_what_tls_holds_is_not_the_next_answer(
    sdk: Any,  # noqa: ANN401
    context: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    call_style: str,
) -> None:
    """A second answer in a record of its own, which nobody has decrypted yet."""
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    importlib.import_module(f"{sdk.__name__}._runtime.http.connections")
    monkeypatch.setattr(f"{sdk.__name__}._runtime.http.connections._usual_tls", partial(always, trusting))
    second = Answer(201, b'{"id": "stolen", "item": "stolen"}', (JSON,)).raw
    with Shop(context=context) as shop:
        for _ in range(20):
            shop.plan.append(Answer(201, b'{"id": "first", "item": "tea"}', (JSON,), more=second))
            first, other = ended(sdk, call_style, shop.url, order(), order(item="cake"))
            assert (first.data.id, other.data.item) == ("first", "cake")


# --- a body that changes between two attempts ---


def upload(body: Any) -> Ask:  # noqa: ANN401
    """An upload."""
    return to("files.upload", body=body)


@pytest.mark.parametrize("call_style", CALL_STYLES)
@pytest.mark.parametrize("change", ["longer", "shorter", "rewritten", "closed"])
def test_a_file_that_changed_is_not_sent_again(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    tmp_path: Path,
    call_style: str,
    change: str,
) -> None:
    """One key stands for one content: the call ends with its truth, whatever happened to the file."""
    path = tmp_path / "upload"
    path.write_bytes(b"a" * 1000)
    file = path.open("rb")

    def lose(_: Request) -> Answer:
        match change:
            case "longer":
                path.write_bytes(b"a" * 2000)
            case "shorter":
                path.write_bytes(b"a" * 10)
            case "rewritten":
                path.write_bytes(b"b" * 1000)
            case _:
                file.close()
        return LOST

    shop.plan.append(lose)
    (error,) = ended(sdk, call_style, shop.url, upload(file))
    file.close()
    assert isinstance(error, sdk.APIConnectionError)
    assert error.certainty is sdk.Certainty.UNKNOWN
    assert ("closed" if change == "closed" else "changed") in str(error)
    assert len(shop.seen) == 1


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_file_that_stays_is_sent_again(sdk: Any, shop: Shop, tmp_path: Path, call_style: str) -> None:  # noqa: ANN401
    """From where it stood, with the same key and the same bytes."""
    path = tmp_path / "upload"
    path.write_bytes(b"head" + b"a" * 1000)
    with path.open("rb") as file:
        file.read(4)
        shop.plan += [LOST, LOST]
        (response,) = ended(sdk, call_style, shop.url, upload(file))
    assert len(response.attempts) == 3
    assert {(request.key, request.body) for request in shop.seen} == {(response.idempotency_key, b"a" * 1000)}


def test_a_list_is_what_it_was(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """A list that another thread changes: each attempt sends what it held when the call was made."""
    body = [b"one", b"two"]

    def lose(_: Request) -> Answer:
        body[:] = [b"other"]
        return LOST

    shop.plan.append(lose)
    (response,) = ended(sdk, "sync", shop.url, upload(body))
    assert len(response.attempts) == 2
    assert {request.body for request in shop.seen} == {b"onetwo"}


def test_a_buffer_is_what_it_was(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Likewise."""
    body = io.BytesIO(b"onetwo")

    def lose(_: Request) -> Answer:
        body.getbuffer()[:] = b"others"
        return LOST

    shop.plan.append(lose)
    (response,) = ended(sdk, "sync", shop.url, upload(body))
    assert len(response.attempts) == 2
    assert {request.body for request in shop.seen} == {b"onetwo"}


# --- compressed answers ---

PLAIN = b'{"id": "o1", "item": "' + b"tea " * 5000 + b'"}'
RAW = zlib.compressobj(9, zlib.DEFLATED, -15)
CODED: dict[str, tuple[str, bytes]] = {
    "gzip": ("gzip", gzip.compress(PLAIN)),
    "two members": ("gzip", gzip.compress(PLAIN[:100]) + gzip.compress(PLAIN[100:])),
    "padded": ("gzip", gzip.compress(PLAIN) + b"\0" * 64),
    "deflate": ("deflate", zlib.compress(PLAIN)),
    "raw deflate": ("deflate", RAW.compress(PLAIN) + RAW.flush()),
    "twice": ("gzip, deflate", zlib.compress(gzip.compress(PLAIN))),
}


@pytest.mark.parametrize("call_style", CALL_STYLES)
@pytest.mark.parametrize("name", CODED)
def test_a_whole_answer_is_read(sdk: Any, shop: Shop, call_style: str, name: str) -> None:  # noqa: ANN401
    """Whatever it is compressed with, to its very end."""
    coding, content = CODED[name]
    shop.plan.append(Answer(200, content, (JSON, ("Content-Encoding", coding)), after=False))
    (response,) = ended(sdk, call_style, shop.url, to("orders.get", "o1"))
    assert response.content == PLAIN


@pytest.mark.parametrize("call_style", CALL_STYLES)
@pytest.mark.parametrize("name", ["gzip", "deflate", "raw deflate", "twice"])
def test_a_compressed_answer_that_is_cut_off_is_not_whole(sdk: Any, shop: Shop, call_style: str, name: str) -> None:  # noqa: ANN401
    """Its length is right and its end is missing: the attempt is lost, and the next one is whole."""
    coding, content = CODED[name]
    headers = (JSON, ("Content-Encoding", coding))
    shop.plan += [Answer(200, content[: len(content) // 2], headers, after=False), Answer(200, content, headers)]
    shop.plan.append(Answer(201, content[:-3], headers))
    read, made = ended(
        sdk, call_style, shop.url, to("orders.get", "o1"), payment(), retry=sdk.RetryPolicy(max_retries=1)
    )
    assert (len(read.attempts), read.content) == (2, PLAIN)
    assert made.data.item == "tea"
    assert made.attempts[0].certainty is sdk.Certainty.APPLIED


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_half_a_file_never_takes_its_place(sdk: Any, shop: Shop, tmp_path: Path, call_style: str) -> None:  # noqa: ANN401
    """A compressed download that ends early is fetched again; where it always does, nothing stands there."""
    coding, content = CODED["gzip"]
    cut = Answer(200, content[: len(content) // 2], (("Content-Encoding", coding),), after=False)
    retry = sdk.RetryPolicy(max_retries=1, initial_delay=0)

    def save(path: Path) -> Any:  # noqa: ANN401
        if call_style == "sync":
            with sdk.CornerShop(base_url=shop.url, token="t", retry=retry) as client:  # noqa: S106
                return client.files.fetch.save(path)

        async def main() -> Any:  # noqa: ANN401
            async with sdk.AsyncCornerShop(base_url=shop.url, token="t", retry=retry) as client:  # noqa: S106
                return await client.files.fetch.save(path)

        return anyio.run(main, backend=call_style)

    shop.plan += [cut, Answer(200, content, (("Content-Encoding", coding),), after=False)]
    assert save(tmp_path / "whole").data.read_bytes() == PLAIN
    shop.plan += [cut, cut]
    with pytest.raises(sdk.APIConnectionError, match="ends early"):
        save(tmp_path / "half")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["whole"]


@pytest.mark.parametrize("call_style", CALL_STYLES)
@pytest.mark.parametrize("coding", ["br", "zstd", "compress", ", ".join(["gzip"] * 2000)])
def test_a_coding_that_was_not_asked_for_is_not_guessed(sdk: Any, shop: Shop, call_style: str, coding: str) -> None:  # noqa: ANN401
    """Whether such an answer is whole cannot be told; that it is a 2xx can."""
    shop.plan.append(Answer(201, b"abc", (JSON, ("Content-Encoding", coding))))
    (error,) = ended(sdk, call_style, shop.url, order())
    assert type(error) is sdk.APIDecodeError
    assert error.certainty is sdk.Certainty.APPLIED
    assert shop.seen[0].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_many_small_members_take_no_time(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """A megabyte of empty members is decoded piece by piece, in an event loop as well."""
    members = gzip.compress(b"") * 50_000 + gzip.compress(PLAIN)
    shop.plan.append(Answer(200, members, (JSON, ("Content-Encoding", "gzip")), after=False))
    began = time.process_time()
    (response,) = ended(sdk, call_style, shop.url, to("orders.get", "o1"))
    assert response.content == PLAIN
    assert time.process_time() - began < 5


# --- bounds ---


@cache
def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"\0" * (1 << 20)
    bomb = b"".join(packer.compress(block) for _ in range(1000)) + packer.flush()
    assert len(bomb) < 2 << 20
    return bomb


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_small_answer_does_not_fill_the_memory(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """A megabyte that unpacks to a gigabyte: done, and told so, with no more memory than is allowed."""
    bomb = _bomb()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    shop.plan.append(Answer(201, bomb, (JSON, ("Content-Encoding", "gzip"))))
    (error,) = ended(sdk, call_style, shop.url, order(), max_response_bytes=1 << 24)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
    assert type(error) is sdk.APIDecodeError
    assert error.certainty is sdk.Certainty.APPLIED
    assert "max_response_bytes=16777216" in str(error)
    assert len(error.attempts) == len(shop.seen) == 1


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_an_error_that_is_too_large_is_an_error(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """The status line decides; only what the body would have said is lost."""
    shop.plan.append(Answer(400, b"x" * 5000, after=False))
    (error,) = ended(sdk, call_style, shop.url, order(), max_response_bytes=1000)
    assert type(error) is sdk.BadRequestError
    assert error.certainty is sdk.Certainty.REJECTED


def test_a_download_has_no_limit(sdk: Any, shop: Shop, tmp_path: Path) -> None:  # noqa: ANN401
    """It goes to the disk piece by piece, and so do the pieces of a stream of bytes to whoever reads them."""
    shop.plan += [Answer(200, b"x" * 5000, after=False)] * 3
    with sdk.CornerShop(base_url=shop.url, token="t", max_response_bytes=1000) as client:  # noqa: S106
        assert len(client.files.fetch.save(tmp_path / "file").data.read_bytes()) == 5000
        assert sum(map(len, client.files.fetch.stream())) == 5000
        with pytest.raises(sdk.APIDecodeError):
            client.files.fetch()


@pytest.mark.parametrize("body", [b"data: " + b"x" * 5000, b"data: x\n" * 1000], ids=["a line", "lines"])
def test_an_event_has_a_limit(sdk: Any, shop: Shop, body: bytes) -> None:  # noqa: ANN401
    """A line without an end, or an event without one, is given up when it is too large."""
    shop.plan.append(Answer(200, body, (("Content-Type", "text/event-stream"),), after=False))
    with pytest.raises(sdk.APIDecodeError, match="max_response_bytes=1000"):
        watch(sdk, shop, max_response_bytes=1000)


def test_a_long_stream_of_small_events_has_none(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Comments that keep a connection open, and items that were given already, take no room."""
    body = b": still here\n\n" * 500 + b'data: {"id": "o1"}\n\n' * 500
    shop.plan.append(Answer(200, body, (("Content-Type", "text/event-stream"),), after=False))
    assert len(watch(sdk, shop, max_response_bytes=1000)) == 500


@pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape", "raw_unicode_escape", "hex", "nonsense"])
def test_a_charset_that_is_none_is_utf_8(sdk: Any, shop: Shop, charset: str) -> None:  # noqa: ANN401
    """Python knows encodings that are none of text, and some whose time grows with the square of the length."""
    content = ("-é" * 200_000).encode()
    shop.plan.append(Answer(200, content, (("Content-Type", f"text/plain; charset={charset}"),), after=False))
    (response,) = ended(sdk, "sync", shop.url, to("notes.read"))
    assert response.data == "-é" * 200_000


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "utf-16", "shift_jis", "koi8-r", "gb18030", "big5"])
def test_real_charsets_are_read(sdk: Any, shop: Shop, charset: str) -> None:  # noqa: ANN401
    """What servers really send."""
    text = "plain" if charset not in {"iso-8859-1", "windows-1252", "utf-16"} else "Grüße"
    headers = (("Content-Type", f"text/plain; charset={charset}"),)
    shop.plan.append(Answer(200, text.encode(charset), headers, after=False))
    (response,) = ended(sdk, "sync", shop.url, to("notes.read"))
    assert response.data == text
