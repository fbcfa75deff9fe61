"""Who says that the API honours a key: the document, the config, a dialect, `verify`, or nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from samekey.config.file import Config, read_config
from samekey.config.idempotency import SILENT
from samekey.config.patterns import ForOperations
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.document.overlay import apply_overlays, load_overlay
from samekey.ir import Evidence, Operation, Safety
from samekey.lower import lower

from tests.lower.documents import Lowered, loaded

OK = "responses: {200: {description: ok}}"
STRING = "{type: string}"
DECLARED = "parameters: [{name: Idempotency-Key, in: header, schema: {type: string}}]"


def fields(words: str, more: str = "") -> str:
    """An object with these fields."""
    return f"{{type: object, {more}properties: {{{words}}}}}"


def shop(config: str = "", overlay: str = "", *, root: str = "", orders: str = "", payments: str = DECLARED) -> Lowered:
    """A document of three operations, with a config and an overlay."""
    document, diagnostics = loaded(f"""
openapi: 3.1.0
info: {{title: Shop, version: '1'}}
{root}
paths:
  /orders:
    post:
      operationId: createOrder
      tags: [orders]
      {orders}
      {OK}
    get: {{operationId: listOrders, tags: [orders], {OK}}}
  /payments:
    post:
      operationId: createPayment
      {payments}
      {OK}
""")
    settings = Config()
    if config:
        told = load("samekey.yaml", diagnostics, fetch=lambda _: config.encode())
        assert told is not None
        settings = read_config(told.node)
    if overlay:
        text = json.dumps(
            {"overlay": "1.0.0", "info": {"title": "o", "version": "1"}, "actions": [json.loads(overlay)]}
        )
        found = load_overlay("overlay.json", diagnostics, fetch=lambda _: text.encode())
        assert found is not None
        changed = apply_overlays(document, [found])
        assert changed is not None
        document = changed
    api = lower(document, settings.idempotency, None, settings.retry)
    assert api is not None
    return Lowered(api, diagnostics)


def order(found: Lowered) -> Operation:
    """The operation that declares nothing."""
    return found.api.operations[0]


def payment(found: Lowered) -> Operation:
    """The operation that declares a key."""
    return found.api.operations[2]


def test_a_document_promises_what_it_declares_and_no_more() -> None:
    """One operation's parameter says nothing of another operation."""
    found = shop()
    assert (order(found).safety, order(found).evidence) == (Safety.KEYED, Evidence.ASSUMED)
    assert payment(found).evidence is Evidence.DECLARED
    assert found.api.operations[1].evidence is None


@pytest.mark.parametrize(
    ("words", "evidence"),
    [
        ("x-idempotency: true", Evidence.DECLARED),
        ("x-idempotency: {ttl: 1h}", Evidence.DECLARED),
        ("x-idempotency: {honoured: true}", Evidence.DECLARED),
        ("x-idempotency: {honoured: verified}", Evidence.VERIFIED),
        ("x-fern-idempotent: true", Evidence.DECLARED),
        ("x-idempotency: {preset: stripe}", Evidence.DECLARED),
    ],
)
def test_an_extension_at_an_operation_is_its_word(words: str, evidence: Evidence) -> None:
    """The document's own extension, at this operation; a payment that declares its key is not touched."""
    assert order(shop(orders=words)).evidence is evidence


@pytest.mark.parametrize(
    ("words", "evidence"),
    [
        ("x-idempotency: {ttl: 1h}", Evidence.ASSUMED),
        ("x-idempotency: {name: X-Key}", Evidence.ASSUMED),
        ("x-idempotency: {methods: [POST]}", Evidence.ASSUMED),
        ("x-idempotency: {honoured: true}", Evidence.DECLARED),
        ("x-idempotency: true", Evidence.DECLARED),
        ("x-idempotency: {preset: paypal}", Evidence.ASSUMED),
        ("x-idempotency: {preset: stripe}", Evidence.PRESET),
        ("x-idempotency: {operations: {createOrder: true}}", Evidence.DECLARED),
    ],
)
def test_the_root_promises_only_in_so_many_words(words: str, evidence: Evidence) -> None:
    """A header's name or a ttl at the root makes nothing known of any operation."""
    assert order(shop(root=words)).evidence is evidence


@pytest.mark.parametrize(
    ("config", "evidence"),
    [
        ("{ttl: 1h}", Evidence.ASSUMED),
        ("{name: X-Key, quoted: true}", Evidence.ASSUMED),
        ("{methods: [POST, PATCH]}", Evidence.ASSUMED),
        ("{honoured: true}", Evidence.CONFIGURED),
        ("true", Evidence.CONFIGURED),
        ("{honoured: verified}", Evidence.VERIFIED),
        ("{preset: stripe}", Evidence.PRESET),
        ("{preset: mollie}", Evidence.PRESET),
        ("{preset: adyen}", Evidence.ASSUMED),
        ("{operations: {createOrder: true}}", Evidence.CONFIGURED),
        ("{operations: {'POST /orders': {honoured: verified, ttl: 1h}}}", Evidence.VERIFIED),
        ("{operations: {'POST /*': true}}", Evidence.CONFIGURED),
        ("{operations: {'create*': true}}", Evidence.CONFIGURED),
        ("{operations: {createOrder: {ttl: 1h}}}", Evidence.ASSUMED),
        ("{operations: {createPayment: true}}", Evidence.ASSUMED),
        ("{preset: stripe, operations: {createOrder: {honoured: true}}}", Evidence.CONFIGURED),
    ],
)
def test_a_config_promises_only_in_so_many_words(config: str, evidence: Evidence) -> None:
    """Of all operations, or of single ones, by id, by method and path, or by a pattern."""
    found = shop(f"idempotency: {config}")
    assert not found.diagnostics.failed
    assert order(found).evidence is evidence
    assert order(found).safety is Safety.KEYED


def test_a_dialect_may_list_its_operations() -> None:
    """Resend honours keys on two of them; the vendor's page says so."""
    document, _ = loaded(f"""
openapi: 3.1.0
info: {{title: Mail, version: '1'}}
x-idempotency: {{preset: resend}}
paths:
  /emails: {{post: {{operationId: send, {OK}}}}}
  /emails/batch: {{post: {{operationId: sendAll, {OK}}}}}
  /domains: {{post: {{operationId: add, {OK}}}}}
""")
    api = lower(document)
    assert api is not None
    assert [entry.evidence for entry in api.operations] == [Evidence.PRESET, Evidence.PRESET, Evidence.ASSUMED]


@pytest.mark.parametrize(
    ("update", "evidence"),
    [
        ({"x-idempotency": {"ttl": "1h"}}, Evidence.ASSUMED),
        ({"x-idempotency": {"name": "X-Key"}}, Evidence.ASSUMED),
        ({"x-idempotency": {"honoured": True}}, Evidence.CONFIGURED),
        ({"x-idempotency": True}, Evidence.CONFIGURED),
        ({"x-fern-idempotent": True}, Evidence.CONFIGURED),
    ],
)
def test_an_overlay_is_not_the_document(update: object, evidence: Evidence) -> None:
    """Whoever writes it has to say that keys are honoured, and then it is their word."""
    action = json.dumps({"target": "$.paths['/orders'].post", "update": update})
    assert order(shop(overlay=action)).evidence is evidence


BODY = {"content": {"application/json": {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}}}}
KEY_FIELD = {"idempotency_key": {"type": "string"}}


def test_a_parameter_that_an_overlay_adds_is_a_proposal() -> None:
    """It says where a key would go, and not that the API honours it: nobody launders a guess."""
    header = {"name": "X-Idempotency-Key", "in": "header", "schema": {"type": "string"}}
    update: dict[str, object] = {"parameters": [header]}
    target = "$.paths['/orders'].post"
    proposed = order(shop(overlay=json.dumps({"target": target, "update": update})))
    assert (proposed.profile.name, proposed.evidence) == ("X-Idempotency-Key", Evidence.ASSUMED)
    update["x-idempotency"] = True
    confirmed = order(shop(overlay=json.dumps({"target": target, "update": update})))
    assert (confirmed.profile.name, confirmed.evidence) == ("X-Idempotency-Key", Evidence.CONFIGURED)


def test_a_field_that_an_overlay_adds_is_a_proposal() -> None:
    """Likewise; fields that the document has of its own are its word."""
    words = f"requestBody: {json.dumps(BODY)}"
    target = "$.paths['/orders'].post.requestBody.content['application/json'].schema.properties"
    found = order(shop(orders=words, overlay=json.dumps({"target": target, "update": KEY_FIELD})))
    assert (found.profile.field, found.evidence) == (("idempotency_key",), Evidence.ASSUMED)
    inner = {"data": {"type": "object", "properties": KEY_FIELD}}
    nested = order(shop(orders=words, overlay=json.dumps({"target": target, "update": inner})))
    assert (nested.profile.field, nested.evidence) == (("data", "idempotency_key"), Evidence.ASSUMED)
    schema = "$.paths['/orders'].post.requestBody.content['application/json'].schema"
    part = {"allOf": [{"type": "object", "properties": KEY_FIELD}]}
    joined = order(shop(orders=words, overlay=json.dumps({"target": schema, "update": part})))
    assert (joined.profile.field, joined.evidence) == (("idempotency_key",), Evidence.ASSUMED)
    own = order(shop(orders=FIELD, overlay=json.dumps({"target": target, "update": {"b": {"type": "string"}}})))
    assert own.evidence is Evidence.DECLARED


@pytest.mark.parametrize("said", ["false", "{honoured: false}", "{methods: []}"])
def test_an_operation_may_be_left_out(said: str) -> None:
    """It carries no key and is not repeated; a declared key yields to the config as well."""
    found = shop(f"idempotency: {{operations: {{createOrder: {said}, 'POST /pay*': {said}}}}}")
    assert {order(found).safety, payment(found).safety} == {Safety.UNSAFE}


def test_what_is_said_of_one_operation_counts_for_every_method() -> None:
    """`createPayment: true` under `methods: []`, and a PUT that is said to take a key."""
    found = shop("idempotency: {methods: [], operations: {createPayment: true}}")
    assert (order(found).safety, payment(found).safety) == (Safety.UNSAFE, Safety.KEYED)


@pytest.mark.parametrize(
    ("assume", "safety", "key_only"),
    [("retry", Safety.KEYED, False), ("key-only", Safety.KEYED, True), ("none", Safety.UNSAFE, False)],
)
def test_what_is_done_with_an_assumption_is_decided_once(assume: str, safety: Safety, key_only: bool) -> None:  # noqa: FBT001
    """Retried, sent and not retried, or not sent; what is promised is not concerned."""
    found = shop(f"idempotency: {{assume: {assume}}}")
    assert (order(found).safety, order(found).key_only) == (safety, key_only)
    assert (payment(found).safety, payment(found).key_only) == (Safety.KEYED, False)
    assert order(shop(f"idempotency: {{assume: {assume}, honoured: true}}")).safety is Safety.KEYED


def test_the_later_pattern_weighs_more() -> None:
    """All but one."""
    found = shop("idempotency: {operations: {'POST /*': true, createOrder: false}}")
    assert (order(found).safety, payment(found).safety) == (Safety.UNSAFE, Safety.KEYED)


RETRY_OF_NOBODY = "retry: {operations: {createOrdr: {max_retries: 1}}}"


@pytest.mark.parametrize("words", ["idempotency: {operations: {createOrdr: true}}", RETRY_OF_NOBODY])
def test_an_operation_that_is_not_there_is_an_error(words: str) -> None:
    """At its line, with what was meant."""
    found = shop(words)
    (finding,) = [entry for entry in found.diagnostics if entry.code == "operation-unknown"]
    assert "createOrdr" in finding.message
    assert "createOrder" in finding.hint
    assert found.diagnostics.failed


def test_a_tag_that_is_not_there_is_an_error() -> None:
    """Likewise."""
    found = shop("retry: {tags: {order: {max_retries: 1}}}")
    (finding,) = [entry for entry in found.diagnostics if entry.code == "tag-unknown"]
    assert "orders" in finding.hint


def test_policies_of_a_config_refine_each_other() -> None:
    """The API's, then the tag's, then the operation's; all weigh more than the document's own words."""
    found = shop(
        "retry: {max_retries: 1, deadline: 60s, tags: {orders: {deadline: 30s}}, "
        "operations: {createOrder: {budget: false}}}",
        root="x-fern-retries: {disabled: true}", payments=f"x-fern-retries: {{disabled: true}}\n      {DECLARED}",
    )  # fmt: skip
    assert found.api.retry is not None
    assert (found.api.retry.max_retries, found.api.retry.deadline) == (1, 60.0)
    of_order, of_payment = order(found).retry, payment(found).retry
    assert of_order is not None
    assert (of_order.max_retries, of_order.deadline, of_order.budget) == (None, 30.0, False)
    assert of_payment is not None
    assert (of_payment.max_retries, of_payment.deadline) == (1, 60.0)
    assert found.api.operations[1].retry == type(of_order)(deadline=30.0)


FLOWS = "{type: oauth2, flows: {clientCredentials: {tokenUrl: %s, scopes: {}}}}"


@pytest.mark.parametrize(
    ("url", "unsafe"),
    [
        ("/v1/orders", True),
        ("https://api.example/v1/orders", True),
        ("orders", True),
        ("https://login.example/v1/orders", False),
        ("/v1/tokens", False),
    ],
)
def test_token_endpoints_of_the_documents_own_take_no_keys(url: str, unsafe: bool) -> None:  # noqa: FBT001
    """OAuth2 knows none; a token that is made twice harms nobody, and an unknown header might."""
    schemes = f"components: {{securitySchemes: {{login: {FLOWS % url}}}}}"
    found = shop(root=f"servers: [{{url: 'https://api.example/v1'}}]\n{schemes}")
    assert order(found).safety is (Safety.UNSAFE if unsafe else Safety.KEYED)
    assert payment(found).safety is Safety.KEYED
    told = shop("idempotency: {operations: {createOrder: true}}", root=f"servers: [{{url: /v1}}]\n{schemes}")
    assert order(told).safety is Safety.KEYED


FIELD = f"requestBody: {{content: {{application/json: {{schema: {fields(f'idempotency_key: {STRING}')}}}}}}}"


def test_no_header_is_invented_beside_fields_of_bodies() -> None:
    """Where every declared key is a field of a body, an operation without one takes none, unless somebody says so."""
    found = shop(payments=FIELD)
    assert (order(found).safety, payment(found).evidence) == (Safety.UNSAFE, Evidence.DECLARED)
    assert "fields of bodies only" in order(found).why
    for config in ("{honoured: true}", "{operations: {createOrder: true}}", "{name: X-Key}"):
        assert order(shop(f"idempotency: {config}", payments=FIELD)).safety is Safety.KEYED, config
    mixed = shop(orders=DECLARED, payments=FIELD)
    assert order(mixed).profile.carrier == "header"


def body(schema: str, media_type: str = "application/json") -> Operation:
    """The POST with this body."""
    return order(shop(orders=f"requestBody: {{content: {{{media_type}: {{schema: {schema}}}}}}}"))


def attributes(words: str) -> str:
    """A body of JSON:API."""
    return (
        "{type: object, required: [data], properties: {data: {type: object, required: [attributes], properties: "
        f"{{attributes: {{type: object, properties: {{amount: {{type: integer}}, {words}}}}}}}}}}}}}"
    )


def described(words: str) -> str:
    """An object with a field of many uses, of which the document says this."""
    return fields(f"request_id: {{type: string, description: {words}}}")


KEY_OR = f"{{oneOf: [{fields(f'idempotency_key: {STRING}, a: {STRING}')}, %s]}}"


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        (attributes(f"idempotencyKey: {STRING}"), "data.attributes.idempotencyKey"),
        (fields(f"data: {fields(f'dedupKey: {STRING}')}"), "data.dedupKey"),
        (fields(f"a: {fields(f'idempotency_key: {STRING}')}", "required: [a], "), "a.idempotency_key"),
        (fields(f"dedup_key: {STRING}"), "dedup_key"),
        (fields(f"integrationIdempotencyId: {STRING}"), "integrationIdempotencyId"),
        (fields(f"deduplicationId: {STRING}"), "deduplicationId"),
        (described("Used to de-dupe requests."), "request_id"),
        (described("Ensures exactly-once processing."), "request_id"),
        (described("Lets you safely retry the request."), "request_id"),
        (described("Retry the call safely with it."), "request_id"),
        (KEY_OR % fields(f"idempotency_key: {STRING}, b: {STRING}"), "idempotency_key"),
        ("{type: [object, 'null'], properties: {idempotency_key: {type: string}}}", "idempotency_key"),
        (fields("idempotency_key: {type: [string, 'null']}"), "idempotency_key"),
    ],
)
def test_keys_are_found_where_documents_put_them(schema: str, field: str) -> None:
    """In inner objects, in unions and nullable bodies; by their names, or by what is said of them."""
    found = body(schema)
    assert (found.evidence, found.profile.carrier) == (Evidence.DECLARED, "body")
    assert ".".join(found.profile.field) == field


@pytest.mark.parametrize("media_type", ["multipart/form-data", "application/x-www-form-urlencoded"])
def test_forms_carry_keys_as_well(media_type: str) -> None:
    """At their top; what lies deeper in a form is no field of it."""
    assert body("{type: object, properties: {dedup_key: {type: string}}}", media_type).profile.field == ("dedup_key",)
    assert body(attributes("idempotencyKey: {type: string}"), media_type).profile.carrier == "header"


@pytest.mark.parametrize(
    "schema",
    [
        "{type: object, properties: {inner: {type: object, properties: {idempotency_key: {type: string}}}}}",
        "{type: array, items: {type: object, properties: {idempotency_key: {type: string}}}}",
        attributes("idempotencyKeys: {type: string}"),
        attributes("idempotencyKey: {type: integer}"),
        attributes("idempotencyKey: {type: string, readOnly: true}"),
        "{type: object, properties: {original_idempotency_key: {type: string}}}",
        "{type: object, properties: {idempotencyStatus: {type: string}}}",
        "{type: object, properties: {idempotency_key_expires_at: {type: string}}}",
        "{type: object, properties: {deduplicate: {type: boolean}}}",
        "{type: object, properties: {request_id: {type: string, description: Echoed in the answer.}}}",
        "{type: object, properties: {request_id: {type: string, description: Do not retry.}}}",
        KEY_OR % fields(f"b: {STRING}"),
    ],
)
def test_what_is_no_key(schema: str) -> None:
    """What may be missing, lists, what comes back, other words, and a union of which one variant has none."""
    found = body(schema)
    assert (found.evidence, found.profile.carrier) == (Evidence.ASSUMED, "header")


MARKS = ("idempotency", "idempotent", "idempotence", "dedup", "dedupe", "deduplicate", "deduplication")
KEY_WORDS = ("key", "token", "id", "identifier", "uuid", "guid", "value", "request")
OTHER_WORDS = ("original", "parent", "previous", "last", "is", "has", "expires", "status", "mode", "scope", "type")


@pytest.mark.parametrize("word", KEY_WORDS)
@pytest.mark.parametrize(
    "mark", ["idempotency", "idempotent", "idempotence", "dedup", "dedupe", "deduplicate", "deduplication"]
)
def test_a_name_says_that_it_is_a_key(mark: str, word: str) -> None:
    """In any case, with any words before; a mark alone is one, and another word behind it says something else."""
    for name in (f"my_{mark}_{word}", f"my{mark.title()}{word.title()}", f"x-my-{mark}-{word}"):
        assert body(fields(f"{name}: {STRING}")).profile.field == (name,), name
    assert body(fields(f"my_{mark}: {STRING}")).profile.field == (f"my_{mark}",)
    assert body(fields(f"my_{mark}_count: {STRING}")).evidence is Evidence.ASSUMED


@pytest.mark.parametrize("word", OTHER_WORDS)
def test_a_name_that_speaks_of_keys_is_none(word: str) -> None:
    """Of another request's key, or of what becomes of keys."""
    assert body(fields(f"{word}_idempotency_key: {STRING}")).evidence is Evidence.ASSUMED
    assert body(fields(f"my_{word}_dedup_id: {STRING}")).evidence is Evidence.ASSUMED


@pytest.mark.parametrize(("depth", "is_found"), [(1, True), (3, True), (4, False)])
def test_keys_are_looked_for_to_some_depth(depth: int, is_found: bool) -> None:  # noqa: FBT001
    """Three objects deep below the body, and no further."""
    schema = fields(f"idempotency_key: {STRING}")
    for _ in range(depth):
        schema = fields(f"a: {schema}", "required: [a], ")
    found = body(schema)
    assert (found.evidence is Evidence.DECLARED) is is_found
    if is_found:
        assert found.profile.field == (*["a"] * depth, "idempotency_key")


@pytest.mark.parametrize(("before", "is_found"), [(49, True), (50, False)])
def test_keys_are_looked_for_in_some_objects_of_a_body(before: int, is_found: bool) -> None:  # noqa: FBT001
    """Fifty fields of a level; a document cannot make the search long."""
    names = [f"f{number}" for number in range(before)]
    listed = "".join(f"{name}: {STRING}, " for name in names)
    last = f"last: {fields(f'idempotency_key: {STRING}')}"
    found = body(fields(f"{listed}{last}", f"required: [{', '.join([*names, 'last'])}], "))
    assert (found.evidence is Evidence.DECLARED) is is_found


def test_a_union_is_not_looked_into() -> None:
    """Whichever variant is sent, the key has one place; below a union that place differs."""
    inner = fields(f"a: {fields(f'idempotency_key: {STRING}')}", "required: [a], ")
    other = fields(f"b: {STRING}")
    assert body(f"{{oneOf: [{inner}, {other}]}}").evidence is Evidence.ASSUMED
    assert body(f"{{oneOf: [{inner}, {inner.replace('a:', 'c:').replace('[a]', '[c]')}]}}").evidence is Evidence.ASSUMED
    two = KEY_OR % fields(f"idempotency_token: {STRING}")
    assert body(two).evidence is Evidence.ASSUMED, "two names are no place"
    assert body(KEY_OR % STRING).evidence is Evidence.ASSUMED, "a variant that is no object"


def test_a_raw_body_has_no_fields() -> None:
    """Whatever its schema says."""
    assert body(fields(f"idempotency_key: {STRING}"), "text/plain").profile.carrier == "header"


def test_objects_that_hold_themselves_end() -> None:
    """A search for keys follows nesting to some depth only."""
    document, _ = loaded("""
openapi: 3.1.0
info: {title: T, version: '1'}
paths:
  /t: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}, responses: {}}}
components:
  schemas:
    A:
      type: object
      required: [a, b]
      properties: {a: {$ref: '#/components/schemas/A'}, b: {$ref: '#/components/schemas/A'}}
""")
    api = lower(document)
    assert api is not None
    assert api.operations[0].evidence is Evidence.ASSUMED


def test_the_findings_own_document(root: Path) -> None:
    """All four of its keys, which were taken for none."""
    path = root.parent / "shared" / "findings" / "inputs" / "keys-not-found.yaml"
    if not path.exists():
        pytest.skip("the findings are not there")
    document = load(str(path), Diagnostics())
    assert document is not None
    api = lower(document, SILENT)
    assert api is not None
    assert [".".join(entry.profile.field) for entry in api.operations] == [
        "data.attributes.idempotencyKey", "requestId", "dedup_key", "integrationIdempotencyId",
    ]  # fmt: skip
    assert {entry.evidence for entry in api.operations} == {Evidence.DECLARED}


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("createOrder", True),
        ("create", False),
        ("create*", True),
        ("*Order", True),
        ("*reate*der", True),
        ("*", True),
        ("**", True),
        ("POST /orders", True),
        ("POST /o*s", True),
        ("POST /orders*", True),
        ("POST*orders*orders", False),
        ("post /orders", False),
        ("createOrde*rOrder", False),
        (".*", False),
        ("", False),
    ],
)
def test_what_a_pattern_means(pattern: str, fits: bool) -> None:  # noqa: FBT001
    """Ids, or methods and paths; only the asterisk is special, and the whole text must fit."""
    entry = ForOperations(pattern, None, loaded("openapi: 3.1.0")[0].node)
    assert entry.means("createOrder", "POST", "/orders") is fits


def test_a_pattern_of_asterisks_ends() -> None:
    """However many there are."""
    entry = ForOperations("*a" * 200 + "Z", None, loaded("openapi: 3.1.0")[0].node)
    assert not entry.means("a" * 5000, "POST", "/" + "a" * 5000)


def test_the_ends_of_a_backoff_move_each_other() -> None:
    """What the document, the config's tags and its operations say apart makes one policy that makes sense."""
    words = "x-speakeasy-retries: {strategy: backoff, backoff: {initialInterval: 5000, maxInterval: 60000}}"
    found = shop(
        "retry: {max_delay: 2s, tags: {orders: {initial_delay: 3s}}, operations: {createOrder: {max_delay: 1s}}}",
        root=words, orders=words,
    )  # fmt: skip
    assert found.api.retry is not None
    assert (found.api.retry.initial_delay, found.api.retry.max_delay) == (2.0, 2.0)
    hint = order(found).retry
    assert hint is not None
    assert (hint.initial_delay, hint.max_delay) == (1.0, 1.0)


@pytest.mark.parametrize("words", ["idempotency: {operations: {nobody: {}}}", "retry: {operations: {nobody: {}}}"])
def test_an_empty_word_speaks_of_an_operation_too(words: str) -> None:
    """One that does not exist is an error, whatever is said of it."""
    assert [entry.code for entry in shop(words).diagnostics] == ["operation-unknown"]


@pytest.mark.parametrize("pattern", ["listOrders", "GET /orders", "'GET *'"])
def test_keys_promised_on_reads_are_reported(pattern: str) -> None:
    """Nobody believes that a read carries a key because the config says so."""
    found = shop(f"idempotency: {{operations: {{{pattern}: true}}}}")
    (finding,) = [entry for entry in found.diagnostics if entry.code == "key-needless"]
    assert "GET /orders only reads" in finding.message
    assert not found.diagnostics.failed


@pytest.mark.parametrize("words", ["'* /orders': true", "listOrders: false", "createOrder: true"])
def test_a_pattern_that_means_a_write_too_is_not_reported(words: str) -> None:
    """Where an operation writes, the word has an effect; `false` on a read says what is so."""
    assert not [entry for entry in shop(f"idempotency: {{operations: {{{words}}}}}").diagnostics if "key" in entry.code]
