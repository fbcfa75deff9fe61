"""What each exception of httpx means: whether the server can have seen the request, and whether time ran out."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Generator

import anyio
import httpx
import pytest
from samekey_templates.runtime.http.failures import failure
from samekey_templates.runtime.http.library import http_library
from samekey_templates.runtime.http.transport import AsyncTransport, SyncTransport
from samekey_templates.runtime.retry.rules import Failed, Failure
from samekey_templates.runtime.retry.wire import CutAnswer, Limits, RawAnswer, Result, WireRequest
from samekey_templates.runtime.types import Timeout

REQUEST = httpx.Request("POST", "http://api.test/")


@pytest.mark.parametrize(
    ("error", "kind", "timeout"),
    [
        (httpx.ConnectTimeout("t"), Failure.UNREACHABLE, True),
        (httpx.ConnectError("refused"), Failure.UNREACHABLE, False),
        (httpx.ConnectError(""), Failure.UNREACHABLE, False),
        (httpx.ProxyError("502 from the proxy"), Failure.UNREACHABLE, False),
        (httpx.PoolTimeout("full"), Failure.UNSENDABLE, True),
        (httpx.LocalProtocolError("Illegal header value"), Failure.UNSENDABLE, False),
        (httpx.UnsupportedProtocol("ftp"), Failure.UNSENDABLE, False),
        (httpx.InvalidURL("unreadable location"), Failure.ANSWER_LOST, False),
        (httpx.ReadTimeout("t"), Failure.ANSWER_LOST, True),
        (httpx.WriteTimeout("t"), Failure.ANSWER_LOST, True),
        (httpx.ReadError("reset"), Failure.ANSWER_LOST, False),
        (httpx.WriteError("reset"), Failure.ANSWER_LOST, False),
        (httpx.CloseError("reset"), Failure.ANSWER_LOST, False),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), Failure.ANSWER_LOST, False),
        (httpx.RemoteProtocolError("illegal status line"), Failure.ANSWER_LOST, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_before_a_status_line(error: Exception, kind: Failure, timeout: bool) -> None:  # noqa: FBT001
    """Row by row of the retry rules; what could have left is never told as not sent."""
    result = failure(http_library("httpx"), error, None)
    assert isinstance(result, Failed)
    assert (result.failure, result.timeout, result.status) == (kind, timeout, None)
    assert result.detail
    assert not result.detail.endswith((": ", "."))


def test_a_certificate_that_is_refused_is_found_in_the_chain() -> None:
    """However deep the HTTP library has wrapped it, by cause or by context, and whatever its message."""
    for attribute in ("__cause__", "__context__"):
        wrapped = httpx.ConnectError("")
        middle = RuntimeError("in between")
        setattr(middle, attribute, ssl.SSLCertVerificationError("self-signed certificate"))
        setattr(wrapped, attribute, middle)
        result = failure(http_library("httpx"), wrapped, None)
        assert isinstance(result, Failed)
        assert result.failure is Failure.UNSENDABLE


def test_another_tls_failure_is_worth_a_retry() -> None:
    """A handshake that was cut is no refusal."""
    wrapped = httpx.ConnectError("EOF occurred in violation of protocol")
    wrapped.__cause__ = ssl.SSLEOFError(8, "EOF occurred in violation of protocol")
    result = failure(http_library("httpx"), wrapped, None)
    assert isinstance(result, Failed)
    assert result.failure is Failure.UNREACHABLE


def test_a_chain_of_exceptions_may_lead_back_to_itself() -> None:
    """A loop of causes ends the search."""
    first, second = httpx.ConnectError("a"), RuntimeError("b")
    first.__context__, second.__context__ = second, first
    result = failure(http_library("httpx"), first, None)
    assert isinstance(result, Failed)
    assert result.failure is Failure.UNREACHABLE


@pytest.mark.parametrize("error", [httpx.ReadError("cut"), httpx.RemoteProtocolError("cut"), httpx.ReadTimeout("t")])
@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_after_the_status_line_of_a_success(error: Exception, status: int) -> None:
    """Done, but the answer is lost."""
    result = failure(http_library("httpx"), error, httpx.Response(status, request=REQUEST))
    assert isinstance(result, Failed)
    assert (result.failure, result.status) == (Failure.ANSWER_CUT, status)
    assert result.timeout is isinstance(error, httpx.TimeoutException)
    assert str(status) in result.detail


@pytest.mark.parametrize("error", [httpx.ReadError("cut"), httpx.DecodingError("bad gzip"), httpx.ReadTimeout("t")])
@pytest.mark.parametrize("status", [302, 400, 404, 409, 429, 500, 503])
def test_after_the_status_line_of_a_failure(error: Exception, status: int) -> None:
    """The status line decides; what the body would have said is lost."""
    result = failure(
        http_library("httpx"), error, httpx.Response(status, headers={"Retry-After": "2"}, request=REQUEST)
    )
    assert isinstance(result, CutAnswer)
    assert (result.status, result.content, result.headers["retry-after"]) == (status, b"", "2")


def test_a_success_that_cannot_be_unpacked() -> None:
    """Complete, but not to be decoded."""
    result = failure(http_library("httpx"), httpx.DecodingError("bad gzip"), httpx.Response(200, request=REQUEST))
    assert isinstance(result, Failed)
    assert (result.failure, result.status) == (Failure.UNDECODABLE, 200)


def test_the_transport_needs_no_network_to_be_made_and_closed() -> None:
    """Its own client is made with it and closed with it; the caller's is left alone."""
    own = httpx.Client()
    SyncTransport(own).close()
    assert not own.is_closed
    own.close()
    transport = SyncTransport()
    transport.close()
    refused = transport.attempt(
        WireRequest("GET", "http://127.0.0.1:9/", (), None), Limits(Timeout(), time.monotonic() + 5)
    )
    assert isinstance(refused, Failed)
    assert (refused.failure, refused.detail) == (Failure.UNSENDABLE, "the client is closed: make a new one")
    assert isinstance(AsyncTransport(), AsyncTransport)


@pytest.mark.parametrize(
    "url", ["http://host:port/", "http://[::1/", "ftp://host/", "host/path", "http://", "http://\x00/"]
)
def test_a_bad_url_is_unsendable(url: str) -> None:
    """Not retried, NOT_SENT, and no exception of another library."""
    transport = SyncTransport()
    limits = Limits(Timeout(), time.monotonic() + 5)
    result = transport.attempt(WireRequest("GET", url, (), None), limits)
    transport.close()
    assert isinstance(result, Failed)
    assert result.failure is Failure.UNSENDABLE


@pytest.mark.parametrize(("name", "value"), [("X\r\nY", "1"), ("X", "1\r\nY: 2"), ("X Y", "1"), ("X", "\x00")])
def test_bad_headers_are_unsendable(name: str, value: str) -> None:
    """Even where nothing before has refused them, they do not leave."""
    transport = SyncTransport(httpx.Client(transport=httpx.HTTPTransport(), trust_env=False))
    limits = Limits(Timeout(connect=0.2), time.monotonic() + 5)
    result = transport.attempt(WireRequest("GET", "http://127.0.0.1:9/", ((name, value),), None), limits)
    transport._client.close()  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType]
    assert isinstance(result, Failed)
    assert result.failure in (Failure.UNSENDABLE, Failure.UNREACHABLE)


class ServerDisconnectedError(Exception):
    """What aiohttp raises where a connection breaks, whenever that is."""

    __module__ = "aiohttp.client_exceptions"


class ClientConnectorError(Exception):
    """What aiohttp raises where no connection comes about."""

    __module__ = "aiohttp.client_exceptions"


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (ServerDisconnectedError(), Failure.ANSWER_LOST),
        (ClientConnectorError(), Failure.UNREACHABLE),
        (ConnectionRefusedError(), Failure.UNREACHABLE),
        (None, Failure.UNREACHABLE),
    ],
)
@pytest.mark.parametrize("error", [httpx.ConnectTimeout("x"), httpx.ConnectError("x")])
def test_a_transport_of_others_is_not_believed_blindly(
    error: Exception, cause: Exception | None, kind: Failure
) -> None:
    """Some call it a failed connection when one breaks after the request was sent, and that is no proof of nothing."""
    error.__cause__ = cause
    result = failure(http_library("httpx"), error, None)
    assert isinstance(result, Failed)
    assert result.failure is kind
    assert result.timeout is (kind is Failure.UNREACHABLE and isinstance(error, httpx.ConnectTimeout))


def attempted(call_style: str, handler: Callable[[httpx.Request], httpx.Response]) -> Result:
    """One attempt of an unsafe request, through a client of the caller's own."""
    request, limits = WireRequest("POST", str(REQUEST.url), (), b"{}"), Limits(Timeout(), time.monotonic() + 5)
    if call_style == "sync":
        with httpx.Client(transport=httpx.MockTransport(handler)) as client:
            return SyncTransport(client).attempt(request, limits)

    async def main() -> Result:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as client:
            return await AsyncTransport(client).attempt(request, limits)

    return anyio.run(main, backend=call_style)


class Frame(str):
    """A frame of HTTP/2, as httpcore hides it in the arguments of an exception."""

    __slots__ = ()
    error_code = 7


class DoesNotExist(Exception):  # noqa: N818  # as others name theirs
    """An exception of somebody else's."""

    __module__ = "shop.models"


@pytest.mark.parametrize("call_style", ["sync", "asyncio", "trio"])
@pytest.mark.parametrize(
    ("handled", "error", "kind"),
    [
        (httpx.RemoteProtocolError(Frame()), httpx.RemoteProtocolError("cut"), Failure.ANSWER_LOST),
        (DoesNotExist(), httpx.ConnectError("refused"), Failure.UNREACHABLE),
        (ssl.SSLCertVerificationError(), httpx.ConnectError("refused"), Failure.UNREACHABLE),
    ],
)
def test_what_the_caller_is_handling_is_no_part_of_the_failure(
    call_style: str, handled: Exception, error: Exception, kind: Failure
) -> None:
    """A call made inside `except` is judged as any other, though Python hangs the one exception behind the other."""

    def fail(_: httpx.Request) -> httpx.Response:
        # As a new one: an exception keeps what is hung behind it.
        raise type(error)(*error.args)

    try:
        raise handled
    except Exception:  # noqa: BLE001  # that is what it is about
        result = attempted(call_style, fail)
    assert isinstance(result, Failed)
    assert result.failure is kind


@pytest.mark.parametrize("call_style", ["sync", "asyncio", "trio"])
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), Failure.ANSWER_LOST),
        (httpx.ConnectTimeout("slow"), Failure.ANSWER_LOST),
        (httpx.PoolTimeout("busy"), Failure.REDIRECTED),
        (httpx.ReadTimeout("slow"), Failure.ANSWER_LOST),
    ],
)
def test_what_is_not_reached_behind_a_redirect_was_not_unsent(call_style: str, error: Exception, kind: Failure) -> None:
    """The server had the first request of the attempt, so nobody knows what was done with it."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if len(seen) > 1:
            raise error
        return httpx.Response(307, headers={"Location": "/other"})

    result = attempted(call_style, answer)
    assert isinstance(result, Failed)
    assert [len(seen), result.failure] == [2, kind]


class Failing(httpx.Auth):
    """Asks for a token first, and raises for the status of that answer."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Ask for a token."""
        (yield httpx.Request("POST", "http://tokens.test/")).raise_for_status()
        yield request


def test_a_status_of_another_request_is_no_answer_of_the_api() -> None:
    """What an authentication of the caller's own raises reaches the caller as it is."""
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(409)), auth=Failing())
    request, limits = WireRequest("POST", str(REQUEST.url), (), b"{}"), Limits(Timeout(), time.monotonic() + 5)
    with client, pytest.raises(httpx.HTTPStatusError):
        SyncTransport(client).attempt(request, limits)


@pytest.mark.parametrize("host", ["api..example.test", "a" * 64 + ".test"])
@pytest.mark.parametrize("call_style", ["sync", "asyncio"])
def test_a_name_that_is_none_is_unsendable(call_style: str, host: str) -> None:
    """A socket raises no error of the network for it, so it never gets there."""
    request, limits = WireRequest("POST", f"http://{host}/", (), b"{}"), Limits(Timeout(), time.monotonic() + 5)

    async def main() -> Result:
        return await AsyncTransport().attempt(request, limits)

    result = anyio.run(main) if call_style == "asyncio" else SyncTransport().attempt(request, limits)
    assert isinstance(result, Failed)
    assert result.failure is Failure.UNSENDABLE


def test_cookies_of_the_server_join_those_of_the_call() -> None:
    """In one field, as RFC 6265 section 5.4 asks, and byte for byte as they came."""
    seen: list[list[bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append([value for name, value in request.headers.raw if name.lower() == b"cookie"])
        return httpx.Response(200, headers=[(b"Set-Cookie", "lb=\u65e5; Path=/".encode())])

    headers = (("Cookie", "session=s3cret"),)
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        for given in (headers, headers, ()):
            limits = Limits(Timeout(), time.monotonic() + 5)
            result = SyncTransport(client).attempt(WireRequest("GET", str(REQUEST.url), given, None), limits)
            assert isinstance(result, RawAnswer)
    assert seen == [[b"session=s3cret"], ["session=s3cret; lb=\u65e5".encode()], ["lb=\u65e5".encode()]]
