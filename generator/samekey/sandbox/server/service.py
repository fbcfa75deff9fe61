"""A request from its credentials to its stored answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from samekey.config.dialect import Carrier, Signal
from samekey.sandbox.api.checks import UNREAD, Checked
from samekey.sandbox.api.credentials import ANYBODY
from samekey.sandbox.api.negotiation import as_asked
from samekey.sandbox.api.operations import Match
from samekey.sandbox.api.problems import problem
from samekey.sandbox.keys.request_key import RequestKey, every_key, key_of
from samekey.sandbox.keys.store import Claim, Done, InFlight, Mismatch, NotKeptError, Replayed, Stage, fingerprint
from samekey.sandbox.server.faults import Fault
from samekey.sandbox.server.ledger import AnswerKind, Event, Kind
from samekey.sandbox.storage.database import CommitLostError, commit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy import Connection

    from samekey.config.dialect import Profile
    from samekey.sandbox.api.answer import Answer
    from samekey.sandbox.api.checks import Checks, Read
    from samekey.sandbox.api.credentials import Guard
    from samekey.sandbox.api.operations import Routes, Site
    from samekey.sandbox.api.refusals import Refusals
    from samekey.sandbox.api.request import ReceivedRequest
    from samekey.sandbox.api.resources import Resources
    from samekey.sandbox.api.schemas import SchemaJudge
    from samekey.sandbox.api.subjects import ResourceInfo
    from samekey.sandbox.keys.store import KeyStore, Settled
    from samekey.sandbox.server.faults import Struck
    from samekey.sandbox.server.ledger import Ledger
    from samekey.sandbox.storage.database import Database

RETRY_AFTER = ("Retry-After", "1")
_IN_FLIGHT = Signal(409)
_CRASHES = {
    Fault.CRASH_AFTER_CLAIM: Stage.CLAIMED,
    Fault.CRASH_AFTER_EFFECT: Stage.DONE,
    Fault.CRASH_BEFORE_COMMIT: Stage.STORED,
}


def _as_it_is(answer: Answer) -> Answer:
    """Return a response unchanged."""
    return answer


class CrashError(Exception):
    """The server died over a request, as seen from outside."""


class _FailError(Exception):
    """The server gave up a request, and says so."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Whom and what a request is about, for the ledger and for rules of faults.

    Args:
        names: what its operation is called: first as people call it.
        scope: whose request it is.
        key: the key that it bears, well formed or not.
        identity: what tells it from other requests, and not from its retries.
        content: a digest of what it asks for.
        in_flight: how its dialect says that the first request with its key still runs.
        worded: puts a refusal into the words of its document.
        changes: whether it may have an effect.
    """

    names: tuple[str, ...]
    scope: str
    key: str | None
    identity: str
    content: str
    in_flight: Signal = _IN_FLIGHT
    worded: Callable[[Answer], Answer] = _as_it_is
    changes: bool = True


class Rest(Protocol):
    """The pieces of a body that have not come yet."""

    def __anext__(self) -> Awaitable[bytes]:
        """Return the next piece."""
        ...

    async def aclose(self) -> None:
        """Give up what has not come."""
        ...


@dataclass(frozen=True, slots=True)
class Handled:
    """An answer, and how it came to be.

    Args:
        answer: the answer, its body whole unless there is a rest.
        kind: how it came to be.
        rest: what comes behind its body, piece by piece; it is closed by whoever has it. None where nothing does.
    """

    answer: Answer
    kind: AnswerKind = AnswerKind.OWN
    rest: Rest | None = None

    async def drop(self) -> None:
        """Close what has not come yet, since nobody wants it."""
        if self.rest is not None:
            await self.rest.aclose()


class Backend(Protocol):
    """What stands behind the faults of the wire: the sandbox's own API, or somebody else's."""

    def subject(self, request: ReceivedRequest) -> RequestContext:
        """Return whom and what a request is about, for the ledger and for rules of faults."""
        ...

    async def handle(self, request: ReceivedRequest, subject: RequestContext, struck: Struck | None) -> Handled:
        """Answer a request.

        Raises:
            CrashError: the fault that struck has ended it without an answer.
        """
        ...

    async def left(self, request: ReceivedRequest, subject: RequestContext) -> None:
        """Take note that the client of a request has left without its response."""
        ...

    def purge(self) -> int:
        """Remove some of what is out of date, and return how much."""
        ...

    async def close(self) -> None:
        """Close everything that the backend holds open."""
        ...


@dataclass(frozen=True, slots=True)
class ServiceParts:
    """What the service is made of.

    Args:
        routes: finds operations.
        guard: looks at credentials.
        checks: looks at requests.
        schemas: judges values.
        resources: carries requests out.
        refusals: puts refusals into the document's words.
        keys: does each key once.
        ledger: writes effects down.
        database: where all of it is kept.
        ttl: seconds for which keys are remembered.
        profile: the dialect of requests that name no operation.
        announce: told of what an operation has done, and of its answer; None for nobody.
    """

    routes: Routes
    guard: Guard
    checks: Checks
    schemas: SchemaJudge
    resources: Resources
    refusals: Refusals
    keys: KeyStore
    ledger: Ledger
    database: Database
    ttl: float
    profile: Profile
    announce: Callable[[ResourceInfo, Answer], None] | None = None


class Service:
    """The API of a document.

    Args:
        parts: what it is made of.
    """

    def __init__(self, parts: ServiceParts) -> None:
        self._parts = parts

    def subject(self, request: ReceivedRequest) -> RequestContext:
        """Return whom and what a request is about, for the ledger and for rules of faults."""
        found = self._parts.routes.find(request.method, request.path)
        site = found.site if isinstance(found, Match) else None
        profile = site.operation.profile if site is not None else self._parts.profile
        body = self._parts.checks.glance(request) if profile.carrier is Carrier.BODY else UNREAD
        keys = every_key(profile, request, body)
        account = self._parts.guard.scope(site.operation if site is not None else None, request) or ANYBODY
        scope = _scope_of(account, site, request) if site is not None else account
        key = keys[0] if keys and site is not None and site.keyed else None
        place = f"{request.method} {site.path if site is not None else request.path}"
        names = (site.name, place) if site is not None and site.name != place else (place,)
        content = fingerprint(request.method, request.target, request.body)
        identity = key if key is not None else content
        running = next(iter(profile.in_flight or ()), _IN_FLIGHT)
        worded = partial(self._parts.refusals.worded, site) if site is not None else _as_it_is
        changes = site is not None and site.changes
        return RequestContext(names, scope, key, identity, content, running, worded, changes)

    def handle(self, request: ReceivedRequest, subject: RequestContext, struck: Struck | None) -> Handled:
        """Answer a request.

        Raises:
            CrashError: the fault that struck has ended it without an answer.
        """
        handled = self._handled(request, subject, struck)
        return replace(handled, answer=subject.worded(handled.answer))

    def _handled(self, request: ReceivedRequest, subject: RequestContext, struck: Struck | None) -> Handled:
        found = self._parts.routes.find(request.method, request.path)
        if not isinstance(found, Match):
            return Handled(_nowhere(request, found))
        preferred = self._parts.refusals.preferred(found.site, request)
        if preferred is not None:
            return Handled(preferred)
        admitted = self._admit(found, request)
        if not isinstance(admitted, _Admitted):
            return Handled(admitted)
        try:
            # A transaction that takes a while holds up no other key.
            slow_at = Stage.ALONE if self._parts.database.has_one_writer else Stage.CLAIMED
            work = _Work(found, request, subject, admitted.body, admitted.key, struck, slow_at)
            return self._announced(work, self._carry_out(work))
        except _FailError:
            return Handled(problem(500, "failed", "something broke; nothing was done"), AnswerKind.FAULT)
        except (NotKeptError, CommitLostError, DBAPIError, PoolTimeoutError):
            return Handled(problem(503, "store_unavailable", "the store cannot be used now", headers=(RETRY_AFTER,)))

    def _admit(self, match: Match, request: ReceivedRequest) -> _Admitted | Answer:
        """Check a request, its credentials and its key; nothing that is refused here is remembered."""
        if self._parts.guard.scope(match.site.operation, request) is None:
            places, challenge = self._parts.guard.wanted(match.site.operation)
            detail = f"the credentials are missing, or not those that are taken here: {places}"
            return problem(401, "unauthorized", detail, headers=(("WWW-Authenticate", challenge),))
        if _is_unacceptable(match.site, request):
            return problem(406, "not_acceptable", f"there is no answer here in {request.header('accept')}")
        checked = self._parts.checks.check(match, request)
        if not isinstance(checked, Checked):
            return checked
        carried = key_of(match.site, request, checked.body, self._parts.schemas, self._parts.ttl)
        return _Admitted(checked.body, carried.key) if isinstance(carried, RequestKey) else carried

    def left(self, request: ReceivedRequest, subject: RequestContext) -> None:
        """Tell the key store that the client of a request has left without its response."""
        if subject.key is not None:
            self._parts.keys.left(Claim(subject.scope, subject.key, subject.content, request.attempt))

    def purge(self) -> int:
        """Remove a batch of expired keys, and return how many."""
        return self._parts.keys.purge()

    def _carry_out(self, work: _Work) -> Handled:
        parts = self._parts
        if not work.match.site.changes:
            with parts.database.engine.connect() as connection:
                return Handled(parts.resources.perform(connection, work.match, work.request, work.body))
        if work.key is None:
            return Handled(self._unkeyed(work))
        claim = Claim(work.subject.scope, work.key, work.subject.content, work.request.attempt)
        return _handled(parts.keys.once(claim, self._effect(work), work.reached), work.match.site)

    def _announced(self, work: _Work, handled: Handled) -> Handled:
        """Tell who wants to know what a request has done, now that it is kept, and return its response."""
        if self._parts.announce is not None and handled.kind is AnswerKind.OWN and work.done:
            self._parts.announce(self._parts.resources.subject(work.match.site), work.done[-1])
        return handled

    def _unkeyed(self, work: _Work) -> Answer:
        work.reached(Stage.ALONE)
        with self._parts.database.writing() as connection:
            work.reached(Stage.CLAIMED)
            answer = self._effect(work)(connection)
            work.reached(Stage.DONE)
            work.reached(Stage.STORED)
            commit(connection)
            return answer

    def _effect(self, work: _Work) -> Callable[[Connection], Answer]:
        """Return a function that does what a request asks for, as one step of a transaction."""

        def effect(connection: Connection) -> Answer:
            done = work.subject.worded(self._parts.resources.perform(connection, work.match, work.request, work.body))
            answer = done
            if work.struck is not None and work.struck.fault is Fault.FAIL_STORED:
                answer = work.subject.worded(
                    problem(500, "failed", "something broke after it was done; this answer is kept")
                )
            if done.succeeded:
                work.done.append(done)
                self._parts.ledger.effect(connection, work.event(done, answer))
            return answer

        return effect


@dataclass(frozen=True, slots=True)
class _Admitted:
    """The body and the key of a request that may be carried out."""

    body: Read
    key: str | None


@dataclass(frozen=True, slots=True)
class _Work:
    """A request that is to be carried out."""

    match: Match
    request: ReceivedRequest
    subject: RequestContext
    body: Read
    key: str | None
    struck: Struck | None
    slow_at: Stage
    done: list[Answer] = field(default_factory=list["Answer"])

    def event(self, done: Answer, answer: Answer) -> Event:
        """Return the effect of a request as an event for the ledger.

        Args:
            done: what the operation says of it.
            answer: what its client is told, now and again.
        """
        detail = dict(done.headers).get("Location", "")
        return Event(
            Kind.EFFECT, self.request.attempt, self.subject.names[0], self.subject.scope, self.key,
            done.status, detail=detail, answer=answer.digest,
        )  # fmt: skip

    def reached(self, stage: Stage) -> None:
        """Crash, fail, or take a while, if this stage is where the fault strikes."""
        fault = self.struck.fault if self.struck is not None else None
        if self.struck is not None and fault is Fault.SLOW and stage is self.slow_at:
            time.sleep(self.struck.seconds)
        if fault is not None and _CRASHES.get(fault) is stage:
            raise CrashError
        if fault is Fault.FAIL_BEFORE_COMMIT and stage is Stage.STORED:
            raise _FailError


def _is_unacceptable(site: Site, request: ReceivedRequest) -> bool:
    """Whether a client takes none of the answers, and the document says that such a request is refused.

    A server may as well answer in what it has (RFC 9110 section 12.5.1), as most do.
    """
    accept = request.header("accept")
    return "406" in site.refusals and all(as_asked(reply, accept) is None for reply in site.replies)


def _scope_of(account: str, site: Site, request: ReceivedRequest) -> str:
    """Return whose key it is: an account's, together with what the operation's own headers and cookies say.

    `Acme-Account: acct_2` is another customer, whose charge is another charge.
    """
    said = [
        f"{name}={value}" for name in site.scoping for value in (*request.every(name), request.cookies.get(name, ""))
    ]
    said = [entry for entry in said if not entry.endswith("=")]
    return sha256("\0".join([account, *said]).encode()).hexdigest()[:16] if said else account


def _handled(settled: Settled, site: Site) -> Handled:
    """Return the response that says what became of a claim, in the dialect of the operation."""
    profile = site.operation.profile
    match settled:
        case Done(answer):
            return Handled(answer)
        case Replayed(answer):
            marker = next(iter(profile.replayed), "Idempotent-Replayed")
            return Handled(answer.marked(marker, "true"), AnswerKind.REPLAYED)
        case InFlight():
            return Handled(in_flight(profile), AnswerKind.IN_FLIGHT)
        case Mismatch():
            detail = f"this {profile.name} has been used for another payload; this request did nothing"
            return Handled(_signal(profile.mismatch, 422, "key_reused", detail), AnswerKind.MISMATCH)


def in_flight(profile: Profile) -> Answer:
    """Return the response to a request with a key while the first request with that key is running."""
    detail = "the first request with this key is still running; ask again with the same key"
    answer = _signal(profile.in_flight, 409, "request_in_flight", detail)
    return replace(answer, headers=(*answer.headers, RETRY_AFTER))


def _signal(signals: tuple[Signal, ...] | None, status: int, code: str, detail: str) -> Answer:
    first = next(iter(signals or ()), None)
    return problem(first.status if first else status, (first.code if first else "") or code, detail)


def _nowhere(request: ReceivedRequest, allowed: tuple[str, ...]) -> Answer:
    if not allowed:
        return problem(404, "no_such_path", f"the document has no path {request.path}")
    detail = f"the document has no {request.method} at this path, only {', '.join(allowed)}"
    return problem(405, "no_such_method", detail, headers=(("Allow", ", ".join(allowed)),))
