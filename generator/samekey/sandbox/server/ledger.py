"""The ledger: every attempt, every fault and every effect.

An effect is written in the transaction that makes it, so it is there exactly where it was had. What is written of
attempts follows a moment later, in batches, and costs requests nothing; a killed server loses at most that moment.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import bindparam, delete, func, insert, select

from samekey.sandbox.storage.statements import Statement
from samekey.sandbox.storage.tables import LEDGER

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Row

    from samekey.document.values import JsonValue
    from samekey.sandbox.storage.database import Database

_OVERLAP = 500
"""Numbers that are looked at again: PostgreSQL gives them out before it commits, so a lower one may come later."""
_KEPT = 200_000
_CLEARED = "cleared"
"""The kind of the row that stands where everything before was forgotten."""
_WRITE = insert(LEDGER).values(
    {column.name: bindparam(column.name) for column in LEDGER.c if column is not LEDGER.c.seq}
)
_WRITE_ONE = Statement(_WRITE.inline())


class Kind(StrEnum):
    """What happened."""

    ARRIVED = "arrived"
    FAULT = "fault"
    EFFECT = "effect"
    ANSWERED = "answered"
    LOST = "lost"
    """The answer did not reach the client."""


class AnswerKind(StrEnum):
    """How an answer came to be, where it is not the operation's own."""

    REPLAYED = "replayed"
    IN_FLIGHT = "in flight"
    MISMATCH = "mismatch"
    FAULT = "fault"
    OWN = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Args:
        kind: what.
        attempt: the request to which it happened.
        operation: its operation.
        scope: whose it is.
        key: its key, if it bears one.
        status: the status that was answered.
        fault: the fault that struck.
        detail: more words.
        at: Unix time in seconds.
        process: the machine and the process that saw it.
        answer: of an effect, a digest of the answer that belongs to it.
        seq: its number in the ledger; 0 before it is there.
    """

    kind: Kind
    attempt: str
    operation: str
    scope: str = ""
    key: str | None = None
    status: int | None = None
    fault: str | None = None
    detail: str = ""
    at: float = field(default_factory=time.time)
    process: str = ""
    answer: str = ""
    seq: int = 0

    def plain(self) -> dict[str, JsonValue]:
        """Return the event as JSON has it."""
        return {
            "seq": self.seq, "at": self.at, "kind": self.kind.value, "attempt": self.attempt,
            "operation": self.operation, "scope": self.scope, "key": self.key, "status": self.status,
            "fault": self.fault, "detail": self.detail, "process": self.process, "answer": self.answer,
        }  # fmt: skip


Counts: TypeAlias = "Counter[tuple[Kind, str, str | None]]"
"""How many events there are of a kind, with a detail and a fault."""


@dataclass(frozen=True, slots=True)
class News:
    """What has come to a ledger.

    Args:
        events: what happened, in the order of time.
        numbers: the numbers under which it is known from now on.
        cleared: whether all that was known before was forgotten.
    """

    events: tuple[Event, ...]
    numbers: frozenset[int]
    cleared: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """The ledger in numbers.

    Args:
        attempts: requests.
        effects: things that were done.
        keys: keys that were seen.
        replays: answers from memory.
        prevented: requests that would have done something a second time: replays, and those met while the first ran.
        faults: how often each fault struck.
    """

    attempts: int
    effects: int
    keys: int
    replays: int
    prevented: int
    faults: dict[str, int]

    @classmethod
    def of(cls, counts: Counts, keys: int) -> Totals:
        """Return the numbers of events that were counted.

        Args:
            counts: how many there are of each sort.
            keys: how many keys they bear.
        """
        kinds: Counter[Kind] = Counter()
        answers: Counter[str] = Counter()
        faults: Counter[str] = Counter()
        for (kind, detail, fault), count in counts.items():
            kinds[kind] += count
            # An answer that was lost afterwards was prevented from being a second effect all the same.
            if kind in {Kind.ANSWERED, Kind.LOST}:
                answers[detail] += count
            if kind is Kind.FAULT:
                faults[str(fault)] += count
        replays = answers[AnswerKind.REPLAYED]
        prevented = replays + answers[AnswerKind.IN_FLIGHT]
        return cls(kinds[Kind.ARRIVED], kinds[Kind.EFFECT], keys, replays, prevented, dict(faults))


class Ledger:
    """Keeps events.

    Args:
        database: where.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._process = f"{socket.gethostname()}/{os.getpid()}"
        self._pending: list[Event] = []
        self._lock = threading.Lock()
        self._flushing = threading.Lock()

    def effect(self, connection: Connection, event: Event) -> None:
        """Write an effect down in the transaction that makes it."""
        _WRITE_ONE.run(connection, self._row(event))

    def note(self, event: Event) -> None:
        """Keep an event in memory, to be written down soon."""
        with self._lock:
            self._pending.append(event)

    def flush(self) -> None:
        """Write down the events that were kept in memory."""
        # Who waits here finds everything written that was noted before.
        with self._flushing:
            with self._lock:
                pending = self._pending[:]
            if not pending:
                return
            with self._database.writing() as connection:
                connection.execute(_WRITE, [self._row(event) for event in pending])
                connection.commit()
            with self._lock:
                del self._pending[: len(pending)]

    def events(self, after: int = 0, limit: int = 10_000) -> list[Event]:
        """Return events in the order of their numbers.

        Args:
            after: the last number that is known.
            limit: the most events.
        """
        query = select(LEDGER).where(LEDGER.c.seq > after, LEDGER.c.kind != _CLEARED)
        with self._database.engine.connect() as connection:
            return [_event(row) for row in connection.execute(query.order_by(LEDGER.c.seq).limit(limit))]

    def news(self, after: int, known: Collection[int], limit: int = 10_000) -> News:
        """Return what has happened after a number, but for what is known.

        Args:
            after: where to begin.
            known: the numbers that are known.
            limit: the most rows that are looked at.
        """
        query = select(LEDGER).where(LEDGER.c.seq > after).order_by(LEDGER.c.seq).limit(limit)
        with self._database.engine.connect() as connection:
            rows = [row for row in connection.execute(query) if row.seq not in known]
        cleared = max((row.seq for row in rows if row.kind == _CLEARED), default=0)
        events = sorted((_event(row) for row in rows if row.seq > cleared), key=lambda event: event.at)
        return News(tuple(events), frozenset(row.seq for row in rows), cleared=cleared > 0)

    def last(self) -> int:
        """Return the number of the last event; 0 where there is none."""
        with self._database.engine.connect() as connection:
            return int(connection.execute(select(func.max(LEDGER.c.seq))).scalar() or 0)

    def clear(self) -> None:
        """Forget everything that has happened; keys and resources stay."""
        with self._flushing:
            with self._lock:
                self._pending.clear()
            with self._database.writing() as connection:
                # The mark keeps the last number: SQLite would begin anew, and followers would take news for old.
                row = {"kind": _CLEARED, "at": time.time(), "attempt": "", "scope": "", "operation": "", "detail": ""}
                mark = connection.execute(insert(LEDGER).values(row).returning(LEDGER.c.seq)).scalar_one()
                connection.execute(delete(LEDGER).where(LEDGER.c.seq < mark))
                connection.commit()

    def trim(self) -> None:
        """Forget the events that happened long ago."""
        oldest = self.last() - _KEPT
        if oldest > 0:
            with self._database.writing() as connection:
                connection.execute(delete(LEDGER).where(LEDGER.c.seq <= oldest))
                connection.commit()

    def totals(self) -> Totals:
        """Return the ledger in numbers: attempts, effects, keys, replays, what was prevented, and faults."""
        places = select(LEDGER.c.scope, LEDGER.c.key).where(LEDGER.c.key.is_not(None)).distinct().subquery()
        with self._database.engine.connect() as connection:
            keys = int(connection.execute(select(func.count()).select_from(places)).scalar_one())
        return Totals.of(self.counted(), keys)

    def counted(self, until: int | None = None) -> Counts:
        """Return how many events there are of each sort.

        Args:
            until: the last number that counts; None for all.
        """
        sorts = (LEDGER.c.kind, LEDGER.c.detail, LEDGER.c.fault)
        query = select(*sorts, func.count()).where(LEDGER.c.kind != _CLEARED).group_by(*sorts)
        if until is not None:
            query = query.where(LEDGER.c.seq <= until)
        with self._database.engine.connect() as connection:
            rows = connection.execute(query)
            return Counter({(Kind(kind), detail, fault): int(count) for kind, detail, fault, count in rows})

    def _row(self, event: Event) -> dict[str, object]:
        row = event.plain()
        del row["seq"]
        return {**row, "process": self._process}


class Follower:
    """Gives each event once, as it comes, and counts them on.

    Args:
        ledger: the ledger.
        after: the last number that is known.
    """

    def __init__(self, ledger: Ledger, after: int = 0) -> None:
        self._ledger = ledger
        self._start = after
        self._given: set[int] = set()
        self._highest = after
        self._counts: Counts | None = None
        self._new: Counts = Counter()

    def totals(self) -> Totals:
        """Return what has happened so far in numbers, but for the keys, which nobody counts on the way.

        All that is older than the first news is counted now, once: in a ledger of a million events that takes a second.
        """
        if self._counts is None:
            self._counts = self._ledger.counted(self._start)
        return Totals.of(self._counts + self._new, 0)

    def new(self) -> News:
        """Return what has come to the ledger since the last time."""
        news = self._ledger.news(max(self._start, self._highest - _OVERLAP), self._given)
        self._highest = max([self._highest, *news.numbers])
        self._given = {seq for seq in self._given | news.numbers if seq > self._highest - 2 * _OVERLAP}
        if news.cleared:
            self._counts, self._new = Counter(), Counter()
        self._new.update((event.kind, event.detail, event.fault) for event in news.events)
        return news


def _event(row: Row[tuple[object, ...]]) -> Event:
    return Event(
        Kind(row.kind), row.attempt, row.operation, row.scope, row.key, row.status, row.fault, row.detail, row.at,
        row.process, row.answer, row.seq,
    )  # fmt: skip
