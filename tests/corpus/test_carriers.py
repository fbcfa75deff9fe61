"""Idempotency carriers in real documents: found where they are, and not where they only seem to be."""

from __future__ import annotations

from pathlib import Path

import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.emit.views import OperationSummary
from samekey.pipeline import inspect

HEADERS = {
    "paypal_checkout_orders_v2.json": "PayPal-Request-Id",
    "paypal_billing_subscriptions_v1.json": "PayPal-Request-Id",
    "paypal_catalogs_products_v1.json": "PayPal-Request-Id",
    "paypal_payments_payment_v2.json": "PayPal-Request-Id",
    "paypal_payments_payouts_batch_v1.json": "PayPal-Request-Id",
    "paypal_vault_payment_tokens_v3.json": "PayPal-Request-Id",
    "lithic.yaml": "Idempotency-Key",
    "resend.yaml": "Idempotency-Key",
    "formance_ledger.yaml": "Idempotency-Key",
    "iceberg_rest_catalog.yaml": "Idempotency-Key",
    "gr4vy.json": "idempotency-key",
}


def rows_of(corpus: Path, document: str) -> list[OperationSummary]:
    """What `samekey inspect` says of a document."""
    loaded = load(str(corpus / "real" / document), Diagnostics())
    assert loaded is not None
    rows = inspect(loaded, Config())
    assert rows is not None
    return rows


@pytest.mark.parametrize("document", HEADERS)
def test_the_declared_header_is_found_and_filled(corpus: Path, document: str) -> None:
    """Its operations say so, and no keyed method asks for it as an ordinary argument."""
    rows = rows_of(corpus, document)
    name = HEADERS[document]
    declared = [row for row in rows if row.why == f"the API's document declares the header parameter {name!r}"]
    assert declared
    assert all(row.key == ("header", name) for row in declared)
    for row in rows:
        assert not [argument for argument in row.parameters if argument.wire == name and row.safety == "keyed"]


def test_squares_body_field_is_found(corpus: Path) -> None:
    """Square takes its key in the body; it is filled there, within its length."""
    rows = rows_of(corpus, "square_connect.json")
    declared = [row for row in rows if row.key == ("body", "idempotency_key")]
    assert len(declared) >= 50
    assert {row.safety for row in declared} == {"keyed"}
    for row in declared:
        assert not [argument for argument in row.parameters if argument.wire == "idempotency_key"]


def test_a_list_or_an_answers_field_is_no_carrier(corpus: Path) -> None:
    """Hatchet lists keys in a query and names one in an answer: neither carries a key of a call."""
    rows = rows_of(corpus, "hatchet.yaml")
    assert {row.key for row in rows if row.key is not None} == {("header", "Idempotency-Key")}
    assert not [row for row in rows if "declares" in row.why]


def test_reads_are_never_keyed(corpus: Path) -> None:
    """Not in any real document, whatever headers they declare; a PUT or DELETE only where it declares a key itself."""
    for path in sorted((corpus / "real").iterdir()):
        for row in rows_of(corpus, path.name):
            if row.method in {"GET", "HEAD"}:
                assert row.key is None, (path.name, row)
            if row.method in {"PUT", "DELETE"}:
                assert row.key is None or "the API's document declares" in row.why, (path.name, row)
