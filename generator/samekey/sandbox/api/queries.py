"""Which resources of a list a query asks for, and in which order: by parameters that name properties of theirs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from samekey.document.values import JsonValue
    from samekey.sandbox.api.request import ReceivedRequest
    from samekey.sandbox.storage.resource_store import ResourceRow

_BOUND: Final = re.compile(
    r"(?P<name>.+?)(?:\[(?P<least>gte?|after|since|from|min)\]|\[(?P<most>lte?|before|until|to|max)\]"
    r"|[_-]?(?P<as_least>gte?|after|since|from|min)|[_-]?(?P<as_most>lte?|before|until|to|max))",
    re.IGNORECASE,
)
_SORTS: Final = frozenset({"sort", "sortby", "orderby", "order", "ordering", "sortfield", "sortkey"})
_DIRECTIONS: Final = frozenset({"order", "direction", "sortorder", "sortdirection", "orderdirection", "dir"})
_DOWN: Final = frozenset({"desc", "descending"})
_UP: Final = frozenset({"asc", "ascending"})


def asked_for(
    rows: Sequence[ResourceRow], properties: Iterable[str], declared: frozenset[str], request: ReceivedRequest
) -> list[ResourceRow]:
    """Return the resources that a query asks for, in its order.

    Args:
        rows: all of them, newest first.
        properties: the properties that they may have.
        declared: the query parameters of the operation; others are no business of its.
        request: the request.
    """
    names = {_plain(name): name for name in properties}
    fields = [(name, text) for name, text in request.fields if name.partition("[")[0] in declared and text]
    found = [row for row in rows if all(test(row.state) for test in _tests(fields, names))]
    for name, down in reversed(list(_orders(fields, names))):
        found.sort(key=_by(name), reverse=down)
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _tests(fields: Sequence[tuple[str, str]], names: dict[str, str]) -> list[_Test]:
    equal: dict[str, set[str]] = {}
    tests: list[_Test] = []
    for name, text in fields:
        if _plain(name) in names:
            equal.setdefault(names[_plain(name)], set()).update([text, *text.split(",")])
        elif (bound := _BOUND.fullmatch(name)) is not None and (of := _bounded(bound["name"], names)) is not None:
            tests.append(_Bound(of, text, is_least=bool(bound["least"] or bound["as_least"])))
    return [*tests, *(_Equal(name, frozenset(texts)) for name, texts in equal.items())]


def _bounded(name: str, names: dict[str, str]) -> str | None:
    """Return the property that a bound is about: `created_after` means `created_at` as well."""
    return names.get(_plain(name)) or names.get(f"{_plain(name)}at") or names.get(f"{_plain(name)}on")


class _Equal:
    """Whether a property has one of some values."""

    def __init__(self, name: str, texts: frozenset[str]) -> None:
        self._name = name
        self._texts = texts

    def __call__(self, state: dict[str, JsonValue]) -> bool:
        """Return it for the state of a resource."""
        return _spelled(state.get(self._name)) in self._texts


class _Bound:
    """Whether a property is at least, or at most, so large or late."""

    def __init__(self, name: str, text: str, *, is_least: bool) -> None:
        self._name = name
        self._text = text
        self._is_least = is_least

    def __call__(self, state: dict[str, JsonValue]) -> bool:
        """Return it for the state of a resource; what cannot be compared is no answer."""
        value = state.get(self._name)
        if isinstance(value, str):
            return value >= self._text if self._is_least else value <= self._text
        if isinstance(value, int | float) and (limit := _number(self._text)) is not None:
            return value >= limit if self._is_least else value <= limit
        return False


_Test = _Equal | _Bound


def _orders(fields: Sequence[tuple[str, str]], names: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """Yield the properties to sort by, the most important first, and whether the largest comes first."""
    said = [text.lower() for name, text in fields if _plain(name) in _DIRECTIONS]
    down_for_all = any(text in _DOWN for text in said)
    for name, text in fields:
        for part in text.split(",") if _plain(name) in _SORTS else ():
            word, _, direction = re.sub(r"[:.\s]+", " ", part.strip().lstrip("+-")).partition(" ")
            if _plain(word) in names and word.lower() not in _UP | _DOWN:
                yield names[_plain(word)], part.strip().startswith("-") or direction.lower() in _DOWN or down_for_all


def _by(name: str) -> Callable[[ResourceRow], tuple[int, float, str]]:
    return lambda row: _rank(row.state.get(name))


def _rank(value: JsonValue) -> tuple[int, float, str]:
    """Return a key by which values of any kind can be sorted: what is missing first, then numbers, then texts."""
    if isinstance(value, bool | int | float):
        return (1, float(value), "")
    return (0, 0.0, "") if value is None else (2, 0.0, str(value))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _spelled(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
