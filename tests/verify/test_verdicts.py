"""An honest server gets a clean report, and each broken promise is found by the check that names it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from samekey.sandbox.keys.broken import Broken
from samekey.sandbox.server.app import Settings
from samekey.sandbox.server.faults import Fault, Rule
from samekey.verify.findings import Check, UnjudgedError, Verdict, VerifyError
from samekey.verify.lost_answers import client_left
from samekey.verify.probes import other_credential, other_payload
from samekey.verify.run import Wishes, check_api

from tests.verify.conftest import PAYMENTS, TOKEN, WISHES, described, finding, probed, serving, verified
from tests.verify.quirky_server import Quirk, quirky

OTHER = "sk_test_of_another_account"
LETTER = "y"


def test_an_honest_server_gets_a_clean_report(tmp_path: Path) -> None:
    """Every check is judged, and every one is ok; a token of a letter does not blacken the words of the report."""
    with serving(PAYMENTS, tmp_path, Settings("", tokens=(TOKEN, LETTER))) as server:
        server.fail(Rule(Fault.SLOW, "POST /charges", seconds=0.05))
        report = verified(server, PAYMENTS, replace(WISHES, other_token=LETTER))
    assert finding(report, Check.REPLAY).why.startswith("the first answer came again byte for byte")
    assert {found.check for found in report.findings} == set(Check)
    unasked = {Check.AFTER_FAILURE, Check.RESTART, Check.OTHER_INSTANCE}
    assert {found.check for found in report.findings if found.verdict is not Verdict.OK} == unasked
    assert report.oracle == "the number of items of listCharges"
    assert "409 (request_in_flight) with Retry-After 1" in finding(report, Check.PARALLEL).why
    assert re.match("[1-8] clients left and came back, [1-8] with the stored", finding(report, Check.CLIENT_LEFT).why)


@pytest.mark.parametrize(
    ("how", "broken"),
    [
        (
            Broken.NO_KEYS,
            {
                Check.REPLAY,
                Check.OTHER_PAYLOAD,
                Check.PARALLEL,
                Check.LOST_ANSWER,
                Check.CLIENT_LEFT,
                Check.LATE_RETRY,
                Check.OTHER_HEADERS,
            },
        ),
        (Broken.CHECK_THEN_SET, {Check.PARALLEL}),
        (Broken.FORGET_ON_DISCONNECT, {Check.CLIENT_LEFT}),
        (Broken.SHORT_TTL, {Check.LATE_RETRY}),
    ],
)
def test_each_broken_promise_is_found(tmp_path: Path, how: Broken, broken: set[Check]) -> None:
    """The check that names it finds it, and no other is set off by it."""
    with serving(PAYMENTS, tmp_path, Settings("", broken=how)) as server:
        if how is Broken.FORGET_ON_DISCONNECT:
            # On a busy machine every client might leave before the server has begun.
            server.fail(Rule(Fault.SLOW, "POST /charges", seconds=0.05))
        report = verified(server, PAYMENTS, replace(WISHES, wait=0.5))
    found = {one.check for one in report.of(Verdict.BROKEN)}
    # On a busy machine other retries come late as well, or while the first is still running.
    busy = {Broken.SHORT_TTL: set(Check), Broken.CHECK_THEN_SET: {Check.CLIENT_LEFT}}
    assert broken <= found <= broken | busy.get(how, set())
    assert report.broken
    assert not report.trusted


def test_ids_alone_do_not_show_what_is_never_answered(tmp_path: Path) -> None:
    """Where a client left and the answer is not a stored one, the first request may have been carried out or not."""
    wishes = replace(WISHES, oracle="id:/id")
    with serving(PAYMENTS, tmp_path, Settings("", broken=Broken.FORGET_ON_DISCONNECT)) as server:
        server.fail(Rule(Fault.SLOW, "POST /charges", seconds=0.05))
        with pytest.raises(UnjudgedError, match="--oracle list:OPERATION"):
            probed(server.url, PAYMENTS, client_left, wishes, "Idempotent-Replayed")
    with serving(PAYMENTS, tmp_path) as server:
        found = probed(server.url, PAYMENTS, client_left, wishes, "Idempotent-Replayed")
        assert (found.verdict, "with the stored answer" in found.why) == (Verdict.OK, True)


def test_ids_find_what_is_done_twice(tmp_path: Path) -> None:
    """Two ids under one key are two effects, also where the first answer was cut off."""
    with serving(PAYMENTS, tmp_path, Settings("", broken=Broken.NO_KEYS)) as server:
        report = verified(server, PAYMENTS, replace(WISHES, oracle="id"))
    found = {one.check for one in report.of(Verdict.BROKEN)}
    assert found >= {Check.REPLAY, Check.OTHER_PAYLOAD, Check.PARALLEL, Check.LOST_ANSWER, Check.LATE_RETRY}


def test_accounts_that_share_keys_are_found(tmp_path: Path) -> None:
    """Whoever is given the stored answer of another account is told so; a 401 says nothing of keys."""
    with serving(PAYMENTS, tmp_path, Settings("", tokens=(TOKEN,))) as server:
        shared = probed(server.url, PAYMENTS, other_credential, replace(WISHES, other_token=TOKEN))
        assert (shared.verdict, "another account was given" in shared.why) == (Verdict.BROKEN, True)
        refused = probed(server.url, PAYMENTS, other_credential, replace(WISHES, other_token=OTHER))
        assert (refused.verdict, refused.why) == (Verdict.UNJUDGED, "--other-token is refused by itself (401)")


def test_an_oracle_that_sees_nothing_stops_the_run(tmp_path: Path) -> None:
    """A number that never changes would make every server look honest."""
    wishes = replace(WISHES, oracle="count:getCharge#/amount", given={"charge_id": "ch_1"})
    with serving(PAYMENTS, tmp_path) as server:
        with pytest.raises(VerifyError, match="404"):
            verified(server, PAYMENTS, wishes)
        with pytest.raises(VerifyError, match="tells of 0"):
            verified(server, PAYMENTS, replace(WISHES, oracle="list:listRefunds"))


def test_a_list_that_nobody_named_and_that_shows_nothing_is_given_up(notes: Callable[..., Path]) -> None:
    """Ids take its place: here of a list without pages, which ends at twenty."""
    model = described(notes())
    with quirky(Quirk.SHORT_LIST, [{"id": str(number)} for number in range(20)]) as url:
        wishes = replace(WISHES, base_url=url, operation="createNote", token="")
        assert check_api(model, wishes).oracle == "the id at /id of each answer"
        with pytest.raises(VerifyError, match="tells of 0"):
            check_api(model, replace(wishes, oracle="list:listNotes"))


@pytest.mark.parametrize(
    ("wishes", "complaint"),
    [
        (replace(WISHES, operation="createCharges"), "createCharge"),
        (replace(WISHES, operation="getCharge"), "only reads"),
        (replace(WISHES, operation="captureCharge"), "charge_id: give each with --set"),
        (replace(WISHES, oracle="lists"), "is not an oracle"),
        (replace(WISHES, oracle="list:createCharge"), "may change something"),
        (replace(WISHES, oracle="id:id"), "not a JSON pointer"),
        (replace(WISHES, token=""), "401, so nothing can be tried; give a credential"),
        (replace(WISHES, bodies=(b"{",)), "not valid JSON"),
        (replace(WISHES, bodies=(b"{}",)), "400, so nothing can be tried; give a body"),
        (replace(WISHES, bodies=(b"{}", b"{}", b"{}")), "one body, or two"),
    ],
)
def test_what_cannot_be_tried_is_said(tmp_path: Path, wishes: Wishes, complaint: str) -> None:
    """The run stops before it could judge wrongly, and says what is missing."""
    with serving(PAYMENTS, tmp_path) as server, pytest.raises(VerifyError, match=complaint):
        verified(server, PAYMENTS, wishes)


def test_two_bodies_may_be_given(tmp_path: Path) -> None:
    """The second is the other payload; one that the API refuses anyway judges nothing."""
    good = b'{"amount": 100, "currency": "eur"}'
    with serving(PAYMENTS, tmp_path) as server:
        for other, why in ((good.replace(b"100", b"101"), "422 (key_reused)"), (b'{"amount": -1}', "itself (400)")):
            wishes = replace(WISHES, bodies=(good, other))
            assert why in probed(server.url, PAYMENTS, other_payload, wishes).why
