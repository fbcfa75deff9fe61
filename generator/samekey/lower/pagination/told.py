"""Pages as somebody states them: the config file, and the extensions of Fern and Speakeasy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from samekey.config.idempotency import refuse_unknown
from samekey.ir import AnyJson, MapOf, Paging, PagingStyle, Union
from samekey.lower.pagination.listing import plain
from samekey.lower.pagination.shapes import counted, items_way
from samekey.wording import closest

if TYPE_CHECKING:
    from collections.abc import Callable

    from samekey.document.document import Node
    from samekey.ir import Type
    from samekey.lower.pagination.listing import Listing, Way

_KEYS: Final = ("style", "parameter", "items", "next", "more", "last")
_FERN: Final = "x-fern-pagination"
_SPEAKEASY: Final = "x-speakeasy-pagination"
_COUNTED: Final = frozenset({PagingStyle.OFFSET, PagingStyle.PAGE})
_ROOT: Final = re.compile(r"\$(response|request)?(\.body)?(?=[./#\[]|\Z)#?")
"""The start of a JSONPath (RFC 9535), of a runtime expression of OpenAPI, or of Fern's own words."""
_QUOTED: Final = re.compile(r"\[\s*(['\"])(.+?)\1\s*\]")
_LAST_ITEM: Final = re.compile(r"(.+)\[(?:-1:?|\(@\.length-1\))\](.*)")
_OFFSETS: Final = frozenset({"offset", "skip", "start", "startindex", "startat"})


class _Told(Struct, frozen=True):
    """What somebody states of the pages of an operation; `items` is None where it is left to us."""

    style: PagingStyle
    parameter: str = ""
    items: Way | None = None
    next: Way = ()
    more: Way = ()
    last: Way = ()


def by_config(listing: Listing, told: Node) -> Paging | None:
    """The paging that the config states; None where it says false, or says what cannot be (reported as an error)."""
    if told.value is False:
        return None
    if not isinstance(told.value, dict):
        told.error("config-invalid", "expected a mapping, or false for an operation without pages")
        return None
    refuse_unknown(told, _KEYS)
    style = told.text("style") or PagingStyle.CURSOR.value
    if style not in set(PagingStyle):
        told.error("config-invalid", f"there is no style of pages {style!r}", closest(style, PagingStyle))
        return None
    stated = _Told(
        PagingStyle(style),
        told.text("parameter"),
        _way(told.text("items")) if told.has("items") else None,
        _way(told.text("next")),
        _way(told.text("more")),
        _way(told.text("last")),
    )
    return _checked(listing, stated, lambda message: told.error("config-invalid", message))


def by_extension(listing: Listing) -> Paging | None:
    """The paging that an extension states; None where there is none, or what it says cannot be (reported)."""
    for name, read in ((_FERN, _fern), (_SPEAKEASY, _speakeasy)):
        holder = listing.node.get(name)
        if holder is not None and holder.value is True:
            holder = listing.node.document.node.get(name)
        told = read(holder) if holder is not None and isinstance(holder.value, dict) else None
        if holder is not None and told is not None:
            return _checked(listing, told, _as_warning(holder))
    return None


def _as_warning(holder: Node) -> Callable[[str], None]:
    return lambda message: holder.warn("pagination-ignored", f"{message}; no pages are offered")


def _checked(listing: Listing, told: _Told, report: Callable[[str], None]) -> Paging | None:
    """The paging that is stated, if the operation has what it names."""
    items = items_way(listing) if told.items is None else told.items
    item = listing.item(items) if items is not None else None
    if items is None or item is None:
        report(f"the answer has no list{f' at {_spelled(items)}' if items else ''}")
        return None
    problem = _problem(listing, told, item)
    if problem:
        report(problem)
        return None
    base = Paging(told.style, items, item, next=told.next, more=told.more, last=told.last)
    entry = listing.input(told.parameter)
    if entry is None:
        return base
    if told.style in _COUNTED:
        return counted(listing, entry, base)
    return replace(base, parameter=entry.name, in_body=entry.in_body)


def _problem(listing: Listing, told: _Told, item: Type) -> str:
    """What of a statement the operation does not have; empty where it has everything."""
    if listing.input(told.parameter) is None and (told.parameter or told.style in {*_COUNTED, PagingStyle.LAST_ITEM}):
        return f"the operation has no parameter {told.parameter!r}, and no such field in its body"
    if told.style in {PagingStyle.CURSOR, PagingStyle.LAST_ITEM} and not told.next:
        return "nothing says where the next cursor stands"
    from_item = told.style is PagingStyle.LAST_ITEM
    if not _leads(listing, item if from_item else listing.answer, told.next):
        return f"the {'items have' if from_item else 'answer has'} nothing at {_spelled(told.next)}"
    astray = next((way for way in (told.more, told.last) if not _leads(listing, listing.answer, way)), ())
    return f"the answer has nothing at {_spelled(astray)}" if astray else ""


def _leads(listing: Listing, kind: Type, way: Way) -> bool:
    """Whether a way may lead to something; beyond what the document knows, it may."""
    for name in way:
        if isinstance(listing.bare(kind), (AnyJson, MapOf, Union)):
            return True
        field = listing.fields(kind).get(name)
        if field is None:
            return False
        kind = field.type
    return True


def _way(text: str) -> Way:
    """`$response.meta.next`, `$.meta.next`, `$['meta']['next']`, `/meta/next` and `meta.next` as names."""
    bare = _QUOTED.sub(r"/\2", _ROOT.sub("", text, count=1) if text.startswith("$") else text)
    return tuple(part for part in re.split("/" if bare.startswith("/") else "[./]", bare) if part)


def _spelled(way: Way) -> str:
    return repr(".".join(way))


def _fern(told: Node) -> _Told | None:
    items = _way(told.text("results")) if told.has("results") else None
    more = _way(told.text("has-next-page"))
    for word in ("next_uri", "next_path"):
        if told.has(word):
            return _Told(PagingStyle.CURSOR, "", items, _way(told.text(word)), more)
    if told.has("cursor"):
        return _Told(PagingStyle.CURSOR, _last(told.text("cursor")), items, _way(told.text("next_cursor")), more)
    if told.has("offset"):
        name = _last(told.text("offset"))
        # An `offset` counts pages there, unless a `step` says how many items one holds.
        counts_items = plain(name) in _OFFSETS or told.has("step")
        return _Told(PagingStyle.OFFSET if counts_items else PagingStyle.PAGE, name, items, more=more)
    return None


def _last(text: str) -> str:
    way = _way(text)
    return way[-1] if way else ""


def _speakeasy(told: Node) -> _Told | None:
    inputs = {entry.text("type"): entry.text("name") for entry in told.elements("inputs")}
    outputs = told.get("outputs")
    said = {name: entry.value for name, entry in outputs.items()} if outputs is not None else {}
    words = {name: value for name, value in said.items() if isinstance(value, str)}
    items = _way(words["results"]) if "results" in words else None
    match told.text("type"):
        case "cursor":
            return _by_cursor(inputs.get("cursor", ""), items, words.get("nextCursor", ""))
        case "url":
            return _Told(PagingStyle.CURSOR, "", items, _way(words.get("nextUrl", "")))
        case "offsetLimit" if "page" in inputs:
            return _Told(PagingStyle.PAGE, inputs["page"], items, last=_way(words.get("numPages", "")))
        case "offsetLimit":
            return _Told(PagingStyle.OFFSET, inputs.get("offset", ""), items)
        case _:
            return None


def _by_cursor(parameter: str, items: Way | None, cursor: str) -> _Told:
    """A cursor of the answer's own, or `$.results[-1].id`: something of the last item."""
    found = _LAST_ITEM.fullmatch(cursor)
    if found is None:
        return _Told(PagingStyle.CURSOR, parameter, items, _way(cursor))
    return _Told(PagingStyle.LAST_ITEM, parameter, _way(found[1]), _way(found[2]))
