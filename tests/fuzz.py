"""Documents with changes of any kind, made into SDKs: none ends in a traceback, in silence, or in what is no Python.

python -m tests.fuzz --documents 2000 --seed 1
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

from samekey.config.file import Config
from samekey.document.diagnostics import Diagnostics, in_full
from samekey.document.node import load
from samekey.document.values import JsonValue
from samekey.emit.format import compile_files
from samekey.pipeline import generate

from tests.corpus.catalog import corpus_folder

SPECS: Final = Path(__file__).parent.parent / "specs"
_SLOW: Final = 20.0
_SHOWN: Final = 5
_MOST_CHANGES: Final = 4
_LARGEST: Final = 200_000
"""Bytes of a document; larger ones take the time of many."""
Place: TypeAlias = "tuple[dict[str, JsonValue] | list[JsonValue], str | int]"

VALUES: Final[tuple[JsonValue, ...]] = (
    None, True, False, 0, -1, 1e308, 10**30, "", " ", "x", "\u2028\x00", "../../x", "class", "日本", "{a}{b", [],
    [None], [[]], {}, {"": ""}, {"$ref": "#"}, {"$ref": "#/nowhere"}, {"$ref": "gone.yaml"}, {"$dynamicRef": "#x"},
    {"type": "object", "properties": {"a": {}}}, {"oneOf": [{}, {"type": "string"}]}, {"allOf": [{"$ref": "#"}]},
)  # fmt: skip
WORDS: Final = (
    "$ref", "allOf", "oneOf", "anyOf", "type", "properties", "items", "enum", "const", "required", "discriminator",
    "nullable", "format", "content", "schema", "parameters", "requestBody", "responses", "encoding", "servers",
    "security", "x-fern-pagination", "x-speakeasy-pagination", "x-idempotency", "additionalProperties", "in", "name",
    "style",
)  # fmt: skip


@dataclass
class Tally:
    """What became of the documents.

    Args:
        ends: how many were made, and how many refused.
        faults: what is ours, each with the document that shows it.
        slowest: seconds of processor time, so that a busy machine makes nothing slow.
    """

    ends: Counter[str] = field(default_factory=Counter[str])
    faults: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    slowest: float = 0.0


def places(value: JsonValue) -> list[Place]:
    """Every entry of every container in a document."""
    found: list[Place] = []
    pending: list[JsonValue] = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            found += [(current, key) for key in current]
            pending += current.values()
        elif isinstance(current, list):
            found += [(current, index) for index in range(len(current))]
            pending += current
    return found


def changed(document: JsonValue, chance: Random) -> JsonValue:
    """A document with some entries replaced, removed, renamed, doubled, or exchanged for others of it."""
    result = deepcopy(document)
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        found = places(result)
        if found:
            chance.choice(_CHANGES)(*chance.choice(found), chance, found)
    return result


def _replace(holder: dict[str, JsonValue] | list[JsonValue], key: str | int, chance: Random, _: list[Place]) -> None:
    _set(holder, key, deepcopy(chance.choice(VALUES)))


def _remove(holder: dict[str, JsonValue] | list[JsonValue], key: str | int, _: Random, __: list[Place]) -> None:
    if isinstance(holder, dict):
        holder.pop(str(key), None)
    elif isinstance(key, int) and key < len(holder):
        del holder[key]


def _rename(holder: dict[str, JsonValue] | list[JsonValue], key: str | int, chance: Random, _: list[Place]) -> None:
    if isinstance(holder, dict):
        holder[chance.choice(WORDS)] = holder.pop(str(key), None)


def _add(holder: dict[str, JsonValue] | list[JsonValue], _: str | int, chance: Random, __: list[Place]) -> None:
    value = deepcopy(chance.choice(VALUES))
    if isinstance(holder, dict):
        holder[chance.choice(WORDS)] = value
    else:
        holder.append(value)


def _exchange(
    holder: dict[str, JsonValue] | list[JsonValue], key: str | int, chance: Random, found: list[Place]
) -> None:
    other, name = chance.choice(found)
    if isinstance(other, dict):
        _set(holder, key, deepcopy(other.get(str(name))))
    elif isinstance(name, int) and name < len(other):
        _set(holder, key, deepcopy(other[name]))


def _set(holder: dict[str, JsonValue] | list[JsonValue], key: str | int, value: JsonValue) -> None:
    if isinstance(holder, dict):
        holder[str(key)] = value
    elif isinstance(key, int) and key < len(holder):
        holder[key] = value


_CHANGES: Final[tuple[Callable[..., None], ...]] = (_replace, _replace, _remove, _rename, _add, _exchange)


def fault_of(document: JsonValue, tally: Tally) -> str:
    """What is ours in what becomes of a document; empty where nothing is."""
    began, diagnostics = time.process_time(), Diagnostics()
    text = json.dumps(document).encode()
    try:
        loaded = load("/nowhere/openapi.json", diagnostics, fetch=lambda uri: _only(uri, text))
        made = None if loaded is None else generate(loaded, Config())
        if made is not None:
            compile_files(made.files)
        shown = [in_full(entry) for entry in diagnostics]
    except Exception as error:  # noqa: BLE001  # whatever it is, it is ours
        line = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {Path(line.filename).name}:{line.lineno} {str(error)[:80]}"
    finally:
        tally.slowest = max(tally.slowest, time.process_time() - began)
    tally.ends["made" if made is not None and not diagnostics.failed else "refused"] += 1
    if made is None and not diagnostics.failed:
        return f"refused without a word: {len(shown)} findings"
    return f"over {_SLOW:.0f} s" if time.process_time() - began > _SLOW else ""


def _only(uri: str, text: bytes) -> bytes:
    from samekey.document.source import FetchError  # noqa: PLC0415  # raised here alone

    if uri != "/nowhere/openapi.json":
        raise FetchError("it is not there")
    return text


def documents() -> Iterator[JsonValue]:
    """Those of the project, and those of others where they are here, up to a size."""
    folder = corpus_folder()
    roots = [SPECS, *([folder / "real"] if folder is not None else [])]
    for path in sorted(entry for root in roots for entry in root.rglob("*") if entry.suffix in {".json", ".yaml"}):
        if path.stat().st_size <= _LARGEST:
            loaded = load(str(path), Diagnostics())
            if loaded is not None and isinstance(loaded.root.value, dict) and "paths" in loaded.root.value:
                yield loaded.root.value


def main(arguments: Sequence[str]) -> int:
    """Run the command line; 0 where nothing is ours."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--documents", type=int, default=2000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    given = parser.parse_args(arguments)
    originals, tally, chance = list(documents()), Tally(), Random(given.seed)  # noqa: S311
    for _ in range(given.documents):
        document = changed(chance.choice(originals), chance)
        fault = fault_of(document, tally)
        if fault:
            tally.ends["faults"] += 1
            tally.faults.setdefault(fault, document)
    told = ", ".join(f"{count} {end}" for end, count in sorted(tally.ends.items()))
    sys.stdout.write(f"{given.documents} of {len(originals)} documents: {told}; slowest {tally.slowest:.1f} s\n")
    for fault, document in list(tally.faults.items())[:_SHOWN]:
        sys.stdout.write(f"  {fault}\n    {json.dumps(document)[:400]}\n")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
