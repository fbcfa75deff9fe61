"""How classes and tables of the runtime are declared: public names, and tables that are closed."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

Member = TypeVar("Member", bound=Enum)
Row = TypeVar("Row")
Kind = TypeVar("Kind", bound=type)


def table(kind: type[Member], rows: Mapping[Member, Row]) -> Mapping[Member, Row]:
    """Check a table that has a row for every member of an enum, and return it.

    Type checkers ask this of a `match`, and not of a dict.

    Args:
        kind: the enum.
        rows: the rows by its members.

    Raises:
        LookupError: a member has no row.
    """
    missing = [member for member in kind if member not in rows]
    if missing:
        raise LookupError(f"no row for {', '.join(map(str, missing))}")
    return rows


def public(kind: Kind) -> Kind:
    """Name the SDK's package as the home of a class, so that pickles and traces name no module of the runtime."""
    kind.__module__ = kind.__module__.partition("._runtime")[0]
    return kind
