"""What the server of the soak does with a request, through proxies that lose answers, and what it writes down of it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.soak import BLIND, EARLY, LATE, Honours
from tests.truth.server import LOST, Answer, Request, answering

JSON: Final = ("Content-Type", "application/json")
REFUSED: Final = Answer(lost=True, after=False, status=0)
"""HTTP/2's word for a stream that nobody has looked at; elsewhere a connection that is cut."""
_PATIENCE: Final = 25.0
"""Seconds for which calls that are made at once wait for each other."""
PAGES: Final = 4
EVENTS: Final = 12
DOWNLOAD: Final = 200_000


@dataclass
class Ledger:
    """What was asked, and what was done.

    Args:
        honours: which keys the server honours; None for no key at all.
        seed: chance, so that a run can be repeated.
        is_calm: whether proxies pass everything on as it is.
        requests: how many have come.
        busy: how many are in work.
        done: how often the item of each call was ordered.
        done_by_key: the same for each key.
        stored: answers by key.
        seen: by item, how often it came under each key.
        bodies: digests of the bodies that came under a key.
        homes: by connection, the processes and loops that say that they sent something on it.
    """

    honours: Honours | None = Honours.ALL
    seed: int = 1
    is_calm: bool = False
    requests: int = 0
    busy: int = 0
    done: Counter[str] = field(default_factory=Counter[str])
    done_by_key: Counter[str] = field(default_factory=Counter[str])
    stored: dict[str, bytes] = field(default_factory=dict[str, bytes])
    seen: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    bodies: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    homes: dict[int, set[str]] = field(default_factory=dict[int, set[str]])
    _together: dict[str, tuple[list[int], asyncio.Event]] = field(
        default_factory=dict[str, tuple[list[int], asyncio.Event]]
    )

    def begun(self, headers: dict[str, str], connection: int) -> None:
        """Write down that the head of a request has come."""
        self.requests += 1
        if "x-home" in headers and not self.is_calm:
            self.homes.setdefault(connection, set()).add(headers["x-home"])
        if "x-item" in headers:
            self.seen.setdefault(headers["x-item"], Counter())[headers.get("idempotency-key", "")] += 1

    async def answer(self, request: Request) -> Answer:
        """Do what a request asks for, and say so, or what a proxy says in its place."""
        path = urlsplit(request.target).path
        if request.method == "GET":
            return await self._read(path, request)
        if path == "/token":
            await self._pause(Random(f"{self.seed}/token/{self.requests}"))  # noqa: S311  # chance that can be repeated
            return answering(200, {"access_token": "t", "token_type": "Bearer", "expires_in": 0})
        item = request.headers.get("x-item") or str(json.loads(request.body)["item"])
        if item.startswith("together "):
            if not await self._gather(item):
                return answering(503)
            return self._operation(request, item, marks=False)
        known = self.seen.setdefault(item, Counter())
        if "x-item" not in request.headers:
            known[request.key] += 1
        chance = Random(f"{self.seed}/{item}/{known.total()}")  # noqa: S311  # as above
        return await self._through_proxies(request, item, chance)

    async def _through_proxies(self, request: Request, item: str, chance: Random) -> Answer:
        self.bodies.setdefault(request.key, set()).add(hashlib.sha256(request.body).hexdigest()[:12])
        if self.is_calm:
            return self._operation(request, item, marks=False)
        kind, marks = chance.random(), chance.random() < 0.5
        await self._pause(chance)
        if kind < 0.65 and kind > 0.5 and self.done[item]:
            return answering(chance.choice(BLIND))
        if 0.65 <= kind < 0.7:
            return self._refused(request, item, chance)
        answer = self._operation(request, item, marks=marks and kind < 0.5)
        await self._pause(chance)
        return _lost(chance) if kind >= 0.7 and answer.status == 201 else answer

    def _refused(self, request: Request, item: str, chance: Random) -> Answer:
        """What is said where nothing was done."""
        answer = chance.choice([Answer(lost=True, after=False), answering(chance.choice(EARLY)), REFUSED])
        if answer is REFUSED:
            # Over HTTP/2 it is as good as not seen.
            self.seen[item][request.key] -= 1
        return answer

    def _operation(self, request: Request, item: str, *, marks: bool) -> Answer:
        """The operation's own answer: a stored one where the key is honoured and known."""
        if item.endswith("taken"):
            return answering(409, {"detail": "the order is paid already"})
        if item.endswith("wrong"):
            return answering(422, {"detail": [{"loc": ["body", "item"], "msg": "no such item"}]})
        is_promised = request.target.startswith("/payments")
        honoured = self.honours is Honours.ALL or (self.honours is Honours.PROMISED) is is_promised
        honoured = honoured and self.honours is not None
        if honoured and request.key in self.stored:
            headers = [JSON, *([("Idempotent-Replayed", "true")] if marks else [])]
            return Answer(201, self.stored[request.key], tuple(headers))
        self.done[item] += 1
        self.done_by_key[request.key] += 1
        self.stored[request.key] = json.dumps({"id": f"o{len(self.stored)}", "item": item}).encode()
        return Answer(201, self.stored[request.key], (JSON,))

    async def _gather(self, item: str) -> bool:
        """Answer nobody before all have come: "together", a name, and how many there are; whether they have come."""
        _, name, count = item.split()[:3]
        come, all_here = self._together.setdefault(name, ([], asyncio.Event()))
        come.append(1)
        if len(come) >= int(count):
            all_here.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(all_here.wait(), _PATIENCE)
        return all_here.is_set()

    async def _read(self, path: str, request: Request) -> Answer:
        chance = Random(f"{self.seed}/{self.requests}")  # noqa: S311  # as above
        await self._pause(chance)
        if not self.is_calm and chance.random() < 0.1:
            return chance.choice([Answer(lost=True), answering(503)])
        if path == "/files":
            return Answer(200, b"x" * DOWNLOAD, (("Content-Type", "application/octet-stream"),))
        if path == "/events":
            events = b"".join(b'data: {"id": "o%d"}\n\n' % number for number in range(EVENTS))
            return Answer(200, events, (("Content-Type", "text/event-stream"),))
        page = int(parse_qs(urlsplit(request.target).query).get("cursor", ["0"])[0])
        following = str(page + 1) if page + 1 < PAGES else None
        items = [{"id": f"o{page}-{number}"} for number in range(3)]
        return answering(200, {"items": items, "next_cursor": following})

    async def _pause(self, chance: Random) -> None:
        kind = chance.random()
        if not self.is_calm and kind > 0.7:
            await asyncio.sleep(chance.random() * (0.03 if kind > 0.95 else 0.004))

    def told(self) -> dict[str, Any]:
        """Return what was written down, for the process that judges it."""
        return {
            "requests": self.requests,
            "done": self.done,
            "done_by_key": self.done_by_key,
            "seen": self.seen,
            "mixed": [key for key, bodies in self.bodies.items() if key and len(bodies) > 1],
            "shared": {str(connection): sorted(homes) for connection, homes in self.homes.items() if len(homes) > 1},
        }


def _lost(chance: Random) -> Answer:
    """What a proxy says in place of a success."""
    running = answering(409, {"detail": "a request with this idempotency key is in progress"}, ("Retry-After", "0"))
    cut = Answer(201, b'{"id": "o', (JSON,), length=400)
    return chance.choice([LOST, LOST, running, cut, *(answering(status) for status in LATE)])
