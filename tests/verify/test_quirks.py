"""What servers of other makes do: each check tells what is broken from what is only told otherwise."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from samekey.config.dialect import Signal
from samekey.verify import calls
from samekey.verify.findings import (
    Check,
    Finding,
    Marked,
    SaysInFlight,
    SaysMismatch,
    SaysUsed,
    UnjudgedError,
    Verdict,
    about_both,
)
from samekey.verify.lost_answers import client_left, lost_answer, parallel
from samekey.verify.outages import after_failure, other_instance, restart
from samekey.verify.probes import Probe, late_retry, other_headers, other_payload, replay
from samekey.verify.run import Wishes
from samekey.verify.strange_keys import empty_key, long_key, malformed_key, no_key, other_methods, similar_keys

from tests.verify.conftest import probed
from tests.verify.quirky_server import Notes, Quirk, quirky

Q, OK, BROKEN, OTHERWISE = Quirk, Verdict.OK, Verdict.BROKEN, Verdict.OTHERWISE


def tried(spec: Path, quirk: Quirk, probe: Probe) -> Finding:
    """The finding of one check against a server with a quirk."""
    with quirky(quirk) as url:
        wishes = Wishes(url, "createNote", wait=0.05, failing_header=("X-Fail", "after"))
        return probed(url, spec, probe, wishes, "x-original-answer")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """These servers are quick; nobody waits long for them."""
    monkeypatch.setattr(calls, "_SHORTEST_WAIT", 0.01)


@pytest.mark.parametrize(
    ("probe", "quirk", "verdict", "why"),
    [
        (replay, Q.NONE, OK, "byte for byte, marked x-original-answer"),
        (replay, Q.UNMARKED, OK, "with no header that marks it"),
        (replay, Q.REWRITTEN, OTHERWISE, "differs from the first"),
        (replay, Q.REORDERED, OTHERWISE, "the first answer's JSON came again in other bytes; nothing was done again"),
        (replay, Q.OTHER_STATUS, OTHERWISE, "answered 200 after 201"),
        (replay, Q.DUPLICATE, OTHERWISE, "409 (used), so its client never learns"),
        (replay, Q.SOMEBODY_ELSES, BROKEN, "was given the answer of another request"),
        (replay, Q.EMPTY, BROKEN, "answered 200 without the id of what was made"),
        (after_failure, Q.NONE, OK, "the same key after a failure (500) was answered 201: one effect"),
        (after_failure, Q.RELEASING, BROKEN, "after a failure (500) was carried out again: 2 effects under one key"),
        (after_failure, Q.STUCK, OTHERWISE, "was answered 409 (running) again and again, which tells a client"),
        (after_failure, Q.SILENT_AFTER, OTHERWISE, "got no answer (Server disconnected without"),
        (other_headers, Q.NONE, OK, "with another traceparent the first answer came again"),
        (other_headers, Q.TRACING, BROKEN, "another traceparent and User-Agent was carried out again"),
        (other_headers, Q.TRACING_AND_BREAKING, OTHERWISE, "was answered 500; tracing sends another one"),
        (similar_keys, Q.NONE, OK, "or in case, are two"),
        (similar_keys, Q.CUTTING, BROKEN, "1 effect under 2 keys"),
        (similar_keys, Q.FOLDING, OTHERWISE, "in the case of their letters are one"),
        (late_retry, Q.NONE, OK, "0.05 s later, the first answer came again"),
        (late_retry, Q.REWRITTEN, OTHERWISE, "written anew"),
        (other_payload, Q.NONE, OK, "422 (key_reused)"),
        (other_payload, Q.SILENT, OTHERWISE, "a client's mistake goes unseen"),
        (other_payload, Q.SLOPPY, BROKEN, "2 effects under one key"),
        (other_payload, Q.FAILING, OTHERWISE, "500, which tells a client to try again"),
        (parallel, Q.NONE, OK, "409 (running) without Retry-After"),
        (parallel, Q.PATIENT, OK, "waited and got the stored answer"),
        (parallel, Q.HASTY, BROKEN, "were told that all is well: one was answered 202 without the id"),
        (parallel, Q.CRASHING, OTHERWISE, "some got 500"),
        (parallel, Q.LOSING, BROKEN, "0 effects where 3 should be"),
        (client_left, Q.NONE, OK, "with the stored answer: one effect each"),
        (client_left, Q.UNMARKED, OK, "one effect each"),
        (client_left, Q.DUPLICATE, OTHERWISE, "a client that came back was answered 409 (used)"),
        (client_left, Q.LOSING, BROKEN, "0 effects where 8 should be"),
        (lost_answer, Q.NONE, OK, "came when it was asked for again"),
        (lost_answer, Q.REWRITTEN, OTHERWISE, "was written anew and differs from the first"),
        (lost_answer, Q.DUPLICATE, OTHERWISE, "409 (used) and not with what was lost"),
        (lost_answer, Q.LOSING, BROKEN, "0 effects where 1 should be"),
        (no_key, Q.NONE, OK, "keys are optional"),
        (no_key, Q.NEEDING_KEYS, OTHERWISE, "the document does not say that keys are required"),
        (empty_key, Q.NONE, OK, "refused with 400 (key_empty)"),
        (empty_key, Q.TAKING_EMPTY, OTHERWISE, "which all clients with that mistake share"),
        (empty_key, Q.IGNORING_EMPTY, OTHERWISE, "each request is carried out"),
        (malformed_key, Q.NONE, OTHERWISE, "a key with letters beyond ASCII: answered 201"),
        (long_key, Q.NONE, OK, "taken whole"),
        (long_key, Q.SHORTENING, BROKEN, "were taken for one"),
    ],
)  # fmt: skip
def test_a_quirk_is_told(notes: Callable[..., Path], probe: Probe, quirk: Quirk, verdict: Verdict, why: str) -> None:
    """The verdict, and the reason in words."""
    found = tried(notes(), quirk, probe)
    assert (found.verdict, why in found.why) == (verdict, True), found


def test_a_key_that_the_document_requires_must_be_required(notes: Callable[..., Path]) -> None:
    """Refusing a request without one is then right, and carrying it out is told."""
    key = {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}}
    spec = notes(create={"parameters": [key]})
    assert tried(spec, Quirk.NEEDING_KEYS, no_key).verdict is Verdict.OK
    found = tried(spec, Quirk.NONE, no_key)
    assert (found.verdict, "though the document requires one" in found.why) == (Verdict.OTHERWISE, True)


@pytest.mark.parametrize(
    ("probe", "quirk", "why"),
    [
        (other_payload, Quirk.LIMITED, "too busy"),
        (other_methods, Quirk.NONE, "no PATCH, PUT or DELETE"),
        *(
            (probe, Quirk.ENDING, "under a new key, was answered 500: nothing to compare")
            for probe in (replay, other_headers, other_payload, late_retry, similar_keys)
        ),
    ],
)
def test_what_says_nothing_is_not_judged(notes: Callable[..., Path], probe: Probe, quirk: Quirk, why: str) -> None:
    """A limiter does not look at keys, and neither does a server that fails for other reasons."""
    with pytest.raises(UnjudgedError, match=why):
        tried(notes(), quirk, probe)


def test_no_other_payload_is_not_judged(notes: Callable[..., Path]) -> None:
    """Where the document leaves no choice, the user is asked for a second body."""
    spec = notes(create_body={"text": {"const": "x"}})
    found = tried(spec, Quirk.NONE, other_payload)
    assert (found.verdict, "second --body" in found.why) == (Verdict.UNJUDGED, True)


def test_facts_are_learned(notes: Callable[..., Path]) -> None:
    """Codes are found where generated clients look for them; a status that is spelled in the body is no code."""
    spec = notes()
    assert tried(spec, Quirk.NONE, replay).facts == (Marked("x-original-answer"),)
    assert tried(spec, Quirk.NONE, other_payload).facts == (SaysMismatch(Signal(422, "key_reused")),)
    assert tried(spec, Quirk.NONE, parallel).facts == (SaysInFlight(Signal(409, "running"), None),)
    assert {tried(spec, quirk, parallel).check for quirk in (Quirk.NONE, Quirk.PATIENT)} == {Check.PARALLEL}


def forgetting(url: str) -> str:
    """A command that makes a server forget its keys."""
    return f"{sys.executable} -c \"import urllib.request as r; r.urlopen(r.Request('{url}', method='DELETE'))\""


def test_a_restart_that_forgets_is_broken(notes: Callable[..., Path]) -> None:
    """And one that keeps its keys is not."""
    with quirky(Q.NONE) as url:
        found = {
            command: probed(url, notes(), restart, Wishes(url, "createNote", restart=command))
            for command in ("true", forgetting(url))
        }
    kept, forgot = found.values()
    assert (kept.verdict, kept.why[:37]) == (OK, "after a restart the first answer came")
    assert (forgot.verdict, "after a restart was carried out again: 2 effects" in forgot.why) == (BROKEN, True)


def test_a_server_that_takes_connections_may_still_not_answer(
    notes: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restart the request is sent until it is answered, and it is one request."""
    settle, sent = calls.Caller.settle, list[calls.Sending]()

    def settled(caller: calls.Caller, sending: calls.Sending) -> calls.ProbeOutcome:
        sent.append(sending)
        before = [earlier for earlier in sent if earlier == sending and earlier.method == "POST"]
        return calls.Lost("Connection reset by peer") if len(before) in {2, 3} else settle(caller, sending)

    monkeypatch.setattr(calls.Caller, "settle", settled)
    with quirky(Q.NONE) as url:
        found = probed(url, notes(), restart, Wishes(url, "createNote", restart="true"))
    assert (found.verdict, found.why[:37]) == (OK, "after a restart the first answer came")


def test_a_command_that_fails_shows_nothing(notes: Callable[..., Path]) -> None:
    """It is told with its last words."""
    with quirky(Q.NONE) as url, pytest.raises(UnjudgedError, match="exit code 3: no such thing"):
        probed(url, notes(), restart, Wishes(url, "createNote", restart="echo no such thing >&2; exit 3"))


def test_instances_that_share_no_keys_are_broken(notes: Callable[..., Path]) -> None:
    """Each of them does each key once, and together they do it twice."""
    shared: list[dict[str, object]] = []
    with quirky(Q.NONE, shared) as one, quirky(Q.NONE, shared) as two:
        alone = probed(one, notes(), other_instance, Wishes(one, "createNote", also=one))
        found = probed(one, notes(), other_instance, Wishes(one, "createNote", also=two))
    assert alone.verdict is OK
    assert (found.verdict, "at another instance was carried out again: 2 effects" in found.why) == (BROKEN, True)


def test_instances_that_wait_for_themselves_alone_are_broken(notes: Callable[..., Path]) -> None:
    """They share keys, and do a request once that comes to one after the other; at once, each of them does it."""
    shared = Notes(Q.HESITATING)
    with quirky(Q.HESITATING, shared.notes, shared) as one, quirky(Q.HESITATING, shared.notes, shared) as two:
        assert probed(one, notes(), parallel, Wishes(one, "createNote")).verdict is OK
        found = probed(one, notes(), other_instance, Wishes(one, "createNote", also=two))
    assert (found.verdict, "at two instances at once was carried out again" in found.why) == (BROKEN, True)


@pytest.mark.parametrize(
    ("quirk", "why"), [(Q.CRASHING, "some got 500"), (Q.BLOCKED, "a new key at the first one was answered 500")]
)
def test_instances_that_stand_in_each_others_way_are_told(notes: Callable[..., Path], quirk: Quirk, why: str) -> None:
    """Nothing is done twice, but a 500 says nothing about the key."""
    with quirky(quirk) as url:
        found = probed(url, notes(), other_instance, Wishes(url, "createNote", also=url))
    assert (found.verdict, why in found.why) == (OTHERWISE, True)


def test_one_signal_for_two_things_is_told() -> None:
    """A client that is told of a mismatch as of a first request that runs asks until its deadline."""
    signal = Signal(409, "busy")
    running = Finding(Check.PARALLEL, OK, "x", (SaysInFlight(signal, 1.0),))
    mismatch = Finding(Check.OTHER_PAYLOAD, OK, "refused", (SaysMismatch(signal),))
    first, second = about_both([running, mismatch])
    assert first is running
    assert (second.verdict, second.facts, "asks for ever" in second.why) == (OTHERWISE, (), True)
    other = Finding(Check.OTHER_PAYLOAD, OK, "refused", (SaysMismatch(Signal(422)),))
    assert about_both([running, other]) == [running, other]


def test_what_the_same_payload_is_told_as_well_says_nothing_of_another(notes: Callable[..., Path]) -> None:
    """Where a used key is refused whatever comes with it, a refusal of another payload is no mismatch."""
    used = tried(notes(), Quirk.DUPLICATE, replay)
    assert used.facts == (SaysUsed(Signal(409, "used")),)
    mismatch = Finding(Check.OTHER_PAYLOAD, OK, "refused", (SaysMismatch(Signal(409, "used")),))
    first, second = about_both([used, mismatch])
    assert first is used
    assert (second.verdict, second.facts, "what the same payload is told" in second.why) == (OTHERWISE, (), True)


def test_nobody_asks_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes its time for each "not now" is asked for a minute, and not twenty times."""
    now = 0.0
    sent = list[float]()

    def send(*_: object) -> calls.ProbeOutcome:
        nonlocal now
        sent.append(now)
        now += 29.0
        return calls.ProbeAnswer(409, (), b"")

    def sleep(_: float) -> None:
        """Wait for nothing."""

    monkeypatch.setattr("samekey.verify.calls.time.monotonic", lambda: now)
    monkeypatch.setattr("samekey.verify.calls.time.sleep", sleep)
    monkeypatch.setattr(calls.Caller, "send", send)
    with calls.Caller("http://127.0.0.1:1") as caller:
        caller.settle(calls.Sending("POST", "/", (), b""))
    assert sent == [0.0, 29.0, 58.0]
