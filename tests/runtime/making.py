"""Settings, endpoints and clocks for tests of the runtime."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from samekey_templates.runtime._budget import Budget
from samekey_templates.runtime._call import Endpoint, Settings
from samekey_templates.runtime._drive import Clock, Hooks
from samekey_templates.runtime._policy import RetryPolicy, Safety
from samekey_templates.runtime._profile import Profile
from samekey_templates.runtime._types import Timeout

if TYPE_CHECKING:
    from samekey_templates.runtime._wire import WireRequest

METHODS = {Safety.SAFE: "GET", Safety.IDEMPOTENT: "PUT", Safety.KEYED: "POST", Safety.UNSAFE: "POST"}


@dataclass
class Time:
    """A clock that moves only when it is told to, and remembers how long it slept."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list[float])
    jitter: float = 0.5

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
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
    settings = Settings(
        base_url="http://api.test/v1",
        user_agent="test/1",
        credentials={},
        security=(),
        profile=Profile(),
        retry=RetryPolicy(),
        timeout=Timeout(),
        headers={},
        strict=False,
        hooks=Hooks(),
        budget=Budget(),
        clock=Time().clock(),
    )
    return replace(settings, **changes)


def make_endpoint(safety: Safety = Safety.KEYED, path: str = "/things", **changes: Any) -> Endpoint:  # noqa: ANN401
    """An operation's facts."""
    return replace(Endpoint(METHODS[safety], path, safety), **changes)


def header(request: WireRequest, name: str) -> list[str]:
    """Every value of a header of a request."""
    return [value for found, value in request.headers if found.lower() == name.lower()]
