"""What is to be proven, and how; this module needs none of the extra's packages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOST_CALLS: Final = 40_000
"""What the ledger of a sandbox has room for, with all the attempts of each."""
MOST_PROCESSES: Final = 16


class Sabotage(StrEnum):
    """What is broken on purpose, to be found out: a promise of the servers, or the client's own."""

    NO_KEYS = "no-keys"
    CHECK_THEN_SET = "check-then-set"
    FORGET_ON_DISCONNECT = "forget-on-disconnect"
    SHORT_TTL = "short-ttl"
    NEW_KEY_PER_ATTEMPT = "new-key-per-attempt"
    """The client has a key for each attempt, not for each call."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is to be proven, and how.

    Args:
        calls: how many calls, up to `MOST_CALLS`.
        seed: decides what is called, what goes wrong, and who is killed.
        store: where the servers keep all: a file or URL; empty for a file that is dropped at the end.
        sabotage: what is broken on purpose.
        processes: servers on the one store.
    """

    calls: int = 2000
    seed: int = 1
    store: str = ""
    sabotage: Sabotage | None = None
    processes: int = 1
