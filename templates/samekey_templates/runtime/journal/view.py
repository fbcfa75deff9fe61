"""What a client shows of its journal, and what can be done with it."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from ..concurrency.cancellation import run_in_thread
from ..text import printable
from .hold import address
from .journal import JournalError, JournalOutcome
from .resume import ResumedEntry

if TYPE_CHECKING:
    from collections.abc import Generator
    from uuid import UUID

    from ..call import Settings
    from ..core import AsyncCore, SyncCore
    from .journal import Journal, JournalEntry, Settlement


@contextmanager
def _failures_told(doing: str) -> Generator[None]:
    """Raise what goes wrong in a journal, which may be anything that keeps to the protocol, as one error.

    Args:
        doing: what is done with the journal, after "cannot be".
    """
    try:
        yield
    except Exception as error:
        raise JournalError(printable(f"the journal cannot be {doing} ({type(error).__name__}: {error})")) from error


class _Kept:
    """What a journal holds of one client's API.

    Args:
        settings: the client's.
        journal: the client's journal.
    """

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._journal = journal
        # Earlier versions wrote the base URL with the password that may stand in it.
        self._apis = tuple(dict.fromkeys((address(settings), settings.base_url)))
        self._wall = settings.clock.wall

    def pending(self) -> list[JournalEntry]:
        with _failures_told("read"):
            return [entry for api in self._apis for entry in self._journal.pending(api)]

    def outcomes(self) -> list[JournalOutcome]:
        with _failures_told("read"):
            return [outcome for api in self._apis for outcome in self._journal.outcomes(api)]

    def find(self, reference: str | None, idempotency_key: str | UUID | None) -> JournalEntry | JournalOutcome | None:
        if (reference is None) == (idempotency_key is None):
            raise ValueError("give either reference= or idempotency_key=")
        key = "" if idempotency_key is None else str(idempotency_key)
        with _failures_told("read"):
            found = (self._journal.find(api, key=key, reference=reference or "") for api in self._apis)
            return next((one for one in found if one is not None), None)

    def acknowledge(self, settled: JournalOutcome | Settlement | None, reference: str | None) -> bool:
        if (settled is None) == (reference is None):
            raise ValueError("give what is acknowledged: an outcome, a settlement, or reference=")
        if settled is None:
            found = self.find(reference, None)
            if not isinstance(found, JournalOutcome):
                return False
            settled = found
        with _failures_told("written"):
            return self._journal.acknowledge(settled.entry.api, settled.entry.key)

    def dismiss(self, entry: JournalEntry) -> bool:
        with _failures_told("written"):
            return self._journal.dismiss(entry.api, entry.key)

    def to_resume(self, parallel: int) -> list[JournalEntry]:
        if isinstance(parallel, bool) or parallel < 1:
            raise ValueError(f"parallel must be at least 1, not {parallel!r}")
        with _failures_told("written"):
            self._journal.purge(self._wall())
        return self.pending()


class JournalView:
    """What a client's journal holds of its API.

    Every method raises a `JournalError` where the journal cannot be read or written.

    Args:
        core: the client's core.
        journal: the client's journal.
    """

    def __init__(self, core: SyncCore, journal: Journal) -> None:
        self._core = core
        self._journal = journal
        self._kept = _Kept(core.settings, journal)

    def pending(self) -> list[JournalEntry]:
        """Return the calls of this API that may have been sent and are not settled, the oldest first."""
        return self._kept.pending()

    def outcomes(self) -> list[JournalOutcome]:
        """Return what became of calls that had a reference or a key of their own, and of those that were resumed.

        An outcome is kept until it is acknowledged or expires.
        """
        return self._kept.outcomes()

    def find(
        self, *, reference: str | None = None, idempotency_key: str | UUID | None = None
    ) -> JournalEntry | JournalOutcome | None:
        """Return what the journal knows of a call: its entry, its outcome, or nothing.

        Args:
            reference: the caller's own name for it.
            idempotency_key: its key.

        Raises:
            ValueError: neither is given, or both.
        """
        return self._kept.find(reference, idempotency_key)

    def acknowledge(self, settled: JournalOutcome | Settlement | None = None, *, reference: str | None = None) -> bool:
        """Forget an outcome that the caller has made use of; return whether it was there.

        Its answer is forgotten at once, and that it was done when the server forgets the key: until then a call with
        the same reference or key asks the server, which gives the answer again.

        Args:
            settled: the outcome, or what `resume` gave.
            reference: the caller's own name for it, in place of the outcome.

        Raises:
            ValueError: neither is given, or both.
        """
        return self._kept.acknowledge(settled, reference)

    def dismiss(self, entry: JournalEntry) -> bool:
        """Forget a pending call that nobody alive makes, whatever became of it; return whether that was done.

        Args:
            entry: one of `pending`.
        """
        return self._kept.dismiss(entry)

    def resume(self, *, repeat: bool = False, parallel: int = 4) -> list[Settlement]:
        """Send what is unsettled again: the same bytes under the same key, if the server still remembers the key.

        An entry that another process holds is left to it. One whose key is too old, that was sent for another account,
        or that this client cannot send as it was, is reported as unknown and not sent.

        Args:
            repeat: whether calls are sent too of which nobody says that the API honours their keys, or whose age is not
                known, so that it may do them again. They are reported otherwise.
            parallel: how many are sent at once.

        Raises:
            ValueError: parallel is less than 1.
        """
        entries = self._kept.to_resume(parallel)
        resume = partial(self._resume, repeat=repeat)
        if parallel == 1 or len(entries) <= 1:
            settled = [resume(entry) for entry in entries]
        else:
            pool = ThreadPoolExecutor(parallel, thread_name_prefix="journal")
            try:
                found = [pool.submit(contextvars.copy_context().run, resume, entry) for entry in entries]
                settled = [future.result() for future in found]
            finally:
                pool.shutdown(cancel_futures=True)
        return [settlement for settlement in settled if settlement is not None]

    def _resume(self, entry: JournalEntry, *, repeat: bool) -> Settlement | None:
        resumed = ResumedEntry(self._core.settings, self._journal, entry, repeat=repeat)
        try:
            prepared = resumed.begin()
            if prepared is not None:
                resumed.answer = self._core.resend(prepared)
        except Exception as error:  # noqa: BLE001  # one entry must not stop those behind it
            resumed.failed(error)
        finally:
            resumed.close()
        return resumed.settlement


class AsyncJournalView:
    """Like `JournalView`, in an event loop.

    Args:
        core: the client's core.
        journal: the client's journal.
    """

    def __init__(self, core: AsyncCore, journal: Journal) -> None:
        self._core = core
        self._journal = journal
        self._kept = _Kept(core.settings, journal)

    async def pending(self) -> list[JournalEntry]:
        """Return the calls of this API that may have been sent and are not settled, the oldest first."""
        return await run_in_thread(self._kept.pending)

    async def outcomes(self) -> list[JournalOutcome]:
        """Return what became of calls that had a reference or a key of their own, and of those that were resumed.

        An outcome is kept until it is acknowledged or expires.
        """
        return await run_in_thread(self._kept.outcomes)

    async def find(
        self, *, reference: str | None = None, idempotency_key: str | UUID | None = None
    ) -> JournalEntry | JournalOutcome | None:
        """Return what the journal knows of a call: its entry, its outcome, or nothing.

        Args:
            reference: the caller's own name for it.
            idempotency_key: its key.

        Raises:
            ValueError: neither is given, or both.
        """
        return await run_in_thread(self._kept.find, reference, idempotency_key)

    async def acknowledge(
        self, settled: JournalOutcome | Settlement | None = None, *, reference: str | None = None
    ) -> bool:
        """Forget an outcome that the caller has made use of; return whether it was there.

        Its answer is forgotten at once, and that it was done when the server forgets the key: until then a call with
        the same reference or key asks the server, which gives the answer again.

        Args:
            settled: the outcome, or what `resume` gave.
            reference: the caller's own name for it, in place of the outcome.

        Raises:
            ValueError: neither is given, or both.
        """
        return await run_in_thread(self._kept.acknowledge, settled, reference)

    async def dismiss(self, entry: JournalEntry) -> bool:
        """Forget a pending call that nobody alive makes, whatever became of it; return whether that was done.

        Args:
            entry: one of `pending`.
        """
        return await run_in_thread(self._kept.dismiss, entry)

    async def resume(self, *, repeat: bool = False, parallel: int = 4) -> list[Settlement]:
        """Send what is unsettled again: the same bytes under the same key, if the server still remembers the key.

        An entry that another process holds is left to it. One whose key is too old, that was sent for another account,
        or that this client cannot send as it was, is reported as unknown and not sent.

        Args:
            repeat: whether calls are sent too of which nobody says that the API honours their keys, or whose age is not
                known, so that it may do them again. They are reported otherwise.
            parallel: how many are sent at once.

        Raises:
            ValueError: parallel is less than 1.
        """
        import anyio  # noqa: PLC0415  # comes with httpx

        entries = await run_in_thread(self._kept.to_resume, parallel)
        settled: dict[int, Settlement | None] = {}
        limit = anyio.Semaphore(parallel)

        async def one(place: int, entry: JournalEntry) -> None:
            async with limit:
                settled[place] = await self._resume(entry, repeat=repeat)

        async with anyio.create_task_group() as tasks:
            for place, entry in enumerate(entries):
                tasks.start_soon(one, place, entry)
        in_order = (settled[place] for place in range(len(entries)))
        return [settlement for settlement in in_order if settlement is not None]

    async def _resume(self, entry: JournalEntry, *, repeat: bool) -> Settlement | None:
        resumed = ResumedEntry(self._core.settings, self._journal, entry, repeat=repeat)
        try:
            prepared = await run_in_thread(resumed.begin)
            if prepared is not None:
                resumed.answer = await self._core.resend(prepared)
        except Exception as error:  # noqa: BLE001  # one entry must not stop those behind it
            resumed.failed(error)
        finally:
            await run_in_thread(resumed.close)
        return resumed.settlement
