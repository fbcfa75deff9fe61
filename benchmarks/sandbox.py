"""Keyed POSTs at the sandbox, beside the same server without keys: per second, their latency, and the ratio of the two.

    python -m benchmarks.sandbox                 # SQLite, and a throwaway PostgreSQL
    python -m benchmarks.sandbox --rounds 5

Both servers run in processes of their own on stores of their own, and are asked in turns, by as many connections at
once, so what else a machine does falls on both.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import statistics
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from samekey.prove.child import HOST
from samekey.prove.servers import ServerProcess
from samekey.sandbox.keys.broken import Broken
from samekey.sandbox.server.faults import Plan

from tests import postgres

if TYPE_CHECKING:
    from collections.abc import Generator

SPEC = str(Path(__file__).parent.parent / "specs" / "payments" / "openapi.yaml")
CHARGE = json.dumps({"amount": 4999, "currency": "eur"}).encode()
CREATED = 201


@dataclass(frozen=True, slots=True)
class Round:
    """Requests of one round.

    Args:
        seconds: from the first to the last.
        latencies: seconds of each.
    """

    seconds: float
    latencies: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds


@contextlib.contextmanager
def served(store: str, broken: Broken | None) -> Generator[int]:
    """Run a sandbox in a process of its own while a block runs, and yield its port."""
    server = ServerProcess(SPEC, store, Plan(), broken)
    try:
        server.go()
        yield server.port
    finally:
        server.stop()


def asked(port: int, at_once: int, each: int) -> Round:
    """Send a round of charges, with a key each, over several connections."""

    def connection(_: int) -> list[float]:
        link = http.client.HTTPConnection(HOST, port)
        took: list[float] = []
        for _ in range(each):
            headers = {
                "Content-Type": "application/json", "Authorization": "Bearer x", "Idempotency-Key": str(uuid.uuid4()),
            }  # fmt: skip
            began = time.perf_counter()
            link.request("POST", "/v1/charges", CHARGE, headers)
            answer = link.getresponse()
            answer.read()
            took.append(time.perf_counter() - began)
            assert answer.status == CREATED
        link.close()
        return took

    with ThreadPoolExecutor(at_once) as pool:
        began = time.perf_counter()
        latencies = [took for part in pool.map(connection, range(at_once)) for took in part]
        return Round(time.perf_counter() - began, tuple(latencies))


def compared(name: str, keyed: int, plain: int, rounds: int, each: int) -> None:
    """Print how fast two servers answer, with one connection and with eight."""
    for at_once in (1, 8):
        for port in (keyed, plain):
            asked(port, at_once, each // 4)
        pairs = [(asked(keyed, at_once, each), asked(plain, at_once, each)) for _ in range(rounds)]
        ours, theirs = zip(*pairs, strict=True)
        low, median, high = statistics.quantiles([mine.seconds / other.seconds for mine, other in pairs], n=4)
        print(f"{name}, {at_once} at once:")
        print(f"  with keys     {summary(ours)}")
        print(f"  without keys  {summary(theirs)}")
        print(f"  keys cost     {median:.2f} times the time ({low:.2f}-{high:.2f})")


def summary(rounds: tuple[Round, ...]) -> str:
    """Spell the rates and latencies of some rounds."""
    latencies = sorted(took for entry in rounds for took in entry.latencies)
    median, slowest = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
    rate = statistics.median(entry.rate for entry in rounds)
    return f"{rate:6.0f} POSTs per second, {median * 1000:5.1f} ms at p50, {slowest * 1000:5.1f} ms at p99"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--each", type=int, default=60, help="requests of a connection in a round")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stores = [str(Path(folder) / name) for name in ("keyed.db", "plain.db")]
        with served(stores[0], None) as keyed, served(stores[1], Broken.NO_KEYS) as plain:
            compared("SQLite", keyed, plain, given.rounds, given.each)
    with (
        postgres.running() as one,
        postgres.running() as other,
        served(one, None) as keyed,
        served(other, Broken.NO_KEYS) as plain,
    ):
        compared("PostgreSQL", keyed, plain, given.rounds, given.each)


if __name__ == "__main__":
    main()
