"""The generated payments SDK, called in every way that it can be: in this thread, on asyncio, on trio."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Protocol

import anyio
from acme_payments import (
    AcmePayments,
    APIError,
    AsyncAcmePayments,
    CallRecord,
    Response,
    RetryPolicy,
    Timeout,
)

from .fault_server import TOKEN

LOGGER = "acme_payments"
FAST = RetryPolicy(initial_delay=0.001, max_delay=0.002, deadline=8.0)
ONCE = RetryPolicy(max_retries=0, deadline=8.0)
PATIENT = Timeout(connect=2.0, read=4.0, write=4.0, pool=2.0)
HASTY = Timeout(connect=2.0, read=0.4, write=0.4, pool=2.0)


@dataclass(frozen=True)
class Ask:
    """A call of the SDK: which operation, with which arguments."""

    operation: str
    positional: tuple[Any, ...] = ()
    named: dict[str, Any] = field(default_factory=dict[str, Any])

    def __str__(self) -> str:
        return self.operation

    def again(self, **named: Any) -> Ask:  # noqa: ANN401
        """The same call with extra arguments."""
        return Ask(self.operation, self.positional, {**self.named, **named})


CHARGE = Ask("charges.create", named={"amount": 1999, "currency": "usd", "description": "Zwei Karten, Reihe Ü"})


@dataclass(frozen=True)
class Ended:
    """How a call ended."""

    response: Response[Any] | None
    error: APIError | None

    @property
    def record(self) -> CallRecord:
        """The call with its attempts."""
        found = self.response if self.response is not None else self.error
        assert found is not None
        return found.record

    @property
    def key(self) -> str | None:
        """The idempotency key."""
        return self.record.call.idempotency_key


class CallStyle(Protocol):
    """A way to call the SDK."""

    def __call__(self, url: str, *asks: Ask, **settings: Any) -> list[Ended]:  # noqa: ANN401
        """Make calls one after the other with one client; how each of them ended."""
        ...


def _settings(settings: dict[str, Any]) -> dict[str, Any]:
    return {"token": TOKEN, "retry": FAST, "timeout": PATIENT, **settings}


def in_this_thread(url: str, *asks: Ask, **settings: Any) -> list[Ended]:  # noqa: ANN401
    """With the sync client."""
    ended: list[Ended] = []
    with AcmePayments(base_url=url, **_settings(settings)) as client:
        for ask in asks:
            try:
                response = attrgetter(ask.operation)(client).detailed(*ask.positional, **ask.named)
            except APIError as error:
                ended.append(Ended(None, error))
            else:
                ended.append(Ended(response, None))
    return ended


def in_a_loop(backend: str) -> CallStyle:
    """With the async client, on an event loop."""

    def run(url: str, *asks: Ask, **settings: Any) -> list[Ended]:  # noqa: ANN401
        async def main() -> list[Ended]:
            ended: list[Ended] = []
            async with AsyncAcmePayments(base_url=url, **_settings(settings)) as client:
                for ask in asks:
                    try:
                        response = await attrgetter(ask.operation)(client).detailed(*ask.positional, **ask.named)
                    except APIError as error:
                        ended.append(Ended(None, error))
                    else:
                        ended.append(Ended(response, None))
            return ended

        return anyio.run(main, backend=backend)

    return run


CALL_STYLES: dict[str, CallStyle] = {"sync": in_this_thread, "asyncio": in_a_loop("asyncio"), "trio": in_a_loop("trio")}


def one(call_style: CallStyle, url: str, ask: Ask = CHARGE, **settings: Any) -> Ended:  # noqa: ANN401
    """Make one call."""
    (ended,) = call_style(url, ask, **settings)
    return ended
