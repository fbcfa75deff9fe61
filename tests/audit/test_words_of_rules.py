"""The words by which rules know codes, flags, ids and headers: each of them counts, and those that merely look like it do not."""

from __future__ import annotations

import pytest
from samekey.config.audit import RuleId

from tests.audit.documents import KEY, KEYED, audited, operation, rules
from tests.audit.test_rules import fields, webhook


def conflict(properties: str) -> str:
    """A keyed POST whose 409 has these properties."""
    answer = f"description: The first request with this idempotency key is still in progress., {fields(properties)}"
    return operation(f"parameters: [{KEY}]\nresponses:\n  '409': {{{answer}}}")


@pytest.mark.parametrize(
    "properties",
    [
        *(f"properties: {{{name}: {{type: string}}}}" for name in ("code", "type", "error", "reason", "error_code", "errorCode", "name")),
        "properties: {error: {type: object, properties: {code: {type: string}}}}",
        "properties: {problems: {type: array, items: {type: object, properties: {code: {type: integer}}}}}",
    ],
)  # fmt: skip
def test_a_code_is_known_by_its_name(properties: str) -> None:
    """At the top, or one level down."""
    assert RuleId.REFUSAL_WITHOUT_CODE.value not in rules(audited(conflict(properties)))


@pytest.mark.parametrize(
    "properties",
    [
        "properties: {message: {type: string}}",
        "additionalProperties: true",
        "properties: {a: {type: object, properties: {b: {type: object, properties: {code: {}}}}}}",
    ],
)
def test_what_is_no_code(properties: str) -> None:
    """Words for people, anything, and what is buried."""
    assert RuleId.REFUSAL_WITHOUT_CODE.value in rules(audited(conflict(properties)))


def refusing(flag: str, error: str, *, required: bool = True) -> list[str]:
    """What is found of a POST whose 200 has two fields."""
    wanted = f"required: [{flag}], " if required else ""
    schema = f"{wanted}properties: {{{flag}: {{type: boolean}}, {error}: {{type: string}}}}"
    return rules(audited(operation(f"responses: {{'200': {{description: ok, {fields(schema)}}}}}")))


@pytest.mark.parametrize("flag", ["ok", "success", "successful", "succeeded", "isSuccess", "is_success"])
@pytest.mark.parametrize("error", ["error", "errors", "error_code", "errorMessage", "error_description"])
def test_a_success_that_refuses_is_known_by_two_fields(flag: str, error: str) -> None:
    """A flag that is always there, and an error beside it."""
    rule = RuleId.SUCCESS_THAT_REFUSES.value
    assert rule in refusing(flag, error)
    assert rule not in refusing(flag, error, required=False)
    assert rule not in refusing(flag, "message")
    assert rule not in refusing("done", error)


def test_reads_and_what_is_said_already_are_let_be() -> None:
    """A search may say that it failed; and whoever names the refusal has said it."""
    schema = "required: [ok], properties: {ok: {type: boolean}, error: {type: string}}"
    answer = f"responses: {{'200': {{description: ok, {fields(schema)}}}}}"
    rule = RuleId.SUCCESS_THAT_REFUSES.value
    assert rule not in rules(audited(operation(answer, method="get")))
    assert rule not in rules(audited(operation(f"operationId: searchThings\n{answer}")))
    assert rule in rules(audited(operation(answer, method="put")))
    said = "idempotency: {refused: {status: 200, field: ok, equals: false}}"
    assert rule not in rules(audited(operation(answer), said))


@pytest.mark.parametrize(
    "header",
    ["webhook-id", "Stripe-Event-Id", "X-Delivery-Id", "X-GitHub-Delivery", "ce-id", "Idempotency-Key", "X-Request-Id"],
)
def test_a_header_tells_a_redelivery(header: str) -> None:
    """Those of Standard Webhooks, of CloudEvents, and of vendors."""
    text = webhook(f"{{name: {header}, in: header, schema: {{type: string}}}}", "properties: {amount: {type: integer}}")
    assert rules(audited(text)) == []


@pytest.mark.parametrize("name", ["id", "event_id", "eventId", "uuid", "webhookId", "delivery_id", "notification_id"])
def test_a_field_tells_a_redelivery(name: str) -> None:
    """At the top of a payload, or in its envelope; a field of a business object does not."""
    assert rules(audited(webhook("", f"properties: {{{name}: {{type: string}}}}"))) == []
    assert (
        rules(audited(webhook("", f"properties: {{meta: {{type: object, properties: {{{name}: {{type: string}}}}}}}}")))
        == []
    )
    buried = f"properties: {{charge: {{type: object, properties: {{{name}: {{type: string}}}}}}}}"
    assert rules(audited(webhook("", buried))) == ["webhook-without-id"]


@pytest.mark.parametrize("header", ["X-Signature", "Content-Type", "User-Agent"])
def test_a_header_that_tells_nothing(header: str) -> None:
    """Signatures differ from delivery to delivery."""
    text = webhook(f"{{name: {header}, in: header, schema: {{type: string}}}}", "properties: {amount: {type: integer}}")
    assert rules(audited(text)) == ["webhook-without-id"]


@pytest.mark.parametrize(
    "header",
    ["Retry-After", "retry-after-ms", "RateLimit", "RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset"],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_header_says_when_to_come_back(header: str, status: int) -> None:
    """The standard's and the usual ones; not how much is left."""
    text = "responses: {'%d': {description: no, headers: {%s: {schema: {type: integer}}}}}"
    assert rules(audited(operation(text % (status, header), method="get"))) == []
    assert rules(audited(operation(text % (status, "X-RateLimit-Remaining"), method="get"))) == ["no-retry-after"]
    assert rules(audited(operation(text % (500, "X-RateLimit-Remaining"), method="get"))) == []


@pytest.mark.parametrize(("length", "is_short"), [(1, True), (19, True), (20, False), (36, False)])
def test_a_key_of_twenty_letters_is_long_enough(length: int, *, is_short: bool) -> None:
    """One letter less is not."""
    key = f"{{name: Idempotency-Key, in: header, required: true, schema: {{type: string, maxLength: {length}}}}}"
    found = rules(audited(operation(KEYED.replace(KEY, key))))
    assert (RuleId.SHORT_KEY.value in found) is is_short


@pytest.mark.parametrize("shape", ["format: uuid", "pattern: '^[a-z]+$'", "maxLength: 64"])
def test_a_shape_is_a_format_a_pattern_or_a_length(shape: str) -> None:
    """Each is enough."""
    key = f"{{name: Idempotency-Key, in: header, required: true, schema: {{type: string, {shape}}}}}"
    assert RuleId.KEY_WITHOUT_SHAPE.value not in rules(audited(operation(KEYED.replace(KEY, key))))


@pytest.mark.parametrize("words", ["A UUID.", "At most 64 characters", "of any length up to 10", "ASCII only"])
def test_prose_is_a_shape_too(words: str) -> None:
    """As long as it speaks of one."""
    key = f"{{name: Idempotency-Key, in: header, required: true, description: '{words}', schema: {{type: string}}}}"
    assert RuleId.KEY_WITHOUT_SHAPE.value not in rules(audited(operation(KEYED.replace(KEY, key))))


@pytest.mark.parametrize(
    "words",
    [
        "Remembered for 24 hours.",
        "valid 7 days",
        "kept for 30-day periods",
        "for a week",
        "24h",
        "until its expiration",
        "the key-lifetime that GET /config tells",
    ],
)
def test_how_long_is_said_in_many_words(words: str) -> None:
    """In the description of the key."""
    key = KEY.replace("required: true", f"required: true, description: '{words}'")
    assert RuleId.NO_TTL.value not in rules(audited(operation(KEYED.replace(KEY, key))))


@pytest.mark.parametrize("words", ["Unique for each request.", "Send it in the header.", "3 retries"])
def test_how_long_is_not_said_by_other_words(words: str) -> None:
    """Numbers and uniqueness are no time."""
    key = KEY.replace("required: true", f"required: true, description: '{words}'")
    assert RuleId.NO_TTL.value in rules(audited(operation(KEYED.replace(KEY, key))))


def test_findings_point_to_what_they_are_about() -> None:
    """To a parameter, or to an answer, and not to the operation around it."""
    key = "{name: Idempotency-Key, in: header, schema: {type: string, maxLength: 8}}"
    schema = "required: [ok], properties: {ok: {type: boolean}, error: {type: string}}"
    text = operation(
        f"parameters:\n  - {key}\nresponses:\n  '200': {{description: ok, {fields(schema)}}}\n  '409': {{description: no}}"
    )
    lines = text.splitlines()
    for rule, words in (
        ("short-key", "maxLength: 8"),
        ("success-that-refuses", "'200'"),
        ("refusal-without-code", "'409'"),
        ("no-ttl", "maxLength: 8"),
    ):
        [finding] = [entry for entry in audited(text).findings if entry.rule == rule]
        assert words in lines[finding.spot.line - 1], rule
