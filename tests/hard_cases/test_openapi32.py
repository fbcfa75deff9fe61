"""OpenAPI 3.2: its new words lose no operation, and those that change a request are sent."""

from __future__ import annotations

import pytest

from .cases import Case, rows
from .sdk import BASE_URL, Answer, Sdk

TOPIC = "openapi32"
JSON = {"content-type": "application/json"}

CASES = rows(
    Case(
        "the method QUERY",
        lambda api: api.books.find(title="a"),
        "QUERY /books",
        JSON,
        b'{"title":"a"}',
        Answer(200, b"[]"),
    ),
    Case(
        "additionalOperations",
        lambda api: api.books.copy(destination="/b", body=[{"title": "a"}]),
        "COPY /books",
        {**JSON, "destination": "/b", "idempotency-key": None},
        b'[{"title":"a"}]',
    ),
    Case("additionalOperations, in small letters", lambda api: api.books.lend(), "Lend /books"),
    Case(
        "in: querystring, a form",
        lambda api: api.library.search(filter={"words": "a b&c", "tags": ["x", "y"], "page": 2}),
        "GET /search?words=a+b%26c&tags=x&tags=y&page=2",
    ),
    Case(
        "in: querystring, JSON",
        lambda api: api.library.select(selector={"a": [1, 2]}),
        "GET /select?%7B%22a%22%3A%5B1%2C2%5D%7D",
    ),
    Case("in: querystring, left out", lambda api: api.library.select(), "GET /select"),
    Case(
        "in: querystring, text",
        lambda api: api.library.json_path(path="$.a[1:2]"),
        "GET /path?%24.a%5B1%3A2%5D",
    ),
    Case(
        "style: cookie",
        lambda api: api.library.cookies(colour="b/c", list_=["x", "y"]),
        "GET /cookies",
        {"cookie": "colour=b/c; list=x,y"},
    ),
)


@pytest.mark.parametrize("case", CASES)
def test_a_new_word_is_sent(sdk: Sdk, case: Case) -> None:
    """Methods of any name, whole queries, and references to media types."""
    case.check(sdk)


def test_no_operation_is_lost_and_nothing_is_complained_of(sdk: Sdk) -> None:
    """`$self`, tags with parents, device authorization, examples and nested encodings: nothing breaks a document."""
    assert sdk.codes == []
    assert [operation for operation in sdk.operations if "/lines" not in operation] == [
        "QUERY /books", "COPY /books", "Lend /books", "GET /search", "GET /select", "GET /path", "GET /cookies",
        "GET /media", "POST /upload", "PUT /mixed",
    ]  # fmt: skip


def test_a_method_of_any_name_carries_no_key(sdk: Sdk) -> None:
    """Nobody knows what it does: it is sent once, and only retried where nothing was sent or done."""
    assert sdk.operations["COPY /books"].safety == "unsafe"
    assert sdk.operations["QUERY /books"].safety == "safe"


def test_a_media_type_by_reference_is_read(sdk: Sdk) -> None:
    """`content` may hold a reference in place of a media type."""
    assert sdk.read(lambda api: api.books.find(title="a"), Answer(200, b'[{"title": "a"}]')) == [
        sdk.models.Book(title="a")
    ]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param(b'{"kind": "film", "minutes": 3}', "Film", id="mapped"),
        pytest.param(b'{"kind": "movie"}', "Film", id="mapped by the document's own URI"),
        pytest.param(b'{"title": "a"}', "Book", id="no value: defaultMapping"),
        pytest.param(b'{"kind": "map", "title": "a"}', "Book", id="another value: defaultMapping"),
        pytest.param(
            b'{"kind": "map", "minutes": 3}',
            "Book",
            id="another value, whatever else is there: defaultMapping",
        ),
    ],
)
def test_a_discriminator_finds_its_variant(sdk: Sdk, body: bytes, kind: str) -> None:
    """By its mapping, and by `defaultMapping` where that says nothing of the value."""
    assert type(sdk.read(lambda api: api.library.media(), Answer(200, body))).__name__ == kind


def test_parts_without_names(sdk: Sdk) -> None:
    """`itemSchema` and `itemEncoding` make a body of parts in their order."""
    sent = sdk.send(lambda api: api.library.mixed(body=[{"a": 1}, {"b": "é"}]))
    kind, _, boundary = sent.headers["content-type"].partition("; boundary=")
    head = "Content-Type: application/json\r\n\r\n"
    assert (sent.line, kind) == ("PUT /mixed", "multipart/mixed")
    assert sent.body.decode() == (
        f'--{boundary}\r\n{head}{{"a":1}}\r\n--{boundary}\r\n{head}{{"b":"é"}}\r\n--{boundary}--\r\n'
    )


def test_a_tags_summary_and_description(sdk: Sdk) -> None:
    """A tag is a resource, whatever its parent and kind; its words are shown."""
    client = sdk.client(base_url=BASE_URL)
    assert type(client.library).__doc__ == "All that can be lent."
    assert type(client.books).__doc__ is not None
