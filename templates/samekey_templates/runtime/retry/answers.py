"""How an answer reads in the API's dialect of idempotency: reduced to what the rules of retrying look at."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from ..types import is_fields, is_items
from .retry_after import retry_after, retry_after_throttling
from .rules import Answered, Failed, Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .dialect import AnswerSign, Profile, Signal
    from .rules import Outcome
    from .wire import RawAnswer

_CODE_FIELDS = ("code", "type", "name", "error", "errorCode", "error_code")
_WRAPPERS = ("error", "errors")
_IN_FLIGHT_STATUS: Final = 409
_MISMATCH_STATUS: Final = 422
_RUNS: Final = r"(?:in[ _-]?progress|being processed|concurrent)"
_WHAT: Final = r"(?:requests?|operation|call|key|transaction)"
_RUNNING: Final = re.compile(
    rf"{_WHAT}.{{0,80}}{_RUNS}|{_RUNS}.{{0,80}}{_WHAT}|still (?:running|processing)|in[ _-]?flight"
    r"|^[\w-]*in[_-]?progress$",
    re.IGNORECASE | re.MULTILINE,
)
"""That a request runs, and not a campaign or an order; or a code that says so."""
_ABOUT_KEYS: Final = re.compile(r"idempot", re.IGNORECASE)
_OTHER_PAYLOAD: Final = re.compile(
    r"mismatch|re-?used?\b|(?:different|another|other) (?:request|payload|body|param)", re.IGNORECASE
)
_LONGEST_TEXT: Final = 2048
_DEEPEST: Final = 6
_MOST_WORDS: Final = 100
_HTML: Final = ("text/html", "application/xhtml+xml")
_ASKED_TOO_OFTEN: Final = (425, 429)
_YES = frozenset({"true", "1", "?1"})
_NO = frozenset({"", "false", "0", "?0"})


def is_replayed(profile: Profile, headers: Mapping[str, str]) -> bool:
    """Whether a response bears the marker of a stored one."""
    return any(name in headers and headers[name].strip().lower() not in _NO for name in profile.replayed)


def read_answer(
    profile: Profile,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
    at: float = 0.0,
    complete: bool = True,
    expects_html: bool = True,
) -> Outcome:
    """Reduce a response to what the retry rules look at.

    Args:
        profile: the API's dialect.
        status: the HTTP status.
        headers: the answer's headers, looked up without regard to case.
        body: the answer's body, decompressed.
        now: Unix time in seconds.
        at: seconds since the call began.
        complete: whether the body came; what was cut off may have said anything.
        expects_html: whether a page of HTML may be the operation's own answer.
    """
    if status < 300:  # noqa: PLR2004  # the common case: nothing to read but the replay marker
        if not expects_html and headers.get("content-type", "").lstrip().lower().startswith(_HTML):
            return Failed(Failure.FOREIGN_PAGE, f"{status} with a page of HTML", at, status=status)
        is_refused = bool(profile.refused) and _bears_sign(profile.refused, status, headers, body)
        return Answered(status, at, replayed=is_replayed(profile, headers), refused=is_refused)
    # Looked up many times, and a mapping without regard to case takes its time over each.
    lower = {name.lower(): value for name, value in headers.items()}
    replayed = any(
        name in lower and lower[name].strip().lower() not in _NO for name in map(str.lower, profile.replayed)
    )
    throttled = bool(profile.throttled) and _bears_sign(profile.throttled, status, lower, body)
    asked = retry_after(lower, now)
    if asked is None and (throttled or status in _ASKED_TOO_OFTEN):
        asked = retry_after_throttling(lower, now)
    # A stored answer is the word of a request that has ended, whatever its status is used for otherwise.
    said = _Said(status, body, complete=complete, asks_to_wait=asked is not None)
    in_flight = not replayed and said.is_in_flight(profile)
    return Answered(
        status,
        at,
        retry_after=asked,
        in_flight=in_flight,
        mismatch=not replayed and not in_flight and said.is_mismatch(profile),
        replayed=replayed,
        should_retry=_should_retry(profile, lower),
        in_flight_named=in_flight and profile.in_flight is not None,
        throttled=throttled,
    )


class _Said:
    """What a refusal says of its key, in the words of its body.

    Args:
        status: the HTTP status.
        body: the body, decompressed.
        complete: whether the whole body came.
        asks_to_wait: whether it has a Retry-After.
    """

    __slots__ = ("_asks_to_wait", "_body", "_complete", "_status")

    def __init__(self, status: int, body: bytes, *, complete: bool, asks_to_wait: bool) -> None:
        self._status = status
        self._body = body
        self._complete = complete
        self._asks_to_wait = asks_to_wait

    def is_in_flight(self, profile: Profile) -> bool:
        """Whether the first request with this key is still running."""
        if profile.in_flight is not None:
            return self._matches(profile.in_flight)
        if self._status != _IN_FLIGHT_STATUS:
            return False
        if self._asks_to_wait or not self._complete:
            return True
        words = self._words()
        is_about_keys = _ABOUT_KEYS.search(words) is not None and _OTHER_PAYLOAD.search(words) is None
        return is_about_keys or _RUNNING.search(words) is not None

    def is_mismatch(self, profile: Profile) -> bool:
        """Whether this key came with another payload before."""
        if profile.mismatch is not None:
            return self._matches(profile.mismatch)
        if self._status not in {_IN_FLIGHT_STATUS, _MISMATCH_STATUS}:
            return False
        words = self._words()
        is_about_keys = _ABOUT_KEYS.search(words) is not None or profile.name.lower() in words.lower()
        # A 409 is a conflict of any kind; whoever means the key's payload says so.
        return is_about_keys and (self._status == _MISMATCH_STATUS or _OTHER_PAYLOAD.search(words) is not None)

    def _matches(self, signals: tuple[Signal, ...]) -> bool:
        found = [signal for signal in signals if signal.status == self._status]
        if not found or any(not signal.code for signal in found) or not self._complete:
            return bool(found)
        codes = _codes(self._body)
        return any(signal.code in codes for signal in found)

    def _words(self) -> str:
        """Return what the body says in words; of an HTML page only what it says of idempotency."""
        try:
            document: Any = json.loads(self._body)
        except (ValueError, RecursionError):
            text = self._body[:_LONGEST_TEXT].decode("utf-8", "replace")
            # Of a page only what cannot be meant otherwise.
            return " ".join(_ABOUT_KEYS.findall(text)) if text.lstrip().startswith("<") else text
        return "\n".join(_words_in(document))


def is_refusal(profile: Profile, answer: RawAnswer) -> bool:
    """Whether a whole 2xx is a refusal in the API's dialect."""
    return _bears_sign(profile.refused, answer.status, answer.headers, answer.content)


def _bears_sign(signs: tuple[AnswerSign, ...], status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether an answer is one of those that a dialect names.

    Args:
        signs: those that it names.
        status: the HTTP status.
        headers: the answer's headers, found by their names in lower case.
        body: the answer's body, decompressed.
    """
    return any(sign.status == status and _is_borne(sign, headers, body) for sign in signs)


def _is_borne(sign: AnswerSign, headers: Mapping[str, str], body: bytes) -> bool:
    if sign.code and sign.code not in _codes(body):
        return False
    if sign.header:
        value = headers.get(sign.header.lower())
        return value is not None and (sign.equals is None or value.strip() == str(sign.equals))
    if not sign.field:
        return True
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return False
    for name in sign.field:
        if not is_fields(found) or name not in found:
            return False
        found = found[name]
    # In JSON `true` is not 1.
    return sign.equals is None or (found == sign.equals and isinstance(found, bool) is isinstance(sign.equals, bool))


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


def _words_in(document: object) -> list[str]:
    """Return the texts in a JSON body, a few levels deep; a validation error, which has a `loc`, adds none."""
    found: list[str] = []
    level: list[Any] = [document]
    for _ in range(_DEEPEST):
        found += [entry for entry in level if isinstance(entry, str)]
        fields = [entry for entry in level if is_fields(entry) and "loc" not in entry]
        inner = [value for entry in fields for value in entry.values()]
        level = [*inner, *(value for entry in level if is_items(entry) for value in entry)][:_MOST_WORDS]
    return found


def _codes(body: bytes) -> frozenset[str]:
    """Return the codes in a JSON body: at its top, under `error`, or in a list of errors; none where it is not JSON."""
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
            values: list[Any] = [entry.get(name) for name in _CODE_FIELDS] if is_fields(entry) else []
            found.update(str(value) for value in values if isinstance(value, (str, int)))
    return frozenset(found)
