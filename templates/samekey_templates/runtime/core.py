"""How a call is carried out over the connection that a client and its copies share: what resources hold of it."""

from __future__ import annotations

import os
import threading
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from .auth.credentials import ClientCredentials
from .concurrency.cancellation import run_in_thread
from .concurrency.fork import begin_anew_after_fork, begin_anew_if_forked, importing
from .concurrency.loops import LoopTransports
from .deprecation import tell_sunset
from .errors import APIError
from .http.options import USUAL
from .request.build import Prepared, prepare, signed
from .response import finish, finish_open, is_strict
from .retry.answers import is_refusal
from .retry.loop import adrive, cancellation_marked, drive
from .retry.wire import AsyncOpenAnswer, OpenAnswer
from .types import CallOptions, checked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from .auth.credentials import NoToken
    from .auth.oauth import AsyncSharedTokens, SharedTokens, Token
    from .call import Call, Endpoint, Response, Settings
    from .http.options import AsyncHTTPClient, ConnectionOptions, HTTPClient
    from .http.transport import AsyncTransport, SyncTransport, Whereabouts
    from .retry.wire import Limits, RawAnswer, Result, WireRequest
    from .settle import Resent
    from .streams.stream import AsyncStream, Stream, StreamFacts

T = TypeVar("T")


class SyncConnection:
    """A transport made when first needed, shared by a client and its copies.

    Args:
        http_client: the caller's own client.
        options: how a client of the SDK's own connects.
    """

    def __init__(self, http_client: HTTPClient | None, options: ConnectionOptions = USUAL) -> None:
        self._http_client = http_client
        self._options = options
        self._is_closed = False
        self._home = os.getpid()
        self._transport: SyncTransport | None = None
        self._parents: list[SyncTransport] = []
        self._tokens: dict[ClientCredentials, SharedTokens] = {}
        self._lock = threading.Lock()
        begin_anew_after_fork(self)

    def after_fork(self) -> None:
        """Leave the parent process its connections, locks and token requests."""
        self._lock = threading.Lock()
        self._tokens = {}
        transport, self._transport = self._transport, None
        if transport is not None:
            # Whoever drops it closes its connections, and its locks may be held by threads that are not here.
            self._parents.append(transport)
            transport.abandon()

    def transport(self) -> SyncTransport:
        found = self._transport
        if found is None:
            # A library imports more of itself as clients are made and used.
            with importing(), self._lock:
                from .http.transport import SyncTransport  # noqa: PLC0415  # httpx is imported when it is first needed

                found = self._transport or SyncTransport(self._http_client, self._home, self._options)
                self._transport = found
            if self._is_closed:
                found.close()
        return found

    def tokens(self, source: ClientCredentials, settings: Settings) -> SharedTokens:
        with importing():
            from .auth.oauth import SharedTokens, token_request  # noqa: PLC0415  # few APIs need it

        with self._lock:
            if source not in self._tokens:
                request = token_request(source, settings.base_url, settings.user_agent)
                self._tokens[source] = SharedTokens(request, settings.clock)
            return self._tokens[source]

    def close(self) -> None:
        self._is_closed = True
        with self._lock:
            transport = self._transport
        if transport is not None:
            transport.close()


class AsyncConnection:
    """Like `SyncConnection`, with a transport for each event loop."""

    def __init__(self, http_client: AsyncHTTPClient | None, options: ConnectionOptions = USUAL) -> None:
        self._http_client = http_client
        self._options = options
        self._home = os.getpid()
        self._where: Whereabouts | None = None
        self._transports = LoopTransports(self._make)
        self._tokens: dict[ClientCredentials, AsyncSharedTokens] = {}
        # Not a method: it is asked for in each call.
        self.transport = self._transports.current
        begin_anew_after_fork(self)

    def _make(self) -> AsyncTransport:
        with importing():
            from .http.library import import_anyio  # noqa: PLC0415  # as below
            from .http.transport import AsyncTransport, Whereabouts  # noqa: PLC0415  # httpx is imported when first needed

            if self._http_client is not None and self._where is None:
                self._where = Whereabouts(self._http_client, self._home)
            import_anyio()
            return AsyncTransport(self._http_client, self._where, self._options)

    def after_fork(self) -> None:
        """Leave the parent process its connections and token requests."""
        self._tokens = {}
        self._transports.after_fork()

    def tokens(self, source: ClientCredentials, settings: Settings) -> AsyncSharedTokens:
        with importing():
            from .auth.oauth import AsyncSharedTokens, token_request  # noqa: PLC0415  # few APIs need it

        if source not in self._tokens:
            request = token_request(source, settings.base_url, settings.user_agent)
            self._tokens[source] = AsyncSharedTokens(request, settings.clock)
        return self._tokens[source]

    async def aclose(self) -> None:
        await self._transports.aclose()


def _has_reference(options: CallOptions) -> bool:
    """Whether a call has a name of the caller's own for what is to be done once.

    Raises:
        TypeError: the options are of a wrong kind.
    """
    checked("options", options, CallOptions, "CallOptions(timeout=5)")
    return options.reference is not None


def _keep(error: APIError, settings: Settings, prepared: Prepared, endpoint: Endpoint, call: Call[Any]) -> None:
    """Keep in an error what it takes to settle its call."""
    with importing():
        from .settle import KeptCall  # noqa: PLC0415  # most calls end without an error

    error.kept = KeptCall(prepared, endpoint, settings, is_strict(settings, call))


def _finished(
    settings: Settings, endpoint: Endpoint, call: Call[T], prepared: Prepared, answer: RawAnswer | None
) -> Response[T]:
    """Read the result of a call; an error keeps what it takes to settle it."""
    if answer is not None:
        tell_sunset(settings, prepared.state.info.operation, answer.headers)
    try:
        return finish(settings, endpoint, call, prepared.state, answer)
    except APIError as error:
        _keep(error, settings, prepared, endpoint, call)
        raise


def _opened(
    settings: Settings, endpoint: Endpoint, call: Call[Any], prepared: Prepared, answer: RawAnswer | None
) -> Response[None]:
    """Read the head of an answer that stays open; an error keeps what it takes to settle the call."""
    if answer is not None:
        tell_sunset(settings, prepared.state.info.operation, answer.headers)
    try:
        return finish_open(endpoint, prepared.state, answer)
    except APIError as error:
        _keep(error, settings, prepared, endpoint, call)
        raise


def _whole(transport: SyncTransport, request: WireRequest, limits: Limits) -> Result:
    return transport.attempt(request, limits)


def _awhole(transport: AsyncTransport, request: WireRequest, limits: Limits) -> Awaitable[Result]:
    return transport.attempt(request, limits)


class SyncCore:
    """Carries out calls; what resources hold of their client."""

    __slots__ = ("connection", "settings")

    def __init__(self, settings: Settings, connection: SyncConnection) -> None:
        self.settings = settings
        self.connection = connection

    def execute(self, name: str, endpoint: Endpoint, call: Call[T]) -> Response[T]:
        """Prepare a call once, send it until it is settled, and read its result.

        Raises:
            APIError: it did not end in a usable answer.
            ValueError: an argument cannot be sent.
        """
        return self._through(self._prepared(name, endpoint, call), partial(self._executed, endpoint, call))

    def _executed(self, endpoint: Endpoint, call: Call[T], prepared: Prepared) -> Response[T]:
        prepared, answer = self._carry_out(prepared, _whole)
        return _finished(self.settings, endpoint, call, prepared, answer)

    def stream(self, name: str, endpoint: Endpoint, call: Call[Any], facts: StreamFacts | None) -> Stream[Any]:
        """Carry out a call and leave the body of a success open, to be read as a stream; of bytes without facts.

        Raises:
            APIError: no stream came.
            ValueError: an argument cannot be sent.
        """
        with importing():
            from .streams.stream import BYTES, Stream, ask_for  # noqa: PLC0415  # most programs open no stream

        endpoint, call = (endpoint, call) if facts is None else ask_for(facts, endpoint, call)
        answers: list[OpenAnswer] = []
        with ExitStack() as opened:

            def send(transport: SyncTransport, request: WireRequest, limits: Limits) -> Result:
                result = self._judged(endpoint, transport.open(request, limits))
                if isinstance(result, OpenAnswer):
                    opened.callback(result.close)
                    answers.append(result)
                return result

            response = self._open(name, endpoint, call, send)
            strict = is_strict(self.settings, call)
            limit = self.settings.max_response_bytes
            stream: Stream[Any] = Stream(facts or BYTES, response, answers[-1], strict=strict, limit=limit)
            opened.pop_all()
            return stream

    def save(self, name: str, endpoint: Endpoint, call: Call[Any], target: Path) -> Response[Path]:
        """Carry out a call and write the body of a success to a file, which appears when it is complete.

        Raises:
            APIError: it did not end in a whole answer.
            OSError: the file cannot be written.
            ValueError: an argument cannot be sent.
        """
        with importing():
            from .streams.download import Download  # noqa: PLC0415  # most programs download nothing

        with Download(target) as file:

            def send(transport: SyncTransport, request: WireRequest, limits: Limits) -> Result:
                return file.receive(self._judged(endpoint, transport.open(request, limits)))

            response = self._open(name, endpoint, call, send)
            file.commit()
        return response.holding(target)

    def _open(
        self,
        name: str,
        endpoint: Endpoint,
        call: Call[Any],
        send: Callable[[SyncTransport, WireRequest, Limits], Result],
    ) -> Response[None]:
        """Carry out a call whose answer stays open, and read its head."""

        def opened(prepared: Prepared) -> Response[None]:
            prepared, answer = self._carry_out(prepared, send)
            return _opened(self.settings, endpoint, call, prepared, answer)

        return self._through(self._prepared(name, endpoint, call), opened, is_open=True)

    def _prepared(self, name: str, endpoint: Endpoint, call: Call[Any]) -> Prepared:
        begin_anew_if_forked()
        if call.options is not None and _has_reference(call.options):
            with importing():
                from .journal.hold import referred  # noqa: PLC0415  # few calls have a reference

            call = referred(self.settings, name, endpoint, call)
        return prepare(self.settings, name, endpoint, call)

    def _through(
        self, prepared: Prepared, send: Callable[[Prepared], Response[T]], *, is_open: bool = False
    ) -> Response[T]:
        if not self.settings.middleware:
            return send(prepared)
        with importing():
            from .middleware import wrapped  # noqa: PLC0415  # few clients have one

        return wrapped(self.settings, prepared, send, is_open=is_open)

    def _carry_out(
        self, prepared: Prepared, send: Callable[[SyncTransport, WireRequest, Limits], Result]
    ) -> tuple[Prepared, RawAnswer | None]:
        journal = self.settings.journal if prepared.state.info.idempotency_key is not None else None
        if journal is None:
            return prepared, self._send(prepared, send)
        with importing():
            from .journal.hold import held  # noqa: PLC0415  # few clients have a journal

        entry = held(self.settings, journal, prepared, whole=send is _whole)
        try:
            entry.open()
            if not entry.recall():
                entry.answer = self._send(entry.prepared, send)
            return entry.prepared, entry.answer
        finally:
            entry.close()

    def _send(
        self, prepared: Prepared, send: Callable[[SyncTransport, WireRequest, Limits], Result]
    ) -> RawAnswer | None:
        return drive(prepared.state, self._attempts(prepared, send), self.settings.clock.sleep)

    def _judged(self, endpoint: Endpoint, result: Result) -> Result:
        """Return an open answer, whole where the API says in it that it refused."""
        profile = endpoint.profile or self.settings.profile
        if not profile.refused:
            return result
        with importing():
            from .streams.judged import judged  # noqa: PLC0415  # few APIs refuse in a 2xx

        return judged(profile, result, partial(is_refusal, profile))

    def settle(self, resent: Resent) -> Response[Any]:
        """Send a call again until it is settled, and read its result.

        Raises:
            APIError: it did not end in a usable answer.
        """
        begin_anew_if_forked()
        prepared, answer = self._carry_out(resent.prepared, _whole)
        return _finished(self.settings, resent.endpoint, resent.call, prepared, answer)

    def resend(self, prepared: Prepared) -> RawAnswer | None:
        """Send a fully prepared call until it is settled; return None where its last attempt brought no response."""
        return self._send(prepared, _whole)

    def _attempts(
        self, prepared: Prepared, send: Callable[[SyncTransport, WireRequest, Limits], Result]
    ) -> Callable[[Limits], Result]:
        """Return a function that makes one attempt: it sends the request as it is, or with the current token."""
        transport, source = self.connection.transport(), prepared.token
        if source is None:
            return lambda limits: send(transport, prepared.state.on_the_wire(prepared.request), limits)
        with importing():
            from .auth.oauth import bearing, called  # noqa: PLC0415  # few APIs need it

        def get(refused: Token | None, limits: Limits) -> Token | NoToken:
            if isinstance(source, ClientCredentials):
                return self.connection.tokens(source, self.settings).get(refused, limits, transport.attempt)
            return called(source)

        sign = partial(signed, self.settings, prepared.unsigned, prepared.extra)

        def once(request: WireRequest, limits: Limits) -> Result:
            return send(transport, prepared.state.on_the_wire(request), limits)

        return bearing(self.settings.clock, prepared.state, sign, get, once)


class AsyncCore:
    """Carries out calls in an event loop, asyncio's or trio's."""

    __slots__ = ("connection", "settings")

    def __init__(self, settings: Settings, connection: AsyncConnection) -> None:
        self.settings = settings
        self.connection = connection

    async def execute(self, name: str, endpoint: Endpoint, call: Call[T]) -> Response[T]:
        """Prepare a call once, send it until it is settled, and read its result.

        Raises:
            APIError: it did not end in a usable answer.
            ValueError: an argument cannot be sent.
        """
        prepared = await self._prepared(name, endpoint, call)
        return await self._through(prepared, partial(self._executed, endpoint, call))

    async def _executed(self, endpoint: Endpoint, call: Call[T], prepared: Prepared) -> Response[T]:
        prepared, answer = await self._carry_out(prepared, _awhole)
        return _finished(self.settings, endpoint, call, prepared, answer)

    async def stream(
        self, name: str, endpoint: Endpoint, call: Call[Any], facts: StreamFacts | None
    ) -> AsyncStream[Any]:
        """Carry out a call and leave the body of a success open, to be read as a stream; of bytes without facts.

        Raises:
            APIError: no stream came.
            ValueError: an argument cannot be sent.
        """
        with importing():
            from .streams.stream import BYTES, AsyncStream, ask_for  # noqa: PLC0415  # most programs open no stream

        endpoint, call = (endpoint, call) if facts is None else ask_for(facts, endpoint, call)
        answers: list[AsyncOpenAnswer] = []
        async with AsyncExitStack() as opened:

            async def send(transport: AsyncTransport, request: WireRequest, limits: Limits) -> Result:
                result = await self._judged(endpoint, await transport.open(request, limits))
                if isinstance(result, AsyncOpenAnswer):
                    opened.push_async_callback(result.close)
                    answers.append(result)
                return result

            response = await self._open(name, endpoint, call, send)
            strict = is_strict(self.settings, call)
            limit = self.settings.max_response_bytes
            stream: AsyncStream[Any] = AsyncStream(facts or BYTES, response, answers[-1], strict=strict, limit=limit)
            opened.pop_all()
            return stream

    async def save(self, name: str, endpoint: Endpoint, call: Call[Any], target: Path) -> Response[Path]:
        """Carry out a call and write the body of a success to a file, which appears when it is complete.

        Raises:
            APIError: it did not end in a whole answer.
            OSError: the file cannot be written.
            ValueError: an argument cannot be sent.
        """
        with importing():
            from .streams.download import Download  # noqa: PLC0415  # most programs download nothing

        with Download(target) as file:

            async def send(transport: AsyncTransport, request: WireRequest, limits: Limits) -> Result:
                return await file.areceive(await self._judged(endpoint, await transport.open(request, limits)))

            response = await self._open(name, endpoint, call, send)
            await file.acommit()
        return response.holding(target)

    async def _open(
        self,
        name: str,
        endpoint: Endpoint,
        call: Call[Any],
        send: Callable[[AsyncTransport, WireRequest, Limits], Awaitable[Result]],
    ) -> Response[None]:
        """Carry out a call whose answer stays open, and read its head."""

        async def opened(prepared: Prepared) -> Response[None]:
            prepared, answer = await self._carry_out(prepared, send)
            return _opened(self.settings, endpoint, call, prepared, answer)

        return await self._through(await self._prepared(name, endpoint, call), opened, is_open=True)

    async def _prepared(self, name: str, endpoint: Endpoint, call: Call[Any]) -> Prepared:
        begin_anew_if_forked()
        if call.options is not None and _has_reference(call.options):
            with importing():
                from .journal.hold import referred  # noqa: PLC0415  # few calls have a reference

            call = await run_in_thread(referred, self.settings, name, endpoint, call)
        return prepare(self.settings, name, endpoint, call)

    def _through(
        self, prepared: Prepared, send: Callable[[Prepared], Awaitable[Response[T]]], *, is_open: bool = False
    ) -> Awaitable[Response[T]]:
        if not self.settings.middleware:
            return send(prepared)
        with importing():
            from .middleware import awrapped  # noqa: PLC0415  # few clients have one

        return awrapped(self.settings, prepared, send, is_open=is_open)

    async def _carry_out(
        self, prepared: Prepared, send: Callable[[AsyncTransport, WireRequest, Limits], Awaitable[Result]]
    ) -> tuple[Prepared, RawAnswer | None]:
        journal = self.settings.journal if prepared.state.info.idempotency_key is not None else None
        if journal is None:
            return prepared, await self._send(prepared, send)
        with importing():
            from .journal.hold import aheld  # noqa: PLC0415  # few clients have a journal

        entry = await aheld(self.settings, journal, prepared, whole=send is _awhole)
        try:
            with cancellation_marked(prepared.state):
                await run_in_thread(entry.open)
            if not entry.recall():
                entry.answer = await self._send(entry.prepared, send)
            elif prepared.state.waiting:
                await prepared.state.heard()
            return entry.prepared, entry.answer
        finally:
            with cancellation_marked(prepared.state):
                await run_in_thread(entry.close)

    def _send(
        self, prepared: Prepared, send: Callable[[AsyncTransport, WireRequest, Limits], Awaitable[Result]]
    ) -> Awaitable[RawAnswer | None]:
        return adrive(prepared.state, self._attempts(prepared, send), self.sleep)

    async def _judged(self, endpoint: Endpoint, result: Result) -> Result:
        """Return an open answer, whole where the API says in it that it refused."""
        profile = endpoint.profile or self.settings.profile
        if not profile.refused:
            return result
        with importing():
            from .streams.judged import ajudged  # noqa: PLC0415  # few APIs refuse in a 2xx

        return await ajudged(profile, result, partial(is_refusal, profile))

    async def settle(self, resent: Resent) -> Response[Any]:
        """Send a call again until it is settled, and read its result.

        Raises:
            APIError: it did not end in a usable answer.
        """
        begin_anew_if_forked()
        prepared, answer = await self._carry_out(resent.prepared, _awhole)
        return _finished(self.settings, resent.endpoint, resent.call, prepared, answer)

    async def resend(self, prepared: Prepared) -> RawAnswer | None:
        """Send a fully prepared call until it is settled; return None where its last attempt brought no response."""
        return await self._send(prepared, _awhole)

    def _attempts(
        self, prepared: Prepared, send: Callable[[AsyncTransport, WireRequest, Limits], Awaitable[Result]]
    ) -> Callable[[Limits], Awaitable[Result]]:
        """Return a function that makes one attempt: it sends the request as it is, or with the current token."""
        transport, source = self.connection.transport(), prepared.token
        if source is None:
            return lambda limits: send(transport, prepared.state.on_the_wire(prepared.request), limits)
        with importing():
            from .auth.oauth import abearing, acalled  # noqa: PLC0415  # few APIs need it

        async def get(refused: Token | None, limits: Limits) -> Token | NoToken:
            if isinstance(source, ClientCredentials):
                return await self.connection.tokens(source, self.settings).get(refused, limits, transport.attempt)
            return await acalled(source, limits, self.settings.clock)

        sign = partial(signed, self.settings, prepared.unsigned, prepared.extra)

        def once(request: WireRequest, limits: Limits) -> Awaitable[Result]:
            return send(transport, prepared.state.on_the_wire(request), limits)

        return abearing(self.settings.clock, prepared.state, sign, get, once)

    async def sleep(self, seconds: float) -> None:
        """Wait for some seconds in the running event loop."""
        await (self.settings.clock.asleep or _sleep)(seconds)


async def _sleep(seconds: float) -> None:
    import anyio  # noqa: PLC0415  # comes with httpx; needed only when a call waits

    await anyio.sleep(seconds)
