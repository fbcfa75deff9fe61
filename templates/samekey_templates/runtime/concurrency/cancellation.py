"""What must come to its end though its task is cancelled meanwhile.

anyio's shields keep out the cancellation of anyio and trio, and not that of `asyncio.Task.cancel`, on which
`asyncio.timeout`, `asyncio.wait_for` and task groups stand.
"""

from __future__ import annotations

import sys
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator

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
    """Run a coroutine in a task of its own that nobody waits for; drop it where no event loop runs."""
    from asyncio import get_running_loop  # noqa: PLC0415  # only async programs need it

    try:
        loop = get_running_loop()
    except RuntimeError:
        _in_trio(coroutine)
        return
    task = loop.create_task(_quietly(coroutine))
    _RUNNING.add(task)
    task.add_done_callback(_RUNNING.discard)


def _in_trio(coroutine: Coroutine[Any, Any, object]) -> None:
    trio: Any = sys.modules.get("trio")
    try:
        trio.lowlevel.spawn_system_task(_quietly, coroutine)
    except (AttributeError, RuntimeError):
        # Trio is not imported, or does not run here.
        coroutine.close()


async def _quietly(coroutine: Coroutine[Any, Any, object]) -> None:
    from contextlib import suppress  # noqa: PLC0415  # few calls are cancelled

    with suppress(Exception):
        await coroutine


async def run_in_thread(function: Callable[..., T], *arguments: object) -> T:
    """Call a function that waits for a disk or a database, to its end; a cancellation meanwhile waits for it.

    Raises:
        BaseException: the cancellation, or what the function raised.
    """
    import anyio  # noqa: PLC0415  # comes with httpx

    found: list[T] = []
    with anyio.CancelScope(shield=True):
        found.append(await _in_thread(function, *arguments))
    return found[0]


async def _in_thread(function: Callable[..., T], *arguments: object) -> T:
    from asyncio import CancelledError, get_running_loop, shield  # noqa: PLC0415  # only async programs need it

    try:
        loop = get_running_loop()
    except RuntimeError:
        import anyio.to_thread  # noqa: PLC0415  # as above

        # trio knows only the cancellation that a shield keeps out.
        return await anyio.to_thread.run_sync(lambda: function(*arguments))
    # No task, which the end of `asyncio.run` would cancel as well.
    context = copy_context()
    future = loop.run_in_executor(None, lambda: context.run(function, *arguments))
    late: BaseException | None = None
    while not future.done():
        try:
            await shield(future)
        except CancelledError as error:
            late = error
        except Exception:  # noqa: BLE001  # read from the future below
            break
    if late is not None:
        future.exception()
        raise late
    return future.result()


async def given_up(pieces: AsyncIterator[object]) -> None:
    """Give up the rest of a response that comes in pieces.

    Below them are generators of httpx and httpcore that nobody can close from here, and that an event loop would
    complain of when it finds them open. A read that is cancelled ends each of them from within: it gives what has come
    already, and goes no more to the network.
    """
    import anyio  # noqa: PLC0415  # comes with httpx, and only an event loop needs it

    with anyio.CancelScope(shield=True) as scope:
        scope.cancel()
        while await anext(pieces, None) is not None:
            pass
