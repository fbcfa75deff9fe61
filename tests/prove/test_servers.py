"""The servers of a proof: killed and replaced, and missed when they end by themselves."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import httpx
import pytest
from samekey.prove.child import HOST
from samekey.prove.errors import ProveError
from samekey.prove.fault_plan import HELD, PROBABILITY, fault_plan
from samekey.prove.servers import ServerProcess, serving
from samekey.sandbox.server.faults import Fault, Plan
from samekey.sandbox.server.ledger import Kind
from samekey.sandbox.storage.database import open_database
from samekey.sandbox.storage.migrations import upgrade

PAYMENTS = str(Path(__file__).parent.parent.parent / "specs" / "payments" / "openapi.yaml")
CHARGE = {"amount": 1, "currency": "eur"}


def charge(port: int, key: str) -> int:
    """Ask for a charge; the status."""
    headers = {"Authorization": "Bearer x", "Idempotency-Key": f"5f0c6f0e-6d0b-4c57-9c57-0a1b6c2d3e{key}"}
    return httpx.post(f"http://{HOST}:{port}/v1/charges", json=CHARGE, headers=headers, timeout=10).status_code


def check_for_a_while(server: ServerProcess) -> None:
    """Look at a server until it has ended, for twenty seconds at most."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        server.check()
        time.sleep(0.05)


def test_a_killed_server_is_replaced_at_its_address(tmp_path: Path) -> None:
    """What was done before is remembered, and what is counted begins where the faults do."""
    store = str(tmp_path / "s.db")
    database = open_database(store)
    upgrade(database)
    with serving(PAYMENTS, store, database, processes=1, seed=1, broken=None) as servers:
        server = servers.servers[0]
        assert charge(server.port, "01") == 201
        first = server.name
        server.prepare()
        server.replace()
        assert server.name != first
        servers.clear_faults()
        assert [charge(server.port, key) for key in ("01", "02")] == [201, 201]
        events = servers.events()
        assert sum(event.kind is Kind.EFFECT for event in events) == 2
        servers.start_faults()
        assert servers.events() == ()
    database.engine.dispose()


def test_a_server_that_ends_by_itself_is_missed(tmp_path: Path) -> None:
    """Rather than calling nobody until the end."""
    server = ServerProcess(PAYMENTS, str(tmp_path / "s.db"), Plan(), None)
    server.go()
    os.kill(int(server.name.rpartition("/")[2]), signal.SIGTERM)
    with pytest.raises(ProveError, match="ended by itself"):
        check_for_a_while(server)
    server.stop()


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    """In its own words."""
    server = ServerProcess(str(tmp_path / "nowhere.yaml"), str(tmp_path / "s.db"), Plan(), None)
    with pytest.raises(ProveError, match=r"cannot read .*nowhere\.yaml"):
        server.go()
    server.stop()


@pytest.mark.parametrize("held", [False, True])
def test_the_storm_holds_every_fault(held: bool) -> None:  # noqa: FBT001
    """Each may strike, most of them alike, and together as often as is said; for some keys one is held to its end."""
    rules = [rule for rule in fault_plan(7).rules if rule.held is held]
    assert [rule.fault for rule in rules] == [fault for fault in Fault if not (held and fault is Fault.REFUSE)]
    left = 1.0
    shares: list[float] = []
    for rule in rules:
        shares.append(left * rule.probability)
        left -= shares[-1]
    assert sum(shares) == pytest.approx(HELD if held else PROBABILITY)
    assert min(shares) == pytest.approx(max(shares) / 6)
    assert sorted(shares)[-3] == pytest.approx(max(shares) / 3)
