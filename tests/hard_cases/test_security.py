"""Security: which credentials are sent where, alone, together, in turn, and to whom."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from .sdk import BASE_URL, USUAL, Call, Sdk

TOPIC = "security"
NONE = {"authorization": None, "x-key": None, "cookie": None}
ALL = {
    "header_key": "h",
    "query_key": "q",
    "cookie_key": "c",
    "username": "user",
    "password": "word",
    "bearer": "b",
    "connect": "o",
}

CASES: list[tuple[str, Call, Mapping[str, str], str, Mapping[str, str | None]]] = [
    ("the document's default", lambda api: api.calls.by_default(), ALL, "/default", {**NONE, "x-key": "h"}),
    ("apiKey in a header", lambda api: api.calls.in_header(), ALL, "/header", {**NONE, "x-key": "h"}),
    (
        "apiKey in the query",
        lambda api: api.calls.in_query(a="1"),
        {**ALL, "query_key": "q&=1"},
        "/query?a=1&api%20key=q%26%3D1",
        NONE,
    ),
    (
        "apiKey in a cookie",
        lambda api: api.calls.in_cookie(a="1"),
        ALL,
        "/cookie",
        {**NONE, "cookie": "a=1; session=c"},
    ),
    ("basic", lambda api: api.calls.basic(), ALL, "/basic", {**NONE, "authorization": "Basic dXNlcjp3b3Jk"}),
    ("bearer", lambda api: api.calls.bearer(), ALL, "/bearer", {**NONE, "authorization": "Bearer b"}),
    ("openIdConnect", lambda api: api.calls.connect(), ALL, "/connect", {**NONE, "authorization": "Bearer o"}),
    ("both together", lambda api: api.calls.both(), ALL, "/both?api%20key=q", {**NONE, "x-key": "h"}),
    ("both, and one is missing", lambda api: api.calls.both(), {"query_key": "q"}, "/both", NONE),
    ("the first of two", lambda api: api.calls.either(), ALL, "/either", {**NONE, "authorization": "Bearer b"}),
    ("the second of two", lambda api: api.calls.either(), {"query_key": "q"}, "/either?api%20key=q", NONE),
    (
        "optional, given",
        lambda api: api.calls.optional(),
        {"bearer": "b"},
        "/optional",
        {**NONE, "authorization": "Bearer b"},
    ),
    ("optional, left out", lambda api: api.calls.optional(), {}, "/optional", NONE),
    ("security: []", lambda api: api.calls.open(), ALL, "/open", NONE),
    (
        "parameters in the places of credentials",
        lambda api: api.calls.declared(session="1"),
        ALL,
        "/declared?api%20key=q",
        {**NONE, "x-key": "h", "cookie": "session=1"},
    ),
    ("no credentials at all", lambda api: api.calls.by_default(), {}, "/default", NONE),
]


@pytest.mark.parametrize(
    ("call", "credentials", "target", "headers"), [pytest.param(*row[1:], id=row[0]) for row in CASES]
)
def test_an_operation_gets_the_credentials_it_asks_for(
    sdk: Sdk, call: Call, credentials: Mapping[str, str], target: str, headers: Mapping[str, str | None]
) -> None:
    """What its `security` names is sent, where the scheme says, and nothing else is."""
    sent = sdk.send(call, settings={**USUAL, **credentials})
    assert sent.line == f"GET {target}"
    assert {name: sent.headers.get(name) for name in headers} == headers


def test_a_scheme_that_cannot_be_sent_is_reported(sdk: Sdk) -> None:
    """HTTP digest needs an answer first; the user is told to bring headers of their own."""
    assert sdk.codes == ["security-unsupported"]


def test_credentials_come_from_the_environment(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a variable named after the package and the argument; an argument goes before it."""
    given = {**USUAL, "header_key": "given"}
    monkeypatch.setenv("HARD_SECURITY_HEADER_KEY", "from the environment")
    assert sdk.send(lambda api: api.calls.in_header()).headers["x-key"] == "from the environment"
    assert sdk.send(lambda api: api.calls.in_header(), settings=given).headers["x-key"] == "given"
    monkeypatch.setenv("HARD_SECURITY_HEADER_KEY", "")
    assert "x-key" not in sdk.send(lambda api: api.calls.in_header()).headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_never_leave_for_another_origin(sdk: Sdk, status: int) -> None:
    """A redirect to another host, scheme or port is not followed, so nothing is sent there."""
    for elsewhere in ("https://elsewhere.example/x", "http://server.example/x", "https://server.example:444/x"):
        seen: list[str] = []

        def handle(request: httpx.Request, elsewhere: str = elsewhere, seen: list[str] = seen) -> httpx.Response:
            seen.append(str(request.url))
            return httpx.Response(status, headers={"Location": elsewhere})

        with httpx.Client(transport=httpx.MockTransport(handle)) as http_client:
            client = sdk.client(base_url=BASE_URL, header_key="h", http_client=http_client)
            with pytest.raises(sdk.module.APIError):
                client.calls.in_header()
        assert seen == [f"{BASE_URL}/header"]
