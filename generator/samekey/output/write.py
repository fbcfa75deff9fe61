"""Files to disk: inside the target folder, all or nothing, and never over what somebody else wrote."""

from __future__ import annotations

import difflib
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct

from samekey.document.diagnostics import Diagnostic, Severity
from samekey.header import MARKED_BYTES, is_marked
from samekey.names import LOCKFILE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from samekey.document.diagnostics import Diagnostics

_USERS_CHOICE = ("README.md", "pyproject.toml", "api.md", "LICENSE")
_MAX_DIFF_LINES = 200


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
        yield _refusal("target-not-a-folder", f"{target} is a file", "give another folder with -o")
    elif _is_foreign(target):
        message = f"{target} holds files, and none of them was written by samekey"
        yield _refusal("target-not-ours", message, "give an empty folder, or one that samekey wrote before, with -o")
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
    created = _first_missing(target)
    staging: Path | None = None
    try:
        target.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".samekey-", dir=target))
        folders = dict.fromkeys(PurePosixPath(path).parent for path in changes.write)
        for folder in folders:
            (staging / folder).mkdir(parents=True, exist_ok=True)
        for path in changes.write:
            (staging / path).write_bytes(files[path].encode())
        for folder in folders:
            (target / folder).mkdir(parents=True, exist_ok=True)
        for path in changes.write:
            (staging / path).replace(target / path)
        for path in changes.remove:
            (target / path).unlink()
            _remove_empty_parents(target, target / path)
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
    visible = [entry for entry in target.iterdir() if not entry.name.startswith(".")]
    if not visible:
        return False
    return not any(_is_ours(path) for path in _witnesses(target))


def _witnesses(target: Path) -> Iterator[Path]:
    """Yield the paths of the files that show whether samekey wrote a folder."""
    for name in (*_USERS_CHOICE, LOCKFILE):
        yield target / name
    for package in sorted(entry for entry in target.iterdir() if entry.is_dir() and not entry.name.startswith(".")):
        yield package / "__init__.py"


def _stale(target: Path, files: Collection[str]) -> Iterator[str]:
    """Yield the paths of files that bear samekey's header and are no longer part of the output."""
    for path in sorted(_candidates(target)):
        relative = path.relative_to(target).as_posix()
        is_kind_of_ours = path.suffix in {".py", ".typed"} and path.is_file() and not path.is_symlink()
        if is_kind_of_ours and relative not in files and _is_ours(path):
            yield relative


def _candidates(target: Path) -> Iterator[Path]:
    """Yield the paths in the target's own package and tests; what else lies in the target may be another SDK."""
    for folder in target.iterdir() if target.is_dir() else ():
        if not folder.is_symlink() and _is_ours(folder / "__init__.py"):
            yield from folder.rglob("*")
        elif not folder.is_symlink() and folder.name == "tests":
            yield from folder.glob("*")


def _may_be_taken_over(path: str) -> bool:
    return path in _USERS_CHOICE or path.startswith("tests/")


def _is_theirs(contents: bytes | None) -> bool:
    """Whether a file is there and does not bear samekey's header."""
    return contents is not None and not is_marked(contents)


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return is_marked(file.read(MARKED_BYTES))
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
