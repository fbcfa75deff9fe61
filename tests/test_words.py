"""One name, one meaning: a public name that stands in two modules is explained here, or renamed."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = {"generator": ROOT / "generator" / "samekey", "runtime": ROOT / "templates" / "samekey_templates" / "runtime"}
IN_BOTH = (
    "ABSENT", "Body", "BodyKind", "MODELS", "Model", "NUMBERS", "OMIT", "Operation", "Paging", "PagingStyle",
    "Requirement", "Response", "Style", "StreamFormat", "ValuePath",
)  # fmt: skip
"""The same thing, once as the document describes it or as source, once as it is at run time in an SDK."""
CHECKER = ("Attempt", "Certainty", "Limits", "Settled")
"""The history that `prove` judges: it shares no class with what it checks, or one mistake would hide in both."""
COMMANDS = ("audit", "generate", "inspect", "main", "prove", "read_config", "serve")
"""A command, and the function that it calls."""
PUBLIC = ("Event", "Kind", "Plan", "Settings")
"""Names that users' tests import from `samekey.sandbox`, or that stand in files of theirs."""
VARIABLES = ("ANY", "E", "E_co", "Key", "P", "R", "RESOURCES", "T", "TYPES")
"""Type variables, and constants of a module that nobody imports from elsewhere."""
EXPLAINED = frozenset({*IN_BOTH, *CHECKER, *COMMANDS, *PUBLIC, *VARIABLES})


def defined() -> Iterator[tuple[str, str]]:
    """Public names with the modules that define them; shims for old pickles define nothing."""
    for root, folder in SOURCES.items():
        for path in sorted(folder.rglob("*.py")):
            if path.name.startswith("_") and path.name != "__init__.py":
                continue
            module = f"{root}/{path.relative_to(folder)}"
            yield from ((name, module) for name in names_of(ast.parse(path.read_text("utf-8"))) if name[0] != "_")


def names_of(tree: ast.Module) -> Iterator[str]:
    """The names that a module defines at its top."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case _:
                pass


def test_a_second_meaning_is_explained() -> None:
    """A name of two modules stands in one of the lists above; a name that has one meaning stands in none."""
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for name, module in defined():
        homes[name].add(module)
    several = {name: sorted(modules) for name, modules in homes.items() if len(modules) > 1}
    assert {name: modules for name, modules in several.items() if name not in EXPLAINED} == {}
    assert EXPLAINED - several.keys() == set()
