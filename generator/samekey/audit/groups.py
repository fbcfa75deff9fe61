"""Findings grouped by their rule, so that a hundred operations with one fault are one entry of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from samekey.audit.rules import RULES, AuditRule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samekey.audit.model import AuditFinding
    from samekey.config.audit import RuleId


class RuleGroup(Struct, frozen=True):
    """A rule, and everything that it found."""

    rule: AuditRule
    findings: tuple[AuditFinding, ...]

    @property
    def counted(self) -> str:
        """How many things it found, in words."""
        subjects = {finding.subject for finding in self.findings}
        if subjects == {""}:
            return "the whole API"
        noun = "webhook" if all(subject.startswith("webhook ") for subject in subjects) else "operation"
        return f"{len(subjects)} {noun}" if len(subjects) == 1 else f"{len(subjects)} {noun}s"


def grouped(findings: Iterable[AuditFinding]) -> tuple[RuleGroup, ...]:
    """Return findings by their rule, in the order in which the rules first come."""
    found: dict[RuleId, list[AuditFinding]] = {}
    for finding in findings:
        found.setdefault(finding.rule, []).append(finding)
    return tuple(RuleGroup(RULES[rule], tuple(entries)) for rule, entries in found.items())
