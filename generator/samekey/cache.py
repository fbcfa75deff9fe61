"""Where samekey keeps what it can do without: compiled templates, and what earlier runs found."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Final

VARIABLE: Final = "SAMEKEY_CACHE"


def cache_folder(name: str) -> Path | None:
    """A folder for what can be made again, for this user alone; None where there is no place for one.

    Args:
        name: of the folder, below the one that the environment variable `SAMEKEY_CACHE` names, which is empty to keep
            nothing, or else below the user's cache (XDG Base Directory Specification on Linux).
    """
    above = _chosen()
    if above is None:
        return None
    folder = above / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if os.access(folder, os.W_OK) and _is_ours(folder) else None
    except OSError:
        return None


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can write here: what is read from here is run, and believed."""
    if sys.platform == "win32":
        return True
    told = folder.stat()
    return told.st_uid == os.getuid() and not told.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


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
    # A relative path is no valid one there.
    return (base if base.is_absolute() else home / ".cache") / "samekey"
