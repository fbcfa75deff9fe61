"""One name for each of many things that want one: who had a name keeps it, and numbers come last."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Key = TypeVar("Key")


def fold(name: str) -> str:
    """Return the form that two names share if a file system, or a reader, may take them for one."""
    return name.casefold()


def resolve(
    proposals: Mapping[Key, Iterable[str]], taken: Iterable[str] = (), kept: Mapping[Key, str] | None = None
) -> dict[Key, str]:
    """Return one name for each key: the one it had, else its first proposal that is free, else one with a number.

    Args:
        proposals: candidates by key, the best first; earlier keys choose first.
        taken: names that are not to be had. Names that differ only by case count as equal.
        kept: names by key that come before all proposals, unless they are taken.
    """
    used = {fold(entry) for entry in taken}
    found: dict[Key, str] = {}
    for key, name in (kept or {}).items():
        if key in proposals and fold(name) not in used:
            found[key] = name
            used.add(fold(name))
    for key, candidates in proposals.items():
        if key not in found:
            found[key] = next(name for name in _endless(candidates) if fold(name) not in used)
            used.add(fold(found[key]))
    return {key: found[key] for key in proposals}


def _endless(candidates: Iterable[str]) -> Iterator[str]:
    """Yield the candidates, then the first of them with numbers, without end."""
    listed = list(candidates)
    yield from listed
    first = listed[0].rstrip("_")
    separator = "_" if first == first.lower() else ""
    yield from (f"{first}{separator}{number}" for number in itertools.count(2))
