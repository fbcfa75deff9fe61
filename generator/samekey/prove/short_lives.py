"""Keys whose life ends within the run: a client must neither send them too long, nor send them again."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from samekey.prove.call_plan import Planned
from samekey.prove.clients import AT_ONCE, report_of
from samekey.prove.history import Certainty, Limits, Settled
from samekey.prove.wire import Watch, watched
from samekey.sandbox.api.answer import answer_digest
from samekey.sandbox.server.faults import Fault, Plan, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samekey.prove.calls import Repertoire
    from samekey.prove.clients import Clients
    from samekey.prove.history import CallReport
    from samekey.prove.servers import Servers

KEY_LIFE: Final = 3.0
"""Seconds for which clients believe that such keys are remembered."""
_FORGOTTEN: Final = KEY_LIFE + 2.0
"""Seconds after which the server forgets them: on a busy machine a request arrives much later than it was sent."""
_MARGIN: Final = 0.1
"""The share of a key's life before whose end clients stop (docs/retry-rules.md, section 4)."""
_ENDLESS: Final = Limits(retries=500, deadline=3 * KEY_LIFE)
"""What the caller allows where the key allows less."""
_BY_KEY: Final = replace(_ENDLESS, deadline=KEY_LIFE * (1 - _MARGIN), key_life=KEY_LIFE)
_BY_DEADLINE: Final = Limits(retries=500, deadline=2.0, key_life=KEY_LIFE)
_MOST: Final = 16
_SURELY: Final = 1.0
"""Seconds in which a server has certainly removed what is old."""


def short_lives(clients: Clients, servers: Servers, repertoire: Repertoire, first: int) -> list[CallReport]:
    """Make calls whose answers are lost for longer than their keys live, and try to settle them afterwards.

    Some of them are ended by their deadline before, which nothing but a deadline can end.

    Args:
        clients: makes the client.
        servers: of which one is left then, without faults.
        repertoire: what can be called.
        first: the number of the first of these calls.
    """
    servers.forget_soon(_FORGOTTEN, Plan((Rule(Fault.CUT),)))
    clients.gate.ports = servers.ports
    calls = [variants[0] for variants in repertoire.keyed][:_MOST]
    entries = [Planned(number, call, _BY_DEADLINE) for number, call in enumerate(calls[:AT_ONCE], first)]
    outlived = [Planned(number, call, _BY_KEY) for number, call in enumerate(calls, first + len(entries))]
    with clients.sync() as client:
        ended = _lost(clients, clients.within(client, _BY_DEADLINE), entries)
        with clients.sdk.with_key_life(KEY_LIFE):
            lost = _lost(clients, clients.within(client, _ENDLESS), outlived)
            time.sleep(_FORGOTTEN - KEY_LIFE + _SURELY)
            servers.clear_faults()
            asked = [
                _asked_again(client, report, error, entry)
                for (report, error), entry in zip(lost, outlived, strict=True)
            ]
    return [*(_too_old(report) for report, _ in ended), *asked]


def _lost(clients: Clients, client: Any, entries: Sequence[Planned]) -> list[tuple[CallReport, Exception | None]]:  # noqa: ANN401
    """Make calls that will not be answered; return what was told of each, and the error that settles it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(partial(_one_lost, clients, client), entries))


def _one_lost(clients: Clients, client: Any, entry: Planned) -> tuple[CallReport, Exception | None]:  # noqa: ANN401
    """Make one of them."""
    watch = Watch(entry.call.profile)
    with watched(watch):
        try:
            response = entry.call.on(client)
        except clients.sdk.package.APIError as error:
            return report_of(entry, error.record, watch, ""), error
    given = answer_digest(response.status, response.content)
    return report_of(entry, response.record, watch, given), None


def _asked_again(client: Any, report: CallReport, error: Exception | None, entry: Planned) -> CallReport:  # noqa: ANN401
    """Ask a client to settle a call whose key has been forgotten, which it must not send."""
    if error is None or report.certainty is not Certainty.UNKNOWN:
        return report
    watch = Watch(entry.call.profile)
    with watched(watch), suppress(Exception):
        # It says in an error of its own that it sends nothing.
        client.settle(error, repeat=True)
    return replace(_too_old(report), settling=tuple(watch.seen))


def _too_old(report: CallReport) -> CallReport:
    return replace(report, settled=Settled.TOO_OLD) if report.certainty is Certainty.UNKNOWN else report
