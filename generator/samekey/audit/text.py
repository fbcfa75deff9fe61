"""An audit in words, for a terminal: short, however large the document is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from samekey_templates.runtime.safety import Evidence

from samekey.audit.groups import RuleGroup, grouped
from samekey.audit.model import RANK, RepeatVerdict
from samekey.document.diagnostics import Severity, escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samekey.audit.model import Audit, AuditFinding, Comparison

_SHOWN: Final = 3


class TextLine(Struct, frozen=True):
    """A line for a terminal; its severity gives it a colour."""

    text: str
    severity: Severity | None = None
    is_headline: bool = False


def text_lines(audit: Audit) -> Iterator[TextLine]:
    """Yield the lines of a report: the verdict, what was found by rule, and what has changed."""
    worst = Severity.ERROR if audit.verdict is RepeatVerdict.NOT_SAFE else None
    yield TextLine(escaped(f"{audit.title} {audit.api_version}".strip()), is_headline=True)
    yield TextLine(audit.sentence, worst, is_headline=True)
    counts = [f"{entry.operations} {entry.verdict}" for entry in audit.counts if entry.operations]
    if counts:
        yield TextLine(", ".join(counts))
    vouched = Counter(row.evidence for row in audit.operations if row.evidence is not None)
    if vouched:
        yield TextLine("keys: " + ", ".join(f"{vouched[who]} {who}" for who in Evidence if vouched[who]))
    for group in grouped(audit.findings):
        yield TextLine("")
        yield from _group(group)
    if audit.ignored:
        yield TextLine("")
        yield TextLine(f"{_counted(len(audit.ignored), 'finding')} left out by the config")
    if audit.comparison is not None:
        yield TextLine("")
        yield from _changes(audit.comparison)


def _group(group: RuleGroup) -> Iterator[TextLine]:
    rule = group.rule
    yield TextLine(f"{rule.severity}: {rule.title} [{rule.id}]", rule.severity, is_headline=True)
    messages = {finding.message for finding in group.findings}
    shared = messages.pop() if len(messages) == 1 else ""
    yield TextLine(escaped(f"  {group.counted}: {shared}" if shared else f"  {group.counted}:"))
    for finding in group.findings[:_SHOWN]:
        yield TextLine(escaped(f"    {_place(finding, with_message=not shared)}"))
    if len(group.findings) > _SHOWN:
        yield TextLine(f"    and {len(group.findings) - _SHOWN} more")
    yield TextLine(f"  help: {rule.mend} See {rule.link}")


def _place(finding: AuditFinding, *, with_message: bool) -> str:
    spot = finding.spot
    about = ": ".join(part for part in (finding.subject, finding.message if with_message else "") if part)
    return f"{spot.file}:{spot.line}:{spot.column} {about}".rstrip()


def _changes(comparison: Comparison) -> Iterator[TextLine]:
    worse = [change for change in comparison.verdicts if not change.is_better]
    better = [change for change in comparison.verdicts if change.is_better]
    old = escaped(comparison.old)
    yield TextLine(
        f"since {old}: {_counted(len(comparison.worse), 'new finding')}, {len(comparison.better)} gone; "
        f"{_counted(len(comparison.added), 'new operation')}, {len(comparison.removed)} removed",
        is_headline=True,
    )
    for words, severity, changes in (("worse", Severity.WARNING, worse), ("better", None, better)):
        for change in sorted(changes, key=lambda change: RANK[change.before]):
            yield TextLine(escaped(f"  {words}: {change.operation} was {change.before}, is {change.after}"), severity)
    yield from _listed("new", comparison.worse)
    yield from _listed("gone", comparison.better)


def _listed(word: str, findings: Sequence[AuditFinding]) -> Iterator[TextLine]:
    for group in grouped(findings):
        some = ", ".join(finding.subject or "the whole API" for finding in group.findings[:_SHOWN])
        more = len(group.findings) - _SHOWN
        rest = f" and {more} more" if more > 0 else ""
        yield TextLine(escaped(f"  {word}: {group.rule.id}: {some}{rest}"))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
