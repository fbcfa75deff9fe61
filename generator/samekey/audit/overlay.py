"""The overlay that mends, in YAML, with what its owner has to confirm or to fill in as comments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from samekey.config.audit import RuleId
from samekey.document.notation import block, flow, yaml_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samekey.audit.mends import Mends

MARK: Final = "# Written by samekey audit"
"""The beginning of an overlay that may be written over."""
_FACT_WORDS: Final = {
    RuleId.NO_TTL: "ttl: 24h                                      # how long a key is remembered",
    RuleId.IN_FLIGHT_UNSAID: "in_flight: {status: 409, code: in_progress}   # the first request still runs",
    RuleId.MISMATCH_UNSAID: "mismatch: {status: 422, code: key_reused}     # the key came with another payload",
    RuleId.NO_REPLAY_MARKER: "replayed: Idempotent-Replayed                 # the header of a stored answer",
    RuleId.SUCCESS_THAT_REFUSES: "refused: {status: 200, field: ok, equals: false}   # a 2xx that is a refusal",
}


def overlay_text(mends: Mends, title: str) -> str:
    """Write an overlay in YAML.

    Args:
        mends: what it does.
        title: the API's title.
    """
    return "\n".join(_lines(mends, title)) + "\n"


def _lines(mends: Mends, title: str) -> Iterator[str]:
    yield f"{MARK}. Each change says what the API does: keep those that are true, remove the others."
    yield "# A key that is added here is a proposal. Clients treat it as assumed until you confirm it: take the mark"
    yield "# off `x-idempotency: {honoured: true}` where the API honours the key, or let `samekey verify` see it."
    for line in mends.by_hand:
        yield f"# By hand: {line}."
    yield "overlay: 1.0.0"
    yield f"info: {{title: {yaml_scalar(f'What {title} leaves unsaid of repeated requests')}, version: 1.0.0}}"
    if not mends.actions and not mends.facts:
        yield "actions: []"
        return
    yield "actions:" if mends.actions else "actions: [] # take the brackets off with the first mark below"
    if mends.shared:
        yield f"  - target: {yaml_scalar('$')}"
        yield "    update:"
        yield from block(mends.shared, "      ")
    for action in mends.actions:
        mark = "" if action.update else "# "
        yield f"  {mark}- target: {yaml_scalar(action.target)}"
        yield f"  {mark}  update:"
        yield from (f"      {key}: {flow(value)}" for key, value in action.update.items())
        if action.is_key:
            yield "      # x-idempotency: {honoured: true}"
    yield from _facts(mends)


def _facts(mends: Mends) -> Iterator[str]:
    words = [_FACT_WORDS[rule] for rule in mends.facts]
    if words:
        yield ""
        yield "# What only you know of this API. Fill in what is true, and take the marks off:"
        yield "#  - target: $"
        yield "#    update:"
        yield "#      x-idempotency:"
        yield from (f"#        {word}" for word in words)
