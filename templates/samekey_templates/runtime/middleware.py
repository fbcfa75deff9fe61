"""The caller's own functions around each call: they may change its request before it is frozen, and see its response.

They run once per call, whatever the number of its attempts; credentials and the idempotency key are not theirs.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from msgspec.structs import replace

from .call import Response
from .declare import public
from .request.build import ready
from .request.encode import header_value
from .retry.dialect import Carrier
from .retry.loop import last_words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from .call import Settings
    from .request.build import Prepared
    from .retry.record import CallInfo

T = TypeVar("T")


@public
class CallRequest:
    """The request of a call as a middleware sees it: once, before its first attempt, and without its credentials.

    Args:
        prepared: the call.

    Attributes:
        call: which call it is, with its method, URL and idempotency key.
        headers: names and values; what is put here is sent, what is taken out is not.
        content: the body; None where there is none, or where it is read while it is sent. Other bytes may take its
            place.
    """

    __slots__ = ("_prepared", "call", "content", "headers")

    def __init__(self, prepared: Prepared) -> None:
        content = prepared.unsigned.content
        carrier = _carrier(prepared)
        given = [*prepared.extra.items(), *prepared.unsigned.headers]
        self._prepared = prepared
        self.call: CallInfo = prepared.state.info
        self.headers = {name: value for name, value in given if name.lower() != carrier}
        self.content = content if isinstance(content, bytes) else None

    def __repr__(self) -> str:
        # Headers may be what nobody should find in a log.
        return f"<CallRequest {self.call.method} {self.call.url}>"

    def applied(self, settings: Settings) -> Prepared:
        """Return the call with what has been changed.

        Raises:
            ValueError: the key was changed, or a header cannot be sent.
            TypeError: a header has no value.
        """
        prepared = self._prepared
        carrier = _carrier(prepared)
        if any(name.lower() == carrier for name in self.headers):
            raise ValueError(f"a middleware cannot change {carrier}: one call has one key")
        listed = {name.lower() for name, _ in prepared.unsigned.headers}
        own = tuple((name, header_value(name, value)) for name, value in self.headers.items() if name.lower() in listed)
        key = tuple((name, value) for name, value in prepared.unsigned.headers if name.lower() == carrier)
        unsigned = replace(prepared.unsigned, headers=(*own, *key), content=self._content())
        extra = {name: value for name, value in self.headers.items() if name.lower() not in listed}
        return ready(settings, unsigned, prepared.state, extra, prepared.origin, prepared.reference)

    def _content(self) -> Any:  # noqa: ANN401  # as the request has it
        prepared = self._prepared
        if self.content is None:
            return prepared.unsigned.content
        key = prepared.state.info.idempotency_key
        if key is not None and prepared.state.profile.carrier is Carrier.BODY and key.encode() not in self.content:
            raise ValueError("a middleware cannot take the idempotency key out of the body: one call has one key")
        return self.content


def _carrier(prepared: Prepared) -> str:
    """Return the name of the header that carries the key, in lower case; empty where none does."""
    profile = prepared.state.profile
    has_key = prepared.state.info.idempotency_key is not None
    return profile.name.lower() if has_key and profile.carrier is Carrier.HEADER else ""


Middleware: TypeAlias = "Callable[[CallRequest, Callable[[CallRequest], Response[Any]]], Response[Any]]"
"""Takes a call's request, and a function that sends it and returns the response."""
AsyncMiddleware: TypeAlias = (
    "Callable[[CallRequest, Callable[[CallRequest], Awaitable[Response[Any]]]], Awaitable[Response[Any]]]"
)
"""Likewise, for the async client."""


def checked_middleware(given: Sequence[object], *, is_async: bool) -> tuple[Any, ...]:
    """Return a client's middleware.

    Raises:
        TypeError: one of them is no function, or one of another kind of client.
    """
    if not isinstance(given, (list, tuple)):
        raise TypeError(
            f"middleware must be a list of functions, such as [log_calls], and not a {type(given).__name__}"
        )
    for entry in given:
        if not callable(entry):
            raise TypeError(f"middleware is a list of functions, and {type(entry).__name__} is none")
        if inspect.iscoroutinefunction(entry) and not is_async:
            raise TypeError("middleware has an async function, and this client is not: pass a plain function")
    return tuple(given)


class _Once:
    """Sends a request once: whether it is sent again is for the client to decide, under the same key."""

    def __init__(
        self, settings: Settings, prepared: Prepared, send: Callable[[Prepared], Any], *, is_open: bool
    ) -> None:
        self._is_open = is_open
        self._settings = settings
        self._prepared = prepared
        self._send = send
        self._is_begun = False
        self._is_sent = False
        self._is_over = False
        self._raised: BaseException | None = None

    def __call__(self, request: CallRequest) -> Any:  # noqa: ANN401  # a response
        changed = self._begun(request)
        self._is_sent = True
        try:
            return self._send(changed)
        except BaseException as error:
            self._raised = error
            raise

    def later(self, request: CallRequest) -> Awaitable[Any]:
        """Return what sends the request, where it is awaited in time."""
        return self._awaited(self._begun(request))

    async def _awaited(self, changed: Prepared) -> Any:  # noqa: ANN401  # a response
        if self._is_over:
            raise RuntimeError("a middleware must await its request before it ends")
        self._is_sent = True
        try:
            return await self._send(changed)
        except BaseException as error:
            self._raised = error
            raise

    def _begun(self, request: CallRequest) -> Prepared:
        if self._is_begun:
            raise RuntimeError("a middleware sends its request once: the client sends it again where that is safe")
        changed = request.applied(self._settings)
        self._is_begun = True
        return changed

    def failed(self, error: BaseException) -> None:
        """Say on an error of a middleware's own what has become of the call; what the call itself raised says it."""
        self._is_over = True
        # A program that is ended between two steps of the call is not told by these.
        is_told = isinstance(error, Exception) or hasattr(error, "certainty")
        if error is not self._raised or not is_told:
            self._prepared.state.interrupt(error)

    def ended(self, response: object) -> None:
        """End the call of a middleware that has answered it by itself.

        Args:
            response: what the middleware has returned.

        Raises:
            RuntimeError: it was to be a stream or a download, of which only the server has the bytes.
            TypeError: it is no response.
        """
        self._is_over = True
        if not self._is_sent:
            self._prepared.state.forgo("a middleware answered in place of the server")
            if self._is_open:
                raise RuntimeError("a middleware cannot answer a stream or a download in place of the server")
        if not isinstance(response, Response):
            raise TypeError(f"a middleware must return the response of send, and not a {type(response).__name__}")


def wrapped(
    settings: Settings, prepared: Prepared, send: Callable[[Prepared], Response[T]], *, is_open: bool
) -> Response[T]:
    """Carry out a call through a client's middleware, the first one outermost.

    Args:
        settings: the client's.
        prepared: the call.
        send: sends it until it is settled.
        is_open: whether its answer stays open, as a stream or a download.
    """
    once = _Once(settings, prepared, send, is_open=is_open)
    try:
        response: Response[T] = _chained(settings.middleware, once)(CallRequest(prepared))
        once.ended(response)
    except BaseException as error:
        once.failed(error)
        raise
    return response


async def awrapped(
    settings: Settings, prepared: Prepared, send: Callable[[Prepared], Awaitable[Response[T]]], *, is_open: bool
) -> Response[T]:
    """Carry out a call through an async client's middleware, as `wrapped` does."""
    once = _Once(settings, prepared, send, is_open=is_open)
    try:
        response: Response[T] = await _chained(settings.middleware, once.later)(CallRequest(prepared))
        once.ended(response)
    except BaseException as error:
        once.failed(error)
        if prepared.state.waiting:
            await last_words(prepared.state)
        raise
    return response


def _chained(middleware: Sequence[Callable[..., Any]], last: Callable[[CallRequest], Any]) -> Callable[..., Any]:
    following = last
    for entry in reversed(middleware):
        following = _step(entry, following)
    return following


def _step(entry: Callable[..., Any], following: Callable[[CallRequest], Any]) -> Callable[[CallRequest], Any]:
    return lambda request: entry(request, following)
