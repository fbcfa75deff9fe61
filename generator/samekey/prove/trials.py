"""What is tried with keys that have done something: another payload, and another account, while nothing goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from samekey.prove.history import Certainty, Settled, Trial, TrialKind
from samekey.prove.sdk import ACCOUNT, OTHER_ACCOUNT
from samekey.prove.wire import Watch, watched
from samekey.sandbox.api.answer import answer_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from samekey.prove.calls import PlannedCall
    from samekey.prove.clients import Clients
    from samekey.prove.history import CallReport

_OF_EACH: Final = 3
"""Keys of each operation that are tried in each way."""
_MOST: Final = 60


def trials(clients: Clients, history: Sequence[tuple[CallReport, PlannedCall]]) -> tuple[Trial, ...]:
    """Try keys that have done something, and return what was told.

    Args:
        clients: makes the clients.
        history: what was told of each call, and the call; unknown ones are settled.
    """
    return (
        *_tried(clients, TrialKind.OTHER_PAYLOAD, ACCOUNT, list(_some(history, from_end=False))),
        *_tried(clients, TrialKind.OTHER_ACCOUNT, OTHER_ACCOUNT,
                [entry for entry in _some(history, from_end=True) if entry[1].tells_accounts]),
    )  # fmt: skip


def _tried(
    clients: Clients, kind: TrialKind, account: str, entries: Sequence[tuple[CallReport, PlannedCall]]
) -> list[Trial]:
    with clients.calm(account=account) as client:
        return [_trial(clients, client, kind, report, call) for report, call in entries]


def _some(
    history: Sequence[tuple[CallReport, PlannedCall]], *, from_end: bool
) -> Iterator[tuple[CallReport, PlannedCall]]:
    """Yield some calls of each operation that were done, from one end of the run."""
    counts: dict[str, int] = {}
    for report, call in reversed(history) if from_end else history:
        is_done = report.certainty is Certainty.APPLIED or report.settled is Settled.APPLIED
        if report.keyed and is_done and counts.get(report.operation, 0) < _OF_EACH and sum(counts.values()) < _MOST:
            counts[report.operation] = counts.get(report.operation, 0) + 1
            yield report, call


def _trial(clients: Clients, client: Any, kind: TrialKind, report: CallReport, call: PlannedCall) -> Trial:  # noqa: ANN401
    given = ""
    with watched(Watch(call.profile, changes_payload=kind is TrialKind.OTHER_PAYLOAD)):
        try:
            response = call.on(client, idempotency_key=report.key)
            record, given = response.record, answer_digest(response.status, response.content)
        except clients.sdk.package.APIError as error:
            record = error.record
    last = record.attempts[-1].outcome if record.attempts else None
    told = None if getattr(last, "status", None) is None else Certainty(record.certainty.value)
    return Trial(kind, report.call, told, bool(getattr(last, "in_flight", False)), given)
