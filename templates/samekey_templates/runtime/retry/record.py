"""What is kept of a call: who it was, every attempt, and what is certain in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, assert_never

from msgspec import Struct, field

from ..declare import public
from ..safety import Evidence, Safety
from ..text import may_hold_secret, shown_header
from .rules import Certainty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .rules import Attempt

_REQUEST_ID_HEADERS: Final = ("x-request-id", "request-id", "x-amzn-requestid", "x-correlation-id", "cf-ray")


@public
class CallInfo(Struct, frozen=True):
    """Which call this is; given to hooks and kept in every error and response.

    Args:
        operation: the Python path of the method, such as `charges.create`.
        method: the HTTP method.
        path: the path template of the document.
        safety: what sending it twice may do.
        idempotency_key: the key that all attempts carry; None where calls of this kind carry none.
        evidence: who says that the API honours the key; None where there is none.
        url: where it goes, without query, user and password.
    """

    operation: str
    method: str
    path: str
    safety: Safety
    idempotency_key: str | None = None
    evidence: Evidence | None = None
    url: str = ""


@public
class CallRecord(Struct, frozen=True):
    """A call with its attempts.

    Args:
        call: which call it is.
        attempts: every attempt, in order.
        certainty: what is known of the effect of the call.
        elapsed: seconds from the call's start to its end.
        stopped: why no further attempt was made; empty after a success.
        may_be_repeated: whether it may have been done more than once, since nobody says that the API can tell a retry.
    """

    call: CallInfo
    attempts: tuple[Attempt, ...] = ()
    certainty: Certainty = Certainty.NOT_SENT
    elapsed: float = 0.0
    stopped: str = ""
    may_be_repeated: bool = False


class Recorded:
    """Has the record of a call, and says what stands in it: a response, and an error."""

    __slots__ = ()
    record: CallRecord

    @property
    def idempotency_key(self) -> str | None:
        """The key that all attempts carried; call again with it to settle an unknown outcome."""
        return self.record.call.idempotency_key

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every attempt, in order."""
        return self.record.attempts

    @property
    def certainty(self) -> Certainty:
        """What is known of the effect of the call."""
        return self.record.certainty

    @property
    def evidence(self) -> Evidence | None:
        """Who says that the API honours the key; None where there is none."""
        return self.record.call.evidence

    @property
    def may_be_repeated(self) -> bool:
        """Whether it may have been done more than once, since nobody says that the API can tell a retry."""
        return self.record.may_be_repeated

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.record.call.method

    @property
    def url(self) -> str:
        """Where the request went, without query, user and password."""
        return self.record.call.url


class ShownHeaders(Mapping[str, str]):
    """The headers of an answer as hooks may see them: by their names in lower case, and without credentials.

    Args:
        headers: all of them; they are looked at when somebody asks.
    """

    __slots__ = ("_headers", "_shown")

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self._shown: dict[str, str] | None = None

    def _found(self) -> dict[str, str]:
        if self._shown is None:
            pairs = self._headers.items()
            self._shown = {
                name.lower(): shown_header(name, value) for name, value in pairs if not may_hold_secret(name)
            }
        return self._shown

    def __getitem__(self, name: str) -> str:
        return self._found()[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())

    def __repr__(self) -> str:
        return repr(self._found())

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return dict, (self._found(),)


@public
class SendEvent(Struct, frozen=True):
    """Given to `on_send` before an attempt is sent.

    Args:
        call: which call it is; the key is in it.
        number: the number of the attempt, counted from 1.
    """

    call: CallInfo
    number: int


@public
class AttemptEvent(Struct, frozen=True):
    """Given to `on_attempt` when an attempt has ended, and to a policy's `retry_if` before that is decided.

    Args:
        call: which call it is.
        attempt: the attempt, with its outcome.
        headers: the answer's headers by their names in lower case, without those that may hold credentials; none where
            no answer came.
    """

    call: CallInfo
    attempt: Attempt
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@public
class RetryEvent(Struct, frozen=True):
    """Given to `on_retry` before the wait for the next attempt.

    Args:
        call: which call it is.
        attempt: the attempt that failed.
        delay: seconds until the next one starts.
        reason: why it is sent again.
    """

    call: CallInfo
    attempt: Attempt
    delay: float
    reason: str


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the server's own id of a response, from one of the usual headers; None where it has none."""
    for name in _REQUEST_ID_HEADERS:
        value = headers.get(name)
        if value:
            return value
    return None


def in_words(record: CallRecord) -> str:  # noqa: PLR0911  # a return for each ending
    """Say what is certain of a call, and what to do; empty for a read that the server answered, which has no effect."""
    if record.call.safety is Safety.SAFE:
        return "nothing was sent" if record.certainty is Certainty.NOT_SENT else ""
    match record.certainty:
        case Certainty.NOT_SENT:
            return "nothing was sent, so nothing was done"
        case Certainty.REJECTED:
            return "the server refused it and nothing was done"
        case Certainty.APPLIED:
            done = "it was done, perhaps more than once" if record.may_be_repeated else "it was done"
            return f"{done}, but the answer was lost{_to_settle(record.call, 'to read the answer')}"
        case Certainty.UNKNOWN:
            done = "it may or may not have been done"
            done += ", perhaps more than once" if record.may_be_repeated else ""
            if record.call.safety is Safety.IDEMPOTENT:
                return f"{done}; calling again is harmless"
            if record.call.safety is Safety.UNSAFE:
                return f"{done}; look before calling again, since the server takes no key"
            return done + _to_settle(record.call, "to settle it")
        case _:
            assert_never(record.certainty)


def _to_settle(call: CallInfo, aim: str) -> str:
    """Say how a call is settled by its key, and on which condition."""
    if call.idempotency_key is None:
        return ""
    settle = f"; call again with idempotency_key={call.idempotency_key!r} {aim}"
    if call.evidence is not Evidence.ASSUMED:
        return settle
    return f"{settle} if the API honours keys, which its document does not say; it would be done again if not"
