"""Redirects: those of the same origin that keep method and body are followed, within an attempt."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from ..request.body import is_replayable
from ..retry.rules import Failed, Failure
from ..retry.wire import CutAnswer, Result, WireRequest
from ..safety import SAFE_METHODS
from ..text import shown_url

MAX_REDIRECTS: Final = 5
_KEEP_METHOD: Final = frozenset({307, 308})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def redirected(request: WireRequest, result: Result, *, is_first: bool) -> WireRequest | Result:
    """Return the request to send after a redirect, or the result to report where none follows."""
    if isinstance(result, Failed):
        return result if is_first else _after_a_redirect(result)
    if result.status not in _REDIRECTS:
        return result
    location = result.headers.get("location", "")
    target = _joined(request.url, location)
    keeps = result.status in _KEEP_METHOD or request.method in SAFE_METHODS
    if keeps and not location and isinstance(result, CutAnswer):
        return Failed(Failure.ANSWER_LOST, f"where status {result.status} points to was cut off", status=result.status)
    again = is_replayable(request.content)
    if not location or not keeps or not again or _origin(target) != _origin(request.url):
        why = "" if again else ", since the body cannot be sent again"
        where = shown_url(target) if location else "nowhere"
        detail = f"status {result.status} points to {where} and is not followed{why}"
        return Failed(Failure.REDIRECTED, detail, status=result.status)
    return replace(request, url=target)


_AFTER_A_REDIRECT: Final = {
    Failure.UNREACHABLE: Failure.ANSWER_LOST,
    Failure.STREAM_REFUSED: Failure.ANSWER_LOST,
    Failure.UNSENDABLE: Failure.REDIRECTED,
}


def _after_a_redirect(failed: Failed) -> Failed:
    """Adapt the failure of a request after a redirect: that it was not sent says nothing of the first request."""
    kind = _AFTER_A_REDIRECT.get(failed.failure, failed.failure)
    return failed if kind is failed.failure else Failed(kind, failed.detail, timeout=failed.timeout)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        # No URL, so of no origin; it is told as it came.
        return location


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        # No URL, so no origin that anything could share.
        return url, None, None
