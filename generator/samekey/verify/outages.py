"""Checks of what the server itself goes through: a failure after the effect, a restart, and a second instance."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from samekey.verify.calls import ProbeAnswer
from samekey.verify.findings import (
    Check,
    Finding,
    SaysInFlight,
    SaysMismatch,
    UnjudgedError,
    Verdict,
    VerifyError,
)
from samekey.verify.probes import answered, broken_by, compared, spoken

if TYPE_CHECKING:
    from samekey.config.dialect import Signal
    from samekey.verify.probes import Bench

_SERVER_ERROR: Final = 500
_COMMAND_SECONDS: Final = 120.0
_START_SECONDS: Final = 60.0
_PAUSE: Final = 0.1


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
    again = answered(bench.caller.settle((failing if bench.fails_by_body else bench.request).bearing(key)))
    effects = bench.oracle.since(before, [first, again])
    what = f"the same key after a failure ({first.status})"
    found = broken_by(Check.AFTER_FAILURE, what, effects, [again])
    if found is not None:
        return found
    if not bench.sees_unanswered:
        raise UnjudgedError("ids do not show what the failed request did: name a list with --oracle list:OPERATION")
    if again.succeeded:
        return Finding(Check.AFTER_FAILURE, Verdict.OK, f"{what} was answered {again.status}: one effect")
    why = f"{what} was answered {spoken(again)}: {effects.count or 'no'} effect{'' if effects.count == 1 else 's'}"
    return Finding(Check.AFTER_FAILURE, Verdict.OK, why)


def restart(bench: Bench) -> Finding:
    """Send a request, restart the server, send the same request again, and count the effects."""
    if not bench.restart:
        raise UnjudgedError("give a command that restarts the server: --restart 'command'")
    sending = bench.request.bearing(bench.key())
    before = bench.oracle.mark()
    first = answered(bench.caller.settle(sending))
    _run(bench.restart)
    wait_for(bench.caller.base, _START_SECONDS)
    again = answered(bench.caller.settle(sending))
    effects = bench.oracle.since(before, [first, again])
    found = broken_by(Check.RESTART, "the same request after a restart", effects, [again])
    return found or compared(bench, Check.RESTART, first, again, "after a restart ")


def other_instance(bench: Bench) -> Finding:
    """Send a request to one instance and then to another, and to both at once, and count the effects."""
    if not bench.also:
        raise UnjudgedError("give the address of another instance of the API: --also URL")
    other = bench.caller.at(bench.also)
    sending = bench.request.bearing(bench.key())
    before = bench.oracle.mark()
    first = answered(bench.caller.settle(sending))
    again = answered(other.settle(sending))
    effects = bench.oracle.since(before, [first, again])
    found = broken_by(Check.OTHER_INSTANCE, "the same request at another instance", effects, [again])
    return found or compared(bench, Check.OTHER_INSTANCE, first, again, "at another instance ")


def other_headers(bench: Bench) -> Finding:
    """Send the same request again as tracing and another version of its client send it, and judge the answer."""
    key = bench.key()
    before = bench.oracle.mark()
    traced = [
        bench.request.with_headers(("traceparent", f"00-{number:032x}-{number:016x}-01"), ("User-Agent", agent))
        for number, agent in ((1, "samekey-verify"), (2, "samekey-verify/2"))
    ]
    first, again = [answered(bench.caller.settle(request.bearing(key))) for request in traced]
    effects = bench.oracle.since(before, [first, again])
    what = "the same request with another traceparent and User-Agent"
    found = broken_by(Check.OTHER_HEADERS, what, effects, [again])
    if found is None and not again.succeeded:
        why = f"{what} was answered {spoken(again)}; tracing sends another one with each attempt"
        return Finding(Check.OTHER_HEADERS, Verdict.OTHERWISE, why)
    return found or compared(bench, Check.OTHER_HEADERS, first, again, "with another traceparent ")


def similar_keys(bench: Bench) -> Finding:
    """Send keys that differ in their last letter, and in the case of their letters, and count the effects."""
    key = bench.key()
    alike = key[:-1] + min(set(bench.key()) - {key[-1], "-"})
    before = bench.oracle.mark()
    outcomes = [bench.caller.settle(bench.request.bearing(spelled)) for spelled in (key, alike)]
    effects = bench.oracle.since(before, outcomes)
    second = answered(outcomes[1])
    if not second.succeeded or effects.count < len(outcomes):
        why = f"of two keys that differ in their last letter, the second was answered {spoken(second)}"
        seen = f"{effects.count} effect{'' if effects.count == 1 else 's'} under 2 keys"
        return Finding(Check.SIMILAR_KEYS, Verdict.BROKEN, f"{why}: {seen}")
    return _in_either_case(bench)


def _in_either_case(bench: Bench) -> Finding:
    upper = f"{bench.key()[:-1]}a".upper()
    lower = upper.lower()
    before = bench.oracle.mark()
    pair = [bench.caller.settle(bench.request.bearing(spelled)) for spelled in (lower, upper)]
    if not all(isinstance(outcome, ProbeAnswer) and outcome.succeeded for outcome in pair):
        # A format of keys may know one case only.
        return Finding(Check.SIMILAR_KEYS, Verdict.OK, "keys that differ in their last letter are two")
    if bench.oracle.since(before, pair).count < len(pair):
        why = "keys that differ in the case of their letters are one: do not use keys with letters in both cases"
        return Finding(Check.SIMILAR_KEYS, Verdict.OTHERWISE, why)
    return Finding(Check.SIMILAR_KEYS, Verdict.OK, "keys that differ in their last letter, or in case, are two")


def wait_for(base: str, seconds: float) -> None:
    """Wait until a server takes connections.

    Args:
        base: its address.
        seconds: how long at most.

    Raises:
        VerifyError: it does not within that time.
    """
    parts = urlsplit(base)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((parts.hostname or "", port), timeout=1.0).close()
        except OSError as error:
            if time.monotonic() >= deadline:
                raise VerifyError(f"{base} takes no connections within {seconds:g} s: {error}") from error
            time.sleep(_PAUSE)
        else:
            return


def _run(command: str) -> None:
    try:
        done = subprocess.run(command, shell=True, capture_output=True, timeout=_COMMAND_SECONDS, check=False)  # noqa: S602  # the user's own
    except subprocess.TimeoutExpired as error:
        raise UnjudgedError(f"--restart took longer than {_COMMAND_SECONDS:g} s") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise UnjudgedError(f"--restart ended with exit code {done.returncode}{': ' if said else ''}{''.join(said)}")


def about_both(findings: list[Finding]) -> list[Finding]:
    """Return the findings, with one more word where an API says two things by one signal.

    A client that is told of another payload as if the first request still ran asks until its deadline.
    """
    signals = {fact.signal for found in findings for fact in found.facts if isinstance(fact, SaysInFlight)}
    return [_with_clash(found, signals) for found in findings]


def _with_clash(found: Finding, signals: set[Signal]) -> Finding:
    if not any(isinstance(fact, SaysMismatch) and fact.signal in signals for fact in found.facts):
        return found
    why = f"{found.why}, which is also what is said while the first request still runs: its client asks for ever"
    return replace(found, verdict=Verdict.OTHERWISE, why=why, facts=())
