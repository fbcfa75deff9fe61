"""Parameters that a client was given, for the calls that do not say them."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Final, TypeVar

from ..types import OMIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..call import Call

T = TypeVar("T")
_PLACES: Final = {"path": "path", "query": "query", "header": "headers", "cookie": "cookies"}
"""Where a call holds the parameters of each location."""


def with_parameters(call: Call[T], parameters: Mapping[tuple[str, str], object]) -> Call[T]:
    """Return a call with a client's parameters in the places for which the call was given nothing.

    Args:
        call: the call; what it takes stands in it, as `OMIT` where it was left out.
        parameters: the client's, by location and name on the wire.
    """
    filled = copy(call)
    for (location, name), value in parameters.items():
        given: Mapping[str, object] = getattr(filled, _PLACES[location]) or {}
        if given.get(name) is OMIT:
            setattr(filled, _PLACES[location], {**given, name: value})
    return filled
