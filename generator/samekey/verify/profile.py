"""The dialect that was seen, in the words of the config file (docs/config.md), for `samekey generate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import yaml
from msgspec.structs import replace

from samekey.config.dialect import DEFAULT, KeyKind
from samekey.document.diagnostics import escaped
from samekey.verify.findings import TRUST, Honours, Longest, Marked, SaysInFlight, SaysMismatch, Verdict

if TYPE_CHECKING:
    from samekey.config.dialect import Dialect, KeyFormat, Signal
    from samekey.verify.findings import Report

_Words: TypeAlias = "dict[str, str | int | bool | list[str] | _Words | list[_Words | int]]"


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
                case Honours(method, honoured):
                    others = tuple(name for name in profile.methods if name != method)
                    profile = replace(profile, methods=(*others, method) if honoured else others)
    return profile


def as_config(report: Report) -> str:
    """Write a config file with the dialect that was seen; where keys cannot be relied on, one that says so."""
    head = f"# What `samekey verify` saw of {report.operation} at {report.address}"
    if report.trusted:
        words = _words(observed(report))
        if report.target:
            words["operations"] = {report.target: {"honoured": "verified"}}
        return f"{escaped(head)}.\n{_spelled({'idempotency': words})}"
    broken = [finding for finding in report.of(Verdict.BROKEN) if finding.check in TRUST]
    reasons = "".join(f"# {escaped(f'{finding.check}: {finding.why}')}\n" for finding in broken)
    refused: _Words = {"operations": {report.target: False}} if report.target else {}
    text = _spelled({"idempotency": refused or False})
    return f"{escaped(head)}: its keys cannot be relied on.\n{reasons}{text}"


def _spelled(words: _Words) -> str:
    text: str = yaml.safe_dump(words, sort_keys=False, allow_unicode=True, width=120)
    return text


def _words(profile: Dialect) -> _Words:
    words: _Words = {"in": profile.carrier.value, "name": profile.name, "methods": list(profile.methods)}
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
