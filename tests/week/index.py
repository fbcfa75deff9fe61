"""A package index on this machine, and environments that install from it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.tools import checked

_PATIENCE = 20.0
_NO_SETTINGS = {"PIP_CONFIG_FILE": os.devnull, "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": "", "PIP_NO_INDEX": ""}
"""What keeps pip from asking any other index than the one that is named."""


@contextmanager
def local_index(folder: Path) -> Generator[str]:
    """The URL of an index that keeps what it is sent in a folder, for as long as a block runs."""
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    options = ["-i", "127.0.0.1", "-p", str(port), "-P", ".", "-a", ".", "--disable-fallback", "--server", "wsgiref"]
    command = [sys.executable, "-m", "pypiserver", "run", *options, str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait()


def _await(url: str) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  # a URL of this machine
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def publish(archives: list[Path], index: str) -> None:
    """Send archives to an index, with the tool that people publish with."""
    command = [sys.executable, "-m", "twine", "upload", "--non-interactive", "--disable-progress-bar"]
    checked([*command, "--repository-url", index, "-u", "owner", "-p", "secret", *map(str, archives)])


class Environment:
    """A virtual environment.

    Args:
        folder: where it is made.
        shares: whether it takes what the SDK depends on from the environment of these tests, and asks no other index.
    """

    def __init__(self, folder: Path, *, shares: bool) -> None:
        venv.create(folder, with_pip=False)
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self._shares = shares
        if shares:
            ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
            here = checked([sys.executable, "-c", ask]).strip()
            site = Path(checked([str(self.python), "-c", ask]).strip())
            (site / "shared.pth").write_text(here, "utf-8")

    def install(self, name: str, index: str) -> None:
        """Install a package, from an index and no other; what it depends on comes from where this machine has it."""
        self._pip(
            "install",
            "--upgrade",
            "--no-deps",
            "--no-cache-dir",
            "--index-url",
            f"{index}simple/",
            name,
            env=_NO_SETTINGS,
        )
        if not self._shares:
            self._pip("install", *self._requirements(name.partition("==")[0]))
            self._pip("check")

    def _requirements(self, name: str) -> list[str]:
        ask = f"import importlib.metadata as m; print(*m.requires({name!r}), sep='\\n')"
        return [line for line in checked([str(self.python), "-c", ask]).splitlines() if "extra ==" not in line]

    def _pip(self, *words: str, env: dict[str, str] | None = None) -> None:
        quiet = ("--quiet",) if words[0] == "install" else ()
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(self.python)]
        checked([*command, *words, *quiet], env=env)
