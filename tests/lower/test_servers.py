"""Servers: the base URLs of the client."""

from __future__ import annotations

import keyword

import pytest
from samekey.ir import ServerVariable
from samekey.names.reserved import CLIENT_ARGUMENTS

from tests.lower.documents import HOME, Lowered, lowered

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
        ("[{url: 'https://{region}.a.example'}]", [""]),
        ("[{url: 'https://{region}.a.example', variables: {region: {description: which}}}]", [""]),
        ("[{url: 'https://{region}.a.example'}, {url: 'https://b.example'}]", ["https://b.example", ""]),
        ("[{url: 'https://a.example'}, {url: 'https://{region}.a.example'}]", ["https://a.example", ""]),
        ("[{url: 'https://[::1'}]", ["https://[::1"]),
        ("[]", []),
        ("null", []),
        ("[{description: nothing}]", []),
    ],
)
def test_servers_and_their_variables(servers: str, expected: list[str]) -> None:
    """Variables have their defaults; a URL that stays incomplete is empty, and no default where another is whole."""
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


def test_what_a_user_chooses() -> None:
    """Variables in the order of the URL, with what the document says of each; one that it does not declare as well."""
    found = document("""
servers:
  - url: https://{region}.a.example/{version}/{tenant}
    name: live
    variables:
      version: {default: v2, description: The version}
      region: {default: eu, enum: [eu, us]}
      unused: {default: x}
""")
    (server,) = found.api.servers
    assert server.template == "https://{region}.a.example/{version}/{tenant}"
    assert (server.url, server.name) == ("", "live")
    assert server.variables == (
        ServerVariable("region", "eu", ("eu", "us")),
        ServerVariable("version", "v2", (), "The version"),
        ServerVariable("tenant", None),
    )


def own(path_level: str, operation_level: str, top: str, home: str = HOME) -> Lowered:
    """A document whose one operation, or its path, has servers."""
    return lowered(
        f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
{top}
paths:
  /files:
    {path_level and f"servers: {path_level}"}
    get:
      {operation_level and f"servers: {operation_level}"}
      responses: {{200: {{description: ''}}}}
""",
        home=home,
    )


API = "servers: [{url: 'https://{region}.a.example/v1', variables: {region: {default: eu}}}]"


@pytest.mark.parametrize(
    ("path_level", "operation_level", "expected"),
    [
        ("", "", ""),
        ("[{url: 'https://files.example/up/'}]", "", "https://files.example/up"),
        ("", "[{url: 'https://files.example'}, {url: 'https://other.example'}]", "https://files.example"),
        ("[{url: 'https://path.example'}]", "[{url: 'https://operation.example'}]", "https://operation.example"),
        ("[{url: 'https://path.example'}]", "[]", ""),
        ("", "[{url: /v2}]", "/v2"),
        ("", "[{url: /}]", "/"),
        ("", "[{url: 'https://{b}.example', variables: {b: {default: x}}}]", "https://x.example"),
        ("", "[{url: 'https://f.{region}.example', variables: {region: {default: x}}}]", "https://f.{region}.example"),
        ("", "[{url: 'https://{region}.a.example/v1'}]", ""),
        ("", "[{url: 'https://eu.a.example/v1'}]", ""),
    ],
)
def test_a_server_of_ones_own(path_level: str, operation_level: str, expected: str) -> None:
    """The operation's comes before the path's; variables of the API's server are left to the client."""
    found = own(path_level, operation_level, API)
    assert found.operation().server == expected
    assert not found.codes


@pytest.mark.parametrize("url", ["https://{b}.example", "ftp://a.example", "", "https://[::1", "https://"])
def test_a_server_of_ones_own_that_cannot_be_used_is_reported(url: str) -> None:
    """The operation stays and goes where the others go."""
    found = own("", f"[{{url: {url!r}}}]", API)
    assert found.operation().server == ""
    assert found.codes == ["server-ignored"]
    assert not found.failed


def test_a_server_of_ones_own_is_relative_to_the_documents_url() -> None:
    """Like the API's (OpenAPI 3.1 section 4.8.5)."""
    found = own("[{url: /v2}]", "", "servers: [{url: /v1}]", home=WEB)
    assert found.operation().server == "https://api.example.com/v2"


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


def test_variables_are_arguments_with_names_of_their_own() -> None:
    """None takes the place of a credential's, of the client's own, or of another's."""
    wires = ["region", "a-b", "a_b", "base_url", "token", "class", "found", "日本", "", "self"]
    url = "https://" + ".".join(f"{{{wire}}}" for wire in wires) + ".example"
    found = lowered(
        f"openapi: 3.0.3\ninfo: {{title: T, version: '1'}}\npaths: {{}}\nservers: [{{url: '{url}'}}]\n"
        "components: {securitySchemes: {a: {type: http, scheme: bearer}}}"
    )
    names = found.names()
    assert list(names.variables) == wires
    assert names.variables["region"] == "region"
    assert names.credentials == {"a": ("token",)}
    chosen = list(names.variables.values())
    assert len({*chosen, "token", *CLIENT_ARGUMENTS}) == len(chosen) + 1 + len(CLIENT_ARGUMENTS)
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in chosen)
