"""Redirects that a document gives to a read: followed to another origin without credentials, and nowhere inside."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate
from samekey_templates.runtime.http.redirects import redirected
from samekey_templates.runtime.retry.rules import Failed
from samekey_templates.runtime.retry.wire import RawAnswer, WireRequest

from tests.tools import write_files

PACKAGE = "vault_of_files"
TOKEN = "SECRET"  # noqa: S105  # a word to look for
DOCUMENT = """
openapi: 3.0.3
info: {title: Vault Of Files, version: "1"}
servers: [{url: "HERE"}]
security: [{token: []}]
components: {securitySchemes: {token: {type: http, scheme: bearer}}}
paths:
  /files/{id}/archive:
    get:
      operationId: downloadArchive
      tags: [files]
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: X-Tenant, in: header, schema: {type: string}}
      responses: {"302": {description: Found}}
  /files/{id}/content:
    get:
      operationId: downloadContent
      tags: [files]
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        "200": {description: the file, content: {application/octet-stream: {schema: {type: string, format: binary}}}}
        "302": {description: Found}
  /files/{id}/notes:
    get:
      operationId: getNotes
      tags: [files]
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: ok, content: {application/json: {schema: {type: string}}}}}
"""


class Host:
    """A server that redirects where it is told to, else gives a file; it keeps what it was asked."""

    def __init__(self) -> None:
        self.location = ""
        self.asked: list[tuple[str, dict[str, str]]] = []
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # by the method
                host.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                body = b"" if host.location else b"the file"
                self.send_response(302 if host.location else 200)
                if host.location:
                    self.send_header("Location", host.location)
                self.send_header("Set-Cookie", "session=1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002  # as in the base class
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Generator[Host]:
        """The server, while it runs."""
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


@pytest.fixture
def here() -> Iterator[Host]:
    """The API."""
    with Host().running() as host:
        yield host


@pytest.fixture
def there() -> Iterator[Host]:
    """Where the API keeps its files."""
    with Host().running() as host:
        yield host


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The SDK, imported."""
    diagnostics = Diagnostics()
    document = load("/docs/openapi.yaml", diagnostics, fetch=lambda _: DOCUMENT.encode())
    assert document is not None
    result = generate(document, Config())
    assert result is not None
    folder = tmp_path_factory.mktemp("sdk")
    write_files(result.files, folder)
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(PACKAGE)
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
            del sys.modules[name]


CALLS = ["download_archive", "download_content"]


@pytest.mark.parametrize("call", CALLS)
def test_the_file_behind_a_documented_redirect_is_the_answer(module: Any, here: Host, there: Host, call: str) -> None:  # noqa: ANN401
    """It comes from another origin, which learns nothing of who asks: no token, key, cookie or header of the API."""
    here.location = f"{there.origin}/signed?signature=abc"
    with module.VaultOfFiles(base_url=here.origin, token=TOKEN, headers={"X-Own": "SECRET"}) as client:
        named = {"x_tenant": "SECRET"} if call == "download_archive" else {}
        assert getattr(client.files, call)("1", **named) == b"the file"
        assert getattr(client.files, call)("1", **named) == b"the file"
    assert [path for path, _ in there.asked] == ["/signed?signature=abc"] * 2
    for _, headers in there.asked:
        assert "SECRET" not in str(headers)
        assert not {"authorization", "cookie"} & headers.keys()
    assert "SECRET" in here.asked[0][1]["authorization"]


@pytest.mark.parametrize("call", CALLS)
def test_an_async_client_and_a_download_to_disk_follow_as_well(
    module: Any,  # noqa: ANN401
    here: Host,
    there: Host,
    call: str,
    tmp_path: Path,
) -> None:
    """The bytes are those behind the redirect."""
    here.location = f"{there.origin}/signed"

    async def read() -> bytes:
        async with module.AsyncVaultOfFiles(base_url=here.origin, token=TOKEN) as client:
            found: bytes = await getattr(client.files, call)("1")
            return found

    assert anyio.run(read) == b"the file"
    with module.VaultOfFiles(base_url=here.origin, token=TOKEN) as client:
        getattr(client.files, call).save(tmp_path / "file", "1")
    assert (tmp_path / "file").read_bytes() == b"the file"
    assert "SECRET" not in str(there.asked)


def test_what_the_document_does_not_give_is_not_followed(module: Any, here: Host, there: Host) -> None:  # noqa: ANN401
    """A read without a documented redirect stays at its origin."""
    here.location = f"{there.origin}/signed"
    with (
        module.VaultOfFiles(base_url=here.origin, token=TOKEN) as client,
        pytest.raises(module.APIConnectionError, match="is not followed"),
    ):
        client.files.get_notes("1")
    assert not there.asked


def test_a_client_of_the_callers_own_is_not_sent_elsewhere(module: Any, here: Host, there: Host) -> None:  # noqa: ANN401
    """It may add credentials of its own to whatever it sends."""
    here.location = f"{there.origin}/signed"
    with (
        httpx.Client(auth=("user", "SECRET")) as own,
        module.VaultOfFiles(base_url=here.origin, token=TOKEN, http_client=own) as client,
        pytest.raises(module.APIConnectionError, match="is not followed"),
    ):
        client.files.download_content("1")
    assert not there.asked


@pytest.mark.parametrize(
    ("location", "is_followed"),
    [
        ("https://files.example/x", True),
        ("https://files.example:8443/x?sig=1", True),
        ("https://203.0.113.9.example/x", True),
        ("http://files.example/x", False),
        ("https://user:word@files.example/x", False),
        ("https://127.0.0.1/x", False),
        ("https://169.254.169.254/latest", False),
        ("https://[::1]/x", False),
        ("https://10.0.0.1/x", False),
        ("https://localhost/x", False),
        ("https://meta.internal/x", False),
        ("ftp://files.example/x", False),
        ("https://[bad/x", False),
    ],
)
def test_a_redirect_leads_nowhere_inside_and_is_no_less_safe(location: str, *, is_followed: bool) -> None:
    """From a public API over TLS to a public host over TLS, and to nothing else."""
    request = WireRequest(
        "GET", "https://api.example/v1/files/1", (("Accept", "*/*"), ("Authorization", "t")), None, None, (302,)
    )
    answer = RawAnswer(302, {"location": location}, b"")
    following = redirected(request, answer, is_first=True, may_leave=True)
    if is_followed:
        assert isinstance(following, WireRequest)
        assert (following.url, following.headers, following.cookies) == (location, (("Accept", "*/*"),), None)
    else:
        assert isinstance(following, Failed)
