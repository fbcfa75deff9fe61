"""The tables of modules in the docs are made from the modules' first lines; `python -m tests.test_docs` writes them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.test_architecture import FLOW

ROOT = Path(__file__).parent.parent
DESIGN = ROOT / "docs" / "architecture.md"
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


STYLE = """
    text { font: 14px system-ui, sans-serif; fill: #1f2328 }
    .small { font-size: 12px; fill: #59636e }
    rect { fill: #f6f8fa; stroke: #8c959f }
    path { stroke: #8c959f; stroke-width: 1.5; fill: none }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .small { fill: #9198a1 }
      rect { fill: #151b23; stroke: #656c76 }
      path { stroke: #656c76 }
    }"""
MAIN = (("document", "Document"), ("lower", "Api"), ("names", "Names"), ("emit", "files"), ("output", ""))
"""The rooms that a document goes through, and what each hands on."""
ABOVE = (("config", "lower"), ("ir", "names"), ("pipeline", "emit"))
"""Rooms that others need, each above one of those that do."""
BELOW = (("sandbox", "lower"), ("verify", "names"), ("prove", "emit"), ("cli", "output"))


def flow_picture() -> str:
    """The rooms of the generator and the way of a document through them, as an SVG."""
    places = {room: 20 + 165 * number for number, (room, _) in enumerate(MAIN)}
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 250" role="img" aria-label="The rooms of samekey">',
        f"  <style>{STYLE}\n  </style>",
    ]
    for room, handed in MAIN:
        x = places[room]
        lines += box(room, x, 100)
        if handed:
            lines.append(f'  <path d="M{x + 100} 120h59m-6 -5l6 5l-6 5"/>')
            lines.append(f'  <text class="small" x="{x + 131}" y="111" text-anchor="middle">{handed}</text>')
    lines += [line for room, under in ABOVE for line in box(room, places[under], 30)]
    lines += [line for room, above in BELOW for line in box(room, places[above], 180)]
    lines.append('  <text class="small" x="20" y="205">with a server:</text>')
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def box(room: str, x: int, y: int) -> list[str]:
    """A room, drawn."""
    name = f"{room}.py" if room == "pipeline" else f"{room}/"
    return [
        f'  <rect x="{x}" y="{y}" width="100" height="40" rx="6"/>',
        f'  <text x="{x + 50}" y="{y + 25}" text-anchor="middle">{name}</text>',
    ]


def test_the_picture_of_the_flow_is_up_to_date() -> None:
    """It shows rooms that are there, in the order in which they may import each other."""
    assert (DESIGN.parent / "flow.svg").read_text("utf-8") == flow_picture(), "run python -m tests.test_docs"
    order = [FLOW.index(room) for room, _ in MAIN]
    assert order == sorted(order)
    assert {room for room, _ in (*MAIN, *ABOVE, *BELOW)} <= set(FLOW)


def test_decisions_are_numbered_and_listed() -> None:
    """Each decision is a page with its number, and stands in the list."""
    pages = sorted((DESIGN.parent / "decisions").glob("*.md"))
    text = DESIGN.read_text("utf-8")
    for number, page in enumerate(pages, 1):
        assert page.name.startswith(f"{number:04}-")
        assert page.read_text("utf-8").startswith(f"# {number}. ")
        assert f"| [{number}](decisions/{page.name}) | " in text


if __name__ == "__main__":
    (DESIGN.parent / "flow.svg").write_text(flow_picture(), "utf-8")
    DESIGN.write_text(with_table(DESIGN.read_text("utf-8")), "utf-8")
