"""The journal: what was sent under which key, on disk before the first byte leaves, so a crash loses no truth.

Credentials are not written: a resumed call is signed again by the client that resumes it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import threading
import uuid
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from msgspec import Struct

from ..concurrency.fork import begin_anew_after_fork
from ..declare import public

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..auth.credentials import Requirement
    from ..retry.record import CallRecord
    from ..retry.rules import Certainty


@public
class JournalConflictError(ValueError):
    """The key was used for other bytes before; nothing was sent."""


@public
class JournalEntry(Struct, frozen=True):
    """A keyed call that may have been sent and is not settled.

    Args:
        api: the base URL; a client resumes the entries of its own API only.
        key: the idempotency key.
        operation: the Python path of the method.
        method: the HTTP method.
        path: the path template of the document.
        target: path and query as they were sent, without credentials; a whole URL where the operation has a server
            of its own.
        headers: headers as they were sent, without credentials; the key among them.
        body: the bytes as they were sent; None where there are none.
        security: the alternatives of credentials that the operation asks for, by name.
        first_sent: Unix time in seconds at which the key was first written down.
        key_ttl: seconds for which the server remembers the key.
        withheld: names of headers that were sent and are not written, since they may be credentials; with the digest
            of the value where it belonged to this call alone.
        dialect: how the API speaks of keys here, and how the call is retried, as JSON; empty in an entry of an
            earlier version.
    """

    api: str
    key: str
    operation: str
    method: str
    path: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    security: Requirement
    first_sent: float
    key_ttl: float
    withheld: tuple[tuple[str, str], ...] = ()
    dialect: str = ""

    @property
    def sha256(self) -> str:
        """The hash of what the server may compare: method, target and body."""
        digest = hashlib.sha256(f"{self.method} {self.target}\n".encode())
        digest.update(self.body or b"")
        return digest.hexdigest()

    def __repr__(self) -> str:
        return f"JournalEntry({self.operation!r}, key={self.key!r}, first_sent={self.first_sent!r})"


@public
class Settlement(Struct, frozen=True):
    """What became of an entry that was resumed.

    Args:
        entry: the entry.
        certainty: what is known now; `UNKNOWN` leaves the entry in the journal.
        reason: why it was not sent again or is not settled; empty where it is.
        status: the status of the last answer, if one came.
        content: the body of the last answer.
        record: the attempts made now; None where none was.
    """

    entry: JournalEntry
    certainty: Certainty
    reason: str = ""
    status: int | None = None
    content: bytes = b""
    record: CallRecord | None = None


class Journal(Protocol):
    """Where keys and bytes are kept; safe to share between threads and processes."""

    def begin(self, entry: JournalEntry) -> float:
        """Write an entry down, durably, before its first byte is sent, and hold it.

        Returns:
            The time at which the key was first written down, which may be long ago.

        Raises:
            JournalConflictError: the key stands there with other bytes.
        """
        ...

    def settle(self, api: str, key: str) -> None:
        """Forget an entry whose outcome is certain."""
        ...

    def release(self, api: str, key: str) -> None:
        """Let go of an entry whose outcome is not certain, so that it can be resumed."""
        ...

    def pending(self, api: str) -> list[JournalEntry]:
        """Return the entries that are not settled, the oldest first."""
        ...

    def claim(self, api: str, key: str) -> bool:
        """Hold an entry for resuming; return False where somebody alive holds it, or it is settled."""
        ...

    def close(self) -> None:
        """Close the journal, and let go of everything that is open."""
        ...


_PRIVATE: Final = 0o600
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS samekey_journal (
    api TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    entry TEXT NOT NULL,
    body BLOB,
    sha256 TEXT NOT NULL,
    first_sent REAL NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (api, idempotency_key)
)
"""


class SQLiteJournal:
    """A journal in a file, for the threads and processes of one machine.

    Whoever holds an entry keeps a lock on a small file beside the journal; the system lets go of it when the process
    ends, however it ends.

    Args:
        path: the file; it is created when it is missing, its folder is not.
        busy_timeout: seconds to wait for another process that is writing.
    """

    def __init__(self, path: str | os.PathLike[str], *, busy_timeout: float = 30.0) -> None:
        self._path = Path(path)
        self._busy_timeout = busy_timeout
        self._parents: list[object] = []
        self._lock = threading.Lock()
        self._held: set[tuple[str, str]] = set()
        self._connection: sqlite3.Connection | None = None
        self._open()
        begin_anew_after_fork(self)

    def _open(self) -> sqlite3.Connection:
        self._owner = uuid.uuid4().hex
        self._alive = _lock_file(self._owner_path(self._owner))
        # It holds what was to be paid and by whom; SQLite gives the files beside it the same rights.
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, _PRIVATE))
        connection = sqlite3.connect(
            self._path, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(_SCHEMA)
        self._connection = connection
        return connection

    def after_fork(self) -> None:
        """Leave the parent process its connection and what it holds: SQLite's connections do not outlive a fork."""
        self._lock = threading.Lock()
        if self._connection is None:
            return
        self._parents.append(self._connection)
        self._connection = None
        self._held = set()
        # The lock itself is the parent's, whose file stays open there.
        self._alive.close()

    def begin(self, entry: JournalEntry) -> float:
        """Write an entry down, durably, before its first byte is sent, and hold it."""
        with self._writing() as connection:
            found = connection.execute(
                "SELECT sha256, first_sent, owner FROM samekey_journal WHERE api = ? AND idempotency_key = ?",
                (entry.api, entry.key),
            ).fetchone()
            if found is None:
                connection.execute(
                    "INSERT INTO samekey_journal VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (entry.api, entry.key, describe(entry), entry.body, entry.sha256, entry.first_sent, self._owner),
                )
            else:
                check_same(entry, found[0])
                self._take(connection, entry.api, entry.key)
            self._held.add((entry.api, entry.key))
            return entry.first_sent if found is None else float(found[1])

    def settle(self, api: str, key: str) -> None:
        """Forget an entry whose outcome is certain."""
        with self._writing() as connection:
            connection.execute("DELETE FROM samekey_journal WHERE api = ? AND idempotency_key = ?", (api, key))
            self._held.discard((api, key))

    def release(self, api: str, key: str) -> None:
        """Let go of an entry whose outcome is not certain, so that it can be resumed."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE samekey_journal SET owner = '' WHERE api = ? AND idempotency_key = ? AND owner = ?",
                (api, key, self._owner),
            )
            self._held.discard((api, key))

    def pending(self, api: str) -> list[JournalEntry]:
        """Return the entries that are not settled, the oldest first."""
        with self._lock:
            rows = (
                (self._connection or self._open())
                .execute(
                    "SELECT idempotency_key, entry, body, first_sent FROM samekey_journal"
                    " WHERE api = ? ORDER BY first_sent",
                    (api,),
                )
                .fetchall()
            )
        return [restore(api, *row) for row in rows]

    def claim(self, api: str, key: str) -> bool:
        """Hold an entry for resuming; return False where somebody alive holds it, or it is settled."""
        with self._writing() as connection:
            found = connection.execute(
                "SELECT owner FROM samekey_journal WHERE api = ? AND idempotency_key = ?", (api, key)
            ).fetchone()
            if found is None or (api, key) in self._held or self._is_alive(found[0]):
                return False
            self._take(connection, api, key)
            self._held.add((api, key))
            return True

    def close(self) -> None:
        """Close the journal; what is not settled can then be resumed by others."""
        with self._lock:
            if self._connection is None:
                return
            self._connection.close()
            self._alive.close()
            self._owner_path(self._owner).unlink(missing_ok=True)

    def __del__(self) -> None:
        # A journal lives as long as its process, as a rule; whoever forgets to close it is not punished for it.
        with contextlib.suppress(Exception):
            self.close()

    def _take(self, connection: sqlite3.Connection, api: str, key: str) -> None:
        connection.execute(
            "UPDATE samekey_journal SET owner = ? WHERE api = ? AND idempotency_key = ?", (self._owner, api, key)
        )

    @contextlib.contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        """Run a block in a transaction that no other process can interleave with; durable when it ends."""
        with self._lock:
            connection = self._connection or self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _owner_path(self, owner: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{owner}.alive")

    def _is_alive(self, owner: str) -> bool:
        if not owner or owner == self._owner:
            return False
        path = self._owner_path(owner)
        if not path.exists():
            return False
        try:
            _lock_file(path).close()
        except OSError:
            return True
        path.unlink(missing_ok=True)
        return False


def describe(entry: JournalEntry) -> str:
    """Return as JSON what is written of an entry beside its key, body and time."""
    return json.dumps({
        "operation": entry.operation, "method": entry.method, "path": entry.path, "target": entry.target,
        "headers": entry.headers, "security": entry.security, "key_ttl": entry.key_ttl,
        "withheld": entry.withheld, "dialect": entry.dialect,
    })  # fmt: skip


def restore(api: str, key: str, text: str, body: bytes | None, first_sent: float) -> JournalEntry:
    """Restore an entry from what was written of it; one that cannot be read has no operation, and is not sent."""
    try:
        return _restored(api, key, json.loads(text), body, first_sent)
    except (ValueError, LookupError, TypeError) as error:
        return JournalEntry(
            api, key, "", "", "", "", (), None, (), first_sent, float("inf"), dialect=f"unreadable: {error!r}"
        )


def _restored(api: str, key: str, facts: Any, body: bytes | None, first_sent: float) -> JournalEntry:  # noqa: ANN401
    return JournalEntry(
        api=api,
        key=key,
        operation=facts["operation"],
        method=facts["method"],
        path=facts["path"],
        target=facts["target"],
        headers=tuple((name, value) for name, value in facts["headers"]),
        body=body if body is None else bytes(body),
        security=tuple(tuple(names) for names in facts["security"]),
        first_sent=first_sent,
        key_ttl=facts["key_ttl"],
        withheld=tuple((name, digest) for name, digest in facts.get("withheld", ())),
        dialect=facts.get("dialect", ""),
    )


def check_same(entry: JournalEntry, sha256: str) -> None:
    """Refuse to send other bytes under a key that may have been sent.

    Raises:
        JournalConflictError: the bytes differ.
    """
    if entry.sha256 != sha256:
        raise JournalConflictError(
            f"idempotency_key={entry.key!r} stands in the journal with another payload, which may have been done; "
            "use the same arguments, or another key"
        )


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
