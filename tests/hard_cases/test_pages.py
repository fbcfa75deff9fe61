"""Lists in pages of unusual shapes: each is found, and walked to its end against a server that means it so."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import yaml
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import inspect

from .sdk import BASE_URL, Sdk, make

THINGS = {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer"}}}}
STRING: dict[str, Any] = {"type": "string"}
INTEGER: dict[str, Any] = {"type": "integer"}
BYTES: dict[str, Any] = {"type": "string", "format": "byte"}
FLAG: dict[str, Any] = {"type": "boolean"}
LAST = 2
"""The number of the last page, counted from 0; each page has two things."""


def obj(**properties: Any) -> dict[str, Any]:  # noqa: ANN401
    """An object."""
    return {"type": "object", "properties": properties}


class Kind:
    """A way in which pages follow each other.

    Args:
        schema: of the answer.
        parameters: of the query, by name.
        number: which page a query or body asks for.
        answer: what page has these things and leads to that number; None for the last one.
        body: the schema of the body of a search.
        words: extra words of the operation.
    """

    def __init__(  # the parts of a way
        self,
        schema: Mapping[str, Any],
        parameters: Mapping[str, Any],
        number: Callable[[Mapping[str, str], Any], int],
        answer: Callable[[list[dict[str, int]], int | None], object],
        *,
        body: Mapping[str, Any] | None = None,
        words: Mapping[str, Any] | None = None,
    ) -> None:
        self.schema, self.parameters, self.number, self.answer = schema, parameters, number, answer
        self.body, self.words = body, words or {}


def at(name: str) -> Callable[[Mapping[str, str], Any], int]:
    """The page whose number a parameter of the query holds."""
    return lambda query, _: int(query.get(name, "0").removeprefix("t"))


def in_page(name: str) -> Callable[[Mapping[str, str], Any], int]:
    """The page whose number a field of the body's object `page` holds."""

    def number(_: Mapping[str, str], body: Any) -> int:  # noqa: ANN401
        return int(body["page"][name].removeprefix("t")) if body else 0

    return number


def url(number: int | None) -> str | None:
    """The URL of a page."""
    return None if number is None else f"{BASE_URL}/any?at={number}"


def token(number: int | None) -> str | None:
    """A cursor that is no number."""
    return None if number is None else f"t{number}"


def text_of(number: int | None) -> str:
    """A cursor of bytes, as JSON has it."""
    return "" if number is None else base64.b64encode(f"\xff{number}".encode("latin-1")).decode()


KINDS: dict[str, Kind] = {
    "continue": Kind(
        obj(items=THINGS, metadata=obj(**{"continue": STRING, "remainingItemCount": INTEGER})),
        {"continue": STRING, "limit": INTEGER},
        at("continue"),
        lambda things, to: {"items": things, "metadata": {"continue": token(to) or ""}},
    ),
    "a token that is called offset": Kind(
        obj(data=THINGS, next_page={**obj(offset=STRING, path=STRING), "nullable": True}),
        {"offset": STRING},
        at("offset"),
        lambda things, to: {"data": things, "next_page": to and {"offset": token(to), "path": "/any"}},
    ),
    "next_offset": Kind(
        obj(list=THINGS, next_offset=STRING),
        {"offset": STRING, "limit": INTEGER},
        at("offset"),
        lambda things, to: {"list": things, **({"next_offset": token(to)} if to else {})},
    ),
    "HAL": Kind(
        obj(_embedded=obj(things=THINGS), _links=obj(next={**obj(href=STRING), "nullable": True})),
        {"from": STRING},
        at("at"),
        lambda things, to: {"_embedded": {"things": things}, "_links": {"next": to and {"href": url(to)}}},
    ),
    "HAL as another generator states it": Kind(
        obj(_embedded=obj(things=THINGS), _links=obj(next={**obj(href=STRING), "nullable": True})),
        {"from": STRING},
        at("at"),
        lambda things, to: {"_embedded": {"things": things}, "_links": {"next": to and {"href": url(to)}}},
        words={"x-speakeasy-pagination": {"type": "url", "outputs": {"nextUrl": "$._links.next.href"}}},
    ),
    "iterator and done": Kind(
        {**obj(data=THINGS, done=FLAG, iterator=STRING), "required": ["data", "done"]},
        {"iterator": STRING},
        at("iterator"),
        # There is an iterator behind the last page as well: what comes later begins there.
        lambda things, to: {"data": things, "done": to is None, "iterator": token(LAST + 1 if to is None else to)},
    ),
    "a token of bytes": Kind(
        obj(things=THINGS, nextPageToken=BYTES),
        {"nextPageToken": BYTES},
        lambda query, _: int(base64.b64decode(query["nextPageToken"])[1:]) if "nextPageToken" in query else 0,
        lambda things, to: {"things": things, "nextPageToken": text_of(to)},
    ),
    "a page object": Kind(
        obj(data=THINGS, meta=obj(pagination=obj(total=INTEGER, offset=INTEGER))),
        {"page": obj(limit=INTEGER, offset=INTEGER)},
        lambda query, _: int(query.get("page[offset]", "0")) // 2,
        lambda things, _: {"data": things, "meta": {"pagination": {"total": 6}}},
    ),
    "a cursor in an object": Kind(
        obj(data=THINGS, pages=obj(next={**obj(per_page=INTEGER, starting_after=STRING), "nullable": True})),
        {"starting_after": STRING, "per_page": INTEGER},
        at("starting_after"),
        lambda things, to: {"data": things, "pages": {"next": to and {"starting_after": token(to)}}},
    ),
    "a list below a name of its own": Kind(
        obj(albums=obj(items=THINGS, next={**STRING, "nullable": True}, offset=INTEGER, total=INTEGER)),
        {"offset": INTEGER, "limit": INTEGER},
        lambda query, _: int(query.get("offset", "0")) // 2,
        lambda things, _: {"albums": {"items": things, "total": 6}},
    ),
    "rows of one kind or another": Kind(
        obj(cursor=STRING, next_page=FLAG, rows={"oneOf": [THINGS, {"type": "array", "items": obj(b=INTEGER)}]}),
        {"cursor": STRING},
        at("cursor"),
        lambda things, to: {"rows": things, "cursor": token(LAST if to is None else to), "next_page": to is not None},
    ),
    "answers of one kind or another": Kind(
        {"oneOf": [obj(entries=THINGS, next_marker=STRING), obj(entries=THINGS, next_marker=STRING, shared=FLAG)]},
        {"marker": STRING},
        at("marker"),
        lambda things, to: {"entries": things, "next_marker": token(to), "shared": True},
    ),
    "next by number": Kind(
        obj(groups=THINGS, pagination=obj(count=INTEGER, next={**INTEGER, "nullable": True})),
        {"next": INTEGER},
        at("next"),
        lambda things, to: {"groups": things, "pagination": {"count": 2, "next": to}},
    ),
    "Spring's last": Kind(
        obj(content=THINGS, number=INTEGER, totalPages=INTEGER, last=FLAG),
        {"page": INTEGER},
        at("page"),
        lambda things, to: {"content": things, "number": LAST if to is None else to - 1, "last": to is None},
    ),
    "a search with a cursor in its body": Kind(
        obj(data=THINGS, links=obj(next=STRING), meta=obj(page=obj(after=STRING))),
        {},
        in_page("cursor"),
        lambda things, to: {"data": things, "links": {"next": url(to)}, "meta": {"page": {"after": token(to)}}},
        body=obj(query=STRING, page=obj(cursor=STRING, limit=INTEGER)),
    ),
    "a cursor that another generator states in an object": Kind(
        obj(rows=THINGS, more=obj(mark=STRING)),
        {},
        in_page("mark"),
        lambda things, to: {"rows": things, "more": {"mark": token(to)}},
        body=obj(page=obj(mark=STRING)),
        words={
            "x-fern-pagination": {
                "cursor": "$request.page.mark",
                "next_cursor": "$response.more.mark",
                "results": "$response.rows",
            }
        },
    ),
}


def operation(kind: Kind, number: int) -> dict[str, Any]:
    """The operation of a kind."""
    found: dict[str, Any] = {
        "operationId": f"search{number}",
        "tags": [f"kind{number}"],
        "parameters": [
            {
                "name": name,
                "in": "query",
                "schema": schema,
                **({"style": "deepObject"} if "properties" in schema else {}),
            }
            for name, schema in kind.parameters.items()
        ],
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": dict(kind.schema)}}}},
        **kind.words,
    }
    if kind.body is not None:
        found["requestBody"] = {"content": {"application/json": {"schema": dict(kind.body)}}}
    return {"get" if kind.body is None else "post": found}


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Sdk:
    """The SDK of all kinds."""
    paths = {f"/kind{number}/search": operation(kind, number) for number, kind in enumerate(KINDS.values())}
    info = {"title": "Lists", "version": "1"}
    document = {"openapi": "3.0.3", "info": info, "servers": [{"url": BASE_URL}], "paths": paths}
    home = tmp_path_factory.mktemp("document") / "openapi.yaml"
    home.write_text(yaml.safe_dump(document), "utf-8")
    sdk = make(home, tmp_path_factory.mktemp("sdk"))
    assert not list(sdk.diagnostics)
    return sdk


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_walked_to_its_end(lists: Sdk, name: str) -> None:
    """All things come, each once, and the last page is asked for once."""
    kind, number = KINDS[name], list(KINDS).index(name)
    asked: list[int] = []

    def handle(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        page = kind.number(dict(parse_qsl(request.url.query.decode())), body)
        asked.append(page)
        things = [{"id": 2 * page}, {"id": 2 * page + 1}] if page <= LAST else []
        return httpx.Response(200, json=kind.answer(things, page + 1 if page < LAST else None))

    document = load(str(lists.document), Diagnostics())
    assert document is not None
    (row,) = [row for row in inspect(document, Config()) or [] if row.path == f"/kind{number}/search"]
    assert row.returns.startswith("Page[")
    with httpx.Client(transport=httpx.MockTransport(handle)) as http_client:
        client = lists.client(base_url=BASE_URL, http_client=http_client)
        found = [thing.id for thing in attrgetter(row.call)(client)()]
    assert found == list(range(6))
    assert asked[: LAST + 1] == [0, 1, 2]
    assert len(asked) <= LAST + 2
