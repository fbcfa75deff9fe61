"""What goes over the wire and comes back, without any HTTP library."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from ..text import shown_headers, shown_url
from .rules import Failed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from ..request.body import Content
    from ..request.cookies import CookieStore
    from ..types import Timeout


class WireRequest(Struct, frozen=True):
    """A request as it goes over the wire, the same on every attempt.

    Args:
        method: the HTTP method.
        url: the whole URL, encoded.
        headers: names and values in order.
        content: the body; None where there is none.
        cookies: those that servers have set for the client; None where a request has none, as for a token.
        leads_away: the redirects to another origin that the document gives to a read.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    content: Content | None
    cookies: CookieStore | None = None
    leads_away: tuple[int, ...] = ()

    def __repr__(self) -> str:
        # Headers and query may hold credentials, and a repr ends up in logs.
        return f"WireRequest({self.method!r}, {shown_url(self.url)!r})"


class RawAnswer(Struct, frozen=True):
    """A complete answer.

    Args:
        status: the HTTP status.
        headers: the headers, looked up without regard to case.
        content: the body, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    def __repr__(self) -> str:
        # The body is the server's own words, and may repeat what it was sent.
        return f"{type(self).__name__}({self.status!r}, {shown_headers(self.headers)!r}, {len(self.content)} bytes)"


class CutAnswer(RawAnswer, frozen=True):
    """A refusal whose status came and whose body, or even headers, did not."""


class RaisedFailure(Failed, frozen=True):
    """An attempt that ended in an exception, with the exception; what is kept of it is the failure alone.

    Args:
        cause: the exception; None where its words may hold a credential.
    """

    cause: BaseException | None = None


class NotFollowed(Failed, frozen=True):
    """A redirect that is not followed, with where it points; what is kept of it is the failure alone.

    Args:
        location: the whole URL, with what may be a credential in it; None where there is none.
    """

    location: str | None = None


class StreamCutError(Exception):
    """An open answer broke off; who reads it turns this into an error for the caller, or into another attempt.

    Args:
        failed: what happened.
    """

    def __init__(self, failed: Failed) -> None:
        super().__init__(str(failed))
        self.failed = failed


class OpenAnswer(RawAnswer, frozen=True):
    """A success whose body is still to be read, piece by piece.

    Args:
        chunks: the pieces, decompressed, as they come; raises `StreamCutError` where it is cut. Who drops them gives
            up the rest.
        close: gives up the rest.
    """

    chunks: Iterator[bytes]
    close: Callable[[], None]


class AsyncOpenAnswer(RawAnswer, frozen=True):
    """Like `OpenAnswer`, for an event loop.

    Args:
        read: the next piece, None at the end; raises `StreamCutError` where it is cut.
        close: gives up the rest.
    """

    read: Callable[[], Awaitable[bytes | None]]
    close: Callable[[], Awaitable[None]]


Result: TypeAlias = RawAnswer | Failed


class Limits(Struct, frozen=True):
    """The limits on one attempt.

    Args:
        timeout: per step of the attempt, already cut to what is left of the deadline.
        until: the value of `time.monotonic()` at which the attempt ends.
        max_bytes: the number of bytes of a body, decompressed, above which it is not read into memory.
        call_until: the value of `time.monotonic()` at which the whole call ends; None where the attempt ends with it.
    """

    timeout: Timeout
    until: float
    max_bytes: float = float("inf")
    call_until: float | None = None

    @property
    def ends(self) -> float:
        """The value of `time.monotonic()` at which the whole call ends."""
        return self.until if self.call_until is None else self.call_until
