"""The limits of an attempt's steps as an HTTP library asks for them: cut to what is left of the call's deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from ..retry.loop import monotonic
from .sockets import SHORTEST, DeadlinePassedError, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..retry.wire import Limits, WireRequest


class Head(Struct, frozen=True):
    """What is known of a response whose headers have not all come.

    Args:
        status_code: its status.
        headers: none.
    """

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class CallersTimeouts(dict[str, float]):
    """The limits of each step for a client of the caller's own, cut to what is left of the deadline when it begins.

    httpcore asks for a limit as each step starts, so a slow first step leaves less to the next.
    """

    __slots__ = ("_until",)

    def __init__(self, limits: Limits) -> None:
        timeout = limits.timeout
        super().__init__(connect=timeout.connect, read=timeout.read, write=timeout.write, pool=timeout.pool)
        self._until = limits.until

    def lift(self) -> None:
        """Lift the call's deadline, which ends with the head of a stream; each read keeps its own limit."""
        self._until = float("inf")

    def get(self, key: str, default: object = None) -> float:  # noqa: ARG002
        return min(self[key], max(SHORTEST, self._until - monotonic()))

    def begun(self) -> Head | None:
        """Return None: nobody sees what a client of the caller's own has read of a response."""
        return None


class Steps(dict[str, float]):
    """The limits of each step for a client that the SDK made, whose connections keep the deadline by themselves.

    Args:
        limits: of the attempt.
        holds: whether a body that is at hand follows the head, so that both may leave together.
    """

    __slots__ = ("_read",)

    def __init__(self, limits: Limits, *, holds: bool) -> None:
        timeout, until = limits.timeout, limits.until
        self._read = Step.of(timeout.read, until)
        super().__init__(
            pool=min(timeout.pool, max(SHORTEST, until - monotonic())),
            connect=Step.of(timeout.connect, until),
            write=Step.of(timeout.write, until, holds=holds),
            read=self._read,
        )

    def lift(self) -> None:
        """Lift the call's deadline, which ends with the head of a stream; each read keeps its own limit."""
        self._read.until = float("inf")

    def begun(self) -> Head | None:
        """Return the response whose status line has come, though not all of its headers; None where none came."""
        status = self._read.status
        return None if status is None else Head(status)


def timeouts_for(
    request: WireRequest, limits: Limits, *, is_watched: bool, is_http2: bool = False
) -> Steps | CallersTimeouts:
    """Return the limits of an attempt.

    Args:
        request: what is sent.
        limits: of the attempt.
        is_watched: whether the connections keep the deadline by themselves.
        is_http2: whether requests may share a connection, where the head of one must not wait for its body.
    """
    if not is_watched:
        return CallersTimeouts(limits)
    return Steps(limits, holds=not is_http2 and isinstance(request.content, bytes) and request.content != b"")


def check_deadline(limits: Limits) -> None:
    """Check that the attempt may go on.

    Raises:
        DeadlinePassedError: its time is over.
    """
    if monotonic() > limits.until:
        raise DeadlinePassedError("the deadline passed while the answer was read")
