"""What becomes of a round trip, and the errors that end one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Status: TypeAlias = Literal["passed", "failed", "untried"]
Fault: TypeAlias = Literal["ours", "document", "harness"]
"""Whose fault it is that an operation did not pass."""

UNDESCRIBED: Final = "a property that is required and described nowhere"
"""The cause of a loss that a document brings upon itself: it requires what it does not describe."""


OVERDUE: Final = "no end within the limit of an operation"
FAILED_ITSELF: Final = "the harness failed"
KNOWN_FAULTS: Final[Mapping[str, tuple[Fault, str]]] = {
    "is not a valid regular expression": ("document", "a pattern with flags, which ECMA-262 has not"),
    "leads nowhere": ("document", "a reference that leads nowhere"),
    "cannot be read": ("document", "a reference to a file that is not there"),
    "is not on this machine": ("document", "a reference to another machine"),
    "no value for the answer: Additional properties are not allowed": ("document", "a closed schema beside others"),
    "$ref is listed, and kept as if not": ("document", "a reference among properties, which JSON Schema knows not"),
    FAILED_ITSELF: ("harness", "a defect of the harness"),
    OVERDUE: ("harness", "a judge that finds no end"),
}
"""What is no fault of an SDK, by words of cause or detail: whose it is, and its name."""


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

    @property
    def fault(self) -> tuple[Fault, str]:
        """Whose fault it is that the operation did not pass, and its name; ours where nothing excuses it."""
        said = f"{self.cause}: {self.detail}"
        # An error of the SDK is ours whatever its words are.
        known = () if "raised" in self.cause else KNOWN_FAULTS.items()
        return next((fault for words, fault in known if words in said), ("ours", self.cause))


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
