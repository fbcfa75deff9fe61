"""A call in progress: bookkeeping around `decide`, and the two drivers that send and sleep.

`drive` and `adrive` are twins by hand; everything that could differ is in `CallState`, which does no I/O.
"""

from __future__ import annotations

import inspect
import logging
import random
import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct

from ..text import printable
from .answers import read_answer
from .record import AttemptEvent, CallInfo, CallRecord, RetryEvent, SendEvent, ShownHeaders, in_words, request_id
from .rules import (
    Answered,
    Attempt,
    CallFacts,
    Certainty,
    EffectivePolicy,
    Failed,
    Failure,
    Outcome,
    Stop,
    at,
    certainty_of,
    conclude,
    decide,
    latest,
    may_be_repeated,
    too_late,
)
from .wire import CutAnswer, Limits, NotFollowed, RaisedFailure, RawAnswer, Result, WireRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Mapping

    from ..telemetry import CallTrace
    from ..types import Timeout
    from .budget import RetryBudget
    from .dialect import Profile

E = TypeVar("E")
_NO_HEADERS: Final = ShownHeaders({})
_LAST_WORDS: Final = 5.0
"""Seconds for which the hooks of a cancelled call are awaited."""
log = logging.getLogger((__package__ or __name__).partition("._runtime")[0])


def is_async(function: object) -> bool:
    """Whether a function, or an object that can be called, gives something to be awaited."""
    called = getattr(type(function), "__call__", None)  # noqa: B004  # what runs when it is called
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)


class Hooks(Struct, frozen=True):
    """What the caller wants to hear of calls; on an async client a hook may return something to be awaited.

    Args:
        on_send: before each attempt.
        on_attempt: when an attempt has ended.
        on_retry: before the wait for the next attempt.
        on_end: when the call has ended, before its result is decoded.
    """

    on_send: Callable[[SendEvent], object] | None = None
    on_attempt: Callable[[AttemptEvent], object] | None = None
    on_retry: Callable[[RetryEvent], object] | None = None
    on_end: Callable[[CallRecord], object] | None = None

    def refuse_async(self) -> None:
        """Refuse hooks that only an event loop could run.

        Raises:
            TypeError: a hook is an async function.
        """
        for name in self.__struct_fields__:
            hook = getattr(self, name)
            if hook is not None and is_async(hook):
                raise TypeError(f"{name} is an async function, and this client is not: pass a plain function")

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            hook = getattr(self, name)
            if hook is not None and not callable(hook):
                raise TypeError(f"{name} must be a function, and not a {type(hook).__name__}")


monotonic: Final = partial(time.monotonic)
"""The clock of deadlines. Tools that freeze the time of a test replace `time.monotonic` where a module holds it, not
where an object does; half of a call would run by another clock."""


class Clock(Struct, frozen=True):
    """Time and chance, injected so that tests decide them.

    Args:
        monotonic: seconds that never run backwards.
        wall: Unix time in seconds.
        jitter: a number drawn uniformly from [0, 1).
        sleep: waits for seconds.
        asleep: waits for seconds in the running event loop, asyncio's or trio's.
    """

    monotonic: Callable[[], float] = monotonic
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
        retry_if: the caller's own predicate, if any.
        profile: the API's dialect.
        timeout: the limits on each attempt.
        budget: the client's retry budget.
        hooks: what to tell the caller.
        clock: time and chance.
        trace: spans for the call and its attempts, where somebody can see them.
        max_bytes: the size of an answer above which it is not read into memory.
    """

    __slots__ = (
        "_attempts", "_began", "_budget", "_clock", "_in_flight", "_is_over", "_last_cost", "_recalled", "_sent",
        "_stopped", "_trace", "cause", "facts", "hooks", "info", "location", "max_bytes", "policy", "profile",
        "retry_if", "sent", "timeout", "waiting",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917  # everything that a call is made of
        self,
        info: CallInfo,
        facts: CallFacts,
        policy: EffectivePolicy,
        retry_if: Callable[[AttemptEvent], bool] | None,
        profile: Profile,
        timeout: Timeout,
        budget: RetryBudget,
        hooks: Hooks,
        clock: Clock,
        trace: CallTrace | None = None,
        max_bytes: float = float("inf"),
    ) -> None:
        self.info = info
        self.facts = facts
        self.policy = policy
        self.retry_if = retry_if
        self.profile = profile
        self.timeout = timeout
        self.hooks = hooks
        self.max_bytes = max_bytes
        self.cause: BaseException | None = None
        self.location: str | None = None
        self.sent: WireRequest | None = None
        self.waiting: list[Awaitable[object]] = []
        self._budget = budget
        self._clock = clock
        self._trace = trace
        self._began = clock.monotonic()
        self._attempts: list[Attempt] = []
        self._sent = (0.0, 0.0)
        self._in_flight = False
        self._is_over = False
        self._last_cost = 1
        self._stopped = ""
        self._recalled: tuple[Outcome | None, bool] | None = None

    @property
    def record(self) -> CallRecord:
        """The call as far as it has come."""
        attempts = tuple(self._attempts)
        elapsed = self._clock.monotonic() - self._began
        if self._recalled is not None:
            return CallRecord(self.info, attempts, Certainty.APPLIED, elapsed, self._stopped, self._recalled[1])
        certainty, is_repeated = conclude(self.facts, attempts), may_be_repeated(self.facts, attempts)
        return CallRecord(self.info, attempts, certainty, elapsed, self._stopped, is_repeated)

    @property
    def outcome(self) -> Outcome | None:
        """What became of the last attempt; None where there was none."""
        if self._recalled is not None:
            return self._recalled[0]
        return self._attempts[-1].outcome if self._attempts else None

    def recall(self, outcome: Outcome | None, *, may_be_repeated: bool) -> None:
        """End the call, of which nothing was sent, with what is known of an earlier one that was done.

        Args:
            outcome: how that one ended; None where its answer is not known.
            may_be_repeated: whether it may have been done more than once.
        """
        self._recalled = outcome, may_be_repeated
        self._finish()

    def announce(self) -> None:
        """Tell those who look on that an attempt begins: the log, and the caller's hook."""
        number = len(self._attempts) + 1
        if log.isEnabledFor(logging.DEBUG):
            # The key is known to the log before it is to the network: a process may be killed in between.
            log.debug(
                "%s: attempt %d is sent: %s %s%s",
                self.info.operation, number, self.info.method, printable(self.info.url), self._key_for_log(),
            )  # fmt: skip
        if self.hooks.on_send is not None:
            self._tell(self.hooks.on_send, SendEvent(self.info, number))

    def start(self) -> Limits | None:
        """Begin an attempt, and return its limits; each step is cut to what is left of the deadline when it starts.

        None where it must not begin: a wait, or a hook, may have been longer than it was to be.
        """
        now, wall = self._clock.monotonic(), self._clock.wall()
        if self._attempts or self.hooks.on_send is not None:
            # The clock of a machine stands still while it sleeps, and a server's does not.
            age = max(now - self._began, wall - self._attempts[0].sent_at if self._attempts else 0.0)
            refusal = too_late(self.policy, self.facts, now - self._began, age)
            if refusal is not None:
                self._give_up(refusal)
                return None
        self._sent = (now, wall)
        self._in_flight = True
        if self._trace is not None:
            self._trace.start(len(self._attempts) + 1)
        ends = self._began + latest(self.policy, self.facts)
        until = ends if self.timeout.total is None else min(ends, now + self.timeout.total)
        return Limits(self.timeout, until, self.max_bytes, ends)

    @property
    def span(self) -> CallTrace | None:
        """What makes the attempt's span the current one, where somebody can see it."""
        return self._trace if self._trace is not None and self._trace.is_seen else None

    def on_the_wire(self, request: WireRequest) -> WireRequest:
        """Return a request as it goes out now: with the context of its attempt's span, where there is one."""
        self.sent = request
        return request if self.span is None else self.span.carried_by(request)

    def settle(self, result: Result) -> float | None:
        """Record an attempt's outcome; return the seconds to wait before the next one, None after the last."""
        outcome = self._place(result)
        headers = result.headers if isinstance(result, RawAnswer) else None
        wanted = self.retry_if is not None and self._is_wanted(self.retry_if, outcome, headers)
        decision = decide(self.policy, self.facts, self._attempts, outcome, self._clock.jitter(), wanted)
        if isinstance(decision, Stop):
            self._end(outcome, decision.reason, headers)
            return None
        if self.policy.budget and not self._budget.spend(decision.cost, self._clock.monotonic()):
            self._end(outcome, "the client's retry budget is spent", headers)
            return None
        self._last_cost = decision.cost
        attempt = self._note(outcome, decision.delay, headers)
        if self._trace is not None:
            self._trace.wait(decision.delay)
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
        else:
            self._finish()
        record = self.record
        _mark(error, record)
        words = in_words(record)
        if words:
            error.add_note(f"{self.info.operation}: interrupted; {words}")
        if words and record.certainty in (Certainty.UNKNOWN, Certainty.APPLIED):
            log.warning("%s: interrupted; %s", self.info.operation, words)

    async def heard(self) -> None:
        """Await what hooks have left to be awaited."""
        waiting, self.waiting = self.waiting, []
        for awaitable in waiting:
            try:
                await awaitable
            except Exception:
                log.exception("%s: a hook failed", self.info.operation)

    def _is_wanted(
        self,
        retry_if: Callable[[AttemptEvent], bool],
        outcome: Outcome,
        headers: Mapping[str, str] | None,
    ) -> bool:
        """Ask the caller's own predicate whether a failed attempt should be made again."""
        if isinstance(outcome, Answered) and outcome.is_done:
            return False
        attempt = self._attempt(outcome, None)
        try:
            return (
                retry_if(AttemptEvent(self.info, attempt, _NO_HEADERS if headers is None else ShownHeaders(headers)))
                is True
            )
        except Exception:
            log.exception("%s: retry_if failed", self.info.operation)
            return False

    def _end(self, outcome: Outcome, reason: str, headers: Mapping[str, str] | None = None) -> None:
        succeeded = isinstance(outcome, Answered) and outcome.is_done
        self._stopped = "" if succeeded else reason
        self._note(outcome, None, headers)
        if succeeded and self.policy.budget:
            self._budget.refund(self._last_cost, self._clock.monotonic())
        self._finish()

    def forgo(self, reason: str) -> None:
        """End a call of which nothing is sent."""
        self._give_up(reason)

    def _give_up(self, reason: str) -> None:
        self._stopped = reason
        self._finish()

    def _finish(self) -> None:
        """Tell those who look on that the call has ended, once."""
        if self._is_over:
            return
        self._is_over = True
        if self._trace is not None:
            self._trace.finish(self.record)
        if self.hooks.on_end is not None:
            self._tell(self.hooks.on_end, self.record)

    def _place(self, result: Result) -> Outcome:
        elapsed = self._clock.monotonic() - self._began
        if not isinstance(result, RawAnswer):
            self.cause = result.cause if isinstance(result, RaisedFailure) else None
            self.location = result.location if isinstance(result, NotFollowed) else None
            is_kept_in_part = isinstance(result, (RaisedFailure, NotFollowed))
            return _kept(result, elapsed) if is_kept_in_part else at(result, elapsed)
        return read_answer(
            self.profile, result.status, result.headers, result.content,
            now=self._clock.wall(), at=elapsed, complete=type(result) is not CutAnswer,
            expects_html=self.facts.expects_html,
        )  # fmt: skip

    def _attempt(self, outcome: Outcome, wait: float | None) -> Attempt:
        certainty = certainty_of(self.facts, self._attempts, outcome)
        took = self._clock.monotonic() - self._sent[0]
        return Attempt(len(self._attempts) + 1, self._sent[1], took, outcome, certainty, wait)

    def _note(self, outcome: Outcome, wait: float | None, headers: Mapping[str, str] | None) -> Attempt:
        attempt = self._attempt(outcome, wait)
        self._attempts.append(attempt)
        self._in_flight = False
        if self._trace is not None:
            self._trace.end(attempt)
        if log.isEnabledFor(logging.DEBUG):
            log.debug(
                "%s: attempt %d %s in %.3f s (%s)%s%s",
                self.info.operation, attempt.number, outcome, attempt.took, attempt.certainty, _id_for_log(headers),
                self._key_for_log(),
            )  # fmt: skip
        if self.hooks.on_attempt is not None:
            self._tell(
                self.hooks.on_attempt,
                AttemptEvent(self.info, attempt, _NO_HEADERS if headers is None else ShownHeaders(headers)),
            )
        return attempt

    def _tell(self, hook: Callable[[E], object], event: E) -> None:
        try:
            result = hook(event)
        except Exception:
            # The call is worth more than who looks on: its answer must not be lost, nor its next attempt.
            log.exception("%s: a hook failed", self.info.operation)
        else:
            if result is not None and inspect.isawaitable(result):
                self.waiting.append(result)

    def _key_for_log(self) -> str:
        return f" idempotency_key={self.info.idempotency_key}" if self.info.idempotency_key else ""


def _id_for_log(headers: Mapping[str, str] | None) -> str:
    found = None if headers is None else request_id(headers)
    return f" request_id={printable(found)}" if found else ""


def _kept(failed: Failed, elapsed: float) -> Failed:
    """Return a failure as the record keeps it: with its time, and without what is for the caller alone."""
    return Failed(failed.failure, failed.detail, elapsed, failed.timeout, failed.status)


def _mark(error: BaseException, record: CallRecord) -> None:
    """Set key and certainty on an exception that passes through, for programs to read."""
    with suppress(AttributeError, TypeError):
        error.idempotency_key = record.call.idempotency_key  # type: ignore[attr-defined]
        error.certainty = record.certainty  # type: ignore[attr-defined]
        error.may_be_repeated = record.may_be_repeated  # type: ignore[attr-defined]


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
        while True:
            state.announce()
            limits = state.start()
            if limits is None:
                break
            span = state.span
            if span is None:
                result = attempt(limits)
            else:
                with span.current():
                    result = attempt(limits)
            delay = state.settle(result)
            if delay is None:
                break
            sleep(delay)
    except BaseException as error:
        state.interrupt(error)
        raise
    return result if isinstance(result, RawAnswer) else None


async def last_words(state: CallState) -> None:
    """Await what hooks have left though the task is cancelled: for a moment, and whatever becomes of it."""
    import anyio  # noqa: PLC0415  # comes with httpx; needed only for hooks of a cancelled call

    with suppress(BaseException), anyio.move_on_after(_LAST_WORDS, shield=True):
        await state.heard()


async def adrive(
    state: CallState, attempt: Callable[[Limits], Awaitable[Result]], sleep: Callable[[float], Awaitable[None]]
) -> RawAnswer | None:
    """Send a call until it is settled, in an event loop; return the last response, None where none came."""
    result: Result | None = None
    try:
        while True:
            state.announce()
            if state.waiting:
                await state.heard()
            limits = state.start()
            if limits is None:
                break
            span = state.span
            if span is None:
                result = await attempt(limits)
            else:
                with span.current():
                    result = await attempt(limits)
            delay = state.settle(result)
            if state.waiting:
                await state.heard()
            if delay is None:
                break
            await sleep(delay)
        if state.waiting:
            await state.heard()
    except BaseException as error:
        state.interrupt(error)
        if state.waiting:
            await last_words(state)
        raise
    return result if isinstance(result, RawAnswer) else None
