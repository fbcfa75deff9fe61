"""Pages as the config file states them: a mapping for an operation, or false for one without pages."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from samekey.config.words import refuse_unknown
from samekey.identifiers import closest

if TYPE_CHECKING:
    from samekey.document.diagnostics import Place
    from samekey.document.node import Node

ValuePath: TypeAlias = tuple[str, ...]
"""The path from an answer to a value in it, by names on the wire."""
_KEYS: Final = ("style", "parameter", "items", "next", "more", "done", "last")
_ROOT: Final = re.compile(r"\$(response|request)?(\.body)?(?=[./#\[]|\Z)#?")
"""The start of a JSONPath (RFC 9535), of a runtime expression of OpenAPI, or of Fern's own words."""
_QUOTED: Final = re.compile(r"\[\s*(['\"])(.+?)\1\s*\]")


class PagingStyle(StrEnum):
    """What the request for the next page is made of."""

    CURSOR = "cursor"
    """A cursor, or a URL, in the answer."""
    LAST_ITEM = "last-item"
    """The id of the last item."""
    OFFSET = "offset"
    """The number of items so far."""
    PAGE = "page"
    """The number of the page."""
    LINK = "link"
    """The answer's Link header (RFC 8288)."""


class StatedPages(Struct, frozen=True):
    """What somebody states of the pages of an operation.

    Args:
        style: what the next request is made of.
        parameter: what is set for the next page, or the path to it, such as `page.cursor`.
        items: the path to the list; None where it is left to us.
        next: the path to the cursor or URL; from the item to its id where the last item counts.
        more: the path to a flag that says whether there are more pages.
        done: the path to a flag that says whether this was the last page.
        last: the path to the number of the last page.
    """

    style: PagingStyle
    parameter: str = ""
    items: ValuePath | None = None
    next: ValuePath = ()
    more: ValuePath = ()
    last: ValuePath = ()
    done: ValuePath = ()


class ConfiguredPages(Struct, frozen=True):
    """An entry of the config file.

    Args:
        pages: what it states; None for an operation without pages.
        place: where it stands.
    """

    pages: StatedPages | None
    place: Place


def read_pagination(holder: Node | None) -> dict[str, ConfiguredPages]:
    """Return the pagination that the config states, by operationId or by method and path; errors are reported."""
    found: dict[str, ConfiguredPages] = {}
    for name, entry in holder.items() if holder is not None else ():
        if entry.value is False:
            found[name] = ConfiguredPages(None, entry.place)
            continue
        stated = _stated(entry)
        if stated is not None:
            found[name] = ConfiguredPages(stated, entry.place)
    return found


def _stated(entry: Node) -> StatedPages | None:
    if not isinstance(entry.value, dict):
        entry.error("config-invalid", "expected a mapping, or false for an operation without pages")
        return None
    refuse_unknown(entry, _KEYS)
    style = entry.text("style") or PagingStyle.CURSOR.value
    if style not in set(PagingStyle):
        entry.error("config-invalid", f"there is no style of pages {style!r}", closest(style, PagingStyle))
        return None
    return StatedPages(
        PagingStyle(style),
        entry.text("parameter"),
        read_path(entry.text("items")) if entry.has("items") else None,
        read_path(entry.text("next")),
        read_path(entry.text("more")),
        read_path(entry.text("last")),
        read_path(entry.text("done")),
    )


def read_path(text: str) -> ValuePath:
    """Read `$response.meta.next`, `$.meta.next`, `$['meta']['next']`, `/meta/next` or `meta.next` as a path."""
    bare = _QUOTED.sub(r"/\2", _ROOT.sub("", text, count=1) if text.startswith("$") else text)
    return tuple(part for part in re.split("/" if bare.startswith("/") else "[./]", bare) if part)
