"""The page for application developers: whatever it shows is right."""

from __future__ import annotations

import re
from pathlib import Path

from tests.tools import checked, mypy_strict


def test_the_examples_are_typed(root: Path, project: Path, tmp_path: Path) -> None:
    """Every example of docs/using.md passes mypy in strict mode, against the SDK that it speaks of."""
    text = (root / "docs" / "using.md").read_text("utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(examples) > 8
    (tmp_path / "examples.py").write_text("\n\n".join(examples), "utf-8")
    command = [*mypy_strict(), "examples.py"]
    checked(command, cwd=tmp_path, env={"MYPYPATH": str(project)})


def test_its_links_lead_somewhere(root: Path) -> None:
    """Every relative link points to a file of the project."""
    page = root / "docs" / "using.md"
    links = re.findall(r"\]\(([^)#]+)", page.read_text("utf-8"))
    assert links
    assert [link for link in links if not (page.parent / link).exists()] == []
