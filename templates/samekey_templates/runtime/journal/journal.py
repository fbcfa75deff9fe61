"""The journal as callers see it: entries, outcomes, and what a place that keeps them must do.

Credentials are not written: a resumed call is signed again by the client that resumes it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

from ..declare import public

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..auth.credentials import Requirement
    from ..retry.record import CallRecord
    from ..retry.rules import Certainty


@public
class JournalConflictError(ValueError):
    """The key or the reference stands in the journal for something else; nothing was sent."""


@public
class JournalError(Exception):
    """The journal cannot be read or written: its database is away, full, locked or broken. Nothing was sent."""


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
        body: the bytes as they were sent; None where there are none, or where they are in a file.
        security: the alternatives of credentials that the operation asks for, by name.
        first_sent: Unix time in seconds at which the key was first written down.
        key_ttl: seconds for which the server remembers the key.
        withheld: names of headers that were sent and are not written, since they may be credentials; with the digest
            of the value where it belonged to this call alone.
        dialect: how the API speaks of keys here, and how the call is retried, as JSON; empty in an entry of an
            earlier version.
        reference: the caller's own name for what is to be done once; empty where they gave none.
        account: the account for which it was sent; None where the client could not tell.
        body_file: the path of the file that holds a large body; empty where there is none.
        digest: the hash of what the server may compare, where the body is not held here.
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
    reference: str = ""
    account: str | None = None
    body_file: str = ""
    digest: str = ""

    @property
    def sha256(self) -> str:
        """The hash of what the server may compare: method, target and body."""
        if self.digest:
            return self.digest
        return hashlib.sha256(first_line(self.method, self.target) + (self.body or b"")).hexdigest()

    def __repr__(self) -> str:
        reference = f", reference={self.reference!r}" if self.reference else ""
        return f"JournalEntry({self.operation!r}, key={self.key!r}{reference}, first_sent={self.first_sent!r})"


def first_line(method: str, target: str) -> bytes:
    """Return what is hashed of a request before its body."""
    return f"{method} {target}\n".encode()


@public
class JournalOutcome(Struct, frozen=True):
    """What became of a call, kept until it is acknowledged or expires.

    Args:
        entry: the entry that it was, without its body.
        certainty: `APPLIED` or `REJECTED`.
        may_be_repeated: whether it may have been done more than once.
        status: the status of the last answer, if one came.
        headers: the answer's headers by their names in lower case, without those that may hold credentials.
        content: the answer's body; None where it did not come, or is too large to be kept.
        settled_at: Unix time in seconds at which it was known.
        expires_at: Unix time in seconds after which it is forgotten.
    """

    entry: JournalEntry
    certainty: Certainty
    may_be_repeated: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes | None = None
    settled_at: float = 0.0
    expires_at: float = 0.0

    def __repr__(self) -> str:
        return f"JournalOutcome({self.entry!r}, {self.certainty.value!r}, status={self.status!r})"


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


@public
class JournalHold(Struct, frozen=True):
    """What a journal says to a call that is to be written down.

    Args:
        first_sent: Unix time in seconds at which the key was first written down, which may be long ago.
        is_new: whether the call is the first that the journal knows to use the key.
        outcome: what became of an earlier call with the key that was done; nothing is held then.
    """

    first_sent: float
    is_new: bool
    outcome: JournalOutcome | None = None


class Journal(Protocol):
    """Where keys and bytes are kept; safe to share between threads and processes."""

    def begin(self, entry: JournalEntry, *, is_new: bool = False) -> JournalHold:
        """Write an entry down, durably, before its first byte is sent, and hold it.

        An outcome that says `REJECTED` is forgotten, and the entry takes its place.

        Args:
            entry: the entry.
            is_new: whether the key was made for this call, so that nothing can stand under it.

        Raises:
            JournalConflictError: the key stands there with other bytes or for another account, or the reference with
                another key.
        """
        ...

    def reserve(self, api: str, reference: str, key: str, expires_at: float) -> str:
        """Return the key that stands for a reference; the one that is given, where none does.

        A key that was refused stands no longer.

        Args:
            api: the base URL.
            reference: the caller's name for what is to be done once.
            key: a fresh key.
            expires_at: Unix time in seconds at which it is too old, should no call follow.
        """
        ...

    def settle(
        self,
        api: str,
        key: str,
        outcome: JournalOutcome | None = None,
        *,
        done: bool = True,
        reference: str = "",
    ) -> None:
        """Forget an entry whose outcome is certain.

        Where another living call holds the entry as well, only one that was done ends it.

        Args:
            api: the base URL.
            key: the idempotency key.
            outcome: what is kept in place of the entry, if anything.
            done: whether it was done.
            reference: the name that is forgotten too, where nothing was sent.
        """
        ...

    def release(self, api: str, key: str) -> None:
        """Let go of an entry whose outcome is not certain, so that it can be resumed."""
        ...

    def pending(self, api: str) -> list[JournalEntry]:
        """Return the entries that are not settled, the oldest first."""
        ...

    def outcomes(self, api: str) -> list[JournalOutcome]:
        """Return the outcomes that are kept, the oldest first."""
        ...

    def find(self, api: str, *, key: str = "", reference: str = "") -> JournalEntry | JournalOutcome | None:
        """Return what stands under a key or a reference: an entry, an outcome, or nothing."""
        ...

    def claim(self, api: str, key: str) -> bool:
        """Hold an entry for resuming; return False where somebody alive holds it, or it is settled."""
        ...

    def dismiss(self, api: str, key: str) -> bool:
        """Forget an entry that nobody alive holds; return whether it was there."""
        ...

    def acknowledge(self, api: str, key: str) -> bool:
        """Forget an outcome and its answer; return whether it was there.

        That it was done is kept as long as the server remembers the key: another worker may be about to ask again.
        """
        ...

    def purge(self, now: float) -> None:
        """Forget the outcomes that have expired."""
        ...

    def body_path(self) -> Path | None:
        """Return where a large body can be written to a new file; None where bodies are kept with their entries."""
        ...

    def close(self) -> None:
        """Close the journal, and let go of everything that is open."""
        ...
