"""Holds what callers were told against what the server did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from tests.soak import Honours, arguments, lies
from tests.soaking.lives import LIVES, Life
from tests.soaking.world import Told, World

_ENOUGH: Final = 60
"""Calls of a life below which chance may spare them all what the life is about."""


@dataclass
class Line:
    """What came of a kind of life.

    Args:
        life: the kind.
        calls: how many were made.
        requests: how many requests they took.
        effects: how often something was done.
        duplicates: calls that were done more than once.
        lies: what callers were told and is not so.
        raw: what was raised and is neither an error of the SDK's nor a cancellation that says what is certain.
        unknown: calls with a promised key that were UNKNOWN.
        settled: those of them that are known in the end.
        cancelled: calls that were cancelled.
        closed: calls that were told that their client is closed.
    """

    life: Life
    calls: int = 0
    requests: int = 0
    effects: int = 0
    duplicates: int = 0
    unknown: int = 0
    settled: int = 0
    cancelled: int = 0
    closed: int = 0
    lies: list[str] = field(default_factory=list[str])
    raw: list[str] = field(default_factory=list[str])

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong, and what the life is about has happened."""
        happened = self.calls < _ENOUGH or (
            (self.cancelled > 0 or not self.life.must_cancel) and (self.closed > 0 or not self.life.is_closed)
        )
        return not (self.duplicates or self.lies or self.raw) and self.settled == self.unknown and happened


def lived(world: World, life: Life, numbers: range, honours: Honours | None = Honours.ALL) -> Line:
    """Live a life, settle what is UNKNOWN, and hold each call against what was done."""
    world.server.begin(honours, world.seed)
    world.closed = 0
    endings = life.run(world, numbers)
    seen = world.server.drained()
    line = Line(life, len(endings), seen["requests"], sum(seen["done"].values()))
    line.cancelled = sum(entry.is_cancelled for entry in endings)
    line.closed = world.closed or sum("is closed" in entry.story for entry in endings)
    line.raw = [f"{entry.item}: {entry.raw}" for entry in endings if entry.raw] + list(_bare(endings, seen))
    line.lies = [lie for entry in endings for lie in _lies(life, endings, entry, seen)] + list(_mixed(life, seen))
    line.unknown = sum(entry.is_open for entry in endings)
    world.server.calm()
    with ExitStack() as opened:
        clients = [opened.enter_context(world.sync(secure=secure)) for secure in (False, True)]
        settled = [_settled(world, clients[_is_secure(life, entry)], entry) for entry in endings]
    line.raw += [f"{entry.item}, settled: {entry.raw}" for entry in settled if entry.raw and entry not in endings]
    line.settled = sum(entry.is_open and _is_known(now) for entry, now in zip(endings, settled, strict=True))
    endings = settled
    seen = world.server.drained()
    line.lies += [lie for entry in endings if entry.is_promised for lie in _lies(life, endings, entry, seen)]
    line.duplicates = sum(count > 1 for count in seen["done"].values())
    return line


def _is_secure(life: Life, entry: Told) -> bool:
    return life.secure if entry.error is None else entry.error.url.startswith("https")


def _is_known(entry: Told) -> bool:
    return not entry.raw and entry.certainty in {"applied", "rejected", "not sent"}


def _settled(world: World, client: Any, entry: Told) -> Told:  # noqa: ANN401
    """Settle a call, as its caller would; one that was cancelled is made again with its key."""
    if not entry.is_open:
        return entry
    number = int(entry.item)
    resource, _ = arguments(number)
    try:
        if entry.error is None:
            method = getattr(client, resource).create.detailed
            return world.told(number, method(item=entry.item, idempotency_key=entry.key))
        item = client.settle(entry.error).item
    except Exception as error:  # noqa: BLE001  # it is what is looked for
        return world.told(number, error)
    return Told(entry.item, entry.is_promised, "applied", False, None, item, key=entry.key)  # noqa: FBT003


def _lies(life: Life, endings: list[Told], entry: Told, seen: dict[str, Any]) -> Iterator[str]:
    """What a caller was told and is not so."""
    if entry.raw or not entry.certainty:
        return
    effects = seen["done"].get(entry.item, 0)
    if life.is_keyed_by_reference:
        # A call that was refused makes room for a fresh key, and calls that share one speak for themselves.
        effects = seen["done_by_key"].get(entry.key, 0)
        others = [other for other in endings if other.key == entry.key and other.certainty in {"applied", "unknown"}]
        if entry.certainty in {"rejected", "not sent"} and others:
            return
    yield from lies(entry, effects)
    came = seen["seen"].get(entry.item, {})
    if entry.certainty == "not sent" and came.get(entry.key, 0):
        yield f"{entry.item}: told not sent, and the server has seen it {came[entry.key]} times; {entry.story}"
    if entry.key and came and entry.key not in came and entry.certainty != "not sent":
        yield f"{entry.item}: told the key {entry.key}, and the server has seen {', '.join(came)}; {entry.story}"


def _mixed(life: Life, seen: dict[str, Any]) -> Iterator[str]:
    """Keys with several bodies, calls with several keys, connections of several processes or loops."""
    yield from (f"the key {key} came with several bodies" for key in seen["mixed"])
    for connection, homes in seen["shared"].items():
        yield f"connection {connection} carried requests of several processes or loops: {', '.join(homes)}"
    if not life.is_keyed_by_reference:
        for item, keys in seen["seen"].items():
            if len(keys) > 1:
                yield f"{item} came under several keys: {', '.join(keys)}"


def _bare(endings: list[Told], seen: dict[str, Any]) -> Iterator[str]:
    """Cancellations that say nothing of a call that the server has seen."""
    for entry in endings:
        came = Counter(seen["seen"].get(entry.item, {})).total()
        if entry.is_cancelled and came and not (entry.key and entry.certainty):
            yield f"{entry.item}: the server has seen it, and its cancellation has no key or no certainty"


_HEAD: Final[tuple[str, ...]] = ("kind of life", "calls", "requests", "effects", "duplicates", "lies", "raw", "settled")


def row(line: Line | None) -> str:
    """Return a row of the table; its head for None."""
    if line is None:
        cells = _HEAD
    else:
        counts = (line.calls, line.requests, line.effects, line.duplicates, len(line.lies), len(line.raw))
        cells = (line.life.name, *(f"{count:,}" for count in counts), f"{line.settled} of {line.unknown}")
    return f"{cells[0]:<28}" + "".join(f"{cell:>15}" for cell in cells[1:])


def all_lives(world: World, count: int, honours: Honours | None = Honours.ALL, *, only: str = "") -> list[Line]:
    """Live all lives with so many calls together, and print a row for each.

    Args:
        world: what they live in.
        count: how many calls.
        honours: which keys the server honours.
        only: a part of the names of the lives that are wanted.
    """
    lines: list[Line] = []
    print(row(None), flush=True)  # noqa: T201
    first = 0
    whole = sum(life.share for life in LIVES)
    for life in LIVES:
        size = max(6, count * life.share // whole)
        numbers, first = range(first, first + size), first + size
        if only not in life.name:
            continue
        lines.append(lived(world, life, numbers, honours))
        print(row(lines[-1]), flush=True)  # noqa: T201
    whole_line = Line(Life("all", LIVES[0].run, 0))
    for line in lines:
        for name in ("calls", "requests", "effects", "duplicates", "unknown", "settled", "lies", "raw"):
            setattr(whole_line, name, getattr(whole_line, name) + getattr(line, name))
    print(row(whole_line), flush=True)  # noqa: T201
    for line in lines:
        _tell(line)
    return lines


def _tell(line: Line) -> None:
    """Print what is wrong with a kind of life: lies, and each kind of raw exception once."""
    if not line.is_right:
        print(f"  {line.life.name}: WRONG ({line.cancelled} cancelled, {line.closed} closed)")  # noqa: T201
    for lie in line.lies[:4]:
        print(f"    {lie}")  # noqa: T201
    kinds = Counter(raw.strip().splitlines()[-1] for raw in line.raw)
    for kind, count in kinds.most_common(4):
        first = next(raw for raw in line.raw if raw.strip().endswith(kind))
        print(f"    {count} times {kind}, first in {first}")  # noqa: T201
