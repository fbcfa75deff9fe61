"""`format: decimal` is a Decimal, and is sent as the document has it: as a string, or as a number with all digits."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pydantic
import pytest

from tests.hard_cases.sdk import Answer, Sdk, make
from tests.tools import checked, mypy_strict, pyright_strict, write_files

DOCUMENT = """
openapi: 3.1.0
info: {title: Till, version: "1"}
servers: [{url: "https://till.test"}]
paths:
  /prices:
    post:
      operationId: createPrice
      tags: [prices]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Price'}}}}
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Price'}}}}}
    put:
      operationId: replacePrices
      tags: [prices]
      requestBody:
        required: true
        content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Price'}}}}
      responses: {"200": {description: ok}}
  /rates:
    put:
      operationId: replaceRates
      tags: [rates]
      parameters: [{name: least, in: query, schema: {type: number, format: decimal}}]
      requestBody:
        required: true
        content: {application/json: {schema: {type: array, items: {type: number, format: decimal}}}}
      responses: {"200": {description: ok}}
  /taxes:
    put:
      operationId: replaceTaxes
      tags: [taxes]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Taxes'}}}}
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Taxes'}}}}}
    post:
      operationId: createTaxes
      tags: [taxes]
      requestBody:
        required: true
        content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Taxes'}}}}
      responses: {"200": {description: ok}}
  /books:
    put:
      operationId: replaceBooks
      tags: [books]
      requestBody:
        required: true
        content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Book'}}}}
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Book'}}}}}
  /places:
    put:
      operationId: replacePlaces
      tags: [places]
      requestBody:
        required: true
        content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Place'}}}}
      responses: {"200": {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Place'}}}}}
components:
  schemas:
    Place:
      type: object
      properties:
        place: {}
        rates: {type: object, additionalProperties: {$ref: '#/components/schemas/Taxes'}}
    Book:
      type: object
      properties:
        rate: {type: number}
        named: {oneOf: [{type: number, format: decimal}, {$ref: '#/components/schemas/Price'}]}
      additionalProperties: {oneOf: [{type: number, format: decimal}, {$ref: '#/components/schemas/Price'}]}
    Taxes:
      type: object
      required: [country]
      properties:
        country: {type: string}
        least: {type: number, format: decimal}
        words: {type: string, format: decimal}
      additionalProperties: {type: number, format: decimal}
    Price:
      type: object
      required: [amount]
      properties:
        amount: {type: number, format: decimal}
        text: {type: string, format: decimal}
        float: {type: number}
        steps: {type: array, items: {type: number, format: decimal}}
        by_name: {type: object, additionalProperties: {type: [number, "null"], format: decimal}}
        inner: {$ref: '#/components/schemas/Price'}
        either: {oneOf: [{type: number, format: decimal}, {type: integer}]}
        free: {}
"""
DIGITS = Decimal("12345678901234567.89")


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Sdk:
    """An SDK."""
    folder = tmp_path_factory.mktemp("till")
    (folder / "openapi.yaml").write_text(DOCUMENT, "utf-8")
    return make(folder / "openapi.yaml", folder / "sdk")


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"amount": Decimal("0.10")}, '{"amount":0.10}'),
        ({"amount": DIGITS, "text": DIGITS}, '{"amount":12345678901234567.89,"text":"12345678901234567.89"}'),
        ({"amount": 1, "text": "1.10", "float_": 2.5}, '{"amount":1,"text":"1.10","float":2.5}'),
        ({"amount": 0.5, "steps": [Decimal("1.00"), 2]}, '{"amount":0.5,"steps":[1.00,2]}'),
        ({"amount": 1, "by_name": {"a": Decimal("1E+3"), "b": None}}, '{"amount":1,"by_name":{"a":1E+3,"b":null}}'),
        ({"amount": 1, "inner": {"amount": Decimal("2.0"), "text": Decimal(3)}},
         '{"amount":1,"inner":{"amount":2.0,"text":"3"}}'),
        ({"amount": Decimal(7), "either": Decimal("-0.00")}, '{"amount":7,"either":-0.00}'),
        ({"amount": 1, "free": Decimal("0.10")}, '{"amount":1,"free":"0.10"}'),
    ],
)  # fmt: skip
def test_each_is_sent_as_its_type(sdk: Sdk, given: dict[str, Any], sent: str) -> None:
    """In arguments, dicts, lists and maps; nothing is rounded."""
    body = sdk.send(lambda api: api.prices.create(**given), Answer(200, b'{"amount":1}')).body.decode()
    # The order of arguments is the document's.
    assert sorted(body[1:-1].split(",")) == sorted(sent[1:-1].split(","))
    model = sdk.models.Price(**{name: value for name, value in given.items() if name != "inner"})
    if "inner" not in given:
        assert model.to_json() == body == sdk.send(lambda api: api.prices.replace(body=[model])).body.decode()[1:-1]


def test_lists_and_queries_of_them(sdk: Sdk) -> None:
    """A body that is a list of decimals, and a parameter."""
    sent = sdk.send(lambda api: api.rates.replace(body=[Decimal("0.10"), 3, DIGITS], least=Decimal("0.10")))
    assert sent.body == b"[0.10,3,12345678901234567.89]"
    assert "?least=0.10" in sent.line


@pytest.mark.parametrize("more", ["", ',"new":1', ',"float":1.5,"new":{"a":0.1}'])
def test_no_digit_is_lost_on_the_way(sdk: Sdk, more: str) -> None:
    """What came is exact, also where the answer has fields that no document lists, and can be sent again."""
    answer = f'{{"amount":12345678901234567.89,"text":"0.10","steps":[0.12345678901234567890]{more}}}'
    _, found = sdk.exchange(lambda api: api.prices.create(amount=1), Answer(200, answer.encode()))
    assert (found.amount, found.text, found.steps) == (DIGITS, Decimal("0.10"), [Decimal("0.12345678901234567890")])
    again = json.loads(sdk.send(lambda api: api.prices.replace(body=[found])).body, parse_float=Decimal)
    assert again == [json.loads(answer, parse_float=Decimal)]


def test_extra_properties_that_are_decimals_are_numbers_too(sdk: Sdk) -> None:
    """What `additionalProperties` says of them holds in models, dicts and answers, with all of their digits."""
    text = '{"country":"de","least":0.12345678901234567890,"words":"0.10","vat":12345678901234567.89}'
    _, found = sdk.exchange(lambda api: api.taxes.replace(country="de"), Answer(200, text.encode()))
    assert (found.least, found.extra) == (Decimal("0.12345678901234567890"), {"vat": DIGITS})
    assert sdk.send(lambda api: api.taxes.create(body=[found])).body.decode() == f"[{text}]"
    assert found.to_json() == text
    given = {"country": "de", "vat": Decimal("0.10"), "words": Decimal("0.10")}
    sent = sdk.send(
        lambda api: api.taxes.create(body=[given, sdk.models.Taxes(country="at", extra={"vat": Decimal(2)})])
    )
    assert sent.body == b'[{"country":"de","vat":0.10,"words":"0.10"},{"country":"at","vat":2}]'
    schema = pydantic.TypeAdapter(sdk.models.Taxes).json_schema()
    assert schema["additionalProperties"] == {"type": "number"}
    assert schema["properties"]["words"]["anyOf"][0] == {"type": "string", "format": "decimal"}


def test_what_is_beside_decimals_that_are_numbers_stays_what_it_is(sdk: Sdk) -> None:
    """A model in the same union says by itself which of its decimals are strings."""
    price = '{"amount":0.125,"text":"0.10"}'
    text = f'{{"named":{price},"more":{price},"last":0.10}}'
    _, found = sdk.exchange(lambda api: api.books.replace(body=[]), Answer(200, text.encode()))
    assert [found.named.amount, found.extra["more"].amount] == [Decimal("0.125")] * 2
    assert [found.named.text, found.extra["more"].text] == [Decimal("0.10")] * 2
    expected = text.replace('"last":0.10', '"last":0.1')
    assert sdk.send(lambda api: api.books.replace(body=[found])).body.decode() == f"[{expected}]"
    assert found.to_json() == expected


def test_a_number_of_no_type_goes_back_as_a_number(sdk: Sdk) -> None:
    """Also where its server writes all digits of a float, beside decimals of an open model."""
    answer = b'{"place":{"lat":0.10000000000000001},"rates":{"x":{"country":"de","vat":0.10}}}'
    _, found = sdk.exchange(lambda api: api.places.replace(body=[]), Answer(200, answer))
    sent = json.loads(sdk.send(lambda api: api.places.replace(body=[found])).body)
    assert sent == [{"place": {"lat": 0.1}, "rates": {"x": {"country": "de", "vat": 0.1}}}]


def test_a_number_that_no_decimal_can_be_is_read_as_a_float(sdk: Sdk) -> None:
    """JSON knows no bounds; an answer of a success is no exception for that."""
    answer = Answer(200, b'{"rate":1e-9999999999999999999999}')
    assert sdk.exchange(lambda api: api.books.replace(body=[]), answer)[1].rate == 0.0


def test_models_in_and_out(sdk: Sdk) -> None:
    """A dict has numbers as `json.dumps` takes them; the text of JSON and Python's values are exact."""
    price = sdk.models.Price(amount=DIGITS, text=Decimal("0.10"), inner=sdk.models.Price(amount=Decimal(2)))
    assert price.to_dict() == {"amount": float(DIGITS), "text": "0.10", "inner": {"amount": 2}}
    assert price.to_dict(wire=False)["amount"] == DIGITS
    assert sdk.models.Price.from_json(price.to_json()) == price
    assert sdk.models.Price.from_dict({"amount": Decimal("0.10")}).amount == Decimal("0.10")
    schema = pydantic.TypeAdapter(sdk.models.Price).json_schema()["properties"]
    assert schema["amount"] == schema["steps"]["anyOf"][0]["items"] == {"type": "number"}
    assert schema["text"]["anyOf"][0] == {"type": "string", "format": "decimal"}


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), math.nan])
def test_what_is_no_number_is_refused(sdk: Sdk, value: Any) -> None:  # noqa: ANN401
    """JSON has no word for it."""
    with pytest.raises(ValueError, match="cannot be sent as JSON"):
        sdk.send(lambda api: api.prices.create(amount=value))


CALLER = """
from decimal import Decimal

from till import Till


def right(client: Till) -> Decimal:
    price = client.prices.create(amount=Decimal("0.10"), text="1.0", steps=[Decimal(1), 2, 0.5])
    client.prices.replace(body=[price, {"amount": price.amount}])
    return price.amount + sum(price.steps or [])


def wrong(client: Till) -> None:
    client.prices.create(amount="0.10")  # type: ignore[arg-type]
"""


def test_both_checkers_know_it(sdk: Sdk, tmp_path: Path) -> None:
    """What comes back is a Decimal, and a number may be given."""
    write_files({**sdk.result.files, "caller.py": CALLER}, tmp_path / "till")
    checked([*mypy_strict(), "."], cwd=tmp_path / "till")
    pyright_strict(tmp_path / "till", tmp_path / "scratch")
