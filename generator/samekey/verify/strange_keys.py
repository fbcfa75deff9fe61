"""Checks of requests whose key is missing, is none, or is nearly another one, and of other methods."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from samekey.config.dialect import Carrier
from samekey.verify.calls import ProbeAnswer
from samekey.verify.findings import Check, Finding, Honours, Longest, UnjudgedError, Verdict
from samekey.verify.probes import answered, carried_out, spoken

if TYPE_CHECKING:
    from samekey.verify.probes import Bench
    from samekey.verify.requests import ProbeRequest

_OVERSIZED = 1000
_LENGTHS: Final = (255, 128, 64, 50, 45, 40)


def no_key(bench: Bench) -> Finding:
    """Send a request without a key, and judge the response."""
    answer = answered(bench.caller.settle(bench.request.bearing()))
    if answer.succeeded:
        if bench.needs_key:
            why = f"a request without a key was carried out ({answer.status}), though the document requires one"
            return Finding(Check.NO_KEY, Verdict.OTHERWISE, why)
        return Finding(Check.NO_KEY, Verdict.OK, "a request without a key was carried out: keys are optional")
    if answer.refused:
        note = "" if bench.needs_key else "; the document does not say that keys are required"
        verdict = Verdict.OK if bench.needs_key else Verdict.OTHERWISE
        return Finding(Check.NO_KEY, verdict, f"a request without a key was refused with {spoken(answer)}{note}")
    return Finding(Check.NO_KEY, Verdict.OTHERWISE, f"a request without a key was answered {answer.status}")


def empty_key(bench: Bench) -> Finding:
    """Send a request with an empty key twice, and judge the responses."""
    sending = bench.request.bearing("")
    before = bench.oracle.mark()
    first = answered(bench.caller.settle(sending))
    if first.refused:
        return Finding(Check.EMPTY_KEY, Verdict.OK, f"an empty key was refused with {spoken(first)}")
    again = answered(bench.caller.settle(sending))
    if not (first.succeeded and again.succeeded):
        worse = again if first.succeeded else first
        return Finding(Check.EMPTY_KEY, Verdict.OTHERWISE, f"an empty key was answered {spoken(worse)}")
    if bench.oracle.since(before, [first, again]).count > 1:
        why = "an empty key was taken for none: each request is carried out"
    else:
        why = "an empty key was taken for a key, which all clients with that mistake share"
    return Finding(Check.EMPTY_KEY, Verdict.OTHERWISE, why)


def malformed_key(bench: Bench) -> Finding:
    """Send a key that is no ASCII text and, where they can be had at all, two keys in one request."""
    tries = {"a key with letters beyond ASCII": bench.request.bearing(f"{bench.key()[:-1]}é")}
    if bench.request.profile.carrier is not Carrier.BODY:
        tries["two keys in one request"] = bench.request.bearing(bench.key(), bench.key())
    answers = {what: answered(bench.caller.settle(sending)) for what, sending in tries.items()}
    why = "; ".join(
        f"{what}: {'refused with' if answer.refused else 'answered'} {spoken(answer)}"
        for what, answer in answers.items()
    )
    refused = all(answer.refused for answer in answers.values())
    return Finding(Check.MALFORMED_KEY, Verdict.OK if refused else Verdict.OTHERWISE, why)


def long_key(bench: Bench) -> Finding:
    """Send two keys of 1000 characters that differ in the last; if they are refused, find the longest that is not."""
    start = (uuid.uuid4().hex * _OVERSIZED)[: _OVERSIZED - 1]
    before = bench.oracle.mark()
    answers = [answered(bench.caller.settle(bench.request.bearing(start + end))) for end in "01"]
    if all(answer.succeeded for answer in answers):
        if bench.oracle.since(before, answers).count > 1:
            why = f"keys of {_OVERSIZED} characters are taken whole: two that differ in the last are two"
            return Finding(Check.LONG_KEY, Verdict.OK, why)
        why = f"two keys of {_OVERSIZED} characters that differ in the last were taken for one: the second was not done"
        return Finding(Check.LONG_KEY, Verdict.BROKEN, why)
    if answers[0].succeeded:
        why = f"of two keys of {_OVERSIZED} characters that differ in the last, the second was answered"
        return Finding(Check.LONG_KEY, Verdict.BROKEN, f"{why} {spoken(answers[1])}")
    if not answers[0].refused:
        why = f"a key of {_OVERSIZED} characters was answered {spoken(answers[0])}; a refusal would be clearer"
        return Finding(Check.LONG_KEY, Verdict.OTHERWISE, why)
    longest = _longest(bench)
    limit = f"; the longest that was taken has {longest}" if longest else ""
    why = f"a key of {_OVERSIZED} characters was refused with {spoken(answers[0])}{limit}"
    return Finding(Check.LONG_KEY, Verdict.OK, why, (Longest(longest),) if 0 < longest < _LENGTHS[0] else ())


def similar_keys(bench: Bench) -> Finding:
    """Send keys that differ in their last letter, and in the case of their letters, and count the effects."""
    key = bench.key()
    alike = key[:-1] + min(set(bench.key()) - {key[-1], "-"})
    before = bench.oracle.mark()
    first, second = [answered(bench.caller.settle(bench.request.bearing(spelled))) for spelled in (key, alike)]
    effects = bench.oracle.since(before, [carried_out(first), second])
    if not second.succeeded or effects.count < 2:  # noqa: PLR2004  # one for each key
        why = f"of two keys that differ in their last letter, the second was answered {spoken(second)}"
        seen = f"{effects.count} effect{'' if effects.count == 1 else 's'} under 2 keys"
        return Finding(Check.SIMILAR_KEYS, Verdict.BROKEN, f"{why}: {seen}")
    return _in_either_case(bench)


def _in_either_case(bench: Bench) -> Finding:
    upper = f"{bench.key()[:-1]}a".upper()
    lower = upper.lower()
    before = bench.oracle.mark()
    pair = [bench.caller.settle(bench.request.bearing(spelled)) for spelled in (lower, upper)]
    if not all(isinstance(outcome, ProbeAnswer) and outcome.succeeded for outcome in pair):
        # A format of keys may know one case only.
        return Finding(Check.SIMILAR_KEYS, Verdict.OK, "keys that differ in their last letter are two")
    if bench.oracle.since(before, pair).count < len(pair):
        why = "keys that differ in the case of their letters are one: do not use keys with letters in both cases"
        return Finding(Check.SIMILAR_KEYS, Verdict.OTHERWISE, why)
    return Finding(Check.SIMILAR_KEYS, Verdict.OK, "keys that differ in their last letter, or in case, are two")


def other_methods(bench: Bench) -> Finding:
    """Find which operations on what was made honour keys, told by the marker of stored responses."""
    if not bench.marker:
        raise UnjudgedError("stored answers bear no mark, so nothing tells whether keys are looked at")
    made = answered(bench.caller.settle(bench.request.bearing(bench.key())))
    requests = bench.items(made)
    if not requests:
        raise UnjudgedError("the document has no PATCH, PUT or DELETE for what this operation makes")
    seen = [(request.site, *_honours(bench, request)) for request in requests]
    why = "; ".join(f"{site.name} ({site.method}) {found}" for site, found, _ in seen)
    facts = tuple(Honours(site.place, honoured) for site, _, honoured in seen if honoured is not None)
    promised = {site.place for site, _, _ in seen if site.keyed}
    disappointed = any(fact.target in promised and not fact.honoured for fact in facts)
    return Finding(Check.OTHER_METHODS, Verdict.OTHERWISE if disappointed else Verdict.OK, why, facts)


def _longest(bench: Bench) -> int:
    """Find the longest of some usual lengths that a key may have; 0 where none is taken."""
    keys = [*(_of_length(length) for length in _LENGTHS), str(uuid.uuid4())]
    for key in keys:
        if answered(bench.caller.settle(bench.request.bearing(key))).succeeded:
            return len(key)
    return 0


def _of_length(length: int) -> str:
    return (uuid.uuid4().hex * length)[:length]


def _honours(bench: Bench, request: ProbeRequest) -> tuple[str, bool | None]:
    """Return what is told of a method, and whether keys are honoured on it; None where that cannot be said."""
    sending = request.bearing(bench.key())
    first: ProbeAnswer = answered(bench.caller.settle(sending))
    if not first.succeeded:
        return f"was answered {spoken(first)}", None
    again = answered(bench.caller.settle(sending))
    if bench.is_replay(again):
        return "honours keys", True
    return f"does not look at them: the same again was answered {spoken(again)} without a mark", False
