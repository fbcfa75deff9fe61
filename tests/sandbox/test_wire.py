"""Each fault as a client sees it, and what it leaves behind."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from samekey.sandbox.server.faults import LOST_ANSWERS, REFUSALS, Fault, Rule
from samekey.sandbox.server.ledger import Kind
from samekey.sandbox.server.serving import Running
from samekey.sandbox.server.wire import Wire

CHARGE = {"amount": 1999, "currency": "eur"}
KEY = {"Idempotency-Key": "2f1c7a54-90b3-4e0e-8d25-6a1f0c9be731"}


@dataclass(frozen=True)
class Seen:
    """What a client sees of a faulty request.

    Args:
        status: the answer's status; None where there is no whole answer.
        effects: how many charges there are afterwards.
        error: the words of the error, where there is one.
    """

    status: int | None
    effects: int
    error: str = ""


EXPECTED = {
    **{fault: Seen(status, 0) for fault, status in REFUSALS.items()},
    **{fault: Seen(status, 1) for fault, status in LOST_ANSWERS.items()},
    Fault.REFUSE: Seen(None, 0, "reset"),
    Fault.RESET: Seen(None, 0, "reset"),
    Fault.STALL: Seen(201, 1),
    Fault.DUPLICATE: Seen(201, 1),
    Fault.RACE: Seen(201, 1),
    Fault.SLOW: Seen(201, 1),
    Fault.CRASH_AFTER_CLAIM: Seen(None, 0, "reset"),
    Fault.CRASH_AFTER_EFFECT: Seen(None, 0, "reset"),
    Fault.CRASH_BEFORE_COMMIT: Seen(None, 0, "reset"),
    Fault.FAIL_BEFORE_COMMIT: Seen(500, 0),
    Fault.FAIL_STORED: Seen(500, 1),
    Fault.CUT: Seen(None, 1, "without sending a response"),
    Fault.CUT_IN_HEAD: Seen(None, 1, "without sending a response|illegal|incomplete"),
    Fault.CUT_IN_BODY: Seen(None, 1, "without sending complete message body"),
    Fault.STALL_AFTER: Seen(None, 1, "without sending a response"),
    Fault.SLOW_BYTES: Seen(201, 1),
}


def charge(client: httpx.Client) -> tuple[int | None, str]:
    """Ask for a charge; the status of a whole answer, or the words of an error."""
    try:
        return client.post("/charges", json=CHARGE, headers=KEY).status_code, ""
    except httpx.TransportError as error:
        return None, str(error)


def test_every_fault_is_expected_here() -> None:
    """No fault goes untested."""
    assert set(EXPECTED) == set(Fault)


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_and_its_retry(client: httpx.Client, payments: Running, fault: Fault) -> None:
    """The fault looks as it says; retrying with the same key ends in one charge, and the ledger tells all of it."""
    expected = EXPECTED[fault]
    payments.fail(Rule(fault, times=1, seconds=0.2))
    status, words = charge(client)
    assert re.search(expected.error or "^$", words)
    assert status == expected.status
    assert payments.totals().effects == expected.effects
    assert payments.totals().faults == {fault.value: 1}
    time.sleep(0.25 if fault is Fault.REFUSE else 0)
    again = client.post("/charges", json=CHARGE, headers=KEY)
    assert again.status_code == (500 if fault is Fault.FAIL_STORED else 201)
    assert ("idempotent-replayed" in again.headers) == (expected.effects == 1)
    assert payments.totals().effects == 1


def test_a_shut_door_refuses_connections(client: httpx.Client, payments: Running) -> None:
    """For as long as the rule says nobody gets in, and then the same address serves again."""
    payments.fail(Rule(Fault.REFUSE, times=1, seconds=0.4))
    with pytest.raises(httpx.ReadError):
        client.get("/charges")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{payments.url}/charges")
    time.sleep(0.5)
    assert client.get("/charges").status_code == 200


def test_a_stall_outlasts_an_impatient_client(client: httpx.Client, payments: Running) -> None:
    """What was held back arrives late, when its client has gone and its retry is done: it is not done again."""
    payments.fail(Rule(Fault.STALL, times=1, seconds=0.5))
    with pytest.raises(httpx.ReadTimeout):
        client.post("/charges", json=CHARGE, headers=KEY, timeout=0.1)
    assert client.post("/charges", json=CHARGE, headers=KEY).status_code == 201
    time.sleep(0.6)
    attempts = [event for event in payments.events() if event.kind is Kind.LOST]
    assert [event.detail for event in attempts] == ["replayed"]
    assert payments.totals().effects == 1


def test_silence_ends_when_the_client_leaves(client: httpx.Client, payments: Running) -> None:
    """The server does not go on holding what nobody waits for."""
    payments.fail(Rule(Fault.STALL_AFTER, times=1, seconds=30))
    with pytest.raises(httpx.ReadTimeout):
        client.post("/charges", json=CHARGE, headers=KEY, timeout=0.2)
    deadline = time.monotonic() + 5
    while not any(event.kind is Kind.LOST for event in payments.events()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_slow_bytes_are_slow(client: httpx.Client, payments: Running) -> None:
    """The answer takes about as long as the rule says, and is whole."""
    payments.fail(Rule(Fault.SLOW_BYTES, times=1, seconds=0.5))
    began = time.monotonic()
    assert client.post("/charges", json=CHARGE).json()["amount"] == 1999
    assert time.monotonic() - began > 0.4


def test_retry_after_is_the_rules(client: httpx.Client, payments: Running) -> None:
    """429 and 503 say when to come back."""
    for fault in (Fault.TOO_MANY, Fault.UNAVAILABLE, Fault.CONFLICT):
        payments.fail(Rule(fault, times=1, seconds=0.25))
        assert client.get("/charges").headers["retry-after"] == "0.25"


def test_a_delivery_without_a_key_is_done_twice(client: httpx.Client, payments: Running) -> None:
    """What keys are for: without one, a proxy that retries by itself charges twice."""
    payments.fail(Rule(Fault.DUPLICATE, times=1))
    client.post("/charges", json=CHARGE)
    assert payments.totals().effects == 2


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.CUT_IN_HEAD, Fault.CUT_IN_BODY, Fault.RESET])
def test_reads_can_be_cut_as_well(client: httpx.Client, payments: Running, fault: Fault) -> None:
    """A fault of the wire strikes every method, and the next request is served on a new connection."""
    payments.fail(Rule(fault, times=1))
    with pytest.raises(httpx.TransportError):
        client.get("/charges")
    assert client.get("/charges").status_code == 200
    assert payments.totals().effects == 0


def test_a_cut_strikes_an_answer_without_a_body(client: httpx.Client, payments: Running) -> None:
    """Where there is no body to cut, the headers are."""
    customer = client.post("/customers", json={"email": "a@mail.example"}).json()
    payments.fail(Rule(Fault.CUT_IN_BODY, "DELETE *", times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        client.delete(f"/customers/{customer['id']}")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


class Connection(asyncio.Transport):
    """A connection that remembers what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[bytes | str] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Remember bytes."""
        self.done.append(bytes(data))

    def close(self) -> None:
        """Remember the end."""
        self.done.append("closed")

    def abort(self) -> None:
        """Remember an end with an error."""
        self.done.append("aborted")

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401, ARG002  # as asyncio has it
        """Have no socket."""
        return default


@pytest.mark.parametrize(
    ("steps", "done"),
    [
        ([HEAD, b"{}"], [HEAD + b"{}"]),
        ([HEAD, bytearray(b"{}")], [HEAD + b"{}"]),
        ([HEAD, b"{}", HEAD, b"[]"], [HEAD + b"{}", HEAD + b"[]"]),
        ([HEAD, HEAD], [HEAD + HEAD]),
        ([b"{}"], [b"{}"]),
        ([HEAD], [HEAD]),
        # A body that comes later waits for nobody, and its head does not wait for it.
        ([HEAD, None, b"{}"], [HEAD, b"{}"]),
        ([HEAD, "close"], [HEAD, "closed"]),
        ([HEAD, "abort"], ["aborted"]),
        ([HEAD, "reset"], ["aborted"]),
        ([HEAD, "cut_in_head", HEAD], [HEAD + b"HTTP/1.1 200 OK\r\nContent-", "closed"]),
    ],
)
def test_a_head_goes_out_with_its_body(steps: list[bytes | str | None], done: list[bytes | str]) -> None:
    """One packet has both, where both are there; whatever ends the connection comes after what was written."""

    async def played() -> list[bytes | str]:
        connection = Connection()
        wire = Wire(connection)
        for step in steps:
            if step is None:
                await asyncio.sleep(0)
            elif isinstance(step, str):
                getattr(wire, step)()
            else:
                wire.write(step)
        await asyncio.sleep(0)
        return connection.done

    assert asyncio.run(played()) == done
