"""Redirects: those of the same origin that keep method and body are followed, within an attempt.

One to another origin is followed where the document gives it to a read: without credentials, and to no place that only
this machine or its network can reach.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from ..request.body import is_replayable
from ..retry.rules import Failed, Failure
from ..retry.wire import CutAnswer, NotFollowed, Result, WireRequest
from ..safety import SAFE_METHODS
from ..text import shown_url

MAX_REDIRECTS: Final = 5
_KEEP_METHOD: Final = frozenset({307, 308})
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HARMLESS: Final = frozenset({"accept", "accept-encoding", "accept-language", "range", "user-agent"})
"""Headers that say nothing of who asks."""


def redirected(request: WireRequest, result: Result, *, is_first: bool, may_leave: bool) -> WireRequest | Result:
    """Return the request to send after a redirect, or the result to report where none follows.

    Args:
        request: what was sent.
        result: what came of it.
        is_first: whether no redirect was followed before.
        may_leave: whether a request may go to another origin: not through a client that may add credentials of its own.
    """
    if isinstance(result, Failed):
        return result if is_first else _after_a_redirect(result)
    if result.status not in REDIRECTS:
        return result
    location = result.headers.get("location", "")
    target = _joined(request.url, location)
    keeps = result.status in _KEEP_METHOD or request.method in SAFE_METHODS
    if keeps and not location and isinstance(result, CutAnswer):
        return Failed(Failure.ANSWER_LOST, f"where status {result.status} points to was cut off", status=result.status)
    if may_leave and result.status in request.leads_away and _may_follow(request.url, target):
        headers = tuple(pair for pair in request.headers if pair[0].lower() in _HARMLESS)
        return WireRequest(request.method, target, headers, None, leads_away=request.leads_away)
    again = is_replayable(request.content)
    if not location or not keeps or not again or _origin(target) != _origin(request.url):
        why = "" if again else ", since the body cannot be sent again"
        where = shown_url(target) if location else "nowhere"
        detail = f"status {result.status} points to {where} and is not followed{why}"
        return NotFollowed(Failure.REDIRECTED, detail, status=result.status, location=target if location else None)
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


def _may_follow(url: str, target: str) -> bool:
    """Whether a read may go to another origin: over HTTP, no less safely, and not into this machine or its network."""
    try:
        here, there = urlsplit(url), urlsplit(target)
        is_other = _origin(url) != _origin(target)
        is_clean = there.username is None and there.password is None and there.port != 0
    except ValueError:
        return False
    if not is_other or not is_clean or there.scheme not in {"http", "https"} or not there.hostname:
        return False
    is_safe = there.scheme == "https" or here.scheme == "http"
    return is_safe and (_is_public(there.hostname) or not _is_public(here.hostname or ""))


def _is_public(host: str) -> bool:
    """Whether a host is none of this machine or its network, as far as its name says."""
    if host == "localhost" or host.endswith((".localhost", ".internal", ".local")):
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return True


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
