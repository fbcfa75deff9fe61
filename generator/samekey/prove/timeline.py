"""The history of one call for people: what the client and the servers did, in the order in which it happened."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase
from typing import TYPE_CHECKING

from samekey.sandbox.server.ledger import AnswerKind, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samekey.prove.history import CallReport
    from samekey.sandbox.server.ledger import Event

_HALF = 30
"""Lines at the beginning and at the end of a long history."""


@dataclass(frozen=True, slots=True)
class _Moment:
    at: float
    side: str
    text: str


def timeline(report: CallReport, trace: Sequence[Event]) -> tuple[str, ...]:
    """Return the lines of a history, with times in milliseconds since its beginning.

    Args:
        report: the call.
        trace: what the servers wrote down of it.
    """
    moments = sorted([*_client(report), *_servers(trace)], key=lambda moment: moment.at)
    start = moments[0].at if moments else 0.0
    lines = [f"{(moment.at - start) * 1000:7.0f} ms  {moment.side:6}  {moment.text}" for moment in moments]
    if len(lines) > 2 * _HALF:
        lines[_HALF:-_HALF] = [f"{'':12}…       {len(lines) - 2 * _HALF} more"]
    return tuple(lines)


def _client(report: CallReport) -> Iterator[_Moment]:
    for number, attempt in enumerate(report.attempts, 1):
        yield _Moment(attempt.sent_at, "client", f"attempt {number} {_with_key(report, number - 1)}")
        ended = attempt.sent_at + attempt.took
        yield _Moment(ended, "client", f"attempt {number}: {attempt.outcome} ({attempt.certainty})")
    if report.attempts:
        last = report.attempts[-1]
        yield _Moment(last.sent_at + last.took, "client", f"the caller is told: {report.certainty}")
    for request in report.settling:
        yield _Moment(request.at, "client", f"calls again with the key, and is told: {report.settled}")


def _with_key(report: CallReport, index: int) -> str:
    """Spell the key of an attempt; a short word, except where keys differ."""
    keys = {request.key for request in (*report.requests, *report.settling)}
    return f"with key {report.requests[index].key}" if len(keys) > 1 and index < len(report.requests) else "sent"


def _servers(trace: Sequence[Event]) -> Iterator[_Moment]:
    letters: dict[str, str] = {}
    effects = 0
    for event in trace:
        name = letters.setdefault(event.attempt, _letters(len(letters)))
        match event.kind:
            case Kind.ARRIVED:
                text = f"request {name} arrives{f', {event.detail}' if event.detail else ''}"
            case Kind.FAULT:
                text = f"request {name}: fault {event.fault}"
            case Kind.EFFECT:
                effects += 1
                text = f"request {name}: EFFECT {effects} {event.detail}".rstrip()
            case Kind.ANSWERED:
                text = f"request {name} is answered {event.status}{_word(event)}"
            case Kind.LOST:
                what = f"answer {event.status}" if event.status is not None else "answer"
                text = f"request {name}: its {what} is lost{_word(event)}"
        yield _Moment(event.at, "server", text)


def _word(event: Event) -> str:
    return f" ({event.detail})" if event.detail in set(AnswerKind) - {AnswerKind.OWN} else ""


def _letters(index: int) -> str:
    whole, rest = divmod(index, len(ascii_uppercase))
    return ascii_uppercase[rest] + (str(whole) if whole else "")
