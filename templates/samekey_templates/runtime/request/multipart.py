"""Bodies of multipart/form-data and its family: parts with heads, files among them, and a boundary that none holds."""

from __future__ import annotations

import mimetypes
import os
import uuid
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from hashlib import sha256
from os import PathLike
from pathlib import PurePath
from typing import TYPE_CHECKING, cast

from ..codec.json import encode_sent, present
from ..types import is_fields, is_items
from .body import BYTES_KINDS, is_named_file, joined, segment_of
from .encode import Body, charset, is_visible, scalar, simplify, style_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .body import FileCount, Segment
    from .encode import Style

NO_FILES: Mapping[str, FileCount] = {}
NO_STYLES: Mapping[str, Style] = {}


def multipart_body(
    fields: Mapping[str, object] | Sequence[object],
    media_types: Mapping[str, str],
    media_type: str = "multipart/form-data",
    key: str | None = None,
    files: Mapping[str, FileCount] = NO_FILES,
    styles: Mapping[str, Style] = NO_STYLES,
) -> Body:
    """Build a body of multipart/form-data (RFC 7578) or of another multipart type, with one boundary per call.

    Args:
        fields: parts by name, or without names in a sequence; files as content, (name, content) or
            (name, content, media type).
        media_types: media types that the document gives for parts by name; under "" for those without one.
        media_type: the media type of the whole; `multipart/form-data` where it is none of that family.
        key: the call's idempotency key. Servers compare bytes, so a later call with the same key and parts of known
            content has the same boundary.
        files: which parts are files, by name: whatever is given for one is a file, and text or pieces of bytes are too.
        styles: the styles of parts that are spelled as fields of a form are (OpenAPI 3.1 section 4.8.15.1).
    """
    kind = media_type.partition(";")[0].strip()
    kind = kind if kind.startswith("multipart/") else "multipart/form-data"
    named = present(fields).items() if isinstance(fields, Mapping) else [("", entry) for entry in fields]
    parts = [
        part
        for name, value in named
        if value is not None
        for part in _parts(name, value, media_types.get(name), files.get(name), styles.get(name))
    ]
    boundary = _boundary(parts, key)
    segments: list[Segment] = []
    for head, content in parts:
        segments += [f"--{boundary}\r\n".encode() + head + b"\r\n\r\n", content, b"\r\n"]
    segments.append(f"--{boundary}--\r\n".encode())
    return Body(joined(segments), f"{kind}; boundary={boundary}")


def _boundary(parts: Sequence[tuple[bytes, Segment]], key: str | None) -> str:
    """Return a text that no part holds: no text can hold its own digest, and a random one cannot be guessed."""
    known = [(head, content) for head, content in parts if isinstance(content, bytes)]
    if key is None or len(known) < len(parts):
        return uuid.uuid4().hex
    digest = sha256(key.encode())
    for piece in (piece for part in known for piece in part):
        digest.update(len(piece).to_bytes(8, "big") + piece)
    return digest.hexdigest()[:32]


def _entries(value: object, count: FileCount | None) -> Iterable[object]:
    """Return what goes into parts of their own: the files of an array, and the elements of any list but one file's."""
    match count:
        case "one":
            return [value]
        case "many":
            return [value] if _is_one_file(value) else cast("Iterable[object]", value)
        case None:
            simple = None if _is_file(value) else simplify(value)
            return simple if is_items(simple) else [value]


def _is_one_file(value: object) -> bool:
    """Whether a value for an array of files is a single one of them."""
    if is_named_file(value) or hasattr(value, "read"):
        return True
    return isinstance(value, (str, *BYTES_KINDS, PathLike)) or not isinstance(value, Iterable)


def _parts(
    name: str, value: object, media_type: str | None, count: FileCount | None, style: Style | None
) -> Iterable[tuple[bytes, Segment]]:
    """Yield the parts that a value becomes: one for each file or element, or for each pair that its style makes."""
    if style is not None and count is None and (style.name == "base64" or not _is_file(value)):
        for key, text in style_pairs(name, value, style, str):
            yield _part_head(_disposition(key, None), None), text.encode()
        return
    for entry in _entries(value, count):
        yield _part(name, entry, media_type, is_file=count is not None or _is_file(entry))


def _part(name: str, value: object, media_type: str | None, *, is_file: bool) -> tuple[bytes, Segment]:
    if is_file:
        return _file_part(name, value, media_type)
    disposition = _disposition(name, None)
    simple = simplify(value)
    if is_fields(simple) or is_items(simple):
        return _part_head(disposition, media_type or "application/json"), encode_sent(value)
    if media_type is not None and media_type.endswith("json"):
        return _part_head(disposition, media_type), encode_sent(value)
    return _part_head(disposition, media_type), scalar(simple).encode(charset(media_type or ""))


def _file_part(name: str, value: object, media_type: str | None) -> tuple[bytes, Segment]:
    if is_named_file(value):
        # A name of None is for a server that takes the part for a plain field.
        file_name, content = value[0] or "", value[1]
        media_type = str(value[2]) if len(value) > 2 else media_type  # noqa: PLR2004
    else:
        file_name, content = _own_name(value) or name, value
    usual = "text/plain; charset=utf-8" if isinstance(content, str) else "application/octet-stream"
    guessed = mimetypes.guess_type(file_name)[0] or usual
    segment = segment_of(content)
    if segment is None:
        raise TypeError(
            f"{name or 'a part'} is a file: give bytes, text, a path, an open file or an iterable of bytes, "
            f"and not a {type(content).__name__}"
        )
    return _part_head(_disposition(name, file_name), media_type or guessed), segment


def _own_name(file: object) -> str:
    """Return the name that a path or an open file has; empty where it has none, as a file that has only a number."""
    own: object = os.fspath(cast("PathLike[str]", file)) if isinstance(file, PathLike) else getattr(file, "name", None)
    return PurePath(os.fsdecode(own)).name if isinstance(own, (str, bytes)) else ""


def _is_file(value: object) -> bool:
    """Whether a value can be nothing but a file."""
    if isinstance(value, tuple):
        return _is_file_in_a_tuple(cast("tuple[object, ...]", value))
    return isinstance(value, (*BYTES_KINDS, PathLike, Iterator, AsyncIterable)) or hasattr(value, "read")


def _is_file_in_a_tuple(value: tuple[object, ...]) -> bool:
    """Whether a tuple can be nothing but a file: its name and content, or its pieces; two texts are an array."""
    if is_named_file(value):
        has_media_type = len(value) > 2 and "/" in str(value[2])  # noqa: PLR2004
        return value[0] is None or has_media_type or not isinstance(value[1], str)
    return bool(value) and all(isinstance(piece, BYTES_KINDS) for piece in value)


def _disposition(name: str, file_name: str | None) -> str:
    """Return a part's Content-Disposition (RFC 7578 section 4.2); empty where it has no name (RFC 2046 section 5.1)."""
    file = f'filename="{_escape(file_name)}"' if file_name else ""
    if not name:
        return f"attachment; {file}" if file else ""
    return f'form-data; name="{_escape(name)}"{"; " if file else ""}{file}'


def _part_head(disposition: str, media_type: str | None) -> bytes:
    if media_type is not None and not is_visible(media_type):
        raise ValueError(f"{media_type!r} is not a valid media type")
    lines = [f"Content-Disposition: {disposition}"] if disposition else []
    if media_type:
        lines.append(f"Content-Type: {media_type}")
    head = "\r\n".join(lines)
    return head.encode()


def _escape(name: str) -> str:
    """Spell a name inside quotes of Content-Disposition as browsers do (WHATWG HTML, multipart/form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
