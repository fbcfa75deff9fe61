"""The API's dialect: how an answer reads in it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samekey_templates.runtime.retry.answers import is_replayed, read_answer
from samekey_templates.runtime.retry.dialect import AnswerSign, Profile, Signal
from samekey_templates.runtime.retry.rules import Answered, Failed, Failure

PLAIN = Profile()
STRIPE = Profile(mismatch=(Signal(400, "idempotency_error"),), should_retry=("Stripe-Should-Retry",))
ADYEN = Profile(in_flight=(Signal(409, "704"), Signal(422, "704")))
RESEND = Profile(
    in_flight=(Signal(409, "concurrent_idempotent_requests"),), mismatch=(Signal(409, "invalid_idempotent_request"),)
)


def read(
    profile: Profile,
    status: int,
    body: object = None,
    *,
    headers: dict[str, str] | None = None,
    complete: bool = True,
) -> Answered:
    """An answer as the profile reads it."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    found = read_answer(
        profile, status, httpx.Headers(headers or {}), content, now=1_700_000_000.0, complete=complete
    )  # fmt: skip
    assert isinstance(found, Answered)
    return found


def test_a_code_that_was_cut_off_may_have_been_any() -> None:
    """Taken as plain, a 409 of a running request would be told as a refusal of the operation's own."""
    coded = Profile(in_flight=(Signal(409, "running"),), mismatch=(Signal(422, "reused"),))
    assert not read(coded, 409).in_flight
    assert read(coded, 409, complete=False).in_flight
    assert read(coded, 422, complete=False).mismatch
    assert not read(coded, 404, complete=False).in_flight
    assert read(PLAIN, 409, complete=False).in_flight


def test_any_of_several_codes_of_a_status_is_enough() -> None:
    """A dialect may have two words for one thing."""
    coded = Profile(in_flight=(Signal(409, "running"), Signal(409, "locked")))
    assert read(coded, 409, {"code": "locked"}).in_flight
    assert not read(coded, 409, {"code": "taken"}).in_flight


def test_a_body_of_a_million_brackets_says_nothing() -> None:
    """A hostile answer ends no call with an exception of Python's."""
    bomb = b"[" * 1_000_000
    assert read(PLAIN, 409, bomb).status == 409
    refused = Profile(refused=(AnswerSign(200, field=("status",), equals="failed"),))
    assert read(refused, 200, bomb).refused is False
    assert read(refused, 200, {"status": "failed"}).refused is True


def test_an_answer_is_whole_and_at_the_beginning_unless_it_is_said_otherwise() -> None:
    """Then nothing was cut off in which a code might have stood, and no time had passed."""
    coded = Profile(in_flight=(Signal(409, "running"),))
    assert read_answer(coded, 409, httpx.Headers(), b"", now=0.0) == Answered(409)
    assert Answered(409).at == 0.0


def test_a_status_that_somebody_named_is_believed_to_the_letter() -> None:
    """Whoever writes `in_flight: 409` into a config says that no other conflict has that status."""
    named = Profile(in_flight=(Signal(409),), mismatch=(Signal(422),))
    running = read(named, 409, {"detail": "the e-mail is taken"})
    assert running.in_flight
    assert running.in_flight_named
    assert read(named, 422, {"detail": [{"loc": ["body", "amount"]}]}).mismatch
    assert not read(named, 409, {"detail": "idempotency key reused with another payload"}).mismatch


@pytest.mark.parametrize(
    "body",
    [
        None,
        {"detail": "the e-mail is taken"},
        {"error": {"code": "conflict", "message": "version 3 is not the newest"}},
        {"message": "progress is in the eye of the beholder"},
        b"<html><body>in progress</body></html>",
        b"Conflict",
    ],
)
def test_a_business_conflict_is_not_waited_for(body: object) -> None:
    """A 409 that does not look like a running request is the operation's own word, on every attempt."""
    answer = read(PLAIN, 409, body)
    assert (answer.in_flight, answer.mismatch) == (False, False)


@pytest.mark.parametrize(
    "body",
    [
        {"detail": "A request with this Idempotency-Key is still running"},
        {"title": "Conflict", "detail": "the request is being processed"},
        {"type": "https://api.example/errors/idempotency-concurrent"},
        {"code": "request_in_flight"},
        {"error": {"code": "idempotency_key_in_use"}},
        {"error": {"message": "There is currently another in-progress request using this key"}},
        {"error": "concurrent request"},
        b"request in progress",
    ],
)
def test_a_409_that_looks_like_it_is_a_first_run(body: object) -> None:
    """In words or in a code; nobody has named it, so it counts as a retry."""
    answer = read(PLAIN, 409, body)
    assert answer.in_flight
    assert not answer.in_flight_named


def test_a_409_that_asks_to_wait_is_a_first_run() -> None:
    """Nobody asks to wait for a conflict that stays."""
    assert read(PLAIN, 409, {"detail": "no"}, headers={"Retry-After": "1"}).in_flight


@pytest.mark.parametrize(
    ("status", "body", "mismatch"),
    [
        (422, {"detail": "idempotency key was used with other parameters"}, True),
        (422, {"code": "idempotency_key_reused"}, True),
        (422, {"title": "Idempotency-Key is already used"}, True),
        (422, {"detail": "amount is too small"}, False),
        (422, {"detail": [{"loc": ["header", "Idempotency-Key"], "msg": "field required"}]}, False),
        (422, None, False),
        (409, {"detail": "Idempotency key reused with a different payload"}, True),
        (409, {"detail": "this name is used by another request"}, False),
        (400, {"detail": "idempotency key reused"}, False),
    ],
)
def test_a_mismatch_speaks_of_keys(status: int, body: object, mismatch: bool) -> None:  # noqa: FBT001
    """A 422 is a failed validation, unless it speaks of the key; FastAPI's lists of `detail` never do."""
    answer = read(PLAIN, status, body)
    assert (answer.in_flight, answer.mismatch) == (False, mismatch)


def test_the_carriers_own_name_counts_as_well() -> None:
    """An API whose key is `PayPal-Request-Id` speaks of that."""
    assert read(Profile(name="PayPal-Request-Id"), 422, {"message": "PayPal-Request-Id was used before"}).mismatch


@pytest.mark.parametrize("status", [409, 422])
def test_a_stored_answer_is_the_operations_own_word(status: int) -> None:
    """What is replayed has ended: a 409 that says "it exists" must not be asked for until the deadline."""
    named = Profile(in_flight=(Signal(409),), mismatch=(Signal(422),))
    answer = read(named, status, {"detail": "in progress"}, headers={"Idempotent-Replayed": "true"})
    assert (answer.in_flight, answer.mismatch, answer.replayed) == (False, False, True)


@pytest.mark.parametrize("status", [400, 404, 408, 410, 425, 429, 500, 503])
def test_other_statuses_say_neither(status: int) -> None:
    """A profile of statuses reads only its own."""
    answer = read(PLAIN, status, {"error": {"code": "idempotency_error"}})
    assert (answer.in_flight, answer.mismatch) == (False, False)


@pytest.mark.parametrize(
    "body",
    [
        {"code": "CODE"},
        {"type": "CODE"},
        {"name": "CODE"},
        {"error": "CODE"},
        {"errorCode": "CODE"},
        {"error_code": "CODE"},
        {"error": {"code": "CODE"}},
        {"error": {"type": "CODE", "message": "m"}},
        {"error": {"type": "other", "code": "CODE"}},
        {"errors": [{"code": "CODE"}]},
        {"errors": [{"code": "first"}, {"code": "CODE"}]},
        {"errors": {"code": "CODE"}},
        [{"code": "CODE"}],
    ],
)
def test_a_code_is_found_wherever_apis_put_it(body: Any) -> None:  # noqa: ANN401
    """At the top, under `error`, in a list of `errors`: Stripe, Square, Adyen, Resend and their kin."""
    spelled: Any = json.loads(json.dumps(body).replace("CODE", "concurrent_idempotent_requests"))
    assert read(RESEND, 409, spelled).in_flight
    assert not read(RESEND, 409, spelled).mismatch
    spelled = json.loads(json.dumps(body).replace("CODE", "invalid_idempotent_request"))
    assert read(RESEND, 409, spelled).mismatch
    assert not read(RESEND, 409, spelled).in_flight


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"conflict",
        b"{",
        b"\xff\xfe{}",
        b"null",
        b"7",
        b'"704"',
        {},
        [],
        {"code": "other"},
        {"code": None},
        {"code": ["704"]},
        {"message": "704"},
        {"data": {"code": "704"}},
        {"error": None},
        {"errors": None},
        [[{"code": "704"}]],
    ],
)  # fmt: skip
def test_a_profile_of_codes_takes_no_other_word(body: object) -> None:
    """Where a code tells the answers apart, the status alone says nothing, also of a key sent before."""
    answer = read(ADYEN, 409, body)
    assert not answer.in_flight


@pytest.mark.parametrize("status", [409, 422])
@pytest.mark.parametrize("code", ["704", 704])
def test_a_code_counts_on_the_first_attempt_as_well(status: int, code: object) -> None:
    """The profile's code is clear by itself, as a string or as the number that some APIs write (Adyen's 704)."""
    assert read(ADYEN, status, {"status": status, "errorCode": code, "errorType": "validation"}).in_flight


def test_stripe_tells_a_mismatch_by_its_type() -> None:
    """Stripe: 400 with `idempotency_error`; another 400 is the operation's own."""
    assert read(STRIPE, 400, {"error": {"type": "idempotency_error"}}).mismatch
    assert not read(STRIPE, 400, {"error": {"type": "invalid_request_error"}}).mismatch


@pytest.mark.parametrize(
    "hostile", [b"[" * 100_000, b'{"error":' * 50_000, b"1" * 10_000, b'{"code":"\\ud800"}', b"\x00" * 100]
)
def test_no_body_breaks_the_reading(hostile: bytes) -> None:
    """An error body is only looked at; however deep or broken it is, the status is what counts."""
    for status in (400, 409, 500):
        answer = read(RESEND, status, hostile)
        assert (answer.status, answer.in_flight, answer.mismatch) == (status, False, False)


@given(st.integers(100, 599), st.binary(max_size=60))
def test_any_answer_can_be_read(status: int, body: bytes) -> None:
    """Whatever comes back, reading it is no error of its own."""
    assert read(PLAIN, status, body).status == status


@pytest.mark.parametrize("name", ["Idempotent-Replayed", "idempotent-replayed", "Idempotency-Replayed"])
@pytest.mark.parametrize(
    ("value", "replayed"),
    [
        ("true", True),
        ("True", True),
        ("1", True),
        ("?1", True),
        ("false", False),
        ("0", False),
        ("?0", False),
        ("", False),
    ],
)
def test_replay_markers(name: str, value: str, replayed: bool) -> None:  # noqa: FBT001
    """Either header marks a stored answer, in any case, unless it says no; on success and on failure."""
    assert is_replayed(PLAIN, httpx.Headers({name: value})) is replayed
    for status in (200, 400, 500):
        assert read(PLAIN, status, headers={name: value}).replayed is replayed


def test_a_profile_may_name_its_own_replay_marker() -> None:
    """The dialect is data; what another API calls its marker means nothing here."""
    profile = Profile(replayed=("X-Cache-Hit",))
    assert is_replayed(profile, httpx.Headers({"X-Cache-Hit": "yes"}))
    assert not is_replayed(profile, httpx.Headers({"Idempotent-Replayed": "true"}))


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("true", True),
        ("TRUE", True),
        (" true ", True),
        ("1", True),
        ("?1", True),
        ("false", False),
        ("False", False),
        ("0", False),
        ("?0", False),
        ("", None),
        ("maybe", None),
        ("2", None),
    ],
)
def test_the_servers_own_word_on_retrying(value: str, word: bool | None) -> None:  # noqa: FBT001
    """`X-Should-Retry` by default, or the profile's own header; what is neither yes nor no is no word."""
    assert read(PLAIN, 503, headers={"X-Should-Retry": value}).should_retry is word
    assert read(STRIPE, 503, headers={"Stripe-Should-Retry": value}).should_retry is word
    assert read(STRIPE, 503, headers={"X-Should-Retry": value}).should_retry is None


@pytest.mark.parametrize("status", [302, 400, 409, 429, 500, 503])
def test_retry_after_is_read_from_every_failure(status: int) -> None:
    """It is surfaced with the error also where the call is not retried."""
    assert read(PLAIN, status, headers={"Retry-After": "2"}).retry_after == 2.0


def test_the_defaults_are_those_of_the_retry_rules() -> None:
    """Section 2's table of defaults."""
    assert (PLAIN.carrier, PLAIN.name, PLAIN.format.kind, PLAIN.quoted) == ("header", "Idempotency-Key", "uuid4", False)
    assert PLAIN.ttl == 24 * 3600
    assert (PLAIN.in_flight, PLAIN.mismatch) == (None, None)
    assert PLAIN.replayed == ("Idempotent-Replayed", "Idempotency-Replayed")
    assert PLAIN.should_retry == ("X-Should-Retry",)


def test_a_success_is_not_read_further() -> None:
    """Below 300 nothing counts but the replay marker; from 300 on the headers do."""
    headers = {"Retry-After": "2", "X-Should-Retry": "true"}
    done = read(PLAIN, 299, headers=headers)
    assert (done.retry_after, done.should_retry) == (None, None)
    moved = read(PLAIN, 300, headers=headers)
    assert (moved.retry_after, moved.should_retry) == (2.0, True)


def test_only_the_beginning_of_a_text_is_read() -> None:
    """2,048 bytes: a page that is not JSON costs no more than that."""
    word = b"idempotent"
    assert read(PLAIN, 409, b" " * (2048 - len(word)) + word).in_flight
    assert not read(PLAIN, 409, b" " * (2048 - len(b"idempot") + 1) + word).in_flight


def nested(depth: int, inner: object) -> object:
    """A value below so many lists."""
    return inner if depth == 0 else [nested(depth - 1, inner)]


def test_words_are_read_a_few_levels_deep() -> None:
    """Six levels; nothing that a server sends makes the reading long."""
    assert read(PLAIN, 409, nested(5, "idempotent")).in_flight
    assert not read(PLAIN, 409, nested(6, "idempotent")).in_flight


def test_only_so_many_words_of_a_level_are_read() -> None:
    """A hundred of them."""
    assert read(PLAIN, 409, [*["x"] * 99, "idempotent"]).in_flight
    assert not read(PLAIN, 409, [*["x"] * 100, "idempotent"]).in_flight


NESTED_CODE: object = {"error": None, "errors": [{"message": "m"}, {"code": 704}]}
NO_CODE: object = json.loads('{"error": {"code": {}}, "errors": [{}]}')


def test_an_empty_list_of_errors_is_the_first_of_several_places() -> None:
    """A code is looked for in each place, also where another has none."""
    assert read(ADYEN, 409, NESTED_CODE).in_flight
    assert not read(ADYEN, 409, NO_CODE).in_flight


def test_a_status_without_a_code_needs_no_body() -> None:
    """Of two signals for one status, the one without a code takes every body."""
    either = Profile(in_flight=(Signal(409, "busy"), Signal(409)))
    assert read(either, 409, {"code": "other"}).in_flight
    assert not read(either, 422, {"code": "busy"}).in_flight


def test_html_is_known_by_its_first_character() -> None:
    """Blanks before it do not count; of a page only what speaks of idempotency does."""
    assert not read(PLAIN, 409, b"\n  <html>a request is in progress").in_flight
    assert read(PLAIN, 409, b"\n  <html>idempotency key in use").in_flight
    assert read(PLAIN, 409, b"a request is in progress <br>").in_flight


LIMITED = Profile(
    throttled=(
        AnswerSign(403, header="X-RateLimit-Remaining", equals="0"),
        AnswerSign(403, header="X-Throttled"),
        AnswerSign(400, code="ThrottlingException"),
        AnswerSign(418),
        AnswerSign(409, field=("meta", "limited"), equals=True),
    )
)


@pytest.mark.parametrize(
    ("status", "headers", "body", "throttled"),
    [
        (403, {"X-RateLimit-Remaining": "0"}, None, True),
        (403, {"x-ratelimit-remaining": " 0 "}, None, True),
        (403, {"X-RateLimit-Remaining": "1"}, None, False),
        (403, {}, None, False),
        (403, {"X-Throttled": "what you like"}, None, True),
        (401, {"X-RateLimit-Remaining": "0"}, None, False),
        (400, {}, {"error": {"code": "ThrottlingException"}}, True),
        (400, {}, {"error": {"code": "ValidationException"}}, False),
        (418, {}, None, True),
        (409, {}, {"meta": {"limited": True}}, True),
        (409, {}, {"meta": {"limited": 1}}, False),
        (409, {}, {"meta": {"limited": "true"}}, False),
        (409, {}, {"meta": {}}, False),
        (409, {}, {"meta": []}, False),
        (409, {}, b"<html>", False),
    ],
)
def test_a_refusal_that_the_dialect_names_is_throttling(
    status: int,
    headers: dict[str, str],
    body: object,
    throttled: bool,  # noqa: FBT001
) -> None:
    """By its status and a header, a code or a field; all that is named must hold, and `true` is not 1."""
    assert read(LIMITED, status, body, headers=headers).throttled is throttled
    assert not read(PLAIN, status, body, headers=headers).throttled


SLACK = Profile(
    refused=(
        AnswerSign(200, field=("ok",), equals=False),
        AnswerSign(200, field=("error",)),
        AnswerSign(202, code="declined"),
    )
)


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [
        (200, {"ok": False}, True),
        (200, {"ok": True}, False),
        (200, {"ok": 0}, False),
        (200, {"ok": None}, False),
        (200, {"error": "not_in_channel"}, True),
        (200, {"error": None}, True),
        (200, {}, False),
        (200, [], False),
        (201, {"ok": False}, False),
        (202, {"code": "declined"}, True),
        (202, {"code": "accepted"}, False),
        (200, b"", False),
        (200, b"{", False),
    ],
)
def test_a_2xx_that_the_dialect_names_is_a_refusal(status: int, body: object, refused: bool) -> None:  # noqa: FBT001
    """Some APIs answer 200 to everything, and say in a field whether it was done."""
    found = read(SLACK, status, body)
    assert (found.refused, found.is_done) == (refused, not refused)
    assert not read(PLAIN, status, body).refused


@pytest.mark.parametrize("status", [425, 429, 403])
@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({"RateLimit-Reset": "7"}, 7.0),
        ({"X-RateLimit-Reset": "7", "X-RateLimit-Remaining": "0"}, 7.0),
        ({"X-RateLimit-Reset": "1700000030", "X-RateLimit-Remaining": "0"}, 30.0),
        ({"X-RateLimit-Reset": "1700000030000"}, 30.0),
        ({"X-RateLimit-Reset": "1699999990"}, 0.0),
        ({"X-RateLimit-Reset": "7", "X-RateLimit-Remaining": "3"}, None),
        ({"X-Rate-Limit-Reset": "9", "RateLimit-Reset": "7"}, 9.0),
        ({"RateLimit": '"burst";r=0;t=4, "daily";r=0;t=9'}, 9.0),
        ({"RateLimit": '"burst";r=5;t=4, "daily";r=0;t=9'}, 9.0),
        ({"RateLimit": "limit=100, remaining=0, reset=12"}, 12.0),
        ({"RateLimit": '"default";r=5;t=4'}, None),
        ({"RateLimit-Reset": "soon"}, None),
        ({"Retry-After": "2", "RateLimit-Reset": "7"}, 2.0),
        ({}, None),
    ],
)
def test_a_limit_says_when_it_is_renewed(status: int, headers: dict[str, str], asked: float | None) -> None:
    """Where nothing remains and there is no Retry-After; in seconds, or as a moment."""
    limited = Profile(throttled=(AnswerSign(403),))
    assert read(limited, status, headers=headers).retry_after == asked
    elsewhere = read(limited, 500, headers=headers).retry_after
    assert elsewhere == (2.0 if "Retry-After" in headers else None)


@pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml", " text/html"])
def test_a_page_of_html_is_not_the_answer_of_an_api(kind: str) -> None:
    """A login page, or a captive portal: nothing says that the request was done."""
    headers = httpx.Headers({"Content-Type": kind})
    found = read_answer(PLAIN, 200, headers, b"<html>", now=0.0, at=2.0, expects_html=False)
    assert found == Failed(Failure.FOREIGN_PAGE, "200 with a page of HTML", 2.0, status=200)
    assert isinstance(read_answer(PLAIN, 200, headers, b"<html>", now=0.0), Answered)
    assert isinstance(read_answer(PLAIN, 404, headers, b"<html>", now=0.0, expects_html=False), Answered)
    json_headers = httpx.Headers({"Content-Type": "application/json"})
    assert isinstance(read_answer(PLAIN, 200, json_headers, b"{}", now=0.0, expects_html=False), Answered)
