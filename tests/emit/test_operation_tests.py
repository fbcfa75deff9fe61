# ruff: noqa: E501  # documents in lines of their own
"""The test of each operation that comes with an SDK: it passes as it is, and fails where something was broken."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from samekey.config.file import Config
from samekey.document.values import JsonValue
from samekey.emit.documented import Documented
from samekey.emit.samples import Sampler, UnfitError
from samekey.ir import Model, Named
from samekey.names import assign

from tests.lower.documents import Lowered, lowered

ROOT = Path(__file__).parents[2]
BREAKS = {
    "another path": ("resources/charges.py", '"/charges/{charge_id}/capture"', '"/charges/{charge_id}/captured"'),
    "another method": ("resources/customers.py", '"PUT",', '"PATCH",'),
    "a parameter that is lost": ("resources/charges.py", '{"Acme-Account": acme_account}', "{}"),
    "a field that is lost": ("resources/charges.py", '"currency": currency,', ""),
    "another answer": ("resources/refunds.py", "models.Refund,", "models.Customer,"),
    "a key that is not sent": ("resources/charges.py", "safety=Safety.KEYED", "safety=Safety.UNSAFE"),
}


def run_tests(folder: Path) -> tuple[int, str]:
    """Run an SDK's tests of operations."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/test_operations.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout


@pytest.mark.parametrize("broken", BREAKS)
def test_what_is_broken_is_found(broken: str, tmp_path: Path) -> None:
    """A test that cannot fail would be none."""
    shutil.copytree(ROOT / "generated" / "payments", tmp_path / "sdk", ignore=shutil.ignore_patterns("__pycache__"))
    path, before, after = BREAKS[broken]
    file = tmp_path / "sdk" / "acme_payments" / path
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")
    status, said = run_tests(tmp_path / "sdk")
    assert status == 1, said


@pytest.mark.parametrize("sdk", ["payments", "warehouse"])
def test_every_operation_has_its_tests(sdk: str) -> None:
    """None is left out of the SDKs that are kept here."""
    folder = ROOT / "generated" / sdk
    calls = set(re.findall(r"`client\.([\w.]+)\(", (folder / "api.md").read_text("utf-8")))
    cases = set(re.findall(r'Case\(\s*"([\w.]+)"', (folder / "tests" / "test_operations.py").read_text("utf-8")))
    assert cases == {call.removesuffix(".stream") for call in calls}
    assert len(cases) > 15


DOCUMENT = """
    openapi: 3.1.0
    info: {title: Shop, version: '1'}
    paths:
      /orders/{id}:
        put:
          operationId: replaceOrder
          parameters:
            - {name: id, in: path, required: true, example: a/b, schema: {type: string}}
            - {name: dry, in: query, schema: {type: boolean, example: true}}
            - {name: page, in: query, schema: {type: integer}}
            - {name: X-Region, in: header, required: true, schema: {type: string, examples: [eu]}}
          requestBody:
            content:
              application/json:
                schema: {$ref: '#/components/schemas/Order'}
                examples: {first: {$ref: '#/components/examples/Order'}}
          responses:
            200: {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
            404: {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Problem'}}}}
    components:
      examples:
        Order: {value: {sku: A-1, count: 2, colour: 7, unknown: true, at: '2026-02-03T04:05:06Z', id: o_1}}
      schemas:
        Order:
          type: object
          required: [sku, size]
          properties:
            id: {type: string, readOnly: true, example: o_9}
            sku: {type: string}
            size: {type: string, example: XL}
            count: {type: integer}
            colour: {type: string}
            at: {type: string, format: date-time}
        Problem: {type: object, properties: {title: {type: string, example: No such order}}, required: [title]}
"""


@pytest.fixture(scope="module")
def shop() -> Lowered:
    """A small API with examples in many places."""
    return lowered(DOCUMENT)


def documented(found: Lowered) -> Documented:
    """What makes its calls."""
    types = {definition.id: definition for definition in found.api.types}
    models = {identity: entry for identity, entry in types.items() if isinstance(entry, Model)}
    return Documented(found.api, assign(found.api, Config()), types, models)


def test_examples_are_taken_as_far_as_they_fit(shop: Lowered) -> None:
    """Unknown and unfit fields are left out, missing ones are filled in, and what is only received is not sent."""
    maker = documented(shop)
    given = maker.arguments(shop.operation())
    assert given is not None
    assert maker.call(shop.operation(), given).arguments == (
        '"a/b", dry=True, x_region="eu", sku="A-1", size="XL", count=2, at="2026-02-03T04:05:06Z"'
    )


def test_requests_and_answers_are_the_documents(shop: Lowered) -> None:
    """What a test expects."""
    maker = documented(shop)
    given = maker.arguments(shop.operation())
    assert given is not None
    test = maker.test(shop.operation(), given)
    assert test.path == '"/orders/a%2Fb"'
    assert test.query == '{"dry": "true"}'
    assert test.headers == '{"X-Region": "eu"}'
    assert test.body == '{"sku": "A-1", "size": "XL", "count": 2, "at": "2026-02-03T04:05:06Z"}'
    assert '"id": "o_9"' in test.answer
    assert (test.status, test.gives, test.refusal, test.error_body) == ("200", '"Order"', "404", '"Problem"')
    assert test.refused == '{"json": {"title": "No such order"}, "headers": {"Content-Type": "application/json"}}'
    assert (test.is_keyed, test.is_repeated) == ("False", "True")


def test_a_value_fits_or_not() -> None:
    """No example of another type is passed on."""
    found = lowered("""
        openapi: 3.1.0
        info: {title: T, version: '1'}
        paths: {/t: {get: {responses: {200: {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/T'}}}}}}}}
        components:
          schemas:
            T:
              type: object
              required: [a]
              properties:
                a: {type: array, items: {type: integer}}
                b: {oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}], discriminator: {propertyName: kind, mapping: {cat: '#/components/schemas/Cat', dog: '#/components/schemas/Dog'}}}
                c: {enum: [x, y]}
                d: {type: string, format: uuid}
                e: {type: [string, 'null']}
                f: {type: object, additionalProperties: {type: number}}
            Cat: {type: object, properties: {kind: {type: string}, lives: {type: integer}}, required: [kind]}
            Dog: {type: object, properties: {kind: {type: string}, tail: {type: boolean}}, required: [kind]}
    """)
    types = {definition.id: definition for definition in found.api.types}
    kind = Named(next(entry.id for entry in found.api.types if entry.name == ("T",)))
    sampler = Sampler(types, uses_examples=True)
    assert sampler.fitted(kind, {"a": [1, 2, 3, 4, 5]}) == {"a": [1, 2, 3]}
    assert sampler.fitted(kind, {"a": [], "b": {"kind": "dog", "lives": 9}}) == {"a": [], "b": {"kind": "dog"}}
    assert sampler.fitted(kind, {"a": [], "b": {"kind": "cow"}, "c": "z", "d": "1", "e": None, "f": {"g": 1.5}}) == {
        "a": [],
        "e": None,
        "f": {"g": 1.5},
    }
    wrong: list[JsonValue] = [{"a": [True]}, {"a": "x"}, [], None, {"a": [1.5]}]
    for value in wrong:
        with pytest.raises(UnfitError):
            sampler.fitted(kind, value)
    assert sampler.fitted(kind, {}) == {"a": []}
