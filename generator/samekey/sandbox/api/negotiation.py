"""The media type of an answer: what the document has, by what the client takes (RFC 9110 section 12.5.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from samekey.lower.media import essence

if TYPE_CHECKING:
    from samekey.sandbox.api.operations import Reply

_ANYTHING = "*/*"


def as_asked(reply: Reply, accept: str) -> Reply | None:
    """Return a response in the media type that the client likes best; of equals, in the document's usual one.

    Args:
        reply: the response, with all that the document has.
        accept: the value of Accept; empty takes anything.

    Returns:
        None where the client takes none of them.
    """
    if reply.content is None or not reply.others:
        return reply if reply.content is None or _liking(reply.content.media_type, accept) else None
    # The first of equals wins.
    contents = (reply.content, *reply.others)
    best = max(contents, key=lambda content: _liking(content.media_type, accept))
    if not _liking(best.media_type, accept):
        return None
    return replace(reply, content=best, others=tuple(content for content in contents if content is not best))


def _liking(media_type: str, accept: str) -> float:
    """Return how much a client likes a media type, from 0 to 1: by the range that names it most exactly."""
    if not accept.strip():
        return 1.0
    name = essence(media_type)
    found: tuple[int, float] = (-1, 0.0)
    for entry in accept.split(","):
        wanted = essence(entry)
        exactness = _exactness(name, wanted)
        if exactness is not None and exactness > found[0]:
            found = (exactness, _quality(entry))
    return found[1]


def _exactness(name: str, wanted: str) -> int | None:
    """Return how exactly a range names a media type; None where it does not."""
    if _ANYTHING in (wanted, name):
        return 0
    kind, _, rest = wanted.partition("/")
    if rest == "*" or name.endswith("/*"):
        return 1 if name.partition("/")[0] == kind else None
    return 2 if name == wanted else None


def _quality(entry: str) -> float:
    for parameter in entry.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 1.0
    return 1.0
