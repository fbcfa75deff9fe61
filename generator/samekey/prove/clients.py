"""The clients of a proof, what is told of their calls, and how what is unknown is settled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from samekey_templates.runtime.safety import Evidence

from samekey.prove.call_plan import KINDS, PATIENT
from samekey.prove.child import HOST
from samekey.prove.history import Attempt, CallReport, Certainty, Settled
from samekey.prove.sdk import ACCOUNT
from samekey.prove.wire import Gate, Watch, watched
from samekey.sandbox.api.answer import answer_digest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Sequence

    from samekey.prove.call_plan import Planned
    from samekey.prove.calls import PlannedCall
    from samekey.prove.history import Limits
    from samekey.prove.sdk import Sdk

AT_ONCE: Final = 8
"""Calls under way on each backend."""
SHORTEST_READ: Final = 0.3
"""Seconds, so that many requests are given up while they are being carried out."""
_LONGEST_READ: Final = 1.0
_CROWD: Final = 24
"""How many times longer a call takes, about, where those of all backends are under way."""
_STORED_FAILURE: Final = 500
_SETTLED_WITHIN: Final = 20.0
"""Seconds within which a call that is made again in the calm is answered."""


@dataclass(slots=True)
class Clients:
    """Makes clients of an SDK, and calls through them.

    Args:
        sdk: the SDK.
        base: what comes before every path.
        gate: what every request goes through.
        window: seconds in which a key must be remembered.
        read_timeout: seconds for which an answer is waited for, while not all is calm.
    """

    sdk: Sdk
    base: str
    gate: Gate
    window: float
    read_timeout: float = SHORTEST_READ

    def __post_init__(self) -> None:
        """Let every connection of the SDK's own go through the gate."""
        self.sdk.see_requests(self.gate.passed, self.gate.apassed)

    @contextmanager
    def sync(self, *, account: str = ACCOUNT) -> Generator[Any]:
        """Open a client for threads while a block runs."""
        with self.sdk.client(**self._options(account)) as client:
            yield client

    @contextmanager
    def calm(self, *, account: str = ACCOUNT) -> Generator[Any]:
        """Open a client that is patient, and retries nothing that failed, while a block runs."""
        options = self._options(account)
        package = self.sdk.package
        options["retry"] = package.RetryPolicy(max_retries=0, deadline=_SETTLED_WITHIN, budget=False)
        options["timeout"] = package.Timeout(connect=1.0, read=_SETTLED_WITHIN, write=5.0, pool=5.0)
        with self.sdk.client(**options) as client:
            yield client

    @asynccontextmanager
    async def asynchronous(self) -> AsyncGenerator[Any]:
        """Open a client for an event loop while a block runs."""
        async with self.sdk.async_client(**self._options(ACCOUNT)) as client:
            yield client

    def within(self, client: Any, limits: Limits) -> Any:  # noqa: ANN401  # a client of the SDK, and a copy of it
        """Return a copy of a client with other limits."""
        return client.with_options(retry=self._policy(limits))

    def _policy(self, limits: Limits) -> Any:  # noqa: ANN401  # a RetryPolicy of the SDK
        # No budget: it keeps an outage from being multiplied, and an outage for ever is what this is about.
        return self.sdk.package.RetryPolicy(
            max_retries=limits.retries, initial_delay=limits.initial_delay, max_delay=limits.max_delay,
            deadline=limits.deadline, budget=False,
        )  # fmt: skip

    def _options(self, account: str) -> dict[str, Any]:
        return {
            **self.sdk.credentials(account),
            "base_url": f"http://{HOST}:{self.gate.ports[0]}{self.base}",
            "retry": self._policy(PATIENT),
            "timeout": self.sdk.package.Timeout(connect=1.0, read=self.read_timeout, write=1.0, pool=5.0),
        }


def read_timeout_for(seconds: Sequence[float]) -> float:
    """Return for how long an answer is to be waited for: on a slow machine nearly all would be given up otherwise.

    Args:
        seconds: what calls have taken while all was calm, one after the other.
    """
    usual = median(seconds) if seconds else 0.0
    return min(_LONGEST_READ, max(SHORTEST_READ, _CROWD * usual))


class ClientCopies:
    """Copies of one client, one for each kind of limits.

    Args:
        clients: makes them.
        client: the client.
    """

    def __init__(self, clients: Clients, client: Any) -> None:  # noqa: ANN401  # a client of the SDK
        self._by_limits = {limits: clients.within(client, limits) for limits in KINDS}

    def call(self, entry: Planned) -> Any:  # noqa: ANN401  # whatever the SDK gives
        """Make a call as it is planned."""
        client = self._by_limits[entry.limits]
        if entry.key is None:
            return entry.call.on(client)
        return entry.call.on(client, idempotency_key=entry.key, first_use=True)


def in_turn(clients: Clients, copies: ClientCopies, entries: Iterable[Planned]) -> Iterator[CallReport]:
    """Make calls one after the other, and yield what was told of each."""
    for entry in entries:
        watch = Watch(entry.call.profile)
        given = ""
        with watched(watch):
            try:
                response = copies.call(entry)
                record, given = response.record, answer_digest(response.status, response.content)
            except clients.sdk.package.APIError as error:
                record = error.record
        yield report_of(entry, record, watch, given)


class _Patience:
    """Grows short when keys stay in use for ever: each is asked about for a while, and there may be hundreds.

    Args:
        most: how many may go unanswered before no more are asked about.
    """

    def __init__(self, most: int = 3) -> None:
        self._left = most

    @property
    def is_over(self) -> bool:
        """Whether nothing more is asked."""
        return self._left <= 0

    def unanswered(self) -> None:
        """Note that a call was not answered in time."""
        self._left -= 1


def settle(clients: Clients, history: Sequence[tuple[CallReport, PlannedCall]]) -> list[CallReport]:
    """Make every unknown call again with its key, now that nothing goes wrong.

    Args:
        clients: makes the client.
        history: what was told of each call, and the call.
    """
    patience = _Patience()
    with clients.calm() as client, ThreadPoolExecutor(AT_ONCE) as pool:

        def again(entry: tuple[CallReport, PlannedCall]) -> CallReport:
            report, call = entry
            if report.certainty is not Certainty.UNKNOWN or report.key is None:
                return report
            if patience.is_over:
                return replace(report, settled=Settled.UNANSWERED)
            watch = Watch(call.profile)
            given = ""
            with watched(watch):
                try:
                    response = call.on(client, idempotency_key=report.key)
                    settled, given = Settled.APPLIED, answer_digest(response.status, response.content)
                except clients.sdk.package.APIError as error:
                    settled = _settled(error)
                    if settled is Settled.FAILURE_KEPT:
                        given = answer_digest(error.status, error.content)
            if settled is Settled.UNANSWERED:
                patience.unanswered()
            return replace(report, settled=settled, settling=tuple(watch.seen), settled_given=given)

        return list(pool.map(again, history))


def _settled(error: Any) -> Settled:  # noqa: ANN401  # an APIError of the SDK
    status = getattr(error, "status", None)
    if status == _STORED_FAILURE:
        return Settled.FAILURE_KEPT
    if status is None:
        return Settled.UNANSWERED
    if error.record.attempts[-1].outcome.in_flight:
        return Settled.STUCK
    certainty = error.record.certainty.value
    return Settled(certainty) if certainty in {Settled.APPLIED, Settled.REJECTED} else Settled.UNKNOWN


def attempts_of(record: Any) -> tuple[Attempt, ...]:  # noqa: ANN401  # a CallRecord of an SDK
    """Return the attempts of a call, as its SDK tells them."""
    return tuple(_attempt(attempt) for attempt in record.attempts)


def _attempt(attempt: Any) -> Attempt:  # noqa: ANN401  # an Attempt of the SDK
    outcome = attempt.outcome
    failure = getattr(outcome, "failure", None)
    return Attempt(
        sent_at=attempt.sent_at,
        took=attempt.took,
        outcome=str(outcome),
        certainty=Certainty(attempt.certainty.value),
        asked=getattr(outcome, "retry_after", None) or 0.0,
        polling=bool(getattr(outcome, "in_flight", False)),
        free=bool(getattr(outcome, "in_flight_named", False)),
        status=outcome.status,
        failure="" if failure is None else failure.value,
        wait=attempt.wait,
        replayed=bool(getattr(outcome, "replayed", False)),
        mismatch=bool(getattr(outcome, "mismatch", False)),
    )


def report_of(entry: Planned, record: Any, watch: Watch, given: str) -> CallReport:  # noqa: ANN401
    """Return what a call has sent, and what its caller was told.

    Args:
        entry: the call as it was planned.
        record: its CallRecord, as the SDK has it.
        watch: what has seen it.
        given: a digest of the answer that its caller was given; empty for none.
    """
    return CallReport(
        call=entry.number,
        operation=entry.call.operation,
        keyed=entry.call.keyed,
        key=record.call.idempotency_key,
        certainty=Certainty(record.certainty.value),
        attempts=attempts_of(record),
        requests=tuple(watch.seen),
        elapsed=record.elapsed,
        limits=entry.limits,
        given=given,
        assumed=getattr(record.call.evidence, "value", "") == Evidence.ASSUMED.value,
    )


def report_of_cancelled(entry: Planned, cancellation: BaseException, watch: Watch) -> CallReport:
    """Report a call that its caller gave up, by what the exception that passed through it says."""
    said = getattr(cancellation, "certainty", None)
    # Before the call was begun nothing is said, and nothing is known of it.
    told = Certainty.NOT_SENT if said is None and not watch.seen else Certainty.UNKNOWN
    return CallReport(
        call=entry.number,
        operation=entry.call.operation,
        keyed=entry.call.keyed,
        key=getattr(cancellation, "idempotency_key", None),
        certainty=told if said is None else Certainty(said.value),
        attempts=(),
        requests=tuple(watch.seen),
        elapsed=0.0,
        limits=entry.limits,
        cancelled=True,
    )
