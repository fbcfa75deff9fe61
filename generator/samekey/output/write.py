"""Files to disk: inside the target folder, all or nothing, and never over what somebody else wrote."""

from __future__ import annotations

import difflib
import os
import shutil
import signal
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.document.diagnostics import Diagnostic, Severity
from samekey.header import CUSTOM, MARKED_BYTES, bears_header, is_marked
from samekey.names import LOCKFILE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping

    from samekey.document.diagnostics import Diagnostics

_USERS_CHOICE = ("README.md", "pyproject.toml", "api.md", "LICENSE")
_WORKFLOWS = ".github/workflows"
_MAX_DIFF_LINES = 200
_STAGING: Final = ".samekey-"
_INTERRUPTIONS: Final = ("SIGINT", "SIGTERM", "SIGHUP")
_RECENT: Final = 10.0
_OLD: Final = 3600.0
"""Seconds after which what a run has left is nobody's, whether its process is known or not."""


class UnsafePathError(ValueError):
    """A path that leaves the target folder: a defect of `names/`, caught before anything is written."""


class Changes(Struct, frozen=True):
    """How a folder differs from what would be written.

    Args:
        write: paths that are new or have other contents.
        remove: paths of stale files that bear our header.
        kept: paths of ours that a user has taken over.
    """

    write: tuple[str, ...]
    remove: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether anything would change."""
        return bool(self.write or self.remove)


def compare(target: Path, files: Mapping[str, str], diagnostics: Diagnostics) -> Changes | None:
    """Compare a folder with the files that would be written.

    Returns:
        The changes, or None where samekey may not write to the folder (reported as an error).

    Raises:
        UnsafePathError: a path would leave the folder.
    """
    for path in files:
        _check_path(path)
    try:
        target.exists()
    except OSError as error:
        message = f"{target} cannot be a folder: {(error.strerror or str(error)).lower()}"
        diagnostics.add(_refusal("target-unusable", message, "give another folder"))
        return None
    current = {path: _read(target / path) for path in files}
    refusals = list(_refusals(target, files, current))
    for refusal in refusals:
        diagnostics.add(refusal)
    if refusals:
        return None
    differing = [path for path in files if current[path] != files[path].encode()]
    kept = [path for path in differing if _is_theirs(current[path])]
    write = [path for path in differing if path not in kept]
    return Changes(tuple(write), tuple(_stale(target, files)), tuple(kept))


def is_unchanged(target: Path, digests: Mapping[str, str], digest: Callable[[bytes], str]) -> bool:
    """Whether a folder is as it was: each file the same, nothing in the way of one, and no stale file of samekey.

    Args:
        target: the folder.
        digests: of its files, by path.
        digest: makes one.
    """
    contents = {path: _read(target / path) for path in digests}
    same = all(text is not None and digest(text) == digests[path] for path, text in contents.items())
    obstacles = (obstacle for path in digests for obstacle in _obstacles(target, path))
    return same and not any(obstacles) and not any(_stale(target, digests))


def _refusals(target: Path, files: Mapping[str, str], current: Mapping[str, bytes | None]) -> Iterator[Diagnostic]:
    """Yield the reasons why samekey may not write to a folder; each reason alone is enough."""
    if target.exists() and not target.is_dir():
        yield _refusal("target-not-a-folder", f"{target} is a file", "give another folder")
    elif _is_foreign(target):
        message = f"{target} holds files, and none of them was written by samekey"
        yield _refusal("target-not-ours", message, "give an empty folder, or one that samekey wrote before")
    else:
        # Many files may meet one obstacle.
        obstacles = dict.fromkeys(obstacle for path in files for obstacle in _obstacles(target, path))
        yield from (_refusal("path-blocked", obstacle, "move it away") for obstacle in obstacles)
        for path, text in files.items():
            if current[path] != text.encode() and _is_theirs(current[path]) and not _may_be_taken_over(path):
                message = f"{target / path} was not written by samekey and would be lost"
                yield _refusal("file-not-ours", message, "move it away, or choose another package name")


def _refusal(code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(Severity.ERROR, code, message, hint=hint)


def _obstacles(target: Path, path: str) -> Iterator[str]:
    """Yield what blocks a file: a folder in its place, or something else where a folder of the target belongs."""
    *folders, _ = PurePosixPath(path).parts
    folder = target
    for name in folders:
        folder /= name
        if folder.is_symlink():
            yield f"{folder} is a link, and what lies behind it is not in {target}"
            return
        if folder.exists() and not folder.is_dir():
            yield f"{folder} is a file, and a folder belongs there"
            return
    if (target / path).is_dir():
        yield f"{target / path} is a folder, and a file belongs there"


def apply(target: Path, files: Mapping[str, str], changes: Changes, diagnostics: Diagnostics) -> bool:
    """Write and remove what changed; nothing is touched before every text lies on the target's disk.

    Returns:
        Whether it was done; what stood in the way is reported as an error.
    """
    staging: Path | None = None
    created: Path | None = None
    try:
        created = _first_missing(target)
        target.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        staging = Path(tempfile.mkdtemp(prefix=f"{_STAGING}{os.getpid()}-", dir=target))
        folders = dict.fromkeys(PurePosixPath(path).parent for path in changes.write)
        for folder in folders:
            (staging / folder).mkdir(parents=True, exist_ok=True)
        for path in changes.write:
            (staging / path).write_bytes(files[path].encode())
        with _uninterrupted():
            _move(staging, target, changes, folders)
    except OSError as error:
        diagnostics.error(
            "target-unwritable",
            f"cannot write to {target}: {(error.strerror or str(error)).lower()}",
            hint="check the folder's permissions and the free space",
        )
        if created is not None:
            shutil.rmtree(created, ignore_errors=True)
        return False
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
    return True


def _move(staging: Path, target: Path, changes: Changes, folders: Iterable[PurePosixPath]) -> None:
    for folder in folders:
        (target / folder).mkdir(parents=True, exist_ok=True)
    for path in changes.write:
        (staging / path).replace(target / path)
    for path in changes.remove:
        (target / path).unlink()
        _remove_empty_parents(target, target / path)


@contextmanager
def _uninterrupted() -> Generator[None]:
    """Hold back what asks the process to end until a block is through: half of a move would be neither SDK."""
    received: list[int] = []
    is_main = threading.current_thread() is threading.main_thread()
    signals = [getattr(signal, name) for name in _INTERRUPTIONS if hasattr(signal, name)] if is_main else []
    handlers = {number: signal.signal(number, lambda number, _: received.append(number)) for number in signals}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        for number in received:
            signal.raise_signal(number)


def _sweep(target: Path) -> None:
    """Remove what runs have left that were killed; that of a run that goes on is younger, or its process lives."""
    now = time.time()
    for folder in target.glob(f"{_STAGING}*"):
        with suppress(OSError):
            age = now - folder.stat().st_mtime
            process = folder.name.removeprefix(_STAGING).partition("-")[0]
            if age > _OLD or (age > _RECENT and process.isdecimal() and not _lives(int(process))):
                shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def write_file(file: Path, text: str) -> None:
    """Write one file in one step: whatever interrupts, it is as it was, or as it has to be.

    Raises:
        OSError: it cannot be written.
    """
    # What a link leads to is written, and the link stays.
    target = file.resolve()
    with tempfile.TemporaryDirectory(prefix=".samekey-", dir=target.parent) as staging:
        whole = Path(staging) / target.name
        whole.write_bytes(text.encode("utf-8", "replace"))
        if target.exists():
            shutil.copymode(target, whole)
        whole.replace(target)


def unified_diff(target: Path, files: Mapping[str, str], changes: Changes) -> Iterator[str]:
    """Yield the changes as a unified diff, line by line; long files are cut."""
    for path in sorted((*changes.write, *changes.remove)):
        before = (_read(target / path) or b"").decode("utf-8", "replace")
        after = files.get(path, "")
        lines = list(
            difflib.unified_diff(
                before.splitlines(), after.splitlines(),
                f"a/{path}" if before else "/dev/null", f"b/{path}" if path in files else "/dev/null", lineterm="",
            )
        )  # fmt: skip
        yield from lines[:_MAX_DIFF_LINES] or [f"{path} differs in its line ends alone"]
        if len(lines) > _MAX_DIFF_LINES:
            yield f"… {len(lines) - _MAX_DIFF_LINES} more lines of {path}"


def _check_path(path: str) -> None:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path or ":" in path or "\0" in path:
        raise UnsafePathError(path)


def _first_missing(target: Path) -> Path | None:
    """Return the outermost folder that has to be made for a target; None where all folders are there."""
    return next((folder for folder in (*reversed(target.parents), target) if not folder.exists()), None)


def _is_foreign(target: Path) -> bool:
    """Whether a folder holds visible files, and none that samekey wrote."""
    if not target.is_dir():
        return False
    visible = (entry for entry in target.iterdir() if not entry.name.startswith("."))
    # Folders without files are nobody's work: a run that was killed leaves some.
    if not any(_holds_file(entry) for entry in visible):
        return False
    return not any(_is_ours(path) for path in _witnesses(target))


def _holds_file(path: Path) -> bool:
    """Whether a path is a file, or a folder with one in it at any depth."""
    if path.is_symlink() or not path.is_dir():
        return True
    return any(files for _, _, files in os.walk(path))


def _witnesses(target: Path) -> Iterator[Path]:
    """Yield the paths of the files that show whether samekey wrote a folder."""
    for name in (*_USERS_CHOICE, LOCKFILE):
        yield target / name
    yield from sorted(target.glob("*.py"))
    for package in sorted(entry for entry in target.iterdir() if entry.is_dir() and not entry.name.startswith(".")):
        yield package / "__init__.py"


def _stale(target: Path, files: Collection[str]) -> Iterator[str]:
    """Yield the paths of files that bear samekey's header and are no longer part of the output."""
    for path in sorted(_candidates(target)):
        relative = path.relative_to(target).as_posix()
        is_kind_of_ours = path.suffix in {".py", ".typed", ".yml"} and path.is_file() and not path.is_symlink()
        if is_kind_of_ours and relative not in files and _is_ours(path):
            yield relative


def _candidates(target: Path) -> Iterator[Path]:
    """Yield what is in the target, its own package, tests and workflows; what else lies there may be another SDK."""
    yield from target.glob("*.py")
    workflows = target / _WORKFLOWS
    if workflows.is_dir() and not workflows.is_symlink() and not workflows.parent.is_symlink():
        yield from workflows.glob("*")
    for folder in target.iterdir() if target.is_dir() else ():
        if not folder.is_symlink() and _is_ours(folder / "__init__.py"):
            yield from (path for path in folder.rglob("*") if path.relative_to(folder).parts[0] != CUSTOM)
        elif not folder.is_symlink() and folder.name == "tests":
            yield from folder.glob("*")


def _may_be_taken_over(path: str) -> bool:
    return path in _USERS_CHOICE or path.startswith((f"{_WORKFLOWS}/", "tests/"))


def _is_theirs(contents: bytes | None) -> bool:
    """Whether a file is there and does not bear samekey's header."""
    return contents is not None and not _has_mark(contents)


def _has_mark(contents: bytes) -> bool:
    # Names and surfaces are JSON, which a merge may have left in pieces.
    return bears_header(contents) or (b'"about"' in contents[:MARKED_BYTES] and is_marked(contents))


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return _has_mark(file.read(MARKED_BYTES))
    except OSError:
        return False


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _remove_empty_parents(target: Path, path: Path) -> None:
    for parent in path.parents:
        cache = parent / "__pycache__"
        if parent == target or any(entry != cache for entry in parent.iterdir()):
            return
        shutil.rmtree(cache, ignore_errors=True)
        parent.rmdir()
