"""An entry on its way to be settled: the call is sent as it was, or it is said why it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from ..auth.account import account_of, other_account
from ..request.build import Prepared, UnsignedRequest, ready, whole_url
from ..retry.loop import CallState, log
from ..retry.record import CallInfo, CallRecord
from ..retry.rules import Answered, CallFacts, Certainty, is_too_old
from ..safety import Evidence, Safety
from ..telemetry import open_trace
from ..text import shown_url
from .bodies import body_of, stored_in
from .hold import EntryDialect, digest_of, is_from_future, outcome_of
from .journal import JournalEntry, Settlement

if TYPE_CHECKING:
    from ..call import Settings
    from ..retry.wire import RawAnswer
    from .journal import Journal


class ResumedEntry:
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
        entry, certainty = self._entry, record.certainty
        try:
            if certainty is Certainty.UNKNOWN:
                self._journal.release(entry.api, entry.key)
                return
            last, now = None if state is None else state.outcome, self._settings.clock.wall()
            outcome = None if certainty is Certainty.NOT_SENT else outcome_of(entry, record, last, self.answer, now)
            self._journal.settle(entry.api, entry.key, outcome, done=certainty is Certainty.APPLIED)
        except Exception:  # noqa: BLE001  # a journal may be anything that keeps to the protocol
            # What is known is told all the same; what stays pending is settled by the next resume.
            log.exception("%s: the journal could not be brought up to date, key %s", entry.operation, entry.key)

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
        """Return the call as it was sent before; None, with the reason kept, where it must not be sent."""
        entry, settings = self._entry, self._settings
        state = _state(settings, entry)
        unsigned = _unsigned(entry)
        self._reason = self._refusal(state) or _missing_body(unsigned)
        if self._reason:
            return None
        for name, digest in entry.withheld:
            if name.startswith("?"):
                self._reason = f"its query parameter {name[1:]} may be a credential, and is not kept in a journal"
                return None
            value = next((value for known, value in settings.headers.items() if known.lower() == name.lower()), None)
            if value is None or (digest and digest != digest_of(value)):
                self._reason = f"its header {name} is not kept in a journal, and this client does not send it"
                return None
            unsigned = replace(unsigned, headers=(*unsigned.headers, (name, value)))
        self._state = state
        return ready(settings, unsigned, state, {})

    def _refusal(self, state: CallState) -> str:
        """Return why the call must not be sent again; empty where it may."""
        entry, settings = self._entry, self._settings
        own = account_of(settings.account, settings.credentials, entry.security)
        other = other_account(entry.account, own)
        if other:
            return other
        if is_from_future(entry.first_sent, settings.clock.wall()) and not self._repeat:
            return "its key was first sent in the future, so that its age is not known: resume(repeat=True)"
        if is_too_old(state.facts, 0.0):
            return "the key is too old: the server may have forgotten it"
        if state.facts.evidence is Evidence.ASSUMED and not self._repeat:
            return "nobody says that the API honours its key, so it could be done again: resume(repeat=True)"
        return ""


def _missing_body(unsigned: UnsignedRequest) -> str:
    """Return why the body of an entry cannot be sent; empty where it can."""
    stored = stored_in(unsigned.content)
    return "" if stored is None else stored.refusal() or ""


def _dialect(settings: Settings, entry: JournalEntry) -> EntryDialect:
    """Return how the call was retried; entries of earlier versions do not say it, nor who promised what."""
    if entry.dialect:
        return msgspec.json.decode(entry.dialect, type=EntryDialect)
    return EntryDialect(settings.profile, settings.usual_policy[0], ())


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
    return UnsignedRequest(entry.method, entry.target, entry.headers, body_of(entry), entry.security, is_whole)
