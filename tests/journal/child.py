"""A process that charges once with a journal and kills itself at a step of the call; started by the tests."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import acme_payments
from acme_payments import AcmePayments, JournalEntry, JournalHold, JournalOutcome, SQLiteJournal


def die() -> None:
    """End as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


class DyingJournal(SQLiteJournal):
    """A journal whose process dies before or behind one of its steps."""

    step = ""

    def begin(self, entry: JournalEntry, *, is_new: bool = False) -> JournalHold:
        """Die before or behind writing down."""
        if self.step == "before begin":
            die()
        hold = super().begin(entry, is_new=is_new)
        if self.step == "after begin":
            die()
        return hold

    def settle(
        self, api: str, key: str, outcome: JournalOutcome | None = None, *, done: bool = True, reference: str = ""
    ) -> None:
        """Die before or behind settling."""
        if self.step == "before settle":
            die()
        super().settle(api, key, outcome, done=done, reference=reference)
        if self.step == "after settle":
            die()


def main() -> None:
    """Charge once."""
    path, url, step, call_style = sys.argv[1:]
    journal = DyingJournal(path)
    journal.step = step
    print(os.getpid(), flush=True)  # noqa: T201  # the test waits for it
    sys.stdin.readline()
    arguments: dict[str, Any] = {"amount": 1, "currency": "eur", "idempotency_key": "the-key"}
    if call_style == "sync":
        AcmePayments(base_url=url, token="secret-token", journal=journal).charges.create(**arguments)  # noqa: S106
        return
    import anyio  # noqa: PLC0415

    async def charge() -> None:
        client = acme_payments.AsyncAcmePayments(base_url=url, token="secret-token", journal=journal)  # noqa: S106
        await client.charges.create(**arguments)

    anyio.run(charge, backend=call_style)


if __name__ == "__main__":
    main()
