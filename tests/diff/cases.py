"""Changes of a document, each with a program written before it, and the lines at which that program breaks.

A line that ends in `# breaks` fails at its types and when it runs; `# breaks types` and `# breaks run` fail in one of
both alone. All other lines do in the new SDK what they did in the old one.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent
from typing import TypeAlias

from samekey.diff import ChangeKind

HEADER = """\
from {sdk} import APIStatusError, Shop, SERVERS, models
from {sdk} import webhooks


def program(client: Shop) -> None:
"""


@dataclass(frozen=True)
class Case:
    """A change of the shop.

    Args:
        kinds: what is reported, all of it.
        edits: texts of the document, each with what takes its place.
        program: the body of a function that takes a client of the shop, written against the old SDK.
        config: the new SDK's config, in YAML.
        whole: whether the program has its own imports, and is no such body.
        before: texts of the old document, with what takes their place there.
        names: texts of the names that the old SDK has given, with what takes their place before the new one is made.
    """

    kinds: frozenset[ChangeKind]
    edits: tuple[tuple[str, str], ...]
    program: str
    config: str = ""
    whole: bool = False
    before: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()

    def text(self, sdk: str) -> str:
        """The program, for an SDK of some package."""
        body = dedent(self.program)
        if self.whole:
            return body.replace("{sdk}", sdk)
        lines = "".join(f"    {line}\n" if line.strip() else "\n" for line in body.strip("\n").splitlines())
        return HEADER.replace("{sdk}", sdk) + lines


Edits: TypeAlias = tuple[tuple[str, str], ...]


def case(
    *kinds: ChangeKind,
    program: str,
    edit: str = "",
    to: str = "",
    also: Edits = (),
    config: str = "",
    whole: bool = False,
    before: Edits = (),
    names: Edits = (),
) -> Case:
    """A change of one text, or of several."""
    edits = ((edit, to), *also) if edit else also
    return Case(frozenset(kinds), edits, program, config, whole, before, names)


K = ChangeKind
LIMIT = "{name: limit, in: query, schema: {type: integer, default: 20, maximum: 100}}"
STATUS_PARAMETER = '        - {name: status, in: query, schema: {$ref: "#/components/schemas/Status"}}\n'
KEY = "        - {name: Idempotency-Key, in: header, schema: {type: string}}"
REF = "        ref: {type: string}\n"
HEALTH = """\
  /health:
    get:
      operationId: getHealth
      tags: [health]
      security: []
      responses:
        "200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Event"}}}}
"""
EVENT = """\
      responses:
        "200":
          description: ok
          content:
            application/json: {schema: {$ref: "#/components/schemas/Event"}}
            text/event-stream: {schema: {$ref: "#/components/schemas/Event"}}
"""
STREAM = '            text/event-stream: {schema: {$ref: "#/components/schemas/Event"}}\n'
NOT_FOUND = (
    '        "404": {description: no, content: {application/json: {schema: {$ref: "#/components/schemas/Problem"}}}}\n'
)
REFUND = "content: {application/json: {schema: {type: object, required: [order], properties: {order: {type: string}}}}}"
REGION = 'https://{region}.shop.example", variables: {region: {description: where}}'
WEBHOOKS = """\
webhooks:
  orderPaid:
    post:
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}}
      responses: {"204": {description: ok}}
"""
LINE_PATH = "  /orders/{order_id}/lines/{line_id}:\n"
ORDER_PATH = "  /orders/{order_id}:\n"

CASES: dict[str, Case] = {
    # the package and its clients
    "package": case(
        K.PACKAGE_RENAMED,
        config="package: store",
        program="""
            def program(client: object) -> None:
                import {sdk}  # breaks

                assert {sdk}.Shop is not None
        """,
        whole=True,
    ),
    "client": case(
        K.CLIENT_RENAMED,
        config="client: Store",
        program="""
            import {sdk}


            def program(client: object) -> None:
                assert {sdk}.Shop(token="t")  # breaks
        """,
        whole=True,
    ),
    "client argument": case(
        K.CLIENT_ARGUMENT_ADDED,
        K.CREDENTIALS_RELAXED,
        edit="security: [{bearer: []}]\npaths",
        to="security: [{bearer: []}, {pin: []}]\npaths",
        also=(("  securitySchemes:\n", "  securitySchemes:\n    pin: {type: apiKey, in: header, name: X-Pin}\n"),),
        program='assert Shop(token="t").orders.list',
    ),
    "client argument gone": case(
        K.CLIENT_ARGUMENT_REMOVED,
        K.CLIENT_ARGUMENT_ADDED,
        K.CREDENTIALS_REQUIRED,
        edit="security: [{bearer: []}]\npaths",
        to="security: [{pin: []}]\npaths",
        also=(("    bearer: {type: http, scheme: bearer}", "    pin: {type: apiKey, in: header, name: X-Pin}"),),
        program='Shop(token="t")  # breaks',
    ),
    "client argument renamed": case(
        K.CLIENT_ARGUMENT_RENAMED,
        names=(('"token": "token"', '"token": "secret"'),),
        program='Shop(token="t")  # breaks',
    ),
    "client argument narrowed": case(
        K.CLIENT_ARGUMENT_NARROWED,
        K.CLIENT_ARGUMENT_RENAMED,
        edit="    bearer: {type: http, scheme: bearer}",
        to="    bearer: {type: http, scheme: token}",
        program="""
            Shop(token=lambda: "t")  # breaks
        """,
    ),
    "client argument widened": case(
        K.CLIENT_ARGUMENT_WIDENED,
        K.CLIENT_ARGUMENT_RENAMED,
        before=(("    bearer: {type: http, scheme: bearer}", "    bearer: {type: apiKey, in: header, name: X-Key}"),),
        edit="    bearer: {type: apiKey, in: header, name: X-Key}",
        to="    bearer: {type: http, scheme: bearer}",
        program='Shop(api_key="t")  # breaks',
    ),
    "variable needed": case(
        K.CLIENT_ARGUMENT_REQUIRED,
        K.SERVER_MOVED,
        K.SERVER_REMOVED,
        edit='  - {url: "https://api.shop.example", description: Live}\n',
        also=(('https://test.shop.example", description: Test', REGION),),
        program="""
            Shop(token="t")  # breaks run
        """,
    ),
    "server": case(
        K.SERVER_ADDED,
        edit="description: Test}",
        to='description: Test}\n  - {url: "https://eu.shop.example", description: Europe}',
        program='assert SERVERS["Live"]',
    ),
    "server gone": case(
        K.SERVER_REMOVED,
        edit='  - {url: "https://test.shop.example", description: Test}\n',
        program='assert SERVERS["Test"]  # breaks run',
    ),
    "server moved": case(
        K.SERVER_MOVED,
        edit="https://test.shop.example",
        to="https://beta.shop.example",
        program='assert SERVERS["Test"]',
    ),
    # calls
    "call added": case(
        K.CALL_ADDED,
        edit=HEALTH,
        to=HEALTH + HEALTH.replace("/health", "/ready").replace("getHealth", "getReady").replace("[health]", "[ready]"),
        program='assert client.health.get().name == "e"',
    ),
    "call removed": case(
        K.CALL_REMOVED,
        edit=HEALTH,
        program="client.health.get()  # breaks",
    ),
    "call renamed": case(
        K.CALL_RENAMED,
        edit="operationId: getOrder",
        to="operationId: fetchOrder",
        config="rename: {operations: {fetchOrder: orders.fetch}}",
        program='client.orders.get("1")  # breaks',
    ),
    "call replaced": case(
        K.CALL_REPLACED,
        K.CALL_REMOVED,
        K.CALL_ADDED,
        K.STREAM_REMOVED,
        config="rename: {operations: {getHealth: events.list, listEvents: events.all}}",
        program="""
            assert client.events.list().name == "e"
            client.health.get()  # breaks
        """,
    ),
    "call moved": case(
        K.CALL_MOVED,
        edit="  /health:",
        to="  /v2/health:",
        program='assert client.health.get().name == "e"',
    ),
    "call deprecated": case(
        K.CALL_DEPRECATED,
        edit="      operationId: getHealth",
        to="      operationId: getHealth\n      deprecated: true",
        program='assert client.health.get().name == "e"',
    ),
    # arguments
    "argument added": case(
        K.ARGUMENT_ADDED,
        edit=LIMIT,
        to=LIMIT + "\n        - {name: sort, in: query, schema: {type: string}}",
        program="client.orders.list(limit=3)",
    ),
    "argument required": case(
        K.ARGUMENT_REQUIRED,
        edit="required: [item]",
        to="required: [item, quantity]",
        program='client.orders.create(item="a")  # breaks',
    ),
    "argument with another name on the wire": case(
        K.ARGUMENT_RENAMED,
        edit="        - {name: limit, in: query",
        to="        - {name: page_limit, in: query",
        program="client.orders.list(limit=3)  # breaks",
    ),
    "argument new and required": case(
        K.ARGUMENT_REQUIRED,
        edit=LIMIT,
        to=LIMIT + "\n        - {name: shop, in: query, required: true, schema: {type: string}}",
        program="client.orders.list()  # breaks",
    ),
    "argument optional": case(
        K.ARGUMENT_OPTIONAL,
        edit="required: [item]\n",
        to="required: []\n",
        program='client.orders.create(item="a")',
    ),
    "argument removed": case(
        K.ARGUMENT_REMOVED,
        K.TYPE_REMOVED,
        edit=STATUS_PARAMETER,
        program='client.orders.list(limit=3, status="open")  # breaks',
    ),
    "argument renamed": case(
        K.ARGUMENT_RENAMED,
        edit=ORDER_PATH,
        to="  /orders/{id}:\n",
        also=(("        - {name: order_id, in: path", "        - {name: id, in: path"),),
        program="""
            client.orders.get("1")
            client.orders.get(order_id="1")  # breaks
        """,
    ),
    "arguments reordered": case(
        K.ARGUMENT_REORDERED,
        K.CALL_MOVED,
        edit=LINE_PATH,
        to="  /lines/{line_id}/orders/{order_id}:\n",
        program="""
            found = client.lines.get(order_id="o", line_id="l")
            assert found == {"order": "o", "line": "l"}
            found = client.lines.get("o", "l")
            assert found == {"order": "o", "line": "l"}  # breaks run
        """,
    ),
    "argument narrowed": case(
        K.ARGUMENT_NARROWED,
        edit='note: {type: [string, "null"]}',
        to="note: {type: string}",
        program="""
            client.orders.create(item="a", note="b")
            client.orders.create(item="a", note=None)  # breaks types
        """,
    ),
    "argument widened": case(
        K.ARGUMENT_WIDENED,
        edit="item: {type: string}",
        to="item: {type: [string, integer]}",
        program='client.orders.create(item="a")',
    ),
    "argument deprecated": case(
        K.ARGUMENT_DEPRECATED,
        edit="{name: limit, in: query, ",
        to="{name: limit, in: query, deprecated: true, ",
        program="client.orders.list(limit=3)",
    ),
    "default": case(
        K.DEFAULT_CHANGED,
        edit="default: 20",
        to="default: 5",
        program="""
            assert len(client.orders.list(limit=20).orders) == 20
            assert len(client.orders.list().orders) == 20  # breaks run
        """,
    ),
    "default of a field": case(
        K.DEFAULT_CHANGED,
        edit="country: {type: string, default: DE}",
        to="country: {type: string, default: FR}",
        program="""
            order = client.orders.create(item="a", address={"street": "s"})
            assert order.address and order.address.country == "DE"  # breaks run
        """,
    ),
    "limit narrowed": case(
        K.LIMIT_NARROWED,
        edit="quantity: {type: integer, default: 1, maximum: 10}",
        to="quantity: {type: integer, default: 1, maximum: 5}",
        program="""
            client.orders.create(item="a", quantity=5)
            client.orders.create(item="a", quantity=10)  # breaks run
        """,
    ),
    "limit widened": case(
        K.LIMIT_WIDENED,
        edit="quantity: {type: integer, default: 1, maximum: 10}",
        to="quantity: {type: integer, default: 1, maximum: 50}",
        program='client.orders.create(item="a", quantity=10)',
    ),
    # results
    "result changed": case(
        K.RESULT_CHANGED,
        edit=HEALTH,
        to=HEALTH.replace("schemas/Event", "schemas/Problem"),
        program="assert client.health.get().name  # breaks",
    ),
    "result narrowed": case(
        K.RESULT_NARROWED,
        edit='"204": {description: gone}',
        to='"200": {description: ok, content: {application/json: {schema: {type: string}}}}',
        program='client.orders.delete("1")',
    ),
    "stream added": case(
        K.STREAM_ADDED,
        edit=HEALTH,
        to=HEALTH.replace(
            'content: {application/json: {schema: {$ref: "#/components/schemas/Event"}}}',
            'content: {application/json: {schema: {$ref: "#/components/schemas/Event"}}, '
            'text/event-stream: {schema: {$ref: "#/components/schemas/Event"}}}',
        ),
        program='assert client.health.get().name == "e"',
    ),
    "stream removed": case(
        K.STREAM_REMOVED,
        edit=STREAM,
        program="""
            assert client.events.list().name == "e"
            client.events.list.stream()  # breaks
        """,
    ),
    "stream changed": case(
        K.STREAM_CHANGED,
        edit=STREAM,
        to=STREAM.replace("Event", "Problem"),
        program="""
            assert client.events.list().name == "e"
            with client.events.list.stream() as events:
                assert [event.name for event in events]  # breaks
        """,
    ),
    "error type added": case(
        K.ERROR_TYPE_ADDED,
        edit='"204": {description: gone}',
        to='"204": {description: gone}\n' + NOT_FOUND.rstrip("\n"),
        program='client.orders.delete("1")',
    ),
    "error type changed": case(
        K.ERROR_TYPE_CHANGED,
        edit=f"{NOT_FOUND}    delete",
        to=f"{NOT_FOUND.replace('Problem', 'Event')}    delete",
        program="""
            try:
                client.orders.get("none")
            except APIStatusError as error:
                assert isinstance(error.body, models.Problem)  # breaks run
        """,
    ),
    # what becomes of a lost answer
    "key added": case(
        K.KEY_ADDED,
        K.RETRY_GAINED,
        edit="      x-idempotency: false\n",
        program='client.imports.create(url="u")',
    ),
    "key removed": case(
        K.KEY_REMOVED,
        edit="operationId: createOrder",
        to="operationId: createOrder\n      x-idempotency: false",
        program="""
            client.orders.create(item="a")
            client.orders.create(item="a", idempotency_key="order-1-of-today")  # breaks
        """,
    ),
    "key shortened": case(
        K.KEY_SHORTENED,
        edit=KEY,
        to=KEY.replace("{type: string}", "{type: string, maxLength: 40}"),
        program="""
            client.orders.create(item="a", idempotency_key="order-1-of-today")
            client.orders.create(item="a", idempotency_key="order-1-of-today" * 4)  # breaks run
        """,
    ),
    "promise lost": case(
        K.PROMISE_LOST,
        edit=f"      parameters:\n{KEY}\n",
        program="""
            response = client.orders.create.detailed(item="lost")
            assert response.data.id == "1"
            assert not response.may_be_repeated  # breaks run
        """,
    ),
    "promise gained": case(
        K.PROMISE_GAINED,
        edit="      operationId: createRefund",
        to=f"      operationId: createRefund\n      parameters:\n{KEY}",
        program='assert client.refunds.create(order="1").id == "1"',
    ),
    "retry lost": case(
        K.RETRY_LOST,
        K.PROMISE_GAINED,
        edit=f"      parameters:\n{KEY}\n",
        config="idempotency: {assume: key-only, operations: {createRefund: true}}",
        program='client.orders.create(item="lost")  # breaks run',
    ),
    "evidence changed": case(
        K.EVIDENCE_CHANGED,
        edit=f"      parameters:\n{KEY}\n",
        config="idempotency: {operations: {createOrder: true}}",
        program="""
            response = client.orders.create.detailed(item="lost")
            assert not response.may_be_repeated
        """,
    ),
    "credentials required": case(
        K.CREDENTIALS_REQUIRED,
        edit="      tags: [health]\n      security: []\n",
        to="      tags: [health]\n",
        program="client.health.get()  # breaks run",
    ),
    "credentials relaxed": case(
        K.CREDENTIALS_RELAXED,
        edit="      operationId: listOrders",
        to="      operationId: listOrders\n      security: []",
        program="client.orders.list()",
    ),
    # types
    "type added": case(
        K.TYPE_ADDED,
        K.FIELD_ADDED,
        edit=REF,
        to=REF + "        box: {type: object, properties: {width: {type: integer}}}\n",
        program='assert client.orders.get("1").id == "1"',
    ),
    "type removed": case(
        K.TYPE_REMOVED,
        K.FIELD_REMOVED,
        K.ARGUMENT_REMOVED,
        edit='        address: {$ref: "#/components/schemas/Address"}\n    OrderList',
        to="    OrderList",
        also=(('                address: {$ref: "#/components/schemas/Address"}\n', ""),),
        program='models.Address(street="s")  # breaks',
    ),
    "type renamed": case(
        K.TYPE_RENAMED,
        edit="    Problem:\n",
        to="    Trouble:\n",
        also=(("schemas/Problem", "schemas/Trouble"),),
        program="""
            try:
                client.orders.get("none")
            except APIStatusError as error:
                assert isinstance(error.body, models.Problem)  # breaks
        """,
    ),
    "type replaced": case(
        K.TYPE_REPLACED,
        edit="    Status: {type: string, enum: [open, paid, closed]}",
        to="    Status: {type: object, properties: {name: {type: string}}}",
        program="assert models.Status.OPEN.value  # breaks",
    ),
    "field added": case(
        K.FIELD_ADDED,
        edit=REF,
        to=REF + "        paid_at: {type: string}\n",
        program="""
            order = client.orders.get("1")
            assert order.id == "1"
            assert models.Order(id="1", status=models.Status.OPEN, total=1).total == 1
        """,
    ),
    "field required": case(
        K.FIELD_REQUIRED,
        K.FIELD_REFINED,
        edit="required: [street]",
        to="required: [street, city]",
        program="""
            client.orders.create(item="a", address=models.Address(street="s", city="c"))
            client.orders.create(item="a", address={"street": "s"})  # breaks types
            client.orders.create(item="a", address=models.Address(street="s"))  # breaks
        """,
    ),
    "field new and required": case(
        K.FIELD_REQUIRED,
        edit="      required: [street]\n      properties:\n",
        to="      required: [street, zip]\n      properties:\n        zip: {type: string}\n",
        program="""
            client.orders.create(item="a", address={"street": "s"})  # breaks types
            models.Address(street="s")  # breaks
        """,
    ),
    "field optional": case(
        K.FIELD_OPTIONAL,
        K.FIELD_CHANGED,
        edit="required: [street]",
        to="required: []",
        program="""
            client.orders.create(item="a", address={"street": "s"})
            address = client.orders.create(item="a", address=models.Address(street="s")).address
            assert address and address.street.upper() == "S"  # breaks types
        """,
    ),
    "field removed": case(
        K.FIELD_REMOVED,
        edit=REF,
        program="""
            order = client.orders.get("1")
            assert order.total == 1
            assert order.ref is None  # breaks
        """,
    ),
    "field removed from what is sent": case(
        K.FIELD_REMOVED,
        edit="        city: {type: string}\n",
        program="""
            client.orders.create(item="a", address={"street": "s", "city": "c"})  # breaks types
            models.Address(street="s", city="c")  # breaks
        """,
    ),
    "field renamed": case(
        K.FIELD_RENAMED,
        before=((REF, REF.replace("ref", "class")),),
        names=(('"class": "class_"', '"class": "kind"'),),
        program="""
            order = client.orders.get("1")
            assert order.class_ is None  # breaks
        """,
    ),
    "field with another name on the wire": case(
        K.FIELD_RENAMED,
        edit=REF,
        to=REF.replace("ref", "shop_ref"),
        program="""
            order = client.orders.get("1")
            assert order.ref is None  # breaks
        """,
    ),
    "field changed": case(
        K.FIELD_CHANGED,
        edit="total: {type: integer}",
        to='total: {type: [integer, "null"]}',
        program="""
            order = client.orders.get("1")
            assert order.total + 1 == 2  # breaks types
        """,
    ),
    "field of another type": case(
        K.FIELD_CHANGED,
        edit="total: {type: integer}",
        to="total: {type: string}",
        program="""
            order = client.orders.get("1")
            assert order.total + 1 == 2  # breaks
        """,
    ),
    "field no longer required": case(
        K.FIELD_CHANGED,
        edit="required: [id, status, total]",
        to="required: [id, status]",
        program="""
            order = client.orders.get("1")
            assert order.total + 1 == 2  # breaks types
        """,
    ),
    "field narrowed": case(
        K.FIELD_NARROWED,
        before=(("iban: {type: string}", 'iban: {type: [string, "null"]}'),),
        edit='iban: {type: [string, "null"]}',
        to="iban: {type: string}",
        program="""
            client.orders.create(item="a", payment={"kind": "bank", "iban": "i"})
            client.orders.create(item="a", payment={"kind": "bank", "iban": None})  # breaks types
            client.orders.create(item="a", payment=models.Bank(iban=None))  # breaks types
        """,
    ),
    "field refined": case(
        K.FIELD_REFINED,
        edit="required: [id, status, total]",
        to="required: [id, status, total, ref]",
        program="""
            order = client.orders.get("1")
            assert order.ref is None or order.ref == "r"
        """,
    ),
    "field deprecated": case(
        K.FIELD_DEPRECATED,
        edit=REF,
        to="        ref: {type: string, deprecated: true}\n",
        program="""
            order = client.orders.get("1")
            assert order.ref is None
        """,
    ),
    "member added": case(
        K.MEMBER_ADDED,
        edit="enum: [open, paid, closed]",
        to="enum: [open, paid, closed, lost]",
        program="""
            client.orders.list(status="open")
            assert client.orders.get("1").status is models.Status.OPEN
        """,
    ),
    "member removed": case(
        K.MEMBER_REMOVED,
        edit="enum: [open, paid, closed]",
        to="enum: [open, closed]",
        program="""
            client.orders.list(status="open")
            client.orders.list(status="paid")  # breaks types
            client.orders.list(status=models.Status.PAID)  # breaks
        """,
    ),
    "member renamed": case(
        K.MEMBER_RENAMED,
        names=(('"open": "OPEN"', '"open": "OPENED"'),),
        program="assert models.Status.OPEN  # breaks",
    ),
    "member changed": case(
        K.MEMBER_CHANGED,
        edit="enum: [open, paid, closed]",
        to="enum: [OPEN, paid, closed]",
        names=(('"open": "OPEN"', '"OPEN": "OPEN"'),),
        program="""
            client.orders.list(status=models.Status.OPEN)
            client.orders.list(status="open")  # breaks types
            assert str(models.Status.OPEN) == "open"  # breaks run
        """,
    ),
    "union widened": case(
        K.UNION_WIDENED,
        K.TYPE_ADDED,
        edit='        - {$ref: "#/components/schemas/Cash"}\n',
        to='        - {$ref: "#/components/schemas/Cash"}\n        - {$ref: "#/components/schemas/Gift"}\n',
        also=(
            (
                'cash: "#/components/schemas/Cash"}',
                'cash: "#/components/schemas/Cash", gift: "#/components/schemas/Gift"}',
            ),
            (
                "    Event:\n",
                "    Gift: {type: object, required: [kind], properties: {kind: {const: gift}}}\n    Event:\n",
            ),
        ),
        program="""
            payment = client.orders.get("paid").payment
            assert payment
            client.orders.create(item="a", payment=payment)
            if isinstance(payment, models.Card):
                assert payment.last4
            elif isinstance(payment, models.Bank):
                assert payment.iban
            else:
                assert payment.teller  # breaks types
        """,
    ),
    "union narrowed": case(
        K.UNION_NARROWED,
        K.TYPE_REMOVED,
        edit='        - {$ref: "#/components/schemas/Bank"}\n',
        also=((', bank: "#/components/schemas/Bank"', ""),),
        program="""
            client.orders.create(item="a", payment={"kind": "card", "last4": "4242"})
            client.orders.create(item="a", payment={"kind": "bank", "iban": "x"})  # breaks types
            models.Bank(iban="x")  # breaks
        """,
    ),
    "webhook added": case(
        K.WEBHOOK_ADDED,
        edit=WEBHOOKS,
        to=WEBHOOKS + WEBHOOKS.partition("\n")[2].replace("orderPaid", "orderLost"),
        program="""
            assert webhooks.decode("orderPaid", b'{"id": "1", "status": "paid", "total": 1}').id == "1"
        """,
    ),
    "webhook removed": case(
        K.WEBHOOK_REMOVED,
        K.WEBHOOK_ADDED,
        edit="orderPaid",
        to="orderLost",
        program="""
            paid = webhooks.decode("orderPaid", b'{"id": "1", "status": "paid", "total": 1}')  # breaks run
            assert paid.id == "1"  # breaks types
        """,
    ),
    "webhook changed": case(
        K.WEBHOOK_CHANGED,
        edit=WEBHOOKS,
        to=WEBHOOKS.replace("schemas/Order", "schemas/Event"),
        program="""
            paid = webhooks.decode("orderPaid", b'{"id": "1", "status": "paid", "total": 1, "name": "n"}')
            assert paid.id == "1"  # breaks
        """,
    ),
}
