"""Calls that are written down before they are sent, and what is left of them after a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from ._body import Upload
from ._drive import Flight, log
from ._errors import APIError, explain
from ._journal import JournalEntry, Settlement
from ._policy import Answered, CallFacts, Certainty, RetryPolicy, Safety, is_too_old
from ._prepare import Draft, Prepared, ready, whole_url
from ._record import CallInfo, CallRecord
from ._telemetry import open_trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._call import Settings
    from ._client import AsyncCore, SyncCore
    from ._journal import Journal
    from ._wire import RawAnswer

R = TypeVar("R")


def journaled(settings: Settings, prepared: Prepared) -> Prepared:
    """The call with a body that a journal can keep: an upload is read into memory."""
    content = prepared.draft.content
    if settings.journal is None or prepared.flight.info.idempotency_key is None or not isinstance(content, Upload):
        return prepared
    content = b"".join(content)
    flight = prepared.flight
    flight.facts = replace(flight.facts, replayable=True)
    draft, request = replace(prepared.draft, content=content), replace(prepared.request, content=content)
    return replace(prepared, draft=draft, request=request)


def open_entry(settings: Settings, journal: Journal, prepared: Prepared) -> None:
    """Write a call down before its first byte is sent.

    Raises:
        JournalConflictError: its key stands in the journal with other bytes.
        APIError: its key was first sent so long ago that the server may have forgotten it.
    """
    flight = prepared.flight
    now = settings.clock.wall()
    first_sent = journal.begin(_entry(settings, prepared, now))
    flight.facts = replace(flight.facts, key_age=max(0.0, now - first_sent))
    if is_too_old(flight.facts, 0.0):
        journal.release(settings.base_url, str(flight.info.idempotency_key))
        record = CallRecord(flight.info, (), Certainty.UNKNOWN, 0.0, "the key is too old")
        raise APIError(explain(record, "nothing was sent, since the server may have forgotten the key"), record)


def close_entry(settings: Settings, journal: Journal, flight: Flight) -> None:
    """Forget a call whose outcome is certain; let go of one whose outcome is not."""
    certain = flight.record.certainty is not Certainty.UNKNOWN
    key = str(flight.info.idempotency_key)
    try:
        (journal.settle if certain else journal.release)(settings.base_url, key)
    except Exception:  # noqa: BLE001  # a journal may be anything that keeps to the protocol
        # The answer is worth more than the entry: what stays pending is settled by the next resume.
        log.exception("%s: the journal could not be brought up to date, key %s", flight.info.operation, key)


class JournalView:
    """What a client's journal still holds.

    Args:
        core: the client's core.
        journal: the client's journal.
    """

    def __init__(self, core: SyncCore, journal: Journal) -> None:
        self._core = core
        self._journal = journal

    def pending(self) -> list[JournalEntry]:
        """Calls of this API that may have been sent and are not settled, the oldest first."""
        return self._journal.pending(self._core.settings.base_url)

    def resume(self) -> list[Settlement]:
        """Send what is unsettled again: the same bytes under the same key, if the server still remembers the key.

        An entry that another process holds is left to it; one whose key is too old is reported as unknown and
        never sent.
        """
        return [self._resume(entry) for entry in self.pending() if self._journal.claim(entry.api, entry.key)]

    def _resume(self, entry: JournalEntry) -> Settlement:
        settings = self._core.settings
        flight = _flight(settings, entry)
        if is_too_old(flight.facts, 0.0):
            return _too_old(self._journal, entry)
        prepared = ready(settings, _draft(entry), flight, {})
        answer: RawAnswer | None = None
        try:
            answer = self._core.resend(prepared)
        finally:
            close_entry(settings, self._journal, flight)
        return _settlement(entry, flight, answer)


class AsyncJournalView:
    """Like `JournalView`, in an event loop."""

    def __init__(self, core: AsyncCore, journal: Journal) -> None:
        self._core = core
        self._journal = journal

    async def pending(self) -> list[JournalEntry]:
        """Calls of this API that may have been sent and are not settled, the oldest first."""
        return await in_thread(self._journal.pending, self._core.settings.base_url)

    async def resume(self) -> list[Settlement]:
        """Send what is unsettled again: the same bytes under the same key, if the server still remembers the key.

        An entry that another process holds is left to it; one whose key is too old is reported as unknown and
        never sent.
        """
        return [
            await self._resume(entry)
            for entry in await self.pending()
            if await in_thread(self._journal.claim, entry.api, entry.key)
        ]

    async def _resume(self, entry: JournalEntry) -> Settlement:
        settings = self._core.settings
        flight = _flight(settings, entry)
        if is_too_old(flight.facts, 0.0):
            return await in_thread(_too_old, self._journal, entry)
        prepared = ready(settings, _draft(entry), flight, {})
        answer: RawAnswer | None = None
        try:
            answer = await self._core.resend(prepared)
        finally:
            await in_thread(close_entry, settings, self._journal, flight)
        return _settlement(entry, flight, answer)


async def in_thread(function: Callable[..., R], *arguments: Any) -> R:  # noqa: ANN401
    """Call something that waits for a disk or a database; a cancelled caller does not stop it half way."""
    import anyio  # noqa: PLC0415  # comes with httpx; needed only by those who use a journal
    import anyio.to_thread  # noqa: PLC0415

    found: list[R] = []
    with anyio.CancelScope(shield=True):
        found.append(await anyio.to_thread.run_sync(lambda: function(*arguments)))
    return found[0]


def _entry(settings: Settings, prepared: Prepared, now: float) -> JournalEntry:
    draft, flight = prepared.draft, prepared.flight
    if isinstance(draft.content, Upload):
        raise TypeError("a call with a journal needs a body that is bytes")
    return JournalEntry(
        api=settings.base_url,
        key=str(flight.info.idempotency_key),
        operation=flight.info.operation,
        method=draft.method,
        path=flight.info.path,
        target=draft.target,
        headers=draft.headers,
        body=draft.content,
        security=draft.security,
        first_sent=now,
        key_ttl=flight.facts.key_ttl,
    )


def _flight(settings: Settings, entry: JournalEntry) -> Flight:
    info = CallInfo(entry.operation, entry.method, entry.path, Safety.KEYED, entry.key)
    age = max(0.0, settings.clock.wall() - entry.first_sent)
    facts = CallFacts(Safety.KEYED, resumed=True, key_ttl=entry.key_ttl, key_age=age)
    policy: RetryPolicy = settings.retry or settings.usual_retry
    return Flight(
        info, facts, policy, settings.profile, settings.timeout, settings.budget, settings.hooks, settings.clock,
        open_trace(info, whole_url(settings, entry.target)),
    )  # fmt: skip


def _draft(entry: JournalEntry) -> Draft:
    return Draft(entry.method, entry.target, entry.headers, entry.body, entry.security)


def _too_old(journal: Journal, entry: JournalEntry) -> Settlement:
    journal.release(entry.api, entry.key)
    return Settlement(entry, Certainty.UNKNOWN, "the key is too old: the server may have forgotten it")


def _settlement(entry: JournalEntry, flight: Flight, answer: RawAnswer | None) -> Settlement:
    record = flight.record
    outcome = flight.outcome
    reason = "" if record.certainty is not Certainty.UNKNOWN else record.stopped or str(outcome)
    status = outcome.status if isinstance(outcome, Answered) else None
    return Settlement(entry, record.certainty, reason, status, answer.content if answer else b"", record)
