"""Checks of what the server itself goes through: a failure after the effect, a restart, and a second instance."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, Final

from samekey.verify.calls import COME_AGAIN, ProbeAnswer, at_once, wait_for
from samekey.verify.findings import Check, Finding, UnjudgedError, Verdict
from samekey.verify.probes import answered, broken_by, carried_out, compared, spoken

if TYPE_CHECKING:
    from samekey.verify.calls import Caller, ProbeOutcome, Sending
    from samekey.verify.probes import Bench

_SERVER_ERROR: Final = 500
_COMMAND_SECONDS: Final = 120.0
_START_SECONDS: Final = 60.0
_PAUSE: Final = 0.1
_ROUNDS: Final = 3


def after_failure(bench: Bench) -> Finding:
    """Send a request that fails after its effect, and the same key again, and count the effects."""
    failing = bench.failing
    if failing is None:
        why = "give a request that fails after its effect: --failing-body FILE or --failing-header NAME=VALUE"
        raise UnjudgedError(why)
    key = bench.key()
    before = bench.oracle.mark()
    first = answered(bench.caller.send(failing.bearing(key)))
    if first.status < _SERVER_ERROR:
        raise UnjudgedError(f"the request that is to fail was answered {spoken(first)}, and not 5xx")
    # A header says how this attempt goes; a body belongs to the request, so its retry fails as well.
    again = bench.caller.settle((failing if bench.fails_by_body else bench.request).bearing(key))
    effects = bench.oracle.since(before, [first, again])
    what = f"the same key after a failure ({first.status})"
    found = broken_by(Check.AFTER_FAILURE, what, effects, [again])
    return found or _after_failure(bench, what, again, effects.count)


def _after_failure(bench: Bench, what: str, again: ProbeOutcome, count: int) -> Finding:
    """Report what a client is told by a retry after a failure, where nothing was done again."""
    if not bench.sees_unanswered:
        raise UnjudgedError("ids do not show what the failed request did: name a list with --oracle list:OPERATION")
    seen = f"{count or 'no'} effect{'' if count == 1 else 's'}"
    if not isinstance(again, ProbeAnswer):
        return Finding(Check.AFTER_FAILURE, Verdict.OTHERWISE, f"{what} got no answer ({again.why}): {seen}")
    if again.succeeded:
        return Finding(Check.AFTER_FAILURE, Verdict.OK, f"{what} was answered {again.status}: one effect")
    if again.status in COME_AGAIN:
        why = f"{what} was answered {spoken(again)} again and again, which tells a client to come back: {seen}"
        return Finding(Check.AFTER_FAILURE, Verdict.OTHERWISE, why)
    return Finding(Check.AFTER_FAILURE, Verdict.OK, f"{what} was answered {spoken(again)}: {seen}")


def restart(bench: Bench) -> Finding:
    """Send a request, restart the server, send the same request again, and count the effects."""
    if not bench.restart:
        raise UnjudgedError("give a command that restarts the server: --restart 'command'")
    sending = bench.request.bearing(bench.key())
    before = bench.oracle.mark()
    first = carried_out(bench.caller.settle(sending))
    _run(bench.restart)
    again = answered(_once_it_is_back(bench.caller, sending))
    effects = bench.oracle.since(before, [first, again])
    found = broken_by(Check.RESTART, "the same request after a restart", effects, [again])
    return found or compared(bench, Check.RESTART, first, again, "after a restart ")


def _once_it_is_back(caller: Caller, sending: Sending) -> ProbeOutcome:
    """Send a request until it is answered: a port takes connections before anybody answers, and while a server dies."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        wait_for(caller.base, max(deadline - time.monotonic(), 0.0))
        outcome = caller.settle(sending)
        if isinstance(outcome, ProbeAnswer) or time.monotonic() >= deadline:
            return outcome
        time.sleep(_PAUSE)


def other_instance(bench: Bench) -> Finding:
    """Send a request to one instance and then to another, and others to both at once, and count the effects."""
    if not bench.also:
        raise UnjudgedError("give the address of another instance of the API: --also URL")
    other = bench.caller.at(bench.also)
    sending = bench.request.bearing(bench.key())
    before = bench.oracle.mark()
    first = carried_out(bench.caller.settle(sending))
    again = answered(other.settle(sending))
    effects = bench.oracle.since(before, [first, again])
    found = broken_by(Check.OTHER_INSTANCE, "the same request at another instance", effects, [again])
    found = found or _goes_on(bench) or _at_both_at_once(bench, other)
    return found or compared(bench, Check.OTHER_INSTANCE, first, again, "at another instance ")


def _goes_on(bench: Bench) -> Finding | None:
    """Send a new request to the first instance, which a replay at the other must not block; None where it is done."""
    new = bench.caller.settle(bench.request.bearing(bench.key()))
    if isinstance(new, ProbeAnswer) and new.succeeded:
        return None
    ending = f"was answered {spoken(new)}" if isinstance(new, ProbeAnswer) else f"got no answer: {new.why}"
    why = f"after a stored answer came from another instance, a new key at the first one {ending}"
    return Finding(Check.OTHER_INSTANCE, Verdict.OTHERWISE, why)


def _at_both_at_once(bench: Bench, other: Caller) -> Finding | None:
    """Send the same request to both instances at the same moment, several times; None where it was done once each."""
    before = bench.oracle.mark()
    seen: list[ProbeOutcome] = []
    last: list[ProbeOutcome] = []
    for _ in range(_ROUNDS):
        sending = bench.request.bearing(bench.key())
        seen += at_once([bench.caller, other], sending)
        last.append(bench.caller.settle(sending))
    effects = bench.oracle.since(before, [*seen, *last])
    what = "the same request at two instances at once"
    odd = sorted({str(answer.status) for answer in seen if isinstance(answer, ProbeAnswer) and _is_failure(answer)})
    lost = any(not isinstance(outcome, ProbeAnswer) for outcome in seen)
    told = None
    if odd or lost:
        why = f"{what}: one effect, but some got {', '.join(odd) or 'no answer'}, which says nothing about the key"
        told = Finding(Check.OTHER_INSTANCE, Verdict.OTHERWISE, why)
    return broken_by(Check.OTHER_INSTANCE, what, effects, last) or told


def _is_failure(answer: ProbeAnswer) -> bool:
    return not answer.succeeded and not answer.refused


def _run(command: str) -> None:
    try:
        done = subprocess.run(command, shell=True, capture_output=True, timeout=_COMMAND_SECONDS, check=False)  # noqa: S602  # the user's own
    except subprocess.TimeoutExpired as error:
        raise UnjudgedError(f"--restart took longer than {_COMMAND_SECONDS:g} s") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise UnjudgedError(f"--restart ended with exit code {done.returncode}{': ' if said else ''}{''.join(said)}")
