"""Responses: what comes back under each status and media type, and what an error holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from .sdk import STRICT, Answer, Call, Sdk

TOPIC = "responses"
THING = b'{"name": "a", "size": 2, "unknown": true}'
LATER = b'{"job": "j"}'
JSON = "application/json"
XML = "application/xml"


Expected: TypeAlias = Callable[[Any], object]
"""What comes back, given the models."""


def a_thing(models: Any) -> object:  # noqa: ANN401
    """What `THING` says."""
    return models.Thing(name="a", size=2)


def is_none(_: object) -> object:
    """Nothing comes back."""
    return None


def as_it_came(_: object) -> object:
    """What `THING` says, without a class to hold it."""
    return {"name": "a", "size": 2, "unknown": True}


STATUSES: list[tuple[str, Call, Answer, Expected]] = [
    ("200 beside 204", lambda api: api.statuses.maybe(), Answer(200, THING), a_thing),
    ("204 beside 200", lambda api: api.statuses.maybe(), Answer(204), is_none),
    ("several 2xx: the first", lambda api: api.statuses.several(), Answer(200, THING), a_thing),
    ("several 2xx: the second", lambda api: api.statuses.several(), Answer(202, LATER), lambda m: m.Job(job="j")),
    ("2XX", lambda api: api.statuses.range(), Answer(206, THING), a_thing),
    ("default only", lambda api: api.statuses.default_only(), Answer(200, THING), a_thing),
    ("no responses", lambda api: api.statuses.none(), Answer(200, THING), as_it_came),
    ("no responses, and no body", lambda api: api.statuses.none(), Answer(200), is_none),
    ("no word of responses", lambda api: api.statuses.silent(), Answer(200, THING), as_it_came),
    ("no word of a body: text", lambda api: api.statuses.silent(), Answer(200, b"a", "text/csv"), lambda _: "a"),
    ("no word of a body: bytes", lambda api: api.statuses.silent(), Answer(200, b"\0", "a/b"), lambda _: b"\0"),
    ("no word of a body: broken", lambda api: api.statuses.silent(), Answer(200, b"{"), lambda _: b"{"),
    ("HEAD", lambda api: api.statuses.head(), Answer(200, headers={"X-Size": "3"}), is_none),
    ("a response by reference", lambda api: api.statuses.errors(), Answer(200, THING), a_thing),
]
VENDOR = "application/vnd.responses+json"
MEDIA: list[tuple[str, Call, Answer, str, Expected]] = [
    ("text", lambda api: api.media.text(), Answer(200, "é".encode(), "text/plain"), "text/plain", lambda _: "é"),
    (
        "text in another charset",
        lambda api: api.media.text(),
        Answer(200, b"\xe9", "text/plain; charset=latin-1"),
        "text/plain",
        lambda _: "é",
    ),
    (
        "text in what is not a charset",
        lambda api: api.media.text(),
        Answer(200, b"4a", "text/plain; charset=hex"),
        "text/plain",
        lambda _: "4a",
    ),
    ("xml as text", lambda api: api.media.xml(), Answer(200, b"<a/>", XML), XML, lambda _: "<a/>"),
    ("bytes", lambda api: api.media.bytes_(), Answer(200, b"\x89PNG", "image/png"), "image/png", lambda _: b"\x89PNG"),
    ("vendor +json", lambda api: api.media.vendor(), Answer(200, THING, VENDOR), VENDOR, a_thing),
    ("*/*", lambda api: api.media.wildcard(), Answer(200, THING, JSON), JSON, a_thing),
    ("a string in JSON", lambda api: api.media.word(), Answer(200, b'"a"', JSON), JSON, lambda _: "a"),
    ("JSON in capitals", lambda api: api.media.word(), Answer(200, b'"a"', "Application/JSON"), JSON, lambda _: "a"),
]
ERRORS: list[tuple[str, int, str, bytes, Expected]] = [
    ("problem+json", 400, "BadRequestError", b'{"title": "t"}', lambda m: m.Problem(title="t")),
    ("a type of its own", 404, "NotFoundError", b'{"missing": "m"}', lambda m: m.Missing(missing="m")),
    ("default", 410, "APIStatusError", b'{"title": "t"}', lambda m: m.Problem(title="t")),
    ("text", 418, "APIStatusError", b"a teapot", lambda _: "a teapot"),
    ("no body", 409, "ConflictError", b"", is_none),
    ("not what the document says", 410, "APIStatusError", b"<html>", lambda _: "<html>"),
]


@pytest.mark.parametrize(("call", "answer", "expected"), [pytest.param(*row[1:], id=row[0]) for row in STATUSES])
def test_each_status_has_its_own_type(sdk: Sdk, call: Call, answer: Answer, expected: Expected) -> None:
    """What a 2xx holds is read as the document says for that status, its range, or all others."""
    assert sdk.read(call, answer, STRICT) == expected(sdk.models)


@pytest.mark.parametrize(("call", "answer", "accept", "expected"), [pytest.param(*row[1:], id=row[0]) for row in MEDIA])
def test_each_media_type_is_asked_for_and_read(
    sdk: Sdk, call: Call, answer: Answer, accept: str, expected: Expected
) -> None:
    """Text is decoded, bytes are bytes, and every relative of JSON is JSON."""
    sent, value = sdk.exchange(call, answer, STRICT)
    assert (sent.headers["accept"], value) == (accept, expected(sdk.models))


@pytest.mark.parametrize(("status", "kind", "body", "expected"), [pytest.param(*row[1:], id=row[0]) for row in ERRORS])
def test_an_error_holds_its_typed_body(sdk: Sdk, status: int, kind: str, body: bytes, expected: Expected) -> None:
    """The class of an error follows from its status, its body from the document."""
    with pytest.raises(getattr(sdk.module, kind)) as caught:
        sdk.read(lambda api: api.statuses.errors(), Answer(status, body))
    assert (caught.value.status, caught.value.body) == (status, expected(sdk.models))


def test_an_error_of_a_range_holds_its_typed_body(sdk: Sdk) -> None:
    """`4xx`, in small letters too, is every status from 400 to 499."""
    with pytest.raises(sdk.module.APIStatusError) as caught:
        sdk.read(lambda api: api.statuses.range(), Answer(451, b'{"title": "t"}'))
    assert caught.value.body == sdk.models.Problem(title="t")


def test_headers_are_part_of_the_whole_response(sdk: Sdk) -> None:
    """`detailed` gives status and headers beside the value; names are looked up without regard to case."""
    answer = Answer(200, b"[" + THING + b"]", headers={"X-Total": "7", "Link": "<a>; rel=next"})
    whole = sdk.read(lambda api: api.statuses.headers.detailed(), answer)
    assert (whole.status, whole.headers["x-total"], whole.headers["LINK"]) == (200, "7", "<a>; rel=next")
    assert whole.data == [a_thing(sdk.models)]


def test_head_gives_its_headers(sdk: Sdk) -> None:
    """A HEAD has no body to read, whatever the document says of one."""
    answer = Answer(200, headers={"X-Size": "3", "Content-Type": JSON, "Content-Length": "40"})
    sent, whole = sdk.exchange(lambda api: api.statuses.head.detailed(), answer)
    assert sent.line == "HEAD /head"
    assert (whole.data, whole.headers["X-Size"]) == (None, "3")


def test_a_body_that_does_not_match_is_kept(sdk: Sdk) -> None:
    """A 2xx is a success even where a field is missing or has another type; `strict` makes it an error."""
    thing = sdk.read(lambda api: api.statuses.maybe(), Answer(200, b'{"size": "many"}'))
    assert (thing.name, thing.size) == (None, "many")
    with pytest.raises(sdk.module.APIDecodeError):
        sdk.read(lambda api: api.statuses.maybe(), Answer(200, b'{"size": "many"}'), STRICT)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/event-stream", b'data: {"a": 1}\n\ndata: {"a": 2}\n\n'),
        ("application/x-ndjson", b'{"a": 1}\n{"a": 2}\n'),
        ("application/json-seq", b'\x1e{"a": 1}\n\x1e{"a": 2}\n'),
    ],
)
def test_a_stream_that_the_document_does_not_tell_of(sdk: Sdk, media_type: str, body: bytes) -> None:
    """Frameworks document their streams as anything, or not at all: `.stream` gives what comes, in every format."""
    answer = Answer(200, body, media_type)
    assert sdk.read(lambda api: list(api.statuses.silent.stream()), answer) == [{"a": 1}, {"a": 2}]
    with pytest.raises(sdk.module.APIDecodeError, match="application/json instead of a stream"):
        sdk.read(lambda api: list(api.statuses.silent.stream()), Answer(200, b"{}"))


def test_what_cannot_have_a_body_is_typed_as_nothing(sdk: Sdk) -> None:
    """204 and HEAD give None; where the document is silent, whatever comes."""
    returns = {path: entry.returns for path, entry in sdk.operations.items()}
    assert returns["HEAD /head"] == "None"
    assert returns["GET /silent"] == "Any"
