"""From a settled call to a value, or to an error that says what is certain."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from .call import Response
from .codec.json import DecodeFailureError, decode, plain_json
from .concurrency.fork import importing
from .errors import APIDecodeError, explain, status_error_class, unanswered
from .request.build import secrets_of
from .request.encode import charset
from .retry.loop import log
from .retry.rules import Answered, Failed, Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .call import Call, Endpoint, Settings, Types
    from .retry.loop import CallState
    from .retry.record import CallRecord
    from .retry.wire import RawAnswer

T = TypeVar("T")
_MOST_MISMATCHES: Final = 1_000


def finish(
    settings: Settings, endpoint: Endpoint, call: Call[T], state: CallState, answer: RawAnswer | None
) -> Response[T]:
    """Return the response of a settled call, its value decoded.

    Raises:
        APIStatusError: the server refused.
        APIConnectionError: no complete answer came back.
        APIDecodeError: it was done, but the answer cannot be read.
    """
    record, answered, raw = _succeeded(endpoint, state, answer)
    value = _value(settings, endpoint, record, raw, strict=is_strict(settings, call))
    return Response(cast("T", value), raw.status, raw.headers, raw.content, answered.replayed, record)


def finish_open(endpoint: Endpoint, state: CallState, answer: RawAnswer | None) -> Response[None]:
    """Return the success of a settled call, its body not yet decoded.

    Raises:
        APIStatusError: the server refused.
        APIConnectionError: no complete answer came back.
    """
    record, answered, raw = _succeeded(endpoint, state, answer)
    return Response(None, raw.status, raw.headers, raw.content, answered.replayed, record)


def _succeeded(
    endpoint: Endpoint, state: CallState, answer: RawAnswer | None
) -> tuple[CallRecord, Answered, RawAnswer]:
    record = state.record
    outcome = state.outcome
    if answer is not None and isinstance(outcome, Failed) and outcome.failure is Failure.FOREIGN_PAGE:
        message = explain(record, f"status {answer.status} came with a page of HTML, which is not the API's answer")
        raise APIDecodeError(message, record, status=answer.status, headers=answer.headers, content=answer.content)
    if answer is None or not isinstance(outcome, Answered):
        raise unanswered(record, state.location) from state.cause
    if not outcome.is_done:
        _raise_status(endpoint, state, record, outcome, answer)
    return record, outcome, answer


def is_strict(settings: Settings, call: Call[Any]) -> bool:
    """Whether the caller wants an error where an answer does not match its schema."""
    options = call.options
    return settings.strict if options is None or options.strict is None else options.strict


def _raise_status(
    endpoint: Endpoint, state: CallState, record: CallRecord, outcome: Answered, answer: RawAnswer
) -> None:
    types = None if endpoint.errors is None or outcome.refused else endpoint.errors()
    kind = None if types is None else _type_for(types, answer.status)
    body = _error_body(answer, Any if kind is None else kind)
    with importing():
        from .server_words import server_words  # noqa: PLC0415  # most programs never see an error

    # No frame of a traceback holds what may be a credential.
    said = server_words(
        body,
        _plain_body(answer),
        () if state.sent is None else secrets_of(state.sent, state.profile.name),
    )
    raise status_error_class(outcome, answer.content, record.call.safety)(
        explain(record, f"the server {'refused with' if outcome.refused else 'answered'} {answer.status}", said),
        record,
        status=answer.status,
        headers=answer.headers,
        body=body,
        content=answer.content,
        retry_after=outcome.retry_after,
    )


def _error_body(answer: RawAnswer, kind: object) -> object:
    if not answer.content:
        return None
    try:
        return decode(_in_utf8(answer), kind).value
    except DecodeFailureError:
        return _text(answer)


def _plain_body(answer: RawAnswer) -> object:
    try:
        return plain_json(_in_utf8(answer)) if answer.content else None
    except DecodeFailureError:
        return None


def _value(settings: Settings, endpoint: Endpoint, record: CallRecord, answer: RawAnswer, *, strict: bool) -> object:
    kinds = endpoint.returns() if endpoint.returns is not None else None
    kind = _type_for(cast("Types", kinds), answer.status) if isinstance(kinds, dict) else kinds
    if kind is None:
        return _untold(answer) if endpoint.returns is None else None
    if kind is bytes:
        return answer.content
    if kind is str and "json" not in answer.headers.get("content-type", "").lower():
        return _text(answer)
    if not answer.content:
        log.warning("%s: status %d came without a body", record.call.operation, answer.status)
        return None
    if kind is Any and _is_foreign(answer):
        # What comes is not what was expected, and a caller who expects anything can have it.
        return _as_it_is(answer)
    try:
        decoded = decode(_in_utf8(answer), kind, strict=strict, keep=settings.keep_extra_fields)
    except DecodeFailureError as error:
        came = f"it came as {media_type(answer.headers)}, and not as JSON" if _is_foreign(answer) else str(error)
        message = explain(record, f"the answer with status {answer.status} cannot be read ({came})")
        raise APIDecodeError(
            message, record, status=answer.status, headers=answer.headers, content=answer.content
        ) from error
    if decoded.problem:
        _tell_mismatch(settings, record.call.operation, decoded.problem)
    return decoded.value


def _untold(answer: RawAnswer) -> object:
    """Return what came where the document names no body: JSON, text or bytes; None where nothing did."""
    if not answer.content:
        return None
    try:
        return plain_json(_in_utf8(answer)) if "json" in media_type(answer.headers) else _as_it_is(answer)
    except DecodeFailureError:
        return _as_it_is(answer)


def _as_it_is(answer: RawAnswer) -> str | bytes:
    return _text(answer) if media_type(answer.headers).startswith("text/") else answer.content


def _is_foreign(answer: RawAnswer) -> bool:
    """Whether an answer says that it is something else than JSON."""
    media = media_type(answer.headers)
    return bool(media) and "json" not in media


def media_type(headers: Mapping[str, str]) -> str:
    """Return the media type of an answer in lower case and without parameters; empty where it names none."""
    named, _, _ = headers.get("content-type", "").partition(";")
    return named.strip().lower()


def _tell_mismatch(settings: Settings, operation: str, problem: str) -> None:
    """Log what does not match: loudly the first time, since it will be so each time."""
    place = (operation, problem)
    is_known = place in settings.mismatches
    if len(settings.mismatches) < _MOST_MISMATCHES:
        settings.mismatches.add(place)
    level = logging.DEBUG if is_known else logging.WARNING
    log.log(level, "%s: the answer does not match its schema: %s", operation, problem)


def _in_utf8(answer: RawAnswer) -> bytes:
    """Return a body of JSON in UTF-8, where its header declares another charset."""
    content_type = answer.headers.get("content-type", "")
    if "=" not in content_type or (declared := charset(content_type)) == "utf-8":
        return answer.content
    try:
        return answer.content.decode(declared).encode("utf-8", "surrogatepass")
    except ValueError:
        return answer.content


def _type_for(types: Types, status: int) -> object:
    """Return the type for a status: its own, its range's or the default's (OpenAPI 3.1 section 4.8.16); else None."""
    for name in (status, f"{status // 100}XX", "default"):
        if name in types:
            return types[name]
    return None


def _text(answer: RawAnswer) -> str:
    try:
        return answer.content.decode(charset(answer.headers.get("content-type", "")), "replace")
    except ValueError:
        # Some encodings of Python's, such as `idna`, replace nothing.
        return answer.content.decode("utf-8", "replace")
