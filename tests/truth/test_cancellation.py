"""Cancelled at any moment: the client goes on, and what was told to nobody is not done later."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import threading
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.truth.server import LOST, Answer, Request, Shop


def taken(client: Any) -> list[Any]:  # noqa: ANN401
    """The connections that a client cannot use for other calls."""
    pools = client._core.connection.transport()._client._transport.pools
    return [connection for pool in pools for connection in pool._pool.connections if not connection.is_idle()]


async def cut(call: Awaitable[Any], steps: int, again: int) -> None:
    """Cancel a call after so many turns of the loop, and once more so many turns later."""
    task = asyncio.ensure_future(call)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    for _ in range(again):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


def test_a_client_survives_any_number_of_cancelled_calls(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Cut after each number of turns, once and twice, at once and in turn: no connection stays taken for good.

    Of so many calls each could leave one behind; the client would have no place left for the last ones.
    """
    chance = random.Random(1)  # noqa: S311

    async def main() -> None:
        async with sdk.AsyncCornerShop(base_url=shop.url, token="t") as client:  # noqa: S106
            for number in range(260):
                steps = number % 65
                await asyncio.gather(
                    *[cut(client.orders.create(item="tea"), steps, chance.randrange(6)) for _ in range(6)]
                )
            await asyncio.sleep(0.05)
            assert taken(client) == []
            assert (await client.orders.create(item="last")).item == "last"

    asyncio.run(main())


def test_timeouts_of_asyncio_leave_a_client_alive(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """One call after the other, each cut at a random moment by what FastAPI and task groups cancel with.

    All of them go to the first pool, and of a hundred one left its connection behind.
    """
    chance = random.Random(2)  # noqa: S311

    async def main() -> None:
        async with sdk.AsyncCornerShop(base_url=shop.url, token="t") as client:  # noqa: S106
            cut_off = 0
            for _ in range(1500):
                try:
                    async with asyncio.timeout(chance.random() * 0.0012):
                        await client.orders.create(item="tea")
                except TimeoutError:
                    cut_off += 1
            assert cut_off > 100
            await asyncio.sleep(0.05)
            assert taken(client) == []
            assert (await client.orders.create(item="last")).item == "last"

    asyncio.run(main())


def test_a_cancelled_call_says_on_the_exception_what_is_certain(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """For programs as attributes, for people as a note."""

    def slowly(_: Request) -> Answer:
        time.sleep(0.3)
        return Answer()

    shop.plan.append(slowly)

    async def main() -> None:
        async with sdk.AsyncCornerShop(base_url=shop.url, token="t") as client:  # noqa: S106
            task = asyncio.ensure_future(client.orders.create(item="tea"))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
        error: Any = caught.value
        assert error.certainty is sdk.Certainty.UNKNOWN
        assert error.idempotency_key == shop.keys[0]
        assert error.may_be_repeated is False
        assert error.idempotency_key in "".join(error.__notes__)
        assert "if the API honours keys, which its document does not say" in "".join(error.__notes__)

    asyncio.run(main())


@pytest.mark.parametrize("key", [None, "order-7"])
def test_an_entry_that_is_being_written_is_taken_back(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    tmp_path: Path,
    key: str | None,
) -> None:
    """Nothing was sent and nobody was told, so no later start may send it."""
    begun, go_on = threading.Event(), threading.Event()

    class Slow(sdk.SQLiteJournal):  # type: ignore[misc]
        """A disk that takes its time."""

        def begin(self, entry: Any, *, is_new: bool = False) -> Any:  # noqa: ANN401
            begun.set()
            go_on.wait(5)
            inner: Any = super()
            return inner.begin(entry, is_new=is_new)

    async def main() -> None:
        journal = Slow(tmp_path / "journal.db")
        async with sdk.AsyncCornerShop(base_url=shop.url, token="t", journal=journal) as client:  # noqa: S106
            task = asyncio.ensure_future(client.orders.create(item="tea", idempotency_key=key))
            await asyncio.to_thread(begun.wait, 5)
            task.cancel()
            await asyncio.sleep(0.05)
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(0.2)
        journal.close()

    asyncio.run(main())
    journal = sdk.SQLiteJournal(tmp_path / "journal.db")
    with sdk.CornerShop(base_url=shop.url, token="t", journal=journal) as client:  # noqa: S106
        assert client.journal.pending() == []
        assert client.journal.resume(repeat=True) == []
    journal.close()
    assert shop.seen == []


def busy(path: Path, seconds: float) -> None:
    """Another process writes to the database for a while."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("BEGIN IMMEDIATE")

    def end() -> None:
        database.execute("ROLLBACK")
        database.close()

    threading.Timer(seconds, end).start()


def test_an_entry_is_taken_back_where_the_loop_ends(sdk: Any, shop: Shop, tmp_path: Path) -> None:  # noqa: ANN401
    """A task in the background is cancelled by the end of `asyncio.run`, and so is everything that it has started."""
    raised: list[BaseException] = []

    async def call(client: Any) -> None:  # noqa: ANN401
        try:
            await client.orders.create(item="tea")
        except asyncio.CancelledError as error:
            raised.append(error)
            raise

    async def main() -> None:
        client = sdk.AsyncCornerShop(base_url=shop.url, token="t", journal=journal)  # noqa: S106
        busy(tmp_path / "j", 0.4)
        running.append(asyncio.create_task(call(client)))
        await asyncio.sleep(0.1)

    journal = sdk.SQLiteJournal(tmp_path / "j")
    running: list[object] = []
    asyncio.run(main())
    journal.close()
    (error,) = raised
    assert getattr(error, "certainty", None) is sdk.Certainty.NOT_SENT
    journal = sdk.SQLiteJournal(tmp_path / "j")
    with sdk.CornerShop(base_url=shop.url, token="t", journal=journal) as client:  # noqa: S106
        assert client.journal.pending() == []
    journal.close()
    assert shop.seen == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_resume_lets_go_of_its_entry(sdk: Any, shop: Shop, tmp_path: Path, backend: str) -> None:  # noqa: ANN401
    """What was claimed and not sent can be resumed again, in this process as well."""
    journal = sdk.SQLiteJournal(tmp_path / "j")
    once = sdk.RetryPolicy(max_retries=0)
    shop.plan.append(LOST)
    with (
        sdk.CornerShop(base_url=shop.url, token="t", journal=journal, retry=once) as first,  # noqa: S106
        pytest.raises(sdk.APIConnectionError),
    ):
        first.orders.create(item="tea")

    async def main() -> list[Any]:
        async with sdk.AsyncCornerShop(base_url=shop.url, token="t", journal=journal) as client:  # noqa: S106
            busy(tmp_path / "j", 0.4)
            with anyio.move_on_after(0.1) as scope:
                await client.journal.resume(repeat=True)
            assert scope.cancelled_caught
            settled: list[Any] = await client.journal.resume(repeat=True)
            return settled

    (settled,) = anyio.run(main, backend=backend)
    journal.close()
    assert settled.certainty is sdk.Certainty.APPLIED
    assert len(shop.effects) == 1


def test_a_cancellation_while_the_end_is_written_down_says_what_is_certain(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    tmp_path: Path,
) -> None:
    """The answer has come, and whoever cancels loses it: the exception says that it was done, and under which key."""
    begun, go_on = threading.Event(), threading.Event()

    class Slow(sdk.SQLiteJournal):  # type: ignore[misc]
        """A disk that takes its time."""

        def settle(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            begun.set()
            go_on.wait(5)
            inner: Any = super()
            return inner.settle(*arguments, **named)

    async def main() -> None:
        journal = Slow(tmp_path / "journal.db")
        async with sdk.AsyncCornerShop(base_url=shop.url, token="t", journal=journal) as client:  # noqa: S106
            task = asyncio.ensure_future(client.payments.create(item="tea"))
            await asyncio.to_thread(begun.wait)
            task.cancel()
            await asyncio.sleep(0)
            go_on.set()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
        journal.close()
        error: Any = caught.value
        assert error.certainty is sdk.Certainty.APPLIED
        assert error.idempotency_key == shop.keys[0]

    asyncio.run(main())
