"""How calls are retried, as a document or a config states it: for the whole API, for a tag, or for an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct, field
from msgspec.structs import replace

from samekey.config.patterns import ForOperations
from samekey.config.words import read_duration, refuse_unknown
from samekey.document.node import kind_in_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samekey.document.node import Node

_FIELDS: Final = ("max_retries", "initial_delay", "max_delay", "deadline", "max_retry_after", "statuses", "budget")
_INVALID: Final = "config-invalid"


class RetryHint(Struct, frozen=True):
    """How an operation, or all of them, are to be retried; None where nothing is said.

    Args:
        max_retries: retries after the first attempt.
        initial_delay: seconds.
        max_delay: seconds.
        deadline: seconds for the whole call.
        max_retry_after: seconds.
        statuses: statuses to retry; empty for all that are safe to.
        budget: whether retries draw on the client's budget.
    """

    max_retries: int | None = None
    initial_delay: float | None = None
    max_delay: float | None = None
    deadline: float | None = None
    max_retry_after: float | None = None
    statuses: tuple[int, ...] = ()
    budget: bool | None = None

    def over(self, base: RetryHint | None) -> RetryHint:
        """Return what this one says, and what another one says of the rest."""
        if base is None:
            return self
        said = {name: value for name in _FIELDS if (value := getattr(self, name)) not in {None, ()}}
        merged = replace(base, **said)
        shortest, longest = merged.initial_delay, merged.max_delay
        if shortest is None or longest is None or shortest <= longest:
            return merged
        # One end of the backoff moves the other, as it does between policies at run time.
        moved = {"initial_delay": longest} if self.max_delay is not None else {"max_delay": shortest}
        return replace(merged, **moved)


SILENT_RETRY: Final = RetryHint()
"""Nothing is said."""


class RetryConfig(Struct, frozen=True):
    """What a config says of retries.

    Args:
        api: of all operations.
        tags: of the operations of a tag, with where that stands.
        operations: of single operations, the later weighing more.
    """

    api: RetryHint = SILENT_RETRY
    tags: Mapping[str, tuple[RetryHint, Node]] = field(default_factory=dict[str, "tuple[RetryHint, Node]"])
    operations: tuple[ForOperations[RetryHint], ...] = ()


def read_retry(node: Node | None) -> RetryConfig:
    """Return what the mapping under `retry` says; what is wrong is reported as an error and left out."""
    if node is None:
        return SILENT_RETRIES
    refuse_unknown(node, (*_FIELDS, "tags", "operations"))
    return RetryConfig(
        api=_hint(node),
        tags={tag: (says, entry) for tag, says, entry in _policies(node, "tags")},
        operations=tuple(ForOperations(*policy) for policy in _policies(node, "operations")),
    )


def _policies(node: Node, key: str) -> Iterator[tuple[str, RetryHint, Node]]:
    """Yield what a mapping of policies says, with where it says it; what says nothing is left out."""
    for name, entry in _entries(node, key):
        says = _policy(entry)
        if says != SILENT_RETRY or entry.value == {}:
            yield name, says, entry


def _entries(node: Node, key: str) -> list[tuple[str, Node]]:
    entry = node.get(key)
    if entry is None:
        return []
    if not isinstance(entry.value, dict):
        entry.error(_INVALID, f"{key} is a mapping, and not {kind_in_yaml(entry.value)}")
        return []
    return list(entry.items())


def _policy(node: Node) -> RetryHint:
    if not isinstance(node.value, dict):
        node.error(_INVALID, "a retry policy is a mapping such as {max_retries: 5, deadline: 30s}")
        return SILENT_RETRY
    refuse_unknown(node, _FIELDS)
    return _hint(node)


def _hint(node: Node) -> RetryHint:
    found = RetryHint(
        max_retries=_count(node, "max_retries"),
        initial_delay=read_duration(node, "initial_delay", _INVALID, may_be_zero=True),
        max_delay=read_duration(node, "max_delay", _INVALID, may_be_zero=True),
        deadline=read_duration(node, "deadline", _INVALID),
        max_retry_after=read_duration(node, "max_retry_after", _INVALID, may_be_zero=True),
        statuses=_statuses(node),
        budget=_flag(node, "budget"),
    )
    if found.initial_delay is not None and found.max_delay is not None and found.max_delay < found.initial_delay:
        node.child("max_delay", None).error(_INVALID, "max_delay must not be below initial_delay")
        return replace(found, initial_delay=None, max_delay=None)
    return found


def _count(node: Node, key: str) -> int | None:
    entry = node.get(key)
    if entry is None:
        return None
    if isinstance(entry.value, int) and not isinstance(entry.value, bool) and entry.value >= 0:
        return entry.value
    entry.error(_INVALID, f"{key} is a whole number, 0 or more")
    return None


def _flag(node: Node, key: str) -> bool | None:
    entry = node.get(key)
    if entry is None or isinstance(entry.value, bool):
        return None if entry is None else bool(entry.value)
    entry.error(_INVALID, f"{key} is true or false")
    return None


def _statuses(node: Node) -> tuple[int, ...]:
    entry = node.get("statuses")
    if entry is None:
        return ()
    listed = entry.value if isinstance(entry.value, list) else [entry.value]
    found = tuple(
        status
        for status in listed
        if isinstance(status, int) and not isinstance(status, bool) and 400 <= status < 600  # noqa: PLR2004
    )
    if len(found) < len(listed):
        entry.error(_INVALID, "statuses is a list of error statuses such as [429, 503], from 400 to 599")
        return ()
    return found


SILENT_RETRIES: Final = RetryConfig()
"""Nothing is said of any call."""
