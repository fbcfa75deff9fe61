"""docs/audit-rules.md and docs/audit.schema.json are made from the source; `python -m tests.audit.test_docs` writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from samekey.audit.json_report import json_schema
from samekey.audit.rules import PAGE, RULES, AuditRule

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "docs" / "audit.schema.json"
HEAD = """\
# The rules of `samekey audit`

What each rule finds, why that matters to somebody whose answer was lost, who says so, and how it is mended. How a document is
judged, and how a finding is left out: [audit.md](audit.md). An **error** is what hurts as soon as an answer is lost, a **warning** what can
be done twice or be misunderstood, a **note** what is merely not said.

This page is made from the rules themselves.

"""


def page() -> str:
    """The page of all rules."""
    return HEAD + "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "| rule | is a | it finds that |"
    yield "|---|---|---|"
    for rule in RULES.values():
        yield f"| [`{rule.id}`](#{rule.id}) | {rule.severity} | {rule.title} |"
    for rule in RULES.values():
        yield from _part(rule)


def _part(rule: AuditRule) -> Iterator[str]:
    yield ""
    yield f"## {rule.id}"
    yield ""
    yield f"**{rule.severity}: {rule.title}.**"
    yield ""
    yield rule.reason
    yield ""
    yield f"Mend: {rule.mend}"
    yield ""
    yield from (f"    {line}" for line in rule.example.splitlines())
    yield ""
    if rule.disputed:
        yield f"Open: {rule.disputed}"
        yield ""
    yield f"Source: {rule.source}."


def schema_text() -> str:
    """The schema of the JSON report."""
    return json.dumps(json_schema(), indent=2) + "\n"


def test_the_page_of_rules_is_up_to_date() -> None:
    """Each rule has a heading, at which its link points."""
    text = (ROOT / PAGE).read_text("utf-8")
    assert text == page() + "\n", "run python -m tests.audit.test_docs"
    assert all(f"\n## {rule.link.partition('#')[2]}\n" in text for rule in RULES.values())


def test_the_schema_is_up_to_date() -> None:
    """It says what every field means."""
    assert SCHEMA.read_text("utf-8") == schema_text(), "run python -m tests.audit.test_docs"


def test_the_example_of_the_page_is_what_is_printed() -> None:
    """The first lines of a golden."""
    text = (ROOT / "docs" / "audit.md").read_text("utf-8")
    shown = text.partition("--report audit.html\n")[2].partition("…\n")[0]
    assert shown.count("\n") > 5
    assert (Path(__file__).parent / "golden" / "depot.txt").read_text("utf-8").startswith(shown)


if __name__ == "__main__":
    (ROOT / PAGE).write_text(page() + "\n", "utf-8")
    SCHEMA.write_text(schema_text(), "utf-8")
