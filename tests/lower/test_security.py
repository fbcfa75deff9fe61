"""Security: the credentials that can be sent, and what an operation asks for."""

from __future__ import annotations

import pytest
from samekey.document.diagnostics import Severity
from samekey.ir import Location, SchemeKind

from tests.lower.documents import Lowered, lowered

OK = "responses: {200: {description: ''}}"


def schemes(entries: str, version: str = "3.0.3") -> Lowered:
    """A document with these security schemes."""
    return lowered(
        f"openapi: {version}\ninfo: {{title: T, version: '1'}}\npaths: {{}}\ncomponents: {{securitySchemes: {entries}}}"
    )


@pytest.mark.parametrize(
    ("entry", "kind", "name", "location"),
    [
        ("{type: apiKey, in: header, name: X-Key}", SchemeKind.API_KEY, "X-Key", Location.HEADER),
        ("{type: apiKey, in: query, name: key}", SchemeKind.API_KEY, "key", Location.QUERY),
        ("{type: apiKey, in: cookie, name: sid}", SchemeKind.API_KEY, "sid", Location.COOKIE),
        ("{type: http, scheme: basic}", SchemeKind.BASIC, "", Location.HEADER),
        ("{type: http, scheme: Basic}", SchemeKind.BASIC, "", Location.HEADER),
        ("{type: http, scheme: bearer, bearerFormat: JWT}", SchemeKind.BEARER, "", Location.HEADER),
        ("{type: http, scheme: Bearer}", SchemeKind.BEARER, "", Location.HEADER),
        ("{type: http, scheme: HOBA}", SchemeKind.HTTP, "HOBA", Location.HEADER),
        ("{type: http, scheme: token}", SchemeKind.HTTP, "token", Location.HEADER),
        ("{type: apiKey, in: header, name: Authorization}", SchemeKind.API_KEY, "Authorization", Location.HEADER),
        ("{type: oauth2, flows: {implicit: {authorizationUrl: /a}}}", SchemeKind.BEARER, "", Location.HEADER),
        ("{type: oauth2, flows: {password: {tokenUrl: /t}}}", SchemeKind.BEARER, "", Location.HEADER),
        (
            "{type: oauth2, flows: {clientCredentials: {tokenUrl: /token, scopes: {}}}}",
            SchemeKind.OAUTH2,
            "",
            Location.HEADER,
        ),
        (
            "{type: oauth2, flows: {authorizationCode: {tokenUrl: /t, authorizationUrl: /a}}}",
            SchemeKind.BEARER,
            "",
            Location.HEADER,
        ),
        ("{type: openIdConnect, openIdConnectUrl: 'https://a.example'}", SchemeKind.BEARER, "", Location.HEADER),
        ("{$ref: '#/components/x-other'}", SchemeKind.BASIC, "", Location.HEADER),
    ],
)
def test_schemes_that_can_be_sent(entry: str, kind: SchemeKind, name: str, location: Location) -> None:
    """API keys in three places, schemes of HTTP, and everything that ends in a bearer token."""
    found = lowered(
        "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths: {}\n"
        f"components: {{securitySchemes: {{auth: {entry}}}, x-other: {{type: http, scheme: basic}}}}"
    )
    (scheme,) = found.api.schemes
    assert (scheme.id, scheme.kind, scheme.name, scheme.location) == ("auth", kind, name, location)
    assert not found.codes


@pytest.mark.parametrize(
    "entry",
    [
        "{type: http, scheme: digest}",
        "{type: http}",
        "{type: http, scheme: 'no token'}",
        '{type: apiKey, in: header, name: "X-A\\nX-B"}',
        "{type: apiKey, in: body, name: k}",
        "{type: apiKey, in: header}",
        "{type: magic}",
        "{}",
    ],
)
def test_schemes_that_cannot_be_sent_are_reported(entry: str) -> None:
    """The others stay."""
    found = schemes(f"{{bad: {entry}, good: {{type: http, scheme: bearer, description: the token}}}}")
    assert [scheme.id for scheme in found.api.schemes] == ["good"]
    assert found.api.schemes[0].doc == "the token"
    assert found.codes == ["security-unsupported"]
    assert found.found("security-unsupported") == ["/components/securitySchemes/bad"]


@pytest.mark.parametrize("entry", ["3", "text", "[a]", "null"])
def test_a_scheme_that_is_no_mapping_costs_only_itself(entry: str) -> None:
    """Never the run."""
    found = schemes(f"{{bad: {entry}, good: {{type: http, scheme: bearer}}}}")
    assert [scheme.id for scheme in found.api.schemes] == ["good"]
    assert not found.failed


@pytest.mark.parametrize(
    ("security", "expected"),
    [
        ("[{a: []}]", (("a",),)),
        ("[{a: [read, write]}]", (("a",),)),
        ("[{a: [], b: []}]", (("a", "b"),)),
        ("[{a: []}, {b: []}]", (("a",), ("b",))),
        ("[{}]", ((),)),
        ("[{a: []}, {}]", (("a",), ())),
        ("[]", ()),
    ],
)
def test_requirements(security: str, expected: tuple[tuple[str, ...], ...]) -> None:
    """Schemes of one mapping hold together, mappings are alternatives, `{}` and `[]` ask for nothing."""
    found = lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
security: {security}
paths:
  /own: {{get: {{security: {security}, {OK}}}}}
  /default: {{get: {{{OK}}}}}
components:
  securitySchemes: {{a: {{type: http, scheme: bearer}}, b: {{type: apiKey, in: header, name: X-Key}}}}
""")
    assert found.api.security == expected
    assert found.operation("GET /own").security == expected
    assert found.operation("GET /default").security is None, "it inherits"
    assert not found.codes


def test_an_operation_can_ask_for_nothing() -> None:
    """`security: []` is not the same as no word at all."""
    found = lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
security: [{{a: []}}]
paths: {{/open: {{get: {{security: [], {OK}}}}}}}
components: {{securitySchemes: {{a: {{type: http, scheme: bearer}}}}}}
""")
    assert found.api.security == (("a",),)
    assert found.operation().security == ()


def test_a_scheme_of_the_connection_is_a_note() -> None:
    """Certificates are a matter of the caller's own http_client; what stands beside mutualTLS is still sent."""
    found = lowered(f"""
openapi: 3.1.0
info: {{title: T, version: '1'}}
security: [{{cert: [], a: []}}, {{cert: []}}]
paths: {{/t: {{get: {{{OK}}}}}}}
components: {{securitySchemes: {{a: {{type: http, scheme: bearer}}, cert: {{type: mutualTLS}}}}}}
""")
    assert [scheme.id for scheme in found.api.schemes] == ["a"]
    assert found.api.security == (("a",), ())
    assert [(entry.code, entry.severity) for entry in found.diagnostics] == [("security-in-connection", Severity.NOTE)]


def test_digest_says_how_it_is_done() -> None:
    """No value given once can be right, so the hint leads to httpx's own digest."""
    found = schemes("{bad: {type: http, scheme: Digest}}")
    assert "DigestAuth" in next(iter(found.diagnostics)).hint


def test_a_requirement_of_an_undeclared_scheme_is_reported() -> None:
    """The operation stays and asks for what is declared."""
    found = lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
paths: {{/t: {{get: {{security: [{{nobody: [], a: []}}, {{nothing: []}}], {OK}}}}}}}
components: {{securitySchemes: {{a: {{type: http, scheme: bearer}}}}}}
""")
    assert found.operation().security == (("a",), ())
    assert found.codes == ["security-undeclared", "security-undeclared"]
    assert found.found("security-undeclared") == [
        "/paths/~1t/get/security/0/nobody",
        "/paths/~1t/get/security/1/nothing",
    ]
    assert not found.failed


@pytest.mark.parametrize(
    ("one", "other", "codes"),
    [
        ("{type: apiKey, in: header, name: X-Key}", "{type: apiKey, in: header, name: x-key}", ["security-conflict"]),
        ("{type: http, scheme: bearer}", "{type: http, scheme: basic}", ["security-conflict"]),
        ("{type: http, scheme: bearer}", "{type: apiKey, in: header, name: authorization}", ["security-conflict"]),
        ("{type: apiKey, in: header, name: X-Key}", "{type: apiKey, in: query, name: X-Key}", []),
        ("{type: apiKey, in: query, name: a}", "{type: apiKey, in: cookie, name: a}", []),
        ("{type: apiKey, in: header, name: X-Key}", "{type: http, scheme: bearer}", []),
    ],
)
def test_two_credentials_for_one_header(one: str, other: str, codes: list[str]) -> None:
    """Together they cannot be sent; as alternatives they can."""
    for security, expected in (("[{a: [], b: []}]", codes), ("[{a: []}, {b: []}]", [])):
        found = lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
security: {security}
paths: {{}}
components: {{securitySchemes: {{a: {one}, b: {other}}}}}
""")
        assert found.codes == expected


@pytest.mark.parametrize(
    ("security", "operation", "scopes"),
    [
        ("[{o: [read, write]}]", "", ("read", "write")),
        ("[{o: [read]}, {o: [write, read]}]", "security: [{o: [admin]}],", ("read", "write")),
        ("[{o: []}]", "security: [{o: [admin]}, {o: [read]}],", ("admin", "read")),
        ("[]", "security: [{o: [admin]}],", ("admin",)),
        ("[{o: [3, '', {a: b}, ' read ']}]", "", ("read",)),
        ("[]", "", ()),
    ],
)
def test_the_scopes_of_a_token(security: str, operation: str, scopes: tuple[str, ...]) -> None:
    """Those of the document's default, and where that names none, those of all operations."""
    found = lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
security: {security}
paths: {{/t: {{get: {{{operation} {OK}}}}}}}
components: {{securitySchemes: {{o: {{type: oauth2, flows: {{clientCredentials: {{tokenUrl: 'https://a.example/t'}}}}}}}}}}
""")
    assert found.api.schemes[0].scopes == scopes


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://login.example/token", "https://login.example/token"),
        ("https://api.example/oauth/token?tenant=1", "/oauth/token?tenant=1"),
        ("https://api.example", "/"),
        ("http://api.example/token", "http://api.example/token"),
        ("https://api.example:8443/token", "https://api.example:8443/token"),
        ("/token", "/token"),
        ("token", "token"),
    ],
)
def test_where_tokens_come_from(url: str, expected: str) -> None:
    """A token URL on the API's own host follows the base URL; one on another host stays."""
    found = lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
servers: [{{url: 'https://api.example/v1'}}]
paths: {{}}
components: {{securitySchemes: {{o: {{type: oauth2, flows: {{clientCredentials: {{tokenUrl: {url!r}}}}}}}}}}}
""")
    (scheme,) = found.api.schemes
    assert (scheme.kind, scheme.token_url) == (SchemeKind.OAUTH2, expected)
    assert not found.codes


@pytest.mark.parametrize("url", ["", "ftp://a.example/t", "javascript:alert(1)", "//a.example/t", "https://[::1/t"])
def test_a_token_url_that_is_none_leaves_the_plain_token(url: str) -> None:
    """The user can still bring a token."""
    found = schemes(f"{{o: {{type: oauth2, flows: {{clientCredentials: {{tokenUrl: {url!r}}}}}}}}}")
    assert [scheme.kind for scheme in found.api.schemes] == [SchemeKind.BEARER]
    assert found.codes == ["token-url-unusable"]


def test_without_the_word_nothing_is_asked_for() -> None:
    """A document may declare schemes and require none."""
    assert schemes("{a: {type: http, scheme: bearer}}").api.security == ()


@pytest.mark.parametrize("written", ["3", "text", "{a: []}", "[a]", "[3]", "[null]"])
def test_requirements_that_make_no_sense_cost_no_operation(written: str) -> None:
    """The operation stays, and the finding says what was wrong."""
    found = lowered(f"""
openapi: 3.0.3
info: {{title: T, version: '1'}}
paths: {{/t: {{get: {{security: {written}, {OK}}}}}}}
components: {{securitySchemes: {{a: {{type: http, scheme: bearer}}}}}}
""")
    assert found.operations == ["GET /t"]
    assert found.codes == ["wrong-type"]


def test_swagger_schemes() -> None:
    """`basic`, `apiKey` and `oauth2` under `securityDefinitions`."""
    found = lowered("""
        swagger: '2.0'
        info: {title: T, version: '1'}
        paths: {}
        security: [{login: []}, {key: [], token: [a]}]
        securityDefinitions:
          login: {type: basic}
          key: {type: apiKey, in: query, name: k}
          token: {type: oauth2, flow: implicit, authorizationUrl: 'https://a.example', scopes: {a: b}}
          own: {type: oauth2, flow: application, tokenUrl: 'https://a.example/t', scopes: {a: b}}
    """)
    assert [(scheme.id, scheme.kind) for scheme in found.api.schemes] == [
        ("login", SchemeKind.BASIC),
        ("key", SchemeKind.API_KEY),
        ("token", SchemeKind.BEARER),
        ("own", SchemeKind.OAUTH2),
    ]
    assert found.api.security == (("login",), ("key", "token"))
