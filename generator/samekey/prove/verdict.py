"""The verdict of a proof, as data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from samekey.prove.causes import explain_cause, forgotten_operations, memory, traces
from samekey.prove.check import violations
from samekey.prove.history import Certainty, Settled
from samekey.prove.promises import Promise
from samekey.prove.timeline import timeline
from samekey.sandbox.server.ledger import AnswerKind, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from samekey.prove.causes import Cause, Explained, Memory
    from samekey.prove.history import History
    from samekey.prove.promises import Violation
    from samekey.sandbox.server.ledger import Event


_LEAST_DONE = 0.3
"""The share of keyed calls that must be done for a run to say anything."""
_MOST_UNSETTLED = 0.1


@dataclass(frozen=True, slots=True)
class Case:
    """The shortest history that shows a violation.

    Args:
        violation: the violation.
        operation: what was called.
        key: the key of the call.
        lines: the history.
        cause: why something was done twice; None where nothing was.
        why: the same in a sentence; empty where nothing was.
    """

    violation: Violation
    operation: str
    key: str
    lines: tuple[str, ...]
    cause: Cause | None
    why: str


@dataclass(frozen=True, slots=True)
class ProofResult:
    """What a proof has found.

    Args:
        calls: calls that were made.
        keyed: those of them that carried keys.
        attempts: requests that left the clients.
        faults: how often each fault struck.
        effects: effects under the keys of the calls.
        replays: answers from memory.
        certainties: how often callers were told what.
        settled: calls that were unknown, and were made again with their key.
        violations: broken promises.
        causes: why things were done twice, and how often.
        case: the shortest history that shows the gravest of them; None where all promises held.
        median: seconds of a call, half of them took less.
        slowest: seconds that one call in a hundred took longer than.
        unsettled: unknown calls of which nothing came out, since the servers were too slow.
        shows_nothing: why the run proves nothing, though no promise was broken; empty where it proves something.
        short_lived: calls more, whose keys were forgotten within the run.
    """

    calls: int
    keyed: int
    attempts: int
    faults: Mapping[str, int]
    effects: int
    replays: int
    certainties: Mapping[str, int]
    settled: int
    violations: tuple[Violation, ...]
    causes: Mapping[Cause, int]
    case: Case | None
    median: float
    slowest: float
    unsettled: int = 0
    shows_nothing: str = ""
    short_lived: int = 0

    @property
    def holds(self) -> bool:
        """Whether every promise held, in a run that could have shown otherwise."""
        return not self.violations and not self.shows_nothing

    def broken(self, promise: Promise) -> int:
        """Count the calls that show that a promise was broken."""
        return len({violation.call for violation in self.violations if violation.promise is promise})


def judge_run(history: History) -> ProofResult:
    """Return the verdict on a history."""
    found = violations(history)
    trace = traces(history)
    known = memory(trace)
    repeated = {violation.call for violation in found if violation.promise is Promise.ONCE}
    forgotten = forgotten_operations(trace, repeated, known.longest)
    windows = {report.call: min(history.window, report.limits.key_life) for report in history.calls}
    explained = {
        call: why
        for call, events in trace.items()
        if call in repeated and (why := explain_cause(events, _about(events, known, forgotten), windows[call]))
    }
    calls = [report for report in history.calls if not report.is_short_lived]
    owners, brief = history.owners(), {report.call for report in history.calls if report.is_short_lived}
    usual = [event for event in history.events if event.key not in owners or owners[event.key] not in brief]
    kinds = Counter(event.kind for event in usual if event.key is not None)
    took = sorted(report.elapsed for report in calls)
    return ProofResult(
        calls=len(calls),
        keyed=sum(report.keyed for report in calls),
        attempts=sum(len(report.requests) for report in calls),
        faults=Counter(str(event.fault) for event in usual if event.kind is Kind.FAULT),
        effects=kinds[Kind.EFFECT],
        replays=sum(1 for event in usual if event.detail == AnswerKind.REPLAYED),
        certainties=Counter(report.certainty.value for report in calls),
        settled=sum(report.settled is not None for report in calls),
        violations=tuple(found),
        causes=Counter(why.cause for why in explained.values()),
        case=_shortest(history, found, trace, explained),
        median=took[len(took) // 2] if took else 0.0,
        slowest=took[len(took) * 99 // 100] if took else 0.0,
        unsettled=sum(report.settled is Settled.UNANSWERED for report in calls),
        short_lived=len(history.calls) - len(calls),
        shows_nothing=_shows_nothing(history, known.replays),
    )


def _about(events: Sequence[Event], known: Memory, forgotten: frozenset[str]) -> Memory:
    """Return what the servers remembered, with what is said of the operation of some events."""
    return replace(known, forgets_operation=events[0].operation in forgotten)


def _shows_nothing(history: History, replays: int) -> str:
    """Return why a run in which no promise was broken proves nothing; empty where it proves something."""
    keyed = [report for report in history.calls if report.keyed and not report.is_short_lived]
    done = sum(Certainty.APPLIED in {report.certainty, report.settled} for report in keyed)
    unsettled = sum(report.settled is Settled.UNANSWERED for report in keyed)
    if done < max(1, len(keyed) * _LEAST_DONE):
        return f"only {done} of {len(keyed)} keyed calls were done"
    if unsettled > len(keyed) * _MOST_UNSETTLED:
        return f"{unsettled} calls were unknown, and the servers were too slow to say what became of them"
    if not replays:
        return "no request was answered from memory"
    return ""


def _shortest(
    history: History, found: list[Violation], trace: Mapping[int, list[Event]], explained: Mapping[int, Explained]
) -> Case | None:
    """Return the history of fewest events that shows the gravest violation and its most telling cause; else None."""
    if not found:
        return None
    calls = {report.call: report for report in history.calls}
    gravest = [violation for violation in found if violation.promise is found[0].promise]
    counts = Counter(why.cause for why in explained.values())
    telling = min(counts, key=lambda cause: (cause.needs_a_kill, -counts[cause]), default=None)

    def weight(violation: Violation) -> tuple[bool, bool, int]:
        report = calls.get(violation.call) if violation.call is not None else None
        why = explained.get(report.call) if report is not None else None
        uncommon = why is None or why.cause is not telling
        events = trace.get(report.call, []) if report is not None else []
        return uncommon, _is_torn(events), len(events) + (len(report.requests) if report is not None else 0)

    violation = min(gravest, key=weight)
    report = calls.get(violation.call) if violation.call is not None else None
    if report is None:
        return Case(violation, "", "", (), None, "")
    why = explained.get(report.call)
    lines = timeline(report, trace.get(report.call, []))
    cause, sentence = (why.cause, why.text) if why is not None else (None, "")
    return Case(violation, report.operation, report.key or "", lines, cause, sentence)


def _is_torn(events: Sequence[Event]) -> bool:
    """Whether a part of what was written down died with a killed server."""
    arrived = {event.attempt for event in events if event.kind is Kind.ARRIVED}
    return any(event.attempt not in arrived for event in events)
