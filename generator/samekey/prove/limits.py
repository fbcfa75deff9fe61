"""Check that a client goes as far as its policy allows, and no further: retries, waits, deadlines."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from samekey.prove.promises import Promise, Violation
from samekey.prove.retryable import is_to_be_repeated, may_be_followed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samekey.prove.history import CallReport

_LATE: Final = 3.0
"""Seconds by which a busy machine may end a call late: slowness is no broken promise."""
_FEW: Final = 2
_LATE_SHARE: Final = 0.02
"""Calls, and the share of all calls, that a machine may end later still while it does something else altogether."""
_LEFT: Final = 1.0
"""Seconds that must be left of a deadline for another attempt to be expected."""
_ROUNDING: Final = 0.001
_BUSY: Final = 0.2
"""Seconds by which a busy machine may see a request later than its attempt began."""
_WAITED: Final = 0.7
"""The share of what they were to wait that the attempts of a whole run have waited at least."""
_SHORTEST_POLL: Final = 0.05
_FEWEST_WAITS: Final = 40
_USUAL_SHARE: Final = (0.3, 0.7)
"""What waits that are drawn evenly from a range come to, as a share of it: half, and as good as never outside these."""


def about_limits(report: CallReport, window: float) -> Iterator[Violation]:
    """Yield where a call passed a limit, or stopped short of it."""
    allowed = report.limits
    retries = sum(1 for attempt in report.attempts[:-1] if not attempt.free)
    if retries > allowed.retries:
        yield _passed(report, f"{retries} retries, {allowed.retries} allowed")
    for attempt, following in pairwise(report.attempts):
        if not may_be_followed(attempt, keyed=report.keyed):
            yield _passed(report, f"sent again after {attempt.outcome}, which settles it")
        if following.sent_at - report.attempts[0].sent_at >= min(window, allowed.key_life):
            yield _passed(report, "sent again when its key may have been forgotten")
    if report.is_short_lived and report.settling:
        yield _passed(report, "sent again, to settle it, when its key had been forgotten")
    yield from _waits(report)
    if reason := _gave_up(report):
        yield Violation(Promise.LIVENESS, report.call, reason)


def about_deadlines(calls: Sequence[CallReport]) -> Iterator[Violation]:
    """Yield the calls that went on behind their deadlines, where they are more than a busy machine may end late."""
    late = [report for report in calls if report.elapsed > report.limits.deadline + _LATE]
    if len(late) > max(_FEW, _LATE_SHARE * len(calls)):
        for report in late:
            yield _passed(report, f"{report.elapsed:.2f} s, the deadline was {report.limits.deadline:.2f} s")


def about_backoff(calls: Sequence[CallReport]) -> Iterator[Violation]:
    """Yield where the waits of a whole run are not drawn from the ranges that they are to be drawn from."""
    drawn = [
        (attempt.wait, report.limits.backoff(number))
        for report in calls
        for number, attempt in enumerate(report.attempts, 1)
        if attempt.wait is not None and not attempt.asked and not attempt.polling
    ]
    whole = sum(longest for _, longest in drawn)
    share = sum(wait for wait, _ in drawn) / whole if whole else 0.5
    least, most = _USUAL_SHARE
    if len(drawn) >= _FEWEST_WAITS and not least <= share <= most:
        text = f"{len(drawn)} waits came to {share:.0%} of the backoff, and drawn evenly from it they come to half"
        yield Violation(Promise.LIMITS, None, text)
    pairs = [pair for report in calls for pair in _waited(report)]
    waited, was_to = sum(waited for waited, _ in pairs), sum(planned for _, planned in pairs)
    if len(pairs) >= _FEWEST_WAITS and waited < _WAITED * was_to:
        text = f"{len(pairs)} waits were to take {was_to:.2f} s, and took {waited:.2f} s"
        yield Violation(Promise.LIMITS, None, text)


def _passed(report: CallReport, text: str) -> Violation:
    return Violation(Promise.LIMITS, report.call, text)


def _waits(report: CallReport) -> Iterator[Violation]:
    for number, attempt in enumerate(report.attempts, 1):
        if attempt.wait is None:
            continue
        longest = report.limits.backoff(number)
        most = attempt.asked + longest
        if attempt.polling:
            most = max(most, _SHORTEST_POLL)
        if not attempt.asked - _ROUNDING <= attempt.wait <= most + _ROUNDING:
            text = f"waits {attempt.wait:.3f} s, the policy allows {attempt.asked:.3f} to {most:.3f} s"
            yield _passed(report, text)
    for waited, planned in _waited(report):
        if waited < planned - _BUSY:
            yield _passed(report, f"sent again after {waited:.3f} s, and was to wait {planned:.3f} s")


def _waited(report: CallReport) -> list[tuple[float, float]]:
    """Return how long a call has waited before each further request, and how long it was to, in seconds.

    Requests are on a clock that nobody sets, but a busy machine sees one later than its attempt began, which the
    client's own clock tells; the longer of the two is believed. Where an attempt never sent a request, nothing is
    compared.
    """
    if len(report.requests) != len(report.attempts):
        return []
    return [
        (max(later.clock - earlier.clock, following.sent_at - attempt.sent_at) - attempt.took, attempt.wait or 0.0)
        for (earlier, later), (attempt, following) in zip(
            pairwise(report.requests), pairwise(report.attempts), strict=True
        )
    ]


def _gave_up(report: CallReport) -> str:
    """Return what a call should have done that was ended too early; empty where it went as far as it may."""
    if report.cancelled or not report.attempts:
        return ""
    last = report.attempts[-1]
    retries = sum(1 for attempt in report.attempts[:-1] if not attempt.free)
    if not is_to_be_repeated(last, keyed=report.keyed, assumed=report.assumed):
        return ""
    # Polls do not count, but a policy without retries has none of them either.
    spent = report.limits.retries == 0 or (retries >= report.limits.retries and not last.free)
    left = report.limits.deadline - report.elapsed - last.asked - report.limits.backoff(len(report.attempts))
    if spent or left <= _LEFT:
        return ""
    return (
        f"given up after {last.outcome} with {report.limits.retries - retries} retries and "
        f"{report.limits.deadline - report.elapsed:.1f} s left"
    )
