"""Calls through proxies that lose, repeat and misreport answers: python -m tests.soak [--calls N] [--seed N].

Three servers are called on threads, asyncio and trio: one that honours every key, one that ignores the keys that nobody
promises, and one that ignores those that its document declares. Every call is held against what the server did.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any, Final

import anyio
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

from tests.tools import write_files
from tests.truth.server import LOST, Answer, Request, Shop, answering

LATE: Final = (418, 444, 460, 499, 500, 502, 504, 520, 522, 524, 525)
"""Statuses that proxies answer in place of a success: none of them says that nothing was done."""
BLIND: Final = (401, 404, 405, 407, 410, 413, 421, 426, 428, 431)
"""Refusals of proxies, routers and limiters, which do not pass a retry on whose first attempt was carried out."""
EARLY: Final = (425, 429, 503)
"""Statuses without an effect."""
WORKERS: Final = 16
BACKENDS: Final = ("threads", "asyncio", "trio")


class Honours(StrEnum):
    """Which keys a server honours."""

    ALL = "every key"
    PROMISED = "promised keys alone"
    ASSUMED = "assumed keys alone"


@dataclass
class Weather(Shop):
    """The server behind its proxies.

    Args:
        honours: which keys it honours.
        seed: chance, so that a run can be repeated.
        done: how often the item of each call was ordered.
        is_calm: whether proxies pass everything on as it is.
    """

    honours: Honours = Honours.ALL
    seed: int = 1
    done: Counter[str] = field(default_factory=Counter[str])
    is_calm: bool = False

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            self.seen.append(request)
            chance = Random(f"{self.seed}/{len(self.seen)}")  # noqa: S311  # chance that can be repeated
            kind = chance.random()
            if self.is_calm or kind < 0.5:  # half of the requests meet nothing
                return self._operation(request, marks=chance.random() < 0.5)
            if kind < 0.65 and self.done[json.loads(request.body)["item"]]:
                return answering(chance.choice(BLIND))
            if kind < 0.7:
                return chance.choice([Answer(lost=True, after=False), answering(chance.choice(EARLY))])
            answer = self._operation(request, marks=False)
            return answer if answer.status != 201 else self._lose(chance)

    def _lose(self, chance: Random) -> Answer:
        """What a proxy says in place of a success."""
        running = answering(409, {"detail": "a request with this idempotency key is in progress"}, ("Retry-After", "0"))
        cut = Answer(201, b'{"id": "o', (("Content-Type", "application/json"),), length=400)
        return chance.choice([LOST, LOST, running, cut, *(answering(status) for status in LATE)])

    def _operation(self, request: Request, *, marks: bool) -> Answer:
        """The operation's own answer: a stored one where the key is honoured and known."""
        item = json.loads(request.body)["item"]
        if item.endswith("taken"):
            return answering(409, {"detail": "the order is paid already"})
        if item.endswith("wrong"):
            return answering(422, {"detail": [{"loc": ["body", "item"], "msg": "no such item"}]})
        is_promised = request.target.startswith("/payments")
        honoured = self.honours is Honours.ALL or (self.honours is Honours.PROMISED) is is_promised
        headers = [("Content-Type", "application/json")]
        if honoured and request.key in self.effects:
            headers += [("Idempotent-Replayed", "true")] if marks else []
            return Answer(201, self.effects[request.key], tuple(headers))
        self.done[item] += 1
        self.effects[request.key] = json.dumps({"id": f"o{len(self.effects)}", "item": item}).encode()
        return Answer(201, self.effects[request.key], tuple(headers))


@dataclass(frozen=True)
class Ending:
    """How a call ended, as its caller was told.

    Args:
        item: what was ordered, which no other call orders.
        is_promised: whether the document declares the key.
        certainty: what the caller was told.
        may_be_repeated: likewise.
        error: the error, if it ended in one.
        answered: the item that the answer speaks of.
        story: its attempts, in words.
    """

    item: str
    is_promised: bool
    certainty: str
    may_be_repeated: bool
    error: Any
    answered: str
    story: str = ""


@dataclass
class Found:
    """What came of a run.

    Args:
        calls: how many were made.
        requests: how many requests they took.
        effects: how often something was done.
        repeated: calls that were done more than once.
        told: those of them whose callers were told that they may have been.
        lies: what callers were told and is not so.
        unknown: calls with a promised key that were UNKNOWN.
        settled: those of them that are known after `settle`.
    """

    calls: int = 0
    requests: int = 0
    effects: int = 0
    repeated: int = 0
    told: int = 0
    unknown: int = 0
    settled: int = 0
    lies: list[str] = field(default_factory=list[str])


def arguments(number: int) -> tuple[str, dict[str, Any]]:
    """The resource and the arguments of a call: both kinds, keys of the caller's own, and conflicts of the business."""
    kind = number % 10
    item = f"{number}{' taken' if kind == 3 else ' wrong' if kind == 7 else ''}"
    own = {"idempotency_key": f"own-{number}", "first_use": kind == 4} if kind in {3, 4, 5, 7} else {}
    return "payments" if number % 2 else "orders", {"item": item, **own}


def ending(number: int, result: Any) -> Ending:  # noqa: ANN401
    """What a caller was told by a response or an error."""
    resource, given = arguments(number)
    is_error = isinstance(result, Exception)
    answered = "" if is_error else result.data.item
    return Ending(
        given["item"], resource == "payments", result.certainty.value, result.may_be_repeated,
        result if is_error else None, answered, ", ".join(str(entry.outcome) for entry in result.attempts),
    )  # fmt: skip


def calls(sdk: Any, url: str, count: int) -> list[Ending]:  # noqa: ANN401
    """Make calls on threads, asyncio and trio, a third each."""
    retry = sdk.RetryPolicy(initial_delay=0.001, max_delay=0.004, deadline=20, budget=False)
    settings = {"token": "t", "base_url": url, "retry": retry}
    shares = [range(at, count, len(BACKENDS)) for at in range(len(BACKENDS))]

    def in_threads() -> list[Ending]:
        with sdk.CornerShop(**settings) as client, ThreadPoolExecutor(WORKERS) as pool:

            def one(number: int) -> Ending:
                resource, given = arguments(number)
                try:
                    return ending(number, getattr(client, resource).create.detailed(**given))
                except sdk.APIError as error:
                    return ending(number, error)

            return list(pool.map(one, shares[0]))

    def in_tasks(backend: str, numbers: range) -> list[Ending]:
        async def main() -> list[Ending]:
            found: list[Ending] = []
            waiting = iter(numbers)
            async with sdk.AsyncCornerShop(**settings) as client, anyio.create_task_group() as tasks:

                async def some() -> None:
                    for number in waiting:
                        resource, given = arguments(number)
                        try:
                            found.append(ending(number, await getattr(client, resource).create.detailed(**given)))
                        except sdk.APIError as error:
                            found.append(ending(number, error))

                for _ in range(WORKERS):
                    tasks.start_soon(some)
            return found

        return anyio.run(main, backend=backend)

    with ThreadPoolExecutor(len(BACKENDS)) as pool:
        runs = [pool.submit(in_threads)]
        runs += [
            pool.submit(in_tasks, backend, numbers) for backend, numbers in zip(BACKENDS[1:], shares[1:], strict=True)
        ]
        return [entry for run in runs for entry in run.result()]


def settle(sdk: Any, url: str, endings: list[Ending]) -> list[Ending]:  # noqa: ANN401
    """Settle what is UNKNOWN under a promised key; what is assumed is left as it is."""
    found: list[Ending] = []
    with sdk.CornerShop(token="t", base_url=url) as client:  # noqa: S106
        for entry in endings:
            if entry.error is None or entry.certainty != "unknown" or not entry.is_promised:
                found.append(entry)
                continue
            try:
                item = client.settle(entry.error).item
                found.append(Ending(entry.item, entry.is_promised, "applied", False, None, item))  # noqa: FBT003
            except sdk.APIError as error:
                found.append(
                    Ending(entry.item, entry.is_promised, error.certainty.value, error.may_be_repeated, error, "")
                )
    return found


def lies(entry: Ending, effects: int) -> Iterator[str]:
    """What a caller was told and is not so (docs/retry-rules.md, section 8)."""
    kind = "promised" if entry.is_promised else "assumed"
    told = f"{entry.item} ({kind}): told {entry.certainty}, {effects} effects; {entry.story}"
    if effects > 1 and not entry.may_be_repeated:
        yield f"{told}, and not that it may be repeated"
    if entry.certainty == "applied" and effects == 0:
        yield told
    if entry.certainty in {"rejected", "not sent"} and effects:
        yield told
    if entry.answered and entry.answered != entry.item:
        yield f"{entry.item}: answered with {entry.answered}"


def is_open(entry: Ending) -> bool:
    """Whether a call is UNKNOWN and can be settled: a conflict of the business under a resumed key proves nothing."""
    return entry.certainty == "unknown" and entry.is_promised and entry.item.isdigit()


def run(sdk: Any, honours: Honours, count: int, seed: int) -> Found:  # noqa: ANN401
    """Make calls to a server of a kind, settle them, and hold each against what was done."""
    with Weather(honours=honours, seed=seed) as server:
        endings = calls(sdk, server.url, count)
        before = Counter(server.done)
        found = Found(len(endings), len(server.seen), sum(before.values()))
        for entry in endings:
            found.lies += lies(entry, before[entry.item])
            found.repeated += before[entry.item] > 1
            found.told += before[entry.item] > 1 and entry.may_be_repeated
        found.unknown = sum(map(is_open, endings))
        server.is_calm = True
        settled = settle(sdk, server.url, endings)
        for entry in settled:
            if entry.is_promised:
                found.lies += lies(entry, server.done[entry.item])
        found.settled = found.unknown - sum(map(is_open, settled))
    return found


def made(folder: Path) -> Any:  # noqa: ANN401
    """The corner shop's SDK, generated and imported."""
    document = load(str(Path(__file__).parent / "truth" / "orders.yaml"), Diagnostics())
    assert document is not None
    result = generate(document, Config(package="soaked_shop"))
    assert result is not None
    write_files(result.files, folder)
    sys.path.insert(0, str(folder))
    return importlib.import_module("soaked_shop")


JUDGED: Final[dict[Honours, Callable[[Found], bool]]] = {
    Honours.ALL: lambda found: not found.lies and not found.repeated and found.settled == found.unknown > 0,
    Honours.PROMISED: lambda found: not found.lies and 0 < found.repeated == found.told,
    Honours.ASSUMED: lambda found: bool(found.lies),
}
"""What must come of a run: no lie; every repetition told; a broken promise found out."""


def main() -> int:
    """Run all three servers, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    wishes = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        sdk = made(Path(folder))
        for honours, is_right in JUDGED.items():
            found = run(sdk, honours, wishes.calls, wishes.seed)
            failed |= not is_right(found)
            print(f"a server that honours {honours}: {'as it must be' if is_right(found) else 'WRONG'}")  # noqa: T201
            print(  # noqa: T201
                f"  {found.calls} calls, {found.requests} requests, {found.effects} effects; {found.repeated} calls "
                f"done more than once, {found.told} of them told; {len(found.lies)} lies; "
                f"{found.settled} of {found.unknown} promised ones settled"
            )
            for lie in found.lies[:5]:
                print(f"    {lie}")  # noqa: T201
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
