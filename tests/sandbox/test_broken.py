"""The broken key stores do what they should not: a checker can be tried on each."""

from __future__ import annotations

import contextlib
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from samekey.sandbox.keys.broken import Broken
from samekey.sandbox.server.app import Settings
from samekey.sandbox.server.faults import Fault, Rule
from samekey.sandbox.server.serving import running

from tests.sandbox.conftest import PAYMENTS


@pytest.mark.parametrize("how", [None, *Broken])
def test_each_breaks_its_promise_and_no_other_does(tmp_path: Path, how: Broken | None) -> None:
    """A lost answer, two requests at once, and a late retry: the honest store does each once."""
    settings = Settings(store=str(tmp_path / "s.db"), broken=how)
    with running(PAYMENTS, settings) as server, httpx.Client(headers={"Authorization": "Bearer x"}) as client:
        # Whoever comes later must not be held up by making connections.
        client.get(f"{server.url}/charges")

        def effects_of(*rules: Rule, wait: float = 0, at_once: int = 1) -> int:
            before = server.totals().effects
            key = str(uuid.uuid4())
            server.fail(*rules)
            with ThreadPoolExecutor(at_once) as pool:
                list(pool.map(charge, [client] * at_once, [server.url] * at_once, [key] * at_once))
            time.sleep(wait)
            charge(client, server.url, key)
            return server.totals().effects - before

        lost = effects_of(Rule(Fault.CUT, times=1))
        assert (lost > 1) is (how in {Broken.NO_KEYS, Broken.FORGET_ON_DISCONNECT})
        late = effects_of(wait=0.4)
        assert (late > 1) is (how in {Broken.NO_KEYS, Broken.SHORT_TTL})
        raced = effects_of(at_once=8)
        assert (raced > 1) is (how in {Broken.NO_KEYS, Broken.CHECK_THEN_SET})


def charge(client: httpx.Client, url: str, key: str) -> None:
    """Ask for a charge once."""
    with contextlib.suppress(httpx.TransportError):
        client.post(f"{url}/charges", json={"amount": 1999, "currency": "eur"}, headers={"Idempotency-Key": key})
