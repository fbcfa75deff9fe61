"""The proxy in front of somebody else's API: here another sandbox plays the somebody."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from samekey.sandbox.errors import FaultError, SandboxError
from samekey.sandbox.server.chaos import Upstream, open_chaos
from samekey.sandbox.server.faults import INSIDE, Fault, Plan, Rule
from samekey.sandbox.server.serving import Running, in_thread

CHARGE = {"amount": 1999, "currency": "eur"}
HEADERS = {"Authorization": "Bearer x", "Idempotency-Key": "2f1c7a54-90b3-4e0e-8d25-6a1f0c9be731"}


@pytest.fixture
def proxy(payments: Running, tmp_path: Path) -> Generator[Running]:
    """A proxy in front of the payments API."""
    with in_thread(open_chaos(Upstream(payments.url, str(tmp_path / "chaos.db")))) as server:
        yield server


def test_requests_and_answers_pass_unchanged(proxy: Running, payments: Running) -> None:
    """Path, query, headers and bodies go through, and so do errors; nobody adds a header of their own."""
    through = httpx.post(f"{proxy.url}/charges", json=CHARGE, headers=HEADERS)
    again = httpx.post(f"{payments.url}/charges", json=CHARGE, headers=HEADERS)
    assert through.status_code == 201
    assert through.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    listed = httpx.get(f"{proxy.url}/charges", params={"limit": 1}, headers=HEADERS)
    assert [entry["id"] for entry in listed.json()["data"]] == [through.json()["id"]]
    assert httpx.get(f"{proxy.url}/charges", params={"limit": 0}, headers=HEADERS).status_code == 400
    refused = httpx.get(f"{proxy.url}/charges").headers
    assert refused["www-authenticate"] == "Bearer"
    assert len(refused.get_list("date")) == 1


@pytest.mark.parametrize("fault", sorted(set(Fault) - INSIDE))
def test_faults_strike_somebody_elses_api(proxy: Running, payments: Running, fault: Fault) -> None:
    """Whatever the proxy does to the first attempt, the key makes it one charge, and the ledger has the fault."""
    proxy.fail(Rule(fault, "POST /charges", times=1, seconds=0.1))
    statuses: list[int] = []
    while 201 not in statuses and len(statuses) < 3:
        try:
            statuses.append(httpx.post(f"{proxy.url}/charges", json=CHARGE, headers=HEADERS).status_code)
        except httpx.TransportError:
            statuses.append(0)
            time.sleep(0.15)
    assert statuses[-1] == 201
    assert payments.totals().effects == 1
    assert proxy.totals().faults == {fault.value: 1}


def test_an_answer_is_cut_after_the_upstream_has_given_it(proxy: Running, payments: Running) -> None:
    """The charge is made, the client does not know, and finds it by its key."""
    proxy.fail(Rule(Fault.CUT, times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(f"{proxy.url}/charges", json=CHARGE, headers=HEADERS)
    assert payments.totals().effects == 1
    assert httpx.post(f"{proxy.url}/charges", json=CHARGE, headers=HEADERS).headers["idempotent-replayed"] == "true"
    assert proxy.totals().replays == 1


def test_an_upstream_that_is_not_there_is_a_bad_gateway(tmp_path: Path) -> None:
    """502, in the words of a gateway."""
    with in_thread(open_chaos(Upstream("http://127.0.0.1:1", str(tmp_path / "chaos.db")))) as server:
        answer = httpx.get(f"{server.url}/anything")
        assert (answer.status_code, answer.json()["code"]) == (502, "upstream")


def test_what_cannot_be_proxied_is_refused(tmp_path: Path) -> None:
    """An address that is none, and faults of a server's inside."""
    store = str(tmp_path / "chaos.db")
    with pytest.raises(SandboxError, match="not the address"):
        open_chaos(Upstream("ftp://x", store))
    with pytest.raises(SandboxError, match="no credentials"):
        open_chaos(Upstream("http://me:secret@127.0.0.1:1", store))
    with pytest.raises(FaultError, match="inside"):
        open_chaos(Upstream("http://127.0.0.1:1", store, plan=Plan((Rule(Fault.SLOW),))))


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:port", "ftp://127.0.0.1", "127.0.0.1:80", "http://"])
def test_what_is_no_address_is_refused(tmp_path: Path, url: str) -> None:
    """In a line that names the option."""
    with pytest.raises(SandboxError, match="--upstream is not the address of an API"):
        open_chaos(Upstream(url, str(tmp_path / "chaos.db")))


def test_a_proxy_keeps_no_cookies_and_passes_on_no_hops(tmp_path: Path) -> None:
    """One client's session is not another's; headers of one connection end there; redirects lead here again."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(302)
            host = self.headers["host"]
            for name, value in (
                ("Set-Cookie", "session=ALICE"), ("Location", f"http://{host}/next?a=1"), ("Connection", "X-Hop"),
                ("X-Hop", "1"), ("X-End", "1"), ("Content-Length", "0"),
            ):  # fmt: skip
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as upstream:
        threading.Thread(target=upstream.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{upstream.server_port}"
        with in_thread(open_chaos(Upstream(url, str(tmp_path / "chaos.db")))) as proxy:
            sent = {"Connection": "X-Mine", "X-Mine": "1", "X-Kept": "1"}
            answers = [httpx.get(f"{proxy.url}/login", headers=sent) for _ in range(2)]
        upstream.shutdown()
    assert [headers.get("cookie") for headers in seen] == [None, None]
    assert [("x-mine" in headers, "x-kept" in headers) for headers in seen] == [(False, True)] * 2
    assert answers[1].headers["set-cookie"] == "session=ALICE"
    assert answers[1].headers["location"] == f"{proxy.url}/next?a=1"
    assert ("x-hop" in answers[1].headers, "x-end" in answers[1].headers) == (False, True)


class _Streaming(BaseHTTPRequestHandler):
    """Sends an event, waits until it may go on, sends another, and then ends, breaks off, or goes on for ever."""

    protocol_version = "HTTP/1.1"
    go_on = threading.Event()
    left = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self._send(b"data: 1\n\n")
            self.go_on.wait(10)
            self._send(b"data: 2\n\n")
            while self.path == "/endless":
                self._send(b"data: and so on\n\n")
                time.sleep(0.01)
            if self.path == "/whole":
                self._send(b"")
        except OSError:
            self.left.set()
        self.close_connection = True

    def _send(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def streaming(tmp_path: Path) -> Generator[Running]:
    """A proxy in front of a server of events."""
    _Streaming.go_on.clear()
    _Streaming.left.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Streaming) as upstream:
        upstream.daemon_threads = True
        threading.Thread(target=upstream.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{upstream.server_port}"
        with in_thread(open_chaos(Upstream(url, str(tmp_path / "chaos.db")))) as proxy:
            yield proxy
        upstream.shutdown()


def test_events_come_when_they_are_sent(streaming: Running) -> None:
    """Not when the stream is over, which may be never."""
    with httpx.stream("GET", f"{streaming.url}/whole", timeout=5) as response:
        pieces = response.iter_raw()
        assert next(pieces) == b"data: 1\n\n"
        _Streaming.go_on.set()
        assert b"".join(pieces) == b"data: 2\n\n"


def test_a_client_that_leaves_a_stream_ends_it_upstream(streaming: Running) -> None:
    """Nobody reads on for nobody."""
    _Streaming.go_on.set()
    with httpx.stream("GET", f"{streaming.url}/endless", timeout=5) as response:
        next(response.iter_raw())
    assert _Streaming.left.wait(10)


def test_a_stream_that_breaks_off_upstream_breaks_off_here(streaming: Running) -> None:
    """It does not end as if it were whole."""
    _Streaming.go_on.set()
    with (
        httpx.stream("GET", f"{streaming.url}/broken", timeout=5) as response,
        pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"),
    ):
        response.read()


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.CUT_IN_HEAD, Fault.CUT_IN_BODY, Fault.STALL_AFTER, Fault.RACE])
def test_faults_strike_a_stream_that_never_ends(streaming: Running, fault: Fault) -> None:
    """What is lost, or cut, need not be over first; and what is not passed on is closed."""
    streaming.fail(Rule(fault, times=1, seconds=0.2))
    if fault is Fault.RACE:
        _Streaming.go_on.set()
        with httpx.stream("GET", f"{streaming.url}/endless", timeout=5) as response:
            next(response.iter_raw())
    else:
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{streaming.url}/endless", timeout=5)
        _Streaming.go_on.set()
    assert _Streaming.left.wait(10)


def test_a_download_is_not_held_in_memory(tmp_path: Path) -> None:
    """A length that the upstream gives is passed on, and the bytes behind it piece by piece."""
    size = 96 * 1024 * 1024

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            for _ in range(size // (1024 * 1024)):
                self.wfile.write(bytes(1024 * 1024))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as upstream:
        threading.Thread(target=upstream.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{upstream.server_port}"
        with in_thread(open_chaos(Upstream(url, str(tmp_path / "chaos.db")))) as proxy:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            with httpx.stream("GET", f"{proxy.url}/file") as response:
                assert response.headers["content-length"] == str(size)
                assert sum(map(len, response.iter_raw())) == size
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < size // 1024 // 2
        upstream.shutdown()
