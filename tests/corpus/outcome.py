"""What becomes of a round trip, and the errors that end one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Status: TypeAlias = Literal["passed", "failed", "untried"]

UNDESCRIBED: Final = "a property that is required and described nowhere"
"""The cause of a loss that a document brings upon itself: it requires what it does not describe."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an operation.

    Args:
        operation: method and path.
        status: `untried` where the document itself cannot be met.
        cause: the kind of failure, the same for all of its kind.
        detail: what was sent and what was expected.
        example: the status and the body of the answer, where one was given.
        notes: what was let go on the way.
    """

    operation: str
    status: Status
    cause: str = ""
    detail: str = ""
    example: str = ""
    notes: tuple[str, ...] = ()


class FailureError(Exception):
    """Something is not as the document says."""

    def __init__(self, cause: str, detail: str, example: str = "") -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail
        self.example = example


class UntriedError(Exception):
    """The document asks for what cannot be."""


def expect(problem: str, cause: str, where: str = "") -> None:
    """Fail where something was told.

    Args:
        problem: what is wrong; empty where nothing is.
        cause: the kind of failure.
        where: what it is about.

    Raises:
        FailureError: something was told.
    """
    if problem:
        raise FailureError(cause, f"{where}: {problem}" if where else problem)
