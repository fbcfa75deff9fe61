"""Where samekey keeps what it can do without: compiled templates, and what earlier runs found."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Final

VARIABLE: Final = "SAMEKEY_CACHE"


def cache_folder(name: str) -> Path | None:
    """Return a folder for what can be made again, for this user alone; None where there is no place for one.

    Args:
        name: of the folder, below the one that the environment variable `SAMEKEY_CACHE` names, which is empty to keep
            nothing, or else below the user's cache (XDG Base Directory Specification on Linux).
    """
    above = _chosen()
    if above is None:
        return None
    try:
        folder = _made(above / name)
        return folder if os.access(folder, os.W_OK) and _is_ours(folder) else None
    except OSError:
        return None


def _made(folder: Path) -> Path:
    """Return the folder with links resolved; folders that were missing on its path are made for the user alone."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
    return folder.resolve()


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can write here or exchange the folder for another: what is read here is run, and believed.

    The path to it counts as well, as it does to sshd with `StrictModes`: each folder belongs to root or to this user,
    since who owns a folder may exchange what is in it. A sticky folder keeps what others put into it.
    """
    if sys.platform == "win32":
        return True
    own, user = folder.stat(), os.getuid()
    above = [path.stat() for path in folder.parents]
    is_guarded = all(
        entry.st_uid in {0, user} and (not _others_write(entry.st_mode) or entry.st_mode & stat.S_ISVTX)
        for entry in above
    )
    return own.st_uid == user and not _others_write(own.st_mode) and is_guarded


def _others_write(mode: int) -> bool:
    return bool(mode & (stat.S_IWGRP | stat.S_IWOTH))


def _chosen() -> Path | None:
    chosen = os.environ.get(VARIABLE)
    if chosen is not None:
        return Path(chosen).absolute() if chosen else None
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "samekey" / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "samekey"
    base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    # A relative path is not valid there.
    return (base if base.is_absolute() else home / ".cache") / "samekey"
