"""Pages found by the shapes of parameters and answers; where they are silent, nothing is guessed.

An operation that is wrongly taken for a list in pages is worse than one that is missed, so every rule asks for two
signs: something to ask for a page with, and something in the answer that goes with it, or a word that means nothing
else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from samekey.config.pagination import PagingStyle
from samekey.identifiers import singular, split
from samekey.ir import AnyJson, Kind, Paging
from samekey.lower.pagination.listing import HOLDERS, normalized

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samekey.config.pagination import ValuePath
    from samekey.ir import Field, Type
    from samekey.lower.pagination.listing import Input, Listing

_CURSORS: Final = frozenset({
    "cursor", "nextcursor", "pagecursor", "startcursor", "aftercursor", "pageafter", "pagetoken", "nextpagetoken",
    "nexttoken", "starttoken", "continuation", "continuationtoken", "continuationkey", "paginationtoken", "marker",
    "startkey", "exclusivestartkey", "skiptoken", "scrollid", "bookmark", "continue", "iterator", "next",
})  # fmt: skip
_AFTER_ITEM: Final = frozenset({"startingafter", "startafter", "afterid", "after"})
_NEXT: Final = frozenset({
    "next", "nextcursor", "nextpagetoken", "nexttoken", "nextpage", "nextpagecursor", "nextmarker", "nextkey",
    "nextstartkey", "nextstart", "nextoffset", "nextiterator", "endcursor", "lastid", "lastkey", "lastevaluatedkey",
    "after",
}) | _CURSORS  # fmt: skip
_NEXT_PAGES: Final = frozenset({"nextpage", "nextpagenumber"})
_NEXT_URLS: Final = frozenset({
    "nexturl", "nexturi", "nextlink", "nexthref", "nextpageurl", "nextpagelink", "nextpageuri", "odatanextlink",
})  # fmt: skip
_URL_LEAVES: Final = frozenset({"href", "url", "uri", "link"})
_URL_FORMATS: Final = frozenset({"uri", "url", "uri-reference", "iri", "path"})
_SPEAKS_OF_URL: Final = re.compile(r"\b(url|uri|link|path|href)s?\b", re.IGNORECASE)
_SPEAKS_OF_CURSOR: Final = re.compile(r"cursor|token", re.IGNORECASE)
_PAGES: Final = frozenset({"page", "pagenumber", "pageno", "pagenum", "pageindex", "currentpage"})
_OFFSETS: Final = frozenset({"offset", "skip", "startindex", "startat", "pageoffset"})
_FROM_ONE: Final = frozenset({"startindex"})
_MORE: Final = frozenset({
    "hasmore", "hasnext", "hasnextpage", "istruncated", "truncated", "morepages", "moreresults", "more",
})  # fmt: skip
_DONE: Final = frozenset({"done", "islast", "islastpage", "last", "lastpage", "isfinal"})
_PAGE_COUNTS: Final = frozenset({"totalpages", "pagecount", "numpages", "totalpagecount", "pagestotal"})
_LAST_PAGES: Final = _PAGE_COUNTS | {"lastpage"}
_LISTS: Final = ("data", "items", "results", "records", "entries", "values", "list", "content", "elements", "result")
_ASIDE: Final = frozenset({"errors", "warnings", "messages", "notices", "links", "included"})
"""Lists that go along with an answer."""
_READS: Final = frozenset({"GET", "QUERY"})
_LISTING: Final = frozenset({"list", "search", "query", "find", "filter"})
_KEYS: Final = ("id", "token", "uuid", "sid", "key")
_BACKWARDS: Final = ("prev", "first", "before", "start")
_FROM_ZERO: Final = re.compile(
    r"\b(zero|0)[- ]?(based|indexed)|\b(start|begin)\w* (at|from|with) (0|zero)\b|\bfirst (page|index) is (0|zero)\b",
    re.IGNORECASE,
)


def shaped(listing: Listing) -> Paging | None:
    """Return how pages follow each other, as far as shapes of parameters and responses tell; None if they do not."""
    items = list_path(listing) if _lists(listing) else None
    item = listing.item(items) if items is not None else None
    if items is None or item is None or _is_a_thing(listing, items):
        return None
    values = listing.values()
    more = (path for path, field in values.items() if _says_more(listing, path, field))
    done = (path for path, field in values.items() if normalized(path[-1]) in _DONE and _is_boolean(listing, field))
    base = Paging(PagingStyle.CURSOR, items, item, more=next(more, ()), done=next(done, ()))
    found = (rule(listing, base, values) for rule in (_by_cursor, _by_last_item, _by_next_url, _by_link, _by_number))
    return next((paging for paging in found if paging is not None), None)


def list_path(listing: Listing) -> ValuePath | None:
    """Return the path to the response's list: the only one, else one with a usual name or the URL's; None if none."""
    if listing.item(()) is not None:
        return ()
    own = singular(normalized(listing.last_segment.partition(".")[0]))
    lists = [path for path in listing.values() if listing.item(path) is not None]
    meant = [path for path in lists if normalized(path[-1]) not in _ASIDE or singular(normalized(path[-1])) == own]
    top = [path for path in meant if len(path) == 1]
    if len(top) == 1:
        return top[0]
    embedded = [path for path in meant if normalized(path[0]) == "embedded"]
    if len(embedded) == 1 and not top:
        return embedded[0]
    usual = [own, *(singular(name) for name in _LISTS)]
    named = [path for path in top or meant if singular(normalized(path[-1])) in usual]
    return min(named, key=lambda path: (usual.index(singular(normalized(path[-1]))), len(path)), default=None)


def counted(listing: Listing, entry: Input, base: Paging) -> Paging | None:
    """Return the paging by a number that counts pages or items; None where nothing says what number is the first.

    Args:
        listing: the operation.
        entry: what takes the number.
        base: what is known already, its style above all.
    """
    values = listing.values()
    is_page = base.style is PagingStyle.PAGE
    stated = _stated_first(entry)
    current = () if stated is not None else _own_number(listing, entry, values, is_page=is_page)
    if stated is None and not current and entry.plain == "pageindex":
        return None
    usual = 1 if is_page or entry.is_called(_FROM_ONE) else 0
    first = usual if stated is None else stated
    # The last of pages counted from zero may be their count, or one less.
    names = _LAST_PAGES if first else _PAGE_COUNTS
    ends = (path for path, field in values.items() if normalized(path[-1]) in names and _is_count(listing, field.type))
    last = base.last or (next(ends, ()) if is_page else ())
    return replace(entry.asking(base), first=first, current=current, last=last)


def _lists(listing: Listing) -> bool:
    if listing.method in _READS:
        return True
    words = {*split(listing.node.text("operationId")), *split(listing.last_segment)}
    return listing.method == "POST" and bool(words & _LISTING)


def _is_a_thing(listing: Listing, items: ValuePath) -> bool:
    """Whether the response is an object of its own that happens to hold a list, such as a batch with its rows."""
    fields = listing.fields(listing.answer)
    if not items or "{" not in listing.last_segment:
        return "id" in fields
    others = {normalized(name) for name, field in fields.items() if listing.model(field.type) is not None}
    return "id" in fields or bool(others - HOLDERS)


def _by_cursor(listing: Listing, base: Paging, values: Mapping[ValuePath, Field]) -> Paging | None:
    """Return the paging by a cursor in the response and an input that takes it; None where one of them is missing."""
    for entry in sorted(_inputs(listing), key=lambda entry: (entry.deprecated, entry.plain in _AFTER_ITEM)):
        wanted = _wanted(listing, entry)
        found = [
            path for path, field in values.items() if normalized(path[-1]) in wanted and _is_cursor(listing, field.type)
        ]
        found = [path for path in found if not _goes_back(path) and not _is_next_url(path, values[path])]
        if found and _is_cursor(listing, entry.type):
            # A name that says `next` is surer than one that says `cursor`, which may be this page's own.
            path = min(found, key=lambda path: (not any("next" in normalized(name) for name in path), len(path)))
            return replace(entry.asking(base), next=path)
    return None


def _wanted(listing: Listing, entry: Input) -> frozenset[str]:
    """Return what a cursor in the response may be called that an input takes."""
    if entry.is_called(_CURSORS) or entry.is_called(_AFTER_ITEM):
        return _NEXT | {entry.plain}
    if entry.is_called(_OFFSETS) and not _is_count(listing, entry.type):
        # A token that is called an offset: nobody can count with it.
        return _NEXT | {entry.plain}
    return _NEXT_PAGES if entry.is_called(_PAGES) else frozenset()


def _by_last_item(listing: Listing, base: Paging, _: Mapping[ValuePath, Field]) -> Paging | None:
    """Return the paging by the last item's own id, where the response says whether there is more; None otherwise."""
    fields = listing.fields(base.item)
    for entry in _inputs(listing) if base.more else ():
        if entry.is_called(_AFTER_ITEM) and _is_cursor(listing, entry.type):
            # Another key than the id is taken only where the parameter speaks of it.
            keys = [key for key in _KEYS if key in fields and (key == "id" or re.search(rf"\b{key}\b", entry.doc))]
            if keys:
                return replace(entry.asking(base), style=PagingStyle.LAST_ITEM, next=(keys[0],))
    return None


def _by_next_url(listing: Listing, base: Paging, values: Mapping[ValuePath, Field]) -> Paging | None:
    """Return the paging by the next page's URL in the response; None where there is none.

    A URL is read: what it says of a list that is asked for with a body is no word on the next body.
    """
    if listing.method not in _READS:
        return None
    for path, field in values.items():
        if _is_next_url(path, field) and listing.is_one_of(field.type, Kind.STRING):
            return replace(base, next=path)
    return None


def _is_next_url(path: ValuePath, field: Field) -> bool:
    name, holder = normalized(path[-1]), normalized(path[-2]) if len(path) > 1 else ""
    if name in _NEXT_URLS or (name in _URL_LEAVES and holder == "next"):
        return True
    if name not in {"next", "nextpage"}:
        return False
    # `next` alone may as well be a cursor that nothing takes.
    speaks = _SPEAKS_OF_URL.search(field.doc) is not None and _SPEAKS_OF_CURSOR.search(field.doc) is None
    return holder == "links" or field.limits.format in _URL_FORMATS or speaks


def _by_link(listing: Listing, base: Paging, _: Mapping[ValuePath, Field]) -> Paging | None:
    return replace(base, style=PagingStyle.LINK) if listing.links and listing.method in _READS else None


def _by_number(listing: Listing, base: Paging, _: Mapping[ValuePath, Field]) -> Paging | None:
    """Return the paging by an item or page number; items where both are taken, as their number never skips one."""
    for style, names in ((PagingStyle.OFFSET, _OFFSETS), (PagingStyle.PAGE, _PAGES)):
        for entry in _inputs(listing):
            if entry.is_called(names) and _is_count(listing, entry.type):
                return counted(listing, entry, replace(base, style=style))
    return None


def _own_number(listing: Listing, entry: Input, values: Mapping[ValuePath, Field], *, is_page: bool) -> ValuePath:
    """Return the path to the response's own number, which tells what the first one is; empty where there is none."""
    names = {entry.plain, *(_PAGES if is_page else _OFFSETS)}
    counts = {path[:-1] for path in values if normalized(path[-1]) in _PAGE_COUNTS}
    for path, field in values.items():
        name = normalized(path[-1])
        if (name in names or (is_page and name == "number" and path[:-1] in counts)) and _is_count(listing, field.type):
            return path
    return ()


def _stated_first(entry: Input) -> int | None:
    """Return the first page or item number, as default, minimum or description say; None where they do not."""
    if entry.starts_at in {0, 1}:
        return entry.starts_at
    return 0 if _FROM_ZERO.search(entry.doc) else None


def _inputs(listing: Listing) -> list[Input]:
    return [entry for entry in listing.inputs() if not entry.in_body or listing.method == "POST"]


def _is_cursor(listing: Listing, kind: Type) -> bool:
    """Whether a value of this type may be a cursor: no boolean, and no date, which is a filter."""
    kinds = (Kind.STRING, Kind.INTEGER, Kind.NUMBER, Kind.UUID, Kind.BYTES)
    return listing.is_one_of(kind, *kinds) or isinstance(kind, AnyJson)


def _is_count(listing: Listing, kind: Type) -> bool:
    return listing.is_one_of(kind, Kind.INTEGER, Kind.NUMBER)


def _says_more(listing: Listing, path: ValuePath, field: Field) -> bool:
    name = normalized(path[-1])
    return (name in _MORE and _is_flag(listing, field)) or (name == "nextpage" and _is_boolean(listing, field))


def _is_boolean(listing: Listing, field: Field) -> bool:
    return listing.is_one_of(field.type, Kind.BOOLEAN)


def _is_flag(listing: Listing, field: Field) -> bool:
    return listing.is_one_of(field.type, Kind.BOOLEAN) or isinstance(field.type, AnyJson)


def _goes_back(path: ValuePath) -> bool:
    names = [normalized(name) for name in path]
    return any(name.startswith(_BACKWARDS) and name not in _AFTER_ITEM for name in names)
