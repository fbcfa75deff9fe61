"""From arguments to the bytes of a request: URL, query, headers, cookies, JSON, form and multipart bodies.

The body is bytes before the first attempt, so every attempt sends the same ones.
"""

from __future__ import annotations

import codecs
import datetime as dt
import mimetypes
import os
import re
import uuid
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from functools import cache
from hashlib import sha256
from os import PathLike
from pathlib import PurePath
from typing import Any, Literal, TypeAlias, TypeGuard, cast
from urllib.parse import quote

from msgspec import Struct

from ..codec.json import encode, encode_sent, plain, present, with_zone
from ..text import is_token
from ..types import Omit, is_fields, is_items
from .body import Content, Segment, joined, segment_of

_COOKIE_SAFE = "!#$&'()*+-./:<=>?@[]^_`{|}~"
_NO_QUERY_SIGNS = {ord(sign): None for sign in "#&=+"}
_NO_PATH_ENDS = {ord(sign): None for sign in "?#"}
_JOINTS = {"spaceDelimited": " ", "pipeDelimited": "|", "tabDelimited": "\t"}
_CHARSETS = re.compile(
    r"utf-(?:8|16|32)(?:-[bl]e|-sig)?|ascii|iso(?:8859-|2022_)[a-z0-9_-]+|cp[0-9a-z]+|koi8-[a-z]|mac-[a-z0-9-]+"
    r"|big5(?:hkscs)?|euc_[a-z0-9_]+|gb2312|gbk|gb18030|hz|shift_j[a-z0-9_]+|johab|tis-620|ptcp154|kz1048|hp-roman8"
)
"""Encodings of text, by Python's names. It knows others, such as `hex`, and some whose time grows as a square."""
_PLACE = r"\{([^{}]*)\}"
RESERVED = ":/?#[]@!$&'()*+,;="
_DOT_SEGMENTS = frozenset({".", ".."})
_BYTES = (bytes, bytearray, memoryview)
FileCount: TypeAlias = Literal["one", "many"]
"""Whether a part of a form is a file or an array of files."""
NO_FILES: Mapping[str, FileCount] = {}
StyleName: TypeAlias = Literal[
    "form", "simple", "label", "matrix", "spaceDelimited", "pipeDelimited", "tabDelimited", "deepObject", "json",
    "wholeForm", "wholeJson", "wholeText",
]  # fmt: skip


class Style(Struct, frozen=True):
    """How a parameter's value is spelled (OpenAPI 3.1 section 4.8.12.3).

    Args:
        name: the style; `json` for a parameter described by a media type, `whole…` for one that is the whole query
            (OpenAPI 3.2 section 4.12.1).
        explode: whether each element or property stands for itself.
        allow_reserved: whether reserved characters stay as they are (RFC 3986 section 2.2).
    """

    name: StyleName
    explode: bool = False
    allow_reserved: bool = False


FORM = Style("form", explode=True)
SIMPLE = Style("simple")


class Body(Struct, frozen=True):
    """A request body and its media type."""

    content: Content
    media_type: str


def expand_path(template: str, values: Mapping[str, object], styles: Mapping[str, Style]) -> str:
    """Fill a path template.

    Args:
        template: such as `/charges/{charge_id}`.
        values: path parameters by their names on the wire.
        styles: the styles that differ from `simple`.

    Raises:
        ValueError: a value is empty or a dot segment and would address something else.
    """
    if not values:
        return template
    parts: list[str] = []
    for literal, name in _parse_path(template):
        parts.append(literal)
        if name is not None:
            parts.append(_path_value(name, values[name], styles.get(name, SIMPLE)))
    path = "".join(parts)
    if not _DOT_SEGMENTS.isdisjoint(path.split("/")):
        raise ValueError(f"the path {path!r} holds a dot segment and would address something else")
    return path


def query_string(values: Mapping[str, object], styles: Mapping[str, Style]) -> str:
    """Encode query parameters; those left out or None are not sent."""
    pairs: list[str] = []
    for name, value in values.items():
        if value is None or value is Omit.OMIT:
            continue
        style = styles.get(name, FORM)
        whole = _whole_query(value, style)
        if whole is not None:
            pairs += [whole] if whole else []
            continue
        spell = _spell_reserved if style.allow_reserved else _spell
        pairs += [f"{key}={text}" for key, text in style_pairs(name, value, style, spell)]
    return "&".join(pairs)


def _whole_query(value: object, style: Style) -> str | None:
    """Encode a value that is a query by itself; None where it is spelled beside others."""
    match style.name:
        case "wholeForm":
            return _form_text(cast("Mapping[str, object]", simplify(value)), {})
        case "wholeJson":
            return _spell(encode(value).decode())
        case "wholeText":
            return _spell(scalar(value))
        case _:
            return None


def _spell(text: str) -> str:
    return quote(text, safe="")


def _spell_reserved(text: str) -> str:
    return quote(text, safe=RESERVED.translate(_NO_QUERY_SIGNS))


def cookie_pairs(values: Mapping[str, object], styles: Mapping[str, Style] | None = None) -> list[tuple[str, str]]:
    """Return cookies, encoded where needed (RFC 6265 section 4.1.1); those left out or None are not sent."""
    given = {name: value for name, value in values.items() if value is not None and value is not Omit.OMIT}
    return [
        pair
        for name, value in given.items()
        for pair in style_pairs(
            name, value, (styles or {}).get(name, FORM), lambda text: quote(text, safe=_COOKIE_SAFE)
        )
    ]


def style_pairs(name: str, value: object, style: Style, spell: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return the encoded names and values that a parameter becomes in a query, cookie or form.

    Args:
        name: the parameter.
        value: its value.
        style: its spelling.
        spell: encodes a name or a single value; the signs between them stay as they are (RFC 6570 section 3.2.8).
    """
    if style.name == "json":
        return [(spell(name), spell(encode(value).decode()))]
    value = simplify(value)
    if is_fields(value):
        return _object_pairs(name, value, style, spell)
    if not is_items(value):
        return [(spell(name), spell(scalar(value)))]
    texts = [spell(_item_text(item)) for item in value]
    if style.explode:
        return [(spell(name), text) for text in texts]
    return [(spell(name), _joint(style).join(texts))] if texts else []


def _object_pairs(name: str, value: dict[str, Any], style: Style, spell: Callable[[str], str]) -> list[tuple[str, str]]:
    if style.name == "deepObject":
        return [(spell(key), spell(text)) for key, text in _deep(name, value)]
    fields = [(spell(key), spell(_item_text(item))) for key, item in _given(value)]
    if style.explode:
        return fields
    return [(spell(name), _joint(style).join(part for pair in fields for part in pair))]


def _joint(style: Style) -> str:
    """Return what stands between an array's elements, encoded: commas as they are, the others not (RFC 3986)."""
    return quote(_JOINTS.get(style.name, ","), safe=",")


def header_value(name: str, value: object, style: Style = SIMPLE) -> str:
    """Spell a header parameter (style `simple`).

    Raises:
        ValueError: it holds characters that cannot stand in a header (RFC 9110 section 5.5).
    """
    if type(value) is str and style is SIMPLE:
        text = value
    else:
        text = encode(value).decode() if style.name == "json" else _simple(value, style, _JOINTS.get(style.name, ","))
    if not is_token(name):
        raise ValueError(f"{name!r} cannot be the name of a header")
    # Blanks around a value are no part of it (RFC 9110 section 5.5), and some are refused further on with the value.
    text = text.strip(" \t")
    if not _is_visible(text):
        # The value is not shown: it may be a credential.
        raise ValueError(f"the value for the header {name} holds characters that a header cannot carry")
    return text


def _is_visible(text: str) -> bool:
    """Whether a text is printable ASCII, apart from tabs."""
    return text.isascii() and (text.isprintable() or text.replace("\t", "").isprintable())


def json_body(value: object, media_type: str = "application/json") -> Body:
    """Encode a JSON body; fields left out, and those that only come back, are not sent."""
    return Body(encode_sent(value), media_type)


def form_body(fields: Mapping[str, object], styles: Mapping[str, Style]) -> Body:
    """Encode a body of application/x-www-form-urlencoded; nested objects become JSON unless a style says otherwise."""
    return Body(_form_text(fields, styles).encode(), "application/x-www-form-urlencoded")


def _form_text(fields: Mapping[str, object], styles: Mapping[str, Style]) -> str:
    pairs: list[str] = []
    for name, value in present(fields).items():
        if value is None:
            continue
        style = styles.get(name)
        if style is None:
            simple = simplify(value)
            style = Style("json") if is_fields(simple) else FORM
        pairs += [f"{key}={text}" for key, text in style_pairs(name, value, style, _form_quote)]
    return "&".join(pairs)


def multipart_body(
    fields: Mapping[str, object] | Sequence[object],
    media_types: Mapping[str, str],
    media_type: str = "multipart/form-data",
    key: str | None = None,
    files: Mapping[str, FileCount] = NO_FILES,
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
    """
    kind = media_type.partition(";")[0].strip()
    kind = kind if kind.startswith("multipart/") else "multipart/form-data"
    named = present(fields).items() if isinstance(fields, Mapping) else [("", entry) for entry in fields]
    parts = [
        _part(name, entry, media_types.get(name), is_file=name in files or _is_file(entry))
        for name, value in named
        if value is not None
        for entry in _entries(value, files.get(name))
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


def raw_body(value: object, media_type: str) -> Body:
    """Build a body of text or bytes, from text, bytes, an open file, or an iterable of bytes."""
    if isinstance(value, str):
        return Body(value.encode(charset(media_type)), media_type)
    return Body(joined([_segment(value)]), media_type)


def charset(media_type: str) -> str:
    """Return the encoding that a media type names, where Python knows it; else UTF-8."""
    name = media_type.lower().partition("charset=")[2].partition(";")[0].strip().strip('"')
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return "utf-8"
    return found if _CHARSETS.fullmatch(found) else "utf-8"


def scalar(value: object) -> str:  # noqa: PLR0911  # one line for each kind of value
    """Spell a single value as JSON and OpenAPI spell it."""
    match value:
        case str():
            return str(value.value) if isinstance(value, Enum) else value
        case bool():
            return "true" if value else "false"
        case Enum():
            return scalar(value.value)
        case dt.datetime():
            return with_zone(value).isoformat().replace("+00:00", "Z")
        case dt.date() | dt.time():
            return value.isoformat().replace("+00:00", "Z")
        case bytes():
            return value.decode("latin-1")
        case None:
            return "null"
        case int() | float() | Decimal() | uuid.UUID():
            return str(value)
        case _:
            return str(plain(value))


def simplify(value: object) -> object:
    """Return a scalar as it is, and a model, mapping or sequence as a dict or list."""
    if value is None or isinstance(value, (str, bytes, int, float, Decimal, Enum, dt.date, dt.time, uuid.UUID)):
        return value
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    if isinstance(value, (Sequence, set, frozenset)):
        return list(cast("Iterable[object]", value))
    return plain(value)


@cache
def _parse_path(template: str) -> tuple[tuple[str, str | None], ...]:
    """Split a path template into pairs of literal text and the parameter behind it; None after the last text."""
    literals, names = re.split(_PLACE, template)[::2], re.findall(_PLACE, template)
    return (*zip(literals, names, strict=False), (literals[-1], None))


def _path_value(name: str, value: object, style: Style) -> str:
    if value is None or value is Omit.OMIT:
        raise ValueError(f"the path parameter {name!r} must be given")
    safe = RESERVED.translate(_NO_PATH_ENDS) if style.allow_reserved else ""
    value = simplify(value)
    if style.name == "json":
        return quote(encode(value).decode(), safe="")
    if style.name == "label":
        return "." + _simple(value, style, "." if style.explode else ",", safe, encoded=True)
    if style.name == "matrix":
        return _matrix(name, value, style, safe)
    text = _simple(value, style, _joint(style), safe, encoded=True)
    if not text:
        raise ValueError(f"the path parameter {name!r} must not be empty")
    return text


def _matrix(name: str, value: object, style: Style, safe: str) -> str:
    if style.explode and is_items(value):
        return "".join(f";{name}={quote(_item_text(item), safe=safe)}" for item in value)
    if style.explode and is_fields(value):
        fields = _given(value)
        return "".join(f";{quote(key, safe='')}={quote(_item_text(item), safe=safe)}" for key, item in fields)
    text = _simple(value, style, ",", safe, encoded=True)
    return f";{name}={text}" if text else f";{name}"


def _simple(value: object, style: Style, joint: str = ",", safe: str = "", *, encoded: bool = False) -> str:
    value = simplify(value)

    def spell(text: str) -> str:
        return quote(text, safe=safe) if encoded else text

    if is_items(value):
        return joint.join(spell(_item_text(item)) for item in value)
    if is_fields(value):
        fields = _given(value)
        if style.explode:
            return joint.join(f"{spell(key)}={spell(_item_text(item))}" for key, item in fields)
        return joint.join(part for key, item in fields for part in (spell(key), spell(_item_text(item))))
    return spell(scalar(value))


def _deep(prefix: str, fields: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for key, item in _given(fields):
        name = f"{prefix}[{key}]"
        value = simplify(item)
        if is_fields(value):
            yield from _deep(name, value)
        elif is_items(value):
            for entry in value:
                simple = simplify(entry)
                if is_fields(simple):
                    yield from _deep(f"{name}[]", simple)
                else:
                    yield f"{name}[]", scalar(simple)
        else:
            yield name, scalar(value)


def _given(fields: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, item) for key, item in fields.items() if item is not None and item is not Omit.OMIT]


def _item_text(value: object) -> str:
    """Spell an element of an array or object: a scalar, or JSON where it is nested."""
    value = simplify(value)
    return encode(value).decode() if (is_fields(value) or is_items(value)) else scalar(value)


def _form_quote(text: str) -> str:
    return quote(text, safe="*-._").replace("%20", "+")


def _entries(value: object, count: FileCount | None) -> Iterable[object]:
    """Return what goes into parts of their own: the files of an array, and the elements of any list but one file's."""
    match count:
        case "one":
            return [value]
        case "many":
            return [value] if _is_one_file(value) else cast("Iterable[object]", value)
        case None:
            return value if is_items(value) else [value]


def _is_one_file(value: object) -> bool:
    """Whether a value for an array of files is a single one of them."""
    if _is_named_file(value) or hasattr(value, "read"):
        return True
    return isinstance(value, (str, *_BYTES, PathLike)) or not isinstance(value, Iterable)


def _is_named_file(value: object) -> TypeGuard[tuple[str | None, object] | tuple[str | None, object, str]]:
    """Whether a value is (name, content) or (name, content, media type); other tuples are pieces of a file."""
    if not isinstance(value, tuple):
        return False
    entries = cast("tuple[object, ...]", value)
    return len(entries) in {2, 3} and (entries[0] is None or isinstance(entries[0], str))


def _part(name: str, value: object, media_type: str | None, *, is_file: bool) -> tuple[bytes, Segment]:
    if is_file:
        return _file_part(name, value, media_type)
    disposition = _disposition(name, None)
    simple = simplify(value)
    if is_fields(simple) or is_items(simple):
        return _part_head(disposition, media_type or "application/json"), encode(simple)
    if media_type is not None and media_type.endswith("json"):
        return _part_head(disposition, media_type), encode(simple)
    return _part_head(disposition, media_type), scalar(simple).encode(charset(media_type or ""))


def _file_part(name: str, value: object, media_type: str | None) -> tuple[bytes, Segment]:
    if _is_named_file(value):
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
    kinds = (tuple, *_BYTES, PathLike, Iterator, AsyncIterable)
    return isinstance(value, kinds) or hasattr(value, "read")


def _disposition(name: str, file_name: str | None) -> str:
    """Return a part's Content-Disposition (RFC 7578 section 4.2); empty where it has no name (RFC 2046 section 5.1)."""
    file = f'filename="{_escape(file_name)}"' if file_name else ""
    if not name:
        return f"attachment; {file}" if file else ""
    return f'form-data; name="{_escape(name)}"{"; " if file else ""}{file}'


def _part_head(disposition: str, media_type: str | None) -> bytes:
    if media_type is not None and not _is_visible(media_type):
        raise ValueError(f"{media_type!r} is not a valid media type")
    lines = [f"Content-Disposition: {disposition}"] if disposition else []
    if media_type:
        lines.append(f"Content-Type: {media_type}")
    head = "\r\n".join(lines)
    return head.encode()


def _escape(name: str) -> str:
    """Spell a name inside quotes of Content-Disposition as browsers do (WHATWG HTML, multipart/form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _segment(value: object) -> Segment:
    # A list is JSON, but for one of bytes, which are pieces of a body as those of any iterable are.
    is_json = is_items(value) and not (value and all(isinstance(piece, _BYTES) for piece in value))
    found = None if is_json else segment_of(value)
    return encode(value) if found is None else found
