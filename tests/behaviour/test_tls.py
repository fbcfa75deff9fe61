"""TLS: a handshake that is cut was never a request; a certificate that is refused is not asked for again."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from acme_payments import APIConnectionError, Certainty

from .call_styles import ONCE, CallStyle, one
from .fault_server import Act, Fault, FaultServer


def always(value: ssl.SSLContext, *_: object, **__: object) -> ssl.SSLContext:
    """Return a value, whatever is asked."""
    return value


def test_a_handshake_that_is_cut_was_never_sent(server: FaultServer, call_style: CallStyle) -> None:
    """Retried for every kind of call, NOT_SENT to the end."""
    server.plan(*[Fault(Act.RESET_UNREAD)] * 9)
    ended = one(call_style, server.url.replace("http://", "https://"))
    assert isinstance(ended.error, APIConnectionError)
    assert [attempt.certainty for attempt in ended.record.attempts] == [Certainty.NOT_SENT] * 4
    assert ended.record.certainty is Certainty.NOT_SENT


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's context with a certificate that nobody trusts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made


@pytest.fixture
def untrusted(context: ssl.SSLContext) -> Iterator[str]:
    """The URL of a server with that certificate, whose answers break off inside their headers."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    closing = threading.Event()

    def serve() -> None:
        while not closing.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(2)
                with suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                    request = b""
                    while not request.endswith(b"}"):
                        # To the end of its JSON: a close with bytes unread would reset what was sent.
                        request += secured.recv(65_536)
                    secured.sendall(b"HTTP/1.1 201 Created\r\nContent-Ty")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
    closing.set()
    thread.join(5)
    listener.close()


def test_a_certificate_that_is_refused_is_not_retried(untrusted: str, call_style: CallStyle, tmp_path: Path) -> None:
    """Asking again shows the same certificate; nothing was sent."""
    assert tmp_path.exists()
    ended = one(call_style, untrusted)
    assert isinstance(ended.error, APIConnectionError)
    assert len(ended.record.attempts) == 1
    assert ended.record.certainty is Certainty.NOT_SENT
    assert "certificate" in str(ended.error).lower()


def test_an_answer_that_breaks_off_inside_its_headers_is_seen_through_tls(
    untrusted: str, call_style: CallStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status line has come, so it was done."""
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    monkeypatch.setattr("acme_payments._runtime.http.connections._usual_tls", partial(always, trusting))
    ended = one(call_style, untrusted, retry=ONCE)
    assert ended.record.certainty is Certainty.APPLIED
    assert "status 201 was cut" in str(ended.error)
