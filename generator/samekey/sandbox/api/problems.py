"""Errors as problem details: RFC 9457."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from samekey.sandbox.api.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.sandbox.api.complaints import Complaint


def problem(
    status: int, code: str, detail: str, complaints: Sequence[Complaint] = (), headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """Make an error response, as problem details (RFC 9457).

    Args:
        status: the HTTP status.
        code: what happened, for programs.
        detail: what happened, for people.
        complaints: what is wrong with the request, one by one.
        headers: more headers.
    """
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    if complaints:
        body["errors"] = [{"where": complaint.where, "message": complaint.message} for complaint in complaints]
    return Answer(status, (("Content-Type", "application/problem+json"), *headers), json.dumps(body).encode())
