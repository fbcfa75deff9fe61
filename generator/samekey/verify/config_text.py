"""Entries of single operations in the text of a config, whose comments, order and spelling stay as they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, cast

import yaml

from samekey.verify.findings import VerifyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OURS: Final = re.compile(r"\s*# samekey verify: ")
_UNFIT: Final = (
    "cannot be put into this config: write `idempotency:` and `operations:` as blocks, a line for each entry"
)


def with_operations(text: str, entries: Mapping[str, Sequence[str]]) -> str:
    """Return a config in which some operations have entries, in place of those that they had.

    Args:
        text: the config; empty for none.
        entries: the lines of each operation's entry, by `METHOD /path`.

    Raises:
        VerifyError: the config is not of a form into which an entry can be put.
    """
    before = _read(text)
    lines = text.splitlines()
    start, end = _block(lines, "idempotency", 0, len(lines), "")
    if start < 0:
        lines += ["idempotency:"]
        start, end = len(lines) - 1, len(lines)
    indent = _indent(lines, start + 1, end) or "  "
    inner, inner_end = _block(lines, "operations", start + 1, end, indent)
    if inner < 0:
        lines.insert(end, f"{indent}operations:")
        inner, inner_end = end, end + 1
    deeper = _indent(lines, inner + 1, inner_end) or f"{indent}  "
    for target, entry in entries.items():
        lines[inner + 1 : inner_end] = _without(lines[inner + 1 : inner_end], target, deeper)
        inner_end = _block(lines, "operations", inner, len(lines), indent)[1]
        lines[inner_end:inner_end] = [f"{deeper}{line}" for line in entry]
        inner_end += len(entry)
    made = "\n".join(lines) + "\n"
    _check(before, made, entries)
    return made


def _read(text: str) -> dict[str, object]:
    try:
        value = cast("object", yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        raise VerifyError(f"what was seen cannot be put into a config that is no YAML: {error}") from error
    if not isinstance(value, dict):
        raise VerifyError(f"what was seen {_UNFIT}")
    return cast("dict[str, object]", value)


def refuse_unfit(text: str) -> None:
    """Refuse a config into which no entry can be put.

    Raises:
        VerifyError: it is such a config.
    """
    with_operations(text, {"POST /": ["POST /: false"]})


def _check(before: dict[str, object], made: str, entries: Mapping[str, Sequence[str]]) -> None:
    """Refuse a text that lost something, or lacks an entry: a file of the user's is never spoiled."""
    after = _read(made)
    operations = _operations(after)
    if not entries.keys() <= operations.keys() or _but(after, entries) != _but(before, entries):
        raise VerifyError(f"what was seen {_UNFIT}")


def _operations(config: dict[str, object]) -> dict[str, object]:
    found = _fields(_fields(config.get("idempotency")).get("operations"))
    return {str(name): says for name, says in found.items()}


def _but(config: dict[str, object], entries: Mapping[str, Sequence[str]]) -> tuple[object, object, object]:
    """Return what a config says of all but some operations."""
    words = {name: says for name, says in _fields(config.get("idempotency")).items() if name != "operations"}
    others = {name: says for name, says in _operations(config).items() if name not in entries}
    return {name: says for name, says in config.items() if name != "idempotency"}, words, others


def _fields(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _block(lines: Sequence[str], name: str, start: int, end: int, indent: str) -> tuple[int, int]:
    """Return where a key stands at an indent, and where its block ends; -1 where it does not stand there.

    Raises:
        VerifyError: it stands there with its value on the same line.
    """
    for at in range(start, end):
        found = re.fullmatch(rf"{indent}{name}\s*:(.*)", lines[at])
        if found is None:
            continue
        if found[1].partition("#")[0].strip():
            raise VerifyError(f"what was seen {_UNFIT}")
        stop = at + 1
        for number in range(at + 1, len(lines)):
            line = lines[number]
            if line.strip() and not line.lstrip().startswith("#") and not line.startswith(f"{indent} "):
                break
            if line.strip() and line.startswith(f"{indent} "):
                stop = number + 1
        return at, stop
    return -1, -1


def _indent(lines: Sequence[str], start: int, end: int) -> str:
    """Return the indent of the first entry of a block; empty where there is none."""
    for line in lines[start:end]:
        if line.strip() and not line.lstrip().startswith("#"):
            return line[: len(line) - len(line.lstrip())]
    return ""


def _without(lines: Sequence[str], target: str, indent: str) -> list[str]:
    """Return the lines of a block without an entry, and without the comments above it that this command has written."""
    kept: list[str] = []
    dropping = False
    for line in lines:
        is_entry = line.startswith(indent) and not line[len(indent) :].startswith((" ", "#")) and bool(line.strip())
        if is_entry:
            dropping = _key(line) == target
            while dropping and kept and _OURS.match(kept[-1]):
                kept.pop()
        if not dropping:
            kept.append(line)
    return kept


def _key(line: str) -> str:
    """Return the key of a line of a block, whatever stands after it."""
    try:
        entry = cast("object", yaml.safe_load(line.strip() if ": " in line else f"{line.strip()} null"))
    except yaml.YAMLError:
        return ""
    return next(iter(cast("dict[str, object]", entry)), "") if isinstance(entry, dict) else ""
