"""Which samekey made an SDK, and what is known of the runtime in it; nothing of the SDK is imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.emit.render import runtime_texts
from samekey.header import MARKED_BYTES, is_marked
from samekey.output.defects import RUNTIME_DEFECTS, RuntimeDefect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GENERATOR: Final = re.compile(r"^__generator__ = [\"']samekey ([0-9A-Za-z.+!-]{1,64})[\"']", re.MULTILINE)
_NUMBERS: Final = re.compile(r"[0-9]{1,9}")


class Provenance(Struct, frozen=True):
    """Where an SDK comes from.

    Args:
        package: its import name.
        folder: where the package is.
        made_by: the version of samekey that made it; empty where it does not say so.
        is_current: whether its runtime is the one that this samekey writes.
        defects: what is known to be wrong with its runtime.
    """

    package: str
    folder: str
    made_by: str
    is_current: bool
    defects: tuple[RuntimeDefect, ...]


def provenances(target: Path, defects: tuple[RuntimeDefect, ...] = RUNTIME_DEFECTS) -> Iterator[Provenance]:
    """Yield where SDKs come from.

    Args:
        target: the folder of an SDK, its package, or a folder in which packages are installed.
        defects: what is known.

    Raises:
        OSError: it cannot be read.
    """
    for package in (target, *sorted(target.iterdir())):
        if package.is_dir() and _is_package(package):
            yield _provenance(package, defects)


def _is_package(folder: Path) -> bool:
    try:
        with (folder / "__init__.py").open("rb") as file:
            return is_marked(file.read(MARKED_BYTES)) and (folder / "_runtime").is_dir()
    except OSError:
        return False


def _provenance(package: Path, defects: tuple[RuntimeDefect, ...]) -> Provenance:
    text = (package / "__init__.py").read_text("utf-8", errors="replace")
    found = _GENERATOR.search(text)
    made_by = found[1] if found is not None else ""
    expected = runtime_texts()
    is_current = all(_text(package / "_runtime" / name) == text for name, text in expected.items())
    # Between two versions samekey has fixes that no version tells of yet, and the text of its runtime does.
    known = tuple(one for one in defects if not is_current and _is_before(made_by, one.fixed_in))
    return Provenance(package.name, str(package), made_by, is_current, known)


def _text(file: Path) -> str | None:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _is_before(version: str, other: str) -> bool:
    """Whether a version comes before another one; what says no version is older than all that do."""
    first, second = (tuple(map(int, _NUMBERS.findall(text)[:3])) for text in (version, other))
    return first < second
