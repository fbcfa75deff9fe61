"""Connections of HTTP/2, which carry several requests: what the libraries leave undone to keep these apart."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from ..concurrency.cancellation import in_background

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_GLANCE: Final = 0.001
"""Seconds between two looks at a connection that is being set up."""


def share_no_connection(transport: object) -> None:
    """Keep a pool for threads from carrying several requests at once over one connection of HTTP/2.

    No lock of the libraries holds for all of a connection's state: threads mix up their frames, and a mistake in one
    stream breaks off all others.
    """
    pool: Any = getattr(transport, "_pool", None)

    def keep_apart(connection: Any) -> None:  # noqa: ANN401  # a library's own
        def is_available() -> bool:
            # One that is idle may be about to be used by a request to which it was given.
            return connection.is_idle() and not any(one.connection is connection for one in pool._requests)  # noqa: SLF001

        connection.is_available = is_available
        # What httpx2 asks in place of looking again for each request.
        connection.can_multiplex = lambda: False
        send = connection.handle_request

        def handle(request: object) -> Any:  # noqa: ANN401  # a library's response
            try:
                return send(request)
            except Exception as error:
                _leave_if_full(connection, error)
                raise

        connection.handle_request = handle

    _with_each_connection(pool, keep_apart)


def begin_undisturbed(transport: object) -> None:
    """Keep a request that is cancelled from disturbing those with which it would have shared a new connection.

    A library sets up a connection of HTTP/2 within the first request that uses it. If that one is cancelled meanwhile,
    the connection is closed under the others, or counts its streams wrongly from then on.
    """

    def undisturbed(connection: Any) -> None:  # noqa: ANN401  # a library's own
        begin = _Beginning(connection).handle

        async def handle(request: object) -> Any:  # noqa: ANN401  # a library's response
            try:
                return await begin(request)
            except Exception as error:
                _leave_if_full(connection, error)
                raise

        connection.handle_async_request = handle

    _with_each_connection(getattr(transport, "_pool", None), undisturbed)


def _leave_if_full(connection: Any, error: Exception) -> None:  # noqa: ANN401  # a library's own
    """Have the pool use another connection in place of one whose streams are all taken; nothing was sent on it.

    The libraries do not reset the stream of a request that is cancelled, and look only at what they read for others.
    So streams that were left behind are open for ever where all are, and the connection carries nothing any more.
    """
    causes = (error, error.__cause__, error.__context__)
    inner = getattr(connection, "_connection", None)
    if inner is None or not any(type(cause).__name__ == "TooManyStreamsError" for cause in causes):
        return
    library = sys.modules[type(connection).__module__.partition(".")[0]]
    retry: type[Exception] | None = getattr(library, "ConnectionNotAvailable", None)
    if retry is not None:
        inner._connection_error = True  # noqa: SLF001  # by which its pool tells what carries no more requests
        raise retry from error


def _with_each_connection(pool: Any, use: Callable[[Any], None]) -> None:  # noqa: ANN401  # a library's own
    create: Callable[[object], Any] | None = getattr(pool, "create_connection", None)
    if create is None:
        # Another version of the library.
        return

    def created(origin: object) -> Any:  # noqa: ANN401  # a library's own
        connection: Any = create(origin)
        use(connection)
        return connection

    pool.create_connection = created


class _Beginning:
    """The first requests of a connection, until one of them has its answer.

    Args:
        connection: the library's own.
    """

    def __init__(self, connection: Any) -> None:  # noqa: ANN401  # a library's own
        self._connection = connection
        self._send: Callable[[object], Awaitable[Any]] = connection.handle_async_request
        self._has_begun = False

    async def handle(self, request: object) -> Any:  # noqa: ANN401  # a library's response
        if self._has_begun:
            return await self._send(request)
        sent = _SentApart(self._send(request))
        in_background(sent.run())
        try:
            await sent.ended.wait()
        except BaseException:
            in_background(self._let_go(sent))
            raise
        response = sent.result()
        self._has_begun = True
        return response

    async def _let_go(self, sent: _SentApart) -> None:
        """Cancel a request that nobody waits for, but not while it sets up the connection."""
        import anyio  # noqa: PLC0415  # comes with httpx, and only an event loop needs it

        while not self._is_set_up() and not sent.ended.is_set():  # noqa: ASYNC110  # no library says when it is
            await anyio.sleep(_GLANCE)
        await sent.leave()

    def _is_set_up(self) -> bool:
        """Whether what begins a connection of HTTP/2 has been sent, and its streams are counted; or it is none."""
        inner = getattr(self._connection, "_connection", None)
        lock = getattr(inner, "_init_lock", None)
        if inner is None or lock is None:
            return inner is not None
        kept = getattr(lock, "_anyio_lock", None) or getattr(lock, "_trio_lock", None)
        return bool(getattr(inner, "_sent_connection_init", True)) and not (kept is not None and kept.locked())


class _SentApart:
    """A request in a task of its own.

    Args:
        sending: sends it.
    """

    def __init__(self, sending: Awaitable[Any]) -> None:
        import anyio  # noqa: PLC0415  # comes with httpx, and only an event loop needs it

        self._sending = sending
        self._scope = anyio.CancelScope()
        self._response: Any = None
        self._error: BaseException | None = None
        self.ended = anyio.Event()

    async def run(self) -> None:
        """Send it."""
        try:
            with self._scope:
                self._response = await self._sending
        except BaseException as error:
            self._error = error
            if not isinstance(error, Exception):
                # The event loop ends.
                raise
        finally:
            self.ended.set()

    def result(self) -> Any:  # noqa: ANN401  # a library's response
        """Return its response.

        Raises:
            BaseException: what it ended in.
        """
        if self._error is not None:
            raise self._error
        return self._response

    async def leave(self) -> None:
        """Cancel it, or close its response."""
        self._scope.cancel()
        await self.ended.wait()
        if self._response is not None:
            await self._response.aclose()
