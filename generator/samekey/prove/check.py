"""Check what must always hold (docs/retry-rules.md, section 8) on the client's history and the servers' ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from samekey.prove.history import Certainty, Settled
from samekey.sandbox.server.ledger import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samekey.prove.history import CallReport, History, Limits

CLOCKS = 0.005
"""Seconds by which the clocks of one machine may disagree."""
SLACK = 1.0
"""Seconds by which a busy machine may end a call late."""


class Promise(IntEnum):
    """A promise, the gravest first."""

    ONCE = 1
    """At most one effect per key and per call."""
    CERTAINTY = 2
    """What a caller is told is so."""
    SAMENESS = 3
    """Attempts of a call share key and bytes, calls share no key, and reads carry none."""
    LIMITS = 4
    """No more attempts than allowed, none past the deadline, none sooner than asked."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise.

    Args:
        promise: which one.
        call: the call that shows it; None where no call is to blame.
        text: what is wrong, in words.
    """

    promise: Promise
    call: int | None
    text: str


def violations(history: History) -> list[Violation]:
    """Return every broken promise, the gravest first; an empty list where all of them held."""
    effects = _effects(history)
    found = [*_strays(history), *_sameness(history.calls)]
    for report in history.calls:
        if report.keyed:
            found += _once(report, effects[report.call])
            found += _certain(report, effects[report.call].total())
        found += _within(report, history.limits)
    return sorted(found, key=lambda violation: violation.promise)


def _effects(history: History) -> defaultdict[int, Counter[str]]:
    """Count how often each call had its effect, by key."""
    owners = history.owners()
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for event in history.events:
        if event.kind is Kind.EFFECT and event.key in owners:
            found[owners[event.key]][event.key] += 1
    return found


def _strays(history: History) -> Iterator[Violation]:
    owners = history.owners()
    strays = {
        event.key for event in history.events if event.kind is Kind.EFFECT and event.key and event.key not in owners
    }
    for key in sorted(strays):
        yield Violation(Promise.ONCE, None, f"an effect under key {key}, which no call has sent")


def _once(report: CallReport, effects: Counter[str]) -> Iterator[Violation]:
    for key, count in effects.items():
        if count > 1:
            yield Violation(Promise.ONCE, report.call, f"{count} effects under key {key}")
    if len(effects) > 1:
        yield Violation(Promise.ONCE, report.call, f"{effects.total()} effects under {len(effects)} keys of one call")


def _certain(report: CallReport, effects: int) -> Iterator[Violation]:
    lie = _lie(report, effects)
    if lie:
        yield Violation(Promise.CERTAINTY, report.call, lie)


def _lie(report: CallReport, effects: int) -> str:
    """Return what is wrong with what the caller was told, empty for nothing; duplicate effects are another matter."""
    done = effects > 0
    match report.certainty, report.settled:
        case Certainty.APPLIED, _:
            return "" if done else "told applied, and nothing was done"
        case ((Certainty.NOT_SENT | Certainty.REJECTED), _):
            return "" if not done else f"told {report.certainty}, and it was done"
        case Certainty.UNKNOWN, None | Settled.UNKNOWN:
            return "unknown, and still so after calling again with its key"
        case Certainty.UNKNOWN, settled:
            agrees = done is (settled is not Settled.REJECTED)
            return "" if agrees else f"settled as {settled}, and it was {'done' if done else 'not done'}"


def _within(report: CallReport, limits: Limits) -> Iterator[Violation]:
    retries = sum(1 for attempt in report.attempts[:-1] if not attempt.polling)
    if retries > limits.retries:
        yield Violation(Promise.LIMITS, report.call, f"{retries} retries, {limits.retries} allowed")
    if report.elapsed > limits.deadline + SLACK:
        yield Violation(
            Promise.LIMITS, report.call, f"{report.elapsed:.2f} s, the deadline was {limits.deadline:.2f} s"
        )
    for attempt, following in pairwise(report.attempts):
        waited = following.sent_at - attempt.sent_at - attempt.took
        if waited < attempt.asked - CLOCKS:
            text = f"sent again after {waited:.3f} s, asked to wait {attempt.asked:.3f} s"
            yield Violation(Promise.LIMITS, report.call, text)
        if following.sent_at - report.attempts[0].sent_at >= limits.window:
            yield Violation(Promise.LIMITS, report.call, "sent again when its key may have been forgotten")


def _sameness(calls: Sequence[CallReport]) -> Iterator[Violation]:
    senders: defaultdict[str, set[int]] = defaultdict(set)
    for report in calls:
        for request in (*report.requests, *report.settling):
            if request.key is not None:
                senders[request.key].add(report.call)
        yield from (Violation(Promise.SAMENESS, report.call, text) for text in _differences(report))
    for key, numbers in senders.items():
        if len(numbers) > 1:
            yield Violation(Promise.SAMENESS, min(numbers), f"key {key} was sent by {len(numbers)} calls")


def _differences(report: CallReport) -> Iterator[str]:
    keys = {request.key for request in (*report.requests, *report.settling)}
    if not report.keyed:
        if keys - {None} or report.key is not None:
            yield f"{report.operation} is not keyed, and carried a key"
        return
    if len(keys) > 1:
        yield f"{len(keys)} keys for one call"
    if len({request.digest for request in report.requests}) > 1:
        yield "its attempts did not send the same bytes"
    if keys - {report.key}:
        yield "sent another key than its caller was told"
    if report.key is None:
        yield f"{report.operation} is keyed, and its caller was told no key"
