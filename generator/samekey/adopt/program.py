"""A program that was written for another SDK: which of its calls stay, and what to write in the place of the others."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.adopt.known import FLAT, AdoptError, Generator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from samekey.adopt.match import Adopted, Kept

_ENTRIES: Final = frozenset({"sync", "sync_detailed", "asyncio", "asyncio_detailed"})
"""What openapi-python-client's modules are called by."""
_WAYS: Final = {"with_raw_response": ".detailed", "with_streaming_response": ".stream"}
"""What stands before or behind a resource there, and behind the method here."""


class CallSite(Struct, frozen=True):
    """A call in a program.

    Args:
        path: the file.
        line: where it begins there.
        text: the call, without its arguments.
        kept: what becomes of it.
        stays: whether it stays as it is, its arguments included.
        form: the attribute of our method that does what it does; empty for the method itself.
    """

    path: Path
    line: int
    text: str
    kept: Kept
    stays: bool
    form: str = ""


def call_sites(program: Path, adopted: Adopted) -> Iterator[CallSite]:
    """Yield the calls of another SDK in a program, by file and line.

    Args:
        program: a file, or a folder of files.
        adopted: what was kept of the SDK.

    Raises:
        AdoptError: there is no such program, or a file of it is no Python.
    """
    if not program.exists():
        raise AdoptError(f"there is no program {program}")
    by_path = {kept.call.path: kept for kept in adopted.calls}
    for path in [program] if program.is_file() else sorted(program.rglob("*.py")):
        try:
            tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise AdoptError(f"{path} cannot be read as Python: {error}") from error
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        for node in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
            found = _kept(_chain(node.func), by_path, adopted.sdk.generator)
            if found is not None:
                kept, text = found
                given = {keyword.arg for keyword in node.keywords}
                stays = kept.stays and not given & set(kept.missing) and adopted.sdk.generator not in FLAT
                form = next((_WAYS[word] for word in text.split(".") if word in _WAYS), "")
                yield CallSite(path, node.lineno, text, kept, stays and not form, form)


def _chain(node: ast.expr) -> list[str]:
    """Return the attributes of an expression, the outermost first; empty where it is none."""
    found: list[str] = []
    while isinstance(node, ast.Attribute):
        found.append(node.attr)
        node = node.value
    found.append(node.id if isinstance(node, ast.Name) else "…")
    return found[::-1]


def _kept(chain: list[str], calls: Mapping[str, Kept], generator: Generator) -> tuple[Kept, str] | None:
    """Return the call that a chain of attributes makes, and the chain as text; None where it makes none."""
    text = ".".join(chain)
    if generator is Generator.OPENAPI_PYTHON_CLIENT:
        if len(chain) < 2 or chain[-1] not in _ENTRIES:  # noqa: PLR2004  # a module and its function
            return None
        found = [kept for path, kept in calls.items() if path.rpartition(".")[2] == chain[-2]]
        return (found[0], text) if len(found) == 1 else None
    if generator is Generator.OPENAPI_GENERATOR:
        found = [kept for path, kept in calls.items() if path.rpartition(".")[2] == chain[-1]]
        return (found[0], text) if len(found) == 1 and len(chain) > 1 else None
    plain = [word for word in chain if word not in _WAYS]
    for start in range(1, len(plain)):
        kept = calls.get(".".join(plain[start:]))
        if kept is not None:
            return kept, text
    return None
