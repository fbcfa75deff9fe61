"""Hooks, flows of authentication and transports of the caller's own: what they raise is not the API's word."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Generator, Iterator
from typing import Any

import anyio
import httpx
import httpx_aiohttp
import pytest

from tests.truth.call_styles import Ask, ended, order, to
from tests.truth.server import LOST, Answer, Shop, answering


def telegram(method: Any) -> Any:  # noqa: ANN401
    """A message whose server honours no keys."""
    return method("telegrams.send")(item="hello")


def nobody() -> str:
    """A URL at which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def one(sdk: Any, shop: Shop, ask: Ask, *, is_async: bool, **client: Any) -> Any:  # noqa: ANN401
    """How a call ends that goes through an `httpx.Client` of the caller's own, or an async one."""
    if not is_async:
        with httpx.Client(**client) as http:
            return ended(sdk, "sync", shop.url, ask, http_client=http)[0]

    async def main() -> Any:  # noqa: ANN401
        async with (
            httpx.AsyncClient(**client) as http,
            sdk.AsyncCornerShop(base_url=shop.url, token="t", http_client=http) as called,  # noqa: S106
        ):
            try:
                return await ask(lambda path: getattr(getattr(called, path.split(".")[0]), path.split(".")[1]).detailed)
            except Exception as error:  # noqa: BLE001
                return error

    return anyio.run(main)


@pytest.mark.parametrize("ask", [telegram, order()], ids=["unsafe", "keyed"])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_hook_that_asks_another_service_says_nothing_of_the_call(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    ask: Ask,
    is_async: bool,  # noqa: FBT001
) -> None:
    """The order was made and the audit's server is down: one request, and the audit's error with the truth on it."""
    dead = nobody()

    def audit(_: httpx.Response) -> None:
        httpx.post(dead)

    async def audit_async(_: httpx.Response) -> None:
        async with httpx.AsyncClient() as http:
            await http.post(dead)

    hooks: dict[str, list[Any]] = {"response": [audit_async if is_async else audit]}
    error = one(sdk, shop, ask, is_async=is_async, event_hooks=hooks)
    assert isinstance(error, httpx.ConnectError)
    assert error.certainty is sdk.Certainty.UNKNOWN  # type: ignore[attr-defined]
    assert len(shop.seen) == len(shop.effects) == 1
    assert "may or may not have been done" in "".join(error.__notes__)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_flow_of_authentication_as_well(sdk: Any, shop: Shop, is_async: bool) -> None:  # noqa: ANN401, FBT001
    """It asks for a new token behind an answer, and nobody is there."""
    dead = nobody()

    class Renewing(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
            yield request
            yield httpx.Request("POST", dead)

    error = one(sdk, shop, telegram, is_async=is_async, auth=Renewing())
    assert isinstance(error, httpx.ConnectError)
    assert error.certainty is sdk.Certainty.UNKNOWN  # type: ignore[attr-defined]
    assert len(shop.effects) == 1


class Repeating(httpx.BaseTransport):
    """A transport that sends everything, and then fails by something that it does itself."""

    def __init__(self, error: Exception) -> None:
        self._inner = httpx.HTTPTransport()
        self._error = error

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, and fail."""
        self._inner.handle_request(request).read()
        raise self._error

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("t"), httpx.PoolTimeout("t"), OSError("reset")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_nobody_knows_what_an_error_of_another_transport_means(sdk: Any, shop: Shop, error: Exception) -> None:  # noqa: ANN401
    """It may have sent the request before, so nothing is told as not sent, and what has no key is not repeated."""
    found = one(sdk, shop, telegram, is_async=False, transport=Repeating(error))
    assert isinstance(found, sdk.APIConnectionError)
    assert found.certainty is sdk.Certainty.UNKNOWN
    assert len(shop.effects) == 1
    shop.seen.clear()
    keyed = one(sdk, shop, order(), is_async=False, transport=Repeating(error))
    assert keyed.certainty is sdk.Certainty.UNKNOWN
    assert len(shop.seen) == 4
    assert len(set(shop.keys)) == 1


def test_httpx_itself_is_believed(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Its own transport says truly that nobody was there."""
    with httpx.Client() as http:
        (error,) = ended(sdk, "sync", nobody(), telegram, http_client=http)
    assert error.certainty is sdk.Certainty.NOT_SENT
    assert len(error.attempts) == 4
    assert shop.seen == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["urn:order:17", "mailto:a@b.example", "data:,x", "tel:+49", "http://[::1"])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_location_that_is_no_url_says_nothing_of_the_request(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    location: str,
    status: int,
    is_async: bool,  # noqa: FBT001
) -> None:
    """The server has answered, so something was sent, and what has no key is sent once."""
    shop.plan += [answering(status, None, ("Location", location), after=True)] * 9
    error = one(sdk, shop, telegram, is_async=is_async)
    assert isinstance(error, sdk.APIConnectionError)
    assert error.certainty is not sdk.Certainty.NOT_SENT
    assert len(shop.effects) == len(shop.seen) == 1


@pytest.mark.parametrize("hook", ["on_attempt", "on_retry"])
@pytest.mark.parametrize("call_style", ["sync", "asyncio", "trio"])
def test_a_hook_of_ours_that_raises_takes_nothing_away(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    hook: str,
    call_style: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The order is made and its answer is here; that the metrics are down is logged."""

    def broken(_: object) -> None:
        raise LookupError("metrics are down")

    settings: dict[str, Any] = {hook: broken}
    shop.plan.append(answering(503))
    (response,) = ended(sdk, call_style, shop.url, order(), **settings)
    assert response.data.item == "tea"
    assert len(response.attempts) == 2
    assert "metrics are down" in caplog.text


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_the_callers_own_code_sees_the_whole_url(sdk: Any, shop: Shop, is_async: bool) -> None:  # noqa: ANN401, FBT001
    """Whoever signs a request signs its query as well."""
    signed: list[str] = []

    class Signing(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
            signed.append(str(request.url))
            yield request

    ask = to("orders.get", "o1", options=sdk.CallOptions())
    response = one(sdk, shop, ask, is_async=is_async, auth=Signing())
    assert response.data.id == "o1"
    assert signed == [f"{shop.url}{shop.seen[0].target}"]


def test_aiohttp_sends_the_whole_query(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """It makes its request of the URL as text."""

    async def main() -> Any:  # noqa: ANN401
        async with (
            httpx_aiohttp.HttpxAiohttpClient() as http,
            sdk.AsyncCornerShop(base_url=shop.url, api_key="K", http_client=http) as client,
        ):
            return await client.orders.get("o1")

    assert anyio.run(main).id == "o1"
    assert shop.seen[0].target == "/orders/o1?api_key=K"


@pytest.mark.parametrize("call_style", ["sync", "asyncio", "trio"])
def test_the_original_exception_is_the_cause(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """What the network said in its own words is in the trace, and not in a pickle."""
    once = sdk.RetryPolicy(max_retries=0)
    (refused,) = ended(sdk, call_style, nobody(), order(), retry=once)
    assert isinstance(refused.__cause__, httpx.ConnectError)
    shop.plan += [LOST, Answer(201, b"{", (("Content-Type", "application/json"),), length=99)]
    lost, cut = ended(sdk, call_style, shop.url, order(), order(), retry=once)
    assert isinstance(lost.__cause__, httpx.TransportError)
    assert isinstance(cut.__cause__, httpx.RemoteProtocolError)
    twin = pickle.loads(pickle.dumps(cut))  # noqa: S301
    assert (twin.record, twin.__cause__) == (cut.record, None)
