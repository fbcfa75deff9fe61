"""Keeps charges in a file, so that they outlive the process; both instances of an application append to the same."""

import json
import os
import time
import uuid
from pathlib import Path
from typing import Any

ACCOUNTS = {"sk_alice": "alice", "sk_bob": "bob"}
"""The account of each token."""
TAKES = 0.1
"""Seconds before the money moves."""
FAILS = "after-effect"
"""The value of `X-Fail` that asks for a failure once the money has moved."""
_BOOK = Path(os.environ["CHARGES"])


class HookError(Exception):
    """The failure that `X-Fail` asks for."""


def account_of(authorization: str | None) -> str | None:
    """Return the account of an `Authorization` header; None for a stranger."""
    return ACCOUNTS.get((authorization or "").removeprefix("Bearer "))


def charge(account: str, amount: int, currency: str) -> dict[str, Any]:
    """Write a charge down, so that it survives the end of this process at any moment after."""
    made = {"id": f"ch_{uuid.uuid4().hex}", "amount": amount, "currency": currency}
    line = json.dumps({"account": account, **made}) + "\n"
    book = os.open(_BOOK, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(book, line.encode())
        os.fsync(book)
    finally:
        os.close(book)
    return made


def slowly_charge(account: str, amount: int, currency: str, fail: str | None) -> dict[str, Any]:
    """Charge after a while, and fail after that where it is asked for."""
    time.sleep(TAKES)
    made = charge(account, amount, currency)
    if fail == FAILS:
        raise HookError("the money has moved, and now this")
    return made


def charges_of(account: str) -> list[dict[str, Any]]:
    """Return the charges of an account."""
    if not _BOOK.exists():
        return []
    entries = [json.loads(line) for line in _BOOK.read_text("utf-8").splitlines()]
    return [
        {name: entry[name] for name in ("id", "amount", "currency")} for entry in entries if entry["account"] == account
    ]
