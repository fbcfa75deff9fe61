"""The error tree: every error carries the key, the attempts and what is certain, and pickles."""

from __future__ import annotations

import copyreg
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from .auth.credentials import NoToken
from .declare import public
from .retry.record import CallRecord, Recorded, in_words, record_as_json, record_from_json, request_id
from .retry.rules import Answered, Failed, Failure
from .safety import Safety
from .text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .retry.record import CallInfo
    from .settle import KeptCall

    Facts: TypeAlias = Mapping[str, Any]
    """What an error has said of itself in its `args`, read from JSON."""

_LONGEST_URL: Final = 300
"""Characters of a URL in a message."""
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_IN_THIS_PROCESS: Final = frozenset({"kept", "location", "next_cursor"})
"""What an error has that no pickle of it holds."""


@public
class APIError(Recorded, Exception):
    """A call that did not end in a usable answer.

    Queues that carry JSON, such as Celery's, keep the `args` of an exception and make it anew from them. They hold the
    call with its attempts, its status and the server's words to retries; no answer, and nothing of the request.

    Args:
        message: what happened, for people.
        record: the call with its attempts; or what stands in `args`, behind the message, of an error from elsewhere.
        retry_after: seconds that the server asked to wait, if it did.
        request_id: the server's own id of the last answer, if it gave one.
    """

    kept: KeptCall | bytes | None = None
    """The call for `client.settle(error)`; written down where the error comes from another process."""
    items: Sequence[Any] = ()
    """What `to_list` had read of a list that cannot go on."""
    next_cursor: str | None = None
    """Where a list can go on that this error has ended: the cursor for `after` of the operation; in no pickle."""

    def __init__(
        self,
        message: str,
        record: CallRecord | Facts,
        *,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if not isinstance(record, CallRecord):
            retry_after, request_id = record.get("retry_after"), record.get("request_id")
            record = record_from_json(record["record"])
        self.record = record
        self.retry_after = retry_after
        self.request_id = request_id

    @property
    def args(self) -> tuple[Any, ...]:
        """The message, and what is known of the call as JSON can hold it."""
        return self.message, self._facts()

    @args.setter
    def args(self, args: tuple[Any, ...]) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]  # as a property
        self.message = str(args[0]) if args else ""
        super().__init__(self.message)

    def _facts(self) -> dict[str, Any]:
        return {
            "record": record_as_json(self.record),
            "retry_after": self.retry_after,
            "request_id": self.request_id,
        }

    def with_request(self) -> Self:
        """Return a copy whose pickle holds the request without credentials, so that another process can settle it.

        A pickle holds no request otherwise: its body may be what nobody should find in a queue.

        Raises:
            TypeError: the body is read while it is sent, so it cannot be kept.
        """
        copy = self.__copy__()
        if self.kept is not None and not isinstance(self.kept, bytes):
            copy.kept = self.kept.written_down()
        return copy

    def __copy__(self) -> Self:
        copy = type(self).__new__(type(self), self.message)
        copy.__dict__.update(self.__dict__)
        return copy

    def __reduce__(self) -> tuple[Callable[..., APIError], tuple[object, ...], dict[str, object]]:
        # As `object` would do it: the arguments of an exception are not those of its class here.
        # What was sent stays in this process, unless it was written down for another; so does what a server gave for
        # its next page, or for a redirect, which may be a link with a credential in it.
        state = {name: value for name, value in self.__dict__.items() if name not in _IN_THIS_PROCESS}
        if isinstance(self.kept, bytes):
            state["kept"] = self.kept
        return copyreg.__newobj__, (type(self), self.message), state  # type: ignore[attr-defined]


@public
class APIConnectionError(APIError):
    """No complete answer came back."""

    location: str | None = None
    """Where a redirect points that was not followed, as the server gave it, made absolute; in no pickle."""


@public
class APITimeoutError(APIConnectionError):
    """No complete answer came back in time."""


@public
class TokenError(APIConnectionError):
    """No access token could be had, so the last attempt sent nothing to the API."""


@public
class APIDecodeError(APIError):
    """The request was done, but its answer cannot be read.

    Args:
        message: what happened, for people.
        record: the call with its attempts.
        status: the HTTP status.
        headers: the answer's headers.
        content: the answer's body.
    """

    def __init__(
        self,
        message: str,
        record: CallRecord | Facts,
        *,
        status: int | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        content: bytes = b"",
    ) -> None:
        super().__init__(message, record, request_id=request_id(headers))
        self.status = _status(record, status)
        self.headers = dict(headers)
        self.content = content

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "status": self.status}


@public
class PaginationError(APIError):
    """A list cannot be followed to its end: the server repeats itself, or its word for the next page makes no sense.

    Args:
        happened: what it did, for people.
        record: the call of the page that leads no further.
        page: the number of that page, counted from 1.
        request_id: the server's own id of the answer.
    """

    def __init__(self, happened: str, record: CallRecord | Facts, page: int = 1, request_id: str | None = None) -> None:
        if isinstance(record, CallRecord):
            happened = printable(f"{record.call.operation}: {happened}, on page {page}; the rest of the list is lost")
        else:
            page = record["page"]
        super().__init__(happened, record, request_id=request_id)
        self.page = page

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "page": self.page}


@public
class APIStatusError(APIError):
    """The server answered, but not with success.

    Args:
        message: what happened, for people.
        record: the call with its attempts.
        status: the HTTP status.
        headers: the answer's headers.
        body: the decoded body: the type that the document gives for this status, else plain JSON, else text.
        content: the answer's body as it came.
        retry_after: seconds that the server asked to wait, if it did.
    """

    def __init__(
        self,
        message: str,
        record: CallRecord | Facts,
        *,
        status: int | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        body: object = None,
        content: bytes = b"",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, record, retry_after=retry_after, request_id=request_id(headers))
        self.status = _status(record, status)
        self.headers = dict(headers)
        self.body = body
        self.content = content

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "status": self.status}


@public
class NotModified(APIStatusError):  # noqa: N818  # no error: the answer to a condition that the caller set
    """304: what the caller has is what there is (RFC 9110 section 15.4.5)."""


@public
class BadRequestError(APIStatusError):
    """400."""


@public
class AuthenticationError(APIStatusError):
    """401."""


@public
class PermissionDeniedError(APIStatusError):
    """403."""


@public
class NotFoundError(APIStatusError):
    """404."""


@public
class ConflictError(APIStatusError):
    """409."""


@public
class UnprocessableEntityError(APIStatusError):
    """422."""


@public
class RateLimitError(APIStatusError):
    """429."""


@public
class InternalServerError(APIStatusError):
    """500 and above."""


@public
class IdempotencyKeyMissing(BadRequestError):  # noqa: N818  # the draft's own words
    """400: the server wants a key and found none (draft-ietf-httpapi-idempotency-key-header, section 2.7)."""


@public
class IdempotencyInFlight(ConflictError):  # noqa: N818
    """409: the first request with this key is still running."""


@public
class IdempotencyKeyReused(UnprocessableEntityError):  # noqa: N818
    """422: this key came with another payload before."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    304: NotModified,
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def status_error_class(answer: Answered, content: bytes, safety: Safety = Safety.KEYED) -> type[APIStatusError]:
    """Return the class of error for a response that is not a success."""
    if safety is Safety.KEYED and answer.in_flight:
        return IdempotencyInFlight
    if safety is Safety.KEYED and answer.mismatch:
        return IdempotencyKeyReused
    if answer.status == 400 and _speaks_of_missing_key(content):  # noqa: PLR2004
        return IdempotencyKeyMissing
    default = InternalServerError if answer.status >= 500 else APIStatusError  # noqa: PLR2004
    return _BY_STATUS.get(answer.status, default)


def _status(record: CallRecord | Facts, status: int | None) -> int:
    """Return the status of an answer, which an error from elsewhere says itself.

    Raises:
        TypeError: nobody says it.
    """
    found = status if isinstance(record, CallRecord) else record["status"]
    if not isinstance(found, int):
        raise TypeError("status= is missing")
    return found


def unanswered(record: CallRecord, location: str | None = None) -> APIError:
    """Build the error for a call whose last attempt brought no response that can be read.

    Args:
        record: the call with its attempts.
        location: where a redirect points that was not followed.
    """
    if not record.attempts:
        return APITimeoutError(explain(record, record.stopped), record)
    outcome = record.attempts[-1].outcome
    if isinstance(outcome, Failed) and outcome.failure is Failure.UNDECODABLE:
        message = explain(record, f"the answer with status {outcome.status} cannot be read ({outcome})")
        return APIDecodeError(message, record, status=outcome.status or 0, headers={}, content=b"")
    if isinstance(outcome, NoToken):
        return TokenError(explain(record, str(outcome)), record)
    timed_out = isinstance(outcome, Failed) and (outcome.timeout or outcome.failure is Failure.DEADLINE)
    error = (APITimeoutError if timed_out else APIConnectionError)(explain(record, str(outcome)), record)
    if location is not None:
        error.location = location
    return error


def explain(record: CallRecord, happened: str, server_said: str = "") -> str:
    """Say in words what happened to a call: where it went, outcome, attempts, certainty, and what to do."""
    count = len(record.attempts)
    attempts = "1 attempt" if count == 1 else f"{count} attempts"
    parts = [f"{_request_in_words(record.call)}: {happened} after {attempts} in {record.elapsed:.1f} s"]
    if server_said:
        parts.append(server_said)
    if record.stopped and (count > 1 or any(attempt.wait is not None for attempt in record.attempts)):
        parts.append(f"no further attempt because {record.stopped}")
    parts.append(in_words(record))
    return printable("; ".join(part for part in parts if part))


def _request_in_words(call: CallInfo) -> str:
    """Name a call and where it went; one that the document does not list has no name but its request."""
    url = call.url if len(call.url) <= _LONGEST_URL else f"{call.url[:_LONGEST_URL]}…"
    if not url:
        return call.operation
    request = f"{call.method} {url}"
    return request if call.operation == f"{call.method} {call.path}" else f"{call.operation} ({request})"


def _speaks_of_missing_key(content: bytes) -> bool:
    text = content[:4096].lower()
    return b"idempotency" in text and (b"missing" in text or b"required" in text)
