"""What a journal keeps, for whom, and what it does where it cannot."""

from __future__ import annotations

import base64
import json
import os
import pickle
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from msgspec.structs import replace
from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics
from samekey.document.node import load
from samekey.pipeline import generate

from tests.truth.server import LOST, Shop, answering

ONCE: dict[str, Any] = {"max_retries": 0}
MIB = 1024 * 1024


@pytest.fixture
def journal(sdk: Any, tmp_path: Path) -> Iterator[Any]:  # noqa: ANN401
    """A journal in a file."""
    found = sdk.SQLiteJournal(tmp_path / "journal.db")
    yield found
    found.close()


def client(sdk: Any, shop: Shop, journal: Any, **settings: Any) -> Any:  # noqa: ANN401
    """A client with a journal."""
    given = {"token": "t", "retry": sdk.RetryPolicy(**ONCE), **settings}
    return sdk.CornerShop(base_url=shop.url, journal=journal, **given)


def lose(sdk: Any, shop: Shop, journal: Any, item: str = "tea", **settings: Any) -> Any:  # noqa: ANN401
    """Make a payment whose answer is lost; its error."""
    shop.plan.append(LOST)
    with client(sdk, shop, journal, **settings) as called, pytest.raises(sdk.APIConnectionError) as caught:
        called.payments.create(item=item)
    return caught.value


def jwt(**claims: str) -> str:
    """A token that says for whom it is."""
    parts = [{"alg": "none"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


ACCOUNTS: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"account": "a"}, {"account": "a", "token": "another"}, True),
    ({"account": "a"}, {"account": "b"}, False),
    ({"account": "a"}, {}, False),
    ({}, {"account": "b"}, True),
    ({"token": jwt(iss="i", sub="s", jti="1")}, {"token": jwt(iss="i", sub="s", jti="2")}, True),
    ({"token": jwt(iss="i", sub="s")}, {"token": jwt(iss="i", sub="other")}, False),
    ({"token": jwt(iss="i", sub="s")}, {"token": "opaque"}, False),
    ({"token": "a.b.c"}, {"token": "opaque"}, True),
]


@pytest.mark.parametrize(("made_by", "resumed_by", "is_same"), ACCOUNTS)
def test_a_call_is_sent_again_for_its_own_account(  # the fixtures of one story
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    journal: Any,  # noqa: ANN401
    made_by: dict[str, Any],
    resumed_by: dict[str, Any],
    is_same: bool,  # noqa: FBT001
) -> None:
    """Keys are scoped by account: on another one the payment would be made once more."""
    error = lose(sdk, shop, journal, **made_by)
    with client(sdk, shop, journal, **resumed_by) as other:
        pickled = pickle.loads(pickle.dumps(error.with_request()))  # noqa: S301  # it is our own
        if not is_same:
            for one in (error, pickled):
                with pytest.raises(ValueError, match="account="):
                    other.settle(one)
        (settled,) = other.journal.resume()
    assert (settled.certainty is sdk.Certainty.APPLIED) == is_same
    assert ("account=" in settled.reason) == (not is_same)
    assert len(shop.seen) == (2 if is_same else 1)


def test_a_result_is_not_given_to_another_account(sdk: Any, shop: Shop, journal: Any) -> None:  # noqa: ANN401
    """Nor is the payment made for it under the same reference."""
    options = sdk.CallOptions(reference="inv-1")
    with client(sdk, shop, journal, account="a") as one:
        one.payments.create(item="tea", options=options)
    with client(sdk, shop, journal, account="b") as other, pytest.raises(sdk.JournalConflictError, match="account 'a'"):
        other.payments.create(item="tea", options=options)
    assert len(shop.seen) == 1


def test_an_account_is_no_secret(sdk: Any) -> None:  # noqa: ANN401
    """A user name may be an API's secret key; a client's id, and who a token is for, are not."""
    import importlib  # noqa: PLC0415

    of = importlib.import_module(f"{sdk.__name__}._runtime.auth.account").account_of
    kinds = importlib.import_module(f"{sdk.__name__}._runtime.auth.credentials")
    basic = kinds.Basic("sk_live_SECRET", "")
    name = of(None, {"a": basic}, (("a",),))
    assert name.startswith("user #")
    assert "SECRET" not in name
    assert name == of(None, {"a": kinds.Basic("sk_live_SECRET", "new password")}, (("a",),))
    assert name != of(None, {"a": kinds.Basic("sk_live_OTHER", "")}, (("a",),))
    moving = kinds.Bearer(sdk.ClientCredentials("client-1", "SECRET", "https://x/token"))
    assert of(None, {"a": moving, "b": basic}, (("a", "b"),)) == f"client client-1, {name}"
    for unknown in (kinds.Bearer("opaque"), kinds.Bearer(lambda: "t"), kinds.ApiKey("k", "header", "SECRET")):
        assert of(None, {"a": unknown}, (("a",),)) is None
    for broken in ("a.b.c", "..", "a.WzFd.c", "a.e30.c", "a.\u00e9.c"):
        assert of(None, {"a": kinds.Bearer(broken)}, (("a",),)) is None
    assert of("mine", {"a": basic}, (("a",),)) == "mine"


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("pending", {}),
        ("outcomes", {}),
        ("find", {"reference": "inv-1"}),
        ("find", {"idempotency_key": "key-1"}),
        ("acknowledge", {"reference": "inv-1"}),
        ("resume", {}),
    ],
)
def test_a_journal_that_cannot_be_read_says_so(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    journal: Any,  # noqa: ANN401
    tmp_path: Path,
    method: str,
    arguments: dict[str, str],
    is_async: bool,  # noqa: FBT001
) -> None:
    """An error of the SDK's own, whatever keeps the entries; the exception of the database is its cause."""
    journal.pending("none")
    journal._connection.execute("DROP TABLE samekey_outcome")
    journal._connection.execute("DROP TABLE samekey_journal")
    journal._connection.execute("DROP TABLE samekey_reference")

    def check(caught: Any) -> None:  # noqa: ANN401
        assert type(caught.value) is sdk.JournalError
        assert isinstance(caught.value.__cause__, sqlite3.Error)
        assert str(caught.value).startswith("the journal cannot be ")
        assert "no such table" in str(caught.value)

    if is_async:

        async def main() -> None:
            async with sdk.AsyncCornerShop(base_url=shop.url, token="t", journal=journal) as called:  # noqa: S106
                with pytest.raises(sdk.JournalError) as caught:
                    await getattr(called.journal, method)(**arguments)
                check(caught)

        anyio.run(main)
    else:
        with client(sdk, shop, journal) as called, pytest.raises(sdk.JournalError) as caught:
            getattr(called.journal, method)(**arguments)
        check(caught)
    assert shop.seen == []
    assert tmp_path.exists()


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_what_cannot_be_written_down_is_not_sent(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    journal: Any,  # noqa: ANN401
    tmp_path: Path,
    is_async: bool,  # noqa: FBT001
) -> None:
    """A full disk, or a database that is gone: the call ends with the truth, and the exception as its cause."""
    journal.pending("none")
    journal._connection.execute(
        f"PRAGMA max_page_count = {journal._connection.execute('PRAGMA page_count').fetchone()[0]}"
    )
    item = "x" * 20_000

    def check(caught: Any) -> None:  # noqa: ANN401
        assert type(caught.value) is sdk.APIConnectionError
        assert isinstance(caught.value.__cause__, sqlite3.Error)
        assert "the journal cannot" in str(caught.value)

    options = sdk.CallOptions(reference="x" * 20_000)
    if is_async:

        async def main() -> None:
            async with sdk.AsyncCornerShop(base_url=shop.url, token="t", journal=journal) as called:  # noqa: S106
                with pytest.raises(sdk.APIConnectionError) as caught:
                    await called.payments.create(item=item)
                check(caught)

        anyio.run(main)
    else:
        with client(sdk, shop, journal) as called:
            with pytest.raises(sdk.APIConnectionError) as caught:
                called.payments.create(item=item)
            check(caught)
            assert caught.value.certainty is sdk.Certainty.NOT_SENT
            # Whether an earlier call with this reference was done stands in the journal, which cannot be asked.
            with pytest.raises(sdk.APIConnectionError) as caught:
                called.payments.create(item="tea", options=options)
            check(caught)
            assert caught.value.certainty is sdk.Certainty.UNKNOWN
    assert shop.seen == []
    journal._connection.execute("PRAGMA max_page_count = 1000000")
    with client(sdk, shop, journal) as called:
        called.payments.create(item=item)
        assert called.journal.pending() == []
    assert tmp_path.exists()


def test_a_journal_that_was_closed_sends_nothing(sdk: Any, shop: Shop, journal: Any) -> None:  # noqa: ANN401
    """It is an error of the call, like others."""
    journal.close()
    with client(sdk, shop, journal) as called, pytest.raises(sdk.APIConnectionError) as caught:
        called.payments.create(item="tea")
    assert caught.value.certainty is sdk.Certainty.NOT_SENT
    assert shop.seen == []


def test_a_clock_that_was_set_back_makes_no_key_young(sdk: Any, shop: Shop, journal: Any) -> None:  # noqa: ANN401
    """First sent in the future: its age is not known, so that it is reported, and sent on request alone."""
    error = lose(sdk, shop, journal)
    for ahead, is_sent in ((3600, False), (30, True)):
        with sqlite3.connect(journal._path) as database:
            database.execute("UPDATE samekey_journal SET first_sent = ?", (time.time() + ahead,))
        database.close()
        with client(sdk, shop, journal) as called:
            if is_sent:
                (settled,) = called.journal.resume()
                assert settled.certainty is sdk.Certainty.APPLIED
                continue
            (reported,) = called.journal.resume()
            assert reported.certainty is sdk.Certainty.UNKNOWN
            assert "in the future" in reported.reason
            with pytest.raises(sdk.APIError, match="in the future") as caught:
                called.payments.create(item="tea", idempotency_key=error.idempotency_key)
            assert caught.value.certainty is sdk.Certainty.UNKNOWN
            assert len(shop.seen) == 1
            assert len(called.journal.pending()) == 1
    assert len(shop.effects) == 1


def test_a_clock_that_was_set_back_is_no_obstacle_on_request(sdk: Any, shop: Shop, journal: Any) -> None:  # noqa: ANN401
    """Who has looked may say so."""
    lose(sdk, shop, journal)
    with sqlite3.connect(journal._path) as database:
        database.execute("UPDATE samekey_journal SET first_sent = 4e9")
    database.close()
    with client(sdk, shop, journal) as called:
        (settled,) = called.journal.resume(repeat=True)
    assert settled.certainty is sdk.Certainty.APPLIED


@pytest.mark.parametrize("style", ["sync", "asyncio", "trio"])
def test_entries_are_resumed_at_once_and_told_in_order(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    journal: Any,  # noqa: ANN401
    style: str,
) -> None:
    """Never more than the limit; the last to be answered stands where its entry does; a poisoned one stops nothing."""
    items = [f"item {number}" for number in range(7)]
    for item in items:
        lose(sdk, shop, journal, item)
    with sqlite3.connect(journal._path) as database:
        database.execute("UPDATE samekey_journal SET entry = '{' WHERE CAST(body AS TEXT) LIKE '%item 2%'")
    database.close()
    running, most, lock = 0, 0, threading.Lock()
    full = threading.Event()

    def slow(request: Any) -> None:  # noqa: ANN401
        nonlocal running, most
        del request
        with lock:
            running += 1
            most = max(most, running)
            if running == 3:
                full.set()
        full.wait(5)
        with lock:
            running -= 1

    with Slow(slow) as server:
        with sqlite3.connect(journal._path) as database:
            database.execute("UPDATE samekey_journal SET api = ?", (server.url,))
        database.close()
        if style == "sync":
            with sdk.CornerShop(base_url=server.url, token="t", journal=journal) as called:  # noqa: S106
                settled = called.journal.resume(parallel=3)
        else:

            async def main() -> Any:  # noqa: ANN401
                async with sdk.AsyncCornerShop(base_url=server.url, token="t", journal=journal) as called:  # noqa: S106
                    return await called.journal.resume(parallel=3)

            settled = anyio.run(main, backend=style)
    assert [json.loads(entry.entry.body or b'{"item":"item 2"}')["item"] for entry in settled] == items
    assert [entry.certainty.value for entry in settled] == ["applied"] * 2 + ["unknown"] + ["applied"] * 4
    assert most == 3


class Slow(Shop):
    """A shop that answers several requests at once, each after something has been done.

    Args:
        before: what is done.
    """

    def __init__(self, before: Any) -> None:  # noqa: ANN401
        super().__init__()
        self._before = before

    def _answer(self, request: Any) -> Any:  # noqa: ANN401
        self._before(request)
        return super()._answer(request)


def test_what_dead_processes_leave_is_removed(sdk: Any, tmp_path: Path, project: Path) -> None:  # noqa: ANN401
    """Locks of those that were killed, and bodies that no entry names; nothing of those that live."""
    program = """if True:
        import os, sys
        from corner_shop import SQLiteJournal
        journal = SQLiteJournal(sys.argv[1])
        journal.body_path().write_bytes(b"left over")
        print("ready", flush=True)
        sys.stdin.readline()
        os.kill(os.getpid(), 9)
    """
    path = tmp_path / "journal.db"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(path)], env={"PYTHONPATH": str(project)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    dead, living = children
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    dead.communicate("now\n")
    assert (len(list(tmp_path.glob("*.alive"))), len(list((tmp_path / "journal.db.bodies").iterdir()))) == (2, 2)
    journal = sdk.SQLiteJournal(path)
    assert (len(list(tmp_path.glob("*.alive"))), len(list((tmp_path / "journal.db.bodies").iterdir()))) == (2, 1)
    living.communicate("now\n")
    journal.close()
    sdk.SQLiteJournal(path).close()
    assert list(tmp_path.glob("*.alive")) == list((tmp_path / "journal.db.bodies").iterdir()) == []


def test_many_journals_may_be_opened_at_once(sdk: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """They look at each other's locks while they make their own."""
    failures: list[BaseException] = []

    def open_some() -> None:
        try:
            for _ in range(10):
                sdk.SQLiteJournal(tmp_path / "journal.db").close()
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=open_some) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert list(tmp_path.glob("*.alive")) == []


# Large bodies


def bodies(path: Path) -> list[Path]:
    """The files of large bodies."""
    folder = path / "journal.db.bodies"
    return sorted(folder.iterdir()) if folder.exists() else []


def pieces(size: int) -> Iterator[bytes]:
    """Bytes that are not all the same, in pieces."""
    for number in range(size // 65_536):
        yield number.to_bytes(4, "big") * 16_384


def test_a_large_body_is_sent_from_its_file(sdk: Any, shop: Shop, journal: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """On each attempt, and when it is resumed; the file is its owner's alone, and goes with the entry."""
    size = 3 * MIB
    shop.plan += [LOST, LOST]
    retry = sdk.RetryPolicy(max_retries=1, initial_delay=0)
    with client(sdk, shop, journal, retry=retry) as called:
        with pytest.raises(sdk.APIConnectionError):
            called.files.upload(body=pieces(size))
        (file,) = bodies(tmp_path)
        assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
        (entry,) = called.journal.pending()
        assert (entry.body, entry.body_file) == (None, str(file))
        assert file.read_bytes() == b"".join(pieces(size))
    journal.close()
    again = sdk.SQLiteJournal(tmp_path / "journal.db")
    assert bodies(tmp_path) == [file]
    with client(sdk, shop, again) as called:
        (settled,) = called.journal.resume(repeat=True)
    again.close()
    assert settled.certainty is sdk.Certainty.APPLIED
    assert {request.body for request in shop.seen} == {b"".join(pieces(size))}
    assert (len(shop.seen), len(shop.effects), bodies(tmp_path)) == (3, 1, [])
    assert all("content-length" in request.headers for request in shop.seen)


@pytest.mark.parametrize("kind", ["bytes", "file", "iterator", "async"])
def test_whatever_it_comes_from(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    journal: Any,  # noqa: ANN401
    tmp_path: Path,
    kind: str,
) -> None:
    """Bytes, a file, and what can be read once only: sent and retried, and nothing is left."""
    content = b"".join(pieces(2 * MIB))
    source = tmp_path / "source"
    source.write_bytes(content)
    shop.plan += [LOST, answering(400)]
    retry = sdk.RetryPolicy(max_retries=1, initial_delay=0)
    options = sdk.CallOptions(retry=retry)

    async def later() -> AsyncIterator[bytes]:
        for piece in pieces(2 * MIB):
            yield piece

    async def main() -> None:
        async with sdk.AsyncCornerShop(base_url=shop.url, token="t", journal=journal) as called:  # noqa: S106
            await called.files.upload(body=later(), options=options)
            await called.files.upload(body=pieces(2 * MIB), options=options)

    if kind == "async":
        shop.plan[1:] = []
        anyio.run(main)
    else:
        with client(sdk, shop, journal) as called, source.open("rb") as file:
            given: dict[str, Any] = {"bytes": content, "file": file, "iterator": pieces(2 * MIB)}
            shop.plan[1:] = []
            called.files.upload(body=given[kind], options=options)
            shop.plan.append(answering(400))
            with pytest.raises(sdk.BadRequestError):
                called.files.upload(body=content, options=options)
    assert {request.body for request in shop.seen} == {content}
    assert (journal.pending(shop.url), bodies(tmp_path)) == ([], [])


def test_an_own_key_finds_its_large_body_again(sdk: Any, shop: Shop, journal: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """The second call's copy goes, the entry's stays until it is settled; another body is refused."""
    content = b"".join(pieces(2 * MIB))
    shop.plan.append(LOST)
    with client(sdk, shop, journal) as called:
        with pytest.raises(sdk.APIConnectionError) as caught:
            called.files.upload(body=content, idempotency_key="k")
        kept = bodies(tmp_path)
        with pytest.raises(sdk.JournalConflictError):
            called.files.upload(body=content + b"!", idempotency_key="k")
        assert bodies(tmp_path) == kept
        shop.plan.append(LOST)
        with pytest.raises(sdk.APIConnectionError):
            called.settle(caught.value, repeat=True)
        assert bodies(tmp_path) == kept
        called.files.upload(body=content, idempotency_key="k")
        assert bodies(tmp_path) == []
        found = called.files.upload.detailed(body=content, idempotency_key="k")
        assert (found.attempts, bodies(tmp_path)) == ((), [])
        assert called.settle(caught.value, repeat=True) == found.data
        called.journal.acknowledge(called.journal.find(idempotency_key="k"))
        with pytest.raises(sdk.APIConnectionError, match="its answer is not kept") as told:
            called.settle(caught.value, repeat=True)
        assert told.value.certainty is sdk.Certainty.APPLIED
        journal.purge(time.time() + 2 * 86_400)
        with pytest.raises(sdk.APIError, match="the file in which the journal kept its body is gone"):
            called.settle(caught.value, repeat=True)
    assert (len(shop.effects), len(shop.seen)) == (1, 3)


def test_a_dismissed_body_goes(sdk: Any, shop: Shop, journal: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """With its entry; and an entry whose body is gone is reported."""
    shop.plan += [LOST, LOST]
    with client(sdk, shop, journal) as called:
        for _ in range(2):
            with pytest.raises(sdk.APIConnectionError):
                called.files.upload(body=pieces(2 * MIB))
        first, second = called.journal.pending()
        assert called.journal.dismiss(first)
        (left,) = bodies(tmp_path)
        assert str(left) == second.body_file
        left.unlink()
        (reported,) = called.journal.resume(repeat=True)
    assert "is gone" in reported.reason
    assert len(shop.seen) == 2


def test_a_large_body_is_never_whole_in_memory(sdk: Any, shop: Shop, journal: Any) -> None:  # noqa: ANN401
    """Forty times the limit passes through, and the memory does not grow with it."""
    with client(sdk, shop, journal) as called:
        called.payments.create(item="tea")
        tracemalloc.start()
        with Drain() as url:
            called._core.settings = replace(called._core.settings, base_url=url, shown_base=url)
            called.files.upload(body=pieces(40 * MIB))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 12 * MIB


class Drain:
    """A server in a process of its own that reads bodies and forgets them."""

    def __enter__(self) -> str:
        program = """if True:
            from http.server import BaseHTTPRequestHandler, HTTPServer
            class Handler(BaseHTTPRequestHandler):
                def do_POST(self):
                    left = int(self.headers["Content-Length"])
                    while left:
                        left -= len(self.rfile.read(min(left, 65536)))
                    self.send_response(201)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                def log_message(self, *args): pass
            server = HTTPServer(("127.0.0.1", 0), Handler)
            print(server.server_port, flush=True)
            server.serve_forever()
        """
        self._child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        assert self._child.stdout is not None
        return f"http://127.0.0.1:{self._child.stdout.readline().strip()}"

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.communicate()


def test_a_disk_without_room_for_a_body_sends_nothing(
    sdk: Any,  # noqa: ANN401
    shop: Shop,
    journal: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The half of it that was written is removed."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with client(sdk, shop, journal) as called, pytest.raises(sdk.APIConnectionError, match="No space left") as caught:
        called.files.upload(body=pieces(2 * MIB))
    assert caught.value.certainty is sdk.Certainty.NOT_SENT
    assert isinstance(caught.value.__cause__, OSError)
    assert (shop.seen, bodies(tmp_path), journal.pending(shop.url)) == ([], [], [])


DOCUMENT = """
openapi: 3.1.0
info: { title: Lake, version: "1" }
servers: [{ url: "https://{account}.example.test", variables: { account: { default: acme } } }]
paths:
  /things:
    post:
      operationId: make
      responses: { "201": { description: Made. } }
"""


def test_a_document_may_have_the_word_as_well(tmp_path: Path) -> None:
    """A variable of the server called `account` gets another name, and the client keeps its own."""
    (tmp_path / "lake.yaml").write_text(DOCUMENT)
    document = load(str(tmp_path / "lake.yaml"), Diagnostics())
    assert document is not None
    result = generate(document, Config())
    assert result is not None
    (client,) = [text for path, text in result.files.items() if str(path).endswith("/_client.py")]
    assert str(client).count('server_account: str = "acme"') == 2
    assert str(client).count("account: str | None = None") == 2


def test_two_journals_on_one_file_keep_each_others_locks(sdk: Any, journal: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """In one process: or another one that looks into the file would take away what is written there."""
    path, log = tmp_path / "journal.db", tmp_path / "journal.db-wal"
    journal.pending("none")
    second = sdk.SQLiteJournal(path)
    second.pending("none")
    home = str(Path(sdk.__file__).parent.parent)
    look = "import sys; sys.path.insert(0, sys.argv[1]); import corner_shop as c; j = c.SQLiteJournal(sys.argv[2])"
    subprocess.run([sys.executable, "-c", f"{look}; j.pending('none'); j.close()", home, str(path)], check=True)
    assert log.exists()
    second.close()


def test_a_closed_journal_is_not_used_again(sdk: Any, shop: Shop, journal: Any) -> None:  # noqa: ANN401
    """The call ends with the truth, and nothing leaves without being written down."""
    with client(sdk, shop, journal) as called:
        journal.close()
        with pytest.raises(sdk.APIConnectionError, match="the journal is closed") as caught:
            called.payments.create(item="tea")
    assert caught.value.certainty is sdk.Certainty.NOT_SENT
    assert shop.seen == []
