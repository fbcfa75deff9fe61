"""How a client connects: the arguments for it, what the environment says, and what is refused when a client is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import pytest
from acme_payments import AcmePayments, AsyncAcmePayments, CallOptions
from acme_payments._runtime.http import options

from tests.behaviour.fault_server import TOKEN, Act, Answer, Fault, FaultServer

LIBRARIES = ("httpx", "httpx2")
BASE = "http://127.0.0.1:9"
CHARGE = {"id": "ch_1", "amount": 1}


# --- what is refused when a client is made ---


@pytest.mark.parametrize("kind", [AcmePayments, AsyncAcmePayments])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"base_url": f"{BASE}?version=2"}, "base_url: 'http://127.0.0.1:9' is followed by a query"),
        ({"base_url": f"{BASE}/#part"}, "base_url: 'http://127.0.0.1:9/' is followed by a fragment"),
        ({"base_url": "ftp://127.0.0.1"}, "base_url: 'ftp://127.0.0.1' is not an absolute URL"),
        ({"verify": "/nowhere/ca.pem"}, "verify: '/nowhere/ca.pem' is not a file of certificates: No such file"),
        ({"verify": 3}, "verify must be True, False, a path or an ssl.SSLContext, not 3"),
        ({"cert": "/nowhere/me.pem"}, "cert: the client's certificate cannot be read: FileNotFoundError"),
        ({"proxy": "localhost"}, "proxy: localhost is not the URL of a proxy that can be used"),
        ({"proxy": "ftp://u:pass@localhost"}, "proxy: ftp://localhost is not the URL of a proxy that can be used"),
        ({"proxy": "http://["}, "proxy is not a valid URL"),
        ({"limits": 10}, r"limits must be such as httpx.Limits\(max_connections=10\), not 10"),
        ({"limits": httpx.Limits(max_connections=0)}, "limits: max_connections must be at least 1, not 0"),
        ({"http_library": "requests"}, "http_library must be 'httpx' or 'httpx2', not 'requests'"),
    ],
)
def test_a_wrong_argument_is_named_when_the_client_is_made(kind: Any, arguments: dict[str, Any], words: str) -> None:  # noqa: ANN401
    """Not at the first call, and never as an effect that is unknown."""
    with pytest.raises(ValueError, match=words) as caught:
        kind(**{"base_url": BASE, "token": TOKEN, **arguments})
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ALL_PROXY", "socks://localhost:1080", "ALL_PROXY: socks://localhost:1080 is not the URL of a proxy"),
        ("all_proxy", "gopher://u:pass@localhost", "all_proxy: gopher://localhost is not the URL of a proxy"),
        ("HTTPS_PROXY", "http://[", "HTTPS_PROXY is not a valid URL"),
        ("HTTP_PROXY", "http://:80", "HTTP_PROXY: http://:80 names no host"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem", "SSL_CERT_FILE: '/nowhere/ca.pem' is not a file of certificates"),
        ("SSL_CERT_DIR", "/nowhere", "SSL_CERT_DIR: there is no folder '/nowhere'"),
        (
            "ACME_PAYMENTS_BASE_URL",
            f"{BASE}?a=1",
            "ACME_PAYMENTS_BASE_URL: .* is followed by a query",
        ),
    ],
)
def test_a_wrong_variable_is_named_when_the_client_is_made(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    """Whoever reads the message knows which variable to mend; a client with a connection of the caller's needs none."""
    monkeypatch.setenv(name, value)
    base: dict[str, Any] = {} if name == "ACME_PAYMENTS_BASE_URL" else {"base_url": BASE}
    with pytest.raises(ValueError, match=words) as caught:
        AcmePayments(token=TOKEN, **base)
    assert "pass@" not in str(caught.value)
    if base:
        with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(204))) as own:
            AcmePayments(token=TOKEN, base_url=BASE, http_client=own)


def nowhere(_: str) -> None:
    """Find no package."""


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """SOCKS and HTTP/2 need packages of their own."""
    monkeypatch.setattr("importlib.util.find_spec", nowhere)
    with pytest.raises(ValueError, match=r"http2=True needs the package h2: install this SDK with its extra \[http2\]"):
        AcmePayments(base_url=BASE, token=TOKEN, http2=True)
    with pytest.raises(ValueError, match=r"http_library='httpx2' needs the package httpx2: .* extra \[httpx2\]"):
        AcmePayments(base_url=BASE, token=TOKEN, http_library="httpx2")
    monkeypatch.setattr("acme_payments._runtime.http.environment.find_spec", nowhere)
    with pytest.raises(ValueError, match=r"proxy: socks5://localhost needs the package socksio: .* extra \[socks\]"):
        AcmePayments(base_url=BASE, token=TOKEN, proxy="socks5://u:pass@localhost")


@pytest.mark.parametrize(
    ("kind", "own", "words"),
    [
        (
            AcmePayments,
            httpx.AsyncClient,
            "is an httpx.AsyncClient: this sync client needs an httpx.Client",
        ),
        (
            AsyncAcmePayments,
            httpx.Client,
            "is an httpx.Client: this async client needs an httpx.AsyncClient",
        ),
        (AsyncAcmePayments, httpx2.Client, "is an httpx2.Client: this async client needs an httpx2.AsyncClient"),
        (AcmePayments, object, "http_client is of the type object: it must be an httpx.Client or an httpx2.Client"),
        (AcmePayments, lambda: httpx.Client, "itself: it must be an httpx.Client"),
    ],
)
def test_a_client_of_another_kind_is_refused(kind: Any, own: Any, words: str) -> None:  # noqa: ANN401
    """When the client is made, and not when the first payment is on its way."""
    if httpx is httpx2:
        words = words.replace("httpx2.", "httpx.").replace(
            "an httpx.Client or an httpx.Client", "an httpx.Client or an"
        )
    with pytest.raises(TypeError, match=words):
        kind(base_url=BASE, token=TOKEN, http_client=own())


@pytest.mark.parametrize("name", ["verify", "cert", "proxy", "limits", "http2"])
def test_what_a_client_of_the_callers_own_decides_is_not_an_argument_beside_it(name: str) -> None:
    """It would be without effect, and the caller would not know."""
    values = {"verify": False, "cert": "me.pem", "proxy": BASE, "limits": httpx.Limits(), "http2": True}
    with httpx.Client() as own, pytest.raises(ValueError, match=f"{name}= is for the SDK's own connections"):
        AcmePayments(base_url=BASE, token=TOKEN, http_client=own, **{name: values[name]})  # type: ignore[arg-type]


def test_what_is_kept_of_a_proxy_shows_no_password() -> None:
    """Not even in a traceback that shows local variables."""
    kept = options.ConnectionOptions(proxy="http://user:pass@localhost", cert=("a", "b", "pass"))
    assert "pass" not in repr(kept)


# --- what goes through which connections ---


@pytest.fixture
def proxy() -> Iterator[FaultServer]:
    """A server that is asked as a proxy: it answers for every host."""
    with FaultServer() as found:
        yield found


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("passed_by", "is_direct"),
    [
        ("127.0.0.1", True), ("127.0.0.0/8", True), ("*", True), ("::1, 127.0.0.1", True), ("[::1],fd00::/8", False),
        ("example.com,.example.org", False), ("", False), ("10.0.0.0/8,,%%", False),
    ],
)  # fmt: skip
def test_hosts_are_reached_without_a_proxy_where_the_environment_says_so(  # fixtures
    monkeypatch: pytest.MonkeyPatch,
    server: FaultServer,
    proxy: FaultServer,
    library: Any,  # noqa: ANN401
    passed_by: str,
    is_direct: bool,  # noqa: FBT001
) -> None:
    """By address, by network, by name; entries that nobody understands are passed over."""
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", passed_by)
    with AcmePayments(base_url=server.url, token=TOKEN, http_library=library) as client:
        client.charges.get("ch_1")
    assert (len(server.seen), len(proxy.seen)) == ((1, 0) if is_direct else (0, 1))


def test_a_wrong_no_proxy_without_a_proxy_means_nothing(monkeypatch: pytest.MonkeyPatch, server: FaultServer) -> None:
    """Many containers set it to networks of IPv6, whether there is a proxy or not."""
    monkeypatch.setenv("NO_PROXY", "fd00::/8,[::1],[,]")
    with AcmePayments(base_url=server.url, token=TOKEN) as client:
        client.charges.get("ch_1")
    assert len(server.seen) == 1


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_proxy_by_argument_comes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    server: FaultServer,
    proxy: FaultServer,
    library: Any,  # noqa: ANN401
) -> None:
    """Also before NO_PROXY, which is about the environment's proxies."""
    monkeypatch.setenv("HTTP_PROXY", BASE)
    monkeypatch.setenv("NO_PROXY", "*")
    with AcmePayments(base_url=server.url, token=TOKEN, http_library=library, proxy=proxy.url) as client:
        client.charges.get("ch_1")
    assert (len(server.seen), len(proxy.seen)) == (0, 1)


# --- cookies ---


@pytest.mark.parametrize("library", LIBRARIES)
def test_copies_share_no_cookies(server: FaultServer, library: Any) -> None:  # noqa: ANN401
    """A copy may act for somebody else; what a server sets for the one is not sent for the other."""
    server.plan(*[setting_cookie("sid=alice"), Fault(), setting_cookie("sid=bob"), Fault(), Fault()])
    with AcmePayments(base_url=server.url, token=TOKEN, http_library=library) as alice:
        bob = alice.with_options(headers={"X-User": "bob"})
        for client in (alice, bob, bob, alice, bob):
            client.charges.get("ch_1")
    assert [request.every("cookie") for request in server.seen] == [[], [], [], ["sid=alice"], ["sid=bob"]]


def test_cookies_are_kept_within_a_client(server: FaultServer) -> None:
    """Beside those that a call gives itself, in one field; from redirects and from refusals as well."""
    server.plan(setting_cookie("sid=1; Path=/"), Fault())
    with AcmePayments(base_url=server.url, token=TOKEN) as client:
        client.charges.get("ch_1")
        client.charges.get("ch_1", options=CallOptions(headers={"Cookie": "lang=de"}))
    assert server.seen[1].every("cookie") == ["lang=de; sid=1"]


def setting_cookie(cookie: str) -> Fault:
    """Make an answer that sets a cookie."""
    return Fault(Act.ANSWER, answer=Answer(200, CHARGE, {"Set-Cookie": cookie}))
