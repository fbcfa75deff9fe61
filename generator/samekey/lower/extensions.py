"""What other generators' extensions say of keys and retries: `x-fern-*` and `x-speakeasy-retries`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from samekey_templates.runtime.safety import Evidence

from samekey.config.retry import RetryHint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samekey.config.dialect import Dialect
    from samekey.document.node import Node

INTERNAL: Final = "x-internal"
"""Marks what is not for the public: an operation, a path, a parameter, a property or a webhook."""
FERN_IDEMPOTENT: Final = "x-fern-idempotent"
_FERN_HEADERS: Final = "x-fern-idempotency-headers"
_FERN_RETRIES: Final = "x-fern-retries"
_SPEAKEASY_RETRIES: Final = "x-speakeasy-retries"
_RETRYABLE: Final = (408, 425, 429, 500, 502, 503, 504, 529)
_MILLISECONDS: Final = 1000.0


def fern_profile(root: Node, base: Dialect) -> Dialect:
    """Return the base profile with the header that `x-fern-idempotency-headers` names, if it names one."""
    for element in root.elements(_FERN_HEADERS) if root.get(_FERN_HEADERS) else ():
        name = element.text("header") if isinstance(element.value, dict) else ""
        if "idempot" in name.lower() or "key" in name.lower():
            return replace(base, name=name)
    return base


def honours_key(node: Node, *, marked: bool, profile: Dialect) -> Dialect:
    """Return an operation's profile in a document that marks with `x-fern-idempotent` which operations honour keys.

    A mark of an overlay is not the document's.

    Args:
        node: the operation.
        marked: whether any operation of the document is marked.
        profile: what holds otherwise.
    """
    mark = node.get(FERN_IDEMPOTENT)
    if mark is None or not node.flag(FERN_IDEMPOTENT):
        return replace(profile, methods=()) if marked else profile
    if profile.honoured is not None:
        return profile
    return replace(profile, honoured=Evidence.CONFIGURED if mark.is_overlaid else Evidence.DECLARED)


def retry_hint(node: Node) -> RetryHint | None:
    """Return how an operation, or the whole document, wants to be retried; None where it does not say."""
    fern = node.get(_FERN_RETRIES)
    if fern is not None and fern.flag("disabled"):
        return RetryHint(max_retries=0)
    speakeasy = node.get(_SPEAKEASY_RETRIES)
    if speakeasy is None or not isinstance(speakeasy.value, dict):
        return None
    if speakeasy.text("strategy") == "none":
        return RetryHint(max_retries=0)
    backoff = speakeasy.get("backoff")
    if backoff is None:
        return None
    return RetryHint(
        initial_delay=_seconds(backoff, "initialInterval"),
        max_delay=_seconds(backoff, "maxInterval"),
        deadline=_seconds(backoff, "maxElapsedTime"),
        statuses=tuple(_statuses(speakeasy)),
    )


def _seconds(node: Node, key: str) -> float | None:
    entry = node.get(key)
    value = entry.value if entry is not None else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        return None
    return value / _MILLISECONDS


def _statuses(node: Node) -> Iterable[int]:
    """Yield the listed statuses that may be retried at all; `5XX` stands for all of its range."""
    listed = node.get("statusCodes")
    if listed is None:
        return
    texts = {str(element.value).upper() for element in listed.elements()}
    for status in _RETRYABLE:
        if str(status) in texts or f"{status // 100}XX" in texts:
            yield status
