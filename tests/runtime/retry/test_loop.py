"""The two drivers, on one list of scenarios: a scripted transport, a clock that moves when told, three ways to run."""

from __future__ import annotations

import dataclasses
import json
import logging
from dataclasses import dataclass, field
from typing import Any, Protocol

import anyio
import anyio.lowlevel
import httpx
import pytest
from msgspec.structs import replace
from samekey_templates.runtime import errors
from samekey_templates.runtime.auth.credentials import ApiKey, Bearer
from samekey_templates.runtime.call import Call, Endpoint, Response, Settings
from samekey_templates.runtime.codec.models import Model
from samekey_templates.runtime.core import AsyncCore, SyncCore
from samekey_templates.runtime.retry.budget import RetryBudget
from samekey_templates.runtime.retry.dialect import Profile, Signal
from samekey_templates.runtime.retry.loop import Clock, Hooks
from samekey_templates.runtime.retry.record import AttemptEvent, CallRecord, RetryEvent
from samekey_templates.runtime.retry.rules import Answered, Certainty, Failed, Failure, RetryPolicy
from samekey_templates.runtime.retry.wire import Limits, RawAnswer, Result, WireRequest
from samekey_templates.runtime.safety import Evidence, Safety
from samekey_templates.runtime.types import CallOptions, Timeout

from tests.runtime.making import METHODS, Time, content, header, make_endpoint, make_settings

K, S, I, N = Safety.KEYED, Safety.SAFE, Safety.IDEMPOTENT, Safety.UNSAFE  # noqa: E741  # the rules' own letters
NOT_SENT, REJECTED, UNKNOWN, APPLIED = Certainty.NOT_SENT, Certainty.REJECTED, Certainty.UNKNOWN, Certainty.APPLIED
TOKENS = 100


class Thing(Model, kw_only=True):
    """What comes back."""

    id: str


@dataclass(frozen=True)
class Step:
    """What becomes of one attempt, and how long it takes."""

    result: Result | BaseException
    took: float = 0.1


def answer(status: int, body: object = None, took: float = 0.1, **headers: str) -> Step:
    """A complete answer."""
    named = httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return Step(RawAnswer(status, named, b"" if body is None else json.dumps(body).encode()), took)


def failed(failure: Failure, took: float = 0.1, *, timeout: bool = False, status: int | None = None) -> Step:
    """No complete answer."""
    return Step(Failed(failure, timeout=timeout, status=status), took)


DONE = answer(201, {"id": "t_1"})
LOST = failed(Failure.ANSWER_LOST)
SLOW = failed(Failure.ANSWER_LOST, timeout=True)
UNREACHABLE = failed(Failure.UNREACHABLE)
REFUSED = failed(Failure.STREAM_REFUSED)
UNSENDABLE = failed(Failure.UNSENDABLE)
CUT = failed(Failure.ANSWER_CUT, status=201)
SEE_OTHER = failed(Failure.REDIRECTED, status=303)
NAMED = Profile(in_flight=(Signal(409, "running"),))
RUNNING = answer(409, {"code": "running", "detail": "still running"})
SLOWLY_RUNNING = answer(409, {"code": "running"}, took=4.0)
REUSED = answer(422, {"detail": "this Idempotency-Key was used for another payload"})


@dataclass(frozen=True)
class Scenario:
    """A call, what happens to it, and what must come of it."""

    name: str
    steps: tuple[Step, ...]
    waits: tuple[float, ...]
    certainty: Certainty
    error: type[Exception] | None = None
    safety: Safety = K
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    own_key: str | None = None
    tokens: int = TOKENS
    tokens_left: int | None = None
    stopped: str = ""
    retry_after: float | None = None
    profile: Profile | None = None
    evidence: Evidence = Evidence.DECLARED
    documents: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


SCENARIOS = [
    Scenario("first try", (DONE,), (), APPLIED, tokens_left=TOKENS + 1),
    Scenario("lost then done", (LOST, DONE), (0.25,), APPLIED, tokens_left=TOKENS),
    Scenario("timed out then done", (SLOW, DONE), (0.25,), APPLIED, tokens_left=TOKENS),
    Scenario("last retry's cost comes back", (SLOW, LOST, DONE), (0.25, 0.5), APPLIED, tokens_left=TOKENS - 10),
    Scenario("timeouts cost more", (LOST, SLOW, DONE), (0.25, 0.5), APPLIED, tokens_left=TOKENS - 5),
    Scenario(
        "lost to the end", (LOST, LOST, LOST, LOST), (0.25, 0.5, 1.0), UNKNOWN, errors.APIConnectionError,
        tokens_left=TOKENS - 15, stopped="retries",
    ),
    Scenario(
        "timed out to the end", (SLOW, SLOW, SLOW, SLOW), (0.25, 0.5, 1.0), UNKNOWN, errors.APITimeoutError,
        tokens_left=TOKENS - 30,
    ),
    Scenario(
        "never reached", (UNREACHABLE,) * 4, (0.25, 0.5, 1.0), NOT_SENT, errors.APIConnectionError,
        tokens_left=TOKENS - 15,
    ),
    Scenario("no retries allowed", (LOST,), (), UNKNOWN, errors.APIConnectionError, policy=RetryPolicy(max_retries=0)),
    Scenario("refused streams are free", (REFUSED, REFUSED, DONE), (0.0, 0.5), APPLIED, tokens_left=TOKENS),
    Scenario("unsendable", (UNSENDABLE,), (), NOT_SENT, errors.APIConnectionError, stopped="not retried"),
    Scenario("cut then replayed", (CUT, DONE), (0.25,), APPLIED),
    Scenario("cut then refused", (CUT, answer(400)), (0.25,), APPLIED, errors.BadRequestError),
    Scenario("500 then done", (answer(500), DONE), (0.25,), APPLIED),
    Scenario(
        "500 that is replayed", (answer(500), answer(500, Idempotent_Replayed="true")), (0.25,), UNKNOWN,
        errors.InternalServerError,
    ),
    Scenario("429 with Retry-After", (answer(429, Retry_After="2"), DONE), (2.25,), APPLIED),
    Scenario("503 with milliseconds", (answer(503, Retry_After_Ms="1500"), DONE), (1.75,), APPLIED),
    Scenario("500 with Retry-After", (answer(500, Retry_After="3"), DONE), (3.25,), APPLIED),
    Scenario(
        "Retry-After beyond the limit", (answer(429, Retry_After="61"),), (), REJECTED, errors.RateLimitError,
        stopped="max_retry_after", retry_after=61.0, tokens_left=TOKENS,
    ),
    Scenario(
        "Retry-After beyond the deadline", (answer(503, Retry_After="8"),), (), UNKNOWN, errors.InternalServerError,
        policy=RetryPolicy(deadline=8.0), stopped="deadline", retry_after=8.0,
    ),
    Scenario(
        "deadline between attempts", (failed(Failure.ANSWER_LOST, 3.0), failed(Failure.ANSWER_LOST, 1.5)), (0.25,),
        UNKNOWN, errors.APIConnectionError, policy=RetryPolicy(deadline=5.0), stopped="deadline",
    ),
    Scenario(
        "budget spent", (LOST, LOST), (0.25,), UNKNOWN, errors.APIConnectionError,
        tokens=9, tokens_left=4, stopped="budget",
    ),
    Scenario("budget too small for a timeout", (SLOW,), (), UNKNOWN, errors.APITimeoutError, tokens=9, tokens_left=9),
    Scenario("refused stream without budget", (REFUSED, DONE), (0.0,), APPLIED, tokens=0, tokens_left=0),
    Scenario("a policy without budget", (LOST, DONE), (0.25,), APPLIED, policy=RetryPolicy(budget=False), tokens=0),
    Scenario("read", (LOST, answer(200, {"id": "t"})), (0.25,), APPLIED, safety=S),
    Scenario("put", (SLOW, answer(200, {"id": "t"})), (0.25,), APPLIED, safety=I),
    Scenario("delete that was ours", (LOST, answer(404)), (0.25,), UNKNOWN, errors.NotFoundError, safety=I),
    Scenario("put in conflict", (answer(503), answer(409)), (0.25,), UNKNOWN, errors.ConflictError, safety=I),
    Scenario("unsafe and lost", (LOST,), (), UNKNOWN, errors.APIConnectionError, safety=N),
    Scenario("unsafe and never reached", (UNREACHABLE, DONE), (0.25,), APPLIED, safety=N),
    Scenario("unsafe and limited", (answer(429), DONE), (0.25,), APPLIED, safety=N),
    Scenario("unsafe and unavailable", (answer(503),), (), UNKNOWN, errors.InternalServerError, safety=N),
    Scenario(
        "unsafe and opted in", (answer(503), DONE), (0.25,), APPLIED,
        safety=N, policy=RetryPolicy(statuses=frozenset({503})),
    ),
    Scenario(
        "first run still going", (LOST, *(RUNNING,) * 5, DONE), (0.25, 0.75, 1.5, 3.0, 6.0, 6.0), APPLIED,
        policy=RetryPolicy(max_retries=1), profile=NAMED,
    ),
    Scenario(
        "first run that only looks like one", (LOST, RUNNING, RUNNING, RUNNING), (0.25, 0.75, 1.5), UNKNOWN,
        errors.IdempotencyInFlight, tokens_left=TOKENS - 5, stopped="retries",
    ),
    Scenario("a first 409 is plain", (answer(409),), (), REJECTED, errors.ConflictError),
    Scenario(
        "a resumed key waits to the deadline", (SLOWLY_RUNNING, SLOWLY_RUNNING), (0.375,), UNKNOWN,
        errors.IdempotencyInFlight, own_key="mine", policy=RetryPolicy(deadline=8.5), stopped="deadline", profile=NAMED,
    ),
    Scenario("a resumed key of other bytes", (REUSED,), (), UNKNOWN, errors.IdempotencyKeyReused, own_key="mine"),
    Scenario("a plain 422", (answer(422),), (), REJECTED, errors.UnprocessableEntityError),
    Scenario("lost then refused by auth", (LOST, answer(401)), (0.25,), UNKNOWN, errors.AuthenticationError),
    Scenario("lost then refused by the operation", (LOST, answer(402)), (0.25,), REJECTED, errors.APIStatusError),
    Scenario(
        "lost then refused under an assumed key", (LOST, answer(402)), (0.25,), UNKNOWN, errors.APIStatusError,
        evidence=Evidence.ASSUMED,
    ),
    Scenario(
        "lost then unreachable", (LOST, *(UNREACHABLE,) * 3), (0.25, 0.5, 1.0), UNKNOWN, errors.APIConnectionError
    ),
    Scenario("the server says no", (answer(503, X_Should_Retry="false"),), (), UNKNOWN, errors.InternalServerError),
    Scenario("the server says yes", (answer(409, X_Should_Retry="true"), DONE), (0.25,), APPLIED),
    Scenario("see other", (SEE_OTHER,), (), UNKNOWN, errors.APIConnectionError, stopped="not retried"),
    Scenario(
        "see other, as documented", (SEE_OTHER,), (), APPLIED, errors.APIConnectionError, stopped="not retried",
        documents=(303,),
    ),
    Scenario(
        "no JSON", (Step(RawAnswer(200, httpx.Headers(), b"<html>")), DONE), (), APPLIED, errors.APIDecodeError,
        tokens_left=TOKENS + 1,
    ),
    Scenario("another shape", (answer(200, {"id": 7}),), (), APPLIED),
]  # fmt: skip


@dataclass
class Script:
    """A transport that plays the steps of a scenario, and keeps what it was given."""

    steps: tuple[Step, ...]
    time: Time
    requests: list[WireRequest] = field(default_factory=list[WireRequest])
    limits: list[Limits] = field(default_factory=list[Limits])

    def play(self, request: WireRequest, limits: Limits) -> Result:
        """Play the next step."""
        step = self.steps[len(self.requests)]
        self.requests.append(request)
        self.limits.append(limits)
        self.time.log.append(("sent", len(self.requests)))
        self.time.now += step.took
        if isinstance(step.result, BaseException):
            raise step.result
        return step.result


@dataclass
class SyncScript(Script):
    """A script that stands for a connection and its transport."""

    def transport(self) -> SyncScript:
        """Itself."""
        return self

    def attempt(self, request: WireRequest, limits: Limits) -> Result:
        """Play the next step."""
        return self.play(request, limits)


@dataclass
class AsyncScript(Script):
    """The same, awaited; a step of `HANG` never ends by itself."""

    scope: anyio.CancelScope | None = None

    def transport(self) -> AsyncScript:
        """Itself."""
        return self

    async def attempt(self, request: WireRequest, limits: Limits) -> Result:
        """Play the next step."""
        await anyio.lowlevel.checkpoint()
        try:
            return self.play(request, limits)
        except Hang:
            assert self.scope is not None
            self.scope.cancel()
            await anyio.sleep_forever()
            raise


class Hang(Exception):  # noqa: N818  # no error, an order
    """The attempt never ends; whoever waits for it gives up."""


@dataclass
class Stage:
    """Everything around one call, and what it left behind."""

    scenario: Scenario
    budget: RetryBudget = field(default_factory=lambda: RetryBudget(500))
    time: Time = field(default_factory=Time)
    ended: list[AttemptEvent] = field(default_factory=list[AttemptEvent])
    retried: list[RetryEvent] = field(default_factory=list[RetryEvent])
    script: Script = field(init=False)
    options: CallOptions | None = None

    def on_attempt(self, event: AttemptEvent) -> None:
        """Hear that an attempt has ended."""
        self.time.log.append(("ended", event.attempt.number))
        self.ended.append(event)

    def on_retry(self, event: RetryEvent) -> None:
        """Hear that another will follow."""
        self.time.log.append(("retry", event.delay))
        self.retried.append(event)

    def settings(self, changes: dict[str, Any]) -> Settings:
        """A client's settings on this stage."""
        usual = {
            "clock": self.time.clock(),
            "budget": self.budget,
            "retry": self.scenario.policy,
            "hooks": Hooks(on_attempt=self.on_attempt, on_retry=self.on_retry),
        }
        return make_settings(**{**usual, **changes})

    def endpoint(self) -> Endpoint:
        """The operation."""
        known: dict[str, Any] = {"profile": self.scenario.profile, "evidence": self.scenario.evidence}
        known["documents"] = self.scenario.documents
        return make_endpoint(self.scenario.safety, returns=lambda: Thing, **known)

    def call(self) -> Call[Thing]:
        """Its call."""
        return Call(body={"amount": 1, "note": "é"}, idempotency_key=self.scenario.own_key, options=self.options)


class CallStyle(Protocol):
    """A way to carry out a call."""

    def __call__(self, stage: Stage, **changes: Any) -> Response[Thing]:  # noqa: ANN401
        """Carry out the stage's call."""
        ...


def run_sync(stage: Stage, **changes: Any) -> Response[Thing]:  # noqa: ANN401
    """In this thread."""
    script = SyncScript(stage.scenario.steps, stage.time)
    stage.script = script
    connection: Any = script
    return SyncCore(stage.settings(changes), connection).execute("things.make", stage.endpoint(), stage.call())


def run_in(backend: str) -> CallStyle:
    """In an event loop."""

    def run(stage: Stage, **changes: Any) -> Response[Thing]:  # noqa: ANN401
        script = AsyncScript(stage.scenario.steps, stage.time)
        stage.script = script
        connection: Any = script

        async def main() -> Response[Thing]:
            core = AsyncCore(stage.settings(changes), connection)
            return await core.execute("things.make", stage.endpoint(), stage.call())

        return anyio.run(main, backend=backend)

    return run


CALL_STYLES: dict[str, CallStyle] = {"sync": run_sync, "asyncio": run_in("asyncio"), "trio": run_in("trio")}


@pytest.fixture(params=list(CALL_STYLES))
def call_style(request: pytest.FixtureRequest) -> CallStyle:
    """Every way to carry out a call."""
    return CALL_STYLES[request.param]


def set_up(scenario: Scenario) -> Stage:
    """A stage whose budget holds what the scenario says."""
    budget = RetryBudget(500)
    budget.spend(500 - scenario.tokens, 0.0)
    return Stage(scenario, budget)


def ending(stage: Stage, call_style: CallStyle, **changes: Any) -> tuple[CallRecord, errors.APIError | None]:  # noqa: ANN401
    """How the call of a stage ended."""
    try:
        return call_style(stage, **changes).record, None
    except errors.APIError as error:
        return error.record, error


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_scenario(scenario: Scenario, call_style: CallStyle) -> None:
    """Attempts, waits, certainty, error, budget and stop are those of the retry rules, in every call style alike."""
    stage = set_up(scenario)
    record, error = ending(stage, call_style)
    assert type(error) is (scenario.error or type(None))
    assert [attempt.wait for attempt in record.attempts] == [*map(pytest.approx, scenario.waits), None]
    assert record.certainty is scenario.certainty
    if error is None:
        assert record.stopped == ""
    else:
        assert scenario.stopped in record.stopped
        assert error.retry_after == scenario.retry_after
    if scenario.tokens_left is not None:
        assert stage.budget.tokens == scenario.tokens_left


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_all_attempts_are_the_same_request(scenario: Scenario, call_style: CallStyle) -> None:
    """The same method, target, key and body bytes; and a key only where the operation is keyed."""
    stage = set_up(scenario)
    record, _ = ending(stage, call_style)
    key = record.call.idempotency_key
    assert len(stage.script.requests) == len(scenario.waits) + 1
    first = stage.script.requests[0]
    assert all(request == first for request in stage.script.requests)
    assert first.method == METHODS[scenario.safety]
    assert content(first.content) == '{"amount":1,"note":"é"}'.encode()
    assert header(first, "Idempotency-Key") == ([key] if scenario.safety is K else [])
    assert (key is not None) is (scenario.safety is K)
    assert scenario.own_key in (key, None)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_hooks_hear_everything_in_order(scenario: Scenario, call_style: CallStyle) -> None:
    """An attempt is sent and ends, a retry is told, then comes the wait; both hooks get the call and its attempt."""
    stage = set_up(scenario)
    record, _ = ending(stage, call_style)
    expected: list[tuple[str, object]] = []
    for number, wait in enumerate((*scenario.waits, None), 1):
        expected += [("sent", number), ("ended", number)]
        if wait is not None:
            expected += [("retry", pytest.approx(wait)), ("slept", pytest.approx(wait))]
    assert stage.time.log == expected
    assert tuple(event.attempt for event in stage.ended) == record.attempts
    assert tuple(event.attempt for event in stage.retried) == record.attempts[:-1]
    assert [event.call for event in stage.ended] == [record.call] * len(record.attempts)
    assert [event.call for event in stage.retried] == [record.call] * len(scenario.waits)
    assert all(event.reason for event in stage.retried)
    assert (record.call.operation, record.call.path) == ("things.make", "/things")


def test_attempts_are_numbered_and_timed(call_style: CallStyle) -> None:
    """Number, when it was sent, how long it took, and what happened, for each attempt."""
    stage = set_up(Scenario("timing", (failed(Failure.ANSWER_LOST, 2.0), answer(503, took=0.5), DONE), (), APPLIED))
    record, _ = ending(stage, call_style)
    assert [attempt.number for attempt in record.attempts] == [1, 2, 3]
    assert [attempt.took for attempt in record.attempts] == pytest.approx([2.0, 0.5, 0.1])
    sent = [attempt.sent_at - record.attempts[0].sent_at for attempt in record.attempts]
    assert sent == pytest.approx([0.0, 2.25, 3.25])
    assert record.attempts[0].sent_at == pytest.approx(1_700_001_000.0)
    assert record.elapsed == pytest.approx(3.35)
    assert [attempt.certainty for attempt in record.attempts] == [UNKNOWN, UNKNOWN, APPLIED]
    assert [type(attempt.outcome) for attempt in record.attempts] == [Failed, Answered, Answered]


def test_every_attempt_is_told_when_the_call_ends(call_style: CallStyle) -> None:
    """The deadline is one moment for the whole call, and the steps of an attempt have the client's own limits."""
    steps = (failed(Failure.ANSWER_LOST, 5.0), failed(Failure.ANSWER_LOST, 20.0), DONE)
    stage = set_up(Scenario("cut", steps, (), APPLIED, policy=RetryPolicy(deadline=400.0)))
    own = Timeout(connect=5.0, read=30.0, write=20.0, pool=1.0)
    ending(stage, call_style, timeout=own)
    assert [limits.timeout for limits in stage.script.limits] == [own] * 3
    assert {limits.until for limits in stage.script.limits} == {1400.0}


def test_the_budget_is_shared_by_calls(call_style: CallStyle) -> None:
    """An outage is not multiplied: when the bucket is empty, every call is a single attempt."""
    budget = RetryBudget(12)
    counts = [
        len(ending(Stage(Scenario("outage", (LOST,) * 4, (), UNKNOWN), budget), call_style)[0].attempts)
        for _ in range(3)
    ]
    assert counts == [3, 1, 1]
    assert budget.tokens == 2


def test_a_call_outside_the_budget_gives_nothing_back(call_style: CallStyle) -> None:
    """A retried success returns what its retry cost; where the policy leaves the budget alone, that is nothing."""
    stage = set_up(Scenario("free", (LOST, LOST, DONE), (), APPLIED, policy=RetryPolicy(budget=False)))
    ending(stage, call_style)
    assert stage.budget.tokens <= TOKENS + 1


def test_the_policy_and_timeout_of_a_call_win_over_the_clients(call_style: CallStyle) -> None:
    """`CallOptions` hold for one call."""
    options = CallOptions(retry=RetryPolicy(max_retries=1), timeout=Timeout(read=1.0))
    stage = set_up(Scenario("options", (LOST, LOST), (), UNKNOWN))
    stage.options = options
    record, _ = ending(stage, call_style)
    assert len(record.attempts) == 2
    assert [limits.timeout.read for limits in stage.script.limits] == [1.0, 1.0]


# --- giving up ---


def give_up(stage: Stage, backend: str, **changes: Any) -> BaseException:  # noqa: ANN401
    """Cancel the call while its last attempt hangs; the exception that passed through it."""
    seen: list[BaseException] = []
    if backend == "sync":
        with pytest.raises(KeyboardInterrupt) as caught:
            run_sync(stage, **changes)
        return caught.value

    async def main() -> None:
        with anyio.CancelScope() as scope:
            script = AsyncScript(stage.scenario.steps, stage.time, scope=scope)
            connection: Any = script
            stage.script = script
            core = AsyncCore(stage.settings(changes), connection)
            try:
                await core.execute("things.make", stage.endpoint(), stage.call())
            except BaseException as error:
                seen.append(error)
                raise
        assert scope.cancelled_caught

    anyio.run(main, backend=backend)
    return seen[0]


def hanging(backend: str) -> Step:
    """An attempt that only ends when the caller gives up."""
    return Step(KeyboardInterrupt() if backend == "sync" else Hang())


def notes(error: BaseException) -> str:
    """Everything that was noted on an exception."""
    return "\n".join(getattr(error, "__notes__", []))


@pytest.mark.parametrize("backend", list(CALL_STYLES))
@pytest.mark.parametrize("before", [(), (LOST,), (UNREACHABLE,), (failed(Failure.ANSWER_CUT, status=200),)])
def test_a_call_that_is_cancelled_in_flight_leaves_its_key(
    backend: str, before: tuple[Step, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """The attempt is recorded as UNKNOWN, and the exception that passes through bears a note with the key."""
    caplog.set_level(logging.WARNING)
    stage = set_up(Scenario("cancel", (*before, hanging(backend)), (), UNKNOWN, own_key="order-7"))
    error = give_up(stage, backend)
    last = stage.ended[-1].attempt
    assert len(stage.ended) == len(before) + 1
    assert isinstance(last.outcome, Failed)
    assert last.outcome.failure is Failure.CANCELLED
    assert last.certainty is UNKNOWN
    assert "idempotency_key='order-7'" in notes(error)
    assert "things.make" in notes(error)
    assert "order-7" in caplog.text


@pytest.mark.parametrize("backend", list(CALL_STYLES))
@pytest.mark.parametrize("safety", [S, I, N])
def test_a_call_without_a_key_that_is_cancelled_names_none(backend: str, safety: Safety) -> None:
    """There is nothing to call again with, and the note does not speak of it."""
    stage = set_up(Scenario("cancel", (hanging(backend),), (), UNKNOWN, safety=safety))
    error = give_up(stage, backend)
    assert stage.ended[-1].attempt.certainty is UNKNOWN
    assert "idempotency_key" not in notes(error)


@pytest.mark.parametrize(
    ("before", "noted"), [(LOST, True), (UNREACHABLE, False), (answer(429), False), (answer(503), True)]
)
def test_a_call_that_is_cancelled_while_it_waits(before: Step, noted: bool) -> None:  # noqa: FBT001
    """Only the attempts that were made count: nothing is noted where nothing can have been done."""
    stage = set_up(Scenario("cancel", (before,), (), UNKNOWN))

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        run_sync(stage, clock=replace(stage.time.clock(), sleep=interrupted))
    assert len(stage.ended) == 1
    assert ("idempotency_key=" in notes(caught.value)) is noted


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_event_loops_own_sleep_can_be_cancelled(backend: str) -> None:
    """Without a clock of the test's own, the wait between attempts is the event loop's."""
    stage = set_up(Scenario("cancel", (answer(503, Retry_After="30"),), (), UNKNOWN, own_key="order-7"))
    seen: list[BaseException] = []

    async def main() -> None:
        script = AsyncScript(stage.scenario.steps, stage.time)
        connection: Any = script
        core = AsyncCore(stage.settings({"clock": replace(stage.time.clock(), asleep=None)}), connection)
        with anyio.move_on_after(0.02) as scope:
            try:
                await core.execute("things.make", stage.endpoint(), stage.call())
            except BaseException as error:
                seen.append(error)
                raise
        assert scope.cancelled_caught

    anyio.run(main, backend=backend)
    assert "order-7" in notes(seen[0])


@pytest.mark.parametrize("hook", ["on_attempt", "on_retry"])
def test_a_hook_that_fails_changes_nothing(hook: str, call_style: CallStyle, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever only looks on can neither take an answer away nor stop a retry; what they raise is logged."""

    def broken(_: object) -> None:
        raise LookupError("my hook")

    stage = set_up(Scenario("hook", (LOST, DONE), (), APPLIED, own_key="order-7"))
    hooks = Hooks(on_attempt=broken) if hook == "on_attempt" else Hooks(on_retry=broken)
    record, _ = ending(stage, call_style, hooks=hooks)
    assert record.certainty is APPLIED
    assert len(stage.script.requests) == 2
    assert "my hook" in caplog.text


@pytest.mark.parametrize("backend", list(CALL_STYLES))
def test_a_hook_that_fails_does_not_swallow_a_cancellation(backend: str) -> None:
    """Whoever cancelled must get their cancellation, whatever a hook does on the way."""

    def broken(_: object) -> None:
        raise LookupError("my hook")

    stage = set_up(Scenario("hook", (hanging(backend),), (), UNKNOWN, own_key="order-7"))
    error = give_up(stage, backend, hooks=Hooks(on_attempt=broken))
    assert not isinstance(error, Exception)
    assert "order-7" in notes(error)


def test_an_exception_that_nobody_expected_passes_through(call_style: CallStyle) -> None:
    """A mistake in somebody's HTTP client is neither hidden nor retried, and the key is noted on it."""
    stage = set_up(Scenario("bug", (Step(ZeroDivisionError("bug")),), (), UNKNOWN, own_key="order-7"))
    with pytest.raises(ZeroDivisionError) as caught:
        call_style(stage)
    assert "order-7" in notes(caught.value)
    assert stage.ended[-1].attempt.certainty is UNKNOWN


def test_what_is_logged(call_style: CallStyle, caplog: pytest.LogCaptureFixture) -> None:
    """Attempts at DEBUG and retries at INFO, each with the key; credentials and bodies at no level."""
    caplog.set_level(logging.DEBUG)
    stage = set_up(Scenario("log", (LOST, answer(503), DONE), (), APPLIED))
    secrets = {"a": Bearer("sk_secret"), "b": ApiKey("key", "query", "sk_secret")}
    record, _ = ending(stage, call_style, credentials=secrets, security=(("a", "b"),))
    key = record.call.idempotency_key
    assert key
    ours = [entry for entry in caplog.records if entry.name.startswith("samekey_templates")]
    levels = [entry.levelno for entry in ours]
    assert levels.count(logging.INFO) == 2
    assert levels.count(logging.DEBUG) == 6
    assert all(key in entry.getMessage() for entry in ours)
    assert "sk_secret" not in caplog.text
    assert "amount" not in caplog.text


def test_a_client_without_hooks_works(call_style: CallStyle) -> None:
    """Hooks are optional."""
    stage = set_up(Scenario("quiet", (LOST, DONE), (), APPLIED))
    record, error = ending(stage, call_style, hooks=Hooks())
    assert error is None
    assert len(record.attempts) == 2


def test_a_deep_error_body_is_an_api_error(call_style: CallStyle) -> None:
    """Whatever a server writes into an error body, the caller gets a typed error."""
    step = Step(RawAnswer(400, httpx.Headers(), b"[" * 100_000))
    record, error = ending(set_up(Scenario("deep", (step,), (), REJECTED)), call_style)
    assert isinstance(error, errors.BadRequestError)
    assert record.certainty is REJECTED


@dataclass
class Oversleeping(Time):
    """A machine that is suspended in each wait: its own clock stands still, and the world's does not."""

    asleep_for: float = 0.0
    drifted: float = 0.0
    stops: bool = True

    def sleep(self, seconds: float) -> None:
        """Wait, and be suspended."""
        super().sleep(seconds)
        self.drifted += self.asleep_for if self.stops else 0.0
        self.now += 0.0 if self.stops else self.asleep_for

    def clock(self) -> Clock:
        """Itself, as the runtime takes it."""
        return replace(super().clock(), wall=lambda: 1_700_000_000.0 + self.now + self.drifted)


@pytest.mark.parametrize(
    ("time", "safety", "attempts", "stopped"),
    [
        (Oversleeping(asleep_for=90_000.0), K, 1, "too old"),
        (Oversleeping(asleep_for=90_000.0), I, 2, ""),
        (Oversleeping(asleep_for=60.0), K, 2, ""),
        (Oversleeping(asleep_for=130.0, stops=False), K, 1, "after the deadline"),
        (Oversleeping(asleep_for=130.0, stops=False), S, 1, "after the deadline"),
        (Oversleeping(asleep_for=110.0, stops=False), S, 2, ""),
    ],
)
def test_after_a_wait_the_clocks_are_read_again(
    call_style: CallStyle, time: Oversleeping, safety: Safety, attempts: int, stopped: str
) -> None:
    """A machine may sleep through the life of a key, and a purged key is a new request; or past the deadline."""
    stage = Stage(
        Scenario("overslept", (LOST, DONE), (), UNKNOWN, safety=safety), time=dataclasses.replace(time, log=[])
    )
    record, error = ending(stage, call_style)
    assert len(stage.script.requests) == len(record.attempts) == attempts
    assert stopped in record.stopped
    if stopped:
        assert record.certainty is UNKNOWN
        assert stopped in str(error)
        assert record.attempts[0].wait == 0.25
    else:
        assert error is None
