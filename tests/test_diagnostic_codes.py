"""docs/diagnostics.md lists every code that a diagnostic can have, with its severity."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SEVERITIES = {"error": "error", "warn": "warning", "warning": "warning", "note": "note", "_refusal": "error"}
CODE = re.compile(r"[a-z]+(-[a-z]+)*")


def reported() -> Iterator[tuple[str, str]]:
    """The codes that the source reports, each with the severity of the call."""
    for path in sorted((ROOT / "generator" / "samekey").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            match call:
                case ast.Call(
                    func=ast.Attribute(attr=name) | ast.Name(id=name), args=[ast.Constant(value=code), _, *_]
                ):
                    if name in SEVERITIES and isinstance(code, str) and CODE.fullmatch(code):
                        yield code, SEVERITIES[name]
                case _:
                    pass


def test_every_code_is_listed() -> None:
    """Neither more nor less than the source has, and each once."""
    page = (ROOT / "docs" / "diagnostics.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (error|warning|note) \|", page, re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == set(reported())
