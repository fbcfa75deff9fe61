"""The exceptions of an HTTP library as outcomes of an attempt."""

from __future__ import annotations

import ssl
from enum import Enum, auto
from functools import cache
from typing import TYPE_CHECKING, Final

from ..request.body import BodyChangedError, SpentBodyError
from ..retry.loop import monotonic
from ..retry.rules import Failed, Failure, is_success
from ..retry.wire import CutAnswer, RaisedFailure, Result, StreamCutError
from ..text import printable, without_quotes
from .decoding import CutShortError, TooLargeError, UndecodableError
from .resolve import UnresolvedError
from .sockets import DeadlinePassedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import httpx

    from .library import Library
    from .limits import Head

_REFUSED_STREAM: Final = 7
_NO_ANSWER: Final = ": Server disconnected without sending a response"
"""What httpcore says also of an answer that breaks off inside its headers."""
_KNOWN: Final = frozenset({
    "anyio", "asyncio", "builtins", "httpcore", "httpcore2", "httpx", "httpx2", "socket", "ssl", "trio",
})  # fmt: skip
"""Whose exceptions below a failed connection say that it failed."""
_CONNECTORS: Final = frozenset({"ClientConnectorError", "ConnectionTimeoutError"})
"""Exceptions of aiohttp that say so."""
_OURS: Final = (
    OSError, SpentBodyError, BodyChangedError, DeadlinePassedError, CutShortError, UndecodableError, TooLargeError,
)  # fmt: skip


@cache
def expected(library: Library) -> tuple[type[Exception], ...]:
    """Return what an attempt may end in."""
    return (library.HTTPError, library.InvalidURL, library.StreamError, *_OURS)


class Sender(Enum):
    """Who had the request in hand when an exception was raised."""

    NOBODY = auto()
    """It was not made yet."""
    KNOWN = auto()
    """A transport whose errors say what was sent."""
    UNKNOWN = auto()
    """A transport of which nobody knows what its errors mean: it may retry, or pass on those of another request."""


def stream_cut(library: Library, error: Exception, response: httpx.Response) -> StreamCutError:
    """Convert an exception of an open response, a success, into the failure of the attempt that brought it."""
    result = failure(library, error, response)
    return StreamCutError(result if isinstance(result, Failed) else Failed(Failure.ANSWER_CUT, str(error)))


def failure(  # everything that is known of it
    library: Library,
    error: Exception,
    response: httpx.Response | Head | None,
    handled: BaseException | None = None,
    until: float = float("inf"),
    sender: Sender = Sender.KNOWN,
) -> Result:
    """Convert an exception into the outcome of an attempt.

    Args:
        library: the HTTP library that sent it.
        error: the exception.
        response: the answer, if its status line had come; its headers may have not.
        handled: what the caller was handling when they called, which Python hangs behind each exception from then on.
        until: the value of `monotonic()` at which the whole call ends.
        sender: who had the request in hand.
    """
    if isinstance(error, library.HTTPStatusError):
        # A hook of the caller's own client raises for statuses; the answer is here all the same.
        return CutAnswer(error.response.status_code, error.response.headers, b"")
    causes = list(_causes(error, handled))
    foreign = _foreign(library, causes)
    detail = printable(_words(library, causes, foreign, sender))
    timeout = isinstance(error, (library.TimeoutException, DeadlinePassedError)) and foreign is None
    if response is not None:
        return _failure_in_body(library, error, response, detail, timeout=timeout)
    kind = Failure.UNSENDABLE if sender is Sender.NOBODY else None
    if kind is None and sender is Sender.KNOWN and foreign is None:
        kind = _known_failure(library, error, causes)
    if kind is None:
        kind = Failure.DEADLINE if timeout and monotonic() >= until else Failure.ANSWER_LOST
    return RaisedFailure(kind, detail, timeout=timeout, cause=_cause(library, error))


def _known_failure(library: Library, error: Exception, causes: Sequence[BaseException]) -> Failure | None:
    """Return what a known transport's exception says of its request; None where the request may have been done."""
    match error:
        case library.ConnectError() if _certificate_refused(causes) or _has_no_host(error):
            return Failure.UNSENDABLE
        case library.ConnectTimeout() | library.ConnectError() | library.ProxyError() | UnresolvedError():
            return Failure.UNREACHABLE
        case library.LocalProtocolError() if _is_of_http2(causes):
            return None
        case library.PoolTimeout() | library.LocalProtocolError() | library.UnsupportedProtocol() | OSError():
            # What sockets raise is wrapped: an OSError is of a file that the environment names, such as certificates.
            return Failure.UNSENDABLE
        case library.RemoteProtocolError() if _not_processed(causes):
            return Failure.STREAM_REFUSED
        case _:
            return None


def _failure_in_body(
    library: Library, error: Exception, response: httpx.Response | Head, detail: str, *, timeout: bool
) -> Result:
    status = response.status_code
    if not is_success(status):
        # The status line decides; what the body would have said is lost.
        return CutAnswer(status, response.headers, b"")
    if isinstance(error, (library.DecodingError, UndecodableError, TooLargeError)):
        return RaisedFailure(Failure.UNDECODABLE, detail, status=status, cause=error)
    what = f"the answer with status {status} was cut: {detail.removesuffix(_NO_ANSWER)}"
    return RaisedFailure(Failure.ANSWER_CUT, what, timeout=timeout, status=status, cause=_cause(library, error))


def _cause(library: Library, error: Exception) -> Exception | None:
    """Return an exception as the cause of the caller's; None for one that quotes what could not be sent."""
    refused = (library.LocalProtocolError, library.UnsupportedProtocol, library.InvalidURL, library.ProxyError)
    quotes = isinstance(error, library.RemoteProtocolError) and without_quotes(str(error)) != str(error)
    return None if quotes or isinstance(error, refused) else error


def _words(library: Library, causes: Sequence[BaseException], foreign: BaseException | None, sender: Sender) -> str:
    error = causes[0]
    if sender is Sender.UNKNOWN and isinstance(error, library.TransportError):
        return without_quotes(_sentence(f"the transport failed with {type(error).__name__}", error))
    if foreign is not None:
        return f"the connection was cut: {type(foreign).__name__}"
    match error:
        case library.ConnectTimeout():
            words = "connecting timed out"
        case library.ReadTimeout():
            words = "read timed out"
        case library.WriteTimeout():
            words = "write timed out"
        case library.PoolTimeout():
            words = "no connection of the pool became free in time"
        case library.ConnectError() | UnresolvedError():
            refusal = _certificate_refused(causes)
            what = "cannot connect" if refusal is None else "the server's certificate was refused"
            words = _sentence(what, refusal or error)
        case library.ProxyError():
            # The words behind the status are the proxy's own, and may repeat its password.
            words = f"the proxy refused: {str(error).partition(' ')[0]}"
        case _:
            words = _words_of_protocol(library, error)
    return words


def _words_of_protocol(library: Library, error: BaseException) -> str:
    """Return what an exception says that may quote what was sent or came, in which there may be a credential."""
    match error:
        case library.LocalProtocolError():
            return without_quotes(_sentence("the request cannot be sent", error))
        case library.RemoteProtocolError():
            return without_quotes(_sentence("the connection was cut", error))
        case library.ReadError() | library.WriteError():
            return _sentence("the connection was cut", error)
        case library.InvalidURL():
            return without_quotes(str(error))
        case _:
            return str(error) or type(error).__name__


def _sentence(what: str, error: BaseException) -> str:
    why = str(error).rstrip(".: ")
    return f"{what}: {why}" if why else what


def _has_no_host(error: httpx.ConnectError) -> bool:
    try:
        return not error.request.url.host
    except RuntimeError:
        return False


def _foreign(library: Library, causes: Sequence[BaseException]) -> BaseException | None:
    """Return what a transport other than httpx's calls a failed connection that may have been cut later; else None.

    httpx-aiohttp turns every broken connection into a `ConnectTimeout`, one that breaks after the request was sent too.
    """
    error, *behind = causes
    if not isinstance(error, (library.ConnectError, library.ConnectTimeout)):
        return None
    if any(kind.__name__ in _CONNECTORS for cause in behind for kind in type(cause).__mro__):
        return None
    return next((cause for cause in behind if _library(cause) not in _KNOWN), None)


def _library(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _is_of_http2(causes: Sequence[BaseException]) -> bool:
    """Whether the protocol was broken over HTTP/2: httpcore says "local" also where the server broke it."""
    return any(_library(cause) == "h2" for cause in causes)


def _certificate_refused(causes: Sequence[BaseException]) -> BaseException | None:
    """Return the exception that refused the certificate; None where that is not what went wrong."""
    found = (cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError))
    return next(found, causes[0] if "CERTIFICATE_VERIFY_FAILED" in str(causes[0]) else None)


def _not_processed(causes: Sequence[BaseException]) -> bool:
    """Whether HTTP/2 said that the server did nothing with the stream; httpx hides the frame in a cause's arguments.

    REFUSED_STREAM means that (RFC 9113 section 8.7), and so does a GOAWAY whose last stream is 0 (section 6.8).
    """
    for cause in causes:
        for frame in cause.args:
            last = getattr(frame, "last_stream_id", None)
            if last == 0 or (last is None and getattr(frame, "error_code", None) == _REFUSED_STREAM):
                return True
    return False


def _causes(error: BaseException | None, handled: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those behind it, each once: a chain of exceptions may lead back to itself."""
    seen: list[BaseException] = []
    while error is not None and error is not handled and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__
