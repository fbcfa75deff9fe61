"""Reading within bounds: what has no end, what is elsewhere, and what must not be shown."""

from __future__ import annotations

import gzip
import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from samekey.document import download, source
from samekey.document.diagnostics import Diagnostics, in_full
from samekey.document.download import origin_of
from samekey.document.node import load
from samekey.document.overlay import apply_overlays, read_overlay
from samekey.document.source import FetchError, fetch_bytes
from samekey.lower import lower

from tests.lower.documents import loaded
from tests.tools import at_most

HEAD = 'openapi: 3.1.0\ninfo: {title: T, version: "1"}\npaths:\n'


def operation(reference: str) -> str:
    """A document whose one answer refers to something."""
    content = f'{{application/json: {{schema: {{$ref: "{reference}"}}}}}}'
    return f'{HEAD}  /a: {{get: {{responses: {{"200": {{description: ok, content: {content}}}}}}}}}\n'


def read(path: Path | str, *, allow_remote: bool = False) -> Diagnostics:
    """What is found in a document."""
    diagnostics = Diagnostics()
    document = load(str(path), diagnostics, allow_remote=allow_remote)
    if document is not None:
        lower(document)
    return diagnostics


def codes(diagnostics: Diagnostics) -> list[str]:
    """The codes of all findings."""
    return [entry.code for entry in diagnostics]


def said(diagnostics: Diagnostics) -> str:
    """All findings as they are printed."""
    return "\n".join(map(in_full, diagnostics))


# Files


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_reference_to_what_has_no_end_is_refused(tmp_path: Path, kind: str) -> None:
    """Neither is waited for nor read."""
    target = Path("/dev/zero")
    if kind == "pipe":
        target = tmp_path / "pipe"
        os.mkfifo(target)
    home = tmp_path / "openapi.yaml"
    home.write_text(operation(str(target)), "utf-8")
    assert codes(read(home)) == ["reference-refused"]


def test_a_file_of_more_than_a_document_can_have_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read to its end; an endless one, named by its user, has none."""
    monkeypatch.setattr(source, "MAX_BYTES", 100)
    (tmp_path / "large.yaml").write_text("x" * 101, "utf-8")
    with pytest.raises(FetchError, match="larger than"):
        fetch_bytes(str(tmp_path / "large.yaml"))
    if Path("/dev/zero").exists():
        with pytest.raises(FetchError, match="larger than"):
            fetch_bytes("/dev/zero")


def test_a_file_outside_of_the_documents_folder_is_a_warning_and_not_shown(tmp_path: Path) -> None:
    """It is followed, and nothing of it gets into a log."""
    (tmp_path / "netrc").write_text("machine h\nlogin: [bob\npassword: hunter2\n", "utf-8")
    (tmp_path / "api").mkdir()
    home = tmp_path / "api" / "openapi.yaml"
    home.write_text(operation("../netrc"), "utf-8")
    found = read(home)
    assert codes(found) == ["reference-outside", "syntax"]
    assert "hunter2" not in said(found)
    assert "bob" not in said(found)


def test_of_a_file_that_is_no_document_only_the_line_is_shown(tmp_path: Path) -> None:
    """What stands around it may be anything."""
    (tmp_path / "netrc").write_text("login: [bob\npassword: hunter2\n", "utf-8")
    home = tmp_path / "openapi.yaml"
    home.write_text(operation("netrc"), "utf-8")
    found = said(read(home))
    assert "2 | password" in found
    assert "login" not in found


def test_a_file_below_the_documents_folder_is_as_good_as_the_document(tmp_path: Path) -> None:
    """It is followed without a word, also through a link to the folder."""
    (tmp_path / "api" / "parts").mkdir(parents=True)
    (tmp_path / "api" / "parts" / "thing.yaml").write_text("{type: string}", "utf-8")
    home = tmp_path / "api" / "openapi.yaml"
    home.write_text(operation("parts/thing.yaml"), "utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "api")
    assert codes(read(home)) == []
    assert codes(read(tmp_path / "link" / "openapi.yaml")) == []


# URLs


class Handler(BaseHTTPRequestHandler):
    """Gives what the path names."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # by the method
        """Answer."""
        host = self.headers["host"]
        match self.path:
            case "/bomb":
                self._give(gzip.compress(b"x" * 2_000_000), ("Content-Encoding", "gzip"))
            case "/slow":
                self.send_response(200)
                self.send_header("Connection", "close")
                self.end_headers()
                for _ in range(100):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(0.05)
            case "/openapi.yaml":
                self._give(operation(f"http://{host}/thing.yaml").encode())
            case "/elsewhere.yaml":
                self._give(operation("http://127.0.0.2:9/thing.yaml").encode())
            case "/file.yaml":
                self._give(operation("file:///etc/hostname").encode())
            case "/to-file":
                self.send_response(302)
                self.send_header("Location", "file:///etc/hostname")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case _:
                self._give(b"{type: string}")

    def _give(self, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(200)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002  # as in the base class
        """Say nothing."""


@contextmanager
def serving() -> Generator[str]:
    """The origin of a server of documents."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_bomb_behind_a_url_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is how large it is when it is unpacked."""
    monkeypatch.setattr(download, "MAX_BYTES", 1_000_000)
    with serving() as origin, pytest.raises(FetchError, match="larger than"):
        fetch_bytes(f"{origin}/bomb")


def test_a_text_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then keeps no limit of a single read."""
    monkeypatch.setattr(download, "MAX_SECONDS", 0.3)
    with serving() as origin, pytest.raises(FetchError, match="did not come whole"):
        fetch_bytes(f"{origin}/slow")


def test_a_remote_document_refers_to_its_own_origin() -> None:
    """Another origin is refused unless it is allowed, a file always."""
    with serving() as origin:
        assert codes(read(f"{origin}/openapi.yaml")) == []
        refused = read(f"{origin}/elsewhere.yaml")
        assert codes(refused) == ["reference-refused"]
        assert "--allow-remote" in said(refused)
        assert codes(read(f"{origin}/elsewhere.yaml", allow_remote=True)) == ["reference-unreadable"]
        assert codes(read(f"{origin}/file.yaml", allow_remote=True)) == ["reference-refused"]
        with pytest.raises(FetchError, match="no URL of http"):
            fetch_bytes(f"{origin}/to-file")


def test_nothing_leads_from_a_public_host_into_this_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a reference, allowed or not, nor a redirect."""
    private = {"inside.example"}

    def is_private(url: str) -> bool:
        return origin_of(url)[1] in private

    monkeypatch.setattr(download, "is_private", is_private)
    home = "https://api.example/openapi.yaml"
    document, diagnostics = loaded(
        operation("http://inside.example/x.yaml"), {"http://inside.example/x.yaml": "{}"}, home
    )
    object.__setattr__(document, "allow_remote", True)
    lower(document)
    assert codes(diagnostics) == ["reference-refused"]


def test_a_local_document_that_refers_into_this_network_is_a_warning() -> None:
    """It is followed, and not in silence."""
    url = "http://127.0.0.1:9/x.yaml"
    document, diagnostics = loaded(operation(url), {url: "{type: string}"})
    lower(document)
    assert codes(diagnostics) == ["reference-outside"]


@pytest.mark.parametrize(
    ("url", "is_private"),
    [
        ("http://127.0.0.1/x", True),
        ("http://[::1]:80/x", True),
        ("http://10.1.2.3/x", True),
        ("http://169.254.169.254/latest", True),
        ("http://localhost:8000/x", True),
        ("https://8.8.8.8/x", False),
    ],
)
def test_addresses_of_this_network_are_known(url: str, *, is_private: bool) -> None:
    """By the numbers that a host has."""
    assert download.is_private(url) is is_private


# Time


def test_anchors_are_found_in_linear_time() -> None:
    """A thousand references by anchor search the document once."""
    schemas = ", ".join(
        f"S{n}: {{$anchor: a{n}, type: object, properties: {{p: {{type: string}}}}}}" for n in range(1000)
    )
    fields = ", ".join(f'f{n}: {{$ref: "#a{n}"}}' for n in range(1000))
    text = operation("#/components/schemas/All") + (
        f"components: {{schemas: {{All: {{type: object, properties: {{{fields}}}}}, {schemas}}}}}"
    )
    document, diagnostics = loaded(text)
    with at_most(3_000_000):
        api = lower(document)
    assert api is not None
    assert len(api.types) == 1001
    assert codes(diagnostics) == []


def test_an_overlay_that_doubles_a_list_ends() -> None:
    """What copies too much is an error, and costs no more than that."""
    document, _ = loaded(HEAD + "  /a: {}\nx-list: [[1]]")
    action = "{target: $.x-list, copy: $.x-list}"
    text = f"overlay: 1.1.0\ninfo: {{title: T, version: '1'}}\nactions: [{', '.join([action] * 40)}]"
    overlay, diagnostics = loaded(text)
    found = read_overlay(overlay.node)
    assert found is not None
    apply_overlays(document, [found])
    assert set(codes(diagnostics)) == {"overlay-failed"}
