"""The journal: what is sent again is what was sent, to whom it was sent, and read as it was to be read."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.postgres import running
from tests.truth.server import LOST, Request, Shop, answering

ONCE: dict[str, Any] = {"max_retries": 0}


def lost(sdk: Any, shop: Shop, path: Path, call: Callable[[Any], object], **client: Any) -> None:  # noqa: ANN401
    """Make a call whose answer is lost, with a journal, in a process that ends then."""
    journal = sdk.SQLiteJournal(path)
    settings = {"token": "t", "retry": sdk.RetryPolicy(**ONCE), **client}
    shop.plan.append(LOST)
    with (
        sdk.CornerShop(base_url=shop.url, journal=journal, **settings) as called,
        pytest.raises(sdk.APIConnectionError),
    ):
        call(called)
    journal.close()


def resumed(sdk: Any, shop: Shop, path: Path, **client: Any) -> list[Any]:  # noqa: ANN401
    """What comes of it when another process resumes it."""
    journal = sdk.SQLiteJournal(path)
    settings = {"token": "t2", "retry": sdk.RetryPolicy(**ONCE), **client}
    try:
        with sdk.CornerShop(base_url=shop.url, journal=journal, **settings) as called:
            settled: list[Any] = called.journal.resume(repeat=True)
            return settled
    finally:
        journal.close()


def test_the_calls_own_headers_are_sent_again(sdk: Any, shop: Shop, tmp_path: Path) -> None:  # noqa: ANN401
    """Keys are scoped by account: without its header the order is made once more, on somebody else's."""
    headers = {"Acme-Account": "acct_1", "X-Tenant": "a"}
    options = sdk.CallOptions(headers=headers)
    lost(
        sdk, shop, tmp_path / "j", lambda client: client.orders.create(item="tea", options=options),
        headers={"X-Region": "eu"},
    )  # fmt: skip
    (settled,) = resumed(sdk, shop, tmp_path / "j", headers={"X-Region": "us", "X-New": "1"})
    first, second = shop.seen
    assert settled.certainty is sdk.Certainty.APPLIED
    assert len(shop.effects) == 1
    told_apart = {"authorization", "traceparent"}
    assert {k: v for k, v in first.headers.items() if k not in told_apart} == {
        k: v for k, v in second.headers.items() if k not in told_apart
    }
    assert (first.body, second.headers["authorization"]) == (second.body, "Bearer t2")


@pytest.mark.parametrize("given", ["by the client", "by the call"])
def test_what_may_be_a_credential_is_not_written(sdk: Any, shop: Shop, tmp_path: Path, given: str) -> None:  # noqa: ANN401
    """An entry that needs such a header is sent by a client that has it, and by no other."""
    secret = {"X-Auth-Token": "sk_SECRET", "Cookie": "session=sk_SECRET"}
    options = sdk.CallOptions(headers=secret if given == "by the call" else None)
    lost(
        sdk, shop, tmp_path / "j", lambda client: client.orders.create(item="tea", options=options),
        headers=secret if given == "by the client" else {},
    )  # fmt: skip
    assert b"sk_SECRET" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    (refused,) = resumed(sdk, shop, tmp_path / "j")
    assert refused.certainty is sdk.Certainty.UNKNOWN
    assert "X-Auth-Token" in refused.reason
    assert len(shop.seen) == 1
    (settled,) = resumed(sdk, shop, tmp_path / "j", headers=secret)
    assert settled.certainty is sdk.Certainty.APPLIED
    assert shop.seen[1].headers["x-auth-token"] == "sk_SECRET"
    assert len(shop.effects) == 1


def test_an_answer_is_read_in_the_dialect_of_its_operation(sdk: Any, shop: Shop, tmp_path: Path) -> None:  # noqa: ANN401
    """Here 423 says that the first request runs: it is waited for, and is no refusal that ends the entry."""
    lost(sdk, shop, tmp_path / "j", lambda client: client.sealed.create(item="tea"))
    shop.plan.append(answering(423))
    (waiting,) = resumed(sdk, shop, tmp_path / "j")
    assert waiting.certainty is sdk.Certainty.UNKNOWN
    (settled,) = resumed(sdk, shop, tmp_path / "j")
    assert settled.certainty is sdk.Certainty.APPLIED
    assert len(shop.effects) == 1


def test_an_entry_is_retried_as_its_call_was_to_be(sdk: Any, shop: Shop, tmp_path: Path) -> None:  # noqa: ANN401
    """The policy of the call goes with it."""
    policy = sdk.RetryPolicy(max_retries=2, initial_delay=0)
    shop.plan += [LOST, LOST]
    options = sdk.CallOptions(retry=policy)
    lost(sdk, shop, tmp_path / "j", lambda client: client.orders.create(item="tea", options=options))
    shop.plan += [answering(503), answering(503)]
    (settled,) = resumed(sdk, shop, tmp_path / "j")
    assert settled.certainty is sdk.Certainty.APPLIED
    assert len(settled.record.attempts) == 3


def test_its_files_are_for_their_owner_alone(sdk: Any, shop: Shop, tmp_path: Path) -> None:  # noqa: ANN401
    """They hold who pays what to whom, in the clear; and no password of a URL."""
    before = os.umask(0o022)
    try:
        journal = sdk.SQLiteJournal(tmp_path / "j")
        url = shop.url.replace("http://", "http://user:PASSWORD@")
        retry = sdk.RetryPolicy(**ONCE)
        shop.plan.append(LOST)
        with sdk.CornerShop(base_url=url, token="t", journal=journal, retry=retry) as client:  # noqa: S106
            with pytest.raises(sdk.APIConnectionError):
                client.orders.create(item="tea")
            assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
            assert b"PASSWORD" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
            (settled,) = client.journal.resume(repeat=True)
        journal.close()
    finally:
        os.umask(before)
    assert settled.certainty is sdk.Certainty.APPLIED


def test_a_journal_of_an_earlier_version_is_read(sdk: Any, shop: Shop, tmp_path: Path) -> None:  # noqa: ANN401
    """Written by the first release: without a dialect, its base URL with the password that stood in it."""
    url = shop.url.replace("http://", "http://user:PASSWORD@")
    sdk.SQLiteJournal(tmp_path / "j").close()
    entry = {
        "operation": "orders.create", "method": "POST", "path": "/orders", "target": "/orders",
        "headers": [["Content-Type", "application/json"], ["Idempotency-Key", "key-1"]], "security": [["token"]],
        "key_ttl": 86400.0,
    }  # fmt: skip
    with sqlite3.connect(tmp_path / "j") as database:
        database.execute(
            "INSERT INTO samekey_journal VALUES (?, ?, ?, ?, ?, ?, ?)",
            (url, "key-1", json.dumps(entry), b'{"item":"tea"}', "0" * 64, 4e9, ""),
        )
    database.close()
    journal = sdk.SQLiteJournal(tmp_path / "j")
    with sdk.CornerShop(base_url=url, token="t", headers={"X-Tenant": "a"}, journal=journal) as client:  # noqa: S106
        (settled,) = client.journal.resume(repeat=True)
        assert client.journal.pending() == []
    journal.close()
    assert settled.certainty is sdk.Certainty.APPLIED
    assert (shop.seen[0].key, shop.seen[0].headers["x-tenant"]) == ("key-1", "a")


def _order(item: str, client: Any) -> None:  # noqa: ANN401
    client.orders.create(item=item)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_one_poisoned_entry_stops_nothing(sdk: Any, shop: Shop, tmp_path: Path, is_async: bool) -> None:  # noqa: ANN401, FBT001
    """An entry of another release, and a hook that raises: what stands behind them is settled."""
    for item in ("poisoned", "tea", "cake"):
        lost(sdk, shop, tmp_path / "j", partial(_order, item))
    with sqlite3.connect(tmp_path / "j") as database:
        database.execute(
            "UPDATE samekey_journal SET entry = json_set(entry, '$.dialect', 'from the future')"
            " WHERE rowid = (SELECT rowid FROM samekey_journal ORDER BY first_sent LIMIT 1)"
        )
    database.close()

    def broken(_: object) -> None:
        raise LookupError("metrics are down")

    if is_async:

        async def main() -> list[Any]:
            journal = sdk.SQLiteJournal(tmp_path / "j")
            async with sdk.AsyncCornerShop(base_url=shop.url, token="t", journal=journal, on_attempt=broken) as client:  # noqa: S106
                found: list[Any] = await client.journal.resume(repeat=True)
            journal.close()
            return found

        settled = anyio.run(main)
    else:
        settled = resumed(sdk, shop, tmp_path / "j", on_attempt=broken)
    assert [entry.certainty.value for entry in settled] == ["unknown", "applied", "applied"]
    assert "cannot be sent as it was" in settled[0].reason


def test_a_row_that_cannot_be_read_stops_nothing(sdk: Any, shop: Shop, tmp_path: Path) -> None:  # noqa: ANN401
    """Half a disk block, or another program's: it is reported, and what stands behind it is settled."""
    for item in ("torn", "bare", "tea"):
        lost(sdk, shop, tmp_path / "j", partial(_order, item))
    with sqlite3.connect(tmp_path / "j") as database:
        rows = [row for (row,) in database.execute("SELECT rowid FROM samekey_journal ORDER BY first_sent")]
        database.execute("UPDATE samekey_journal SET entry = '{\"operation' WHERE rowid = ?", (rows[0],))
        database.execute("UPDATE samekey_journal SET entry = '{}' WHERE rowid = ?", (rows[1],))
    database.close()
    settled = resumed(sdk, shop, tmp_path / "j")
    assert [entry.certainty.value for entry in settled] == ["unknown", "unknown", "applied"]
    assert all("cannot be sent as it was" in entry.reason for entry in settled[:2])


def test_an_upload_of_an_event_loop_is_kept(sdk: Any, shop: Shop, tmp_path: Path) -> None:  # noqa: ANN401
    """What only an event loop can read is read there, and written down."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    async def main() -> Any:  # noqa: ANN401
        journal = sdk.SQLiteJournal(tmp_path / "j")
        async with sdk.AsyncCornerShop(base_url=shop.url, token="t", journal=journal) as client:  # noqa: S106
            shop.plan.append(LOST)
            response = await client.files.upload.detailed(body=pieces())
        journal.close()
        return response

    assert len(anyio.run(main).attempts) == 2
    assert {request.body for request in shop.seen} == {b"onetwo"}


RECIPE = """
import sys
from functools import partial
from pathlib import Path
from corner_shop import CornerShop, SQLiteJournal, derive_key

url, folder = sys.argv[1], Path(sys.argv[2])
client = CornerShop(base_url=url, token="t", journal=SQLiteJournal(folder / "journal.db"))
client.journal.resume()
for invoice in ["inv-1", "inv-2"]:
    paid = folder / invoice
    if not paid.exists():
        client.payments.create(item=invoice, idempotency_key=derive_key("payment", invoice))
        if sys.argv[3] == "before it is saved":
            import os, signal
            os.kill(os.getpid(), signal.SIGKILL)
        paid.touch()
"""


@pytest.mark.parametrize("killed", ["before it is saved", "in flight"])
def test_a_job_that_may_be_killed_pays_once(
    sdk: Any,  # noqa: ANN401
    project: Path,
    shop: Shop,
    tmp_path: Path,
    killed: str,
) -> None:
    """The recipe of docs/retrying.md: killed at the worst moments, started again, each invoice is paid once."""
    del sdk

    def run(step: str, *, kill: bool = False) -> int:
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(RECIPE), shop.url, str(tmp_path), step],
            env={"PYTHONPATH": str(project)},
        )
        if kill:
            shop.plan.append(lambda _: _killing(child))
        return child.wait(30)

    def _killing(child: subprocess.Popen[bytes]) -> Any:  # noqa: ANN401
        child.send_signal(signal.SIGKILL)
        child.wait(30)
        return LOST

    code = run("then", kill=True) if killed == "in flight" else run(killed)
    assert code == -signal.SIGKILL
    # Who killed it does the effect a moment later.
    ends = time.monotonic() + 10
    while not shop.effects and time.monotonic() < ends:
        time.sleep(0.01)
    assert len(shop.effects) == 1
    assert run("then") == 0
    assert len(shop.effects) == 2
    assert {request.body for request in shop.seen} == {b'{"item":"inv-1"}', b'{"item":"inv-2"}'}


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A PostgreSQL of the tests' own."""
    with running() as url:
        yield url


def test_a_lost_connection_to_the_database_is_made_anew(sdk: Any, shop: Shop, database: str) -> None:  # noqa: ANN401
    """A failover, or a pooler's limit: the next call goes through, and what is held stays held."""
    import psycopg  # noqa: PLC0415

    journal = sdk.PostgresJournal(database)
    killer = psycopg.connect(database, autocommit=True)

    def kill_all(_: Request) -> Any:  # noqa: ANN401
        killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        return answering(201, {"id": "o1", "item": "tea"}, after=True)

    retry = sdk.RetryPolicy(**ONCE)
    with sdk.CornerShop(base_url=shop.url, token="t", journal=journal, retry=retry) as client:  # noqa: S106
        shop.plan.append(kill_all)
        client.orders.create(item="tea")
        assert client.journal.pending() == []
        kill_all(shop.seen[0])
        shop.plan.append(LOST)
        with pytest.raises(sdk.APIConnectionError):
            client.orders.create(item="cake")
        kill_all(shop.seen[0])
        (settled,) = client.journal.resume(repeat=True)
        assert settled.certainty is sdk.Certainty.APPLIED
    journal.close()
    killer.close()
    assert len(shop.effects) == 2
