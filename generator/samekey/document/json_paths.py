"""JSONPaths (RFC 9535) looked up in bounded time, patterns in their filters too."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final, cast

from jsonpath import JSONPathEnvironment, JSONPathError
from jsonpath.function_extensions import ExpressionType, FilterFunction, Match

if TYPE_CHECKING:
    import regex

    from samekey.document.values import JsonValue

_SECONDS: Final = 5.0
"""How long one path may be looked up. `$..[?search(@.name, '(a|a)+b')]` takes years for forty letters.

The library matches by `regex` where it is installed, and that can be timed."""


class PathError(Exception):
    """A path that is no JSONPath; the text says why."""


class LookupFailedError(Exception):
    """A path that cannot be looked up in a document; the text says why."""


def values_at(path: str, root: JsonValue) -> list[tuple[str | int, ...]]:
    """Return the keys and indexes on the way to each value that a JSONPath selects.

    Raises:
        PathError: it is no JSONPath.
        LookupFailedError: its filters do not fit the document, or take too long.
    """
    deadline = monotonic() + _SECONDS
    environment = JSONPathEnvironment(strict=True)
    environment.function_extensions["match"] = _PatternFunction(deadline, is_whole=True)
    environment.function_extensions["search"] = _PatternFunction(deadline, is_whole=False)
    try:
        compiled = environment.compile(path)
    except JSONPathError as error:
        raise PathError(_reason(error)) from error
    found: list[tuple[str | int, ...]] = []
    try:
        for match in compiled.finditer(root):
            _left(deadline)
            found.append(tuple(match.parts))
    except JSONPathError as error:
        raise LookupFailedError(_reason(error)) from error
    return found


class _PatternFunction(FilterFunction):
    """The function `match` or `search` of RFC 9535 (sections 2.4.6 and 2.4.7), ended at a deadline.

    Args:
        deadline: when it is too late to look at another text, by the monotonic clock.
        is_whole: whether a pattern must match the whole text, as `match` asks for.
    """

    def __init__(self, deadline: float, *, is_whole: bool) -> None:
        self._deadline = deadline
        self._is_whole = is_whole
        self._patterns = Match()

    @property
    def arg_types(self) -> list[ExpressionType]:
        return [ExpressionType.VALUE, ExpressionType.VALUE]

    @property
    def return_type(self) -> ExpressionType:
        return ExpressionType.LOGICAL

    def __call__(self, value: object, pattern: object) -> bool:
        if not isinstance(value, str) or not isinstance(pattern, str):
            return False
        compiled = cast("regex.Pattern[str] | None", self._patterns.check_cache(pattern))
        if compiled is None:
            return False
        look = compiled.fullmatch if self._is_whole else compiled.search
        try:
            return look(value, timeout=_left(self._deadline)) is not None
        except TimeoutError as error:
            raise _too_long() from error


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise _too_long()
    return left


def _too_long() -> JSONPathError:
    return JSONPathError(f"it takes more than {_SECONDS:g} seconds", token=None)


def _reason(error: JSONPathError) -> str:
    """Return a JSONPath error's own words; its `str` would draw an excerpt, which not every path allows."""
    return str(error.args[0]) if error.args else "it cannot be read"
