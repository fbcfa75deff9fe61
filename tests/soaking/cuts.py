"""Ways of cancelling: at an exact point at which something waits, after so many turns of the loop, after a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from random import Random
from typing import Any, Final, TypeAlias

import anyio
import trio

Way: TypeAlias = "Callable[[Coroutine[Any, Any, object], int, Random], Awaitable[int]]"
"""Cancels a coroutine; the number is that of the points at which it waits, as far as is known. Returns how often it did
wait."""
_MOMENT: Final = 0.008
"""Seconds within which most of what is cancelled ends by itself."""


class Waiting:
    """Await a coroutine, and do something at chosen ones of the points at which it waits.

    Args:
        inner: the coroutine.
        at: the numbers of the points, from 1.
        cut: what is done there; what it cancels finds the coroutine waiting at just that point.
    """

    def __init__(self, inner: Awaitable[object], at: set[int], cut: Callable[[], object]) -> None:
        self._inner, self._at, self._cut = inner, at, cut
        self.count = 0

    def __await__(self) -> Generator[Any, Any, object]:
        steps = self._inner.__await__()
        step: Callable[[Any], Any] = steps.send
        value: Any = None
        while True:
            try:
                waits_for = step(value)
            except StopIteration as ended:
                return ended.value
            self.count += 1
            if self.count in self._at:
                self._cut()
            try:
                value = yield waits_for
                step = steps.send
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:  # noqa: BLE001  # passed on to where the coroutine waits
                step, value = steps.throw, error


def _points(known: int, chance: Random) -> set[int]:
    """One of the points at which something waits, and sometimes another one soon after it."""
    first = chance.randint(1, max(4, known))
    return {first, first + chance.randint(1, 3)} if chance.random() < 0.25 else {first}


async def by_task(work: Coroutine[Any, Any, object], known: int, chance: Random) -> int:
    """`task.cancel` at an exact point, or after some turns of the loop, once or twice."""
    if chance.random() < 0.6:
        task: asyncio.Task[object] | None = None
        waiting = Waiting(work, _points(known, chance), lambda: task and task.cancel())

        async def run() -> object:
            return await waiting

        task = asyncio.ensure_future(run())
        await _ended(task)
        return waiting.count
    task = asyncio.ensure_future(work)
    for _ in range(chance.randint(1, 2)):
        if chance.random() < 0.5:
            await asyncio.sleep(chance.random() * _MOMENT)
        for _ in range(chance.randrange(40)):
            await asyncio.sleep(0)
        task.cancel()
    await _ended(task)
    return 0


async def _ended(task: asyncio.Task[object]) -> None:
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def by_timeout(work: Coroutine[Any, Any, object], known: int, chance: Random) -> int:
    """`asyncio.timeout`, of nothing to a few milliseconds."""
    waiting = Waiting(work, set(), lambda: None)
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, chance.uniform(-0.001, _MOMENT)) if known else _MOMENT):
            await waiting
    return waiting.count


async def by_anyio(work: Coroutine[Any, Any, object], known: int, chance: Random) -> int:
    """A scope of anyio's that is cancelled at an exact point, or has a deadline; or the one around it."""
    outer, inner = anyio.CancelScope(), anyio.CancelScope()
    scope = chance.choice([outer, inner])
    exact = chance.random() < 0.6
    if not exact:
        scope.deadline = anyio.current_time() + chance.random() * _MOMENT
    waiting = Waiting(work, _points(known, chance) if exact else set(), scope.cancel)
    with outer, inner:
        await waiting
    return waiting.count


async def by_trio(work: Coroutine[Any, Any, object], known: int, chance: Random) -> int:
    """The same with trio's own scopes."""
    outer, inner = trio.CancelScope(), trio.CancelScope()
    scope = chance.choice([outer, inner])
    exact = chance.random() < 0.6
    if not exact:
        scope.deadline = trio.current_time() + chance.random() * _MOMENT
    waiting = Waiting(work, _points(known, chance) if exact else set(), scope.cancel)
    with outer, inner:
        await waiting
    return waiting.count
