"""A request as it came, read by what the document says of its parameters and its body.

The reading is written against the specification (OpenAPI 3.1 section 4.8.12, RFC 6570) and not against samekey: it
knows which value was asked to be sent, and says whether that value is there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import Final, TypeAlias
from urllib.parse import unquote, unquote_plus

from tests.corpus.raw import Json, RawOperation, UnresolvableError, View
from tests.corpus.sameness import difference, shown, spells

Pair: TypeAlias = tuple[str, str]

_USUAL_STYLES: Final = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
COLLECTION_FORMATS: Final = {
    "csv": ("form", False),
    "ssv": ("spaceDelimited", False),
    "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False),
    "multi": ("form", True),
}
"""Swagger 2.0's collectionFormat as style and explode."""
IGNORED_HEADERS: Final = frozenset({"accept", "content-type", "authorization"})
"""Header parameters that say nothing (OpenAPI 3.1 section 4.8.12.2.1)."""
OWN_HEADERS: Final = IGNORED_HEADERS | {
    "host", "accept-encoding", "connection", "user-agent", "content-length", "transfer-encoding", "cookie",
}  # fmt: skip
_DELIMITERS: Final = {
    "form": r",",
    "spaceDelimited": r"%20| |\+",
    "pipeDelimited": r"%7C|%7c|\|",
    "tabDelimited": r"%09|\t",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as the document describes it.

    Args:
        name: its name.
        location: path, query, header or cookie.
        required: whether it must be sent.
        schema: its schema, if it has one.
        style: its style; `json` where a media type describes it.
        explode: whether elements and properties stand for themselves.
    """

    name: str
    location: str
    required: bool
    schema: View | None
    style: str
    explode: bool


def parameters(operation: RawOperation) -> list[Parameter]:
    """The parameters of an operation; its own stand before those of its path."""
    found: dict[tuple[str, str], Parameter] = {}
    for holder in (operation.item, operation.node):
        for element in holder.child("parameters").elements():
            try:
                node = element.resolved()
            except UnresolvableError:
                continue
            location = node.text("in")
            ignored = location == "header" and node.text("name").lower() in IGNORED_HEADERS
            if location in _USUAL_STYLES and not ignored:
                found[(location, node.text("name"))] = _parameter(node, location)
    declared = {name for location, name in found if location == "path"}
    for name in template_names(operation.path):
        if name not in declared:
            # The template asks for it, whether or not it is declared.
            found["path", name] = Parameter(name, "path", required=True, schema=None, style="simple", explode=False)
    return [entry for entry in found.values() if entry.location != "path" or f"{{{entry.name}}}" in operation.path]


def template_names(path: str) -> list[str]:
    """The names in a path template."""
    return re.findall(r"\{([^{}]*)\}", path)


def _parameter(node: View, location: str) -> Parameter:
    name, required = node.text("name"), node.flag("required") or location == "path"
    if "schema" in node.fields or "content" in node.fields:
        style = node.text("style") or _USUAL_STYLES[location]
        explode = node.flag("explode") if "explode" in node.fields else style in {"form", "deepObject"}
        media = next((media for _, media in node.child("content").items()), None)
        if media is not None:
            return Parameter(name, location, required, media.child("schema"), "json", explode=False)
        return Parameter(name, location, required, node.child("schema"), style, explode)
    if "type" not in node.fields:
        explode = location in {"query", "cookie"}
        return Parameter(name, location, required, None, _USUAL_STYLES[location], explode=explode)
    style, explode = COLLECTION_FORMATS.get(node.text("collectionFormat"), ("form", False))
    if location in {"path", "header"}:
        style, explode = "simple" if style == "form" else style, False
    return Parameter(name, location, required, schema_of_swagger2(node), style, explode)


def schema_of_swagger2(node: View) -> View:
    """A parameter of Swagger 2.0 is its own schema, but for the words of a parameter."""
    words = {"name", "in", "description", "required", "collectionFormat", "allowEmptyValue"}
    return node.made({key: value for key, value in node.fields.items() if key not in words})


@dataclass(slots=True)
class Received:
    """A request as it came over the wire.

    Args:
        method: in capitals.
        path: the path below the base URL, still encoded.
        query: names and values, still encoded.
        headers: by name in lower case.
        content: the body.
        read: names of the query that were asked for.
    """

    method: str
    path: str
    query: list[Pair]
    headers: dict[str, str]
    content: bytes
    read: set[str] = field(default_factory=set[str])

    @property
    def content_type(self) -> str:
        """The media type of the body, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def cookies(self) -> list[Pair]:
        """Names and values, still encoded."""
        return _pairs(self.headers.get("cookie", ""), ";")

    def problem_of(self, parameter: Parameter, value: Json) -> str:
        """What is wrong with a parameter that was asked to be sent; empty where nothing is."""
        try:
            problem = self._reader(parameter)(parameter, value)
        except (ValueError, KeyError, IndexError) as error:
            problem = f"cannot be read ({type(error).__name__}: {error})"
        return f"{parameter.location} parameter {parameter.name!r}: {problem}" if problem else ""

    def is_sent(self, parameter: Parameter) -> bool:
        """Whether anything of an optional parameter is there."""
        name = parameter.name
        match parameter.location:
            case "query":
                return any(key == name or key.startswith(f"{name}[") for key in self.query_names)
            case "header":
                return name.lower() in self.headers
            case "cookie":
                return any(unquote(key) == name for key, _ in self.cookies)
            case _:
                return True

    @property
    def query_names(self) -> list[str]:
        """The decoded names in the query."""
        return [unquote_plus(key) for key, _ in self.query]

    def _reader(self, parameter: Parameter) -> Callable[[Parameter, Json], str]:
        return {
            "query": self._problem_in_query,
            "header": self._problem_in_header,
            "cookie": self._problem_in_cookie,
            "path": self._problem_in_path,
        }[parameter.location]

    def _problem_in_query(self, parameter: Parameter, value: Json) -> str:
        exploded = isinstance(value, dict) and parameter.style == "form" and parameter.explode
        names = list(value) if isinstance(value, dict) and exploded else [parameter.name]
        deep = [key for key in self.query_names if parameter.style == "deepObject" and key.startswith(f"{names[0]}[")]
        self.read.update(names, deep)
        return problem_in_pairs(self.query, parameter.name, value, parameter.style, explode=parameter.explode)

    def _problem_in_cookie(self, parameter: Parameter, value: Json) -> str:
        return problem_in_pairs(self.cookies, parameter.name, value, parameter.style, explode=parameter.explode)

    def _problem_in_header(self, parameter: Parameter, value: Json) -> str:
        text = self.headers.get(parameter.name.lower())
        if text is None:
            return "is not sent"
        if parameter.style == "json":
            return difference(value, json.loads(text), absent_is_null=False)
        parts = re.split(_DELIMITERS.get(parameter.style, ","), text)
        return _problem_in_parts(value, [part.strip() for part in parts], text, explode=parameter.explode)

    def _problem_in_path(self, parameter: Parameter, value: Json) -> str:
        raise NotImplementedError  # read from the template, by `problem_in_path`


def problem_in_path(template: str, path: str, values: dict[str, tuple[Parameter, Json]]) -> str:
    """What is wrong with a path that was filled in; empty where nothing is."""
    pieces = re.split(r"\{([^{}]*)\}", template)
    # A segment may hold several parameters; whatever fills one of them has no slash.
    spelled = "".join(f"(?P<p{index}>[^/]*?)" if index % 2 else re.escape(piece) for index, piece in enumerate(pieces))
    found = re.fullmatch(spelled, path) or re.fullmatch(spelled, unquote(path))
    if found is None:
        return f"the path {path!r} does not fill {template!r}"
    for index, name in enumerate(pieces):
        if index % 2 and name in values:
            parameter, value = values[name]
            problem = _problem_in_segment(parameter, value, found[f"p{index}"])
            if problem:
                return f"path parameter {name!r}: {problem}"
    return ""


def _problem_in_segment(parameter: Parameter, value: Json, text: str) -> str:
    if parameter.style == "json":
        return difference(value, json.loads(unquote(text)), absent_is_null=False)
    if parameter.style == "label":
        inner = text.removeprefix(".")
        parts = inner.split("." if parameter.explode else ",")
        return _problem_in_parts(value, [unquote(part) for part in parts], unquote(inner), explode=parameter.explode)
    if parameter.style == "matrix":
        return _problem_in_matrix(parameter, value, text)
    parts = [unquote(part) for part in re.split(_DELIMITERS.get(parameter.style, ","), text)]
    return _problem_in_parts(value, parts, unquote(text), explode=parameter.explode)


def _problem_in_matrix(parameter: Parameter, value: Json, text: str) -> str:
    pairs = _pairs(text, ";")
    return problem_in_pairs(pairs, parameter.name, value, "form", explode=parameter.explode)


def problem_in_pairs(  # noqa: PLR0911  # one line for each spelling
    pairs: list[Pair], name: str, value: Json, style: str, *, explode: bool
) -> str:
    """What is wrong with a value among encoded names and values: of a query, a form, cookies or a matrix."""
    texts = [text for key, text in pairs if unquote_plus(key) == name]
    if isinstance(value, (dict, list)) and style == "deepObject":
        return _problem_in_deep(pairs, name, value)
    if isinstance(value, dict) and style == "form" and explode:
        return _first(
            problem_in_pairs(pairs, key, entry, "form", explode=True) and f"property {key!r} is not as it was given"
            for key, entry in value.items()
        )
    if not texts:
        return "is not sent"
    if style == "json":
        return difference(value, json.loads(unquote_plus(texts[0])), absent_is_null=False)
    if isinstance(value, list) and explode:
        return _problem_in_parts(value, [unquote_plus(text) for text in texts], "", explode=False)
    if len(texts) > 1:
        return f"is sent {len(texts)} times"
    if not isinstance(value, (list, dict)):
        return _problem_in_parts(value, [], unquote_plus(texts[0]), explode=False)
    parts = [unquote_plus(part) for part in re.split(_DELIMITERS[style], texts[0])]
    return _problem_in_parts(value, parts, "", explode=False)


def _problem_in_deep(pairs: list[Pair], name: str, value: Json) -> str:
    """What is wrong with a value whose parts are named by their way in brackets; elements by their indexes."""
    entries: Iterable[tuple[object, Json]]
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    else:
        texts = [unquote_plus(text) for spelled, text in pairs if unquote_plus(spelled) == name]
        problem = _problem_in_parts([value], texts, "", explode=False)
        return f"{name}: {problem}" if problem else ""
    return _first(_problem_in_deep(pairs, f"{name}[{key}]", entry) for key, entry in entries)


def _problem_in_parts(value: Json, parts: list[str], text: str, *, explode: bool) -> str:
    """Whether a list of texts, or one text, spells a value."""
    if isinstance(value, list):
        fits = len(parts) == len(value) and all(map(spells, parts, value))
        return "" if fits else f"{shown(value)} was sent as {parts!r}"
    if isinstance(value, dict):
        given: Iterable[Pair]
        if explode:
            given = [(key, entry) for key, _, entry in (part.partition("=") for part in parts)]
        else:
            given = list(zip(parts[::2], parts[1::2], strict=len(parts) % 2 == 0))
        found = dict(given)
        fits = found.keys() == value.keys() and all(spells(found[key], entry) for key, entry in value.items())
        return "" if fits else f"{shown(value)} was sent as {found!r}"
    return "" if spells(text, value) else f"{shown(value)} was sent as {text!r}"


def _pairs(text: str, sign: str) -> list[Pair]:
    parts = [part.strip() for part in text.split(sign)]
    return [(key, value) for key, _, value in (part.partition("=") for part in parts if part)]


def query_pairs(text: str) -> list[Pair]:
    """The names and values of a query, still encoded."""
    return _pairs(text, "&")


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart body."""

    name: str
    file_name: str | None
    content_type: str
    content: bytes


def multipart_parts(received: Received) -> list[Part]:
    """The parts of a multipart body, read by the standard library's parser of messages.

    Raises:
        ValueError: it is not a multipart body.
    """
    head = f"Content-Type: {received.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + received.content, policy=policy.HTTP)
    if not message.is_multipart() or message.defects:
        raise ValueError(f"no multipart body: {message.defects}")
    found: list[Part] = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        stated = part.get_content_type() if part["content-type"] else ""
        found.append(Part(str(name), part.get_filename(), stated, content if isinstance(content, bytes) else b""))
    return found
