"""What the IR keeps for those who judge a document: declared keys, headers of answers, places, and token endpoints."""

from __future__ import annotations

from tests.lower.documents import lowered, operation, swagger

KEY = "{name: Idempotency-Key, in: header, description: for a day, schema: {type: string, maxLength: 40}}"


def test_a_declared_key_is_kept_with_what_is_said_of_it() -> None:
    """Optional or not, with its description and limits."""
    [key] = operation(f"parameters: [{KEY}]\nresponses: {{}}", method="post").operation().declared
    assert (key.name, key.required, key.is_own, key.is_proposed, key.limits.max_length) == (
        "Idempotency-Key", False, True, False, 40
    )  # fmt: skip
    assert "for a day" in key.doc


def test_a_key_that_methods_share_is_nobody_s_own() -> None:
    """It is kept for GET as well, which it does not make keyed."""
    found = lowered(f"""
        openapi: 3.0.3
        info: {{title: T, version: '1'}}
        paths:
          /a:
            parameters: [{KEY}]
            get: {{responses: {{}}}}
            post: {{responses: {{}}}}
    """)
    assert [[key.is_own for key in entry.declared] for entry in found.api.operations] == [[False], [False]]


def test_a_key_that_another_dialect_overrules_is_still_declared() -> None:
    """The config decides what is sent, and not what the document says."""
    text = f"openapi: 3.0.3\npaths: {{/a: {{post: {{parameters: [{KEY}], responses: {{}}}}}}}}\n"
    found = lowered(text, config="idempotency: {name: X-Key}").operation()
    assert (found.profile.name, [key.name for key in found.declared]) == ("X-Key", ["Idempotency-Key"])


def test_answers_keep_the_names_of_their_headers() -> None:
    """In both editions, and `links` follows from them."""
    three = operation('responses: {"200": {description: x, headers: {link: {}, Retry-After: {}}}}').operation()
    two = swagger('responses: {"200": {description: x, headers: {Retry-After: {type: integer}}}}').operation()
    assert [answer.headers for answer in three.responses] == [("link", "Retry-After")]
    assert [answer.headers for answer in two.responses] == [("Retry-After",)]
    assert (three.responses[0].links, two.responses[0].links) == (True, False)
    assert three.responses[0].has_header("retry-after")


def test_operations_and_webhooks_know_their_file() -> None:
    """A path may stand in another one."""
    found = lowered(
        """
        openapi: 3.1.0
        info: {title: T, version: '1'}
        paths: {/a: {$ref: 'a.yaml'}}
        webhooks:
          made:
            parameters: [{name: webhook-id, in: header, schema: {type: string}}]
            post: {requestBody: {content: {application/json: {schema: {type: object}}}}}
        """,
        files={"/docs/a.yaml": "get: {responses: {}}"},
    )
    entry, [webhook] = found.operation(), found.api.webhooks
    assert (entry.source, entry.pointer) == ("/docs/a.yaml", "/get")
    assert (webhook.source, webhook.pointer, webhook.headers) == (
        "/docs/openapi.yaml", "/webhooks/made/post", ("webhook-id",)
    )  # fmt: skip


def test_token_endpoints_are_marked() -> None:
    """Those of the document's own flows."""
    found = lowered("""
        openapi: 3.0.3
        info: {title: T, version: '1'}
        paths: {/oauth/token: {post: {responses: {}}}, /a: {post: {responses: {}}}}
        components:
          securitySchemes:
            o: {type: oauth2, flows: {clientCredentials: {tokenUrl: /oauth/token, scopes: {}}}}
    """)
    assert [entry.issues_tokens for entry in found.api.operations] == [True, False]
