"""The entry of a release in a CHANGELOG.md: what samekey wrote is kept up to date, what the owner wrote stays."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.diff.kinds import ChangeSection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samekey.diff.report import ChangeReport

_TITLE: Final = "# Changelog"
_UNRELEASED: Final = "Unreleased"
_MARK: Final = re.compile(r"^\s*(?:[-*+] )?(.*?)\s*<!-- samekey ([0-9a-f]{12}) -->\s*$")
_HEADING: Final = re.compile(r"^## +\[?v?([^\]\s(]+)")
_SECTION: Final = re.compile(r"^### +(.+?) *$")
_FENCE: Final = re.compile(r"^ {0,3}(```|~~~)")


class _Entry(Struct, frozen=True):
    """The lines of an entry below its heading: where they begin, and where they end."""

    start: int
    end: int


def with_entry(text: str, report: ChangeReport) -> str:
    """Return a changelog with what has changed in its entry.

    The entry is that of the new version, else the one called Unreleased, else it is made. Lines that samekey wrote end
    in a comment with a digest of their words: a line whose words are still those goes when it is true no more; one that
    the owner has put in other words stays as it is. Nothing else is touched.

    Args:
        text: the changelog; empty for a new one.
        report: what has changed since the version before.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines() if text.strip() else [_TITLE]
    found = _entry(lines, report)
    if found is None:
        if not report.changes:
            return text
        place = next(iter(_headings(lines)), (len(lines), ""))[0]
        name = _UNRELEASED if report.after == report.before else report.after
        before, after = lines[:place], lines[place:]
        gap = [] if not before or not before[-1].strip() else [""]
        made = _updated([], report)
        lines = [*before, *gap, f"## {name}", *made, *([""] if after else []), *after]
    else:
        lines[found.start : found.end] = _updated(lines[found.start : found.end], report)
    return end.join(lines) + end


def _entry(lines: Sequence[str], report: ChangeReport) -> _Entry | None:
    headings = list(_headings(lines))
    names = [name.lower() for _, name in headings]
    wanted = [report.after.lower()] if report.after != report.before else []
    for name in (*wanted, _UNRELEASED.lower()):
        if name in names:
            place = names.index(name)
            start = headings[place][0] + 1
            return _Entry(start, headings[place + 1][0] if place + 1 < len(headings) else len(lines))
    return None


def _headings(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the places of the headings of entries, with what they are called; none in a block of code."""
    fences = [place for place, line in enumerate(lines) if _FENCE.match(line)]
    # A fence without an end is a slip: what stands behind it counts.
    code = [range(start, end) for start, end in zip(fences[::2], fences[1::2], strict=False)]
    for place, line in enumerate(lines):
        heading = _HEADING.match(line)
        if heading is not None and not any(place in block for block in code):
            yield place, heading[1]


def _updated(lines: Sequence[str], report: ChangeReport) -> list[str]:
    """Return the lines of an entry with those of samekey as they have to be now."""
    wanted = {_digest(change.sentence): change for change in report.changes}
    kept: list[str] = []
    present: set[str] = set()
    for line in lines:
        mark = _MARK.match(line)
        if mark is None or mark[2] in wanted or _digest(mark[1]) != mark[2]:
            kept.append(line)
        if mark is not None:
            present.add(mark[2])
    for section in ChangeSection:
        fresh = [
            f"- {change.sentence} <!-- samekey {digest} -->"
            for digest, change in wanted.items()
            if change.section is section and digest not in present
        ]
        if fresh:
            kept = _with_lines(kept, section, fresh)
    return _without_empty(kept)


def _digest(sentence: str) -> str:
    return hashlib.sha256(sentence.encode("utf-8", "replace")).hexdigest()[:12]


def _with_lines(lines: list[str], section: ChangeSection, fresh: list[str]) -> list[str]:
    """Return an entry with more lines at the end of a section, which is made where there is none."""
    sections = [(place, found[1]) for place, line in enumerate(lines) if (found := _SECTION.match(line))]
    names = [name for _, name in sections]
    if section.value not in names:
        body, tail = _parted(lines)
        return [*body, "", f"### {section}", "", *fresh, *tail]
    index = names.index(section.value)
    end = sections[index + 1][0] if index + 1 < len(sections) else len(lines)
    body, tail = _parted(lines[:end])
    gap = [""] if _SECTION.match(body[-1]) else []
    return [*body, *gap, *fresh, *tail, *lines[end:]]


def _parted(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return lines, and the empty ones at their end."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return lines[:end], lines[end:]


def _without_empty(lines: list[str]) -> list[str]:
    """Return an entry without headings of ours that have nothing below them any more."""
    kept: list[str] = []
    for place, line in enumerate(lines):
        found = _SECTION.match(line)
        below = next((other for other in lines[place + 1 :] if other.strip()), "")
        is_empty = not below or _SECTION.match(below) is not None
        if found is not None and found[1] in set(ChangeSection) and is_empty:
            while kept and not kept[-1].strip():
                kept.pop()
        else:
            kept.append(line)
    return kept
