"""A caller's traceback shows their line, the method of the resource, and where it failed."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from pathlib import Path

import acme_payments
import httpx
import pytest
from acme_payments import AcmePayments, APIConnectionError, APIError, AsyncAcmePayments, NotFoundError

HOME = Path(acme_payments.__file__).parent
CALLS: list[tuple[str, str, Callable[[AcmePayments], object]]] = [
    ("charges", "get", lambda api: api.charges.get("c_1")),
    ("charges", "get", lambda api: api.charges.get.detailed("c_1")),
    ("charges", "create", lambda api: api.charges.create(amount=1, currency="eur")),
    ("charges", "list", lambda api: api.charges.list()),
]
ASYNC_CALLS: list[tuple[str, str, Callable[[AsyncAcmePayments], object]]] = [
    ("charges", "get", lambda api: api.charges.get("c_1")),
    ("charges", "get", lambda api: api.charges.get.detailed("c_1")),
    ("charges", "list", lambda api: api.charges.list()),
]


def lost(_: httpx.Request) -> httpx.Response:
    """The server knows nothing of it."""
    return httpx.Response(404, json={"error": {"message": "no such thing"}})


def broken(request: httpx.Request) -> httpx.Response:
    """Nobody listens."""
    raise httpx.ConnectError("refused", request=request)


def frames(error: BaseException) -> list[tuple[str, str, str]]:
    """The frames of the SDK in an error's traceback: file, function and line as they are shown."""
    found = traceback.extract_tb(error.__traceback__)
    return [
        (str(Path(frame.filename).relative_to(HOME)), frame.name, frame.line or "")
        for frame in found
        if Path(frame.filename).is_relative_to(HOME)
    ]


def check(error: APIError, resource: str, method: str) -> None:
    """At most four frames are ours, and one of them is the method of the resource, in its file."""
    own = frames(error)
    assert len(own) <= 4, own
    assert [line for file, name, line in own if (file, name) == (f"resources/{resource}.py", method)] != []
    assert own[-1][0] == "_runtime/response.py"
    assert "raise" in own[-1][2]


@pytest.mark.parametrize(("resource", "method", "call"), CALLS)
def test_a_refusal_names_the_method_of_the_resource(
    resource: str, method: str, call: Callable[[AcmePayments], object]
) -> None:
    """A 404 of a plain call, of one with its whole response, of a keyed one and of a list."""
    with httpx.Client(transport=httpx.MockTransport(lost)) as http_client:
        api = AcmePayments(base_url="http://server.example", http_client=http_client)
        with pytest.raises(NotFoundError) as raised:
            call(api)
    check(raised.value, resource, method)


@pytest.mark.parametrize(("resource", "method", "call"), ASYNC_CALLS)
def test_so_does_a_refusal_of_an_awaited_call(
    resource: str, method: str, call: Callable[[AsyncAcmePayments], object]
) -> None:
    """The same in an event loop."""

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(lost)) as http_client:
            api = AsyncAcmePayments(base_url="http://server.example", http_client=http_client)
            await call(api)  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]

    with pytest.raises(NotFoundError) as raised:
        asyncio.run(run())
    check(raised.value, resource, method)


def test_the_cause_is_kept() -> None:
    """Why there is no connection stands above, with a traceback of its own."""
    with httpx.Client(transport=httpx.MockTransport(broken)) as http_client:
        api = AcmePayments(base_url="http://server.example", http_client=http_client)
        with pytest.raises(APIConnectionError) as raised:
            api.with_options(retry=acme_payments.RetryPolicy(max_retries=0)).charges.get("c_1")
    check(raised.value, "charges", "get")
    assert isinstance(raised.value.__cause__, httpx.ConnectError)
    assert raised.value.__cause__.__traceback__ is not None
