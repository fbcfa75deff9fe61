"""The tables of modules in the docs are made from the modules' first lines; `python -m tests.test_docs` writes them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
DESIGN = ROOT / "docs" / "design.md"
RUNTIME = ROOT / "templates" / "samekey_templates" / "runtime"
BEGIN, END = "<!-- modules of the runtime, from their first lines -->\n", "<!-- end -->\n"


def first_line(path: Path) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]


def rows() -> Iterator[str]:
    """A row for each room and module of the runtime, the modules of the root first."""
    paths = sorted(path for path in RUNTIME.rglob("[a-z]*.py") if first_line(path))
    rooms = [path for path in RUNTIME.rglob("__init__.py") if path.parent != RUNTIME]
    for path in sorted([*paths, *rooms], key=lambda path: (len(path.relative_to(RUNTIME).parts) > 1, path.as_posix())):
        name = path.relative_to(RUNTIME).as_posix().removesuffix("__init__.py")
        text = first_line(path).replace("|", "\\|")
        yield f"| **`{name}`** | **{text}** |" if name.endswith("/") else f"| `{name}` | {text} |"


def with_table(text: str) -> str:
    """A page with its table as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = "\n".join(["", "| module | about |", "|---|---|", *rows(), "", ""])
    return f"{before}{BEGIN}{table}{END}{after}"


def test_the_table_of_the_runtime_is_up_to_date() -> None:
    """A module that is new, moved or otherwise told stands in the table as it is."""
    text = DESIGN.read_text("utf-8")
    assert BEGIN in text
    assert text == with_table(text), "run python -m tests.test_docs"


def test_the_places_where_changes_go_exist() -> None:
    """Every path of the table is a file or a folder."""
    text = DESIGN.read_text("utf-8")
    table = text[text.index("| what changes | where |") : text.index("## Decisions")]
    places = re.findall(r"`([a-z_/]+(?:/|\.py|\.jinja|\.md))`", table)
    assert len(places) > 20
    roots = {"runtime": RUNTIME.parent, "client": RUNTIME.parent, "docs": ROOT}
    for place in places:
        assert (roots.get(place.split("/")[0], ROOT / "generator" / "samekey") / place).exists(), place


if __name__ == "__main__":
    DESIGN.write_text(with_table(DESIGN.read_text("utf-8")), "utf-8")
