"""`client.settle(error)`: the same bytes under the same key, here or in another process, and the truth."""

from __future__ import annotations

import base64
import inspect
import io
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.truth.call_styles import CALL_STYLES
from tests.truth.server import LOST, Request, Shop, answering

ORDER = {"id": "o1", "item": "tea"}


def settled(sdk: Any, call_style: str, url: str, *steps: Callable[[Any], Any], **settings: Any) -> list[Any]:  # noqa: ANN401
    """What steps on one client give, or raise."""
    retry = sdk.RetryPolicy(max_retries=0, initial_delay=0.001)
    settings = {"token": "sk_shop", "base_url": url, "retry": retry, **settings}
    found: list[Any] = []
    if call_style == "sync":
        with sdk.CornerShop(**settings) as client:
            for step in steps:
                try:
                    found.append(step([client, *found]))
                except Exception as error:  # noqa: BLE001
                    found.append(error)
        return found

    async def main() -> list[Any]:
        async with sdk.AsyncCornerShop(**settings) as client:
            for step in steps:
                try:
                    result = step([client, *found])
                    found.append(await result if inspect.isawaitable(result) else result)
                except Exception as error:  # noqa: BLE001
                    found.append(error)
        return found

    return anyio.run(main, backend=call_style)


def pay(known: list[Any]) -> Any:  # noqa: ANN401
    """A payment under a key that the document declares."""
    return known[0].payments.create(item="tea")


def order(known: list[Any]) -> Any:  # noqa: ANN401
    """An order under a key that nobody has declared."""
    return known[0].orders.create(item="tea")


def settle(known: list[Any], **more: Any) -> Any:  # noqa: ANN401
    """Settle what came last."""
    return known[0].settle(known[-1], **more)


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_lost_answer_is_fetched(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """The same method, target, key and bytes; one effect; and the result as the call would have given it."""
    shop.plan += [LOST]
    error, order = settled(sdk, call_style, shop.url, pay, settle)
    assert error.certainty is sdk.Certainty.UNKNOWN
    assert isinstance(order, sdk.models.Order)
    first, second = shop.seen
    assert (first.method, first.target, first.key, first.body) == (
        second.method, second.target, second.key, second.body,
    )  # fmt: skip
    assert first.headers.get("content-type") == second.headers.get("content-type")
    assert len(shop.effects) == 1


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_what_cannot_be_settled_yet_stays_what_it_was(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """Another outage is UNKNOWN again, and can be settled again; a refusal of the operation is the end."""
    shop.plan += [LOST, answering(429), answering(503), answering(402, {"detail": "declined"})]
    first, limited, outage, declined = settled(sdk, call_style, shop.url, pay, settle, settle, settle)
    assert {error.certainty for error in (first, limited, outage)} == {sdk.Certainty.UNKNOWN}
    assert (declined.status, declined.certainty) == (402, sdk.Certainty.REJECTED)
    assert len(set(shop.keys)) == 1


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_what_was_done_stays_done(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """An answer that cannot be read, then a limiter: it was done all the same."""
    shop.plan += [answering(201, "no object at all", after=True), answering(429)]
    first, limited = settled(sdk, call_style, shop.url, lambda known: known[0].payments.create(
        item="tea", options=sdk.CallOptions(strict=True)), settle)  # fmt: skip
    assert (first.certainty, limited.certainty) == (sdk.Certainty.APPLIED, sdk.Certainty.APPLIED)


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_no_second_effect_is_bought_by_chance(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """An assumed key, or none: refused unless told to repeat, and then the truth of that."""
    shop.plan += [LOST, answering(201, ORDER)]
    first, refused, _, done = settled(
        sdk, call_style, shop.url, order, settle, lambda known: known[1], lambda known: settle(known, repeat=True)
    )
    assert isinstance(refused, ValueError)
    assert "nobody says that the API honours its key" in str(refused)
    assert isinstance(done, sdk.models.Order)
    assert len(shop.seen) == 2
    assert first.idempotency_key == shop.keys[1]
    shop.plan += [LOST]
    _, refused = settled(sdk, call_style, shop.url, lambda known: known[0].telegrams.send(item="tea"), settle)
    assert isinstance(refused, ValueError)
    assert "it carries no key" in str(refused)


def test_what_was_never_done_may_be_done(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """A call that was refused, or never sent, is sent without a word: nothing can be done twice."""
    shop.plan += [answering(429), answering(201, ORDER)]
    refused, done = settled(sdk, "sync", shop.url, order, settle)
    assert refused.certainty is sdk.Certainty.REJECTED
    assert done.id == "o1"


def test_a_repetition_is_told(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Told to repeat, the call says that it may have been done more than once."""
    shop.plan += [LOST, answering(503)]
    *_, error = settled(sdk, "sync", shop.url, order, lambda known: settle(known, repeat=True))
    assert (error.certainty, error.may_be_repeated) == (sdk.Certainty.UNKNOWN, True)


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_another_process_settles_what_was_pickled_for_it(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """On request only, without the token, and with another client's own."""
    shop.plan += [LOST]
    (error,) = settled(sdk, call_style, shop.url, pay)
    portable = pickle.dumps(error.with_request())
    assert b"sk_shop" not in portable
    body = base64.b64encode(shop.seen[0].body)
    assert body in portable
    assert body not in pickle.dumps(error)
    again = pickle.loads(portable)  # noqa: S301
    assert (type(again), again.idempotency_key, again.certainty) == (
        type(error), error.idempotency_key, error.certainty,
    )  # fmt: skip
    assert pickle.loads(pickle.dumps(again)).kept is not None  # noqa: S301
    (done,) = settled(sdk, call_style, shop.url, lambda known: known[0].settle(again), token="sk_renewed")  # noqa: S106
    assert done.id == "o0"
    assert shop.seen[1].headers["authorization"] == "Bearer sk_renewed"
    assert (shop.seen[0].body, shop.seen[0].key) == (shop.seen[1].body, shop.seen[1].key)
    plain = pickle.loads(pickle.dumps(error))  # noqa: S301
    (refused,) = settled(sdk, call_style, shop.url, lambda known: known[0].settle(plain))
    assert isinstance(refused, ValueError)
    assert "with_request()" in str(refused)


def test_headers_of_the_call_go_with_it_and_secrets_do_not(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """An account's header is kept; a credential among the headers must come from the client that settles."""
    options = sdk.CallOptions(headers={"X-Account": "acct_1", "X-Api-Key": "sk_private"})
    shop.plan += [LOST]
    (error,) = settled(sdk, "sync", shop.url, lambda known: known[0].payments.create(item="tea", options=options))
    portable = pickle.dumps(error.with_request())
    assert b"acct_1" in portable
    assert b"sk_private" not in portable
    again = pickle.loads(portable)  # noqa: S301
    (refused,) = settled(sdk, "sync", shop.url, lambda known: known[0].settle(again))
    assert "X-Api-Key" in str(refused)
    headers = {"X-Api-Key": "sk_private"}
    (done,) = settled(sdk, "sync", shop.url, lambda known: known[0].settle(again), headers=headers)
    assert done.id == "o0"
    assert (shop.seen[1].headers["x-account"], shop.seen[1].headers["x-api-key"]) == ("acct_1", "sk_private")
    shop.plan += [LOST]
    _, here = settled(
        sdk, "sync", shop.url, lambda known: known[0].payments.create(item="tea", options=options), settle
    )
    assert shop.seen[3].headers["x-api-key"] == "sk_private"
    assert here.item == "tea"


def test_another_api_is_not_asked(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """A call belongs to the server that it was sent to."""
    shop.plan += [LOST]
    (error,) = settled(sdk, "sync", shop.url, pay)
    (refused,) = settled(sdk, "sync", "http://127.0.0.1:9", lambda known: known[0].settle(error))
    assert isinstance(refused, ValueError)
    assert "this client sends to http://127.0.0.1:9" in str(refused)


def test_a_key_that_the_server_may_have_forgotten_is_not_sent(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """After its ttl the same request would be a new one."""
    import time  # noqa: PLC0415

    shop.plan += [LOST]

    def late(known: list[Any]) -> Any:  # noqa: ANN401
        time.sleep(1.0)
        return settle(known)

    error, refused = settled(sdk, "sync", shop.url, lambda known: known[0].hasty.create(item="tea"), late)
    assert type(refused) is sdk.APIError
    assert "may have forgotten the key" in str(refused)
    assert refused.certainty is error.certainty is sdk.Certainty.UNKNOWN
    assert len(shop.seen) == 1


def test_a_body_that_can_be_read_once_is_not_sent_again(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Other bytes under the same key would be a lie; nor does a pickle hold it."""
    shop.plan += [LOST]
    error, refused = settled(
        sdk, "sync", shop.url, lambda known: known[0].files.upload(body=(piece for piece in [b"a"])),
        lambda known: settle(known, repeat=True),
    )  # fmt: skip
    assert isinstance(refused, ValueError)
    assert "read only once" in str(refused)
    with pytest.raises(TypeError, match="read while it is sent"):
        error.with_request()


def test_a_file_is_sent_again_as_it_was(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Rewound, as on every attempt."""
    shop.plan += [LOST]
    file = io.BytesIO(b"a whole file")
    settled(sdk, "sync", shop.url, lambda known: known[0].scans.upload(file=file), settle)
    assert shop.seen[0].body == shop.seen[1].body


def test_an_entry_of_a_journal_is_settled_with_its_call(sdk: Any, shop: Shop, tmp_path: Any) -> None:  # noqa: ANN401
    """What `settle` finds out is no longer pending."""
    journal = sdk.SQLiteJournal(str(tmp_path / "calls.db"))
    shop.plan += [LOST]

    def pending(known: list[Any]) -> Any:  # noqa: ANN401
        return len(known[0].journal.pending())

    _, before, _, done, after = settled(
        sdk, "sync", shop.url, pay, pending, lambda known: known[1], settle, pending, journal=journal
    )
    assert (before, after) == (1, 0)
    assert done.item == "tea"


def test_reads_are_simply_made_again(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Nothing speaks against it."""
    shop.plan += [LOST]
    _, found = settled(sdk, "sync", shop.url, lambda known: known[0].orders.get("o5"), settle)
    assert found.id == "o5"


def test_a_settled_call_is_retried_like_any_other(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """With the policy of its call."""
    seen: list[Request] = shop.seen
    shop.plan += [LOST, LOST, LOST]
    options = sdk.CallOptions(retry=sdk.RetryPolicy(max_retries=1, initial_delay=0.001))
    error, done = settled(
        sdk, "sync", shop.url, lambda known: known[0].payments.create(item="tea", options=options), settle
    )
    assert len(error.attempts) == 2
    assert len(seen) == 4
    assert done.item == "tea"


def test_it_goes_to_the_account_of_its_client(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Keys are scoped by account: the headers of the client that made the call count, here and in another process."""
    shop.plan += [LOST]

    def scoped(known: list[Any]) -> Any:  # noqa: ANN401
        return known[0].with_options(headers={"X-Account": "A"}).payments.create(item="tea")

    error, done = settled(sdk, "sync", shop.url, scoped, settle)
    assert done.item == "tea"
    again = pickle.loads(pickle.dumps(error.with_request()))  # noqa: S301
    settled(sdk, "sync", shop.url, lambda known: known[0].settle(again), headers={"X-Account": "B", "X-Other": "o"})
    accounts = [request.headers.get("x-account") for request in shop.seen]
    assert accounts == ["A", "A", "A"]
    assert "x-other" not in shop.seen[-1].headers


def test_what_was_refused_was_not_done(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """A call that was refused and is sent again is a first attempt, also without a key."""
    shop.plan += [answering(422), answering(422), answering(201, ORDER)]

    def send(known: list[Any]) -> Any:  # noqa: ANN401
        return known[0].telegrams.send(item="tea")

    first, second, done = settled(sdk, "sync", shop.url, send, settle, settle)
    assert first.certainty is second.certainty is sdk.Certainty.REJECTED
    assert not second.may_be_repeated
    assert done.id == "o1"


def test_the_age_of_a_key_is_that_of_its_first_use(sdk: Any, shop: Shop, tmp_path: Any) -> None:  # noqa: ANN401
    """A journal that hears of a call when it is settled is told when it was first sent."""
    import time  # noqa: PLC0415

    journal = sdk.SQLiteJournal(str(tmp_path / "calls.db"))
    shop.plan += [LOST, LOST]
    (error,) = settled(sdk, "sync", shop.url, lambda known: known[0].hasty.create(item="tea"))
    time.sleep(0.5)
    again, pending = settled(
        sdk, "sync", shop.url, lambda known: known[0].settle(error), lambda known: known[0].journal.pending(),
        journal=journal,
    )  # fmt: skip
    assert again.certainty is sdk.Certainty.UNKNOWN
    assert pending[0].first_sent == pytest.approx(error.attempts[0].sent_at, abs=0.05)
    time.sleep(0.5)
    (refused,) = settled(sdk, "sync", shop.url, lambda known: known[0].settle(again), journal=journal)
    assert "may have forgotten the key" in str(refused)
    assert len(shop.seen) == 2


@pytest.mark.parametrize("thing", [None, ValueError("x"), 5], ids=repr)
def test_only_errors_of_calls_can_be_settled(sdk: Any, shop: Shop, thing: object) -> None:  # noqa: ANN401
    """Anything else is a ValueError that says so."""
    (refused,) = settled(sdk, "sync", shop.url, lambda known: known[0].settle(thing))
    assert isinstance(refused, ValueError)
    assert "holds no request" in str(refused)


def test_a_request_that_cannot_be_read_is_refused(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """One that was changed on its way, or is of a client that has no such operation."""
    shop.plan += [LOST]
    (error,) = settled(sdk, "sync", shop.url, pay)
    portable = error.with_request()
    for kept in (b"{", portable.kept.replace(b"payments.create", b"nothing.at_all")):
        portable.kept = kept
        (refused,) = settled(sdk, "sync", shop.url, lambda known: known[0].settle(portable))
        assert type(refused) is ValueError, kept


def test_a_copy_of_an_error_holds_what_it_holds(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """In memory, a copy is as good as the original."""
    import copy  # noqa: PLC0415

    shop.plan += [LOST]
    error, done = settled(sdk, "sync", shop.url, pay, lambda known: known[0].settle(copy.copy(known[-1])))
    assert copy.copy(error).kept is error.kept
    assert done.item == "tea"


def test_a_settled_call_keeps_its_timeout_and_strictness(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """As it was made, so it is made again."""
    options = sdk.CallOptions(timeout=sdk.Timeout(read=0.31), strict=True)
    shop.plan += [LOST, LOST, answering(201, {"id": 5}, after=True)]

    def hurried(known: list[Any]) -> Any:  # noqa: ANN401
        return known[0].payments.create(item="tea", options=options)

    first, second, third = settled(sdk, "sync", shop.url, hurried, settle, settle)
    assert second.kept.prepared.state.timeout == first.kept.prepared.state.timeout == sdk.Timeout(read=0.31)
    assert type(third) is sdk.APIDecodeError


def test_what_was_written_down_is_settled_here_as_well(tmp_path: Path) -> None:
    """Without a round trip through a pickle, which imports what it names."""
    script = """
import sys
sys.path.insert(0, sys.argv[1])
import acme_payments as acme
client = acme.AcmePayments(base_url="http://127.0.0.1:1", token="t", retry=acme.RetryPolicy(max_retries=0))
try:
    client.charges.create(amount=1, currency="eur")
except acme.APIError as error:
    try:
        client.settle(error.with_request(), repeat=True)
    except acme.APIConnectionError as again:
        print(again.idempotency_key == error.idempotency_key)
"""
    home = str(Path(__file__).parents[2] / "generated" / "payments")
    done = subprocess.run(
        [sys.executable, "-c", script, home], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
