"""A reference names what is to be done once: what became of it is kept, and given again."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from msgspec.structs import replace

from tests.postgres import running
from tests.truth.server import LOST, Answer, Shop, answering

ONCE: dict[str, Any] = {"max_retries": 0}
TABLES = ("samekey_journal", "samekey_outcome", "samekey_reference")
CUT = Answer(201, b'{"id":', (("Content-Type", "application/json"),), length=50)
"""It is done, and the answer breaks off."""


class Job:
    """A job with a journal, begun anew as often as a test wants.

    Args:
        sdk: the SDK.
        shop: the API.
        place: the journal's file, or the URL of its database.
    """

    def __init__(self, sdk: Any, shop: Shop, place: Path | str) -> None:  # noqa: ANN401
        self._sdk, self._shop, self._place = sdk, shop, place
        self._journals: list[Any] = []

    def journal(self) -> Any:  # noqa: ANN401
        """The journal, opened once more."""
        kind = self._sdk.PostgresJournal if isinstance(self._place, str) else self._sdk.SQLiteJournal
        self._journals.append(kind(self._place))
        return self._journals[-1]

    def execute(self, statement: str) -> list[Any]:
        """What a statement gives in the journal's database."""
        import psycopg  # noqa: PLC0415

        opened: Any = psycopg.connect if isinstance(self._place, str) else sqlite3.connect
        with contextlib.closing(opened(self._place)) as database:
            found: Any = database.execute(statement)
            rows: list[Any] = found.fetchall() if found.description else []
            database.commit()
            return rows

    def client(self, **settings: Any) -> Any:  # noqa: ANN401
        """A client with a journal of its own, as in a process of its own."""
        given = {"token": "t", "retry": self._sdk.RetryPolicy(**ONCE), **settings}
        return self._sdk.CornerShop(base_url=self._shop.url, journal=self.journal(), **given)

    def async_client(self, **settings: Any) -> Any:  # noqa: ANN401
        """The same, for an event loop."""
        given = {"token": "t", "retry": self._sdk.RetryPolicy(**ONCE), **settings}
        return self._sdk.AsyncCornerShop(base_url=self._shop.url, journal=self.journal(), **given)

    def pay(self, item: str = "tea", reference: str | None = "inv-1", **given: Any) -> Any:  # noqa: ANN401
        """Pay in a process that ends then; the whole response."""
        settings = given.pop("settings", {})
        options = self._sdk.CallOptions(reference=reference)
        with self.client(**settings) as client:
            try:
                return client.payments.create.detailed(item=item, options=options, **given)
            finally:
                self.end()

    def end(self) -> None:
        """Let the processes end."""
        while self._journals:
            self._journals.pop().close()


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A PostgreSQL of the tests' own."""
    with running() as url:
        yield url


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def job(sdk: Any, shop: Shop, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Job]:  # noqa: ANN401
    """A job, and its journal."""
    is_file = request.param == "SQLite"
    job = Job(sdk, shop, tmp_path / "journal.db" if is_file else request.getfixturevalue("database"))
    if not is_file:
        for table in TABLES:
            job.execute(f"DROP TABLE IF EXISTS {table}")
    yield job
    job.end()


def test_what_was_done_is_not_sent_again(sdk: Any, job: Job, shop: Shop) -> None:  # noqa: ANN401
    """Killed before its own commit, a job asks again and gets the same result; nothing is sent."""
    first, second = job.pay(), job.pay()
    assert (len(shop.seen), len(shop.effects)) == (1, 1)
    assert (second.data, second.status, second.content) == (first.data, first.status, first.content)
    assert (second.attempts, second.certainty, second.may_be_repeated) == ((), sdk.Certainty.APPLIED, False)
    assert second.idempotency_key == first.idempotency_key
    assert second.headers["Content-Type"] == second.headers["content-type"] == "application/json"


@pytest.mark.parametrize("style", ["asyncio", "trio"])
def test_in_an_event_loop_as_well(sdk: Any, job: Job, shop: Shop, style: str) -> None:  # noqa: ANN401
    """The same, awaited, and heard of by a hook."""
    ended: list[Any] = []

    async def heard(record: Any) -> None:  # noqa: ANN401
        await anyio.lowlevel.checkpoint()
        ended.append(record)

    async def main() -> Any:  # noqa: ANN401
        options = sdk.CallOptions(reference="inv-1")
        async with job.async_client(on_end=heard) as client:
            first = await client.payments.create.detailed(item="tea", options=options)
            second = await client.payments.create.detailed(item="tea", options=options)
            assert (await client.journal.find(reference="inv-1")).entry.key == first.idempotency_key
            assert [found.entry.reference for found in await client.journal.outcomes()] == ["inv-1"]
            assert await client.journal.acknowledge(reference="inv-1")
            assert await client.journal.find(reference="inv-1") is None
        assert second.data == first.data

    anyio.run(main, backend=style)
    assert len(shop.seen) == 1
    assert [len(record.attempts) for record in ended] == [1, 0]
    assert {record.certainty for record in ended} == {sdk.Certainty.APPLIED}


def test_a_lost_answer_is_asked_for_under_the_same_key(sdk: Any, job: Job, shop: Shop) -> None:  # noqa: ANN401
    """In flight when it was killed: the job goes on with the key of the entry."""
    shop.plan.append(LOST)
    with pytest.raises(sdk.APIConnectionError) as caught:
        job.pay()
    again = job.pay()
    assert again.idempotency_key == caught.value.idempotency_key
    assert (len(shop.effects), set(shop.keys)) == (1, {again.idempotency_key})
    assert len(shop.seen) == 2
    job.pay()
    assert len(shop.seen) == 2


def test_another_payload_is_refused(sdk: Any, job: Job, shop: Shop) -> None:  # noqa: ANN401
    """While it is pending, and when it is done."""
    shop.plan.append(LOST)
    with pytest.raises(sdk.APIConnectionError):
        job.pay()
    for _ in range(2):
        with pytest.raises(sdk.JournalConflictError, match="reference='inv-1' stands in the journal with another"):
            job.pay("cake")
        job.pay()
    assert len(shop.effects) == 1


def test_what_was_refused_is_made_anew(sdk: Any, job: Job, shop: Shop) -> None:  # noqa: ANN401
    """Nothing was done, so there is a new call with a new key, and even with other arguments."""
    shop.plan.append(answering(422, {"detail": "no such tea"}))
    with pytest.raises(sdk.UnprocessableEntityError) as caught:
        job.pay()
    assert caught.value.certainty is sdk.Certainty.REJECTED
    with job.client() as client:
        (refused,) = client.journal.outcomes()
        assert (refused.certainty, refused.status) == (sdk.Certainty.REJECTED, 422)
        assert json.loads(refused.content) == {"detail": "no such tea"}
    job.pay("cake")
    assert len(set(shop.keys)) == 2
    with job.client() as client:
        (done,) = client.journal.outcomes()
        assert done.certainty is sdk.Certainty.APPLIED
        assert client.journal.find(reference="inv-1") == done


def test_what_was_not_sent_is_forgotten(sdk: Any, job: Job, shop: Shop) -> None:  # noqa: ANN401
    """A server that cannot be reached leaves no trace of the reference, and the next call starts out as a new one."""
    elsewhere = "http://127.0.0.1:1"
    with job.client() as client:
        client._core.settings = replace(client._core.settings, base_url=elsewhere, shown_base=elsewhere)
        with pytest.raises(sdk.APIConnectionError) as caught:
            client.payments.create(item="tea", options=sdk.CallOptions(reference="inv-1"))
    assert caught.value.certainty is sdk.Certainty.NOT_SENT
    with job.client() as client:
        assert rows(job, "samekey_reference") == []
        assert (client.journal.pending(), client.journal.outcomes()) == ([], [])
    assert shop.seen == []


def rows(job: Job, table: str) -> list[Any]:
    """What stands in a table."""
    return job.execute(f"SELECT * FROM {table}")  # noqa: S608  # a name of ours


def test_an_answer_that_was_cut_is_asked_for_again(sdk: Any, job: Job, shop: Shop) -> None:  # noqa: ANN401
    """It is known to be done; the API that honours the key gives its answer, and then it is kept."""
    shop.plan.append(CUT)
    with pytest.raises(sdk.APIConnectionError) as caught:
        job.pay()
    assert caught.value.certainty is sdk.Certainty.APPLIED
    shop.plan.append(answering(503))
    with pytest.raises(sdk.InternalServerError) as caught:
        job.pay()
    assert caught.value.certainty is sdk.Certainty.APPLIED
    again = job.pay()
    assert (again.certainty, len(again.attempts), len(shop.effects)) == (sdk.Certainty.APPLIED, 1, 1)
    assert job.pay().data == again.data
    assert len(shop.seen) == 3


@pytest.mark.parametrize("ending", ["cut", "lost"])
def test_an_assumed_key_is_not_relied_on(sdk: Any, job: Job, shop: Shop, ending: str) -> None:  # noqa: ANN401
    """Nobody says that the API honours it: what may have been done is told, and not sent again."""
    shop.plan.append(CUT if ending == "cut" else LOST)
    certainty = sdk.Certainty.APPLIED if ending == "cut" else sdk.Certainty.UNKNOWN
    options = sdk.CallOptions(reference="o-1")
    told: list[Any] = []
    for _ in range(3):
        with job.client() as client, pytest.raises(sdk.APIConnectionError) as caught:
            client.orders.create(item="tea", options=options)
        job.end()
        told.append(caught.value)
    assert [error.certainty for error in told] == [certainty] * 3
    assert "nobody says that the API honours its key" in str(told[-1])
    assert len(shop.seen) == 1
    with job.client() as client:
        if ending == "lost":
            (entry,) = client.journal.pending()
            assert entry.reference == "o-1"
            assert client.journal.dismiss(entry)
            assert not client.journal.dismiss(entry)
            assert client.journal.find(reference="o-1") is None
            client.orders.create(item="tea", options=options)
            assert len(set(shop.keys)) == 2
            return
        assert client.journal.acknowledge(client.journal.find(reference="o-1"))
        # Done is done, though nobody lists it any more.
        with pytest.raises(sdk.APIConnectionError) as caught:
            client.orders.create(item="tea", options=options)
        assert caught.value.certainty is certainty
    assert len(shop.seen) == 1


def test_another_worker_that_comes_late_makes_no_second_effect(job: Job, shop: Shop, sdk: Any) -> None:  # noqa: ANN401
    """It looked at the job's own state before the first one saved, and calls when that one has acknowledged."""
    first = job.pay()
    with job.client() as client:
        assert client.journal.acknowledge(reference="inv-1")
        assert not client.journal.acknowledge(reference="inv-1")
        assert (client.journal.outcomes(), client.journal.find(reference="inv-1")) == ([], None)
        assert client.journal.find(idempotency_key=first.idempotency_key) is None
    with pytest.raises(sdk.JournalConflictError):
        job.pay("cake")
    late = job.pay()
    assert (late.data, late.idempotency_key, len(shop.effects)) == (first.data, first.idempotency_key, 1)
    assert job.pay().attempts == ()
    with job.client() as client:
        assert client.journal.acknowledge(reference="inv-1")
        client._core.settings.journal.purge(time.time() + 2 * 86_400)
    assert [rows(job, table) for table in TABLES] == [[], [], []]


def test_an_assumed_key_is_repeated_on_request_alone(sdk: Any, job: Job, shop: Shop) -> None:  # noqa: ANN401
    """After `resume(repeat=True)` the reference has a result, which may have been done twice and says so."""
    shop.plan.append(LOST)
    options = sdk.CallOptions(reference="o-1")
    with job.client() as client:
        with pytest.raises(sdk.APIConnectionError) as caught:
            client.orders.create(item="tea", options=options)
        (settled,) = client.journal.resume(repeat=True)
        assert settled.certainty is sdk.Certainty.APPLIED
        found = client.orders.create.detailed(item="tea", options=options)
        assert (found.attempts, found.may_be_repeated, found.data.item) == ((), True, "tea")
        assert found.idempotency_key == caught.value.idempotency_key
        # What settles an error finds the outcome too.
        assert client.settle(caught.value, repeat=True).item == "tea"
        assert client.journal.acknowledge(settled)
        assert not client.journal.acknowledge(settled)
    assert len(shop.seen) == 2


def test_an_own_key_is_kept_likewise(sdk: Any, job: Job, shop: Shop) -> None:  # noqa: ANN401
    """By the key that the caller gave: the same bytes are answered from the journal, others are refused."""
    first = job.pay(reference=None, idempotency_key="inv-1")
    second = job.pay(reference=None, idempotency_key="inv-1")
    assert (second.data, second.attempts, len(shop.seen)) == (first.data, (), 1)
    with pytest.raises(sdk.JournalConflictError, match="idempotency_key='inv-1'"):
        job.pay("cake", reference=None, idempotency_key="inv-1")
    with job.client() as client:
        assert client.journal.find(idempotency_key="inv-1").certainty is sdk.Certainty.APPLIED
        assert client.journal.find(idempotency_key="another") is None


def test_a_minted_key_leaves_nothing(job: Job) -> None:
    """What nobody can ask for again costs no room."""
    job.pay(reference=None)
    assert [rows(job, table) for table in TABLES] == [[], [], []]


def test_what_was_resumed_is_kept_for_its_job(sdk: Any, job: Job, shop: Shop) -> None:  # noqa: ANN401
    """Another process resumes what a job had in flight: the job finds it done. A minted key is kept too."""
    for reference in ("inv-1", None):
        shop.plan.append(LOST)
        with pytest.raises(sdk.APIConnectionError):
            job.pay(reference=reference)
    with job.client() as client:
        settled = client.journal.resume()
        assert [entry.certainty for entry in settled] == [sdk.Certainty.APPLIED] * 2
        assert {found.entry.key for found in client.journal.outcomes()} == {entry.entry.key for entry in settled}
        assert client.journal.pending() == []
    assert job.pay().attempts == ()
    assert len(shop.seen) == 4


def test_a_reference_needs_a_journal_and_a_key(sdk: Any, job: Job, shop: Shop) -> None:  # noqa: ANN401
    """Without either it would promise what nobody keeps."""
    options = sdk.CallOptions(reference="inv-1")
    bare = sdk.CornerShop(base_url=shop.url, token="t")  # noqa: S106
    with bare as client, pytest.raises(ValueError, match="needs a journal"):
        client.payments.create(item="tea", options=options)
    with job.client() as client:
        with pytest.raises(ValueError, match="carries no idempotency key"):
            client.telegrams.send(item="tea", options=options)
        with pytest.raises(ValueError, match="carries no idempotency key"):
            client.orders.get("o1", options=options)
        for own in (
            {"idempotency_key": "k"},
            {"options": sdk.CallOptions(reference="r", headers={"idempotency-key": "k"})},
        ):
            with pytest.raises(ValueError, match="not both"):
                client.payments.create(**{"item": "tea", "options": options, **own})
        with pytest.raises(ValueError, match="either"):
            client.journal.find()
        with pytest.raises(ValueError, match="what is acknowledged"):
            client.journal.acknowledge()
        with pytest.raises(ValueError, match="parallel"):
            client.journal.resume(parallel=0)
    with pytest.raises(ValueError, match="must not be empty"):
        sdk.CallOptions(reference="")
    with pytest.raises(TypeError, match="reference must be a str"):
        sdk.CallOptions(reference=17)
    assert shop.seen == []


def test_outcomes_expire(job: Job, shop: Shop) -> None:
    """An own key is kept as long as the server remembers it; a reference, which only the journal remembers, longer."""
    job.pay()
    job.pay(reference=None, idempotency_key="k")
    with job.client() as client:
        journal = client._core.settings.journal
        kept = {found.entry.key: found.expires_at - found.settled_at for found in client.journal.outcomes()}
        assert sorted(round(seconds / 86_400) for seconds in kept.values()) == [1, 30]
        now = client.journal.outcomes()[0].settled_at
        journal.purge(now + 2 * 86_400)
        assert [found.entry.reference for found in client.journal.outcomes()] == ["inv-1"]
        journal.purge(now + 31 * 86_400)
    assert [rows(job, table) for table in ("samekey_outcome", "samekey_reference")] == [[], []]
    job.pay()
    assert len(shop.effects) == 3
    job.execute("UPDATE samekey_outcome SET expires_at = 1")
    job.execute("UPDATE samekey_reference SET expires_at = 1")
    with job.client():
        assert rows(job, "samekey_outcome") == []


def test_secrets_of_an_answer_are_not_kept(job: Job, shop: Shop) -> None:
    """Cookies and tokens among its headers belong to the session that got them."""
    headers = (("Set-Cookie", "session=SECRET"), ("X-Session-Token", "SECRET"), ("X-Request-Id", "r-17"))
    shop.plan.append(answering(201, {"id": "o1", "item": "tea"}, *headers, after=True))
    job.pay()
    again = job.pay()
    assert (again.request_id, "set-cookie" in again.headers) == ("r-17", False)
    assert "SECRET" not in repr([rows(job, table) for table in TABLES])


def together(*works: Callable[[], Any]) -> list[Any]:
    """Do several things at once; what they give, or raise."""
    found: list[Any] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(place: int, work: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            found[place] = work()
        except Exception as error:  # noqa: BLE001
            found[place] = error

    threads = [threading.Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("journals", ["one journal", "a journal each"])
def test_many_at_once_make_one_effect(sdk: Any, job: Job, shop: Shop, journals: str) -> None:  # noqa: ANN401
    """They share one key, and the server does it once; each gets the result."""
    shared = job.client()
    clients = [shared if journals == "one journal" else job.client() for _ in range(6)]
    options = sdk.CallOptions(reference="inv-1")

    def pay(client: Any) -> Callable[[], Any]:  # noqa: ANN401
        return lambda: client.payments.create(item="tea", options=options)

    found = together(*(pay(client) for client in clients))
    assert [one.item for one in found] == ["tea"] * 6
    assert (len(shop.effects), len(set(shop.keys))) == (1, 1)
    assert shared.journal.pending() == []
    assert shared.journal.find(reference="inv-1").certainty is sdk.Certainty.APPLIED
    for client in {id(client): client for client in clients}.values():
        client.close()


def test_of_two_at_once_with_an_assumed_key_one_is_refused(sdk: Any, job: Job, shop: Shop) -> None:  # noqa: ANN401
    """The server might do it for each of them."""
    inside, gate = threading.Event(), threading.Event()

    def slowly(_: object) -> Any:  # noqa: ANN401
        inside.set()
        gate.wait(20)
        return answering(201, {"id": "o1", "item": "tea"}, after=True)

    shop.plan.append(slowly)
    options = sdk.CallOptions(reference="o-1")
    with job.client() as first, job.client() as second:
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(first.orders.create(item="tea", options=options)))
        thread.start()
        assert inside.wait(20)
        for client in (first, second):
            with pytest.raises(sdk.APIConnectionError, match="may have done it"):
                client.orders.create(item="tea", options=options)
        gate.set()
        thread.join()
        assert second.orders.create(item="tea", options=options) == found[0]
        assert second.journal.pending() == []
    assert len(shop.seen) == 1


@pytest.mark.parametrize("refused", ["first", "second"])
@pytest.mark.parametrize("journals", ["one journal", "a journal each"])
def test_a_refusal_does_not_end_what_another_call_may_be_doing(
    sdk: Any,  # noqa: ANN401
    job: Job,
    shop: Shop,
    refused: str,
    journals: str,
) -> None:
    """Two calls with one key: one is turned away by a proxy, the other is done and its answer is lost."""
    inside, gate = threading.Event(), threading.Event()
    first = job.client()
    second = first if journals == "one journal" else job.client()

    def pay(client: Any) -> Any:  # noqa: ANN401
        return client.payments.create(item="tea", idempotency_key="k", first_use=True)

    def wait_before_sending(_: object) -> None:
        if threading.current_thread().name == "first":
            inside.set()
            gate.wait(20)

    first._core.settings = replace(
        first._core.settings, hooks=type(first._core.settings.hooks)(on_send=wait_before_sending)
    )
    shop.plan += [LOST, answering(402)] if refused == "first" else [answering(402), LOST]
    ended: list[Any] = []

    def run() -> None:
        try:
            pay(first)
        except sdk.APIError as error:
            ended.append(error.certainty)

    thread = threading.Thread(target=run, name="first")
    thread.start()
    assert inside.wait(20)
    with pytest.raises(sdk.APIError):
        pay(second)
    gate.set()
    thread.join()
    assert len(shop.effects) == 1
    (entry,) = first.journal.pending()
    assert entry.key == "k"
    (settled,) = first.journal.resume()
    assert settled.certainty is sdk.Certainty.APPLIED
    first.close()
    second.close()


def test_a_reference_stands_for_one_key(sdk: Any, job: Job) -> None:  # noqa: ANN401
    """Where another call has taken it between its reservation and its beginning, nothing is written down."""
    journal = job.journal()
    entry = sdk.JournalEntry(
        api="http://one", key="k1", operation="payments.create", method="POST", path="/payments", target="/payments",
        headers=(), body=b"{}", security=(), first_sent=1000.0, key_ttl=86_400.0, reference="inv-1",
    )  # fmt: skip
    assert journal.reserve("http://one", "inv-1", "k1", 2000.0) == "k1"
    assert journal.reserve("http://one", "inv-1", "k2", 2000.0) == "k1"
    with pytest.raises(sdk.JournalConflictError, match="is being used by another call"):
        journal.begin(replace(entry, key="k2"))
    assert journal.begin(entry) == sdk.JournalHold(1000.0, is_new=True)
    journal.settle("http://one", "k1", done=False, reference="inv-1")
    assert journal.reserve("http://one", "inv-1", "k2", 2000.0) == "k2"
