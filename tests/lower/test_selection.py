# ruff: noqa: E501  # documents in lines of their own
"""What of a document is in an SDK: `include`, `exclude` and `order` of the config."""

from __future__ import annotations

from textwrap import dedent

import pytest
from samekey.config.file import Config, read_config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.lower import lower_documents
from samekey.names import assign
from samekey.pipeline import generate

from tests.lower.documents import Lowered, loaded

SHOP = dedent("""
    openapi: 3.1.0
    info: {title: Shop, version: '1.0.0'}
    paths:
      /orders:
        parameters:
          - {name: trace, in: query, x-internal: true, schema: {type: string}}
          - {name: region, in: query, required: true, x-internal: true, schema: {type: string}}
        get:
          {operationId: listOrders, tags: [Orders], responses: {200: {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}}}
        post:
          {operationId: createOrder, tags: [Orders], deprecated: true, responses: {200: {description: ''}}}
      /admin/keys:
        get:
          {operationId: listKeys, tags: [Admin, Keys], x-internal: true, responses: {200: {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Key'}}}}}}
      /admin/users:
        x-internal: true
        get: {operationId: listUsers, tags: [Admin], responses: {200: {description: ''}}}
      /health: {get: {responses: {200: {description: ''}}}}
    webhooks:
      paid: {post: {x-internal: true, requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Key'}}}}}}
    components:
      schemas:
        Order:
          type: object
          properties: {id: {type: string}, margin: {type: integer, x-internal: true}, cost: {$ref: '#/components/schemas/Cost'}}
          required: [id, margin]
        Cost: {x-internal: true, type: object, properties: {amount: {type: integer}}}
        Key: {type: object, properties: {id: {type: string}}}
""")  # fmt: skip


def configured(text: str) -> tuple[Config, Diagnostics]:
    """The config of a text."""
    diagnostics = Diagnostics()
    document = load("samekey.yaml", diagnostics, lambda _: dedent(text).encode())
    assert document is not None
    return read_config(document.node), diagnostics


def selected(text: str) -> Lowered:
    """The shop as a config has it."""
    config, diagnostics = configured(text)
    assert not list(diagnostics)
    document, others = loaded(SHOP)
    api = lower_documents(document, config)
    assert api is not None
    for finding in others:
        diagnostics.add(finding)
    return Lowered(api, diagnostics)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("{}", ["GET /orders", "POST /orders", "GET /admin/keys", "GET /admin/users", "GET /health"]),
        ("include: {tags: [Orders]}", ["GET /orders", "POST /orders"]),
        ("include: {tags: Keys}", ["GET /admin/keys"]),
        ("include: {paths: [/admin/*], operations: [createOrder]}", ["POST /orders", "GET /admin/keys", "GET /admin/users"]),
        ("include: {operations: ['GET /*'], tags: ['Ord*']}\nexclude: {paths: ['/admin/*', /health]}", ["GET /orders", "POST /orders"]),
        ("exclude: {operations: ['GET /health', list*]}", ["POST /orders"]),
        ("exclude: {internal: true, deprecated: true}", ["GET /orders", "GET /health"]),
        ("exclude: {deprecated: true, internal: false, tags: []}", ["GET /orders", "GET /admin/keys", "GET /admin/users", "GET /health"]),
        ("include: {internal: true}", ["GET /admin/keys", "GET /admin/users"]),
        ("include: {}", []),
    ],
)  # fmt: skip
def test_operations_are_chosen(text: str, left: list[str]) -> None:
    """What is included and not excluded, in the document's order."""
    assert selected(text).operations == left


def test_what_nobody_reaches_is_left_out() -> None:
    """Models of excluded operations are no part of the SDK; nor is what is marked internal, in whatever it stands."""
    whole = selected("{}")
    assert {entry.name for entry in whole.api.types} == {("Order",), ("Cost",), ("Key",)}
    assert [webhook.name for webhook in whole.api.webhooks] == ["paid"]
    public = selected("exclude: {internal: true}")
    assert public.model("Order") == {"id!": "string"}
    assert {entry.name for entry in public.api.types} == {("Order",)}
    assert list(public.api.webhooks) == []


def test_a_required_parameter_stays() -> None:
    """The server would refuse every request without it."""
    public = selected("exclude: {internal: true}")
    assert set(public.params("listOrders")) == {"query region"}
    assert set(selected("{}").params("listOrders")) == {"query region", "query trace"}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("exclude: {tags: [Odrers]}", "no tag of the document is 'Odrers'", "did you mean 'Orders'?"),
        ("include: {paths: [/order]}", "no path of the document is '/order'", "did you mean '/orders'?"),
        ("exclude: {operations: [listOrder]}", "no operation of the document is 'listOrder'", "did you mean 'listOrders'?"),
        ("exclude: {operations: ['PUT /*']}", "no operation of the document is 'PUT /*'", ""),
    ],
)  # fmt: skip
def test_what_matches_nothing_is_an_error(text: str, message: str, hint: str) -> None:
    """A misspelt filter would publish what it was to hide."""
    found = selected(text)
    assert found.codes == ["selection-unmatched"]
    (finding,) = found.diagnostics
    assert finding.message == message
    assert hint in finding.hint
    assert found.diagnostics.failed


def test_a_config_may_speak_of_what_it_excludes() -> None:
    """Its words for excluded operations wait until they are included again."""
    found = selected("""
        exclude: {operations: [listKeys, createOrder]}
        pagination: {listKeys: false}
        retry: {operations: {listKeys: {max_retries: 1}}, tags: {Keys: {max_retries: 0}}}
        idempotency: {operations: {createOrder: true}}
    """)
    assert found.codes == []


@pytest.mark.parametrize(
    "text",
    [
        "include: [a]", "exclude: x", "exclude: {tags: 5}", "exclude: {tags: {a: b}}", "include: {paths: [5]}",
        "exclude: {operations: ['']}", "exclude: {internal: yes please}", "exclude: {deprecated: 1}", "order: 5",
        "order: [5]",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_an_error(text: str) -> None:
    """At its line; nothing is guessed."""
    _, diagnostics = configured(text)
    assert [entry.code for entry in diagnostics] == ["config-invalid"]


def test_an_unknown_word_is_an_error() -> None:
    """With what was probably meant."""
    _, diagnostics = configured("exclude: {tag: [a]}")
    assert [entry.hint for entry in diagnostics] == ["did you mean 'tags'?"]


def test_resources_come_in_the_order_that_is_wanted() -> None:
    """By attribute or tag, patterns too; the others follow in the document's order."""
    config, _ = configured("order: [health, Adm*]")
    found = selected("{}")
    assert [resource.attribute for resource in assign(found.api, config).resources] == ["health", "admin", "orders"]
    assert [resource.attribute for resource in assign(found.api, Config()).resources] == ["orders", "admin", "health"]


def test_an_order_of_nothing_is_a_warning() -> None:
    """It changes nothing, so it is no error."""
    config, _ = configured("order: [ordres]")
    document, diagnostics = loaded(SHOP)
    assert generate(document, config) is not None
    assert [(entry.code, entry.hint) for entry in diagnostics if entry.code == "order-unused"] == [
        ("order-unused", "did you mean 'orders'?")
    ]


def test_tags_can_be_grouped() -> None:
    """Two tags under one name are one resource: this is how operations are put together."""
    config, _ = configured("rename: {resources: {Admin: shop, Orders: shop}}")
    document, diagnostics = loaded(SHOP)
    api = lower_documents(document, config)
    assert api is not None
    names = assign(api, config)
    assert {place.resource for place in names.methods.values()} == {"shop", "health"}
    assert generate(document, config) is not None
    assert not diagnostics.failed
