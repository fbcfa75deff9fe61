"""Statuses of answers: how they are written, and which of them are successes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from samekey.ir import Default, Range, StatusCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.ir import Operation, Response, Status

_CODE: Final = re.compile(r"[1-5][0-9][0-9]")
_BODILESS: Final = (StatusCode(204), StatusCode(205))
_RANGE: Final = re.compile(r"([1-5])[xX][xX]")


def status_of(key: str) -> Status | None:
    """Return the status that a document spells; None where it is not a status."""
    if _CODE.fullmatch(key):
        return StatusCode(int(key))
    if match := _RANGE.fullmatch(key):
        return Range(int(match[1]))
    return Default() if key.lower() == "default" else None


def succeeds(status: Status) -> bool:
    """Whether a status is one of success: a code of 2xx, or that range."""
    return (isinstance(status, StatusCode) and 200 <= status.value < 300) or status == Range(2)  # noqa: PLR2004


def successes(responses: Sequence[Response]) -> list[Response]:
    """Return the responses of a call that succeeds: under 2xx, else the default one (OpenAPI 3.1 section 4.8.16)."""
    listed = [response for response in responses if succeeds(response.status)]
    return listed or [response for response in responses if response.status == Default()]


def may_have_body(operation: Operation) -> bool:
    """Whether a success can have a body: not behind HEAD, 204 and 205 (RFC 9110 sections 9.3.2 and 15.3)."""
    answers = successes(operation.responses)
    return operation.method != "HEAD" and (not answers or any(answer.status not in _BODILESS for answer in answers))
