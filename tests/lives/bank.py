"""A bank on loopback that books each key once, loses answers now and then, and says what it has booked."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.truth.server import LOST, Answer, Request, Shop, answering

PAUSE = 0.004
"""Seconds that a booking takes, so that calls of several processes are on their way at once."""
FAULTS = 9
"""Of so many new keys, one loses its first answer, and one is turned away at first."""


@dataclass
class Bank(Shop):
    """The server.

    Args:
        tokens: how many access tokens it has given out.
        tries: how often each key came.
        gates: payments that wait until a test lets them go on.
        lines: for each connection, the processes that have sent requests on it, as they say in `X-Process`.
    """

    tokens: int = 0
    tries: Counter[str] = field(default_factory=Counter[str])
    gates: dict[str, threading.Event] = field(default_factory=dict[str, threading.Event])
    lines: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set[str]))

    def _answer(self, request: Request) -> Answer:
        if request.target == "/token":
            with self._lock:
                self.tokens += 1
            return answering(200, {"access_token": f"t{self.tokens}", "expires_in": 3600})
        with self._lock:
            self.seen.append(request)
            self.tries[request.key] += 1
            # Each connection has a thread.
            self.lines[threading.current_thread().name].add(request.headers["x-process"])
            turn = len(self.tries) % FAULTS if self.tries[request.key] == 1 else -1
        gate = self.gates.get(str(json.loads(request.body)["item"]))
        if gate is not None:
            gate.wait(30)
        time.sleep(PAUSE)
        if turn == 1:
            return answering(503)
        with self._lock:
            stored = self._do(request)
        return LOST if turn == 0 else Answer(201, stored, (("Content-Type", "application/json"),))

    @property
    def booked(self) -> Counter[str]:
        """How often each payment was booked."""
        with self._lock:
            return Counter(str(json.loads(stored)["item"]) for stored in self.effects.values())

    def reached(self, item: str, seconds: float = 60.0) -> Request:
        """Wait until a payment is here; its request."""
        until = time.monotonic() + seconds
        while True:
            with self._lock:
                found = [request for request in self.seen if json.loads(request.body)["item"] == item]
            if found:
                return found[0]
            assert time.monotonic() < until, f"{item} never came"
            time.sleep(0.01)


@dataclass(frozen=True)
class Count:
    """What came of many calls.

    Args:
        calls: how many were made.
        effects: how many payments were booked.
        requests: how many requests came.
        processes: how many processes made them.
    """

    calls: int
    effects: int
    requests: int
    processes: int


def judge(bank: Bank, told: Iterable[dict[str, Any]], before: int | None = 1) -> Count:
    """Compare what callers were told with what the bank has booked.

    Args:
        bank: the bank, which has booked nothing else.
        told: for each call: `asked`, and `got`, `certainty` or `raw`; `process`.
        before: how many payments the program made by itself; None for any number.
    """
    answers = list(told)
    raw = [answer for answer in answers if "raw" in answer]
    assert not raw, f"{len(raw)} of {len(answers)} calls ended in an exception of another library: {raw[:5]}"
    failed = [answer for answer in answers if "certainty" in answer]
    assert not failed, f"{len(failed)} of {len(answers)} calls failed: {failed[:5]}"
    crossed = [answer for answer in answers if answer["got"] != answer["asked"]]
    assert not crossed, f"{len(crossed)} of {len(answers)} answers were those to other calls: {crossed[:5]}"
    shared = [processes for processes in bank.lines.values() if len(processes) > 1]
    assert not shared, f"processes that used the same connection: {shared[:5]}"
    booked = bank.booked
    early = {item for item in booked if item.startswith("early ")}
    asked = {answer["asked"] for answer in answers}
    assert before is None or len(early) == before
    assert booked.keys() - early == asked
    assert {item: times for item, times in booked.items() if times != 1} == {}
    bodies: defaultdict[str, set[bytes]] = defaultdict(set)
    for request in bank.seen:
        bodies[request.key].add(request.body)
    assert all(len(each) == 1 for each in bodies.values())
    assert "" not in bodies
    return Count(len(answers), len(booked) - len(early), len(bank.seen), len({each["process"] for each in answers}))
