"""The verdict on each operation: by its method, its key, who vouches for that, and, where all else is silent, its name."""

from __future__ import annotations

import pytest
from samekey.audit.model import RANK, RepeatVerdict
from samekey.audit.situations import CONSEQUENCES, Situation
from samekey.audit.verdicts import badge_of, sentence_of
from samekey.config.audit import RuleId
from samekey.ir import Evidence

from tests.audit.documents import KEY, audited, of, operation, rules

NOT_SAFE, UNKNOWN, SAFE = RepeatVerdict.NOT_SAFE, RepeatVerdict.UNKNOWN, RepeatVerdict.SAFE
COSTS = RuleId.COSTLY_WITHOUT_KEY.value


def verdict(method: str, path: str, name: str = "", more: str = "", answers: str = "responses: {}") -> RepeatVerdict:
    """The verdict on an operation of which little more is said than its name."""
    identity = f"operationId: {name}\n" if name else ""
    return audited(operation(f"{identity}{more}\n{answers}", path, method)).operations[0].verdict


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        # The name of the operation, in every spelling.
        ("/x", "searchThings", UNKNOWN), ("/x", "things.search", UNKNOWN), ("/x", "things:bulk-delete", UNKNOWN),
        ("/x", "BatchRetrieveThings", UNKNOWN), ("/x", "createSearch", NOT_SAFE), ("/x", "v2CreateThing", NOT_SAFE),
        # The end of the path, where there is no name.
        ("/things/search", "", UNKNOWN), ("/things:search", "", UNKNOWN), ("/things/{id}/cancel", "", UNKNOWN),
        ("/things", "", NOT_SAFE), ("/saved_query", "", NOT_SAFE), ("/things/{id}", "", NOT_SAFE),
        ("/webhooks/:token", "", NOT_SAFE), ("/dry-run/things", "", NOT_SAFE), ("/things/dry_run", "", UNKNOWN),
        # Sessions and tokens.
        ("/login", "", UNKNOWN), ("/users", "user:update:login", UNKNOWN), ("/oauth/token", "getIt", UNKNOWN),
        ("/auth/refresh", "", UNKNOWN), ("/cache/refresh", "", UNKNOWN),
    ],
)  # fmt: skip
def test_the_name_of_a_post_decides_where_nothing_else_does(path: str, name: str, expected: RepeatVerdict) -> None:
    """A name is never enough to call a POST safe."""
    assert verdict("post", path, name) is expected


@pytest.mark.parametrize(
    ("summary", "name", "expected"),
    [
        ("Get validators of a state", "postStateValidators", UNKNOWN), ("Returns things.", "", UNKNOWN),
        ("Get or create a thing", "", NOT_SAFE), ("Get things", "createThing", NOT_SAFE), ("Thing", "", NOT_SAFE),
    ],
)  # fmt: skip
def test_a_summary_helps_where_the_name_is_silent(summary: str, name: str, expected: RepeatVerdict) -> None:
    """Documents name operations after their method, and say in the summary what they do."""
    assert verdict("post", "/things", name, f"summary: {summary}") is expected


@pytest.mark.parametrize(
    ("path", "name", "costs"),
    [
        ("/payments", "createPayment", True), ("/purchases", "create_purchase", True), ("/Messages.json", "CreateMessage", True),
        ("/x", "newMessage", False), ("/", "NewMessage", True), ("/invoices/{id}/send", "invoices.send", True),
        ("/invoices/{id}/refunds", "invoices.refunds", True), ("/orders/{id}/capture", "", True),
        # Words of money that are about something else.
        ("/payment-methods", "createPaymentMethod", False), ("/deleteMessage", "deleteMessage", False),
        ("/orders/search", "", False), ("/orders/{id}/cancel", "cancelOrder", False), ("/transactions/{id}/metadata", "addMetadataOnTransaction", False),
        ("/simulate/payments", "simulatePayment", False), ("/sandbox/payments", "createPayment", False),
    ],
)  # fmt: skip
def test_what_costs(path: str, name: str, *, costs: bool) -> None:
    """Only what is made or sent costs, and not what is played through."""
    text = operation((f"operationId: {name}\n" if name else "") + "responses: {}", path)
    assert (COSTS in rules(audited(text))) is costs


@pytest.mark.parametrize(
    ("method", "path", "name", "expected"),
    [
        ("get", "/x", "listThings", SAFE), ("head", "/x", "", SAFE), ("put", "/x/{id}", "", SAFE), ("delete", "/x/{id}", "", SAFE),
        ("get", "/x/{id}/send", "sendThing", UNKNOWN), ("get", "/auth/google/start", "google-oauth-start", SAFE),
        ("get", "/runs", "runs.get-run", SAFE), ("get", "/send-logs", "listSendLogs", SAFE),
        ("patch", "/x/{id}", "updateThing", UNKNOWN),
    ],
)  # fmt: skip
def test_other_methods(method: str, path: str, name: str, expected: RepeatVerdict) -> None:
    """HTTP says what they do, and a name can cast a doubt on that."""
    assert verdict(method, path, name) is expected


MADE = 'responses: {"201": {description: made}}'


def taking(field: str, *, required: bool) -> str:
    """A request body with a field."""
    wanted = f"required: [{field}], " if required else ""
    schema = f"{{type: object, {wanted}properties: {{{field}: {{type: string}}}}}}"
    return f"requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}\n{MADE}"


def query(name: str, *, required: bool) -> str:
    """A parameter of the query."""
    return f"parameters: [{{name: {name}, in: query, required: {str(required).lower()}, schema: {{type: string}}}}]\n{MADE}"


@pytest.mark.parametrize("verb", ["create", "add", "new", "insert", "register", "make"])
def test_a_put_that_creates_by_its_name(verb: str) -> None:
    """Where nothing in the request says what, the second one may make a second thing."""
    assert verdict("put", "/thing", f"{verb}Thing", MADE, answers="") is NOT_SAFE


@pytest.mark.parametrize(
    ("path", "name", "text", "expected"),
    [
        ("/things", "", MADE, NOT_SAFE), ("/thing", "", MADE, SAFE), ("/things", "replaceThings", MADE, SAFE),
        ("/things/{id}", "createThing", MADE, SAFE), ("/things", "createThing", "responses: {}", SAFE),
        ("/things", "createThing", taking("id", required=True), SAFE),
        ("/things", "createThing", taking("thing_name", required=True), SAFE),
        ("/things", "createThing", taking("thingId", required=True), SAFE),
        ("/things", "createThing", taking("id", required=False), NOT_SAFE),
        ("/things", "createThing", taking("width", required=True), NOT_SAFE),
        ("/things", "createThing", taking("idea", required=True), NOT_SAFE),
        ("/things", "createThing", query("id", required=True), SAFE),
        ("/things", "createThing", query("id", required=False), NOT_SAFE),
    ],
)  # fmt: skip
def test_a_put_that_says_what_it_creates_is_safe(path: str, name: str, text: str, expected: RepeatVerdict) -> None:
    """By an id that must be there, in the path, the query or the body; or it creates nothing."""
    assert verdict("put", path, name, text, answers="") is expected


@pytest.mark.parametrize(
    ("media_type", "more", "expected"),
    [
        ("application/merge-patch+json", "", SAFE), ("application/merge-patch+json; charset=utf-8", "", SAFE),
        ("application/json", "", UNKNOWN), ("application/json-patch+json", "", NOT_SAFE),
        ("application/merge-patch+json", "description: Appends to the log.\n", NOT_SAFE),
    ],
)  # fmt: skip
def test_a_merge_patch_sets_fields(media_type: str, more: str, expected: RepeatVerdict) -> None:
    """By its standard, unless the document says something else."""
    text = f"{more}requestBody: {{content: {{{media_type}: {{schema: {{type: object, properties: {{a: {{type: string}}}}}}}}}}}}"
    assert verdict("patch", "/x", "", text) is expected


def test_a_token_endpoint_is_known_whatever_its_name() -> None:
    """The document's own flow says where tokens come from."""
    flows = "{clientCredentials: {tokenUrl: /issue, scopes: {}}}"
    top = f"components: {{securitySchemes: {{oauth: {{type: oauth2, flows: {flows}}}}}}}"
    text = of("/issue: {post: {operationId: createIt, responses: {}}}\n/other: {post: {responses: {}}}", top)
    assert [row.verdict for row in audited(text).operations] == [UNKNOWN, NOT_SAFE]


def test_an_if_match_that_need_not_be_there_refuses_nothing() -> None:
    """Nor does another header, or one in the query."""
    for place, name, required in (
        ("header", "If-Match", "false"),
        ("header", "If-None-Match", "true"),
        ("query", "If-Match", "true"),
    ):
        text = f"parameters: [{{name: {name}, in: {place}, required: {required}, schema: {{type: string}}}}]"
        assert verdict("patch", "/x", "", text) is UNKNOWN
    text = "parameters: [{name: if-match, in: header, required: true, schema: {type: string}}]"
    assert verdict("post", "/x", "", text) is SAFE


@pytest.mark.parametrize(
    "field", ["increment", "append", "balance_delta", "add_to_balance", "increment_by", "inc_by_cents"]
)
def test_a_patch_with_a_field_that_adds(field: str) -> None:
    """In whatever words, and beside other fields."""
    properties = f"properties: {{name: {{type: string}}, {field}: {{type: integer}}}}"
    text = f"requestBody: {{content: {{application/json: {{schema: {{type: object, {properties}}}}}}}}}"
    assert verdict("patch", "/x", "", text) is NOT_SAFE


@pytest.mark.parametrize("field", ["name", "address", "incremental", "added_at", "additional", "padding", "push"])
def test_a_patch_with_fields_that_only_sound_like_it(field: str) -> None:
    """They are set."""
    text = f"requestBody: {{content: {{application/json: {{schema: {{type: object, properties: {{{field}: {{type: string}}}}}}}}}}}}"
    assert verdict("patch", "/x", "", text) is UNKNOWN


def test_a_method_that_http_does_not_have() -> None:
    """OpenAPI 3.2 knows more methods than HTTP; the one that reads is QUERY."""
    text = of("/x:\n  query: {responses: {}}\n  additionalOperations: {LOCK: {responses: {}}}", version="3.2.0")
    assert [(row.key, row.verdict) for row in audited(text).operations] == [("QUERY /x", SAFE), ("LOCK /x", UNKNOWN)]


@pytest.mark.parametrize(
    ("config", "expected", "evidence"),
    [
        ("idempotency: {operations: {POST /things: {honoured: verified}}}", RepeatVerdict.WITH_KEY, Evidence.VERIFIED),
        ("idempotency: true", RepeatVerdict.WITH_KEY, Evidence.CONFIGURED),
        ("idempotency: {preset: stripe}", RepeatVerdict.WITH_KEY, Evidence.PRESET),
        ("idempotency: {preset: increase}", RepeatVerdict.IF_HONOURED, Evidence.ASSUMED),
        ("idempotency: {name: X-Key}", RepeatVerdict.IF_HONOURED, Evidence.ASSUMED),
        ("idempotency: {ttl: 1h}", RepeatVerdict.NOT_SAFE, None),
        ("idempotency: {assume: none}", RepeatVerdict.NOT_SAFE, None),
        ("idempotency: false", RepeatVerdict.NOT_SAFE, None),
    ],
)
def test_who_vouches_for_a_key_counts(config: str, expected: RepeatVerdict, evidence: Evidence | None) -> None:
    """What `verify` saw and what the config says, each with its evidence."""
    [row] = audited(operation("responses: {}"), config).operations
    assert (row.verdict, row.evidence) == (expected, evidence)


def test_what_the_config_denies_is_denied() -> None:
    """The document's own key does not count where `verify` saw it broken; a document that says so itself is no liar."""
    declared = operation(f"parameters: [{KEY}]\nresponses: {{}}")
    [row] = audited(declared, "idempotency: {operations: {POST /things: false}}").operations
    assert (row.verdict, row.carrier) == (RepeatVerdict.NOT_SAFE, "")
    own = operation(f"x-idempotency: false\nparameters: [{KEY}]\nresponses: {{}}")
    assert RuleId.KEY_NOT_HONOURED.value not in rules(audited(own))


def test_an_api_of_calls_by_name_is_not_accused() -> None:
    """Where everything is POST, one of which the name says nothing is unknown, and not unsafe."""
    paths = "\n".join(f"/core/thing{number}: {{post: {{responses: {{}}}}}}" for number in range(10))
    assert {row.verdict for row in audited(of(paths)).operations} == {UNKNOWN}
    assert {row.verdict for row in audited(of(f"{paths}\n/x: {{get: {{responses: {{}}}}}}")).operations} == {
        SAFE,
        NOT_SAFE,
    }


def test_sisters_in_other_media_types_are_one_operation() -> None:
    """What the SDK gives two methods is one request to the API."""
    body = "{content: {application/json: {schema: {type: object}}, multipart/form-data: {schema: {type: object}}}}"
    assert len(audited(operation(f"requestBody: {body}\nresponses: {{}}")).operations) == 1


@pytest.mark.parametrize("worst", RepeatVerdict)
def test_the_api_is_as_safe_as_its_worst_operation(worst: RepeatVerdict) -> None:
    """In a sentence that names no enum, and a badge of a few words."""
    from samekey.audit.model import VerdictCount  # noqa: PLC0415

    counts = [VerdictCount(entry, 3 if RANK[entry] <= RANK[worst] else 0) for entry in RepeatVerdict]
    sentence, badge = sentence_of(counts, 0), badge_of(counts)
    assert sentence.endswith(".")
    assert len(sentence) < 150
    assert len(badge) < 30
    assert (str(3 * (RANK[worst] + 1)) in sentence) is (worst is not SAFE)


def test_a_document_without_operations() -> None:
    """Has nothing to lose."""
    audit = audited(of("{}"))
    assert audit.verdict is SAFE
    assert "no operations" in audit.sentence


def test_every_situation_has_a_sentence() -> None:
    """For people: it begins with a capital, and ends."""
    for situation in Situation:
        assert CONSEQUENCES[situation].lost[0].isupper()
        assert CONSEQUENCES[situation].lost.endswith(".")
