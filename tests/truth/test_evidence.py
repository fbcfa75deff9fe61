"""What a caller is told where nobody says that the API honours keys: never less than what may have happened."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest

from tests.truth.call_styles import CALL_STYLES, ended, order, payment, to
from tests.truth.server import LOST, Answer, Request, Shop, answering

ORDER = {"id": "o1", "item": "tea"}
ONCE = {"max_retries": 0}
HTML = Answer(200, b"<html>please log in</html>", (("Content-Type", "text/html; charset=utf-8"),), after=False)


def twice(_: Request) -> Answer:
    """An answer after an effect, by a server that looks at no key."""
    return Answer(201, json.dumps(ORDER).encode(), (("Content-Type", "application/json"),), after=False)


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_an_assumption_is_never_told_as_a_fact(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """Two attempts may both have been carried out: APPLIED, but perhaps more than once."""
    shop.plan += [LOST, twice]
    (response,) = ended(sdk, call_style, shop.url, order())
    assert response.certainty is sdk.Certainty.APPLIED
    assert response.evidence is sdk.Evidence.ASSUMED
    assert response.may_be_repeated
    (promised,) = ended(sdk, call_style, shop.url, payment())
    assert (promised.evidence, promised.may_be_repeated) == (sdk.Evidence.DECLARED, False)


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_one_attempt_is_one_effect(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """Whatever the server thinks of keys; so is what came before the operation, and a stored answer."""
    shop.plan += [answering(201, ORDER), answering(429), answering(201, ORDER)]
    shop.plan += [LOST, answering(201, ORDER, ("Idempotent-Replayed", "true"))]
    for response in ended(sdk, call_style, shop.url, order(), order(), order()):
        assert not response.may_be_repeated
        assert response.certainty is sdk.Certainty.APPLIED


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_the_message_says_on_what_it_rests(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """With the key, and with the condition under which it settles anything."""
    shop.plan += [LOST] * 4
    (error,) = ended(sdk, call_style, shop.url, order(), retry=sdk.RetryPolicy(max_retries=1, initial_delay=0.001))
    assert (error.certainty, error.may_be_repeated) == (sdk.Certainty.UNKNOWN, True)
    assert "may or may not have been done, perhaps more than once" in str(error)
    assert "if the API honours keys, which its document does not say" in str(error)
    (promised,) = ended(sdk, call_style, shop.url, payment(), retry=sdk.RetryPolicy(**ONCE))
    assert "if the API honours keys" not in str(promised)
    assert f"idempotency_key='{promised.idempotency_key}' to settle it" in str(promised)


def test_where_it_went_is_told_without_secrets(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """Method and URL, without what may be a credential."""
    shop.plan += [answering(404)]
    base = shop.url.replace("http://", "http://user:secret@")
    error, response = ended(sdk, "sync", base, to("orders.get", "o1"), order(), api_key="sk_query_key")
    assert (error.method, error.url) == ("GET", f"{shop.url}/orders/o1")
    assert (response.method, response.url) == ("POST", f"{shop.url}/orders")
    assert "secret" not in f"{error} {error.record} {response.record}"
    assert "sk_query_key" not in f"{error} {error.record}"


def test_a_read_is_not_told_of_effects(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """It has none, whatever became of it."""
    shop.plan += [LOST, answering(404), answering(418)]
    once = sdk.RetryPolicy(max_retries=0)
    for error in ended(sdk, "sync", shop.url, *[to("orders.get", "o1")] * 3, retry=once):
        assert "done" not in str(error), error


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_cut_success_is_not_sent_again_on_an_assumption(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """It is done; only a promised key makes it safe to ask for the answer."""
    cut = Answer(201, b'{"id": "o', (("Content-Type", "application/json"),), length=400)
    shop.plan += [cut]
    (error,) = ended(sdk, call_style, shop.url, order())
    assert (error.certainty, len(error.attempts), error.may_be_repeated) == (sdk.Certainty.APPLIED, 1, False)
    shop.plan += [cut]
    (response,) = ended(sdk, call_style, shop.url, payment())
    assert len(response.attempts) == 2
    assert len(shop.effects) == 2


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_login_page_says_nothing(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """A captive portal answers 200 to everything; that is no word of the API, and nothing is retried."""
    shop.plan += [HTML, HTML]
    error, text = ended(sdk, call_style, shop.url, payment(), to("files.fetch"))
    assert type(error) is sdk.APIDecodeError
    assert (error.certainty, error.status, len(error.attempts)) == (sdk.Certainty.UNKNOWN, 200, 1)
    assert "HTML" in str(error)
    assert b"please log in" in error.content
    assert type(text) is sdk.APIDecodeError


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_see_other_is_done_where_it_is_documented(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """SSO gateways answer 303 to what they have not passed on; an operation that documents it has done it."""
    shop.plan += [answering(303, None, ("Location", "/orders/o1")), answering(303, None, ("Location", "/orders/o1"))]
    undocumented, documented = ended(sdk, call_style, shop.url, payment(), to("scans.upload", file=b"x"))
    assert undocumented.certainty is sdk.Certainty.UNKNOWN
    assert documented.certainty is sdk.Certainty.APPLIED


@pytest.mark.parametrize("status", [418, 423, 444, 498])
def test_a_4xx_that_nobody_documents_proves_nothing(sdk: Any, shop: Shop, status: int) -> None:  # noqa: ANN401
    """Something in between may have said it after the effect."""
    shop.plan.append(answering(status, after=True))
    (error,) = ended(sdk, "sync", shop.url, payment())
    assert (error.certainty, len(shop.effects)) == (sdk.Certainty.UNKNOWN, 1)


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_2xx_may_be_a_refusal(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """The dialect names it; it is raised, and nothing was done."""
    shop.plan += [answering(200, {"ok": False, "message": "not in channel"}), answering(200, {"ok": True, "id": "c1"})]
    error, response = ended(sdk, call_style, shop.url, *[to("chats.create", item="hello")] * 2)
    assert (type(error), error.status, error.certainty) == (sdk.APIStatusError, 200, sdk.Certainty.REJECTED)
    assert "not in channel" in str(error)
    assert response.data.id == "c1"


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_throttling_by_another_status_is_waited_for(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """A 403 of which the dialect says so is retried as a 429 is; a plain one is a refusal."""
    shop.plan += [answering(403, None, ("X-Left", "0"), ("X-RateLimit-Reset", "0.01"))]
    (response,) = ended(sdk, call_style, shop.url, to("chats.create", item="hello"))
    assert [attempt.certainty for attempt in response.attempts] == [sdk.Certainty.REJECTED, sdk.Certainty.APPLIED]
    assert response.attempts[0].outcome.retry_after == 0.01
    shop.plan += [answering(403, None, ("X-Left", "3"))]
    (error,) = ended(sdk, call_style, shop.url, to("chats.create", item="hello"))
    assert len(error.attempts) == 1


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_key_in_an_inner_object(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """JSON:API puts it into `data.attributes`; all attempts have the same one, and what the caller sent stays."""
    shop.plan += [answering(503)]
    data = {"type": "transfers", "attributes": {"amount": 5}}
    own = {"type": "transfers", "attributes": {"amount": 5, "idempotencyKey": "mine-1"}}
    response, mine = ended(
        sdk, call_style, shop.url, to("transfers.create", data=data), to("transfers.create", data=own)
    )
    bodies = [json.loads(request.body)["data"]["attributes"] for request in shop.seen]
    assert bodies[0] == bodies[1] == {"amount": 5, "idempotencyKey": response.idempotency_key}
    assert shop.keys == ["", "", ""]
    assert "idempotencyKey" not in data["attributes"]
    assert (bodies[2]["idempotencyKey"], mine.idempotency_key) == ("mine-1", "mine-1")


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_key_in_a_form_with_files(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """A part like others, with the same bytes on each attempt."""
    shop.plan += [answering(503)]
    (response,) = ended(sdk, call_style, shop.url, to("scans.upload", file=b"bytes of a scan"))
    first, second = shop.seen
    assert first.body == second.body
    assert b'name="dedup_key"' in first.body
    assert response.idempotency_key.encode() in first.body
    assert b"bytes of a scan" in first.body


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_the_first_use_of_a_key_of_ones_own(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """`first_use=True`: a refusal means that nothing was done, as it does for a key that was made for the call."""
    shop.plan += [answering(401), answering(401)]
    resumed, first = ended(
        sdk, call_style, shop.url, payment(idempotency_key="order-7"),
        payment(idempotency_key="order-8", first_use=True),
    )  # fmt: skip
    assert resumed.certainty is sdk.Certainty.UNKNOWN
    assert first.certainty is sdk.Certainty.REJECTED
    assert shop.keys == ["order-7", "order-8"]


def test_a_uuid_is_a_key(sdk: Any, shop: Shop) -> None:  # noqa: ANN401
    """As an object, as well as in its spelling."""
    import uuid  # noqa: PLC0415

    own = uuid.uuid4()
    (response,) = ended(sdk, "sync", shop.url, payment(idempotency_key=own))
    assert (response.idempotency_key, shop.keys) == (str(own), [str(own)])


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_not_modified_is_no_failure_of_the_api(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """304 to a condition that the caller set, with a class of its own and no word of effects."""
    shop.plan += [Answer(304, after=False)]
    options = sdk.CallOptions(headers={"If-None-Match": '"v1"'})
    (error,) = ended(sdk, call_style, shop.url, to("orders.get", "o1", options=options))
    assert (type(error), error.status) == (sdk.NotModified, 304)
    assert "done" not in str(error)


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_key_in_the_body_is_the_callers_own(sdk: Any, shop: Shop, call_style: str) -> None:  # noqa: ANN401
    """In a model as in a mapping; beside another one given as an argument it is refused, as is what is no key."""
    models = sdk.models
    own = {"type": "transfers", "attributes": {"idempotencyKey": "mine-2"}}
    made = models.TransfersCreateRequestData(
        type="transfers", attributes=models.TransfersCreateRequestDataAttributes(amount=1, idempotency_key="mine-3")
    )
    wrong = {"type": "transfers", "attributes": {"idempotencyKey": 5}}
    model, two, odd = ended(
        sdk, call_style, shop.url, to("transfers.create", data=made),
        to("transfers.create", data=own, idempotency_key="other"), to("transfers.create", data=wrong),
    )  # fmt: skip
    assert model.idempotency_key == "mine-3"
    assert json.loads(shop.seen[0].body)["data"]["attributes"] == {"amount": 1, "idempotencyKey": "mine-3"}
    assert isinstance(two, ValueError)
    assert "two keys were given" in str(two)
    assert isinstance(odd, ValueError)
    assert len(shop.seen) == 1


@pytest.mark.parametrize("wrong", [None, b"abc", 5, ""], ids=repr)
def test_what_is_no_key_is_not_spelled_as_one(sdk: Any, shop: Shop, wrong: object) -> None:  # noqa: ANN401
    """`None` as the value of the header would be one key for all calls."""
    options = sdk.CallOptions(headers={"Idempotency-Key": wrong})
    (refused,) = ended(sdk, "sync", shop.url, payment(options=options))
    assert isinstance(refused, ValueError)
    assert shop.seen == []


def in_this_thread(sdk: Any, target: Any, settings: dict[str, Any]) -> list[Any]:  # noqa: ANN401
    """A file and a stream, twice, with the sync client."""
    found: list[Any] = []
    with sdk.CornerShop(**settings) as client:

        def streamed() -> bytes:
            with client.voices.speak.stream(item="a") as stream:
                return b"".join(stream)

        for make in (lambda: client.voices.speak.save(target, item="a"), streamed) * 2:
            try:
                found.append(make())
            except sdk.APIError as error:
                found.append(error)
    return found


async def in_a_loop(sdk: Any, target: Any, settings: dict[str, Any]) -> list[Any]:  # noqa: ANN401
    """The same with the async client."""
    found: list[Any] = []
    async with sdk.AsyncCornerShop(**settings) as client:

        async def streamed() -> bytes:
            async with await client.voices.speak.stream(item="a") as stream:
                return b"".join([piece async for piece in stream])

        for make in (lambda: client.voices.speak.save(target, item="a"), streamed) * 2:
            try:
                found.append(await make())
            except sdk.APIError as error:
                found.append(error)
    return found


@pytest.mark.parametrize("call_style", CALL_STYLES)
def test_a_stream_or_a_file_may_be_refused_in_a_2xx(sdk: Any, shop: Shop, tmp_path: Any, call_style: str) -> None:  # noqa: ANN401
    """The body says so, and is read before it is taken for what was asked for; a file is not written."""
    target = tmp_path / "voice"
    sound = Answer(200, b"sound", (("Content-Type", "audio/wav"),))
    shop.plan += [answering(200, {"ok": False}), answering(200, {"ok": False}), sound, answering(200, {"ok": True})]
    settings = {"token": "t", "base_url": shop.url, "retry": sdk.RetryPolicy(max_retries=0)}
    if call_style == "sync":
        first, second, _, last = in_this_thread(sdk, target, settings)
    else:
        first, second, _, last = anyio.run(in_a_loop, sdk, target, settings, backend=call_style)
    for refused in (first, second):
        assert (type(refused), refused.status) == (sdk.APIStatusError, 200)
        assert refused.certainty is sdk.Certainty.REJECTED
    assert target.read_bytes() == b"sound"
    assert json.loads(last) == {"ok": True}
