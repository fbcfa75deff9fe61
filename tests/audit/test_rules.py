"""Every rule finds what it is for, and lets be what is as it should be."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from samekey.audit.checks import CHECKS
from samekey.audit.rules import RULES
from samekey.config.audit import RuleId
from samekey.document.diagnostics import Severity

from tests.audit.documents import CODED, KEY, KEYED, audited, found, of, operation, rules

OPTIONAL = KEY.replace("required: true", "required: false")
BARE = "{name: Idempotency-Key, in: header, required: true, schema: {type: string}}"


@dataclass(frozen=True)
class Case:
    """A document that a rule finds something in, and one that is much the same and has nothing to find.

    Args:
        bad: the one.
        good: the other.
        config: what the config says of both.
    """

    bad: str
    good: str
    config: str = ""
    good_config: str = ""


def fields(text: str) -> str:
    """A JSON body, or answer, of an object with these properties."""
    return f"content: {{application/json: {{schema: {{type: object, {text}}}}}}}"


def webhook(headers: str, properties: str) -> str:
    """A document of a webhook."""
    top = f"""
        webhooks:
          thingMade:
            post:
              parameters: [{headers}]
              requestBody: {{{fields(properties)}}}
              responses: {{"204": {{description: ok}}}}
    """
    return of("/things:\n  get: {responses: {}}", top, "3.1.0")


TOKENS = """
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows: {clientCredentials: {tokenUrl: /oauth/token, scopes: {}}}
"""
REFUSED = 'responses: {"409": {description: A thing of this name already exists.}}'
CASES: dict[RuleId, Case] = {
    RuleId.COSTLY_WITHOUT_KEY: Case(
        operation("operationId: createPayment\nresponses: {}", "/payments"),
        operation(f"operationId: createPayment\nparameters: [{KEY}]\nresponses: {{}}", "/payments"),
    ),
    RuleId.KEY_NOT_HONOURED: Case(
        operation(KEYED), operation(KEYED),
        "idempotency: {operations: {POST /things: false}}", "idempotency: {operations: {POST /things: true}}",
    ),
    RuleId.NO_KEY: Case(operation("responses: {}"), operation(KEYED)),
    RuleId.PATCH_THAT_ADDS: Case(
        operation(f"requestBody: {{{fields('properties: {increment_by: {type: integer}}')}}}\nresponses: {{}}", method="patch"),
        operation(f"requestBody: {{{fields('properties: {amount: {type: integer}}')}}}\nresponses: {{}}", method="patch"),
    ),
    RuleId.GET_THAT_ACTS: Case(
        operation("operationId: deleteThing\nresponses: {}", "/things/delete", "get"),
        operation("operationId: getDeletedThings\nresponses: {}", "/things/deleted", "get"),
    ),
    RuleId.PUT_WITHOUT_ID: Case(
        operation('operationId: createThing\nresponses: {"201": {description: made}}', method="put"),
        operation('operationId: createThing\nresponses: {"201": {description: made}}', "/things/{id}", "put"),
    ),
    RuleId.KEY_UNCONFIRMED: Case(
        operation("responses: {}"), operation("responses: {}"),
        "idempotency: {name: X-Key}", "idempotency: {name: X-Key, honoured: true}",
    ),
    RuleId.TWO_CARRIERS: Case(
        of(f"/a: {{post: {{parameters: [{KEY}], responses: {{}}}}}}\n/b: {{post: {{parameters: [{{name: X-Idempotency-Token, in: header, schema: {{type: string}}}}], responses: {{}}}}}}"),
        of(f"/a: {{post: {{parameters: [{KEY}], responses: {{}}}}}}\n/b: {{post: {{parameters: [{{name: idempotency-key, in: header, schema: {{type: string}}}}], responses: {{}}}}}}"),
    ),
    RuleId.TOKEN_WITH_KEY: Case(
        operation(f"parameters: [{KEY}]\nresponses: {{}}", "/oauth/token", top=TOKENS),
        operation("responses: {}", "/oauth/token", top=TOKENS),
    ),
    RuleId.SHORT_KEY: Case(
        operation(f"parameters: [{BARE.replace('string', 'string, maxLength: 8')}]\nresponses: {{}}"),
        operation(f"parameters: [{BARE.replace('string', 'string, maxLength: 36')}]\nresponses: {{}}"),
    ),
    RuleId.SUCCESS_THAT_REFUSES: Case(
        operation(f'responses: {{"200": {{description: ok, {fields("required: [ok], properties: {ok: {type: boolean}, error: {type: string}}")}}}}}'),
        operation(f'responses: {{"200": {{description: ok, {fields("required: [ok], properties: {ok: {type: boolean}, id: {type: string}}")}}}}}'),
    ),
    RuleId.WEBHOOK_WITHOUT_ID: Case(
        webhook("", "properties: {amount: {type: integer}}"),
        webhook("{name: webhook-id, in: header, schema: {type: string}}", "properties: {amount: {type: integer}}"),
    ),
    RuleId.ACTION_UNSAID: Case(
        operation("operationId: cancelThing\nresponses: {}", "/things/{id}/cancel"),
        operation("operationId: cancelThing\nresponses: {}", "/things/{id}/cancel", "put"),
    ),
    RuleId.PATCH_UNSAID: Case(
        operation("responses: {}", "/things/{id}", "patch"),
        operation(
            "parameters: [{name: If-Match, in: header, required: true, schema: {type: string}}]\nresponses: {}",
            "/things/{id}", "patch",
        ),
    ),
    RuleId.POST_THAT_READS: Case(
        operation("operationId: searchThings\nresponses: {}", "/things/search"),
        operation("operationId: searchThings\nresponses: {}", "/things/search", "get"),
    ),
    RuleId.REPEAT_REFUSED: Case(
        operation(f"operationId: createThing\n{REFUSED}"),
        of(f"/things: {{get: {{{REFUSED}}}, post: {{operationId: createThing, {REFUSED}}}}}"),
    ),
    RuleId.KEY_ON_READ: Case(
        of(f"/things: {{parameters: [{KEY}], get: {{responses: {{}}}}, post: {{responses: {{}}}}}}"),
        of(f"/things: {{get: {{responses: {{}}}}, post: {{parameters: [{KEY}], responses: {{}}}}}}"),
    ),
    RuleId.OPTIONAL_KEY: Case(
        operation(f"parameters: [{OPTIONAL}]\nresponses: {{}}"), operation(f"parameters: [{KEY}]\nresponses: {{}}")
    ),
    RuleId.KEY_WITHOUT_SHAPE: Case(
        operation(f"parameters: [{BARE}]\nresponses: {{}}"),
        operation(f"parameters: [{BARE.replace('name', 'description: at most 64 characters, name')}]\nresponses: {{}}"),
    ),
    RuleId.IN_FLIGHT_UNSAID: Case(operation(f"parameters: [{KEY}]\nresponses: {{}}"), operation(KEYED)),
    RuleId.MISMATCH_UNSAID: Case(operation(f"parameters: [{KEY}]\nresponses: {{}}"), operation(KEYED)),
    RuleId.REFUSAL_WITHOUT_CODE: Case(operation(KEYED.replace(f", {CODED}", "")), operation(KEYED)),
    RuleId.NO_REPLAY_MARKER: Case(operation(f"parameters: [{KEY}]\nresponses: {{}}"), operation(KEYED)),
    RuleId.NO_TTL: Case(
        operation(KEYED), operation(KEYED, top="x-idempotency: {ttl: 24h}")
    ),
    RuleId.NO_RETRY_AFTER: Case(
        operation('responses: {"429": {description: slow down}}', method="get"),
        operation('responses: {"429": {description: slow down, headers: {retry-after: {schema: {type: integer}}}}}', method="get"),
    ),
}  # fmt: skip


def test_every_rule_has_a_case_and_a_check() -> None:
    """None is forgotten."""
    assert set(CASES) == set(CHECKS) == set(RULES) == set(RuleId)


@pytest.mark.parametrize("rule", RuleId)
def test_a_rule_finds_what_it_is_for_and_nothing_else(rule: RuleId) -> None:
    """It finds something in the one document, at a line of it, and nothing in the other."""
    case = CASES[rule]
    bad = audited(case.bad, case.config)
    assert found(bad, rule)
    assert found(audited(case.good, case.good_config or case.config), rule) == []
    lines = len(case.bad.splitlines())
    assert all(0 < finding.spot.line <= lines for finding in bad.findings)
    assert all(finding.severity is RULES[finding.rule].severity for finding in bad.findings)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id.value)
def test_a_rule_says_why_who_and_how(rule: object) -> None:
    """A reason, a source by section or name, a mend and an example of it; each in sentences."""
    from samekey.audit.rules import AuditRule  # noqa: PLC0415

    assert isinstance(rule, AuditRule)
    assert rule.reason.endswith(".")
    assert rule.mend.endswith(".")
    assert re.search(r"RFC \d+|draft-ietf|docs/|\"[A-Z]", rule.source), rule.source
    assert rule.example
    assert rule.title[0].islower()
    assert "law" not in rule.reason


def test_a_document_that_says_all_has_nothing_to_find() -> None:
    """Keys that are declared, required and shaped, 409 and 422 with codes, a marker, a ttl: no noise at all."""
    audit = audited(operation(KEYED, top="x-idempotency: {ttl: 24h}"))
    assert audit.findings == ()
    assert audit.sentence == "Every operation can be sent again when its answer is lost; 1 of 1 with their key."


def test_severities() -> None:
    """What costs is an error, what is dangerous a warning, what is merely unsaid a note."""
    errors = {rule.id for rule in RULES.values() if rule.severity is Severity.ERROR}
    assert errors == {RuleId.COSTLY_WITHOUT_KEY, RuleId.KEY_NOT_HONOURED}
    unsaid = {rule.severity for rule in RULES.values() if rule.id.value.endswith(("-unsaid", "-reads"))}
    assert unsaid == {Severity.NOTE}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A JSON patch, by its media type and by its shape.
        (operation("requestBody: {content: {application/json-patch+json: {schema: {type: array, items: {}}}}}\nresponses: {}", method="patch"), RuleId.PATCH_THAT_ADDS),
        (operation("requestBody: {content: {application/json: {schema: {type: array, items: {type: object, properties: {op: {type: string}, path: {type: string}}}}}}}\nresponses: {}", method="patch"), RuleId.PATCH_THAT_ADDS),
        (operation("description: Appends lines to the note.\nresponses: {}", method="patch"), RuleId.PATCH_THAT_ADDS),
        # A key of which a field of the body says too little, in both versions.
        (operation(f"requestBody: {{{fields('properties: {idempotency_key: {type: string}}')}}}\nresponses: {{}}"), RuleId.KEY_WITHOUT_SHAPE),
        # 503 as well as 429, and in Swagger 2.0.
        ("swagger: '2.0'\ninfo: {title: Things, version: '1'}\npaths:\n  /a:\n    get:\n      responses: {'503': {description: down}}\n", RuleId.NO_RETRY_AFTER),
        (operation("operationId: getThing\nparameters: [" + KEY + "]\nresponses: {}", method="get"), RuleId.KEY_ON_READ),
    ],
)  # fmt: skip
def test_other_ways_to_be_found(text: str, expected: RuleId) -> None:
    """The same fault in other words."""
    assert expected.value in rules(audited(text))


@pytest.mark.parametrize(
    "text",
    [
        # RateLimit fields, and a description, say when to come back.
        operation('responses: {"429": {description: x, headers: {X-RateLimit-Reset: {schema: {type: integer}}}}}', method="get"),
        operation('responses: {"429": {description: "Wait as long as Retry-After says."}}', method="get"),
        # A document that tells its readers of the marker and the time, in prose.
        operation(KEYED.replace(", headers: {Idempotent-Replayed: {schema: {type: boolean}}}", ""), top="x-idempotency: {ttl: 24h}").replace(
            "version: '1'", "version: '1', description: Stored answers bear Idempotent-Replayed"
        ),
        operation(KEYED).replace("version: '1'", "version: '1', description: 'We remember idempotency keys for 24 hours.'"),
        # The vendor's own signals instead of 409 and 422.
        operation(KEYED, top="x-idempotency: {ttl: 1h, in_flight: {status: 400, code: busy}, mismatch: {status: 400, code: reused}}"),
        # A webhook with its id in the envelope.
        webhook("", "properties: {event: {type: object, properties: {event_id: {type: string}}}}"),
    ],
)  # fmt: skip
def test_what_is_said_elsewhere_is_said(text: str) -> None:
    """Prose, other headers and other statuses count."""
    assert rules(audited(text)) == []


def test_an_operation_without_a_key_is_told_of_the_one_that_others_have() -> None:
    """So that its owner does not invent a second one."""
    text = of(
        f"/a: {{post: {{parameters: [{KEY.replace('Idempotency-Key', 'X-Idempotency')}], responses: {{}}}}}}\n/b: {{post: {{responses: {{}}}}}}"
    )
    assert found(audited(text), RuleId.NO_KEY) == [
        ("POST /b", "it has no key; others of this API have the header X-Idempotency")
    ]


def test_a_finding_of_a_body_points_to_it() -> None:
    """A key that travels in a body is described there."""
    text = operation(f"requestBody:\n  {fields('properties: {idempotency_key: {type: string}}')}\nresponses: {{}}")
    [finding] = [entry for entry in audited(text).findings if entry.rule is RuleId.KEY_WITHOUT_SHAPE]
    assert "requestBody" in text.splitlines()[finding.spot.line - 1]


def test_what_is_going_away_gets_no_notes() -> None:
    """It may still be done twice, and that is said; nobody describes it better now."""
    slow = 'deprecated: true\nresponses: {"429": {description: slow}}'
    assert rules(audited(operation(slow))) == ["no-key"]
    assert rules(audited(operation(slow, method="get"))) == []


def test_two_carriers_are_named_with_their_number() -> None:
    """One finding for the API, at its root."""
    [finding] = [
        entry for entry in audited(CASES[RuleId.TWO_CARRIERS].bad).findings if entry.rule is RuleId.TWO_CARRIERS
    ]
    assert finding.subject == ""
    assert "header Idempotency-Key on 1 of them" in finding.message
    assert "header X-Idempotency-Token on 1 of them" in finding.message


def test_a_finding_points_to_the_parameter_and_the_answer() -> None:
    """Not to the operation, where there is something nearer."""
    text = operation(f'parameters:\n  - {OPTIONAL}\nresponses:\n  "429":\n    description: slow down')
    places = {finding.rule: finding.spot.line for finding in audited(text).findings}
    lines = text.splitlines()
    assert "Idempotency-Key" in lines[places[RuleId.OPTIONAL_KEY] - 1]
    assert '"429"' in lines[places[RuleId.NO_RETRY_AFTER] - 1]
