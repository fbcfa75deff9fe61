"""Why something was done twice, read from the histories alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from samekey.sandbox.server.faults import Fault
from samekey.sandbox.server.ledger import AnswerKind, Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from samekey.prove.history import History
    from samekey.sandbox.server.ledger import Event

_UNDONE = frozenset({
    Fault.CRASH_AFTER_CLAIM, Fault.CRASH_AFTER_EFFECT, Fault.CRASH_BEFORE_COMMIT, Fault.FAIL_BEFORE_COMMIT,
})  # fmt: skip
_SEVERAL = 3
_RARELY = 0.2
_OK = 200
_NOT_OK = 300


class Cause(StrEnum):
    """Why."""

    NEW_KEY = "done again under another key"
    NO_MEMORY = "done again, and no request of the whole run was answered from memory"
    OUTLIVED = "done again when its key might have been forgotten: its client has sent it too late"
    AT_ONCE = "both ran at once"
    FORGOTTEN = "done again after a while, although sooner requests were answered from memory"
    OPERATION = "done again, and its operation was never answered from memory"
    OTHER_SCOPE = "done again for another account, though only the token of its client was renewed"
    APART = "done again after a request that failed had kept its effect: effect and key are not one transaction"
    LEFT = "done again after its client had left"
    ELSEWHERE = "done again by another process, and none has ever answered from the memory of another"
    ANSWERED = "done again although the first was answered"
    UNSEEN = "done again, and what was written down of it died with a killed server"

    @property
    def needs_a_kill(self) -> bool:
        """Whether it may say more of a server that was killed than of keys."""
        return self in {Cause.ELSEWHERE, Cause.UNSEEN}


@dataclass(frozen=True, slots=True)
class Second:
    """A request that was settled when its call had its effect already.

    Args:
        done: whether it had an effect as well; else it was answered from memory.
        ahead: seconds by which it arrived before the last effect; negative where it came later, None where the record
            of its arrival is lost.
        gap: seconds from the last effect to its own, or for one that was answered from memory to its arrival.
        left: whether a client had gone without an answer between the last effect and its own.
        same_key: whether it bore the key of the last effect.
        same_scope: whether it was taken for the same account as the last effect.
        failed: whether the last effect was that of a request which a fault had made fail, so that none should be left.
        same_process: whether the process of the last effect got it.
    """

    done: bool
    ahead: float | None
    gap: float
    left: bool
    same_key: bool
    same_process: bool
    same_scope: bool = True
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """What the servers remembered in the whole run.

    Args:
        replays: answers from memory.
        longest: seconds after the effect at which the latest of them was asked for.
        fades: whether a process has done again what it had done itself, later than that.
        shared: whether one process has answered from the memory of another.
        forgets_operation: whether the operation that is asked about was often done again, and never answered from
            memory.
    """

    replays: int = 0
    longest: float = 0.0
    fades: bool = False
    shared: bool = False
    forgets_operation: bool = False


@dataclass(frozen=True, slots=True)
class Explained:
    """The cause of a duplicate, and the same in a sentence with its numbers."""

    cause: Cause
    text: str


def traces(history: History) -> dict[int, list[Event]]:
    """Return what the servers wrote down of each call under its keys, in order of time, by the number of the call."""
    owners = history.owners()
    found: defaultdict[int, list[Event]] = defaultdict(list)
    for event in sorted(history.events, key=lambda event: event.at):
        if event.key in owners:
            found[owners[event.key]].append(event)
    return dict(found)


def memory(events: Mapping[int, Sequence[Event]]) -> Memory:
    """Sum up what the servers remembered in a whole run."""
    seconds = [second for trace in events.values() for second in _seconds(trace)]
    replayed = [second for second in seconds if not second.done]
    longest = max((second.gap for second in replayed), default=0.0)
    late = [
        second
        for second in seconds
        # What met another request, or was left by one that failed, says nothing of how long is remembered.
        if second.done and second.gap > longest and not _is_at_once(second) and not second.failed
    ]
    return Memory(
        replays=len(replayed),
        longest=longest,
        # One of many may be a request whose arrival was never seen, and so met another without anybody's knowing.
        fades=sum(second.same_process for second in late) > len(late) * _RARELY,
        shared=any(not second.same_process for second in replayed),
    )


def forgotten_operations(
    events: Mapping[int, Sequence[Event]], repeated: Collection[int | None], longest: float
) -> frozenset[str]:
    """Return the operations that were done again several times, soon, and never answered from memory.

    Args:
        events: what the servers wrote down of each call.
        repeated: the calls that were done again.
        longest: seconds after which other operations were still answered from memory; what comes later may have been
            forgotten like anything else.
    """
    replayed = {event.operation for trace in events.values() for event in trace if event.detail == AnswerKind.REPLAYED}
    counts = Counter(
        trace[0].operation
        for call, trace in events.items()
        if call in repeated and any(second.done and second.gap <= longest for second in _seconds(trace))
    )
    return frozenset(name for name, count in counts.items() if count >= _SEVERAL and name not in replayed)


def explain_cause(trace: Sequence[Event], known: Memory, window: float) -> Explained | None:
    """Explain why a call had more than one effect; None where it had not.

    Args:
        trace: its events, in order.
        known: what was remembered in the whole run.
        window: seconds in which a key must be remembered.
    """
    second = next((second for second in _seconds(trace) if second.done), None)
    if second is None:
        return None
    cause = _cause(second, known, window)
    return Explained(cause, _sentence(cause, second, known, window))


def _cause(second: Second, known: Memory, window: float) -> Cause:
    """Return the first cause that holds."""
    elsewhere = not (second.same_process or known.fades or known.shared)
    causes = (
        (not second.same_key, Cause.NEW_KEY),
        (not second.same_scope, Cause.OTHER_SCOPE),
        (second.failed, Cause.APART),
        (not known.replays, Cause.NO_MEMORY),
        (second.gap >= window, Cause.OUTLIVED),
        (known.forgets_operation, Cause.OPERATION),
        (second.ahead is None, Cause.UNSEEN),
        (_is_at_once(second), Cause.AT_ONCE),
        (elsewhere, Cause.ELSEWHERE),
        (second.gap > known.longest, Cause.FORGOTTEN),
        (second.left, Cause.LEFT),
    )
    return next((cause for holds, cause in causes if holds), Cause.ANSWERED)


def _is_at_once(second: Second) -> bool:
    return second.ahead is not None and second.ahead > 0


def _sentence(cause: Cause, second: Second, known: Memory, window: float) -> str:
    after = f"{second.gap:.2f} s after the first effect"
    match cause:
        case Cause.AT_ONCE:
            return (
                f"{cause}: the second request arrived {(second.ahead or 0.0) * 1000:.0f} ms before the first's effect"
            )
        case Cause.FORGOTTEN:
            return (
                f"done again {after}, although the key was younger than the retry window of {window:g} s; no request "
                f"that came more than {known.longest:.2f} s after an effect was answered from memory"
            )
        case _:
            return f"{cause}, {after}"


def _seconds(trace: Sequence[Event]) -> Iterator[Second]:
    """Yield the requests that were settled after the first effect, in order."""
    effects = [event for event in trace if event.kind is Kind.EFFECT]
    arrivals = {event.attempt: event.at for event in trace if event.kind is Kind.ARRIVED}
    replays = [event for event in trace if event.detail == AnswerKind.REPLAYED]
    for event in sorted([*effects[1:], *replays], key=lambda event: event.at):
        before = [effect for effect in effects if effect is not event and effect.at <= event.at]
        if before:
            last, done = before[-1], event.kind is Kind.EFFECT
            arrival = arrivals.get(event.attempt)
            yield Second(
                done=done,
                ahead=None if arrival is None else last.at - arrival,
                gap=event.at - last.at if done or arrival is None else max(0.0, arrival - last.at),
                left=any(last.at <= other.at <= event.at and _is_left(other) for other in trace),
                same_key=event.key == last.key,
                same_process=event.process == last.process,
                same_scope=event.scope == last.scope,
                failed=any(other.attempt == last.attempt and other.fault in _UNDONE for other in trace),
            )


def _is_left(event: Event) -> bool:
    """Whether a client went without an answer, be it one that a gateway made up."""
    return event.kind is Kind.LOST and (event.status is None or _OK <= event.status < _NOT_OK)
