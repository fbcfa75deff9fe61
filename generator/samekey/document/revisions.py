"""Files as they stood at a revision of git, such as `main:openapi.yaml`."""

from __future__ import annotations

import os
import posixpath
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.document.source import FetchError, fetch_bytes, is_remote

if TYPE_CHECKING:
    from collections.abc import Sequence

_MISSING: Final = "no git is installed, so no revision can be read"


class Revision(Struct, frozen=True):
    """A path at a revision.

    Args:
        name: the revision: a branch, a tag, a commit.
        path: the path below the root of the repository.
    """

    name: str
    path: str

    def rooted(self) -> Revision:
        """Return the same with its path below the root of the repository: with `./` before it, it begins here.

        Raises:
            FetchError: there is no repository here.
        """
        if not self.path.startswith(("./", "../")):
            return self
        here = self._ask("rev-parse", "--show-prefix").decode(errors="surrogateescape").rstrip("\n")
        return Revision(self.name, posixpath.normpath(posixpath.join(here, self.path)))

    def is_folder(self) -> bool:
        """Whether it is a folder.

        Raises:
            FetchError: there is no such revision, or nothing at that path; the text says which.
        """
        return self._ask("cat-file", "-t", self._place(self.path)).strip() == b"tree"

    def fetch(self, uri: str) -> bytes:
        """Read a file at this revision, or a URL as it is now; for `Fetch`.

        Raises:
            FetchError: it cannot be read; the text says why.
        """
        if is_remote(uri):
            return fetch_bytes(uri)
        return self._ask("cat-file", "blob", self._place(uri))

    def location_of(self, uri: str) -> str | None:
        """Return where a document of today is read at this revision; None where it was not there. A URL stays one.

        Raises:
            FetchError: there is no such revision, or no repository here.
        """
        path = None if is_remote(uri) else self.path_of(Path(uri))
        if path is None:
            return uri
        place = self._place(path)
        try:
            self._ask("cat-file", "-e", place)
        except FetchError:
            return None
        return path

    def path_of(self, file: Path) -> str | None:
        """Return the path of a file of the working tree in its repository; None where it is not in it.

        Raises:
            FetchError: there is no repository here.
        """
        root = Path(self._ask("rev-parse", "--show-toplevel").decode(errors="surrogateescape").rstrip("\n"))
        try:
            return file.resolve().relative_to(root.resolve()).as_posix()
        except ValueError:
            return None

    def _place(self, path: str) -> str:
        # git takes a name that begins with a dash for an option.
        self._ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{self.name}^{{commit}}")
        return f"{self.name}:{posixpath.normpath(path)}"

    def _ask(self, *words: str) -> bytes:
        git = shutil.which("git")
        if git is None:
            raise FetchError(_MISSING)
        done = _run([git, *words])
        if done.returncode:
            raise FetchError(self._problem(words, done.stderr))
        return done.stdout

    def _problem(self, words: Sequence[str], said: bytes) -> str:
        if b"not a git repository" in said:
            return "there is no git repository here"
        if "--verify" in words:
            return f"there is no revision {self.name!r} here"
        text = said.decode(errors="replace").strip().removeprefix("fatal: ")
        return text.partition("\n")[0] or "git cannot read it"


def _run(command: list[str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603  # words of ours, and names that git takes for no option
            command, capture_output=True, check=False, stdin=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"}
        )
    except (OSError, ValueError) as error:
        raise FetchError(str(error)) from error


def revision_of(location: str) -> Revision | None:
    """Return the revision that a location names, as in `main:openapi.yaml`; None where it is a path or a URL."""
    name, colon, path = location.partition(":")
    is_drive = len(name) == 1 and path.startswith(("\\", "/"))
    if not colon or not name or not path or "://" in location or is_drive or _exists(location):
        return None
    return Revision(name, path)


def _exists(location: str) -> bool:
    try:
        return Path(location).exists()
    except (OSError, ValueError):
        return False
