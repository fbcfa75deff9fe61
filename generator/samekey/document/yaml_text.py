"""Texts in YAML, and where the values of a text stand.

Values are built from the events of PyYAML's C parser: no `NO` that is False, no dates, string keys.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import yaml

from samekey.document.pointers import index_of, tokens
from samekey.document.values import TOO_DEEP, Duplicate, Parsed, SyntaxProblem, integer, real, spelling
from samekey.gc_pause import paused

if TYPE_CHECKING:
    from collections.abc import Callable

    from samekey.document.values import JsonValue

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_TAG = "tag:yaml.org,2002:"
_MERGE = "<<"
_ONLY_IN_JSON = re.compile("[\t\x85\u2028\u2029]")
_SURROGATE = re.compile(r"\\u[dD]([89a-fA-F][0-9a-fA-F]{2})")


def json_as_yaml(text: str) -> str:
    """Return JSON in characters that YAML allows too, each at its old index; for positions, not for values.

    YAML forbids indenting by tabs, takes other characters for line ends, and knows no halves of surrogate pairs.
    """
    return _SURROGATE.sub(r"\\ue\1", _ONLY_IN_JSON.sub(" ", text))


def compose(text: str) -> yaml.Node | None:
    """Return the tree of a text in YAML or JSON, with positions; None where the text is empty or broken."""
    try:
        # The tags of values tell nothing of their places, and to resolve them takes half of the time.
        return yaml.compose(json_as_yaml(text), Loader=yaml.CBaseLoader)
    except yaml.YAMLError:
        return None


def parse_yaml(text: str) -> Parsed | SyntaxProblem:
    """Return the value of a text in YAML, or the syntax problem in it."""
    try:
        with paused():
            return _YamlBuilder(text).document()
    except yaml.MarkedYAMLError as error:
        if "nesting depth" in str(error.problem):
            # PyYAML counts from 6.0.4 on; to users it is the same as below.
            return TOO_DEEP
        mark = error.problem_mark or error.context_mark
        return SyntaxProblem(str(error.problem or error.context or error), mark.index if mark is not None else 0)
    except yaml.reader.ReaderError as error:
        # Its position counts the bytes of UTF-8.
        index = len(text.encode()[: error.position].decode("utf-8", "ignore"))
        return SyntaxProblem(str(error.reason), index)
    except RecursionError:
        return TOO_DEEP


class _YamlBuilder:
    """Builds plain values from parser events with JSON's scalars and string keys only (YAML 1.2 section 10.2)."""

    def __init__(self, text: str) -> None:
        # A text may hold characters that only JSON escapes can spell in YAML; the parser reports them.
        parser = yaml.CBaseLoader(text)
        self._next: Callable[[], Any] = parser.get_event
        self._anchors: dict[str, JsonValue] = {}
        self._duplicates: list[Duplicate] = []

    def document(self) -> Parsed:
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return Parsed(None)
        value = self._value(self._next())
        self._next()
        following = self._next()
        if not isinstance(following, yaml.StreamEndEvent):
            raise yaml.MarkedYAMLError(
                problem="a second document starts here; give one document a file", problem_mark=following.start_mark
            )
        return Parsed(value, tuple(self._duplicates))

    def _value(self, event: Any) -> JsonValue:  # noqa: ANN401  # PyYAML's events are untyped
        kind = cast("object", type(event))
        if kind is yaml.ScalarEvent:
            value = _scalar(event)
            if event.anchor:
                self._anchors[event.anchor] = value
            return value
        if kind is yaml.MappingStartEvent:
            return self._mapping(event)
        if kind is yaml.SequenceStartEvent:
            return self._sequence(event)
        return self._alias(event)

    def _alias(self, event: Any) -> JsonValue:  # noqa: ANN401
        if event.anchor not in self._anchors:
            raise yaml.MarkedYAMLError(
                problem=f"the alias *{event.anchor} has no anchor before it, or stands inside it",
                problem_mark=event.start_mark,
            )
        return self._anchors[event.anchor]

    def _sequence(self, start: Any) -> JsonValue:  # noqa: ANN401
        result: list[JsonValue] = []
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            result.append(self._value(event))
        if start.anchor:
            self._anchors[start.anchor] = result
        return result

    def _mapping(self, start: Any) -> JsonValue:  # noqa: ANN401
        result: dict[str, JsonValue] = {}
        merges: list[JsonValue] = []
        while type(event := self._next()) is not yaml.MappingEndEvent:
            kind = cast("object", type(event))
            is_simple = kind is yaml.ScalarEvent and event.anchor is None
            key: str = event.value if is_simple else self._key(event)
            value = self._value(self._next())
            if key == _MERGE and is_simple and event.implicit[0]:
                merges.extend(value if isinstance(value, list) else [value])
                continue
            if key in result:
                self._duplicates.append(Duplicate(key, event.start_mark.index))
            result[key] = value
        for merge in merges:
            if isinstance(merge, dict):
                result = {**merge, **result}
        if start.anchor:
            self._anchors[start.anchor] = result
        return result

    def _key(self, event: Any) -> str:  # noqa: ANN401
        """Return the text of an anchored key or an alias; raise for a key that is not a scalar (OpenAPI forbids it)."""
        kind = cast("object", type(event))
        if kind is yaml.ScalarEvent:
            self._anchors[event.anchor] = _scalar(event)
            return str(event.value)
        key = spelling(self._alias(event)) if kind is yaml.AliasEvent else None
        if key is None:
            raise yaml.MarkedYAMLError(
                problem="a key is a word or a number, not a mapping or a sequence", problem_mark=event.start_mark
            )
        return key


def _scalar(event: Any) -> JsonValue:  # noqa: ANN401
    text: str = event.value
    if event.tag is not None:
        return _tagged(text, event.tag)
    return _plain(text) if event.implicit[0] else text


def _tagged(text: str, tag: str) -> JsonValue:
    if tag.startswith(_TAG) and tag.removeprefix(_TAG) in {"int", "float", "bool", "null"}:
        return _plain(text)
    return text


def _plain(text: str) -> JsonValue:
    first = text[:1]
    if first.isdigit() or first in "-+.":
        if _INTEGER.fullmatch(text):
            return integer(text)
        if first and _FLOAT.fullmatch(text):
            return real(text)
    if text in _NULLS:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    return text


def position(tree: yaml.Node | None, pointer: str) -> tuple[int, int]:
    """Return the line and column of a JSON pointer, or of its nearest existing parent, both counted from 1.

    Args:
        tree: what `compose` made of the text.
        pointer: the pointer.
    """
    node = tree
    mark = node.start_mark if node is not None else None
    for token in tokens(pointer):
        if isinstance(node, yaml.MappingNode):
            # The last of several equal keys is the one that counts.
            found = next(((k, v) for k, v in reversed(node.value) if k.value == token), None)
            if found is None:
                break
            mark, node = found[0].start_mark, found[1]
        elif isinstance(node, yaml.SequenceNode) and (index := index_of(token, len(node.value))) is not None:
            node = node.value[index]
            mark = node.start_mark
        else:
            break
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
