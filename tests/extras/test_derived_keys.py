"""Derived keys: the same business identity gives the same key, today, after a restart, and in every SDK."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samekey_templates.runtime.retry.dialect import KeyFormat
from samekey_templates.runtime.retry.keys import derive_key, validate

PARTS = st.lists(st.one_of(st.text(max_size=8), st.integers()), min_size=1, max_size=4)


@given(namespace=st.text(max_size=8), parts=PARTS, secret=st.none() | st.binary(max_size=8))
def test_a_key_is_a_uuid_that_any_api_takes(namespace: str, parts: list[str | int], secret: bytes | None) -> None:
    """Version 5 of the name, or version 8 of its HMAC; both in the usual spelling."""
    key = derive_key(namespace, *parts, secret=secret)
    assert uuid.UUID(key).version == (5 if secret is None else 8)
    assert uuid.UUID(key).variant == uuid.RFC_4122
    assert validate(key, KeyFormat()) == key
    assert derive_key(namespace, *parts, secret=secret) == key


@given(first=PARTS, second=PARTS)
def test_other_identities_give_other_keys(first: list[str | int], second: list[str | int]) -> None:
    """Parts are told apart: joining them differently, or a number from its text, is another identity."""
    assert (derive_key("invoice", *first) == derive_key("invoice", *second)) is (
        [(type(part), part) for part in first] == [(type(part), part) for part in second]
    )


def test_namespace_and_secret_are_part_of_the_identity() -> None:
    """The same number means something else elsewhere, and nobody can guess a key made with a secret."""
    keys = {
        derive_key("invoice", 7),
        derive_key("refund", 7),
        derive_key(uuid.NAMESPACE_URL, 7),
        derive_key("invoice", 7, secret=b"a"),
        derive_key("invoice", 7, secret=b"b"),
    }
    assert len(keys) == 5


def test_dates_and_uuids_are_parts_too() -> None:
    """Whatever identifies things in a business."""
    day, number = dt.date(2026, 11, 24), uuid.UUID(int=1)
    assert derive_key("payroll", day, number) == derive_key("payroll", "2026-11-24", str(number))


def test_nothing_identifies_nothing() -> None:
    """A key without parts would be shared by everything."""
    with pytest.raises(ValueError, match="at least one part"):
        derive_key("invoice")


def test_the_value_never_changes() -> None:
    """A queue may redeliver after an upgrade: these are promises to programs that run already."""
    assert derive_key("invoice-payment", "INV-1", 2) == "06c8d9e2-e19d-5649-81da-4f097cd4ffe5"
    assert derive_key("invoice-payment", "INV-1", 2, secret=b"secret") == "8d72d4bd-9702-8846-8386-362d844d59c6"


@pytest.mark.parametrize("sdk", ["payments/acme_payments", "warehouse/depot_warehouse"])
def test_every_sdk_and_every_process_agrees(root: Path, sdk: str) -> None:
    """Two SDKs in two processes with other hash seeds make the key that this process makes."""
    folder, package = sdk.split("/")
    script = f"import {package}; print({package}.derive_key('invoice', 'INV-1', 7, secret=b's'))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root / "generated" / folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == derive_key("invoice", "INV-1", 7, secret=b"s")
