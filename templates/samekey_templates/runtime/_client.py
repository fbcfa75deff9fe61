"""The clients behind every generated one: settings, the connection, and how a call is carried out."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import urlsplit

from ._answers import finish
from ._budget import Budget
from ._call import Settings
from ._drive import Clock, Hooks, adrive, drive
from ._journaling import AsyncJournalView, JournalView, close_entry, in_thread, journaled, open_entry
from ._policy import RetryPolicy
from ._prepare import Prepared, prepare
from ._profile import Profile
from ._types import Timeout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    import httpx

    from ._auth import Credential, Requirement
    from ._call import Call, Endpoint, Response
    from ._journal import Journal
    from ._record import AttemptEvent, RetryEvent
    from ._transport import AsyncTransport, SyncTransport
    from ._wire import RawAnswer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ApiFacts:
    """What the document says of the whole API.

    Args:
        base_url: the default server; empty where the document names none that can stand alone.
        base_url_variable: the environment variable that overrides it.
        user_agent: the value of the User-Agent header.
        security: the default alternatives of credentials.
        profile: the API's dialect of idempotency.
        retry: how the API's document wants calls to be retried.
    """

    base_url: str
    base_url_variable: str
    user_agent: str
    security: Requirement = ()
    profile: Profile = field(default_factory=Profile)
    retry: RetryPolicy = field(default_factory=RetryPolicy)


def make_settings(  # noqa: PLR0913  # the arguments of a client
    api: ApiFacts,
    *,
    credentials: Mapping[str, Credential],
    base_url: str | None = None,
    retry: RetryPolicy | None = None,
    timeout: Timeout | None = None,
    headers: Mapping[str, str] | None = None,
    strict: bool = False,
    on_attempt: Callable[[AttemptEvent], None] | None = None,
    on_retry: Callable[[RetryEvent], None] | None = None,
    journal: Journal | None = None,
) -> Settings:
    """The settings of a new client, with defaults for what was not given.

    Raises:
        ValueError: there is no usable base URL.
    """
    url = base_url or os.environ.get(api.base_url_variable) or api.base_url
    if not _is_absolute(url):
        found = f"{url!r} is no absolute URL" if url else "the API's document names no server"
        raise ValueError(f"{found}: pass base_url= or set {api.base_url_variable}")
    return Settings(
        base_url=url.rstrip("/"),
        user_agent=api.user_agent,
        credentials=credentials,
        security=api.security,
        profile=api.profile,
        retry=retry,
        usual_retry=api.retry,
        timeout=timeout or Timeout(),
        headers=dict(headers or {}),
        strict=strict,
        hooks=Hooks(on_attempt, on_retry),
        budget=Budget(),
        clock=Clock(),
        journal=journal,
    )


def _is_absolute(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


class _SyncConnection:
    """A transport made when first needed, shared by a client and its copies."""

    def __init__(self, http_client: httpx.Client | None) -> None:
        self._http_client = http_client
        self._transport: SyncTransport | None = None
        self._lock = threading.Lock()

    def transport(self) -> SyncTransport:
        if self._transport is None:
            from ._transport import SyncTransport  # noqa: PLC0415  # httpx is imported when it is first needed

            with self._lock:
                self._transport = self._transport or SyncTransport(self._http_client)
        return self._transport

    def close(self) -> None:
        with self._lock:
            transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()


class _AsyncConnection:
    """Like `_SyncConnection`, for an event loop."""

    def __init__(self, http_client: httpx.AsyncClient | None) -> None:
        self._http_client = http_client
        self._transport: AsyncTransport | None = None

    def transport(self) -> AsyncTransport:
        if self._transport is None:
            from ._transport import AsyncTransport  # noqa: PLC0415  # httpx is imported when it is first needed

            self._transport = AsyncTransport(self._http_client)
        return self._transport

    async def aclose(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()


class SyncCore:
    """Carries out calls; what resources hold of their client."""

    __slots__ = ("connection", "settings")

    def __init__(self, settings: Settings, connection: _SyncConnection) -> None:
        self.settings = settings
        self.connection = connection

    def execute(self, name: str, endpoint: Endpoint, call: Call[T]) -> Response[T]:
        """Prepare once, send until it is settled, and read the result.

        Raises:
            APIError: it did not end in a usable answer.
            ValueError: an argument cannot be sent.
        """
        prepared = prepare(self.settings, name, endpoint, call)
        journal = self.settings.journal if prepared.flight.info.idempotency_key is not None else None
        if journal is None:
            answer = self._send(prepared)
        else:
            prepared = journaled(self.settings, prepared)
            open_entry(self.settings, journal, prepared)
            try:
                answer = self._send(prepared)
            finally:
                close_entry(self.settings, journal, prepared.flight)
        return finish(self.settings, endpoint, call, prepared.flight, answer)

    def _send(self, prepared: Prepared) -> RawAnswer | None:
        transport, request = self.connection.transport(), prepared.request
        return drive(prepared.flight, lambda limits: transport.attempt(request, limits), self.settings.clock.sleep)


class AsyncCore:
    """Carries out calls in an event loop, asyncio's or trio's."""

    __slots__ = ("connection", "settings")

    def __init__(self, settings: Settings, connection: _AsyncConnection) -> None:
        self.settings = settings
        self.connection = connection

    async def execute(self, name: str, endpoint: Endpoint, call: Call[T]) -> Response[T]:
        """Prepare once, send until it is settled, and read the result.

        Raises:
            APIError: it did not end in a usable answer.
            ValueError: an argument cannot be sent.
        """
        prepared = prepare(self.settings, name, endpoint, call)
        journal = self.settings.journal if prepared.flight.info.idempotency_key is not None else None
        if journal is None:
            answer = await self._send(prepared)
        else:
            prepared = journaled(self.settings, prepared)
            await in_thread(open_entry, self.settings, journal, prepared)
            try:
                answer = await self._send(prepared)
            finally:
                await in_thread(close_entry, self.settings, journal, prepared.flight)
        return finish(self.settings, endpoint, call, prepared.flight, answer)

    async def _send(self, prepared: Prepared) -> RawAnswer | None:
        transport, request = self.connection.transport(), prepared.request
        return await adrive(prepared.flight, lambda limits: transport.attempt(request, limits), self.sleep)

    async def sleep(self, seconds: float) -> None:
        """Wait in the running event loop."""
        await (self.settings.clock.asleep or _sleep)(seconds)


class SyncClient:
    """The base of the generated client.

    Args:
        settings: what it keeps for all of its calls.
        http_client: the caller's own connection; it is not closed with this client.
    """

    def __init__(self, settings: Settings, http_client: httpx.Client | None) -> None:
        self._core = SyncCore(settings, _SyncConnection(http_client))

    def with_options(
        self,
        *,
        retry: RetryPolicy | None = None,
        timeout: Timeout | None = None,
        headers: Mapping[str, str] | None = None,
        strict: bool | None = None,
    ) -> Self:
        """A copy with other settings that shares the connection and the retry budget."""
        copy = object.__new__(type(self))
        copy._core = SyncCore(_changed(self._core.settings, retry, timeout, headers, strict), self._core.connection)
        return copy

    @property
    def journal(self) -> JournalView:
        """What the client's journal still holds.

        Raises:
            ValueError: the client was made without a journal.
        """
        return JournalView(self._core, _journal(self._core.settings))

    def close(self) -> None:
        """Close the connections; the client may be used again and opens new ones."""
        self._core.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient:
    """The base of the generated async client.

    Args:
        settings: what it keeps for all of its calls.
        http_client: the caller's own connection; it is not closed with this client.
    """

    def __init__(self, settings: Settings, http_client: httpx.AsyncClient | None) -> None:
        self._core = AsyncCore(settings, _AsyncConnection(http_client))

    def with_options(
        self,
        *,
        retry: RetryPolicy | None = None,
        timeout: Timeout | None = None,
        headers: Mapping[str, str] | None = None,
        strict: bool | None = None,
    ) -> Self:
        """A copy with other settings that shares the connection and the retry budget."""
        copy = object.__new__(type(self))
        copy._core = AsyncCore(_changed(self._core.settings, retry, timeout, headers, strict), self._core.connection)
        return copy

    @property
    def journal(self) -> AsyncJournalView:
        """What the client's journal still holds.

        Raises:
            ValueError: the client was made without a journal.
        """
        return AsyncJournalView(self._core, _journal(self._core.settings))

    async def close(self) -> None:
        """Close the connections; the client may be used again and opens new ones."""
        await self._core.connection.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


def _changed(
    settings: Settings,
    retry: RetryPolicy | None,
    timeout: Timeout | None,
    headers: Mapping[str, str] | None,
    strict: bool | None,  # noqa: FBT001
) -> Settings:
    return replace(
        settings,
        retry=retry or settings.retry,
        timeout=timeout or settings.timeout,
        headers={**settings.headers, **(headers or {})},
        strict=settings.strict if strict is None else strict,
    )


def _journal(settings: Settings) -> Journal:
    if settings.journal is None:
        raise ValueError("this client has no journal: make it with journal=SQLiteJournal(path)")
    return settings.journal


async def _sleep(seconds: float) -> None:
    import anyio  # noqa: PLC0415  # comes with httpx; needed only when a call waits

    await anyio.sleep(seconds)
