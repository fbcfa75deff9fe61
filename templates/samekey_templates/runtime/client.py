"""The clients behind every generated one, and the settings that they begin with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, Self

from msgspec import Struct, field, structs

from .attributes import copied
from .call import Settings
from .concurrency.fork import begin_anew_if_forked, importing
from .console_log import log_to_stderr
from .core import AsyncConnection, AsyncCore, SyncConnection, SyncCore
from .http.options import USUAL
from .request.cookies import CookieStore
from .request.servers import filled, is_absolute
from .retry.budget import RetryBudget
from .retry.dialect import Profile, refuse_standing_key
from .retry.loop import Clock, Hooks
from .retry.rules import RetryPolicy, with_max_retries
from .safety import UnlistedRule
from .text import shown_url
from .types import OMIT, Timeout, checked, checked_headers, timeout_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from uuid import UUID

    from .auth.credentials import Credential, Requirement
    from .errors import APIError
    from .http.options import AsyncHTTPClient, ConnectionOptions, HTTPClient
    from .journal.journal import Journal
    from .journal.view import AsyncJournalView, JournalView
    from .types import CallOptions, TimeoutLike

MAX_RESPONSE_BYTES: Final = 256 * 1024 * 1024
"""The size above which an answer is not read into memory, unless the caller says otherwise."""


_NO_HOOKS: Final = Hooks()


class NoJournalError(AttributeError, ValueError):
    """A client was asked for its journal and has none: for `hasattr` and `inspect.getmembers`, it is not there."""


class ApiFacts(Struct, frozen=True):
    """What the document says of the whole API.

    Args:
        base_url: the default server, its variables in braces; empty where the document names none.
        base_url_variable: the environment variable that overrides it.
        user_agent: the value of the User-Agent header.
        security: the default alternatives of credentials.
        profile: the API's dialect of idempotency.
        retry: how the API's document wants calls to be retried.
        unlisted: how calls that the document does not list carry keys.
        log_variable: the environment variable that shows the package's log.
    """

    base_url: str
    base_url_variable: str
    user_agent: str
    security: Requirement = ()
    profile: Profile = field(default_factory=Profile)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    unlisted: UnlistedRule = UnlistedRule()
    log_variable: str = ""


def make_settings(  # noqa: PLR0913  # the arguments of a client
    api: ApiFacts,
    *,
    credentials: Mapping[str, Credential],
    variables: Mapping[str, str | None] | None = None,
    parameters: Mapping[tuple[str, str], object] | None = None,
    base_url: str | None = None,
    retry: RetryPolicy | None = None,
    max_retries: int | None = None,
    timeout: TimeoutLike | None = None,
    headers: Mapping[str, str] | None = None,
    strict: bool = False,
    keep_extra_fields: bool = True,
    hooks: Hooks = _NO_HOOKS,
    middleware: Sequence[object] = (),
    is_async: bool = False,
    retry_budget: RetryBudget | None = None,
    journal: Journal | None = None,
    max_response_bytes: int = MAX_RESPONSE_BYTES,
    account: str | None = None,
) -> Settings:
    """Build the settings of a new client, with defaults for what was not given.

    Raises:
        TypeError: an argument is of a wrong kind.
        ValueError: there is no usable base URL, or the headers hold what belongs to a single call.
    """
    log_to_stderr(api.log_variable)
    _check_kinds(base_url, account, journal)
    if headers is not None:
        checked_headers(headers)
    if max_response_bytes <= 0:
        raise ValueError(f"max_response_bytes must be more than 0, not {max_response_bytes}")
    if retry_budget is not None:
        checked("retry_budget", retry_budget, RetryBudget, "RetryBudget(100)")
    refuse_standing_key(api.profile, headers or {})
    configured = base_url or os.environ.get(api.base_url_variable) or ""
    given = {name: value for name, value in (variables or {}).items() if value is not None}
    url = configured or filled(api.base_url, given)
    _check_base(api, url, "base_url" if base_url else api.base_url_variable if configured else "", variables or {})
    return Settings(
        base_url=url.rstrip("/"),
        user_agent=api.user_agent,
        credentials=credentials,
        security=api.security,
        profile=api.profile,
        retry=with_max_retries(retry, max_retries) or RetryPolicy(),
        usual_retry=api.retry,
        timeout=Timeout() if timeout is None else timeout_of(timeout),
        headers=dict(headers or {}),
        strict=strict,
        keep_extra_fields=keep_extra_fields,
        hooks=hooks,
        middleware=_middleware(middleware, is_async=is_async) if middleware else (),
        budget=RetryBudget() if retry_budget is None else retry_budget,
        clock=Clock(),
        journal=journal,
        max_response_bytes=max_response_bytes,
        variables=given,
        parameters={place: value for place, value in (parameters or {}).items() if value is not None},
        is_moved=bool(configured),
        account=account,
        unlisted=api.unlisted,
    )


def _check_kinds(base_url: object, account: object, journal: object) -> None:
    if base_url is not None:
        checked("base_url", base_url, str, "'https://api.example'")
    if account is not None:
        checked("account", account, str, "'acct_1'")
    if journal is not None and not hasattr(journal, "begin"):
        kind = type(journal).__name__
        raise TypeError(f"journal must be a journal, such as SQLiteJournal('calls.db'), and not a {kind}")


def _middleware(given: Sequence[object], *, is_async: bool) -> tuple[Any, ...]:
    with importing():
        from .middleware import checked_middleware  # noqa: PLC0415  # few clients have one

    return checked_middleware(given, is_async=is_async)


def _check_base(api: ApiFacts, url: str, source: str, variables: Mapping[str, str | None]) -> None:
    """Check that paths can be appended to a base URL.

    Args:
        api: what the document says.
        url: the base URL.
        source: the argument or the variable of the environment that it comes from; empty for the document's server.
        variables: values for the variables of the document's server.

    Raises:
        ValueError: they cannot.
    """
    if is_absolute(url) and "?" not in url and "#" not in url:
        return
    shown = shown_url(url).removesuffix("?…")
    missing = [name for name, value in variables.items() if value is None]
    wanted = f"give a value to {' and '.join(missing)}, pass base_url=" if missing and not source else "pass base_url="
    if not url:
        found = "the API's document names no server"
    elif not is_absolute(url):
        # What has a password in it may be cut at the wrong place.
        found = f"{source or 'server'}: {'it' if '@' in url else repr(shown)} is not an absolute URL"
    else:
        what = "query" if "?" in url else "fragment"
        found = f"{source or 'server'}: {shown!r} is followed by a {what}, to which no path can be appended"
        if source:
            raise ValueError(f"{found}: leave it out")
    raise ValueError(f"{found}: {wanted} or set {api.base_url_variable}")


class SyncClient:
    """The base of the generated client.

    Args:
        settings: what it keeps for all of its calls.
        http_client: the caller's own connection; it is not closed with this client.
        options: how this client connects where the caller gives no connection.
    """

    def __init__(self, settings: Settings, http_client: HTTPClient | None, options: ConnectionOptions = USUAL) -> None:
        settings.hooks.refuse_async()
        self._core = SyncCore(settings, SyncConnection(http_client, options))

    def with_options(
        self,
        *,
        retry: RetryPolicy | None = None,
        max_retries: int | None = None,
        timeout: TimeoutLike | None = None,
        headers: Mapping[str, str] | None = None,
        strict: bool | None = None,
    ) -> Self:
        """Return a copy with other settings that shares this client's connections and retry budget."""
        policy = with_max_retries(retry, max_retries)
        settings = _changed(self._core.settings, policy, timeout, headers, strict)
        return copied(self, SyncCore(settings, self._core.connection))

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = OMIT,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        returns: Any = Any,  # noqa: ANN401  # any type
        idempotency_key: str | UUID | None = None,
        options: CallOptions | None = None,
    ) -> Any:  # noqa: ANN401  # what `returns` says
        """Send a request to what the document does not list, under the same rules as all others.

        A POST or PATCH has a key, and all its retries have the same; reads, PUT and DELETE are retried without one.

        Args:
            method: the HTTP method.
            path: the path below the base URL, with a slash in front.
            json: the body, sent as JSON: plain values or models.
            params: query parameters; those that are None are not sent.
            headers: further headers.
            returns: the type of the answer, such as a model, `bytes` or `str`; by default plain JSON. None for no body.
            idempotency_key: a key of your own, for POST and PATCH.
            options: settings of this call alone.

        Raises:
            APIError: it did not end in a usable answer.
            ValueError: an argument cannot be sent.
        """
        with importing():
            from .unlisted import unlisted_call  # noqa: PLC0415  # few calls are not listed

        name, endpoint, call = unlisted_call(
            self._core.settings, method, path, json=json, params=params, headers=headers, returns=returns,
            idempotency_key=idempotency_key, options=options,
        )  # fmt: skip
        return self._core.execute(name, endpoint, call).data

    @property
    def journal(self) -> JournalView:
        """What the client's journal holds: calls that are not settled, and what became of others.

        Raises:
            NoJournalError: the client was made without a journal. It is a ValueError, and an AttributeError as well.
        """
        with importing():
            from .journal.view import JournalView  # noqa: PLC0415  # few clients have a journal

        return JournalView(self._core, _journal(self._core.settings))

    def settle(self, error: APIError, *, repeat: bool = False) -> Any:  # noqa: ANN401  # whatever the call gives
        """Send the call of an error again, the same bytes under the same key, and return its result.

        Args:
            error: how the call ended, in this process or, after `error.with_request()`, in another.
            repeat: whether it is sent though nobody says that the API can tell a retry, so that it may be done twice.

        Raises:
            APIError: it did not end in a usable answer.
            ValueError: the error holds no request, this client cannot send it as it was, or it could be done twice.
        """
        with importing():
            from .settle import resent  # noqa: PLC0415  # few calls are settled

        return self._core.settle(resent(self, self._core.settings, error, repeat=repeat)).data

    def close(self) -> None:
        """Close the connections, which copies share: no request is sent any more.

        A call that runs ends with the attempt that it has on its way.
        """
        self._core.connection.close()

    def __repr__(self) -> str:
        return _shown(self, self._core.settings)

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
        options: how this client connects where the caller gives no connection.
    """

    def __init__(
        self, settings: Settings, http_client: AsyncHTTPClient | None, options: ConnectionOptions = USUAL
    ) -> None:
        self._core = AsyncCore(settings, AsyncConnection(http_client, options))

    def with_options(
        self,
        *,
        retry: RetryPolicy | None = None,
        max_retries: int | None = None,
        timeout: TimeoutLike | None = None,
        headers: Mapping[str, str] | None = None,
        strict: bool | None = None,
    ) -> Self:
        """Return a copy with other settings that shares this client's connections and retry budget."""
        policy = with_max_retries(retry, max_retries)
        settings = _changed(self._core.settings, policy, timeout, headers, strict)
        return copied(self, AsyncCore(settings, self._core.connection))

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = OMIT,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        returns: Any = Any,  # noqa: ANN401  # any type
        idempotency_key: str | UUID | None = None,
        options: CallOptions | None = None,
    ) -> Any:  # noqa: ANN401  # what `returns` says
        """Send a request to what the document does not list, under the same rules as all others.

        A POST or PATCH has a key, and all its retries have the same; reads, PUT and DELETE are retried without one.

        Args:
            method: the HTTP method.
            path: the path below the base URL, with a slash in front.
            json: the body, sent as JSON: plain values or models.
            params: query parameters; those that are None are not sent.
            headers: further headers.
            returns: the type of the answer, such as a model, `bytes` or `str`; by default plain JSON. None for no body.
            idempotency_key: a key of your own, for POST and PATCH.
            options: settings of this call alone.

        Raises:
            APIError: it did not end in a usable answer.
            ValueError: an argument cannot be sent.
        """
        with importing():
            from .unlisted import unlisted_call  # noqa: PLC0415  # few calls are not listed

        name, endpoint, call = unlisted_call(
            self._core.settings, method, path, json=json, params=params, headers=headers, returns=returns,
            idempotency_key=idempotency_key, options=options,
        )  # fmt: skip
        return (await self._core.execute(name, endpoint, call)).data

    @property
    def journal(self) -> AsyncJournalView:
        """What the client's journal holds: calls that are not settled, and what became of others.

        Raises:
            NoJournalError: the client was made without a journal. It is a ValueError, and an AttributeError as well.
        """
        with importing():
            from .journal.view import AsyncJournalView  # noqa: PLC0415  # few clients have a journal

        return AsyncJournalView(self._core, _journal(self._core.settings))

    async def settle(self, error: APIError, *, repeat: bool = False) -> Any:  # noqa: ANN401  # whatever the call gives
        """Send the call of an error again, the same bytes under the same key, and return its result.

        Args:
            error: how the call ended, in this process or, after `error.with_request()`, in another.
            repeat: whether it is sent though nobody says that the API can tell a retry, so that it may be done twice.

        Raises:
            APIError: it did not end in a usable answer.
            ValueError: the error holds no request, this client cannot send it as it was, or it could be done twice.
        """
        with importing():
            from .settle import resent  # noqa: PLC0415  # few calls are settled

        return (await self._core.settle(resent(self, self._core.settings, error, repeat=repeat))).data

    async def close(self) -> None:
        """Close the connections, which copies share: no request is sent any more.

        A call that runs ends with the attempt that it has on its way.
        """
        await self._core.connection.aclose()

    def __repr__(self) -> str:
        return _shown(self, self._core.settings)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


def _shown(client: object, settings: Settings) -> str:
    """Return what a client is: its class, where it sends requests, and whether it has credentials, but not which."""
    kind = type(client)
    package = kind.__module__.partition(".")[0]
    credentials = "with credentials" if settings.credentials else "without credentials"
    return f"<{package}.{kind.__name__} at {shown_url(settings.base_url)}, {credentials}>"


def _changed(
    settings: Settings,
    retry: RetryPolicy | None,
    timeout: TimeoutLike | None,
    headers: Mapping[str, str] | None,
    strict: bool | None,  # noqa: FBT001
) -> Settings:
    if headers is not None:
        checked_headers(headers)
    refuse_standing_key(settings.profile, headers or {})
    if retry is not None:
        checked("retry", retry, RetryPolicy, "RetryPolicy(max_retries=5)")
    return structs.replace(
        settings,
        retry=settings.retry if retry is None else retry.over(settings.retry),
        timeout=settings.timeout if timeout is None else timeout_of(timeout),
        headers={**settings.headers, **(headers or {})},
        strict=settings.strict if strict is None else strict,
        cookies=CookieStore(),
        shared={},
    )


def _journal(settings: Settings) -> Journal:
    begin_anew_if_forked()
    if settings.journal is None:
        raise NoJournalError("this client has no journal: make it with journal=SQLiteJournal(path)")
    return settings.journal
