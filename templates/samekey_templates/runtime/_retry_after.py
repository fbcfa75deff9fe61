"""Retry-After in all its forms, read against the server's own clock (RFC 9110 section 10.2.3)."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that an answer asks to wait; None where it asks for nothing that can be read.

    Args:
        headers: the answer's headers, looked up without regard to case by the mapping.
        now: Unix time in seconds, used where the answer bears no `Date` of its own.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    until = _timestamp(value)
    if until is None:
        return None
    server_now = _timestamp(headers.get("date"))
    return max(0.0, until - (now if server_now is None else server_now))


def _number(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text.strip())
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _timestamp(text: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(text) if text else None
    except (ValueError, TypeError, OverflowError):
        return None
    if moment is None:
        return None
    # `-0000` is UTC as well, though the library leaves the zone out (RFC 5322 section 3.3).
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)).timestamp()
