"""Tests that stop the clock, and tests that do not want to wait."""

from __future__ import annotations

import time

import httpx
import pytest
from acme_payments import APITimeoutError, RetryPolicy

from .conftest import CHARGE, made


def test_a_call_survives_a_frozen_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools that freeze the time replace `time.monotonic` where modules look for it: no deadline passes for that."""
    client = made()
    for frozen in (0.0, 4e9):
        monkeypatch.setattr(time, "monotonic", lambda frozen=frozen: frozen)
        assert client.charges.create(amount=1, currency="eur").id == "ch_1"


def test_retries_at_once() -> None:
    """`initial_delay=0` waits for nothing, and makes as many attempts as before under one key."""
    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) < 4:
            raise httpx.ReadTimeout("lost")
        return httpx.Response(201, json=CHARGE)

    response = made(answer).charges.create.detailed(amount=1, currency="eur")
    assert [attempt.wait for attempt in response.attempts] == [0.0, 0.0, 0.0, None]
    assert keys == [response.idempotency_key] * 4


def test_no_retries() -> None:
    """`max_retries=0` is one request."""
    count = 0

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        raise httpx.ReadTimeout("lost")

    client = made(answer).with_options(retry=RetryPolicy(max_retries=0))
    with pytest.raises(APITimeoutError):
        client.charges.create(amount=1, currency="eur")
    assert count == 1
