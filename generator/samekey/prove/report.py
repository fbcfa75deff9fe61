"""The verdict of a proof, as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from samekey_templates.runtime.declare import table

from samekey.prove.history import Certainty
from samekey.prove.promises import Promise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from samekey.prove.proof import Proof
    from samekey.prove.verdict import Case, ProofResult

_BROKEN: Final = table(
    Promise,
    {
        Promise.ONCE: ("duplicates", "calls that had more than one effect"),
        Promise.CERTAINTY: ("lies", "calls whose callers were told what is not so"),
        Promise.ANSWERS: ("answers", "calls whose answer was another's, or is not true of what is there"),
        Promise.SAMENESS: ("sameness", "calls whose key or bytes were not as they must be"),
        Promise.LIMITS: ("limits", "calls that passed a limit"),
        Promise.LIVENESS: ("given up", "calls that were given up although they were to be sent again"),
    },
)
_MOST_UNTRIED: Final = 3
Label = TypeVar("Label", bound=str)


def report(proof: Proof) -> Iterable[str]:
    """Yield a proof in lines of text, the verdict last."""
    repertoire, verdict = proof.repertoire, proof.verdict
    others = len(repertoire.reads) + len(repertoire.replacements)
    servers = f"{proof.processes} servers" if proof.processes > 1 else "one server"
    yield f"{proof.title}: {len(repertoire.keyed)} keyed operations and {others} others"
    for name, reason in repertoire.untried[:_MOST_UNTRIED]:
        yield f"  not called: {name}, since {reason}"
    if len(repertoire.untried) > _MOST_UNTRIED:
        yield f"  not called: {len(repertoire.untried) - _MOST_UNTRIED} more"
    if proof.assumed:
        yield (
            f"  assumed     {len(proof.assumed)} of the {len(repertoire.keyed)} keyed operations rest on what the "
            f"document does not promise ({_some(proof.assumed)}): the sandbox honours their keys, the API may not"
        )
    yield from _figures(verdict)
    if verdict.short_lived:
        yield f"  outlived    {verdict.short_lived} keys of calls more, forgotten by servers while answers were lost"
    yield f"  killed      {proof.kills} times, {servers}; {proof.seconds:.0f} s in all"
    if verdict.unsettled:
        yield f"  no verdict  on {verdict.unsettled} unknown calls: the servers did not say in time what became of them"
    if verdict.case is not None:
        yield from _story(verdict.case, verdict)
    elif verdict.shows_nothing:
        yield f"This run shows nothing: {verdict.shows_nothing}."


def _some(calls: Sequence[str]) -> str:
    return ", ".join(calls[:_MOST_UNTRIED]) + (", …" if len(calls) > _MOST_UNTRIED else "")


def _figures(verdict: ProofResult) -> Iterable[str]:
    certainties = ", ".join(f"{verdict.certainties.get(word.value, 0)} {word}" for word in reversed(Certainty))
    median, slowest = verdict.median * 1000, verdict.slowest * 1000
    yield f"  calls       {verdict.calls}, {verdict.keyed} of them keyed, in {verdict.attempts} requests"
    yield f"  faults      {sum(verdict.faults.values())}; {_counted(verdict.faults)}"
    yield f"  effects     {verdict.effects}; {verdict.replays} requests were answered from memory"
    yield f"  told        {certainties}; {verdict.settled} settled by calling again with the key"
    yield f"  a call      {median:.0f} ms at p50, {slowest:.0f} ms at p99"
    for promise, (name, words) in _BROKEN.items():
        if promise <= Promise.ANSWERS or verdict.broken(promise):
            yield f"  {name:10}  {verdict.broken(promise)} {words}"


def _story(case: Case, verdict: ProofResult) -> Iterable[str]:
    """Yield the shortest history that shows what is broken, and why, in lines of text."""
    yield ""
    yield from (f"  {count:4d} times: {cause}" for cause, count in _sorted(verdict.causes))
    yield "The shortest history that shows it:"
    key = f", key {case.key}" if case.key else ""
    call = f"call {case.violation.call}, {case.operation}{key}: " if case.violation.call is not None else ""
    yield f"  {call}{case.violation.text}"
    yield from (f"  {line}" for line in case.lines)
    if case.why:
        yield f"  why: {case.why}"


def _counted(counts: Mapping[str, int]) -> str:
    """Spell names and counts, the most frequent first; "none" where there are none."""
    return ", ".join(f"{name} {count}" for name, count in _sorted(counts)) or "none"


def _sorted(counts: Mapping[Label, int]) -> list[tuple[Label, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
