"""Key stores that break one promise each. A checker that misses one proves nothing (docs/retry-rules.md, section 8)."""

from __future__ import annotations

import threading
import time
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete

from samekey.sandbox.keys.store import Done, InFlight, Keys, Mismatch, Replayed
from samekey.sandbox.storage.database import commit
from samekey.sandbox.storage.tables import KEYS

if TYPE_CHECKING:
    from samekey.sandbox.keys.store import Claim, Effect, KeyStore, Reached, Settled
    from samekey.sandbox.storage.database import Database

_GAP = 0.05
"""Seconds between looking a key up and writing it down."""
_SHORT_TTL = 0.3


class Broken(StrEnum):
    """The promise that is broken."""

    NO_KEYS = "no-keys"
    """Keys are not looked at."""
    CHECK_THEN_SET = "check-then-set"
    """The key is looked up before the effect and written down after it, with nothing between two requests."""
    FORGET_ON_DISCONNECT = "forget-on-disconnect"
    """A key is forgotten when its client leaves without the answer."""
    SHORT_TTL = "short-ttl"
    """A key is forgotten sooner than clients retry."""


def broken(how: Broken, database: Database, ttl: float) -> KeyStore:
    """Make a key store that breaks a promise."""
    match how:
        case Broken.NO_KEYS:
            return NoKeys(database)
        case Broken.CHECK_THEN_SET:
            return CheckThenSet(database, ttl)
        case Broken.FORGET_ON_DISCONNECT:
            return Forgetful(database, ttl)
        case Broken.SHORT_TTL:
            return Keys(database, _SHORT_TTL)


class NoKeys:
    """Does every request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def once(self, claim: Claim, effect: Effect, reached: Reached) -> Settled:  # noqa: ARG002  # that is the mistake
        """Carry out a request, whatever was done under its key before."""
        with self._database.writing() as connection:
            answer = effect(connection)
            commit(connection)
            return Done(answer)

    def left(self, claim: Claim) -> None:
        """Do nothing: no key is remembered, so none is forgotten."""

    def purge(self) -> int:
        """Return 0: no key is remembered, so none is removed."""
        return 0


class CheckThenSet(NoKeys):
    """Looks a key up, and writes it down when all is done, without a constraint."""

    def __init__(self, database: Database, ttl: float) -> None:
        super().__init__(database)
        self._ttl = ttl
        self._known: dict[str, tuple[str, Settled, float]] = {}
        self._lock = threading.Lock()

    def once(self, claim: Claim, effect: Effect, reached: Reached) -> Settled:
        """Carry out a request, unless one with its key was done a while ago."""
        with self._lock:
            fingerprint, settled, until = self._known.get(claim.place, ("", InFlight(), 0.0))
        if isinstance(settled, Done) and until > time.monotonic():
            return Replayed(settled.answer) if fingerprint == claim.fingerprint else Mismatch()
        time.sleep(_GAP)
        settled = super().once(claim, effect, reached)
        with self._lock:
            self._known[claim.place] = (claim.fingerprint, settled, time.monotonic() + self._ttl)
        return settled


class Forgetful(Keys):
    """Forgets a key when its client leaves."""

    def left(self, claim: Claim) -> None:
        """Release the key of a client that left, though what was done under it stays done."""
        with self._database.writing() as connection:
            connection.execute(delete(KEYS).where(KEYS.c.scope == claim.scope, KEYS.c.key == claim.key))
            connection.commit()
