"""The key store: claim, effect and stored answer in one transaction, so each key is done once or not at all.

What known servers promise (docs/retry-rules.md, sections 1 and 2): a unique constraint on scope and key, the first
answer replayed byte for byte, a fingerprint that finds other payloads, and an expiry. A process that dies leaves
nothing: its transaction is rolled back by the database, and with it the claim.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from sqlalchemy import and_, bindparam, delete, null, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from samekey.sandbox.api.answer import Answer
from samekey.sandbox.storage.database import LOCK_ID, TAKES_LOCK, CommitLostError, commit, number_of
from samekey.sandbox.storage.statements import Statement
from samekey.sandbox.storage.tables import KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ClauseElement

    from samekey.sandbox.storage.database import Database

Effect: TypeAlias = "Callable[[Connection], Answer]"
"""What a request does, within a transaction."""

DAY = 86_400.0
LONGEST_TTL = 3 * DAY
_PLACE = and_(KEYS.c.scope == bindparam("of"), KEYS.c.key == bindparam("named"))
_READ = Statement(select(KEYS).where(_PLACE, KEYS.c.expires_at > bindparam("now")))
_REMEMBER = Statement(
    KEYS.update()
    .where(_PLACE)
    .values(status=bindparam("as_status"), headers=bindparam("as_headers"), body=bindparam("as_body"))
)
_WRITTEN = ("scope", "key", "fingerprint", "attempt", "created_at", "expires_at")
_VALUES = [bindparam(name, type_=KEYS.c[name].type) for name in _WRITTEN]


def _claiming(inserted: sqlite.Insert | postgresql.Insert) -> ClauseElement:
    """Return the statement that writes a key down, also in place of one that is out of date."""
    anew = {name: inserted.excluded[name] for name in _WRITTEN} | dict.fromkeys(("status", "headers", "body"), null())
    return inserted.on_conflict_do_update(
        index_elements=["scope", "key"], set_=anew, where=KEYS.c.expires_at <= bindparam("now")
    )


_CLAIM = Statement(
    _claiming(sqlite.insert(KEYS).values(dict(zip(_WRITTEN, _VALUES, strict=True)))),
    _claiming(postgresql.insert(KEYS).from_select(_WRITTEN, select(*_VALUES).where(TAKES_LOCK))),
)


class Stage(StrEnum):
    """How far a transaction has come."""

    ALONE = "alone"
    """Nobody else in this process works on its key; it has not begun."""
    CLAIMED = "claimed"
    DONE = "done"
    STORED = "stored"
    """All that is left is to commit."""


Reached: TypeAlias = "Callable[[Stage], None]"
"""Told of each stage; what it raises rolls the transaction back."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that wants to be the only one under its key.

    Args:
        scope: whose key it is.
        key: the key.
        fingerprint: what the request asks for.
        attempt: names this request among all others.
    """

    scope: str
    key: str
    fingerprint: str
    attempt: str

    @property
    def place(self) -> str:
        """Scope and key as one name."""
        return f"{self.scope} {self.key}"


@dataclass(frozen=True, slots=True)
class Done:
    """This request had the effect."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Replayed:
    """An earlier request had it; this is its answer."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class InFlight:
    """An earlier request is still at it."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key has been used for another payload."""


Settled: TypeAlias = Done | Replayed | InFlight | Mismatch


class NotKeptError(Exception):
    """The database did not keep the transaction: nothing was done, and trying again is right."""


class KeyStore(Protocol):
    """What the sandbox asks of a key store; `Keys` keeps all promises, those in `broken` each break one."""

    def once(self, claim: Claim, effect: Effect, reached: Reached) -> Settled:
        """Do something for the first request under a key, and answer the others from memory."""
        ...

    def left(self, claim: Claim) -> None:
        """Take note that the client of a request has left without its response."""
        ...

    def purge(self) -> int:
        """Remove a batch of expired keys, and return how many."""
        ...


def fingerprint(method: str, target: str, body: bytes) -> str:
    """Return a digest of what a request asks for: its method, path with query, and body."""
    digest = sha256()
    for part in (method.encode(), target.encode(), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def nothing(stage: Stage) -> None:
    """Do nothing at a stage of a transaction, so that it goes on."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A row of the store."""

    fingerprint: str
    attempt: str
    answer: Answer


class Keys:
    """A key store that keeps all promises.

    Args:
        database: where keys are kept; the schema must be there (`migrations.upgrade`).
        ttl: seconds for which a key is remembered, 72 hours at most.
        clock: Unix time in seconds.
    """

    def __init__(self, database: Database, ttl: float = DAY, clock: Callable[[], float] = time.time) -> None:
        if not 0 < ttl <= LONGEST_TTL:
            raise ValueError(f"a key is remembered for up to {LONGEST_TTL:g} seconds, not {ttl:g}")
        self._database = database
        self._ttl = ttl
        self._clock = clock
        self._running = _Running()

    def once(self, claim: Claim, effect: Effect, reached: Reached = nothing) -> Settled:
        """Do something for the first request under a key, and answer the others from memory.

        Args:
            claim: the request.
            effect: what is done; its answer is stored in the same transaction.
            reached: told of each stage.

        Raises:
            NotKeptError: the database was lost, and has not kept the effect.
            sqlalchemy.exc.DBAPIError: the database cannot be used; nothing was done.
        """
        with self._running.alone(claim.place) as alone:
            if not alone:
                return InFlight()
            reached(Stage.ALONE)
            try:
                return self._transact(claim, effect, reached)
            except CommitLostError:
                return self._settle(claim)

    def left(self, claim: Claim) -> None:
        """Release nothing when a client leaves: its retry must find what was done."""

    def purge(self, batch: int = 500) -> int:
        """Remove a batch of expired keys, and return how many.

        Args:
            batch: the most rows to remove in one transaction, so that nobody waits long for it.
        """
        with self._database.writing() as connection:
            expired = select(KEYS.c.scope, KEYS.c.key).where(KEYS.c.expires_at <= self._clock()).limit(batch)
            places = [and_(KEYS.c.scope == row.scope, KEYS.c.key == row.key) for row in connection.execute(expired)]
            if places:
                still = KEYS.c.expires_at <= self._clock()
                connection.execute(delete(KEYS).where(or_(*places), still))
                connection.commit()
            return len(places)

    def _transact(self, claim: Claim, effect: Effect, reached: Reached) -> Settled:
        with self._database.writing() as connection:
            if not self._claim(connection, claim):
                # An earlier request has the key; who has its name too is still at it.
                free = self._database.try_take(connection, claim.place)
                return _compare(claim, self._read(connection, claim)) if free else InFlight()
            reached(Stage.CLAIMED)
            answer = effect(connection)
            reached(Stage.DONE)
            self._remember(connection, claim, answer)
            reached(Stage.STORED)
            commit(connection)
            return Done(answer)

    def _settle(self, claim: Claim) -> Settled:
        """Read a key again after its COMMIT was lost: what it says of this attempt is what became of the COMMIT."""
        with self._database.writing() as connection:
            # The lost transaction holds its name for as long as it may still be committed.
            self._database.wait_for(connection, claim.place)
            stored = self._read(connection, claim)
        if stored is None:
            raise NotKeptError
        return Done(stored.answer) if stored.attempt == claim.attempt else _compare(claim, stored)

    def _claim(self, connection: Connection, claim: Claim) -> bool:
        """Write the key of a request down, and take its name; return False where another request has either."""
        now = self._clock()
        values = {
            "scope": claim.scope, "key": claim.key, "fingerprint": claim.fingerprint, "attempt": claim.attempt,
            "created_at": now, "expires_at": now + self._ttl, "now": now, LOCK_ID: number_of(claim.place),
        }  # fmt: skip
        return _CLAIM.run(connection, values).rowcount > 0

    def _remember(self, connection: Connection, claim: Claim, answer: Answer) -> None:
        told = {"as_status": answer.status, "as_headers": json.dumps(answer.headers), "as_body": answer.body}
        _REMEMBER.run(connection, {"of": claim.scope, "named": claim.key, **told})

    def _read(self, connection: Connection, claim: Claim) -> _Stored | None:
        place = {"of": claim.scope, "named": claim.key}
        row = _READ.run(connection, {**place, "now": self._clock()}).one_or_none()
        return None if row is None else _stored(row)


class _Running:
    """The keys that this process is working on."""

    def __init__(self) -> None:
        self._places: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def alone(self, place: str) -> Generator[bool]:
        """Hold a key while a block runs, and yield whether nobody else in this process works on it."""
        with self._lock:
            alone = place not in self._places
            self._places.add(place)
        try:
            yield alone
        finally:
            if alone:
                with self._lock:
                    self._places.discard(place)


def _stored(row: Row[tuple[object, ...]]) -> _Stored:
    headers = cast("list[tuple[str, str]]", json.loads(row.headers))
    answer = Answer(row.status, tuple((name, value) for name, value in headers), bytes(row.body))
    return _Stored(row.fingerprint, row.attempt, answer)


def _compare(claim: Claim, stored: _Stored | None) -> Settled:
    """Return what becomes of a request whose key an earlier request has: replayed, mismatch, or still in flight."""
    if stored is None:
        # It was purged or rolled back between the two statements; the client asks again.
        return InFlight()
    return Replayed(stored.answer) if stored.fingerprint == claim.fingerprint else Mismatch()
