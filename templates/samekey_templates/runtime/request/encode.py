"""From arguments to the bytes of a request: URL, query, headers, cookies, JSON, form and multipart bodies.

The body is bytes before the first attempt, so every attempt sends the same ones.
"""

from __future__ import annotations

import base64
import codecs
import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeAlias, cast
from urllib.parse import quote, quote_from_bytes

from msgspec import Raw, Struct

from ..codec.json import encode, encode_sent, plain, present, with_zone
from ..text import is_token
from ..types import Omit, is_fields, is_items
from .body import Content, is_named_file, joined, segment_of

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
StyleName: TypeAlias = Literal[
    "form", "simple", "label", "matrix", "spaceDelimited", "pipeDelimited", "tabDelimited", "deepObject", "json",
    "base64", "wholeForm", "wholeJson", "wholeText",
]  # fmt: skip


class Style(Struct, frozen=True):
    """How a parameter's value is spelled (OpenAPI 3.1 section 4.8.12.3).

    Args:
        name: the style; `json` for a parameter described by a media type, `base64` for bytes that travel as text,
            `whole…` for one that is the whole query (OpenAPI 3.2 section 4.12.1).
        explode: whether each element or property stands for itself.
        allow_reserved: whether reserved characters stay as they are (RFC 3986 section 2.2).
    """

    name: StyleName
    explode: bool = False
    allow_reserved: bool = False


EVERY_FIELD = ""
"""Stands for the fields of a form that have no style of their own."""
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
            return _spell(encode_sent(value).decode())
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
        return [(spell(name), spell(encode_sent(value).decode()))]
    value = simplify(value)
    if style.name == "deepObject" and (is_fields(value) or is_items(value)):
        return [(spell(key), spell(text)) for key, text in _deep(name, value)]
    if is_fields(value):
        return _object_pairs(name, value, style, spell)
    if not is_items(value):
        return [(spell(name), spell(scalar(value)))]
    texts = [spell(_item_text(item)) for item in value]
    if style.explode:
        return [(spell(name), text) for text in texts]
    return [(spell(name), _joint(style, spell).join(texts))] if texts else []


def _object_pairs(name: str, value: dict[str, Any], style: Style, spell: Callable[[str], str]) -> list[tuple[str, str]]:
    fields = [(spell(key), spell(_item_text(item))) for key, item in _given(value)]
    if style.explode:
        return fields
    return [(spell(name), _joint(style, spell).join(part for pair in fields for part in pair))]


def _joint(style: Style, spell: Callable[[str], str] = quote) -> str:
    """Return what stands between an array's elements, encoded: commas as they are, the others not (RFC 3986)."""
    joint = _JOINTS.get(style.name, ",")
    return joint if spell is str else quote(joint, safe=",")


def header_value(name: str, value: object, style: Style = SIMPLE) -> str:
    """Spell a header parameter (style `simple`).

    Raises:
        ValueError: it holds characters that cannot stand in a header (RFC 9110 section 5.5).
        TypeError: it is None, which is no value of a header.
    """
    if type(value) is str and style is SIMPLE:
        text = value
    elif value is None:
        raise TypeError(f"the header {name} has None as its value: leave it out")
    else:
        text = (
            encode_sent(value).decode() if style.name == "json" else _simple(value, style, _JOINTS.get(style.name, ","))
        )
    if not is_token(name):
        raise ValueError(f"{name!r} cannot be the name of a header")
    # Blanks around a value are no part of it (RFC 9110 section 5.5), and some are refused further on with the value.
    text = text.strip(" \t")
    if not is_visible(text):
        # The value is not shown: it may be a credential.
        raise ValueError(f"the value for the header {name} holds characters that a header cannot carry")
    return text


def is_visible(text: str) -> bool:
    """Whether a text is printable ASCII, apart from tabs."""
    return text.isascii() and (text.isprintable() or text.replace("\t", "").isprintable())


def json_body(value: object, media_type: str = "application/json", sends: Callable[[], object] | None = None) -> Body:
    """Encode a JSON body; fields left out, and those that only come back, are not sent.

    Args:
        value: the body.
        media_type: its media type.
        sends: makes the types whose values may be given otherwise than they are sent; None where there is none.
    """
    return Body(encode_sent(value, sends), media_type)


def form_body(fields: object, styles: Mapping[str, Style]) -> Body:
    """Encode a body of application/x-www-form-urlencoded; nested objects become JSON unless a style says otherwise.

    Raises:
        TypeError: it has no fields.
    """
    if not isinstance(fields, Mapping):
        raise TypeError(f"a form is made of fields: give a dict of them, and not a {type(fields).__name__}")
    return Body(_form_text(cast("Mapping[str, object]", fields), styles).encode(), "application/x-www-form-urlencoded")


def _form_text(fields: Mapping[str, object], styles: Mapping[str, Style]) -> str:
    pairs: list[str] = []
    for name, value in present(fields).items():
        if value is None:
            continue
        style = styles.get(name) or styles.get(EVERY_FIELD)
        if style is None:
            simple = simplify(value)
            style = Style("json") if is_fields(simple) else FORM
        if isinstance(value, (bytes, bytearray)) and style.name != "base64":
            # A file in a form: its bytes as they are.
            pairs.append(f"{_form_quote(name)}={quote_from_bytes(bytes(value), safe='*-._').replace('%20', '+')}")
            continue
        pairs += [f"{key}={text}" for key, text in style_pairs(name, value, style, _form_quote)]
    return "&".join(pairs)


def raw_body(value: object, media_type: str) -> Body:
    """Build a body of text or bytes, from text, bytes, a file, alone or with its name, or an iterable of bytes.

    Args:
        value: the content.
        media_type: what the document says that it is; a file that is given with a media type says so itself.

    Raises:
        TypeError: it is none of these.
    """
    if is_named_file(value):
        media_type = str(value[2]) if len(value) > 2 else media_type  # noqa: PLR2004
        value = value[1]
    if isinstance(value, str):
        return Body(value.encode(charset(media_type)), media_type)
    segment = segment_of(value)
    if segment is None and "json" in media_type:
        segment = encode(value)
    if segment is None:
        raise TypeError(
            f"a body of {media_type} is text, bytes, a path, an open file or an iterable of bytes, "
            f"and not a {type(value).__name__}"
        )
    return Body(joined([segment]), media_type)


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
        case bytes() | bytearray():
            return base64.b64encode(value).decode()
        case None:
            return "null"
        case Raw():
            return bytes(value).decode()
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
    if value is None:
        raise ValueError(f"the path parameter {name!r} must be given, and not None")
    if value is Omit.OMIT:
        raise ValueError(f"the path parameter {name!r} must be given, to this call or to the client")
    safe = RESERVED.translate(_NO_PATH_ENDS) if style.allow_reserved else ""
    value = simplify(value)
    if style.name == "json":
        return quote(encode_sent(value).decode(), safe="")
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


def _deep(name: str, value: object) -> Iterable[tuple[str, str]]:
    """Spell a value with its way in brackets: `a[b]` for a field, `a[0]` for an element, however deep it lies.

    OpenAPI leaves arrays open; indexes say which fields of objects in them belong together.
    """
    value = simplify(value)
    if is_fields(value):
        entries: Iterable[tuple[object, object]] = _given(value)
    elif is_items(value):
        entries = enumerate(value)
    else:
        yield name, scalar(value)
        return
    for key, entry in entries:
        yield from _deep(f"{name}[{key}]", entry)


def _given(fields: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, item) for key, item in fields.items() if item is not None and item is not Omit.OMIT]


def _item_text(value: object) -> str:
    """Spell an element of an array or object: a scalar, or JSON where it is nested."""
    value = simplify(value)
    return encode_sent(value).decode() if (is_fields(value) or is_items(value)) else scalar(value)


def _form_quote(text: str) -> str:
    return quote(text, safe="*-._").replace("%20", "+")
