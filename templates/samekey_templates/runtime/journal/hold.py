"""The entry of a call in a journal, from before its first byte to its end, and references to such calls."""

from __future__ import annotations

import contextlib
import copy
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ..auth.account import account_of
from ..errors import APIConnectionError, APIError, explain
from ..request.body import Upload
from ..request.build import (
    KeyOrigin,
    Prepared,
    given_key,
    secret_headers,
    secret_parameters,
    without_credentials,
    without_parameters,
)
from ..request.servers import without_userinfo
from ..retry.answers import read_answer
from ..retry.dialect import Profile  # noqa: TC001  # msgspec reads the annotation when an entry is decoded
from ..retry.keys import mint
from ..retry.loop import log
from ..retry.record import CallInfo, CallRecord, ShownHeaders
from ..retry.rules import Answered, Certainty, EffectivePolicy, is_too_old
from ..retry.wire import RawAnswer
from ..safety import Evidence, Safety
from .bodies import ajournaled, journaled, stored_in, unwritten
from .journal import JournalConflictError, JournalEntry, JournalOutcome

if TYPE_CHECKING:
    from ..call import Call, Endpoint, Settings
    from ..retry.rules import Outcome
    from .journal import Journal

C = TypeVar("C", bound="Call[Any]")
_CLOCK_SKEW: Final = 60.0
"""Seconds by which the clocks of the machines that share a journal may differ."""
_LARGEST_ANSWER: Final = 16 * 1024 * 1024
"""Bytes of an answer above which it is not kept."""
_REFERENCE_KEPT: Final = 30 * 86_400.0
"""Seconds for which what became of a reference is kept: here the journal remembers, and not the server."""
_FUTURE: Final = (
    "its key was first sent in the future, by this machine's clock, so that its age is not known and the server may "
    "have forgotten it"
)


def is_from_future(first_sent: float, now: float) -> bool:
    """Whether a clock was set back since a key was written down, so that its age is not known."""
    return first_sent > now + _CLOCK_SKEW


def referred(settings: Settings, name: str, endpoint: Endpoint, call: C) -> C:
    """Return a call that has a reference with the key that stands for it, a fresh one where none does.

    Raises:
        APIConnectionError: the journal cannot be read or written; nothing was sent.
        ValueError: the client has no journal, the operation no key, or the call a key of its own.
    """
    reference = call.options.reference if call.options is not None else None
    profile = endpoint.profile or settings.profile
    if endpoint.safety is not Safety.KEYED:
        raise ValueError(f"{name} carries no idempotency key, so reference={reference!r} cannot keep it from a repeat")
    if settings.journal is None or reference is None:
        raise ValueError("reference= needs a journal: make the client with journal=SQLiteJournal(path)")
    if given_key(settings, endpoint, profile, call) is not None:
        raise ValueError("give a call a reference or an idempotency key of its own, not both")
    fresh = mint(profile.format)
    try:
        key = settings.journal.reserve(address(settings), reference, fresh, settings.clock.wall() + profile.ttl)
    except Exception as error:
        # Whether an earlier call with this reference did it is not known then.
        info = CallInfo(name, endpoint.method, endpoint.path, endpoint.safety, None, endpoint.evidence)
        record = CallRecord(info, (), Certainty.UNKNOWN)
        raise APIConnectionError(
            explain(record, f"the journal cannot be read ({error}), so nothing was sent"), record
        ) from error
    found = copy.copy(call)
    found.idempotency_key, found.first_use = key, key == fresh
    return found


def held(settings: Settings, journal: Journal, prepared: Prepared, *, whole: bool) -> HeldEntry:
    """Return the entry of a call, its body read.

    Raises:
        APIConnectionError: the body cannot be read as it was when the call began, or not be written; nothing was sent.
    """
    kept = journaled(journal, prepared, written_target(settings, prepared))
    return HeldEntry(settings, journal, kept, whole=whole, owns_body=kept is not prepared)


async def aheld(settings: Settings, journal: Journal, prepared: Prepared, *, whole: bool) -> HeldEntry:
    """Return the entry of a call, its body read in an event loop."""
    kept = await ajournaled(journal, prepared, written_target(settings, prepared))
    return HeldEntry(settings, journal, kept, whole=whole, owns_body=kept is not prepared)


class HeldEntry:
    """The entry of a call in a journal, from before its first byte to its end.

    Args:
        settings: the client's.
        journal: the client's journal.
        prepared: the call.
        whole: whether the answer is read into memory, so that it can be kept, and one that was kept can be given.
        owns_body: whether its body was written to a file for this call.
    """

    def __init__(
        self, settings: Settings, journal: Journal, prepared: Prepared, *, whole: bool, owns_body: bool
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._prepared = prepared
        self._is_whole = whole
        self._owns_body = owns_body
        self._state = prepared.state
        self._api = address(settings)
        self._key = str(prepared.state.info.idempotency_key)
        self._entry: JournalEntry | None = None
        self._stored: JournalOutcome | None = None
        self._is_held = False
        self._is_new = False
        self.answer: RawAnswer | None = None

    @property
    def prepared(self) -> Prepared:
        """The call, its body as the journal keeps it."""
        return self._prepared

    def open(self) -> None:
        """Write the call down before its first byte is sent.

        Raises:
            JournalConflictError: its key stands in the journal with other bytes, or for another account.
            APIError: it cannot be written down, it could be done again, or its key was first sent so long ago that the
                server may have forgotten it.
        """
        state, origin = self._state, self._prepared.origin
        now = self._settings.clock.wall()
        # A call that is settled was sent before it came here.
        began = now - state.facts.key_age
        entry = self._entry = new_entry(self._settings, self._prepared, began)
        is_minted = origin is KeyOrigin.MINTED and not state.facts.resumed
        try:
            hold = self._journal.begin(entry, is_new=is_minted)
        except JournalConflictError:
            raise
        except Exception as error:
            raise unwritten(self._prepared, f"the journal cannot write it down ({error})") from error
        self._stored = hold.outcome
        self._is_held, self._is_new = hold.outcome is None, hold.is_new
        # What stands in a journal was used before, whatever the caller says of it.
        resumed = state.facts.resumed or not hold.is_new or origin is KeyOrigin.REFERENCE_KNOWN
        age = max(0.0, now - min(hold.first_sent, began))
        is_done = state.facts.is_done or hold.outcome is not None
        state.facts = replace(state.facts, key_age=age, resumed=resumed, is_done=is_done)
        if hold.outcome is None:
            self._refuse(now, hold.first_sent)

    def _refuse(self, now: float, first_sent: float) -> None:
        """Refuse to send what could be done a second time.

        Raises:
            APIError: it could.
        """
        facts, info = self._state.facts, self._state.info
        record = CallRecord(info, (), Certainty.UNKNOWN, 0.0, "it could be done a second time")
        if is_from_future(first_sent, now):
            raise APIError(explain(record, f"nothing was sent: {_FUTURE}"), record)
        if is_too_old(facts, 0.0):
            raise APIError(explain(record, "nothing was sent, since the server may have forgotten the key"), record)
        is_referred = self._prepared.origin in (KeyOrigin.REFERENCE_NEW, KeyOrigin.REFERENCE_KNOWN)
        if is_referred and not self._is_new and self._is_unpromised:
            why = (
                f"nothing was sent: an earlier call with reference={self._prepared.reference!r} may have done it, and "
                "nobody says that the API honours its key; look, then client.journal.resume(repeat=True) sends it "
                "again, and client.journal.dismiss(entry) lets it be made anew"
            )
            raise APIConnectionError(explain(record, why), record)

    @property
    def _is_unpromised(self) -> bool:
        return self._state.facts.evidence is Evidence.ASSUMED

    def recall(self) -> bool:
        """Give the answer that the journal kept of an earlier call; return whether there was one.

        Raises:
            APIConnectionError: it was done, its answer is not there, and cannot be asked for again.
        """
        stored, state = self._stored, self._state
        if stored is None:
            return False
        if self._is_whole and stored.content is not None and stored.status is not None:
            answer = RawAnswer(stored.status, ShownHeaders(stored.headers), stored.content)
            now = self._settings.clock.wall()
            expects = state.facts.expects_html
            read = read_answer(
                state.profile, answer.status, answer.headers, answer.content, now=now, expects_html=expects
            )
            if isinstance(read, Answered) and read.is_done:
                state.recall(read, may_be_repeated=stored.may_be_repeated)
                self.answer = answer
                return True
        if self._is_unpromised or is_too_old(state.facts, 0.0):
            state.recall(None, may_be_repeated=stored.may_be_repeated)
            reason = "nobody says that the API honours its key" if self._is_unpromised else "its key is too old"
            record = state.record
            message = f"nothing was sent: an earlier call did it, its answer is not kept, and {reason}"
            raise APIConnectionError(explain(record, message), record)
        return False

    def close(self) -> None:
        """Forget a call whose outcome is certain, or of which nothing was sent; let go of any other one."""
        entry, record = self._entry, self._state.record
        try:
            if entry is not None and self._is_held:
                self._end(entry, record)
            elif entry is not None and self._stored is not None and record.attempts and self._state.outcome is not None:
                self._read_again(entry, record)
        except Exception:  # noqa: BLE001  # a journal may be anything that keeps to the protocol
            # The answer is worth more than the entry: what stays pending is settled by the next resume.
            log.exception("%s: the journal could not be brought up to date, key %s", record.call.operation, self._key)
        finally:
            if self._owns_body and not (self._is_held and self._is_new):
                self._remove_body()

    def _end(self, entry: JournalEntry, record: CallRecord) -> None:
        if self._is_new and all(attempt.certainty is Certainty.NOT_SENT for attempt in record.attempts):
            # A reference that stood there before may be that of a call which an earlier version has forgotten.
            reference = "" if self._prepared.origin is KeyOrigin.REFERENCE_KNOWN else entry.reference
            self._journal.settle(self._api, self._key, done=False, reference=reference)
        elif record.certainty in (Certainty.UNKNOWN, Certainty.NOT_SENT):
            self._journal.release(self._api, self._key)
        else:
            is_kept = self._prepared.origin is not KeyOrigin.MINTED
            outcome = self._outcome(entry, record) if is_kept else None
            self._journal.settle(self._api, self._key, outcome, done=record.certainty is Certainty.APPLIED)

    def _read_again(self, entry: JournalEntry, record: CallRecord) -> None:
        """Keep the answer of a call that was known to be done, where it came at last."""
        outcome = self._outcome(entry, record)
        if outcome.content is not None:
            self._journal.settle(self._api, self._key, outcome)

    def _outcome(self, entry: JournalEntry, record: CallRecord) -> JournalOutcome:
        return outcome_of(entry, record, self._state.outcome, self.answer, self._settings.clock.wall())

    def _remove_body(self) -> None:
        """Remove this call's own copy of a large body, where the entry has another or none."""
        stored = stored_in(self._prepared.unsigned.content)
        if stored is not None:
            with contextlib.suppress(OSError):
                stored.path.unlink()


def outcome_of(
    entry: JournalEntry, record: CallRecord, last: Outcome | None, answer: RawAnswer | None, now: float
) -> JournalOutcome:
    """Return what became of a call, as a journal keeps it.

    Args:
        entry: its entry.
        record: its attempts, and what is certain.
        last: the outcome of the last attempt.
        answer: the last answer, if one came.
        now: Unix time in seconds.
    """
    is_done = isinstance(last, Answered) and last.is_done
    # An answer that is left open is read by the caller, and one that was cut is not there as a whole.
    is_whole = type(answer) is RawAnswer and len(answer.content) <= _LARGEST_ANSWER
    is_the_result = is_done or record.certainty is Certainty.REJECTED
    kept = answer if is_whole and is_the_result else None
    expires_at = max(entry.first_sent + entry.key_ttl, now + _REFERENCE_KEPT if entry.reference else 0.0)
    return JournalOutcome(
        entry, record.certainty, record.may_be_repeated, None if last is None else last.status,
        {} if answer is None else dict(ShownHeaders(answer.headers)), None if kept is None else kept.content,
        now, expires_at,
    )  # fmt: skip


def address(settings: Settings) -> str:
    """Return the base URL as a journal keeps it: without a user and a password."""
    return without_userinfo(settings.base_url)


class EntryDialect(Struct, frozen=True):
    """How an API speaks of keys, and how a call is retried, as an entry keeps it."""

    profile: Profile
    retry: EffectivePolicy
    settled_by: tuple[int, ...]
    evidence: Evidence | None = None
    key_only: bool = False
    documents: tuple[int, ...] = ()


def digest_of(value: str) -> str:
    """Return the hash of a header's value, by which it is known again."""
    return hashlib.sha256(value.encode()).hexdigest()


def written_target(settings: Settings, prepared: Prepared) -> str:
    """Return path and query of a call as an entry keeps them: without what may be a credential."""
    target = without_credentials(settings, prepared.unsigned)
    return without_parameters(target, secret_parameters(target, prepared.state.profile.name))


def new_entry(settings: Settings, prepared: Prepared, first_sent: float) -> JournalEntry:
    """Return the entry of a call."""
    unsigned, state = prepared.unsigned, prepared.state
    stored = stored_in(unsigned.content)
    if stored is None and isinstance(unsigned.content, Upload):
        raise TypeError("a call with a journal needs a body that is bytes, or in a file of the journal's")
    headers, withheld = _kept(settings, prepared)
    target = without_credentials(settings, unsigned)
    parameters = secret_parameters(target, state.profile.name)
    withheld += tuple((f"?{name}", "") for name in parameters)
    facts = state.facts
    dialect = EntryDialect(
        state.profile, state.policy, facts.settled_by, facts.evidence, facts.key_only, facts.documents
    )
    return JournalEntry(
        api=address(settings),
        key=str(state.info.idempotency_key),
        operation=state.info.operation,
        method=unsigned.method,
        path=state.info.path,
        target=without_parameters(target, parameters),
        headers=headers,
        body=unsigned.content if isinstance(unsigned.content, bytes) else None,
        security=unsigned.security,
        first_sent=first_sent,
        key_ttl=state.facts.key_ttl,
        withheld=withheld,
        dialect=msgspec.json.encode(dialect).decode(),
        reference=prepared.reference,
        account=account_of(settings.account, settings.credentials, unsigned.security),
        body_file="" if stored is None else str(Path(stored.path)),
        digest="" if stored is None else stored.digest,
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
            withheld.append((name, digest_of(value)))
        elif lower in of_client:
            withheld.append((name, ""))
    return tuple(kept), tuple(withheld)
