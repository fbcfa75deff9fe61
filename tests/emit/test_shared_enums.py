"""Equal inline enums of one property are one class: what came can be sent again, and no name is lost."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from samekey.cli import app
from samekey.config.file import Config
from samekey.diff import report_changes
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import Generated, generate
from typer.testing import CliRunner

from tests.tools import checked, mypy_strict, pyright_strict

DOCUMENT = """
openapi: 3.1.0
info: {title: Pay, version: "1"}
servers: [{url: "https://pay.test"}]
paths:
  /payments:
    get:
      operationId: listPayments
      tags: [payments]
      parameters:
        - {name: currency, in: query, schema: {type: string, enum: [usd, eur], description: Of the list.}}
        - {name: status, in: query, schema: {type: array, items: {type: string, enum: [open, done]}}}
        - {name: scheme, in: query, schema: {type: string, enum: [sepa, swift]}}
      responses:
        "200":
          description: ok
          content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Payment'}}}}
    post:
      operationId: createPayment
      tags: [payments]
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [amount, currency]
              properties:
                amount: {type: integer}
                currency: {type: string, enum: [eur, usd]}
                fee: {type: object, properties: {currency: {type: string, enum: [usd, eur]}}}
                scheme: {$ref: '#/components/schemas/Scheme'}
                kind: {type: string, enum: [one, two, three]}
      responses:
        "201":
          description: ok
          content: {application/json: {schema: {$ref: '#/components/schemas/Payment'}}}
components:
  schemas:
    Scheme: {type: string, enum: [sepa, swift]}
    Payment:
      type: object
      required: [id, currency, status, scheme, kind]
      properties:
        id: {type: string}
        currency: {type: string, enum: [usd, eur], description: Of the payment.}
        status: {type: string, enum: [open, done]}
        scheme: {type: string, enum: [sepa, swift]}
        kind: {type: string, enum: [one, two]}
"""
CALLER = """
from __future__ import annotations

import httpx

from pay import Pay, models

ANSWER = {"id": "p_1", "currency": "eur", "status": "done", "scheme": "sepa", "kind": "one"}


def again(client: Pay, payment: models.Payment) -> models.Payment:
    fee: models.CreatePaymentRequestFeeInput = {"currency": payment.currency}
    client.payments.list(currency=payment.currency, status=[payment.status], scheme=payment.scheme)
    model = models.CreatePaymentRequestFee(currency=payment.currency)
    client.payments.create(amount=1, currency=payment.currency, fee=model)
    return client.payments.create(amount=1, currency=payment.currency, fee=fee, scheme=payment.scheme)


def as_before(currency: models.ListPaymentsCurrency) -> models.PaymentCurrency:
    if currency is models.CreatePaymentRequestCurrency.EUR:
        return models.ListPaymentsCurrency.USD
    return currency


def wrong(client: Pay, payment: models.Payment) -> None:
    client.payments.create(amount=1, currency=payment.status)  # type: ignore[arg-type]
    client.payments.create(amount=1, currency="usd", kind=payment.kind)  # type: ignore[arg-type]


def answer(request: httpx.Request) -> httpx.Response:
    if request.method == "GET":
        return httpx.Response(200, json=[ANSWER])
    print(request.content.decode())
    return httpx.Response(201, json=ANSWER)


if __name__ == "__main__":
    with Pay(http_client=httpx.Client(transport=httpx.MockTransport(answer))) as client:
        print(again(client, client.payments.list()[0]))
    print(as_before(models.PaymentCurrency.EUR))
"""


def made(text: str = DOCUMENT) -> Generated:
    """What is emitted for a document."""
    document = load("api.yaml", Diagnostics(), lambda _: text.encode())
    assert document is not None
    result = generate(document, Config(package="pay", client="Pay"))
    assert result is not None
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SDK, and a program that uses it."""
    target = tmp_path_factory.mktemp("shared")
    (target / "api.yaml").write_text(DOCUMENT, "utf-8")
    (target / "samekey.yaml").write_text("package: pay\nclient: Pay\n", "utf-8")
    arguments = ["generate", str(target / "api.yaml"), "--config", str(target / "samekey.yaml")]
    assert CliRunner().invoke(app, [*arguments, "-o", str(target / "sdk")]).exit_code == 0
    (target / "sdk" / "caller.py").write_text(CALLER, "utf-8")
    return target / "sdk"


def test_what_came_can_be_sent(folder: Path) -> None:
    """In arguments, in dicts, in models and in lists of a query."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "caller.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second, _, last = done.stdout.splitlines()
    assert json.loads(first) == {"amount": 1, "currency": "eur", "fee": {"currency": "eur"}}
    assert json.loads(second) == {"amount": 1, "currency": "eur", "fee": {"currency": "eur"}, "scheme": "sepa"}
    assert last == "usd"


def test_both_checkers_take_it(folder: Path, tmp_path: Path) -> None:
    """Strict, and what is of another enum is still an error."""
    checked([*mypy_strict(), "caller.py"], cwd=folder)
    pyright_strict(folder, tmp_path)


def test_one_class_has_all_names() -> None:
    """A component of the property's name comes first; a class says nothing that holds for one property alone."""
    models = made().files["pay/models/_part_01.py"]
    classes = re.findall(r"^class (\w+)\(OpenStrEnum", models, re.MULTILINE)
    assert sorted(classes) == [
        "CreatePaymentRequestKind", "PaymentCurrency", "PaymentKind", "PaymentStatus", "Scheme",
    ]  # fmt: skip
    assert "\nPaymentScheme: TypeAlias = Scheme\n" in models
    assert "\nListPaymentsStatusItem: TypeAlias = PaymentStatus\n" in models
    assert "Of the list." not in models
    assert "Of the payment." in models.partition("class Payment(")[2]


def test_other_names_of_values_are_another_class() -> None:
    """Who has them under other names would lose these."""
    renamed = DOCUMENT.replace(
        "enum: [usd, eur], description: Of the list.", "enum: [usd, eur], x-enum-varnames: [DOLLAR, EURO]"
    )
    models = made(renamed).files["pay/models/_part_01.py"]
    assert "class ListPaymentsCurrency(OpenStrEnum)" in models
    assert "CreatePaymentRequestCurrency: TypeAlias = PaymentCurrency" in models


def none_shared(*_: object) -> dict[str, str]:
    """No enum is the class of another."""
    return {}


def test_who_had_two_classes_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An SDK in which each enum had a class keeps every name, and breaks no program."""
    with monkeypatch.context() as earlier:
        earlier.setattr(importlib.import_module("samekey.names.assign"), "shared_enums", none_shared)
        apart = made()
    one = made()
    before, after = (json.loads(result.files["names.json"])["types"] for result in (apart, one))
    assert all({**after[key], **words} == after[key] for key, words in before.items())
    report = report_changes(apart.surface, one.surface)
    assert [change for change in report.changes if change.breaks] == []


def test_enums_that_part_keep_their_names() -> None:
    """A value that comes to one of them makes a class of it, under the name that it had all along."""
    before, after = (
        made(),
        made(
            DOCUMENT.replace("enum: [usd, eur], description: Of the l", "enum: [usd, eur, gbp], description: Of the l")
        ),
    )
    models = after.files["pay/models/_part_01.py"]
    assert "class ListPaymentsCurrency(OpenStrEnum)" in models
    assert before.surface.types.keys() <= after.surface.types.keys()
    report = report_changes(before.surface, after.surface)
    # What came of the others is no value of this one any more.
    assert [change.subject for change in report.changes if change.breaks] == ["payments.list"]
