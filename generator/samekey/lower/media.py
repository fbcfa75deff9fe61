"""Media types: how a body in one of them is written and read, and which one is taken where there are several."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from samekey_templates.runtime.streams import parse

from samekey.ir import BodyKind, StreamFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samekey.document.node import Node

_FORM = "application/x-www-form-urlencoded"
_TEXTUAL = ("xml", "yaml", "javascript", "graphql", "csv")
_SPELLINGS = ("xml", "yaml", "cbor", "msgpack", "protobuf")
"""Words of media types that write the same values as JSON."""
_VERSION = re.compile(r"([._;-]|(?<=[./+-]))v(ersion)?[._=-]?[0-9]+([._-][0-9]+)*|[._-][0-9]+([._-][0-9]+)*")
_PREFERENCE = (BodyKind.JSON, BodyKind.FORM, BodyKind.MULTIPART, BodyKind.RAW)


def content_of(holder: Node) -> dict[str, Node]:
    """Return what stands under `content`, by media type; references there (OpenAPI 3.2) are followed."""
    content = holder.items("content") if holder.get("content") else ()
    return {name: media.follow() or media for name, media in content}


def essence(media_type: str) -> str:
    """Return a media type without its parameters, in lower case (RFC 9110 section 8.3.1)."""
    return media_type.partition(";")[0].strip().lower()


def stream_format(media_type: str) -> StreamFormat | None:
    """Return how the items of a body of this media type follow each other; None where it is not a stream."""
    found = parse.named_format(essence(media_type))
    return None if found is None else StreamFormat(found)


def is_json(media_type: str) -> bool:
    """Whether a body of this media type is JSON; a wildcard counts as JSON."""
    name = essence(media_type)
    if stream_format(name) is not None:
        return False
    return name in {"*/*", "application/*", "text/json", "application/json", "json", ""} or name.endswith("+json")


def is_text(media_type: str) -> bool:
    """Whether a body of this media type is text."""
    name = essence(media_type)
    return name.startswith("text/") or name.endswith("+xml") or any(word in name for word in _TEXTUAL)


def body_kind(media_type: str) -> BodyKind:
    """Return how a request body of this media type is written."""
    name = essence(media_type)
    if is_json(media_type):
        return BodyKind.JSON
    if name == _FORM:
        return BodyKind.FORM
    return BodyKind.MULTIPART if name.startswith("multipart/") else BodyKind.RAW


def preferred_for_request(media_types: list[str]) -> str:
    """Return the media type to send: JSON before forms before the rest, `application/json` before other JSON types."""
    return min(media_types, key=lambda name: (_PREFERENCE.index(body_kind(name)), essence(name) != "application/json"))


def preferred_for_response(media_types: list[str]) -> str:
    """Return the media type to ask for: JSON before text before the rest."""

    def rank(name: str) -> int:
        if essence(name) == "application/json":
            return 0
        if is_json(name):
            return 1
        return 2 if is_text(name) else 3

    return min(media_types, key=rank)


def others_for_response(schemas: Mapping[str, object]) -> list[str]:
    """Return a response's media types that say something else than the preferred one, each worth a method of its own.

    Args:
        schemas: the schemas as they stand in the document, by media type.
    """
    return _others(schemas, preferred_for_response(list(schemas))) if schemas else []


def others_for_request(schemas: Mapping[str, object]) -> list[str]:
    """Return a request body's media types that say something else than the preferred one, each worth a method."""
    return _others(schemas, preferred_for_request(list(schemas))) if schemas else []


def _others(schemas: Mapping[str, object], preferred: str) -> list[str]:
    said = [_said(preferred, schemas[preferred])]
    families = {_family(preferred)}
    found: list[str] = []
    for name, schema in schemas.items():
        # The same schema in another media type is another spelling of the same.
        meant = _said(name, schema)
        if _family(name) in families or is_wild(name) or meant in said or _spells_the_same(name, preferred):
            continue
        families.add(_family(name))
        said.append(meant)
        found.append(name)
    return found


def _said(media_type: str, schema: object) -> object:
    """Return what is said of a body: its schema, or, where there is none, how its media type is read."""
    return (body_kind(media_type), is_text(media_type)) if schema is None else schema


def _family(media_type: str) -> str:
    """Return what media types have in common that differ only in their parameters or in a version."""
    return _VERSION.sub("", essence(media_type))


def _spells_the_same(media_type: str, preferred: str) -> bool:
    """Whether a media type is known as another spelling of JSON, whatever stands under it."""
    return is_json(preferred) and any(word in essence(media_type) for word in _SPELLINGS)


def is_wild(media_type: str) -> bool:
    """Whether a media type has a wildcard, and so stands for several."""
    return "*" in media_type


def words_of(media_type: str) -> str:
    """Return a media type in a word or two, for names."""
    name = essence(media_type)
    known = {
        "multipart/form-data": "multipart",
        _FORM: "form",
        "application/octet-stream": "bytes",
        "text/plain": "text",
    }
    # That it is JSON goes without saying.
    subtype = re.sub(r"^(x-|vnd\.)", "", name.partition("/")[2]).removesuffix("+json")
    return known.get(name) or " ".join(re.findall(r"[a-z0-9]+", subtype)) or "other"


def written(media_type: str) -> str:
    """Return the media type as a Content-Type header; wildcards become JSON."""
    return "application/json" if "*" in media_type or "/" not in media_type else media_type.strip()
