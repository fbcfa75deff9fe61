"""What got better or worse between two audits."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from samekey.audit import Audit
from samekey.audit.compare import ReportError, read_report, with_comparison
from samekey.audit.json_report import report_as_json
from samekey.audit.model import Comparison, RepeatVerdict
from samekey.config.audit import RuleId

from tests.audit.documents import KEYED, audited, of, operation

PLAIN = audited(of("/a: {post: {responses: {}}}\n/b: {get: {responses: {}}}\n/c: {post: {responses: {}}}"))
MENDED = audited(
    operation(KEYED, "/a").replace("paths:", "paths:\n  /d: {get: {responses: {}}}\n  /c: {post: {responses: {}}}")
)


def changes(old: Audit, new: Audit) -> Comparison:
    """What is other than before."""
    found = with_comparison(old, new).comparison
    assert found is not None
    return found


def test_what_got_better_and_what_is_new() -> None:
    """A key was added, an operation came and one went; what stayed is not told, and what the key lacks is new."""
    found = changes(PLAIN, MENDED)
    [verdict] = found.verdicts
    assert (verdict.operation, verdict.before, verdict.after) == (
        "POST /a",
        RepeatVerdict.NOT_SAFE,
        RepeatVerdict.WITH_KEY,
    )
    assert verdict.is_better
    assert (found.added, found.removed) == (("GET /d",), ("GET /b",))
    assert [(entry.rule, entry.subject) for entry in found.better] == [(RuleId.NO_KEY, "POST /a")]
    assert [entry.rule for entry in found.worse] == [RuleId.NO_TTL]


def test_the_other_way_round_it_is_worse() -> None:
    """Every better is somebody's worse."""
    forth, back = changes(PLAIN, MENDED), changes(MENDED, PLAIN)
    assert (forth.worse, forth.better) == (back.better, back.worse)
    assert (forth.added, forth.removed) == (back.removed, back.added)
    assert [change.is_better for change in back.verdicts] == [False]


def test_a_line_that_moved_is_no_change() -> None:
    """Findings are compared by rule and operation."""
    moved = replace(
        PLAIN, findings=tuple(replace(entry, spot=replace(entry.spot, line=99)) for entry in PLAIN.findings)
    )
    found = changes(PLAIN, moved)
    assert (found.worse, found.better, found.verdicts) == ((), (), ())


@given(
    st.lists(st.sampled_from(PLAIN.findings + MENDED.findings)),
    st.lists(st.sampled_from(PLAIN.findings + MENDED.findings)),
)
def test_nothing_is_lost_and_nothing_comes_from_nowhere(old: list[object], new: list[object]) -> None:
    """What is new and what is gone are what the one has beyond the other, each as often."""
    before = replace(PLAIN, findings=tuple(old))
    after = replace(PLAIN, findings=tuple(new))
    found = changes(before, after)
    assert len(new) - len(found.worse) == len(old) - len(found.better)
    assert set(found.worse) <= set(new)


def test_a_report_is_as_good_as_the_document() -> None:
    """Written and read again."""
    assert read_report(report_as_json(PLAIN).encode()) == PLAIN
    compared = with_comparison(PLAIN, MENDED)
    assert read_report(report_as_json(compared).encode()) == compared


@pytest.mark.parametrize(
    "data", [b"", b"openapi: 3.0.0", b"{}", b"[1]", b'{"openapi": "3.0.0"}', b'{"schema_version": 1}', b"\xff"]
)
def test_a_document_is_no_report(data: bytes) -> None:
    """Then it is read as a document."""
    assert read_report(data) is None


@pytest.mark.parametrize("changed", [{"schema_version": 99}, {"findings": 7}, {"verdict": "fine"}])
def test_a_report_that_cannot_be_read_says_why(changed: dict[str, object]) -> None:
    """Of another version, or damaged."""
    data = {**json.loads(report_as_json(PLAIN)), **changed}
    with pytest.raises(ReportError, match=r"version 99|cannot be read: "):
        read_report(json.dumps(data).encode())
