"""Parameters of many operations that the client is given once: by the config, or by the document."""

from __future__ import annotations

import importlib
import sys
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from samekey.config.file import Config, read_config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.names import read_lockfile
from samekey.names.lockfile import EMPTY, LOCKFILE
from samekey.pipeline import generate

from tests.tools import checked, write_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from samekey.names import Lockfile
    from samekey.pipeline import Generated

OPERATION = "responses: {200: {description: '', content: {application/json: {schema: {}}}}}"
BANK = f"""
    openapi: 3.1.0
    info: {{title: Bank %s, version: '1'}}
    servers: [{{url: 'https://bank.example'}}]
    paths:
      /tenants/{{tenant}}/cards:
        parameters: &shared
          - {{name: tenant, in: path, required: true, schema: {{type: string}}, description: Whose it is.}}
          - {{name: X-Region, in: header, required: true, schema: {{type: string, enum: [eu, us]}}}}
          - {{name: api-version, in: query, schema: {{type: integer}}}}
        get: {{tags: [cards], operationId: listCards, {OPERATION}}}
        post: {{tags: [cards], operationId: createCard, {OPERATION}}}
      /tenants/{{tenant}}/loans:
        parameters: *shared
        get: {{tags: [loans], operationId: listLoans, {OPERATION}}}
      /tenants/{{tenant}}/users/{{id}}:
        parameters: *shared
        get:
          tags: [users]
          operationId: getUser
          parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}]
          {OPERATION}
      /status:
        get: {{tags: [status], operationId: getStatus, {OPERATION}}}
"""
GLOBALS = """
    x-speakeasy-globals:
      parameters:
        - {name: tenant, in: path, schema: {type: string}}
        - $ref: '#/components/parameters/Region'
    components:
      parameters:
        Region: {name: X-Region, in: header, schema: {type: string}}
"""
WANTED = "client_parameters: [tenant, 'X-*', api-version]"


def made(title: str, config: str = "", more: str = "", lockfile: Lockfile = EMPTY) -> tuple[Generated, Diagnostics]:
    """The SDK of the bank."""
    diagnostics = Diagnostics()
    text = dedent(BANK % title) + dedent(more)
    document = load("bank.yaml", diagnostics, lambda _: text.encode())
    settings = Config()
    if config:
        stated = load("samekey.yaml", diagnostics, lambda _: config.encode())
        assert stated is not None
        settings = read_config(stated.node)
    assert document is not None
    found = generate(document, settings, lockfile=lockfile)
    assert found is not None, [entry.message for entry in diagnostics]
    return found, diagnostics


def imported(found: Generated, folder: Path) -> Any:  # noqa: ANN401
    """Its package."""
    write_files(found.files, folder)
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(found.package)
    finally:
        sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401
    """The package of the bank, whose client takes the parameters."""
    return imported(made("One", WANTED)[0], tmp_path_factory.mktemp("bank"))


def asked(bank: Any, call: Callable[[Any], object], **arguments: object) -> httpx.Request:  # noqa: ANN401
    """The request of a call."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    with httpx.Client(transport=httpx.MockTransport(handle)) as http_client:
        call(bank.BankOne(http_client=http_client, **arguments))
    return seen[0]


def test_a_client_is_told_once(bank: Any) -> None:  # noqa: ANN401
    """Each call has what the client was given, in the path, in a header and in the query; a call's own word counts."""
    given = {"tenant": "t/1", "x_region": "eu", "api_version": 3}
    request = asked(bank, lambda client: client.cards.list(), **given)
    assert request.url.raw_path == b"/tenants/t%2F1/cards?api-version=3"
    assert request.headers["X-Region"] == "eu"
    own = asked(bank, lambda client: client.users.get("u", tenant="t2", api_version=0), **given)
    assert own.url.raw_path == b"/tenants/t2/users/u?api-version=0"
    assert "X-Region" not in asked(bank, lambda client: client.status.get(), **given).headers
    copy = asked(bank, lambda client: client.with_options(timeout=3).cards.create(), **given)
    assert copy.url.raw_path == b"/tenants/t%2F1/cards?api-version=3"


def test_the_sdks_own_tests_and_snippets_call_it_as_it_is_called(tmp_path: Path) -> None:
    """A parameter of the path that the client may be given has no place in a call."""
    found, _ = made("Six", WANTED)
    write_files(found.files, tmp_path)
    checked([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], tmp_path, {"PYTHONPATH": "."})


def test_nobody_said_it(bank: Any) -> None:  # noqa: ANN401
    """A path cannot be without it; the message says both places where it can be said."""
    with pytest.raises(ValueError, match="the path parameter 'tenant' must be given, to this call or to the client"):
        asked(bank, lambda client: client.cards.list(x_region="eu"))


def test_the_document_may_say_it() -> None:
    """In the words of another generator."""
    found, diagnostics = made("Two", more=GLOBALS)
    client = found.files[f"{found.package}/_client.py"]
    assert "tenant: str | None = None" in client
    assert "x_region: str | None = None" in client
    assert "api_version" not in client
    assert not [entry for entry in diagnostics if entry.code == "parameter-shared"]


def test_it_is_proposed_and_never_decided() -> None:
    """What half of the operations share for the same thing, and several things are asked for with it."""
    found, diagnostics = made("Three")
    assert "tenant" not in found.files[f"{found.package}/_client.py"]
    assert [(entry.code, entry.message) for entry in diagnostics if entry.code == "parameter-shared"] == [
        ("parameter-shared", "4 of 5 operations have the path parameter 'tenant'"),
        ("parameter-shared", "4 of 5 operations have the header parameter 'X-Region'"),
    ]


@pytest.mark.parametrize("config", ["client_parameters: []", "client_parameters: [X-Region]"])
def test_whoever_has_decided_is_asked_no_more(config: str) -> None:
    """A list in the config is a decision, an empty one as well."""
    _, diagnostics = made("Five", config)
    assert [entry.code for entry in diagnostics] == []


def test_a_parameter_that_is_not_there_is_an_error() -> None:
    """With the name that was meant."""
    diagnostics = Diagnostics()
    document = load("bank.yaml", diagnostics, lambda _: dedent(BANK % "Four").encode())
    stated = load("samekey.yaml", diagnostics, lambda _: b"client_parameters: [tenat]")
    assert document is not None
    assert stated is not None
    generate(document, read_config(stated.node))
    (error,) = [entry for entry in diagnostics if entry.code == "parameter-unknown"]
    assert error.message == "no operation has a parameter 'tenat'"
    assert "tenant" in error.hint


def test_a_name_stays() -> None:
    """As those of all arguments do."""
    found, _ = made("Five", WANTED)
    text = found.files[LOCKFILE].replace('"tenant"', '"whose"')
    document = load("names.json", Diagnostics(), lambda _: text.encode())
    assert document is not None
    again, _ = made("Five", WANTED, lockfile=read_lockfile(document.node))
    assert "whose: str | None = None" in again.files[f"{found.package}/_client.py"]
