"""Clients of documents with several servers: where calls go, and which credentials go with them."""

# ruff: noqa: S106  # no secrets: what the servers of these tests take

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import anyio
import pytest
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

from tests.tools import checked, mypy_strict, pyright_strict, write_files

from .token_server import ENDPOINT, TokenServer

PACKAGE = "many_servers"
DOCUMENT = """
openapi: 3.1.0
info: {title: Many Servers, version: 1.0.0}
servers:
  - url: API/{version}/{tenant}
    description: Production.
    variables:
      version: {default: v2, enum: [v2, v3], description: The version of the API}
      tenant: {default: main}
  - {url: API/sandbox, description: Sandbox}
  - {url: API/sandbox2, description: Sandbox}
  - {url: 'API/{nothing}', description: Incomplete}
  - {url: /relative}
security: [{partner: [read, write]}]
paths:
  /things:
    get: {tags: [things], operationId: listThings, responses: {200: {description: things}}}
    post:
      tags: [things]
      operationId: createThing
      requestBody: {content: {application/json: {schema: {type: object, properties: {name: {type: string}}}}}}
      responses: {201: {description: made}}
  /files:
    servers: [{url: 'FILES/{tenant}/up', variables: {tenant: {default: other}}}]
    get: {tags: [files], operationId: listFiles, responses: {200: {description: files}}}
    post:
      tags: [files]
      operationId: createFile
      servers: [{url: /beside}]
      security: [{custom: []}]
      responses: {201: {description: made}}
components:
  securitySchemes:
    partner:
      type: oauth2
      description: For partners.
      flows: {clientCredentials: {tokenUrl: 'API/oauth/token', scopes: {read: '', write: ''}}}
    custom: {type: http, scheme: Custom}
"""


@dataclass(frozen=True)
class Made:
    """A generated package, and the two hosts that its document names."""

    module: Any
    folder: Path
    api: TokenServer
    files: TokenServer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """The SDK of the document, imported."""
    with TokenServer() as api, TokenServer() as files:
        text = DOCUMENT.replace("API", api.origin).replace("FILES", files.origin)
        diagnostics = Diagnostics()
        document = load("/docs/openapi.yaml", diagnostics, fetch=lambda _: text.encode())
        assert document is not None
        result = generate(document, Config())
        assert result is not None
        assert not list(diagnostics)
        folder = tmp_path_factory.mktemp("sdk")
        write_files(result.files, folder)
        sys.path.insert(0, str(folder))
        try:
            yield Made(importlib.import_module(PACKAGE), folder, api, files)
        finally:
            sys.path.remove(str(folder))
            for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
                del sys.modules[name]


@pytest.fixture(autouse=True)
def _fresh(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASE_URL", "CLIENT_ID", "CLIENT_SECRET", "TOKEN", "CREDENTIAL"):
        monkeypatch.delenv(f"MANY_SERVERS_{name}", raising=False)
    for server in (made.api, made.files):
        server.asked.clear()
        server.called.clear()


Work: TypeAlias = Callable[[Any], Any]


class Calling(Protocol):
    """A way to make calls."""

    def __call__(self, made: Made, *calls: Work, **settings: Any) -> None:  # noqa: ANN401
        """Make them one after the other with one client."""
        ...


def sync(made: Made, *calls: Work, **settings: Any) -> None:  # noqa: ANN401
    """Make calls with the sync client."""
    with made.module.ManyServers(**settings) as client:
        for call in calls:
            call(client)


def in_loop(backend: str) -> Calling:
    """Make calls with the async client."""

    def run(made: Made, *calls: Work, **settings: Any) -> None:  # noqa: ANN401
        async def main() -> None:
            async with made.module.AsyncManyServers(**settings) as client:
                for call in calls:
                    await call(client)

        anyio.run(main, backend=backend)

    return run


CALL_STYLES: dict[str, Calling] = {"sync": sync, "asyncio": in_loop("asyncio"), "trio": in_loop("trio")}
each_face = pytest.mark.parametrize("calling", CALL_STYLES.values(), ids=CALL_STYLES.keys())


def paths(server: TokenServer) -> list[str]:
    """Where its API was called."""
    return [f"{request.method} {request.path}" for request in server.called]


@each_face
def test_every_call_goes_to_its_own_server(made: Made, calling: Calling) -> None:
    """The API's with the defaults of its variables; a path's; an operation's, beside the API's."""
    calling(
        made,
        lambda client: client.things.list(),
        lambda client: client.files.list(),
        lambda client: client.files.create(),
        token="t1",
        credential="t2",
    )
    assert paths(made.api) == ["GET /v2/main/things", "POST /beside/files"]
    assert paths(made.files) == ["GET /main/up/files"]


@each_face
def test_variables_are_arguments(made: Made, calling: Calling) -> None:
    """They reach the servers of operations as well, where those have variables of the same name."""
    work: list[Work] = [lambda client: client.things.list(), lambda client: client.files.list()]
    calling(made, *work, token="t1", version="v3", tenant="acme")
    assert paths(made.api) == ["GET /v3/acme/things"]
    assert paths(made.files) == ["GET /acme/up/files"]


@each_face
def test_credentials_go_to_the_hosts_that_the_document_names(made: Made, calling: Calling) -> None:
    """An operation's own server gets what the operation asks for, and nothing else."""
    work: list[Work] = [lambda client: client.files.list(), lambda client: client.files.create()]
    calling(made, *work, token="t1", credential="t2")
    assert [request.headers["authorization"] for request in made.files.called] == ["Bearer t1"]
    assert [request.headers["authorization"] for request in made.api.called] == ["Custom t2"]


@each_face
def test_a_base_url_of_the_users_stands_for_all_servers(made: Made, calling: Calling) -> None:
    """A test against a local server reaches no other; each server keeps its path. Tokens come from there, too."""
    with TokenServer() as local:
        calling(
            made,
            lambda client: client.things.list(),
            lambda client: client.files.list(),
            lambda client: client.files.create(),
            base_url=f"{local.origin}/v9",
            client_id="a",
            client_secret="b",
            credential="t2",
        )
        assert paths(local) == ["GET /v9/things", "GET /main/up/files", "POST /beside/files"]
        assert [request.path for request in local.asked] == [ENDPOINT]
    assert not made.api.called + made.files.called + made.api.asked + made.files.asked


def test_the_environments_base_url_is_the_users(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """It moves all servers as the argument does."""
    with TokenServer() as local:
        monkeypatch.setenv("MANY_SERVERS_BASE_URL", local.url)
        sync(made, lambda client: client.files.list(), token="t1")
        assert paths(local) == ["GET /main/up/files"]


def test_the_servers_are_listed(made: Made) -> None:
    """By the document's words, to be given as `base_url`; what is not a whole URL is not among them."""
    origin = made.api.origin
    listed: dict[str, str] = made.module.SERVERS
    assert list(listed.items()) == [
        ("Production", f"{origin}/v2/main"),
        ("Sandbox", f"{origin}/sandbox"),
        (f"{origin}/sandbox2", f"{origin}/sandbox2"),
    ]
    sync(made, lambda client: client.things.list(), base_url=made.module.SERVERS["Sandbox"], token="t1")
    assert paths(made.api) == ["GET /sandbox/things"]


@each_face
def test_client_id_and_secret_fetch_a_token(made: Made, calling: Calling) -> None:
    """With the document's token URL and the scopes of its default security."""
    calling(made, lambda client: client.things.list(), client_id="a", client_secret="b")
    (asked,) = made.api.asked
    assert asked.form == {"grant_type": ["client_credentials"], "scope": ["read write"]}
    assert len(made.api.bearers) == 1


def test_a_plain_token_comes_before_client_id_and_secret(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """And all three come from the environment where they are not given."""
    monkeypatch.setenv("MANY_SERVERS_CLIENT_ID", "a")
    monkeypatch.setenv("MANY_SERVERS_CLIENT_SECRET", "b")
    sync(made, lambda client: client.things.list())
    assert len(made.api.asked) == 1
    sync(made, lambda client: client.things.list(), token="t-own")
    monkeypatch.setenv("MANY_SERVERS_TOKEN", "t-env")
    sync(made, lambda client: client.things.list())
    assert made.api.bearers[1:] == ["t-own", "t-env"]
    assert len(made.api.asked) == 1


def test_a_call_to_another_server_is_resumed_there(made: Made, tmp_path: Path) -> None:
    """The journal keeps where it went."""
    path = str(tmp_path / "journal.db")
    made.api.losing = 1
    policy = made.module.RetryPolicy(max_retries=0)
    settings: dict[str, Any] = {"credential": "t2", "journal": made.module.SQLiteJournal(path), "retry": policy}
    with made.module.ManyServers(**settings) as client:
        with pytest.raises(made.module.APIConnectionError):
            client.files.create()
        (settled,) = client.journal.resume(repeat=True)
    assert str(settled.certainty) == "applied"
    assert paths(made.api) == ["POST /beside/files", "POST /beside/files"]
    first, second = made.api.called
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


USE = """
from many_servers import SERVERS, AsyncManyServers, ClientCredentials, ManyServers

def token() -> str:
    return "t"

async def atoken() -> str:
    return "t"

ManyServers(token="t", version="v3", base_url=SERVERS["Sandbox"])
ManyServers(token=token)
ManyServers(token=ClientCredentials("a", "b", "/t", parameters={"audience": "x"}))
ManyServers(token=atoken)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
AsyncManyServers(token=atoken)
AsyncManyServers(client_id="a", client_secret="b", credential="c")
"""


def test_the_sdk_passes_strict_checks(made: Made, tmp_path: Path) -> None:
    """And a coroutine function is an error of types where nobody awaits it."""
    (made.folder / "use.py").write_text(USE, "utf-8")
    checked([*mypy_strict(), "use.py", PACKAGE], cwd=made.folder)
    pyright_strict(made.folder, tmp_path)
