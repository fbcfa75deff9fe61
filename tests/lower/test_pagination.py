"""Which operations give lists in pages, how their pages follow each other, and which must not be taken for such."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from samekey.config.file import Config, read_config
from samekey.config.idempotency import SILENT
from samekey.config.pagination import PagingStyle
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.ir import Paging
from samekey.lower import lower

from .documents import Lowered, loaded

STRING = {"type": "string"}
INTEGER = {"type": "integer"}
THING = {"type": "object", "properties": {"id": STRING, "name": STRING}}
THINGS = {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
COMMON = {"Thing": THING, "Meta": {"type": "object", "properties": {"next_cursor": STRING, "total": INTEGER}}}


def words_of(words: Mapping[str, Any]) -> dict[str, Any]:
    """Words of an operation that are not names of Python's."""
    return dict(words)


def obj(**properties: Mapping[str, Any]) -> dict[str, Any]:
    """An object."""
    return {"type": "object", "properties": properties}


def holding(**properties: Mapping[str, Any]) -> dict[str, Any]:
    """An object that holds a list of things beside these properties."""
    return obj(data=THINGS, **properties)


def param(name: str, schema: Mapping[str, Any] = STRING, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """A parameter of the query."""
    return {"name": name, "in": "query", "schema": schema, **more}


def listing(
    answer: Mapping[str, Any],
    *params: Mapping[str, Any] | str,
    path: str = "/things",
    method: str = "get",
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
    config: object = None,
    root: Mapping[str, Any] | None = None,
    **words: Any,  # noqa: ANN401
) -> Lowered:
    """A document of one operation: its answer, what it takes, and extra words of its own."""
    response = {"description": "", "headers": headers or {}, "content": {"application/json": {"schema": answer}}}
    found: dict[str, Any] = {
        "operationId": "listThings",
        "parameters": [param(entry) if isinstance(entry, str) else entry for entry in params],
        "responses": {"200": response},
        **words,
    }
    if body is not None:
        found["requestBody"] = {"content": {"application/json": {"schema": body}}}
    document, diagnostics = loaded(
        json.dumps(
            {
                "openapi": "3.1.0",
                "info": {"title": "Test", "version": "1"},
                "paths": {path: {method: found}},
                "components": {"schemas": COMMON},
                **(root or {}),
            }
        )
    )
    config_file = load("samekey.yaml", diagnostics, fetch=lambda _: json.dumps({"pagination": config}).encode())
    assert config_file is not None
    api = lower(document, SILENT, read_config(config_file.node).pagination if config is not None else None)
    assert api is not None
    return Lowered(api, diagnostics)


def paged(found: Lowered) -> Paging:
    """The paging of the one operation."""
    paging = found.operation().paging
    assert paging is not None
    return paging


def pagination_of(found: Lowered) -> dict[str, Any]:
    """The paging of the one operation, without what is not said; ways with dots."""
    paging = paged(found)
    said: dict[str, Any] = {"style": paging.style.value}
    for name in ("items", "next", "more", "last", "current"):
        way: tuple[str, ...] = getattr(paging, name)
        if way:
            said[name] = ".".join(way)
    for name in ("parameter", "in_body", "first"):
        if getattr(paging, name):
            said[name] = getattr(paging, name)
    return said


# Cursors


@pytest.mark.parametrize(
    ("answer", "params", "expected"),
    [
        (holding(next_cursor=STRING), ["cursor"], {"next": "next_cursor", "parameter": "cursor"}),
        (holding(nextPageToken=STRING), ["pageToken"], {"next": "nextPageToken", "parameter": "pageToken"}),
        (holding(cursor=STRING), ["cursor"], {"next": "cursor", "parameter": "cursor"}),
        (
            holding(continuation_token=STRING),
            ["continuation_token"],
            {"next": "continuation_token", "parameter": "continuation_token"},
        ),
        (
            holding(meta={"$ref": "#/components/schemas/Meta"}),
            ["page[after]"],
            {"next": "meta.next_cursor", "parameter": "page[after]"},
        ),
        (
            holding(paging=obj(cursors=obj(before=STRING, after=STRING))),
            ["after"],
            {"next": "paging.cursors.after", "parameter": "after"},
        ),
        (
            holding(page_info=obj(has_next_page={"type": "boolean"}, end_cursor=STRING)),
            ["after"],
            {"next": "page_info.end_cursor", "parameter": "after", "more": "page_info.has_next_page"},
        ),
        (
            holding(meta=obj(pagination=obj(page=INTEGER, next_page={"type": ["integer", "null"]}))),
            [param("page", INTEGER)],
            {"next": "meta.pagination.next_page", "parameter": "page"},
        ),
        (
            holding(cursor=obj(previous=STRING, next=STRING)),
            ["after", "cursor"],
            {"next": "cursor.next", "parameter": "cursor"},
        ),
        (
            holding(next=STRING),
            [param("pagination_token", deprecated=True), "cursor"],
            {"next": "next", "parameter": "cursor"},
        ),
        (
            holding(next={"type": "string", "format": "uuid"}),
            [param("cursor", {"type": "string", "format": "uuid"})],
            {"next": "next", "parameter": "cursor"},
        ),
    ],
)
def test_cursors(answer: Mapping[str, Any], params: Sequence[Any], expected: Mapping[str, Any]) -> None:
    """A parameter that takes a cursor, and something in the answer that gives one."""
    assert pagination_of(listing(answer, *params)) == {"style": "cursor", "items": "data", **expected}


def test_a_cursor_in_the_body_of_a_search() -> None:
    """A POST whose name says that it searches."""
    found = listing(
        holding(next_cursor=STRING), path="/things/search", method="post", body=obj(text=STRING, cursor=STRING)
    )
    assert pagination_of(found) == {
        "style": "cursor", "items": "data", "next": "next_cursor", "parameter": "cursor", "in_body": True,
    }  # fmt: skip


# Items


@pytest.mark.parametrize(
    ("answer", "path", "items"),
    [
        (obj(whatever=THINGS, next_cursor=STRING), "/things", "whatever"),
        (obj(things=THINGS, tags={"type": "array", "items": STRING}, next_cursor=STRING), "/things", "things"),
        (obj(results=THINGS, facets={"type": "array", "items": STRING}, next_cursor=STRING), "/things", "results"),
        (obj(data=obj(items=THINGS, next_cursor=STRING)), "/things", "data.items"),
        (obj(errors=THINGS, data=THINGS, next_cursor=STRING), "/things", "data"),
        (obj(errors=THINGS, next_cursor=STRING), "/things/{id}/errors", "errors"),
        (obj(messages=THINGS, next_cursor=STRING), "/Messages.json", "messages"),
        (obj(messages=THINGS, next_cursor=STRING), "/message", "messages"),
        (obj(included=THINGS, data=THINGS, next_cursor=STRING), "/things", "data"),
        (obj(data={"type": ["array", "null"], "items": THING}, next_cursor=STRING), "/things", "data"),
    ],
)
def test_where_the_items_are(answer: Mapping[str, Any], path: str, items: str) -> None:
    """The only list, else the one with a usual name or with the path's own; what goes along with it is not meant."""
    assert ".".join(paged(listing(answer, "cursor", path=path)).items) == items


def test_two_lists_without_a_usual_name_are_no_page() -> None:
    """Which of them would be meant nobody knows."""
    assert listing(obj(cats=THINGS, dogs=THINGS, next_cursor=STRING), "cursor").operation().paging is None


def test_items_are_typed() -> None:
    """The item of a page is the item of its list."""
    found = listing(holding(next_cursor=STRING), "cursor")
    assert found.spell(paged(found).item) == "Thing"


# URLs and links


@pytest.mark.parametrize(
    "next_",
    [
        holding(next={"type": "string", "format": "uri"}),
        holding(next={"type": "string", "description": "URL of the next page."}),
        holding(links=obj(next=STRING, prev=STRING)),
        holding(links=obj(next=obj(href=STRING))),
        holding(_links=obj(next=STRING)),
        holding(meta=obj(next_page_url=STRING)),
        holding(nextLink=STRING),
        holding(**{"@odata.nextLink": STRING}),
    ],
)
def test_next_urls(next_: Mapping[str, Any]) -> None:
    """An answer that holds the next page's URL needs no parameter."""
    paging = paged(listing(next_, "limit"))
    assert (paging.style, paging.parameter) == (PagingStyle.CURSOR, "")
    assert paging.next


@pytest.mark.parametrize(
    "next_",
    [
        holding(next=STRING),
        holding(next={"type": "string", "description": "A cursor; put it into the URL."}),
        holding(next={"type": "boolean", "description": "Whether there is a link."}),
        holding(next=obj(id=STRING)),
    ],
)
def test_a_next_that_is_no_url(next_: Mapping[str, Any]) -> None:
    """`next` alone may be a cursor that nothing takes."""
    assert listing(next_, "limit").operation().paging is None


def test_a_header_that_links() -> None:
    """RFC 8288: where the document declares the header."""
    found = listing(THINGS, "limit", headers={"LINK": {"schema": STRING}})
    assert pagination_of(found) == {"style": "link"}


# Last items


def test_the_last_item() -> None:
    """A parameter that names the item to start after, where the answer says whether there is more."""
    assert pagination_of(listing(holding(has_more={"type": "boolean"}), "starting_after")) == {
        "style": "last-item", "items": "data", "next": "id", "more": "has_more", "parameter": "starting_after",
    }  # fmt: skip


def test_another_key_than_the_id_must_be_spoken_of() -> None:
    """Items without an id are gone after by the key that the parameter's words name."""
    items = {"type": "array", "items": obj(token=STRING, name=STRING)}
    answer = obj(data=items, has_more={"type": "boolean"})
    assert listing(answer, "starting_after").operation().paging is None
    spoken = param("starting_after", description="The token of an item.")
    assert pagination_of(listing(answer, spoken))["next"] == "token"


def test_without_a_word_on_more_there_is_no_last_item() -> None:
    """`after` may be anything, a date above all."""
    assert listing(holding(), "after").operation().paging is None


# Numbers


@pytest.mark.parametrize(
    ("answer", "params", "expected"),
    [
        (THINGS, [param("offset", INTEGER)], {"style": "offset", "parameter": "offset"}),
        (holding(), [param("skip", INTEGER)], {"style": "offset", "items": "data", "parameter": "skip"}),
        (
            holding(),
            [param("startIndex", INTEGER)],
            {"style": "offset", "items": "data", "parameter": "startIndex", "first": 1},
        ),
        (
            holding(offset=INTEGER),
            [param("offset", INTEGER)],
            {"style": "offset", "items": "data", "parameter": "offset", "current": "offset"},
        ),
        (THINGS, [param("page", INTEGER)], {"style": "page", "parameter": "page", "first": 1}),
        (THINGS, [param("page", {"type": "integer", "minimum": 0})], {"style": "page", "parameter": "page"}),
        (
            THINGS,
            [param("page", {"type": "integer", "default": 1, "minimum": 0})],
            {"style": "page", "parameter": "page", "first": 1},
        ),
        (THINGS, [param("page", INTEGER, description="The page (0-based).")], {"style": "page", "parameter": "page"}),
        (THINGS, [param("page", INTEGER, description="Starts at zero")], {"style": "page", "parameter": "page"}),
        (
            holding(page=INTEGER),
            [param("page", INTEGER)],
            {"style": "page", "items": "data", "parameter": "page", "first": 1, "current": "page"},
        ),
        (
            holding(meta=obj(number=INTEGER, totalPages=INTEGER)),
            [param("page", INTEGER)],
            {
                "style": "page",
                "items": "data",
                "parameter": "page",
                "first": 1,
                "current": "meta.number",
                "last": "meta.totalPages",
            },
        ),
        (
            holding(last_page=INTEGER),
            [param("page", {"type": "integer", "minimum": 1})],
            {"style": "page", "items": "data", "parameter": "page", "first": 1, "last": "last_page"},
        ),
        (
            holding(last_page=INTEGER),
            [param("page", {"type": "integer", "minimum": 0})],
            {"style": "page", "items": "data", "parameter": "page"},
        ),
        (
            holding(),
            [param("page", INTEGER), param("offset", INTEGER)],
            {"style": "offset", "items": "data", "parameter": "offset"},
        ),
    ],
)
def test_numbers(answer: Mapping[str, Any], params: Sequence[Any], expected: Mapping[str, Any]) -> None:
    """A number of items, or of pages, and what the document or the answer says of the first one."""
    assert pagination_of(listing(answer, *params)) == expected


@pytest.mark.parametrize(
    ("answer", "params"),
    [
        (THINGS, [param("page", STRING)]),
        (THINGS, [param("page", {"type": "boolean"})]),
        (THINGS, [param("skip", {"type": "boolean"})]),
        (THINGS, [param("pageIndex", INTEGER)]),
        (THINGS, ["limit"]),
        (THINGS, [param("after", {"type": "string", "format": "date-time"})]),
        (holding(next_cursor=STRING), ["limit"]),
        (holding(next=STRING), [param("after", {"type": "string", "format": "date"})]),
        (holding(next_page={"type": "boolean"}), [param("page", STRING)]),
        (holding(prev_cursor=STRING, start_cursor=STRING), ["cursor"]),
        (holding(id=STRING, next_cursor=STRING), ["cursor"]),
        (THING, ["cursor", param("page", INTEGER)]),
        (obj(total=INTEGER, next_cursor=STRING), ["cursor"]),
        ({"oneOf": [holding(next_cursor=STRING), THING]}, ["cursor"]),
        ({}, ["cursor"]),
    ],
)
def test_what_is_no_page(answer: Mapping[str, Any], params: Sequence[Any]) -> None:
    """One sign alone, or one that means something else: nothing is guessed."""
    assert listing(answer, *params).operation().paging is None


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_what_changes_something_is_no_page(method: str) -> None:
    """Whatever it answers, it is not sent again for more."""
    found = listing(holding(next_cursor=STRING), "cursor", method=method, operationId="createThings")
    assert found.operation().paging is None


def test_a_thing_that_holds_a_list_is_no_page() -> None:
    """A batch with its rows is got as a batch; a list below a folder's name is a list."""
    rows = {"items": THINGS, "total_pages": INTEGER}
    assert (
        listing(
            obj(batch={"$ref": "#/components/schemas/Thing"}, **words_of(rows)),
            param("page", INTEGER),
            path="/batches/{id}",
        )
        .operation()
        .paging
        is None
    )
    assert listing(obj(**words_of(rows)), param("page", INTEGER), path="/folders/{id}").operation().paging is not None
    assert listing(THINGS, param("page", INTEGER), path="/folders/{id}").operation().paging is not None


# Extensions


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"cursor": "$request.from", "next_cursor": "$response.at.end", "results": "$response.rows"},
         {"style": "cursor", "items": "rows", "next": "at.end", "parameter": "from"}),
        ({"cursor": "$request.body.from", "next_cursor": "$response.body#/at/end", "results": "$response.body#/rows"},
         {"style": "cursor", "items": "rows", "next": "at.end", "parameter": "from"}),
        ({"offset": "$request.sheet", "results": "$response.rows", "has-next-page": "$response.on"},
         {"style": "page", "items": "rows", "parameter": "sheet", "more": "on", "first": 1}),
        ({"offset": "$request.sheet", "results": "$response.rows", "step": "$request.limit"},
         {"style": "offset", "items": "rows", "parameter": "sheet"}),
        ({"next_uri": "$response.at.end", "results": "$response.rows"},
         {"style": "cursor", "items": "rows", "next": "at.end"}),
    ],
)  # fmt: skip
def test_fern(words: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """`x-fern-pagination` says it all, with names that no rule would find."""
    answer = obj(rows=THINGS, at=obj(end=STRING), on={"type": "boolean"})
    found = listing(answer, "from", param("sheet", INTEGER), **words_of({"x-fern-pagination": words}))
    assert pagination_of(found) == expected
    assert found.codes == []


def test_fern_at_the_root() -> None:
    """An operation that says `true` means what stands at the root."""
    words = {"cursor": "$request.from", "next_cursor": "$response.end", "results": "$response.rows"}
    root = {"x-fern-pagination": words}
    found = listing(obj(rows=THINGS, end=STRING), "from", root=root, **words_of({"x-fern-pagination": True}))
    assert pagination_of(found)["parameter"] == "from"
    assert listing(obj(rows=THINGS, end=STRING), "from", root=root).operation().paging is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"type": "cursor", "inputs": [{"name": "from", "in": "parameters", "type": "cursor"}],
          "outputs": {"results": "$.rows", "nextCursor": "$.at.end"}},
         {"style": "cursor", "items": "rows", "next": "at.end", "parameter": "from"}),
        ({"type": "cursor", "inputs": [{"name": "from", "in": "parameters", "type": "cursor"}],
          "outputs": {"nextCursor": "$['at']['end']"}},
         {"style": "cursor", "items": "rows", "next": "at.end", "parameter": "from"}),
        ({"type": "cursor", "inputs": [{"name": "from", "in": "parameters", "type": "cursor"}],
          "outputs": {"nextCursor": "$.rows[(@.length-1)].name"}},
         {"style": "last-item", "items": "rows", "next": "name", "parameter": "from"}),
        ({"type": "url", "outputs": {"results": "$.rows", "nextUrl": "$.at.end"}},
         {"style": "cursor", "items": "rows", "next": "at.end"}),
        ({"type": "offsetLimit", "inputs": [{"name": "sheet", "in": "parameters", "type": "page"}],
          "outputs": {"results": "$.rows", "numPages": "$.count"}},
         {"style": "page", "items": "rows", "parameter": "sheet", "first": 1, "last": "count"}),
        ({"type": "offsetLimit", "inputs": [{"name": "sheet", "in": "parameters", "type": "offset"}]},
         {"style": "offset", "items": "rows", "parameter": "sheet"}),
    ],
)  # fmt: skip
def test_speakeasy(words: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """`x-speakeasy-pagination`, in all of its types."""
    answer = obj(rows=THINGS, at=obj(end=STRING), count=INTEGER)
    found = listing(answer, "from", param("sheet", INTEGER), **words_of({"x-speakeasy-pagination": words}))
    assert pagination_of(found) == expected
    assert found.codes == []


@pytest.mark.parametrize(
    "words",
    [
        {"cursor": "$request.nowhere", "next_cursor": "$response.end", "results": "$response.rows"},
        {"cursor": "$request.from", "next_cursor": "$response.nowhere", "results": "$response.rows"},
        {"cursor": "$request.from", "results": "$response.rows"},
        {"cursor": "$request.from", "next_cursor": "$response.end", "results": "$response.end"},
    ],
)
def test_an_extension_that_cannot_be_is_a_warning(words: Mapping[str, Any]) -> None:
    """A list that would end after its first page is not a list in pages; the operation gives what it gives."""
    found = listing(obj(rows=THINGS, end=STRING), "from", **words_of({"x-fern-pagination": words}))
    assert found.operation().paging is None
    assert found.found("pagination-ignored") == ["/paths/~1things/get/x-fern-pagination"]


@pytest.mark.parametrize("words", [True, "text", [], {}, {"type": "other"}, {"outputs": "x"}, {"inputs": 3}])
@pytest.mark.parametrize("name", ["x-fern-pagination", "x-speakeasy-pagination"])
def test_an_extension_of_another_kind_is_passed_over(name: str, words: object) -> None:
    """Shapes count then, as if it were not there."""
    assert (
        pagination_of(listing(holding(next_cursor=STRING), "cursor", **words_of({name: words})))["next"]
        == "next_cursor"
    )


# The config


def test_the_config_says_false() -> None:
    """What the config calls no list is none, by operationId or by method and path."""
    for key in ("listThings", "GET /things"):
        found = listing(holding(next_cursor=STRING), "cursor", config={key: False})
        assert found.operation().paging is None
        assert found.codes == []


def test_the_config_says_how() -> None:
    """It weighs more than the document, and takes any names."""
    found = listing(
        obj(rows=THINGS, **{"@end": obj(**{"a.b": STRING})}),
        "from",
        config={"listThings": {"parameter": "from", "items": "rows", "next": "/@end/a.b"}},
        **words_of({"x-fern-pagination": {"offset": "$request.from", "results": "$response.rows"}}),
    )
    assert pagination_of(found) == {"style": "cursor", "items": "rows", "next": "@end.a.b", "parameter": "from"}


def test_the_config_may_leave_the_items_to_us() -> None:
    """Where they are found anyway."""
    found = listing(holding(), param("n", INTEGER), config={"listThings": {"style": "page", "parameter": "n"}})
    assert pagination_of(found) == {"style": "page", "items": "data", "parameter": "n", "first": 1}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (True, "expected a mapping, or false"),
        ({"style": "curser"}, "there is no style of pages 'curser'"),
        ({"parametre": "from"}, "there is no key 'parametre'"),
        ({"parameter": "nowhere", "next": "end"}, "no parameter 'nowhere'"),
        ({"style": "page"}, "no parameter ''"),
        ({"parameter": "from"}, "nothing says where the next cursor stands"),
        ({"parameter": "from", "next": "nowhere"}, "the answer has nothing at 'nowhere'"),
        ({"parameter": "from", "next": "end", "more": "nowhere"}, "the answer has nothing at 'nowhere'"),
        ({"style": "last-item", "parameter": "from", "next": "nowhere"}, "the items have nothing at 'nowhere'"),
        ({"parameter": "from", "next": "end", "items": "end"}, "the answer has no list at 'end'"),
    ],
)
def test_a_config_that_cannot_be_is_an_error(words: object, message: str) -> None:
    """Whoever writes a config is told at its line, and the exit status says so."""
    found = listing(obj(rows=THINGS, end=STRING), "from", config={"listThings": words})
    assert found.operation().paging is None
    assert found.failed
    error = next(iter(found.diagnostics))
    assert message in error.message
    assert error.place is not None
    assert error.place.pointer.startswith("/pagination/listThings")


def test_a_config_for_what_gives_no_list_is_an_error() -> None:
    """There is nothing to go through."""
    found = listing({}, "from", config={"listThings": {"parameter": "from", "next": "end"}})
    assert found.failed


def test_a_config_for_what_is_not_there_is_a_warning() -> None:
    """A misspelt operation is found out."""
    found = listing(THINGS, config={"listThigns": False})
    assert found.codes == ["pagination-unused"]
    assert not found.failed


def test_the_config_reads_a_mapping() -> None:
    """`pagination` is a mapping in the config file, or it is an error."""
    diagnostics = Diagnostics()
    document = load("samekey.yaml", diagnostics, fetch=lambda _: b"pagination: [1]")
    assert document is not None
    assert read_config(document.node) == Config()
    assert diagnostics.failed


def test_other_answers_have_no_pages() -> None:
    """A list that is exported as text as well: the text has no pages, and no config speaks of it."""
    csv = {"schema": STRING}
    responses = {
        "200": {
            "description": "",
            "content": {"application/json": {"schema": holding(next_cursor=STRING)}, "text/csv": csv},
        }
    }
    found = listing(
        {}, "cursor", responses=responses, config={"listThings": {"parameter": "cursor", "next": "next_cursor"}}
    )
    usual, export = found.api.operations
    assert usual.paging is not None
    assert (export.variant, export.paging) == ("as csv", None)
    assert found.codes == []


def test_a_search_is_not_led_on_by_a_url() -> None:
    """A next link is read; what it says has no meaning for the body of a POST."""
    answer = holding(links=obj(next={"type": "string", "format": "uri"}))
    assert listing(answer, method="post", path="/things/search", body=obj(query=STRING)).operation().paging is None
    link = {"Link": {"schema": STRING}}
    assert listing(THINGS, method="post", path="/things/search", headers=link).operation().paging is None


def test_a_url_is_no_cursor_though_something_takes_one() -> None:
    """Its query is taken whole."""
    answer = holding(meta=obj(page=obj(next={"type": "string", "format": "uri"})))
    paging = listing(answer, "page[after]").operation().paging
    assert paging is not None
    assert (paging.parameter, paging.next) == ("", ("meta", "page", "next"))


def test_the_config_names_a_parameter_by_its_path_and_a_flag_of_the_end() -> None:
    """`page.cursor` is a field of an object, and `done` the opposite of `more`."""
    config = {"listThings": {"parameter": "page.cursor", "next": "mark", "done": "over"}}
    answer = holding(mark=STRING, over={"type": "boolean"})
    page = param("page", obj(cursor=STRING), style="deepObject")
    paging = listing(answer, page, config=config).operation().paging
    assert paging is not None
    assert (paging.within, paging.parameter, paging.done) == (("page",), "cursor", ("over",))


def test_links_that_nobody_declared_may_be_stated() -> None:
    """The config says that there is a Link header."""
    paging = listing(THINGS, config={"listThings": {"style": "link"}}).operation().paging
    assert paging is not None
    assert paging.style is PagingStyle.LINK
