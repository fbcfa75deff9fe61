"""A client that was used before `fork`: parent and child each have connections, locks and tokens of their own."""

from __future__ import annotations

import asyncio
import importlib
import os
import pickle
import signal
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.truth.server import Shop, answering

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    # Whoever forks with threads is warned; the servers of these tests are such threads, and not the children's.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
CALLS = 40
CHILDREN = 3


def always(value: ssl.SSLContext, *_: object, **__: object) -> ssl.SSLContext:
    """Return a value, whatever is asked."""
    return value


def in_a_child(work: Callable[[], Any], seconds: float = 30.0) -> Callable[[], Any]:
    """Start a child that does something; what it gives, when asked for, or an error where it hangs."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        result: Any = None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001
            result = repr(error)
        finally:
            with os.fdopen(write, "wb") as pipe:
                pickle.dump(result, pipe)
            os._exit(0)
    os.close(write)

    def join() -> Any:  # noqa: ANN401
        timer = threading.Timer(seconds, os.kill, (child, signal.SIGKILL))
        timer.start()
        with os.fdopen(read, "rb") as pipe:
            content = pipe.read()
        os.waitpid(child, 0)
        timer.cancel()
        assert content, f"the child hung for {seconds} seconds"
        return pickle.loads(content)  # noqa: S301  # it comes from our own child

    return join


def orders(client: Any, name: str) -> list[tuple[str, str]]:  # noqa: ANN401
    """Items that were ordered, beside those of the answers."""
    made = [(f"{name} {number}", client.orders.create(item=f"{name} {number}")) for number in range(CALLS)]
    return [(item, answer.item) for item, answer in made]


def is_own(answers: Any) -> bool:  # noqa: ANN401
    """Whether every answer is the answer to its own request."""
    return len(answers) == CALLS and all(asked == got for asked, got in answers)


def test_children_and_their_parent_get_their_own_answers(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """One client, used once, then by three children and their parent at once: nobody hears of another's order."""
    with sdk.CornerShop(base_url=shop.url, token="t") as client:  # noqa: S106
        client.orders.create(item="first")
        names = [f"child {number}" for number in range(CHILDREN)]
        children = [in_a_child(partial(orders, client, name)) for name in names]
        own = orders(client, "parent")
        assert all(is_own(child()) for child in children)
        assert is_own(own)
        # The children ended without a goodbye on the parent's connection.
        assert client.orders.create(item="last").item == "last"
    assert len(shop.effects) == (CHILDREN + 1) * CALLS + 2


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_over_tls_as_well(
    sdk: Any,  # noqa: ANN401
    context: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    is_async: bool,  # noqa: FBT001
) -> None:
    """A shared TLS connection would be one of broken records, and a goodbye on it would end the parent's."""
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    importlib.import_module(f"{sdk.__name__}._runtime.http.connections")
    monkeypatch.setattr(f"{sdk.__name__}._runtime.http.connections._usual_tls", partial(always, trusting))
    with Shop(context=context) as shop:
        if is_async:
            asyncio.run(_async_family(sdk, shop))
            return
        with sdk.CornerShop(base_url=shop.url, token="t") as client:  # noqa: S106
            client.orders.create(item="first")
            child = in_a_child(lambda: orders(client, "child"))
            own = orders(client, "parent")
            assert is_own(child())
            assert is_own(own)
            assert client.orders.create(item="last").item == "last"


def test_an_async_client_as_well(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """The child runs an event loop of its own."""
    asyncio.run(_async_family(sdk, shop))


async def _async_family(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    client = sdk.AsyncCornerShop(base_url=shop.url, token="t")  # noqa: S106

    async def make(name: str) -> list[tuple[str, str]]:
        made = [(f"{name} {number}", await client.orders.create(item=f"{name} {number}")) for number in range(CALLS)]
        return [(item, answer.item) for item, answer in made]

    await client.orders.create(item="first")
    child = in_a_child(_outside(lambda: asyncio.run(make("child"))))
    assert is_own(await make("parent"))
    assert is_own(child())
    assert (await client.orders.create(item="last")).item == "last"
    await client.close()


def _outside(work: Callable[[], Any]) -> Callable[[], Any]:
    """Work in a child that was forked inside a loop; Python still takes the parent's loop for a running one there."""

    def run() -> Any:  # noqa: ANN401
        asyncio._set_running_loop(None)
        return work()

    return run


def test_a_lock_that_a_thread_of_the_parent_held_is_open_in_the_child(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """The thread that holds it does not exist there, so nobody would ever let go of it."""
    with sdk.CornerShop(base_url=shop.url, token="t") as client:  # noqa: S106
        core = client._core
        budget = core.settings.budget
        with core.connection._lock, budget._lock:
            shop.plan.append(answering(503))
            child = in_a_child(lambda: client.orders.create(item="tea").item, seconds=10.0)
            assert child() == "tea"


def test_tokens_are_fetched_anew(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """A child that was forked while a token was being fetched would wait for ever for what comes of it."""
    gate = threading.Event()

    def slowly(_: object) -> Any:  # noqa: ANN401
        gate.wait(5)
        return answering(200, {"access_token": "t1", "expires_in": 3600})

    shop.plan.append(slowly)
    credentials = sdk.ClientCredentials("id", "secret", f"{shop.url}/token")
    with sdk.CornerShop(base_url=shop.url, token=credentials) as client:
        thread = threading.Thread(target=lambda: client.orders.create(item="parent"))
        thread.start()
        time.sleep(0.2)
        shop.plan.append(answering(200, {"access_token": "t2", "expires_in": 3600}))
        child = in_a_child(lambda: client.orders.create(item="child").item, seconds=10.0)
        time.sleep(0.2)
        gate.set()
        assert child() == "child"
        thread.join()


def test_a_clients_own_http_client_is_refused_where_it_would_lie(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Its connections are not ours to close; the child is told so before anything is sent."""
    with httpx.Client() as http, sdk.CornerShop(base_url=shop.url, token="t", http_client=http) as client:  # noqa: S106
        client.orders.create(item="first")

        def use() -> tuple[str, str]:
            try:
                client.orders.create(item="child")
            except sdk.APIConnectionError as error:
                return error.certainty.value, str(error)
            return "done", ""

        certainty, message = in_a_child(use)()
        assert certainty == "not sent"
        assert "before it was forked" in message
        assert client.orders.create(item="last").item == "last"
    assert len(shop.effects) == 2


def test_an_unused_http_client_works_in_a_child(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Made before a fork and used after it: it has no connections to share."""
    with httpx.Client() as http, sdk.CornerShop(base_url=shop.url, token="t", http_client=http) as client:  # noqa: S106
        assert is_own(in_a_child(lambda: orders(client, "child"))())


def test_a_transport_of_the_callers_own_works_in_a_child(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Made before a fork and used after it, whatever it wraps; once used, what it wraps has connections."""

    class Wrapping(httpx.BaseTransport):
        def __init__(self) -> None:
            self._inner = httpx.HTTPTransport()

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return self._inner.handle_request(request)

        def close(self) -> None:
            self._inner.close()

    with (
        httpx.Client(transport=Wrapping()) as http,
        sdk.CornerShop(base_url=shop.url, token="t", http_client=http) as client,  # noqa: S106
    ):
        assert is_own(in_a_child(lambda: orders(client, "child"))())
        client.orders.create(item="first")
        assert "before it was forked" in in_a_child(lambda: orders(client, "child"))()


def test_a_child_that_can_open_nothing_uses_nothing_of_its_parent(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its parent's sockets stay open there, and are not used."""

    def nothing(*_: object) -> None:
        raise OSError(24, "Too many open files")

    with sdk.CornerShop(base_url=shop.url, token="t") as client:  # noqa: S106
        client.orders.create(item="first")
        with monkeypatch.context() as patch:
            patch.setattr(os, "dup2", nothing)
            children = [in_a_child(partial(orders, client, f"child {number}")) for number in range(2)]
        own = orders(client, "parent")
        assert all(is_own(child()) for child in children)
        assert is_own(own)


def test_a_journal_belongs_to_its_process(sdk: Any, shop: Shop, tmp_path: Path) -> None:  # noqa: ANN401
    """SQLite's connections do not outlive a fork; and a child does not resume what its parent has in flight."""
    journal = sdk.SQLiteJournal(tmp_path / "journal.db")
    with sdk.CornerShop(base_url=shop.url, token="t", journal=journal) as client:  # noqa: S106
        client.orders.create(item="first")
        pending: list[Any] = []

        def fork_in_flight(_: object) -> Any:  # noqa: ANN401
            pending.append(in_a_child(lambda: (len(client.journal.resume()), is_own(orders(client, "child")))))
            return answering(201, {"id": "o9", "item": "tea"}, after=True)

        shop.plan.append(fork_in_flight)
        client.orders.create(item="tea")
        assert pending[0]() == (0, True)
        assert client.journal.pending() == []
    journal.close()
