"""The error tree: classes by status, words for people, and pickling without loss."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from msgspec.structs import replace
from samekey_templates.runtime import errors
from samekey_templates.runtime.codec.models import Model, OpenStrEnum
from samekey_templates.runtime.errors import (
    APIConnectionError,
    APIDecodeError,
    APIError,
    APIStatusError,
    APITimeoutError,
    PaginationError,
    explain,
    status_error_class,
    unanswered,
)
from samekey_templates.runtime.retry.record import CallInfo, CallRecord, request_id
from samekey_templates.runtime.retry.rules import (
    Answered,
    Attempt,
    Certainty,
    Failed,
    Failure,
    Outcome,
)
from samekey_templates.runtime.safety import Safety

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "5e2f4bd1-3f0e-4c39-9a0f-1d5b7d2f8c11"
HEADERS = {"X-Request-Id": "req_1", "Content-Type": "application/json"}


class Kind(OpenStrEnum):
    """A value in an error body."""

    CARD = "card"


class Detail(Model, kw_only=True):
    """A decoded error body."""

    type: Kind
    message: str


BODY = Detail(type=Kind("news"), message="no")


def record(
    *outcomes: Outcome, certainty: Certainty = Certainty.UNKNOWN, key: str | None = KEY, safety: Safety = Safety.KEYED
) -> CallRecord:
    """A call that ended so."""
    attempts = tuple(
        Attempt(number, 1_700_000_000.0 + number, 0.5, outcome, certainty, None if number == len(outcomes) else 0.25)
        for number, outcome in enumerate(outcomes, 1)
    )
    info = CallInfo("charges.create", "POST", "/charges", safety, key)
    return CallRecord(info, attempts, certainty, 12.44, "3 retries are spent")


LOST = record(Failed(Failure.ANSWER_LOST, "read timed out", 0.5, timeout=True), Answered(503, 1.0, retry_after=2.0))


def every_class(kind: type[APIError] = APIError) -> Iterator[type[APIError]]:
    """The whole tree."""
    yield kind
    for child in kind.__subclasses__():
        yield from every_class(child)


def make(kind: type[APIError]) -> APIError:
    """An error of a class, with something in every attribute."""
    if issubclass(kind, APIStatusError):
        return kind(
            "it said no",
            LOST,
            status=409,
            headers=httpx.Headers(HEADERS),
            body=BODY,
            content=b'{"a":1}',
            retry_after=2.5,
        )
    if issubclass(kind, APIDecodeError):
        return kind("it is not JSON", LOST, status=200, headers=httpx.Headers(HEADERS), content=b"<html>")
    if issubclass(kind, PaginationError):
        return kind("the server gave the same page again", LOST, 3, "req_1")
    return kind("it is lost", LOST, retry_after=2.5, request_id="req_1")


def test_the_tree_has_the_classes_that_the_law_names() -> None:
    """Typed errors for the draft's answers, below the classes of their status."""
    assert issubclass(errors.IdempotencyKeyMissing, errors.BadRequestError)
    assert issubclass(errors.IdempotencyInFlight, errors.ConflictError)
    assert issubclass(errors.IdempotencyKeyReused, errors.UnprocessableEntityError)
    assert issubclass(APITimeoutError, APIConnectionError)
    for kind in every_class():
        assert issubclass(kind, Exception)
        assert kind.__doc__


@pytest.mark.parametrize("kind", list(every_class()), ids=lambda kind: kind.__name__)
def test_every_error_carries_the_call(kind: type[APIError]) -> None:
    """On every error: key, attempts, certainty, retry_after, request_id."""
    error = make(kind)
    assert error.idempotency_key == KEY
    assert [attempt.number for attempt in error.attempts] == [1, 2]
    assert error.certainty is Certainty.UNKNOWN
    assert error.request_id == "req_1"
    assert error.retry_after == (None if kind in {APIDecodeError, PaginationError} else 2.5)
    assert str(error) == error.message


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", list(every_class()), ids=lambda kind: kind.__name__)
def test_errors_pickle(kind: type[APIError], protocol: int) -> None:
    """An error raised in a worker process arrives whole: its class, words and every attribute."""
    error = make(kind)
    error.add_note("seen in worker 3")
    found = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301  # our own bytes
    assert type(found) is kind
    assert (found.args, str(found), vars(found)) == (error.args, str(error), vars(error))
    assert found.__notes__ == ["seen in worker 3"]
    if isinstance(found, APIStatusError):
        assert isinstance(found.body, Detail)


@pytest.mark.parametrize("kind", list(every_class()), ids=lambda kind: kind.__name__)
def test_errors_can_be_copied(kind: type[APIError]) -> None:
    """`copy` goes the same way as pickling."""
    error = make(kind)
    for found in (copy.copy(error), copy.deepcopy(error)):
        assert type(found) is kind
        assert vars(found) == vars(error)


class OwnError(errors.NotFoundError):
    """A subclass of a caller, with an attribute of its own."""

    hint = "look again"


def test_a_subclass_of_a_caller_pickles_too() -> None:
    """With whatever was put on it."""
    error = OwnError("gone", LOST, status=404, headers={})
    error.hint = "elsewhere"
    found = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(found), found.hint, found.status) == (OwnError, "elsewhere", 404)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (402, "APIStatusError"),
        (403, "PermissionDeniedError"),
        (404, "NotFoundError"),
        (405, "APIStatusError"),
        (408, "APIStatusError"),
        (409, "ConflictError"),
        (410, "APIStatusError"),
        (422, "UnprocessableEntityError"),
        (425, "APIStatusError"),
        (429, "RateLimitError"),
        (500, "InternalServerError"),
        (501, "InternalServerError"),
        (503, "InternalServerError"),
        (529, "InternalServerError"),
        (599, "InternalServerError"),
        (304, "NotModified"),
    ],
)
def test_classes_by_status(status: int, name: str) -> None:
    """A caller can catch by class what it would otherwise tell by number."""
    assert status_error_class(Answered(status), b"").__name__ == name


@pytest.mark.parametrize("status", [400, 409, 422])
def test_the_profiles_own_words_choose_the_class(status: int) -> None:
    """In flight and mismatch are what the profile says, whatever status the API uses for them."""
    assert status_error_class(Answered(status, in_flight=True), b"") is errors.IdempotencyInFlight
    assert status_error_class(Answered(status, mismatch=True), b"") is errors.IdempotencyKeyReused


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (b'{"title":"Idempotency-Key is missing"}', True),
        (b'{"detail":"This operation requires an Idempotency-Key: it is required"}', True),
        (b'{"error":"the amount is missing"}', False),
        (b"", False),
        (b"\xff\xfe", False),
    ],
)
def test_a_400_that_asks_for_a_key(content: bytes, missing: bool) -> None:  # noqa: FBT001
    """The draft's section 2.7: 400 where the key is required and was not sent."""
    kind = status_error_class(Answered(400), content)
    assert (kind is errors.IdempotencyKeyMissing) is missing
    assert status_error_class(Answered(403), content) is errors.PermissionDeniedError


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (Failed(Failure.ANSWER_LOST, "read timed out", timeout=True), APITimeoutError),
        (Failed(Failure.UNREACHABLE, "connecting timed out", timeout=True), APITimeoutError),
        (Failed(Failure.DEADLINE), APITimeoutError),
        (Failed(Failure.ANSWER_LOST, "the connection was cut"), APIConnectionError),
        (Failed(Failure.UNREACHABLE), APIConnectionError),
        (Failed(Failure.ANSWER_CUT, status=200), APIConnectionError),
        (Failed(Failure.REDIRECTED, status=302), APIConnectionError),
    ],
)
def test_the_class_of_a_call_without_an_answer(last: Failed, kind: type[APIError]) -> None:
    """Timeouts can be caught by themselves."""
    error = unanswered(record(last))
    assert type(error) is kind
    assert str(last) in str(error)


def test_the_message_is_the_laws_own_example() -> None:
    """Section 5: what happened, after how many attempts, in which time, what is certain, and what to do."""
    timed_out = Failed(Failure.ANSWER_LOST, "read timed out", timeout=True)
    message = str(unanswered(record(timed_out, timed_out, timed_out)))
    assert message.startswith("charges.create: read timed out after 3 attempts in 12.4 s; ")
    assert "may have been" in message or "may or may not have been" in message
    assert f"idempotency_key='{KEY}'" in message
    assert "settle it" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("certainty", "key", "safety", "words", "never"),
    [
        (Certainty.NOT_SENT, KEY, Safety.KEYED, "nothing was done", "may"),
        (Certainty.REJECTED, KEY, Safety.KEYED, "nothing was done", "may"),
        (Certainty.UNKNOWN, KEY, Safety.KEYED, "may or may not", "nothing was done"),
        (Certainty.UNKNOWN, None, Safety.IDEMPOTENT, "calling again is harmless", "idempotency_key"),
        (Certainty.UNKNOWN, None, Safety.SAFE, "it failed after", "done"),
        (Certainty.REJECTED, None, Safety.SAFE, "it failed after", "done"),
        (Certainty.APPLIED, None, Safety.SAFE, "it failed after", "done"),
        (Certainty.NOT_SENT, None, Safety.SAFE, "nothing was sent", "done"),
        (Certainty.UNKNOWN, None, Safety.UNSAFE, "look before calling again", "harmless"),
        (Certainty.APPLIED, KEY, Safety.KEYED, "was done", "may"),
        (Certainty.APPLIED, None, Safety.UNSAFE, "was done", "idempotency_key"),
    ],
)
def test_each_certainty_in_words(certainty: Certainty, key: str | None, safety: Safety, words: str, never: str) -> None:
    """The message says what a caller may rely on, and offers the key only where there is one."""
    message = explain(record(Answered(503), certainty=certainty, key=key, safety=safety), "it failed")
    assert words in message
    assert never not in message
    assert "1 attempt in" in message
    assert (KEY in message) is (key is not None and certainty in (Certainty.UNKNOWN, Certainty.APPLIED))


def test_the_message_holds_what_the_server_said() -> None:
    """The server's own words, beside ours."""
    assert "it said: too fast" in explain(LOST, "the server answered 429", "it said: too fast")


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"X-Request-Id": "a"}, "a"),
        ({"request-id": "b"}, "b"),
        ({"x-amzn-RequestId": "c"}, "c"),
        ({"CF-Ray": "d"}, "d"),
        ({"X-Correlation-ID": "e"}, "e"),
        ({"X-Request-Id": "", "Request-Id": "f"}, "f"),
        ({}, None),
        ({"Id": "g"}, None),
    ],
)
def test_the_servers_own_id(headers: dict[str, str], found: str | None) -> None:
    """Under one of its usual names."""
    assert request_id(httpx.Headers(headers)) == found


def test_a_record_is_frozen() -> None:
    """What hooks and errors carry cannot be changed by whoever reads it."""
    frozen: list[Any] = [LOST, LOST.call, LOST.attempts[0], LOST.attempts[0].outcome]
    for value in frozen:
        field = value.__struct_fields__[0]
        with pytest.raises(AttributeError):
            setattr(value, field, None)
        assert replace(value) == value
