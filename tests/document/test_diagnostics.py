"""Findings: each counted once, shown with the lines they are about, and safe to print."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samekey.document.diagnostics import (
    Diagnostic,
    Diagnostics,
    Place,
    Position,
    Severity,
    escaped,
    excerpt,
    in_full,
    location,
)
from samekey.document.source import SourceText

REPEATABLE = settings(database=None, deadline=None, derandomize=True)
HOSTILE = "\x1b]0;title\x07\x1b[31m\x00\r\x85\x9b\u202e\u2066\u200b\ufeff\ud800\uffff"
"""Terminal escapes, controls, bidirectional marks, invisible signs, half a surrogate pair and a non-character."""

EXPLAINED = """\
error: c and last clash [clash]
  --> api.yaml:3:3
  2 | b:
  3 |   c: 2
    |   ^
  4 |   d: 3
  first: api.yaml:11:1
  10 | x: y
  11 | last: 9
     | ^
  help: rename one
"""


def place(text: str, line: int, column: int, uri: str = "api.yaml") -> Place:
    """A spot in a text."""
    return Place(SourceText(uri, text), position=Position(line, column))


def shown(text: str, line: int, column: int) -> list[str]:
    """The lines of an excerpt."""
    return excerpt(place(text, line, column)).split("\n")


def test_a_finding_is_explained_with_place_relations_and_hint() -> None:
    """Severity, sentence and code first; then file, line and column; the other end of a conflict; the way out."""
    source = SourceText("api.yaml", "a: 1\nb:\n  c: 2\n  d: 3\n" + "x: y\n" * 6 + "last: 9\n")
    related = (("first", Place(source, "/last")),)
    finding = Diagnostic(Severity.ERROR, "clash", "c and last clash", Place(source, "/b/c"), "rename one", related)
    assert in_full(finding) == EXPLAINED.rstrip("\n")


def test_a_finding_without_a_place_is_one_sentence() -> None:
    """Nothing is made up where there is no place."""
    assert in_full(Diagnostic(Severity.NOTE, "n", "it is so")) == "note: it is so [n]"


@pytest.mark.parametrize(
    ("text", "line", "column", "pointed"),
    [
        ("one\ntwo\nthree", 2, 3, "o"),
        ("one", 1, 1, "o"),
        ("\tkey: é", 1, 7, "é"),
        ("k: " + "y" * 300 + "Z" + "w" * 300, 1, 304, "Z"),
        ("k: " + "y" * 56 + "Z", 1, 60, "Z"),
        ("k: " + "y" * 57 + "Z", 1, 61, "Z"),
        ("k: \u00a0\u202e Z", 1, 7, "Z"),
        ("\x1b[31m Z", 1, 7, "Z"),
    ],
    ids=["middle", "first", "tab", "far", "at-the-cut", "behind-the-cut", "escapes", "controls"],
)
def test_the_caret_stands_under_the_character(text: str, line: int, column: int, pointed: str) -> None:
    """Also behind tabs, in long lines, and behind characters that are shown as escapes."""
    lines = shown(text, line, column)
    index = next(number for number, entry in enumerate(lines) if entry.startswith(f"  {line} | "))
    caret = lines[index + 1].index("^")
    assert lines[index][caret] == pointed
    assert all(len(entry) < 200 for entry in lines)


@pytest.mark.parametrize("text", ["a: [1, 2", "a: [1, 2\n", "a: 1\nb: [\n\n\n", "x"])
def test_the_end_of_the_text_is_shown_too(text: str) -> None:
    """Text that breaks off is an error at its end; there is a line to see, and a caret under it."""
    end = text.count("\n") + 1
    lines = shown(text, end, len(text.rpartition("\n")[2]) + 1)
    assert sum(entry.rstrip().endswith("^") for entry in lines) == 1
    assert any(re.match(r" +\d+ \|", entry) for entry in lines)


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        (Place(SourceText("a", "x: 1"), "/x"), Place(SourceText("a", "x: 1"), "/x"), 1),
        (Place(SourceText("a", "x: 1"), "/x"), Place(SourceText("a", "x: 1"), "/y"), 2),
        (Place(SourceText("a", "x: 1"), "/x"), Place(SourceText("b", "x: 1"), "/x"), 2),
        (place("x\ny", 1, 1), place("x\ny", 1, 1), 1),
        (place("x\ny", 1, 1), place("x\ny", 2, 1), 2),
        (place("x\ny", 1, 1), None, 2),
        (None, None, 1),
    ],
    ids=["same", "pointers", "files", "same-position", "positions", "no-place", "nowhere"],
)
def test_the_same_finding_at_the_same_place_counts_once(first: Place | None, second: Place | None, count: int) -> None:
    """Stages may meet a defect many times; what stands elsewhere is another finding."""
    diagnostics = Diagnostics()
    diagnostics.warning("c", "m", first)
    diagnostics.warning("c", "m", second)
    assert len(diagnostics) == count
    assert len(list(diagnostics)) == count


def test_findings_keep_their_order_and_their_words() -> None:
    """Another code or another sentence is another finding; they come out as they came in."""
    diagnostics = Diagnostics()
    diagnostics.note("c", "one", hint="h")
    diagnostics.warning("c", "two")
    diagnostics.error("d", "one")
    diagnostics.note("c", "one", hint="another hint")
    assert [(entry.severity.value, entry.code, entry.message, entry.hint) for entry in diagnostics] == [
        ("note", "c", "one", "h"),
        ("warning", "c", "two", ""),
        ("error", "d", "one", ""),
    ]


def test_only_errors_are_failures() -> None:
    """Notes and warnings leave the exit status alone."""
    diagnostics = Diagnostics()
    diagnostics.note("c", "n")
    diagnostics.warning("c", "w")
    assert not diagnostics.failed
    diagnostics.error("c", "e")
    assert diagnostics.failed


def test_lines_and_columns_are_computed_only_when_printed() -> None:
    """Collecting a finding costs nothing: a document of megabytes is not parsed again for warnings nobody reads."""

    class Unread:
        uri = "a"
        lines = ("x",)
        context = 1

        def position(self, pointer: str) -> Position:
            """Nobody may ask yet."""
            raise AssertionError(pointer)

    diagnostics = Diagnostics()
    diagnostics.error("c", "m", Place(Unread(), "/x"))
    with pytest.raises(AssertionError, match="/x"):
        in_full(next(iter(diagnostics)))


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain é 日本 😀\ttab", "plain é 日本 😀\ttab"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\r\0", "a\\nb\\r\\x00"),
        ("\u202ex\u2066", "\\u202ex\\u2066"),
        ("\x9b\u2028\ud800\uffff\U000e0001", "\\x9b\\u2028\\ud800\\uffff\\U000e0001"),
    ],
)
def test_controls_are_shown_as_escapes(text: str, safe: str) -> None:
    """Text of a document can neither move the cursor, nor colour, nor reverse what is read."""
    assert escaped(text) == safe


TEXTS = st.text(st.characters() | st.sampled_from(HOSTILE), max_size=40)


@REPEATABLE
@given(TEXTS, TEXTS, TEXTS, TEXTS, st.integers(1, 6), st.integers(1, 60))
def test_nothing_of_a_document_reaches_the_terminal_raw(
    message: str, hint: str, uri: str, text: str, line: int, column: int
) -> None:
    """Message, hint, file name and excerpt are printable lines, whatever the document says."""
    there = place(f"{HOSTILE}\n{text}", line, column, uri)
    finding = Diagnostic(Severity.WARNING, "c", message, there, hint, (("first", there),))
    for entry in in_full(finding).split("\n"):
        assert all(c.isprintable() or c == "\t" for c in entry)
    assert re.fullmatch(r".*:\d+:\d+", location(there))
    in_full(finding).encode("utf-8")
