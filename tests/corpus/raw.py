"""Documents as they stand, read without samekey: what the harness knows of them, it knows from here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias, cast
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import yaml

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_LONGEST_CHAIN = 50


class UnresolvableError(Exception):
    """A reference leads nowhere, or out of this machine."""


class _Loader(yaml.CSafeLoader):
    """YAML with JSON's scalars: no dates, no `NO` for false, no `010` for eight."""


def _number(loader: yaml.CSafeLoader, node: yaml.ScalarNode) -> int | float:
    text = str(loader.construct_scalar(node))
    return int(text, 0 if text.startswith("0x") else 10) if re.fullmatch(r"[-+]?\d+|0x\w+", text) else float(text)


_Loader.yaml_implicit_resolvers = {}
_resolve: Any = cast("Any", _Loader).add_implicit_resolver
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("float", r"[-+]?(\d+|0x[0-9a-fA-F]+)|[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
):
    _resolve(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)


def load(path: Path) -> Json:
    """The plain value of a JSON or YAML file.

    Raises:
        yaml.YAMLError: it is neither.
    """
    text = path.read_text("utf-8-sig")
    if path.suffix == ".json":
        try:
            return cast("Json", json.loads(text))
        except ValueError:
            pass
    return _plain(yaml.load(text, Loader=_Loader), {})  # noqa: S506  # a safe loader with fewer scalars


def _plain(value: Any, seen: dict[int, Json]) -> Json:  # noqa: ANN401  # whatever YAML gave
    """The same with keys that are strings; an alias stays one value."""
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, dict):
        made: dict[str, Json] = {}
        seen[id(cast("object", value))] = made
        for key, entry in cast("dict[object, object]", value).items():
            made[_key(key)] = _plain(entry, seen)
        return made
    if isinstance(value, list):
        items: list[Json] = []
        seen[id(cast("object", value))] = items
        items.extend(_plain(entry, seen) for entry in cast("list[object]", value))
        return items
    return cast("Json", value)


def _key(key: object) -> str:
    if isinstance(key, bool) or key is None:
        return json.dumps(key)
    return str(key)


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a document, each read once.

    Args:
        loaded: values by URI.
    """

    loaded: dict[str, Json] = field(default_factory=dict[str, Json])

    def value(self, uri: str) -> Json:
        """The value of a local file.

        Raises:
            UnresolvableError: it is not here, or it cannot be read.
        """
        if uri not in self.loaded:
            parts = urlsplit(uri)
            if parts.scheme != "file":
                raise UnresolvableError(f"{uri} is not on this machine")
            try:
                self.loaded[uri] = load(Path(unquote(parts.path)))
            except (OSError, yaml.YAMLError) as error:
                raise UnresolvableError(f"{uri} cannot be read") from error
        return self.loaded[uri]


@dataclass(frozen=True, slots=True)
class View:
    """A value with its place; children that are references are followed.

    Args:
        files: where references lead.
        uri: the file.
        pointer: the JSON pointer; None for a value that was made up and stands nowhere.
        value: the value.
    """

    files: Files
    uri: str
    pointer: str | None
    value: Json

    @property
    def fields(self) -> dict[str, Json]:
        """The value as a mapping; empty where it is none."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def identity(self) -> str:
        """What tells this place from all others."""
        return f"{self.uri}#{self.pointer}" if self.pointer is not None else f"{id(self.value)}"

    @property
    def name(self) -> str:
        """The last token of its pointer."""
        return _unescaped((self.pointer or "").rpartition("/")[2])

    def child(self, key: str | int) -> View:
        """A child as it stands."""
        listed = self.value if isinstance(self.value, list) and isinstance(key, int) else None
        value = listed[int(key)] if listed is not None else self.fields.get(str(key))
        token = str(key).replace("~", "~0").replace("/", "~1")
        return View(self.files, self.uri, None if self.pointer is None else f"{self.pointer}/{token}", value)

    def get(self, key: str) -> View | None:
        """A child with its reference followed; None where there is none, or where it leads nowhere."""
        if key not in self.fields:
            return None
        try:
            return self.child(key).resolved()
        except UnresolvableError:
            return None

    def items(self) -> Iterator[tuple[str, View]]:
        """The children of a mapping as they stand."""
        for key in self.fields:
            yield key, self.child(key)

    def elements(self) -> Iterator[View]:
        """The elements of a list as they stand."""
        if isinstance(self.value, list):
            yield from (self.child(index) for index in range(len(self.value)))

    def text(self, key: str) -> str:
        """A string below, or an empty one."""
        found = self.fields.get(key)
        return found if isinstance(found, str) else ""

    def flag(self, key: str) -> bool:
        """Whether a word is true."""
        return self.fields.get(key) is True

    def made(self, value: Json) -> View:
        """A made-up value that refers to others as this one does."""
        return View(self.files, self.uri, None, value)

    def resolved(self) -> View:
        """Where a chain of references ends; the view itself where it is not a reference.

        Raises:
            UnresolvableError: it leads nowhere, out of this machine, or in a circle.
        """
        current = self
        for _ in range(_LONGEST_CHAIN):
            reference = current.fields.get("$ref")
            if not isinstance(reference, str):
                return current
            current = current.lookup(reference)
        raise UnresolvableError(f"{self.identity} leads in a circle")

    def lookup(self, reference: str) -> View:
        """What a reference names, one step on.

        Raises:
            UnresolvableError: it leads nowhere, or out of this machine.
        """
        uri, fragment = urldefrag(urljoin(self.uri, reference))
        value = self.files.value(uri)
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            raise UnresolvableError(f"{reference!r} is not a pointer")
        for token in fragment.split("/")[1:]:
            key = _unescaped(token)
            if isinstance(value, dict) and key in value:
                value = value[key]
            elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                raise UnresolvableError(f"{reference!r} leads nowhere")
        return View(self.files, uri, fragment, value)


def _unescaped(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")


def open_document(path: Path) -> View:
    """The root of a document.

    Raises:
        UnresolvableError: it cannot be read.
    """
    files = Files()
    uri = path.resolve().as_uri()
    return View(files, uri, "", files.value(uri))


@dataclass(frozen=True, slots=True)
class RawOperation:
    """An operation where it stands.

    Args:
        root: the document.
        method: in capitals.
        path: the template as it is written.
        item: the path item.
        node: the operation.
    """

    root: View
    method: str
    path: str
    item: View
    node: View

    @property
    def key(self) -> str:
        """What names it to people."""
        return f"{self.method} {self.path}"


def version_of(root: View) -> str:
    """`2`, `3.0`, `3.1` or `3.2`, as the document says; 3.0 where it does not say."""
    stated = str(root.fields.get("swagger", root.fields.get("openapi", "3.0")))
    return "2" if stated.startswith("2") else stated[:3]


_IGNORED: Final = ("x-speakeasy-ignore", "x-fern-ignore", "x-stainless-skip")


def operations(root: View) -> Iterator[RawOperation]:
    """Every operation under `paths`, in the document's order; those that it leaves out of SDKs are none."""
    return (found for found in _all_operations(root) if not any(found.node.flag(word) for word in _IGNORED))


def _all_operations(root: View) -> Iterator[RawOperation]:
    for path, element in root.child("paths").items():
        if path.startswith("x-"):
            continue
        try:
            item = element.resolved()
        except UnresolvableError:
            continue
        for word in item.fields:
            if word in METHODS or (word == "query" and version_of(root) == "3.2"):
                node = item.get(word)
                if node is not None:
                    yield RawOperation(root, word.upper(), path, item, node)
        for word, node in item.child("additionalOperations").items() if version_of(root) == "3.2" else ():
            yield RawOperation(root, word, path, item, node)
