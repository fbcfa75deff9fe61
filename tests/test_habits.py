"""What helps people to work here: forms, workflows, commands and the licence are what they claim to be."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.tools import checked

ROOT = Path(__file__).parent.parent
GITHUB = ROOT / ".github"
SCHEMAS = {
    "vendor.github-workflows": sorted((GITHUB / "workflows").glob("*.yml")),
    "custom.github-workflows-require-timeout": [GITHUB / "workflows" / "ci.yml"],
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
    "vendor.github-issue-forms": sorted((GITHUB / "ISSUE_TEMPLATE").glob("[0-9]*.yml")),
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_forms_and_workflows_are_valid(schema: str) -> None:
    """By the schemas that check-jsonschema ships; there is something to check."""
    files = SCHEMAS[schema]
    assert files
    checked([sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)])


def test_the_workflow_does_what_ci_does() -> None:
    """The public run calls the script that CI runs, and the quick lane on each Python that is supported."""
    jobs = yaml.safe_load((GITHUB / "workflows" / "ci.yml").read_text("utf-8"))["jobs"]
    commands = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()}
    assert commands["all"] == ["./.ci/run"]
    assert commands["check"] == ["make check PYTHON=python"]
    classifiers = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text("utf-8"))
    assert jobs["check"]["strategy"]["matrix"]["python"] == classifiers


def test_every_target_says_what_it_does() -> None:
    """`make help` leaves out no target that a person would call."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split()
    shown = checked(["make", "--no-print-directory", "help"], cwd=ROOT)
    assert sorted(phony) == sorted(line.split()[0] for line in shown.splitlines())


def test_the_licence_is_whole() -> None:
    """Its own text, from the title to the end of the appendix."""
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert all(f"\n   {number}. " in text for number in range(1, 10))
    assert text.rstrip().endswith("limitations under the License.")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", *(
    str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))
)])  # fmt: skip
def test_links_lead_somewhere(page: str) -> None:
    """A link to a file of the repository leads to one, and to a heading that is there."""
    path = ROOT / page
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, heading = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), target
        if heading:
            assert heading in anchors(found), target


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made of their words."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
