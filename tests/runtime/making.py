"""Settings, endpoints and clocks for tests of the runtime."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace
from samekey_templates.runtime.call import Call, Endpoint, Settings
from samekey_templates.runtime.client import ApiFacts
from samekey_templates.runtime.client import make_settings as client_settings
from samekey_templates.runtime.request.build import prepare
from samekey_templates.runtime.retry.loop import CallState, Clock
from samekey_templates.runtime.retry.wire import WireRequest
from samekey_templates.runtime.safety import Safety

METHODS = {Safety.SAFE: "GET", Safety.IDEMPOTENT: "PUT", Safety.KEYED: "POST", Safety.UNSAFE: "POST"}


@dataclass
class Time:
    """A clock that moves only when it is told to, and a log of what happened in order."""

    now: float = 1000.0
    jitter: float = 0.5
    log: list[tuple[str, object]] = field(default_factory=list[tuple[str, object]])

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.log.append(("slept", seconds))
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        """Let time pass, in an event loop."""
        import anyio.lowlevel  # noqa: PLC0415

        self.sleep(seconds)
        await anyio.lowlevel.checkpoint()

    def clock(self) -> Clock:
        """Itself, as the runtime takes it."""
        return Clock(
            monotonic=lambda: self.now,
            wall=lambda: 1_700_000_000.0 + self.now,
            jitter=lambda: self.jitter,
            sleep=self.sleep,
            asleep=self.asleep,
        )


def make_settings(**changes: Any) -> Settings:  # noqa: ANN401
    """A client's settings, with whatever the test wants otherwise."""
    api = ApiFacts(base_url="http://api.test/v1", base_url_variable="TEST_BASE_URL", user_agent="test/1")
    return replace(client_settings(api, credentials={}), **{"clock": Time().clock(), **changes})


def make_endpoint(safety: Safety = Safety.KEYED, path: str = "/things", **changes: Any) -> Endpoint:  # noqa: ANN401
    """An operation's facts."""
    return replace(Endpoint(METHODS[safety], path, safety), **changes)


def wired(settings: Settings, endpoint: Endpoint, call: Call[Any]) -> tuple[WireRequest, CallState]:
    """A call as it will go over the wire, and its books."""
    prepared = prepare(settings, "things.make", endpoint, call)
    return prepared.request, prepared.state


def header(request: WireRequest, name: str) -> list[str]:
    """Every value of a header of a request."""
    return [value for found, value in request.headers if found.lower() == name.lower()]


def content(body: Any) -> bytes:  # noqa: ANN401
    """The bytes of a body, however it is kept."""
    if body is None:
        return b""
    return body if isinstance(body, bytes) else b"".join(body)
