"""Swagger 2.0: formats of collections, forms, files and bodies in its own words."""

from __future__ import annotations

import pytest

from .cases import Case, rows
from .sdk import USUAL, Answer, Sdk

TOPIC = "swagger"
AB = ["a b", "c"]
LIST = Answer(200, b"[]")

CASES = rows(
    Case(
        "collectionFormat in the path and by default",
        lambda api: api.lists.lists(AB, usual=AB, csv=AB),
        "GET /lists/a%20b,c?usual=a%20b,c&csv=a%20b,c",
        answer=LIST,
    ),
    Case(
        "collectionFormat ssv, tsv and pipes",
        lambda api: api.lists.lists(["x"], ssv=AB, tsv=AB, pipes=AB),
        "GET /lists/x?ssv=a%20b%20c&tsv=a%20b%09c&pipes=a%20b%7Cc",
        answer=LIST,
    ),
    Case(
        "collectionFormat multi, and in a header",
        lambda api: api.lists.lists(["x"], multi=AB, x_list=[1, 2]),
        "GET /lists/x?multi=a%20b&multi=c",
        {"x-list": "1,2"},
        answer=LIST,
    ),
    Case("a shared parameter", lambda api: api.lists.lists(["x"], level=2), "GET /lists/x?level=2", answer=LIST),
    Case(
        "in: formData",
        lambda api: api.forms.send(title="a b&c", count=2, joined=["x", "y"], multi=["x", "y"]),
        "POST /forms",
        {"content-type": "application/x-www-form-urlencoded"},
        b"title=a+b%26c&count=2&joined=x,y&multi=x&multi=y",
    ),
    Case(
        "in: body",
        lambda api: api.things.create(name="a", kind=None),
        "POST /things",
        {"content-type": "application/json"},
        b'{"name":"a","kind":null}',
        Answer(201, b'{"name": "a"}'),
    ),
)


@pytest.mark.parametrize("case", CASES)
def test_what_swagger_says_is_sent(sdk: Sdk, case: Case) -> None:
    """Collections, forms and bodies are spelled as Swagger 2.0 says."""
    case.check(sdk)


def test_a_file_makes_the_form_multipart(sdk: Sdk) -> None:
    """`type: file` is sent as a part with a name of its own."""
    sent = sdk.send(lambda api: api.forms.upload(title="t", document=("a.txt", b"content")))
    kind, _, boundary = sent.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    assert sent.body.decode() == (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="title"\r\n\r\n'
        "t\r\n"
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="document"; filename="a.txt"\r\n'
        "Content-Type: text/plain\r\n\r\n"
        "content\r\n"
        f"--{boundary}--\r\n"
    )


def test_what_comes_back_has_its_type(sdk: Sdk) -> None:
    """Definitions are models, `type: file` is bytes, and what a shared response says is the error's body."""
    thing = sdk.read(lambda api: api.lists.lists(["x"]), Answer(200, b'[{"name": "a", "kind": null}]'))
    assert thing == [sdk.models.Thing(name="a", kind=None)]
    picture = Answer(200, b"\x89PNG", "image/png")
    sent, value = sdk.exchange(lambda api: api.things.picture("1"), picture)
    assert (sent.headers["accept"], value) == ("image/png, */*;q=0.1", b"\x89PNG")
    with pytest.raises(sdk.module.NotFoundError) as caught:
        sdk.read(lambda api: api.lists.lists(["x"]), Answer(404, b'{"message": "no"}'))
    assert caught.value.body == sdk.models.Problem(message="no")


def test_credentials_and_server(sdk: Sdk) -> None:
    """`securityDefinitions` are arguments of the client; https is taken where the document offers it."""
    sent = sdk.send(lambda api: api.lists.lists(["x"]), LIST, {**USUAL, "api_key": "secret"})
    assert sent.headers["x-key"] == "secret"
    sent = sdk.send(lambda api: api.lists.lists(["x"]), LIST, {})
    assert (sent.headers["host"], sent.line) == ("swagger.example", "GET /v1/lists/x")
