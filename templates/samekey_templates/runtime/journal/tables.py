"""What all journals in a database do alike; a kind of database says how a write begins, and who is alive."""

# ruff: noqa: S608  # statements are put together from names of our own; values go in as parameters

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from ..retry.rules import Certainty
from .holds import Holds
from .journal import JournalConflictError, JournalHold
from .rows import check_same, describe, outcome_row, restore, restore_outcome

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from .journal import JournalEntry, JournalOutcome

R = TypeVar("R")


Execute: TypeAlias = Callable[..., Any]
"""Runs a statement, its values marked by `?`, and returns what has `fetchone`, `fetchall` and `rowcount`."""


def schema(*, blob: str, real: str, owner: str) -> tuple[str, ...]:
    """Return the statements that make the tables, in the types of a database.

    An earlier version knows the first table only, and may share it.
    """
    return (
        f"""CREATE TABLE IF NOT EXISTS samekey_journal (
            api TEXT NOT NULL, idempotency_key TEXT NOT NULL, entry TEXT NOT NULL, body {blob}, sha256 TEXT NOT NULL,
            first_sent {real} NOT NULL, owner {owner} NOT NULL, PRIMARY KEY (api, idempotency_key))""",
        f"""CREATE TABLE IF NOT EXISTS samekey_outcome (
            api TEXT NOT NULL, idempotency_key TEXT NOT NULL, reference TEXT NOT NULL, entry TEXT NOT NULL,
            sha256 TEXT NOT NULL, first_sent {real} NOT NULL, certainty TEXT NOT NULL,
            may_be_repeated INTEGER NOT NULL, status INTEGER, headers TEXT NOT NULL, content {blob},
            settled_at {real} NOT NULL, expires_at {real} NOT NULL, acknowledged INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (api, idempotency_key))""",
        f"""CREATE TABLE IF NOT EXISTS samekey_reference (
            api TEXT NOT NULL, reference TEXT NOT NULL, idempotency_key TEXT NOT NULL, expires_at {real} NOT NULL,
            PRIMARY KEY (api, reference))""",
    )


_OUTCOME: Final = (
    "api, idempotency_key, reference, entry, sha256, first_sent, certainty, may_be_repeated, status, headers, content,"
    " settled_at, expires_at"
)
_ENTRY: Final = "idempotency_key, entry, body, first_sent"
_HERE: Final = "WHERE api = ? AND idempotency_key = ?"
_UNDER_REFERENCE: Final = "WHERE api = ? AND reference = ?"


class JournalTables(ABC):
    """A journal in the tables of a database.

    Args:
        nobody: what stands as the owner of an entry that no call holds.
        row_lock: what a SELECT ends with that keeps other writers from its rows.
    """

    def __init__(self, nobody: object, row_lock: str = "") -> None:
        self._nobody = nobody
        self._row_lock = row_lock
        self._holds = Holds()
        self._owner: Any = nobody

    @abstractmethod
    def _again(self, work: Callable[[], R]) -> R:
        """Do work in the database, and do it again where the connection was lost: all of it can be repeated."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Execute]:
        """Run a block in a transaction, durable when it ends."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Execute]:
        """Run a block that only reads."""

    @abstractmethod
    def _is_alive(self, execute: Execute, owner: Any) -> bool:  # noqa: ANN401  # of the database's own type
        """Whether a process other than this one holds entries under that name."""

    def _wait_for(self, execute: Execute, *names: str) -> None:  # noqa: B027  # SQLite's writers are alone
        """Wait for other transactions that work on the same names, where writers are not alone anyway."""

    def _bodies(self) -> Path | None:
        """Return the folder of large bodies, where there may be one."""
        return None

    def begin(self, entry: JournalEntry, *, is_new: bool = False) -> JournalHold:
        """Write an entry down, durably, before its first byte is sent, and hold it."""
        return self._again(lambda: self._begin(entry, is_new=is_new))

    def _begin(self, entry: JournalEntry, *, is_new: bool) -> JournalHold:
        name = (entry.api, entry.key)
        with self._writing() as execute:
            if entry.reference:
                self._refer(execute, entry)
            if not is_new:
                self._wait_for(execute, *name)
                outcome = self._outcome(execute, *name)
                if outcome is not None and outcome.certainty is Certainty.APPLIED:
                    check_same(entry, outcome.entry.sha256, outcome.entry.account)
                    return JournalHold(outcome.entry.first_sent, is_new=False, outcome=outcome)
            row = self._insert(execute, entry)
            hold, is_shared = JournalHold(entry.first_sent, is_new=True), False
            if row is not None:
                hold, is_shared = self._join(execute, entry, row)
            elif not is_new:
                # Nothing was done under it, so its place is free.
                execute(f"DELETE FROM samekey_outcome {_HERE}", name)
        self._holds.add(name, is_shared=is_shared)
        return hold

    def _insert(self, execute: Execute, entry: JournalEntry) -> Any:  # noqa: ANN401  # a row of some database
        """Write an entry down; return what stands in its place, if anything does."""
        values = (describe(entry), entry.body, entry.sha256, entry.first_sent, self._owner)
        name = (entry.api, entry.key)
        while True:
            statement = "INSERT INTO samekey_journal VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
            if execute(statement, (*name, *values)).rowcount:
                return None
            row = execute(
                f"SELECT entry, sha256, first_sent, owner FROM samekey_journal {_HERE}{self._row_lock}", name
            ).fetchone()
            if row is not None:
                return row

    def _join(self, execute: Execute, entry: JournalEntry, row: Any) -> tuple[JournalHold, bool]:  # noqa: ANN401
        """Go on with an entry that stands there; whether a living call holds it comes with it."""
        name = (entry.api, entry.key)
        text, sha256, first_sent, owner = row
        check_same(entry, sha256, restore(*name, text, None, first_sent).account)
        is_shared = self._is_alive(execute, owner)
        self._take(execute, *name)
        # A commit whose acknowledgement was lost has left this call's own entry there.
        is_new = name not in self._holds and not is_shared and float(first_sent) == entry.first_sent
        return JournalHold(float(first_sent), is_new=is_new), is_shared

    def _refer(self, execute: Execute, entry: JournalEntry) -> None:
        """Keep which key stands for a reference.

        Raises:
            JournalConflictError: another one does.
        """
        self._wait_for(execute, entry.api, entry.reference)
        execute(
            "INSERT INTO samekey_reference VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (entry.api, entry.reference, entry.key, entry.first_sent + entry.key_ttl),
        )
        if self._key_of(execute, entry.api, entry.reference) != entry.key:
            raise JournalConflictError(
                f"reference={entry.reference!r} is being used by another call; nothing was sent, call again"
            )

    def _key_of(self, execute: Execute, api: str, reference: str) -> str | None:
        row = execute(f"SELECT idempotency_key FROM samekey_reference {_UNDER_REFERENCE}", (api, reference)).fetchone()
        return None if row is None else str(row[0])

    def reserve(self, api: str, reference: str, key: str, expires_at: float) -> str:
        """Return the key that stands for a reference; the one that is given, where none does."""
        return self._again(lambda: self._reserve(api, reference, key, expires_at))

    def _reserve(self, api: str, reference: str, key: str, expires_at: float) -> str:
        with self._writing() as execute:
            self._wait_for(execute, api, reference)
            known = self._key_of(execute, api, reference)
            if known is not None:
                pending = execute(f"SELECT 1 FROM samekey_journal {_HERE}", (api, known)).fetchone()
                outcome = None if pending else self._outcome(execute, api, known)
                if outcome is None or outcome.certainty is Certainty.APPLIED:
                    return known
                execute(f"DELETE FROM samekey_outcome {_HERE}", (api, known))
                execute(f"DELETE FROM samekey_reference {_UNDER_REFERENCE}", (api, reference))
            execute("INSERT INTO samekey_reference VALUES (?, ?, ?, ?)", (api, reference, key, expires_at))
            return key

    def settle(
        self, api: str, key: str, outcome: JournalOutcome | None = None, *, done: bool = True, reference: str = ""
    ) -> None:
        """Forget an entry whose outcome is certain."""
        try:
            self._again(lambda: self._settle(api, key, outcome, done=done, reference=reference))
        finally:
            # What could not be brought up to date is resumed, by this process as by others.
            self._holds.remove((api, key))

    def _settle(self, api: str, key: str, outcome: JournalOutcome | None, *, done: bool, reference: str) -> None:
        name = (api, key)
        with self._writing() as execute:
            if not done and self._holds.is_shared(name):
                self._let_go(execute, name)
                return
            if outcome is not None:
                self._wait_for(execute, *name)
            files = self._files(execute, name)
            if done:
                execute(f"DELETE FROM samekey_journal {_HERE}", name)
            elif execute(f"DELETE FROM samekey_journal {_HERE} AND owner = ?", (*name, self._owner)).rowcount == 0:
                # Another process has it now, and may do what this one was refused.
                return
            if outcome is not None:
                execute(f"DELETE FROM samekey_outcome {_HERE}", name)
                marks = ", ".join("?" * len(outcome_row(outcome)))
                execute(f"INSERT INTO samekey_outcome ({_OUTCOME}) VALUES ({marks})", outcome_row(outcome))
            elif reference:
                execute(
                    f"DELETE FROM samekey_reference {_UNDER_REFERENCE} AND idempotency_key = ?", (api, reference, key)
                )
        _remove(files)

    def release(self, api: str, key: str) -> None:
        """Let go of an entry whose outcome is not certain, so that it can be resumed."""
        try:
            self._again(lambda: self._release(api, key))
        finally:
            self._holds.remove((api, key))

    def _release(self, api: str, key: str) -> None:
        with self._writing() as execute:
            self._let_go(execute, (api, key))

    def _let_go(self, execute: Execute, name: tuple[str, str]) -> None:
        if self._holds.is_last(name):
            execute(f"UPDATE samekey_journal SET owner = ? {_HERE} AND owner = ?", (self._nobody, *name, self._owner))

    def pending(self, api: str) -> list[JournalEntry]:
        """Return the entries that are not settled, the oldest first."""
        return self._again(lambda: self._pending(api))

    def _pending(self, api: str) -> list[JournalEntry]:
        with self._reading() as execute:
            rows = execute(f"SELECT {_ENTRY} FROM samekey_journal WHERE api = ? ORDER BY first_sent", (api,)).fetchall()
        return [self._restored(api, row) for row in rows]

    def outcomes(self, api: str) -> list[JournalOutcome]:
        """Return the outcomes that are kept, the oldest first."""
        return self._again(lambda: self._outcomes(api))

    def _outcomes(self, api: str) -> list[JournalOutcome]:
        with self._reading() as execute:
            statement = f"SELECT {_OUTCOME} FROM samekey_outcome WHERE api = ? AND acknowledged = 0 ORDER BY settled_at"
            return [restore_outcome(row) for row in execute(statement, (api,)).fetchall()]

    def find(self, api: str, *, key: str = "", reference: str = "") -> JournalEntry | JournalOutcome | None:
        """Return what stands under a key or a reference: an entry, an outcome, or nothing."""
        return self._again(lambda: self._find(api, key, reference))

    def _find(self, api: str, key: str, reference: str) -> JournalEntry | JournalOutcome | None:
        with self._reading() as execute:
            known = self._key_of(execute, api, reference) if reference else key
            if known is None:
                return None
            row = execute(f"SELECT {_ENTRY} FROM samekey_journal {_HERE}", (api, known)).fetchone()
            if row is not None:
                return self._restored(api, row)
            return self._outcome(execute, api, known, "AND acknowledged = 0")

    def claim(self, api: str, key: str) -> bool:
        """Hold an entry for resuming; return False where somebody alive holds it, or it is settled."""
        return self._again(lambda: self._claim(api, key))

    def _claim(self, api: str, key: str) -> bool:
        with self._writing() as execute:
            if not self._is_free(execute, api, key):
                return False
            self._take(execute, api, key)
        self._holds.add((api, key))
        return True

    def _is_free(self, execute: Execute, api: str, key: str) -> bool:
        row = execute(f"SELECT owner FROM samekey_journal {_HERE}{self._row_lock}", (api, key)).fetchone()
        return row is not None and (api, key) not in self._holds and not self._is_alive(execute, row[0])

    def dismiss(self, api: str, key: str) -> bool:
        """Forget an entry that nobody alive holds; return whether it was there."""
        return self._again(lambda: self._dismiss(api, key))

    def _dismiss(self, api: str, key: str) -> bool:
        with self._writing() as execute:
            if not self._is_free(execute, api, key):
                return False
            files = self._files(execute, (api, key))
            for table in ("samekey_journal", "samekey_reference"):
                execute(f"DELETE FROM {table} {_HERE}", (api, key))
        _remove(files)
        return True

    def acknowledge(self, api: str, key: str) -> bool:
        """Forget an outcome and its answer; return whether it was there.

        That it was done is kept as long as the server remembers the key: another worker may be about to ask again.
        """
        return self._again(lambda: self._acknowledge(api, key))

    def _acknowledge(self, api: str, key: str) -> bool:
        with self._writing() as execute:
            self._wait_for(execute, api, key)
            outcome = self._outcome(execute, api, key, "AND acknowledged = 0")
            if outcome is None:
                return False
            if outcome.certainty is Certainty.APPLIED:
                execute(
                    "UPDATE samekey_outcome SET acknowledged = 1, content = NULL, headers = '{}', expires_at = ?"
                    f" {_HERE}",
                    (outcome.entry.first_sent + outcome.entry.key_ttl, api, key),
                )
                return True
            execute(f"DELETE FROM samekey_outcome {_HERE}", (api, key))
            execute(
                f"DELETE FROM samekey_reference {_HERE}"
                " AND NOT EXISTS (SELECT 1 FROM samekey_journal j WHERE j.api = ? AND j.idempotency_key = ?)",
                (api, key, api, key),
            )
            return True

    def purge(self, now: float) -> None:
        """Forget the outcomes that have expired."""
        self._again(lambda: self._purge(now))

    def _purge(self, now: float) -> None:
        with self._reading() as execute:
            # Most of the time there is nothing, and then nobody has to wait for a write.
            if all(
                execute(f"SELECT 1 FROM {table} WHERE expires_at < ? LIMIT 1", (now,)).fetchone() is None
                for table in ("samekey_outcome", "samekey_reference")
            ):
                return
        with self._writing() as execute:
            execute("DELETE FROM samekey_outcome WHERE expires_at < ?", (now,))
            execute(
                "DELETE FROM samekey_reference WHERE expires_at < ? AND NOT EXISTS (SELECT 1 FROM samekey_journal j"
                " WHERE j.api = samekey_reference.api AND j.idempotency_key = samekey_reference.idempotency_key)"
                " AND NOT EXISTS (SELECT 1 FROM samekey_outcome o"
                " WHERE o.api = samekey_reference.api AND o.idempotency_key = samekey_reference.idempotency_key)",
                (now,),
            )

    def body_path(self) -> Path | None:
        """Return where a large body can be written to a new file; None where bodies are kept with their entries."""
        return None

    def _take(self, execute: Execute, api: str, key: str) -> None:
        execute(f"UPDATE samekey_journal SET owner = ? {_HERE}", (self._owner, api, key))

    def _outcome(self, execute: Execute, api: str, key: str, condition: str = "") -> JournalOutcome | None:
        row = execute(f"SELECT {_OUTCOME} FROM samekey_outcome {_HERE} {condition}", (api, key)).fetchone()
        return None if row is None else restore_outcome(row)

    def _restored(self, api: str, row: Any) -> JournalEntry:  # noqa: ANN401  # a row of some database
        key, text, body, first_sent = row
        return restore(api, key, text, body, first_sent, "" if self._bodies() is None else str(self._bodies()))

    def _files(self, execute: Execute, name: tuple[str, str]) -> list[Path]:
        """Return the file of an entry's large body, if it has one."""
        if self._bodies() is None:
            return []
        row = execute(f"SELECT {_ENTRY} FROM samekey_journal {_HERE} AND body IS NULL", name).fetchone()
        file = "" if row is None else self._restored(name[0], row).body_file
        return [Path(file)] if file else []


def _remove(files: list[Path]) -> None:
    for file in files:
        with contextlib.suppress(OSError):
            # What is left over is removed when a journal is opened.
            file.unlink()
