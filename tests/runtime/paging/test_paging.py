"""From one page to the next: every style, every end, and servers that repeat themselves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samekey_templates.runtime.auth.credentials import ApiKey
from samekey_templates.runtime.call import Call, Response
from samekey_templates.runtime.codec.models import Model
from samekey_templates.runtime.errors import PaginationError
from samekey_templates.runtime.paging.rules import PagePosition, Paging, items_of, next_link, place_at, value_at
from samekey_templates.runtime.retry.record import CallInfo, CallRecord
from samekey_templates.runtime.safety import Safety
from samekey_templates.runtime.types import OMIT

from tests.runtime.making import make_endpoint, make_settings, wired

RECORD = CallRecord(CallInfo("things.list", "GET", "/things", Safety.SAFE))
CURSOR = Paging("cursor", items=("data",), parameter="cursor", next=("next",))
URL = Paging("cursor", items=("data",), next=("links", "next"))
OFFSET = Paging("offset", items=("data",), parameter="offset")
PAGE = Paging("page", items=("data",), parameter="page", first=1)
LAST_ITEM = Paging("last-item", items=("data",), parameter="after", next=("id",), more=("has_more",))
LINK = Paging("link")
NO_CALL: Call[Any] = Call()
"""A list that is asked for without arguments."""


def page(data: Any, headers: Mapping[str, str] | None = None) -> Response[Any]:  # noqa: ANN401
    """An answer."""
    return Response(data, 200, headers or {}, b"", replayed=False, record=RECORD)


def following(paging: Paging, data: Any, call: Call[Any] | None = None, **headers: str) -> Call[Any] | None:  # noqa: ANN401
    """The call after a first page."""
    place = PagePosition(paging, call or Call())
    place.arrive(page(data, headers))
    found = place.after(page(data, headers))
    return None if found is None else found.call


def query(paging: Paging, data: Any, call: Call[Any] | None = None, **headers: str) -> object:  # noqa: ANN401
    """The query after a first page."""
    found = following(paging, data, call, **headers)
    return None if found is None else found.query if found.query_text is None else found.query_text


class Thing(Model, kw_only=True):
    """An item."""

    id: int


class Things(Model, kw_only=True):
    """A page whose names in Python are not those on the wire."""

    data_: list[Thing] = msgspec.field(name="data")
    next_: str | None = msgspec.field(name="next", default=None)


# A place that is kept


@pytest.mark.parametrize(
    ("paging", "data", "headers"),
    [
        (CURSOR, {"data": [1], "next": "b/+="}, {}),
        (CURSOR, {"data": [1], "next": uuid.UUID(int=7)}, {}),
        (CURSOR, {"data": [1], "next": "https://api.test/v2/things?cursor=b%2F&limit=2"}, {}),
        (URL, {"data": [1], "links": {"next": "?after=b"}}, {}),
        (LAST_ITEM, {"data": [{"id": 0}], "has_more": True}, {}),
        (OFFSET, {"data": ["a", "b", "c"]}, {}),
        (PAGE, {"data": ["a"]}, {}),
        (LINK, [1], {"link": '<https://api.test/things?at=2>; rel="next"'}),
        (Paging("cursor", ("data",), "cursor", in_body=True, next=("next",)), {"data": [1], "next": "b"}, {}),
    ],
)
def test_a_cursor_leads_to_the_same_page_as_the_next_call(
    paging: Paging, data: object, headers: dict[str, str]
) -> None:
    """In every style, and with the other arguments that the list is asked for with."""
    call: Call[Any] = Call(query={"limit": 2}, body={"text": "x"})
    place = PagePosition(paging, call)
    expected = place.after(page(data, headers))
    assert expected is not None
    found = place_at(paging, call, expected.cursor()).call
    endpoint = make_endpoint(Safety.SAFE)
    sent, asked = (wired(make_settings(), endpoint, each)[0] for each in (expected.call, found))
    assert (sent.url, sent.content) == (asked.url, asked.content)


@pytest.mark.parametrize(
    "text", ["", "b", "!!!", "eyJ2YWx1ZSI6e319", "eyJxdWVyeSI6ImE9MSNiIn0", "eyJxdWVyeSI6ImE9MVxuYiJ9", "é"]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """Nothing but a page's own text is read: no object, no fragment, no line break."""
    with pytest.raises(ValueError, match="next_cursor"):
        place_at(CURSOR, NO_CALL, text)


def test_nothing_comes_behind_the_end() -> None:
    """`next_cursor` is None there; a list that began again would give all of its items twice."""
    with pytest.raises(ValueError, match="next_cursor"):
        place_at(CURSOR, NO_CALL, cast("str", None))


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_no_text_for_a_cursor_breaks_anything(text: str) -> None:
    """Whatever somebody kept in its place."""
    try:
        found = place_at(CURSOR, NO_CALL, text).call
    except ValueError:
        return
    assert found.query is not None or found.query_text is not None


# What the next request is made of


@pytest.mark.parametrize(
    ("paging", "data", "expected"),
    [
        (CURSOR, {"data": [1], "next": "b"}, {"cursor": "b"}),
        (CURSOR, {"data": [1], "next": 7}, {"cursor": 7}),
        (CURSOR, {"data": [], "next": "b"}, {"cursor": "b"}),
        (CURSOR, Things(data_=[Thing(id=1)], next_="b"), {"cursor": "b"}),
        (CURSOR, {"data": [1], "next": "/8gAA+=="}, {"cursor": "/8gAA+=="}),
        (CURSOR, {"data": [1], "next": "https://api.test/v2/things?cursor=b&limit=2"}, "cursor=b&limit=2"),
        (CURSOR, {"data": [1], "next": "/things?cursor=b"}, "cursor=b"),
        (URL, {"data": [1], "links": {"next": "https://api.test/things?after=b%2F"}}, "after=b%2F"),
        (URL, {"data": [1], "links": {"next": "?after=b"}}, "after=b"),
        (LAST_ITEM, {"data": [{"id": "a"}, {"id": "b"}], "has_more": True}, {"after": "b"}),
        (LAST_ITEM, {"data": [{"id": 0}], "has_more": True}, {"after": 0}),
        (LAST_ITEM, {"data": [Thing(id=4)], "has_more": True}, {"after": 4}),
        (OFFSET, {"data": ["a", "b", "c"]}, {"offset": 3}),
        (PAGE, {"data": ["a"]}, {"page": 2}),
        (Paging("page", ("data",), "page", first=0), {"data": ["a"]}, {"page": 1}),
        (Paging("page", ("data",), "page", first=1, current=("at",)), {"data": ["a"], "at": 0}, {"page": 1}),
        (Paging("offset", ("data",), "start", first=1), {"data": ["a", "b"]}, {"start": 3}),
        (Paging("page", ("data",), "page", first=1, last=("pages",)), {"data": ["a"], "pages": 2}, {"page": 2}),
        (Paging("page", ("data",), "page", first=1, last=("pages",)), {"data": ["a"], "pages": 0}, {"page": 2}),
        (Paging("page", ("data",), "page", first=0, last=("pages",)), {"data": ["a"], "pages": 2}, {"page": 1}),
    ],
)
def test_the_next_page_is_asked_for(paging: Paging, data: Any, expected: object) -> None:  # noqa: ANN401
    """By cursor, by URL, by the last item's id, by the number of items or pages."""
    assert query(paging, data) == expected


def test_the_other_arguments_stay() -> None:
    """Filters, limits, path, headers and options are those of the first page."""
    call: Call[Any] = Call(path={"a": 1}, query={"limit": 2, "cursor": "a"}, headers={"h": 1}, cookies={"c": 1})
    found = following(CURSOR, {"data": [1], "next": "b"}, call)
    assert found is not None
    assert found.query == {"limit": 2, "cursor": "b"}
    assert (found.path, found.headers, found.cookies) == ({"a": 1}, {"h": 1}, {"c": 1})
    assert call.query == {"limit": 2, "cursor": "a"}


def test_a_key_is_for_one_page() -> None:
    """The caller's own key belongs to the first page; the next ones are other requests and mint keys of their own."""
    found = following(CURSOR, {"data": [1], "next": "b"}, Call(idempotency_key="mine"))
    assert found is not None
    assert found.idempotency_key is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"text": "x", "cursor": OMIT}, {"text": "x", "cursor": "b"}),
        (Thing(id=3), {"id": 3, "cursor": "b"}),
        (OMIT, {"cursor": "b"}),
    ],
    ids=["fields", "model", "nothing"],
)
def test_a_cursor_in_the_body(body: object, expected: object) -> None:
    """Searches by POST carry it among the body's fields, whatever the body was given as."""
    paging = Paging("cursor", ("data",), "cursor", in_body=True, next=("next",))
    found = following(paging, {"data": [1], "next": "b"}, Call(body=body))
    assert found is not None
    assert found.body == expected
    assert found.query is None


def test_a_cursor_after_a_url_and_a_url_after_a_cursor() -> None:
    """A server may mix them: the one that came last counts alone."""
    first: Call[Any] = Call(query={"limit": 2})
    second = PagePosition(CURSOR, first).after(page({"data": [1], "next": "https://api.test/?cursor=b&limit=2"}))
    assert second is not None
    third = second.after(page({"data": [2], "next": "c"}))
    assert third is not None
    assert (second.call.query_text, third.call.query_text) == ("cursor=b&limit=2", None)
    assert third.call.query == {"limit": 2, "cursor": "c"}


@pytest.mark.parametrize(
    ("given_", "items", "expected"),
    [(OMIT, 2, 2), (0, 2, 2), (10, 2, 12), ("10", 2, 12), (10.0, 2, 12), ("ten", 2, 2)],
)
def test_an_offset_counts_from_what_the_caller_gave(given_: object, items: int, expected: int) -> None:
    """Who starts in the middle goes on from there."""
    call: Call[Any] = Call(query={"offset": given_})
    assert query(OFFSET, {"data": [*range(items)]}, call) == {"offset": expected}


def test_the_answers_own_number_counts_where_the_caller_gave_none() -> None:
    """A document that does not say whether pages count from 0 or from 1 does no harm: the answer says it."""
    paging = Paging("page", ("data",), "page", first=1, current=("meta", "page"))
    assert query(paging, {"data": [1], "meta": {"page": 0}}) == {"page": 1}
    assert query(paging, {"data": [1], "meta": {}}) == {"page": 2}
    assert query(paging, {"data": [1], "meta": {"page": 0}}, Call(query={"page": 5})) == {"page": 6}


# Ends


@pytest.mark.parametrize("end", [None, "", False, 0, "0"])
def test_a_cursor_that_is_none(end: object) -> None:
    """What servers say in place of a cursor after the last page."""
    assert following(CURSOR, {"data": [1], "next": end}) is None


LAST_PAGES: list[tuple[Paging, Any]] = [
    (CURSOR, {"data": [1]}),
    (CURSOR, {}),
    (CURSOR, None),
    (CURSOR, "no page at all"),
    (URL, {"data": [1], "links": None}),
    (URL, {"data": [1], "links": {}}),
    (OFFSET, {"data": []}),
    (OFFSET, {"data": None}),
    (PAGE, {"data": []}),
    (Paging("page", ("data",), "page", first=1, last=("pages",)), {"data": ["a"], "pages": 1}),
    (Paging("page", ("data",), "page", first=0, last=("pages",)), {"data": ["a"], "pages": 1}),
    (LAST_ITEM, {"data": [{"id": "a"}], "has_more": False}),
    (LAST_ITEM, {"data": [], "has_more": True}),
    (LAST_ITEM, {"data": [{}], "has_more": True}),
    (
        Paging("cursor", ("data",), "cursor", next=("next",), more=("more",)),
        {"data": [1], "next": "b", "more": False},
    ),
    (Paging("page", ("data",), "page", more=("more",)), {"data": [1], "more": False}),
    (LINK, [1]),
]


@pytest.mark.parametrize(("paging", "data"), LAST_PAGES)
def test_the_last_page(paging: Paging, data: Any) -> None:  # noqa: ANN401
    """No cursor, no items, no more, the last number, or nothing that makes sense: the list is over."""
    assert following(paging, data) is None


# Servers that repeat themselves


def test_a_cursor_that_comes_again_is_an_error() -> None:
    """The same cursor would be followed for ever."""
    first: PagePosition[Any] = PagePosition(CURSOR, Call())
    second = first.after(page({"data": [1], "next": "b"}))
    assert second is not None
    third = second.after(page({"data": [2], "next": "c"}))
    assert third is not None
    with pytest.raises(PaginationError, match=r"things\.list: the server gave the cursor 'b' a second time, on page 3"):
        third.after(page({"data": [3], "next": "b"}))


def test_a_cursor_that_was_sent_and_comes_back_is_an_error() -> None:
    """Also where the caller brought it, and no page has given it yet."""
    with pytest.raises(PaginationError) as caught:
        following(CURSOR, {"data": [1], "next": "b"}, Call(query={"cursor": "b"}))
    assert caught.value.page == 1


def test_an_empty_page_may_bear_the_cursor_it_was_asked_with() -> None:
    """Some servers close a list so."""
    assert following(CURSOR, {"data": [], "next": "b"}, Call(query={"cursor": "b"})) is None


def test_a_page_may_be_fetched_twice() -> None:
    """Whoever goes through a list a second time meets the same cursors, and that is no repetition."""
    first: PagePosition[Any] = PagePosition(CURSOR, Call())
    for _ in range(2):
        place: PagePosition[Any] | None = first
        for number in range(3):
            assert place is not None
            answer = page({"data": [number], "next": f"c{number}" if number < 2 else None})
            place.arrive(answer)
            place = place.after(answer)
        assert place is None


@pytest.mark.parametrize("paging", [OFFSET, PAGE], ids=["offset", "page"])
def test_a_server_that_ignores_the_number_is_found_out(paging: Paging) -> None:
    """The second page is the first one again: an error, before its items are given out twice."""
    first: PagePosition[Any] = PagePosition(paging, Call())
    first.arrive(page({"data": [1, 2], "at": 1}))
    second = first.after(page({"data": [1, 2], "at": 1}))
    assert second is not None
    with pytest.raises(PaginationError, match="the same page again, on page 2"):
        second.arrive(page({"data": [1, 2], "at": 2}))


def test_a_server_that_ignores_the_cursor_is_found_out_before_items_come_twice() -> None:
    """The same items and the same next cursor are the same page; the same items alone need not be."""
    first: PagePosition[Any] = PagePosition(CURSOR, Call())
    first.arrive(page({"data": [0, 0], "next": "b"}))
    second = first.after(page({"data": [0, 0], "next": "b"}))
    assert second is not None
    with pytest.raises(PaginationError):
        second.arrive(page({"data": [0, 0], "next": "b"}))
    second.arrive(page({"data": [0, 0], "next": "c"}))


def test_a_server_that_starts_again_is_found_out() -> None:
    """Beyond the last page some servers give the first one."""
    answers = [page({"data": [number]}) for number in (1, 2, 3, 1)]
    place: PagePosition[Any] | None = PagePosition(PAGE, Call())
    for answer in answers[:-1]:
        assert place is not None
        place.arrive(answer)
        place = place.after(answer)
    assert place is not None
    with pytest.raises(PaginationError, match="on page 4"):
        place.arrive(answers[-1])


@pytest.mark.parametrize("url", ["https://api.test/things/page/2", "http://[", "/"])
def test_a_url_without_a_query_leads_nowhere(url: str) -> None:
    """Only the query of a URL is used, so one without it is an error rather than the first page once more."""
    with pytest.raises(PaginationError, match="has no query"):
        following(URL, {"data": [1], "links": {"next": url}})


@pytest.mark.parametrize("cursor", [{"href": "x"}, ["b"]])
def test_a_cursor_that_is_no_value_is_an_error(cursor: object) -> None:
    """An object where a cursor should be is told, not sent."""
    with pytest.raises(PaginationError, match="not a plain value"):
        following(CURSOR, {"data": [1], "next": cursor})


def test_the_error_tells_which_answer_it_was() -> None:
    """The request's id goes with the error, as it does with all others."""
    answer = page({"data": [1], "links": {"next": "/"}}, {"x-request-id": "req_7"})
    with pytest.raises(PaginationError) as caught:
        PagePosition(URL, Call[object]()).after(answer)
    assert caught.value.request_id == "req_7"


@given(
    st.sampled_from([CURSOR, URL, OFFSET, PAGE, LAST_ITEM]),
    st.lists(
        st.tuples(st.lists(st.integers(0, 2), max_size=2), st.sampled_from([None, "?a", "?b"])), min_size=1, max_size=4
    ),
)
def test_no_server_is_followed_for_ever(paging: Paging, plan: list[tuple[list[int], str | None]]) -> None:
    """Whatever a server answers, round and round: the list ends, or an error does."""
    place: PagePosition[Any] | None = PagePosition(paging, Call())
    try:
        for number in range(200):
            if place is None:
                return
            items, cursor = plan[number % len(plan)]
            data = {
                "data": [{"id": item} for item in items],
                "next": cursor,
                "links": {"next": cursor},
                "has_more": True,
            }
            place.arrive(page(data))
            place = place.after(page(data))
    except PaginationError:
        return
    raise AssertionError("it goes on for ever")


# The Link header (RFC 8288)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('<https://api.test/?page=2>; rel="next"', "https://api.test/?page=2"),
        ("</?page=2>; rel=next", "/?page=2"),
        ('</?page=1>; rel="prev", </?page=3>; rel="next"', "/?page=3"),
        ('</?page=9>; rel="last"; title="the next",</?page=3>;REL="Next"', "/?page=3"),
        ('</?page=3>; rel="prefetch next"', "/?page=3"),
        ('</?a=1,2;3>; title="x"; rel="next"', "/?a=1,2;3"),
        ('</?page=1>; rel="prev"', None),
        ('</?page=1>; rel="nextish"', None),
        ("", None),
        ("no link at all", None),
        ("<unfinished", None),
    ],
)
def test_links(header: str, expected: str | None) -> None:
    """The target of `rel=next`, however the header spells it."""
    assert next_link(header) == expected


def test_a_list_by_its_link_header() -> None:
    """Only the query of the link is taken."""
    header = '<https://elsewhere.test/other?page=2&token=t>; rel="next"'
    assert query(LINK, [1], link=header) == "page=2&token=t"


def test_a_link_that_repeats_our_credentials() -> None:
    """A server writes the query that it was sent into its links; the key that is in it is not sent twice."""
    settings = make_settings(credentials={"key": ApiKey("api_key", "query", "new")}, security=(("key",),))
    call: Call[Any] = Call(query={"limit": 2})
    link = "https://api.test/v1/things?api_key=old&limit=2&page=2&api_key_id=7"
    following_ = following(URL, {"data": [1], "links": {"next": link}}, call)
    assert following_ is not None
    endpoint = make_endpoint(Safety.SAFE)
    assert wired(settings, endpoint, call)[0].url == "http://api.test/v1/things?limit=2&api_key=new"
    request, _ = wired(settings, endpoint, following_)
    assert request.url == "http://api.test/v1/things?limit=2&page=2&api_key_id=7&api_key=new"


# Values


def test_values_by_names_on_the_wire() -> None:
    """Models are looked into by the names that the document gives, plain JSON as well."""
    assert value_at(Things(data_=[], next_="b"), ("next",)) == "b"
    assert value_at({"a": {"b": 1}}, ("a", "b")) == 1
    assert value_at({"a": [1]}, ("a", "b")) is None
    assert value_at(Thing(id=1), ("nothing",)) is None
    assert items_of(CURSOR, Things(data_=[Thing(id=1)])) == [Thing(id=1)]
    assert items_of(CURSOR, {"data": {"not": "a list"}}) == []
    assert items_of(LINK, [1, 2]) == [1, 2]


def test_an_id_that_was_decoded_is_a_cursor() -> None:
    """Ids that are UUIDs are sent as they are written."""
    found = uuid.uuid4()
    assert query(LAST_ITEM, {"data": [{"id": found}], "has_more": True}) == {"after": found}


# What lies in an object, and flags of the end


@pytest.mark.parametrize("given", [None, {"page": {"limit": 2}}, {"page": None}, {"page": {"limit": 2, "offset": 0}}])
def test_a_parameter_in_an_object_is_set_there(given: dict[str, Any] | None) -> None:
    """What else is in the object stays."""
    paging = Paging("offset", ("data",), "offset", within=("page",))
    found = query(paging, {"data": [1, 2]}, Call(query=given))
    limit = {"limit": 2} if given and given["page"] else {}
    assert found == {"page": {**limit, "offset": 2}}


def test_a_field_in_an_object_of_the_body_is_set_there() -> None:
    """So it is in the body of a search."""
    paging = Paging("cursor", ("data",), "cursor", in_body=True, next=("next",), within=("page",))
    call = following(paging, {"data": [1], "next": "b"}, Call(body={"q": "x"}))
    assert call is not None
    assert call.body == {"q": "x", "page": {"cursor": "b"}}
    again = following(paging, {"data": [1], "next": "c"}, call)
    assert again is not None
    assert again.body == {"q": "x", "page": {"cursor": "c"}}


def test_a_flag_of_the_end_counts_more_than_a_cursor() -> None:
    """Some servers give a cursor behind the last page as well."""
    paging = Paging("cursor", ("data",), "cursor", next=("next",), done=("done",))
    assert query(paging, {"data": [1], "next": "b", "done": False}) == {"cursor": "b"}
    assert query(paging, {"data": [1], "next": "b", "done": True}) is None


def test_a_cursor_of_bytes_is_sent_as_it_came_and_ends_where_it_is_empty() -> None:
    """JSON has it as base64."""
    assert query(CURSOR, {"data": [1], "next": b"\xff"}) == {"cursor": b"\xff"}
    assert query(CURSOR, {"data": [1], "next": b""}) is None
