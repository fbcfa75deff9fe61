"""Lists in pages against a server: every style of the studio's document, each page a call of its own."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Sequence
from typing import Any

import pytest

from .call_styles import Api, Ask, CallStyle
from .server import LOST, Answer, Play, Request, Server

TITLES = [f"t{number}" for number in range(5)]


def project(number: int) -> dict[str, Any]:
    """A project."""
    return {"id": f"p{number}", "title": f"t{number}"}


def by_cursor(request: Request) -> Answer:
    """Two projects a page."""
    at = int(request.query.get("cursor", "0"))
    rest = at + 2 < len(TITLES)
    return Answer(
        200, {"projects": [project(n) for n in range(at, min(at + 2, 5))], "next_cursor": f"{at + 2}" if rest else None}
    )


def by_offset(request: Request) -> Answer:
    """Two assets a slice."""
    at = int(request.query.get("offset", "0"))
    return Answer(200, {"total": 5, "assets": [{"id": f"a{n}", "name": f"t{n}"} for n in range(at, min(at + 2, 5))]})


def by_page(request: Request) -> Answer:
    """Two clips a page, from 1."""
    at = (int(request.query.get("page", "1")) - 1) * 2
    return Answer(
        200, {"results": [{"id": f"a{n}", "name": f"t{n}"} for n in range(at, min(at + 2, 5))], "total_pages": 3}
    )


def by_page_from_zero(request: Request) -> Answer:
    """Two revisions a page, from 0."""
    at = int(request.query.get("page", "0")) * 2
    return Answer(200, {"content": [{"number": n} for n in range(at, min(at + 2, 5))], "totalPages": 3})


def by_link(request: Request) -> Answer:
    """Two fonts a page; the next one stands in a header, at another origin."""
    at = int(request.query.get("at", "0"))
    links = f'<https://elsewhere.example/fonts?limit=2&at={at + 2}>; rel="next"' if at + 2 < 5 else "</>; rel=first"
    return Answer(200, [{"family": f"t{n}"} for n in range(at, min(at + 2, 5))], headers={"Link": links})


def by_last_item(request: Request) -> Answer:
    """Two renders a page."""
    at = int(request.query.get("starting_after", "-1")) + 1
    data = [{"id": f"{n}", "state": "done"} for n in range(at, min(at + 2, 5))]
    return Answer(200, {"data": data, "has_more": at + 2 < 5})


def by_url(request: Request) -> Answer:
    """Two comments a page; the next page's URL is not where we are."""
    at = int(request.query.get("at", "0"))
    links = {"self": "https://x.example/"} | ({"next": f"https://x.example/other?at={at + 2}"} if at + 2 < 5 else {})
    return Answer(200, {"comments": [{"id": n, "text": f"t{n}"} for n in range(at, min(at + 2, 5))], "links": links})


def by_body(request: Request) -> Answer:
    """Two hits a page; the cursor comes in the body."""
    at = int(request.json.get("page_token", "0"))
    hits = [{"asset": {"id": f"a{n}", "name": f"t{n}"}, "score": 1} for n in range(at, min(at + 2, 5))]
    return Answer(200, {"hits": hits} | ({"next_page_token": f"{at + 2}"} if at + 2 < 5 else {}))


def by_sheet(request: Request) -> Answer:
    """Two voices a sheet, from 1."""
    at = (int(request.query.get("sheet", "1")) - 1) * 2
    return Answer(200, {"voices": [{"name": f"t{n}"} for n in range(at, min(at + 2, 5))], "goes_on": at + 2 < 5})


def by_code(request: Request) -> Answer:
    """Two palettes at a time, behind the one that is named."""
    at = int(request.query.get("from", "t-1")[1:]) + 1
    return Answer(200, {"palettes": [{"code": f"t{n}"} for n in range(at, min(at + 2, 5))]})


def same(item: Any) -> Any:  # noqa: ANN401
    """What the items of all lists have in common."""
    for name in ("title", "name", "family", "text", "code"):
        if hasattr(item, name):
            return getattr(item, name)
    return f"t{item.number}" if hasattr(item, "number") else f"t{item.id}" if hasattr(item, "id") else same(item.asset)


STYLES: list[tuple[str, Play, Ask, Sequence[dict[str, str]]]] = [
    (
        "cursor",
        by_cursor,
        lambda api: api.projects.list(limit=2),
        [{"limit": "2"}, {"limit": "2", "cursor": "2"}, {"limit": "2", "cursor": "4"}],
    ),
    ("offset", by_offset, lambda api: api.assets.list(), [{}, {"offset": "2"}, {"offset": "4"}, {"offset": "5"}]),
    ("page", by_page, lambda api: api.library.list_clips(), [{}, {"page": "2"}, {"page": "3"}]),
    (
        "page from zero",
        by_page_from_zero,
        lambda api: api.projects.list_revisions("p"),
        [{}, {"page": "1"}, {"page": "2"}],
    ),
    (
        "link",
        by_link,
        lambda api: api.library.list_fonts(limit=2),
        [{"limit": "2"}, {"limit": "2", "at": "2"}, {"limit": "2", "at": "4"}],
    ),
    ("last item", by_last_item, lambda api: api.renders.list(), [{}, {"starting_after": "1"}, {"starting_after": "3"}]),
    (
        "url",
        by_url,
        lambda api: api.projects.list_comments("p", order="asc"),
        [{"order": "asc"}, {"at": "2"}, {"at": "4"}],
    ),
    ("body", by_body, lambda api: api.assets.search(text="x"), [{}, {}, {}]),
    ("fern", by_sheet, lambda api: api.library.list_voices(), [{}, {"sheet": "2"}, {"sheet": "3"}]),
    (
        "speakeasy",
        by_code,
        lambda api: api.library.list_palettes(),
        [{}, {"from": "t1"}, {"from": "t3"}, {"from": "t4"}],
    ),
]


@pytest.mark.parametrize(("play", "ask", "queries"), [row[1:] for row in STYLES], ids=[row[0] for row in STYLES])
def test_every_style(
    studio: Any,  # noqa: ANN401
    call_style: CallStyle,
    play: Play,
    ask: Ask,
    queries: Sequence[dict[str, str]],
) -> None:
    """All items come in their order, each page is asked for once, and nothing is asked of another server."""

    async def scenario(api: Api) -> None:
        assert [same(item) for item in await api.items(ask)] == TITLES

    with Server(play) as server:
        call_style.run(studio, server.url, scenario)
    assert [request.query for request in server.seen] == queries
    assert {request.headers["authorization"] for request in server.seen} == {"Bearer sk_studio"}
    assert len({request.path for request in server.seen}) == 1
    assert server.connections == 1


def test_a_page_at_a_time(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """A page tells its items, the whole answer and the response, and fetches the next one when asked."""

    async def scenario(api: Api) -> None:
        page = await api.call(lambda client: client.projects.list(limit=2))
        assert len(server.seen) == 1
        assert [item.title for item in page.items] == ["t0", "t1"]
        assert isinstance(page.result, studio.models.ProjectPage)
        assert page.result.next_cursor == "2"
        assert page.response.status == 200
        assert repr(page).removeprefix("<Async") in {
            "<Page 1 of projects.list: 2 items>",
            "Page 1 of projects.list: 2 items>",
        }
        following = await api.following(page)
        again = await api.following(page)
        assert [item.title for item in following.items] == [item.title for item in again.items] == ["t2", "t3"]
        assert await api.following(await api.following(following)) is None

    with Server(by_cursor) as server:
        call_style.run(studio, server.url, scenario)


def test_pages_are_fetched_as_they_are_asked_for(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Going through all pages, and the whole response of a first one alone."""

    async def scenario(api: Api) -> None:
        found = await api.pages(lambda client: client.projects.list())
        assert [len(page.items) for page in found] == [2, 2, 1]
        response = await api.call(lambda client: client.projects.list.detailed())
        assert isinstance(response.data, studio.models.ProjectPage)
        assert len(server.seen) == 4

    with Server(by_cursor) as server:
        call_style.run(studio, server.url, scenario)


@pytest.mark.parametrize(("play", "ask", "queries"), [row[1:] for row in STYLES], ids=[row[0] for row in STYLES])
def test_a_list_goes_on_from_a_cursor_that_was_kept(
    studio: Any,  # noqa: ANN401
    call_style: CallStyle,
    play: Play,
    ask: Ask,
    queries: Sequence[dict[str, str]],
) -> None:
    """In another client, with the same arguments: the rest of the items, and none twice."""
    kept: list[str] = []

    async def first(api: Api) -> None:
        page = await api.call(ask)
        kept.append(page.next_cursor)
        assert [same(item) for item in page.items] == TITLES[: len(page.items)]
        kept.append(str(len(page.items)))

    async def rest(api: Api) -> None:
        def after(client: Any) -> Any:  # noqa: ANN401
            return ask(Marked(client, kept[0]))

        assert [same(item) for item in await api.items(after)] == TITLES[int(kept[1]) :]

    with Server(play) as server:
        call_style.run(studio, server.url, first)
        call_style.run(studio, server.url, rest)
    assert [request.query for request in server.seen] == queries


class Marked:
    """A client or resource whose lists begin after a cursor."""

    def __init__(self, of: Any, cursor: str) -> None:  # noqa: ANN401
        self._of, self._cursor = of, cursor

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        found: Any = getattr(self._of, name)
        after: Any = getattr(found, "after", None)
        return Marked(found, self._cursor) if after is None else functools.partial(after, self._cursor)


@pytest.mark.parametrize(("count", "asked"), [(0, 0), (1, 1), (2, 1), (3, 2), (5, 3), (9, 3)])
def test_as_many_items_as_are_wanted(studio: Any, call_style: CallStyle, count: int, asked: int) -> None:  # noqa: ANN401
    """And no page that gives none of them."""

    async def scenario(api: Api) -> None:
        found = await api.items(lambda client: client.projects.list().limit(count))
        assert [same(item) for item in found] == TITLES[:count]
        with pytest.raises(ValueError, match="count must be"):
            await api.items(lambda client: client.projects.list().limit(-1))
        with pytest.raises(TypeError, match="count must be a number of items, such as 120"):
            await api.items(lambda client: client.projects.list().limit("3"))

    with Server(by_cursor) as server:
        call_style.run(studio, server.url, scenario)
    # A client that waits for nothing has asked for the page on which it is told what is wanted.
    eager = sum(request.query == {} for request in server.seen)
    assert len(server.seen) - eager == max(asked - 1, 0)


def test_a_list_that_cannot_go_on_hands_over_what_was_read(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """And where it can go on: another call reads the rest."""
    broken = [True]

    def refusing(request: Request) -> Answer:
        return (
            Answer(403, {"message": "no"}) if broken[0] and request.query.get("cursor") == "4" else by_cursor(request)
        )

    async def scenario(api: Api) -> None:
        with pytest.raises(studio.APIStatusError) as caught:
            await api.call(lambda client: client.projects.list().to_list())
        assert [same(item) for item in caught.value.items] == TITLES[:4]
        broken[0] = False
        kept = caught.value.next_cursor
        # It may be a server's link, and that may hold a credential: it does not go where nobody has put it.
        assert pickle.loads(pickle.dumps(caught.value)).next_cursor is None  # noqa: S301  # our own
        rest = await api.call(lambda client: client.projects.list.after(kept).to_list())
        assert [same(item) for item in rest] == TITLES[4:]
        assert [same(item) for item in await api.call(lambda client: client.projects.list().to_list())] == TITLES

    with Server(refusing) as server:
        call_style.run(studio, server.url, scenario)


def lossy(play: Play, lost: Sequence[int]) -> Play:
    """A server that loses some of its answers."""
    count = iter(range(100))
    return lambda request: LOST if next(count) in lost else play(request)


def test_each_page_is_retried_as_a_call_of_its_own(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """A lost answer of a later page is asked for again, and no item comes twice or is missing."""

    async def scenario(api: Api) -> None:
        found = await api.pages(lambda client: client.projects.list())
        assert [len(page.response.attempts) for page in found] == [1, 2, 3]
        assert [item.title for page in found for item in page.items] == TITLES

    retry = studio.RetryPolicy(initial_delay=0.001, max_delay=0.002)
    with Server(lossy(by_cursor, [1, 3, 4])) as server:
        call_style.run(studio, server.url, scenario, retry=retry)


def test_each_page_of_a_search_has_a_key_of_its_own(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """A POST is keyed; its pages are different requests, and a retried one keeps its key."""

    async def scenario(api: Api) -> None:
        found = await api.pages(lambda client: client.assets.search(text="x", idempotency_key="mine"))
        keys = [page.response.idempotency_key for page in found]
        sent = [request.headers["idempotency-key"] for request in server.seen]
        assert sent == [keys[0], keys[1], keys[1], keys[2]]
        assert keys[0] == "mine"
        assert len(set(keys)) == 3
        assert [request.json for request in server.seen[1:3]] == [{"text": "x", "page_token": "2"}] * 2

    retry = studio.RetryPolicy(initial_delay=0.001, max_delay=0.002)
    with Server(lossy(by_body, [1])) as server:
        call_style.run(studio, server.url, scenario, retry=retry)


REPEATING: list[tuple[str, Play, Ask]] = [
    (
        "a cursor",
        lambda _: Answer(200, {"projects": [project(1)], "next_cursor": "x"}),
        lambda api: api.projects.list(),
    ),
    ("a slice", lambda _: Answer(200, {"assets": [{"id": "a", "name": "n"}]}), lambda api: api.assets.list()),
    (
        "a link",
        lambda _: Answer(200, [{"family": "f"}], headers={"Link": "<?a=1>; rel=next"}),
        lambda api: api.library.list_fonts(),
    ),
]


@pytest.mark.parametrize(("play", "ask"), [row[1:] for row in REPEATING], ids=[row[0] for row in REPEATING])
def test_a_server_that_repeats_itself_is_an_error(studio: Any, call_style: CallStyle, play: Play, ask: Ask) -> None:  # noqa: ANN401
    """The second page is the first one again, and it is not gone round for ever."""

    async def scenario(api: Api) -> None:
        with pytest.raises(studio.PaginationError, match="on page 2") as caught:
            await api.items(ask)
        assert caught.value.page == 2

    with Server(play) as server:
        call_style.run(studio, server.url, scenario)
    assert len(server.seen) == 2


def test_a_refused_page_is_an_error_at_its_place(studio: Any, call_style: CallStyle) -> None:  # noqa: ANN401
    """Items of the pages before it have been given out by then."""

    def play(request: Request) -> Answer:
        return by_cursor(request) if "cursor" not in request.query else Answer(403, {"message": "not yours"})

    async def scenario(api: Api) -> None:
        page = await api.call(lambda client: client.projects.list())
        with pytest.raises(studio.PermissionDeniedError, match="not yours"):
            await api.following(page)

    with Server(play) as server:
        call_style.run(studio, server.url, scenario)


def test_an_async_list_costs_nothing_until_it_is_used(studio: Any) -> None:  # noqa: ANN401
    """Not awaited and not iterated over, it asks for nothing and complains of nothing."""

    async def scenario(api: Any) -> None:  # noqa: ANN401
        pages = api.client.projects.list()
        assert not server.seen
        first = await pages
        assert [item.title async for item in first] == TITLES
        assert [item.title async for item in pages] == TITLES

    with Server(by_cursor) as server:
        CallStyle("asyncio").run(studio, server.url, scenario)


def test_an_async_loop_may_be_left(studio: Any) -> None:  # noqa: ANN401
    """Nothing is left open between two pages, under asyncio and under trio."""

    async def scenario(api: Any) -> None:  # noqa: ANN401
        async for item in api.client.projects.list():
            if item.title == "t2":
                break
        async for page in api.client.projects.list().pages():
            assert page.items
            break

    for backend in ("asyncio", "trio"):
        with Server(by_cursor) as server:
            CallStyle(backend).run(studio, server.url, scenario)
        assert len(server.seen) == 3


def test_not_every_answer_with_a_list_is_a_page(studio: Any) -> None:  # noqa: ANN401
    """A project has tags, a field `next_cursor`, and a parameter `page`; it is a project all the same."""
    with Server(lambda _: Answer(200, {"id": "p", "title": "t", "tags": ["a"]})) as server:

        async def scenario(api: Api) -> None:
            assert isinstance(await api.call(lambda client: client.projects.get("p", page=1)), studio.models.Project)

        CallStyle("").run(studio, server.url, scenario)
