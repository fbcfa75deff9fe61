"""One small function for each check: what is sent, and what the answers and effects say."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from samekey.config.dialect import Signal
from samekey.verify.calls import ProbeAnswer
from samekey.verify.findings import Check, Finding, Marked, SaysMismatch, SaysUsed, UnjudgedError, Verdict, VerifyError
from samekey.verify.oracle import Ids
from samekey.verify.requests import fresh_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from samekey.verify.calls import Caller, ProbeOutcome
    from samekey.verify.findings import Fact
    from samekey.verify.oracle import Effects, Oracle
    from samekey.verify.requests import Payload, ProbeCredential, ProbeRequest

_EXCERPT = 200
_LIKE_A_MARKER = re.compile(r"replay|idempot|duplicate|original|cache", re.IGNORECASE)
_HINTS: Final = {
    401: "; give a credential with --token",
    404: "; is --base-url right?",
    3: "; is --base-url right?",
    4: "; give a body that is taken with --body FILE",
}
"""What a user may do about an answer, by status or by its first digit."""
LIMITED: Final = frozenset({429, 503})
"""What is said before keys are looked at."""
_NO: Final = frozenset({"", "false", "0", "?0"})


@dataclass(frozen=True, slots=True)
class Bench:
    """What probes work with.

    Args:
        caller: sends requests.
        request: the request that is tried.
        other: another body that the operation takes; None where none is known.
        oracle: tells effects apart.
        wait: seconds before a late retry.
        needs_key: whether the document says that a key is required.
        stranger: the credential of another account, if there is one.
        items: requests that work on what was made, for an id.
        ids: where an answer has the id of what was made.
        failing: the same request, made so that it fails after its effect; None where nobody says how.
        fails_by_body: whether it is its body that makes it fail.
        restart: a command that restarts the server; empty for none.
        also: the address of another instance; empty for none.
        marker: the header that marks stored answers, once it is known.
        pace: seconds that an answer usually takes, once it is known.
    """

    caller: Caller
    request: ProbeRequest
    other: Payload | None
    oracle: Oracle
    wait: float
    needs_key: bool
    stranger: ProbeCredential | None
    items: Callable[[ProbeAnswer], tuple[ProbeRequest, ...]]
    ids: Ids
    failing: ProbeRequest | None = None
    fails_by_body: bool = False
    restart: str = ""
    also: str = ""
    marker: str = ""
    pace: float = 0.0

    def key(self) -> str:
        """Make a new key in the format that the operation asks for."""
        return fresh_key(self.request.profile.format)

    @property
    def sees_unanswered(self) -> bool:
        """Whether effects are told apart that no answer speaks of."""
        return not isinstance(self.oracle, Ids)

    def is_replay(self, answer: ProbeAnswer) -> bool:
        """Whether a response bears the marker of a stored one."""
        return bool(self.marker) and answer.header(self.marker).strip().lower() not in _NO


Probe: TypeAlias = "Callable[[Bench], Finding]"


def two_keys(bench: Bench) -> tuple[Finding, Bench]:
    """Check that two requests with a key each are two effects that the oracle sees: else nothing can be judged.

    Returns:
        The finding, and the bench with what was learned.

    Raises:
        VerifyError: there is nothing to judge by.
    """
    before = _mark(bench.oracle)
    outcomes = [bench.caller.settle(bench.request.bearing(bench.key())) for _ in range(2)]
    answers = [_good(bench, outcome) for outcome in outcomes]
    try:
        effects = bench.oracle.since(before, outcomes)
    except UnjudgedError as error:
        raise VerifyError(str(error)) from error
    if effects.count != 2:  # noqa: PLR2004  # one for each key
        raise VerifyError(
            f"two requests with different keys should be two effects; {bench.oracle} tells of {effects.count}. "
            "Name another oracle with --oracle, and see that nobody else uses the API meanwhile"
        )
    finding = Finding(Check.TWO_KEYS, Verdict.OK, f"two keys were two effects, told apart by {bench.oracle}")
    return finding, replace(bench, pace=min(answer.took for answer in answers))


def replay(bench: Bench) -> Finding:
    """Send the same bytes with the same key, one after the other, and judge the second response."""
    sending = bench.request.bearing(bench.key())
    before = bench.oracle.mark()
    first = carried_out(bench.caller.settle(sending))
    again = answered(bench.caller.settle(sending))
    effects = bench.oracle.since(before, [first, again])
    if effects.count > 1:
        return _twice(Check.REPLAY, "the same request again", effects)
    marker = _marker(bench, first, again)
    facts: tuple[Fact, ...] = (Marked(marker),) if marker else ()
    if again.refused:
        facts = (*facts, SaysUsed(Signal(again.status, again.code)))
    return _compared(bench, Check.REPLAY, first, again, marker, facts)


def other_headers(bench: Bench) -> Finding:
    """Send the same request again as tracing and another version of its client send it, and judge the answer."""
    key = bench.key()
    before = bench.oracle.mark()
    traced = [
        bench.request.with_headers(("traceparent", f"00-{number:032x}-{number:016x}-01"), ("User-Agent", agent))
        for number, agent in ((1, "samekey-verify"), (2, "samekey-verify/2"))
    ]
    first = carried_out(bench.caller.settle(traced[0].bearing(key)))
    again = answered(bench.caller.settle(traced[1].bearing(key)))
    effects = bench.oracle.since(before, [first, again])
    what = "the same request with another traceparent and User-Agent"
    found = broken_by(Check.OTHER_HEADERS, what, effects, [again])
    if found is None and not again.succeeded:
        why = f"{what} was answered {spoken(again)}; tracing sends another one with each attempt"
        return Finding(Check.OTHER_HEADERS, Verdict.OTHERWISE, why)
    return found or compared(bench, Check.OTHER_HEADERS, first, again, "with another traceparent ")


def other_payload(bench: Bench) -> Finding:
    """Send another payload under a key that was used, and judge the response."""
    if bench.other is None:
        why = "no other payload could be made up; give a second --body FILE"
        return Finding(Check.OTHER_PAYLOAD, Verdict.UNJUDGED, why)
    key, other = bench.key(), bench.request.saying(bench.other)
    before = bench.oracle.mark()
    first = carried_out(bench.caller.settle(bench.request.bearing(key)))
    second = answered(bench.caller.send(other.bearing(key)))
    effects = bench.oracle.since(before, [first, second])
    if effects.count > 1:
        return _twice(Check.OTHER_PAYLOAD, "another payload under a used key", effects)
    if second.status in LIMITED:
        raise UnjudgedError(f"the API is too busy to say: {spoken(second)}")
    if second.succeeded:
        why = f"another payload was answered {second.status} as if it were the first; a client's mistake goes unseen"
        return Finding(Check.OTHER_PAYLOAD, Verdict.OTHERWISE, why)
    by_itself = answered(bench.caller.settle(other.bearing(bench.key())))
    if not by_itself.succeeded:
        why = f"the other payload is refused by itself ({by_itself.status}); give a second --body FILE"
        return Finding(Check.OTHER_PAYLOAD, Verdict.UNJUDGED, why)
    if not second.refused:
        why = f"another payload was answered {second.status}, which tells a client to try again"
        return Finding(Check.OTHER_PAYLOAD, Verdict.OTHERWISE, why)
    fact = SaysMismatch(Signal(second.status, second.code))
    return Finding(Check.OTHER_PAYLOAD, Verdict.OK, f"another payload was refused with {spoken(second)}", (fact,))


def late_retry(bench: Bench) -> Finding:
    """Send the same request again after a while, and judge the second response."""
    sending = bench.request.bearing(bench.key())
    before = bench.oracle.mark()
    first = carried_out(bench.caller.settle(sending))
    time.sleep(bench.wait)
    again = answered(bench.caller.settle(sending))
    effects = bench.oracle.since(before, [first, again])
    if effects.count > 1:
        return _twice(Check.LATE_RETRY, f"the same request {bench.wait:g} s later", effects)
    return compared(bench, Check.LATE_RETRY, first, again, f"{bench.wait:g} s later, ")


def other_credential(bench: Bench) -> Finding:
    """Send the same key with the credential of another account, and judge the response."""
    if bench.stranger is None:
        return Finding(Check.OTHER_CREDENTIAL, Verdict.UNJUDGED, "give the token of another account: --other-token")
    key = bench.key()
    first = carried_out(bench.caller.settle(bench.request.bearing(key)))
    other = answered(bench.caller.settle(bench.request.of(bench.stranger).bearing(key)))
    if other.succeeded and ((other.body and other.body == first.body) or bench.is_replay(other)):
        why = "another account was given the stored answer of the first: each account needs keys of its own"
        return Finding(Check.OTHER_CREDENTIAL, Verdict.BROKEN, why)
    if other.succeeded:
        return Finding(Check.OTHER_CREDENTIAL, Verdict.OK, "the same key of another account is another key")
    by_itself = answered(bench.caller.settle(bench.request.of(bench.stranger).bearing(bench.key())))
    if not by_itself.succeeded:
        why = f"--other-token is refused by itself ({by_itself.status})"
        return Finding(Check.OTHER_CREDENTIAL, Verdict.UNJUDGED, why)
    why = f"the key of one account stands in the way of another's, which was answered {spoken(other)}"
    return Finding(Check.OTHER_CREDENTIAL, Verdict.BROKEN, why)


def answered(outcome: ProbeOutcome) -> ProbeAnswer:
    """Return the response that came.

    Raises:
        UnjudgedError: there is none.
    """
    if isinstance(outcome, ProbeAnswer):
        return outcome
    raise UnjudgedError(f"no answer came: {outcome.why}")


def carried_out(outcome: ProbeOutcome) -> ProbeAnswer:
    """Return the response to the request that a check begins with.

    Raises:
        UnjudgedError: it tells of no success, so that the responses after it show nothing of keys.
    """
    answer = answered(outcome)
    if not answer.succeeded:
        raise UnjudgedError(f"its first request, under a new key, was answered {spoken(answer)}: nothing to compare")
    return answer


def spoken(answer: ProbeAnswer) -> str:
    """Spell a status with the error code that came with it, if one did."""
    return f"{answer.status} ({answer.code})" if answer.code else str(answer.status)


def broken_by(check: Check, what: str, effects: Effects, last: Sequence[ProbeOutcome]) -> Finding | None:
    """Return the finding of a broken promise; None where there were as many effects as there should be.

    Args:
        check: what is checked.
        what: what was done, in words.
        effects: what came of it.
        last: the last answer under each key, each of which should be one effect.
    """
    wanted = len(last)
    if effects.count > wanted:
        return _twice(check, what, effects, wanted)
    done = all(isinstance(outcome, ProbeAnswer) and outcome.succeeded for outcome in last)
    if done and effects.exact and effects.count < wanted:
        why = f"{what}: {effects.count} effects where {wanted} should be, though success was told"
        return Finding(check, Verdict.BROKEN, why)
    return None


def _twice(check: Check, what: str, effects: Effects, wanted: int = 1) -> Finding:
    seen = f"{'' if effects.exact else 'at least '}{effects.count} effects"
    keys = "one key" if wanted == 1 else f"{wanted} keys"
    return Finding(check, Verdict.BROKEN, f"{what} was carried out again: {seen} under {keys}")


def compared(bench: Bench, check: Check, first: ProbeAnswer, again: ProbeAnswer, when: str) -> Finding:
    """Report what a client is told by the second response, where there was one effect.

    Args:
        bench: knows the marker of stored responses, and where ids are.
        check: what is checked.
        first: the first response.
        again: the second one.
        when: when it came, in words that end with a space.
    """
    return _compared(bench, check, first, again, bench.marker, (), when)


def somebody_elses(bench: Bench, first: ProbeAnswer, again: ProbeAnswer) -> str:
    """Return why a response cannot be the one that belongs to a request; empty where it may be.

    Args:
        bench: knows where ids are.
        first: the response that belongs to it.
        again: the response that was given.
    """
    if not (first.succeeded and again.succeeded) or again.body == first.body:
        return ""
    try:
        own = bench.ids.of(first)
    except UnjudgedError:
        return ""
    try:
        other = bench.ids.of(again)
    except UnjudgedError:
        return f"was answered {again.status} without the id of what was made: its client never learns it"
    return "" if own == other else "was given the answer of another request, with another id"


def _compared(  # what a sentence is made of
    bench: Bench,
    check: Check,
    first: ProbeAnswer,
    again: ProbeAnswer,
    marker: str,
    facts: tuple[Fact, ...],
    when: str = "",
) -> Finding:
    """Report what a client is told by the second response, where there was one effect."""
    wrong = somebody_elses(bench, first, again)
    if wrong:
        return Finding(check, Verdict.BROKEN, f"{when}the same request {wrong}", facts)
    if not again.succeeded:
        why = f"{when}the same request was answered {spoken(again)}, so its client never learns what the first one made"
        return Finding(check, Verdict.OTHERWISE, why, facts)
    if again.status != first.status:
        why = f"{when}the same request was answered {again.status} after {first.status}; nothing was done again"
        return Finding(check, Verdict.OTHERWISE, why, facts)
    if again.body != first.body:
        return Finding(check, Verdict.OTHERWISE, f"{when}{written_anew(first, again)}; nothing was done again", facts)
    mark = f", marked {marker}" if marker else ", with no header that marks it as stored"
    return Finding(check, Verdict.OK, f"{when}the first answer came again byte for byte{mark}", facts)


def written_anew(first: ProbeAnswer, again: ProbeAnswer) -> str:
    """Say how the bodies of two responses differ, for people."""
    if again.value is not None and again.value == first.value:
        return "the first answer's JSON came again in other bytes"
    return "the answer was written anew and differs from the first"


def _marker(bench: Bench, first: ProbeAnswer, again: ProbeAnswer) -> str:
    """Return the header that marks a stored response, one that the profile knows or one like it; empty for none."""
    known = [name for name in bench.request.profile.replayed if _says_yes(again, name) and not _says_yes(first, name)]
    names = {name for name, _ in again.headers}
    alike = [name for name in sorted(names) if _LIKE_A_MARKER.search(name) and again.header(name) != first.header(name)]
    return next((name for name in [*known, *alike] if _says_yes(again, name)), "")


def _says_yes(answer: ProbeAnswer, name: str) -> bool:
    return answer.header(name).strip().lower() not in _NO


def _mark(oracle: Oracle) -> int:
    try:
        return oracle.mark()
    except UnjudgedError as error:
        raise VerifyError(str(error)) from error


def _good(bench: Bench, outcome: ProbeOutcome) -> ProbeAnswer:
    if not isinstance(outcome, ProbeAnswer):
        raise VerifyError(f"{bench.caller.base} cannot be reached: {outcome.why}")
    if outcome.succeeded:
        return outcome
    excerpt = outcome.body[:_EXCERPT].decode("utf-8", "replace")
    hint = _HINTS.get(outcome.status) or _HINTS.get(outcome.status // 100, "")
    name = bench.request.site.name
    raise VerifyError(f"{name} was answered {outcome.status}, so nothing can be tried{hint}. It said: {excerpt}")
