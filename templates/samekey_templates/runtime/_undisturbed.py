"""What must come to its end though its task is cancelled meanwhile.

anyio's shields keep out the cancellation of anyio and trio, and not that of `asyncio.Task.cancel`, on which
`asyncio.timeout`, `asyncio.wait_for` and task groups stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Coroutine, Generator

T = TypeVar("T")
_RUNNING: Final[set[object]] = set()
"""Tasks that nobody waits for; an event loop alone does not keep them alive."""


class undisturbed:  # noqa: N801  # awaited like a function
    """Await a coroutine, and let a cancellation wait where the coroutine only lets others run.

    What the coroutine itself waits for is cancelled as ever, since nothing else could wake it up. No task is made for
    it: that would cost more than what most coroutines do.

    Args:
        inner: what is awaited.
    """

    __slots__ = ("_inner",)

    def __init__(self, inner: Awaitable[Any]) -> None:
        self._inner = inner

    def __await__(self) -> Generator[Any, Any, None]:
        steps = self._inner.__await__()
        late: BaseException | None = None
        try:
            waits_for = next(steps)
            while True:
                try:
                    sent = yield waits_for
                except GeneratorExit:
                    steps.close()
                    raise
                except BaseException as error:  # noqa: BLE001  # a cancellation, which is passed on below
                    late = error
                    waits_for = next(steps) if waits_for is None else steps.throw(error)
                else:
                    waits_for = steps.send(sent)
        except StopIteration:
            if late is not None:
                raise late from None


def in_background(coroutine: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine in a task of its own that nobody waits for; drop it where asyncio does not run."""
    from asyncio import get_running_loop  # noqa: PLC0415  # only async programs need it

    try:
        task = get_running_loop().create_task(_quietly(coroutine))
    except RuntimeError:
        coroutine.close()
        return
    _RUNNING.add(task)
    task.add_done_callback(_RUNNING.discard)


async def _quietly(coroutine: Coroutine[Any, Any, object]) -> None:
    from contextlib import suppress  # noqa: PLC0415  # few calls are cancelled

    with suppress(Exception):
        await coroutine


async def finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine to its end in a task of its own; a cancellation that comes meanwhile is raised behind it.

    Raises:
        BaseException: the cancellation, or what the coroutine raised.
    """
    import asyncio  # noqa: PLC0415  # only async programs need it

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        import anyio  # noqa: PLC0415  # comes with httpx

        # trio knows only the cancellation that a shield keeps out.
        with anyio.CancelScope(shield=True):
            return await coroutine
    task = asyncio.ensure_future(coroutine)
    late: BaseException | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if not task.cancelled():
                late = error
        except Exception:  # noqa: BLE001  # read from the task below
            break
    if late is not None:
        task.exception()
        raise late
    return task.result()


async def given_up(pieces: AsyncIterator[object]) -> None:
    """Give up the rest of an answer that comes in pieces.

    Below them are generators of httpx and httpcore that nobody can close from here, and that an event loop would
    complain of when it finds them open. A read that is cancelled ends each of them from within: it gives what has come
    already, and goes no more to the network.
    """
    import anyio  # noqa: PLC0415  # comes with httpx, and only an event loop needs it

    with anyio.CancelScope(shield=True) as scope:
        scope.cancel()
        while await anext(pieces, None) is not None:
            pass
