"""What the programs here have in common: the settings of their clients, and what became of a call."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from corner_shop import (
    APIError,
    AsyncCornerShop,
    CallOptions,
    ClientCredentials,
    CornerShop,
    RetryPolicy,
    SQLiteJournal,
)

BANK = os.environ["BANK"]
BUSY = float(os.environ.get("BUSY", "30"))
RETRY = RetryPolicy(initial_delay=0.02, max_retries=6)


def credentials() -> ClientCredentials:
    """Return credentials for which the client fetches a token."""
    return ClientCredentials("id", "secret", f"{BANK}/token")


def client() -> CornerShop:
    """Make a client for threads, with a journal where the environment names one."""
    path = os.environ.get("JOURNAL")
    journal = SQLiteJournal(Path(path), busy_timeout=BUSY) if path else None
    return CornerShop(base_url=BANK, token=credentials(), retry=RETRY, journal=journal)


def async_client() -> AsyncCornerShop:
    """Make a client for event loops."""
    return AsyncCornerShop(base_url=BANK, token=credentials(), retry=RETRY)


def own() -> CallOptions:
    """Say which process makes a call."""
    return CallOptions(headers={"X-Process": str(os.getpid())})


def pay(client: CornerShop, item: str, key: str | None = None) -> dict[str, Any]:
    """Pay for something; what the caller is told."""
    try:
        answer = client.payments.create(item=item, idempotency_key=key, options=own())
    except Exception as error:
        return failed(item, error)
    return told(item, answer)


async def apay(client: AsyncCornerShop, item: str, key: str | None = None) -> dict[str, Any]:
    """Pay for something in an event loop; what the caller is told."""
    try:
        answer = await client.payments.create(item=item, idempotency_key=key, options=own())
    except Exception as error:
        return failed(item, error)
    return told(item, answer)


def told(item: str, answer: Any) -> dict[str, Any]:
    """Put an answer beside what was asked."""
    return {"asked": item, "got": answer.item, "process": os.getpid()}


def failed(item: str, error: Exception) -> dict[str, Any]:
    """Tell how a call failed: with certainty, or with an exception that is not the SDK's."""
    if isinstance(error, APIError):
        return {"asked": item, "certainty": error.certainty.value, "why": str(error), "process": os.getpid()}
    return {"asked": item, "raw": repr(error), "process": os.getpid()}
