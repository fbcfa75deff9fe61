"""What goes over the wire and comes back, without any HTTP library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ._policy import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._body import Content
    from ._types import Timeout


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request as it goes over the wire, the same on every attempt.

    Args:
        method: the HTTP method.
        url: the whole URL, encoded.
        headers: names and values in order.
        content: the body; None where there is none.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    content: Content | None

    def __repr__(self) -> str:
        # Headers and query may hold credentials, and a repr ends up in logs.
        return f"WireRequest({self.method!r}, {self.url.partition('?')[0]!r})"


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """A complete answer.

    Args:
        status: the HTTP status.
        headers: the headers, looked up without regard to case.
        content: the body, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes


Result: TypeAlias = RawAnswer | Failed


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits on one attempt.

    Args:
        timeout: per step of the attempt, already cut to what is left of the deadline.
        until: the value of `time.monotonic()` at which the whole call ends.
    """

    timeout: Timeout
    until: float
