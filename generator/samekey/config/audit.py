"""What the config says of `samekey audit`: which findings are left out, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from samekey.config.patterns import ForOperations
from samekey.config.words import refuse_unknown
from samekey.identifiers import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samekey.document.node import Node

_KEYS: Final = ("ignore",)
_IGNORE_KEYS: Final = ("rule", "operation", "reason")
_INVALID: Final = "config-invalid"
_EXAMPLE: Final = "{rule: no-key, operation: 'POST /charges*', reason: charges are told apart by their reference}"


class RuleId(StrEnum):
    """The rules of `samekey audit`, by the names that people write; `audit/rules.py` says what they mean."""

    COSTLY_WITHOUT_KEY = "costly-without-key"
    KEY_NOT_HONOURED = "key-not-honoured"
    NO_KEY = "no-key"
    PATCH_THAT_ADDS = "patch-that-adds"
    GET_THAT_ACTS = "get-that-acts"
    PUT_WITHOUT_ID = "put-without-id"
    KEY_UNCONFIRMED = "key-unconfirmed"
    TWO_CARRIERS = "two-carriers"
    TOKEN_WITH_KEY = "token-with-key"  # noqa: S105  # the name of a rule
    SHORT_KEY = "short-key"
    SUCCESS_THAT_REFUSES = "success-that-refuses"
    WEBHOOK_WITHOUT_ID = "webhook-without-id"
    ACTION_UNSAID = "action-unsaid"
    PATCH_UNSAID = "patch-unsaid"
    POST_THAT_READS = "post-that-reads"
    REPEAT_REFUSED = "repeat-refused"
    KEY_ON_READ = "key-on-read"
    OPTIONAL_KEY = "optional-key"
    KEY_WITHOUT_SHAPE = "key-without-shape"
    IN_FLIGHT_UNSAID = "in-flight-unsaid"
    MISMATCH_UNSAID = "mismatch-unsaid"
    REFUSAL_WITHOUT_CODE = "refusal-without-code"
    NO_REPLAY_MARKER = "no-replay-marker"
    NO_TTL = "no-ttl"
    NO_RETRY_AFTER = "no-retry-after"


class IgnoredRule(Struct, frozen=True):
    """A rule whose findings somebody has decided to live with.

    Args:
        rule: the rule.
        reason: why.
        operations: of which operations; None for everything.
        node: where that stands in the config.
    """

    rule: RuleId
    reason: str
    operations: ForOperations[None] | None
    node: Node


class AuditConfig(Struct, frozen=True):
    """What the config says of `samekey audit`."""

    ignore: tuple[IgnoredRule, ...] = ()


SILENT_AUDIT: Final = AuditConfig()
"""Nothing is said."""


def read_audit(node: Node | None) -> AuditConfig:
    """Return what the mapping under `audit` says; what is wrong is reported as an error and left out."""
    if node is None:
        return SILENT_AUDIT
    refuse_unknown(node, _KEYS)
    listed = node.get("ignore")
    if listed is None:
        return SILENT_AUDIT
    if not isinstance(listed.value, list):
        listed.error(_INVALID, "ignore is a list of rules", f"write - {_EXAMPLE}")
        return SILENT_AUDIT
    return AuditConfig(tuple(_ignored(listed)))


def _ignored(listed: Node) -> Iterator[IgnoredRule]:
    for entry in listed.elements():
        if not isinstance(entry.value, dict):
            entry.error(_INVALID, f"what is ignored is a mapping such as {_EXAMPLE}")
            continue
        refuse_unknown(entry, _IGNORE_KEYS)
        rule, reason = _rule(entry), entry.text("reason").strip()
        if not reason:
            entry.error(_INVALID, "a finding is ignored for a reason", "write reason: and why you can live with it")
        holder = entry.get("operation")
        pattern = entry.text("operation")
        if holder is not None and not pattern:
            holder.error(_INVALID, "operation is an operationId, a method and path, or a pattern with *")
            continue
        if rule is not None and reason:
            meant = ForOperations(pattern, None, holder) if holder is not None else None
            yield IgnoredRule(rule, reason, meant, entry)


def _rule(entry: Node) -> RuleId | None:
    name, known = entry.text("rule"), [str(rule) for rule in RuleId]
    if name in known:
        return RuleId(name)
    holder = entry.get("rule") or entry
    if name:
        holder.error("rule-unknown", f"there is no rule {name!r}", closest(name, known))
    else:
        holder.error(_INVALID, "what is ignored names a rule", f"write {_EXAMPLE}")
    return None
