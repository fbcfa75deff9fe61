"""A standing proxy in front of somebody else's API, for all faults that need no knowledge of the server's inside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from samekey.sandbox.api.address import api_address
from samekey.sandbox.api.answer import Answer
from samekey.sandbox.api.credentials import bearer_of, scope_of
from samekey.sandbox.api.problems import problem
from samekey.sandbox.keys.store import fingerprint
from samekey.sandbox.server.app import Sandbox, assemble
from samekey.sandbox.server.dashboard import Served
from samekey.sandbox.server.faults import Faults, Plan
from samekey.sandbox.server.ledger import AnswerKind, Ledger
from samekey.sandbox.server.service import Handled, RequestContext
from samekey.sandbox.storage.database import open_database
from samekey.sandbox.storage.migrations import upgrade

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from samekey.sandbox.api.request import ReceivedRequest
    from samekey.sandbox.server.fault_middleware import Tell
    from samekey.sandbox.server.faults import Struck

KEY = "Idempotency-Key"
_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
    "upgrade", "proxy-connection",
})  # fmt: skip
"""Headers that concern one connection (RFC 9110 section 7.6.1)."""
_OF_REQUESTS = frozenset({"host", "content-length"})
"""Headers that are made anew on the way."""
_REPLAYED = ("idempotent-replayed", "idempotency-replayed")
_TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class Upstream:
    """Somebody else's API.

    Args:
        url: its address.
        store: where the ledger is kept.
        key: the header that carries keys.
        plan: what is to go wrong.
    """

    url: str
    store: str
    key: str = KEY
    plan: Plan = field(default_factory=Plan)


def open_chaos(upstream: Upstream, tell: Tell | None = None) -> Sandbox:
    """Make a proxy in front of somebody else's API.

    Args:
        upstream: the API.
        tell: told of each request in a line; None for nobody.

    Raises:
        SandboxError: the upstream's address cannot be used.
        FaultError: a fault needs the server's inside.
        StoreError: the store cannot be opened.
    """
    url = api_address(upstream.url, "--upstream", "those of each request are passed on")
    faults = Faults(upstream.plan, inside=False)
    database = open_database(upstream.store)
    upgrade(database)
    proxy = Proxy(url, upstream.key)
    served = Served(f"In front of {upstream.url}", inside=False)
    return assemble(proxy, Ledger(database), faults, database, served, tell=tell)


class Proxy:
    """Passes requests on whole, and answers back as they come: a stream of events is one on this side too.

    Args:
        url: the upstream's address, without a slash at its end.
        key: the header that carries keys.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key
        # Nothing is retried, no redirect is followed and no cookie is kept here: what a client sees is what the
        # upstream says to it, and to nobody else.
        self._transport = httpx.AsyncHTTPTransport(trust_env=False)

    def subject(self, request: ReceivedRequest) -> RequestContext:
        """Return whom and what a request is about, as far as the request itself tells."""
        key = request.header(self._key) or None
        content = fingerprint(request.method, request.target, request.body)
        scope = scope_of([bearer_of(credential) for credential in request.every("authorization")])
        return RequestContext((f"{request.method} {request.path}",), scope, key, key or content, content)

    async def handle(self, request: ReceivedRequest, subject: RequestContext, struck: Struck | None) -> Handled:  # noqa: ARG002
        """Pass a request on to the upstream, and return its response, whose body has not come yet."""
        timeout: dict[str, float | None] = httpx.Timeout(_TIMEOUT).as_dict()
        onward = httpx.Request(
            request.method,
            f"{self._url}{request.target}",
            headers=_passed_on(request.headers, _OF_REQUESTS),
            content=request.body or None,
            extensions={"timeout": timeout},
        )
        try:
            response = await self._transport.handle_async_request(onward)
        except httpx.HTTPError as error:
            return Handled(problem(502, "upstream", f"the upstream cannot be reached: {error or type(error).__name__}"))
        headers = tuple(
            (name, self._as_seen_from(request, value) if name == "location" else value)
            for name, value in _passed_on(response.headers.multi_items())
        )
        replayed = any(response.headers.get(name, "").lower() == "true" for name in _REPLAYED)
        kind = AnswerKind.REPLAYED if replayed else AnswerKind.OWN
        # A stream may be silent for as long as it likes.
        timeout["read"] = None
        return Handled(Answer(response.status_code, headers), kind, _Pieces(response))

    def _as_seen_from(self, request: ReceivedRequest, location: str) -> str:
        """Return a Location that leads a client here again, where it leads to the upstream."""
        host = request.header("host")
        is_upstreams = location == self._url or location.startswith((f"{self._url}/", f"{self._url}?"))
        return f"http://{host}{location[len(self._url) :] or '/'}" if host and is_upstreams else location

    async def left(self, request: ReceivedRequest, subject: RequestContext) -> None:
        """Do nothing: the upstream has no need to know that a client left."""

    def purge(self) -> int:
        """Return 0: a proxy keeps nothing that could be removed."""
        return 0

    async def close(self) -> None:
        """Close the connections to the upstream."""
        await self._transport.aclose()


class _Pieces:
    """The body of a response as it comes; unlike a generator's, its end is known though it has never begun."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._pieces = response.aiter_raw()

    def __anext__(self) -> Awaitable[bytes]:
        return anext(self._pieces)

    async def aclose(self) -> None:
        await self._response.aclose()


def _passed_on(headers: Iterable[tuple[str, str]], others: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """Return the headers that a proxy passes on: none that concern one connection (RFC 9110 section 7.6.1).

    Args:
        headers: names in lower case, and values.
        others: names of headers that are not passed on either.
    """
    pairs = list(headers)
    named = {word.strip().lower() for name, value in pairs if name == "connection" for word in value.split(",")}
    return [(name, value) for name, value in pairs if name not in _HOP_BY_HOP | named | others]
