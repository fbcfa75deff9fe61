"""A journal in a file of SQLite, for the threads and processes of one machine."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import uuid
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

from ..concurrency.fork import hold_over_fork
from ..declare import public
from .holds import Holds
from .tables import JournalTables, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from .tables import Execute

R = TypeVar("R")
_PRIVATE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700
_SCHEMA: Final = schema(blob="BLOB", real="REAL", owner="TEXT")
_LOCK_TRIES: Final = 50
_LOCK_WAIT: Final = 0.01


@public
class SQLiteJournal(JournalTables):
    """A journal in a file, for the threads and processes of one machine.

    Whoever holds an entry keeps a lock on a small file beside the journal; the system lets go of it when the process
    ends, however it ends. Large bodies stand in files of their own, in a folder beside it.

    Args:
        path: the file; it is created when it is missing, its folder is not.
        busy_timeout: seconds to wait for another process that is writing.
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_timeout: float = 30.0) -> None:
        super().__init__(nobody="")
        self._path = Path(path)
        self._body_folder = self._path.with_name(f"{self._path.name}.bodies")
        self._busy_timeout = busy_timeout
        self._parents: list[object] = []
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._alive: IO[bytes] | None = None
        self._is_closed = False
        self._open()
        # A connection that is inherited by a fork which Python does not see cannot be made harmless, so there is none
        # before the first call.
        self._disconnect()
        hold_over_fork(self)

    def _open(self) -> sqlite3.Connection:
        if self._is_closed:
            raise sqlite3.ProgrammingError("the journal is closed")
        if self._alive is None:
            self._owner = uuid.uuid4().hex
            self._alive = _own_lock(self._owner_path(self._owner))
        # It holds what was to be paid and by whom; SQLite gives the files beside it the same rights. One that is there
        # is not opened: closing any descriptor of a file lets go of all locks that this process has on it.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _PRIVATE))
        connection = sqlite3.connect(
            self._path, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        for statement in _SCHEMA:
            connection.execute(statement)
        self._connection = connection
        self._purge(time.time())
        self._sweep()
        return connection

    def _sweep(self) -> None:
        """Remove what processes have left that are no more: their locks, and bodies that no entry names."""
        prefix, suffix = f"{self._path.name}.", ".alive"
        owners = [path.name[len(prefix) : -len(suffix)] for path in self._path.parent.glob(f"{prefix}*{suffix}")]
        living = {owner for owner in owners if owner == self._owner or self._lives(owner)}
        bodies = [body for body in self._left_bodies() if body.name.partition(".")[0] not in living]
        if not bodies:
            return
        with self._reading() as execute:
            named = execute("SELECT entry FROM samekey_journal WHERE body IS NULL").fetchall()
        for body in bodies:
            if not any(body.name in text for (text,) in named):
                body.unlink(missing_ok=True)

    def _left_bodies(self) -> Iterator[Path]:
        with contextlib.suppress(FileNotFoundError):
            yield from self._body_folder.iterdir()

    def after_fork(self) -> None:
        """Leave the parent process its connection and what it holds: SQLite's connections do not outlive a fork."""
        self._lock = threading.RLock()
        self._holds = Holds()
        if self._connection is not None:
            # Only where Python did not see the fork.
            self._parents.append(self._connection)
            self._connection = None
        if self._alive is not None:
            # The lock itself is the parent's, whose file stays open there.
            self._alive.close()
            self._alive = None

    def before_fork(self) -> None:
        """Wait for what another thread writes, and close the connection.

        A child that opens one beside an inherited one shares what SQLite knows of the file, and would take the parent's
        locks for its own.
        """
        self._lock.acquire()
        self._disconnect()

    def after_fork_in_parent(self) -> None:
        """Let other threads write again."""
        self._lock.release()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def body_path(self) -> Path | None:
        """Return where a large body can be written to a new file."""
        with self._lock:
            if self._alive is None:
                # A child is not its parent, after which the file would be named.
                self._open()
            self._body_folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            return self._body_folder / f"{self._owner}.{uuid.uuid4().hex}"

    def close(self) -> None:
        """Close the journal; what is not settled can then be resumed by others."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._disconnect()
            if self._alive is not None:
                self._alive.close()
                self._owner_path(self._owner).unlink(missing_ok=True)

    def __del__(self) -> None:
        # A journal lives as long as its process, as a rule; whoever forgets to close it is not punished for it.
        with contextlib.suppress(Exception):
            self.close()

    def _again(self, work: Callable[[], R]) -> R:
        with self._lock:
            return work()

    @contextlib.contextmanager
    def _writing(self) -> Generator[Execute]:
        """Run a block in a transaction that no other process can interleave with; durable when it ends."""
        connection = self._connection or self._open()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection.execute
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _reading(self) -> Generator[Execute]:
        yield (self._connection or self._open()).execute

    def _bodies(self) -> Path | None:
        return self._body_folder if self._body_folder.exists() else None

    def _owner_path(self, owner: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{owner}.alive")

    def _is_alive(self, execute: Execute, owner: Any) -> bool:  # noqa: ANN401  # of the database's own type
        del execute
        return bool(owner) and owner != self._owner and self._lives(owner)

    def _lives(self, owner: str) -> bool:
        path = self._owner_path(owner)
        if not path.exists():
            return False
        try:
            _lock_file(path).close()
        except OSError:
            return True
        with contextlib.suppress(OSError):
            path.unlink()
        return False


def _own_lock(path: Path) -> IO[bytes]:
    """Create a file and lock it; another process may look at it in between, and even remove it as a dead one's.

    Raises:
        OSError: it cannot be.
    """
    for number in range(_LOCK_TRIES):
        try:
            file = _lock_file(path)
        except OSError:
            if number == _LOCK_TRIES - 1:
                raise
            time.sleep(_LOCK_WAIT)
            continue
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()
    raise OSError(f"the lock {path} is taken away again and again")


def _lock_file(path: Path) -> IO[bytes]:
    """Open a file and lock it until it is closed or the process ends.

    Raises:
        OSError: another open file holds the lock.
    """
    file = open(path, "ab", opener=lambda name, flags: os.open(name, flags, _PRIVATE))  # noqa: SIM115
    try:
        if os.name == "nt":
            import msvcrt  # noqa: PLC0415

            getattr(msvcrt, "locking")(file.fileno(), getattr(msvcrt, "LK_NBLCK"), 1)  # noqa: B009  # unknown elsewhere
        else:
            import fcntl  # noqa: PLC0415

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file
