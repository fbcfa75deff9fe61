"""Lists in pages, in the ways that the IR knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from samekey.config.pagination import PagingStyle
from samekey.lower.schemas.merged import Merged
from samekey.sandbox.api.problems import problem

if TYPE_CHECKING:
    from samekey.document.node import Node
    from samekey.document.values import JsonValue
    from samekey.ir import Paging
    from samekey.sandbox.api.answer import Answer
    from samekey.sandbox.api.operations import Site
    from samekey.sandbox.api.request import ReceivedRequest
    from samekey.sandbox.storage.resource_store import ResourceRow

_SIZES = ("limit", "per_page", "page_size", "pagesize", "size", "count", "first", "top", "maxresults", "max_results")
_DEFAULT_SIZE = 20
_LARGEST_SIZE = 1000
_TOTALS = ("total", "total_count", "totalcount", "total_results")
_LISTS = ("data", "items", "results", "records", "entries", "values")


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of a list.

    Args:
        rows: the resources on it.
        known: what else the answer says, by the path to it.
        link: the Link header's target of the next page, or empty.
    """

    rows: list[ResourceRow]
    known: dict[tuple[str, ...], JsonValue] = field(default_factory=dict[tuple[str, ...], "JsonValue"])
    link: str = ""


def path_to_items(site: Site, schema: Node) -> tuple[str, ...] | None:
    """Return the path to the list in a response: empty where the response is the list, None where there is none."""
    merged = Merged.of((schema,))
    if merged.implied_type == "array":
        return ()
    if site.operation.paging is not None:
        return site.operation.paging.items
    names = [name for name, parts in merged.properties().items() if Merged.of(parts).implied_type == "array"]
    last = site.path.rpartition("/")[2]
    return next(((name,) for name in (*_LISTS, last, *names) if name in names), None)


def page_of(site: Site, request: ReceivedRequest, rows: list[ResourceRow]) -> ListPage | Answer:
    """Return the page of a list that a request asks for, or the refusal of a cursor that was never given out.

    Args:
        site: the operation.
        request: the request.
        rows: the whole list, newest first.
    """
    paging = site.operation.paging
    # Where the document knows no next page, the list is whole: what is cut off could never be had.
    size = _size(request, _DEFAULT_SIZE if paging is not None else _LARGEST_SIZE)
    start = _start(site, request, rows, size)
    if start is None:
        return problem(400, "invalid_cursor", "there is no such place in this list; begin without one")
    chosen = rows[start : start + size]
    more = start + size < len(rows)
    known: dict[tuple[str, ...], JsonValue] = {(name,): len(rows) for name in _TOTALS}
    if paging is None:
        return ListPage(chosen, known)
    cursor = str(chosen[-1].seq) if more and chosen else None
    if paging.style is PagingStyle.CURSOR and paging.next:
        known[paging.next] = cursor if paging.parameter or cursor is None else _link(request, "after", cursor)
    if paging.more:
        known[paging.more] = more
    if paging.done:
        known[paging.done] = not more
    if paging.last:
        known[paging.last] = paging.first + max(0, -(-len(rows) // size) - 1)
    following = _link(request, "after", cursor) if paging.style is PagingStyle.LINK and cursor else ""
    return ListPage(chosen, known, following)


def _size(request: ReceivedRequest, usual: int) -> int:
    for name, text in request.fields:
        if name.lower() in _SIZES and text.isascii() and text.isdigit():
            return min(max(1, int(text)), _LARGEST_SIZE)
    return usual


def _start(site: Site, request: ReceivedRequest, rows: list[ResourceRow], size: int) -> int | None:
    """Return the place in the list where the page begins; None where that cannot be told."""
    paging = site.operation.paging
    text = request.field("after") or (request.field(_asked(paging)) if paging is not None else "")
    if paging is None or not text:
        return 0
    number = int(text) if text.isascii() and text.isdigit() else None
    match paging.style:
        case PagingStyle.OFFSET:
            return max(0, (number or 0) - paging.first)
        case PagingStyle.PAGE:
            return max(0, (number or 0) - paging.first) * size
        case PagingStyle.LAST_ITEM:
            return next((at + 1 for at, row in enumerate(rows) if row.id == text), None)
        case PagingStyle.CURSOR | PagingStyle.LINK:
            return _below(rows, number) if number is not None else None


def _asked(paging: Paging) -> str:
    """Return the name under which a page is asked for; one in an object stands in brackets."""
    first, *rest = (*paging.within, paging.parameter)
    return "".join((first, *(f"[{name}]" for name in rest)))


def _below(rows: list[ResourceRow], number: int) -> int:
    """Return the place of the first resource that is older than a number."""
    return next((at for at, row in enumerate(rows) if row.seq < number), len(rows))


def _link(request: ReceivedRequest, name: str, value: str) -> str:
    """Return the target of a request with one more query parameter."""
    fields = [(found, text) for found, text in request.fields if found != name]
    return f"{request.path}?{urlencode([*fields, (name, value)])}"
