"""Secrets in what is refused before it is sent, on the command line, and in the logs of HTTP/2."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Generator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import httpx
from samekey.cli import app
from samekey.sandbox.server.chaos import Upstream, open_chaos
from samekey.sandbox.server.serving import in_thread
from typer.testing import CliRunner

from tests.canary.kits import ALL_KEYS, KEYS
from tests.canary.looking import Outputs, listening
from tests.canary.matrix import Findings, Room
from tests.canary.server import Bank, Reply, Request, in_json
from tests.canary.words import PLACES, found_in, word
from tests.http2.server import Act, Http2Server

_OTHER_KEYS = {"header_key": "h", "query_key": "q", "cookie_key": "c"}
BAD_SIGNS = {"a new line": "{}\nX", "a letter beyond ASCII": "ключ{}", "a NUL": "{}\0", "nothing but blanks": " \t"}
"""What headers cannot carry, around a secret."""
_SECRET_ARGUMENTS: tuple[Callable[[str], dict[str, Any]], ...] = (
    lambda value: {**_OTHER_KEYS, "token": value},
    lambda value: {**_OTHER_KEYS, "token": lambda: value},
    lambda value: {**_OTHER_KEYS, "credential": value},
    lambda value: {**_OTHER_KEYS, "header_key": value},
    lambda value: {**_OTHER_KEYS, "query_key": value},
    lambda value: {**_OTHER_KEYS, "cookie_key": value},
    lambda value: {**_OTHER_KEYS, "username": value, "password": value},
    lambda value: {**_OTHER_KEYS, "client_id": "id", "client_secret": value},
    lambda value: {"headers": {"Authorization": value}},
    lambda value: {"headers": {"Cookie": value}},
)


def _looked(room: Room, findings: Findings, kit: str, case: str, act: Callable[[], object]) -> None:
    """Do something, and look for secrets in all that was written of it."""
    outputs = Outputs(room.folder)
    with listening() as heard:
        try:
            made = act()
        except Exception as error:  # noqa: BLE001  # whatever it is
            outputs.of_error(error)
        else:
            outputs.add("repr of objects", repr(made))
            outputs.of_object(made)
    for name, lines in heard.lines.items():
        outputs.add(f"log of {name}", *lines)
    findings.calls += 1
    findings.look(PLACES, kit, case, "sync", outputs)


def values(room: Room, findings: Findings) -> None:
    """Give secrets that cannot be sent, in every place."""
    sdk = room.sdk
    with Bank() as bank:
        base_url = f"http://127.0.0.1:{bank.port}"
        for sign, form in BAD_SIGNS.items():
            value = form.format(word("token"))
            for given in _SECRET_ARGUMENTS:
                _looked(room, findings, "values", sign, partial(_called, sdk, base_url, given(value)))
            options = sdk.CallOptions(headers={"X-Vault-Secret": value})
            _looked(room, findings, "values", sign, partial(_called, sdk, base_url, {}, options))


def _called(sdk: Any, base_url: str, given: Mapping[str, Any], options: Any = None) -> None:  # noqa: ANN401
    retry = sdk.RetryPolicy(max_retries=0)
    with sdk.CanaryBank(base_url=base_url, retry=retry, **given) as client:
        client.transfers.create(amount=1, options=options)


def _proxied(sdk: Any, url: str, base_url: str = "http://bank.test") -> None:  # noqa: ANN401
    with patch.dict("os.environ", {"HTTP_PROXY": url, "HTTPS_PROXY": url}):
        _called(sdk, base_url, {})


def _refuse(request: Request) -> Reply:
    return Reply(f"HTTP/1.1 407 {' '.join(request.echo)}\r\nContent-Length: 0\r\n\r\n".encode(), "close")


def _raise() -> str:
    raise ValueError(f"403 for https://vault.test/?key={word('raised')}")


def mistakes(room: Room, findings: Findings) -> None:
    """Make the mistakes that are made with addresses and arguments."""
    sdk, secret = room.sdk, word("userinfo")
    half = secret.partition("/")[0]
    credentials = partial(sdk.ClientCredentials, "id", "s")
    with Bank(act=_refuse) as bank:
        here = f"127.0.0.1:{bank.port}"
        cases: tuple[tuple[str, Callable[[], object]], ...] = (
            ("base URL without a scheme", lambda: sdk.CanaryBank(base_url=f"me:{half}@bank.test")),
            ("base URL with a slash in its password", lambda: sdk.CanaryBank(base_url=f"http://me:{secret}@bank.test")),
            ("base URL with a bad port", lambda: sdk.CanaryBank(base_url=f"http://me:{half}@bank.test:port")),
            ("a key for all calls", lambda: sdk.CanaryBank(token=word("token"), headers={"Idempotency-Key": "k"})),
            ("an argument of the wrong type", lambda: sdk.CanaryBank(retry={"Authorization": word("token")})),
            ("a token function that raises", lambda: _called(sdk, f"http://{here}", {**KEYS, "token": _raise})),
            ("a token URL with a password", lambda: credentials(f"https://me:{half}@login.test/?key={word('query-key')}")),
            ("a token URL that is none", lambda: _called(
                sdk, f"http://{here}", {**KEYS, "oauth_token": credentials(f"https://me:{secret}@[bad/token")})),
            ("a proxy's URL with a slash in its password", lambda: _proxied(sdk, f"http://me:{word('proxy')}@{here}")),
            ("a proxy of another kind", lambda: _proxied(sdk, f"ftp://me:{quote(word('proxy'), safe='')}@{here}")),
            ("a proxy that cannot be reached", lambda: _proxied(
                sdk, f"http://me:{quote(word('proxy'), safe='')}@127.0.0.1:1")),
            ("a proxy that refuses, and repeats what it was sent", lambda: _proxied(
                sdk, f"http://me:{quote(word('proxy'), safe='')}@{here}", "https://bank.test")),
        )  # fmt: skip
        for name, act in cases:
            _looked(room, findings, "mistakes", name, act)
        findings.travelled |= set(found_in(bank.wire, ("proxy",)))


def http2(room: Room, findings: Findings) -> None:
    """Send secrets over HTTP/2, by a client of the caller's own."""
    server = Http2Server([Act.ANSWER])
    given = {**KEYS, "token": word("token")}
    outputs = Outputs(room.folder)
    with listening() as heard, httpx.Client(http1=False, http2=True) as http_client:
        client = room.sdk.CanaryBank(base_url=server.url, http_client=http_client, **given)
        outputs.of_response(client.transfers.create.detailed(amount=1))
    server.close()
    # It sets a level of its own, and says more there.
    logging.getLogger("hpack").setLevel(logging.NOTSET)
    for name, lines in heard.lines.items():
        outputs.add(f"log of {name}", *lines)
    findings.calls += 1
    findings.look((*ALL_KEYS, "token"), "http2", "nothing", "sync", outputs)


@contextlib.contextmanager
def _files(folder: Path) -> Generator[str]:
    """Serve a folder; yield its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as it is called there
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _made(number: list[int], request: Request) -> Reply:
    """Make one more with each request, and repeat what was sent; without any honour of keys."""
    number.append(1)
    body = {"id": f"t{len(number)}", "said": request.echo, "code": request.echo[0] if request.echo else ""}
    return in_json(201 if request.line.startswith("POST") else 200, body, ("X-Echo", " ".join(request.echo)))


def command_line(room: Room, findings: Findings, folder: Path) -> None:
    """Give secrets to samekey's own commands."""
    document = folder / "bank.yaml"
    text = (Path(__file__).parent / "bank.yaml").read_text("utf-8")
    document.write_text(text.replace("http://127.0.0.1:9", "/v1"), "utf-8")
    half, token = word("userinfo").partition("/")[0], word("token")
    verify = ("verify", str(document), "--operation", "transfers_create", "--token", token, "--wait", "0")
    with _files(folder) as files, Bank(act=partial(_made, [])) as bank:
        here = f"127.0.0.1:{bank.port}"
        written = ("--report", "r.json", "--report", "r.xml", "--write-profile", "p.yaml")
        cases: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
            ("generate from a URL with a password", ("generate", f"http://me:{half}@{files}/bank.yaml", "-o", "sdk"),
             ("sdk",)),
            ("generate from a URL that is not there", (
                "generate", f"http://me:{half}@{files}/none.yaml?key={token}", "-o", "none"), ()),
            ("verify, by an API that repeats what it is sent", (
                *verify, "--base-url", f"http://{here}", "--oracle", "id", *written), ("r.json", "r.xml", "p.yaml")),
            ("verify at an address with a password", (*verify, "--base-url", f"http://me:{half}@{here}"), ()),
            ("verify at an address with a password and a query", (
                *verify, "--base-url", f"http://me:{half}@{here}/?key=1"), ()),
            ("chaos in front of an address with a password", ("chaos", "--upstream", f"http://me:{half}@{here}"), ()),
            ("chaos in front of what is no address", ("chaos", "--upstream", f"ftp://me:{half}@{here}"), ()),
            ("prove in a database with a password", (
                "prove", str(document), "--store", f"postgresql://me:{half}@127.0.0.1:1/x"), ()),
            ("prove in a database with a password in its query", (
                "prove", str(document), "--store", f"postgresql://me@127.0.0.1:1/x?password={half}"), ()),
        )  # fmt: skip
        for name, arguments, paths in cases:
            outputs = Outputs(room.folder)
            with contextlib.chdir(folder), listening() as heard:
                done = CliRunner().invoke(app, arguments)
            outputs.add("command line", done.stdout, done.stderr)
            if not isinstance(done.exception, SystemExit | None):
                outputs.of_error(done.exception)
            for logger, lines in heard.lines.items():
                outputs.add(f"log of {logger}", *lines)
            each = [file for path in paths for file in (folder / path, *(folder / path).rglob("*")) if file.is_file()]
            outputs.add("files", *(file.read_bytes() for file in each))
            findings.calls += 1
            findings.look(("userinfo", "token", "set-cookie"), "samekey", name, "sync", outputs)
        findings.travelled |= set(found_in(bank.wire, ("token",)))


def proxy_of_chaos(room: Room, findings: Findings, folder: Path) -> None:
    """Send secrets through the proxy that loses answers, and look at its page and at what it keeps."""
    outputs = Outputs(room.folder)
    with (
        Bank() as bank,
        in_thread(open_chaos(Upstream(f"http://127.0.0.1:{bank.port}", str(folder / "chaos.db")))) as server,
    ):
        url = f"{server.origin}/transfers?bank_key={word('query-key')}"
        headers = {
            "Authorization": f"Bearer {word('token')}",
            "Cookie": f"a={word('cookie-key')}",
            "Idempotency-Key": "k",
        }
        assert (
            httpx.post(url, json={"amount": 1}, headers={**headers, "X-Bank-Key": word("header-key")}).status_code
            == 201
        )
        outputs.add("ledger", httpx.get(f"{server.origin}/_samekey/ledger.json").content, repr(server.events()))
        findings.travelled |= set(found_in(bank.wire, (*ALL_KEYS, "token")))
    outputs.add("files", *(file.read_bytes() for file in folder.glob("chaos.db*")))
    findings.calls += 1
    findings.look((*ALL_KEYS, "token", "set-cookie"), "samekey", "chaos", "sync", outputs)
