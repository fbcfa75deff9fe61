"""Keys whose life ends within the run: a client must neither send them too long, nor send them again."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from samekey.prove.call_plan import Planned
from samekey.prove.clients import AT_ONCE, report_of
from samekey.prove.history import Certainty, Limits, Settled
from samekey.prove.wire import Watch, watched
from samekey.sandbox.api.answer import answer_digest
from samekey.sandbox.server.faults import Fault, Plan, Rule

if TYPE_CHECKING:
    from samekey.prove.calls import PlannedCall, Repertoire
    from samekey.prove.clients import Clients
    from samekey.prove.history import CallReport
    from samekey.prove.servers import Servers

KEY_LIFE: Final = 3.0
"""Seconds for which a server remembers such keys."""
_MARGIN: Final = 0.1
"""The share of a key's life before whose end clients stop (docs/retry-rules.md, section 4)."""
_ASKED: Final = Limits(retries=500, deadline=2.5 * KEY_LIFE)
"""What the caller allows: far more than the key does."""
_ALLOWED: Final = replace(_ASKED, deadline=KEY_LIFE * (1 - _MARGIN), key_life=KEY_LIFE)
_MOST: Final = 16
_SURELY_FORGOTTEN: Final = 1.5
"""Seconds after the end of a key's life in which a server has removed it for certain."""


def short_lives(clients: Clients, servers: Servers, repertoire: Repertoire, first: int) -> list[CallReport]:
    """Make calls whose answers are lost for longer than their keys live, and try to settle them afterwards.

    Args:
        clients: makes the client.
        servers: of which one is left then, without faults.
        repertoire: what can be called.
        first: the number of the first of these calls.
    """
    servers.forget_soon(KEY_LIFE, Plan((Rule(Fault.CUT),)))
    clients.gate.ports = servers.ports
    calls = [variants[0] for variants in repertoire.keyed][:_MOST]
    with clients.sdk.with_key_life(KEY_LIFE), clients.sync() as client:
        asked = clients.within(client, _ASKED)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            sent = [
                pool.submit(_lost, clients, asked, Planned(number, call, _ALLOWED))
                for number, call in enumerate(calls, first)
            ]
            lost = [one.result() for one in sent]
        time.sleep(_SURELY_FORGOTTEN)
        servers.clear_faults()
        return [_asked_again(client, report, error, call) for (report, error), call in zip(lost, calls, strict=True)]


def _lost(clients: Clients, client: Any, entry: Planned) -> tuple[CallReport, Exception | None]:  # noqa: ANN401
    """Make a call that will not be answered; return what was told of it, and the error that settles it."""
    watch = Watch(entry.call.profile)
    with watched(watch):
        try:
            response = entry.call.on(client)
        except clients.sdk.package.APIError as error:
            return report_of(entry, error.record, watch, ""), error
    given = answer_digest(response.status, response.content)
    return report_of(entry, response.record, watch, given), None


def _asked_again(client: Any, report: CallReport, error: Exception | None, call: PlannedCall) -> CallReport:  # noqa: ANN401
    """Ask a client to settle a call whose key has been forgotten, which it must not send."""
    if error is None or report.certainty is not Certainty.UNKNOWN:
        return report
    watch = Watch(call.profile)
    with watched(watch), suppress(Exception):
        # It says in an error of its own that it sends nothing.
        client.settle(error, repeat=True)
    return replace(report, settled=Settled.TOO_OLD, settling=tuple(watch.seen))
