"""A call in progress: bookkeeping around `decide`, and the two drivers that send and sleep.

`drive` and `adrive` are twins by hand; everything that could differ is in `CallState`, which does no I/O.
"""

from __future__ import annotations

import logging
import random
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from .answers import read_answer
from .record import AttemptEvent, CallInfo, CallRecord, RetryEvent
from .rules import (
    Answered,
    Attempt,
    CallFacts,
    Certainty,
    Failed,
    Failure,
    Outcome,
    RetryPolicy,
    Stop,
    at,
    certainty_of,
    conclude,
    decide,
    is_success,
    latest,
    too_late,
)
from .wire import CutAnswer, Limits, RaisedFailure, RawAnswer, Result

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from ..telemetry import CallTrace
    from ..types import Timeout
    from .budget import Budget
    from .dialect import Profile

E = TypeVar("E")
log = logging.getLogger((__package__ or __name__).partition("._runtime")[0])


class Hooks(Struct, frozen=True):
    """What the caller wants to hear of attempts and retries."""

    on_attempt: Callable[[AttemptEvent], None] | None = None
    on_retry: Callable[[RetryEvent], None] | None = None


class Clock(Struct, frozen=True):
    """Time and chance, injected so that tests decide them.

    Args:
        monotonic: seconds that never run backwards.
        wall: Unix time in seconds.
        jitter: a number drawn uniformly from [0, 1).
        sleep: waits for seconds.
        asleep: waits for seconds in the running event loop, asyncio's or trio's.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep
    asleep: Callable[[float], Awaitable[None]] | None = None


class CallState:
    """The state of one call between its attempts.

    Args:
        info: which call it is.
        facts: what the retry rules need to know of it.
        policy: the limits.
        profile: the API's dialect.
        timeout: the limits on each attempt.
        budget: the client's retry budget.
        hooks: what to tell the caller.
        clock: time and chance.
        trace: spans for the call and its attempts, where somebody can see them.
        max_bytes: the size of an answer above which it is not read into memory.
    """

    __slots__ = (
        "_attempts", "_began", "_budget", "_clock", "_in_flight", "_last_cost", "_sent", "_stopped", "_trace",
        "cause", "facts", "hooks", "info", "max_bytes", "policy", "profile", "timeout",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917  # everything that a call is made of
        self,
        info: CallInfo,
        facts: CallFacts,
        policy: RetryPolicy,
        profile: Profile,
        timeout: Timeout,
        budget: Budget,
        hooks: Hooks,
        clock: Clock,
        trace: CallTrace | None = None,
        max_bytes: float = float("inf"),
    ) -> None:
        self.info = info
        self.facts = facts
        self.policy = policy
        self.profile = profile
        self.timeout = timeout
        self.hooks = hooks
        self.max_bytes = max_bytes
        self.cause: BaseException | None = None
        self._budget = budget
        self._clock = clock
        self._trace = trace
        self._began = clock.monotonic()
        self._attempts: list[Attempt] = []
        self._sent = (0.0, 0.0)
        self._in_flight = False
        self._last_cost = 1
        self._stopped = ""

    @property
    def record(self) -> CallRecord:
        """The call as far as it has come."""
        attempts = tuple(self._attempts)
        elapsed = self._clock.monotonic() - self._began
        return CallRecord(self.info, attempts, conclude(self.facts, attempts), elapsed, self._stopped)

    @property
    def outcome(self) -> Outcome:
        """What became of the last attempt."""
        return self._attempts[-1].outcome

    def start(self) -> Limits | None:
        """Begin an attempt, and return its limits; each step is cut to what is left of the deadline when it starts.

        None where it must not begin: a wait may have been longer than it was to be, for a machine that slept.
        """
        now, wall = self._clock.monotonic(), self._clock.wall()
        if self._attempts:
            # The clock of a machine stands still while it sleeps, and a server's does not.
            age = max(now - self._began, wall - self._attempts[0].sent_at)
            refusal = too_late(self.policy, self.facts, now - self._began, age)
            if refusal is not None:
                self._give_up(refusal)
                return None
        self._sent = (now, wall)
        self._in_flight = True
        if self._trace is not None:
            self._trace.start(len(self._attempts) + 1)
        return Limits(self.timeout, self._began + latest(self.policy, self.facts), self.max_bytes)

    def settle(self, result: Result) -> float | None:
        """Record an attempt's outcome; return the seconds to wait before the next one, None after the last."""
        outcome = self._place(result)
        decision = decide(self.policy, self.facts, self._attempts, outcome, self._clock.jitter())
        if isinstance(decision, Stop):
            self._end(outcome, decision.reason)
            return None
        if self.policy.budget and not self._budget.spend(decision.cost):
            self._end(outcome, "the client's retry budget is spent")
            return None
        self._last_cost = decision.cost
        attempt = self._note(outcome, decision.delay)
        if log.isEnabledFor(logging.INFO):
            log.info(
                "%s: attempt %d %s; next in %.2f s%s",
                self.info.operation, attempt.number, outcome, decision.delay, self._key_for_log(),
            )  # fmt: skip
        if self.hooks.on_retry is not None:
            self._tell(self.hooks.on_retry, RetryEvent(self.info, attempt, decision.delay, decision.reason))
        return decision.delay

    def interrupt(self, error: BaseException) -> None:
        """Record that the caller gave up, and set key and certainty on the exception that passes through."""
        if self._in_flight:
            what = f"interrupted by {type(error).__name__}" if isinstance(error, Exception) else "cancelled"
            self._end(self._place(Failed(Failure.CANCELLED, what)), "the caller gave up")
        elif self._trace is not None:
            self._trace.finish(self.record)
        record = self.record
        _mark(error, record)
        if record.certainty in (Certainty.UNKNOWN, Certainty.APPLIED):
            key = f"; call again with idempotency_key={self.info.idempotency_key!r} to settle it"
            text = f"{self.info.operation}: interrupted; the effect is {record.certainty}"
            text += key if self.info.idempotency_key else ""
            error.add_note(text)
            log.warning("%s", text)

    def _end(self, outcome: Outcome, reason: str) -> None:
        succeeded = isinstance(outcome, Answered) and is_success(outcome.status)
        self._stopped = "" if succeeded else reason
        self._note(outcome, None)
        if succeeded and self.policy.budget:
            self._budget.refund(self._last_cost)
        if self._trace is not None:
            self._trace.finish(self.record)

    def _give_up(self, reason: str) -> None:
        self._stopped = reason
        if self._trace is not None:
            self._trace.finish(self.record)

    def _place(self, result: Result) -> Outcome:
        elapsed = self._clock.monotonic() - self._began
        if not isinstance(result, RawAnswer):
            self.cause = result.cause if isinstance(result, RaisedFailure) else None
            return _kept(result, elapsed) if isinstance(result, RaisedFailure) else at(result, elapsed)
        return read_answer(
            self.profile, result.status, result.headers, result.content,
            now=self._clock.wall(), at=elapsed, complete=type(result) is not CutAnswer,
        )  # fmt: skip

    def _note(self, outcome: Outcome, wait: float | None) -> Attempt:
        certainty = certainty_of(self.facts, self._attempts, outcome)
        took = self._clock.monotonic() - self._sent[0]
        attempt = Attempt(len(self._attempts) + 1, self._sent[1], took, outcome, certainty, wait)
        self._attempts.append(attempt)
        self._in_flight = False
        if self._trace is not None:
            self._trace.end(attempt)
        if log.isEnabledFor(logging.DEBUG):
            log.debug(
                "%s: attempt %d %s in %.3f s (%s)%s",
                self.info.operation, attempt.number, outcome, took, certainty, self._key_for_log(),
            )  # fmt: skip
        if self.hooks.on_attempt is not None:
            self._tell(self.hooks.on_attempt, AttemptEvent(self.info, attempt))
        return attempt

    def _tell(self, hook: Callable[[E], None], event: E) -> None:
        try:
            hook(event)
        except Exception:
            # The call is worth more than who looks on: its answer must not be lost, nor its next attempt.
            log.exception("%s: a hook failed", self.info.operation)

    def _key_for_log(self) -> str:
        return f" idempotency_key={self.info.idempotency_key}" if self.info.idempotency_key else ""


def _kept(failed: Failed, elapsed: float) -> Failed:
    """Return a failure as the record keeps it: with its time, and without the exception."""
    return Failed(failed.failure, failed.detail, elapsed, failed.timeout, failed.status)


def _mark(error: BaseException, record: CallRecord) -> None:
    """Set key and certainty on an exception that passes through, for programs to read."""
    with suppress(AttributeError, TypeError):
        error.idempotency_key = record.call.idempotency_key  # type: ignore[attr-defined]
        error.certainty = record.certainty  # type: ignore[attr-defined]


@contextmanager
def cancellation_marked(state: CallState) -> Generator[None]:
    """Set key and certainty on a cancellation that comes before the first attempt, while a block runs."""
    try:
        yield
    except Exception:
        raise
    except BaseException as error:
        state.interrupt(error)
        raise


def drive(state: CallState, attempt: Callable[[Limits], Result], sleep: Callable[[float], None]) -> RawAnswer | None:
    """Send a call until it is settled; return the last response, None where the last attempt brought none."""
    result: Result | None = None
    try:
        while (limits := state.start()) is not None:
            result = attempt(limits)
            delay = state.settle(result)
            if delay is None:
                break
            sleep(delay)
    except BaseException as error:
        state.interrupt(error)
        raise
    return result if isinstance(result, RawAnswer) else None


async def adrive(
    state: CallState, attempt: Callable[[Limits], Awaitable[Result]], sleep: Callable[[float], Awaitable[None]]
) -> RawAnswer | None:
    """Send a call until it is settled, in an event loop; return the last response, None where none came."""
    result: Result | None = None
    try:
        while (limits := state.start()) is not None:
            result = await attempt(limits)
            delay = state.settle(result)
            if delay is None:
                break
            await sleep(delay)
    except BaseException as error:
        state.interrupt(error)
        raise
    return result if isinstance(result, RawAnswer) else None
