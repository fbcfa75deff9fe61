"""How the pages of a list follow each other: from a page's call and answer to the next page's call. No I/O here."""

from __future__ import annotations

import base64
from copy import copy
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

from msgspec import DecodeError, Struct, field
from msgspec.json import decode
from msgspec.structs import replace

from ..codec.json import encode, member
from ..errors import PaginationError
from ..request.encode import simplify
from ..text import shown_url
from ..types import OMIT, Omit, is_fields, is_items

if TYPE_CHECKING:
    from ..call import Call, Response

T = TypeVar("T")
PagingStyle: TypeAlias = Literal["cursor", "last-item", "offset", "page", "link"]
ValuePath: TypeAlias = tuple[str, ...]
"""The path from an answer to a value in it, by names on the wire."""
_COUNTED: Final = frozenset({"offset", "page"})
_ENDS: Final = (None, "", b"", "0", 0, False)
"""What stands in place of a cursor after the last page."""


class Paging(Struct, frozen=True):
    """How the pages of a list follow each other.

    Args:
        style: what the next request is made of: a cursor in the answer, the id of the last item, the number of
            items so far, the number of the page, or the answer's Link header (RFC 8288).
        items: the path to the list; empty where the answer is the list.
        parameter: the query parameter, or field of the body, that is set for the next page.
        in_body: whether it is a field of the body.
        next: the path to the cursor, or to the next page's URL; for `last-item` the path from the item to its id.
        more: the path to a flag that says whether there are more pages.
        last: the path to the number of the last page.
        first: the number of the first page, or the first offset, where the caller gave none.
        current: the path to the answer's own number, which counts more than `first`.
        within: the objects, from the outermost, in which the parameter lies.
        done: the path to a flag that says whether this was the last page.
    """

    style: PagingStyle
    items: ValuePath = ()
    parameter: str = ""
    in_body: bool = False
    next: ValuePath = ()
    more: ValuePath = ()
    last: ValuePath = ()
    first: int = 0
    current: ValuePath = ()
    within: ValuePath = ()
    done: ValuePath = ()


class SeenPages:
    """What was seen on the way through the pages, so that a server that repeats itself is found out.

    A page that is fetched a second time has its old number, and repeats nothing.
    """

    def __init__(self) -> None:
        self._markers: dict[int, int] = {}
        self._pages: dict[int, tuple[list[Any], object]] = {}

    def led_on(self, marker: object, number: int) -> bool:
        """Whether a cursor was given by another page before."""
        return self._markers.setdefault(hash(repr(marker)), number) != number

    def repeats(self, number: int, items: list[Any], marker: object) -> bool:
        """Whether a page holds, and leads to, the same as the one before it, or as the first one."""
        page = (items, marker)
        known = [self._pages[other] for other in (1, number - 1) if other != number and other in self._pages]
        self._pages = {other: kept for other, kept in self._pages.items() if other == 1} | {number: page}
        return bool(items) and page in known


class PagePosition(Struct, Generic[T], frozen=True):
    """The place of a page in its list.

    Args:
        paging: how pages follow each other.
        call: the call that gives this page.
        number: counted from 1.
        seen: what was seen on the way here.
    """

    paging: Paging
    call: Call[T]
    number: int = 1
    seen: SeenPages = field(default_factory=SeenPages)

    def arrive(self, response: Response[T]) -> None:
        """Check that the page that came is a new one.

        Raises:
            PaginationError: it is the one before it, or the first one, once more.
        """
        items = items_of(self.paging, response.data)
        if self.seen.repeats(self.number, items, _marker(self.paging, response, items)):
            raise self._lost("the server gave the same page again", response)

    def after(self, response: Response[T]) -> PagePosition[T] | None:
        """Return the place of the next page; None after the last one.

        Raises:
            PaginationError: the server repeats itself, or the way to the next page cannot be read.
        """
        paging = self.paging
        items = items_of(paging, response.data)
        if paging.more and value_at(response.data, paging.more) is False:
            return None
        if paging.done and value_at(response.data, paging.done) is True:
            return None
        if paging.style in _COUNTED:
            following = _counted(paging, self.call, response, items)
        else:
            following = self._led(response, items)
        return None if following is None else PagePosition(paging, following, self.number + 1, self.seen)

    def cursor(self) -> str:
        """Return where this page is as a text, which `place_at` reads."""
        call = self.call
        value = _asked_with(self.paging, call)
        found = {"value": value} if call.query_text is None else {"query": call.query_text}
        return base64.urlsafe_b64encode(encode(found)).rstrip(b"=").decode()

    def _led(self, response: Response[T], items: list[Any]) -> Call[T] | None:
        """Return the call of the page that a cursor, an id or a URL leads to; None after the last page."""
        paging = self.paging
        marker = _marker(paging, response, items)
        if marker in _ENDS and paging.style != "last-item":
            return None
        if marker is None:
            return None
        if is_fields(marker) or is_items(marker):
            raise self._lost("the cursor of the next page is not a plain value", response)
        if self.seen.led_on(marker, self.number) or marker == _argument(paging, self.call):
            if not items:
                # Some servers close a list by an empty page with the cursor they were given.
                return None
            raise self._lost(f"the server gave the cursor {_shown(paging, marker)} a second time", response)
        if isinstance(marker, str) and _is_url(paging, marker):
            return self._linked(response, marker)
        return _set(paging, self.call, marker)

    def _linked(self, response: Response[T], url: str) -> Call[T]:
        """Return the call of the page behind a URL.

        Only the query is taken: path and origin stay those of the call, so no credentials go where a response points.
        """
        try:
            query = urlsplit(url).query
        except ValueError:
            query = ""
        if not query:
            raise self._lost(f"the next page's URL {shown_url(url)} has no query", response)
        following = _twin(self.call)
        following.query_text = query
        return following

    def _lost(self, happened: str, response: Response[T]) -> PaginationError:
        return PaginationError(happened, response.record, self.number, response.request_id)


def place_at(paging: Paging, call: Call[T], cursor: str | Omit = OMIT) -> PagePosition[T]:
    """Return the place that a page's cursor names, in the list that a call asks for; its beginning without one.

    Raises:
        ValueError: it is no cursor of a page.
    """
    if isinstance(cursor, Omit):
        return PagePosition(paging, call)
    # At the end of a list `next_cursor` is None: whoever goes on from there does not want it from its beginning.
    try:
        found = decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, DecodeError):
        found = None
    value = member(found, "value")
    if isinstance(value, (str, int, float)):
        return PagePosition(paging, _set(paging, call, value))
    query = member(found, "query")
    if not isinstance(query, str) or urlsplit(f"?{query}").query != query:
        raise ValueError("cursor must be a page's or an error's next_cursor, and not another text")
    following = _twin(call)
    following.query_text = query
    return PagePosition(paging, following)


def items_of(paging: Paging, data: object) -> list[Any]:
    """Return the items of a page; none where the response does not have them."""
    found = value_at(data, paging.items)
    return found if is_items(found) else []


def value_at(data: object, path: ValuePath) -> object:
    """Return what stands at the end of a path into decoded data; None where the path leads nowhere."""
    for name in path:
        data = member(data, name)
    return data


def next_link(header: str) -> str | None:
    """Return the target of the link with `rel=next` (RFC 8288 section 3); None where there is none."""
    for entry in header.split("<")[1:]:
        target, _, parameters = entry.partition(">")
        for parameter in parameters.rstrip(", ").split(";"):
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "rel" and "next" in value.strip().strip('"').lower().split():
                return target
    return None


def _marker(paging: Paging, response: Response[Any], items: list[Any]) -> object:
    """Return what leads from this page to the next one; None where nothing does, or pages are counted."""
    match paging.style:
        case "link":
            return next_link(response.headers.get("link", ""))
        case "last-item":
            return value_at(items[-1], paging.next) if items else None
        case "cursor":
            return value_at(response.data, paging.next)
        case _:
            return None


def _is_url(paging: Paging, marker: str) -> bool:
    """Whether what leads to the next page is a URL rather than a cursor, which may begin with a slash as well."""
    if not paging.parameter:
        return True
    return marker.startswith(("https://", "http://")) or (marker.startswith(("/", "?")) and "?" in marker)


def _shown(paging: Paging, marker: object) -> str:
    """Spell a cursor for a message; of a URL only what holds no secret."""
    is_link = isinstance(marker, str) and (_is_url(paging, marker) or "?" in marker)
    return shown_url(str(marker)) if is_link else repr(marker)


def _counted(paging: Paging, call: Call[T], response: Response[T], items: list[Any]) -> Call[T] | None:
    """Return the call of the next page by number or offset; None after the last, such as a page without items."""
    if not items:
        return None
    own = value_at(response.data, paging.current) if paging.current else None
    current = _number(_argument(paging, call), _number(own, paging.first))
    if paging.style == "offset":
        return _set(paging, call, current + len(items))
    last = value_at(response.data, paging.last) if paging.last else None
    if isinstance(last, int) and last > 0 and current >= last - (1 - paging.first):
        return None
    return _set(paging, call, current + 1)


def _argument(paging: Paging, call: Call[Any]) -> object:
    """Return the argument that this page was asked for with; None where the caller left it out."""
    found = _asked_with(paging, call)
    return found if isinstance(found, (str, bytes, int, float)) else None


def _asked_with(paging: Paging, call: Call[Any]) -> object:
    given: object = call.body if paging.in_body else call.query
    for name in (*paging.within, paging.parameter):
        simple = simplify(given)
        given = simple.get(name) if is_fields(simple) else None
    return given


def _number(value: object, default: int) -> int:
    if isinstance(value, (int, float)):
        return int(value)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else default


def _set(paging: Paging, call: Call[T], value: object) -> Call[T]:
    following = _twin(call)
    path = (*paging.within, paging.parameter)
    if paging.in_body:
        following.body = _with_value(call.body, path, value)
    else:
        following.query = _with_value(call.query, path, value)
    return following


def _with_value(given: object, path: ValuePath, value: object) -> dict[str, object]:
    """Return the fields of an object with a value at a path, in objects that are made where there are none."""
    simple = simplify(given)
    fields = simple if is_fields(simple) else {}
    name, *rest = path
    return {**fields, name: _with_value(fields.get(name), tuple(rest), value) if rest else value}


def _twin(call: Call[T]) -> Call[T]:
    """Copy the call for another page: it is a call of its own, so it mints a key of its own if it carries one."""
    twin = copy(call)
    twin.idempotency_key = None
    twin.query_text = None
    if twin.options is not None and twin.options.reference is not None:
        twin.options = replace(twin.options, reference=None)
    return twin
