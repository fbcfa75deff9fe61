"""Servers: the base URLs of the client."""

from __future__ import annotations

import pytest

from tests.lowering.documents import HOME, Lowered, lowered

WEB = "https://api.example.com/specs/openapi.yaml"


def document(top: str, version: str = "openapi: 3.0.3", home: str = HOME) -> Lowered:
    """A document without operations."""
    return lowered(f"{version}\ninfo: {{title: T, version: '1'}}\npaths: {{}}\n{top}", home=home)


def urls(top: str, version: str = "openapi: 3.0.3", home: str = HOME) -> list[str]:
    """The base URLs of a document."""
    return [server.url for server in document(top, version, home).api.servers]


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ("[{url: 'https://a.example/v1'}]", ["https://a.example/v1"]),
        ("[{url: 'https://a.example/v1/'}]", ["https://a.example/v1"]),
        ("[{url: 'https://a.example'}, {url: 'https://b.example'}]", ["https://a.example", "https://b.example"]),
        (
            "[{url: 'https://{region}.a.example', variables: {region: {default: eu, enum: [us, eu]}}}]",
            ["https://eu.a.example"],
        ),
        ("[{url: 'https://{region}.a.example', variables: {region: {enum: [us, eu]}}}]", ["https://us.a.example"]),
        (
            "[{url: 'https://{a}.example/{b}/{a}', variables: {a: {default: x}, b: {default: y}}}]",
            ["https://x.example/y/x"],
        ),
        ("[{url: 'https://a.example:{port}', variables: {port: {default: 8443}}}]", ["https://a.example:8443"]),
        ("[{url: 'https://{region}.a.example'}]", []),
        ("[{url: 'https://{region}.a.example', variables: {region: {description: which}}}]", []),
        ("[{url: 'https://{region}.a.example'}, {url: 'https://b.example'}]", ["https://b.example"]),
        ("[]", []),
        ("null", []),
        ("[{description: nothing}]", []),
    ],
)
def test_servers_and_their_variables(servers: str, expected: list[str]) -> None:
    """Variables have their defaults; a URL that stays incomplete is no base URL."""
    assert urls(f"servers: {servers}") == expected


def test_no_servers_in_a_file() -> None:
    """A file on the disk says nothing of a host, so the client has to be told."""
    assert urls("") == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/v1", "https://api.example.com/v1"),
        ("v1", "https://api.example.com/specs/v1"),
        ("../v2/", "https://api.example.com/v2"),
        ("./", "https://api.example.com/specs"),
        ("/", "https://api.example.com"),
        ("//other.example/v1", "https://other.example/v1"),
        ("https://other.example", "https://other.example"),
    ],
)
def test_a_relative_server_is_relative_to_the_documents_url(url: str, expected: str) -> None:
    """OpenAPI 3.1 section 4.8.5: relative to where the document is served."""
    assert urls(f"servers: [{{url: {url!r}}}]", home=WEB) == [expected]


@pytest.mark.parametrize("servers", ["", "servers: []"])
def test_without_servers_the_document_speaks_for_its_own_host(servers: str) -> None:
    """The default server is `/` (section 4.8.1): frameworks that serve their document leave it out."""
    assert urls(servers, home=WEB) == ["https://api.example.com"]


@pytest.mark.parametrize("written", ["3", "text", "{url: 'https://a.example'}", "[3]", "[null]"])
def test_servers_that_make_no_sense_cost_only_the_base_url(written: str) -> None:
    """Never more than a warning."""
    found = document(f"servers: {written}")
    assert found.api.servers == ()
    assert not found.failed


def test_descriptions_are_kept() -> None:
    """A server's description says what it is for."""
    assert document("servers: [{url: 'https://a.example', description: live}]").api.servers[0].doc == "live"


@pytest.mark.parametrize("level", ["path", "operation"])
def test_a_server_of_ones_own_is_not_lost_in_silence(level: str) -> None:
    """A call that would go to the wrong host is at least reported."""
    own = "servers: [{url: 'https://files.example'}]"
    found = lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
servers: [{{url: 'https://api.example'}}]
paths:
  /files:
    {own if level == "path" else ""}
    get:
      {own if level == "operation" else ""}
      responses: {{200: {{description: ''}}}}
""")
    assert found.operations == ["GET /files"]
    assert found.codes or "files.example" in repr(found.operation())


@pytest.mark.parametrize(
    ("top", "home", "expected"),
    [
        ("host: a.example", HOME, ["https://a.example"]),
        ("host: a.example\nbasePath: /v1", HOME, ["https://a.example/v1"]),
        ("host: a.example\nbasePath: v1/", HOME, ["https://a.example/v1"]),
        ("host: a.example\nbasePath: /", HOME, ["https://a.example"]),
        ("host: a.example\nschemes: [http]", HOME, ["http://a.example"]),
        ("host: a.example\nschemes: [http, https]", HOME, ["https://a.example"]),
        ("host: a.example:8080\nschemes: [http]", HOME, ["http://a.example:8080"]),
        ("", HOME, []),
        ("basePath: /v2", WEB, ["https://api.example.com/v2"]),
        ("host: a.example\nbasePath: /v1", WEB, ["https://a.example/v1"]),
    ],
)
def test_swagger_spells_its_server_in_three_words(top: str, home: str, expected: list[str]) -> None:
    """`schemes`, `host` and `basePath`; https where it is offered or nothing is said."""
    assert urls(top, "swagger: '2.0'", home) == expected


def test_swagger_without_host_speaks_for_the_documents_own_host() -> None:
    """`host` is the host serving the document where it is left out (Swagger 2.0, Swagger Object)."""
    assert urls("", "swagger: '2.0'", WEB) == ["https://api.example.com"]
