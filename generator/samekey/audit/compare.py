"""What got better or worse: an audit beside an earlier one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from samekey.audit.model import SCHEMA_VERSION, Audit, AuditFinding, Comparison, VerdictChange

if TYPE_CHECKING:
    from collections.abc import Iterable


class ReportError(Exception):
    """A text is a report of an audit, and cannot be read; the text says why, for people."""


def with_comparison(old: Audit, new: Audit) -> Audit:
    """Return an audit with what is other than in an earlier one; lines may move, so places are not compared."""
    before = {row.key: row.verdict for row in old.operations}
    after = {row.key: row.verdict for row in new.operations}
    verdicts = tuple(
        VerdictChange(key, before[key], verdict)
        for key, verdict in after.items()
        if key in before and before[key] is not verdict
    )
    comparison = Comparison(
        old=old.document,
        verdicts=verdicts,
        added=tuple(key for key in after if key not in before),
        removed=tuple(key for key in before if key not in after),
        worse=tuple(_beyond(new.findings, old.findings)),
        better=tuple(_beyond(old.findings, new.findings)),
    )
    return replace(new, comparison=comparison)


def read_report(data: bytes) -> Audit | None:
    """Return the audit that a JSON report holds; None where the text is something else, such as a document.

    Raises:
        ReportError: it is a report of another version, or a damaged one.
    """
    try:
        head = msgspec.json.decode(data, type=_Head)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    if head.schema_version is None or not head.tool.startswith("samekey "):
        return None
    if head.schema_version != SCHEMA_VERSION:
        raise ReportError(
            f"the report is of version {head.schema_version}, and this samekey reads version {SCHEMA_VERSION}"
        )
    try:
        return msgspec.json.decode(data, type=Audit)
    except msgspec.ValidationError as error:
        raise ReportError(f"the report cannot be read: {error}") from error


class _Head(msgspec.Struct, frozen=True):
    """What tells a report from a document in JSON."""

    schema_version: int | None = None
    tool: str = ""


def _beyond(found: Iterable[AuditFinding], known: Iterable[AuditFinding]) -> Iterable[AuditFinding]:
    """Yield the findings that are not among the known ones, each as often as it is more."""
    left = Counter(map(_sameness, known))
    for finding in found:
        if left[_sameness(finding)]:
            left[_sameness(finding)] -= 1
        else:
            yield finding


def _sameness(finding: AuditFinding) -> tuple[str, str]:
    """Return what makes a finding the one of before: words and lines may change around it."""
    return finding.rule.value, finding.subject
