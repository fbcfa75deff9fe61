"""The soak: many keyed calls through random faults, by threads, asyncio and trio, and the check of every promise.

    python -m tests.soak.run --calls 10000 --seed 1              # all faces against the honest server
    python -m tests.soak.run --calls 2000 --mode short-ttl       # a broken server: violations are expected

It exits 0 where no promise was broken.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio

from tests.soak.check import Ledger, Told, violations
from tests.soak.server import MODES

ROOT = Path(__file__).parent.parent.parent
FACES = ("threads", "asyncio", "trio")
RETRIES = 4
DEADLINE = 5.0
AT_ONCE = 24


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a soak found."""

    face: str
    mode: str
    calls: int
    attempts: int
    effects: int
    certainties: dict[str, int]
    faults: dict[str, int]
    violations: list[str]
    seconds: float


@contextlib.contextmanager
def server(mode: str, seed: str) -> Generator[str]:
    """The server in a process of its own; its base URL."""
    command = [sys.executable, "-m", "tests.soak.server", mode, seed]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()


def soak(face: str, mode: str, calls: int, seed: str) -> Verdict:
    """Make the calls through one face against one server, settle what is unknown, and check."""
    acme = _sdk()
    began = time.monotonic()
    with server(mode, seed) as url:
        options: dict[str, Any] = {
            "base_url": url,
            # Without the budget, since an outage for ever is what the soak is about.
            "retry": acme.RetryPolicy(
                max_retries=RETRIES, initial_delay=0.04, max_delay=0.1, deadline=DEADLINE, budget=False
            ),
            "timeout": acme.Timeout(connect=1.0, read=0.1, write=1.0, pool=5.0),
        }
        history = _threads(acme, options, calls) if face == "threads" else _tasks(acme, options, calls, face)
        _get(f"{url}/calm")
        while _get(f"{url}/running")["running"]:
            time.sleep(0.05)
        history = _settle(acme, url, history)
        told = _get(f"{url}/ledger")
    ledger = Ledger(tuple((key, call) for key, call in told["effects"]), tuple((c, k, b) for c, k, b in told["seen"]))
    return Verdict(
        face, mode, calls, len(ledger.seen), len(ledger.effects),
        dict(Counter(entry.certainty for entry in history)), told["faults"], violations(history, ledger),
        time.monotonic() - began,
    )  # fmt: skip


def _sdk() -> Any:  # noqa: ANN401  # the SDK is not on the path of type checkers
    path = str(ROOT / "generated" / "payments")
    if path not in sys.path:
        sys.path.insert(0, path)
    import acme_payments  # noqa: PLC0415

    return acme_payments


def _threads(acme: Any, options: dict[str, Any], calls: int) -> list[Told]:  # noqa: ANN401
    with acme.AcmePayments(**options) as client, ThreadPoolExecutor(AT_ONCE) as pool:

        def once(number: int) -> Told:
            try:
                record = client.charges.create.detailed(**_arguments(number)).record
            except acme.APIError as error:
                record = error.record
            return _told(str(number), record)

        return list(pool.map(once, range(calls)))


def _tasks(acme: Any, options: dict[str, Any], calls: int, backend: str) -> list[Told]:  # noqa: ANN401
    async def main() -> list[Told]:
        history: list[Told] = []
        numbers = iter(range(calls))
        async with acme.AsyncAcmePayments(**options) as client, anyio.create_task_group() as group:

            async def worker() -> None:
                for number in numbers:
                    try:
                        record = (await client.charges.create.detailed(**_arguments(number))).record
                    except acme.APIError as error:
                        record = error.record
                    history.append(_told(str(number), record))

            for _ in range(AT_ONCE):
                group.start_soon(worker)
        return history

    return anyio.run(main, backend=backend)


def _settle(acme: Any, url: str, history: list[Told]) -> list[Told]:  # noqa: ANN401
    """Call again, with its key, whatever is unknown; the server is calm now."""
    with acme.AcmePayments(base_url=url) as client:

        def again(told: Told) -> Told:
            if told.certainty != "unknown":
                return told
            try:
                record = client.charges.create.detailed(**_arguments(int(told.call)), idempotency_key=told.key).record
            except acme.APIError as error:
                # A stored 500 is replayed for ever: it was done, and the server will say no more than that.
                record = error.record
                if error.status == 500:
                    return replace(told, settled="applied")
            return replace(told, settled=record.certainty.value)

        return [again(told) for told in history]


def _arguments(number: int) -> dict[str, Any]:
    return {"amount": number + 1, "currency": "eur", "metadata": {"call": str(number)}}


def _told(call: str, record: Any) -> Told:  # noqa: ANN401
    attempts = tuple(
        (
            attempt.sent_at,
            attempt.took,
            getattr(attempt.outcome, "retry_after", None) or 0.0,
            bool(getattr(attempt.outcome, "in_flight", False)),
        )
        for attempt in record.attempts
    )
    return Told(call, record.call.idempotency_key, record.certainty.value, attempts, RETRIES, record.elapsed, DEADLINE)


def _get(url: str) -> Any:  # noqa: ANN401
    for patience in itertools.count():
        try:
            with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310  # loopback
                return json.load(response)
        except OSError:
            if patience > 100:
                raise
            time.sleep(0.02)
    raise AssertionError


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--mode", choices=MODES, default="honest")
    parser.add_argument("--face", choices=FACES, action="append")
    chosen = parser.parse_args()
    broken = 0
    for face in chosen.face or FACES:
        verdict = soak(face, chosen.mode, chosen.calls, chosen.seed)
        broken += len(verdict.violations)
        print(
            f"{verdict.face} against {verdict.mode}: {verdict.calls} calls, {verdict.attempts} requests, "
            f"{sum(count for name, count in verdict.faults.items() if name != 'none')} faults of "
            f"{len(verdict.faults) - 1} kinds, {verdict.effects} effects, told {verdict.certainties}, "
            f"{len(verdict.violations)} violations, {verdict.seconds:.1f} s"
        )
        for violation in verdict.violations[:5]:
            print(f"  {violation}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
