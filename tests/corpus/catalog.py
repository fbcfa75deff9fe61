"""The documents of the corpus, and which of them a report is about."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from random import Random
from typing import Final, Literal, TypeAlias

Part: TypeAlias = Literal["real", "cases"]
PARTS: Final[tuple[Part, ...]] = ("real", "cases")


@dataclass(frozen=True, slots=True)
class Entry:
    """A document.

    Args:
        name: its path in the corpus.
        version: the version of OpenAPI, as the corpus's index has it; `fragment` for what is not a whole document.
        part: whether it describes a real API, or is a case from the tests of other projects.
    """

    name: str
    version: str
    part: Part


def corpus_folder() -> Path | None:
    """The folder that SAMEKEY_CORPUS names; None where it names none."""
    folder = os.environ.get("SAMEKEY_CORPUS")
    path = (Path(__file__).parent.parent.parent / folder).resolve() if folder else None
    return path if path is not None and path.is_dir() else None


def entries(folder: Path) -> list[Entry]:
    """Every document of the index, the real ones first."""
    with (folder / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Entry(row["path"], row["version"], part) for part in PARTS for row in rows if row["path"].startswith(f"{part}/")
    ]


def chosen(found: list[Entry], parts: tuple[Part, ...], only: str, sample: int) -> list[Entry]:
    """The documents of some parts whose names match a pattern; of these a fixed sample, where one is asked for.

    Args:
        found: all documents.
        parts: the parts.
        only: a pattern for the name or its end; empty for all.
        sample: how many; 0 for all.
    """
    fitting = [entry for entry in found if entry.part in parts and (not only or _fits(entry.name, only))]
    if not 0 < sample < len(fitting):
        return fitting
    picked = set(Random("samekey").sample([entry.name for entry in fitting], sample))  # noqa: S311
    return [entry for entry in fitting if entry.name in picked]


def _fits(name: str, pattern: str) -> bool:
    return fnmatch(name, pattern) or fnmatch(name, f"*/{pattern}")
