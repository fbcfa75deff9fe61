"""The entry of a changelog: brought up to date, with every word of the owner kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from samekey.diff import ChangeKind, ChangeReport, SdkChange
from samekey.diff.changelog import with_entry
from samekey.diff.versions import VersionBump

GONE = SdkChange(ChangeKind.CALL_REMOVED, "orders.get", "is gone")
NEW = SdkChange(ChangeKind.CALL_ADDED, "orders.ship", "is new")
WIDER = SdkChange(ChangeKind.ARGUMENT_WIDENED, "orders.list", "takes `int | None` (was `int`) for `limit`")


def report(*changes: SdkChange, before: str = "1.0.0", after: str = "2.0.0") -> ChangeReport:
    """A report of some changes."""
    bump = VersionBump.MAJOR if any(change.breaks for change in changes) else VersionBump.NONE
    return ChangeReport("Shop", before, after, bump, "2.0.0", changes)


def shown(text: str) -> list[str]:
    """The lines that are not empty, without their comments."""
    return [line.partition(" <!--")[0] for line in text.splitlines() if line.strip()]


def test_a_new_changelog_has_an_entry() -> None:
    """Sections come in their order, and only those that say something."""
    assert shown(with_entry("", report(GONE, NEW))) == [
        "# Changelog", "## 2.0.0", "### Breaking", "- `orders.get` is gone", "### Added", "- `orders.ship` is new",
    ]  # fmt: skip


def test_a_second_run_changes_nothing() -> None:
    """The same changes are the same text."""
    once = with_entry("", report(GONE, NEW))
    assert with_entry(once, report(GONE, NEW)) == once


def test_lines_come_and_go() -> None:
    """What is no longer true goes with its heading, and what is new stands in its section."""
    once = with_entry("", report(GONE, NEW))
    assert shown(with_entry(once, report(NEW, WIDER))) == [
        "# Changelog", "## 2.0.0", "### Added", "- `orders.ship` is new", "### Changed", f"- {WIDER.sentence}",
    ]  # fmt: skip


def test_the_owners_words_stay() -> None:
    """Prose, lines of their own, and a line of samekey's in other words stay where they are."""
    once = with_entry("", report(GONE, NEW))
    theirs = once.replace("- `orders.get` is gone", "- Use `orders.fetch`, orders.get is no more")
    theirs = theirs.replace("## 2.0.0\n", "## 2.0.0\n\nA great release.\n") + "- and faster\n"
    again = with_entry(theirs, report(GONE, NEW, WIDER))
    assert shown(again) == [
        "# Changelog", "## 2.0.0", "A great release.", "### Breaking", "- Use `orders.fetch`, orders.get is no more",
        "### Added", "- `orders.ship` is new", "- and faster", "### Changed", f"- {WIDER.sentence}",
    ]  # fmt: skip
    assert "Use `orders.fetch`" in with_entry(again, report(NEW))


def test_a_change_that_is_left_out_stays_left_out() -> None:
    """A line without words, of which the comment is left, is not written again."""
    once = with_entry("", report(GONE))
    emptied = once.replace("- `orders.get` is gone ", "- ")
    assert with_entry(emptied, report(GONE)) == emptied


def test_earlier_entries_are_not_touched() -> None:
    """A new entry stands before the earlier ones, whatever is in them."""
    old = "# History\n\nWords.\n\n## [1.0.0] - 2026-01-01\n\n### Added\n\n- all\n"
    new = with_entry(old, report(GONE))
    assert new.startswith("# History\n\nWords.\n\n## 2.0.0\n\n### Breaking\n")
    assert new.endswith(old.partition("Words.\n\n")[2])


def test_unreleased_is_taken() -> None:
    """What stands under Unreleased is the next release; without a version of its own an entry is called that."""
    text = with_entry("# Changelog\n\n## [Unreleased]\n\n- ours\n\n## 1.0.0\n", report(GONE))
    assert shown(text) == [
        "# Changelog",
        "## [Unreleased]",
        "- ours",
        "### Breaking",
        "- `orders.get` is gone",
        "## 1.0.0",
    ]
    assert "## Unreleased\n" in with_entry("", report(GONE, after="1.0.0"))


def test_headings_in_code_are_none() -> None:
    """A block of code may show a changelog."""
    text = "# Changelog\n\n```\n## 2.0.0\n```\n\n## 1.0.0\n"
    assert "```\n## 2.0.0\n```\n\n## 2.0.0\n\n### Breaking" in with_entry(text, report(GONE))


def test_line_ends_stay() -> None:
    """A file of Windows stays one."""
    text = with_entry("# Changelog\r\n\r\n## 1.0.0\r\n", report(GONE))
    assert text.count("\r\n") == text.count("\n")


def test_nothing_is_written_where_nothing_changed() -> None:
    """An empty report makes no entry."""
    assert with_entry("", report()) == ""
    assert with_entry("words", report()) == "words"


LINES = st.sampled_from(
    ["", "words", "# Changelog", "## 1.0.0", "## 2.0.0", "### Breaking", "### Added", "- ours", "```"]
)
CHANGES = st.lists(st.sampled_from([GONE, NEW, WIDER]), unique=True)


@given(st.lists(LINES), CHANGES, CHANGES)
def test_no_line_of_the_owner_is_lost(lines: list[str], first: list[SdkChange], second: list[SdkChange]) -> None:
    """Whatever stands in a file: its lines stay in their order through two runs, but for empty headings of samekey."""
    ours = {"", "### Breaking", "### Added", "# Changelog"}
    text = "".join(f"{line}\n" for line in lines)
    after = with_entry(with_entry(text, report(*first)), report(*second))
    kept = [line for line in after.splitlines() if line in {"words", "- ours", "```", "## 1.0.0"}]
    assert kept == [line for line in lines if line not in ours and line != "## 2.0.0"]
    assert with_entry(after, report(*second)) == after
