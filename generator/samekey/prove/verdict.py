"""The verdict of a proof, as data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samekey.prove.causes import explain_cause, memory, traces
from samekey.prove.check import violations
from samekey.prove.timeline import timeline
from samekey.sandbox.server.ledger import AnswerKind, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from samekey.prove.causes import Cause, Explained
    from samekey.prove.check import Promise, Violation
    from samekey.prove.history import History
    from samekey.sandbox.server.ledger import Event


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

    @property
    def holds(self) -> bool:
        """Whether every promise held."""
        return not self.violations

    def broken(self, promise: Promise) -> int:
        """Count the calls that show that a promise was broken."""
        return len({violation.call for violation in self.violations if violation.promise is promise})


def judge_run(history: History) -> ProofResult:
    """Return the verdict on a history."""
    found = violations(history)
    trace = traces(history)
    known = memory(trace)
    explained = {call: why for call in trace if (why := explain_cause(trace[call], known, history.limits.window))}
    kinds = Counter(event.kind for event in history.events if event.key is not None)
    took = sorted(report.elapsed for report in history.calls)
    return ProofResult(
        calls=len(history.calls),
        keyed=sum(report.keyed for report in history.calls),
        attempts=sum(len(report.requests) for report in history.calls),
        faults=Counter(str(event.fault) for event in history.events if event.kind is Kind.FAULT),
        effects=kinds[Kind.EFFECT],
        replays=sum(1 for event in history.events if event.detail == AnswerKind.REPLAYED),
        certainties=Counter(report.certainty.value for report in history.calls),
        settled=sum(report.settled is not None for report in history.calls),
        violations=tuple(found),
        causes=Counter(why.cause for why in explained.values()),
        case=_shortest(history, found, trace, explained),
        median=took[len(took) // 2] if took else 0.0,
        slowest=took[len(took) * 99 // 100] if took else 0.0,
    )


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
