"""The API's dialect of idempotency, as data (RETRIES.md section 2), and how an answer reads in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from ._keys import KeyFormat
from ._policy import Answered
from ._retry_after import retry_after
from ._types import is_fields, is_items

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODE_FIELDS = ("code", "type", "name", "error", "errorCode", "error_code")
_WRAPPERS = ("error", "errors")
_YES = frozenset({"true", "1", "?1"})
_NO = frozenset({"", "false", "0", "?0"})


class Signal(Struct, frozen=True):
    """How the server says something: a status, and where the status is ambiguous a code in the body.

    Args:
        status: the HTTP status.
        code: the value of the body's `code`, `type` or `name`, at the top or under `error`; empty for any.
    """

    status: int
    code: str = ""


class Profile(Struct, frozen=True):
    """How an API takes idempotency keys and what it says about them.

    Args:
        carrier: where the key travels.
        name: the name of the header, body field or query parameter.
        format: what a key looks like.
        quoted: send a header key as a string of RFC 8941 section 3.3.3.
        ttl: seconds for which the server remembers a key.
        in_flight: how it says that the first request is still running.
        mismatch: how it says that the key came back with another payload.
        replayed: headers that mark a stored answer.
        should_retry: headers with the server's own word on retrying.
        first_sent: the header that carries the date of the call's first attempt; empty where there is none.
    """

    carrier: Literal["header", "body", "query"] = "header"
    name: str = "Idempotency-Key"
    format: KeyFormat = field(default_factory=KeyFormat)
    quoted: bool = False
    ttl: float = 86_400.0
    in_flight: tuple[Signal, ...] = (Signal(409),)
    mismatch: tuple[Signal, ...] = (Signal(422),)
    replayed: tuple[str, ...] = ("Idempotent-Replayed", "Idempotency-Replayed")
    should_retry: tuple[str, ...] = ("X-Should-Retry",)
    first_sent: str = ""


def is_replayed(profile: Profile, headers: Mapping[str, str]) -> bool:
    """Whether an answer bears the marker of a stored one."""
    return any(name in headers and headers[name].strip().lower() not in _NO for name in profile.replayed)


def read_answer(  # noqa: PLR0913  # all that the law looks at
    profile: Profile,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    may_run: bool,
    resumed: bool,
    now: float,
    at: float = 0.0,
    complete: bool = True,
) -> Answered:
    """Reduce an answer to what the law looks at.

    Args:
        profile: the API's dialect.
        status: the HTTP status.
        headers: the answer's headers, looked up without regard to case.
        body: the answer's body, decompressed.
        may_run: whether the key was sent before, so the server may still be working on it.
        resumed: whether the caller brought the key, so it may have been used for another payload.
        now: Unix time in seconds.
        at: seconds since the call began.
        complete: whether the body came; a code that was cut off may have been any.
    """
    if status < 300:  # noqa: PLR2004  # the common case: nothing to read but the replay marker
        return Answered(status, at, replayed=is_replayed(profile, headers))
    # Looked up many times, and a mapping without regard to case takes its time over each.
    lower = {name.lower(): value for name, value in headers.items()}
    running = [signal for signal in profile.in_flight if signal.status == status]
    other = [signal for signal in profile.mismatch if signal.status == status]
    codes = None
    if complete and (running or other):
        codes = _codes(body) if any(signal.code for signal in (*running, *other)) else frozenset[str]()
    replayed = any(
        name in lower and lower[name].strip().lower() not in _NO for name in map(str.lower, profile.replayed)
    )
    # A stored answer is the word of a request that has ended, whatever its status is used for otherwise. And a fresh
    # random key cannot collide with itself, so a bare status says nothing on a first attempt.
    return Answered(
        status,
        at,
        retry_after=retry_after(lower, now),
        in_flight=bool(running) and not replayed and _matches(running, codes, status_suffices=may_run),
        mismatch=bool(other) and not replayed and _matches(other, codes, status_suffices=resumed),
        replayed=replayed,
        should_retry=_should_retry(profile, lower),
    )


def _matches(signals: list[Signal], codes: frozenset[str] | None, *, status_suffices: bool) -> bool:
    """Whether an answer is what one of the signals with its status stands for; None for codes that were cut off."""
    return any(status_suffices if codes is None or not signal.code else signal.code in codes for signal in signals)


def _should_retry(profile: Profile, headers: Mapping[str, str]) -> bool | None:
    for name in profile.should_retry:
        word = headers.get(name.lower())
        if word is None:
            continue
        word = word.strip().lower()
        if word in _YES:
            return True
        if word in _NO and word:
            return False
    return None


def _codes(body: bytes) -> frozenset[str]:
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        return frozenset()
    levels: list[Any] = [document]
    if is_fields(document):
        levels += [document.get(name) for name in _WRAPPERS]
    found: set[str] = set()
    for level in levels:
        entries: list[Any] = level if is_items(level) else [level]
        for entry in entries:
            if is_fields(entry):
                values: list[Any] = [entry.get(name) for name in _CODE_FIELDS]
                found.update(str(value) for value in values if isinstance(value, (str, int)))
    return frozenset(found)
