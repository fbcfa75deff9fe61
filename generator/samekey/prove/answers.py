"""Check that an answer is the answer to its own request, and that what was answered is there."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import unquote

from samekey.prove.history import Certainty, TrialKind
from samekey.prove.promises import Promise, Violation
from samekey.prove.retryable import is_complete
from samekey.sandbox.server.ledger import AnswerKind, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samekey.prove.history import CallReport, History, Trial


def about_answers(history: History) -> Iterator[Violation]:
    """Yield callers who were given the answer of another call, and requests that were taken for others."""
    own, fresh = _own_answers(history), _answered_themselves(history)
    for report in history.calls:
        if report.keyed:
            yield from _about_call(report, own[report.call], is_fresh=report.call in fresh)
    tried = {trial.call for trial in history.trials if trial.kind is TrialKind.OTHER_PAYLOAD}
    owners = history.owners()
    refused = {
        owners[event.key] for event in history.events if event.detail == AnswerKind.MISMATCH and event.key in owners
    }
    for call in sorted(refused - tried):
        yield _wrong(call, "refused as another payload, and each of its requests had the same bytes")
    anew = _done_for_others(history)
    for trial in history.trials:
        wrong = _about_trial(trial, own[trial.call], is_anew=trial.call in anew)
        if wrong is not None:
            yield wrong


def about_things(history: History) -> Iterator[Violation]:
    """Yield resources that no effect has made, and effects whose resource is not there."""
    owners = history.owners()
    effects = [event for event in history.events if event.kind is Kind.EFFECT and event.detail]
    made = {unquote(event.detail): event.key for event in effects}
    strays = sorted(
        place
        for place in history.things.places
        if place.rpartition("/")[0] in history.things.collections and place not in made
    )
    if strays:
        text = f"{len(strays)} resources were made that no answer speaks of, such as {strays[0]}"
        yield Violation(Promise.ONCE, None, text)
    for place, key in made.items():
        if place.rpartition("/")[0] in history.things.collections and place not in history.things.places:
            yield Violation(
                Promise.ANSWERS, owners.get(key or ""), f"it was answered that {place} was made, and it is not there"
            )


def _wrong(call: int, text: str) -> Violation:
    return Violation(Promise.ANSWERS, call, text)


def _own_answers(history: History) -> defaultdict[int, set[str]]:
    """Return digests of the answers that belong to each call's effects."""
    owners = history.owners()
    found: defaultdict[int, set[str]] = defaultdict(set)
    for event in history.events:
        if event.kind is Kind.EFFECT and event.answer and event.key in owners:
            found[owners[event.key]].add(event.answer)
    return found


def _answered_themselves(history: History) -> set[int]:
    """Return the calls that were answered once, with the answer of the very request that had the effect."""
    owners = history.owners()
    answers: defaultdict[int, list[str]] = defaultdict(list)
    effects = {event.attempt for event in history.events if event.kind is Kind.EFFECT}
    for event in history.events:
        if event.kind is Kind.ANSWERED and event.key in owners:
            answers[owners[event.key]].append(event.detail if event.attempt in effects else AnswerKind.REPLAYED)
    # What was tried with a key later on is not the call's own.
    tried = {trial.call for trial in history.trials}
    return {call for call, details in answers.items() if details == [AnswerKind.OWN] and call not in tried}


def _done_for_others(history: History) -> set[int]:
    """Return the calls whose keys had effects for several accounts."""
    owners = history.owners()
    accounts: defaultdict[int, set[str]] = defaultdict(set)
    for event in history.events:
        if event.kind is Kind.EFFECT and event.key in owners:
            accounts[owners[event.key]].add(event.scope)
    return {call for call, scopes in accounts.items() if len(scopes) > 1}


def _about_call(report: CallReport, own: set[str], *, is_fresh: bool) -> Iterator[Violation]:
    for given in (report.given, report.settled_given):
        if given and own and given not in own:
            yield _wrong(report.call, "its caller was given an answer that is not its own")
    last = report.attempts[-1] if report.attempts else None
    if last is not None and is_complete(last) and not report.given:
        yield _wrong(report.call, f"its answer was {last.outcome}, and could not be read")
    if is_fresh and any(attempt.replayed for attempt in report.attempts):
        yield _wrong(report.call, "its first answer said of itself that it is a stored one")


def _about_trial(trial: Trial, own: set[str], *, is_anew: bool) -> Violation | None:
    match trial.kind, trial.told:
        case _, None:
            return None
        case TrialKind.OTHER_PAYLOAD, _ if trial.polling:
            return _wrong(trial.call, "another payload under its key was told that the first request still runs")
        case TrialKind.OTHER_PAYLOAD, Certainty.APPLIED:
            return _wrong(trial.call, "another payload under its key was answered as if it had been done")
        case TrialKind.OTHER_PAYLOAD, Certainty.REJECTED | Certainty.NOT_SENT:
            text = "another payload under its key was told as refused with nothing done, and the key had done something"
            return Violation(Promise.CERTAINTY, trial.call, text)
        case TrialKind.OTHER_ACCOUNT, Certainty.APPLIED if trial.given in own and not is_anew:
            return _wrong(trial.call, "its key under another account was given its answer")
        case _:
            return None
