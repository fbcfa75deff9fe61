"""Request bodies: the media type and the bytes that are sent, for every kind and shape."""

from __future__ import annotations

import datetime as dt
import io
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from .cases import Case, rows
from .sdk import Sdk

TOPIC = "bodies"
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
NO_BODY = {"content-type": None, "content-length": "0"}
ADDRESS = {"street": "a b", "number": 1}


def pieces() -> Iterator[bytes]:
    """A body that can be read once."""
    yield b"one"
    yield b"two"


def unnamed() -> IO[bytes]:
    """An open file without a name: a temporary one has the number of its descriptor in place of it."""
    file = io.BytesIO(b"x")
    vars(file)["name"] = 7
    return file


CASES = rows(
    Case("application/json", lambda api: api.json.put_thing(name="a"), "PUT /json", JSON, b'{"name":"a"}'),
    Case(
        "null, numbers, times and nested objects",
        lambda api: api.json.put_thing(
            name="é", note=None, size=1.5, made=dt.datetime(2024, 1, 31, 12, 30, tzinfo=dt.UTC), address=ADDRESS
        ),
        "PUT /json",
        JSON,
        (
            '{"name":"é","note":null,"size":1.5,"made":"2024-01-31T12:30:00Z","address":{"street":"a b","number":1}}'
        ).encode(),
    ),
    Case(
        "vendor +json",
        lambda api: api.json.put_vendor(name="a"),
        "PUT /vendor",
        {"content-type": "application/vnd.bodies.v1+json"},
        b'{"name":"a"}',
    ),
    Case(
        "a charset",
        lambda api: api.json.put_charset(name="a"),
        "PUT /charset",
        {"content-type": "application/json; charset=utf-8"},
        b'{"name":"a"}',
    ),
    Case("*/*", lambda api: api.json.put_wildcard(name="a"), "PUT /wildcard", JSON, b'{"name":"a"}'),
    Case("an array", lambda api: api.json.put_list(body=[{"name": "a"}]), "PUT /list", JSON, b'[{"name":"a"}]'),
    Case("an empty array", lambda api: api.json.put_list(body=[]), "PUT /list", JSON, b"[]"),
    Case("a number", lambda api: api.json.put_number(body=0), "PUT /number", JSON, b"0"),
    Case("a string", lambda api: api.json.put_word(body="a"), "PUT /word", JSON, b'"a"'),
    Case("a map", lambda api: api.json.put_map(body={"a b": 1}), "PUT /map", JSON, b'{"a b":1}'),
    Case("null", lambda api: api.json.put_null(body=None), "PUT /nothing", JSON, b"null"),
    Case("an optional body", lambda api: api.json.put_optional(fast=True), "PUT /optional", JSON, b'{"fast":true}'),
    Case("an optional body left out", lambda api: api.json.put_optional(), "PUT /optional", NO_BODY),
    Case("an optional array", lambda api: api.json.put_optional_list(body=["a"]), "PUT /optional-list", JSON, b'["a"]'),
    Case("an optional array left out", lambda api: api.json.put_optional_list(), "PUT /optional-list", NO_BODY),
    Case("a reference to a reference", lambda api: api.json.put_shared(name="a"), "PUT /shared", JSON, b'{"name":"a"}'),
    Case("GET with a body", lambda api: api.json.get_with_body(name="a"), "GET /search", JSON, b'{"name":"a"}'),
    Case(
        "DELETE with a body", lambda api: api.json.delete_with_body(name="a"), "DELETE /search", JSON, b'{"name":"a"}'
    ),
    Case(
        "text/plain",
        lambda api: api.raw.put_text(body="é"),
        "PUT /text",
        {"content-type": "text/plain"},
        "é".encode(),
    ),
    Case(
        "text in another charset",
        lambda api: api.raw.put_latin(body="é"),
        "PUT /latin",
        {"content-type": "text/plain; charset=iso-8859-1"},
        b"\xe9",
    ),
    Case(
        "application/xml as text",
        lambda api: api.raw.put_xml(body="<a/>"),
        "PUT /xml",
        {"content-type": "application/xml"},
        b"<a/>",
    ),
    Case(
        "application/xml as bytes",
        lambda api: api.raw.put_xml(body=b"<a/>"),
        "PUT /xml",
        {"content-type": "application/xml"},
        b"<a/>",
    ),
    Case(
        "octet-stream from bytes",
        lambda api: api.raw.put_binary(body=b"\x00\xff"),
        "PUT /binary",
        {"content-type": "application/octet-stream", "content-length": "2"},
        b"\x00\xff",
    ),
    Case(
        "octet-stream from a file",
        lambda api: api.raw.put_binary(body=io.BytesIO(b"file")),
        "PUT /binary",
        {"content-type": "application/octet-stream", "content-length": "4"},
        b"file",
    ),
    Case(
        "octet-stream from an iterator",
        lambda api: api.raw.put_binary(body=pieces()),
        "PUT /binary",
        {"content-type": "application/octet-stream", "transfer-encoding": "chunked"},
        b"onetwo",
    ),
    Case(
        "a family of media types",
        lambda api: api.raw.put_picture(body=b"\x89PNG"),
        "PUT /picture",
        {"content-type": "application/octet-stream"},
        b"\x89PNG",
    ),
    Case(
        "a form",
        lambda api: api.fields.put_form(title="a b&c=é", flag=True, tags=["x", "y"]),
        "PUT /form",
        FORM,
        b"title=a+b%26c%3D%C3%A9&flag=true&tags=x&tags=y",
    ),
    Case(
        "arrays of a form by encoding",
        lambda api: api.fields.put_form(title="t", joined=["x", "y z"], piped=["x", "y"]),
        "PUT /form",
        FORM,
        b"title=t&joined=x,y+z&piped=x%7Cy",
    ),
    Case(
        "an object of a form is JSON",
        lambda api: api.fields.put_form(title="t", address=ADDRESS, addresses=[{"number": 2}]),
        "PUT /form",
        FORM,
        b"title=t&address=%7B%22street%22%3A%22a+b%22%2C%22number%22%3A1%7D&addresses=%7B%22number%22%3A2%7D",
    ),
    Case(
        "objects of a form by encoding",
        lambda api: api.fields.put_form(title="t", deep=ADDRESS, spread={"street": "s"}),
        "PUT /form",
        FORM,
        b"title=t&deep%5Bstreet%5D=a+b&deep%5Bnumber%5D=1&street=s",
    ),
)

PART = 'Content-Disposition: form-data; name="{}"'
PARTS = [
    pytest.param(
        lambda: {"file": b"x"}, [(PART.format('file"; filename="file'), "application/octet-stream", "x")], id="bytes"
    ),
    pytest.param(
        lambda: {"file": ("a b.txt", "text")},
        [(PART.format('file"; filename="a b.txt'), "text/plain", "text")],
        id="a name",
    ),
    pytest.param(
        lambda: {"file": ("a.bin", b"x", "image/gif")},
        [(PART.format('file"; filename="a.bin'), "image/gif", "x")],
        id="a name and a media type",
    ),
    pytest.param(
        lambda: {"file": io.BytesIO(b"x")},
        [(PART.format('file"; filename="file'), "application/octet-stream", "x")],
        id="an open file",
    ),
    pytest.param(
        lambda: {"file": pieces()},
        [(PART.format('file"; filename="file'), "application/octet-stream", "onetwo")],
        id="an iterator",
    ),
    pytest.param(
        lambda: {"file": b"x", "pages": [("1.txt", b"1"), ("2.txt", b"2")]},
        [
            (PART.format('file"; filename="file'), "application/octet-stream", "x"),
            (PART.format('pages"; filename="1.txt'), "text/plain", "1"),
            (PART.format('pages"; filename="2.txt'), "text/plain", "2"),
        ],
        id="an array of files",
    ),
    pytest.param(
        lambda: {"file": [b"one", bytearray(b"two"), memoryview(b"three")]},
        [(PART.format('file"; filename="file'), "application/octet-stream", "onetwothree")],
        id="one file in pieces",
    ),
    pytest.param(
        lambda: {"file": deque([b"one", b"two"]), "pages": {"a": b"1", "b": "2"}.values()},
        [
            (PART.format('file"; filename="file'), "application/octet-stream", "onetwo"),
            (PART.format('pages"; filename="pages'), "application/octet-stream", "1"),
            (PART.format('pages"; filename="pages'), "text/plain; charset=utf-8", "2"),
        ],
        id="any iterables",
    ),
    pytest.param(
        lambda: {"file": (b"one", b"two"), "pages": ("a.txt", [b"1", b"2"])},
        [
            (PART.format('file"; filename="file'), "application/octet-stream", "onetwo"),
            (PART.format('pages"; filename="a.txt'), "text/plain", "12"),
        ],
        id="tuples of pieces, and one file for an array",
    ),
    pytest.param(
        lambda: {"file": "text", "pages": [Path(__file__), memoryview(b"x")]},
        [
            (PART.format('file"; filename="file'), "text/plain; charset=utf-8", "text"),
            (PART.format(f'pages"; filename="{Path(__file__).name}'), "text/x-python", Path(__file__).read_text()),
            (PART.format('pages"; filename="pages'), "application/octet-stream", "x"),
        ],
        id="text is a file with a name, a path has its own",
    ),
    pytest.param(
        lambda: {"file": (None, b"x"), "pages": [unnamed()]},
        [
            (PART.format("file"), "application/octet-stream", "x"),
            (PART.format('pages"; filename="pages'), "application/octet-stream", "x"),
        ],
        id="no name if none is wanted, and none that is a number",
    ),
    pytest.param(
        lambda: {"file": b"x", "title": "é", "count": 2, "tags": ["a", "b"]},
        [
            (PART.format('file"; filename="file'), "application/octet-stream", "x"),
            (PART.format("title"), "", "é"),
            (PART.format("count"), "", "2"),
            (PART.format("tags"), "", "a"),
            (PART.format("tags"), "", "b"),
        ],
        id="text, numbers and arrays",
    ),
    pytest.param(
        lambda: {"file": b"x", "address": ADDRESS, "data": {"a": 1}, "note": "n", "picture": b"p"},
        [
            (PART.format('file"; filename="file'), "application/octet-stream", "x"),
            (PART.format('picture"; filename="picture'), "image/png", "p"),
            (PART.format("address"), "application/json", '{"street":"a b","number":1}'),
            (PART.format("note"), "text/plain; charset=utf-8", "n"),
            (PART.format("data"), "application/vnd.bodies+json", '{"a":1}'),
        ],
        id="JSON parts, and media types by encoding",
    ),
]


@pytest.mark.parametrize("case", CASES)
def test_a_body_is_written_as_its_media_type_says(sdk: Sdk, case: Case) -> None:
    """JSON, text, bytes and forms, required and optional, in any method."""
    case.check(sdk)


@pytest.mark.parametrize(("arguments", "expected"), PARTS)
def test_a_multipart_body_has_a_part_for_each_value(
    sdk: Sdk, arguments: Callable[[], dict[str, object]], expected: list[tuple[str, str, str]]
) -> None:
    """Files bear names, arrays repeat their part, objects are JSON, and `encoding` has the last word on media types."""
    sent = sdk.send(lambda api: api.fields.put_multipart(**arguments()))
    kind, _, boundary = sent.headers["content-type"].partition("; boundary=")
    assert (sent.line, kind) == ("PUT /multipart", "multipart/form-data")
    lines: list[str] = []
    for disposition, media_type, body in expected:
        lines += [f"--{boundary}", disposition, *([f"Content-Type: {media_type}"] if media_type else []), "", body]
    assert sent.body.decode() == "\r\n".join([*lines, f"--{boundary}--", ""])


@pytest.mark.parametrize("given", [3, {"a": 1}, ("a.txt", 3), [1, 2]])
def test_what_is_no_file_is_refused_by_name(sdk: Sdk, given: object) -> None:
    """Before anything is sent; a dict or a number would otherwise arrive as a file of JSON."""
    with pytest.raises(TypeError, match="file is a file: give bytes"):
        sdk.send(lambda api: api.fields.put_multipart(file=given))


@pytest.mark.parametrize("method", ["put_thing", "put_list", "put_number"])
def test_a_required_body_is_asked_for(sdk: Sdk, method: str) -> None:
    """A body that the document requires is an argument without a default."""
    with pytest.raises(TypeError, match="required"):
        sdk.send(lambda api: getattr(api.json, method)())
