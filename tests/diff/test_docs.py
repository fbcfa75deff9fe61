"""docs/changes.md lists every kind of change; `python -m tests.diff.test_docs` writes the list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from samekey.diff import CHANGE_RULES, ChangeSection

PAGE = Path(__file__).parents[2] / "docs" / "changes.md"
BEGIN, END = "<!-- kinds of changes, from samekey/diff/kinds.py -->\n", "<!-- end -->\n"


def rows() -> Iterator[str]:
    """A table for each section, a row for each kind."""
    for section in ChangeSection:
        yield f"\n### {section}\n"
        yield "| kind | what | why |"
        yield "|---|---|---|"
        for kind, rule in CHANGE_RULES.items():
            if rule.section is section:
                yield f"| `{kind}` | {rule.about} | {rule.why.replace('|', chr(92) + '|')} |"


def with_list(text: str) -> str:
    """The page with its list as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    listed = "\n".join([*rows(), "", ""])
    return f"{before}{BEGIN}{listed}{END}{after}"


def test_the_list_is_up_to_date() -> None:
    """Each kind of change stands on the page, with what it means."""
    text = PAGE.read_text("utf-8")
    assert BEGIN in text
    assert text == with_list(text), "run python -m tests.diff.test_docs"


if __name__ == "__main__":
    PAGE.write_text(with_list(PAGE.read_text("utf-8")), "utf-8")
