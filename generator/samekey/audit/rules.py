"""The rules of `samekey audit`: what each of them finds, why that matters, who says so, and how it is mended.

`docs/audit-rules.md` is made from this table.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from samekey_templates.runtime.declare import table

from samekey.config.audit import RuleId
from samekey.document.diagnostics import Severity

PAGE: Final = "docs/audit-rules.md"
"""Where the rules are described, each under a heading of its own."""
_DRAFT: Final = "draft-ietf-httpapi-idempotency-key-header-07"
_KEY_PARAMETER: Final = """\
parameters:
  - name: Idempotency-Key
    in: header
    required: true
    description: One key for each charge, also when it is sent again. Remembered for 24 hours.
    schema: {type: string, format: uuid}"""
_OPEN_DRAFT: Final = (
    f"The header has no standard yet: {_DRAFT} expired in April 2026 and is still what the field refers to. "
    "Any header, body field or query parameter will do, as long as the document names it."
)


class AuditRule(Struct, frozen=True):
    """A rule.

    Args:
        id: its name.
        severity: how much its findings weigh.
        title: what it finds, in a few words.
        reason: why that matters to somebody whose answer was lost.
        source: who says so: a section of a standard, a vendor's page by its name.
        mend: what to do.
        example: that, in a document.
        disputed: where the law of the field is open, and what that means for the mend; empty where it is settled.
    """

    id: RuleId
    severity: Severity
    title: str
    reason: str
    source: str
    mend: str
    example: str
    disputed: str = ""

    @property
    def link(self) -> str:
        """Where the rule is described."""
        return f"{PAGE}#{self.id.value}"


def _rules(*rules: AuditRule) -> dict[RuleId, AuditRule]:
    return {rule.id: rule for rule in rules}


RULES: Final = table(
    RuleId,
    _rules(
        AuditRule(
            RuleId.COSTLY_WITHOUT_KEY,
            Severity.ERROR,
            "a POST that moves money or reaches people has no key",
            "When the answer is lost, the caller must choose between paying twice and perhaps not paying at all. By "
            "its name this "
            "operation moves money or goods, or sends something to somebody, so either choice hurts.",
            f'RFC 9110 section 9.2.2 (POST is not idempotent); {_DRAFT} section 1; Stripe, "Idempotent requests"',
            "Take a key on this operation, and answer a repeated one with the stored answer.",
            _KEY_PARAMETER,
            _OPEN_DRAFT
            + " Whether an operation costs something is read from its name; ignore the rule where the name misleads.",
        ),
        AuditRule(
            RuleId.KEY_NOT_HONOURED,
            Severity.ERROR,
            "a declared key is not honoured",
            "The document promises a key, and `samekey verify` or the config says that the API carries a repeated "
            "request out again. "
            "Clients that trust the document do things twice.",
            f"{_DRAFT} section 2.6; docs/verify.md",
            "Mend the server and run `samekey verify` again; until then, take the parameter out of the document.",
            "# samekey.yaml, as `samekey verify --write-profile` leaves it\n"
            "idempotency:\n  operations:\n    POST /charges: false   # client-left: 16 effects under 8 keys",
        ),
        AuditRule(
            RuleId.NO_KEY,
            Severity.WARNING,
            "a POST has no key",
            "A second POST is a new request to the server: what it makes is made twice. Without a key nobody can tell "
            "a repetition "
            "from a new wish, so a lost answer needs a person, or a search for what may have been made.",
            f"RFC 9110 section 9.2.2 (clients should not repeat a POST by themselves); {_DRAFT} section 1",
            "Take a key; or make it a PUT to an address that the caller chooses, which needs none.",
            _KEY_PARAMETER,
            _OPEN_DRAFT,
        ),
        AuditRule(
            RuleId.PATCH_THAT_ADDS,
            Severity.WARNING,
            "a PATCH adds to what is there, and has no key",
            "A PATCH that sets a field can be repeated; one that appends to a list or adds to a number does it once "
            "more each time. "
            "A JSON patch can do either, so nobody knows without looking into it.",
            (
                "RFC 5789 section 2 (PATCH is not idempotent by itself); RFC 6902 section 4.1 (`add` inserts into "
                "arrays)"
            ),
            (
                "Take a key, or an If-Match with the version that the caller has seen: the second request is then "
                "refused."
            ),
            "parameters:\n  - name: If-Match\n    in: header\n    required: true\n    schema: {type: string}",
        ),
        AuditRule(
            RuleId.GET_THAT_ACTS,
            Severity.WARNING,
            "a GET acts, by its name",
            "Browsers, caches, crawlers and every retrying client repeat a GET without asking. If it does something, "
            "it does it again "
            "each time, and nobody who calls it expects that.",
            "RFC 9110 section 9.2.1 (safe methods)",
            "Make it a POST with a key, or a DELETE or PUT; or give it a name that says that it only reads.",
            "/sessions/current:\n  delete:\n    operationId: logout",
            "What an operation does is read from its name; ignore the rule where the name misleads.",
        ),
        AuditRule(
            RuleId.PUT_WITHOUT_ID,
            Severity.WARNING,
            "a PUT creates, and nothing in it says what",
            "PUT is repeated by everybody, since twice is the same as once. That holds only if the request names what "
            "it creates: "
            "here neither path nor body does, and the second one may make a second thing.",
            "RFC 9110 section 9.3.4 (PUT replaces the state of the resource that its URL names)",
            "Let the caller choose the id and put it into the path, or make it a POST with a key.",
            "/widgets/{widget_id}:\n  put:\n    operationId: putWidget",
        ),
        AuditRule(
            RuleId.KEY_UNCONFIRMED,
            Severity.WARNING,
            "a key is proposed, and nobody has confirmed that it is honoured",
            "An overlay or a config says where a key travels. That is a proposal: until the owner says that the API "
            "honours it, or "
            "`samekey verify` has seen it, a repeated request may be done twice.",
            'docs/config.md, "Whose word a key rests on"',
            "Let `samekey verify --write-profile` try it, or write `honoured: true` once you know.",
            "# samekey.yaml\nidempotency:\n  operations:\n    POST /charges: true   # the owner's word",
        ),
        AuditRule(
            RuleId.TWO_CARRIERS,
            Severity.WARNING,
            "the API names two carriers for its keys",
            "A client library has one place for the key. Where operations differ, some calls carry it where nobody "
            "looks, and are "
            "repeated without protection.",
            (
                f"{_DRAFT} section 2 (one header for all); Stripe, PayPal and Square each have one carrier for all "
                f"operations"
            ),
            "Use one name in one place everywhere; accept the old one for a while, and do not document it.",
            _KEY_PARAMETER,
            "No standard forbids it, and samekey's own clients follow each operation; others do not.",
        ),
        AuditRule(
            RuleId.TOKEN_WITH_KEY,
            Severity.WARNING,
            "a token endpoint takes a key",
            "A stored answer of a token endpoint is a token on disk, given again to whoever has the key. And OAuth2 "
            "libraries, which "
            "call it, send none.",
            "RFC 6749 sections 3.2 and 5.1 (answers with tokens are not to be stored); RFC 9700 section 4.14",
            "Take the key off the token endpoint: a new token does no harm.",
            "/oauth/token:\n  post:\n    parameters: []",
        ),
        AuditRule(
            RuleId.SHORT_KEY,
            Severity.WARNING,
            "a key is too short to be unique",
            "Two calls with one key are one call. A UUID has 122 bits of chance; what is shorter than about 20 "
            "letters meets another "
            "caller's key sooner or later, and that call is then never done.",
            f"{_DRAFT} section 2.2 (a UUID or a similar random value); RFC 9562 section 6.7",
            "Take at least 36 characters, the length of a UUID; 255 leaves room for keys of other systems.",
            "schema: {type: string, minLength: 16, maxLength: 255}",
        ),
        AuditRule(
            RuleId.SUCCESS_THAT_REFUSES,
            Severity.WARNING,
            "a 2xx can be a refusal",
            "The body says whether it was done, and the status says 200 either way. Clients, proxies and dashboards "
            "that go by the "
            "status count a refusal as done, and a stored answer of it is replayed as a success.",
            (
                'RFC 9110 section 15.3 (2xx: received, understood and accepted); Slack, "Evaluating responses"; '
                'Telegram, "Making requests"'
            ),
            "Answer refusals with 4xx. Where that cannot be changed, say it, so that clients can tell.",
            "x-idempotency:\n  refused: {status: 200, field: ok, equals: false}",
        ),
        AuditRule(
            RuleId.WEBHOOK_WITHOUT_ID,
            Severity.WARNING,
            "a webhook has no id to tell redeliveries by",
            "Webhooks are sent again when the receiver's answer is lost. Without an id that stays the same, the "
            "receiver cannot tell a "
            "redelivery from a second event, and acts twice.",
            'Standard Webhooks, "Webhook headers" (`webhook-id`); Stripe, "Handle duplicate events"',
            "Send an id that is the same on every delivery of one event, and declare it.",
            "webhooks:\n  chargeSucceeded:\n    post:\n      parameters:\n        - {name: webhook-id, in: header, "
            "required: true, "
            "schema: {type: string}}",
        ),
        AuditRule(
            RuleId.ACTION_UNSAID,
            Severity.NOTE,
            "it is not said what a second request gets",
            "An action that brings something into a state is often harmless when it is repeated: cancelled is "
            "cancelled. But a second "
            "request may get an error, and a caller whose answer was lost cannot tell that from a failure.",
            "RFC 9110 section 9.2.2 (a client may repeat what it knows to be idempotent, whatever the method)",
            (
                "Make it a PUT on the state; or say in the description that the second request gets the same answer; "
                "or take a key."
            ),
            "/subscriptions/{id}/status:\n  put:\n    operationId: setSubscriptionStatus",
            "What an operation does is read from its name.",
        ),
        AuditRule(
            RuleId.PATCH_UNSAID,
            Severity.NOTE,
            "it is not said that a PATCH can be repeated",
            "Most PATCH operations set fields, and twice is then the same as once. HTTP does not promise it, so "
            "clients do not repeat "
            "them unless somebody says so.",
            "RFC 5789 section 2; RFC 7396 (a merge patch sets fields)",
            "Say it with the media type of a merge patch, require an If-Match, or take a key.",
            (
                "requestBody:\n  content:\n    application/merge-patch+json:\n      schema: {$ref: "
                "'#/components/schemas/CustomerUpdate'}"
            ),
            "Stripe and Square take keys on updates, many others do not.",
        ),
        AuditRule(
            RuleId.POST_THAT_READS,
            Severity.NOTE,
            "a POST only reads, by its name",
            "A search in a body is sent as POST, and clients must treat it as if it changed something: they do not "
            "repeat it, and "
            "callers get errors that a GET would have survived.",
            "RFC 10008 (QUERY: a safe method with a body); RFC 9110 section 9.2.1",
            "Offer it as GET, or as QUERY beside the POST.",
            "/charges/search:\n  query:            # OpenAPI 3.2\n    operationId: searchCharges",
            (
                "QUERY is from 2026, and few servers and proxies know it yet. What an operation does is read from its "
                "name."
            ),
        ),
        AuditRule(
            RuleId.REPEAT_REFUSED,
            Severity.NOTE,
            "a duplicate is refused, and the refusal does not say whose it is",
            "A second request is refused because something of that name exists. That protects from doing it twice; "
            "but the caller whose "
            "answer was lost cannot tell its own first request from somebody else's.",
            (
                f"RFC 9110 section 15.5.10 (409: enough information to recognize the source of the conflict); "
                f"{_DRAFT} section 2.7"
            ),
            "Give the id of what exists in the 409, or take a key and answer with the stored answer.",
            '"409":\n  description: A project of this name exists; `existing_id` says which.',
        ),
        AuditRule(
            RuleId.KEY_ON_READ,
            Severity.NOTE,
            "an operation that only reads declares a key",
            "A GET can be repeated as it is; a key on it says that it does something. Mostly the parameter stands on "
            "the path and was "
            "meant for the POST beside it.",
            'RFC 9110 section 9.2.1; Stripe, "Idempotent requests" (keys have no effect on GET and DELETE)',
            "Move the parameter from the path to the operations that need it.",
            "/charges:\n  get: {operationId: listCharges}\n  post:\n    operationId: createCharge\n"
            "    parameters: [{$ref: '#/components/parameters/IdempotencyKey'}]",
        ),
        AuditRule(
            RuleId.OPTIONAL_KEY,
            Severity.NOTE,
            "a key is optional",
            "Who leaves the key out is not protected, and does not notice until the first answer is lost.",
            f"{_DRAFT} section 2.7 (400 where a required key is missing)",
            "Require the key, at least where money moves; keep it optional where old clients send none.",
            "- name: Idempotency-Key\n  in: header\n  required: true",
            "Vendors differ: Stripe, PayPal and Adyen take requests without a key, Square requires it.",
        ),
        AuditRule(
            RuleId.KEY_WITHOUT_SHAPE,
            Severity.NOTE,
            "a key has neither format nor length",
            "A client that makes keys must know what is taken. Where nothing is said, one that is too long is refused "
            "in production, or "
            "cut off and then no longer unique.",
            (
                f"{_DRAFT} section 2.2; Stripe (255 characters), Adyen (64), Square (45), each on its page on "
                f"idempotency"
            ),
            "Say how long a key may be, and its format if there is one.",
            "schema: {type: string, maxLength: 255}",
        ),
        AuditRule(
            RuleId.IN_FLIGHT_UNSAID,
            Severity.NOTE,
            "it is not said what a request gets while the first one still runs",
            "A retry often comes while the first request is still at work. A client that does not know the answer to "
            "that takes it for "
            "a failure, though a moment later it would have the result.",
            f'{_DRAFT} section 2.7 (409); Adyen, "API idempotency" (code 704)',
            "Document the 409, with a code and a Retry-After.",
            '"409":\n  description: The first request with this idempotency key is still in progress.\n  headers:\n'
            "    Retry-After: {schema: {type: integer}}",
            (
                "409 is the draft's choice, and the draft has expired; vendors use 409 and 422. Name yours under "
                "`x-idempotency: in_flight`."
            ),
        ),
        AuditRule(
            RuleId.MISMATCH_UNSAID,
            Severity.NOTE,
            "it is not said what a used key with another payload gets",
            "A key that comes with another body is a mistake in the caller's code. Unless its answer can be told from "
            "others, the caller "
            "takes it for an ordinary refusal, and never learns that the earlier request was done.",
            f'{_DRAFT} section 2.7 (422); Stripe, "Idempotent requests" (400 with `idempotency_error`)',
            "Document the 422, with a code.",
            '"422":\n  description: This idempotency key was used with another payload.',
            (
                "422 is the draft's choice, and the draft has expired; Stripe and Mollie use 400, Resend 409. Name "
                "yours under `x-idempotency: mismatch`."
            ),
        ),
        AuditRule(
            RuleId.REFUSAL_WITHOUT_CODE,
            Severity.NOTE,
            "a 409 or 422 has no code that programs can read",
            "409 and 422 are also what business conflicts and failed validations get. Without a code in the body, a "
            "client cannot tell "
            "`try again in a second` from `never`.",
            f"RFC 9457 section 3.1.1 (`type`); {_DRAFT} section 2.7 (problem details)",
            "Describe the body, with a `type` or `code`.",
            (
                "content:\n  application/problem+json:\n    schema:\n      type: object\n      properties: {type: "
                "{type: string}, code: {type: string}}"
            ),
        ),
        AuditRule(
            RuleId.NO_REPLAY_MARKER,
            Severity.NOTE,
            "nothing marks an answer that was stored",
            "A client that repeats a request wants to know whether it was done now or before: for its logs, for "
            "emails that it sends, "
            "and to be sure that the key was honoured at all.",
            'Stripe, "Idempotent requests" (`Idempotent-Replayed: true`); the draft has no such header',
            "Send a header with stored answers, and declare it.",
            "headers:\n  Idempotent-Replayed: {schema: {type: boolean}}",
            "A convention of some vendors, not a standard.",
        ),
        AuditRule(
            RuleId.NO_TTL,
            Severity.NOTE,
            "it is not said how long a key is remembered",
            "After that time a repeated request is a new one. A job that comes back after a weekend must know whether "
            "its key still "
            "protects it.",
            (
                f"{_DRAFT} section 2.3 (the expiration policy is to be published); Stripe (24 hours), Adyen (7 days), "
                f"PayPal (up to 45 days)"
            ),
            "Say it in the description of the key, and for programs under `x-idempotency`.",
            "x-idempotency: {ttl: 24h}",
            "No field of OpenAPI has it; `x-idempotency` is samekey's word.",
        ),
        AuditRule(
            RuleId.NO_RETRY_AFTER,
            Severity.NOTE,
            "a 429 or 503 does not say when to come back",
            (
                "Clients that do not know come back too soon, all at once, and are refused again; or so late that "
                "their callers have gone."
            ),
            "RFC 6585 section 4; RFC 9110 sections 10.2.3 and 15.6.4",
            "Send Retry-After, and declare it.",
            '"429":\n  headers:\n    Retry-After: {description: Seconds to wait., schema: {type: integer}}',
            "Both RFCs let a server leave it out. The RateLimit fields, which are a draft, count here too.",
        ),
    ),
)
