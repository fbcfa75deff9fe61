"""Media types: how a body in one of them is written and read, and which one is taken where there are several."""

from __future__ import annotations

from samekey.ir import BodyKind

_FORM = "application/x-www-form-urlencoded"
_TEXTUAL = ("xml", "yaml", "javascript", "graphql", "csv")
_PREFERENCE = (BodyKind.JSON, BodyKind.FORM, BodyKind.MULTIPART, BodyKind.RAW)


def essence(media_type: str) -> str:
    """The media type without its parameters, in lower case (RFC 9110 section 8.3.1)."""
    return media_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Whether a body of this media type is JSON; a wildcard is taken for it."""
    name = essence(media_type)
    return name in {"*/*", "application/*", "text/json", "application/json", "json", ""} or name.endswith("+json")


def is_text(media_type: str) -> bool:
    """Whether a body of this media type is text."""
    name = essence(media_type)
    return name.startswith("text/") or name.endswith("+xml") or any(word in name for word in _TEXTUAL)


def body_kind(media_type: str) -> BodyKind:
    """How a request body of this media type is written."""
    name = essence(media_type)
    if is_json(media_type):
        return BodyKind.JSON
    if name == _FORM:
        return BodyKind.FORM
    return BodyKind.MULTIPART if name.startswith("multipart/") else BodyKind.RAW


def preferred_for_request(media_types: list[str]) -> str:
    """The media type to send: JSON before forms before the rest, `application/json` before its relatives."""
    return min(media_types, key=lambda name: (_PREFERENCE.index(body_kind(name)), essence(name) != "application/json"))


def preferred_for_response(media_types: list[str]) -> str:
    """The media type to ask for: JSON before text before the rest."""

    def rank(name: str) -> int:
        if essence(name) == "application/json":
            return 0
        if is_json(name):
            return 1
        return 2 if is_text(name) else 3

    return min(media_types, key=rank)


def written(media_type: str) -> str:
    """The media type as a Content-Type header: wildcards become JSON."""
    return "application/json" if "*" in media_type or "/" not in media_type else media_type.strip()
