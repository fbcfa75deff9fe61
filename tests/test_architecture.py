"""The shape of the house: one-way flow, a pure core, and no text of a document that becomes source."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GENERATOR = ROOT / "generator" / "samekey"
RUNTIME = ROOT / "templates" / "samekey_templates" / "runtime"

FLOW = (
    "gc_pause", "cache_dir", "identifiers", "pep440", "licences", "graph", "header",
    "document", "config", "ir", "lower", "names",
    "emit", "diff", "output", "pipeline", "init", "adopt", "audit", "sandbox", "verify", "prove", "cli", "__main__",
)  # fmt: skip
"""Rooms from the first to the last; each may import from those before it only."""
LOWER_FLOW = (
    "about", "docs", "examples", "media", "statuses", "extensions", "sdk_words", "key_location", "safety",
    "security", "servers", "schemas", "parameters", "paths", "bodies", "streams", "responses", "pagination",
    "webhooks", "constants", "parts", "client_params", "api",
)  # fmt: skip
"""The words of OpenAPI, likewise."""
SCHEMAS_FLOW = (
    "steps", "words", "merged", "circles", "scope", "unions", "enums", "objects", "shape", "inheritance", "references",
)  # fmt: skip
"""The rooms of a schema, likewise."""
SANDBOX_FLOW = ("errors", "storage", "api", "keys", "server")
"""The rooms of the sandbox, likewise; beside them stand the names that users' tests import."""
SANDBOX_MODULES = {"app", "broken", "faults", "ledger", "serving"}
RUNTIME_FLOW = (
    "declare", "safety", "text", "deprecation", "types", "concurrency", "retry", "auth", "errors", "codec", "telemetry",
    "request", "call", "http", "server_words", "response", "settle", "streams", "paging", "journal", "middleware",
    "core", "unlisted",
    "attributes", "console_log", "client", "trace", "methods", "operation", "webhooks",
)  # fmt: skip
"""The rooms of an SDK's runtime, likewise; for types alone they may look ahead."""


def room(path: Path) -> str:
    """The room that a file belongs to: a module, or a package of modules."""
    return path.relative_to(GENERATOR).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """The rooms that a file imports, at run time or for types alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("samekey."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("samekey."))
        elif isinstance(node, ast.ImportFrom) and node.module == "samekey":
            found.update(alias.name for alias in node.names)
    return found


@pytest.mark.parametrize("path", sorted(GENERATOR.rglob("*.py")), ids=lambda path: str(path.relative_to(GENERATOR)))
def test_arrows_point_one_way(path: Path) -> None:
    """No room knows of a later one."""
    own = room(path)
    if own == "__init__":
        return
    assert own in FLOW, f"{own} has no place in the flow"
    backward = {other for other in imported_rooms(path) if FLOW.index(other) > FLOW.index(own)}
    assert not backward, f"{own} imports {backward}, which come after it"


def needed(path: Path) -> Iterator[str]:
    """The modules that a file imports when it runs, relative ones and those of its own package."""
    pending: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            pending += node.orelse
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        pending += ast.iter_child_nodes(node)


def runtime_room(path: Path) -> str:
    """The room of the runtime that a file belongs to."""
    return path.relative_to(RUNTIME).parts[0].removesuffix(".py")


def needed_rooms(path: Path) -> set[str]:
    """The rooms of the runtime that a file imports when it runs, in functions as well."""
    depth = len(path.relative_to(RUNTIME).parts)
    own = runtime_room(path)
    pending: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    found: set[str] = set()
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            pending += node.orelse
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.module, f"{path.name} imports a package as a whole"
            found.add(node.module.partition(".")[0] if node.level == depth else own)
        pending += ast.iter_child_nodes(node)
    return found


@pytest.mark.parametrize(
    "path", sorted(RUNTIME.rglob("[a-z]*.py")), ids=lambda path: str(path.relative_to(RUNTIME).with_suffix(""))
)
def test_the_runtime_flows_one_way(path: Path) -> None:
    """No room of the runtime needs a later one, not even inside a function."""
    room = runtime_room(path)
    assert room in RUNTIME_FLOW, f"{room} has no place in the flow of the runtime"
    later = set(RUNTIME_FLOW[RUNTIME_FLOW.index(room) + 1 :])
    assert not later & needed_rooms(path)


@pytest.mark.parametrize("word", sorted(path.stem for path in (GENERATOR / "lower").glob("[a-z]*")), ids=str)
def test_the_words_of_openapi_flow_one_way(word: str) -> None:
    """No word is read with the help of a later one."""
    assert word in LOWER_FLOW, f"{word} has no place in the flow of lower/"
    later = {f"samekey.lower.{other}" for other in LOWER_FLOW[LOWER_FLOW.index(word) + 1 :]}
    home = GENERATOR / "lower" / word
    files = sorted(home.glob("*.py")) if home.is_dir() else [home.with_suffix(".py")]
    assert files
    assert not [
        name for file in files for name in needed(file) if any(f"{name}.".startswith(f"{one}.") for one in later)
    ]


@pytest.mark.parametrize(
    "path", sorted((GENERATOR / "lower" / "schemas").glob("[a-z]*.py")), ids=lambda path: path.stem
)
def test_schemas_flow_one_way(path: Path) -> None:
    """No part of reading a schema runs with the help of a later one."""
    later = {f"samekey.lower.schemas.{other}" for other in SCHEMAS_FLOW[SCHEMAS_FLOW.index(path.stem) + 1 :]}
    assert not later & set(needed(path))


SANDBOX = sorted((GENERATOR / "sandbox").rglob("[a-z]*.py"))


@pytest.mark.parametrize("path", SANDBOX, ids=lambda path: str(path.relative_to(GENERATOR)))
def test_the_sandbox_flows_one_way(path: Path) -> None:
    """No room of the sandbox knows of a later one, and none of the names that are for users' tests alone."""
    own = path.relative_to(GENERATOR / "sandbox").parts[0].removesuffix(".py")
    if own in SANDBOX_MODULES:
        return
    assert own in SANDBOX_FLOW, f"{own} has no place in the flow of the sandbox"
    known = {
        node.module.split(".")[2]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("samekey.sandbox.")
    }
    assert known <= set(SANDBOX_FLOW[: SANDBOX_FLOW.index(own) + 1])


@pytest.mark.parametrize("path", sorted(GENERATOR.rglob("*.py")), ids=lambda path: str(path.relative_to(GENERATOR)))
def test_only_the_command_line_prints(path: Path) -> None:
    """Stages collect diagnostics; the CLI alone speaks."""
    if room(path) == "cli":
        return
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]


@pytest.mark.parametrize("path", sorted(GENERATOR.rglob("*.py")), ids=lambda path: str(path.relative_to(GENERATOR)))
def test_source_is_made_in_one_place(path: Path) -> None:
    """`Code` is constructed in emit/code.py and nowhere else."""
    if path.relative_to(GENERATOR).as_posix() == "emit/code.py":
        return
    tree = ast.parse(path.read_text("utf-8"))
    from_code = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "samekey.emit.code"
        for alias in node.names
    }
    constructed = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Code"
        and "Code" in from_code
    ]
    assert not constructed
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "Code"]
    assert not attributes


@pytest.mark.parametrize(
    "name",
    [
        "retry/rules.py",
        "retry/budget.py",
        "retry/record.py",
        "retry/retry_after.py",
        "retry/wire.py",
        "paging/rules.py",
        "streams/parse.py",
    ],
)
def test_the_core_of_retrying_is_pure(name: str) -> None:
    """What decides knows no HTTP library, no event loop, no clock and no chance."""
    tree = ast.parse((RUNTIME / name).read_text("utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not modules & {"httpx", "asyncio", "anyio", "trio", "time", "random"}


def test_one_file_imports_the_http_library() -> None:
    """It is httpx or httpx2, whichever a client was made for; everywhere else httpx is a type, and only in http/."""
    for path in sorted(RUNTIME.rglob("*.py")):
        needed = [name for name in imported_when_run(path) if name.partition(".")[0] in {"httpx", "httpx2", "httpcore"}]
        assert not needed, path
        assert "import_module" not in path.read_text("utf-8") or path.name in {
            "library.py",
            "postgres.py",
            "pydantic.py",
            "telemetry.py",
        }, path


def imported_when_run(path: Path) -> Iterator[str]:
    """The modules that a file imports by `import`, not for types alone."""
    pending: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            pending += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        pending += ast.iter_child_nodes(node)


def test_the_runtime_names_no_generator() -> None:
    """An SDK depends on httpx and msgspec alone."""
    allowed = {"httpx", "msgspec", "anyio"}
    # Type checkers bring `typing_extensions` along; nothing needs it when a program runs.
    brought = {"typing_extensions"}
    for path in sorted(RUNTIME.rglob("*.py")):
        assert not brought & {name.partition(".")[0] for name in needed(path)}, path.name
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name.split(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module.split(".")[0]]
            else:
                continue
            assert all(name in allowed | brought or name in sys.stdlib_module_names for name in names), (
                path.name,
                names,
            )
