"""The log of a package: what it says of a call, and how the environment shows it on the terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import acme_payments
import pytest

from .fault_server import TOKEN, Act, Fault

if TYPE_CHECKING:
    from .fault_server import FaultServer

PACKAGE = Path(acme_payments.__file__).parents[1]
PROGRAM = """
import acme_payments
policy = acme_payments.RetryPolicy(initial_delay=0.01, max_delay=0.02)
client = acme_payments.AcmePayments(token=%r, base_url=%r, retry=policy)
client = acme_payments.AcmePayments(token=%r, base_url=%r, retry=policy)
client.charges.create(amount=100, currency="eur", description="private", idempotency_key="order-1-abcdefgh")
"""
SET_UP = "import logging, sys; logging.basicConfig(stream=sys.stdout, format='ours: %(message)s')\n"


def run(url: str, word: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """A program that makes two clients and one charge."""
    return subprocess.run(  # our own program
        [sys.executable, "-c", before + PROGRAM % (TOKEN, url, TOKEN, url)],
        env={**os.environ, "PYTHONPATH": str(PACKAGE), "ACME_PAYMENTS_LOG": word},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_variable_of_the_environment_shows_the_log(server: FaultServer) -> None:
    """Method, URL, status, key and waits of each attempt, each once however many clients there are, and no secret."""
    server.plan(Fault(Act.CUT, after=True))
    done = run(server.url, "debug")
    lines = [line.partition("acme_payments: charges.create: ")[2] for line in done.stderr.splitlines()]
    key = "idempotency_key=order-1-abcdefgh"
    assert len(lines) == 5, done.stderr
    assert lines[0] == f"attempt 1 is sent: POST {server.url}/charges {key}"
    assert re.fullmatch(rf"attempt 1 the connection was cut.* \(unknown\) {key}", lines[1])
    assert re.fullmatch(rf"attempt 1 .*; next in 0\.\d\d s {key}", lines[2])
    assert lines[3].startswith("attempt 2 is sent: POST ")
    assert re.fullmatch(rf"attempt 2 status 201 in .* \(applied\)( request_id=\S+)? {key}", lines[4])
    assert TOKEN not in done.stderr
    assert "private" not in done.stderr


def test_the_level_is_the_one_that_is_asked_for(server: FaultServer) -> None:
    """`info` tells of retries alone, and without the variable there is silence."""
    server.plan(Fault(Act.CUT, after=True))
    assert len(run(server.url, " INFO ").stderr.splitlines()) == 1
    assert run(server.url, "").stderr == ""


def test_a_program_with_a_log_of_its_own_has_each_line_once(server: FaultServer) -> None:
    """What it has set up shows the lines; nothing is added beside it."""
    done = run(server.url, "debug", SET_UP)
    assert done.stderr == ""
    assert done.stdout.count("attempt 1 is sent") == 1
    assert done.stdout.startswith("ours: charges.create: ")


def test_another_word_is_refused_when_the_client_is_made(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variable's name, with the words that it can be."""
    monkeypatch.setenv("ACME_PAYMENTS_LOG", "loud")
    with pytest.raises(ValueError, match="ACME_PAYMENTS_LOG='loud' is no level of the log: it can be debug, info"):
        acme_payments.AcmePayments(token=TOKEN, base_url=server.url)
