"""Check what must always hold (docs/retry-rules.md, section 8) on the client's history and the servers' ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from samekey.prove.answers import about_answers, about_things
from samekey.prove.history import Certainty, Settled, TrialKind
from samekey.prove.limits import about_backoff, about_deadlines, about_limits
from samekey.prove.promises import Promise, Violation
from samekey.prove.retryable import is_done, leaves_doubt
from samekey.sandbox.server.ledger import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samekey.prove.history import CallReport, History


_UNAUTHORIZED = 401


def violations(history: History) -> list[Violation]:
    """Return every broken promise, the gravest first; an empty list where all of them held."""
    effects = _effects(history)
    found = [*_strays(history), *_sameness(history), *about_answers(history), *about_things(history)]
    for report in history.calls:
        if report.keyed:
            found += _once(report, effects[report.call])
            found += _certain(report, effects[report.call].total())
        found += about_limits(report, history.window)
    found += about_deadlines(history.calls)
    found += about_backoff(history.calls)
    return sorted(found, key=lambda violation: violation.promise)


def _effects(history: History) -> defaultdict[int, Counter[str]]:
    """Count how often each call had its effect, by key; without those that were tried under another account."""
    owners = history.owners()
    elsewhere = {trial.call for trial in history.trials if trial.kind is TrialKind.OTHER_ACCOUNT}
    scopes: dict[str, str] = {}
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for event in sorted(history.events, key=lambda event: event.seq):
        if event.kind is not Kind.EFFECT or event.key not in owners:
            continue
        call = owners[event.key]
        if call in elsewhere and event.scope != scopes.setdefault(event.key, event.scope):
            elsewhere.remove(call)
            continue
        found[call][event.key] += 1
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
    lie = _lie(report, effects) or _guess(report) or _evasion(report)
    if lie:
        yield Violation(Promise.CERTAINTY, report.call, lie)


def _guess(report: CallReport) -> str:
    """Return why a caller should have been told less, even where it came true; empty for no reason."""
    is_told_as_nothing = report.certainty in {Certainty.NOT_SENT, Certainty.REJECTED}
    if is_told_as_nothing and report.attempts and report.attempts[-1].polling:
        return f"told {report.certainty}, and its last answer said that a request with its key still runs"
    return ""


def _evasion(report: CallReport) -> str:
    """Return why a caller should have been told more; empty where nobody could know more."""
    if report.certainty is not Certainty.UNKNOWN or report.cancelled:
        return ""
    if any(is_done(attempt) for attempt in report.attempts):
        return "told unknown, and an answer said that it was done"
    if not any(leaves_doubt(attempt) for attempt in report.attempts):
        return "told unknown, and nothing was lost"
    return ""


def _lie(report: CallReport, effects: int) -> str:
    """Return what is wrong with what the caller was told, empty for nothing; duplicate effects are another matter."""
    done = effects > 0
    match report.certainty, report.settled:
        case Certainty.APPLIED, _:
            return "" if done else "told applied, and nothing was done"
        case ((Certainty.NOT_SENT | Certainty.REJECTED), _):
            return "" if not done else f"told {report.certainty}, and it was done"
        case Certainty.UNKNOWN, (Settled.UNANSWERED | Settled.TOO_OLD):
            return ""
        case Certainty.UNKNOWN, Settled.STUCK:
            return "unknown, and its key is said to be in use although no request is under way"
        case Certainty.UNKNOWN, None | Settled.UNKNOWN:
            return "unknown, and still so after calling again with its key"
        case Certainty.UNKNOWN, settled:
            agrees = done is (settled is not Settled.REJECTED)
            return "" if agrees else f"settled as {settled}, and it was {'done' if done else 'not done'}"


def _sameness(history: History) -> Iterator[Violation]:
    senders: defaultdict[str, set[int]] = defaultdict(set)
    owners = history.owners()
    # A client whose token is refused gets another one, and sends its request once more within the attempt. What a
    # killed server had not yet written down of such a refusal died with it.
    arrived = Counter(
        owners[event.key]
        for event in history.events
        if event.kind is Kind.ARRIVED and not event.detail and event.key in owners
    )
    refused = Counter(
        owners[event.key] for event in history.events if event.status == _UNAUTHORIZED and event.key in owners
    )
    # What came later, to settle it or to try its key, is not the call's own.
    arrived.subtract(trial.call for trial in history.trials)
    arrived.subtract({report.call: len(report.settling) for report in history.calls})
    for report in history.calls:
        for request in (*report.requests, *report.settling):
            if request.key is not None:
                senders[request.key].add(report.call)
        yield from (
            Violation(Promise.SAMENESS, report.call, text)
            for text in _differences(report, refused[report.call], arrived[report.call])
        )
    for key, numbers in senders.items():
        if len(numbers) > 1:
            yield Violation(Promise.SAMENESS, min(numbers), f"key {key} was sent by {len(numbers)} calls")


def _differences(report: CallReport, refused: int, arrived: int) -> Iterator[str]:
    keys = {request.key for request in (*report.requests, *report.settling)}
    if not report.keyed:
        if keys - {None} or report.key is not None:
            yield f"{report.operation} is not keyed, and carried a key"
        return
    if len(keys) > 1:
        yield f"{len(keys)} keys for one call"
    if len({request.digest for request in report.requests}) > 1:
        yield "its attempts did not send the same bytes"
    untold = min(len(report.requests), arrived) - len(report.attempts) - refused
    if report.keyed and untold > 0 and not report.cancelled:
        yield f"{len(report.requests)} requests were sent, and its caller is told of {len(report.attempts)}"
    if keys - {report.key}:
        yield "sent another key than its caller was told"
    if report.key is None:
        yield f"{report.operation} is keyed, and its caller was told no key"
