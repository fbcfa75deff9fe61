"""Where a call goes: the base URL with its variables, and servers of operations."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from samekey_templates.runtime.auth.credentials import (
    ApiKey,
    Basic,
    Bearer,
    Credential,
    HttpCredential,
    Requirement,
    sign,
)
from samekey_templates.runtime.call import Call
from samekey_templates.runtime.client import ApiFacts, make_settings
from samekey_templates.runtime.request.servers import filled, own_base

from tests.runtime.making import header, make_endpoint, wired
from tests.runtime.making import make_settings as usual_settings

API = ApiFacts("https://{region}.api.test/{version}", "TEST_BASE_URL", "test/1")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_BASE_URL", raising=False)


def test_variables_have_their_values() -> None:
    """Wherever they stand; what looks like a variable in a value is none."""
    assert filled("{a}/{b}/{a}", {"a": "{b}", "b": "x"}) == "{b}/x/{b}"
    assert filled("{a}/{}", {}) == "{a}/{}"


@pytest.mark.parametrize(
    ("given", "base_url", "variable", "expected"),
    [
        ({"region": "eu", "version": "v2"}, None, "", "https://eu.api.test/v2"),
        ({"region": "eu", "version": ""}, None, "", "https://eu.api.test"),
        ({"region": "eu", "version": "v2"}, "http://a.test/", "", "http://a.test"),
        ({"region": "eu", "version": "v2"}, None, "http://b.test", "http://b.test"),
        ({"region": None, "version": "v2"}, "http://a.test", "http://b.test", "http://a.test"),
    ],
)
def test_the_base_url(
    given: dict[str, str | None], base_url: str | None, variable: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument, else the environment, else the document's server with the variables filled in."""
    monkeypatch.setenv("TEST_BASE_URL", variable)
    settings = make_settings(API, credentials={}, variables=given, base_url=base_url)
    assert settings.base_url == expected
    assert settings.is_moved is bool(base_url or variable)


def test_a_variable_without_a_value_is_asked_for() -> None:
    """When the client is made, by its name."""
    with pytest.raises(ValueError, match=r"give a value to region, pass base_url= or set TEST_BASE_URL"):
        make_settings(API, credentials={}, variables={"region": None, "version": "v2"})
    with pytest.raises(ValueError, match="not an absolute URL"):
        make_settings(API, credentials={}, variables={"region": "a b/?", "version": "v2"}, base_url="region")


@pytest.mark.parametrize(
    ("server", "is_moved", "expected"),
    [
        ("https://files.test/up", False, "https://files.test/up"),
        ("https://{region}.files.test/", False, "https://eu.files.test"),
        ("/v2", False, "http://api.test:8080/v2"),
        ("/", False, "http://api.test:8080"),
        ("v2/", False, "http://api.test:8080/v1/v2"),
        ("https://files.test/up", True, "http://api.test:8080/up"),
        ("https://files.test", True, "http://api.test:8080"),
        ("/v2", True, "http://api.test:8080/v2"),
    ],
)
def test_a_server_of_ones_own(server: str, expected: str, *, is_moved: bool) -> None:
    """A base URL that the user gave stands for the hosts of all servers; each keeps its path."""
    assert own_base(server, "http://api.test:8080/v1", {"region": "eu"}, is_moved=is_moved) == expected


@pytest.mark.parametrize("server", ["https://{tenant:x}.files.test", "https://", "ftp://files.test", "https://h:port"])
def test_a_server_that_leads_nowhere_is_an_error(server: str) -> None:
    """Before anything is sent."""
    settings = replace(usual_settings(), variables={})
    with pytest.raises(ValueError, match=r"absolute URL|port|brackets"):
        wired(settings, make_endpoint(server=server), Call(query={"a": 1}))


def test_query_and_credentials_go_to_the_operations_own_server() -> None:
    """Its host is one that the document names."""
    settings = usual_settings(credentials={"k": ApiKey("key", "query", "q"), "b": Bearer("t")})
    endpoint = make_endpoint(server="https://files.test/up", security=(("k", "b"),))
    request, _ = wired(settings, endpoint, Call(query={"a": 1}))
    assert request.url == "https://files.test/up/things?a=1&key=q"
    assert header(request, "authorization") == ["Bearer t"]


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ((("b",),), ["Bearer t"]),
        (((), ("b",)), ["Bearer t"]),
        ((("b",), ()), ["Bearer t"]),
        ((("missing",), ()), []),
        ((("missing", "b"), ("h",)), ["HOBA h"]),
        ((("h",),), ["HOBA h"]),
        ((("u",),), ["Basic dTpw"]),
        (((),), []),
        ((), []),
    ],
)
def test_which_credentials_are_sent(requirement: Requirement, expected: list[str]) -> None:
    """Those of the first alternative that is complete; an empty one says that the others are optional."""
    credentials: dict[str, Credential] = {
        "b": Bearer("t"), "h": HttpCredential("HOBA", "h"), "u": Basic("u", "p"), "f": Bearer(lambda: "moving"),
    }  # fmt: skip
    assert [value for _, value in sign(credentials, requirement).headers] == expected


def test_a_token_that_moves_is_added_when_it_is_known() -> None:
    """Before that, the request is as it is without it."""
    credentials: dict[str, Any] = {"f": Bearer(lambda: "moving")}
    assert sign(credentials, (("f",),)).headers == ()
    assert sign(credentials, (("f",),), "now").headers == (("Authorization", "Bearer now"),)


def test_a_scheme_shows_no_credential() -> None:
    """Reprs end up in logs."""
    assert "private" not in repr(HttpCredential("HOBA", "private"))
