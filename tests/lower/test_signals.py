"""What documented answers say of keys, and the reason for each verdict, in the words that people are shown."""

from __future__ import annotations

import pytest
from samekey.config.dialect import Carrier, KeyFormat, Profile, Signal
from samekey.ir import Operation, Safety

from tests.lower.documents import Lowered, operation

OK = "200: {description: ''}"
KEY = "parameters: [{name: Idempotency-Key, in: header, schema: {type: string}}]"
RUNS = "A request with the same key is in progress."
OTHER = "The idempotency key was reused."


def posted(responses: str, words: str = "", key: str = KEY) -> Lowered:
    """A POST that declares a key, with these answers and extra lines."""
    return operation(f"{words}\n{key}\nresponses: {{{OK}, {responses}}}", path="/t", method="post")


def signals(responses: str, words: str = "") -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
    """The statuses of the profile for a running request and for another payload; None where nothing is said."""
    profile: Profile = posted(responses, words).operation().profile
    return statuses(profile.in_flight), statuses(profile.mismatch)


def statuses(found: tuple[Signal, ...] | None) -> tuple[int, ...] | None:
    """The statuses of signals without codes."""
    assert all(signal.code == "" for signal in found or ())
    return None if found is None else tuple(signal.status for signal in found)


@pytest.mark.parametrize(
    ("status", "in_flight", "mismatch"),
    [
        ("400", (400,), (400,)),
        ("423", (423,), (423,)),
        ("499", (499,), (499,)),
        ("399", None, None),
        ("500", None, None),
        ("503", None, None),
        ("4XX", None, None),
        ("default", None, None),
        # The usual ones are used for other conflicts as well: an answer still has to look like it.
        ("409", None, (409,)),
        ("422", (422,), None),
    ],
)
def test_refusals_that_speak_of_keys_are_signals(
    status: str, in_flight: tuple[int, ...] | None, mismatch: tuple[int, ...] | None
) -> None:
    """A single status from 400 to 499; neither a range, nor an error of the server."""
    assert signals(f"{status}: {{description: '{RUNS}'}}") == (in_flight, None)
    assert signals(f"{status}: {{description: '{OTHER}'}}") == (None, mismatch)


@pytest.mark.parametrize(
    "words",
    [
        "in-flight", "inflight", "in flight", "in progress", "still running", "still being handled", "still in work",
        "concurrent", "being processed", "already processing", "IN PROGRESS",
    ],
)  # fmt: skip
def test_words_for_a_running_request(words: str) -> None:
    """Each of them, beside a word for the key; not alone."""
    assert signals(f"425: {{description: 'same key: {words}'}}") == ((425,), None)
    assert signals(f"425: {{description: 'the export: {words}'}}") == (None, None)


@pytest.mark.parametrize(
    "words",
    [
        "mismatch",
        "reused",
        "re-used",
        "reuse",
        "different request",
        "another payload",
        "different body",
        "another param",
    ],
)
def test_words_for_another_payload(words: str) -> None:
    """Each of them, beside a word for the key; not alone."""
    assert signals(f"400: {{description: 'Idempotency: {words}'}}") == (None, (400,))
    assert signals(f"400: {{description: 'the name: {words}'}}") == (None, None)


@pytest.mark.parametrize("words", ["Idempotent", "the same key", "request id", "request-id", "requestId", "Duplicate"])
def test_words_for_the_key(words: str) -> None:
    """What makes an answer one about keys; a description without any says nothing of them."""
    assert signals(f"425: {{description: '{words} is in progress'}}") == ((425,), None)
    assert signals("425: {description: 'it is in progress'}") == (None, None)


def test_a_status_that_means_both_is_waited_for() -> None:
    """Without a code the two cannot be told apart, and waiting is the safe reading."""
    both = "{description: 'The same key is in progress, or was reused.'}"
    assert signals(f"400: {both}") == ((400,), None)
    assert signals(f"400: {both}, 423: {{description: '{OTHER}'}}") == ((400,), (423,))


def test_several_statuses_are_several_signals() -> None:
    """In the document's order; beside the usual status they add nothing."""
    assert signals(f"425: {{description: '{RUNS}'}}, 423: {{description: '{RUNS}'}}") == ((425, 423), None)
    assert signals(f"425: {{description: '{RUNS}'}}, 409: {{description: '{RUNS}'}}") == (None, None)
    assert signals(f"400: {{description: '{OTHER}'}}, 422: {{description: '{OTHER}'}}") == (None, None)


def test_prose_does_not_overrule_what_somebody_states() -> None:
    """The extension names the signals: descriptions add nothing to them, and take nothing away."""
    stated = "x-idempotency: {in_flight: 409, mismatch: 422}"
    prose = f"425: {{description: '{RUNS}'}}, 400: {{description: '{OTHER}'}}"
    assert signals(prose, stated) == ((409,), (422,))
    assert signals(prose, "x-idempotency: {in_flight: 409}") == ((409,), (400,))
    assert signals(prose, "x-idempotency: {mismatch: 422}") == ((425,), (422,))


def test_an_assumed_key_reads_the_answers_too() -> None:
    """Where no carrier is declared, and in a body that takes any field."""
    answers = f"425: {{description: '{RUNS}'}}"
    silent = posted(answers, key="").operation()
    assert statuses(silent.profile.in_flight) == (425,)
    body = "requestBody: {content: {application/json: {schema: {type: object}}}}"
    free = posted(answers, "x-idempotency: {in: body, name: token}", body).operation()
    assert (free.safety, statuses(free.profile.in_flight)) == (Safety.KEYED, (425,))


# Reasons


def why(words: str, method: str = "post", path: str = "/t") -> tuple[Safety, str]:
    """The verdict on an operation, and its reason."""
    entry: Operation = operation(f"{words}\nresponses: {{{OK}}}", path=path, method=method).operation()
    return entry.safety, entry.why


def body(media_type: str, schema: str) -> str:
    """A request body."""
    return f"requestBody: {{content: {{{media_type}: {{schema: {schema}}}}}}}"


FREE = "{type: object, additionalProperties: true}"
OPEN = "{type: object, properties: {a: {type: string}}, additionalProperties: true}"
CLOSED = "{type: object, properties: {a: {type: string}}}"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("media_type", "schema", "is_keyed"),
    [
        ("application/json", FREE, True),
        ("application/json", OPEN, True),
        ("application/json", CLOSED, False),
        ("application/json", "{type: array, items: {type: string}}", False),
        (FORM, FREE, True),
        (FORM, OPEN, True),
        (FORM, CLOSED, False),
        ("multipart/form-data", OPEN, False),
        ("multipart/form-data", FREE, False),
        ("text/plain", "{type: string}", False),
    ],
)
def test_a_field_that_nobody_declares_needs_room(media_type: str, schema: str, *, is_keyed: bool) -> None:
    """JSON and forms that take extra fields carry a key; all else is unsafe."""
    expected = (
        (Safety.KEYED, "the API's document says that keys are honoured here")
        if is_keyed
        else (Safety.UNSAFE, "keys travel in the body field 'token', which it does not have")
    )
    assert why(f"x-idempotency: {{in: body, name: token}}\n{body(media_type, schema)}") == expected


@pytest.mark.parametrize(
    ("words", "method", "safety", "reason"),
    [
        ("", "get", Safety.SAFE, "GET only reads"),
        ("", "put", Safety.IDEMPOTENT, "PUT is idempotent by definition"),
        ("", "post", Safety.KEYED, "the API's document does not say that keys are honoured here"),
        (KEY, "post", Safety.KEYED, "the API's document declares the header parameter 'Idempotency-Key'"),
        (KEY, "put", Safety.KEYED, "the API's document declares the header parameter 'Idempotency-Key'"),
        ("x-idempotency: false", "post", Safety.UNSAFE, "the API honours no keys here"),
        ("x-idempotency: {methods: [POST]}", "patch", Safety.UNSAFE, "the API honours keys on POST only"),
        ("x-idempotency: {methods: [POST, PUT]}", "patch", Safety.UNSAFE, "the API honours keys on POST and PUT only"),
        (
            "x-idempotency: {name: X-Key}", "post", Safety.KEYED,
            "the API's document says that keys are honoured here",
        ),
        (
            "x-idempotency: {in: query, name: Idempotency-Key}", "post", Safety.KEYED,
            "the API's document says that keys are honoured here",
        ),
        (
            "parameters: [{name: clientToken, in: query, schema: {type: string}}]", "post", Safety.KEYED,
            "the API's document declares the query parameter 'clientToken'",
        ),
        (
            body("application/json", "{type: object, properties: {client_token: {type: string}}}"), "post",
            Safety.KEYED, "the API's document declares the body field 'client_token'",
        ),
    ],
)  # fmt: skip
def test_the_reason_is_said(words: str, method: str, safety: Safety, reason: str) -> None:
    """Each verdict has its own."""
    assert why(words, method) == (safety, reason)


def test_a_pattern_that_no_key_fits_is_a_finding() -> None:
    """The format is as before, and the warning says what to do."""
    found = operation(
        "parameters: [{name: Idempotency-Key, in: header, schema: {type: string, pattern: '^key_[a-z]+$'}}]\n"
        f"responses: {{{OK}}}",
        path="/t",
        method="post",
    )
    assert found.operation().profile.format == KeyFormat()
    assert found.operation().profile.carrier is Carrier.HEADER
    assert found.codes == ["key-format"]
    assert posted(f"404: {{description: '{RUNS}'}}").codes == []
