"""Pages as somebody states them: the config file, and the extensions of Fern and Speakeasy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from samekey.config.pagination import PagingStyle, StatedPages, read_path
from samekey.ir import AnyJson, MapOf, Paging, Union
from samekey.lower.pagination.inferred import counted, list_path
from samekey.lower.pagination.listing import normalized

if TYPE_CHECKING:
    from collections.abc import Callable

    from samekey.config.pagination import ConfiguredPages, ValuePath
    from samekey.document.diagnostics import Place
    from samekey.document.node import Node
    from samekey.ir import Type
    from samekey.lower.pagination.listing import Listing

_FERN: Final = "x-fern-pagination"
_SPEAKEASY: Final = "x-speakeasy-pagination"
_COUNTED: Final = frozenset({PagingStyle.OFFSET, PagingStyle.PAGE})
_LAST_ITEM: Final = re.compile(r"(.+)\[(?:-1:?|\(@\.length-1\))\](.*)")
_OFFSETS: Final = frozenset({"offset", "skip", "start", "startindex", "startat"})


def by_config(listing: Listing, configured: ConfiguredPages) -> Paging | None:
    """Return the paging that the config states; None for false, or for what cannot be (reported as an error)."""
    if configured.pages is None:
        return None
    return _checked(listing, configured.pages, _as_error(listing, configured.place))


def by_extension(listing: Listing) -> Paging | None:
    """Return the paging that an extension states; None where there is none, or what it says cannot be (reported)."""
    for name, read in ((_FERN, _fern), (_SPEAKEASY, _speakeasy)):
        holder = listing.node.get(name)
        if holder is not None and holder.value is True:
            holder = listing.node.document.node.get(name)
        stated = read(holder) if holder is not None and isinstance(holder.value, dict) else None
        if holder is not None and stated is not None:
            return _checked(listing, stated, _as_warning(holder))
    return None


def _as_error(listing: Listing, place: Place) -> Callable[[str], None]:
    return lambda message: listing.node.document.diagnostics.error("config-invalid", message, place)


def _as_warning(holder: Node) -> Callable[[str], None]:
    return lambda message: holder.warn("pagination-ignored", f"{message}; no pages are offered")


def _checked(listing: Listing, stated: StatedPages, report: Callable[[str], None]) -> Paging | None:
    """Return the stated paging, if the operation has what it names; None where something is missing (reported)."""
    items = list_path(listing) if stated.items is None else stated.items
    item = listing.item(items) if items is not None else None
    if items is None or item is None:
        report(f"the answer has no list{f' at {_spelled(items)}' if items else ''}")
        return None
    problem = _problem(listing, stated, item)
    if problem:
        report(problem)
        return None
    base = Paging(stated.style, items, item, next=stated.next, more=stated.more, last=stated.last, done=stated.done)
    entry = listing.input(stated.parameter)
    if entry is None:
        return base
    if stated.style in _COUNTED:
        return counted(listing, entry, base)
    return entry.asking(base)


def _problem(listing: Listing, stated: StatedPages, item: Type) -> str:
    """Return what stated paging names and the operation does not have; empty where it has everything."""
    if listing.input(stated.parameter) is None and (
        stated.parameter or stated.style in {*_COUNTED, PagingStyle.LAST_ITEM}
    ):
        return f"the operation has no parameter {stated.parameter!r}, and no such field in its body"
    if stated.style in {PagingStyle.CURSOR, PagingStyle.LAST_ITEM} and not stated.next:
        return "nothing says where the next cursor stands"
    from_item = stated.style is PagingStyle.LAST_ITEM
    if not _leads(listing, item if from_item else listing.answer, stated.next):
        return f"the {'items have' if from_item else 'answer has'} nothing at {_spelled(stated.next)}"
    astray = next(
        (path for path in (stated.more, stated.done, stated.last) if not _leads(listing, listing.answer, path)), ()
    )
    return f"the answer has nothing at {_spelled(astray)}" if astray else ""


def _leads(listing: Listing, kind: Type, path: ValuePath) -> bool:
    """Whether a path from a type may lead to a value; beyond what the document describes, it may."""
    for name in path:
        if isinstance(listing.bare(kind), (AnyJson, MapOf, Union)):
            return True
        field = listing.fields(kind).get(name)
        if field is None:
            return False
        kind = field.type
    return True


def _spelled(path: ValuePath) -> str:
    return repr(".".join(path))


def _fern(stated: Node) -> StatedPages | None:
    items = read_path(stated.text("results")) if stated.has("results") else None
    more = read_path(stated.text("has-next-page"))
    for word in ("next_uri", "next_path"):
        if stated.has(word):
            return StatedPages(PagingStyle.CURSOR, "", items, read_path(stated.text(word)), more)
    if stated.has("cursor"):
        return StatedPages(
            PagingStyle.CURSOR, _asked(stated.text("cursor")), items, read_path(stated.text("next_cursor")), more
        )
    if stated.has("offset"):
        name = _asked(stated.text("offset"))
        # An `offset` counts pages there, unless a `step` says how many items one holds.
        counts_items = normalized(name.rpartition(".")[2]) in _OFFSETS or stated.has("step")
        return StatedPages(PagingStyle.OFFSET if counts_items else PagingStyle.PAGE, name, items, more=more)
    return None


def _asked(text: str) -> str:
    """Return the input that an expression such as `$request.page.cursor` names, as the config would."""
    return ".".join(read_path(text))


def _speakeasy(stated: Node) -> StatedPages | None:
    inputs = {entry.text("type"): entry.text("name") for entry in stated.elements("inputs")}
    outputs = stated.get("outputs")
    said = {name: entry.value for name, entry in outputs.items()} if outputs is not None else {}
    words = {name: value for name, value in said.items() if isinstance(value, str)}
    items = read_path(words["results"]) if "results" in words else None
    match stated.text("type"):
        case "cursor":
            return _by_cursor(inputs.get("cursor", ""), items, words.get("nextCursor", ""))
        case "url":
            return StatedPages(PagingStyle.CURSOR, "", items, read_path(words.get("nextUrl", "")))
        case "offsetLimit" if "page" in inputs:
            return StatedPages(PagingStyle.PAGE, inputs["page"], items, last=read_path(words.get("numPages", "")))
        case "offsetLimit":
            return StatedPages(PagingStyle.OFFSET, inputs.get("offset", ""), items)
        case _:
            return None


def _by_cursor(parameter: str, items: ValuePath | None, cursor: str) -> StatedPages:
    """Return paging by a cursor of the response itself, or, as in `$.results[-1].id`, by a value of the last item."""
    found = _LAST_ITEM.fullmatch(cursor)
    if found is None:
        return StatedPages(PagingStyle.CURSOR, parameter, items, read_path(cursor))
    return StatedPages(PagingStyle.LAST_ITEM, parameter, read_path(found[1]), read_path(found[2]))
