"""Entries and outcomes as they are written down, and read again: also those of earlier versions."""

from __future__ import annotations

import json
from typing import Any, Final

from msgspec.structs import replace

from ..auth.account import other_account
from ..retry.rules import Certainty
from .journal import JournalConflictError, JournalEntry, JournalOutcome

_FORMAT: Final = 2


def describe(entry: JournalEntry) -> str:
    """Return as JSON what is written of an entry beside its key, body and time."""
    facts: dict[str, Any] = {
        "operation": entry.operation, "method": entry.method, "path": entry.path, "target": entry.target,
        "headers": entry.headers, "security": entry.security, "key_ttl": entry.key_ttl,
        "withheld": entry.withheld, "dialect": entry.dialect,
    }  # fmt: skip
    for name in ("reference", "account"):
        if getattr(entry, name):
            facts[name] = getattr(entry, name)
    if not entry.body_file:
        return json.dumps(facts)
    # An earlier version that found no body beside such an entry would send it without one.
    facts["body_file"] = entry.body_file.replace("\\", "/").rpartition("/")[2]
    facts["digest"] = entry.digest
    return json.dumps({"format": _FORMAT, "entry": facts})


def restore(api: str, key: str, text: str, body: bytes | None, first_sent: float, folder: str = "") -> JournalEntry:
    """Restore an entry from what was written of it; one that cannot be read has no operation, and is not sent.

    Args:
        api: the base URL.
        key: the idempotency key.
        text: what `describe` gave.
        body: the bytes, if they are in the table.
        first_sent: Unix time in seconds.
        folder: where large bodies are.
    """
    try:
        facts = json.loads(text)
        return _restored(api, key, facts.get("entry", facts), body, first_sent, folder)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return JournalEntry(
            api, key, "", "", "", "", (), None, (), first_sent, float("inf"), dialect=f"unreadable: {error!r}"
        )


def _restored(
    api: str,
    key: str,
    facts: Any,  # noqa: ANN401  # whatever JSON holds
    body: bytes | None,
    first_sent: float,
    folder: str,
) -> JournalEntry:
    name = facts.get("body_file", "")
    return JournalEntry(
        api=api,
        key=key,
        operation=facts["operation"],
        method=facts["method"],
        path=facts["path"],
        target=facts["target"],
        headers=tuple((name, value) for name, value in facts["headers"]),
        body=body if body is None else bytes(body),
        security=tuple(tuple(names) for names in facts["security"]),
        first_sent=first_sent,
        key_ttl=facts["key_ttl"],
        withheld=tuple((name, digest) for name, digest in facts.get("withheld", ())),
        dialect=facts.get("dialect", ""),
        reference=facts.get("reference", ""),
        account=facts.get("account"),
        body_file=f"{folder}/{name}" if name else "",
        digest=facts.get("digest", ""),
    )


def outcome_row(outcome: JournalOutcome) -> tuple[object, ...]:
    """Return an outcome as a row, in the order of the table's columns."""
    entry = outcome.entry
    return (
        entry.api, entry.key, entry.reference, describe(_bare(entry)), entry.sha256, entry.first_sent,
        outcome.certainty.value, int(outcome.may_be_repeated), outcome.status, json.dumps(dict(outcome.headers)),
        outcome.content, outcome.settled_at, outcome.expires_at,
    )  # fmt: skip


def restore_outcome(row: Any) -> JournalOutcome:  # noqa: ANN401  # a row of some database
    """Restore an outcome from its row."""
    api, key, _, text, sha256, first_sent, certainty, repeated, status, headers, content, settled_at, expires_at = row
    entry = restore(api, key, text, None, first_sent)
    return JournalOutcome(
        _bare(entry, sha256), Certainty(certainty), bool(repeated), status, json.loads(headers),
        None if content is None else bytes(content), settled_at, expires_at,
    )  # fmt: skip


def _bare(entry: JournalEntry, sha256: str = "") -> JournalEntry:
    """Return an entry without its body, which its hash stands for."""
    return replace(entry, body=None, body_file="", digest=sha256 or entry.sha256)


def check_same(entry: JournalEntry, sha256: str, account: str | None) -> None:
    """Refuse to send other bytes under a key that may have been sent, or the same ones for another account.

    Args:
        entry: what is to be sent.
        sha256: the hash of what stands in the journal.
        account: the account for which that was sent, if it is known.

    Raises:
        JournalConflictError: they differ.
    """
    name = f"reference={entry.reference!r}" if entry.reference else f"idempotency_key={entry.key!r}"
    if entry.sha256 != sha256:
        raise JournalConflictError(
            f"{name} stands in the journal with another payload, which may have been done; "
            f"use the same arguments, or another {'reference' if entry.reference else 'key'}"
        )
    reason = other_account(account, entry.account)
    if reason:
        raise JournalConflictError(f"{name} stands in the journal: {reason}")
