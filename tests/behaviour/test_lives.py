"""What becomes of connections: at a client's end, in a slow look-up, in an early refusal, and when nobody closes."""

from __future__ import annotations

import gc
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import pytest
from acme_payments import AcmePayments, APIConnectionError, AsyncAcmePayments, Certainty, RetryPolicy, Timeout
from samekey_templates.runtime.http.options import ConnectionOptions
from samekey_templates.runtime.http.transport import AsyncTransport, SyncTransport
from samekey_templates.runtime.retry.rules import Failed
from samekey_templates.runtime.retry.wire import AsyncOpenAnswer, Limits, Result, WireRequest
from samekey_templates.runtime.types import Timeout as WireTimeout

from tests.behaviour.fault_server import TOKEN, Act, Fault, FaultServer

LIBRARIES = ("httpx", "httpx2")
BACKENDS = ("asyncio", "trio")
CHARGE: dict[str, Any] = {"amount": 1, "currency": "usd"}
AMOUNT = 1999
"""What the server says, whatever was charged."""


# --- the end of a client ---


def closed_while_running(client: AcmePayments, server: FaultServer) -> Any:  # noqa: ANN401  # a charge
    """Charge, and close the client while the charge is on its way."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(client.charges.create, **CHARGE)
        arrived(server)
        client.close()
        return running.result()


def arrived(server: FaultServer, requests: int = 1) -> None:
    """Wait until the server has seen so many requests."""
    ends = time.monotonic() + 10
    while len(server.seen) < requests:
        assert time.monotonic() < ends
        time.sleep(0.005)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_call_that_runs_ends_with_its_answer(server: FaultServer, library: Any) -> None:  # noqa: ANN401
    """Closing throws no answer away; the connection is closed when it has come, and no call follows."""
    server.plan(Fault(slow=0.4))
    client = AcmePayments(base_url=server.url, token=TOKEN, http_library=library)
    assert closed_while_running(client, server).amount == AMOUNT
    with pytest.raises(APIConnectionError, match="the client is closed: make a new one") as caught:
        client.charges.create(**CHARGE)
    assert caught.value.certainty is Certainty.NOT_SENT
    with pytest.raises(APIConnectionError, match="the client is closed"):
        client.with_options(strict=True).charges.get("ch_1")
    assert len(server.seen) == 1
    client.close()
    client.close()


def test_a_call_that_waits_for_its_retry_ends_with_the_truth(server: FaultServer) -> None:
    """It may have been done, and the client sends nothing more to find out."""
    server.plan(Fault(Act.CUT))
    client = AcmePayments(base_url=server.url, token=TOKEN, retry=RetryPolicy(initial_delay=0.5, max_delay=0.5))
    client = client.with_options(retry=RetryPolicy(max_retries=10))
    server.plan(*[Fault(Act.CUT)] * 20)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(client.charges.create, **CHARGE)
        arrived(server)
        time.sleep(0.05)
        client.close()
        error = running.exception()
    assert isinstance(error, APIConnectionError)
    assert error.certainty is Certainty.UNKNOWN
    assert error.idempotency_key
    assert "the client is closed" in str(error)


def test_an_unused_client_is_closed_before_it_opens_anything(server: FaultServer) -> None:
    """Closing twice is harmless, and so is closing what was never used; both refuse calls."""
    client = AcmePayments(base_url=server.url, token=TOKEN)
    client.close()
    client.close()
    with pytest.raises(APIConnectionError, match="the client is closed"):
        client.charges.get("ch_1")
    assert server.connections == 0


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_async_call_that_runs_ends_with_its_answer(server: FaultServer, backend: str, library: Any) -> None:  # noqa: ANN401
    """The same in an event loop, where the client is closed by another task."""
    server.plan(Fault(slow=0.4))

    async def main() -> None:
        client = AsyncAcmePayments(base_url=server.url, token=TOKEN, http_library=library)
        amounts: list[int] = []

        async def charge() -> None:
            amounts.append((await client.charges.create(**CHARGE)).amount)

        async with anyio.create_task_group() as group:
            group.start_soon(charge)
            await anyio.to_thread.run_sync(arrived, server)
            await client.close()
        assert amounts == [AMOUNT]
        with pytest.raises(APIConnectionError, match="the client is closed"):
            await client.charges.get("ch_1")
        await client.close()

    anyio.run(main, backend=backend)
    assert len(server.seen) == 1


def test_a_client_of_the_callers_own_that_they_close_ends_calls_with_the_truth(server: FaultServer) -> None:
    """The library raises a RuntimeError there, which nobody expects of an SDK."""
    import httpx  # noqa: PLC0415

    own = httpx.Client()
    client = AcmePayments(base_url=server.url, token=TOKEN, http_client=own)
    own.close()
    with pytest.raises(APIConnectionError, match="the http_client is closed") as caught:
        client.charges.create(**CHARGE)
    assert caught.value.certainty is Certainty.NOT_SENT


# --- names of hosts ---


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A server of names that does not answer until it is told to."""
    answers = threading.Event()
    look_up = socket.getaddrinfo

    def late(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        answers.wait(60)
        return look_up(*arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", late)
    yield answers
    answers.set()


HASTY = RetryPolicy(deadline=0.4, max_retries=1, initial_delay=0)


def test_a_look_up_that_hangs_ends_with_the_deadline(hanging: threading.Event) -> None:
    """Nothing was sent, and the caller is told so in time."""
    assert not hanging.is_set()
    with AcmePayments(base_url="http://localhost:9", token=TOKEN, retry=HASTY) as client:
        began = time.monotonic()
        with pytest.raises(APIConnectionError, match="the name localhost was not looked up in time") as caught:
            client.charges.create(**CHARGE)
    assert caught.value.certainty is Certainty.NOT_SENT
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_event_loop_waits_for_a_look_up_that_hangs(hanging: threading.Event, backend: str) -> None:
    """Not even at its end, where it waits for the threads of its own pool."""

    async def main() -> None:
        async with AsyncAcmePayments(base_url="http://localhost:9", token=TOKEN, retry=HASTY) as client:
            with pytest.raises(APIConnectionError, match="was not looked up in time") as caught:
                await client.charges.create(**CHARGE)
            assert caught.value.certainty is Certainty.NOT_SENT

    anyio.run(main, backend=backend)
    assert not hanging.is_set()


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_name_with_several_addresses_is_tried_one_after_the_other(
    server: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
    library: Any,  # noqa: ANN401
) -> None:
    """The first may refuse, or not exist here; nothing is sent before one has answered."""
    port = urlsplit(server.url).port
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lookup_of("shop.test", found))
    url = f"http://shop.test:{port}/v1"
    with AcmePayments(base_url=url, token=TOKEN, http_library=library) as client:
        client.charges.create(**CHARGE)

    async def main() -> None:
        async with AsyncAcmePayments(
            base_url=f"http://shop.test:{port}/v1", token=TOKEN, http_library=library
        ) as client:
            await client.charges.create(**CHARGE)

    for backend in BACKENDS:
        anyio.run(main, backend=backend)
    assert len(server.seen) == 3


def lookup_of(name: str, found: list[Any]) -> Callable[..., Any]:
    """Make a look-up that knows one name more."""
    usual = socket.getaddrinfo

    def look_up(host: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        return found if host == name else usual(host, *arguments, **named)

    return look_up


# --- what nobody waits for ---


class EarlyServer:
    """A server that answers a request before it has read the body, and then closes the connection.

    Args:
        answer: what it says.
    """

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        self.requests = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.requests += 1
                with connection:
                    connection.recv(65_536)
                    connection.sendall(self._answer)
                    time.sleep(0.05)

    def close(self) -> None:
        """Serve no more."""
        self._socket.close()


REFUSED = b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge"


@pytest.fixture
def early() -> Iterator[EarlyServer]:
    """A server that refuses early."""
    found = EarlyServer(REFUSED)
    yield found
    found.close()


def upload(url: str, size: int) -> WireRequest:
    """Make a request with a large body."""
    return WireRequest("POST", url, (("Content-Type", "application/octet-stream"),), b"x" * size)


def limits() -> Limits:
    """Return limits that no test reaches."""
    return Limits(WireTimeout(), time.monotonic() + 60)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("size", [200_000, 3_000_000, 20_000_000])
@pytest.mark.parametrize("style", ["sync", *BACKENDS])
def test_an_upload_that_is_refused_early_sees_the_refusal(
    early: EarlyServer,
    style: str,
    size: int,
    library: Any,  # noqa: ANN401
) -> None:
    """The status counts, not the connection that the server then closes; an event loop reads while it writes."""
    options = ConnectionOptions(library=library)
    if style == "sync":
        transport = SyncTransport(options=options)
        result = transport.attempt(upload(early.url, size), limits())
        transport.close()
    else:
        result = anyio.run(uploaded, options, upload(early.url, size), backend=style)
    assert not isinstance(result, Failed), result
    assert result.status == 413


async def uploaded(options: ConnectionOptions, request: WireRequest) -> Result:
    """Upload in an event loop."""
    transport = AsyncTransport(options=options)
    result = await transport.attempt(request, limits())
    await transport.aclose()
    return result


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_open_answers_that_are_dropped_give_their_connections_back(
    server: FaultServer,
    backend: str,
    library: Any,  # noqa: ANN401
) -> None:
    """Somebody forgets `async with`: after more of these than a client has connections, it still works."""
    import httpx  # noqa: PLC0415

    options = ConnectionOptions(library=library, limits=httpx.Limits(max_connections=4))
    request = WireRequest("GET", f"{server.url}/charges/ch_1", (("Authorization", f"Bearer {TOKEN}"),), None)

    async def main() -> None:
        transport = AsyncTransport(options=options)
        for _ in range(12):
            answer = await transport.open(request, Limits(WireTimeout(pool=5.0), time.monotonic() + 60))
            assert isinstance(answer, AsyncOpenAnswer), answer
            del answer
            gc.collect()
            await anyio.sleep(0.01)
        await transport.aclose()

    anyio.run(main, backend=backend)


class LostRequest:
    """What a request leaves behind in its pool when it ends at an unlucky moment: it is there, and nobody ends it.

    Args:
        connection: the connection that it holds for ever.
    """

    def __init__(self, connection: object) -> None:
        self.connection = connection

    def is_queued(self) -> bool:
        """Whether it waits for a connection."""
        return False


def filled_with_lost_requests(pool: Any, connections: int) -> None:  # noqa: ANN401  # a library's own
    """Let requests that are lost hold so many connections of a pool."""
    lost = [pool.create_connection(None) for _ in range(connections)]
    for connection in lost:
        connection.is_idle = connection.is_closed = connection.is_available = connection.has_expired = lambda: False
        connection.is_connected = lambda: True
    pool._connections[:] = lost
    pool._requests[:] = [LostRequest(connection) for connection in lost]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("limits", "calls_that_fail"),
    [pytest.param(None, 0, id="another pool is asked"), pytest.param(4, 1, id="the only pool is replaced")],
)
def test_a_pool_that_gives_no_connection_ends_no_client(
    server: FaultServer,
    library: Any,  # noqa: ANN401
    limits: int | None,
    calls_that_fail: int,
) -> None:
    """What a library loses of its places at an unlucky moment must not end a client that lives for months."""
    import httpx  # noqa: PLC0415

    own = None if limits is None else httpx.Limits(max_connections=limits)

    async def main() -> None:
        transport = AsyncTransport(options=ConnectionOptions(library=library, limits=own))
        request = WireRequest("GET", f"{server.url}/charges/ch_1", (("Authorization", f"Bearer {TOKEN}"),), None)
        pools: Any = transport._client._transport  # pyright: ignore[reportPrivateUsage]
        filled_with_lost_requests(pools.pools[0]._pool, limits or 64)
        hasty = Limits(WireTimeout(pool=0.2), time.monotonic() + 60)
        results = [await transport.attempt(request, hasty) for _ in range(4)]
        assert [isinstance(result, Failed) for result in results].count(True) == calls_that_fail
        assert not isinstance(results[-1], Failed)
        await transport.aclose()

    anyio.run(main)


class Interrupts:
    """Raises KeyboardInterrupt in this thread, at most once in each block, and never outside of one."""

    def __init__(self) -> None:
        self._armed = False
        # A signal of its own: SIGALRM is what ends tests that hang, and SIGINT is the runner's.
        signal.signal(signal.SIGUSR1, self._strike)

    def _strike(self, *_: object) -> None:
        if self._armed:
            self._armed = False
            raise KeyboardInterrupt

    def during(self, work: Callable[[], object], after: float) -> KeyboardInterrupt | None:
        """Do something that is interrupted after some seconds; return the interrupt, None where it came too late."""
        timer = threading.Timer(after, signal.pthread_kill, (threading.get_ident(), signal.SIGUSR1))
        try:
            try:
                self._armed = True
                timer.start()
                work()
            finally:
                self._armed = False
        except KeyboardInterrupt as interrupt:
            return interrupt
        finally:
            timer.join()
        return None


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals to threads")
# An interrupt may come between the making of a socket and the line that closes it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_client_survives_interrupts_at_any_point(server: FaultServer) -> None:
    """A KeyboardInterrupt tells the truth where the server may have seen the key, and no connection stays taken."""
    import httpx  # noqa: PLC0415

    former = signal.getsignal(signal.SIGUSR1)
    interrupts = Interrupts()
    keys: dict[str, BaseException] = {}
    try:
        with AcmePayments(
            base_url=server.url, token=TOKEN, limits=httpx.Limits(max_connections=3), timeout=Timeout(pool=5)
        ) as client:
            client.charges.create(**CHARGE)
            for turn in range(150):
                key = f"00000000-0000-4000-8000-{turn:012d}"
                call = partial(client.charges.create, **CHARGE, idempotency_key=key)
                interrupt = interrupts.during(call, after=0.0002 + turn % 30 * 0.0001)
                if interrupt is not None:
                    keys[key] = interrupt
            assert client.charges.create(**CHARGE).amount == AMOUNT
    finally:
        signal.signal(signal.SIGUSR1, former)
    seen = {request.every("idempotency-key")[0] for request in server.seen}
    assert keys
    told = [key for key, error in keys.items() if key in seen and getattr(error, "idempotency_key", None) == key]
    # Python delivers a signal between any two steps, also after a call has returned and before its result is bound.
    assert len(told) >= len(seen & set(keys)) * 0.9
    keys.clear()
    gc.collect()
