"""A customer is charged once, although answers are lost on the way to the shop and to the front end, which retries.

Front end → a proxy that cuts → the shop → the SDK → a payments API that cuts. Nothing is mocked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from acme_payments import AcmePayments, RetryPolicy
from samekey.sandbox.faults import Fault, Rule
from samekey.sandbox.ledger import Kind
from samekey.sandbox.server.chaos import Upstream, open_chaos
from samekey.sandbox.serving import Running, in_thread, running

from tests.stories.shop import Shop

ROOT = Path(__file__).parent.parent.parent
SDK_FAULTS = (Fault.CUT, Fault.CUT_IN_BODY, Fault.UNAVAILABLE, Fault.FAIL_AFTER_COMMIT)


@contextmanager
def serving(shop: Shop) -> Generator[str]:
    """The shop on a port of this machine; its address."""
    server = uvicorn.Server(uvicorn.Config(shop.app, port=0, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def bank() -> Generator[Running]:
    """The payments API."""
    with running(ROOT / "specs" / "payments" / "openapi.yaml") as server:
        yield server


def press(client: httpx.Client, url: str) -> str:
    """The front end: it asks until it has an answer, as browsers' retry helpers do; the charge that it is told."""
    for _ in range(10):
        try:
            answer = client.post(url)
        except httpx.TransportError:
            continue
        if answer.is_success:
            charge: str = answer.json()["charge"]
            return charge
    pytest.fail("the front end got no answer")


@pytest.mark.parametrize("crashes", [0, 1])
def test_a_customer_is_charged_once(bank: Running, tmp_path: Path, crashes: int) -> None:
    """Two presses of the button, lost answers on both ways, a shop that dies in between: one charge, which all know."""
    payments = AcmePayments(base_url=bank.url, token="sk_test", retry=RetryPolicy(initial_delay=0.02))  # noqa: S106
    shop = Shop(tmp_path / "shop.db", payments, crashes)
    with (
        serving(shop) as shop_url,
        in_thread(open_chaos(Upstream(shop_url, str(tmp_path / "chaos.db")))) as proxy,
        httpx.Client(timeout=10) as front_end,
    ):
        order = front_end.post(f"{proxy.url}/orders", json={"amount": 4999}).json()["id"]
        bank.fail(*(Rule(fault, "createCharge", times=1, seconds=0.02) for fault in SDK_FAULTS[:3]))
        proxy.fail(Rule(Fault.CUT, times=1), Rule(Fault.CUT_IN_HEAD, times=1))
        pay = f"{proxy.url}/orders/{order}/pay"
        charges = {press(front_end, pay), press(front_end, pay)}
    payments.close()
    totals = bank.totals()
    assert totals.effects == 1
    assert totals.faults == {"cut": 1, "cut-in-body": 1, "503": 1}
    assert totals.attempts >= 6
    assert totals.keys == 1
    assert charges == {shop.charge_of(order)}
    assert [event.status for event in bank.events() if event.kind is Kind.EFFECT] == [201]


def test_two_orders_are_two_charges(bank: Running, tmp_path: Path) -> None:
    """A key belongs to an order: the next order is charged as well."""
    payments = AcmePayments(base_url=bank.url, token="sk_test")  # noqa: S106
    shop = Shop(tmp_path / "shop.db", payments)
    with serving(shop) as url, httpx.Client() as front_end:
        orders = [front_end.post(f"{url}/orders", json={"amount": 4999}).json()["id"] for _ in range(2)]
        charges = {press(front_end, f"{url}/orders/{order}/pay") for order in orders}
    payments.close()
    assert len(charges) == bank.totals().effects == 2
