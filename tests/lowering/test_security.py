"""Security: the credentials that can be sent, and what an operation asks for."""

from __future__ import annotations

import pytest
from samekey.ir import Location, SchemeKind

from tests.lowering.documents import Lowered, lowered

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
        (
            "{type: oauth2, flows: {clientCredentials: {tokenUrl: /token, scopes: {}}}}",
            SchemeKind.BEARER,
            "",
            Location.HEADER,
        ),
        ("{type: openIdConnect, openIdConnectUrl: 'https://a.example'}", SchemeKind.BEARER, "", Location.HEADER),
        ("{$ref: '#/components/x-other'}", SchemeKind.BASIC, "", Location.HEADER),
    ],
)
def test_schemes_that_can_be_sent(entry: str, kind: SchemeKind, name: str, location: Location) -> None:
    """API keys in three places, basic, and everything that ends in a bearer token."""
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
        "{type: mutualTLS}",
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
  securitySchemes: {{a: {{type: http, scheme: bearer}}, b: {{type: http, scheme: basic}}}}
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
    """)
    assert [(scheme.id, scheme.kind) for scheme in found.api.schemes] == [
        ("login", SchemeKind.BASIC),
        ("key", SchemeKind.API_KEY),
        ("token", SchemeKind.BEARER),
    ]
    assert found.api.security == (("login",), ("key", "token"))
