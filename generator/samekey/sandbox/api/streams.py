"""Bodies that come item by item: server-sent events, JSON lines and JSON sequences."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, assert_never

from samekey.ir import StreamFormat
from samekey.lower.media import stream_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samekey.document.values import JsonValue

_FRAME = frozenset({"data", "event", "id", "retry", "comment"})
"""Fields of an event as a whole (HTML, section 9.2.6)."""


def stream_body(form: StreamFormat, items: Sequence[JsonValue], sentinel: str = "") -> bytes:
    """Return a body of items, one after the other.

    Args:
        form: how they follow each other.
        items: data, or whole events.
        sentinel: what stands for data at its end; empty for nothing.
    """
    match form:
        case StreamFormat.EVENTS:
            events = [_event(item) for item in items]
            return "".join([*events, f"data: {sentinel}\n\n"] if sentinel else events).encode()
        case StreamFormat.LINES | StreamFormat.ANY:
            return "".join(f"{json.dumps(item)}\n" for item in items).encode()
        case StreamFormat.SEQUENCE:
            # RFC 7464 section 2.2.
            return "".join(f"\x1e{json.dumps(item)}\n" for item in items).encode()
        case _:
            assert_never(form)


def pieces_of(media_type: str, body: bytes) -> Iterator[bytes]:
    """Yield the items of a body as they are on the wire; a body that does not come item by item is one."""
    form = stream_format(media_type)
    if form is None:
        yield body
        return
    end = b"\n\n" if form is StreamFormat.EVENTS else b"\n"
    *items, rest = body.split(end)
    yield from (item + end for item in items)
    if rest:
        yield rest


def _event(item: JsonValue) -> str:
    if not isinstance(item, dict) or "data" not in item or not _FRAME.issuperset(item):
        return f"data: {json.dumps(item)}\n\n"
    named = [name for name in ("event", "id", "retry") if item.get(name) not in {None, ""}]
    lines = [f"{name}: {_one_line(item[name])}" for name in named]
    data = item["data"] if isinstance(item["data"], str) else json.dumps(item["data"])
    lines += [f"data: {line}" for line in data.splitlines() or [""]]
    return "\n".join(lines) + "\n\n"


def _one_line(value: JsonValue) -> str:
    return " ".join(str(value).split())
