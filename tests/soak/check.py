"""What must always hold (RETRIES.md section 6), checked on the client's history against the server's ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

TOLERANCE = 0.005
"""Seconds by which clocks of one machine may disagree."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the client was told of one call.

    Args:
        call: its number.
        key: the key that it carried.
        certainty: what the client was told.
        attempts: for each attempt: when it was sent, how long it took, the seconds that the server asked to wait, and
            whether it was told that the first request still runs.
        retries: how many retries the policy allows.
        elapsed: seconds from first to last.
        deadline: seconds that the policy allows.
        settled: the certainty after calling again with the same key; empty where it was certain before.
    """

    call: str
    key: str
    certainty: str
    attempts: tuple[tuple[float, float, float, bool], ...]
    retries: int
    elapsed: float
    deadline: float
    settled: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the server did and saw: effects as (key, call), requests as (call, key, body)."""

    effects: tuple[tuple[str, str], ...]
    seen: tuple[tuple[str, str, str], ...]


def violations(history: list[Told], ledger: Ledger) -> list[str]:
    """Every broken promise, in words; empty where all of them held."""
    by_call = Counter(call for _, call in ledger.effects)
    found = [f"call {call}: {count} effects" for call, count in by_call.items() if count > 1]
    by_key = Counter(key for key, _ in ledger.effects)
    found += [f"key {key}: {count} effects" for key, count in by_key.items() if count > 1]
    for told in history:
        found += _certainty(told, by_call[told.call])
        found += _limits(told)
    found += _sameness(history, ledger)
    return found


def _certainty(told: Told, effects: int) -> list[str]:
    final = told.settled or told.certainty
    match told.certainty:
        case "applied" if effects != 1:
            return [f"call {told.call}: told applied, {effects} effects"]
        case "not sent" | "rejected" if effects:
            return [f"call {told.call}: told {told.certainty}, {effects} effects"]
        case "unknown" if final not in {"applied", "rejected"}:
            return [f"call {told.call}: still {final} after calling again with its key"]
        case "unknown" if effects != (1 if final == "applied" else 0):
            return [f"call {told.call}: settled as {final}, {effects} effects"]
        case _:
            return []


def _limits(told: Told) -> list[str]:
    found: list[str] = []
    counted = sum(1 for *_, polling in told.attempts[:-1] if not polling)
    if counted > told.retries:
        found.append(f"call {told.call}: {counted} retries, {told.retries} allowed")
    if told.elapsed > told.deadline + 0.5:
        found.append(f"call {told.call}: {told.elapsed:.2f} s, deadline {told.deadline:.2f} s")
    for (sent, took, asked, _), (following, *_) in zip(told.attempts, told.attempts[1:], strict=False):
        if following - (sent + took) < asked - TOLERANCE:
            waited = following - sent - took
            found.append(f"call {told.call}: sent again after {waited:.3f} s, asked to wait {asked:.3f} s")
    return found


def _sameness(history: list[Told], ledger: Ledger) -> list[str]:
    keys: dict[str, set[str]] = defaultdict(set)
    bodies: dict[str, set[str]] = defaultdict(set)
    calls: dict[str, set[str]] = defaultdict(set)
    for call, key, body in ledger.seen:
        keys[call].add(key)
        bodies[call].add(body)
        calls[key].add(call)
    told_keys = {told.call: told.key for told in history}
    found = [f"call {call}: {len(values)} keys" for call, values in keys.items() if len(values) > 1]
    found += [f"call {call}: {len(values)} bodies" for call, values in bodies.items() if len(values) > 1]
    found += [f"key {key}: {len(values)} calls" for key, values in calls.items() if len(values) > 1]
    found += [f"call {call}: another key than it told" for call, values in keys.items() if values - {told_keys[call]}]
    return found
