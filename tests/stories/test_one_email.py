"""A queue delivers 'send the welcome email' twice, and the consumer's derived key makes it one email.

The queue is a durable one from a library, the worker a process of its own that dies before it acknowledges, the client
an SDK generated here, and the API a sandbox that loses answers.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import persistqueue
import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate
from samekey.sandbox.faults import Fault, Rule
from samekey.sandbox.serving import Running, running

from tests.tools import write_files

HERE = Path(__file__).parent
MESSAGE = {"user": 17, "to": "ines@mail.example"}


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an SDK for the post office."""
    folder = tmp_path_factory.mktemp("sdk")
    document = load(str(HERE / "mail.yaml"), Diagnostics())
    assert document is not None
    result = generate(document, Config())
    assert result is not None
    write_files(result.files, folder)
    return folder


@pytest.fixture
def post_office() -> Generator[Running]:
    """The API that sends emails."""
    with running(HERE / "mail.yaml") as server:
        yield server


def work(sdk: Path, queue: Path, url: str, *how: str) -> int:
    """Run a worker; its exit status."""
    command = [sys.executable, str(HERE / "worker.py"), str(queue), url, *how]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": str(sdk)}, timeout=60, check=False).returncode


def put(queue: Path, times: int) -> None:
    """What the sign-up page does, or a relay that does it again because it is not sure that it has."""
    messages: Any = persistqueue.SQLiteAckQueue(str(queue))
    for _ in range(times):
        messages.put(MESSAGE)
    messages.close()


def emails(server: Running) -> list[dict[str, Any]]:
    """What was sent."""
    found: list[dict[str, Any]] = httpx.get(f"{server.url}/emails").json()
    return found


def test_a_message_that_comes_again_is_one_email(sdk: Path, post_office: Running, tmp_path: Path) -> None:
    """The worker dies after sending, the queue delivers again, the message was put twice at that: one email."""
    queue = tmp_path / "queue"
    put(queue, 2)
    post_office.fail(Rule(Fault.CUT, times=1))
    assert work(sdk, queue, post_office.url, "die") == 9
    assert work(sdk, queue, post_office.url) == 0
    sent = emails(post_office)
    assert [(email["to"], email["template"]) for email in sent] == [("ines@mail.example", "welcome")]
    totals = post_office.totals()
    # The lost answer, its retry, the delivery after the crash, and the second message.
    assert (totals.effects, totals.replays, totals.keys) == (1, 3, 1)


def test_without_a_derived_key_it_is_three(sdk: Path, post_office: Running, tmp_path: Path) -> None:
    """What the story is about: a key made anew for each delivery protects the delivery, and not the message."""
    queue = tmp_path / "queue"
    put(queue, 2)
    assert work(sdk, queue, post_office.url, "random-keys", "die") == 9
    assert work(sdk, queue, post_office.url, "random-keys") == 0
    assert len(emails(post_office)) == 3
