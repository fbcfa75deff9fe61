"""Retry-After in all its forms, read against the server's own clock (RFC 9110 section 10.2.3)."""

from __future__ import annotations

import datetime as dt
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


_DIGITS: Final = re.compile(r"\+?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_EXHAUSTED: Final = re.compile(r"(?:;\s*r\s*=\s*0\s*;\s*t|remaining\s*=\s*0\s*[,;]\s*reset)\s*=\s*([0-9]{1,9})")
"""A limit of which nothing remains, and the seconds until it is renewed."""
_A_MOMENT: Final = 1e9
"""A greater number is no wait, but a moment: Unix time in seconds, or in milliseconds."""
_FIELD: Final = re.compile(r"[A-Za-z]+, *[0-9][^,]*|[^,]+")
"""A field of several that were joined by commas; a date has one of its own."""


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a response asks to wait, the most of several fields; None where none can be read.

    Args:
        headers: the answer's headers, looked up without regard to case by the mapping.
        now: Unix time in seconds, used where the answer bears no `Date` of its own.
    """
    milliseconds = [_number(field) for field in (headers.get("retry-after-ms") or "").split(",")]
    known = [value / 1000 for value in milliseconds if value is not None]
    if not known:
        server_now = _timestamp(headers.get("date"))
        fields = _FIELD.findall(headers.get("retry-after") or "")
        waits = (_seconds(field, now if server_now is None else server_now) for field in fields)
        known = [wait for wait in waits if wait is not None]
    return max(known, default=None)


def retry_after_throttling(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds until a limit is renewed, for a response that is throttling and bears no Retry-After.

    Read are `RateLimit` in the forms of draft-ietf-httpapi-ratelimit-headers, and the fields of its earlier editions,
    with or without `X-`, which hold seconds or a moment. None where something remains, or nothing can be read.

    Args:
        headers: the answer's headers, by their names in lower case.
        now: Unix time in seconds, used where the answer bears no `Date` of its own.
    """
    waits = [float(seconds) for seconds in _EXHAUSTED.findall(headers.get("ratelimit", ""))]
    for prefix in ("ratelimit-", "x-ratelimit-", "x-rate-limit-"):
        remaining = _number(headers.get(f"{prefix}remaining", "0"))
        reset = _number(headers.get(f"{prefix}reset", ""))
        if not remaining and reset is not None:
            server_now = _timestamp(headers.get("date"))
            moment = now if server_now is None else server_now
            if reset > _A_MOMENT:
                reset = max(0.0, (reset / 1000 if reset > _A_MOMENT * 100 else reset) - moment)
            waits.append(reset)
    return max(waits, default=None)


def _seconds(field: str, now: float) -> float | None:
    """Return the seconds that one field asks for, as a number of them or a date; None where it is neither."""
    seconds = _number(field)
    if seconds is not None:
        return seconds
    until = _timestamp(field)
    return None if until is None else max(0.0, until - now)


def _number(text: str) -> float | None:
    """Read a number of seconds, infinite where it has more digits than a float can hold; None where it is none."""
    text = text.strip()
    value = float(text) if _DIGITS.fullmatch(text) else None
    return None if value == float("inf") and not text.isdigit() else value


def _timestamp(text: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(text) if text else None
    except (ValueError, TypeError, OverflowError):
        return None
    if moment is None:
        return None
    # `-0000` is UTC as well, though the library leaves the zone out (RFC 5322 section 3.3).
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)).timestamp()
