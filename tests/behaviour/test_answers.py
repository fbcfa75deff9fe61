"""What a caller gets for each answer: typed errors with decoded bodies, and messages that people can read."""

from __future__ import annotations

import gzip
import json
import pickle
import re
import zlib
from typing import Any

import acme_payments
import pytest
from acme_payments import AcmePayments, APIDecodeError, APIError, APIStatusError, Certainty, models

from .call_styles import CHARGE, FAST, ONCE, Ask, CallStyle, in_this_thread, one
from .fault_server import TOKEN, Act, Answer, Fault, FaultServer, answering, charge, error_body

GET = Ask("charges.get", ("ch_1",))
REPLACE = Ask("customers.replace", ("cus_1",), {"email": "ines@mail.example"})


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (402, "APIStatusError"),
        (403, "PermissionDeniedError"),
        (404, "NotFoundError"),
        (409, "ConflictError"),
        (410, "APIStatusError"),
        (413, "APIStatusError"),
        (422, "UnprocessableEntityError"),
        (429, "RateLimitError"),
        (500, "InternalServerError"),
        (501, "InternalServerError"),
        (503, "InternalServerError"),
        (520, "InternalServerError"),
    ],
)
def test_statuses_are_typed_errors_with_decoded_bodies(
    server: FaultServer, call_style: CallStyle, status: int, name: str
) -> None:
    """Class, status, decoded body, raw body, headers and request id; the message holds what the server said."""
    body = error_body("invalid_request", "The amount\n is too small.", param="amount", decline_code="do_not_honor")
    server.plan(answering(status, body, X_Request_Id="req_77"))
    ended = one(call_style, server.url, retry=ONCE)
    error = ended.error
    assert type(error) is getattr(acme_payments, name)
    assert isinstance(error, APIStatusError)
    assert (error.status, error.request_id) == (status, "req_77")
    assert isinstance(error.body, models.CardError if status == 402 else models.Error)
    assert error.body.error.type is models.ErrorDetailType.INVALID_REQUEST
    assert (error.body.error.message, error.body.error.param) == ("The amount\n is too small.", "amount")
    assert b"too small" in error.content
    assert error.headers["x-request-id"] == "req_77"
    assert "it said: The amount is too small." in str(error)
    assert f"the server answered {status}" in str(error)
    assert "\n" not in str(error)


def test_a_refusal_by_the_issuer_has_its_own_body(server: FaultServer, call_style: CallStyle) -> None:
    """402 has another schema than the other errors; codes that are not in the document are kept."""
    server.plan(answering(402, error_body("card_declined", "Declined.", decline_code="new_reason", charge="ch_9")))
    error = one(call_style, server.url).error
    assert isinstance(error, APIStatusError)
    assert isinstance(error.body, models.CardError)
    assert (error.body.error.decline_code, error.body.error.charge) == ("new_reason", "ch_9")
    assert error.certainty is Certainty.REJECTED
    assert "nothing was done" in str(error)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
        (b"", None),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[1, 2]", [1, 2]),
        (b'"text"', "text"),
        (b"null", None),
        (b'{"error": "gone"}', None),
        (b"[" * 100_000, None),
    ],
)
def test_an_error_body_of_another_shape_is_kept(
    server: FaultServer, call_style: CallStyle, body: bytes, expected: object
) -> None:
    """What is not JSON is text, what is another JSON is plain; the status is told all the same."""
    server.plan(answering(404, body))
    error = one(call_style, server.url, GET, retry=ONCE).error
    assert type(error).__name__ == "NotFoundError"
    assert isinstance(error, APIStatusError)
    assert error.content == body
    if expected is not None:
        assert error.body == expected
    assert len(str(error)) < 700


@pytest.mark.parametrize("act", [Act.CUT_AFTER_HEAD, Act.CUT_MID_BODY, Act.CUT_MID_CHUNK])
@pytest.mark.parametrize(("status", "name"), [(400, "BadRequestError"), (404, "NotFoundError")])
def test_a_refusal_whose_body_was_cut_is_a_refusal(
    server: FaultServer, call_style: CallStyle, status: int, name: str, act: Act
) -> None:
    """The status line decides: one attempt, REJECTED, the same class; only what the body would have said is lost."""
    server.plan(Fault(act, answer=Answer(status, error_body("invalid_request", "No."))))
    ended = one(call_style, server.url)
    assert type(ended.error).__name__ == name
    assert len(server.seen) == 1
    assert ended.record.certainty is Certainty.REJECTED


@pytest.mark.parametrize("act", [Act.CUT_AFTER_HEAD, Act.CUT_MID_BODY, Act.CUT_MID_CHUNK])
def test_a_conflict_whose_body_was_cut_may_be_that_of_the_key(
    server: FaultServer, call_style: CallStyle, act: Act
) -> None:
    """Cut off, a 409 may have said that the first request is still running, so it is asked for again."""
    server.plan(Fault(act, answer=Answer(409, error_body("request_in_flight", "No."))))
    ended = one(call_style, server.url)
    assert ended.response is not None
    assert ended.record.attempts[0].certainty is Certainty.UNKNOWN


def test_a_limit_whose_body_was_cut_is_waited_for(server: FaultServer, call_style: CallStyle) -> None:
    """The headers of a cut answer still count."""
    server.plan(Fault(Act.CUT_MID_BODY, answer=Answer(429, error_body("rate_limited", "No."), {"Retry-After": "0.05"})))
    ended = one(call_style, server.url)
    assert ended.error is None
    assert ended.record.attempts[0].certainty is Certainty.REJECTED
    assert server.seen[1].at - server.seen[0].at >= 0.05


def test_a_missing_key_is_the_drafts_own_error(server: FaultServer, call_style: CallStyle) -> None:
    """400 that asks for the key: `IdempotencyKeyMissing`."""
    server.plan(answering(400, {"title": "Idempotency-Key is missing", "detail": "This operation requires it."}))
    assert type(one(call_style, server.url).error).__name__ == "IdempotencyKeyMissing"


def test_a_conflict_of_a_call_without_a_key_is_plain(server: FaultServer, call_style: CallStyle) -> None:
    """A PUT carries no key, so nothing of it can be in flight under one."""
    server.plan(answering(503), answering(409, error_body("invalid_request", "Edited by another.")))
    assert type(one(call_style, server.url, REPLACE).error).__name__ == "ConflictError"


def test_retry_after_is_surfaced(server: FaultServer, call_style: CallStyle) -> None:
    """A server that asks for more than a minute is not waited for, and the caller is told how long."""
    server.plan(answering(429, error_body("rate_limited", "Slow down."), Retry_After="3600"))
    ended = one(call_style, server.url)
    assert ended.error is not None
    assert ended.error.retry_after == 3600.0
    assert len(ended.record.attempts) == 1
    assert ended.record.elapsed < 2.0


MESSAGE = re.compile(
    r"charges\.create \(POST http://127\.0\.0\.1:\d+/v1/charges\): "
    r".+ after (1 attempt|\d+ attempts) in \d+\.\d s; (.+; )?"
    r"(nothing was sent, so nothing was done|the server refused it and nothing was done|it was done.*|it may or may.*)"
)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Act.CUT),
        Fault(Act.RESET_UNREAD),
        Fault(Act.CUT_IN_STATUS_LINE),
        Fault(Act.CUT_MID_BODY, after=True),
        answering(500),
        answering(429),
        answering(302, Location="http://127.0.0.1:1/"),
        answering(200, b"<html>", after=True),
    ],
    ids=str,
)
def test_messages_are_sentences(server: FaultServer, call_style: CallStyle, fault: Fault) -> None:
    """Operation, what happened, attempts, time, certainty and advice, on one line, without our or others' internals."""
    server.plan(*[fault] * 4)
    ended = one(call_style, server.url)
    message = str(ended.error)
    assert MESSAGE.fullmatch(message), message
    assert not re.search(r"0x[0-9a-f]{6}|Traceback|object at|None\b|httpx|httpcore", message), message
    if ended.record.certainty in (Certainty.UNKNOWN, Certainty.APPLIED):
        assert f"idempotency_key='{ended.key}'" in message


def test_a_refused_connection_is_told_in_words(server: FaultServer, call_style: CallStyle) -> None:
    """On every event loop the message says that it could not connect."""
    server.refuse()
    message = str(one(call_style, server.url).error)
    assert message.startswith(f"charges.create (POST {server.url}/charges): cannot connect")
    assert "4 attempts" in message
    assert "3 retries are spent" in message


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Act.CUT),
        Fault(Act.CUT_MID_BODY, after=True),
        answering(402, error_body("card_declined", "No.")),
        answering(200, b"<"),
    ],
    ids=str,
)
def test_real_errors_pickle(server: FaultServer, fault: Fault) -> None:
    """With attempts, certainty, and a decoded body of the document's own type."""
    server.plan(*[fault] * 4)
    error = one(in_this_thread, server.url).error
    found: Any = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert type(found) is type(error)
    assert vars(found) == {name: value for name, value in vars(error).items() if name != "kept"}
    assert str(found) == str(error)


# --- a 2xx is done, whatever its body ---


@pytest.mark.parametrize(
    "body",
    [b"<html>", b'{"id": "ch_1"', b"\xff", b"[" * 100_000, b'{"id": 7, "amount"}', b'{"id": 7}x', b'[1, "\xff"]'],
)
def test_a_success_that_is_no_json_is_done_and_not_retried(
    server: FaultServer, call_style: CallStyle, body: bytes
) -> None:
    """APPLIED, one attempt, and an error that says so and keeps the bytes."""
    server.plan(answering(201, body, after=True))
    ended = one(call_style, server.url)
    assert isinstance(ended.error, APIDecodeError)
    assert (ended.error.status, ended.error.content) == (201, body)
    assert ended.record.certainty is Certainty.APPLIED
    assert len(server.seen) == 1
    assert "it was done" in str(ended.error)


def test_a_success_that_cannot_be_unpacked_is_done_and_not_retried(server: FaultServer, call_style: CallStyle) -> None:
    """A complete 2xx that cannot be decoded: APPLIED, whether its JSON or its compression is broken."""
    server.plan(answering(201, b"no gzip at all", after=True, Content_Encoding="gzip"))
    ended = one(call_style, server.url)
    assert isinstance(ended.error, APIError)
    assert ended.record.certainty is Certainty.APPLIED
    assert len(server.seen) == 1
    assert isinstance(ended.error, APIDecodeError)


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_packed_answer_is_unpacked(server: FaultServer, call_style: CallStyle, coding: str, pack: Any) -> None:  # noqa: ANN401
    """Compression is the connection's business."""
    server.plan(
        Fault(
            Act.ANSWER,
            after=True,
            answer=Answer(201, pack(Answer(201, charge(5)).content()), {"Content-Encoding": coding}),
        )
    )
    ended = one(call_style, server.url)
    assert ended.response is not None
    assert ended.response.data.id == "ch_5"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": None},
        {"id": 7, "amount": "many"},
        [],
        "text",
        None,
        {"id": "ch_1", "payment_method": {"type": "crypto"}},
        {"id": "ch_1", "payment_method": {"type": []}},
        {**charge(), "status": "on_the_moon", "currency": "xau"},
        {**charge(), "created_at": 1_700_000_000},
        {**charge(), "unknown": {"deep": [1]}},
    ],
)
def test_a_success_of_another_shape_is_a_result(server: FaultServer, call_style: CallStyle, body: object) -> None:
    """A missing or mistyped field never turns a 2xx into an exception."""
    server.plan(answering(201, body, after=True))
    ended = one(call_style, server.url)
    assert ended.error is None
    assert ended.record.certainty is Certainty.APPLIED
    assert ended.response is not None
    if isinstance(body, dict):
        assert isinstance(ended.response.data, models.Charge)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
def test_an_empty_success_is_done(server: FaultServer, call_style: CallStyle, status: int) -> None:
    """A 2xx without a body where the document promises one: no exception, nothing to hand over."""
    named = {} if status == 204 else {"Content-Length": "0"}
    server.plan(Fault(Act.ANSWER, after=True, answer=Answer(status, None, named)))
    ended = one(call_style, server.url)
    assert ended.error is None
    assert ended.response is not None
    assert ended.response.data is None


def test_the_servers_own_word_is_taken(server: FaultServer, call_style: CallStyle) -> None:
    """`X-Should-Retry: false` stops a 503, `true` retries a 400; the key stays the same."""
    server.plan(answering(503, X_Should_Retry="false"))
    assert len(one(call_style, server.url).record.attempts) == 1
    server.plan(answering(400, X_Should_Retry="true"))
    ended = one(call_style, server.url, retry=FAST)
    assert ended.error is None
    assert len(ended.record.attempts) == 2


def test_a_huge_header_or_body_is_an_error_of_ours(server: FaultServer, call_style: CallStyle) -> None:
    """A head that the HTTP library refuses to read is an answer that was lost, and is told as one."""
    server.plan(*[answering(201, after=True, X_Long="x" * 200_000)] * 4)
    ended = one(call_style, server.url, CHARGE)
    assert isinstance(ended.error, APIError) or ended.response is not None
    assert server.effects_of(ended.key) == 1


def test_another_media_type_than_documented_is_named(server: FaultServer, call_style: CallStyle) -> None:
    """Of a read nothing is said of effects; who asks for anything gets the text."""
    page = answering(200, b"id,amount\n1,2\n", Content_Type="text/csv")
    server.plan(page)
    ended = one(call_style, server.url, Ask("charges.get", ("ch_1",)))
    assert isinstance(ended.error, APIDecodeError)
    assert "it came as text/csv, and not as JSON" in str(ended.error)
    assert "done" not in str(ended.error)
    server.plan(page)
    with AcmePayments(base_url=server.url, token=TOKEN) as client:
        assert client.request("GET", "/charges") == "id,amount\n1,2\n"


def test_a_declared_charset_is_obeyed(server: FaultServer) -> None:
    """Old servers say what they send."""
    body = json.dumps({"name": "Grüße"}, ensure_ascii=False).encode("iso-8859-1")
    server.plan(answering(200, body, Content_Type="application/json; charset=iso-8859-1"))
    with AcmePayments(base_url=server.url, token=TOKEN) as client:
        assert client.request("GET", "/charges") == {"name": "Grüße"}


def test_a_mismatch_is_told_loudly_once(server: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    """A server that breaks its schema does so each time; a log says it once, and then to those who debug."""
    caplog.set_level("DEBUG", logger="acme_payments")
    with AcmePayments(base_url=server.url, token=TOKEN) as client:
        for _ in range(3):
            server.plan(answering(200, {"id": 3}))
            client.charges.get("ch_1")
    told = [record.levelname for record in caplog.records if "does not match its schema" in record.getMessage()]
    assert told == ["WARNING", "DEBUG", "DEBUG"]
