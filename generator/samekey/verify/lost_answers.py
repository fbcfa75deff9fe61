"""Checks in which answers are lost, clients leave, and requests meet."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from samekey.config.dialect import Signal
from samekey.sandbox.server.app import assemble
from samekey.sandbox.server.chaos import Proxy
from samekey.sandbox.server.dashboard import Served
from samekey.sandbox.server.faults import Fault, Faults, Plan, Rule
from samekey.sandbox.server.ledger import Ledger
from samekey.sandbox.server.service import Handled
from samekey.sandbox.server.serving import in_thread
from samekey.sandbox.storage.database import open_database
from samekey.sandbox.storage.migrations import upgrade
from samekey.verify.calls import Lost, ProbeAnswer, at_once
from samekey.verify.findings import Check, Finding, SaysInFlight, UnjudgedError, Verdict
from samekey.verify.probes import LIMITED, answered, broken_by, somebody_elses, spoken, written_anew

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.sandbox.api.request import ReceivedRequest
    from samekey.sandbox.server.faults import Struck
    from samekey.sandbox.server.service import RequestContext
    from samekey.verify.calls import ProbeOutcome
    from samekey.verify.probes import Bench

_AT_ONCE = 8
_ROUNDS = 3
_DEPARTURES = 8
_LEAST_WAIT = 0.05
_LEAST_PATIENCE = 0.001


def parallel(bench: Bench) -> Finding:
    """Send several requests at once with one key, several times, and count their effects."""
    before = bench.oracle.mark()
    seen: list[ProbeOutcome] = []
    last: list[ProbeOutcome] = []
    wrong: list[str] = []
    for _ in range(_ROUNDS):
        sending = bench.request.bearing(bench.key())
        crowd = at_once([bench.caller] * _AT_ONCE, sending)
        last.append(bench.caller.settle(sending))
        seen += crowd
        wrong += [found for found in (_wrong(bench, last[-1], outcome) for outcome in crowd) if found]
    effects = bench.oracle.since(before, [*seen, *last])
    found = broken_by(Check.PARALLEL, f"one of {_AT_ONCE} requests at once with the same key", effects, last)
    if found is None and wrong:
        why = f"{len(wrong)} of {len(seen)} requests at once with one key were told that all is well: one {wrong[0]}"
        return Finding(Check.PARALLEL, Verdict.BROKEN, why)
    return found or _company(seen)


def _wrong(bench: Bench, last: ProbeOutcome, outcome: ProbeOutcome) -> str:
    """Return why a response given at once is not that of its request; empty where it may be."""
    if not (isinstance(last, ProbeAnswer) and isinstance(outcome, ProbeAnswer)):
        return ""
    return somebody_elses(bench, last, outcome)


def lost_answer(bench: Bench) -> Finding:
    """Cut a response off on its way, by a proxy, and send the same request again."""
    sending = bench.request.bearing(bench.key())
    before = bench.oracle.mark()
    with tempfile.TemporaryDirectory(prefix="samekey-") as folder:
        database = open_database(str(Path(folder) / "proxy.db"))
        upgrade(database)
        witness = _Witness(bench.caller.base, bench.request.profile.name)
        cut = Faults(Plan((Rule(Fault.CUT, times=1),)), inside=False)
        proxy = assemble(witness, Ledger(database), cut, database, Served("verify", inside=False))
        with in_thread(proxy) as server:
            through = bench.caller.at(server.url)
            lost = through.send(sending)
            again = answered(through.settle(sending))
    if not isinstance(lost, Lost) or not witness.answers:
        raise UnjudgedError("the answer could not be cut off")
    first = witness.answers[0]
    effects = bench.oracle.since(before, [first, again])
    found = broken_by(Check.LOST_ANSWER, "the same request after its answer was cut off", effects, [again])
    if found is not None:
        return found
    if again.succeeded and again.body == first.body:
        return Finding(Check.LOST_ANSWER, Verdict.OK, "the answer that was cut off came when it was asked for again")
    why = f"nothing was done again, but the retry was answered {spoken(again)} and not with what was lost"
    if again.succeeded:
        why = f"{written_anew(first, again)}; nothing was done again"
    return Finding(Check.LOST_ANSWER, Verdict.OTHERWISE, why)


def client_left(bench: Bench) -> Finding:
    """Leave while requests are carried out, sooner or later, and come back with the same key."""
    before = bench.oracle.mark()
    gone: list[ProbeOutcome] = []
    back: list[ProbeAnswer] = []
    for number in range(_DEPARTURES):
        sending = bench.request.bearing(bench.key())
        patience = max(bench.pace * (number + 0.5) / _DEPARTURES, _LEAST_PATIENCE)
        gone.append(bench.caller.send(sending, leave_after=patience))
        time.sleep(max(2 * bench.pace, _LEAST_WAIT))
        back.append(answered(bench.caller.settle(sending)))
    left = [again for first, again in zip(gone, back, strict=True) if isinstance(first, Lost)]
    if not left:
        raise UnjudgedError("every answer came before its client could leave")
    effects = bench.oracle.since(before, [*gone, *back])
    what = f"the same request after its client had left ({len(left)} of {_DEPARTURES} did, in time)"
    found = broken_by(Check.CLIENT_LEFT, what, effects, back)
    if found is not None:
        return found
    if not all(again.succeeded for again in left):
        odd = next(again for again in left if not again.succeeded)
        why = f"nothing was done twice, but a client that came back was answered {spoken(odd)}"
        return Finding(Check.CLIENT_LEFT, Verdict.OTHERWISE, why)
    if not effects.exact and not all(bench.is_replay(again) for again in left):
        raise UnjudgedError("ids do not show what the lost requests did: name a list with --oracle list:OPERATION")
    stored = sum(bench.is_replay(again) for again in left)
    marked = f", {stored} with the stored answer" if bench.marker else ""
    return Finding(Check.CLIENT_LEFT, Verdict.OK, f"{len(left)} clients left and came back{marked}: one effect each")


class _Witness(Proxy):
    """A proxy that remembers what it was told."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url, key)
        self.answers: list[ProbeAnswer] = []

    async def handle(self, request: ReceivedRequest, subject: RequestContext, struck: Struck | None) -> Handled:
        """Pass a request on, and remember its response."""
        handled = await super().handle(request, subject, struck)
        answer, body = handled.answer, bytearray(handled.answer.body)
        if handled.rest is not None:
            with suppress(StopAsyncIteration):
                while True:
                    body += await anext(handled.rest)
            await handled.drop()
        headers = tuple((name.lower(), value) for name, value in answer.headers)
        self.answers.append(ProbeAnswer(answer.status, headers, bytes(body)))
        return Handled(replace(answer, body=bytes(body)), handled.kind)


def _company(seen: Sequence[ProbeOutcome]) -> Finding:
    """Report what requests are told that come while the first one with their key is running."""
    answers = [outcome for outcome in seen if isinstance(outcome, ProbeAnswer)]
    others = [answer for answer in answers if not answer.succeeded]
    refused = [answer for answer in others if answer.refused and answer.status not in LIMITED]
    least = f"{_AT_ONCE} requests at once with one key, {_ROUNDS} times: one effect each"
    if len(others) > len(refused) or len(answers) < len(seen):
        statuses = ", ".join(sorted({str(answer.status) for answer in others} - {str(a.status) for a in refused}))
        why = f"{least}, but some got {statuses or 'no answer'}, which says nothing about the key"
        return Finding(Check.PARALLEL, Verdict.OTHERWISE, why)
    if not refused:
        return Finding(Check.PARALLEL, Verdict.OK, f"{least}; the others waited and got the stored answer")
    (status, code), _ = Counter((answer.status, answer.code) for answer in refused).most_common(1)[0]
    example = next(answer for answer in refused if (answer.status, answer.code) == (status, code))
    waits = example.retry_after
    fact = SaysInFlight(Signal(status, code), waits)
    asked = f" with Retry-After {waits:g}" if waits is not None else " without Retry-After"
    return Finding(Check.PARALLEL, Verdict.OK, f"{least}; the others got {spoken(example)}{asked}", (fact,))
