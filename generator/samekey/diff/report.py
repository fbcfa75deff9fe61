"""What has changed between two SDKs, as a report: data, and its text, Markdown and JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from samekey.diff.annotations import Annotations
from samekey.diff.calls import changes_of_calls
from samekey.diff.client import changes_of_client
from samekey.diff.kinds import CHANGE_RULES, ChangeKind, ChangeSection, SdkChange
from samekey.diff.matching import renamed_types
from samekey.diff.models import changes_of_types
from samekey.diff.versions import VersionBump, bump_of, is_enough, next_version
from samekey.document.diagnostics import escaped
from samekey.emit.code import prose, single_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samekey.diff.surface import Surface

REPORT_VERSION: Final = 1
_TITLE_WIDTH: Final = 100


class ChangeReport(Struct, frozen=True):
    """What has changed for users of an SDK.

    Args:
        title: the title of the API.
        before: the version of the old SDK.
        after: the version of the new one.
        bump: how much of the version has to rise, from 1.0 on.
        needed: the lowest version that may follow the old one; None where that is a date, or no version.
        changes: by section, calls before types.
    """

    title: str
    before: str
    after: str
    bump: VersionBump
    needed: str | None
    changes: tuple[SdkChange, ...]

    @property
    def breaking(self) -> int:
        """How many changes break programs."""
        return sum(change.breaks for change in self.changes)

    @property
    def is_high_enough(self) -> bool:
        """Whether the new version says what has changed; dates say no more than that something has."""
        if self.bump is VersionBump.NONE:
            return True
        return self.after != self.before if self.needed is None else is_enough(self.after, self.needed)

    def within(self, section: ChangeSection) -> tuple[SdkChange, ...]:
        """Return the changes of a section."""
        return tuple(change for change in self.changes if change.section is section)


def report_changes(old: Surface, new: Surface) -> ChangeReport:
    """Compare two SDKs as their users see them."""
    renames = renamed_types(old.types, new.types)
    called = {**renames, **{name: known.same for name, known in new.types.items() if known.same}}
    before = Annotations({called.get(name, name): known for name, known in old.types.items()}, called)
    after = Annotations(new.types)
    found = [
        *changes_of_client(old, new, before, after),
        *changes_of_calls(old.calls, new.calls, before, after),
        *changes_of_types(old.types, new.types, before, after),
    ]
    changes = tuple(change for section in ChangeSection for change in found if change.section is section)
    bump = bump_of(changes)
    return ChangeReport(new.title, old.version, new.version, bump, next_version(old.version, bump), changes)


def change_headline(report: ChangeReport) -> str:
    """Return a report in a line: how much has changed, and how much of it breaks."""
    if not report.changes:
        return "nothing has changed for users of the SDK"
    counts = Counter(change.section for change in report.changes)
    words = ", ".join(f"{counts[section]} {section.lower()}" for section in ChangeSection if counts[section])
    return f"for users of the SDK: {words}"


def version_line(report: ChangeReport) -> str:
    """Return what the changes mean for the version; empty where nothing has changed."""
    if report.bump is VersionBump.NONE:
        return ""
    before, after = single_line(report.before), single_line(report.after)
    if report.needed is None:
        return f"after {before}: a {report.bump} change; by a date no version says so"
    line = f"after {before} comes at least {report.needed}"
    if after == before:
        return f"{line}; set the next one"
    return f"{line}; {after} is enough" if is_enough(report.after, report.needed) else f"{line}; {after} is too low"


def report_lines(report: ChangeReport, limit: int | None = None) -> Iterator[tuple[ChangeSection | None, str]]:
    """Yield the lines of a report for a terminal, each with the section that gives it a colour.

    Args:
        report: what has changed.
        limit: how many changes are told, the breaking ones first; None for all.
    """
    yield None, escaped(change_headline(report))
    shown = report.changes[:limit]
    for change in shown:
        yield change.section, escaped(f"  {change.section.lower():<10} {change.sentence}")
    if len(shown) < len(report.changes):
        yield None, f"  and {len(report.changes) - len(shown)} more: `samekey diff` shows all"
    last = version_line(report)
    if last:
        yield None, escaped(last)


def changes_as_markdown(report: ChangeReport) -> str:
    """Write a report as Markdown, for a pull request."""
    lines = [f"# What changes for users of {prose(single_line(report.title, _TITLE_WIDTH))}", ""]
    said = (change_headline(report), prose(version_line(report)))
    lines.append("\n\n".join(f"{line[:1].upper()}{line[1:]}." for line in said if line))
    for section in ChangeSection:
        entries = report.within(section)
        if entries:
            lines += ["", f"## {section}", "", *(f"- {change.sentence}" for change in entries)]
    return "\n".join(lines) + "\n"


class _JsonChange(Struct, frozen=True):
    """A change, with what it means."""

    kind: ChangeKind
    section: ChangeSection
    breaks: bool
    subject: str
    message: str
    why: str


class _JsonReport(Struct, frozen=True):
    """A report for programs."""

    schema_version: int
    title: str
    before: str
    after: str
    bump: VersionBump
    needed: str | None
    breaking: int
    changes: tuple[_JsonChange, ...]


def changes_as_json(report: ChangeReport) -> str:
    """Write a report as JSON, for programs."""
    changes = tuple(
        _JsonChange(one.kind, one.section, one.breaks, one.subject, one.message, CHANGE_RULES[one.kind].why)
        for one in report.changes
    )
    whole = _JsonReport(
        REPORT_VERSION, report.title, report.before, report.after, report.bump, report.needed, report.breaking, changes
    )
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n"
