"""Why something was done twice is read from the histories alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samekey.prove.causes import Cause, Memory, explain_cause, forgotten_operations, memory, traces
from samekey.prove.history import Request
from samekey.prove.verdict import judge_run
from samekey.sandbox.server.ledger import Event, Kind

from tests.prove.histories import EVENTS, GOOD, READ, event, history

REMEMBERING = Memory(replays=9, longest=0.3, shared=True)
ALONE = replace(REMEMBERING, shared=False)
ARRIVED = event(Kind.ARRIVED, "a", 0.0)
EFFECT = event(Kind.EFFECT, "a", 0.1)
ANSWERED = event(Kind.ANSWERED, "a", 0.11, status=201)
LOST = event(Kind.LOST, "a", 0.11)
BY_A_GATEWAY = event(Kind.LOST, "a", 0.11, status=502)


def second(arrived: float, done: float) -> tuple[Event, Event]:
    """Another request, and its effect."""
    return event(Kind.ARRIVED, "b", arrived), event(Kind.EFFECT, "b", done)


BY_ANOTHER = (ARRIVED, EFFECT, LOST, *[replace(entry, process="there/2") for entry in second(0.6, 0.7)])

TRACES: dict[Cause, tuple[Event, ...]] = {
    Cause.AT_ONCE: (ARRIVED, EFFECT, ANSWERED, *second(0.05, 0.15)),
    Cause.LEFT: (ARRIVED, EFFECT, LOST, *second(0.2, 0.25)),
    Cause.ANSWERED: (ARRIVED, EFFECT, BY_A_GATEWAY, *second(0.2, 0.25)),
    Cause.FORGOTTEN: (ARRIVED, EFFECT, LOST, *second(0.6, 0.7)),
    Cause.UNSEEN: (ARRIVED, EFFECT, ANSWERED, second(0.2, 0.3)[1]),
    Cause.OTHER_SCOPE: (ARRIVED, EFFECT, LOST, *[replace(entry, scope="another") for entry in second(0.2, 0.25)]),
    Cause.APART: (
        ARRIVED, event(Kind.FAULT, "a", 0.01, fault="crash-before-commit"), EFFECT, LOST, *second(0.2, 0.25),
    ),
    Cause.NEW_KEY: (ARRIVED, EFFECT, LOST, *[replace(entry, key="k2") for entry in second(0.2, 0.3)]),
}  # fmt: skip


@pytest.mark.parametrize("cause", TRACES)
def test_the_cause_of_a_duplicate_is_told(cause: Cause) -> None:
    """From the order of arrivals, effects and losses, in words with numbers."""
    found = explain_cause(TRACES[cause], REMEMBERING, 3600.0)
    assert found is not None
    assert found.cause is cause


def test_memory_may_end_with_a_process() -> None:
    """Where no process knows what another did, and none forgets by itself, that is the cause; else it is time."""
    for known, cause in (
        (ALONE, Cause.ELSEWHERE),
        (REMEMBERING, Cause.FORGOTTEN),
        (replace(ALONE, fades=True), Cause.FORGOTTEN),
    ):
        found = explain_cause(BY_ANOTHER, known, 3600.0)
        assert found is not None
        assert found.cause is cause


def test_where_nothing_is_ever_remembered_that_is_the_cause() -> None:
    """Whatever else is so, keys were not looked at."""
    for cause in set(TRACES) - {Cause.NEW_KEY, Cause.OTHER_SCOPE, Cause.APART}:
        found = explain_cause(TRACES[cause], Memory(), 3600.0)
        assert found is not None
        assert found.cause is Cause.NO_MEMORY


def test_a_client_may_send_a_key_too_late() -> None:
    """The servers may have forgotten it by then; in time, the same would be theirs."""
    late = (ARRIVED, EFFECT, LOST, *second(3.1, 3.2))
    causes = [explain_cause(late, REMEMBERING, window) for window in (3.0, 3600.0)]
    assert [found.cause for found in causes if found] == [Cause.OUTLIVED, Cause.FORGOTTEN]


def test_what_was_done_once_has_no_cause() -> None:
    """An answer from memory is no duplicate, and shows for how long servers remember."""
    trace = traces(history(GOOD, READ))
    assert set(trace) == {1}
    assert explain_cause(trace[1], REMEMBERING, 3600.0) is None
    known = memory(trace)
    assert known.replays == 1
    assert known.longest == pytest.approx(0.16)
    assert not known.fades
    assert not known.shared


def test_what_servers_remember_is_read_from_the_whole_run() -> None:
    """Whether processes share a memory, and whether it fades while they live."""
    replay = (ARRIVED, EFFECT, event(Kind.ARRIVED, "b", 0.2), event(Kind.ANSWERED, "b", 0.21, detail="replayed"))
    by_another = (*replay[:2], *[replace(entry, process="there/2") for entry in replay[2:]])
    late = TRACES[Cause.FORGOTTEN]
    assert not memory({1: replay, 2: BY_ANOTHER}).fades
    assert memory({1: replay, 2: late}).fades
    assert not memory({1: replay, 2: TRACES[Cause.AT_ONCE]}).fades
    assert not memory({1: replay}).shared
    assert memory({1: by_another}).shared


def test_the_numbers_are_in_the_sentence() -> None:
    """How late it was, and for how long a key must be remembered."""
    found = explain_cause(TRACES[Cause.FORGOTTEN], REMEMBERING, 3600.0)
    assert found is not None
    assert "0.60 s after the first effect" in found.text
    assert "retry window of 3600 s" in found.text


def test_the_shortest_history_is_shown() -> None:
    """Of two calls that were done twice, the one with fewer events; what happened stands in its order."""
    twice = (*EVENTS, event(Kind.EFFECT, "b", 100.25))
    longer = tuple(replace(entry, key="k3", attempt=f"{entry.attempt}3") for entry in (*twice, twice[0]))
    other = replace(GOOD, call=3, key="k3", requests=(Request(100.0, "k3", "aa"),))
    verdict = judge_run(history(GOOD, other, events=(*twice, *longer)))
    assert verdict.case is not None
    assert verdict.case.violation.call == 1
    assert [line.split("  ")[-1] for line in verdict.case.lines] == [
        "attempt 1 sent",
        "request A arrives",
        "request A: EFFECT 1",
        "request A: its answer is lost",
        "attempt 1: the connection was cut (unknown)",
        "attempt 2 sent",
        "request B arrives",
        "request B is answered 201 (replayed)",
        "request B: EFFECT 2",
        "attempt 2: status 201 (applied)",
        "the caller is told: applied",
    ]


def test_an_operation_may_be_forgotten_alone() -> None:
    """What is done again each time, and never answered from memory, is not keyed, whatever other operations are."""
    traces_of = dict.fromkeys(range(3), TRACES[Cause.LEFT])
    assert forgotten_operations(traces_of, {0, 1, 2}, 1.0) == {"createCharge"}
    assert forgotten_operations(traces_of, {0, 1, 2}, 0.1) == set()
    assert forgotten_operations(traces_of, {0, 1}, 1.0) == set()
    remembered = {**traces_of, 3: (event(Kind.ANSWERED, "c", 0.3, detail="replayed"),)}
    assert forgotten_operations(remembered, {0, 1, 2}, 1.0) == set()
    found = explain_cause(TRACES[Cause.LEFT], replace(REMEMBERING, forgets_operation=True), 3600.0)
    assert found is not None
    assert found.cause is Cause.OPERATION
