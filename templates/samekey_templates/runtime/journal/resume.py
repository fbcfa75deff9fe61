"""Calls that are written down before they are sent, and what is left of them after a crash."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ..concurrency.cancellation import run_in_thread
from ..errors import APIConnectionError, APIError, explain
from ..request.body import BodyChangedError, SpentBodyError, Upload
from ..request.build import (
    Prepared,
    UnsignedRequest,
    ready,
    secret_headers,
    secret_parameters,
    whole_url,
    without_credentials,
    without_parameters,
)
from ..retry.dialect import Profile  # noqa: TC001  # msgspec reads the annotation when an entry is decoded
from ..retry.loop import CallState, log
from ..retry.record import CallInfo, CallRecord
from ..retry.rules import Answered, CallFacts, Certainty, EffectivePolicy, is_too_old
from ..safety import Evidence, Safety
from ..telemetry import open_trace
from ..text import shown_url
from .journal import JournalEntry, Settlement

if TYPE_CHECKING:
    from ..call import Settings
    from ..core import AsyncCore, SyncCore
    from ..retry.wire import RawAnswer
    from .journal import Journal

R = TypeVar("R")


def journaled(prepared: Prepared) -> Prepared:
    """Return the call with a body that a journal can keep: an upload is read into memory.

    Raises:
        APIConnectionError: it cannot be read as it was when the call began; nothing was sent.
    """
    content = prepared.unsigned.content
    if not isinstance(content, Upload):
        return prepared
    try:
        return _with_bytes(prepared, b"".join(content))
    except (BodyChangedError, SpentBodyError) as error:
        raise _unread(prepared, error) from error


async def ajournaled(prepared: Prepared) -> Prepared:
    """Return the call with a body that a journal can keep: an upload is read into memory, in an event loop."""
    content = prepared.unsigned.content
    if not isinstance(content, Upload):
        return prepared
    try:
        return _with_bytes(prepared, b"".join([piece async for piece in content]))
    except (BodyChangedError, SpentBodyError) as error:
        raise _unread(prepared, error) from error


def _unread(prepared: Prepared, error: Exception) -> APIConnectionError:
    record = prepared.state.record
    return APIConnectionError(explain(record, str(error)), record)


def _with_bytes(prepared: Prepared, content: bytes) -> Prepared:
    state = prepared.state
    state.facts = replace(state.facts, replayable=True)
    unsigned, request = replace(prepared.unsigned, content=content), replace(prepared.request, content=content)
    return replace(prepared, unsigned=unsigned, request=request)


class HeldEntry:
    """The entry of a call in a journal, from before its first byte to its end.

    Args:
        settings: the client's.
        journal: the client's journal.
        prepared: the call.
    """

    def __init__(self, settings: Settings, journal: Journal, prepared: Prepared) -> None:
        self._settings = settings
        self._journal = journal
        self._prepared = prepared
        self._state = prepared.state
        self._api = address(settings)
        self._key = str(prepared.state.info.idempotency_key)
        self._is_held = False
        self._is_new = False

    def open(self) -> None:
        """Write the call down before its first byte is sent.

        Raises:
            JournalConflictError: its key stands in the journal with other bytes.
            APIError: its key was first sent so long ago that the server may have forgotten it.
        """
        state = self._state
        now = self._settings.clock.wall()
        # A call that is settled was sent before it came here.
        began = now - state.facts.key_age
        first_sent = self._journal.begin(_entry(self._settings, self._prepared, began))
        self._is_held, self._is_new = True, first_sent == began
        # What stands in a journal was used before, whatever the caller says of it.
        resumed = state.facts.resumed or not self._is_new
        state.facts = replace(state.facts, key_age=max(0.0, now - min(first_sent, began)), resumed=resumed)
        if is_too_old(state.facts, 0.0):
            record = CallRecord(state.info, (), Certainty.UNKNOWN, 0.0, "the key is too old")
            raise APIError(explain(record, "nothing was sent, since the server may have forgotten the key"), record)

    def close(self) -> None:
        """Forget a call whose outcome is certain, or of which nothing was sent; let go of any other one."""
        if not self._is_held:
            return
        record = self._state.record
        nothing_sent = self._is_new and all(entry.certainty is Certainty.NOT_SENT for entry in record.attempts)
        is_over = nothing_sent or record.certainty is not Certainty.UNKNOWN
        _end(self._journal, self._api, self._key, record, is_over=is_over)


def _end(journal: Journal, api: str, key: str, record: CallRecord, *, is_over: bool) -> None:
    try:
        (journal.settle if is_over else journal.release)(api, key)
    except Exception:  # noqa: BLE001  # a journal may be anything that keeps to the protocol
        # The answer is worth more than the entry: what stays pending is settled by the next resume.
        log.exception("%s: the journal could not be brought up to date, key %s", record.call.operation, key)


def address(settings: Settings) -> str:
    """Return the base URL as a journal keeps it: without a user and a password."""
    url = settings.base_url
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else url


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
        """Return the calls of this API that may have been sent and are not settled, the oldest first."""
        return _pending(self._core.settings, self._journal)

    def resume(self, *, repeat: bool = False) -> list[Settlement]:
        """Send what is unsettled again: the same bytes under the same key, if the server still remembers the key.

        An entry that another process holds is left to it. One whose key is too old, or that this client cannot send as
        it was, is reported as unknown and not sent.

        Args:
            repeat: whether calls are sent too of which nobody says that the API honours their keys, so that it may do
                them again. They are reported otherwise.
        """
        settled = [self._resume(entry, repeat=repeat) for entry in self.pending()]
        return [entry for entry in settled if entry is not None]

    def _resume(self, entry: JournalEntry, *, repeat: bool) -> Settlement | None:
        resumed = _Resumed(self._core.settings, self._journal, entry, repeat=repeat)
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
    """Like `JournalView`, in an event loop."""

    def __init__(self, core: AsyncCore, journal: Journal) -> None:
        self._core = core
        self._journal = journal

    async def pending(self) -> list[JournalEntry]:
        """Return the calls of this API that may have been sent and are not settled, the oldest first."""
        return await run_in_thread(_pending, self._core.settings, self._journal)

    async def resume(self, *, repeat: bool = False) -> list[Settlement]:
        """Send what is unsettled again: the same bytes under the same key, if the server still remembers the key.

        An entry that another process holds is left to it. One whose key is too old, or that this client cannot send as
        it was, is reported as unknown and not sent.

        Args:
            repeat: whether calls are sent too of which nobody says that the API honours their keys, so that it may do
                them again. They are reported otherwise.
        """
        settled = [await self._resume(entry, repeat=repeat) for entry in await self.pending()]
        return [entry for entry in settled if entry is not None]

    async def _resume(self, entry: JournalEntry, *, repeat: bool) -> Settlement | None:
        resumed = _Resumed(self._core.settings, self._journal, entry, repeat=repeat)
        try:
            prepared = await run_in_thread(resumed.begin)
            if prepared is not None:
                resumed.answer = await self._core.resend(prepared)
        except Exception as error:  # noqa: BLE001  # one entry must not stop those behind it
            resumed.failed(error)
        finally:
            await run_in_thread(resumed.close)
        return resumed.settlement


def _pending(settings: Settings, journal: Journal) -> list[JournalEntry]:
    # Earlier versions wrote the base URL with the password that may stand in it.
    apis = dict.fromkeys((address(settings), settings.base_url))
    return [entry for api in apis for entry in journal.pending(api)]


class _Resumed:
    """An entry on its way to be settled.

    Args:
        settings: those of the client that resumes it.
        journal: the client's journal.
        entry: the entry.
        repeat: whether it is sent though nobody says that the API honours its key.
    """

    def __init__(self, settings: Settings, journal: Journal, entry: JournalEntry, *, repeat: bool) -> None:
        self._repeat = repeat
        self._settings = settings
        self._journal = journal
        self._entry = entry
        self._is_held = False
        self._state: CallState | None = None
        self._reason = ""
        self.answer: RawAnswer | None = None

    def begin(self) -> Prepared | None:
        """Return the call as it was sent before; None where another process holds it, or it cannot be sent so."""
        self._is_held = self._journal.claim(self._entry.api, self._entry.key)
        try:
            return self._prepare() if self._is_held else None
        except (ValueError, msgspec.MsgspecError) as error:
            self._reason = f"it cannot be sent as it was: {error}"
            return None

    def failed(self, error: Exception) -> None:
        """Keep as the reason what code of the caller's raised while the entry was resumed."""
        self._reason = f"{type(error).__name__}: {error}"
        log.warning("%s: an entry of the journal could not be resumed", self._entry.operation, exc_info=error)

    def close(self) -> None:
        """Forget the entry if its outcome is certain now; let go of it otherwise."""
        if not self._is_held:
            return
        state = self._state
        record = (
            CallRecord(_info(self._settings, self._entry), (), Certainty.UNKNOWN) if state is None else state.record
        )
        is_over = record.certainty is not Certainty.UNKNOWN
        _end(self._journal, self._entry.api, self._entry.key, record, is_over=is_over)

    @property
    def settlement(self) -> Settlement | None:
        """What became of the entry; None where another process holds it."""
        state, answer = self._state, self.answer
        if not self._is_held and not self._reason:
            return None
        if state is None:
            return Settlement(self._entry, Certainty.UNKNOWN, self._reason)
        record = state.record
        outcome = record.attempts[-1].outcome if record.attempts else None
        is_known = record.certainty is not Certainty.UNKNOWN
        reason = "" if is_known else self._reason or record.stopped or str(outcome or "nothing was sent")
        status = outcome.status if isinstance(outcome, Answered) else None
        content = answer.content if answer is not None else b""
        return Settlement(self._entry, record.certainty, reason, status, content, record)

    def _prepare(self) -> Prepared | None:
        entry, settings = self._entry, self._settings
        state = _state(settings, entry)
        if is_too_old(state.facts, 0.0):
            self._reason = "the key is too old: the server may have forgotten it"
            return None
        if state.facts.evidence is Evidence.ASSUMED and not self._repeat:
            self._reason = "nobody says that the API honours its key, so it could be done again: resume(repeat=True)"
            return None
        unsigned = _unsigned(entry)
        for name, digest in entry.withheld:
            if name.startswith("?"):
                self._reason = f"its query parameter {name[1:]} may be a credential, and is not kept in a journal"
                return None
            value = next((value for known, value in settings.headers.items() if known.lower() == name.lower()), None)
            if value is None or (digest and digest != _digest(value)):
                self._reason = f"its header {name} is not kept in a journal, and this client does not send it"
                return None
            unsigned = replace(unsigned, headers=(*unsigned.headers, (name, value)))
        self._state = state
        return ready(settings, unsigned, state, {})


class _Dialect(Struct, frozen=True):
    """How an API speaks of keys, and how a call is retried, as an entry keeps it."""

    profile: Profile
    retry: EffectivePolicy
    settled_by: tuple[int, ...]
    evidence: Evidence | None = None
    key_only: bool = False
    documents: tuple[int, ...] = ()


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _entry(settings: Settings, prepared: Prepared, now: float) -> JournalEntry:
    unsigned, state = prepared.unsigned, prepared.state
    if isinstance(unsigned.content, Upload):
        raise TypeError("a call with a journal needs a body that is bytes")
    headers, withheld = _kept(settings, prepared)
    target = without_credentials(settings, unsigned)
    parameters = secret_parameters(target, state.profile.name)
    withheld += tuple((f"?{name}", "") for name in parameters)
    facts = state.facts
    dialect = _Dialect(state.profile, state.policy, facts.settled_by, facts.evidence, facts.key_only, facts.documents)
    return JournalEntry(
        api=address(settings),
        key=str(state.info.idempotency_key),
        operation=state.info.operation,
        method=unsigned.method,
        path=state.info.path,
        target=without_parameters(target, parameters),
        headers=headers,
        body=unsigned.content,
        security=unsigned.security,
        first_sent=now,
        key_ttl=state.facts.key_ttl,
        withheld=withheld,
        dialect=msgspec.json.encode(dialect).decode(),
    )


def _kept(settings: Settings, prepared: Prepared) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Return the headers that are written down, and the names of those that are not, with digests of their values."""
    headers = prepared.request.headers
    secret = secret_headers(settings, prepared.unsigned, prepared.state.profile.name, (name for name, _ in headers))
    of_client = {name.lower() for name in settings.headers}
    own = {name.lower() for name, _ in prepared.unsigned.headers} | {name.lower() for name in prepared.extra}
    kept: list[tuple[str, str]] = []
    withheld: list[tuple[str, str]] = []
    for name, value in headers:
        lower = name.lower()
        if lower not in secret:
            kept.append((name, value))
        elif lower in own:
            withheld.append((name, _digest(value)))
        elif lower in of_client:
            withheld.append((name, ""))
    return tuple(kept), tuple(withheld)


def _dialect(settings: Settings, entry: JournalEntry) -> _Dialect:
    """Return how the call was retried; entries of earlier versions do not say it, nor who promised what."""
    if entry.dialect:
        return msgspec.json.decode(entry.dialect, type=_Dialect)
    return _Dialect(settings.profile, settings.usual_policy[0], ())


def _info(settings: Settings, entry: JournalEntry, evidence: Evidence | None = None) -> CallInfo:
    url = shown_url(whole_url(settings, entry.target.partition("?")[0]))
    return CallInfo(entry.operation, entry.method, entry.path, Safety.KEYED, entry.key, evidence, url)


def _state(settings: Settings, entry: JournalEntry) -> CallState:
    dialect = _dialect(settings, entry)
    info = _info(settings, entry, dialect.evidence)
    age = max(0.0, settings.clock.wall() - entry.first_sent)
    facts = CallFacts(
        Safety.KEYED, resumed=True, evidence=dialect.evidence, key_only=dialect.key_only, documents=dialect.documents,
        settled_by=dialect.settled_by, key_ttl=entry.key_ttl, key_age=age,
    )  # fmt: skip
    return CallState(
        info, facts, dialect.retry, settings.usual_policy[1], dialect.profile, settings.timeout, settings.budget,
        settings.hooks, settings.clock, open_trace(info, whole_url(settings, entry.target)),
        settings.max_response_bytes,
    )  # fmt: skip


def _unsigned(entry: JournalEntry) -> UnsignedRequest:
    is_whole = bool(entry.dialect)
    return UnsignedRequest(entry.method, entry.target, entry.headers, entry.body, entry.security, is_whole)
