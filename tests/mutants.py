"""Mutants against the tests: python -m tests.mutants [--only NAME] [--jobs N].

Each mutant is one small change of a module that decides safety, finds keys, or follows the retry rules; the tests that
are about the module must fail on it. What lives is shown with its line. Less than 95 per cent killed is a failure.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
GENERATOR: Final = "generator/samekey"
RUNTIME: Final = "templates/samekey_templates/runtime"
_ABOUT_KEYS: Final = ("tests/lower/test_safety.py", "tests/lower/test_signals.py", "tests/lower/test_evidence.py")
TARGETS: Final[dict[str, tuple[str, ...]]] = {
    f"{GENERATOR}/lower/safety.py": _ABOUT_KEYS,
    f"{GENERATOR}/lower/key_location.py": ("tests/lower/test_key_location.py", *_ABOUT_KEYS),
    f"{RUNTIME}/retry/rules.py": ("tests/runtime/retry/test_rules.py",),
    f"{RUNTIME}/retry/keys.py": (
        "tests/runtime/retry/test_keys.py",
        "tests/truth/test_derived_keys.py",
        "tests/extras/test_derived_keys.py",
    ),
    f"{RUNTIME}/retry/answers.py": ("tests/runtime/retry/test_answers.py",),
    f"{RUNTIME}/retry/budget.py": ("tests/runtime/retry/test_budget.py",),
    f"{RUNTIME}/retry/retry_after.py": ("tests/runtime/retry/test_retry_after.py",),
}
"""The modules, each with the tests that are about it."""
GOAL: Final = 0.95
_SECONDS: Final = 240
_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_CALLED: Final = {"search": "fullmatch", "fullmatch": "search", "max": "min", "min": "max", "any": "all", "all": "any"}
_MEMBERS: Final = {
    "NOT_SENT": "REJECTED", "REJECTED": "UNKNOWN", "UNKNOWN": "REJECTED", "APPLIED": "UNKNOWN", "KEYED": "UNSAFE",
    "UNSAFE": "KEYED", "SAFE": "IDEMPOTENT", "IDEMPOTENT": "UNSAFE", "HEADER": "QUERY", "QUERY": "BODY",
    "BODY": "HEADER", "POLL": "BACKOFF", "AT_ONCE": "BACKOFF",
}  # fmt: skip
"""Members of enums, each with one that it is mistaken for."""
_NAMES: Final = {"_ALL": "_REPEATABLE", "_NONE": "_ALL", "_REPEATABLE": "_NONE", "_UNSAFE": "_NONE"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one change.

    Args:
        path: the module, from the root of the checkout.
        line: where it was changed.
        what: the change in words.
        text: the whole module.
    """

    path: str
    line: int
    what: str
    text: str


def mutants(path: str) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    for number in count():
        changed = copy.deepcopy(tree)
        found = next((change for index, change in enumerate(_changes(changed)) if index == number), None)
        if found is None:
            return
        node, what, apply = found
        apply()
        yield Mutant(path, node.lineno, what, ast.unparse(ast.fix_missing_locations(changed)))


Change = tuple[ast.expr | ast.stmt, str, Callable[[], None]]


def _changes(tree: ast.Module) -> Iterator[Change]:
    """Yield every change that can be made in place, with what makes it."""
    skipped = {id(inner) for node in ast.walk(tree) for inner in _not_run(node)}
    for node in ast.walk(tree):
        if id(node) not in skipped and isinstance(node, (ast.expr, ast.stmt)):
            yield from _changes_of(node)


def _not_run(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node that are no behaviour: annotations, docstrings, messages of errors."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            for part in (node.args, *([node.returns] if node.returns else []), *node.decorator_list):
                yield from ast.walk(part) if not isinstance(part, ast.arguments) else _annotations(part)
        case ast.AnnAssign():
            yield from ast.walk(node.annotation)
        case ast.ClassDef():
            for keyword in node.keywords:
                yield from ast.walk(keyword)
        case ast.Raise() if node.exc is not None:
            yield from ast.walk(node.exc)
        case ast.If() if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from ast.walk(node)
        case ast.JoinedStr():
            yield from ast.walk(node)
        case _:
            pass


def _annotations(arguments: ast.arguments) -> Iterator[ast.AST]:
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if argument.annotation is not None:
            yield from ast.walk(argument.annotation)


def _changes_of(node: ast.expr | ast.stmt) -> Iterator[Change]:  # noqa: C901, PLR0912  # a case for each kind of change
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                other = _COMPARED[type(operator)]
                yield node, f"{type(operator).__name__} is {other.__name__}", _set_item(node.ops, index, other())
        case ast.BoolOp():
            new = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield node, f"{type(node.op).__name__} is {type(new).__name__}", _set(node, "op", new)
        case ast.UnaryOp(op=ast.Not()):
            yield node, "not is gone", _unnot(node)
        case ast.If() | ast.IfExp():
            for value in (True, False):
                yield node, f"the condition is {value}", _set(node, "test", ast.Constant(value))
        case ast.Constant(value=bool() as value):
            yield node, f"{value} is {not value}", _set(node, "value", not value)
        case ast.Constant(value=int() | float() as number):
            yield node, f"{number} is {number + 1}", _set(node, "value", number + 1)
        case ast.Tuple(elts=[_, *_] as elements) | ast.Set(elts=[_, _, *_] as elements):
            for index in range(len(elements)):
                yield node, f"element {index} is gone", _drop(elements, index)
        case ast.Attribute(attr=name) if name in _MEMBERS or name in _CALLED:
            other_name = {**_MEMBERS, **_CALLED}[name]
            yield node, f"{name} is {other_name}", _set(node, "attr", other_name)
        case ast.Name(id=name, ctx=ast.Load()) if name in _NAMES or name in _CALLED:
            other_name = {**_NAMES, **_CALLED}[name]
            yield node, f"{name} is {other_name}", _set(node, "id", other_name)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
            new_operator: ast.operator = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            yield node, f"{type(node.op).__name__} is {type(new_operator).__name__}", _set(node, "op", new_operator)
        case _:
            pass


def _set(node: ast.AST, name: str, value: object) -> Callable[[], None]:
    return lambda: setattr(node, name, value)


def _set_item(items: list[ast.cmpop], index: int, value: ast.cmpop) -> Callable[[], None]:
    def apply() -> None:
        items[index] = value

    return apply


def _drop(items: list[ast.expr], index: int) -> Callable[[], None]:
    def apply() -> None:
        del items[index]

    return apply


def _unnot(node: ast.UnaryOp) -> Callable[[], None]:
    """Undo a `not` by a second one."""

    def apply() -> None:
        node.operand = ast.UnaryOp(ast.Not(), node.operand)

    return apply


class Arena:
    """A copy of the sources in which mutants take their turns.

    Args:
        folder: where it is made.
    """

    def __init__(self, folder: Path) -> None:
        for name in ("generator", "templates"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        self._folder = folder

    def passes(self, tests: Sequence[str]) -> bool:
        """Whether tests pass on what stands in the arena."""
        places = [str(self._folder / "generator"), str(self._folder / "templates"), str(ROOT)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def survives(self, mutant: Mutant, tests: Sequence[str]) -> bool:
        """Whether no test notices a mutant."""
        target = self._folder / mutant.path
        before = target.read_text("utf-8")
        target.write_text(mutant.text, "utf-8")
        try:
            return self.passes(tests)
        finally:
            target.write_text(before, "utf-8")


def hunt(paths: Sequence[str], jobs: int) -> list[tuple[int, list[Mutant]]]:
    """Return for each module the number of its mutants, and those that live."""
    found: list[tuple[int, list[Mutant]]] = []
    with tempfile.TemporaryDirectory(prefix="samekey-mutants-") as folder:
        arenas = [Arena(Path(folder) / str(number)) for number in range(jobs)]
        for path in paths:
            tests = TARGETS[path]
            if not arenas[0].passes(tests):
                sys.exit(f"{' '.join(tests)} fail as they are")
            made = list(mutants(path))
            with ThreadPoolExecutor(jobs) as pool:
                shares = [pool.submit(_living, arena, made[index::jobs], tests) for index, arena in enumerate(arenas)]
                living = [mutant for share in shares for mutant in share.result()]
            found.append((len(made), living))
            sys.stdout.write(f"{path}: {len(made) - len(living)} of {len(made)} killed\n")
            sys.stdout.flush()
    return found


def _living(arena: Arena, made: Sequence[Mutant], tests: Sequence[str]) -> list[Mutant]:
    """Return the mutants that no test notices, each told as soon as it is known: a module takes up to an hour."""
    living: list[Mutant] = []
    for mutant in made:
        if arena.survives(mutant, tests):
            living.append(mutant)
            sys.stdout.write(f"  lives: {mutant.path.rpartition('/')[2]}:{mutant.line}: {mutant.what}\n")
            sys.stdout.flush()
    return living


def main() -> int:
    """Hunt, and return 1 where too many live."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--only", default="", help="modules whose path holds this")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    found = hunt([path for path in TARGETS if given.only in path], given.jobs)
    made = sum(number for number, _ in found)
    killed = made - sum(len(living) for _, living in found)
    sys.stdout.write(f"{killed} of {made} killed: {killed / made:.1%}\n")
    return 0 if killed >= GOAL * made else 1


if __name__ == "__main__":
    sys.exit(main())
