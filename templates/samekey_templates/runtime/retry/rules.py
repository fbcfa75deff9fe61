"""The rules of retrying, as tables and pure functions: what is retried, how long to wait, what is certain.

Rule of this file: no httpx, no asyncio, no clock, no randomness. Everything arrives as an argument.
"""

from __future__ import annotations

from enum import StrEnum
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from msgspec import Struct, structs

from ..declare import public, table
from ..safety import Evidence, Safety

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .record import AttemptEvent


@public
class Certainty(StrEnum):
    """What is known about the effect of an attempt or of a call."""

    NOT_SENT = "not sent"
    """The server cannot have seen it."""
    REJECTED = "rejected"
    """The server saw it and refused; nothing was done."""
    UNKNOWN = "unknown"
    """It may or may not have been done."""
    APPLIED = "applied"
    """It was done."""


@public
class Failure(StrEnum):
    """Why an attempt has no complete answer."""

    UNREACHABLE = "unreachable"
    """DNS failure, connection refused, connect timeout, TLS handshake cut."""
    UNSENDABLE = "unsendable"
    """Certificate refused, no free connection in the pool, URL or headers that cannot be sent."""
    STREAM_REFUSED = "stream refused"
    """HTTP/2 said that the stream was not processed (RFC 9113 sections 6.8 and 8.7)."""
    ANSWER_LOST = "answer lost"
    """Timed out or cut after bytes may have left, before a status line came back."""
    ANSWER_CUT = "answer cut"
    """Cut after a 2xx status line: done, but the answer is incomplete."""
    UNDECODABLE = "undecodable"
    """A complete 2xx that cannot be decoded."""
    DEADLINE = "deadline reached"
    """The call's deadline passed while an attempt was in flight."""
    CANCELLED = "cancelled"
    """The caller gave up while an attempt was in flight."""
    REDIRECTED = "redirect not followed"
    """The answer points elsewhere, and following could repeat or leak the request."""
    FOREIGN_PAGE = "a page of HTML"
    """A complete 2xx with HTML where the document promises something else: a login page, or a captive portal."""


@public
class Answered(Struct, frozen=True):
    """A complete answer, reduced to what the retry rules look at.

    Args:
        status: the HTTP status.
        at: seconds since the call began.
        retry_after: seconds that the server asked to wait, if it did.
        in_flight: it says that the first request with this key is still running.
        mismatch: it says that this key came with another payload before.
        replayed: it bears the marker of a stored answer.
        should_retry: the server's own word, if it gave one.
        in_flight_named: it says `in_flight` by a status or code that the API's dialect names, not by its looks alone.
        throttled: the API's dialect names it as throttling, whatever its status.
        refused: it is a 2xx, and the API's dialect names it as a refusal.
    """

    status: int
    at: float = 0.0
    retry_after: float | None = None
    in_flight: bool = False
    mismatch: bool = False
    replayed: bool = False
    should_retry: bool | None = None
    in_flight_named: bool = False
    throttled: bool = False
    refused: bool = False

    def __str__(self) -> str:
        return f"status {self.status}"

    @property
    def is_done(self) -> bool:
        """Whether it says that the request was done (RFC 9110 section 15.3)."""
        return is_success(self.status) and not self.refused


@public
class Failed(Struct, frozen=True):
    """An attempt without a complete answer.

    Args:
        failure: its kind.
        detail: the transport's own words.
        at: seconds since the call began.
        timeout: whether a timeout was the cause; retrying those costs more of the budget.
        status: the status that came back before the cut, if one did.
    """

    failure: Failure
    detail: str = ""
    at: float = 0.0
    timeout: bool = False
    status: int | None = None

    def __str__(self) -> str:
        return self.detail or self.failure.value


Outcome: TypeAlias = Answered | Failed


@public
class Attempt(Struct, frozen=True):
    """One HTTP request on the wire and what became of it.

    Args:
        number: counted from 1.
        sent_at: Unix time in seconds at which it started.
        took: seconds from start to outcome.
        outcome: what happened.
        certainty: what is known of this attempt alone.
        wait: seconds waited before the next attempt; None after the last.
    """

    number: int
    sent_at: float
    took: float
    outcome: Outcome
    certainty: Certainty
    wait: float | None = None


class CallFacts(Struct, frozen=True):
    """What the retry rules need to know of a call.

    Args:
        safety: the operation's safety.
        replayable: whether the body can be sent again.
        resumed: whether the caller brought the key, so an earlier call may have used it.
        is_done: whether an earlier call with this key is known to have done it.
        evidence: who says that the API honours the key; None where there is none.
        key_only: whether the call is retried as if it had no key, since nobody says that the API honours it.
        expects_html: whether a page of HTML may be the operation's own answer.
        documents: statuses that the API's document gives for the operation, as far as they decide anything here.
        settled_by: the statuses of 4xx by which the operation itself refuses a request under its key, so that they
            prove that an earlier attempt did nothing; none where the key is assumed.
        key_ttl: seconds for which the server remembers a key.
        key_age: seconds since the key was first sent, when the call began; a journal knows it.
    """

    safety: Safety
    replayable: bool = True
    resumed: bool = False
    is_done: bool = False
    evidence: Evidence | None = None
    key_only: bool = False
    expects_html: bool = True
    documents: tuple[int, ...] = ()
    settled_by: tuple[int, ...] = ()
    key_ttl: float = 86_400.0
    key_age: float = 0.0


@public
class RetryPolicy(Struct, frozen=True):
    """How often, how long and for what a call is retried; frozen, so it can be shared.

    A policy refines the one behind it, field by field: what is None here is as the client, the SDK's config or the
    API's document says, else as the defaults in brackets.

    Args:
        max_retries: retries after the first attempt. (3)
        initial_delay: seconds; the backoff before the first retry is drawn from [0, initial_delay]. (0.5)
        max_delay: seconds; the backoff never draws from a wider range. (8)
        deadline: seconds for the whole call with its attempts, waits and body read. (120)
        max_retry_after: seconds; a server that asks for more is not waited for. (60)
        statuses: the statuses that are retried, in place of all that are safe to. Any from 400 on can be named; a POST
            or PATCH without a key is retried only after 408, 503, 529, and statuses by which nothing was done.
        retry_if: asked about each failed attempt that would not be retried; True adds it, within the same bounds.
        budget: whether retries draw on the client's budget, so an outage is not multiplied. (True)

    Raises:
        ValueError: a value makes no sense.
    """

    max_retries: int | None = None
    initial_delay: float | None = None
    max_delay: float | None = None
    deadline: float | None = None
    max_retry_after: float | None = None
    statuses: frozenset[int] | None = None
    retry_if: Callable[[AttemptEvent], bool] | None = None
    budget: bool | None = None

    def __post_init__(self) -> None:
        if self.max_retries is not None and (type(self.max_retries) is not int or self.max_retries < 0):
            raise ValueError(f"max_retries must be a whole number, 0 or more, not {self.max_retries}")
        for name in ("initial_delay", "max_delay", "deadline", "max_retry_after"):
            value = getattr(self, name)
            if value is not None and not is_seconds(value):
                raise ValueError(f"{name} must be a finite number of seconds, 0 or more, not {value!r}")
        if self.deadline == 0:
            raise ValueError("deadline must be more than 0 seconds")
        if self.max_delay is not None and self.initial_delay is not None and self.max_delay < self.initial_delay:
            raise ValueError(f"max_delay ({self.max_delay}) must not be below initial_delay ({self.initial_delay})")
        if not _are_statuses(self.statuses):
            raise ValueError(f"statuses must be a set of numbers such as frozenset({{503}}), and not {self.statuses!r}")
        if self.retry_if is not None and (not callable(self.retry_if) or iscoroutinefunction(self.retry_if)):
            raise ValueError(f"retry_if must be a plain function, and not {self.retry_if!r}")
        never = sorted(status for status in self.statuses or () if not is_error(status))
        if never:
            raise ValueError(f"statuses {never} cannot be retried: only those from 400 to 599 are errors")

    def over(self, base: RetryPolicy) -> RetryPolicy:
        """Return a policy that says what this one says, and what the one behind it says of the rest."""
        said = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}
        return structs.replace(base, **_consistent(said, base)) if said else base


def _are_statuses(value: object) -> bool:
    """Whether a value is a set of whole numbers, or None."""
    listed = cast("frozenset[object]", value)
    return value is None or (isinstance(value, (set, frozenset)) and all(type(entry) is int for entry in listed))


def is_seconds(value: object) -> bool:
    """Whether a value is a finite number of seconds, 0 or more, as clocks can reckon with it."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")


def _consistent(said: dict[str, Any], base: RetryPolicy) -> dict[str, Any]:
    """Return the fields of a policy with the other end of its backoff moved, where only one end is said."""
    longest, shortest = said.get("max_delay"), said.get("initial_delay")
    if longest is not None and shortest is None and base.initial_delay is not None:
        return {**said, "initial_delay": min(base.initial_delay, longest)}
    if shortest is not None and longest is None and base.max_delay is not None:
        return {**said, "max_delay": max(base.max_delay, shortest)}
    return said


class EffectivePolicy(Struct, frozen=True):
    """The retry policy of a call, with all that it says: the fields of `RetryPolicy`, without its predicate."""

    max_retries: int = 3
    initial_delay: float = 0.5
    max_delay: float = 8.0
    deadline: float = 120.0
    max_retry_after: float = 60.0
    statuses: frozenset[int] | None = None
    budget: bool = True

    @classmethod
    def of(cls, policy: RetryPolicy) -> EffectivePolicy:
        """Return what a policy says, and the defaults for what it does not say."""
        said = {name: value for name in cls.__struct_fields__ if (value := getattr(policy, name)) is not None}
        return cls(**_consistent(said, _DEFAULTS))


_DEFAULTS: Final = RetryPolicy(initial_delay=0.5, max_delay=8.0)


def with_max_retries(policy: RetryPolicy | None, max_retries: int | None) -> RetryPolicy | None:
    """Return a policy with a number of retries that was given beside it.

    Raises:
        ValueError: the policy says another number.
    """
    if max_retries is None:
        return policy
    if policy is not None and policy.max_retries not in {None, max_retries}:
        raise ValueError(f"max_retries={max_retries} and a retry policy with max_retries={policy.max_retries} differ")
    return RetryPolicy(max_retries=max_retries).over(policy or RetryPolicy())


def refuse_unsafe_statuses(policy: RetryPolicy, operation: str) -> None:
    """Refuse a policy for a call without a key that names statuses after which the request may have been done.

    Raises:
        ValueError: it names some.
    """
    never = sorted(
        status
        for status in policy.statuses or ()
        if (rule := _STATUSES.get(status) or _usual_rule(status, ())).certainty is not Certainty.REJECTED
        and Safety.UNSAFE not in rule.opt_in
    )
    if never:
        raise ValueError(
            f"{operation} carries no idempotency key, and after statuses {never} it may have been done: "
            "a retry could do it twice"
        )


class Retry(Struct, frozen=True):
    """Send again.

    Args:
        delay: seconds to wait first.
        reason: why, for logs and hooks.
        cost: tokens of the budget.
    """

    delay: float
    reason: str
    cost: int


class Stop(Struct, frozen=True):
    """Do not send again, and why."""

    reason: str


Decision: TypeAlias = Retry | Stop


class _Wait(StrEnum):
    """How long to wait; what the server asks for counts in each of them."""

    BACKOFF = "up to the backoff"
    POLL = "the upper half of the backoff"
    AT_ONCE = "not at all, the first time"


class _Rule(Struct, frozen=True):
    """A row of the table: who is retried, after which wait, and what the attempt makes certain."""

    retried: tuple[Safety, ...]
    certainty: Certainty
    wait: _Wait = _Wait.BACKOFF
    opt_in: tuple[Safety, ...] = ()


# Tuples: a member of an enum is found in a few by identity, and its hash is made anew each time.
_ALL: Final = tuple(Safety)
_NONE: Final[tuple[Safety, ...]] = ()
_REPEATABLE: Final = (Safety.SAFE, Safety.IDEMPOTENT, Safety.KEYED)
_UNSAFE: Final = (Safety.UNSAFE,)
_KEYED: Final = (Safety.KEYED,)

_FAILURES: Final = table(Failure, {
    Failure.UNREACHABLE: _Rule(_ALL, Certainty.NOT_SENT),
    Failure.UNSENDABLE: _Rule(_NONE, Certainty.NOT_SENT),
    Failure.STREAM_REFUSED: _Rule(_ALL, Certainty.NOT_SENT, _Wait.AT_ONCE),
    Failure.ANSWER_LOST: _Rule(_REPEATABLE, Certainty.UNKNOWN),
    Failure.ANSWER_CUT: _Rule(_REPEATABLE, Certainty.APPLIED),
    Failure.UNDECODABLE: _Rule(_NONE, Certainty.APPLIED),
    Failure.DEADLINE: _Rule(_NONE, Certainty.UNKNOWN),
    Failure.CANCELLED: _Rule(_NONE, Certainty.UNKNOWN),
    Failure.REDIRECTED: _Rule(_NONE, Certainty.UNKNOWN),
    Failure.FOREIGN_PAGE: _Rule(_NONE, Certainty.UNKNOWN),
})  # fmt: skip

_LOST: Final = _Rule(_REPEATABLE, Certainty.UNKNOWN)
"""The server, or a gateway before it, gave up: the request may have been done."""
_BUSY: Final = _Rule(_REPEATABLE, Certainty.UNKNOWN, opt_in=_UNSAFE)
_SUCCESS: Final = _Rule(_NONE, Certainty.APPLIED)
_REFUSAL: Final = _Rule(_NONE, Certainty.REJECTED)
_THROTTLED: Final = _Rule(_ALL, Certainty.REJECTED)
_REDIRECT: Final = _Rule(_NONE, Certainty.UNKNOWN)
_REDIRECT_DOCUMENTED: Final = _Rule(_NONE, Certainty.APPLIED)
_STRAY: Final = _Rule(_NONE, Certainty.UNKNOWN)
"""A 4xx that neither HTTP nor the document knows: something between may have said it, after the effect."""
_CUT_UNPROMISED: Final = _Rule((Safety.SAFE, Safety.IDEMPOTENT), Certainty.APPLIED)
"""It is done, and a server that does not honour the key would do it again for the sake of its answer."""
_REPLAYED_REFUSAL: Final = _Rule(_NONE, Certainty.REJECTED)
_REPLAYED_ERROR: Final = _Rule(_NONE, Certainty.UNKNOWN)
_IN_FLIGHT: Final = _Rule(_KEYED, Certainty.UNKNOWN, _Wait.POLL)
_MISMATCH_FIRST: Final = _Rule(_NONE, Certainty.REJECTED)
_MISMATCH_LATER: Final = _Rule(_NONE, Certainty.UNKNOWN)

_STATUSES: Final[dict[int, _Rule]] = {
    408: _Rule(_REPEATABLE, Certainty.UNKNOWN, opt_in=_UNSAFE),
    425: _THROTTLED,
    429: _THROTTLED,
    460: _LOST,
    499: _LOST,
    501: _REFUSAL,
    503: _BUSY,
    505: _REFUSAL,
    507: _REFUSAL,
    511: _REFUSAL,
    529: _BUSY,
}
"""Statuses that differ from the other ones of their hundred."""
HTTP_REFUSALS: Final = frozenset({*range(400, 408), *range(409, 418), 421, 422, 424, 426, 428, 431, 451})
"""Statuses by which HTTP refuses a request (RFC 9110 section 15.5, RFC 6585, RFC 7725)."""
_SHORTEST_POLL: Final = 0.05
"""Seconds: a request that is still running is not asked for more often."""

RETRY_COST: Final = 5
TIMEOUT_COST: Final = 10


def decide(
    policy: EffectivePolicy,
    call: CallFacts,
    history: Sequence[Attempt],
    outcome: Outcome,
    jitter: float,
    wanted: bool = False,  # noqa: FBT001, FBT002
) -> Decision:
    """Decide whether to send again after an outcome, and after which wait.

    Args:
        policy: the limits.
        call: the facts of the call.
        history: the attempts before this outcome's own.
        outcome: what just happened, with `at` in seconds since the call began.
        jitter: a number drawn uniformly from [0, 1).
        wanted: whether the caller's own predicate asks for another attempt.
    """
    rule = _rule(call, history, outcome)
    refusal = _not_allowed(policy, call, rule, outcome, wanted=wanted)
    if refusal is not None:
        return Stop(refusal)
    may_poll = _is_named_in_flight(outcome) and policy.max_retries > 0
    if not may_poll and _retries_spent(history) >= policy.max_retries:
        spent = "1 retry is" if policy.max_retries == 1 else f"{policy.max_retries} retries are"
        return Stop(f"{spent} spent")
    delay = _delay(policy, history, rule, outcome, jitter)
    asked = outcome.retry_after if isinstance(outcome, Answered) else None
    if asked is not None and asked > policy.max_retry_after:
        return Stop(f"the server asks to wait {asked:g} s, more than max_retry_after={policy.max_retry_after:g}")
    resume_at = outcome.at + delay
    refusal = too_late(policy, call, resume_at, resume_at)
    if refusal is not None:
        return Stop(refusal)
    return Retry(delay, str(outcome), _cost(rule, outcome))


def certainty_of(call: CallFacts, history: Sequence[Attempt], outcome: Outcome) -> Certainty:
    """Return what one attempt, taken alone, makes certain (the last column of the table of retry rules)."""
    return _rule(call, history, outcome).certainty


def conclude(call: CallFacts, attempts: Sequence[Attempt]) -> Certainty:
    """Return what all attempts of a call together make certain, the taint rule included.

    A refusal after an attempt whose effect is unknown proves nothing: limiters, proxies and routers refuse before or
    beside the key. Only a stored refusal, or one that is the operation's own, settles a keyed call. A resumed key may
    have been sent before, so it starts out unknown.
    """
    certainties = [attempt.certainty for attempt in attempts]
    if call.is_done or Certainty.APPLIED in certainties:
        return Certainty.APPLIED
    if not call.resumed and Certainty.UNKNOWN not in certainties:
        return Certainty.REJECTED if Certainty.REJECTED in certainties else Certainty.NOT_SENT
    return Certainty.REJECTED if attempts and _denies(call, attempts[-1]) else Certainty.UNKNOWN


def may_be_repeated(call: CallFacts, attempts: Sequence[Attempt]) -> bool:
    """Whether the operation may have been done more than once: nobody says that the API can tell a retry.

    So it is where the call is resumed or two of its attempts may have reached the operation, and no answer bore the
    marker of a stored one.
    """
    if call.safety is not Safety.UNSAFE and (call.safety is not Safety.KEYED or call.evidence is not Evidence.ASSUMED):
        return False
    if any(isinstance(attempt.outcome, Answered) and attempt.outcome.replayed for attempt in attempts):
        return False
    reached = sum([1 for attempt in attempts if attempt.certainty in (Certainty.UNKNOWN, Certainty.APPLIED)])
    return call.resumed or reached > 1


def _denies(call: CallFacts, last: Attempt) -> bool:
    """Whether a last refusal proves that nothing was done, though an earlier attempt may have had its effect."""
    if last.certainty is not Certainty.REJECTED:
        return False
    # A read has no effect in the first place; a keyed call is settled by the operation's own word.
    return call.safety is Safety.SAFE or (call.safety is Safety.KEYED and _settles(call, last.outcome))


def too_late(policy: EffectivePolicy, call: CallFacts, at: float, age: float) -> str | None:
    """Return why an attempt must not start any more; None where it may.

    Args:
        policy: the limits.
        call: the facts of the call.
        at: seconds since the call began.
        age: seconds in which its key has been known to the server.
    """
    if at >= policy.deadline:
        return "the next attempt would start after the deadline"
    if call.safety is Safety.KEYED and is_too_old(call, age):
        return "the key would be too old: the server may have forgotten it"
    return None


def is_too_old(call: CallFacts, at: float) -> bool:
    """Whether the server may have forgotten the key: a purged key is a new request.

    Args:
        call: the facts of the call.
        at: seconds since the call began.
    """
    return call.key_age + at >= call.key_ttl - ttl_margin(call.key_ttl)


def latest(policy: EffectivePolicy, call: CallFacts) -> float:
    """Return the seconds since a call began after which no attempt goes on: it could find its key forgotten."""
    if call.safety is not Safety.KEYED:
        return policy.deadline
    return min(policy.deadline, call.key_ttl - ttl_margin(call.key_ttl) - call.key_age)


def ttl_margin(ttl: float) -> float:
    """Return the seconds before a key's end of life at which it is too old; clocks and networks are not exact."""
    return min(60.0, ttl * 0.1)


def is_success(status: int) -> bool:
    """Whether a status says that the request was done (RFC 9110 section 15.3)."""
    return 200 <= status < 300  # noqa: PLR2004


def is_error(status: int) -> bool:
    """Whether a status says that the request failed (RFC 9110 sections 15.5 and 15.6)."""
    return 400 <= status < 600  # noqa: PLR2004


def at(outcome: Outcome, seconds: float) -> Outcome:
    """Return the outcome with its time set: seconds since the call began."""
    return structs.replace(outcome, at=seconds)


def _settles(call: CallFacts, outcome: Outcome) -> bool:
    """Whether a refusal is the operation's own word under its key."""
    return isinstance(outcome, Answered) and (outcome.replayed or outcome.status in call.settled_by)


def _rule(call: CallFacts, history: Sequence[Attempt], outcome: Outcome) -> _Rule:
    if not isinstance(outcome, Answered):
        return _failure_rule(call, outcome)
    if call.safety is Safety.KEYED and outcome.status >= 400:  # noqa: PLR2004
        # Rows that exist for keyed calls only.
        if outcome.in_flight:
            return _IN_FLIGHT
        if outcome.mismatch:
            # A key that collides was used before: by this call, or by an earlier one of whoever brought it.
            return _MISMATCH_LATER if history or call.resumed else _MISMATCH_FIRST
        if outcome.replayed:
            return _REPLAYED_REFUSAL if outcome.status < 500 else _REPLAYED_ERROR  # noqa: PLR2004
    if outcome.throttled or outcome.refused:
        return _THROTTLED if outcome.throttled else _REFUSAL
    return _STATUSES.get(outcome.status) or _usual_rule(outcome.status, call.documents)


def _failure_rule(call: CallFacts, outcome: Failed) -> _Rule:
    """Return the retry rule of an attempt without a complete answer."""
    if outcome.failure is Failure.REDIRECTED and outcome.status in call.documents:
        return _REDIRECT_DOCUMENTED
    if outcome.failure is Failure.ANSWER_CUT and call.evidence is Evidence.ASSUMED:
        return _CUT_UNPROMISED
    return _FAILURES[outcome.failure]


def _usual_rule(status: int, documented: tuple[int, ...]) -> _Rule:
    """Return the retry rule of a status that has none of its own.

    Args:
        status: the HTTP status.
        documented: statuses that the API's document gives for the operation.
    """
    if is_success(status):
        return _SUCCESS
    if status < 400:  # noqa: PLR2004
        return _REDIRECT_DOCUMENTED if status in documented else _REDIRECT
    if status >= 500:  # noqa: PLR2004
        return _LOST
    return _REFUSAL if status in HTTP_REFUSALS or status in documented else _STRAY


def _not_allowed(
    policy: EffectivePolicy, call: CallFacts, rule: _Rule, outcome: Outcome, *, wanted: bool
) -> str | None:
    """Return why the safety rule, the server or the policy forbids another attempt; None where they allow it."""
    if isinstance(outcome, Answered):
        if rule.certainty is Certainty.APPLIED:
            return "it is done"
        if outcome.should_retry is False:
            return "the server says not to retry"
    if not _is_allowed(policy, call, rule, outcome, wanted=wanted):
        return f"{outcome} is not retried for {call.safety} calls"
    if not call.replayable and rule.certainty is not Certainty.NOT_SENT:
        return "the body cannot be sent again"
    return None


def _is_allowed(policy: EffectivePolicy, call: CallFacts, rule: _Rule, outcome: Outcome, *, wanted: bool) -> bool:
    """Whether the retry rule, the policy's own statuses, the caller or the server's word allow another attempt."""
    safety = Safety.UNSAFE if call.key_only else call.safety
    usual = safety in rule.retried
    if not isinstance(outcome, Answered):
        return usual or (wanted and rule.certainty is Certainty.NOT_SENT)
    harmless = not _is_final(rule) and (safety is not Safety.UNSAFE or rule.certainty is Certainty.REJECTED)
    if outcome.should_retry and harmless:
        # The server's word overrides the status table, never the safety rule.
        return True
    named = harmless or (safety in rule.opt_in and not _is_final(rule))
    if wanted and named and (outcome.refused or is_error(outcome.status)):
        return True
    if policy.statuses is None or rule is _IN_FLIGHT:
        return usual
    return outcome.status in policy.statuses and (usual or named)


def _is_final(rule: _Rule) -> bool:
    """Whether the same request can have no other response; by identity, since rules may hold the same cells."""
    finals = (_MISMATCH_FIRST, _MISMATCH_LATER, _REPLAYED_REFUSAL, _REPLAYED_ERROR)
    return any(rule is final for final in finals)


def _retries_spent(history: Sequence[Attempt]) -> int:
    """Count the retries against the limit, without polls for a first request that the dialect says still runs."""
    return sum([1 for attempt in history if not _is_named_in_flight(attempt.outcome)])


def _is_named_in_flight(outcome: Outcome) -> bool:
    return isinstance(outcome, Answered) and outcome.in_flight and outcome.in_flight_named


def _delay(policy: EffectivePolicy, history: Sequence[Attempt], rule: _Rule, outcome: Outcome, jitter: float) -> float:
    if rule.wait is _Wait.AT_ONCE and not any(_was_refused(attempt.outcome) for attempt in history):
        return 0.0
    longest = min(policy.max_delay, policy.initial_delay * 2.0 ** min(len(history), 60))
    asked = outcome.retry_after if isinstance(outcome, Answered) else None
    if rule.wait is _Wait.POLL:
        wait = longest * (1 + jitter) / 2 if asked is None else asked + jitter * longest
        return max(_SHORTEST_POLL, wait)
    backoff = jitter * longest
    return backoff if asked is None else asked + backoff


def _was_refused(outcome: Outcome) -> bool:
    return isinstance(outcome, Failed) and outcome.failure is Failure.STREAM_REFUSED


def _cost(rule: _Rule, outcome: Outcome) -> int:
    if rule.wait is _Wait.AT_ONCE or rule.wait is _Wait.POLL:
        return 0
    return TIMEOUT_COST if isinstance(outcome, Failed) and outcome.timeout else RETRY_COST
