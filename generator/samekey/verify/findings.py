"""What a run finds out: a verdict for each check, and facts about the API's dialect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from samekey.sandbox.errors import SandboxError

if TYPE_CHECKING:
    from samekey.config.dialect import Dialect, Signal


class VerifyError(SandboxError):
    """A run cannot begin or go on; the text says why, for people."""


class UnjudgedError(Exception):
    """A check cannot be judged; the text says why, for people."""


class Verdict(StrEnum):
    """What became of a check."""

    OK = "ok"
    BROKEN = "broken"
    """Something was done twice, or not at all, or told to the wrong client."""
    OTHERWISE = "told otherwise"
    """Nothing was done twice, but clients are told something else than they may expect."""
    UNJUDGED = "not judged"


class Check(StrEnum):
    """What is checked."""

    TWO_KEYS = "two-keys"
    REPLAY = "replay"
    OTHER_PAYLOAD = "other-payload"
    PARALLEL = "parallel"
    LOST_ANSWER = "lost-answer"
    CLIENT_LEFT = "client-left"
    LATE_RETRY = "late-retry"
    AFTER_FAILURE = "after-failure"
    RESTART = "restart"
    OTHER_INSTANCE = "other-instance"
    OTHER_HEADERS = "other-headers"
    SIMILAR_KEYS = "similar-keys"
    NO_KEY = "no-key"
    EMPTY_KEY = "empty-key"
    MALFORMED_KEY = "malformed-key"
    LONG_KEY = "long-key"
    OTHER_CREDENTIAL = "other-credential"
    OTHER_METHODS = "other-methods"


TRUST: Final = frozenset({
    Check.REPLAY, Check.OTHER_PAYLOAD, Check.PARALLEL, Check.LOST_ANSWER, Check.CLIENT_LEFT, Check.LATE_RETRY,
    Check.LONG_KEY, Check.AFTER_FAILURE, Check.RESTART, Check.OTHER_INSTANCE, Check.OTHER_HEADERS, Check.SIMILAR_KEYS,
})  # fmt: skip
"""Checks without which a client cannot rely on keys."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A header marks stored answers."""

    name: str


@dataclass(frozen=True, slots=True)
class SaysInFlight:
    """How the API says that the first request is still running, and the seconds that it asks to wait, if it does."""

    signal: Signal
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class SaysMismatch:
    """How the API says that a key came back with another payload."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class SaysUsed:
    """How the API refuses the very same request under a key that was used, where it stores no answer."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class Longest:
    """The longest key that was taken, in characters, where a longer one was refused."""

    length: int


@dataclass(frozen=True, slots=True)
class Honours:
    """Whether keys are honoured on another operation, `METHOD /path`."""

    target: str
    honoured: bool


Fact: TypeAlias = Marked | SaysInFlight | SaysMismatch | SaysUsed | Longest | Honours
"""Something about the API's dialect (docs/retry-rules.md, section 2)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict of a check.

    Args:
        check: what was checked.
        verdict: what became of it.
        why: what was seen, in plain words.
        facts: what was learned of the dialect.
    """

    check: Check
    verdict: Verdict
    why: str
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run.

    Args:
        title: the API's title.
        operation: the operation that was tried.
        target: its method and path.
        address: where.
        oracle: how effects were told apart, in words.
        findings: a finding for each check, in order.
        profile: the dialect that the document and the config speak of.
    """

    title: str
    operation: str
    address: str
    oracle: str
    findings: tuple[Finding, ...]
    profile: Dialect
    target: str = ""

    def of(self, verdict: Verdict) -> tuple[Finding, ...]:
        """Return the findings with a verdict."""
        return tuple(finding for finding in self.findings if finding.verdict is verdict)

    @property
    def broken(self) -> bool:
        """Whether a promise is broken."""
        return bool(self.of(Verdict.BROKEN))

    @property
    def trusted(self) -> bool:
        """Whether clients can rely on keys, as far as it was judged."""
        return not any(finding.check in TRUST for finding in self.of(Verdict.BROKEN))


def about_both(findings: list[Finding]) -> list[Finding]:
    """Return the findings, with one more word where an API says another thing by the signal of another payload.

    A client that is told of another payload as if the first request still ran asks until its deadline, and one that is
    told so of its own request believes that it made a mistake.
    """
    facts = [fact for found in findings for fact in found.facts]
    running = {fact.signal for fact in facts if isinstance(fact, SaysInFlight)}
    used = {fact.signal for fact in facts if isinstance(fact, SaysUsed)}
    return [_with_clash(found, running, used) for found in findings]


def _with_clash(found: Finding, running: set[Signal], used: set[Signal]) -> Finding:
    signals = {fact.signal for fact in found.facts if isinstance(fact, SaysMismatch)}
    if signals & running:
        clash = "what is said while the first request still runs: its client asks for ever"
    elif signals & used:
        clash = "what the same payload is told: a client cannot tell its mistake from a retry"
    else:
        return found
    why = f"{found.why}, which is also {clash}"
    return replace(found, verdict=Verdict.OTHERWISE, why=why, facts=())
