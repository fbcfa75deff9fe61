"""Kits: clients that hold secrets, each in other places, and which of these must be seen by the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import quote

import httpx

from tests.canary.words import word

Making: TypeAlias = Callable[[Any, str, str], dict[str, Any]]
"""Arguments of a client, from the package, the call style and the server's address."""
KEYS = {"header_key": word("header-key"), "query_key": word("query-key"), "cookie_key": word("cookie-key")}
ALL_KEYS = ("header-key", "query-key", "cookie-key")


def own_headers(whose: str) -> dict[str, str]:
    """Headers of the caller's own that hold secrets."""
    return {
        "Authorization": f"Bearer {word(f'of-{whose}-authorization')}",
        "Cookie": f"login={word(f'of-{whose}-cookie')}",
        "X-Api-Key": word(f"of-{whose}-api-key"),
        "Proxy-Authorization": f"Bearer {word(f'of-{whose}-proxy-authorization')}",
        "X-Vault-Secret": word(f"of-{whose}-secret"),
        "Ocp-Apim-Subscription-Key": word(f"of-{whose}-subscription-key"),
    }


@dataclass(frozen=True)
class Kit:
    """A client with secrets.

    Args:
        name: for people.
        make: the arguments of the client.
        travels: the places whose secrets the API's server must see.
        fetches: those that the token endpoint must see.
        headers: of the call.
        environment: variables that are set; `{address}` in them is the server's.
    """

    name: str
    make: Making
    travels: tuple[str, ...]
    fetches: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def places(self) -> tuple[str, ...]:
        """The places that are looked for wherever this client was used."""
        extra = ("access-token", "refresh-token") if self.fetches else ()
        return tuple(dict.fromkeys((*self.travels, *self.fetches, *extra, "set-cookie", "raised")))


def _with(**more: Any) -> Making:  # noqa: ANN401
    return lambda _sdk, _style, address: {"base_url": f"http://{address}", **more}


def _function(_sdk: Any, style: str, address: str) -> dict[str, Any]:  # noqa: ANN401
    async def asked() -> str:
        return word("token-function")

    def called() -> str:
        return word("token-function")

    return {"base_url": f"http://{address}", **KEYS, "token": called if style == "sync" else asked}


def _in_body(sdk: Any, _style: str, address: str) -> dict[str, Any]:  # noqa: ANN401
    source = sdk.ClientCredentials("id", word("body-secret"), "/token", secret_in_body=True)
    return {"base_url": f"http://{address}", **KEYS, "oauth_token": source}


def _own_client(_sdk: Any, style: str, address: str) -> dict[str, Any]:  # noqa: ANN401
    client = httpx.Client() if style == "sync" else httpx.AsyncClient()
    return {"base_url": f"http://{address}", **KEYS, "http_client": client}


def _userinfo(_sdk: Any, _style: str, address: str) -> dict[str, Any]:  # noqa: ANN401
    return {"base_url": f"http://me:{quote(word('userinfo'), safe='')}@{address}"}


def _nothing(_sdk: Any, _style: str, _address: str) -> dict[str, Any]:  # noqa: ANN401
    return {}


def _through_proxy(_sdk: Any, _style: str, _address: str) -> dict[str, Any]:  # noqa: ANN401
    return {"base_url": "http://bank.test", **KEYS}


_ENVIRONMENT = {
    f"CANARY_BANK_{name}": word(f"env-{name.lower().replace('_', '-')}")
    for name in ("HEADER_KEY", "QUERY_KEY", "COOKIE_KEY", "USERNAME", "PASSWORD")
}
_NAMES = ("authorization", "cookie", "api-key", "proxy-authorization", "secret", "subscription-key")
_OF_CLIENT = tuple(f"of-client-{name}" for name in _NAMES)
_OF_CALL = tuple(f"of-call-{name}" for name in _NAMES)

KITS = (
    Kit("basic", _with(**KEYS, username=word("username"), password=word("password")),
        (*ALL_KEYS, "username", "password")),
    Kit("bearer", _with(**KEYS, token=word("token")), (*ALL_KEYS, "token")),
    Kit("token function", _function, (*ALL_KEYS, "token-function")),
    Kit("other scheme", _with(**KEYS, credential=word("hawk")), (*ALL_KEYS, "hawk")),
    Kit("client credentials", _with(**KEYS, client_id="id", client_secret=word("client-secret")),
        (*ALL_KEYS, "access-token"), ("client-secret",)),
    Kit("client credentials in the body", _in_body, (*ALL_KEYS, "access-token"), ("body-secret",)),
    Kit("headers of the client", _with(headers=own_headers("client")), _OF_CLIENT),
    Kit("headers of the call", _with(), _OF_CALL, headers=own_headers("call")),
    Kit("userinfo", _userinfo, ("userinfo",)),
    Kit("environment", _nothing, ("env-header-key", "env-query-key", "env-cookie-key", "env-username", "env-password"),
        environment={**_ENVIRONMENT, "CANARY_BANK_BASE_URL": "http://{address}"}),
    Kit("userinfo of the environment", _nothing, ("env-userinfo",),
        environment={"CANARY_BANK_BASE_URL": f"http://me:{quote(word('env-userinfo'), safe='')}@{{address}}"}),
    Kit("proxy", _through_proxy, (*ALL_KEYS, "proxy"),
        environment={"HTTP_PROXY": f"http://me:{quote(word('proxy'), safe='')}@{{address}}"}),
    Kit("own client", _own_client, ALL_KEYS),
)  # fmt: skip
