"""Whether a week was as it has to be."""

from __future__ import annotations

from collections.abc import Iterator

from samekey.diff import ChangeKind

from tests.week.session import FIRST, OWN_LINE, OWN_WORDS, Told


def problems(told: Told) -> Iterator[str]:
    """What was not as it has to be, in words; nothing where all was."""
    yield from _of_report(told)
    yield from _of_types(told)
    yield from _of_runs(told)
    if (told.versions[0], told.versions[1]) != (FIRST, told.report["needed"]):
        yield f"what was installed is {told.versions}"
    yield from (f"the changelog has lost {words!r}" for words in (OWN_LINE, OWN_WORDS) if words not in told.changelog)


def _of_report(told: Told) -> Iterator[str]:
    """Each change that the owner made is told as what it is."""
    found = {(change["kind"], change["subject"]) for change in told.report["changes"]}
    for change in told.expected:
        kinds = {kind for kind, subject in found if not change.subject or _is_about(subject, change.subject)}
        if change.kind not in kinds:
            yield f"not told: {change.about}"
    if told.report["needed"] != "2.0.0":
        yield f"after {FIRST} comes {told.report['needed']}, it says"


def _is_about(subject: str, expected: str) -> bool:
    return subject == expected or subject.startswith(f"{expected}.")


def _of_types(told: Told) -> Iterator[str]:
    """The program fits the first SDK, and fits the second one but at the lines that the report names."""
    if told.refused[0]:
        yield f"the first SDK is used wrongly at lines {sorted(told.refused[0])}"
    if told.refused[1] != told.expected_lines:
        yield f"refused are lines {sorted(told.refused[1])}, and the report says {sorted(told.expected_lines)}"


def _of_runs(told: Told) -> Iterator[str]:
    """Each function ends as it did, but those with a line that the report names: they end there."""
    before, after = told.ended
    broken = {told.program.function_at(line): line for line in told.expected_lines}
    if len(broken) < 2:
        yield f"no more than {broken} was to break"
    for name in told.program.functions.values():
        expected = (broken[name], "AttributeError") if name in broken else before.failures.get(name)
        if after.failures.get(name) != expected:
            yield f"{name} ended in {after.failures.get(name)}, expected was {expected}"
    [warning] = (f"{one.subject} is deprecated" for one in told.expected if one.kind is ChangeKind.CALL_DEPRECATED)
    if warning not in after.warnings or warning in before.warnings:
        yield "users are not told of the deprecated call when they make it"
