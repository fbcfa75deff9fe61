"""What a run found, for the next `--check`: where nothing has changed since, nothing has to be made again.

It is kept in the user's cache, not with the SDK: what lies beside the files to be checked could be changed with them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
import tempfile
import time
from collections.abc import Mapping  # noqa: TC003  # msgspec reads annotations
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from samekey.cache_dir import cache_folder
from samekey.document.diagnostics import Severity  # noqa: TC001  # likewise
from samekey.document.source import FetchError, fetch_bytes, is_remote
from samekey.output.write import is_unchanged

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_LIBRARIES: Final = ("jinja2", "msgspec", "pyyaml", "ruff")
_KEPT_DAYS: Final = 30
_UNFINISHED: Final = "samekey-"
_OUR_NAME: Final = re.compile(rf"[0-9a-f]{{64}}\.json|{_UNFINISHED}.+")


class Said(Struct, frozen=True):
    """What a run had to say.

    Args:
        made: how much is in the SDK.
        findings: warnings and notes, as they were shown.
        fallbacks: lines on the types that are Any.
        keys: a line on whose word the idempotency keys rest; empty where there are none.
    """

    made: str
    findings: tuple[tuple[Severity, str], ...]
    fallbacks: tuple[str, ...]
    keys: str = ""


class _Run(Struct, frozen=True):
    """A run that left a folder up to date: digests of all that it depended on, and of what it left."""

    generator: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    said: Said


@dataclass(slots=True)
class Inputs:
    """Reads as `fetch_bytes` does, and keeps digests of what was read.

    Args:
        digests: by path.
        is_complete: whether all that was asked for is a file that was there.
        missing: what was asked for, and could not be read.
    """

    digests: dict[str, str] = field(default_factory=dict[str, str])
    is_complete: bool = True
    missing: set[str] = field(default_factory=set[str])

    def fetch(self, uri: str) -> bytes:
        """Read a local file or an http(s) URL whole.

        Raises:
            FetchError: it cannot be read; the text says why.
        """
        try:
            data = fetch_bytes(uri)
        except FetchError:
            self.is_complete = False
            self.missing.add(uri)
            raise
        self.digests[uri] = _digest(data)
        self.is_complete = self.is_complete and not is_remote(uri)
        return data


def place_of_run(command: Collection[str]) -> Path | None:
    """Return the file of a run: one for each command in each working directory; None where nothing is kept.

    Args:
        command: the document, the folder and the options.
    """
    folder = cache_folder("runs")
    try:
        here = str(Path.cwd())
    except OSError:
        return None
    # Names of files need not be UTF-8.
    words = "\0".join((here, *command)).encode("utf-8", "surrogateescape")
    return None if folder is None else folder / f"{_digest(words)}.json"


def load_run(place: Path, target: Path) -> Said | None:
    """Return what a kept run had to say, if a new run would say the same; None where a new run has to be made.

    Args:
        place: where the run is kept.
        target: the folder of the SDK.
    """
    try:
        run = msgspec.json.decode(place.read_bytes(), type=_Run)
        return run.said if _is_same(run, target) else None
    except (OSError, ValueError, RecursionError):
        # Whatever a damaged file may hold: paths that are none, text that is not text.
        return None


def _is_same(run: _Run, target: Path) -> bool:
    same = all(_digest_of(Path(path)) == known for path, known in run.inputs.items())
    return same and run.generator == _generator() and is_unchanged(target, run.outputs, _digest)


def store_run(
    place: Path, target: Path, inputs: Inputs, files: Mapping[str, str], kept: Collection[str], said: Said
) -> None:
    """Keep a run that left its folder up to date, unless something in it cannot be known again.

    Args:
        place: where it is kept.
        target: the folder of the SDK.
        inputs: what was read.
        files: texts of the SDK by path, with which the folder was compared.
        kept: paths of those that a user has taken over, which are as they are.
        said: what the run had to say.
    """
    generator = _generator()
    # Of what was made, not of what lies there now: somebody may have changed that since it was compared.
    digests = {path: _digest_of(target / path) if path in kept else _digest(files[path].encode()) for path in files}
    if not inputs.is_complete or not generator or "" in digests.values():
        return
    run = _Run(generator, inputs.digests, digests, said)
    # A path that JSON cannot spell is no reason to fail.
    with suppress(OSError, UnicodeEncodeError):
        text = msgspec.json.encode(run)
        with tempfile.NamedTemporaryFile(prefix=_UNFINISHED, dir=place.parent, delete=False) as file:
            file.write(text)
        Path(file.name).replace(place)
        _forget_old(place.parent)


def _forget_old(folder: Path) -> None:
    oldest = time.time() - _KEPT_DAYS * 86_400
    for kept in folder.iterdir():
        # The folder is one that the user may have chosen, and may hold what is not ours.
        if _OUR_NAME.fullmatch(kept.name) and kept.stat().st_mtime < oldest:
            kept.unlink()


def _generator() -> str:
    """Return a digest of what makes an SDK: this package, its templates, Python, and the libraries in use.

    It is empty where the version of something is not known.
    """
    try:
        versions = [f"{library} {version(library)}" for library in _LIBRARIES]
    except PackageNotFoundError:
        return ""
    whole = hashlib.sha256("\0".join((sys.version, *versions)).encode())
    for package in ("samekey", "samekey_templates"):
        for name, text in sorted(_files(package)):
            whole.update(f"\0{name}\0".encode())
            whole.update(text)
    return whole.hexdigest()


def _files(package: str) -> Iterator[tuple[str, bytes]]:
    """Yield the source files of a package by their names in it, wherever it is installed."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        for above, _, names in os.walk(folder):
            paths = (Path(above, name) for name in names if name.endswith((".py", ".jinja")))
            yield from ((path.relative_to(folder).as_posix(), path.read_bytes()) for path in paths)


def _digest_of(path: Path) -> str:
    """Return the digest of a file; empty where there is none."""
    try:
        return _digest(path.read_bytes())
    except OSError:
        return ""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
