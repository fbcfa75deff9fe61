"""The dialect that was seen, in the words of the config file (docs/config.md), for `samekey generate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import yaml
from msgspec.structs import replace

from samekey.config.dialect import DEFAULT, KeyKind
from samekey.document.diagnostics import escaped
from samekey.verify.config_text import with_operations
from samekey.verify.findings import TRUST, Honours, Longest, Marked, SaysInFlight, SaysMismatch, SaysUsed, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from samekey.config.dialect import Dialect, KeyFormat, Signal
    from samekey.verify.findings import Report

_Words: TypeAlias = "dict[str, str | int | bool | list[str] | _Words | list[_Words | int]]"


_HEAD = "# samekey verify: "


def observed(report: Report) -> Dialect:
    """Return the dialect that the document speaks of, with what was seen in its place."""
    profile = report.profile
    for finding in report.findings:
        for fact in finding.facts:
            match fact:
                case Marked(name):
                    profile = replace(profile, replayed=(name,))
                case SaysInFlight(signal, _):
                    profile = replace(profile, in_flight=(signal,))
                case SaysMismatch(signal):
                    profile = replace(profile, mismatch=(signal,))
                case Longest(length):
                    profile = replace(profile, format=replace(profile.format, max_length=length))
                case Honours() | SaysUsed():
                    pass
    return profile


def as_config(reports: Sequence[Report], existing: str, today: date) -> str:
    """Write what was seen of each operation into a config file; the rest of the file stays as it is.

    Where the keys of an operation cannot be relied on, its entry says so, and why.

    Args:
        reports: what was seen.
        existing: the text of the config; empty for a new one.
        today: the day on which it was seen.

    Raises:
        VerifyError: the file is not of a form into which an entry can be put.
    """
    entries: dict[str, list[str]] = {}
    for report in reports:
        entries |= _beside(report, today)
    # What was tried itself weighs more than what was seen beside it.
    return with_operations(existing, entries | {report.target: _entry(report, today) for report in reports})


def _beside(report: Report, today: date) -> dict[str, list[str]]:
    """Return the lines of the operations that were seen beside the one that was tried."""
    facts = [fact for found in report.findings for fact in found.facts if isinstance(fact, Honours)]
    return {fact.target: _seen_beside(report, fact, today) for fact in facts}


def _seen_beside(report: Report, fact: Honours, today: date) -> list[str]:
    says: _Words | bool = {"honoured": "verified"} if fact.honoured else False
    head = f"{_HEAD}beside {report.operation} at {report.address}, {today.isoformat()}"
    return [escaped(head), *_spelled({fact.target: says}).splitlines()]


def _entry(report: Report, today: date) -> list[str]:
    """Return the lines of an operation: a comment that says when and where, and its dialect."""
    head = f"{_HEAD}{report.operation} at {report.address}, {today.isoformat()}"
    if report.trusted:
        words: _Words = {report.target: {"honoured": "verified", **_words(observed(report))}}
        return [escaped(head), *_spelled(words).splitlines()]
    broken = [finding for finding in report.of(Verdict.BROKEN) if finding.check in TRUST]
    reasons = [f"{_HEAD}{escaped(f'{finding.check}: {finding.why}')}" for finding in broken]
    return [escaped(f"{head}: its keys cannot be relied on."), *reasons, *_spelled({report.target: False}).splitlines()]


def _spelled(words: _Words) -> str:
    text: str = yaml.safe_dump(words, sort_keys=False, allow_unicode=True, width=120)
    return text


def _words(profile: Dialect) -> _Words:
    words: _Words = {"in": profile.carrier.value, "name": profile.name}
    if profile.format != DEFAULT.format:
        words["format"] = _format(profile.format)
    if profile.quoted:
        words["quoted"] = True
    if profile.ttl != DEFAULT.ttl:
        words["ttl"] = f"{profile.ttl:g}s"
    if profile.in_flight is not None:
        words["in_flight"] = [_signal(signal) for signal in profile.in_flight]
    if profile.mismatch is not None:
        words["mismatch"] = [_signal(signal) for signal in profile.mismatch]
    words["replayed"] = list(profile.replayed)
    if profile.should_retry != DEFAULT.should_retry:
        words["should_retry"] = list(profile.should_retry)
    if profile.first_sent:
        words["first_sent"] = profile.first_sent
    return words


def _format(form: KeyFormat) -> _Words:
    words: _Words = {"kind": form.kind.value, "max_length": form.max_length}
    if form.kind is KeyKind.ALPHABET:
        words |= {"length": form.length, "alphabet": form.alphabet}
    return words


def _signal(signal: Signal) -> _Words | int:
    return {"status": signal.status, "code": signal.code} if signal.code else signal.status
